/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hostproc.h: host processes and the slots of their threads: who may use a
 * slot again, and whom the host killed.
 */
#ifndef SBX_TASK_HOSTPROC_H
#define SBX_TASK_HOSTPROC_H

#include "emul/abi/hostproc.h"
#include "emul/lib/types.h"

struct thread;

/*
 * @th is the first thread of the host process @pid, which is the caller's.
 * Panics when the table is full, which takes more processes than slots.
 */
void hostproc_enter(struct thread *th, int pid);
/* @th is from now on a thread of the host process of @of, the caller's. */
void hostproc_join(struct thread *th, const struct thread *of);
/* Was the host process of @th killed from outside? */
bool hostproc_was_killed(const struct thread *th);
/* The host's number of the process that @th is in; 0: none yet. */
int hostproc_pid(const struct thread *th);
/*
 * The same of the process that carries @g, a guest's; *tid: the host's number
 * of a thread of it.
 */
struct tgroup;
int hostproc_of(struct tgroup *g, int *tid);

/*
 * The monitor takes the end of the first host process for that of the
 * sandbox: its first thread is not to end before.
 */
bool hostproc_is_first(const struct thread *th);
void hostproc_park(void) __attribute__((noreturn));

/* A slot for a new thread, or NULL: all are taken. */
struct thread *slot_get(void) __must_check;
/*
 * @th is not needed any more when its host thread has ended, which the
 * caller's is about to do.
 */
void slot_retire(struct thread *th);
/* The same where no host thread runs on @th (any more). */
void slot_drop(struct thread *th);

#endif
