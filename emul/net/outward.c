/* SPDX-License-Identifier: Apache-2.0 */
/* outward.c: what lies outside of the sandbox: there is no way to it. */
#include "emul/net/outward.h"

#include <linux/errno.h>

int outward_turn(struct inet_sock *k, enum outward_how how,
		 const struct inet_addr *a)
{
	(void)k;
	switch (addr_class(a)) {
	case INET_ANY:
	case INET_LOOPBACK:
		return 0;
	case INET_MULTICAST:
	case INET_BROADCAST:
		/* Who is bound there just hears nothing. */
		return how == OUTWARD_BIND ? 0 : -ENETUNREACH;
	case INET_OTHER:
		break;
	}
	return how == OUTWARD_BIND ? -EADDRNOTAVAIL : -ENETUNREACH;
}

void outward_listens(struct inet_sock *k, bool on)
{
	(void)k;
	(void)on;
}
