# shellcheck shell=sh
# SPDX-License-Identifier: Apache-2.0
# servers.sh: real servers, each driven by its own clients over the loopback
# of one sandbox, or from outside.
#
#	server NAME "PROGRAMS" "OPTIONS OF SBX" <<'END'
#
# Standard input is a script for bash, a line "--- wanted", and what it prints
# to standard output.  PROGRAMS are what it needs, commands or files: one that
# is not installed is a skip.  Ports are the sandbox's own, so they are fixed.
# Between the two may stand a line "--- outside" and a script that runs on the
# host while the first one is in `serving'; there $(at PORT) is the host's port
# for one that OPTIONS publish as 127.0.0.1:0:PORT.  What it prints comes last.
#
# Root runs them as an ordinary user, for whom --user 0 makes a root inside.
# SBX_LONG runs them as root too, and without --user.  SBX_NATIVE=1 runs the
# first script natively, as root in a network and a /tmp of its own: that is
# where what is wanted comes from.
. "${SRCDIR:-.}/t/lib.sh"
not_quick

PATH=/usr/bin:/bin:/usr/sbin:/sbin:/usr/lib/postgresql/15/bin
export PATH
HOME=$tmp
export HOME
chmod 755 "$tmp"
cp "$SBX" "$tmp/sbx"
server_sbx=$tmp/sbx
mkdir "$tmp/w" "$tmp/rw"
chmod 1777 "$tmp/w"
# setpriv --reuid=65534 keeps nothing that root has.
as_user='setpriv --reuid=65534 --regid=65534 --clear-groups
	--bounding-set=-all --inh-caps=-all --no-new-privs'
server_whos=self
if [ "$(id -u)" -eq 0 ] && $as_user true 2>/dev/null; then
	server_whos=user
	chown 65534:65534 "$tmp/rw"
fi
[ -z "${SBX_LONG-}" ] || server_whos="$server_whos plain self"

# What each script starts with.  A state is waited for, for a minute.
cat >"$tmp/start" <<'END'
fail() { echo "not reached: $*"; tail -n 20 *log* >&2; kill -TERM $(jobs -p); exit 1; }
up() { _n=0; until (exec 3<>/dev/tcp/127.0.0.1/$1) 2>/dev/null; do
	_n=$((_n + 1)); [ $_n -lt 600 ] || fail "port $1"; sleep 0.1; done; }
till() { _n=0; until "$@"; do
	_n=$((_n + 1)); [ $_n -lt 600 ] || fail "$@"; sleep 0.1; done; }
END
cp "$tmp/start" "$tmp/start.outside"
# serving: until what runs outside has ended.
cat >>"$tmp/start" <<'END'
serving() { echo serving >&2; read -r _; }
END
cat >>"$tmp/start.outside" <<END
cd "$tmp/w"; rw=$tmp/rw
at() { sed -n "s/^sbx: port \$1 is published as //p" "$tmp/err"; }
till grep -qE '^(serving|over)\$' "$tmp/err"
END

# server_inside COMMAND...: the script, in a sandbox.
server_inside()
{
	"$@" --ro "$tmp/script" -- bash "$tmp/script"
}

# server_run WHO OPTIONS
server_run()
{
	server_as=
	server_options=$2
	case $1 in
	user | plain) [ "$(id -u)" -ne 0 ] || server_as=$as_user ;;
	esac
	[ "$1" != plain ] ||
		server_options=$(printf '%s\n' "$2" | sed 's/--user [0-9]*//')
	# shellcheck disable=SC2086
	server_inside timeout -k 5 200 $server_as "$server_sbx" \
		$server_options
}

server()
{
	server_name=$1
	cat >"$tmp/all"
	for server_needs in bash $2; do
		[ -e "$server_needs" ] && continue
		command -v "$server_needs" >/dev/null && continue
		skip "$server_name" "$server_needs is not installed"
		return
	done
	sed '/^--- \(outside\|wanted\)$/,$d' "$tmp/all" |
		cat "$tmp/start" - >"$tmp/script"
	sed '1,/^--- outside$/d; /^--- wanted$/,$d' "$tmp/all" |
		cat "$tmp/start.outside" - >"$tmp/script.outside"
	sed '1,/^--- wanted$/d' "$tmp/all" >"$tmp/wanted"
	if [ -n "${SBX_NATIVE-}" ]; then
		server_native
		server_report "$server_name, natively"
		return
	fi
	for server_who in $server_whos; do
		server_sides "$server_who" "$3"
		case $server_who in
		plain) server_report "$server_name, as itself" ;;
		self) server_report "$server_name" ;;
		user) server_report "$server_name, as an ordinary user" ;;
		esac
	done
}

server_native()
{
	server_got=0
	# shellcheck disable=SC2016
	timeout -k 5 200 unshare -nmp --fork --mount-proc sh -c '
		exec 9<"$1"
		ip link set lo up && mount -t tmpfs -o mode=1777 t /tmp &&
		cat <&9 >/tmp/script && exec bash /tmp/script' - \
		"$tmp/script" >"$tmp/got" 2>"$tmp/err" </dev/null ||
		server_got=$?
}

# server_sides WHO OPTIONS
server_sides()
{
	: >"$tmp/err"
	server_got=0
	if ! grep -q '^--- outside$' "$tmp/all"; then
		server_run "$1" "$2" >"$tmp/got" 2>"$tmp/err" </dev/null ||
			server_got=$?
		return
	fi
	rm -f "$tmp/go"
	mkfifo "$tmp/go"
	(
		timeout -k 5 150 bash "$tmp/script.outside" >"$tmp/got.outside" \
			2>"$tmp/err.outside"
		echo go
	) >"$tmp/go" </dev/null &
	{
		server_run "$1" "$2" >"$tmp/got" 2>"$tmp/err" ||
			server_got=$?
		echo over >>"$tmp/err"
	} <"$tmp/go"
	wait
	cat "$tmp/got.outside" >>"$tmp/got"
	cat "$tmp/err.outside" >>"$tmp/err"
}

server_report()
{
	if [ "$server_got" = 0 ] && cmp -s "$tmp/wanted" "$tmp/got"; then
		ok "$1"
		return
	fi
	not_ok "$1"
	printf '# status %s; wanted first:\n' "$server_got"
	diff -a "$tmp/wanted" "$tmp/got" | head -n 40 | cut -c 1-200 |
		sed 's/^/# /'
	tail -n 20 "$tmp/err" | cut -c 1-200 | sed 's/^/# /'
}
