/* SPDX-License-Identifier: Apache-2.0 */
/*
 * u-broker-monitor.c: the monitor's loop with real processes, confined as it
 * is in earnest.  Each test forks an "sbx", which forks a "sandbox" that runs
 * a function of the test; sbx's own exit status says how it ended.
 *
 * Built without sanitizers: their run time makes calls that the broker's
 * filter is there to refuse.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "t/broker.h"
#include "t/unit.h"

#define FAILED 99	/* exit status of a sandbox that saw what is wrong */

static int channel[HOSTFD_CHANNELS];	/* the sandbox's ends */
static struct monitor m;
static struct packet p;
static char root[64];
static pid_t sbx;
static struct hostsig *hostsig;		/* in a memfd, shared */
static int meta_fd;

/* Run in sbx once confined; its result is sbx's status if not 0. */
static int (*confined_check)(void);
/* Run by the test while sbx runs. */
static void (*meanwhile)(void);

static void launch(void (*sandbox)(void))
{
	char path[80];
	int life[2];
	int go[2];
	char byte;
	pid_t child;

	if (monitor_init(&m) || pipe(life) || pipe(go))
		_exit(FAILED);
	snprintf(path, sizeof(path), "%s/ro", root);
	if (monitor_grant(&m, path, "/", false) != 0)
		_exit(FAILED);
	snprintf(path, sizeof(path), "%s/rw", root);
	if (monitor_grant(&m, path, "/work", true) != 1)
		_exit(FAILED);
	for (size_t i = 0; i < HOSTFD_CHANNELS; i++) {
		int pair[2];

		if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
			       pair))
			_exit(FAILED);
		m.channel[i] = pair[0];
		channel[i] = pair[1];
	}
	m.meta_fd = meta_fd;
	m.life_fd = life[1];
	child = fork();
	if (!child) {
		setsid();
		close(life[1]);
		close(go[1]);
		for (size_t i = 0; i < HOSTFD_CHANNELS; i++)
			close(m.channel[i]);
		if (lifeline_arm(life[0]) || read(go[0], &byte, 1) != 1)
			_exit(FAILED);
		sandbox();
		_exit(FAILED);
	}
	for (size_t i = 0; i < HOSTFD_CHANNELS; i++)
		close(channel[i]);
	close(life[0]);
	if (monitor_start(&m, child) || monitor_confine(&m))
		_exit(FAILED);
	if (confined_check) {
		int ret = confined_check();

		if (ret)
			_exit(ret);
	}
	if (write(go[1], "", 1) != 1)
		_exit(FAILED);
}

/* The wait status with which sbx would end; its errors go to stderr_text. */
static char stderr_text[1024];

static int run(void (*sandbox)(void))
{
	int err[2];
	int status;
	size_t n = 0;
	ssize_t got;

	strcpy(root, "/tmp/u-monitor.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(root));
	ck_assert_int_eq(chdir(root), 0);
	ck_assert_int_eq(system("mkdir ro rw && echo hello >ro/file"), 0);
	meta_fd = memfd_create("meta", 0);
	ck_assert_int_eq(ftruncate(meta_fd, 4096), 0);
	hostsig = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED,
		       meta_fd, 0);
	ck_assert_int_eq(pipe(err), 0);
	sbx = fork();
	if (!sbx) {
		setpgid(0, 0);
		dup2(err[1], 2);
		close(err[0]);
		close(err[1]);
		launch(sandbox);
		status = monitor_run(&m);
		_exit(WIFEXITED(status) ? WEXITSTATUS(status) :
		      128 + WTERMSIG(status));
	}
	close(err[1]);
	if (meanwhile)
		meanwhile();
	/* The end of the text says that every process is gone. */
	while ((got = read(err[0], stderr_text + n,
			   sizeof(stderr_text) - 1 - n)) > 0)
		n += (size_t)got;
	stderr_text[n] = '\0';
	close(err[0]);
	ck_assert_int_eq(waitpid(sbx, &status, 0), sbx);
	ck_assert_int_eq(chdir("/"), 0);
	snprintf(stderr_text + n, sizeof(stderr_text) - n, "%s", "");
	{
		char line[128];

		snprintf(line, sizeof(line), "rm -rf %s", root);
		ck_assert_int_eq(system(line), 0);
	}
	return status;
}

static int exit_of(void (*sandbox)(void))
{
	int status = run(sandbox);

	ck_assert_msg(WIFEXITED(status), "sbx: status %#x", status);
	return WEXITSTATUS(status);
}

/* One round trip of p; the descriptor that comes, or -1. */
static struct {
	struct broker_rep rep;
	unsigned char body[BROKER_BODY_MAX];
} answer;

static int ask(int fd)
{
	char control[CMSG_SPACE(sizeof(int))] __attribute__((aligned(8)));
	struct iovec iov = { &answer, sizeof(answer) };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *h;

	if (send(fd, &p, packet_size(&p), MSG_NOSIGNAL) < 0)
		_exit(FAILED);
	if (recvmsg(fd, &msg, 0) < (ssize_t)sizeof(answer.rep))
		pause();	/* sbx is ending us */
	h = CMSG_FIRSTHDR(&msg);
	return h ? *(int *)(void *)CMSG_DATA(h) : -1;
}

static void check(bool good)
{
	if (!good)
		_exit(FAILED);
}

/* A process of the sandbox beside this one, as the kernel makes them. */
static pid_t spawn(void)
{
	return (pid_t)syscall(SYS_clone, CLONE_FILES | CLONE_PARENT | SIGCHLD,
			      0, 0, 0, 0);
}

/*
 * The ends.
 */
static void just_exit(void)
{
	_exit(7);
}

static void tell_exit(void)
{
	if (!spawn())
		for (;;)
			pause();
	packet_init(&p, BROKER_EXIT, "", "");
	p.q.arg[0] = 3 << 8;
	p.q.flags = BROKER_EXIT_NOW;
	ask(channel[0]);
	pause();
}

static void tell_signal(void)
{
	packet_init(&p, BROKER_EXIT, "", "");
	p.q.arg[0] = SIGTERM;
	ask(channel[3]);
	_exit(0);
}

/* The others end with the first, which sbx was asked to run. */
static void leave_one(void)
{
	if (!spawn()) {
		poll(NULL, 0, 60000);
		_exit(9);
	}
	_exit(6);
}

START_TEST(ends)
{
	ck_assert_int_eq(exit_of(just_exit), 7);
	ck_assert_str_eq(stderr_text, "");
	ck_assert_int_eq(exit_of(tell_exit), 3);
	ck_assert_int_eq(exit_of(tell_signal), 128 + SIGTERM);
	ck_assert_int_eq(exit_of(leave_one), 6);
	ck_assert_str_eq(stderr_text, "");
}
END_TEST

static void killed(void)
{
	if (!spawn())
		for (;;)
			pause();
	kill(getpid(), SIGKILL);
}

static void panicked(void)
{
	if (!spawn())
		for (;;)
			pause();
	packet_init(&p, BROKER_PANIC, "it \033[31mbroke", "");
	ask(channel[0]);
	pause();
}

static void forbidden(void)
{
	raise(SIGSYS);
}

START_TEST(failures)
{
	ck_assert_int_eq(exit_of(killed), 125);
	ck_assert_ptr_nonnull(strstr(stderr_text, "killed by the host"));
	ck_assert_int_eq(exit_of(forbidden), 125);
	ck_assert_ptr_nonnull(strstr(stderr_text, "forbidden host call"));
	ck_assert_int_eq(exit_of(panicked), 125);
	ck_assert_ptr_nonnull(strstr(stderr_text, "it ?[31mbroke\n"));
}
END_TEST

/*
 * Rubbish.
 */
static void rubbish(void)
{
	memset(&p, 0xa5, sizeof(p));
	check(send(channel[2], &p, 100, MSG_NOSIGNAL) == 100);
	pause();
}

static void too_long(void)
{
	static char big[100000];

	packet_init(&p, BROKER_STAT, "", "");
	memcpy(big, &p, sizeof(p.q));
	check(send(channel[2], big, sizeof(big), MSG_NOSIGNAL) > 0);
	pause();
}

static void never_reads(void)
{
	packet_init(&p, BROKER_READDIR, "", "");
	for (;;)
		if (send(channel[1], &p, packet_size(&p), MSG_NOSIGNAL) < 0)
			pause();
}

static void many_fds(void)
{
	char control[CMSG_SPACE(100 * sizeof(int))]
		__attribute__((aligned(8))) = { 0 };
	struct iovec iov = { &p, sizeof(p.q) };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *h = CMSG_FIRSTHDR(&msg);

	packet_init(&p, BROKER_STAT, "", "");
	h->cmsg_level = SOL_SOCKET;
	h->cmsg_type = SCM_RIGHTS;
	h->cmsg_len = CMSG_LEN(100 * sizeof(int));
	check(sendmsg(channel[2], &msg, MSG_NOSIGNAL) > 0);
	pause();
}

/* Not a breach: an emptied channel is only lost, a closed one may be all. */
static void empty_packet(void)
{
	check(!send(channel[0], "", 0, MSG_NOSIGNAL));
	packet_init(&p, BROKER_STAT, "file", "");
	ask(channel[2]);
	check(!answer.rep.err);
	close(channel[1]);
	_exit(5);
}

START_TEST(hostile)
{
	ck_assert_int_eq(exit_of(rubbish), 125);
	ck_assert_ptr_nonnull(strstr(stderr_text, "contract"));
	ck_assert_int_eq(exit_of(too_long), 125);
	ck_assert_int_eq(exit_of(never_reads), 125);
	ck_assert_int_eq(exit_of(many_fds), 125);
	ck_assert_int_eq(exit_of(empty_packet), 5);
}
END_TEST

/*
 * Honest work under the filter and Landlock.
 */
static void work(void)
{
	char buf[16];
	int fd;

	packet_init(&p, BROKER_WALK, "file", "");
	p.q.flags = BROKER_WALK_SELF | BROKER_WALK_OPEN;
	fd = ask(channel[0]);
	check(!answer.rep.err && answer.rep.count == 2 && fd >= 0);
	check(pread(fd, buf, sizeof(buf), 0) == 6);
	packet_init(&p, BROKER_OPEN, "new", "");
	p.q.grant = 1;
	p.q.arg[0] = O_RDWR | O_CREAT;
	p.q.arg[1] = 0666;
	fd = ask(channel[0]);
	check(!answer.rep.err && fd >= 0);
	check(pwrite(fd, "12345", 5, 0) == 5);
	for (int mode = 0600; mode <= 0777; mode += 0177) {
		packet_init(&p, BROKER_CHMOD, "new", "");
		p.q.grant = 1;
		p.q.arg[0] = (uint64_t)mode;
		ask(channel[0]);
		check(!answer.rep.err);
	}
	packet_init(&p, BROKER_MKDIR, "dir", "");
	p.q.grant = 1;
	p.q.arg[0] = 0755;
	ask(channel[0]);
	check(!answer.rep.err);
	packet_init(&p, BROKER_RENAME, "new", "dir/moved");
	p.q.grant = p.q.grant2 = 1;
	ask(channel[0]);
	check(!answer.rep.err);
	packet_init(&p, BROKER_TRUNCATE, "dir/moved", "");
	p.q.grant = 1;
	p.q.arg[0] = 2;
	ask(channel[0]);
	check(!answer.rep.err);
	packet_init(&p, BROKER_SYNC, "dir/moved", "");
	p.q.grant = 1;
	ask(channel[0]);
	check(!answer.rep.err);
	packet_init(&p, BROKER_UTIMENS, "dir/moved", "");
	p.q.grant = 1;
	ask(channel[0]);
	check(!answer.rep.err);
	packet_init(&p, BROKER_READDIR, "", "");
	p.q.flags = BROKER_DIR_STAT;
	ask(channel[2]);
	check(!answer.rep.err && answer.rep.count == 1);
	packet_init(&p, BROKER_UNLINK, "dir/moved", "");
	p.q.grant = 1;
	ask(channel[0]);
	check(!answer.rep.err);
	packet_init(&p, BROKER_CPUTIME, "", "");
	p.q.arg[0] = (uint64_t)getpid();
	ask(channel[3]);
	check(!answer.rep.err && answer.rep.val[0]);
	p.q.arg[0] = 0;
	ask(channel[3]);
	check(!answer.rep.err && answer.rep.len);
	packet_init(&p, BROKER_MEMORY, "", "");
	p.q.arg[0] = p.q.arg[1] = (uint64_t)getpid();
	ask(channel[3]);
	check(!answer.rep.err && answer.rep.len == sizeof(struct broker_memory));
	p.q.arg[0] = (uint64_t)getppid();	/* the monitor: no child */
	ask(channel[3]);
	check(answer.rep.err == -ESRCH);
	packet_init(&p, BROKER_AFFINITY, "", "");
	ask(channel[3]);
	check(!answer.rep.err && answer.rep.len >= 8);
	packet_init(&p, BROKER_SCHED, "\377\377\377\377\377\377\377\377", "");
	p.q.arg[0] = p.q.arg[1] = (uint64_t)getpid();
	ask(channel[3]);
	check(!answer.rep.err);
	packet_init(&p, BROKER_SCHED, "", "");
	p.q.arg[0] = p.q.arg[1] = (uint64_t)getpid();
	p.q.arg[2] = BROKER_SCHED_NICE;
	p.q.arg[3] = 39;
	ask(channel[3]);
	check(!answer.rep.err);
	p.q.arg[1] = (uint64_t)getppid();	/* no thread of ours */
	ask(channel[3]);
	check(answer.rep.err == -ESRCH);
	p.q.arg[1] = 0;				/* nor is the monitor */
	ask(channel[3]);
	check(answer.rep.err == -ESRCH);
	packet_init(&p, BROKER_FD_FLAGS, "", "");
	p.q.arg[0] = 2;
	ask(channel[3]);
	check(!answer.rep.err);
	packet_init(&p, BROKER_LOG, "said", "");
	ask(channel[3]);
	check(!answer.rep.err);
	_exit(0);
}

START_TEST(serves)
{
	ck_assert_int_eq(exit_of(work), 0);
	ck_assert_str_eq(stderr_text, "said\n");
}
END_TEST

/* What the broker itself can do no more. */
static int outside(void)
{
	char path[80];
	int fd;

	if (m.no_landlock)
		return 0;
	fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
	if (fd >= 0 || errno != EACCES)
		return 50;
	snprintf(path, sizeof(path), "%s/ro/file", root);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd >= 0 || errno != EACCES)
		return 51;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 52;
	return close(fd);
}

static int make_socket(void)
{
	return 60 + socket(AF_UNIX, SOCK_STREAM, 0);
}

static int make_process(void)
{
	return 60 + (int)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
}

static int make_device(void)
{
	return 60 + mknod("dev", S_IFCHR | 0666, 0x103);
}

static int kill_other(void)
{
	return 60 + kill(getppid(), SIGKILL);
}

static int kill_all(void)
{
	return 60 + kill(-1, SIGKILL);
}

static int make_exec(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ? 60 : 61;
}

static int push_tty(void)
{
	return 60 + (int)syscall(SYS_ioctl, 0, 0x5412, "x");
}

START_TEST(confined)
{
	static int (*const deadly[])(void) = {
		make_socket, make_process, make_device, kill_other, kill_all,
		make_exec, push_tty,
	};

	confined_check = outside;
	ck_assert_int_eq(exit_of(just_exit), 7);
	for (size_t i = 0; i < sizeof(deadly) / sizeof(deadly[0]); i++) {
		int status;

		confined_check = deadly[i];
		status = run(just_exit);
		ck_assert_msg(WIFSIGNALED(status) &&
			      WTERMSIG(status) == SIGSYS,
			      "check %zu: %#x", i, status);
	}
}
END_TEST

/*
 * Signals.
 */
static volatile sig_atomic_t kicked;

static void on_kick(int sig)
{
	(void)sig;
	kicked++;
}

static void wait_kick(void)
{
	struct sigaction sa = { .sa_handler = on_kick };

	sigaction(HOST_SIGKICK, &sa, NULL);
	hostsig->tid = (uint32_t)getpid();
	__atomic_store_n(&hostsig->tgid, (uint32_t)getpid(),
			 __ATOMIC_SEQ_CST);
	while (!__atomic_load_n(&hostsig->count[SIGTERM], __ATOMIC_SEQ_CST) ||
	       !kicked)
		poll(NULL, 0, 10);
	check(hostsig->seq == 1);
	_exit(0);
}

/* A kernel that names somebody else's thread does not get it kicked. */
static void wrong_kick(void)
{
	hostsig->tid = 1;
	__atomic_store_n(&hostsig->tgid, 1, __ATOMIC_SEQ_CST);
	pause();
}

static void send_term(void)
{
	while (!__atomic_load_n(&hostsig->tgid, __ATOMIC_SEQ_CST))
		poll(NULL, 0, 10);
	kill(sbx, SIGTERM);
}

START_TEST(signals)
{
	meanwhile = send_term;
	ck_assert_int_eq(exit_of(wait_kick), 0);
	ck_assert_int_eq(exit_of(wrong_kick), 128 + SIGTERM);
}
END_TEST

/* When sbx dies all of the sandbox does: run() sees the pipe's end. */
static void linger(void)
{
	spawn();
	hostsig->tid = 1;
	__atomic_fetch_add(&hostsig->tgid, 1, __ATOMIC_SEQ_CST);
	for (;;)
		pause();
}

static void kill_sbx(void)
{
	while (__atomic_load_n(&hostsig->tgid, __ATOMIC_SEQ_CST) != 2)
		poll(NULL, 0, 10);
	kill(sbx, SIGKILL);
}

START_TEST(life_line)
{
	int status;

	meanwhile = kill_sbx;
	status = run(linger);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}
END_TEST

UNIT_MAIN("broker-monitor", ends, failures, hostile, serves, confined,
	  signals, life_line)
