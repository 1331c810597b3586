#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Profiles: every error with its file, line and column; where they are looked
# for; what the shipped ones show; --explain.
. "${SRCDIR:-.}/t/lib.sh"
PATH=/usr/bin:/bin:/usr/sbin:/sbin
export PATH
HOME=$tmp/home
export HOME
unset XDG_CONFIG_HOME
mkdir "$HOME" "$tmp/w" "$tmp/w/dir"
cd "$tmp/w" || exit 99
: >dir/file

# bad NAME PATTERN LINE...: a profile of these lines is refused, with 125 and
# one line that begins with where.
bad()
{
	name=$1
	pattern=$2
	shift 2
	printf '%s\n' "$@" >p
	got=0
	"$SBX" --profile ./p true >out 2>err </dev/null || got=$?
	if [ "$got" -eq 125 ] && [ ! -s out ] && [ "$(wc -l <err)" -eq 1 ] &&
	    grep -qF -e "sbx: $tmp/w/p:$pattern" err; then
		ok "$name"
	else
		not_ok "$name"
		printf '# status %d; wanted p:%s\n' "$got" "$pattern"
		note out err
	fi
}
v='sbx-profile 1'

bad "no version" "2:1: the first line is to be 'sbx-profile 1'" "# x" "ro /usr"
bad "an empty file" "1:1: the first line" ""
bad "another version" "1:1: this sbx knows version 1 alone" "sbx-profile 2"
bad "unknown directive" "3:2: there is no such directive: frob" \
	"$v" "" " frob /x"
bad "dashes" "2:1: directives have no dashes: --ro" "$v" "--ro /usr"
bad "an abbreviation" "2:1: there is no such directive: over" "$v" "over /usr"
bad "an option of the command line" "2:1: only the command line has this: help" \
	"$v" help
bad "an argument is missing" "2:1: an argument is missing: ro" "$v" ro
bad "before a comment" "2:1: an argument is missing: ro" "$v" "ro # x"
bad "an argument too many" "2:9: one argument is taken" "$v" "ro /usr /etc"
bad "an argument for none" "2:11: it takes no argument: clear-env" \
	"$v" "clear-env yes"
bad "an open quote" "2:4: the quote is not closed" "$v" 'ro "/usr'
bad "a quote inside" "2:6: quotes go around" "$v" 'ro /u"sr"'
# shellcheck disable=SC1003
bad "an escape of nobody's" '2:7: only \" and \\' "$v" 'ro "/u\x"'
bad "a lone dollar" '2:5: a dollar sign is written $$' "$v" 'ro /$x'
bad "an unknown variable" "2:5: there are HOME, PWD, UID and GID, and no: SHELL" \
	"$v" 'ro /${SHELL}'
bad "an open variable" "2:5: a dollar sign" "$v" 'ro /${HOME'
bad "a missing path" "2:4: ro: /no/such: No such file" "$v" "ro /no/such"
bad "a bad size" "2:7: tmpfs: lots: not a size" "$v" "tmpfs /x:size=lots"
bad "a relative DEST" "2:4: ro: x: DEST is not absolute" "$v" "ro dir:x"
bad "the root hidden" "2:6: hide: the root cannot be hidden" "$v" "hide /"
bad "a device of the host" "2:5: dev: kvm: devices of the host" "$v" \
	"dev /dev/kvm"
bad "include of nothing" "2:9: there is no such profile: nope" \
	"$v" "include nope"
bad "reset of nothing" "2:7: there is no such directive: nope" \
	"$v" "reset nope"
bad "reset of an option" "2:7: there is no such directive: explain" \
	"$v" "reset explain"
bad "reset without one" "2:1: an argument is missing: reset" "$v" "reset"
bad "include of itself" "2:9: too many files include each other" \
	"$v" "include ./p"
bad "two working directories" "3:9: workdir: both / (" \
	"$v" "workdir /" "workdir /usr"
bad "words that mount does not have" "2:7: mount: frob: there is no such word" \
	"$v" "mount type=bind,frob"
bad "a mount without a place" "2:7: mount: dst= with" "$v" "mount type=proc"
bad "a mount of no type" "2:7: mount: type=nfs: not bind" "$v" \
	"mount type=nfs,dst=/x"
printf '%s\nro /usr\0x\n' "$v" >p
run_code "a byte of zero" 125 "$SBX" --profile ./p true
is "is told with its place" "$(cat "$tmp/.err")" \
	"sbx: $tmp/w/p:2:8: a byte of zero"
run_code "no such profile" 125 "$SBX" --profile nope true
is "is told" "$(cat "$tmp/.err")" "sbx: profile nope: there is none such (a path has a slash)"
run_code "a name is no path" 125 "$SBX" --profile ../w true
run_code "a directory is no profile" 125 "$SBX" --profile ./dir true
run_code "--no-profile beside --profile" 125 "$SBX" --no-profile \
	--profile default true
HOME='' run_code "no home" 0 "$SBX" true
if [ "$(id -u)" = 0 ] && setpriv --reuid 65534 --regid 65534 --clear-groups \
	"$SBX" -V >/dev/null 2>&1; then
	mkdir "$tmp/others"
	chmod 700 "$tmp/others"
	HOME=$tmp/others run_code "a home of another's" 0 setpriv \
		--reuid 65534 --regid 65534 --clear-groups \
		sh -c 'cd / && exec "$0" true' "$SBX"
else
	skip "a home of another's" "needs root, setpriv"
fi

# What is understood.
good()
{
	name=$1
	want=$2
	shift 2
	printf '%s\n' "$@" >p
	is "$name" "$("$SBX" --profile ./p --explain /bin/true 2>&1 |
		grep -v '^env\|^program\|^workdir\|^net')" "$want"
}
base='tmpfs /
ro /usr
ro /bin?
workdir /'
if [ -h /bin ]; then
	good "all of it" "tmpfs    / ($tmp/w/p:2)
symlink  /bin -> usr/bin ($tmp/w/p:4)
ro       /usr ($tmp/w/p:3)
ro       /x y#z from $tmp/w/dir ($tmp/w/p:7)" \
		"$v   " "$base" "# one" '	ro  "dir:/x y#z"   # two' \
		'ro /no/such?' 'include nope?' 'description "a \"b\" \\"'
	good "the nearer rule wins" "tmpfs    / ($tmp/w/p:2)
symlink  /bin -> usr/bin ($tmp/w/p:4)
ro       /usr ($tmp/w/p:3)" "$v" "$base" "include ./q?"
	printf '%s\nrw /usr\nhide /usr/share\n' "$v" >q
	good "but the stricter place stays" "tmpfs    / ($tmp/w/p:2)
symlink  /bin -> usr/bin ($tmp/w/p:4)
ro       /usr ($tmp/w/p:3)
hide     /usr/share ($tmp/w/q:3)" "$v" "$base" "include ./q?"
	good "a reset takes back what is included" "tmpfs    / ($tmp/w/p:2)
symlink  /bin -> usr/bin ($tmp/w/p:4)
ro       /usr ($tmp/w/p:3)" "$v" "$base" "include ./q" "reset hide"
	printf '%s\ninclude ./q\n' "$v" >q2
	good "of all that is, and before, and not one's own" \
"tmpfs    / ($tmp/w/p:2)
symlink  /bin -> usr/bin ($tmp/w/p:4)
ro       /usr ($tmp/w/p:3)
hide     /usr/bin/x ($tmp/w/p:7)" \
		"$v" "$base" "	reset	hide # it" "hide /usr/bin/x" "include ./q2"
	printf '%s\ninclude p\n' "$v" >r
	is "order does not matter" "$("$SBX" --profile ./p --explain \
		--hide /etc --rw /usr --ro /usr /bin/true | grep /usr)" \
		"$("$SBX" --ro /usr --rw /usr --profile ./p --hide /etc \
		--explain /bin/true | grep /usr)"
fi

# Where names are looked for.
mkdir -p "$HOME/.config/sbx/profiles"
printf '%s\ninclude strict\nenv MINE=1\n' "$v" >"$HOME/.config/sbx/profiles/mine"
is "the user's own" "$("$SBX" --profile mine --explain /bin/true |
	grep -c 'env *MINE=1')" 1
is "XDG_CONFIG_HOME" "$(XDG_CONFIG_HOME=$tmp/none "$SBX" --profile mine \
	--explain /bin/true 2>&1)" "sbx: profile mine: there is none such (a path has a slash)"
printf '%s\nenv MINE=2\n' "$v" >"$HOME/.config/sbx/profiles/default"
is "even the default one" "$("$SBX" --own-dir overlay --cwd overlay --ro /usr \
	--explain "$(readlink -f /bin/true)" | grep -c 'env *MINE=2')" 1
rm "$HOME/.config/sbx/profiles/default"
# effective PROFILE: what it shows, without the names of files
effective()
{
	"$SBX" --profile "$1" --explain "$(readlink -f /bin/true)" 2>&1 |
		sed 's/ ([^()]*:\([0-9]*\))$/ \1/'
}
if [ -r "$SRCDIR/profiles/default" ]; then
	for p in default strict workspace build container; do
		is "built in, and shipped: $p" "$(effective "$p")" \
			"$(effective "$SRCDIR/profiles/$p")"
	done
else
	skip "built in, and shipped" "there are no sources"
fi

# No profile can be changed from inside, or made, or put in the place of one.
mkdir "$tmp/other"
"$SBX" --rw "$HOME" sh -c "cd $HOME
	echo x >.config/sbx/profiles/mine
	echo x >.config/sbx/profiles/new
	mv .config/sbx x; mv .config y
	mkdir -p z/sbx/profiles; mv -T z .config; mv -T z/sbx .config/sbx
	rm -r .config; ln -s z .config; ln -s ../z/sbx .config/sbx
	ln -s ../../z/sbx/profiles .config/sbx/profiles" >out 2>&1
is "profiles stay as they are" "$(sed -n 2p "$HOME/.config/sbx/profiles/mine"
	ls "$HOME/.config/sbx/profiles")" "include strict
mine"
rm -rf "${HOME:?}/.config" "${HOME:?}"/*
"$SBX" --rw "$HOME" sh -c "cd $HOME
	mkdir -p .config/sbx a/sbx/profiles; mkdir .config/sbx/profiles
	mv -T a/sbx/profiles .config/sbx/profiles; mv -T a/sbx .config/sbx
	mv -T a .config; rmdir .config/sbx .config; mv -T a .config
	ln -s a .config" >out 2>&1
is "none can be made where there is none" \
	"$(find -L "$HOME/.config/sbx/profiles" 2>/dev/null)" ""
# Where the place is a link, as with those who keep such files elsewhere.
rm -rf "${HOME:?}/.config" "${HOME:?}"/*
mkdir -p "$HOME/dots/config" "$HOME/a/sbx/profiles"
ln -s dots/config "$HOME/.config"
"$SBX" --rw "$HOME" sh -c "cd $HOME
	mkdir -p dots/config/sbx/profiles .config/sbx/profiles
	mv dots x; mv dots/config x; mv -T a dots/config; mv -T a/sbx dots/config/sbx
	mv -T a/sbx/profiles dots/config/sbx/profiles
	rm .config; ln -s a .config; mv -T a .config" >out 2>&1
is "nor where a link leads" "$(find -L "$HOME/.config/sbx/profiles" \
	"$HOME/dots/config/sbx/profiles" 2>/dev/null)" ""

# The shipped ones.
rm -rf "$HOME"
mkdir "$HOME" "$HOME/work"
cd "$HOME/work" || exit 99
for p in default strict workspace build container; do
	run_ok "profile $p runs a program" "$SBX" --profile "$p" sh -c \
		'test -r /proc/self/stat && echo x >/dev/null'
done
"$SBX" --profile workspace sh -c 'echo kept >f'
is "workspace keeps" "$(cat f)" kept
echo x >"$HOME/mine"
run_code "and hides the home" 1 "$SBX" --profile workspace sh -c \
	"test -e $HOME/mine"
run_code "strict writes nothing here" 2 "$SBX" --profile strict sh -c \
	'echo x >g'
run_ok "but in /tmp" "$SBX" --profile strict sh -c 'echo x >/tmp/g'
run_code "nor in /usr" 2 "$SBX" --profile strict sh -c 'echo x >/usr/g'
cd / || exit 99
run_code "workspace is not all" 125 "$SBX" --profile workspace true
cd "$HOME/work" || exit 99
mkdir "$HOME/.cache"
echo c >"$HOME/.cache/c"
is "build sees caches" "$("$SBX" --profile build cat "$HOME/.cache/c")" c
"$SBX" --profile build sh -c "echo d >$HOME/.cache/c"
is "and changes them in memory" "$(cat "$HOME/.cache/c")" c
is "container sees all, and loses writes" "$("$SBX" --profile container sh -c \
	"echo x >f; cat f"; cat f)" \
	"x
kept"

# --explain=PATH
why()
{
	is "--explain: $1" "$("$SBX" --explain="$2" --hide "$HOME/work/f" \
		--rw "$HOME/work:/w" --deny /opt /bin/true |
		sed 's/ (default:[0-9]*)/ (default)/')" "$3"
}
why "a file of the system" /usr/bin/env \
	"/usr/bin/env: writable, and lost at the end
overlay  /usr (default)"
why "by way of a link" "/w/../usr/bin/env" \
	"/usr/bin/env: writable, and lost at the end
overlay  /usr (default)"
why "hidden" "$HOME/work/f" "$HOME/work/f: hidden
hide     $HOME/work/f (--hide)"
why "hidden under another name" /w/f "/w/f: hidden
hide     /w/f (--hide)"
why "written" /w/x "/w/x: not there: $HOME/work/x: No such file or directory
rw       /w from $HOME/work (--rw)"
why "in memory" /tmp/x "/tmp/x: not there at the start
tmpfs    /tmp (default)"
why "denied" /opt/x "/opt/x: denied
deny     /opt (--deny)"
why "a relative path" f "$HOME/work/f: hidden
hide     $HOME/work/f (--hide)"

# Without a program, for there is none to be run.
is "--explain of no program" "$("$SBX" --no-profile --ro "$tmp" --hide \
	"$tmp/w/secret" --explain="$tmp/w/secret" | head -n 1)" \
	"$("$SBX" --no-profile --ro "$tmp" --hide "$tmp/w/secret" \
	--ro /bin --own-dir ro --explain="$tmp/w/secret" /bin/true | head -n 1)"
run_ok "--explain of all without one" "$SBX" --explain
done_testing
