/* SPDX-License-Identifier: Apache-2.0 */
/*
 * walk-link.c: a path walk goes into a symbolic link; symlink(7).
 *
 * Apart from path.c, since this alone says when a link may be followed, and
 * for how long its text is there to be walked.
 */
#include "emul/vfs/dcache.h"
#include "emul/vfs/walk-int.h"

#include "emul/lib/alloc.h"

static int jump_to_root(struct walk *w)
{
	if (w->flags & LOOKUP_BENEATH)
		return -EXDEV;
	if ((w->flags & LOOKUP_NO_XDEV) && w->at.mnt != w->root.mnt)
		return -EXDEV;
	if (w->refs)
		dget(w->root.dentry);
	move_to(w, w->root.mnt, w->root.dentry);
	return 0;
}

/* Links in directories that all may write to: proc_sys_fs(5). */
static bool link_is_trap(struct walk *w, const struct inode *i)
{
	const struct inode *dir = w->at.dentry->inode;

	return (dir->mode & (S_ISVTX | 0002)) == (S_ISVTX | 0002) &&
	       i->uid != w->t->cred->fsuid && i->uid != dir->uid;
}

static int copy_text(struct walk *w, struct inode *i, const char **text,
		     size_t *len)
{
	size_t size = i->link ? i->link_len : PATH_LEN_MAX;
	char *buf = kmalloc(size + 1);
	ssize_t n;

	if (!buf)
		return -ENOMEM;
	w->buf[w->n_bufs++] = buf;
	if (i->link) {
		memcpy(buf, i->link, size);
	} else {
		if (!i->ops->readlink)
			return -EINVAL;
		n = i->ops->readlink(i, buf, size - 1);
		if (n < 0)
			return (int)n;
		*len = (size_t)n;
	}
	*text = buf;
	return 0;
}

int walk_into_link(struct walk *w, struct inode *i, bool last)
{
	const char *text = i->link;
	size_t len = i->link_len;
	int err;

	if (++w->n_links > LINKS_MAX || (w->flags & LOOKUP_NO_SYMLINKS))
		return -ELOOP;
	if (last && unlikely(link_is_trap(w, i)))
		return -EACCES;
	if (unlikely(i->ops->follow)) {
		struct path to, old = w->at;

		if (w->flags & (LOOKUP_NO_MAGIC | LOOKUP_BENEATH |
				LOOKUP_IN_ROOT))
			return w->flags & LOOKUP_NO_MAGIC ? -ELOOP : -EXDEV;
		err = i->ops->follow(i, &to);
		if (err)
			return err;
		if ((w->flags & LOOKUP_NO_XDEV) && to.mnt != old.mnt) {
			path_put(&to);
			return -EXDEV;
		}
		w->at = to;
		path_put(&old);
		return 0;
	}
	if (w->refs) {
		/* The link may go away while its text is being walked. */
		err = copy_text(w, i, &text, &len);
		if (err)
			return err;
	} else {
		if (dcache_changed(w->seq))
			return TRY_AGAIN;
		w->in_text = true;
	}
	if (!len)
		return -ENOENT;
	if (!last)
		w->outer[w->depth++] = w->now;
	w->now.s = text;
	w->now.end = text + len;
	if (*text == '/') {
		err = jump_to_root(w);
		if (err)
			return err;
		w->now.s = skip_slashes(text, w->now.end);
	}
	return 0;
}
