#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# t5013-servers-outside.sh: servers inside, by published ports, with clients of
# the host; and the other way about, programs inside that reach servers of the
# host.
. "${SRCDIR:-.}/t/servers.sh"

server "nginx, uwsgi: reloaded under load" "nginx uwsgi_python3 curl ab pgrep cmp" "--user 0 --rw $tmp/rw:/rw -p 127.0.0.1:0:8080" <<'END_OF_SERVER'
mkdir -p /tmp/ng/www && cd /tmp/ng && chmod 755 .
web= app=
[ "$(id -u)" != 0 ] || { web="user www-data;"; app="--uid nobody --gid nogroup"; chown nobody .; }
cat >app.py <<'E'
import os
def application(env, start):
    start('200 OK', [('Content-Type', 'text/plain')])
    if env['PATH_INFO'] == '/pid':
        return [b'%d\n' % os.getpid()]
    n = 0
    while True:
        d = env['wsgi.input'].read(65536)
        if not d:
            return [b'got %d\n' % n]
        n += len(d)
E
cat >conf <<E
worker_processes 2; daemon off; pid pid; error_log errlog; $web
events { worker_connections 512; }
http {
	access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000; client_max_body_size 8m;
	client_body_temp_path b; proxy_temp_path p; fastcgi_temp_path f; uwsgi_temp_path u; scgi_temp_path s;
	server { listen 8080; root /tmp/ng/www;
		location /app/ { include /etc/nginx/uwsgi_params; uwsgi_param PATH_INFO \$uri; uwsgi_pass unix:/tmp/ng/us; }
		location = /pid { include /etc/nginx/uwsgi_params; uwsgi_pass unix:/tmp/ng/us; }
		location /conf { return 200 "conf 0\n"; } } }
E
rm -f /rw/*; head -c 3000000 /dev/urandom >www/big; cp www/big /rw/big; chmod 644 /rw/big
uwsgi_python3 --socket /tmp/ng/us --chmod-socket=666 --master --processes 3 --wsgi-file app.py --need-app --die-on-term $app >ulog 2>&1 & u=$!
till [ -S us ]
nginx -p $PWD -c conf 2>ngerr & n=$!
up 8080
curl -s --data-binary @www/big http://127.0.0.1:8080/app/
ab -q -c 8 -n 500 http://127.0.0.1:8080/app/ | grep -E 'Complete|Failed|Non-2xx'
ab -q -k -c 8 -n 100 http://127.0.0.1:8080/big | grep -E 'Complete|Failed|Non-2xx|Keep-Alive r'
kill -9 $(curl -s http://127.0.0.1:8080/pid)
till grep -q 'DAMN' ulog
till sh -c "[ \$(pgrep -P $u | wc -l) = 3 ]"
# From here on it is reloaded again and again.
echo >going
(i=0; while [ -e going ]; do
	i=$(((i + 1) % 10)); sed "s/conf 0/conf $i/" conf >conf2; mv conf2 conf.new
	cp conf.new conf; kill -HUP $n
	_n=0; until curl -s http://127.0.0.1:8080/conf | grep -q "conf $i"; do sleep 0.1; _n=$((_n + 1)); [ $_n -lt 600 ] || break; done
	sed -i "s/conf $i/conf 0/" conf; echo >>reloads
done) & r=$!
till [ -s reloads ]
ab -q -c 8 -n 1000 http://127.0.0.1:8080/conf | grep -E 'Complete|Failed|Non-2xx'
serving
rm going; wait $r
[ $(wc -l <reloads) -gt 2 ] && echo reloaded
kill -QUIT $n; wait $n; echo nginx $?
kill -TERM $u; wait $u; echo uwsgi $?
grep -cE 'emerg|crit|alert' errlog
exit 0
--- outside
P=$(at 8080)
curl -s http://127.0.0.1:$P/big | cmp - $rw/big && echo same
ab -q -c 10 -n 2000 http://127.0.0.1:$P/conf | grep -E 'Complete|Failed|Non-2xx'
ab -q -c 5 -n 200 http://127.0.0.1:$P/app/ | grep -E 'Complete|Failed|Non-2xx'
ab -q -c 5 -n 50 http://127.0.0.1:$P/big | grep -E 'Complete|Failed|Non-2xx|HTML tr'
curl -s --data-binary @$rw/big http://127.0.0.1:$P/app/
--- wanted
got 3000000
Complete requests:      500
Failed requests:        0
Complete requests:      100
Failed requests:        0
Keep-Alive requests:    100
Complete requests:      1000
Failed requests:        0
reloaded
nginx 0
uwsgi 0
0
same
Complete requests:      2000
Failed requests:        0
Complete requests:      200
Failed requests:        0
Complete requests:      50
Failed requests:        0
HTML transferred:       150000000 bytes
got 3000000
END_OF_SERVER

server "node-ws, asyncio, http.server" "node python3 curl /usr/share/nodejs/ws/package.json" "--user 1000 -p 127.0.0.1:0:8100 -p 127.0.0.1:0:8001 -p 127.0.0.1:0:8000 -p 127.0.0.1:0:8001/udp" <<'END_OF_SERVER'
mkdir -p /tmp/ws/d && cd /tmp/ws
export NODE_PATH=/usr/share/nodejs
cat >s.js <<'E'
const { WebSocketServer } = require('ws');
const s = new WebSocketServer({ port: 8100, host: '127.0.0.1' });
s.on('connection', w => w.on('message', (d, bin) => w.send(d, { binary: bin })));
process.on('SIGTERM', () => s.close(() => process.exit(3)));
E
cat >a.py <<'E'
import asyncio
class U(asyncio.DatagramProtocol):
    def connection_made(self, t): self.t = t
    def datagram_received(self, d, a): self.t.sendto(d[::-1], a)
async def talk(r, w):
    while line := await r.readline():
        w.write(line.upper())
        await w.drain()
    w.close()
async def main():
    await asyncio.get_running_loop().create_datagram_endpoint(U, local_addr=('127.0.0.1', 8001))
    async with await asyncio.start_server(talk, '127.0.0.1', 8001) as s: await s.serve_forever()
asyncio.run(main())
E
head -c 300000 /dev/zero | tr '\0' x >d/file
node s.js >nlog 2>&1 & n=$!
/usr/bin/python3 a.py & a=$!
/usr/bin/python3 -m http.server -d d -b 127.0.0.1 8000 >plog 2>&1 & p=$!
up 8100; up 8001; up 8000
serving
kill -TERM $n $a $p; wait $n; echo node $?; wait $a; echo asyncio $?; wait $p; echo http $?
exit 0
--- outside
cat >c.js <<'E'
const WebSocket = require('ws');
let left = 20, good = 0;
for (let i = 0; i < 20; i++) {
	const w = new WebSocket('ws://127.0.0.1:' + process.argv[2]);
	let n = 0;
	const send = () => w.send(Buffer.alloc(1 + n * 1000 * (i + 1) % 70000, i));
	w.on('open', send).on('message', d => {
		if (d.length === 1 + n * 1000 * (i + 1) % 70000 && d.every(b => b === i)) good++;
		if (++n < 50) send(); else w.close();
	}).on('close', () => { if (!--left) console.log(good); }).on('error', e => console.log(String(e)));
}
E
NODE_PATH=/usr/share/nodejs timeout 100 node c.js $(at 8100)
cat >c.py <<'E'
import asyncio, socket, sys
async def one(i):
    r, w = await asyncio.open_connection('127.0.0.1', int(sys.argv[1]))
    n = 0
    for j in range(20):
        w.write(b'line %d %d\n' % (i, j))
        n += await r.readline() == b'LINE %d %d\n' % (i, j)
    w.write_eof()
    n -= await r.read() != b''
    w.close()
    return n
async def main(): print(sum(await asyncio.gather(*[one(i) for i in range(50)])))
asyncio.run(main())
s = socket.socket(type=socket.SOCK_DGRAM)
s.settimeout(60)
s.connect(('127.0.0.1', int(sys.argv[2])))
s.send(b'abc')
print(s.recv(10))
E
# That is two ports, of TCP and of UDP.
timeout 100 python3 c.py $(at 8001)
curl -s http://127.0.0.1:$(at 8000)/file | cksum
curl -s -o /dev/null -w '%{http_code}\n' http://127.0.0.1:$(at 8000)/none
--- wanted
node 3
asyncio 143
http 143
1000
1000
b'cba'
2685198886 300000
404
END_OF_SERVER

server "redis, PostgreSQL, MariaDB, memcached: clients outside" "redis-server redis-benchmark redis-cli initdb pgbench mariadbd mariadb memcached" "--user 0 -p 127.0.0.1:0:6379 -p 127.0.0.1:0:5432 -p 127.0.0.1:0:3306 -p 127.0.0.1:0:11211" <<'END_OF_SERVER'
mkdir -p /tmp/db/pg && cd /tmp/db && chmod 755 .
my= pg=
if [ "$(id -u)" = 0 ]; then my=--user=mysql; chown mysql .; chown postgres pg; pg="setpriv --reuid postgres --regid postgres --init-groups"; fi
redis-server --save '' --port 6379 >rlog 2>&1 & r=$!
memcached -u nobody -l 127.0.0.1 -p 11211 2>mclog & m=$!
(cd pg; export HOME=/tmp/db/pg; $pg initdb -D d -U me -A trust >ilog 2>&1 && echo 'host all all all trust' | $pg tee -a d/pg_hba.conf >/dev/null && $pg pg_ctl -D d -l log -w -t 60 -o '-k /tmp/db/pg -h 127.0.0.1' start >/dev/null; echo pg $?)
mariadb-install-db --no-defaults --datadir=/tmp/db/d --auth-root-authentication-method=normal $my >ilog 2>&1
mariadbd --no-defaults --datadir=/tmp/db/d --socket=/tmp/db/sock --bind-address=0.0.0.0 --skip-name-resolve --pid-file=/tmp/db/pid --innodb-buffer-pool-size=32M $my >dblog 2>&1 & d=$!
till mariadb-admin --no-defaults -uroot -S sock ping >/dev/null 2>&1
mariadb --no-defaults -uroot -S sock -e "create database x; create user u identified by 'pw'; grant all on x.* to u"
up 6379; up 11211
serving
redis-cli -p 6379 dbsize
kill $r $m; wait $r; echo redis $?; wait $m; echo memcached $?
mariadb-admin --no-defaults -uroot -S sock shutdown; wait $d; echo mariadb $?
$pg pg_ctl -D pg/d -w -m fast stop >/dev/null; echo pg $?
exit 0
--- outside
R=$(at 6379)
redis-benchmark -p $R -n 5000 -c 50 -q -t set,get 2>&1 | tr '\r' '\n' | grep -c "requests per second"
redis-cli -p $R set outside yes
export PGHOST=127.0.0.1 PGPORT=$(at 5432) PGUSER=me PGDATABASE=postgres
pgbench -i -s 1 -q >/dev/null 2>&1; echo init $?
pgbench -n -c 8 -j 2 -t 50 2>&1 | grep -E 'actually|failed'
psql -Atc "select (select sum(abalance) from pgbench_accounts) = (select sum(delta) from pgbench_history)"
q() { mariadb --no-defaults -uu -ppw -h 127.0.0.1 -P $(at 3306) -N x -e "$1"; }
q "create table a(i int primary key auto_increment, s varchar(50)); insert into a(s) select md5(seq) from seq_1_to_5000; select count(*), min(s) from a"
exec 4<>/dev/tcp/127.0.0.1/$(at 11211); printf 'set a 0 0 5\r\nhello\r\nget a\r\nquit\r\n' >&4; tr -d '\r' <&4
--- wanted
pg 0
2
redis 0
memcached 0
mariadb 0
pg 0
2
OK
init 0
number of transactions actually processed: 400/400
number of failed transactions: 0 (0.000%)
t
5000	0004d0b59e19461ff126e3a08a814c33
STORED
VALUE a 0 5
hello
END
END_OF_SERVER

done_testing
