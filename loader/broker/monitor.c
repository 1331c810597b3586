/* SPDX-License-Identifier: Apache-2.0 */
/* monitor.c: the loop: requests, deaths, signals. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "emul/abi/region.h"
#include "emul/abi/regs.h"
#include "emul/abi/spin.h"
#include "loader/broker/channel.h"
#include "loader/broker/net.h"
#include "loader/broker/server.h"

/* epoll data, behind those of the channels. */
#define SIGNAL_TAG	HOSTFD_CHANNELS
#define CHILD_TAG	(HOSTFD_CHANNELS + 1)
#define FIRST_TAG	(HOSTFD_CHANNELS + 2)
#define METER_TAG	(HOSTFD_CHANNELS + 3)
#define N_TAGS		(HOSTFD_CHANNELS + 4)

/* In which the kernel has to take a signal; after which a second one ends. */
#define SIGNAL_TAKEN_MS	10000
#define SIGNAL_AGAIN_MS	500

/* Taken by the monitor and handed to the sandbox's kernel. */
static const int forwarded[] = {
	SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM,
	SIGWINCH, SIGPWR, SIGTSTP, SIGCONT,
};

/*
 * Once a process has died more may: for so long they are let lie and then
 * reaped together.  A shell that runs a thousand commands does not have to
 * share its CPU with a monitor that is woken a thousand times.
 */
#define REAP_MS 3

/* Threads of a killed process that may have been in vfork. */
#define CARRIERS_MAX	16U

#define NR_PIDFD_OPEN	434	/* not in every libc's headers */

/* Idle for so long, what only the start took is given back. */
#define SETTLE_MS	100

/* For so long what is said at the end may wait for a reader. */
#define LAST_WORD_MS	2000

/* A pipe that is ready takes this much without waiting. */
#define PIECE	4096U

/*
 * To standard error, waiting for who reads it, as any program would; but a
 * signal for the monitor, the word of the meter, the end of the program and
 * what is due come first, or a guest that writes much to a pipe nobody reads
 * could make sbx deaf.
 */
static void write_text(const struct monitor *m, const char *text, size_t n)
{
	struct pollfd p[4] = {
		{ .fd = STDERR_FILENO, .events = POLLOUT },
		{ .fd = m->signal_fd, .events = POLLIN },
		{ .fd = m->meter_fd, .events = POLLIN },
		{ .fd = m->ending ? -1 : m->first_fd, .events = POLLIN },
	};
	int wait = m->ending ? LAST_WORD_MS :
		bound_wait(m, m->unheard ? SIGNAL_AGAIN_MS : -1);
	ssize_t w;

	for (; n; text += w, n -= (size_t)w) {
		if (poll(p, 4, wait) < 0 || !p[0].revents)
			return;
		w = write(STDERR_FILENO, text, n < PIECE ? n : PIECE);
		if (w < 0)
			return;		/* nobody is there to be told */
	}
}

void monitor_say(const struct monitor *m, const char *prefix,
		 const char *text, size_t n)
{
	char line[BROKER_PATH_MAX + 64];
	size_t len = 0;

	while (*prefix)
		line[len++] = *prefix++;
	while (n && text[n - 1] == '\n')
		n--;
	for (size_t i = 0; i < n && len < sizeof(line) - 1; i++) {
		unsigned char ch = (unsigned char)text[i];
		bool plain = (ch >= ' ' && ch < 0x7f) || ch == '\n' ||
			     ch == '\t';

		line[len++] = plain ? text[i] : '?';
	}
	line[len++] = '\n';
	write_text(m, line, len);
}

void monitor_fail(struct monitor *m, const char *fmt, ...)
{
	va_list ap;

	if (!m->reason[0]) {
		va_start(ap, fmt);
		vsnprintf(m->reason, sizeof(m->reason), fmt, ap);
		va_end(ap);
	}
	process_end(m);
}

int64_t monitor_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/*
 * Deaths.
 */

/* The entry of @pid, as an offset in the memfd; -1: the kernel has none. */
static off_t find_entry(struct monitor *m, pid_t pid, struct hostproc *entry)
{
	struct hostproc p[HOSTPROC_PROBE];
	off_t off = m->hostproc_off +
		(off_t)sizeof(p[0]) * ((uint32_t)pid % HOSTPROC_N);

	if (m->meta_fd < 0 || pread(m->meta_fd, p, sizeof(p), off) !=
	    (ssize_t)sizeof(p))
		return -1;
	for (size_t i = 0; i < HOSTPROC_PROBE; i++) {
		if (p[i].pid != (uint32_t)pid || p[i].end)
			continue;
		*entry = p[i];
		return off + (off_t)(i * sizeof(p[0]));
	}
	return -1;
}

static void note_end(struct monitor *m, off_t entry, uint32_t end)
{
	off_t off = entry + (off_t)offsetof(struct hostproc, end);

	if (entry >= 0 && pwrite(m->meta_fd, &end, sizeof(end), off) < 0)
		monitor_fail(m, "cannot note an end: %s", strerror(errno));
}

static bool read_slot(struct monitor *m, uint32_t n, struct thread *th)
{
	return pread(m->slots_fd, th, sizeof(*th), (off_t)(n * SLOT_SIZE)) ==
		(ssize_t)sizeof(*th);
}

/* Did a thread of the slots' first @n carry one at @at?  emul/task/vfork.c */
static bool carried(struct monitor *m, uint32_t n, const struct thread *th,
		    uint64_t at)
{
	struct thread o;

	for (uint32_t i = 0; i < n && read_slot(m, i, &o); i++)
		if (o.proc == th->proc && (uint64_t)o.carrier == at && o.task)
			return true;
	return false;
}

/*
 * Was every thread of the dead process in guest code or asleep, with no lock
 * of the kernel's?  What is read here is the sandbox's word: it decides only
 * how the sandbox goes on or ends.
 */
static bool was_idle(struct monitor *m, off_t entry)
{
	uint64_t proc = META_BASE + (uint64_t)entry;
	unsigned int n_carriers = 0;
	struct hostsig now;
	struct thread th;

	if (pread(m->meta_fd, &now, sizeof(now), m->hostsig_off) !=
	    (ssize_t)sizeof(now) || now.slots > SLOTS_SIZE / SLOT_SIZE)
		return false;
	for (uint32_t i = 0; i < now.slots; i++) {
		if (!read_slot(m, i, &th))
			return false;
		if ((uint64_t)th.proc != proc)
			continue;
		if (th.n_locks)
			return false;
		if (!th.task || !th.inside || th.waiting)
			continue;
		/* Each is looked for among all: few, or somebody plays. */
		if (++n_carriers > CARRIERS_MAX ||
		    !carried(m, now.slots, &th, SLOTS_BASE + i * SLOT_SIZE))
			return false;
	}
	return true;
}

static void tell(struct monitor *m, const uint32_t *word);
static int kick_kernel(struct monitor *m);

/* The host killed a guest process, which the sandbox may survive (rule R9). */
static bool survive(struct monitor *m, pid_t pid)
{
	struct hostproc p;
	off_t entry = find_entry(m, pid, &p);

	if (entry < 0 || p.kinit || pid == m->child || !was_idle(m, entry))
		return false;
	note_end(m, entry, HOSTPROC_KILLED);
	m->hostsig.killed++;
	tell(m, &m->hostsig.killed);
	m->hostsig.seq++;
	tell(m, &m->hostsig.seq);
	if (kick_kernel(m))
		return false;
	if (!m->unheard) {
		m->unheard = SIGKILL;
		m->unheard_ms = monitor_now_ms();
	}
	return true;
}

static void child_died(struct monitor *m, pid_t pid, int status)
{
	struct hostproc p;

	if (WIFSIGNALED(status)) {
		int sig = WTERMSIG(status);

		/* Guests die of signals inside: this was the host's doing. */
		if (m->ending || (m->exit_known && (!m->commit || m->committed)))
			return;
		if (sig == SIGKILL && bound_oom(m)) {
			bound_memory(m);
			return;
		}
		if (sig == SIGKILL && survive(m, pid))
			return;
		monitor_fail(m, "a process of the sandbox was killed by the "
			     "host (%s)", sig == SIGSYS ?
			     "it made a forbidden host call" : strsignal(sig));
		return;
	}
	note_end(m, find_entry(m, pid, &p), HOSTPROC_EXITED);
	if (pid == m->child) {
		/* What the program leaves running ends with it. */
		if (!m->exit_known)
			m->status = status;
		m->exit_known = true;
		process_end(m);
	}
}

/* Reap what has died; false when no child is left. */
static bool reap(struct monitor *m)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		child_died(m, pid, status);
	return pid == 0 || errno != ECHILD;
}

/* One event of the descriptor, and no more until it is armed again. */
static int watch_once(const struct monitor *m, int op, int fd, uint32_t tag)
{
	struct epoll_event ev = {
		.events = EPOLLIN | EPOLLONESHOT, .data.u32 = tag,
	};

	return epoll_ctl(m->epoll_fd, op, fd, &ev);
}

/*
 * Processes have died, or it is time to look; false when no child is left.
 * The first process is watched by itself, so that its end, the sandbox's, is
 * known at once.
 */
static bool take_deaths(struct monitor *m)
{
	struct signalfd_siginfo si;
	bool any = read(m->child_fd, &si, sizeof(si)) > 0;
	bool alive = !any || reap(m);

	m->reap_ms = any && !m->ending && m->first_fd >= 0 ?
		     monitor_now_ms() + REAP_MS : 0;
	/* What came since the read is an event then. */
	if (!m->reap_ms && watch_once(m, EPOLL_CTL_MOD, m->child_fd,
				      CHILD_TAG) < 0)
		monitor_fail(m, "epoll_ctl: %s", strerror(errno));
	return alive;
}

/*
 * Signals.
 */

/* Which thread the kernel wants kicked: its word, not to be believed. */
static int kick_kernel(struct monitor *m)
{
	struct hostsig now;

	if (m->meta_fd < 0 ||
	    pread(m->meta_fd, &now, sizeof(now), m->hostsig_off) !=
	    (ssize_t)sizeof(now))
		return -ESRCH;
	return process_kick((int)now.tgid, (int)now.tid);
}

static void tell(struct monitor *m, const uint32_t *word)
{
	off_t off = (const char *)word - (const char *)&m->hostsig;

	if (pwrite(m->meta_fd, word, sizeof(*word), m->hostsig_off + off) < 0)
		monitor_fail(m, "cannot pass a signal on: %s",
			     strerror(errno));
}

/* As the default would have it. */
static void end_by(struct monitor *m, int sig)
{
	if (!m->exit_known) {
		m->exit_known = true;
		m->status = sig;
	}
	process_end(m);
}

/* For how long has the kernel not taken a signal?  -1: it has. */
static int64_t unheard_for(struct monitor *m)
{
	off_t off = m->hostsig_off + (off_t)offsetof(struct hostsig, taken);
	uint32_t taken;

	if (!m->unheard)
		return -1;
	if (pread(m->meta_fd, &taken, sizeof(taken), off) !=
	    (ssize_t)sizeof(taken) || taken != m->hostsig.seq)
		return monitor_now_ms() - m->unheard_ms;
	m->unheard = 0;
	return -1;
}

/*
 * A program may live on after a signal, but the kernel must take it: one that
 * is wrecked, or runs in a circle, is not to be asked twice.
 */
static void expect_taken(struct monitor *m, int sig)
{
	if (sig != SIGHUP && sig != SIGINT && sig != SIGQUIT && sig != SIGTERM)
		return;
	if (unheard_for(m) > SIGNAL_AGAIN_MS) {
		end_by(m, sig);
	} else if (!m->unheard) {
		m->unheard = sig;
		m->unheard_ms = monitor_now_ms();
	}
}

static void stop(struct monitor *m);

/* @typed: by the terminal, for whoever is in front of it. */
static void forward(struct monitor *m, int sig, bool typed)
{
	uint32_t *count = typed ? &m->hostsig.keys[sig] :
		&m->hostsig.count[sig];

	expect_taken(m, sig);
	if (m->ending)
		return;
	if (m->meta_fd >= 0) {
		++*count;
		tell(m, count);
		m->hostsig.seq++;
		tell(m, &m->hostsig.seq);
		if (!kick_kernel(m))
			return;
	}
	/* No kernel to ask yet, or any more: what the default would be. */
	if (sig == SIGWINCH || sig == SIGCONT || m->exit_known)
		return;
	if (sig == SIGTSTP) {
		stop(m);
		return;
	}
	end_by(m, sig);
}

void monitor_forward(struct monitor *m, int sig)
{
	forward(m, sig, false);
}

/* Milliseconds that may be waited; ends the sandbox when they are over. */
static int patience(struct monitor *m)
{
	int64_t past = m->ending ? -1 : unheard_for(m);

	if (past < 0)
		return -1;
	if (past < SIGNAL_TAKEN_MS)
		return (int)(SIGNAL_TAKEN_MS - past);
	if (m->unheard == SIGKILL)
		monitor_fail(m, "the sandbox's kernel does not answer");
	else
		end_by(m, m->unheard);
	return -1;
}

/* The sandbox is a session of its own and would go on by itself. */
static void stop(struct monitor *m)
{
	if (m->child <= 1 || m->ending)
		return;
	syscall(SYS_kill, -(long)m->child, SIGSTOP);
	syscall(SYS_kill, (long)getpid(), SIGSTOP);
	syscall(SYS_kill, -(long)m->child, SIGCONT);
}

/*
 * The first program has stopped.  Nothing comes after the stop if nobody could
 * continue sbx, for then the host has ignored the signal.
 */
static void stop_as_told(struct monitor *m)
{
	int sig = m->stop_sig;
	sigset_t set, got;

	m->stop_sig = 0;
	if (m->ending || m->exit_known)
		return;
	syscall(SYS_kill, (long)getpid(), (long)sig);
	sigemptyset(&set);
	sigaddset(&set, sig);
	if (sig != SIGSTOP && !sigprocmask(SIG_UNBLOCK, &set, &got))
		sigprocmask(SIG_SETMASK, &got, NULL);
	if (!sigpending(&got) && !sigismember(&got, SIGCONT))
		forward(m, SIGCONT, false);
}

static void take_signals(struct monitor *m)
{
	struct signalfd_siginfo si;

	while (read(m->signal_fd, &si, sizeof(si)) == (ssize_t)sizeof(si))
		forward(m, (int)si.ssi_signo, si.ssi_code == SI_KERNEL);
}

/* As under nohup(1): not for the program either. */
static bool ignored(int sig)
{
	struct sigaction sa;

	return !sigaction(sig, NULL, &sa) && sa.sa_handler == SIG_IGN;
}

int monitor_start(struct monitor *m, pid_t child)
{
	struct epoll_event ev = { .events = EPOLLIN };
	sigset_t set, chld;

	m->child = child;
	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(forwarded) / sizeof(forwarded[0]); i++)
		if (!ignored(forwarded[i]))
			sigaddset(&set, forwarded[i]);
	m->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	m->child_fd = signalfd(-1, &chld, SFD_CLOEXEC | SFD_NONBLOCK);
	if (m->signal_fd < 0 || m->child_fd < 0)
		return -errno;
	/* Since Linux 5.3; before, each death is looked at as it comes. */
	m->first_fd = (int)syscall(NR_PIDFD_OPEN, child, 0);
	sigaddset(&set, SIGCHLD);
	/* Writing to a terminal's settings from the background: as asked. */
	sigaddset(&set, SIGTTOU);
	sigaddset(&set, SIGPIPE);
	if (sigprocmask(SIG_BLOCK, &set, &m->old_mask) < 0)
		return -errno;
	m->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (m->epoll_fd < 0)
		return -errno;
	for (uint32_t i = 0; i <= SIGNAL_TAG; i++) {
		int fd = i == SIGNAL_TAG ? m->signal_fd : m->channel[i];

		ev.data.u32 = i;
		if (fd >= 0 && epoll_ctl(m->epoll_fd, EPOLL_CTL_ADD, fd,
					 &ev) < 0)
			return -errno;
	}
	if (watch_once(m, EPOLL_CTL_ADD, m->child_fd, CHILD_TAG) < 0)
		return -errno;
	if (m->first_fd >= 0 &&
	    watch_once(m, EPOLL_CTL_ADD, m->first_fd, FIRST_TAG) < 0)
		return -errno;
	if (m->meter_fd >= 0 &&
	    watch_once(m, EPOLL_CTL_ADD, m->meter_fd, METER_TAG) < 0)
		return -errno;
	return bound_start(m);
}

/*
 * The sandbox's processes share their descriptors: where the host tells that
 * one channel has no other end (@hup), the last of them is on its way out, and
 * to be woken for each of the others would take the CPU from it.
 */
static void close_channels(struct monitor *m, uint32_t which, bool hup)
{
	for (uint32_t i = 0; i < HOSTFD_CHANNELS; i++) {
		if ((i != which && !hup) || m->channel[i] < 0)
			continue;
		close(m->channel[i]);
		m->channel[i] = -1;
	}
	m->asked = false;
}

static void serve_channel(struct monitor *m, uint32_t i, bool hup)
{
	const char *why;
	bool closed;

	if (i >= HOSTFD_CHANNELS || m->channel[i] < 0)
		return;
	if (m->ending) {	/* or it would be ready until all are dead */
		close(m->channel[i]);
		m->channel[i] = -1;
		return;
	}
	m->asked = true;
	why = channel_serve(m, m->channel[i], &closed);
	if (why)
		monitor_fail(m, "the sandbox broke the broker's contract: %s",
			     why);
	if (closed)
		close_channels(m, i, hup);
}

/* Said once; the descriptor would stay ready. */
static void over_memory(struct monitor *m)
{
	char word;

	if (read(m->meter_fd, &word, 1) == 1 && !m->exit_known)
		bound_memory(m);
	close(m->meter_fd);
	m->meter_fd = -1;
}

static int finish(struct monitor *m)
{
	if (m->commit && !m->status && !m->committed && !m->reason[0])
		monitor_fail(m, "--commit: the sandbox ended before all was "
			     "written back");
	bound_finish(m);
	sigprocmask(SIG_SETMASK, &m->old_mask, NULL);
	if (m->reason[0])
		monitor_say(m, "sbx: ", m->reason, strlen(m->reason));
	if (m->end_status)
		return m->end_status << 8;
	return m->reason[0] ? 125 << 8 : m->status;
}

/* How long the loop may sleep, milliseconds; -1: for ever. */
static int sleep_for(struct monitor *m, bool settled)
{
	int wait = bound_wait(m, patience(m)), to_reap;

	if (!settled && (wait < 0 || wait > SETTLE_MS))
		wait = SETTLE_MS;
	if (!m->reap_ms)
		return wait;
	to_reap = m->ending ? 0 : (int)(m->reap_ms - monitor_now_ms());
	if (to_reap < 0)
		return 0;
	return wait < 0 || wait > to_reap ? to_reap : wait;
}

/* Signals and deaths first: when all are dead no channel matters. */
static bool take_events(struct monitor *m, const struct epoll_event *ev, int n)
{
	bool alive = true;

	for (int i = 0; i < n; i++)
		if (ev[i].data.u32 == SIGNAL_TAG)
			take_signals(m);
		else if (ev[i].data.u32 == FIRST_TAG)
			alive = reap(m) && alive;
	for (int i = 0; i < n; i++)
		if (ev[i].data.u32 == CHILD_TAG)
			alive = take_deaths(m) && alive;
	if (m->reap_ms && (m->ending || monitor_now_ms() >= m->reap_ms))
		alive = take_deaths(m) && alive;
	for (int i = 0; i < n && alive; i++)
		if (ev[i].data.u32 == METER_TAG)
			over_memory(m);
		else if (ev[i].data.u32 < HOSTFD_CHANNELS)
			serve_channel(m, ev[i].data.u32,
				      ev[i].events & EPOLLHUP);
		else if (ev[i].data.u32 >= NET_TAG && !m->ending)
			resolver_event(m, ev[i].data.u32, ev[i].events);
	return alive;
}

/*
 * Who has just been answered often asks again: after a request look for the
 * next before sleeping, while that pays.
 */
static int next_events(struct monitor *m, struct epoll_event *ev, int wait_ms)
{
	static struct spin spin;
	int looks = m->asked ? spin_looks(&spin) : 0, n = 0;

	m->asked = false;
	for (int i = 0; i < looks && !n; i++)
		n = epoll_wait(m->epoll_fd, ev, N_TAGS, 0);
	if (looks)
		spin_ended(&spin, n != 0);
	return n ? n : epoll_wait(m->epoll_fd, ev, N_TAGS, wait_ms);
}

int monitor_run(struct monitor *m)
{
	struct epoll_event ev[N_TAGS];
	bool alive = reap(m), settled = false;

	while (alive) {
		bool idle = !m->reap_ms;
		int n = next_events(m, ev, sleep_for(m, settled));

		if (n < 0 && errno != EINTR) {
			monitor_fail(m, "epoll_wait: %s", strerror(errno));
			alive = reap(m);
		}
		if (!n && idle && !settled) {
			monitor_settle();
			settled = true;
		}
		alive = take_events(m, ev, n) && alive;
		bound_check(m);
		if (m->stop_sig)
			stop_as_told(m);
	}
	return finish(m);
}

/*
 * The life line.  PR_SET_PDEATHSIG does not reach the children that
 * CLONE_PARENT makes; a signal to the process group does.  SIGIO is sent when
 * the last write end goes, as the read end becomes ready then.
 */
int lifeline_arm(int fd)
{
	struct pollfd p = { .fd = fd };

	if (fcntl(fd, F_SETSIG, SIGKILL) < 0 ||
	    fcntl(fd, F_SETOWN, -getpgrp()) < 0 ||
	    fcntl(fd, F_SETFL, O_ASYNC | O_NONBLOCK) < 0)
		return -errno;
	/* It may have gone before there was anything to be signalled. */
	return poll(&p, 1, 0) > 0 ? -EPIPE : 0;
}
