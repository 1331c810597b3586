#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Forged signal frames, for the kernel's rt_sigreturn and for the host's.
. "${SRCDIR:-.}/t/hostile.sh"

n=$(($(count sigreturn) - 1))
i=0
while [ "$i" -le "$n" ]; do
	native=0
	./h-sigreturn.hostile own "$i" >/dev/null 2>&1 || native=$?
	case $i in
	9 | 1[0-2]) # a stack in the region, where natively there is nothing:
		# the guest may write over the kernel's own there
		native=$native,3,125 ;;
	1[89]) # segments are not restored
		native=$native,3 ;;
	esac
	attack "frame $i does what it does natively: $native" "$native" -- \
		sigreturn own "$i"
	i=$((i + 1))
done
attack 'frames for the host' 0-255 -r 0..$n -- sigreturn gate @
untouched 'nothing outside has changed'
done_testing
