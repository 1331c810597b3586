#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# t5014-servers-host.sh: data that a server inside wrote, read by the same one
# outside; and programs inside that reach servers of the host, by name.
. "${SRCDIR:-.}/t/servers.sh"

[ "$server_whos" != self ] || as_user=
rw=$tmp/rw
B=/usr/lib/postgresql/15/bin

cat >"$tmp/start" <<END
export HOME=$rw PGUSER=me PGDATABASE=postgres PGPORT=5432
cd $rw
END
cat >>"$tmp/start" <<'END'
till() { _n=0; until "$@"; do _n=$((_n + 1)); [ $_n -lt 600 ] || exit 9; sleep 0.1; done; }
up() { pg_ctl -D data -l log -w -t 60 -o "-k $PGHOST -c listen_addresses=" start >/dev/null; echo start $?; }
down() { pg_ctl -D data -w -m "$1" stop >/dev/null; echo stop $?; }
END
# pg NAME SIDE WANTED: the script on standard input, on one of the sides.
pg()
{
	# A socket has its place in memory, in the sandbox.
	pg_sbx=
	pg_host=$rw
	if [ "$2" != native ]; then
		pg_sbx="$server_sbx --rw $rw --ro $tmp/script --"
		pg_host=/tmp
	fi
	{
		printf 'export PGHOST=%s\n' "$pg_host"
		cat "$tmp/start" -
	} >"$tmp/script"
	# shellcheck disable=SC2086
	timeout -k 5 150 $as_user $pg_sbx bash "$tmp/script" >"$tmp/got" \
		2>"$tmp/err" </dev/null || echo "status $?" >>"$tmp/got"
	printf '%s\n' "$3" >"$tmp/wanted"
	if cmp -s "$tmp/wanted" "$tmp/got"; then
		ok "$1"
		return
	fi
	not_ok "$1"
	diff -a "$tmp/wanted" "$tmp/got" >"$tmp/why"
	tail -n 15 "$rw/log" "$tmp/err" >>"$tmp/why"
	note "$tmp/why"
}

postgres()
{
	pg 'postgresql: data made in a --rw directory' sbx 'initdb 0
start 0
CREATE TABLE
INSERT 0 20000
CREATE INDEX
CREATE EXTENSION
init 0
number of transactions actually processed: 800/800
stop 0' <<'END'
initdb -D data -U me -A trust >ilog 2>&1; echo initdb $?
up
psql -At <<'E'
create table t(a int primary key, b text, c bytea);
insert into t select i, md5(i::text), decode(repeat(md5(i::text), i % 200), 'hex') from generate_series(1, 20000) i;
create index on t(b);
create extension amcheck;
E
pgbench -i -s 1 -q >/dev/null 2>&1; echo init $?
pgbench -n -c 8 -j 2 -t 100 2>&1 | grep actually
pg_dump | grep -vE '^\\(un)?restrict' | md5sum >dump
down fast
END
	pg 'postgresql: read, checked and written by a native server' native \
		'start 0
20000|200010000|31840000
checked 0
the same dump
t
DELETE 10000
INSERT 0 1
stop 0' <<'END'
up
psql -Atc "select count(*), sum(a), sum(length(c)) from t"
pg_amcheck -d postgres --heapallindexed --parent-check >/dev/null; echo checked $?
pg_dump | grep -vE '^\\(un)?restrict' | md5sum | cmp - dump && echo the same dump
psql -Atc "select (select sum(abalance) from pgbench_accounts) = (select sum(delta) from pgbench_history)"
psql -Atc "delete from t where a % 2 = 0" -c "insert into t values(0, 'native', '')"
down fast
END
	pg 'postgresql: a backend killed while it writes, and all of it' sbx \
		'start 0
native
10001
killed
recovered
all killed' <<'END'
up
psql -Atc "select b from t where a = 0" -c "select count(*) from t"
(pgbench -n -c 8 -j 2 -T 60 >/dev/null 2>&1; echo over >over) &
till sh -c '[ "$(psql -Atc "select count(*) > 1000 from pgbench_history")" = t ]'
kill -KILL $(psql -Atc "select pid from pg_stat_activity where application_name = 'pgbench' limit 1") && echo killed
till grep -q 'terminated by signal 9' log
till psql -Atc 'select 1' >/dev/null 2>&1
till [ -s over ]
grep -q 'database system was not properly shut down' log && echo recovered
(pgbench -n -c 8 -j 2 -T 60 >/dev/null 2>&1) &
n=$(psql -Atc "select count(*) from pgbench_history")
till sh -c '[ "$(psql -Atc "select count(*) > '$n' + 500 from pgbench_history")" = t ]'
echo all killed
kill -KILL -1
END
	pg 'postgresql: recovered by a native server' native \
		'start 0
native
10001
checked 0
t
stop 0' <<'END'
rm -f data/postmaster.pid
up
psql -Atc "select b from t where a = 0" -c "select count(*) from t"
pg_amcheck -d postgres --heapallindexed --parent-check >/dev/null; echo checked $?
psql -Atc "select (select sum(abalance) from pgbench_accounts) = (select sum(delta) from pgbench_history)"
down fast
END
}
if [ -x $B/initdb ] && [ -x $B/pg_amcheck ]; then
	PATH=$B:$PATH
	postgres
else
	skip 'postgresql' 'it is not installed'
fi

# Servers of the host, on ports that are free, and clients inside that know
# them by name: from /etc/hosts, and from a server of names.
cat >"$tmp/web.py" <<'END'
import http.server
import os
import socket
import sys
class H(http.server.CGIHTTPRequestHandler):
    cgi_directories = ['/cgi-bin']

    def log_message(self, *a): pass


os.chdir(sys.argv[1])
s = http.server.ThreadingHTTPServer(('0.0.0.0', 0), H)
print(s.server_address[1], flush=True)
s.serve_forever()
END
cat >"$tmp/free.py" <<'END'
import socket
t = socket.socket()
t.bind(('127.0.0.1', 0))
print(t.getsockname()[1])
END
cat >"$tmp/outward" <<'END'
cd /tmp
export HOME=/tmp
curl -s http://www.test:$1/file | cksum
wget -q -O - http://www.test:$1/file | cksum
git clone -q http://www.test:$1/cgi-bin/git/r.git c && cat c/a && git -C c log --format=%s
rsync -a rsync://www.test:$2/m/ m/ && cksum <m/file
curl -s http://www.test:$3/file; echo refused $?
END

outward()
{
	www=$tmp/www
	mkdir -p "$www/cgi-bin"
	head -c 500000 /dev/zero | tr '\0' z >"$www/file"
	# shellcheck disable=SC2016
	printf '#!/bin/sh\nexport GIT_PROJECT_ROOT=%s GIT_HTTP_EXPORT_ALL=1 HOME=%s\nexec git http-backend\n' \
		"$www" "$www" >"$www/cgi-bin/git"
	chmod 755 "$www/cgi-bin/git"
	printf '[safe]\n\tdirectory = *\n' >"$www/.gitconfig"
	(
		HOME=$www
		cd "$www" && git init -q --bare r.git && git init -q w &&
			cd w && git config user.email a@b &&
			git config user.name n && echo a >a && git add a &&
			git commit -qm one &&
			git push -q ../r.git HEAD:refs/heads/master &&
			git -C ../r.git symbolic-ref HEAD refs/heads/master
	)
	python3 "$tmp/web.py" "$www" >"$tmp/port" 2>"$tmp/err" &
	http_pid=$!
	rsync_port=$(python3 "$tmp/free.py")
	other=$(python3 "$tmp/free.py")
	printf 'use chroot = no\nport = %s\naddress = 127.0.0.1\n[m]\npath = %s\n' \
		"$rsync_port" "$www" >"$tmp/rsyncd"
	[ "$(id -u)" -ne 0 ] || printf 'uid = 0\ngid = 0\n' >>"$tmp/rsyncd"
	rsync --daemon --no-detach --config="$tmp/rsyncd" \
		--log-file="$tmp/rsyncd.log" 2>>"$tmp/err" &
	rsync_pid=$!
	tries=0
	until [ -s "$tmp/port" ] && python3 -c \
	    'import socket, sys; socket.create_connection(("127.0.0.1", int(sys.argv[1])))' \
	    "$rsync_port" 2>/dev/null; do
		tries=$((tries + 1))
		[ $tries -lt 300 ] || break
		sleep 0.1
	done
	read -r port <"$tmp/port"
	printf '127.0.0.1 localhost www.test\n' >"$tmp/hosts"
	sum='3398018903 500000'
	# shellcheck disable=SC2086
	got=$(timeout 100 $as_user "$server_sbx" --ro "$tmp/outward" \
		--ro "$tmp/hosts:/etc/hosts" \
		--allow-net "tcp://127.0.0.1:$port,$rsync_port" -- \
		bash "$tmp/outward" "$port" "$rsync_port" "$other" 2>&1)
	is 'curl, wget, git and rsync to servers of the host' "$got" "$sum
$sum
a
one
$sum
refused 7"
	kill $http_pid $rsync_pid
	wait $http_pid $rsync_pid 2>/dev/null
}
missing=
for need in curl wget git rsync python3; do
	command -v $need >/dev/null || missing=$need
done
if [ -n "$missing" ]; then
	skip 'clients to servers of the host' "$missing is not installed"
else
	outward
fi
done_testing
