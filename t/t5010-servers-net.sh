#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# t5010-servers-net.sh: names, shells, copies, relays.
. "${SRCDIR:-.}/t/servers.sh"

server "dnsmasq and unbound" "dnsmasq unbound dig" "--user 0" <<'END_OF_SERVER'
mkdir -p /tmp/dn && cd /tmp/dn
U="-u $(id -un)"
dnsmasq -C /dev/null -k --no-resolv --no-hosts -p 5353 --listen-address=127.0.0.1,::1 --bind-interfaces --address=/x.test/10.1.2.3 --txt-record=t.test,hello --mx-host=m.test,mail.test,5 --log-queries --log-facility=/tmp/dn/log -x /tmp/dn/pid $U & s=$!
till sh -c 'dig +tries=1 +time=1 -p 5353 @127.0.0.1 +short x.test | grep -q 10'
dig -p 5353 @127.0.0.1 +short x.test
dig -p 5353 @::1 +short t.test TXT
dig -p 5353 @127.0.0.1 +tcp +short m.test MX
dig -p 5353 @127.0.0.1 none.test | grep -o 'status: [A-Z]*'
kill -HUP $s
dig -p 5353 @127.0.0.1 +short a.x.test
kill -TERM $s; wait $s; echo status $?
cat >uc <<E
server:
 interface: 127.0.0.1@5354
 interface: ::1@5354
 do-daemonize: no
 username: ""
 chroot: ""
 directory: "/tmp/dn"
 logfile: "ulog"
 pidfile: "/tmp/dn/upid"
 use-syslog: no
 num-threads: 2
 so-reuseport: yes
 do-not-query-localhost: no
 access-control: 127.0.0.0/8 allow
 local-zone: "u.test." static
 local-data: "a.u.test. IN A 10.9.8.7"
 module-config: "iterator"
forward-zone:
 name: "."
 forward-addr: 127.0.0.1@5353
remote-control:
 control-enable: no
E
dnsmasq -C /dev/null -k --no-resolv --no-hosts -p 5353 --listen-address=127.0.0.1 --bind-interfaces --address=/x.test/10.1.2.3 -x /tmp/dn/pid $U & s=$!
unbound -c uc & u=$!
till sh -c 'dig +tries=1 +time=1 -p 5354 @127.0.0.1 +short a.u.test | grep -q 10'
till sh -c 'dig +tries=1 +time=1 -p 5353 @127.0.0.1 +short x.test | grep -q 10'
dig -p 5354 @127.0.0.1 +short a.u.test
dig -p 5354 @::1 +tcp +short a.u.test
dig -p 5354 @127.0.0.1 +short b.x.test
dig -p 5354 @127.0.0.1 no.u.test | grep -o 'status: [A-Z]*'
for i in $(seq 30); do dig -p 5354 @127.0.0.1 +short n$i.x.test & p="$p $!"; done | sort | uniq -c
kill -TERM $u $s; wait $u; echo unbound $?; wait $s; echo dnsmasq $?
exit 0
--- wanted
10.1.2.3
"hello"
5 mail.test.
status: REFUSED
10.1.2.3
status 0
10.9.8.7
10.9.8.7
status: NXDOMAIN
unbound 0
dnsmasq 0
END_OF_SERVER

# Whether an account is locked says /etc/shadow, which is hidden.
printf '%s:*:20228:0:99999:7:::\n' root nobody >"$tmp/shadow"
cat >"$tmp/passwd" <<'END'
root:x:0:0:root:/tmp/ssh:/bin/bash
sshd:x:105:65534::/run/sshd:/usr/sbin/nologin
nobody:x:65534:65534::/tmp/ssh:/bin/bash
END
accounts="--ro $tmp/shadow:/etc/shadow --ro $tmp/passwd:/etc/passwd"

server "sshd" "sshd ssh ssh-keygen sftp scp" "--user 0 $accounts" <<'END_OF_SERVER'
mkdir -p /tmp/ssh && cd /tmp/ssh && chmod 700 .
me=$(id -un); echo $me >&2
[ "$(id -u)" != 0 ] || mkdir -p /run/sshd
ssh-keygen -q -t ed25519 -N '' -f hk; ssh-keygen -q -t ed25519 -N '' -f ck; cp ck.pub ak
cat >conf <<E
Port 2222
ListenAddress 127.0.0.1
HostKey /tmp/ssh/hk
AuthorizedKeysFile /tmp/ssh/ak
PidFile /tmp/ssh/pid
UsePAM no
StrictModes no
PermitRootLogin yes
Subsystem sftp internal-sftp
E
/usr/sbin/sshd -t -f /tmp/ssh/conf; echo test $?
/usr/sbin/sshd -D -e -f /tmp/ssh/conf 2>log & s=$!
up 2222
echo "127.0.0.1 $(cut -d' ' -f1,2 hk.pub)" >kh; sed -i 's/^127.0.0.1/[127.0.0.1]:2222/' kh
S="-F none -i ck -o UserKnownHostsFile=kh -o BatchMode=yes -o StrictHostKeyChecking=yes"
ssh $S -p 2222 $me@127.0.0.1 'echo out; echo err >&2; exit 7' ; echo $?
ssh $S -tt -p 2222 $me@127.0.0.1 'tty | sed s/[0-9]*$//; stty size >/dev/null && echo tty; exit 5' 2>/dev/null | tr -d '\r' | grep -E 'pts|tty'
printf 'echo a b\nstty -echo\necho $((6 * 7))\nexit 3\n' | ssh $S -tt -p 2222 $me@127.0.0.1 sh 2>/dev/null | tr -d '\r' | grep -c -E '^(.*[$#] )?(42|a b)'
head -c 3000000 /dev/urandom >big
ssh $S -p 2222 $me@127.0.0.1 'cat' <big | cmp - big && echo same
printf 'put big big2\nls big2\nrm big2\n' | sftp $S -b - -P 2222 $me@127.0.0.1:/tmp/ssh 2>&1 | grep -c big2
scp $S -q -P 2222 big $me@127.0.0.1:/tmp/ssh/big3 && cmp big big3 && echo scp
ssh $S -p 2222 -N -L 2223:127.0.0.1:2222 $me@127.0.0.1 & f=$!
up 2223
ssh $S -o HostKeyAlias=[127.0.0.1]:2222 -p 2223 $me@127.0.0.1 'echo through'
kill $f; wait $f; echo forward $?
ssh $S -p 2222 $me@127.0.0.1 'kill -9 $$'; echo $?
ssh $S -p 2222 nobody0@127.0.0.1 true 2>/dev/null; echo refused $?
kill -TERM $s; wait $s; echo status $?
exit 0
--- wanted
test 0
out
7
/dev/pts/
tty
2
same
4
scp
through
forward 0
255
refused 255
status 0
END_OF_SERVER

server "rsync, git, socat, nc" "rsync git socat nc wget curl" "--user 0" <<'END_OF_SERVER'
mkdir -p /tmp/rs/src /tmp/rs/out && cd /tmp/rs
export HOME=/tmp/rs
# rsync daemon
for i in $(seq 50); do head -c $((i * 1000)) /dev/zero | tr '\0' "\\$((i % 8 + 60))" >src/f$i; done; ln -s f1 src/l; chmod 700 src/f2
cat >rc <<E
use chroot = no
pid file = /tmp/rs/pid
log file = /tmp/rs/log
port = 8730
address = 127.0.0.1
[m]
path = /tmp/rs/src
read only = no
$([ "$(id -u)" != 0 ] || printf 'uid = 0\ngid = 0\n')
E
rsync --daemon --no-detach --config=rc & s=$!
up 8730
rsync -a rsync://127.0.0.1:8730/m/ out/ && diff -r src out && echo pulled
echo more >>out/f3; touch -d 2020-02-02 out/f3; rm out/f4; touch -d 2020-02-03 out
rsync -a --delete --itemize-changes out/ rsync://127.0.0.1:8730/m/
rsync rsync://127.0.0.1:8730/ | tr -d ' \t'
kill -TERM $s; wait $s; echo rsync $?
# git
git init -q --bare r.git; git init -q w; cd w; git config user.email a@b; git config user.name n; echo a >a; git add a; git commit -qm one; git push -q ../r.git HEAD:refs/heads/master; cd ..
touch r.git/git-daemon-export-ok; git -C r.git symbolic-ref HEAD refs/heads/master
git daemon --reuseaddr --listen=127.0.0.1 --port=9418 --base-path=/tmp/rs --enable=receive-pack --pid-file=gpid 2>glog & s=$!
up 9418
git clone -q git://127.0.0.1/r.git c1 && cat c1/a
cd c1; git config user.email a@b; git config user.name n; echo b >b; git add b; git commit -qm two; git push -q; cd ..
git clone -q git://127.0.0.1/r.git c2 && ls c2
kill -TERM $s; wait $s; echo git $?
# git over http: cgi by python
mkdir -p cgi/cgi-bin
cat >g.py <<'E'
import http.server, os
class H(http.server.CGIHTTPRequestHandler):
    cgi_directories = ['/cgi-bin']
    def log_message(self, *a): pass
os.chdir('/tmp/rs/cgi')
http.server.ThreadingHTTPServer(('127.0.0.1', 8300), H).serve_forever()
E
cat >cgi/cgi-bin/git <<'E'
#!/bin/sh
export GIT_PROJECT_ROOT=/tmp/rs GIT_HTTP_EXPORT_ALL=1 HOME=/tmp/rs
exec git http-backend
E
chmod +x cgi/cgi-bin/git
printf '[safe]\n\tdirectory = *\n' >.gitconfig; chmod -R a+rX .
/usr/bin/python3 g.py & s=$!
up 8300
git clone -q http://127.0.0.1:8300/cgi-bin/git/r.git c3 && ls c3
git -C c3 log --format=%s
kill -TERM $s; wait $s; echo http $?
# socat, nc, wget
socat TCP-LISTEN:8400,fork,reuseaddr,bind=127.0.0.1 EXEC:'tr a-z A-Z' & s=$!
up 8400
echo hello | socat - TCP:127.0.0.1:8400
echo hello2 | nc -N 127.0.0.1 8400
socat UNIX-LISTEN:sock,fork TCP:127.0.0.1:8400 & u=$!
till [ -S sock ]
echo via unix | socat - UNIX:sock
echo via nc | nc -NU sock
head -c 2000000 /dev/zero | tr '\0' y | socat - TCP:127.0.0.1:8400 | cksum
kill $u $s; wait $u $s; echo socat $?
socat UDP-LISTEN:8401,fork,bind=127.0.0.1 EXEC:cat & s=$!
till sh -c 'echo abc | socat -t1 - UDP:127.0.0.1:8401 2>/dev/null | grep abc'
kill $s; wait $s; echo udp $?
socat PTY,link=/tmp/rs/tty,rawer TCP-LISTEN:8402,bind=127.0.0.1 & s=$!
till [ -e tty ]
(echo to tty; sleep 1) | nc -N 127.0.0.1 8402 >/dev/null & n=$!
head -n 1 <tty
wait $n; kill $s 2>/dev/null; wait $s;
nc -l 127.0.0.1 8403 >got & s=$!
till sh -c 'echo by nc | nc -N 127.0.0.1 8403 2>/dev/null'
wait $s; echo nc $?; cat got
nc -z 127.0.0.1 8403; echo $?
nc -lu -W 1 127.0.0.1 8404 >gotu & s=$!
till sh -c 'echo dgram | nc -u -w1 127.0.0.1 8404; [ -s gotu ]'
wait $s; cat gotu
/usr/bin/python3 -m http.server -d src -b ::1 8405 >/dev/null 2>&1 & s=$!
till nc -z ::1 8405
wget -q -O - http://[::1]:8405/f9 | cksum; wget -q -O /dev/null http://[::1]:8405/none; echo wget $?
wget -q -O /dev/null http://127.0.0.1:9/; echo wget $?
curl -s http://127.0.0.1:9/; echo curl $?
curl -s -m 5 http://10.255.255.1/; echo curl $?
curl -s -m 5 http://nowhere.example/; echo curl $?
kill $s; wait $s; echo $?
exit 0
--- wanted
pulled
*deleting   f4
.d..t...... ./
<f.st...... f3
cLc........ l -> f1
m
rsync 0
a
a
b
git 143
a
b
two
one
http 143
HELLO
HELLO2
VIA UNIX
VIA NC
68874782 2000000
socat 143
abc
udp 143
to tty
nc 0
by nc
1
dgram
2075666246 9000
wget 8
wget 4
curl 7
curl 7
curl 6
143
END_OF_SERVER

done_testing
