/* SPDX-License-Identifier: Apache-2.0 */
/*
 * refuse.c: run a program on a host that lacks some calls.
 *
 *	refuse ERRNO CALL[,CALL...] program [args]
 *
 * ERRNO is a number: 38 (ENOSYS) for an old kernel, 1 (EPERM) for the filter
 * of a container.  The calls of x86-64 that are named fail with it, in the
 * program and all it starts.
 */
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int refuse(scmp_filter_ctx ctx, unsigned int err, char *calls)
{
	char *save = NULL;

	for (char *name = strtok_r(calls, ",", &save); name;
	     name = strtok_r(NULL, ",", &save)) {
		int nr = seccomp_syscall_resolve_name(name);

		if (nr == __NR_SCMP_ERROR ||
		    seccomp_rule_add(ctx, SCMP_ACT_ERRNO(err), nr, 0)) {
			fprintf(stderr, "refuse: %s: no such call\n", name);
			return 1;
		}
	}
	return seccomp_load(ctx);
}

int main(int argc, char **argv)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);

	/* int 0x80 and x32 are the host's to refuse. */
	if (ctx)
		seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ALLOW);
	if (argc < 4 || !ctx) {
		fprintf(stderr, "usage: refuse ERRNO CALLS program [args]\n");
		return 99;
	}
	if (refuse(ctx, (unsigned int)atoi(argv[1]), argv[2]))
		return 99;
	execvp(argv[3], argv + 3);
	perror(argv[3]);
	return 99;
}
