#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Shells and scripts of some size: pipelines, subshells, jobs, traps,
# descriptors.  Each snippet is run by bash; those that POSIX has, by dash too.
. "${SRCDIR:-.}/t/real.sh"
not_quick

# What a shell says of a killed child names its pid.
# shellcheck disable=SC2034
real_sed='s/\(line [0-9]*:\) *[0-9][0-9]* /\1 PID /'

# both NAME SCRIPT: by bash and by dash.
both()
{
	real "bash: $1" bash -c "$2"
	real "dash: $1" dash -c "$2"
}

bash_only()
{
	real "bash: $1" bash -c "$2"
}

both "pipelines" '
cat text | grep -v "line 5" | cut -f 3 | sort | uniq -c | sort -rn | head -n 5
true | false; echo $?
! true; echo $?
yes | head -n 2
seq 100000 | tail -n 1
(exit 7) | cat; echo $?
cat text | (read -r a; echo "$a"; cat >/dev/null)
{ echo a; echo b >&2; } 2>&1 | sort'
both "subshells and their variables" '
x=1; (x=2; echo $x; (x=3; echo $x); echo $x); echo $x
( exit 5 ); echo $?
y=$(x=9; echo $x; exit 4); echo $? $y $x
z=$(echo $(echo $(echo $(echo deep)))); echo $z
echo "`echo back \`echo tick\``"
n=0; seq 50 | while read -r i; do n=$((n + i)); done; echo $n
cd fixed && (cd dir && ls) && ls'
both "here-documents" '
cat <<E1; cat <<"E2"; cat <<-E3
$((6 * 7)) $(echo sub)
E1
$x $(no)
E2
	tab
	E3
while read -r a b; do echo "$b-$a"; done <<E
1 one
2 two
E
f() { cat <<E
in function $1
E
}
f x | tr a-z A-Z
cat <<E | wc -c
$(cat text)
E'
both "traps" '
trap "echo got usr1" USR1
trap "echo got term" TERM
trap "echo leaving" EXIT
kill -USR1 $$
kill -TERM $$
(trap - TERM; trap "echo sub leaves" EXIT; kill -USR1 $$; exit 3); echo $?
trap "" USR2; kill -USR2 $$; sh -c "kill -USR2 \$\$; echo ignored"
trap - USR2
sh -c "kill -USR2 \$\$; echo no"; echo $?
exit 4'
both "a trap while waiting" '
trap "echo got it" USR1
(sleep 0.2; kill -USR1 $$) &
sleep 1 & s=$!
wait $s; echo $((($?) > 128))
wait $s; echo $?'
both "background jobs and wait" '
for i in 1 2 3 4 5; do (exit $i) & p="$p $!"; done
for j in $p; do wait $j; echo $?; done
wait; echo $?
sleep 0.1 & wait $!; echo $?
(sleep 5; echo no) & kill $!; wait $!; echo $?
wait 999999 2>/dev/null; echo $?
{ sleep 0.1; echo late; } & echo early; wait'
both "signals kill children" '
for s in HUP INT KILL TERM USR1 ALRM PIPE; do
	sh -c "kill -$s \$\$; echo alive"; echo "$s $?"
done'
both "many children" '
i=0; while [ $i -lt 200 ]; do /bin/true & i=$((i + 1)); done; wait; echo $i
i=0; while [ $i -lt 100 ]; do x=$(echo $i); i=$((x + 1)); done; echo $x
i=0; while [ $i -lt 50 ]; do (:) & i=$((i + 1)); done; wait; echo done'
both "redirections" '
exec 3>&1 4</dev/null; echo to three >&3; cat <&4
exec 5<text; read -r a <&5; read -r b <&5; echo "$a|$b"; exec 5<&-
{ read -r c; echo "$c"; } <&5 2>/dev/null; echo $?
ls /nonexistent 2>&1 >/dev/null | sed "s/.*: //"
exec 3>&-; echo x >&3; echo $?' 2>/dev/null
real_rw "bash: files written by redirections" bash -c '
echo a >f; echo b >>f; cat f; exec 6<>f; read -r l <&6; echo "$l" >&6; cat f
set -C; echo c >f; echo $?; echo c >|f; cat f; : >empty; (echo x; ls nope) &>both; cat both | wc -l
exec >log 2>&1; echo logged; ls nope; exec >&-; echo lost'
real_rw "dash: a script that builds a tree" dash -c '
for d in a b c; do mkdir -p $d/x/y; for f in 1 2 3; do echo $d$f >$d/x/y/$f; done; done
find . -type f | sort | while read -r f; do printf "%s %s\n" "$f" "$(cat "$f" | head -n 1)"; done
find . -name "*1" -exec rm {} +; find a -depth -exec echo {} \;
mv b z; cp -r c c2; ln -s c2 l; umask 077; mkdir p; echo x >p/q; ls -l p | wc -l'
bash_only "process substitution" '
diff <(sort text) <(sort text) && echo same
cat <(echo one) <(echo two)
echo to tee | tee >(tr a-z A-Z) >/dev/null | cat; sleep 0.1
while read -r x; do n=$((n + 1)); done < <(seq 500); echo $n
paste <(seq 3) <(seq 4 6) <(seq 7 9)
comm -12 <(cut -f 1 text | sort) <(cut -f 1 sorted | sort) | wc -l'
bash_only "coproc" '
coproc sed -u s/^/got:/
echo a >&"${COPROC[1]}"; read -r r <&"${COPROC[0]}"; echo "$r"
echo b >&"${COPROC[1]}"; read -r r <&"${COPROC[0]}"; echo "$r"
eval "exec ${COPROC[1]}>&-"; wait $COPROC_PID; echo $?
coproc C { while read -r l; do echo $((l * 2)); done; }
for i in 1 2 3; do echo $i >&${C[1]}; read -r r <&${C[0]}; echo $r; done'
bash_only "wait -n" '
(sleep 1; exit 3) & (sleep 0.1; exit 1) & (sleep 2; exit 5) &
wait -n; echo $?; wait -n; echo $?; wait -n; echo $?; wait -n; echo $?
(sleep 0.2; exit 9) & p=$!; sleep 9 & wait -n -p who; echo $? $((who == p)); kill %2; wait'
bash_only "set -m, process groups and jobs" '
set -m
sleep 5 & p=$!
[ $(ps -o pgid= -p $p) = $p ] && echo own group
kill %1; wait %1; echo $?
wait_for() { for i in 1 2 3 4 5 6 7 8 9; do jobs | grep -q "$1" && break; sleep 0.2; done; }
sleep 9 & kill -STOP %1; wait_for Stopped; jobs | sed "s/^\(.....\).*\(Stopped\|Running\).*/\1 \2/"
kill -CONT %1; wait_for Running; jobs | sed "s/^\(.....\).*\(Stopped\|Running\).*/\1 \2/"
kill %1; wait 2>/dev/null; echo end'
bash_only "ulimit" '
ulimit -c 0; ulimit -c; ulimit -n 64; ulimit -n; ulimit -Sn 32; ulimit -Hn
(ulimit -n 40; exec 50</dev/null) 2>&1 | sed "s/.*: //"
ulimit -s 4096; ulimit -s; bash -c "ulimit -s"; ulimit -n 100; echo $?'
bash_only "read -t, read -N, select" '
read -t 0.1 x < <(sleep 1); echo $(($? > 128))
read -t 1 x <<<fast; echo $? $x
printf abcdef | { read -r -N 2 a; read -r -n 3 b; echo $a $b; }
mapfile -t -s 10 -n 3 l <text; echo "${#l[@]}" "${l[2]}"
IFS=: read -r a b c <<<"x:y:z"; echo $c$b$a
read -t 0; echo $?'
bash_only "arrays, functions, arithmetic" '
declare -A m; while IFS=$'"'\t'"' read -r a b c; do m[$c]=$((${m[$c]:-0} + 1)); done <text
for k in "${!m[@]}"; do echo "$k ${m[$k]}"; done | sort
fib() { local n=$1; if ((n < 2)); then echo $n; else echo $(($(fib $((n - 1))) + $(fib $((n - 2))))); fi; }; fib 8
f() { local -n ref=$1; ref+=(x); }; a=(1 2); f a; echo "${a[@]}"
printf "%s\n" {a..e}{1..3} | tail -n 2; echo $((2 ** 40)) $((0x1f)) ${#a[@]}
shopt -s extglob nullglob; echo fixed/!(small) nothing*'
bash_only "exec, exit and signals in functions" '
(exec sh -c "exit 6"); echo $?
(exec -a name sh -c "echo \$0"); (exec /nonexistent) 2>/dev/null; echo $?
(exec -c env) | grep -v ^_=; /nonexistent 2>/dev/null; echo $?; /etc/passwd 2>/dev/null; echo $?
f() { trap "echo ret" RETURN; return 3; }; f; echo $?
trap "echo err \$?" ERR; false; trap - ERR
set -o pipefail; false | true; echo $?; true | true; echo "${PIPESTATUS[@]}"
(set -e; false; echo no); echo $?; timeout 0.1 sleep 3; echo $?
timeout -s KILL 0.1 sleep 3; echo $?'
bash_only "lastpipe and times" '
shopt -s lastpipe; seq 10 | while read -r x; do s=$((s + x)); done; echo $s
times | wc -l; time -p true 2>/dev/null; TIMEFORMAT=; time true; SECONDS=50; echo $((SECONDS / 10))'
both "umask, cd, test, getopts" '
umask; umask 027; umask; cd /usr/bin && pwd && cd - >/dev/null && [ "$PWD" = "$OLDPWD" ]; echo $?
[ -d fixed ] && [ -L fixed/dir/link ] && [ -x /bin/sh ] && [ text -nt fixed/small ]; echo $?
set -- -a -b x rest; while getopts ab: o; do echo $o $OPTARG; done; shift $((OPTIND - 1)); echo $*
case text in t*) echo glob;; esac; echo fixed/*; type cd; command -v ls
eval "v=\$((1+2))"; echo $v; printf "%05d %s %x\n" 42 str 255'

# A script of some size, that calls itself.
cat >build.sh <<'EOF'
#!/bin/bash
set -euo pipefail
self=$0
log() { printf '%s: %s\n' "${FUNCNAME[1]}" "$*"; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
count() { awk -F'\t' -v k="$1" '$3 ~ k { n++ } END { print n + 0 }' text; }
if [ "${1-}" = child ]; then
	shift
	log "$# words: $(count "$1")"
	exit $((${#1} % 3))
fi
declare -A status
for k in a b c d e; do
	"$self" child $k$k >"$work/$k" 2>&1 & status[$k]=$!
done
for k in a b c d e; do
	r=0; wait "${status[$k]}" || r=$?
	printf '%s %s %s\n' $k $r "$(<"$work/$k")"
done
mkfifo "$work/fifo"
(seq 20; echo end) >"$work/fifo" &
while read -r line; do
	case $line in
	end) echo "fifo ends"; break;;
	*7) log "seven $line";;
	esac
done <"$work/fifo"
wait
split() { split_n=0; while read -r l; do printf '%s\n' "$l" >>"$work/part$((split_n++ % 4))"; done; log $split_n; }
head -n 400 text | split >"$work/log"
wait; cat "$work/log"
for p in "$work"/part*; do (sort "$p" >"$p.s"; touch "$p.done") & done; wait
ls "$work" | tr '\n' ' '; echo
sort -m "$work"/part*.s | cksum
tar -C "$work" -cf - . | tar -tf - | wc -l
printf '%s\0' "$work"/part* | xargs -0 -n 1 -P 3 sh -c 'wc -l <"$0"' | sort | uniq -c
cat text | tee "$work/copy" | gzip -c | gzip -dc | cksum && cmp text "$work/copy" && log same
EOF
chmod +x build.sh
real "bash: a script that calls itself" ./build.sh
real "xargs -P" sh -c 'seq 60 | xargs -P 4 -n 3 sh -c "echo \$((\$0 + \$1 + \$2))" | sort -n'
real "xargs that fails" sh -c 'seq 5 | xargs -n 1 sh -c "exit \$0"; echo $?; echo x | xargs false; echo $?; echo x | xargs /nonexistent; echo $?'
real "find -exec and xargs" sh -c 'find fixed -type f -exec cksum {} \; -exec sh -c "exit 1" \; -o -name dir -print | sort; find fixed -print0 | sort -z | xargs -0 ls -d'
real "sort --parallel" sh -c 'for i in 1 2 3 4 5 6 7 8 9; do cat text; done | sort --parallel=4 -S 200k -T /tmp -k 3 | cksum'
real "tar through compressors" sh -c 'for z in gzip bzip2 xz zstd; do command -v $z >/dev/null || continue; tar -cf - fixed text | $z -c | $z -dc | tar -xOf - text | cksum; tar -c -I $z -f - fixed | tar -t -I $z -f -; done'
real "parallel" parallel --will-cite -k -j 4 'echo {}; exit $(({} % 2))' ::: 1 2 3 4 5 6
real_clean=fifo
real "mkfifo below an overlay" sh -c 'mkfifo fifo; cat text >fifo & cksum <fifo; wait; rm fifo'
real_clean=
real_rw "mkfifo below a writable directory" sh -c 'mkfifo f; cat small >f & cksum <f; wait; ls -l f | cut -c 1-10'
real "env, nice, nohup, setsid, stdbuf" sh -c 'env -i A=b env; nice -n 5 nice; nohup echo x 2>/dev/null; setsid -w sh -c "exit 4"; echo $?; printf "a\nb\n" | stdbuf -oL cat'
real "mkfifo between two programs" sh -c 'd=$(mktemp -d); mkfifo $d/f; cat text >$d/f & cksum <$d/f; wait; sort $d/f & cat sorted >$d/f; wait; rm -r $d'
real "ps of a session" bash -c 'sleep 3 & until [ "$(ps -o comm= -p $!)" = sleep ]; do :; done; l=$(ps -o stat=,comm= -p $!); echo $l; l=$(ps -o comm= --ppid $$); echo "$l" | grep -c sleep; kill $!'
done_testing
