/* SPDX-License-Identifier: Apache-2.0 */
/* u-alloc.c: the arena's allocator, over a piece of memory at its address. */
#define ALLOC_UNDER_TEST
#define kmalloc		arena_malloc
#define kzalloc		arena_zalloc
#define krealloc	arena_realloc
#define kfree		arena_free
#define kstrndup	arena_strndup
#define page_alloc	arena_page_alloc
#define page_free	arena_page_free
#define alloc_used	arena_used
#define host_fallocate	arena_punch
/* NOLINTNEXTLINE(bugprone-suspicious-include): under other names */
#include "emul/lib/alloc.c"

#include <stdlib.h>
#include <sys/mman.h>

#include "t/unit.h"

#define TEST_HEAP	(256UL << 20)

long arena_punch(int fd, int mode, off_t off, off_t len)
{
	(void)fd;
	(void)mode;
	memset((void *)(META_BASE + (uint64_t)off), 0, (size_t)len);
	return 0;
}

static void map_heap(void)
{
	void *p = mmap((void *)HEAP_BASE, TEST_HEAP, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE |
		       MAP_FIXED_NOREPLACE, -1, 0);

	ck_assert_ptr_eq(p, (void *)HEAP_BASE);
}

START_TEST(test_sizes)
{
	static const size_t sizes[] = {
		1, 15, 16, 17, 100, 1024, 2048, 2049, 4032, 4033, 5000, 16320,
		16321, 100000, 3000000
	};
	char *p[ARRAY_SIZE(sizes)];
	unsigned int i, j;

	map_heap();
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		p[i] = kmalloc(sizes[i]);
		ck_assert_ptr_nonnull(p[i]);
		ck_assert_uint_eq((uint64_t)p[i] & 15, 0);
		memset(p[i], (int)i + 1, sizes[i]);
	}
	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		for (j = 0; j < sizes[i]; j++)
			ck_assert_int_eq(p[i][j], (int)i + 1);
	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		kfree(p[i]);
	kfree(NULL);
}
END_TEST

/* Random work; each object is filled with its number and checked. */
START_TEST(test_random)
{
	static struct {
		uint8_t *p;
		size_t n;
	} obj[2000];
	unsigned int i, k;
	size_t at, used;

	map_heap();
	srandom(7);
	for (i = 0; i < 200000; i++) {
		k = (unsigned int)random() % ARRAY_SIZE(obj);
		if (obj[k].p) {
			for (at = 0; at < obj[k].n; at += 61)
				ck_assert_uint_eq(obj[k].p[at], (uint8_t)k);
			kfree(obj[k].p);
			obj[k].p = NULL;
			continue;
		}
		obj[k].n = (size_t)random() % (i % 50 ? 700 : 40000) + 1;
		obj[k].p = kmalloc(obj[k].n);
		ck_assert_ptr_nonnull(obj[k].p);
		memset(obj[k].p, (int)k, obj[k].n);
	}
	for (k = 0; k < ARRAY_SIZE(obj); k++)
		kfree(obj[k].p);
	/* What is left is at most one slab a class. */
	used = alloc_used();
	ck_assert_uint_le(used, N_CLASSES * SLAB_SIZE);
}
END_TEST

START_TEST(test_zero)
{
	unsigned int i, j, round;
	uint8_t *p[20];

	map_heap();
	for (round = 0; round < 3; round++) {
		for (i = 0; i < 20; i++) {
			p[i] = page_alloc(1U << (i % 7));
			ck_assert_uint_eq((uint64_t)p[i] % PAGE_SIZE, 0);
			for (j = 0; j < PAGE_SIZE << (i % 7); j += 8)
				ck_assert_uint_eq(*(uint64_t *)(p[i] + j), 0);
			memset(p[i], 0xff, PAGE_SIZE << (i % 7));
		}
		for (i = 0; i < 20; i++)
			page_free(p[i], 1U << (i % 7));
	}
	ck_assert_uint_eq(alloc_used(), 0);
}
END_TEST

START_TEST(test_realloc)
{
	char *p = NULL;
	size_t n, i;

	map_heap();
	for (n = 1; n < 200000; n = n * 3 / 2 + 1) {
		p = krealloc(p, n);
		ck_assert_ptr_nonnull(p);
		for (i = 0; i < n / 3 * 2 && i < n * 2 / 3; i += 7)
			if (n > 1 && i < (n - 1) * 2 / 3)
				ck_assert_int_eq(p[i], (char)(i * 31));
		for (i = 0; i < n; i++)
			p[i] = (char)(i * 31);
	}
	for (; n > 1; n /= 2) {
		p = krealloc(p, n);
		for (i = 0; i < n && i < 100000; i += 13)
			ck_assert_int_eq(p[i], (char)(i * 31));
	}
	kfree(p);
}
END_TEST

START_TEST(test_full)
{
	map_heap();
	ck_assert_ptr_null(kmalloc(META_SIZE));
	ck_assert_ptr_null(kmalloc(SIZE_MAX));
	ck_assert_ptr_null(page_alloc(META_SIZE / PAGE_SIZE * 4));
	ck_assert_ptr_null(page_alloc(0));
}
END_TEST

UNIT_MAIN("lib-alloc", test_sizes, test_random, test_zero, test_realloc,
	  test_full)
