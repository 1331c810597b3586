/* SPDX-License-Identifier: Apache-2.0 */
/*
 * g-unwind.c: unwinders find their way out of a handler, also once the
 * restorer behind it has been called often.
 */
#include "t/guest.h"

#include <signal.h>
#include <stdint.h>
#include <unwind.h>

#define ROUNDS		40
#define DEPTH_MAX	100

struct walk {
	int depth;
	int interrupted;	/* frames that a signal interrupted */
	int raisers;
};

static volatile int calls, good;

static __attribute__((noinline)) void raiser(void)
{
	for (int i = 0; i < ROUNDS; i++) {
		raise(SIGUSR1);
		/* No call is the last thing done here: it stays a call. */
		__asm__ volatile("" ::: "memory");
	}
}

static _Unwind_Reason_Code frame(struct _Unwind_Context *c, void *arg)
{
	struct walk *w = arg;
	int before = 0;
	/* Its last instruction is before the address it will go on at. */
	uintptr_t ip = _Unwind_GetIPInfo(c, &before) - 1;
	void *at;

	memcpy(&at, &ip, sizeof(at));
	w->interrupted += before != 0;
	w->raisers += _Unwind_FindEnclosingFunction(at) == (void *)raiser;
	return ++w->depth < DEPTH_MAX ? _URC_NO_REASON : _URC_END_OF_STACK;
}

static void handler(int sig)
{
	struct walk w = { 0 };

	(void)sig;
	_Unwind_Backtrace(frame, &w);
	calls++;
	good += w.interrupted == 1 && w.raisers == 1 && w.depth < DEPTH_MAX;
}

int main(void)
{
	struct sigaction sa = { .sa_handler = handler };

	is(sigaction(SIGUSR1, &sa, NULL), 0, "a handler");
	raiser();
	is(calls, ROUNDS, "it is called each time");
	is(good, ROUNDS, "and sees who raised the signal each time");
	return done_testing();
}
