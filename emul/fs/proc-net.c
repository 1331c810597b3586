/* SPDX-License-Identifier: Apache-2.0 */
/* proc-net.c: /proc/net, as proc(5) has it: the loopback and its sockets. */
#include "emul/fs/proc.h"
#include "emul/net/inet.h"
#include "emul/net/tcp.h"
#include "emul/net/udp.h"
#include "emul/net/unix.h"

#define LINE_MAX_	149	/* as Linux pads lines of tcp */

static void show_dev(struct text *b, struct task *t)
{
	(void)t;
	text_printf(b, "Inter-|   Receive                            "
		    "                    |  Transmit\n"
		    " face |bytes    packets errs drop fifo frame "
		    "compressed multicast|bytes    packets errs "
		    "drop fifo colls carrier compressed\n"
		    "    lo: %7u %7u %4u %4u %4u %5u %10u %9u "
		    "%8u %7u %4u %4u %4u %5u %7u %10u\n",
		    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
}

static void show_if_inet6(struct text *b, struct task *t)
{
	(void)t;
	text_printf(b, "00000000000000000000000000000001 01 80 10 80       "
		    "lo\n");
}

static void show_route(struct text *b, struct task *t)
{
	(void)t;
	text_printf(b, "%-127s\n", "Iface\tDestination\tGateway \tFlags\t"
		    "RefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT");
}

static void show_ipv6_route(struct text *b, struct task *t)
{
	(void)t;
	text_printf(b, "00000000000000000000000000000001 80 "
		    "00000000000000000000000000000000 00 "
		    "00000000000000000000000000000000 00000000 00000001 "
		    "00000000 80200001       lo\n");
}

static void show_arp(struct text *b, struct task *t)
{
	(void)t;
	text_printf(b, "IP address       HW type     Flags       HW address"
		    "            Mask     Device\n");
}

static void show_packet(struct text *b, struct task *t)
{
	(void)t;
	text_printf(b, "sk       RefCnt Type Proto  Iface R Rmem   User   "
		    "Inode\n");
}

static void show_netlink(struct text *b, struct task *t)
{
	(void)t;
	text_printf(b, "sk               Eth Pid        Groups   Rmem     "
		    "Wmem     Dump  Locks    Drops    Inode\n");
}

static void show_snmp(struct text *b, struct task *t)
{
	(void)t;
	text_printf(b, "Ip: Forwarding DefaultTTL InReceives\nIp: 2 64 0\n"
		    "Tcp: RtoAlgorithm RtoMin RtoMax MaxConn ActiveOpens "
		    "PassiveOpens AttemptFails EstabResets CurrEstab InSegs "
		    "OutSegs RetransSegs InErrs OutRsts InCsumErrors\n"
		    "Tcp: 1 200 120000 -1 0 0 0 0 0 0 0 0 0 0 0\n"
		    "Udp: InDatagrams NoPorts InErrors OutDatagrams "
		    "RcvbufErrors SndbufErrors InCsumErrors IgnoredMulti "
		    "MemErrors\nUdp: 0 0 0 0 0 0 0 0 0\n");
}

static void put_addr(struct text *b, int family, const struct inet_addr *a)
{
	if (family == AF_INET)
		text_printf(b, "%08X:%04X", a->ip.w[3], a->port);
	else
		text_printf(b, "%08X%08X%08X%08X:%04X", a->ip.w[0],
			    a->ip.w[1], a->ip.w[2], a->ip.w[3], a->port);
}

struct list {
	struct text *b;
	int family;
	unsigned int n;
};

/* The columns that all have: @tx and @rx are bytes that wait. */
static void put_sock(struct list *l, const struct inet_sock *k, int width,
		     unsigned int state, uint64_t tx, uint64_t rx)
{
	text_printf(l->b, "%*u: ", width, l->n++);
	put_addr(l->b, l->family, &k->local);
	text_put(l->b, " ", 1);
	put_addr(l->b, l->family, &k->remote);
	text_printf(l->b, " %02X %08X:%08X 00:00000000 00000000 %5u "
		    "%8d %lu", state, (unsigned int)tx, (unsigned int)rx,
		    k->uid, 0, (unsigned long)k->so.ino);
}

static void put_tcp(struct inet_sock *k, void *arg)
{
	struct tcp_sock *s = tcp_sk(&k->so);
	struct list *l = arg;
	struct tcp_conn *c = load_acquire(&s->conn);
	enum tcp_state state = tcp_state(s);
	uint64_t rx = 0;
	size_t start = l->b->len;
	int pad;

	if (k->so.family != l->family || !k->port)
		return;
	if (state == TCP_ST_LISTEN)
		rx = s->n_pending;
	else if (c)
		rx = stream_used(&tcp_in(s, c)->s);
	put_sock(l, k, 4, state, 0, rx);
	text_printf(l->b, " 1 0000000000000000 20 4 30 10 -1");
	pad = LINE_MAX_ - (int)(l->b->len - start);
	text_printf(l->b, "%*s\n", MAX(pad, 0), "");
}

static void show_tcp(struct text *b, struct task *t)
{
	struct list l = { b, AF_INET, 0 };

	(void)t;
	text_printf(b, "%-149s\n", "  sl  local_address rem_address   st "
		    "tx_queue rx_queue tr tm->when retrnsmt   uid  timeout "
		    "inode");
	inet_each(SOCK_STREAM, put_tcp, &l);
}

static void show_tcp6(struct text *b, struct task *t)
{
	struct list l = { b, AF_INET6, 0 };

	(void)t;
	text_printf(b, "  sl  local_address                         "
		    "remote_address                        st tx_queue "
		    "rx_queue tr tm->when retrnsmt   uid  timeout inode\n");
	inet_each(SOCK_STREAM, put_tcp, &l);
}

static void put_udp(struct inet_sock *k, void *arg)
{
	const struct udp_sock *s = udp_sk(&k->so);
	struct list *l = arg;

	if (k->so.family != l->family || !k->port)
		return;
	put_sock(l, k, 5, k->remote.port ? TCP_ST_ESTABLISHED : TCP_ST_CLOSE,
		 0, s->queued);
	text_printf(l->b, " 2 0000000000000000 %u\n", s->drops);
}

static void show_udp(struct text *b, struct task *t)
{
	struct list l = { b, AF_INET, 0 };

	(void)t;
	text_printf(b, "%-127s\n", "   sl  local_address rem_address   st "
		    "tx_queue rx_queue tr tm->when retrnsmt   uid  timeout "
		    "inode ref pointer drops");
	inet_each(SOCK_DGRAM, put_udp, &l);
}

static void show_udp6(struct text *b, struct task *t)
{
	struct list l = { b, AF_INET6, 0 };

	(void)t;
	text_printf(b, "  sl  local_address                         "
		    "remote_address                        st tx_queue "
		    "rx_queue tr tm->when retrnsmt   uid  timeout inode ref "
		    "pointer drops\n");
	inet_each(SOCK_DGRAM, put_udp, &l);
}

static void show_raw(struct text *b, struct task *t)
{
	(void)t;
	text_printf(b, "  sl  local_address rem_address   st tx_queue "
		    "rx_queue tr tm->when retrnsmt   uid  timeout inode ref "
		    "pointer drops\n");
}

static void put_unix(struct unix_sock *u, void *arg)
{
	struct text *b = arg;
	const struct unix_addr *a = load_acquire(&u->addr);
	enum unix_state state = load_once(&u->state);

	text_printf(b, "%016x: %08X %08X %08X %04X %02X %5lu", 0,
		    load_once(&u->ref.count), 0,
		    state == UNIX_LISTENS ? 0x10000 : 0, u->so.type,
		    state == UNIX_CONNECTED ? 3 : 1,
		    (unsigned long)u->so.ino);
	if (a && a->len > sizeof(uint16_t)) {
		uint32_t n = a->len - (uint32_t)sizeof(uint16_t);

		text_put(b, " ", 1);
		/* Of an abstract name the NUL that it begins with is an @. */
		if (a->un.path[0])
			n--;
		for (uint32_t i = 0; i < n; i++)
			text_put(b, a->un.path[i] ? &a->un.path[i] : "@", 1);
	}
	text_put(b, "\n", 1);
}

static void show_unix(struct text *b, struct task *t)
{
	(void)t;
	text_printf(b, "Num               RefCount Protocol Flags    Type St "
		    "Inode Path\n");
	unix_each(put_unix, b);
}

struct counts {
	unsigned int tcp[2], udp[2], all;
};

static void count_inet(struct inet_sock *k, void *arg)
{
	struct counts *c = arg;
	bool v6 = k->so.family == AF_INET6;

	c->all += k->so.ino != 0;
	if (k->port && inet_is_tcp(k))
		c->tcp[v6]++;
	else if (k->port)
		c->udp[v6]++;
}

static void count_unix(struct unix_sock *u, void *arg)
{
	struct counts *c = arg;

	(void)u;
	c->all++;
}

static void count(struct counts *c)
{
	*c = (struct counts){ .all = 0 };
	inet_each(SOCK_STREAM, count_inet, c);
	inet_each(SOCK_DGRAM, count_inet, c);
	unix_each(count_unix, c);
}

static void show_sockstat(struct text *b, struct task *t)
{
	struct counts c;

	(void)t;
	count(&c);
	text_printf(b, "sockets: used %u\nTCP: inuse %u orphan 0 tw 0 alloc "
		    "%u mem 0\nUDP: inuse %u mem 0\nUDPLITE: inuse 0\n"
		    "RAW: inuse 0\nFRAG: inuse 0 memory 0\n", c.all, c.tcp[0],
		    c.tcp[0] + c.tcp[1], c.udp[0]);
}

static void show_sockstat6(struct text *b, struct task *t)
{
	struct counts c;

	(void)t;
	count(&c);
	text_printf(b, "TCP6: inuse %u\nUDP6: inuse %u\nUDPLITE6: inuse 0\n"
		    "RAW6: inuse 0\nFRAG6: inuse 0 memory 0\n", c.tcp[1],
		    c.udp[1]);
}

#define FILE_OF(n, fn)	{ .name = n, .mode = S_IFREG | 0444, .show = fn }
#define DIR_OF(n, tab)	{ .name = n, .mode = S_IFDIR | 0555, .children = tab }
#define END		{ .name = NULL }

const struct proc_entry proc_net_dir[] = {
	FILE_OF("arp", show_arp),
	FILE_OF("dev", show_dev),
	FILE_OF("if_inet6", show_if_inet6),
	FILE_OF("ipv6_route", show_ipv6_route),
	FILE_OF("netlink", show_netlink),
	FILE_OF("packet", show_packet),
	FILE_OF("raw", show_raw),
	FILE_OF("raw6", show_raw),
	FILE_OF("route", show_route),
	FILE_OF("snmp", show_snmp),
	FILE_OF("sockstat", show_sockstat),
	FILE_OF("sockstat6", show_sockstat6),
	FILE_OF("tcp", show_tcp),
	FILE_OF("tcp6", show_tcp6),
	FILE_OF("udp", show_udp),
	FILE_OF("udp6", show_udp6),
	FILE_OF("unix", show_unix),
	END
};

#define VALUE(name, str)						\
static void show_##name(struct text *b, struct task *t)			\
{									\
	(void)t;							\
	text_printf(b, str "\n");					\
}

VALUE(zero, "0")
VALUE(one, "1")
VALUE(two, "2")
VALUE(somaxconn, "4096")
VALUE(buffer, "212992")
VALUE(optmem, "20480")
VALUE(netdev_backlog, "1000")
VALUE(port_range, "32768\t60999")
VALUE(unprivileged, "1024")
VALUE(keep_time, "7200")
VALUE(keep_intvl, "75")
VALUE(keep_probes, "9")
VALUE(fin_timeout, "60")
VALUE(syn_retries, "6")
VALUE(syn_backlog, "512")
VALUE(tcp_rmem, "4096\t131072\t6291456")
VALUE(tcp_wmem, "4096\t16384\t4194304")
VALUE(ping_range, "1\t0")
VALUE(cc, "cubic")
VALUE(cc_all, "reno cubic")
VALUE(ttl, "64")
VALUE(dgram_qlen, "512")

static const struct proc_entry core_dir[] = {
	FILE_OF("netdev_max_backlog", show_netdev_backlog),
	FILE_OF("optmem_max", show_optmem),
	FILE_OF("rmem_default", show_buffer),
	FILE_OF("rmem_max", show_buffer),
	FILE_OF("somaxconn", show_somaxconn),
	FILE_OF("wmem_default", show_buffer),
	FILE_OF("wmem_max", show_buffer),
	END
};

static const struct proc_entry ipv4_dir[] = {
	FILE_OF("ip_default_ttl", show_ttl),
	FILE_OF("ip_forward", show_zero),
	FILE_OF("ip_local_port_range", show_port_range),
	FILE_OF("ip_nonlocal_bind", show_zero),
	FILE_OF("ip_unprivileged_port_start", show_unprivileged),
	FILE_OF("ping_group_range", show_ping_range),
	FILE_OF("tcp_available_congestion_control", show_cc_all),
	FILE_OF("tcp_congestion_control", show_cc),
	FILE_OF("tcp_fastopen", show_zero),
	FILE_OF("tcp_fin_timeout", show_fin_timeout),
	FILE_OF("tcp_keepalive_intvl", show_keep_intvl),
	FILE_OF("tcp_keepalive_probes", show_keep_probes),
	FILE_OF("tcp_keepalive_time", show_keep_time),
	FILE_OF("tcp_max_syn_backlog", show_syn_backlog),
	FILE_OF("tcp_rmem", show_tcp_rmem),
	FILE_OF("tcp_syn_retries", show_syn_retries),
	FILE_OF("tcp_syncookies", show_one),
	FILE_OF("tcp_timestamps", show_one),
	FILE_OF("tcp_tw_reuse", show_two),
	FILE_OF("tcp_wmem", show_tcp_wmem),
	END
};

static const struct proc_entry ipv6_conf_dir[] = {
	FILE_OF("disable_ipv6", show_zero),
	FILE_OF("forwarding", show_zero),
	END
};

static const struct proc_entry ipv6_confs_dir[] = {
	DIR_OF("all", ipv6_conf_dir),
	DIR_OF("default", ipv6_conf_dir),
	DIR_OF("lo", ipv6_conf_dir),
	END
};

static const struct proc_entry ipv6_dir[] = {
	FILE_OF("bindv6only", show_zero),
	DIR_OF("conf", ipv6_confs_dir),
	FILE_OF("ip_nonlocal_bind", show_zero),
	END
};

static const struct proc_entry unix_dir[] = {
	FILE_OF("max_dgram_qlen", show_dgram_qlen),
	END
};

const struct proc_entry proc_sys_net_dir[] = {
	DIR_OF("core", core_dir),
	DIR_OF("ipv4", ipv4_dir),
	DIR_OF("ipv6", ipv6_dir),
	DIR_OF("unix", unix_dir),
	END
};
