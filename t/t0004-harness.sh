#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The comparison of native and sandbox sees every kind of difference: a test
# that cannot fail proves nothing.
. "${SRCDIR:-.}/t/lib.sh"

# A guest that says what $WRONG, set by the fake sandbox, tells it to.
cat >"$tmp/guest" <<'EOF'
#!/bin/sh
case ${WRONG-} in
out) echo "ok 1 - one"; echo "more" ;;
test) echo "not ok 1 - one" ;;
*) echo "ok 1 - one" ;;
esac
[ "${WRONG-}" != err ] || echo oops >&2
[ "${WRONG-}" != plan ] || exit 0
echo "1..1"
[ "${WRONG-}" != status ] || exit 3
[ "${WRONG-}" != signal ] || kill -KILL $$
EOF
cat >"$tmp/fake-sbx" <<'EOF'
#!/bin/sh
while [ $# -gt 0 ]; do
	case $1 in
	--) shift; break ;;
	--rw) shift 2 ;;
	*) break ;;
	esac
done
[ "${WRONG-}" != hang ] || exec sleep 20
if [ "${WRONG-}" = file ]; then
	echo extra >extra
fi
exec "$@"
EOF
chmod +x "$tmp/guest" "$tmp/fake-sbx"

# guest WRONG: run-guest.sh with a sandbox that goes wrong in this way
guest()
{
	cat >"$tmp/sbx" <<EOF
#!/bin/sh
WRONG=$1
export WRONG
exec "$tmp/fake-sbx" "\$@"
EOF
	chmod +x "$tmp/sbx"
	SBX=$tmp/sbx SBX_TEST_TIMEOUT=2 SBX_OPTIONS='' \
		sh "$SRCDIR/t/run-guest.sh" "$tmp/guest"
}

run_code "a guest that is the same passes" 0 guest none
for wrong in out test err plan status signal hang; do
	run_code "a wrong $wrong is seen" 1 guest $wrong
done

# The same for real programs.
cat >"$tmp/t1999-real.sh" <<'EOF'
. "$SRCDIR/t/real.sh"
real_rw "one" sh -c 'echo new >new'
done_testing
EOF
real_one()
{
	guest "$1" >/dev/null 2>&1
	SBX=$tmp/sbx SBX_TEST_TIMEOUT=2 sh "$tmp/t1999-real.sh"
}
run_code "a real program that is the same passes" 0 real_one none
run_code "a wrong file is seen" 1 real_one file
run_code "a hang of a real program is seen" 1 real_one hang
done_testing
