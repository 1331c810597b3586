/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exec.c: put a new program into the place of the old one; execve(2).
 *
 * In the same memory if that is the task's alone, else in a new host process.
 * exec-open.c has found what to load, sys_exec.c what to give it.
 */
#include "emul/task/exec.h"

#include <linux/errno.h>
#include <linux/mman.h>
#include <linux/personality.h>

#include "emul/abi/regs.h"
#include "emul/host/host.h"
#include "emul/lib/alloc.h"
#include "emul/lib/print.h"
#include "emul/lib/string.h"
#include "emul/mm/args.h"
#include "emul/mm/vma.h"
#include "emul/signal/signal.h"
#include "emul/sync/futex.h"
#include "emul/task/elf.h"
#include "emul/task/reap.h"
#include "emul/report.h"
#include "emul/signal/outside.h"
#include "emul/signal/queue.h"
#include "emul/task/clone.h"
#include "emul/task/hostproc.h"
#include "emul/task/kinit.h"
#include "emul/task/sched.h"
#include "emul/task/task.h"
#include "emul/vfs/fdtable.h"
#ifndef SBX_HOSTED
#include "interposer/interposer.h"
#endif

#define PIE_BASE	0x555555554000UL	/* two thirds of the space */
#define BRK_RANDOM	(0x02000000UL >> PAGE_SHIFT)
#define MMAP_RANDOM	(1UL << 28)
#define SIGSEGV_STATUS	11

void exec_free(struct exec *e)
{
	kfree(e->program.img.ph);
	kfree(e->program.interp_img.ph);
	if (e->program.interp)
		file_put(e->program.interp);
	if (e->file)
		file_put(e->file);
	exec_strings_free(&e->str);
	kfree(e->filename);
	kfree(e);
}

/* The heap begins behind the program, or far from a loader run by itself. */
static void setup_brk(struct task *t, struct mm *mm, const struct program *p,
		      const struct elf_place *at)
{
	uint64_t start = PAGE_UP(at->brk);

	if (!(t->personality & ADDR_NO_RANDOMIZE)) {
		if (p->img.eh.e_type == ET_DYN && !p->interp)
			start = PIE_BASE;
		start += exec_random(t, BRK_RANDOM);
	}
	mm->brk_start = mm->brk = start;
}

/* Everything of the new program into the empty @mm.  0 or -errno: too late. */
static long map_program(struct task *t, struct mm *mm, struct exec *e,
			struct regs *r)
{
	const struct program *p = &e->program;
	struct elf_place main_at, interp_at = { .bias = 0 };
	struct exec_aux aux;
	uint64_t bias = 0;
	long sp;
	int err;

	err = stack_setup(t, mm, p->exec_stack, e->str.used);
	if (err)
		return err;
	if (p->img.eh.e_type == ET_DYN && p->interp)
		bias = PIE_BASE + exec_random(t, MMAP_RANDOM);
	err = elf_map(mm, e->file, &p->img, bias, false, &main_at);
	if (err)
		return err;
	setup_brk(t, mm, p, &main_at);
	if (p->interp)
		err = elf_map(mm, p->interp, &p->interp_img, 0, true,
			      &interp_at);
	if (err)
		return err;
	vdso_map(t, mm);
	mm->own_loader = !p->interp;

	mm->code_start = main_at.code_start;
	mm->code_end = main_at.code_end;
	mm->data_start = main_at.data_start;
	mm->data_end = main_at.data_end;
	mm->entry = main_at.entry;
	aux = (struct exec_aux){
		.phdr = main_at.phdr,
		.phnum = p->img.eh.e_phnum,
		.base = p->interp ? interp_at.bias : 0,
		.entry = main_at.entry,
		.vdso = mm->vdso,
	};
	sp = stack_fill(t, mm, &e->str, &aux);
	if (sp < 0)
		return sp;
	if (args_keep(mm, e->str.mem, e->str.mem + e->str.cap - e->str.used,
		      mm->arg_end - mm->arg_start, mm->env_end - mm->env_start))
		e->str.mem = NULL;
	memset(r, 0, sizeof(*r));
	r->orig_rax = (uint64_t)-1;
	r->rip = p->interp ? interp_at.entry : main_at.entry;
	r->rsp = (uint64_t)sp;
	r->cs = 0x33;
	r->ss = 0x2b;
	r->eflags = 0x202;
	return 0;
}

static void set_comm(struct task *t, const char *filename)
{
	const char *base = strrchr(filename, '/');

	strcopy(t->comm, base ? base + 1 : filename, sizeof(t->comm));
}

/* What of @t a new program does not see any more. */
static void reset_task(struct task *t, const struct exec *e)
{
	t->clear_child_tid = 0;
	t->robust_list = 0;
	t->robust_list_len = 0;
	t->personality &= ~(uint64_t)READ_IMPLIES_EXEC;
	t->group->dumpable = true;
	group_exec(t->group);
	set_comm(t, e->filename);
	signal_exec(t);
	files_close_on_exec(t->files);
#ifndef SBX_HOSTED
	signal_reset_fpu();
	t->fs_base_hint = 0;
	__asm__ volatile("wrfsbase %0" :: "r"(0UL));
	t->thread->guest_gs = 0;
	__atomic_fetch_and(&t->thread->work, ~WORK_GS, __ATOMIC_RELAXED);
	__atomic_fetch_or(&t->thread->work, WORK_RESTORE, __ATOMIC_RELAXED);
#endif
}

/*
 * In the thread that is to run it, with an empty guest's range.  There is no
 * way back: failures kill.  @e goes.
 */
static long commit(struct task *t, struct exec *e, struct mm *mm)
{
	long err;

	reset_task(t, e);
	mm->exe = e->file;
	file_get(e->file);
	mm->n_tasks = 1;
	task_set_mm(t, mm);
	vfork_done(t);
	err = map_program(t, mm, e, task_regs(t));
	exec_free(e);
	if (err)
		group_exit(t, SIGSEGV_STATUS);
	return 0;
}

/* Memory that is @t's alone is emptied and used again. */
static long exec_in_place(struct task *t, struct exec *e, struct mm *mm)
{
	struct mm *old = t->mm;
	long err;

	if (old) {
		futex_exec(t);
		usage_note(t);
		err = host_munmap(GUEST_MIN, REGION_START - GUEST_MIN);
		BUG_ON(err);
		task_set_mm(t, NULL);
		mm_put(old);
	}
	return commit(t, e, mm);
}

#ifndef SBX_HOSTED
/* What a task that goes to another host process takes along. */
struct move {
	struct task *t;
	struct exec *e;
	struct mm *mm;
	struct cputime_move cpu;
};

static void exec_arrive(void *arg)
{
	struct move m = *(struct move *)arg;
	struct thread *th = this_thread();

	kfree(arg);
	hostsig_thread(th);
	cputime_arrive(m.t, &m.cpu);
	sched_arrive(m.t);
	__atomic_store_n(&th->live, 1, __ATOMIC_SEQ_CST);
	mutex_lock(&m.t->group->lock);
	if (m.t->group->exiting)
		__atomic_fetch_or(&th->work, WORK_EXIT, __ATOMIC_SEQ_CST);
	signal_recalc(m.t);
	mutex_unlock(&m.t->group->lock);
	outside_moved(m.t);
	commit(m.t, m.e, m.mm);
	kernel_leave();
}

/*
 * Memory that others use too stays theirs: the task goes on in a new host
 * process, and its host thread to whom it belongs.
 */
static long exec_elsewhere(struct task *t, struct exec *e, struct mm *mm)
{
	struct move *m = kmalloc(sizeof(*m));
	struct thread *old_th = t->thread, *th = m ? kinit_slot() : NULL;
	struct tgroup *g = t->group;
	struct mm *old = t->mm;
	long err = -EAGAIN;

	if (!th || !m)
		goto fail;
	*m = (struct move){ .t = t, .e = e, .mm = mm };
	cputime_leave(t, &m->cpu);
	th->task = t;
	futex_exec(t);
	mutex_lock(&g->lock);
	store_release(&t->thread, th);
	mutex_unlock(&g->lock);
	task_set_mm(t, NULL);
	__atomic_fetch_sub(&old->n_tasks, 1, __ATOMIC_RELAXED);
	err = kinit_process(th, exec_arrive, m);
	if (err) {
		__atomic_fetch_add(&old->n_tasks, 1, __ATOMIC_RELAXED);
		task_set_mm(t, old);
		mutex_lock(&g->lock);
		store_release(&t->thread, old_th);
		if (g->exiting)
			__atomic_fetch_or(&old_th->work, WORK_EXIT,
					  __ATOMIC_SEQ_CST);
		signal_recalc(t);
		mutex_unlock(&g->lock);
		goto fail;
	}
	/* Not the task's any more. */
	report_thread(old_th);
	old_th->task = NULL;
	mm_put(old);
	thread_leave(old_th);
fail:
	kfree(m);
	if (th)
		slot_drop(th);
	mm_put(mm);
	exec_free(e);
	return err;
}
#else
static long exec_elsewhere(struct task *t, struct exec *e, struct mm *mm)
{
	(void)t;
	mm_put(mm);
	exec_free(e);
	return -EAGAIN;
}
#endif

long exec_run(struct task *t, struct exec *e)
{
	struct mm *mm = NULL;
	long err;

	err = exec_load(t, e);
	if (!err && t->mm && load_once(&t->group->n_threads) > 1)
		err = group_alone(t);
	if (!err)
		err = files_unshare(t);
	if (!err) {
		mm = mm_create();
		err = mm ? 0 : -ENOMEM;
	}
	if (err) {
		exec_free(e);
		return err;
	}
	if (t->mm && load_once(&t->mm->n_tasks) > 1)
		return exec_elsewhere(t, e, mm);
	return exec_in_place(t, e, mm);
}
