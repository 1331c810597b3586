#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# t2026-root-inside.sh: what a root inside does with roots, mounts, devices and
# direct I/O, and what is told of it.
. "${SRCDIR:-.}/t/lib.sh"

command -v busybox >/dev/null || skip_all "no busybox"
mkdir "$tmp/w"
cp "$(command -v busybox)" "$tmp/busybox"
chmod 755 "$tmp" "$tmp/busybox"

# root SCRIPT: as root of a sandbox, in a directory in memory.
root()
{
	"$SBX" --user 0 --tmpfs "$tmp/w:mode=755" --ro "$tmp/busybox" \
		-w "$tmp/w" -- "$tmp/busybox" sh -c "$1" 2>&1
}

make="mkdir -p r/bin r/etc r/proc; cp $tmp/busybox r/bin/busybox
for p in sh ls cat readlink chroot mount pwd; do
	ln -s busybox r/bin/\$p; done
echo inside >r/etc/name; ln -s /etc/name r/abs; ln -s ../../etc/name r/up
export PATH=/bin:/sbin:/usr/bin:/usr/sbin"
is "chroot" "$(root "$make
chroot r sh -c 'pwd; echo /*; cat abs up ../../../etc/name; cd ..; pwd
	ls -d $tmp'" | sed "s|$tmp|TMP|")" "/
/abs /bin /etc /proc /up
inside
inside
inside
/
ls: TMP: No such file or directory"
is "/proc of a chroot" "$(root "$make
mount -t proc proc r/proc && chroot r sh -c 'readlink /proc/self/root
	readlink /proc/self/cwd
	cat /proc/self/mounts'")" "/
/
proc /proc proc rw,relatime 0 0"
if [ "$(id -u)" -ne 0 ]; then
	is "chroot is root's" "$("$SBX" "$tmp/busybox" chroot / true 2>&1)" \
"chroot: can't change root directory to '/': Operation not permitted"
fi

# /etc/mtab, and what reads it.
if [ -L /etc/mtab ]; then
	is "/etc/mtab" "$("$SBX" sh -c 'cmp /etc/mtab /proc/self/mounts &&
		grep -c " / " /etc/mtab' 2>&1)" 1
else
	skip "/etc/mtab" "no such link here"
fi

# Devices.
run_code "--dev of the sandbox's own" 0 "$SBX" --dev null --dev /dev/tty true
run_code "--dev of the host's" 125 "$SBX" --dev kvm true
is "nodes of /dev are the sandbox's" "$("$SBX" --user 0 -- sh -c '
	touch /dev/null && chown 3:4 /dev/zero && chmod 600 /dev/zero &&
	stat -c "%u %g %a" /dev/zero' 2>&1)" "3 4 600"
is "... no nodes are made where there are none" "$(root "
	mknod null c 1 3 && echo x >null && cat null
	mknod sda b 8 0 && cat sda" | sed 's/.*: //')" "Permission denied
Permission denied"

# Direct I/O: through the host's cache, so of any size.
for kind in tmpfs overlay rw; do
	rm -rf "$tmp/w"
	mkdir "$tmp/w"
	is "O_DIRECT: $kind" "$("$SBX" --$kind "$tmp/w" -- sh -c "cd $tmp/w
	dd if=/dev/zero of=a bs=4096 count=3 oflag=direct 2>/dev/null &&
	dd if=a of=b bs=4096 iflag=direct oflag=direct 2>/dev/null &&
	dd if=b of=c bs=1000 iflag=direct 2>/dev/null && stat -c %s a b c &&
	cmp a b && cmp a c" 2>&1)" "12288
12288
12288"
done
done_testing
