/* SPDX-License-Identifier: Apache-2.0 */
/* g-signalfd.c: signals read from a file. */
#define _GNU_SOURCE
#include "t/guest.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static sigset_t set_of(int a, int b)
{
	sigset_t s;

	sigemptyset(&s);
	sigaddset(&s, a);
	if (b)
		sigaddset(&s, b);
	return s;
}

static void test_errors(void)
{
	sigset_t s = set_of(SIGUSR1, 0);
	struct signalfd_siginfo si;
	uint64_t mask = 1;
	int fd;

	fd = signalfd(-1, &s, SFD_NONBLOCK | SFD_CLOEXEC);
	ok(fd >= 0, "signalfd");
	is(fcntl(fd, F_GETFD), FD_CLOEXEC, "close-on-exec");
	is(fcntl(fd, F_GETFL) & (O_NONBLOCK | O_ACCMODE), O_NONBLOCK | O_RDWR,
	   "its flags");
	is_errno(read(fd, &si, sizeof(si)), EAGAIN, "nothing to read");
	is_errno(read(fd, &si, sizeof(si) - 1), EINVAL, "too little room");
	is_errno(write(fd, &si, sizeof(si)), EINVAL, "it cannot be written");
	is(signalfd(fd, &s, 0), fd, "a new mask for it");
	is_errno(syscall(SYS_signalfd4, -1, &mask, 8, 1), EINVAL, "bad flag");
	is_errno(syscall(SYS_signalfd4, -1, &mask, 4, 0), EINVAL, "bad size");
	is_errno(syscall(SYS_signalfd4, -1, 8, 8, 0), EFAULT, "bad pointer");
	is_errno(signalfd(1, &s, 0), EINVAL, "not a signalfd");
	is_errno(signalfd(999, &s, 0), EBADF, "no descriptor");
	close(fd);
	fd = (int)syscall(SYS_signalfd, -1, &mask, 8);
	ok(fd >= 0, "the old call");
	close(fd);
}

static void test_fields(void)
{
	sigset_t s = set_of(SIGUSR1, SIGRTMIN);
	union sigval v = { .sival_int = 42 };
	struct signalfd_siginfo si[4];
	int fd;

	sigprocmask(SIG_BLOCK, &s, NULL);
	fd = signalfd(-1, &s, SFD_NONBLOCK);
	kill(getpid(), SIGUSR1);
	is(read(fd, si, sizeof(si)), sizeof(si[0]), "one signal");
	is(si[0].ssi_signo, SIGUSR1, "its number");
	is(si[0].ssi_code, SI_USER, "kill");
	is(si[0].ssi_pid, getpid(), "from whom");
	is(si[0].ssi_uid, (long)getuid(), "as whom");
	is_errno(read(fd, si, sizeof(si)), EAGAIN, "it is taken");

	sigqueue(getpid(), SIGRTMIN, v);
	v.sival_int = 43;
	sigqueue(getpid(), SIGRTMIN, v);
	raise(SIGUSR1);
	raise(SIGUSR1);
	is(read(fd, si, sizeof(si)), 3 * (long)sizeof(si[0]), "several");
	is(si[0].ssi_signo, SIGUSR1, "the lowest first");
	is(si[0].ssi_code, SI_TKILL, "raise");
	is(si[1].ssi_signo, SIGRTMIN, "then the real-time ones");
	is(si[1].ssi_code, SI_QUEUE, "sigqueue");
	is(si[1].ssi_int, 42, "its value");
	is(si[2].ssi_int, 43, "in order");
	is((long)(si[2].ssi_ptr & 0xffffffff), 43, "as a pointer too");

	sigqueue(getpid(), SIGRTMIN, v);
	sigqueue(getpid(), SIGRTMIN, v);
	is(read(fd, si, 2 * sizeof(si[0]) - 1), sizeof(si[0]),
	   "as many as fit");
	is(read(fd, si, sizeof(si)), sizeof(si[0]), "the rest");

	/* Another mask, then what it was before. */
	kill(getpid(), SIGUSR1);
	s = set_of(SIGRTMIN, 0);
	signalfd(fd, &s, 0);
	is_errno(read(fd, si, sizeof(si)), EAGAIN, "not in the mask");
	s = set_of(SIGUSR1, 0);
	signalfd(fd, &s, 0);
	is(read(fd, si, sizeof(si)), sizeof(si[0]), "in it again");
	close(fd);
}

static void test_timer(void)
{
	sigset_t s = set_of(SIGRTMIN + 1, 0);
	struct sigevent e = {
		.sigev_notify = SIGEV_SIGNAL,
		.sigev_signo = SIGRTMIN + 1,
		.sigev_value.sival_int = 5,
	};
	struct itimerspec v = { { 0, 1000000 }, { 0, 1000000 } };
	struct signalfd_siginfo si;
	timer_t t;
	int fd;

	sigprocmask(SIG_BLOCK, &s, NULL);
	fd = signalfd(-1, &s, 0);
	timer_create(CLOCK_MONOTONIC, &e, &t);
	timer_settime(t, 0, &v, NULL);
	usleep(30000);
	is(read(fd, &si, sizeof(si)), sizeof(si), "of a timer");
	is(si.ssi_code, SI_TIMER, "its code");
	is(si.ssi_int, 5, "its value");
	ok(si.ssi_overrun >= 5, "how often more");
	timer_delete(t);
	close(fd);
}

static void *send_later(void *arg)
{
	(void)arg;
	usleep(20000);
	kill(getpid(), SIGUSR1);
	return NULL;
}

static pthread_t main_thread;

static void *send_thread(void *arg)
{
	(void)arg;
	usleep(20000);
	pthread_kill(main_thread, SIGUSR2);
	return NULL;
}

static void test_wait(void)
{
	sigset_t s = set_of(SIGUSR1, SIGUSR2);
	struct signalfd_siginfo si;
	struct epoll_event e = { .events = EPOLLIN };
	struct pollfd p;
	pthread_t t;
	int fd, ep;

	main_thread = pthread_self();
	sigprocmask(SIG_BLOCK, &s, NULL);
	fd = signalfd(-1, &s, 0);
	pthread_create(&t, NULL, send_later, NULL);
	is(read(fd, &si, sizeof(si)), sizeof(si), "a read waits");
	is(si.ssi_signo, SIGUSR1, "for a signal of the process");
	pthread_join(t, NULL);
	pthread_create(&t, NULL, send_thread, NULL);
	is(read(fd, &si, sizeof(si)), sizeof(si), "a read");
	is(si.ssi_signo, SIGUSR2, "for a signal of the thread");
	pthread_join(t, NULL);

	p.fd = fd;
	p.events = POLLIN;
	is(poll(&p, 1, 0), 0, "poll: nothing");
	pthread_create(&t, NULL, send_later, NULL);
	is(poll(&p, 1, 10000), 1, "poll waits");
	is(p.revents, POLLIN, "to read");
	pthread_join(t, NULL);
	ep = epoll_create1(0);
	epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e);
	is(epoll_wait(ep, &e, 1, 0), 1, "epoll sees it");
	is(read(fd, &si, sizeof(si)), sizeof(si), "it is read");
	is(epoll_wait(ep, &e, 1, 0), 0, "then it is gone");
	pthread_create(&t, NULL, send_thread, NULL);
	is(epoll_wait(ep, &e, 1, 10000), 1, "epoll waits");
	pthread_join(t, NULL);
	is(read(fd, &si, sizeof(si)), sizeof(si), "for one of a thread");
	close(ep);
	close(fd);
}

static int shared_fd;

static void *look(void *arg)
{
	struct pollfd p = { .fd = shared_fd, .events = POLLIN };
	struct signalfd_siginfo si;
	long n;

	n = poll(&p, 1, 0);
	if (arg)
		n = n * 2 + (read(shared_fd, &si, sizeof(si)) == sizeof(si));
	return (void *)n;
}

/* What is pending for one thread, another does not see. */
static void test_threads(void)
{
	sigset_t s = set_of(SIGUSR1, SIGUSR2);
	pthread_t t;
	void *r;

	shared_fd = signalfd(-1, &s, SFD_NONBLOCK);
	raise(SIGUSR2);
	pthread_create(&t, NULL, look, NULL);
	pthread_join(t, &r);
	is((long)r, 0, "another thread's signal is not seen");
	is((long)look((void *)1), 3, "but by itself");
	kill(getpid(), SIGUSR1);
	pthread_create(&t, NULL, look, (void *)1);
	pthread_join(t, &r);
	is((long)r, 3, "the process's is anybody's");
	is((long)look(NULL), 0, "once");
	close(shared_fd);
}

static volatile sig_atomic_t handled;

static void on_signal(int sig)
{
	(void)sig;
	handled++;
}

static void *interrupt(void *arg)
{
	(void)arg;
	usleep(20000);
	pthread_kill(main_thread, SIGALRM);
	return NULL;
}

static void test_unblocked(void)
{
	struct sigaction a = { .sa_handler = on_signal };
	sigset_t s = set_of(SIGUSR1, SIGKILL);
	struct signalfd_siginfo si;
	pthread_t t;
	int fd;

	sigaction(SIGUSR1, &a, NULL);
	sigaction(SIGALRM, &a, NULL);
	fd = signalfd(-1, &s, 0);
	pthread_create(&t, NULL, interrupt, NULL);
	is_errno(read(fd, &si, sizeof(si)), EINTR, "a handler ends a read");
	pthread_join(t, NULL);
	is(handled, 1, "it ran");
	s = set_of(SIGUSR1, 0);
	sigprocmask(SIG_UNBLOCK, &s, NULL);
	kill(getpid(), SIGUSR1);
	is(handled, 2, "what is not blocked goes to its handler");
	close(fd);
}

/* Children as an event loop sees them. */
static void test_children(void)
{
	sigset_t s = set_of(SIGCHLD, 0);
	struct signalfd_siginfo si;
	struct epoll_event e = { .events = EPOLLIN };
	int fd, ep, status;
	pid_t pid;

	sigprocmask(SIG_BLOCK, &s, NULL);
	fd = signalfd(-1, &s, SFD_CLOEXEC);
	ep = epoll_create1(EPOLL_CLOEXEC);
	epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e);
	pid = fork();
	if (!pid)
		_exit(7);
	is(epoll_wait(ep, &e, 1, 10000), 1, "a child's end");
	is(read(fd, &si, sizeof(si)), sizeof(si), "is read");
	is(si.ssi_signo, SIGCHLD, "as SIGCHLD");
	is(si.ssi_code, CLD_EXITED, "how it ended");
	is(si.ssi_status, 7, "with what status");
	ok((pid_t)si.ssi_pid == pid, "which it was");
	is(si.ssi_uid, (long)getuid(), "whose it was");
	ok(waitpid(pid, &status, 0) == pid, "it is waited for");

	/* What is inherited tells of the signals of who reads it. */
	s = set_of(SIGUSR1, 0);
	sigprocmask(SIG_BLOCK, &s, NULL);
	close(fd);
	fd = signalfd(-1, &s, SFD_NONBLOCK);
	raise(SIGUSR1);
	pid = fork();
	if (!pid) {
		if (read(fd, &si, sizeof(si)) != -1 || errno != EAGAIN)
			_exit(1);
		raise(SIGUSR1);
		_exit(read(fd, &si, sizeof(si)) == sizeof(si) &&
		      (pid_t)si.ssi_pid == getpid() ? 0 : 2);
	}
	waitpid(pid, &status, 0);
	is(status, 0, "a child reads its own");
	is(read(fd, &si, sizeof(si)), sizeof(si), "the parent its own");
	ok((pid_t)si.ssi_pid == getpid(), "from itself");
	close(ep);
	close(fd);
}

int main(void)
{
	test_errors();
	test_fields();
	test_timer();
	test_wait();
	test_threads();
	test_unblocked();
	test_children();
	return done_testing();
}
