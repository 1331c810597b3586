/* SPDX-License-Identifier: Apache-2.0 */
/* u-site.c: FDE look-up and the plans for sites, on small texts. */
#include "t/unit.h"

#include <stdio.h>
#include <string.h>

#include "interposer/site.h"

#define BASE	0x400000u	/* of the image */
#define TEXT	0x1000u		/* where text begins in it */
#define HDR	0x100u		/* .eh_frame_hdr */
#define FRAME	0x400u		/* .eh_frame */
#define SIZE	0x2000u

static uint8_t image[SIZE];
static unsigned int reads;

static int read_image(const struct gmem *m, void *dst, uint64_t addr, size_t n)
{
	(void)m;
	reads++;
	/* Nobody may ask for what lies outside. */
	ck_assert(addr >= BASE && n <= SIZE && addr - BASE <= SIZE - n);
	memcpy(dst, image + (addr - BASE), n);
	return 0;
}

static const struct gmem mem = { .read = read_image };
static struct eh_image im = { .mem = &mem, .lo = BASE, .hi = BASE + SIZE };

static void put32(uint32_t off, uint32_t v)
{
	memcpy(image + off, &v, sizeof(v));
}

static uint32_t n_fdes, frame_end;

/* An image full of int3, with tables for no function yet. */
static void start_image(bool signal)
{
	static const uint8_t cie[] = {
		0, 0, 0, 0, 1, 'z', 'R', 0, 1, 0x78, 16, 1, 0x1b, 0, 0, 0,
	};
	static const uint8_t cie_s[] = {
		0, 0, 0, 0, 1, 'z', 'R', 'S', 0, 1, 0x78, 16, 1, 0x1b, 0, 0,
	};

	memset(image, 0xcc, sizeof(image));
	memset(image, 0, TEXT);
	image[HDR] = 1;
	image[HDR + 1] = 0x1b;
	image[HDR + 2] = 0x03;
	image[HDR + 3] = 0x3b;
	put32(HDR + 4, FRAME - (HDR + 4));
	put32(FRAME, sizeof(cie));
	memcpy(image + FRAME + 4, signal ? cie_s : cie, sizeof(cie));
	frame_end = FRAME + 4 + sizeof(cie);
	n_fdes = 0;
	im.hdr = BASE + HDR;
	im.hdr_size = FRAME - HDR;
}

/* A function at TEXT + @off; in ascending order. */
static void add_fde(uint32_t off, uint32_t len)
{
	uint32_t row = HDR + 12 + 8 * n_fdes;

	put32(frame_end, 16);
	put32(frame_end + 4, frame_end + 4 - FRAME);
	put32(frame_end + 8, TEXT + off - (frame_end + 8));
	put32(frame_end + 12, len);
	put32(frame_end + 16, 0);
	put32(row, TEXT + off - HDR);
	put32(row + 4, frame_end - HDR);
	frame_end += 20;
	put32(HDR + 8, ++n_fdes);
}

/* Put hex at TEXT + off; returns the offset behind it. */
static uint32_t text(uint32_t off, const char *hex)
{
	unsigned int b;

	for (; *hex; hex++) {
		if (*hex == ' ')
			continue;
		ck_assert_int_eq(sscanf(hex, "%2x", &b), 1);
		image[TEXT + off++] = (uint8_t)b;
		hex++;
	}
	return off;
}

static struct site_span used[4];
static size_t n_used;

static struct site_plan plan_at(uint32_t off)
{
	struct site_request rq = {
		.im = &im, .lo = BASE + TEXT, .hi = BASE + SIZE,
		.site = BASE + TEXT + off, .used = used, .n_used = n_used,
	};
	struct site_plan plan;

	site_plan(&rq, &plan);
	return plan;
}

static uint32_t at(const struct site_plan *p)
{
	return (uint32_t)(p->at - BASE - TEXT);
}

START_TEST(test_find)
{
	struct eh_fde f;

	start_image(false);
	add_fde(0x100, 0x30);
	add_fde(0x140, 0x20);
	add_fde(0x160, 0x10);
	ck_assert_int_eq(eh_find(&im, BASE + TEXT + 0xff, &f), -2);
	ck_assert_int_eq(eh_find(&im, BASE + TEXT + 0x100, &f), 0);
	ck_assert_uint_eq(f.start, BASE + TEXT + 0x100);
	ck_assert_uint_eq(f.end, BASE + TEXT + 0x130);
	ck_assert_uint_eq(f.next, BASE + TEXT + 0x140);
	ck_assert(!f.signal);
	ck_assert_int_eq(eh_find(&im, BASE + TEXT + 0x13f, &f), 0);
	ck_assert_uint_eq(f.start, BASE + TEXT + 0x100);
	ck_assert_int_eq(eh_find(&im, BASE + TEXT + 0x15f, &f), 0);
	ck_assert_uint_eq(f.start, BASE + TEXT + 0x140);
	ck_assert_int_eq(eh_find(&im, BASE + SIZE - 1, &f), 0);
	ck_assert_uint_eq(f.start, BASE + TEXT + 0x160);
	ck_assert_uint_eq(f.next, BASE + SIZE);
}
END_TEST

/* Any damage to the tables: an error or an answer, no stray read. */
START_TEST(test_find_hostile)
{
	uint64_t x = 88172645463325252u;

	for (int i = 0; i < 20000; i++) {
		struct eh_fde f;

		start_image(i & 1);
		add_fde(0x100, 0x30);
		add_fde(0x140, 0x20);
		for (int k = 0; k < 3; k++) {
			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
			image[(x >> 8) % 2 ? HDR + (x >> 16) % 40 :
			      FRAME + (x >> 16) % 64] =
				(uint8_t)(x >> 40);
		}
		if (i % 16 == 0)
			im.hdr = BASE + x % SIZE;
		if (i % 16 == 1)
			im.hdr_size = x % SIZE;
		reads = 0;
		eh_find(&im, BASE + TEXT + 0x120, &f);
		ck_assert_uint_lt(reads, 200);
	}
}
END_TEST

/* Each test below runs with FDEs (0) and without (1). */
static void function(int i, uint32_t start, uint32_t end)
{
	if (i)
		im.hdr = 0;
	else
		add_fde(start, end - start);
}

#define SLED "5355415441554889fb4889f531c04889d64889df90905b5d5b5d4889fb" \
	"4889f54889fb4889f54889fb4889f54889fb4889f54889fb4889f54889fb4889f5" \
	"4889fb4889f54889fb4889f54889fb4889f54889fb4889f54889fb4889f54889fb" \
	"4889f54889fb4889f54889fb4889f54889fb4889f54889fb4889f54889fb4889f5" \
	"4889fb4889f54889fb4889f54889fb4889f54889fb4889f54889fb4889f54889fb"

START_TEST(test_mov)
{
	uint32_t mov, site, end;
	struct site_plan p;

	start_image(false);
	mov = text(0x100, SLED);
	site = text(mov, "b827000000");
	end = text(site, "0f05 483d00f0ffff 7701 c3 c3");
	function(_i, 0x100, end);
	p = plan_at(site);
	ck_assert_int_eq(p.tier, SITE_A);
	ck_assert_uint_eq(at(&p), mov);
	ck_assert_uint_eq(p.copy_len, 5);
	ck_assert(!p.detour);
	ck_assert(!memcmp(p.old, image + TEXT + mov, 5));
}
END_TEST

/* Go's form, and a mov with register moves between it and the site. */
START_TEST(test_mov_apart)
{
	uint32_t mov, site, end;
	struct site_plan p;

	start_image(false);
	mov = text(0x100, SLED);
	site = text(mov, "48c7c027000000 4889d6 4889df");
	end = text(site, "0f05 c3");
	function(_i, 0x100, end);
	p = plan_at(site);
	ck_assert_int_eq(p.tier, SITE_A);
	ck_assert_uint_eq(at(&p), mov);
	ck_assert_uint_eq(p.copy_len, 13);
	ck_assert(!memcmp(p.copy, image + TEXT + mov, 13));
}
END_TEST

/* syscall(): no mov of a number, but a long enough load. */
START_TEST(test_load)
{
	uint32_t load, site, end;
	struct site_plan p;

	start_image(false);
	load = text(0x100, SLED);
	site = text(load, "4c8b4c2408");
	end = text(site, "0f05 c3");
	function(_i, 0x100, end);
	p = plan_at(site);
	ck_assert_int_eq(p.tier, SITE_A);
	ck_assert_uint_eq(at(&p), load);
}
END_TEST

/* The mov's bytes are the tail of a longer instruction. */
START_TEST(test_mov_inside)
{
	uint32_t at0, site, end;
	struct site_plan p;

	start_image(false);
	at0 = text(0x100, SLED);
	/* movl $0x10,-0x48(%rsp): c7 44 24 b8 10 00 00 00 */
	site = text(at0, "c74424b810000000");
	end = text(site, "0f05 c3");
	function(_i, 0x100, end);
	p = plan_at(site);
	ck_assert_int_eq(p.tier, SITE_A);
	ck_assert_uint_eq(at(&p), at0);
	ck_assert_uint_eq(p.copy_len, 8);
}
END_TEST

/* What depends on its address, or is a branch, is not moved. */
START_TEST(test_fixed)
{
	static const char *const no[] = {
		"e800000000",		/* call */
		"0f8400000000",		/* je */
		"f0480fb11424",		/* lock cmpxchg */
	};

	for (size_t i = 0; i < sizeof(no) / sizeof(*no); i++) {
		uint32_t site, end;
		struct site_plan p;

		start_image(false);
		site = text(text(0x100, SLED), no[i]);
		end = text(site, "0f05 c3");
		memset(image + TEXT + end, 0xc3, 200);
		function(_i, 0x100, end);
		p = plan_at(site);
		ck_assert_int_eq(p.tier, SITE_C);
		ck_assert_int_eq(p.why, SITE_NO_ROOM);
	}
}
END_TEST

/* No P: the filler behind the function serves, the next one avoids it. */
START_TEST(test_pad)
{
	uint32_t site, site2, end;
	struct site_plan p, q;

	start_image(false);
	site = text(text(0x100, SLED), "31c0");
	site2 = text(site, "0f05 31c0");
	end = text(site2, "0f05 c3");
	memset(image + TEXT + end, 0xcc, 10);
	memset(image + TEXT + end + 10, 0xc3, 200);
	function(_i, 0x100, end);
	if (!_i)
		add_fde(end + 10, 20);
	p = plan_at(site);
	ck_assert_int_eq(p.tier, SITE_B);
	ck_assert_uint_eq(at(&p), site);
	ck_assert_uint_eq(p.pad, BASE + TEXT + end);
	ck_assert(!memcmp(p.pad_old, "\xcc\xcc\xcc\xcc\xcc", 5));
	used[n_used++] = (struct site_span){ p.pad, p.pad + 5 };
	q = plan_at(site2);
	ck_assert_int_eq(q.tier, SITE_B);
	ck_assert_uint_eq(q.pad, BASE + TEXT + end + 5);
	used[n_used++] = (struct site_span){ q.pad, q.pad + 5 };
	ck_assert_int_eq(plan_at(site).tier, SITE_C);
	n_used = 0;
}
END_TEST

/* The nop in front of a function's start is not on the way to its site. */
START_TEST(test_filler_before)
{
	struct site_plan p;

	start_image(false);
	add_fde(0x100, 6);
	add_fde(0x110, 16);
	text(0x100, "b8 ff ff ff ff c3");
	text(0x106, "66 2e 0f 1f 84 00 00 00 00 00");
	text(0x110, "31 c0 0f 05 48 3d 00 f0 ff ff 77 04 c3 0f 1f 00");
	p = plan_at(0x112);
	ck_assert_int_eq(p.tier, SITE_B);
	ck_assert_int_eq(at(&p), 0x112);
	ck_assert_int_eq(p.pad, BASE + TEXT + 0x10b);
}
END_TEST

/* Nops behind a jmp are filler, unless a branch goes there. */
START_TEST(test_pad_nops)
{
	uint32_t site, nops, end;
	struct site_plan p;

	start_image(false);
	site = text(0x100, "7409 31c0");
	nops = text(site, "0f05 eb05");
	end = text(nops, "0f1f440000 c3");
	memset(image + TEXT + end, 0xc3, 200);
	add_fde(0x100, end - 0x100);
	/* je: 0x102 + 9 is the middle of nothing yet, but the ret */
	image[TEXT + 0x101] = (uint8_t)(end - 1 - 0x102);
	p = plan_at(site);
	ck_assert_int_eq(p.tier, SITE_B);
	ck_assert_uint_eq(p.pad, BASE + TEXT + nops);
	image[TEXT + 0x101] = (uint8_t)(nops - 0x102);
	p = plan_at(site);
	ck_assert_int_eq(p.tier, SITE_C);
}
END_TEST

/* Without FDEs nops count only where they align what follows. */
START_TEST(test_pad_aligned)
{
	uint32_t site, end;

	for (uint32_t shift = 0; shift < 16; shift++) {
		uint32_t from, to;

		start_image(false);
		im.hdr = 0;
		site = text(text(0x100 + shift, SLED), "31c0");
		end = text(site, "0f05 c3");
		memset(image + TEXT + end, 0xc3, 300);
		from = end;
		to = (end + 15) & ~15u;
		memset(image + TEXT + from, 0x90, to - from);
		ck_assert_int_eq(plan_at(site).tier,
				 to - from >= 5 ? SITE_B : SITE_C);
		memset(image + TEXT + from, 0xc3, 16);
		memset(image + TEXT + from, 0x90, 9);
		if ((from + 9) % 16)
			ck_assert_int_eq(plan_at(site).tier, SITE_C);
	}
}
END_TEST

/* A branch that goes between P and the site would trap: prefer filler. */
START_TEST(test_detour)
{
	uint32_t mov, site, end;
	struct site_plan p;

	start_image(false);
	mov = text(0x100, "7405 4889fb");
	site = text(mov, "b827000000");
	end = text(site, "0f05 c3");
	image[TEXT + 0x101] = (uint8_t)(site - 0x102);
	memset(image + TEXT + end, 0xc3, 200);
	add_fde(0x100, end - 0x100);
	p = plan_at(site);
	ck_assert_int_eq(p.tier, SITE_A);
	ck_assert(p.detour);
	memset(image + TEXT + end, 0xcc, 6);
	add_fde(end + 6, 20);
	p = plan_at(site);
	ck_assert_int_eq(p.tier, SITE_B);
	/* Into the mov itself: hands off. */
	image[TEXT + 0x101] = (uint8_t)(mov + 1 - 0x102);
	memset(image + TEXT + end, 0xc3, 6);
	p = plan_at(site);
	ck_assert_int_eq(p.tier, SITE_C);
}
END_TEST

START_TEST(test_sigreturn)
{
	uint32_t site, end;

	start_image(false);
	site = text(text(0x100, SLED), "48c7c00f000000");
	end = text(site, "0f05 cccccccccccccccccc");
	function(_i, 0x100, end);
	ck_assert_int_eq(plan_at(site).why, SITE_SIGRETURN);

	start_image(true);
	site = text(0x100, "4889d0 4889d0 b827000000");
	end = text(site, "0f05 c3");
	add_fde(0x100, end - 0x100);
	ck_assert_int_eq(plan_at(site).why, SITE_SIGRETURN);
}
END_TEST

/* With an FDE of a signal frame, and of nothing else, it is rewritten. */
START_TEST(test_restorer)
{
	uint32_t site, end, mov = 0x110;
	struct site_plan p;

	start_image(true);
	site = text(mov, "48c7c00f000000");
	text(site, "0f05 0f1f8000000000");
	add_fde(mov - (uint32_t)_i, site + 2 - mov + (uint32_t)_i);
	p = plan_at(site);
	ck_assert_int_eq(p.tier, _i > 1 ? SITE_C : SITE_A);
	if (_i > 1)
		return;
	ck_assert_uint_eq(at(&p), mov);
	ck_assert_uint_eq(p.copy_len, 7);


	/* The header is not needed, but the FDE is. */
	image[HDR + 8] = 0;
	im.hdr = 0;
	ck_assert_int_eq(plan_at(site).tier, SITE_A);
	memset(image + FRAME, 0, frame_end - FRAME);
	ck_assert_int_eq(plan_at(site).why, SITE_SIGRETURN);

	/* More than that is in the function. */
	start_image(true);
	end = text(text(mov, "48c7c00f000000"), "0f05 0f1f8000000000");
	add_fde(mov, end - mov);
	ck_assert_int_eq(plan_at(site).why, SITE_SIGRETURN);
}
END_TEST

START_TEST(test_refuse)
{
	uint32_t site;

	/* Not a syscall. */
	start_image(false);
	site = text(text(0x100, SLED), "b827000000");
	text(site, "0f0b c3");
	function(_i, 0x100, site + 3);
	ck_assert_int_eq(plan_at(site).why, SITE_NOT_SYSCALL);

	/* The function does not decode. */
	start_image(false);
	site = text(text(text(0x100, "06"), SLED), "b827000000");
	text(site, "0f05 c3");
	add_fde(0x100, site + 3 - 0x100);
	ck_assert_int_eq(plan_at(site).why, SITE_UNPROVEN);

	/* Decoding passes over the site. */
	start_image(false);
	site = text(text(0x100, SLED), "b8");
	text(site, "0f05c3c3 c3");
	add_fde(0x100, site + 5 - 0x100);
	ck_assert_int_eq(plan_at(site).why, SITE_UNPROVEN);

	/* At the very ends of the mapping. */
	start_image(false);
	im.hdr = 0;
	text(0, "0f05 c3");
	ck_assert_int_eq(plan_at(0).tier, SITE_B);
	text(SIZE - TEXT - 2, "0f05");
	ck_assert_int_eq(plan_at(SIZE - TEXT - 2).tier, SITE_C);
	ck_assert_int_eq(plan_at(SIZE - TEXT - 1).why, SITE_UNREADABLE);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("site");

	tcase_add_test(tc, test_find);
	tcase_add_test(tc, test_find_hostile);
	tcase_add_loop_test(tc, test_mov, 0, 2);
	tcase_add_loop_test(tc, test_mov_apart, 0, 2);
	tcase_add_loop_test(tc, test_load, 0, 2);
	tcase_add_loop_test(tc, test_mov_inside, 0, 2);
	tcase_add_loop_test(tc, test_fixed, 0, 2);
	tcase_add_loop_test(tc, test_pad, 0, 2);
	tcase_add_test(tc, test_pad_nops);
	tcase_add_test(tc, test_filler_before);
	tcase_add_test(tc, test_pad_aligned);
	tcase_add_test(tc, test_detour);
	tcase_add_loop_test(tc, test_sigreturn, 0, 2);
	tcase_add_loop_test(tc, test_restorer, 0, 3);
	tcase_add_loop_test(tc, test_refuse, 0, 2);
	return unit_run_case("interposer-site", tc);
}
