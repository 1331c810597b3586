/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sys_mount.c: mount(2), umount2(2), pivot_root(2).
 *
 * There is one tree of mounts for all processes of a sandbox, and no
 * propagation in it: all mounts are private.  What the policy mounted is as
 * in a user namespace what was there before it: it stays where it is, and
 * keeps what restricts it.
 */
#include <linux/capability.h>
#include <linux/magic.h>
#include <linux/mount.h>

#include "emul/entry/uaccess.h"
#include "emul/fs/tmpfs.h"
#include "emul/lib/alloc.h"
#include "emul/lib/string.h"
#include "emul/sysproto.h"
#include "emul/task/pid.h"
#include "emul/vfs/dcache.h"
#include "emul/vfs/fdtable.h"
#include "emul/vfs/namei.h"

#define MGC_VAL		0xc0ed0000UL
#define MGC_MASK	0xffff0000UL
#define UMOUNT_FLAGS	(DETACH | FORCE | NOFOLLOW)
#define FORCE		1
#define DETACH		2
#define NOFOLLOW	8
#define LOCKABLE	(MNT_RDONLY | MNT_NOEXEC | MNT_NODEV | MNT_NOSUID)
#define CHANGEABLE	(LOCKABLE | MNT_NOATIME)
#define PROPAGATION	(MS_SHARED | MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE)

static bool may_mount(struct task *t)
{
	return cred_capable(t->cred, CAP_SYS_ADMIN);
}

static bool is_mounted(const struct path *p)
{
	return p->dentry == p->mnt->root;
}

static uint32_t mount_flags(unsigned long flags)
{
	return (flags & MS_RDONLY ? MNT_RDONLY : 0) |
	       (flags & MS_NOSUID ? MNT_NOSUID : 0) |
	       (flags & MS_NODEV ? MNT_NODEV : 0) |
	       (flags & MS_NOEXEC ? MNT_NOEXEC : 0) |
	       (flags & MS_NOATIME ? MNT_NOATIME : 0);
}

/* Between dcache_begin() and dcache_end(). */
static bool has_children(const struct mount *m)
{
	const struct mount *c;

	for (c = mount_next(NULL); c; c = mount_next(c))
		if (c->parent == m)
			return true;
	return false;
}

/* Mounts of a subtree, and where they were. */
struct list {
	struct mount **m;
	struct path *on;
	unsigned int n;
};

static int list_alloc(struct list *l)
{
	unsigned int n = 0;

	mutex_lock(&dcache.lock);
	for (struct mount *m = mount_next(NULL); m; m = mount_next(m))
		n++;
	mutex_unlock(&dcache.lock);
	n += 64;	/* made until it is used */
	l->n = 0;
	l->m = kmalloc(n * sizeof(l->m[0]));
	l->on = kmalloc(n * sizeof(l->on[0]));
	if (l->m && l->on)
		return (int)n;
	kfree(l->m);
	kfree(l->on);
	return -ENOMEM;
}

static void list_free(struct list *l)
{
	kfree(l->m);
	kfree(l->on);
}

/* What was taken away is given up, with no lock held. */
static void list_put(struct list *l)
{
	for (unsigned int k = 0; k < l->n; k++) {
		if (l->on[k].mnt)
			path_put(&l->on[k]);
		mount_put(l->m[k]);
	}
}

/* @top and all below it. */
static int list_tree(struct list *l, int room, const struct mount *top)
{
	for (struct mount *m = mount_next(NULL); m; m = mount_next(m)) {
		if (!mount_is_below(m, top))
			continue;
		if ((int)l->n == room)
			return -EAGAIN;
		l->m[l->n++] = m;
	}
	return 0;
}

static int umount_tree(struct mount *top)
{
	struct list l;
	int room = list_alloc(&l), err;

	if (room < 0)
		return room;
	dcache_begin();
	err = list_tree(&l, room, top);
	if (!err && list_empty(&top->link))
		err = -EINVAL;		/* another was faster */
	for (unsigned int k = l.n; !err && k-- > 0; )
		l.on[k] = mount_detach(l.m[k]);
	dcache_end();
	if (!err)
		list_put(&l);
	list_free(&l);
	return err;
}

/* The caller has one reference to @m. */
static int umount_idle(struct mount *m)
{
	struct path on = { NULL, NULL };
	int err = 0;

	dcache_begin();
	if (list_empty(&m->link))
		err = -EINVAL;
	else if (load_once(&m->ref.count) > 2 || has_children(m))
		err = -EBUSY;
	else
		on = mount_detach(m);
	dcache_end();
	if (err)
		return err;
	path_put(&on);
	mount_put(m);
	return 0;
}

long sys_umount2(struct task *t, uaddr_t target, int flags)
{
	struct mount *m;
	struct path p;
	int err;

	if (flags & ~UMOUNT_FLAGS)
		return -EINVAL;
	err = path_lookup(t, AT_FDCWD, target,
			  flags & NOFOLLOW ? 0 : LOOKUP_FOLLOW, &p);
	if (err)
		return err;
	m = p.mnt;
	ref_get(&m->ref);
	if (!may_mount(t))
		err = -EPERM;
	else if (!is_mounted(&p) || m->locked || !m->parent)
		err = -EINVAL;
	path_put(&p);
	if (!err)
		err = flags & DETACH ? umount_tree(m) : umount_idle(m);
	mount_put(m);
	return err;
}

/* Can a mount of @root be put there? */
static int may_attach(const struct path *on, const struct dentry *root)
{
	if (on->dentry->flags & D_DELETED)
		return -ENOENT;
	if (S_ISDIR(on->dentry->inode->mode) != S_ISDIR(root->inode->mode))
		return -ENOTDIR;
	return 0;
}

/* Of file systems that there is one of: what is mounted already. */
static struct superblock *find_super(const char *type)
{
	struct superblock *sb = NULL;
	struct mount *m;

	mutex_lock(&dcache.lock);
	for (m = mount_next(NULL); m; m = mount_next(m))
		if (!strcmp(m->sb->type, type)) {
			sb = m->sb;
			ref_get(&sb->ref);
			break;
		}
	mutex_unlock(&dcache.lock);
	return sb;
}

static struct superblock *get_super(struct task *t, const char *type,
				    char *data)
{
	static const char *const single[] = {
		"proc", "sysfs", "devtmpfs", "devpts", "mqueue",
	};
	struct superblock *sb;

	if (!strcmp(type, "tmpfs") || !strcmp(type, "ramfs"))
		return tmpfs_mount(t, data);
	for (unsigned int k = 0; k < ARRAY_SIZE(single); k++)
		if (!strcmp(type, single[k])) {
			sb = find_super(type);
			return sb ? sb : err_ptr(-EPERM);
		}
	return err_ptr(-ENODEV);
}

/* @source is taken over on success. */
static int attach_super(struct superblock *sb, const struct path *on,
			uint32_t flags, const char *source)
{
	struct mount *m = mount_new(sb->root, flags, source);
	int err;

	if (!m)
		return -ENOMEM;
	dcache_begin();
	err = may_attach(on, m->root);
	if (!err && on->mnt->sb == sb && is_mounted(on))
		err = -EBUSY;
	if (!err) {
		m->own_source = true;
		mount_attach(m, on);
	}
	dcache_end();
	if (err)
		mount_put(m);
	return err;
}

static int new_mount(struct task *t, const char *source, const struct path *on,
		     const char *type, uint32_t flags, char *data)
{
	const char *from = *source ? source : "none";
	struct superblock *sb;
	char *name;
	int err = -ENOMEM;

	if (!*type)
		return -EINVAL;
	sb = get_super(t, type, data);
	if (is_err(sb))
		return (int)ptr_err(sb);
	name = kstrndup(from, strlen(from));
	if (name)
		err = attach_super(sb, on, flags, name);
	if (err)
		kfree(name);
	sb_put(sb);	/* the mount has its own */
	return err;
}

/* A mount of the same file system from @root on, that nobody has seen yet. */
static struct mount *copy_of(const struct mount *m, struct dentry *root)
{
	struct mount *c = mount_new(root, m->flags, NULL);

	if (!c)
		return NULL;
	c->locked_flags = m->locked_flags;
	c->source = kstrndup(m->source ? m->source : "none",
			     strlen(m->source ? m->source : "none"));
	c->own_source = c->source;
	return c;
}

/* A mount below @p, on it or in it; dcache_lock is held. */
static bool is_on(const struct mount *m, const struct path *p)
{
	struct path at = { m->parent, m->mountpoint };

	return m != p->mnt && m->parent && mount_is_below(m, p->mnt) &&
	       path_is_under(&at, p);
}

static bool has_locked(const struct path *p)
{
	const struct mount *m;
	bool found = false;

	mutex_lock(&dcache.lock);
	for (m = mount_next(NULL); m && !found; m = mount_next(m))
		found = m->locked && is_on(m, p);
	mutex_unlock(&dcache.lock);
	return found;
}

/* The mounts on and in @p, each with a reference. */
static int list_submounts(struct list *l, const struct path *p)
{
	int room = list_alloc(l), err = 0;

	if (room < 0)
		return room;
	mutex_lock(&dcache.lock);
	for (struct mount *m = mount_next(NULL); m; m = mount_next(m)) {
		if (!is_on(m, p) || (m->flags & MNT_UNBINDABLE))
			continue;
		if ((int)l->n == room) {
			err = -EAGAIN;
			break;
		}
		ref_get(&m->ref);
		l->on[l->n] = (struct path){ m->parent, m->mountpoint };
		path_get(&l->on[l->n]);
		l->m[l->n++] = m;
	}
	mutex_unlock(&dcache.lock);
	return err;
}

/* Copy number @k of @l, if its parent has been; NULL: not yet, or no memory. */
static struct mount *copy_one(struct list *l, unsigned int k,
			      struct mount **copy, const struct mount *from,
			      struct mount *top)
{
	struct path on = { NULL, l->on[k].dentry };
	struct mount *c;

	if (l->on[k].mnt == from)
		on.mnt = top;
	for (unsigned int j = 0; j < l->n && !on.mnt; j++)
		if (l->m[j] == l->on[k].mnt)
			on.mnt = copy[j];
	if (!on.mnt)
		return NULL;
	c = copy_of(l->m[k], l->m[k]->root);
	if (!c)
		return NULL;
	c->locked = l->m[k]->locked;
	dcache_begin();
	mount_attach(c, &on);
	dcache_end();
	return c;
}

/*
 * Copies of the mounts in @l below the copy @top of @from, which is attached,
 * parents first.
 */
static int copy_submounts(struct list *l, const struct mount *from,
			  struct mount *top)
{
	struct mount **copy = kzalloc((l->n + 1) * sizeof(*copy));
	bool more = true;

	if (!copy)
		return -ENOMEM;
	while (more) {
		more = false;
		for (unsigned int k = 0; k < l->n; k++) {
			if (copy[k])
				continue;
			copy[k] = copy_one(l, k, copy, from, top);
			more |= copy[k] != NULL;
		}
	}
	kfree(copy);
	return 0;
}

static int bind_from(const struct path *from, const struct path *on, bool all)
{
	struct list l = { .n = 0 };
	struct mount *m;
	int err = 0;

	if (from->mnt->flags & MNT_UNBINDABLE)
		return -EINVAL;
	if (!all && has_locked(from))
		return -EINVAL;	/* it would show what they cover */
	if (all) {
		err = list_submounts(&l, from);
		if (err)
			goto out;
	}
	m = copy_of(from->mnt, from->dentry);
	if (!m) {
		err = -ENOMEM;
		goto out;
	}
	dcache_begin();
	err = may_attach(on, m->root);
	if (!err)
		mount_attach(m, on);
	dcache_end();
	if (err)
		mount_put(m);
	else if (all)
		err = copy_submounts(&l, from->mnt, m);
out:
	list_put(&l);
	list_free(&l);
	return err;
}

static int bind(struct task *t, const char *source, const struct path *on,
		bool all)
{
	struct path from;
	int err;

	if (!*source)
		return -EINVAL;
	err = path_lookup_k(t, AT_FDCWD, source, strlen(source), LOOKUP_FOLLOW,
			    &from, NULL);
	if (err)
		return err;
	err = bind_from(&from, on, all);
	path_put(&from);
	return err;
}

static int remount(const struct path *p, uint32_t flags)
{
	struct mount *m = p->mnt;
	uint32_t lost;

	if (!is_mounted(p))
		return -EINVAL;
	lost = m->flags & ~flags & LOCKABLE;
	if (lost & m->locked_flags)
		return -EPERM;
	if ((flags & ~m->flags & MNT_RDONLY) && load_once(&m->n_writers))
		return -EBUSY;
	dcache_begin();
	m->flags = (m->flags & ~CHANGEABLE) | (flags & CHANGEABLE);
	dcache_end();
	return 0;
}

/* All mounts are private: only what keeps others out makes a difference. */
static int propagation(const struct path *p, unsigned long flags)
{
	unsigned long type = flags & PROPAGATION;
	struct mount *m;

	if (type & (type - 1) || (flags & ~(type | MS_REC | MS_SILENT)))
		return -EINVAL;
	if (!is_mounted(p) || type == MS_SHARED)
		return -EINVAL;
	dcache_begin();
	for (m = mount_next(NULL); m; m = mount_next(m)) {
		if (m != p->mnt &&
		    !((flags & MS_REC) && mount_is_below(m, p->mnt)))
			continue;
		if (type == MS_UNBINDABLE)
			m->flags |= MNT_UNBINDABLE;
		else
			m->flags &= ~MNT_UNBINDABLE;
	}
	dcache_end();
	return 0;
}

static int move(struct task *t, const char *source, const struct path *on)
{
	struct path from, was = { NULL, NULL };
	struct mount *m;
	int err;

	if (!*source)
		return -EINVAL;
	err = path_lookup_k(t, AT_FDCWD, source, strlen(source), LOOKUP_FOLLOW,
			    &from, NULL);
	if (err)
		return err;
	m = from.mnt;
	dcache_begin();
	if (!is_mounted(&from) || !m->parent || m->locked)
		err = -EINVAL;
	else if (mount_is_below(on->mnt, m))
		err = -ELOOP;
	else
		err = may_attach(on, m->root);
	if (!err) {
		was = mount_detach(m);
		mount_attach(m, on);
	}
	dcache_end();
	if (was.mnt)
		path_put(&was);
	path_put(&from);
	return err;
}

static int do_mount(struct task *t, const char *source, const struct path *on,
		    const char *type, unsigned long flags, char *data)
{
	if (!may_mount(t))
		return -EPERM;
	if (flags & MS_REMOUNT)
		return remount(on, mount_flags(flags));
	if (flags & MS_BIND)
		return bind(t, source, on, flags & MS_REC);
	if (flags & PROPAGATION)
		return propagation(on, flags);
	if (flags & MS_MOVE)
		return move(t, source, on);
	return new_mount(t, source, on, type, mount_flags(flags), data);
}

/* A string argument that may be missing: "" then. */
static int string_in(char *to, uaddr_t from, size_t size)
{
	long n = 0;

	*to = '\0';
	if (from)
		n = copy_str(to, from, size);
	return n == -ENAMETOOLONG ? -EINVAL : n < 0 ? (int)n : 0;
}

struct mount_args {
	char source[PATH_LEN_MAX], type[PATH_LEN_MAX], data[PATH_LEN_MAX];
};

long sys_mount(struct task *t, uaddr_t source, uaddr_t target, uaddr_t type,
	       unsigned long flags, uaddr_t data)
{
	struct mount_args *a = kmalloc(sizeof(*a));
	struct path on;
	int err;

	if (!a)
		return -ENOMEM;
	if ((flags & MGC_MASK) == MGC_VAL)
		flags &= ~MGC_MASK;
	err = string_in(a->type, type, sizeof(a->type));
	if (!err)
		err = string_in(a->source, source, sizeof(a->source));
	if (!err)
		err = string_in(a->data, data, sizeof(a->data));
	if (!err)
		err = path_lookup(t, AT_FDCWD, target, LOOKUP_FOLLOW, &on);
	if (!err) {
		err = do_mount(t, a->source, &on, a->type, flags, a->data);
		path_put(&on);
	}
	kfree(a);
	return err;
}
