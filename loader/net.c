/* SPDX-License-Identifier: Apache-2.0 */
/* net.c: how the rules are spelled of the network. */
#include "config.h"

#include "loader/net.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t v4_start[12] = { [10] = 0xff, [11] = 0xff };

static bool is_v4(const uint8_t ip[16])
{
	return !memcmp(ip, v4_start, sizeof(v4_start));
}

static int bad(const char *option, const char *arg, const char *why,
	       const char *like, struct err *e)
{
	return err_set(e, EXIT_SBX, "%s: %s: %s (one is like %s)", option, arg,
		       why, like);
}

/* Decimal digits alone, up to @max; moves *@at. */
static bool number(const char **at, unsigned long max, unsigned long *v)
{
	const char *s = *at;

	*v = 0;
	if (!isdigit((unsigned char)*s))
		return false;
	for (; isdigit((unsigned char)*s); s++) {
		*v = *v * 10 + (unsigned long)(*s - '0');
		if (*v > max)
			return false;
	}
	*at = s;
	return true;
}

static bool port_at(const char **at, unsigned long low, uint16_t *port)
{
	unsigned long v;

	if (!number(at, 65535, &v) || v < low)
		return false;
	*port = (uint16_t)v;
	return true;
}

/* "80", "80,443", "8000-8099,..."; false: it is not. */
static bool ports(struct net_rule *r, const char *s)
{
	do {
		struct net_ports p;

		if (!port_at(&s, 1, &p.low))
			return false;
		p.high = p.low;
		if (*s == '-') {
			s++;
			if (!port_at(&s, 1, &p.high) || p.high < p.low)
				return false;
		}
		r->ports = xrealloc(r->ports, (r->n_ports + 1) * sizeof(p));
		r->ports[r->n_ports++] = p;
	} while (*s++ == ',');
	return !s[-1];
}

/* An address without brackets; *@bits: how long it is. */
static bool address(const char *s, uint8_t ip[16], unsigned int *bits)
{
	memcpy(ip, v4_start, sizeof(v4_start));
	if (inet_pton(AF_INET, s, ip + 12) == 1) {
		*bits = 32;
		return true;
	}
	*bits = 128;
	if (inet_pton(AF_INET6, s, ip) != 1)
		return false;
	if (is_v4(ip))
		*bits = 32;
	return true;
}

static bool name_ok(const char *s)
{
	size_t label = 0, i;

	if (*s == '*') {
		if (!s[1])
			return true;
		if (s[1] != '.')
			return false;
		s += 2;
	}
	for (i = 0; s[i]; i++) {
		if (s[i] == '.') {
			if (!label)
				return false;
			label = 0;
			continue;
		}
		if (!isalnum((unsigned char)s[i]) && s[i] != '-' &&
		    s[i] != '_')
			return false;
		if (++label > 63)
			return false;
	}
	return label && i < 254;
}

static void lower(char *s)
{
	size_t n = strlen(s);

	if (n > 1 && s[n - 1] == '.')
		s[n - 1] = '\0';
	for (; *s; s++)
		*s = (char)tolower((unsigned char)*s);
}

/* "1.2.3.0/24", "::1", "host": into *r.  NULL, or what is wrong. */
static const char *place(struct net_rule *r, char *s)
{
	static const uint8_t zero[16];
	char *slash = strchr(s, '/');
	unsigned int bits;
	unsigned long len;
	const char *at;

	if (slash)
		*slash++ = '\0';
	if (!address(s, r->ip, &bits)) {
		size_t digits = strspn(s, "0123456789.");

		if (slash || strchr(s, ':') || !s[digits])
			return "not an address";
		lower(s);
		if (!name_ok(s))
			return "not a name of a host";
		r->name = xstrdup(s);
		return NULL;
	}
	len = bits;
	at = slash;
	if (slash && (!number(&at, bits, &len) || *at))
		return "the length of the prefix is wrong";
	r->prefix = (unsigned int)len + 128 - bits;
	for (unsigned int i = r->prefix; i < 128; i++)
		if (r->ip[i / 8] & (0x80 >> (i % 8)))
			return "the address has bits beyond the prefix";
	if (len && !memcmp(r->ip, zero, 16))
		return "not an address to connect to";
	if (net_class(r->ip) == NET_NOWHERE && len == bits)
		return "not an address to connect to";
	return NULL;
}

/*
 * Cut "host:ports", "[v6]:ports", "[v6/64]:ports", "[v6]/64:ports" or "v6" in
 * two.  *@tail: what stands after the colon, or NULL.  The place begins at
 * *@s.  NULL, or what is wrong.
 */
static const char *cut(char **s, char **tail)
{
	char *end, *colon;

	*tail = NULL;
	if (**s == '[') {
		end = strchr(*s, ']');
		if (!end)
			return "a ] is missing";
		colon = strchr(end, ':');
		if (colon)
			*colon = '\0';
		memmove(end, end + 1, strlen(end));
		++*s;
		if (*end && *end != '/')
			return "not an address";
		if (colon)
			*tail = colon + 1;
		return NULL;
	}
	colon = strchr(*s, ':');
	if (colon && !strchr(colon + 1, ':')) {
		*colon = '\0';
		*tail = colon + 1;
	}
	return NULL;
}

static unsigned int scheme(char **s)
{
	if (!strncmp(*s, "tcp://", 6)) {
		*s += 6;
		return NET_TCP;
	}
	if (!strncmp(*s, "udp://", 6)) {
		*s += 6;
		return NET_UDP;
	}
	return NET_TCP | NET_UDP;
}

static void add_rule(struct net_rule **list, size_t *n,
		     const struct net_rule *r)
{
	*list = xrealloc(*list, (*n + 1) * sizeof(**list));
	(*list)[(*n)++] = *r;
}

static void add_localhost(struct net_policy *n, struct net_rule *r)
{
	r->name = NULL;
	r->prefix = 128;
	(void)inet_pton(AF_INET6, "::ffff:127.0.0.1", r->ip);
	add_rule(&n->rules, &n->n_rules, r);
	(void)inet_pton(AF_INET6, "::1", r->ip);
	add_rule(&n->rules, &n->n_rules, r);
}

int net_allow(struct net_policy *n, const char *option, const char *arg,
	      struct err *e)
{
	struct net_rule r = { .text = xstrdup(arg) };
	char *copy = xstrdup(arg), *s = copy, *tail;
	const char *why;
	bool local;

	r.proto = scheme(&s);
	why = strstr(s, "://") ? "only tcp:// and udp:// can be granted" :
		cut(&s, &tail);
	if (!why)
		why = *s ? place(&r, s) : "the host is missing";
	if (!why && tail && !ports(&r, tail))
		why = "the ports are wrong: N, N-M, or a list with commas";
	local = r.name && !strcmp(r.name, "localhost");
	if (!why && !r.n_ports &&
	    (local || (!r.name && net_class(r.ip) == NET_LOOPBACK)))
		why = "of the host's own loopback ports must be named";
	free(copy);
	if (why)
		return bad(option, arg, why, "tcp://example.com:443", e);
	if (local)
		add_localhost(n, &r);
	else
		add_rule(&n->rules, &n->n_rules, &r);
	return 0;
}

int net_allow_bind(struct net_policy *n, const char *option, const char *arg,
		   struct err *e)
{
	struct net_rule r = { .text = xstrdup(arg) };
	char *copy = xstrdup(arg), *s = copy;
	bool good;

	r.proto = scheme(&s);
	good = ports(&r, s);
	free(copy);
	if (!good)
		return bad(option, arg, "not a port", "tcp://8080 or "
			   "5000-5099,6000", e);
	add_rule(&n->binds, &n->n_binds, &r);
	return 0;
}

/* "8080:80" or "80", maybe with an address and a colon before. */
static const char *publication(struct net_publish *p, char *s)
{
	char *last = strrchr(s, ':'), *before;
	unsigned int bits;
	const char *at;

	at = last ? last + 1 : s;
	if (!port_at(&at, 1, &p->guest) || *at)
		return "not a port of the guest";
	memcpy(p->host.ip, v4_start, sizeof(v4_start));
	if (!last)
		return NULL;
	*last = '\0';
	before = *s == '[' ? strchr(s, ']') : s;
	if (!before)
		return "a ] is missing";
	before = strrchr(before, ':');
	at = before ? before + 1 : s;
	if (*at && (!port_at(&at, 0, &p->host.port) || *at))
		return "not a port of the host";
	if (!before)
		return NULL;
	*before = '\0';
	if (*s == '[') {
		s++;
		if (s[strlen(s) - 1] != ']')
			return "not an address";
		s[strlen(s) - 1] = '\0';
	}
	return address(s, p->host.ip, &bits) ? NULL : "not an address";
}

int net_publish(struct net_policy *n, const char *option, const char *arg,
		struct err *e)
{
	struct net_publish p = { .text = xstrdup(arg), .proto = NET_TCP };
	char *copy = xstrdup(arg), *slash = strchr(copy, '/');
	const char *why = NULL;

	if (slash) {
		*slash++ = '\0';
		if (!strcmp(slash, "udp"))
			p.proto = NET_UDP;
		else if (strcmp(slash, "tcp") != 0)
			why = "neither /tcp nor /udp";
	}
	if (!why)
		why = publication(&p, copy);
	free(copy);
	if (why)
		return bad(option, arg, why, "127.0.0.1:8080:80", e);
	n->publishes = xrealloc(n->publishes,
				(n->n_publishes + 1) * sizeof(p));
	n->publishes[n->n_publishes++] = p;
	return 0;
}

int net_server(struct net_policy *n, const char *option, const char *arg,
	       struct err *e)
{
	char *copy = xstrdup(arg), *s = copy, *tail = NULL;
	struct broker_addr a = { .port = BROKER_RESOLVER_PORT };
	const char *why = cut(&s, &tail), *at;
	unsigned int bits;

	if (!why && !address(s, a.ip, &bits))
		why = "not an address";
	at = tail;
	if (!why && tail && (!port_at(&at, 1, &a.port) || *at))
		why = "not a port";
	if (!why && n->n_servers == NET_SERVERS_MAX)
		why = "there are three already";
	free(copy);
	if (why)
		return bad(option, arg, why, "192.0.2.53", e);
	n->servers[n->n_servers++] = a;
	return 0;
}

int net_mode(struct net_policy *n, const char *option, const char *arg,
	     struct err *e)
{
	static const char *const words[] = {
		[NET_NONE] = "none", [NET_HOST] = "host",
		[NET_FILTER] = "filter",
	};

	for (unsigned int i = 0; i < 3; i++) {
		if (strcmp(arg, words[i]) != 0)
			continue;
		if (n->mode_given && n->mode != i)
			return err_set(e, EXIT_SBX, "%s: both %s and %s are "
				       "asked for", option, words[n->mode],
				       arg);
		n->mode = i;
		n->mode_given = true;
		return 0;
	}
	return err_set(e, EXIT_SBX, "%s: %s: neither none, host nor filter",
		       option, arg);
}

/* Those of the host, for names; none is no error. */
static void host_servers(struct net_policy *n)
{
	FILE *f = fopen("/etc/resolv.conf", "re");
	char line[512], word[64];

	if (!f)
		return;
	while (n->n_servers < NET_SERVERS_MAX &&
	       fgets(line, sizeof(line), f)) {
		struct broker_addr a = { .port = BROKER_RESOLVER_PORT };
		unsigned int bits;

		if (sscanf(line, "nameserver %63s", word) == 1 &&
		    address(word, a.ip, &bits))
			n->servers[n->n_servers++] = a;
	}
	fclose(f);
}

int net_settle(struct net_policy *n, struct err *e)
{
	bool any = n->n_rules || n->n_binds || n->n_publishes;

	if (n->mode_given && n->mode == NET_NONE && any)
		return err_set(e, EXIT_SBX, "--net none: what is granted or "
			       "published needs --net filter");
	if (!n->mode_given && any)
		n->mode = NET_FILTER;
	if (n->n_servers && n->mode == NET_NONE)
		return err_set(e, EXIT_SBX, "--dns: no name is granted "
			       "(--allow-net)");
	if (!n->n_servers && n->mode == NET_FILTER && net_names(n))
		host_servers(n);
	return 0;
}
