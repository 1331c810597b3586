#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# t2021-mounts.sh: the guest tests of file calls once more, on a writable
# directory of the host, in memory, and in an overlay.
. "${SRCDIR:-.}/t/lib.sh"

export SRCDIR BUILDDIR

# On the host no set-id bits, sockets or other owners can be made.
guest()
{
	g=$1
	shift
	[ -x "$BUILDDIR/t/$g.guest" ] || { skip "$g" "not built"; return; }
	for kind in rw tmpfs overlay; do
		[ "$kind" = rw ] && case $g in
		g-stat | g-name) continue ;;
		esac
		if SBX_OPTIONS="--$kind ." sh "$SRCDIR/t/run-guest.sh" \
		    "$BUILDDIR/t/$g.guest" "$@" >"$tmp/out" 2>&1; then
			ok "$g $*: $kind"
		else
			not_ok "$g $*: $kind"
			grep -v '^ok' "$tmp/out" >"$tmp/why"
			note "$tmp/why"
		fi
	done
}

for g in g-aio g-dir g-file g-fs-corners g-name g-splice g-stat g-unnamed g-xattr; do
	guest "$g"
done
if [ -n "${SBX_LONG-}" ]; then
	guest g-file-random 1000000
	for seed in 11 12 13 14 15; do
		guest g-fs-random 200000 "$seed"
	done
else
	guest g-file-random 3000 2
	guest g-fs-random 10000 7
fi
done_testing
