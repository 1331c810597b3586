/* SPDX-License-Identifier: Apache-2.0 */
/* hostrw.c: names made and removed in the host's own directories. */
#include "emul/fs/hostfs.h"
#include "emul/host/broker.h"
#include "emul/host/host.h"
#include "emul/lib/alloc.h"
#include "emul/lib/string.h"
#include "emul/vfs/fsnotify.h"

/* A request that makes @d, whose node comes back. */
static int make(struct inode *dir, struct dentry *d, struct broker_req *req,
		const char *p2, int *fd)
{
	size_t size = sizeof(struct broker_node) + BROKER_PATH_MAX;
	char *buf = kmalloc(size), path[BROKER_PATH_MAX], *p;
	const struct broker_node *b;
	struct broker_rep rep;
	const char *at = buf;
	struct inode *i;
	size_t len;
	int err;

	if (!buf)
		return -ENOMEM;
	p = host_path(d, path, &len);
	if (!p || len >= BROKER_PATH_MAX) {
		err = -ENAMETOOLONG;
		goto out;
	}
	req->grant = hostfs_of(dir)->grant;
	req->len1 = (uint16_t)len;
	req->len2 = p2 ? (uint16_t)strlen(p2) : 0;
	err = broker_call2(req, p, p2, -1, &rep, buf, size, fd);
	if (err)
		goto out;
	b = host_next_node(&at, buf + rep.len);
	i = b ? host_inode_from(dir->sb, b) : NULL;
	if (!i) {
		err = -EIO;
		goto out;
	}
	host_attach(i, d);
	d_instantiate(d, i);
	host_touched(dir);
out:
	kfree(buf);
	return err;
}

static int rw_create(struct inode *dir, struct dentry *d, mode_t mode)
{
	struct broker_req req = {
		.op = BROKER_OPEN,
		.arg = { O_RDWR | O_CREAT | O_EXCL, mode & 07777 },
	};
	int fd = -1, err = make(dir, d, &req, NULL, &fd);

	if (!err && fd >= 0) {
		host_node(d->inode)->fd = fd;
		host_node(d->inode)->fd_write = true;
	} else if (fd >= 0) {
		host_close(fd);
	}
	return err;
}

static int rw_mkdir(struct inode *dir, struct dentry *d, mode_t mode)
{
	struct broker_req req = { .op = BROKER_MKDIR, .arg = { mode & 01777 } };

	return make(dir, d, &req, NULL, NULL);
}

static int rw_mknod(struct inode *dir, struct dentry *d, mode_t mode,
		    dev_t rdev)
{
	struct broker_req req = { .op = BROKER_MKNOD, .arg = { mode } };

	(void)rdev;
	if (!S_ISFIFO(mode))
		return -EPERM;	/* nothing that acts on the host's side */
	return make(dir, d, &req, NULL, NULL);
}

static int rw_symlink(struct inode *dir, struct dentry *d, const char *to)
{
	struct broker_req req = { .op = BROKER_SYMLINK };

	return make(dir, d, &req, to, NULL);
}

/* Requests with two paths; @reply: a node comes back. */
static int two_paths(struct inode *dir, struct broker_req *req,
		     struct dentry *from, struct dentry *to)
{
	char *p1 = kmalloc(2 * BROKER_PATH_MAX), *p2, *s1, *s2;
	size_t n1, n2, size = sizeof(struct broker_node) + BROKER_PATH_MAX;
	char *buf = kmalloc(size);
	struct broker_rep rep;
	int err = -ENOMEM;

	if (!p1 || !buf)
		goto out;
	p2 = p1 + BROKER_PATH_MAX;
	s1 = host_path(from, p1, &n1);
	s2 = host_path(to, p2, &n2);
	err = -ENAMETOOLONG;
	if (!s1 || !s2 || n1 >= BROKER_PATH_MAX || n2 >= BROKER_PATH_MAX)
		goto out;
	req->grant = req->grant2 = hostfs_of(dir)->grant;
	req->len1 = (uint16_t)n1;
	req->len2 = (uint16_t)n2;
	err = broker_call2(req, s1, s2, -1, &rep, buf, size, NULL);
out:
	kfree(p1);
	kfree(buf);
	return err;
}

/* A file without a name, which is its descriptor. */
static int rw_tmpfile(struct inode *dir, struct dentry *d, mode_t mode,
		      bool linkable)
{
	struct broker_req req = {
		.op = BROKER_OPEN,
		.arg = { O_TMPFILE | O_RDWR | (linkable ? 0 : O_EXCL),
			 mode & 07777 },
	};
	struct broker_node b;
	struct broker_rep rep;
	struct inode *i;
	int fd = -1;
	int err = host_request(d->parent, &req, &rep, &b, sizeof(b), &fd);

	if (err)
		return err == -EISDIR ? -EOPNOTSUPP : err;
	i = rep.len < sizeof(b) ? NULL : host_inode_from(dir->sb, &b);
	if (!i || fd < 0) {
		if (i)
			inode_put(i);
		if (fd >= 0)
			host_close(fd);
		return fd < 0 ? -ENFILE : -EIO;
	}
	host_node(i)->fd = fd;
	host_node(i)->fd_write = true;
	host_attach(i, d);
	d_instantiate(d, i);
	return 0;
}

/* Another name of what was made without. */
static int link_unnamed(struct dentry *d, struct inode *to)
{
	struct broker_req req = { .op = BROKER_FD_LINK };
	struct broker_rep rep;

	return host_request_fd(to, &req, true, d, &rep, NULL, 0);
}

static int rw_link(struct inode *dir, struct dentry *d, struct inode *to)
{
	struct broker_req req = { .op = BROKER_LINK };
	int err = host_node(to)->dentry->flags & D_DELETED ?
		link_unnamed(d, to) : two_paths(dir, &req, host_node(to)->dentry, d);

	/* The new name is looked up when it is used: an inode of its own. */
	host_stale(dir);
	if (!err) {
		to->nlink++;
		d_drop(d);
	}
	return err;
}

/* Its last name goes: if nobody has it open, the host may free it. */
static void forget_unlinked(struct inode *i)
{
	if (i->nlink <= 1 && S_ISREG(i->mode) &&
	    !load_once(&host_node(i)->n_open))
		host_fd_drop(i);
}

static int rw_remove(struct inode *dir, struct dentry *d, uint16_t op)
{
	struct broker_req req = { .op = op };
	struct broker_rep rep;
	struct inode *i = d->inode;
	int err;

	forget_unlinked(i);
	err = host_request(d, &req, &rep, NULL, 0, NULL);
	host_touched(dir);
	if (err)
		return err;
	host_touched(i);
	inode_get(i);
	if (i->nlink)
		i->nlink--;
	if (S_ISDIR(i->mode))
		i->nlink = 0;
	d_delete(d, true);
	if (!d->inode)
		d_set_flags(d, D_REVALIDATE);
	/* Where the host does not tell of it, and a watch keeps the name. */
	if (!load_once(&host_node(i)->n_open))
		fsn_gone(i);
	inode_put(i);
	return 0;
}

static int rw_unlink(struct inode *dir, struct dentry *d)
{
	return rw_remove(dir, d, BROKER_UNLINK);
}

static int rw_rmdir(struct inode *dir, struct dentry *d)
{
	return rw_remove(dir, d, BROKER_RMDIR);
}

static int rw_rename(struct inode *od, struct dentry *o, struct inode *nd,
		     struct dentry *n, unsigned int flags)
{
	struct broker_req req = { .op = BROKER_RENAME, .arg = { flags } };
	int err;

	if (flags & 4)		/* RENAME_WHITEOUT: no devices on the host */
		return -EINVAL;
	if (n->inode && !(flags & 2))
		forget_unlinked(n->inode);
	err = two_paths(od, &req, o, n);
	if (err)
		return err;
	host_stale(nd);
	if (n->inode && !(flags & 2) && n->inode->nlink)
		n->inode->nlink--;
	d_move(o, n, flags & 2);
	return 0;
}

const struct inode_ops host_rw_dir_iops = {
	.lookup = host_lookup,
	.prefetch = host_prefetch,
	.create = rw_create,
	.mkdir = rw_mkdir,
	.mknod = rw_mknod,
	.symlink = rw_symlink,
	.link = rw_link,
	.unlink = rw_unlink,
	.rmdir = rw_rmdir,
	.rename = rw_rename,
	.tmpfile = rw_tmpfile,
	.getattr = host_getattr,
	.setattr = host_setattr,
	.load_xattrs = host_load_xattrs,
	.setxattr = host_setxattr,
	.evict = host_evict,
};
