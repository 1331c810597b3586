/* SPDX-License-Identifier: Apache-2.0 */
/*
 * list.c: requests that list directories, one or many at once.
 *
 * Attributes that come with a list are those that a walk to the name would
 * tell: of what is hidden, and of what is mounted there, there are none, so
 * that the kernel asks for the name by itself.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "loader/broker/server.h"

#ifndef STATX_ATTR_MOUNT_ROOT
#define STATX_ATTR_MOUNT_ROOT	0x2000	/* Linux 5.8 */
#endif

/* Directories within each other that LIST goes into by itself. */
#define DEPTH_MAX 16

struct host_dirent {
	uint64_t ino;
	int64_t off;
	uint16_t reclen;
	uint8_t type;
	char name[];
};

/* What is being listed, and how much of the body is used and may be. */
struct lister {
	struct call *c;
	size_t len, max;
	uint64_t dev;			/* of the directory */
	uint64_t left;			/* LIST: directories still wanted */
	bool full;
	size_t base;			/* of path: the call's, with a slash */
	size_t n;			/* bytes of path: of the directory */
	char path[BROKER_PATH_MAX + 1];	/* not terminated */
};

static bool is_dot(const char *name)
{
	return name[0] == '.' &&
	       (!name[1] || (name[1] == '.' && !name[2]));
}

/* Is it the hidden place @h, the name in the lister's directory? */
static bool is_place(const struct lister *l, const struct hide *h,
		     const char *name)
{
	size_t dir_len = l->n ? l->n + 1 : 0;

	return strlen(h->path) > dir_len &&
	       !strcmp(h->path + dir_len, name) &&
	       (!dir_len || (h->path[dir_len - 1] == '/' &&
			     !memcmp(h->path, l->path, dir_len - 1)));
}

/* The place that the name is, or NULL: nothing is hidden there. */
static const struct hide *place(const struct lister *l, const char *name)
{
	const struct grant *g = l->c->g1;

	for (size_t i = 0; i < g->hide_count; i++)
		if (is_place(l, &g->hides[i], name))
			return &g->hides[i];
	return NULL;
}

/* Files of one file system may tell of different devices (overlayfs). */
static bool is_mount(const struct lister *l, const struct statx *sx)
{
	if (sx->stx_attributes_mask & STATX_ATTR_MOUNT_ROOT)
		return sx->stx_attributes & STATX_ATTR_MOUNT_ROOT;
	return stat_dev(sx) != l->dev;
}

/* Attributes as a walk would tell them, and the target of a link. */
static bool look(const struct lister *l, int dir, const char *name,
		 struct broker_stat *st, char target[PATH_MAX], size_t *n)
{
	struct statx sx;
	ssize_t ret = 0;

	if (statx(dir, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT,
		  STATX_BASIC_STATS | STATX_BTIME, &sx) < 0 ||
	    is_mount(l, &sx) || walk_hidden_id(l->c->g1, &sx))
		return false;
	if (S_ISLNK(sx.stx_mode))
		ret = readlinkat(dir, name, target, PATH_MAX);
	if (ret < 0)
		return false;
	stat_fill(st, &sx);
	*n = (size_t)ret;
	return true;
}

static bool has_none(const struct lister *l, const struct broker_stat *st,
		     int dir, const char *name)
{
	return (l->c->req.flags & BROKER_DIR_XATTR) &&
	       (S_ISREG(st->mode) || S_ISDIR(st->mode)) &&
	       xattr_none(l->c->m, dir, name);
}

/* Append one entry; false when it does not fit. */
static bool put_entry(struct lister *l, struct broker_dirent *d,
		      const char *name, size_t name_len,
		      const struct broker_stat *st, const char *target)
{
	size_t st_len = d->has_stat ? sizeof(*st) : 0;
	size_t size = (sizeof(*d) + st_len + name_len + 1 + d->target_len +
		       7) & ~7UL;
	unsigned char *at = l->c->body + l->len;

	if (l->len + size > l->max)
		return false;
	d->rec_len = (uint16_t)size;
	d->name_len = (uint16_t)name_len;
	memset(at + size - 8, 0, 8);
	memcpy(at, d, sizeof(*d));
	memcpy(at + sizeof(*d), st, st_len);
	at += sizeof(*d) + st_len;
	memcpy(at, name, name_len);
	at[name_len] = '\0';
	memcpy(at + name_len + 1, target, d->target_len);
	l->len += size;
	l->c->rep.count++;
	return true;
}

static bool put_dirent(struct lister *l, int dir, const struct host_dirent *h)
{
	struct broker_dirent d = {
		.ino = h->ino, .type = h->type, .cookie = (uint64_t)h->off,
	};
	const struct hide *hidden = place(l, h->name);
	char target[PATH_MAX];
	struct broker_stat st;
	size_t n = 0;

	if (hidden && !hidden->listed)
		return true;
	if ((l->c->req.flags & BROKER_DIR_STAT) && !hidden &&
	    look(l, dir, h->name, &st, target, &n)) {
		d.has_stat = has_none(l, &st, dir, h->name) ? 2 : 1;
		d.target_len = (uint16_t)n;
	}
	return put_entry(l, &d, h->name, strlen(h->name), &st, target);
}

/* From where the descriptor is to the end; l->full: it did not fit. */
static int read_dir(struct lister *l, int dir)
{
	static char buf[32768] __attribute__((aligned(8)));

	for (;;) {
		long n = syscall(SYS_getdents64, dir, buf, sizeof(buf));

		if (n <= 0)
			return n ? -errno : 0;
		for (long i = 0; i < n;) {
			const struct host_dirent *h;

			h = (const struct host_dirent *)(buf + i);
			i += h->reclen;
			if (!is_dot(h->name) && !put_dirent(l, dir, h)) {
				l->full = true;
				return 0;
			}
		}
	}
}

static void lister_init(struct lister *l, struct call *c, uint64_t dev)
{
	l->c = c;
	l->len = 0;
	l->max = sizeof(c->body);
	l->dev = dev;
	l->full = false;
	l->base = l->n = c->req.len1;
	memcpy(l->path, c->s1, l->n);
}

int serve_readdir(struct call *c)
{
	struct lister l;
	struct statx sx;
	int dir;
	int fd;
	int ret = walk_fd(c->m, c->g1, c->s1, c->req.len1, &fd, &sx);

	if (ret < 0)
		return ret;
	dir = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ret = dir < 0 ? -errno : 0;
	walk_close(c->g1, fd);
	if (ret < 0)
		return ret;
	lister_init(&l, c, stat_dev(&sx));
	if (c->req.arg[1] && c->req.arg[1] < l.max)
		l.max = (size_t)c->req.arg[1];
	if (c->req.arg[0] && lseek(dir, (off_t)c->req.arg[0], SEEK_SET) < 0)
		ret = -errno;
	else
		ret = read_dir(&l, dir);
	close(dir);
	if (ret < 0)
		return ret;
	if (l.full && !c->rep.count)
		return -EINVAL;		/* as getdents for a small buffer */
	if (l.full)
		c->rep.flags |= BROKER_REP_MORE;
	c->rep.len = (uint32_t)l.len;
	return 0;
}

/*
 * LIST.
 */
static bool put_head(struct lister *l, int dir, const struct statx *sx)
{
	struct broker_dirent d = {
		.ino = sx->stx_ino, .type = BROKER_DIR_HEAD,
	};
	struct broker_stat st;

	stat_fill(&st, sx);
	d.has_stat = has_none(l, &st, dir, NULL) ? 2 : 1;
	return put_entry(l, &d, l->path + l->base, l->n - l->base, &st, "");
}

static int list_one(struct lister *l, int at, const char *name, int depth);

/* The directories in the one at @dir, whose entries lie from @from to @to. */
static void list_below(struct lister *l, int dir, size_t from, size_t to,
		       int depth)
{
	struct broker_dirent d;

	for (; from < to && l->left && !l->full; from += d.rec_len) {
		const char *name = (const char *)l->c->body + from + sizeof(d);

		memcpy(&d, l->c->body + from, sizeof(d));
		if (d.type == DT_DIR)
			list_one(l, dir, name + (d.has_stat ?
				 sizeof(struct broker_stat) : 0), depth);
	}
}

/* The directory that is open at @dir, whole or not at all. */
static int list_open(struct lister *l, int dir, const struct statx *sx,
		     int depth)
{
	size_t len = l->len, from;
	uint32_t count = l->c->rep.count;
	int ret = 0;

	l->full = !put_head(l, dir, sx);
	from = l->len;
	if (!l->full)
		ret = read_dir(l, dir);
	if (l->full)
		ret = -EMSGSIZE;
	if (ret < 0) {
		l->len = len;
		l->c->rep.count = count;
		return ret;
	}
	l->left--;
	if ((l->c->req.flags & BROKER_DIR_TREE) && depth)
		list_below(l, dir, from, l->len, depth - 1);
	return 0;
}

static int list_one(struct lister *l, int at, const char *name, int depth)
{
	size_t n = l->n, start = n ? n + 1 : 0, end = start + strlen(name);
	uint64_t dev = l->dev;
	struct statx sx;
	int dir;
	int ret;

	if (end > BROKER_PATH_MAX - 1)
		return -ENAMETOOLONG;
	if (n)
		l->path[n] = '/';
	memcpy(l->path + start, name, end - start);
	dir = walk_list(l->c->m, l->c->g1, at, l->path, start, end, &sx);
	if (dir < 0)
		return dir;
	l->n = end;
	l->dev = stat_dev(&sx);
	ret = list_open(l, dir, &sx, depth);
	l->dev = dev;
	l->n = n;
	close(dir);
	return ret;
}

bool names_ok(const char *s, size_t n)
{
	size_t len;

	if (!n || s[n - 1])
		return false;
	for (; n; s += len + 1, n -= len + 1) {
		len = strlen(s);
		if (!len || len > NAME_MAX || memchr(s, '/', len) || is_dot(s))
			return false;
	}
	return true;
}

int serve_list(struct call *c)
{
	struct lister l;
	struct statx sx;
	int fd;
	int ret;

	if (!names_ok(c->s2, c->req.len2) || !c->req.arg[0])
		return BROKEN;
	ret = walk_fd(c->m, c->g1, c->s1, c->req.len1, &fd, &sx);
	if (ret < 0)
		return ret;
	if (S_ISDIR(sx.stx_mode)) {
		lister_init(&l, c, stat_dev(&sx));
		l.base = l.n ? l.n + 1 : 0;
		l.left = c->req.arg[0];
		for (size_t i = 0; i < c->req.len2; i += strlen(c->s2 + i) + 1) {
			int err;

			if (!l.left || l.full)
				break;
			err = list_one(&l, fd, c->s2 + i, DEPTH_MAX);
			if (!i)
				ret = err;
			if (!i && err < 0)
				break;
		}
		c->rep.len = (uint32_t)l.len;
	} else {
		ret = S_ISLNK(sx.stx_mode) ? -ELOOP : -ENOTDIR;
	}
	walk_close(c->g1, fd);
	return ret;
}
