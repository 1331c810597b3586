#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Somebody outside changes what a sandbox looks at: it sees what a process of
# the host would see, soon, and nothing leads out.
. "${SRCDIR:-.}/t/lib.sh"

cd "$tmp" || exit 99
mkdir outside
echo secret >outside/f
mkfifo to from

# guest SCRIPT: its output, by the shell that runs in the sandbox.
guest()
{
	printf '%s\necho =\n' "$1" >&3
	answer=
	while IFS= read -r line <&4; do
		[ "$line" = = ] && break
		answer="$answer$line
"
	done
	answer=${answer%?}
}

# comes NAME FILE TEXT: it holds this line, after a while; "-": it is gone.
comes()
{
	guest "n=0
while :; do
	x=-; read -r x <$2 2>/dev/null || [ -e $2 ] || x=-
	[ \"\$x\" = '$3' ] && break
	n=\$((n + 1)); [ \$n -gt 200000 ] && break
done 2>/dev/null
echo \"\$x\""
	is "$mode: $1" "$answer" "$3"
}

for mode in ro rw; do
	rm -rf s one
	mkdir s s/d s/sub
	echo a >s/f
	echo d >s/d/f
	echo one >one
	ln -s f s/l
	timeout 300 "$SBX" --no-profile --ro /usr --ro '/bin?' --ro '/lib?' \
		--ro '/lib64?' --mount type=dev,dst=/dev \
		--$mode s:/s --ro one:/one -w / sh <to >from 2>/dev/null &
	pid=$!
	exec 3>to 4<from
	comes "as it is" /s/f a
	comes "what is not there" /s/new -
	echo b >s/f
	comes "rewritten" /s/f b
	echo c >s/f.tmp
	mv s/f.tmp s/f
	comes "replaced" /s/f c
	comes "by way of a link" /s/l c
	echo n >s/new
	comes "made where nothing was" /s/new n
	rm s/new
	comes "removed" /s/new -
	ln -sfn d/f s/l
	comes "a link that leads elsewhere" /s/l d
	comes "in a directory" /s/d/f d
	mv s/d s/d2
	comes "moved with its directory" /s/d/f -
	comes "is at its new place" /s/d2/f d
	mkdir s/d
	echo e >s/d/f
	comes "another directory of that name" /s/d/f e
	guest 'exec 5</s/d/f; cd /s/d'
	rm -r s/d
	ln -s ../outside s/d
	comes "a link in place of a directory leads nowhere" /s/d/f -
	guest 'cat <&5; exec 5<&-'
	is "$mode: an open file stays what it was" "$answer" e
	guest 'ls; cat f 2>/dev/null || echo none'
	is "$mode: a removed directory is empty" "$answer" none
	guest 'cd /'
	rm s/d
	ln -s "$tmp/outside" s/d
	comes "nor does an absolute one" /s/d/f -
	guest 'cat /s/d/../../outside/f /s/../outside/f 2>/dev/null || echo no'
	is "$mode: dots do not lead out" "$answer" no
	rm s/d
	echo file >s/d
	comes "a file in place of a directory" /s/d file
	rm s/d
	mkdir s/d
	echo g >s/d/g
	comes "a directory again" /s/d/g g
	guest 'echo /s/sub/*'
	echo 1 >s/sub/1
	guest 'n=0; until [ "$(echo /s/sub/*)" = /s/sub/1 ]; do n=$((n + 1))
	[ $n -gt 20000 ] && break; done; echo /s/sub/*'
	is "$mode: a listing" "$answer" /s/sub/1
	comes "a file that is bound alone" /one one
	echo two >one
	comes "rewritten" /one two
	echo three >one.tmp
	mv one.tmp one
	guest 'cat /one'
	is "$mode: and not what took its name, as on Linux" "$answer" two
	exec 3>&- 4<&-
	wait $pid
done

done_testing
