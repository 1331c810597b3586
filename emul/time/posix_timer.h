/* SPDX-License-Identifier: Apache-2.0 */
/* posix_timer.h: what signals and exit need of timers. */
#ifndef SBX_TIME_POSIX_TIMER_H
#define SBX_TIME_POSIX_TIMER_H

struct siginfo128;
struct tgroup;

/* The signal of a timer was taken: how often more it expired. g->lock held */
void posix_timer_taken(struct tgroup *g, struct siginfo128 *info);
/* A process ends: so do its timers. */
void posix_timers_exit(struct tgroup *g);
/* execve(2): those of timer_create(2) go, the interval timer stays. */
void posix_timers_exec(struct tgroup *g);

#endif
