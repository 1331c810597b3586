#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# servers.sh: `make bench-servers`.  Servers under the load of their own
# clients: the rate as a ratio to native in the same run, native and sandbox in
# turn.  "inside": server and client in one sandbox; "outside": the client is a
# native one, by --publish.  All data lie in memory.
#
# A sandbox is a session of its own, and the host may share out its CPUs by
# session: so are the native servers, and "outside" is compared with a client
# outside of that.
#
# usage: servers.sh [ROUNDS [CASE...]]	CASE: redis nginx pgbench
set -u
LC_ALL=C
PATH=/usr/lib/postgresql/15/bin:/usr/bin:/bin:/usr/sbin:/sbin
export LC_ALL PATH
SRCDIR=${SRCDIR:-$(pwd)}
BUILDDIR=${BUILDDIR:-$(pwd)}
SBX=${SBX:-$BUILDDIR/sbx}
rounds=${1:-${SBX_BENCH_ROUNDS:-5}}
[ $# = 0 ] || shift
cases=${*:-redis nginx pgbench}
# Seconds that one client runs, where it is told so.
secs=${SBX_BENCH_SECONDS:-2}
export secs
dir=$(mktemp -d /dev/shm/sbx-servers.XXXXXX) || exit 99
chmod 711 "$dir"
trap 'rm -rf "$dir"' EXIT
trap 'exit 99' HUP INT TERM

as_user=		# PostgreSQL will not be root's
[ "$(id -u)" != 0 ] ||
	as_user="setpriv --reuid 65534 --regid 65534 --clear-groups"

# What runs natively and in the sandbox: a server, and clients as they are told
# on standard input.  script CASE PORT DIRECTORY USER
cat >"$dir/script" <<'END'
case=$1 port=$2 data=$3
cd "$data" || exit 1
up()
{
	n=0
	until (exec 9<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do
		n=$((n + 1))
		[ $n -lt 600 ] || { echo failed; exit 1; }
		sleep 0.1
	done
}
. "$data/../clients"
servers=
trap 'echo failed; kill -TERM $servers; wait' EXIT
trap 'exit 1' HUP INT TERM
case $case in
redis)
	redis-server --port "$port" --protected-mode no --save '' \
		--appendonly no >log 2>&1 &
	servers=$! ;;
nginx)
	nginx -p "$data" -c "$data/conf" >log 2>&1 &
	servers=$! ;;
pgbench)
	$4 postgres -D "$data/pg" -k '' -p "$port" >log 2>&1 &
	servers=$! ;;
esac
up
echo ready
while read -r what; do
	echo "$(client "$what" "$port")"
done
END

# client WHAT PORT: prints the rate
cat >"$dir/clients" <<'END_OF_CLIENTS'
rate() { awk '/requests per second|^Requests\/sec|^tps/ {
	for (i = 1; i <= NF; i++) if ($i ~ /^[0-9.]+$/) { r = $i; break } }
	END { print r + 0 }'; }
client()
{
	case $1 in
	redis-get) redis-benchmark -p "$2" -n "$((secs * 30000))" -c 50 \
		-q -t get ;;
	redis-set) redis-benchmark -p "$2" -n "$((secs * 30000))" -c 50 \
		-q -t set ;;
	redis-get-P16) redis-benchmark -p "$2" -n "$((secs * 200000))" -c 50 \
		-P 16 -q -t get ;;
	redis-set-P16) redis-benchmark -p "$2" -n "$((secs * 200000))" -c 50 \
		-P 16 -q -t set ;;
	nginx-small) wrk -t 2 -c 20 -d "$secs" "http://127.0.0.1:$2/small" ;;
	nginx-64k) wrk -t 2 -c 20 -d "$secs" "http://127.0.0.1:$2/64k" ;;
	pg-read) pgbench -h 127.0.0.1 -p "$2" -U bench -n -S -c 8 -j 2 \
		-T "$secs" postgres ;;
	pg-write) pgbench -h 127.0.0.1 -p "$2" -U bench -n -c 8 -j 2 \
		-T "$secs" postgres ;;
	esac 2>"$data/client.err" | tr '\r' '\n' | rate
}
END_OF_CLIENTS

# conf DIRECTORY PORT: a configuration of nginx
conf()
{
	cat >"$1/conf" <<END
daemon off;
worker_processes 2;
pid $1/nginx.pid;
error_log $1/errlog;
$([ "$(id -u)" != 0 ] || echo 'user root;')
events { worker_connections 512; }
http {
	access_log off;
	sendfile on; tcp_nopush on; keepalive_requests 1000000;
	client_body_temp_path $1/t1; proxy_temp_path $1/t2;
	fastcgi_temp_path $1/t3; uwsgi_temp_path $1/t4; scgi_temp_path $1/t5;
	server { listen $2; root $1/www; }
}
END
}

# make_CASE DIRECTORY PORT: what it needs
make_redis()
{
	true
}
make_nginx()
{
	mkdir "$1/www"
	head -c 612 /dev/urandom >"$1/www/small"
	head -c 65536 /dev/urandom >"$1/www/64k"
	conf "$1" "$2"
}
make_pgbench()
{
	chmod 777 "$1"
	# shellcheck disable=SC2086
	(cd "$1" && $as_user initdb -D "$1/pg" -U bench -A trust &&
		$as_user pg_ctl -D "$1/pg" -l "$1/initlog" -w -o "-k '' -p $2" \
			start && pgbench -h 127.0.0.1 -p "$2" -U bench -i \
			-s 10 postgres && $as_user pg_ctl -D "$1/pg" -w stop) \
		>"$dir/init" 2>&1
}
# ask FD WHAT: one run of a client where that one leads
ask()
{
	case $1 in
	3) echo "$2" >&3; read -r answer <&6 ;;
	4) echo "$2" >&4; read -r answer <&7 ;;
	esac
	echo "${answer:-0}"
}

# median of standard input's numbers
median()
{
	sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}

needs()
{
	case $1 in
	redis) echo redis-server redis-benchmark ;;
	nginx) echo nginx wrk ;;
	pgbench) echo postgres initdb pgbench ;;
	esac
}
rows()
{
	case $1 in
	redis) echo redis-get 0.95 0.9 redis-set 0.95 0.9 redis-get-P16 \
		0.95 0.95 redis-set-P16 0.95 0.95 ;;
	nginx) echo nginx-small 0.9 0.9 nginx-64k 0.9 0.9 ;;
	pgbench) echo pg-read 0.9 0.9 pg-write 0.9 0.9 ;;
	esac
}

row()
{
	for w in in out; do
		n=$(median <"$dir/native-$w.$1")
		goal=$2
		[ $w = in ] || goal=$3
		s=$(median <"$dir/$w.$1")
		awk -v c="$1" -v w="${w}side" -v n="$n" -v s="$s" -v g="$goal" \
			'BEGIN { r = n > 0 ? s / n : 0
			printf "%-14s %-8s %10.0f %10.0f %7.2f %6s%s\n", c, w,
				n, s, r, g, r < g ? " <" : "" }'
	done
}

# one CASE: native, inside, outside, each with servers of its own
one()
{
	rm -rf "$dir/native" "$dir/in" "$dir/out"
	mkfifo "$dir/to.$1" "$dir/to2.$1" "$dir/to3.$1" "$dir/from.$1" \
		"$dir/from2.$1" "$dir/from3.$1" || return
	port=$((20000 + $$ % 9000 * 4))
	for w in native in out; do
		mkdir "$dir/$w"
		"make_$1" "$dir/$w" $port || {
			printf '%-14s failed\n' "$1"
			sed 's/^/# /' "$dir/init"
			return
		}
		port=$((port + 1))
	done
	port=$((port - 3))
	exec 3<>"$dir/to.$1" 4<>"$dir/to2.$1" 5<>"$dir/to3.$1" \
		6<>"$dir/from.$1" 7<>"$dir/from2.$1" 8<>"$dir/from3.$1"
	user=0
	[ "$1" != pgbench ] || user=65534
	setsid bash "$dir/script" "$1" $port "$dir/native" "$as_user" \
		<"$dir/to.$1" >"$dir/from.$1" 3>&- 4>&- 5>&- &
	"$SBX" -q --user $user --rw "$dir" -e secs="$secs" -- \
		bash "$dir/script" "$1" $((port + 1)) "$dir/in" "" \
		<"$dir/to2.$1" >"$dir/from2.$1" \
		2>"$dir/err.in" 3>&- 4>&- 5>&- &
	"$SBX" -q --user $user --rw "$dir" \
		--publish $((port + 2)):$((port + 2)) -- \
		bash "$dir/script" "$1" $((port + 2)) "$dir/out" "" \
		<"$dir/to3.$1" >"$dir/from3.$1" 2>"$dir/err.out" \
		3>&- 4>&- 5>&- &
	for fd in 6 7 8; do
		read -r answer <&$fd
		[ "$answer" = ready ] && continue
		printf '%-14s failed\n' "$1"
		sed 's/^/# /' "$dir"/err.* "$dir"/*/log
		return
	done
	# The same clients, natively.
	# shellcheck disable=SC2034
	data=$dir/native
	# shellcheck disable=SC1091
	. "$dir/clients"
	# shellcheck disable=SC2046
	set -- $(rows "$1")
	while [ $# -gt 2 ]; do
		i=0
		rm -f "$dir"/native-*."$1" "$dir/in.$1" "$dir/out.$1"
		while [ $i -lt "$rounds" ]; do
			i=$((i + 1))
			ask 3 "$1" >>"$dir/native-in.$1"
			ask 4 "$1" >>"$dir/in.$1"
			client "$1" "$port" >>"$dir/native-out.$1"
			client "$1" $((port + 2)) >>"$dir/out.$1"
		done
		row "$1" "$2" "$3"
		shift 3
	done
}

printf '%-14s %-8s %10s %10s %7s %6s\n' case client 'native/s' 'sbx/s' ratio \
	goal
for c in $cases; do
	for p in bash $(needs "$c"); do
		command -v "$p" >/dev/null && continue
		printf '%-14s %s is not installed\n' "$c" "$p"
		continue 2
	done
	# They end when there is no more input.
	(trap 'exec 3>&- 4>&- 5>&-; wait' EXIT; one "$c")
done
