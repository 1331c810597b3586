/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memdata.h: contents of a file in memory: tmpfs, overlay, memfd.
 *
 * The inode's lock protects it; the functions take it where they need it.
 * Positions are in bytes.  A file is cut into chunks, the first of 2^order0
 * pages and each next as large as all before it, up to 64 MiB, so that small
 * files are small and large ones lie in few pieces.
 */
#ifndef SBX_FS_MEMDATA_H
#define SBX_FS_MEMDATA_H

#include "emul/fs/data.h"
#include "emul/vfs/vfs.h"

#define MEMDATA_INLINE	3u
#define MEMDATA_MAX	(1ULL << 44)	/* bytes of a file: -EFBIG beyond */

/* What all files of a file system together may have. */
struct memquota {
	uint64_t limit, used;	/* pages; limit 0: none */
};

struct memdata {
	struct memquota *quota;
	struct chunk **slot;	/* inline_slot or kmalloc'd */
	struct chunk *inline_slot[MEMDATA_INLINE];
	uint32_t n_slots;
	uint8_t order0;
	bool have_order;
	uint8_t seals;		/* F_SEAL_* of memfd_create(2) */
	uint64_t n_pages;	/* present ones */
};

/* All files in memory together have at most @bytes; at the start. */
void memdata_limit(uint64_t bytes);
void memdata_init(struct memdata *m, struct memquota *q);
/* The inode goes: nobody else can see it. */
void memdata_free(struct memdata *m);
/*
 * Both advance *@pos; write grows i->size and i->blocks and sets the times;
 * it appends when u->append.  The caller has checked the limits of the task.
 */
ssize_t memdata_read(struct inode *i, struct memdata *m, struct uio *u,
		     off_t *pos);
ssize_t memdata_write(struct inode *i, struct memdata *m, struct uio *u,
		      off_t *pos);
/*
 * Put @n bytes there, without a word on sizes and times; @size is what the
 * file is going to have.  i->lock is held.  0 or -errno.
 */
int memdata_fill(struct inode *i, struct memdata *m, uint64_t pos,
		 const char *src, size_t n, uint64_t size);
/* Sets i->size; i->lock is held. */
int memdata_truncate(struct inode *i, struct memdata *m, uint64_t size);
int memdata_fallocate(struct inode *i, struct memdata *m, int mode, off_t off,
		      off_t len);
int memdata_mmap(struct inode *i, struct memdata *m, off_t off, size_t len,
		 struct backing *b);
/* SEEK_DATA (3) and SEEK_HOLE (4): the offset or -ENXIO. */
off_t memdata_seek(struct inode *i, struct memdata *m, off_t off, int whence);

#endif
