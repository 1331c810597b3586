/* SPDX-License-Identifier: Apache-2.0 */
/*
 * g-gs.c: a program that uses GS for itself, by arch_prctl and by the
 * instruction, keeps it over calls, faults and signals.
 */
#include <asm/prctl.h>
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <unistd.h>

static uint64_t words[8] = { 11, 22, 33 };
static volatile sig_atomic_t handled;

static uint64_t gs_word(void)
{
	uint64_t v;

	__asm__ volatile("mov %%gs:8, %0" : "=r"(v));
	return v;
}

static void on_signal(int sig)
{
	handled = sig + (int)gs_word();
}

int main(void)
{
	unsigned long base = 1;
	unsigned int i;

	printf("get before: %ld ", syscall(SYS_arch_prctl, ARCH_GET_GS, &base));
	printf("%lu\n", base);
	printf("set: %ld\n", syscall(SYS_arch_prctl, ARCH_SET_GS, words));
	printf("word %lu\n", (unsigned long)gs_word());
	for (i = 0; i < 1000; i++)
		if (syscall(SYS_getppid) < 0 || gs_word() != 22)
			break;
	printf("calls %u\n", i);
	printf("get: %ld ", syscall(SYS_arch_prctl, ARCH_GET_GS, &base));
	printf("%d\n", base == (unsigned long)words);
	signal(SIGUSR1, on_signal);
	raise(SIGUSR1);
	printf("handled %d\n", (int)handled);
	/* A kernel may keep the instruction from programs that ask first. */
	i = 1000;
	if (getauxval(AT_HWCAP2) & 2) {
		__asm__ volatile("wrgsbase %0" :: "r"(words + 1));
		for (i = 0; i < 1000; i++)
			if (syscall(SYS_getppid) < 0 || gs_word() != 33)
				break;
	}
	printf("by instruction %u\n", i);
	errno = 0;
	printf("not canonical: %ld ",
	       syscall(SYS_arch_prctl, ARCH_SET_GS, 1UL << 63));
	printf("%s\n", strerror(errno));
	return 0;
}
