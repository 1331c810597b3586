/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rtnetlink.c: questions of NETLINK_ROUTE; rtnetlink(7).
 *
 * There is one interface, lo, with 127.0.0.1 and ::1, and the routes to them.
 * Nothing of it can be changed.
 */
#include <linux/errno.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include "emul/lib/string.h"
#include "emul/net/netlink.h"

#define IFINDEX_LO	1
#define ARPHRD_LOOPBACK	772
#define FLAGS_LO	0x10049u	/* UP LOOPBACK RUNNING LOWER_UP */
#define MTU_LO		65536
#define QUEUE_LO	1000

static const uint8_t lo4[4] = { 127, 0, 0, 1 };
static const uint8_t lo6[16] = { [15] = 1 };

static void put_link(struct nl_reply *r)
{
	static const uint8_t mac[6];
	static const char qdisc[] = "noqueue";
	struct rtnl_link_stats64 stats64;
	struct rtnl_link_stats stats;
	struct ifinfomsg *i = nl_begin(r, RTM_NEWLINK, sizeof(*i));
	uint8_t zero = 0, one = 1;

	i->ifi_type = ARPHRD_LOOPBACK;
	i->ifi_index = IFINDEX_LO;
	i->ifi_flags = FLAGS_LO;
	memset(&stats, 0, sizeof(stats));
	memset(&stats64, 0, sizeof(stats64));
	nl_attr(r, IFLA_IFNAME, "lo", sizeof("lo"));
	nl_attr_u32(r, IFLA_TXQLEN, QUEUE_LO);
	nl_attr(r, IFLA_OPERSTATE, &zero, 1);
	nl_attr(r, IFLA_LINKMODE, &zero, 1);
	nl_attr_u32(r, IFLA_MTU, MTU_LO);
	nl_attr_u32(r, IFLA_MIN_MTU, 0);
	nl_attr_u32(r, IFLA_MAX_MTU, 0);
	nl_attr_u32(r, IFLA_GROUP, 0);
	nl_attr_u32(r, IFLA_PROMISCUITY, 0);
	nl_attr_u32(r, IFLA_NUM_TX_QUEUES, 1);
	nl_attr_u32(r, IFLA_NUM_RX_QUEUES, 1);
	nl_attr(r, IFLA_CARRIER, &one, 1);
	nl_attr(r, IFLA_QDISC, qdisc, sizeof(qdisc));
	nl_attr_u32(r, IFLA_CARRIER_CHANGES, 0);
	nl_attr(r, IFLA_ADDRESS, mac, sizeof(mac));
	nl_attr(r, IFLA_BROADCAST, mac, sizeof(mac));
	nl_attr(r, IFLA_STATS64, &stats64, sizeof(stats64));
	nl_attr(r, IFLA_STATS, &stats, sizeof(stats));
	nl_end(r);
}

static void put_addr(struct nl_reply *r, uint8_t family)
{
	struct ifa_cacheinfo c = { UINT32_MAX, UINT32_MAX, 0, 0 };
	struct ifaddrmsg *a = nl_begin(r, RTM_NEWADDR, sizeof(*a));

	a->ifa_family = family;
	a->ifa_prefixlen = family == AF_INET ? 8 : 128;
	a->ifa_flags = IFA_F_PERMANENT;
	a->ifa_scope = RT_SCOPE_HOST;
	a->ifa_index = IFINDEX_LO;
	if (family == AF_INET) {
		nl_attr(r, IFA_ADDRESS, lo4, sizeof(lo4));
		nl_attr(r, IFA_LOCAL, lo4, sizeof(lo4));
		nl_attr(r, IFA_LABEL, "lo", sizeof("lo"));
	} else {
		nl_attr(r, IFA_ADDRESS, lo6, sizeof(lo6));
	}
	nl_attr_u32(r, IFA_FLAGS, IFA_F_PERMANENT);
	nl_attr(r, IFA_CACHEINFO, &c, sizeof(c));
	nl_end(r);
}

static void put_route(struct nl_reply *r, uint8_t family, const uint8_t *dst,
		      uint8_t bits, uint8_t type)
{
	struct rtmsg *m = nl_begin(r, RTM_NEWROUTE, sizeof(*m));
	size_t n = family == AF_INET ? sizeof(lo4) : sizeof(lo6);

	m->rtm_family = family;
	m->rtm_dst_len = bits;
	m->rtm_table = RT_TABLE_LOCAL;
	m->rtm_protocol = RTPROT_KERNEL;
	m->rtm_scope = family == AF_INET6 ? RT_SCOPE_UNIVERSE :
		type == RTN_BROADCAST ? RT_SCOPE_LINK : RT_SCOPE_HOST;
	m->rtm_type = type;
	nl_attr_u32(r, RTA_TABLE, RT_TABLE_LOCAL);
	nl_attr(r, RTA_DST, dst, n);
	if (family == AF_INET)
		nl_attr(r, RTA_PREFSRC, lo4, sizeof(lo4));
	nl_attr_u32(r, RTA_OIF, IFINDEX_LO);
	nl_end(r);
}

static void put_routes(struct nl_reply *r, uint8_t family)
{
	static const uint8_t net[4] = { 127 }, cast[4] = { 127, 255, 255, 255 };

	if (family != AF_INET6) {
		put_route(r, AF_INET, net, 8, RTN_LOCAL);
		put_route(r, AF_INET, lo4, 32, RTN_LOCAL);
		put_route(r, AF_INET, cast, 32, RTN_BROADCAST);
	}
	if (family != AF_INET)
		put_route(r, AF_INET6, lo6, 128, RTN_LOCAL);
}

/* The three rules that every Linux begins with. */
static void put_rules(struct nl_reply *r, uint8_t family)
{
	static const struct {
		uint32_t priority;
		uint8_t table;
	} rules[] = {
		{ 0, RT_TABLE_LOCAL }, { 32766, RT_TABLE_MAIN },
		{ 32767, RT_TABLE_DEFAULT },
	};

	if (family != AF_INET6)
		family = AF_INET;
	for (unsigned int i = 0; i < ARRAY_SIZE(rules); i++) {
		struct fib_rule_hdr *h;

		if (family == AF_INET6 && rules[i].table == RT_TABLE_DEFAULT)
			break;
		h = nl_begin(r, RTM_NEWRULE, sizeof(*h));
		h->family = family;
		h->table = rules[i].table;
		h->action = FR_ACT_TO_TBL;
		nl_attr_u32(r, FRA_TABLE, rules[i].table);
		nl_attr_u32(r, FRA_PRIORITY, rules[i].priority);
		nl_end(r);
	}
}

/* The attribute @type of a request, after its @skip bytes; NULL: none. */
static const void *find_attr(const char *p, uint32_t n, size_t skip,
			     uint16_t type, uint16_t *len)
{
	struct nlattr a;
	size_t at = NLMSG_ALIGN(skip);

	while (at + sizeof(a) <= n) {
		memcpy(&a, p + at, sizeof(a));
		if (a.nla_len < sizeof(a) || a.nla_len > n - at)
			break;
		if ((a.nla_type & NLA_TYPE_MASK) == type) {
			*len = (uint16_t)(a.nla_len - sizeof(a));
			return p + at + sizeof(a);
		}
		at += NLMSG_ALIGN((size_t)a.nla_len);
	}
	return NULL;
}

/* One interface, by its number or its name. */
static int get_link(struct nl_reply *r, const char *payload, uint32_t n)
{
	struct ifinfomsg i;
	const char *name;
	uint16_t len = 0;

	if (n < sizeof(i))
		return -EINVAL;
	memcpy(&i, payload, sizeof(i));
	name = find_attr(payload, n, sizeof(i), IFLA_IFNAME, &len);
	if (i.ifi_index > 0) {
		if (i.ifi_index != IFINDEX_LO)
			return -ENODEV;
	} else if (!name) {
		return -EINVAL;
	} else if (len < 2 || memcmp(name, "lo", 2) || (len > 2 && name[2])) {
		return -ENODEV;
	}
	put_link(r);
	return 0;
}

/* The way to one address. */
static int get_route(struct nl_reply *r, const char *payload, uint32_t n)
{
	struct rtmsg q, *m;
	const uint8_t *dst;
	uint16_t len = 0;
	bool v4;

	if (n < sizeof(q))
		return -EINVAL;
	memcpy(&q, payload, sizeof(q));
	v4 = q.rtm_family == AF_INET;
	dst = find_attr(payload, n, sizeof(q), RTA_DST, &len);
	if (!v4 && q.rtm_family != AF_INET6)
		return -EOPNOTSUPP;
	if (!dst || len != (v4 ? sizeof(lo4) : sizeof(lo6)))
		return -EINVAL;
	if (v4 ? dst[0] != 127 : memcmp(dst, lo6, sizeof(lo6)) != 0)
		return -ENETUNREACH;
	m = nl_begin(r, RTM_NEWROUTE, sizeof(*m));
	m->rtm_family = q.rtm_family;
	m->rtm_dst_len = v4 ? 32 : 128;
	m->rtm_table = RT_TABLE_LOCAL;
	m->rtm_type = RTN_LOCAL;
	m->rtm_flags = RTM_F_CLONED;
	nl_attr_u32(r, RTA_TABLE, RT_TABLE_LOCAL);
	nl_attr(r, RTA_DST, dst, len);
	nl_attr_u32(r, RTA_OIF, IFINDEX_LO);
	nl_attr(r, RTA_PREFSRC, v4 ? lo4 : lo6, len);
	nl_end(r);
	return 0;
}

static int dump(struct nl_reply *r, uint16_t type, uint8_t family)
{
	switch (type) {
	case RTM_GETLINK:
		put_link(r);
		return 0;
	case RTM_GETADDR:
		if (family != AF_INET6)
			put_addr(r, AF_INET);
		if (family != AF_INET)
			put_addr(r, AF_INET6);
		return 0;
	case RTM_GETROUTE:
		put_routes(r, family);
		return 0;
	case RTM_GETRULE:
		put_rules(r, family);
		return 0;
	case RTM_GETNEIGH:
	case RTM_GETNEIGHTBL:
	case RTM_GETQDISC:
	case RTM_GETNETCONF:
		return 0;
	}
	return -EOPNOTSUPP;
}

int rtnetlink_answer(struct nl_reply *r, const struct nlmsghdr *h,
		     const void *payload, uint32_t n)
{
	uint8_t family = n ? *(const uint8_t *)payload : 0;

	if (h->nlmsg_type < RTM_BASE || h->nlmsg_type > RTM_MAX)
		return -EOPNOTSUPP;
	/* Of four in a row the third asks, the others change something. */
	if ((h->nlmsg_type - RTM_BASE) % 4 != 2)
		return -EPERM;
	if ((h->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP)
		return dump(r, h->nlmsg_type, family);
	switch (h->nlmsg_type) {
	case RTM_GETLINK:
		return get_link(r, payload, n);
	case RTM_GETROUTE:
		return get_route(r, payload, n);
	}
	return -EOPNOTSUPP;
}
