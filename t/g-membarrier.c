/* SPDX-License-Identifier: Apache-2.0 */
/* g-membarrier.c: membarrier(2): each command, registered and not. */
#define _GNU_SOURCE
#include "t/guest.h"

#include <linux/membarrier.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

static long membarrier(int cmd, unsigned int flags)
{
	return syscall(SYS_membarrier, cmd, flags, 0);
}

#define PRIVATE		MEMBARRIER_CMD_PRIVATE_EXPEDITED
#define PRIVATE_REG	MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED
#define CORE		MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE
#define CORE_REG	MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE
#define GLOBAL_REG	MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED
#define ALL	(PRIVATE | PRIVATE_REG | CORE | CORE_REG | GLOBAL_REG |	\
		 MEMBARRIER_CMD_GLOBAL_EXPEDITED)

/*
 * Two threads each write one word and read the other's; with the barrier on
 * one side alone never both miss what the other wrote.
 */
#define ROUNDS	2000

static int a, b, see_a, see_b, bad;
static pthread_barrier_t start, end;

static void *light(void *arg)
{
	for (int i = 0; i < ROUNDS; i++) {
		pthread_barrier_wait(&start);
		*(volatile int *)&a = 1;
		__asm__ volatile("" ::: "memory");
		see_b = *(volatile int *)&b;
		pthread_barrier_wait(&end);
	}
	return arg;
}

static void test_order(void)
{
	pthread_t t;

	pthread_barrier_init(&start, NULL, 2);
	pthread_barrier_init(&end, NULL, 2);
	pthread_create(&t, NULL, light, NULL);
	for (int i = 0; i < ROUNDS; i++) {
		a = b = 0;
		pthread_barrier_wait(&start);
		*(volatile int *)&b = 1;
		if (membarrier(PRIVATE, 0))
			bad++;
		see_a = *(volatile int *)&a;
		pthread_barrier_wait(&end);
		if (!see_a && !see_b)
			bad++;
	}
	pthread_join(t, NULL);
	is(bad, 0, "one of two always sees the other");
}

int main(void)
{
	long have = membarrier(MEMBARRIER_CMD_QUERY, 0);

	if (have < 0 || (have & ALL) != ALL)
		skip_all("the host lacks membarrier");
	is_errno(membarrier(PRIVATE, 0), EPERM, "not registered");
	is_errno(membarrier(CORE, 0), EPERM, "not registered, core");
	is(membarrier(PRIVATE_REG, 0), 0, "register");
	is(membarrier(PRIVATE, 0), 0, "a barrier");
	is_errno(membarrier(CORE, 0), EPERM, "core is another one");
	is(membarrier(CORE_REG, 0), 0, "register, core");
	is(membarrier(CORE, 0), 0, "a barrier, core");
	is(membarrier(GLOBAL_REG, 0), 0, "register for the global one");
	is(membarrier(MEMBARRIER_CMD_GLOBAL_EXPEDITED, 0), 0, "global");
	is_errno(membarrier(PRIVATE, 2), EINVAL, "no such flag");
	is_errno(membarrier(1 << 20, 0), EINVAL, "no such command");
	is_errno(membarrier(PRIVATE | CORE, 0), EINVAL, "one at a time");
	is_errno(membarrier(-1, 0), EINVAL, "no command at all");
	test_order();
	return done_testing();
}
