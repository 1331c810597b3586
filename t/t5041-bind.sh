#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# t5041-bind.sh: what --net host, --allow-bind and --allow-net promise, given as
# options and by a profile.
. "${SRCDIR:-.}/t/lib.sh"

command -v python3 >/dev/null || skip_all "no python3"
exec timeout 300 python3 -B "$SRCDIR/t/drive-bind.py" "$SBX" "$tmp"
