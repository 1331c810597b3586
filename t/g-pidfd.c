/* SPDX-License-Identifier: Apache-2.0 */
/* g-pidfd.c: descriptors of processes: open, poll, signals, waiting. */
#define _GNU_SOURCE
#include "t/guest.h"

#include <fcntl.h>
#include <mqueue.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef P_PIDFD
#define P_PIDFD 3
#endif
#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x1000
#endif

static int hold[2];

static int pidfd(pid_t pid, unsigned int flags)
{
	return (int)syscall(SYS_pidfd_open, pid, flags);
}

static int send_sig(int fd, int sig, siginfo_t *i)
{
	return (int)syscall(SYS_pidfd_send_signal, fd, sig, i, 0);
}

static pid_t held(int status)
{
	pid_t pid = fork();
	char c;

	if (pid)
		return pid;
	close(hold[1]);
	(void)!read(hold[0], &c, 1);
	_exit(status);
}

static void let_go(void)
{
	close(hold[0]);
	close(hold[1]);
	(void)!pipe(hold);
}

static int readable(int fd, int timeout_ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, timeout_ms) == 1 ? !!(p.revents & POLLIN) : 0;
}

static void test_open(void)
{
	pid_t pid = held(1);
	int fd = pidfd(pid, 0), status;
	char c;

	ok(fd >= 0, "pidfd_open");
	is(fcntl(fd, F_GETFD), FD_CLOEXEC, "is close-on-exec");
	is(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDWR, "and open for both");
	is_errno(read(fd, &c, 1), EINVAL, "it cannot be read");
	is_errno(write(fd, &c, 1), EINVAL, "nor written");
	is(readable(fd, 0), 0, "the process lives");
	is_errno(pidfd(0, 0), EINVAL, "no process 0");
	is_errno(pidfd(-1, 0), EINVAL, "nor a negative one");
	is_errno(pidfd(0x3ffffff, 0), ESRCH, "nor one that does not exist");
	is_errno(pidfd(pid, 1), EINVAL, "unknown flag");
	is(send_sig(fd, 0, NULL), 0, "signal 0");
	is_errno(send_sig(fd, 65, NULL), EINVAL, "no such signal");
	is_errno(send_sig(hold[0], 0, NULL), EBADF, "a pipe is none");
	is_errno(send_sig(-1, 0, NULL), EBADF, "nor is -1");
	is_errno(syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0x800), EINVAL,
		 "flags of sending");
	let_go();
	is(readable(fd, 5000), 1, "readable when it has ended");
	is(send_sig(fd, SIGTERM, NULL), 0, "a zombie takes signals");
	is(waitpid(pid, &status, 0), pid, "it is waited for");
	is(readable(fd, 0), 1, "still readable");
	is_errno(send_sig(fd, 0, NULL), ESRCH, "but there is nobody any more");
	is_errno(waitid(P_PIDFD, (id_t)fd, NULL, WEXITED), ECHILD,
		 "nor to wait for");
	close(fd);
	fd = pidfd(getpid(), 0);
	ok(fd >= 0, "of oneself");
	is(send_sig(fd, 0, NULL), 0, "signal 0 to oneself");
	is_errno(waitid(P_PIDFD, (id_t)fd, NULL, WEXITED), ECHILD,
		 "one is not one's own child");
	close(fd);
}

static void test_wait(void)
{
	pid_t pid = held(17);
	int fd = pidfd(pid, 0), nb = pidfd(pid, O_NONBLOCK);
	siginfo_t i;

	memset(&i, 0, sizeof(i));
	is(waitid(P_PIDFD, (id_t)fd, &i, WEXITED | WNOHANG), 0, "WNOHANG");
	is(i.si_pid, 0, "tells nobody");
	is_errno(waitid(P_PIDFD, (id_t)nb, &i, WEXITED), EAGAIN,
		 "a descriptor that does not block");
	is(waitid(P_PIDFD, (id_t)nb, &i, WEXITED | WNOHANG), 0,
	   "unless WNOHANG says so too");
	let_go();
	is(waitid(P_PIDFD, (id_t)fd, &i, WEXITED | WNOWAIT), 0, "waitid");
	is(i.si_status, 17, "the status");
	ok(i.si_pid == pid, "the child");
	is(waitid(P_PIDFD, (id_t)nb, &i, WEXITED), 0, "it has ended: no EAGAIN");
	close(fd);
	close(nb);
}

static void test_signal(void)
{
	pid_t pid = held(0);
	int fd = pidfd(pid, 0), status;
	siginfo_t i;

	memset(&i, 0, sizeof(i));
	i.si_signo = SIGUSR1;
	i.si_code = SI_USER;
	is_errno(send_sig(fd, SIGUSR2, &i), EINVAL, "two different numbers");
	is_errno(send_sig(fd, SIGUSR1, &i), EPERM, "to pretend to be kill");
	i.si_code = SI_QUEUE;
	is(send_sig(fd, SIGUSR1, &i), 0, "as sigqueue");
	is(waitpid(pid, &status, 0), pid, "it ends");
	is(WTERMSIG(status), SIGUSR1, "by the signal");
	close(fd);
}

/* One who sleeps in poll or epoll_wait is woken. */
static void test_epoll(void)
{
	struct epoll_event e = { .events = EPOLLIN };
	int ep = epoll_create1(0), fd, status;
	pid_t pid;

	pid = fork();
	if (!pid) {
		usleep(50000);
		_exit(0);
	}
	fd = pidfd(pid, 0);
	is(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e), 0, "epoll takes it");
	is(epoll_wait(ep, &e, 1, 0), 0, "nothing yet");
	is(epoll_wait(ep, &e, 1, 5000), 1, "the end wakes");
	waitpid(pid, &status, 0);
	close(fd);
	pid = fork();
	if (!pid) {
		usleep(50000);
		_exit(0);
	}
	fd = pidfd(pid, 0);
	is(readable(fd, 5000), 1, "and in poll");
	waitpid(pid, &status, 0);
	close(fd);
	close(ep);
}

static int leave(void *arg)
{
	(void)arg;
	_exit(8);
}

static void test_clone(void)
{
	static char stack[65536] __attribute__((aligned(16)));
	int fd = -1, status;
	pid_t pid;

	pid = clone(leave, stack + sizeof(stack), CLONE_PIDFD | SIGCHLD, NULL,
		    &fd);
	ok(pid > 0, "clone with CLONE_PIDFD");
	ok(fd >= 0, "gives a descriptor");
	is(fcntl(fd, F_GETFD), FD_CLOEXEC, "close-on-exec");
	is(readable(fd, 5000), 1, "of the child");
	is(waitpid(pid, &status, 0), pid, "which is to be waited for");
	is(WEXITSTATUS(status), 8, "as any");
	close(fd);
}

/* "Pid:\tN" of fdinfo. */
static int info_pid(int fd)
{
	char name[64], line[128];
	int pid = -2;
	FILE *f;

	snprintf(name, sizeof(name), "/proc/self/fdinfo/%d", fd);
	f = fopen(name, "r");
	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, "Pid:", 4))
			pid = atoi(line + 4);
	if (f)
		fclose(f);
	return pid;
}

static void test_fdinfo(void)
{
	pid_t pid = held(0);
	int fd = pidfd(pid, 0);

	is(info_pid(fd), pid, "fdinfo names the process");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	is(info_pid(fd), -1, "and -1 when it is gone");
	close(fd);
}

/* A directory of /proc is good for signals. */
static void test_dir(void)
{
	pid_t pid = held(0);
	char name[32];
	int fd, status;

	snprintf(name, sizeof(name), "/proc/%d", pid);
	fd = open(name, O_DIRECTORY | O_CLOEXEC);
	is(send_sig(fd, 0, NULL), 0, "/proc/PID as a descriptor");
	is(send_sig(fd, SIGKILL, NULL), 0, "to send by");
	is(waitpid(pid, &status, 0), pid, "reaches the process");
	is(WTERMSIG(status), SIGKILL, "with the signal");
	is_errno(send_sig(fd, 0, NULL), ESRCH, "and then nobody");
	close(fd);
	fd = open("/proc", O_DIRECTORY | O_CLOEXEC);
	is_errno(send_sig(fd, 0, NULL), EBADF, "/proc is none");
	close(fd);
}

/* A child's file, which is then the same open file. */
static void test_getfd(void)
{
	int p[2], q[2], fd, got, status;
	pid_t pid;
	char c = 0;

	(void)!pipe(p);
	(void)!pipe(q);
	pid = fork();
	if (!pid) {
		int fds[2];

		(void)!pipe(fds);
		(void)!write(fds[1], "z", 1);
		(void)!write(p[1], &fds[0], sizeof(fds[0]));
		(void)!read(q[0], &c, 1);
		_exit(0);
	}
	(void)!read(p[0], &got, sizeof(got));
	fd = pidfd(pid, 0);
	is_errno(syscall(SYS_pidfd_getfd, fd, got, 1), EINVAL, "getfd: flags");
	is_errno(syscall(SYS_pidfd_getfd, q[0], got, 0), EBADF,
		 "getfd of no process");
	got = (int)syscall(SYS_pidfd_getfd, fd, got, 0);
	if (got < 0 && errno == EPERM) {
		/* A host that lets nobody look into others. */
		for (int n = 0; n < 4; n++)
			ok(1, "getfd");
	} else {
		ok(got >= 0, "getfd");
		is(fcntl(got, F_GETFD), FD_CLOEXEC, "getfd");
		is(read(got, &c, 1), 1, "getfd");
		is(c, 'z', "getfd");
	}
	close(got);
	(void)!write(q[1], "x", 1);
	waitpid(pid, &status, 0);
	is_errno(syscall(SYS_pidfd_getfd, fd, 0, 0), ESRCH,
		 "getfd of a dead one");
	close(fd);
}

/* With threads a call holds its file; what is open for its path is none. */
static void *use_paths(void *arg)
{
	int fd = open(".", O_PATH);
	struct mq_attr attr;
	struct stat st;

	(void)arg;
	is_errno(syscall(SYS_pidfd_getfd, fd, 0, 0), EBADF, "getfd by a path");
	is_errno(syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0), EBADF,
		 "a signal by a path");
	is_errno(syscall(SYS_mq_getsetattr, fd, NULL, &attr), EBADF,
		 "a path is no queue");
	is(fstatat(fd, "", &st, AT_EMPTY_PATH), 0, "it is there");
	is(close(fd), 0, "and closes");
	return NULL;
}

static void test_threads(void)
{
	pthread_t th;

	pthread_create(&th, NULL, use_paths, NULL);
	pthread_join(th, NULL);
}

int main(void)
{
	int fd;

	need_own_proc();
	signal(SIGCHLD, SIG_DFL);
	/* Where containers filter it, the native run cannot be compared. */
	fd = pidfd(getpid(), 0);
	if (fd < 0)
		skip_all("no pidfd_open");
	close(fd);
	(void)!pipe(hold);
	test_open();
	test_wait();
	test_signal();
	test_epoll();
	test_clone();
	test_fdinfo();
	test_dir();
	test_getfd();
	test_threads();
	return done_testing();
}
