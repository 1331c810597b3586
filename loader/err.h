/* SPDX-License-Identifier: Apache-2.0 */
/*
 * err.h: why sbx itself could not do something: one line and a status.
 */
#ifndef SBX_ERR_H
#define SBX_ERR_H

#include <stddef.h>

/* Exit statuses of sbx's own, as env(1) and timeout(1) have them. */
#define EXIT_SBX	125	/* sbx failed; nothing, or no more, is run */
#define EXIT_NOEXEC	126	/* the program cannot be executed */
#define EXIT_NOTFOUND	127	/* there is no such program */

struct err {
	int status;		/* EXIT_*; 0: no error */
	char text[1024];	/* "what: where: why", without a newline */
};

/*
 * Fill *e, if it holds nothing yet (the first cause counts).  Returns -1, so
 * that it may be returned on.
 */
int err_set(struct err *e, int status, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Print "sbx: text" on standard error; returns e->status. */
int err_print(const struct err *e);

/* As C's; on failure they end sbx with a line and EXIT_SBX. */
void *xmalloc(size_t size);
void *xrealloc(void *p, size_t size);
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t n);
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* The three strings in one. */
char *xconcat(const char *a, const char *b, const char *c);

#endif
