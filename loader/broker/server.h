/* SPDX-License-Identifier: Apache-2.0 */
/* server.h: between the parts of the broker. */
#ifndef SBX_BROKER_SERVER_H
#define SBX_BROKER_SERVER_H

#include <sys/stat.h>

#include "loader/broker/broker.h"
#include "loader/libc.h"

/*
 * One request while it is served.  The request is a copy, taken once and
 * checked in whole before anything is done with it.
 */
struct call {
	struct monitor *m;
	struct broker_req req;
	struct grant *g1;		/* of the paths; null without */
	struct grant *g2;
	char s1[BROKER_PATH_MAX + 1];	/* bytes 1 and 2, terminated */
	char s2[BROKER_PATH_MAX + 1];
	int fd;				/* FD_...: sent or inherited, or -1 */
	int fd2;			/* NET_WATCH: the second, or -1 */
	bool sent;
	struct broker_rep rep;
	int fd_out;			/* given to the kernel; -1: none */
	int fds_out[BROKER_FDS_MAX];	/* the same, of NET_ACCEPT, OPENS */
	unsigned int n_fds_out;
	unsigned char body[BROKER_BODY_MAX] __attribute__((aligned(8)));
};

/*
 * request.c: check the packet of n bytes, that came with descriptor fd (or
 * -1, stays the caller's), and fill c->req, g1, g2, s1, s2, fd.  Returns
 * null, or why the sandbox is to be ended.
 */
const char *request_parse(struct call *c, const void *packet, size_t n,
			  int fd);

/* The second descriptor that came with it, or -1. Null, or why not. */
const char *request_second(struct call *c, int fd);

/*
 * Serve what was parsed; fills c->rep, body and fd_out.  Returns null, or why
 * the sandbox is to be ended (no reply is sent then).
 */
const char *request_serve(struct call *c);

/* Close the descriptors that were given. */
void request_close(struct call *c);

/*
 * Handlers: 0 or -errno for the reply, or BROKEN for a request that no honest
 * kernel sends.
 */
#define BROKEN 1

int serve_walk(struct call *c);
int serve_open(struct call *c);
int serve_readdir(struct call *c);
int serve_list(struct call *c);
int serve_opens(struct call *c);
int serve_stat(struct call *c);
int serve_readlink(struct call *c);
int serve_statfs(struct call *c);

int serve_mkdir(struct call *c);
int serve_mknod(struct call *c);
int serve_symlink(struct call *c);
int serve_unlink(struct call *c);
int serve_rmdir(struct call *c);
int serve_rename(struct call *c);
int serve_link(struct call *c);
int serve_chmod(struct call *c);
int serve_chown(struct call *c);
int serve_utimens(struct call *c);
int serve_truncate(struct call *c);
int serve_sync(struct call *c);

int serve_fd_stat(struct call *c);
int serve_fd_statfs(struct call *c);
int serve_fd_truncate(struct call *c);
int serve_fd_sync(struct call *c);
int serve_fd_chmod(struct call *c);
int serve_fd_chown(struct call *c);
int serve_fd_utimens(struct call *c);
int serve_fd_allocate(struct call *c);
int serve_fd_seek(struct call *c);
int serve_fd_link(struct call *c);
int serve_fd_lseek(struct call *c);
int serve_fd_flags(struct call *c);
int serve_fd_tty(struct call *c);

int serve_watch(struct call *c);
int serve_unwatch(struct call *c);
int serve_fd_lock(struct call *c);
/* fd.c: c->fd is a regular file open for writing that we opened, or -errno. */
int fd_check_ours(struct call *c);

/*
 * Has the file @name of the directory @dir, or that itself (NULL), no
 * attributes that would be told?  False also where it is not known.
 */
bool xattr_none(const struct monitor *m, int dir, const char *name);
int serve_getxattr(struct call *c);
int serve_listxattr(struct call *c);
int serve_xattr_stage(struct call *c);
int serve_setxattr(struct call *c);
int serve_removexattr(struct call *c);
int serve_fd_setxattr(struct call *c);

int serve_kick(struct call *c);
int serve_stop(struct call *c);
int serve_exit(struct call *c);
int serve_commit(struct call *c);
int serve_log(struct call *c);
int serve_panic(struct call *c);
int serve_cputime(struct call *c);
int serve_memory(struct call *c);
int serve_affinity(struct call *c);
int serve_sched(struct call *c);

int serve_net_connect(struct call *c);
int serve_net_listen(struct call *c);
int serve_net_unlisten(struct call *c);
int serve_net_accept(struct call *c);
int serve_net_setopt(struct call *c);
int serve_net_getopt(struct call *c);
int serve_net_shutdown(struct call *c);
int serve_net_names(struct call *c);
int serve_net_recv(struct call *c);
int serve_net_send(struct call *c);
int serve_net_epoll(struct call *c);
int serve_net_watch(struct call *c);
int serve_net_recvfrom(struct call *c);
int serve_net_sendto(struct call *c);

/*
 * walk.c.  A descriptor from these is O_PATH and is given back with
 * walk_close(), which knows that the root's is the grant's own.
 */
int walk_fd(const struct monitor *m, const struct grant *g, const char *path,
	    size_t n, int *fd, struct statx *sx);
void walk_close(const struct grant *g, int fd);

/*
 * One component, path[start..end), of a directory that is open at dirfd and
 * lies on device dev.  Fills *fd and *sx.
 */
int walk_step(const struct monitor *m, const struct grant *g, int dirfd,
	      uint64_t dev, const char *path, size_t start, size_t end,
	      int *fd, struct statx *sx);

/*
 * The same of a directory on the same file system, open to be read.  Returns
 * a descriptor, or -errno, -EXDEV for what is mounted there.
 */
int walk_list(const struct monitor *m, const struct grant *g, int dirfd,
	      const char *path, size_t start, size_t end, struct statx *sx);

/*
 * The directory of the last component, and its name within path.  -ENOENT
 * for the empty path.  The component itself is not hidden, or -EACCES.
 */
int walk_parent(const struct monitor *m, const struct grant *g, const char *path,
		int *dirfd, const char **name);

/* confine.c: give the host back what the start took and serving does not. */
void monitor_settle(void);

/* Is this thing kept from the grant?  By its path or by what it is. */
bool walk_hidden_path(const struct grant *g, const char *path, size_t n);
/*
 * Is it a directory on the way to something hidden, or to another grant's
 * place?  The way must stay, or another directory could be put there, for the
 * host to find: hooks of one's own in the place of those that are read-only.
 */
bool walk_is_way(const struct grant *g, const char *path, size_t n);
bool walk_hidden_id(const struct grant *g, const struct statx *sx);

/*
 * Open what an O_PATH descriptor stands for, known to be a regular file of
 * the attributes *sx.  name in dirfd is the way to it where there is no
 * /proc; null: none.  Returns a descriptor or -errno.
 */
int walk_reopen(const struct monitor *m, int fd, const struct statx *sx,
		int dirfd, const char *name, int flags);

/* list.c: are they names with a NUL each, that a path may have? */
bool names_ok(const char *s, size_t n);
/* Is it a path under a grant: relative, clean, without "." and ".."? */
bool path_ok(const char *s, size_t n);
/* 0 for a regular file, else the -errno with which it is not opened. */
int not_regular(uint32_t mode);

/* The path of descriptor fd below m->proc_fd. */
struct fd_name {
	char s[12];
};
struct fd_name fd_name(int fd);

/* Attributes of an open descriptor, O_PATH too.  0 or -errno. */
int stat_fd(int fd, struct statx *sx);
uint64_t stat_dev(const struct statx *sx);
void stat_fill(struct broker_stat *st, const struct statx *sx);

/*
 * Put a node, with the target if it is a link, at offset *len of the body.
 * Moves *len.  -EMSGSIZE when it does not fit.
 */
int put_node(struct call *c, size_t *len, int fd, const struct statx *sx);
/* The one node of a reply. */
int reply_node(struct call *c, int fd, const struct statx *sx);
int reply_statfs(struct call *c, int fd);

/* grant.c: may what lies under it be changed now? */
bool grant_writable(const struct monitor *m, const struct grant *g);
/* grant.c: hide each grant from those it lies beneath.  0 or -errno. */
int monitor_shadows(struct monitor *m);

/*
 * bound.c: may a file of @now bytes come to be one of @end?  --fsize is a limit
 * of the sandbox's processes, and the broker is none of them.  0 or -EFBIG.
 */
int bound_size(const struct monitor *m, uint64_t now, uint64_t end);
/* The clock begins to run.  0 or -errno. */
int bound_start(struct monitor *m);
/* At most how long to wait, where @wait is the most; -1: for ever. */
int bound_wait(const struct monitor *m, int wait);
/* Do what is due. */
void bound_check(struct monitor *m);
/* Has the host killed for want of the cgroup's memory, or the meter? */
bool bound_oom(const struct monitor *m);
/* The memory of the sandbox is used up: it ends. */
void bound_memory(struct monitor *m);

/* The sandbox has ended: let the meter clean up, and wait for it. */
void bound_finish(struct monitor *m);

/* process.c */
bool process_is_ours(int tgid);
int process_kick(int tgid, int tid);
/* Kill all that is left of the sandbox. */
void process_end(struct monitor *m);

/* monitor.c: milliseconds of a clock that is never set. */
int64_t monitor_now_ms(void);
/* Hand a signal to the program, as if sbx had got it. */
void monitor_forward(struct monitor *m, int sig);
/* End the sandbox because of its own or our failure. */
__attribute__((format(printf, 2, 3)))
void monitor_fail(struct monitor *m, const char *fmt, ...);

/* One line on standard error, control characters made harmless. */
void monitor_say(const struct monitor *m, const char *prefix,
		 const char *text, size_t n);

#endif
