/* SPDX-License-Identifier: Apache-2.0 */
/* strings.c: argv and envp on their way to a new stack. */
#include <linux/errno.h>

#include "emul/entry/uaccess.h"
#include "emul/lib/alloc.h"
#include "emul/lib/string.h"
#include "emul/task/exec.h"

#define STRING_MAX	131072u		/* Linux's MAX_ARG_STRLEN */
#define ARG_FLOOR	131072u		/* what any stack limit allows */
#define ARG_CEILING	(6UL << 20)	/* three quarters of 8 MiB */
#define FIRST_CAP	4096u

void exec_strings_init(struct exec_strings *s)
{
	*s = (struct exec_strings){ .limit = ARG_CEILING };
}

void exec_strings_free(struct exec_strings *s)
{
	kfree(s->mem);
	s->mem = NULL;
}

int exec_strings_limit(struct exec_strings *s, uint64_t argc, uint64_t envc,
		       uint64_t stack_limit)
{
	uint64_t limit = MIN(stack_limit / 4, ARG_CEILING), pointers;

	limit = MAX(limit, ARG_FLOOR);
	pointers = (MAX(argc, 1) + envc) * sizeof(uint64_t);
	if (limit <= pointers)
		return -E2BIG;
	s->limit = limit - pointers;
	return 0;
}

/* Make sure of @n free bytes below what is there. */
static int reserve(struct exec_strings *s, size_t n)
{
	size_t cap = s->cap ? s->cap : FIRST_CAP;
	char *mem;

	if (s->cap - s->used >= n)
		return 0;
	while (cap - s->used < n)
		cap *= 2;
	mem = kmalloc(cap);
	if (!mem)
		return -ENOMEM;
	if (s->used)
		memcpy(mem + cap - s->used, s->mem + s->cap - s->used,
		       s->used);
	kfree(s->mem);
	s->mem = mem;
	s->cap = cap;
	return 0;
}

int exec_push(struct exec_strings *s, const char *str)
{
	size_t n = strlen(str) + 1;
	int err;

	if (n > STRING_MAX || n > s->limit - s->used)
		return -E2BIG;
	err = reserve(s, n);
	if (err)
		return err;
	s->used += n;
	memcpy(s->mem + s->cap - s->used, str, n);
	return 0;
}

int exec_push_user(struct exec_strings *s, uaddr_t str)
{
	size_t room = 256;

	for (;;) {
		long len;
		int err = reserve(s, room);

		if (err)
			return err;
		/* Read once, to the free end, then moved to its place. */
		room = MIN(s->cap - s->used, STRING_MAX);
		len = copy_str(s->mem, str, room);
		if (len == -ENAMETOOLONG) {
			if (room == STRING_MAX)
				return -E2BIG;
			room *= 2;
			continue;
		}
		if (len < 0)
			return (int)len;
		if ((size_t)len + 1 > s->limit - s->used)
			return -E2BIG;
		s->used += (size_t)len + 1;
		memmove(s->mem + s->cap - s->used, s->mem, (size_t)len + 1);
		return 0;
	}
}

void exec_pop_arg(struct exec_strings *s)
{
	if (!s->argc)
		return;
	s->used -= strlen(s->mem + s->cap - s->used) + 1;
	s->argc--;
}
