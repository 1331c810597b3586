#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# --diff and --commit: what the overlay holds at the end, and that it reaches
# the host, whole, or not at all.
. "${SRCDIR:-.}/t/lib.sh"

progs=$(cd "$SRCDIR/t" && pwd)
prog=$progs/tree-random.py
cd "$tmp" || exit 99
HOME=$tmp
export HOME

make_tree()
{
	rm -rf w
	mkdir w w/d w/e w/gone w/gone/x w/pure
	echo one >w/a
	echo two >w/b
	echo d1 >w/d/1
	echo d2 >w/d/2
	echo f >w/gone/x/f
	echo p >w/pure/p
	ln -s a w/l
}

# diff_of NAME SCRIPT WANTED: what --diff says of it, without the directory.
diff_of()
{
	make_tree
	(cd w && timeout 60 "$SBX" --diff sh -c "$2") 2>err || :
	is "$1" "$(sed "s|$tmp/w/||" err)" "$3"
}
diff_of "nothing" "cat a >/dev/null; ls -lR . >/dev/null" ""
diff_of "a new file" "echo >n" "A n"
diff_of "a changed file" "echo >>a" "M a"
diff_of "a mode" "chmod 600 a" "M a"
diff_of "a removed file" "rm a" "D a"
diff_of "a removed directory" "rm -r gone" "D gone"
diff_of "a new directory" "mkdir n; echo >n/f; mkdir n/d" "A n
A n/d
A n/f"
diff_of "a moved file" "mv a n" "D a
A n"
diff_of "a moved directory" "mv pure n" "A n
D pure"
diff_of "moved and changed" "mv d n; echo >n/1" "D d
A n
A n/1
A n/2"
diff_of "made anew" "rm -r d; mkdir d; echo >d/2; echo >d/3" "M d
D d/1
M d/2
A d/3"
diff_of "swapped" "mv a t; mv b a; mv t b" "M a
M b"
diff_of "another type" "rm a; mkdir a; ln -sfn x l" "A a
M l"
diff_of "made and removed" "echo >n; rm n; mkdir m; rmdir m" ""
diff_of "an odd name" 'echo >"$(printf "a\\\\b\\nc")"' 'A a\134b\012c'
diff_of "what is in /tmp is not in the overlay" \
	"echo >/tmp/x 2>/dev/null; echo >n; echo >/dev/shm/x" "A n"
make_tree
(cd w && "$SBX" --diff -o ../list sh -c 'echo >n; exit 3') || :
is "-o" "$(cat list)" "A $tmp/w/n"
is "nothing of it reached the host" "$(ls w/n 2>&1)" \
	"ls: cannot access 'w/n': No such file or directory"
is "--hide is not a change" "$(cd w && "$SBX" --hide d --diff sh -c \
	'echo >n' 2>&1)" "A $tmp/w/n"
is "nor is a mount" "$(cd w && "$SBX" --tmpfs "$tmp/w/d" --diff sh -c \
	'echo >d/n' 2>&1)" ""

# Written back after an exit with 0, and after nothing else.
make_tree
run_code "an exit with 1" 1 "$SBX" --overlay w --commit sh -c \
	'echo >w/n; exit 1'
is "writes nothing back" "$(ls w)" "a
b
d
e
gone
l
pure"
run_code "a signal" 143 sh -c '"$0" --overlay w --commit sh -c \
	"echo >w/n; kill \$\$"; exit $?' "$SBX"
# shellcheck disable=SC2012
is "neither" "$(ls w/n 2>&1 | wc -l) $(ls w | wc -l)" "1 7"
run_ok "an exit with 0" "$SBX" --overlay w --commit sh -c \
	'echo >w/n; mv w/d w/d2; rm -r w/gone w/b; (sleep 100 &)'
is "writes back" "$(ls w w/d2)" "w:
a
d2
e
l
n
pure

w/d2:
1
2"
chmod 555 w/e
run_ok "only what was changed is touched" "$SBX" --overlay w --commit sh -c \
	'chmod 755 w/e; touch -d 2001-02-03 w/pure; echo x >w/e/x; chmod 555 w/e'
is "times and modes" "$(stat -c '%a %y' w/pure w/e | cut -c 1-14 |
	sed 's/ 20[^0].*//')" "755 2001-02-03
555"
chmod 755 w/e
run_ok "a file alone" "$SBX" --overlay w/a --commit sh -c 'echo new >w/a'
is "is rewritten" "$(cat w/a)" new
run_ok "set-id bits" "$SBX" --overlay w --commit sh -c 'chmod 6755 w/a'
is "do not reach the host" "$(stat -c %a w/a)" 755

# As natively: random changes, on trees that were there and that are made.
if command -v python3 >/dev/null 2>&1; then
	steps=120
	seeds="1 2 3 4 5 6"
	[ -n "${SBX_TEST_QUICK-}" ] && seeds="1 2"
	for seed in $seeds; do
		rm -rf first nat box
		mkdir first
		python3 "$prog" "$seed" 60 first
		# Names of one file of the host are files of their own inside.
		cp -a --no-preserve=links first nat
		cp -a nat box
		python3 "$prog" "$((seed + 100))" $steps nat
		python3 "$prog" show nat >nat.txt
		"$SBX" --ro "$progs" --overlay box --commit python3 "$prog" \
			"$((seed + 100))" $steps box 2>err ||
			not_ok "seed $seed runs"
		python3 "$prog" show box >box.txt
		if cmp -s nat.txt box.txt && [ ! -s err ]; then
			ok "random changes, seed $seed"
		else
			not_ok "random changes, seed $seed"
			diff nat.txt box.txt | head -n 10 | sed 's/^/# /'
			note err
		fi
	done
else
	skip "random changes" "no python3"
fi

# Who has the tree too, and puts a link in the place of a directory, gets
# nothing written to where it leads.
mkdir out race race/d
echo safe >out/f0
i=0
while [ ! -e stop ] && [ $i -lt 20000 ]; do
	mv -T race/d race/d.away 2>/dev/null && ln -s ../out race/d
	rm -f race/d 2>/dev/null
	mv -T race/d.away race/d 2>/dev/null
	i=$((i + 1))
done &
racer=$!
for round in 1 2 3 4; do
	"$SBX" --cwd none --overlay race --commit -w "$tmp/race" sh -c '
		for i in 0 1 2 3 4 5 6 7 8 9; do
		echo $i >d/f$i; mkdir -p d/k$i; echo x >d/k$i/x
		ln -s x d/l$i; done 2>/dev/null; rm -f d/f0; true' \
		>/dev/null 2>&1
done
: >stop
wait $racer
is "a link put there does not lead out" "$(cat out/f*; ls out)" "safe
f0"
is "and no temporary file is left" "$(find . -name '.sbx-*')" ""

# Killed at any moment: each file is the old or the new one, whole.
mkdir k
for i in 0 1 2 3 4 5 6 7 8 9; do echo old >k/f$i; done
bad=
for round in 1 3 5 7 9; do
	"$SBX" --overlay k --commit sh -c 'for i in 0 1 2 3 4 5 6 7 8 9; do
		yes new | head -c 400000 >k/f$i; done; echo >/dev/fd/1' \
		>fifo.$round 2>/dev/null &
	pid=$!
	# It is about to end once it has said so.
	while [ ! -s fifo.$round ] && kill -0 $pid 2>/dev/null; do :; done
	n=0
	while [ $n -lt $((round * round * 20)) ]; do n=$((n + 1)); done
	kill -9 $pid 2>/dev/null
	wait $pid 2>/dev/null
	# What lies between two calls of the host may leave one, whole.
	rm -f k/.sbx-*
	for i in 0 1 2 3 4 5 6 7 8 9; do
		case $(stat -c %s k/f$i) in
		4 | 400000) ;;
		*) bad="$bad $round:$i" ;;
		esac
	done
done
is "killed while it writes back" "$bad" ""

done_testing
