/* SPDX-License-Identifier: Apache-2.0 */
/* g-exec.c: a program starts another in its place, step by step. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "t/guest.h"

extern char **environ;

static const char *self;

/* Go on with step @step in a new image; never comes back. */
static void next(const char *step)
{
	char n[16];

	snprintf(n, sizeof(n), "%d", tap_n);
	execl(self, self, step, n, NULL);
	perror("execl");
	exit(1);
}

static void handler(int sig)
{
	(void)sig;
}

static void step_first(void)
{
	struct sigaction sa = { .sa_handler = handler };
	sigset_t set;
	int fd;

	sigaction(SIGUSR1, &sa, NULL);
	sa.sa_handler = SIG_IGN;
	sigaction(SIGUSR2, &sa, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_SETMASK, &set, NULL);
	raise(SIGTERM);
	fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	is(dup3(fd, 50, O_CLOEXEC), 50, "a descriptor that closes");
	is(dup2(fd, 51), 51, "one that stays");
	umask(027);
	(void)mmap((void *)0x100000000, 4096, PROT_READ, MAP_PRIVATE |
	     MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	setenv("STEP", "two", 1);
	next("two");
}

static void step_two(int argc, char **argv)
{
	struct sigaction sa;
	sigset_t set;
	const char *var = getenv("STEP");
	char name[16] = "";
	void *p;

	is(argc, 3, "argc");
	ok(argv[1] && !strcmp(argv[1], "two"), "argv");
	ok(var && !strcmp(var, "two"), "environment");
	is_errno(fcntl(50, F_GETFD), EBADF, "closed on exec");
	is(fcntl(51, F_GETFD), 0, "not closed");
	sigaction(SIGUSR1, NULL, &sa);
	ok(sa.sa_handler == SIG_DFL, "a handler becomes the default");
	sigaction(SIGUSR2, NULL, &sa);
	ok(sa.sa_handler == SIG_IGN, "what was ignored stays so");
	sigprocmask(SIG_SETMASK, NULL, &set);
	ok(sigismember(&set, SIGTERM) && !sigismember(&set, SIGHUP),
	   "the mask stays");
	sigpending(&set);
	ok(sigismember(&set, SIGTERM), "what is pending stays");
	is(umask(022), 027, "the umask stays");
	p = mmap((void *)0x100000000, 4096, PROT_READ, MAP_PRIVATE |
		 MAP_ANONYMOUS, -1, 0);
	ok(p == (void *)0x100000000, "memory is new");
	prctl(PR_GET_NAME, name);
	ok(!strncmp(name, "g-exec", 6), "its name");
	ok(strstr((char *)getauxval(AT_EXECFN), "g-exec") != NULL,
	   "AT_EXECFN");
	signal(SIGTERM, SIG_IGN);
	sigemptyset(&set);
	sigprocmask(SIG_SETMASK, &set, NULL);
	next("script");
}

/* By a script with an argument. */
static void step_script(void)
{
	char line[600], n[16];
	int fd = open("script", O_WRONLY | O_CREAT | O_TRUNC, 0755);

	snprintf(line, sizeof(line), "#! %s  interpreted \t\n", self);
	ok(write(fd, line, strlen(line)) > 0, "write a script");
	close(fd);
	snprintf(n, sizeof(n), "%d", tap_n);
	/* A name with more than 255 bytes of #! would be cut. */
	execl("./script", "not seen", n, "last", NULL);
	if (errno == ENOEXEC && strlen(line) > 250)
		next("fd");
	perror("script");
	exit(1);
}

static void step_interpreted(int argc, char **argv)
{
	is(argc, 5, "argc of a script");
	ok(argv[2] && !strcmp(argv[2], "./script"), "the script's name");
	ok(argv[4] && !strcmp(argv[4], "last"), "its argument");
	unlink("script");
	next("fd");
}

/* By a descriptor, and with no argv at all. */
static void step_fd(void)
{
	char n[16];
	int fd = open(self, O_RDONLY | O_CLOEXEC);

	snprintf(n, sizeof(n), "%d", tap_n);
	syscall(SYS_execveat, fd, "", (char *[]){ (char *)(uintptr_t)self,
		(char *)(uintptr_t)"by-fd", n, NULL }, environ,
		AT_EMPTY_PATH);
	perror("execveat");
	exit(1);
}

static void step_by_fd(void)
{
	char n[32];

	ok(!strncmp((char *)getauxval(AT_EXECFN), "/dev/fd/", 8),
	   "AT_EXECFN of a descriptor");
	snprintf(n, sizeof(n), "TAP_N=%d", tap_n);
	syscall(SYS_execve, self, NULL, (char *[]){ n, NULL });
	perror("execve");
	exit(1);
}

static void step_bare(int argc, char **argv)
{
	const char *n = getenv("TAP_N");

	tap_n = n ? atoi(n) : 0;
	is(argc, 1, "no argv makes an empty one");
	is(argv[0][0], 0, "of an empty string");
	ok(argv[1] == NULL && environ[0] && !environ[1], "and no more");
}

int main(int argc, char **argv)
{
	static char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

	if (argc < 2 && !getenv("TAP_N"))
		need_exec_here();
	self = n > 0 ? path : argv[0];
	if (argc < 2 && getenv("TAP_N")) {
		step_bare(argc, argv);
		return done_testing();
	}
	if (argc < 2)
		step_first();
	tap_n = atoi(argv[argc - 1]);
	if (!strcmp(argv[1], "interpreted")) {
		tap_n = atoi(argv[3]);
		step_interpreted(argc, argv);
	} else if (!strcmp(argv[1], "two")) {
		step_two(argc, argv);
	} else if (!strcmp(argv[1], "script")) {
		step_script();
	} else if (!strcmp(argv[1], "fd")) {
		step_fd();
	} else if (!strcmp(argv[1], "by-fd")) {
		step_by_fd();
	}
	return 1;
}
