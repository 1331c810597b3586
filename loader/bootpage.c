/* SPDX-License-Identifier: Apache-2.0 */
/* bootpage.c: what the kernel is told at its start. */
#include "config.h"

#include "loader/bootpage.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/filter.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "emul/abi/boot.h"
#include "emul/abi/gate.h"

#define VETTED_GATE_RET GATE_IP
#include "vetted-filter.h"

/* Text that grows; offsets into it stay good, addresses do not. */
struct page {
	char *mem;
	size_t used, size;
};

static uint32_t put(struct page *pg, const void *data, size_t n, size_t align)
{
	size_t at = (pg->used + align - 1) & ~(align - 1);

	if (at + n > pg->size) {
		pg->size = (at + n) * 2;
		pg->mem = xrealloc(pg->mem, pg->size);
	}
	memset(pg->mem + pg->used, 0, at - pg->used);
	if (data)
		memcpy(pg->mem + at, data, n);
	else
		memset(pg->mem + at, 0, n);
	pg->used = at + n;
	return (uint32_t)at;
}

static uint32_t put_str(struct page *pg, const char *s)
{
	return put(pg, s, strlen(s) + 1, 1);
}

static uint32_t put_list(struct page *pg, char *const *list, uint32_t *count)
{
	uint32_t at, i, n = 0;

	while (list[n])
		n++;
	*count = n;
	at = put(pg, NULL, n * sizeof(uint32_t), sizeof(uint32_t));
	for (i = 0; i < n; i++) {
		uint32_t s = put_str(pg, list[i]);

		memcpy(pg->mem + at + i * sizeof(s), &s, sizeof(s));
	}
	return at;
}

static const uint32_t boot_kind[] = {
	[VIEW_RW] = BOOT_MOUNT_RW,
	[VIEW_OVERLAY] = BOOT_MOUNT_OVERLAY,
	[VIEW_RO] = BOOT_MOUNT_RO,
	[VIEW_TMPFS] = BOOT_MOUNT_TMPFS,
	[VIEW_PROC] = BOOT_MOUNT_PROC,
	[VIEW_SYS] = BOOT_MOUNT_SYS,
	[VIEW_DEV] = BOOT_MOUNT_DEV,
	[VIEW_SYMLINK] = BOOT_MOUNT_SYMLINK,
	[VIEW_HIDE] = BOOT_MOUNT_HIDE,
	[VIEW_DENY] = BOOT_MOUNT_DENY,
};

static uint32_t put_mounts(struct page *pg, const struct policy *p,
			   const struct grant_root *grants)
{
	uint32_t at = put(pg, NULL, p->n_mounts * sizeof(struct boot_mount), 8);
	size_t i;

	for (i = 0; i < p->n_mounts; i++) {
		const struct view_mount *m = &p->mounts[i];
		struct boot_mount b = {
			.kind = boot_kind[m->kind],
			.grant = grants[i].grant,
			.st = grants[i].st,
			.path = put_str(pg, m->guest),
			.source = put_str(pg, m->host ? m->host : "none"),
			.size = m->size,
			.mode = m->mode,
			.is_dir = m->is_dir,
			.target = put_str(pg, m->target ? m->target : ""),
			.read_only = m->read_only,
		};

		memcpy(pg->mem + at + i * sizeof(b), &b, sizeof(b));
	}
	return at;
}

static void put_net_row(struct page *pg, struct boot *b,
			const struct boot_net *row)
{
	uint32_t at = put(pg, row, sizeof(*row), 4);

	if (!b->n_net++)
		b->net = at;
}

/* The ports of a rule, a row each. */
static void put_rule(struct page *pg, struct boot *b, const struct net_rule *r,
		     uint32_t kind)
{
	for (size_t i = 0; i < r->n_ports; i++) {
		struct boot_net row = {
			.prefix = r->prefix, .kind = kind, .proto = r->proto,
			.low = r->ports[i].low, .high = r->ports[i].high,
		};

		memcpy(row.ip, r->ip, sizeof(row.ip));
		put_net_row(pg, b, &row);
	}
}

static void put_net(struct page *pg, struct boot *b,
		    const struct net_policy *n)
{
	_Static_assert(NET_NONE == BOOT_NET_NONE && NET_HOST == BOOT_NET_HOST &&
		       NET_FILTER == BOOT_NET_FILTER, "modes");
	b->net_mode = n->mode;
	b->net_names = net_names(n);
	for (size_t i = 0; i < n->n_rules; i++)
		if (!n->rules[i].name &&
		    net_class(n->rules[i].ip) == NET_LOOPBACK)
			put_rule(pg, b, &n->rules[i], BOOT_NET_OUT);
	for (size_t i = 0; i < n->n_binds; i++)
		put_rule(pg, b, &n->binds[i], BOOT_NET_IN);
	for (size_t i = 0; i < n->n_publishes; i++) {
		const struct net_publish *p = &n->publishes[i];
		struct boot_net row = {
			.kind = BOOT_NET_IN, .proto = p->proto,
			.low = p->guest, .high = p->guest,
		};

		put_net_row(pg, b, &row);
	}
}

/* ioctl of /proc/PID/maps since Linux 6.11; not in Debian 12's headers. */
struct map_query {
	uint64_t size, flags, addr;
	uint64_t start, end, vma_flags, page_size, offset, inode;
	uint32_t major, minor, name_size, build_id_size;
	uint64_t name, build_id;
};
#define MAP_QUERY		_IOWR('f', 17, struct map_query)
#define MAP_QUERY_OR_NEXT	0x10
/* The data lies right before the code, in a few pages. */
#define VVAR_REACH		0x10000UL

static void add_map(struct boot_vdso *v, uint64_t from, uint64_t to)
{
	if (v->n_maps == 4)
		return;
	v->maps[v->n_maps].start = from;
	v->maps[v->n_maps++].len = to - from;
}

static bool is_vdso(const char *name)
{
	return strstr(name, "[vvar") || strstr(name, "[vdso]");
}

/* By asking for the few maps themselves; false: the host cannot do that. */
static bool query_vdso(struct boot_vdso *v, int fd, uint64_t vdso)
{
	char name[64];
	struct map_query q = {
		.size = sizeof(q),
		.flags = MAP_QUERY_OR_NEXT,
		.addr = vdso - VVAR_REACH,
		.name = (uint64_t)name,
	};

	do {
		q.name_size = sizeof(name);
		if (ioctl(fd, MAP_QUERY, &q))
			return false;
		if (q.name_size && is_vdso(name))
			add_map(v, q.start, q.end);
		q.addr = q.end;
	} while (q.end <= vdso);
	return v->n_maps > 0;
}

void bootpage_vdso(struct boot_vdso *v)
{
	uint64_t vdso = getauxval(AT_SYSINFO_EHDR);
	int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	unsigned long from, to;
	char line[512];
	FILE *f;

	if (fd < 0)
		return;
	if (query_vdso(v, fd, vdso)) {
		close(fd);
	} else {
		v->n_maps = 0;
		f = fdopen(fd, "r");
		if (!f) {
			close(fd);
			return;
		}
		while (fgets(line, sizeof(line), f))
			if (is_vdso(line) &&
			    sscanf(line, "%lx-%lx", &from, &to) == 2)
				add_map(v, from, to);
		fclose(f);
	}
	if (v->n_maps)
		v->ehdr = vdso;
}

static uint64_t limits[16][2];
static uint64_t sig_blocked, sig_ignored;	/* bit n-1: signal n */

/* struct sigaction as the host has it. */
struct host_sigaction {
	uintptr_t handler;
	unsigned long flags;
	uintptr_t restorer;
	uint64_t mask;
};

/*
 * What sbx inherited, as under nohup(1), the program does too.  libc keeps some
 * signals to itself, and does not tell of them.
 */
static void keep_signals(void)
{
	struct host_sigaction sa;

	if (syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &sig_blocked,
		    sizeof(sig_blocked)))
		sig_blocked = 0;
	for (int sig = 1; sig <= 64; sig++)
		if (!syscall(SYS_rt_sigaction, sig, NULL, &sa,
			     sizeof(sa.mask)) &&
		    sa.handler == (uintptr_t)SIG_IGN)
			sig_ignored |= 1ULL << (sig - 1);
}

void bootpage_keep(void)
{
	struct rlimit rl;
	unsigned int i;

	keep_signals();

	for (i = 0; i < 16; i++) {
		/* glibc's function wants an enumeration of its own. */
		if (syscall(SYS_prlimit64, 0, i, NULL, &rl))
			rl.rlim_cur = rl.rlim_max = RLIM_INFINITY;
		limits[i][0] = rl.rlim_cur;
		limits[i][1] = rl.rlim_max;
	}
}

static void about_host(struct boot *b)
{
	struct sysinfo si;
	cpu_set_t cpus;
	mode_t mask = umask(022);

	umask(mask);
	b->umask = mask;
	b->nice = getpriority(PRIO_PROCESS, 0);
	b->sig_blocked = sig_blocked;
	b->sig_ignored = sig_ignored;
	b->hwcap = (uint32_t)getauxval(AT_HWCAP);
	b->hwcap2 = (uint32_t)getauxval(AT_HWCAP2);
	b->clktck = (uint32_t)getauxval(AT_CLKTCK);
	b->minsigstksz = (uint32_t)getauxval(51 /* AT_MINSIGSTKSZ */);
	b->host_uid = getuid();
	b->host_gid = getgid();
	_Static_assert(sizeof(b->rlimits) == sizeof(limits), "rlimits");
	memcpy(b->rlimits, limits, sizeof(limits));
	if (!sysinfo(&si)) {
		b->mem_total = (uint64_t)si.totalram * si.mem_unit;
		b->mem_free = (uint64_t)si.freeram * si.mem_unit;
	}
	CPU_ZERO(&cpus);
	if (sched_getaffinity(0, sizeof(cpus), &cpus))
		CPU_SET(0, &cpus);
	_Static_assert(sizeof(cpus) == sizeof(b->cpu_mask), "cpu_mask");
	memcpy(b->cpu_mask, &cpus, sizeof(cpus));
	b->n_cpus = (uint32_t)CPU_COUNT(&cpus);
}

static void lower(uint64_t rlimit[2], uint64_t max)
{
	for (int i = 0; max && i < 2; i++)
		if (rlimit[i] > max)
			rlimit[i] = max;
}

static void about_limits(struct boot *b, const struct limits *l)
{
	b->max_memory = l->memory;
	b->max_cpu_milli = l->cpu_milli;
	b->max_pids = l->pids;
	if (l->memory && l->memory < b->mem_total)
		b->mem_total = l->memory;
	if (b->mem_free > b->mem_total)
		b->mem_free = b->mem_total;
	lower(b->rlimits[RLIMIT_NOFILE], l->files);
	lower(b->rlimits[RLIMIT_FSIZE], l->fsize);
}

static void about_fd(struct boot_inherited *in, int fd)
{
	int flags = fcntl(fd, F_GETFL);
	struct stat st;

	if (flags < 0 || fstat(fd, &st))
		return;
	in->open = 1;
	in->number = (uint32_t)fd;
	in->flags = (uint32_t)flags;
	in->mode = st.st_mode;
	in->rdev = (uint64_t)major(st.st_rdev) << 32 | minor(st.st_rdev);
}

static void put_filter(struct page *pg, struct boot *b, bool scoped, bool net)
{
#define FILTER(f) { f, sizeof(f) }
	static const struct {
		const struct sock_filter *prog;
		size_t size;
	} filters[2][2] = {
		{ FILTER(vetted_filter), FILTER(vetted_filter_net) },
		{ FILTER(vetted_filter_scope),
		  FILTER(vetted_filter_scope_net) },
	};
#undef FILTER

	b->filter = put(pg, filters[scoped][net].prog,
			filters[scoped][net].size, 8);
	b->filter_len = (uint32_t)(filters[scoped][net].size /
				   sizeof(struct sock_filter));
}

int bootpage_write(int meta_fd, const struct policy *p,
		   const struct grant_root *grants, bool scoped,
		   bool net, struct err *e)
{
	struct boot b = {
		.magic = BOOT_MAGIC,
		.version = BOOT_VERSION,
		.n_mounts = (uint32_t)p->n_mounts,
	};
	struct page pg = { 0 };
	const char *leaks;
	gid_t groups[64];
	size_t done;
	int i, n;

	put(&pg, NULL, sizeof(b), 8);
	about_host(&b);
	about_limits(&b, &p->limits);
	if (getrandom(b.seed, sizeof(b.seed), 0) != sizeof(b.seed)) {
		free(pg.mem);
		return err_set(e, EXIT_SBX, "getrandom: %s", strerror(errno));
	}
	b.flags = (p->trace ? BOOT_TRACE : 0) | (p->stats ? BOOT_STATS : 0) |
		  (p->diff ? BOOT_DIFF : 0) |
		  (p->commit ? BOOT_COMMIT : 0) |
		  (scoped ? BOOT_SCOPED : 0);
	_Static_assert(sizeof(b.trace_set) == sizeof(p->trace_set), "set");
	memcpy(b.trace_set, p->trace_set, sizeof(b.trace_set));
	leaks = getenv("SBX_LEAKS");
	b.leaks = leaks ? (uint32_t)atoi(leaks) : 0;
	for (i = 0; i < 3; i++)
		if (!p->std_closed[i])
			about_fd(&b.inherited[i], i);
	for (i = 0; i < (int)p->n_pass; i++)
		about_fd(&b.inherited[3 + i], p->pass[i]);
	b.exe = put_str(&pg, p->program);
	b.cwd = put_str(&pg, p->cwd);
	b.hostname = put_str(&pg, "sbx");
	b.argv = put_list(&pg, p->argv, &b.argc);
	b.envp = put_list(&pg, p->env, &b.envc);
	b.mounts = put_mounts(&pg, p, grants);
	put_net(&pg, &b, &p->net);
	n = getgroups(64, groups);
	b.n_groups = n > 0 ? (uint32_t)n : 0;
	b.uid = p->uid;
	b.gid = p->gid;
	for (i = 0; i < (int)b.n_groups; i++)
		if (groups[i] == b.host_gid)
			groups[i] = b.gid;
	b.groups = put(&pg, groups, b.n_groups * sizeof(gid_t), 8);
	put_filter(&pg, &b, scoped, net);
	b.size = (uint32_t)pg.used;
	memcpy(pg.mem, &b, sizeof(b));
	if (pg.used > HOSTPROC_OFFSET - BOOT_OFFSET) {
		free(pg.mem);
		return err_set(e, EXIT_NOEXEC, "%s: %s", p->program,
			       strerror(E2BIG));
	}
	for (done = 0; done < pg.used;) {
		ssize_t w = pwrite(meta_fd, pg.mem + done, pg.used - done,
				   (off_t)(BOOT_OFFSET + done));

		if (w < 0) {
			free(pg.mem);
			return err_set(e, EXIT_SBX, "memfd: %s",
				       strerror(errno));
		}
		done += (size_t)w;
	}
	free(pg.mem);
	return 0;
}
