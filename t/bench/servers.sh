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
# usage: servers.sh [ROUNDS [CASE...]]	CASE: redis nginx pgbench wordpress
set -u
LC_ALL=C
PATH=/usr/lib/postgresql/15/bin:/usr/bin:/bin:/usr/sbin:/sbin
export LC_ALL PATH
SRCDIR=${SRCDIR:-$(pwd)}
BUILDDIR=${BUILDDIR:-$(pwd)}
SBX=${SBX:-$BUILDDIR/sbx}
rounds=${1:-${SBX_BENCH_ROUNDS:-5}}
[ $# = 0 ] || shift
cases=${*:-redis nginx pgbench wordpress}
# Seconds that one client runs, where it is told so.
secs=${SBX_BENCH_SECONDS:-2}
export secs
dir=$(mktemp -d /dev/shm/sbx-servers.XXXXXX) || exit 99
chmod 711 "$dir"
# Sockets of AF_UNIX: no file of the host's is one in the sandbox.
sock=/tmp/${dir##*/}
export sock
trap 'rm -rf "$dir" "$sock"-*' EXIT
trap 'exit 99' HUP INT TERM

as_user=		# PostgreSQL and MariaDB will not be root's
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
# A whole page with the newest post, before anything is measured.
page()
{
	n=0
	until curl -s -m 20 "http://127.0.0.1:$port/" >page &&
		grep -q 'Post 12' page && grep -q '</html>' page; do
		n=$((n + 1))
		[ $n -lt 60 ] || { head -n 5 page >>log; exit 1; }
		sleep 0.5
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
wordpress)
	$4 mariadbd --no-defaults --datadir="$data/d" \
		--socket="$sock-$port.db" \
		--skip-networking --innodb-buffer-pool-size=32M >log 2>&1 &
	servers=$!
	$4 php-fpm8.2 -y "$data/fpm" -F >fpmout 2>&1 &
	servers="$servers $!"
	$4 nginx -p "$data" -c "$data/conf" >ngxlog 2>&1 &
	servers="$servers $!" ;;
esac
up
[ "$case" != wordpress ] || page
echo ready
while read -r what; do
	echo "$(client "$what" "$port")"
done
END

# client WHAT PORT: prints the rate
cat >"$dir/clients" <<'END_OF_CLIENTS'
rate() { awk '/Non-2xx|Socket errors/ { r = 0; exit }
	/requests per second|^Requests\/sec|^tps/ {
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
	wp-page) wrk -t 1 -c 4 -d "$secs" --timeout 20 "http://127.0.0.1:$2/" ;;
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
# One installation for all: a database, and the pages, which stay as they are.
install_wordpress()
{
	at=$dir/wp
	mkdir "$at" && chmod 777 "$at"
	cp -rL /usr/share/wordpress "$at/www" 2>/dev/null
	cat >"$at/www/wp-config.php" <<'END'
<?php
define('DB_NAME', 'wp');
define('DB_USER', 'wp');
define('DB_PASSWORD', 'secret');
define('DB_HOST', 'localhost:' . $_SERVER['DB_SOCKET']);
define('WP_HOME', 'http://' . $_SERVER['HTTP_HOST']);
define('WP_SITEURL', WP_HOME);
define('DISABLE_WP_CRON', true);
define('WP_HTTP_BLOCK_EXTERNAL', true);
$table_prefix = 'wp_';
require_once(__DIR__ . '/wp-settings.php');
END
	cat >"$at/install.php" <<'END'
<?php
define('WP_INSTALLING', true);
$_SERVER['HTTP_HOST'] = '127.0.0.1';
require __DIR__ . '/www/wp-load.php';
require ABSPATH . 'wp-admin/includes/upgrade.php';
function wp_new_blog_notification() { }
wp_install('Bench', 'admin', 'a@example.com', true, '', 'pass');
for ($i = 1; $i <= 12; $i++)
	wp_insert_post(array('post_title' => "Post $i",
		'post_content' => str_repeat("The quick brown fox. ", 50),
		'post_status' => 'publish',
		'post_date' => date('Y-m-d H:i:s', time() - 86400 + $i)));
END
	# shellcheck disable=SC2086
	$as_user mariadb-install-db --no-defaults --datadir="$at/d" \
		--skip-test-db --auth-root-authentication-method=normal || return
	# shellcheck disable=SC2086
	$as_user mariadbd --no-defaults --datadir="$at/d" \
		--socket="$at/sock" --skip-networking &
	db=$!
	# shellcheck disable=SC2016
	timeout 60 sh -c 'until mariadb-admin --no-defaults -uroot -S "$1" ping
		do sleep 0.2; done' - "$at/sock"
	mariadb --no-defaults -uroot -S "$at/sock" -e "create database wp;
		create user wp@localhost identified by 'secret';
		grant all on wp.* to wp@localhost" &&
		DB_SOCKET=$at/sock timeout 100 php8.2 "$at/install.php"
	code=$?
	kill -TERM $db && wait $db
	return $code
}

make_wordpress()
{
	if [ ! -d "$dir/wp" ]; then
		install_wordpress >"$dir/init" 2>&1 </dev/null || return
	fi
	chmod 777 "$1"
	cp -a "$dir/wp/d" "$1/d" || return
	cat >"$1/fpm" <<END
[global]
error_log = $1/fpmlog
daemonize = no
[www]
listen = $sock-$2.fpm
pm = static
pm.max_children = 2
END
	cat >"$1/conf" <<END
daemon off;
worker_processes 1;
pid $1/nginx.pid;
error_log $1/errlog;
events { worker_connections 512; }
http {
	access_log off;
	client_body_temp_path $1/t1; proxy_temp_path $1/t2;
	fastcgi_temp_path $1/t3; uwsgi_temp_path $1/t4; scgi_temp_path $1/t5;
	server { listen $2; root $dir/wp/www; index index.php;
		location ~ \.php\$ {
			include /etc/nginx/fastcgi_params;
			fastcgi_param SCRIPT_FILENAME
				\$document_root\$fastcgi_script_name;
			fastcgi_param DB_SOCKET $sock-$2.db;
			fastcgi_pass unix:$sock-$2.fpm;
		}
	}
}
END
}

# A line of standard input: who answers no more is not waited for.
answer() { timeout 120 head -n 1; }

# ask FD WHAT: one run of a client where that one leads
ask()
{
	case $1 in
	3) echo "$2" >&3; answer=$(answer <&6) ;;
	4) echo "$2" >&4; answer=$(answer <&7) ;;
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
	wordpress) echo nginx php-fpm8.2 mariadbd mariadb-install-db wrk curl \
		/usr/share/wordpress/wp-settings.php \
		/usr/share/wordpress/wp-content/themes/twentytwentythree ;;
	esac
}
rows()
{
	case $1 in
	redis) echo redis-get 0.95 0.9 redis-set 0.95 0.9 redis-get-P16 \
		0.95 0.95 redis-set-P16 0.95 0.95 ;;
	nginx) echo nginx-small 0.9 0.9 nginx-64k 0.9 0.9 ;;
	pgbench) echo pg-read 0.9 0.9 pg-write 0.9 0.9 ;;
	wordpress) echo wp-page 0.9 0.9 ;;
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
	user=0 pages=
	case $1 in
	pgbench) user=65534 ;;
	wordpress)
		# Pages lie in an overlay, as those in /usr/share do.
		user=65534 pages="--overlay $dir/wp" ;;
	esac
	setsid bash "$dir/script" "$1" $port "$dir/native" "$as_user" \
		<"$dir/to.$1" >"$dir/from.$1" 3>&- 4>&- 5>&- &
	# shellcheck disable=SC2086
	"$SBX" -q --user $user --rw "$dir" $pages -e secs="$secs" -e sock="$sock" -- \
		bash "$dir/script" "$1" $((port + 1)) "$dir/in" "" \
		<"$dir/to2.$1" >"$dir/from2.$1" \
		2>"$dir/err.in" 3>&- 4>&- 5>&- &
	# shellcheck disable=SC2086
	"$SBX" -q --user $user --rw "$dir" $pages \
		--publish $((port + 2)):$((port + 2)) -e sock="$sock" -- \
		bash "$dir/script" "$1" $((port + 2)) "$dir/out" "" \
		<"$dir/to3.$1" >"$dir/from3.$1" 2>"$dir/err.out" \
		3>&- 4>&- 5>&- &
	for fd in 6 7 8; do
		[ "$(answer <&$fd)" = ready ] && continue
		printf '%-14s failed\n' "$1"
		tail -qn 20 "$dir"/err.* "$dir"/*/log | sed 's/^/# /'
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
		[ -e "$p" ] && continue
		command -v "$p" >/dev/null && continue
		printf '%-14s %s is not installed\n' "$c" "$p"
		continue 2
	done
	# They end when there is no more input.
	(trap 'exec 3>&- 4>&- 5>&-; wait' EXIT; one "$c")
done
