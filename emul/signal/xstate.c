/* SPDX-License-Identifier: Apache-2.0 */
/*
 * xstate.c: vector state of the guest in its signal frames.
 *
 * What the frame says of itself is the guest's word: sizes and features are
 * bounded by the CPU's, and a header that the CPU refuses is a bad frame.
 */
#include "emul/signal/xstate.h"

#include "emul/entry/uaccess.h"
#include "emul/lib/alloc.h"
#include "emul/lib/print.h"
#include "emul/lib/string.h"
#include "emul/lib/uapi.h"

#define LEGACY_SIZE	512
#define HEADER_SIZE	64
#define FP_SSE		3ULL
#define MAGIC1		0x46505853u	/* FP_XSTATE_MAGIC1 */
#define MAGIC2		0x46505845u	/* FP_XSTATE_MAGIC2 */

/* struct _fpx_sw_bytes, at byte 464. */
struct sw_bytes {
	uint32_t magic1;
	uint32_t extended_size;
	uint64_t features;
	uint32_t size;
	uint32_t pad[7];
};
#define SW_AT		464

_Static_assert(sizeof(struct sw_bytes) == 48, "_fpx_sw_bytes");

/* Found once: cpuid costs microseconds in a virtual machine. */
static struct {
	uint64_t mask;		/* components that frames carry; 0: not known */
	uint32_t size;
} xstate __arena;

#ifndef SBX_HOSTED
/* interposer/xstate.S; 0, or -EFAULT at the first fault. */
int fpu_save(uint64_t at, uint64_t mask);
int fpu_restore(uint64_t at, uint64_t mask);
int fpu_restore_fx(uint64_t at);
void fpu_reset(uint64_t mask);
#else
static int fpu_save(uint64_t at, uint64_t mask)
{
	(void)mask;
	memset((void *)at, 0, LEGACY_SIZE + HEADER_SIZE);
	return 0;
}

static int fpu_restore(uint64_t at, uint64_t mask)
{
	(void)at;
	(void)mask;
	return 0;
}

static int fpu_restore_fx(uint64_t at)
{
	(void)at;
	return 0;
}

static void fpu_reset(uint64_t mask)
{
	(void)mask;
}
#endif

static void cpuid(uint32_t leaf, uint32_t sub, uint32_t r[4])
{
	__asm__ volatile("cpuid" : "=a"(r[0]), "=b"(r[1]), "=c"(r[2]), "=d"(r[3])
			 : "a"(leaf), "c"(sub));
}

static void xstate_find(void)
{
	uint32_t r[4], lo, hi, size = LEGACY_SIZE + HEADER_SIZE;
	uint64_t mask, all;

	__asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
	all = lo | (uint64_t)hi << 32;
	mask = all & FP_SSE;
	for (uint32_t i = 2; i < 63; i++) {
		if (!(all >> i & 1))
			continue;
		cpuid(0xd, i, r);
		/* State that a program has to ask for (AMX) is not carried. */
		if (r[2] & 4)
			continue;
		mask |= 1ULL << i;
		size = MAX(size, r[0] + r[1]);
	}
	xstate.size = size;
	store_release(&xstate.mask, mask);
}

static uint64_t xstate_mask(void)
{
	if (unlikely(!load_acquire(&xstate.mask)))
		xstate_find();
	return xstate.mask;
}

size_t xstate_frame_size(void)
{
	xstate_mask();
	return xstate.size + sizeof(uint32_t);
}

int xstate_push(uaddr_t at)
{
	uint64_t mask = xstate_mask(), bv;
	uint32_t magic2 = MAGIC2;
	struct sw_bytes sw = {
		.magic1 = MAGIC1,
		.extended_size = xstate.size + (uint32_t)sizeof(magic2),
		.features = mask,
		.size = xstate.size,
	};

	if (!uaddr_ok(at, xstate_frame_size()))
		return -EFAULT;
	/* xsave leaves the reserved words of its header as they are. */
	if (clear_out(at + LEGACY_SIZE, HEADER_SIZE) || fpu_save(at, mask) ||
	    put_user(at + SW_AT, &sw) ||
	    put_user(at + xstate.size, &magic2) ||
	    get_user(&bv, at + LEGACY_SIZE))
		return -EFAULT;
	/* Old programs look at the first 512 bytes whatever the bits say. */
	bv |= FP_SSE;
	return put_user(at + LEGACY_SIZE, &bv);
}

/* The components that the frame at @at carries; 0: only the 512 bytes. */
static int frame_features(uaddr_t at, uint64_t *features)
{
	struct sw_bytes sw;
	uint32_t magic2;

	*features = 0;
	if (get_user(&sw, at + SW_AT))
		return -EFAULT;
	if (sw.magic1 != MAGIC1 || sw.size < LEGACY_SIZE + HEADER_SIZE ||
	    sw.size > xstate.size || sw.size > sw.extended_size)
		return 0;
	if (get_user(&magic2, at + sw.size))
		return -EFAULT;
	if (magic2 == MAGIC2)
		*features = sw.features;
	return 0;
}

int xstate_pop(uaddr_t at)
{
	uint64_t mask = xstate_mask(), features;
	int err;

	if (!at) {
		fpu_reset(mask);
		return 0;
	}
	if (!uaddr_ok(at, xstate_frame_size()))
		return -EFAULT;
	err = frame_features(at, &features);
	if (err)
		return err;
	features &= mask;
	/* First what the frame leaves out: loading it would reset mxcsr too. */
	fpu_reset(mask & ~(features ? features : FP_SSE));
	err = features ? fpu_restore(at, features) : fpu_restore_fx(at);
	if (err) {
		fpu_reset(mask);
		return -EINVAL;
	}
	return 0;
}

/* Also what frames do not carry.  No cpuid: each program starts with this. */
void xstate_reset(void)
{
	fpu_reset(~0ULL);
}

#define XSAVE_ALIGN	64UL

void *xstate_save(void)
{
	uint64_t mask = xstate_mask();
	char *area = kzalloc(xstate.size + XSAVE_ALIGN);

	if (area)
		BUG_ON(fpu_save(ALIGN_UP((uint64_t)area, XSAVE_ALIGN), mask));
	return area;
}

void xstate_load(const void *area)
{
	BUG_ON(fpu_restore(ALIGN_UP((uint64_t)area, XSAVE_ALIGN),
			   xstate_mask()));
}
