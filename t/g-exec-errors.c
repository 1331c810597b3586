/* SPDX-License-Identifier: Apache-2.0 */
/* g-exec-errors.c: what execve answers when it does not start anything. */
#define _GNU_SOURCE
#include <elf.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "t/guest.h"

static char *const no_env[] = { NULL };

/* A file of @n bytes with mode @mode. */
static void make(const char *name, const void *data, size_t n, mode_t mode)
{
	int fd;

	unlink(name);
	fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || write(fd, data, n) != (ssize_t)n || fchmod(fd, mode))
		perror(name);
	close(fd);
}

static int run(const char *name)
{
	char *const argv[] = { (char *)(uintptr_t)name, NULL };

	return execve(name, argv, no_env);
}

static void script(const char *name, const char *line)
{
	make(name, line, strlen(line), 0755);
}

static void test_names(void)
{
	char *const argv[] = { (char *)(uintptr_t)"x", NULL };
	/* The compiler knows better than to call with these. */
	char *const *volatile bad = (char *const *)8;

	is_errno(run("/no/such/file"), ENOENT, "no such file");
	is_errno(run(""), ENOENT, "empty name");
	is_errno(run("/etc"), EACCES, "a directory");
	is_errno(run("/etc/passwd/x"), ENOTDIR, "below a file");
	is_errno(run("/dev/null"), EACCES, "a device");
	make("plain", "x", 1, 0644);
	is_errno(run("./plain"), EACCES, "not executable");
	symlink("loop", "loop");
	is_errno(run("./loop"), ELOOP, "a loop of links");
	unlink("loop");
	is_errno(execve((const char *)bad, argv, no_env), EFAULT, "bad name");
	is_errno(execve("/bin/true", bad, no_env), EFAULT,
		 "bad argv");
	is_errno(execve("/bin/true", argv, bad), EFAULT,
		 "bad envp");
	is_errno(execve("/bin/true", (char *const[]){ (char *)8, NULL },
			no_env), EFAULT, "bad string");
	unlink("plain");
}

static void test_scripts(void)
{
	make("s", "", 0, 0755);
	is_errno(run("./s"), ENOEXEC, "an empty file");
	script("s", "echo hello\n");
	is_errno(run("./s"), ENOEXEC, "a script without #!");
	script("s", "#!\n");
	is_errno(run("./s"), ENOEXEC, "#! and nothing");
	script("s", "#!   \t \n");
	is_errno(run("./s"), ENOEXEC, "#! and blanks");
	script("s", "#!");
	is_errno(run("./s"), EACCES, "#! at the end");
	script("s", "#!/no/such/interpreter -x\n");
	is_errno(run("./s"), ENOENT, "no such interpreter");
	script("s", "#!/etc\n");
	is_errno(run("./s"), EACCES, "a directory as interpreter");
	script("s", "#!/etc/passwd\n");
	is_errno(run("./s"), EACCES, "an interpreter not executable");
	script("s", "#!./s\n");
	is_errno(run("./s"), ELOOP, "its own interpreter");
	script("a", "#!/no/such\n");
	script("b", "#!./a\n");
	script("c", "#!./b\n");
	script("d", "#!./c\n");
	script("e", "#!./d\n");
	is_errno(run("./e"), ENOENT, "five interpreters");
	script("f", "#!./e\n");
	is_errno(run("./f"), ENOENT, "six of them");
	script("g", "#!./f\n");
	is_errno(run("./g"), ELOOP, "seven are too many");
	for (const char *p = "abcdefgs"; *p; p++)
		unlink((char[]){ *p, 0 });
}

static void test_elf(void)
{
	static const char text[4096] = { 0 };
	struct {
		Elf64_Ehdr eh;
		Elf64_Phdr ph[2];
		char interp[32];
	} x, y;

	memset(&x, 0, sizeof(x));
	memcpy(x.eh.e_ident, "\177ELF\2\1\1", 7);
	x.eh.e_type = ET_EXEC;
	x.eh.e_machine = EM_X86_64;
	x.eh.e_version = 1;
	x.eh.e_phoff = offsetof(__typeof__(x), ph);
	x.eh.e_ehsize = sizeof(x.eh);
	x.eh.e_phentsize = sizeof(x.ph[0]);
	x.eh.e_phnum = 2;
	x.ph[0].p_type = PT_INTERP;
	x.ph[0].p_offset = offsetof(__typeof__(x), interp);
	x.ph[0].p_filesz = sizeof("/no/such/ld.so");
	strcpy(x.interp, "/no/such/ld.so");
	x.ph[1].p_type = PT_LOAD;
	x.ph[1].p_flags = PF_R | PF_X;
	x.ph[1].p_vaddr = 0x400000;
	x.ph[1].p_filesz = x.ph[1].p_memsz = sizeof(x);
	x.ph[1].p_align = 0x1000;

	make("elf", &x, sizeof(x), 0755);
	is_errno(run("./elf"), ENOENT, "no such program interpreter");
	y = x;
	y.eh.e_type = ET_REL;
	make("elf", &y, sizeof(y), 0755);
	is_errno(run("./elf"), ENOEXEC, "an object file");
	y = x;
	y.eh.e_machine = EM_AARCH64;
	make("elf", &y, sizeof(y), 0755);
	is_errno(run("./elf"), ENOEXEC, "another machine's");
	y = x;
	y.eh.e_phentsize = 32;
	make("elf", &y, sizeof(y), 0755);
	is_errno(run("./elf"), ENOEXEC, "headers of a wrong size");
	y = x;
	y.eh.e_phnum = 0;
	make("elf", &y, sizeof(y), 0755);
	is_errno(run("./elf"), ENOEXEC, "no program headers");
	y = x;
	y.eh.e_phnum = 5000;
	make("elf", &y, sizeof(y), 0755);
	is_errno(run("./elf"), ENOEXEC, "too many program headers");
	y = x;
	y.eh.e_phoff = 1 << 20;
	make("elf", &y, sizeof(y), 0755);
	is_errno(run("./elf"), ENOEXEC, "headers behind the end");
	make("elf", &x, 60, 0755);
	is_errno(run("./elf"), ENOEXEC, "cut short in the header");
	make("elf", &x, 100, 0755);
	is_errno(run("./elf"), ENOEXEC, "cut short in the table");
	y = x;
	y.ph[0].p_filesz = 1;
	make("elf", &y, sizeof(y), 0755);
	is_errno(run("./elf"), ENOEXEC, "an interpreter's name too short");
	y.ph[0].p_filesz = 4097;
	make("elf", &y, sizeof(y), 0755);
	is_errno(run("./elf"), ENOEXEC, "too long");
	y.ph[0].p_filesz = 5;
	make("elf", &y, sizeof(y), 0755);
	is_errno(run("./elf"), ENOEXEC, "without an end");
	y = x;
	y.ph[0].p_offset = 1 << 20;
	make("elf", &y, sizeof(y), 0755);
	is_errno(run("./elf"), EIO, "behind the end of the file");
	y = x;
	strcpy(y.interp, "./text");
	y.ph[0].p_filesz = sizeof("./text");
	make("elf", &y, sizeof(y), 0755);
	make("text", text, sizeof(text), 0755);
	is_errno(run("./elf"), ELIBBAD, "an interpreter that is no ELF file");
	make("text", text, 10, 0755);
	is_errno(run("./elf"), EIO, "a short one");
	y.eh.e_machine = EM_386;
	make("text", &y, sizeof(y), 0755);
	is_errno(run("./elf"), ELIBBAD, "one of another machine");
	y.eh.e_machine = EM_X86_64;
	y.eh.e_phnum = 0;
	make("text", &y, sizeof(y), 0755);
	is_errno(run("./elf"), ELIBBAD, "one without program headers");
	make("text", text, sizeof(text), 0644);
	is_errno(run("./elf"), EACCES, "one not executable");
	unlink("text");
	unlink("elf");
}

static void test_limits(void)
{
	size_t big = 131072;
	char *s = malloc(big + 1), **argv;
	int n = 64;

	memset(s, 'x', big);
	s[big] = 0;
	is_errno(execve("/no/such", (char *const[]){ s, NULL }, no_env),
		 ENOENT, "the name comes first");
	make("s", "x", 1, 0755);
	is_errno(execve("./s", (char *const[]){ s, NULL }, no_env), E2BIG,
		 "a string that is too long");
	s[big - 1] = 0;
	is_errno(execve("./s", (char *const[]){ s, NULL }, no_env), ENOEXEC,
		 "one that is just not");
	argv = calloc((size_t)n + 1, sizeof(*argv));
	for (int i = 0; i < n; i++)
		argv[i] = s;
	is_errno(execve("./s", argv, no_env), E2BIG, "8 MiB of strings");
	argv[12] = NULL;
	is_errno(execve("./s", argv, no_env), ENOEXEC, "1.5 MiB of strings");
	is_errno(execve("./s", no_env, argv), ENOEXEC, "in the environment");
	free(argv);
	free(s);
	unlink("s");
}

static void test_at(void)
{
	char *const argv[] = { (char *)(uintptr_t)"x", NULL };
	int fd;

	script("s", "#!/no/such\n");
	symlink("s", "l");
	fd = open("s", O_RDONLY | O_CLOEXEC);
	is_errno(syscall(SYS_execveat, fd, "", argv, no_env, 0), ENOENT,
		 "empty name without AT_EMPTY_PATH");
	is_errno(syscall(SYS_execveat, fd, "", argv, no_env, AT_EMPTY_PATH),
		 ENOENT, "a script by a descriptor that will be closed");
	is_errno(syscall(SYS_execveat, -5, "s", argv, no_env, 0), EBADF,
		 "bad descriptor");
	is_errno(syscall(SYS_execveat, fd, "s", argv, no_env, 0), ENOTDIR,
		 "a file as directory");
	is_errno(syscall(SYS_execveat, AT_FDCWD, "l", argv, no_env,
			 AT_SYMLINK_NOFOLLOW), ELOOP, "AT_SYMLINK_NOFOLLOW");
	is_errno(syscall(SYS_execveat, AT_FDCWD, "s", argv, no_env, 0x40000),
		 EINVAL, "unknown flags");
	close(fd);
	unlink("s");
	unlink("l");
}

int main(void)
{
	need_exec_here();
	test_names();
	test_scripts();
	test_elf();
	test_limits();
	test_at();
	return done_testing();
}
