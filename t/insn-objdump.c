/* SPDX-License-Identifier: Apache-2.0 */
/*
 * insn-objdump.c: compare insn_decode() with `objdump -d -w`, read on stdin.
 *
 * Each instruction objdump saw must have the same length and kind for us,
 * when we see the bytes of the instructions behind it too.  Prints TAP.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "interposer/insn.h"
#include "t/asan.h"

struct line {
	uint64_t addr;
	uint8_t bytes[16];
	int len;
	char name[48];
};

static int parse(const char *s, struct line *l)
{
	char *end;
	const char *q;

	l->addr = strtoull(s, &end, 16);
	if (end == s || *end != ':' || end[1] != '\t')
		return -1;
	q = end + 2;
	for (l->len = 0; l->len < 16; l->len++) {
		unsigned long b = strtoul(q, &end, 16);

		if (end != q + 2)
			break;
		l->bytes[l->len] = (uint8_t)b;
		q = end;
		while (*q == ' ')
			q++;
		if (*q == '\t') {
			l->len++;
			break;
		}
	}
	if (*q != '\t')
		return -1;
	snprintf(l->name, sizeof(l->name), "%.47s", q + 1);
	return 0;
}

/* The mnemonic without the prefixes that objdump writes before it. */
static const char *mnemonic(const char *s)
{
	static const char *const pre[] = {
		"data16 ", "cs ", "ds ", "es ", "ss ", "fs ", "gs ", "repz ",
		"repnz ", "rep ", "bnd ", "notrack ", "addr32 ", "lock ",
		"rex.W ", "rex ", "rex.B ", "rex.R ", "rex.X ", "rex.WB ",
		"rex.WRXB ", "xacquire ", "xrelease ", "rex.RB ", "rex.WR ",
	};

	for (size_t i = 0; i < sizeof(pre) / sizeof(*pre); i++) {
		size_t n = strlen(pre[i]);

		if (!strncmp(s, pre[i], n)) {
			s += n;
			i = (size_t)-1;
		}
	}
	return s;
}

static int starts(const char *s, const char *with)
{
	return !strncmp(s, with, strlen(with));
}

/* A star before the operand; one inside <...> is a symbol's. */
static int indirect(const char *m)
{
	const char *star = strchr(m, '*'), *sym = strchr(m, '<');

	return star && (!sym || star < sym);
}

static int want_kind(const char *m)
{
	if (starts(m, "syscall"))
		return INSN_SYSCALL;
	if (starts(m, "ret") || starts(m, "lret") || starts(m, "iret"))
		return INSN_RET;
	if (starts(m, "int3"))
		return INSN_INT3;
	if (starts(m, "nop") || starts(m, "xchg   %ax,%ax"))
		return INSN_NOP;
	if (starts(m, "ud2") || starts(m, "hlt") || starts(m, "int ") ||
	    starts(m, "ud1") || starts(m, "int1") || starts(m, "sys"))
		return INSN_TRAP;
	if (starts(m, "call") || starts(m, "lcall"))
		return indirect(m) ? INSN_CALL_IND : INSN_CALL;
	if (starts(m, "jmp") || starts(m, "ljmp"))
		return indirect(m) ? INSN_JMP_IND : INSN_JMP;
	if (*m == 'j' || starts(m, "loop") || starts(m, "xbegin"))
		return INSN_JCC;
	return INSN_OTHER;
}

/* objdump's own way with prefixes that belong to nothing. */
static int skipped(const struct line *l)
{
	const char *m = mnemonic(l->name);
	size_t n = strlen(l->name);

	if (strstr(l->name, "(bad)") || l->bytes[0] == 0x9b)
		return 1;
	if (*m == '\0' || *m == '\n' || n < 2)
		return 1;
	return (starts(m, "rex") || starts(m, "data16") ||
		starts(m, "repz\n") || starts(m, "repnz\n") ||
		starts(m, "lock\n") || starts(m, "fs\n") ||
		starts(m, "gs\n") || starts(m, "cs\n") ||
		starts(m, "ss\n") || starts(m, "ds\n") ||
		starts(m, "es\n") || starts(m, "addr32\n") ||
		starts(m, "bnd\n") || starts(m, "notrack\n"));
}

int main(int argc, char **argv)
{
	static struct line q[9];
	char buf[512];
	int n = 0, eof = 0;
	unsigned long seen = 0, bad = 0, skips = 0;

	for (;;) {
		uint8_t bytes[16 * 9];
		size_t have = 0;
		struct insn in;
		int len, i;

		while (n < 9 && !eof) {
			if (!fgets(buf, sizeof(buf), stdin))
				eof = 1;
			else if (!parse(buf, &q[n]))
				n++;
		}
		if (!n)
			break;
		for (i = 0; i < n; i++) {
			if (q[i].addr != q[0].addr + have)
				break;
			memcpy(bytes + have, q[i].bytes, (size_t)q[i].len);
			have += (size_t)q[i].len;
		}
		len = insn_decode(bytes, have, &in);
		if (skipped(&q[0])) {
			skips++;
		} else if (len != q[0].len ||
			   in.kind != want_kind(mnemonic(q[0].name))) {
			if (bad++ < 20)
				printf("# %lx: %d kind %d, objdump %d %s",
				       (unsigned long)q[0].addr, len, in.kind,
				       q[0].len, q[0].name);
		}
		seen++;
		n--;
		memmove(q, q + 1, (size_t)n * sizeof(*q));
	}
	printf("%s - %s: %lu instructions, %lu differ, %lu not compared\n",
	       bad || !seen ? "not ok" : "ok", argc > 1 ? argv[1] : "stdin",
	       seen, bad, skips);
	return bad || !seen;
}
