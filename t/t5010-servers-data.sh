#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# t5010-servers-data.sh: Redis, memcached, PostgreSQL, MariaDB.
. "${SRCDIR:-.}/t/servers.sh"

server "redis: benchmark, files by fork, restart" "redis-server redis-cli redis-benchmark" "--user 0" <<'END_OF_SERVER'
cd /tmp && mkdir redis && cd redis
P=${P:-6379}
up() { n=0; until redis-cli -p $P ping 2>/dev/null | grep -q PONG; do sleep 0.1; n=$((n+1)); [ $n -lt 600 ] || { echo no; exit 1; }; done; }
redis-server --port $P --dir $PWD --appendonly yes --save 60 1 >log 2>&1 & s=$!
up
redis-cli -p $P set a 1
redis-cli -p $P incr a
redis-benchmark -p $P -n 10000 -c 50 -q -t set,get,lpush 2>&1 | tr '\r' '\n' | grep -c "requests per second"
redis-benchmark -p $P -n 20000 -c 50 -P 16 -q -t set,get 2>&1 | tr '\r' '\n' | grep "requests per second" >&2
redis-cli -p $P bgsave
while redis-cli -p $P info persistence | grep -q 'rdb_bgsave_in_progress:1'; do sleep 0.1; done
redis-cli -p $P info persistence | tr -d '\r' | grep -E 'rdb_last_bgsave_status|aof_last_bgrewrite|aof_enabled'
redis-cli -p $P bgrewriteaof
while redis-cli -p $P info persistence | grep -q 'aof_rewrite_in_progress:1'; do sleep 0.1; done
redis-cli -p $P info persistence | tr -d '\r' | grep -E 'aof_last_bgrewrite'
redis-cli -p $P dbsize
(redis-cli -p $P subscribe ch > sub & echo $! > subpid; wait)&
until redis-cli -p $P publish ch hello | grep -q 1; do sleep 0.1; done
kill $(cat subpid)
redis-cli -p $P eval 'return redis.call("get", "a")' 0
redis-cli -p $P shutdown
wait $s; echo status $?
redis-server --port $P --dir $PWD --appendonly yes --save 60 1 >>log 2>&1 & s=$!
up
redis-cli -p $P get a
redis-cli -p $P dbsize
kill -KILL $s; wait $s; echo status $?
redis-server --port $P --dir $PWD --appendonly yes --unixsocket $PWD/sock >>log 2>&1 & s=$!
up
redis-cli -s sock get a
kill -TERM $s; wait $s; echo status $?
tail -n 1 sub
exit 0
--- wanted
OK
2
3
Background saving started
rdb_last_bgsave_status:ok
aof_enabled:1
aof_last_bgrewrite_status:ok
Background append only file rewriting started
aof_last_bgrewrite_status:ok
3
2
status 0
2
3
status 137
2
status 0
hello
END_OF_SERVER

server "memcached" "memcached nc" "--user 0" <<'END_OF_SERVER'
mkdir -p /tmp/mc && cd /tmp/mc
memcached -u nobody -l 127.0.0.1 -p 11211 -U 11211 -t 4 -vv 2>log & s=$!
up 11211
mc() { exec 4<>/dev/tcp/127.0.0.1/11211; printf "$1"'quit\r\n' >&4; tr -d '\r' <&4; exec 4>&-; }
mc 'set a 0 0 5\r\nhello\r\nget a\r\n'
mc 'incr n 1\r\nset n 0 0 1\r\n5\r\nincr n 37\r\ndelete a\r\nget a\r\ngets n\r\n'
for i in $(seq 20); do (for j in $(seq 20); do mc "set k$i.$j 0 0 3\r\nabc\r\n"; done >/dev/null) & ks="$ks $!"; done; wait $ks
mc 'stats\r\n' | tr -d '\r' | grep -E 'curr_items|cmd_set|threads |curr_conn'
printf '\0\1\0\0\0\1\0\0version\r\n' | nc -u -w1 127.0.0.1 11211 | tail -c +9 | cut -c1-9
kill -TERM $s; wait $s; echo status $?
exit 0
--- wanted
STORED
VALUE a 0 5
hello
END
NOT_FOUND
STORED
42
DELETED
END
VALUE n 0 2 3
42
END
STAT curr_connections 5
STAT cmd_set 402
STAT threads 4
STAT curr_items 401
VERSION 1
status 0
END_OF_SERVER

server "postgresql: 8 clients, a killed backend, restart" "initdb pg_ctl pgbench" "--user 65534" <<'END_OF_SERVER'
B=/usr/lib/postgresql/15/bin; PATH=$B:$PATH
mkdir -p /tmp/pg && cd /tmp/pg
if [ "$(id -u)" = 0 ]; then chown 65534:65534 /tmp/pg; exec setpriv --reuid 65534 --regid 65534 --clear-groups bash "$0" "$@"; fi
export HOME=/tmp/pg PGHOST=127.0.0.1 PGUSER=me PGDATABASE=postgres
initdb -D data -U me -A trust >initlog 2>&1; echo initdb $?; tail -5 initlog >&2
pg_ctl -D data -l log -w -t 60 -o "-k /tmp/pg" start >/dev/null; echo start $?
psql -Atc "create table t(a int primary key, b text); insert into t select i, md5(i::text) from generate_series(1,10000) i; select count(*), sum(a) from t"
psql -h /tmp/pg -Atc "select count(distinct b) from t; explain (costs off) select * from t where a=5"
psql -Atc "set max_parallel_workers_per_gather=2; set parallel_setup_cost=0; set parallel_tuple_cost=0; set min_parallel_table_scan_size=0; select count(*) from t"
pgbench -i -s 1 -q >/dev/null 2>&1; echo init $?
pgbench -n -c 8 -j 2 -t 100 2>&1 | tee -a pgb | grep -E 'actually|failed'
pgbench -n -S -c 8 -j 2 -t 500 2>&1 | tee -a pgb | grep -E 'actually|failed'
psql -Atc "select (select sum(abalance) from pgbench_accounts) = (select sum(delta) from pgbench_history)"
psql -Atc "create extension pgcrypto; select encode(digest('x','sha1'),'hex')"
(psql -At -c "select pg_backend_pid()" -c "select pg_sleep(100)" >sleeper 2>sleeper.e; echo psql $? >>sleeper) & w=$!
till grep -q '^[0-9]' sleeper
kill -KILL $(head -n 1 sleeper); wait $w; tail -n 1 sleeper; grep -c "server closed" sleeper.e
till psql -Atc "select count(*) from t"
grep -c "terminated by signal 9" log
grep -c "database system was not properly shut down" log
psql -At -c checkpoint -c "vacuum analyze";
(psql -At -c "listen x" -c "select 1" -c "select pg_sleep(1)" -c "select 2" > lis) &
till grep -q 1 lis; psql -Atc "notify x"; wait $!; sed "s/ with server.*//;s/ received.*//" lis
psql -Atc "copy t to stdout" | md5sum
psql -Atc "select pg_reload_conf()"
pg_dump -t t | grep -c .
pg_ctl -D data -w -m fast stop >/dev/null; echo stop $?
pg_ctl -D data status; echo $?
pg_ctl -D data -l log -w -t 60 -o "-k /tmp/pg" start >/dev/null; echo start $?
psql -Atc "select count(*) from t"
pg_ctl -D data -w -m immediate stop >/dev/null; echo stop $?
exit 0
--- wanted
initdb 0
start 0
CREATE TABLE
INSERT 0 10000
10000|50005000
10000
Index Scan using t_pkey on t
  Index Cond: (a = 5)
SET
SET
SET
SET
10000
init 0
number of transactions actually processed: 800/800
number of failed transactions: 0 (0.000%)
number of transactions actually processed: 4000/4000
number of failed transactions: 0 (0.000%)
t
CREATE EXTENSION
11f6ad8ec52a2984abaafd7c3b516503785c2072
psql 2
1
10000
1
1
CHECKPOINT
VACUUM
NOTIFY
LISTEN
1

Asynchronous notification "x"
2
63308e1778d5ce64a81bb605872ed315  -
t
10040
stop 0
pg_ctl: no server running
3
start 0
10000
stop 0
END_OF_SERVER

server "mariadb: engines, a crash, restart" "mariadbd mariadb-install-db mariadb-slap" "--user 0" <<'END_OF_SERVER'
mkdir -p /tmp/my && cd /tmp/my
U=; if [ "$(id -u)" = 0 ]; then chown nobody /tmp/my; U=--user=nobody; fi
mariadb-install-db --no-defaults --datadir=/tmp/my/d --auth-root-authentication-method=normal $U >ilog 2>&1; echo install $?
start() { mariadbd --no-defaults --datadir=/tmp/my/d --socket=/tmp/my/sock --port=3306 --bind-address=127.0.0.1 --pid-file=/tmp/my/pid --innodb-buffer-pool-size=32M $U >>log 2>&1 & s=$!; till mariadb-admin --no-defaults -uroot -S sock ping >/dev/null 2>&1; }
start
q() { mariadb --no-defaults -uroot -S sock -N "$@"; }
t() { mariadb --no-defaults -uu -ppw -h 127.0.0.1 -P 3306 -N "$@"; }
q -e "create database x; create user u@'127.0.0.1' identified by 'pw'; grant all on x.* to u@'127.0.0.1'"
t x -e "create table a(i int primary key auto_increment, s varchar(50), index(s)) engine=innodb; insert into a(s) select md5(seq) from seq_1_to_5000; select count(*), sum(i), min(s) from a"
t x -e "start transaction; delete from a where i>100; select count(*) from a; rollback; select count(*) from a"
t x -e "create table m(i int, t text, fulltext(t)) engine=aria; insert into m values(1,'the quick fox'),(2,'lazy dog'); select i from m where match(t) against('dog' in boolean mode)"
mariadb-slap --no-defaults -uu -ppw -h 127.0.0.1 --create-schema=x --concurrency=8 --iterations=1 --number-of-queries=800 --query="select count(*) from a where i<100; update a set s=concat(s,'') where i=7; insert into m values(5,'x')" --delimiter=";" >slap 2>&1; echo slap $?
t x -e "select count(*) from m where i=5"
(t x -e "select sleep(50)"; echo killed $?) >killed 2>&1 & k=$!
till sh -c "mariadb --no-defaults -uroot -S sock -N -e 'show processlist' | grep -q sleep"
q -e "select concat('kill ', id, ';') from information_schema.processlist where info like '%sleep(50)%' and command='Query' and user='u'" | q; wait $k; tail -n 1 killed
mariadb-dump --no-defaults -uroot -S sock x a | grep -c INSERT
kill -KILL $s; wait $s; echo status $?
start
t x -e "select count(*), sum(i) from a; check table a, m"
mariadb-admin --no-defaults -uroot -S sock shutdown; wait $s; echo status $?
start
kill -TERM $s; wait $s; echo status $?
grep -cE 'Crash recovery|crash recovery' log
exit 0
--- wanted
install 0
5000	12502500	0004d0b59e19461ff126e3a08a814c33
100
5000
slap 0
264
killed 1
1
status 137
5000	12502500
x.a	check	status	OK
x.m	check	status	OK
status 0
status 0
1
END_OF_SERVER

done_testing
