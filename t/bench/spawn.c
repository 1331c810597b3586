/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spawn.c: how long commands take, one after the other, again and again.
 *
 * usage: spawn ROUNDS PROGRAM ARG... [, PROGRAM ARG...]...
 *
 * A comma of its own parts the commands.  They are run in turn, so that what
 * the machine does meanwhile hits all alike.  Prints the median wall time of
 * each in microseconds, a line each.
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#define COMMANDS_MAX	8
#define ROUNDS_MAX	1000

extern char **environ;
static double took[COMMANDS_MAX][ROUNDS_MAX];

static double now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

static int compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

int main(int argc, char **argv)
{
	char **commands[COMMANDS_MAX];
	int n = 0, rounds = argc > 2 ? (int)strtol(argv[1], NULL, 10) : 0;
	posix_spawn_file_actions_t fa;

	if (rounds < 1 || rounds > ROUNDS_MAX) {
		fprintf(stderr, "usage: spawn ROUNDS COMMAND [, COMMAND]...\n");
		return 2;
	}
	commands[n++] = argv + 2;
	for (int i = 2; i < argc; i++) {
		if (strcmp(argv[i], ",") != 0)
			continue;
		argv[i] = NULL;
		if (n < COMMANDS_MAX)
			commands[n++] = argv + i + 1;
	}
	for (int c = 0; c < n; c++) {
		if (!commands[c][0]) {
			fprintf(stderr, "spawn: an empty command\n");
			return 2;
		}
	}
	posix_spawn_file_actions_init(&fa);
	posix_spawn_file_actions_addopen(&fa, 1, "/dev/null", O_WRONLY, 0);
	for (int r = 0; r < rounds; r++) {
		for (int c = 0; c < n; c++) {
			double start = now_us();
			int status;
			pid_t pid;

			if (posix_spawnp(&pid, commands[c][0], &fa, NULL,
					 commands[c], environ) != 0 ||
			    waitpid(pid, &status, 0) != pid || status != 0) {
				fprintf(stderr, "spawn: %s failed\n",
					commands[c][0]);
				return 1;
			}
			took[c][r] = now_us() - start;
		}
	}
	for (int c = 0; c < n; c++) {
		qsort(took[c], (size_t)rounds, sizeof(took[c][0]), compare);
		printf("%.1f\n", took[c][rounds / 2]);
	}
	return 0;
}
