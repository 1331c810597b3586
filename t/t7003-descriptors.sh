#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every descriptor closed, replaced and used.
. "${SRCDIR:-.}/t/hostile.sh"

attack 'by calls of its own' 0 -- fd
attack 'reserved ones are not closed at the gate' 125 -r 0..31 -- fd close @
attack 'nor numbers beyond the end' 125 -r 65536..65540 -- fd close @
attack 'free ones are its own harm' 0,125,128-191 -- fd all
attack 'each one used at the gate' 0,125,128-191 -r 0..40 -- fd use @
untouched 'nothing outside has changed'
done_testing
