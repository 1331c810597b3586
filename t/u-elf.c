/* SPDX-License-Identifier: Apache-2.0 */
/* u-elf.c: headers of programs, and first lines of scripts. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "emul/task/elf.h"
#include "emul/task/exec.h"
#include "emul/task/script.h"
#include "t/unit.h"

static struct elf64_hdr good(void)
{
	struct elf64_hdr eh = {
		.e_ident = { 0x7f, 'E', 'L', 'F', 2, 1, 1 },
		.e_type = ET_DYN, .e_machine = EM_X86_64,
		.e_phentsize = sizeof(struct elf64_phdr), .e_phnum = 3,
		.e_phoff = 64,
	};

	return eh;
}

START_TEST(test_header)
{
	struct elf64_hdr eh = good();

	ck_assert_int_eq(elf_check(&eh), 0);
	ck_assert_int_eq(elf_check_table(&eh), 0);
	eh.e_type = ET_CORE;
	ck_assert_int_eq(elf_check(&eh), -ENOEXEC);
	eh = good();
	eh.e_machine = 3;
	ck_assert_int_eq(elf_check(&eh), -ENOEXEC);
	eh = good();
	eh.e_ident[1] = 'e';
	ck_assert_int_eq(elf_check(&eh), -ENOEXEC);
	eh = good();
	eh.e_phnum = 0;
	ck_assert_int_eq(elf_check_table(&eh), -ENOEXEC);
	eh.e_phnum = 1171;
	ck_assert_int_eq(elf_check_table(&eh), -ENOEXEC);
	eh.e_phnum = 1170;
	ck_assert_int_eq(elf_check_table(&eh), 0);
	eh.e_phentsize = 32;
	ck_assert_int_eq(elf_check_table(&eh), -ENOEXEC);
}
END_TEST

START_TEST(test_segments)
{
	struct elf64_hdr eh = good();
	struct elf64_phdr ph[3] = {
		{ .p_type = PT_LOAD, .p_offset = 0, .p_vaddr = 0x400000,
		  .p_filesz = 0x234, .p_memsz = 0x234, .p_align = 0x1000,
		  .p_flags = PF_R },
		{ .p_type = PT_LOAD, .p_offset = 0x1000, .p_vaddr = 0x401010,
		  .p_filesz = 0x10, .p_memsz = 0x5000, .p_align = 0x200000,
		  .p_flags = PF_R | PF_X },
		{ .p_type = PT_GNU_STACK, .p_flags = PF_R | PF_W },
	};

	ck_assert_uint_eq(elf_span(ph, 3), 0x6010);
	ck_assert_uint_eq(elf_span(ph + 2, 1), 0);
	ck_assert_uint_eq(elf_align(ph, 3), 0x200000);
	ph[1].p_align = 0x200001;
	ck_assert_uint_eq(elf_align(ph, 3), 0x1000);
	ck_assert_uint_eq(elf_phdr_addr(&eh, ph), 0x400040);
	eh.e_phoff = 0x300;
	ck_assert_uint_eq(elf_phdr_addr(&eh, ph), 0);
	ck_assert_ptr_eq(elf_find(ph, 3, PT_GNU_STACK), &ph[2]);
	ck_assert_ptr_null(elf_find(ph, 3, PT_INTERP));
	ck_assert_int_eq(elf_prot(PF_R | PF_X), 5);
}
END_TEST

/* "interp|arg", or the errno. */
static const char *parse(const char *line)
{
	static char out[600];
	char buf[SCRIPT_LINE] = { 0 }, *interp, *arg;
	size_t n = strlen(line);

	memcpy(buf, line, MIN(n, sizeof(buf)));
	if (script_parse(buf, &interp, &arg))
		return "ENOEXEC";
	snprintf(out, sizeof(out), "%s|%s", interp, arg ? arg : "-");
	return out;
}

START_TEST(test_script)
{
	char line[400];

	ck_assert_str_eq(parse("#!/bin/sh\n"), "/bin/sh|-");
	ck_assert_str_eq(parse("#! \t/bin/sh  \n"), "/bin/sh|-");
	ck_assert_str_eq(parse("#!/bin/sh -e\n"), "/bin/sh|-e");
	ck_assert_str_eq(parse("#!/bin/sh  -e  x y \t\nmore"),
			 "/bin/sh|-e  x y");
	ck_assert_str_eq(parse("#!/bin/sh"), "/bin/sh|-");
	ck_assert_str_eq(parse("#!\n"), "ENOEXEC");
	ck_assert_str_eq(parse("#! \n"), "ENOEXEC");
	ck_assert_str_eq(parse("#!"), "|-");
	ck_assert_str_eq(parse("#"), "ENOEXEC");
	ck_assert_str_eq(parse("x!/bin/sh\n"), "ENOEXEC");
	/* A name that is cut off is not used, a cut argument is. */
	memset(line, 'a', sizeof(line));
	memcpy(line, "#!/", 3);
	line[399] = 0;
	ck_assert_str_eq(parse(line), "ENOEXEC");
	memcpy(line, "#!/bin/sh ", 10);
	ck_assert_uint_eq(strlen(parse(line)), 255 - 2);
	memset(line, ' ', 399);
	memcpy(line, "#!", 2);
	ck_assert_str_eq(parse(line), "ENOEXEC");
}
END_TEST

START_TEST(test_strings)
{
	struct exec_strings s;
	char big[5000];

	exec_strings_init(&s);
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = 0;
	ck_assert_int_eq(exec_push(&s, "last"), 0);
	ck_assert_int_eq(exec_push(&s, big), 0);
	ck_assert_int_eq(exec_push(&s, ""), 0);
	ck_assert_int_eq(exec_push_user(&s, (uaddr_t)(uintptr_t)big), 0);
	ck_assert_int_eq(exec_push_user(&s, (uaddr_t)(uintptr_t)"one"), 0);
	s.argc = 1;
	ck_assert_uint_eq(s.used, 4 + 5000 + 1 + 5000 + 5);
	ck_assert_str_eq(s.mem + s.cap - s.used, "one");
	exec_pop_arg(&s);
	ck_assert_str_eq(s.mem + s.cap - s.used, big);
	ck_assert_str_eq(s.mem + s.cap - 5, "last");
	ck_assert_uint_eq(s.argc, 0);
	exec_strings_free(&s);

	exec_strings_init(&s);
	ck_assert_int_eq(exec_strings_limit(&s, 1, 1, 8 << 20), 0);
	ck_assert_uint_eq(s.limit, (2 << 20) - 16);
	ck_assert_int_eq(exec_strings_limit(&s, 0, 0, 4096), 0);
	ck_assert_uint_eq(s.limit, 131072 - 8);
	ck_assert_int_eq(exec_strings_limit(&s, 20000, 0, 4096), -E2BIG);
	ck_assert_int_eq(exec_strings_limit(&s, 0, 0, UINT64_MAX), 0);
	ck_assert_uint_eq(s.limit, (6 << 20) - 8);
	exec_strings_init(&s);
	s.limit = 10;
	ck_assert_int_eq(exec_push(&s, "123456789"), 0);
	ck_assert_int_eq(exec_push(&s, ""), -E2BIG);
	ck_assert_int_eq(exec_push_user(&s, (uaddr_t)(uintptr_t)""), -E2BIG);
	exec_strings_free(&s);
}
END_TEST

UNIT_MAIN("elf", test_header, test_segments, test_script, test_strings)
