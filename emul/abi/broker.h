/* SPDX-License-Identifier: Apache-2.0 */
/*
 * broker.h: the contract between the kernel and its broker.
 *
 * A channel is a SOCK_SEQPACKET pair.  A request is one packet: struct
 * broker_req, then len1 bytes, then len2 bytes, and nothing else.  Each
 * request is answered by one packet, struct broker_rep and len bytes, before
 * the next is sent on that channel; a descriptor, where one is given, comes
 * with it by SCM_RIGHTS.  A request that breaks the form (version, unknown
 * op, undefined flags, lengths, paths) is not answered: the broker ends the
 * sandbox, for an honest kernel never sends one.
 *
 * Paths are relative to a grant: a host directory (or single file) that the
 * policy gave, by its index in the list made by the launcher.  They have no
 * leading or trailing slash, no empty, "." or ".." component, no NUL, and are
 * not terminated; the empty path is the grant's root.  No symbolic link is
 * ever followed by the broker: the kernel follows them, in its own mounts.
 *
 * Self-contained; fixed sizes; little endian as the machine is.
 */
#ifndef SBX_ABI_BROKER_H
#define SBX_ABI_BROKER_H

#include <stdint.h>

#define BROKER_VERSION	1

#define BROKER_PATH_MAX	4096		/* bytes of one path */
#define BROKER_REQ_MAX	(sizeof(struct broker_req) + 2 * BROKER_PATH_MAX)
#define BROKER_REP_MAX	65536		/* a whole reply packet */
#define BROKER_BODY_MAX	(BROKER_REP_MAX - sizeof(struct broker_rep))

/*
 * The requests.  "path": bytes 1 are a path under grant; "path2": bytes 2 are
 * a path under grant2; W: the grant(s) must be writable, else -EROFS.  A grant that is
 * to be written back is writable once EXIT has told of an exit with 0.
 */
enum broker_op {
	/*
	 * path; arg[0]: the offset in path of the first component to report:
	 * what lies before it (with the slash) is a directory known to be
	 * there.  The reply's body is a row of struct broker_node, one for
	 * each component that was reached, rep.count of them.  It ends at the
	 * first symbolic link (its node holds the target, err is 0), at the
	 * first failure (err, e.g. -ENOENT: of the component after the last
	 * node; -ENOTDIR if the last node is no directory), or when the
	 * packet is full (BROKER_REP_MORE: go on from there).
	 * flags: BROKER_WALK_SELF puts the node of the starting directory
	 * first (so that an empty path is a plain stat of the root);
	 * BROKER_WALK_OPEN: if the last component was reached and is a
	 * regular file, open it read-only and pass it (BROKER_REP_FD);
	 * val[0] is 0 or the -errno of that open.
	 */
	BROKER_WALK = 1,
	/*
	 * path; arg[0]: O_RDONLY, O_WRONLY or O_RDWR, and of O_CREAT O_EXCL
	 * O_TRUNC O_APPEND; arg[1]: mode for O_CREAT (the umask applied).
	 * Or O_TMPFILE | O_RDWR, and of O_EXCL: a new file without a name in
	 * the directory of the path.
	 * All but a plain O_RDONLY is W.  Regular files alone: else -EISDIR,
	 * -ELOOP, or -ENXIO for devices, fifos and sockets, which are never
	 * opened.  Body: one struct broker_node, and the descriptor.
	 * val[0]: 1 if the file was created.
	 */
	BROKER_OPEN,
	/*
	 * path; arg[0]: cookie, 0 at the start; arg[1]: the most bytes of
	 * body wanted, 0 for all that fit.  Body: struct broker_dirent,
	 * rep.count of them, without "." and "..".  Without BROKER_REP_MORE
	 * these were the last.
	 * flags: BROKER_DIR_STAT: each has its attributes with it, and a
	 * link its target, where the walk would tell them too and they lie on
	 * the directory's own file system; BROKER_DIR_XATTR too: has_stat is
	 * 2 for regular files and directories that LISTXATTR names none of.
	 */
	BROKER_READDIR,
	/*
	 * path, a directory; bytes 2: names of directories in it, each of
	 * 1..255 bytes and a NUL; arg[0]: the most directories wanted.  Body:
	 * for each of those a struct broker_dirent of type BROKER_DIR_HEAD,
	 * which has its attributes and as name its path below the given one,
	 * and then all its entries, as READDIR has them.  What does not fit,
	 * cannot be listed, or is another mount is left out, whatever comes
	 * behind it too; with the first of the names that is the error.
	 * flags: BROKER_DIR_STAT, _XATTR; BROKER_DIR_TREE: what lies below a directory
	 * comes after it, and before its next sibling.
	 */
	BROKER_LIST,
	/*
	 * path, a directory; bytes 2: names of files in it, each of 1..255
	 * bytes and a NUL, BROKER_FDS_MAX of them at most.  A slash and a path
	 * under the grant in the place of a name is the directory of those
	 * behind it.  They are opened read-only: rep.count descriptors come
	 * along; body: a struct broker_opened for each.  What is no regular
	 * file, or cannot be opened, is left out.
	 */
	BROKER_OPENS,
	/* path.  Body: one struct broker_node (with target of a link). */
	BROKER_STAT,
	/* path.  Body: the target. */
	BROKER_READLINK,
	/* path.  Body: struct broker_statfs. */
	BROKER_STATFS,

	/* W, path.  Body of MKDIR, SYMLINK, MKNOD, LINK: the new node. */
	BROKER_MKDIR,		/* arg[0]: mode, umask applied */
	BROKER_MKNOD,		/* arg[0]: S_IFREG or S_IFIFO and mode */
	BROKER_SYMLINK,		/* bytes 2: the target, 1..4095, no NUL */
	BROKER_UNLINK,		/* not a directory */
	BROKER_RMDIR,
	BROKER_RENAME,		/* path2: new name; arg[0]: renameat2 flags
				 * 0, RENAME_NOREPLACE, RENAME_EXCHANGE */
	BROKER_LINK,		/* path2: new name */
	BROKER_CHMOD,		/* arg[0]: mode; no set-id bits but the group's
				 * of a directory: -EPERM; regular files and
				 * directories */
	BROKER_CHOWN,		/* arg[0], arg[1]: uid, gid, or 2^32 - 1 */
	BROKER_UTIMENS,		/* arg[0..3]: atime s, ns, mtime s, ns; ns
				 * may be UTIME_NOW, UTIME_OMIT */
	BROKER_TRUNCATE,	/* arg[0]: length; regular files */
	BROKER_SYNC,		/* arg[0]: 1 fdatasync; file or directory;
				 * W is not needed; 2 (W): all of the file
				 * system it lies on */

	/*
	 * On a descriptor: with BROKER_FD_SENT one that comes along by
	 * SCM_RIGHTS (a regular file that the broker gave before); without,
	 * the inherited one of index arg[0] (emul/abi/hostfd.h).  What
	 * changes a file wants it open for writing (-EBADF).
	 */
	BROKER_FD_STAT,		/* body: one struct broker_node */
	BROKER_FD_STATFS,	/* body: struct broker_statfs */
	BROKER_FD_TRUNCATE,	/* arg[1]: length */
	BROKER_FD_SYNC,		/* arg[1]: 1 fdatasync */
	BROKER_FD_CHMOD,	/* sent only; arg[1] as in CHMOD */
	BROKER_FD_CHOWN,	/* sent only; arg[1], arg[2] */
	BROKER_FD_ALLOCATE,	/* sent only; fallocate(2): arg[1]: mode,
				 * arg[2]: offset, arg[3]: length */
	BROKER_FD_SEEK,		/* sent only; arg[1]: offset, arg[2]:
				 * SEEK_DATA or SEEK_HOLE; val[0] */
	BROKER_FD_LINK,		/* W, path; sent only: a new name of a file,
				 * which was made without (O_TMPFILE);
				 * flags: BROKER_LINK_OVER: in one step in the
				 * place of the file that has the name */
	BROKER_FD_UTIMENS,	/* sent only; arg[1]: atime ns since 1970,
				 * arg[2]: mtime; INT64_MAX now, MIN omit */

	/* On the inherited descriptor of index arg[0] alone. */
	BROKER_FD_LSEEK,	/* arg[1]: offset, arg[2]: whence; val[0] */
	BROKER_FD_FLAGS,	/* F_GETFL in val[0] */
	/*
	 * arg[1]: ioctl of broker_ttys[] in the broker's fd.c; arg[2]: its
	 * integer argument; bytes 1: its structure in; body: its structure
	 * out.  Not in the list: -ENOTTY.  TIOCGPGRP: val[0]: BROKER_TTY_*.
	 * What waits until all is sent, and it is not: -EAGAIN.
	 */
	BROKER_FD_TTY,

	/* arg[0]: host tgid, arg[1]: host tid.  -ESRCH when not ours. */
	BROKER_KICK,
	/*
	 * arg[0]: SIGSTOP, SIGTSTP, SIGTTIN or SIGTTOU, by which the first
	 * program has stopped: sbx does the same, and when it goes on sends
	 * SIGCONT in here.
	 */
	BROKER_STOP,
	/*
	 * arg[0]: wait status (as wait(2) gives it) with which sbx shall end;
	 * flags: BROKER_EXIT_NOW: all that still runs is killed at once.
	 */
	BROKER_EXIT,
	BROKER_LOG,		/* bytes 1: a line, to standard error */
	BROKER_PANIC,		/* bytes 1: text; ends the sandbox, 125 */
	/*
	 * The program has exited with 0 (EXIT has told), and its changes are
	 * on the host.  bytes 1: what could not be written back and why; none:
	 * all was.
	 */
	BROKER_COMMIT,
	/*
	 * arg[0]: host tgid, ours; val[0]: CPU time in ns, val[1]: the part
	 * of it in user mode.  tgid 0: of all children reaped so far; body
	 * then: struct broker_rusage.
	 */
	BROKER_CPUTIME,
	/*
	 * arg[0]: host tgid, ours; arg[1]: host tid of a thread of it that
	 * has not ended.  Body: a struct broker_memory.
	 * -EOPNOTSUPP: the host has no /proc to ask.
	 */
	BROKER_MEMORY,
	BROKER_AFFINITY,	/* body: the monitor's CPU mask, 64-bit words */
	/*
	 * arg[0]: host tgid, arg[1]: host tid of it, as in KICK; arg[2]:
	 * BROKER_SCHED_*, arg[3] its value.  AFFINITY: bytes 1: the CPU mask,
	 * 64-bit words, of which those count that the monitor has.
	 */
	BROKER_SCHED,

	/*
	 * Extended attributes of regular files and directories.  path, bytes
	 * 2: a name of 1..255 bytes without NUL.  Told are user.* and
	 * security.capability, else -EOPNOTSUPP; W: user.* alone, else
	 * -EPERM.  GET and LIST: arg[0]: offset from which on the value, or
	 * the names with a NUL each, are wanted; body: these bytes, with
	 * BROKER_REP_MORE not all; val[0]: how many in all.
	 */
	BROKER_GETXATTR,
	BROKER_LISTXATTR,	/* no name */
	BROKER_XATTR_STAGE,	/* bytes 1: a piece of a value at arg[0] */
	BROKER_SETXATTR,	/* W; arg[0]: XATTR_CREATE, _REPLACE; arg[1]:
				 * bytes of what was staged, <= 65536 */
	BROKER_REMOVEXATTR,	/* W */

	/*
	 * Sockets of the host: only where the policy has a network, else
	 * -EACCES.  "sent": on a descriptor, as in BROKER_FD_.
	 *
	 * CONNECT makes a socket and connects it.  arg[0]: SOCK_STREAM or
	 * SOCK_DGRAM; bytes 1: a struct broker_addr; bytes 2: a row of struct
	 * broker_sockopt, set before.  The descriptor comes along;
	 * val[0]: 0, or EINPROGRESS; body: struct broker_names.  Without a
	 * grant for just this address -EACCES.  BROKER_RESOLVER_IP gives one
	 * end of a pair, at whose other end is the broker's resolver.
	 */
	BROKER_NET_CONNECT,
	/*
	 * The host's sockets for what the guest has bound at bytes 1, a struct
	 * broker_addr; arg[0] as in CONNECT; arg[1]: backlog; arg[2]: which of
	 * them, from 0 on; -ENOENT: there are no more; arg[3]: 1: the address
	 * :: is none of IPv4's (IPV6_V6ONLY).  The descriptor comes along, to
	 * be polled and sent with ACCEPT; val[0]: its number; body: struct
	 * broker_names.
	 */
	BROKER_NET_LISTEN,
	BROKER_NET_UNLISTEN,	/* arg[0]: number */
	/*
	 * sent; arg[1]: how many at most, 1..BROKER_FDS_MAX.  rep.count
	 * descriptors come along; body: a struct broker_names for each.
	 */
	BROKER_NET_ACCEPT,
	/*
	 * sent; bytes 1: a row of struct broker_sockopt.  The first that fails
	 * ends it: its error; val[0]: how many were set.
	 */
	BROKER_NET_SETOPT,
	/*
	 * sent; arg[1]: level << 32 | name; arg[2]: size wanted; body: the
	 * value.  Level BROKER_SOL_IOCTL: FIONREAD, TIOCOUTQ.
	 */
	BROKER_NET_GETOPT,
	BROKER_NET_SHUTDOWN,	/* sent; arg[1]: SHUT_RD.. */
	/*
	 * sent; body: two struct broker_sockname, its own and its peer's;
	 * val[0]: domain | type << 16 | protocol << 32; val[1]: 1 if it
	 * listens, 2 if it is connected, 4 if it does not block.
	 */
	BROKER_NET_NAMES,
	/*
	 * Datagrams of a published port, arg[0]: number.  RECV: body: rows of
	 * struct broker_dgram, rep.count of them; -EAGAIN.  SEND: bytes 1: a
	 * struct broker_addr, which must have sent to this port lately, else
	 * -EACCES; bytes 2: the datagram.
	 */
	BROKER_NET_RECV,
	BROKER_NET_SEND,
	/* A new epoll; the descriptor comes along. */
	BROKER_NET_EPOLL,
	/*
	 * Two descriptors are sent, such an epoll and a socket: it watches
	 * the socket for all that happens, edge-triggered; arg[1]: its data.
	 */
	BROKER_NET_WATCH,
	/*
	 * Datagrams of an inherited socket, never one that is sent; arg[0]:
	 * its index.  RECVFROM does not wait; body: a struct broker_sockname,
	 * whose it is, and the datagram; val[0]: its length before it was cut.
	 * SENDTO: bytes 1: a struct broker_sockname that RECVFROM has given
	 * lately, else -EACCES; bytes 2: the datagram.
	 */
	BROKER_NET_RECVFROM,
	BROKER_NET_SENDTO,

	/*
	 * path, a regular file or a directory without anything hidden in it
	 * (-EACCES): watch it by the one inotify descriptor of the sandbox,
	 * for BROKER_WATCH_MASK.  val[0]: its number there.  -ENOSPC after
	 * BROKER_WATCH_MAX.  flags: BROKER_WATCH_FD: pass that descriptor.
	 */
	BROKER_WATCH,
	BROKER_UNWATCH,		/* arg[0]: that number */
	/*
	 * Sent only, open for writing, as FD_CHMOD.  arg[1]: 0 shared, 1
	 * exclusive, 2 none, and of BROKER_LOCK_*; arg[2], arg[3]: first and
	 * last byte.  A lock of that open file, without waiting: -EAGAIN.
	 * Who has it gets the node.
	 * TEST: who is in the way: val[0], val[1] and count: first and last
	 * byte, and kind (2: nobody).
	 */
	BROKER_FD_LOCK,
	/*
	 * Sent only, as FD_CHMOD: set what was staged of the name in bytes 1,
	 * as SETXATTR; arg[1]: how many bytes.
	 */
	BROKER_FD_SETXATTR,
	BROKER_OP_END
};

#define BROKER_WALK_SELF	(1u << 0)
#define BROKER_WALK_OPEN	(1u << 1)
#define BROKER_DIR_STAT		(1u << 2)
#define BROKER_FD_SENT		(1u << 3)
#define BROKER_EXIT_NOW		(1u << 4)
#define BROKER_WATCH_FD		(1u << 5)

/* IN_* of modify, attrib, close_write, moved, create, delete, *_self. */
#define BROKER_WATCH_MASK	0xfceu
#define BROKER_WATCH_MAX	4096

#define BROKER_LOCK_WHOLE	(1u << 8)	/* flock(2)'s */
#define BROKER_LOCK_TEST	(1u << 9)

#define BROKER_LINK_OVER	(1u << 15)
#define BROKER_DIR_TREE		(1u << 16)
#define BROKER_DIR_XATTR	(1u << 17)
#define BROKER_DIR_HEAD		0xffu	/* as a type, see LIST */

#define BROKER_SCHED_AFFINITY	0u
#define BROKER_SCHED_NICE	1u	/* arg[3]: nice value + 20 */
#define BROKER_SCHED_IOPRIO	2u	/* arg[3]: as ioprio_set(2) takes it */

/* Whether sbx is in front of its terminal. */
#define BROKER_TTY_FRONT	0
#define BROKER_TTY_BACKGROUND	1
#define BROKER_TTY_ORPHANED	2	/* and nobody would continue it */

#define BROKER_FDS_MAX		64u	/* descriptors of one reply */
#define BROKER_BREAK_MAX	5u	/* of TCSBRKP: tenths of a second */
#define BROKER_SOL_IOCTL	0x10000u

/* Where the guest finds its resolver, if names may be resolved at all. */
#define BROKER_RESOLVER_IP	0x7f000035u	/* 127.0.0.53 */
#define BROKER_RESOLVER_PORT	53u

struct broker_req {
	uint16_t version;
	uint16_t op;
	uint32_t seq;		/* given back in the reply */
	uint32_t flags;
	uint16_t grant;		/* 0 when the op has no path */
	uint16_t grant2;	/* 0 when the op has no second path */
	uint16_t len1;
	uint16_t len2;
	uint32_t zero;
	uint64_t arg[4];	/* those the op does not have are 0 */
};

#define BROKER_REP_FD	(1u << 0)	/* a descriptor comes along */
#define BROKER_REP_MORE	(1u << 1)	/* the packet was full */

struct broker_rep {
	uint16_t version;
	uint16_t op;
	uint32_t seq;
	int32_t err;		/* 0 or -errno */
	uint32_t flags;
	uint32_t len;		/* bytes of body */
	uint32_t count;		/* nodes or entries in it */
	uint64_t val[2];
};

struct broker_time {
	int64_t sec;
	uint32_t nsec;
	uint32_t zero;
};

struct broker_stat {
	uint64_t dev;		/* major << 32 | minor */
	uint64_t rdev;
	uint64_t ino;
	uint64_t size;
	uint64_t blocks;	/* of 512 bytes */
	uint32_t mode;
	uint32_t nlink;
	uint32_t uid;
	uint32_t gid;
	uint32_t blksize;
	uint32_t has_btime;
	struct broker_time atime;
	struct broker_time mtime;
	struct broker_time ctime;
	struct broker_time btime;
};

/* In WALK and the like; rec_len is the whole, a multiple of 8. */
struct broker_node {
	uint32_t rec_len;
	uint32_t target_len;	/* of a symbolic link; it follows, no NUL */
	struct broker_stat st;
};

struct broker_opened {
	uint32_t nr;		/* of the name, from 0 on; directories apart */
	uint32_t zero;
	struct broker_stat st;
};

/* In READDIR; rec_len is the whole, a multiple of 8. */
struct broker_dirent {
	uint64_t ino;
	uint64_t cookie;	/* where the entry after this one starts */
	uint16_t rec_len;
	uint16_t name_len;
	uint8_t type;		/* DT_... */
	uint8_t has_stat;	/* a struct broker_stat follows this */
	uint16_t target_len;	/* of a link; only with has_stat */
	/* then the name with a NUL, the target without, and padding */
};

struct broker_statfs {
	uint64_t type;
	uint64_t bsize;
	uint64_t blocks;
	uint64_t bfree;
	uint64_t bavail;
	uint64_t files;
	uint64_t ffree;
	uint64_t fsid;
	uint64_t namelen;
	uint64_t frsize;
	uint64_t flags;		/* ST_... */
};

/* An address of TCP or UDP: IPv4 as ::ffff:a.b.c.d. */
struct broker_addr {
	uint8_t ip[16];
	uint32_t scope;
	uint16_t port;		/* host byte order */
	uint16_t zero;
};

struct broker_names {
	struct broker_addr local;
	struct broker_addr peer;
};

/* A sockaddr of any family, as the host has it; len 0: none. */
struct broker_sockname {
	uint32_t len;
	uint8_t name[124];
};

/* len bytes of value follow, and padding to a multiple of 4. */
struct broker_sockopt {
	uint32_t level;
	uint32_t name;
	uint32_t len;
};

/* len bytes follow, and padding to a multiple of 4. */
struct broker_dgram {
	struct broker_addr from;
	uint32_t len;
};

struct broker_rusage {
	uint64_t utime_ns;
	uint64_t stime_ns;
	uint64_t maxrss_kib;
	uint64_t minflt;
	uint64_t majflt;
	uint64_t inblock;
	uint64_t oublock;
	uint64_t nvcsw;
	uint64_t nivcsw;
};

/* What of a process's memory is resident, the kernel's part too; KiB. */
struct broker_memory {
	uint64_t anon_kib;
	uint64_t file_kib;
	uint64_t shmem_kib;
	uint64_t peak_kib;	/* the most that all three were at a time */
};

/*
 * Signals that reach sbx from outside go the other way: the monitor writes
 * this structure, which lies in the kernel's data at an offset both know from
 * the launcher, by pwrite of the memfd, and kicks the thread named in it.
 * The monitor alone writes count[], keys[], killed and seq, the kernel alone
 * the others; a signal is pending as often as count[sig] or keys[sig] is ahead
 * of what the kernel has taken.  The monitor believes nothing it reads here; but a kernel that does
 * not take a signal which should end it, for long, is ended.
 */
struct hostsig {
	uint32_t seq;		/* bumped after every change of count, killed */
	uint32_t killed;	/* host processes of which killed.c has to take care */
	uint32_t tgid;		/* host ids of a thread that takes kicks; */
	uint32_t tid;		/* 0: none, the kernel will look by itself */
	uint32_t count[65];	/* by signal number */
	uint32_t taken;		/* the kernel alone: seq, when it has looked */
	uint32_t slots;		/* how many thread slots were ever used */
	uint32_t keys[65];	/* those that the terminal sent */
};

_Static_assert(sizeof(struct broker_req) == 56, "broker_req");
_Static_assert(sizeof(struct broker_rep) == 40, "broker_rep");
_Static_assert(sizeof(struct broker_stat) == 128, "broker_stat");
_Static_assert(sizeof(struct broker_node) == 136, "broker_node");
_Static_assert(sizeof(struct broker_dirent) == 24, "broker_dirent");
_Static_assert(sizeof(struct broker_statfs) == 88, "broker_statfs");
_Static_assert(sizeof(struct broker_addr) == 24, "broker_addr");
_Static_assert(sizeof(struct broker_sockname) == 128, "broker_sockname");
_Static_assert(sizeof(struct broker_sockopt) == 12, "broker_sockopt");
_Static_assert(sizeof(struct broker_dgram) == 28, "broker_dgram");
_Static_assert(sizeof(struct hostsig) == 544, "hostsig");

#endif
