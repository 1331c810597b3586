# shellcheck shell=sh
# SPDX-License-Identifier: Apache-2.0
# real.sh: helpers for the tests that run real programs.  Each test runs the
# program natively, then in the sandbox, and compares standard output,
# standard error, exit status and, where the test says so, the files it left.
#
#	real NAME COMMAND...		same output
#	real_in FILE NAME COMMAND...	same, with FILE as standard input
#	real_rw NAME COMMAND...		same, in a writable directory that
#					starts as a copy of ./files, and the
#					same files left in it
#
# A program that is not installed is a skip.  Names in t/real-todo are known
# not to work yet and are skipped; SBX_RUN_TODO=1 runs them, to see whether
# they do by now.
. "${SRCDIR:-.}/t/lib.sh"

PATH=/usr/bin:/bin:/usr/sbin:/sbin
HOME=$tmp
unset GOFLAGS GOROOT LANG LANGUAGE LS_COLORS PYTHONPATH PERL5LIB TZ
export PATH HOME
real_area=$(basename "$0" .sh)
# A file that a program makes and that must not be there when it starts.
real_clean=
# An expression for sed that takes from the output what differs each time.
real_sed=
# shellcheck disable=SC2034
quick=${SBX_TEST_QUICK:-}

# A directory with data that is the same on every machine and in every run.
mkdir "$tmp/work" "$tmp/work/files" && cd "$tmp/work" || exit 99
awk 'BEGIN {
	seed = 7
	for (i = 0; i < 4000; i++) {
		seed = (seed * 1103515 + 12345) % 2147483
		printf "%d\tline %d of text\t%s\n", seed, i % 977,
			substr("abcdefghijklmnopqrstuvwxyz", seed % 20 + 1, 6)
	}
}' >text
sort text >sorted
head -n 100 text >files/small
printf 'one\ntwo\nthree\n' >files/three
mkdir files/dir
printf 'deep\n' >files/dir/deep
ln -s ../small files/dir/link
chmod 640 files/small
touch -d '2020-02-02 02:02:02 UTC' files/small files/three files/dir/deep text
# Nothing writes here while the tests run.
cp -Rp files fixed

# real_skip NAME COMMAND: is there a reason not to run it?
real_skip()
{
	if [ -z "${SBX_RUN_TODO-}" ] &&
	    grep -qxF -e "$real_area: $1" "$SRCDIR/t/real-todo"; then
		skip "$1" "does not work yet"
	elif ! command -v "$2" >/dev/null; then
		skip "$1" "$2 is not installed"
	else
		return 1
	fi
}

real()
{
	real_in /dev/null "$@"
}

real_in()
{
	real_file=$1
	real_name=$2
	shift 2
	real_skip "$real_name" "$1" && return
	[ -z "$real_clean" ] || rm -f "$real_clean"
	capture native "$@" <"$real_file"
	[ -z "$real_clean" ] || rm -f "$real_clean"
	capture sbx "$SBX" -- "$@" <"$real_file"
	real_compare "$real_name"
}

# real_compare NAME: what both sides printed.
real_compare()
{
	if [ -n "$real_sed" ]; then
		sed -i -e "$real_sed" "$tmp/native.out" "$tmp/native.err" \
			"$tmp/sbx.out" "$tmp/sbx.err"
	fi
	compare "$1"
}

# listing DIR: names, types, modes, sizes and sums; no times, no owners.
listing()
{
	(
		cd "$1" || exit
		find . ! -type d -printf '%p %y %m %s %l\n' -o \
			-printf '%p %y %m\n' | sort
		find . -type f -exec cksum {} + | sort
	)
}

real_rw()
{
	real_name=$1
	shift
	real_skip "$real_name" "$1" && return
	for real_side in native sbx; do
		rm -rf "$tmp/run"
		cp -Rp files "$tmp/run"
		cd "$tmp/run" || exit 99
		if [ $real_side = native ]; then
			capture native "$@" </dev/null
		else
			capture sbx "$SBX" --rw "$tmp/run" -- "$@" </dev/null
		fi
		listing . >"$tmp/$real_side.files"
		cd "$tmp/work" || exit 99
	done
	cat "$tmp/native.files" >>"$tmp/native.out"
	cat "$tmp/sbx.files" >>"$tmp/sbx.out"
	real_compare "$real_name"
}
