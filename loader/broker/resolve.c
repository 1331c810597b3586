/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resolve.c: names, for the sandbox, as far as the policy grants them.
 *
 * The sandbox has one end of a pair and writes queries of DNS (RFC 1035) to
 * it.  A query for a name that is granted is made anew from its question and
 * sent to a server, from a socket of its own; any other is answered here: no
 * such name.  An answer is passed on if all addresses in it may be granted,
 * and then they are: what the sandbox was told is what it may connect to, and
 * nobody asks a second time.
 *
 * Nothing here waits.  Queries that get no answer are forgotten when their
 * place is needed; who asked asks again, and another server then.  Where it is
 * known that a server does not answer, the next one is asked at once.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "loader/broker/net.h"

#define PAIRS		256u
#define QUERIES		64u
#define ASKERS		16u	/* of one query */
#define MERGE_MS	1000	/* so long do others join it */
#define QUERY_MS	10000	/* for so long is an answer waited for */
#define RETRY_MS	5000	/* the same question again: another server */

#define HEAD		12u	/* bytes of the header */
#define QUESTION_MAX	260u	/* a name, its type and class */
#define ASK_MAX		(2u + HEAD + QUESTION_MAX + 11u)
#define ANSWER_MAX	65535u
#define UDP_SIZE	1232u	/* what we take of an answer, as EDNS says */

#define TYPE_A		1u
#define TYPE_AAAA	28u
#define TYPE_OPT	41u
#define SERVFAIL	2u
#define NXDOMAIN	3u
#define NOTIMP		4u

struct pair {
	int fd;			/* -1: free */
	int type;
	uint32_t used;		/* generation: of queries that are for it */
	size_t have;		/* of a stream: bytes of the next query */
	uint8_t in[2 + 512];
};

/* Who asked it, and how. */
struct asker {
	unsigned int pair;
	uint32_t used;		/* of the pair */
	uint16_t id;		/* the guest's */
	uint8_t question[QUESTION_MAX];
};

/*
 * The same question is sent once, whoever asks it: the more of them there
 * were on the way, the easier an answer would be forged.
 */
struct query {
	int fd;			/* -1: free */
	int64_t at_ms;
	struct asker who[ASKERS];
	unsigned int n_who;
	size_t server, tries;	/* the first that was asked; how many were */
	uint8_t ask[ASK_MAX];	/* length, then what is sent */
	size_t ask_len;		/* without the two bytes */
	size_t question;	/* bytes of it, from HEAD on */
	char name[256];
	bool stream, sent;
	size_t have;		/* of a stream: bytes of the answer */
	uint8_t *in;
};

struct resolver {
	struct pair pair[PAIRS];
	struct query query[QUERIES];
	uint64_t random;
};

static unsigned int get16(const uint8_t *p)
{
	return (unsigned int)p[0] << 8 | p[1];
}

static void put16(uint8_t *p, unsigned int v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int resolver_init(struct monitor *m)
{
	struct resolver *r = calloc(1, sizeof(*r));

	if (!r)
		return -ENOMEM;
	for (unsigned int i = 0; i < PAIRS; i++)
		r->pair[i].fd = -1;
	for (unsigned int i = 0; i < QUERIES; i++)
		r->query[i].fd = -1;
	m->net->resolver = r;
	return 0;
}

static int watch(struct monitor *m, int fd, uint32_t tag, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.u32 = NET_TAG + tag };

	return epoll_ctl(m->epoll_fd, EPOLL_CTL_ADD, fd, &ev) ? -errno : 0;
}

static void end_query(struct query *q)
{
	if (q->fd >= 0)
		close(q->fd);
	free(q->in);
	q->in = NULL;
	q->fd = -1;
}

static void end_pair(struct pair *p)
{
	close(p->fd);
	p->fd = -1;
	p->used++;
}

int resolver_connect(struct call *c, int type)
{
	struct resolver *r = c->m->net->resolver;
	struct broker_names *names = (void *)c->body;
	unsigned int i;
	int fd[2], ret;

	for (i = 0; i < PAIRS && r->pair[i].fd >= 0; i++)
		;
	if (i == PAIRS)
		return -ENOBUFS;
	if (syscall(SYS_socketpair, AF_UNIX,
		    type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fd))
		return -errno;
	ret = watch(c->m, fd[0], i, EPOLLIN);
	if (ret) {
		close(fd[0]);
		close(fd[1]);
		return ret;
	}
	r->pair[i].fd = fd[0];
	r->pair[i].type = type;
	r->pair[i].have = 0;
	memset(names, 0, sizeof(*names));
	memcpy(&names->peer, c->s1, sizeof(names->peer));
	c->rep.len = sizeof(*names);
	c->fd_out = fd[1];
	return 0;
}

/* A whole message to the guest; what it does not take is lost. */
static void to_guest(struct pair *p, const uint8_t *msg, size_t n)
{
	uint8_t len[2];
	struct iovec iov[2] = { { len, 2 }, { (void *)(uintptr_t)msg, n } };
	struct msghdr h = { .msg_iov = iov, .msg_iovlen = 2 };
	ssize_t sent;

	put16(len, (unsigned int)n);
	if (p->type != SOCK_STREAM) {
		h.msg_iov++;
		h.msg_iovlen--;
	}
	sent = sendmsg(p->fd, &h, MSG_NOSIGNAL | MSG_DONTWAIT);
	/* Half a message would make all that follows nonsense. */
	if (p->type == SOCK_STREAM && sent != (ssize_t)n + 2)
		end_pair(p);
}

/* An answer of our own to the query @ask: no records, @rcode. */
static void answer(struct pair *p, const uint8_t *ask, size_t question,
		   unsigned int rcode)
{
	uint8_t msg[HEAD + QUESTION_MAX];

	memcpy(msg, ask, HEAD + question);
	msg[2] = (uint8_t)(0x80 | (ask[2] & 0x79));	/* an answer */
	msg[3] = (uint8_t)(0x80 | rcode);
	put16(msg + 4, question ? 1 : 0);
	memset(msg + 6, 0, 6);
	to_guest(p, msg, HEAD + question);
}

/*
 * The name at msg[HEAD] in lower case, with dots, into @name[256]: empty if it
 * is none that we would ask.  The size of the whole question, 0: malformed.
 */
static size_t question(const uint8_t *msg, size_t n, char *name)
{
	static const char good[] = "abcdefghijklmnopqrstuvwxyz0123456789-_";
	size_t at = HEAD, out = 0;
	bool fine = true;

	while (at < n && msg[at]) {
		size_t len = msg[at++];

		if (len > 63 || at + len >= n || out + len + 1 > 254)
			return 0;
		if (out)
			name[out++] = '.';
		for (; len; len--, at++) {
			int ch = msg[at];

			if (ch >= 'A' && ch <= 'Z')
				ch += 'a' - 'A';
			fine = fine && ch && strchr(good, ch);
			name[out++] = (char)ch;
		}
	}
	name[fine ? out : 0] = '\0';
	at += 5;		/* the last byte of the name, type, class */
	return at <= n ? at - HEAD : 0;
}

static bool name_granted(const struct net *n, const char *name)
{
	if (!*name)
		return false;
	if (n->policy->mode == NET_HOST)
		return true;
	for (size_t i = 0; i < n->policy->n_rules; i++)
		if (net_name_matches(&n->policy->rules[i], name))
			return true;
	return false;
}

/* A place for a query: one that is free, or has waited for too long. */
static struct query *new_query(struct resolver *r, int64_t now)
{
	for (unsigned int i = 0; i < QUERIES; i++) {
		struct query *q = &r->query[i];

		if (q->fd < 0)
			return q;
		if (now - q->at_ms > QUERY_MS) {
			end_query(q);
			return q;
		}
	}
	return NULL;
}

/* How often was this asked lately?  Then another server may know. */
static size_t asked(const struct resolver *r, const struct query *q)
{
	size_t n = 0;

	for (unsigned int i = 0; i < QUERIES; i++) {
		const struct query *o = &r->query[i];

		if (o != q && o->fd >= 0 && q->at_ms - o->at_ms < 2 * RETRY_MS &&
		    o->question == q->question &&
		    !memcmp(o->ask + 2 + HEAD, q->ask + 2 + HEAD, q->question))
			n++;
	}
	return n;
}

/* What is sent: the question alone, and how large the answer may be. */
static void make_ask(struct resolver *r, struct query *q, const uint8_t *msg,
		     size_t size)
{
	uint8_t *a = q->ask + 2;
	size_t n = HEAD + q->question;

	if (getrandom(&r->random, sizeof(r->random), GRND_NONBLOCK) < 0)
		r->random = r->random * 6364136223846793005ULL + 1442695040888963407ULL;
	memset(a, 0, HEAD);
	put16(a, (unsigned int)(r->random >> 48));
	a[2] = 1;			/* recursion is desired */
	a[3] = msg[3] & 0x30;		/* AD, CD */
	put16(a + 4, 1);
	memcpy(a + HEAD, msg + HEAD, q->question);
	if (size > n + 10 && get16(msg + 10) == 1 && !msg[n] &&
	    get16(msg + n + 1) == TYPE_OPT) {
		put16(a + 10, 1);
		memset(a + n, 0, 11);
		put16(a + n + 1, TYPE_OPT);
		put16(a + n + 3, UDP_SIZE);
		a[n + 7] = msg[n + 7] & 0x80;	/* DO */
		n += 11;
	}
	q->ask_len = n;
	put16(q->ask, (unsigned int)n);
}

/* What both would send, but for the case of letters in the name. */
static bool same_query(const struct query *a, const struct query *b)
{
	const uint8_t *x = a->ask + 2, *y = b->ask + 2;
	size_t type = HEAD + a->question - 4;

	return a->fd >= 0 && a->stream == b->stream &&
		a->ask_len == b->ask_len && a->question == b->question &&
		!strcmp(a->name, b->name) && !memcmp(x + 2, y + 2, HEAD - 2) &&
		!memcmp(x + type, y + type, a->ask_len - type);
}

/* It was asked just now: @q's asker joins.  False: it was not. */
static bool join(struct resolver *r, const struct query *q, bool *full)
{
	for (unsigned int i = 0; i < QUERIES; i++) {
		struct query *o = &r->query[i];

		if (o == q || !same_query(o, q) ||
		    q->at_ms - o->at_ms > MERGE_MS)
			continue;
		*full = o->n_who == ASKERS;
		if (!*full)
			o->who[o->n_who++] = q->who[0];
		return true;
	}
	return false;
}

/* To the server whose turn it is. */
static int send_ask(struct monitor *m, struct query *q)
{
	struct resolver *r = m->net->resolver;
	const struct net_policy *policy = m->net->policy;
	const struct broker_addr *server =
		&policy->servers[(q->server + q->tries) % policy->n_servers];
	union net_name host;
	int ret, fd;

	q->tries++;
	q->sent = false;
	q->have = 0;
	net_to_host(&host, server);
	fd = (int)syscall(SYS_socket, host.any.sa_family,
			  (q->stream ? SOCK_STREAM : SOCK_DGRAM) |
			  SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	q->fd = fd;
	ret = net_connect(fd, server);
	if (ret >= 0 && !q->stream &&
	    send(fd, q->ask + 2, q->ask_len, MSG_NOSIGNAL) < 0)
		ret = -errno;
	if (ret >= 0)
		ret = watch(m, fd, PAIRS + (uint32_t)(q - r->query),
			    q->stream ? EPOLLOUT : EPOLLIN);
	return ret < 0 ? ret : 0;
}

/*
 * To all who asked and wait still: @msg, which is @n bytes, or a failure.
 * True: there was somebody.
 */
static bool tell(struct monitor *m, struct query *q, uint8_t *msg, size_t n)
{
	uint8_t *ask = q->ask + 2;
	bool any = false;

	for (unsigned int i = 0; i < q->n_who; i++) {
		const struct asker *w = &q->who[i];
		struct pair *p = &m->net->resolver->pair[w->pair];
		uint8_t *to = msg ? msg : ask;

		if (p->fd < 0 || p->used != w->used)
			continue;
		any = true;
		put16(to, w->id);
		memcpy(to + HEAD, w->question, q->question);
		if (msg)
			to_guest(p, msg, n);
		else
			answer(p, ask, q->question, SERVFAIL);
	}
	return any;
}

/* The server asked last is none: ask the next, or tell that all failed. */
static void try_next(struct monitor *m, struct query *q)
{
	do {
		end_query(q);
		if (q->tries >= m->net->policy->n_servers) {
			(void)tell(m, q, NULL, 0);
			return;
		}
	} while (send_ask(m, q) < 0);
}

static void take_query(struct monitor *m, unsigned int nr, const uint8_t *msg,
		       size_t n)
{
	struct resolver *r = m->net->resolver;
	const struct net_policy *policy = m->net->policy;
	struct pair *p = &r->pair[nr];
	bool full = false;
	char name[256];
	struct query *q;
	size_t size;

	/* A plain query with one question, or no answer at all. */
	if (n >= HEAD && (msg[2] & 0xf8) && !(msg[2] & 0x80))
		answer(p, msg, 0, NOTIMP);
	if (n < HEAD || (msg[2] & 0xf8) || get16(msg + 4) != 1 ||
	    get16(msg + 6) || get16(msg + 8) || get16(msg + 10) > 1)
		return;
	size = question(msg, n, name);
	if (size > QUESTION_MAX)
		size = 0;
	if (!size || !name_granted(m->net, name)) {
		answer(p, msg, size, NXDOMAIN);
		return;
	}
	q = policy->n_servers ? new_query(r, now_ms()) : NULL;
	if (!q) {
		answer(p, msg, size, SERVFAIL);
		return;
	}
	*q = (struct query){ .fd = -1, .at_ms = now_ms(), .question = size,
			     .n_who = 1,
			     .stream = p->type == SOCK_STREAM };
	q->who[0] = (struct asker){ .pair = nr, .used = p->used,
				    .id = (uint16_t)get16(msg) };
	memcpy(q->who[0].question, msg + HEAD, size);
	memcpy(q->name, name, sizeof(name));
	make_ask(r, q, msg, n);
	if (join(r, q, &full)) {
		if (full)
			answer(p, msg, size, SERVFAIL);
		return;
	}
	q->server = asked(r, q);
	if (send_ask(m, q) < 0)
		try_next(m, q);
}

static void pair_stream(struct monitor *m, unsigned int nr)
{
	struct pair *p = &m->net->resolver->pair[nr];
	ssize_t n = recv(p->fd, p->in + p->have, sizeof(p->in) - p->have, 0);
	size_t len;

	if (n <= 0) {
		if (!n || errno != EAGAIN)
			end_pair(p);
		return;
	}
	p->have += (size_t)n;
	while (p->fd >= 0 && p->have >= 2) {
		len = get16(p->in) + 2;
		if (len > sizeof(p->in)) {
			end_pair(p);
			return;
		}
		if (p->have < len)
			return;
		take_query(m, nr, p->in + 2, len - 2);
		memmove(p->in, p->in + len, p->have - len);
		p->have -= len;
	}
}

static void pair_event(struct monitor *m, unsigned int nr)
{
	struct pair *p = &m->net->resolver->pair[nr];
	uint8_t msg[2048];
	ssize_t n;

	if (p->fd < 0)
		return;
	if (p->type == SOCK_STREAM) {
		pair_stream(m, nr);
		return;
	}
	n = recv(p->fd, msg, sizeof(msg), 0);
	if (n > 0)
		take_query(m, nr, msg, (size_t)n);
	else if (!n || errno != EAGAIN)
		end_pair(p);	/* an empty packet is no query either */
}

/*
 * Answers.
 */

/* Past a name, compressed or not; 0: it is malformed. */
static size_t skip_name(const uint8_t *msg, size_t n, size_t at)
{
	while (at < n) {
		if (!msg[at])
			return at + 1;
		if (msg[at] >= 0xc0)
			return at + 2;
		if (msg[at] > 63)
			return 0;
		at += msg[at] + 1u;
	}
	return 0;
}

static void learn(struct net *n, const char *name, const uint8_t ip[16])
{
	uint64_t have = n->n_learned < NET_LEARNED_MAX ? n->n_learned :
		NET_LEARNED_MAX;

	for (size_t i = 0; i < n->policy->n_rules; i++) {
		uint64_t k = 0;

		if (!net_name_matches(&n->policy->rules[i], name))
			continue;
		while (k < have && (n->learned[k].rule != i ||
				    memcmp(n->learned[k].ip, ip, 16) != 0))
			k++;
		if (k < have)
			continue;
		k = n->n_learned++ % NET_LEARNED_MAX;
		n->learned[k].rule = (uint32_t)i;
		memcpy(n->learned[k].ip, ip, 16);
	}
}

/*
 * Go through the records of the answer: with @name learn the addresses, else
 * only look whether all are well formed and may be granted.
 */
static bool addresses(struct net *net, const uint8_t *msg, size_t n,
		      size_t at, const char *name)
{
	for (unsigned int left = get16(msg + 6); left; left--) {
		uint8_t ip[16] = { [10] = 0xff, [11] = 0xff };
		unsigned int type, len;

		at = skip_name(msg, n, at);
		if (!at || at + 10 > n)
			return false;
		type = get16(msg + at);
		len = get16(msg + at + 8);
		at += 10;
		if (len > n - at)
			return false;
		if (type == TYPE_A && len == 4)
			memcpy(ip + 12, msg + at, 4);
		else if (type == TYPE_AAAA && len == 16)
			memcpy(ip, msg + at, 16);
		at += len;
		if (type != TYPE_A && type != TYPE_AAAA)
			continue;
		if (len != 4 && len != 16)
			return false;
		if (name)
			learn(net, name, ip);
		else if (net->policy->mode != NET_HOST &&
			 net_class(ip) != NET_PLAIN)
			return false;
	}
	return true;
}

/* False: it is not the answer to this query. */
static bool take_answer(struct monitor *m, struct query *q, uint8_t *msg,
			size_t n)
{
	const uint8_t *ask = q->ask + 2;
	bool good;

	if (n < HEAD + q->question || get16(msg) != get16(ask) ||
	    !(msg[2] & 0x80) || get16(msg + 4) != 1 ||
	    memcmp(msg + HEAD, ask + HEAD, q->question) != 0)
		return false;
	good = addresses(m->net, msg, n, HEAD + q->question, NULL);
	if (tell(m, q, good ? msg : NULL, n) && good)
		addresses(m->net, msg, n, HEAD + q->question, q->name);
	return true;
}

static void query_stream(struct monitor *m, struct query *q, unsigned int nr)
{
	struct epoll_event ev = { .events = EPOLLIN,
				  .data.u32 = NET_TAG + PAIRS + nr };
	ssize_t n;

	if (!q->sent) {
		q->sent = true;
		q->in = malloc(2 + ANSWER_MAX);
		if (!q->in ||
		    send(q->fd, q->ask, 2 + q->ask_len, MSG_NOSIGNAL) !=
		    (ssize_t)(2 + q->ask_len) ||
		    epoll_ctl(m->epoll_fd, EPOLL_CTL_MOD, q->fd, &ev))
			try_next(m, q);
		return;
	}
	n = recv(q->fd, q->in + q->have, 2 + ANSWER_MAX - q->have, 0);
	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		try_next(m, q);
		return;
	}
	q->have += (size_t)n;
	if (q->have < 2 || q->have < 2 + get16(q->in))
		return;
	take_answer(m, q, q->in + 2, get16(q->in));
	end_query(q);
}

static void query_event(struct monitor *m, unsigned int nr)
{
	static uint8_t msg[ANSWER_MAX];
	struct query *q = &m->net->resolver->query[nr];
	ssize_t n;

	if (q->fd < 0)
		return;
	if (q->stream) {
		query_stream(m, q, nr);
		return;
	}
	n = recv(q->fd, msg, sizeof(msg), 0);
	if (n < 0 && errno == EAGAIN)
		return;
	if (n < 0)
		try_next(m, q);		/* nobody listens there */
	else if (take_answer(m, q, msg, (size_t)n))
		end_query(q);
}

void resolver_event(struct monitor *m, uint32_t tag, uint32_t events)
{
	(void)events;
	if (!m->net || !m->net->resolver || tag < NET_TAG)
		return;
	tag -= NET_TAG;
	if (tag < PAIRS)
		pair_event(m, tag);
	else if (tag < PAIRS + QUERIES)
		query_event(m, tag - PAIRS);
}
