/* SPDX-License-Identifier: Apache-2.0 */
/* g-tcp6.c: TCP over the loopback of IPv6. */
#define INET_FAMILY	AF_INET6
/* The same tests once more. */
#include "g-tcp.c" /* NOLINT(bugprone-suspicious-include) */
