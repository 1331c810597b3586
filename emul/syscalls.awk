# SPDX-License-Identifier: Apache-2.0
# syscalls.awk: from syscalls.tbl makes all that must agree with it.
#
#	awk -v out=WHAT -f syscalls.awk entry/argkind.h syscalls.tbl
#
# WHAT is one of
#	proto	emul/sysproto.h: prototypes of the calls that exist
#	table	emul/systable.c: thunks and the dispatch table
#	names	emul/sysnames.h: names, levels and notes for the host side
#	man	man/sbx-syscalls.7
#	check	nothing, only look for mistakes
#
# POSIX awk only.  A mistake is told as file:line: text; the status is 1.

BEGIN {
	n_levels = split("full partial refused absent", level_word, " ")
	for (i = 1; i <= n_levels; i++)
		is_level[level_word[i]] = 1
	split("rdi rsi rdx r10 r8 r9", reg, " ")
	# No argument may be called so: C's words and the thunk's own names.
	n = split("t r auto break case char const continue default do " \
	    "double else enum extern float for goto if inline int long " \
	    "register restrict return short signed sizeof static struct " \
	    "switch typedef union unsigned void volatile while asm typeof " \
	    "unix linux", word, " ")
	for (i = 1; i <= n; i++)
		reserved[word[i]] = 1
	max_nr = -1
	# Linux left 337..423 free when all machines began to share numbers.
	GAP_FIRST = 337
	GAP_LAST = 423
}

function fail(text)
{
	printf "%s:%d: %s\n", FILENAME, FNR, text > "/dev/stderr"
	failed = 1
}

function trim(s)
{
	sub(/^[ \t]+/, "", s)
	sub(/[ \t]+$/, "", s)
	return s
}

# The list of kinds: X(ID, word, C type, flow) lines of argkind.h.
FILENAME ~ /\.h$/ {
	if ($0 !~ /^\tX\([A-Z0-9_]+, /)
		next
	s = $0
	sub(/^\tX\(/, "", s)
	sub(/\).*$/, "", s)
	if (split(s, part, /, */) != 4) {
		fail("a kind has four parts")
		next
	}
	if (part[2] in kind_id)
		fail("kind " part[2] " is there twice")
	kind_id[part[2]] = part[1]
	kind_type[part[2]] = part[3]
	kind_flow[part[2]] = part[4]
	n_kinds++
	next
}

/^[ \t]*(#|$)/ { next }

{
	row = $0
	note = ""
	bar = index(row, "|")
	if (bar) {
		note = trim(substr(row, bar + 1))
		row = substr(row, 1, bar - 1)
	}
	nf = split(row, f, " ")
	if (nf < 4) {
		fail("a row is: nr name level ret arg:kind ... | note")
		next
	}
	nr = f[1]
	name = f[2]
	if (nr !~ /^[0-9]+$/) {
		fail("not a number: " nr)
		next
	}
	nr += 0
	if (nr in sys_name) {
		fail("number " nr " is already " sys_name[nr])
		next
	}
	if (name !~ /^[a-z_][a-z0-9_]*$/)
		fail("not a name: " name)
	if (name in nr_of)
		fail("name " name " is already number " nr_of[name])
	if (nr <= last_nr && max_nr >= 0)
		fail("number " nr " comes after " last_nr)
	last_nr = nr

	level = f[3]
	err = "ENOSYS"
	eq = index(level, "=")
	if (eq) {
		err = substr(level, eq + 1)
		level = substr(level, 1, eq - 1)
		if (level != "refused")
			fail("only a refused call has an error")
	} else if (level == "refused") {
		fail("refused needs its error: refused=EPERM")
	}
	if (err !~ /^E[A-Z0-9]+$/)
		fail("not an error: " err)
	if (!(level in is_level))
		fail("unknown level: " level)
	if (note == "" && level != "full")
		fail(name " is " level " and has no note")
	if (note == "not yet" && level != "absent" && level != "full")
		fail(name " is " level ": the note has to say more")
	if (!(f[4] in kind_id))
		fail("unknown kind: " f[4])

	nargs = nf - 4
	if (nargs > 6) {
		fail("more than six arguments")
		next
	}
	for (i = 1; i <= nargs; i++) {
		a = f[i + 4]
		colon = index(a, ":")
		if (!colon) {
			fail("not arg:kind: " a)
			continue
		}
		arg = substr(a, 1, colon - 1)
		kind = substr(a, colon + 1)
		ref = ""
		paren = index(kind, "(")
		if (paren) {
			ref = substr(kind, paren + 1)
			kind = substr(kind, 1, paren - 1)
			if (!sub(/\)$/, "", ref))
				fail("no closing parenthesis: " a)
		}
		if (arg !~ /^[a-z_][a-z0-9_]*$/ || arg in reserved)
			fail("not a name for an argument: " arg)
		if (!(kind in kind_id))
			fail("unknown kind: " kind)
		if ((nr, arg) in arg_at)
			fail("argument " arg " is there twice")
		arg_at[nr, arg] = i
		arg_name[nr, i] = arg
		arg_kind[nr, i] = kind
		arg_ref[nr, i] = ref
	}
	for (i = 1; i <= nargs; i++)
		if (arg_ref[nr, i] != "" && !((nr, arg_ref[nr, i]) in arg_at))
			fail("no argument " arg_ref[nr, i] " in " name)

	sys_name[nr] = name
	nr_of[name] = nr
	sys_level[nr] = level
	sys_err[nr] = err
	sys_ret[nr] = f[4]
	sys_nargs[nr] = nargs
	sys_note[nr] = level == "full" ? "" : note
	count[level]++
	if (!(err in err_seen)) {
		err_seen[err] = 1
		err_list[++n_errs] = err
	}
	if (nr > max_nr)
		max_nr = nr
	next
}

function exists(nr)
{
	return sys_level[nr] == "full" || sys_level[nr] == "partial"
}

function head(what)
{
	print "/* SPDX-License-Identifier: Apache-2.0 */"
	print "/* " what "; made by syscalls.awk, do not edit. */"
}

# @s as the inside of a C string.
function c_str(s)
{
	gsub(/\\/, "\\\\", s)
	gsub(/"/, "\\\"", s)
	return s
}

function prototype(nr,    i, s)
{
	s = "long sys_" sys_name[nr] "(struct task *t"
	for (i = 1; i <= sys_nargs[nr]; i++)
		s = s ", " kind_type[arg_kind[nr, i]] " " arg_name[nr, i]
	return s ");"
}

function out_proto(    nr)
{
	head("sysproto.h: the calls the kernel has")
	print "#ifndef SBX_EMUL_SYSPROTO_H"
	print "#define SBX_EMUL_SYSPROTO_H"
	print ""
	print "#include \"emul/lib/types.h\""
	print ""
	print "struct task;"
	print ""
	print "#define NR_SYSCALLS " max_nr + 1
	print ""
	for (nr = 0; nr <= max_nr; nr++)
		if (nr in sys_name)
			print "#define NR_" sys_name[nr] " " nr
	print ""
	for (nr = 0; nr <= max_nr; nr++)
		if (nr in sys_name && exists(nr))
			print prototype(nr)
	print ""
	print "#endif"
}

function thunk(nr,    i)
{
	printf "static long thunk_%s(struct task *t, const struct regs *r)\n",
	    sys_name[nr]
	print "{"
	if (!sys_nargs[nr])
		print "\t(void)r;"
	printf "\treturn sys_%s(t", sys_name[nr]
	for (i = 1; i <= sys_nargs[nr]; i++)
		printf ",\n\t\t(%s)r->%s", kind_type[arg_kind[nr, i]], reg[i]
	print ");"
	print "}"
	print ""
}

# The arrays of argument names: many calls share one.
function names_of(nr,    i, s)
{
	s = ""
	for (i = 1; i <= sys_nargs[nr]; i++)
		s = s (i > 1 ? "_" : "") arg_name[nr, i]
	return s == "" ? "" : "names_" s
}

function out_table(    nr, i, e, s, done, ref)
{
	head("systable.c: thunks and the dispatch table")
	print "#include \"emul/sysproto.h\""
	print ""
	print "#include <linux/errno.h>"
	print ""
	print "#include \"emul/abi/regs.h\""
	print "#include \"emul/entry/argkind.h\""
	print "#include \"emul/entry/dispatch.h\""
	print ""
	for (i = 1; i <= n_errs; i++) {
		e = err_list[i]
		print "static long refuse_" e \
		    "(struct task *t, const struct regs *r)"
		print "{"
		print "\t(void)t;"
		print "\t(void)r;"
		print "\treturn -" e ";"
		print "}"
		print ""
	}
	for (nr = 0; nr <= max_nr; nr++)
		if (nr in sys_name && exists(nr))
			thunk(nr)
	for (nr = 0; nr <= max_nr; nr++) {
		if (!(nr in sys_name))
			continue
		s = names_of(nr)
		if (s == "" || s in done)
			continue
		done[s] = 1
		printf "static const char *const %s[] = {", s
		for (i = 1; i <= sys_nargs[nr]; i++)
			printf "%s\n\t\"%s\"", (i > 1 ? "," : ""), \
			    arg_name[nr, i]
		print "\n};"
		print ""
	}
	print "const struct sysdesc systable[NR_SYSCALLS] = {"
	for (nr = 0; nr <= max_nr; nr++) {
		if (!(nr in sys_name))
			continue
		printf "\t[%d] = {\n", nr
		printf "\t\t.fn = %s%s,\n", \
		    (exists(nr) ? "thunk_" : "refuse_"), \
		    (exists(nr) ? sys_name[nr] : sys_err[nr])
		printf "\t\t.name = \"%s\",\n", sys_name[nr]
		printf "\t\t.level = SYS_%s,\n", toupper(sys_level[nr])
		if (!exists(nr))
			printf "\t\t.err = %s,\n", sys_err[nr]
		printf "\t\t.ret = AK_%s,\n", kind_id[sys_ret[nr]]
		if (sys_nargs[nr]) {
			printf "\t\t.nargs = %d,\n", sys_nargs[nr]
			printf "\t\t.arg_names = %s,\n", names_of(nr)
			printf "\t\t.kind = {"
			for (i = 1; i <= sys_nargs[nr]; i++)
				printf "%s AK_%s", (i > 1 ? "," : ""), \
				    kind_id[arg_kind[nr, i]]
			print " },"
			printf "\t\t.ref = {"
			for (i = 1; i <= sys_nargs[nr]; i++) {
				ref = arg_ref[nr, i]
				printf "%s %s", (i > 1 ? "," : ""), (ref == "" ? \
				    "ARG_NO_REF" : arg_at[nr, ref] - 1)
			}
			print " },"
		}
		print "\t},"
	}
	printf "\t[%d ... %d] = {\n", GAP_FIRST, GAP_LAST
	print "\t\t.fn = refuse_ENOSYS,"
	print "\t\t.level = SYS_ABSENT,"
	print "\t\t.err = ENOSYS,"
	print "\t},"
	print "};"
}

# Arrays, for each pointer would be one more relocation at every start of sbx.
function out_names(    nr, i, ptrs, flow, n_name, n_note)
{
	n_name = n_note = 1
	for (nr in sys_name) {
		if (length(sys_name[nr]) >= n_name)
			n_name = length(sys_name[nr]) + 1
		if (length(c_str(sys_note[nr])) >= n_note)
			n_note = length(c_str(sys_note[nr])) + 1
	}
	head("sysnames.h: every call, for the host side and tests")
	print "#ifndef SBX_EMUL_SYSNAMES_H"
	print "#define SBX_EMUL_SYSNAMES_H"
	print ""
	print "struct sysname {"
	print "\tint nr;"
	print "\tint nargs;"
	print "\tunsigned int ptrs;\t/* bit i: argument i is a pointer */"
	print "\tchar name[" n_name "];"
	print "\tchar level[8];\t/* full partial refused absent */"
	print "\tchar error[16];\t/* what a refused or absent one gives */"
	print "\tchar note[" n_note "];\t/* \"\" when full */"
	print "};"
	print ""
	print "static const struct sysname sysnames[] = {"
	for (nr = 0; nr <= max_nr; nr++) {
		if (!(nr in sys_name))
			continue
		ptrs = 0
		for (i = sys_nargs[nr]; i >= 1; i--) {
			flow = kind_flow[arg_kind[nr, i]]
			ptrs = ptrs * 2 + (flow != "VAL")
		}
		printf "\t{ %d, %d, %d, \"%s\", \"%s\",\n", nr, \
		    sys_nargs[nr], ptrs, sys_name[nr], sys_level[nr]
		printf "\t  \"%s\", \"%s\" },\n", \
		    (exists(nr) ? "" : sys_err[nr]), c_str(sys_note[nr])
	}
	print "};"
	print ""
	print "#endif"
}

# @s as a line of mdoc text.
function mdoc(s)
{
	gsub(/\\/, "\\e", s)
	if (s ~ /^[.']/)
		s = "\\&" s
	return s
}

function man_list(level,    nr, first)
{
	if (level == "full") {
		for (nr = max_nr; nr >= 0 && sys_level[nr] != "full"; nr--)
			;
		last = nr
		for (nr = 0; nr <= max_nr; nr++)
			if (nr in sys_name && sys_level[nr] == level)
				print ".Fn " sys_name[nr] \
				    (nr == last ? " ." : " ,")
		return
	}
	print ".Bl -tag -width Ds"
	for (nr = 0; nr <= max_nr; nr++) {
		if (!(nr in sys_name) || sys_level[nr] != level)
			continue
		if (level == "absent" && sys_note[nr] == "not yet")
			continue
		print ".It Fn " sys_name[nr] \
		    (level == "refused" ? " Bq Er " sys_err[nr] : "")
		print mdoc(sys_note[nr]) "."
	}
	print ".El"
}

function out_man(    nr, n, i)
{
	print ".\\\" SPDX-License-Identifier: Apache-2.0"
	print ".\\\" Made by syscalls.awk from syscalls.tbl, do not edit."
	print ".Dd November 21, 2026"
	print ".Dt SBX-SYSCALLS 7"
	print ".Os"
	print ".Sh NAME"
	print ".Nm sbx-syscalls"
	print ".Nd which system calls a program finds inside sbx"
	print ".Sh DESCRIPTION"
	print "A program started by"
	print ".Xr sbx 1"
	print "talks to a kernel of sbx's own."
	printf "Of the %d system calls of Linux for x86-64 that it knows,\n", \
	    count["full"] + count["partial"] + count["refused"] + \
	    count["absent"]
	printf "%d are full, %d partial, %d refused and %d absent.\n", \
	    count["full"], count["partial"], count["refused"], count["absent"]
	print ".Pp"
	print "The same list is printed by"
	print ".Ql sbx --syscalls ."
	print "A refused or absent call that a program makes is seen with"
	print ".Ql sbx --trace ."
	print ".Sh FULL"
	print "These do what Linux does, as far as is known:"
	man_list("full")
	if (count["partial"]) {
		print ".Sh PARTIAL"
		print "These work, and lack what is said here:"
		man_list("partial")
	}
	if (count["refused"]) {
		print ".Sh REFUSED"
		print "These fail with the error in brackets, on purpose:"
		man_list("refused")
	}
	if (count["absent"]) {
		print ".Sh ABSENT"
		print "These fail with"
		print ".Er ENOSYS ."
		print "So does every number that is not in this list."
		n = 0
		for (nr = 0; nr <= max_nr; nr++)
			if (sys_level[nr] == "absent" && \
			    sys_note[nr] == "not yet")
				yet[++n] = sys_name[nr]
		if (n) {
			print ".Pp"
			print "Not written yet:"
			for (i = 1; i <= n; i++)
				print ".Fn " yet[i] (i == n ? " ." : " ,")
		}
		if (n < count["absent"]) {
			print ".Pp"
			print "Absent for a reason:"
			man_list("absent")
		}
	}
	print ".Sh SEE ALSO"
	print ".Xr sbx 1 ,"
	print ".Xr syscalls 2"
}

END {
	if (!n_kinds) {
		print "syscalls.awk: no kinds: argkind.h first" > "/dev/stderr"
		failed = 1
	}
	for (n = 0; n <= max_nr && !failed; n++)
		if (!(n in sys_name) && (n < GAP_FIRST || n > GAP_LAST)) {
			printf "%s:%d: no row for number %d\n", \
			    FILENAME, FNR, n > "/dev/stderr"
			failed = 1
		}
	if (max_nr <= GAP_LAST && !failed) {
		printf "%s:%d: the list is cut short\n", FILENAME, FNR \
		    > "/dev/stderr"
		failed = 1
	}
	if (failed)
		exit 1
	if (out == "proto")
		out_proto()
	else if (out == "table")
		out_table()
	else if (out == "names")
		out_names()
	else if (out == "man")
		out_man()
	else if (out != "check") {
		print "syscalls.awk: unknown output: " out > "/dev/stderr"
		exit 1
	}
}
