# shellcheck shell=sh
# SPDX-License-Identifier: Apache-2.0
# servers.sh: real servers, each driven by its own clients over the loopback
# of one sandbox.
#
#	server NAME "PROGRAMS" "OPTIONS OF SBX" <<'END'
#
# Standard input is a script for bash, a line "--- wanted", and what it prints
# to standard output.  PROGRAMS are what it needs: one that is not installed is
# a skip.  Ports are the sandbox's own, so they are fixed.  SBX_NATIVE=1 runs
# the scripts natively, as root in a network and a /tmp of their own: that is
# where what is wanted comes from.
. "${SRCDIR:-.}/t/lib.sh"
not_quick

PATH=/usr/bin:/bin:/usr/sbin:/sbin:/usr/lib/postgresql/15/bin
export PATH

# What each script starts with.  A state is waited for, for a minute.
cat >"$tmp/start" <<'END'
fail() { echo "not reached: $*"; tail -n 20 *log* >&2; kill -TERM $(jobs -p); exit 1; }
up() { _n=0; until (exec 3<>/dev/tcp/127.0.0.1/$1) 2>/dev/null; do
	_n=$((_n + 1)); [ $_n -lt 600 ] || fail "port $1"; sleep 0.1; done; }
till() { _n=0; until "$@"; do
	_n=$((_n + 1)); [ $_n -lt 600 ] || fail "$@"; sleep 0.1; done; }
END

server()
{
	server_name=$1
	cat >"$tmp/all"
	for server_needs in bash $2; do
		command -v "$server_needs" >/dev/null && continue
		skip "$server_name" "$server_needs is not installed"
		return
	done
	sed '/^--- wanted$/,$d' "$tmp/all" | cat "$tmp/start" - >"$tmp/script"
	sed '1,/^--- wanted$/d' "$tmp/all" >"$tmp/wanted"
	chmod 755 "$tmp"
	server_got=0
	if [ -n "${SBX_NATIVE-}" ]; then
		# shellcheck disable=SC2016
		timeout -k 5 200 unshare -nmp --fork --mount-proc sh -c '
			exec 9<"$1"
			ip link set lo up && mount -t tmpfs -o mode=1777 t /tmp &&
			cat <&9 >/tmp/script && exec bash /tmp/script' - \
			"$tmp/script" >"$tmp/got" 2>"$tmp/err" </dev/null ||
			server_got=$?
	else
		# shellcheck disable=SC2086
		timeout -k 5 200 "$SBX" $3 --ro "$tmp/script" -- \
			bash "$tmp/script" >"$tmp/got" 2>"$tmp/err" \
			</dev/null || server_got=$?
	fi
	if [ "$server_got" = 0 ] && cmp -s "$tmp/wanted" "$tmp/got"; then
		ok "$server_name"
		return
	fi
	not_ok "$server_name"
	printf '# status %s; wanted first:\n' "$server_got"
	diff -a "$tmp/wanted" "$tmp/got" | head -n 40 | cut -c 1-200 |
		sed 's/^/# /'
	tail -n 20 "$tmp/err" | cut -c 1-200 | sed 's/^/# /'
}
