/* SPDX-License-Identifier: Apache-2.0 */
/* netdev.c: the one interface, lo, as ioctls tell it; netdevice(7). */
#include <linux/errno.h>
#include <linux/sockios.h>

#include "emul/entry/uaccess.h"
#include "emul/lib/string.h"
#include "emul/net/socket.h"

#define IFINDEX_LO	1
#define MTU_LO		65536
#define QUEUE_LO	1000
#define FLAGS_LO	0x49	/* IFF_UP | IFF_LOOPBACK | IFF_RUNNING */
#define ARPHRD_LOOPBACK	772
#define NAME_MAX_	16

/* <linux/if.h> and libc's have the same names. */
struct ifreq_ {
	char name[NAME_MAX_];
	union {
		uint8_t raw[24];
		struct {
			uint16_t family, port;
			uint8_t addr[4];
		} in;
		int16_t flags;
		int32_t number;
	} u;
};
_Static_assert(sizeof(struct ifreq_) == 40, "struct ifreq");

struct ifconf_ {
	int32_t len, pad;
	uaddr_t buf;
};

static void set_addr(struct ifreq_ *r, const char *addr)
{
	memset(&r->u, 0, sizeof(r->u));
	r->u.in.family = AF_INET;
	memcpy(r->u.in.addr, addr, 4);
}

static long if_conf(uaddr_t arg)
{
	struct ifreq_ r = { .name = "lo" };
	struct ifconf_ c;
	int32_t len = sizeof(r);

	if (get_user(&c, arg))
		return -EFAULT;
	set_addr(&r, "\x7f\0\0\1");
	if (c.buf && c.len < len)
		len = 0;
	else if (c.buf && put_user(c.buf, &r))
		return -EFAULT;
	return put_user(arg, &len);
}

/* 0, or -errno: an address. */
static long get_addr(struct ifreq_ *r, unsigned int cmd)
{
	switch (cmd) {
	case SIOCGIFADDR:
	case SIOCGIFDSTADDR:
		set_addr(r, "\x7f\0\0\1");
		return 0;
	case SIOCGIFBRDADDR:
		set_addr(r, "\0\0\0\0");
		return 0;
	case SIOCGIFNETMASK:
		set_addr(r, "\xff\0\0\0");
		return 0;
	}
	return -ENOTTY;
}

static long get_one(struct ifreq_ *r, unsigned int cmd)
{
	memset(&r->u, 0, sizeof(r->u));
	switch (cmd) {
	case SIOCGIFFLAGS:
		r->u.flags = FLAGS_LO;
		return 0;
	case SIOCGIFINDEX:
		r->u.number = IFINDEX_LO;
		return 0;
	case SIOCGIFMTU:
		r->u.number = MTU_LO;
		return 0;
	case SIOCGIFTXQLEN:
		r->u.number = QUEUE_LO;
		return 0;
	case SIOCGIFHWADDR:
		r->u.in.family = ARPHRD_LOOPBACK;
		return 0;
	case SIOCGIFMETRIC:
	case SIOCGIFMAP:
		return 0;
	}
	return -ENOTTY;
}

static bool sets(unsigned int cmd)
{
	switch (cmd) {
	case SIOCSIFFLAGS:
	case SIOCSIFADDR:
	case SIOCSIFDSTADDR:
	case SIOCSIFBRDADDR:
	case SIOCSIFNETMASK:
	case SIOCSIFMETRIC:
	case SIOCSIFMTU:
	case SIOCSIFNAME:
	case SIOCSIFHWADDR:
	case SIOCSIFTXQLEN:
	case SIOCADDMULTI:
	case SIOCDELMULTI:
	case SIOCDIFADDR:
	case SIOCADDRT:
	case SIOCDELRT:
		return true;
	}
	return false;
}

long netdev_ioctl(struct socket *s, unsigned int cmd, uaddr_t arg)
{
	bool inet = s->family == AF_INET || s->family == AF_INET6;
	struct ifreq_ r;
	long err;

	if (cmd == SIOCGIFCONF)
		return if_conf(arg);
	if (sets(cmd))
		return -EPERM;
	if (cmd < SIOCGIFNAME || cmd > SIOCGIFMAP)
		return -ENOTTY;
	if (get_user(&r, arg))
		return -EFAULT;
	r.name[NAME_MAX_ - 1] = '\0';
	if (cmd == SIOCGIFNAME) {
		if (r.u.number != IFINDEX_LO)
			return -ENODEV;
		memset(r.name, 0, sizeof(r.name));
		memcpy(r.name, "lo", 2);
		return put_user(arg, &r);
	}
	if (strcmp(r.name, "lo"))
		return -ENODEV;
	err = get_addr(&r, cmd);
	if (!err && !inet)
		err = -ENOTTY;
	else if (err == -ENOTTY)
		err = get_one(&r, cmd);
	return err ? err : put_user(arg, &r);
}
