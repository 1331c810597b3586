#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Go's own tests of its standard library: what passes natively passes in the
# sandbox, from the same test binary.
#
# t/go-except lists tests that may not, each with its reason.  SBX_LONG=1 runs
# those of the network, and the runtime's, which build programs with Go inside.
. "${SRCDIR:-.}/t/lib.sh"
not_quick

packages='os os/exec os/signal sync time io io/fs syscall'
[ -z "${SBX_LONG-}" ] || packages="$packages runtime net net/http"
packages=${SBX_GO_PACKAGES-$packages}
root=$(go env GOROOT 2>/dev/null) || skip_all 'go is not installed'
[ -d "$root/src/os" ] || skip_all 'the sources of Go are not installed'
except=$SRCDIR/t/go-except
cp "$SBX" "$tmp/sbx"
mkdir "$tmp/bin" "$tmp/cache" "$tmp/w"
chmod 755 "$tmp" "$tmp/sbx" "$tmp/bin"
chmod 1777 "$tmp/w" "$tmp/cache"
never_root

# What is built to build the tests serves the next run too.
GOCACHE=$BUILDDIR/t/gocache GOFLAGS=-mod=mod GOPROXY=off CGO_ENABLED=0
export GOCACHE GOFLAGS GOPROXY CGO_ENABLED

# go_tests SIDE NAME DIR TESTS
go_tests()
{
	go_sbx=
	[ "$1" = native ] || go_sbx="$tmp/sbx --overlay $tmp --"
	# shellcheck disable=SC2086
	(
		cd "$root/src/$3" || exit
		env -i PATH="$root/bin:/usr/bin:/bin" HOME=/nonexistent \
			GOCACHE="$tmp/cache" GOFLAGS=-mod=mod GOPROXY=off \
			$as_user timeout -k 10 900 $go_sbx "$tmp/bin/$2" \
			-test.v -test.short -test.run "$4" </dev/null
		echo "status $?"
	) >"$tmp/$1.$2" 2>&1
	sed -n 's/^ *--- PASS: \([^ ]*\) .*/\1/p' "$tmp/$1.$2" |
		sort -u >"$tmp/$1.$2.pass"
}

for p in $packages; do
	name=$(echo "$p" | tr / -)
	if ! go test -c -tags timetzdata -o "$tmp/bin/$name" "$p" \
	    >"$tmp/build" 2>&1; then
		skip "$p" 'it does not build'
		note "$tmp/build"
		continue
	fi
	# Some end the whole binary where they fail.
	tests=$(cd "$root/src/$p" && "$tmp/bin/$name" -test.list . |
		grep -E '^(Test|Example)' | while read -r t; do
			grep -q "^$p $t	" "$except" || printf '%s|' "$t"
		done)
	tests="^(${tests%|})\$"
	go_tests native "$name" "$p" "$tests"
	go_tests sbx "$name" "$p" "$tests"
	comm -23 "$tmp/native.$name.pass" "$tmp/sbx.$name.pass" >"$tmp/lost"
	if [ -s "$tmp/lost" ]; then
		# Some depend on how busy the machine is.
		go_tests sbx "$name" "$p" "$tests"
		comm -23 "$tmp/lost" "$tmp/sbx.$name.pass" >"$tmp/lost.1"
		mv "$tmp/lost.1" "$tmp/lost"
	fi
	if [ -s "$tmp/lost" ]; then
		not_ok "$p"
		note "$tmp/lost"
		grep -a -A 12 -e '--- FAIL' -e '^panic' "$tmp/sbx.$name" \
			>"$tmp/why"
		note "$tmp/why"
	elif [ -s "$tmp/native.$name.pass" ]; then
		ok "$p: $(wc -l <"$tmp/native.$name.pass") tests"
	else
		skip "$p" 'nothing passes natively'
		tail -n 5 "$tmp/native.$name" >"$tmp/why"
		note "$tmp/why"
	fi
done
done_testing
