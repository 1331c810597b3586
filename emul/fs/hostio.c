/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hostio.c: contents of the host's files.
 *
 * A file is opened once an inode; reads and writes name their offset.  The
 * descriptors of files that nobody has open are kept, the oldest are closed
 * when there are many.
 */
#include <linux/magic.h>
#include <linux/mman.h>

#include "emul/fs/hostfs.h"
#include "emul/fs/tmpfs.h"
#include "emul/host/broker.h"
#include "emul/host/host.h"
#include "emul/lib/alloc.h"
#include "emul/lib/string.h"
#include "emul/vfs/dcache.h"
#include "emul/vfs/fsnotify.h"

#define IDLE_MAX	2048u	/* host descriptors of files not open, at most */
#define IDLE_MIN	8u
#define FD_READ		0
#define FD_RDWR		2

static __arena struct {
	struct mutex lock;
	struct list_head list;	/* inodes with a descriptor and no file */
	uint32_t n, max;
} lru;

void hostfs_limit(uint64_t descriptors)
{
	lru.max = (uint32_t)MIN(descriptors / 4, IDLE_MAX);
	lru.max = MAX(lru.max, IDLE_MIN);
}

uint32_t host_fds_idle(void)
{
	return lru.max;
}

/* lru.lock is held. */
static void lru_del(struct host_node *n)
{
	if (!n->on_lru)
		return;
	list_del(&n->lru);
	n->on_lru = false;
	lru.n--;
}

__arena struct host_closes host_closes;

bool host_closes_begin(const struct host_node *n)
{
	const struct dentry *d = n->dentry, *up;
	uint32_t events = 0;

	if (likely(!fsn_on()))
		return false;
	mutex_lock(&dcache.lock);
	if (d && d->inode && d->inode->priv == n) {
		up = d->parent;
		events = (d->inode->watch != NULL) +
			 (up != d && up->inode && up->inode->watch);
	}
	mutex_unlock(&dcache.lock);
	if (!events)
		return false;
	__atomic_fetch_add(&host_closes.busy, 1, __ATOMIC_SEQ_CST);
	__atomic_fetch_add(&host_closes.n, events, __ATOMIC_SEQ_CST);
	return true;
}

void host_closes_end(bool begun)
{
	if (!begun)
		return;
	__atomic_fetch_add(&host_closes.turn, 1, __ATOMIC_SEQ_CST);
	__atomic_fetch_sub(&host_closes.busy, 1, __ATOMIC_SEQ_CST);
}

static void close_one(const struct host_node *n, int fd)
{
	bool begun = n->fd_write && host_closes_begin(n);

	host_close(fd);
	host_closes_end(begun);
}

/* The last file of it was closed: its descriptor may go one day. */
static void lru_add(struct host_node *n)
{
	struct host_node *victim = NULL;
	int fd = -1;

	mutex_lock(&lru.lock);
	if (!lru.list.next)
		list_init(&lru.list);
	if (!n->on_lru && n->fd >= 0) {
		list_add_tail(&n->lru, &lru.list);
		n->on_lru = true;
		lru.n++;
	}
	if (lru.n > lru.max) {
		victim = list_first(&lru.list, struct host_node, lru);
		lru_del(victim);
		/* Open again since: it comes back here when it is closed. */
		if (!__atomic_load_n(&victim->n_open, __ATOMIC_SEQ_CST)) {
			fd = __atomic_exchange_n(&victim->fd, -1,
						 __ATOMIC_SEQ_CST);
			if (__atomic_load_n(&victim->n_open,
					    __ATOMIC_SEQ_CST)) {
				int none = -1;

				/* It was opened just now, by the old one. */
				if (__atomic_compare_exchange_n(
					    &victim->fd, &none, fd, false,
					    __ATOMIC_SEQ_CST,
					    __ATOMIC_SEQ_CST))
					fd = -1;
			}
		}
	}
	mutex_unlock(&lru.lock);
	if (fd >= 0)
		close_one(victim, fd);
}

void host_fd_idle(struct inode *i)
{
	struct host_node *n = host_node(i);

	if (!__atomic_load_n(&n->n_open, __ATOMIC_SEQ_CST) &&
	    !load_once(&n->on_lru))
		lru_add(n);
}

void host_fd_drop(struct inode *i)
{
	struct host_node *n = host_node(i);
	int fd;

	mutex_lock(&lru.lock);
	lru_del(n);
	fd = n->fd;
	n->fd = -1;
	mutex_unlock(&lru.lock);
	if (fd >= 0)
		close_one(n, fd);
	if (n->old_fd >= 0)
		host_close(n->old_fd);
	n->old_fd = -1;
}

/* i->lock is held. */
static int open_locked(struct inode *i, bool write)
{
	struct host_node *n = host_node(i);
	struct broker_req req = { .op = BROKER_OPEN,
				  .arg = { write ? FD_RDWR : FD_READ } };
	struct broker_node b;
	struct broker_rep rep;
	int err, fd = -1;

	if (n->fd >= 0 && (!write || n->fd_write))
		return n->fd;
	err = host_request_inode(i, &req, &rep, &b, sizeof(b), &fd);
	if (err == -EACCES && write) {
		/* not readable: nobody here could have asked to read it */
		req.arg[0] = 1;
		err = host_request_inode(i, &req, &rep, &b, sizeof(b), &fd);
	}
	if (err)
		return err;
	if (fd < 0)
		return -ENFILE;	/* the host lets us have no more */
	/* Others may be reading from it just now: it goes with the inode. */
	if (n->fd >= 0)
		n->old_fd = n->fd;
	n->fd_write = write;
	store_release(&n->fd, fd);
	return fd;
}

int host_fd(struct inode *i, bool write)
{
	struct host_node *n = host_node(i);
	int fd = __atomic_load_n(&n->fd, __ATOMIC_SEQ_CST);

	if (likely(fd >= 0 && (!write || n->fd_write)))
		return fd;
	mutex_lock(&i->lock);
	fd = open_locked(i, write);
	mutex_unlock(&i->lock);
	return fd;
}

int host_request_fd(struct inode *i, struct broker_req *req, bool write,
		    struct dentry *path, struct broker_rep *rep, void *buf,
		    size_t cap)
{
	struct host_node *n = host_node(i);
	char mem[BROKER_PATH_MAX], *p = NULL;
	size_t len = 0;
	int fd, err;

	if (path) {
		p = host_path(path, mem, &len);
		if (!p || len >= BROKER_PATH_MAX)
			return -ENAMETOOLONG;
		req->grant = hostfs_of(i)->grant;
		req->len1 = (uint16_t)len;
	}
	req->flags = BROKER_FD_SENT;
	/* As if it were open, so that nobody closes it meanwhile. */
	__atomic_fetch_add(&n->n_open, 1, __ATOMIC_SEQ_CST);
	fd = __atomic_load_n(&n->fd, __ATOMIC_SEQ_CST);
	err = fd < 0 || (write && !n->fd_write) ? -ENOENT :
		broker_call2(req, p, NULL, fd, rep, buf, cap, NULL);
	__atomic_fetch_sub(&n->n_open, 1, __ATOMIC_SEQ_CST);
	return err;
}

int host_open(struct inode *i, struct file *f)
{
	struct host_node *n = host_node(i);
	bool write = f->mode & FMODE_WRITE;
	int fd;

	/*
	 * The guest's fifos are pipes of its own, also those it made on the
	 * host.  A fifo that is only seen there leads to nobody in here.
	 */
	if (S_ISFIFO(i->mode) && !n->upper && hostfs_of(i)->kind != HOST_RW)
		return -ENXIO;
	if (!S_ISREG(i->mode))
		return 0;
	__atomic_fetch_add(&n->n_open, 1, __ATOMIC_SEQ_CST);
	if (n->upper)
		return 0;
	if (hostfs_of(i)->kind == HOST_OVERLAY)
		host_open_ahead(f->path.dentry);
	fd = host_fd(i, write && hostfs_of(i)->kind == HOST_RW);
	/*
	 * Root of an overlay may open what the caller may not: a lock file,
	 * say, in which there is nothing to read.
	 */
	if (fd == -EACCES && !i->size && hostfs_of(i)->kind == HOST_OVERLAY)
		fd = host_copy_up(i, 0);
	if (fd < 0) {
		__atomic_fetch_sub(&n->n_open, 1, __ATOMIC_RELEASE);
		return fd;
	}
	return 0;
}

static void host_release(struct file *f)
{
	struct host_node *n = host_node(f->inode);
	const struct dentry *d = f->path.dentry;

	if (__atomic_fetch_sub(&n->n_open, 1, __ATOMIC_SEQ_CST) != 1 ||
	    n->fd < 0)
		return;
	/*
	 * Without a name it is never opened again: let the host free it, unless
	 * somebody has it by O_PATH and may ask for its attributes.
	 */
	if (!f->inode->nlink && hostfs_of(f->inode)->kind == HOST_RW &&
	    load_once(&d->ref.count) == 1U + fsn_holds(d))
		host_fd_drop(f->inode);
	else if (!load_once(&n->on_lru))
		lru_add(n);
}

/*
 * The host moves the bytes straight to or from the guest's buffers; their
 * range was checked, and a bad page is its -EFAULT.
 */
static ssize_t host_rw(struct inode *i, struct uio *u, off_t *pos, bool write)
{
	int fd = host_fd(i, write);
	size_t len, done = 0;
	ssize_t n = 0;
	void *p;

	if (fd < 0)
		return fd;
	while ((len = uio_piece(u, &p))) {
		n = write ? host_pwrite(fd, p, len, *pos) :
			host_pread(fd, p, len, *pos);
		if (n <= 0)
			break;
		uio_advance(u, (size_t)n);
		*pos += n;
		done += (size_t)n;
		if ((size_t)n < len)
			break;
	}
	return done ? (ssize_t)done : n;
}

#define GATHER_MAX	65536u	/* bytes of a vector that go in one piece */

/*
 * Append: the host knows where the end is, which its other programs move too.
 * A vector goes there in one piece, as long as that is bearable.
 */
static ssize_t host_add(struct inode *i, struct uio *u, off_t *pos)
{
	int fd = host_fd(i, true);
	size_t len, done = 0;
	char *buf = NULL;
	ssize_t n = 0;
	void *p;

	if (fd < 0)
		return fd;
	if (u->n_vec > 1 && u->left <= GATHER_MAX) {
		len = u->left;
		buf = kmalloc(len);
		if (!buf)
			return -ENOMEM;
		n = uio_read(u, buf, len);
		if (n > 0)
			n = host_append(fd, buf, (size_t)n);
		kfree(buf);
		done = n > 0 ? (size_t)n : 0;
	} else {
		while ((len = uio_piece(u, &p))) {
			n = host_append(fd, p, len);
			if (n <= 0)
				break;
			uio_advance(u, (size_t)n);
			done += (size_t)n;
			if ((size_t)n < len)
				break;
		}
	}
	/* By another name it may have grown, which is another inode here. */
	if (done && i->nlink > 1 && !host_refresh_open(i)) {
		*pos = (off_t)i->size;
		return (ssize_t)done;
	}
	mutex_lock(&i->lock);
	*pos = (off_t)(i->size + done);	/* unless others were quicker */
	mutex_unlock(&i->lock);
	return done ? (ssize_t)done : n;
}

static ssize_t hostf_read(struct file *f, struct uio *u, off_t *pos)
{
	struct inode *i = f->inode;
	struct host_node *n = host_node(i);

	if (load_acquire(&n->upper)) {
		ssize_t r = memdata_read(i, &n->data, u, pos);

		if (r > 0)
			inode_read(i, f->path.mnt, f->flags);
		return r;
	}
	return host_rw(i, u, pos, false);
}

/* What is not as on the host may not be forgotten. */
void host_pin(struct dentry *d)
{
	if (d && !(d->flags & (D_PINNED | D_ROOT | D_DELETED)))
		d_pin(d);
}

/* Where the host has data, and where holes. */
static off_t seek_on_host(struct inode *i, off_t off, int whence)
{
	struct broker_req req = {
		.op = BROKER_FD_SEEK,
		.arg = { 0, (uint64_t)off, (uint64_t)whence },
	};
	struct broker_rep rep;
	int err;

	if (off < 0)
		return -ENXIO;
	err = host_request_fd(i, &req, false, NULL, &rep, NULL, 0);
	return err ? err : (off_t)rep.val[0];
}

/*
 * In a file with holes, where data goes on from @at, and in *@end how far;
 * @size where there is none.  Of what cannot be asked all is data.
 */
static uint64_t next_data(struct inode *i, uint64_t at, uint64_t size,
			  uint64_t *end)
{
	off_t data = seek_on_host(i, (off_t)at, 3), hole;

	if (data == -ENXIO || data > (off_t)size)
		return size;
	if (data > (off_t)at)
		at = (uint64_t)data;
	hole = seek_on_host(i, (off_t)at, 4);
	*end = hole > (off_t)at ? MIN((uint64_t)hole, size) : size;
	return at;
}

int host_copy_up_locked(struct inode *i, uint64_t keep)
{
	struct host_node *n = host_node(i);
	uint64_t size = MIN(i->size, keep);
	uint64_t at = 0, blocks = i->blocks;
	uint64_t end = blocks * 512 < i->size ? 0 : size;
	char *buf;
	long r = 0;
	int fd;

	if (n->upper)
		return 0;
	if (!size)
		goto done;
	fd = open_locked(i, false);
	if (fd < 0)
		return fd;
	buf = page_alloc(16);
	if (!buf)
		return -ENOMEM;
	i->blocks = 0;
	while (at < size) {
		size_t len;

		if (at >= end)
			at = next_data(i, at, size, &end);
		if (at >= size)
			break;
		len = MIN(end - at, 16 * PAGE_SIZE);
		r = host_pread(fd, buf, len, (off_t)at);
		if (r <= 0)
			break;
		len = (size_t)r;
		r = memdata_fill(i, &n->data, at, buf, len, size);
		if (r)
			break;
		at += len;
	}
	page_free(buf, 16);
	if (r < 0) {
		memdata_free(&n->data);
		i->blocks = blocks;
		return (int)r;
	}
done:
	i->size = size;
	if (!size)
		i->blocks = 0;
	i->keeps_atime = true;
	store_release(&n->upper, true);
	return 0;
}

int host_copy_up(struct inode *i, uint64_t keep)
{
	int err;

	if (load_acquire(&host_node(i)->upper))
		return 0;
	mutex_lock(&i->lock);
	err = host_copy_up_locked(i, keep);
	if (!err)
		host_pin(host_node(i)->dentry);
	mutex_unlock(&i->lock);
	return err;
}

static ssize_t hostf_write(struct file *f, struct uio *u, off_t *pos)
{
	struct inode *i = f->inode;
	struct host_node *n = host_node(i);
	ssize_t r;
	int err;

	r = file_size_limit(u->append ? (off_t)i->size : *pos, u->left);
	if (r < 0)
		return r;
	u->left = (size_t)r;
	if (!u->left)
		return 0;
	if (hostfs_of(i)->kind != HOST_RW) {
		err = host_copy_up(i, UINT64_MAX);
		if (err)
			return err;
		inode_written(i);
		return memdata_write(i, &n->data, u, pos);
	}
	r = u->append ? host_add(i, u, pos) : host_rw(i, u, pos, true);
	if (r > 0) {
		mutex_lock(&i->lock);
		if ((uint64_t)*pos > i->size)
			i->size = (uint64_t)*pos;
		i->mtime = i->ctime = ktime_now();
		mutex_unlock(&i->lock);
	}
	host_touched(i);
	return r;
}

/*
 * Does the host's file end where it did?  Its last byte is there, and none
 * after it.  The file is open.
 */
static bool same_end(struct inode *i)
{
	struct host_node *n = host_node(i);
	uint64_t size = load_once(&i->size);
	int fd = __atomic_load_n(&n->fd, __ATOMIC_SEQ_CST);
	char end[2];

	if (fd < 0 || !S_ISREG(i->mode))
		return false;
	return host_pread(fd, end, sizeof(end),
			  (off_t)(size ? size - 1 : 0)) == (size ? 1 : 0);
}

static off_t host_lseek(struct file *f, off_t off, int whence)
{
	struct inode *i = f->inode;
	struct host_node *n = host_node(i);
	struct kstat st;

	if (whence >= 3) {
		off = n->upper ? memdata_seek(i, &n->data, off, whence) :
			seek_on_host(i, off, whence);
		if (off >= 0)
			f->pos = off;
		return off;
	}
	if (whence == 2 && host_shared(i) && !same_end(i))
		(void)host_getattr(i, &st);
	return generic_lseek(f, off, whence);
}

static int hostf_mmap(struct file *f, off_t off, size_t len, int prot,
		     int flags, struct backing *b)
{
	struct inode *i = f->inode;
	struct host_node *n = host_node(i);
	bool shared = (flags & MAP_TYPE) != MAP_PRIVATE;
	int fd, err;

	(void)prot;
	/* Shared and writable, now or after mprotect: it has to be memory. */
	if (shared && (f->mode & FMODE_WRITE) &&
	    hostfs_of(i)->kind == HOST_OVERLAY) {
		err = host_copy_up(i, UINT64_MAX);
		if (err)
			return err;
	}
	if (load_acquire(&n->upper))
		return memdata_mmap(i, &n->data, off, len, b);
	fd = host_fd(i, shared && (f->mode & FMODE_WRITE));
	if (fd < 0)
		return fd;
	b->fd = fd;
	b->off = off;
	b->len = SIZE_MAX & PAGE_MASK;
	return 0;
}

/*
 * Do the host's files on the device of @i lie in its memory alone?  Then its
 * fsync(2) does nothing, and need not be asked for.  @fd is one of them.
 */
static bool in_memory(struct inode *i, int fd)
{
	struct broker_req req = { .op = BROKER_FD_STATFS,
				  .flags = BROKER_FD_SENT };
	struct hostfs *h = hostfs_of(i);
	uint64_t dev = i->dev << 1, known = load_once(&h->synced_dev);
	struct broker_statfs st;
	struct broker_rep rep;

	if (dev && (known & ~1UL) == dev)
		return known & 1;
	if (broker_call2(&req, NULL, NULL, fd, &rep, &st, sizeof(st), NULL) ||
	    rep.len != sizeof(st))
		return false;
	known = st.type == TMPFS_MAGIC || st.type == RAMFS_MAGIC;
	store_once(&h->synced_dev, dev | known);
	return known;
}

static int host_fsync(struct file *f, bool data_only)
{
	struct broker_req req = { .op = BROKER_FD_SYNC, .flags = BROKER_FD_SENT,
				  .arg = { 0, data_only } };
	struct broker_rep rep;
	int fd;

	if (hostfs_of(f->inode)->kind != HOST_RW)
		return 0;
	fd = host_fd(f->inode, false);
	if (fd < 0)
		return fd;
	if (in_memory(f->inode, fd))
		return 0;
	return broker_call2(&req, NULL, NULL, fd, &rep, NULL, 0, NULL);
}

static long host_fallocate_op(struct file *f, int mode, off_t off, off_t len)
{
	struct inode *i = f->inode;
	struct host_node *n = host_node(i);
	struct broker_req req = { .op = BROKER_FD_ALLOCATE };
	struct broker_rep rep;
	long err;

	if (hostfs_of(i)->kind != HOST_RW) {
		err = host_copy_up(i, UINT64_MAX);
		return err ? err :
			memdata_fallocate(i, &n->data, mode, off, len);
	}
	/* The host's call is for the kernel's memory alone: by the broker. */
	req.arg[1] = (uint64_t)(unsigned int)mode;
	req.arg[2] = (uint64_t)off;
	req.arg[3] = (uint64_t)len;
	err = host_request_fd(i, &req, true, NULL, &rep, NULL, 0);
	host_touched(i);
	/* Where the end is what is appended next has to know. */
	if (!err)
		(void)host_refresh_open(i);
	return err;
}

const struct file_ops host_file_fops = {
	.read = hostf_read,
	.write = hostf_write,
	.lseek = host_lseek,
	.mmap = hostf_mmap,
	.fsync = host_fsync,
	.fallocate = host_fallocate_op,
	.release = host_release,
};

const struct inode_ops host_file_iops = {
	.open = host_open,
	.getattr = host_getattr,
	.setattr = host_setattr,
	.attr_flags = host_attr_flags,
	.load_xattrs = host_load_xattrs,
	.setxattr = host_setxattr,
	.evict = host_evict,
	.lock_begin = host_lock_begin,
	.lock = host_lock,
	.test_lock = host_test_lock,
};

bool host_file_below(const struct file *f)
{
	return f->ops == &host_file_fops &&
	       !load_acquire(&host_node(f->inode)->upper);
}
