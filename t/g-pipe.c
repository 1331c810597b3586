/* SPDX-License-Identifier: Apache-2.0 */
/* g-pipe.c: pipes, fifos and eventfds. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "t/guest.h"

static char buf[1 << 20];
static void *volatile bad = (void *)8;
static volatile sig_atomic_t pipes_broken;

static void on_sigpipe(int sig)
{
	(void)sig;
	pipes_broken++;
}

static int pair(int fd[2], int flags)
{
	if (pipe2(fd, flags) < 0) {
		perror("pipe2");
		exit(1);
	}
	return 0;
}

static void both(int fd[2])
{
	close(fd[0]);
	close(fd[1]);
}

static void test_basics(void)
{
	struct stat a, b;
	int fd[2], n;
	char c[8];

	is(pipe(fd), 0, "pipe");
	is(write(fd[1], "hello", 5), 5, "write");
	is(ioctl(fd[0], FIONREAD, &n), 0, "FIONREAD");
	is(n, 5, "FIONREAD counts");
	is(read(fd[0], c, 3), 3, "short read");
	ok(!memcmp(c, "hel", 3), "short read's bytes");
	is(read(fd[0], c, 8), 2, "the rest");
	ok(!memcmp(c, "lo", 2), "the rest's bytes");
	is(read(fd[0], c, 0), 0, "read of nothing does not wait");
	is(write(fd[1], c, 0), 0, "write of nothing");
	is_errno(write(fd[0], "x", 1), EBADF, "write to the read end");
	is_errno(read(fd[1], c, 1), EBADF, "read from the write end");
	is_errno(lseek(fd[0], 0, SEEK_SET), ESPIPE, "lseek");
	is_errno(pread(fd[0], c, 1, 0), ESPIPE, "pread");
	is_errno(ftruncate(fd[1], 0), EINVAL, "ftruncate");
	is(fstat(fd[0], &a), 0, "fstat of one end");
	is(fstat(fd[1], &b), 0, "fstat of the other");
	ok(S_ISFIFO(a.st_mode) && a.st_ino == b.st_ino, "both are one fifo");
	is(a.st_mode & 07777, 0600, "mode");
	is(fcntl(fd[0], F_GETFL), O_RDONLY, "flags of the read end");
	is(fcntl(fd[1], F_GETFL), O_WRONLY, "flags of the write end");
	is(close(fd[1]), 0, "close the write end");
	is(read(fd[0], c, 1), 0, "end of file");
	is(read(fd[0], c, 1), 0, "end of file again");
	close(fd[0]);

	is_errno(pipe2(fd, O_APPEND), EINVAL, "unknown flag");
	is_errno(pipe(bad), EFAULT, "bad pointer");
	pair(fd, O_CLOEXEC | O_NONBLOCK);
	is(fcntl(fd[0], F_GETFD), FD_CLOEXEC, "O_CLOEXEC");
	is(fcntl(fd[1], F_GETFL), O_WRONLY | O_NONBLOCK, "O_NONBLOCK");
	both(fd);
}

static void test_broken(void)
{
	struct sigaction sa = { .sa_handler = on_sigpipe };
	int fd[2];

	sigaction(SIGPIPE, &sa, NULL);
	pair(fd, 0);
	close(fd[0]);
	is_errno(write(fd[1], "x", 1), EPIPE, "write to nobody");
	is(pipes_broken, 1, "SIGPIPE came");
	close(fd[1]);
	sa.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &sa, NULL);
	pair(fd, 0);
	close(fd[0]);
	is_errno(write(fd[1], "x", 1), EPIPE, "write with SIGPIPE ignored");
	close(fd[1]);
}

static void test_nonblock(void)
{
	int fd[2];
	ssize_t n;
	long total = 0;

	pair(fd, O_NONBLOCK);
	is_errno(read(fd[0], buf, 1), EAGAIN, "empty");
	while ((n = write(fd[1], buf, 4096)) > 0)
		total += n;
	is(n, -1, "a full pipe refuses");
	is(errno, EAGAIN, "with EAGAIN");
	is(total, 65536, "capacity");
	is_errno(write(fd[1], buf, 1), EAGAIN, "not a byte more");
	is(read(fd[0], buf, 4096), 4096, "read a page");
	is(write(fd[1], buf, 4096), 4096, "write a page again");
	is(read(fd[0], buf, sizeof(buf)), 65536, "read all");
	is(write(fd[1], buf, sizeof(buf)), 65536, "a large write is cut");
	is(read(fd[0], buf, sizeof(buf)), 65536, "read it");
	both(fd);
}

static void test_size(void)
{
	int fd[2];

	pair(fd, O_NONBLOCK);
	is(fcntl(fd[0], F_GETPIPE_SZ), 65536, "F_GETPIPE_SZ");
	is(fcntl(fd[1], F_SETPIPE_SZ, 100), 4096, "F_SETPIPE_SZ rounds up");
	is(fcntl(fd[0], F_GETPIPE_SZ), 4096, "both ends have it");
	is(write(fd[1], buf, 8192), 4096, "a small pipe");
	is(fcntl(fd[1], F_SETPIPE_SZ, 200000), 262144, "to a power of two");
	is(write(fd[1], buf, 300000), 258048, "a large pipe");
	is_errno(fcntl(fd[1], F_SETPIPE_SZ, 4096), EBUSY, "too small now");
	is(read(fd[0], buf, sizeof(buf)), 262144, "all comes out");
	is(fcntl(fd[1], F_SETPIPE_SZ, 8192), 8192, "small again");
	is_errno(fcntl(0x3ff, F_GETPIPE_SZ), EBADF, "no descriptor");
	both(fd);
}

static void test_contents(void)
{
	static unsigned char in[200000], out[200000];
	size_t w = 0, r = 0;
	unsigned int seed = 1;
	int fd[2];
	struct iovec iov[3];

	for (size_t i = 0; i < sizeof(in); i++)
		in[i] = (unsigned char)(i * 7 + i / 251);
	pair(fd, O_NONBLOCK);
	while (r < sizeof(in)) {
		size_t n = 1 + (seed = seed * 1103515245 + 12345) / 65536 %
			9000;
		ssize_t k;

		if (n > sizeof(in) - w)
			n = sizeof(in) - w;
		k = n ? write(fd[1], in + w, n) : 0;
		if (k > 0)
			w += (size_t)k;
		n = 1 + (seed = seed * 1103515245 + 12345) / 65536 % 9000;
		k = read(fd[0], out + r, n > sizeof(out) - r ?
			 sizeof(out) - r : n);
		if (k > 0)
			r += (size_t)k;
	}
	ok(!memcmp(in, out, sizeof(in)), "bytes come as they went");

	strcpy(buf, "abcde");
	iov[0] = (struct iovec){ buf, 2 };
	iov[1] = (struct iovec){ NULL, 0 };
	iov[2] = (struct iovec){ buf + 2, 3 };
	is(writev(fd[1], iov, 3), 5, "writev");
	memset(buf, 0, 5);
	iov[0] = (struct iovec){ buf, 1 };
	iov[1] = (struct iovec){ buf + 1, 9 };
	is(readv(fd[0], iov, 2), 5, "readv");
	ok(!memcmp(buf, "abcde", 5), "what readv got");
	is_errno(write(fd[1], bad, 5), EFAULT, "write from nowhere");
	is(write(fd[1], "xyz", 3), 3, "write");
	is_errno(read(fd[0], bad, 3), EFAULT, "read to nowhere");
	is(read(fd[0], buf, 10), 3, "the bytes are still there");
	both(fd);
}

static void test_packets(void)
{
	int fd[2];

	pair(fd, O_DIRECT | O_NONBLOCK);
	is(write(fd[1], "one", 3), 3, "a packet");
	is(write(fd[1], "three", 5), 5, "another packet");
	is(read(fd[0], buf, 100), 3, "one packet a read");
	is(read(fd[0], buf, 2), 2, "the rest of a packet is dropped");
	is_errno(read(fd[0], buf, 2), EAGAIN, "nothing is left");
	both(fd);
}

static void *writer(void *arg)
{
	int fd = *(int *)arg;

	for (int i = 0; i < 1000; i++) {
		char rec[100];

		memset(rec, 'a' + i % 26, sizeof(rec));
		if (write(fd, rec, sizeof(rec)) != sizeof(rec))
			return (void *)1;
	}
	return NULL;
}

static void test_threads(void)
{
	pthread_t t[3];
	long total = 0, torn = 0, failed = 0;
	char rec[100];
	int fd[2];
	void *r;

	pair(fd, 0);
	for (int i = 0; i < 3; i++)
		pthread_create(&t[i], NULL, writer, &fd[1]);
	while (total < 300000) {
		size_t got = 0;

		while (got < sizeof(rec)) {
			ssize_t n = read(fd[0], rec + got,
					 sizeof(rec) - got);

			if (n <= 0)
				break;
			got += (size_t)n;
		}
		for (size_t i = 1; i < sizeof(rec); i++)
			torn += rec[i] != rec[0];
		total += sizeof(rec);
	}
	for (int i = 0; i < 3; i++) {
		pthread_join(t[i], &r);
		failed += r != NULL;
	}
	is(failed, 0, "writers that wait for room");
	is(torn, 0, "small writes are atomic");
	both(fd);
}

static void *late_writer(void *arg)
{
	usleep(30000);
	return (void *)write(*(int *)arg, "late", 4);
}

static void *late_closer(void *arg)
{
	usleep(30000);
	close(*(int *)arg);
	return NULL;
}

static void test_waiting(void)
{
	pthread_t t;
	int fd[2];

	pair(fd, 0);
	pthread_create(&t, NULL, late_writer, &fd[1]);
	is(read(fd[0], buf, 10), 4, "a read waits for data");
	pthread_join(t, NULL);
	pthread_create(&t, NULL, late_closer, &fd[1]);
	is(read(fd[0], buf, 10), 0, "a read waits for the end");
	pthread_join(t, NULL);
	close(fd[0]);

	pair(fd, 0);
	pthread_create(&t, NULL, late_closer, &fd[0]);
	is(write(fd[1], buf, 100000), 65536, "a write whose reader goes");
	pthread_join(t, NULL);
	close(fd[1]);
}

static void *open_writer(void *arg)
{
	int fd;

	usleep(30000);
	fd = open(arg, O_WRONLY);
	if (write(fd, "fifo", 4) != 4)
		return (void *)1;
	close(fd);
	return NULL;
}

/* Two who open it, see each other, and are gone at once. */
static void test_fifo_brief(const char *path)
{
	int go[2], back[2], n;
	pid_t pid;
	char c;

	if (pipe(go) || pipe(back))
		return;
	pid = fork();
	if (!pid) {
		for (n = 0; n < 300; n++) {
			close(open(path, O_WRONLY));
			if (write(back[1], "x", 1) != 1 ||
			    read(go[0], &c, 1) != 1)
				_exit(1);
		}
		_exit(0);
	}
	for (n = 0; n < 300; n++) {
		close(open(path, O_RDONLY));
		if (read(back[0], &c, 1) != 1 || write(go[1], "x", 1) != 1)
			break;
	}
	is(n, 300, "brief opens of a fifo meet");
	waitpid(pid, NULL, 0);
	close(go[0]);
	close(go[1]);
	close(back[0]);
	close(back[1]);
}

static void test_fifo(void)
{
	static char path[40];
	struct stat st;
	pthread_t t;
	int r, w;

	/* Others may run the same test at this time. */
	snprintf(path, sizeof(path), "/tmp/g-pipe.%d", getpid());
	unlink(path);
	is(mkfifo(path, 0640), 0, "mkfifo");
	is(stat(path, &st), 0, "stat");
	ok(S_ISFIFO(st.st_mode), "it is a fifo");
	is_errno(open(path, O_WRONLY | O_NONBLOCK), ENXIO,
		 "a writer without a reader");
	r = open(path, O_RDONLY | O_NONBLOCK);
	ok(r >= 0, "a reader without a writer");
	is(read(r, buf, 1), 0, "end of file at first");
	w = open(path, O_WRONLY | O_NONBLOCK);
	ok(w >= 0, "a writer with a reader");
	is_errno(read(r, buf, 1), EAGAIN, "empty now");
	is(write(w, "x", 1), 1, "write");
	is(read(r, buf, 10), 1, "read");
	close(w);
	is(read(r, buf, 1), 0, "end of file again");
	close(r);

	pthread_create(&t, NULL, open_writer, path);
	r = open(path, O_RDONLY);
	ok(r >= 0, "open waits for a writer");
	is(read(r, buf, 10), 4, "read what it wrote");
	pthread_join(t, NULL);
	close(r);

	r = open(path, O_RDWR);
	ok(r >= 0, "both ways");
	is(write(r, "self", 4), 4, "write to oneself");
	is(read(r, buf, 10), 4, "read it");
	close(r);
	test_fifo_brief(path);
	unlink(path);
}

/* An end of pipe(2), opened again by its name, waits for no partner. */
static void test_reopen(void)
{
	char path[64];
	int fds[2], fd;

	is(pipe(fds), 0, "pipe to open again");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fds[0]);
	is(write(fds[1], "left", 4), 4, "write");
	close(fds[1]);
	fd = open(path, O_RDONLY);
	ok(fd >= 0, "open the reading end when the writer is gone");
	close(fds[0]);
	is(read(fd, buf, 8), 4, "what was left");
	is(read(fd, buf, 8), 0, "then its end");
	snprintf(path, sizeof(path), "/dev/fd/%d", fd);
	fds[1] = open(path, O_WRONLY | O_NONBLOCK);
	ok(fds[1] >= 0, "open a writing end");
	close(fd);
	snprintf(path, sizeof(path), "/dev/fd/%d", fds[1]);
	fd = open(path, O_WRONLY | O_NONBLOCK);
	ok(fd >= 0, "and one without a reader");
	close(fd);
	close(fds[1]);
}

static void test_eventfd(void)
{
	uint64_t v = 5;
	struct pollfd p = { .events = POLLIN | POLLOUT };
	int fd = eventfd(3, EFD_NONBLOCK);

	p.fd = fd;
	ok(fd >= 0, "eventfd");
	is(read(fd, &v, 8), 8, "read");
	is((long)v, 3, "its first value");
	is_errno(read(fd, &v, 8), EAGAIN, "it is 0 then");
	is(poll(&p, 1, 0), 1, "poll of 0");
	is(p.revents, POLLOUT, "writable");
	v = 7;
	is(write(fd, &v, 8), 8, "write 7");
	is(write(fd, &v, 8), 8, "and again");
	is(poll(&p, 1, 0), 1, "poll of 14");
	is(p.revents, POLLIN | POLLOUT, "readable and writable");
	is(read(fd, &v, 8), 8, "read");
	is((long)v, 14, "the sum");
	v = UINT64_MAX;
	is_errno(write(fd, &v, 8), EINVAL, "too much");
	v = UINT64_MAX - 1;
	is(write(fd, &v, 8), 8, "the most");
	is(poll(&p, 1, 0), 1, "poll of the most");
	is(p.revents, POLLIN, "readable alone");
	v = 1;
	is_errno(write(fd, &v, 8), EAGAIN, "no more");
	is_errno(write(fd, &v, 4), EINVAL, "short write");
	is_errno(read(fd, &v, 4), EINVAL, "short read");
	close(fd);
	fd = eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK);
	is(read(fd, &v, 8), 8, "semaphore");
	is((long)v, 1, "one at a time");
	is(read(fd, &v, 8), 8, "semaphore again");
	is_errno(read(fd, &v, 8), EAGAIN, "and no more");
	close(fd);
	is_errno(eventfd(0, 0x10), EINVAL, "unknown flag");
}

int main(void)
{
	test_basics();
	test_broken();
	test_nonblock();
	test_size();
	test_contents();
	test_packets();
	test_threads();
	test_waiting();
	test_fifo();
	test_reopen();
	test_eventfd();
	return done_testing();
}
