/* SPDX-License-Identifier: Apache-2.0 */
/* boot.c: the first objects of a sandbox, and its first program. */
#include "emul/boot.h"

#include "emul/abi/hostfd.h"
#include "emul/entry/trace-int.h"
#include "emul/fs/changes.h"
#include "emul/fs/hostfs.h"
#include "emul/host/broker.h"
#include "emul/fs/memdata.h"
#include "emul/host/host.h"
#include "emul/leak.h"
#include "emul/lib/print.h"
#include "emul/lib/random.h"
#include "emul/net/outward.h"
#include "emul/report.h"
#include "emul/signal/outside.h"
#include "emul/task/exec.h"
#include "emul/task/hostproc.h"
#include "emul/task/task.h"
#include "emul/vfs/fdtable.h"
#include "interposer/interposer.h"

/* What a shell says when it cannot start a command. */
#define EXIT_NOEXEC	126
#define EXIT_NOTFOUND	127

static void __noreturn boot_fail(const char *what, long err, int status)
{
	kprintf("sbx: %s: %s\n", what, trace_errno_text(-err));
	broker_exit(status << 8, 1);
	host_exit_group(status);
}

void emul_boot(const struct boot *b, struct thread *th)
{
	const struct boot_mount *mounts =
		(const struct boot_mount *)boot_str(b, b->mounts);
	const char *exe = boot_str(b, b->exe);
	struct task *t;
	long err;

	random_seed(b->seed, sizeof(b->seed));
	t = task_init(b);
	if (!t)
		panic("no memory for the first task");
	t->thread = th;
	th->task = t;
	hostproc_enter(th, th->host_tid);
	store_release(&th->live, 1);
	outside_watch(t);
	report_boot(b);
	changes_boot(b->flags);
	leak_boot(b);
	outward_boot(b);

	hostfs_ids(b->host_uid, b->uid, b->host_gid, b->gid);
	/* Half of the memory, as a tmpfs of Linux has. */
	memdata_limit(b->max_memory / 2);
	err = vfs_boot(mounts, b->n_mounts, b);
	if (err)
		boot_fail("file systems", err, 125);
	err = vfs_first_task(t, b);
	if (err)
		boot_fail(boot_str(b, b->cwd), err, 125);
	err = exec_boot(t, b);
	if (err)
		boot_fail(exe, err, err == -2 /* ENOENT */ ? EXIT_NOTFOUND :
			  EXIT_NOEXEC);
	err = cputimer_limit(t->group);
	if (err)
		boot_fail(exe, err, 125);
	__atomic_fetch_or(&th->work, WORK_RESTORE, __ATOMIC_RELAXED);
	kernel_leave();
}
