/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shm.c: System V shared memory; shmget(2), shmat(2), shmctl(2).
 *
 * A segment is a file without a name, as shared anonymous memory is.  Each
 * attach is a file of its own over the same inode, for its access mode; its
 * vmas are what is counted as attached.
 */
#include <asm/shmbuf.h>
#include <linux/capability.h>
#include <linux/errno.h>
#include <linux/mman.h>
#include <linux/sched.h>

#include "emul/entry/uaccess.h"
#include "emul/fs/proc.h"
#include "emul/ipc/ipc.h"
#include "emul/lib/alloc.h"
#include "emul/lib/print.h"
#include "emul/lib/string.h"
#include "emul/lib/uapi.h"
#include "emul/mm/mm.h"
#include "emul/sysproto.h"
#include "emul/task/task.h"
#include "emul/vfs/vfs.h"

/* <linux/shm.h> wants a libc. */
#define SHM_RDONLY	010000
#define SHM_RND		020000
#define SHM_REMAP	040000
#define SHM_EXEC	0100000
#define SHM_HUGETLB	04000
#define SHM_DEST	01000u		/* in the mode */
#define SHM_LOCKED	02000u
#define SHM_LOCK	11
#define SHM_UNLOCK	12
#define SHM_STAT	13
#define SHM_INFO	14
#define SHM_STAT_ANY	15

struct guest_shm_info {
	int32_t used_ids, pad;
	uint64_t tot, rss, swp, swap_attempts, swap_successes;
};

_Static_assert(sizeof(struct shmid64_ds) == 112, "struct shmid_ds");
_Static_assert(sizeof(struct shminfo64) == 72, "struct shminfo");

struct shm {
	struct ipc_obj ipc;
	struct file *base;		/* holds the memory */
	uint64_t size;			/* bytes; immutable */
	/* ipc.lock protects: */
	int64_t atime, dtime, ctime;
	int cpid, lpid;
	uint64_t nattch;
	uid_t locker;			/* who locked it in memory */
	char name[32];			/* in /proc/PID/maps; immutable */
};

static uint64_t shm_total __arena;	/* pages; the table's lock protects */

static struct shm *shm_of(struct ipc_obj *o)
{
	return container_of(o, struct shm, ipc);
}

static uint64_t pages_of(const struct shm *s)
{
	return PAGE_UP(s->size) / PAGE_SIZE;
}

static struct ipc_obj *shm_make(struct task *t, int key, uint64_t size,
				int flags)
{
	const struct ipc_limits *lim = ipc_limits();
	uint64_t pages = PAGE_UP(size) / PAGE_SIZE;
	struct shm *s;

	if (PAGE_UP(size) < size || shm_total + pages < shm_total ||
	    shm_total + pages > lim->shmall)
		return err_ptr(-ENOSPC);
	/* As a machine whose pools of huge pages are empty. */
	if ((flags & SHM_HUGETLB) || size > INT64_MAX - PAGE_SIZE)
		return err_ptr(-ENOMEM);
	s = kzalloc(sizeof(*s));
	if (!s)
		return err_ptr(-ENOMEM);
	s->base = mm_shared_zero(size);
	if (is_err(s->base)) {
		kfree(s);
		return err_ptr(-ENOMEM);
	}
	ksnprintf(s->name, sizeof(s->name), "/SYSV%08x (deleted)",
		  (unsigned int)key);
	s->size = size;
	s->cpid = t->group->pid;
	s->ctime = ipc_time();
	shm_total += pages;
	return &s->ipc;
}

static int shm_valid(uint64_t size)
{
	return !size || size > ipc_limits()->shmmax ? -EINVAL : 0;
}

static int shm_check(struct ipc_obj *o, uint64_t size)
{
	return size > shm_of(o)->size ? -EINVAL : 0;
}

static void shm_free(struct ipc_obj *o)
{
	struct shm *s = shm_of(o);

	file_put(s->base);
	kfree(s);
}

static uint64_t shm_max(void)
{
	return ipc_limits()->shmmni;
}

static const struct ipc_kind shm_kind = {
	shm_make, shm_valid, shm_check, shm_free, shm_max,
};

static void shm_put(struct shm *s)
{
	ipc_put(&s->ipc, &shm_kind);
}

static struct shm *shm_find(int id)
{
	struct ipc_obj *o = ipc_find(&shm_table, id);

	return o ? shm_of(o) : NULL;
}

/* Nobody has it attached: if it was to go then, it goes. */
static void shm_reap(struct shm *s)
{
	mutex_lock(&shm_table.lock);
	mutex_lock(&s->ipc.lock);
	if (!s->nattch && (s->ipc.mode & SHM_DEST) && !s->ipc.gone) {
		ipc_remove(&shm_table, &s->ipc);
		shm_total -= pages_of(s);
	}
	mutex_unlock(&s->ipc.lock);
	mutex_unlock(&shm_table.lock);
}

/* Who attached or detached it last; nobody did if the host killed him. */
static void set_lpid(struct shm *s)
{
	const struct task *t = current();

	if (t)
		s->lpid = t->group->pid;
}

/* One holder less: a vma, or a shmat() that is under way. */
static void shm_detach(struct shm *s, bool stamp)
{
	bool reap;

	mutex_lock(&s->ipc.lock);
	reap = !--s->nattch && (s->ipc.mode & SHM_DEST);
	if (stamp) {
		s->dtime = ipc_time();
		set_lpid(s);
	}
	mutex_unlock(&s->ipc.lock);
	if (reap)
		shm_reap(s);
}

static void shm_mapped(struct file *f, bool come)
{
	struct shm *s = f->priv;

	if (!come) {
		shm_detach(s, true);
		return;
	}
	mutex_lock(&s->ipc.lock);
	s->nattch++;
	s->atime = ipc_time();
	set_lpid(s);
	mutex_unlock(&s->ipc.lock);
}

static int shm_mmap(struct file *f, off_t off, size_t len, int prot, int flags,
		    struct backing *b)
{
	const struct shm *s = f->priv;

	return s->base->ops->mmap(s->base, off, len, prot, flags, b);
}

static int shm_fsync(struct file *f, bool data_only)
{
	(void)f;
	(void)data_only;
	return 0;		/* nothing outlives the sandbox */
}

static long shm_fallocate(struct file *f, int mode, off_t off, off_t len)
{
	const struct shm *s = f->priv;

	return s->base->ops->fallocate(s->base, mode, off, len);
}

static void shm_release(struct file *f)
{
	shm_put(f->priv);
}

static const struct file_ops shm_fops = {
	.mmap = shm_mmap,
	.mapped = shm_mapped,
	.fsync = shm_fsync,
	.fallocate = shm_fallocate,
	.release = shm_release,
};

long sys_shmget(struct task *t, int key, size_t size, int flags)
{
	return ipc_get(t, &shm_table, &shm_kind, key, size, flags);
}

/* The file of one attach; the reference to @s is taken over. err_ptr(). */
static struct file *shm_file(struct shm *s, bool rdonly)
{
	struct file *f;

	s->base->inode->ino = (uint64_t)s->ipc.id;
	inode_get(s->base->inode);
	f = file_new(s->base->inode, &shm_fops, rdonly ? O_RDONLY : O_RDWR,
		     s->name, s);
	if (!f) {
		shm_put(s);
		return err_ptr(-ENOMEM);
	}
	return f;
}

long sys_shmat(struct task *t, int shmid, uaddr_t addr, int flags)
{
	int prot = PROT_READ, map = MAP_SHARED, err;
	unsigned int want = IPC_R;
	struct file *f;
	struct shm *s;
	long r;

	if (shmid < 0)
		return -EINVAL;
	if (addr) {
		if (addr & ~PAGE_MASK) {
			if (!(flags & SHM_RND))
				return -EINVAL;
			addr &= PAGE_MASK;
			if (!addr && (flags & SHM_REMAP))
				return -EINVAL;
		}
		map |= flags & SHM_REMAP ? MAP_FIXED : MAP_FIXED_NOREPLACE;
	} else if (flags & SHM_REMAP) {
		return -EINVAL;
	}
	if (!(flags & SHM_RDONLY)) {
		prot |= PROT_WRITE;
		want |= IPC_W;
	}
	if (flags & SHM_EXEC) {
		prot |= PROT_EXEC;
		want |= IPC_X;
	}
	s = shm_find(shmid);
	if (!s)
		return -EINVAL;
	mutex_lock(&s->ipc.lock);
	err = ipc_permission(t, &s->ipc, want);
	if (!err && s->ipc.gone)
		err = -EIDRM;
	if (!err)
		s->nattch++;	/* it stays until it is mapped */
	mutex_unlock(&s->ipc.lock);
	if (err) {
		shm_put(s);
		return err;
	}
	ref_get(&s->ipc.ref);
	f = shm_file(s, flags & SHM_RDONLY);
	if (is_err(f)) {
		r = ptr_err(f);
	} else {
		r = mm_map(t->mm, addr, s->size, prot, map, f, 0);
		file_put(f);
	}
	shm_detach(s, false);
	shm_put(s);
	/* Something is there, or it would reach over the end. */
	if (addr && (r == -EEXIST || (r == -ENOMEM &&
				      addr + s->size < addr)))
		r = -EINVAL;
	return r;
}

long sys_shmdt(struct task *t, uaddr_t addr)
{
	if (addr & ~PAGE_MASK)
		return -EINVAL;
	return mm_unmap_file(t->mm, addr, &shm_fops);
}

static long shm_limits(uaddr_t buf)
{
	const struct ipc_limits *lim = ipc_limits();
	struct shminfo64 i;

	memset(&i, 0, sizeof(i));
	i.shmmax = lim->shmmax;
	i.shmmin = 1;
	i.shmmni = i.shmseg = lim->shmmni;
	i.shmall = lim->shmall;
	if (put_user(buf, &i))
		return -EFAULT;
	return ipc_max_index(&shm_table);
}

static long shm_usage(uaddr_t buf)
{
	struct guest_shm_info i;

	memset(&i, 0, sizeof(i));
	mutex_lock(&shm_table.lock);
	i.used_ids = (int32_t)shm_table.in_use;
	/* What of it is in memory only the host knows. */
	i.tot = i.rss = shm_total;
	mutex_unlock(&shm_table.lock);
	if (put_user(buf, &i))
		return -EFAULT;
	return ipc_max_index(&shm_table);
}

static long shm_stat(struct task *t, int shmid, int cmd, uaddr_t buf)
{
	struct shmid64_ds d;
	struct ipc_obj *o;
	struct shm *s;
	long r = ipc_stat_lock(t, &shm_table, shmid, cmd,
			       cmd == SHM_STAT_ANY, &o);

	if (!o)
		return r;
	s = shm_of(o);
	memset(&d, 0, sizeof(d));
	ipc_fill_perm(o, &d.shm_perm);
	d.shm_segsz = s->size;
	d.shm_atime = s->atime;
	d.shm_dtime = s->dtime;
	d.shm_ctime = s->ctime;
	d.shm_cpid = s->cpid;
	d.shm_lpid = s->lpid;
	d.shm_nattch = s->nattch;
	mutex_unlock(&o->lock);
	shm_put(s);
	if (r >= 0 && put_user(buf, &d))
		r = -EFAULT;
	return r;
}

static long shm_change(struct task *t, int shmid, int cmd, uaddr_t buf)
{
	struct shmid64_ds d;
	struct shm *s;
	long r;

	if (cmd == IPC_SET && get_user(&d, buf))
		return -EFAULT;
	s = shm_find(shmid);
	if (!s)
		return -EINVAL;
	mutex_lock(&shm_table.lock);
	mutex_lock(&s->ipc.lock);
	r = s->ipc.gone ? -EIDRM : ipc_owner(t, &s->ipc);
	if (!r && cmd == IPC_SET) {
		r = ipc_set_perm(&s->ipc, &d.shm_perm);
		if (!r)
			s->ctime = ipc_time();
	} else if (!r && !s->nattch) {
		ipc_remove(&shm_table, &s->ipc);
		shm_total -= pages_of(s);
	} else if (!r) {
		s->ipc.mode |= SHM_DEST;
		ipc_hide(&shm_table, &s->ipc);
	}
	mutex_unlock(&s->ipc.lock);
	mutex_unlock(&shm_table.lock);
	shm_put(s);
	return r;
}

/* Pages that @uid has locked; the table's lock is held. */
static uint64_t locked_by(uid_t uid)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < shm_table.n_slots; i++) {
		struct ipc_obj *o = shm_table.slot[i];

		if (o && (load_once(&o->mode) & SHM_LOCKED) &&
		    shm_of(o)->locker == uid)
			n += pages_of(shm_of(o));
	}
	return n;
}

/* Counted against the limit; the host may still page it out. */
static long shm_lock(struct task *t, int shmid, bool lock)
{
	uint64_t max = rlimit_cur(t, RLIMIT_MEMLOCK) / PAGE_SIZE;
	uid_t uid = t->cred->euid;
	struct shm *s = shm_find(shmid);
	long r = 0;

	if (!s)
		return -EINVAL;
	mutex_lock(&shm_table.lock);
	mutex_lock(&s->ipc.lock);
	if (s->ipc.gone) {
		r = -EIDRM;
	} else if (!task_capable(t, CAP_IPC_LOCK)) {
		if (uid != s->ipc.uid && uid != s->ipc.cuid)
			r = -EPERM;
		else if (lock && !rlimit_cur(t, RLIMIT_MEMLOCK))
			r = -EPERM;
		else if (lock && !(s->ipc.mode & SHM_LOCKED) &&
			 locked_by(t->cred->uid) + pages_of(s) > max)
			r = -ENOMEM;
	}
	if (!r && lock && !(s->ipc.mode & SHM_LOCKED)) {
		s->locker = t->cred->uid;
		s->ipc.mode |= SHM_LOCKED;
	} else if (!r && !lock) {
		s->ipc.mode &= ~SHM_LOCKED;
	}
	mutex_unlock(&s->ipc.lock);
	mutex_unlock(&shm_table.lock);
	shm_put(s);
	return r;
}

long sys_shmctl(struct task *t, int shmid, int cmd, uaddr_t buf)
{
	if (shmid < 0 || cmd < 0)
		return -EINVAL;
	switch (cmd) {
	case IPC_INFO:
		return shm_limits(buf);
	case SHM_INFO:
		return shm_usage(buf);
	case IPC_STAT:
	case SHM_STAT:
	case SHM_STAT_ANY:
		return shm_stat(t, shmid, cmd, buf);
	case IPC_SET:
	case IPC_RMID:
		return shm_change(t, shmid, cmd, buf);
	case SHM_LOCK:
	case SHM_UNLOCK:
		return shm_lock(t, shmid, cmd == SHM_LOCK);
	default:
		return -EINVAL;
	}
}

void ipc_show_shm(struct text *b, struct task *t)
{
	int max = ipc_max_index(&shm_table);

	(void)t;
	text_printf(b, "       key      shmid perms                  size  "
		    "cpid  lpid nattch   uid   gid  cuid  cgid      atime      "
		    "dtime      ctime                   rss"
		    "                  swap\n");
	for (int i = 0; i <= max; i++) {
		struct ipc_obj *o = ipc_at(&shm_table, i);
		struct shm *s;

		if (!o)
			continue;
		s = shm_of(o);
		mutex_lock(&o->lock);
		text_printf(b, "%10d %10d  %4o %21lu %5u %5u  %5lu "
			    "%5u %5u %5u %5u %10lu %10lu %10lu %21lu %21lu\n",
			    o->key, o->id, o->mode, s->size, s->cpid, s->lpid,
			    s->nattch, o->uid, o->gid, o->cuid, o->cgid,
			    (unsigned long)s->atime, (unsigned long)s->dtime,
			    (unsigned long)s->ctime, PAGE_UP(s->size), 0UL);
		mutex_unlock(&o->lock);
		shm_put(s);
	}
}
