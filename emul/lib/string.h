/* SPDX-License-Identifier: Apache-2.0 */
/*
 * string.h: memory and string functions as in C, for the kernel.
 *
 * Hosted builds take libc's.
 */
#ifndef SBX_LIB_STRING_H
#define SBX_LIB_STRING_H

#include "emul/lib/types.h"

#ifdef SBX_HOSTED
#include <string.h>
#else
void *memcpy(void *restrict dst, const void *restrict src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
void *memset(void *dst, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
void *memchr(const void *s, int c, size_t n);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);
#endif

/*
 * Copy @src into @dst of @size bytes, always ended by NUL.
 * Returns the length of @src: a return >= @size says that it was cut.
 */
size_t strcopy(char *dst, const char *src, size_t size);

#endif
