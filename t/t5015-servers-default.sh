#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# t5015-servers-default.sh: servers as Debian has set them up, started by the
# root of a sandbox: each becomes the user that it is to be.
. "${SRCDIR:-.}/t/servers.sh"
# Without --user 0 there is no root inside.
server_whos=$(echo "$server_whos" | sed 's/plain//')
[ "$(id -u)" -eq 0 ] || server_whos=self

server "nginx, php-fpm, mariadbd, memcached, dnsmasq by default" "nginx php-fpm8.2 mariadbd mariadb-install-db memcached dnsmasq dig curl /etc/nginx/nginx.conf /etc/mysql/my.cnf /etc/php/8.2/fpm/php-fpm.conf" "--user 0 --tmpfs /var/log --tmpfs /var/lib/nginx --tmpfs /var/lib/mysql --tmpfs /var/www" <<'END_OF_SERVER'
cd /tmp
owner() { ps -o user= -p "$1"; }
workers() { ps -o user= --ppid "$1" | sort -u; }
mkdir -p /var/log/nginx /var/www/html /run/php /run/mysqld
echo '<h1>default</h1>' >/var/www/html/index.html
nginx; echo nginx $?
up 80
curl -s http://127.0.0.1/
n=$(cat /run/nginx.pid); owner $n; workers $n
nginx -s reload; echo reload $?
curl -s http://localhost/
nginx -s quit; echo quit $?
till [ ! -e /run/nginx.pid ]
php-fpm8.2; echo fpm $?
till [ -S /run/php/php8.2-fpm.sock ]
p=$(cat /run/php/php8.2-fpm.pid); owner $p; workers $p
kill -QUIT $p; till [ ! -e /run/php/php8.2-fpm.pid ]
chown mysql /run/mysqld /var/lib/mysql
mariadb-install-db --user=mysql --skip-test-db >ilog 2>&1; echo install $?
mariadbd --user=mysql >dblog 2>&1 & d=$!
till mariadb-admin ping >/dev/null 2>&1
owner $d
mariadb -Ne "select user(), @@datadir"
mariadb-admin shutdown; wait $d; echo mariadb $?
memcached -u memcache 2>/dev/null & m=$!
up 11211; owner $m; kill $m; wait $m; echo memcached $?
dnsmasq -k -x /run/d.pid --no-resolv -a 127.0.0.1 --bind-interfaces --address=/x.test/10.1.2.3 2>dnslog & s=$!
till sh -c 'dig +tries=1 +time=1 @127.0.0.1 +short x.test | grep 10.1.2.3'
[ "$(owner $s)" = root ] || echo not root; kill $s; wait $s; echo dnsmasq $?
exit 0
--- wanted
nginx 0
<h1>default</h1>
root
www-data
reload 0
<h1>default</h1>
quit 0
fpm 0
root
www-data
install 0
mysql
root@localhost	/var/lib/mysql/
mariadb 0
memcache
memcached 0
10.1.2.3
not root
dnsmasq 0
END_OF_SERVER

# What they need of files that others than root may not see.
sed 's,^root:.*,root:x:0:0:root:/tmp/home:/bin/bash,' /etc/passwd >"$tmp/passwd"
printf '%s:*:20228:0:99999:7:::\n' root >"$tmp/shadow"
cat /etc/redis/redis.conf >"$tmp/redis.conf" 2>/dev/null ||
	rm -f "$tmp/redis.conf"

# rsyncd has no configuration in Debian.  unbound's wants a key that a helper of
# its service makes; of sshd's the keys of the host are hidden.
server "redis, sshd, unbound by default" "redis-server redis-cli sshd ssh ssh-keygen unbound unbound-control dig setpriv $tmp/redis.conf /etc/ssh/sshd_config /etc/pam.d/sshd /etc/unbound/unbound.conf" "--user 0 --tmpfs /var/log --tmpfs /var/lib/redis --tmpfs /var/lib/unbound --ro $tmp/redis.conf --ro $tmp/passwd:/etc/passwd --ro $tmp/shadow:/etc/shadow" <<END_OF_SERVER
redis_conf=$tmp/redis.conf
$(cat <<'END'
cd /tmp
owner() { ps -o user= -p "$1"; }
mkdir -p /var/log/redis /run/redis /run/sshd /tmp/home/.ssh
chown redis:redis /var/log/redis /var/lib/redis /run/redis
setpriv --reuid redis --regid redis --init-groups redis-server $redis_conf; echo redis $?
till sh -c 'redis-cli ping | grep -q PONG'
redis-cli set a b; owner $(cat /run/redis/redis-server.pid)
redis-cli shutdown; echo shutdown $?; ls /var/lib/redis
chmod 700 /tmp/home /tmp/home/.ssh
ssh-keygen -q -t ed25519 -N '' -f hk; ssh-keygen -q -t ed25519 -N '' -f ck; cp ck.pub home/.ssh/authorized_keys
/usr/sbin/sshd -h /tmp/hk -E /tmp/sshlog; echo sshd $?
up 22
S="-q -F none -i ck -o UserKnownHostsFile=/dev/null -o BatchMode=yes -o StrictHostKeyChecking=no"
ssh $S root@127.0.0.1 'id -un; cat /proc/self/loginuid; echo; exit 7'; echo $?
ssh $S -tt root@127.0.0.1 'tty; exit 5' 2>/dev/null </dev/null >tty; echo $?; grep -o /dev/pts tty
kill $(cat /run/sshd.pid)
echo '. IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D' >/var/lib/unbound/root.key
chown -R unbound:unbound /var/lib/unbound
unbound; echo unbound $?
up 53
dig +short @127.0.0.1 localhost
dig +tcp +short @::1 -x 127.0.0.1
owner $(cat /run/unbound.pid)
unbound-control stop
exit 0
END
)
--- wanted
redis 0
OK
redis
shutdown 0
dump.rdb
sshd 0
root
0
7
5
/dev/pts
unbound 0
127.0.0.1
localhost.
unbound
ok
END_OF_SERVER

done_testing
