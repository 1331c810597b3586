/* SPDX-License-Identifier: Apache-2.0 */
/*
 * commit-attr.c: owner, mode, times and extended attributes of what --commit
 * brings to the host, as far as the host lets its user set them.
 */
#include "emul/fs/commit.h"

#include "emul/fs/hostfs.h"
#include "emul/host/broker.h"
#include "emul/lib/alloc.h"
#include "emul/lib/string.h"
#include "emul/vfs/xattr.h"

#define NO_ID		0xffffffffU

/* Whose it should be on the host, where that is not who it is now. */
static bool other_owner(const struct inode *i, const struct broker_stat *st,
			uint64_t id[2])
{
	id[0] = host_uid_out(i->uid);
	id[1] = host_gid_out(i->gid);
	if (id[0] == st->uid)
		id[0] = NO_ID;
	if (id[1] == st->gid)
		id[1] = NO_ID;
	return id[0] != NO_ID || id[1] != NO_ID;
}

/*
 * No set-id program is ever left on the host: the broker's rule.  Of a
 * directory the group's bit says whose files in it are, and is kept.
 */
static uint32_t mode_for_host(struct commit *t, const struct inode *i)
{
	uint32_t keep = S_ISDIR(i->mode) ? 03777 : 01777;

	if (i->mode & 07777 & ~keep)
		t->n_modes++;
	return i->mode & keep;
}

int commit_times(struct commit *t, const char *path, const struct inode *i)
{
	struct broker_req req = {
		.op = BROKER_UTIMENS,
		.arg = {
			(uint64_t)i->atime.sec, i->atime.nsec,
			(uint64_t)i->mtime.sec, i->mtime.nsec,
		},
	};

	return commit_ask(t, path, &req, NULL);
}

/*
 * Extended attributes.
 */

/* Set one, of the file @fd or, where that is -1, of @path. */
static int set_xattr(struct commit *t, const char *path, int fd,
		     const struct xattr *x)
{
	struct broker_req by_fd = {
		.op = BROKER_FD_SETXATTR, .flags = BROKER_FD_SENT,
		.arg = { 0, x->size }, .len1 = (uint16_t)x->name_len,
	};
	struct broker_req by_path = {
		.op = BROKER_SETXATTR, .grant = t->h->grant,
		.arg = { 0, x->size }, .len1 = (uint16_t)strlen(path),
		.len2 = (uint16_t)x->name_len,
	};
	struct broker_rep rep;
	int err = host_xattr_stage(x->name + x->name_len + 1, x->size);

	if (err)
		return err;
	return fd >= 0 ?
		broker_call2(&by_fd, x->name, NULL, fd, &rep, t->c->buf,
			     BROKER_BODY_MAX, NULL) :
		broker_call2(&by_path, path, x->name, -1, &rep, t->c->buf,
			     BROKER_BODY_MAX, NULL);
}

/* Of what the host has there, remove what @i has not. */
static int drop_xattrs(struct commit *t, const char *path,
		       const struct inode *i)
{
	struct broker_req list = { .op = BROKER_LISTXATTR };
	struct broker_rep rep;
	int err = change_ask(t->c, t->h->grant, path, &list, &rep, NULL);
	char *names;
	size_t n = err ? 0 : rep.len;

	if (err || !n || (rep.flags & BROKER_REP_MORE))
		return err == -EOPNOTSUPP ? 0 : err;
	names = kmalloc(n + 1);
	if (!names)
		return -ENOMEM;
	memcpy(names, t->c->buf, n);
	names[n] = '\0';
	for (size_t at = 0; at < n && !err; at += strlen(names + at) + 1) {
		const char *name = names + at;
		struct broker_req req = {
			.op = BROKER_REMOVEXATTR, .grant = t->h->grant,
			.len1 = (uint16_t)strlen(path),
			.len2 = (uint16_t)strlen(name),
		};

		if (xattrs_get(i, name, NULL, 0) == -ENODATA)
			err = broker_call2(&req, path, name, -1, &rep,
					   t->c->buf, BROKER_BODY_MAX, NULL);
	}
	kfree(names);
	return err;
}

/* Those that @i has, and no others; by @fd where the file has no name. */
static void keep_xattrs(struct commit *t, const char *path, int fd,
			const struct inode *i)
{
	bool lost = fd < 0 && drop_xattrs(t, path, i);

	for (const struct xattr *x = i->xattrs; x; x = x->next)
		if (set_xattr(t, path, fd, x))
			lost = true;
	t->n_xattrs += lost;
}

/* Is what has the name now without those that @i has, or with others? */
static bool other_xattrs(const struct change *h, const struct inode *i)
{
	if (!S_ISREG(i->mode) && !S_ISDIR(i->mode))
		return false;
	return host_node(i)->xattr ||
		(!h->in_place && !h->moves && (h->kind == 'M' || i->xattrs));
}

/*
 * All of them.
 */

int commit_attrs(struct commit *t, const char *path, struct inode *i)
{
	struct broker_stat st;
	uint64_t id[2];
	int err = change_stat(t->c, t->h->grant, path, &st);

	if (err)
		return err;
	if (other_owner(i, &st, id)) {
		struct broker_req req = {
			.op = BROKER_CHOWN, .arg = { id[0], id[1] },
		};

		if (commit_ask(t, path, &req, NULL))
			t->n_owners++;
	}
	/* Before the mode, which may keep the owner out. */
	if (other_xattrs(t->h, i))
		keep_xattrs(t, path, -1, i);
	if (!S_ISLNK(i->mode) && ((st.mode ^ i->mode) & 07777)) {
		err = commit_simple(t, BROKER_CHMOD, path,
				    mode_for_host(t, i));
		if (err)
			return err;
	}
	return commit_times(t, path, i);
}

int commit_fd_ask(struct commit *t, int fd, struct broker_req *req)
{
	struct broker_rep rep;

	req->flags |= BROKER_FD_SENT;
	return broker_call2(req, NULL, NULL, fd, &rep, t->c->buf,
			    BROKER_BODY_MAX, NULL);
}

static uint64_t time_ns(struct ktime k)
{
	const int64_t max = INT64_MAX / NSEC_PER_SEC;

	if (k.sec <= -max || k.sec >= max)
		return (uint64_t)INT64_MIN;	/* left as it is */
	return (uint64_t)(k.sec * NSEC_PER_SEC + k.nsec);
}

int commit_fd_attrs(struct commit *t, int fd, struct inode *i,
		    const struct broker_stat *st)
{
	struct broker_req mode = {
		.op = BROKER_FD_CHMOD, .arg = { 0, mode_for_host(t, i) },
	};
	struct broker_req times = {
		.op = BROKER_FD_UTIMENS,
		.arg = { 0, time_ns(i->atime), time_ns(i->mtime) },
	};
	uint64_t id[2];
	int err;

	if (other_owner(i, st, id)) {
		struct broker_req own = {
			.op = BROKER_FD_CHOWN, .arg = { 0, id[0], id[1] },
		};

		if (commit_fd_ask(t, fd, &own))
			t->n_owners++;
	}
	keep_xattrs(t, "", fd, i);
	err = commit_fd_ask(t, fd, &mode);
	return err ? err : commit_fd_ask(t, fd, &times);
}
