/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sites.h: what is known of the `syscall` sites of each file, for all
 * processes of the sandbox.
 *
 * A table only grows.  A record's index is also the number of its thunk in
 * every process, so that an address in a thunk leads to the record.  Readers
 * need no lock.
 */
#ifndef SBX_INTERPOSER_SITES_H
#define SBX_INTERPOSER_SITES_H

#include "emul/lib/lock.h"
#include "emul/lib/types.h"
#include "interposer/site.h"

#define SITES_MAX	2048	/* records of one file; the rest trap */
#define SITES_CHUNK	32
#define SITES_SEEN	128	/* counters of traps */

/* Addresses are relative to the start of the executable mapping. */
struct site_rec {
	uint32_t site, at, pad;
	char tier;		/* enum site_tier */
	uint8_t copy_len;	/* bytes copied to the thunk */
	uint8_t old[SITE_JMP32];
	uint8_t pad_old[SITE_JMP32];
	uint8_t copy[SITE_COPY_MAX];
};

struct site_file {
	struct site_file *next;		/* immutable */
	uint64_t key;			/* immutable */
	struct mutex lock;		/* of sites_add */
	uint32_t n;			/* release: records below are filled */
	/*
	 * Traps in all processes by hash of the site, no lock: if two sites
	 * share one, the second is looked at too early, which does no harm.
	 */
	uint8_t seen[SITES_SEEN];
	struct site_rec *chunk[SITES_MAX / SITES_CHUNK];
};

/* Hash of @n bytes. */
uint64_t sites_hash(const void *p, size_t n);

/* The table of the file with this key; with @make also a new one, or NULL. */
struct site_file *sites_of(uint64_t key, bool make);

static inline const struct site_rec *sites_rec(const struct site_file *f,
					       uint32_t i)
{
	return &f->chunk[i / SITES_CHUNK][i % SITES_CHUNK];
}

static inline uint32_t sites_count(const struct site_file *f)
{
	return load_acquire(&f->n);
}

/* One more trap at @site: has it come so often that it is to be looked at? */
bool sites_often(struct site_file *f, uint32_t site);

/* Index of the record of the site at @site, or -1. */
int sites_find(const struct site_file *f, uint32_t site);

/*
 * Add a record.  Its index; that of the record of the same site if there is
 * one; -EAGAIN if its filler was taken meanwhile; -ENOMEM.
 */
int sites_add(struct site_file *f, const struct site_rec *rec);

#endif
