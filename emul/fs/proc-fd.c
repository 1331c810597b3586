/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proc-fd.c: the files of a task in /proc: descriptors, program, directories;
 * proc(5).
 */
#include <linux/errno.h>

#include "emul/fs/proc.h"
#include "emul/lib/alloc.h"
#include "emul/lib/print.h"
#include "emul/lib/string.h"
#include "emul/mm/mm.h"
#include "emul/task/task.h"
#include "emul/vfs/fdtable.h"
#include "emul/vfs/flock.h"
#include "emul/vfs/namei.h"

static ssize_t name_of(const struct path *p, char *buf, size_t size)
{
	struct task *me = current();
	struct path root;
	char *tmp, *s;
	size_t n;

	tmp = kmalloc(PATH_LEN_MAX + 16);
	if (!tmp)
		return -ENOMEM;
	fs_get_root(me->fs, &root);
	s = path_name(p, &root, tmp, PATH_LEN_MAX + 16);
	path_put(&root);
	if (is_err(s)) {
		kfree(tmp);
		return ptr_err(s);
	}
	n = MIN(strlen(s), size);
	memcpy(buf, s, n);
	kfree(tmp);
	return (ssize_t)n;
}

/*
 * A file without a name can be opened again by its link in /proc/PID/fd.  The
 * way there is a name in a mount of its own that nothing else shows.
 */
static struct {
	struct mutex lock;
	struct mount *mnt;
} nameless __arena;

int nameless_path(struct inode *i, struct path *out)
{
	struct mount *m;
	struct dentry *d;

	inode_get(i);
	d = d_alloc_root(i->sb, i);
	if (!d) {
		inode_put(i);
		return -ENOMEM;
	}
	mutex_lock(&nameless.lock);
	m = nameless.mnt;
	if (!m) {
		m = kzalloc(sizeof(*m));
		if (m) {
			ref_init(&m->ref);
			m->sb = i->sb;
			m->root = dget(d);
			m->source = "none";
			nameless.mnt = m;
		}
	}
	if (m)
		ref_get(&m->ref);
	mutex_unlock(&nameless.lock);
	if (!m) {
		dput(d);
		return -ENOMEM;
	}
	out->mnt = m;
	out->dentry = d;
	return 0;
}

int proc_fd_next(struct task *t, int fd, struct file **f, bool *cloexec)
{
	struct files *fs = proc_files(t);
	int n;

	if (!fs)
		return -1;
	n = files_next(fs, (unsigned int)fd, f, cloexec);
	files_put(fs);
	return n;
}

static struct file *file_of(struct task *t, int fd)
{
	struct file *f = NULL;
	int n = proc_fd_next(t, fd, &f, NULL);

	if (n == fd)
		return f;
	if (n >= 0)
		file_put(f);
	return NULL;
}

ssize_t proc_fd_readlink(struct task *t, int fd, char *buf, size_t size)
{
	struct file *f = file_of(t, fd);
	char name[64];
	ssize_t n;
	int len;

	if (!f)
		return -ENOENT;
	if (f->path.dentry && f->path.mnt != load_once(&nameless.mnt)) {
		n = name_of(&f->path, buf, size);
		file_put(f);
		return n;
	}
	if (nsfs_name(f->inode, buf, size, &n)) {
		file_put(f);
		return n;
	}
	if (S_ISFIFO(f->inode->mode))
		len = ksnprintf(name, sizeof(name), "pipe:[%lu]",
				(unsigned long)f->inode->ino);
	else if (S_ISSOCK(f->inode->mode))
		len = ksnprintf(name, sizeof(name), "socket:[%lu]",
				(unsigned long)f->inode->ino);
	else if (S_ISCHR(f->inode->mode) && f->inode->rdev == 0x103)
		len = ksnprintf(name, sizeof(name), "/dev/null");
	else if (f->kind && f->kind[0] != '[' && strcmp(f->kind, "inotify"))
		len = ksnprintf(name, sizeof(name), "/dev/%s", f->kind);
	else
		len = ksnprintf(name, sizeof(name), "anon_inode:%s",
				f->kind ? f->kind : "inode");
	file_put(f);
	n = MIN((ssize_t)len, (ssize_t)size);
	memcpy(buf, name, (size_t)n);
	return n;
}

int proc_fd_follow(struct task *t, int fd, struct path *out)
{
	struct file *f = file_of(t, fd);
	int err = 0;

	if (!f)
		return -ENOENT;
	if (f->path.dentry) {
		path_get(&f->path);
		*out = f->path;
	} else {
		err = nameless_path(f->inode, out);
	}
	file_put(f);
	return err;
}

int proc_exe_follow(struct task *t, struct path *out)
{
	struct mm *mm = proc_mm(t);
	int err = -ENOENT;

	if (mm && mm->exe && mm->exe->path.dentry) {
		path_get(&mm->exe->path);
		*out = mm->exe->path;
		err = 0;
	}
	mm_put(mm);
	return err;
}

int proc_cwd_follow(struct task *t, struct path *out)
{
	struct fs_ctx *fs = proc_fs(t);

	if (!fs)
		return -ENOENT;
	fs_get_pwd(fs, out);
	fs_ctx_put(fs);
	return 0;
}

int proc_root_follow(struct task *t, struct path *out)
{
	struct fs_ctx *fs = proc_fs(t);

	if (!fs)
		return -ENOENT;
	fs_get_root(fs, out);
	fs_ctx_put(fs);
	return 0;
}

static ssize_t link_text(struct task *t, char *buf, size_t size,
			 int (*follow)(struct task *t, struct path *out))
{
	struct path p;
	ssize_t n = follow(t, &p);

	if (n)
		return n;
	n = name_of(&p, buf, size);
	path_put(&p);
	return n;
}

ssize_t proc_exe_link(struct task *t, char *buf, size_t size)
{
	return link_text(t, buf, size, proc_exe_follow);
}

ssize_t proc_cwd_link(struct task *t, char *buf, size_t size)
{
	return link_text(t, buf, size, proc_cwd_follow);
}

ssize_t proc_root_link(struct task *t, char *buf, size_t size)
{
	return link_text(t, buf, size, proc_root_follow);
}

void proc_show_fdinfo(struct text *b, struct task *t, int fd)
{
	bool cloexec = false;
	struct file *f;
	int n = proc_fd_next(t, fd, &f, &cloexec);

	if (n < 0)
		return;
	if (n != fd) {
		file_put(f);
		return;
	}
	text_printf(b, "pos:\t%ld\nflags:\t0%o\nmnt_id:\t%u\nino:\t%lu\n",
		    f->mode & FMODE_SEEK ? (long)f->pos : 0L,
		    f->flags | (cloexec ? O_CLOEXEC : 0u),
		    f->path.mnt ? f->path.mnt->id : 0,
		    (unsigned long)f->inode->ino);
	if (load_once(&f->inode->locks))
		locks_show_of(b, f, t->files);
	if (f->ops->show_fdinfo)
		f->ops->show_fdinfo(f, b);
	file_put(f);
}

const struct proc_entry proc_fd_link = {
	.name = "FD", .mode = S_IFLNK | 0700,
};
const struct proc_entry proc_fdinfo_file = {
	.name = "FDINFO", .mode = S_IFREG | 0444, .traced = true,
};
