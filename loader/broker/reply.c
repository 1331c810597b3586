/* SPDX-License-Identifier: Apache-2.0 */
/* reply.c: what is put into the body of a reply. */
#include "config.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "loader/broker/server.h"

static void fill_time(struct broker_time *t,
		      const struct statx_timestamp *from)
{
	t->sec = from->tv_sec;
	t->nsec = from->tv_nsec;
	t->zero = 0;
}

void stat_fill(struct broker_stat *st, const struct statx *sx)
{
	memset(st, 0, sizeof(*st));
	st->dev = stat_dev(sx);
	st->rdev = (uint64_t)sx->stx_rdev_major << 32 | sx->stx_rdev_minor;
	st->ino = sx->stx_ino;
	st->size = sx->stx_size;
	st->blocks = sx->stx_blocks;
	st->mode = sx->stx_mode;
	st->nlink = sx->stx_nlink;
	st->uid = sx->stx_uid;
	st->gid = sx->stx_gid;
	st->blksize = sx->stx_blksize;
	fill_time(&st->atime, &sx->stx_atime);
	fill_time(&st->mtime, &sx->stx_mtime);
	fill_time(&st->ctime, &sx->stx_ctime);
	if (sx->stx_mask & STATX_BTIME) {
		st->has_btime = 1;
		fill_time(&st->btime, &sx->stx_btime);
	}
}

int put_node(struct call *c, size_t *len, int fd, const struct statx *sx)
{
	struct broker_node node = { 0 };
	char target[PATH_MAX];
	ssize_t n = 0;
	size_t size;

	if (S_ISLNK(sx->stx_mode)) {
		n = readlinkat(fd, "", target, sizeof(target));
		if (n < 0)
			return -errno;
	}
	size = (sizeof(node) + (size_t)n + 7) & ~7UL;
	if (size > sizeof(c->body) - *len)
		return -EMSGSIZE;
	node.rec_len = (uint32_t)size;
	node.target_len = (uint32_t)n;
	stat_fill(&node.st, sx);
	memset(c->body + *len, 0, size);
	memcpy(c->body + *len, &node, sizeof(node));
	memcpy(c->body + *len + sizeof(node), target, (size_t)n);
	*len += size;
	return 0;
}

int reply_node(struct call *c, int fd, const struct statx *sx)
{
	size_t len = 0;
	int ret = put_node(c, &len, fd, sx);

	if (ret < 0)
		return ret;
	c->rep.len = (uint32_t)len;
	c->rep.count = 1;
	return 0;
}

int reply_statfs(struct call *c, int fd)
{
	struct broker_statfs out = { 0 };
	struct statfs s;
	uint64_t fsid = 0;

	if (fstatfs(fd, &s) < 0)
		return -errno;
	memcpy(&fsid, &s.f_fsid, sizeof(fsid) < sizeof(s.f_fsid) ?
	       sizeof(fsid) : sizeof(s.f_fsid));
	out.type = (uint64_t)s.f_type;
	out.bsize = (uint64_t)s.f_bsize;
	out.blocks = s.f_blocks;
	out.bfree = s.f_bfree;
	out.bavail = s.f_bavail;
	out.files = s.f_files;
	out.ffree = s.f_ffree;
	out.fsid = fsid;
	out.namelen = (uint64_t)s.f_namelen;
	out.frsize = (uint64_t)s.f_frsize;
	out.flags = (uint64_t)s.f_flags;
	memcpy(c->body, &out, sizeof(out));
	c->rep.len = sizeof(out);
	return 0;
}

int monitor_grant_stat(const struct monitor *m, size_t grant,
		       struct broker_stat *st)
{
	struct statx sx;
	int ret = stat_fd(m->grants[grant].dirfd, &sx);

	if (!ret)
		stat_fill(st, &sx);
	return ret;
}
