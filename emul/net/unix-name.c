/* SPDX-License-Identifier: Apache-2.0 */
/* unix-name.c: names of AF_UNIX sockets: paths and abstract ones. */
#include <linux/errno.h>
#include <linux/fcntl.h>

#include "emul/lib/alloc.h"
#include "emul/lib/print.h"
#include "emul/lib/string.h"
#include "emul/net/unix.h"
#include "emul/task/task.h"
#include "emul/vfs/fdtable.h"
#include "emul/vfs/namei.h"

#define BUCKETS		256
#define FAMILY_SIZE	sizeof(uint16_t)

static struct {
	struct mutex lock;	/* protects: */
	struct unix_sock *bucket[BUCKETS];	/* of abstract names */
	uint32_t next_auto;
} names __arena_table;
LOCK_CLASS(names, LOCK_NAMES);

void unix_addr_put(struct unix_addr *a)
{
	if (a && ref_put(&a->ref))
		kfree(a);
}

static uint32_t hash_name(const char *name, uint32_t len)
{
	uint32_t h = 2166136261u;

	while (len--)
		h = (h ^ (uint8_t)*name++) * 16777619u;
	return (h ^ h >> 16) % BUCKETS;
}

static struct unix_sock **bucket_of(const struct unix_addr *a)
{
	return &names.bucket[hash_name(a->un.path, a->len -
				       (uint32_t)FAMILY_SIZE)];
}

/* Names of each type are their own.  The lock is held. */
static struct unix_sock *find_abstract(const struct unix_addr *a, int type)
{
	struct unix_sock *u = *bucket_of(a);

	while (u && (u->so.type != type || u->addr->len != a->len ||
		     memcmp(&u->addr->un, &a->un, a->len)))
		u = u->hash_next;
	return u;
}

/* A copy of the guest's sockaddr_un; err_ptr(-EINVAL, -ENOMEM). */
static struct unix_addr *addr_new(const void *name, uint32_t len)
{
	struct unix_addr *a;
	uint16_t family;

	if (len < FAMILY_SIZE || len > FAMILY_SIZE + SUN_PATH_MAX)
		return err_ptr(-EINVAL);
	memcpy(&family, name, sizeof(family));
	if (family != AF_UNIX)
		return err_ptr(-EINVAL);
	a = kzalloc(sizeof(*a));
	if (!a)
		return err_ptr(-ENOMEM);
	ref_init(&a->ref);
	memcpy(&a->un, name, len);
	a->len = len;
	/* A path ends at its NUL, and is told with it. */
	if (a->un.path[0])
		a->len = (uint32_t)(FAMILY_SIZE + strlen(a->un.path) + 1);
	return a;
}

static bool is_path(const struct unix_addr *a)
{
	return a->len > FAMILY_SIZE && a->un.path[0];
}

/* The lock is held; @u has @a from now on.  Was it the first? */
static int give_name(struct unix_sock *u, struct unix_addr *a)
{
	int err = 0;

	mutex_lock(&u->lock);
	if (u->addr)
		err = -EINVAL;
	else
		store_release(&u->addr, a);
	mutex_unlock(&u->lock);
	return err;
}

static int bind_abstract(struct unix_sock *u, struct unix_addr *a)
{
	struct unix_sock **b = bucket_of(a);
	int err;

	mutex_lock(&names.lock);
	err = find_abstract(a, u->so.type) ? -EADDRINUSE : give_name(u, a);
	if (!err) {
		u->hash_next = *b;
		*b = u;
		u->hashed = true;
	}
	mutex_unlock(&names.lock);
	return err;
}

static int bind_path(struct unix_sock *u, struct unix_addr *a)
{
	struct task *t = current();
	struct path path;
	int err;

	err = vfs_mknod(t, a->un.path, S_IFSOCK | (0777 & ~t->fs->umask),
			&path);
	if (err)
		return err == -EEXIST ? -EADDRINUSE : err;
	mutex_lock(&names.lock);
	err = give_name(u, a);
	if (!err) {
		path.dentry->inode->special = u;
		u->path = path;
	}
	mutex_unlock(&names.lock);
	if (err)
		path_put(&path);
	return err;
}

int unix_autobind(struct unix_sock *u)
{
	struct unix_addr *a;
	int err = -ENOSPC;

	if (load_acquire(&u->addr))
		return 0;
	a = kzalloc(sizeof(*a));
	if (!a)
		return -ENOMEM;
	ref_init(&a->ref);
	a->un.family = AF_UNIX;
	a->len = FAMILY_SIZE + 6;
	for (uint32_t i = 0; i <= 0xfffff; i++) {
		uint32_t n = __atomic_fetch_add(&names.next_auto, 1,
						__ATOMIC_RELAXED);

		ksnprintf(a->un.path + 1, 6, "%05x", n & 0xfffff);
		err = bind_abstract(u, a);
		if (err != -EADDRINUSE)
			break;
	}
	if (err)
		unix_addr_put(a);
	return err == -EINVAL ? 0 : err;
}

int unix_bind(struct socket *s, const void *name, uint32_t len)
{
	struct unix_sock *u = unix_sk(s);
	struct unix_addr *a;
	int err;

	if (len == FAMILY_SIZE && *(const uint16_t *)name == AF_UNIX)
		return unix_autobind(u);
	a = addr_new(name, len);
	if (is_err(a))
		return (int)ptr_err(a);
	if (load_acquire(&u->addr))
		err = -EINVAL;
	else
		err = is_path(a) ? bind_path(u, a) : bind_abstract(u, a);
	if (err)
		unix_addr_put(a);
	return err;
}

void unix_unbind(struct unix_sock *u)
{
	struct path path = { NULL, NULL };
	struct unix_sock **b;

	mutex_lock(&names.lock);
	if (u->hashed) {
		for (b = bucket_of(u->addr); *b != u; b = &(*b)->hash_next)
			;
		*b = u->hash_next;
		u->hashed = false;
	}
	if (u->path.dentry) {
		path = u->path;
		path.dentry->inode->special = NULL;
		u->path.dentry = NULL;
	}
	mutex_unlock(&names.lock);
	if (path.dentry)
		path_put(&path);
}

static struct unix_sock *find_path(struct task *t, const char *name)
{
	struct unix_sock *u = NULL;
	struct inode *i;
	struct path p;
	int err;

	err = path_lookup_k(t, AT_FDCWD, name, strlen(name), LOOKUP_FOLLOW,
			    &p, NULL);
	if (err)
		return err_ptr(err);
	i = p.dentry->inode;
	err = inode_permission(t->cred, i, MAY_WRITE);
	if (!err && S_ISSOCK(i->mode)) {
		mutex_lock(&names.lock);
		u = i->special;
		if (u && !ref_get_unless_zero(&u->ref))
			u = NULL;
		mutex_unlock(&names.lock);
	}
	path_put(&p);
	if (err)
		return err_ptr(err);
	return u ? u : err_ptr(-ECONNREFUSED);
}

struct unix_sock *unix_find(struct task *t, const void *name, uint32_t len,
			    int type)
{
	struct unix_addr *a = addr_new(name, len);
	struct unix_sock *u;

	if (is_err(a))
		return (struct unix_sock *)a;
	if (is_path(a)) {
		u = find_path(t, a->un.path);
	} else {
		mutex_lock(&names.lock);
		u = find_abstract(a, type);
		if (u && !ref_get_unless_zero(&u->ref))
			u = NULL;
		mutex_unlock(&names.lock);
		if (!u)
			u = err_ptr(-ECONNREFUSED);
	}
	unix_addr_put(a);
	if (!is_err(u) && u->so.type != type) {
		unix_put(u);
		return err_ptr(-EPROTOTYPE);
	}
	return u;
}
