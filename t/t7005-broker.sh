#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Rubbish on the broker's channels, and good requests for what is not granted.
. "${SRCDIR:-.}/t/hostile.sh"

n=$(($(count broker) - 1))
attack 'a breach of the contract ends the sandbox' 125 -r 0..$n -- \
	broker case @
attack 'what is not granted is denied' 0 -- broker deny
attack 'requests with mistakes' 0,125 -r 1..12 -- broker fuzz @
attack 'more than the buffers hold' 0,125 -r 0..3 -- broker flood @
attack 'many processes that talk rubbish' 0,125 -- broker bomb 0
attack 'many processes that end' 0,125 -- broker bomb 2
untouched 'nothing outside has changed'

# A directory that may be written: nothing beside it.
mkdir "$tmp/rw"
ln -s ../outside "$tmp/rw/link-out"
printf 'data\n' >"$tmp/rw/file"
sbx_options="--rw $tmp/rw"
attack 'with a writable directory: denied' 0 -- broker deny
attack 'with a writable directory: mistakes' 0,125 -r 21..32 -- broker fuzz @
untouched 'nothing beside it has changed'
set -- "$(find "$tmp/rw" -perm /6000 -o -type c -o -type b -o -type s)"
is 'no device and no set-id file was left in it' "$1" ''

# Who may write a program with more rights than its caller's gets those off.
for f in setid group caps; do
	cp "$tmp/in/h-setid.hostile" "$tmp/rw/$f"
done
chmod 4755 "$tmp/rw/setid"
chmod 2755 "$tmp/rw/group"
setcap=:
[ "$(id -u)" = 0 ] && command -v setcap >/dev/null && setcap=setcap
$setcap cap_net_raw+ep "$tmp/rw/caps" 2>/dev/null || setcap=:
attack 'programs with rights are written' 0 -- setid \
	"$tmp/rw/setid" "$tmp/rw/group" "$tmp/rw/caps"
is 'and have none then' "$(cd "$tmp/rw" && stat -c '%a' setid group
	head -qn1 setid group caps
	[ $setcap = : ] || getcap caps)" "755
755
#!/bin/sh
#!/bin/sh
#!/bin/sh"
rm "$tmp/rw/setid" "$tmp/rw/group" "$tmp/rw/caps"

# What is read-only, or denied, in a directory that may be written stays where
# the host looks for it, with all that leads there.
mkdir -p "$tmp/rw/a/b/keep" "$tmp/rw/x/b/keep" "$tmp/rw/d/e/secret"
printf 'good\n' >"$tmp/rw/a/b/keep/hook"
printf 'evil\n' >"$tmp/rw/x/b/keep/hook"
"$tmp/sbx" --rw "$tmp/rw" --ro "$tmp/rw/a/b/keep" --deny "$tmp/rw/d/e/secret" \
	-- sh -c "cd $tmp/rw
	mv a/b/keep k; mv a/b y; mv a y; mv d y; mv d/e y
	mv -T x/b a/b; mv -T x a; mv --exchange x a; rm -r a; ln -s x a
	rm -rf d; mkdir -p x/e/secret; mv -T x d; mv -T x/e d/e" >/dev/null 2>&1
is 'what is read-only stays in its place' \
	"$(cat "$tmp/rw/a/b/keep/hook"; find "$tmp/rw/d" "$tmp/rw/a" -type d)" \
	"good
$tmp/rw/d
$tmp/rw/d/e
$tmp/rw/d/e/secret
$tmp/rw/a
$tmp/rw/a/b
$tmp/rw/a/b/keep"

# A directory that is to be written back: not before an exit with 0, and then
# by the same rules.
mkdir "$tmp/co" "$tmp/co/hidden" "$tmp/co/dir"
ln -s ../outside "$tmp/co/link-out"
printf 'data\n' >"$tmp/co/file"
printf 'key\n' >"$tmp/co/hidden/key"
chmod 777 "$tmp/co" "$tmp/co/dir"
before=$(find "$tmp/co" -printf '%p %y %m %s %T@ %n %l\n' | sort)
sbx_options="--commit --no-profile --overlay $tmp/co --hide $tmp/co/hidden
	--ro $tmp/in"
attack 'with --commit: denied' 0 -- broker deny
is 'nothing in it has changed' \
	"$(find "$tmp/co" -printf '%p %y %m %s %T@ %n %l\n' | sort)" "$before"
attack 'with --commit: mistakes after an exit' 0,125 -r 41..52 -- \
	broker commit @
untouched 'nothing beside it has changed then'
# Modes are among what it may change there, but not those of what is hidden.
chmod 755 "$tmp/co" "$tmp/co/dir"
set -- "$(find "$tmp/co" -type f -perm /6000 -o -type c -o -type b -o -type s)"
is 'no device and no set-id file in it either' "$1" ''
is 'what is hidden stays' "$(cat "$tmp/co/hidden/key")" key
done_testing
