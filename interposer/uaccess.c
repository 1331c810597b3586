/* SPDX-License-Identifier: Apache-2.0 */
/*
 * uaccess.c: the bodies of emul/entry/uaccess.h.
 *
 * Each instruction that touches guest memory has a row in the exception
 * table.  `rep movsb` leaves in rcx how many bytes it did not reach.
 */
#include "emul/entry/uaccess.h"

#include <asm-generic/errno.h>

#include "emul/lib/string.h"
#include "emul/mm/mm.h"
#include "interposer/extable.h"

static inline size_t copy_bytes(void *dst, const void *src, size_t n)
{
	__asm__ volatile("1:	rep movsb\n"
			 "2:\n"
			 EXTABLE(1b, 2b)
			 : "+D"(dst), "+S"(src), "+c"(n) :: "memory");
	return n;
}

/*
 * As above; @guest is which of the two the guest's is.  A page of a file that
 * has grown since it was mapped is brought in on the way.
 */
static size_t copy_user(void *dst, const void *src, size_t n, uaddr_t guest,
			bool write)
{
	size_t left = copy_bytes(dst, src, n);

	while (unlikely(left)) {
		size_t done = n - left;

		if (!mm_fault_in(guest + done, write))
			break;
		left = copy_bytes((char *)dst + done, (const char *)src + done,
				  left);
		if (left == n - done)
			break;
	}
	return left;
}

/* One load or store of 4 or 8 bytes; 0, or -EFAULT. */
static inline int load8(uint64_t *v, uint64_t addr)
{
	int err = 0;

	__asm__ volatile("1:	mov (%2), %1\n"
			 "	jmp 3f\n"
			 "2:	mov %3, %0\n"
			 "3:\n"
			 EXTABLE(1b, 2b)
			 : "+r"(err), "=&r"(*v) : "r"(addr), "i"(-EFAULT)
			 : "memory");
	return err;
}

static inline int load4(uint32_t *v, uint64_t addr)
{
	int err = 0;

	__asm__ volatile("1:	mov (%2), %1\n"
			 "	jmp 3f\n"
			 "2:	mov %3, %0\n"
			 "3:\n"
			 EXTABLE(1b, 2b)
			 : "+r"(err), "=&r"(*v) : "r"(addr), "i"(-EFAULT)
			 : "memory");
	return err;
}

static inline int store8(uint64_t addr, uint64_t v)
{
	int err = 0;

	__asm__ volatile("1:	mov %1, (%2)\n"
			 "	jmp 3f\n"
			 "2:	mov %3, %0\n"
			 "3:\n"
			 EXTABLE(1b, 2b)
			 : "+r"(err) : "r"(v), "r"(addr), "i"(-EFAULT)
			 : "memory");
	return err;
}

static inline int store4(uint64_t addr, uint32_t v)
{
	int err = 0;

	__asm__ volatile("1:	mov %1, (%2)\n"
			 "	jmp 3f\n"
			 "2:	mov %3, %0\n"
			 "3:\n"
			 EXTABLE(1b, 2b)
			 : "+r"(err) : "r"(v), "r"(addr), "i"(-EFAULT)
			 : "memory");
	return err;
}

size_t copy_in_partial(void *dst, uaddr_t src, size_t n)
{
	size_t over = 0;

	if (!uaddr_ok(src, n)) {
		if (src >= REGION_START)
			return n;
		over = n - (REGION_START - src);
		n -= over;
	}
	return over + copy_user(dst, (const void *)src, n, src, false);
}

size_t copy_out_partial(uaddr_t dst, const void *src, size_t n)
{
	size_t over = 0;

	if (!uaddr_ok(dst, n)) {
		if (dst >= REGION_START)
			return n;
		over = n - (REGION_START - dst);
		n -= over;
	}
	return over + copy_user((void *)dst, src, n, dst, true);
}

int copy_in(void *dst, uaddr_t src, size_t n)
{
	char *p = dst;
	uint64_t v;
	uint32_t w;

	if (unlikely(!uaddr_ok(src, n)))
		return -EFAULT;
	if (n == 4) {
		if (load4(&w, src))
			goto slow;
		__builtin_memcpy(p, &w, 4);
		return 0;
	}
	if (n > 64 || (n & 7))
		goto slow;
	for (; n; n -= 8, p += 8, src += 8) {
		if (load8(&v, src))
			goto slow;
		__builtin_memcpy(p, &v, 8);
	}
	return 0;
slow:
	return copy_user(p, (const void *)src, n, src, false) ? -EFAULT : 0;
}

int copy_out(uaddr_t dst, const void *src, size_t n)
{
	const char *p = src;
	uint64_t v;
	uint32_t w;

	if (unlikely(!uaddr_ok(dst, n)))
		return -EFAULT;
	if (n == 4) {
		__builtin_memcpy(&w, p, 4);
		if (store4(dst, w))
			goto slow;
		return 0;
	}
	if (n > 160 || (n & 7))
		goto slow;
	for (; n; n -= 8, p += 8, dst += 8) {
		__builtin_memcpy(&v, p, 8);
		if (store8(dst, v))
			goto slow;
	}
	return 0;
slow:
	return copy_user((void *)dst, p, n, dst, true) ? -EFAULT : 0;
}

int clear_out(uaddr_t dst, size_t n)
{
	if (!uaddr_ok(dst, n))
		return -EFAULT;
	__asm__ volatile("1:	rep stosb\n"
			 "2:\n"
			 EXTABLE(1b, 2b)
			 : "+D"(dst), "+c"(n) : "a"(0) : "memory");
	return n ? -EFAULT : 0;
}

long copy_str(char *dst, uaddr_t src, size_t size)
{
	size_t got = 0, n, left;
	char *end;

	/* By pieces that end at a page's end, or the next page might fault. */
	while (got < size) {
		n = MIN(size - got, PAGE_SIZE - (src & (PAGE_SIZE - 1)));
		n = MIN(n, (size_t)256);
		if (src >= REGION_START)
			return -EFAULT;
		left = copy_bytes(dst + got, (const void *)src, n);
		end = memchr(dst + got, 0, n - left);
		if (end)
			return end - dst;
		if (left)
			return -EFAULT;
		got += n;
		src += n;
	}
	return -ENAMETOOLONG;
}

int cmpxchg_user(uaddr_t addr, uint32_t old, uint32_t new, uint32_t *seen)
{
	int err = 0;

	if (!uaddr_ok(addr, 4))
		return -EFAULT;
	__asm__ volatile("1:	lock cmpxchgl %3, (%2)\n"
			 "	jmp 3f\n"
			 "2:	mov %4, %0\n"
			 "3:\n"
			 EXTABLE(1b, 2b)
			 : "+r"(err), "+a"(old)
			 : "r"(addr), "r"(new), "i"(-EFAULT)
			 : "memory", "cc");
	*seen = old;
	return err;
}
