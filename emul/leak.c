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
#include "emul/lib/alloc.h"
#include "emul/lib/live.h"
#include "emul/lib/print.h"
#include "emul/vfs/dcache.h"
#include "interposer/interposer.h"

int64_t live_count[LIVE_N] __arena;

static struct {
	uint32_t level;		/* 0: no report; 2: tell all that is there */
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
	[LIVE_PIPE] = "pipes",
	[LIVE_EPOLL] = "epolls",
	[LIVE_WATCH] = "watches of epolls",
	[LIVE_TIMER] = "timers",
	[LIVE_SECCOMP] = "filters of system calls",
	[LIVE_PI] = "locks that are waited for",
	[LIVE_SLOT] = "thread slots",
};

void leak_boot(const struct boot *b)
{
	leak.level = b->leaks;
}

static void expect(enum live_kind k, int64_t want)
{
	int64_t n = live_count[k];

	if (leak.level > 1)
		kprintf("left: %-26s %ld, of which may stay: %ld\n", kinds[k],
			(long)n, (long)want);
	if (n <= want)
		return;
	kprintf("leak: %s: %ld\n", kinds[k], (long)(n - want));
	leak.found = true;
}

/* A name that stays, and why: all references to it are known. */
static void look_at(struct dentry *d, void *arg)
{
	uint32_t refs = load_once(&d->ref.count) & ~D_CACHED;
	uint32_t known = d->n_children + d->n_mounted;
	int64_t *n_inodes = arg;

	known += d->flags & D_PINNED ? 1 : 0;
	known += dcache_mounts_of(d);
	if (refs > known) {
		kprintf("leak: %u references to %s/%s\n", refs - known,
			d->parent->name, d->name);
		leak.found = true;
	}
	if (d->inode && !d->inode->seen) {
		d->inode->seen = true;
		++*n_inodes;
	}
}

bool leak_report(unsigned int tasks, unsigned int groups, unsigned int more)
{
	int64_t inodes = 0, names;

	if (!leak.level)
		return false;
	slots_drain();
	dcache_drain();
	names = (int64_t)dcache_each(look_at, &inodes);
	for (unsigned int k = 0; k < LIVE_N; k++) {
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
		case LIVE_SLOT:
			want = more;
			break;
		case LIVE_DENTRY:
			want = names + live_count[LIVE_ROOT];
			break;
		case LIVE_INODE:	/* one is anonymous files' own */
			want = inodes + live_count[LIVE_ROOT] + 1;
			break;
		case LIVE_ROOT:		/* one is of files without a name */
			want = live_count[LIVE_SUPER] + 1;
			break;
		case LIVE_SUPER:
			want = live_count[k];
			break;
		}
		expect(k, want);
	}
	if (leak.found || leak.level > 1)
		alloc_report();
	return leak.found;
}
#endif
