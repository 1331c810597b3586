/* SPDX-License-Identifier: Apache-2.0 */
/* line.c: the line discipline's input: editing, echo, signals; termios(3). */
#include "emul/tty/line.h"

#include "emul/lib/uapi.h"

#define MASK	(LINE_SIZE - 1)
#define CTRL(c)	((c) & 037)

/* Does it count as part of a word?  By Latin-1, so that UTF-8 does. */
static bool in_word(uint8_t c)
{
	uint8_t low = c | 0x20;

	return (low >= 'a' && low <= 'z') || (c >= '0' && c <= '9') ||
		c == '_' || (c >= 0xc0 && c != 0xd7 && c != 0xf7);
}

static uint32_t used(const struct line *l)
{
	return l->head - l->tail;
}

static void put(struct line *l, unsigned int entry)
{
	if (used(l) < LINE_SIZE)
		l->q[l->head++ & MASK] = (uint16_t)entry;
}

static uint8_t byte_at(const struct line *l, uint32_t at)
{
	return (uint8_t)l->q[at & MASK];
}

/* Is @c the control character @which?  0 switches one off. */
static bool is_cc(const struct line *l, uint8_t c, int which)
{
	return c && c == l->tio.c_cc[which];
}

/* One of those that only IEXTEN has. */
static bool is_cc_ext(const struct line *l, uint8_t c, int which)
{
	return (l->tio.c_lflag & IEXTEN) && is_cc(l, c, which);
}

void line_init(struct line *l, struct ring *out)
{
	static const uint8_t cc[] = {
		[VINTR] = CTRL('C'), [VQUIT] = CTRL('\\'), [VERASE] = 0177,
		[VKILL] = CTRL('U'), [VEOF] = CTRL('D'), [VMIN] = 1,
		[VSTART] = CTRL('Q'), [VSTOP] = CTRL('S'),
		[VSUSP] = CTRL('Z'), [VREPRINT] = CTRL('R'),
		[VDISCARD] = CTRL('O'), [VWERASE] = CTRL('W'),
		[VLNEXT] = CTRL('V'),
	};

	memset(l, 0, offsetof(struct line, echo));
	l->tio.c_iflag = ICRNL | IXON;
	l->tio.c_oflag = OPOST | ONLCR;
	l->tio.c_cflag = B38400 | CS8 | CREAD;
	l->tio.c_lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL |
		ECHOKE | IEXTEN;
	memcpy(l->tio.c_cc, cc, sizeof(cc));
	l->tio.c_ispeed = l->tio.c_ospeed = 38400;
	l->out = out;
}

static bool plain_flow(const struct termios2 *t)
{
	return (t->c_iflag & IXON) && t->c_cc[VSTOP] == CTRL('S') &&
		t->c_cc[VSTART] == CTRL('Q');
}

/* What TIOCPKT tells of a change, ioctl_tty(2). */
static void note_change(struct line *l, const struct termios2 *old)
{
	bool flow = plain_flow(&l->tio);

	if (flow != plain_flow(old)) {
		l->packet &= (uint8_t)~(TIOCPKT_DOSTOP | TIOCPKT_NOSTOP);
		l->packet |= flow ? TIOCPKT_DOSTOP : TIOCPKT_NOSTOP;
	}
	if ((l->tio.c_lflag | old->c_lflag) & EXTPROC)
		l->packet |= TIOCPKT_IOCTL;
}

/* What is there becomes one line, or bytes without lines. */
static void change_mode(struct line *l)
{
	for (uint32_t at = l->tail; at != l->head; at++)
		l->q[at & MASK] = byte_at(l, at);
	l->ready = l->tail;
	if ((l->tio.c_lflag & ICANON) && used(l)) {
		l->q[(l->head - 1) & MASK] |= LINE_END;
		l->ready = l->head;
	}
	l->erasing = l->literal = false;
}

void line_set(struct line *l, const struct termios2 *tio)
{
	struct termios2 old = l->tio;

	l->tio = *tio;
	l->tio.c_cflag &= ~(CSIZE | PARENB);
	l->tio.c_cflag |= CS8 | CREAD;
	note_change(l, &old);
	if ((old.c_lflag ^ tio->c_lflag) & (ICANON | EXTPROC))
		change_mode(l);
	if ((old.c_iflag & IXON) && !(tio->c_iflag & IXON))
		line_start(l);
	l->events |= LINE_READABLE | LINE_ROOM;
}

void line_flush_input(struct line *l)
{
	l->head = l->ready = l->tail;
	l->erasing = false;
	l->packet |= TIOCPKT_FLUSHREAD;
	l->events |= LINE_ROOM;
}

static bool flow_char(struct line *l, uint8_t c)
{
	if (!(l->tio.c_iflag & IXON))
		return false;
	if (is_cc(l, c, VSTART))
		line_start(l);
	else if (is_cc(l, c, VSTOP))
		line_stop(l);
	else
		return false;
	return true;
}

static bool signal_char(struct line *l, uint8_t c)
{
	int sig;

	if (!(l->tio.c_lflag & ISIG))
		return false;
	if (is_cc(l, c, VINTR))
		sig = SIGINT;
	else if (is_cc(l, c, VQUIT))
		sig = SIGQUIT;
	else if (is_cc(l, c, VSUSP))
		sig = SIGTSTP;
	else
		return false;
	l->signals |= SIGBIT(sig);
	if (!(l->tio.c_lflag & NOFLSH)) {
		l->echo_tail = l->echo_head;
		line_flush_output(l);
		line_flush_input(l);
	}
	if (l->tio.c_iflag & IXON)
		line_start(l);
	if (l->tio.c_lflag & ECHO)
		line_echo(l, c);
	return true;
}

/* How far the characters before the tab reach, there it began. */
static void erase_tab(struct line *l)
{
	bool ctl = l->tio.c_lflag & ECHOCTL;
	uint32_t columns = 0, at = l->head;

	while (at != l->ready) {
		uint8_t c = byte_at(l, --at);

		if (c == '\t') {
			line_echo_untab(l, columns, true);
			return;
		}
		if (is_control(c))
			columns += ctl ? 2 : 0;
		else if (!is_continued(l, c))
			columns++;
	}
	line_echo_untab(l, columns, false);
}

static void rub_out(struct line *l, uint8_t c)
{
	bool ctl = l->tio.c_lflag & ECHOCTL;
	int columns = is_control(c) ? ctl ? 2 : 0 : 1;

	if (c == '\t') {
		erase_tab(l);
		return;
	}
	while (columns--) {
		line_echo_raw(l, '\b');
		line_echo_raw(l, ' ');
		line_echo_raw(l, '\b');
	}
}

/* [@from, @to) was one character, with @c its first byte. */
static void show_erased(struct line *l, uint32_t from, uint32_t to, uint8_t c,
			bool one)
{
	uint32_t flags = l->tio.c_lflag;

	if (!(flags & ECHO))
		return;
	if (flags & ECHOPRT) {
		if (!l->erasing)
			line_echo_raw(l, '\\');
		l->erasing = true;
		line_echo(l, c);
		while (++from != to) {
			line_echo_raw(l, byte_at(l, from));
			line_echo_less(l);
		}
	} else if (one && !(flags & ECHOE)) {
		line_echo(l, l->tio.c_cc[VERASE]);
	} else {
		rub_out(l, c);
	}
}

enum erase { ERASE_ONE, ERASE_WORD, ERASE_LINE };

static void erase(struct line *l, enum erase what)
{
	bool word = false;

	while (l->head != l->ready) {
		uint32_t at = l->head, end = at;
		uint8_t c;

		do {
			c = byte_at(l, --at);
		} while (is_continued(l, c) && at != l->ready);
		if (is_continued(l, c))
			break;		/* half a character */
		if (what == ERASE_WORD) {
			if (in_word(c))
				word = true;
			else if (word)
				break;
		}
		l->head = at;
		show_erased(l, at, end, c, what == ERASE_ONE);
		if (what == ERASE_ONE)
			break;
	}
	if (l->head == l->ready && (l->tio.c_lflag & ECHO))
		line_echo_erased(l);
}

static void kill_line(struct line *l)
{
	uint32_t flags = l->tio.c_lflag;

	if ((flags & ECHO) && (flags & ECHOK) && (flags & ECHOKE) &&
	    (flags & ECHOE)) {
		erase(l, ERASE_LINE);
		return;
	}
	l->head = l->ready;
	if (!(flags & ECHO))
		return;
	line_echo_erased(l);
	line_echo(l, l->tio.c_cc[VKILL]);
	if (flags & ECHOK)
		line_echo_raw(l, '\n');
}

static void reprint(struct line *l, uint8_t c)
{
	line_echo_erased(l);
	line_echo(l, c);
	line_echo_raw(l, '\n');
	for (uint32_t at = l->ready; at != l->head; at++)
		line_echo(l, byte_at(l, at));
}

/* @mapped: it is what ICRNL made of a return. */
static void echo_typed(struct line *l, uint8_t c, bool mapped)
{
	if (!(l->tio.c_lflag & ECHO))
		return;
	line_echo_erased(l);
	if (mapped) {
		line_echo_raw(l, c);
		return;
	}
	if (l->ready == l->head)
		line_echo_first(l);
	line_echo(l, c);
}

static void keep(struct line *l, uint8_t c)
{
	if (c == 0xff && (l->tio.c_iflag & PARMRK))
		put(l, c);
	put(l, c);
	if (!line_canonical(l))
		l->events |= LINE_READABLE;
}

static void end_line(struct line *l, unsigned int entry)
{
	put(l, entry);
	l->ready = l->head;
	l->events |= LINE_READABLE;
}

/* The characters that end a line. */
static bool end_char(struct line *l, uint8_t c)
{
	if (c == '\n') {
		if (l->tio.c_lflag & (ECHO | ECHONL))
			line_echo_raw(l, c);
		end_line(l, c | LINE_END);
	} else if (is_cc(l, c, VEOF)) {
		end_line(l, LINE_EOF);
	} else if (is_cc(l, c, VEOL) || is_cc_ext(l, c, VEOL2)) {
		if (l->tio.c_lflag & ECHO) {
			if (l->ready == l->head)
				line_echo_first(l);
			line_echo(l, c);
		}
		end_line(l, c | LINE_END);
	} else {
		return false;
	}
	return true;
}

/* The characters that edit a line. */
static bool edit_char(struct line *l, uint8_t c)
{
	uint32_t flags = l->tio.c_lflag;

	if (is_cc(l, c, VERASE)) {
		erase(l, ERASE_ONE);
	} else if (is_cc(l, c, VKILL)) {
		if (l->head != l->ready)
			kill_line(l);
	} else if (is_cc_ext(l, c, VWERASE)) {
		erase(l, ERASE_WORD);
	} else if (is_cc_ext(l, c, VLNEXT)) {
		l->literal = true;
		if (flags & ECHO)
			line_echo_erased(l);
		if ((flags & ECHO) && (flags & ECHOCTL)) {
			line_echo_raw(l, '^');
			line_echo_raw(l, '\b');
		}
	} else if ((flags & ECHO) && is_cc_ext(l, c, VREPRINT)) {
		reprint(l, c);
	} else {
		return end_char(l, c);
	}
	return true;
}

static void type(struct line *l, uint8_t c)
{
	uint32_t in = l->tio.c_iflag, flags = l->tio.c_lflag;
	bool mapped = false;

	if (in & ISTRIP)
		c &= 0x7f;
	if ((in & IUCLC) && (flags & IEXTEN) && c >= 'A' && c <= 'Z')
		c = (uint8_t)(c - 'A' + 'a');
	if (flags & EXTPROC) {
		put(l, c);
		l->events |= LINE_READABLE;
		return;
	}
	if (!l->literal && (flow_char(l, c) || signal_char(l, c)))
		return;
	if ((in & IXON) && (in & IXANY))
		line_start(l);
	if (l->literal) {
		l->literal = false;
	} else {
		if (c == '\r' && (in & IGNCR))
			return;
		mapped = c == '\r' && (in & ICRNL);
		if (mapped)
			c = '\n';
		else if (c == '\n' && (in & INLCR))
			c = '\r';
		if ((flags & ICANON) && edit_char(l, c))
			return;
	}
	echo_typed(l, c, mapped);
	keep(l, c);
}

/*
 * Room for one byte more?  In a line that has become too long the last one
 * gives way, so that its end can still come.
 */
static bool has_room(struct line *l)
{
	if (used(l) < LINE_SIZE - 1)
		return true;
	if (!(l->tio.c_lflag & ICANON) || l->ready != l->tail)
		return false;
	if (used(l) == LINE_SIZE)
		l->head--;
	return true;
}

size_t line_type(struct line *l, const char *p, size_t n)
{
	size_t done;

	for (done = 0; done < n && has_room(l); done++)
		type(l, (uint8_t)p[done]);
	line_echo_rest(l);
	return done;
}

bool line_has(const struct line *l, uint32_t min)
{
	if (line_canonical(l))
		return l->ready != l->tail;
	return used(l) >= min;
}

static size_t take_line(struct line *l, char *p, size_t n, bool *end)
{
	size_t done = 0;
	unsigned int e;

	while (done < n && l->tail != l->ready && !*end) {
		e = l->q[l->tail++ & MASK];
		if (!(e & LINE_EOF))
			p[done++] = (char)e;
		*end = e & (LINE_EOF | LINE_END);
	}
	/* An end of file right behind goes along: it ends these bytes. */
	if (done && !*end && l->tail != l->ready &&
	    (l->q[l->tail & MASK] & LINE_EOF)) {
		l->tail++;
		*end = true;
	}
	return done;
}

size_t line_take(struct line *l, char *p, size_t n, bool *end)
{
	size_t done;

	*end = false;
	if (line_canonical(l))
		return take_line(l, p, n, end);
	n = MIN(n, used(l));
	for (done = 0; done < n; done++)
		p[done] = (char)l->q[l->tail++ & MASK];
	/* Whatever was a line is gone. */
	if ((int32_t)(l->ready - l->tail) < 0)
		l->ready = l->tail;
	return n;
}

uint32_t line_count(const struct line *l)
{
	uint32_t n = 0;

	if (!line_canonical(l))
		return used(l);
	for (uint32_t at = l->tail; at != l->ready; at++)
		n += !(l->q[at & MASK] & LINE_EOF);
	return n;
}
