dnl SPDX-License-Identifier: Apache-2.0
dnl sbx_libc.m4: which libc sbx itself is linked with.

dnl SBX_DIR_OF(HEADER, VARIABLE): the directory where $CC finds <HEADER>.
AC_DEFUN([SBX_DIR_OF], [
	$2=`echo '#include <$1>' | $CC $CPPFLAGS -E - 2>/dev/null |
		sed -n 's|^# @<:@0-9@:>@* "\(/.*\)/$1".*|\1|p' | head -n 1`
])

dnl musl where there is one beside the host's libc: its start is a dozen
dnl instructions, where glibc's static one asks the CPU about itself for 0.3 ms
dnl in a virtual machine and resolves functions nobody calls.  $CC compiles,
dnl with musl's headers and after them the host's, for linux/ and asm/ alone.
AC_DEFUN([SBX_LIBC], [
	AC_ARG_WITH([musl],
		[AS_HELP_STRING([--without-musl],
			[link sbx with the libc of $CC even if there is musl])],
		[], [with_musl=check])
	SBX_LIBC_CPPFLAGS=
	SBX_LIBC_START=
	SBX_LIBC_LIBS=
	AS_IF([test "x$with_musl" != xno && test "$MUSL_GCC" != no], [
		AC_MSG_CHECKING([whether sbx can be linked with musl])
		sbx_save_CC=$CC
		CC=$MUSL_GCC
		SBX_DIR_OF([stdlib.h], [sbx_musl_include])
		CC=$sbx_save_CC
		sbx_musl_lib=`$MUSL_GCC -@%:@@%:@@%:@ conftest.o 2>&1 |
			sed -n 's|.*@<:@ "@:>@\(/@<:@^ "@:>@*\)/S*crt1@<:@.@:>@o.*|\1|p' |
			head -n 1`
		sbx_cc_include=`$CC -print-file-name=include`
		SBX_DIR_OF([linux/types.h], [sbx_linux_include])
		SBX_DIR_OF([asm/types.h], [sbx_asm_include])
		sbx_libc_cppflags="-nostdinc -isystem $sbx_musl_include"
		AS_VAR_APPEND([sbx_libc_cppflags],
			[" -isystem $sbx_cc_include"])
		AS_VAR_APPEND([sbx_libc_cppflags],
			[" -idirafter $sbx_asm_include"])
		AS_VAR_APPEND([sbx_libc_cppflags],
			[" -idirafter $sbx_linux_include"])
		sbx_libc_start="$sbx_musl_lib/rcrt1.o $sbx_musl_lib/crti.o"
		sbx_libc_libs="$sbx_musl_lib/libc.a -lgcc $sbx_musl_lib/crtn.o"
		sbx_save_CFLAGS=$CFLAGS
		sbx_save_CPPFLAGS=$CPPFLAGS
		sbx_save_LDFLAGS=$LDFLAGS
		sbx_save_LIBS=$LIBS
		CFLAGS="$CFLAGS -fPIE"
		CPPFLAGS="$CPPFLAGS $sbx_libc_cppflags"
		LDFLAGS="$LDFLAGS -static-pie -nostdlib $sbx_libc_start"
		LIBS=$sbx_libc_libs
		AC_LINK_IFELSE([AC_LANG_PROGRAM([[
#include <linux/landlock.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/epoll.h>
#ifdef __GLIBC__
#error "the headers of glibc"
#endif
]], [[return printf("%d\n", EPOLLIN) < 0;]])],
			[SBX_LIBC_CPPFLAGS=$sbx_libc_cppflags
			 SBX_LIBC_START="-nostdlib $sbx_libc_start"
			 SBX_LIBC_LIBS=$sbx_libc_libs
			 AC_MSG_RESULT([yes])],
			[AC_MSG_RESULT([no])
			 AS_IF([test "x$with_musl" = xyes],
				[AC_MSG_ERROR([--with-musl, but musl does not do])])])
		CFLAGS=$sbx_save_CFLAGS
		CPPFLAGS=$sbx_save_CPPFLAGS
		LDFLAGS=$sbx_save_LDFLAGS
		LIBS=$sbx_save_LIBS
	], [test "x$with_musl" = xyes],
		[AC_MSG_ERROR([--with-musl, but there is no musl-gcc])])
	AC_SUBST([SBX_LIBC_CPPFLAGS])
	AC_SUBST([SBX_LIBC_START])
	AC_SUBST([SBX_LIBC_LIBS])
])
