/* SPDX-License-Identifier: Apache-2.0 */
/* g-tcp.c: TCP over the loopback: connections, data, their ends. */
#include "inet.h"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <sys/wait.h>

#define F	INET_FAMILY

static void test_names(void)
{
	int l = listen_lo(F, 5), c = socket(F, SOCK_STREAM, 0), a;
	union addr n, p, q;
	socklen_t len = sizeof(n);

	ok(port_of(l) > 0, "bind finds a port");
	is(port_of(c), 0, "a new socket has none");
	is_errno(getpeername(c, &n.sa, &len), ENOTCONN, "nor a peer");
	is(connect_lo(c, F, port_of(l)), 0, "connect before accept");
	len = sizeof(n);
	a = accept(l, &n.sa, &len);
	ok(a >= 0, "accept");
	is(len, addr_len(F), "the peer's name has a length");
	len = sizeof(p);
	is(getpeername(a, &p.sa, &len), 0, "getpeername");
	len = sizeof(q);
	is(getsockname(c, &q.sa, &len), 0, "getsockname");
	ok(!memcmp(&p, &q, addr_len(F)), "they are the same");
	ok(!memcmp(&p, &n, addr_len(F)), "and what accept told");
	is(port_of(a), port_of(l), "accepted at the port of the listener");
	len = 2;
	is(getsockname(c, &q.sa, &len), 0, "with little room");
	is(len, addr_len(F), "the length is the whole");
	len = (socklen_t)-1;
	is_errno(getsockname(c, &q.sa, &len), EINVAL, "a negative length");
	is_errno(connect_lo(c, F, port_of(l)), EISCONN, "connected already");
	is_errno(bind_lo(c, F), EINVAL, "bound already");
	is_errno(listen(c, 1), EINVAL, "it cannot listen");
	is_errno(accept(c, NULL, NULL), EINVAL, "nor accept");
	is_errno(recv(l, &n, 1, 0), ENOTCONN, "recv of a listener");
	is(get_opt(l, SOL_SOCKET, SO_ACCEPTCONN), 1, "SO_ACCEPTCONN");
	is(get_opt(a, SOL_SOCKET, SO_ACCEPTCONN), 0, "not of the accepted");
	is(get_opt(a, SOL_SOCKET, SO_PROTOCOL), IPPROTO_TCP, "SO_PROTOCOL");
	is(get_opt(a, SOL_SOCKET, SO_DOMAIN), F, "SO_DOMAIN");
	is(get_opt(a, SOL_SOCKET, SO_TYPE), SOCK_STREAM, "SO_TYPE");
	close(a);
	close(c);
	close(l);
}

static void test_data(void)
{
	char big[3000], in[3000];
	struct iovec iov[2];
	int s[2], n;

	tcp_pair(F, s);
	is(poll_now(s[0], POLLIN | POLLOUT | POLLRDHUP), POLLOUT,
	   "fresh: writable");
	is(write(s[0], "hello", 5), 5, "write");
	is(poll_for(s[1], POLLIN), POLLIN, "readable");
	is(ioctl(s[1], FIONREAD, &n), 0, "FIONREAD");
	is(n, 5, "five bytes");
	is(ioctl(s[1], SIOCATMARK, &n), 0, "SIOCATMARK");
	is(n, 0, "nothing is urgent");
	is(recv(s[1], in, 2, MSG_PEEK), 2, "peek");
	is(recv(s[1], in, sizeof(in), MSG_PEEK), 5, "peek at all");
	is(recv(s[1], in, 2, MSG_TRUNC), 2, "MSG_TRUNC throws away");
	is(read(s[1], in, sizeof(in)), 3, "read the rest");
	ok(!memcmp(in, "llo", 3), "it is the rest");
	is_errno(recv(s[1], in, 1, MSG_DONTWAIT), EAGAIN, "no more");
	set_nonblock(s[1]);
	is_errno(read(s[1], in, 1), EAGAIN, "no more, O_NONBLOCK");
	fcntl(s[1], F_SETFL, 0);
	memset(big, 'x', sizeof(big));
	iov[0].iov_base = big;
	iov[0].iov_len = 1000;
	iov[1].iov_base = big + 1000;
	iov[1].iov_len = 2000;
	is(writev(s[1], iov, 2), 3000, "writev, the other way");
	is(recv(s[0], in, 3000, MSG_WAITALL), 3000, "recv MSG_WAITALL");
	ok(!memcmp(in, big, 3000), "all of it");
	is_errno(recv(s[0], in, 1, MSG_OOB), EINVAL, "no urgent data");
	is_errno(recv(s[0], in, 1, MSG_ERRQUEUE), EAGAIN, "no errors");
	is(send(s[0], "a", 1, MSG_MORE), 1, "MSG_MORE");
	is(send(s[0], "b", 1, MSG_NOSIGNAL), 1, "MSG_NOSIGNAL");
	is(recv(s[1], in, 2, MSG_WAITALL), 2, "both come");
	is_errno(sendto(s[0], "a", 1, 0, NULL, 5), 0, "sendto without name");
	is(read(s[1], in, 1), 1, "comes");
	is_errno(send(s[0], (void *)8, 1, 0), EFAULT, "EFAULT");
	close(s[0]);
	close(s[1]);
}

static void test_fin(void)
{
	char b[8];
	int s[2];

	tcp_pair(F, s);
	is(write(s[0], "ab", 2), 2, "write");
	is(shutdown(s[0], SHUT_WR), 0, "shutdown SHUT_WR");
	is_errno(send(s[0], "c", 1, MSG_NOSIGNAL), EPIPE, "no more to write");
	is(poll_for(s[1], POLLIN | POLLRDHUP) & (POLLIN | POLLHUP), POLLIN,
	   "readable, no hang up");
	is(read(s[1], b, 8), 2, "data first");
	is(poll_for(s[1], POLLRDHUP), POLLRDHUP, "POLLRDHUP");
	is(read(s[1], b, 8), 0, "then the end");
	is(read(s[1], b, 8), 0, "again");
	is(write(s[1], "de", 2), 2, "the other way is open");
	is(read(s[0], b, 8), 2, "and comes");
	is(shutdown(s[1], SHUT_WR), 0, "the other end too");
	is(poll_for(s[0], POLLIN | POLLRDHUP | POLLHUP) &
	   (POLLIN | POLLRDHUP | POLLHUP), POLLIN | POLLRDHUP | POLLHUP,
	   "hang up");
	is(read(s[0], b, 8), 0, "the end");
	close(s[0]);
	close(s[1]);
	tcp_pair(F, s);
	is(shutdown(s[0], SHUT_RD), 0, "shutdown SHUT_RD");
	is(read(s[0], b, 8), 0, "reads the end");
	is(write(s[1], "x", 1), 1, "the peer does not know");
	is_errno(shutdown(s[0], 3), EINVAL, "an unknown way");
	close(s[0]);
	close(s[1]);
}

static volatile sig_atomic_t n_pipe;

static void on_pipe(int sig)
{
	(void)sig;
	n_pipe++;
}

static void test_reset(void)
{
	struct linger l = { 1, 0 };
	static char big[1 << 18];
	struct iovec iov[1024];
	struct msghdr m = { .msg_iov = iov, .msg_iovlen = 1024 };
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	char b[8];
	int s[2], n;
	ssize_t sent;

	signal(SIGPIPE, on_pipe);
	tcp_pair(F, s);
	close(s[1]);
	is(poll_for(s[0], POLLIN | POLLRDHUP) & (POLLIN | POLLHUP), POLLIN,
	   "closed: readable");
	is(write(s[0], "a", 1), 1, "the first write goes");
	is(poll_for(s[0], 0) & (POLLERR | POLLHUP), POLLERR | POLLHUP,
	   "then an error");
	is(read(s[0], b, 1), 0, "the end");
	is_errno(write(s[0], "a", 1), EPIPE, "the second fails");
	is(n_pipe, 1, "with a signal");
	close(s[0]);

	tcp_pair(F, s);
	is(write(s[0], "abc", 3), 3, "nobody reads this");
	is(poll_for(s[1], POLLIN), POLLIN, "it came");
	is(write(s[1], "xy", 2), 2, "on its way back");
	is(poll_for(s[0], POLLIN), POLLIN, "it came too");
	close(s[1]);
	is(poll_for(s[0], 0), POLLERR | POLLHUP, "an error");
	is(read(s[0], b, 8), 2, "what came before");
	is_errno(read(s[0], b, 8), ECONNRESET, "then ECONNRESET");
	is(read(s[0], b, 8), 0, "once");
	is_errno(send(s[0], "a", 1, MSG_NOSIGNAL), EPIPE, "and EPIPE");
	close(s[0]);

	tcp_pair(F, s);
	is(setsockopt(s[1], SOL_SOCKET, SO_LINGER, &l, sizeof(l)), 0,
	   "SO_LINGER 0");
	close(s[1]);
	is(poll_for(s[0], 0), POLLERR | POLLHUP, "a reset");
	is(so_error(s[0]), ECONNRESET, "SO_ERROR");
	is(so_error(s[0]), 0, "once");
	is_errno(getpeername(s[0], (void *)&ss, &len), ENOTCONN, "no peer");
	is(read(s[0], b, 8), 0, "then the end");
	close(s[0]);

	/* More than any buffer, to nobody: it does not all go. */
	tcp_pair(F, s);
	close(s[1]);
	for (n = 0; n < 1024; n++)
		iov[n] = (struct iovec){ big, sizeof(big) };
	sent = sendmsg(s[0], &m, MSG_NOSIGNAL);
	ok(sent > 0 && sent < 1024L * (long)sizeof(big), "a part goes");
	is_errno(sendmsg(s[0], &m, MSG_NOSIGNAL), EPIPE, "then nothing");
	close(s[0]);

	/* Both have ended, and know it: there is no peer; but of a half. */
	tcp_pair(F, s);
	is(shutdown(s[0], SHUT_WR), 0, "one half ends");
	is(read(s[1], b, 1), 0, "the end");
	is(getpeername(s[1], (void *)&ss, &len), 0, "there is a peer");
	is(getpeername(s[0], (void *)&ss, &len), 0, "to both");
	close(s[1]);
	is(poll_for(s[0], POLLIN), POLLIN | POLLHUP, "the other ends");
	is_errno(getpeername(s[0], (void *)&ss, &len), ENOTCONN, "none now");
	close(s[0]);
	signal(SIGPIPE, SIG_DFL);
}

static void test_refused(void)
{
	int l = listen_lo(F, 1), port = port_of(l), c;
	union addr a;

	close(l);
	c = socket(F, SOCK_STREAM, 0);
	is_errno(connect_lo(c, F, port), ECONNREFUSED, "nobody listens");
	is(so_error(c), 0, "no error is left");
	is_errno(send(c, "a", 1, MSG_NOSIGNAL), EPIPE, "send without a peer");
	is_errno(recv(c, &a, 1, 0), ENOTCONN, "recv without a peer");
	is_errno(shutdown(c, SHUT_RDWR), ENOTCONN, "shutdown as well");
	close(c);
	c = socket(F, SOCK_STREAM | SOCK_NONBLOCK, 0);
	is(poll_now(c, POLLIN | POLLOUT), POLLHUP | POLLOUT, "poll of a fresh one");
	is_errno(connect_lo(c, F, port), EINPROGRESS, "not at once");
	is(poll_for(c, POLLIN | POLLOUT | POLLRDHUP), POLLIN | POLLOUT |
	   POLLRDHUP | POLLERR | POLLHUP, "poll of one that failed");
	is(so_error(c), ECONNREFUSED, "SO_ERROR");
	is_errno(connect_lo(c, F, port), ECONNABORTED, "connect after it");
	is_errno(connect_lo(c, F, port), EINPROGRESS, "again");
	poll_for(c, POLLOUT);
	is_errno(connect_lo(c, F, port), ECONNREFUSED, "connect tells it too");
	close(c);
	l = listen_lo(F, 1);
	c = socket(F, SOCK_STREAM | SOCK_NONBLOCK, 0);
	is_errno(connect_lo(c, F, port_of(l)), EINPROGRESS, "to one that is");
	is(poll_for(c, POLLOUT), POLLOUT, "writable");
	is(so_error(c), 0, "no error");
	is(connect_lo(c, F, port_of(l)), 0, "connect says yes");
	is_errno(connect_lo(c, F, port_of(l)), EISCONN, "once");
	memset(&a, 0, sizeof(a));
	is_errno(connect(c, &a.sa, 1), EINVAL, "a name of one byte");
	is(connect(c, &a.sa, sizeof(a.sa)), 0, "AF_UNSPEC ends it");
	is_errno(getpeername(c, &a.sa, &(socklen_t){ sizeof(a) }), ENOTCONN,
		 "no peer");
	close(c);
	c = accept(l, NULL, NULL);
	is_errno(recv(c, &a, 1, 0), ECONNRESET, "who listens sees a reset");
	close(c);
	close(l);
}

static void test_backlog(void)
{
	int l = listen_lo(F, 1), c[4], a, n = 0;

	for (int i = 0; i < 4; i++) {
		c[i] = socket(F, SOCK_STREAM | SOCK_NONBLOCK, 0);
		connect_lo(c[i], F, port_of(l));
	}
	for (int i = 0; i < 4; i++)
		if (poll_now(c[i], POLLOUT) & POLLOUT)
			n++;
	is(n, 2, "backlog 1: two connections wait");
	is_errno(connect_lo(c[3], F, port_of(l)), EALREADY, "the last tries");
	is(poll_now(c[3], POLLOUT | POLLIN), 0, "and says nothing");
	a = accept(l, NULL, NULL);
	ok(a >= 0, "accept makes room");
	close(a);
	a = accept(l, NULL, NULL);
	ok(a >= 0, "and again");
	close(a);
	is(poll_for(c[3], POLLOUT) & POLLOUT, POLLOUT, "all connect in the end");
	for (int i = 0; i < 4; i++)
		close(c[i]);
	close(l);
}

static void test_listener_ends(void)
{
	int l = listen_lo(F, 5), c = socket(F, SOCK_STREAM, 0);
	char b[4];

	is(connect_lo(c, F, port_of(l)), 0, "connect, nobody accepts");
	is(write(c, "abc", 3), 3, "write");
	close(l);
	is(poll_for(c, 0), POLLERR | POLLHUP, "the listener goes: reset");
	is_errno(read(c, b, 4), ECONNRESET, "ECONNRESET");
	close(c);
	l = listen_lo(F, 5);
	is(poll_now(l, POLLIN | POLLOUT), 0, "poll of a listener");
	is(shutdown(l, SHUT_RD), 0, "shutdown of a listener");
	is_errno(accept(l, NULL, NULL), EINVAL, "it listens no more");
	close(l);
}

static void test_buffers(void)
{
	static char block[65536];
	long sent = 0, got = 0;
	int s[2], r;

	tcp_pair(F, s);
	set_nonblock(s[0]);
	while ((r = (int)write(s[0], block, sizeof(block))) > 0)
		sent += r;
	ok(r == -1 && errno == EAGAIN, "the buffer fills up");
	is(poll_now(s[0], POLLOUT), 0, "not writable");
	while (got < sent) {
		r = (int)read(s[1], block, sizeof(block));
		if (r <= 0)
			break;
		got += r;
	}
	is(got, sent, "all comes");
	is(poll_for(s[0], POLLOUT), POLLOUT, "writable again");
	close(s[0]);
	close(s[1]);
}

/* A child echoes; the parent sends more than any buffer holds. */
static void test_processes(void)
{
	enum { TOTAL = 8 << 20, STEP = 65536 };
	static char out[STEP], in[STEP];
	int l = listen_lo(F, 5), c, status, bad = 0;
	pid_t child = fork(), writer;

	if (!child) {
		long n;

		c = accept(l, NULL, NULL);
		while ((n = read(c, in, STEP)) > 0)
			if (write(c, in, (size_t)n) != n)
				_exit(1);
		_exit(n != 0);
	}
	c = socket(F, SOCK_STREAM, 0);
	is(connect_lo(c, F, port_of(l)), 0, "connect to a child");
	writer = fork();
	if (!writer) {
		for (int i = 0; i < TOTAL / STEP; i++) {
			memset(out, i, STEP);
			if (write(c, out, STEP) != STEP)
				_exit(1);
		}
		shutdown(c, SHUT_WR);
		_exit(0);
	}
	for (int i = 0; i < TOTAL / STEP; i++) {
		memset(out, i, STEP);
		if (recv(c, in, STEP, MSG_WAITALL) != STEP ||
		    memcmp(in, out, STEP))
			bad++;
	}
	is(bad, 0, "8 MiB come back");
	is(read(c, in, 1), 0, "and the end");
	waitpid(writer, &status, 0);
	is(status, 0, "the writer is content");
	waitpid(child, &status, 0);
	is(status, 0, "and the echo");
	close(c);
	close(l);
}

static void test_timeouts(void)
{
	struct timeval tv = { 0, 20000 };
	int s[2];
	char b[2];

	tcp_pair(F, s);
	is(setsockopt(s[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)), 0,
	   "SO_RCVTIMEO");
	is_errno(recv(s[0], b, 1, 0), EAGAIN, "recv times out");
	is(set_opt(s[0], SOL_SOCKET, SO_RCVLOWAT, 2), 0, "SO_RCVLOWAT 2");
	is(write(s[1], "a", 1), 1, "one byte");
	is(recv(s[0], b, 2, 0), 1, "recv waits for the second, in vain");
	is(set_opt(s[0], SOL_SOCKET, SO_RCVLOWAT, 1), 0, "SO_RCVLOWAT 1");
	close(s[0]);
	close(s[1]);
}

int main(void)
{
	need_loopback(F);
	test_names();
	test_data();
	test_fin();
	test_reset();
	test_refused();
	test_backlog();
	test_listener_ends();
	test_buffers();
	test_processes();
	test_timeouts();
	return done_testing();
}
