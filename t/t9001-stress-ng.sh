#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# stress-ng: no class of it may find an error that it does not find natively.
# SBX_LONG=1: 20 seconds each in place of one.
. "${SRCDIR:-.}/t/lib.sh"
not_quick

command -v stress-ng >/dev/null || skip_all 'stress-ng is not installed'
seconds=1
[ -z "${SBX_LONG-}" ] || seconds=20
cp "$SBX" "$tmp/sbx"
chmod 755 "$tmp" "$tmp/sbx"
mkdir "$tmp/w"
chmod 1777 "$tmp/w"
cd "$tmp/w" || exit 99
# It does not run all as root.
never_root

# ng SIDE CLASS
ng()
{
	ng_sbx=
	[ "$1" = native ] || ng_sbx="$tmp/sbx --"
	ng_status=0
	# shellcheck disable=SC2086
	$as_user timeout -k 10 $((seconds * 3 + 60)) $ng_sbx \
		stress-ng --"$2" 2 -t $seconds >"$tmp/$1.$2" 2>&1 </dev/null ||
		ng_status=$?
	echo "status $ng_status" >>"$tmp/$1.$2"
	ng_ended $ng_status "$tmp/$1.$2" &&
		! grep -qE 'fail:|error:|skipped stressor' "$tmp/$1.$2"
}

for class in cpu fork vfork exec clone pthread futex signal sigq timer pipe \
	pty switch mutex sem; do
	if ng sbx $class; then
		ok "$class"
	elif ng native $class; then
		not_ok "$class"
		note "$tmp/sbx.$class"
	else
		skip "$class" 'fails natively too'
	fi
done
done_testing
