#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The tree keeps the rules of HACKING that build-aux/check-style can see, and
# the script sees what breaks them.
. "${SRCDIR:-.}/t/lib.sh"

run_ok "the tree passes" sh "$SRCDIR/build-aux/check-style"

# A tree of one file each, not under git.
fake="$tmp/tree"
mkdir -p "$fake/build-aux" "$fake/emul/abi" "$fake/loader"
cp "$SRCDIR/build-aux/check-style" "$SRCDIR/build-aux/setup" "$fake/build-aux"
run_ok "a small tree passes" sh "$fake/build-aux/check-style"

# found NAME FILE TEXT: TEXT after a good head is found.
found()
{
	printf '/* SPDX-License-Identifier: Apache-2.0 */\n/* %s: x. */\n%b' \
		"$(basename "$2")" "$3" >"$fake/$2"
	run_code "$1" 1 sh "$fake/build-aux/check-style"
	rm "$fake/$2"
}

found "blank at the end of a line" emul/a.c 'int a; \n'
found "no newline at the end" emul/a.c 'int a;'
found "spaces for a tab" emul/a.c '        int a;\n'
found "a libc header in the kernel" emul/a.c '#include <stdio.h>\n'
found "a header of the kernel in the loader" loader/a.c \
	'#include "emul/task/task.h"\n'
found "a header of the loader in the kernel" emul/a.c \
	'#include "loader/policy.h"\n'
printf 'int a;\n' >"$fake/emul/a.c"
run_code "no licence line" 1 sh "$fake/build-aux/check-style"
done_testing
