/* SPDX-License-Identifier: Apache-2.0 */
/* pty.h: pairs of terminals for guest tests. */
#ifndef SBX_T_PTY_H
#define SBX_T_PTY_H

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A master, which is returned, and its slave; neither blocks. */
static inline int pty_pair(int *slave)
{
	int m = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK);
	char name[64];

	if (m < 0 || unlockpt(m) || ptsname_r(m, name, sizeof(name)))
		return -1;
	*slave = open(name, O_RDWR | O_NOCTTY | O_NONBLOCK);
	return m;
}

/* What is ready. */
static inline int pty_poll(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLPRI | POLLOUT };

	return poll(&p, 1, 0) < 0 ? -1 : p.revents;
}

/*
 * Linux moves bytes from one end to the other in a worker of its own: wait
 * until it has done so.
 */
static inline void pty_settle(int from, int to)
{
	pty_poll(to);
	usleep(4000);
	pty_poll(to);
	pty_poll(from);
}

static inline void pty_put(int fd, const char *p, size_t n)
{
	if (n && write(fd, p, n) != (ssize_t)n) {
		printf("not ok - write to a terminal\n");
		exit(1);
	}
}

/* All that can be read, as a string. */
static inline size_t pty_get(int fd, char *buf, size_t size)
{
	size_t done = 0;
	ssize_t n;

	while (done < size - 1 &&
	       (n = read(fd, buf + done, size - 1 - done)) > 0)
		done += (size_t)n;
	buf[done] = '\0';
	return done;
}

static inline void pty_show(const char *s)
{
	printf("# \"");
	for (; *s; s++)
		printf(*s < ' ' || *s > '~' ? "\\%03o" : "%c",
		       (unsigned char)*s);
	printf("\"\n");
}

#endif
