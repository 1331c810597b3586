# SPDX-License-Identifier: Apache-2.0
# profile-text.awk: profiles, as a table of strings in C.
function close_last()
{
	if (name != "")
		printf "\t  },\n"
}

BEGIN {
	print "/* Made by profile-text.awk. */"
	printf "#define SBX_CONFDIR \"%s\"\n", confdir
	printf "#define SBX_DATADIR \"%s\"\n", datadir
	print "static const struct {"
	print "\tconst char *name, *text;"
	print "} built_in[] = {"
}

FNR == 1 {
	close_last()
	name = FILENAME
	sub(/.*\//, "", name)
	printf "\t{ \"%s\",\n", name
}

# Comments are for those who read the file; the lines keep their numbers.
/^#/ { $0 = "" }

{
	gsub(/\\/, "\\\\")
	gsub(/"/, "\\\"")
	printf "\t  \"%s\\n\"\n", $0
}

END {
	close_last()
	print "};"
}
