#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# t2022-trees.sh: cp -a, tar and rsync keep all of a tree: owners, modes, times,
# links, holes, attributes; as the user and as root of the sandbox, in memory,
# in an overlay and on the host.
. "${SRCDIR:-.}/t/lib.sh"

tree=$(cd "$SRCDIR" && pwd)/t/tree.py
for p in python3 tar cp; do
	command -v "$p" >/dev/null || skip_all "no $p"
done

# In $1: a tree, copies of it by each program, and what all of them are.
cat >"$tmp/copies" <<'END'
cd "$1" || exit 1
python3 "$2" make a $3 || exit 1
cp -a a b || exit 1
mkdir c && tar -C a --xattrs --xattrs-include='user.*' -S -cf - . |
	tar -C c --xattrs --xattrs-include='user.*' --numeric-owner -xpSf - ||
	exit 1
trees="a b c"
if command -v rsync >/dev/null; then
	rsync -aHXS --numeric-ids a/ d/ || exit 1
	trees="$trees d"
fi
set -- $(python3 "$2" sum $trees)
for s; do
	[ "$s" = "$1" ] || { echo "differs: $trees: $*"; exit 1; }
done
echo same
END

# copies NAME OPTIONS...: in $tmp/t, with those options.
copies()
{
	name=$1
	shift
	rm -rf "$tmp/t"
	mkdir "$tmp/t"
	out=$("$SBX" "$@" --ro "$tree" --ro "$tmp/copies" -- \
		sh "$tmp/copies" "$tmp/t" "$tree" ${root:+"$root"} 2>&1)
	is "$name" "$out" same
}

# Does the host's file system keep what is to be compared?
rw=
mkdir "$tmp/probe"
if (cd "$tmp/probe" && sh "$tmp/copies" "$tmp/probe" "$tree") \
    >"$tmp/out" 2>&1; then
	rw=1
fi

root=
copies "in memory" --tmpfs "$tmp/t"
copies "in an overlay" --overlay "$tmp/t"
root=root
copies "in memory, as root" --user 0 --tmpfs "$tmp/t"
copies "in an overlay, as root" --user 0 --overlay "$tmp/t"
if [ "$rw" ] && [ "$(id -u)" != 0 ]; then
	root=
	# The host takes no set-id bits.
	sed 's/0o4711, 0o2755/0o711, 0o755/; s/02755/0755/' "$tree" \
		>"$tmp/tree.py"
	tree=$tmp/tree.py
	sed -i 's/0o2755/0o755/' "$tree"
	copies "on the host" --rw "$tmp/t"
fi

# What the host has is copied up whole.
if [ "$rw" ]; then
	rm -rf "$tmp/t"
	mkdir "$tmp/t"
	python3 "$tree" make "$tmp/t/a"
	was=$(python3 "$tree" sum "$tmp/t/a")
	out=$("$SBX" --overlay "$tmp/t" --ro "$tree" -- sh -c "
		cd $tmp/t && python3 $tree sum a && cp -a a b &&
		python3 $tree sum b && mv a z && python3 $tree sum z &&
		find z -type f -exec touch -c -a {} + &&
		python3 $tree sum z" 2>&1)
	is "the host's tree, copied and moved" "$out" "$was
$was
$was
$was"
	is "... as it was on the host" "$(python3 "$tree" sum "$tmp/t/a")" \
		"$was"
fi
done_testing
