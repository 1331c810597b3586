#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The same as an ordinary user without any capability: some of each.
. "${SRCDIR:-.}/t/hostile.sh"

[ "$(id -u)" -eq 0 ] || skip_all 'the suite runs as an ordinary user already'
as_user='setpriv --reuid=65534 --regid=65534 --clear-groups
	--bounding-set -all --inh-caps -all --no-new-privs'
# shellcheck disable=SC2086
$as_user true 2>/dev/null || skip_all 'no setpriv here'

attack 'numbers that are not vetted' 125 -u -r 0..64 -- gate @ mix
attack 'the region, by calls' 0 -- region
attack 'reserved descriptors' 125 -r 0..31 -- fd close @
attack 'descriptors used' 0,125,128-191 -r 0..16 -- fd use @
attack 'frames for the host' 0-255 -r 0..44 -- sigreturn gate @
attack 'breaches of the contract' 125 -r 0..20 -- broker case @
attack 'what is not granted is denied' 0 -- broker deny
attack 'requests with mistakes' 0,125 -r 41..44 -- broker fuzz @
attack 'random words' any -s 15,15 -w 1500 -r 101..104 -- corrupt @
attack 'the kernel entered anywhere' any -s 15,15 -w 1500 -r 101..110 -- \
	jump text @
attack 'sbx killed, with many processes' 137 -s 9 -w 300 -- broker bomb 1
attack 'no signal gets out' 0,125 -- gate 234 $$ $$ 23 0 0 0
untouched 'nothing outside has changed'
done_testing
