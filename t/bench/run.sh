#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# run.sh: `make bench`.  Each figure is the ratio to native in the same run,
# with native and sandbox in turn; beside it bwrap and runsc, where they are
# installed and work.
#
# usage: run.sh [ROUNDS]
set -u
LC_ALL=C
PATH=/usr/bin:/bin:/usr/sbin:/sbin
export LC_ALL PATH
SRCDIR=${SRCDIR:-$(pwd)}
BUILDDIR=${BUILDDIR:-$(pwd)}
SBX=${SBX:-$BUILDDIR/sbx}
rounds=${1:-${SBX_BENCH_ROUNDS:-5}}
bin=$BUILDDIR/t/bench
dir=$(mktemp -d) || exit 99
memory=$(mktemp -d /dev/shm/sbx-bench.XXXXXX) || exit 99
trap 'rm -rf "$dir" "$memory"' EXIT
trap 'exit 99' HUP INT TERM
cp "$bin/bench.guest" "$bin/files.guest" "$bin/net.guest" "$bin/tasks.guest" \
	"$bin/true.guest" "$dir"
dd if=/dev/urandom of="$dir/file" bs=1024 count=256 status=none
cd "$dir" || exit 99

# run_in KIND COMMAND...: in another sandbox
run_in()
{
	run_kind=$1
	shift
	case $run_kind in
	bwrap) bwrap --ro-bind / / --dev /dev --proc /proc --tmpfs /dev/shm \
		--chdir "$dir" "$@" ;;
	runsc) runsc --rootless --network=none "do" "$@" ;;
	esac
}

others=
for o in bwrap runsc; do
	command -v $o >/dev/null && run_in $o true >/dev/null 2>&1 &&
		others="$others $o"
done

# best FILES: the least of each case over rounds; "case ns".
best()
{
	awk '!($1 in b) || $2 < b[$1] { b[$1] = $2 }
		END { for (c in b) print c, b[c] }' "$@"
}

# What files.guest wants to find, and the size of the file to read: a real one
# that stays in memory, smaller where there is not enough of either.
big_mib=1024
room=$(awk '/^MemAvailable:/ { print int($2 / 1024) }' /proc/meminfo)
disk=$(df -Pm . | awk 'NR == 2 { print $4 }')
[ "${room:-0}" -gt 4096 ] && [ "${disk:-0}" -gt 4096 ] || big_mib=128
mkdir list cold disk
(cd list && seq 1000 | xargs touch)
for i in $(seq 0 19); do
	mkdir "cold/$i"
	(cd "cold/$i" && seq 0 99 | xargs touch)
done
deep=deep
for i in $(seq 0 29); do
	deep=$deep/d$i
done
mkdir -p "$deep"
: >"$deep/file"
dd if=/dev/zero of=big bs=1M count=$big_mib status=none

i=0
: >native.all
: >sbx.all
while [ $i -lt "$rounds" ]; do
	i=$((i + 1))
	./bench.guest ./file "$memory" >>native.all || exit 1
	./tasks.guest ./true.guest >>native.all || exit 1
	./net.guest >>native.all || exit 1
	for b in './bench.guest ./file /dev/shm' './tasks.guest ./true.guest' \
		./net.guest; do
		# shellcheck disable=SC2086
		"$SBX" -- $b >>sbx.all 2>sbx.err || sed 's/^/# /' sbx.err
	done
	for o in $others; do
		for b in './bench.guest ./file /dev/shm' \
			'./tasks.guest ./true.guest' ./net.guest; do
			# shellcheck disable=SC2086
			run_in "$o" $b >>"$o.all" 2>/dev/null
		done
	done
done

# Files: each of these rounds takes a second.
i=0
while [ $i -lt $(((rounds + 1) / 2)) ]; do
	i=$((i + 1))
	./files.guest . disk "$memory" >>native.all || exit 1
	"$SBX" -- ./files.guest . /dev/shm /dev/shm tmpfs-4k:disk >>sbx.all
	"$SBX" -- ./files.guest . disk /dev/shm stat-deep stat-missing \
		open-cold readdir-1000 tmpfs-4k read-big rm-20k >>sbx.all
	for o in $others; do
		run_in "$o" ./files.guest . /dev/shm /dev/shm >>"$o.all" \
			2>/dev/null
	done
done
sed -i "s/^read-big/read-${big_mib}M/" ./*.all
./files.guest grow disk "$memory" >native.grow
"$SBX" -- ./files.guest grow disk /dev/shm >sbx.grow

# Ratios to reach, from the project's goals; "-" where there is none.
cat >goals <<EOF
getpid 0.15
getpid-trap -
read-zero 0.3
write-null 0.3
fstat 0.3
lseek 0.3
clock_gettime 0.3
open-close 0.5
stat 0.5
tmpfs-cycle 0.5
pipe 0.5
pread-host 1.3
pread-tmpfs 0.8
fork-exit-wait 2.0
vfork-exit-wait -
posix-spawn 1.3
fork-exec -
thread 1.3
signal-self 0.7
pipe-pingpong 1.3
pipe-stream 1.0
futex-pingpong 1.3
mutex 1.1
mutex-fight 1.1
unix-pingpong 1.0
tcp-pingpong 1.0
unix-stream 1.0
tcp-stream 1.0
epoll-ready 0.3
poll-10 0.3
epoll-10k 1.0
stat-deep 0.5
stat-missing 0.5
open-cold 5
readdir-1000 0.7
tmpfs-4k 0.8
tmpfs-4k:disk 0.3
read-${big_mib}M 1.05
rm-20k 0.5
EOF

heads=
for o in $others; do
	heads="$heads$(printf ' %9s' "$o")"
done
printf '%-14s %9s %9s %7s %6s%s\n' case 'native ns' 'sbx ns' ratio goal "$heads"
while read -r name goal; do
	n=$(best native.all | awk -v c="$name" '$1 == c { print $2 }')
	s=$(best sbx.all | awk -v c="$name" '$1 == c { print $2 }')
	rest=
	for o in $others; do
		rest="$rest $(best "$o.all" | awk -v c="$name" -v n="$n" \
			'$1 == c { r = sprintf("%.2f", $2 / n) }
			END { printf "%9s", r == "" ? "-" : r }')"
	done
	awk -v c="$name" -v n="$n" -v s="${s:-0}" -v g="$goal" -v r="$rest" '
		BEGIN {
			ratio = s > 0 ? sprintf("%.2f", s / n) : "failed"
			mark = g != "-" && (s <= 0 || s / n > g) ? " <" : ""
			printf "%-14s %9.1f %9.1f %7s %6s%s%s\n", c, n, s,
				ratio, g, r, mark
		}'
done <goals

# How the cost of one grows where there are many: of 100000 files in a directory
# in memory, and on disk or in the overlay, of 10000 open files, of a byte
# of a path of 4000.  Beside the cost among many, as a ratio to native, what it is to
# that among few, natively and in the sandbox: near 100 where it were quadratic.
awk '
	NR == FNR { few[$1] = $2; many[$1] = $3; next }
	{
		printf "%-14s %9.1f %9.1f %7.2f %6s  grows %.1f, %.1f%s\n", $1,
			many[$1], $3, $3 / many[$1], "1.0", many[$1] / few[$1],
			$3 / $2, ($3 > many[$1] ? " <" : "")
	}' native.grow sbx.grow

# Whole programs: wall time of a run; sbx_options: of the sandboxed one.
# whole NAME GOAL ROUNDS COMMAND...
sbx_options=
whole()
{
	whole_name=$1
	whole_goal=$2
	whole_n=$3
	shift 3
	# shellcheck disable=SC2086
	set -- "$@" , "$SBX" $sbx_options -- "$@"
	"$bin/spawn.guest" "$whole_n" "$@" >"$dir/wall" 2>whole.err || {
		printf '%-14s failed: %s\n' "$whole_name" "$(cat whole.err)"
		return
	}
	awk -v c="$whole_name" -v g="$whole_goal" '
		{ t[NR] = $1 }
		END { printf "%-14s %6.0f us %6.0f us %7.2f %6s%s\n", c, t[1],
			t[2], t[2] / t[1], g, (g != "-" && t[2] / t[1] > g ? " <" : "") }' \
		"$dir/wall"
}
whole "run-true" 3 $((rounds * 8)) ./true.guest
whole "shell-loop" 1.3 $((rounds * 2)) /bin/sh -c 'i=0; while [ $i -lt 500 ]; do /bin/true; i=$((i+1)); done'
whole "run-python" 1.3 $((rounds * 8)) /usr/bin/python3 -c 'import json,os'

# many_files: 50 small C files and a Makefile; a large file; a repository.
many_files()
{
	mkdir -p many
	awk 'BEGIN {
		for (i = 0; i < 50; i++) {
			f = "many/f" i ".c"
			printf "#include <stdio.h>\n#include <string.h>\n" \
				"int f%d(char *s)\n{\n\tputs(s);\n" \
				"\treturn (int)strlen(s) * %d;\n}\n",
				i, i >f
			close(f)
		}
		f = "large.c"
		print "#include <stdio.h>" >f
		for (i = 0; i < 1500; i++)
			printf "int f%d(int a, int b)\n{\n\tint c = a;\n" \
				"\tfor (int i = 0; i < b; i++)\n" \
				"\t\tc = c * %d + (a ^ i);\n" \
				"\tprintf(\"%%d\\n\", c);\n\treturn c;\n}\n",
				i, i + 3 >f
	}'
	printf '%s\n' 'all: $(patsubst %.c,%.o,$(wildcard *.c))' \
		'%.o: %.c' '	gcc -O1 -c -o $@ $<' >many/Makefile
}
if command -v gcc >/dev/null && command -v make >/dev/null; then
	many_files
	whole "make-j2" 1.1 "$rounds" make -s -B -j2 -C many
	whole "gcc-large" 1.1 "$rounds" gcc -O1 -c -o large.o large.c
fi
if command -v git >/dev/null; then
	mkdir repo
	cp -R "$SRCDIR/emul" "$SRCDIR/t" repo
	(cd repo && git init -q && git add . &&
		git -c user.name=bench -c user.email=bench@localhost \
			commit -q -m bench && git status) >/dev/null 2>&1
	whole "git-status" 1.5 $((rounds * 4)) git -C repo status -s
fi

# Trees of files.  What is unpacked on disk natively goes untimed.
some=$(((rounds + 1) / 2))
tar cf tree.tar -C / usr/include 2>/dev/null
whole "find-usr" 1.2 "$some" find /usr
# tar looks whether it writes to /dev/null, and then reads nothing.
whole "tar-pack" 1.2 "$rounds" /bin/sh -c 'tar cf - -C / usr/include | cat'
whole "tar-unpack" 0.5 "$some" /bin/sh -c 'd=$(mktemp -d disk/XXXXXX) && tar xf tree.tar -C "$d"'
rm -rf disk/*
if command -v sqlite3 >/dev/null; then
	awk 'BEGIN {
		print "pragma synchronous = off;" >"sql0"
		print "pragma synchronous = off;" >"sql2"
		t = "create table t (a integer primary key, b text, c real);"
		for (i = 0; i < 3; i++)
			print t >("sql" i)
		for (i = 0; i < 20000; i++) {
			s = "insert into t values (" i ", \"text " i "\", 0.5);"
			print s >"sql0"
			if (i < 2000)
				print s >"sql2"
			if (i % 100 == 0)
				print "begin;" >"sql1"
			print s >"sql1"
			if (i % 100 == 99)
				print "commit;" >"sql1"
		}
	}'
	# A commit for each of 20000; one for 100 of them, synced; and where it
	# is no overlay.
	mkdir rw
	whole "sqlite-nosync" 1.1 1 /bin/sh -c 'd=$(mktemp -d disk/XXXXXX) && sqlite3 "$d/db" <sql0'
	whole "sqlite-sync" 1.1 "$some" /bin/sh -c 'd=$(mktemp -d disk/XXXXXX) && sqlite3 "$d/db" <sql1'
	sbx_options="--rw $dir/rw"
	whole "sqlite-sync-rw" 1.1 "$some" /bin/sh -c 'd=$(mktemp -d rw/XXXXXX) && sqlite3 "$d/db" <sql1'
	whole "sqlite-2k-rw" - "$some" /bin/sh -c 'd=$(mktemp -d rw/XXXXXX) && sqlite3 "$d/db" <sql2'
	sbx_options=
fi

# Memory of a sleeping static program: PSS over all processes of a run.
# pss PID: of PID and what descends from it, in KiB
pss()
{
	pss_sum=0
	pss_list=$1
	while [ -n "$pss_list" ]; do
		pss_next=
		for p in $pss_list; do
			kib=$(awk '/^Pss:/ { s += $2 } END { print s + 0 }' \
				"/proc/$p/smaps_rollup" 2>/dev/null)
			pss_sum=$((pss_sum + ${kib:-0}))
			for c in $(cat "/proc/$p/task/"*/children 2>/dev/null); do
				pss_next="$pss_next $c"
			done
		done
		pss_list=$pss_next
	done
	printf '%d\n' "$pss_sum"
}
./true.guest sleep & p=$!
sleep 0.5
native=$(pss $p)
wait $p
"$SBX" -- ./true.guest sleep 2>/dev/null & p=$!
sleep 0.5
ours=$(pss $p)
wait $p
added=$((ours - native))
printf '%-14s %5d KiB %5d KiB  +%d KiB goal +1024%s\n' memory "$native" \
	"$ours" "$added" "$([ "$added" -gt 1024 ] && echo ' <')"
