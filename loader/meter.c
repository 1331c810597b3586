/* SPDX-License-Identifier: Apache-2.0 */
/* meter.c: the process that measures memory and removes the cgroup. */
#include "config.h"

#include "loader/meter.h"

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

/*
 * The next look comes before a sandbox could have used up what is left: a
 * host fills less than this in a millisecond.
 */
#define FILL_PER_MS	(4UL << 20)
#define LOOK_MIN_MS	10
#define LOOK_MAX_MS	500

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

/* The number behind @key in a file of "key: number kB" lines; 0: none. */
static uint64_t key_kib(const char *path, const char *key, bool *there)
{
	FILE *f = fopen(path, "re");
	size_t n = strlen(key);
	uint64_t v = 0;
	char line[256];

	*there = false;
	while (f && !*there && fgets(line, sizeof(line), f))
		if (!strncmp(line, key, n)) {
			v = strtoul(line + n, NULL, 10);
			*there = true;
		}
	if (f)
		fclose(f);
	return v;
}

/* Bytes of a process that are no file's; shared since a fork: its part. */
static uint64_t own_bytes(long pid)
{
	char path[64];
	bool there;
	uint64_t kib;

	/* Only root may look so closely at processes that others may not. */
	snprintf(path, sizeof(path), "/proc/%ld/smaps_rollup", pid);
	kib = key_kib(path, "Pss_Anon:", &there);
	if (!there) {
		snprintf(path, sizeof(path), "/proc/%ld/status", pid);
		kib = key_kib(path, "RssAnon:", &there);
	}
	return kib << 10;
}

static uint64_t measure(const struct meter *m, int children)
{
	uint64_t sum = 0;
	char text[65536], *at = text, *end;
	struct stat st;
	ssize_t n;

	for (int i = 0; i < METER_FILES; i++)
		if (m->files[i] >= 0 && !fstat(m->files[i], &st))
			sum += (uint64_t)st.st_blocks * 512;
	n = pread(children, text, sizeof(text) - 1, 0);
	text[n > 0 ? n : 0] = '\0';
	for (;; at = end) {
		long pid = strtol(at, &end, 10);

		if (end == at)
			break;
		sum += own_bytes(pid);
	}
	return sum;
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

/* @life: at its end when the monitor is gone; @tell: to it. */
static void __attribute__((noreturn)) run(const struct meter *m, int life,
					  int tell, pid_t monitor)
{
	struct pollfd p = { .fd = life, .events = POLLIN };
	int children = children_of(monitor);
	bool told = !m->limit;
	uint64_t used = 0;

	while (poll(&p, 1, told ? -1 : next_look_ms(m, used)) <= 0) {
		used = told ? 0 : measure(m, children);
		if (!told && used > m->limit) {
			told = true;
			if (write(tell, "", 1) < 0)
				break;
		}
	}
	for (int i = 0; i < REMOVE_TRIES && !cgroup_remove(m->cgroup); i++)
		usleep(10000);
	_exit(0);
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
			syscall(SYS_close_range, from, next - 1, 0);
		from = (unsigned int)next + 1;
	}
	syscall(SYS_close_range, from, ~0U, 0);
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
