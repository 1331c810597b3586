/* SPDX-License-Identifier: Apache-2.0 */
/*
 * confine.c: the broker gives up what serving does not need.
 *
 * Its filter is made at build time from host.tbl; Landlock adds that nothing
 * outside the grants can be opened, and for writing nothing but the writable
 * ones, whatever a hole in the broker may try.  On a host without Landlock
 * the filter stands alone.
 */
#include "config.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "broker-filter.h"
#include "loader/broker/confine.h"
#include "loader/broker/net.h"
#include "loader/broker/server.h"

/* Rights newer than the headers this may be built with. */
#define FS_EXECUTE	(1ULL << 0)
#define FS_WRITE_FILE	(1ULL << 1)
#define FS_READ_FILE	(1ULL << 2)
#define FS_READ_DIR	(1ULL << 3)
#define FS_REMOVE_DIR	(1ULL << 4)
#define FS_REMOVE_FILE	(1ULL << 5)
#define FS_MAKE_CHAR	(1ULL << 6)
#define FS_MAKE_DIR	(1ULL << 7)
#define FS_MAKE_REG	(1ULL << 8)
#define FS_MAKE_SOCK	(1ULL << 9)
#define FS_MAKE_FIFO	(1ULL << 10)
#define FS_MAKE_BLOCK	(1ULL << 11)
#define FS_MAKE_SYM	(1ULL << 12)
#define FS_REFER	(1ULL << 13)	/* ABI 2 */
#define FS_TRUNCATE	(1ULL << 14)	/* ABI 3 */
#define FS_IOCTL_DEV	(1ULL << 15)	/* ABI 5 */
#define NET_ALL		3ULL		/* ABI 4: bind, connect TCP */
#define SCOPE_ABSTRACT	1ULL		/* ABI 6: abstract sockets */

struct ruleset_attr {
	uint64_t fs;
	uint64_t net;
	uint64_t scoped;
};

static long landlock_abi(void)
{
	return syscall(SYS_landlock_create_ruleset, NULL, 0, 1);
}

static uint64_t handled_fs(long abi)
{
	uint64_t fs = (FS_MAKE_SYM << 1) - 1;

	if (abi >= 2)
		fs |= FS_REFER;
	if (abi >= 3)
		fs |= FS_TRUNCATE;
	if (abi >= 5)
		fs |= FS_IOCTL_DEV;
	return fs;
}

static bool any_writable(const struct monitor *m)
{
	for (size_t i = 0; i < m->grant_count; i++)
		if (m->grants[i].writable || m->grants[i].commit)
			return true;
	return false;
}

static int allow_grant(int ruleset, const struct grant *g, uint64_t handled)
{
	struct landlock_path_beneath_attr rule = { .parent_fd = g->dirfd };

	rule.allowed_access = FS_READ_FILE | FS_READ_DIR;
	if (g->writable || g->commit)
		rule.allowed_access |= FS_WRITE_FILE | FS_REMOVE_DIR |
			FS_REMOVE_FILE | FS_MAKE_DIR | FS_MAKE_REG |
			FS_MAKE_FIFO | FS_MAKE_SYM | FS_REFER | FS_TRUNCATE;
	if (g->is_file)
		rule.allowed_access &= FS_READ_FILE | FS_WRITE_FILE |
			FS_TRUNCATE;
	rule.allowed_access &= handled;
	if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH,
		    &rule, 0) < 0)
		/* One in memory has no place where a rule could be. */
		return errno == EBADFD && g->is_file ? 0 : -errno;
	return 0;
}

/*
 * What the host tells of the sandbox's processes (memory.c).  Their own
 * directories in /proc are not there yet; but of what lies in others the host
 * shows nobody under Landlock more than it shows every user.
 */
static int allow_proc(int ruleset, const struct monitor *m)
{
	struct landlock_path_beneath_attr rule = {
		.allowed_access = FS_READ_FILE
	};
	int ret = 0;

	if (m->proc_fd < 0)
		return 0;
	rule.parent_fd = openat(m->proc_fd, "../..",
				O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (rule.parent_fd < 0)
		return 0;
	if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH,
		    &rule, 0) < 0)
		ret = -errno;
	close(rule.parent_fd);
	return ret;
}

static bool makes_sockets(const struct monitor *m)
{
	return m->net && net_wanted(m->net->policy);
}

/* 0, or -EOPNOTSUPP where the host has no Landlock that would do. */
static int confine_landlock(const struct monitor *m)
{
	long abi = landlock_abi();
	struct ruleset_attr attr = { .fs = handled_fs(abi) };
	size_t size = sizeof(attr.fs);
	int ruleset;
	int ret = 0;

	/* The first one forbids every rename between directories. */
	if (abi < 1 || (abi < 2 && any_writable(m)))
		return -EOPNOTSUPP;
	if (abi >= 4) {
		attr.net = makes_sockets(m) ? 0 : NET_ALL;
		size += sizeof(attr.net);
	}
	if (abi >= 6) {
		attr.scoped = SCOPE_ABSTRACT;
		size += sizeof(attr.scoped);
	}
	ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, size, 0);
	if (ruleset < 0)
		return -errno;
	for (size_t i = 0; i < m->grant_count && !ret; i++)
		ret = allow_grant(ruleset, &m->grants[i], attr.fs);
	if (!ret)
		ret = allow_proc(ruleset, m);
	if (!ret && syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
		ret = -errno;
	close(ruleset);
	return ret;
}

/*
 * Starting took most of sbx's text and the kernel image; serving takes little.
 * What is needed again comes back from the page cache, the rest need not
 * count as ours for as long as the sandbox lives.
 */
void monitor_settle(void)
{
	extern const Elf64_Ehdr __ehdr_start __attribute__((visibility("hidden")));
	const char *base = (const char *)&__ehdr_start;
	const Elf64_Phdr *ph = (const Elf64_Phdr *)(base +
						    __ehdr_start.e_phoff);
	uint64_t from, to;
	int i;

	for (i = 0; i < __ehdr_start.e_phnum; i++) {
		if (ph[i].p_type != PT_LOAD || (ph[i].p_flags & PF_W))
			continue;
		from = ((uint64_t)base + ph[i].p_vaddr) & ~4095ULL;
		to = (uint64_t)base + ph[i].p_vaddr + ph[i].p_filesz;
		madvise((void *)from, to - from, MADV_DONTNEED);
	}
}

/* Put the processes of this run into the program of @n instructions. */
static int install(const struct monitor *m, const struct sock_filter *filter,
		   unsigned short n)
{
	struct sock_filter prog[sizeof(broker_filter_net) /
				sizeof(broker_filter_net[0])];
	struct sock_fprog fprog = { .len = n, .filter = prog };
	const struct {
		uint32_t from;
		uint32_t to;
	} put[] = {
		{ CONFINE_CHILD, (uint32_t)m->child },
		{ -CONFINE_CHILD, (uint32_t)-m->child },
		{ CONFINE_SELF, (uint32_t)getpid() },
	};
	size_t found = 0;

	memcpy(prog, filter, n * sizeof(prog[0]));
	for (size_t i = 0; i < fprog.len; i++)
		for (size_t j = 0; j < sizeof(put) / sizeof(put[0]); j++)
			if (BPF_CLASS(prog[i].code) == BPF_JMP &&
			    prog[i].k == put[j].from) {
				prog[i].k = put[j].to;
				found |= 1UL << j;
				break;
			}
	if (found != 7)
		return -EINVAL;
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &fprog) < 0)
		return -errno;
	return 0;
}

#define COUNT(filter)	(sizeof(filter) / sizeof((filter)[0]))

static int confine_filter(const struct monitor *m)
{
	_Static_assert(COUNT(broker_filter_net) >= COUNT(broker_filter) &&
		       COUNT(broker_filter_net) >= COUNT(broker_filter_sock),
		       "the largest");

	if (makes_sockets(m))
		return install(m, broker_filter_net, COUNT(broker_filter_net));
	if (m->net)
		return install(m, broker_filter_sock,
			       COUNT(broker_filter_sock));
	return install(m, broker_filter, COUNT(broker_filter));
}

int monitor_confine(struct monitor *m)
{
	int ret = monitor_shadows(m);

	if (ret < 0)
		return ret;
	umask(0);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	ret = confine_landlock(m);
	m->no_landlock = ret == -EOPNOTSUPP;
	if (ret < 0 && ret != -EOPNOTSUPP)
		return ret;
	return confine_filter(m);
}
