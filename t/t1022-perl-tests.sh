#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Perl's own tests: what passes natively passes in the sandbox.  No package has
# them; SBX_PERL_SOURCE names the unpacked source of the perl that is installed
# (apt-get source perl).
#
# t/perl-except lists tests that need not, each with its reason.  SBX_LONG=1
# runs all, and not only those that have to do with the system.
. "${SRCDIR:-.}/t/lib.sh"
not_quick

[ -n "${SBX_PERL_SOURCE-}" ] || skip_all 'SBX_PERL_SOURCE is not set'
[ -r "$SBX_PERL_SOURCE/t/test.pl" ] || skip_all 'no tests in SBX_PERL_SOURCE'
tests='io/*.t op/alarm.t op/chdir.t op/die_exit.t op/exec.t op/filetest.t
	op/fork.t op/getpid.t op/getppid.t op/kill0.t op/magic.t op/readline.t
	op/sigdispatch.t op/sleep.t op/sselect.t op/stat.t op/sysio.t
	op/threads.t op/time.t op/times.t op/umask.t op/utf8cache.t'
[ -z "${SBX_LONG-}" ] ||
	tests='base/*.t cmd/*.t comp/*.t io/*.t mro/*.t op/*.t re/*.t uni/*.t'
tests=${SBX_PERL_TESTS-$tests}
except=$SRCDIR/t/perl-except
cp "$SBX" "$tmp/sbx"
mkdir "$tmp/perl" || exit 99
cp -R "$SBX_PERL_SOURCE/t" "$SBX_PERL_SOURCE/lib" "$tmp/perl" || exit 99
chmod -R a+rwX "$tmp"
cd "$tmp/perl/t" || exit 99
ln -sf /usr/bin/perl perl
never_root

# perl_test SIDE FILE: the names of what passed, in $tmp/SIDE.ok
perl_test()
{
	perl_sbx=
	[ "$1" = native ] || perl_sbx="$tmp/sbx --rw $tmp/perl --"
	# shellcheck disable=SC2086
	$as_user timeout -k 10 300 $perl_sbx ./perl -I../lib -I. "$2" \
		</dev/null >"$tmp/$1.out" 2>&1
	sed -n 's/^ok \([0-9]*\).*/\1/p' "$tmp/$1.out" | sort >"$tmp/$1.ok"
}

for f in $tests; do
	if grep -q "^$f	" "$except"; then
		skip "$f" "$(sed -n "s|^$f	||p" "$except")"
		continue
	fi
	perl_test native "$f"
	perl_test sbx "$f"
	comm -23 "$tmp/native.ok" "$tmp/sbx.ok" >"$tmp/lost"
	if [ -s "$tmp/lost" ]; then
		not_ok "$f"
		note "$tmp/lost"
		note "$tmp/sbx.out"
	else
		ok "$f"
	fi
done
done_testing
