/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proc.c: the file system behind the tables of /proc and /sys: directories,
 * links, and whose they are.
 */
#include "emul/fs/proc.h"

#include <linux/errno.h>
#include <linux/magic.h>

#include "emul/entry/uaccess.h"
#include "emul/lib/alloc.h"
#include "emul/lib/print.h"
#include "emul/lib/string.h"
#include "emul/task/pid.h"
#include "emul/task/task.h"
#include "emul/vfs/fdtable.h"

#define POS_SPECIAL	1000	/* of the first name that is in no table */

static const struct inode_ops dir_iops, link_iops, name_iops;
static const struct file_ops dir_fops;

/* Whose the files of @p are now, as Linux's task_dump_owner(). */
static void set_owner(struct inode *i, struct task *t)
{
	struct cred c;

	proc_cred(t, &c);
	if (i->mode != (S_IFDIR | 0555) &&
	    (!t->group->dumpable || !load_once(&t->mm)))
		c.euid = c.egid = 0;
	i->uid = c.euid;
	i->gid = c.egid;
}

/* @t: of which task, NULL outside of /proc/PID; @up: the directory. */
static struct inode *node_new(struct superblock *sb,
			      const struct proc_entry *e, struct task *t,
			      const struct proc_inode *up, int fd)
{
	struct proc_inode *p = kzalloc(sizeof(*p));
	struct inode *i;

	if (!p)
		return NULL;
	i = inode_new(sb);
	if (!i) {
		kfree(p);
		return NULL;
	}
	p->entry = e;
	p->fd = fd;
	i->mode = e->mode;
	i->uid = i->gid = 0;
	if (t) {
		p->tid = t->tid;
		p->thread = e == &proc_tid_entry || (up && up->thread);
		p->who = p->thread ? (const void *)t : t->group;
		set_owner(i, t);
	}
	i->priv = p;
	if (S_ISDIR(e->mode)) {
		i->nlink = 2;
		i->ops = &dir_iops;
		i->fops = &dir_fops;
	} else if (S_ISLNK(e->mode)) {
		i->ops = e->link && !e->follow ? &name_iops : &link_iops;
	} else {
		i->ops = e->fops ? &proc_raw_iops : &proc_text_iops;
		i->fops = e->fops ? e->fops : &proc_text_fops;
	}
	return i;
}

void proc_evict(struct inode *i)
{
	kfree(i->priv);
}

struct task *proc_task(const struct proc_inode *p)
{
	struct task *t;

	if (!p->tid) {
		t = current();
		ref_get(&t->ref);
		return t;
	}
	t = task_find(p->tid);
	if (t && p->who != (p->thread ? (const void *)t : t->group)) {
		task_put(t);
		t = NULL;
	}
	return t;
}

struct tgroup *proc_dir_group(const struct file *f, bool *is_dir)
{
	const struct proc_inode *p = f->inode->priv;
	struct tgroup *g = NULL;
	struct task *t;

	*is_dir = f->inode->ops == &dir_iops && p->entry == &proc_pid_entry;
	if (!*is_dir)
		return NULL;
	t = proc_task(p);
	if (t) {
		g = t->group;
		ref_get(&g->ref);
	}
	task_put(t);
	return g;
}

/* A name that is a number without leading zeroes; -1 if it is none. */
static int number_of(const struct dentry *d)
{
	int n = 0;

	if (!d->len || d->len > 9 || (d->len > 1 && d->name[0] == '0'))
		return -1;
	for (unsigned int i = 0; i < d->len; i++) {
		if (d->name[i] < '0' || d->name[i] > '9')
			return -1;
		n = n * 10 + (d->name[i] - '0');
	}
	return n;
}

static struct inode *task_lookup(struct inode *dir, int n)
{
	struct proc_inode *p = dir->priv;
	struct task *t = task_find(n);
	struct inode *i = NULL;

	if (!t)
		return NULL;
	if (p->entry->special == PROC_PIDS)
		i = node_new(dir->sb, &proc_pid_entry, t, p, 0);
	else if (!p->thread && t->group == p->who)
		i = node_new(dir->sb, &proc_tid_entry, t, p, 0);
	task_put(t);
	return i;
}

static struct inode *fd_lookup(struct inode *dir, struct task *t, int n)
{
	struct proc_inode *p = dir->priv;
	struct file *f = NULL;
	struct inode *i = NULL;

	if (proc_fd_next(t, n, &f, NULL) == n) {
		i = node_new(dir->sb, p->entry->special == PROC_FDS ?
			     &proc_fd_link : &proc_fdinfo_file, t, p, n);
		if (i && p->entry->special == PROC_FDS)
			i->mode = S_IFLNK | (f->mode & FMODE_READ ? 0500 : 0) |
				(f->mode & FMODE_WRITE ? 0300 : 0);
	}
	if (f)
		file_put(f);
	return i;
}

static struct inode *special_lookup(struct inode *dir, struct task *t,
				    struct dentry *d)
{
	struct proc_inode *p = dir->priv;
	int n = number_of(d);

	if (n < 0)
		return NULL;
	switch (p->entry->special) {
	case PROC_PIDS:
	case PROC_TIDS:
		return task_lookup(dir, n);
	case PROC_FDS:
	case PROC_FDINFOS:
		return fd_lookup(dir, t, n);
	default:
		return NULL;
	}
}

static int dir_lookup(struct inode *dir, struct dentry *d)
{
	struct proc_inode *p = dir->priv;
	struct task *t = proc_task(p);
	const struct proc_entry *e;
	struct inode *i = NULL;

	if (!t)
		return -ENOENT;
	for (e = p->entry->children; e && e->name; e++)
		if (strlen(e->name) == d->len &&
		    memcmp(e->name, d->name, d->len) == 0)
			break;
	/* No negative ones: what is not there now may be the next time. */
	if (e && e->name)
		i = node_new(dir->sb, e, p->tid ? t : NULL, p,
			     e->arg ? e->arg : p->fd);
	else if (p->entry->special != PROC_FIXED)
		i = special_lookup(dir, t, d);
	task_put(t);
	if (!i)
		return e && e->name ? -ENOMEM : -ENOENT;
	if (((struct proc_inode *)i->priv)->tid)
		d->flags |= D_REVALIDATE;
	d_instantiate(d, i);
	return 0;
}

static bool revalidate(struct dentry *d)
{
	struct inode *i = load_acquire(&d->inode);
	struct proc_inode *p = i ? i->priv : NULL;
	struct task *t;

	/* Descriptors come and go. */
	if (!p || p->entry == &proc_fd_link || p->entry == &proc_fdinfo_file)
		return false;
	t = proc_task(p);
	if (!t)
		return false;
	set_owner(i, t);
	task_put(t);
	return true;
}

static bool emit_number(struct dir_ctx *ctx, int n, unsigned int type,
			off_t next)
{
	char name[12];
	int len = ksnprintf(name, sizeof(name), "%d", n);

	return ctx->emit(ctx, name, (size_t)len, 0x10000000UL + (unsigned)n,
			 type, next);
}

static int special_readdir(struct file *f, struct task *t,
			   struct dir_ctx *ctx)
{
	struct proc_inode *p = f->inode->priv;
	enum proc_special s = p->entry->special;
	int n = (int)(ctx->pos - POS_SPECIAL) - 1;
	struct file *g;

	for (;;) {
		unsigned int type = 4;	/* DT_DIR */

		if (s == PROC_PIDS) {
			n = pid_next(n, NULL);
		} else if (s == PROC_TIDS) {
			n = pid_next(n, t->group);
		} else {
			n = proc_fd_next(t, n + 1, &g, NULL);
			if (n >= 0)
				file_put(g);
			type = s == PROC_FDS ? 10 : 8;	/* DT_LNK, DT_REG */
		}
		if (n < 0)
			return 0;
		if (!emit_number(ctx, n, type, POS_SPECIAL + n + 1))
			return 0;
		ctx->pos = POS_SPECIAL + n + 1;
	}
}

static int dir_readdir(struct file *f, struct dir_ctx *ctx)
{
	struct proc_inode *p = f->inode->priv;
	const struct proc_entry *e;
	struct task *t;
	int err;

	t = proc_task(p);
	if (!t)
		return -ENOENT;
	err = 0;
	if (!dir_emit_dots(f, ctx))
		goto out;
	e = p->entry->children;
	for (off_t at = 2; e && e->name; e++, at++) {
		if (at < ctx->pos)
			continue;
		if (!ctx->emit(ctx, e->name, strlen(e->name),
			       0x20000000UL + (uint64_t)at,
			       (e->mode & S_IFMT) >> 12, at + 1))
			goto out;
		ctx->pos = at + 1;
	}
	if (p->entry->special == PROC_FIXED)
		goto out;
	if (ctx->pos < POS_SPECIAL)
		ctx->pos = POS_SPECIAL;
	err = special_readdir(f, t, ctx);
out:
	task_put(t);
	return err;
}

static const struct inode_ops dir_iops = {
	.lookup = dir_lookup,
	.evict = proc_evict,
};
static const struct file_ops dir_fops = {
	.readdir = dir_readdir,
	.lseek = lseek_endless,
};

static ssize_t link_readlink(struct inode *i, char *buf, size_t size)
{
	struct proc_inode *p = i->priv;
	struct task *t = proc_task(p);
	ssize_t n;

	if (!t)
		return -ENOENT;
	if (p->tid && !proc_may_trace(t))
		n = -EACCES;
	else if (p->entry == &proc_fd_link)
		n = proc_fd_readlink(t, p->fd, buf, size);
	else
		n = p->entry->link(t, buf, size);
	task_put(t);
	return n;
}

static int link_follow(struct inode *i, struct path *out)
{
	struct proc_inode *p = i->priv;
	struct task *t = proc_task(p);
	int err;

	if (!t)
		return -ENOENT;
	if (p->tid && !proc_may_trace(t))
		err = -EACCES;
	else if (p->entry == &proc_fd_link)
		err = proc_fd_follow(t, p->fd, out);
	else
		err = p->entry->follow(t, out);
	task_put(t);
	return err;
}

/* /proc/self and the like are names, the others lead to the place itself. */
static const struct inode_ops link_iops = {
	.readlink = link_readlink,
	.follow = link_follow,
	.evict = proc_evict,
};
static const struct inode_ops name_iops = {
	.readlink = link_readlink,
	.evict = proc_evict,
};

static const struct super_ops proc_sops = {
	.statfs = simple_statfs,
	.revalidate = revalidate,
};

struct superblock *proc_tree(const char *type, uint64_t magic,
			     const struct proc_entry *root)
{
	struct superblock *sb = sb_new(type, magic, &proc_sops);
	struct inode *i;

	if (!sb)
		return NULL;
	i = node_new(sb, root, NULL, NULL, 0);
	if (!i)
		return NULL;
	sb->root = d_alloc_root(sb, i);
	if (!sb->root) {
		inode_put(i);
		return NULL;
	}
	d_pin(sb->root);
	return sb;
}

struct superblock *proc_super(void)
{
	return proc_tree("proc", PROC_SUPER_MAGIC, &proc_root_entry);
}
