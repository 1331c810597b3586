/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fdtable.h: descriptor tables, and the directories and mask of a task.
 *
 * The table grows up to RLIMIT_NOFILE.  Lookups take no lock: arrays that
 * were outgrown stay until the table goes, and the memory of a struct file
 * is only ever used for another one, so that a stale pointer is harmless.
 */
#ifndef SBX_VFS_FDTABLE_H
#define SBX_VFS_FDTABLE_H

#include "emul/lib/lock.h"
#include "emul/lib/types.h"
#include "emul/task/task.h"
#include "emul/vfs/vfs.h"

struct fdarray {
	uint32_t n;			/* descriptors it has room for */
	struct file **file;
	uint64_t *open, *cloexec;	/* bitmaps; an open one may be reserved */
	uint64_t *full;			/* a bit for each full word of open */
	struct fdarray *outgrown;
};

struct files {
	struct ref ref;			/* tasks that use it */
	struct fdarray *arr;
	struct mutex lock;		/* protects all but lookups */
	uint32_t next;			/* no free number below it */
};

struct fs_ctx {
	struct ref ref;
	struct mutex lock;		/* protects the rest */
	struct path root, pwd;
	uint32_t umask;
};

/* A file borrowed from the table for the time of one call. */
struct fd {
	struct file *file;		/* NULL: -EBADF */
	bool ref;			/* fdput() has to give it back */
};

struct fd fdget_shared(struct files *fs, unsigned int n);

/*
 * path.c: with AT_EMPTY_PATH in @flags and an empty @path, what @dfd names, if
 * that has no path at all: a pipe or a socket.  Else NULL.
 */
struct fd fdget_unnamed(struct task *t, int dfd, uaddr_t path, int flags);

/* What @n names, O_PATH descriptors too. */
static inline struct fd fdget_raw(struct task *t, int n)
{
	struct files *fs = t->files;
	struct fdarray *a;

	if (load_once(&fs->ref.count) != 1)
		return fdget_shared(fs, (unsigned int)n);
	a = fs->arr;
	if ((unsigned int)n >= a->n)
		return (struct fd){ NULL, false };
	/* One user: only this thread could close it, and it is busy here. */
	return (struct fd){ a->file[n], false };
}

static inline void fdput(struct fd f)
{
	if (f.ref)
		file_put(f.file);
}

/* It is not what was wanted: give it back, and be as if there were none. */
static inline struct fd fd_refuse(struct fd f)
{
	fdput(f);
	return (struct fd){ NULL, false };
}

/* What @n names, unless it is open for its path alone (O_PATH). */
static inline struct fd fdget(struct task *t, int n)
{
	struct fd f = fdget_raw(t, n);

	if (f.file && unlikely(f.file->mode & FMODE_PATH))
		return fd_refuse(f);
	return f;
}

/*
 * The lowest free number from @from on, reserved until fd_install() or
 * fd_unreserve().  @flags: O_CLOEXEC.  -EMFILE, -EINVAL, -ENOMEM.
 */
int fd_reserve_from(struct task *t, unsigned int from, unsigned int flags)
	__must_check;
static inline int __must_check fd_reserve(struct task *t, unsigned int flags)
{
	return fd_reserve_from(t, 0, flags);
}
/* The table takes over the reference to @f. */
void fd_install(struct task *t, int n, struct file *f);
void fd_unreserve(struct task *t, int n);
/* Reserve and install; on failure @f is put. The number or -errno. */
int fd_add(struct task *t, struct file *f, unsigned int flags) __must_check;
/* close(2). */
int fd_close(struct files *fs, unsigned int n);

/*
 * dup2(2): @f, a reference of which is taken over in any case, becomes @n,
 * whatever that was.  @n or -EBADF, -ENOMEM, -EBUSY.
 */
int fd_replace(struct task *t, unsigned int n, struct file *f, bool cloexec)
	__must_check;
int fd_get_cloexec(struct files *fs, unsigned int n);
void fd_set_cloexec(struct files *fs, unsigned int n, bool on);
/* close_range(2): close @first..@last or mark them close-on-exec. */
void fd_close_range(struct files *fs, unsigned int first, unsigned int last,
		    bool cloexec);

/* An empty table; NULL: no memory. */
struct files *files_new(void) __must_check;
/* A copy, for fork. */
struct files *files_copy(struct files *from) __must_check;
/* Leave the table; the last user closes everything. */
void files_put(struct files *fs);
/* exec: a table of one's own, then close what is close-on-exec. */
int files_unshare(struct task *t);
void files_close_on_exec(struct files *fs);
/*
 * The first descriptor at @n or above that is open, its file with a reference
 * in *@f; -1 when there is none.  For /proc/PID/fd.
 */
int files_next(struct files *fs, unsigned int n, struct file **f,
	       bool *cloexec);

/* F_SETFL of fcntl(2), sys_fd.c. */
long file_set_flags(struct task *t, struct file *f, unsigned int flags);
/* May something become ready that SIGIO could tell of? */
bool file_may_signal(const struct file *f);

struct fs_ctx *fs_ctx_copy(struct fs_ctx *from) __must_check;
void fs_ctx_put(struct fs_ctx *fs);
/* The two paths with references. */
void fs_get_root(struct fs_ctx *fs, struct path *out);
void fs_get_pwd(struct fs_ctx *fs, struct path *out);

/*
 * boot.c: build the mounts that the policy asks for.  @strings is what the
 * string offsets count from.  0 or -errno.
 */
struct boot_mount;
int vfs_boot(const struct boot_mount *m, unsigned int n, const void *strings);
/*
 * The first task's table with the inherited descriptors 0, 1, 2 (those that
 * are open, and those passed, from 3 on), its directories and its mask.
 */
struct boot;
int vfs_first_task(struct task *t, const struct boot *b);

#endif
