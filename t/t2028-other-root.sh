#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# t2028-other-root.sh: another root directory with a system of its own: its
# shell, its tools, its package manager, as root of the sandbox.
#
# The root is made of files that are installed here.  With SBX_LONG=1 it is
# also made by debootstrap, where there is one and its mirror can be reached.
. "${SRCDIR:-.}/t/lib.sh"

PATH=/usr/sbin:/usr/bin:/sbin:/bin
export PATH
for p in dpkg-query dpkg-deb apt-cache tar perl; do
	command -v "$p" >/dev/null || skip_all "no $p"
done
root=$tmp/root
chmod 755 "$tmp"
never_root
cp "$SBX" "$tmp/sbx"

# What these packages have, and what they depend on, with their database.
make_root()
{
	packages=$(apt-cache depends --recurse --installed --no-recommends \
		--no-suggests --no-conflicts --no-breaks --no-replaces \
		--no-enhances -o APT::Cache::ShowOnlyFirstOr=yes \
		base-passwd coreutils dash diffutils dpkg findutils grep gzip \
		libc-bin perl-base sed tar apt 2>/dev/null | grep '^[a-z]' | sort -u)
	[ -n "$packages" ] || return 1
	info=var/lib/dpkg/info
	mkdir -p "$root/usr" "$root/$info" "$root/etc" "$root/root" \
		"$root/var/lib/dpkg/updates" "$root/var/lib/apt/lists" \
		"$root/var/cache/apt" "$root/proc" "$root/sys" "$root/dev"
	for d in bin sbin lib lib64; do
		mkdir -p "$root/usr/$d"
		ln -s "usr/$d" "$root/$d"
	done
	# shellcheck disable=SC2086
	dpkg-query -L $packages 2>/dev/null | sed 's|^/\(s*bin\|lib\(64\)*\)/|/usr/\1/|' |
		sort -u >"$tmp/files"
	while read -r f; do
		case $f in
		*/doc/* | */man/* | */locale/* | */i18n/*) ;;
		/usr/bin | /usr/sbin | /usr/lib | /usr/lib64) ;;
		/*)
			if [ -d "$f" ] && [ ! -h "$f" ]; then
				[ -d "$root$f" ] || mkdir -p "$root$f"
			elif [ -r "$f" ]; then
				echo ".$f"
			fi ;;
		esac
	done <"$tmp/files" >"$tmp/list"
	(cd / && tar cf - -T "$tmp/list") | tar xf - -C "$root" || return 1
	for p in $packages; do
		dpkg-query -s "$p" 2>/dev/null || continue
		echo
		cp "/$info/$p."* "/$info/$p:"* "$root/$info/" 2>/dev/null
	done >"$root/var/lib/dpkg/status"
	cp /etc/passwd /etc/group "$root/etc/"
	cp /etc/debian_version "$root/etc/" 2>/dev/null
	: >"$root/var/lib/dpkg/available"
	mkdir -p "$root/etc/dpkg/dpkg.cfg.d" "$root/tmp"
	[ -x "$root/usr/bin/dash" ] && [ -x "$root/usr/bin/apt-get" ] &&
		[ -x "$root/usr/bin/perl" ]
}

# A package to install, as t2023 has one.
make_package()
{
	d=$tmp/pkg
	mkdir -p "$d/DEBIAN" "$d/usr/bin" "$d/var/lib/sbx-test"
	cat >"$d/DEBIAN/control" <<'END_CONTROL'
Package: sbx-test-package
Version: 1.0
Architecture: all
Maintainer: Nobody <nobody@example.org>
Description: a package for a test
END_CONTROL
	printf '#!/usr/bin/perl\nprint "it runs\\n"\n' \
		>"$d/usr/bin/sbx-test-package"
	printf '#!/bin/sh\nset -e\nchown 8:9 /var/lib/sbx-test\n' \
		>"$d/DEBIAN/postinst"
	chmod 755 "$d/usr/bin/sbx-test-package" "$d/DEBIAN/postinst"
	mkdir "$root/repo"
	dpkg-deb --root-owner-group -b "$d" "$root/repo/p.deb" >/dev/null
	(
		cd "$root/repo" || exit
		dpkg-deb -f p.deb
		echo Filename: ./p.deb
		echo "Size: $(stat -c %s p.deb)"
		echo "SHA256: $(sha256sum <p.deb | cut -d' ' -f1)"
	) >"$root/repo/Packages"
	echo 'deb [trusted=yes] file:/repo ./' >"$root/repo/sources"
}

in_root()
{
	# shellcheck disable=SC2086
	(cd / && timeout 120 $as_user "$tmp/sbx" --user 0 --root "$root" -- \
		/bin/sh -c "$1" </dev/null 2>&1)
}

# try NAME: all that a root is to do.
try()
{
	is "$1: who and where" "$(in_root 'id -u; pwd; echo $0
		cd /; ls -d proc sys dev tmp; readlink bin')" "0
/
/bin/sh
dev
proc
sys
tmp
usr/bin"
	is "$1: no file of the host" "$(in_root "ls -d $tmp /home/* |
		wc -l" 2>/dev/null | tail -n 1)" 0
	is "$1: tools" "$(in_root 'perl -e "print 6 * 7, qq(\n)"
		printf "b\na\n" | sort | head -n 1 | sed s/a/x/
		find /usr/bin -name dpkg | grep -c dpkg
		cd /tmp && mkdir d && echo 1 >d/f && chown -R 3:4 d
		tar czf t.gz d && rm -r d && tar xzf t.gz &&
		stat -c "%u %g %n" d/f; dpkg-query -W -f "\${Status}\n" dpkg
		ls -l /usr/bin/dpkg | cut -d" " -f3')" "42
x
1
3 4 d/f
install ok installed
root"
	is "$1: dpkg" "$(in_root 'dpkg -i /repo/p.deb >/tmp/log 2>&1 ||
		cat /tmp/log
		sbx-test-package; dpkg -s sbx-test-package | sed -n 2p
		stat -c "%u %g" /var/lib/sbx-test; dpkg -V sbx-test-package
		dpkg --purge sbx-test-package >/tmp/log 2>&1 || cat /tmp/log
		ls -d /usr/bin/sbx-test-package /var/lib/sbx-test 2>&1 |
			grep -c "No such"')" "it runs
Status: install ok installed
8 9
2"
	is "$1: apt-get" "$(in_root 'apt="apt-get -q
		-o Dir::Etc::sourcelist=/repo/sources
		-o Dir::Etc::sourceparts=/none"
		$apt update >/tmp/log 2>&1 || cat /tmp/log
		$apt -y install sbx-test-package >/tmp/log 2>&1 || cat /tmp/log
		sbx-test-package; $apt check >/dev/null && echo checked
		cd /tmp && $apt download sbx-test-package >/tmp/log 2>&1
		ls ./*.deb')" "it runs
checked
./sbx-test-package_1.0_all.deb"
	run_code "$1: nothing of it stays" 1 \
		test -e "$root/usr/bin/sbx-test-package"
}

if make_root; then
	make_package
	[ -z "$as_user" ] || chown -R 65534:65534 "$root"
	try "a root of packages"
else
	skip "a root of packages" "these are not all installed here"
fi

if [ -z "${SBX_LONG-}" ]; then
	skip "a root of debootstrap's" "in a long run"
elif ! command -v debootstrap >/dev/null; then
	skip "a root of debootstrap's" "no debootstrap"
elif [ "$(id -u)" -ne 0 ]; then
	skip "a root of debootstrap's" "debootstrap wants to be root"
else
	rm -rf "$root" "$tmp/pkg"
	mirror=$(apt-get indextargets --format '$(SITE)' 2>/dev/null |
		grep debian | head -n 1)
	if timeout 900 debootstrap --variant=minbase bookworm "$root" \
	    ${mirror:+"$mirror"} >"$tmp/log" 2>&1; then
		make_package
		chown -R 65534:65534 "$root"
		try "a root of debootstrap's"
		is "a root of debootstrap's: as packed" \
			"$(in_root 'dpkg -V; dpkg --audit; echo right')" right
	else
		skip "a root of debootstrap's" "$(tail -n 1 "$tmp/log" |
			tr -d '#' | cut -c 1-70)"
	fi
fi
done_testing
