#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The gate, jumped to with every number and with hostile arguments: what is
# not vetted ends the sandbox, what is does no harm.
. "${SRCDIR:-.}/t/hostile.sh"

attack 'numbers 0 to 334 that are not vetted' 125 -u -r 0..334 -- gate @ mix
attack 'numbers 337 to 1023' 125 -u -r 337..1023 -- gate @ mix
# uretprobe and uprobe: Linux 6.14 and 6.18 let them through every filter.
# They are SIGILL and ENXIO for whom the host does not trace.
attack 'numbers that no filter sees' 99,125 -r 335..336 -- gate @ mix
attack 'x32 numbers' 125 -r 1073741824..1073741840 -- gate @ mix
attack 'x32 numbers of their own' 125 -r 1073742336..1073742346 -- gate @ mix
attack 'negative numbers' 125 -r -12..-1 -- gate @ mix

# What a row's arguments keep out; numbers of the calls as in unistd_64.h.
while read -r nr args; do
	# shellcheck disable=SC2086
	attack "forbidden arguments: $nr $args" 125 -- gate "$nr" $args
done <<'END'
9 0 4096 7 34 -1 0
9 268435456 4096 3 8242 -1 0
9 268435456 4096 3 262194 -1 0
9 268435456 4096 3 49 -1 0
9 140187732541440 4096 7 50 -1 0
10 140187734642688 4096 7 0 0 0
25 268435456 4096 4096 5 268435456 0
28 268435456 4096 9 0 0 0
28 268435456 4096 12 0 0 0
28 268435456 4096 100 0 0 0
56 17 0 0 0 0 0
56 268435473 0 0 0 0 0
56 8192 0 0 0 0 0
202 268435456 3 1 1 0 0
202 268435456 6 1 1 0 0
202 268435456 13 1 1 0 0
46 1 0 0 0 0 0
46 8 0 0 0 0 0
46 40 0 16384 0 0 0
47 1 0 1073741824 0 0 0
47 8 0 2 0 0 0
234 1 1 9 0 0 0
271 0 0 0 8 8 0
285 0 0 0 4096 0 0
285 3 1 0 4096 0 0
324 1 1 0 0 0 0
228 -6 0 0 0 0 0
END

# What gets through does nothing to anyone else.
guest_says 'read of nothing' -9 gate 0 4000 0 0 0 0 0
guest_says 'read to nowhere' -14 gate 0 0 140187734642688 4096 0 0 0
guest_says 'pread of a closed number' -9 gate 17 40 0 0 0 0 0
guest_says 'memory of a directory' -9 gate 9 268435456 4096 1 17 100 0
guest_says 'beyond the end of the memfd' -1 gate 285 5 0 1099511627776 4096 0 0
guest_says 'messages of nothing' -14 gate 46 8 0 16384 0 0 0
attack 'no signal gets out' 0,125 -- gate 234 $$ $$ 23 0 0 0
is 'no signal gets out: it says' "$(grep -c -x -e 0 "$tmp/.out")" 0
untouched 'nothing outside has changed'
done_testing
