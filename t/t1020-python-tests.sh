#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Python's own test modules: what passes natively passes in the sandbox.
#
# t/python-except lists tests that are left out, each with its reason.
# SBX_LONG=1 runs the modules that take minutes too.  SBX_PYTHON_MODULES names
# the modules to run in place of these.
. "${SRCDIR:-.}/t/lib.sh"
not_quick

python=/usr/bin/python3.11
modules="test_subprocess test_threading test_os test_posix
	test_fork1 test_wait3 test_wait4 test_pty test_mmap test_fcntl
	test_select test_time test_resource _test_eintr test_threadsignals
	test_tempfile test_shutil test_pathlib
	test_glob test_stat test_file test_dbm"
if [ -n "${SBX_LONG-}" ]; then
	modules="$modules test_poll test_io test_faulthandler
		test_multiprocessing_fork test_concurrent_futures
		test_tarfile test_zipfile test_mailbox test_largefile
		test_logging test_venv test_sqlite3
		test_asyncio test_socket test_ssl test_httpservers
		test_httplib test_ftplib test_asyncore test_asynchat
		test_selectors test_epoll test_smtplib test_poplib
		test_imaplib test_telnetlib test_xmlrpc test_wsgiref
		test_urllib2_localnet test_socketserver"
fi
# This one sleeps for most of a minute, while the others run.
meanwhile=test_signal
[ -z "${SBX_PYTHON_MODULES+set}" ] || meanwhile=
modules=${SBX_PYTHON_MODULES-$modules}
$python -c 'import test.test_os' 2>/dev/null ||
	skip_all 'libpython3.11-testsuite is not installed'
cp "$SRCDIR/t/python-tests.py" "$SRCDIR/t/python-except" "$tmp"
cp "$SBX" "$tmp/sbx"
mkdir "$tmp/w"
chmod 755 "$tmp" "$tmp/sbx"
chmod 1777 "$tmp/w"
# The modules skip what root may do, or do it.
never_root

sbx_options=
# run_module SIDE MODULE TRY
run_module()
{
	run_to=$tmp/$1.$2.$3
	run_sbx=
	[ "$1" = native ] || run_sbx="$tmp/sbx $sbx_options --ro $tmp --"
	# shellcheck disable=SC2086
	(
		cd "$tmp/w" || exit
		env -i PATH=/usr/bin:/bin HOME="$tmp/w" $as_user \
			timeout -k 10 600 $run_sbx $python \
			"$tmp/python-tests.py" "$2" "$tmp/python-except" \
			</dev/null
		echo "status $?"
	) >"$run_to.log" 2>&1
	grep -a '^@ ' "$run_to.log" >"$run_to"
}

# lost MODULE TRY: what passed natively and did not in the sandbox.
lost()
{
	sed -n 's/^@ ok //p' "$tmp/native.$1.0" | sort >"$tmp/lost.native.$1"
	sed -n 's/^@ ok //p' "$tmp/sbx.$1.$2" | sort |
		comm -23 "$tmp/lost.native.$1" -
}

report()
{
	if ! grep -qx '@ end' "$tmp/native.$1.0"; then
		# Debian's package lacks some.
		if grep -qa "No module named 'test" "$tmp/native.$1.0.log"; then
			skip "$1" 'the package has it not'
		else
			skip "$1" 'it does not end natively'
		fi
		return
	fi
	if grep -qx '@ end' "$tmp/sbx.$1.0"; then
		lost "$1" 0 >"$tmp/lost"
	else
		echo 'the module did not end' >"$tmp/lost"
	fi
	if [ -s "$tmp/lost" ]; then
		# Some depend on how busy the machine is.
		run_module sbx "$1" 1
		lost "$1" 1 >"$tmp/lost.1"
		grep -qx '@ end' "$tmp/sbx.$1.1" ||
			echo 'the module did not end' >>"$tmp/lost.1"
		grep -xF -f "$tmp/lost" "$tmp/lost.1" >"$tmp/lost.both"
		mv "$tmp/lost.both" "$tmp/lost"
	fi
	if [ -s "$tmp/lost" ]; then
		not_ok "$1"
		note "$tmp/lost"
		grep -aE -A 14 '^(ERROR|FAIL):' "$tmp/sbx.$1.1.log" \
			>"$tmp/why"
		tail -n 5 "$tmp/sbx.$1.1.log" >>"$tmp/why"
		note "$tmp/why"
	else
		ok "$1: $(wc -l <"$tmp/lost.native.$1") tests"
	fi
}

# Most of the time they sleep: both sides at once, and three at a time.
slow=
for m in $meanwhile; do
	run_module native "$m" 0 &
	slow="$slow $!"
	run_module sbx "$m" 0 &
	slow="$slow $!"
done
# shellcheck disable=SC2086
set -- $modules
while [ $# -gt 0 ]; do
	batch=
	running=
	for m; do
		batch="$batch $m"
		shift
		run_module native "$m" 0 &
		running="$running $!"
		run_module sbx "$m" 0 &
		running="$running $!"
		[ "$(echo "$batch" | wc -w)" -lt 3 ] || break
	done
	# shellcheck disable=SC2086
	wait $running
	for m in $batch; do
		report "$m"
	done
done
# shellcheck disable=SC2086
wait $slow
for m in $meanwhile; do
	report "$m"
done

# As root of the sandbox: root skips and does other things.  Where the test
# runs as root, what passes as that natively passes; else nothing fails.
as_root=
[ -z "${SBX_LONG-}" ] ||
	as_root='test_os test_posix test_shutil test_pathlib test_tempfile
		test_glob test_tarfile test_zipfile test_mailbox test_stat
		test_file test_largefile test_mmap test_dbm
		test_logging test_venv'
sbx_options='--user 0'
user=$as_user
for m in $as_root; do
	: >"$tmp/lost"
	if [ -n "$user" ]; then
		as_user=
		run_module native "$m" 0
		as_user=$user
		run_module sbx "$m" 2
		lost "$m" 2 >"$tmp/lost"
	else
		run_module sbx "$m" 2
	fi
	if [ -s "$tmp/lost" ] || ! grep -qx '@ end' "$tmp/sbx.$m.2" ||
	    grep -qaE '^(ERROR|FAIL):' "$tmp/sbx.$m.2.log"; then
		not_ok "$m as root"
		grep -aE -A 14 '^(ERROR|FAIL):' "$tmp/sbx.$m.2.log" \
			>"$tmp/why"
		note "$tmp/lost" "$tmp/why"
	else
		ok "$m as root"
	fi
done
done_testing
