#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Programs that make terminals of their own, in the sandbox.
. "${SRCDIR:-.}/t/lib.sh"
not_quick

cd "$tmp" || exit 99

if command -v script >/dev/null 2>&1; then
	is "script" "$(timeout 20 "$SBX" script -qec \
		'tty >/dev/null && stty size && echo in' /dev/null </dev/null |
		tr -d '\r')" "$(printf '0 0\nin')"
	run_code "script: exit status" 3 \
		timeout 20 "$SBX" script -qec 'exit 3' /dev/null
else
	skip "script" "not installed"
fi

if command -v expect >/dev/null 2>&1; then
	cat >"$tmp/e" <<'EOF'
set timeout 10
spawn -noecho bash --norc --noprofile -i
expect -re {[$#] $}
send "sleep 50\r"
sleep 0.5
send "\003"
expect -re {[$#] $}
send "echo code \$?\r"
expect {code 130} {puts "\ninterrupted"} timeout {puts "\nnothing"}
send "exit 4\r"
expect eof
exit [lindex [wait] 3]
EOF
	timeout 60 "$SBX" expect "$tmp/e" >"$tmp/out" 2>&1 </dev/null
	is "expect: exit status" "$?" 4
	is "expect: ^C" "$(grep -c interrupted "$tmp/out")" 1
else
	skip "expect" "not installed"
fi

if command -v tmux >/dev/null 2>&1; then
	cat >"$tmp/t" <<'EOF'
set -e
export TERM=screen
t="tmux -S /tmp/tmux.sock -f /dev/null"
$t new-session -d -x 80 -y 24 'sh'
$t split-window -h 'sh'
# What is typed before a shell prompts is answered behind its prompt.
for pane in 0 1; do
	until $t capture-pane -p -t $pane | grep -q .; do sleep 0.1; done
done
$t send-keys -t 0 'echo left $((6*7))' Enter
$t send-keys -t 1 'stty size; echo right' Enter
for i in $(seq 100); do
	sleep 0.3
	$t capture-pane -p -t 0 >/tmp/0
	$t capture-pane -p -t 1 >/tmp/1
	grep -q '^left' /tmp/0 && grep -q '^24 ' /tmp/1 &&
		grep -q '^right' /tmp/1 && break
done
grep '^left' /tmp/0
grep '^right' /tmp/1
grep '^24 ' /tmp/1
$t list-panes | wc -l
$t kill-server
EOF
	is "tmux" "$(timeout 60 "$SBX" sh -c "$(cat "$tmp/t")" </dev/null 2>&1)" \
		"$(printf 'left 42\nright\n24 39\n2')"
else
	skip "tmux" "not installed"
fi

if python3 -c 'import test.test_pty' 2>/dev/null; then
	tests=$(python3 -m test --list-cases test_pty |
		sed 's/.*\.//')
	for name in $tests; do
		run_ok "python3: $name" timeout 60 "$SBX" \
			python3 -m test test_pty -m "$name"
	done
else
	skip "python3" "its test suite is not installed"
fi

done_testing
