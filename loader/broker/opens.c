/* SPDX-License-Identifier: Apache-2.0 */
/* opens.c: OPENS, which opens many files at once. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "loader/broker/server.h"

/* The directory that names are looked for in. */
struct place {
	int fd;			/* or -1: it cannot be */
	uint64_t dev;
	size_t n;
	char path[BROKER_PATH_MAX + NAME_MAX + 2];	/* n bytes, and a name */
};

static int place_enter(struct call *c, struct place *p, const char *path,
		       size_t n)
{
	struct statx sx;
	int ret = walk_fd(c->m, c->g1, path, n, &p->fd, &sx);

	if (ret < 0) {
		p->fd = -1;
		return ret;
	}
	memcpy(p->path, path, n);
	p->n = n;
	p->dev = stat_dev(&sx);
	if (S_ISDIR(sx.stx_mode))
		return 0;
	walk_close(c->g1, p->fd);
	p->fd = -1;
	return S_ISLNK(sx.stx_mode) ? -ELOOP : -ENOTDIR;
}

/* The file of that name: a descriptor or -errno. */
static int open_one(struct call *c, struct place *p, const char *name,
		    struct statx *sx)
{
	size_t start = p->n ? p->n + 1 : 0;
	size_t n = strlen(name);
	int fd;
	int ret;

	p->path[p->n] = '/';
	memcpy(p->path + start, name, n + 1);
	ret = walk_step(c->m, c->g1, p->fd, p->dev, p->path, start, start + n,
			&fd, sx);
	if (ret < 0)
		return ret;
	ret = not_regular(sx->stx_mode);
	if (!ret)
		ret = walk_reopen(c->m, fd, sx, p->fd, name, O_RDONLY);
	close(fd);
	return ret;
}

static void put_opened(struct call *c, uint32_t nr, int fd,
		       const struct statx *sx)
{
	struct broker_opened o = { .nr = nr };

	stat_fill(&o.st, sx);
	memcpy(c->body + c->rep.len, &o, sizeof(o));
	c->rep.len += (uint32_t)sizeof(o);
	c->rep.count++;
	c->fds_out[c->n_fds_out++] = fd;
}

/* Names and paths of directories, as many as there may be. */
static bool row_ok(const char *s, size_t n)
{
	unsigned int names = 0, dirs = 0;
	size_t len;

	if (!n || s[n - 1])
		return false;
	for (; n; s += len + 1, n -= len + 1) {
		len = strlen(s);
		if (*s == '/' ? !path_ok(s + 1, len - 1) || ++dirs > BROKER_FDS_MAX :
		    !names_ok(s, len + 1) || ++names > BROKER_FDS_MAX)
			return false;
	}
	return true;
}

int serve_opens(struct call *c)
{
	struct place p;
	struct statx sx;
	uint32_t nr = 0;
	size_t len;
	int ret;

	if (!row_ok(c->s2, c->req.len2))
		return BROKEN;
	ret = place_enter(c, &p, c->s1, c->req.len1);
	if (ret < 0)
		return ret;
	for (size_t i = 0; i < c->req.len2; i += len + 1) {
		const char *s = c->s2 + i;
		int fd = -1;

		len = strlen(s);
		if (*s == '/') {
			walk_close(c->g1, p.fd);
			place_enter(c, &p, s + 1, len - 1);
			continue;
		}
		if (p.fd >= 0)
			fd = open_one(c, &p, s, &sx);
		if (fd >= 0)
			put_opened(c, nr, fd, &sx);
		nr++;
	}
	walk_close(c->g1, p.fd);
	return 0;
}
