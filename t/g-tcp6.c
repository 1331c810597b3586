/* SPDX-License-Identifier: Apache-2.0 */
/* g-tcp6.c: TCP over the loopback of IPv6. */
#define INET_FAMILY	AF_INET6
#include "g-tcp.c"
