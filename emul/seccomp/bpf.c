/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bpf.c: classic BPF over struct seccomp_data: check and run.
 *
 * A jump goes forward only, so every program ends; the check sees to the rest:
 * bounds, known instructions, no scratch word read before it was written.
 */
#include "emul/seccomp/bpf.h"

#include <linux/errno.h>

#include "emul/lib/alloc.h"

static bool alu_ok(const struct sock_filter *f)
{
	bool k = BPF_SRC(f->code) == BPF_K;

	switch (BPF_OP(f->code)) {
	case BPF_ADD:
	case BPF_SUB:
	case BPF_MUL:
	case BPF_AND:
	case BPF_OR:
	case BPF_XOR:
		return true;
	case BPF_DIV:
		return !k || f->k;
	case BPF_LSH:
	case BPF_RSH:
		return !k || f->k < 32;
	case BPF_NEG:
		return k;
	default:
		return false;
	}
}

static bool jump_ok(const struct sock_filter *f, unsigned int left)
{
	switch (BPF_OP(f->code)) {
	case BPF_JA:
		return BPF_SRC(f->code) == BPF_K && f->k < left;
	case BPF_JEQ:
	case BPF_JGE:
	case BPF_JGT:
	case BPF_JSET:
		return f->jt < left && f->jf < left;
	default:
		return false;
	}
}

/* @left: how many instructions come after this one. */
static bool insn_ok(const struct sock_filter *f, unsigned int left)
{
	switch (f->code) {
	case BPF_LD | BPF_W | BPF_ABS:
		return f->k < sizeof(struct seccomp_data) && !(f->k & 3);
	case BPF_LD | BPF_W | BPF_LEN:
	case BPF_LDX | BPF_W | BPF_LEN:
	case BPF_LD | BPF_IMM:
	case BPF_LDX | BPF_IMM:
	case BPF_RET | BPF_K:
	case BPF_RET | BPF_A:
	case BPF_MISC | BPF_TAX:
	case BPF_MISC | BPF_TXA:
		return true;
	case BPF_LD | BPF_MEM:
	case BPF_LDX | BPF_MEM:
	case BPF_ST:
	case BPF_STX:
		return f->k < BPF_MEMWORDS;
	default:
		break;
	}
	/* No bits but the class's, the operation's and the source's. */
	if (f->code & ~0xffu)
		return false;
	if (BPF_CLASS(f->code) == BPF_ALU)
		return alu_ok(f);
	return BPF_CLASS(f->code) == BPF_JMP && jump_ok(f, left);
}

/*
 * Is each scratch word that is read written before, on every way there?
 * valid[i]: the words that all jumps to i so far have written.
 */
static int check_scratch(const struct sock_filter *prog, unsigned int n)
{
	uint16_t *valid = kmalloc(n * sizeof(*valid)), have = 0;
	int err = 0;

	if (!valid)
		return -ENOMEM;
	for (unsigned int i = 0; i < n; i++)
		valid[i] = 0xffff;
	for (unsigned int i = 0; i < n && !err; i++) {
		const struct sock_filter *f = &prog[i];

		have &= valid[i];
		switch (f->code) {
		case BPF_ST:
		case BPF_STX:
			have |= (uint16_t)(1u << f->k);
			break;
		case BPF_LD | BPF_MEM:
		case BPF_LDX | BPF_MEM:
			if (!(have & 1u << f->k))
				err = -EINVAL;
			break;
		case BPF_JMP | BPF_JA:
			valid[i + 1 + f->k] &= have;
			have = 0xffff;
			break;
		default:
			if (BPF_CLASS(f->code) != BPF_JMP)
				break;
			valid[i + 1 + f->jt] &= have;
			valid[i + 1 + f->jf] &= have;
			have = 0xffff;
			break;
		}
	}
	kfree(valid);
	return err;
}

int bpf_check(const struct sock_filter *prog, unsigned int n)
{
	if (!n || n > BPF_MAXINSNS)
		return -EINVAL;
	for (unsigned int i = 0; i < n; i++)
		if (!insn_ok(&prog[i], n - 1 - i))
			return -EINVAL;
	if (BPF_CLASS(prog[n - 1].code) != BPF_RET)
		return -EINVAL;
	return check_scratch(prog, n);
}

static uint32_t alu(unsigned int op, uint32_t a, uint32_t b, bool *bad)
{
	switch (op) {
	case BPF_ADD:
		return a + b;
	case BPF_SUB:
		return a - b;
	case BPF_MUL:
		return a * b;
	case BPF_DIV:
		/* By X, which is 0: the program ends, and gives 0. */
		*bad = !b;
		return b ? a / b : 0;
	case BPF_AND:
		return a & b;
	case BPF_OR:
		return a | b;
	case BPF_XOR:
		return a ^ b;
	case BPF_LSH:
		return a << (b & 31);
	case BPF_RSH:
		return a >> (b & 31);
	default:		/* BPF_NEG */
		return -a;
	}
}

static bool compare(unsigned int op, uint32_t a, uint32_t b)
{
	switch (op) {
	case BPF_JEQ:
		return a == b;
	case BPF_JGT:
		return a > b;
	case BPF_JGE:
		return a >= b;
	default:		/* BPF_JSET */
		return a & b;
	}
}

uint32_t bpf_run(const struct sock_filter *prog,
		 const struct seccomp_data *d, bool only_nr, bool *looked)
{
	uint32_t a = 0, x = 0, mem[BPF_MEMWORDS], src;
	bool bad = false;

	for (const struct sock_filter *f = prog; ; f++) {
		switch (f->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			if (only_nr && f->k > offsetof(struct seccomp_data,
						       arch)) {
				*looked = true;
				return 0;
			}
			__builtin_memcpy(&a, (const char *)d + f->k, sizeof(a));
			continue;
		case BPF_LD | BPF_W | BPF_LEN:
			a = sizeof(*d);
			continue;
		case BPF_LDX | BPF_W | BPF_LEN:
			x = sizeof(*d);
			continue;
		case BPF_LD | BPF_IMM:
			a = f->k;
			continue;
		case BPF_LDX | BPF_IMM:
			x = f->k;
			continue;
		case BPF_LD | BPF_MEM:
			a = mem[f->k];
			continue;
		case BPF_LDX | BPF_MEM:
			x = mem[f->k];
			continue;
		case BPF_ST:
			mem[f->k] = a;
			continue;
		case BPF_STX:
			mem[f->k] = x;
			continue;
		case BPF_MISC | BPF_TAX:
			x = a;
			continue;
		case BPF_MISC | BPF_TXA:
			a = x;
			continue;
		case BPF_RET | BPF_K:
			return f->k;
		case BPF_RET | BPF_A:
			return a;
		case BPF_JMP | BPF_JA:
			f += f->k;
			continue;
		default:
			break;
		}
		src = BPF_SRC(f->code) == BPF_X ? x : f->k;
		if (BPF_CLASS(f->code) == BPF_JMP) {
			f += compare(BPF_OP(f->code), a, src) ? f->jt : f->jf;
			continue;
		}
		a = alu(BPF_OP(f->code), a, src, &bad);
		if (bad)
			return 0;
	}
}
