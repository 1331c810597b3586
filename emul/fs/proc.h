/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proc.h: /proc as tables of entries.
 *
 * Every directory has a table; some have names beside it that come and go
 * (tasks, descriptors).  A file's text is made whole when it is read from its
 * start, and kept for the rest of the read.
 */
#ifndef SBX_FS_PROC_H
#define SBX_FS_PROC_H

#include "emul/lib/types.h"
#include "emul/vfs/vfs.h"

struct boot;
struct cred;
struct files;
struct fs_ctx;
struct mm;
struct task;
struct tgroup;

/* A text that grows. */
struct text {
	char *p;
	size_t len, cap;
	bool failed;		/* no memory: the whole is no good */
	int arg;		/* of the entry, or of a directory above it */
	bool thread;		/* below task/TID: of that thread alone */
};
/* proc-text.c */
void text_printf(struct text *b, const char *fmt, ...) __printf(2, 3);
void text_put(struct text *b, const void *p, size_t n);

/* Names of a directory that are not in its table. */
enum proc_special {
	PROC_FIXED,
	PROC_PIDS,
	PROC_TIDS,
	PROC_FDS,
	PROC_FDINFOS,
};

struct proc_entry {
	const char *name;
	mode_t mode;		/* S_IF* and permissions */
	/* Of a directory. */
	const struct proc_entry *children;	/* ends with a NULL name */
	enum proc_special special;
	int arg;		/* not 0: for the texts in it */
	/* Of a file: only who may trace the task may open it, ptrace(2). */
	bool traced;
	/* Its text, for the task whose directory this is. */
	void (*show)(struct text *b, struct task *t);
	/* What was written, ended by NUL; 0 or -errno. */
	int (*write)(struct task *t, char *text, size_t n);
	/* Of a link: its text, and where it leads if that is no name. */
	ssize_t (*link)(struct task *t, char *buf, size_t size);
	int (*follow)(struct task *t, struct path *out);
	/* Of a file that is no text. */
	const struct file_ops *fops;
};

/*
 * Behind inode->priv.  The task is named, not held: names in the cache would
 * keep the dead.
 */
struct proc_inode {
	const struct proc_entry *entry;
	int tid;		/* 0 outside of /proc/PID */
	bool thread;		/* below task/TID */
	const void *who;	/* its task, or with !thread its group */
	int fd;			/* the descriptor that a link is of, or arg */
};

/* A new tree, to be mounted at /proc; NULL: no memory. */
struct superblock *proc_super(void) __must_check;
/* The same machinery at /sys; sysfs.c. */
struct superblock *sys_super(void) __must_check;
/* The CPUs as a list, "0-3". */
void sys_show_cpus(struct text *b, struct task *t);
/* And at /sys/fs/cgroup; cgroupfs.c. */
struct superblock *cgroup_super(void) __must_check;

struct superblock *proc_tree(const char *type, uint64_t magic,
			     const struct proc_entry *root) __must_check;

/* Of all inodes: struct proc_inode goes. */
__hidden void proc_evict(struct inode *i);
/* proc-text.c: files with a text, and files with fops of their own. */
extern const struct inode_ops proc_text_iops __hidden, proc_raw_iops __hidden;
extern const struct file_ops proc_text_fops __hidden;

/* The task that @p is of, with a reference, or NULL: it is gone. */
struct task *proc_task(const struct proc_inode *p) __must_check;

/*
 * The process whose directory /proc/PID @f is, with a reference.  NULL: it is
 * gone, or *@is_dir says that @f is no such directory.
 */
struct tgroup *proc_dir_group(const struct file *f, bool *is_dir) __must_check;

/*
 * proc-task.c: what another task has, which may change or go meanwhile: a
 * reference, or NULL where there is none (any more).
 */
struct mm *proc_mm(struct task *t) __must_check;
struct files *proc_files(struct task *t) __must_check;
struct fs_ctx *proc_fs(struct task *t) __must_check;
/* Its credentials; the groups of the copy are not to be looked at. */
void proc_cred(struct task *t, struct cred *out);
/* May the caller look into @t: PTRACE_MODE_READ_FSCREDS of ptrace(2). */
bool proc_may_trace(struct task *t);
/* R, S, T or Z. */
char proc_state(struct task *t);
/* Threads that run: of all of them, for /proc/stat and /proc/loadavg. */
unsigned int proc_running(void);

/* proc-stat.c */
void proc_show_stat(struct text *b, struct task *t);
void proc_show_statm(struct text *b, struct task *t);
void proc_show_status(struct text *b, struct task *t);

/* proc-pid.c */
extern const struct proc_entry proc_pid_entry, proc_tid_entry;

/* proc-fd.c */
extern const struct proc_entry proc_fd_link, proc_fdinfo_file;
/*
 * The first descriptor of @t from @fd on, with its file (a reference) in *@f;
 * -1 if there is none.
 */
int proc_fd_next(struct task *t, int fd, struct file **f, bool *cloexec);
/* Names of the descriptors of @t: the text of the link, and its place. */
ssize_t proc_fd_readlink(struct task *t, int fd, char *buf, size_t size);
int proc_fd_follow(struct task *t, int fd, struct path *out);
/* A way to @i, which has no name; takes references.  0 or -ENOMEM. */
int nameless_path(struct inode *i, struct path *out);
void proc_show_fdinfo(struct text *b, struct task *t, int fd);
/* exe, cwd and root. */
int proc_exe_follow(struct task *t, struct path *out);
int proc_cwd_follow(struct task *t, struct path *out);
int proc_root_follow(struct task *t, struct path *out);
ssize_t proc_exe_link(struct task *t, char *buf, size_t size);
ssize_t proc_cwd_link(struct task *t, char *buf, size_t size);
ssize_t proc_root_link(struct task *t, char *buf, size_t size);

/* proc-map.c */
void proc_show_maps(struct text *b, struct task *t);
void proc_show_smaps(struct text *b, struct task *t);
void proc_show_smaps_rollup(struct text *b, struct task *t);
/*
 * Sizes of @t's address space @mm in pages; all 0 where that is NULL.  Those
 * of the second line are of what is in memory; peak: the most that it was.
 */
struct proc_sizes {
	uint64_t total, text, lib, data, stack;
	uint64_t rss, file, shmem, anon, peak;
};
void proc_sizes(struct task *t, struct mm *mm, struct proc_sizes *s);

/* proc-net.c: /proc/net, /proc/sys/net */
extern const struct proc_entry proc_net_dir[], proc_sys_net_dir[];

/* proc-info.c */
extern const struct proc_entry proc_root_entry;
void proc_show_cpuinfo(struct text *b, struct task *t);
void proc_show_mounts(struct text *b, struct task *t);
void proc_show_mountinfo(struct text *b, struct task *t);

/* nsfs.c: namespaces */
enum ns_kind {
	NS_CGROUP, NS_IPC, NS_MNT, NS_NET, NS_PID, NS_TIME, NS_USER, NS_UTS
};
/* As proc_entry->link and ->follow. */
ssize_t nsfs_link(enum ns_kind kind, char *buf, size_t size);
int nsfs_follow(enum ns_kind kind, struct path *out);
/* Is @i one?  Then its name goes to @buf, and its length to @n. */
bool nsfs_name(const struct inode *i, char *buf, size_t size, ssize_t *n);

#endif
