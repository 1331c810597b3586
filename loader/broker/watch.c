/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watch.c: what others do to granted files: watches, and locks.
 *
 * The descriptor of inotify is given to the sandbox, which can read events
 * from it and nothing else; which files they are of is decided here.  A
 * directory in which something is hidden is not watched, for its name would
 * be told.  The host limits watches by user: so a sandbox has a bound, too.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "loader/broker/server.h"

/* Is anything in that directory hidden, or is it in a hidden place? */
static bool hides(const struct grant *g, const char *dir, size_t n)
{
	size_t at = n ? n + 1 : 0;

	for (size_t i = 0; i < g->hide_count; i++) {
		const char *path = g->hides[i].path;

		if (!g->hides[i].listed && strlen(path) > at &&
		    !memcmp(path, dir, n) && (!n || path[n] == '/') &&
		    !strchr(path + at, '/'))
			return true;
	}
	return false;
}

static int start(struct monitor *m)
{
	if (m->watch_fd >= 0)
		return 0;
	m->watch_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	return m->watch_fd < 0 ? -errno : 0;
}

static size_t find(const struct monitor *m, int wd)
{
	size_t i;

	for (i = 0; i < m->watch_count && m->watches[i] != wd; i++)
		;
	return i;
}

static int add(struct monitor *m, int fd)
{
	char name[32];
	int wd;

	if (m->watch_count == BROKER_WATCH_MAX)
		return -ENOSPC;
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	/* What the sandbox still has open of a file that went is its own. */
	wd = inotify_add_watch(m->watch_fd, name,
			       BROKER_WATCH_MASK | IN_EXCL_UNLINK);
	if (wd < 0)
		return -errno;
	/* One file has one number, however often it is asked for. */
	if (find(m, wd) == m->watch_count)
		m->watches[m->watch_count++] = wd;
	return wd;
}

int serve_watch(struct call *c)
{
	struct monitor *m = c->m;
	struct statx sx;
	int fd;
	int ret = walk_fd(m, c->g1, c->s1, c->req.len1, &fd, &sx);

	if (ret < 0)
		return ret;
	if (m->proc_fd < 0)
		ret = -EOPNOTSUPP;
	else if (!S_ISDIR(sx.stx_mode) && !S_ISREG(sx.stx_mode))
		ret = -EINVAL;
	else if (hides(c->g1, c->s1, c->req.len1))
		ret = -EACCES;
	else
		ret = start(m);
	if (!ret && (c->req.flags & BROKER_WATCH_FD)) {
		c->fd_out = (int)syscall(SYS_fcntl, m->watch_fd,
					 F_DUPFD_CLOEXEC, 0);
		if (c->fd_out < 0)
			ret = -errno;
	}
	if (!ret) {
		ret = add(m, fd);
		if (ret >= 0) {
			c->rep.val[0] = (uint64_t)ret;
			ret = 0;
		}
	}
	walk_close(c->g1, fd);
	if (ret && c->fd_out >= 0) {
		close(c->fd_out);
		c->fd_out = -1;
	}
	return ret;
}

int serve_unwatch(struct call *c)
{
	struct monitor *m = c->m;
	size_t i;

	if (c->req.arg[0] > INT32_MAX)
		return BROKEN;
	i = find(m, (int)c->req.arg[0]);
	if (i == m->watch_count)
		return -EINVAL;
	/* It may have gone with its file: then this fails, and is free. */
	(void)inotify_rm_watch(m->watch_fd, m->watches[i]);
	m->watches[i] = m->watches[--m->watch_count];
	return 0;
}

static int lock_range(struct call *c, unsigned int type, bool test)
{
	static const short types[] = { F_RDLCK, F_WRLCK, F_UNLCK };
	struct flock l = {
		.l_type = types[type], .l_whence = SEEK_SET,
		.l_start = (off_t)c->req.arg[2],
	};

	/* Linux takes no length that ends at the very last byte. */
	if (c->req.arg[3] != INT64_MAX)
		l.l_len = (off_t)(c->req.arg[3] - c->req.arg[2] + 1);
	if (fcntl(c->fd, test ? F_OFD_GETLK : F_OFD_SETLK, &l) < 0)
		return errno == EACCES ? -EAGAIN : -errno;
	if (!test)
		return 0;
	c->rep.count = l.l_type == F_RDLCK ? 0 : l.l_type == F_WRLCK ? 1 : 2;
	c->rep.val[0] = (uint64_t)l.l_start;
	c->rep.val[1] = l.l_len ? (uint64_t)(l.l_start + l.l_len - 1) :
		INT64_MAX;
	return 0;
}

int serve_fd_lock(struct call *c)
{
	static const int ops[] = { LOCK_SH, LOCK_EX, LOCK_UN };
	const uint64_t *a = c->req.arg;
	unsigned int type = a[1] & 0xff;
	bool whole = a[1] & BROKER_LOCK_WHOLE, test = a[1] & BROKER_LOCK_TEST;
	struct statx sx;
	int ret;

	if ((a[1] & ~(0xffULL | BROKER_LOCK_WHOLE | BROKER_LOCK_TEST)) ||
	    type > 2 || (whole && test) || (test && type == 2) ||
	    a[2] > a[3] || a[3] > INT64_MAX)
		return BROKEN;
	ret = fd_check_ours(c);
	if (ret < 0)
		return ret;
	if (!whole)
		ret = lock_range(c, type, test);
	else
		ret = flock(c->fd, ops[type] | LOCK_NB) < 0 ? -errno : 0;
	if (ret || test || type == 2)
		return ret;
	/* Attributes of before are what somebody else has changed. */
	ret = stat_fd(c->fd, &sx);
	return ret < 0 ? ret : reply_node(c, c->fd, &sx);
}
