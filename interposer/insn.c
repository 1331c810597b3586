/* SPDX-License-Identifier: Apache-2.0 */
/*
 * insn.c: lengths and kinds of x86-64 instructions.
 *
 * Tables by opcode say what follows it; the exceptions are code.  Sources:
 * the opcode maps of Intel's SDM volume 2 (appendix A) and AMD's APM
 * volume 3 (appendix A).  Where the two makers differ (a 16-bit branch by
 * prefix 66, ud0 with or without ModRM) the answer is -1.
 */
#include "insn.h"

/*
 * What follows an opcode:
 *   .  nothing            m  ModRM             !  invalid, or not for us
 *   b  imm8               B  ModRM, imm8       w  imm16
 *   z  imm16/32           Z  ModRM, imm16/32   v  imm16/32/64
 *   j  rel8               J  rel32             o  64-bit offset
 *   e  imm16, imm8        g  ModRM, imm8 for test     G  same with imm16/32
 *   r  ModRM naming registers only, whatever its mod field says
 */
static const char map1[256 + 1] =
	"mmmmbz!!mmmmbz!!"	/* 00: 0f is handled before */
	"mmmmbz!!mmmmbz!!"	/* 10 */
	"mmmmbz!!mmmmbz!!"	/* 20: prefixes handled before */
	"mmmmbz!!mmmmbz!!"	/* 30 */
	"!!!!!!!!!!!!!!!!"	/* 40: REX, handled before */
	"................"	/* 50 */
	"!!!m!!!!zZbB...."	/* 60 */
	"jjjjjjjjjjjjjjjj"	/* 70 */
	"BZ!Bmmmmmmmmmmmm"	/* 80 */
	"..........!....."	/* 90 */
	"oooo....bz......"	/* a0 */
	"bbbbbbbbvvvvvvvv"	/* b0 */
	"BBw.!!BZe.w..b!."	/* c0: VEX handled before */
	"mmmm!!!.mmmmmmmm"	/* d0 */
	"jjjjbbbbJJ!j...."	/* e0 */
	"!.!!..gG......mm";	/* f0 */

static const char map2[256 + 1] =
	"mmmm!.....!.!m.B"	/* 00 */
	"mmmmmmmmmmmmmmmm"	/* 10 */
	"rrrr!!!!mmmmmmmm"	/* 20 */
	"......!.!!!!!!!!"	/* 30: 38 and 3a handled before */
	"mmmmmmmmmmmmmmmm"	/* 40 */
	"mmmmmmmmmmmmmmmm"	/* 50 */
	"mmmmmmmmmmmmmmmm"	/* 60 */
	"BBBBmmm.mm!!mmmm"	/* 70 */
	"JJJJJJJJJJJJJJJJ"	/* 80 */
	"mmmmmmmmmmmmmmmm"	/* 90 */
	"...mBm!!...mBmmm"	/* a0 */
	"mmmmmmmmmmBmmmmm"	/* b0 */
	"mmBmBBBm........"	/* c0 */
	"mmmmmmmmmmmmmmmm"	/* d0 */
	"mmmmmmmmmmmmmmmm"	/* e0 */
	"mmmmmmmmmmmmmmm!";	/* f0 */

struct cursor {
	const uint8_t *p;
	size_t n;		/* bytes that may be read */
	size_t at;		/* bytes taken */
	struct insn *in;
	uint8_t rex;
	bool opsize;		/* prefix 66 */
	bool addrsize;		/* prefix 67 */
	uint8_t rep;		/* f2 or f3, the last of them */
};

/* The byte k places on, or -1 behind the end. */
static int peek(const struct cursor *c, size_t k)
{
	if (c->at + k >= c->n || c->at + k >= INSN_MAX)
		return -1;
	return c->p[c->at + k];
}

static int skip(struct cursor *c, size_t k)
{
	if (k > INSN_MAX - c->at || c->at + k > c->n)
		return -1;
	c->at += k;
	return 0;
}

/* ModRM with what belongs to it: SIB and displacement. */
static int modrm(struct cursor *c)
{
	int m = peek(c, 0), sib;
	size_t more = 1;

	if (m < 0)
		return -1;
	if (m >> 6 == 3)
		return skip(c, 1);
	if ((m & 7) == 4) {
		sib = peek(c, 1);
		if (sib < 0)
			return -1;
		more++;
		if (m >> 6 == 0 && (sib & 7) == 5)
			more += 4;
	} else if (m >> 6 == 0 && (m & 7) == 5) {
		c->in->disp_off = (uint8_t)(c->at + 1);
		more += 4;
	}
	if (m >> 6 == 1)
		more += 1;
	else if (m >> 6 == 2)
		more += 4;
	return skip(c, more);
}

static size_t imm_z(const struct cursor *c)
{
	return c->opsize && !(c->rex & 8) ? 2 : 4;
}

static int branch(struct cursor *c, enum insn_kind kind, size_t size)
{
	const uint8_t *p = c->p + c->at;

	/* AMD: a 16-bit branch; Intel: the prefix is ignored. */
	if (c->opsize && !(c->rex & 8) && size == 4)
		return -1;
	if (skip(c, size))
		return -1;
	c->in->kind = (uint8_t)kind;
	if (size == 1)
		c->in->rel = (int8_t)p[0];
	else
		c->in->rel = (int32_t)((uint32_t)p[0] | (uint32_t)p[1] << 8 |
				       (uint32_t)p[2] << 16 |
				       (uint32_t)p[3] << 24);
	return 0;
}

/* What the table's letter says follows; not for branches. */
static int operands(struct cursor *c, char what)
{
	int m = peek(c, 0);

	switch (what) {
	case '.':
		return 0;
	case 'm':
		return modrm(c);
	case 'r':
		return skip(c, 1);
	case 'b':
		return skip(c, 1);
	case 'B':
		return modrm(c) ? -1 : skip(c, 1);
	case 'w':
		return skip(c, 2);
	case 'e':
		return skip(c, 3);
	case 'z':
		return skip(c, imm_z(c));
	case 'Z':
		return modrm(c) ? -1 : skip(c, imm_z(c));
	case 'v':
		return skip(c, c->rex & 8 ? 8 : imm_z(c));
	case 'o':
		return skip(c, c->addrsize ? 4 : 8);
	case 'g':
	case 'G':
		if (modrm(c))
			return -1;
		if (m >> 3 & 6)
			return 0;
		return skip(c, what == 'g' ? 1 : imm_z(c));
	default:
		return -1;
	}
}

static int one_byte(struct cursor *c, int op)
{
	int m = peek(c, 0);
	int reg = m < 0 ? 0 : m >> 3 & 7;
	struct insn *in = c->in;

	switch (op) {
	case 0x70 ... 0x7f:
	case 0xe0 ... 0xe3:
		return branch(c, INSN_JCC, 1);
	case 0xe8:
		return branch(c, INSN_CALL, 4);
	case 0xe9:
		return branch(c, INSN_JMP, 4);
	case 0xeb:
		return branch(c, INSN_JMP, 1);
	case 0x90:
		if (!(c->rex & 1) && c->rep != 0xf3)
			in->kind = INSN_NOP;
		return 0;
	case 0x8f:		/* pop; XOP is handled before */
		if (reg)
			return -1;
		break;
	case 0xc2: case 0xc3: case 0xca: case 0xcb: case 0xcf:
		in->kind = INSN_RET;
		break;
	case 0xcc:
		in->kind = INSN_INT3;
		break;
	case 0xcd: case 0xf1: case 0xf4:
		in->kind = INSN_TRAP;
		break;
	case 0xc6:
		if (m != 0xf8 && reg)
			return -1;
		break;
	case 0xc7:		/* mov, or xbegin */
		if (m == 0xf8)
			return skip(c, 1) ? -1 : branch(c, INSN_JCC, 4);
		if (reg)
			return -1;
		break;
	case 0xfe:
		if (reg > 1)
			return -1;
		break;
	case 0xff:
		if (reg == 7)
			return -1;
		if (reg == 2 || reg == 3)
			in->kind = INSN_CALL_IND;
		else if (reg == 4 || reg == 5)
			in->kind = INSN_JMP_IND;
		break;
	}
	return operands(c, map1[op]);
}

static int two_byte(struct cursor *c)
{
	int op = peek(c, 0), m = peek(c, 1);

	if (op < 0)
		return -1;
	skip(c, 1);
	switch (op) {
	case 0x05:
		c->in->kind = INSN_SYSCALL;
		return 0;
	case 0x07: case 0x0b: case 0x34: case 0x35: case 0xb9:
		c->in->kind = INSN_TRAP;
		break;
	case 0x1f:
		if (m >= 0 && (m >> 3 & 7) == 0)
			c->in->kind = INSN_NOP;
		break;
	case 0x38:
		return skip(c, 1) ? -1 : modrm(c);
	case 0x3a:
		return skip(c, 1) ? -1 : operands(c, 'B');
	case 0x78:		/* extrq, insertq of SSE4a */
		if (c->opsize || c->rep == 0xf2)
			return modrm(c) ? -1 : skip(c, 2);
		break;
	case 0x80 ... 0x8f:
		return branch(c, INSN_JCC, 4);
	case 0xb8:
		if (c->rep != 0xf3)
			return -1;
		break;
	}
	return operands(c, map2[op]);
}

/* Does an instruction of the 0f map, VEX or EVEX coded, have an imm8? */
static bool vec_imm8(int map, int op)
{
	return map == 3 || (map == 1 && ((op >= 0x70 && op <= 0x73) ||
					 op == 0xc2 ||
					 (op >= 0xc4 && op <= 0xc6)));
}

/* The opcode and operands behind a VEX or EVEX prefix. */
static int vec_rest(struct cursor *c, int map, bool evex)
{
	int op = peek(c, 0);

	if (op < 0)
		return -1;
	skip(c, 1);
	if (!evex && map == 1 && op == 0x77)
		return 0;		/* vzeroupper */
	return operands(c, vec_imm8(map, op) ? 'B' : 'm');
}

/* c4, c5, 62 and 8f when they are prefixes.  1: it is none. */
static int vector(struct cursor *c, int op)
{
	int b0 = peek(c, 0), b1 = peek(c, 1), map;

	if (op == 0x8f && (b0 < 0 || (b0 & 0x1f) < 8))
		return 1;
	/* Each implies its own; another before it is #UD. */
	if (c->rex || c->opsize || c->rep || c->in->lock)
		return -1;
	switch (op) {
	case 0xc5:
		return skip(c, 1) ? -1 : vec_rest(c, 1, false);
	case 0xc4:
		map = b0 & 0x1f;
		if (b0 < 0 || map < 1 || map > 3)
			return -1;
		return skip(c, 2) ? -1 : vec_rest(c, map, false);
	case 0x8f:
		map = b0 & 0x1f;
		if (map > 10 || skip(c, 3))
			return -1;
		if (map == 9)
			return modrm(c);
		return modrm(c) ? -1 : skip(c, map == 8 ? 1 : 4);
	default:		/* EVEX; APX's uses of it are refused */
		map = b0 & 7;
		if (b0 < 0 || b1 < 0 || (b0 & 8) || !(b1 & 4) ||
		    map == 0 || map == 4 || map == 7)
			return -1;
		return skip(c, 3) ? -1 : vec_rest(c, map, true);
	}
}

int insn_decode(const uint8_t *p, size_t n, struct insn *in)
{
	struct cursor c = { .p = p, .n = n, .in = in };
	int op, r;

	*in = (struct insn){ .kind = INSN_OTHER };
	for (;;) {
		op = peek(&c, 0);
		if (op < 0)
			return -1;
		skip(&c, 1);
		switch (op) {
		case 0x66:
			c.opsize = true;
			continue;
		case 0x67:
			c.addrsize = true;
			continue;
		case 0xf0:
			in->lock = true;
			continue;
		case 0xf2: case 0xf3:
			c.rep = (uint8_t)op;
			continue;
		case 0x26: case 0x2e: case 0x36: case 0x3e: case 0x64:
		case 0x65:
			continue;
		}
		break;
	}
	if (op >> 4 == 4) {
		/* Counts only right before the opcode. */
		c.rex = (uint8_t)op;
		op = peek(&c, 0);
		if (op < 0)
			return -1;
		skip(&c, 1);
		switch (op) {
		case 0x26: case 0x2e: case 0x36: case 0x3e:
		case 0x40 ... 0x4f:
		case 0x64 ... 0x67:
		case 0xf0: case 0xf2: case 0xf3:
			return -1;
		}
	}
	r = 1;
	if (op == 0x62 || op == 0xc4 || op == 0xc5 || op == 0x8f)
		r = vector(&c, op);
	if (r > 0)
		r = op == 0x0f ? two_byte(&c) : one_byte(&c, op);
	if (r)
		return -1;
	in->len = (uint8_t)c.at;
	return in->len;
}
