/* SPDX-License-Identifier: Apache-2.0 */
/*
 * insn.h: lengths and kinds of x86-64 instructions.
 *
 * Pure: no state, no host call, no memory but what the caller passes.  What
 * is not surely one instruction of 64-bit user code is refused, because the
 * callers rewrite code on the strength of the answer.
 */
#ifndef SBX_INTERPOSER_INSN_H
#define SBX_INTERPOSER_INSN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INSN_MAX 15	/* bytes, by the architecture */

enum insn_kind {
	INSN_OTHER,
	INSN_NOP,		/* one or many bytes, any prefixes */
	INSN_INT3,
	INSN_SYSCALL,
	INSN_RET,		/* near or far, iret */
	INSN_JMP,		/* direct: rel is set */
	INSN_JMP_IND,		/* through register or memory */
	INSN_JCC,		/* direct and conditional; loop, jrcxz, xbegin */
	INSN_CALL,		/* direct: rel is set */
	INSN_CALL_IND,
	INSN_TRAP,		/* ud1, ud2, hlt, int n, int1, sysenter... */
};

struct insn {
	uint8_t len;		/* bytes in all, 1..15 */
	uint8_t kind;		/* enum insn_kind */
	uint8_t disp_off;	/* where a RIP-relative disp32 lies, or 0 */
	bool lock;		/* has a lock prefix */
	int32_t rel;		/* JMP, JCC, CALL: target = next + rel */
};

/*
 * Decode the instruction at p, of which n bytes may be read.  Returns its
 * length and fills *in; -1 if it is invalid, unknown or cut short.
 */
int insn_decode(const uint8_t *p, size_t n, struct insn *in);

/* Never goes on with the instruction behind it. */
static inline bool insn_is_end(const struct insn *in)
{
	return in->kind == INSN_RET || in->kind == INSN_JMP ||
	       in->kind == INSN_JMP_IND;
}

/* Has a target known from its bytes. */
static inline bool insn_has_rel(const struct insn *in)
{
	return in->kind == INSN_JMP || in->kind == INSN_JCC ||
	       in->kind == INSN_CALL;
}

#endif
