/* SPDX-License-Identifier: Apache-2.0 */
/* sockopt.c: options of SOL_SOCKET; socket(7). */
#include <asm/socket.h>
#include <linux/capability.h>
#include <linux/errno.h>
#include <linux/time_types.h>

#include "emul/entry/uaccess.h"
#include "emul/lib/string.h"
#include "emul/lib/uapi.h"
#include "emul/net/socket.h"
#include "emul/task/task.h"

#define SNDBUF_MIN	4608	/* SOCK_MIN_SNDBUF, SOCK_MIN_RCVBUF */
#define RCVBUF_MIN	2304
#define BUFFER_MAX	212992	/* net.core.wmem_max */
#define NSEC		1000000000LL
#define IFNAMSIZ	16
#define IFINDEX_LO	1

/* Options that are on or off. */
int sockopt_bit(int name)
{
	switch (name) {
	case SO_DEBUG:
		return 0;
	case SO_REUSEADDR:
		return 1;
	case SO_DONTROUTE:
		return 2;
	case SO_BROADCAST:
		return 3;
	case SO_KEEPALIVE:
		return 4;
	case SO_OOBINLINE:
		return 5;
	case SO_REUSEPORT:
		return 6;
	case SO_NO_CHECK:
		return 7;
	case SO_TIMESTAMP_OLD:
	case SO_TIMESTAMP_NEW:
		return 8;
	case SO_TIMESTAMPNS_OLD:
	case SO_TIMESTAMPNS_NEW:
		return 9;
	case SO_RXQ_OVFL:
		return 10;
	case SO_WIFI_STATUS:
		return 11;
	case SO_SELECT_ERR_QUEUE:
		return 12;
	}
	return -1;
}

static long set_timeout(int64_t *ns, uaddr_t val, int len)
{
	struct __kernel_sock_timeval tv;

	if (len < (int)sizeof(tv))
		return -EINVAL;
	if (get_user(&tv, val))
		return -EFAULT;
	if (tv.tv_usec < 0 || tv.tv_usec >= 1000000)
		return -EDOM;
	if (tv.tv_sec < 0)
		*ns = 0;
	else if (!tv.tv_sec && !tv.tv_usec)
		*ns = NEVER_NS;
	else if (tv.tv_sec > NEVER_NS / NSEC - 1)
		*ns = NEVER_NS;
	else
		*ns = tv.tv_sec * NSEC + tv.tv_usec * 1000;
	return 0;
}

static void set_buffer(struct socket *s, int name, int v)
{
	bool force = name == SO_SNDBUFFORCE || name == SO_RCVBUFFORCE;
	bool send = name == SO_SNDBUFFORCE || name == SO_SNDBUF;
	uint32_t n = force ? (uint32_t)MAX(v, 0) :
		     MIN((uint32_t)v, (uint32_t)BUFFER_MAX);

	/* Twice, for what Linux's own headers take. */
	n = MIN(n, (uint32_t)INT32_MAX / 2) * 2;
	if (send) {
		store_once(&s->sndbuf, MAX(n, (uint32_t)SNDBUF_MIN));
		s->sndbuf_set = true;
	} else {
		store_once(&s->rcvbuf, MAX(n, (uint32_t)RCVBUF_MIN));
		s->rcvbuf_set = true;
	}
}

static long set_linger(struct socket *s, uaddr_t val, int len)
{
	struct {
		int on, seconds;
	} l;

	if (len < (int)sizeof(l))
		return -EINVAL;
	if (get_user(&l, val))
		return -EFAULT;
	s->linger_on = !!l.on;
	s->linger_s = l.seconds;
	return 0;
}

/* There is one device, lo: outward.c leads no socket out that is bound to it. */
static long bind_device(struct socket *s, int device)
{
	if (s->device && !task_capable(current(), CAP_NET_RAW))
		return -EPERM;
	s->device = device;
	return 0;
}

static long set_device(struct socket *s, uaddr_t val, int len)
{
	char name[IFNAMSIZ] = "";

	if (len < 0)
		return -EINVAL;
	if (copy_in(name, val, MIN((size_t)len, sizeof(name) - 1)))
		return -EFAULT;
	if (name[0] && strcmp(name, "lo"))
		return -ENODEV;
	return bind_device(s, name[0] ? IFINDEX_LO : 0);
}

static long get_device(const struct socket *s, int len, uaddr_t val,
		       uaddr_t len_at)
{
	if (!s->device)
		return sockopt_put(val, len_at, "", 0);
	return len < IFNAMSIZ ? -EINVAL :
		sockopt_put(val, len_at, "lo", sizeof("lo"));
}

/* What is kept and told.  1: it is none of these. */
static long set_kept(struct socket *s, int name, int v)
{
	bool admin = task_capable(current(), CAP_NET_ADMIN);

	switch (name) {
	case SO_PRIORITY:
		if ((v < 0 || v > 6) && !admin)
			return -EPERM;
		s->priority = v;
		return 0;
	case SO_MARK:
		if (!admin)
			return -EPERM;
		s->mark = v;
		return 0;
	case SO_INCOMING_CPU:
		s->incoming_cpu = v;
		return 0;
	case SO_MAX_PACING_RATE:
		s->pacing_rate = (uint32_t)v;
		return 0;
	}
	return 1;
}

static long set_option(struct socket *s, int name, uaddr_t val, int len)
{
	int v, bit = sockopt_bit(name);
	long err;

	switch (name) {
	case SO_RCVTIMEO_OLD:
	case SO_RCVTIMEO_NEW:
		return set_timeout(&s->rcv_timeout_ns, val, len);
	case SO_SNDTIMEO_OLD:
	case SO_SNDTIMEO_NEW:
		return set_timeout(&s->snd_timeout_ns, val, len);
	case SO_LINGER:
		return set_linger(s, val, len);
	case SO_BINDTODEVICE:
		return set_device(s, val, len);
	}
	if (len < (int)sizeof(v))
		return -EINVAL;
	if (get_user(&v, val))
		return -EFAULT;
	if (bit >= 0) {
		if (v)
			__atomic_fetch_or(&s->flags, 1u << bit,
					  __ATOMIC_RELAXED);
		else
			__atomic_fetch_and(&s->flags, ~(1u << bit),
					   __ATOMIC_RELAXED);
		return 0;
	}
	switch (name) {
	case SO_SNDBUFFORCE:
	case SO_RCVBUFFORCE:
		if (!task_capable(current(), CAP_NET_ADMIN))
			return -EPERM;
		__fallthrough;
	case SO_SNDBUF:
	case SO_RCVBUF:
		set_buffer(s, name, v);
		return 0;
	case SO_PASSCRED:
		s->passcred = !!v;
		return 0;
	case SO_RCVLOWAT:
		s->rcvlowat = v < 0 ? INT32_MAX : v ? (uint32_t)v : 1;
		return 0;
	case SO_BINDTOIFINDEX:
		if (v != IFINDEX_LO && v)
			return v < 0 ? -EINVAL : -ENODEV;
		return bind_device(s, v);
	case SO_DETACH_FILTER:
		return -ENOENT;
	}
	err = set_kept(s, name, v);
	return err > 0 ? -ENOPROTOOPT : err;
}

long sockopt_set(struct socket *s, int name, uaddr_t val, int len)
{
	long err = set_option(s, name, val, len);

	if (name == SO_SNDBUFFORCE)
		name = SO_SNDBUF;
	else if (name == SO_RCVBUFFORCE)
		name = SO_RCVBUF;
	if (!err && s->ops->changed)
		s->ops->changed(s, name);
	return err;
}

long sockopt_put(uaddr_t val, uaddr_t len_at, const void *v, size_t size)
{
	int n;

	if (get_user(&n, len_at))
		return -EFAULT;
	if (n < 0)
		return -EINVAL;
	n = MIN(n, (int)size);
	if (copy_out(val, v, (size_t)n) || put_user(len_at, &n))
		return -EFAULT;
	return 0;
}

static long get_timeout(int64_t ns, uaddr_t val, uaddr_t len_at)
{
	struct __kernel_sock_timeval tv = { 0, 0 };

	if (ns != NEVER_NS) {
		tv.tv_sec = ns / NSEC;
		tv.tv_usec = ns % NSEC / 1000;
	}
	return sockopt_put(val, len_at, &tv, sizeof(tv));
}

static int get_int(struct socket *s, int name, int *v)
{
	int bit = sockopt_bit(name);

	if (bit >= 0) {
		*v = s->flags >> bit & 1;
		return 0;
	}
	switch (name) {
	case SO_SNDBUF:
		*v = (int)s->sndbuf;
		return 0;
	case SO_RCVBUF:
		*v = (int)s->rcvbuf;
		return 0;
	case SO_TYPE:
		*v = s->type;
		return 0;
	case SO_PROTOCOL:
		*v = s->protocol;
		return 0;
	case SO_DOMAIN:
		*v = s->family;
		return 0;
	case SO_ERROR:
		*v = -s->ops->take_error(s);
		return 0;
	case SO_ACCEPTCONN:
		*v = s->ops->listens(s);
		return 0;
	case SO_PASSCRED:
		*v = s->passcred;
		return 0;
	case SO_RCVLOWAT:
		*v = (int)s->rcvlowat;
		return 0;
	case SO_SNDLOWAT:
		*v = 1;
		return 0;
	case SO_PRIORITY:
		*v = s->priority;
		return 0;
	case SO_MARK:
		*v = s->mark;
		return 0;
	case SO_INCOMING_CPU:
		*v = s->incoming_cpu;
		return 0;
	case SO_MAX_PACING_RATE:
		*v = (int)s->pacing_rate;
		return 0;
	case SO_BINDTOIFINDEX:
		*v = s->device;
		return 0;
	}
	return -ENOPROTOOPT;
}

long sockopt_get(struct socket *s, int name, uaddr_t val, uaddr_t len_at)
{
	struct {
		int on, seconds;
	} linger = { s->linger_on, s->linger_s };
	struct ucred cred;
	int len, v, err;

	if (get_user(&len, len_at))
		return -EFAULT;
	if (len < 0)
		return -EINVAL;
	switch (name) {
	case SO_RCVTIMEO_OLD:
	case SO_RCVTIMEO_NEW:
		return get_timeout(s->rcv_timeout_ns, val, len_at);
	case SO_SNDTIMEO_OLD:
	case SO_SNDTIMEO_NEW:
		return get_timeout(s->snd_timeout_ns, val, len_at);
	case SO_LINGER:
		return sockopt_put(val, len_at, &linger, sizeof(linger));
	case SO_BINDTODEVICE:
		return get_device(s, len, val, len_at);
	case SO_COOKIE:
		return len < (int)sizeof(s->ino) ? -EINVAL :
			sockopt_put(val, len_at, &s->ino, sizeof(s->ino));
	case SO_PEERCRED:
		err = s->ops->peercred(s, &cred);
		return err ? err : sockopt_put(val, len_at, &cred,
					       sizeof(cred));
	}
	err = get_int(s, name, &v);
	return err ? err : sockopt_put(val, len_at, &v, sizeof(v));
}
