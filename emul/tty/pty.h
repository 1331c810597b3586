/* SPDX-License-Identifier: Apache-2.0 */
/* pty.h: a pseudo-terminal, for the files that make it up; pty(7). */
#ifndef SBX_TTY_PTY_H
#define SBX_TTY_PTY_H

#include "emul/task/turn.h"
#include "emul/tty/line.h"
#include "emul/tty/tty.h"

#define PTY_IN_SIZE	8192u
#define PTY_OUT_SIZE	16384u

/*
 * The line discipline is the slave's; the master is raw: what is written there
 * is typed, what comes out of the line discipline is read there.
 */
struct pty {
	struct tty tty;		/* the slave; its references are the pty's */
	uint32_t index;		/* its name in /dev/pts; immutable */
	struct inode *inode;	/* of the slave, while it has a name */
	struct mutex lock;	/* protects: */
	struct line line;
	struct ring in;		/* written, for which the line has no room */
	struct ring out;
	struct winsize size;
	uint32_t n_slaves;	/* open files */
	bool hung_up;		/* the master is closed, for ever */
	bool no_slave;		/* the last slave was closed */
	bool locked;		/* TIOCSPTLCK */
	bool exclusive;		/* TIOCEXCL */
	bool packet;		/* TIOCPKT */
	bool held;		/* TCOOFF by the master: it writes nothing */
	uint8_t status;		/* TIOCPKT_* not yet read */

	struct turn read_turn[2], write_turn[2];	/* PTY_* */
	struct waitqueue queue[2];
	char in_buf[PTY_IN_SIZE], out_buf[PTY_OUT_SIZE];
};
#define PTY_MASTER	0
#define PTY_SLAVE	1

/* A pty with one reference, without a name; NULL: no memory. */
struct pty *pty_new(uint32_t index) __must_check;
static inline void pty_get(struct pty *p)
{
	tty_get(&p->tty);
}
static inline void pty_put(struct pty *p)
{
	tty_put(&p->tty);
}
static inline void pty_lock(struct pty *p)
{
	mutex_lock(&p->lock);
}
/* Unlock, then wake and signal by what the line discipline did. */
void pty_unlock(struct pty *p);
/* Let the line discipline have what was written.  The lock is held. */
void pty_type(struct pty *p);

extern const struct file_ops pty_master_fops __hidden;
extern const struct file_ops pty_slave_fops __hidden;

/* Open ends: as inode_ops->open. @flags are open(2)'s. */
int pty_open_master(struct pty *p, struct file *f);
int pty_open_slave(struct pty *p, struct file *f, unsigned int flags);

/* pty-ioctl.c */
__hidden long pty_master_ioctl(struct file *f, unsigned int cmd, uaddr_t arg);
__hidden long pty_slave_ioctl(struct file *f, unsigned int cmd, uaddr_t arg);

/* pts.c: the master is closed: the name goes. */
void pts_remove(struct pty *p);
/* The number is free again. */
void pts_free_index(uint32_t index);
/* TIOCGPTPEER by the master @f: a new descriptor, -errno. */
long pts_open_peer(struct pty *p, struct file *f, unsigned int flags);

/* termios.c */
/*
 * TCGETS and its family: @cmd as structure at @arg.  -ENOIOCTLCMD: none of
 * them.
 */
long termios_get(const struct termios2 *tio, unsigned int cmd, uaddr_t arg);
/*
 * TCSETS and its family: changes *@tio by what is at @arg; *@flush: the input
 * is to be flushed.  0, -EFAULT, -ENOIOCTLCMD.
 */
long termios_set(struct termios2 *tio, unsigned int cmd, uaddr_t arg,
		 bool *flush);
bool termios_sets(unsigned int cmd);

#endif
