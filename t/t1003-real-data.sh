#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Programs that chew data.
. "${SRCDIR:-.}/t/real.sh"

lines=500000
rows=400000
[ -z "$quick" ] || lines=20000 rows=5000
awk -v n=$lines 'BEGIN {
	s = 1
	for (i = 0; i < n; i++) {
		s = (s * 16807) % 2147483647
		printf "%010d the quick brown fox %08x jumps over the lazy dog, which sleeps on %d\n", s, s, i
	}
}' >big

gzip -9nc text >text.gz
xz -c text >text.xz
zstd -qc text >text.zst 2>/dev/null
tar --sort=name --mtime=@0 --owner=0 --group=0 -cf files.tar -C fixed .

real "gzip -c" gzip -nc big
real "gzip -d" gzip -dc text.gz
real "gzip -t of what is no gzip" gzip -t text
real "xz -c" xz -1 -T1 -c text
real "xz -d" xz -dc text.xz
real "xz -T2" xz -0 -T2 --block-size=1MiB -c big
real "zstd -c" zstd -q -c text
real "zstd -d" zstd -q -dc text.zst
real "zstd -T2" zstd -q -T2 -c big
real "zstd -T2 -19" zstd -q -T2 -19 -c text
real_in text "gzip of a stream" gzip -n
real_rw "gzip in place" gzip -n small
real_rw "gzip and xz refuse a directory" gzip dir

real "tar -t" tar -tvf files.tar
real "tar pack" tar --sort=name -cf - fixed
real "tar pack of /usr/include/linux" tar --sort=name -cf - -C /usr/include linux
[ -n "$quick" ] ||
	real "tar pack of /usr/include" tar --sort=name -cf - -C /usr/include .
cp files.tar files/
[ -n "$quick" ] ||
	tar --sort=name -chf files/include.tar -C /usr/include linux asm-generic
real_rw "tar unpack" tar -xf files.tar
[ -n "$quick" ] || real_rw "tar unpack of headers" tar -xf include.tar
rm -f files/*.tar

real "grep" grep -c 'fox 0' big
real "grep -r" grep -rn 'define EPOLL' /usr/include/linux
real "grep -r over /usr/include" grep -rlw sigset_t /usr/include
real "grep -E" grep -oE '[0-9]{3} of' text
real "grep finds nothing" grep nothing-of-the-kind text
real "find" find /usr/include/linux -name '*.h' -size +8k
real "find -printf" find fixed -printf '%p %y %m %s\n'
real "find -newer" find fixed -newer text
real "sort" sort big
real "sort -u -k" sort -u -k 6 text
real "sort in little memory" sort -S 1M -T /tmp text
real "uniq" uniq -c sorted
real "sed" sed -e '/fox 0/d' -e 's/quick/slow/g' text
real "openssl dgst" openssl dgst -sha256 text
real "openssl dgst of every kind" openssl dgst -sha3-512 big
real "openssl enc" openssl enc -aes-256-cbc -nosalt -K 00 -iv 00 -in text
real "openssl prime" openssl prime 1000003
real "diff" diff text sorted
real "diff -r" diff -r fixed files
real "cmp" cmp text sorted
real "file" file text text.gz /bin/true
real "xxd or od" od -An -tx8 text
real "strings" strings -n 12 /bin/ls

cat >db.sql <<EOF
pragma journal_mode = delete;
create table t (id integer primary key, a integer, b text);
with recursive c(x) as (select 1 union all select x + 1 from c where x < $rows)
	insert into t select x, (x * 7919) % 10007, hex(x * 31) || printf('%0100d', x) from c;
create index ta on t (a);
select count(*), sum(a), min(b), max(b) from t;
select a, count(*) from t group by a order by 2 desc, 1 limit 3;
update t set a = a + 1 where id % 10 = 0;
delete from t where id % 7 = 0;
select count(*), sum(a) from t;
pragma integrity_check;
vacuum;
select count(*) from t where b like '%42';
EOF
real_clean=/tmp/sbx-real-$$.db
real_in db.sql "sqlite3 on a database in tmpfs" sqlite3 /tmp/sbx-real-$$.db
rm -f /tmp/sbx-real-$$.db
real "sqlite3 in memory" sqlite3 :memory: 'select 1 + 1, sqlite_version() is not null'
real "sqlite3 error" sqlite3 :memory: 'select nothing'
real_rw "sqlite3 makes a file" sqlite3 new.db 'create table t (a); insert into t values (1); select * from t'
done_testing
