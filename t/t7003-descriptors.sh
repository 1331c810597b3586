#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every descriptor closed, replaced and used.
. "${SRCDIR:-.}/t/hostile.sh"

attack 'by calls of its own' 0 -- fd
attack 'reserved ones are not closed at the gate' 125 -r 0..31 -- fd close @
attack 'nor numbers beyond the end' 125 -r 65536..65540 -- fd close @
attack 'free ones are its own harm' 0,125,128-191 -- fd all
attack 'each one used at the gate' 0,125,128-191 -r 0..40 -- fd use @

# One that was open where sbx was called, and a host that cannot close many.
cat >"$tmp/high.py" <<'END'
import os, resource, sys
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
os.dup2(os.open(sys.argv[1], os.O_RDONLY), 5000)
os.execv(sys.argv[2], sys.argv[2:])
END
if python3 "$tmp/high.py" "$tmp/high.py" /bin/true 2>/dev/null; then
	for call in close_range vserver; do
		got=0
		timeout 60 python3 "$tmp/high.py" "$tmp/high.py" \
			"$BUILDDIR/t/refuse" 38 $call "$tmp/sbx" -- \
			./h-fd.hostile high </dev/null >"$tmp/.out" 2>&1 || got=$?
		is "none gets in, without $call" "$got $(cat "$tmp/.out")" '0 '
	done
else
	skip 'none gets in' 'no python3, or no such descriptors'
fi
untouched 'nothing outside has changed'
done_testing
