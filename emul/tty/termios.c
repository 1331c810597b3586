/* SPDX-License-Identifier: Apache-2.0 */
/* termios.c: the four structures that tell a terminal's settings. */
#include "emul/tty/pty.h"

#include "emul/entry/uaccess.h"

/* Behind a termio are the new bits of c_cflag, no more. */
union settings {
	struct termio old;
	struct termios plain;
	struct termios2 full;
};

enum kind { TERMIO, TERMIOS, TERMIOS2 };

static const size_t sizes[] = {
	[TERMIO] = sizeof(struct termio),
	[TERMIOS] = sizeof(struct termios),
	[TERMIOS2] = sizeof(struct termios2),
};

static const struct {
	unsigned int cmd;
	enum kind kind;
	bool set, flush;
} calls[] = {
	{ TCGETS, TERMIOS, false, false },
	{ TCSETS, TERMIOS, true, false },
	{ TCSETSW, TERMIOS, true, false },
	{ TCSETSF, TERMIOS, true, true },
	{ TCGETS2, TERMIOS2, false, false },
	{ TCSETS2, TERMIOS2, true, false },
	{ TCSETSW2, TERMIOS2, true, false },
	{ TCSETSF2, TERMIOS2, true, true },
	{ TCGETA, TERMIO, false, false },
	{ TCSETA, TERMIO, true, false },
	{ TCSETAW, TERMIO, true, false },
	{ TCSETAF, TERMIO, true, true },
};

static uint32_t baud(uint32_t bits, uint32_t other)
{
	static const uint32_t low[] = {
		0, 50, 75, 110, 134, 150, 200, 300, 600, 1200, 1800, 2400,
		4800, 9600, 19200, 38400
	};
	static const uint32_t high[] = {
		0, 57600, 115200, 230400, 460800, 500000, 576000, 921600,
		1000000, 1152000, 1500000, 2000000, 2500000, 3000000,
		3500000, 4000000
	};

	if (bits == BOTHER)
		return other;
	return bits & CBAUDEX ? high[bits & 15] : low[bits & 15];
}

/* The speeds that c_cflag names. */
static void set_speeds(struct termios2 *t)
{
	uint32_t in = t->c_cflag >> IBSHIFT & CBAUD;

	t->c_ospeed = baud(t->c_cflag & CBAUD, t->c_ospeed);
	t->c_ispeed = in ? baud(in, t->c_ispeed) : t->c_ospeed;
}

long termios_get(const struct termios2 *tio, unsigned int cmd, uaddr_t arg)
{
	union settings s = { .full = *tio };
	unsigned int k;

	for (k = 0; k < ARRAY_SIZE(calls); k++)
		if (calls[k].cmd == cmd && !calls[k].set)
			break;
	if (k == ARRAY_SIZE(calls))
		return -ENOIOCTLCMD;
	if (calls[k].kind == TERMIO) {
		memset(&s, 0, sizeof(s));
		s.old.c_iflag = (uint16_t)tio->c_iflag;
		s.old.c_oflag = (uint16_t)tio->c_oflag;
		s.old.c_cflag = (uint16_t)tio->c_cflag;
		s.old.c_lflag = (uint16_t)tio->c_lflag;
		s.old.c_line = tio->c_line;
		memcpy(s.old.c_cc, tio->c_cc, NCC);
	}
	return copy_out(arg, &s, sizes[calls[k].kind]);
}

bool termios_sets(unsigned int cmd)
{
	for (unsigned int k = 0; k < ARRAY_SIZE(calls); k++)
		if (calls[k].cmd == cmd && calls[k].set)
			return true;
	return false;
}

static uint32_t low_half(uint32_t old, uint16_t new)
{
	return (old & 0xffff0000u) | new;
}

long termios_set(struct termios2 *tio, unsigned int cmd, uaddr_t arg,
		 bool *flush)
{
	union settings s;
	unsigned int k;

	for (k = 0; k < ARRAY_SIZE(calls); k++)
		if (calls[k].cmd == cmd && calls[k].set)
			break;
	if (k == ARRAY_SIZE(calls))
		return -ENOIOCTLCMD;
	if (copy_in(&s, arg, sizes[calls[k].kind]))
		return -EFAULT;
	*flush = calls[k].flush;
	if (calls[k].kind == TERMIO) {
		tio->c_iflag = low_half(tio->c_iflag, s.old.c_iflag);
		tio->c_oflag = low_half(tio->c_oflag, s.old.c_oflag);
		tio->c_cflag = low_half(tio->c_cflag, s.old.c_cflag);
		tio->c_lflag = low_half(tio->c_lflag, s.old.c_lflag);
		tio->c_line = s.old.c_line;
		memcpy(tio->c_cc, s.old.c_cc, NCC);
	} else {
		memcpy(tio, &s, sizes[calls[k].kind]);
	}
	set_speeds(tio);
	return 0;
}
