/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trace-struct.c: structures in guest memory, decoded.
 *
 * Each function copies what it shows and decodes the copy.  Layouts are those
 * of the x86-64 ABI (section 2 man pages and the uapi headers); most are rows
 * of 64-bit words, and those are read as such.
 */
#include <linux/errno.h>

#include "emul/entry/trace-int.h"
#include "emul/entry/uaccess.h"
#include "emul/lib/string.h"

#define LIST_MAX	8	/* elements shown of an array */

static uint32_t u32_at(const void *p, size_t off)
{
	uint32_t v;

	memcpy(&v, (const char *)p + off, sizeof(v));
	return v;
}

static uint64_t u64_at(const void *p, size_t off)
{
	uint64_t v;

	memcpy(&v, (const char *)p + off, sizeof(v));
	return v;
}

static uint16_t u16_at(const void *p, size_t off)
{
	uint16_t v;

	memcpy(&v, (const char *)p + off, sizeof(v));
	return v;
}

static uint16_t be16_at(const void *p, size_t off)
{
	return __builtin_bswap16(u16_at(p, off));
}

static void put_timespec(struct trace_line *l, const uint64_t *w)
{
	/* UTIME_NOW and UTIME_OMIT of utimensat(2). */
	if (w[1] == 0x3fffffff)
		trace_put(l, "UTIME_NOW");
	else if (w[1] == 0x3ffffffe)
		trace_put(l, "UTIME_OMIT");
	else
		trace_put(l, "{tv_sec=%ld, tv_nsec=%ld}", (long)w[0],
			  (long)w[1]);
}

static void put_timeval(struct trace_line *l, const uint64_t *w)
{
	trace_put(l, "{tv_sec=%ld, tv_usec=%ld}", (long)w[0], (long)w[1]);
}

static void put_limit(struct trace_line *l, uint64_t v)
{
	if (v == UINT64_MAX)
		trace_put(l, "RLIM64_INFINITY");
	else if (v && !(v & 1023))
		trace_put(l, "%lu*1024", (unsigned long)(v / 1024));
	else
		trace_put(l, "%lu", (unsigned long)v);
}

static void put_sigact(struct trace_line *l, const uint64_t *w)
{
	trace_put(l, "{sa_handler=");
	if (w[0] < 2)
		trace_put(l, w[0] ? "SIG_IGN" : "SIG_DFL");
	else
		trace_addr(l, w[0]);
	trace_put(l, ", sa_mask=");
	trace_sigset(l, w[3]);
	trace_put(l, ", sa_flags=");
	trace_flags(l, trace_sa_flags, w[1]);
	trace_put(l, "}");
}

static void put_sigstack(struct trace_line *l, const uint64_t *w)
{
	trace_put(l, "{ss_sp=");
	trace_addr(l, w[0]);
	trace_put(l, ", ss_flags=");
	trace_flags(l, trace_ss_flags, (uint32_t)w[1]);
	trace_put(l, ", ss_size=%lu}", (unsigned long)w[2]);
}

static void put_cloneargs(struct trace_line *l, const uint64_t *w)
{
	trace_put(l, "{flags=");
	trace_symbolic(l, AK_CLONEFLAGS, w[0]);
	if (w[4]) {
		trace_put(l, ", exit_signal=");
		trace_signal(l, (int)w[4]);
	}
	trace_put(l, ", stack=");
	trace_addr(l, w[5]);
	trace_put(l, ", stack_size=0x%lx, tls=0x%lx}", (unsigned long)w[6],
		  (unsigned long)w[7]);
}

static void put_openhow(struct trace_line *l, const uint64_t *w)
{
	trace_put(l, "{flags=");
	trace_symbolic(l, AK_OFLAGS, w[0]);
	trace_put(l, ", mode=0%lo, resolve=", (unsigned long)w[1]);
	trace_flags(l, trace_resolve, w[2]);
	trace_put(l, "}");
}

static void put_rusage(struct trace_line *l, const uint64_t *w)
{
	trace_put(l, "{ru_utime=");
	put_timeval(l, w);
	trace_put(l, ", ru_stime=");
	put_timeval(l, w + 2);
	trace_put(l, ", ru_maxrss=%ld, ...}", (long)w[4]);
}

static void put_siginfo(struct trace_line *l, const uint64_t *w)
{
	trace_put(l, "{si_signo=");
	trace_signal(l, (int)w[0]);
	trace_put(l, ", si_code=%d, si_pid=%d, si_uid=%d, si_status=%d}",
		  (int)w[1], (int)w[2], (int)(w[2] >> 32), (int)w[3]);
}

static void put_stat(struct trace_line *l, const uint64_t *w)
{
	uint32_t mode = (uint32_t)w[3];

	trace_put(l, "{st_mode=");
	trace_st_mode(l, mode);
	if ((mode & 0170000) == 0020000 || (mode & 0170000) == 0060000)
		trace_put(l, ", st_rdev=makedev(%u, %u), ...}",
			  (unsigned int)(w[5] >> 8 & 0xfff),
			  (unsigned int)((w[5] & 0xff) | (w[5] >> 12 &
							  0xfff00)));
	else
		trace_put(l, ", st_size=%ld, ...}", (long)w[6]);
}

static void put_statx(struct trace_line *l, const uint64_t *w)
{
	trace_put(l, "{stx_mask=");
	trace_symbolic(l, AK_STATXMASK, (uint32_t)w[0]);
	trace_put(l, ", stx_mode=");
	trace_st_mode(l, u16_at(w, 28));
	trace_put(l, ", stx_size=%lu, ...}", (unsigned long)w[5]);
}

static void put_statfs(struct trace_line *l, const uint64_t *w)
{
	trace_put(l, "{f_type=0x%lx, f_bsize=%lu, f_blocks=%lu, f_bfree=%lu, "
		  "...}", (unsigned long)w[0], (unsigned long)w[1],
		  (unsigned long)w[2], (unsigned long)w[3]);
}

/* Structures that are rows of 64-bit words: how many, and who shows them. */
struct words {
	uint8_t n;
	void (*put)(struct trace_line *l, const uint64_t *w);
};

#define WORDS(kind, n, put) [AK_##kind] = { n, put }

#define WORDS_MAX	8
static const struct words words[AK_MAX] = {
	WORDS(CLONEARGS, 8, put_cloneargs),
	WORDS(OPENHOW, 3, put_openhow),
	WORDS(ORUSAGE, 5, put_rusage),
	WORDS(OSIGACT, 4, put_sigact),
	WORDS(OSIGINFO, 4, put_siginfo),
	WORDS(OSIGSTACK, 3, put_sigstack),
	WORDS(OSTAT, 7, put_stat),
	WORDS(OSTATFS, 4, put_statfs),
	WORDS(OSTATX, 6, put_statx),
	WORDS(OTIMESPEC, 2, put_timespec),
	WORDS(OTIMEVAL, 2, put_timeval),
	WORDS(SIGACT, 4, put_sigact),
	WORDS(SIGINFO, 4, put_siginfo),
	WORDS(SIGSTACK, 3, put_sigstack),
	WORDS(TIMESPEC, 2, put_timespec),
	WORDS(TIMEVAL, 2, put_timeval),
};

/* Two of the same in a row, with names or as an array. */
struct pair {
	void (*put)(struct trace_line *l, const uint64_t *w);
	const char *first, *second;
};

static void put_one_limit(struct trace_line *l, const uint64_t *w)
{
	put_limit(l, w[0]);
}

static void put_one_time(struct trace_line *l, const uint64_t *w)
{
	trace_put(l, "%ld", (long)w[0]);
}

#define IT_FIRST	"{it_interval="
#define IT_SECOND	", it_value="
#define PAIR(kind, put, first, second) [AK_##kind] = { put, first, second }

static const struct pair pairs[AK_MAX] = {
	PAIR(ITIMERSPEC, put_timespec, IT_FIRST, IT_SECOND),
	PAIR(ITIMERVAL, put_timeval, IT_FIRST, IT_SECOND),
	PAIR(OITIMERSPEC, put_timespec, IT_FIRST, IT_SECOND),
	PAIR(OITIMERVAL, put_timeval, IT_FIRST, IT_SECOND),
	PAIR(ORLIMIT, put_one_limit, "{rlim_cur=", ", rlim_max="),
	PAIR(RLIMIT, put_one_limit, "{rlim_cur=", ", rlim_max="),
	PAIR(TIMESPEC2, put_timespec, "[", ", "),
	PAIR(TIMEVAL2, put_timeval, "[", ", "),
	PAIR(UTIMBUF, put_one_time, "{actime=", ", modtime="),
};

static void put_wstatus(struct trace_line *l, uint32_t s)
{
	uint32_t sig = s & 0x7f;

	trace_put(l, "[");
	if (s == 0xffff) {
		trace_put(l, "{WIFCONTINUED(s)}");
	} else if (sig == 0) {
		trace_put(l, "{WIFEXITED(s) && WEXITSTATUS(s) == %u}",
			  s >> 8 & 0xff);
	} else if (sig == 0x7f) {
		trace_put(l, "{WIFSTOPPED(s) && WSTOPSIG(s) == ");
		trace_signal(l, (int)(s >> 8 & 0xff));
		trace_put(l, "}");
	} else {
		trace_put(l, "{WIFSIGNALED(s) && WTERMSIG(s) == ");
		trace_signal(l, (int)sig);
		trace_put(l, s & 0x80 ? " && WCOREDUMP(s)}" : "}");
	}
	trace_put(l, "]");
}

/* @len bytes of an address, decoded by family. */
static void put_sockaddr(struct trace_line *l, uaddr_t addr, uint64_t len)
{
	char a[110];		/* sockaddr_un is the longest shown */
	size_t n = (size_t)MIN(len, sizeof(a));
	const char *nul;
	size_t i;

	if (!addr || n < 2 || copy_in(a, addr, n)) {
		trace_addr(l, addr);
		return;
	}
	memset(a + n, 0, sizeof(a) - n);
	trace_put(l, "{sa_family=");
	trace_symbolic(l, AK_DOMAIN, u16_at(a, 0));
	switch (u16_at(a, 0)) {
	case 1:			/* AF_UNIX; abstract names begin with NUL */
		if (n == 2)
			break;
		nul = a[2] ? memchr(a + 2, 0, n - 2) : NULL;
		if (!nul)
			nul = a + n;
		trace_put(l, ", sun_path=%s", a[2] ? "" : "@");
		if (a[2])
			trace_quote(l, a + 2, (size_t)(nul - a) - 2);
		else
			trace_quote(l, a + 3, n - 3);
		break;
	case 2:			/* AF_INET */
		trace_put(l, ", sin_port=%u, sin_addr=%u.%u.%u.%u",
			  be16_at(a, 2), (unsigned char)a[4],
			  (unsigned char)a[5], (unsigned char)a[6],
			  (unsigned char)a[7]);
		break;
	case 10:		/* AF_INET6, without the shortening of zeros */
		trace_put(l, ", sin6_port=%u, sin6_addr=%x", be16_at(a, 2),
			  be16_at(a, 8));
		for (i = 10; i < 24; i += 2)
			trace_put(l, ":%x", be16_at(a, i));
		break;
	case 16:		/* AF_NETLINK */
		trace_put(l, ", nl_pid=%u, nl_groups=0x%x", u32_at(a, 4),
			  u32_at(a, 8));
		break;
	default:
		trace_put(l, ", ...");
	}
	trace_put(l, "}");
}

static void put_msghdr(struct trace_line *l, uaddr_t addr)
{
	uint64_t w[7], iov[2];

	if (!addr || copy_in(w, addr, sizeof(w))) {
		trace_addr(l, addr);
		return;
	}
	trace_put(l, "{msg_name=");
	put_sockaddr(l, w[0], (uint32_t)w[1]);
	trace_put(l, ", msg_iov=");
	if (w[3] && !copy_in(iov, w[2], sizeof(iov))) {
		trace_put(l, "[{iov_base=");
		trace_bytes(l, iov[0], iov[1]);
		trace_put(l, w[3] > 1 ? "}, ...]" : "}]");
	} else {
		trace_addr(l, w[2]);
	}
	trace_put(l, ", msg_iovlen=%lu, msg_controllen=%lu, msg_flags=",
		  (unsigned long)w[3], (unsigned long)w[5]);
	trace_symbolic(l, AK_MSGFLAGS, (uint32_t)w[6]);
	trace_put(l, "}");
}

/* What poll has changed is known after it only: both are shown. */
static void put_pollfds(struct trace_line *l, uaddr_t addr, uint64_t n)
{
	char p[8];
	uint64_t i;

	if (!addr || (n && copy_in(p, addr, sizeof(p)))) {
		trace_addr(l, addr);
		return;
	}
	trace_put(l, "[");
	for (i = 0; i < n; i++) {
		if (i)
			trace_put(l, ", ");
		if (i == LIST_MAX || copy_in(p, addr + i * sizeof(p),
					     sizeof(p))) {
			trace_put(l, "...");
			break;
		}
		trace_put(l, "{fd=%d, events=", (int)u32_at(p, 0));
		trace_flags(l, trace_poll_events, u16_at(p, 4));
		if (u16_at(p, 6)) {
			trace_put(l, ", revents=");
			trace_flags(l, trace_poll_events, u16_at(p, 6));
		}
		trace_put(l, "}");
	}
	trace_put(l, "]");
}

static void put_epevents(struct trace_line *l, uaddr_t addr, uint64_t n,
			 bool list)
{
	char p[12];		/* packed on x86-64 */
	uint64_t i;

	if (!addr || (n && copy_in(p, addr, sizeof(p)))) {
		trace_addr(l, addr);
		return;
	}
	if (list)
		trace_put(l, "[");
	for (i = 0; i < n; i++) {
		if (i)
			trace_put(l, ", ");
		if (i == LIST_MAX || copy_in(p, addr + i * sizeof(p),
					     sizeof(p))) {
			trace_put(l, "...");
			break;
		}
		trace_put(l, "{events=");
		trace_flags(l, trace_epoll_events, u32_at(p, 0));
		trace_put(l, ", data=0x%lx}", (unsigned long)u64_at(p, 4));
	}
	if (list)
		trace_put(l, "]");
}

static void put_utsname(struct trace_line *l, uaddr_t addr)
{
	trace_put(l, "{sysname=");
	trace_string(l, addr);
	trace_put(l, ", nodename=");
	trace_string(l, addr + 65);
	trace_put(l, ", release=");
	trace_string(l, addr + 130);
	trace_put(l, ", ...}");
}

static void put_uints(struct trace_line *l, uaddr_t addr, uint64_t n)
{
	uint32_t v;
	uint64_t i;

	trace_put(l, "[");
	for (i = 0; i < n; i++) {
		if (i)
			trace_put(l, ", ");
		if (i == LIST_MAX || copy_in(&v, addr + i * 4, sizeof(v))) {
			trace_put(l, "...");
			break;
		}
		trace_put(l, "%u", v);
	}
	trace_put(l, "]");
}

/* A set of processors, its first 64. */
static void put_cpuset(struct trace_line *l, uaddr_t addr, uint64_t len)
{
	const char *sep = "";
	uint64_t set = 0;
	int cpu;

	if (!addr || copy_in(&set, addr, (size_t)MIN(len, sizeof(set)))) {
		trace_addr(l, addr);
		return;
	}
	trace_put(l, "[");
	for (cpu = 0; cpu < 64; cpu++) {
		if (set >> cpu & 1) {
			trace_put(l, "%s%d", sep, cpu);
			sep = " ";
		}
	}
	trace_put(l, "]");
}

/* FUTEX_WAIT and its like have a time there, the others a number. */
static void put_futex_timeout(struct trace_line *l, uaddr_t addr, uint64_t op)
{
	uint64_t w[2];

	switch (op & 0x7f) {
	case 0: case 6: case 9: case 11: case 13:
		if (addr && !copy_in(w, addr, sizeof(w)))
			put_timespec(l, w);
		else
			trace_addr(l, addr);
		break;
	default:
		trace_put(l, "%lu", (unsigned long)addr);
	}
}

/* Structures of one or two ints and the like. */
static void put_small(struct trace_line *l, enum argkind kind, uaddr_t addr)
{
	uint64_t v = 0;
	size_t n = sizeof(uint32_t);

	if (kind == AK_OLONG || kind == AK_OFFP || kind == AK_SIGSET ||
	    kind == AK_OSIGSET || kind == AK_OFDPAIR)
		n = sizeof(v);
	if (copy_in(&v, addr, n)) {
		trace_addr(l, addr);
		return;
	}
	switch (kind) {
	case AK_SIGSET:
	case AK_OSIGSET:
		trace_sigset(l, v);
		break;
	case AK_OFDPAIR:
		trace_put(l, "[%d, %d]", (int)v, (int)(v >> 32));
		break;
	case AK_OWSTATUS:
		put_wstatus(l, (uint32_t)v);
		break;
	case AK_OUINT:
		trace_put(l, "[%u]", (unsigned int)v);
		break;
	case AK_OLONG:
	case AK_OFFP:
		trace_put(l, "[%ld]", (long)v);
		break;
	case AK_SCHEDPARAM:
	case AK_OSCHEDPARAM:
		trace_put(l, "[%d]", (int)v);
		break;
	case AK_SOCKLENP:
	case AK_OINT:
		trace_put(l, "[%d]", (int)v);
		break;
	default:
		trace_addr(l, addr);
	}
}

void trace_struct(struct trace_line *l, enum argkind kind, uaddr_t addr,
		  uint64_t size)
{
	uint64_t w[WORDS_MAX];
	uint32_t len;

	if (kind == AK_FUTEXTMO) {
		put_futex_timeout(l, addr, size);
		return;
	}
	if (!addr) {
		trace_put(l, "NULL");
		return;
	}
	if (words[kind].put) {
		if (copy_in(w, addr, words[kind].n * sizeof(w[0])))
			trace_addr(l, addr);
		else
			words[kind].put(l, w);
		return;
	}
	if (pairs[kind].put) {
		/* Pairs of one or two words each: the second half's place. */
		size_t half = pairs[kind].put == put_one_limit ||
			      pairs[kind].put == put_one_time ? 1 : 2;

		if (copy_in(w, addr, 2 * half * sizeof(w[0]))) {
			trace_addr(l, addr);
			return;
		}
		trace_put(l, "%s", pairs[kind].first);
		pairs[kind].put(l, w);
		trace_put(l, "%s", pairs[kind].second);
		pairs[kind].put(l, w + half);
		trace_put(l, pairs[kind].first[0] == '[' ? "]" : "}");
		return;
	}
	switch (kind) {
	case AK_SOCKADDR:
		put_sockaddr(l, addr, size);
		break;
	case AK_OSOCKADDR:	/* @size is where the length lies */
		if (!size || copy_in(&len, size, sizeof(len)))
			len = 0;
		put_sockaddr(l, addr, len);
		break;
	case AK_MSGHDR:
	case AK_OMSGHDR:
		put_msghdr(l, addr);
		break;
	case AK_POLLFDS:
		put_pollfds(l, addr, size);
		break;
	case AK_EPEVENT:
		put_epevents(l, addr, 1, false);
		break;
	case AK_OEPEVENTS:
		put_epevents(l, addr, size, true);
		break;
	case AK_OUTSNAME:
		put_utsname(l, addr);
		break;
	case AK_UINTS:
	case AK_OUINTS:
		put_uints(l, addr, size);
		break;
	case AK_CPUSET:
	case AK_OCPUSET:
		put_cpuset(l, addr, size);
		break;
	default:
		put_small(l, kind, addr);
	}
}
