#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The region's addresses in every pointer argument of every call.
. "${SRCDIR:-.}/t/hostile.sh"

attack 'no call takes them' 0 -t 20 -- pointers
untouched 'nothing outside has changed'
done_testing
