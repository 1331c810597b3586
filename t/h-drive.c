/* SPDX-License-Identifier: Apache-2.0 */
/*
 * h-drive.c: run attacks in the sandbox and see how they end.
 *
 *	h-drive [-t SECONDS] [-s SIGNAL[,SIGNAL...]] [-w MS] [-u] [-v]
 *		[-r LOW..HIGH] WANTED COMMAND...
 *
 * Runs COMMAND (sbx and a hostile guest), once or, with -r, for each number of
 * a range, put in place of an argument that is `@`; -u leaves the vetted calls
 * out, -v tells of each run.  It is good when COMMAND ends in time with one of the statuses of
 * WANTED ("125", "0,125,128-191", "any"; death by a signal is 128 + its
 * number) and leaves no process behind: the driver is a subreaper, so what
 * outlives sbx becomes its child.
 *
 * -s sends signals to sbx, MS milliseconds after the start and from each
 * other; -w is MS.
 *
 * Whatever was not good is told on standard output; exit status 1 then.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define VETTED_ROW(nr, name, args, when, why, safe, allow) nr,
static const int vetted[] = {
#include "vetted-rows.h"
};

static int timeout_ms = 10000;
static int signals[8];
static unsigned int signal_count;
static int signal_gap_ms = 200;
static const char *wanted;
static bool show;
static int bad;

static long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static bool is_wanted(int status)
{
	const char *s = wanted;

	if (!strcmp(s, "any"))
		return true;
	while (*s) {
		char *end;
		long low = strtol(s, &end, 10), high = low;

		if (*end == '-')
			high = strtol(end + 1, &end, 10);
		if (status >= low && status <= high)
			return true;
		s = *end == ',' ? end + 1 : end;
		if (end == s && *s)
			break;
	}
	return false;
}

/* Wait for pid until a time.  Its status, or -1. */
static int wait_until(pid_t pid, long end)
{
	for (;;) {
		int status;
		pid_t got = waitpid(pid, &status, WNOHANG);

		if (got == pid)
			return WIFEXITED(status) ? WEXITSTATUS(status) :
			       128 + WTERMSIG(status);
		if (got < 0 || now_ms() > end)
			return -1;
		usleep(500);
	}
}

/* Children of ours that still run: tell of them, and end them. */
static void end_children(void)
{
	char name[64], line[64];
	FILE *f;
	int pid;

	snprintf(name, sizeof(name), "/proc/self/task/%d/children", getpid());
	f = fopen(name, "re");
	while (f && fscanf(f, "%d", &pid) == 1) {
		FILE *w;

		snprintf(name, sizeof(name), "/proc/%d/wchan", pid);
		w = fopen(name, "re");
		if (!w || !fgets(line, sizeof(line), w))
			line[0] = '\0';
		if (w)
			fclose(w);
		printf("# process %d is left: %s\n", pid, line);
		kill(pid, SIGKILL);
	}
	if (f)
		fclose(f);
	while (waitpid(-1, NULL, 0) > 0)
		;
}

/* What is left of a sandbox once sbx has ended; it may need a moment. */
static bool survivors(void)
{
	long end = now_ms() + 10000;

	for (;;) {
		pid_t got = waitpid(-1, NULL, WNOHANG);

		if (got < 0)
			return false;
		if (got)
			continue;
		if (now_ms() > end)
			break;
		usleep(500);
	}
	end_children();
	return true;
}

static int run(char **argv)
{
	long start = now_ms();
	pid_t pid = fork();
	int status = -1;

	if (!pid) {
		/* As a shell's background job it would be deaf to these. */
		signal(SIGINT, SIG_DFL);
		signal(SIGQUIT, SIG_DFL);
		execvp(argv[0], argv);
		_exit(97);
	}
	for (unsigned int i = 0; i < signal_count && status < 0; i++) {
		status = wait_until(pid, now_ms() + signal_gap_ms);
		if (status < 0)
			kill(pid, signals[i]);
	}
	if (status < 0)
		/* sbx gives a kernel ten seconds to take a signal. */
		status = wait_until(pid, signal_count ? now_ms() + 13000 :
				    start + timeout_ms);
	if (status < 0) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	if (show)
		printf("# status %d after %ld ms\n", status, now_ms() - start);
	return status;
}

static void attack(char **argv, const char *what)
{
	int status = run(argv);
	bool left = survivors();

	if (status < 0)
		printf("# %s: hangs\n", what);
	else if (!is_wanted(status))
		printf("# %s: exit status %d, not %s\n", what, status, wanted);
	else if (!left)
		return;
	if (left)
		printf("# %s: leaves processes behind\n", what);
	fflush(stdout);
	bad++;
}

static bool is_vetted(long nr)
{
	for (size_t i = 0; i < sizeof(vetted) / sizeof(vetted[0]); i++)
		if (vetted[i] == nr)
			return true;
	return false;
}

static void attack_range(char **argv, long low, long high, bool skip_vetted)
{
	char text[24];
	char **copy;
	int n = 0;

	while (argv[n])
		n++;
	copy = calloc((size_t)n + 1, sizeof(*copy));
	if (!copy)
		exit(2);
	for (long nr = low; nr <= high && bad < 10; nr++) {
		if (skip_vetted && is_vetted(nr))
			continue;
		snprintf(text, sizeof(text), "%ld", nr);
		for (int i = 0; i <= n; i++)
			copy[i] = argv[i] && !strcmp(argv[i], "@") ? text :
				  argv[i];
		attack(copy, text);
	}
	free(copy);
}

static void add_signals(char *list)
{
	for (char *s = strtok(list, ","); s; s = strtok(NULL, ","))
		if (signal_count < sizeof(signals) / sizeof(signals[0]))
			signals[signal_count++] = atoi(s);
}

int main(int argc, char **argv)
{
	long low = 0, high = -1;
	bool range = false, unlisted = false;
	int c;

	while ((c = getopt(argc, argv, "+t:s:w:uvr:")) > 0) {
		if (c == 't')
			timeout_ms = (int)(atof(optarg) * 1000);
		else if (c == 's')
			add_signals(optarg);
		else if (c == 'w')
			signal_gap_ms = atoi(optarg);
		else if (c == 'u')
			unlisted = true;
		else if (c == 'v')
			show = true;
		else if (c == 'r' && sscanf(optarg, "%ld..%ld", &low, &high)
			 == 2)
			range = true;
		else
			return 2;
	}
	if (argc - optind < 2)
		return 2;
	wanted = argv[optind];
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	if (range)
		attack_range(argv + optind + 1, low, high, unlisted);
	else
		attack(argv + optind + 1, "attack");
	return bad != 0;
}
