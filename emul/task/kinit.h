/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kinit.h: the host process that has the kernel and no guest.
 *
 * It is a template: a process copied from it starts with an empty guest's
 * range, however large the memory of who asked.  And it holds the threads
 * that belong to no guest.  It is made when it is first wanted.
 */
#ifndef SBX_TASK_KINIT_H
#define SBX_TASK_KINIT_H

#include "emul/lib/types.h"

struct thread;

/*
 * A slot for kinit_process(): that of a process which was made beforehand, if
 * there is one.  It has to be used then: nothing may fail in between.  NULL:
 * none is to be had.
 */
struct thread *kinit_slot(void) __must_check;
/* Slots of processes that wait to be used. */
unsigned int kinit_spares(void);
/*
 * Run @fn(@arg), which never returns, on the slot @th: in a process of its
 * own with no guest memory, or in a thread of kinit.  0, or -errno: it was
 * not started.
 */
int kinit_process(struct thread *th, void (*fn)(void *), void *arg)
	__must_check;
int kinit_thread(struct thread *th, void (*fn)(void *), void *arg)
	__must_check;
/*
 * A thread of kinit for a slot whose host thread is gone: @fn(@th), which never
 * returns, on what is free of its stack.
 */
int kinit_adopt(struct thread *th, void (*fn)(void *)) __must_check;

#endif
