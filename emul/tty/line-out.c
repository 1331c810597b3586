/* SPDX-License-Identifier: Apache-2.0 */
/* line-out.c: the line discipline's output and echo; termios(3). */
#include "emul/tty/line.h"

/* In line->echo, beside the byte. */
#define ECHO_PLAIN	0x000u
#define ECHO_CONTROL	0x100u	/* shown as ^X */
#define ECHO_FIRST	0x200u
#define ECHO_LESS	0x300u
#define ECHO_UNTAB	0x400u
#define ECHO_UNTAB_TAB	0x500u	/* from a tab on */
#define ECHO_KIND	0xf00u

/*
 * What @c becomes on its way out: into @s, of LINE_PUT_MAX bytes; how many
 * there are is returned.  Keeps count of the column.
 */
static unsigned int post(struct line *l, uint8_t c, char *s)
{
	uint32_t flags = l->tio.c_oflag, spaces;

	s[0] = (char)c;
	switch (c) {
	case '\n':
		if (flags & ONLCR) {
			l->column = l->first_column = 0;
			s[0] = '\r';
			s[1] = '\n';
			return 2;
		}
		if (flags & ONLRET)
			l->column = 0;
		l->first_column = l->column;
		break;
	case '\r':
		if ((flags & ONOCR) && !l->column)
			return 0;
		if (flags & OCRNL) {
			s[0] = '\n';
			if (!(flags & ONLRET))
				break;
		}
		l->column = l->first_column = 0;
		break;
	case '\t':
		spaces = 8 - (l->column & 7);
		l->column += spaces;
		if ((flags & TABDLY) != XTABS)
			break;
		memset(s, ' ', spaces);
		return spaces;
	case '\b':
		if (l->column)
			l->column--;
		break;
	default:
		if (is_control(c))
			break;
		if ((flags & OLCUC) && c >= 'a' && c <= 'z')
			s[0] = (char)(c - 'a' + 'A');
		if (!is_continued(l, c))
			l->column++;
	}
	return 1;
}

bool line_can_write(const struct line *l)
{
	return !l->stopped && l->echo_head == l->echo_tail &&
		ring_room(l->out) >= LINE_PUT_MAX;
}

size_t line_write(struct line *l, const char *p, size_t n)
{
	char s[LINE_PUT_MAX];
	size_t done = 0;

	line_echo_rest(l);
	if (l->stopped || l->echo_head != l->echo_tail)
		return 0;
	if (!(l->tio.c_oflag & OPOST))
		done = ring_put(l->out, p, n);
	else
		while (done < n && ring_room(l->out) >= LINE_PUT_MAX)
			ring_put(l->out, s, post(l, (uint8_t)p[done++], s));
	if (done)
		l->events |= LINE_OUT;
	return done;
}

/* One entry of line->echo as bytes; at most LINE_PUT_MAX. */
static unsigned int show(struct line *l, unsigned int e, char *s)
{
	uint8_t c = (uint8_t)e;
	unsigned int n;

	switch (e & ECHO_KIND) {
	case ECHO_CONTROL:
		s[0] = '^';
		s[1] = (char)(c ^ 0100);
		l->column += 2;
		return 2;
	case ECHO_FIRST:
		l->first_column = l->column;
		return 0;
	case ECHO_LESS:
		if (l->column)
			l->column--;
		return 0;
	case ECHO_UNTAB:
	case ECHO_UNTAB_TAB:
		n = c + ((e & ECHO_KIND) == ECHO_UNTAB ? l->first_column : 0);
		n = 8 - (n & 7);
		memset(s, '\b', n);
		l->column -= MIN(n, l->column);
		return n;
	}
	if (l->tio.c_oflag & OPOST)
		return post(l, c, s);
	s[0] = (char)c;
	return 1;
}

void line_echo_rest(struct line *l)
{
	char s[LINE_PUT_MAX];
	unsigned int e;

	while (!l->stopped && l->echo_tail != l->echo_head &&
	       ring_room(l->out) >= LINE_PUT_MAX) {
		e = l->echo[l->echo_tail++ & (ECHO_SIZE - 1)];
		if (ring_put(l->out, s, show(l, e, s)))
			l->events |= LINE_OUT;
	}
}

/* What does not fit is lost. */
static void put_echo(struct line *l, unsigned int entry)
{
	if (l->echo_head - l->echo_tail == ECHO_SIZE)
		line_echo_rest(l);
	if (l->echo_head - l->echo_tail < ECHO_SIZE)
		l->echo[l->echo_head++ & (ECHO_SIZE - 1)] = (uint16_t)entry;
}

void line_echo_raw(struct line *l, uint8_t c)
{
	put_echo(l, c | ECHO_PLAIN);
}

void line_echo(struct line *l, uint8_t c)
{
	bool show = (l->tio.c_lflag & ECHOCTL) && is_control(c) && c != '\t';

	put_echo(l, c | (show ? ECHO_CONTROL : ECHO_PLAIN));
}

void line_echo_first(struct line *l)
{
	put_echo(l, ECHO_FIRST);
}

void line_echo_less(struct line *l)
{
	put_echo(l, ECHO_LESS);
}

void line_echo_untab(struct line *l, uint32_t columns, bool after_tab)
{
	put_echo(l, (columns & 7) | (after_tab ? ECHO_UNTAB_TAB : ECHO_UNTAB));
}

void line_echo_erased(struct line *l)
{
	if (l->erasing)
		line_echo_raw(l, '/');
	l->erasing = false;
}

void line_stop(struct line *l)
{
	if (l->stopped)
		return;
	l->stopped = true;
	l->packet = (uint8_t)((l->packet & ~TIOCPKT_START) | TIOCPKT_STOP);
}

void line_start(struct line *l)
{
	if (!l->stopped || l->held)
		return;
	l->stopped = false;
	l->packet = (uint8_t)((l->packet & ~TIOCPKT_STOP) | TIOCPKT_START);
	line_echo_rest(l);
	l->events |= LINE_ROOM;
}

void line_flush_output(struct line *l)
{
	if (ring_used(l->out) > LINE_KEPT)
		l->out->head = l->out->tail + LINE_KEPT;
	l->packet |= TIOCPKT_FLUSHWRITE;
	l->events |= LINE_ROOM;
}
