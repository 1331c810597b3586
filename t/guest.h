/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guest.h: TAP for guest programs.
 *
 * A guest test is a plain Linux program: it must pass natively, and its
 * output must be the same in every run (no addresses, no times, no pids),
 * for the run in the sandbox is compared with the native one.
 *
 *	int main(void)
 *	{
 *		ok(getppid() > 0, "there is a parent");
 *		is(close(-1), -1, "close of -1");
 *		is_errno(close(-1), EBADF, "close of -1");
 *		return done_testing();
 *	}
 */
#ifndef SBX_T_GUEST_H
#define SBX_T_GUEST_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE	/* ST_NOEXEC */
#endif

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

static int tap_n;
static int tap_failed;

/* The bytes of the file into `text` of `size`, and how many; -1: errno. */
static inline ssize_t slurp_file(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY);
	ssize_t n = 0, k;

	text[0] = '\0';
	if (fd < 0)
		return -1;
	while ((k = read(fd, text + n, size - 1 - (size_t)n)) > 0)
		n += k;
	close(fd);
	text[n] = '\0';
	return k < 0 ? k : n;
}

/* One test: `good` is its result, `name` is unique in the program. */
static inline int ok(int good, const char *name)
{
	printf("%sok %d - %s\n", good ? "" : "not ", ++tap_n, name);
	fflush(stdout);
	if (!good)
		tap_failed++;
	return good;
}

/* Two numbers are the same. */
static inline int is(long got, long wanted, const char *name)
{
	if (!ok(got == wanted, name)) {
		printf("# got %ld, wanted %ld\n", got, wanted);
		return 0;
	}
	return 1;
}

/*
 * A libc call failed with errno `wanted`; 0 means that it succeeded.
 * `ret` is the call itself, so that errno is its own.
 */
static inline int is_errno_(long ret, int err, int wanted, const char *name)
{
	int got = ret == -1 ? err : 0;

	if (!ok(got == wanted, name)) {
		printf("# got errno %d, wanted %d\n", got, wanted);
		return 0;
	}
	return 1;
}
#define is_errno(call, wanted, name) do {				\
	long is_ret_;							\
									\
	errno = 0;							\
	is_ret_ = (long)(call);						\
	is_errno_(is_ret_, errno, (wanted), (name));			\
} while (0)

/* Give up: the host lacks what the test needs. */
static inline void __attribute__((__noreturn__)) skip_all(const char *why)
{
	printf("1..0 # SKIP %s\n", why);
	exit(0);
}

/*
 * Is `id` in this map of the user namespace (/proc/self/uid_map, gid_map)?
 * Ids that are not are shown as the overflow id, and are refused when given.
 * Where there is no such file all are taken to be.
 */
static inline int id_mapped(const char *map, unsigned long id)
{
	unsigned long first, outside, count;
	FILE *f = fopen(map, "r");
	int yes = 0;

	if (!f)
		return 1;
	while (fscanf(f, "%lu %lu %lu", &first, &outside, &count) == 3)
		if (id >= first && id - first < count)
			yes = 1;
	fclose(f);
	return yes;
}

#ifndef ST_NOEXEC
#define ST_NOEXEC	8	/* statvfs.h has it for _GNU_SOURCE alone */
#endif

/*
 * Skip in a user namespace that does not map this user, or, where it is root,
 * no other that it could become: the sandbox maps all.
 */
static inline void need_ids(void)
{
	const char *uids = "/proc/self/uid_map", *gids = "/proc/self/gid_map";

	if (!id_mapped(uids, geteuid()) || !id_mapped(gids, getegid()) ||
	    (!geteuid() && (!id_mapped(uids, 65534) ||
			    !id_mapped(gids, 65534))))
		skip_all("the user namespace maps too few users");
}

/* In a pid namespace of its own with the outer /proc still mounted: skip. */
static inline void need_own_proc(void)
{
	char pid[16] = "";

	if (readlink("/proc/self", pid, sizeof(pid) - 1) > 0 &&
	    strtol(pid, NULL, 10) != getpid())
		skip_all("/proc is of another pid namespace");
}

/* May programs be run from the working directory?  Skip all where not. */
static inline void need_exec_here(void)
{
	struct statvfs s;

	/* ST_NOEXEC, which is named with _GNU_SOURCE alone. */
	if (!statvfs(".", &s) && (s.f_flag & 8))
		skip_all("the working directory is mounted noexec");
}

/*
 * Does the host lack this call, being old or behind a container's filter?
 * Never in the sandbox, whose kernel does not lack what its host lacks.
 * The call is made with arguments that no call takes.
 */
static inline int host_lacks(long nr)
{
	if (!getenv("SBX_TEST_NATIVE"))
		return 0;
	errno = 0;
	return syscall(nr, -1L, -1L, -1L, -1L, -1L, -1L) == -1 &&
	       (errno == ENOSYS || errno == EPERM);
}

/* Print the plan; returns the exit status of main. */
static inline int done_testing(void)
{
	printf("1..%d\n", tap_n);
	fflush(stdout);
	return tap_failed != 0;
}

#endif
