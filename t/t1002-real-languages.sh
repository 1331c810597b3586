#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Interpreters.
. "${SRCDIR:-.}/t/real.sh"

cat >mods.py <<'EOF'
import base64, collections, csv, datetime, decimal, hashlib, io, itertools
import json, math, os, random, re, string, struct, sys, textwrap, zlib

data = open("text", "rb").read()
text = data.decode()
print(len(data), hashlib.sha256(data).hexdigest(), hashlib.md5(data).hexdigest())
z = zlib.compress(data, 9)
print(len(z), zlib.crc32(data), zlib.decompress(z) == data)
words = collections.Counter(re.findall(r"[a-z]+", text))
print(words.most_common(5))
rows = [l.split("\t") for l in text.splitlines()]
doc = json.dumps({"rows": rows[:200], "n": len(rows)}, indent=1, sort_keys=True)
print(hashlib.sha1(doc.encode()).hexdigest(), json.loads(doc)["n"])
decimal.getcontext().prec = 200
print(decimal.Decimal(2).sqrt())
print(sum(decimal.Decimal(r[0]) / 7 for r in rows[:500]))
random.seed(1)
print(random.random(), math.sin(1), struct.pack("<dI", 1.5, 7).hex())
print(datetime.datetime(2020, 2, 2, tzinfo=datetime.timezone.utc).isoformat())
out = io.StringIO()
csv.writer(out).writerows(rows[:3])
print(repr(out.getvalue()), base64.b64encode(data[:30]))
print(sorted(os.listdir("fixed")), os.path.getsize("text"))
sys.exit(3)
EOF
cat >sql.py <<'EOF'
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.execute("create table t (a integer, b text, c text)")
with open("text") as f:
    db.executemany("insert into t values (?, ?, ?)",
                   (l.rstrip("\n").split("\t") for l in f))
db.commit()
db.execute("create index i on t (a)")
print(db.execute("select count(*), sum(a), min(b), max(c) from t").fetchone())
print(db.execute("select a, count(*) from t group by a order by 2 desc, 1 limit 5").fetchall())
db.close()
EOF
cat >files.py <<'EOF'
import os, shutil, sys, tempfile
d = tempfile.mkdtemp()
p = os.path.join(d, "f")
with open(p, "wb") as f:
    f.write(b"x" * 100000)
os.rename(p, p + "2")
os.symlink("f2", p)
os.makedirs(os.path.join(d, "a/b/c"))
for i in range(300):
    open(os.path.join(d, "a", "n%d" % i), "w").write(str(i))
print(len(os.listdir(os.path.join(d, "a"))), os.readlink(p), os.path.getsize(p))
with open(p, "r+b") as f:
    f.seek(50000)
    f.truncate()
print(os.stat(p).st_size, os.lstat(p).st_size)
try:
    os.rmdir(os.path.join(d, "a"))
except OSError as e:
    print(e.errno)
try:
    open("/usr/bin/nothing-here")
except OSError as e:
    print(e.errno)
shutil.rmtree(d)
print(os.path.exists(d))
EOF
cat >threads.py <<'EOF'
import queue, threading
q = queue.Queue()
out = queue.Queue()
def work():
    while (x := q.get()) is not None:
        out.put(x * x)
ts = [threading.Thread(target=work) for _ in range(4)]
for t in ts: t.start()
for i in range(1000): q.put(i)
for t in ts: q.put(None)
for t in ts: t.join()
print(sum(out.get() for _ in range(1000)))
EOF
real "python3 -c" /usr/bin/python3 -c 'print(6 * 7)'
real "python3 import" /usr/bin/python3 -c 'import json, os; print(json.dumps({"a": os.sep}))'
real "python3 modules over a file" /usr/bin/python3 mods.py
real "python3 sqlite3 in memory" /usr/bin/python3 sql.py :memory:
real_clean=/tmp/sbx-real-$$.db
real "python3 sqlite3 on tmpfs" /usr/bin/python3 sql.py /tmp/sbx-real-$$.db
real_clean=/tmp/sbx-real-$$.db
real "python3 temporary files" /usr/bin/python3 files.py
real "python3 threads" /usr/bin/python3 threads.py
real "python3 exception" /usr/bin/python3 -c 'import nothing_of_the_kind'
real "python3 exit status" /usr/bin/python3 -c 'import sys; sys.exit(9)'
real_in mods.py "python3 from stdin" /usr/bin/python3 -
real "python3 mmap" /usr/bin/python3 -c '
import mmap
with open("text", "rb") as f:
    m = mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ)
    print(m.find(b"line 500"), m[:20], len(m))'
real "python3 handles its own signal" /usr/bin/python3 -c '
import os, signal
signal.signal(signal.SIGUSR1, lambda n, f: print("got", n))
os.kill(os.getpid(), signal.SIGUSR1)
signal.raise_signal(signal.SIGUSR1)
print("done")'
real "python3 subprocess" /usr/bin/python3 -c '
import subprocess
print(subprocess.run(["/bin/echo", "child"], capture_output=True, text=True))'

real "perl -e" perl -e 'print "hello\n"; exit 5'
real "perl over a file" perl -ne '$h{$2}++ if /^(\d+)\tline (\d+)/; END { print "$_ $h{$_}\n" for sort { $a <=> $b } keys %h }' text
real "perl modules" perl -MData::Dumper -MDigest::SHA=sha256_hex -MPOSIX -MList::Util=sum -e '
	$Data::Dumper::Sortkeys = 1; print Dumper({ a => [1, 2], b => sha256_hex("x") });
	print POSIX::floor(2.7), sum(1 .. 10), "\n"; print POSIX::strftime("%F", gmtime 0), "\n"'
real "perl dies" perl -e 'die "no\n"'
real "perl opendir" perl -e 'opendir D, "fixed"; print join(" ", sort readdir D), "\n"; print -s "text", "\n"'
real "perl fork" perl -e '$p = fork; if (!$p) { print "child\n"; exit 3 } waitpid $p, 0; print $? >> 8, "\n"'

lua=$(command -v lua5.4 || echo lua)
cat >l.lua <<'EOF'
local n, words = 0, {}
for line in io.lines("text") do
  n = n + 1
  local w = line:match("(%a+)$")
  words[w] = (words[w] or 0) + 1
end
local keys = {}
for k in pairs(words) do keys[#keys + 1] = k end
table.sort(keys)
print(n, #keys, keys[1], words[keys[1]], string.format("%.3f", math.pi))
print(pcall(error, "x"))
os.exit(4)
EOF
real "lua script" "$lua" l.lua
real "lua -e" "$lua" -e 'print(2^53, 7 // 2, #"abc", ("x"):rep(10))'

printf '{"a":[1,2,{"b":"c"}],"d":null,"e":1.5}\n' >doc.json
real "jq ." jq . doc.json
real "jq filter" jq -c '[.a[] | numbers] | add, (.a | length), keys?' doc.json
real "jq raw lines" jq -R -s 'split("\n") | map(split("\t")) | group_by(.[2]) | map({k: .[0][2], n: length})' text
real "jq error" jq . text

for a in mawk gawk; do
	real "$a" $a -F '\t' '{ n[$3]++; s += $1 } END { for (k in n) c++; printf "%d %d %.6f\n", NR, c, s / NR }' text
	real "$a getline" $a 'BEGIN { while ((getline l <"text") > 0) n++; print n; exit 3 }'
done
real "dash" dash -c 'i=0; while [ $i -lt 1000 ]; do i=$((i + 1)); done; echo $i'
real "bash builtins" bash -c 'a=(1 2 3); declare -A m=([x]=y); echo ${#a[@]} ${m[x]} ${a[@]:1}; printf "%q\n" "a b"; mapfile -t l <text; echo ${#l[@]}'
real "sh with a pipe" sh -c 'cat text | sort | uniq -c | wc -l'
real "sh with a command substitution" sh -c 'x=$(echo inner); echo "[$x]"'
done_testing
