/* SPDX-License-Identifier: Apache-2.0 */
/*
 * membarrier.c: membarrier(2).
 *
 * The barriers are the host's, for the guest's threads are.  Which of them a
 * program has registered for is kept with its memory: the host would still
 * know the ones of the program before an execve(2), and forget those of a
 * program that went to another host process.
 */
#include <linux/membarrier.h>

#include "emul/host/host.h"
#include "emul/lib/uapi.h"
#include "emul/mm/mm.h"
#include "emul/sysproto.h"
#include "emul/task/task.h"

#ifndef MEMBARRIER_CMD_GLOBAL
#define MEMBARRIER_CMD_GLOBAL	MEMBARRIER_CMD_SHARED
#endif
/* Of Linux 6.3; the headers may be older. */
#define CMD_GET_REGISTRATIONS	(1 << 9)

/* No restartable sequences, so no barrier against them. */
#define COMMANDS							\
	(MEMBARRIER_CMD_GLOBAL |					\
	 MEMBARRIER_CMD_GLOBAL_EXPEDITED |				\
	 MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED |			\
	 MEMBARRIER_CMD_PRIVATE_EXPEDITED |				\
	 MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED |			\
	 MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE |			\
	 MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE)

/* The registration that @cmd needs; 0: none. */
static uint32_t needs(int cmd)
{
	switch (cmd) {
	case MEMBARRIER_CMD_PRIVATE_EXPEDITED:
		return MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED;
	case MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE:
		return MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE;
	default:
		return 0;
	}
}

static bool registers(int cmd)
{
	return cmd == MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED ||
	       cmd == MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED ||
	       cmd == MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE;
}

/*
 * A host process that has not registered: this memory is a copy made by
 * fork(2) or was adopted.
 */
static long barrier_again(int cmd, uint32_t need)
{
	long err = host_membarrier((int)need);

	return err ? err : host_membarrier(cmd);
}

long sys_membarrier(struct task *t, int cmd, unsigned int flags, int cpu_id)
{
	uint32_t have = load_once(&t->mm->membarrier), need = needs(cmd);
	long ret;

	(void)cpu_id;
	if (flags)
		return -EINVAL;
	if (cmd == MEMBARRIER_CMD_QUERY) {
		ret = host_membarrier(MEMBARRIER_CMD_QUERY);
		return ret < 0 ? ret : (ret & COMMANDS) | CMD_GET_REGISTRATIONS;
	}
	if (cmd == CMD_GET_REGISTRATIONS)
		return have;
	if ((cmd & ~COMMANDS) || (cmd & (cmd - 1)))
		return -EINVAL;
	if (need && !(have & need))
		return -EPERM;
	ret = host_membarrier(cmd);
	if (ret == -EPERM && need)
		ret = barrier_again(cmd, need);
	if (!ret && registers(cmd))
		__atomic_fetch_or(&t->mm->membarrier, (uint32_t)cmd,
				  __ATOMIC_RELAXED);
	return ret;
}
