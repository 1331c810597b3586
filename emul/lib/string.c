/* SPDX-License-Identifier: Apache-2.0 */
/*
 * string.c: memory and string functions.
 *
 * Without vector registers `rep movsb` is the fast copy of this kind of CPU
 * (ERMS, FSRM); short ones go by words, since it takes some 30 cycles to
 * get going.
 */
#include "emul/lib/string.h"

size_t strcopy(char *dst, const char *src, size_t size)
{
	size_t n = strlen(src);

	if (size) {
		size_t c = MIN(n, size - 1);

		memcpy(dst, src, c);
		dst[c] = '\0';
	}
	return n;
}

#ifndef SBX_HOSTED

/* Unaligned words, which may alias anything. */
struct word {
	uint64_t v;
} __packed __attribute__((may_alias));

void *memcpy(void *restrict dst, const void *restrict src, size_t n)
{
	char *d = dst;
	const char *s = src;

	if (n > 128) {
		__asm__ volatile("rep movsb" : "+D"(d), "+S"(s), "+c"(n)
				 :: "memory");
		return dst;
	}
	for (; n >= 8; n -= 8, d += 8, s += 8)
		((struct word *)d)->v = ((const struct word *)s)->v;
	for (; n; n--)
		*d++ = *s++;
	return dst;
}

void *memmove(void *dst, const void *src, size_t n)
{
	char *d = dst;
	const char *s = src;

	if (d <= s || d >= s + n) {
		__asm__ volatile("rep movsb" : "+D"(d), "+S"(s), "+c"(n)
				 :: "memory");
		return dst;
	}
	while (n--)
		d[n] = s[n];
	return dst;
}

void *memset(void *dst, int c, size_t n)
{
	char *d = dst;

	if (n > 64) {
		__asm__ volatile("rep stosb" : "+D"(d), "+c"(n) : "a"(c)
				 : "memory");
		return dst;
	}
	for (; n >= 8; n -= 8, d += 8)
		((struct word *)d)->v = 0x0101010101010101ULL * (uint8_t)c;
	for (; n; n--)
		*d++ = (char)c;
	return dst;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const uint8_t *p = a, *q = b;

	for (; n >= 8; n -= 8, p += 8, q += 8)
		if (((const struct word *)p)->v != ((const struct word *)q)->v)
			break;
	for (; n; n--, p++, q++)
		if (*p != *q)
			return *p - *q;
	return 0;
}

void *memchr(const void *s, int c, size_t n)
{
	const uint8_t *p = s;

	for (; n; n--, p++)
		if (*p == (uint8_t)c)
			return (void *)(uintptr_t)p;
	return NULL;
}

size_t strlen(const char *s)
{
	const char *p = s;

	while (*p)
		p++;
	return (size_t)(p - s);
}

size_t strnlen(const char *s, size_t max)
{
	size_t n = 0;

	while (n < max && s[n])
		n++;
	return n;
}

int strcmp(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return (uint8_t)*a - (uint8_t)*b;
}

int strncmp(const char *a, const char *b, size_t n)
{
	for (; n; n--, a++, b++)
		if (*a != *b || !*a)
			return (uint8_t)*a - (uint8_t)*b;
	return 0;
}

char *strchr(const char *s, int c)
{
	for (; *s != (char)c; s++)
		if (!*s)
			return NULL;
	return (char *)(uintptr_t)s;
}

char *strrchr(const char *s, int c)
{
	const char *found = NULL;

	do {
		if (*s == (char)c)
			found = s;
	} while (*s++);
	return (char *)(uintptr_t)found;
}

#endif
