/* SPDX-License-Identifier: Apache-2.0 */
/*
 * outward.c: what lies outside of the sandbox.
 *
 * Here it is decided which addresses are the sandbox's own; all others are
 * for the broker to grant or refuse, which asks nobody here.
 */
#include "emul/net/outward.h"

#include <linux/errno.h>

#include "emul/abi/boot.h"
#include "emul/entry/trace.h"
#include "emul/host/broker.h"
#include "emul/host/host.h"
#include "emul/lib/alloc.h"
#include "emul/lib/live.h"
#include "emul/lib/print.h"
#include "emul/lib/string.h"
#include "emul/net/far.h"

#define PROTO_TCP	1u
#define PROTO_UDP	2u
#define LEG_TRIES	2	/* the oldest may go just now */

static struct {
	uint32_t mode;
	bool names;
	uint32_t n;
	struct boot_net *row;
} policy __arena;

void outward_boot(const struct boot *b)
{
	policy.mode = b->net_mode;
	policy.names = b->net_names;
	feed_limit(b->rlimits[7][1]);
	if (!b->n_net)
		return;
	policy.row = kmalloc(b->n_net * sizeof(*policy.row));
	if (!policy.row)
		return;
	memcpy(policy.row, boot_str(b, b->net), b->n_net * sizeof(*policy.row));
	policy.n = b->n_net;
}

static uint32_t proto_of(const struct inet_sock *k)
{
	return inet_is_tcp(k) ? PROTO_TCP : PROTO_UDP;
}

static bool same_prefix(const uint8_t *a, const uint8_t *b, uint32_t bits)
{
	for (; bits >= 8; bits -= 8)
		if (*a++ != *b++)
			return false;
	return !bits || !((*a ^ *b) >> (8 - bits));
}

static bool has_row(uint32_t kind, const struct inet_sock *k,
		    const struct inet_addr *a)
{
	for (uint32_t i = 0; i < policy.n; i++) {
		const struct boot_net *r = &policy.row[i];

		if (r->kind == kind && (r->proto & proto_of(k)) &&
		    a->port >= r->low && a->port <= r->high &&
		    (kind == BOOT_NET_IN ||
		     same_prefix(r->ip, a->ip.b, r->prefix)))
			return true;
	}
	return false;
}

static bool is_resolver(const struct inet_addr *a)
{
	return policy.names && addr_is_v4(a) && a->ip.b[12] == 127 &&
		!a->ip.b[13] && !a->ip.b[14] &&
		a->ip.b[15] == (BROKER_RESOLVER_IP & 0xff) &&
		a->port == BROKER_RESOLVER_PORT;
}

/* Does somebody in here answer at @a? */
static bool is_near(const struct inet_sock *k, const struct inet_addr *a)
{
	struct inet_addr to = *a;
	bool near;

	addr_to(&to);
	mutex_lock(&inet_lock);
	near = port_find(k->so.type, &to, &k->local) != NULL;
	mutex_unlock(&inet_lock);
	return near;
}

static void addr_text(const struct inet_addr *a, char *buf, size_t size)
{
	const uint8_t *b = a->ip.b;
	int n = 0;

	if (addr_is_v4(a)) {
		ksnprintf(buf, size, "%u.%u.%u.%u:%u", b[12], b[13], b[14],
			  b[15], a->port);
		return;
	}
	n = ksnprintf(buf, size, "[");
	for (int i = 0; i < 16; i += 2)
		n += ksnprintf(buf + n, size - (size_t)n, "%s%x",
			       i ? ":" : "", b[i] << 8 | b[i + 1]);
	ksnprintf(buf + n, size - (size_t)n, "]:%u", a->port);
}

static int refuse(const struct inet_sock *k, const struct inet_addr *a,
		  int err)
{
	char text[64];

	addr_text(a, text, sizeof(text));
	trace_note("not granted: --allow-net %s://%s would allow it",
		   inet_is_tcp(k) ? "tcp" : "udp", text);
	return err;
}

/*
 * A socket of the host's that is, or is about to be, connected to @a: the
 * descriptor, or -errno.
 */
static int reach(struct inet_sock *k, const struct inet_addr *a,
		 struct broker_names *names)
{
	struct broker_req req = {
		.op = BROKER_NET_CONNECT,
		.arg = { (uint64_t)k->so.type },
		.len1 = sizeof(struct broker_addr),
	};
	struct broker_addr to = { .scope = a->scope, .port = a->port };
	struct broker_rep rep;
	char row[512];
	int err, fd = -1;

	memcpy(to.ip, a->ip.b, sizeof(to.ip));
	req.len2 = (uint16_t)far_options(k, row, sizeof(row), false);
	err = broker_call2(&req, &to, row, -1, &rep, names, sizeof(*names),
			   &fd);
	if (err == -EACCES)
		return refuse(k, a, err);
	if (!err && fd < 0)
		return -ENFILE;
	return err ? err : fd;
}

/* Is @a for the broker to decide on? 1, 0: our own, -errno: nobody's. */
static int is_outside(const struct inet_sock *k, const struct inet_addr *a)
{
	if (is_resolver(a))
		return 1;
	switch (addr_class(a)) {
	case INET_ANY:
		return 0;
	case INET_LOOPBACK:
		if (has_row(BOOT_NET_OUT, k, a))
			return 1;
		/* The host's too; so is who has sent to a published port. */
		return (policy.mode == BOOT_NET_HOST || feed_number(k) >= 0) &&
			!is_near(k, a);
	default:
		break;
	}
	if (k->so.device)
		return -ENETUNREACH;
	return policy.mode == BOOT_NET_NONE ? refuse(k, a, -ENETUNREACH) : 1;
}

int outward_turn(struct inet_sock *k, enum outward_how how,
		 const struct inet_addr *a)
{
	struct broker_names names;
	int ret;

	ret = is_outside(k, a);
	if (ret <= 0 || how == OUTWARD_SEND)
		return ret;
	ret = reach(k, a, &names);
	if (ret < 0)
		return ret;
	ret = far_turn(k, ret, &names, is_resolver(a));
	return ret ? ret : 1;
}

/*
 * From a published port: the broker sends it, to who has sent to it before.
 */
static int answer(int64_t nr, const struct inet_addr *to, const char *data,
		  size_t n)
{
	struct broker_req req = {
		.op = BROKER_NET_SEND,
		.arg = { (uint64_t)nr },
		.len1 = sizeof(struct broker_addr),
		.len2 = (uint16_t)n,
	};
	struct broker_addr a = { .scope = to->scope, .port = to->port };
	struct broker_rep rep;

	if (n > BROKER_PATH_MAX)
		return -EMSGSIZE;
	memcpy(a.ip, to->ip.b, sizeof(a.ip));
	return broker_call2(&req, &a, data, -1, &rep, NULL, 0, NULL);
}

static int leg_to(struct inet_sock *k, const struct inet_addr *to)
{
	struct broker_names names;
	int fd = feed_leg(k, to);

	for (int i = 0; fd == -1 && i < LEG_TRIES; i++) {
		int err;

		fd = reach(k, to, &names);
		if (fd < 0)
			return fd;
		err = feed_add(FEED_LEG, fd, 0, k, to);
		if (err)
			return err;
		fd = feed_leg(k, to);
	}
	return fd;
}

ssize_t outward_sendto(struct inet_sock *k, struct sockmsg *m,
		       const struct inet_addr *to)
{
	size_t n = m->u.left;
	int64_t nr = feed_number(k);
	ssize_t r = -EACCES;
	char *data;
	int fd;

	if (load_once(&k->shut) & SHUT_SND)
		return -EPIPE;
	data = far_gather(m);
	if (is_err(data))
		return ptr_err(data);
	mutex_lock(&inet_lock);
	(void)!port_auto(k);
	mutex_unlock(&inet_lock);
	if (nr >= 0)
		r = answer(nr, to, data, n);
	if (nr < 0 || r == -EACCES) {
		fd = leg_to(k, to);
		r = fd < 0 ? fd : !n ? -EOPNOTSUPP : host_write(fd, data, n);
		/* What there is no room for is lost, udp(7). */
		if (r == -EAGAIN)
			r = 0;
	}
	kfree(data);
	return r < 0 ? r : (ssize_t)n;
}

/*
 * What comes in.
 */
static int listen_one(struct inet_sock *k, uint64_t which)
{
	struct broker_req req = {
		.op = BROKER_NET_LISTEN,
		.arg = { (uint64_t)k->so.type, SOMAXCONN, which, k->v6only },
		.len1 = sizeof(struct broker_addr),
	};
	struct broker_addr a = { .port = k->local.port };
	struct broker_names names;
	struct broker_rep rep;
	int err, fd = -1;

	memcpy(a.ip, k->local.ip.b, sizeof(a.ip));
	err = broker_call2(&req, &a, NULL, -1, &rep, &names, sizeof(names),
			   &fd);
	if (err)
		return err;
	return feed_add(inet_is_tcp(k) ? FEED_LISTENER : FEED_DGRAMS, fd,
			rep.val[0], k, NULL);
}

bool outward_may_bind(const struct inet_sock *k, const struct inet_addr *a)
{
	return policy.mode == BOOT_NET_HOST ||
		(policy.mode != BOOT_NET_NONE && has_row(BOOT_NET_IN, k, a));
}

int outward_listen(struct inet_sock *k)
{
	uint64_t n = 0;
	int err;

	if (!outward_may_bind(k, &k->local))
		return 0;
	while (!(err = listen_one(k, n)))
		n++;
	if (err == -ENOENT)
		return 0;
	trace_note("port %u of the host: error %d", k->local.port, -err);
	/* It is reached by another port, or has a number by chance. */
	if (n || k->port_auto)
		return 0;
	switch (err) {
	case -EACCES:
	case -EADDRINUSE:
	case -EADDRNOTAVAIL:
		return err;
	default:
		return 0;
	}
}

void outward_unlisten(struct inet_sock *k)
{
	feed_drop(k);
}

void outward_release(struct inet_sock *k)
{
	struct far *h = far_of(k);

	feed_drop(k);
	if (!h)
		return;
	k->outward = NULL;
	kfree(h);
	live_add(LIVE_INET, -1);
}
