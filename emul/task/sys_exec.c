/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sys_exec.c: the calls that start a program; execve(2), execveat(2).
 *
 * Here a struct exec is made of what the caller gave, the guest or, for the
 * first program, sbx: its name and file, arguments and environment.
 * exec_run() does the rest.
 */
#include "emul/task/exec.h"

#include <linux/errno.h>
#include <linux/fcntl.h>

#include "emul/entry/uaccess.h"
#include "emul/lib/alloc.h"
#include "emul/lib/print.h"
#include "emul/lib/string.h"
#include "emul/lib/uapi.h"
#include "emul/sysproto.h"
#include "emul/task/task.h"
#include "emul/vfs/fdtable.h"
#include "emul/vfs/namei.h"
#include "interposer/patch.h"

static bool fd_cloexec(struct task *t, int fd)
{
	const struct fdarray *a = t->files->arr;
	unsigned int n = (unsigned int)fd;

	return n < a->n && (load_once(&a->cloexec[n / 64]) >> n % 64 & 1);
}

/*
 * The pointers of a guest's array up to its NULL, as an array of the kernel's
 * for kfree(); a null address is an empty one.
 */
static int copy_pointers(uaddr_t array, uaddr_t **out, uint64_t *n)
{
	uaddr_t *p = NULL;
	size_t cap = 0;

	*n = 0;
	*out = NULL;
	if (!array)
		return 0;
	for (;;) {
		uaddr_t one;

		if (get_user(&one, array + *n * sizeof(one))) {
			kfree(p);
			return -EFAULT;
		}
		if (!one)
			break;
		if (*n == cap) {
			uaddr_t *q;

			cap = cap ? cap * 2 : 64;
			/* More pointers than this are beyond any limit. */
			q = cap > 1u << 20 ? NULL :
				krealloc(p, cap * sizeof(*p));
			if (!q) {
				kfree(p);
				return -E2BIG;
			}
			p = q;
		}
		p[(*n)++] = one;
	}
	*out = p;
	return 0;
}

static int push_all(struct exec_strings *s, const uaddr_t *p, uint64_t n)
{
	int err = 0;

	while (n-- && !err)
		err = exec_push_user(s, p[n]);
	return err;
}

static int push_user_args(struct task *t, struct exec *e, uaddr_t argv,
			  uaddr_t envp)
{
	uaddr_t *args = NULL, *envs = NULL;
	uint64_t argc, envc;
	int err;

	err = copy_pointers(argv, &args, &argc);
	if (err)
		return err;
	err = copy_pointers(envp, &envs, &envc);
	if (!err)
		err = exec_strings_limit(&e->str, argc, envc,
					 rlimit_cur(t, RLIMIT_STACK));
	if (!err)
		err = exec_push(&e->str, e->filename);
	if (!err)
		err = push_all(&e->str, envs, envc);
	if (!err)
		err = push_all(&e->str, args, argc);
	/* No program starts without a name: argv[0] is empty then. */
	if (!err && !argc)
		err = exec_push(&e->str, "");
	e->str.argc = (uint32_t)MAX(argc, 1);
	e->str.envc = (uint32_t)envc;
	kfree(args);
	kfree(envs);
	return err;
}

/* The name by which a program of a descriptor knows itself. */
static char *fd_name(int dfd, const char *name)
{
	size_t size = strlen(name) + 32;
	char *s = kmalloc(size);

	if (s && *name)
		ksnprintf(s, size, "/dev/fd/%d/%s", dfd, name);
	else if (s)
		ksnprintf(s, size, "/dev/fd/%d", dfd);
	return s;
}

/* A pipe or the like, by its descriptor: no program. */
static bool is_unnamed(struct task *t, int dfd, uaddr_t path, int flags)
{
	struct fd f = fdget_unnamed(t, dfd, path, flags);

	if (!f.file)
		return false;
	fdput(f);
	return true;
}

static long do_execveat(struct task *t, int dfd, uaddr_t path, uaddr_t argv,
			uaddr_t envp, int flags)
{
	struct exec *e;
	struct pathname *n;
	long err;

	if (flags & ~(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW))
		return -EINVAL;
	patch_last_call(t);
	e = kzalloc(sizeof(*e));
	n = kmalloc(sizeof(*n));
	err = -ENOMEM;
	if (!e || !n)
		goto out;
	exec_strings_init(&e->str);
	err = path_copy_in(n, path, flags & AT_EMPTY_PATH ? LOOKUP_EMPTY : 0);
	if (!err && is_unnamed(t, dfd, path, flags))
		err = -EACCES;
	if (err)
		goto out;
	e->file = exec_open(t, dfd, n->s,
			    (flags & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW) |
			    (flags & AT_EMPTY_PATH ? LOOKUP_EMPTY : 0));
	if (is_err(e->file)) {
		err = ptr_err(e->file);
		e->file = NULL;
		goto out;
	}
	e->filename = dfd == AT_FDCWD || n->s[0] == '/' ?
		kstrndup(n->s, n->len) : fd_name(dfd, n->s);
	e->inaccessible = dfd != AT_FDCWD && n->s[0] != '/' &&
		fd_cloexec(t, dfd);
	err = e->filename ? push_user_args(t, e, argv, envp) : -ENOMEM;
	if (err)
		goto out;
	kfree(n);
	return exec_run(t, e);
out:
	kfree(n);
	if (e)
		exec_free(e);
	return err;
}

long sys_execve(struct task *t, uaddr_t path, uaddr_t argv, uaddr_t envp)
{
	return do_execveat(t, AT_FDCWD, path, argv, envp, 0);
}

long sys_execveat(struct task *t, int dfd, uaddr_t path, uaddr_t argv,
		  uaddr_t envp, int flags)
{
	return do_execveat(t, dfd, path, argv, envp, flags);
}

static int push_boot(struct exec_strings *s, const struct boot *b,
		     uint32_t array, uint32_t n)
{
	const uint32_t *off = (const uint32_t *)boot_str(b, array);
	int err = 0;

	while (n-- && !err)
		err = exec_push(s, boot_str(b, off[n]));
	return err;
}

long exec_boot(struct task *t, const struct boot *b)
{
	struct exec *e = kzalloc(sizeof(*e));
	const char *name = boot_str(b, b->exe);
	long err = -ENOMEM;

	if (!e)
		return err;
	exec_note_boot(b);
	exec_strings_init(&e->str);
	e->filename = kstrndup(name, strlen(name));
	if (!e->filename)
		goto fail;
	e->file = exec_open(t, AT_FDCWD, e->filename, LOOKUP_FOLLOW);
	if (is_err(e->file)) {
		err = ptr_err(e->file);
		e->file = NULL;
		goto fail;
	}
	err = exec_strings_limit(&e->str, b->argc, b->envc,
				 rlimit_cur(t, RLIMIT_STACK));
	if (!err)
		err = exec_push(&e->str, e->filename);
	if (!err)
		err = push_boot(&e->str, b, b->envp, b->envc);
	if (!err)
		err = push_boot(&e->str, b, b->argv, b->argc);
	e->str.argc = b->argc;
	e->str.envc = b->envc;
	if (!err)
		return exec_run(t, e);
fail:
	exec_free(e);
	return err;
}
