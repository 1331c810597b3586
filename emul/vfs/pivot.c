/* SPDX-License-Identifier: Apache-2.0 */
/* pivot.c: another root for all: pivot_root(2). */
#include <linux/capability.h>

#include "emul/lib/alloc.h"
#include "emul/sysproto.h"
#include "emul/task/pid.h"
#include "emul/vfs/dcache.h"
#include "emul/vfs/fdtable.h"
#include "emul/vfs/namei.h"

struct contexts {
	struct fs_ctx **fs;
	unsigned int n, room;
};

/* Directories of all tasks, with references; false: there was no room. */
static bool collect(struct contexts *c)
{
	struct tgroup *g;
	struct task *t;
	bool fits = true;

	c->n = 0;
	mutex_lock(&pids_lock);
	list_for_each(g, &all_groups, all_link) {
		mutex_lock(&g->lock);
		list_for_each(t, &g->threads, thread_link) {
			struct fs_ctx *fs = t->fs;

			if (c->n == c->room) {
				fits = false;
				break;
			}
			if (fs && ref_get_unless_zero(&fs->ref))
				c->fs[c->n++] = fs;
		}
		mutex_unlock(&g->lock);
	}
	mutex_unlock(&pids_lock);
	return fits;
}

static void put_all(struct contexts *c)
{
	while (c->n)
		fs_ctx_put(c->fs[--c->n]);
	kfree(c->fs);
}

static int collect_all(struct contexts *c)
{
	for (c->room = 64; ; c->room *= 2) {
		c->fs = kmalloc(c->room * sizeof(c->fs[0]));
		if (!c->fs)
			return -ENOMEM;
		if (collect(c))
			return 0;
		put_all(c);
	}
}

/* Who has the old root as root or working directory gets the new one. */
static void change_roots(struct contexts *c, const struct path *from,
			 const struct path *to)
{
	for (unsigned int k = 0; k < c->n; k++) {
		struct path *slot[2] = { &c->fs[k]->root, &c->fs[k]->pwd };
		unsigned int n = 0;

		mutex_lock(&c->fs[k]->lock);
		dcache_begin();
		for (int s = 0; s < 2; s++)
			if (slot[s]->mnt == from->mnt &&
			    slot[s]->dentry == from->dentry) {
				*slot[s] = *to;
				path_get(to);
				n++;
			}
		dcache_end();
		mutex_unlock(&c->fs[k]->lock);
		while (n--)
			path_put(from);
	}
}

/* Between dcache_begin() and dcache_end(). */
static int may_pivot(const struct path *root, const struct path *new,
		     const struct path *old)
{
	if (new->mnt->locked || (root->mnt->locked && root->mnt->parent))
		return -EINVAL;
	if ((new->dentry->flags & D_DELETED) || (old->dentry->flags & D_DELETED))
		return -ENOENT;
	if (new->mnt == root->mnt || old->mnt == root->mnt)
		return -EBUSY;
	if (root->dentry != root->mnt->root ||
	    new->dentry != new->mnt->root || !new->mnt->parent)
		return -EINVAL;
	if (!path_is_under(old, new) || !path_is_under(new, root))
		return -EINVAL;
	return 0;
}

static int pivot(const struct path *root, const struct path *new,
		 const struct path *old)
{
	struct path was_new, was_root;
	int err;

	dcache_begin();
	err = may_pivot(root, new, old);
	if (!err) {
		was_new = mount_detach(new->mnt);
		was_root = mount_detach(root->mnt);
		mount_attach(root->mnt, old);
		mount_attach(new->mnt, was_root.mnt ? &was_root : NULL);
	}
	dcache_end();
	if (err)
		return err;
	path_put(&was_new);
	if (was_root.mnt)
		path_put(&was_root);
	return 0;
}

long sys_pivot_root(struct task *t, uaddr_t new_root, uaddr_t put_old)
{
	struct path root, new, old;
	struct contexts c = { .n = 0 };
	int err;

	if (!cred_capable(t->cred, CAP_SYS_ADMIN))
		return -EPERM;
	err = path_lookup(t, AT_FDCWD, new_root,
			  LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &new);
	if (err)
		return err;
	err = path_lookup(t, AT_FDCWD, put_old,
			  LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &old);
	if (err)
		goto out_new;
	fs_get_root(t->fs, &root);
	err = collect_all(&c);
	if (!err)
		err = pivot(&root, &new, &old);
	if (!err)
		change_roots(&c, &root, &new);
	if (c.n)
		put_all(&c);
	path_put(&root);
	path_put(&old);
out_new:
	path_put(&new);
	return err;
}
