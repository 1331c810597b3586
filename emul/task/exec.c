/* SPDX-License-Identifier: Apache-2.0 */
/* exec.c: start a program; execve(2), execveat(2). */
#include "emul/task/exec.h"

#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/mman.h>
#include <linux/personality.h>
#include <linux/stat.h>

#include "emul/abi/regs.h"
#include "emul/entry/uaccess.h"
#include "emul/host/host.h"
#include "emul/lib/alloc.h"
#include "emul/lib/print.h"
#include "emul/lib/string.h"
#include "emul/mm/args.h"
#include "emul/mm/vma.h"
#include "emul/signal/signal.h"
#include "emul/sync/futex.h"
#include "emul/sysproto.h"
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
#include "emul/vfs/namei.h"
#include "interposer/patch.h"
#ifndef SBX_HOSTED
#include "interposer/interposer.h"
#endif

#define SCRIPT_DEPTH	5	/* interpreters of interpreters */
#define ARGS_MAX	0x7fffffffu
#define PIE_BASE	0x555555554000UL	/* two thirds of the space */
#define BRK_RANDOM	(0x02000000UL >> PAGE_SHIFT)
#define MMAP_RANDOM	(1UL << 28)
#define SIGSEGV_STATUS	11

/* A program of the guest's view, ready to be read.  err_ptr() on failure. */
static struct file *open_exec(struct task *t, int dfd, const char *name,
			      unsigned int lookup)
{
	struct path path;
	struct inode *inode;
	struct file *f;
	int err;

	err = path_lookup_k(t, dfd, name, strlen(name), lookup | LOOKUP_OPEN,
			    &path, NULL);
	if (err)
		return err_ptr(err);
	inode = path.dentry->inode;
	if (S_ISLNK(inode->mode))
		err = -ELOOP;
	else if (!S_ISREG(inode->mode) || (path.mnt->flags & MNT_NOEXEC))
		err = -EACCES;
	else
		err = inode_permission(t->cred, inode, MAY_EXEC);
	if (err) {
		path_put(&path);
		return err_ptr(err);
	}
	f = file_open_path(&path, O_RDONLY);
	if (is_err(f))
		path_put(&path);
	return f;
}

static int read_head(struct exec *e)
{
	size_t done = 0;

	memset(e->head, 0, sizeof(e->head));
	while (done < sizeof(e->head)) {
		ssize_t n = file_kread(e->file, e->head + done,
				       sizeof(e->head) - done, (off_t)done);

		if (n < 0)
			return (int)n;
		if (!n)
			break;
		done += (size_t)n;
	}
	return 0;
}

/* Follow `#!` lines until e->file is no script. */
static int resolve_scripts(struct task *t, struct exec *e)
{
	/* The name under which the file at hand was started. */
	char *name = kstrndup(e->filename, strlen(e->filename));
	int err;

	if (!name)
		return -ENOMEM;
	for (int depth = 0; ; depth++) {
		char *interp, *arg;
		struct file *f;

		err = depth > SCRIPT_DEPTH ? -ELOOP : read_head(e);
		if (err)
			break;
		if (e->head[0] != '#' || e->head[1] != '!')
			break;
		err = script_parse(e->head, &interp, &arg);
		if (err)
			break;
		if (e->inaccessible) {
			err = -ENOENT;
			break;
		}
		exec_pop_arg(&e->str);
		err = exec_push(&e->str, name);
		if (!err && arg)
			err = exec_push(&e->str, arg);
		if (!err)
			err = exec_push(&e->str, interp);
		if (err)
			break;
		e->str.argc += 2 + (arg != NULL);
		kfree(name);
		name = kstrndup(interp, strlen(interp));
		if (!name)
			return -ENOMEM;
		f = open_exec(t, AT_FDCWD, interp,
			      LOOKUP_FOLLOW | LOOKUP_EMPTY);
		if (is_err(f)) {
			err = (int)ptr_err(f);
			break;
		}
		file_put(e->file);
		e->file = f;
	}
	kfree(name);
	return err;
}

static int load_interp(struct task *t, struct exec *e)
{
	struct program *p = &e->program;
	struct file *f;
	char *name;
	int err;

	err = elf_interp(e->file, &p->img, &name);
	if (err || !name)
		return err;
	f = open_exec(t, AT_FDCWD, name, LOOKUP_FOLLOW | LOOKUP_EMPTY);
	kfree(name);
	if (is_err(f))
		return (int)ptr_err(f);
	p->interp = f;
	return elf_read(f, NULL, &p->interp_img, -ELIBBAD);
}

static int load_program(struct task *t, struct exec *e)
{
	struct program *p = &e->program;
	const struct elf64_phdr *stack;
	int err;

	err = elf_read(e->file, e->head, &p->img, -ENOEXEC);
	if (err)
		return err;
	err = load_interp(t, e);
	if (err)
		return err;
	for (unsigned int i = 0; i < p->img.eh.e_phnum; i++) {
		stack = &p->img.ph[i];
		if (stack->p_type == PT_GNU_STACK)
			p->exec_stack = stack->p_flags & PF_X;
	}
	return 0;
}

/* Everything that @e holds, and itself. */
static void exec_free(struct exec *e)
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

static bool fd_cloexec(struct task *t, int fd)
{
	const struct fdarray *a = t->files->arr;
	unsigned int n = (unsigned int)fd;

	return n < a->n && (load_once(&a->cloexec[n / 64]) >> n % 64 & 1);
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

/* e->file and e->str are ready; @e goes. */
static long exec_run(struct task *t, struct exec *e)
{
	struct mm *mm = NULL;
	long err;

	err = resolve_scripts(t, e);
	if (!err)
		err = load_program(t, e);
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

/*
 * The pointers of a guest's array up to its NULL, as an array of the kernel's
 * for kfree(); a null address is an empty one.
 */
static int copy_pointers(uaddr_t array, uaddr_t **out, uint64_t *n)
{
	uaddr_t *p = NULL;
	size_t cap = 0;

	*n = 0;
	*out = NULL;
	if (!array)
		return 0;
	for (;;) {
		uaddr_t one;

		if (get_user(&one, array + *n * sizeof(one))) {
			kfree(p);
			return -EFAULT;
		}
		if (!one)
			break;
		if (*n == cap) {
			uaddr_t *q;

			cap = cap ? cap * 2 : 64;
			/* More pointers than this are beyond any limit. */
			q = cap > 1u << 20 ? NULL :
				krealloc(p, cap * sizeof(*p));
			if (!q) {
				kfree(p);
				return -E2BIG;
			}
			p = q;
		}
		p[(*n)++] = one;
	}
	*out = p;
	return 0;
}

static int push_all(struct exec_strings *s, const uaddr_t *p, uint64_t n)
{
	int err = 0;

	while (n-- && !err)
		err = exec_push_user(s, p[n]);
	return err;
}

static int push_user_args(struct task *t, struct exec *e, uaddr_t argv,
			  uaddr_t envp)
{
	uaddr_t *args = NULL, *envs = NULL;
	uint64_t argc, envc;
	int err;

	err = copy_pointers(argv, &args, &argc);
	if (err)
		return err;
	err = copy_pointers(envp, &envs, &envc);
	if (!err)
		err = exec_strings_limit(&e->str, argc, envc,
					 rlimit_cur(t, RLIMIT_STACK));
	if (!err)
		err = exec_push(&e->str, e->filename);
	if (!err)
		err = push_all(&e->str, envs, envc);
	if (!err)
		err = push_all(&e->str, args, argc);
	/* No program starts without a name: argv[0] is empty then. */
	if (!err && !argc)
		err = exec_push(&e->str, "");
	e->str.argc = (uint32_t)MAX(argc, 1);
	e->str.envc = (uint32_t)envc;
	kfree(args);
	kfree(envs);
	return err;
}

/* The name by which a program of a descriptor knows itself. */
static char *fd_name(int dfd, const char *name)
{
	size_t size = strlen(name) + 32;
	char *s = kmalloc(size);

	if (s && *name)
		ksnprintf(s, size, "/dev/fd/%d/%s", dfd, name);
	else if (s)
		ksnprintf(s, size, "/dev/fd/%d", dfd);
	return s;
}

static long do_execveat(struct task *t, int dfd, uaddr_t path, uaddr_t argv,
			uaddr_t envp, int flags)
{
	struct exec *e;
	struct pathname *n;
	long err;

	if (flags & ~(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW))
		return -EINVAL;
	patch_last_call(t);
	e = kzalloc(sizeof(*e));
	n = kmalloc(sizeof(*n));
	err = -ENOMEM;
	if (!e || !n)
		goto out;
	exec_strings_init(&e->str);
	err = path_copy_in(n, path, flags & AT_EMPTY_PATH ? LOOKUP_EMPTY : 0);
	if (err)
		goto out;
	e->file = open_exec(t, dfd, n->s,
			    (flags & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW) |
			    (flags & AT_EMPTY_PATH ? LOOKUP_EMPTY : 0));
	if (is_err(e->file)) {
		err = ptr_err(e->file);
		e->file = NULL;
		goto out;
	}
	e->filename = dfd == AT_FDCWD || n->s[0] == '/' ?
		kstrndup(n->s, n->len) : fd_name(dfd, n->s);
	e->inaccessible = dfd != AT_FDCWD && n->s[0] != '/' &&
		fd_cloexec(t, dfd);
	err = e->filename ? push_user_args(t, e, argv, envp) : -ENOMEM;
	if (err)
		goto out;
	kfree(n);
	return exec_run(t, e);
out:
	kfree(n);
	if (e)
		exec_free(e);
	return err;
}

long sys_execve(struct task *t, uaddr_t path, uaddr_t argv, uaddr_t envp)
{
	return do_execveat(t, AT_FDCWD, path, argv, envp, 0);
}

long sys_execveat(struct task *t, int dfd, uaddr_t path, uaddr_t argv,
		  uaddr_t envp, int flags)
{
	return do_execveat(t, dfd, path, argv, envp, flags);
}

static int push_boot(struct exec_strings *s, const struct boot *b,
		     uint32_t array, uint32_t n)
{
	const uint32_t *off = (const uint32_t *)boot_str(b, array);
	int err = 0;

	while (n-- && !err)
		err = exec_push(s, boot_str(b, off[n]));
	return err;
}

long exec_boot(struct task *t, const struct boot *b)
{
	struct exec *e = kzalloc(sizeof(*e));
	const char *name = boot_str(b, b->exe);
	long err = -ENOMEM;

	if (!e)
		return err;
	exec_note_boot(b);
	exec_strings_init(&e->str);
	e->filename = kstrndup(name, strlen(name));
	if (!e->filename)
		goto fail;
	e->file = open_exec(t, AT_FDCWD, e->filename, LOOKUP_FOLLOW);
	if (is_err(e->file)) {
		err = ptr_err(e->file);
		e->file = NULL;
		goto fail;
	}
	err = exec_strings_limit(&e->str, b->argc, b->envc,
				 rlimit_cur(t, RLIMIT_STACK));
	if (!err)
		err = exec_push(&e->str, e->filename);
	if (!err)
		err = push_boot(&e->str, b, b->envp, b->envc);
	if (!err)
		err = push_boot(&e->str, b, b->argv, b->argc);
	e->str.argc = b->argc;
	e->str.envc = b->envc;
	if (!err)
		return exec_run(t, e);
fail:
	exec_free(e);
	return err;
}
