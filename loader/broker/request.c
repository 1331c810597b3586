/* SPDX-License-Identifier: Apache-2.0 */
/*
 * request.c: the table of requests, and the check that each is well formed.
 *
 * All that the sandbox sends comes through here.  The form (lengths, flags,
 * paths, unused fields) is checked in one place from one table before a
 * handler sees anything; a request with a wrong form is an attack or a bug of
 * the kernel, and ends the sandbox.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "loader/broker/server.h"

/* What a request has and needs. */
#define P1	(1u << 0)	/* bytes 1 are a path under grant */
#define P2	(1u << 1)	/* bytes 2 are a path under grant2 */
#define D1	(1u << 2)	/* bytes 1 are data */
#define D2	(1u << 3)	/* bytes 2 are data */
#define W	(1u << 4)	/* the grants must be writable */
#define FD	(1u << 5)	/* on a descriptor, inherited */
#define SENT	(1u << 6)	/* or sent along */
#define ONLY	(1u << 7)	/* sent along alone */
#define NET	(1u << 8)	/* where there is a network */
#define TWO	(1u << 9)	/* a second one is sent too */

static const struct request {
	int (*fn)(struct call *c);
	unsigned int has;
	uint32_t flags;		/* those that it knows */
	unsigned int args;	/* how many it has */
} requests[BROKER_OP_END] = {
	[BROKER_WALK] = { serve_walk, P1,
		BROKER_WALK_SELF | BROKER_WALK_OPEN, 1 },
	[BROKER_OPEN] = { serve_open, P1, 0, 2 },
	[BROKER_READDIR] = { serve_readdir, P1,
		BROKER_DIR_STAT | BROKER_DIR_XATTR, 2 },
	[BROKER_LIST] = { serve_list, P1 | D2,
		BROKER_DIR_STAT | BROKER_DIR_XATTR | BROKER_DIR_TREE, 1 },
	[BROKER_OPENS] = { serve_opens, P1 | D2, 0, 0 },
	[BROKER_STAT] = { serve_stat, P1, 0, 0 },
	[BROKER_READLINK] = { serve_readlink, P1, 0, 0 },
	[BROKER_STATFS] = { serve_statfs, P1, 0, 0 },

	[BROKER_MKDIR] = { serve_mkdir, P1 | W, 0, 1 },
	[BROKER_MKNOD] = { serve_mknod, P1 | W, 0, 1 },
	[BROKER_SYMLINK] = { serve_symlink, P1 | D2 | W, 0, 0 },
	[BROKER_UNLINK] = { serve_unlink, P1 | W, 0, 0 },
	[BROKER_RMDIR] = { serve_rmdir, P1 | W, 0, 0 },
	[BROKER_RENAME] = { serve_rename, P1 | P2 | W, 0, 1 },
	[BROKER_LINK] = { serve_link, P1 | P2 | W, 0, 0 },
	[BROKER_CHMOD] = { serve_chmod, P1 | W, 0, 1 },
	[BROKER_CHOWN] = { serve_chown, P1 | W, 0, 2 },
	[BROKER_UTIMENS] = { serve_utimens, P1 | W, 0, 4 },
	[BROKER_TRUNCATE] = { serve_truncate, P1 | W, 0, 1 },
	[BROKER_SYNC] = { serve_sync, P1, 0, 1 },

	[BROKER_FD_STAT] = { serve_fd_stat, FD | SENT, BROKER_FD_SENT, 1 },
	[BROKER_FD_STATFS] = { serve_fd_statfs, FD | SENT, BROKER_FD_SENT, 1 },
	[BROKER_FD_TRUNCATE] = { serve_fd_truncate, FD | SENT,
		BROKER_FD_SENT, 2 },
	[BROKER_FD_SYNC] = { serve_fd_sync, FD | SENT, BROKER_FD_SENT, 2 },
	[BROKER_FD_CHMOD] = { serve_fd_chmod, FD | SENT | ONLY,
		BROKER_FD_SENT, 2 },
	[BROKER_FD_CHOWN] = { serve_fd_chown, FD | SENT | ONLY,
		BROKER_FD_SENT, 3 },
	[BROKER_FD_UTIMENS] = { serve_fd_utimens, FD | SENT | ONLY,
		BROKER_FD_SENT, 3 },
	[BROKER_FD_ALLOCATE] = { serve_fd_allocate, FD | SENT | ONLY,
		BROKER_FD_SENT, 4 },
	[BROKER_FD_SEEK] = { serve_fd_seek, FD | SENT | ONLY,
		BROKER_FD_SENT, 3 },
	[BROKER_FD_LINK] = { serve_fd_link, P1 | W | FD | SENT | ONLY,
		BROKER_FD_SENT | BROKER_LINK_OVER, 1 },
	[BROKER_FD_LSEEK] = { serve_fd_lseek, FD, 0, 3 },
	[BROKER_FD_FLAGS] = { serve_fd_flags, FD, 0, 1 },
	[BROKER_FD_TTY] = { serve_fd_tty, FD | D1, 0, 3 },

	[BROKER_KICK] = { serve_kick, 0, 0, 2 },
	[BROKER_STOP] = { serve_stop, 0, 0, 1 },
	[BROKER_EXIT] = { serve_exit, 0, BROKER_EXIT_NOW, 1 },
	[BROKER_LOG] = { serve_log, D1, 0, 0 },
	[BROKER_PANIC] = { serve_panic, D1, 0, 0 },
	[BROKER_CPUTIME] = { serve_cputime, 0, 0, 1 },
	[BROKER_MEMORY] = { serve_memory, 0, 0, 2 },
	[BROKER_AFFINITY] = { serve_affinity, 0, 0, 0 },
	[BROKER_COMMIT] = { serve_commit, D1, 0, 0 },
	[BROKER_SCHED] = { serve_sched, D1, 0, 4 },

	[BROKER_GETXATTR] = { serve_getxattr, P1 | D2, 0, 1 },
	[BROKER_LISTXATTR] = { serve_listxattr, P1, 0, 1 },
	[BROKER_XATTR_STAGE] = { serve_xattr_stage, D1, 0, 1 },
	[BROKER_SETXATTR] = { serve_setxattr, P1 | D2 | W, 0, 2 },
	[BROKER_REMOVEXATTR] = { serve_removexattr, P1 | D2 | W, 0, 0 },

	[BROKER_NET_CONNECT] = { serve_net_connect, D1 | D2 | NET, 0, 1 },
	[BROKER_NET_LISTEN] = { serve_net_listen, D1 | NET, 0, 4 },
	[BROKER_NET_UNLISTEN] = { serve_net_unlisten, NET, 0, 1 },
	[BROKER_NET_ACCEPT] = { serve_net_accept, FD | SENT | NET,
		BROKER_FD_SENT, 2 },
	[BROKER_NET_SETOPT] = { serve_net_setopt, FD | SENT | D1 | NET,
		BROKER_FD_SENT, 1 },
	[BROKER_NET_GETOPT] = { serve_net_getopt, FD | SENT | NET,
		BROKER_FD_SENT, 3 },
	[BROKER_NET_SHUTDOWN] = { serve_net_shutdown, FD | SENT | NET,
		BROKER_FD_SENT, 2 },
	[BROKER_NET_NAMES] = { serve_net_names, FD | SENT | NET,
		BROKER_FD_SENT, 1 },
	[BROKER_NET_RECV] = { serve_net_recv, NET, 0, 1 },
	[BROKER_NET_SEND] = { serve_net_send, D1 | D2 | NET, 0, 1 },
	[BROKER_NET_EPOLL] = { serve_net_epoll, NET, 0, 0 },
	[BROKER_NET_WATCH] = { serve_net_watch,
		FD | SENT | ONLY | NET | TWO, BROKER_FD_SENT, 2 },
	[BROKER_NET_RECVFROM] = { serve_net_recvfrom, FD | NET, 0, 1 },
	[BROKER_NET_SENDTO] = { serve_net_sendto, FD | D1 | D2 | NET, 0, 1 },

	[BROKER_WATCH] = { serve_watch, P1, BROKER_WATCH_FD, 0 },
	[BROKER_UNWATCH] = { serve_unwatch, 0, 0, 1 },
	[BROKER_FD_LOCK] = { serve_fd_lock, FD | SENT | ONLY,
		BROKER_FD_SENT, 4 },
	[BROKER_FD_SETXATTR] = { serve_fd_setxattr, D1 | FD | SENT | ONLY,
		BROKER_FD_SENT, 2 },
};

/* Relative, clean, without "." and "..", without NUL; or empty. */
bool path_ok(const char *s, size_t n)
{
	size_t start = 0;

	if (!n)
		return true;
	if (memchr(s, '\0', n))
		return false;
	for (size_t i = 0; i <= n; i++) {
		if (i < n && s[i] != '/')
			continue;
		if (i == start)
			return false;
		if (s[start] == '.' &&
		    (i - start == 1 || (i - start == 2 && s[start + 1] == '.')))
			return false;
		start = i + 1;
	}
	return true;
}

static const char *parse_path(struct call *c, unsigned int nr, const char *s,
			      size_t n, struct grant **g)
{
	struct monitor *m = c->m;

	if (nr >= m->grant_count)
		return "grant out of range";
	if (!path_ok(s, n))
		return "malformed path";
	*g = &m->grants[nr];
	return NULL;
}

static const char *parse_fd(struct call *c, const struct request *r, int fd)
{
	c->sent = (c->req.flags & BROKER_FD_SENT) != 0;
	if (c->sent != (fd >= 0))
		return "descriptor and flag disagree";
	if (c->sent) {
		if (c->req.arg[0])
			return "both a descriptor and an index";
		c->fd = fd;
		return NULL;
	}
	if (r->has & ONLY)
		return "no descriptor";
	if (c->req.arg[0] >= INHERITED_MAX)
		return "index out of range";
	c->fd = c->m->inherited[c->req.arg[0]];
	return NULL;
}

const char *request_parse(struct call *c, const void *packet, size_t n,
			  int fd)
{
	const char *data = (const char *)packet + sizeof(c->req);
	const struct broker_req *q = &c->req;
	const struct request *r;
	const char *bad;

	c->g1 = c->g2 = NULL;
	c->fd = c->fd2 = c->fd_out = -1;
	c->n_fds_out = 0;
	c->sent = false;
	if (n < sizeof(c->req))
		return "short request";
	memcpy(&c->req, packet, sizeof(c->req));
	if (q->version != BROKER_VERSION)
		return "wrong version";
	if (q->op >= BROKER_OP_END || !requests[q->op].fn)
		return "unknown request";
	r = &requests[q->op];
	if (q->len1 > BROKER_PATH_MAX || q->len2 > BROKER_PATH_MAX ||
	    n != sizeof(c->req) + q->len1 + q->len2)
		return "wrong length";
	if (q->flags & ~r->flags || q->zero)
		return "unknown flags";
	for (unsigned int i = r->args; i < 4; i++)
		if (q->arg[i])
			return "unused argument";
	if ((!(r->has & (P1 | D1)) && q->len1) ||
	    (!(r->has & (P2 | D2)) && q->len2))
		return "unused bytes";
	if ((!(r->has & P1) && q->grant) || (!(r->has & P2) && q->grant2))
		return "unused grant";
	if (fd >= 0 && !(r->has & SENT))
		return "unwanted descriptor";

	memcpy(c->s1, data, q->len1);
	c->s1[q->len1] = '\0';
	memcpy(c->s2, data + q->len1, q->len2);
	c->s2[q->len2] = '\0';
	if (r->has & P1) {
		bad = parse_path(c, q->grant, c->s1, q->len1, &c->g1);
		if (bad)
			return bad;
	}
	if (r->has & P2) {
		bad = parse_path(c, q->grant2, c->s2, q->len2, &c->g2);
		if (bad)
			return bad;
	}
	if (r->has & FD)
		return parse_fd(c, r, fd);
	return NULL;
}

const char *request_second(struct call *c, int fd)
{
	bool two = requests[c->req.op].has & TWO;

	c->fd2 = fd;
	return two == (fd >= 0) ? NULL : "a second descriptor, or none";
}

const char *request_serve(struct call *c)
{
	const struct request *r = &requests[c->req.op];
	int ret;

	memset(&c->rep, 0, sizeof(c->rep));
	c->rep.version = BROKER_VERSION;
	c->rep.op = c->req.op;
	c->rep.seq = c->req.seq;
	if ((r->has & W) && ((c->g1 && !grant_writable(c->m, c->g1)) ||
			     (c->g2 && !grant_writable(c->m, c->g2))))
		ret = -EROFS;
	else if ((r->has & NET) && !c->m->net)
		ret = -EACCES;
	else if ((r->has & FD) && c->fd < 0)
		ret = -EBADF;
	else
		ret = r->fn(c);
	if (ret == BROKEN)
		return "impossible argument";
	c->rep.err = ret;
	if (c->fd_out >= 0 || c->n_fds_out)
		c->rep.flags |= BROKER_REP_FD;
	return NULL;
}

void request_close(struct call *c)
{
	if (c->fd_out >= 0)
		close(c->fd_out);
	for (unsigned int i = 0; i < c->n_fds_out; i++)
		close(c->fds_out[i]);
}
