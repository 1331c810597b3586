/* SPDX-License-Identifier: Apache-2.0 */
/* mkfilter-table.c: read a table of vetted host calls. */
#include "config.h"

#include "loader/mkfilter.h"

#include <ctype.h>
#include <errno.h>
#include <seccomp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <asm/ioctls.h>
#include <asm/termbits.h>
#include <linux/falloc.h>
#include <linux/fcntl.h>
#include <linux/futex.h>
#include <linux/mman.h>
#include <linux/membarrier.h>
#include <sys/stat.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "emul/abi/hostclone.h"
#include "emul/abi/hostfd.h"
#include "emul/abi/region.h"
#include "loader/broker/confine.h"

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
	N(MSG_NOSIGNAL), N(MSG_CMSG_CLOEXEC), N(MSG_DONTWAIT),
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

struct row rows[MAX_ROWS];
size_t row_count;
const char *table_name;
static unsigned int line_nr;

void die(const char *fmt, ...)
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

void table_read(const char *path)
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
