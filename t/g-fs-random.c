/* SPDX-License-Identifier: Apache-2.0 */
/*
 * g-fs-random.c: random calls on a small tree of files, directories and links,
 * through paths, directories and descriptors that outlive their names.  What
 * each call answered goes into a digest, which is told now and then: the run in
 * the sandbox must tell the same.
 *
 * usage: g-fs-random [STEPS [SEED [TRACE]]]
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "t/guest.h"

#define SLOTS	8
#define MAX	100000u

static unsigned long long state, digest = 1469598103934665603ull;
static int slot[SLOTS], base[2] = { AT_FDCWD, AT_FDCWD };
static char buf[MAX];
static long step;
static int trace;

static unsigned int next(unsigned int n)
{
	state = state * 6364136223846793005ull + 1442695040888963407ull;
	return (unsigned int)(state >> 33) % n;
}

static void mix(unsigned long long v)
{
	digest = (digest ^ v) * 1099511628211ull;
	digest ^= digest >> 29;
}

static void mix_bytes(const void *p, size_t n)
{
	const unsigned char *s = p;

	for (size_t i = 0; i < n; i++)
		mix(s[i]);
}

/* A result: the value, or why not. */
static long said(const char *what, long r)
{
	int err = errno;

	if (trace)
		printf("%ld %s: %ld errno %d\n", step, what, r,
		       r < 0 ? err : 0);
	mix((unsigned long long)(r < 0 ? -err : r));
	return r;
}

static long done(const char *what, long r)
{
	return said(what, r < 0 ? -1 : 0);
}

/* One to three components. */
static const char *path(void)
{
	static char mem[4][64];
	static unsigned int turn;
	static const char *const names[] = {
		"a", "b", "c", "d", "e", "a", "b", "c", "..", ".", "long-name",
		"f/",
	};
	char *p = mem[turn++ % 4];
	unsigned int n = next(3);

	p[0] = 0;
	/* Never out of the tree: ".." stands behind a name. */
	for (unsigned int i = 0, at = 0; i <= n; i++)
		at += (unsigned int)snprintf(p + at, 64 - at, "%s%s",
			names[next(i && i < n ? 12 : 8)], i < n ? "/" : "");
	return p;
}

static int from(void)
{
	return base[next(2)];
}

static void mix_stat(const char *what, const struct stat *st)
{
	if (trace)
		printf("%ld %s: mode %o size %ld nlink %ld mtime %ld\n", step,
		       what, st->st_mode,
		       S_ISDIR(st->st_mode) ? 0L : (long)st->st_size,
		       S_ISDIR(st->st_mode) ? 0L : (long)st->st_nlink,
		       st->st_mtim.tv_sec < 1000000 ?
		       (long)st->st_mtim.tv_sec : -1L);
	mix(st->st_mode);
	if (!S_ISDIR(st->st_mode)) {
		mix((unsigned long long)st->st_size);
		mix(st->st_nlink);
	}
	if (st->st_mtim.tv_sec < 1000000)
		mix((unsigned long long)st->st_mtim.tv_sec * 3 +
		    (unsigned long long)st->st_mtim.tv_nsec);
}

static void do_open(void)
{
	static const int modes[] = { O_RDONLY, O_WRONLY, O_RDWR, O_RDWR };
	static const int more[] = {
		0, O_CREAT, O_CREAT, O_CREAT | O_EXCL, O_TRUNC,
		O_CREAT | O_APPEND, O_NOFOLLOW, O_CREAT | O_TRUNC, O_DIRECTORY,
		O_PATH,
	};
	unsigned int k = next(SLOTS);
	int flags = modes[next(4)] | more[next(10)];

	if (slot[k] >= 0)
		close(slot[k]);
	slot[k] = openat(from(), path(), flags | O_CLOEXEC,
			 0600 | next(64));
	done("open", slot[k]);
}

static void do_fd(void)
{
	int fd = slot[next(SLOTS)];
	size_t n = next(4) ? next(5000) : next(60000);
	off_t at = next(4) ? next(20000) : next(MAX - 60001);
	struct stat st;
	ssize_t r;

	if (fd < 0)
		return;
	switch (next(11)) {
	case 0:
		memset(buf, 'a' + (int)next(26), n);
		said("pwrite", pwrite(fd, buf, n, at));
		break;
	case 1:
		memset(buf, 'A' + (int)next(26), n % 300);
		said("write", write(fd, buf, n % 300));
		break;
	case 2:
	case 3:
		r = said("pread", pread(fd, buf, n, at));
		if (r > 0)
			mix_bytes(buf, (size_t)r);
		break;
	case 4:
		r = said("read", read(fd, buf, n));
		if (r > 0)
			mix_bytes(buf, (size_t)r);
		break;
	case 5:
		said("ftruncate", ftruncate(fd, at));
		break;
	case 6:
		if (!said("fstat", fstat(fd, &st)))
			mix_stat("fstat", &st);
		break;
	case 7:		/* of a directory the position is the host's */
		if (!fstat(fd, &st) && S_ISREG(st.st_mode))
			said("lseek", lseek(fd, at, (int)next(3)));
		break;
	case 8:
		if (!fstat(fd, &st) && S_ISREG(st.st_mode))
			said("fallocate", fallocate(fd, next(2) ?
				FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE : 0,
				at, (off_t)n + 1));
		break;
	case 9:
		/* On a writable mount the host wants it open for writing. */
		if ((fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDONLY)
			said("fchmod", fchmod(fd, 0600 | next(64)));
		break;
	default:
		said("fdatasync", next(20) ? 0 : fdatasync(fd));
	}
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void do_list(void)
{
	int fd = openat(from(), path(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct dirent *e;
	char *name[64];
	size_t n = 0;
	DIR *d;

	if (done("opendir", fd) < 0)
		return;
	d = fdopendir(fd);
	if (!d)
		return;
	while ((e = readdir(d)) && n < 64)
		name[n++] = strdup(e->d_name);
	closedir(d);
	qsort(name, n, sizeof(*name), by_name);
	for (size_t i = 0; i < n; i++) {
		if (trace)
			printf("%ld entry: %s\n", step, name[i]);
		mix_bytes(name[i], strlen(name[i]));
		free(name[i]);
	}
}

/* Through memory: shared with the file, also once it has no name. */
static void do_map(void)
{
	const struct timespec ts[2] = { { 5, 6 }, { 7, 8 } };
	int fd = slot[next(SLOTS)], wr;
	struct stat st;
	size_t n;
	char *p;

	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode) || !st.st_size)
		return;
	n = (size_t)st.st_size;
	wr = (fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDWR;
	p = mmap(NULL, n, wr ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED,
		 fd, 0);
	if (done("mmap", p == MAP_FAILED ? -1 : 0))
		return;
	mix_bytes(p + n / 2, n / 2 > 500 ? 500 : n / 2);
	if (wr)
		memset(p + n / 3, '0' + (int)next(10), n / 4);
	munmap(p, n);
	/* What is written this way shows in no time stamp in the sandbox. */
	if (wr)
		done("futimens", futimens(fd, ts));
}

static void do_stat(void)
{
	struct stat st;

	if (!said("fstatat", fstatat(from(), path(), &st,
				     next(2) ? AT_SYMLINK_NOFOLLOW : 0)))
		mix_stat("fstatat", &st);
}

static void do_times(void)
{
	const struct timespec ts[2] = {
		{ next(1000), next(1000) }, { next(1000), next(1000) },
	};

	said("utimensat", utimensat(from(), path(), ts, next(2) ?
				    AT_SYMLINK_NOFOLLOW : 0));
}

static void do_readlink(void)
{
	ssize_t r = said("readlink", readlinkat(from(), path(), buf,
						next(2) ? 100 : 3));

	if (r > 0)
		mix_bytes(buf, (size_t)r);
}

static void do_base(void)
{
	if (base[1] >= 0)
		close(base[1]);
	base[1] = openat(AT_FDCWD, path(), O_DIRECTORY | O_PATH | O_CLOEXEC);
	if (done("base", base[1]) < 0)
		base[1] = AT_FDCWD;
}

static void one(void)
{
	switch (next(34)) {
	case 0: case 1: case 2: case 3:
		do_open();
		break;
	case 4: case 5: case 6: case 7: case 8: case 9: case 10:
		do_fd();
		break;
	case 11: case 12: case 13:
		said("mkdir", mkdirat(from(), path(), 0700 | next(64)));
		break;
	case 14:
		said("rmdir", unlinkat(from(), path(), AT_REMOVEDIR));
		break;
	case 15: case 16:
		said("unlink", unlinkat(from(), path(), 0));
		break;
	case 17: case 18: case 19:
		said("rename", renameat(from(), path(), from(), path()));
		break;
	case 20:
		said("noreplace", renameat2(from(), path(), from(), path(),
					    RENAME_NOREPLACE));
		break;
	case 21:
		said("exchange", renameat2(from(), path(), from(), path(),
					   RENAME_EXCHANGE));
		break;
	case 22: case 23:
		said("link", linkat(from(), path(), from(), path(),
				    next(2) ? AT_SYMLINK_FOLLOW : 0));
		break;
	case 24:
		said("symlink", symlinkat(path(), from(), path()));
		break;
	case 25:
		said("chmod", fchmodat(from(), path(), 0700 | next(64), 0));
		break;
	case 26: case 27:
		do_stat();
		break;
	case 28:
		do_list();
		break;
	case 29:
		do_readlink();
		break;
	case 30:
		said("truncate", truncate(path(), next(50000)));
		break;
	case 31:
		do_times();
		break;
	case 32:
		said("access", faccessat(from(), path(), (int)next(8), 0));
		break;
	default:
		if (next(2))
			do_base();
		else
			do_map();
	}
}

int main(int argc, char **argv)
{
	long steps = argc > 1 ? atol(argv[1]) : 20000;
	long every = steps / 20 ? steps / 20 : 1;

	state = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
	trace = argc > 3;
	umask(022);
	if (mkdir("tree", 0755) || chdir("tree"))
		return 1;
	for (int i = 0; i < SLOTS; i++)
		slot[i] = -1;
	for (step = 0; step < steps; step++) {
		errno = 0;
		one();
		if (trace || step % every == every - 1)
			printf("step %ld: %016llx\n", step + 1, digest);
	}
	ok(1, "all steps done");
	return done_testing();
}
