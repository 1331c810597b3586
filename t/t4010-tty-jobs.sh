#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The user's own terminal: the same keys are typed at a program and at the
# program in the sandbox, both as a job of a shell; all that they write has to
# be the same.
. "${SRCDIR:-.}/t/lib.sh"

command -v python3 >/dev/null 2>&1 || skip_all "no python3"
command -v bash >/dev/null 2>&1 || skip_all "no bash"
python3 -c 'import pty; pty.openpty()' 2>/dev/null ||
	skip_all "no pseudo-terminals here"
TERM=dumb
export TERM
unset PROMPT_COMMAND PS1 INPUTRC HISTFILE BASH_ENV ENV
HOME=$tmp
export HOME
cd "$tmp" || exit 99
drive="timeout 100 python3 $SRCDIR/t/drive-tty.py"

# typed NAME COMMAND...: the steps are on standard input
typed()
{
	typed_name=$1
	shift
	cat >"$tmp/steps"
	$drive "$tmp/steps" "$@" >"$tmp/native.out" 2>"$tmp/native.err"
	echo $? >"$tmp/native.status"
	$drive "$tmp/steps" "$SBX" "$@" >"$tmp/sbx.out" 2>"$tmp/sbx.err"
	echo $? >"$tmp/sbx.status"
	compare "$typed_name"
}

typed "stop and continue" cat <<'EOF'
pause 0.5
type hello\r
expect hello\r\nhello\r\n
type \x1a
stopped
cont
pause 0.2
type more\r
expect more\r\nmore\r\n
type \x1a
stopped
cont
type \x03
end
EOF

typed "a pipeline" sh -c 'echo ready; sleep 100 | cat | sleep 200' <<'EOF'
expect ready
pause 0.5
type \x1a
stopped
cont
pause 0.3
type \x1c
end
EOF

# shellcheck disable=SC2016
typed "traps" bash -c 'trap "echo winch \$(stty size)" WINCH
	trap "echo int" INT; trap "echo cont" CONT; echo ready
	while ! read -t 20 x && [ $? != 0 ]; do :; done; echo got $x' <<'EOF'
expect ready
pause 0.5
size 40 90
expect winch 40 90
pause 0.2
type \x03
expect int
pause 0.2
kill TSTP
stopped
cont
expect cont
type x\r
end
EOF

typed "an interactive shell" bash --norc --noprofile -i <<'EOF'
prompt
type echo one\r
expect one\r\n
prompt
type sh -c 'echo on; exec sleep 100'\r
expect on\r\n
type \x03
prompt
type echo rc $?\r
expect rc 130
type sh -c 'echo on; exec sleep 100'\r
expect on\r\n
type \x1a
expect Stopped
prompt
type jobs\r
expect Stopped
prompt
type fg\r
expect sleep 100'\r\n
pause 0.3
type \x03
prompt
type stty size\r
expect 24 80
prompt
size 30 100
type stty size\r
expect 30 100
prompt
type suspend\r
stopped
cont
prompt
type cat & until jobs | grep -q Stop; do sleep .1; done\r
expect Stopped
prompt
type fg\r
expect cat\r\n
type hello\r
expect hello\r\nhello\r\n
type \x04
prompt
type exit 5\r
end
EOF

# In the background of a shell outside.  It tells at once when a job changes,
# beside what is typed: only what the terminal shows at the end counts.
cat >"$tmp/steps" <<'EOF'
prompt
type set -b\r
prompt
type $PREFIX cat &\r
expect Stopped
type fg\r
expect cat\r\n
type hi\r
expect hi\r\nhi\r\n
type \x1a
expect Stopped
prompt
type bg\r
expect cat &\r\n
expect Stopped
type kill %1\r
expect Terminated
type $PREFIX stty -a | grep -c icanon\r
expect 1\r\n
prompt
type $PREFIX stty -echo &\r
expect Stopped
type fg\r
expect stty -echo\r\n
prompt
type exit\r
end
EOF
for how in native sbx; do
	PREFIX=
	[ $how = native ] || PREFIX=$SBX
	export PREFIX
	$drive "$tmp/steps" bash --norc --noprofile -i >"$tmp/$how.all" \
		2>"$tmp/$how.err"
	echo $? >"$tmp/$how.status"
	tail -n 1 "$tmp/$how.all" >"$tmp/$how.out"
done
compare "the sandbox in the background"
grep -q FAILED "$tmp/sbx.all" && note "$tmp/sbx.all"

done_testing
