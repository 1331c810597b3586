#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# t2023-packages.sh: dpkg and apt-get as root of the sandbox, over the host's
# own database, which stays as it is.
. "${SRCDIR:-.}/t/lib.sh"

for p in dpkg dpkg-deb apt-get; do
	command -v "$p" >/dev/null || skip_all "no $p"
done
[ -r /var/lib/dpkg/status ] || skip_all "no database of packages"
dpkg -s sbx-test-package >/dev/null 2>&1 && skip_all "it is installed"

d=$tmp/pkg
mkdir -p "$d/DEBIAN" "$d/etc" "$d/usr/bin" "$d/usr/share/sbx-test"
cat >"$d/DEBIAN/control" <<'END'
Package: sbx-test-package
Version: 1.0
Architecture: all
Maintainer: Nobody <nobody@example.org>
Description: a package for a test
END
echo /etc/sbx-test.conf >"$d/DEBIAN/conffiles"
echo value >"$d/etc/sbx-test.conf"
printf '#!/bin/sh\necho it runs\n' >"$d/usr/bin/sbx-test-package"
echo data >"$d/usr/share/sbx-test/data"
ln "$d/usr/share/sbx-test/data" "$d/usr/share/sbx-test/link"
printf '#!/bin/sh\nset -e\nchown 8:9 /usr/share/sbx-test\n' \
	>"$d/DEBIAN/postinst"
chmod 755 "$d/usr/bin/sbx-test-package" "$d/DEBIAN/postinst"
chmod 755 "$tmp" "$d"

in_sandbox()
{
	"$SBX" --user 0 --overlay /etc --overlay /usr --overlay /var \
		--ro "$tmp" --tmpfs /tmp:mode=1777 --workdir /tmp \
		-e PATH=/usr/sbin:/usr/bin:/sbin:/bin -- sh -c "$1" 2>&1
}

# A status of its own: the host's has as many packages as it likes.
start="umask 022; mkdir -p /tmp/repo /tmp/dl
dpkg-deb --root-owner-group -b $d /tmp/repo/p.deb >/dev/null || exit 1
"
out=$(in_sandbox "$start dpkg -i /tmp/repo/p.deb >/tmp/log 2>&1 || cat /tmp/log
sbx-test-package
stat -c '%u %g %a %h %n' /usr/share/sbx-test /usr/share/sbx-test/data \
	/usr/bin/sbx-test-package
dpkg -s sbx-test-package | sed -n 2p
dpkg -V sbx-test-package && dpkg -L sbx-test-package | grep -c sbx-test
dpkg --purge sbx-test-package >/tmp/log 2>&1 || cat /tmp/log
ls /etc/sbx-test.conf /usr/share/sbx-test 2>&1 | wc -l")
is "dpkg -i, -s, -V, -L, --purge" "$out" "it runs
8 9 755 2 /usr/share/sbx-test
0 0 644 2 /usr/share/sbx-test/data
0 0 755 1 /usr/bin/sbx-test-package
Status: install ok installed
5
2"

out=$(in_sandbox "$start cd /tmp/repo
{ dpkg-deb -f p.deb
echo Filename: ./p.deb
echo Size: \$(stat -c %s p.deb)
echo SHA256: \$(sha256sum <p.deb | cut -d' ' -f1)
} >Packages
echo 'deb [trusted=yes] file:/tmp/repo ./' >/tmp/sources
apt='apt-get -q -o Dir::Etc::sourcelist=/tmp/sources
	-o Dir::Etc::sourceparts=/none -o APT::Sandbox::User=root'
cd /tmp/dl
\$apt update >/tmp/log 2>&1 || cat /tmp/log
\$apt download sbx-test-package >/tmp/log 2>&1 || cat /tmp/log
ls /tmp/dl
dpkg-deb -x *.deb /tmp/root && find /tmp/root -type f | wc -l
\$apt -y install sbx-test-package >/tmp/log 2>&1 || cat /tmp/log
sbx-test-package")
is "apt-get update, download, install" "$out" "sbx-test-package_1.0_all.deb
4
it runs"

is "nothing of it on the host" \
	"$(ls -d /usr/bin/sbx-test-package /etc/sbx-test.conf 2>/dev/null)" ""
done_testing
