/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proc-cpu.c: /proc/cpuinfo, from the cpuid instruction: the program could
 * ask that as well, so nothing of the host is told that it hides.
 *
 * cpuid is slow in a virtual machine: the text is made when it is first read.
 */
#include "emul/fs/proc.h"
#include "emul/lib/alloc.h"
#include "emul/lib/string.h"
#include "emul/task/sched.h"
#include "emul/time/time.h"

struct cpuid {
	uint32_t a, b, c, d;
};

static struct {
	struct mutex lock;
	struct text text;	/* of one CPU, without the numbers of it */
	uint32_t family, model, stepping;
	char vendor[16], name[64];
	uint32_t max, mhz_x1000, cache_kb, clflush;
	uint32_t phys_bits, virt_bits;
} cpu __arena;
LOCK_CLASS(cpu, LOCK_ONCE);

static struct cpuid cpuid(uint32_t leaf, uint32_t sub)
{
	struct cpuid r;

	__asm__ volatile("cpuid" : "=a"(r.a), "=b"(r.b), "=c"(r.c), "=d"(r.d)
			 : "a"(leaf), "c"(sub));
	return r;
}

/* Names by bit, "" for those that Linux does not show. */
static const char *const leaf1_d[32] = {
	"fpu", "vme", "de", "pse", "tsc", "msr", "pae", "mce", "cx8", "apic",
	"", "sep", "mtrr", "pge", "mca", "cmov", "pat", "pse36", "pn",
	"clflush", "", "dts", "acpi", "mmx", "fxsr", "sse", "sse2", "ss", "ht",
	"tm", "ia64", "pbe",
};
static const char *const ext1_d[32] = {
	[11] = "syscall", [19] = "mp", [20] = "nx", [22] = "mmxext",
	[25] = "fxsr_opt", [26] = "pdpe1gb", [27] = "rdtscp", [29] = "lm",
	[30] = "3dnowext", [31] = "3dnow",
};
static const char *const leaf1_c[32] = {
	"pni", "pclmulqdq", "dtes64", "monitor", "ds_cpl", "vmx", "smx", "est",
	"tm2", "ssse3", "cid", "sdbg", "fma", "cx16", "xtpr", "pdcm", "",
	"pcid", "dca", "sse4_1", "sse4_2", "x2apic", "movbe", "popcnt",
	"tsc_deadline_timer", "aes", "xsave", "", "avx", "f16c", "rdrand",
	"hypervisor",
};
static const char *const ext1_c[32] = {
	"lahf_lm", "cmp_legacy", "svm", "extapic", "cr8_legacy", "abm",
	"sse4a", "misalignsse", "3dnowprefetch", "osvw", "ibs", "xop",
	"skinit", "wdt", "", "lwp", "fma4", "tce", "", "nodeid_msr", "",
	"tbm", "topoext", "perfctr_core", "perfctr_nb", "", "bpext", "ptsc",
	"perfctr_llc", "mwaitx", "", "",
};
static const char *const leaf7_b[32] = {
	"fsgsbase", "tsc_adjust", "sgx", "bmi1", "hle", "avx2", "", "smep",
	"bmi2", "erms", "invpcid", "rtm", "cqm", "", "mpx", "rdt_a",
	"avx512f", "avx512dq", "rdseed", "adx", "smap", "avx512ifma", "",
	"clflushopt", "clwb", "intel_pt", "avx512pf", "avx512er", "avx512cd",
	"sha_ni", "avx512bw", "avx512vl",
};
static const char *const leaf7_c[32] = {
	"", "avx512vbmi", "umip", "pku", "ospke", "waitpkg", "avx512_vbmi2",
	"", "gfni", "vaes", "vpclmulqdq", "avx512_vnni", "avx512_bitalg",
	"tme", "avx512_vpopcntdq", "", "la57", "", "", "", "", "", "rdpid",
	"", "bus_lock_detect", "cldemote", "", "movdiri", "movdir64b",
	"enqcmd", "", "",
};
static const char *const leaf7_d[32] = {
	[2] = "avx512_4vnniw", [3] = "avx512_4fmaps", [4] = "fsrm",
	[8] = "avx512_vp2intersect", [10] = "md_clear", [14] = "serialize",
	[18] = "pconfig", [19] = "arch_lbr", [22] = "amx_bf16",
	[23] = "avx512_fp16", [24] = "amx_tile", [25] = "amx_int8",
	[28] = "flush_l1d", [29] = "arch_capabilities",
};

static void put_flags(struct text *b, uint32_t bits, const char *const *name)
{
	for (int i = 0; i < 32; i++) {
		if (!(bits >> i & 1) || !name[i] || !*name[i])
			continue;
		text_put(b, name[i], strlen(name[i]));
		text_put(b, " ", 1);
	}
}

static void read_names(uint32_t ext_max)
{
	struct cpuid r = cpuid(0, 0);
	uint32_t words[12];
	size_t skip;

	cpu.max = r.a;
	memcpy(cpu.vendor, &r.b, 4);
	memcpy(cpu.vendor + 4, &r.d, 4);
	memcpy(cpu.vendor + 8, &r.c, 4);
	strcopy(cpu.name, "unknown", sizeof(cpu.name));
	if (ext_max < 0x80000004)
		return;
	for (uint32_t i = 0; i < 3; i++) {
		r = cpuid(0x80000002 + i, 0);
		words[i * 4] = r.a;
		words[i * 4 + 1] = r.b;
		words[i * 4 + 2] = r.c;
		words[i * 4 + 3] = r.d;
	}
	memset(cpu.name, 0, sizeof(cpu.name));
	memcpy(cpu.name, words, sizeof(words));
	for (skip = 0; cpu.name[skip] == ' '; skip++)
		;
	memmove(cpu.name, cpu.name + skip, sizeof(cpu.name) - skip);
	for (size_t n = strlen(cpu.name); n && cpu.name[n - 1] == ' '; )
		cpu.name[--n] = '\0';
}

static uint64_t tsc(void)
{
	uint32_t lo, hi;

	__asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi));
	return (uint64_t)hi << 32 | lo;
}

/* By a millisecond of the clock; once in a sandbox's life. */
static uint32_t measure_khz(void)
{
	int64_t start = time_now(), now;
	uint64_t from = tsc();

	do
		now = time_now();
	while (now - start < NSEC_PER_MSEC);
	return (uint32_t)((tsc() - from) * 1000000 / (uint64_t)(now - start));
}

static void read_speed(void)
{
	struct cpuid r;

	if (cpu.max >= 0x16) {
		r = cpuid(0x16, 0);
		cpu.mhz_x1000 = (r.a & 0xffff) * 1000;
	}
	if (!cpu.mhz_x1000 && (cpuid(1, 0).c >> 31)) {
		/* What hypervisors tell of the TSC, in kHz. */
		r = cpuid(0x40000000, 0);
		if (r.a >= 0x40000010 && r.a < 0x40000100)
			cpu.mhz_x1000 = cpuid(0x40000010, 0).a;
	}
	if (!cpu.mhz_x1000)
		cpu.mhz_x1000 = measure_khz();
}

static void read_cpu(void)
{
	uint32_t ext_max = cpuid(0x80000000, 0).a;
	struct cpuid r = cpuid(1, 0), e = { 0 }, s = { 0 };
	struct text *b = &cpu.text;

	read_names(ext_max);
	read_speed();
	cpu.family = (r.a >> 8 & 15) + ((r.a >> 8 & 15) == 15 ?
					(r.a >> 20 & 255) : 0);
	cpu.model = (r.a >> 4 & 15) | (r.a >> 12 & 0xf0);
	cpu.stepping = r.a & 15;
	cpu.clflush = (r.b >> 8 & 255) * 8;
	cpu.phys_bits = 36;
	cpu.virt_bits = 48;
	if (ext_max >= 0x80000001)
		e = cpuid(0x80000001, 0);
	if (cpu.max >= 7)
		s = cpuid(7, 0);
	if (ext_max >= 0x80000006)
		cpu.cache_kb = cpuid(0x80000006, 0).c >> 16;
	if (ext_max >= 0x80000008) {
		uint32_t sizes = cpuid(0x80000008, 0).a;

		cpu.phys_bits = sizes & 255;
		cpu.virt_bits = sizes >> 8 & 255;
	}
	put_flags(b, r.d, leaf1_d);
	put_flags(b, e.d, ext1_d);
	text_printf(b, "constant_tsc rep_good nopl nonstop_tsc cpuid ");
	put_flags(b, r.c, leaf1_c);
	put_flags(b, e.c, ext1_c);
	put_flags(b, s.b, leaf7_b);
	put_flags(b, s.c, leaf7_c);
	put_flags(b, s.d, leaf7_d);
	if (b->len)
		b->len--;	/* the last blank */
}

void proc_show_cpuinfo(struct text *b, struct task *t)
{
	unsigned int n = sched_cpus();

	(void)t;
	mutex_lock(&cpu.lock);
	if (!cpu.max)
		read_cpu();
	mutex_unlock(&cpu.lock);
	for (unsigned int i = 0; i < n; i++) {
		text_printf(b, "processor\t: %u\nvendor_id\t: %s\n"
			    "cpu family\t: %u\nmodel\t\t: %u\n"
			    "model name\t: %s\nstepping\t: %u\n"
			    "microcode\t: 0xffffffff\n"
			    "cpu MHz\t\t: %u.%03u\n", i, cpu.vendor,
			    cpu.family, cpu.model, cpu.name, cpu.stepping,
			    cpu.mhz_x1000 / 1000, cpu.mhz_x1000 % 1000);
		text_printf(b, "cache size\t: %u KB\nphysical id\t: 0\n"
			    "siblings\t: %u\ncore id\t\t: %u\n"
			    "cpu cores\t: %u\napicid\t\t: %u\n"
			    "initial apicid\t: %u\nfpu\t\t: yes\n"
			    "fpu_exception\t: yes\ncpuid level\t: %u\n"
			    "wp\t\t: yes\nflags\t\t: ", cpu.cache_kb, n, i, n,
			    i, i, cpu.max);
		text_put(b, cpu.text.p, cpu.text.len);
		text_printf(b, "\nbugs\t\t:\nbogomips\t: %u.%02u\n"
			    "clflush size\t: %u\ncache_alignment\t: %u\n"
			    "address sizes\t: %u bits physical, "
			    "%u bits virtual\npower management:\n\n",
			    cpu.mhz_x1000 * 2 / 1000,
			    cpu.mhz_x1000 * 2 % 1000 / 10, cpu.clflush,
			    cpu.clflush, cpu.phys_bits, cpu.virt_bits);
	}
}
