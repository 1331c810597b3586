# SPDX-License-Identifier: Apache-2.0
# symbols.awk: names of the kernel's functions, for the messages of sbx.
#
# usage: nm -n kernel.elf | awk -f build-aux/symbols.awk >kernel-symbols.h
#
# Offsets from the image's start and into one string: nothing to be relocated
# when sbx starts.
BEGIN { n = 0 }
function hex(s,	i, v) {
	v = 0
	for (i = 1; i <= length(s); i++)
		v = v * 16 + index("0123456789abcdef", substr(s, i, 1)) - 1
	return v
}
# The low half is enough: the image is far smaller, and awk's numbers are exact.
$2 ~ /^[tT]$/ {
	low = hex(substr($1, 9))
	if (!n)
		base = low - low % 4096
	at[n] = low - base
	name[n++] = $3
}
END {
	pos = 0
	print "/* Made from kernel.elf by build-aux/symbols.awk. */"
	print "static const uint32_t symbol_at[] = {"
	for (i = 0; i < n; i++)
		print "\t" at[i] ","
	print "};"
	print "static const uint32_t symbol_name[] = {"
	for (i = 0; i < n; i++) {
		print "\t" pos ","
		pos += length(name[i]) + 1
	}
	print "};"
	print "static const char symbol_names[] ="
	for (i = 0; i < n; i++)
		print "\t\"" name[i] "\\0\""
	print "\t;"
}
