/* SPDX-License-Identifier: Apache-2.0 */
/* u-mm.c: the vma tree: what is in it, where there is room, what joins. */
#include <errno.h>
#include <linux/mman.h>
#include <stdio.h>
#include <sys/mman.h>

#include "emul/mm/mm.h"
#include "emul/mm/vma.h"
#include "t/unit.h"

/* Where neither libc nor a sanitizer has anything. */
#define BASE	0x300000000000UL
#define ANON	(MAP_PRIVATE | MAP_ANONYMOUS)
#define RW	(PROT_READ | PROT_WRITE)

static struct mm *new_mm(void)
{
	struct mm *mm = mm_create();

	ck_assert_ptr_nonnull(mm);
	mm->mmap_base = BASE;
	return mm;
}

/* Order, bounds, what the nodes say of their subtrees, and the counters. */
static void verify(struct mm *mm)
{
	uint64_t prev_end = 0, pages = 0, data = 0;
	struct vma *v, *prev = NULL;
	unsigned int n = 0;

	for (v = vma_first(mm); v; prev = v, v = vma_next(v)) {
		uint64_t old[3] = { v->sub_start, v->sub_end, v->sub_gap };

		mm->vmas.update(&v->node);
		ck_assert_uint_eq(old[0], v->sub_start);
		ck_assert_uint_eq(old[1], v->sub_end);
		ck_assert_uint_eq(old[2], v->sub_gap);
		ck_assert_uint_ge(v->start, prev_end);
		ck_assert_uint_lt(v->start, v->end);
		ck_assert_uint_eq(v->start % PAGE_SIZE, 0);
		ck_assert_uint_eq(v->end % PAGE_SIZE, 0);
		/* What touches and agrees has been joined. */
		if (prev && prev->end == v->start)
			ck_assert(prev->prot != v->prot ||
				  prev->flags != v->flags);
		prev_end = v->end;
		pages += (v->end - v->start) / PAGE_SIZE;
		if (v->prot & PROT_WRITE)
			data += (v->end - v->start) / PAGE_SIZE;
		n++;
	}
	ck_assert_uint_eq(n, mm->n_vmas);
	ck_assert_uint_eq(pages, mm->total_pages);
	ck_assert_uint_eq(data, mm->data_pages);
}

START_TEST(test_top_down)
{
	struct mm *mm = new_mm();
	long a, b, c;

	a = mm_map(mm, 0, 3 * PAGE_SIZE, RW, ANON, NULL, 0);
	ck_assert_int_eq(a, BASE - 3 * PAGE_SIZE);
	b = mm_map(mm, 0, 1, PROT_READ, ANON, NULL, 0);
	ck_assert_int_eq(b, a - (long)PAGE_SIZE);
	/* Alike: joined with the one above it. */
	c = mm_map(mm, 0, PAGE_SIZE, PROT_READ, ANON, NULL, 0);
	ck_assert_int_eq(c, b - (long)PAGE_SIZE);
	ck_assert_uint_eq(mm->n_vmas, 2);
	verify(mm);
	/* A hole in the middle is used before new ground. */
	ck_assert_int_eq(mm_unmap(mm, (uint64_t)a + PAGE_SIZE, PAGE_SIZE), 0);
	ck_assert_uint_eq(mm->n_vmas, 3);
	verify(mm);
	b = mm_map(mm, 0, PAGE_SIZE, PROT_NONE, ANON, NULL, 0);
	ck_assert_int_eq(b, a + (long)PAGE_SIZE);
	verify(mm);
	ck_assert_int_eq(mm_unmap(mm, (uint64_t)c, BASE - (uint64_t)c), 0);
	ck_assert_uint_eq(mm->n_vmas, 0);
	mm_put(mm);
}
END_TEST

START_TEST(test_errors)
{
	struct mm *mm = new_mm();
	long a;

	ck_assert_int_eq(mm_map(mm, 0, 0, RW, ANON, NULL, 0), -EINVAL);
	ck_assert_int_eq(mm_map(mm, 0, SIZE_MAX, RW, ANON, NULL, 0), -ENOMEM);
	ck_assert_int_eq(mm_map(mm, 0, 1UL << 47, RW, ANON, NULL, 0), -ENOMEM);
	ck_assert_int_eq(mm_map(mm, BASE + 1, 1, RW, ANON | MAP_FIXED, NULL, 0),
			 -EINVAL);
	ck_assert_int_eq(mm_map(mm, 0, 1, RW, ANON | MAP_FIXED, NULL, 0),
			 -EPERM);
	/* The region is not the guest's. */
	ck_assert_int_eq(mm_map(mm, REGION_START, 1, RW, ANON | MAP_FIXED,
				NULL, 0), -ENOMEM);
	ck_assert_int_eq(mm_map(mm, REGION_START - PAGE_SIZE, 2 * PAGE_SIZE,
				RW, ANON | MAP_FIXED, NULL, 0), -ENOMEM);
	ck_assert_int_eq(mm_map(mm, 0, 1, RW, MAP_ANONYMOUS, NULL, 0),
			 -EINVAL);
	ck_assert_int_eq(mm_unmap(mm, REGION_START, PAGE_SIZE), -EINVAL);
	ck_assert_int_eq(mm_unmap(mm, BASE, 0), -EINVAL);
	ck_assert_int_eq(mm_unmap(mm, BASE + 1, 1), -EINVAL);
	ck_assert_int_eq(mm_unmap(mm, BASE, PAGE_SIZE), 0);
	ck_assert_int_eq(mm_protect(mm, BASE, PAGE_SIZE, RW), -ENOMEM);
	ck_assert_int_eq(mm_protect(mm, REGION_START, PAGE_SIZE, RW), -ENOMEM);
	ck_assert_int_eq(mm_protect(mm, BASE, 0, RW), 0);
	a = mm_map(mm, BASE, PAGE_SIZE, RW, ANON | MAP_FIXED_NOREPLACE, NULL,
		   0);
	ck_assert_int_eq(a, BASE);
	ck_assert_int_eq(mm_map(mm, BASE, PAGE_SIZE, RW,
				ANON | MAP_FIXED_NOREPLACE, NULL, 0), -EEXIST);
	ck_assert_int_eq(mm_protect(mm, BASE, 2 * PAGE_SIZE, PROT_READ),
			 -ENOMEM);
	/* What was mapped of it did change, as on Linux. */
	ck_assert_int_eq(vma_find(mm, BASE)->prot, PROT_READ);
	ck_assert_int_eq(mm_protect(mm, BASE, PAGE_SIZE, 0x40), -EINVAL);
	ck_assert_int_eq(mm_remap(mm, BASE, PAGE_SIZE, 0, 0, 0), -EINVAL);
	ck_assert_int_eq(mm_remap(mm, BASE + (1 << 20), PAGE_SIZE, PAGE_SIZE,
				  0, 0), -EFAULT);
	verify(mm);
	mm_unmap(mm, BASE, PAGE_SIZE);
	mm_put(mm);
}
END_TEST

START_TEST(test_remap)
{
	struct mm *mm = new_mm();
	long a = mm_map(mm, 0, 4 * PAGE_SIZE, RW, ANON, NULL, 0), b, c;
	char *p = (char *)a;

	for (int i = 0; i < 4; i++)
		p[i * 4096] = (char)('a' + i);
	/* Nothing above: it grows where it is. */
	b = mm_remap(mm, (uint64_t)a, 4 * PAGE_SIZE, 6 * PAGE_SIZE, 0, 0);
	ck_assert_int_eq(b, a);
	ck_assert_int_eq(p[5 * 4096], 0);
	verify(mm);
	ck_assert_uint_eq(mm->n_vmas, 1);
	/* In the way. */
	c = mm_map(mm, (uint64_t)a + 6 * PAGE_SIZE, PAGE_SIZE, PROT_READ,
		   ANON | MAP_FIXED, NULL, 0);
	ck_assert_int_eq(c, a + 6 * (long)PAGE_SIZE);
	ck_assert_int_eq(mm_remap(mm, (uint64_t)a, 6 * PAGE_SIZE,
				  7 * PAGE_SIZE, 0, 0), -ENOMEM);
	b = mm_remap(mm, (uint64_t)a, 6 * PAGE_SIZE, 7 * PAGE_SIZE,
		     MREMAP_MAYMOVE, 0);
	ck_assert_int_gt(b, 0);
	ck_assert_int_ne(b, a);
	ck_assert_int_eq(((char *)b)[3 * 4096], 'd');
	ck_assert_int_eq(((char *)b)[6 * 4096], 0);
	ck_assert_ptr_null(vma_find(mm, (uint64_t)a));
	verify(mm);
	/* A part of it to a place of our choice, over something. */
	a = (long)BASE + 0x100000;
	mm_map(mm, (uint64_t)a, 4 * PAGE_SIZE, PROT_NONE, ANON | MAP_FIXED,
	       NULL, 0);
	c = mm_remap(mm, (uint64_t)b + 2 * PAGE_SIZE, 2 * PAGE_SIZE,
		     2 * PAGE_SIZE, MREMAP_MAYMOVE | MREMAP_FIXED,
		     (uint64_t)a + PAGE_SIZE);
	ck_assert_int_eq(c, a + (long)PAGE_SIZE);
	ck_assert_int_eq(*(char *)c, 'c');
	ck_assert_int_eq(((char *)c)[4096], 'd');
	ck_assert_int_eq(*(char *)b, 'a');
	ck_assert_ptr_null(vma_find(mm, (uint64_t)b + 2 * PAGE_SIZE));
	verify(mm);
	/* Less. */
	ck_assert_int_eq(mm_remap(mm, (uint64_t)c, 2 * PAGE_SIZE, PAGE_SIZE,
				  0, 0), c);
	ck_assert_ptr_null(vma_find(mm, (uint64_t)c + PAGE_SIZE));
	/* The old place stays, empty. */
	b = mm_remap(mm, (uint64_t)c, PAGE_SIZE, PAGE_SIZE,
		     MREMAP_MAYMOVE | MREMAP_DONTUNMAP, 0);
	ck_assert_int_gt(b, 0);
	ck_assert_int_eq(*(char *)b, 'c');
	ck_assert_int_eq(*(char *)c, 0);
	verify(mm);
	mm_put(mm);
}
END_TEST

/* Many changes in a small window, against an array. */
#define WINDOW	48u
static int model[WINDOW];	/* prot, or -1 */

static void check_model(struct mm *mm, uint64_t at)
{
	for (unsigned int i = 0; i < WINDOW; i++) {
		struct vma *v = vma_find(mm, at + i * PAGE_SIZE);

		ck_assert_int_eq(v ? v->prot : -1, model[i]);
	}
}

/* The host has the same as the tree. */
static void check_host(uint64_t at)
{
	FILE *f = fopen("/proc/self/maps", "r");
	int host[WINDOW];
	char line[512], perm[8];
	unsigned long start, end;

	ck_assert_ptr_nonnull(f);
	for (unsigned int i = 0; i < WINDOW; i++)
		host[i] = -1;
	while (fgets(line, sizeof(line), f)) {
		ck_assert_int_eq(sscanf(line, "%lx-%lx %7s", &start, &end,
					perm), 3);
		for (unsigned int i = 0; i < WINDOW; i++) {
			uint64_t page = at + i * PAGE_SIZE;

			if (page >= start && page < end)
				host[i] = (perm[0] == 'r' ? PROT_READ : 0) |
					(perm[1] == 'w' ? PROT_WRITE : 0) |
					(perm[2] == 'x' ? PROT_EXEC : 0);
		}
	}
	fclose(f);
	for (unsigned int i = 0; i < WINDOW; i++)
		ck_assert_int_eq(host[i], model[i]);
}

START_TEST(test_random)
{
	static const int prots[] = { PROT_NONE, PROT_READ, RW };
	const uint64_t at = BASE + (1UL << 30);
	struct mm *mm = new_mm();
	unsigned int x = 1;

	for (unsigned int i = 0; i < WINDOW; i++)
		model[i] = -1;
	for (int step = 0; step < 5000; step++) {
		unsigned int from, n, op;
		int prot;
		bool whole = true;
		long r;

		x = x * 1103515245u + 12345u;
		from = (x >> 8) % WINDOW;
		n = 1 + (x >> 16) % (WINDOW - from);
		n = MIN(n, 8);
		op = (x >> 5) % 3;
		prot = prots[(x >> 24) % 3];
		if (op == 0) {
			r = mm_map(mm, at + from * PAGE_SIZE, n * PAGE_SIZE,
				   prot, ANON | MAP_FIXED, NULL, 0);
			ck_assert_int_eq(r, at + from * PAGE_SIZE);
			for (unsigned int i = from; i < from + n; i++)
				model[i] = prot;
		} else if (op == 1) {
			r = mm_unmap(mm, at + from * PAGE_SIZE, n * PAGE_SIZE);
			ck_assert_int_eq(r, 0);
			for (unsigned int i = from; i < from + n; i++)
				model[i] = -1;
		} else {
			r = mm_protect(mm, at + from * PAGE_SIZE,
				       n * PAGE_SIZE, prot);
			for (unsigned int i = from; i < from + n && whole;
			     i++) {
				if (model[i] < 0)
					whole = false;
				else
					model[i] = prot;
			}
			ck_assert_int_eq(r, whole ? 0 : -ENOMEM);
		}
		verify(mm);
		if (step % 50 == 0) {
			check_model(mm, at);
			check_host(at);
		}
	}
	mm_put(mm);
}
END_TEST

/* The gap search against looking at each page. */
START_TEST(test_gaps)
{
	const uint64_t at = BASE + (2UL << 30);
	struct mm *mm = new_mm();
	unsigned int x = 7;

	for (int round = 0; round < 60; round++) {
		bool used[WINDOW] = { false };

		mm_unmap(mm, at, WINDOW * PAGE_SIZE);
		for (int i = 0; i < 14; i++) {
			unsigned int p;

			x = x * 1103515245u + 12345u;
			p = (x >> 8) % WINDOW;
			used[p] = true;
			mm_map(mm, at + p * PAGE_SIZE, PAGE_SIZE, i % 2 ? RW :
			       PROT_NONE, ANON | MAP_FIXED, NULL, 0);
		}
		for (unsigned int len = 1; len < 12; len++) {
			uint64_t down = 0, up = 0;

			for (unsigned int i = 0; i + len <= WINDOW; i++) {
				bool free = true;

				for (unsigned int j = i; j < i + len; j++)
					free = free && !used[j];
				if (free) {
					down = at + i * PAGE_SIZE;
					up = up ? up : down;
				}
			}
			ck_assert_uint_eq(down, vma_gap_down(mm, at, at +
					  WINDOW * PAGE_SIZE, len * PAGE_SIZE,
					  PAGE_SIZE));
			ck_assert_uint_eq(up, vma_gap_up(mm, at, at + WINDOW *
					  PAGE_SIZE, len * PAGE_SIZE,
					  PAGE_SIZE));
		}
	}
	/* Aligned places. */
	ck_assert_uint_eq(vma_gap_down(mm, GUEST_MIN, BASE, 2UL << 20,
				       2UL << 20) % (2UL << 20), 0);
	mm_put(mm);
}
END_TEST

START_TEST(test_thunks)
{
	struct mm *mm = new_mm();
	uint64_t image = BASE + (3UL << 30);
	long a;

	mm_map(mm, image, 16 * PAGE_SIZE, PROT_READ, ANON | MAP_FIXED, NULL,
	       0);
	a = mm_map_thunks(mm, image, image + 16 * PAGE_SIZE, 4 * PAGE_SIZE);
	ck_assert_int_eq(a, image - 4 * PAGE_SIZE);
	ck_assert(vma_find(mm, (uint64_t)a)->flags & VMA_KERNEL);
	ck_assert_uint_eq(mm->total_pages, 16);
	/* At the bottom of everything it has to lie above. */
	mm_map(mm, GUEST_MIN, 16 * PAGE_SIZE, PROT_READ, ANON | MAP_FIXED,
	       NULL, 0);
	a = mm_map_thunks(mm, GUEST_MIN, GUEST_MIN + 16 * PAGE_SIZE,
			  4 * PAGE_SIZE);
	ck_assert_int_eq(a, GUEST_MIN + 16 * PAGE_SIZE);
	/* The guest may map over it. */
	ck_assert_int_eq(mm_map(mm, (uint64_t)a, PAGE_SIZE, RW,
				ANON | MAP_FIXED, NULL, 0), a);
	mm_put(mm);
}
END_TEST

UNIT_MAIN("mm", test_top_down, test_errors, test_remap, test_random,
	  test_gaps, test_thunks)
