/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench.c: what a system call costs, by case.
 *
 * usage: bench FILE DIR [CASE...]
 *
 * FILE is a host file of at least 64 KiB, DIR a directory in memory.  Prints
 * a line a case: its name and nanoseconds per round, the best of several
 * slices, so that what else the machine does counts little.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define SLICES		7
#define SLICE_NS	4000000

static char buf[65536];
static const char *host_file;
static char memory_file[4096];
static int fd_zero, fd_null, fd_host, fd_memory, fd_pipe[2];

/* A call by number as compilers make it: the number just before `syscall`. */
#define CALL(nr, a, b, c, d) ({						\
	register long r10_ __asm__("r10") = (long)(d);			\
	long ret_;							\
									\
	__asm__ volatile("mov %1, %%eax\n\tsyscall"			\
			 : "=a"(ret_)					\
			 : "i"(nr), "D"((long)(a)), "S"((long)(b)),	\
			   "d"((long)(c)), "r"(r10_)			\
			 : "rcx", "r11", "memory");			\
	ret_;								\
})

static void need(long ret, const char *what)
{
	if (ret >= 0)
		return;
	fprintf(stderr, "bench: %s: %s\n", what, strerror((int)-ret));
	exit(1);
}

static long case_getpid(void)
{
	return CALL(SYS_getpid, 0, 0, 0, 0);
}

/* In anonymous memory, where no site is ever rewritten. */
static long (*trap_page)(void);
static long case_getpid_trap(void)
{
	return trap_page();
}

static void make_trap_page(void)
{
	static const unsigned char code[] = {
		0xb8, SYS_getpid, 0, 0, 0,	/* mov $SYS_getpid, %eax */
		0x0f, 0x05,			/* syscall */
		0xc3,				/* ret */
	};
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED) {
		perror("bench: mmap");
		exit(1);
	}
	memcpy(page, code, sizeof(code));
	memcpy(&trap_page, &page, sizeof(page));
}

static long case_read_zero(void)
{
	return CALL(SYS_read, fd_zero, buf, 1, 0);
}

static long case_write_null(void)
{
	return CALL(SYS_write, fd_null, buf, 1, 0);
}

static long case_fstat(void)
{
	return CALL(SYS_fstat, fd_host, buf, 0, 0);
}

static long case_lseek(void)
{
	return CALL(SYS_lseek, fd_host, 0, SEEK_SET, 0);
}

static long case_clock_gettime(void)
{
	return CALL(SYS_clock_gettime, CLOCK_MONOTONIC, buf, 0, 0);
}

static long case_open_close(void)
{
	long fd = CALL(SYS_openat, AT_FDCWD, host_file, O_RDONLY, 0);

	return fd < 0 ? fd : CALL(SYS_close, fd, 0, 0, 0);
}

static long case_stat(void)
{
	return CALL(SYS_newfstatat, AT_FDCWD, host_file, buf, 0);
}

static long case_tmpfs_cycle(void)
{
	long fd = CALL(SYS_openat, AT_FDCWD, memory_file,
		       O_WRONLY | O_CREAT | O_EXCL, 0600);
	long ret;

	if (fd < 0)
		return fd;
	ret = CALL(SYS_write, fd, buf, 100, 0);
	CALL(SYS_close, fd, 0, 0, 0);
	CALL(SYS_unlink, memory_file, 0, 0, 0);
	return ret;
}

static long case_pipe(void)
{
	long ret = CALL(SYS_write, fd_pipe[1], buf, 1, 0);

	return ret < 0 ? ret : CALL(SYS_read, fd_pipe[0], buf, 1, 0);
}

static long case_pread_host(void)
{
	return CALL(SYS_pread64, fd_host, buf, 4096, 8192);
}

static long case_pread_tmpfs(void)
{
	return CALL(SYS_pread64, fd_memory, buf, 4096, 8192);
}

static const struct {
	const char *name;
	long (*fn)(void);
} cases[] = {
	{ "getpid", case_getpid },
	{ "getpid-trap", case_getpid_trap },
	{ "read-zero", case_read_zero },
	{ "write-null", case_write_null },
	{ "fstat", case_fstat },
	{ "lseek", case_lseek },
	{ "clock_gettime", case_clock_gettime },
	{ "open-close", case_open_close },
	{ "stat", case_stat },
	{ "tmpfs-cycle", case_tmpfs_cycle },
	{ "pipe", case_pipe },
	{ "pread-host", case_pread_host },
	{ "pread-tmpfs", case_pread_tmpfs },
};

static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000L + ts.tv_nsec;
}

static double measure(const char *name, long (*fn)(void))
{
	double best = 1e18;
	long rounds = 16;

	need(fn(), name);
	for (int slice = 0; slice < SLICES; slice++) {
		int64_t start = now_ns(), took;

		for (long i = 0; i < rounds; i++)
			fn();
		took = now_ns() - start;
		if (took < SLICE_NS / 2 && rounds < 1L << 30) {
			/* Too short to be believed: longer, once more. */
			rounds *= 2;
			slice--;
			continue;
		}
		if ((double)took / (double)rounds < best)
			best = (double)took / (double)rounds;
	}
	return best;
}

static int wanted(int argc, char **argv, const char *name)
{
	if (argc <= 3)
		return 1;
	for (int i = 3; i < argc; i++)
		if (!strcmp(argv[i], name))
			return 1;
	return 0;
}

int main(int argc, char **argv)
{
	if (argc < 3) {
		fprintf(stderr, "usage: bench FILE DIR [CASE...]\n");
		return 2;
	}
	host_file = argv[1];
	snprintf(memory_file, sizeof(memory_file), "%s/bench-%d", argv[2],
		 getpid());
	make_trap_page();
	fd_zero = open("/dev/zero", O_RDONLY);
	fd_null = open("/dev/null", O_WRONLY);
	fd_host = open(host_file, O_RDONLY);
	fd_memory = open(memory_file, O_RDWR | O_CREAT | O_EXCL, 0600);
	if (fd_zero < 0 || fd_null < 0 || fd_host < 0 || fd_memory < 0 ||
	    pipe(fd_pipe) < 0) {
		perror("bench");
		return 1;
	}
	if (write(fd_memory, buf, sizeof(buf)) != (ssize_t)sizeof(buf)) {
		perror(memory_file);
		return 1;
	}
	unlink(memory_file);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (wanted(argc, argv, cases[i].name))
			printf("%s %.1f\n", cases[i].name,
			       measure(cases[i].name, cases[i].fn));
	return 0;
}
