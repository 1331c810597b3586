/* SPDX-License-Identifier: Apache-2.0 */
/* landlock.c: Landlock for the sandbox's own processes; landlock(7). */
#include "config.h"

#include "loader/landlock.h"

#include <linux/landlock.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/* As of ABI 6; Debian 12's headers know the first field. */
struct ruleset_attr {
	uint64_t handled_access_fs;
	uint64_t handled_access_net;
	uint64_t scoped;
};

#define NET_BIND_CONNECT	0x3ULL
#define SCOPE_ALL		0x3ULL	/* abstract unix sockets, signals */

static int landlock_abi(void)
{
	static int abi = -2;	/* not asked yet */

	if (abi == -2)
		abi = (int)syscall(SYS_landlock_create_ruleset, NULL, 0,
				   LANDLOCK_CREATE_RULESET_VERSION);
	return abi;
}

bool landlock_scopes_signals(void)
{
	return landlock_abi() >= 6;
}

int landlock_shut(void)
{
	int abi = landlock_abi(), fd;
	struct ruleset_attr attr = { 0 };
	size_t size = sizeof(attr.handled_access_fs);

	if (abi < 1)
		return 0;
	/* 13 rights in ABI 1, refer with 2, truncate with 3, ioctl with 5. */
	attr.handled_access_fs = (1ULL << 13) - 1;
	if (abi >= 2)
		attr.handled_access_fs |= 1ULL << 13;
	if (abi >= 3)
		attr.handled_access_fs |= 1ULL << 14;
	if (abi >= 5)
		attr.handled_access_fs |= 1ULL << 15;
	if (abi >= 4) {
		attr.handled_access_net = NET_BIND_CONNECT;
		size = 2 * sizeof(uint64_t);
	}
	if (abi >= 6) {
		attr.scoped = SCOPE_ALL;
		size = sizeof(attr);
	}
	fd = (int)syscall(SYS_landlock_create_ruleset, &attr, size, 0);
	if (fd < 0)
		return -1;
	if (syscall(SYS_landlock_restrict_self, fd, 0))
		return -1;
	return close(fd);
}
