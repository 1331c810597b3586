/* SPDX-License-Identifier: Apache-2.0 */
/* trace.c: a line for every call, from the argument kinds of the table. */
#include "emul/entry/trace.h"

#include <linux/errno.h>
#include <linux/fcntl.h>

#include "emul/abi/regs.h"
#include "emul/entry/dispatch.h"
#include "emul/entry/trace-int.h"
#include "emul/entry/uaccess.h"
#include "emul/lib/print.h"
#include "emul/lib/string.h"
#include "emul/task/task.h"

/* The result always finds room: arguments end here. */
#define ARGS_MAX	(TRACE_LINE_MAX - 96)
#define ARGV_MAX	8

#define DIR_OF(id, word, type, dir) [AK_##id] = ARG_##dir,
static const uint8_t dir_of[AK_MAX] = { ARGKINDS(DIR_OF) };

/* Kinds narrower than a register, by the C type of the prototype. */
#define NARROW(id, word, type, dir) [AK_##id] = sizeof(type),
static const uint8_t size_of[AK_MAX] = { ARGKINDS(NARROW) };
#define SIGNED(id, word, type, dir) [AK_##id] = (type)-1 < (type)1,
static const bool is_signed[AK_MAX] = { ARGKINDS(SIGNED) };

static void vput(struct trace_line *l, size_t max, const char *fmt, va_list ap)
{
	size_t room = l->n < max ? max - l->n : 0;
	int len;

	if (l->full || !room)
		return;
	len = kvsnprintf(l->text + l->n, room, fmt, ap);
	if (len < 0)
		return;
	if ((size_t)len < room) {
		l->n += (size_t)len;
		return;
	}
	l->n += room - 1;
	l->full = true;
}

void trace_put(struct trace_line *l, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vput(l, ARGS_MAX, fmt, ap);
	va_end(ap);
}

/* What comes behind the arguments: it has room kept for it. */
static void put_end(struct trace_line *l, const char *fmt, ...)
	__printf(2, 3);
static void put_end(struct trace_line *l, const char *fmt, ...)
{
	va_list ap;

	if (l->full) {
		l->full = false;
		put_end(l, "...");
	}
	va_start(ap, fmt);
	vput(l, TRACE_LINE_MAX - 1, fmt, ap);
	va_end(ap);
}

static void emit(struct trace_line *l)
{
	l->text[l->n++] = '\n';
	trace_emit(l->text, l->n);
}

void trace_addr(struct trace_line *l, uaddr_t addr)
{
	if (addr)
		trace_put(l, "0x%lx", (unsigned long)addr);
	else
		trace_put(l, "NULL");
}

void trace_quote(struct trace_line *l, const char *s, size_t n)
{
	static const char from[] = "\n\t\r\v\f\"\\", to[] = "ntrvf\"\\";
	/* Written at once: a byte is four characters at most. */
	char buf[4 * TRACE_STR_MAX + 1];
	size_t i, o = 0;

	trace_put(l, "\"");
	for (i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];
		const char *esc = c ? strchr(from, c) : NULL;
		bool digit = i + 1 < n && s[i + 1] >= '0' && s[i + 1] <= '9';

		if (esc) {
			buf[o++] = '\\';
			buf[o++] = to[esc - from];
		} else if (c >= ' ' && c < 0x7f) {
			buf[o++] = (char)c;
		} else {
			/* A digit behind it needs all three. */
			o += (size_t)ksnprintf(buf + o, 5,
					       digit ? "\\%03o" : "\\%o", c);
		}
		if (o + 4 > sizeof(buf) - 1 || i + 1 == n) {
			buf[o] = '\0';
			trace_put(l, "%s", buf);
			o = 0;
		}
	}
	trace_put(l, "\"");
}

void trace_bytes(struct trace_line *l, uaddr_t addr, size_t n)
{
	char buf[TRACE_STR_MAX];
	size_t shown = MIN(n, sizeof(buf));

	if (!addr || copy_in(buf, addr, shown)) {
		trace_addr(l, addr);
		return;
	}
	trace_quote(l, buf, shown);
	if (n > shown)
		trace_put(l, "...");
}

/* Paths are shown whole, up to what a line holds; that is what one seeks. */
static void put_path(struct trace_line *l, uaddr_t addr)
{
	char buf[256];
	long len = addr ? copy_str(buf, addr, sizeof(buf)) : -EFAULT;

	if (len == -ENAMETOOLONG) {
		trace_quote(l, buf, sizeof(buf) - 1);
		trace_put(l, "...");
	} else if (len < 0) {
		trace_addr(l, addr);
	} else {
		trace_quote(l, buf, (size_t)len);
	}
}

void trace_string(struct trace_line *l, uaddr_t addr)
{
	char buf[TRACE_STR_MAX + 1];
	long len = addr ? copy_str(buf, addr, sizeof(buf)) : -EFAULT;

	if (len == -ENAMETOOLONG) {
		trace_quote(l, buf, TRACE_STR_MAX);
		trace_put(l, "...");
	} else if (len < 0) {
		trace_addr(l, addr);
	} else {
		trace_quote(l, buf, (size_t)len);
	}
}

void trace_enum(struct trace_line *l, const struct sym *syms, uint64_t v)
{
	for (; syms->name; syms++) {
		if (syms->value == v) {
			trace_put(l, "%s", syms->name);
			return;
		}
	}
	trace_put(l, "0x%lx", (unsigned long)v);
}

void trace_flags(struct trace_line *l, const struct sym *syms, uint64_t v)
{
	const char *sep = "";

	if (!v) {
		/* A name for 0, PROT_NONE say, is the first of its list. */
		trace_put(l, "%s", syms->name && !syms->value ?
			  syms->name : "0");
		return;
	}
	for (; syms->name; syms++) {
		if (!syms->value || (v & syms->value) != syms->value)
			continue;
		trace_put(l, "%s%s", sep, syms->name);
		v &= ~syms->value;
		sep = "|";
	}
	if (v)
		trace_put(l, "%s0x%lx", sep, (unsigned long)v);
}

/* argv whole, as far as it goes; of the environment how many there are. */
static void put_strv(struct trace_line *l, uaddr_t addr, bool count_only)
{
	uint64_t p;
	unsigned int i;

	if (!addr || copy_in(&p, addr, sizeof(p))) {
		trace_addr(l, addr);
		return;
	}
	if (!count_only)
		trace_put(l, "[");
	for (i = 0; i < 4096; i++) {
		if (copy_in(&p, addr + i * sizeof(p), sizeof(p)) || !p)
			break;
		if (count_only)
			continue;
		if (i == ARGV_MAX) {
			trace_put(l, ", ...");
			break;
		}
		if (i)
			trace_put(l, ", ");
		trace_string(l, p);
	}
	if (count_only)
		trace_put(l, "0x%lx /* %u vars */", (unsigned long)addr, i);
	else
		trace_put(l, "]");
}

/*
 * @n vectors; @left bytes of them are shown, which is what a read has got.
 */
static void put_iov(struct trace_line *l, uaddr_t addr, uint64_t n,
		    uint64_t left)
{
	uint64_t iov[2], len;
	uint64_t i;

	if (!addr || (n && copy_in(iov, addr, sizeof(iov)))) {
		trace_addr(l, addr);
		return;
	}
	trace_put(l, "[");
	for (i = 0; i < n && !l->full; i++) {
		if (i)
			trace_put(l, ", ");
		if (i == ARGV_MAX || copy_in(iov, addr + i * sizeof(iov),
					     sizeof(iov))) {
			trace_put(l, "...");
			break;
		}
		len = MIN(iov[1], left);
		left -= len;
		trace_put(l, "{iov_base=");
		trace_bytes(l, iov[0], len);
		trace_put(l, ", iov_len=%lu}", (unsigned long)iov[1]);
	}
	trace_put(l, "]");
}

/* Descriptor sets after the call: those that are in. */
static void put_fdset(struct trace_line *l, uaddr_t addr, uint64_t nfds)
{
	const char *sep = "";
	uint64_t fd, word = 0;

	if (!addr || (nfds && copy_in(&word, addr, sizeof(word)))) {
		trace_addr(l, addr);
		return;
	}
	trace_put(l, "[");
	for (fd = 0; fd < nfds && fd < 1024; fd++) {
		if (!(fd & 63) && copy_in(&word, addr + fd / 8, sizeof(word)))
			break;
		if (!(word >> (fd & 63) & 1))
			continue;
		trace_put(l, "%s%lu", sep, (unsigned long)fd);
		sep = " ";
	}
	trace_put(l, "]");
}

static void put_scalar(struct trace_line *l, enum argkind kind, uint64_t v)
{
	if (trace_symbolic(l, kind, v))
		return;
	switch (kind) {
	case AK_DIRFD:
		if ((int)v == AT_FDCWD)
			trace_put(l, "AT_FDCWD");
		else
			trace_put(l, "%d", (int)v);
		break;
	case AK_SIG:
		trace_signal(l, (int)v);
		break;
	case AK_HEX:
	case AK_HEX32:
	case AK_KEY:
	case AK_U64:
	case AK_MNTFLAGS:
		trace_put(l, v < 10 ? "%lu" : "0x%lx", (unsigned long)v);
		break;
	case AK_MODE:
	case AK_UMASK:
		trace_put(l, v ? "0%lo" : "%lo", (unsigned long)v);
		break;
	case AK_DEV:
		trace_put(l, "makedev(%lu, %lu)",
			  (unsigned long)(v >> 8 & 0xfff),
			  (unsigned long)((v & 0xff) | (v >> 12 & 0xfff00)));
		break;
	case AK_UID:
	case AK_GID:
		trace_put(l, "%d", (int)v);
		break;
	default:
		if (is_signed[kind])
			trace_put(l, "%ld", (long)v);
		else
			trace_put(l, "%lu", (unsigned long)v);
	}
}

/* What the C type of @kind leaves of a register. */
static uint64_t narrow(enum argkind kind, uint64_t v)
{
	switch (size_of[kind]) {
	case 2:
		return (uint16_t)v;
	case 4:
		return is_signed[kind] ? (uint64_t)(int32_t)v : (uint32_t)v;
	default:
		return v;
	}
}

/* fcntl's third argument, where it is a number with a meaning. */
static void put_fcntl_arg(struct trace_line *l, uint64_t cmd, uint64_t v)
{
	switch (cmd) {
	case F_SETFL:
		put_scalar(l, AK_OFLAGS, v);
		break;
	case F_SETFD:
		if (v == FD_CLOEXEC)
			trace_put(l, "FD_CLOEXEC");
		else
			trace_put(l, "%lu", (unsigned long)v);
		break;
	case F_DUPFD:
	case F_DUPFD_CLOEXEC:
		trace_put(l, "%d", (int)v);
		break;
	default:
		put_scalar(l, AK_HEX, v);
	}
}

static void put_arg(struct trace_line *l, const struct sysdesc *d,
		    unsigned int i)
{
	enum argkind kind = d->kind[i];
	uint64_t v = narrow(kind, l->arg[i]);
	bool has_ref = d->ref[i] != ARG_NO_REF;
	unsigned int ref = has_ref ? d->ref[i] : 0;
	uint64_t size = has_ref ? narrow(d->kind[ref], l->arg[ref]) : 0;
	bool out = dir_of[kind] == ARG_OUT || dir_of[kind] == ARG_IO;

	if (kind == AK_FCNTLARG) {
		put_fcntl_arg(l, size, v);
		return;
	}
	if (dir_of[kind] == ARG_VAL) {
		put_scalar(l, kind, v);
		return;
	}
	/* Nothing to see in what a failed call did not write. */
	if (out && l->returned && l->ret < 0 && l->ret >= -4095) {
		trace_addr(l, v);
		return;
	}
	switch (kind) {
	case AK_UADDR:
		trace_addr(l, v);
		break;
	case AK_PATH:
		put_path(l, v);
		break;
	case AK_STR:
	case AK_OSTR:
		trace_string(l, v);
		break;
	case AK_STRV:
	case AK_ENVV:
		put_strv(l, v, kind == AK_ENVV);
		break;
	case AK_IBUF:
		trace_bytes(l, v, size);
		break;
	case AK_OBUF:
		trace_bytes(l, v, MIN(size, (uint64_t)l->ret));
		break;
	case AK_IIOV:
		put_iov(l, v, size, UINT64_MAX);
		break;
	case AK_OIOV:
		put_iov(l, v, size, (uint64_t)l->ret);
		break;
	case AK_FDSET:
		put_fdset(l, v, size);
		break;
	case AK_OEPEVENTS:
	case AK_OUINTS:
		trace_struct(l, kind, v, (uint64_t)l->ret);
		break;
	default:
		trace_struct(l, kind, v, size);
	}
}

static void put_args(struct trace_line *l, const struct sysdesc *d,
		     bool to_the_end)
{
	for (; l->next < d->nargs; l->next++) {
		uint8_t dir = dir_of[d->kind[l->next]];

		if (!to_the_end && (dir == ARG_OUT || dir == ARG_IO))
			return;
		if (l->next)
			trace_put(l, ", ");
		put_arg(l, d, l->next);
	}
}

void trace_enter(struct trace_line *l, const struct task *t,
		 const struct sysdesc *d, const struct regs *r)
{
	l->arg[0] = r->rdi;
	l->arg[1] = r->rsi;
	l->arg[2] = r->rdx;
	l->arg[3] = r->r10;
	l->arg[4] = r->r8;
	l->arg[5] = r->r9;
	l->next = 0;
	l->ret = 0;
	l->returned = false;
	l->full = false;
	l->n = 0;

	if (d->name)
		trace_put(l, "%d %s(", t->tid, d->name);
	else
		trace_put(l, "%d syscall_%#lx(", t->tid,
			  (unsigned long)(uint32_t)r->orig_rax);
	if (d->ret != AK_NONE || !d->name) {
		put_args(l, d, false);
		return;
	}
	put_args(l, d, true);
	put_end(l, ") = ?");
	emit(l);
}

void trace_exit(struct trace_line *l, const struct sysdesc *d, long ret)
{
	const char *name;

	/* exit and rt_sigreturn are told already. */
	if (d->ret == AK_NONE && d->name)
		return;
	l->ret = ret;
	l->returned = true;
	put_args(l, d, true);
	put_end(l, ") = ");

	if (ret < 0 && ret >= -4095) {
		name = trace_errno_name(-ret);
		if (name)
			put_end(l, "%s %s (%s)", ret <= -512 ? "?" : "-1", name,
				trace_errno_text(-ret));
		else
			put_end(l, "%ld", ret);
	} else if (d->ret == AK_UADDR) {
		put_end(l, "0x%lx", (unsigned long)ret);
	} else if (d->ret == AK_MODE) {
		put_end(l, ret ? "0%lo" : "%lo", (unsigned long)ret);
	} else {
		put_end(l, "%ld", ret);
	}
	emit(l);
}

void trace_note(const char *fmt, ...)
{
	struct trace_line l;
	char text[256];
	va_list ap;

	if (!(load_once(&dispatch_ctl.flags) & DISPATCH_TRACE))
		return;
	va_start(ap, fmt);
	kvsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	l.n = 0;
	l.full = false;
	put_end(&l, "%d -- %s", current()->tid, text);
	emit(&l);
}

long unsupported(const struct task *t, const char *what, unsigned long value)
{
	struct trace_line l;

	if (!(load_once(&dispatch_ctl.flags) & DISPATCH_TRACE))
		return -EINVAL;
	l.n = 0;
	l.full = false;
	put_end(&l, "%d -- %s 0x%lx not supported", t->tid, what, value);
	emit(&l);
	return -EINVAL;
}
