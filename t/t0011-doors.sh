#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Real programs come in by the jump door: of the calls that a long run makes
# more than a short one, 99% at least.
. "${SRCDIR:-.}/t/lib.sh"

cd "$tmp" || exit 99

# doors COMMAND...: sets $all and $trap
doors()
{
	timeout 60 "$SBX" --stats -- "$@" >out 2>err </dev/null
	all=$(sed -n 's/.*calls: \([0-9]*\);.*/\1/p' err)
	trap=$(sed -n 's/.*by the trap door \([0-9]*\).*/\1/p' err)
	all=${all:-0}
	trap=${trap:-0}
}

# jumps NAME: $all and $trap are those of the long run
jumps()
{
	more=$((all - short_all))
	more_traps=$((trap - short_trap))
	if [ "$more" -ge 400 ] && [ $((more_traps * 100)) -le "$more" ]; then
		ok "$1: calls after start-up"
	else
		not_ok "$1: calls after start-up"
		printf '# %d calls more than the short run, %d of them trap\n' \
			"$more" "$more_traps"
		note err
	fi
}

# both NAME PROGRAM SHORT LONG: the last two are sh words after PROGRAM
both()
{
	if ! command -v "$2" >/dev/null; then
		skip "$1: calls after start-up" "no $2"
		return
	fi
	eval "doors $2 $3"
	short_all=$all short_trap=$trap
	eval "doors $2 $4"
	jumps "$1"
}

# What is run in its place may be another's wrapper: take Debian's own.
PATH=/usr/bin:/bin

cat >long.py <<'END'
import os
for i in range(500):
    fd = os.open('/etc/passwd', os.O_RDONLY)
    os.read(fd, 4096); os.lseek(fd, 0, 0); os.fstat(fd); os.close(fd)
    os.stat('/etc'); os.getcwd(); os.listdir('/etc')
END
cat >short.py <<'END'
import os
os.listdir('/etc')
END
both python3 python3 short.py long.py
# shellcheck disable=SC2016
both perl perl \
	'-e "for (1..5) { open F, q(<), q(/etc/passwd); @l = <F>; stat q(/) }"' \
	'-e "for (1..500) { open F, q(<), q(/etc/passwd); @l = <F>; stat q(/) }"'
# rows N: sqlite's arguments to write N pages
rows()
{
	printf '%s' "a$1.db 'create table t(a);
	with recursive c(x) as (select 1 union all select x + 1 from c
	where x < $1) insert into t select randomblob(4000) from c;
	select sum(length(a)) from t'"
}
both sqlite3 sqlite3 "$(rows 9)" "$(rows 900)"
both find find '/usr/include/linux' '/usr/include'
both tar tar 'cf /dev/null /usr/include/asm-generic' \
	'cf /dev/null /usr/include/linux'
# repository DIR N: with N * N files
repository()
{
	mkdir "$1" || return
	(
		cd "$1" && git init -q . || exit
		for i in $(seq "$2"); do
			for j in $(seq "$2"); do
				mkdir -p "d$i/e$j"
				echo "$i$j" >"d$i/e$j/f"
			done
		done
		git add . && git -c user.name=a -c user.email=a@b commit -qm m
	)
}
if command -v git >/dev/null; then
	repository small 3
	repository large 12
	both git git '-C small status' '-C large status'
else
	skip "git: calls after start-up" "no git"
fi
# Programs that are started again and again, whose start makes most calls once.
cat >starts.sh <<'END'
i=0
while [ $i -lt "$1" ]; do
	/bin/true
	i=$((i + 1))
done
END
both "starts of a program" sh 'starts.sh 6' 'starts.sh 60'
cc1=$($CC -print-prog-name=cc1 2>/dev/null)
if [ -x "$cc1" ]; then
	echo '#include <stdio.h>' >s.c
	for i in sys/socket.h stdio.h stdlib.h pthread.h signal.h linux/fs.h \
	    netdb.h unistd.h fcntl.h sys/mman.h sys/stat.h poll.h; do
		echo "#include <$i>"
	done >l.c
	both cc1 "$cc1" '-quiet s.c -o s.s' \
		'-quiet -imultiarch x86_64-linux-gnu l.c -o l.s'
else
	skip "cc1: calls after start-up" "no cc1"
fi
done_testing
