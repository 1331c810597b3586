/* SPDX-License-Identifier: Apache-2.0 */
/*
 * g-patch.c: programs that look at, jump into, change or move code that makes
 * system calls, while the sandbox rewrites it.
 */
#define _GNU_SOURCE
#include "t/guest.h"

#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

/*
 * long site_mov(void)		getppid, by mov and syscall
 * long site_load(long *p)	the call number from p[0x28], by a long load
 * long site_pad(long nr)	no long instruction before it
 * long site_kill(pid, sig)	kill
 * long site_jump(long nr)	jumps right to the syscall of site_mov
 */
long site_mov(void);
long site_load(const long *p);
long site_pad(long nr, long a, long b, long c);
long site_kill(long pid, long sig);
long site_jump(long nr);
extern const uint8_t mov_p[], mov_end[], load_p[], load_end[], pad_p[],
	pad_end[], kill_end[];
extern uint8_t patch_text[], patch_text_end[];

__asm__(
"	.text\n"
"	.p2align 12\n"
"	.globl patch_text, patch_text_end, site_mov, site_load, site_pad\n"
"	.globl site_kill, site_jump, mov_p, mov_end, load_p, load_end\n"
"	.globl pad_p, pad_end, kill_end\n"
"patch_text:\n"
"	.fill	64, 1, 0x90\n"
"site_mov:\n"
"	.cfi_startproc\n"
"	xor	%edi, %edi\n"
"mov_p:	mov	$110, %eax\n"
"	syscall\n"
"mov_end:\n"
"	ret\n"
"	.cfi_endproc\n"
"	.p2align 5\n"
/* P ends in the next 32 bytes, and so is changed across their border. */
"	.fill	21, 1, 0x90\n"
"site_load:\n"
"	.cfi_startproc\n"
"	xor	%esi, %esi\n"
"	xor	%edx, %edx\n"
"	push	%rbp\n"
"	mov	%rdi, %rbp\n"
"load_p:	mov	0x28(%rbp,%rsi,8), %rax\n"
"	syscall\n"
"load_end:\n"
"	pop	%rbp\n"
"	ret\n"
"	.cfi_endproc\n"
"	.p2align 6\n"
"site_pad:\n"
"	.cfi_startproc\n"
"	mov	%rdi, %rax\n"
"	mov	%rsi, %rdi\n"
"	mov	%rdx, %rsi\n"
"	mov	%rcx, %rdx\n"
"	xor	%ecx, %ecx\n"
"	mov	%rax, %rax\n"
"pad_p:	syscall\n"
"pad_end:\n"
"	ret\n"
"	.cfi_endproc\n"
"	.fill	16, 1, 0xcc\n"
"site_kill:\n"
"	.cfi_startproc\n"
"	mov	$62, %eax\n"
"	syscall\n"
"kill_end:\n"
"	ret\n"
"	.cfi_endproc\n"
"site_jump:\n"
"	.cfi_startproc\n"
"	mov	%rdi, %rax\n"
"	jmp	mov_end-2\n"
"	.cfi_endproc\n"
"	.p2align 12\n"
"patch_text_end:\n");

static const long numbers[6] = { 0, 0, 0, 0, 0, SYS_getppid };
static uint8_t original[4096];

static int all_right(void)
{
	long ppid = getppid();
	int good = 1;

	for (int i = 0; i < 8; i++) {
		good &= site_mov() == ppid;
		good &= site_load(numbers) == ppid;
		good &= site_pad(SYS_getppid, 0, 0, 0) == ppid;
		good &= site_kill(getpid(), 0) == 0;
		good &= site_jump(SYS_getppid) == ppid;
		good &= site_jump(-1) == -ENOSYS;
	}
	return good;
}

/* What the handlers saw, and where they let the program go on. */
static volatile int signals;
static volatile uintptr_t saw_rip, saw_addr, go_on;
static volatile long saw_rax;

static void handler(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	(void)sig;
	signals++;
	saw_rip = (uintptr_t)uc->uc_mcontext.gregs[REG_RIP];
	saw_rax = (long)uc->uc_mcontext.gregs[REG_RAX];
	saw_addr = (uintptr_t)info->si_addr;
	if (go_on)
		uc->uc_mcontext.gregs[REG_RIP] = (greg_t)go_on;
}

static void catch(int sig)
{
	struct sigaction sa;

	memset(&sa, 0, sizeof(sa));
	sa.sa_sigaction = handler;
	sa.sa_flags = SA_SIGINFO;
	sigaction(sig, &sa, NULL);
}

static void test_signals(void)
{
	int rip = 1, rax = 1;

	catch(SIGUSR1);
	signals = 0;
	for (int i = 0; i < 6; i++) {
		rax &= site_kill(getpid(), SIGUSR1) == 0;
		rip &= saw_rip == (uintptr_t)kill_end;
		rax &= saw_rax == 0;
	}
	is(signals, 6, "a signal for each kill");
	ok(rip, "its rip is behind the syscall");
	ok(rax, "its rax is the result");
}

static void test_faults(void)
{
	int rip = 1, addr = 1;

	catch(SIGSEGV);
	signals = 0;
	for (int i = 0; i < 6; i++) {
		go_on = (uintptr_t)load_end;
		site_load((const long *)0x10);
		rip &= saw_rip == (uintptr_t)load_p;
		addr &= saw_addr == 0x10 + 0x28;
	}
	go_on = 0;
	signal(SIGSEGV, SIG_DFL);
	is(signals, 6, "a fault for each bad load before a syscall");
	ok(rip, "its rip is the load");
	ok(addr, "its address is the load's");
}

static void test_bytes(void)
{
	volatile uint8_t *imm = (uint8_t *)(uintptr_t)mov_p + 1;
	size_t n = (uintptr_t)patch_text_end - (uintptr_t)patch_text;

	is(mprotect(patch_text, n, PROT_READ | PROT_WRITE | PROT_EXEC), 0,
	   "make text writable");
	ok(!memcmp(patch_text, original, n), "its bytes are as ever");
	ok(all_right(), "the sites still work");
	ok(!memcmp(patch_text, original, n), "and their bytes stay");
	*imm = SYS_getpid;
	is(site_mov(), getpid(), "a changed number counts");
	*imm = SYS_getppid;
	is(mprotect(patch_text, n, PROT_READ | PROT_EXEC), 0,
	   "make it executable again");
	ok(all_right(), "the sites work as before");
}

/* A second copy of the text, from the file, called where it is mapped. */
static void test_mapped(const char *self)
{
	size_t n = (uintptr_t)patch_text_end - (uintptr_t)patch_text;
	int fd = open(self, O_RDONLY), good = 1;
	static uint8_t file[1 << 22];
	ssize_t len = fd < 0 ? -1 : read(fd, file, sizeof(file));
	uint8_t *at = NULL, *map, *to;
	long (*mov)(void);
	long (*load)(const long *p);

	for (ssize_t i = 0; i + (ssize_t)n <= len && !at; i += 4096)
		if (!memcmp(file + i, original, n))
			at = file + i;
	if (!ok(at != NULL, "find the text in the file"))
		return;
	for (int turn = 0; turn < 3; turn++) {
		map = mmap(NULL, n, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd,
			   at - file);
		if (map == MAP_FAILED) {
			good = 0;
			break;
		}
		mov = (long (*)(void))(uintptr_t)
			(map + ((uint8_t *)(uintptr_t)site_mov - patch_text));
		load = (long (*)(const long *))(uintptr_t)
			(map + ((uint8_t *)(uintptr_t)site_load - patch_text));
		for (int i = 0; i < 5; i++)
			good &= mov() == getppid() &&
				load(numbers) == getppid();
		if (turn == 1) {
			/* Drop the private pages: the file's come back. */
			good &= !madvise(map, n, MADV_DONTNEED);
			good &= mov() == getppid() && load(numbers) == getppid();
		}
		if (turn == 2) {
			/* Move it. */
			to = mmap(NULL, n, PROT_NONE,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
			to = mremap(map, n, n, MREMAP_MAYMOVE | MREMAP_FIXED,
				    to);
			good &= to != MAP_FAILED;
			mov = (long (*)(void))(uintptr_t)
				(to + ((uint8_t *)(uintptr_t)site_mov -
				       patch_text));
			for (int i = 0; i < 5; i++)
				good &= mov() == getppid();
			map = to;
		}
		good &= !munmap(map, n);
	}
	close(fd);
	ok(good, "text mapped, called, dropped, moved and unmapped");
}

int main(int argc, char **argv)
{
	size_t n = (uintptr_t)patch_text_end - (uintptr_t)patch_text;

	(void)argc;
	if (n != sizeof(original))
		return 99;
	memcpy(original, patch_text, n);
	ok(all_right(), "calls by every site");
	ok(all_right(), "calls by every site, rewritten");
	test_signals();
	test_faults();
	test_mapped(argv[0]);
	test_bytes();
	return done_testing();
}
