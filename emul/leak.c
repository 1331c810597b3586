/* SPDX-License-Identifier: Apache-2.0 */
/*
 * leak.c: what is left when the last process is gone, in a debug build.
 *
 * What belongs to processes has to be gone.  Names may stay: those that are
 * only cached are dropped first; those that are pinned, for the file system
 * has nowhere else to keep them, and the directories above, are no leak.
 */
#include "emul/leak.h"

#ifdef SBX_DEBUG
#include "emul/fs/hostfs.h"
#include "emul/host/host.h"
#include "emul/lib/alloc.h"
#include "emul/lib/live.h"
#include "emul/lib/print.h"
#include "emul/seccomp/seccomp.h"
#include "emul/task/kinit.h"
#include "emul/task/task.h"
#include "emul/time/time.h"
#include "emul/vfs/dcache.h"
#include "interposer/interposer.h"

#define PATIENCE_NS	(500 * NSEC_PER_MSEC)

int64_t live_count[LIVE_N] __arena;

static struct {
	uint32_t level;		/* 0: no report; 2: tell all that is there */
	uint32_t pass;
	bool found;
} leak __arena;

static const char *const kinds[LIVE_N] = {
	[LIVE_TASK] = "tasks",
	[LIVE_TGROUP] = "thread groups",
	[LIVE_CRED] = "credentials",
	[LIVE_SIGHAND] = "tables of signal actions",
	[LIVE_SIGINFO] = "queued signals",
	[LIVE_MM] = "address spaces",
	[LIVE_VMA] = "vmas",
	[LIVE_FILES] = "descriptor tables",
	[LIVE_FS] = "fs contexts",
	[LIVE_FILE] = "open files",
	[LIVE_INODE] = "inodes",
	[LIVE_DENTRY] = "dentries",
	[LIVE_ROOT] = "roots",
	[LIVE_SUPER] = "file systems",
	[LIVE_MOUNT] = "mounts",
	[LIVE_PIPE] = "pipes",
	[LIVE_UNIX] = "sockets of AF_UNIX",
	[LIVE_PASSED] = "inherited sockets",
	[LIVE_INET] = "sockets of TCP and UDP",
	[LIVE_EPOLL] = "epolls",
	[LIVE_WATCH] = "watches",
	[LIVE_TIMER] = "timers",
	[LIVE_SECCOMP] = "filters of system calls",
	[LIVE_PI] = "locks that are waited for",
	[LIVE_SLOT] = "thread slots",
};

void leak_boot(const struct boot *b)
{
	leak.level = b->leaks;
}

static void expect(enum live_kind k, int64_t n, int64_t want, bool tell)
{
	if (tell && leak.level > 1)
		kprintf("left: %-26s %ld, of which may stay: %ld\n", kinds[k],
			(long)n, (long)want);
	if (n <= want)
		return;
	if (tell)
		kprintf("leak: %s: %ld\n", kinds[k], (long)(n - want));
	leak.found = true;
}

struct look {
	int64_t inodes;
	bool tell;
};

/* A name that stays, and why: all references to it are known. */
static void look_at(struct dentry *d, void *arg)
{
	uint32_t refs = load_once(&d->ref.count) & ~D_CACHED;
	uint32_t known = d->n_children + d->n_mounted;
	struct look *l = arg;

	known += d->flags & D_PINNED ? 1 : 0;
	known += dcache_mounts_of(d);
	if (refs > known) {
		if (l->tell)
			kprintf("leak: %u references to %s/%s\n",
				refs - known, d->parent->name, d->name);
		leak.found = true;
	}
	if (d->inode && d->inode->seen != leak.pass) {
		d->inode->seen = leak.pass;
		l->inodes++;
	}
}

static int64_t pending(const struct sigpending *p)
{
	const struct list_head *l;
	int64_t n = 0;

	for (l = p->queue.next; l != &p->queue; l = l->next)
		n++;
	return n;
}

/* Signals that nobody will take, of the processes that are there. */
static int64_t all_pending(void)
{
	const struct task *me = current();
	const struct tgroup *g;
	int64_t n = me ? pending(&me->pending) : 0;
	bool listed = false;

	mutex_lock(&pids_lock);
	list_for_each(g, &all_groups, all_link) {
		n += pending(&g->pending);
		listed |= me && g == me->group;
	}
	mutex_unlock(&pids_lock);
	return me && !listed ? n + pending(&me->group->pending) : n;
}

static void count(unsigned int tasks, unsigned int groups, unsigned int slots,
		  bool tell)
{
	struct look l = { .tell = tell };
	int64_t names;

	leak.found = false;
	leak.pass++;
	slots_drain();
	host_ahead_settle();
	dcache_drain();
	names = (int64_t)dcache_each(look_at, &l);
	for (unsigned int k = 0; k < LIVE_N; k++) {
		/* Before what is wanted: kinit may just make a spare. */
		int64_t n = __atomic_load_n(&live_count[k], __ATOMIC_SEQ_CST);
		int64_t want = 0;

		switch (k) {
		case LIVE_TASK:
		case LIVE_CRED:
			want = tasks;
			break;
		case LIVE_TGROUP:
		case LIVE_SIGHAND:
			want = groups;
			break;
		case LIVE_SIGINFO:
			want = all_pending();
			break;
		case LIVE_SECCOMP:	/* of the task that ends last */
			want = current() ? seccomp_count(current()) : 0;
			break;
		case LIVE_SLOT:
			want = slots + kinit_spares();
			break;
		case LIVE_DENTRY:
			want = names + live_count[LIVE_ROOT];
			break;
		case LIVE_INODE:	/* one is anonymous files' own */
			want = l.inodes + live_count[LIVE_ROOT] + 1;
			break;
		case LIVE_ROOT:		/* one is of files without a name */
			want = live_count[LIVE_SUPER] + 1;
			break;
		case LIVE_SUPER:
			want = live_count[k];
			break;
		case LIVE_MOUNT:
			want = dcache_mounts_of(NULL);
			break;
		}
		expect(k, n, want, tell);
	}
}

/* Processes but init and the one that ends. */
static bool others_live(void)
{
	const struct task *me = current();
	struct tgroup *g;
	bool live = false;

	mutex_lock(&pids_lock);
	list_for_each(g, &all_groups, all_link)
		if (!g->unkillable && !g->zombie && (!me || g != me->group))
			live = true;
	mutex_unlock(&pids_lock);
	return live;
}

bool leak_report(unsigned int tasks, unsigned int groups, unsigned int slots)
{
	int64_t until = time_now() + PATIENCE_NS;

	if (!leak.level)
		return false;
	/* Whoever is just ending has a moment to do so. */
	do {
		if (!others_live()) {
			count(tasks, groups, slots, false);
			if (!leak.found)
				break;
		}
		host_sched_yield();
	} while (time_now() < until);
	if (others_live()) {
		if (leak.level > 1)
			kprintf("left: processes that run; none is counted\n");
		return false;
	}
	if (leak.found || leak.level > 1) {
		count(tasks, groups, slots, true);
		alloc_report();
	}
	return leak.found;
}
#endif
