/* SPDX-License-Identifier: Apache-2.0 */
/* memory.c: what the host says of the memory of the sandbox's processes. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "loader/broker/server.h"

/* The number behind @key at the start of a line of /proc/PID/status. */
static bool number_of(const char *text, const char *key, uint64_t *out)
{
	const char *s = strstr(text, key);
	char *end;

	if (!s)
		return false;
	s += strlen(key);
	*out = strtoull(s, &end, 10);
	return end != s;
}

/* The text of /proc/PID/task/TID/status, with a NUL; 0 or -errno. */
static int read_status(const struct monitor *m, int tgid, int tid, char *buf,
		       size_t cap)
{
	char path[60];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "../../%d/task/%d/status", tgid, tid);
	fd = openat(m->proc_fd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -EOPNOTSUPP;
	n = read(fd, buf, cap - 1);
	close(fd);
	if (n <= 0)
		return -EOPNOTSUPP;
	buf[n] = '\0';
	return 0;
}

int serve_memory(struct call *c)
{
	struct broker_memory out;
	uint64_t parent;
	char text[4096];

	if (c->req.arg[0] > INT_MAX || c->req.arg[1] > INT_MAX)
		return -ESRCH;
	if (!process_is_ours((int)c->req.arg[0]))
		return -ESRCH;
	if (c->m->proc_fd < 0)
		return -EOPNOTSUPP;
	if (read_status(c->m, (int)c->req.arg[0], (int)c->req.arg[1], text,
			sizeof(text)) < 0)
		return -EOPNOTSUPP;
	/* A /proc of other numbers than ours shows somebody else there. */
	if (!number_of(text, "\nPPid:", &parent) ||
	    parent != (uint64_t)getpid())
		return -EOPNOTSUPP;
	/* A thread that has ended tells of none. */
	if (!number_of(text, "\nRssAnon:", &out.anon_kib) ||
	    !number_of(text, "\nRssFile:", &out.file_kib) ||
	    !number_of(text, "\nRssShmem:", &out.shmem_kib) ||
	    !number_of(text, "\nVmHWM:", &out.peak_kib))
		return -EOPNOTSUPP;
	memcpy(c->body, &out, sizeof(out));
	c->rep.len = sizeof(out);
	return 0;
}
