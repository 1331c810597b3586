/* SPDX-License-Identifier: Apache-2.0 */
/*
 * g-file-threads.c: threads that make, move, look up and remove the same
 * names, write one file and share descriptors.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include "t/guest.h"

#define THREADS	4
#define ROUNDS	4000

static int appended, bad;

static unsigned int next(unsigned int *seed)
{
	*seed = *seed * 1103515245u + 12345u;
	return *seed >> 16;
}

static void *names(void *arg)
{
	unsigned int seed = (unsigned int)(size_t)arg;
	char a[64], b[64], buf[32];
	struct stat st;
	int fd;

	for (int i = 0; i < ROUNDS; i++) {
		snprintf(a, sizeof(a), "d%u/s%u/f%u", next(&seed) % 2,
			 next(&seed) % 2, next(&seed) % 4);
		snprintf(b, sizeof(b), "d%u/s%u/f%u", next(&seed) % 2,
			 next(&seed) % 2, next(&seed) % 4);
		switch (next(&seed) % 8) {
		case 0:
			fd = open(a, O_RDWR | O_CREAT, 0600);
			if (fd >= 0) {
				if (write(fd, "content", 7) != 7)
					bad++;
				close(fd);
			} else if (errno != ENOENT) {
				bad++;
			}
			break;
		case 1:
			if (unlink(a) && errno != ENOENT)
				bad++;
			break;
		case 2:
			if (rename(a, b) && errno != ENOENT)
				bad++;
			break;
		case 3:
			if (!stat(a, &st) && !S_ISREG(st.st_mode))
				bad++;
			break;
		case 4:
			fd = open(a, O_RDONLY);
			if (fd < 0)
				break;
			if (read(fd, buf, sizeof(buf)) > 7)
				bad++;
			close(fd);
			break;
		case 5:
			if (link(a, b) && errno != ENOENT && errno != EEXIST)
				bad++;
			break;
		case 6:
			/* Directories change places under the others' feet. */
			if (rename("d0/s0", "d1/s2") && errno != ENOENT &&
			    errno != EEXIST && errno != ENOTEMPTY)
				bad++;
			if (rename("d1/s2", "d0/s0") && errno != ENOENT &&
			    errno != EEXIST && errno != ENOTEMPTY)
				bad++;
			break;
		case 7: {
			DIR *d = opendir("d0/s1");

			if (!d)
				break;
			while (readdir(d))
				;
			closedir(d);
			break;
		}
		}
	}
	return NULL;
}

static int log_fd;

static void *append(void *arg)
{
	char line[16];

	(void)arg;
	for (int i = 0; i < ROUNDS; i++) {
		int n = snprintf(line, sizeof(line), "%05d %05d\n", i, i);

		if (write(log_fd, line, (size_t)n) == n)
			__atomic_fetch_add(&appended, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

static void *descriptors(void *arg)
{
	(void)arg;
	for (int i = 0; i < ROUNDS; i++) {
		int fd = dup(log_fd), fd2;

		if (fd < 0) {
			bad++;
			continue;
		}
		fd2 = dup2(fd, 40 + i % 10);
		if (fd2 >= 0 && fcntl(fd2, F_GETFL) < 0 && errno != EBADF)
			bad++;
		if (lseek(fd, 0, SEEK_CUR) < 0 && errno != EBADF)
			bad++;
		close(fd);
	}
	return NULL;
}

static void all(void *(*fn)(void *))
{
	pthread_t t[THREADS];

	for (size_t i = 0; i < THREADS; i++)
		pthread_create(&t[i], NULL, fn, (void *)(i * 77 + 1));
	for (size_t i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
}

static int check_log(void)
{
	char line[12];
	int a, b, lines = 0;

	lseek(log_fd, 0, SEEK_SET);
	while (read(log_fd, line, 12) == 12) {
		if (sscanf(line, "%5d %5d", &a, &b) != 2 || a != b ||
		    line[11] != '\n')
			return -1;
		lines++;
	}
	return lines;
}

int main(void)
{
	for (int i = 0; i < 4; i++) {
		char name[16];

		snprintf(name, sizeof(name), "d%d", i / 2);
		mkdir(name, 0755);
		snprintf(name, sizeof(name), "d%d/s%d", i / 2, i % 2);
		mkdir(name, 0755);
	}
	all(names);
	is(bad, 0, "names: only the errors that may come");

	log_fd = open("log", O_RDWR | O_CREAT, 0600);
	all(append);
	is(appended, THREADS * ROUNDS, "all lines written");
	is(check_log(), THREADS * ROUNDS, "one position, no line torn");
	close(log_fd);

	appended = 0;
	log_fd = open("log2", O_RDWR | O_CREAT | O_APPEND, 0600);
	all(append);
	is(check_log(), THREADS * ROUNDS, "appended lines are whole");

	all(descriptors);
	is(bad, 0, "descriptors: only the errors that may come");
	return done_testing();
}
