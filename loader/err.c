/* SPDX-License-Identifier: Apache-2.0 */
/* err.c: errors of sbx itself. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "loader/err.h"

int err_set(struct err *e, int status, const char *fmt, ...)
{
	va_list ap;

	if (e->status)
		return -1;
	e->status = status;
	va_start(ap, fmt);
	vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
	/* Names are the user's: one line stays one line. */
	for (char *p = e->text; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = '?';
	return -1;
}

int err_print(const struct err *e)
{
	char line[sizeof(e->text) + 8];
	int n = snprintf(line, sizeof(line), "sbx: %s\n", e->text);

	/* One write, so that lines of several processes do not mix. */
	if (write(STDERR_FILENO, line, (size_t)n) < 0)
		return e->status;	/* there is nobody left to tell */
	return e->status;
}

static void __attribute__((noreturn)) no_memory(void)
{
	struct err e = { 0 };

	err_set(&e, EXIT_SBX, "out of memory");
	_exit(err_print(&e));
}

void *xmalloc(size_t size)
{
	void *p = calloc(1, size ? size : 1);

	if (!p)
		no_memory();
	return p;
}

void *xrealloc(void *p, size_t size)
{
	p = realloc(p, size ? size : 1);
	if (!p)
		no_memory();
	return p;
}

char *xstrdup(const char *s)
{
	return xstrndup(s, strlen(s));
}

char *xstrndup(const char *s, size_t n)
{
	char *p = xmalloc(n + 1);

	memcpy(p, s, n);
	return p;
}

char *xconcat(const char *a, const char *b, const char *c)
{
	char *p = xmalloc(strlen(a) + strlen(b) + strlen(c) + 1);

	stpcpy(stpcpy(stpcpy(p, a), b), c);
	return p;
}

char *xasprintf(const char *fmt, ...)
{
	va_list ap;
	char *p;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		no_memory();
	p = xmalloc((size_t)n + 1);
	va_start(ap, fmt);
	vsnprintf(p, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return p;
}
