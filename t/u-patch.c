/* SPDX-License-Identifier: Apache-2.0 */
/*
 * u-patch.c: rewrite sites in a text of this very process and run them.
 *
 * GS points to a thread block whose entry makes the call for real, counts, and
 * goes back as the kernel would.
 */
#define _GNU_SOURCE
#include "t/unit.h"

#include <asm/prctl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "emul/abi/regs.h"
#include "emul/mm/mm.h"
#include "emul/task/task.h"
#include "emul/vfs/vfs.h"
#include "interposer/patch.h"

#define TRAPS	5	/* until a site is rewritten */

/* The text of the tests, as a file would have it: sites by name. */
extern const uint8_t text[], text_end[];
extern const uint8_t t_mov[], t_mov_p[], t_mov_site[], t_pad[], t_pad_site[],
	t_pad_filler[], t_rip[], t_rip_p[], t_rip_site[], t_none[],
	t_none_site[], t_ret[], t_ret_site[];
extern const uint8_t jump_door[];
uint64_t jump_count, jump_back;

__asm__(
"	.text\n"
"jump_door:\n"
"	mov	%rcx, jump_back(%rip)\n"
"	incq	jump_count(%rip)\n"
"	syscall\n"
"	mov	jump_back(%rip), %rcx\n"
"	jmp	*%rcx\n"
"	.p2align 12\n"
"text:	.fill	256, 1, 0x90\n"
"t_mov:	xor	%edi, %edi\n"
"t_mov_p: mov	$110, %eax\n"
"	mov	%rdi, %rsi\n"
"t_mov_site: syscall\n"
"	ret\n"
"	.p2align 6\n"
"t_pad:	push	$110\n"
"	pop	%rax\n"
"	.fill	20, 1, 0x90\n"
"t_pad_site: syscall\n"
"	ret\n"
"t_pad_filler: .fill	8, 1, 0xcc\n"
"	.fill	200, 1, 0xc3\n"
"t_none: push	$110\n"
"	pop	%rax\n"
"	.fill	20, 1, 0x90\n"
"t_none_site: syscall\n"
"	ret\n"
"	.fill	200, 1, 0xc3\n"
"t_ret:	xor	%edi, %edi\n"
"	mov	$15, %eax\n"
"t_ret_site: syscall\n"
"	ret\n"
"	.fill	200, 1, 0xc3\n"
"t_rip:	mov	$110, %ecx\n"
"	mov	%ecx, %eax\n"
"t_rip_p: lea	text_end+8(%rip), %rsi\n"
"t_rip_site: syscall\n"
"	sub	%rdi, %rsi\n"
"	mov	%rsi, %rax\n"
"	ret\n"
"	.fill	200, 1, 0xc3\n"
"	.p2align 12\n"
"text_end:\n"
"	.fill	64, 1, 0xcc\n");

/* One vma at a time is what the code under test sees. */
static struct mm mm;
static struct vma vma;
static struct inode inode;
static struct file file = { .inode = &inode };
static struct thread thread;
static struct task task = { .mm = &mm, .thread = &thread };
static uint64_t thunks;
static unsigned int n_areas;
static uint64_t generation;

struct vma *vma_find(struct mm *m, uaddr_t addr)
{
	ck_assert_ptr_eq(m, &mm);
	return addr >= vma.start && addr < vma.end ? &vma : NULL;
}

long mm_map_thunks(struct mm *m, uint64_t start, uint64_t end, size_t len)
{
	void *p;

	ck_assert_ptr_eq(m, &mm);
	p = mmap((void *)(start - (16 << 20)), len, PROT_NONE,
		 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(p, MAP_FAILED);
	ck_assert(end - (uint64_t)p < 1u << 31);
	thunks = (uint64_t)p;
	n_areas++;
	return (long)p;
}

static void map_text(uint64_t ino)
{
	size_t n = (uintptr_t)text_end - (uintptr_t)text;
	void *p = mmap(NULL, n, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ck_assert_ptr_ne(p, MAP_FAILED);
	memcpy(p, text, n);
	ck_assert(!mprotect(p, n, PROT_READ | PROT_EXEC));
	inode.ino = ino;
	vma = (struct vma){
		.start = (uint64_t)p, .end = (uint64_t)p + n,
		.prot = PROT_READ | PROT_EXEC, .file = &file, .off = 8192,
	};
}

static uint64_t in_text(const uint8_t *label)
{
	return vma.start + ((uintptr_t)label - (uintptr_t)text);
}

/* Call a site; did it come by the jump door? */
static bool jumps(const uint8_t *label)
{
	uint64_t before = jump_count;
	long (*fn)(void) = (long (*)(void))in_text(label);

	ck_assert_int_eq(fn(), getppid());
	return jump_count != before;
}

static bool same(const uint8_t *label, size_t n)
{
	return !memcmp((void *)in_text(label), label, n);
}

static void trap(const uint8_t *label)
{
	patch_site_trapped(&task, in_text(label));
}

static void start(void)
{
	thread.self = &thread;
	thread.entry = (uint64_t)jump_door;
	ck_assert(!syscall(SYS_arch_prctl, ARCH_SET_GS, &thread));
	map_text(++generation);
}

static uint64_t rip_for(uint64_t rip)
{
	struct regs r = { .rip = rip };

	thread.fault_signo = 0;
	ck_assert(!patch_fault(&task, &r));
	return r.rip;
}

START_TEST(test_tiers)
{
	start();
	for (int i = 0; i < TRAPS + 2; i++) {
		ck_assert(jumps(t_mov) == (i >= TRAPS));
		ck_assert(jumps(t_pad) == (i >= TRAPS));
		ck_assert(!jumps(t_none));
		trap(t_mov_site);
		trap(t_pad_site);
		trap(t_none_site);
		trap(t_ret_site);
	}
	/* What is not the site's stays. */
	ck_assert(same(t_mov_p + 5, 5));
	ck_assert(!same(t_mov_p, 5));
	ck_assert(!same(t_pad_site, 2));
	ck_assert(!same(t_pad_filler, 5));
	ck_assert(same(t_pad_filler + 5, 3));
	ck_assert(same(t_none, 40));
	ck_assert(same(t_ret, 20));
	/* A jump straight to the syscall of tier A. */
	jump_count = 0;
	long nr = SYS_getppid, ret;
	__asm__ volatile("call *%2" : "=a"(ret) : "a"(nr),
			 "r"(in_text(t_mov_site)) : "rcx", "r11", "memory");
	ck_assert_int_eq(ret, getppid());
	ck_assert_uint_eq(jump_count, 0);
}
END_TEST

/* What is relative to rip stays so in the thunk's copy. */
START_TEST(test_rip_relative)
{
	uint64_t end, before;

	start();
	end = vma.start + ((uintptr_t)text_end - (uintptr_t)text);
	for (int i = 0; i < TRAPS + 2; i++) {
		long (*fn)(long) = (long (*)(long))in_text(t_rip);

		before = jump_count;
		ck_assert_uint_eq((uint64_t)fn((long)vma.start),
				  end + 8 - vma.start);
		ck_assert(jump_count - before == (i >= TRAPS));
		trap(t_rip_site);
	}
	ck_assert(!same(t_rip_p, 5));
}
END_TEST

/* The guest's registers never show a thunk. */
START_TEST(test_rip)
{
	struct regs r = { 0 };
	uint64_t t;

	start();
	ck_assert_uint_eq(rip_for(0x1234), 0x1234);
	for (int i = 0; i < TRAPS; i++)
		trap(t_mov_site);
	t = thunks;
	ck_assert_uint_eq(rip_for(t), in_text(t_mov_p));
	ck_assert_uint_eq(rip_for(t + 5), in_text(t_mov_p + 5));
	ck_assert_uint_eq(rip_for(t + 8), in_text(t_mov_site));
	ck_assert_uint_eq(rip_for(t + 15), in_text(t_mov_site));
	for (int i = 0; i < TRAPS; i++)
		trap(t_pad_site);
	ck_assert_uint_eq(rip_for(t + 32), in_text(t_pad_site));
	ck_assert_uint_eq(rip_for(t + 39), in_text(t_pad_site));
	ck_assert_uint_eq(rip_for(in_text(t_pad_filler)),
			  in_text(t_pad_site));
	/* A step onto the thunk is none of the guest's; the next one is. */
	thread.fault_signo = SIGTRAP;
	thread.fault_trapno = 1;
	r.rip = t;
	ck_assert(patch_fault(&task, &r));
	ck_assert_uint_eq(r.rip, t);
	r.rip = t + 5;
	ck_assert(!patch_fault(&task, &r));
	ck_assert_uint_eq(r.rip, in_text(t_mov_p + 5));
	r.rip = in_text(t_pad_filler);
	ck_assert(patch_fault(&task, &r));
	ck_assert_uint_eq(rip_for(in_text(t_mov_p)), in_text(t_mov_p));
	ck_assert_uint_eq(rip_for(in_text(t_mov_site)), in_text(t_mov_site));
}
END_TEST

static unsigned int steps, in_thunks, wrong_steps;
static uint64_t step_back;

/* Each instruction in turn, as if a kick came there. */
static void on_step(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;
	uint64_t rip = (uint64_t)uc->uc_mcontext.gregs[REG_RIP], seen;
	struct regs r = { .rip = rip };

	(void)sig;
	(void)info;
	steps++;
	wrong_steps += patch_fault(&task, &r);
	seen = r.rip;
	if (rip - thunks < 65536 || rip == in_text(t_pad_filler)) {
		in_thunks++;
		/* What was done so far is done once: never back of it. */
		if (seen < step_back || seen > in_text(t_ret))
			wrong_steps++;
		step_back = seen;
	} else if (seen != rip) {
		wrong_steps++;
	}
}

static void step(const uint8_t *label)
{
	long nr = SYS_getppid, ret;

	step_back = 0;
	/* The red zone is the compiler's. */
	__asm__ volatile("lea -128(%%rsp), %%rsp\n"
			 "pushfq\n"
			 "orl $0x100, (%%rsp)\n"
			 "popfq\n"
			 "call *%2\n"
			 "pushfq\n"
			 "andl $~0x100, (%%rsp)\n"
			 "popfq\n"
			 "lea 128(%%rsp), %%rsp\n"
			 : "=a"(ret) : "a"(nr), "r"(in_text(label))
			 : "rcx", "rdi", "rsi", "r11", "memory", "cc");
	ck_assert_int_eq(ret, getppid());
}

START_TEST(test_step)
{
	struct sigaction sa = {
		.sa_sigaction = on_step, .sa_flags = SA_SIGINFO,
	};

	start();
	ck_assert(!sigaction(SIGTRAP, &sa, NULL));
	for (int i = 0; i < TRAPS; i++) {
		trap(t_mov_site);
		trap(t_pad_site);
	}
	step(t_mov);
	ck_assert_uint_eq(in_thunks, 4);
	step(t_pad);
	ck_assert_uint_eq(in_thunks, 7);
	ck_assert_uint_gt(steps, 20);
	ck_assert_uint_eq(wrong_steps, 0);
}
END_TEST

/* A fetch that a window refused means nothing; others do. */
START_TEST(test_window)
{
	struct regs r = { 0 };

	start();
	for (int i = 0; i < TRAPS; i++)
		trap(t_mov_site);
	r.rip = in_text(t_mov);
	thread.fault_signo = 11;
	thread.fault_trapno = 14;
	thread.fault_err = 0x15;
	thread.fault_addr = r.rip;
	ck_assert(!mprotect((void *)vma.start, 4096, PROT_READ));
	ck_assert(patch_fault(&task, &r));
	ck_assert(jumps(t_mov));		/* it was repaired */
	thread.fault_err = 0x5;
	ck_assert(!patch_fault(&task, &r));
	thread.fault_err = 0x15;
	vma.prot = PROT_READ;
	ck_assert(!patch_fault(&task, &r));
}
END_TEST

/*
 * The second mapping of a known file is rewritten at once; where the program is
 * its own loader, when it is seen to run.
 */
START_TEST(test_known)
{
	struct patch_stats st;

	start();
	for (int i = 0; i < TRAPS; i++) {
		trap(t_mov_site);
		trap(t_pad_site);
		trap(t_none_site);
	}
	patch_unmap(&mm, vma.start, vma.end);
	map_text(generation);
	mm.own_loader = true;
	patch_mapped(&mm, vma.start);
	ck_assert(same(t_mov, 16));
	trap(t_none_site);
	ck_assert(jumps(t_mov));
	patch_unmap(&mm, vma.start, vma.end);
	map_text(generation);
	mm.own_loader = false;
	patch_mapped(&mm, vma.start);
	ck_assert(jumps(t_mov));
	ck_assert(jumps(t_pad));
	ck_assert(!jumps(t_none));
	patch_get_stats(&st);
	ck_assert_uint_eq(st.known_a, 1);
	ck_assert_uint_eq(st.known_b, 1);
	ck_assert_uint_eq(st.known_c, 1);
	ck_assert_uint_eq(st.live, 2);
	ck_assert_uint_eq(st.known, 4);
	/* Not for a call that is the last one, and whose site is unknown. */
	patch_unmap(&mm, vma.start, vma.end);
	map_text(generation);
	thread.work = WORK_PATCH;
	thread.trap_site = in_text(t_none_site);
	patch_last_call(&task);
	ck_assert(!thread.work);
	ck_assert(!jumps(t_mov));
	trap(t_none_site);
	ck_assert(jumps(t_mov));
	/* Same size and offset, other bytes: nothing is believed. */
	patch_unmap(&mm, vma.start, vma.end);
	map_text(generation);
	ck_assert(!mprotect((void *)vma.start, 4096,
			    PROT_READ | PROT_WRITE | PROT_EXEC));
	*(uint8_t *)(in_text(t_mov_p) + 1) = SYS_getppid + 1;
	trap(t_none_site);
	ck_assert_uint_eq(*(uint8_t *)in_text(t_mov_p), 0xb8);
	ck_assert(jumps(t_pad));
	/* Another file. */
	start();
	trap(t_none_site);
	ck_assert(!jumps(t_mov));
}
END_TEST

/* What comes and goes leaves nothing behind. */
START_TEST(test_cycles)
{
	for (int i = 0; i < 20; i++) {
		start();
		for (int k = 0; k < TRAPS; k++)
			trap(t_mov_site);
		ck_assert(jumps(t_mov));
		patch_unmap(&mm, vma.start, vma.end);
		ck_assert(!munmap((void *)vma.start, vma.end - vma.start));
	}
	ck_assert_uint_eq(n_areas, 1);
}
END_TEST

/* Text that changes, moves or loses its pages is the file's again. */
START_TEST(test_change)
{
	start();
	for (int i = 0; i < TRAPS; i++) {
		trap(t_mov_site);
		trap(t_pad_site);
	}
	patch_change(&mm, vma.end, vma.end + 4096);
	ck_assert(jumps(t_mov));
	patch_change(&mm, vma.start, vma.end);
	ck_assert(!jumps(t_mov));
	ck_assert(!jumps(t_pad));
	ck_assert(same(text, (uintptr_t)text_end - (uintptr_t)text));
	for (int i = 0; i < TRAPS; i++)
		trap(t_mov_site);
	ck_assert(!jumps(t_mov));
	/* The thunks go: so does what leads to them. */
	start();
	for (int i = 0; i < TRAPS; i++)
		trap(t_mov_site);
	ck_assert(jumps(t_mov));
	patch_unmap(&mm, thunks, thunks + 4096);
	ck_assert(!jumps(t_mov));
}
END_TEST

/* Never: writable, shared, anonymous, special. */
START_TEST(test_refused)
{
	static const struct {
		int prot;
		uint32_t flags;
		bool anon;
	} no[] = {
		{ PROT_READ | PROT_WRITE | PROT_EXEC, 0, false },
		{ PROT_READ | PROT_EXEC, VMA_SHARED, false },
		{ PROT_READ | PROT_EXEC, VMA_VDSO, false },
		{ PROT_READ, 0, false },
		{ PROT_READ | PROT_EXEC, 0, true },
	};

	for (size_t i = 0; i < sizeof(no) / sizeof(*no); i++) {
		start();
		vma.prot = no[i].prot;
		vma.flags = no[i].flags;
		if (no[i].anon)
			vma.file = NULL;
		for (int k = 0; k < TRAPS; k++)
			trap(t_mov_site);
		ck_assert(!jumps(t_mov));
	}
	start();
	for (int k = 0; k < TRAPS; k++)
		trap(t_mov_site);
	ck_assert(jumps(t_mov));
	patch_disable(&mm);
	ck_assert(!jumps(t_mov));
	start();
	for (int k = 0; k < TRAPS; k++)
		trap(t_mov_site);
	ck_assert(!jumps(t_mov));
}
END_TEST

START_TEST(test_fork)
{
	static struct mm child;
	struct patch_state *parent;

	start();
	ck_assert_int_eq(patch_pause(&mm), 0);
	patch_resume(&mm);
	patch_free(&mm);
	ck_assert_int_eq(patch_fork(&child, &mm), 0);
	ck_assert_ptr_eq(child.patch, NULL);
	for (int i = 0; i < TRAPS; i++)
		trap(t_mov_site);
	ck_assert_int_eq(patch_fork(&child, &mm), 0);
	/* As the child, with the same memory. */
	parent = mm.patch;
	mm.patch = child.patch;
	ck_assert_uint_eq(rip_for(thunks), in_text(t_mov_p));
	for (int i = 0; i < TRAPS; i++)
		trap(t_pad_site);
	ck_assert(jumps(t_pad));
	patch_free(&mm);
	ck_assert_ptr_eq(mm.patch, NULL);
	mm.patch = parent;
	patch_free(&mm);
}
END_TEST

UNIT_MAIN("interposer-patch", test_tiers, test_rip,
	  test_rip_relative, test_step, test_window, test_known, test_cycles,
	  test_change, test_refused, test_fork)
