#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# busybox-static: applets that need no second process.
. "${SRCDIR:-.}/t/real.sh"

# b APPLET [ARG...]: named after the whole command.
b()
{
	real "$*" busybox "$@"
}

b true
b false
b echo hello world
b printf '%s-%05d\n' x 42
b cat text
b head -n 3 text
b tail -n 3 text
b wc text
b sort -n text
b uniq -c sorted
b cut -f 2 text
real_in text "tr a-z A-Z" busybox tr a-z A-Z
b grep -n 'line 9[0-9]* ' text
b grep -r deep fixed
b sed -n 's/line \([0-9]*\)/<\1>/p' text
b awk '{ s += $1 } END { print s, NR }' text
b md5sum text
b sha1sum text
b sha256sum text
b sha512sum text
b cksum text
b sum text
b crc32 text
b basename /a/b/c.d .d
b dirname /a/b/c.d
b expr 6 '*' 7
b seq 1 3 20
b od -c fixed/three
b hexdump -C fixed/three
b xxd fixed/three
b strings /bin/busybox
b rev fixed/three
b tac fixed/three
b nl fixed/three
b fold -w 20 text
b expand text
b unexpand -a text
b paste text sorted
b comm text sorted
b cmp text sorted
b diff fixed/three fixed/small
b test -f text
b test -d text
b stat -c '%n %s %a %F' text
b find fixed -type f
b find fixed -name deep
b ls fixed
b ls -l /usr/bin/env
b readlink fixed/dir/link
b realpath fixed/dir/link
b date -u -d @86400
b cal 2 2000
b factor 1234567890
b bc -e '2^100'
b dc -e '2 100 ^ p'
b gzip -c text
b bzip2 -c text
b base64 text
b uuencode text name
b pwd
b sleep 0
b usleep 1
b env -i A=1
b printenv HOME
b id -u
b which sh
b tar -cf - -C fixed three
b dd if=text bs=1000 count=3 status=none
b cat /nonexistent
b cat fixed
b ls /nonexistent
b nonexistent-applet
b xargs --help
b tee --help
real_in text "split from stdin to nothing" busybox cat
b timeout --help
b sh -c 'x=1; while [ $x -lt 100 ]; do x=$((x + x)); done; echo $x'
b sh -c 'exit 7'
b sh -c 'for f in fixed/*; do echo "$f"; done; cd fixed && pwd -P >/dev/null'
b sh -c 'read a <fixed/three; echo "$a"; cat() { echo fn; }; cat; echo $?'
real_rw "cp" busybox cp small copy
real_rw "cp -R" busybox cp -R dir tree
real_rw "mv" busybox mv small renamed
real_rw "rm -r" busybox rm -r dir
real_rw "mkdir -p" busybox mkdir -p a/b/c
real_rw "rmdir" busybox rmdir dir
real_rw "ln" busybox ln small hard
real_rw "ln -s" busybox ln -s small soft
real_rw "chmod" busybox chmod 711 small
real_rw "touch" busybox touch new small
real_rw "truncate" busybox truncate -s 10 small
real_rw "split" busybox split -l 30 small part
real_rw "sed -i" busybox sed -i s/line/LINE/ small
real_rw "dd of" busybox dd if=small of=copy bs=100 seek=2 count=3 status=none
done_testing
