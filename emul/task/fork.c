/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fork.c: new processes, fork(2).
 *
 * A guest process is a host process, which the host makes with all of the
 * guest's memory by copy-on-write.  The kernel's own state lies in shared
 * memory; what a process has of it is copied here first.
 */
#include <linux/sched.h>

#include "emul/abi/regs.h"
#include "emul/entry/uaccess.h"
#include "emul/host/host.h"
#include "emul/lib/string.h"
#include "emul/lib/uapi.h"
#include "emul/mm/mm.h"
#include "emul/signal/outside.h"
#include "emul/signal/queue.h"
#include "emul/task/clone.h"
#include "emul/task/hostproc.h"
#include "emul/task/pidfd.h"
#include "emul/task/reap.h"
#include "emul/task/sched.h"
#include "emul/task/task.h"
#include "emul/vfs/fdtable.h"
#include "interposer/patch.h"
#ifndef SBX_HOSTED
#include "interposer/interposer.h"
#endif

/* All handlers become the default's; what is ignored stays so. */
static void clear_handlers(struct sighand *h)
{
	for (int i = 0; i < NSIG64; i++)
		if (h->action[i].handler > SIGACT_IGN)
			memset(&h->action[i], 0, sizeof(h->action[i]));
}

/* What a process inherits as one.  NULL: no memory. */
static struct tgroup *group_fork(struct task *t, const struct clone_req *c)
{
	struct tgroup *g = tgroup_alloc(), *p = t->group;

	if (!g)
		return NULL;
	mutex_lock(&p->lock);
	memcpy(g->rlimits, p->rlimits, sizeof(g->rlimits));
	g->dumpable = p->dumpable;
	g->oom_score_adj = p->oom_score_adj;
	g->oom_score_adj_min = p->oom_score_adj_min;
	g->loginuid = p->loginuid;
	g->sessionid = p->sessionid;
	if (c->flags & CLONE_SIGHAND) {
		sighand_put(g->sighand);
		g->sighand = p->sighand;
		ref_get(&g->sighand->ref);
	} else {
		memcpy(g->sighand->action, p->sighand->action,
		       sizeof(g->sighand->action));
	}
	mutex_unlock(&p->lock);
	if (c->flags & CLONE_CLEAR_SIGHAND)
		clear_handlers(g->sighand);
	return g;
}

#ifndef SBX_HOSTED
/* The pages that the child is to find empty, madvise(2). */
static void wipe_on_fork(struct mm *mm)
{
	struct vma *v;

	for (v = vma_first(mm); v; v = vma_next(v))
		if (v->flags & VMA_WIPEONFORK)
			host_madvise(v->start, v->end - v->start,
				     4 /* MADV_DONTNEED */);
}

static void process_start(void *arg)
{
	struct task *t = arg;

	/*
	 * A read first: then the host maps 16 pages at once, as writable as
	 * they may be, and at a write one.
	 */
	(void)load_once(&task_count);
	(void)load_once(&t->files->ref.count);
	hostproc_enter(t->thread, t->thread->host_tid);
	wipe_on_fork(t->mm);
	clone_arrive(t);
	kernel_leave();
}

/*
 * The tree of mappings and the memory under them are copied at one moment, in
 * which no other thread changes either.
 */
static int launch_process(struct task *t, struct task *n,
			  const struct clone_req *c)
{
	struct thread *th = n->thread;
	struct mm *mm = t->mm;
	long ret;

	clone_frame(t, n, c);
	ret = patch_pause(mm);
	if (ret)
		return (int)ret;
	mutex_lock(&mm->lock);
	n->mm = mm_dup(mm);
	if (n->mm) {
		n->mm->n_tasks = 1;
		ret = host_clone(false, (uint64_t)thread_frame(th), th,
				 process_start, n);
	} else {
		ret = -ENOMEM;
	}
	mutex_unlock(&mm->lock);
	patch_resume(mm);
	return ret < 0 ? (int)ret : 0;
}
#else
static int launch_process(struct task *t, struct task *n,
			  const struct clone_req *c)
{
	(void)t;
	(void)n;
	(void)c;
	return -EAGAIN;
}
#endif

/* Until @n has a program or an end: clone(2), CLONE_VFORK. */
static void wait_vfork(struct task *t, struct task *n)
{
	while (load_acquire(&n->vfork_parent)) {
		uint32_t seq = wait_prepare(t);

		/* Signals wait; death does not. */
		__atomic_fetch_and(&t->thread->work, ~WORK_SIGNAL,
				   __ATOMIC_SEQ_CST);
		outside_poll();
		if (load_once(&t->thread->work) & WORK_EXIT)
			break;
		if (!load_acquire(&n->vfork_parent))
			break;
		if (wait_sleep(t, seq, NEVER_NS))
			continue;
	}
	mutex_lock(&t->group->lock);
	signal_recalc(t);
	mutex_unlock(&t->group->lock);
}

void vfork_done(struct task *t)
{
	struct task *p = t->vfork_parent;

	if (!p)
		return;
	/* It may go on, and end, as soon as this is seen: keep it. */
	store_release(&t->vfork_parent, NULL);
	wait_wake_task(p);
	task_put(p);
}

/*
 * Does a child of @t run on its host thread?  Not where @t runs on its own
 * parent's: that one would have to wait for both, if @t alone were killed.
 */
static bool is_carried(const struct task *t, const struct clone_req *c)
{
	return (c->flags & CLONE_VM) && (c->flags & CLONE_VFORK) &&
	       !t->thread->carrier;
}

static int launch(struct task *t, struct task *n, const struct clone_req *c)
{
	if (!(c->flags & CLONE_VM))
		return launch_process(t, n, c);
	cputime_child(n, t, is_carried(t, c));
	if (is_carried(t, c))
		return vfork_carry(t, n, c);
	return clone_launch_thread(t, n, c);
}

static void inherit(struct task *t, struct task *n, const struct clone_req *c)
{
	n->fs_base_hint = c->flags & CLONE_SETTLS ? c->tls : t->fs_base_hint;
	if ((c->flags & (CLONE_VM | CLONE_VFORK)) != CLONE_VM)
		n->altstack = t->altstack;
	if (c->flags & CLONE_CHILD_CLEARTID)
		n->clear_child_tid = c->child_tid;
	if ((c->flags & CLONE_VFORK) && !is_carried(t, c)) {
		ref_get(&t->ref);
		n->vfork_parent = t;
	}
}

/* CLONE_PIDFD: a descriptor of the child for the parent. */
static int give_pidfd(struct task *n, const struct clone_req *c, int *fd)
{
	long ret;

	if (!(c->flags & CLONE_PIDFD))
		return 0;
	ret = pidfd_create(n->group, 0);
	if (ret < 0)
		return (int)ret;
	*fd = (int)ret;
	if (!put_user(c->pidfd, fd))
		return 0;
	fd_close(current()->files, (unsigned int)*fd);
	return -EFAULT;
}

long clone_process(struct task *t, const struct clone_req *c)
{
	struct tgroup *g;
	struct task *n;
	int pid, pidfd = -1, err;

	if (clone_over_limit(t))
		return -EAGAIN;
	/* Before the work, for it would be undone. */
	if (task_interrupted(t))
		return -ERESTARTNOINTR;
	g = group_fork(t, c);
	if (!g)
		return -ENOMEM;
	n = task_alloc(g, t);
	tgroup_put(g);
	if (!n)
		return -ENOMEM;
	inherit(t, n, c);
	err = clone_parts(t, n, c->flags);
	if (err)
		goto put_task;
	err = -EAGAIN;
	n->thread = slot_get();
	if (!n->thread)
		goto put_task;
	n->thread->task = n;
	err = task_link(n);
	if (err)
		goto put_slot;
	pid = n->tid;
	mutex_lock(&pids_lock);
	group_adopted(n->group, t, c->flags & CLONE_PARENT, c->exit_signal);
	/* A signal to a whole process group must not miss the child. */
	err = task_interrupted(t) ? -ERESTARTNOINTR : 0;
	mutex_unlock(&pids_lock);
	if (!err)
		err = give_pidfd(n, c, &pidfd);
	if (err)
		goto unborn;
	if (c->flags & CLONE_PARENT_SETTID) {
		if (put_user(c->parent_tid, &pid))
			barrier();
	}
	ref_get(&n->ref);
	err = cputimer_limit(n->group);
	if (!err)
		err = launch(t, n, c);
	if (err)
		goto unlink;
	if (c->flags & CLONE_VFORK)
		wait_vfork(t, n);
	task_put(n);
	return pid;

unlink:
	task_put(n);
	if (c->flags & CLONE_PIDFD)
		fd_close(t->files, (unsigned int)pidfd);
unborn:
	group_unborn(n);
put_slot:
	slot_drop(n->thread);
	n->thread = NULL;
put_task:
	vfork_done(n);
	task_release_parts(n);
	task_put(n);
	return err;
}
