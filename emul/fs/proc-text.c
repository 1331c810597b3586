/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proc-text.c: the files of /proc and /sys: texts that are made as they are
 * read.
 *
 * Apart from the tree that they lie in, proc.c: here a file is opened, its
 * text made by what its entry says, kept while it is read, and what is written
 * handed on.
 */
#include "emul/fs/proc.h"

#include <linux/errno.h>

#include "emul/lib/alloc.h"
#include "emul/lib/print.h"
#include "emul/lib/string.h"
#include "emul/task/task.h"

#define TEXT_FIRST	1024u
#define WRITE_MAX	4096u

/* A text that is being read; those who read it have references. */
struct snapshot {
	struct ref ref;
	struct text text;
};

struct text_file {
	struct mutex lock;	/* protects snap */
	struct snapshot *snap;
};

void text_put(struct text *b, const void *p, size_t n)
{
	if (b->len + n > b->cap && !b->failed) {
		size_t cap = MAX(b->cap * 2, TEXT_FIRST);
		char *q;

		while (cap < b->len + n)
			cap *= 2;
		q = krealloc(b->p, cap);
		if (q) {
			b->p = q;
			b->cap = cap;
		} else {
			b->failed = true;
		}
	}
	if (b->failed)
		return;
	memcpy(b->p + b->len, p, n);
	b->len += n;
}

void text_printf(struct text *b, const char *fmt, ...)
{
	char line[512], *p = line;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = kvsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if ((size_t)n >= sizeof(line)) {
		p = kmalloc((size_t)n + 1);
		if (!p) {
			b->failed = true;
			return;
		}
		va_start(ap, fmt);
		kvsnprintf(p, (size_t)n + 1, fmt, ap);
		va_end(ap);
	}
	text_put(b, p, (size_t)n);
	if (p != line)
		kfree(p);
}

static void snapshot_put(struct snapshot *s)
{
	if (!s || !ref_put(&s->ref))
		return;
	kfree(s->text.p);
	kfree(s);
}

/* err_ptr() on failure. */
static struct snapshot *snapshot_make(const struct proc_inode *p)
{
	struct snapshot *s;
	struct task *t = proc_task(p);

	if (!t)
		return err_ptr(-ESRCH);
	/* Root may open for reading what can only be written. */
	if (p->entry != &proc_fdinfo_file && !p->entry->show) {
		task_put(t);
		return err_ptr(-EIO);
	}
	s = kzalloc(sizeof(*s));
	if (!s) {
		task_put(t);
		return err_ptr(-ENOMEM);
	}
	ref_init(&s->ref);
	s->text.arg = p->fd;
	s->text.thread = p->thread;
	if (p->entry == &proc_fdinfo_file)
		proc_show_fdinfo(&s->text, t, p->fd);
	else
		p->entry->show(&s->text, t);
	task_put(t);
	if (s->text.failed) {
		snapshot_put(s);
		return err_ptr(-ENOMEM);
	}
	return s;
}

static ssize_t text_read(struct file *f, struct uio *u, off_t *pos)
{
	struct text_file *tf = f->priv;
	struct snapshot *s = NULL, *old = NULL;
	ssize_t r = 0;

	if (*pos < 0)
		return -EINVAL;
	if (!*pos || !load_acquire(&tf->snap)) {
		s = snapshot_make(f->inode->priv);
		if (is_err(s))
			return ptr_err(s);
	}
	mutex_lock(&tf->lock);
	if (s) {
		old = tf->snap;
		tf->snap = s;
	} else {
		s = tf->snap;
	}
	ref_get(&s->ref);
	mutex_unlock(&tf->lock);
	snapshot_put(old);
	if ((uint64_t)*pos < s->text.len) {
		r = uio_write(u, s->text.p + *pos,
			      MIN(u->left, s->text.len - (size_t)*pos));
		if (r > 0)
			*pos += r;
	}
	snapshot_put(s);
	return r;
}

static ssize_t text_write(struct file *f, struct uio *u, off_t *pos)
{
	struct proc_inode *p = f->inode->priv;
	size_t n = MIN(u->left, WRITE_MAX - 1);
	struct task *t;
	ssize_t r;
	char *buf;
	int err;

	if (!p->entry->write)
		return -EIO;
	buf = kmalloc(n + 1);
	if (!buf)
		return -ENOMEM;
	r = uio_read(u, buf, n);
	t = r >= 0 ? proc_task(p) : NULL;
	if (t) {
		buf[r] = '\0';
		err = p->entry->write(t, buf, (size_t)r);
		if (err)
			r = err;
		else
			*pos += r;
		task_put(t);
	} else if (r >= 0) {
		r = -ESRCH;
	}
	kfree(buf);
	return r;
}

static void text_release(struct file *f)
{
	struct text_file *tf = f->priv;

	snapshot_put(tf->snap);
	kfree(tf);
}

static int may_open(struct inode *i)
{
	struct proc_inode *p = i->priv;
	struct task *t;
	bool may;

	if (!p->entry->traced)
		return 0;
	t = proc_task(p);
	if (!t)
		return -ESRCH;
	may = proc_may_trace(t);
	task_put(t);
	return may ? 0 : -EACCES;
}

static int raw_open(struct inode *i, struct file *f)
{
	(void)f;
	return may_open(i);
}

static int text_open(struct inode *i, struct file *f)
{
	struct text_file *tf;
	int err = may_open(i);

	if (err)
		return err;
	tf = kzalloc(sizeof(*tf));
	if (!tf)
		return -ENOMEM;
	mutex_init(&tf->lock);
	f->priv = tf;
	return 0;
}

static int file_setattr(struct inode *i, const struct iattr *a)
{
	(void)i;
	/* open(O_TRUNC) of what can be written is no change. */
	return a->valid & ~(ATTR_SIZE | ATTR_MTIME) ? -EPERM : 0;
}

const struct inode_ops proc_raw_iops = {
	.open = raw_open,
	.setattr = file_setattr,
	.evict = proc_evict,
};
const struct inode_ops proc_text_iops = {
	.open = text_open,
	.setattr = file_setattr,
	.evict = proc_evict,
};
const struct file_ops proc_text_fops = {
	.read = text_read,
	.write = text_write,
	.lseek = lseek_endless,
	.release = text_release,
};
