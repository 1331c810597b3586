/* SPDX-License-Identifier: Apache-2.0 */
/* meter.c: the process that measures memory and removes the cgroup. */
#include "config.h"

#include "loader/meter.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "emul/abi/hostfd.h"

/*
 * The next look comes before a sandbox could have used up what is left: a
 * host fills less than this in a millisecond.
 */
#define FILL_PER_MS	(4UL << 20)
#define LOOK_MIN_MS	10
#define LOOK_MAX_MS	500

/* For so long the monitor has time to end what uses too much. */
#define MONITOR_MS	1000

/* For how long what the cgroup had may take to be gone, after its end. */
#define REMOVE_TRIES	500

static int children_of(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)pid,
		 (int)pid);
	return open(path, O_RDONLY | O_CLOEXEC);
}

bool meter_can(void)
{
	int fd = children_of(getpid());

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

/* Into kib[] the numbers of "key: number kB" lines; how many are there. */
static int key_kib(long pid, const char *file, const char *const key[],
		   uint64_t kib[], int n)
{
	char path[64], line[256];
	int found = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%ld/%s", pid, file);
	f = fopen(path, "re");
	memset(kib, 0, sizeof(kib[0]) * (size_t)n);
	while (f && found < n && fgets(line, sizeof(line), f))
		for (int i = 0; i < n; i++)
			if (!strncmp(line, key[i], strlen(key[i]))) {
				kib[i] = strtoul(line + strlen(key[i]), NULL,
						 10);
				found++;
			}
	if (f)
		fclose(f);
	return found;
}

/*
 * A process whose first thread has ended has its memory still; who asks that
 * thread is told of none.  Another one of it, or itself.
 */
static long with_memory(long pid)
{
	static const char *const key[] = { "RssAnon:" };
	struct dirent *d;
	uint64_t kib;
	char path[64];
	long tid = pid;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%ld/task", pid);
	dir = opendir(path);
	while (dir && tid == pid && (d = readdir(dir)))
		if (d->d_name[0] != '.' &&
		    key_kib(strtol(d->d_name, NULL, 10), "status", key, &kib, 1))
			tid = strtol(d->d_name, NULL, 10);
	if (dir)
		closedir(dir);
	return tid;
}

/*
 * Bytes of a process that are no file's, in memory or swapped out; shared
 * since a fork: its part.  Tables of pages count, for zeros that are only
 * read take nothing else.
 */
static uint64_t own_bytes(long pid)
{
	static const char *const plain[] = { "RssAnon:", "VmPTE:", "VmSwap:" };
	static const char *const close[] = { "Pss_Anon:" };
	uint64_t kib[3], part;

	if (!key_kib(pid, "status", plain, kib, 3)) {
		pid = with_memory(pid);
		key_kib(pid, "status", plain, kib, 3);
	}
	/* Only root may look so closely at processes that others may not. */
	if (key_kib(pid, "smaps_rollup", close, &part, 1))
		kib[0] = part;
	return (kib[0] + kib[1] + kib[2]) << 10;
}

/*
 * Call fn for each child of the monitor; their list, "12 13 ", comes in pieces
 * that may end within a number.
 */
static uint64_t each_child(int children, uint64_t (*fn)(long pid))
{
	uint64_t sum = 0;
	char text[4096];
	long pid = 0, self = getpid();
	ssize_t n;

	if (lseek(children, 0, SEEK_SET) < 0)
		return 0;
	while ((n = read(children, text, sizeof(text))) > 0)
		for (ssize_t i = 0; i < n; i++)
			if (text[i] >= '0' && text[i] <= '9') {
				pid = 10 * pid + (text[i] - '0');
			} else {
				if (pid && pid != self)
					sum += fn(pid);
				pid = 0;
			}
	return sum;
}

static uint64_t end(long pid)
{
	return pid > 1 && !kill((pid_t)pid, SIGKILL);
}

static uint64_t measure(const struct meter *m, int children)
{
	uint64_t sum = 0;
	struct stat st;

	for (int i = 0; i < METER_FILES; i++)
		if (m->files[i] >= 0 && !fstat(m->files[i], &st))
			sum += (uint64_t)st.st_blocks * 512;
	return sum + each_child(children, own_bytes);
}

static int next_look_ms(const struct meter *m, uint64_t used)
{
	uint64_t ms;

	if (!m->limit)
		return -1;
	ms = (m->limit - used) / FILL_PER_MS;
	return ms < LOOK_MIN_MS ? LOOK_MIN_MS :
		ms > LOOK_MAX_MS ? LOOK_MAX_MS : (int)ms;
}

/*
 * Too much is used.  The monitor may have been stopped, or wait for a slow
 * disk, by what the sandbox did: then its processes, which it alone could reap,
 * are ended from here.
 */
static void over(struct pollfd *life, int tell, pid_t monitor, int children)
{
	if (write(tell, "", 1) < 0)
		return;
	kill(monitor, SIGCONT);
	while (poll(life, 1, MONITOR_MS) <= 0)
		each_child(children, end);
}

/* @life: at its end when the monitor is gone; @tell: to it. */
static void __attribute__((noreturn)) run(const struct meter *m, int life,
					  int tell, pid_t monitor)
{
	struct pollfd p = { .fd = life, .events = POLLIN };
	int children = children_of(monitor);
	uint64_t used = 0;

	while (poll(&p, 1, next_look_ms(m, used)) <= 0) {
		used = measure(m, children);
		if (m->limit && used > m->limit) {
			over(&p, tell, monitor, children);
			break;
		}
	}
	for (int i = 0; i < REMOVE_TRIES && !cgroup_remove(m->cgroup); i++)
		usleep(10000);
	_exit(0);
}

static void close_from_to(unsigned int from, unsigned int to)
{
	if (!syscall(SYS_close_range, from, to, 0))
		return;
	/* A host, or what it runs in, that does not know the call. */
	for (unsigned int fd = from; fd <= to && fd < HOSTFD_END; fd++)
		close((int)fd);
}

/* Of what the monitor holds nothing may be kept open by us. */
static void keep_only(const int *fds, int n)
{
	unsigned int from = 0;

	for (int i = 0; i < n; i++) {
		int next = -1;

		for (int k = 0; k < n; k++)
			if (fds[k] >= (int)from && (next < 0 || fds[k] < next))
				next = fds[k];
		if (next < 0)
			break;
		if (next > (int)from)
			close_from_to(from, (unsigned int)next - 1);
		from = (unsigned int)next + 1;
	}
	close_from_to(from, ~0U);
}

int meter_start(struct meter *m, struct err *e)
{
	int life[2], tell[2], keep[2 + METER_FILES], n = 2;
	pid_t monitor = getpid();

	if (pipe2(life, O_CLOEXEC) || pipe2(tell, O_CLOEXEC | O_NONBLOCK))
		return err_set(e, EXIT_SBX, "meter: %s", strerror(errno));
	/* As fork(), but its end is no SIGCHLD: it is not of the sandbox. */
	m->pid = (pid_t)syscall(SYS_clone, 0, NULL, NULL, NULL, NULL);
	if (m->pid < 0)
		return err_set(e, EXIT_SBX, "meter: %s", strerror(errno));
	if (!m->pid) {
		setsid();
		signal(SIGPIPE, SIG_IGN);
		prctl(PR_SET_NAME, "sbx-meter");
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		keep[0] = life[0];
		keep[1] = tell[1];
		for (int i = 0; i < METER_FILES; i++)
			if (m->files[i] >= 0)
				keep[n++] = m->files[i];
		keep_only(keep, n);
		run(m, life[0], tell[1], monitor);
	}
	close(life[0]);
	close(tell[1]);
	m->life = life[1];
	m->over = tell[0];
	return 0;
}
