/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fsmod.c: requests that change directories and attributes.  request.c has
 * made sure that the grant is writable.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "loader/broker/server.h"

/* Look at what has just been made and describe it. */
static int reply_made(struct call *c, const struct grant *g, int dir,
		      const char *name)
{
	struct statx sx;
	int fd = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	int ret;

	if (fd < 0)
		return -errno;
	ret = stat_fd(fd, &sx);
	if (!ret && walk_hidden_id(g, &sx))
		ret = -EACCES;
	if (!ret)
		ret = reply_node(c, fd, &sx);
	close(fd);
	return ret;
}

int serve_mkdir(struct call *c)
{
	const char *name;
	int dir;
	int ret;

	if (c->req.arg[0] & ~07777ULL)
		return BROKEN;
	if (!*c->s1)
		return -EEXIST;
	ret = walk_parent(c->m, c->g1, c->s1, &dir, &name);
	if (ret < 0)
		return ret;
	if (mkdirat(dir, name, (mode_t)c->req.arg[0] & 01777) < 0)
		ret = -errno;
	else
		ret = reply_made(c, c->g1, dir, name);
	walk_close(c->g1, dir);
	return ret;
}

int serve_mknod(struct call *c)
{
	uint64_t mode = c->req.arg[0];
	const char *name;
	int dir;
	int ret;

	if (mode & ~(uint64_t)(S_IFMT | 07777) ||
	    ((mode & S_IFMT) != S_IFREG && (mode & S_IFMT) != S_IFIFO))
		return BROKEN;
	if (mode & (S_ISUID | S_ISGID))
		return -EPERM;
	if (!*c->s1)
		return -EEXIST;
	ret = walk_parent(c->m, c->g1, c->s1, &dir, &name);
	if (ret < 0)
		return ret;
	if (mknodat(dir, name, (mode_t)mode, 0) < 0)
		ret = -errno;
	else
		ret = reply_made(c, c->g1, dir, name);
	walk_close(c->g1, dir);
	return ret;
}

int serve_symlink(struct call *c)
{
	const char *name;
	int dir;
	int ret;

	if (!c->req.len2 || c->req.len2 >= BROKER_PATH_MAX ||
	    memchr(c->s2, '\0', c->req.len2))
		return BROKEN;
	if (!*c->s1)
		return -EEXIST;
	if (walk_is_way(c->g1, c->s1, c->req.len1))
		return -EBUSY;
	ret = walk_parent(c->m, c->g1, c->s1, &dir, &name);
	if (ret < 0)
		return ret;
	if (symlinkat(c->s2, dir, name) < 0)
		ret = -errno;
	else
		ret = reply_made(c, c->g1, dir, name);
	walk_close(c->g1, dir);
	return ret;
}

static int remove_name(struct call *c, int flags)
{
	const char *name;
	int dir;
	int ret;

	if (!*c->s1)
		return -EBUSY;
	ret = walk_parent(c->m, c->g1, c->s1, &dir, &name);
	if (ret < 0)
		return ret;
	if (unlinkat(dir, name, flags) < 0)
		ret = -errno;
	walk_close(c->g1, dir);
	return ret;
}

int serve_unlink(struct call *c)
{
	return remove_name(c, 0);
}

int serve_rmdir(struct call *c)
{
	return remove_name(c, AT_REMOVEDIR);
}

int serve_rename(struct call *c)
{
	uint64_t flags = c->req.arg[0];
	const char *from;
	const char *to;
	int dir1;
	int dir2;
	int ret;

	if (flags != 0 && flags != RENAME_NOREPLACE &&
	    flags != RENAME_EXCHANGE)
		return BROKEN;
	if (!*c->s1 || !*c->s2 || walk_is_way(c->g1, c->s1, c->req.len1) ||
	    walk_is_way(c->g2, c->s2, c->req.len2))
		return -EBUSY;
	ret = walk_parent(c->m, c->g1, c->s1, &dir1, &from);
	if (ret < 0)
		return ret;
	ret = walk_parent(c->m, c->g2, c->s2, &dir2, &to);
	if (ret < 0)
		goto close1;
	if (syscall(SYS_renameat2, dir1, from, dir2, to,
		    (unsigned int)flags) < 0)
		ret = -errno;
	walk_close(c->g2, dir2);
close1:
	walk_close(c->g1, dir1);
	return ret;
}

int serve_link(struct call *c)
{
	const char *from;
	const char *to;
	int dir1;
	int dir2;
	int ret;

	if (!*c->s1)
		return -EPERM;
	if (!*c->s2)
		return -EEXIST;
	ret = walk_parent(c->m, c->g1, c->s1, &dir1, &from);
	if (ret < 0)
		return ret;
	ret = walk_parent(c->m, c->g2, c->s2, &dir2, &to);
	if (ret < 0)
		goto close1;
	if (linkat(dir1, from, dir2, to, 0) < 0)
		ret = -errno;
	else
		ret = reply_made(c, c->g2, dir2, to);
	walk_close(c->g2, dir2);
close1:
	walk_close(c->g1, dir1);
	return ret;
}

/* What may have its attributes changed: no devices, no sockets. */
static bool plain(uint32_t mode)
{
	return S_ISREG(mode) || S_ISDIR(mode) || S_ISFIFO(mode) ||
	       S_ISLNK(mode);
}

/* An O_PATH descriptor cannot be given to fchmod; its name in /proc can. */
static int chmod_path(struct call *c, int fd, const struct statx *sx,
		      mode_t mode)
{
	int real;
	int ret = 0;

	if (c->m->proc_fd >= 0) {
		if (fchmodat(c->m->proc_fd, fd_name(fd).s, mode, 0) < 0)
			return -errno;
		return 0;
	}
	if (!S_ISDIR(sx->stx_mode))
		return -EACCES;
	real = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (real < 0)
		return -errno;
	if (fchmod(real, mode) < 0)
		ret = -errno;
	close(real);
	return ret;
}

int serve_chmod(struct call *c)
{
	uint64_t mode = c->req.arg[0];
	struct statx sx;
	int fd;
	int ret;

	if (mode & ~07777ULL)
		return BROKEN;
	if (mode & S_ISUID)
		return -EPERM;
	ret = walk_fd(c->m, c->g1, c->s1, c->req.len1, &fd, &sx);
	if (ret < 0)
		return ret;
	if (S_ISLNK(sx.stx_mode))
		ret = -EOPNOTSUPP;
	/* Nothing in the sandbox may leave a set-id program on the host. */
	else if (!plain(sx.stx_mode) ||
		 ((mode & S_ISGID) && !S_ISDIR(sx.stx_mode)))
		ret = -EPERM;
	else
		ret = chmod_path(c, fd, &sx, (mode_t)mode);
	walk_close(c->g1, fd);
	return ret;
}

static bool id_ok(uint64_t id)
{
	return id <= 0xffffffffU;
}

int serve_chown(struct call *c)
{
	struct statx sx;
	int fd;
	int ret;

	if (!id_ok(c->req.arg[0]) || !id_ok(c->req.arg[1]))
		return BROKEN;
	ret = walk_fd(c->m, c->g1, c->s1, c->req.len1, &fd, &sx);
	if (ret < 0)
		return ret;
	if (!plain(sx.stx_mode))
		ret = -EPERM;
	else if (fchownat(fd, "", (uid_t)c->req.arg[0], (gid_t)c->req.arg[1],
			  AT_EMPTY_PATH) < 0)
		ret = -errno;
	walk_close(c->g1, fd);
	return ret;
}

static bool nsec_ok(uint64_t ns)
{
	return ns < 1000000000 || ns == UTIME_NOW || ns == UTIME_OMIT;
}

int serve_utimens(struct call *c)
{
	const uint64_t *a = c->req.arg;
	const struct timespec ts[2] = {
		{ (time_t)a[0], (long)a[1] }, { (time_t)a[2], (long)a[3] },
	};
	struct statx sx;
	int fd;
	int ret;

	if (!nsec_ok(a[1]) || !nsec_ok(a[3]))
		return BROKEN;
	ret = walk_fd(c->m, c->g1, c->s1, c->req.len1, &fd, &sx);
	if (ret < 0)
		return ret;
	if (!plain(sx.stx_mode))
		ret = -EPERM;
	else if (utimensat(fd, "", ts, AT_EMPTY_PATH) < 0)
		ret = -errno;
	/* Before Linux 5.8 there is no empty path here. */
	if (ret == -EINVAL && c->m->proc_fd >= 0) {
		ret = utimensat(c->m->proc_fd, fd_name(fd).s, ts, 0);
		ret = ret < 0 ? -errno : 0;
	}
	walk_close(c->g1, fd);
	return ret;
}

/* Open a regular file of the path for a change, or a directory to sync. */
static int open_for(struct call *c, int flags)
{
	const char *name = NULL;
	struct statx sx;
	int dir = -1;
	int fd;
	int ret = walk_fd(c->m, c->g1, c->s1, c->req.len1, &fd, &sx);

	if (ret < 0)
		return ret;
	if (S_ISDIR(sx.stx_mode) && flags == O_RDONLY) {
		ret = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		ret = ret < 0 ? -errno : ret;
	} else if (!S_ISREG(sx.stx_mode)) {
		ret = S_ISDIR(sx.stx_mode) ? -EISDIR : -EINVAL;
	} else {
		if (c->m->proc_fd < 0 && *c->s1)
			ret = walk_parent(c->m, c->g1, c->s1, &dir, &name);
		if (!ret)
			ret = walk_reopen(c->m, fd, &sx, dir, name, flags);
		walk_close(c->g1, dir);
	}
	walk_close(c->g1, fd);
	return ret;
}

int serve_truncate(struct call *c)
{
	struct statx sx;
	int ret;
	int fd;

	if (c->req.arg[0] > INT64_MAX)
		return BROKEN;
	fd = open_for(c, O_WRONLY);
	if (fd < 0)
		return fd;
	ret = stat_fd(fd, &sx);
	if (!ret)
		ret = bound_size(c->m, sx.stx_size, c->req.arg[0]);
	if (!ret && ftruncate(fd, (off_t)c->req.arg[0]) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

int serve_sync(struct call *c)
{
	int ret = 0;
	int fd;

	if (c->req.arg[0] > 2)
		return BROKEN;
	if (c->req.arg[0] == 2 && !c->g1->writable)
		return -EROFS;
	fd = open_for(c, O_RDONLY);
	if (fd < 0)
		return fd;
	if (c->req.arg[0] == 2)
		ret = syncfs(fd);
	else
		ret = c->req.arg[0] ? fdatasync(fd) : fsync(fd);
	if (ret < 0)
		ret = -errno;
	close(fd);
	return ret;
}
