/* SPDX-License-Identifier: Apache-2.0 */
/* g-pty.c: both ends of a pseudo-terminal within one process. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "t/guest.h"
#include "t/pty.h"

static int m, s;
static char big[65536];

static void fresh(void)
{
	close(s);
	close(m);
	m = pty_pair(&s);
}

/* What is typed comes to the slave, and as echo to the master. */
static void typed(const char *what, const char *in, const char *slave,
		  const char *master)
{
	char buf[256], name[128];

	pty_put(m, in, strlen(in));
	pty_settle(m, s);
	pty_get(s, buf, sizeof(buf));
	snprintf(name, sizeof(name), "%s: read", what);
	if (!ok(!strcmp(buf, slave), name))
		pty_show(buf);
	pty_get(m, buf, sizeof(buf));
	snprintf(name, sizeof(name), "%s: echo", what);
	if (!ok(!strcmp(buf, master), name))
		pty_show(buf);
}

static void flags(tcflag_t in, tcflag_t out, tcflag_t local)
{
	struct termios t;

	tcgetattr(s, &t);
	t.c_iflag = in;
	t.c_oflag = out;
	t.c_lflag = local;
	is(tcsetattr(s, TCSANOW, &t), 0, "tcsetattr");
}

static void test_open(void)
{
	char path[64], name[64];
	struct termios t;
	struct stat st;
	int n, fd;

	m = open("/dev/ptmx", O_RDWR | O_NOCTTY);
	if (m < 0)
		skip_all("no pseudo-terminals here");
	ok(isatty(m), "the master is a terminal");
	is(ioctl(m, TIOCGPTN, &n), 0, "TIOCGPTN");
	snprintf(path, sizeof(path), "/dev/pts/%d", n);
	is(ioctl(m, TIOCGPTLCK, &n), 0, "TIOCGPTLCK");
	is(n, 1, "locked at first");
	is_errno(open(path, O_RDWR | O_NOCTTY), EIO, "open a locked slave");
	n = 0;
	is(ioctl(m, TIOCSPTLCK, &n), 0, "TIOCSPTLCK");
	s = open(path, O_RDWR | O_NOCTTY);
	ok(s >= 0, "open the slave");
	is(stat(path, &st), 0, "stat of the slave");
	ok(S_ISCHR(st.st_mode), "a device");
	is(major(st.st_rdev), 136, "its major number");
	is(st.st_uid, (long)geteuid(), "its owner");
	is(ttyname_r(s, name, sizeof(name)), 0, "ttyname");
	ok(!strcmp(name, path), "its name");
	is(ptsname_r(m, name, sizeof(name)), 0, "ptsname");
	ok(!strcmp(name, path), "the same");
	is(grantpt(m), 0, "grantpt");
	is(unlockpt(m), 0, "unlockpt");
	is_errno(lseek(s, 0, SEEK_CUR), ESPIPE, "lseek");
	is(fchmod(s, 0600), 0, "fchmod");
	is(fstat(s, &st), 0, "fstat");
	is(st.st_mode & 0777, 0600, "the new mode");
	fd = ioctl(m, TIOCGPTPEER, O_RDWR | O_NOCTTY);
	ok(fd >= 0, "TIOCGPTPEER");
	is(ttyname_r(fd, name, sizeof(name)), 0, "ttyname of it");
	ok(!strcmp(name, path), "it is the same");
	close(fd);
	is_errno(ioctl(s, TIOCGPTN, &n), ENOTTY, "TIOCGPTN of the slave");

	is(tcgetattr(s, &t), 0, "tcgetattr");
	is(t.c_iflag, ICRNL | IXON, "c_iflag");
	is(t.c_oflag, OPOST | ONLCR, "c_oflag");
	is(t.c_cflag, CS8 | CREAD | B38400, "c_cflag");
	is(t.c_lflag, ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE |
	   IEXTEN, "c_lflag");
	ok(!memcmp(t.c_cc, "\3\34\177\25\4\0\1\0\21\23\32\0\22\17\27\26\0", 17),
	   "c_cc");
	is(cfgetospeed(&t), B38400, "speed");
}

static void test_settings(void)
{
	struct winsize ws = { 24, 80, 1, 2 }, got;
	struct termios t;
	int n;

	is(ioctl(s, TIOCGWINSZ, &got), 0, "TIOCGWINSZ");
	is(got.ws_row, 0, "no rows at first");
	is(ioctl(m, TIOCSWINSZ, &ws), 0, "TIOCSWINSZ by the master");
	is(ioctl(s, TIOCGWINSZ, &got), 0, "TIOCGWINSZ");
	ok(!memcmp(&ws, &got, sizeof(ws)), "the slave sees it");
	ws.ws_col = 132;
	is(ioctl(s, TIOCSWINSZ, &ws), 0, "TIOCSWINSZ by the slave");
	ioctl(m, TIOCGWINSZ, &got);
	is(got.ws_col, 132, "the master sees it");
	tcgetattr(m, &t);
	t.c_cflag = CS5 | PARENB | B9600;
	is(tcsetattr(m, TCSAFLUSH, &t), 0, "tcsetattr by the master");
	tcgetattr(s, &t);
	is(t.c_cflag, CS8 | CREAD | B9600, "always eight bits");
	is(cfgetispeed(&t), B9600, "speed");
	is(ioctl(s, TIOCOUTQ, &n), 0, "TIOCOUTQ");
	is(n, 0, "nothing waits to be sent");
	is(tcdrain(s), 0, "tcdrain");
	is(tcsendbreak(s, 0), 0, "tcsendbreak");
	is_errno(tcflush(s, 77), EINVAL, "tcflush of what");
	is_errno(tcflow(s, 77), EINVAL, "tcflow of what");
	is_errno(ioctl(s, 0x5499, &n), ENOTTY, "unknown call");
	is(ioctl(s, TIOCGETD, &n), 0, "TIOCGETD");
	is(n, 0, "N_TTY");
	n = 1;
	is(ioctl(m, TIOCPKT, &n), 0, "TIOCPKT");
	n = 0;
	is(ioctl(m, TIOCPKT, &n), 0, "and off again");
	is_errno(ioctl(s, TIOCPKT, &n), ENOTTY, "TIOCPKT of the slave");
	is_errno(tcgetpgrp(s), ENOTTY, "it controls no session");
	is_errno(tcsetpgrp(s, getpid()), ENOTTY, "nor has a group in front");
	is_errno(tcgetsid(s), ENOTTY, "no session");
	is(tcgetpgrp(m), 0, "nobody in front, the master sees");
	is_errno(tcgetsid(m), ENOTTY, "no session there either");
	is_errno(ioctl(s, TIOCNOTTY), ENOTTY, "TIOCNOTTY");
}

static void test_lines(void)
{
	char buf[64];
	int n;

	typed("a line", "hello\n", "hello\n", "hello\r\n");
	typed("return", "hello\r", "hello\n", "hello\r\n");
	typed("not a line yet", "abc", "", "abc");
	is(ioctl(s, FIONREAD, &n), 0, "FIONREAD");
	is(n, 0, "nothing to be read");
	typed("its end", "\n", "abc\n", "\r\n");
	typed("erase", "ab\177c\n", "ac\n", "ab\b \bc\r\n");
	typed("erase at the start", "\177\177x\n", "x\n", "x\r\n");
	typed("kill", "abc\25d\n", "d\n", "abc\b \b\b \b\b \bd\r\n");
	typed("erase a word", "ab cd  \27x\n", "ab x\n",
	      "ab cd  \b \b\b \b\b \b\b \bx\r\n");
	typed("control characters", "\1\2\n", "\1\2\n", "^A^B\r\n");
	typed("erase them", "a\1\177\n", "a\n", "a^A\b \b\b \b\r\n");
	typed("literal", "a\26\3\26\177b\n", "a\3\177b\n",
	      "a^\b^C^\b^?b\r\n");
	typed("reprint", "ab\22c\n", "abc\n", "ab^R\r\nabc\r\n");
	typed("tab", "a\tb\n", "a\tb\n", "a\tb\r\n");
	typed("erase a tab", "ab\t\177c\n", "abc\n",
	      "ab\t\b\b\b\b\b\bc\r\n");
	typed("end of file in a line", "abc\4", "abc", "abc");
	pty_put(m, "\4", 1);
	pty_settle(m, s);
	is(read(s, buf, 8), 0, "end of file");
	is_errno(read(s, buf, 8), EAGAIN, "and nothing more");
	pty_put(m, "abcdef\nxy\n", 10);
	pty_settle(m, s);
	is(ioctl(s, FIONREAD, &n), 0, "FIONREAD");
	is(n, 10, "two lines");
	is(read(s, buf, 3), 3, "a part of a line");
	is(read(s, buf, 64), 4, "the rest of it");
	is(read(s, buf, 64), 3, "the next");
	pty_put(m, "abc\4", 4);
	pty_settle(m, s);
	is(read(s, buf, 3), 3, "all up to the end of file");
	is_errno(read(s, buf, 3), EAGAIN, "which does not come again");
	pty_get(m, buf, sizeof(buf));
}

static void test_local(void)
{
	tcflag_t base = ISIG | ICANON | ECHO | IEXTEN;

	flags(ICRNL, OPOST | ONLCR, base & ~(tcflag_t)ECHO);
	typed("no echo", "ab\177c\n", "ac\n", "");
	flags(ICRNL, OPOST | ONLCR, (base & ~(tcflag_t)ECHO) | ECHONL);
	typed("echo of newlines", "ab\n", "ab\n", "\r\n");
	flags(ICRNL, OPOST | ONLCR, base);
	typed("erase without ECHOE", "ab\177c\n", "ac\n", "ab\177c\r\n");
	typed("kill without ECHOK", "ab\25c\n", "c\n", "ab\25c\r\n");
	flags(ICRNL, OPOST | ONLCR, base | ECHOK);
	typed("kill with ECHOK", "ab\25c\n", "c\n", "ab\25\r\nc\r\n");
	flags(ICRNL, OPOST | ONLCR, base | ECHOE | ECHOPRT);
	typed("ECHOPRT", "abc\177\177d\n", "ad\n", "abc\\cb/d\r\n");
	flags(ICRNL, OPOST | ONLCR, base & ~(tcflag_t)IEXTEN);
	typed("without IEXTEN", "a b\27\26\22\n", "a b\27\26\22\n",
	      "a b\27\26\22\r\n");
	flags(ICRNL | IUTF8, OPOST | ONLCR, base | ECHOE);
	typed("UTF-8", "a\303\244\177b\n", "ab\n", "a\303\244\b \bb\r\n");
	flags(0, 0, 0);
	typed("raw", "a\r\n\3\4\177\0", "a\r\n\3\4\177", "");
	flags(INLCR, 0, 0);
	typed("INLCR", "a\n\r", "a\r\r", "");
	flags(IGNCR, 0, 0);
	typed("IGNCR", "a\n\r", "a\n", "");
	flags(ISTRIP, 0, 0);
	typed("ISTRIP", "a\341", "aa", "");
	flags(IUCLC, 0, IEXTEN);
	typed("IUCLC", "AbC", "abc", "");
	flags(PARMRK, 0, 0);
	typed("PARMRK", "a\377b", "a\377\377b", "");
}

static void test_eol(void)
{
	struct termios t;

	tcgetattr(s, &t);
	t.c_cc[VEOL] = ';';
	t.c_cc[VEOL2] = '|';
	t.c_iflag = ICRNL;
	t.c_oflag = OPOST | ONLCR;
	t.c_lflag = ICANON | ECHO | IEXTEN;
	tcsetattr(s, TCSANOW, &t);
	typed("VEOL", "ab;", "ab;", "ab;");
	typed("VEOL2", "ab|", "ab|", "ab|");
	t.c_lflag &= ~(tcflag_t)ICANON;
	tcsetattr(s, TCSANOW, &t);
	typed("not in raw mode", "a;\4", "a;\4", "a;\4");
}

static void test_mode_change(void)
{
	struct termios t, raw;

	tcgetattr(s, &t);
	t.c_lflag = ICANON;
	tcsetattr(s, TCSANOW, &t);
	typed("no line", "abc", "", "");
	raw = t;
	raw.c_lflag = 0;
	tcsetattr(s, TCSANOW, &raw);
	typed("raw has it at once", "d", "abcd", "");
	pty_put(m, "xyz", 3);
	pty_settle(m, s);
	tcsetattr(s, TCSANOW, &t);
	typed("what was there is a line", "", "xyz", "");
	pty_put(m, "gone", 4);
	pty_settle(m, s);
	tcsetattr(s, TCSAFLUSH, &t);
	typed("TCSAFLUSH", "new\n", "new\n", "");
	pty_put(m, "old\n", 4);
	pty_settle(m, s);
	is(tcflush(s, TCIFLUSH), 0, "tcflush");
	typed("nothing is left", "", "", "");
}

static void test_output(void)
{
	static const struct {
		const char *name;
		tcflag_t flags;
		const char *in, *out;
	} cases[] = {
		{ "no OPOST", ONLCR, "a\nb\r\t", "a\nb\r\t" },
		{ "ONLCR", OPOST | ONLCR, "a\nb\n", "a\r\nb\r\n" },
		{ "OCRNL", OPOST | OCRNL, "a\rb", "a\nb" },
		{ "ONOCR", OPOST | ONOCR, "\na\r\rb\r\r", "\na\rb\r" },
		{ "ONLRET", OPOST | ONLRET | ONOCR, "ab\n\rc", "ab\nc" },
		{ "OLCUC", OPOST | OLCUC, "aBc", "ABC" },
		{ "TAB3", OPOST | TAB3, "\ra\tb\t\tc",
		  "\ra       b               c" },
		{ "columns", OPOST | TAB3, "\rab\b\tx", "\rab\b       x" },
	};
	char buf[256];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		flags(0, cases[i].flags, 0);
		is(write(s, cases[i].in, strlen(cases[i].in)),
		   (long)strlen(cases[i].in), "write");
		pty_settle(s, m);
		pty_get(m, buf, sizeof(buf));
		if (!ok(!strcmp(buf, cases[i].out), cases[i].name))
			pty_show(buf);
	}
}

static void test_signals(void)
{
	tcflag_t base = ISIG | ICANON | ECHO | ECHOCTL | IEXTEN;
	char buf[64];

	/* Nobody is in front, so nobody gets them. */
	flags(ICRNL, OPOST | ONLCR, base);
	typed("interrupt flushes", "ab\nc\3d\n", "d\n", "^Cd\r\n");
	typed("quit", "a\34b\n", "b\n", "^\\b\r\n");
	typed("suspend", "a\32b\n", "b\n", "^Zb\r\n");
	flags(ICRNL, OPOST | ONLCR, base | NOFLSH);
	typed("NOFLSH", "ab\nc\3d\n", "ab\ncd\n", "ab\r\nc^Cd\r\n");
	flags(ICRNL, OPOST | ONLCR, base & ~(tcflag_t)ISIG);
	typed("no ISIG", "a\3b\n", "a\3b\n", "a^Cb\r\n");
	flags(ICRNL, OPOST | ONLCR, base);
	is(write(s, "out", 3), 3, "write");
	pty_settle(s, m);
	typed("output is there already", "\3", "", "out^C");
	is(write(s, "out", 3), 3, "write");
	pty_settle(s, m);
	is(tcflush(s, TCOFLUSH), 0, "tcflush");
	pty_get(m, buf, sizeof(buf));
	ok(!strcmp(buf, "out"), "what the master has stays");
}

static void test_flow(void)
{
	struct termios t;
	char buf[64];
	int n;

	flags(IXON, 0, 0);
	typed("stop", "\23", "", "");
	is_errno(write(s, "x", 1), EAGAIN, "stopped");
	is(pty_poll(s), 0, "not writable");
	typed("start", "\21", "", "");
	is(write(s, "x", 1), 1, "goes on");
	typed("the output", "", "", "x");
	typed("without IXANY", "\23a", "a", "");
	is_errno(write(s, "x", 1), EAGAIN, "still stopped");
	flags(IXON | IXANY, 0, 0);
	typed("IXANY", "b", "b", "");
	is(write(s, "y", 1), 1, "any character will do");
	typed("the output", "", "", "y");
	typed("stop again", "\23", "", "");
	flags(0, 0, 0);
	is(write(s, "z", 1), 1, "without IXON nothing is stopped");
	typed("the output", "", "", "z");

	is(tcflow(s, TCOOFF), 0, "TCOOFF");
	is_errno(write(s, "x", 1), EAGAIN, "output is held");
	is(tcflow(s, TCOON), 0, "TCOON");
	is(write(s, "x", 1), 1, "and goes on");
	is(tcflow(s, TCIOFF), 0, "TCIOFF");
	is(tcflow(s, TCION), 0, "TCION");
	pty_settle(s, m);
	pty_get(m, buf, sizeof(buf));
	n = buf[0] == 'x' && strchr(buf, '\23') && strchr(buf, '\21');
	ok(n, "asks the other end to stop and start");

	flags(IXON, 0, ECHO);
	typed("echo while stopped", "\23ab", "ab", "");
	typed("comes later", "\21", "", "ab");
	tcgetattr(s, &t);
}

static void test_min_time(void)
{
	struct timespec a, b;
	struct termios t;
	char buf[64];
	long ms;

	fcntl(s, F_SETFL, O_RDWR);
	tcgetattr(s, &t);
	t.c_iflag = t.c_oflag = t.c_lflag = 0;
	t.c_cc[VMIN] = 0;
	t.c_cc[VTIME] = 0;
	tcsetattr(s, TCSANOW, &t);
	is(read(s, buf, 8), 0, "MIN 0, TIME 0 does not wait");
	pty_put(m, "abc", 3);
	pty_settle(m, s);
	is(read(s, buf, 8), 3, "what is there");
	t.c_cc[VTIME] = 2;
	tcsetattr(s, TCSANOW, &t);
	clock_gettime(CLOCK_MONOTONIC, &a);
	is(read(s, buf, 8), 0, "MIN 0, TIME 2");
	clock_gettime(CLOCK_MONOTONIC, &b);
	ms = (b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000;
	ok(ms >= 150, "has waited");
	t.c_cc[VMIN] = 5;
	t.c_cc[VTIME] = 1;
	tcsetattr(s, TCSANOW, &t);
	pty_put(m, "abc", 3);
	pty_settle(m, s);
	is(pty_poll(s) & POLLIN, POLLIN, "with TIME one byte is enough");
	is(read(s, buf, 8), 3, "MIN 5, TIME 1");
	t.c_cc[VTIME] = 0;
	tcsetattr(s, TCSANOW, &t);
	pty_put(m, "abcd", 4);
	pty_settle(m, s);
	is(pty_poll(s) & POLLIN, 0, "four of five");
	pty_put(m, "e", 1);
	pty_settle(m, s);
	is(pty_poll(s) & POLLIN, POLLIN, "five of five");
	is(read(s, buf, 8), 5, "MIN 5");
	fcntl(s, F_SETFL, O_RDWR | O_NONBLOCK);
	pty_put(m, "abc", 3);
	pty_settle(m, s);
	is(read(s, buf, 8), 3, "O_NONBLOCK does not wait for MIN");
	is_errno(read(s, buf, 8), EAGAIN, "nor for more");
}

static void test_packet(void)
{
	struct termios t;
	char buf[64];
	int on = 1;

	fresh();
	is(ioctl(m, TIOCPKT, &on), 0, "TIOCPKT");
	is(ioctl(m, TIOCGPKT, &on), 0, "TIOCGPKT");
	is(on, 1, "it is on");
	is(write(s, "ab", 2), 2, "write");
	pty_settle(s, m);
	is(read(m, buf, 64), 3, "a byte more");
	ok(!memcmp(buf, "\0ab", 3), "data");
	is(tcflow(s, TCOOFF), 0, "TCOOFF");
	is(pty_poll(m) & (POLLIN | POLLPRI), POLLIN | POLLPRI, "a status");
	is(read(m, buf, 64), 1, "read it");
	is(buf[0], TIOCPKT_STOP, "stopped");
	tcflow(s, TCOON);
	is(read(m, buf, 64), 1, "read it");
	is(buf[0], TIOCPKT_START, "started");
	tcflush(s, TCIFLUSH);
	is(read(m, buf, 64), 1, "read it");
	is(buf[0], TIOCPKT_FLUSHREAD, "flushed");
	tcflush(s, TCIOFLUSH);
	is(read(m, buf, 64), 1, "read it");
	is(buf[0], TIOCPKT_FLUSHREAD | TIOCPKT_FLUSHWRITE, "both");
	tcgetattr(s, &t);
	t.c_iflag &= ~(tcflag_t)IXON;
	tcsetattr(s, TCSANOW, &t);
	is(read(m, buf, 64), 1, "read it");
	is(buf[0], TIOCPKT_NOSTOP, "no flow control");
	t.c_iflag |= IXON;
	tcsetattr(s, TCSANOW, &t);
	is(read(m, buf, 64), 1, "read it");
	is(buf[0], TIOCPKT_DOSTOP, "flow control");
	is_errno(read(m, buf, 64), EAGAIN, "nothing more");
}

static void test_closed(void)
{
	struct pollfd p;
	char buf[64], path[64];
	int n;

	fresh();
	ioctl(m, TIOCGPTN, &n);
	snprintf(path, sizeof(path), "/dev/pts/%d", n);
	is(write(s, "last", 4), 4, "write");
	pty_settle(s, m);
	close(s);
	is(pty_poll(m), POLLIN | POLLOUT | POLLHUP, "the slave is closed");
	is(read(m, buf, 64), 4, "its last words");
	is_errno(read(m, buf, 64), EIO, "then EIO");
	s = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK);
	ok(s >= 0, "opened again");
	is_errno(read(m, buf, 64), EAGAIN, "nothing yet");
	pty_put(m, "abc\n", 4);
	pty_settle(m, s);
	close(m);
	is(read(s, buf, 64), 0, "the master is closed: end of file");
	is_errno(write(s, "x", 1), EIO, "no writing");
	p = (struct pollfd){ .fd = s, .events = POLLIN | POLLOUT };
	is(poll(&p, 1, 0), 1, "poll");
	is(p.revents, POLLIN | POLLOUT | POLLHUP | POLLERR, "all of it");
	is_errno(ioctl(s, TIOCGWINSZ, buf), EIO, "no ioctl");
	is_errno(tcsetpgrp(s, 1), ENOTTY, "nor tcsetpgrp");
	is_errno(open(path, O_RDWR | O_NOCTTY), ENOENT, "the name is gone");
	m = open("/dev/null", O_RDWR);
	fresh();
}

/* Lines that are too long, and a reader that does not read. */
static void test_full(void)
{
	ssize_t n, sum = 0;

	flags(ICRNL, 0, ICANON);
	memset(big, 'x', sizeof(big));
	big[4999] = '\n';
	for (int i = 0; i < 5000; i += 500) {
		pty_put(m, big + i, 500);
		pty_settle(m, s);
	}
	memset(big, 0, sizeof(big));
	n = read(s, big, sizeof(big));
	is(n, 4096, "a line of 5000");
	ok(n == 4096 && big[4094] == 'x' && big[4095] == '\n', "its end");
	is_errno(read(s, big, 1), EAGAIN, "that is all");

	flags(0, 0, 0);
	memset(big, 'y', sizeof(big));
	while ((n = write(m, big, 512)) > 0 && sum < 1000000)
		sum += n;
	ok(n < 0 && errno == EAGAIN, "the master cannot write for ever");
	ok(sum >= 4096 && sum < 100000, "but some");
	is(pty_poll(m) & POLLOUT, 0, "not writable");
	while (sum > 0) {
		pty_settle(m, s);
		n = read(s, big, sizeof(big));
		if (n <= 0)
			break;
		sum -= n;
	}
	is(sum, 0, "all of it comes");
	ok(pty_poll(m) & POLLOUT, "writable");

	while ((n = write(s, big, 512)) > 0 && sum < 1000000)
		sum += n;
	ok(n < 0 && errno == EAGAIN, "the slave cannot write for ever");
	is(pty_poll(s) & POLLOUT, 0, "not writable");
	ok(sum >= 4096, "but some");
	while (sum > 0) {
		pty_settle(s, m);
		n = read(m, big, sizeof(big));
		if (n <= 0)
			break;
		sum -= n;
	}
	is(sum, 0, "all of it comes");
	pty_settle(m, s);
	ok(pty_poll(s) & POLLOUT, "writable");
}

#define STREAM	300000

static void *writer(void *arg)
{
	unsigned char buf[777];
	uint32_t x = 1;
	int fd = *(int *)arg;

	for (size_t done = 0; done < STREAM; ) {
		size_t n = STREAM - done < 777 ? STREAM - done : 777, at = 0;

		for (size_t i = 0; i < n; i++) {
			x = x * 1103515245 + 12345;
			buf[i] = (unsigned char)(x >> 16);
		}
		while (at < n) {
			ssize_t r = write(fd, buf + at, n - at);

			if (r <= 0)
				return NULL;
			at += (size_t)r;
		}
		done += n;
	}
	return NULL;
}

/* Much, through a terminal that blocks. */
static void stream(int from, int to, const char *name)
{
	unsigned char buf[1000];
	uint32_t x = 1;
	pthread_t t;
	size_t done = 0;
	int good = 1;

	pthread_create(&t, NULL, writer, &from);
	while (done < STREAM) {
		ssize_t n = read(to, buf, sizeof(buf));

		if (n <= 0)
			break;
		for (ssize_t i = 0; i < n; i++) {
			x = x * 1103515245 + 12345;
			good &= buf[i] == (unsigned char)(x >> 16);
		}
		done += (size_t)n;
	}
	pthread_join(t, NULL);
	ok(good && done == STREAM, name);
}

static void test_epoll(void)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLET }, got;
	char buf[64];
	int ep = epoll_create1(0);

	fresh();
	flags(0, 0, 0);
	is(epoll_ctl(ep, EPOLL_CTL_ADD, s, &ev), 0, "watch the slave");
	is(epoll_wait(ep, &got, 1, 0), 0, "nothing");
	pty_put(m, "a", 1);
	is(epoll_wait(ep, &got, 1, 5000), 1, "an event");
	is(read(s, buf, 64), 1, "a byte");
	ev.data.u32 = 1;
	is(epoll_ctl(ep, EPOLL_CTL_ADD, m, &ev), 0, "watch the master");
	is(epoll_wait(ep, &got, 1, 0), 0, "nothing");
	is(write(s, "b", 1), 1, "write");
	is(epoll_wait(ep, &got, 1, 5000), 1, "an event");
	is(got.data.u32, 1, "of the master");
	close(ep);
}

int main(void)
{
	test_open();
	fcntl(m, F_SETFL, O_RDWR | O_NONBLOCK);
	fcntl(s, F_SETFL, O_RDWR | O_NONBLOCK);
	test_settings();
	fresh();
	test_lines();
	test_local();
	fresh();
	test_eol();
	test_mode_change();
	test_output();
	test_signals();
	test_flow();
	test_min_time();
	test_packet();
	test_closed();
	test_full();
	test_epoll();
	fresh();
	flags(0, 0, 0);
	fcntl(m, F_SETFL, O_RDWR);
	fcntl(s, F_SETFL, O_RDWR);
	stream(m, s, "much to the slave");
	stream(s, m, "much to the master");
	return done_testing();
}
