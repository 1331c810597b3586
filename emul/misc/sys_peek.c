/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sys_peek.c: looking into processes: kcmp(2), process_vm_readv(2),
 * process_madvise(2).
 */
#include <linux/mman.h>

#include "emul/entry/uaccess.h"
#include "emul/fs/epoll.h"
#include "emul/fs/proc.h"
#include "emul/lib/alloc.h"
#include "emul/mm/mm.h"
#include "emul/sysproto.h"
#include "emul/task/pidfd.h"
#include "emul/task/task.h"
#include "emul/vfs/fdtable.h"

enum {
	CMP_FILE, CMP_VM, CMP_FILES, CMP_FS, CMP_SIGHAND, CMP_IO, CMP_SYSVSEM,
	CMP_EPOLL_TFD,
};

/* 0 for the same, else the order of the two, as good as any. */
static long compare(const void *a, const void *b)
{
	if (a == b)
		return 0;
	return (uintptr_t)a < (uintptr_t)b ? 1 : 2;
}

/* What @t has by the number @n; its address alone, for it may go now. */
static const void *file_of(struct task *t, unsigned long n)
{
	struct files *fs = proc_files(t);
	struct fd f = { NULL, false };

	if (!fs)
		return NULL;
	if (n <= UINT32_MAX)
		f = fdget_shared(fs, (unsigned int)n);
	if (f.file)
		fdput(f);
	files_put(fs);
	return f.file;
}

static long compare_files(struct task *a, unsigned long na, struct task *b,
			  unsigned long nb)
{
	const void *fa = file_of(a, na), *fb = file_of(b, nb);

	return fa && fb ? compare(fa, fb) : -EBADF;
}

/* struct kcmp_epoll_slot. */
struct epoll_slot {
	uint32_t efd, tfd, toff;
};

static long compare_watched(struct task *a, unsigned long na, struct task *b,
			    uaddr_t uslot)
{
	const void *fa, *fb = NULL;
	struct fd ep = { NULL, false };
	struct epoll_slot slot;
	struct files *fs;
	int err = -EBADF;

	if (get_user(&slot, uslot))
		return -EFAULT;
	fa = file_of(a, na);
	fs = proc_files(b);
	if (fs && fa)
		ep = fdget_shared(fs, slot.efd);
	if (ep.file) {
		fb = epoll_target(ep.file, (int)slot.tfd, slot.toff, &err);
		fdput(ep);
	}
	if (fs)
		files_put(fs);
	return fb ? compare(fa, fb) : err;
}

static long compare_tasks(struct task *a, struct task *b, int type,
			  unsigned long na, unsigned long nb)
{
	switch (type) {
	case CMP_FILE:
		return compare_files(a, na, b, nb);
	case CMP_VM:
		return compare(load_once(&a->mm), load_once(&b->mm));
	case CMP_FILES:
		return compare(load_once(&a->files), load_once(&b->files));
	case CMP_FS:
		return compare(load_once(&a->fs), load_once(&b->fs));
	case CMP_SIGHAND:
		return compare(a->group, b->group);
	case CMP_IO:
		return 0;	/* nobody has one of its own here */
	case CMP_SYSVSEM:
		return compare(load_once(&a->sem_undos),
			       load_once(&b->sem_undos));
	case CMP_EPOLL_TFD:
		return compare_watched(a, na, b, nb);
	default:
		return -EINVAL;
	}
}

long sys_kcmp(struct task *t, int pid1, int pid2, int type,
	      unsigned long idx1, unsigned long idx2)
{
	struct task *a = task_find(pid1), *b = task_find(pid2);
	long r = -ESRCH;

	(void)t;
	if (a && b)
		r = proc_may_trace(a) && proc_may_trace(b) ?
			compare_tasks(a, b, type, idx1, idx2) : -EPERM;
	if (a)
		task_put(a);
	if (b)
		task_put(b);
	return r;
}

#define CHUNK	2048u

/* Between two places of the caller's own memory. */
static ssize_t move(struct uio *from, struct uio *to)
{
	char buf[CHUNK];
	ssize_t done = 0, n, w;

	while (from->left && to->left) {
		n = uio_read(from, buf, MIN(MIN(from->left, to->left),
					    (size_t)CHUNK));
		if (n <= 0)
			return done ? done : -EFAULT;
		w = uio_write(to, buf, (size_t)n);
		if (w > 0)
			done += w;
		if (w != n)
			return done ? done : -EFAULT;
	}
	return done;
}

struct iov_args {
	uaddr_t local, remote;
	uint64_t n_local, n_remote;
};

static long vm_move(struct task *t, int pid, const struct iov_args *a,
		    unsigned long flags, bool write)
{
	struct uvec fast_l[UIO_FAST], fast_r[UIO_FAST];
	const struct uvec *vec_l, *vec_r;
	struct uio l, r;
	struct task *o;
	long n;

	if (flags)
		return -EINVAL;
	n = uio_import(&l, fast_l, a->local, a->n_local);
	if (n)
		return n;
	vec_l = l.vec;
	n = uio_import(&r, fast_r, a->remote, a->n_remote);
	if (n)
		goto out_local;
	vec_r = r.vec;
	n = 0;
	if (!l.left || !r.left)
		goto out;
	o = task_find(pid);
	if (!o)
		n = -ESRCH;
	else if (load_once(&o->mm) != t->mm)
		n = -EPERM;	/* another process's memory is not mapped */
	else
		n = write ? move(&l, &r) : move(&r, &l);
	if (o)
		task_put(o);
out:
	uio_free(&r, fast_r, vec_r);
out_local:
	uio_free(&l, fast_l, vec_l);
	return n;
}

long sys_process_vm_readv(struct task *t, int pid, uaddr_t lvec,
			  unsigned long liovcnt, uaddr_t rvec,
			  unsigned long riovcnt, unsigned long flags)
{
	const struct iov_args a = { lvec, rvec, liovcnt, riovcnt };

	return vm_move(t, pid, &a, flags, false);
}

long sys_process_vm_writev(struct task *t, int pid, uaddr_t lvec,
			   unsigned long liovcnt, uaddr_t rvec,
			   unsigned long riovcnt, unsigned long flags)
{
	const struct iov_args a = { lvec, rvec, liovcnt, riovcnt };

	return vm_move(t, pid, &a, flags, true);
}

/* What may be said of a process: nothing that changes its memory. */
static bool for_process(int advice)
{
	return advice == MADV_WILLNEED || advice == MADV_COLD ||
	       advice == MADV_PAGEOUT;
}

/* How many bytes were advised, or why none. */
static long advise_vector(struct task *t, struct uio *u, int advice)
{
	long done = 0, err;
	size_t len;
	void *p;

	while ((len = uio_piece(u, &p))) {
		err = sys_madvise(t, (uaddr_t)p, len, advice);
		if (err)
			return done ? done : err;
		uio_advance(u, len);
		done += (long)len;
	}
	return done;
}

long sys_process_madvise(struct task *t, int pidfd, uaddr_t iov, size_t vlen,
			 int advice, unsigned int flags)
{
	struct uvec fast[UIO_FAST];
	const struct uvec *vec;
	struct tgroup *g;
	struct uio u;
	long r;

	if (flags)
		return -EINVAL;
	r = uio_import(&u, fast, iov, vlen);
	if (r)
		return r;
	vec = u.vec;
	r = pidfd_or_dir(t, pidfd, &g);
	if (!r) {
		if (!for_process(advice))
			r = -EINVAL;
		else if (g != t->group)
			r = -EPERM;	/* its memory is not mapped here */
		else
			r = advise_vector(t, &u, advice);
		tgroup_put(g);
	}
	uio_free(&u, fast, vec);
	return r;
}
