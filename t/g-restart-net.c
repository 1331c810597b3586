/* SPDX-License-Identifier: Apache-2.0 */
/*
 * g-restart-net.c: as g-restart.c: what becomes of calls that block on sockets,
 * queues and terminals when a signal comes; signal(7).
 *
 * A child tells by its exit status how the call ended: 0, or errno.  The signal
 * comes when it is seen to sleep; it is released when it sleeps again.
 */
#define _GNU_SOURCE
#include "t/guest.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { HANDLER, RESTART, STOP, N_MODES };

struct ctx {
	int fd[2];
	uint32_t word;
	volatile int ready, handled;
	char name[64];
};

static struct ctx *c;	/* shared with the child */
static char big[65536];

static int result(long r)
{
	return r < 0 ? errno : 0;
}

static void pair(int type)
{
	if (socketpair(AF_UNIX, type, 0, c->fd))
		exit(1);
}

static void make_stream(void)
{
	pair(SOCK_STREAM);
}

static void make_timed(void)
{
	struct timeval tv = { .tv_sec = 600 };

	make_stream();
	setsockopt(c->fd[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	setsockopt(c->fd[1], SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
}

/* Until nothing more fits. */
static void fill(void)
{
	int flags = fcntl(c->fd[1], F_GETFL);

	fcntl(c->fd[1], F_SETFL, flags | O_NONBLOCK);
	while (write(c->fd[1], big, sizeof(big)) > 0)
		;
	while (write(c->fd[1], big, 1) > 0)
		;
	fcntl(c->fd[1], F_SETFL, flags);
}

static void make_full(void)
{
	make_stream();
	fill();
}

static void make_full_timed(void)
{
	make_timed();
	fill();
}

static void make_full_dgram(void)
{
	pair(SOCK_DGRAM);
	fill();
}

static void make_full_pipe(void)
{
	if (pipe(c->fd))
		exit(1);
	fill();
}

static void make_pipe(void)
{
	if (pipe(c->fd))
		exit(1);
}

static void feed(void)
{
	(void)!write(c->fd[1], "x", 1);
}

/* The child that waits has its own descriptors: here all goes. */
static void drain(void)
{
	fcntl(c->fd[0], F_SETFL, O_NONBLOCK);
	while (read(c->fd[0], big, sizeof(big)) > 0)
		;
}

static void make_udp(void)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	socklen_t len = sizeof(in);

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	c->fd[0] = socket(AF_INET, SOCK_DGRAM, 0);
	c->fd[1] = socket(AF_INET, SOCK_DGRAM, 0);
	if (bind(c->fd[0], (struct sockaddr *)&in, sizeof(in)) ||
	    getsockname(c->fd[0], (struct sockaddr *)&in, &len) ||
	    connect(c->fd[1], (struct sockaddr *)&in, len))
		exit(1);
}

/* A listening socket in fd[0], and one to connect to it in fd[1]. */
static void make_listen(void)
{
	struct sockaddr_in in = { .sin_family = AF_INET };

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	c->fd[0] = socket(AF_INET, SOCK_STREAM, 0);
	c->fd[1] = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(c->fd[0], (struct sockaddr *)&in, sizeof(in)) ||
	    listen(c->fd[0], 1))
		exit(1);
}

static void make_listen_timed(void)
{
	struct timeval tv = { .tv_sec = 600 };

	make_listen();
	setsockopt(c->fd[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
}

static void do_connect(void)
{
	struct sockaddr_in in;
	socklen_t len = sizeof(in);

	getsockname(c->fd[0], (struct sockaddr *)&in, &len);
	(void)!connect(c->fd[1], (struct sockaddr *)&in, len);
}

static struct sockaddr_un un_addr(void)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };

	snprintf(un.sun_path, sizeof(un.sun_path), "%s", c->name);
	return un;
}

/* It takes no more connections. */
static void make_backlog(void)
{
	struct sockaddr_un un;

	snprintf(c->name, sizeof(c->name), "/tmp/g-restart-net.%d", getpid());
	un = un_addr();
	c->fd[0] = socket(AF_UNIX, SOCK_STREAM, 0);
	c->fd[1] = socket(AF_UNIX, SOCK_STREAM, 0);
	if (bind(c->fd[0], (struct sockaddr *)&un, sizeof(un)) ||
	    listen(c->fd[0], 0) ||
	    connect(c->fd[1], (struct sockaddr *)&un, sizeof(un)))
		exit(1);
}

static void do_accept(void)
{
	close(accept(c->fd[0], NULL, NULL));
}

static void make_mq(void)
{
	struct mq_attr a = { .mq_maxmsg = 1, .mq_msgsize = 8 };

	snprintf(c->name, sizeof(c->name), "/g-restart-net.%d", getpid());
	c->fd[0] = mq_open(c->name, O_RDWR | O_CREAT, 0600, &a);
	mq_unlink(c->name);
}

static void post_mq(void)
{
	mq_send(c->fd[0], "x", 1, 0);
}

static void make_full_mq(void)
{
	make_mq();
	post_mq();
}

static void take_mq(void)
{
	mq_receive(c->fd[0], big, sizeof(big), NULL);
}

static void make_inotify(void)
{
	snprintf(c->name, sizeof(c->name), "/tmp/g-restart-net.%d", getpid());
	c->fd[1] = open(c->name, O_RDWR | O_CREAT, 0600);
	c->fd[0] = inotify_init1(0);
	if (inotify_add_watch(c->fd[0], c->name, IN_MODIFY) < 0)
		exit(1);
}

static void make_pty(void)
{
	c->fd[1] = posix_openpt(O_RDWR | O_NOCTTY);
	if (c->fd[1] < 0 || grantpt(c->fd[1]) || unlockpt(c->fd[1]))
		skip_all("no pseudo-terminals");
	c->fd[0] = open(ptsname(c->fd[1]), O_RDWR | O_NOCTTY);
}

static void feed_line(void)
{
	(void)!write(c->fd[1], "x\n", 2);
}

static void make_pi(void)
{
	c->word = (uint32_t)getpid();
}

static void unlock_pi(void)
{
	syscall(SYS_futex, &c->word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0);
}

static int b_read(void)
{
	return result(read(c->fd[0], big, 16));
}

static int b_recv(void)
{
	return result(recv(c->fd[0], big, 1, 0));
}

static int b_recvfrom(void)
{
	struct sockaddr_in in;
	socklen_t len = sizeof(in);

	return result(recvfrom(c->fd[0], big, 1, 0, (struct sockaddr *)&in,
			       &len));
}

static struct iovec iov = { big, 1 };

static int b_recvmsg(void)
{
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };

	return result(recvmsg(c->fd[0], &m, 0));
}

static int b_recvmmsg(void)
{
	struct mmsghdr m[2];

	memset(m, 0, sizeof(m));
	m[0].msg_hdr.msg_iov = &iov;
	m[0].msg_hdr.msg_iovlen = 1;
	m[1] = m[0];
	return result(recvmmsg(c->fd[0], m, 2, MSG_WAITFORONE, NULL));
}

static int b_send(void)
{
	return result(send(c->fd[1], "x", 1, 0));
}

static int b_sendmsg(void)
{
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };

	return result(sendmsg(c->fd[1], &m, 0));
}

static int b_accept(void)
{
	return result(accept(c->fd[0], NULL, NULL));
}

static int b_connect(void)
{
	struct sockaddr_un un = un_addr();
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	return result(connect(fd, (struct sockaddr *)&un, sizeof(un)));
}

static int b_poll(void)
{
	struct pollfd p = { .fd = c->fd[0], .events = POLLIN };

	return result(poll(&p, 1, -1));
}

static int b_epoll(void)
{
	struct epoll_event e = { .events = EPOLLIN };
	int fd = epoll_create1(0);

	epoll_ctl(fd, EPOLL_CTL_ADD, c->fd[0], &e);
	return result(epoll_wait(fd, &e, 1, -1));
}

static int b_mq_receive(void)
{
	return result(mq_receive(c->fd[0], big, sizeof(big), NULL));
}

static int b_mq_timed(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	ts.tv_sec += 600;
	return result(mq_timedreceive(c->fd[0], big, sizeof(big), NULL, &ts));
}

static int b_mq_send(void)
{
	return result(mq_send(c->fd[0], "y", 1, 0));
}

static int b_splice(void)
{
	int p[2];

	if (pipe(p))
		return 99;
	return result(splice(c->fd[0], NULL, p[1], NULL, 1, 0));
}

static int b_tee(void)
{
	int p[2];

	if (pipe(p))
		return 99;
	return result(tee(c->fd[0], p[1], 1, 0));
}

static int b_vmsplice(void)
{
	return result(vmsplice(c->fd[1], &iov, 1, 0));
}

static int b_lock_pi(void)
{
	return result(syscall(SYS_futex, &c->word, FUTEX_LOCK_PI, 0, NULL,
			      NULL, 0));
}

#define STAYS	0	/* blocks until it is released, then succeeds */
#define ALWAYS	{ STAYS, STAYS, STAYS }
#define USUAL	{ EINTR, STAYS, STAYS }
#define NEVER	{ EINTR, EINTR, EINTR }
#define POLLS	{ EINTR, EINTR, STAYS }
static const struct {
	const char *name;
	int (*block)(void);
	void (*make)(void);
	void (*release)(void);
	int want[N_MODES];
} cases[] = {
	{ "recv", b_recv, make_stream, feed, USUAL },
	{ "read of a socket", b_read, make_stream, feed, USUAL },
	{ "recvmsg", b_recvmsg, make_stream, feed, USUAL },
	{ "recvmmsg", b_recvmmsg, make_udp, feed, USUAL },
	{ "recvfrom", b_recvfrom, make_udp, feed, USUAL },
	{ "recv with a timeout", b_recv, make_timed, feed, NEVER },
	{ "send", b_send, make_full, drain, USUAL },
	{ "sendmsg", b_sendmsg, make_full, drain, USUAL },
	{ "send with a timeout", b_send, make_full_timed, drain, NEVER },
	{ "send of a datagram", b_send, make_full_dgram, drain, USUAL },
	{ "accept", b_accept, make_listen, do_connect, USUAL },
	{ "accept with a timeout", b_accept, make_listen_timed, do_connect,
	  NEVER },
	{ "connect", b_connect, make_backlog, do_accept, USUAL },
	{ "poll of a socket", b_poll, make_udp, feed, POLLS },
	{ "epoll of a socket", b_epoll, make_udp, feed, NEVER },
	{ "mq_receive", b_mq_receive, make_mq, post_mq, USUAL },
	{ "mq_timedreceive", b_mq_timed, make_mq, post_mq, USUAL },
	{ "mq_send", b_mq_send, make_full_mq, take_mq, USUAL },
	{ "inotify", b_read, make_inotify, feed, USUAL },
	{ "read of a terminal", b_read, make_pty, feed_line, USUAL },
	{ "splice", b_splice, make_pipe, feed, USUAL },
	{ "tee", b_tee, make_pipe, feed, USUAL },
	{ "vmsplice", b_vmsplice, make_full_pipe, drain, USUAL },
	{ "a lock with an owner", b_lock_pi, make_pi, unlock_pi, ALWAYS },
};

static void handle(int sig)
{
	(void)sig;
	c->handled = 1;
}

static void nap(void)
{
	struct timespec ts = { 0, 1000000 };

	nanosleep(&ts, NULL);
}

/* Until @pid has ended or sleeps. */
static void until_asleep(pid_t pid)
{
	char path[64], text[512], *p;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	for (;;) {
		fd = open(path, O_RDONLY);
		n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
		close(fd);
		if (n <= 0)
			return;
		text[n] = '\0';
		p = strrchr(text, ')');
		if (!p || p[2] == 'S' || p[2] == 'Z')
			return;
		nap();
	}
}

static void interrupt(pid_t pid, int mode)
{
	if (mode == STOP) {
		kill(pid, SIGSTOP);
		waitid(P_PID, (id_t)pid, NULL, WSTOPPED);
		kill(pid, SIGCONT);
	} else {
		kill(pid, SIGUSR1);
		while (!c->handled)
			nap();
	}
}

static void run(int n, int mode)
{
	static const char *const modes[] = { "handler", "SA_RESTART", "stop" };
	struct sigaction a = { .sa_handler = handle };
	char name[128];
	int status = -1;
	pid_t pid;

	memset(c, 0, sizeof(*c));
	c->fd[0] = c->fd[1] = -1;
	cases[n].make();
	pid = fork();
	if (!pid) {
		a.sa_flags = mode == RESTART ? SA_RESTART : 0;
		sigaction(SIGUSR1, &a, NULL);
		c->ready = 1;
		_exit(cases[n].block());
	}
	while (!c->ready)
		nap();
	until_asleep(pid);
	interrupt(pid, mode);
	until_asleep(pid);
	cases[n].release();
	waitpid(pid, &status, 0);
	snprintf(name, sizeof(name), "%s: %s", cases[n].name, modes[mode]);
	is(WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + status,
	   cases[n].want[mode], name);
	close(c->fd[0]);
	close(c->fd[1]);
	if (c->name[0])
		unlink(c->name);
}

int main(void)
{
	need_own_proc();
	signal(SIGPIPE, SIG_IGN);
	c = mmap(NULL, sizeof(*c), PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (int n = 0; n < (int)(sizeof(cases) / sizeof(cases[0])); n++)
		for (int mode = 0; mode < N_MODES; mode++)
			run(n, mode);
	return done_testing();
}
