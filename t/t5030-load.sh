#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Many connections, clients that vanish, full queues and tables, and an idle
# sandbox.
. "${SRCDIR:-.}/t/lib.sh"

command -v python3 >/dev/null || skip_all "no python3"
soak=${SBX_LOAD_SOAK:-0}
exec timeout $((300 + soak)) python3 -B "$SRCDIR/t/drive-load.py" "$SBX" "$tmp" \
	"${SBX_LOAD_CONNECTIONS:-2000}" "${SBX_LOAD_IDLE:-10}" "$soak"
