/* SPDX-License-Identifier: Apache-2.0 */
/*
 * g-patch-threads.c: threads run code that makes system calls while it is
 * rewritten under them: text mapped anew again and again, with sites that
 * lie across the borders of 8 to 64 bytes.
 */
#define _GNU_SOURCE
#include "t/guest.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SITES	64
#define STRIDE	61	/* each at another place in its line */
#define THREADS	3
#define TURNS	12

/* Site i: a call of getppid, at patch_text + 64 + i * STRIDE. */
extern const uint8_t patch_text[], patch_text_end[];

__asm__(
"	.text\n"
"	.p2align 12\n"
"	.globl patch_text, patch_text_end\n"
"patch_text:\n"
"	.fill	64, 1, 0x90\n"
"	.rept	32\n"
/* by the mov; by filler */
"1:	xor	%edi, %edi\n"
"	mov	$110, %eax\n"
"	syscall\n"
"	ret\n"
"	.fill	61 - (. - 1b), 1, 0xcc\n"
"2:	push	$110\n"
"	pop	%rax\n"
"	nop\n"
"	nop\n"
"	nop\n"
"	nop\n"
"	syscall\n"
"	ret\n"
"	.fill	61 - (. - 2b), 1, 0xcc\n"
"	.endr\n"
"	.p2align 12\n"
"patch_text_end:\n");

static const uint8_t *volatile map;
static pthread_barrier_t barrier;
static long ppid, wrong;

static void *run(void *arg)
{
	(void)arg;
	for (int turn = 0; turn < TURNS; turn++) {
		pthread_barrier_wait(&barrier);
		for (int round = 0; round < 40; round++) {
			for (int i = 0; i < SITES; i++) {
				long (*site)(void) = (long (*)(void))
					(uintptr_t)(map + 64 + i * STRIDE);

				if (site() != ppid)
					__atomic_fetch_add(&wrong, 1,
							   __ATOMIC_RELAXED);
			}
		}
		pthread_barrier_wait(&barrier);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	size_t n = (uintptr_t)patch_text_end - (uintptr_t)patch_text;
	static uint8_t file[1 << 22];
	pthread_t t[THREADS];
	off_t at = -1;
	ssize_t len;
	int fd;

	(void)argc;
	ppid = getppid();
	fd = open(argv[0], O_RDONLY);
	len = fd < 0 ? -1 : read(fd, file, sizeof(file));
	for (ssize_t i = 0; i + (ssize_t)n <= len && at < 0; i += 4096)
		if (!memcmp(file + i, patch_text, n))
			at = i;
	if (!ok(at >= 0, "find the text in the file"))
		return done_testing();
	pthread_barrier_init(&barrier, NULL, THREADS + 1);
	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&t[i], NULL, run, NULL))
			return 99;
	for (int turn = 0; turn < TURNS; turn++) {
		/* Each time another mapping, of which nothing is known yet. */
		size_t more = (size_t)turn * 4096;
		uint8_t *m = mmap(NULL, n + more, PROT_READ | PROT_EXEC,
				  MAP_PRIVATE, fd, at);

		if (m == MAP_FAILED)
			return 99;
		map = m;
		pthread_barrier_wait(&barrier);
		pthread_barrier_wait(&barrier);
		munmap(m, n + more);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	is(wrong, 0, "every call of every thread gave its result");
	return done_testing();
}
