/* SPDX-License-Identifier: Apache-2.0 */
/* fdtable.c: descriptor tables. */
#include "emul/lib/alloc.h"
#include "emul/lib/live.h"
#include "emul/lib/string.h"
#include "emul/net/socket.h"
#include "emul/vfs/fdtable.h"
#include "emul/vfs/flock.h"

#define FD_FIRST	64u		/* room of a new table */
#define FD_MAX		(1u << 24)
#define RLIMIT_FILES	7		/* RLIMIT_NOFILE */

static struct fdarray *array_new(uint32_t n)
{
	uint32_t words = n / 64, full = (words + 63) / 64;
	struct fdarray *a;

	a = kzalloc(sizeof(*a) + n * sizeof(a->file[0]) +
		    (2 * words + full) * sizeof(uint64_t));
	if (!a)
		return NULL;
	a->n = n;
	a->file = (struct file **)(void *)(a + 1);
	a->open = (uint64_t *)(void *)(a->file + n);
	a->cloexec = a->open + words;
	a->full = a->cloexec + words;
	return a;
}

static void array_copy(struct fdarray *to, const struct fdarray *from)
{
	uint32_t words = from->n / 64;

	memcpy(to->file, from->file, from->n * sizeof(from->file[0]));
	memcpy(to->open, from->open, words * 8);
	memcpy(to->cloexec, from->cloexec, words * 8);
	memcpy(to->full, from->full, (words + 63) / 64 * 8);
}

/* files->lock is held.  Room for number @n. */
static int grow(struct files *fs, unsigned int n)
{
	struct fdarray *a;
	uint32_t size = fs->arr->n;

	if (n >= FD_MAX)
		return -EMFILE;
	while (size <= n)
		size *= 2;
	a = array_new(size);
	if (!a)
		return -ENOMEM;
	array_copy(a, fs->arr);
	a->outgrown = fs->arr;	/* lookups may still be reading there */
	store_release(&fs->arr, a);
	return 0;
}

static bool bit_test(const uint64_t *map, unsigned int n)
{
	return map[n / 64] >> (n % 64) & 1;
}

static void bit_set(uint64_t *map, unsigned int n)
{
	map[n / 64] |= 1ULL << (n % 64);
}

static void bit_clear(uint64_t *map, unsigned int n)
{
	map[n / 64] &= ~(1ULL << (n % 64));
}

static void mark_open(struct fdarray *a, unsigned int n, bool cloexec)
{
	bit_set(a->open, n);
	if (!~a->open[n / 64])
		bit_set(a->full, n / 64);
	if (cloexec)
		bit_set(a->cloexec, n);
	else
		bit_clear(a->cloexec, n);
}

static void mark_free(struct files *fs, unsigned int n)
{
	struct fdarray *a = fs->arr;

	bit_clear(a->open, n);
	bit_clear(a->full, n / 64);
	bit_clear(a->cloexec, n);
	if (n < fs->next)
		fs->next = n;
}

/* The first number at @from or above that is free; a->n: none. */
static unsigned int find_free(const struct fdarray *a, unsigned int from)
{
	unsigned int w = from / 64, words = a->n / 64;
	uint64_t v;

	if (from >= a->n)
		return from;
	v = a->open[w] | ((1ULL << (from % 64)) - 1);
	if (~v)
		return w * 64 + (unsigned int)__builtin_ctzll(~v);
	for (w++; w < words; ) {
		v = a->full[w / 64] | ((1ULL << (w % 64)) - 1);
		if (!~v) {
			w = (w / 64 + 1) * 64;
			continue;
		}
		w = w / 64 * 64 + (unsigned int)__builtin_ctzll(~v);
		if (w >= words)
			break;
		return w * 64 + (unsigned int)__builtin_ctzll(~a->open[w]);
	}
	return a->n;
}

int fd_reserve_from(struct task *t, unsigned int from, unsigned int flags)
{
	struct files *fs = t->files;
	uint64_t limit = t->group->rlimits[RLIMIT_FILES].cur;
	unsigned int n;
	int err = 0;

	mutex_lock(&fs->lock);
	n = find_free(fs->arr, MAX(from, fs->next));
	if (n >= limit)
		err = -EMFILE;
	else if (n >= fs->arr->n)
		err = grow(fs, n);
	if (!err) {
		mark_open(fs->arr, n, flags & O_CLOEXEC);
		if (from <= fs->next)
			fs->next = n + 1;
	}
	mutex_unlock(&fs->lock);
	return err ? err : (int)n;
}

void fd_install(struct task *t, int n, struct file *f)
{
	/*
	 * With other users the table may be growing just now, and the copy
	 * would miss it.
	 */
	if (load_once(&t->files->ref.count) == 1) {
		store_release(&t->files->arr->file[n], f);
		return;
	}
	mutex_lock(&t->files->lock);
	store_release(&t->files->arr->file[n], f);
	mutex_unlock(&t->files->lock);
}

void fd_unreserve(struct task *t, int n)
{
	mutex_lock(&t->files->lock);
	mark_free(t->files, (unsigned int)n);
	mutex_unlock(&t->files->lock);
}

int fd_add(struct task *t, struct file *f, unsigned int flags)
{
	int n = fd_reserve(t, flags);

	if (n < 0)
		file_put(f);
	else
		fd_install(t, n, f);
	return n;
}

struct fd fdget_shared(struct files *fs, unsigned int n)
{
	struct fdarray *a;
	struct file *f;

	for (;;) {
		a = load_acquire(&fs->arr);
		if (n >= a->n)
			return (struct fd){ NULL, false };
		f = load_acquire(&a->file[n]);
		if (!f)
			return (struct fd){ NULL, false };
		if (!ref_get_unless_zero(&f->ref))
			continue;
		/* Is it still that one, or was its memory used again? */
		if (likely(load_acquire(&fs->arr) == a &&
			   load_acquire(&a->file[n]) == f))
			return (struct fd){ f, true };
		file_put(f);
	}
}

/* After the descriptor has gone: what close(2) does to the file. */
static int file_close(struct files *fs, struct file *f)
{
	int err = 0;
	bool flies = unlikely(load_once(&unix_in_flight)) && unix_flies(f);

	if (unlikely(load_once(&f->inode->locks)))
		locks_release(f->inode, fs);
	if (f->ops->flush)
		err = f->ops->flush(f);
	file_put(f);
	if (flies)
		unix_collect();
	return err;
}

/* The lock is held.  The file that @n named, now the caller's. */
static struct file *detach(struct files *fs, unsigned int n)
{
	struct fdarray *a = fs->arr;
	struct file *f;

	if (n >= a->n)
		return NULL;
	f = a->file[n];
	if (!f)
		return NULL;
	store_release(&a->file[n], NULL);
	mark_free(fs, n);
	return f;
}

int fd_close(struct files *fs, unsigned int n)
{
	struct file *f;

	mutex_lock(&fs->lock);
	f = detach(fs, n);
	mutex_unlock(&fs->lock);
	return f ? file_close(fs, f) : -EBADF;
}

/* dup2(2) and dup3(2): @f (a reference) becomes @n, whatever it was. */
int fd_replace(struct task *t, unsigned int n, struct file *f, bool cloexec)
{
	struct files *fs = t->files;
	struct file *old;
	int err = 0;

	mutex_lock(&fs->lock);
	if (n >= t->group->rlimits[RLIMIT_FILES].cur)
		err = -EBADF;
	else if (n >= fs->arr->n)
		err = grow(fs, n);
	else if (!fs->arr->file[n] && bit_test(fs->arr->open, n))
		err = -EBUSY;	/* being opened by another thread */
	if (err) {
		mutex_unlock(&fs->lock);
		file_put(f);
		return err;
	}
	old = fs->arr->file[n];
	mark_open(fs->arr, n, cloexec);
	store_release(&fs->arr->file[n], f);
	mutex_unlock(&fs->lock);
	if (old)
		(void)file_close(fs, old);
	return (int)n;
}

int fd_get_cloexec(struct files *fs, unsigned int n)
{
	int on;

	mutex_lock(&fs->lock);
	on = n < fs->arr->n && bit_test(fs->arr->cloexec, n);
	mutex_unlock(&fs->lock);
	return on;
}

void fd_set_cloexec(struct files *fs, unsigned int n, bool on)
{
	mutex_lock(&fs->lock);
	if (n < fs->arr->n && fs->arr->file[n]) {
		if (on)
			bit_set(fs->arr->cloexec, n);
		else
			bit_clear(fs->arr->cloexec, n);
	}
	mutex_unlock(&fs->lock);
}

/* close_range(2) over a table of one's own choice. */
void fd_close_range(struct files *fs, unsigned int first, unsigned int last,
		    bool cloexec)
{
	struct file *f;

	for (unsigned int n = first; n <= last; n++) {
		mutex_lock(&fs->lock);
		if (n >= fs->arr->n) {
			mutex_unlock(&fs->lock);
			break;
		}
		if (!fs->arr->open[n / 64]) {
			n |= 63;	/* nothing in this word */
			mutex_unlock(&fs->lock);
			if (n >= last)
				break;
			continue;
		}
		f = NULL;
		if (cloexec && fs->arr->file[n])
			bit_set(fs->arr->cloexec, n);
		else if (!cloexec)
			f = detach(fs, n);
		mutex_unlock(&fs->lock);
		if (f)
			(void)file_close(fs, f);
		if (n == last)
			break;
	}
}

struct files *files_new(void)
{
	struct files *fs = kzalloc(sizeof(*fs));

	if (!fs)
		return NULL;
	ref_init(&fs->ref);
	mutex_init_class(&fs->lock, LOCK_FILES);
	fs->arr = array_new(FD_FIRST);
	if (!fs->arr) {
		kfree(fs);
		return NULL;
	}
	live_add(LIVE_FILES, 1);
	return fs;
}

struct files *files_copy(struct files *from)
{
	struct files *fs = kzalloc(sizeof(*fs));
	struct fdarray *a;

	if (!fs)
		return NULL;
	ref_init(&fs->ref);
	mutex_init_class(&fs->lock, LOCK_FILES);
	mutex_lock(&from->lock);
	a = array_new(from->arr->n);
	if (!a) {
		mutex_unlock(&from->lock);
		kfree(fs);
		return NULL;
	}
	live_add(LIVE_FILES, 1);
	array_copy(a, from->arr);
	fs->next = from->next;
	fs->arr = a;
	for (uint32_t w = 0; w < a->n / 64; w++) {
		for (uint64_t v = a->open[w]; v; v &= v - 1) {
			uint32_t n = w * 64 + (uint32_t)__builtin_ctzll(v);

			if (a->file[n])
				file_get(a->file[n]);
			else	/* being opened by another thread */
				mark_free(fs, n);
		}
	}
	mutex_unlock(&from->lock);
	return fs;
}

void files_put(struct files *fs)
{
	struct fdarray *a, *next;

	if (!ref_put(&fs->ref))
		return;
	a = fs->arr;
	for (uint32_t w = 0; w < a->n / 64; w++)
		for (uint64_t v = a->open[w]; v; v &= v - 1) {
			struct file *f;

			f = a->file[w * 64 + (uint32_t)__builtin_ctzll(v)];
			if (f)
				(void)file_close(fs, f);
		}
	for (; a; a = next) {
		next = a->outgrown;
		kfree(a);
	}
	live_add(LIVE_FILES, -1);
	kfree(fs);
	if (unlikely(load_once(&unix_in_flight)))
		unix_collect();
}

int files_unshare(struct task *t)
{
	struct files *fs, *old;

	if (load_once(&t->files->ref.count) == 1)
		return 0;
	fs = files_copy(t->files);
	if (!fs)
		return -ENOMEM;
	old = t->files;
	mutex_lock(&t->group->lock);
	t->files = fs;
	mutex_unlock(&t->group->lock);
	files_put(old);
	return 0;
}

void files_close_on_exec(struct files *fs)
{
	struct fdarray *a = fs->arr;

	for (uint32_t w = 0; w < a->n / 64; w++)
		for (uint64_t v = a->cloexec[w]; v; v &= v - 1)
			(void)fd_close(fs, w * 64 +
				       (uint32_t)__builtin_ctzll(v));
}

int files_next(struct files *fs, unsigned int n, struct file **f,
	       bool *cloexec)
{
	int found = -1;

	mutex_lock(&fs->lock);
	for (; n < fs->arr->n; n++) {
		if (!fs->arr->open[n / 64]) {
			n |= 63;
			continue;
		}
		if (!fs->arr->file[n])
			continue;
		found = (int)n;
		*f = fs->arr->file[n];
		file_get(*f);
		if (cloexec)
			*cloexec = bit_test(fs->arr->cloexec, n);
		break;
	}
	mutex_unlock(&fs->lock);
	return found;
}

struct fs_ctx *fs_ctx_copy(struct fs_ctx *from)
{
	struct fs_ctx *fs = kzalloc(sizeof(*fs));

	if (!fs)
		return NULL;
	live_add(LIVE_FS, 1);
	ref_init(&fs->ref);
	mutex_init_class(&fs->lock, LOCK_FS);
	mutex_lock(&from->lock);
	fs->root = from->root;
	fs->pwd = from->pwd;
	fs->umask = from->umask;
	path_get(&fs->root);
	path_get(&fs->pwd);
	mutex_unlock(&from->lock);
	return fs;
}

void fs_ctx_put(struct fs_ctx *fs)
{
	if (!ref_put(&fs->ref))
		return;
	path_put(&fs->root);
	path_put(&fs->pwd);
	live_add(LIVE_FS, -1);
	kfree(fs);
}

void fs_get_root(struct fs_ctx *fs, struct path *out)
{
	mutex_lock(&fs->lock);
	*out = fs->root;
	path_get(out);
	mutex_unlock(&fs->lock);
}

void fs_get_pwd(struct fs_ctx *fs, struct path *out)
{
	mutex_lock(&fs->lock);
	*out = fs->pwd;
	path_get(out);
	mutex_unlock(&fs->lock);
}
