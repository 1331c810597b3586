# shellcheck shell=sh
# SPDX-License-Identifier: Apache-2.0
# hostile.sh: for the tests that attack the sandbox, on top of lib.sh.
#
#	attack NAME WANTED [OPTION...] -- GUEST [ARG...]
#		runs the hostile GUEST in the sandbox by t/h-drive, which see:
#		OPTIONs are the driver's; WANTED are good statuses
#	guest_says NAME WANTED GUEST [ARG...]	the same, by what it prints
#	untouched NAME		nothing outside has changed since the start
#
# The guests stand in the working directory, $tmp/in, the only one beside the
# system's that they are granted; $tmp/outside is what they must not reach.
. "${SRCDIR:-.}/t/lib.sh"

drive=$BUILDDIR/t/h-drive
as_user=
sbx_options=

chmod 755 "$tmp"
mkdir "$tmp/in" "$tmp/in/dir" "$tmp/outside" "$tmp/outside/dir"
printf 'secret\n' >"$tmp/outside/secret"
printf 'data\n' >"$tmp/in/file"
printf 'data\n' >"$tmp/in/dir/file"
ln -s ../outside "$tmp/in/link-out"
ln -s "$tmp/outside/secret" "$tmp/in/link-abs"
mkfifo "$tmp/in/fifo"
cp "$BUILDDIR"/t/h-*.hostile "$tmp/in/"
chmod 666 "$tmp/outside/secret" "$tmp/in/file"
chmod 777 "$tmp/outside" "$tmp/outside/dir" "$tmp/in"
cp "$SBX" "$tmp/sbx"
cd "$tmp/in" || exit 99

# Names, modes, owners, sizes, times and contents.
state()
{
	find "$tmp/in" "$tmp/outside" -printf '%p %y %m %u %g %s %T@ %n %l\n' |
		sort
	find "$tmp/in" "$tmp/outside" -type f -exec cksum {} + | sort
}
state >"$tmp/state"

# run_driver WANTED [OPTION...] -- GUEST [ARG...]
run_driver()
{
	run_wanted=$1
	shift
	run_options=
	while [ "$1" != -- ]; do
		run_options="$run_options $1"
		shift
	done
	shift
	run_guest=$1
	shift
	# shellcheck disable=SC2086
	$as_user "$drive" $run_options "$run_wanted" "$tmp/sbx" $sbx_options \
		-- "./h-$run_guest.hostile" "$@"
}

attack()
{
	attack_name=$1
	shift
	if run_driver "$@" >"$tmp/.out" 2>"$tmp/.err" </dev/zero; then
		ok "$attack_name"
	else
		not_ok "$attack_name"
		uniq -c "$tmp/.err" >"$tmp/.err.short"
		note "$tmp/.out" "$tmp/.err.short"
	fi
}

guest_says()
{
	says_name=$1
	says_wanted=$2
	shift 2
	run_driver any -- "$@" >"$tmp/.out" 2>"$tmp/.err" </dev/zero
	is "$says_name" "$(cat "$tmp/.out")" "$says_wanted"
}

# count GUEST: how many cases it knows.
count()
{
	count_got=0
	"./h-$1.hostile" count || count_got=$?
	echo "$count_got"
}

untouched()
{
	state >"$tmp/state.now"
	if cmp -s "$tmp/state" "$tmp/state.now"; then
		ok "$1"
	else
		not_ok "$1"
		diff "$tmp/state" "$tmp/state.now" | sed 's/^/# /'
	fi
}
