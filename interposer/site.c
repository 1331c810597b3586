/* SPDX-License-Identifier: Apache-2.0 */
/*
 * site.c: decide how a `syscall` instruction can be rewritten.
 *
 * Everything rests on knowing where instructions begin.  Bytes before a site
 * can look like anything, so they are never matched as such; one of two
 * proofs is needed.
 *
 * From a function's start: an FDE of the image says where the function begins
 * and ends; decoding all of it must meet the site and end at the end.  Every
 * direct branch of the function is then known, too.
 *
 * Without FDEs (Go; some static programs): the site is an instruction, since
 * it trapped, and of any 15 bytes in a row one begins an instruction, for none
 * is longer.  So decode from each of 15 bytes well before the site.  Chains
 * that do not meet the site are false; the true one is among the others.
 * What all of these agree on is true.
 *
 * Both take it that code holds no data and does not overlap itself where it
 * is rewritten, which compilers and assemblers for x86-64 keep to.
 */
#include "interposer/site.h"

#include "interposer/insn.h"

#define BEFORE		176	/* bytes of the window before the site */
#define AFTER		176
#define WINDOW		(BEFORE + AFTER)
#define FUNCTION_MAX	0x10000	/* longer ones are not decoded */
#define GAP_MAX		63	/* more filler between functions is none */
#define CHAINS		INSN_MAX
#define SETTLE		48	/* bytes until chains have joined */

/* The bytes around a site and what is proven of them. */
struct window {
	const struct site_request *rq;
	uint64_t base;
	unsigned int lo, hi;	/* bytes that could be read: [lo, hi) */
	bool fde;		/* proof by FDE */
	uint8_t byte[WINDOW];
	uint8_t len[WINDOW];	/* of the instruction proven here, or 0 */
	uint8_t kind[WINDOW];
	bool fixed[WINDOW];	/* cannot be copied to a thunk */
	bool target[WINDOW];	/* of a direct branch */
	bool dead[WINDOW];	/* proven filler */
};

#define SITE_AT	BEFORE		/* index of the site in the window */
#define RESTORER_MOV	7	/* bytes of `mov $15,%rax` */

const char *const site_whys[SITE_N_WHY] = {
	"fine", "not a syscall", "sigreturn", "unreadable", "unproven",
	"no room",
};

static void note_insn(struct window *w, uint64_t at, const struct insn *in)
{
	uint64_t to = at + in->len + (uint64_t)(int64_t)in->rel - w->base;
	uint64_t i = at - w->base;

	if (insn_has_rel(in) && to < WINDOW)
		w->target[to] = true;
	if (i >= WINDOW)
		return;
	w->len[i] = in->len;
	w->kind[i] = in->kind;
	w->fixed[i] = in->lock ||
		      (in->kind != INSN_OTHER && in->kind != INSN_NOP);
}

static bool load_window(struct window *w)
{
	const struct site_request *rq = w->rq;
	uint64_t from, to;

	if (rq->site < rq->lo || rq->site > rq->hi ||
	    rq->hi - rq->site < SITE_LEN || rq->site < BEFORE ||
	    rq->site > UINT64_MAX - AFTER)
		return false;
	w->base = rq->site - BEFORE;
	from = w->base > rq->lo ? w->base : rq->lo;
	to = w->base + WINDOW < rq->hi ? w->base + WINDOW : rq->hi;
	w->lo = (unsigned int)(from - w->base);
	w->hi = (unsigned int)(to - w->base);
	return !gmem_read(rq->im->mem, w->byte + w->lo, from, to - from);
}

/* Guest text read in pieces. */
struct text {
	const struct gmem *mem;
	uint64_t at;
	size_t n;
	uint8_t buf[256];
};

/* Decode at @at, reading nothing from @end on. */
static int text_decode(struct text *t, uint64_t at, uint64_t end,
		       struct insn *in)
{
	uint64_t left = end - at;
	size_t want = left < INSN_MAX ? left : INSN_MAX;

	if (at < t->at || at - t->at > t->n || t->n - (at - t->at) < want) {
		t->n = left < sizeof(t->buf) ? left : sizeof(t->buf);
		t->at = at;
		if (gmem_read(t->mem, t->buf, at, t->n)) {
			t->n = 0;
			return -1;
		}
	}
	return insn_decode(t->buf + (at - t->at), want, in);
}

/*
 * Decode [start, end), which must be whole instructions, and note them.
 * *ends: nothing runs on beyond the end.
 */
static bool scan(struct window *w, uint64_t start, uint64_t end, bool *ends)
{
	struct text t = { .mem = w->rq->im->mem };
	struct insn in;
	uint64_t at = start;
	bool filler = false;

	*ends = false;
	if (start < w->rq->lo || end > w->rq->hi || end < start ||
	    end - start > FUNCTION_MAX)
		return false;
	while (at < end) {
		if (text_decode(&t, at, end, &in) < 0)
			return false;
		note_insn(w, at, &in);
		filler = insn_is_end(&in) ||
			 (filler && (in.kind == INSN_NOP ||
				     in.kind == INSN_INT3));
		at += in.len;
	}
	*ends = filler;
	return true;
}

/* The gap between two functions: note it if it is filler as a whole. */
static void scan_gap(struct window *w, uint64_t start, uint64_t end)
{
	struct text t = { .mem = w->rq->im->mem };
	struct insn in;
	uint64_t at;
	int pass;

	if (start < w->rq->lo || end > w->rq->hi || end <= start ||
	    end - start > GAP_MAX)
		return;
	for (pass = 0; pass < 2; pass++) {
		for (at = start; at < end; at += in.len) {
			if (text_decode(&t, at, end, &in) < 0 ||
			    (in.kind != INSN_NOP && in.kind != INSN_INT3))
				return;
			if (pass)
				note_insn(w, at, &in);
		}
	}
}

/* First proof: from the start of the function that the FDE gives. */
static bool prove_by_fde(struct window *w, const struct eh_fde *fde)
{
	struct eh_fde prev;
	bool ends;

	if (!scan(w, fde->start, fde->end, &ends) || !w->len[SITE_AT])
		return false;
	w->fde = true;
	if (ends && fde->end < w->base + WINDOW)
		scan_gap(w, fde->end, fde->next);
	if (fde->start > w->base &&
	    !eh_find(w->rq->im, fde->start - 1, &prev) &&
	    prev.end < fde->start && prev.end + GAP_MAX >= fde->start &&
	    scan(w, prev.start, prev.end, &ends) && ends)
		scan_gap(w, prev.end, fde->start);
	return true;
}

/*
 * Second proof: note what all chains agree on which begin at one of CHAINS bytes and meet
 * the site.
 */
static void agree(struct window *w)
{
	const unsigned int lo = w->lo, first = lo + CHAINS + SETTLE;
	uint8_t next[SITE_AT + 1];	/* length of an instruction here */
	bool meets[SITE_AT + 1];	/* does the chain from here? */
	uint8_t count[SITE_AT + 1] = { 0 };	/* chains that come by here */
	unsigned int at, n = 0;
	struct insn in;
	int len;

	if (first >= SITE_AT)
		return;
	meets[SITE_AT] = true;
	for (at = SITE_AT; at-- > lo;) {
		len = insn_decode(w->byte + at, SITE_AT + SITE_LEN - at, &in);
		next[at] = (uint8_t)len;
		meets[at] = len > 0 && at + (unsigned int)len <= SITE_AT &&
			    meets[at + (unsigned int)len];
	}
	for (at = lo; at < SITE_AT; at++) {
		if (!meets[at])
			continue;
		if (at < lo + CHAINS) {
			count[at]++;
			n++;
		}
		count[at + next[at]] = (uint8_t)(count[at + next[at]] +
						 count[at]);
	}
	for (at = first; n && at < SITE_AT; at++)
		if (count[at] == n &&
		    insn_decode(w->byte + at, w->hi - at, &in) > 0)
			note_insn(w, w->base + at, &in);
}

/* Behind the site there is one chain: the call returns to it. */
static void prove_behind(struct window *w)
{
	struct insn in;
	unsigned int at;

	for (at = SITE_AT; at < w->hi; at += in.len) {
		if (insn_decode(w->byte + at, w->hi - at, &in) < 0)
			break;
		note_insn(w, w->base + at, &in);
	}
}

/*
 * Without FDEs a label could lie at the start of what looks like filler (a
 * function that begins with nops).  So take only int3, and nops that fill up
 * to the next 16 bytes as the assembler's alignment does.
 */
static bool filler_ok(const struct window *w, unsigned int from,
		      unsigned int to)
{
	unsigned int i;
	bool int3 = true;

	if (w->fde)
		return true;
	for (i = from; i < to; i++)
		int3 = int3 && w->byte[i] == 0xcc;
	return int3 || (to - from < 16 && (w->base + from) % 16 &&
			(w->base + to) % 16 == 0);
}

static void find_filler(struct window *w)
{
	unsigned int i, j, from;

	for (i = w->lo; i < w->hi; i++) {
		if (!w->len[i] || (w->kind[i] != INSN_RET &&
				   w->kind[i] != INSN_JMP &&
				   w->kind[i] != INSN_JMP_IND))
			continue;
		from = j = i + w->len[i];
		while (j < w->hi && w->len[j] && !w->target[j] &&
		       (w->kind[j] == INSN_NOP || w->kind[j] == INSN_INT3))
			j += w->len[j];
		if (j > w->hi || !filler_ok(w, from, j))
			continue;
		for (; from < j; from++)
			w->dead[from] = !w->target[from];
	}
}

static bool span_free(const struct window *w, unsigned int i, size_t n)
{
	uint64_t from = w->base + i, to = from + n;
	size_t k;

	for (k = 0; k < w->rq->n_used; k++)
		if (from < w->rq->used[k].end && w->rq->used[k].start < to)
			return false;
	for (k = 0; k < n; k++)
		if (i + k >= w->hi || !w->dead[i + k])
			return false;
	return true;
}

/* The filler nearest to the site that jmp rel8 reaches; 0: none. */
static unsigned int choose_pad(const struct window *w)
{
	const int next = SITE_AT + SITE_LEN;
	int d;

	for (d = 0; d <= 128; d++) {
		if (d <= 127 &&
		    span_free(w, (unsigned int)(next + d), SITE_JMP32))
			return (unsigned int)(next + d);
		if (d && span_free(w, (unsigned int)(next - d), SITE_JMP32))
			return (unsigned int)(next - d);
	}
	return 0;
}

/* The instruction proven right before @at, or @at if there is none. */
static unsigned int before(const struct window *w, unsigned int at)
{
	unsigned int i;

	for (i = 1; i <= INSN_MAX && i <= at - w->lo; i++)
		if (w->len[at - i] == i)
			return at - i;
	return at;
}

/* `mov $imm,%eax` or %rax: the number, or -1. */
static long loads_number(const struct window *w, unsigned int at)
{
	const uint8_t *p = w->byte + at;
	unsigned int n = w->len[at];

	if (!(n == 5 && p[0] == 0xb8) &&
	    !(n == 6 && p[0] == 0xc7 && p[1] == 0xc0) &&
	    !(n == 7 && p[0] == 0x48 && p[1] == 0xc7 && p[2] == 0xc0))
		return -1;
	p += n - 4;
	return (long)((uint32_t)p[0] | (uint32_t)p[1] << 8 |
		      (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24);
}

/* The number that the code right before the site loads, or -1. */
static long number_of(const struct window *w)
{
	unsigned int at = SITE_AT, prev;
	long nr;

	while ((prev = before(w, at)) != at && SITE_AT - prev < 64) {
		nr = loads_number(w, prev);
		if (nr >= 0)
			return nr;
		if (w->kind[prev] != INSN_OTHER && w->kind[prev] != INSN_NOP)
			break;
		at = prev;
	}
	return -1;
}

/* The P of tier A; SITE_AT if there is none. */
static unsigned int choose_p(const struct window *w)
{
	unsigned int at = SITE_AT, prev, i;

	while ((prev = before(w, at)) != at) {
		/* Nobody comes through the filler in front of a function. */
		if (w->fixed[prev] || w->dead[prev] ||
		    SITE_AT - prev > SITE_COPY_MAX)
			break;
		for (i = prev + 1; i < at; i++)
			if (w->target[i])
				return SITE_AT;
		if (w->len[prev] >= SITE_JMP32)
			return prev;
		at = prev;
	}
	return SITE_AT;
}

static void take_p(const struct window *w, unsigned int p,
		   struct site_plan *plan)
{
	plan->tier = SITE_A;
	plan->at = w->base + p;
	plan->copy_len = (uint8_t)(SITE_AT - p);
	__builtin_memcpy(plan->copy, w->byte + p, plan->copy_len);
	__builtin_memcpy(plan->old, w->byte + p, SITE_JMP32);
}

static void take_pad(const struct window *w, unsigned int pad,
		     struct site_plan *plan)
{
	plan->tier = SITE_B;
	plan->detour = false;
	plan->at = w->rq->site;
	plan->pad = w->base + pad;
	__builtin_memcpy(plan->old, w->byte + SITE_AT, SITE_LEN);
	__builtin_memcpy(plan->pad_old, w->byte + pad, SITE_JMP32);
}

/*
 * A libc's restorer: `mov $15,%rax` and `syscall`, and an FDE that says that
 * it is a signal frame, and is for it alone.  glibc's begins one byte before,
 * for unwinders that take one off a return address.  They go by the FDE, and
 * by the bytes only where there is none.
 */
static bool is_restorer(const struct window *w, const struct eh_fde *fde)
{
	static const uint8_t mov[RESTORER_MOV] = { 0x48, 0xc7, 0xc0, 15 };
	uint64_t start = w->rq->site - RESTORER_MOV;
	uint64_t end = w->rq->site + SITE_LEN;

	if (SITE_AT - w->lo < RESTORER_MOV ||
	    __builtin_memcmp(w->byte + SITE_AT - RESTORER_MOV, mov,
			     sizeof(mov)))
		return false;
	if (!fde)
		return !w->rq->im->hdr && eh_is_signal(w->rq->im, start, end);
	return fde->signal && fde->end == end &&
	       (fde->start == start || fde->start == start - 1);
}

static enum site_why decide(struct window *w, struct site_plan *plan)
{
	struct eh_fde fde;
	unsigned int p, pad, i;
	bool known;
	long nr;

	if (!load_window(w))
		return SITE_UNREADABLE;
	if (w->byte[SITE_AT] != 0x0f || w->byte[SITE_AT + 1] != 0x05)
		return SITE_NOT_SYSCALL;
	known = !eh_find(w->rq->im, w->rq->site, &fde) &&
		w->rq->site < fde.end;
	if (is_restorer(w, known ? &fde : NULL)) {
		take_p(w, SITE_AT - RESTORER_MOV, plan);
		return SITE_FINE;
	}
	if (known) {
		if (fde.signal)
			return SITE_SIGRETURN;
		if (!prove_by_fde(w, &fde))
			return SITE_UNPROVEN;
	} else {
		agree(w);
		/* What follows exit() may be anything. */
		nr = number_of(w);
		if (nr != 60 && nr != 231)
			prove_behind(w);
	}
	if (number_of(w) == 15)
		return SITE_SIGRETURN;

	find_filler(w);
	p = choose_p(w);
	if (p != SITE_AT) {
		take_p(w, p, plan);
		for (i = p + 1; i <= SITE_AT; i++)
			plan->detour = plan->detour || w->target[i];
		if (!plan->detour)
			return SITE_FINE;
	}
	pad = choose_pad(w);
	if (pad)
		take_pad(w, pad, plan);
	return plan->tier == SITE_C ? SITE_NO_ROOM : SITE_FINE;
}

void site_plan(const struct site_request *rq, struct site_plan *plan)
{
	struct window w = { .rq = rq };

	*plan = (struct site_plan){ .tier = SITE_C };
	plan->why = (uint8_t)decide(&w, plan);
}
