/* SPDX-License-Identifier: Apache-2.0 */
/* g-udp6.c: UDP over the loopback of IPv6. */
#define INET_FAMILY	AF_INET6
/* The same tests once more. */
#include "g-udp.c" /* NOLINT(bugprone-suspicious-include) */
