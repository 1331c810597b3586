/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tty.h: terminals and job control; tty(4), credentials(7).
 *
 * A struct tty is what sessions and process groups need to know of a terminal:
 * a slave of a pseudo-terminal (pty.c) or the user's own (emul/fs/stdio.c).  It
 * is the controlling terminal of the session whose number it holds; a session
 * has at most one.
 */
#ifndef SBX_TTY_TTY_H
#define SBX_TTY_TTY_H

#include "emul/lib/list.h"
#include "emul/lib/lock.h"
#include "emul/lib/types.h"
#include "emul/vfs/vfs.h"

struct task;
struct tgroup;
struct tty;

struct tty_ops {
	/* open(2) of /dev/tty: as inode_ops->open. */
	int (*open)(struct tty *tty, struct file *f);
	void (*free)(struct tty *tty);		/* the last reference went */
};

struct tty {
	struct ref ref;
	const struct tty_ops *ops;
	uint64_t rdev;
	/* Written with pids_lock, read without. 0: none. */
	int sid, pgrp;
	struct list_head link;	/* those with a session; pids_lock protects */
};

void tty_init(struct tty *tty, const struct tty_ops *ops, uint64_t rdev);
static inline void tty_get(struct tty *tty)
{
	ref_get(&tty->ref);
}
void tty_put(struct tty *tty);

/* Is @tty the controlling terminal of @g? */
bool tty_controls(const struct tty *tty, const struct tgroup *g);
/*
 * The controlling terminal of @g with a reference, or NULL; @pgrp (or NULL)
 * gets its foreground group.
 */
struct tty *tty_of(const struct tgroup *g, int *pgrp) __must_check;

/*
 * May the calling process do what the background is sent @sig for (SIGTTIN,
 * SIGTTOU)?  0, -EIO, or -ERESTARTSYS: its group was sent the signal.
 */
int tty_check(struct tty *tty, int sig) __must_check;

/* Send @sig to the calling process's own group. */
void tty_stop_self(int sig);

/* To the foreground group, as from the terminal. */
void tty_signal(const struct tty *tty, int sig);

/* @f was opened with @flags: it may become the controlling terminal. */
void tty_opened(struct tty *tty, const struct file *f, unsigned int flags);
/* It controls @g's session from its beginning, and @g's group is in front. */
void tty_begin(struct tty *tty, struct tgroup *g);
/* No session has it any more. */
void tty_drop_session(struct tty *tty);
/* It was hung up: SIGHUP and SIGCONT for the leader of its session. */
void tty_hangup(struct tty *tty);
/* @g, which leads a session, ends. */
void tty_leader_exit(struct tgroup *g);

/*
 * The calls of ioctl_tty(2) on sessions and groups; @other: by the master of a
 * pseudo-terminal.  -ENOIOCTLCMD: it is none of them.
 */
long tty_group_ioctl(struct tty *tty, const struct file *f, unsigned int cmd,
		     uaddr_t arg, bool other);

/* open(2) of /dev/tty, as inode_ops->open. */
int tty_open_own(struct inode *i, struct file *f);

/* pts.c: the file system of /dev/pts; NULL: no memory. */
struct superblock *devpts_super(void) __must_check;

#define ENOIOCTLCMD	515

#endif
