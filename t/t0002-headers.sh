#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Each header stands alone: it compiles as the only include of a file.
. "${SRCDIR:-.}/t/lib.sh"

cd "$SRCDIR" || exit 99
for h in $(sh build-aux/check-style --list c | grep '\.h$'); do
	flags="-std=gnu11 -Wall -Werror -I$BUILDDIR -I$SRCDIR"
	case $h in
	emul/* | interposer/*)
		flags="$flags -ffreestanding -mgeneral-regs-only" ;;
	loader/*)
		flags="$flags -DHAVE_CONFIG_H -D_GNU_SOURCE" ;;
	t/*)
		flags="$flags -DHAVE_CONFIG_H -D_GNU_SOURCE -DSBX_HOSTED=1" ;;
	esac
	case $h in
	t/unit.h)
		# shellcheck disable=SC2086
		printf '#include <check.h>\n' | $CC $flags -fsyntax-only \
			-x c - 2>/dev/null || {
			skip "$h" "check is not installed"
			continue
		} ;;
	esac
	printf '#include "%s"\n#include "%s"\n' "$h" "$h" >"$tmp/h.c"
	# shellcheck disable=SC2086
	run_ok "$h" $CC $flags -Wno-unused-function -fsyntax-only "$tmp/h.c"
done
done_testing
