/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mkfilter.c: build-time tool: from a table of vetted host calls to filters.
 *
 *	mkfilter gate TABLE	the sandbox's filters, one for each set of
 *				features, behind the test of arch and pointer
 *	mkfilter plain NAME TABLE	filters without a test of the pointer:
 *				NAME, NAME_sock with the feature
 *				"sock", NAME_net with "net" too
 *	mkfilter rows TABLE	VETTED_ROW(...) lines: the table for C
 *
 * libseccomp turns the rules into a program; it has no rule for the
 * instruction pointer, so those few instructions stand here and go in front.
 * mkfilter-table.c reads the table.
 */
#include "config.h"

#include "loader/mkfilter.h"

#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

static void add_rule(scmp_filter_ctx ctx, int nr, unsigned int n,
		     const struct scmp_arg_cmp *cmp)
{
	int ret = seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, nr, n, cmp);

	if (ret)
		die("seccomp_rule_add: %s", strerror(-ret));
}

/* Each choice of one block from each test is a rule. */
static void add_product(scmp_filter_ctx ctx, int nr, const struct allow *a,
			size_t depth, struct scmp_arg_cmp *cmp)
{
	const struct test *t = &a->test[depth];

	if (depth == a->count) {
		add_rule(ctx, nr, (unsigned int)depth, cmp);
		return;
	}
	if (t->less) {
		cmp[depth] = SCMP_CMP64(t->arg, SCMP_CMP_LT, t->bound, 0);
		add_product(ctx, nr, a, depth + 1, cmp);
		return;
	}
	for (size_t i = 0; i < t->count; i++) {
		const struct block *b = &t->block[i];

		if (b->mask == ~0ULL)
			cmp[depth] = SCMP_CMP64(t->arg, SCMP_CMP_EQ, b->value,
						0);
		else
			cmp[depth] = SCMP_CMP64(t->arg, SCMP_CMP_MASKED_EQ,
						b->mask, b->value);
		add_product(ctx, nr, a, depth + 1, cmp);
	}
}

static bool has(const char *const *features, const char *feature)
{
	if (!feature)
		return true;
	for (; *features; features++)
		if (!strcmp(*features, feature))
			return true;
	return false;
}

static void must(int ret, const char *what)
{
	if (ret)
		die("%s: %s", what, strerror(-ret));
}

/* Returns the program, of *count instructions. */
static struct sock_filter *build(const char *const *features, size_t *count)
{
	static struct sock_filter prog[BPF_MAXINSNS];
	scmp_filter_ctx ctx;
	FILE *f = tmpfile();
	size_t n;

	/* The host that builds need not be the host that runs. */
	must(seccomp_api_set(3), "seccomp_api_set");
	ctx = seccomp_init(SCMP_ACT_KILL_PROCESS);
	if (!ctx || !f)
		die("seccomp_init");
	must(seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH,
			      SCMP_ACT_KILL_PROCESS), "BADARCH");
	must(seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2), "OPTIMIZE");
	if (seccomp_arch_exist(ctx, SCMP_ARCH_X86_64) == -EEXIST) {
		must(seccomp_arch_add(ctx, SCMP_ARCH_X86_64), "arch");
		must(seccomp_arch_remove(ctx, SCMP_ARCH_NATIVE), "arch");
	}
	for (size_t i = 0; i < row_count; i++) {
		const struct row *r = &rows[i];
		struct scmp_arg_cmp cmp[MAX_TESTS];
		int nr = seccomp_syscall_resolve_name_arch(SCMP_ARCH_X86_64,
							   r->name);

		if (!has(features, r->when))
			continue;
		if (!r->allow_count)
			add_rule(ctx, nr, 0, NULL);
		for (size_t j = 0; j < r->allow_count; j++)
			add_product(ctx, nr, &r->allow[j], 0, cmp);
	}
	must(seccomp_export_bpf(ctx, fileno(f)), "seccomp_export_bpf");
	seccomp_release(ctx);
	rewind(f);
	n = fread(prog, sizeof(prog[0]), BPF_MAXINSNS, f);
	fclose(f);
	if (!n || n > BPF_MAXINSNS - 16)
		die("a program of %zu instructions", n);
	*count = n;
	return prog;
}

static void print_insn(const char *note, unsigned int code, unsigned int jt,
		       unsigned int jf, const char *k)
{
	printf("\t{ 0x%02x, %u, %u, %s },%s%s%s\n", code, jt, jf, k,
	       note ? "\t/* " : "", note ? note : "", note ? " */" : "");
}

#define DATA(field) ((unsigned int)offsetof(struct seccomp_data, field))

/*
 * Any other architecture (int $0x80) and any other place than the gate is
 * trapped and answered by the kernel; at the gate the list decides.
 */
static void print_prologue(void)
{
	char k[32];

	snprintf(k, sizeof(k), "%u", DATA(arch));
	print_insn("arch", BPF_LD | BPF_W | BPF_ABS, 0, 0, k);
	snprintf(k, sizeof(k), "0x%xU", AUDIT_ARCH_X86_64);
	print_insn(NULL, BPF_JMP | BPF_JEQ | BPF_K, 0, 4, k);
	snprintf(k, sizeof(k), "%u", DATA(instruction_pointer) + 4);
	print_insn("pointer, high", BPF_LD | BPF_W | BPF_ABS, 0, 0, k);
	print_insn(NULL, BPF_JMP | BPF_JEQ | BPF_K, 0, 2,
		   "(uint32_t)((uint64_t)(VETTED_GATE_RET) >> 32)");
	snprintf(k, sizeof(k), "%u", DATA(instruction_pointer));
	print_insn("low", BPF_LD | BPF_W | BPF_ABS, 0, 0, k);
	print_insn(NULL, BPF_JMP | BPF_JEQ | BPF_K, 1, 0,
		   "(uint32_t)(VETTED_GATE_RET)");
	snprintf(k, sizeof(k), "0x%xU", SECCOMP_RET_TRAP);
	print_insn("trap", BPF_RET | BPF_K, 0, 0, k);
}

static void print_program(const char *name, bool prologue,
			  const char *const *features)
{
	size_t n;
	const struct sock_filter *p = build(features, &n);

	printf("\nstatic const struct sock_filter %s[] = {\n", name);
	if (prologue)
		print_prologue();
	for (size_t i = 0; i < n; i++) {
		char k[16];

		snprintf(k, sizeof(k), "0x%xU", p[i].k);
		print_insn(NULL, p[i].code, p[i].jt, p[i].jf, k);
	}
	printf("};\n");
}

static void print_head(void)
{
	printf("/* Made by mkfilter from %s: do not edit. */\n", table_name);
}

static void print_gate(void)
{
	static const struct {
		const char *name;
		const char *features[3];
	} sets[] = {
		{ "vetted_filter", { NULL } },
		{ "vetted_filter_scope", { "scope" } },
		{ "vetted_filter_net", { "net" } },
		{ "vetted_filter_scope_net", { "scope", "net" } },
	};

	print_head();
	printf("/*\n * VETTED_GATE_RET: the address after the gate's syscall."
	       "\n * Where it is not a constant, leave it 0 and set k of the"
	       "\n * instructions VETTED_IP_HIGH and VETTED_IP_LOW.\n */\n"
	       "#ifndef VETTED_GATE_RET\n#define VETTED_GATE_RET 0\n#endif\n"
	       "#define VETTED_IP_HIGH 3\n#define VETTED_IP_LOW 5\n");
	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++)
		print_program(sets[i].name, true, sets[i].features);
}

static void print_string(const char *s)
{
	putchar('"');
	for (; s && *s; s++) {
		if (*s == '"' || *s == '\\')
			putchar('\\');
		putchar(*s);
	}
	putchar('"');
}

static void print_rows(void)
{
	print_head();
	for (size_t i = 0; i < row_count; i++) {
		const struct row *r = &rows[i];

		if (!r->why || !r->safe)
			die("%s: why and safe are needed", r->name);
		printf("VETTED_ROW(%d, \"%s\", ",
		       seccomp_syscall_resolve_name_arch(SCMP_ARCH_X86_64,
							 r->name), r->name);
		print_string(r->args);
		printf(",\n\t");
		print_string(r->when);
		printf(",\n\t");
		print_string(r->why);
		printf(",\n\t");
		print_string(r->safe);
		printf(",");
		if (!r->allow_count)
			printf("\n\t\"\"");
		for (size_t j = 0; j < r->allow_count; j++) {
			printf("\n\t");
			print_string(r->allow[j].text);
			printf(" \"\\n\"");
		}
		printf(")\n");
	}
}

int main(int argc, char **argv)
{
	static const char *const none[] = { NULL };
	static const char *const sock[] = { "sock", NULL };
	static const char *const net[] = { "sock", "net", NULL };
	char name[64];

	if (argc == 3 && !strcmp(argv[1], "gate")) {
		table_read(argv[2]);
		print_gate();
	} else if (argc == 4 && !strcmp(argv[1], "plain")) {
		table_read(argv[3]);
		print_head();
		print_program(argv[2], false, none);
		snprintf(name, sizeof(name), "%s_sock", argv[2]);
		print_program(name, false, sock);
		snprintf(name, sizeof(name), "%s_net", argv[2]);
		print_program(name, false, net);
	} else if (argc == 3 && !strcmp(argv[1], "rows")) {
		table_read(argv[2]);
		print_rows();
	} else {
		fprintf(stderr, "usage: mkfilter gate|rows TABLE\n"
			"       mkfilter plain NAME TABLE\n");
		return 2;
	}
	if (fflush(stdout) || ferror(stdout)) {
		perror("mkfilter");
		return 1;
	}
	return 0;
}
