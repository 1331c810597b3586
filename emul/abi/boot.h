/* SPDX-License-Identifier: Apache-2.0 */
/*
 * boot.h: what the launcher hands to the kernel when it starts it.
 *
 * It lies in the META memfd behind the globals; the kernel finds it at
 * BOOT_BASE once a byte BOOT_GO has come over the first channel: the launcher
 * writes it while the process of the kernel makes itself ready.  Strings are
 * offsets from the start of struct boot.  It is trusted until the first guest
 * instruction, and not read after that, but for what the kernel copied.
 */
#ifndef SBX_ABI_BOOT_H
#define SBX_ABI_BOOT_H

#include <stdint.h>

#include "emul/abi/broker.h"
#include "emul/abi/hostfd.h"
#include "emul/abi/hostproc.h"
#include "emul/abi/region.h"

#define BOOT_MAGIC	0x736278626f6f7431UL
#define BOOT_VERSION	1
#define BOOT_GO		'g'
#define BOOT_OFFSET	META_GLOBALS		/* in the memfd */
#define BOOT_BASE	(META_BASE + BOOT_OFFSET)
#define HEAP_BASE	(BOOT_BASE + BOOT_SIZE)	/* of the allocator */
#define BOOT_SIZE	0x800000UL		/* at most; the heap follows */

/* struct hostsig (emul/abi/broker.h): the last page of the same space. */
#define HOSTSIG_OFFSET	(BOOT_OFFSET + BOOT_SIZE - PAGE_SIZE)
/* struct hostproc (emul/abi/hostproc.h): the table below that page. */
#define HOSTPROC_OFFSET	(HOSTSIG_OFFSET - HOSTPROC_SIZE)

/* Where the host's vvar and vdso are moved to. */
#define HOST_VDSO_BASE	0x7fe000100000UL

enum boot_mount_kind {
	BOOT_MOUNT_RO = 1,	/* host directory or file, read-only */
	BOOT_MOUNT_RW,		/* the same, writable: writes reach the host */
	BOOT_MOUNT_OVERLAY,	/* host below, memory above: writes discarded */
	BOOT_MOUNT_TMPFS,
	BOOT_MOUNT_PROC,
	BOOT_MOUNT_SYS,
	BOOT_MOUNT_DEV,
	BOOT_MOUNT_SYMLINK,	/* a link, in a directory of the view's own */
	BOOT_MOUNT_HIDE,	/* as if absent (ENOENT) */
	BOOT_MOUNT_DENY,	/* there, and EACCES */
};

struct boot_mount {
	uint32_t kind;
	uint32_t grant;		/* broker's grant index where kind is a host's */
	uint32_t path;		/* absolute path in the guest's view; string */
	uint32_t source;	/* host path, for /proc/mounts; string */
	uint64_t size;		/* tmpfs: bytes at most; 0: no limit of its own */
	uint32_t mode;		/* tmpfs: mode of its root; 0: 01777 */
	uint32_t is_dir;	/* host kinds: a directory, else a single file */
	uint32_t target;	/* symlink: where it leads; string */
	uint32_t read_only;	/* tmpfs: an empty directory, and stays so */
	struct broker_stat st;	/* host kinds: of the root of the grant */
};

/* An inherited descriptor, by its index of emul/abi/hostfd.h. */
struct boot_inherited {
	uint32_t open;
	uint32_t flags;		/* F_GETFL */
	uint32_t mode;		/* st_mode */
	uint32_t number;	/* the guest's */
	uint64_t rdev;		/* major << 32 | minor */
};

struct boot_map {
	uint64_t start, len;	/* a piece of vvar or vdso, as the host put it */
};

/* What the image's entry is given; the boot page comes later (BOOT_GO). */
struct boot_vdso {
	uint64_t ehdr;		/* AT_SYSINFO_EHDR of the host's; 0: none */
	uint32_t n_maps;
	uint32_t pad;
	struct boot_map maps[4];
};

/*
 * What of the network the kernel need not ask the broker for: it is the
 * broker's word that counts.
 */
#define BOOT_NET_NONE	0u
#define BOOT_NET_HOST	1u
#define BOOT_NET_FILTER	2u

#define BOOT_NET_OUT	1u	/* kinds: the host's loopback, granted */
#define BOOT_NET_IN	2u	/* ports that are published, or may be bound */

struct boot_net {
	uint8_t ip[16];		/* OUT; IPv4 as ::ffff:a.b.c.d */
	uint32_t prefix;	/* OUT: bits of it */
	uint32_t kind;
	uint32_t proto;		/* 1: TCP, 2: UDP */
	uint16_t low, high;	/* ports */
};

#define BOOT_TRACE	1u	/* write a line a call to HOSTFD_TRACE */
#define BOOT_STATS	2u	/* count, and report at the end */
#define BOOT_SCOPED	4u	/* signals cannot leave: tgkill is vetted */
#define BOOT_DIFF	8u	/* list the changes of overlays at the end */
#define BOOT_COMMIT	16u	/* write them back after an exit with 0 */

struct boot {
	uint64_t magic;
	uint32_t version;
	uint32_t size;		/* of everything, strings included */
	uint32_t flags;		/* BOOT_* */

	uint32_t exe;		/* path to run, in the guest's view; string */
	uint32_t cwd;		/* string */
	uint32_t hostname;	/* string */
	uint32_t argc, envc;
	uint32_t argv, envp;	/* arrays of argc, envc string offsets */

	uint32_t n_mounts;
	uint32_t mounts;	/* array of struct boot_mount */

	uint32_t filter;	/* array of struct sock_filter */
	uint32_t filter_len;	/* instructions */

	uint32_t hwcap, hwcap2;
	uint32_t clktck, minsigstksz;
	uint32_t uid, gid;	/* as the guest shall see itself */
	uint32_t umask;
	int32_t nice;
	uint64_t sig_ignored, sig_blocked;	/* bit n-1: signal n */
	uint32_t n_groups;
	uint32_t groups;	/* array of uint32_t */
	uint64_t rlimits[16][2];	/* cur, max, by RLIMIT_ number */
	uint64_t max_memory;		/* bytes; 0: no limit, as below */
	uint64_t max_cpu_milli;		/* thousandths of a CPU */
	uint64_t max_pids;
	uint64_t mem_total, mem_free;	/* bytes, for meminfo and sysinfo */
	uint64_t cpu_mask[16];		/* CPUs the sandbox may run on */
	uint32_t n_cpus;
	uint32_t cpuinfo;		/* text of the host's cpuinfo; string */
	uint32_t cpuinfo_len;
	uint32_t leaks;			/* debug build: how much to tell of them */
	uint32_t host_uid, host_gid;	/* what they are outside */
	uint64_t trace_set[16];	/* a bit a call's number */
	uint32_t net_mode;
	uint32_t net_names;		/* some are resolved */
	uint32_t n_net;
	uint32_t net;			/* array of struct boot_net */
	struct boot_inherited inherited[INHERITED_MAX];
	uint8_t seed[64];	/* random */
};

static inline const char *boot_str(const struct boot *b, uint32_t off)
{
	return (const char *)b + off;
}

#endif
