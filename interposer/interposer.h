/* SPDX-License-Identifier: Apache-2.0 */
/*
 * interposer.h: what the parts of the interposer share with each other, and
 * its few functions for the kernel.
 */
#ifndef SBX_INTERPOSER_H
#define SBX_INTERPOSER_H

#include "emul/abi/boot.h"
#include "emul/abi/regs.h"
#include "emul/lib/types.h"

/* Labels of gate.S, entry.S and kernel.lds. */
extern const char host_gate[], gate_syscall[], gate_wait_test[],
	gate_wait_end[], host_restorer[], clone_start[];
extern const char entry_jump[], entry_done[], exit_test[], exit_full[],
	exit_end[], fault_entry[];
extern const char image_text_end[], image_end[];

/* To the guest, with the registers that thread_frame() holds. */
void kernel_leave(void) __noreturn;
/*
 * The calling host thread, on the slot @from, goes to the guest on @to, whose
 * alternate stack it has already; returns when it calls thread_carry_back(),
 * with @from's alternate stack back in place.
 */
void thread_carry(struct thread *from, struct thread *to);
void thread_carry_back(struct thread *from) __noreturn;
/*
 * From the slot @from to where @to called thread_carry(); returns when somebody
 * calls thread_carry_back() with @from.
 */
void thread_switch(struct thread *from, struct thread *to);

/* Goes on in host_gate_wait() on the slot that GS points to: -EINTR. */
void gate_wait_resume(void) __noreturn;

/* C side of entry.S. */
void kernel_entry(struct regs *r);
void kernel_exit_work(struct regs *r);
void kernel_fault(struct regs *r);
void kernel_bad_return(struct regs *r);

static inline void set_gs_base(const void *p)
{
	__asm__ volatile("wrgsbase %0" :: "r"(p) : "memory");
}

/* Install the handlers of the host signals; once a process tree. */
void hostsig_boot(void);
/* Give the calling thread its alternate stack. */
void hostsig_thread(struct thread *th);

/*
 * A slot: thread block, alternate stack, kernel stack.  NULL when none is to be
 * had (-EAGAIN for the guest).  slot_free() wants the host thread to have left.
 */
struct thread *slot_alloc(void) __must_check;
void slot_free(struct thread *th);
/* The slot with the number @n, used or not; NULL: none had it yet. */
struct thread *slot_nth(unsigned int n);
#ifdef SBX_DEBUG
/* clone.c: free the slots of all threads that have ended. */
void slots_drain(void);
#endif

/* First C code; on the launcher's stack, then on slot 0's. */
struct boot_vdso;
void kernel_start(const struct boot_vdso *v) __noreturn;
void boot_main(uint64_t vdso_ehdr) __noreturn;

#endif
