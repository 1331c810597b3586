/* SPDX-License-Identifier: Apache-2.0 */
/*
 * patch.h: rewrite the `syscall` sites of a guest, so that they jump.
 *
 * A cache over the trap: a site that is left alone is correct, only slow.
 * Nothing here fails towards the guest.
 *
 * What calls it:
 *	the trap door		patch_site_trapped(), patch_last_call()
 *	the fault door		patch_fault()
 *	mmap			patch_mapped(), patch_unmap()
 *	munmap			patch_unmap()
 *	mprotect, mremap,
 *	madvise			patch_change()
 *	ARCH_SET_GS		patch_disable()
 *	fork			patch_pause(), patch_fork(), patch_resume()
 *	mm_put()		patch_free()
 */
#ifndef SBX_INTERPOSER_PATCH_H
#define SBX_INTERPOSER_PATCH_H

#include "emul/lib/types.h"

struct file;
struct mm;
struct regs;
struct task;

/*
 * The `syscall` at @site trapped in @t, the calling task.  At the first trap in
 * the text of a file all sites that are known of that are rewritten, and a site
 * that traps for the fifth time, in whatever processes.  No lock is held.
 */
void patch_site_trapped(struct task *t, uaddr_t site);

/*
 * The call that @t makes does not come back to where it came from (exit,
 * execve): look at its site now, if it trapped.  No lock is held.
 */
void patch_last_call(struct task *t);

/*
 * @t, the calling task, left guest code by a fault or a kick with registers
 * @r.  If it was in a thunk, @r->rip becomes the instruction of the guest's
 * that it would be at (rule R5).  Returns true when the fault came from a page
 * that is being rewritten: it means nothing, let the guest go on.
 */
bool patch_fault(struct task *t, struct regs *r) __must_check;

/*
 * An executable, private mapping of a file begins at @start from now on: if
 * the sites of the file are known, rewrite them.  mm->lock is not held.
 *
 * Not where the program maps its text by itself, mm->own_loader: it may be one
 * that reads the text of another and runs a translation, as valgrind does, and
 * would find our jumps in it.  There the first trap tells that it is run.
 */
void patch_mapped(struct mm *mm, uint64_t start);

/*
 * [@start, @end) is going to be unmapped or mapped over.  mm->lock is not
 * held; to be called before the host is.
 */
void patch_unmap(struct mm *mm, uint64_t start, uint64_t end);

/*
 * [@start, @end) is going to become writable, lose execute permission, move or
 * (MADV_DONTNEED and its like) lose its pages: its text becomes the file's
 * again.  mm->lock is not held; to be called before the host is.
 */
void patch_change(struct mm *mm, uint64_t start, uint64_t end);

/*
 * The guest wants GS for itself: its text becomes the file's, for good.
 * mm->lock is not held.
 */
void patch_disable(struct mm *mm);

/*
 * Nothing is rewritten between the two: fork copies the tree of mappings and
 * the memory under them at different times.  Sites that earlier children
 * trapped at are rewritten first.  0 or -ENOMEM.
 */
int patch_pause(struct mm *mm) __must_check;
void patch_resume(struct mm *mm);

/* @to is a copy of @from for a new process.  0 or -ENOMEM. */
int patch_fork(struct mm *to, const struct mm *from) __must_check;

/* Free mm->patch. */
void patch_free(struct mm *mm);

/* Counters of the sandbox, for --stats. */
struct patch_stats {
	uint64_t known_a, known_b, known_c;	/* sites seen, by tier */
	uint64_t live, known;	/* rewritten: found here, known of the file */
	uint64_t restored, failed;
	uint64_t why_c[8];	/* by enum site_why */
};
void patch_get_stats(struct patch_stats *st);

#endif
