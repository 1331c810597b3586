/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hostattr.c: attributes of files on writable mounts, which the host has to
 * see change.
 *
 * A file that is open for writing is meant by its descriptor: its name may be
 * gone, or another file's by now.  Others are named.
 */
#include "emul/fs/hostfs.h"

#include "emul/lib/string.h"

#define UTIME_OMIT_	((1ULL << 30) - 2)

/*
 * @by_fd for the descriptor, or where there is none to write to, @by_name for
 * the name.
 */
static int ask(struct inode *i, struct broker_req *by_fd,
	       struct broker_req *by_name)
{
	struct host_node *n = host_node(i);
	struct broker_rep rep;
	int err = -ENOENT;
	bool closes;

	if (S_ISREG(i->mode) && load_once(&n->n_open))
		err = host_request_fd(i, by_fd, true, NULL, &rep, NULL, 0);
	if (err != -ENOENT || !n->dentry || (n->dentry->flags & D_DELETED))
		return err;
	/* The broker opens it to truncate it. */
	closes = by_name->op == BROKER_TRUNCATE && host_closes_begin(n);
	err = host_request_inode(i, by_name, &rep, NULL, 0, NULL);
	host_closes_end(closes);
	return err;
}

static int set_size(struct inode *i, uint64_t size)
{
	struct broker_req f = { .op = BROKER_FD_TRUNCATE, .arg = { 0, size } };
	struct broker_req p = { .op = BROKER_TRUNCATE, .arg = { size } };
	int err = ask(i, &f, &p);

	if (!err)
		i->size = size;
	return err;
}

static int set_owner(struct inode *i, const struct iattr *a)
{
	uint64_t uid = a->valid & ATTR_UID ? host_uid_out(a->uid) : UINT32_MAX;
	uint64_t gid = a->valid & ATTR_GID ? host_gid_out(a->gid) : UINT32_MAX;
	struct broker_req f = {
		.op = BROKER_FD_CHOWN, .arg = { 0, uid, gid },
	};
	struct broker_req p = { .op = BROKER_CHOWN, .arg = { uid, gid } };

	return ask(i, &f, &p);
}

static int set_mode(struct inode *i, uint32_t mode)
{
	struct broker_req f = { .op = BROKER_FD_CHMOD, .arg = { 0, mode } };
	struct broker_req p = { .op = BROKER_CHMOD, .arg = { mode } };

	return ask(i, &f, &p);
}

/* As FD_UTIMENS has it: nanoseconds since 1970 in one number. */
static uint64_t time_ns(struct ktime t, bool set)
{
	return set ? (uint64_t)(t.sec * NSEC_PER_SEC + t.nsec) :
		(uint64_t)INT64_MIN;
}

static bool fits_ns(struct ktime t)
{
	const int64_t max = INT64_MAX / NSEC_PER_SEC;

	return t.sec > -max && t.sec < max;
}

static int set_times(struct inode *i, const struct iattr *a)
{
	bool at = a->valid & ATTR_ATIME, mt = a->valid & ATTR_MTIME;
	struct broker_req f = {
		.op = BROKER_FD_UTIMENS,
		.arg = { 0, time_ns(a->atime, at), time_ns(a->mtime, mt) },
	};
	struct broker_req p = {
		.op = BROKER_UTIMENS,
		.arg = {
			(uint64_t)a->atime.sec,
			at ? a->atime.nsec : UTIME_OMIT_,
			(uint64_t)a->mtime.sec,
			mt ? a->mtime.nsec : UTIME_OMIT_,
		},
	};
	struct broker_rep rep;

	/* The 23rd century is for the name. */
	if ((at && !fits_ns(a->atime)) || (mt && !fits_ns(a->mtime)))
		return host_request_inode(i, &p, &rep, NULL, 0, NULL);
	return ask(i, &f, &p);
}

int host_rw_setattr(struct inode *i, const struct iattr *a)
{
	int err = 0;

	if (a->valid & ATTR_SIZE)
		err = set_size(i, a->size);
	if (!err && (a->valid & (ATTR_UID | ATTR_GID)))
		err = set_owner(i, a);
	/* Asked for alone it is done also where nothing changes. */
	if (!err && (a->valid & ATTR_MODE) &&
	    (a->valid == ATTR_MODE || a->mode != (i->mode & 07777)))
		err = set_mode(i, a->mode & 07777);
	if (!err && (a->valid & (ATTR_ATIME | ATTR_MTIME)))
		err = set_times(i, a);
	if (!err)
		inode_set_attr(i, a);
	host_touched(i);
	return err;
}
