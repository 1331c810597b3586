/* SPDX-License-Identifier: Apache-2.0 */
/* offsets.c: the numbers that the assembler uses are those of the structs. */
#include "emul/abi/regs.h"
#include "emul/lib/types.h"

#define REGS(FIELD, field)						\
	_Static_assert(REGS_##FIELD == offsetof(struct regs, field), #field)
#define THREAD(FIELD, field)						\
	_Static_assert(THREAD_##FIELD == offsetof(struct thread, field), #field)

REGS(R15, r15);
REGS(R14, r14);
REGS(R13, r13);
REGS(R12, r12);
REGS(RBP, rbp);
REGS(RBX, rbx);
REGS(R11, r11);
REGS(R10, r10);
REGS(R9, r9);
REGS(R8, r8);
REGS(RAX, rax);
REGS(RCX, rcx);
REGS(RDX, rdx);
REGS(RSI, rsi);
REGS(RDI, rdi);
REGS(ORIG_RAX, orig_rax);
REGS(RIP, rip);
REGS(CS, cs);
REGS(EFLAGS, eflags);
REGS(RSP, rsp);
REGS(SS, ss);
_Static_assert(REGS_SIZE == sizeof(struct regs), "struct regs");

THREAD(SELF, self);
THREAD(ENTRY, entry);
THREAD(URSP, user_rsp);
THREAD(KSP, kstack);
THREAD(WORK, work);
THREAD(WAITING, waiting);
THREAD(JUMPS, n_jump);
THREAD(CARRY_SP, carry_sp);
THREAD(INSIDE, inside);
THREAD(WAIT_SP, wait_sp);
THREAD(TRAPS, n_trap);
THREAD(GUEST_GS, guest_gs);
THREAD(LOCKS, n_locks);
_Static_assert(sizeof(struct thread) <= PAGE_SIZE, "struct thread");
_Static_assert(WORK_SIGNAL == 1 && WORK_EXIT == 2 && WORK_RESTORE == 4 &&
	       WORK_GS == 8,
	       "gate.S and entry.S test these bits");
