/* SPDX-License-Identifier: Apache-2.0 */
/*
 * uaccess.h: the only way to guest memory (rule R6).
 *
 * Every function checks the range against the guest's part of the address
 * space and survives any fault there: -EFAULT.  Read each datum once, decide
 * on the copy.  Never call these with a kernel lock held.
 */
#ifndef SBX_ENTRY_UACCESS_H
#define SBX_ENTRY_UACCESS_H

#include "emul/lib/types.h"

/* Does [@addr, @addr + @n) lie in the guest's range?  Says nothing of maps. */
static inline bool uaddr_ok(uaddr_t addr, size_t n)
{
#ifdef SBX_HOSTED
	return addr + n >= addr;
#else
	return n <= REGION_START && addr <= REGION_START - n;
#endif
}

/* 0, or -EFAULT when any byte could not be copied (some may have been). */
int copy_in(void *dst, uaddr_t src, size_t n) __must_check;
int copy_out(uaddr_t dst, const void *src, size_t n) __must_check;
/* Zero @n bytes of guest memory. */
int clear_out(uaddr_t dst, size_t n) __must_check;

/* As above, but return how many bytes were NOT copied (0: all of them). */
size_t copy_in_partial(void *dst, uaddr_t src, size_t n) __must_check;
size_t copy_out_partial(uaddr_t dst, const void *src, size_t n) __must_check;

/*
 * A string with its NUL into @dst of @size bytes.  Returns its length without
 * the NUL, -EFAULT, or -ENAMETOOLONG when no NUL came within @size bytes.
 */
long copy_str(char *dst, uaddr_t src, size_t size) __must_check;

/* One scalar or struct: get_user(&x, addr), put_user(addr, &x). */
#define get_user(ptr, addr)	copy_in((ptr), (addr), sizeof(*(ptr)))
#define put_user(addr, ptr)	copy_out((addr), (ptr), sizeof(*(ptr)))

/*
 * Atomically: if *@addr is @old then store @new; the value that was there
 * comes back in *@seen.  @addr must be aligned to 4.  0 or -EFAULT.
 */
int cmpxchg_user(uaddr_t addr, uint32_t old, uint32_t new, uint32_t *seen)
	__must_check;

#endif
