#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# t7011-refused.sh: each call that emul/syscalls.tbl has as refused or absent
# gives the error that stands there, whoever asks; and a terminal takes no
# typing from inside.
. "${SRCDIR:-.}/t/lib.sh"

cat >"$tmp/refused.c" <<'EOF'
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static const struct row {
	long nr;
	const char *name;
	int err;
} rows[] = {
#include "rows.h"
};

int main(int argc, char **argv)
{
	size_t n = sizeof(rows) / sizeof(rows[0]);
	int bad = 0;

	if (argc > 1 && !strcmp(argv[1], "tty")) {
		errno = 0;
		ioctl(0, TIOCSTI, "x");
		printf("%s\n", errno == EPERM ? "not allowed" :
		       strerror(errno));
		return 0;
	}
	for (size_t i = 0; i < n; i++) {
		long r;

		errno = 0;
		r = syscall(rows[i].nr, 0L, 0L, 0L, 0L, 0L, 0L);
		if (r == -1 && errno == rows[i].err)
			continue;
		printf("%s: %ld, %s\n", rows[i].name, r, strerror(errno));
		bad = 1;
	}
	printf("%zu calls\n", n);
	return bad;
}
EOF
awk '
/^[0-9]+ [a-z0-9_]+ (refused|absent)/ {
	err = "ENOSYS"
	if (sub(/^refused=/, "", $3))
		err = $3
	printf "{ %d, \"%s\", %s },\n", $1, $2, err
}
END {
	# Behind the last, and what no table has.
	print "{ 100000, \"100000\", ENOSYS },"
	print "{ -1, \"-1\", ENOSYS },"
}' "$SRCDIR/emul/syscalls.tbl" >"$tmp/rows.h"
n=$(wc -l <"$tmp/rows.h")
$CC -o "$tmp/refused" "$tmp/refused.c" || exit 99

is 'what is refused, as the table tells' "$("$SBX" "$tmp/refused")" "$n calls"
is 'to a root inside too' "$("$SBX" --user 0 "$tmp/refused")" "$n calls"

# asked COMMAND...: with a terminal as standard input
asked()
{
	script -qec "$*" /dev/null </dev/null | tr -d '\r'
}
if command -v script >/dev/null; then
	is "typing into sbx's own terminal" \
		"$(asked "$SBX $tmp/refused tty")" 'not allowed'
	is 'typing into one that was made inside' \
		"$("$SBX" --ro "$tmp" script -qec "$tmp/refused tty" /dev/null </dev/null |
			tr -d '\r')" 'not allowed'
else
	skip 'typing into terminals' 'no script here'
fi
done_testing
