/* SPDX-License-Identifier: Apache-2.0 */
/* g-netlink.c: what netlink, ioctls and /proc/net tell of the loopback. */
#include "inet.h"

#include <ifaddrs.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/ioctl.h>

static int ask(int fd, int type, int flags, unsigned int seq)
{
	struct {
		struct nlmsghdr h;
		struct rtgenmsg g;
	} r;

	memset(&r, 0, sizeof(r));
	r.h.nlmsg_len = NLMSG_LENGTH(sizeof(r.g));
	r.h.nlmsg_type = (unsigned short)type;
	r.h.nlmsg_flags = (unsigned short)(NLM_F_REQUEST | flags);
	r.h.nlmsg_seq = seq;
	r.g.rtgen_family = AF_UNSPEC;
	return (int)send(fd, &r, r.h.nlmsg_len, 0);
}

/* Does a dump come to its end, with messages of this type alone? */
static int dump(int fd, int type, int answer, unsigned int seq)
{
	static char buf[65536];
	int n = 0;

	if (ask(fd, type, NLM_F_DUMP, seq) < 0)
		return -1;
	for (;;) {
		long left = recv(fd, buf, sizeof(buf), 0);
		struct nlmsghdr *h = (void *)buf;

		if (left <= 0)
			return -1;
		for (; NLMSG_OK(h, left); h = NLMSG_NEXT(h, left)) {
			if (h->nlmsg_seq != seq ||
			    !(h->nlmsg_flags & NLM_F_MULTI))
				return -2;
			if (h->nlmsg_type == NLMSG_DONE)
				return n;
			if (h->nlmsg_type != answer)
				return -3;
			n++;
		}
	}
}

static void test_sockets(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	struct sockaddr_nl a, b;
	socklen_t len = sizeof(a);
	char c;

	if (fd < 0)
		skip_all("no netlink");
	memset(&a, 0, sizeof(a));
	memset(&b, 0, sizeof(b));
	is(getsockname(fd, (struct sockaddr *)&a, &len), 0, "getsockname");
	is(len, sizeof(a), "its length");
	is(a.nl_pid, 0, "no number yet");
	memset(&a, 0, sizeof(a));
	a.nl_family = AF_NETLINK;
	is(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0, "bind");
	len = sizeof(b);
	getsockname(fd, (struct sockaddr *)&b, &len);
	ok(b.nl_pid != 0, "gives one");
	a.nl_pid = b.nl_pid + 1;
	is_errno(bind(fd, (struct sockaddr *)&a, sizeof(a)), EINVAL,
		 "no other");
	is_errno(recv(fd, &c, 1, MSG_DONTWAIT), EAGAIN, "nothing to read");
	is_errno(listen(fd, 1), EOPNOTSUPP, "listen");
	ok(dump(fd, RTM_GETLINK, RTM_NEWLINK, 7) >= 1, "dump of links");
	ok(dump(fd, RTM_GETADDR, RTM_NEWADDR, 8) >= 1, "dump of addresses");
	ok(dump(fd, RTM_GETROUTE, RTM_NEWROUTE, 9) >= 1, "dump of routes");
	close(fd);
	is_errno(socket(AF_NETLINK, SOCK_STREAM, 0), ESOCKTNOSUPPORT,
		 "a stream");
	is_errno(socket(AF_NETLINK, SOCK_RAW, 31), EPROTONOSUPPORT,
		 "an unknown protocol");
}

static void test_ifaddrs(void)
{
	struct ifaddrs *list, *i;
	int link = 0, addr = 0;

	is(getifaddrs(&list), 0, "getifaddrs");
	for (i = list; i; i = i->ifa_next) {
		if (strcmp(i->ifa_name, "lo") || !i->ifa_addr)
			continue;
		if (i->ifa_addr->sa_family == AF_INET) {
			struct sockaddr_in *in = (void *)i->ifa_addr;

			if (in->sin_addr.s_addr == htonl(INADDR_LOOPBACK))
				addr++;
		} else if (i->ifa_addr->sa_family != AF_INET6) {
			link++;
		}
	}
	is(link, 1, "lo is there");
	is(addr, 1, "with its address");
	freeifaddrs(list);
	is(if_nametoindex("lo"), 1, "its number");
	is_errno(if_nametoindex("sbx-none") ? 0 : -1, ENODEV, "no such name");
}

static void test_ioctls(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	struct sockaddr_in *in;
	struct ifreq r;

	memset(&r, 0, sizeof(r));
	strcpy(r.ifr_name, "lo");
	is(ioctl(fd, SIOCGIFFLAGS, &r), 0, "SIOCGIFFLAGS");
	is(r.ifr_flags & (IFF_UP | IFF_LOOPBACK | IFF_RUNNING),
	   IFF_UP | IFF_LOOPBACK | IFF_RUNNING, "up, and a loopback");
	is(ioctl(fd, SIOCGIFADDR, &r), 0, "SIOCGIFADDR");
	in = (void *)&r.ifr_addr;
	ok(in->sin_addr.s_addr == htonl(INADDR_LOOPBACK), "127.0.0.1");
	is(ioctl(fd, SIOCGIFNETMASK, &r), 0, "SIOCGIFNETMASK");
	ok(in->sin_addr.s_addr == htonl(0xff000000), "of eight bits");
	is(ioctl(fd, SIOCGIFHWADDR, &r), 0, "SIOCGIFHWADDR");
	is(r.ifr_hwaddr.sa_family, 772, "of a loopback");
	strcpy(r.ifr_name, "sbx-none");
	is_errno(ioctl(fd, SIOCGIFADDR, &r), ENODEV, "no such interface");
	close(fd);
}

/* Is there a line with this port, listening, in /proc/net/tcp? */
static int listed(int port)
{
	FILE *f = fopen("/proc/net/tcp", "r");
	unsigned int addr, p, state;
	char line[512];
	int found = 0;

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%*u: %x:%x %*x:%*x %x", &addr, &p,
			   &state) == 3 && (int)p == port && state == 10 &&
		    addr == htonl(INADDR_LOOPBACK))
			found++;
	if (f)
		fclose(f);
	return found;
}

int main(void)
{
	int l;

	need_loopback(AF_INET);
	test_sockets();
	test_ifaddrs();
	test_ioctls();
	l = listen_lo(AF_INET, 1);
	is(listed(port_of(l)), 1, "/proc/net/tcp has a listener");
	close(l);
	return done_testing();
}
