/* SPDX-License-Identifier: Apache-2.0 */
/* g-pty-session.c: sessions, process groups and their terminal. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "t/guest.h"
#include "t/pty.h"

static int m;
static char slave_name[64];
static volatile sig_atomic_t winches, hups, conts, ints;

static void on_signal(int sig)
{
	if (sig == SIGWINCH)
		winches++;
	else if (sig == SIGHUP)
		hups++;
	else if (sig == SIGCONT)
		conts++;
	else
		ints++;
}

static void handle(int sig)
{
	struct sigaction sa = { .sa_handler = on_signal };

	sigaction(sig, &sa, NULL);
}

/* Wait up to five seconds for it to happen. */
#define SOON(cond) do {							\
	for (int i_ = 0; i_ < 1000 && !(cond); i_++)			\
		usleep(5000);						\
} while (0)

static void new_pty(void)
{
	int s;

	if (m > 0)
		close(m);
	m = pty_pair(&s);
	if (m < 0)
		skip_all("no pseudo-terminals here");
	ptsname_r(m, slave_name, sizeof(slave_name));
	close(s);
}

/*
 * @fn in a session of its own with the terminal; its status is returned.  Its
 * tests are counted on in the parent.
 */
static int in_session(void (*fn)(int s))
{
	int *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status, s;
	pid_t pid;

	new_pty();
	pid = fork();
	if (!pid) {
		setsid();
		s = open(slave_name, O_RDWR);
		fn(s);
		shared[0] = tap_n;
		shared[1] = tap_failed;
		_exit(0);
	}
	waitpid(pid, &status, 0);
	tap_n = shared[0] ? shared[0] : tap_n;
	tap_failed = shared[1];
	return status;
}

static void test_controlling(int s)
{
	char name[64];
	int fd, s2 = -1, m2;

	is(getsid(0), getpid(), "a session leader");
	is(tcgetsid(s), getpid(), "open(2) made it the session's terminal");
	is(tcgetpgrp(s), getpid(), "and the leader's group is in front");
	is(tcgetpgrp(m), getpid(), "the master sees it");
	is(tcgetsid(m), getpid(), "and the session");
	fd = open("/dev/tty", O_RDWR);
	ok(fd >= 0, "there is /dev/tty");
	is(tcgetpgrp(fd), getpid(), "it is this terminal");
	is(ttyname_r(s, name, sizeof(name)), 0, "its name");
	ok(!strcmp(name, slave_name), "is the slave's");
	is(ioctl(s, TIOCSCTTY, 0), 0, "TIOCSCTTY again");
	m2 = pty_pair(&s2);
	is_errno(ioctl(s2, TIOCSCTTY, 0), EPERM, "a second terminal");
	is_errno(tcgetpgrp(s2), ENOTTY, "is not ours");
	close(m2);
	close(s2);
	is_errno(tcsetpgrp(s, 1 << 30), ESRCH, "no such group");
	is_errno(tcsetpgrp(s, -1), EINVAL, "a bad group");
	is_errno(tcsetpgrp(s, getppid()), EPERM, "a group elsewhere");
	handle(SIGHUP);
	handle(SIGCONT);
	is(ioctl(fd, TIOCNOTTY), 0, "give it up");
	is(hups, 1, "SIGHUP");
	is(conts, 1, "SIGCONT");
	is_errno(tcgetpgrp(s), ENOTTY, "it is not ours any more");
	is_errno(open("/dev/tty", O_RDWR), ENXIO, "no /dev/tty");
	is(ioctl(s, TIOCSCTTY, 0), 0, "take it again");
	is(tcgetpgrp(s), getpid(), "ours");
	close(fd);
}

static void test_keys(int s)
{
	struct winsize ws = { .ws_row = 10 };
	siginfo_t si;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGQUIT);
	sigaddset(&set, SIGTSTP);
	sigaddset(&set, SIGWINCH);
	sigprocmask(SIG_BLOCK, &set, NULL);
	pty_put(m, "\3", 1);
	is(sigwaitinfo(&set, &si), SIGINT, "^C");
	is(si.si_code, SI_KERNEL, "by the kernel");
	pty_put(m, "\34", 1);
	is(sigwaitinfo(&set, &si), SIGQUIT, "^\\");
	pty_put(m, "\32", 1);
	is(sigwaitinfo(&set, &si), SIGTSTP, "^Z");
	ioctl(m, TIOCSWINSZ, &ws);
	is(sigwaitinfo(&set, &si), SIGWINCH, "a new size");
	ws.ws_row = 11;
	ioctl(s, TIOCSWINSZ, &ws);
	is(sigwaitinfo(&set, &si), SIGWINCH, "by the slave");
	ioctl(m, TIOCSIG, SIGINT);
	is(sigwaitinfo(&set, &si), SIGINT, "TIOCSIG");
}

/* A child in a group of its own; it does @fn. */
static pid_t background(void (*fn)(int s), int s)
{
	pid_t pid = fork();

	if (!pid) {
		setpgid(0, 0);
		fn(s);
		_exit(9);
	}
	setpgid(pid, pid);
	return pid;
}

static void bg_read(int s)
{
	char c;

	_exit(read(s, &c, 1) == 1 ? 3 : 4);
}

static void bg_write(int s)
{
	_exit(write(s, "x", 1) == 1 ? 3 : 4);
}

static void bg_set(int s)
{
	struct termios t;

	tcgetattr(s, &t);
	_exit(tcsetattr(s, TCSANOW, &t) ? 4 : 3);
}

static void bg_take(int s)
{
	_exit(tcsetpgrp(s, getpgrp()) ? 4 : 3);
}

static void bg_ignore(int s)
{
	char c;

	signal(SIGTTIN, SIG_IGN);
	signal(SIGTTOU, SIG_IGN);
	errno = 0;
	if (read(s, &c, 1) != -1 || errno != EIO)
		_exit(4);
	_exit(tcsetpgrp(s, getpgrp()) ? 5 : 3);
}

/* The group of the child comes to the front, and goes on. */
static void to_front(int s, pid_t pid)
{
	is(tcsetpgrp(s, pid), 0, "bring it to the front");
	kill(-pid, SIGCONT);
}

static void stops(int s, void (*fn)(int s), int sig, const char *name)
{
	pid_t pid = background(fn, s);
	char text[80];
	int status;

	is(waitpid(pid, &status, WUNTRACED), pid, "wait");
	snprintf(text, sizeof(text), "%s: stopped", name);
	ok(WIFSTOPPED(status) && WSTOPSIG(status) == sig, text);
	to_front(s, pid);
	if (sig == SIGTTIN)
		pty_put(m, "a\n", 2);
	is(waitpid(pid, &status, 0), pid, "wait");
	snprintf(text, sizeof(text), "%s: goes on in front", name);
	is(status, 3 << 8, text);
	is(tcsetpgrp(s, getpgrp()), 0, "back to us");
	tcflush(s, TCIOFLUSH);
}

static void test_background(int s)
{
	struct termios t;
	int status;
	pid_t pid;

	signal(SIGTTOU, SIG_IGN);
	fcntl(s, F_SETFL, O_RDWR);
	/* Children get the default back by the handler's reset at no exec. */
	pid = background(bg_write, s);
	waitpid(pid, &status, 0);
	is(status, 3 << 8, "the background may write");
	stops(s, bg_read, SIGTTIN, "read");
	pid = background(bg_ignore, s);
	waitpid(pid, &status, 0);
	is(status, 3 << 8, "SIGTTIN ignored: EIO; SIGTTOU ignored: done");
	is(tcsetpgrp(s, getpgrp()), 0, "back to us");

	signal(SIGTTOU, SIG_DFL);
	tcgetattr(s, &t);
	t.c_lflag |= TOSTOP;
	tcsetattr(s, TCSANOW, &t);
	/* From here on the leader has to be careful itself. */
	for (int i = 0; i < 3; i++) {
		static void (*const fn[])(int) = { bg_write, bg_set, bg_take };
		static const char *const name[] = {
			"write with TOSTOP", "tcsetattr", "tcsetpgrp"
		};

		signal(SIGTTOU, SIG_DFL);
		pid = background(fn[i], s);
		waitpid(pid, &status, WUNTRACED);
		ok(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTTOU,
		   name[i]);
		signal(SIGTTOU, SIG_IGN);
		tcsetpgrp(s, pid);
		kill(-pid, SIGCONT);
		waitpid(pid, &status, 0);
		is(status, 3 << 8, "goes on in front");
		tcsetpgrp(s, getpgrp());
	}
}

static void sleeper(int s)
{
	(void)s;
	for (;;)
		pause();
}

static void test_job(int s)
{
	pid_t pid;
	int status;

	signal(SIGTTOU, SIG_IGN);
	pid = background(sleeper, s);
	is(tcsetpgrp(s, pid), 0, "a job in front");
	usleep(20000);
	pty_put(m, "\32", 1);
	is(waitpid(pid, &status, WUNTRACED), pid, "wait");
	ok(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTSTP, "^Z stops it");
	kill(-pid, SIGCONT);
	is(waitpid(pid, &status, WCONTINUED), pid, "wait");
	ok(WIFCONTINUED(status), "it goes on");
	pty_put(m, "\3", 1);
	is(waitpid(pid, &status, 0), pid, "wait");
	ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT, "^C ends it");
	is(tcgetpgrp(s), pid, "its group stays in front");
	is(tcsetpgrp(s, getpgrp()), 0, "back to us");
}

static void test_hangup(int s)
{
	char c;

	(void)s;
	handle(SIGHUP);
	handle(SIGCONT);
	/* The other master is the parent's: it closes that. */
	while (!hups)
		pause();
	SOON(conts);
	is(conts, 1, "SIGHUP and SIGCONT");
	is(read(s, &c, 1), 0, "end of file");
	is_errno(open("/dev/tty", O_RDWR), ENXIO, "no terminal any more");
}

static void hangup_by_master(void)
{
	int *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status, ready[2];
	pid_t pid;
	char c;

	new_pty();
	if (pipe(ready))
		exit(1);
	pid = fork();
	if (!pid) {
		int s;

		close(m);
		setsid();
		s = open(slave_name, O_RDWR);
		if (write(ready[1], "x", 1) != 1)
			_exit(1);
		test_hangup(s);
		shared[0] = tap_n;
		shared[1] = tap_failed;
		_exit(0);
	}
	if (read(ready[0], &c, 1) != 1)
		exit(1);
	usleep(20000);
	close(m);
	m = -1;
	waitpid(pid, &status, 0);
	tap_n = shared[0];
	tap_failed = shared[1];
	is(status, 0, "the leader has ended");
}

/* The leader ends: the group in front gets SIGHUP, the others do not. */
static void test_leader_ends(void)
{
	int back[2], status;
	char buf[16];
	ssize_t n;
	pid_t pid;

	new_pty();
	if (pipe(back))
		exit(1);
	pid = fork();
	if (!pid) {
		pid_t job;
		int s;

		setsid();
		s = open(slave_name, O_RDWR);
		job = fork();
		if (!job) {
			setpgid(0, 0);
			handle(SIGHUP);
			if (write(back[1], "r", 1) != 1)
				_exit(1);
			while (!hups)
				pause();
			/* Its session has no terminal any more. */
			if (write(back[1], open("/dev/tty", O_RDWR) < 0 ?
				  "h" : "t", 1) != 1)
				_exit(1);
			_exit(0);
		}
		setpgid(job, job);
		signal(SIGTTOU, SIG_IGN);
		tcsetpgrp(s, job);
		if (read(back[0], buf, 1) != 1)
			_exit(1);
		usleep(20000);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	close(back[1]);
	n = read(back[0], buf, 1);
	ok(n == 1 && buf[0] == 'h', "SIGHUP for the group in front");
	close(back[0]);
}

int main(void)
{
	signal(SIGHUP, SIG_DFL);
	is(in_session(test_controlling) & 0x7f, 0, "ended");
	is(in_session(test_keys) & 0x7f, 0, "ended");
	is(in_session(test_background) & 0x7f, 0, "ended");
	is(in_session(test_job) & 0x7f, 0, "ended");
	hangup_by_master();
	test_leader_ends();
	return done_testing();
}
