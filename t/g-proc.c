/* SPDX-License-Identifier: Apache-2.0 */
/* g-proc.c: /proc and /sys as programs use them. */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "t/guest.h"

extern char **environ;
static char text[1 << 20];

static ssize_t slurp(const char *path)
{
	return slurp_file(path, text, sizeof(text));
}

/* The value behind "name:" in text, as a number. */
static long field(const char *name)
{
	char key[64];
	char *p;

	snprintf(key, sizeof(key), "\n%s:", name);
	p = strstr(text, key);
	return p ? strtol(p + strlen(key), NULL, 10) : -1;
}

static void test_links(const char *argv0)
{
	char a[PATH_MAX] = "", b[PATH_MAX] = "", want[64];
	struct stat s, t;
	int fd;

	ok(readlink("/proc/self", a, sizeof(a) - 1) > 0 &&
	   atoi(a) == getpid(), "/proc/self");
	memset(a, 0, sizeof(a));
	snprintf(want, sizeof(want), "%d/task/%ld", getpid(),
		 syscall(SYS_gettid));
	ok(readlink("/proc/thread-self", a, sizeof(a) - 1) > 0 &&
	   !strcmp(a, want), "/proc/thread-self");
	memset(a, 0, sizeof(a));
	ok(readlink("/proc/self/exe", a, sizeof(a) - 1) > 0 &&
	   realpath(argv0, b) && !strcmp(a, b), "exe is the program");
	ok(stat("/proc/self/exe", &s) == 0 && stat(argv0, &t) == 0 &&
	   s.st_ino == t.st_ino, "exe leads to it");
	ok(lstat("/proc/self/exe", &s) == 0 && S_ISLNK(s.st_mode),
	   "exe is a link");
	memset(a, 0, sizeof(a));
	ok(readlink("/proc/self/cwd", a, sizeof(a) - 1) > 0 &&
	   getcwd(b, sizeof(b)) && !strcmp(a, b), "cwd");
	memset(a, 0, sizeof(a));
	ok(readlink("/proc/self/root", a, sizeof(a) - 1) == 1 &&
	   a[0] == '/', "root");
	fd = open("/proc/self/exe", O_RDONLY);
	ok(fd >= 0 && read(fd, a, 4) == 4 && !memcmp(a, "\177ELF", 4),
	   "exe can be read");
	close(fd);
	is_errno(readlink("/proc/self/fd/9999", a, 10), ENOENT,
		 "no such descriptor");
	is_errno(open("/proc/999999999", O_RDONLY), ENOENT, "no such process");
	is_errno(open("/proc/self/none", O_RDONLY), ENOENT, "no such file");
	is_errno(open("/proc/self/none", O_RDWR | O_CREAT, 0600), ENOENT,
		 "nothing can be made");
	is_errno(mkdir("/proc/none", 0700), ENOENT, "no directory either");
}

static void test_fds(void)
{
	char path[64], a[PATH_MAX] = "", want[64];
	struct dirent *d;
	struct stat st;
	int fd[2], seen = 0, self = 0, other = 0, n;
	DIR *dir;

	is(pipe(fd), 0, "pipe");
	fstat(fd[0], &st);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd[0]);
	snprintf(want, sizeof(want), "pipe:[%lu]", (unsigned long)st.st_ino);
	ok(readlink(path, a, sizeof(a) - 1) > 0 && !strcmp(a, want),
	   "a pipe's name");
	lstat(path, &st);
	is(st.st_mode & 0777, 0500, "rights of the read end");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd[1]);
	lstat(path, &st);
	is(st.st_mode & 0777, 0300, "rights of the write end");
	n = open("/dev/null", O_RDWR | O_CLOEXEC);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", n);
	memset(a, 0, sizeof(a));
	ok(readlink(path, a, sizeof(a) - 1) > 0 && !strcmp(a, "/dev/null"),
	   "a file's name");
	dir = opendir("/proc/self/fd");
	ok(dir != NULL, "opendir of fd");
	while (dir && (d = readdir(dir))) {
		if (d->d_name[0] == '.')
			continue;
		if (atoi(d->d_name) == dirfd(dir))
			self++;
		else if (atoi(d->d_name) == fd[0] || atoi(d->d_name) == fd[1])
			seen++;
		else if (fcntl(atoi(d->d_name), F_GETFD) < 0)
			other++;
	}
	ok(seen == 2 && self == 1 && !other, "fd lists what is open");
	if (dir)
		closedir(dir);
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", n);
	ok(slurp(path) > 0, "fdinfo");
	ok(strstr(text, "pos:\t0\nflags:\t02") == text, "fdinfo's flags");
	close(n);
	close(fd[0]);
	close(fd[1]);
}

static void test_texts(int argc, char **argv)
{
	char want[PATH_MAX + 64];
	size_t n = 0;
	unsigned long *av = (unsigned long *)(void *)text, *v;
	long pages;
	int pid = 0;
	char comm[32], *line;

	for (int i = 0; i < argc; i++) {
		memcpy(want + n, argv[i], strlen(argv[i]) + 1);
		n += strlen(argv[i]) + 1;
	}
	is(slurp("/proc/self/cmdline"), (long)n, "length of cmdline");
	ok(!memcmp(text, want, n), "cmdline");
	n = 0;
	for (char **e = environ; *e; e++)
		n += strlen(*e) + 1;
	is(slurp("/proc/self/environ"), (long)n, "length of environ");
	ok(!environ[0] || !strcmp(text, environ[0]), "environ");
	ok(slurp("/proc/self/auxv") >= 32, "auxv");
	for (v = av; v[0] && v[0] != AT_ENTRY; v += 2)
		;
	ok(v[1] == getauxval(AT_ENTRY), "auxv's entry");

	prctl(PR_SET_NAME, "a ) name");
	ok(slurp("/proc/self/comm") > 0 && !strcmp(text, "a ) name\n"),
	   "comm");
	ok(slurp("/proc/self/stat") > 0, "stat");
	ok(sscanf(text, "%d (a ) name) R ", &pid) == 1 && pid == getpid(),
	   "stat begins with pid, name and state");
	n = 0;
	for (char *p = strrchr(text, ')'); *p; p++)
		n += *p == ' ';
	is((long)n, 50, "stat has all its fields");
	ok(slurp("/proc/self/statm") > 0 &&
	   sscanf(text, "%ld", &pages) == 1 && pages > 10, "statm");
	ok(slurp("/proc/self/status") > 0, "status");
	ok(sscanf(text, "Name:\t%31[^\n]", comm) == 1 &&
	   !strcmp(comm, "a ) name"), "status: Name");
	is(field("Pid"), getpid(), "status: Pid");
	is(field("Tgid"), getpid(), "status: Tgid");
	is(field("PPid"), getppid(), "status: PPid");
	is(field("Uid"), (long)getuid(), "status: Uid");
	is(field("Threads"), 1, "status: Threads");
	ok(field("VmSize") > 40, "status: VmSize");
	ok(strstr(text, "\nSigCgt:\t0000000000000000\n") != NULL,
	   "status: SigCgt");
	ok(strstr(text, "\nState:\tR (running)\n") != NULL, "status: State");
	ok(slurp("/proc/self/limits") > 0 &&
	   strstr(text, "\nMax open files  ") != NULL, "limits");
	line = strstr(text, "\nMax nice priority  ");
	ok(line && strcspn(line + 1, "\n") == 68, "one without a unit");
	ok(slurp("/proc/self/mounts") > 0 && strstr(text, " /proc proc "),
	   "mounts");
	ok(slurp("/proc/self/mountinfo") > 0 && strstr(text, " - proc "),
	   "mountinfo");
	ok(slurp("/proc/mounts") > 0, "/proc/mounts");
	is(slurp("/proc/self/oom_score_adj") > 0, 1, "oom_score_adj");
}

static void test_comm(void)
{
	int fd = open("/proc/self/comm", O_RDWR);
	char name[16] = "";

	ok(fd >= 0, "open comm for writing");
	is(write(fd, "other\n", 6), 6, "write comm");
	prctl(PR_GET_NAME, name);
	ok(!strcmp(name, "other\n"), "it is the name then");
	close(fd);
}

static void test_maps(void)
{
	void *m = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned long start, end, at = (unsigned long)m;
	char perms[8], *line;
	int found = 0, split = 0, ordered = 1, stack = 0, column = 0;
	unsigned long last = 0;

	mprotect((char *)m + 4096, 4096, PROT_READ);
	ok(slurp("/proc/self/maps") > 0, "maps");
	for (line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		if (sscanf(line, "%lx-%lx %7s", &start, &end, perms) != 3) {
			ordered = 0;
			break;
		}
		ordered &= start >= last;
		last = end;
		if (start <= at && at < end)
			found += !strcmp(perms, "rw-p");
		if (start == at + 4096)
			split += end == at + 8192 && !strcmp(perms, "r--p");
		if (strstr(line, "[stack]")) {
			stack += start <= (unsigned long)&m &&
				(unsigned long)&m < end;
			column = (int)(strstr(line, "[stack]") - line);
		}
	}
	ok(ordered, "maps is in order");
	is(found, 1, "a mapping is in maps");
	is(split, 1, "and the part with other rights");
	is(stack, 1, "the stack is in maps");
	is(column, 73, "the column of names");
	munmap(m, 3 * 4096);
	ok(slurp("/proc/self/smaps") > 0 && strstr(text, "\nRss:") != NULL,
	   "smaps");
	ok(slurp("/proc/self/smaps_rollup") > 0 &&
	   strstr(text, "[rollup]") != NULL, "smaps_rollup");
	ok(strstr(text, "\nPss_Shmem: ") != NULL, "and its parts");
}

static pthread_barrier_t barrier;

static void *thread(void *arg)
{
	*(int *)arg = (int)syscall(SYS_gettid);
	prctl(PR_SET_NAME, "thread");
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	return NULL;
}

static void test_threads(void)
{
	pthread_t t;
	char path[64];
	struct dirent *d;
	int tid = 0, n = 0, seen = 0;
	DIR *dir;

	pthread_barrier_init(&barrier, NULL, 2);
	pthread_create(&t, NULL, thread, &tid);
	pthread_barrier_wait(&barrier);
	dir = opendir("/proc/self/task");
	while (dir && (d = readdir(dir))) {
		n += d->d_name[0] != '.';
		seen += atoi(d->d_name) == tid;
	}
	if (dir)
		closedir(dir);
	ok(n == 2 && seen == 1, "task lists the threads");
	snprintf(path, sizeof(path), "/proc/self/task/%d/comm", tid);
	ok(slurp(path) > 0 && !strcmp(text, "thread\n"), "a thread's name");
	snprintf(path, sizeof(path), "/proc/self/task/%d/status", tid);
	ok(slurp(path) > 0 && field("Pid") == tid, "a thread's status");
	is(field("Threads"), 2, "there are two");
	pthread_barrier_wait(&barrier);
	pthread_join(t, NULL);
}

static void test_system(void)
{
	struct utsname u;
	struct statfs fs;
	struct dirent *d;
	cpu_set_t cpus;
	char want[200], one[64];
	int n = 0, self = 0;
	double up = 0;
	DIR *dir;

	uname(&u);
	ok(slurp("/proc/version") > 0 &&
	   !strncmp(text, "Linux version ", 14) &&
	   strstr(text, u.release) != NULL, "version");
	snprintf(want, sizeof(want), "%s\n", u.release);
	ok(slurp("/proc/sys/kernel/osrelease") > 0 && !strcmp(text, want),
	   "osrelease");
	snprintf(want, sizeof(want), "%s\n", u.nodename);
	ok(slurp("/proc/sys/kernel/hostname") > 0 && !strcmp(text, want),
	   "hostname");
	ok(slurp("/proc/sys/kernel/ostype") > 0 && !strcmp(text, "Linux\n"),
	   "ostype");
	ok(slurp("/proc/sys/kernel/pid_max") > 0 && atoi(text) > 1000,
	   "pid_max");
	ok(slurp("/proc/sys/kernel/random/uuid") == 37 && text[14] == '4',
	   "uuid");
	memcpy(one, text, 37);
	ok(slurp("/proc/sys/kernel/random/uuid") == 37 &&
	   memcmp(one, text, 37) != 0, "another uuid");
	ok(slurp("/proc/sys/kernel/random/boot_id") == 37, "boot_id");
	memcpy(one, text, 37);
	ok(slurp("/proc/sys/kernel/random/boot_id") == 37 &&
	   !memcmp(one, text, 37), "the same boot_id");
	is(slurp("/proc/sys/vm/overcommit_memory"), 2, "overcommit_memory");
	ok(slurp("/proc/sys/vm/max_map_count") > 0 && atoi(text) >= 65530,
	   "max_map_count");
	ok(slurp("/proc/sys/vm/mmap_min_addr") > 0, "mmap_min_addr");
	ok(slurp("/proc/sys/fs/pipe-max-size") > 0 && atoi(text) == 1048576,
	   "pipe-max-size");
	ok(slurp("/proc/meminfo") > 0 &&
	   !strncmp(text, "MemTotal:       ", 16) && field("MemFree") > 0 &&
	   field("MemAvailable") > 0, "meminfo");
	ok(slurp("/proc/cpuinfo") > 0 &&
	   !strncmp(text, "processor\t: 0\n", 14) &&
	   strstr(text, "\nflags\t\t: fpu ") != NULL, "cpuinfo");
	CPU_ZERO(&cpus);
	sched_getaffinity(0, sizeof(cpus), &cpus);
	for (char *p = text; (p = strstr(p, "processor\t:")); p++)
		n++;
	ok(n >= CPU_COUNT(&cpus), "cpuinfo has every CPU");
	ok(slurp("/proc/stat") > 0 && !strncmp(text, "cpu  ", 5) &&
	   strstr(text, "\nbtime ") != NULL, "stat");
	ok(slurp("/proc/uptime") > 0 && sscanf(text, "%lf", &up) == 1 &&
	   up > 0, "uptime");
	ok(slurp("/proc/loadavg") > 0, "loadavg");
	ok(slurp("/proc/filesystems") > 0 && strstr(text, "\tproc\n"),
	   "filesystems");
	dir = opendir("/proc");
	while (dir && (d = readdir(dir)))
		self += atoi(d->d_name) == getpid();
	if (dir)
		closedir(dir);
	is(self, 1, "/proc lists the process");
	ok(statfs("/proc", &fs) == 0 && fs.f_type == 0x9fa0, "statfs");
	ok(slurp("/sys/devices/system/cpu/online") > 0 && text[0] == '0',
	   "online CPUs");
	ok(slurp("/sys/devices/system/cpu/possible") > 0, "possible CPUs");
	ok(sysconf(_SC_NPROCESSORS_ONLN) == CPU_COUNT(&cpus), "as sysconf");
	ok(statfs("/sys", &fs) == 0 && fs.f_type == 0x62656572,
	   "statfs of /sys");
	is_errno(open("/proc/version", O_WRONLY), geteuid() ? EACCES : 0,
		 "opening a read-only file for writing");
}

/* Reading in pieces, from the middle, and again from the start. */
static void test_pieces(void)
{
	int fd = open("/proc/self/status", O_RDONLY);
	char a[64], b[64];

	is(read(fd, a, 5), 5, "the first bytes");
	ok(!memcmp(a, "Name:", 5), "are right");
	is(lseek(fd, 0, SEEK_CUR), 5, "position");
	is(pread(fd, b, 4, 1), 4, "pread");
	ok(!memcmp(b, "ame:", 4), "is right");
	is(lseek(fd, 0, SEEK_SET), 0, "back");
	prctl(PR_SET_NAME, "fresh");
	is(read(fd, a, 11), 11, "read again");
	ok(!memcmp(a, "Name:\tfresh", 11), "it is made anew");
	is(lseek(fd, 1000000, SEEK_SET), 1000000, "far behind the end");
	is(read(fd, a, 10), 0, "nothing is there");
	close(fd);
}

int main(int argc, char **argv)
{
	need_own_proc();
	test_links(argv[0]);
	test_fds();
	test_texts(argc, argv);
	test_comm();
	test_maps();
	test_threads();
	test_system();
	test_pieces();
	return done_testing();
}
