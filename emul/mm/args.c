/* SPDX-License-Identifier: Apache-2.0 */
/* args.c: arguments and environment for others to see; see args.h. */
#include "emul/mm/args.h"

#include "emul/abi/regs.h"
#include "emul/entry/uaccess.h"
#include "emul/lib/alloc.h"
#include "emul/lib/lock.h"
#include "emul/lib/string.h"
#include "emul/mm/mm.h"
#include "emul/task/task.h"

#define TITLE_MAX	4096u	/* bytes of one that was written over */
#define ARGS_MAX	(8u << 20)

struct args {
	struct ref ref;
	char *mem;		/* what to free */
	const char *strings;
	size_t arg_len, env_len;
};

bool args_keep(struct mm *mm, char *mem, const char *from, size_t arg_len,
	       size_t env_len)
{
	struct args *a = kzalloc(sizeof(*a));

	if (!a)
		return false;
	ref_init(&a->ref);
	a->mem = mem;
	a->strings = from;
	a->arg_len = arg_len;
	a->env_len = env_len;
	mm->args = a;
	return true;
}

void args_share(struct mm *mm, const struct mm *from)
{
	mm->args = from->args;
	if (mm->args)
		ref_get(&mm->args->ref);
	mm->title = NULL;
}

void args_free(struct mm *mm)
{
	struct args *a = mm->args;

	kfree(mm->title);
	mm->title = NULL;
	mm->args = NULL;
	if (!a || !ref_put(&a->ref))
		return;
	kfree(a->mem);
	kfree(a);
}

/* The new text of @n bytes, kmalloc'd, or NULL: as exec made it. */
static void set_title(struct mm *mm, char *title, size_t n)
{
	char *old;

	mutex_lock(&mm->lock);
	old = mm->title;
	mm->title = title;
	mm->title_len = n;
	mutex_unlock(&mm->lock);
	kfree(old);
}

/*
 * Linux takes the NUL at the end of the arguments for a mark: where it was
 * written over, a title goes on into the environment, up to the first NUL.
 */
void args_refresh(struct mm *mm)
{
	uint64_t start = mm->arg_start, end = mm->arg_end;
	const struct args *a = mm->args;
	char last = 0, *p;
	size_t n;

	if (end <= start || get_user(&last, end - 1))
		return;
	n = MIN(end - start, ARGS_MAX);
	if (last)
		n = MIN(MAX(mm->env_end, end) - start, TITLE_MAX);
	p = kmalloc(n);
	if (!p)
		return;
	n -= copy_in_partial(p, start, n);
	if (last) {
		const char *nul = memchr(p, 0, n);

		n = nul ? (size_t)(nul - p) + 1 : n;
	}
	if (a && n == a->arg_len && !memcmp(p, a->strings, n)) {
		kfree(p);
		p = NULL;
	}
	set_title(mm, p, n);
}

void args_ask(struct task *t)
{
	mutex_lock(&t->group->lock);
	if (t->thread)
		__atomic_fetch_or(&t->thread->work, WORK_ARGS,
				  __ATOMIC_RELAXED);
	mutex_unlock(&t->group->lock);
}

char *args_title(struct mm *mm, size_t *n)
{
	const char *from = NULL;
	char *p = NULL;

	*n = 0;
	mutex_lock(&mm->lock);
	if (mm->title) {
		from = mm->title;
		*n = mm->title_len;
	} else if (mm->args) {
		from = mm->args->strings;
		*n = mm->args->arg_len;
	}
	if (from)
		p = kmalloc(*n + 1);
	if (p)
		memcpy(p, from, *n);
	mutex_unlock(&mm->lock);
	return p;
}

const char *args_environ(const struct mm *mm, size_t *n)
{
	const struct args *a = mm->args;

	*n = a ? a->env_len : 0;
	return a ? a->strings + a->arg_len : "";
}
