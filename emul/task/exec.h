/* SPDX-License-Identifier: Apache-2.0 */
/* exec.h: start a program in a task; execve(2). */
#ifndef SBX_TASK_EXEC_H
#define SBX_TASK_EXEC_H

#include "emul/abi/boot.h"
#include "emul/lib/types.h"
#include "emul/task/elf.h"
#include "emul/task/script.h"

struct file;
struct mm;
struct regs;
struct task;

/*
 * The first program of the sandbox: load what @b names into @t, which has no
 * mm yet, and set its frame so that leaving to the guest starts it.  0 or the
 * -errno that execve(2) would give.
 */
long exec_boot(struct task *t, const struct boot *b);

/*
 * Strings of the new stack, kept as they will lie there: at the end of a
 * buffer that grows downwards; the last pushed is the lowest.
 */
struct exec_strings {
	char *mem;
	size_t cap;	/* bytes of mem */
	size_t used;	/* at its end */
	size_t limit;	/* of used; beyond is -E2BIG */
	uint32_t argc, envc;
};

void exec_strings_init(struct exec_strings *s);
void exec_strings_free(struct exec_strings *s);
/* Fix the limit for @argc + @envc pointers, and @stack_limit bytes of stack. */
int exec_strings_limit(struct exec_strings *s, uint64_t argc, uint64_t envc,
		       uint64_t stack_limit) __must_check;
/* A string of the kernel's.  0, -E2BIG, -ENOMEM. */
int exec_push(struct exec_strings *s, const char *str) __must_check;
/* One of the guest's; -EFAULT too. */
int exec_push_user(struct exec_strings *s, uaddr_t str) __must_check;
/* argv[0], which was pushed last, goes again. */
void exec_pop_arg(struct exec_strings *s);

/* The parts that make a program, before anything is given up for it. */
struct program {
	struct elf_image img, interp_img;
	struct file *interp;	/* or NULL */
	bool exec_stack;
};

/* A program on its way; kmalloc'd. */
struct exec {
	char *filename;		/* as it was named; kmalloc'd */
	struct file *file;	/* a reference; of the last interpreter */
	bool inaccessible;	/* named by a descriptor that is closed */
	char head[SCRIPT_LINE];	/* its first bytes, zeroes behind */
	struct exec_strings str;
	struct program program;
};

/* exec.c */
/*
 * Go on with @e, whose file and str are ready, in @t.  0, or -errno while the
 * old program is still there; @e goes.
 */
long exec_run(struct task *t, struct exec *e);
/* Everything that @e holds, and itself. */
void exec_free(struct exec *e);

/* exec-open.c */
/* A program of the guest's view, ready to be read.  err_ptr() on failure. */
struct file *exec_open(struct task *t, int dfd, const char *name,
		       unsigned int lookup) __must_check;
/* From scripts to their interpreters; then fill e->program.  0 or -errno. */
int exec_load(struct task *t, struct exec *e) __must_check;

/* What the auxiliary vector tells besides. */
struct exec_aux {
	uint64_t phdr, phnum, base, entry, vdso;
};

/*
 * stack.c: choose where things go in the new address space @mm, and map the
 * stack.  @exec_stack: as PT_GNU_STACK says.
 */
int stack_setup(struct task *t, struct mm *mm, bool exec_stack,
		size_t strings) __must_check;
/* Fill it.  The stack pointer to start with, or -errno. */
long stack_fill(struct task *t, struct mm *mm, const struct exec_strings *s,
		const struct exec_aux *aux) __must_check;
/* Random pages below @pages in bytes, 0 when @t wants none. */
uint64_t exec_random(struct task *t, uint64_t pages);

/* vdso.c: map it.  0 with mm->vdso set; no room for it: 0, and none. */
void vdso_map(struct task *t, struct mm *mm);
/* Once, at boot, while BOOT_BASE can be read. */
void exec_note_boot(const struct boot *b);

#endif
