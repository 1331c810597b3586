/* SPDX-License-Identifier: Apache-2.0 */
/*
 * g-restart.c: what becomes of calls that block when a signal comes: with a
 * handler, with one that has SA_RESTART, and by stop and continue; signal(7).
 *
 * Each call blocks in a child of its own, all at the same time.  A child tells
 * by its exit status how the call ended: 0, or errno.
 */
#define _GNU_SOURCE
#include "t/guest.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <mqueue.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { HANDLER, RESTART, STOP, N_MODES };

/* Of one child; what it blocks on is made before the fork. */
struct ctx {
	int fd[2];		/* a pipe, or a file in fd[0] */
	uint32_t word;		/* futex */
	volatile int ready;
	int id;			/* System V */
	pid_t pid;
	char name[64];
};

static char base[32];	/* of names of files */

static int result(long r)
{
	return r < 0 ? errno : 0;
}

static void ready(struct ctx *c)
{
	c->ready = 1;
}

/* Half a second, from now or as a point in time. */
static struct timespec half(int absolute)
{
	struct timespec ts = { 0, 0 };

	if (absolute)
		clock_gettime(CLOCK_MONOTONIC, &ts);
	ts.tv_nsec += 500000000;
	if (ts.tv_nsec >= 1000000000) {
		ts.tv_nsec -= 1000000000;
		ts.tv_sec++;
	}
	return ts;
}

static void make_pipe(struct ctx *c)
{
	(void)!pipe(c->fd);
}

static void fill_pipe(struct ctx *c)
{
	static char big[65536];

	make_pipe(c);
	fcntl(c->fd[1], F_SETFL, O_NONBLOCK);
	while (write(c->fd[1], big, sizeof(big)) > 0)
		;
	fcntl(c->fd[1], F_SETFL, 0);
}

static void feed(struct ctx *c)
{
	(void)!write(c->fd[1], "x", 1);
}

static void drain(struct ctx *c)
{
	static char big[65536];

	(void)!read(c->fd[0], big, sizeof(big));
}

static int b_read(struct ctx *c)
{
	char b;

	return result(read(c->fd[0], &b, 1));
}

static int b_readv(struct ctx *c)
{
	char b;
	struct iovec v = { &b, 1 };

	return result(readv(c->fd[0], &v, 1));
}

static int b_write(struct ctx *c)
{
	return result(write(c->fd[1], "x", 1));
}

static int b_poll(struct ctx *c)
{
	struct pollfd p = { c->fd[0], POLLIN, 0 };

	return result(poll(&p, 1, -1));
}

static int b_poll_timeout(struct ctx *c)
{
	struct pollfd p = { c->fd[0], POLLIN, 0 };

	return result(poll(&p, 1, 20000));
}

static int b_ppoll(struct ctx *c)
{
	struct pollfd p = { c->fd[0], POLLIN, 0 };
	struct timespec ts = { 20, 0 };

	return result(ppoll(&p, 1, &ts, NULL));
}

static int b_select(struct ctx *c)
{
	fd_set set;

	FD_ZERO(&set);
	FD_SET(c->fd[0], &set);
	return result(select(c->fd[0] + 1, &set, NULL, NULL, NULL));
}

static int b_pselect(struct ctx *c)
{
	struct timespec ts = { 20, 0 };
	fd_set set;

	FD_ZERO(&set);
	FD_SET(c->fd[0], &set);
	return result(pselect(c->fd[0] + 1, &set, NULL, NULL, &ts, NULL));
}

static int epoll_of(const struct ctx *c)
{
	struct epoll_event e = { .events = EPOLLIN };
	int ep = epoll_create1(0);

	epoll_ctl(ep, EPOLL_CTL_ADD, c->fd[0], &e);
	return ep;
}

static int b_epoll(struct ctx *c)
{
	struct epoll_event e;

	return result(epoll_wait(epoll_of(c), &e, 1, -1));
}

static int b_epoll_pwait(struct ctx *c)
{
	struct epoll_event e;
	sigset_t set;

	sigemptyset(&set);
	return result(epoll_pwait(epoll_of(c), &e, 1, 20000, &set));
}

static void make_eventfd(struct ctx *c)
{
	c->fd[0] = eventfd(0, 0);
}

static void feed_eventfd(struct ctx *c)
{
	uint64_t one = 1;

	(void)!write(c->fd[0], &one, sizeof(one));
}

static int b_eventfd(struct ctx *c)
{
	uint64_t v;

	return result(read(c->fd[0], &v, sizeof(v)));
}

static void make_timerfd(struct ctx *c)
{
	c->fd[0] = timerfd_create(CLOCK_MONOTONIC, 0);
}

static void set_timerfd(struct ctx *c)
{
	struct itimerspec it = { .it_value = { 0, 1 } };

	timerfd_settime(c->fd[0], 0, &it, NULL);
}

static void send_usr2(struct ctx *c)
{
	kill(c->pid, SIGUSR2);
}

static void block_usr2(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

static int b_signalfd(struct ctx *c)
{
	struct signalfd_siginfo si;
	sigset_t set;
	int fd;

	(void)c;
	block_usr2();
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	fd = signalfd(-1, &set, 0);
	return result(read(fd, &si, sizeof(si)));
}

static int b_sigtimedwait(struct ctx *c)
{
	struct timespec ts = { 20, 0 };
	sigset_t set;

	(void)c;
	block_usr2();
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	return result(sigtimedwait(&set, NULL, &ts));
}

static int b_sigwaitinfo(struct ctx *c)
{
	sigset_t set;

	(void)c;
	block_usr2();
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	/* glibc's own call goes on after EINTR in some versions. */
	return result(syscall(SYS_rt_sigtimedwait, &set, NULL, NULL, 8));
}

static void nothing(int sig)
{
	(void)sig;
}

/* These end with EINTR by SIGUSR2, which has a handler too. */
static int b_pause(struct ctx *c)
{
	(void)c;
	signal(SIGUSR2, nothing);
	return result(pause());
}

static int b_sigsuspend(struct ctx *c)
{
	sigset_t set;

	(void)c;
	signal(SIGUSR2, nothing);
	sigemptyset(&set);
	return result(sigsuspend(&set));
}

static int b_nanosleep(struct ctx *c)
{
	struct timespec ts = half(0);

	(void)c;
	return result(nanosleep(&ts, NULL));
}

static int b_clock_nanosleep(struct ctx *c)
{
	struct timespec ts = half(1);

	(void)c;
	return clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
}

static int b_futex(struct ctx *c)
{
	return result(syscall(SYS_futex, &c->word, FUTEX_WAIT, 0, NULL, NULL,
			      0));
}

static int b_futex_timeout(struct ctx *c)
{
	struct timespec ts = { 20, 0 };

	return result(syscall(SYS_futex, &c->word, FUTEX_WAIT, 0, &ts, NULL,
			      0));
}

static int b_futex_bitset(struct ctx *c)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	ts.tv_sec += 20;
	return result(syscall(SYS_futex, &c->word, FUTEX_WAIT_BITSET, 0, &ts,
			      NULL, ~0));
}

static void wake_futex(struct ctx *c)
{
	syscall(SYS_futex, &c->word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static pid_t held_child(struct ctx *c)
{
	pid_t pid = fork();

	if (!pid) {
		char b;

		signal(SIGUSR1, SIG_IGN);
		close(c->fd[1]);
		(void)!read(c->fd[0], &b, 1);
		_exit(0);
	}
	return pid;
}

static int b_wait4(struct ctx *c)
{
	pid_t pid = held_child(c);
	int e = result(waitpid(pid, NULL, 0));

	kill(pid, SIGKILL);
	return e;
}

static int b_waitid(struct ctx *c)
{
	pid_t pid = held_child(c);
	int e = result(waitid(P_ALL, 0, NULL, WEXITED));

	kill(pid, SIGKILL);
	return e;
}

/* The signal is blocked by the one that waits; SIGKILL ends it only. */
static int b_vfork(struct ctx *c)
{
	pid_t pid = vfork();
	char b;

	if (!pid) {
		(void)!read(c->fd[0], &b, 1);
		_exit(0);
	}
	return result(waitpid(pid, NULL, WNOHANG | __WALL));
}

static void make_file(struct ctx *c)
{
	snprintf(c->name, sizeof(c->name), "%s-lock", base);
	c->fd[0] = open(c->name, O_RDWR | O_CREAT, 0600);
	c->fd[1] = -1;
	unlink(c->name);
}

/* Locked by the parent; a child needs an open file of its own. */
static void make_flock(struct ctx *c)
{
	make_file(c);
	flock(c->fd[0], LOCK_EX);
}

static int reopened(struct ctx *c)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", c->fd[0]);
	return open(path, O_RDWR);
}

static int b_flock(struct ctx *c)
{
	int fd = reopened(c);

	if (fd < 0)
		return errno;
	return result(flock(fd, LOCK_EX));
}

static void un_flock(struct ctx *c)
{
	flock(c->fd[0], LOCK_UN);
}

static void make_posix_lock(struct ctx *c)
{
	struct flock l = { .l_type = F_WRLCK };

	make_file(c);
	fcntl(c->fd[0], F_SETLK, &l);
}

static int b_setlkw(struct ctx *c)
{
	struct flock l = { .l_type = F_WRLCK };

	return result(fcntl(c->fd[0], F_SETLKW, &l));
}

static void un_posix_lock(struct ctx *c)
{
	struct flock l = { .l_type = F_UNLCK };

	fcntl(c->fd[0], F_SETLK, &l);
}

static void make_ofd_lock(struct ctx *c)
{
	struct flock l = { .l_type = F_WRLCK };

	make_file(c);
	fcntl(c->fd[0], F_OFD_SETLK, &l);
}

static int b_ofd_setlkw(struct ctx *c)
{
	struct flock l = { .l_type = F_WRLCK };
	int fd = reopened(c);

	if (fd < 0)
		return errno;
	return result(fcntl(fd, F_OFD_SETLKW, &l));
}

static void un_ofd_lock(struct ctx *c)
{
	struct flock l = { .l_type = F_UNLCK };

	fcntl(c->fd[0], F_OFD_SETLK, &l);
}

static void make_fifo(struct ctx *c)
{
	static int n;

	snprintf(c->name, sizeof(c->name), "%s-fifo%d", base, n++);
	mkfifo(c->name, 0600);
}

static int b_open_fifo(struct ctx *c)
{
	return result(open(c->name, O_RDONLY));
}

static void open_fifo(struct ctx *c)
{
	c->fd[0] = open(c->name, O_RDWR);
	unlink(c->name);
}

static void make_sem(struct ctx *c)
{
	c->id = semget(IPC_PRIVATE, 1, 0600);
}

static int b_semop(struct ctx *c)
{
	struct sembuf s = { 0, -1, 0 };

	return result(semop(c->id, &s, 1));
}

static int b_semtimedop(struct ctx *c)
{
	struct sembuf s = { 0, -1, 0 };
	struct timespec ts = { 20, 0 };

	return result(semtimedop(c->id, &s, 1, &ts));
}

static void post_sem(struct ctx *c)
{
	struct sembuf s = { 0, 1, 0 };

	semop(c->id, &s, 1);
}

static void drop_sem(struct ctx *c)
{
	semctl(c->id, 0, IPC_RMID);
}

static void make_msg(struct ctx *c)
{
	c->id = msgget(IPC_PRIVATE, 0600);
}

struct message {
	long type;
	char text[8000];
};

static int b_msgrcv(struct ctx *c)
{
	struct message m;

	return result(msgrcv(c->id, &m, sizeof(m.text), 0, 0));
}

static void post_msg(struct ctx *c)
{
	struct message m = { .type = 1 };

	msgsnd(c->id, &m, 1, 0);
}

static void drop_msg(struct ctx *c)
{
	msgctl(c->id, IPC_RMID, NULL);
}

static void fill_msg(struct ctx *c)
{
	static struct message m = { .type = 1 };

	make_msg(c);
	while (!msgsnd(c->id, &m, sizeof(m.text), IPC_NOWAIT))
		;
}

static int b_msgsnd(struct ctx *c)
{
	static struct message m = { .type = 1 };

	return result(msgsnd(c->id, &m, sizeof(m.text), 0));
}

static void take_msg(struct ctx *c)
{
	static struct message m;

	msgrcv(c->id, &m, sizeof(m.text), 0, 0);
}

#define STAYS	-1	/* blocks until it is released, then succeeds */
#define PIPE	make_pipe, feed, NULL
static const struct {
	const char *name;
	int (*block)(struct ctx *c);
	void (*make)(struct ctx *c);
	void (*release)(struct ctx *c);
	void (*drop)(struct ctx *c);
	int want[N_MODES];	/* STAYS, or errno when the signal comes */
	int released;		/* how it ends by the release */
} cases[] = {
	{ "read", b_read, PIPE, { EINTR, STAYS, STAYS }, 0 },
	{ "readv", b_readv, PIPE, { EINTR, STAYS, STAYS }, 0 },
	{ "write", b_write, fill_pipe, drain, NULL, { EINTR, STAYS, STAYS },
	  0 },
	{ "poll", b_poll, PIPE, { EINTR, EINTR, STAYS }, 0 },
	{ "poll with timeout", b_poll_timeout, PIPE, { EINTR, EINTR, STAYS },
	  0 },
	{ "ppoll", b_ppoll, PIPE, { EINTR, EINTR, STAYS }, 0 },
	{ "select", b_select, PIPE, { EINTR, EINTR, STAYS }, 0 },
	{ "pselect", b_pselect, PIPE, { EINTR, EINTR, STAYS }, 0 },
	{ "epoll_wait", b_epoll, PIPE, { EINTR, EINTR, EINTR }, 0 },
	{ "epoll_pwait", b_epoll_pwait, PIPE, { EINTR, EINTR, EINTR }, 0 },
	{ "eventfd", b_eventfd, make_eventfd, feed_eventfd, NULL,
	  { EINTR, STAYS, STAYS }, 0 },
	{ "timerfd", b_eventfd, make_timerfd, set_timerfd, NULL,
	  { EINTR, STAYS, STAYS }, 0 },
	{ "signalfd", b_signalfd, NULL, send_usr2, NULL,
	  { EINTR, STAYS, STAYS }, 0 },
	{ "sigtimedwait", b_sigtimedwait, NULL, send_usr2, NULL,
	  { EINTR, EINTR, EINTR }, 0 },
	{ "sigwaitinfo", b_sigwaitinfo, NULL, send_usr2, NULL,
	  { EINTR, EINTR, EINTR }, 0 },
	{ "pause", b_pause, NULL, send_usr2, NULL, { EINTR, EINTR, STAYS },
	  EINTR },
	{ "sigsuspend", b_sigsuspend, NULL, send_usr2, NULL,
	  { EINTR, EINTR, STAYS }, EINTR },
	{ "nanosleep", b_nanosleep, NULL, NULL, NULL,
	  { EINTR, EINTR, STAYS }, 0 },
	{ "clock_nanosleep", b_clock_nanosleep, NULL, NULL, NULL,
	  { EINTR, EINTR, STAYS }, 0 },
	{ "futex", b_futex, NULL, wake_futex, NULL, { EINTR, STAYS, STAYS },
	  0 },
	{ "futex with timeout", b_futex_timeout, NULL, wake_futex, NULL,
	  { EINTR, EINTR, STAYS }, 0 },
	{ "futex bitset", b_futex_bitset, NULL, wake_futex, NULL,
	  { EINTR, EINTR, STAYS }, 0 },
	{ "wait4", b_wait4, PIPE, { EINTR, STAYS, STAYS }, 0 },
	{ "waitid", b_waitid, PIPE, { EINTR, STAYS, STAYS }, 0 },
	{ "flock", b_flock, make_flock, un_flock, NULL,
	  { EINTR, STAYS, STAYS }, 0 },
	{ "F_SETLKW", b_setlkw, make_posix_lock, un_posix_lock, NULL,
	  { EINTR, STAYS, STAYS }, 0 },
	{ "F_OFD_SETLKW", b_ofd_setlkw, make_ofd_lock, un_ofd_lock, NULL,
	  { EINTR, STAYS, STAYS }, 0 },
	{ "open of a fifo", b_open_fifo, make_fifo, open_fifo, NULL,
	  { EINTR, STAYS, STAYS }, 0 },
	{ "semop", b_semop, make_sem, post_sem, drop_sem,
	  { EINTR, EINTR, EINTR }, 0 },
	{ "semtimedop", b_semtimedop, make_sem, post_sem, drop_sem,
	  { EINTR, EINTR, EINTR }, 0 },
	{ "msgrcv", b_msgrcv, make_msg, post_msg, drop_msg,
	  { EINTR, EINTR, STAYS }, 0 },
	{ "msgsnd", b_msgsnd, fill_msg, take_msg, drop_msg,
	  { EINTR, EINTR, STAYS }, 0 },
	{ "vfork", b_vfork, PIPE, { STAYS, STAYS, STAYS }, 0 },
};
#define N_CASES	((int)(sizeof(cases) / sizeof(cases[0])))

static struct ctx *ctxs;	/* shared */
static int status[N_CASES];

static void nap(long ms)
{
	struct timespec ts = { 0, ms * 1000000 };

	while (nanosleep(&ts, &ts))
		;
}

static void start(int n, int mode)
{
	struct ctx *c = &ctxs[n];
	struct sigaction a = { .sa_handler = nothing };
	pid_t pid;

	memset(c, 0, sizeof(*c));
	c->fd[0] = c->fd[1] = -1;
	if (cases[n].make)
		cases[n].make(c);
	status[n] = STAYS;
	pid = fork();
	if (pid) {
		c->pid = pid;
		return;
	}
	a.sa_flags = mode == RESTART ? SA_RESTART : 0;
	sigaction(SIGUSR1, &a, NULL);
	ready(c);
	_exit(cases[n].block(c));
}

/* Note who has ended; how many of those that should have not? */
static int collect(int mode)
{
	int left = 0, st;

	for (int n = 0; n < N_CASES; n++) {
		if (status[n] == STAYS &&
		    waitpid(ctxs[n].pid, &st, WNOHANG) == ctxs[n].pid)
			status[n] = WIFEXITED(st) ? WEXITSTATUS(st) : 1000 + st;
		if (status[n] == STAYS && cases[n].want[mode] != STAYS)
			left++;
	}
	return left;
}

static void interrupt(int n, int mode)
{
	int st;

	if (status[n] != STAYS)
		return;
	if (mode != STOP) {
		kill(ctxs[n].pid, SIGUSR1);
		return;
	}
	kill(ctxs[n].pid, SIGSTOP);
	/* Who waits for a vfork'd child does not stop before that is gone. */
	if (cases[n].block == b_vfork)
		nap(10);
	else
		waitid(P_PID, (id_t)ctxs[n].pid, NULL,
		       WSTOPPED | WEXITED | WNOWAIT);
	/* A stop that was waited for, so that the next one is seen. */
	if (waitpid(ctxs[n].pid, &st, WNOHANG | WUNTRACED) > 0 &&
	    !WIFSTOPPED(st))
		status[n] = WIFEXITED(st) ? WEXITSTATUS(st) : 1000 + st;
	kill(ctxs[n].pid, SIGCONT);
}

static void check(int n, const char *mode, int got, int want)
{
	char name[128];

	snprintf(name, sizeof(name), "%s: %s%s", cases[n].name, mode,
		 want == STAYS ? ", goes on" : "");
	is(got, want, name);
}

static void round_of(int mode, const char *name)
{
	int n, st;

	for (n = 0; n < N_CASES; n++)
		start(n, mode);
	for (n = 0; n < N_CASES; n++)
		while (!ctxs[n].ready)
			nap(1);
	nap(100);
	/* Once more for one who was not asleep in time. */
	for (int tries = 0; tries < 40; tries++) {
		for (n = 0; n < N_CASES; n++)
			interrupt(n, mode);
		nap(50);
		if (!collect(mode))
			break;
	}
	for (n = 0; n < N_CASES; n++) {
		/* Those that end by themselves may have done so meanwhile. */
		if (!cases[n].release && cases[n].want[mode] == STAYS &&
		    status[n] == 0)
			status[n] = STAYS;
		else if (cases[n].release && status[n] == STAYS)
			cases[n].release(&ctxs[n]);
		check(n, name, status[n], cases[n].want[mode]);
		if (status[n] != STAYS)
			continue;
		st = -1;
		waitpid(ctxs[n].pid, &st, 0);
		/* One that had ended above is not there any more: fine. */
		if (cases[n].release)
			check(n, "released", WIFEXITED(st) ? WEXITSTATUS(st) :
			      1000 + st, cases[n].released);
	}
	for (n = 0; n < N_CASES; n++) {
		if (cases[n].drop)
			cases[n].drop(&ctxs[n]);
		close(ctxs[n].fd[0]);
		close(ctxs[n].fd[1]);
		unlink(ctxs[n].name);
	}
}

int main(void)
{
	int id = semget(IPC_PRIVATE, 1, 0600);

	if (id < 0)
		skip_all("no System V semaphores");
	semctl(id, 0, IPC_RMID);
	signal(SIGCHLD, SIG_DFL);
	snprintf(base, sizeof(base), "/tmp/g-restart.%d", getpid());
	ctxs = mmap(NULL, sizeof(*ctxs) * N_CASES, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	round_of(HANDLER, "handler");
	round_of(RESTART, "SA_RESTART");
	round_of(STOP, "stop");
	return done_testing();
}
