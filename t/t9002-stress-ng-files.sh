#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# stress-ng's classes filesystem and os: none of their stressors may find an
# error in the sandbox that it does not find natively in memory.  What it
# refuses to run natively is skipped.  Two seconds for a few of them;
# SBX_LONG=1: all, ten seconds each.
. "${SRCDIR:-.}/t/lib.sh"
not_quick

command -v stress-ng >/dev/null || skip_all 'stress-ng is not installed'
cp "$SBX" "$tmp/sbx"
mkdir "$tmp/w" "$tmp/n"
chmod 755 "$tmp" "$tmp/sbx"
chmod 1777 "$tmp/w" "$tmp/n"
# Native runs are for what fails: never as root, whose stressors change the
# machine.
never_root
native=$tmp/n
if [ -d /dev/shm ] && memory=$(mktemp -d /dev/shm/sbx-test.XXXXXX); then
	chmod 1777 "$memory"
	native=$memory
	trap 'rm -rf "$tmp" "$memory"' EXIT
fi

# Stressors that do not run in the sandbox, or not as natively, and why.
# Those that say themselves that they cannot run are no failures.
except()
{
	case $1 in
	handle) echo 'name_to_handle_at is refused: no file handles' ;;
	ptrace) echo 'nothing can be traced in the sandbox' ;;
	pci) echo 'there is no PCI bus to be seen' ;;
	bigheap | memhotplug | mmapfork | watchdog | oom-pipe)
		echo 'takes all memory of the machine, or resets it' ;;
	esac
}

# ng SIDE STRESSOR
ng()
{
	ng_sbx=
	ng_in=$native
	if [ "$1" != native ]; then
		ng_sbx="$tmp/sbx --"
		ng_in=$tmp/w
	fi
	ng_status=0
	# shellcheck disable=SC2086
	(cd "$ng_in" && $as_user timeout -k 10 $((seconds * 3 + 60)) $ng_sbx \
		stress-ng --"$2" 2 -t "$seconds") >"$tmp/$1.$2" 2>&1 \
		</dev/null || ng_status=$?
	echo "status $ng_status" >>"$tmp/$1.$2"
	ng_ended $ng_status "$tmp/$1.$2" && ! grep -q 'fail: ' "$tmp/$1.$2"
}

# What it refuses says that it skips, or that no worker was invoked.
refused()
{
	grep -qE 'skipp|No stress workers' "$1" && ! grep -q 'fail: ' "$1"
}

seconds=1
list='access chmod dentry fallocate fsize inotify link lockofd rename xattr'
if [ -n "${SBX_LONG-}" ]; then
	seconds=10
	list=$(for class in filesystem os; do
		stress-ng --class "$class?" | sed 's/^[^:]*: //' | tr ' ' '\n'
	done | sort -u)
fi
for s in $list; do
	why=$(except "$s")
	if [ -n "$why" ]; then
		skip "$s" "$why"
	elif ng sbx "$s"; then
		ok "$s"
	elif refused "$tmp/sbx.$s"; then
		skip "$s" 'refuses to run'
	elif ng native "$s"; then
		not_ok "$s"
		note "$tmp/sbx.$s"
	else
		skip "$s" 'fails natively too'
	fi
	rm -rf "${tmp:?}/w"/* "${native:?}"/*
done
done_testing
