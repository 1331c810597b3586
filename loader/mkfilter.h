/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mkfilter.h: a table of vetted host calls in memory, for mkfilter.c.
 *
 * The form of a table is told at the top of emul/abi/vetted.tbl.
 */
#ifndef SBX_LOADER_MKFILTER_H
#define SBX_LOADER_MKFILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MAX_ROWS	128
#define MAX_ALLOW	8
#define MAX_TESTS	6
#define MAX_BLOCKS	64

/* (argument & mask) == value */
struct block {
	uint64_t mask;
	uint64_t value;
};

/* One test of one argument: any of the blocks (or, with less, below). */
struct test {
	unsigned int arg;
	bool less;
	uint64_t bound;
	size_t count;
	struct block block[MAX_BLOCKS];
};

/* What one line grants: all of its tests hold. */
struct allow {
	char *text;		/* as written */
	size_t count;
	struct test test[MAX_TESTS];
};

/* A call; every allow line grants it, none at all: any arguments. */
struct row {
	char *name;
	char *args;		/* as written */
	char *arg[6];
	unsigned int arg_count;
	char *why;
	char *safe;
	char *when;		/* the feature it belongs to, or NULL */
	size_t allow_count;
	struct allow allow[MAX_ALLOW];
};

/* The table: one, for the tool reads one. */
extern struct row rows[MAX_ROWS];
extern size_t row_count;
extern const char *table_name;

/* Read the table at @path into rows[]; does not return when it is bad. */
void table_read(const char *path);

/* Tell what is wrong, with table and line, and end with 1. */
__attribute__((format(printf, 1, 2), noreturn))
void die(const char *fmt, ...);

#endif
