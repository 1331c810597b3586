/* SPDX-License-Identifier: Apache-2.0 */
/* g-mqueue.c: POSIX message queues, by threads of one process. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <mqueue.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "t/guest.h"

static char name[64];

static mqd_t make(long maxmsg, long msgsize, int flags)
{
	struct mq_attr a = { .mq_maxmsg = maxmsg, .mq_msgsize = msgsize };

	return mq_open(name, O_CREAT | O_RDWR | flags, 0600, &a);
}

static void test_open(void)
{
	struct mq_attr a, b = { 0 };
	struct stat st;
	mqd_t q, r, w;
	char long_name[400];

	is_errno(mq_open(name, O_RDWR), ENOENT, "no such queue");
	is_errno(mq_open("noslash", O_RDWR), EINVAL, "a name without a slash");
	is_errno(mq_open("/a/b", O_RDWR | O_CREAT, 0600, NULL), EACCES,
		 "a name with two");
	is_errno(syscall(SYS_mq_open, "", O_RDWR, 0, 0L), ENOENT, "no name");
	is_errno(syscall(SYS_mq_open, ".", O_RDWR, 0, 0L), EACCES, "a dot");
	memset(long_name, 'x', sizeof(long_name));
	long_name[0] = '/';
	long_name[300] = 0;
	is_errno(mq_open(long_name, O_RDWR | O_CREAT, 0600, NULL),
		 ENAMETOOLONG, "too long a name");
	is_errno(make(0, 10, 0), EINVAL, "no room for messages");
	is_errno(make(4, -1, 0), EINVAL, "a negative size");
	is_errno(make(1 << 20, 10, 0), EINVAL, "too many messages");
	is_errno(mq_open(name, O_RDWR | O_CREAT, 0600, (void *)1), EFAULT,
		 "bad attributes");

	q = make(4, 32, O_EXCL);
	ok(q >= 0, "make a queue");
	is(fcntl(q, F_GETFD), FD_CLOEXEC, "it is closed on exec");
	is_errno(make(4, 32, O_EXCL), EEXIST, "it exists");
	is(fstat(q, &st), 0, "fstat");
	ok(S_ISREG(st.st_mode) && (st.st_mode & 0777) == 0600 &&
	   st.st_size == 80 && st.st_nlink == 1, "what it tells");
	mq_getattr(q, &a);
	ok(a.mq_flags == 0 && a.mq_maxmsg == 4 && a.mq_msgsize == 32 &&
	   a.mq_curmsgs == 0, "its attributes");
	r = mq_open(name, O_RDONLY);
	w = mq_open(name, O_WRONLY | O_NONBLOCK);
	ok(r >= 0 && w >= 0, "open it twice");
	is_errno(mq_send(r, "x", 1, 0), EBADF, "not open for sending");
	is_errno(mq_receive(w, long_name, 99, NULL), EBADF,
		 "not open for receiving");
	mq_getattr(w, &a);
	is(a.mq_flags, O_NONBLOCK, "each has its own flags");
	a.mq_flags = 0;
	is(mq_setattr(w, &a, &b), 0, "mq_setattr");
	is(b.mq_flags, O_NONBLOCK, "the old ones");
	mq_getattr(w, &a);
	is(a.mq_flags, 0, "the new ones");
	a.mq_flags = O_APPEND;
	is_errno(mq_setattr(w, &a, NULL), EINVAL, "bad flags");
	is(mq_close(r) | mq_close(w), 0, "close them");
	is_errno(mq_send(0, "x", 1, 0), EBADF, "a file is no queue");
	is_errno(mq_getattr(-1, &a), EBADF, "nor is nothing");

	is(mq_unlink(name), 0, "unlink it");
	is_errno(mq_unlink(name), ENOENT, "not twice");
	is(mq_send(q, "still", 5, 0), 0, "what is open goes on");
	is(mq_receive(q, long_name, 99, NULL), 5, "in both directions");
	is(mq_close(q), 0, "close the last");
}

static void test_order(void)
{
	mqd_t q = make(4, 16, 0);
	unsigned int prio = 0;
	char buf[16];
	struct mq_attr a;
	struct stat st;

	is_errno(mq_send(q, buf, 17, 0), EMSGSIZE, "too long a message");
	is_errno(mq_receive(q, buf, 15, NULL), EMSGSIZE, "too small a buffer");
	is_errno(mq_send(q, buf, 1, 32768), EINVAL, "too high a priority");
	is_errno(mq_send(q, (void *)1, 1, 0), EFAULT, "bad address");
	mq_send(q, "a", 1, 1);
	mq_send(q, "b", 1, 32767);
	mq_send(q, "c", 1, 1);
	mq_send(q, "", 0, 5);
	mq_getattr(q, &a);
	is(a.mq_curmsgs, 4, "four messages");
	a.mq_flags = O_NONBLOCK;
	mq_setattr(q, &a, NULL);
	is_errno(mq_send(q, "d", 1, 9), EAGAIN, "no more fit");
	ok(mq_receive(q, buf, 16, &prio) == 1 && *buf == 'b' && prio == 32767,
	   "the highest priority first");
	ok(mq_receive(q, buf, 16, &prio) == 0 && prio == 5, "then the next");
	ok(mq_receive(q, buf, 16, &prio) == 1 && *buf == 'a' && prio == 1,
	   "the same priority in order");
	ok(mq_receive(q, buf, 16, NULL) == 1 && *buf == 'c', "the last");
	is_errno(mq_receive(q, buf, 16, NULL), EAGAIN, "empty");
	is(fstat(q, &st), 0, "fstat");
	mq_close(q);
	q = mq_open(name, O_RDONLY);
	ok(q >= 0, "it lives without being open");
	mq_close(q);
	mq_unlink(name);
}

static void test_poll(void)
{
	mqd_t q = make(1, 16, 0);
	struct pollfd p = { .fd = q, .events = POLLIN | POLLOUT };
	struct epoll_event ev = { .events = EPOLLIN };
	int ep = epoll_create1(0);
	char buf[16];

	is(poll(&p, 1, 0), 1, "poll");
	is(p.revents, POLLOUT, "there is room");
	epoll_ctl(ep, EPOLL_CTL_ADD, q, &ev);
	is(epoll_wait(ep, &ev, 1, 0), 0, "epoll: nothing to read");
	mq_send(q, "x", 1, 0);
	is(poll(&p, 1, 0), 1, "poll again");
	is(p.revents, POLLIN, "there is a message");
	is(epoll_wait(ep, &ev, 1, 1000), 1, "epoll knows");
	mq_receive(q, buf, 16, NULL);
	is(epoll_wait(ep, &ev, 1, 0), 0, "and that it is gone");
	close(ep);
	mq_close(q);
	mq_unlink(name);
}

struct worker {
	pthread_t thread;
	mqd_t q;
	const char *text;	/* to be sent; NULL: receive */
	unsigned int prio;
	char got[32];
	ssize_t n;
	int err;
};

static void *work(void *arg)
{
	struct worker *w = arg;

	if (w->text)
		w->n = mq_send(w->q, w->text, strlen(w->text), w->prio);
	else
		w->n = mq_receive(w->q, w->got, 16, &w->prio);
	w->err = w->n < 0 ? errno : 0;
	return NULL;
}

static void begin(struct worker *w)
{
	pthread_create(&w->thread, NULL, work, w);
	usleep(30000);
}

static int end(struct worker *w)
{
	pthread_join(w->thread, NULL);
	return w->err;
}

/* Signal it until it has ended: one may come before it sleeps. */
static int interrupt(struct worker *w)
{
	while (pthread_tryjoin_np(w->thread, NULL)) {
		pthread_kill(w->thread, SIGUSR1);
		usleep(20000);
	}
	return w->err;
}

static volatile int handled, value, code;

static void handler(int sig, siginfo_t *si, void *uc)
{
	(void)uc;
	handled = sig;
	code = si->si_code;
	value = si->si_value.sival_int;
}

static void test_wait(void)
{
	mqd_t q = make(1, 16, 0);
	struct worker r = { .q = q }, s = { .q = q, .text = "second" };
	struct sigaction sa = { .sa_sigaction = handler,
				.sa_flags = SA_SIGINFO };
	struct timespec ts, bad = { 0, 1000000000 };
	char buf[16];

	begin(&r);
	is(mq_send(q, "first", 5, 7), 0, "send to who waits");
	is(end(&r), 0, "it comes");
	ok(r.n == 5 && !memcmp(r.got, "first", 5) && r.prio == 7, "as sent");
	mq_send(q, "first", 5, 0);
	begin(&s);
	is(mq_receive(q, buf, 16, NULL), 5, "make room for who waits");
	is(end(&s), 0, "it goes on");
	is(mq_receive(q, buf, 16, NULL), 6, "here is its message");

	clock_gettime(CLOCK_REALTIME, &ts);
	is_errno(mq_timedreceive(q, buf, 16, NULL, &ts), ETIMEDOUT,
		 "a time that is over");
	ts.tv_nsec += 20000000;
	if (ts.tv_nsec >= 1000000000) {
		ts.tv_nsec -= 1000000000;
		ts.tv_sec++;
	}
	is_errno(mq_timedreceive(q, buf, 16, NULL, &ts), ETIMEDOUT,
		 "a time to come");
	is_errno(mq_timedreceive(q, buf, 16, NULL, &bad), EINVAL, "no time");
	mq_send(q, "x", 1, 0);
	is_errno(mq_timedsend(q, "y", 1, 0, &ts), ETIMEDOUT, "sending");
	is(mq_timedreceive(q, buf, 16, NULL, &ts), 1, "no need to wait");

	sigaction(SIGUSR1, &sa, NULL);
	begin(&r);
	is(interrupt(&r), EINTR, "a signal ends it");
	sa.sa_flags |= SA_RESTART;
	sigaction(SIGUSR1, &sa, NULL);
	handled = 0;
	begin(&r);
	pthread_kill(r.thread, SIGUSR1);
	usleep(30000);
	is(handled, SIGUSR1, "with SA_RESTART it goes on");
	mq_send(q, "last", 4, 0);
	is(end(&r), 0, "until a message comes");
	mq_close(q);
	mq_unlink(name);
}

static int thread_pipe[2];

static void in_thread(union sigval v)
{
	char c = (char)v.sival_int;

	if (write(thread_pipe[1], &c, 1) != 1)
		perror("write");
}

/* libc has it done by a netlink socket. */
static void test_thread(mqd_t q)
{
	struct sigevent e = { .sigev_notify = SIGEV_THREAD,
			      .sigev_notify_function = in_thread,
			      .sigev_value.sival_int = 7 };
	char c = 0;

	if (pipe(thread_pipe))
		perror("pipe");
	is(mq_notify(q, &e), 0, "SIGEV_THREAD");
	mq_send(q, "t", 1, 0);
	is(read(thread_pipe[0], &c, 1), 1, "a thread is told");
	is(c, 7, "with the value");
}

static void test_notify(void)
{
	mqd_t q = make(4, 16, 0), q2 = mq_open(name, O_RDONLY);
	struct sigaction sa = { .sa_sigaction = handler,
				.sa_flags = SA_SIGINFO };
	struct sigevent e = { .sigev_notify = SIGEV_SIGNAL,
			      .sigev_signo = SIGUSR2,
			      .sigev_value.sival_int = 42 };
	struct sigevent none = { .sigev_notify = SIGEV_NONE };
	struct sigevent bad = { .sigev_notify = 99 };
	struct worker r = { .q = q };
	char buf[16];

	sigaction(SIGUSR2, &sa, NULL);
	handled = 0;
	is_errno(mq_notify(q, &bad), EINVAL, "bad kind");
	bad.sigev_notify = SIGEV_SIGNAL;
	bad.sigev_signo = 65;
	is_errno(mq_notify(q, &bad), EINVAL, "bad signal");
	is(mq_notify(q, &e), 0, "ask for a signal");
	is_errno(mq_notify(q, &e), EBUSY, "once only");
	is_errno(mq_notify(q2, &none), EBUSY, "by any descriptor");
	mq_send(q, "x", 1, 0);
	ok(handled == SIGUSR2 && value == 42 && code == SI_MESGQ,
	   "it comes with the first message");
	handled = 0;
	is(mq_notify(q, &e), 0, "ask again");
	mq_send(q, "y", 1, 0);
	is(handled, 0, "no signal: it was not empty");
	mq_receive(q, buf, 16, NULL);
	mq_receive(q, buf, 16, NULL);
	/* Again, should it not have been waiting yet. */
	for (int i = 0; i < 20; i++) {
		handled = 0;
		mq_notify(q, &e);
		begin(&r);
		mq_send(q, "z", 1, 0);
		end(&r);
		if (!handled)
			break;
	}
	is(r.err, 0, "one waits for the message");
	is(handled, 0, "so there is no signal");
	is(mq_notify(q, NULL), 0, "take it back");
	mq_send(q, "y", 1, 0);
	is(handled, 0, "no signal");
	mq_receive(q, buf, 16, NULL);
	is(mq_notify(q, &e), 0, "ask, and");
	is(mq_close(q2), 0, "close another descriptor of it");
	mq_send(q, "y", 1, 0);
	is(handled, 0, "that was taken for its end");
	mq_receive(q, buf, 16, NULL);
	is(mq_notify(q, &none), 0, "SIGEV_NONE");
	is_errno(mq_notify(q, &e), EBUSY, "that takes the place");
	mq_send(q, "y", 1, 0);
	is(mq_notify(q, &e), 0, "until a message comes");
	is(mq_notify(q, NULL), 0, "no more");
	mq_receive(q, buf, 16, NULL);
	test_thread(q);
	mq_close(q);
	mq_unlink(name);
}

static void test_names(void)
{
	mqd_t q = make(2, 16, 0);
	int fd;

	/* O_CREAT and the mask */
	mq_close(q);
	mq_unlink(name);
	umask(027);
	q = mq_open(name, O_CREAT | O_RDWR, 0666, NULL);
	ok(q >= 0, "with the default attributes");
	{
		struct mq_attr a;
		struct stat st;

		mq_getattr(q, &a);
		ok(a.mq_maxmsg > 0 && a.mq_msgsize > 0, "there are some");
		fstat(q, &st);
		is(st.st_mode & 0777, 0640, "the mask counts");
	}
	mq_close(q);
	fd = mq_open(name, O_RDWR | O_CREAT, 0600, NULL);
	ok(fd >= 0, "O_CREAT of what is there");
	close(fd);
	is(mq_unlink(name), 0, "unlink it");
}

int main(void)
{
	mqd_t q;

	alarm(50);
	snprintf(name, sizeof(name), "/sbx-test-%d", (int)getpid());
	q = mq_open(name, O_RDWR | O_CREAT, 0600, NULL);
	if (q < 0)
		skip_all("no POSIX message queues");
	mq_close(q);
	mq_unlink(name);
	test_open();
	test_order();
	test_poll();
	test_wait();
	test_notify();
	test_names();
	return done_testing();
}
