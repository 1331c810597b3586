/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exec-open.c: find what an execve(2) is to load: the file that was named,
 * the interpreters of scripts, the loader that a program asks for.
 *
 * All of it is opened and read before anything of the old program is given
 * up: every failure in here is one that the caller lives to see.
 */
#include "emul/task/exec.h"

#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/stat.h>

#include "emul/lib/alloc.h"
#include "emul/lib/string.h"
#include "emul/task/task.h"
#include "emul/vfs/namei.h"

#define SCRIPT_DEPTH	5	/* interpreters of interpreters */

struct file *exec_open(struct task *t, int dfd, const char *name,
		       unsigned int lookup)
{
	struct path path;
	struct inode *inode;
	struct file *f;
	int err;

	err = path_lookup_k(t, dfd, name, strlen(name), lookup | LOOKUP_OPEN,
			    &path, NULL);
	if (err)
		return err_ptr(err);
	inode = path.dentry->inode;
	if (S_ISLNK(inode->mode))
		err = -ELOOP;
	else if (!S_ISREG(inode->mode) || (path.mnt->flags & MNT_NOEXEC))
		err = -EACCES;
	else
		err = inode_permission(t->cred, inode, MAY_EXEC);
	if (err) {
		path_put(&path);
		return err_ptr(err);
	}
	f = file_open_path(&path, O_RDONLY);
	if (is_err(f))
		path_put(&path);
	return f;
}

static int read_head(struct exec *e)
{
	size_t done = 0;

	memset(e->head, 0, sizeof(e->head));
	while (done < sizeof(e->head)) {
		ssize_t n = file_kread(e->file, e->head + done,
				       sizeof(e->head) - done, (off_t)done);

		if (n < 0)
			return (int)n;
		if (!n)
			break;
		done += (size_t)n;
	}
	return 0;
}

/* Follow `#!` lines until e->file is no script. */
static int resolve_scripts(struct task *t, struct exec *e)
{
	/* The name under which the file at hand was started. */
	char *name = kstrndup(e->filename, strlen(e->filename));
	int err;

	if (!name)
		return -ENOMEM;
	for (int depth = 0; ; depth++) {
		char *interp, *arg;
		struct file *f;

		err = depth > SCRIPT_DEPTH ? -ELOOP : read_head(e);
		if (err)
			break;
		if (e->head[0] != '#' || e->head[1] != '!')
			break;
		err = script_parse(e->head, &interp, &arg);
		if (err)
			break;
		if (e->inaccessible) {
			err = -ENOENT;
			break;
		}
		exec_pop_arg(&e->str);
		err = exec_push(&e->str, name);
		if (!err && arg)
			err = exec_push(&e->str, arg);
		if (!err)
			err = exec_push(&e->str, interp);
		if (err)
			break;
		e->str.argc += 2 + (arg != NULL);
		kfree(name);
		name = kstrndup(interp, strlen(interp));
		if (!name)
			return -ENOMEM;
		f = exec_open(t, AT_FDCWD, interp,
			      LOOKUP_FOLLOW | LOOKUP_EMPTY);
		if (is_err(f)) {
			err = (int)ptr_err(f);
			break;
		}
		file_put(e->file);
		e->file = f;
	}
	kfree(name);
	return err;
}

static int load_interp(struct task *t, struct exec *e)
{
	struct program *p = &e->program;
	struct file *f;
	char *name;
	int err;

	err = elf_interp(e->file, &p->img, &name);
	if (err || !name)
		return err;
	f = exec_open(t, AT_FDCWD, name, LOOKUP_FOLLOW | LOOKUP_EMPTY);
	kfree(name);
	if (is_err(f))
		return (int)ptr_err(f);
	p->interp = f;
	return elf_read(f, NULL, &p->interp_img, -ELIBBAD);
}

static int load_program(struct task *t, struct exec *e)
{
	struct program *p = &e->program;
	const struct elf64_phdr *stack;
	int err;

	err = elf_read(e->file, e->head, &p->img, -ENOEXEC);
	if (err)
		return err;
	err = load_interp(t, e);
	if (err)
		return err;
	for (unsigned int i = 0; i < p->img.eh.e_phnum; i++) {
		stack = &p->img.ph[i];
		if (stack->p_type == PT_GNU_STACK)
			p->exec_stack = stack->p_flags & PF_X;
	}
	return 0;
}

int exec_load(struct task *t, struct exec *e)
{
	int err = resolve_scripts(t, e);

	return err ? err : load_program(t, e);
}
