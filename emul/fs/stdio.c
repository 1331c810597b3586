/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stdio.c: descriptors that the sandbox inherits from outside.
 *
 * Offset and flags of such a descriptor are shared with whoever else has it,
 * so it is read and written as it is, at the host's offset; nothing is ever
 * set on it.  `{ echo a; sbx prog; echo c; } >f` has to work.  A guest that
 * asks for O_NONBLOCK gets it by a look before each call.
 */
#include "emul/fs/stdio.h"

#include <asm/ioctls.h>
#include <asm/poll.h>
#include <asm/signal.h>
#include <linux/major.h>

#include "emul/abi/broker.h"
#include "emul/abi/hostfd.h"
#include "emul/entry/uaccess.h"
#include "emul/fs/dev.h"
#include "emul/fs/hostfs.h"
#include "emul/host/broker.h"
#include "emul/host/host.h"
#include "emul/lib/alloc.h"
#include "emul/net/passed.h"
#include "emul/signal/signal.h"
#include "emul/task/task.h"
#include "emul/tty/own.h"
#include "emul/vfs/fdtable.h"
#include "emul/vfs/poll.h"

#define MINOR_NULL	3u	/* of MEM_MAJOR */

#define BUSY		1u
#define KNOWN		2u

static uint64_t index_of(const struct file *f)
{
	return (uint64_t)f->priv;
}

static bool is_ready(const struct file *f, short events)
{
	struct pollfd p = { .fd = f->host_fd, .events = events };

	return host_ppoll(&p, 1, 0) != 0;
}

/* Wait until the host's descriptor, which somebody made nonblocking, is. */
static long wait_ready(const struct file *f, short events)
{
	struct pollfd p = { .fd = f->host_fd, .events = events };

	return host_ppoll(&p, 1, NEVER_NS);
}

/* What a wait that a kick ended means for the call. */
static long restartable(long r)
{
	return r == -EINTR ? -ERESTARTSYS : r;
}

static ssize_t stdio_read(struct file *f, struct uio *u, off_t *pos)
{
	bool shared = pos == &f->pos || !(f->mode & FMODE_SEEK);
	ssize_t done = 0;
	size_t n;
	void *p;
	long r = own_tty_check((unsigned int)index_of(f), SIGTTIN);

	if (r)
		return r;
	while ((n = uio_piece(u, &p))) {
		if (!shared) {
			r = host_pread(f->host_fd, p, n, *pos);
		} else if ((u->nonblock || done) && !is_ready(f, POLLIN)) {
			r = -EAGAIN;
		} else {
			r = host_read_wait(f->host_fd, p, n);
			if (r == -EAGAIN && !u->nonblock && !done) {
				r = wait_ready(f, POLLIN);
				if (r >= 0)
					continue;
			}
		}
		if (r <= 0)
			return done ? done : restartable(r);
		uio_advance(u, (size_t)r);
		if (!shared)
			*pos += r;
		done += r;
		if ((size_t)r < n)
			break;
	}
	return done;
}

static off_t stdio_lseek(struct file *f, off_t off, int whence);
static int stdio_getattr(struct file *f, struct kstat *st);

/*
 * How much of @n bytes the guest's own RLIMIT_FSIZE lets in, which the host does
 * not know of.  Where the file's end or position is has to be asked for.
 */
static ssize_t within_limit(struct file *f, off_t pos, bool shared, size_t n)
{
	ssize_t all = file_size_limit(0, INT64_MAX);
	struct kstat st;
	int err;

	if (likely(all == INT64_MAX || !S_ISREG(f->inode->mode)))
		return (ssize_t)n;
	if (all < 0)
		return all;
	if (f->flags & O_APPEND) {
		err = stdio_getattr(f, &st);
		pos = err ? err : (off_t)st.size;
	} else if (shared) {
		pos = stdio_lseek(f, 0, 1);
	}
	return pos < 0 ? pos : file_size_limit(pos, n);
}

static ssize_t stdio_write(struct file *f, struct uio *u, off_t *pos)
{
	bool shared = pos == &f->pos || !(f->mode & FMODE_SEEK);
	long r = own_tty_check_write((unsigned int)index_of(f));
	ssize_t done = 0;
	size_t n;
	void *p;

	if (r)
		return r;
	r = within_limit(f, *pos, shared, u->left);
	if (r < 0)
		return r;
	u->left = (size_t)r;
	while ((n = uio_piece(u, &p))) {
		if (!shared) {
			r = host_pwrite(f->host_fd, p, n, *pos);
		} else if (u->nonblock && !is_ready(f, POLLOUT)) {
			r = -EAGAIN;
		} else {
			r = host_write_wait(f->host_fd, p, n);
			if (r == -EAGAIN && !u->nonblock) {
				r = wait_ready(f, POLLOUT);
				if (r >= 0)
					continue;
			}
		}
		if (r < 0)
			break;
		uio_advance(u, (size_t)r);
		if (!shared)
			*pos += r;
		done += r;
		if ((size_t)r < n && (u->nonblock || S_ISREG(f->inode->mode)))
			break;
	}
	if (done)
		return done;
	return r == -EPIPE ? signal_epipe(current()) : restartable(r);
}

static int ask(struct broker_req *req, const void *in, void *out, size_t cap,
	       struct broker_rep *rep)
{
	return broker_call(req, in, rep, out, cap, NULL);
}

/* /dev/null and its like, of which nothing ever changes but times. */
static bool is_mem(const struct inode *i)
{
	return S_ISCHR(i->mode) && i->rdev >> 8 == MEM_MAJOR;
}

static off_t stdio_lseek(struct file *f, off_t off, int whence)
{
	struct broker_req req = {
		.op = BROKER_FD_LSEEK,
		.arg = { index_of(f), (uint64_t)off, (uint64_t)whence },
	};
	struct broker_rep rep;
	int err;

	if (!S_ISREG(f->inode->mode) && !S_ISBLK(f->inode->mode) &&
	    !S_ISDIR(f->inode->mode) && !S_ISCHR(f->inode->mode))
		return -ESPIPE;
	if (whence < 0 || whence > 4)
		return -EINVAL;
	if (is_mem(f->inode) && (f->inode->rdev & 0xff) == MINOR_NULL)
		return 0;
	err = ask(&req, NULL, NULL, 0, &rep);
	return err ? err : (off_t)rep.val[0];
}

/* Consoles, serial lines and pseudo-terminals, by their major numbers. */
static bool is_tty(uint32_t mode, uint64_t major)
{
	return S_ISCHR(mode) && (major == TTY_MAJOR ||
				 major == TTYAUX_MAJOR ||
				 (major >= UNIX98_PTY_SLAVE_MAJOR &&
				  major < UNIX98_PTY_SLAVE_MAJOR + 8));
}

/* What pipes and the like were when they were first asked. */
static struct {
	uint32_t known;		/* 0, BUSY: being written, KNOWN */
	struct kstat st;
} kept[INHERITED_MAX] __arena_table;

static int stdio_getattr(struct file *f, struct kstat *st)
{
	uint64_t k = index_of(f);
	bool keep = S_ISFIFO(f->inode->mode) || is_mem(f->inode);
	uint32_t none = 0;
	struct broker_req req = {
		.op = BROKER_FD_STAT,
		.arg = { index_of(f) },
	};
	struct broker_stat *b;
	struct broker_rep rep;
	struct {
		struct broker_node node;
		char target[64];
	} body;
	int err;

	if (keep && load_acquire(&kept[k].known) == KNOWN) {
		*st = kept[k].st;
		return 0;
	}
	err = ask(&req, NULL, &body, sizeof(body), &rep);
	if (err)
		return err;
	b = &body.node.st;
	*st = (struct kstat){
		.ino = b->ino, .nlink = b->nlink, .size = b->size,
		.blocks = b->blocks, .mode = b->mode,
		.uid = host_uid_in(b->uid), .gid = host_gid_in(b->gid),
		.blksize = b->blksize,
		.dev = broker_dev(b->dev),
		.rdev = broker_dev(b->rdev),
		.atime = { b->atime.sec, b->atime.nsec },
		.mtime = { b->mtime.sec, b->mtime.nsec },
		.ctime = { b->ctime.sec, b->ctime.nsec },
		.btime = { b->btime.sec, b->btime.nsec },
		.has_btime = b->has_btime,
	};
	/* ttyname(3) looks for a name in /dev that is this very file. */
	if (is_tty(b->mode, b->rdev >> 32))
		dev_tty_getattr(st);
	/* Programs look at all three, and to ask is two switches. */
	if (keep && __atomic_compare_exchange_n(&kept[k].known, &none, BUSY,
						false, __ATOMIC_RELAXED,
						__ATOMIC_RELAXED)) {
		kept[k].st = *st;
		store_release(&kept[k].known, KNOWN);
	}
	return 0;
}

static long stdio_ioctl(struct file *f, unsigned int cmd, uaddr_t arg)
{
	/* Counts of bytes alone are known of what is no terminal. */
	if ((!S_ISCHR(f->inode->mode) || is_mem(f->inode)) &&
	    cmd != FIONREAD && cmd != TIOCOUTQ)
		return -ENOTTY;
	return own_tty_ioctl((unsigned int)index_of(f), f, cmd, arg);
}

static int stdio_fsync(struct file *f, bool data_only)
{
	struct broker_req req = {
		.op = BROKER_FD_SYNC,
		.arg = { index_of(f), data_only },
	};
	struct broker_rep rep;

	return ask(&req, NULL, NULL, 0, &rep);
}

static int stdio_mmap(struct file *f, off_t off, size_t len, int prot,
		      int flags, struct backing *b)
{
	(void)len;
	(void)prot;
	(void)flags;
	b->fd = f->host_fd;
	b->off = off;
	b->len = SIZE_MAX;
	return 0;
}

static const struct file_ops stdio_fops = {
	.read = stdio_read,
	.write = stdio_write,
	.lseek = stdio_lseek,
	.getattr = stdio_getattr,
	.ioctl = stdio_ioctl,
	.fsync = stdio_fsync,
	.poll = host_file_poll,
	.polls_host = true,
};

/* A regular file is always ready, and can be mapped. */
static const struct file_ops stdio_reg_fops = {
	.read = stdio_read,
	.write = stdio_write,
	.lseek = stdio_lseek,
	.getattr = stdio_getattr,
	.ioctl = stdio_ioctl,
	.fsync = stdio_fsync,
	.mmap = stdio_mmap,
};

static int stdio_inode_getattr(struct inode *i, struct kstat *st)
{
	inode_fill_stat(i, st);
	return 0;
}

/* ftruncate(2) is the one change of an inherited file that is passed on. */
static int stdio_setattr(struct inode *i, const struct iattr *a)
{
	struct broker_req req = {
		.op = BROKER_FD_TRUNCATE,
		.arg = { (uint64_t)i->priv, a->size },
	};
	struct broker_rep rep;

	if (a->valid & ~(ATTR_SIZE | ATTR_MTIME))
		return -EPERM;
	return a->valid & ATTR_SIZE ? ask(&req, NULL, NULL, 0, &rep) : 0;
}

static int host_fd_of(unsigned int index)
{
	return index < 3 ? (int)index : HOSTFD_PASS + (int)index - 3;
}

/* Files, and /dev/null and the like, have a position, but not terminals. */
static void set_seekable(struct file *f, const struct inode *i)
{
	f->mode &= ~(FMODE_SEEK | FMODE_HOST_POS);
	if (S_ISREG(i->mode) || S_ISBLK(i->mode) ||
	    (S_ISCHR(i->mode) && i->rdev >> 8 == MEM_MAJOR))
		f->mode |= FMODE_SEEK | FMODE_HOST_POS;
}

/*
 * Opened again by /dev/stdin or /proc/self/fd: the same descriptor, with its
 * position.
 */
static int stdio_open(struct inode *i, struct file *f)
{
	f->ops = i->fops;
	f->priv = i->priv;
	f->host_fd = host_fd_of((unsigned int)(uintptr_t)i->priv);
	set_seekable(f, i);
	return 0;
}

static const struct inode_ops stdio_iops = {
	.open = stdio_open,
	.getattr = stdio_inode_getattr,
	.setattr = stdio_setattr,
};

static struct superblock *stdio_sb __arena;

int stdio_open_tty(unsigned int index, struct file *f)
{
	f->ops = &stdio_fops;
	f->priv = (void *)(uintptr_t)index;
	f->host_fd = host_fd_of(index);
	f->mode &= ~FMODE_SEEK;
	return 0;
}

struct file *stdio_file(unsigned int index, const struct boot_inherited *in)
{
	static const char *const kinds[] = { "stdin", "stdout", "stderr" };
	bool tty = is_tty(in->mode, in->rdev >> 32);
	struct inode *i;
	struct file *f;

	if (S_ISSOCK(in->mode)) {
		f = passed_file(index, host_fd_of(index), in->flags);
		if (f)
			return f;
	}
	if (!stdio_sb)
		stdio_sb = sb_new("inherited", 0, NULL);
	i = stdio_sb ? inode_new(stdio_sb) : NULL;
	if (!i)
		return NULL;
	i->mode = in->mode;
	i->rdev = broker_dev(in->rdev);
	i->ops = &stdio_iops;
	i->fops = S_ISREG(in->mode) ? &stdio_reg_fops : &stdio_fops;
	i->priv = (void *)(uintptr_t)index;
	f = file_new(i, i->fops, in->flags, tty ? "tty" :
		     index < 3 ? kinds[index] : "inherited",
		     (void *)(uintptr_t)index);
	if (!f)
		return NULL;
	f->host_fd = host_fd_of(index);
	set_seekable(f, i);
	if (tty && own_tty_add(index, in)) {
		file_put(f);
		return NULL;
	}
	return f;
}
