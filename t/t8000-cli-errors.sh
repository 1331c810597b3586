#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What sbx itself answers: one line and 125, or 126 and 127 for programs
# that cannot be run; --help and the like; never anything else.
. "${SRCDIR:-.}/t/lib.sh"
PATH=/usr/bin:/bin:/usr/sbin:/sbin

# fails NAME STATUS PATTERN ARG...: no output, one line that starts with sbx:
fails()
{
	name=$1
	want=$2
	pattern=$3
	shift 3
	got=0
	"$SBX" "$@" >"$tmp/out" 2>"$tmp/err" </dev/null || got=$?
	if [ "$got" -eq "$want" ] && [ ! -s "$tmp/out" ] &&
	    [ "$(wc -l <"$tmp/err")" -eq 1 ] &&
	    grep -q "^sbx: .*$pattern" "$tmp/err"; then
		ok "$name"
	else
		not_ok "$name"
		printf '# status %d, not %d; output:\n' "$got" "$want"
		note "$tmp/out" "$tmp/err"
	fi
}

cd "$tmp" || exit 99
: >plain
printf '#!/bin/sh\n' >noread
chmod 644 plain
chmod 700 noread
mkdir dir dir/sub
ln -s nowhere dangling

fails "no program" 125 "no program is given"
fails "no program after --" 125 "no program" --
fails "unknown long option" 125 "--nonsense: there is no such option" \
	--nonsense true
fails "unknown letter" 125 "-Z: there is no such option" -Z true
fails "letter among letters" 125 "-Z: there is no such" -qZ true
fails "argument missing" 125 "--ro: an argument is missing" --ro
fails "argument missing to a letter" 125 "-w: an argument is missing" -w
fails "argument to an option without" 125 "takes no argument" --stats=1 true
fails "ambiguous abbreviation" 125 "there is no such option" --s true
fails "missing path" 125 "--ro: /no/such: No such file" --ro /no/such true
fails "empty path" 125 "--rw: the path is empty" --rw "" true
fails "device" 125 "neither a file nor a directory" --ro /dev/null true
fails "the host's processes" 125 "--rw: /proc: the host's processes cannot" \
	--rw /proc true
fails "one of them" 125 "cannot be granted" --ro /proc/self/status:/f true
fails "relative DEST" 125 "DEST is not absolute" --ro dir:x true
fails "two sources at one place" 125 "both" --ro dir:/d --ro dir/sub:/d true
fails "bad size" 125 "not a size" --tmpfs /x:size=lots true
fails "no place for a mount" 125 "no place" --rw dir --tmpfs dir/none true
fails "bad variable" 125 "not the name of a variable" --env =x true
fails "bad descriptor" 125 "not a number" --pass-fd x true
fails "closed descriptor" 125 "Bad file descriptor" --pass-fd 77 true
fails "standard descriptor" 125 "from 3 on" --pass-fd 1 true
fails "unknown call in --trace" 125 "no such call" --trace=read,frob true
fails "missing workdir" 125 "working directory" -w "$tmp/none" true
fails "file as workdir" 125 "Not a directory" -w "$tmp/plain" true
fails "hidden workdir" 125 "not in the view" --hide "$tmp/dir" -w "$tmp/dir" true
fails "newline in a name" 125 "no?such" --ro "/no
such" true

fails "program not in PATH" 127 "not found in PATH" no-such-program
fails "program beside it" 127 "plain: not found in PATH (there is a ./plain)" \
	plain
fails "file as root" 125 "--root: $tmp/plain: the root must be a directory" \
	--root plain true
fails "profile that is not there" 125 "profile ./none: No such file" \
	--profile ./none true
fails "program missing" 127 "No such file" ./missing
fails "program is a dangling link" 127 "No such file" ./dangling
fails "component is no directory" 127 "Not a directory" ./plain/x
fails "empty program name" 127 "No such file" ""
fails "program not executable" 126 "Permission denied" ./plain
fails "program is a directory" 126 "Permission denied" ./dir
fails "hidden program" 127 "No such file" --hide "$tmp/noread" ./noread

run_ok "--help" "$SBX" --help
run_ok "-h" "$SBX" -h
run_ok "--version" "$SBX" --version
run_ok "--syscalls" "$SBX" --syscalls
run_ok "--vetted" "$SBX" --vetted
is "--version on one line" "$("$SBX" --version | wc -l)" 1
is "--syscalls has every call" \
	"$("$SBX" --syscalls | grep -c '  read  *\(absent\|full\|partial\)')" 1
for opt in --help --version --syscalls --vetted --explain; do
	got=0
	"$SBX" "$opt" true >/dev/full 2>"$tmp/err" || got=$?
	if [ "$got" -eq 125 ] && [ "$(wc -l <"$tmp/err")" -eq 1 ] &&
	    grep -q 'standard output: No space' "$tmp/err"; then
		ok "$opt on a full disk"
	else
		not_ok "$opt on a full disk"
		note "$tmp/err"
	fi
	got=0
	"$SBX" "$opt" true >&- 2>"$tmp/err" || got=$?
	is "$opt with output closed" "$got" 125
done
got=0
"$SBX" --nonsense 2>&- || got=$?
is "an error with standard error closed" "$got" 125
got=0
"$SBX" --nonsense 0<&- >&- 2>&- || got=$?
is "an error with all of them closed" "$got" 125

# The working directory is gone.
mkdir gone
got=0
(cd gone && rmdir ../gone && exec "$SBX" true) >"$tmp/out" 2>"$tmp/err" ||
	got=$?
is "removed working directory" "$got" 125
is "removed working directory: one line" "$(wc -l <"$tmp/err")" 1

# The view: what is shown by default, and what is not.
HOME=$tmp/home
export HOME
mkdir home home/.ssh home/work
cd home/work || exit 99
"$SBX" --explain true >"$tmp/view" || not_ok "--explain"
for line in "overlay  /usr (default)" "tmpfs    / (default)" \
    "proc     /proc (default)" "dev      /dev (default)" \
    "tmpfs    /tmp (default)" "hide     /etc/shadow (default)" \
    "overlay  $tmp/home/work (default)"; do
	# Which line of the profile says so is not looked at here.
	if sed 's/ (default:[0-9]*)/ (default)/' "$tmp/view" |
	    grep -qxF -e "$line"; then
		ok "view: $line"
	else
		not_ok "view: $line"
		note "$tmp/view"
	fi
done
is "home is not in the view" \
	"$(grep -c "^overlay  $tmp/home (" "$tmp/view")" 0
cd .. || exit 99
is "keys in the home are hidden" "$("$SBX" --explain true |
	sed 's/ (default:[0-9]*)/ (default)/' | grep -cxF "hide     $tmp/home/.ssh (default)")" 1
is "secret variables are dropped" "$(MY_TOKEN=1 LD_PRELOAD='' "$SBX" \
	--explain true | grep -c 'env *\(MY_TOKEN\|LD_\)')" 0
is "--keep-env" "$(MY_TOKEN=1 "$SBX" --keep-env 'MY_*' --explain true |
	grep -c 'env *MY_TOKEN=1')" 1
is "--clear-env and --env" "$("$SBX" --clear-env -e A=b --explain \
	/bin/true | grep '^env')" "env      A=b"

done_testing
