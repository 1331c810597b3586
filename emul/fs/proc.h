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
struct task;

/* A text that grows. */
struct text {
	char *p;
	size_t len, cap;
	bool failed;		/* no memory: the whole is no good */
	int arg;		/* of the entry, or of a directory above it */
};
void text_printf(struct text *b, const char *fmt, ...) __printf(2, 3);
void text_put(struct text *b, const void *p, size_t n);

#define PROC_ARG_THREAD	1	/* below /proc/PID/task/TID */

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
	/* Of a file: its text, for the task whose directory this is. */
	void (*show)(struct text *b, struct task *t);
	/* What was written, ended by NUL; 0 or -errno. */
	int (*write)(struct task *t, char *text, size_t n);
	/* Of a link: its text, and where it leads if that is no name. */
	ssize_t (*link)(struct task *t, char *buf, size_t size);
	int (*follow)(struct task *t, struct path *out);
};

/* Behind inode->priv. */
struct proc_inode {
	const struct proc_entry *entry;
	struct task *task;	/* a reference, or NULL outside of /proc/PID */
	int fd;			/* the descriptor that a link is of, or arg */
};

/* A new tree, to be mounted at /proc; NULL: no memory. */
struct superblock *proc_super(void) __must_check;
/* The same machinery at /sys; sysfs.c. */
struct superblock *sys_super(void) __must_check;

struct superblock *proc_tree(const char *type, uint64_t magic,
			     const struct proc_entry *root) __must_check;

/* proc-pid.c */
extern const struct proc_entry proc_pid_entry, proc_tid_entry;
extern const struct proc_entry proc_fd_link, proc_fdinfo_file;
/*
 * Of what belongs to a process only what the caller shares can be reached:
 * the calling task where @t is one of its own process, else NULL.
 */
struct task *proc_own(struct task *t);
/* Names of the descriptors of @t: the text of the link, and its place. */
ssize_t proc_fd_readlink(struct task *t, int fd, char *buf, size_t size);
int proc_fd_follow(struct task *t, int fd, struct path *out);
void proc_show_fdinfo(struct text *b, struct task *t, int fd);

/* proc-map.c */
void proc_show_maps(struct text *b, struct task *t);
void proc_show_smaps(struct text *b, struct task *t);
void proc_show_smaps_rollup(struct text *b, struct task *t);
/* Sizes of an address space in pages. */
struct proc_sizes {
	uint64_t total, rss, text, lib, data, stack, file, anon;
};
void proc_sizes(struct task *t, struct proc_sizes *s);

/* proc-info.c */
extern const struct proc_entry proc_root_entry;
void proc_show_cpuinfo(struct text *b, struct task *t);
void proc_show_mounts(struct text *b, struct task *t);
void proc_show_mountinfo(struct text *b, struct task *t);

#endif
