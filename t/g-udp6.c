/* SPDX-License-Identifier: Apache-2.0 */
/* g-udp6.c: UDP over the loopback of IPv6. */
#define INET_FAMILY	AF_INET6
#include "g-udp.c"
