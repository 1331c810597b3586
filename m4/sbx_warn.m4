dnl SPDX-License-Identifier: Apache-2.0
dnl sbx_warn.m4: probes for warnings, sanitizers and the kernel's own flags.

dnl SBX_TRY_FLAG(FLAG, VARIABLE): append FLAG to VARIABLE if $CC takes it.
dnl -Werror makes clang's "unknown warning option" a refusal.
AC_DEFUN([SBX_TRY_FLAG], [
	AC_MSG_CHECKING([whether $CC accepts $1])
	sbx_save_CFLAGS=$CFLAGS
	CFLAGS="$CFLAGS -Werror $1"
	AC_COMPILE_IFELSE([AC_LANG_PROGRAM([], [])],
		[AC_MSG_RESULT([yes])
		 AS_VAR_APPEND([$2], [" $1"])],
		[AC_MSG_RESULT([no])])
	CFLAGS=$sbx_save_CFLAGS
])

dnl -Wconversion is there because dropping the high bits of a guest's value
dnl is the bug of this program; -Wsign-conversion would only be noise.
AC_DEFUN([SBX_WARNINGS], [
	WARN_CFLAGS=
	m4_foreach_w([sbx_flag], [
		-Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes
		-Wold-style-definition -Wundef -Wvla -Wwrite-strings
		-Wpointer-arith -Wcast-qual -Wconversion -Wno-sign-conversion
		-Wformat=2 -Wimplicit-fallthrough -Wlogical-op
		-Wduplicated-cond -Wnull-dereference -Wdate-time
	], [SBX_TRY_FLAG(sbx_flag, [WARN_CFLAGS])])
	AS_IF([test "x$enable_werror" = xyes],
		[AS_VAR_APPEND([WARN_CFLAGS], [" -Werror"])])
	AC_SUBST([WARN_CFLAGS])
])

dnl SBX_SANITIZERS(DEFAULT): sanitizers of the hosted build of the kernel and
dnl of the unit tests.  The image and sbx itself are never built with them.
AC_DEFUN([SBX_SANITIZERS], [
	AC_ARG_WITH([sanitizers],
		[AS_HELP_STRING([--with-sanitizers=LIST],
			[sanitizers of the unit tests, or "no" @<:@$1@:>@])],
		[], [with_sanitizers=yes])
	AS_CASE([$with_sanitizers],
		[yes], [with_sanitizers=$1], [none], [with_sanitizers=no])
	SAN_CFLAGS=
	AS_IF([test "$with_sanitizers" != no], [
		SAN_CFLAGS="-fsanitize=$with_sanitizers -fno-sanitize-recover=all"
		SAN_CFLAGS="$SAN_CFLAGS -fno-omit-frame-pointer"
		AC_MSG_CHECKING([whether $CC links with -fsanitize=$with_sanitizers])
		sbx_save_CFLAGS=$CFLAGS
		CFLAGS="$CFLAGS $SAN_CFLAGS"
		AC_LINK_IFELSE([AC_LANG_PROGRAM([], [])],
			[AC_MSG_RESULT([yes])],
			[AC_MSG_RESULT([no])
			 AC_MSG_ERROR([install the sanitizer run time of $CC, or use --with-sanitizers=no])])
		CFLAGS=$sbx_save_CFLAGS
	])
	AC_SUBST([SAN_CFLAGS])
])

dnl The kernel image: no libc, no vector registers, no canaries, no tables
dnl that want run-time relocation.  Loops that look like memcpy stay loops,
dnl or memcpy would call itself.
AC_DEFUN([SBX_KERNEL_FLAGS], [
	KERNEL_CFLAGS=
	m4_foreach_w([sbx_flag], [
		-ffreestanding -fPIE -mgeneral-regs-only -mno-red-zone -fno-stack-protector
		-fvisibility=hidden -fno-asynchronous-unwind-tables
		-fno-unwind-tables -fcf-protection=none -fno-omit-frame-pointer
		-fno-tree-loop-distribute-patterns -fno-common
		-fno-strict-aliasing -fno-delete-null-pointer-checks
		-fno-stack-clash-protection -ftls-model=local-exec
		-fdirect-access-external-data -ffunction-sections
	], [SBX_TRY_FLAG(sbx_flag, [KERNEL_CFLAGS])])
	AC_SUBST([KERNEL_CFLAGS])
])
