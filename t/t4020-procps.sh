#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# t4020-procps.sh: programs that show and find processes.  What is there at
# all differs; so each looks at a few processes that a script makes, and what
# it says of them, without numbers, is compared.
. "${SRCDIR:-.}/t/real.sh"
not_quick

# Three processes under a name of their own, in a known family.
nap=nap$$
ln -s "$(command -v sleep)" "$nap"
# shellcheck disable=SC2016
sed "s/sbx-nap/$nap/g" >family <<'END'
./sbx-nap 1000 &
a=$!
./sbx-nap 1001 2 &
c=$!
sh -c './sbx-nap 1002 & wait; :' &
b=$!
# state PID LETTER: wait until it is in that state
state() {
	until [ "$(ps -o s= -p "$1")" = "$2" ]; do sleep 0.02; done
}
until [ "$(pgrep -c -x sbx-nap)" -ge 3 ]; do sleep 0.02; done
state $a S
state $c S
state "$(pgrep -P "$b")" S
. ./look
kill "$a" "$c" $(pgrep -P "$b") 2>/dev/null
wait
END

# look NAME TEXT: what the script does with the family
look()
{
	printf '%s\n' "$2" | sed "s/sbx-nap/$nap/g; s/\[s\]bx-nap/[n]${nap#n}/g" >look
	real "$1" timeout 30 sh ./family
}

# shellcheck disable=SC2016
{
look "ps by number" 'ps -o comm=,args=,stat=,nlwp=,ni=,tty= -p $a | tr -s " "'
look "ps of children" 'ps -o args= --ppid $b'
look "ps -ef" 'ps -ef | grep "[s]bx-nap 1000" | sed "s/.*[0-9] \.\//.\//"'
look "ps aux" 'ps aux | grep -c "[s]bx-nap"'
look "ps -eLf" 'ps -eLf | grep -c "[s]bx-nap 100"'
look "ps forest" 'ps -o args= --forest -p $b,$(pgrep -P $b)'
look "ps headers" '{ ps aux | sed -n 1p; ps -ef | sed -n 1p; ps -l |
	sed -n 1p; } | tr -s " "'
look "ps environ" 'FOO=bar ./sbx-nap 9 & state $! S
	ps e -o args= -p $! | grep -c FOO=bar; kill $!'
look "pgrep -a" 'pgrep -a -P $b | sed "s/^[0-9]* //"'
look "pgrep -f" 'pgrep -f "nap 100[0]" | grep -cx $a'
look "pidof" 'pidof sbx-nap | wc -w'
look "pkill" 'pkill -TERM -f "nap 100[0]$"; wait $a 2>/dev/null; echo $?'
look "killall" 'killall -q -e sbx-nap; wait $a 2>/dev/null; echo $?'
look "kill -l" 'kill -0 $a && echo there'
look "pstree" 'pstree -a $b'
look "pstree with numbers" 'pstree -p $b | sed "s/[0-9][0-9]*/N/g"'
look "top" 'top -b -n1 -p $a | sed -n "/PID USER/,\$p" |
	awk "{ print \$2, \$NF }"'
look "top of all" 'top -b -n1 | grep -c "[s]bx-nap"'
look "pwdx" 'pwdx $a | sed "s/^[0-9]*/N/"'
look "pmap" 'pmap $a | sed -n "1s/^[0-9]*/N/p"'
look "lsof" 'lsof -w -a -p $a -d cwd,txt -F n | grep "^n/" | sort -u |
	head -n 1'
look "fuser" 'exec 9>held; fuser held 2>/dev/null >list; wc -w <list'
look "readlink" 'readlink /proc/$a/exe; readlink /proc/$a/cwd'
look "tr of cmdline" 'tr "\0" "|" </proc/$a/cmdline'
look "status" 'grep -E "^(Name|State|Threads|SigCgt)" /proc/$a/status'
look "stat" 'awk "{ print NF, \$3, \$4 == $$ }" /proc/$a/stat'
look "limits" 'ulimit -n 77; cat /proc/self/limits | grep "open files"'
look "prlimit" 'prlimit -p $a --nofile=50:60 && prlimit -p $a --nofile \
	-o SOFT,HARD --noheadings'
look "renice" 'renice -n 19 -p $a >/dev/null; ps -o ni= -p $a'
look "stopped" 'kill -STOP $a; state $a T; ps -o stat= -p $a; kill -CONT $a'
look "zombie" 'sh -c "./sbx-nap 0 & exec ./sbx-nap 2" & z=$!
	until ps -o s= --ppid $z | grep -q Z; do sleep 0.02; done
	ps -o stat=,args= --ppid $z; wait $z'
}

# Of the whole system only the shape can be compared.
real_sed='s/[0-9][0-9]*/N/g;s/  */ /g'
real "free" sh -c 'free | cut -c1-15'
real "vmstat" sh -c 'vmstat | head -n 2'
real "uptime" sh -c 'uptime | sed "s/.* load/load/"'
real "w" sh -c 'w | sed -n "2p"'
real "loadavg" sh -c 'wc -w </proc/loadavg'

# lsof joins the two, and says so of each mapping where it cannot.
# shellcheck disable=SC2016
is "maps names a file by the numbers that stat does" "$("$SBX" -- sh -c '
	awk -v f="$(readlink /proc/$$/exe)" "\$6 == f { print \$4, \$5 }" \
		/proc/$$/maps
	d=$(stat -L -c %d /proc/$$/exe)
	printf "%02x:%02x %d\n" $((d >> 8 & 0xfff)) \
		$((d & 0xff | d >> 12 & 0xfff00)) \
		"$(stat -L -c %i /proc/$$/exe)"' | sort -u | wc -l)" 1
done_testing
