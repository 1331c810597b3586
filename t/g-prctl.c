/* SPDX-License-Identifier: Apache-2.0 */
/* g-prctl.c: prctl(2), personality(2), unshare(2), and what is refused. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/prctl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "t/guest.h"

/* Exit status of a child that runs @fn. */
static int child(int (*fn)(void))
{
	pid_t pid = fork();
	int st;

	if (!pid)
		_exit(fn());
	if (waitpid(pid, &st, 0) != pid)
		return -1;
	return WIFEXITED(st) ? WEXITSTATUS(st) : 128 + WTERMSIG(st);
}

static int words(void)
{
	int v = 0;
	char name[16];

	if (prctl(PR_SET_NAME, "a-very-long-name-indeed", 0, 0, 0) ||
	    prctl(PR_GET_NAME, name, 0, 0, 0) ||
	    strcmp(name, "a-very-long-nam"))
		return 1;
	if (prctl(PR_SET_PDEATHSIG, SIGUSR2, 0, 0, 0) ||
	    prctl(PR_GET_PDEATHSIG, &v, 0, 0, 0) || v != SIGUSR2)
		return 2;
	if (prctl(PR_SET_PDEATHSIG, 65, 0, 0, 0) != -1 || errno != EINVAL)
		return 3;
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) ||
	    prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0 ||
	    prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) ||
	    prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 1)
		return 4;
	if (prctl(PR_SET_DUMPABLE, 7, 0, 0, 0) != -1 || errno != EINVAL)
		return 5;
	if (prctl(PR_SET_TIMERSLACK, 12345, 0, 0, 0) ||
	    prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0) != 12345)
		return 6;
	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) ||
	    prctl(PR_GET_CHILD_SUBREAPER, &v, 0, 0, 0) || v != 1)
		return 7;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0) != -1)
		return 8;
	if (prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0) ||
	    prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0) != 1)
		return 9;
	if (prctl(PR_GET_TSC, &v, 0, 0, 0) || v != PR_TSC_ENABLE)
		return 10;
	if (prctl(PR_GET_TIMING, 0, 0, 0, 0) != PR_TIMING_STATISTICAL)
		return 11;
	if (prctl(PR_TASK_PERF_EVENTS_DISABLE, 0, 0, 0, 0) ||
	    prctl(PR_TASK_PERF_EVENTS_ENABLE, 0, 0, 0, 0))
		return 12;
	return 0;
}

static int memory_errors(void)
{
	if (prctl(PR_MCE_KILL_GET, 0, 0, 0, 0) != PR_MCE_KILL_DEFAULT)
		return 1;
	if (prctl(PR_MCE_KILL, PR_MCE_KILL_SET, PR_MCE_KILL_EARLY, 0, 0) ||
	    prctl(PR_MCE_KILL_GET, 0, 0, 0, 0) != PR_MCE_KILL_EARLY)
		return 2;
	if (prctl(PR_MCE_KILL, PR_MCE_KILL_SET, PR_MCE_KILL_LATE, 0, 0) ||
	    prctl(PR_MCE_KILL_GET, 0, 0, 0, 0) != PR_MCE_KILL_LATE)
		return 3;
	if (prctl(PR_MCE_KILL, PR_MCE_KILL_SET, 3, 0, 0) != -1 ||
	    prctl(PR_MCE_KILL, PR_MCE_KILL_CLEAR, 1, 0, 0) != -1)
		return 4;
	if (prctl(PR_MCE_KILL, PR_MCE_KILL_CLEAR, 0, 0, 0) ||
	    prctl(PR_MCE_KILL_GET, 0, 0, 0, 0) != PR_MCE_KILL_DEFAULT)
		return 5;
	return prctl(PR_MCE_KILL_GET, 1, 0, 0, 0) != -1;
}

/* As a user who may nothing; if the host lets us become that. */
static int nobody(void)
{
	int v;

	if (!getuid() && (setgid(65534) || setuid(65534)))
		return 0;
	if (prctl(PR_SET_MM, PR_SET_MM_BRK, 4096, 0, 0) != -1 ||
	    errno != EPERM)
		return 1;
	if (prctl(PR_SET_MM, PR_SET_MM_BRK, 4096, 0, 1) != -1 ||
	    errno != EINVAL)
		return 2;
	if (prctl(PR_SET_SECUREBITS, 1, 0, 0, 0) != -1 || errno != EPERM)
		return 3;
	if (prctl(PR_CAPBSET_DROP, 0, 0, 0, 0) != -1 || errno != EPERM)
		return 4;
	if (prctl(PR_CAPBSET_READ, 99, 0, 0, 0) != -1 || errno != EINVAL)
		return 5;
	v = prctl(PR_CAPBSET_READ, 0, 0, 0, 0);
	if (v != 0 && v != 1)
		return 6;
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, 0, 0, 0) != -1 ||
	    errno != EPERM)
		return 7;
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, 0, 0, 0) != 0)
		return 8;
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) ||
	    prctl(PR_GET_KEEPCAPS, 0, 0, 0, 0) != 1 ||
	    prctl(PR_SET_KEEPCAPS, 2, 0, 0, 0) != -1)
		return 9;
	return 0;
}

static int is_release_26(void)
{
	struct utsname u;

	/* Container hosts let few personalities through, but these. */
	if (host_lacks(SYS_personality))
		return 0;
	if (personality(0) == -1 || personality(0xffffffff) != 0)
		return 1;
	if (personality(UNAME26) == -1)
		return errno != EPERM;
	if (personality(0xffffffff) != UNAME26 || uname(&u))
		return 2;
	if (strncmp(u.release, "2.6.", 4) != 0)
		return 3;
	if (personality(0) != UNAME26 || uname(&u) ||
	    !strncmp(u.release, "2.6.", 4))
		return 4;
	return 0;
}

static int is_i686(void)
{
	struct utsname u;

	if (personality(PER_LINUX32) == -1)
		return errno != EPERM;
	/* A host without 32-bit programs shows nothing of it. */
	if (uname(&u) || (strcmp(u.machine, "i686") != 0 &&
			  strcmp(u.machine, "x86_64") != 0))
		return 1;
	return personality(0) != PER_LINUX32;
}

/*
 * What the sandbox refuses, in what way.  A native run may be allowed more, so
 * this is asked only inside, where the release says so.
 */
static int inside;

/* A container may forbid unshare altogether. */
static int forbidden(void)
{
	return !inside && unshare(0) == -1 && errno == EPERM;
}

static int unshare_files(void)
{
	pid_t pid;
	int st;

	if (forbidden())
		return 0;
	pid = (pid_t)syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);
	if (!pid) {
		if (unshare(CLONE_FILES))
			_exit(2);
		close(2);
		_exit(0);
	}
	waitpid(pid, &st, 0);
	if (st || fcntl(2, F_GETFD) < 0)
		return 1;
	pid = (pid_t)syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);
	if (!pid) {
		close(2);
		_exit(0);
	}
	waitpid(pid, &st, 0);
	return fcntl(2, F_GETFD) >= 0;
}

static int unshare_fs(void)
{
	char before[256], after[256];
	pid_t pid;
	int st;

	if (forbidden())
		return 0;
	if (!getcwd(before, sizeof(before)))
		return 1;
	umask(022);
	pid = (pid_t)syscall(SYS_clone, CLONE_FS | SIGCHLD, 0, 0, 0, 0);
	if (!pid) {
		if (unshare(CLONE_FS))
			_exit(2);
		umask(077);
		_exit(chdir("/"));
	}
	waitpid(pid, &st, 0);
	if (st || !getcwd(after, sizeof(after)) || strcmp(before, after) != 0 ||
	    umask(022) != 022)
		return 2;
	pid = (pid_t)syscall(SYS_clone, CLONE_FS | SIGCHLD, 0, 0, 0, 0);
	if (!pid) {
		umask(077);
		_exit(chdir("/"));
	}
	waitpid(pid, &st, 0);
	if (st || !getcwd(after, sizeof(after)) || strcmp(after, "/") != 0)
		return 3;
	return umask(022) != 077;
}

static void *sleeper(void *arg)
{
	pause();
	return arg;
}

static int with_threads(void)
{
	pthread_t t;

	if (forbidden())
		return 0;
	if (unshare(CLONE_THREAD) || unshare(CLONE_SIGHAND | CLONE_VM))
		return 1;
	pthread_create(&t, NULL, sleeper, NULL);
	if (unshare(CLONE_THREAD) != -1 || errno != EINVAL)
		return 2;
	if (unshare(CLONE_SIGHAND) != -1 || errno != EINVAL)
		return 3;
	if (unshare(CLONE_VM) != -1 || errno != EINVAL)
		return 4;
	return unshare(CLONE_FILES | CLONE_FS | CLONE_SYSVSEM);
}

static void refused(long ret, int err, const char *name)
{
	ok(!inside || (ret == -1 && errno == err), name);
	if (inside && (ret != -1 || errno != err))
		printf("# returned %ld, errno %d\n", ret, errno);
}

static void test_refused(void)
{
	static const struct {
		unsigned long flag;
		const char *name;
	} ns[] = {
		{ CLONE_NEWNS, "mount" }, { CLONE_NEWUTS, "uts" },
		{ CLONE_NEWIPC, "ipc" }, { CLONE_NEWUSER, "user" },
		{ CLONE_NEWPID, "pid" }, { CLONE_NEWNET, "net" },
		{ CLONE_NEWCGROUP, "cgroup" }, { 0x80, "time" },
	};
	char name[64], attr[128] = { 0 };

	for (unsigned int i = 0; i < sizeof(ns) / sizeof(ns[0]); i++) {
		snprintf(name, sizeof(name), "unshare of the %s namespace",
			 ns[i].name);
		refused(inside ? unshare((int)ns[i].flag) : 0, EPERM, name);
		if (ns[i].flag == 0x80)
			continue;	/* part of clone's signal */
		snprintf(name, sizeof(name), "clone with a new %s namespace",
			 ns[i].name);
		refused(inside ? syscall(SYS_clone, ns[i].flag | SIGCHLD, 0,
					 0, 0, 0) : 0, EPERM, name);
	}
	refused(inside ? syscall(SYS_setns, 0, 0) : 0, EPERM, "setns");
	ok(unshare(1) == -1 && (errno == EINVAL || forbidden()),
	   "unshare of nothing that is known");
	refused(inside ? syscall(SYS_keyctl, 0, 0, 0, 0, 0) : 0, ENOSYS,
		"keyctl");
	refused(inside ? syscall(SYS_add_key, "user", "x", "y", 1, 0) : 0,
		ENOSYS, "add_key");
	refused(inside ? syscall(SYS_request_key, "user", "x", 0, 0) : 0,
		ENOSYS, "request_key");
	attr[4] = 112;		/* its size */
	refused(inside ? syscall(SYS_perf_event_open, attr, 0, -1, -1, 0) : 0,
		EACCES, "perf_event_open");
	refused(inside ? syscall(SYS_bpf, 0, attr, sizeof(attr)) : 0, EPERM,
		"bpf");
	refused(inside ? syscall(SYS_userfaultfd, 0) : 0, EPERM,
		"userfaultfd");
}

int main(void)
{
	struct utsname u;

	uname(&u);
	inside = strstr(u.release, "-sbx") != NULL;
	is(child(words), 0, "words that are kept and told");
	is(child(memory_errors), 0, "PR_MCE_KILL");
	is(child(nobody), 0, "what needs capabilities");
	is_errno(prctl(99999, 0, 0, 0, 0), EINVAL, "unknown option");
	is(child(is_release_26), 0, "UNAME26");
	is(child(is_i686), 0, "PER_LINUX32");
	is(child(unshare_files), 0, "unshare of descriptors");
	is(child(unshare_fs), 0, "unshare of directories and mask");
	is(child(with_threads), 0, "unshare with threads");
	test_refused();
	return done_testing();
}
