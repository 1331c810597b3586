/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tcp-opt.c: options of IPPROTO_TCP; tcp(7).
 *
 * What they say about segments, timers and windows means nothing where bytes
 * go from one socket into the other: it is kept and told.
 */
#include <linux/errno.h>
#include <linux/in.h>
#include <linux/tcp.h>

#include "emul/entry/uaccess.h"
#include "emul/lib/string.h"
#include "emul/net/tcp.h"
#include "emul/task/task.h"

#define MSS_LOOPBACK	65483
#define MSS_FRESH	536
#define MSS_MIN		88
#define MSS_MAX		32767
#define SECONDS_MAX	32767
#define COUNT_MAX	127
#define CC_NAME_MAX	16

/* An option that is a number in a range. */
struct number {
	int name, low, high;
	size_t at;		/* in struct tcp_opts */
};

#define NUMBER(n, low, high, field) \
	{ n, low, high, offsetof(struct tcp_opts, field) }

static const struct number numbers[] = {
	NUMBER(TCP_KEEPIDLE, 1, SECONDS_MAX, keepidle),
	NUMBER(TCP_KEEPINTVL, 1, SECONDS_MAX, keepintvl),
	NUMBER(TCP_KEEPCNT, 1, COUNT_MAX, keepcnt),
	NUMBER(TCP_SYNCNT, 1, COUNT_MAX, syncnt),
	NUMBER(TCP_USER_TIMEOUT, 0, INT32_MAX, user_timeout),
	NUMBER(TCP_NOTSENT_LOWAT, INT32_MIN, INT32_MAX, notsent_lowat),
	NUMBER(TCP_WINDOW_CLAMP, 0, INT32_MAX, window_clamp),
};

/* Options that are on or off. */
static const int flags[] = {
	TCP_NODELAY, TCP_CORK, TCP_THIN_LINEAR_TIMEOUTS, TCP_THIN_DUPACK,
	TCP_SAVE_SYN, TCP_FASTOPEN_NO_COOKIE,
};

void tcp_opts_init(struct tcp_opts *o)
{
	o->keepidle = 7200;
	o->keepintvl = 75;
	o->keepcnt = 9;
	o->syncnt = 6;
	o->linger2 = 60;
	o->quickack = 1;
	memcpy(o->congestion, "cubic", sizeof("cubic"));
}

static const struct number *number_find(int name)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(numbers); i++)
		if (numbers[i].name == name)
			return &numbers[i];
	return NULL;
}

static int *number_at(struct tcp_opts *o, const struct number *n)
{
	return (int *)(void *)((char *)o + n->at);
}

static int flag_find(int name)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(flags); i++)
		if (flags[i] == name)
			return (int)i;
	return -1;
}

bool tcp_opt_on(const struct tcp_sock *k, int name)
{
	int bit = flag_find(name);

	return bit >= 0 && k->opt.flags >> bit & 1;
}

/* Seconds as Linux tells them: a number of tries, each twice as late. */
static int defer_seconds(int v)
{
	int s = 1, step = 1;

	if (v <= 0)
		return 0;
	while (s < v && s < INT32_MAX / 4) {
		step = MIN(step * 2, 120);
		s += step;
	}
	return s;
}

static long set_congestion(struct tcp_sock *k, uaddr_t val, int len)
{
	char name[CC_NAME_MAX];
	size_t n = MIN((size_t)len, sizeof(name) - 1);

	if (len < 1)
		return -EINVAL;
	memset(name, 0, sizeof(name));
	if (copy_in(name, val, n))
		return -EFAULT;
	if (strcmp(name, "cubic") && strcmp(name, "reno"))
		return -ENOENT;
	memcpy(k->opt.congestion, name, sizeof(name));
	return 0;
}

static long set_other(struct tcp_sock *k, int name, int v)
{
	struct tcp_opts *o = &k->opt;

	switch (name) {
	case TCP_MAXSEG:
		if (v && (v < MSS_MIN || v > MSS_MAX))
			return -EINVAL;
		o->maxseg = v;
		return 0;
	case TCP_LINGER2:
		o->linger2 = v < 0 ? -1 : MIN(v, 120);
		return 0;
	case TCP_DEFER_ACCEPT:
		o->defer_accept = defer_seconds(v);
		return 0;
	case TCP_QUICKACK:
		o->quickack = v & 1;
		return 0;
	case TCP_FASTOPEN:
		/* For who listens: nobody sends data with a SYN. */
		if (v < 0 || (k->base != TCP_FRESH &&
			      k->base != TCP_LISTENING))
			return -EINVAL;
		o->fastopen = v;
		return 0;
	case TCP_FASTOPEN_CONNECT:
		/* Without a peer's cookie connect(2) is as it always is. */
		if (v < 0 || v > 1 || k->base != TCP_FRESH)
			return -EINVAL;
		o->fastopen_connect = v;
		return 0;
	case TCP_REPAIR:
		return -EPERM;
	case TCP_ULP:
		return -ENOENT;		/* as without the module tls */
	}
	return -ENOPROTOOPT;
}

long tcp_setsockopt(struct socket *s, int level, int name, uaddr_t val,
		    int len)
{
	struct tcp_sock *k = tcp_sk(s);
	const struct number *n;
	int v, bit;

	if (level != IPPROTO_TCP)
		return inet_setsockopt(s, level, name, val, len);
	if (name == TCP_CONGESTION)
		return set_congestion(k, val, len);
	if (name == TCP_ULP)
		return -ENOENT;
	if (len < (int)sizeof(v))
		return -EINVAL;
	if (get_user(&v, val))
		return -EFAULT;
	bit = flag_find(name);
	if (bit >= 0) {
		if (v)
			__atomic_fetch_or(&k->opt.flags, 1u << bit,
					  __ATOMIC_RELAXED);
		else
			__atomic_fetch_and(&k->opt.flags, ~(1u << bit),
					   __ATOMIC_RELAXED);
		return 0;
	}
	n = number_find(name);
	if (!n)
		return set_other(k, name, v);
	if (v < n->low || v > n->high)
		return -EINVAL;
	*number_at(&k->opt, n) = v;
	return 0;
}

/* What is true of a connection that loses nothing and knows no distance. */
static void fill_info(const struct tcp_sock *k, struct tcp_info *i)
{
	struct tcp_conn *c = load_acquire(&k->conn);

	memset(i, 0, sizeof(*i));
	i->tcpi_state = (uint8_t)tcp_state(k);
	if (load_acquire(&k->base) == TCP_LISTENING) {
		i->tcpi_unacked = load_once(&k->n_pending);
		i->tcpi_sacked = k->backlog;
		return;
	}
	i->tcpi_options = TCPI_OPT_TIMESTAMPS | TCPI_OPT_SACK |
		TCPI_OPT_WSCALE;
	i->tcpi_snd_wscale = i->tcpi_rcv_wscale = 7;
	i->tcpi_rto = 204000;
	i->tcpi_ato = 40000;
	i->tcpi_snd_mss = MSS_LOOPBACK;
	i->tcpi_rcv_mss = MSS_FRESH;
	i->tcpi_pmtu = 65536;
	i->tcpi_rcv_ssthresh = 65483;
	i->tcpi_rtt = 20;
	i->tcpi_rttvar = 10;
	i->tcpi_min_rtt = 10;
	i->tcpi_snd_ssthresh = INT32_MAX;
	i->tcpi_snd_cwnd = 10;
	i->tcpi_advmss = MSS_LOOPBACK;
	i->tcpi_reordering = 3;
	i->tcpi_rcv_space = 65483;
	if (!c)
		return;
	i->tcpi_bytes_acked = i->tcpi_bytes_sent =
		load_once(&tcp_out(k, c)->s.head);
	i->tcpi_bytes_received = load_once(&tcp_in(k, c)->s.head);
	i->tcpi_segs_out = i->tcpi_data_segs_out =
		(uint32_t)(i->tcpi_bytes_sent / MSS_LOOPBACK + 1);
	i->tcpi_segs_in = i->tcpi_data_segs_in =
		(uint32_t)(i->tcpi_bytes_received / MSS_LOOPBACK + 1);
	i->tcpi_snd_wnd = (uint32_t)stream_room(&tcp_out(k, c)->s);
}

static long get_other(const struct tcp_sock *k, int name, int *v)
{
	const struct tcp_opts *o = &k->opt;

	switch (name) {
	case TCP_MAXSEG:
		*v = k->base == TCP_CONNECTED ?
			(o->maxseg ? o->maxseg : MSS_LOOPBACK) :
			(o->maxseg ? o->maxseg : MSS_FRESH);
		return 0;
	case TCP_LINGER2:
		*v = o->linger2;
		return 0;
	case TCP_DEFER_ACCEPT:
		*v = o->defer_accept;
		return 0;
	case TCP_QUICKACK:
		*v = o->quickack;
		return 0;
	case TCP_FASTOPEN:
		*v = o->fastopen;
		return 0;
	case TCP_FASTOPEN_CONNECT:
		*v = o->fastopen_connect;
		return 0;
	}
	return -ENOPROTOOPT;
}

long tcp_getsockopt(struct socket *s, int level, int name, uaddr_t val,
		    uaddr_t len_at)
{
	struct tcp_sock *k = tcp_sk(s);
	const struct number *n = number_find(name);
	struct tcp_info info;
	int v, bit;
	long err;

	if (level != IPPROTO_TCP)
		return inet_getsockopt(s, level, name, val, len_at);
	switch (name) {
	case TCP_INFO:
		fill_info(k, &info);
		return sockopt_put(val, len_at, &info, sizeof(info));
	case TCP_CONGESTION:
		return sockopt_put(val, len_at, k->opt.congestion,
				   sizeof(k->opt.congestion));
	}
	bit = flag_find(name);
	if (bit >= 0)
		v = load_once(&k->opt.flags) >> bit & 1;
	else if (n)
		v = *number_at(&k->opt, n);
	else if ((err = get_other(k, name, &v)))
		return err;
	return sockopt_put(val, len_at, &v, sizeof(v));
}
