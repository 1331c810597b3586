/* SPDX-License-Identifier: Apache-2.0 */
/* channel.h: serving one channel. */
#ifndef SBX_BROKER_CHANNEL_H
#define SBX_BROKER_CHANNEL_H

#include "loader/broker/broker.h"

/*
 * Serve the request that waits at sock.  Returns null, or why the sandbox is
 * to be ended; *closed: the other end has gone.
 */
const char *channel_serve(struct monitor *m, int sock, bool *closed);

#endif
