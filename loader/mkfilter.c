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
 * The form of a table is told at the top of emul/abi/vetted.tbl.
 */
#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <seccomp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <asm/ioctls.h>
#include <asm/termbits.h>
#include <asm/unistd.h>
#include <linux/audit.h>
#include <linux/falloc.h>
#include <linux/fcntl.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/mman.h>
#include <linux/membarrier.h>
#include <linux/seccomp.h>
#include <sys/stat.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "emul/abi/hostclone.h"
#include "emul/abi/hostfd.h"
#include "emul/abi/region.h"
#include "loader/broker/confine.h"

#define MAX_ROWS	128
#define MAX_ALLOW	8
#define MAX_TESTS	6
#define MAX_BLOCKS	64

/* What the tables may name. */
static const struct {
	const char *name;
	uint64_t value;
} names[] = {
#define N(x) { #x, (uint64_t)(x) }
	N(REGION_START), N(SLOTS_BASE), N(SLOTS_SIZE),
	N(HOSTFD_META), N(HOSTFD_SLOTS), N(HOSTFD_DATA), N(HOSTFD_CHANNEL),
	N(HOSTFD_FIRST_FREE), N(HOSTFD_END), N(HOST_SIGKICK),
	N(HOST_CLONE_THREAD), N(HOST_CLONE_PROCESS),
	N(FUTEX_WAIT), N(FUTEX_WAKE), N(FUTEX_WAIT_BITSET),
	N(FUTEX_WAKE_BITSET), N(FUTEX_CLOCK_REALTIME),
	N(PROT_NONE), N(PROT_READ), N(PROT_WRITE), N(PROT_EXEC),
	N(MAP_SHARED), N(MAP_PRIVATE), N(MAP_FIXED), N(MAP_ANONYMOUS),
	N(MAP_NORESERVE), N(MREMAP_MAYMOVE), N(MREMAP_FIXED),
	N(MADV_DONTNEED), N(MADV_FREE), N(MADV_DONTFORK), N(MADV_DOFORK),
	N(MADV_HUGEPAGE),
	N(MADV_COLD), N(MADV_POPULATE_READ), N(MADV_POPULATE_WRITE),
	N(MSG_NOSIGNAL), N(MSG_CMSG_CLOEXEC),
	N(FALLOC_FL_PUNCH_HOLE), N(FALLOC_FL_KEEP_SIZE),
	N(MEMBARRIER_CMD_QUERY), N(MEMBARRIER_CMD_GLOBAL),
	N(MEMBARRIER_CMD_GLOBAL_EXPEDITED),
	N(MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED),
	N(MEMBARRIER_CMD_PRIVATE_EXPEDITED),
	N(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED),
	N(MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE),
	N(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE),
	N(S_IFMT), N(S_IFREG), N(S_IFIFO), N(F_GETFL),
	N(TCGETS), N(TCSETS), N(TCSETSW), N(TCSETSF), N(TCSBRK), N(TCXONC),
	N(TCFLSH), N(TIOCGPGRP), N(TIOCOUTQ), N(TIOCGWINSZ), N(TIOCSWINSZ),
	N(FIONREAD), N(TIOCGSID), N(TCSBRKP), N(TCGETS2), N(TCSETS2),
	N(TCSETSW2), N(TCSETSF2),
	N(AF_INET), N(AF_INET6), N(AF_UNIX), N(SOCK_STREAM), N(SOCK_DGRAM),
	N(SOCK_SEQPACKET), N(SOCK_NONBLOCK), N(SOCK_CLOEXEC),
	N(SOL_SOCKET), N(IPPROTO_IP), N(IPPROTO_TCP), N(IPPROTO_IPV6),
	N(F_DUPFD_CLOEXEC), N(F_OFD_GETLK), N(F_OFD_SETLK),
	{ "SIGKILL", 9 }, { "SIGCONT", 18 }, { "SIGSTOP", 19 },
	{ "CHILD", CONFINE_CHILD },
	{ "SELF", CONFINE_SELF },
#undef N
};

struct block {
	uint64_t mask;
	uint64_t value;
};

/* One test of one argument: any of the blocks (or, with less, below). */
struct test {
	unsigned int arg;
	bool less;
	uint64_t bound;
	size_t count;
	struct block block[MAX_BLOCKS];
};

struct allow {
	char *text;
	size_t count;
	struct test test[MAX_TESTS];
};

struct row {
	char *name;
	char *args;		/* as written */
	char *arg[6];
	unsigned int arg_count;
	char *why;
	char *safe;
	char *when;
	size_t allow_count;
	struct allow allow[MAX_ALLOW];
};

static struct row rows[MAX_ROWS];
static size_t row_count;
static const char *table_name;
static unsigned int line_nr;

__attribute__((format(printf, 1, 2), noreturn))
static void die(const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "mkfilter: %s:%u: ", table_name, line_nr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

static char *copy(const char *s)
{
	char *p = strdup(s);

	if (!p)
		die("no memory");
	return p;
}

/*
 * Values.
 */
static const char *at;

static void skip(void)
{
	while (isspace((unsigned char)*at))
		at++;
}

static bool take(const char *token)
{
	size_t n = strlen(token);

	skip();
	if (strncmp(at, token, n))
		return false;
	at += n;
	return true;
}

static uint64_t value(void);

static uint64_t value_unary(void)
{
	char word[64];
	size_t n = 0;

	skip();
	if (take("~"))
		return ~value_unary();
	if (take("-"))
		return -value_unary();
	if (take("(")) {
		uint64_t v = value();

		if (!take(")"))
			die("no ) at \"%s\"", at);
		return v;
	}
	if (isdigit((unsigned char)*at)) {
		char *end;
		uint64_t v = strtoull(at, &end, 0);

		at = end;
		return v;
	}
	while (n < sizeof(word) - 1 &&
	       (isalnum((unsigned char)at[n]) || at[n] == '_')) {
		word[n] = at[n];
		n++;
	}
	word[n] = '\0';
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(names[i].name, word)) {
			at += n;
			return names[i].value;
		}
	die("no value named \"%s\" at \"%s\"", word, at);
}

static uint64_t value_sum(void)
{
	uint64_t v = value_unary();

	for (;;) {
		if (take("+"))
			v += value_unary();
		else if (take("-"))
			v -= value_unary();
		else
			return v;
	}
}

static uint64_t value_shift(void)
{
	uint64_t v = value_sum();

	while (take("<<"))
		v <<= value_sum();
	return v;
}

static uint64_t value(void)
{
	uint64_t v = value_shift();

	while (take("|"))
		v |= value_shift();
	return v;
}

/*
 * Tests.  An argument can be compared only once in a rule of libseccomp, so
 * a range is cut into aligned blocks of a power of two: one masked comparison
 * of the whole register each.
 */
static void add_range(struct test *t, uint64_t low, uint64_t high)
{
	while (low <= high) {
		uint64_t size = 1;

		while (!(low & size) && size << 1 &&
		       low + (size << 1) - 1 <= high)
			size <<= 1;
		if (t->count == MAX_BLOCKS)
			die("range needs too many blocks");
		t->block[t->count++] = (struct block){ ~(size - 1), low };
		low += size;
		if (!low)
			break;
	}
}

static void parse_test(const struct row *r, struct test *t)
{
	size_t n = 0;

	skip();
	while (isalnum((unsigned char)at[n]) || at[n] == '_')
		n++;
	for (t->arg = 0; t->arg < r->arg_count; t->arg++)
		if (strlen(r->arg[t->arg]) == n &&
		    !strncmp(r->arg[t->arg], at, n))
			break;
	if (t->arg == r->arg_count)
		die("%s has no such argument: \"%s\"", r->name, at);
	at += n;
	if (take("==")) {
		t->block[t->count++] = (struct block){ ~0ULL, value() };
	} else if (take("<")) {
		t->less = true;
		t->bound = value();
	} else if (take("&")) {
		uint64_t mask = value_unary();

		if (!take("=="))
			die("no == at \"%s\"", at);
		t->block[t->count++] = (struct block){ mask, value() };
		if (t->block[0].value & ~mask)
			die("%s can never be equal", r->arg[t->arg]);
	} else if (take("in")) {
		do {
			uint64_t low = value();
			uint64_t high = take("..") ? value() : low;

			if (high < low)
				die("empty range");
			add_range(t, low, high);
		} while (take(","));
	} else {
		die("no test at \"%s\"", at);
	}
}

static void parse_allow(struct row *r, char *text)
{
	struct allow *a = &r->allow[r->allow_count++];

	if (r->allow_count > MAX_ALLOW)
		die("too many allow lines");
	a->text = text;
	at = text;
	do {
		if (a->count == MAX_TESTS)
			die("too many tests");
		parse_test(r, &a->test[a->count++]);
		for (size_t i = 0; i + 1 < a->count; i++)
			if (a->test[i].arg == a->test[a->count - 1].arg)
				die("an argument is tested twice");
	} while (take(";"));
	skip();
	if (*at)
		die("left over: \"%s\"", at);
}

static void parse_call(char *text)
{
	struct row *r = &rows[row_count++];
	char *open = strchr(text, '(');
	char *close = strrchr(text, ')');
	char *save = NULL;

	if (row_count > MAX_ROWS || !open || !close)
		die("bad call line");
	*open = *close = '\0';
	r->name = text;
	r->args = copy(open + 1);
	for (char *p = strtok_r(open + 1, ", ", &save); p;
	     p = strtok_r(NULL, ", ", &save)) {
		if (r->arg_count == 6)
			die("too many arguments");
		r->arg[r->arg_count++] = p;
	}
	if (seccomp_syscall_resolve_name_arch(SCMP_ARCH_X86_64, r->name) < 0)
		die("no such call: %s", r->name);
	for (size_t i = 0; i + 1 < row_count; i++)
		if (!strcmp(rows[i].name, r->name))
			die("%s is there twice", r->name);
}

static void parse_table(const char *path)
{
	char line[1024];
	FILE *f = fopen(path, "r");

	table_name = path;
	if (!f)
		die("%s", strerror(errno));
	while (fgets(line, sizeof(line), f)) {
		struct row *r = row_count ? &rows[row_count - 1] : NULL;
		char *text;

		line_nr++;
		if (!strchr(line, '\n'))
			die("line too long or cut off");
		line[strcspn(line, "\n")] = '\0';
		if (!line[0] || line[0] == '#')
			continue;
		text = line + strcspn(line, " ");
		if (*text)
			*text++ = '\0';
		text = copy(text);
		if (!strcmp(line, "call"))
			parse_call(text);
		else if (!r)
			die("no call yet");
		else if (!strcmp(line, "why"))
			r->why = text;
		else if (!strcmp(line, "safe"))
			r->safe = text;
		else if (!strcmp(line, "when"))
			r->when = text;
		else if (!strcmp(line, "allow"))
			parse_allow(r, text);
		else
			die("unknown word: %s", line);
	}
	if (ferror(f))
		die("cannot read");
	fclose(f);
}

/*
 * Filters.
 */
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
		parse_table(argv[2]);
		print_gate();
	} else if (argc == 4 && !strcmp(argv[1], "plain")) {
		parse_table(argv[3]);
		print_head();
		print_program(argv[2], false, none);
		snprintf(name, sizeof(name), "%s_sock", argv[2]);
		print_program(name, false, sock);
		snprintf(name, sizeof(name), "%s_net", argv[2]);
		print_program(name, false, net);
	} else if (argc == 3 && !strcmp(argv[1], "rows")) {
		parse_table(argv[2]);
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
