/* SPDX-License-Identifier: Apache-2.0 */
/*
 * g-pty-random.c: random settings, random bytes typed and written: what comes
 * out at both ends is printed, and so compared with Linux.
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <termios.h>

#include "t/guest.h"
#include "t/pty.h"

#define ROUNDS	150

static uint64_t seed = 12345;

static unsigned int rnd(unsigned int n)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned int)(seed >> 33) % n;
}

static tcflag_t some(const tcflag_t *of, size_t n, unsigned int one_in)
{
	tcflag_t f = 0;

	for (size_t i = 0; i < n; i++)
		if (!rnd(one_in))
			f |= of[i];
	return f;
}

#define SOME(of, one_in)	some(of, sizeof(of) / sizeof((of)[0]), one_in)

static void random_settings(struct termios *t)
{
	static const tcflag_t in[] = {
		INLCR, IGNCR, ICRNL, ISTRIP, IXON, IXANY, IUTF8, PARMRK,
	};
	static const tcflag_t out[] = {
		ONLCR, OCRNL, ONOCR, ONLRET, OLCUC, TAB3,
	};
	static const tcflag_t local[] = {
		ECHOE, ECHOK, ECHONL, ECHOCTL, ECHOKE, ECHOPRT, NOFLSH,
	};

	t->c_iflag = SOME(in, 3);
	t->c_oflag = SOME(out, 3) | (rnd(4) ? OPOST : 0);
	t->c_lflag = SOME(local, 2) | (rnd(4) ? ICANON : 0) |
		(rnd(4) ? ECHO : 0) | (rnd(3) ? IEXTEN : 0) |
		(rnd(3) ? 0 : ISIG);
	t->c_cc[VEOL] = rnd(3) ? 0 : ';';
	t->c_cc[VEOL2] = rnd(3) ? 0 : '\t';
	t->c_cc[VMIN] = 1;
	t->c_cc[VTIME] = 0;
}

static void random_typing(char *buf, unsigned int n)
{
	static const char special[] =
		"\177\177\177\25\27\26\22\4\r\n\t\t\303\244\b \3\32;\1\37";

	for (unsigned int i = 0; i < n; i++)
		buf[i] = rnd(3) ? "ab_ C-x9"[rnd(8)] :
			special[rnd(sizeof(special) - 1)];
}

static void dump(const char *what, const char *p, size_t n)
{
	printf("# %s %zu: ", what, n);
	for (size_t i = 0; i < n; i++)
		printf(p[i] > ' ' && p[i] <= '~' ? "%c" : "\\%o",
		       (unsigned char)p[i]);
	printf("\n");
}

static void one_round(unsigned int k)
{
	char in[64], out[16], buf[1024];
	struct termios t;
	int m, s;
	ssize_t n;

	m = pty_pair(&s);
	if (m < 0)
		skip_all("no pseudo-terminals here");
	for (unsigned int part = 0; part < 3; part++) {
		if (!part || !rnd(3)) {
			tcgetattr(s, &t);
			random_settings(&t);
			tcsetattr(s, rnd(3) ? TCSANOW : TCSAFLUSH, &t);
		}
		if (rnd(2)) {
			random_typing(out, sizeof(out));
			pty_put(s, out, 1 + rnd(sizeof(out)));
			pty_settle(s, m);
		}
		n = 1 + rnd(sizeof(in));
		random_typing(in, (unsigned int)n);
		pty_put(m, in, (size_t)n);
		pty_settle(m, s);
		printf("# round %u part %u: %x %x %x\n", k, part, t.c_iflag,
		       t.c_oflag, t.c_lflag);
		for (int i = 0; i < 100; i++) {
			n = read(s, buf, 1 + rnd(32));
			if (n < 0)
				break;
			dump("read", buf, (size_t)n);
		}
		n = (ssize_t)pty_get(m, buf, sizeof(buf));
		dump("echo", buf, (size_t)n);
	}
	close(s);
	close(m);
}

int main(void)
{
	for (unsigned int k = 0; k < ROUNDS; k++)
		one_round(k);
	ok(1, "random terminals");
	return done_testing();
}
