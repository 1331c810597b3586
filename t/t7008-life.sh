#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# When sbx dies, everything dies, however the sandbox has prepared for it.
. "${SRCDIR:-.}/t/hostile.sh"

attack 'sbx killed' 137 -s 9 -w 200 -- corrupt spin
attack 'sbx killed, and no host signal is heard' 137 -s 9 -w 200 -- \
	corrupt deaf
attack 'sbx killed, with many processes' 137 -s 9 -w 300 -- broker bomb 1
attack 'sbx ended by signals, with many processes' 125,143 -s 15,15 -w 700 -- \
	broker bomb 1
attack 'sbx killed at its start' 137 -s 9 -w 1 -- corrupt spin
attack 'sbx ended at its start' 125,143 -s 15,15 -w 1 -- corrupt spin
attack 'sbx killed before that' 137 -s 9 -w 0 -- corrupt spin
untouched 'nothing outside has changed'
done_testing
