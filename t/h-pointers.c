/* SPDX-License-Identifier: Apache-2.0 */
/*
 * h-pointers.c: the region's addresses in every pointer argument of every
 * call, one argument at a time, the others good.
 *
 *	h-pointers		all calls
 *	h-pointers NR		one
 *
 * A call that succeeds with such a pointer is told, but for those which may
 * ignore it.  The driver gives /dev/zero as standard input.
 */
#include "emul/sysnames.h"
#include "t/hostile.h"

/* Calls that end or block the caller by what they are. */
static const int skipped[] = {
	__NR_exit, __NR_exit_group, __NR_pause, __NR_rt_sigreturn,
	__NR_fork, __NR_vfork, __NR_clone, __NR_clone3, __NR_rt_sigsuspend,
};

/* Good things to point to, one an argument. */
static char good[6][8192] __attribute__((__aligned__(4096)));
static int failed;

static int in_list(int nr, const int *list, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		if (list[i] == nr)
			return 1;
	return 0;
}

/*
 * Success is right where the pointer is an address to be told of and no
 * memory to be touched, or where it is not looked at.
 */
static int may_succeed(int nr, int arg, uint64_t p)
{
	/* The last bytes below the region are the guest's own to name. */
	if (p < REGION_START)
		return 1;
	switch (nr) {
	case __NR_brk:			/* says where it is */
	case __NR_mmap:			/* a hint */
	case __NR_set_tid_address:	/* looked at when the thread ends */
	case __NR_set_robust_list:
		return 1;
	case __NR_futex:		/* timeout and uaddr2 by op */
		return arg != 0;
	case __NR_nanosleep:		/* the rest, where there is one */
	case __NR_clock_nanosleep:
		return arg == (nr == __NR_nanosleep ? 1 : 3);
	case __NR_getcpu:		/* not since 2.6.24 */
		return arg == 2;
	case __NR_listxattr:		/* there is nothing to be listed */
	case __NR_llistxattr:
	case __NR_flistxattr:
		return arg == 1;
	case __NR_prctl:		/* by op; groups of size 0 */
	case __NR_arch_prctl:
	case __NR_getgroups:
	case __NR_setgroups:
		return 1;
	default:
		return 0;
	}
}

static struct args good_args(const struct sysname *s)
{
	struct args x;
	int i;

	for (i = 0; i < 6; i++) {
		memset(good[i], 0, sizeof(good[i]));
		/* Numbers: small ones, so that a size is a size. */
		x.v[i] = s->ptrs & 1U << i ? ptr(good[i]) : 8;
	}
	good[0][0] = '/';
	good[1][0] = '/';
	/* First arguments are mostly descriptors: standard input. */
	if (!(s->ptrs & 1))
		x.v[0] = 0;
	switch (s->nr) {
	case __NR_nanosleep:
		good[0][0] = 0;			/* not 47 seconds */
		break;
	case __NR_poll:
	case __NR_ppoll:
		x.v[1] = 1;
		if (s->nr == __NR_poll)
			x.v[2] = 0;
		break;
	case __NR_select:
	case __NR_pselect6:
		x.v[0] = 8;
		break;
	case __NR_futex:
		x.v[1] = 0;
		x.v[2] = 12345;		/* not what is there */
		break;
	case __NR_rt_sigaction:
	case __NR_kill:
		x.v[0] = 12;
		x.v[3] = 8;
		break;
	case __NR_rt_sigprocmask:
		x.v[0] = 0;
		x.v[3] = 8;
		break;
	case __NR_tkill:
	case __NR_tgkill:
		x.v[0] = x.v[1] = x.v[2] = 0;
		break;
	case __NR_alarm:
		x.v[0] = 0;
		break;
	default:
		break;
	}
	return x;
}

static void try_pointer(const struct sysname *s, int arg, uint64_t p)
{
	struct args x = good_args(s);
	long ret;

	x.v[arg] = (long)p;
	ret = sys6(s->nr, x);
	if (ret < 0 && ret > -4096) {
		if (ret > -512)
			return;
		/* The kernel's own words for a restart have got out. */
	} else if (may_succeed(s->nr, arg, p)) {
		return;
	}
	say(s->name);
	say(" with ");
	say_hex(p);
	say(" as argument ");
	say_number(arg + 1);
	say(" gives ");
	say_number(ret);
	say("\n");
	failed = EXIT_BREACH;
}

static void try_call(const struct sysname *s)
{
	unsigned int i;
	int arg;

	if (in_list(s->nr, skipped, COUNT(skipped)))
		return;
	for (arg = 0; arg < s->nargs; arg++)
		for (i = 0; s->ptrs & 1U << arg && i < COUNT(region_pointers);
		     i++)
			try_pointer(s, arg, region_pointers[i]);
}

int attack(int argc, char **argv)
{
	const struct sysname *s;
	unsigned int i;

	for (i = 0; i < COUNT(sysnames); i++) {
		s = &sysnames[i];
		if (argc > 1 && s->nr != number(argv[1]))
			continue;
		try_call(s);
	}
	if (sys(__NR_getpid) <= 0)
		return EXIT_BREACH;
	say("done\n");
	return failed;
}
