/* SPDX-License-Identifier: Apache-2.0 */
/*
 * h-limits.c: pass the limits that the host is to hold.
 *
 *	h-limits shared		memory that is shared and no file's
 *	h-limits tables		memory that is not the program's: page tables
 *	h-limits crowd		behind more processes than fit in a page
 *	h-limits headless	in a process whose first thread has ended
 *	h-limits mute		while the broker is kept at its own output
 *	h-limits noisy		end while it is kept there
 *	h-limits stopped	while sbx is stopped
 *	h-limits size N		files longer than N bytes, made by the broker
 *
 * The kernel counts memory too: all of it goes past it, by the gate.  What
 * is taken is more than 256 MiB; then it waits to be found out.
 */
#include <linux/fcntl.h>
#include <linux/mman.h>

#include "emul/abi/boot.h"
#include "emul/abi/hostclone.h"
#include "t/hostile-broker.h"

#define MIB		(1UL << 20)
#define TAKE		(256 * MIB)
#define PLACE		0x200000000000UL
#define RW		(1 | 2)
#define WAIT_S		30

static int tid;

static long map(uint64_t at, size_t len, int prot, long flags)
{
	return gate(__NR_mmap, (long)at, (long)len, prot, flags | MAP_FIXED,
		    -1, 0);
}

static void pause_ms(long ms)
{
	long ts[2] = { ms / 1000, ms % 1000 * 1000000 };

	gate(__NR_ppoll, 0, 0, ptr(ts), 0, 8);
}

static void touch(uint64_t at, size_t len)
{
	for (size_t i = 0; i < len; i += 4096)
		*(volatile char *)(at + i) = 1;
}

static int found_out(void)
{
	pause_ms(WAIT_S * 1000L);
	return EXIT_BREACH;
}

static int take(long flags)
{
	long r = map(PLACE, TAKE, RW, flags);

	if (r != (long)PLACE)
		return 0;		/* refused: good */
	touch(PLACE, TAKE);
	return found_out();
}

/* A page of tables for each 2 MiB, in which no page is but that of zeros. */
static int tables(void)
{
	size_t len = (TAKE / 4096) << 21;

	if (map(PLACE, len, 1, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE) !=
	    (long)PLACE)
		return 0;
	gate(__NR_madvise, PLACE, (long)len, 15 /* no huge pages */);
	for (size_t i = 0; i < len; i += 1UL << 21)
		(void)*(volatile char *)(PLACE + i);
	return found_out();
}

static int crowd(void)
{
	long last;

	for (int i = 0; i < 1500; i++) {
		long pid = gate(__NR_clone, HOST_CLONE_PROCESS, 0, ptr(&tid),
				0, 0);

		if (pid < 0)
			break;
		if (!pid)
			for (;;)
				gate(__NR_ppoll, 0, 0, 0, 0, 8);
	}
	last = gate(__NR_clone, HOST_CLONE_PROCESS, 0, ptr(&tid), 0, 0);
	if (!last)
		gate(__NR_exit_group,
		     take(MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE));
	/* A host that lets nobody have so many: another limit. */
	return last < 0 ? 0 : found_out();
}

static void __attribute__((__noreturn__)) body(void)
{
	gate(__NR_exit_group, take(MAP_PRIVATE | MAP_ANONYMOUS |
				   MAP_NORESERVE));
	for (;;)
		;
}

/* The gate's `ret` takes the new thread to body(). */
static int headless(void)
{
	static uint64_t stack[2048] __attribute__((__aligned__(16)));

	stack[2040] = (uint64_t)(uintptr_t)body;
	if (gate(__NR_clone, HOST_CLONE_PROCESS, 0, ptr(&tid), 0, 0))
		return found_out();
	if (gate(__NR_clone, HOST_CLONE_THREAD, ptr(&stack[2040]), ptr(&tid),
		 ptr(&tid), 0) > 0)
		gate(__NR_exit, 0);
	return EXIT_BROKEN;
}

/* Its standard error is a pipe that nobody reads. */
static void shout(void)
{
	for (int i = 0; i < 60; i++) {
		memset(packet.bytes, 'x', 4000);
		request(BROKER_LOG, NULL)->len1 = 4000;
		if (send_packet(i % 4, length(), -1, 0) < 0)
			break;
	}
}

static int mute(void)
{
	shout();
	return take(MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE);
}

static int noisy(void)
{
	shout();
	gate(__NR_exit_group, 0);
	return EXIT_BROKEN;
}

static int stopped(void)
{
	request(BROKER_STOP, NULL)->arg[0] = 19;
	ask(-1);
	return take(MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE);
}

/* The first directory that may be written. */
static int writable(void)
{
	const struct boot *b = (const struct boot *)BOOT_BASE;
	const struct boot_mount *m =
		(const struct boot_mount *)boot_str(b, b->mounts);

	for (uint32_t i = 0; i < b->n_mounts; i++)
		if (m[i].kind == BOOT_MOUNT_RW)
			return (int)m[i].grant;
	quit(EXIT_BROKEN);
}

static int size(uint64_t most)
{
	struct broker_req *q = request(BROKER_OPEN, "long");
	uint16_t grant = (uint16_t)writable();
	int fd, bad = 0;

	q->grant = grant;
	q->arg[0] = O_RDWR | O_CREAT;
	q->arg[1] = 0644;
	if (ask(-1) || got.len < 20)
		return EXIT_BROKEN;
	fd = got.fd[0];
	q = request(BROKER_TRUNCATE, "long");
	q->grant = grant;
	q->arg[0] = most;
	bad |= ask(-1);			/* just this is allowed */
	q->arg[0] = most + 1;
	bad |= ask(-1) >= 0;
	q = request(BROKER_FD_TRUNCATE, NULL);
	q->flags = BROKER_FD_SENT;
	q->arg[1] = most + 1;
	bad |= ask(fd) >= 0;
	q = request(BROKER_FD_ALLOCATE, NULL);
	q->flags = BROKER_FD_SENT;
	q->arg[2] = most - 4096;
	q->arg[3] = 8192;
	bad |= ask(fd) >= 0;
	q->arg[2] = 0;
	q->arg[3] = ~0UL >> 1;
	bad |= ask(fd) >= 0;
	return bad ? EXIT_BREACH : 0;
}

int attack(int argc, char **argv)
{
	if (argc < 2)
		return EXIT_BROKEN;
	if (same_text(argv[1], "shared"))
		return take(MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE);
	if (same_text(argv[1], "tables"))
		return tables();
	if (same_text(argv[1], "crowd"))
		return crowd();
	if (same_text(argv[1], "headless"))
		return headless();
	if (same_text(argv[1], "mute"))
		return mute();
	if (same_text(argv[1], "noisy"))
		return noisy();
	if (same_text(argv[1], "stopped"))
		return stopped();
	if (argc < 3)
		return EXIT_BROKEN;
	return size((uint64_t)number(argv[2]));
}
