/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reap.h: families of processes: whose child, the end, zombies, orphans.
 *
 * A group lives from task_link() of its first thread.  Its last thread makes
 * it a zombie by group_dead(): a number, credentials and a status, without
 * memory, files or host process.  It is gone with group_release(), by the
 * parent's wait, or at once where the parent does not want to know.
 */
#ifndef SBX_TASK_REAP_H
#define SBX_TASK_REAP_H

#include "emul/lib/types.h"

struct siginfo128;
struct task;
struct tgroup;
struct usage;

/* With pids_lock held: */

/*
 * The new process @g becomes a child of @t, or with @sibling (CLONE_PARENT)
 * of @t's parent, in @t's process group and session.  At its end the parent
 * gets @exit_signal (0: none; with @sibling it is that of @t's group).
 */
void group_adopted(struct tgroup *g, struct task *t, bool sibling,
		   int exit_signal);
/* A thread that is not the last left its group: others have its children. */
void children_thread_gone(struct task *t);
/* Whose @g is, living or zombie. */
uid_t group_uid(struct tgroup *g);
/* The zombie @g is done with: its number is free. */
void group_release(struct tgroup *g);

/* Without locks: */

/*
 * The last thread @t of a group has left it (task_unlink()): a zombie from
 * now on, with the status word @status.  Memory, files and the like are
 * gone; @t itself is the caller's to be put, its host thread still runs.
 */
void group_dead(struct task *t, int status);
/* A process that never ran: undo task_link() and group_adopted(). */
void group_unborn(struct task *t);
/* execve(2): what the family sees of it. */
void group_exec(struct tgroup *g);
/* Tell the parent that @g stopped or went on, if that is still to be done. */
void group_report(struct tgroup *g);

/* Wake-up key of the child with the number @pid in wait_chldexit. */
static inline uint32_t child_key(int pid)
{
	return 1U << ((unsigned int)pid & 31);
}

/*
 * usage.c: what @g has used, living or zombie, without its children; adding
 * up; and rusage of getrusage(2) at the guest's @addr (0 or -EFAULT).
 */
void usage_get(struct tgroup *g, struct usage *u);
/* @t is about to give up its memory: keep how much it was. */
void usage_note(struct task *t);
void usage_add(struct usage *to, const struct usage *u);
int usage_put(uaddr_t addr, const struct usage *u) __must_check;

#endif
