#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Rubbish on the broker's channels, and good requests for what is not granted.
. "${SRCDIR:-.}/t/hostile.sh"

n=$(($(count broker) - 1))
attack 'a breach of the contract ends the sandbox' 125 -r 0..$n -- \
	broker case @
attack 'what is not granted is denied' 0 -- broker deny
attack 'requests with mistakes' 0,125 -r 1..12 -- broker fuzz @
attack 'more than the buffers hold' 0,125 -r 0..3 -- broker flood @
attack 'many processes that talk rubbish' 0,125 -- broker bomb 0
attack 'many processes that end' 0,125 -- broker bomb 2
untouched 'nothing outside has changed'

# A directory that may be written: nothing beside it.
mkdir "$tmp/rw"
ln -s ../outside "$tmp/rw/link-out"
printf 'data\n' >"$tmp/rw/file"
sbx_options="--rw $tmp/rw"
attack 'with a writable directory: denied' 0 -- broker deny
attack 'with a writable directory: mistakes' 0,125 -r 21..32 -- broker fuzz @
untouched 'nothing beside it has changed'
set -- "$(find "$tmp/rw" -perm /6000 -o -type c -o -type b -o -type s)"
is 'no device and no set-id file was left in it' "$1" ''
done_testing
