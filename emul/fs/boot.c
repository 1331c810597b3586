/* SPDX-License-Identifier: Apache-2.0 */
/*
 * boot.c: the view that the policy asks for, and the first task's files.
 *
 * The root is a directory of our own unless the policy gives one of the host.
 * Mounts come sorted, a directory before what is in it; what is missing on
 * the way to a mount point is made, as a directory of nobody's that stays.
 */
#include "emul/abi/boot.h"
#include "emul/abi/hostfd.h"

#include <linux/magic.h>

#include "emul/fs/deny.h"
#include "emul/fs/dev.h"
#include "emul/fs/hostfs.h"
#include "emul/fs/proc.h"
#include "emul/fs/stdio.h"
#include "emul/fs/tmpfs.h"
#include "emul/ipc/mqueue.h"
#include "emul/lib/alloc.h"
#include "emul/lib/live.h"
#include "emul/lib/print.h"
#include "emul/lib/string.h"
#include "emul/tty/tty.h"
#include "emul/vfs/dcache.h"
#include "emul/vfs/fdtable.h"
#include "emul/vfs/namei.h"
#include "emul/vfs/walk.h"

/* @name is missing in @dir: make it, with @mode, in memory and root's. */
static struct dentry *make(struct dentry *dir, const char *name, size_t len,
			   mode_t mode)
{
	struct inode *i = dir->inode;
	struct dentry *d;
	int err;

	if (hostfs_is(dir->sb))
		return hostfs_mountpoint(dir, name, len, S_ISDIR(mode));
	d = lookup_child(dir, name, len);
	if (is_err(d))
		return d;
	if (i->ops->mkdir) {
		mutex_lock(&i->lock);
		err = S_ISDIR(mode) ? i->ops->mkdir(i, d, mode & 07777) :
			i->ops->create(i, d, mode & 07777);
		mutex_unlock(&i->lock);
		if (err) {
			dput(d);
			return err_ptr(err);
		}
		d->inode->uid = d->inode->gid = 0;
		return d;
	}
	i = inode_new(dir->sb);
	if (!i) {
		dput(d);
		return err_ptr(-ENOMEM);
	}
	i->mode = mode;
	i->uid = i->gid = 0;
	if (S_ISDIR(mode)) {
		i->nlink = 2;
		i->ops = &simple_dir_iops;
		i->fops = &simple_dir_fops;
	}
	d_instantiate(d, i);
	return d;
}

/* The child @name of @at, made where there is none; moves *@at to it. */
static int enter(struct path *at, const char *name, size_t len, mode_t mode)
{
	struct dentry *d = deny_is(at->dentry->sb) ?
		deny_place(at->dentry, name, len, mode) :
		lookup_child(at->dentry, name, len);
	struct path to;

	if (!is_err(d) && !d->inode) {
		dput(d);
		d = make(at->dentry, name, len, mode);
	}
	if (is_err(d))
		return (int)ptr_err(d);
	d_pin(d);
	to = (struct path){ at->mnt, d };
	ref_get(&to.mnt->ref);
	path_put(at);
	*at = to;
	path_follow_mounts(at);
	return 0;
}

/* Go to @path, of which the last component gets @mode if it is missing. */
static int go_to(const struct path *root, const char *path, mode_t mode,
		 struct path *at)
{
	const char *e;
	int err = 0;

	*at = *root;
	path_get(at);
	path_follow_mounts(at);
	while (!err) {
		while (*path == '/')
			path++;
		if (!*path)
			return 0;
		for (e = path; *e && *e != '/'; e++)
			;
		err = enter(at, path, (size_t)(e - path),
			    *e ? S_IFDIR | 0755 : mode);
		path = e;
	}
	path_put(at);
	return err;
}

static struct superblock *make_super(const struct boot_mount *m,
				     const char *path)
{
	struct superblock *sb;

	switch (m->kind) {
	case BOOT_MOUNT_RO:
	case BOOT_MOUNT_RW:
	case BOOT_MOUNT_OVERLAY:
		return hostfs_super(m, path);
	case BOOT_MOUNT_TMPFS:
		if (m->read_only)
			sb = simple_super("tmpfs", TMPFS_MAGIC, NULL, m->mode);
		else
			sb = tmpfs_super(m->size, m->mode ? m->mode : 01777);
		/* What is not everybody's is for the program. */
		if (sb && !m->read_only && !(m->mode & 0002) && m->mode) {
			sb->root->inode->uid = current()->cred->fsuid;
			sb->root->inode->gid = current()->cred->fsgid;
		}
		break;
	case BOOT_MOUNT_PROC:
		sb = proc_super();
		break;
	case BOOT_MOUNT_SYS:
		sb = sys_super();
		break;
	case BOOT_MOUNT_DEV:
		sb = dev_super();
		break;
	case BOOT_MOUNT_DENY:
		sb = deny_super(m->is_dir, m->mode);
		break;
	default:
		return err_ptr(-EINVAL);
	}
	return sb ? sb : err_ptr(-ENOMEM);
}

static uint32_t mount_flags(const struct boot_mount *m)
{
	uint32_t flags = MNT_NOSUID;

	if (m->kind == BOOT_MOUNT_RO ||
	    (m->kind == BOOT_MOUNT_TMPFS && m->read_only))
		flags |= MNT_RDONLY;
	if (m->kind != BOOT_MOUNT_DEV)
		flags |= MNT_NODEV;
	return flags;
}

static int add_symlink(const struct path *root, const char *path,
		       const char *target)
{
	const char *name = strrchr(path, '/') + 1;
	char *dir = kstrndup(path, (size_t)(name - path));
	struct dentry *d;
	struct path at;
	int err;

	if (!dir)
		return -ENOMEM;
	err = go_to(root, dir, S_IFDIR | 0755, &at);
	kfree(dir);
	if (err)
		return err;
	d = simple_symlink(at.dentry, name, target);
	path_put(&at);
	return is_err(d) ? (int)ptr_err(d) : 0;
}

/* Pseudo-terminals belong to the devices in @dev. */
static int add_pts(struct mount *dev)
{
	struct superblock *sb = devpts_super();
	struct path at = { dev, lookup_child(dev->root, "pts", 3) };
	struct mount *mnt;

	if (is_err(at.dentry))
		return (int)ptr_err(at.dentry);
	mnt = sb ? mount_add(&at, sb->root, MNT_NOSUID | MNT_NOEXEC,
			     "devpts") : err_ptr(-ENOMEM);
	dput(at.dentry);
	return is_err(mnt) ? (int)ptr_err(mnt) : 0;
}

static int add_cgroup(const struct path *root, const char *sys)
{
	struct superblock *sb = cgroup_super();
	char name[PATH_LEN_MAX];
	struct mount *mnt;
	struct path at;
	int err;

	if (!sb)
		return -ENOMEM;
	ksnprintf(name, sizeof(name), "%s/fs/cgroup", sys);
	err = go_to(root, name, S_IFDIR | 0755, &at);
	if (err)
		return err;
	mnt = mount_add(&at, sb->root, MNT_RDONLY | MNT_NOSUID | MNT_NODEV |
			MNT_NOEXEC, "cgroup2");
	path_put(&at);
	return is_err(mnt) ? (int)ptr_err(mnt) : 0;
}

static int add_mount(const struct path *root, const struct boot_mount *m,
		     const char *path, const char *source)
{
	bool host = m->kind <= BOOT_MOUNT_OVERLAY;
	bool dir = m->is_dir || (!host && m->kind != BOOT_MOUNT_DENY);
	struct superblock *sb;
	struct mount *mnt;
	struct path at;
	int err;

	err = go_to(root, path, dir ? S_IFDIR | 0755 : S_IFREG | 0644, &at);
	if (err)
		return err;
	sb = make_super(m, path);
	if (is_err(sb)) {
		path_put(&at);
		return (int)ptr_err(sb);
	}
	mnt = mount_add(&at, sb->root, mount_flags(m), source);
	path_put(&at);
	if (is_err(mnt))
		return (int)ptr_err(mnt);
	if (m->kind == BOOT_MOUNT_SYS)
		return add_cgroup(root, path);
	return m->kind == BOOT_MOUNT_DEV ? add_pts(mnt) : 0;
}

/* Where the names of POSIX message queues are shown, in every /dev. */
static int add_mqueue(const struct path *root, const char *dev)
{
	struct mount *mq = mqueue_mount(), *mnt;
	char name[PATH_LEN_MAX];
	struct path at;
	int err;

	if (!mq)
		return -ENOMEM;
	ksnprintf(name, sizeof(name), "%s/mqueue", dev);
	err = go_to(root, name, S_IFDIR | 01777, &at);
	if (err)
		return err;
	mnt = mount_add(&at, mq->root, mq->flags, mq->source);
	path_put(&at);
	return is_err(mnt) ? (int)ptr_err(mnt) : 0;
}

int vfs_boot(const struct boot_mount *m, unsigned int n, const void *strings)
{
	const char *base = strings;
	struct superblock *sb;
	struct path root;
	unsigned int k = 0;
	int err;

	if (n && !strcmp(base + m[0].path, "/")) {
		sb = make_super(&m[0], "/");
		k = 1;
	} else {
		sb = simple_super("tmpfs", TMPFS_MAGIC, NULL, 0755);
	}
	if (!sb || is_err(sb))
		return sb ? (int)ptr_err(sb) : -ENOMEM;
	root.mnt = mount_add(NULL, sb->root, k ? mount_flags(&m[0]) :
			     MNT_RDONLY | MNT_NOSUID | MNT_NODEV,
			     k ? base + m[0].source : "none");
	if (is_err(root.mnt))
		return (int)ptr_err(root.mnt);
	root.dentry = sb->root;
	for (; k < n; k++) {
		if (m[k].kind == BOOT_MOUNT_HIDE)
			continue;	/* the broker does not show it */
		if (m[k].kind == BOOT_MOUNT_SYMLINK)
			err = add_symlink(&root, base + m[k].path,
					  base + m[k].target);
		else
			err = add_mount(&root, &m[k], base + m[k].path,
					base + m[k].source);
		if (!err && m[k].kind == BOOT_MOUNT_DEV)
			err = add_mqueue(&root, base + m[k].path);
		if (err)
			return err;
	}
	mounts_lock();
	return 0;
}

static int add_inherited(struct task *t, const struct boot *b)
{
	const struct boot_inherited *in = b->inherited;
	struct file *f;
	unsigned int k;
	int n;

	for (k = 0; k < INHERITED_MAX; k++) {
		if (!in[k].open)
			continue;
		f = stdio_file(k, &in[k]);
		if (!f)
			return -ENOMEM;
		n = fd_replace(t, in[k].number, f, false);
		if (n < 0)
			return n;
	}
	return 0;
}

int vfs_first_task(struct task *t, const struct boot *b)
{
	const char *cwd = boot_str(b, b->cwd);
	struct fs_ctx *fs = kzalloc(sizeof(*fs));
	struct path at;
	int err;

	t->files = files_new();
	if (!fs || !t->files)
		return -ENOMEM;
	hostfs_limit(MIN(b->rlimits[7][1], HOSTFD_END));
	live_add(LIVE_FS, 1);
	ref_init(&fs->ref);
	mutex_init_class(&fs->lock, LOCK_FS);
	fs->umask = b->umask;
	fs->root = (struct path){ root_mount, root_mount->root };
	path_get(&fs->root);
	fs->pwd = fs->root;
	path_get(&fs->pwd);
	t->fs = fs;
	err = add_inherited(t, b);
	if (err)
		return err;
	err = path_lookup_k(t, AT_FDCWD, cwd, strlen(cwd),
			    LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &at, NULL);
	if (err)
		return err;
	path_put(&fs->pwd);
	fs->pwd = at;
	return 0;
}
