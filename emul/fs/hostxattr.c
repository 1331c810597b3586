/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hostxattr.c: extended attributes of the host's files.
 *
 * The broker tells those that anybody may know: user., and the capabilities
 * of a program.  They are fetched all at once, and on a writable mount again
 * when they may have changed.  There user. is changed on the host, and nothing
 * else; in an overlay all changes stay in the kernel's list.
 */
#include "emul/fs/hostfs.h"

#include "emul/host/broker.h"
#include "emul/host/host.h"
#include "emul/lib/alloc.h"
#include "emul/lib/string.h"
#include "emul/vfs/xattr.h"

#define CLOCK_MONO	1
#define FRESH_NS	1000000
#define PIECE	4096u		/* bytes of a value in one request */

/* One who stages a value has to set it before the next comes. */
static __arena struct mutex stage_lock;

/*
 * All bytes that @op tells of @i, asked for by the name @name (or NULL), as
 * many requests as it takes; kfree() them.  err_ptr() on failure.
 */
static char *fetch(struct inode *i, uint16_t op, const char *name,
		   size_t *len)
{
	char *all = kmalloc(XATTR_VALUE_MAX + 1);
	struct broker_rep rep;
	size_t at = 0;
	int err;

	if (!all)
		return err_ptr(-ENOMEM);
	do {
		struct broker_req req = { .op = op, .arg = { at } };

		err = host_request_name(i, &req, name, &rep, all + at,
					XATTR_VALUE_MAX - at);
		if (!err && rep.len > XATTR_VALUE_MAX - at)
			err = -EIO;
		if (err)
			break;
		at += rep.len;
	} while (rep.len && (rep.flags & BROKER_REP_MORE));
	if (err) {
		kfree(all);
		return err_ptr(err);
	}
	all[at] = 0;
	*len = at;
	return all;
}

static int load_one(struct inode *i, const char *name)
{
	size_t size = 0;
	char *value = fetch(i, BROKER_GETXATTR, name, &size);
	int err;

	if (is_err(value)) {
		err = (int)ptr_err(value);
		/* gone meanwhile, or not for us to read */
		return err == -ENODATA || err == -EACCES ? 0 : err;
	}
	err = xattrs_set(i, name, value, size, 0);
	kfree(value);
	return err;
}

/* Where others change them, they are believed as long as other attributes. */
static bool are_fresh(const struct inode *i)
{
	const struct host_node *n = host_node(i);

	if (!n->xattrs_known || !host_shared(i))
		return n->xattrs_known;
	return n->xattrs_gen == load_acquire(&hostfs_of(i)->gen) &&
	       n->xattrs_changes == load_acquire(&n->changes) &&
	       host_clock_ns(CLOCK_MONO) - n->xattrs_ns < FRESH_NS;
}

int host_load_xattrs(struct inode *i)
{
	struct host_node *n = host_node(i);
	uint32_t gen = load_acquire(&hostfs_of(i)->gen);
	uint32_t changes = load_acquire(&n->changes);
	size_t len = 0;
	char *names;
	int err = 0;

	if (!n->lower || are_fresh(i))
		return 0;
	if (!S_ISREG(i->mode) && !S_ISDIR(i->mode))
		return 0;
	if (n->dentry && (n->dentry->flags & D_DELETED) && !n->path)
		return 0;	/* as they were when it had a name */
	__atomic_fetch_add(&hostfs_of(i)->xattrs_wanted, 1, __ATOMIC_RELAXED);
	names = fetch(i, BROKER_LISTXATTR, NULL, &len);
	if (is_err(names)) {
		err = (int)ptr_err(names);
		/* The host keeps none there, or nothing that we may read. */
		if (err != -EOPNOTSUPP && err != -EACCES)
			return err;
		err = 0;
	}
	xattrs_free(i);
	for (size_t at = 0; at < len && !err; at += strlen(names + at) + 1)
		err = load_one(i, names + at);
	if (!is_err(names))
		kfree(names);
	n->xattrs_known = !err;
	n->xattrs_gen = gen;
	n->xattrs_changes = changes;
	n->xattrs_ns = host_clock_ns(CLOCK_MONO);
	return err;
}

int host_xattr_stage(const char *value, size_t size)
{
	struct broker_rep rep;
	int err = 0;

	for (size_t at = 0; at < size && !err; at += PIECE) {
		struct broker_req req = {
			.op = BROKER_XATTR_STAGE, .arg = { at },
			.len1 = (uint16_t)MIN(size - at, PIECE),
		};

		err = broker_call(&req, value + at, &rep, NULL, 0, NULL);
	}
	return err;
}

static int set_on_host(struct inode *i, const char *name, const void *value,
		       size_t size, int flags)
{
	struct broker_req req = { .op = BROKER_REMOVEXATTR };
	struct broker_rep rep;
	int err;

	if (strncmp(name, "user.", 5) != 0)
		return -EPERM;	/* what other programs of the host act on */
	if (host_node(i)->dentry->flags & D_DELETED)
		return -EOPNOTSUPP;
	mutex_lock(&stage_lock);
	err = value ? host_xattr_stage(value, size) : 0;
	if (!err && value)
		req = (struct broker_req){
			.op = BROKER_SETXATTR,
			.arg = { (uint64_t)flags, size },
		};
	if (!err)
		err = host_request_name(i, &req, name, &rep, NULL, 0);
	mutex_unlock(&stage_lock);
	return err;
}

int host_setxattr(struct inode *i, const char *name, const void *value,
		  size_t size, int flags)
{
	struct host_node *n = host_node(i);

	switch (hostfs_of(i)->kind) {
	case HOST_RW:
		return set_on_host(i, name, value, size, flags);
	case HOST_OVERLAY:
		n->attr = n->xattr = true;
		host_pin(n->dentry);
		return 0;
	default:
		return -EROFS;
	}
}
