#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# t2024-real-files.sh: programs that work on many files, or on one together:
# git, sqlite3, lmdb, vim, sed; the same as natively on each kind of mount.
. "${SRCDIR:-.}/t/lib.sh"

PATH=/usr/bin:/bin
export PATH
files=1000
[ -z "${SBX_LONG-}" ] || files=10000

cat >"$tmp/git" <<'END'
export HOME=$1 GIT_CONFIG_NOSYSTEM=1
export GIT_AUTHOR_DATE='2020-01-01T00:00:00Z' GIT_COMMITTER_DATE=$1
export GIT_COMMITTER_DATE='2020-01-01T00:00:00Z'
git config --global user.email a@example.org
git config --global user.name A
git config --global gc.auto 0
git init -q -b main --template= repo && cd repo || exit 1
awk -v n="$2" 'BEGIN { for (i = 0; i < n; i++) {
	f = "d" i % 50 "/f" i
	if (i < 50) system("mkdir d" i)
	print i, i * i >f; close(f) } }'
git add . && git commit -q -m one
git status --short | wc -l
git ls-files | wc -l
sed -i s/7/seven/ d7/*
git status --short | wc -l
git diff --shortstat
git commit -q -a -m two
git checkout -q -b side HEAD~1 && git rm -q -r d1 d2 && git commit -q -m three
git checkout -q main && git merge -q -m four side && git rev-parse HEAD^{tree}
git mv d3 moved && git commit -q -m five && git log --oneline | wc -l
git clean -fdxq && git gc -q && git fsck --full 2>&1 | grep -v dangling
git clone -q . ../again && cd ../again && git rev-parse HEAD^{tree}
END

cat >"$tmp/sqlite" <<'END'
cd "$1" || exit 1
sqlite3 db 'create table t (who, n); create index i on t (n);'
write()
{
	for i in 1 2 3 4 5 6; do
		echo '.timeout 60000'
		echo 'begin immediate;'
		for k in 1 2 3 4 5 6 7 8 9 10; do
			echo "insert into t values ('$1', $i * 10 + $k);"
		done
		echo 'commit;'
	done | sqlite3 db
}
write a & write b & write c & wait
sqlite3 db 'select who, count(*), sum(n) from t group by who;
	pragma integrity_check; pragma journal_mode = wal;'
write d & write e & wait
sqlite3 db 'select count(*), sum(n) from t; pragma integrity_check; vacuum;'
ls
END

cat >"$tmp/edit" <<'END'
cd "$1" || exit 1
export HOME=$1
seq 1 300 >text && chmod 640 text && ln text hard && ln -s text soft
sed -i 's/^1/one/; 2d' text && sed -n '1,3p' text
cat hard | wc -l
sed -i.bak --follow-symlinks 3d soft && ls && head -n 2 soft
stat -c '%a %h' text text.bak
command -v vim >/dev/null && {
	vim -u NONE -es -c '%s/5/five/g' -c 'w' -c 'q' text </dev/null
	vim -u NONE -es -c 'set backup' -c '$d' -c 'wq' text </dev/null
	grep -c five text; ls; stat -c %a text
	vim -u NONE -N -es -c 'r !echo read' -c 'w new' -c 'q!' </dev/null
	cat new
}
perl -pi -e 's/one/1/' text && cksum text
sort -o text text && tail -n 1 text
END

cat >"$tmp/lmdb" <<'END'
cd "$1" || exit 1
cat >write.py <<'END_PY'
import lmdb, os, sys
env = lmdb.open('db', map_size=1 << 26, sync=sys.argv[2] == 'sync')
for i in range(40):
    with env.begin(write=True) as txn:
        n = int(txn.get(b'count', b'0'))
        txn.put(b'count', b'%d' % (n + 1))
        for k in range(50):
            txn.put(b'%s-%03d-%03d' % (sys.argv[1].encode(), i, k),
                    b'v' * (k * 37 % 3000))
        if i % 4 == 3:
            for k in range(0, 50, 2):
                txn.delete(b'%s-%03d-%03d' % (sys.argv[1].encode(), i, k))
with env.begin() as txn:
    print(sum(1 for k, v in txn.cursor() if k[:1] == sys.argv[1].encode()))
END_PY
if python3 -c 'import lmdb' 2>/dev/null; then
	python3 write.py a sync >a.out & python3 write.py b no >b.out & wait
	cat a.out b.out
	mdb_dump db | cksum
	mdb_dump -p db | grep -A 1 count
fi
mkdir db2 copy
mdb_load -f /dev/stdin db2 <<END_DUMP
VERSION=3
format=print
type=btree
mapsize=1048576
HEADER=END
$(seq -f ' key %04.0f' 1 2000 | sed 'p;s/key/value/')
DATA=END
END_DUMP
mdb_stat db2 | grep Entries
mdb_copy -c db2 copy && mdb_dump copy | cksum
mdb_stat -r db2 | grep -v pid
ls -l copy | awk '{ print $5 }'
END

# native_and NAME SCRIPT ARG...: in a directory, on each kind of mount.
native_and()
{
	name=$1
	script=$2
	shift 2
	command -v "${name%% *}" >/dev/null ||
		{ skip "$name" "not installed"; return; }
	rm -rf "$tmp/w"
	mkdir "$tmp/w"
	wanted=$(cd "$tmp/w" && sh "$tmp/$script" "$tmp/w" "$@" 2>&1)
	for kind in rw overlay tmpfs; do
		rm -rf "$tmp/w"
		mkdir "$tmp/w"
		out=$(cd "$tmp/w" && "$SBX" --"$kind" "$tmp/w" \
			--ro "$tmp/$script" -- sh "$tmp/$script" "$tmp/w" \
			"$@" 2>&1)
		is "$name: $kind" "$out" "$wanted"
	done
}

native_and "sqlite3 of many writers" sqlite
native_and "mdb_stat and writers of lmdb" lmdb
native_and "sed and vim in place" edit
native_and "git of $files files" git "$files"
done_testing
