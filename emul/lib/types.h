/* SPDX-License-Identifier: Apache-2.0 */
/*
 * types.h: the words every file of the kernel uses.
 *
 * The kernel is freestanding: it includes this, its own headers and the
 * Linux uapi headers, never a libc header.
 */
#ifndef SBX_LIB_TYPES_H
#define SBX_LIB_TYPES_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "emul/abi/region.h"

#ifdef SBX_HOSTED
#include <sys/types.h>
#else
typedef long ssize_t;
typedef long off_t;
typedef int pid_t;
typedef unsigned int mode_t;
typedef unsigned int uid_t;
typedef unsigned int gid_t;
typedef unsigned long dev_t;
typedef unsigned long ino_t;
#endif

/* A guest address: an integer, reached only by uaccess.h (rule R6). */
typedef uint64_t uaddr_t;

/*
 * A variable of the kernel that is ever written lives in the arena, which
 * every process of the sandbox shares.  It starts as zero; an initializer
 * would be lost.
 */
#ifdef SBX_HOSTED
#define __arena
#define __arena_table
#else
/* Both compilers take what begins with .bss. for memory without bytes. */
#define __arena __attribute__((section(".bss.arena")))
/* A large one, kept apart so that the others share a few pages. */
#define __arena_table __attribute__((section(".bss.arena_table")))
#endif

/* On what is compared by address: or it is looked up in a table of ld's. */
#define __hidden	__attribute__((visibility("hidden")))
#define __must_check	__attribute__((warn_unused_result))
#define __noreturn	__attribute__((noreturn))
#define __packed	__attribute__((packed))
#define __cold		__attribute__((cold))
#define __printf(f, a)	__attribute__((format(printf, f, a)))
#define __fallthrough	__attribute__((fallthrough))
#define likely(x)	__builtin_expect(!!(x), 1)
#define unlikely(x)	__builtin_expect(!!(x), 0)
#define barrier()	__asm__ __volatile__("" ::: "memory")
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define container_of(p, type, field) \
	((type *)(void *)((char *)(p) - offsetof(type, field)))
#define MIN(a, b)	((a) < (b) ? (a) : (b))
#define MAX(a, b)	((a) > (b) ? (a) : (b))
#define ALIGN_UP(x, a)	(((x) + (a) - 1) & ~((a) - 1))
#define ALIGN_DOWN(x, a) ((x) & ~((a) - 1))
#define PAGE_UP(x)	ALIGN_UP((uint64_t)(x), PAGE_SIZE)
#define PAGE_DOWN(x)	ALIGN_DOWN((uint64_t)(x), PAGE_SIZE)

#define NSEC_PER_SEC	1000000000LL
#define NSEC_PER_USEC	1000LL
#define NSEC_PER_MSEC	1000000LL
#define NEVER_NS	INT64_MAX	/* a deadline that does not come */

/* Errors as pointers: the top page of addresses holds -errno. */
static inline void *err_ptr(long err)
{
	return (void *)err;
}

static inline long ptr_err(const void *p)
{
	return (long)p;
}

static inline bool is_err(const void *p)
{
	return (unsigned long)p >= (unsigned long)-4095;
}

#define load_acquire(p)		__atomic_load_n((p), __ATOMIC_ACQUIRE)
#define store_release(p, v)	__atomic_store_n((p), (v), __ATOMIC_RELEASE)
#define load_once(p)		__atomic_load_n((p), __ATOMIC_RELAXED)
#define store_once(p, v)	__atomic_store_n((p), (v), __ATOMIC_RELAXED)

#endif
