/* SPDX-License-Identifier: Apache-2.0 */
/*
 * walk.c: from a grant and a clean relative path to an O_PATH descriptor.
 *
 * No symbolic link is followed and ".." never occurs, so a walk cannot leave
 * the tree of its grant; openat2's RESOLVE_BENEATH says it once more where
 * the host has it.  Components are opened one by one, because what a path
 * passes through matters: places that the policy hides, and file systems that
 * are doors into the host's kernel (proc, sysfs and their like), which are
 * entered only when the policy names them.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "loader/broker/server.h"

/* Magic numbers of file systems not to be entered; see statfs(2). */
static const unsigned long pseudo_fs[] = {
	0x9fa0,		/* proc */
	0x62656572,	/* sysfs */
	0x64626720,	/* debugfs */
	0x74726163,	/* tracefs */
	0x73636673,	/* securityfs */
	0x0027e0eb,	/* cgroup */
	0x63677270,	/* cgroup2 */
	0xcafe4a11,	/* bpf */
	0x1cd1,		/* devpts */
	0x6165676c,	/* pstore */
	0xde5e81e4,	/* efivarfs */
	0x62656570,	/* configfs */
	0xf97cff8c,	/* selinuxfs */
	0x43415d53,	/* smackfs */
	0x6e736673,	/* nsfs */
	0x42494e4d,	/* binfmt_misc */
	0x19800202,	/* mqueue */
	0x65735543,	/* fusectl */
	0x6c6f6f70,	/* binder */
};

static bool on_pseudo_fs(int fd)
{
	struct statfs s;

	if (fstatfs(fd, &s) < 0)
		return true;
	for (size_t i = 0; i < sizeof(pseudo_fs) / sizeof(pseudo_fs[0]); i++)
		if (pseudo_fs[i] == (unsigned long)s.f_type)
			return true;
	return false;
}

/*
 * Without openat2 (an old host, or an outer filter that does not know it:
 * monitor_init has tried) path is one component, and flags have O_NOFOLLOW:
 * plain openat cannot leave the directory either.
 */
static int open_beneath(const struct monitor *m, int dirfd, const char *path,
			int flags)
{
	struct open_how how = {
		.flags = (uint64_t)(unsigned int)flags | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS |
			   RESOLVE_NO_SYMLINKS,
	};
	int fd;

	/* A directory that is to be read: this file system's. */
	if (!(flags & O_PATH))
		how.resolve |= RESOLVE_NO_XDEV;
	if (m->no_openat2)
		fd = openat(dirfd, path, flags | O_CLOEXEC);
	else
		fd = (int)syscall(SYS_openat2, dirfd, path, &how, sizeof(how));
	return fd < 0 ? -errno : fd;
}

int stat_fd(int fd, struct statx *sx)
{
	if (statx(fd, "", AT_EMPTY_PATH | AT_NO_AUTOMOUNT,
		  STATX_BASIC_STATS | STATX_BTIME, sx) < 0)
		return -errno;
	return 0;
}

uint64_t stat_dev(const struct statx *sx)
{
	return (uint64_t)sx->stx_dev_major << 32 | sx->stx_dev_minor;
}

bool walk_hidden_path(const struct grant *g, const char *path, size_t n)
{
	for (size_t i = 0; i < g->hide_count; i++)
		if (strlen(g->hides[i].path) == n &&
		    !memcmp(g->hides[i].path, path, n))
			return true;
	return false;
}

bool walk_is_way(const struct grant *g, const char *path, size_t n)
{
	for (size_t i = 0; i < g->hide_count; i++)
		if (strlen(g->hides[i].path) > n &&
		    g->hides[i].path[n] == '/' &&
		    !memcmp(g->hides[i].path, path, n))
			return true;
	return false;
}

bool walk_hidden_id(const struct grant *g, const struct statx *sx)
{
	for (size_t i = 0; i < g->hide_count; i++) {
		const struct hide *h = &g->hides[i];

		if (h->known && h->id.dev == stat_dev(sx) &&
		    h->id.ino == sx->stx_ino)
			return true;
	}
	return false;
}

static int step_checks(const struct grant *g, uint64_t dev, int fd,
		       struct statx *sx)
{
	int ret = stat_fd(fd, sx);

	if (ret < 0)
		return ret;
	if (walk_hidden_id(g, sx))
		return -EACCES;
	if (stat_dev(sx) != dev && on_pseudo_fs(fd))
		return -EACCES;
	return 0;
}

int walk_step(const struct monitor *m, const struct grant *g, int dirfd,
	      uint64_t dev, const char *path, size_t start, size_t end,
	      int *fd, struct statx *sx)
{
	char name[NAME_MAX + 1];
	int ret;

	if (end - start > NAME_MAX)
		return -ENAMETOOLONG;
	memcpy(name, path + start, end - start);
	name[end - start] = '\0';
	if (walk_hidden_path(g, path, end))
		return -EACCES;
	*fd = open_beneath(m, dirfd, name, O_PATH | O_NOFOLLOW);
	if (*fd < 0)
		return *fd;
	ret = step_checks(g, dev, *fd, sx);
	if (ret < 0) {
		close(*fd);
		*fd = -1;
	}
	return ret;
}

int walk_list(const struct monitor *m, const struct grant *g, int dirfd,
	      const char *path, size_t start, size_t end, struct statx *sx)
{
	char name[NAME_MAX + 1];
	int fd;
	int ret;

	if (end - start > NAME_MAX)
		return -ENAMETOOLONG;
	if (m->no_openat2)
		return -EXDEV;		/* it could not be told */
	memcpy(name, path + start, end - start);
	name[end - start] = '\0';
	if (walk_hidden_path(g, path, end))
		return -EACCES;
	fd = open_beneath(m, dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
	if (fd < 0)
		return fd;
	ret = stat_fd(fd, sx);
	if (!ret && walk_hidden_id(g, sx))
		ret = -EACCES;
	if (ret < 0) {
		close(fd);
		return ret;
	}
	return fd;
}

void walk_close(const struct grant *g, int fd)
{
	if (fd >= 0 && fd != g->dirfd)
		close(fd);
}

/*
 * Several components by one call, where nothing is hidden on the way.  A
 * symbolic link or a pseudo file system on the way leads to no good place,
 * so that the last one alone needs to be looked at.
 */
static int walk_at_once(const struct monitor *m, const struct grant *g,
			const char *path, size_t n, int *fd, struct statx *sx)
{
	char buf[BROKER_PATH_MAX + 1];
	int ret;

	memcpy(buf, path, n);
	buf[n] = '\0';
	*fd = open_beneath(m, g->dirfd, buf, O_PATH | O_NOFOLLOW);
	if (*fd < 0)
		return *fd;
	ret = step_checks(g, g->dev, *fd, sx);
	if (ret < 0) {
		close(*fd);
		*fd = -1;
	}
	return ret;
}

int walk_fd(const struct monitor *m, const struct grant *g, const char *path,
	    size_t n, int *fd, struct statx *sx)
{
	size_t start = 0;
	int dir = g->dirfd;
	int ret = 0;

	*fd = dir;
	if (!n)
		return stat_fd(dir, sx);
	if (!g->hide_count && !m->no_openat2 && memchr(path, '/', n))
		return walk_at_once(m, g, path, n, fd, sx);
	while (start < n) {
		const char *slash = memchr(path + start, '/', n - start);
		size_t end = slash ? (size_t)(slash - path) : n;
		uint64_t dev = start ? stat_dev(sx) : g->dev;

		if (start && S_ISLNK(sx->stx_mode))
			ret = -ELOOP;
		else
			ret = walk_step(m, g, dir, dev, path, start, end, fd,
					sx);
		walk_close(g, dir);
		if (ret < 0) {
			*fd = -1;
			return ret;
		}
		dir = *fd;
		start = end + 1;
	}
	return 0;
}

int walk_parent(const struct monitor *m, const struct grant *g, const char *path,
		int *dirfd, const char **name)
{
	const char *slash = strrchr(path, '/');
	struct statx sx;
	int fd;
	int ret;

	if (!*path)
		return -ENOENT;
	if (walk_hidden_path(g, path, strlen(path)))
		return -EACCES;
	*name = slash ? slash + 1 : path;
	ret = walk_fd(m, g, path, slash ? (size_t)(slash - path) : 0, dirfd,
		      &sx);
	if (ret < 0)
		return ret;
	if (!S_ISDIR(sx.stx_mode)) {
		ret = S_ISLNK(sx.stx_mode) ? -ELOOP : -ENOTDIR;
		goto close_dir;
	}
	if (!g->hide_count)
		return 0;
	/* What is hidden is not to be moved or removed by another name. */
	fd = open_beneath(m, *dirfd, *name, O_PATH | O_NOFOLLOW);
	if (fd < 0)
		return 0;
	ret = stat_fd(fd, &sx);
	if (!ret && walk_hidden_id(g, &sx))
		ret = -EACCES;
	close(fd);
	if (!ret)
		return 0;
close_dir:
	walk_close(g, *dirfd);
	*dirfd = -1;
	return ret;
}

struct fd_name fd_name(int fd)
{
	struct fd_name n;

	snprintf(n.s, sizeof(n.s), "%d", fd);
	return n;
}

/*
 * The host takes set-id bits and capabilities from a file when it is written,
 * but not by a mapping, nor the bits where root writes: there would be such a
 * program with contents of the sandbox's.  So they go before, as by any chown.
 * Returns the descriptor, or -errno.
 */
static int without_rights(int fd, const struct statx *sx)
{
	if (!(sx->stx_mode & (S_ISUID | S_ISGID)) &&
	    (!(sx->stx_mode & 0111) ||
	     fgetxattr(fd, "security.capability", NULL, 0) <= 0))
		return fd;
	if (!fchown(fd, (uid_t)-1, (gid_t)-1))
		return fd;
	close(fd);
	return -EACCES;
}

/*
 * To open a device node is an act by itself, so what is opened must be what
 * was looked at.  /proc/self/fd opens exactly that; without it the name is
 * opened once more and compared: one who may write the host's directory from
 * outside, and nobody in the sandbox (requests are served one by one), could
 * get a device opened in between; it is closed at once.
 */
static int reopen(const struct monitor *m, int fd, const struct statx *sx,
		  int dirfd, const char *name, int flags)
{
	struct statx now;
	int ret;

	flags |= O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
	if (m->proc_fd >= 0) {
		ret = openat(m->proc_fd, fd_name(fd).s, flags);
		return ret < 0 ? -errno : ret;
	}
	if (!name)
		return -EACCES;
	ret = openat(dirfd, name, flags | O_NOFOLLOW);
	if (ret < 0)
		return -errno;
	if (stat_fd(ret, &now) < 0 || now.stx_ino != sx->stx_ino ||
	    stat_dev(&now) != stat_dev(sx) || !S_ISREG(now.stx_mode)) {
		close(ret);
		return -EAGAIN;
	}
	return ret;
}

int walk_reopen(const struct monitor *m, int fd, const struct statx *sx,
		int dirfd, const char *name, int flags)
{
	int ret = reopen(m, fd, sx, dirfd, name, flags);

	if (ret < 0 || (flags & O_ACCMODE) == O_RDONLY)
		return ret;
	return without_rights(ret, sx);
}
