/* SPDX-License-Identifier: Apache-2.0 */
/*
 * xattr.c: requests on extended attributes.
 *
 * Read: user. and security.capability; changed: user. alone, for the others
 * make the host act (capabilities, labels, access lists).  Values are longer
 * than a request may be, so that they come in pieces before.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "loader/broker/server.h"

#define VALUE_MAX	65536
#define NAME_LEN_MAX	255

/* What the sandbox sent of the value that it is going to set. */
static char staged[VALUE_MAX];

/* Where a value or a list is read to: it may be longer than a reply. */
static char found[VALUE_MAX];

static bool is_user(const char *name)
{
	return !strncmp(name, "user.", 5) && name[5];
}

static bool is_told(const char *name)
{
	return is_user(name) || !strcmp(name, "security.capability");
}

static bool is_name(const char *s, size_t len)
{
	return len && len <= NAME_LEN_MAX && !memchr(s, '\0', len);
}

static bool name_ok(const struct call *c)
{
	return is_name(c->s2, c->req.len2);
}

/* Open for the f...xattr calls what the path leads to. */
static int open_target(struct call *c, bool write)
{
	const char *name = NULL;
	struct statx sx;
	int dir = -1;
	int fd;
	int ret = walk_fd(c->m, c->g1, c->s1, c->req.len1, &fd, &sx);

	if (ret < 0)
		return ret;
	if (S_ISDIR(sx.stx_mode)) {
		ret = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		ret = ret < 0 ? -errno : ret;
	} else if (S_ISREG(sx.stx_mode)) {
		if (c->m->proc_fd < 0 && *c->s1)
			ret = walk_parent(c->m, c->g1, c->s1, &dir, &name);
		if (!ret)
			ret = walk_reopen(c->m, fd, &sx, dir, name, O_RDONLY);
		if (ret == -EACCES && write)
			ret = walk_reopen(c->m, fd, &sx, dir, name, O_WRONLY);
		walk_close(c->g1, dir);
	} else {
		ret = -EOPNOTSUPP;
	}
	walk_close(c->g1, fd);
	return ret;
}

/* @n bytes of found[] from arg[0] on, as many as the packet takes. */
static int reply_found(struct call *c, size_t n)
{
	size_t at = (size_t)c->req.arg[0];
	size_t len;

	if (at > n)
		at = n;		/* it has become shorter */
	len = n - at;
	if (len > sizeof(c->body)) {
		len = sizeof(c->body);
		c->rep.flags |= BROKER_REP_MORE;
	}
	memcpy(c->body, found + at, len);
	c->rep.len = (uint32_t)len;
	c->rep.val[0] = n;
	return 0;
}

int serve_getxattr(struct call *c)
{
	ssize_t n;
	int fd;

	if (c->req.arg[0] > VALUE_MAX || !name_ok(c))
		return BROKEN;
	if (!is_told(c->s2))
		return -EOPNOTSUPP;
	fd = open_target(c, false);
	if (fd < 0)
		return fd;
	n = fgetxattr(fd, c->s2, found, sizeof(found));
	if (n < 0)
		n = -errno;
	close(fd);
	return n < 0 ? (int)n : reply_found(c, (size_t)n);
}

/* Leave in found[] the names that are told: how many bytes. */
static size_t told_names(size_t n)
{
	size_t out = 0;
	size_t len;

	for (size_t at = 0; at < n; at += len) {
		len = strnlen(found + at, n - at) + 1;
		if (at + len > n)
			break;
		if (is_told(found + at)) {
			memmove(found + out, found + at, len);
			out += len;
		}
	}
	return out;
}

/* A link at the end of the path is not followed. */
bool xattr_none(const struct monitor *m, int dir, const char *name)
{
	char path[NAME_LEN_MAX + 32];
	ssize_t n;

	if (!name) {
		n = flistxattr(dir, found, sizeof(found));
	} else {
		if (m->proc_fd < 0)
			return false;
		snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", dir, name);
		n = llistxattr(path, found, sizeof(found));
	}
	if (n < 0)
		return errno == EOPNOTSUPP;
	return !told_names((size_t)n);
}

int serve_listxattr(struct call *c)
{
	ssize_t n;
	int fd;

	if (c->req.arg[0] > VALUE_MAX)
		return BROKEN;
	fd = open_target(c, false);
	if (fd < 0)
		return fd;
	n = flistxattr(fd, found, sizeof(found));
	if (n < 0)
		n = -errno;
	close(fd);
	return n < 0 ? (int)n : reply_found(c, told_names((size_t)n));
}

int serve_xattr_stage(struct call *c)
{
	if (c->req.arg[0] > VALUE_MAX - (uint64_t)c->req.len1)
		return BROKEN;
	memcpy(staged + c->req.arg[0], c->s1, c->req.len1);
	return 0;
}

int serve_setxattr(struct call *c)
{
	int ret = 0;
	int fd;

	if (!name_ok(c) || c->req.arg[1] > VALUE_MAX ||
	    (c->req.arg[0] & ~(uint64_t)(XATTR_CREATE | XATTR_REPLACE)))
		return BROKEN;
	if (!is_user(c->s2))
		return -EPERM;
	fd = open_target(c, true);
	if (fd < 0)
		return fd;
	if (fsetxattr(fd, c->s2, staged, (size_t)c->req.arg[1],
		      (int)c->req.arg[0]) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

int serve_fd_setxattr(struct call *c)
{
	int ret;

	if (!is_name(c->s1, c->req.len1) || c->req.arg[1] > VALUE_MAX)
		return BROKEN;
	if (!is_user(c->s1))
		return -EPERM;
	ret = fd_check_ours(c);
	if (ret < 0)
		return ret;
	ret = fsetxattr(c->fd, c->s1, staged, (size_t)c->req.arg[1], 0);
	return ret < 0 ? -errno : 0;
}

int serve_removexattr(struct call *c)
{
	int ret = 0;
	int fd;

	if (!name_ok(c))
		return BROKEN;
	if (!is_user(c->s2))
		return -EPERM;
	fd = open_target(c, true);
	if (fd < 0)
		return fd;
	if (fremovexattr(fd, c->s2) < 0)
		ret = -errno;
	close(fd);
	return ret;
}
