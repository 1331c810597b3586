/* SPDX-License-Identifier: Apache-2.0 */
/*
 * any-call.c: system calls at random, for t/t7012-any-call.sh, in the sandbox
 * only: as root it would do harm elsewhere.
 *
 * usage: any-call SEED ROUNDS [CALLS]
 *
 * Each round is a process with descriptors of every kind and four threads,
 * each of which makes CALLS calls with arguments that are likely to mean
 * something: descriptors, paths, pointers to memory full of the same, flags.
 * Whatever they answer is right, as long as the kernel stays: nothing is
 * checked but that the process ends, of itself, of a fault or, after a while,
 * of SIGKILL.  The exit status is 1 when it does not.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define THREADS		4
#define CALLS		20000
#define LAST_CALL	470
#define FDS		64
#define PAGE		4096
#define MEMORY		(16 * PAGE)
#define ROUND_SECONDS	5

static const char *const paths[] = {
	"", ".", "..", "/", "a", "b", "d", "d/e", "l", "f", "none", "d/..",
	"/proc", "/proc/1/fd", "/proc/self", "/proc/self/attr",
	"/proc/self/cwd", "/proc/self/environ", "/proc/self/exe",
	"/proc/self/fd", "/proc/self/fd/3", "/proc/self/fd/9",
	"/proc/self/fd/17", "/proc/self/fd/23", "/proc/self/fd/31",
	"/proc/self/maps", "/proc/self/mem", "/proc/self/ns/net",
	"/proc/self/root", "/proc/self/task", "/proc/mounts",
	"/proc/net/tcp", "/proc/sys/kernel/pid_max", "/dev", "/dev/fd/4",
	"/dev/full", "/dev/mqueue", "/dev/null", "/dev/ptmx", "/dev/pts/0",
	"/dev/random", "/dev/shm", "/dev/shm/x", "/dev/stdin", "/dev/tty",
	"/dev/zero", "/sys", "/sys/fs/cgroup", "/sys/devices/system/cpu",
	"/etc", "/etc/passwd", "/usr/bin", "/bin/true", "/tmp",
};

/* What would end the process or the test, or wait for ever. */
static const short never[] = {
	SYS_arch_prctl, SYS_brk, SYS_chroot, SYS_clone, SYS_clone3,
	SYS_close_range, SYS_execve, SYS_execveat, SYS_exit, SYS_exit_group,
	SYS_fork, SYS_kill, SYS_munmap, SYS_pause, SYS_pidfd_send_signal,
	SYS_prlimit64, SYS_rseq, SYS_rt_sigaction, SYS_rt_sigprocmask,
	SYS_rt_sigqueueinfo, SYS_rt_sigreturn, SYS_rt_sigsuspend,
	SYS_rt_sigtimedwait, SYS_rt_tgsigqueueinfo, SYS_seccomp,
	SYS_set_tid_address, SYS_setrlimit, SYS_sigaltstack, SYS_tgkill,
	SYS_timer_delete, SYS_timer_settime, SYS_tkill, SYS_vfork,
};

/* What changes memory: now and then, and mostly where there is nothing. */
static const short mapping[] = {
	SYS_madvise, SYS_mmap, SYS_mprotect, SYS_mremap, SYS_shmat, SYS_shmdt,
};

static __thread uint64_t state;
static uint64_t seed;
static int calls = CALLS;
static char *memory, *read_only, *unmapped;

static uint64_t any(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static int listed(const short *list, size_t n, long nr)
{
	for (size_t i = 0; i < n; i++)
		if (list[i] == nr)
			return 1;
	return 0;
}

#define LISTED(list, nr) listed(list, sizeof(list) / sizeof(*(list)), nr)

static uint64_t argument(void)
{
	uint64_t k = any();

	switch (any() % 20) {
	case 0: return k % 3;
	case 1: return UINT64_MAX;
	case 2: return 1ULL << k % 64;
	case 3: return k % 100;
	case 4: case 5: case 6: case 7: return 3 + k % FDS;
	case 8: case 9: case 10: return (uintptr_t)(memory + k % PAGE);
	case 11: case 12: return (uintptr_t)(memory + PAGE * (k % 15));
	case 13: return (uintptr_t)(read_only + k % PAGE);
	case 14: return (uintptr_t)unmapped;
	case 15: case 16: case 17:
		return (uintptr_t)paths[k % (sizeof(paths) / sizeof(*paths))];
	case 18: return (uint64_t)AT_FDCWD;
	default: return k % 3 ? k & 0xffff : k;
	}
}

/* Structures: pointers and small numbers, and vectors in the third page. */
static void fill(void)
{
	const char *path = paths[any() % (sizeof(paths) / sizeof(*paths))];
	uint64_t *words = (void *)memory;

	if (any() % 4 == 0)
		memset(memory, 0, PAGE);
	for (int i = 0; i < 64; i++)
		words[any() % (MEMORY / 8)] = argument();
	for (int i = 0; i < 64; i++)
		((uint32_t *)words)[any() % (PAGE / 4)] = (uint32_t)argument();
	for (int i = 0; i < 8; i++) {
		words[2 * PAGE / 8 + 2 * i] = (uintptr_t)(memory + 4 * PAGE);
		words[2 * PAGE / 8 + 2 * i + 1] = any() % 5000;
	}
	memcpy(memory + 3 * PAGE, path, strlen(path) + 1);
}

static void handler(int signo)
{
	(void)signo;
}

/* Whatever waits is interrupted every few milliseconds. */
static void tick(void)
{
	struct itimerspec its = { { 0, 3000000 }, { 0, 3000000 } };
	struct sigevent ev = {
		.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGALRM,
	};
	timer_t id;

	ev._sigev_un._tid = gettid();
	if (!timer_create(CLOCK_MONOTONIC, &ev, &id))
		timer_settime(id, 0, &its, NULL);
}

static void *work(void *arg)
{
	uint64_t a[6];

	state = seed + (uintptr_t)arg * 0x9e3779b97f4a7c15;
	for (int i = 0; i < 10; i++)
		any();
	tick();
	for (int i = 0; i < calls; i++) {
		long nr = (long)(any() % LAST_CALL);

		if (i % 50 == 0)
			fill();
		for (int k = 0; k < 6; k++)
			a[k] = argument();
		if (any() % 3)
			a[0] = 3 + any() % FDS;
		if (LISTED(never, nr) || (nr == SYS_close && any() % 8) ||
		    (nr == SYS_prctl && (a[0] == 22 || a[0] == 59)))
			continue;
		if (LISTED(mapping, nr)) {
			if (any() % 4)
				continue;
			a[0] = (uintptr_t)(unmapped + PAGE * (any() % 16));
		}
		syscall(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
	}
	return NULL;
}

static void descriptors(void)
{
	static const int families[] = { AF_INET, AF_INET6, AF_UNIX };
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET };
	sigset_t set;
	int p[2], fd;

	mkdir("d", 0755);
	open("a", O_RDWR | O_CREAT, 0644);
	open("b", O_RDWR | O_CREAT | O_APPEND, 0644);
	(void)!symlink("a", "l");
	mkfifo("f", 0644);
	open("f", O_RDWR | O_NONBLOCK);
	open(".", O_RDONLY);
	open("/", O_PATH);
	open("a", O_PATH);
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i += 3)
		open(paths[i], O_RDONLY | O_NONBLOCK | O_NOCTTY);
	(void)!pipe2(p, O_NONBLOCK);
	(void)!pipe2(p, 0);
	for (int i = 0; i < 3; i++) {
		socketpair(AF_UNIX, types[i] | SOCK_NONBLOCK, 0, p);
		for (int k = 0; k < 3; k++)
			socket(families[k], types[i] | SOCK_NONBLOCK, 0);
	}
	socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK, 0);
	listen(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), 5);
	eventfd(0, EFD_NONBLOCK);
	epoll_create1(0);
	inotify_init1(IN_NONBLOCK);
	timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
	memfd_create("any", MFD_ALLOW_SEALING);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	signalfd(-1, &set, SFD_NONBLOCK);
	fd = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK);
	if (fd >= 0 && !unlockpt(fd))
		open(ptsname(fd), O_RDWR | O_NOCTTY | O_NONBLOCK);
	syscall(SYS_pidfd_open, getpid(), 0);
	syscall(SYS_mq_open, "any", O_RDWR | O_CREAT | O_NONBLOCK, 0600, NULL);
	open("/dev/shm", O_TMPFILE | O_RDWR, 0600);
}

static void child(uint64_t round)
{
	struct rlimit size = { 1 << 20, 1 << 20 };
	struct sigaction sa = { .sa_handler = handler };
	pthread_t th[THREADS];

	seed = (seed + round) * 0x9e3779b97f4a7c15 + 1;
	state = seed;
	memory = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	read_only = mmap(NULL, 2 * PAGE, PROT_READ,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unmapped = mmap(NULL, 32 * PAGE, PROT_NONE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (int i = 1; i < SIGRTMIN - 1; i++)
		if (i != SIGSEGV && i != SIGBUS)
			sigaction(i, &sa, NULL);
	setrlimit(RLIMIT_FSIZE, &size);
	descriptors();
	for (uintptr_t i = 0; i < THREADS; i++)
		pthread_create(&th[i], NULL, work, (void *)i);
	for (int i = 0; i < THREADS; i++)
		pthread_join(th[i], NULL);
	_exit(0);
}

int main(int argc, char **argv)
{
	int rounds = argc > 2 ? atoi(argv[2]) : 1;
	struct timespec nap = { 0, 20000000 };

	seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	if (argc > 3)
		calls = atoi(argv[3]);
	for (int i = 0; i < rounds; i++) {
		int naps = 0, status;
		pid_t pid = fork();

		if (!pid)
			child((uint64_t)i);
		while (!waitpid(pid, &status, WNOHANG)) {
			nanosleep(&nap, NULL);
			naps++;
			if (naps == ROUND_SECONDS * 50)
				kill(pid, SIGKILL);
			/* Dead by then, but for a kernel that will not let go. */
			if (naps == 4 * ROUND_SECONDS * 50) {
				fprintf(stderr, "round %d does not end\n", i);
				return 1;
			}
		}
	}
	return 0;
}
