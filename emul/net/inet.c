/* SPDX-License-Identifier: Apache-2.0 */
/* inet.c: sockets of AF_INET and AF_INET6: what TCP and UDP share. */
#include "emul/net/inet.h"

#include <linux/capability.h>
#include <linux/errno.h>
#include <linux/in.h>
#include <linux/in6.h>

#include "emul/lib/alloc.h"
#include "emul/lib/live.h"
#include "emul/net/outward.h"
#include "emul/task/task.h"

#define PROTOCOL_MAX	263	/* IPPROTO_MAX */
#define PORT_PRIVILEGED	1024	/* net.ipv4.ip_unprivileged_port_start */

struct mutex inet_lock __arena;
LOCK_CLASS(inet_lock, LOCK_NAMES);

/* Of each type; inet_lock protects them. */
static struct list_head all[2] __arena;

static struct list_head *all_of(int type)
{
	struct list_head *l = &all[type == SOCK_STREAM];

	if (!l->next)
		list_init(l);
	return l;
}

void inet_init(struct inet_sock *k, const struct socket_ops *ops, int family,
	       int type, int protocol)
{
	struct task *t = current();

	socket_init(&k->so, ops, family, type, protocol);
	ref_init(&k->ref);
	waitqueue_init(&k->queue);
	inet_opts_init(&k->opt);
	addr_any(&k->local, family);
	addr_any(&k->remote, family);
	addr_any(&k->named, family);
	list_init(&k->port_link);
	k->uid = t ? t->cred->fsuid : 0;	/* none: one from outside */
	mutex_lock(&inet_lock);
	list_add_tail(&k->all_link, all_of(type));
	mutex_unlock(&inet_lock);
	live_add(LIVE_INET, 1);
}

void inet_get(struct inet_sock *k)
{
	ref_get(&k->ref);
}

void inet_put(struct inet_sock *k)
{
	if (!k || !ref_put(&k->ref))
		return;
	mutex_lock(&inet_lock);
	list_del(&k->all_link);
	mutex_unlock(&inet_lock);
	if (inet_is_tcp(k))
		tcp_free(k);
	else
		udp_free(k);
	live_add(LIVE_INET, -1);
	kfree(k);
}

void inet_each(int type, void (*fn)(struct inet_sock *k, void *arg), void *arg)
{
	struct inet_sock *k;

	mutex_lock(&inet_lock);
	list_for_each(k, all_of(type), all_link)
		fn(k, arg);
	mutex_unlock(&inet_lock);
}

/* As inet_create() of Linux answers for each type and protocol. */
static int check_protocol(int type, int *protocol)
{
	int own = type == SOCK_STREAM ? IPPROTO_TCP : IPPROTO_UDP;

	if (*protocol < 0 || *protocol >= PROTOCOL_MAX)
		return -EINVAL;
	switch (type) {
	case SOCK_STREAM:
	case SOCK_DGRAM:
		if (type == SOCK_DGRAM && (*protocol == IPPROTO_ICMP ||
					   *protocol == IPPROTO_ICMPV6))
			return -EACCES;	/* net.ipv4.ping_group_range */
		if (!*protocol)
			*protocol = own;
		return *protocol == own || (type == SOCK_DGRAM &&
					    *protocol == IPPROTO_UDPLITE) ?
			0 : -EPROTONOSUPPORT;
	case SOCK_RAW:
		return *protocol ? -EPERM : -EPROTONOSUPPORT;
	}
	return -ESOCKTNOSUPPORT;
}

struct socket *inet_create(int family, int type, int protocol)
{
	int err = check_protocol(type, &protocol);
	struct inet_sock *k;

	if (err)
		return err_ptr(err);
	k = type == SOCK_STREAM ? tcp_new(family) :
		udp_new(family, protocol);
	return k ? &k->so : err_ptr(-ENOMEM);
}

static int check_bind(const struct inet_sock *k, const struct inet_addr *a)
{
	if (addr_class(a) == INET_OTHER && !outward_may_bind(k, a) &&
	    !inet_opt_on(&k->opt, addr_is_v4(a) ? INET_FREEBIND :
			 INET6_FREEBIND))
		return -EADDRNOTAVAIL;
	if (a->port && a->port < PORT_PRIVILEGED &&
	    !task_capable(current(), CAP_NET_BIND_SERVICE))
		return -EACCES;
	return 0;
}

/* Of UDP; if it cannot be, it is not bound. */
static int bind_outside(struct inet_sock *k)
{
	int err = outward_listen(k);

	if (!err)
		return 0;
	mutex_lock(&inet_lock);
	port_leave(k);
	addr_any(&k->local, k->so.family);
	k->named = k->local;
	k->bound = false;
	mutex_unlock(&inet_lock);
	return err;
}

int inet_bind(struct socket *s, const void *name, uint32_t len)
{
	struct inet_sock *k = inet_sk(s);
	struct inet_addr a = { .port = 0 };
	int err;

	err = addr_parse_bind(k, name, len, &a);
	if (err)
		return err;
	err = check_bind(k, &a);
	if (err)
		return err;
	mutex_lock(&inet_lock);
	if (k->port || k->remote.port)
		err = -EINVAL;
	else
		err = port_bind(k, &a);
	if (!err) {
		k->bound = true;
		k->named = k->local;
	}
	mutex_unlock(&inet_lock);
	if (!err && s->type == SOCK_DGRAM)
		err = bind_outside(k);
	return err;
}

int inet_getname(struct socket *s, enum sock_name which, void *name)
{
	struct inet_sock *k = inet_sk(s);
	int n = -ENOTCONN;

	mutex_lock(&inet_lock);
	if (which == NAME_OWN || k->remote.port)
		n = (int)addr_put(s->family, which == NAME_OWN ? &k->local :
				  &k->remote, name);
	mutex_unlock(&inet_lock);
	return n;
}

int inet_sock_error(struct socket *s)
{
	return inet_take_error(inet_sk(s));
}

int inet_peercred(struct socket *s, struct ucred *c)
{
	(void)s;
	c->pid = 0;
	c->uid = c->gid = UINT32_MAX;
	return 0;
}
