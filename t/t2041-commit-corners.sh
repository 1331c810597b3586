#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# t2041-commit-corners.sh: what --commit keeps of attributes, what it does
# where others have changed the same files, or where it cannot go on.
. "${SRCDIR:-.}/t/lib.sh"

command -v python3 >/dev/null || skip_all "no python3"
cd "$tmp" || exit 99

cat >show.py <<'END_SHOW'
import os, sys
for d, dirs, files in sorted(os.walk(sys.argv[1])):
    dirs.sort()
    for p in [d] + [d + '/' + f for f in sorted(files)]:
        x = {n: os.getxattr(p, n).decode() for n in sorted(os.listxattr(p))
             if n.startswith('user.')}
        print(p, '%o' % os.stat(p).st_mode, x)
END_SHOW

# Attributes.
make_tree()
{
	rm -rf w
	mkdir w w/d w/gone w/sg
	chmod 2775 w/sg
	echo a >w/a
	echo b >w/b
	echo c >w/d/c
	echo g >w/gone/g
}
cat >attrs.py <<'END_ATTRS'
import os
with open('w/a', 'a') as f:
    f.write('more')
open('w/sg/f', 'w').close()
os.chmod('w/sg', 0o2750)
os.setxattr('w/b', 'user.b', b'b')
os.setxattr('w/d', 'user.d', b'd' * 3000)
os.mkdir('w/n')
os.setxattr('w/n', 'user.n', b'n')
open('w/n/f', 'w').close()
os.setxattr('w/n/f', 'user.f', b'f')
os.chmod('w/n/f', 0o400)
os.rename('w/d/c', 'w/c')
os.removexattr('w/c', 'user.old')
os.setxattr('w/c', 'user.new', b'')
END_ATTRS
make_tree
if python3 -c 'import os
os.setxattr("w/a", "user.x", b"1")
os.setxattr("w/d/c", "user.old", b"1")' 2>/dev/null; then
	cp -a w nat
	mv w box
	mv nat w
	python3 attrs.py
	python3 show.py w >native
	rm -rf w
	mv box w
	run_ok "attributes" "$SBX" --overlay w --commit python3 attrs.py
	is "as natively" "$(python3 show.py w)" "$(cat native)"
else
	skip "attributes" "none on this file system"
fi

# others NAME PROGRAM HOST LEFT SAID: HOST is done while PROGRAM runs, which
# has looked at all of w; SAID are the names that sbx says it leaves alone.
others()
{
	make_tree
	rm -rf sync
	mkdir sync
	"$SBX" --overlay w --rw sync --commit sh -c "
		cat w/* w/*/* >/dev/null 2>&1; : >sync/seen
		n=0; while [ ! -e sync/go ] && [ \$n -lt 3000 ]; do
		sleep 0.02; n=\$((n + 1)); done; cd w; $2" >out 2>err &
	pid=$!
	n=0
	while [ ! -e sync/seen ] && [ $n -lt 3000 ]; do
		sleep 0.02
		n=$((n + 1))
	done
	# A file's time is as coarse as the host's tick.
	sleep 0.05
	(cd w && eval "$3")
	: >sync/go
	status=0
	wait $pid || status=$?
	is "$1: status" "$status" 125
	is "$1: files" "$(cd w && grep -r . . | sort)" "$4"
	is "$1: said" "$(sed -n "s|.*$tmp/w/\([^:]*\): others.*|\1|p" err)" "$5"
}
others "both change a file" "echo x >>a; echo x >>b" "echo host >>a" "./a:a
./a:host
./b:b
./b:x
./d/c:c
./gone/g:g" a
others "both make a file" "echo x >n; echo x >>b" "echo host >n" "./a:a
./b:b
./b:x
./d/c:c
./gone/g:g
./n:host" n
others "what is to be removed" "rm a; rm b" "echo host >>a" "./a:a
./a:host
./d/c:c
./gone/g:g" a
others "in a directory to be removed" "rm -r gone; rm b" \
	"mkdir gone/x; echo new >gone/x/y" "./a:a
./d/c:c
./gone/g:g
./gone/x/y:new" gone
others "removed there" "echo x >>a" "rm a" "./b:b
./d/c:c
./gone/g:g" a
others "moved onto another's" "mv a b" "echo host >>b" "./a:a
./b:b
./b:host
./d/c:c
./gone/g:g" b
others "moved from another's" "mv a n; echo x >>n" "echo host >>a" "./a:a
./a:host
./b:b
./d/c:c
./gone/g:g
./n:a
./n:x" a
others "replaced by a rename" "echo x >t; mv t a" "echo host >a" "./a:host
./b:b
./d/c:c
./gone/g:g" a

# What was there and is nobody's change is no hindrance.
make_tree
run_ok "what changed before" "$SBX" --overlay w --commit sh -c \
	'echo x >w/a; rm -r w/gone; mv w/b w/d/b; ln w/a w/h'
is "is not others' change" "$(cd w && grep -r . . | sort)" "./a:x
./d/b:b
./d/c:c
./h:x"

# Holes stay, of what is written to and of what is new.
make_tree
truncate -s 40M w/holes
printf data | dd of=w/holes bs=1M seek=20 conv=notrunc 2>/dev/null
cp --sparse=always w/holes nat
if [ "$(stat -c %b nat)" -lt 1000 ]; then
	write='printf x | dd bs=1 seek=30000001 conv=notrunc 2>/dev/null of='
	sh -c "${write}nat"
	run_ok "a file with holes" "$SBX" --overlay w --commit sh -c \
		"${write}w/holes; truncate -s 50M w/new; [ \$(stat -c %b \
		w/holes) -lt 1000 ]"
	is "has them on the host" "$(cksum <w/holes) $(stat -c %s w/new)
$([ "$(stat -c %b w/holes)" -lt 1000 ] && echo few)
$([ "$(stat -c %b w/new)" -lt 1000 ] && echo few)" \
		"$(cksum <nat) 52428800
few
few"
else
	skip "a file with holes" "this file system has none"
fi

# Nothing is removed whose new place could not be made.
make_tree
mkdir w/shut
chmod 555 w/shut
as_user=
sbx=$SBX
if [ "$(id -u)" -eq 0 ]; then
	as_user='setpriv --reuid=65534 --regid=65534 --clear-groups'
	chmod 755 .
	chown -R 65534:65534 w
	cp "$SBX" sbx
	sbx=$tmp/sbx
fi
if $as_user true 2>/dev/null; then
	# shellcheck disable=SC2086
	run_code "what cannot be made" 125 $as_user "$sbx" --user 0 \
		--overlay w --commit -- sh -c 'cat w/a >w/shut/a; rm w/a'
	is "lets nothing be removed" "$(cat w/a; ls w/shut)" a
	is "is said" "$(sed "s|$tmp/||" .err)" \
"sbx: --commit: w/shut/a: Permission denied
sbx: --commit: not all was written back, and so nothing was removed"
else
	skip "what cannot be made" "no other user here"
fi

# One that was killed between two steps leaves a name, which tells its inode.
make_tree
left=$(printf 'w/.sbx-%x' "$(stat -c %i w/b)")
ln w/b "$left"
: >w/.sbx-1
: >w/.sbx-none
sleep 0.05
run_ok "what a killed one left" "$SBX" --overlay w --commit sh -c 'echo x >w/a'
is "is removed by the next" "$(ls -A w)" ".sbx-1
.sbx-none
a
b
d
gone
sg"

# All of it or nothing: a program that was in time gets --kill-after for its
# changes, and how long it takes here nobody knows.
make_tree
status=0
timeout 60 "$SBX" --timeout 0.7 --kill-after 50 \
	--overlay w --commit sh -c 'i=0
	while [ $i -lt 300 ]; do echo $i >w/f$i; i=$((i + 1)); done
	sleep 0.4' 2>err || status=$?
case "$status $(find w -name 'f*' | wc -l)" in
"0 300" | "124 0" | "143 0") ok "the end of --timeout while it writes back" ;;
*) not_ok "the end of --timeout while it writes back: $status" ;;
esac
done_testing
