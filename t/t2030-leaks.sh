#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Everything that /proc, /sys and /dev have to read, by a program that was
# granted nothing: what only the host knows must not be in it.
. "${SRCDIR:-.}/t/lib.sh"

command -v python3 >/dev/null 2>&1 || skip_all "no python3"
[ -x /usr/bin/python3 ] || skip_all "no python3 in /usr"
cd "$tmp" || exit 99

# A process of the host's by a name of its own, with a variable of its own.
secret=sbxsecret$$x
ln -s "$(command -v sleep)" "$tmp/$secret"
SBX_LEAK_TOKEN=$secret
export SBX_LEAK_TOKEN
mkdir "$tmp/hidden-$secret" "$tmp/work"
"$tmp/$secret" 1000 7>"$tmp/hidden-$secret/open" &
napper=$!
trap 'kill "$napper" 2>/dev/null; rm -rf "$tmp"' EXIT

cat >look.py <<'END'
import os, stat, sys
seen = 0
out = open(sys.argv[1], "wb") if len(sys.argv) > 1 else sys.stdout.buffer
for top in "/proc", "/sys", "/dev":
    for dir, dirs, files in os.walk(top):
        # One thread of one process is like another; ourselves alone.
        if dir == "/proc":
            dirs[:] = [d for d in dirs
                       if not d.isdigit() or d in ("1", str(os.getpid()))]
        for name in dirs + files:
            path = os.path.join(dir, name)
            out.write(b"\n== %s\n" % path.encode())
            try:
                st = os.lstat(path)
                if stat.S_ISLNK(st.st_mode):
                    out.write(os.readlink(path).encode())
                elif stat.S_ISREG(st.st_mode) and name not in (
                        "mem", "kmsg", "kcore"):
                    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
                    try:
                        while True:
                            data = os.read(fd, 1 << 16)
                            if not data:
                                break
                            out.write(data)
                    finally:
                        os.close(fd)
                    seen += 1
            except OSError as e:
                out.write(e.strerror.encode())
out.write(b"\n== seen %d\n" % seen)
END
run_ok "all can be read" sh -c 'timeout 100 "$0" --clear-env --ro look.py \
	--workdir / /usr/bin/python3 "$1/look.py" >all 2>err' "$SBX" "$tmp"
note err
seen=$(sed -n 's/^== seen //p' all)
if [ "${seen:-0}" -gt 100 ]; then
	ok "there is much to read"
else
	not_ok "there is much to read ($seen files)"
fi

# absent WHAT TEXT...: none of it can be read
absent()
{
	what=$1
	shift
	bad=
	for text; do
		[ -n "$text" ] && grep -a -q -F -- "$text" all &&
			bad="$bad '$text'"
	done
	is "no $what" "$bad" ""
}

# Short or usual words say nothing, where they are a name of the host's.
word()
{
	case $1 in
	localhost | sbx | debian | linux | none | ????? | ???? | ??? | ?? | ?)
		;;
	*) printf '%s' "$1" ;;
	esac
}

absent "process of the host's" "$secret"
absent "path of an open file" "hidden-"
absent "host name" "$(word "$(uname -n)")"
absent "kernel version" "$(uname -v)"
absent "boot id" "$(cat /proc/sys/kernel/random/boot_id 2>/dev/null)"
absent "machine id" "$(cat /etc/machine-id 2>/dev/null)"
absent "command line of the kernel" "$(word "$(cat /proc/cmdline 2>/dev/null)")"
absent "address of the network" "$(cat /sys/class/net/*/address 2>/dev/null |
	grep -v '^00:00:00:00:00:00' | head -n 1)"
absent "control group" "$(sed -n 's/^[^:]*:[^:]*:\(.........*\)/\1/p' \
	/proc/self/cgroup | head -n 1)"
absent "device of a mount" "$(sed -n 's/.* - [^ ]* \(\/dev\/[^ ]*\) .*/\1/p' \
	/proc/self/mountinfo | grep -v '^/dev/[a-z]*$' | head -n 1)"
absent "place of the test" "$tmp/work"
absent "name of the home" "$(word "${HOME-}")"
# The monitor, the launcher and this shell.
is "no number of the host's processes" \
	"$(sed -n "s/^== \/proc\/\($$\|$napper\)\$/\1/p" all)" ""
done_testing
