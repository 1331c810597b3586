#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The kernel's data overwritten.  The sandbox may do anything but outlive the
# signals that end it: a kernel that runs in a circle is as good as a guest
# that does.
. "${SRCDIR:-.}/t/hostile.sh"

attack 'random words' any -s 15,15 -w 1500 -r 1..16 -- corrupt @
attack 'everything' any -s 15,15 -w 1500 -r 0..4 -- corrupt all @
attack 'a kernel that is no more: SIGTERM' 125,143 -s 15,15 -w 700 -- \
	corrupt spin
attack 'a kernel that is no more: SIGINT' 125,130 -s 2,2 -w 700 -- \
	corrupt spin
attack 'and no host signal is heard' 125,143 -s 15,15 -w 700 -- corrupt deaf
untouched 'nothing outside has changed'
done_testing
