#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The documents name only what exists: paths of the tree, options of sbx,
# targets of make.
. "${SRCDIR:-.}/t/lib.sh"

cd "$SRCDIR" || exit 99

for doc in README ARCHITECTURE HACKING SECURITY NEWS t/README; do
	[ -s "$doc" ] || {
		not_ok "$doc is written"
		continue
	}
	missing=
	# Anything that begins with a folder of ours.  <name> stands for any.
	for path in $(grep -oE '(^|[^A-Za-z0-9_./-])(emul|interposer|loader|t|man|profiles|build-aux|m4|\.ci)/[A-Za-z0-9_./*<>{},-]*' \
		"$doc" | sed -e 's/^[^A-Za-z.]*//' -e 's/[.,:;)]*$//' | sort -u); do
		case $path in
		*'<'*) continue ;;
		esac
		found=
		for f in $path "$BUILDDIR/$path"; do
			[ -e "$f" ] && found=1
		done
		[ "$found" ] || missing="$missing $path"
	done
	is "$doc: every path exists" "$missing" ""
done

# Options of sbx: what the documents and the manual page use, --help has.
"$SBX" --help >"$tmp/help" 2>&1
missing=
for opt in $(cat README HACKING man/sbx.1 2>/dev/null |
	sed 's/\\-/-/g' | grep -E '(^|[^-a-z])(build/)?sbx -' |
	grep -oE ' --[a-z][a-z-]*' | sort -u); do
	grep -qE -e "$opt([^a-z-]|\$)" "$tmp/help" || missing="$missing $opt"
done
is "every option named is in sbx --help" "$missing" ""

# Options that --help has, the manual page explains.
if [ -f man/sbx.1 ]; then
	missing=
	for opt in $(grep -oE -e '--[a-z][a-z-]*' "$tmp/help" | sort -u); do
		grep -qE -e "Fl (Fl |-)${opt#--}( |\$)" man/sbx.1 ||
			missing="$missing $opt"
	done
	is "every option of sbx --help is in man/sbx.1" "$missing" ""
fi
done_testing
