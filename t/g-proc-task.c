/* SPDX-License-Identifier: Apache-2.0 */
/* g-proc-task.c: /proc of other processes and threads; proc(5). */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "t/guest.h"

static char text[1 << 18];

/* The bytes of /proc/@pid/@name in text; -1: errno. */
static ssize_t slurp(pid_t pid, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	return slurp_file(path, text, sizeof(text));
}

/* The @n-th field of stat, from 1. */
static long stat_field(pid_t pid, int n)
{
	char *p;

	if (slurp(pid, "stat") <= 0)
		return -1;
	p = strrchr(text, ')');
	if (!p)
		return -1;
	p += 2;
	for (int i = 3; i < n && p; i++) {
		p = strchr(p, ' ');
		p = p ? p + 1 : NULL;
	}
	if (!p)
		return -1;
	return n == 3 ? *p : strtol(p, NULL, 10);
}

static bool becomes(pid_t pid, int state)
{
	struct timespec ms = { 0, 1000000 };

	for (int i = 0; i < 5000; i++) {
		if (stat_field(pid, 3) == state)
			return true;
		nanosleep(&ms, NULL);
	}
	return false;
}

static bool link_is(pid_t pid, const char *name, const char *want)
{
	char path[128], a[4096] = "";

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	return readlink(path, a, sizeof(a) - 1) > 0 && !strcmp(a, want);
}

static bool lists(const char *dir, const char *name)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	bool found = false;

	while (d && (e = readdir(d)))
		found |= !strcmp(e->d_name, name);
	if (d)
		closedir(d);
	return found;
}

static bool has_line(const char *line)
{
	size_t n = strlen(line);
	char *p = text;

	while ((p = strstr(p, line))) {
		if ((p == text || p[-1] == '\n') &&
		    (p[n] == '\n' || p[n] == '\t'))
			return true;
		p++;
	}
	return false;
}

static pid_t sleeper(void)
{
	pid_t pid = fork();

	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void test_forked(void)
{
	char mine[4096], want[64], path[64];
	ssize_t n = slurp(getpid(), "cmdline");
	pid_t pid;

	memcpy(mine, text, (size_t)n);
	pid = sleeper();
	ok(becomes(pid, 'S'), "a child sleeps");
	is(strtol(text, NULL, 10), pid, "stat tells its number");
	is(stat_field(pid, 4), getpid(), "its parent");
	is(stat_field(pid, 5), getpgrp(), "its process group");
	is(stat_field(pid, 6), getsid(0), "its session");
	is(stat_field(pid, 9) & 0x40, 0x40, "that it has not run a program");
	is(stat_field(pid, 20), 1, "its threads");
	is(stat_field(pid, 38), SIGCHLD, "its exit signal");
	ok(stat_field(pid, 23) > 0, "the size of its memory");
	is(slurp(pid, "cmdline"), n, "its arguments are the parent's");
	ok(!memcmp(text, mine, (size_t)n), "to the byte");
	ok(slurp(pid, "status") > 0, "status");
	snprintf(want, sizeof(want), "PPid:\t%d", getpid());
	ok(has_line(want), "PPid");
	ok(has_line("State:\tS (sleeping)"), "State");
	ok(has_line("Threads:\t1"), "Threads");
	snprintf(want, sizeof(want), "Uid:\t%d\t%d\t%d\t%d", getuid(),
		 geteuid(), geteuid(), geteuid());
	ok(has_line(want), "Uid");
	ok(slurp(pid, "statm") > 0 && atol(text) > 0, "statm");
	snprintf(want, sizeof(want), "%d", pid);
	ok(lists("/proc", want), "/proc lists it");
	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	ok(lists(path, want), "and task its thread");
	is(kill(pid, SIGSTOP), 0, "stop it");
	ok(becomes(pid, 'T'), "it is stopped");
	is(kill(pid, SIGCONT), 0, "let it go on");
	ok(becomes(pid, 'S'), "it sleeps again");
	end(pid);
	is_errno(slurp(pid, "stat"), ENOENT, "gone");
}

/* In the program that test_program() starts. */
static int leaf(void)
{
	close(0);
	if (chdir("/"))
		return 1;
	if (write(1, "x", 1) != 1)
		return 1;
	for (;;)
		pause();
}

static void test_program(const char *argv0)
{
	char arg0[] = "a name", arg1[] = "leaf", arg2[] = "with blanks";
	char env0[] = "FIRST=1", env1[] = "SECOND=two";
	char *argv[] = { arg0, arg1, arg2, NULL };
	char *envp[] = { env0, env1, NULL };
	char real[4096] = "", fd1[64], path[64], c;
	struct stat st;
	int p[2];
	pid_t pid;

	ok(realpath(argv0, real) != NULL, "where this program lies");
	is(pipe(p), 0, "pipe");
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(p[1], 1);
		close(p[0]);
		close(p[1]);
		execve(real, argv, envp);
		_exit(126);
	}
	is(read(p[0], &c, 1), 1, "it runs");
	ok(becomes(pid, 'S'), "and sleeps");
	is(slurp(pid, "cmdline"), 24, "its arguments");
	ok(!memcmp(text, "a name\0leaf\0with blanks", 24), "as they were given");
	is(slurp(pid, "environ"), 19, "its environment");
	ok(!memcmp(text, "FIRST=1\0SECOND=two", 19), "as it was given");
	ok(link_is(pid, "exe", real), "its program");
	ok(link_is(pid, "cwd", "/"), "its directory");
	ok(link_is(pid, "root", "/"), "its root");
	slurp(pid, "comm");
	ok(!strncmp(text, strrchr(real, '/') + 1, 15), "its name");
	ok(slurp(pid, "maps") > 0 && strstr(text, real) &&
	   strstr(text, "[stack]"), "its maps");
	ok(slurp(pid, "smaps_rollup") > 0 && strstr(text, "[rollup]"),
	   "smaps_rollup");
	ok(slurp(pid, "auxv") > 100, "auxv");
	ok(slurp(pid, "limits") > 0 && strstr(text, "Max open files"),
	   "limits");
	fstat(p[1], &st);
	snprintf(fd1, sizeof(fd1), "pipe:[%lu]", (unsigned long)st.st_ino);
	ok(link_is(pid, "fd/1", fd1), "its descriptor is our pipe");
	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	ok(!lists(path, "0"), "the one it closed is not there");
	ok(slurp(pid, "fdinfo/1") > 0 && strstr(text, "flags:\t01\n"), "fdinfo");
	snprintf(path, sizeof(path), "/proc/%d/fd/1", pid);
	c = 'y';
	close(p[1]);
	p[1] = open(path, O_WRONLY);
	ok(p[1] >= 0 && write(p[1], &c, 1) == 1 && read(p[0], &c, 1) == 1 &&
	   c == 'y', "its pipe can be opened");
	ok(stat_field(pid, 9) >= 0 && !(stat_field(pid, 9) & 0x40),
	   "it has run a program");
	end(pid);
	close(p[0]);
	close(p[1]);
}

static void test_zombie(void)
{
	char a[64], path[64], want[64];
	int held, fd;
	pid_t pid = sleeper();

	ok(becomes(pid, 'S'), "a child");
	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	held = open(path, O_RDONLY);
	snprintf(path, sizeof(path), "/proc/%d", pid);
	fd = open(path, O_RDONLY | O_DIRECTORY);
	ok(held >= 0 && fd >= 0, "kept open");
	kill(pid, SIGKILL);
	ok(becomes(pid, 'Z'), "it is a zombie");
	is(slurp(pid, "cmdline"), 0, "without arguments");
	ok(slurp(pid, "status") > 0 && has_line("State:\tZ (zombie)") &&
	   !strstr(text, "VmSize"), "and memory");
	is(slurp(pid, "maps"), 0, "no maps");
	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	is_errno(readlink(path, a, sizeof(a)), ENOENT, "no program");
	snprintf(want, sizeof(want), "%d", pid);
	ok(lists("/proc", want), "/proc lists it still");
	is(stat_field(pid, 20), 1, "one thread");
	ok(read(held, a, 5) == 5 && !memcmp(a, "Name:", 5), "status held open");
	waitpid(pid, NULL, 0);
	is_errno(pread(held, a, 5, 0), ESRCH, "no such process any more");
	ok(openat(fd, "stat", O_RDONLY) < 0, "nothing in its directory");
	ok(!lists("/proc", want), "/proc does not list it");
	close(held);
	close(fd);
}

static pid_t other_tid;
static pthread_barrier_t barrier;

static void *thread(void *arg)
{
	other_tid = (pid_t)syscall(SYS_gettid);
	prctl(PR_SET_NAME, "another");
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	return arg;
}

static void test_threads(void)
{
	char name[64], num[16], buf[32] = "";
	pthread_t t;
	int fd;

	pthread_barrier_init(&barrier, NULL, 2);
	pthread_create(&t, NULL, thread, NULL);
	pthread_barrier_wait(&barrier);
	snprintf(num, sizeof(num), "%d", other_tid);
	ok(lists("/proc/self/task", num), "task lists the thread");
	ok(!lists("/proc", num), "/proc does not");
	snprintf(name, sizeof(name), "task/%d/comm", other_tid);
	ok(slurp(getpid(), name) > 0 && !strcmp(text, "another\n"),
	   "its name");
	snprintf(name, sizeof(name), "/proc/self/task/%d/comm", other_tid);
	fd = open(name, O_WRONLY);
	ok(write(fd, "renamed", 7) == 7, "name it otherwise");
	close(fd);
	ok(!pthread_getname_np(t, buf, sizeof(buf)) && !strcmp(buf, "renamed"),
	   "it has that name");
	snprintf(name, sizeof(name), "task/%d/status", other_tid);
	ok(slurp(getpid(), name) > 0 && has_line("Name:\trenamed") &&
	   has_line("Threads:\t2"), "its status");
	is(stat_field(getpid(), 20), 2, "two threads");
	ok(slurp(other_tid, "status") > 0 && has_line("Name:\trenamed"),
	   "by its number in /proc too");
	pthread_barrier_wait(&barrier);
	pthread_join(t, NULL);
	snprintf(name, sizeof(name), "task/%d/comm", other_tid);
	for (int i = 0; i < 1000 && slurp(getpid(), name) >= 0; i++)
		sched_yield();
	is_errno(slurp(getpid(), name), ENOENT, "gone");
}

static void test_oom(void)
{
	int fd = open("/proc/self/oom_score_adj", O_RDWR);
	pid_t pid;

	ok(fd >= 0 && write(fd, "900\n", 4) == 4, "oom_score_adj");
	is_errno(write(fd, "1001", 4), EINVAL, "beyond its range");
	is_errno(write(fd, "often", 5), EINVAL, "no number");
	pid = sleeper();
	ok(slurp(pid, "oom_score_adj") > 0 && !strcmp(text, "900\n"),
	   "it is inherited");
	end(pid);
	close(fd);
}

static void test_mem(void)
{
	static volatile uint64_t v = 0x1122334455667788;
	int fd = open("/proc/self/mem", O_RDWR);
	uint64_t w = 0;

	ok(fd >= 0, "mem");
	ok(pread(fd, &w, 8, (off_t)(uintptr_t)&v) == 8 && w == v, "read it");
	w = 42;
	ok(pwrite(fd, &w, 8, (off_t)(uintptr_t)&v) == 8 && v == 42,
	   "write it");
	is_errno(pread(fd, &w, 8, 16), EIO, "nothing there");
	close(fd);
}

/* Over its arguments, as setproctitle does. */
static void test_title(char **argv)
{
	size_t n = strlen(argv[0]);
	char old[4096], new[4096];
	ssize_t len;

	memcpy(old, argv[0], n + 1);
	memset(argv[0], 'x', n);
	len = slurp(getpid(), "cmdline");
	memset(new, 'x', n);
	ok(len > (ssize_t)n && !memcmp(text, new, n), "a title of one's own");
	memcpy(argv[0], old, n + 1);
}

static void strange(pid_t pid)
{
	char path[64], a[64];

	is_errno(slurp(pid, "environ"), EACCES, "environ of another user");
	is_errno(slurp(pid, "maps"), EACCES, "maps");
	is_errno(slurp(pid, "auxv"), EACCES, "auxv");
	is_errno(slurp(pid, "mem"), EACCES, "mem");
	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	is_errno(readlink(path, a, sizeof(a)), EACCES, "exe");
	snprintf(path, sizeof(path), "/proc/%d/cwd", pid);
	is_errno(readlink(path, a, sizeof(a)), EACCES, "cwd");
	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	is_errno(open(path, O_RDONLY), EACCES, "fd");
	ok(slurp(pid, "status") > 0, "status is for all");
	ok(slurp(pid, "cmdline") > 0, "so is cmdline");
	ok(stat_field(pid, 3) > 0, "and stat");
	is(stat_field(pid, 48), 0, "without addresses");
}

static void test_user(void)
{
	pid_t pid, parent = getpid();
	int status;

	if (geteuid() || !id_mapped("/proc/self/uid_map", 65534) ||
	    !id_mapped("/proc/self/gid_map", 65534))
		return;
	pid = fork();
	if (!pid) {
		if (setgroups(0, NULL) || setgid(65534) || setuid(65534))
			_exit(1);
		strange(parent);
		_exit(tap_failed ? 2 : tap_n);
	}
	waitpid(pid, &status, 0);
	tap_n = WEXITSTATUS(status);
	ok(WIFEXITED(status) && WEXITSTATUS(status) > 2, "as another user");
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "leaf"))
		return leaf();
	need_own_proc();
	need_ids();
	test_forked();
	test_program(argv[0]);
	test_zombie();
	test_threads();
	test_oom();
	test_mem();
	test_title(argv);
	test_user();
	return done_testing();
}
