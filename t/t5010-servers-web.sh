#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# t5010-servers-web.sh: servers of HTTP.
. "${SRCDIR:-.}/t/servers.sh"

server "nginx: files, proxy, reload" "nginx curl ab pgrep" "--user 0" <<'END_OF_SERVER'
mkdir -p /tmp/nginx/www && cd /tmp/nginx
cat >conf <<'E'
worker_processes 2;
daemon off;
pid nginx.pid;
error_log errlog;
events { worker_connections 512; }
http {
	access_log acc;
	sendfile on; tcp_nopush on; keepalive_timeout 65; keepalive_requests 1000000;
	include /etc/nginx/mime.types;
	gzip on;
	client_body_temp_path b; proxy_temp_path p; fastcgi_temp_path f; uwsgi_temp_path u; scgi_temp_path s;
	server { listen 8080; listen [::1]:8080; root /tmp/nginx/www;
		location /back/ { proxy_pass http://unix:/tmp/nginx/sock:/; }
		location /hello { return 200 "hello one\n"; }
	}
	server { listen unix:/tmp/nginx/sock; location / { return 200 "backend $uri\n"; } }
}
E
head -c 1000000 /dev/urandom >www/big
echo index >www/index.html
nginx -p /tmp/nginx -c conf -t 2>/dev/null; echo test $?
nginx -p /tmp/nginx -c conf & s=$!
up 8080
curl -s http://127.0.0.1:8080/
curl -s http://127.0.0.1:8080/big | cmp - www/big && echo big same
curl -s -r 100-199 http://127.0.0.1:8080/big | wc -c
curl -s http://[::1]:8080/hello
curl -s http://localhost:8080/back/x
curl -s -o /dev/null -w '%{http_code}\n' http://127.0.0.1:8080/none
curl -sv http://127.0.0.1:8080/ http://127.0.0.1:8080/hello 2>&1 | grep -ci re-us
ab -q -k -c 20 -n 5000 http://127.0.0.1:8080/hello 2>&1 | grep -E 'Complete|Failed|Keep-Alive req|Non-2xx|Requests per' | tee -a /dev/stderr | grep -v per
ab -q -c 20 -n 1000 http://127.0.0.1:8080/big 2>&1 | grep -E 'Complete|Failed|Non-2xx|Total tr'
ps -o pid= --ppid $s | wc -l
sed -i 's/hello one/hello two/' conf
w=$(pgrep -P $s | sort -n | tr '\n' ' ')
kill -HUP $s
until [ "$(curl -s http://127.0.0.1:8080/hello)" = "hello two" ]; do sleep 0.1; done
till sh -c "for p in $w; do kill -0 \$p 2>/dev/null && exit 1; done; exit 0"
curl -s http://127.0.0.1:8080/hello
pgrep -P $s | wc -l
kill -9 $(pgrep -P $s | head -n 1)
till sh -c "[ \$(pgrep -P $s | wc -l) = 2 ]"
curl -s http://127.0.0.1:8080/hello
kill -USR1 $s
nginx -p /tmp/nginx -c conf -s quit
wait $s; echo status $?
grep -cE 'emerg|crit' errlog
exit 0
--- wanted
test 0
index
big same
100
hello one
backend /x
404
1
Complete requests:      5000
Failed requests:        0
Keep-Alive requests:    5000
Complete requests:      1000
Failed requests:        0
Total transferred:      1000240000 bytes
2
hello two
2
hello two
status 0
0
END_OF_SERVER

server "python: http.server, asyncio, gunicorn" "python3 gunicorn curl ab pgrep" "--user 1000" <<'END_OF_SERVER'
mkdir -p /tmp/py/d && cd /tmp/py
export PYTHONUNBUFFERED=1
PATH=/usr/bin:$PATH
head -c 300000 /dev/zero | tr '\0' x > d/file
python3 -m http.server -d d -b 127.0.0.1 8000 >log 2>&1 & s=$!
up 8000
curl -s http://127.0.0.1:8000/file | cksum
curl -s -w '%{http_code}\n' -o /dev/null http://127.0.0.1:8000/none
curl -s http://127.0.0.1:8000/ | grep -c 'href="file"'
kill -INT $s; kill -TERM $s; wait $s; echo status $?
grep -c GET log
cat >aio.py <<'E'
import asyncio, signal, sys
async def handle(r, w):
    while True:
        line = await r.readline()
        if not line: break
        w.write(line.upper()); await w.drain()
    w.close()
async def client(port, i):
    r, w = await asyncio.open_connection('localhost', port)
    n = 0
    for j in range(50):
        w.write(b'hello %d %d\n' % (i, j)); await w.drain()
        if await r.readline() == b'HELLO %d %d\n' % (i, j): n += 1
    w.write_eof()
    assert await r.read() == b''
    w.close(); await w.wait_closed()
    return n
class U(asyncio.DatagramProtocol):
    def connection_made(self, t): self.t = t
    def datagram_received(self, d, a): self.t.sendto(d[::-1], a)
class C(asyncio.DatagramProtocol):
    def __init__(self, f): self.f = f
    def connection_made(self, t): t.sendto(b'abc')
    def datagram_received(self, d, a): self.f.set_result(d)
    def error_received(self, e): self.f.set_exception(e)
async def main():
    loop = asyncio.get_running_loop()
    s = await asyncio.start_server(handle, 'localhost', 8001)
    print(sum(await asyncio.gather(*[client(8001, i) for i in range(100)])))
    t, _ = await loop.create_datagram_endpoint(U, local_addr=('127.0.0.1', 0))
    f = loop.create_future()
    await loop.create_datagram_endpoint(lambda: C(f), remote_addr=t.get_extra_info('sockname'))
    print(await f)
    t.close()
    s.close(); await s.wait_closed()
    f = loop.create_future()
    await loop.create_datagram_endpoint(lambda: C(f), remote_addr=('127.0.0.1', 9))
    try: await f
    except OSError as e: print(e)
    try: await asyncio.open_connection('127.0.0.1', 8001)
    except OSError as e: print(e)
    p = await asyncio.create_subprocess_exec('cat', stdin=-1, stdout=-1)
    print(await p.communicate(b'to cat'))
    ev = asyncio.Event(); loop.add_signal_handler(signal.SIGUSR1, ev.set)
    import os; os.kill(os.getpid(), signal.SIGUSR1); await ev.wait(); print('signal')
asyncio.run(main())
E
python3 aio.py; echo $?
cat >app.py <<'E'
import os
def app(env, start):
    start('200 OK', [('Content-Type', 'text/plain')])
    if env['PATH_INFO'] == '/pid': return [b'%d\n' % os.getpid()]
    n = int(env.get('CONTENT_LENGTH') or 0)
    return [b'got %d\n' % len(env['wsgi.input'].read(n))]
E
gunicorn -w 3 -b 127.0.0.1:8002 app:app >glog 2>&1 & s=$!
up 8002
curl -s --data-binary @d/file http://127.0.0.1:8002/
till sh -c "[ \$(pgrep -P $s | wc -l) = 3 ]"
ab -q -c 10 -n 500 http://127.0.0.1:8002/ | grep -E 'Complete|Failed|Non-2xx|per sec' | tee -a ab | grep -v per
p=$(curl -s http://127.0.0.1:8002/pid); kill -9 $p
till sh -c "[ \$(pgrep -P $s | wc -l) = 3 ]"
kill -HUP $s; till grep -q 'Handling signal: hup' glog
kill -TTIN $s; till sh -c "[ \$(pgrep -P $s | wc -l) = 4 ]"
curl -s http://127.0.0.1:8002/
kill -TERM $s; wait $s; echo status $?
exit 0
--- wanted
2685198886 300000
404
1
status 143
3
5000
b'cba'
[Errno 111] Connection refused
[Errno 111] Connect call failed ('127.0.0.1', 8001)
(b'to cat', None)
signal
0
got 300000
Complete requests:      500
Failed requests:        0
got 0
status 0
END_OF_SERVER

server "node: http, WebSocket, cluster" "node curl ab" "--user 1000" <<'END_OF_SERVER'
mkdir -p /tmp/node && cd /tmp/node
cat >s.js <<'E'
const http = require('http'), crypto = require('crypto'), cluster = require('cluster');
const s = http.createServer((q, r) => {
	if (q.url === '/big') return r.end('x'.repeat(3e6));
	if (q.url === '/pid') return r.end(process.pid + '\n');
	let n = 0; q.on('data', d => n += d.length).on('end', () => r.end('got ' + n + '\n'));
});
s.on('upgrade', (q, sock) => {
	const k = crypto.createHash('sha1').update(q.headers['sec-websocket-key'] + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11').digest('base64');
	sock.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ' + k + '\r\n\r\n');
	let buf = Buffer.alloc(0);
	sock.on('data', d => {
		buf = Buffer.concat([buf, d]);
		while (buf.length >= 6) {
			const len = buf[1] & 127; if (buf.length < 6 + len) return;
			const p = Buffer.from(buf.slice(6, 6 + len)).map((b, i) => b ^ buf[2 + i % 4]);
			if ((buf[0] & 15) === 8) { sock.end(Buffer.from([0x88, 0])); return; }
			sock.write(Buffer.concat([Buffer.from([buf[0], len]), p])); buf = buf.slice(6 + len);
		}
	});
});
s.listen(8100, '127.0.0.1', () => console.log('listening', s.address().address));
process.on('SIGTERM', () => { s.close(() => { console.log('closed'); process.exit(3); }); s.closeAllConnections && s.closeAllConnections(); });
E
cat >ws.js <<'E'
const net = require('net'), crypto = require('crypto');
const c = net.connect(8100, '127.0.0.1'); let state = 0, buf = Buffer.alloc(0), n = 0;
const send = (op, t) => { const m = crypto.randomBytes(4), p = Buffer.from(t).map((b, i) => b ^ m[i % 4]); c.write(Buffer.concat([Buffer.from([0x80 | op, 0x80 | p.length]), m, p])); };
c.write('GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n');
c.on('data', d => {
	buf = Buffer.concat([buf, d]);
	if (!state) { const i = buf.indexOf('\r\n\r\n'); if (i < 0) return; console.log(String(buf.slice(0, i)).includes('s3pPLMBiTxaQ9kYGzzhZRbK+xOo=')); buf = buf.slice(i + 4); state = 1; for (let i = 0; i < 100; i++) send(1, 'message ' + i); }
	while (buf.length >= 2 && buf.length >= 2 + buf[1]) {
		if ((buf[0] & 15) === 8) { console.log('close', n); c.end(); return; }
		if (String(buf.slice(2, 2 + buf[1])) === 'message ' + n) n++;
		buf = buf.slice(2 + buf[1]); if (n === 100) send(8, '');
	}
}).on('close', () => console.log('gone'));
E
node s.js >out 2>&1 & s=$!
up 8100
curl -s http://127.0.0.1:8100/big | wc -c
head -c 2000000 /dev/zero | curl -s --data-binary @- http://localhost:8100/
ab -q -k -c 20 -n 2000 http://127.0.0.1:8100/ | tee ab | grep -E 'Complete|Failed|Non-2xx'
node ws.js
kill -TERM $s; wait $s; echo status $?; cat out
cat >cl.js <<'E'
const cluster = require('cluster'), http = require('http'), dgram = require('dgram'), os = require('os');
if (cluster.isPrimary) {
	for (let i = 0; i < 2; i++) cluster.fork();
	let n = 0; cluster.on('listening', () => { if (++n === 2) go(); });
	const go = async () => {
		const pids = new Set();
		for (let i = 0; i < 20; i++) pids.add(await new Promise((ok, no) => http.get({ port: 8101, agent: false }, r => { let b = ''; r.on('data', d => b += d).on('end', () => ok(b)); }).on('error', no)));
		console.log(pids.size);
		await new Promise(ok => { const a = dgram.createSocket('udp4'), b = dgram.createSocket('udp4');
			a.on('message', (m, r) => a.send(String(m).toUpperCase(), r.port, r.address)); a.bind(0, '127.0.0.1', () => b.send('udp', a.address().port, '127.0.0.1')); b.on('message', m => { console.log(String(m)); a.close(); b.close(); ok(); }); });
		await new Promise(ok => http.get({ port: 1, host: '127.0.0.1' }).on('error', e => { console.log(e.code); ok(); }));
		console.log(Object.keys(os.networkInterfaces()).includes('lo'));
		await new Promise(ok => require('dns').lookup('localhost', e => { console.log(e); ok(); }));
		let left = 2; cluster.on('exit', (w, code, sig) => { console.log(code, sig); if (!--left) process.exit(0); });
		Object.values(cluster.workers).forEach(w => w.process.kill('SIGKILL'));
	};
} else http.createServer((q, r) => r.end('' + process.pid)).listen(8101);
E
timeout 60 node cl.js; echo $?
exit 0
--- wanted
3000000
got 2000000
Complete requests:      2000
Failed requests:        0
true
close 100
gone
status 3
listening 127.0.0.1
closed
2
UDP
ECONNREFUSED
true
null
null SIGKILL
null SIGKILL
0
END_OF_SERVER

server "php: its own server, fpm" "php php-fpm8.2 nginx curl ab pgrep" "--user 0" <<'END_OF_SERVER'
mkdir -p /tmp/php/w && cd /tmp/php
cat >w/i.php <<'E'
<?php
header('X-Test: yes');
if (isset($_GET['pid'])) { echo getmypid(), "\n"; exit; }
session_save_path('/tmp/php'); session_start();
$_SESSION['n'] = ($_SESSION['n'] ?? 0) + 1;
echo $_SERVER['REQUEST_METHOD'], ' ', strlen(file_get_contents('php://input')), ' ', $_SESSION['n'], "\n";
E
PHP_CLI_SERVER_WORKERS=3 php -S 127.0.0.1:8200 -t w >log 2>&1 & s=$!
up 8200
curl -s -c jar -b jar http://127.0.0.1:8200/i.php
curl -s -c jar -b jar -d hello http://127.0.0.1:8200/i.php
ab -q -c 5 -n 300 http://127.0.0.1:8200/i.php?pid=1 | grep -E 'Complete|Non-2xx'
kill -INT $s $(pgrep -P $s); wait $s; echo status $?
cat >fpm <<E
[global]
error_log = /tmp/php/fpmlog
pid = /tmp/php/pid
daemonize = no
[www]
listen = /tmp/php/sock
listen.mode = 0666
pm = dynamic
pm.max_children = 4
pm.start_servers = 2
pm.min_spare_servers = 1
pm.max_spare_servers = 3
pm.status_path = /status
catch_workers_output = yes
$([ "$(id -u)" = 0 ] && echo user = nobody && echo group = nogroup)
E
chmod 777 /tmp/php
cat >ngx <<'E'
daemon off; pid ngxpid; error_log errlog; worker_processes 1; events {}
http { access_log off; client_body_temp_path b; proxy_temp_path p; fastcgi_temp_path f; uwsgi_temp_path u; scgi_temp_path s;
server { listen 127.0.0.1:8201; root /tmp/php/w; location ~ \.php$|/status { include /etc/nginx/fastcgi_params; fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name; fastcgi_pass unix:/tmp/php/sock; } } }
E
php-fpm8.2 -y fpm -F 2>fpmerr & f=$!
till [ -S sock ]
nginx -p $PWD -c ngx 2>/dev/null & n=$!
up 8201
rm -f jar
curl -s -c jar -b jar http://127.0.0.1:8201/i.php
head -c 500000 /dev/zero | curl -s -c jar -b jar --data-binary @- http://127.0.0.1:8201/i.php
curl -si http://127.0.0.1:8201/i.php | grep -c X-Test
ab -q -c 8 -n 500 http://127.0.0.1:8201/i.php?pid=1 | tee ab | grep -E 'Complete|Non-2xx'
curl -s http://127.0.0.1:8201/status | grep -E '^pool|^process manager|accepted'
kill -9 $(curl -s http://127.0.0.1:8201/i.php?pid=1)
curl -s -c jar -b jar http://127.0.0.1:8201/i.php
kill -USR2 $f
till sh -c "curl -s http://127.0.0.1:8201/status | grep -q '^accepted conn:  *[12]\$'"
till grep -q 'reloading' fpmlog
kill -QUIT $n; wait $n; echo nginx $?
kill -QUIT $f; wait $f; echo fpm $?
grep -vE NOTICE fpmlog | sed 's/^[^]]*\]//;s/child [0-9]*/child N/;s/after .* seconds/after/'
exit 0
--- wanted
GET 0 1
POST 5 2
Complete requests:      300
status 0
GET 0 1
POST 500000 2
1
Complete requests:      500
pool:                 www
process manager:      dynamic
accepted conn:        504
GET 0 3
nginx 0
fpm 0
 WARNING: [pool www] child N exited on signal 9 (SIGKILL) after from start
END_OF_SERVER

server "go: net/http" "go curl ab" "--user 1000" <<'END_OF_SERVER'
mkdir -p /tmp/go && cd /tmp/go
export HOME=/tmp/go GOCACHE=/tmp/go/c GOFLAGS=-mod=mod GO111MODULE=off
cat >m.go <<'E'
package main
import ("bufio";"context";"fmt";"io";"net";"net/http";"os";"os/signal";"sort";"strings";"sync";"syscall";"time")
func main() {
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { b, _ := io.ReadAll(r.Body); fmt.Fprintf(w, "%s %d\n", r.Method, len(b)) })
	mux.HandleFunc("/slow", func(w http.ResponseWriter, r *http.Request) { for i := 0; i < 3; i++ { fmt.Fprintln(w, i); w.(http.Flusher).Flush(); time.Sleep(20*time.Millisecond) } })
	l, err := net.Listen("tcp", "127.0.0.1:8500"); if err != nil { panic(err) }
	s := &http.Server{Handler: mux}
	done := make(chan int)
	go func() { fmt.Println(s.Serve(l)); close(done) }()
	var wg sync.WaitGroup; var mu sync.Mutex; n := 0
	for i := 0; i < 50; i++ { wg.Add(1); go func(i int) { defer wg.Done(); for j := 0; j < 20; j++ {
		r, err := http.Post("http://127.0.0.1:8500/", "text/plain", strings.NewReader(strings.Repeat("x", i*1000))); if err != nil { fmt.Println(err); return }
		b, _ := io.ReadAll(r.Body); r.Body.Close(); if string(b) == fmt.Sprintf("POST %d\n", i*1000) { mu.Lock(); n++; mu.Unlock() } } }(i) }
	wg.Wait(); fmt.Println(n)
	_, err = net.Dial("tcp", "127.0.0.1:1"); fmt.Println(err)
	c, _ := net.Dial("tcp", "127.0.0.1:8500"); c.SetReadDeadline(time.Now().Add(50*time.Millisecond)); _, err = c.Read(make([]byte, 1)); fmt.Println(err.(net.Error).Timeout()); c.Close()
	u, _ := net.ListenPacket("udp", "127.0.0.1:0"); go func() { b := make([]byte, 100); k, a, _ := u.ReadFrom(b); u.WriteTo(b[:k], a) }()
	d, _ := net.Dial("udp", u.LocalAddr().String()); d.Write([]byte("ping")); b := make([]byte, 10); k, _ := d.Read(b); fmt.Println(string(b[:k]))
	is, err := net.Interfaces(); var names []string; for _, i := range is { names = append(names, i.Name) }; sort.Strings(names); fmt.Println(names, err)
	_, err = net.InterfaceAddrs(); fmt.Println(err)
	_, err = net.LookupHost("localhost"); fmt.Println(err)
	ux, err := net.Listen("unix", "/tmp/go/sock"); fmt.Println(err); go func() { c, _ := ux.Accept(); fmt.Fprintln(c, "unix"); c.Close() }()
	uc, _ := net.Dial("unix", "/tmp/go/sock"); line, _ := bufio.NewReader(uc).ReadString('\n'); fmt.Print(line)
	ch := make(chan os.Signal, 1); signal.Notify(ch, syscall.SIGTERM); fmt.Println("ready"); <-ch
	fmt.Println(s.Shutdown(context.Background())); <-done; os.Exit(4)
}
E
go build -o m m.go; echo build $?
./m >out 2>&1 & s=$!
till grep -q ready out
curl -s http://127.0.0.1:8500/slow
curl -s -T m.go http://127.0.0.1:8500/x
ab -q -k -c 20 -n 2000 http://127.0.0.1:8500/ | tee ab | grep -E 'Complete|Failed|Non-2xx'
kill -TERM $s; wait $s; echo status $?; cat out
exit 0
--- wanted
build 0
0
1
2
PUT 2332
Complete requests:      2000
Failed requests:        0
status 4
1000
dial tcp 127.0.0.1:1: connect: connection refused
true
ping
[lo] <nil>
<nil>
<nil>
<nil>
unix
ready
http: Server closed
<nil>
END_OF_SERVER

done_testing
