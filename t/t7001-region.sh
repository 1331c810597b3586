#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Memory calls on the kernel's region.
. "${SRCDIR:-.}/t/hostile.sh"

attack 'calls of its own are refused' 0 -- region
n=$(($(count region) - 1))
attack 'calls at the gate' 0,125,128-191 -r 0..$n -- region gate @
untouched 'nothing outside has changed'
done_testing
