/* SPDX-License-Identifier: Apache-2.0 */
/*
 * changes-end.c: what is done with changes at the end: --diff, --commit.
 *
 * When the first program has ended the others are made to, the changes are
 * looked for, and the list is printed or brought to the host, or both.
 */
#include "emul/fs/changes.h"

#include "emul/abi/boot.h"
#include "emul/entry/trace-int.h"
#include "emul/entry/trace.h"
#include "emul/host/broker.h"
#include "emul/host/host.h"
#include "emul/lib/print.h"
#include "emul/lib/string.h"
#include "emul/lib/uapi.h"
#include "emul/signal/queue.h"
#include "emul/task/pid.h"
#include "emul/task/task.h"

static uint32_t asked __arena;	/* BOOT_DIFF, BOOT_COMMIT */
static int64_t began_ns __arena;	/* since 1970 */

/* A line of --diff. */
static void print_one(const struct changes *c, const struct change *h)
{
	char *line = c->buf;
	size_t n = 0;

	line[n++] = h->kind;
	line[n++] = ' ';
	n = change_name(h, line, n);
	line[n++] = '\n';
	trace_emit(line, n);
}

static bool all_ended(void)
{
	struct tgroup *g;
	bool ended = true;

	mutex_lock(&pids_lock);
	list_for_each(g, &all_groups, all_link)
		if (g->pid != 1 && load_once(&g->n_live))
			ended = false;
	mutex_unlock(&pids_lock);
	return ended;
}

/*
 * What the program left running ends now, so that nobody writes meanwhile.
 * Not for ever: what a guest has done to the kernel may keep one alive.
 */
static void end_others(void)
{
	const int64_t give_up = host_clock_ns(1) + 10 * NSEC_PER_SEC;
	struct tgroup *g;

	mutex_lock(&pids_lock);
	list_for_each(g, &all_groups, all_link) {
		if (g->pid == 1 || g->pid == FIRST_PID)
			continue;
		mutex_lock(&g->lock);
		signal_kill_group(g, SIGKILL);
		mutex_unlock(&g->lock);
	}
	mutex_unlock(&pids_lock);
	while (!all_ended() && host_clock_ns(1) < give_up)
		host_ppoll(NULL, 0, host_clock_ns(1) + 1000000);
}

static void commit(struct changes *c, int err)
{
	struct broker_req req = { .op = BROKER_COMMIT };
	struct broker_rep rep;
	char text[256] = "";

	/* From here on the broker lets the overlays' directories be written. */
	broker_exit(0, 0);
	if (err)
		ksnprintf(text, sizeof(text), "%s", trace_errno_text(-err));
	else
		changes_commit(c, text, sizeof(text));
	req.len1 = (uint16_t)strlen(text);
	broker_call(&req, text, &rep, NULL, 0, NULL);
}

void changes_boot(uint32_t boot_flags)
{
	asked = boot_flags & (BOOT_DIFF | BOOT_COMMIT);
	if (asked)
		began_ns = host_clock_ns(0);
}

void changes_end(int status)
{
	struct changes c = {
		.since = {
			.sec = began_ns / NSEC_PER_SEC,
			.nsec = (uint32_t)(began_ns % NSEC_PER_SEC),
		},
	};
	int err;

	if (!asked || (!(asked & BOOT_DIFF) && status))
		return;
	end_others();
	err = changes_find(&c);
	if ((asked & BOOT_DIFF) && !err)
		for (size_t k = 0; k < c.n; k++)
			print_one(&c, &c.v[k]);
	if ((asked & BOOT_DIFF) && err)
		kprintf("sbx: --diff: %s\n", trace_errno_text(-err));
	if ((asked & BOOT_COMMIT) && !status)
		commit(&c, err);
	changes_free(&c);
}
