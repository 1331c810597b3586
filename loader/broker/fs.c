/* SPDX-License-Identifier: Apache-2.0 */
/* fs.c: requests that look at files, and OPEN. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "loader/broker/server.h"

/*
 * What is not a regular file is not opened: devices, fifos and sockets never
 * by the broker at all.
 */
int not_regular(uint32_t mode)
{
	if (S_ISDIR(mode))
		return -EISDIR;
	if (S_ISLNK(mode))
		return -ELOOP;
	return S_ISREG(mode) ? 0 : -ENXIO;
}

/*
 * WALK.
 */
struct walk {
	struct call *c;
	size_t len;		/* of the body so far */
	int dir;		/* holds the component before */
	int fd;			/* the last component reached */
	size_t name;		/* where its name starts in s1 */
	struct statx sx;	/* of fd */
};

/* Report the components of s1 from start on.  0, or why it ended early. */
static int walk_components(struct walk *w, size_t start)
{
	struct call *c = w->c;
	const char *path = c->s1;
	size_t n = c->req.len1;

	while (start < n) {
		const char *slash = memchr(path + start, '/', n - start);
		size_t end = slash ? (size_t)(slash - path) : n;
		struct statx sx;
		int fd;
		int ret;

		if (S_ISLNK(w->sx.stx_mode))
			return 0;
		if (!S_ISDIR(w->sx.stx_mode))
			return -ENOTDIR;
		ret = walk_step(c->m, c->g1, w->fd, stat_dev(&w->sx), path,
				start, end, &fd, &sx);
		if (ret < 0)
			return ret;
		ret = put_node(c, &w->len, fd, &sx);
		if (ret < 0) {
			close(fd);
			if (ret != -EMSGSIZE)
				return ret;
			c->rep.flags |= BROKER_REP_MORE;
			return 0;
		}
		c->rep.count++;
		walk_close(c->g1, w->dir);
		w->dir = w->fd;
		w->fd = fd;
		w->sx = sx;
		w->name = start;
		start = end + 1;
	}
	return 0;
}

static void walk_open(struct walk *w)
{
	struct call *c = w->c;
	bool named = w->dir >= 0;
	int ret = not_regular(w->sx.stx_mode);

	if (!ret)
		ret = walk_reopen(c->m, w->fd, &w->sx, w->dir,
				  named ? c->s1 + w->name : NULL, O_RDONLY);
	if (ret >= 0) {
		c->fd_out = ret;
		ret = 0;
	}
	c->rep.val[0] = (uint64_t)(int64_t)ret;
}

int serve_walk(struct call *c)
{
	struct walk w = { .c = c, .dir = -1 };
	uint64_t start = c->req.arg[0];
	uint64_t n = c->req.len1;
	int ret;

	if (start > n || (start && start < n && c->s1[start - 1] != '/'))
		return BROKEN;
	ret = walk_fd(c->m, c->g1, c->s1,
		      start && start < n ? start - 1 : start, &w.fd, &w.sx);
	if (ret < 0)
		return ret;
	if (c->req.flags & BROKER_WALK_SELF) {
		ret = put_node(c, &w.len, w.fd, &w.sx);
		if (ret < 0)
			goto out;
		c->rep.count++;
	}
	ret = walk_components(&w, start);
	if (!ret && (c->req.flags & BROKER_WALK_OPEN) &&
	    !(c->rep.flags & BROKER_REP_MORE) && !S_ISLNK(w.sx.stx_mode))
		walk_open(&w);
	c->rep.len = (uint32_t)w.len;
out:
	walk_close(c->g1, w.dir);
	walk_close(c->g1, w.fd);
	return ret;
}

/*
 * OPEN.
 */
#define OPEN_FLAGS (O_ACCMODE | O_CREAT | O_EXCL | O_TRUNC | O_APPEND)
#define UNNAMED_FLAGS (O_TMPFILE | O_RDWR)	/* all of them, or O_EXCL too */

/* A file without a name, in the directory of the path. */
static int open_unnamed(struct call *c, int flags)
{
	struct statx sx;
	int fd;
	int ret = walk_fd(c->m, c->g1, c->s1, c->req.len1, &fd, &sx);

	if (ret < 0)
		return ret;
	ret = S_ISDIR(sx.stx_mode) ? 0 : -ENOTDIR;
	if (!ret)
		c->fd_out = openat(fd, ".", flags | O_CLOEXEC,
				   (mode_t)c->req.arg[1]);
	if (!ret && c->fd_out < 0)
		ret = -errno;
	walk_close(c->g1, fd);
	if (!ret)
		ret = stat_fd(c->fd_out, &sx);
	return ret < 0 ? ret : reply_node(c, c->fd_out, &sx);
}

/* The last component, at name in dir, is there: open it. */
static int open_there(struct call *c, int fd, const struct statx *sx, int dir,
		      const char *name, int flags)
{
	struct statx now;
	int ret;

	ret = not_regular(sx->stx_mode);
	if (ret < 0)
		return ret;
	if ((flags & O_CREAT) && (flags & O_EXCL))
		return -EEXIST;
	ret = walk_reopen(c->m, fd, sx, dir, name,
			  flags & (O_ACCMODE | O_APPEND));
	if (ret < 0)
		return ret;
	c->fd_out = ret;
	if ((flags & O_TRUNC) && ftruncate(c->fd_out, 0) < 0)
		return -errno;
	ret = stat_fd(c->fd_out, &now);
	return ret < 0 ? ret : reply_node(c, c->fd_out, &now);
}

/* It was not there: make it.  O_EXCL makes sure that it is new and a file. */
static int open_new(struct call *c, int dir, const char *name, int flags)
{
	struct statx sx;
	int ret;

	c->fd_out = openat(dir, name, (flags & (O_ACCMODE | O_APPEND)) |
			   O_CREAT | O_EXCL | O_NOFOLLOW | O_NOCTTY |
			   O_NONBLOCK | O_CLOEXEC,
			   (mode_t)c->req.arg[1]);
	if (c->fd_out < 0)
		return -errno;
	ret = stat_fd(c->fd_out, &sx);
	if (ret < 0)
		return ret;
	c->rep.val[0] = 1;
	return reply_node(c, c->fd_out, &sx);
}

static int open_path(struct call *c, int flags)
{
	const char *name = NULL;
	int dir = -1;
	struct statx sx;
	int fd;
	int ret = walk_fd(c->m, c->g1, c->s1, c->req.len1, &fd, &sx);

	if (ret < 0 && (ret != -ENOENT || !(flags & O_CREAT)))
		return ret;
	if (ret < 0 || (c->m->proc_fd < 0 && c->req.len1)) {
		int err = walk_parent(c->m, c->g1, c->s1, &dir, &name);

		if (err < 0) {
			ret = err;
			goto out;
		}
	}
	if (ret < 0)
		ret = open_new(c, dir, name, flags);
	else
		ret = open_there(c, fd, &sx, dir, name, flags);
	walk_close(c->g1, dir);
out:
	walk_close(c->g1, fd);
	if (ret < 0 && c->fd_out >= 0) {
		close(c->fd_out);
		c->fd_out = -1;
	}
	return ret;
}

int serve_open(struct call *c)
{
	uint64_t flags = c->req.arg[0];
	bool unnamed = (flags & ~(uint64_t)O_EXCL) == UNNAMED_FLAGS;
	int ret;

	if ((flags & ~(uint64_t)OPEN_FLAGS && !unnamed) || (flags & O_ACCMODE) == O_ACCMODE ||
	    c->req.arg[1] & ~07777ULL)
		return BROKEN;
	if ((flags & ~(uint64_t)O_APPEND) != O_RDONLY && !grant_writable(c->m, c->g1))
		return -EROFS;
	/* As CHMOD: no set-id programs on the host. */
	if (c->req.arg[1] & (S_ISUID | S_ISGID))
		return -EPERM;
	if (unnamed)
		return open_unnamed(c, (int)flags);
	ret = open_path(c, (int)flags);
	/* Another process of the host may have been quicker; once more. */
	if ((ret == -EEXIST && !(flags & O_EXCL)) || ret == -EAGAIN)
		ret = open_path(c, (int)flags);
	return ret;
}

int serve_stat(struct call *c)
{
	struct statx sx;
	int fd;
	int ret = walk_fd(c->m, c->g1, c->s1, c->req.len1, &fd, &sx);

	if (ret < 0)
		return ret;
	ret = reply_node(c, fd, &sx);
	walk_close(c->g1, fd);
	return ret;
}

int serve_readlink(struct call *c)
{
	struct statx sx;
	int fd;
	ssize_t n = 0;
	int ret = walk_fd(c->m, c->g1, c->s1, c->req.len1, &fd, &sx);

	if (ret < 0)
		return ret;
	if (!S_ISLNK(sx.stx_mode))
		ret = -EINVAL;
	else if ((n = readlinkat(fd, "", (char *)c->body, PATH_MAX)) < 0)
		ret = -errno;
	else
		c->rep.len = (uint32_t)n;
	walk_close(c->g1, fd);
	return ret;
}

int serve_statfs(struct call *c)
{
	struct statx sx;
	int fd;
	int ret = walk_fd(c->m, c->g1, c->s1, c->req.len1, &fd, &sx);

	if (ret < 0)
		return ret;
	ret = reply_statfs(c, fd);
	walk_close(c->g1, fd);
	return ret;
}
