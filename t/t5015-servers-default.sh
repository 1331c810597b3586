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

done_testing
