/* SPDX-License-Identifier: Apache-2.0 */
/*
 * boot.c: from the launcher's process to the first guest instruction.
 *
 * The launcher has put the image in its place and jumps to kernel_start() in
 * the forked child.  From there on nothing of the launcher is needed: all of
 * its memory is unmapped, the arenas are mapped, the handlers and the filter
 * are installed, and only then is the first byte of a guest mapped.
 */
#include <asm-generic/mman-common.h>
#include <asm/unistd.h>
#include <linux/filter.h>
#include <linux/mman.h>
#include <linux/prctl.h>
#include <linux/seccomp.h>

#include "emul/abi/boot.h"
#include "emul/abi/hostfd.h"
#include "emul/boot.h"
#include "emul/host/host.h"
#include "emul/lib/print.h"
#include "emul/lib/string.h"
#include "interposer/clock.h"
#include "interposer/interposer.h"
#include "interposer/rawhost.h"

#define NR_MSEAL	462	/* Linux 6.10; not in Debian 12's headers */

/* At the very start of the image, whatever the linker orders. */
__asm__(".section .head, \"ax\", @progbits\n"
	".globl kernel_head\n"
	".hidden kernel_head\n"
	"kernel_head: jmp kernel_start\n"
	/*
	 * For the launcher: up to where the image is to be executable, and
	 * where what runs at each start ends.
	 */
	".balign 8\n"
	".quad image_text_end\n"
	".quad image_hot_end\n"
	".text\n");

static void map_or_die(uint64_t at, uint64_t len, int fd)
{
	long r = raw_host6(__NR_mmap, (long)at, (long)len,
			   PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_FIXED | MAP_NORESERVE, fd, 0);

	/* Nothing to report by yet. */
	if (r < 0)
		raw_host4(__NR_exit_group, 125, 0, 0, 0);
}

static void unmap(uint64_t from, uint64_t to)
{
	if (from < to)
		raw_host4(__NR_munmap, (long)from, (long)(to - from), 0, 0);
}

/*
 * The vdso's pieces keep their distances, for its code finds its data by
 * them; in place of where the host put them they lie out of the guest's way.
 */
static uint64_t move_vdso(const struct boot_vdso *v)
{
	uint64_t base = v->n_maps ? v->maps[0].start : 0, ehdr = v->ehdr;
	uint32_t i;

	for (i = 0; i < v->n_maps; i++) {
		const struct boot_map *m = &v->maps[i];
		uint64_t to = HOST_VDSO_BASE + (m->start - base);

		if (raw_host6(__NR_mremap, (long)m->start, (long)m->len,
			      (long)m->len, MREMAP_MAYMOVE | MREMAP_FIXED,
			      (long)to, 0) < 0)
			ehdr = 0;
	}
	return ehdr ? ehdr - base + HOST_VDSO_BASE : 0;
}

/* Runs on the launcher's stack, which lies above all that is mapped here. */
void kernel_start(const struct boot_vdso *v)
{
	struct thread *th, early = { .self = &early };
	uint64_t vdso_ehdr;

	/* Who takes the first lock has to be somebody. */
	set_gs_base(&early);
	/*
	 * The host's vdso first: it lies anywhere, also where the arena is
	 * going to be.
	 */
	vdso_ehdr = move_vdso(v);
	map_or_die(SLOTS_BASE, SLOTS_SIZE, HOSTFD_SLOTS);
	map_or_die(META_BASE, META_SIZE, HOSTFD_META);
	th = slot_alloc();
	while (!th)
		raw_host4(__NR_exit_group, 125, 0, 0, 0);
	set_gs_base(th);
	__asm__ volatile("mov %0, %%rsp\n"
			 "xor %%ebp, %%ebp\n"
			 "call boot_main\n"
			 "ud2"
			 :: "r"(th->kstack - 8 - sizeof(struct regs)),
			    "D"(vdso_ehdr) : "memory");
	__builtin_unreachable();
}

static void install_filter(const struct boot *b)
{
	struct sock_fprog prog = {
		.len = (unsigned short)b->filter_len,
		.filter = (struct sock_filter *)((uint64_t)b + b->filter),
	};

	if (raw_host6(__NR_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0, 0) ||
	    raw_host4(__NR_seccomp, SECCOMP_SET_MODE_FILTER, 0, (long)&prog, 0))
		panic("the host refuses the seccomp filter");
}

/* The launcher has died if it does not come. */
static void await_boot_page(void)
{
	char go = 0;

	if (raw_host4(__NR_read, HOSTFD_CHANNEL, (long)&go, 1, 0) != 1 ||
	    go != BOOT_GO)
		raw_host4(__NR_exit_group, 125, 0, 0, 0);
}

void boot_main(uint64_t vdso_ehdr)
{
	struct boot *b = (struct boot *)BOOT_BASE;
	struct thread *th;

	__asm__("mov %%gs:0, %0" : "=r"(th));
	/* All of the launcher, its stack with the environment too. */
	unmap(0, REGION_START);
	unmap(REGION_START, IMAGE_BASE);
	unmap((uint64_t)image_end, META_BASE);
	unmap(META_BASE + META_SIZE, SLOTS_BASE);
	unmap(SLOTS_BASE + SLOTS_SIZE, HOST_VDSO_BASE);
	unmap(HOST_VDSO_BASE + 0x100000, REGION_END);
	map_or_die(DATA_BASE, DATA_SIZE, HOSTFD_DATA);
	clock_boot(vdso_ehdr);
	hostsig_boot();
	hostsig_thread(th);
	th->host_tid = (int32_t)raw_host4(__NR_set_tid_address,
					  (long)&th->host_tid, 0, 0, 0);
	/* Robustness only (rule R1): stray mprotect and munmap fail here. */
	raw_host4(NR_MSEAL, (long)IMAGE_BASE,
		  (long)((uint64_t)image_end - IMAGE_BASE), 0, 0);
	await_boot_page();
	install_filter(b);
	emul_boot(b, th);
}
