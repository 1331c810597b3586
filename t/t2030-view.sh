#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The view: denied places, other spellings of mounts, another root, places
# that the host does not have.
. "${SRCDIR:-.}/t/lib.sh"

command -v busybox >/dev/null 2>&1 || skip_all "no busybox"
cd "$tmp" || exit 99
mkdir -p a/b c img/bin img/etc rw
echo secret >a/f
echo inner >a/b/g
echo c >c/f
cp "$(command -v busybox)" img/bin/busybox
for p in sh cat ls stat mkdir mv rm echo pwd readlink; do
	ln -s /bin/busybox img/bin/$p
done
echo image >img/etc/name

# see NAME WANTED ARG...: what comes out, errors too.
see()
{
	see_name=$1
	see_want=$2
	shift 2
	is "$see_name" "$(timeout 60 "$SBX" "$@" 2>&1)" "$see_want"
}

# Denied: there, and of no use to anybody.
see "--deny: it is listed" "a
c
img
rw" --deny a --deny c/f busybox ls
see "a directory cannot be read" "ls: can't open 'a': Permission denied" \
	--deny a busybox ls a
see "or walked" "cat: can't open 'a/b/g': Permission denied" \
	--deny a busybox cat a/b/g
see "or written" "sh: can't create a/n: Permission denied" \
	--deny a busybox sh -c 'echo >a/n'
see "a file cannot be opened" "cat: can't open 'c/f': Permission denied" \
	--deny c/f busybox cat c/f
see "not by root" "cat: can't open 'c/f': Permission denied" \
	-u 0 --deny c/f busybox cat c/f
see "not by another name" "cat: can't open '/d/f': Permission denied" \
	--deny c/f --ro c:/d busybox cat /d/f
see "nor moved away" \
	"mv: can't rename 'c/f': Device or resource busy" \
	--rw c --deny c/f busybox mv c/f c/g
see "what is beneath can be shown" "inner
cat: can't open 'a/f': Permission denied
ls: can't open 'a': Permission denied" --deny a --ro a/b busybox sh -c \
	'cat a/b/g; cat a/f; ls a'
see "deny beats hide" "cat: can't open 'c/f': Permission denied" \
	--hide c/f --deny c/f --rw c/f busybox cat c/f
see "the more specific wins over it" c --deny c --ro c/f busybox cat c/f
see "a link to it" "cat: can't open 'l': Permission denied" \
	--deny c/f busybox sh -c 'ln -s c/f l; cat l'
see "hide beats ro" "cat: can't open 'c/f': No such file or directory" \
	--ro c/f --hide c/f busybox cat c/f

# podman's words.
see "-v" "c
kept" -v "$tmp/c:/v" -v "rw:/w" busybox sh -c \
	'cat /v/f; echo kept >/w/k; cat /w/k'
is "-v writes" "$(cat rw/k)" kept
see "-v ro" "sh: can't create /v/n: Read-only file system" -v c:/v:ro \
	busybox sh -c 'echo >/v/n'
see "-v overlay" new -v c:/v:overlay busybox sh -c 'echo new >/v/f; cat /v/f'
is "is lost" "$(cat c/f)" c
see "--mount bind" "c
sh: can't create /v/n: Read-only file system" \
	--mount "type=bind,source=c,target=/v,readonly" busybox sh -c \
	'cat /v/f; echo >/v/n'
see "--mount tmpfs" "512 1777" --mount type=tmpfs,dst=/t,size=512K,mode=1777 \
	busybox sh -c 'echo $(df -k /t | tail -n 1 | tr -s " " |
	cut -d " " -f 2) $(stat -c %a /t)'
see "an optional source" "no" --mount src=none?,dst=/v -v none?:/w:ro \
	--ro 'none?' --hide 'none?' busybox sh -c '[ -e /v ] || echo no'
see "a file at a place of its own" c --ro c/f:/x/y/z busybox cat /x/y/z

# A link of the host is a link here, and leads where it did.
ln -s a link
see "a link that is named" "a inner" --no-profile --ro /usr --ro /bin? \
	--ro /lib? --ro /lib64? --ro link -w / busybox sh -c \
	"echo \$(readlink $tmp/link) \$(cat $tmp/link/b/g)"

# Another root.
see "--root" "/
image
/bin/busybox" --root img sh -c 'pwd; cat /etc/name; readlink /bin/sh'
see "it has proc, sys, dev, tmp" "bin dev etc proc sys tmp 0 ok" --root img \
	sh -c 'echo $(ls /) $(ls /proc/self/fd | busybox head -n 1) \
	$(echo ok >/tmp/f; cat /tmp/f)'
see "writes are lost" new --root img sh -c 'echo new >/etc/name; cat /etc/name'
is "and the host has nothing new" "$(ls img; cat img/etc/name)" "bin
etc
image"
see "--root :ro" "sh: can't create /etc/n: Read-only file system" \
	--root img:ro sh -c 'echo >/etc/n'
mkdir img/proc img/sys img/dev img/tmp
"$SBX" --root img:rw sh -c 'echo kept >/etc/k; echo lost >/tmp/l' ||
	not_ok "--root :rw runs"
is "--root :rw" "$(cat img/etc/k; ls img/tmp)" kept
see "links stay in it" "cat: can't open '/etc/host': No such file or directory" \
	--root img sh -c "busybox ln -s $tmp/c/f /etc/host; cat /etc/host"
see "dots stay in it" image --root img cat ../../../etc/name
see "a volume where the image has none" kept --root img -v rw:/srv/v \
	cat /srv/v/k
see "the rest of the host is not there" "ls: $tmp: No such file or directory" \
	--root img ls "$tmp"

done_testing
