#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# coreutils of the distribution, dynamically linked.
. "${SRCDIR:-.}/t/real.sh"

c()
{
	real "$*" "$@"
}

c /bin/true
c /bin/false
c /bin/echo hello
c cat text
c cat text fixed/small
c head -c 1000 text
c tail -n 5 text
c tac text
c wc text sorted
c sort -k 2 text
c sort -rn text
c uniq -c sorted
c cut -c 1-10 text
real_in text "tr -d 0-9" tr -d 0-9
c md5sum text sorted
c sha1sum text
c sha256sum text
c b2sum text
c cksum text
c ls fixed
c ls -la /usr/bin/env
c ls -R fixed
c stat -c '%n %s %a %F %h' text
c du -b fixed
c dd if=text bs=1k count=4 skip=2 status=none
c od -t x1z fixed/three
c base32 text
c base64 text
c seq -w 1 50
c factor 18446744073709551557
c expr 7 '*' 6
c test -e text
c date -u -d @1000000000
c numfmt --to=iec 123456789
c nl text
c fold -w 30 text
c fmt -w 40 text
c pr -l 20 fixed/small
c join fixed/three fixed/three
c comm text sorted
c paste text sorted
c shuf --random-source=text fixed/small
c tsort fixed/small
c readlink -f fixed/dir/link
c realpath fixed/dir/link
c basename /a/b .c
c dirname /a/b
c printf '%x\n' 255
c env -i A=1 B=2
c pwd
c id
c whoami
c nproc
c uname -s -m
c tty
c printenv HOME
c sleep 0.01
c sync --version
c cat /nonexistent
c cat /dev/null
c head -c 100 /dev/zero
c ls /nonexistent
c ls /proc/self/fd/0
c /bin/pwd -P
real_in text "wc from stdin" wc
real_in text "sort from stdin" sort
real_rw "cp -a" cp -a dir tree
real_rw "cp" cp small copy
real_rw "mv" mv small dir/moved
real_rw "rm -r" rm -r dir three
real_rw "mkdir" mkdir -m 700 a
real_rw "rmdir fails" rmdir dir
real_rw "ln -s" ln -s nowhere dangling
real_rw "chmod -R" chmod -R u+x,go-rwx .
real_rw "touch" touch -d '2001-01-01' small new
real_rw "truncate" truncate -s 1M big
real_rw "csplit" csplit small 10 20
real_rw "split" split -b 700 small part.
real_rw "tee" tee a b
real_rw "install" install -m 755 small bin
real_rw "shred" shred --random-source=small -n 1 three
real_rw "dd conv" dd if=small of=three bs=50 seek=1 conv=notrunc status=none
done_testing
