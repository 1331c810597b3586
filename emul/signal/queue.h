/* SPDX-License-Identifier: Apache-2.0 */
/* queue.h: what the files of emul/signal share. */
#ifndef SBX_SIGNAL_QUEUE_H
#define SBX_SIGNAL_QUEUE_H

#include "emul/signal/signal.h"

struct regs;
struct tgroup;

/* ksigaction.handler of no function; the libc headers' names clash. */
#define SIGACT_DFL	0UL
#define SIGACT_IGN	1UL

bool signal_default_ignores(int signo);
bool signal_default_stops(int signo);

/* As signal_send() to the group of nobody in particular. */
int signal_send_group(struct tgroup *g, const struct siginfo128 *info);

/* jobctl.c: park until the group goes on or ends; without locks. */
void stop_here(struct task *t);

/*
 * Count one more of what RLIMIT_SIGPENDING bounds: a queued signal, a timer.
 * False: @t has no more.
 */
bool signal_charge(const struct task *t) __must_check;
void signal_uncharge(void);

/* execve(2): signals of timers that wait go with the timers. */
void signal_drop_timers(struct tgroup *g);

/* The rest is called with the group's lock held. */

/* End @g with the wait status @status; nothing when it is ending already. */
void signal_kill_group(struct tgroup *g, int status);
/* Drop the pending signals in @which, of @g and its threads. */
void signal_flush(struct tgroup *g, sigset64_t which);
/* Take the next signal not in @mask; its number, or 0. */
int signal_dequeue(struct task *t, sigset64_t mask, struct siginfo128 *info);
/*
 * @t takes no signals any more: others get those that the group's set holds,
 * and do not wait for it in a stop.
 */
void signal_thread_exits(struct task *t);
/* jobctl.c: @g stops: all threads are to park, by @signo. */
void group_stop(struct tgroup *g, int signo);
/* @g goes on, by SIGCONT. */
void group_continue(struct tgroup *g);
/* One thread less is to be waited for in a stop, or one more has parked. */
void group_stop_check(struct tgroup *g);
/* Set WORK_SIGNAL of current() if something is to be taken, or it is to stop. */
void signal_recalc(struct task *t);
/*
 * Is there something for @t, which is current(), to act on?  If not, a kick
 * that it got is forgotten, and its next sleep goes on.  Without locks.
 */
bool signal_interrupts(struct task *t);

/*
 * frame.c: make @r call the handler of @info in @a, with a frame on the
 * guest's stack that holds @r as it is.  0, or -EFAULT: no frame could be
 * written, @r is as it was.
 */
int frame_push(struct task *t, struct regs *r, const struct ksigaction *a,
	       const struct siginfo128 *info, sigset64_t mask) __must_check;

/* Real-time signals that are queued, for /proc/PID/status. */
unsigned int signal_queued(void);

#endif
