/* SPDX-License-Identifier: Apache-2.0 */
/*
 * membarrier.c: membarrier(2).
 *
 * The commands of one's own process are the host's.  The global ones would
 * reach processes outside of the sandbox and are left out, as a kernel may.
 */
#include <linux/membarrier.h>

#include "emul/host/host.h"
#include "emul/lib/uapi.h"
#include "emul/sysproto.h"
#include "emul/task/task.h"

#define SUPPORTED							\
	(MEMBARRIER_CMD_PRIVATE_EXPEDITED |				\
	 MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED |			\
	 MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE |			\
	 MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE)

long sys_membarrier(struct task *t, int cmd, unsigned int flags, int cpu_id)
{
	(void)t;
	(void)cpu_id;
	if (flags)
		return -EINVAL;
	if (cmd == MEMBARRIER_CMD_QUERY)
		return SUPPORTED;
	if ((cmd & ~SUPPORTED) || (cmd & (cmd - 1)))
		return -EINVAL;
	return host_membarrier(cmd);
}
