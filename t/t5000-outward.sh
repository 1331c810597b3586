#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Sockets to the outside and from it: what is granted works, and nothing else
# is reached, as seen from the host's side.
. "${SRCDIR:-.}/t/lib.sh"

command -v python3 >/dev/null || skip_all "no python3"
exec timeout 300 python3 -B "$SRCDIR/t/drive-net.py" "$SBX" "$tmp"
