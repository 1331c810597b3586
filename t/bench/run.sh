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
cp "$bin/bench.guest" "$bin/net.guest" "$bin/tasks.guest" "$bin/true.guest" \
	"$dir"
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

# Ratios to reach, from the project's goals; "-" where there is none.
cat >goals <<'EOF'
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

# Whole programs: wall time of a run.
# whole NAME GOAL ROUNDS COMMAND...
whole()
{
	whole_name=$1
	whole_goal=$2
	whole_n=$3
	shift 3
	# shellcheck disable=SC2086
	set -- "$@" , "$SBX" -- "$@"
	"$bin/spawn.guest" "$whole_n" "$@" >"$dir/wall" 2>whole.err || {
		printf '%-14s failed: %s\n' "$whole_name" "$(cat whole.err)"
		return
	}
	awk -v c="$whole_name" -v g="$whole_goal" '
		{ t[NR] = $1 }
		END { printf "%-14s %6.0f us %6.0f us %7.2f %6s%s\n", c, t[1],
			t[2], t[2] / t[1], g, (t[2] / t[1] > g ? " <" : "") }' \
		"$dir/wall"
}
whole "run-true" 3 $((rounds * 8)) ./true.guest
whole "shell-loop" 1.3 $((rounds * 8)) /bin/sh -c 'i=0; while [ $i -lt 100 ]; do /bin/true; i=$((i+1)); done'
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
