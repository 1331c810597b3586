/* SPDX-License-Identifier: Apache-2.0 */
/* g-splice.c: splice(2), tee(2), vmsplice(2). */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "guest.h"

static int temp_file(void)
{
	char path[] = "/tmp/g-splice-XXXXXX";
	int fd = mkstemp(path);

	unlink(path);
	return fd;
}

static void test_file(void)
{
	char buf[32] = "";
	int f = temp_file(), p[2], p2[2];
	loff_t off = 3;

	is(write(f, "0123456789", 10), 10, "a file");
	lseek(f, 1, SEEK_SET);
	is(pipe(p), 0, "pipe");
	is(pipe(p2), 0, "another");
	is(splice(f, NULL, p[1], NULL, 4, 0), 4, "from a file");
	is(lseek(f, 0, SEEK_CUR), 5, "its position moves");
	is(splice(f, &off, p[1], NULL, 100, 0), 7, "from an offset to the end");
	is(off, 10, "which moves");
	is(lseek(f, 0, SEEK_CUR), 5, "the position does not");
	is(splice(f, &off, p[1], NULL, 100, 0), 0, "no more");
	is(tee(p[0], p2[1], 6, 0), 6, "tee");
	is(read(p2[0], buf, 32), 6, "read what it copied");
	ok(!memcmp(buf, "123434", 6), "the first of it");
	is(splice(p[0], NULL, p2[1], NULL, 2, 0), 2, "from pipe to pipe");
	off = 20;
	is(splice(p[0], NULL, f, &off, 100, 0), 9, "to a file");
	is(off, 29, "at an offset");
	is(splice(p2[0], NULL, f, NULL, 100, 0), 2, "and at its position");
	is(pread(f, buf, 32, 0), 29, "the file");
	ok(!memcmp(buf, "0123412789", 10) && !memcmp(buf + 20, "343456789", 9),
	   "as it has to be");
	is_errno(splice(p[0], NULL, f, NULL, 9, SPLICE_F_NONBLOCK), EAGAIN,
		 "nothing there");
	is_errno(tee(p[0], p2[1], 9, SPLICE_F_NONBLOCK), EAGAIN,
		 "nothing to tee");
	close(p[1]);
	is(splice(p[0], NULL, f, NULL, 9, 0), 0, "the end");
	is(tee(p[0], p2[1], 9, 0), 0, "its copy");
	close(p[0]);
	close(p2[0]);
	close(p2[1]);
	close(f);
}

static void test_errors(void)
{
	int f = temp_file(), p[2], q[2];
	loff_t off = 0;

	is(write(f, "x", 1), 1, "write");
	is(pipe(p) | pipe(q), 0, "pipes");
	is_errno(splice(f, &off, f, NULL, 1, 0), EINVAL, "no pipe");
	is_errno(splice(f, NULL, p[0], NULL, 1, 0), EBADF, "the wrong end");
	is_errno(splice(p[1], NULL, f, NULL, 1, 0), EBADF, "that too");
	is_errno(splice(99, NULL, p[1], NULL, 1, 0), EBADF, "nothing");
	is_errno(splice(p[0], &off, f, NULL, 1, 0), ESPIPE,
		 "a pipe has no offset");
	is_errno(splice(f, &off, p[1], NULL, 1, 0x100), EINVAL, "flags");
	is_errno(splice(p[0], NULL, p[1], NULL, 1, 0), EINVAL,
		 "a pipe to itself");
	is_errno(tee(p[0], p[1], 1, 0), EINVAL, "tee to itself");
	is_errno(tee(f, p[1], 1, 0), EINVAL, "tee of a file");
	is(splice(f, NULL, p[1], NULL, 0, 0), 0, "of nothing");
	off = -1;
	is_errno(splice(f, &off, p[1], NULL, 1, 0), EINVAL,
		 "before the start");
	fcntl(f, F_SETFL, O_APPEND);
	is(write(p[1], "abc", 3), 3, "write");
	is_errno(splice(p[0], NULL, f, NULL, 1, 0), EINVAL, "to append");
	signal(SIGPIPE, SIG_IGN);
	close(q[0]);
	is_errno(splice(p[0], NULL, q[1], NULL, 1, 0), EPIPE, "no reader");
	is_errno(splice(f, &(loff_t){ 0 }, q[1], NULL, 1, 0), EPIPE,
		 "no reader of a file");
	close(q[1]);
	close(p[0]);
	close(p[1]);
	close(f);
}

static void test_vmsplice(void)
{
	char a[] = "one", b[] = "two", buf[16] = "", c[4] = "", d[4] = "";
	struct iovec out[2] = { { a, 3 }, { b, 3 } };
	struct iovec in[2] = { { c, 2 }, { d, 4 } };
	int p[2];

	is(pipe(p), 0, "pipe");
	is(vmsplice(p[1], out, 2, 0), 6, "vmsplice");
	is(read(p[0], buf, 16), 6, "read");
	ok(!memcmp(buf, "onetwo", 6), "both");
	is(vmsplice(p[1], out, 2, 0), 6, "again");
	is(vmsplice(p[0], in, 2, 0), 6, "out of the pipe");
	ok(!memcmp(c, "on", 2) && !memcmp(d, "etwo", 4), "both");
	is_errno(vmsplice(p[1], out, 2, 0x80), EINVAL, "flags");
	is_errno(vmsplice(99, out, 2, 0), EBADF, "nothing");
	close(p[0]);
	close(p[1]);
}

/* Through two pipes and a socket pair, three processes, all blocking. */
static void test_chain(void)
{
	static char got[400000];
	int f = temp_file(), p[2], q[2], s[2], status = 0;
	size_t done = 0;
	ssize_t n;

	for (unsigned int i = 0; i < sizeof(got); i++)
		got[i] = (char)(i * 31 + (i >> 8));
	is(write(f, got, sizeof(got)), sizeof(got), "a bigger file");
	lseek(f, 0, SEEK_SET);
	is(pipe(p) | pipe(q) | socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0,
	   "a chain");
	if (!fork()) {
		while ((n = splice(f, NULL, p[1], NULL, 1 << 20, 0)) > 0)
			;
		_exit(n != 0);
	}
	close(p[1]);
	if (!fork()) {
		while ((n = splice(p[0], NULL, s[1], NULL, 1 << 20, 0)) > 0)
			;
		_exit(n != 0);
	}
	close(s[1]);
	if (!fork()) {
		while ((n = splice(s[0], NULL, q[1], NULL, 1 << 20, 0)) > 0)
			;
		_exit(n != 0);
	}
	close(q[1]);
	memset(got, 0, sizeof(got));
	while ((n = read(q[0], got + done, sizeof(got) - done)) > 0)
		done += (size_t)n;
	is((long)done, sizeof(got), "all of it");
	n = 0;
	for (unsigned int i = 0; i < sizeof(got); i++)
		n += got[i] != (char)(i * 31 + (i >> 8));
	is(n, 0, "as it was");
	n = 0;
	while (wait(&status) > 0)
		n += status;
	is(n, 0, "by all three");
	close(p[0]);
	close(q[0]);
	close(s[0]);
	close(f);
}

static void handler(int signo)
{
	(void)signo;
}

/* What has no end is ended by a signal. */
static void test_interrupt(void)
{
	int from = open("/dev/zero", O_RDONLY), to = open("/dev/null", O_WRONLY);
	int pt = open("/dev/ptmx", O_RDWR | O_NOCTTY), status = -1;
	struct sigaction sa = { .sa_handler = handler };
	pid_t pid = fork();

	if (!pid) {
		struct itimerval it = { { 0, 1000 }, { 0, 1000 } };
		ssize_t n;

		sigaction(SIGALRM, &sa, NULL);
		setitimer(ITIMER_REAL, &it, NULL);
		/* Where it is quick, or is not to be had, it ends at once. */
		do
			n = sendfile(to, from, NULL, 0x7ffff000);
		while (n == 0x7ffff000);
		if (pt >= 0 && !unlockpt(pt) &&
		    open(ptsname(pt), O_RDWR | O_NOCTTY) >= 0)
			n = sendfile(pt, from, NULL, 0x7ffff000);
		_exit(n == 0x7ffff000);
	}
	is(waitpid(pid, &status, 0), pid, "sendfile without an end");
	is(status, 0, "is interrupted");
	close(from);
	close(to);
	close(pt);
}

int main(void)
{
	test_interrupt();
	test_file();
	test_errors();
	test_vmsplice();
	test_chain();
	return done_testing();
}
