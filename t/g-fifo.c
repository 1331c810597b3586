/* SPDX-License-Identifier: Apache-2.0 */
/* g-fifo.c: fifos, device nodes, and files opened again by /proc/self/fd. */
#include "guest.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>

#define PATIENCE_S	60

static char dir[] = "/tmp/g-fifo-XXXXXX";
static volatile int *shared;

static pid_t child(void)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid)
		alarm(PATIENCE_S);
	return pid;
}

static int result(pid_t pid)
{
	int st = -1;

	waitpid(pid, &st, 0);
	return WIFEXITED(st) ? WEXITSTATUS(st) : -1;
}

static void nothing(int sig)
{
	(void)sig;
}

static void blocking(void)
{
	struct sigaction sa = { .sa_handler = nothing };
	struct itimerval it = { { 0, 10000 }, { 0, 10000 } }, no = { 0 };
	char buf[16] = "";
	pid_t pid;
	int fd;

	is(mkfifo("p", 0640), 0, "mkfifo");
	is_errno(mkfifo("p", 0640), EEXIST, "again");
	is_errno(open("p", O_WRONLY | O_NONBLOCK), ENXIO,
		 "writing, and nobody reads");
	pid = child();
	if (!pid) {
		fd = open("p", O_WRONLY);
		shared[0] = 1;
		_exit(write(fd, "hello", 5) != 5);
	}
	fd = open("p", O_RDONLY);
	ok(fd >= 0, "a reader waits for a writer");
	is(read(fd, buf, sizeof(buf)), 5, "who writes to it");
	is(read(fd, buf, sizeof(buf)), 0, "and goes: end of file");
	is(result(pid), 0, "the writer is content");
	close(fd);

	pid = child();
	if (!pid) {
		fd = open("p", O_RDONLY);
		_exit(read(fd, buf, 16) != 2);
	}
	fd = open("p", O_WRONLY);
	ok(fd >= 0, "a writer waits for a reader");
	is(write(fd, "ab", 2), 2, "writes to it");
	close(fd);
	is(result(pid), 0, "the reader is content");

	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &it, NULL);
	is_errno(open("p", O_RDONLY), EINTR, "a signal ends the wait");
	is_errno(open("p", O_WRONLY), EINTR, "of a writer too");
	setitimer(ITIMER_REAL, &no, NULL);
}

static void nonblocking(void)
{
	struct pollfd p = { .events = POLLIN };
	char buf[16];
	struct stat st;
	int r, w, both;

	r = open("p", O_RDONLY | O_NONBLOCK);
	ok(r >= 0, "a reader need not wait");
	is(read(r, buf, 16), 0, "nobody writes: end of file");
	p.fd = r;
	is(poll(&p, 1, 0), 0, "no writer yet: poll says nothing");
	w = open("p", O_WRONLY | O_NONBLOCK);
	ok(w >= 0, "now a writer need not either");
	is_errno(read(r, buf, 16), EAGAIN, "nothing yet");
	is(write(w, "xyz", 3), 3, "write");
	is(poll(&p, 1, 0), 1, "poll: something");
	ok(!ioctl(r, FIONREAD, &both) && both == 3, "FIONREAD");
	close(w);
	is(read(r, buf, 16), 3, "it stays when the writer goes");
	is(poll(&p, 1, 0), 1, "poll: the end");
	is(p.revents, POLLHUP, "POLLHUP");
	w = open("p", O_WRONLY);
	close(r);
	signal(SIGPIPE, SIG_IGN);
	is_errno(write(w, "x", 1), EPIPE, "nobody reads any more");
	close(w);
	both = open("p", O_RDWR);
	ok(both >= 0, "both ways does not wait");
	is(write(both, "q", 1), 1, "writes");
	is(read(both, buf, 16), 1, "and reads");
	is_errno(lseek(both, 0, SEEK_SET), ESPIPE, "no position");
	ok(!fstat(both, &st) && S_ISFIFO(st.st_mode) &&
	   (st.st_mode & 07777) == 0640, "fstat");
	write(both, "left", 4);
	close(both);
	r = open("p", O_RDONLY | O_NONBLOCK);
	is(read(r, buf, 16), 0, "what was left is lost with the last");
	close(r);
	rename("p", "p2");
	r = open("p2", O_RDONLY | O_NONBLOCK);
	unlink("p2");
	is_errno(open("p2", O_WRONLY | O_NONBLOCK), ENOENT, "unlinked");
	close(r);
}

static void nodes(void)
{
	struct stat st;

	is(mknod("s", S_IFSOCK | 0600, 0), 0, "mknod of a socket");
	ok(!stat("s", &st) && S_ISSOCK(st.st_mode), "it is one");
	is_errno(open("s", O_RDWR), ENXIO, "that cannot be opened");
	is(mknod("r", 0600, 0), 0, "of a file");
	is_errno(mknod("x", S_IFDIR | 0700, 0), EPERM, "of a directory");
	is_errno(mknod("x", S_IFLNK | 0700, 0), EINVAL, "of a link");
	if (geteuid())
		is_errno(mknod("c", S_IFCHR | 0600, makedev(1, 3)), EPERM,
			 "of a device");
	else
		ok(1, "of a device");
	unlink("s");
	unlink("r");
	unlink("c");
}

static int again(int fd, int flags)
{
	char name[32];

	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	return open(name, flags);
}

static void reopen_files(void)
{
	char buf[16] = "", name[64], to[256];
	struct stat a, b;
	ssize_t n;
	int fd, two;

	fd = open("f", O_CREAT | O_RDWR | O_APPEND, 0600);
	write(fd, "hello", 5);
	two = again(fd, O_RDONLY);
	is(read(two, buf, 16), 5, "another position");
	ok(!fstat(fd, &a) && !fstat(two, &b) && a.st_ino == b.st_ino,
	   "the same file");
	is(fcntl(two, F_GETFL) & (O_ACCMODE | O_APPEND), O_RDONLY,
	   "flags of its own");
	close(two);
	unlink("f");
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	n = readlink(name, to, sizeof(to) - 1);
	to[n < 0 ? 0 : n] = 0;
	ok(n > 0 && strstr(to, "/f (deleted)"), "the link says deleted");
	two = again(fd, O_RDWR);
	ok(two >= 0 && write(two, "J", 1) == 1, "opened all the same");
	ok(pread(fd, buf, 16, 0) == 5 && buf[0] == 'J', "and written");
	close(two);
	two = again(fd, O_WRONLY | O_TRUNC);
	ok(!fstat(fd, &a) && a.st_size == 0, "O_TRUNC");
	close(two);
	fchmod(fd, 0400);
	if (geteuid())
		is_errno(again(fd, O_RDWR), EACCES, "permissions count");
	else
		ok(1, "permissions count");
	is_errno(again(fd, O_RDONLY | O_NOFOLLOW), ELOOP, "O_NOFOLLOW");
	is_errno(again(fd, O_RDONLY | O_DIRECTORY), ENOTDIR, "O_DIRECTORY");
	close(fd);
	is_errno(again(fd, O_RDONLY), ENOENT, "closed");

	fd = open(".", O_PATH | O_DIRECTORY);
	two = again(fd, O_RDONLY | O_DIRECTORY);
	ok(two >= 0 && !fstatat(two, ".", &a, 0), "O_PATH made real");
	close(two);
	close(fd);
}

static void reopen_others(void)
{
	int p[2], s[2], fd, two;
	char buf[16];

	if (pipe(p))
		return;
	write(p[1], "abc", 3);
	two = again(p[0], O_RDONLY);
	is(read(two, buf, 16), 3, "a pipe");
	close(two);
	two = again(p[0], O_WRONLY);
	is(write(two, "wr", 2), 2, "its other end");
	close(two);
	is(read(p[0], buf, 16), 2, "arrives");
	close(p[0]);
	two = again(p[1], O_WRONLY | O_NONBLOCK);
	ok(two >= 0, "a pipe that nobody reads");
	close(two);
	close(p[1]);

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, s))
		return;
	is_errno(again(s[0], O_RDWR), ENXIO, "a socket");
	close(s[0]);
	close(s[1]);

	fd = memfd_create("m", 0);
	write(fd, "memory", 6);
	two = again(fd, O_RDONLY);
	is(read(two, buf, 16), 6, "a memfd");
	close(two);
	close(fd);

	fd = open("/dev/null", O_RDWR);
	two = again(fd, O_WRONLY);
	is(write(two, "x", 1), 1, "/dev/null");
	close(two);
	close(fd);
}

static void names(void)
{
	char to[256];
	struct stat a, b;
	ssize_t n;
	int p[2], fd;

	n = readlink("/dev/fd", to, sizeof(to) - 1);
	to[n < 0 ? 0 : n] = 0;
	ok(!strcmp(to, "/proc/self/fd"), "/dev/fd");
	n = readlink("/dev/stdin", to, sizeof(to) - 1);
	to[n < 0 ? 0 : n] = 0;
	ok(!strcmp(to, "/proc/self/fd/0"), "/dev/stdin");
	if (pipe(p))
		return;
	fd = dup(0);
	dup2(p[0], 0);
	write(p[1], "in", 2);
	{
		int in = open("/dev/stdin", O_RDONLY);

		is(read(in, to, 16), 2, "/dev/stdin is the pipe");
		close(in);
	}
	dup2(fd, 0);
	close(fd);
	close(p[0]);
	close(p[1]);
	ok(!stat("/proc/self/cwd", &a) && !stat(".", &b) &&
	   a.st_ino == b.st_ino, "/proc/self/cwd");
	ok(!stat("/proc/self/root/", &a) && !stat("/", &b) &&
	   a.st_ino == b.st_ino, "/proc/self/root");
	mkdir("gone", 0700);
	if (chdir("gone") || rmdir("../gone"))
		return;
	n = readlink("/proc/self/cwd", to, sizeof(to) - 1);
	to[n < 0 ? 0 : n] = 0;
	ok(n > 0 && strstr(to, "/gone (deleted)"), "a cwd that went");
	is_errno(open("/proc/self/cwd/x", O_CREAT | O_WRONLY, 0600), ENOENT,
		 "nothing can be made in it");
	if (chdir(dir))
		printf("# chdir\n");
}

int main(void)
{
	shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	umask(0);
	if (!mkdtemp(dir) || chdir(dir))
		skip_all("no /tmp");
	blocking();
	nonblocking();
	nodes();
	reopen_files();
	reopen_others();
	names();
	if (chdir("/"))
		printf("# chdir\n");
	rmdir(dir);
	return done_testing();
}
