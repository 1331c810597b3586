/* SPDX-License-Identifier: Apache-2.0 */
/* g-epoll-many.c: a hundred thousand watches of epoll. */
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include "guest.h"

#define FDS	500
#define EPOLLS	200

static int fd[FDS], ep[EPOLLS];

static void make(void)
{
	for (int i = 0; i < FDS; i++)
		fd[i] = eventfd(0, EFD_NONBLOCK);
	for (int i = 0; i < EPOLLS; i++)
		ep[i] = epoll_create1(0);
	if (fd[FDS - 1] < 0 || ep[EPOLLS - 1] < 0)
		skip_all("there may be too few descriptors");
}

static int watch_all(void)
{
	int n = 0;

	for (int e = 0; e < EPOLLS; e++) {
		for (int i = 0; i < FDS; i++) {
			struct epoll_event ev = { .events = EPOLLIN };

			ev.data.fd = i;
			if (!epoll_ctl(ep[e], EPOLL_CTL_ADD, fd[i], &ev))
				n++;
			else if (errno == ENOSPC && getenv("SBX_TEST_NATIVE"))
				skip_all("fs.epoll.max_user_watches is low");
		}
	}
	return n;
}

/* How many of them see that @i alone is ready. */
static int who_sees(int i)
{
	struct epoll_event out[4];
	int n = 0;

	for (int e = 0; e < EPOLLS; e++)
		if (epoll_wait(ep[e], out, 4, 0) == 1 && out[0].data.fd == i)
			n++;
	return n;
}

int main(void)
{
	int good = 0, quiet = 0;
	uint64_t v = 1;

	make();
	is(watch_all(), FDS * EPOLLS, "all are added");
	is(who_sees(0), 0, "nothing is ready");
	for (int k = 0; k < 50; k++) {
		int i = k * 7919 % FDS;

		if (write(fd[i], &v, sizeof(v)) == sizeof(v))
			good += who_sees(i);
		if (read(fd[i], &v, sizeof(v)) == sizeof(v))
			quiet += !who_sees(i);
	}
	is(good, 50 * EPOLLS, "each sees what becomes ready");
	is(quiet, 50, "and no more when it is read");
	for (int i = 0; i < FDS; i++)
		close(fd[i]);
	is(who_sees(0), 0, "what is closed is watched no more");
	return done_testing();
}
