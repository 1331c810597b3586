/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hostfs-rw.c: changes of a writable host directory, a request each.
 *
 * Others may change it too, so cached names are asked for again at each use
 * (D_REVALIDATE).
 */
#include "emul/fs/hostfs.h"

#include "emul/host/broker.h"
#include "emul/host/host.h"
#include "emul/lib/alloc.h"
#include "emul/lib/string.h"
#include "emul/task/task.h"
#include "emul/vfs/dcache.h"
#include "emul/vfs/fdtable.h"

#define UTIME_OMIT_NS	((1L << 30) - 2L)	/* utimensat(2) */

/* A request on the path of @d; the node that comes back goes to *@st. */
static int ask(struct dentry *d, struct broker_req *req, const void *second,
	       struct broker_stat *st, int *fd)
{
	char path[DIR_NAME_BYTES], *p;
	struct broker_rep rep;
	char *body;
	int err;

	err = hostfs_path(d, path, &p);
	if (err < 0)
		return err;
	req->grant = (uint16_t)((struct host_super *)d->sb->priv)->grant;
	req->len1 = (uint16_t)err;
	body = reply_get();
	if (!body)
		return -ENOMEM;
	err = broker_call2(req, p, second, -1, &rep, body, BROKER_BODY_MAX,
			   fd);
	if (!err && st) {
		if (rep.len >= sizeof(struct broker_node))
			*st = ((struct broker_node *)body)->st;
		else
			err = -EIO;
	}
	reply_put(body);
	return err;
}

/* @d was just made: note by which name. */
static void hostfs_mark(struct dentry *d)
{
	char path[DIR_NAME_BYTES], *p;
	int len = hostfs_path(d, path, &p);

	if (len >= 0)
		hostfs_found(d, p, (size_t)len);
}

static int new_node(struct inode *dir, struct dentry *d,
		    struct broker_req *req, const char *second)
{
	struct broker_stat st;
	struct inode *i;
	int err = ask(d, req, second, &st, NULL);

	if (err)
		return err;
	i = hostfs_inode(dir->sb, &st, second, second ? strlen(second) : 0);
	if (!i)
		return -ENOMEM;
	d_instantiate(d, i);
	hostfs_mark(d);
	dir->mtime = dir->ctime = ktime_now();
	if (S_ISDIR(i->mode))
		dir->nlink++;
	return 0;
}

/* The umask was applied by the kernel's own. */
static int rw_create(struct inode *dir, struct dentry *d, mode_t mode)
{
	struct broker_req req = {
		.op = BROKER_OPEN,
		.arg = { O_RDWR | O_CREAT | O_EXCL, mode & 0777 },
	};

	return new_node(dir, d, &req, NULL);
}

static int rw_mkdir(struct inode *dir, struct dentry *d, mode_t mode)
{
	struct broker_req req = {
		.op = BROKER_MKDIR,
		.arg = { mode & 01777 },
	};

	return new_node(dir, d, &req, NULL);
}

static int rw_mknod(struct inode *dir, struct dentry *d, mode_t mode,
		    dev_t dev)
{
	struct broker_req req = { .op = BROKER_MKNOD, .arg = { mode } };

	(void)dev;
	if (!S_ISREG(mode) && !S_ISFIFO(mode))
		return -EPERM;
	return new_node(dir, d, &req, NULL);
}

static int rw_symlink(struct inode *dir, struct dentry *d, const char *to)
{
	struct broker_req req = {
		.op = BROKER_SYMLINK,
		.len2 = (uint16_t)strlen(to),
	};

	return new_node(dir, d, &req, to);
}

static int two_paths(struct dentry *from, struct dentry *to,
		     struct broker_req *req)
{
	char path[DIR_NAME_BYTES], *p;
	int len = hostfs_path(to, path, &p);

	if (len < 0)
		return len;
	req->grant2 = (uint16_t)((struct host_super *)to->sb->priv)->grant;
	req->len2 = (uint16_t)len;
	return ask(from, req, p, NULL, NULL);
}

static int rw_rename(struct inode *od, struct dentry *o, struct inode *nd,
		     struct dentry *n, unsigned int flags)
{
	struct broker_req req = { .op = BROKER_RENAME, .arg = { flags } };
	int err = two_paths(o, n, &req);

	if (!err)
		od->mtime = od->ctime = nd->mtime = nd->ctime = ktime_now();
	return err;
}

static int rw_unlink(struct inode *dir, struct dentry *d)
{
	struct broker_req req = { .op = BROKER_UNLINK };
	int err = ask(d, &req, NULL, NULL, NULL);

	if (!err) {
		d->inode->nlink--;
		dir->mtime = dir->ctime = ktime_now();
	}
	return err;
}

static int rw_rmdir(struct inode *dir, struct dentry *d)
{
	struct broker_req req = { .op = BROKER_RMDIR };
	int err = ask(d, &req, NULL, NULL, NULL);

	if (!err) {
		d->inode->nlink = 0;
		dir->nlink--;
		dir->mtime = dir->ctime = ktime_now();
	}
	return err;
}

void hostfs_found(struct dentry *d, const char *path, size_t len)
{
	struct host_inode *h;
	char *copy, *old;

	d->flags |= D_REVALIDATE;
	if (!d->inode || !path)
		return;
	h = d->inode->priv;
	copy = kstrndup(path, len);
	if (!copy)
		return;		/* the older name stays */
	mutex_lock(&h->lock);
	old = h->path;
	h->path = copy;
	mutex_unlock(&h->lock);
	kfree(old);
}

/*
 * By the descriptor that is open for writing where there is one, else by the
 * name that the inode was looked up by last.
 */
static int change(struct inode *i, struct broker_req *by_name,
		  struct broker_req *by_fd)
{
	struct host_inode *h = i->priv;
	struct broker_rep rep;
	char *path;
	int err;

	if (h->fd[1] >= 0) {
		by_fd->flags = BROKER_FD_SENT;
		return broker_call2(by_fd, NULL, NULL, h->fd[1], &rep, NULL, 0,
				    NULL);
	}
	mutex_lock(&h->lock);
	path = h->path ? kstrndup(h->path, strlen(h->path)) : NULL;
	mutex_unlock(&h->lock);
	by_name->grant = (uint16_t)host_sb(i)->grant;
	by_name->len1 = path ? (uint16_t)strlen(path) : 0;
	err = broker_call(by_name, path, &rep, NULL, 0, NULL);
	kfree(path);
	return err;
}

static int64_t stamp(const struct iattr *a, uint32_t which,
		     const struct ktime *t)
{
	return a->valid & which ? t->sec * NSEC_PER_SEC + t->nsec : INT64_MIN;
}

static int rw_setattr(struct inode *i, const struct iattr *a)
{
	uint64_t uid = a->valid & ATTR_UID ? a->uid : UINT32_MAX;
	uint64_t gid = a->valid & ATTR_GID ? a->gid : UINT32_MAX;
	struct broker_req n, f;
	int err = 0;

	if (a->valid & ATTR_SIZE) {
		n = (struct broker_req){ .op = BROKER_TRUNCATE,
					 .arg = { a->size } };
		f = (struct broker_req){ .op = BROKER_FD_TRUNCATE,
					 .arg = { 0, a->size } };
		err = change(i, &n, &f);
	}
	if (!err && (a->valid & ATTR_MODE)) {
		n = (struct broker_req){ .op = BROKER_CHMOD,
					 .arg = { a->mode & 01777 } };
		f = (struct broker_req){ .op = BROKER_FD_CHMOD,
					 .arg = { 0, a->mode & 01777 } };
		err = change(i, &n, &f);
	}
	if (!err && (a->valid & (ATTR_UID | ATTR_GID))) {
		n = (struct broker_req){ .op = BROKER_CHOWN,
					 .arg = { uid, gid } };
		f = (struct broker_req){ .op = BROKER_FD_CHOWN,
					 .arg = { 0, uid, gid } };
		err = change(i, &n, &f);
	}
	/* A truncation stamps the host's file by itself. */
	if (!err && !(a->valid & ATTR_SIZE) &&
	    (a->valid & (ATTR_ATIME | ATTR_MTIME))) {
		n = (struct broker_req){
			.op = BROKER_UTIMENS,
			.arg = { (uint64_t)a->atime.sec,
				 a->valid & ATTR_ATIME ? a->atime.nsec :
				 UTIME_OMIT_NS, (uint64_t)a->mtime.sec,
				 a->valid & ATTR_MTIME ? a->mtime.nsec :
				 UTIME_OMIT_NS },
		};
		f = (struct broker_req){
			.op = BROKER_FD_UTIMENS,
			.arg = { 0, (uint64_t)stamp(a, ATTR_ATIME, &a->atime),
				 (uint64_t)stamp(a, ATTR_MTIME, &a->mtime) },
		};
		err = change(i, &n, &f);
	}
	if (!err)
		inode_set_attr(i, a);
	return err;
}

/* Does the host still have what the cache says of @d? */
bool hostfs_revalidate(struct dentry *d)
{
	struct broker_req req = { .op = BROKER_STAT };
	struct inode *i = d->inode;
	struct host_inode *h;
	struct broker_stat st;
	int err = ask(d, &req, NULL, &st, NULL);

	if (!i)
		return err == -ENOENT;
	if (err)
		return false;
	h = i->priv;
	if (!h || st.ino != i->ino || ((st.mode ^ i->mode) & S_IFMT) ||
	    S_ISLNK(st.mode))
		return false;
	hostfs_refresh(i, &st);
	return true;
}

const struct inode_ops hostfs_rw_iops = {
	.lookup = hostfs_lookup,
	.prefetch = hostfs_prefetch,
	.getattr = hostfs_getattr,
	.setattr = rw_setattr,
	.create = rw_create,
	.mkdir = rw_mkdir,
	.mknod = rw_mknod,
	.symlink = rw_symlink,
	.unlink = rw_unlink,
	.rmdir = rw_rmdir,
	.rename = rw_rename,
	.open = hostfs_open,
	.evict = hostfs_evict,
};
