/* SPDX-License-Identifier: Apache-2.0 */
/*
 * g-seccomp-random.c: filters made by chance: which are taken, and what those
 * that are taken say.
 *
 * A filter that cannot be given to all threads is checked in whole and then
 * not put in force: so many can be tried by one process.
 */
#define _GNU_SOURCE
#include "t/guest.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SECCOMP_FILTER_FLAG_TSYNC_ESRCH
#define SECCOMP_FILTER_FLAG_TSYNC_ESRCH	(1UL << 4)
#endif
#define MAX	24
#define CHECKS	60000
#define RUNS	400

static uint64_t seed = 0x2545f4914f6cdd1dULL;

static uint32_t chance(uint32_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 32) % n;
}

static const uint16_t codes[] = {
	BPF_LD | BPF_W | BPF_ABS, BPF_LD | BPF_W | BPF_ABS,
	BPF_LD | BPF_W | BPF_LEN, BPF_LDX | BPF_W | BPF_LEN,
	BPF_LD | BPF_IMM, BPF_LDX | BPF_IMM, BPF_LD | BPF_MEM,
	BPF_LDX | BPF_MEM, BPF_ST, BPF_STX, BPF_ST, BPF_STX,
	BPF_MISC | BPF_TAX, BPF_MISC | BPF_TXA, BPF_RET | BPF_K,
	BPF_RET | BPF_A, BPF_JMP | BPF_JA,
	BPF_JMP | BPF_JEQ | BPF_K, BPF_JMP | BPF_JEQ | BPF_X,
	BPF_JMP | BPF_JGT | BPF_K, BPF_JMP | BPF_JGT | BPF_X,
	BPF_JMP | BPF_JGE | BPF_K, BPF_JMP | BPF_JGE | BPF_X,
	BPF_JMP | BPF_JSET | BPF_K, BPF_JMP | BPF_JSET | BPF_X,
	BPF_ALU | BPF_ADD | BPF_K, BPF_ALU | BPF_ADD | BPF_X,
	BPF_ALU | BPF_SUB | BPF_K, BPF_ALU | BPF_SUB | BPF_X,
	BPF_ALU | BPF_MUL | BPF_K, BPF_ALU | BPF_MUL | BPF_X,
	BPF_ALU | BPF_DIV | BPF_K, BPF_ALU | BPF_DIV | BPF_X,
	BPF_ALU | BPF_AND | BPF_K, BPF_ALU | BPF_AND | BPF_X,
	BPF_ALU | BPF_OR | BPF_K, BPF_ALU | BPF_OR | BPF_X,
	BPF_ALU | BPF_XOR | BPF_K, BPF_ALU | BPF_XOR | BPF_X,
	BPF_ALU | BPF_LSH | BPF_K, BPF_ALU | BPF_LSH | BPF_X,
	BPF_ALU | BPF_RSH | BPF_K, BPF_ALU | BPF_RSH | BPF_X,
	BPF_ALU | BPF_NEG,
};

static uint32_t constant(uint16_t code)
{
	static const uint32_t odd[] = {
		0, 1, 2, 31, 32, 0x7fffffff, 0x80000000, 0xffffffff,
		0xfffff000, 60, 64, 0xffff,
	};

	switch (code) {
	case BPF_LD | BPF_W | BPF_ABS:
		return chance(20) ? chance(16) * 4 : chance(80);
	case BPF_LD | BPF_MEM:
	case BPF_LDX | BPF_MEM:
	case BPF_ST:
	case BPF_STX:
		return chance(30) ? chance(3) : chance(20);
	case BPF_ALU | BPF_LSH | BPF_K:
	case BPF_ALU | BPF_RSH | BPF_K:
		return chance(36);
	default:
		return chance(2) ? chance(64) : odd[chance(12)];
	}
}

/* Something that may be a program; @any: any code at all, now and then. */
static unsigned int make(struct sock_filter *f, int any)
{
	unsigned int n = 1 + chance(MAX);

	for (unsigned int i = 0; i < n; i++) {
		unsigned int left = n - i;

		f[i].code = any && !chance(40) ? (uint16_t)chance(0x200) :
			    codes[chance(sizeof(codes) / sizeof(codes[0]))];
		f[i].jt = (uint8_t)chance(chance(30) ? (left + 1) / 2 : left + 1);
		f[i].jf = (uint8_t)chance(chance(30) ? (left + 1) / 2 : left + 1);
		f[i].k = f[i].code == (BPF_JMP | BPF_JA) ?
			 chance(chance(30) ? (left + 1) / 2 : left + 1) :
			 constant(f[i].code);
	}
	if (chance(20))
		f[n - 1].code = BPF_RET | (chance(2) ? BPF_K : BPF_A);
	return n;
}

static long install(struct sock_filter *f, unsigned int n, unsigned long flags)
{
	struct sock_fprog p = { (unsigned short)n, f };

	errno = 0;
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &p);
}

static int taken(struct sock_filter *f, unsigned int n)
{
	install(f, n, SECCOMP_FILTER_FLAG_TSYNC |
		SECCOMP_FILTER_FLAG_TSYNC_ESRCH);
	return errno;
}

static pthread_barrier_t bar;

/* Its own filter keeps the others' from being given to all. */
static void *stranger(void *arg)
{
	struct sock_filter f[] = {
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};

	install(f, 1, 0);
	pthread_barrier_wait(&bar);
	pthread_barrier_wait(&bar);
	return arg;
}

static uint32_t sum = 1;

static void add(uint32_t v)
{
	sum = (sum ^ v) * 16777619u;
}

static void test_check(void)
{
	struct sock_filter f[MAX];
	int n_taken = 0, other = 0;

	for (int i = 0; i < CHECKS; i++) {
		int err = taken(f, make(f, 1));

		n_taken += err == ESRCH;
		other += err != ESRCH && err != EINVAL;
		add((uint32_t)err);
		if (i % 5000 == 4999)
			printf("# %d tried: %d taken, sum %x\n", i + 1, n_taken,
			       sum);
	}
	is(other, 0, "each is taken or is not");
	ok(n_taken > 1000, "some are");
}

/*
 * What a valid program of f says of getppid(): its ways out lead to an errno
 * of twelve bits, for most others would end us.
 */
static int verdict(const struct sock_filter *f, unsigned int n, long *args)
{
	struct sock_filter g[3 + MAX + 3];
	unsigned int m = 0;

	g[m++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		offsetof(struct seccomp_data, nr));
	g[m++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
		SYS_getppid, 1, 0);
	g[m++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
		SECCOMP_RET_ALLOW);
	for (unsigned int i = 0; i < n; i++) {
		g[m] = f[i];
		if (f[i].code == (BPF_RET | BPF_K)) {
			g[m].k = SECCOMP_RET_ERRNO | (1 + (f[i].k & 0x7ff));
		} else if (f[i].code == (BPF_RET | BPF_A)) {
			g[m].code = BPF_JMP | BPF_JA;
			g[m].k = n - 1 - i;
		}
		m++;
	}
	g[m++] = (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0x7ff);
	g[m++] = (struct sock_filter)BPF_STMT(BPF_ALU | BPF_OR | BPF_K,
		SECCOMP_RET_ERRNO | 0x800);
	g[m++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_A, 0);
	if (install(g, m, 0))
		return -errno;
	errno = 0;
	syscall(SYS_getppid, args[0], args[1], args[2], args[3], args[4],
		args[5]);
	return errno;
}

static void test_run(volatile int *out)
{
	struct sock_filter f[MAX];
	int done = 0, killed = 0;
	unsigned int n;
	long args[6];

	while (done < RUNS) {
		int status;
		pid_t pid;

		n = make(f, 0);
		for (int i = 0; i < 6; i++)
			args[i] = (long)chance(70) << (chance(2) * 32);
		/* The place of the call is not the same in each run. */
		for (unsigned int i = 0; i < n; i++)
			if (f[i].code == (BPF_LD | BPF_W | BPF_ABS) &&
			    (f[i].k == 8 || f[i].k == 12))
				f[i].k = 16;
		if (taken(f, n) != ESRCH)
			continue;
		*out = 0;
		pid = fork();
		if (!pid) {
			*out = verdict(f, n, args);
			_exit(0);
		}
		waitpid(pid, &status, 0);
		/* A division by 0 ends it. */
		killed += WIFSIGNALED(status);
		add((uint32_t)*out);
		done++;
		if (done % 50 == 0)
			printf("# %d run: %d killed, sum %x\n", done, killed,
			       sum);
	}
	is(done, RUNS, "programs were run");
}

int main(void)
{
	volatile int *out = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pthread_t t;

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	pthread_barrier_init(&bar, NULL, 2);
	pthread_create(&t, NULL, stranger, NULL);
	pthread_barrier_wait(&bar);
	if (taken((struct sock_filter[]){ BPF_STMT(BPF_RET | BPF_K,
			SECCOMP_RET_ALLOW) }, 1) != ESRCH)
		skip_all("the host lacks seccomp, or is too old for it");
	test_check();
	test_run(out);
	pthread_barrier_wait(&bar);
	pthread_join(t, NULL);
	return done_testing();
}
