#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# t5011-wordpress.sh: WordPress on nginx, PHP and MariaDB, all in one sandbox:
# installed, written to and read by an HTTP client inside and one outside.
. "${SRCDIR:-.}/t/servers.sh"

cat >"$tmp/config-default.php" <<'END'
<?php
define('DB_NAME', 'wp');
define('DB_USER', 'wp');
define('DB_PASSWORD', 'secret');
define('DB_HOST', 'localhost:/tmp/wp/sock');
define('WP_CONTENT_DIR', '/tmp/wp/content');
END
chmod 644 "$tmp/config-default.php"

# What a visitor does.  The site has no port in its name, for not every nginx
# passes that on to PHP; $over tells curl how to get there.
cat >"$tmp/visit" <<'END'
www=http://127.0.0.1
c() { curl -s -m 100 $over -c "$jar" -b "$jar" "$@"; }
login()
{
	jar=jar.$1
	c -o /dev/null $www/wp-login.php
	c -o /dev/null -w '%{http_code}:%{redirect_url}\n' -d log=admin \
		-d "pwd=$2" -d testcookie=1 --data-urlencode \
		"redirect_to=$www/wp-admin/" $www/wp-login.php
}
# write TITLE TEXT: leaves the number of the post in $id
write()
{
	nonce=$(c $www/wp-admin/post-new.php |
		sed -n 's/.*createNonceMiddleware( *"\([0-9a-f]*\)".*/\1/p')
	c -H "X-WP-Nonce: $nonce" -H 'Content-Type: application/json' \
		-d "{\"title\":\"$1\",\"content\":\"$2\",\"status\":\"publish\"}" \
		"$www/index.php?rest_route=/wp/v2/posts" >answer
	id=$(sed -n 's/^{"id":\([0-9]*\),.*"status":"\(publish\)".*/\1/p' answer)
}
# upload NAME: a picture, which gets a thumbnail
upload()
{
	c -H "X-WP-Nonce: $nonce" -H 'Content-Type: image/png' \
		-H "Content-Disposition: attachment; filename=$1" \
		--data-binary @"$1" \
		"$www/index.php?rest_route=/wp/v2/media" >answer
	sed 's/.*"source_url":"\([^"]*\)".*/\1/; s/\\//g' answer |
		sed 's/.*\(pic.*png\)/\1/'
}
read_back() { jar=jar.none; c -L "$www/?p=$1" | grep -c "$2"; }
END

server "wordpress: install, log in, write, read" "nginx php-fpm8.2 mariadbd mariadb-install-db curl ab python3 /usr/share/wordpress/wp-settings.php /usr/share/wordpress/wp-content/themes/twentytwentythree /usr/lib/php/20220829/mysqli.so" "--user 0 -p 127.0.0.1:0:8080 --ro $tmp/visit --ro /var/lib/wordpress --ro $tmp/config-default.php:/etc/wordpress/config-default.php" <<END_OF_SERVER
. $tmp/visit
$(cat <<'END'
mkdir -p /tmp/wp/home && cd /tmp/wp && chmod 755 .
cp -rL /var/lib/wordpress/wp-content content
web= db=
if [ "$(id -u)" = 0 ]; then
	chown -R www-data:www-data content
	chown mysql:mysql . && db=--user=mysql && web="user www-data;"
fi
mariadb-install-db --no-defaults --datadir=/tmp/wp/d --skip-test-db --auth-root-authentication-method=normal $db >ilog 2>&1; echo install $?
mariadbd --no-defaults --datadir=/tmp/wp/d --socket=/tmp/wp/sock --skip-networking --pid-file=/tmp/wp/pid --innodb-buffer-pool-size=32M $db >dblog 2>&1 & d=$!
till mariadb-admin --no-defaults -uroot -S sock ping >/dev/null 2>&1
mariadb --no-defaults -uroot -S sock -e "create database wp; create user wp@localhost identified by 'secret'; grant all on wp.* to wp@localhost"
cat >fpm <<E
[global]
error_log = /tmp/wp/fpmlog
daemonize = no
[www]
listen = /tmp/wp/fpmsock
listen.mode = 0666
pm = static
pm.max_children = 3
$([ -z "$web" ] || printf 'user = www-data\ngroup = www-data\n')
E
cat >ngx <<E
daemon off; pid ngxpid; error_log ngxlog; worker_processes 2; $web events {}
http { access_log off; include /etc/nginx/mime.types; sendfile on; client_max_body_size 8m;
client_body_temp_path b; proxy_temp_path p; fastcgi_temp_path f; uwsgi_temp_path u; scgi_temp_path s;
server { listen 8080; root /usr/share/wordpress; index index.php;
location /wp-content/ { root /tmp/wp; rewrite ^/wp-content/(.*) /content/\$1 break; }
location ~ \.php\$ { include /etc/nginx/fastcgi_params; fastcgi_param SCRIPT_FILENAME \$document_root\$fastcgi_script_name; fastcgi_pass unix:/tmp/wp/fpmsock; fastcgi_read_timeout 150; } } }
E
php-fpm8.2 -y fpm -F >fpmerr 2>&1 & f=$!
till [ -S fpmsock ]
nginx -p $PWD -c ngx 2>ngxerr & n=$!
up 8080
cd home
over="--connect-to 127.0.0.1:80:127.0.0.1:8080" jar=jar.install
c -w '%{http_code}:%{redirect_url}\n' -o /dev/null $www/
c $www/wp-admin/install.php | grep -oE '<h1[^>]*>Welcome</h1>|name="weblog_title"'
c -d weblog_title=Sandboxed -d user_name=admin -d admin_password=pass -d admin_password2=pass -d pw_weak=on -d admin_email=a@example.com -d language= "$www/wp-admin/install.php?step=2" | grep -oE '<h1>Success!</h1>'
login first wrong
login first pass
c $www/wp-admin/ | grep -oE '<h1>Dashboard</h1>'
write 'From inside' 'the quick brown fox'
read_back $id 'the quick brown fox'
c $www/ | grep -c 'From inside'
jar=jar.none
c -o /dev/null -w '%{http_code}\n' -d author=visitor -d email=v@example.com -d comment=well+said -d comment_post_ID=$id -d comment_parent=0 $www/wp-comments-post.php
c -o /dev/null -w '%{http_code}\n' $www/wp-admin/post-new.php
ab -q -l -c 4 -n 20 -H "Host: 127.0.0.1" http://127.0.0.1:8080/ | tee ../ab | grep -E 'Complete|Failed|Non-2xx'
serving
mariadb --no-defaults -uroot -S ../sock -N -e "select post_title, post_status from wp.wp_posts where post_type='post' and post_title like 'From%' order by ID; select comment_author, comment_content from wp.wp_comments where comment_author='visitor'"
kill -QUIT $n; wait $n; echo nginx $?
kill -QUIT $f; wait $f; echo fpm $?
mariadb-admin --no-defaults -uroot -S ../sock shutdown; wait $d; echo mariadb $?
exit 0
END
)
--- outside
. $tmp/visit
$(cat <<'END'
over="--connect-to 127.0.0.1:80:127.0.0.1:$(at 8080)"
login out pass
write 'From outside' 'the lazy dog'
read_back $id 'the lazy dog'
python3 -c 'import struct, zlib
def chunk(k, d): return struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d))
open("pic.png", "wb").write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">2I5B", 500, 500, 8, 0, 0, 0, 0)) + chunk(b"IDAT", zlib.compress((b"\0" + bytes(range(250)) * 2) * 500)) + chunk(b"IEND", b""))'
jar=jar.out
picture=$(upload pic.png); echo $picture
c $www/wp-content/uploads/$(date +%Y/%m)/$picture | cmp - pic.png && echo same
grep -oE '(pic|wp)[^"]*-150x150.png' answer | head -n 1 | sed 's/.*\(pic.*\)/\1/'
jar=jar.none
c $www/ | grep -oE '>From (in|out)side<'
END
)
--- wanted
install 0
302:http://127.0.0.1/wp-admin/install.php
<h1>Welcome</h1>
name="weblog_title"
<h1>Success!</h1>
200:
302:http://127.0.0.1/wp-admin/
<h1>Dashboard</h1>
1
1
302
302
Complete requests:      20
Failed requests:        0
From inside	publish
From outside	publish
visitor	well said
nginx 0
fpm 0
mariadb 0
302:http://127.0.0.1/wp-admin/
1
pic.png
same
pic-150x150.png
>From outside<
>From inside<
END_OF_SERVER

done_testing
