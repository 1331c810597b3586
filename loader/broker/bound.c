/* SPDX-License-Identifier: Apache-2.0 */
/* bound.c: the limits of a sandbox that are the broker's: time, memory, size. */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "loader/broker/server.h"

/* Statuses of timeout(1), and of a shell for what SIGKILL ended. */
#define STATUS_TIMEOUT	124
#define STATUS_MEMORY	(128 + SIGKILL)

static struct timespec timespec_ms(int64_t ms)
{
	return (struct timespec){ ms / 1000, ms % 1000 * 1000000 };
}

/*
 * A program that stops has sbx stopped too, for the shell to see.  Time goes
 * on: the host's timer has us continue when it is over.
 */
static int wake_when_stopped(const struct monitor *m)
{
	struct sigevent ev = {
		.sigev_notify = SIGEV_SIGNAL,
		.sigev_signo = SIGCONT,
	};
	struct itimerspec when = {
		.it_value = timespec_ms(m->timeout_ms),
		.it_interval = timespec_ms(m->kill_ms + 1),
	};
	timer_t id;

	if (timer_create(CLOCK_MONOTONIC, &ev, &id) ||
	    timer_settime(id, 0, &when, NULL))
		return -errno;
	return 0;
}

int bound_size(const struct monitor *m, uint64_t now, uint64_t end)
{
	return m->fsize && end > m->fsize && end > now ? -EFBIG : 0;
}

int bound_start(struct monitor *m)
{
	if (!m->timeout_ms)
		return 0;
	m->due_ms = monitor_now_ms() + m->timeout_ms;
	return wake_when_stopped(m);
}

int bound_wait(const struct monitor *m, int wait)
{
	int64_t left;

	if (m->due_ms < 0 || m->ending)
		return wait;
	left = m->due_ms - monitor_now_ms();
	if (left < 0)
		left = 0;
	return wait < 0 || left < wait ? (int)left : wait;
}

void bound_check(struct monitor *m)
{
	if (m->due_ms < 0 || m->ending || monitor_now_ms() < m->due_ms)
		return;
	if (m->end_status || m->late_commit) {
		process_end(m);
		return;
	}
	/* The program was in time; its changes get what --kill-after gives. */
	if (m->exit_known && m->commit)
		m->late_commit = true;
	else
		m->end_status = STATUS_TIMEOUT;
	m->due_ms = monitor_now_ms() + m->kill_ms;
	if (m->late_commit)
		return;
	monitor_forward(m, SIGTERM);
	/* What is stopped takes it only when it goes on. */
	monitor_forward(m, SIGCONT);
}

bool bound_oom(const struct monitor *m)
{
	static const char key[] = "oom_kill ";
	struct pollfd over = { .fd = m->meter_fd, .events = POLLIN };
	char text[512], *at;
	ssize_t n;

	/* The meter kills too, if we are late. */
	if (poll(&over, 1, 0) > 0 && (over.revents & POLLIN))
		return true;
	if (m->oom_fd < 0)
		return false;
	n = pread(m->oom_fd, text, sizeof(text) - 1, 0);
	if (n <= 0)
		return false;
	text[n] = '\0';
	at = strstr(text, key);
	return at && strtoul(at + strlen(key), NULL, 10) > 0;
}

void bound_memory(struct monitor *m)
{
	monitor_fail(m, "the sandbox used more than %llu KiB of memory "
		     "(--memory)", (unsigned long long)m->memory >> 10);
	m->end_status = STATUS_MEMORY;
}

void bound_finish(struct monitor *m)
{
	if (m->meter <= 0)
		return;
	close(m->meter_life);
	/* It gives no SIGCHLD, and is not among those that reap() sees. */
	waitpid(m->meter, NULL, __WCLONE);
	m->meter = 0;
}
