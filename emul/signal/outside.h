/* SPDX-License-Identifier: Apache-2.0 */
/* outside.h: signals that were sent to sbx itself. */
#ifndef SBX_SIGNAL_OUTSIDE_H
#define SBX_SIGNAL_OUTSIDE_H

struct task;

/* @t is the first thread of the first process: it is to be kicked for them. */
void outside_watch(struct task *t);
/* @t goes on in another host thread, alone in its process. */
void outside_moved(struct task *t);
/* @t ends: another thread of its process is to be kicked. */
void outside_leave(struct task *t);
/* Take what is new; cheap when nothing is. */
void outside_poll(void);

#endif
