/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fd.c: requests on descriptors: those inherited from outside, of which the
 * broker has duplicates, and those that the kernel sends along.
 *
 * A descriptor that is sent may be anything that the sandbox has.  What it is
 * gets asked of the host here; what changes a file is done only through one
 * that is open for writing, and modes, owners and times only of files that
 * the broker may have opened under a writable grant: not of what came from
 * outside.
 */
#include "config.h"

#include <asm/ioctls.h>
#include <asm/termbits.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "loader/broker/server.h"

int serve_fd_stat(struct call *c)
{
	struct statx sx;
	int ret = stat_fd(c->fd, &sx);

	return ret < 0 ? ret : reply_node(c, c->fd, &sx);
}

int serve_fd_statfs(struct call *c)
{
	return reply_statfs(c, c->fd);
}

static int get_flags(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags < 0 ? -errno : flags;
}

/* A regular file, and open for writing if that is wanted. */
static int check_file(int fd, bool write, struct statx *sx)
{
	int flags = get_flags(fd);
	int ret;

	if (flags < 0)
		return flags;
	if (flags & O_PATH)
		return -EBADF;
	if (write && (flags & O_ACCMODE) == O_RDONLY)
		return -EBADF;
	ret = stat_fd(fd, sx);
	if (ret < 0)
		return ret;
	return S_ISREG(sx->stx_mode) ? 0 : -EINVAL;
}

int serve_fd_truncate(struct call *c)
{
	struct statx sx;
	int ret;

	if (c->req.arg[1] > INT64_MAX)
		return BROKEN;
	ret = check_file(c->fd, true, &sx);
	if (ret < 0)
		return ret == -EBADF ? -EINVAL : ret;
	ret = bound_size(c->m, sx.stx_size, c->req.arg[1]);
	if (ret < 0)
		return ret;
	return ftruncate(c->fd, (off_t)c->req.arg[1]) < 0 ? -errno : 0;
}

int serve_fd_sync(struct call *c)
{
	struct statx sx;
	int ret;

	if (c->req.arg[1] > 1)
		return BROKEN;
	ret = check_file(c->fd, false, &sx);
	if (ret < 0)
		return ret;
	ret = c->req.arg[1] ? fdatasync(c->fd) : fsync(c->fd);
	return ret < 0 ? -errno : 0;
}

static bool is_one_of(const struct file_id *id, size_t n,
		      const struct statx *sx)
{
	for (size_t i = 0; i < n; i++)
		if (id[i].ino == sx->stx_ino && id[i].dev == stat_dev(sx))
			return true;
	return false;
}

/* Kinds of fallocate(2) after which a file has no more than before. */
#define TAKES_NOTHING	(FALLOC_FL_PUNCH_HOLE | FALLOC_FL_COLLAPSE_RANGE)

int serve_fd_allocate(struct call *c)
{
	const uint64_t *a = c->req.arg;
	struct statx sx = { 0 };
	uint64_t from;
	int ret;

	if (a[1] > 0xff || a[2] > INT64_MAX || a[3] > INT64_MAX)
		return BROKEN;
	ret = check_file(c->fd, true, &sx);
	/* What we took would be no memory of the sandbox's, and without end. */
	if (!ret && is_one_of(c->m->arena, c->m->arena_count, &sx))
		ret = -EPERM;
	/* What is inserted comes on top. */
	from = a[1] & FALLOC_FL_INSERT_RANGE ? sx.stx_size : a[2];
	if (!ret && !(a[1] & TAKES_NOTHING))
		ret = bound_size(c->m, sx.stx_size, from + a[3]);
	if (ret < 0)
		return ret;
	ret = fallocate(c->fd, (int)a[1], (off_t)a[2], (off_t)a[3]);
	return ret < 0 ? -errno : 0;
}

/* The position that this moves is nobody's: all others name theirs. */
int serve_fd_seek(struct call *c)
{
	struct statx sx;
	off_t off;
	int ret;

	if (c->req.arg[1] > INT64_MAX || (c->req.arg[2] != SEEK_DATA &&
					  c->req.arg[2] != SEEK_HOLE))
		return BROKEN;
	ret = check_file(c->fd, false, &sx);
	if (ret < 0)
		return ret;
	off = lseek(c->fd, (off_t)c->req.arg[1], (int)c->req.arg[2]);
	if (off < 0)
		return -errno;
	c->rep.val[0] = (uint64_t)off;
	return 0;
}

/* Open for writing, and not what came from outside. */
int fd_check_ours(struct call *c)
{
	struct statx sx;
	int ret = check_file(c->fd, true, &sx);

	if (ret < 0)
		return ret;
	return is_one_of(c->m->fixed, c->m->fixed_count, &sx) ? -EPERM : 0;
}

int serve_fd_chmod(struct call *c)
{
	uint64_t mode = c->req.arg[1];
	int ret;

	if (mode & ~07777ULL)
		return BROKEN;
	if (mode & (S_ISUID | S_ISGID))
		return -EPERM;
	ret = fd_check_ours(c);
	if (ret < 0)
		return ret;
	return fchmod(c->fd, (mode_t)mode) < 0 ? -errno : 0;
}

int serve_fd_chown(struct call *c)
{
	int ret;

	if (c->req.arg[1] > 0xffffffffU || c->req.arg[2] > 0xffffffffU)
		return BROKEN;
	ret = fd_check_ours(c);
	if (ret < 0)
		return ret;
	ret = fchown(c->fd, (uid_t)c->req.arg[1], (gid_t)c->req.arg[2]);
	return ret < 0 ? -errno : 0;
}

/*
 * Whoever looks sees the old file or the new one, whole.  A second name cannot
 * be taken over in one step: a kill between the two leaves the first, by which
 * the next --commit there knows it (emul/fs/clash.c).
 */
static int link_over(struct call *c, int dir, const char *name)
{
	struct statx sx;
	char temp[32];
	int ret = stat_fd(c->fd, &sx);

	if (ret < 0)
		return ret;
	snprintf(temp, sizeof(temp), ".sbx-%llx",
		 (unsigned long long)sx.stx_ino);
	if (linkat(c->m->proc_fd, fd_name(c->fd).s, dir, temp,
		   AT_SYMLINK_FOLLOW) < 0)
		return -errno;
	if (syscall(SYS_renameat2, dir, temp, dir, name, 0) < 0) {
		ret = -errno;
		unlinkat(dir, temp, 0);
	}
	return ret;
}

/*
 * A name for a file that was made without.  It is open for writing, so that
 * the sandbox has it whole already; those that lost their names the host
 * refuses by itself.
 */
int serve_fd_link(struct call *c)
{
	const char *name;
	int dir;
	int ret = fd_check_ours(c);

	if (ret < 0)
		return ret;
	if (!*c->s1)
		return -EEXIST;
	if (c->m->proc_fd < 0)
		return -EOPNOTSUPP;
	ret = walk_parent(c->m, c->g1, c->s1, &dir, &name);
	if (ret < 0)
		return ret;
	if (c->req.flags & BROKER_LINK_OVER)
		ret = link_over(c, dir, name);
	else if (linkat(c->m->proc_fd, fd_name(c->fd).s, dir, name,
			AT_SYMLINK_FOLLOW) < 0)
		ret = -errno;
	walk_close(c->g1, dir);
	return ret;
}

static struct timespec from_ns(int64_t ns)
{
	struct timespec ts = { 0, UTIME_OMIT };

	if (ns == INT64_MAX) {
		ts.tv_nsec = UTIME_NOW;
	} else if (ns != INT64_MIN) {
		ts.tv_sec = ns / 1000000000;
		ts.tv_nsec = ns % 1000000000;
		if (ts.tv_nsec < 0) {
			ts.tv_sec--;
			ts.tv_nsec += 1000000000;
		}
	}
	return ts;
}

int serve_fd_utimens(struct call *c)
{
	const struct timespec ts[2] = {
		from_ns((int64_t)c->req.arg[1]),
		from_ns((int64_t)c->req.arg[2]),
	};
	int ret = fd_check_ours(c);

	if (ret < 0)
		return ret;
	return futimens(c->fd, ts) < 0 ? -errno : 0;
}

int serve_fd_lseek(struct call *c)
{
	off_t off;

	if (c->req.arg[2] > SEEK_HOLE)
		return BROKEN;
	off = lseek(c->fd, (off_t)c->req.arg[1], (int)c->req.arg[2]);
	if (off < 0)
		return -errno;
	c->rep.val[0] = (uint64_t)off;
	return 0;
}

int serve_fd_flags(struct call *c)
{
	int flags = get_flags(c->fd);

	if (flags < 0)
		return flags;
	c->rep.val[0] = (uint64_t)flags;
	return 0;
}

/*
 * Terminals.  What puts characters into the queue of another reader or moves
 * the terminal between sessions is not here (TIOCSTI, TIOCLINUX, TIOCSCTTY,
 * TIOCSPGRP...), nor are the locked termios.
 */
static const struct broker_tty {
	unsigned long cmd;
	uint16_t in;		/* bytes of structure in, out */
	uint16_t out;
	uint16_t arg_end;	/* integer arguments below it; 0: none */
	bool drains;		/* waits until all is sent */
} broker_ttys[] = {
	{ TCGETS, 0, sizeof(struct termios), 0, false },
	{ TCSETS, sizeof(struct termios), 0, 0, false },
	{ TCSETSW, sizeof(struct termios), 0, 0, true },
	{ TCSETSF, sizeof(struct termios), 0, 0, true },
	{ TCGETS2, 0, sizeof(struct termios2), 0, false },
	{ TCSETS2, sizeof(struct termios2), 0, 0, false },
	{ TCSETSW2, sizeof(struct termios2), 0, 0, true },
	{ TCSETSF2, sizeof(struct termios2), 0, 0, true },
	{ TCSBRK, 0, 0, 2, true },
	{ TCSBRKP, 0, 0, BROKER_BREAK_MAX + 1, true },
	{ TCXONC, 0, 0, 4, false },
	{ TCFLSH, 0, 0, 3, false },
	{ TIOCGPGRP, 0, sizeof(int), 0, false },
	{ TIOCGSID, 0, sizeof(int), 0, false },
	{ TIOCOUTQ, 0, sizeof(int), 0, false },
	{ FIONREAD, 0, sizeof(int), 0, false },
	{ TIOCGWINSZ, 0, 4 * sizeof(uint16_t), 0, false },
	{ TIOCSWINSZ, 4 * sizeof(uint16_t), 0, 0, false },
};

/* The numbers mean other things to other drivers: a terminal, or a count. */
static bool may_ioctl(int fd, unsigned long cmd)
{
	struct termios t;
	struct statx sx;

	if (stat_fd(fd, &sx) < 0)
		return false;
	if (cmd == FIONREAD && (S_ISREG(sx.stx_mode) ||
				S_ISFIFO(sx.stx_mode) ||
				S_ISSOCK(sx.stx_mode)))
		return true;
	return S_ISCHR(sx.stx_mode) && !syscall(SYS_ioctl, fd, TCGETS, &t);
}

/*
 * BROKER_TTY_*, @pgrp being in front.  Who could continue sbx is its parent, if
 * that is a shell: in the same session and another group.
 */
static int where_we_are(pid_t pgrp)
{
	pid_t parent = getppid();

	if (pgrp == getpgrp())
		return BROKER_TTY_FRONT;
	return getsid(parent) == getsid(0) && getpgid(parent) != getpgrp() ?
		BROKER_TTY_BACKGROUND : BROKER_TTY_ORPHANED;
}

int serve_fd_tty(struct call *c)
{
	unsigned char buf[128] __attribute__((aligned(8))) = { 0 };
	const struct broker_tty *t = NULL;
	int queued = 0;
	pid_t pgrp;
	long ret;

	for (size_t i = 0; i < sizeof(broker_ttys) / sizeof(*t); i++)
		if (broker_ttys[i].cmd == c->req.arg[1])
			t = &broker_ttys[i];
	if (!t)
		return -ENOTTY;
	if (c->req.len1 != t->in ||
	    (c->req.arg[2] && c->req.arg[2] >= t->arg_end))
		return BROKEN;
	if (!may_ioctl(c->fd, t->cmd))
		return -ENOTTY;
	/* A line may be slow, or stopped for ever: the kernel asks again. */
	if (t->drains && !syscall(SYS_ioctl, c->fd, TIOCOUTQ, &queued) &&
	    queued > 0)
		return -EAGAIN;
	memcpy(buf, c->s1, t->in);
	if (t->arg_end)
		ret = syscall(SYS_ioctl, c->fd, t->cmd, c->req.arg[2]);
	else
		ret = syscall(SYS_ioctl, c->fd, t->cmd, buf);
	if (ret < 0)
		return -errno;
	memcpy(c->body, buf, t->out);
	c->rep.len = t->out;
	if (t->cmd == TIOCGPGRP) {
		memcpy(&pgrp, buf, sizeof(pgrp));
		c->rep.val[0] = (uint64_t)where_we_are(pgrp);
	}
	return 0;
}
