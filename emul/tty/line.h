/* SPDX-License-Identifier: Apache-2.0 */
/*
 * line.h: the line discipline of a terminal: what is typed becomes lines,
 * echo and signals; what is written gets its newlines and tabs; termios(3).
 *
 * It is data alone: whoever has one holds a lock over all calls, and acts on
 * the events and signals that they leave behind.
 */
#ifndef SBX_TTY_LINE_H
#define SBX_TTY_LINE_H

#include <asm/ioctls.h>
#include <asm/termbits.h>
#include <asm/termios.h>

#include "emul/lib/types.h"
#include "emul/signal/signal.h"
#include "emul/tty/ring.h"

#define LINE_SIZE	4096u	/* bytes typed, of a line or not yet read */
#define ECHO_SIZE	4096u
/* What a flush leaves: the reader's end has it already. */
#define LINE_KEPT	4095u
#define LINE_PUT_MAX	8u	/* bytes that one byte written may become */

/* line->events */
#define LINE_READABLE	1u	/* there may be more to read */
#define LINE_OUT	2u	/* something was put out */
#define LINE_ROOM	4u	/* more may be written, or typed */

struct line {
	struct termios2 tio;
	uint32_t events;
	sigset64_t signals;	/* for the foreground group */
	uint8_t packet;		/* TIOCPKT_* that happened */

	/* Entries, LINE_* below: [tail, ready) lines, [ready, head) typed. */
	uint32_t tail, ready, head;
	uint32_t column;	/* of the cursor */
	uint32_t first_column;	/* where the line that is typed begins */
	bool literal;		/* the next byte is no command */
	bool erasing;		/* between \ and / of ECHOPRT */
	bool stopped;		/* output waits: by ^S, or held */
	bool held;		/* by tcflow(3) */
	struct ring *out;
	uint32_t echo_tail, echo_head;
	uint16_t echo[ECHO_SIZE];	/* what did not get into @out yet */
	uint16_t q[LINE_SIZE];
};

/* In line->q, beside the byte. */
#define LINE_END	0x100u	/* a line ends with it */
#define LINE_EOF	0x200u	/* an end of file, and no byte */

static inline bool line_canonical(const struct line *l)
{
	return (l->tio.c_lflag & (ICANON | EXTPROC)) == ICANON;
}

/* As a new terminal; what comes out goes to @out. */
void line_init(struct line *l, struct ring *out);
/* @tio is in force from now on. */
void line_set(struct line *l, const struct termios2 *tio);

/* Bytes that were typed; how many of them were taken. */
size_t line_type(struct line *l, const char *p, size_t n);
/* Can @min bytes, or a line, be read? */
bool line_has(const struct line *l, uint32_t min);
/*
 * Take up to @n bytes of what can be read, not beyond a line.  *@end: its end
 * was reached, or an end of file.
 */
size_t line_take(struct line *l, char *p, size_t n, bool *end);
/* FIONREAD. */
uint32_t line_count(const struct line *l);
/* Forget what was typed. */
void line_flush_input(struct line *l);

/* line-out.c */
/* Bytes that were written; how many of them were taken. */
size_t line_write(struct line *l, const char *p, size_t n);
bool line_can_write(const struct line *l);
/* The reader of @out made room, or output goes on. */
void line_echo_rest(struct line *l);
void line_stop(struct line *l);
void line_start(struct line *l);
/* Forget what was put out. */
void line_flush_output(struct line *l);
/*
 * Echo waits in line->echo until all is done that was typed in one go, so that
 * a signal may take it back.  @c as it is, and with control characters shown
 * as ^X.
 */
void line_echo_raw(struct line *l, uint8_t c);
void line_echo(struct line *l, uint8_t c);
/* The next character is the first of a line. */
void line_echo_first(struct line *l);
/* A byte less counts for the column. */
void line_echo_less(struct line *l);
/*
 * A tab is taken back to where it began: @columns behind the tab before, or
 * behind the start of the line.
 */
void line_echo_untab(struct line *l, uint32_t columns, bool after_tab);
/* End what ECHOPRT shows as erased. */
void line_echo_erased(struct line *l);

static inline bool is_control(uint8_t c)
{
	return c < 0x20 || c == 0x7f;
}

/* The second and further bytes of a character. */
static inline bool is_continued(const struct line *l, uint8_t c)
{
	return (l->tio.c_iflag & IUTF8) && (c & 0xc0) == 0x80;
}

#endif
