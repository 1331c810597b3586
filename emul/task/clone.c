/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clone.c: clone(2), and new threads; processes are fork.c's.
 *
 * A guest thread is a host thread.  It begins in thread_start() on its own
 * kernel stack and leaves for the guest with its parent's registers.
 */
#include <linux/capability.h>
#include <linux/sched.h>

#include "emul/abi/regs.h"
#include "emul/entry/uaccess.h"
#include "emul/host/host.h"
#include "emul/ipc/task.h"
#include "emul/lib/string.h"
#include "emul/lib/uapi.h"
#include "emul/misc/sys_info.h"
#include "emul/mm/mm.h"
#include "emul/sysproto.h"
#include "emul/task/clone.h"
#include "emul/task/hostproc.h"
#include "emul/task/sched.h"
#include "emul/task/task.h"
#include "emul/vfs/fdtable.h"
#ifndef SBX_HOSTED
#include "interposer/interposer.h"
#endif

#ifndef CLONE_INTO_CGROUP
#define CLONE_INTO_CGROUP	0x200000000ULL
#endif
#define CLONE_KNOWN							\
	(0xffffffffULL | CLONE_CLEAR_SIGHAND | CLONE_INTO_CGROUP)

static int clone_check(const struct clone_req *c)
{
	uint64_t f = c->flags;

	if ((f & CLONE_NEWNS) && (f & CLONE_FS))
		return -EINVAL;
	if ((f & CLONE_NEWUSER) && (f & CLONE_FS))
		return -EINVAL;
	if ((f & CLONE_THREAD) && !(f & CLONE_SIGHAND))
		return -EINVAL;
	if ((f & CLONE_SIGHAND) && !(f & CLONE_VM))
		return -EINVAL;
	if ((f & CLONE_THREAD) && (f & (CLONE_NEWUSER | CLONE_NEWPID)))
		return -EINVAL;
	if ((f & CLONE_PIDFD) && (f & (CLONE_DETACHED | CLONE_THREAD)))
		return -EINVAL;
	if (f & CLONE_NAMESPACES)
		return -EPERM;
	if ((f & CLONE_SETTLS) && c->tls >= REGION_START)
		return -EPERM;
	return 0;
}

#ifndef SBX_HOSTED
void clone_arrive(struct task *t)
{
	struct thread *th = t->thread;

	hostsig_thread(th);
	__atomic_store_n(&th->live, 1, __ATOMIC_SEQ_CST);
	if (th->start_flags & CLONE_SETTLS)
		__asm__ volatile("wrfsbase %0" :: "r"(t->fs_base_hint));
	if (th->start_flags & CLONE_CHILD_SETTID) {
		uint32_t tid = (uint32_t)t->tid;

		/* A bad address is the guest's own loss, clone(2). */
		if (put_user(th->start_tid, &tid))
			barrier();
	}
}

static void thread_start(void *arg)
{
	clone_arrive(arg);
	kernel_leave();
}

void clone_frame(struct task *t, struct task *n, const struct clone_req *c)
{
	struct thread *th = n->thread;
	struct regs *r = thread_frame(th);

	*r = *task_regs(t);
	r->rax = 0;
	r->orig_rax = (uint64_t)-1;
	if (c->stack)
		r->rsp = c->stack;
	th->guest_gs = t->thread->guest_gs;
	th->start_flags = (uint32_t)c->flags;
	th->start_tid = c->child_tid;
	/*
	 * It can be found since task_link(), and may have work.  Of a stop that
	 * began before that it was not told.
	 */
	__atomic_fetch_or(&th->work, WORK_RESTORE |
			  (t->thread->work & WORK_GS) |
			  (load_once(&n->group->stopped) ? WORK_SIGNAL : 0),
			  __ATOMIC_SEQ_CST);
}

int clone_launch_thread(struct task *t, struct task *n,
			const struct clone_req *c)
{
	struct thread *th = n->thread;
	long tid;

	clone_frame(t, n, c);
	hostproc_join(th, t->thread);
	tid = host_clone(true, (uint64_t)thread_frame(th), th, thread_start,
			 n);
	return tid < 0 ? (int)tid : 0;
}
#else
int clone_launch_thread(struct task *t, struct task *n,
			const struct clone_req *c)
{
	(void)t;
	(void)n;
	(void)c;
	return -EAGAIN;
}
#endif

int clone_parts(struct task *t, struct task *n, uint64_t flags)
{
	if (flags & CLONE_FILES) {
		n->files = t->files;
		ref_get(&n->files->ref);
	} else {
		n->files = files_copy(t->files);
	}
	if (flags & CLONE_FS) {
		n->fs = t->fs;
		ref_get(&n->fs->ref);
	} else {
		n->fs = fs_ctx_copy(t->fs);
	}
	if (flags & CLONE_VM) {
		n->mm = t->mm;
		ref_get(&n->mm->ref);
		__atomic_fetch_add(&n->mm->n_tasks, 1, __ATOMIC_RELAXED);
	}
	if (ipc_clone(t, n, flags & CLONE_SYSVSEM))
		return -ENOMEM;
	return n->files && n->fs ? 0 : -ENOMEM;
}

void task_release_parts(struct task *t)
{
	struct files *files = t->files;
	struct fs_ctx *fs = t->fs;
	struct mm *mm = t->mm;

	/* /proc looks at them. */
	mutex_lock(&t->group->lock);
	t->files = NULL;
	t->fs = NULL;
	t->mm = NULL;
	mutex_unlock(&t->group->lock);
	if (files)
		files_put(files);
	if (fs)
		fs_ctx_put(fs);
	if (mm) {
		__atomic_fetch_sub(&mm->n_tasks, 1, __ATOMIC_RELAXED);
		mm_put(mm);
	}
	ipc_exit(t);
}

void task_set_mm(struct task *t, struct mm *mm)
{
	mutex_lock(&t->group->lock);
	store_release(&t->mm, mm);
	mutex_unlock(&t->group->lock);
}

bool clone_over_limit(const struct task *t)
{
	uint64_t max = sysinfo_get()->max_pids;

	if (max && load_once(&task_count) >= max)
		return true;
	return load_once(&task_count) >= rlimit_cur(t, RLIMIT_NPROC) &&
	       t->cred->uid && !task_capable(t, CAP_SYS_RESOURCE);
}

static long clone_thread(struct task *t, const struct clone_req *c)
{
	struct task *n;
	long err;
	int tid;

	if (clone_over_limit(t))
		return -EAGAIN;
	n = task_alloc(t->group, t);
	if (!n)
		return -ENOMEM;
	err = clone_parts(t, n, c->flags);
	if (err)
		goto put_task;
	n->fs_base_hint = c->flags & CLONE_SETTLS ? c->tls : t->fs_base_hint;
	if (c->flags & CLONE_CHILD_CLEARTID)
		n->clear_child_tid = c->child_tid;

	err = -EAGAIN;
	n->thread = slot_get();
	if (!n->thread)
		goto put_task;
	n->thread->task = n;
	err = task_link(n);
	if (err)
		goto put_slot;
	tid = n->tid;
	if (c->flags & CLONE_PARENT_SETTID) {
		/* Before the thread can run, so that both may rely on it. */
		if (put_user(c->parent_tid, &tid))
			barrier();
	}
	err = clone_launch_thread(t, n, c);
	if (err)
		goto unlink;
	/* n is the new thread's own from here on. */
	return tid;

unlink:
	mutex_lock(&n->group->lock);
	n->group->n_live--;
	mutex_unlock(&n->group->lock);
	/* Not the last: @t is there. */
	(void)task_unlink(n);
put_slot:
	slot_drop(n->thread);
	n->thread = NULL;
put_task:
	task_release_parts(n);
	task_put(n);
	return err;
}

static long do_clone(struct task *t, const struct clone_req *c)
{
	int err = clone_check(c);

	if (err)
		return err;
	return c->flags & CLONE_THREAD ? clone_thread(t, c) :
	       clone_process(t, c);
}

long sys_clone(struct task *t, unsigned long flags, uaddr_t stack,
	       uaddr_t parent_tid, uaddr_t child_tid, unsigned long tls)
{
	struct clone_req c = {
		.flags = (uint32_t)flags & ~(uint64_t)CSIGNAL,
		.exit_signal = (int)(flags & CSIGNAL),
		.stack = stack,
		.pidfd = parent_tid,
		.parent_tid = parent_tid,
		.child_tid = child_tid,
		.tls = tls,
	};

	/* One pointer cannot be two things. */
	if ((c.flags & CLONE_PIDFD) && (c.flags & CLONE_PARENT_SETTID))
		return -EINVAL;
	return do_clone(t, &c);
}

/* struct clone_args up to the newest field; missing ones are 0. */
struct guest_clone_args {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal;
	uint64_t stack, stack_size, tls;
	uint64_t set_tid, set_tid_size, cgroup;
};

/* As Linux's copy_struct_from_user(): what we do not know has to be 0. */
static int get_clone_args(struct guest_clone_args *a, uaddr_t args, size_t size)
{
	uint64_t word;

	if (size > PAGE_SIZE)
		return -E2BIG;
	if (size < CLONE_ARGS_SIZE_VER0)
		return -EINVAL;
	memset(a, 0, sizeof(*a));
	if (copy_in(a, args, MIN(size, sizeof(*a))))
		return -EFAULT;
	for (size_t at = sizeof(*a); at < size; at += sizeof(word)) {
		word = 0;
		if (copy_in(&word, args + at, MIN(sizeof(word), size - at)))
			return -EFAULT;
		if (word)
			return -E2BIG;
	}
	return 0;
}

long sys_clone3(struct task *t, uaddr_t args, size_t size)
{
	struct guest_clone_args a;
	struct clone_req c;
	int err = get_clone_args(&a, args, size);

	if (err)
		return err;
	if ((a.flags & ~CLONE_KNOWN) || (a.flags & CLONE_DETACHED) ||
	    (a.flags & (CSIGNAL & ~(uint64_t)CLONE_NEWTIME)))
		return -EINVAL;
	if ((a.flags & CLONE_SIGHAND) && (a.flags & CLONE_CLEAR_SIGHAND))
		return -EINVAL;
	if (a.exit_signal > CSIGNAL || a.exit_signal > NSIG64)
		return -EINVAL;
	if (a.exit_signal && (a.flags & (CLONE_THREAD | CLONE_PARENT)))
		return -EINVAL;
	if (!a.stack != !a.stack_size)
		return -EINVAL;
	if (a.stack && !uaddr_ok(a.stack, a.stack_size))
		return -EINVAL;
	/* Numbers are not to be chosen, and there are no control groups. */
	if (a.set_tid || a.set_tid_size)
		return a.set_tid && a.set_tid_size ? -EPERM : -EINVAL;
	if (a.flags & CLONE_INTO_CGROUP)
		return -EBADF;
	c = (struct clone_req){
		.flags = a.flags,
		.exit_signal = (int)a.exit_signal,
		.stack = a.stack + a.stack_size,
		.pidfd = a.pidfd,
		.parent_tid = a.parent_tid,
		.child_tid = a.child_tid,
		.tls = a.tls,
	};
	return do_clone(t, &c);
}

long sys_fork(struct task *t)
{
	struct clone_req c = { .exit_signal = SIGCHLD };

	return do_clone(t, &c);
}

long sys_vfork(struct task *t)
{
	struct clone_req c = {
		.flags = CLONE_VFORK | CLONE_VM,
		.exit_signal = SIGCHLD,
	};

	return do_clone(t, &c);
}
