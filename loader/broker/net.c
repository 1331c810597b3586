/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net.c: sockets of the host for the sandbox, as the policy grants them.
 *
 * An address is copied out of the request, compared with the rules, and
 * connected to, all from the same copy.  Names are not looked up here: what a
 * granted name stands for is what the resolver has told the sandbox.
 */
#include "config.h"

#include <asm/ioctls.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "loader/broker/net.h"

static bool is_v4(const uint8_t ip[16])
{
	static const uint8_t start[12] = { [10] = 0xff, [11] = 0xff };

	return !memcmp(ip, start, sizeof(start));
}

socklen_t net_to_host(union net_name *to, const struct broker_addr *a)
{
	memset(to, 0, sizeof(*to));
	if (is_v4(a->ip)) {
		to->v4.sin_family = AF_INET;
		to->v4.sin_port = htons(a->port);
		memcpy(&to->v4.sin_addr, a->ip + 12, 4);
		return sizeof(to->v4);
	}
	to->v6.sin6_family = AF_INET6;
	to->v6.sin6_port = htons(a->port);
	to->v6.sin6_scope_id = a->scope;
	memcpy(&to->v6.sin6_addr, a->ip, 16);
	return sizeof(to->v6);
}

void net_from_host(struct broker_addr *to, const union net_name *a)
{
	memset(to, 0, sizeof(*to));
	if (a->any.sa_family == AF_INET) {
		to->ip[10] = to->ip[11] = 0xff;
		memcpy(to->ip + 12, &a->v4.sin_addr, 4);
		to->port = ntohs(a->v4.sin_port);
	} else if (a->any.sa_family == AF_INET6) {
		memcpy(to->ip, &a->v6.sin6_addr, 16);
		to->port = ntohs(a->v6.sin6_port);
		to->scope = a->v6.sin6_scope_id;
	}
}

static unsigned int proto_of(uint64_t type)
{
	return type == SOCK_STREAM ? NET_TCP : type == SOCK_DGRAM ? NET_UDP : 0;
}

static bool learned(const struct net *n, unsigned int proto,
		    const struct broker_addr *a)
{
	uint64_t count = n->n_learned < NET_LEARNED_MAX ? n->n_learned :
		NET_LEARNED_MAX;

	for (uint64_t i = 0; i < count; i++) {
		const struct net_learned *l = &n->learned[i];
		const struct net_rule *r = &n->policy->rules[l->rule];

		if (!memcmp(l->ip, a->ip, 16) && (r->proto & proto) &&
		    net_port_in(r->ports, r->n_ports, a->port))
			return true;
	}
	return false;
}

static bool granted(const struct net *n, unsigned int proto,
		    const struct broker_addr *a)
{
	if (n->policy->mode == NET_HOST)
		return true;
	for (size_t i = 0; i < n->policy->n_rules; i++)
		if (net_addr_matches(&n->policy->rules[i], proto, a))
			return true;
	return learned(n, proto, a);
}

static int make_socket(unsigned int proto, const struct broker_addr *a)
{
	int fd = (int)syscall(SYS_socket, is_v4(a->ip) ? AF_INET : AF_INET6,
			      (proto == NET_TCP ? SOCK_STREAM : SOCK_DGRAM) |
			      SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	return fd < 0 ? -errno : fd;
}

static void own_name(int fd, struct broker_addr *a)
{
	union net_name host = { .any.sa_family = AF_UNSPEC };
	socklen_t len = sizeof(host);

	memset(a, 0, sizeof(*a));
	if (!getsockname(fd, &host.any, &len))
		net_from_host(a, &host);
}

static void put_names(struct call *c, int fd, const struct broker_addr *peer)
{
	struct broker_names *names = (void *)c->body;

	memset(names, 0, sizeof(*names));
	own_name(fd, &names->local);
	if (peer)
		names->peer = *peer;
	c->rep.len = sizeof(*names);
}

/* Bytes 1 as an address. */
static bool take_addr(const struct call *c, struct broker_addr *a)
{
	if (c->req.len1 != sizeof(*a))
		return false;
	memcpy(a, c->s1, sizeof(*a));
	return !a->zero;
}

static bool is_resolver(const struct broker_addr *a)
{
	uint32_t ip;

	memcpy(&ip, a->ip + 12, sizeof(ip));
	return is_v4(a->ip) && ntohl(ip) == BROKER_RESOLVER_IP &&
		a->port == BROKER_RESOLVER_PORT;
}

int net_connect(int fd, const struct broker_addr *a)
{
	union net_name host;
	socklen_t len = net_to_host(&host, a);

	if (!connect(fd, &host.any, len))
		return 0;
	return errno == EINPROGRESS ? EINPROGRESS : -errno;
}

int serve_net_connect(struct call *c)
{
	unsigned int proto = proto_of(c->req.arg[0]);
	struct net *n = c->m->net;
	struct broker_addr a;
	int fd, ret;

	if (!proto || !take_addr(c, &a))
		return BROKEN;
	if (n->resolver && is_resolver(&a))
		return resolver_connect(c, proto == NET_TCP ? SOCK_STREAM :
					SOCK_SEQPACKET);
	if (!granted(n, proto, &a))
		return -EACCES;
	fd = make_socket(proto, &a);
	if (fd < 0)
		return fd;
	net_options(fd, c->s2, c->req.len2);
	ret = net_connect(fd, &a);
	if (ret < 0) {
		close(fd);
		return ret;
	}
	put_names(c, fd, &a);
	c->rep.val[0] = (uint64_t)ret;
	c->fd_out = fd;
	return 0;
}

/*
 * What is bound.
 */

/* A socket at a->port of the host, not listening yet.  Descriptor, -errno. */
static int make_bound(unsigned int proto, const struct broker_addr *a,
		      bool v6only)
{
	static const uint8_t zero[16];
	int fd = make_socket(proto, a), on = 1, only = v6only, ret;
	union net_name host;
	socklen_t len = net_to_host(&host, a);

	if (fd < 0)
		return fd;
	if (proto == NET_TCP)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (!memcmp(a->ip, zero, 16))
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only,
			   sizeof(only));
	if (bind(fd, &host.any, len) < 0) {
		ret = -errno;
		close(fd);
		return ret;
	}
	return fd;
}

/*
 * As make_bound, but a port that the host chose is bound once more by its
 * number: else the host would forget it when the guest listens no more.
 */
static int make_published(unsigned int proto, const struct broker_addr *a)
{
	int fd = make_bound(proto, a, false), fixed;
	struct broker_addr got;

	if (fd < 0 || proto != NET_TCP || a->port)
		return fd;
	own_name(fd, &got);
	fixed = make_bound(proto, &got, false);
	close(fd);
	return fixed;
}

static struct net_bound *add_bound(struct net *n, int fd, unsigned int proto,
				   uint16_t guest)
{
	struct net_bound *b;
	size_t i;

	for (i = 0; i < n->n_bound && n->bound[i].fd >= 0; i++)
		;
	if (i == NET_SOCKETS_MAX)
		return NULL;
	b = &n->bound[i];
	*b = (struct net_bound){ .fd = fd, .proto = proto, .guest = guest };
	own_name(fd, &b->local);
	if (proto == NET_UDP) {
		b->peers = calloc(NET_PEERS_MAX, sizeof(*b->peers));
		if (!b->peers) {
			b->fd = -1;
			return NULL;
		}
	}
	if (i == n->n_bound)
		n->n_bound++;
	return b;
}

int monitor_net(struct monitor *m, const struct net_policy *policy,
		const char **what)
{
	struct net *n = calloc(1, sizeof(*n));

	*what = "network";
	if (!n)
		return -ENOMEM;
	m->net = n;
	n->policy = policy;
	n->learned = calloc(NET_LEARNED_MAX, sizeof(*n->learned));
	if (!n->learned)
		return -ENOMEM;
	for (size_t i = 0; i < policy->n_publishes; i++) {
		const struct net_publish *p = &policy->publishes[i];
		int fd = make_published(p->proto, &p->host);
		struct net_bound *b;

		*what = p->text;
		if (fd < 0)
			return fd;
		b = add_bound(n, fd, p->proto, p->guest);
		if (!b)
			return -E2BIG;
		b->publish = true;
	}
	*what = "resolver";
	return net_names(policy) ? resolver_init(m) : 0;
}

uint16_t monitor_net_port(const struct monitor *m, size_t i)
{
	return m->net->bound[i].local.port;
}

static bool may_bind(const struct net *n, unsigned int proto, uint16_t port)
{
	if (n->policy->mode == NET_HOST)
		return true;
	for (size_t i = 0; i < n->policy->n_binds; i++) {
		const struct net_rule *r = &n->policy->binds[i];

		if ((r->proto & proto) &&
		    net_port_in(r->ports, r->n_ports, port))
			return true;
	}
	return false;
}

/*
 * The which-th of the host's sockets for what is bound at *a: those that are
 * published, and one of its own, which those share who listen together.  NULL
 * with *err.
 */
static struct net_bound *find_bound(struct net *n, unsigned int proto,
				    const struct broker_addr *a,
				    uint64_t which, bool v6only, int *err)
{
	struct net_bound *b;
	bool own = false;
	int fd;

	*err = -ENOENT;
	for (size_t i = 0; i < n->n_bound; i++) {
		b = &n->bound[i];
		if (b->fd < 0 || b->proto != proto || b->guest != a->port ||
		    (!b->publish && memcmp(b->local.ip, a->ip, 16) != 0))
			continue;
		if (!which--)
			return b;
		own = own || !b->publish;
	}
	if (own || which || !a->port || !may_bind(n, proto, a->port))
		return NULL;
	fd = make_bound(proto, a, v6only);
	if (fd < 0) {
		*err = fd;
		return NULL;
	}
	b = add_bound(n, fd, proto, a->port);
	if (!b) {
		close(fd);
		*err = -ENFILE;
	}
	return b;
}

/* One of those that listen at it has gone, or could not. */
static void unbind(struct net_bound *b)
{
	if (b->opens)
		b->opens--;
	if (b->opens)
		return;
	if (b->publish) {
		/* The port stays ours, and refuses who connects. */
		if (b->proto == NET_TCP)
			shutdown(b->fd, SHUT_RDWR);
		b->n_peers = 0;
		return;
	}
	close(b->fd);
	free(b->peers);
	b->fd = -1;
}

int serve_net_listen(struct call *c)
{
	unsigned int proto = proto_of(c->req.arg[0]);
	struct net *n = c->m->net;
	struct net_bound *b;
	struct broker_addr a;
	int ret;

	if (!proto || !take_addr(c, &a) || c->req.arg[1] > INT32_MAX ||
	    c->req.arg[3] > 1)
		return BROKEN;
	b = find_bound(n, proto, &a, c->req.arg[2], c->req.arg[3], &ret);
	if (!b)
		return ret;
	b->opens++;
	if (proto == NET_TCP && listen(b->fd, (int)c->req.arg[1]) < 0) {
		ret = -errno;
		unbind(b);
		return ret;
	}
	c->fd_out = dup_from(b->fd, 0);
	if (c->fd_out < 0) {
		ret = -errno;
		unbind(b);
		return ret;
	}
	put_names(c, b->fd, NULL);
	c->rep.val[0] = (uint64_t)(b - n->bound);
	return 0;
}

static struct net_bound *bound_nr(struct net *n, uint64_t nr)
{
	if (nr >= n->n_bound || n->bound[nr].fd < 0 || !n->bound[nr].opens)
		return NULL;
	return &n->bound[nr];
}

int serve_net_unlisten(struct call *c)
{
	struct net_bound *b = bound_nr(c->m->net, c->req.arg[0]);

	if (!b)
		return -ENOENT;
	unbind(b);
	return 0;
}

/*
 * Does somebody wait to be accepted?  What was inherited may be a socket that
 * waits for who connects, as one of ours never does, and must stay so.
 */
static bool somebody(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) > 0;
}

int serve_net_accept(struct call *c)
{
	struct broker_names *names = (void *)c->body;
	union net_name host;
	socklen_t len;
	int ret = net_check(c);
	int fd;

	if (!c->req.arg[1] || c->req.arg[1] > BROKER_FDS_MAX)
		return BROKEN;
	while (!ret && c->n_fds_out < c->req.arg[1]) {
		host.any.sa_family = AF_UNSPEC;
		len = sizeof(host);
		if (!somebody(c->fd)) {
			ret = -EAGAIN;
			break;
		}
		/* musl's own tries others on an error, which the filter kills. */
		fd = (int)syscall(SYS_accept4, c->fd, &host, &len,
				  SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0) {
			ret = -errno;
			break;
		}
		net_no_linger(fd);
		own_name(fd, &names[c->n_fds_out].local);
		net_from_host(&names[c->n_fds_out].peer, &host);
		c->fds_out[c->n_fds_out++] = fd;
	}
	c->rep.count = c->n_fds_out;
	c->rep.len = (uint32_t)(c->n_fds_out * sizeof(*names));
	return c->n_fds_out ? 0 : ret;
}

/*
 * Datagrams of a bound port.
 */
static bool same_addr(const struct broker_addr *a, const struct broker_addr *b)
{
	return !memcmp(a->ip, b->ip, 16) && a->port == b->port &&
		a->scope == b->scope;
}

static bool is_peer(const struct net_bound *b, const struct broker_addr *a)
{
	uint32_t n = b->n_peers < NET_PEERS_MAX ? b->n_peers : NET_PEERS_MAX;

	for (uint32_t i = 0; i < n; i++)
		if (same_addr(&b->peers[i], a))
			return true;
	return false;
}

static void note_peer(struct net_bound *b, const struct broker_addr *a)
{
	if (!is_peer(b, a))
		b->peers[b->n_peers++ % NET_PEERS_MAX] = *a;
}

int serve_net_recv(struct call *c)
{
	struct net_bound *b = bound_nr(c->m->net, c->req.arg[0]);
	size_t at = 0;
	int next, ret = 0;

	if (!b || b->proto != NET_UDP)
		return -ENOENT;
	for (;;) {
		union net_name host = { .any.sa_family = AF_UNSPEC };
		socklen_t len = sizeof(host);
		struct broker_dgram d;
		size_t room = sizeof(c->body) - at;
		ssize_t n;

		/* The first has all the room there is. */
		if (c->rep.count &&
		    (syscall(SYS_ioctl, b->fd, FIONREAD, &next) ||
		     (size_t)next + sizeof(d) + 4 > room))
			break;
		n = recvfrom(b->fd, c->body + at + sizeof(d),
			     room - sizeof(d) - 3, 0, &host.any, &len);
		if (n < 0) {
			ret = -errno;
			break;
		}
		net_from_host(&d.from, &host);
		d.len = (uint32_t)n;
		note_peer(b, &d.from);
		memcpy(c->body + at, &d, sizeof(d));
		at += sizeof(d) + (((size_t)n + 3) & ~3UL);
		c->rep.count++;
	}
	c->rep.len = (uint32_t)at;
	return c->rep.count ? 0 : ret;
}

int serve_net_send(struct call *c)
{
	struct net_bound *b = bound_nr(c->m->net, c->req.arg[0]);
	struct broker_addr a;
	union net_name host;
	socklen_t len;

	if (!take_addr(c, &a))
		return BROKEN;
	if (!b || b->proto != NET_UDP)
		return -ENOENT;
	if (!is_peer(b, &a) && !granted(c->m->net, NET_UDP, &a))
		return -EACCES;
	len = net_to_host(&host, &a);
	if (sendto(b->fd, c->s2, c->req.len2, MSG_NOSIGNAL, &host.any,
		   len) < 0)
		return -errno;
	return 0;
}
