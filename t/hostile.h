/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hostile.h: for programs that attack the sandbox they run in.
 *
 * They have no libc, so that they go on when the kernel beneath is wrecked.
 * sys() is a system call as any program makes it, gate() jumps to the
 * kernel's one `syscall` instruction with registers of one's own choice: what
 * it does is up to the host's filter alone.  The exit status tells the driver
 * (t/h-drive.c) what came of it.
 */
#ifndef SBX_T_HOSTILE_H
#define SBX_T_HOSTILE_H

#include <asm/unistd.h>
#include <stddef.h>
#include <stdint.h>

#include "emul/abi/gate.h"
#include "emul/abi/hostfd.h"
#include "emul/abi/region.h"

/* What a guest says when something was allowed that must not be. */
#define EXIT_BREACH	99
/* It could not even try: the test is wrong. */
#define EXIT_BROKEN	98

struct args {
	long v[6];
};

/* A call of the program's own. */
static inline long sys6(long nr, struct args x)
{
	register long r10 __asm__("r10") = x.v[3];
	register long r8 __asm__("r8") = x.v[4];
	register long r9 __asm__("r9") = x.v[5];

	__asm__ volatile("syscall"
			 : "+a"(nr)
			 : "D"(x.v[0]), "S"(x.v[1]), "d"(x.v[2]), "r"(r10),
			   "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory", "cc");
	return nr;
}

/* The same by the kernel's gate. */
static inline long gate6(long nr, struct args x)
{
	register long r10 __asm__("r10") = x.v[3];
	register long r8 __asm__("r8") = x.v[4];
	register long r9 __asm__("r9") = x.v[5];

	__asm__ volatile("call *%[gate]"
			 : "+a"(nr)
			 : "D"(x.v[0]), "S"(x.v[1]), "d"(x.v[2]), "r"(r10),
			   "r"(r8), "r"(r9), [gate] "b"(GATE_ADDR)
			 : "rcx", "r11", "memory", "cc");
	return nr;
}

#define sys(nr, ...)	sys6((nr), (struct args){ { __VA_ARGS__ } })
#define gate(nr, ...)	gate6((nr), (struct args){ { __VA_ARGS__ } })
#define ptr(p)		((long)(uintptr_t)(p))

static inline void __attribute__((__noreturn__)) quit(int status)
{
	sys(__NR_exit_group, status);
	for (;;)
		gate(__NR_exit_group, status);
}

/* To be linked without libc; the compiler calls these by itself. */
void *memset(void *p, int c, size_t n);
void *memcpy(void *to, const void *from, size_t n);

__attribute__((__weak__))
void *memset(void *p, int c, size_t n)
{
	/* Or the compiler makes a call of memset() of this loop. */
	volatile unsigned char *s = p;

	while (n--)
		*s++ = (unsigned char)c;
	return p;
}

__attribute__((__weak__))
void *memcpy(void *to, const void *from, size_t n)
{
	const unsigned char *f = from;
	volatile unsigned char *t = to;

	while (n--)
		*t++ = *f++;
	return to;
}

static inline size_t text_len(const char *s)
{
	size_t n = 0;

	while (s[n])
		n++;
	return n;
}

static inline int same_text(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

static inline void say(const char *s)
{
	sys(__NR_write, 1, ptr(s), (long)text_len(s));
}

static inline void say_number(long v)
{
	char buf[24];
	char *p = buf + sizeof(buf);
	unsigned long u = v < 0 ? -(unsigned long)v : (unsigned long)v;

	do {
		*--p = (char)('0' + u % 10);
		u /= 10;
	} while (u);
	if (v < 0)
		*--p = '-';
	sys(__NR_write, 1, ptr(p), (long)(buf + sizeof(buf) - p));
}

static inline void say_hex(unsigned long v)
{
	char buf[18] = "0x";
	int i;

	for (i = 0; i < 16; i++)
		buf[2 + i] = "0123456789abcdef"[v >> (60 - 4 * i) & 15];
	sys(__NR_write, 1, ptr(buf), sizeof(buf));
}

static inline long number(const char *s)
{
	int minus = *s == '-';
	long v = 0;

	for (s += minus; *s >= '0' && *s <= '9'; s++)
		v = v * 10 + (*s - '0');
	return minus ? -v : v;
}

/* A small generator: the same seed gives the same attack. */
static inline uint64_t random_next(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15UL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9UL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebUL;
	return z ^ z >> 31;
}

/*
 * Addresses in the region: those that are mapped, those that are not, and
 * those that are none.
 */
static const uint64_t region_pointers[] __attribute__((__unused__)) = {
	REGION_START, REGION_START - 1, REGION_START - 4,
	IMAGE_BASE, GATE_ADDR, GATE_ADDR - 8, GATE_ADDR + 1,
	META_BASE, META_BASE + 64, META_BASE + 0x400000,
	SLOTS_BASE, SLOTS_BASE + 8, SLOTS_BASE + SLOT_ALT,
	SLOTS_BASE + SLOT_STACK_END - 256, SLOTS_BASE + 0x1000,
	DATA_BASE, DATA_BASE + 0x1000, DATA_BASE + DATA_SIZE - 8,
	0x7fe000100000, REGION_END - 8, REGION_END, 0x7fffffffffff,
	0x800000000000, 0xffff7fffffffffff, 0xffff800000000000,
	0xffffffff81000000, 0xffffffffff600000, 0xfffffffffffffff8,
	0xffffffffffffffff,
};
#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

int attack(int argc, char **argv);

/* The kernel starts a program with a stack that has argc first. */
__asm__(".globl _start\n"
	"_start:\n"
	"	xor %ebp, %ebp\n"
	"	mov (%rsp), %rdi\n"
	"	lea 8(%rsp), %rsi\n"
	"	and $-16, %rsp\n"
	"	call attack\n"
	"	mov %eax, %edi\n"
	"	mov $231, %eax\n"
	"	syscall\n"
	"	hlt\n");

#endif
