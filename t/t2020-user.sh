#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# t2020-user.sh: --user: who the program is, and whose the files are.
. "${SRCDIR:-.}/t/lib.sh"

uid=$(id -u)
mkdir "$tmp/rw"

out=$("$SBX" --user 0 -- sh -c 'id -u; id -g; cat /proc/self/uid_map' 2>&1)
is "--user 0 is root" "$(echo "$out" | head -n 2 | tr '\n' ' ')" "0 0 "

# Files of one's own are root's, and root may do anything in an overlay.
script='set -e
test -O .; chown 12:34 f; chmod 4711 f; stat -c "%u %g %a" f
mkdir d; chown 5 d; chmod 700 d; echo >d/x; rm -r d
touch /usr/new /etc/passwd; rm /usr/new
cp -p f g; stat -c "%u %g %a" g; chgrp 0 g; stat -c "%u %g %a" g'
wanted='12 34 4711
12 34 4711
12 0 711'
mkdir "$tmp/ov"
: >"$tmp/ov/f"
out=$(cd "$tmp/ov" && "$SBX" --user 0 --overlay "$tmp/ov" -- \
	sh -c "$script" 2>&1)
is "owners in an overlay" "$out" "$wanted"
is "... and nothing of it outside" "$(stat -c %u "$tmp/ov/f")" "$uid"
out=$("$SBX" --user 0 --tmpfs "$tmp/ov" -- \
	sh -c "cd $tmp/ov && : >f && $script" 2>&1)
is "owners in memory" "$out" "$wanted"

# Other users have no more rights than they would natively.
out=$("$SBX" --user 0 --tmpfs "$tmp/ov" -- perl -e '
	chdir($ARGV[0]) && open(F, ">f") && close(F) || die;
	chmod(0600, "f") && chmod(0755, ".") || die;
	mkdir("sticky") && chmod(01777, "sticky") || die;
	open(F, ">sticky/f") && close(F) || die;
	$) = "77 77"; $( = 77; $> = 78; $< = 78;
	printf("%d %d %s\n", $<, $>, $));
	print(open(F, "<f") ? "open" : "$!", "\n");
	print(chown(78, 77, "f") ? "chown" : "$!", "\n");
	print(unlink("sticky/f") ? "unlink" : "$!", "\n");
	print(mkdir("x") ? "mkdir" : "$!", "\n");
	print(-r "f" ? "r" : "none", "\n");
	$> = 0; print("$>\n");' "$tmp/ov" 2>&1)
is "another user's rights" "$out" "78 78 77 77
Permission denied
Operation not permitted
Operation not permitted
Permission denied
none
78"

# RENAME_WHITEOUT
out=$("$SBX" --user 0 --tmpfs "$tmp/ov" -- perl -e '
	chdir($ARGV[0]) && open(F, ">a") && close(F) || die;
	my ($a, $b) = ("a", "b");
	print(syscall(316, -100, $a, -100, $b, 4), "\n");
	printf("%o %d\n", (lstat("a"))[2, 6]);
	print(-f "b" ? "b\n" : "none\n");' "$tmp/ov" 2>&1)
is "a whiteout is left" "$out" "0
20000 0
b"

# The flags of chattr(1): what stands for itself is kept, and handed on.
cat >"$tmp/flags.pl" <<'END'
use Fcntl;
my ($get, $set) = (0x80086601, 0x40086602);
sub flags {
	sysopen(my $f, $_[0], O_RDONLY) or return "$!";
	my $b = pack("i", $_[1] // 0);
	ioctl($f, defined($_[1]) ? $set : $get, $b) or return "$!";
	return defined($_[1]) ? "set" : sprintf("%#x", unpack("i", $b));
}
sub look {
	open(my $f, "<", $_[0]) or return "$!";
	my $x = <$f>;
	close($f);
	return (stat($_[0]))[8] > 1 ? "read" : "as it was";
}
chdir($ARGV[0]); mkdir("fl"); mkdir("fl/d");
open(F, ">fl/f"); print F "x"; close(F);
print join(" ", flags("fl/f"), flags("fl/f", 0x40), flags("fl/f"),
	flags("fl/d", 0xc0), flags("fl/d")), "\n";
open(F, ">fl/d/new"); print F "x"; close(F);
print join(" ", flags("fl/d/new"), flags("fl/d/new", 0x8)), "\n";
print flags("fl/f", 0x50), "\n";
utime(1, 1, "fl/f", "fl/d/new");
print join(" ", look("fl/f"), look("fl/d/new")), "\n";
END
for kind in tmpfs overlay; do
	out=$("$SBX" --user 0 --$kind "$tmp/ov" --ro "$tmp/flags.pl" -- \
		perl "$tmp/flags.pl" "$tmp/ov" 2>&1)
	is "flags of files: $kind" "$out" "0 set 0x40 set 0xc0
0xc0 Operation not supported
Operation not permitted
read as it was"
done

# On a writable directory all is the caller's.
out=$("$SBX" --user 0 --rw "$tmp/rw" -- sh -c "
	cd $tmp/rw; : >a; chown 0:0 a; stat -c '%u %g' a
	mkdir d; ln -s x l; stat -c '%u %g' d l" 2>&1)
is "a writable directory: root's inside" "$out" "0 0
0 0
0 0"
is "... and the caller's outside" \
	"$(stat -c %u "$tmp/rw/a" "$tmp/rw/d" "$tmp/rw/l" | sort -u)" "$uid"
out=$("$SBX" --rw "$tmp/rw" -- sh -c "cd $tmp/rw; mkdir g; chmod 2755 g
	mkdir g/sub; stat -c %a g g/sub; chmod 2755 a || stat -c %a a" 2>&1)
is "... where a directory may hand its group on, and no program" "$out" \
"2755
2755
chmod: changing permissions of 'a': Operation not permitted
644"
if [ "$uid" != 0 ]; then
	run_code "... which takes no other owner" 1 \
		"$SBX" --user 0 --rw "$tmp/rw" -- chown 1 "$tmp/rw/a"
	out=$("$SBX" --user 1234:5678 -- sh -c 'echo $(id -u) $(id -g)')
	is "--user UID:GID" "$out" "1234 5678"
else
	# Root becomes who it names, and has nothing more.
	chmod 755 "$tmp"
	echo x >"$tmp/secret"
	chmod 600 "$tmp/secret"
	if out=$("$SBX" --workdir / --user 65534 -- \
	    sh -c 'echo $(id -u) $(id -g)' 2>/dev/null); then
		is "--user UID" "$out" "65534 65534"
		run_code "... who may not read root's files" 1 \
			"$SBX" --workdir / --user 65534 \
			--ro "$tmp" -- cat "$tmp/secret"
	else
		skip "--user UID" "root cannot become another user here"
	fi
fi

for bad in x -1 '' 1: 1:x 1:2:3 4294967295 ' 1'; do
	"$SBX" --user "$bad" -- true >"$tmp/out" 2>&1
	is "--user '$bad' is refused" "$?" 125
done
done_testing
