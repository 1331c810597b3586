#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Trees of the host are fetched before they are asked for: what the guest sees
# of them is what it would see without.
. "${SRCDIR:-.}/t/lib.sh"

mkdir "$tmp/s" && cd "$tmp/s" || exit 99
for i in 1 2 3 4 5 6 7 8 9; do
	for k in 1 2 3 4 5; do
		mkdir -p "a/$i/$k/deep"
		echo "$i$k" >"a/$i/$k/f"
		for j in 1 2 3 4 5 6 7; do
			echo "$i$k$j" >"a/$i/$k/g$j"
		done
		ln -s "../$k/f" "a/$i/$k/l"
	done
	mkdir -p "a/$i/secret"
	echo secret >"a/$i/secret/key"
done
mkdir names large
# Every byte but the two that no name may have.
awk 'BEGIN { for (i = 1; i < 256; i++) if (i != 47)
	printf("x%c%c", i, 0) }' >"$tmp/bytes"
(cd names && xargs -0 mkdir -- <"$tmp/bytes")
(cd large && seq 9000 | xargs touch)

look='find . -printf "%y %s %p %l\n" | sort; ls -lR . | sum
	find . -type f | sort | xargs cat | sum; grep -r 1 a | sort | sum'
sh -c "$look" >"$tmp/native"
"$SBX" -- sh -c "$look" >"$tmp/out"
is "a tree as the host has it" "$(sum <"$tmp/out")" "$(sum <"$tmp/native")"
# Attributes first, lists then.
"$SBX" -- sh -c "ls -lR . >/dev/null; $look" >"$tmp/out"
is "and once more, with attributes" "$(sum <"$tmp/out")" \
	"$(sum <"$tmp/native")"

# Opened by names that nobody has listed or looked at, in another order than
# they lie in, with some that are not there, no files, or not to be read.
mkdir cold && for i in 1 2 3 4 5 6; do
	mkdir "cold/$i" && (
		cd "cold/$i" || exit 99
		for k in $(seq 40); do
			echo "$i $k" >"f$k"
		done
		ln -s f7 f41
		mkdir f42
		chmod 0 f11
	)
done
opens='for k in $(seq 60); do for i in 1 2 3 4 5 6; do
		f=cold/$i/f$(((k * 7) % 60))
		{ read -r l <$f && echo "$f: $l"; } 2>/dev/null || echo "$f: none"
	done; done'
sh -c "$opens" >"$tmp/cold.native"
"$SBX" --stats -- sh -c "$opens" >"$tmp/cold" 2>"$tmp/stats"
is "what was opened cold" "$(sum <"$tmp/cold")" "$(sum <"$tmp/cold.native")"
n=$(awk '/^host call sendmsg/ { print $4 }' "$tmp/stats")
if [ "${n:-999}" -lt 200 ]; then
	ok "240 files by few requests"
else
	not_ok "240 files by $n requests"
fi
# The guest's own first.
change='echo new >cold/1/f3; rm cold/1/f5; mv cold/2/f6 cold/3/f6x
	mv cold/2 cold/7; mkdir cold/2; echo mine >cold/2/f9; mv cold/4/f8 cold/4/f9'
for f in cold cold.native; do
	set -- "$SBX" --
	[ $f = cold ] || set --
	"$@" sh -c "read -r l <cold/1/f1; $change; $opens; cat cold/3/f6x" \
		>"$tmp/$f"
done
is "after changes too" "$(sum <"$tmp/cold")" "$(sum <"$tmp/cold.native")"
rm -r cold

# Extended attributes of the few that have some, among many without.
i=0
while [ $i -lt 40 ]; do
	i=$((i + 1))
	: >"names/f$i"
done
cat >attrs.py <<'EOT'
import os, sys
if sys.argv[1:]:
    try:
        os.setxattr("names/f33", "user.color", b"red")
    except OSError:
        pass
for top in "a", "names":
    for d, dirs, files in os.walk(top):
        for f in dirs + files:
            p = os.path.join(d, f)
            os.lstat(p)
            for x in os.listxattr(p, follow_symlinks=False):
                if x.startswith("user."):
                    print(p, x, os.getxattr(p, x, follow_symlinks=False))
EOT
if command -v python3 >/dev/null; then
	python3 attrs.py set >"$tmp/attrs.native"
	"$SBX" -- python3 attrs.py >"$tmp/attrs"
	is "extended attributes" "$(cat "$tmp/attrs")" \
		"$(cat "$tmp/attrs.native")"
	[ -s "$tmp/attrs" ] || echo "# the file system keeps none"
else
	skip "extended attributes" "no python3"
fi
rm names/f* attrs.py
sh -c "$look" >"$tmp/native"

set --
for i in 1 2 3 4 5 6 7 8 9; do
	set -- "$@" --hide "$tmp/s/a/$i/secret"
done
grep -v secret "$tmp/native" | grep '^[dfl]' >"$tmp/want"
"$SBX" "$@" -- sh -c "$look; find a -name secret; cat a/*/secret/key" \
	>"$tmp/out" 2>/dev/null
grep '^[dfl]' "$tmp/out" | grep secret >"$tmp/seen"
is "nothing hidden is told" "$(cat "$tmp/seen")" ""
grep '^[dfl]' "$tmp/out" | cut -d ' ' -f 1,3- | sum >"$tmp/sum"
is "all else is" "$(cat "$tmp/sum")" \
	"$(cut -d ' ' -f 1,3- "$tmp/want" | sum)"

# What the guest changed first is not made undone by what comes later.
change='cat a/1/1/[fg]* >/dev/null; echo x >a/1/1/g7; rm a/1/1/g6; rm -r a/3; mv a/4 a/moved; mkdir a/4; echo new >a/4/f
	mv a/5/1 a/6/one; mkdir -p a/5/1/deep; echo more >>a/7/1/f; rm a/8/2/l
	mv a/9/1 a/9/x; mv a/9/2 a/9/1; mv a/9/x a/9/2'
"$SBX" -- sh -c "$change; $look" >"$tmp/out"
sh -c "$change; $look" >"$tmp/native"
# Sizes of directories are the file system's affair.
for f in out native; do
	sed 's/^d [0-9]*/d/' "$tmp/$f" | grep '^[dfl]' | sort >"$tmp/$f.plain"
done
is "changes stay" "$(diff "$tmp/out.plain" "$tmp/native.plain")" ""

# Nor by what was under way when it changed it: a walk ends half way, and what
# comes next has been asked for already.
half='find a -type f | head -n $1 | xargs cat >/dev/null'
change='for i in 1 2 3 4 6 8; do for k in 1 2 3 4 5; do
		echo new >a/$i/$k/g1; rm -f a/$i/$k/g2; mv a/$i/$k/g3 a/$i/$k/g4
		echo more >>a/$i/$k/g5; echo x >a/$i/$k/h; ln a/$i/$k/f a/$i/$k/i
	done; mv a/$i/5 a/$i/6; rm -r a/$i/4; mv a/$i/3 a/$i/4; mkdir a/$i/3
	mv a/$i/secret/key a/$i/3/g1; done 2>/dev/null'
walk='find a -type f | sort | xargs tail -n 3; find a -type d -o -type l | sort'
for n in 0 30 90 150 250; do
	"$SBX" -- sh -c "$half; $change; $walk" sh $n >"$tmp/half.$n"
done
sh -c "$change; $walk" >"$tmp/native"
for n in 0 30 90 150 250; do
	is "changes after $n files" "$(diff "$tmp/half.$n" "$tmp/native")" ""
done

# Somebody outside moves things about: each name there is one that was there.
mkdir b && for i in 1 2 3 4 5 6 7 8; do mkdir -p "b/$i/in" "$tmp/o/$i/out"; done
(
	n=0
	while [ $n -lt 200 ] && [ ! -e "$tmp/done" ]; do
		for i in 1 2 3 4 5 6 7 8; do
			mv "b/$i" "$tmp/o/away" && ln -s ../../o "b/$i"
			rm "b/$i" && mv "$tmp/o/away" "b/$i"
		done
		n=$((n + 1))
	done
) 2>/dev/null & pid=$!
i=0
: >"$tmp/out"
while [ $i -lt 10 ]; do
	i=$((i + 1))
	"$SBX" -- find b >>"$tmp/out" 2>/dev/null
done
touch "$tmp/done"
wait $pid
is "nothing from outside" "$(grep -c out "$tmp/out")" 0
is "what is inside" "$(grep -c '^b$' "$tmp/out")" 10
done_testing
