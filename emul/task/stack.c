/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stack.c: the layout of a new address space, and its first stack.
 *
 * Where Linux lets the stack grow, it is reserved here at its full size:
 * RLIMIT_STACK, and the host gives pages when they are touched.
 */
#include <linux/auxvec.h>
#include <linux/errno.h>
#include <linux/mman.h>
#include <linux/personality.h>

#include "emul/entry/uaccess.h"
#include "emul/lib/alloc.h"
#include "emul/lib/random.h"
#include "emul/lib/string.h"
#include "emul/mm/vma.h"
#include "emul/signal/signal.h"
#include "emul/task/exec.h"
#include "emul/task/task.h"

#ifndef AT_MINSIGSTKSZ
#define AT_MINSIGSTKSZ 51
#endif

/* As x86-64 Linux: pages by which stack and mmap area are moved. */
#define STACK_RANDOM	0x400000UL
#define MMAP_RANDOM	(1UL << 28)
#define GAP_MIN		(128UL << 20)
#define GAP_MAX		(REGION_START / 6 * 5)

/* HWCAP2: wrgsbase would take the kernel's GS away; arch_prctl does not. */
#define HWCAP2_FSGSBASE	2u

static __arena struct {
	uint32_t hwcap, hwcap2, clktck, minsigstksz;
} machine;

void exec_note_boot(const struct boot *b)
{
	machine.hwcap = b->hwcap;
	machine.hwcap2 = b->hwcap2 & ~HWCAP2_FSGSBASE;
	machine.clktck = b->clktck;
	/* The host's own frames are as large as ours, or larger. */
	machine.minsigstksz = b->minsigstksz;
}

uint64_t exec_random(struct task *t, uint64_t pages)
{
	uint64_t r;

	if (t->personality & ADDR_NO_RANDOMIZE)
		return 0;
	random_bytes(&r, sizeof(r));
	return (r & (pages - 1)) << PAGE_SHIFT;
}

int stack_setup(struct task *t, struct mm *mm, bool exec_stack,
		size_t strings)
{
	uint64_t room = mm_rlimit(RLIMIT_STACK), gap, random;
	int prot = PROT_READ | PROT_WRITE;
	long r;

	room = PAGE_DOWN(MIN(room, STACK_ROOM_MAX));
	/* What the strings need is there whatever the limit says. */
	room = MAX(room, PAGE_UP(strings) + 16 * PAGE_SIZE);
	random = exec_random(t, STACK_RANDOM);
	mm->stack_top = REGION_START - PAGE_SIZE - random;
	mm->stack_low = mm->stack_top - room;
	if (exec_stack || (t->personality & READ_IMPLIES_EXEC))
		prot |= PROT_EXEC;

	gap = room + STACK_GUARD;
	if (!(t->personality & ADDR_NO_RANDOMIZE))
		gap += STACK_RANDOM << PAGE_SHIFT;
	gap = MIN(MAX(gap, GAP_MIN), GAP_MAX);
	mm->mmap_base = PAGE_DOWN(REGION_START - gap -
				  exec_random(t, MMAP_RANDOM));

	r = mm_map_special(mm, mm->stack_low, room, prot, MAP_PRIVATE |
			   MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE,
			   VMA_STACK);
	return r < 0 ? (int)r : 0;
}

/* Pairs of the auxiliary vector. */
static void add(struct mm *mm, uint64_t type, uint64_t value)
{
	mm->auxv[mm->n_auxv++] = type;
	mm->auxv[mm->n_auxv++] = value;
}

static void make_auxv(struct task *t, struct mm *mm,
		      const struct exec_aux *aux, uint64_t random,
		      uint64_t execfn, uint64_t platform)
{
	mm->n_auxv = 0;
	if (aux->vdso)
		add(mm, AT_SYSINFO_EHDR, aux->vdso);
	add(mm, AT_MINSIGSTKSZ, machine.minsigstksz ? machine.minsigstksz :
	    signal_min_stack());
	add(mm, AT_HWCAP, machine.hwcap);
	add(mm, AT_PAGESZ, PAGE_SIZE);
	add(mm, AT_CLKTCK, machine.clktck);
	add(mm, AT_PHDR, aux->phdr);
	add(mm, AT_PHENT, 56);
	add(mm, AT_PHNUM, aux->phnum);
	add(mm, AT_BASE, aux->base);
	add(mm, AT_FLAGS, 0);
	add(mm, AT_ENTRY, aux->entry);
	add(mm, AT_UID, t->cred->uid);
	add(mm, AT_EUID, t->cred->euid);
	add(mm, AT_GID, t->cred->gid);
	add(mm, AT_EGID, t->cred->egid);
	add(mm, AT_SECURE, 0);
	add(mm, AT_RANDOM, random);
	add(mm, AT_HWCAP2, machine.hwcap2);
	add(mm, AT_EXECFN, execfn);
	add(mm, AT_PLATFORM, platform);
	add(mm, AT_NULL, 0);
}

/* The addresses of @n strings that lie one behind the other from @at on. */
static uint64_t *add_pointers(uint64_t *to, const char **str, uint64_t *at,
			      uint32_t n)
{
	while (n--) {
		size_t len = strlen(*str) + 1;

		*to++ = *at;
		*at += len;
		*str += len;
	}
	*to++ = 0;
	return to;
}

long stack_fill(struct task *t, struct mm *mm, const struct exec_strings *s,
		const struct exec_aux *aux)
{
	static const char platform[8] = "x86_64";
	const char *str = s->mem + s->cap - s->used;
	uint64_t args, at, sp, u_platform, u_random, *table, *p;
	size_t words;
	uint8_t bytes[16];
	int err;

	/* The strings end 8 bytes below the top. */
	args = mm->stack_top - 8 - s->used;
	if (copy_out(args, str, s->used))
		return -EFAULT;
	sp = args;
	if (!(t->personality & ADDR_NO_RANDOMIZE)) {
		uint64_t r;

		random_bytes(&r, sizeof(r));
		sp -= r & 8191;
	}
	sp &= ~15UL;
	u_platform = sp - 7;
	u_random = u_platform - sizeof(bytes);
	random_bytes(bytes, sizeof(bytes));
	if (copy_out(u_platform, platform, 7) ||
	    copy_out(u_random, bytes, sizeof(bytes)))
		return -EFAULT;

	at = args;
	mm->arg_start = args;
	for (uint32_t i = 0; i < s->argc; i++) {
		size_t len = strlen(str) + 1;

		str += len;
		at += len;
	}
	mm->arg_end = mm->env_start = at;
	for (uint32_t i = 0; i < s->envc; i++) {
		size_t len = strlen(str) + 1;

		str += len;
		at += len;
	}
	mm->env_end = at;
	/* Behind them, the name the program was started by. */
	make_auxv(t, mm, aux, u_random, at, u_platform);

	words = 1 + s->argc + 1 + s->envc + 1 + mm->n_auxv;
	sp = (u_random - words * sizeof(uint64_t)) & ~15UL;
	table = kmalloc(words * sizeof(uint64_t));
	if (!table)
		return -ENOMEM;
	p = table;
	*p++ = s->argc;
	str = s->mem + s->cap - s->used;
	at = args;
	p = add_pointers(p, &str, &at, s->argc);
	p = add_pointers(p, &str, &at, s->envc);
	memcpy(p, mm->auxv, mm->n_auxv * sizeof(uint64_t));
	err = copy_out(sp, table, words * sizeof(uint64_t));
	kfree(table);
	if (err)
		return err;
	mm->start_stack = sp;
	return (long)sp;
}
