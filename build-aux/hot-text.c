/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hot-text.c: which functions of the kernel run when sbx does?  `make hot-text`
 * writes them to interposer/hot.lds.
 *
 * usage: hot-text KERNEL.ELF SBX-COMMAND... [, SBX-COMMAND...]
 *
 * Each command is run, and its processes, but not sbx itself, are stepped
 * through one instruction at a time by ptrace(2), which takes a while.  On
 * standard output, which they do not get: an input section a function that ran.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/types.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define MANY	16384

static struct function {
	uint64_t start, end;
	int ran;
	char name[64];
} functions[MANY];
static size_t n_functions;

/* By nm(1), which sorts them: address, size, type, name. */
static void read_functions(const char *elf)
{
	char command[4096], line[256], type;
	struct function *f;
	FILE *p;

	snprintf(command, sizeof(command), "nm -S -n '%s'", elf);
	p = popen(command, "r");
	while (p && fgets(line, sizeof(line), p) && n_functions < MANY) {
		f = &functions[n_functions];
		if (sscanf(line, "%lx %lx %c %63s", &f->start, &f->end, &type,
			   f->name) == 4 &&
		    strchr("tT", type)) {
			f->end += f->start;
			/* What the compiler made of a function is beside it. */
			f->name[strcspn(f->name, ".")] = '\0';
			n_functions++;
		}
	}
	if (!p || pclose(p) || !n_functions) {
		fprintf(stderr, "hot-text: %s: no functions\n", elf);
		exit(1);
	}
}

static void ran(uint64_t rip)
{
	size_t lo = 0, hi = n_functions;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (rip < functions[mid].start)
			hi = mid;
		else if (rip >= functions[mid].end)
			lo = mid + 1;
		else {
			functions[mid].ran = 1;
			return;
		}
	}
}

static void step_through(char **argv)
{
	struct user_regs_struct r;
	pid_t sbx = fork(), pid;
	int status, signo;

	if (!sbx) {
		dup2(STDERR_FILENO, STDOUT_FILENO);
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		execvp(*argv, argv);
		_exit(127);
	}
	waitpid(sbx, &status, 0);
	ptrace(PTRACE_SETOPTIONS, sbx, NULL,
	       PTRACE_O_TRACEFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC |
		       PTRACE_O_EXITKILL);
	ptrace(PTRACE_CONT, sbx, NULL, NULL);
	while ((pid = waitpid(-1, &status, __WALL)) > 0) {
		if (!WIFSTOPPED(status)) {
			if (pid == sbx)
				break;
			continue;
		}
		signo = WSTOPSIG(status);
		if (status >> 16 || signo == SIGTRAP || signo == SIGSTOP)
			signo = 0;
		if (pid != sbx && !ptrace(PTRACE_GETREGS, pid, NULL, &r))
			ran(r.rip);
		ptrace(pid == sbx ? PTRACE_CONT : PTRACE_SINGLESTEP, pid, NULL,
		       (void *)(intptr_t)signo);
	}
	if (!WIFEXITED(status) || WEXITSTATUS(status)) {
		fprintf(stderr, "hot-text: %s failed\n", *argv);
		exit(1);
	}
}

int main(int argc, char **argv)
{
	int at = 2;

	if (argc < 3) {
		fprintf(stderr, "usage: hot-text KERNEL.ELF COMMAND... "
				"[, COMMAND...]\n");
		return 2;
	}
	read_functions(argv[1]);
	for (int i = 2; i <= argc; i++) {
		if (i < argc && strcmp(argv[i], ","))
			continue;
		argv[i] = NULL;
		step_through(argv + at);
		at = i + 1;
	}
	for (size_t i = 0; i < n_functions; i++)
		if (functions[i].ran)
			printf("\t\t*(.text.%s .text.%s.*)\n",
			       functions[i].name, functions[i].name);
	return 0;
}
