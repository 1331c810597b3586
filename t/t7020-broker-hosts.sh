#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The broker's unit tests on poorer hosts: without openat2, without Landlock,
# and as a user without any capability.
. "${SRCDIR:-.}/t/lib.sh"

unit=$BUILDDIR/t
[ -x "$unit/u-broker-request" ] || skip_all "no unit tests without check"
# Another user has to reach them; the build directory may be private.
chmod 755 "$tmp"
cp "$unit/u-broker-request" "$unit/u-broker-monitor" "$unit/refuse" "$tmp"

"$tmp/refuse" 1 vserver true || skip_all "nothing runs in $tmp, or no seccomp"

as_user='setpriv --reuid 65534 --regid 65534 --clear-groups
	--bounding-set -all --no-new-privs'
landlock=landlock_create_ruleset,landlock_add_rule,landlock_restrict_self

for test in u-broker-request u-broker-monitor; do
	run_ok "$test without openat2" \
		"$tmp/refuse" 38 openat2 "$tmp/$test"
	run_ok "$test with openat2 refused" \
		"$tmp/refuse" 1 openat2 "$tmp/$test"
	run_ok "$test without Landlock" \
		"$tmp/refuse" 38 "$landlock" "$tmp/$test"
	run_ok "$test with Landlock off" \
		"$tmp/refuse" 95 "$landlock" "$tmp/$test"
	if [ "$(id -u)" -ne 0 ]; then
		skip "$test as nobody" "not root"
	elif ! $as_user true 2>/dev/null; then
		skip "$test as nobody" "no setpriv here"
	else
		# shellcheck disable=SC2086
		run_ok "$test as nobody" $as_user "$tmp/$test"
	fi
done
done_testing
