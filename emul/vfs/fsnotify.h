/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fsnotify.h: who wants to know what happens to files; inotify(7) and
 * fcntl(2)'s F_NOTIFY are made of it.
 *
 * A mark ties a group (an inotify descriptor) to an inode.  What the kernel
 * does to files it tells here: to the marks of the file and, with the name,
 * to those of the directory it lies in.  While a sandbox has no mark all of
 * this is the test of one word.
 *
 * Directories that others change too (HOST_RW, HOST_RO) are watched in the
 * host as well, where it has told of what changes names and contents, our
 * own changes among them: emul/fs/hostwatch.h.
 */
#ifndef SBX_VFS_FSNOTIFY_H
#define SBX_VFS_FSNOTIFY_H

#include <linux/inotify.h>

#include "emul/vfs/vfs.h"

/* What fsn_group's event() is told; name NULL: of the inode itself. */
struct fsn_event {
	uint32_t mask;			/* IN_*, IN_ISDIR */
	uint32_t cookie;
	const char *name;
	size_t len;
};

struct fsn_mark;

/* fsn_lock is held over all of them: no broker, no reference is put. */
struct fsn_group_ops {
	void (*event)(struct fsn_mark *m, const struct fsn_event *e);
	/* The mark is about to go for good; its memory is the group's. */
	void (*gone)(struct fsn_mark *m);
};

/* All marks of one inode; inode->watch. */
struct fsn_inode {
	struct inode *inode;		/* a reference */
	struct dentry *dentry;		/* of a host's file: a reference */
	struct list_head marks;
	struct list_head host_link;	/* of hostwatch.c */
	int host_wd;			/* 0: the host does not tell */
};

struct fsn_mark {
	struct list_head on;		/* of its fsn_inode */
	struct fsn_inode *where;	/* NULL: gone */
	const struct fsn_group_ops *ops;
	uint32_t mask;			/* IN_*, of events */
	uint32_t flags;			/* IN_ONESHOT, IN_EXCL_UNLINK */
};

extern uint32_t fsn_count __hidden;	/* marks there are */
extern struct mutex fsn_lock __hidden;	/* protects all marks */

static inline bool fsn_on(void)
{
	return unlikely(load_once(&fsn_count));
}

/*
 * Give @m, which is filled but for where, to the inode of @p.  fsn_lock is
 * not held.  0, -ENOMEM, -ENOSPC.
 */
int fsn_add(struct fsn_mark *m, const struct path *p) __must_check;
/*
 * Take @m away, with fsn_lock held; gone() is called.  What is returned, if
 * anything, is to be given to fsn_inode_put() without the lock.
 */
struct fsn_inode *fsn_del(struct fsn_mark *m) __must_check;
void fsn_inode_put(struct fsn_inode *w);

/* Out of line: below are what the kernel calls. */
void fsn_file_slow(struct file *f, uint32_t mask);
void fsn_dentry_slow(struct dentry *d, uint32_t mask);
void fsn_inode_slow(struct inode *i, uint32_t mask);
void fsn_name_slow(struct inode *dir, const struct dentry *d,
		   const struct inode *what, uint32_t mask);
void fsn_gone_slow(struct inode *i, uint32_t mask);
/*
 * Told by the host, with fsn_lock held; IN_IGNORED ends the marks of @w.  What
 * is returned as from fsn_del().
 */
struct fsn_inode *fsn_host_event(struct fsn_inode *w,
				 const struct fsn_event *e) __must_check;

/* Events of @w were lost; fsn_lock is held. */
void fsn_overflow(struct fsn_inode *w, const struct fsn_event *e);

/* Does a watch have a reference to @d, which its inode is known by? */
bool fsn_holds_slow(const struct dentry *d);
static inline bool fsn_holds(const struct dentry *d)
{
	return fsn_on() && fsn_holds_slow(d);
}

/* An open file was used: IN_OPEN, IN_ACCESS, IN_MODIFY, IN_CLOSE_*. */
static inline void fsn_file(struct file *f, uint32_t mask)
{
	if (fsn_on() && !(f->mode & FMODE_PATH))
		fsn_file_slow(f, mask);
}

/* Attributes or contents of @d changed. */
static inline void fsn_dentry(struct dentry *d, uint32_t mask)
{
	if (fsn_on())
		fsn_dentry_slow(d, mask);
}

/* Only of the inode itself: it got or lost a link. */
static inline void fsn_inode(struct inode *i, uint32_t mask)
{
	if (fsn_on() && load_once(&i->watch))
		fsn_inode_slow(i, mask);
}

/*
 * The name of @d came to or went from @dir, whose lock is held; @what is, or
 * was, behind it.
 */
static inline void fsn_name(struct inode *dir, const struct dentry *d,
			    const struct inode *what, uint32_t mask)
{
	if (fsn_on() && load_once(&dir->watch))
		fsn_name_slow(dir, d, what, mask);
}

/*
 * The last dentry that had @i goes: if no name is left, that is its end.  In
 * the dentry cache alone, with no lock of it held.
 */
static inline void fsn_gone(struct inode *i)
{
	if (unlikely(load_once(&i->watch)) && !load_once(&i->nlink))
		fsn_gone_slow(i, IN_DELETE_SELF);
}

/*
 * Before a rename: remember what it is called, for fsn_renamed() after it,
 * while the locks of both directories are held.
 */
struct fsn_rename {
	bool on;
	uint32_t len;
	char name[NAME_LEN_MAX + 1];
};
void fsn_rename_begin(struct fsn_rename *r, const struct dentry *d);
/*
 * @d was called r->name in @od and is now in @nd; @victim is what had its new
 * name, or NULL.
 */
void fsn_renamed(const struct fsn_rename *r, struct inode *od,
		 struct inode *nd, const struct dentry *d,
		 struct inode *victim);

/* Changes by setattr as Linux tells of them: IN_ATTRIB, IN_MODIFY... or 0. */
uint32_t fsn_setattr_mask(const struct iattr *a);

#endif
