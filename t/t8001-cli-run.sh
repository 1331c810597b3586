#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What a program inherits and sees under sbx, as its options say.
. "${SRCDIR:-.}/t/lib.sh"

command -v busybox >/dev/null 2>&1 || skip_all "no busybox"
cd "$tmp" || exit 99
home=$tmp/homes/me
HOME=$home
export HOME
mkdir homes "$home" "$home/.ssh" "$home/work" rw ro
echo key >"$home/.ssh/id"
echo data >"$home/work/file"
echo ro >ro/file
echo rw >rw/file

# What a panic says; as on Linux, root may have one.
run_code "a panic" 125 "$SBX" --user 0 busybox sh -c \
	'echo c >/proc/sysrq-trigger'
is "it tells what" "$(grep -c 'panic: kernel: sysrq' "$tmp/.err")" 1
is "it tells where" "$(grep -c '^  in write_sysrq' "$tmp/.err")" 1

# Exit statuses, as a shell has them.
run_code "exit status 0" 0 "$SBX" busybox true
run_code "exit status 1" 1 "$SBX" busybox false
run_code "exit status 7" 7 "$SBX" busybox sh -c 'exit 7'
run_code "killed by SIGTERM" 143 sh -c '"$0" busybox sh -c "kill -TERM \$\$"
	exit $?' "$SBX"
run_code "killed by SIGKILL" 137 sh -c '"$0" busybox sh -c "kill -KILL \$\$"
	exit $?' "$SBX"
run_code "killed by SIGSEGV" 139 sh -c '"$0" busybox sh -c "kill -SEGV \$\$"
	exit $?' "$SBX"

: >notelf
chmod 755 notelf
echo junk-junk-junk >junk
chmod 755 junk
printf '#!/no/such/interpreter\n' >script
chmod 755 script
printf '#!/usr/bin/busybox sh\necho "script $1"\n' >good
chmod 755 good
run_code "an empty file" 126 "$SBX" ./notelf
run_code "rubbish" 126 "$SBX" ./junk
is "it is told why" "$(cat "$tmp/.err")" "sbx: ./junk: Exec format error"
run_code "no interpreter" 127 "$SBX" ./script
is "a script" "$("$SBX" ./good arg 2>&1)" "script arg"

# Descriptors: shared offsets, append mode, pipes, closed ones.
{ echo a; "$SBX" busybox echo b; echo c; } >out
is "the offset of a file is shared" "$(tr '\n' ' ' <out)" "a b c "
{ echo d; "$SBX" busybox echo e; } >>out
is "append mode" "$(tr '\n' ' ' <out)" "a b c d e "
is "a pipe in and out" "$(echo one two | "$SBX" busybox wc -w)" 2
is "what is not read stays" "$( { "$SBX" busybox head -c 0; cat; } <ro/file)" ro
is "input by /dev/stdin" "$(echo x | "$SBX" busybox cat /dev/stdin)" x
is "a file by /dev/stdin" "$("$SBX" busybox cat /dev/stdin <ro/file)" ro
is "output by /dev/stdout" "$("$SBX" busybox sh -c 'echo y >/dev/stdout')" y
is "standard error is apart" \
	"$("$SBX" busybox sh -c 'echo e >&2; echo o' 2>/dev/null)" o
run_code "output closed" 1 sh -c 'exec "$0" busybox echo x >&-' "$SBX"
run_code "input closed" 1 sh -c 'exec "$0" busybox cat <&-' "$SBX"
run_code "all closed" 0 sh -c 'exec "$0" busybox true <&- >&- 2>&-' "$SBX"
run_code "a full disk" 1 sh -c 'exec "$0" busybox echo x >/dev/full' "$SBX"
is "another descriptor is not passed" \
	"$("$SBX" busybox sh -c '[ -e /proc/self/fd/7 ] || echo no' 7<ro/file)" \
	no
is "--pass-fd" "$("$SBX" --pass-fd 7 busybox sh -c 'cat <&7' 7<ro/file)" ro

# The view.
see()
{
	see_name=$1
	see_want=$2
	shift 2
	is "$see_name" "$("$SBX" "$@" 2>/dev/null || echo fails)" "$see_want"
}
see "the working directory is shown" ro busybox cat ro/file
see "the home is not" fails busybox cat "$home/work/file"
see "unless asked for" data --ro "$home/work" busybox cat \
	"$home/work/file"
see "keys are not, even so" fails --ro "$home" busybox cat \
	"$home/.ssh/id"
see "unless asked for by name" key --ro "$home/.ssh" busybox cat \
	"$home/.ssh/id"
see "/etc/shadow is not there" fails busybox cat /etc/shadow
see "another name" ro --ro "$tmp/ro:/d" busybox cat /d/file
see "a file alone" ro --ro "$tmp/ro/file:/f" busybox cat /f
see "--hide" fails --hide "$tmp/ro" busybox cat ro/file
see "a hidden name is not listed" "" --hide "$tmp/ro" busybox \
	find . -name ro
see "--tmpfs" "empty" --tmpfs "$tmp/ro" busybox sh -c \
	"[ -e $tmp/ro/file ] || echo empty"
see "--workdir" / -w / busybox pwd
see "a system file" yes busybox sh -c '[ -s /etc/passwd ] && echo yes'
here=${tmp#/tmp/}
see "/tmp is empty but for the way here" "${here%%/*}" -w / \
	--ro "$tmp" busybox ls /tmp

# Writes: kept in --rw alone.
"$SBX" busybox sh -c 'echo new >ro/file; echo new >fresh; cat ro/file' \
	>out 2>&1
is "a write is seen inside" "$(cat out)" new
is "but not outside" "$(cat ro/file)" ro
run_code "no new file outside" 1 test -e fresh
"$SBX" --rw "$tmp/rw" busybox sh -c "echo new >$tmp/rw/file
	echo x >$tmp/rw/fresh" || not_ok "--rw"
is "--rw writes" "$(cat rw/file rw/fresh | tr '\n' ' ')" "new x "
see "--ro refuses" fails --ro "$tmp/ro" busybox sh -c "echo n >$tmp/ro/file"
name=/tmp/${tmp##*/}.file
see "/tmp can be written" ok busybox sh -c "echo ok >$name && cat $name"
run_code "and not outside" 1 test -e "$name"

# The trace.
"$SBX" --trace=write -o trace busybox echo hi >out
is "--trace --output" "$(cat out trace)" 'hi
2 write(1, "hi\n", 3) = 3'
run_code "a trace nobody can write" 125 "$SBX" --trace -o /dev/full \
	busybox true
is "ends with one line" "$(cat "$tmp/.err")" \
	"sbx: the trace cannot be written: No space left on device"

# sbx wants to know of its children; the program still finds them ignored.
is "what the caller ignores" \
	"$(trap '' CHLD PIPE USR1; "$SBX" busybox grep SigIgn /proc/self/status)" \
	"$(trap '' CHLD PIPE USR1; busybox grep SigIgn /proc/self/status)"
# libc hides some; 32 and 33 are ignored by who was started by some runtimes.
cat >ignore.py <<'END'
import ctypes, os, sys
ign = (ctypes.c_uint64 * 4)(1, 0, 0, 0)
for sig in 32, 33, 34, 64:
    ctypes.CDLL(None).syscall(13, sig, ign, None, 8)
os.execvp(sys.argv[1], sys.argv[1:])
END
is "signals of libc's own among it" \
	"$(python3 ignore.py "$SBX" busybox grep SigIgn /proc/self/status)" \
	"$(python3 ignore.py busybox grep SigIgn /proc/self/status)"

# The environment.
see "a variable" 1 -e A=1 busybox sh -c 'echo $A'
is "a secret is dropped" "$(MY_TOKEN=x "$SBX" busybox sh -c \
	'echo "[$MY_TOKEN]"')" "[]"
is "and kept where asked" "$(MY_TOKEN=x "$SBX" -e MY_TOKEN busybox sh -c \
	'echo "[$MY_TOKEN]"')" "[x]"
see "--clear-env" "A=1" --clear-env -e A=1 /usr/bin/busybox env

done_testing
