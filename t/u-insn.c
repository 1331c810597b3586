/* SPDX-License-Identifier: Apache-2.0 */
/* u-insn.c: lengths and kinds of instructions. */
#include "t/unit.h"

#include <stdio.h>
#include <string.h>

#include "interposer/insn.h"

struct row {
	const char *bytes;	/* hex */
	int len;		/* -1: refused */
	enum insn_kind kind;
};

static const struct row rows[] = {
	{ "0f05", 2, INSN_SYSCALL },
	{ "b827000000", 5, INSN_OTHER },
	{ "66b82700", 4, INSN_OTHER },
	{ "48b80102030405060708", 10, INSN_OTHER },
	{ "48c7c00f000000", 7, INSN_OTHER },
	{ "c3", 1, INSN_RET },
	{ "f3c3", 2, INSN_RET },
	{ "c20800", 3, INSN_RET },
	{ "cc", 1, INSN_INT3 },
	{ "90", 1, INSN_NOP },
	{ "6690", 2, INSN_NOP },
	{ "f390", 2, INSN_OTHER },		/* pause */
	{ "4190", 2, INSN_OTHER },		/* xchg %eax,%r8d */
	{ "0f1f4000", 4, INSN_NOP },
	{ "0f1f840000000000", 8, INSN_NOP },
	{ "66662e0f1f840000000000", 11, INSN_NOP },
	{ "f30f1efa", 4, INSN_OTHER },		/* endbr64 */
	{ "eb05", 2, INSN_JMP },
	{ "e900010000", 5, INSN_JMP },
	{ "66e900010000", -1, 0 },		/* 16 bits on AMD */
	{ "ff25aabbccdd", 6, INSN_JMP_IND },
	{ "3effe0", 3, INSN_JMP_IND },
	{ "65ff242508000000", 8, INSN_JMP_IND },
	{ "ff5308", 3, INSN_CALL_IND },
	{ "e800000000", 5, INSN_CALL },
	{ "6648e800000000", 7, INSN_CALL },	/* TLS sequence */
	{ "7405", 2, INSN_JCC },
	{ "0f8400000000", 6, INSN_JCC },
	{ "e305", 2, INSN_JCC },
	{ "c7f800000000", 6, INSN_JCC },	/* xbegin */
	{ "0f0b", 2, INSN_TRAP },
	{ "f4", 1, INSN_TRAP },
	{ "cd80", 2, INSN_TRAP },
	{ "0f34", 2, INSN_TRAP },
	/* ModRM, SIB, displacement */
	{ "8b00", 2, INSN_OTHER },
	{ "8b4008", 3, INSN_OTHER },
	{ "8b8000010000", 6, INSN_OTHER },
	{ "8b0500010000", 6, INSN_OTHER },
	{ "8b0424", 3, INSN_OTHER },
	{ "8b042500000000", 7, INSN_OTHER },
	{ "4c8b4c2408", 5, INSN_OTHER },
	{ "f6000f", 3, INSN_OTHER },		/* test has an imm8 */
	{ "f610", 2, INSN_OTHER },		/* not has none */
	{ "f70000000000", 6, INSN_OTHER },
	{ "66f7000000", 5, INSN_OTHER },
	{ "a10102030405060708", 9, INSN_OTHER },
	{ "67a101020304", 6, INSN_OTHER },
	{ "c8100000", 4, INSN_OTHER },
	{ "f00fb111", 4, INSN_OTHER },
	{ "0fa4c205", 4, INSN_OTHER },
	{ "0fa5c2", 3, INSN_OTHER },
	{ "660f3a0fc108", 6, INSN_OTHER },
	{ "660f3800c1", 5, INSN_OTHER },
	/* VEX, EVEX, XOP */
	{ "c5f877", 3, INSN_OTHER },
	{ "c5f96fc1", 4, INSN_OTHER },
	{ "c5f970c11b", 5, INSN_OTHER },
	{ "c4e27d58c1", 5, INSN_OTHER },
	{ "c4e37d18c101", 6, INSN_OTHER },
	{ "66c5f877", -1, 0 },
	{ "62f17c486fc1", 6, INSN_OTHER },
	{ "62f37d481fc100", 7, INSN_OTHER },
	{ "62f17c48c2c100", 7, INSN_OTHER },
	{ "62f47c486fc1", -1, 0 },		/* map 4 is APX's */
	{ "8fe97880c1", 5, INSN_OTHER },	/* XOP map 9 */
	{ "8fe878a2c110", 6, INSN_OTHER },	/* XOP map 8 */
	{ "8f00", 2, INSN_OTHER },		/* pop */
	/* not 64-bit code */
	{ "06", -1, 0 }, { "27", -1, 0 }, { "60", -1, 0 }, { "82", -1, 0 },
	{ "9a", -1, 0 }, { "ce", -1, 0 }, { "d4", -1, 0 }, { "ea", -1, 0 },
	{ "0f04", -1, 0 }, { "0fff", -1, 0 }, { "0fb8c0", -1, 0 },
	{ "fed0", -1, 0 }, { "fff8", -1, 0 },
	{ "4866b8", -1, 0 },			/* REX that counts for nothing */
	/* sixteen bytes */
	{ "6666666666666666666666666690", 14, INSN_NOP },
	{ "66666666666666666666666666666690", -1, 0 },
	{ "2e2e2e2e2e2e2e2e2e2eb827000000", 15, INSN_OTHER },
	{ "2e2e2e2e2e2e2e2e2e2e2eb827000000", -1, 0 },
};

static size_t unhex(const char *s, uint8_t *to)
{
	size_t n = 0;
	unsigned int b;

	for (; *s; s += 2) {
		ck_assert_int_eq(sscanf(s, "%2x", &b), 1);
		to[n++] = (uint8_t)b;
	}
	return n;
}

START_TEST(test_rows)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		uint8_t buf[32];
		struct insn in;
		size_t n = unhex(rows[i].bytes, buf);
		int len;

		memset(buf + n, 0x90, sizeof(buf) - n);
		len = insn_decode(buf, sizeof(buf), &in);
		ck_assert_msg(len == rows[i].len, "%s: length %d",
			      rows[i].bytes, len);
		if (len > 0)
			ck_assert_msg(in.kind == rows[i].kind, "%s: kind %d",
				      rows[i].bytes, in.kind);
	}
}
END_TEST

/* Cut short anywhere: refused, and nothing read behind the cut (ASan). */
START_TEST(test_cut)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		uint8_t buf[32], *cut;
		struct insn in;
		size_t n = unhex(rows[i].bytes, buf);

		if (rows[i].len < 0)
			continue;
		for (size_t k = 0; k < n; k++) {
			cut = malloc(k ? k : 1);
			memcpy(cut, buf, k);
			ck_assert_msg(insn_decode(cut, k, &in) < 0,
				      "%s cut to %zu", rows[i].bytes, k);
			free(cut);
		}
		ck_assert_int_eq(insn_decode(buf, n, &in), rows[i].len);
	}
}
END_TEST

START_TEST(test_targets)
{
	static const uint8_t back[] = { 0xeb, 0xfe };
	static const uint8_t far[] = { 0x0f, 0x84, 0xfa, 0xff, 0xff, 0xff };
	static const uint8_t rip[] = { 0x48, 0x8d, 0x35, 1, 2, 3, 4 };
	struct insn in;

	ck_assert_int_eq(insn_decode(back, sizeof(back), &in), 2);
	ck_assert_int_eq(in.rel, -2);
	ck_assert_int_eq(insn_decode(far, sizeof(far), &in), 6);
	ck_assert_int_eq(in.rel, -6);
	ck_assert_int_eq(insn_decode(rip, sizeof(rip), &in), 7);
	ck_assert_int_eq(in.disp_off, 3);
}
END_TEST

/* Any bytes at all: an answer between 1 and 15, or -1. */
START_TEST(test_noise)
{
	uint64_t x = 88172645463325252u;

	for (int i = 0; i < 300000; i++) {
		uint8_t buf[20];
		struct insn in;
		size_t n = x % 17;
		int len;

		for (size_t k = 0; k < sizeof(buf); k++) {
			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
			buf[k] = (uint8_t)(x >> 24);
		}
		len = insn_decode(buf, n, &in);
		ck_assert(len == -1 || (len > 0 && len <= 15 &&
					(size_t)len <= n && in.len == len));
	}
}
END_TEST

UNIT_MAIN("interposer-insn", test_rows, test_cut, test_targets, test_noise)
