#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# t6000-ipc-tools.sh: ipcmk, ipcs and ipcrm, and /dev/mqueue, in the sandbox.
# shellcheck disable=SC2016
. "${SRCDIR:-.}/t/lib.sh"

for tool in ipcmk ipcs ipcrm; do
	command -v $tool >/dev/null || skip_all "no $tool here"
done

# inside NAME SCRIPT: the script succeeds in the sandbox.
inside()
{
	# shellcheck disable=SC2154
	timeout 60 "$SBX" -- /bin/sh -e -c "$2" >"$tmp/out" 2>&1
	code=$?
	if [ $code = 0 ]; then
		ok "$1"
	else
		not_ok "$1"
		echo "# exit status $code"
		note "$tmp/out"
	fi
}

inside 'shared memory: made, listed, removed' '
	id=$(ipcmk -M 5000 -p 0640 | sed "s/.*: //")
	ipcs -m -i "$id" | grep -q "bytes=5000"
	ipcs -m | grep -q " $id .* 640 .* 5000 "
	grep -q " $id .* 640 .* 5000 " /proc/sysvipc/shm
	ipcrm -m "$id"
	! ipcs -m -i "$id" 2>/dev/null | grep -q "bytes=5000"
	! ipcrm -m "$id"'
inside 'semaphores: made, listed, removed' '
	id=$(ipcmk -S 7 | sed "s/.*: //")
	ipcs -s | grep -q " $id .* 644 .* 7 "
	ipcs -s -i "$id" | grep -q "nsems = 7"
	grep -q " $id .* 644 .* 7 " /proc/sysvipc/sem
	ipcrm -s "$id"
	! ipcs -s | grep -q " $id "'
inside 'message queues: made, listed, removed' '
	id=$(ipcmk -Q | sed "s/.*: //")
	ipcs -q | grep -q " $id .* 644 .* 0 .* 0 "
	grep -q " $id .* 644 " /proc/sysvipc/msg
	ipcrm -q "$id"
	! ipcs -q | grep -q " $id "'
inside 'removal of all' '
	ipcmk -Q; ipcmk -S 3; ipcmk -M 100; ipcmk -M 200
	test "$(ipcs | grep -c ^0x)" = 4
	ipcrm -a
	test "$(ipcs | grep -c ^0x)" = 0'
inside 'what one process makes others find' '
	id=$(ipcmk -M 100 | sed "s/.*: //")
	key=$(ipcs -m | sed -n "s/^\(0x[0-9a-f]*\) *$id .*/\1/p")
	(ipcrm -M "$key")
	! ipcs -m | grep -q " $id "'
inside 'limits' '
	ipcs -l | grep -q "max queues system wide = 32000"
	test "$(cat /proc/sys/kernel/shmmni)" = 4096
	test "$(cat /proc/sys/kernel/sem)" = "$(printf "32000\t1024000000\t500\t32000")"
	test "$(cat /proc/sys/fs/mqueue/msg_max)" = 10
	ipcs -u | grep -q "segments allocated 0"'
inside '/dev/mqueue' '
	test "$(stat -f -c %t /dev/mqueue)" = 19800202
	: >/dev/mqueue/one
	test "$(ls /dev/mqueue)" = one
	grep -q "^QSIZE:0  *NOTIFY:0  *SIGNO:0  *NOTIFY_PID:0 *$" \
		/dev/mqueue/one
	! mkdir /dev/mqueue/dir 2>/dev/null
	rm /dev/mqueue/one
	test -z "$(ls /dev/mqueue)"'

# stressed KIND: stress-ng ends well and leaves nothing behind.
# shellcheck disable=SC2154
stressed()
{
	code=0
	timeout 60 "$SBX" -- /bin/sh -c "cd /tmp
		stress-ng --$1 2 -t 2 2>&1
		code=\$?
		ipcs
		ls /dev/mqueue
		test \"\$(ipcs | grep -c ^0x)\" = 0 || exit 99
		test -z \"\$(ls /dev/mqueue)\" || exit 99
		exit \$code" >"$tmp/out" 2>&1 || code=$?
	if ng_ended $code "$tmp/out"; then
		ok "stress-ng --$1"
	else
		not_ok "stress-ng --$1"
		echo "# exit status $code"
		note "$tmp/out"
	fi
}

if command -v stress-ng >/dev/null; then
	for kind in sem-sysv shm-sysv msg mq; do
		stressed $kind
	done
else
	skip 'stress-ng' 'it is not here'
fi
done_testing
