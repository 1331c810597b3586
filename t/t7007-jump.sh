#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Jumps into the kernel, odd registers, odd instructions, odd stacks.
. "${SRCDIR:-.}/t/hostile.sh"

attack 'the kernel entered anywhere' any -s 15,15 -w 1500 -r 1..60 -- \
	jump text @
attack 'int 0x80 is a fault' 139 -r 0..3 -- jump case @
attack 'x32 numbers and -1 are no calls' 0 -r 5..6 -- jump case @
attack 'the vsyscall page is a call' 0 -r 7..8 -- jump case @
attack 'privileged instructions are faults' 139 -r 11..16 -- jump case @
n=$(($(count jump) - 1))
attack 'any case ends' 0-255 -r 0..$n -- jump case @
untouched 'nothing outside has changed'
done_testing
