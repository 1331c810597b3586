/* SPDX-License-Identifier: Apache-2.0 */
/* u-wait.c: families, zombies, waiting and job control, without hosts. */
#include "t/unit.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "emul/abi/boot.h"
#include "emul/abi/regs.h"
#include "emul/lib/uapi.h"
#include "emul/signal/queue.h"
#include "emul/signal/siginfo.h"
#include "emul/sysproto.h"
#include "emul/task/deadlist.h"
#include "emul/task/pid.h"
#include "emul/task/reap.h"
#include "emul/task/session.h"
#include "emul/task/task.h"

static struct thread threads[64];
static unsigned int n_threads;

static struct thread *new_thread(struct task *t)
{
	struct thread *th = &threads[n_threads++];

	memset(th, 0, sizeof(*th));
	th->task = t;
	t->thread = th;
	return th;
}

static struct task *setup(void)
{
	static struct boot boot;
	struct task *t;

	n_threads = 0;
	for (int i = 0; i < 16; i++)
		boot.rlimits[i][0] = boot.rlimits[i][1] = 100;
	t = task_init(&boot);
	ck_assert_ptr_nonnull(t);
	new_thread(t);
	hosted_current = t;
	return t;
}

/* What fork(2) does to the family. */
static struct task *child_of(struct task *p, bool sibling, int exit_signal)
{
	struct tgroup *g = tgroup_alloc();
	struct task *t = task_alloc(g, p);

	tgroup_put(g);
	ck_assert_int_eq(task_link(t), 0);
	new_thread(t);
	mutex_lock(&pids_lock);
	group_adopted(g, p, sibling, exit_signal);
	mutex_unlock(&pids_lock);
	return t;
}

static struct task *thread_of(struct task *p)
{
	struct task *t = task_alloc(p->group, p);

	ck_assert_int_eq(task_link(t), 0);
	new_thread(t);
	return t;
}

/* What task_exit() does, without an end of the host's thread. */
static void end(struct task *t, int status)
{
	struct tgroup *g = t->group;
	struct task *me = hosted_current;

	hosted_current = t;
	mutex_lock(&g->lock);
	g->n_live--;
	signal_thread_exits(t);
	t->thread = NULL;
	mutex_unlock(&g->lock);
	group_report(g);
	if (task_unlink(t))
		group_dead(t, status);
	task_put(t);
	hosted_current = me;
}

static long wait4_of(struct task *t, int pid, int *status, int options)
{
	return sys_wait4(t, pid, (uaddr_t)status, options, 0);
}

START_TEST(test_exit)
{
	struct task *t = setup(), *c = child_of(t, false, SIGCHLD);
	int pid = c->tid, status = 0;
	uint32_t count = task_count;

	ck_assert_int_eq(sys_getppid(c), t->tid);
	ck_assert_int_eq(wait4_of(t, -1, &status, WNOHANG), 0);
	ck_assert_int_eq(wait4_of(t, 999, &status, WNOHANG), -ECHILD);
	end(c, 7 << 8);
	ck_assert_ptr_nonnull(pid_lookup(pid));
	ck_assert_int_eq(wait4_of(t, -1, &status, __WCLONE), -ECHILD);
	ck_assert_int_eq(wait4_of(t, pid, &status, 0), pid);
	ck_assert_int_eq(status, 7 << 8);
	ck_assert_ptr_null(pid_lookup(pid));
	ck_assert_int_eq(task_count, count - 1);
	ck_assert_int_eq(wait4_of(t, -1, &status, 0), -ECHILD);
}
END_TEST

START_TEST(test_sigchld)
{
	struct task *t = setup(), *c;
	struct ksigaction *a = &t->group->sighand->action[SIGCHLD - 1];
	struct siginfo128 i;
	int pid, status;

	t->blocked = ~0ULL;
	c = child_of(t, false, SIGCHLD);
	pid = c->tid;
	end(c, SIGKILL);
	ck_assert_int_eq(signal_dequeue(t, 0, &i), SIGCHLD);
	ck_assert_int_eq(i.code, SICODE_KILLED);
	ck_assert_int_eq(siginfo_pid(&i), pid);
	ck_assert_uint_eq(i.fields[1], SIGKILL);
	ck_assert_int_eq(wait4_of(t, -1, &status, 0), pid);
	ck_assert_int_eq(status, SIGKILL);

	/* SA_NOCLDWAIT: no zombie, but a signal. */
	a->handler = 0x401000;
	a->flags = SA_NOCLDWAIT;
	end(child_of(t, false, SIGCHLD), 0);
	ck_assert_int_eq(signal_dequeue(t, 0, &i), SIGCHLD);
	ck_assert_int_eq(wait4_of(t, -1, &status, 0), -ECHILD);
	/* Ignored: neither. */
	a->handler = SIGACT_IGN;
	a->flags = 0;
	end(child_of(t, false, SIGCHLD), 0);
	ck_assert_int_eq(signal_dequeue(t, 0, &i), 0);
	ck_assert_int_eq(wait4_of(t, -1, &status, 0), -ECHILD);
	/* Another signal: __WCLONE, and it does not matter what is ignored. */
	end(child_of(t, false, SIGUSR1), 0);
	ck_assert_int_eq(signal_dequeue(t, 0, &i), SIGUSR1);
	ck_assert_int_eq(wait4_of(t, -1, &status, 0), -ECHILD);
	ck_assert_int_gt(wait4_of(t, -1, &status, __WCLONE), 0);
	end(child_of(t, false, 0), 0);
	ck_assert_int_eq(signal_dequeue(t, 0, &i), 0);
	ck_assert_int_gt(wait4_of(t, -1, &status, __WALL), 0);
}
END_TEST

START_TEST(test_waitid)
{
	struct task *t = setup(), *c = child_of(t, false, SIGCHLD);
	struct siginfo128 i;
	int pid = c->tid;

	memset(&i, 0xff, sizeof(i));
	ck_assert_int_eq(sys_waitid(t, P_ALL, 0, (uaddr_t)&i,
				    WNOHANG | WEXITED, 0), 0);
	ck_assert_int_eq(i.signo, 0);
	ck_assert_int_eq(siginfo_pid(&i), 0);
	end(c, 3 << 8);
	/* A zombie does not stop. */
	ck_assert_int_eq(sys_waitid(t, P_ALL, 0, (uaddr_t)&i, WSTOPPED, 0),
			 -ECHILD);
	for (int n = 0; n < 2; n++) {
		ck_assert_int_eq(sys_waitid(t, P_PGID, 0, (uaddr_t)&i,
					    WEXITED | (n ? 0 : WNOWAIT), 0), 0);
		ck_assert_int_eq(i.signo, SIGCHLD);
		ck_assert_int_eq(i.code, SICODE_EXITED);
		ck_assert_int_eq(siginfo_pid(&i), pid);
		ck_assert_int_eq((int)i.fields[1], 3);
	}
	ck_assert_int_eq(sys_waitid(t, P_PID, pid, 0, WEXITED, 0), -ECHILD);
	ck_assert_int_eq(sys_waitid(t, P_PID, 0, 0, WEXITED, 0), -EINVAL);
	ck_assert_int_eq(sys_waitid(t, P_ALL, 0, 0, WNOHANG, 0), -EINVAL);
}
END_TEST

START_TEST(test_orphan)
{
	struct task *t = setup(), *a = child_of(t, false, SIGCHLD);
	struct task *b = child_of(a, false, SIGUSR1);
	struct task *c = child_of(b, false, SIGCHLD);
	struct task *z = child_of(b, false, SIGCHLD);
	int zpid = z->tid, status;
	struct siginfo128 i;

	c->blocked = ~0ULL;
	c->pdeath_signal = SIGUSR2;
	/* A zombie that nobody waited for goes with its parent. */
	end(z, 0);
	ck_assert_ptr_nonnull(pid_lookup(zpid));
	end(b, 0);
	ck_assert_ptr_null(pid_lookup(zpid));
	ck_assert_int_eq(sys_getppid(c), 1);
	ck_assert_int_eq(signal_dequeue(c, 0, &i), SIGUSR2);
	ck_assert_int_gt(wait4_of(a, -1, &status, __WALL), 0);
	/* A subreaper gets them instead. */
	b = child_of(c, false, SIGCHLD);
	z = child_of(b, false, SIGUSR1);
	c->group->subreaper = true;
	end(b, 0);
	ck_assert_int_eq(sys_getppid(z), c->tid);
	ck_assert_int_eq(z->group->exit_signal, SIGCHLD);
	/* A sibling. */
	b = child_of(z, true, 0);
	ck_assert_int_eq(sys_getppid(b), c->tid);
	ck_assert_int_eq(b->group->exit_signal, SIGCHLD);
}
END_TEST

START_TEST(test_threads)
{
	struct task *t = setup(), *t2 = thread_of(t), *c;
	int status, pid;

	c = child_of(t2, false, SIGCHLD);
	pid = c->tid;
	end(c, 0);
	ck_assert_int_eq(wait4_of(t, -1, &status, __WNOTHREAD), -ECHILD);
	ck_assert_int_eq(wait4_of(t, -1, &status, 0), pid);
	/* What made a child ends, another thread has it. */
	c = child_of(t2, false, SIGCHLD);
	pid = c->tid;
	end(t2, 0);
	end(c, 0);
	ck_assert_int_eq(wait4_of(t, -1, &status, __WNOTHREAD), pid);
}
END_TEST

static void *ender(void *arg)
{
	usleep(20000);
	end(arg, 5 << 8);
	return NULL;
}

START_TEST(test_sleep)
{
	struct task *t = setup(), *c = child_of(t, false, SIGCHLD);
	int status, pid = c->tid;
	pthread_t p;

	pthread_create(&p, NULL, ender, c);
	ck_assert_int_eq(wait4_of(t, -1, &status, 0), pid);
	ck_assert_int_eq(status, 5 << 8);
	pthread_join(p, NULL);
}
END_TEST

static void *parker(void *arg)
{
	hosted_current = arg;
	stop_here(arg);
	group_report(((struct task *)arg)->group);
	return NULL;
}

START_TEST(test_stop)
{
	struct task *t = setup(), *c = child_of(t, false, SIGCHLD);
	struct task *c2 = thread_of(c);
	struct siginfo128 i;
	int status, pid = c->tid;
	pthread_t p[2];

	t->blocked = ~0ULL;
	mutex_lock(&c->group->lock);
	group_stop(c->group, SIGSTOP);
	mutex_unlock(&c->group->lock);
	pthread_create(&p[0], NULL, parker, c);
	usleep(10000);
	ck_assert_int_eq(wait4_of(t, -1, &status, WUNTRACED | WNOHANG), 0);
	pthread_create(&p[1], NULL, parker, c2);
	ck_assert_int_eq(wait4_of(t, -1, &status, WUNTRACED), pid);
	ck_assert_int_eq(status, SIGSTOP << 8 | 0x7f);
	ck_assert_int_eq(wait4_of(t, -1, &status, WUNTRACED | WNOHANG), 0);
	ck_assert_int_eq(signal_dequeue(t, 0, &i), SIGCHLD);
	ck_assert_int_eq(i.code, SICODE_STOPPED);
	siginfo_init(&i, SIGCONT, SICODE_USER);
	signal_send_group(c->group, &i);
	ck_assert_int_eq(wait4_of(t, -1, &status, WCONTINUED), pid);
	ck_assert_int_eq(status, 0xffff);
	for (int n = 0; n < 2; n++)
		pthread_join(p[n], NULL);
	ck_assert_int_eq(signal_dequeue(t, 0, &i), SIGCHLD);
	ck_assert_int_eq(i.code, SICODE_CONTINUED);
}
END_TEST

START_TEST(test_groups)
{
	struct task *t = setup(), *a = child_of(t, false, SIGCHLD);
	struct task *b = child_of(t, false, SIGCHLD);
	struct task *c = child_of(a, false, SIGCHLD);

	ck_assert_int_eq(sys_getpgid(a, 0), t->tid);
	ck_assert_int_eq(sys_setpgid(t, a->tid, 0), 0);
	ck_assert_int_eq(sys_setpgid(t, b->tid, a->tid), 0);
	ck_assert_int_eq(sys_getpgid(b, 0), a->tid);
	ck_assert_int_eq(sys_getpgid(c, 0), t->tid);
	ck_assert_int_eq(sys_setpgid(t, c->tid, 0), -ESRCH);
	ck_assert_int_eq(sys_setpgid(t, a->tid, 4711), -EPERM);
	group_exec(a->group);
	ck_assert_int_eq(sys_setpgid(t, a->tid, 0), -EACCES);
	ck_assert_int_eq(sys_setsid(a), -EPERM);
	ck_assert_int_eq(sys_setsid(c), c->tid);
	ck_assert_int_eq(sys_setpgid(c, 0, 0), -EPERM);
	ck_assert_int_eq(sys_getsid(t, c->tid), c->tid);
	mutex_lock(&pids_lock);
	ck_assert(!pgrp_orphaned(a->tid, NULL));
	ck_assert(pgrp_orphaned(c->tid, NULL));
	/* The first process has the shell outside. */
	ck_assert(!pgrp_orphaned(t->tid, NULL));
	mutex_unlock(&pids_lock);
}
END_TEST

START_TEST(test_orphaned_stop)
{
	struct task *t = setup(), *a = child_of(t, false, SIGCHLD);
	struct siginfo128 i;
	struct task *b;

	sys_setsid(a);
	b = child_of(a, false, SIGCHLD);
	sys_setpgid(b, 0, 0);
	b->blocked = ~0ULL;
	mutex_lock(&pids_lock);
	ck_assert(!pgrp_orphaned(b->tid, NULL));
	mutex_unlock(&pids_lock);
	mutex_lock(&b->group->lock);
	group_stop(b->group, SIGTSTP);
	b->group->n_parked = 1;
	group_stop_check(b->group);
	mutex_unlock(&b->group->lock);
	end(a, 0);
	ck_assert(!b->group->stopped);
	ck_assert_int_eq(signal_dequeue(b, 0, &i), SIGHUP);
	ck_assert_int_eq(signal_dequeue(b, 0, &i), SIGCONT);
}
END_TEST

START_TEST(test_unborn)
{
	struct task *t = setup(), *c = child_of(t, false, SIGCHLD);
	int status, pid = c->tid;

	c->thread = NULL;
	group_unborn(c);
	task_put(c);
	ck_assert_ptr_null(pid_lookup(pid));
	ck_assert_int_eq(wait4_of(t, -1, &status, 0), -ECHILD);
}
END_TEST

static bool host_left(const struct thread *th)
{
	return !th->host_tid;
}

/* Some that the host never lets go of do not keep the others. */
START_TEST(test_dead_slots)
{
	struct dead_list l = { NULL, NULL };
	unsigned int stuck = 0, free = 0;
	struct thread *th;

	memset(threads, 0, sizeof(threads));
	for (unsigned int i = 0; i < ARRAY_SIZE(threads); i++) {
		threads[i].host_tid = i % 3 != 2;
		dead_add(&l, &threads[i]);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(threads); i++)
		for (th = dead_take(&l, host_left, 4); th; th = th->next_dead) {
			ck_assert_int_eq(th->host_tid, 0);
			free++;
		}
	ck_assert_int_eq(free, ARRAY_SIZE(threads) / 3);
	for (th = l.first; th; th = th->next_dead) {
		ck_assert_int_eq(th->host_tid, 1);
		ck_assert(th->next_dead || th == l.last);
		stuck++;
	}
	ck_assert_int_eq(stuck + free, ARRAY_SIZE(threads));
}
END_TEST

UNIT_MAIN("wait", test_exit, test_sigchld, test_waitid, test_orphan,
	  test_threads, test_sleep, test_stop, test_groups,
	  test_orphaned_stop, test_unborn, test_dead_slots)
