#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Sockets that sbx inherits: as standard input, by --pass-fd, by LISTEN_FDS.
. "${SRCDIR:-.}/t/lib.sh"

command -v python3 >/dev/null || skip_all "no python3"
exec timeout 300 python3 -B "$SRCDIR/t/drive-inherited.py" "$SBX" "$tmp"
