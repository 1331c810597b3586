/* SPDX-License-Identifier: Apache-2.0 */
/* g-lock.c: locks of processes, of open files, of whole files; fcntl(2). */
#include "guest.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>

#define PATIENCE_S	60

static char path[] = "/tmp/g-lock-XXXXXX";
static volatile int *shared;	/* with children */

static int lk(int fd, int cmd, short type, long start, long len)
{
	struct flock l = {
		.l_type = type, .l_whence = SEEK_SET, .l_start = start,
		.l_len = len,
	};

	return fcntl(fd, cmd, &l);
}

/* What a lock of that type and range meets, in words. */
static const char *who(int fd, int cmd, short type, long start, long len,
		       pid_t expected)
{
	struct flock l = {
		.l_type = type, .l_whence = SEEK_SET, .l_start = start,
		.l_len = len,
	};
	static char s[4][64];
	static int k;
	char *p = s[k++ % 4];

	if (fcntl(fd, cmd, &l))
		return "error";
	if (l.l_type == F_UNLCK)
		return "free";
	snprintf(p, 64, "%s %ld+%ld %s", l.l_type == F_RDLCK ? "read" : "write",
		 (long)l.l_start, (long)l.l_len,
		 l.l_pid == expected ? "ours" : l.l_pid == -1 ? "ofd" :
		 "whose?");
	return p;
}

static void says(const char *got, const char *wanted, const char *name)
{
	if (!ok(!strcmp(got, wanted), name))
		printf("# got '%s', wanted '%s'\n", got, wanted);
}

/* Asked from another process, for locks of our own are no obstacle. */
static void child_says(int fd, short type, long start, long len, pid_t owner,
		       const char *wanted, const char *name)
{
	int p[2];
	char buf[64] = "";

	if (pipe(p))
		return;
	fflush(stdout);
	if (!fork()) {
		const char *s = who(fd, F_GETLK, type, start, len, owner);

		if (write(p[1], s, strlen(s)) < 0)
			_exit(1);
		_exit(0);
	}
	wait(NULL);
	if (read(p[0], buf, sizeof(buf) - 1) < 0)
		buf[0] = 0;
	close(p[0]);
	close(p[1]);
	says(buf, wanted, name);
}

static void ranges(int fd)
{
	pid_t me = getpid();

	is(lk(fd, F_SETLK, F_WRLCK, 10, 10), 0, "a lock");
	child_says(fd, F_RDLCK, 0, 0, me, "write 10+10 ours", "GETLK");
	child_says(fd, F_RDLCK, 0, 10, me, "free", "before it");
	child_says(fd, F_RDLCK, 20, 10, me, "free", "behind it");
	lk(fd, F_SETLK, F_WRLCK, 20, 5);
	child_says(fd, F_RDLCK, 0, 0, me, "write 10+15 ours", "grown");
	lk(fd, F_SETLK, F_UNLCK, 15, 1);
	child_says(fd, F_RDLCK, 0, 0, me, "write 10+5 ours", "cut, first");
	child_says(fd, F_RDLCK, 15, 0, me, "write 16+9 ours", "cut, second");
	lk(fd, F_SETLK, F_RDLCK, 16, 3);
	child_says(fd, F_RDLCK, 15, 4, me, "free", "for reading");
	child_says(fd, F_WRLCK, 15, 4, me, "read 16+3 ours", "not for writing");
	lk(fd, F_SETLK, F_RDLCK, 0, 0);
	child_says(fd, F_WRLCK, 100, 1, me, "read 0+0 ours", "to the end");
	lk(fd, F_SETLK, F_UNLCK, 0, 0);
	child_says(fd, F_WRLCK, 0, 0, me, "free", "all given up");
	is_errno(lk(fd, F_SETLK, F_WRLCK, -1, 1), EINVAL, "negative start");
	is_errno(lk(fd, F_SETLK, F_WRLCK, 5, -10), EINVAL, "negative end");
	is(lk(fd, F_SETLK, F_WRLCK, 10, -5), 0, "negative length");
	child_says(fd, F_WRLCK, 0, 0, me, "write 5+5 ours", "lies before");
	lk(fd, F_SETLK, F_UNLCK, 0, 0);
	is_errno(lk(fd, F_SETLK, 7, 0, 0), EINVAL, "no such type");
	is_errno(lk(fd, F_GETLK, F_UNLCK, 0, 0), EINVAL, "GETLK of no lock");
	is_errno(lk(-1, F_SETLK, F_WRLCK, 0, 0), EBADF, "no descriptor");
}

static void modes(void)
{
	int r = open(path, O_RDONLY), w = open(path, O_WRONLY);
	int p = open(path, O_PATH);

	is_errno(lk(r, F_SETLK, F_WRLCK, 0, 1), EBADF, "write lock to read");
	is_errno(lk(w, F_SETLK, F_RDLCK, 0, 1), EBADF, "read lock to write");
	is_errno(lk(p, F_SETLK, F_RDLCK, 0, 1), EBADF, "O_PATH");
	is_errno(flock(p, LOCK_EX), EBADF, "flock of O_PATH");
	is_errno(flock(r, 3), EINVAL, "flock: both");
	is(flock(r, LOCK_EX), 0, "flock: reading is enough");
	close(r);
	close(w);
	close(p);
}

/* Runs @fn in a child, which says what it returns. */
static int in_child(int (*fn)(int fd), int fd)
{
	int st = -1;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		alarm(PATIENCE_S);
		_exit(fn(fd));
	}
	waitpid(pid, &st, 0);
	return WIFEXITED(st) ? WEXITSTATUS(st) : -1;
}

static int try_write(int fd)
{
	return lk(fd, F_SETLK, F_WRLCK, 0, 1) ? errno : 0;
}

static int try_flock(int fd)
{
	int other = open(path, O_RDWR);

	(void)fd;
	return flock(other, LOCK_EX | LOCK_NB) ? errno : 0;
}

static int try_flock_same(int fd)
{
	return flock(fd, LOCK_EX | LOCK_NB) ? errno : 0;
}

static int unlock_same(int fd)
{
	return flock(fd, LOCK_UN) ? errno : 0;
}

static int try_ofd(int fd)
{
	int other = open(path, O_RDWR);

	(void)fd;
	return lk(other, F_OFD_SETLK, F_WRLCK, 0, 1) ? errno : 0;
}

static void lives(int fd)
{
	int other;

	lk(fd, F_SETLK, F_WRLCK, 0, 1);
	is(in_child(try_write, fd), EAGAIN, "a child does not have it");
	other = open(path, O_RDONLY);
	close(other);
	is(in_child(try_write, fd), 0,
	   "closing any descriptor of the file gives it up");
	is(in_child(try_write, fd), 0, "the end of a process does");
	lk(fd, F_SETLK, F_WRLCK, 0, 1);
	other = dup(fd);
	close(other);
	is(in_child(try_write, fd), 0, "closing a copy does");

	is(flock(fd, LOCK_EX), 0, "flock");
	is(in_child(try_flock, fd), EAGAIN, "another open file");
	is(in_child(try_flock_same, fd), 0, "the same open file");
	is(in_child(try_write, fd), 0, "the other kind is not met");
	other = dup(fd);
	close(other);
	is(in_child(try_flock, fd), EAGAIN, "closing a copy keeps it");
	is(in_child(unlock_same, fd), 0, "a child unlocks");
	is(in_child(try_flock, fd), 0, "and it is gone");

	is(lk(fd, F_OFD_SETLK, F_WRLCK, 0, 1), 0, "OFD");
	is(in_child(try_ofd, fd), EAGAIN, "another open file, OFD");
	is(in_child(try_write, fd), EAGAIN, "and a process");
	says(who(fd, F_OFD_GETLK, F_WRLCK, 0, 0, 0), "free", "its own");
	child_says(fd, F_WRLCK, 0, 0, 0, "write 0+1 ofd", "has no process");
	other = open(path, O_RDWR);
	is_errno(lk(other, F_SETLK, F_RDLCK, 0, 1), EAGAIN,
		 "our own process too");
	close(other);
	is(in_child(try_ofd, fd), EAGAIN, "another close keeps it");
	lk(fd, F_OFD_SETLK, F_UNLCK, 0, 0);
	is(in_child(try_ofd, fd), 0, "given up");
	{
		struct flock l = { .l_type = F_WRLCK, .l_pid = 1 };

		is_errno(fcntl(fd, F_OFD_SETLK, &l), EINVAL, "OFD with a pid");
	}
}

static void converts(int fd)
{
	int other = open(path, O_RDWR), third = open(path, O_RDWR);

	flock(fd, LOCK_SH);
	is(flock(other, LOCK_SH | LOCK_NB), 0, "two share");
	is_errno(flock(fd, LOCK_EX | LOCK_NB), EAGAIN, "not for one alone");
	is(flock(other, LOCK_EX | LOCK_NB), 0,
	   "who asked for more has lost what it had");
	is(flock(other, LOCK_SH | LOCK_NB), 0, "less again");
	is(flock(third, LOCK_SH | LOCK_NB), 0, "others may");
	close(other);
	is(flock(third, LOCK_EX | LOCK_NB), 0, "close gives it up");
	close(third);
}

static int wait_write(int fd)
{
	if (lk(fd, F_SETLKW, F_WRLCK, 0, 1))
		return errno;
	return shared[0] ? 0 : 200;
}

static int wait_flock(int fd)
{
	int other = open(path, O_RDWR);

	(void)fd;
	if (flock(other, LOCK_EX))
		return errno;
	return shared[0] ? 0 : 200;
}

static int wait_ofd(int fd)
{
	int other = open(path, O_RDWR);

	(void)fd;
	if (lk(other, F_OFD_SETLKW, F_WRLCK, 0, 1))
		return errno;
	return shared[0] ? 0 : 200;
}

static void waits(int fd, int (*fn)(int fd), const char *name)
{
	int st;
	pid_t pid;

	shared[0] = 0;
	shared[1] = 0;
	fflush(stdout);
	pid = fork();
	if (!pid) {
		alarm(PATIENCE_S);
		shared[1] = 1;
		_exit(fn(fd));
	}
	while (!shared[1])
		usleep(1000);
	usleep(5000);	/* mostly it waits by now; both ways must do */
	shared[0] = 1;
	if (fn == wait_flock)
		flock(fd, LOCK_UN);
	else
		lk(fd, fn == wait_write ? F_SETLK : F_OFD_SETLK, F_UNLCK, 0, 0);
	waitpid(pid, &st, 0);
	is(WIFEXITED(st) ? WEXITSTATUS(st) : -1, 0, name);
}

static void nothing(int sig)
{
	(void)sig;
}

static int interrupted(int fd)
{
	struct sigaction sa = { .sa_handler = nothing };
	struct itimerval it = { { 0, 10000 }, { 0, 10000 } };

	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &it, NULL);
	return lk(fd, F_SETLKW, F_WRLCK, 0, 1) ? errno : 0;
}

/* Each has one byte and wants the other's: one of them hears of it. */
static int other_way(int fd)
{
	int r;

	lk(fd, F_SETLK, F_WRLCK, 1, 1);
	shared[1] = 1;
	while (!shared[0])
		usleep(1000);
	r = lk(fd, F_SETLKW, F_WRLCK, 0, 1) ? errno : 0;
	lk(fd, F_SETLK, F_UNLCK, 0, 0);
	return r;
}

static void deadlock(int fd)
{
	int st, mine;
	pid_t pid;

	shared[0] = shared[1] = 0;
	lk(fd, F_SETLK, F_WRLCK, 0, 1);
	fflush(stdout);
	pid = fork();
	if (!pid) {
		alarm(PATIENCE_S);
		_exit(other_way(fd));
	}
	while (!shared[1])
		usleep(1000);
	shared[0] = 1;
	mine = lk(fd, F_SETLKW, F_WRLCK, 1, 1) ? errno : 0;
	lk(fd, F_SETLK, F_UNLCK, 0, 0);
	waitpid(pid, &st, 0);
	st = WIFEXITED(st) ? WEXITSTATUS(st) : -1;
	ok((mine == EDEADLK) != (st == EDEADLK) && mine + st == EDEADLK,
	   "one of two in a ring gets EDEADLK");
}

/* A program that goes on with the locks of the one before. */
static int executes(int fd)
{
	char nr[16], *av[] = { path, nr, NULL };

	lk(fd, F_SETLK, F_WRLCK, 0, 1);
	snprintf(nr, sizeof(nr), "%d", fd);
	execv("/proc/self/exe", av);
	return 201;
}

/* The file is our own name here: see executes(). */
static int after_exec(const char *file, int fd)
{
	int st, r;
	pid_t pid;

	snprintf(path, sizeof(path), "%s", file);
	pid = fork();
	if (!pid)
		_exit(try_write(fd));
	waitpid(pid, &st, 0);
	r = WEXITSTATUS(st);
	return r == EAGAIN ? 0 : 202;
}

static void execs(int fd)
{
	is(in_child(executes, fd), 0, "a lock lives through execve");
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	is(in_child(executes, fd), 202, "but not the close on exec");
	fcntl(fd, F_SETFD, 0);
}

static void *thread_lock(void *arg)
{
	return (void *)(long)lk(*(int *)arg, F_SETLK, F_WRLCK, 0, 1);
}

static void leases(int fd)
{
	is_errno(fcntl(fd, F_SETLEASE, 77), EINVAL, "no such lease");
	is(fcntl(fd, F_GETLEASE), F_UNLCK, "nobody has a lease");
}

int main(int argc, char **argv)
{
	pthread_t th;
	void *r;
	int fd;

	if (argc == 2)
		return after_exec(argv[0], atoi(argv[1]));
	fd = mkstemp(path);
	shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ranges(fd);
	modes();
	lives(fd);
	converts(fd);
	flock(fd, LOCK_UN);

	lk(fd, F_SETLK, F_WRLCK, 0, 1);
	waits(fd, wait_write, "SETLKW waits");
	flock(fd, LOCK_EX);
	waits(fd, wait_flock, "flock waits");
	lk(fd, F_OFD_SETLK, F_WRLCK, 0, 1);
	waits(fd, wait_ofd, "OFD_SETLKW waits");

	lk(fd, F_SETLK, F_WRLCK, 0, 1);
	is(in_child(interrupted, fd), EINTR, "a signal ends it");
	pthread_create(&th, NULL, thread_lock, &fd);
	pthread_join(th, &r);
	is((long)r, 0, "threads have the same locks");
	lk(fd, F_SETLK, F_UNLCK, 0, 0);
	for (int k = 0; k < 5; k++)
		deadlock(fd);
	execs(fd);
	leases(fd);
	close(fd);
	unlink(path);
	return done_testing();
}
