/* SPDX-License-Identifier: Apache-2.0 */
/* g-inotify.c: inotify(7), every event, its order, and the queue. */
#include "guest.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>

#define CREATE_ONLY	0x10000000	/* IN_MASK_CREATE */

static char dir[] = "/tmp/g-inotify-XXXXXX";
static int in;

static const struct {
	uint32_t bit;
	const char *name;
} bits[] = {
	{ IN_ACCESS, "ACCESS" }, { IN_MODIFY, "MODIFY" },
	{ IN_ATTRIB, "ATTRIB" }, { IN_CLOSE_WRITE, "CLOSE_WRITE" },
	{ IN_CLOSE_NOWRITE, "CLOSE_NOWRITE" }, { IN_OPEN, "OPEN" },
	{ IN_MOVED_FROM, "MOVED_FROM" }, { IN_MOVED_TO, "MOVED_TO" },
	{ IN_CREATE, "CREATE" }, { IN_DELETE, "DELETE" },
	{ IN_DELETE_SELF, "DELETE_SELF" }, { IN_MOVE_SELF, "MOVE_SELF" },
	{ IN_UNMOUNT, "UNMOUNT" }, { IN_Q_OVERFLOW, "OVERFLOW" },
	{ IN_IGNORED, "IGNORED" }, { IN_ISDIR, "ISDIR" },
};

/* What is in the queue, one line an event. */
static void show(const char *after)
{
	char buf[8192] __attribute__((aligned(8)));
	uint32_t cookie = 0;
	ssize_t n;

	printf("# %s\n", after);
	while ((n = read(in, buf, sizeof(buf))) > 0) {
		for (char *p = buf; p < buf + n; ) {
			struct inotify_event *e = (void *)p;

			printf("#  %d", e->wd);
			for (size_t k = 0; k < sizeof(bits) / sizeof(*bits); k++)
				if (e->mask & bits[k].bit)
					printf(" %s", bits[k].name);
			if (e->len)
				printf(" '%s' (%u)", e->name, e->len);
			if (e->cookie) {
				printf(e->cookie == cookie ? " same" : " new");
				cookie = e->cookie;
			}
			printf("\n");
			p += sizeof(*e) + e->len;
		}
	}
	if (errno != EAGAIN)
		printf("# errno %d\n", errno);
}

static char path_buf[4][PATH_MAX];
static const char *at(const char *name)
{
	static int k;
	char *p = path_buf[k++ % 4];

	snprintf(p, PATH_MAX, "%s/%s", dir, name);
	return p;
}

static int watch(const char *name, uint32_t mask)
{
	return inotify_add_watch(in, *name ? at(name) : dir, mask);
}

static void put(const char *name, const char *text)
{
	int fd = open(at(name), O_WRONLY | O_CREAT, 0644);

	if (write(fd, text, strlen(text)) < 0)
		printf("# write\n");
	close(fd);
}

static void errors(void)
{
	int fd = open("/dev/null", O_RDONLY), other;
	char c[16];

	is_errno(inotify_init1(1), EINVAL, "an unknown flag");
	is_errno(inotify_add_watch(-1, dir, IN_OPEN), EBADF, "no descriptor");
	is_errno(inotify_add_watch(fd, dir, IN_OPEN), EINVAL,
		 "not a descriptor of inotify");
	is_errno(inotify_add_watch(in, dir, 0), EINVAL, "no event");
	is_errno(watch("", IN_OPEN | IN_MASK_ADD | CREATE_ONLY), EINVAL,
		 "both add and create");
	is_errno(watch("none", IN_OPEN), ENOENT, "no file");
	is_errno(inotify_add_watch(in, (char *)8, IN_OPEN), EFAULT,
		 "a bad address");
	put("file", "x");
	is_errno(watch("file", IN_OPEN | IN_ONLYDIR), ENOTDIR, "ONLYDIR");
	is_errno(inotify_rm_watch(in, 77), EINVAL, "no such watch");
	is_errno(inotify_rm_watch(fd, 1), EINVAL, "rm_watch of a file");
	is_errno(read(in, c, sizeof(c)), EAGAIN, "nothing to read");
	is_errno(write(in, "x", 1), EBADF, "not for writing");
	close(fd);

	other = inotify_init();
	ok(other >= 0 && !(fcntl(other, F_GETFL) & O_NONBLOCK) &&
	   !fcntl(other, F_GETFD), "inotify_init without flags");
	close(other);
	ok((fcntl(in, F_GETFL) & O_NONBLOCK) && fcntl(in, F_GETFD) == 1,
	   "inotify_init1 with flags");
	if (geteuid()) {
		chmod(at("file"), 0200);
		is_errno(watch("file", IN_OPEN), EACCES, "not readable");
		chmod(at("file"), 0644);
	} else {
		ok(1, "not readable");
	}
	unlink(at("file"));
}

static void numbers(void)
{
	int a, b;

	put("a", "a");
	put("b", "b");
	a = watch("a", IN_OPEN);
	b = watch("b", IN_OPEN);
	ok(a > 0 && b == a + 1, "numbers count up");
	is(watch("a", IN_ATTRIB), a, "a second time: the same number");
	is_errno(watch("a", IN_OPEN | CREATE_ONLY), EEXIST, "MASK_CREATE");
	put("a", "a");
	show("only ATTRIB is left");
	chmod(at("a"), 0600);
	show("chmod");
	watch("a", IN_CLOSE_WRITE | IN_MASK_ADD);
	put("a", "a");
	chmod(at("a"), 0644);
	show("MASK_ADD");
	is(inotify_rm_watch(in, a), 0, "rm_watch");
	show("IGNORED");
	is_errno(inotify_rm_watch(in, a), EINVAL, "rm_watch again");
	is(watch("a", IN_OPEN), b + 1, "numbers are not used again");
	inotify_rm_watch(in, b + 1);
	inotify_rm_watch(in, b);
	unlink(at("a"));
	unlink(at("b"));
	show("both went");
}

static void of_files(void)
{
	struct timespec ts[2] = { { 1, 0 }, { 0, UTIME_OMIT } };
	char buf[64];
	int fd, wd;

	put("f", "hello");
	wd = watch("f", IN_ALL_EVENTS);
	fd = open(at("f"), O_RDWR);
	show("open");
	if (read(fd, buf, 2) != 2 || read(fd, buf, 60) != 3 ||
	    read(fd, buf, 60) != 0)
		printf("# read\n");
	show("reads, of which one finds the end; equal ones are one");
	if (pwrite(fd, "x", 1, 0) != 1)
		printf("# pwrite\n");
	if (pread(fd, buf, 1, 0) != 1 || pwrite(fd, "y", 1, 0) != 1)
		printf("# pread\n");
	show("write read write");
	if (ftruncate(fd, 3))
		printf("# ftruncate\n");
	show("ftruncate");
	fchmod(fd, 0640);
	show("fchmod");
	if (fsetxattr(fd, "user.x", "1", 1, 0))
		fchmod(fd, 0600);	/* where it cannot be done */
	show("fsetxattr");
	futimens(fd, NULL);
	show("both times");
	futimens(fd, ts);
	show("atime");
	if (fchown(fd, (uid_t)-1, getegid()))
		printf("# chown\n");
	show("chown");
	link(at("f"), at("g"));
	show("link");
	unlink(at("g"));
	show("unlink");
	rename(at("f"), at("h"));
	show("rename");
	put("i", "");
	rename(at("h"), at("i"));
	show("rename over another");
	unlink(at("i"));
	show("unlink of an open one");
	close(fd);
	show("close");
	is_errno(inotify_rm_watch(in, wd), EINVAL, "it went by itself");

	put("f", "x");
	watch("f", IN_ALL_EVENTS);
	unlink(at("f"));
	show("unlink of one that is not open");
	put("f", "x");
	put("g", "x");
	watch("g", IN_ALL_EVENTS);
	rename(at("f"), at("g"));
	show("renamed over");
	watch("g", IN_ALL_EVENTS);
	fd = open(at("g"), O_PATH);
	close(fd);
	show("O_PATH says nothing");
	unlink(at("g"));
	show("gone");
}

static void of_directories(void)
{
	char buf[1024];
	int fd, wd = watch("", IN_ALL_EVENTS);

	fd = open(at("new"), O_CREAT | O_WRONLY, 0644);
	if (write(fd, "abc", 3) != 3)
		printf("# write\n");
	close(fd);
	show("a new file");
	mkdir(at("sub"), 0755);
	show("mkdir");
	symlink("new", at("link"));
	show("symlink");
	mknod(at("fifo"), S_IFIFO | 0644, 0);
	show("fifo");
	link(at("new"), at("a name that is longer than sixteen"));
	show("link");
	rename(at("new"), at("old"));
	show("rename");
	rename(at("old"), at("sub/old"));
	show("rename out of it");
	rename(at("sub/old"), at("back"));
	show("rename into it");
	rename(at("sub"), at("sub2"));
	show("rename of a directory");
	syscall(SYS_renameat2, AT_FDCWD, at("link"), AT_FDCWD, at("back"), 2);
	show("exchange");
	chmod(at("sub2"), 0700);
	show("chmod of a directory");
	fd = open(at("sub2"), O_RDONLY | O_DIRECTORY);
	while (syscall(SYS_getdents64, fd, buf, sizeof(buf)) > 0)
		;
	close(fd);
	show("getdents");
	truncate(at("link"), 1);
	show("truncate");
	rmdir(at("sub2"));
	show("rmdir");
	unlink(at("fifo"));
	unlink(at("back"));
	unlink(at("link"));
	unlink(at("a name that is longer than sixteen"));
	show("unlink");
	fd = open(dir, O_RDONLY);
	close(fd);
	show("the directory itself");
	inotify_rm_watch(in, wd);
	show("done");
}

static void both(void)
{
	int fd;

	mkdir(at("d"), 0755);
	watch("d", IN_ALL_EVENTS);
	put("d/f", "1");
	show("made");
	watch("d/f", IN_MODIFY | IN_ATTRIB | IN_DELETE_SELF);
	put("d/f", "2");
	show("watched twice: the directory's comes first");
	unlink(at("d/f"));
	show("unlink");
	mkdir(at("d/e"), 0755);
	watch("d/e", IN_ALL_EVENTS);
	show("another");
	fd = open(at("d/e"), O_RDONLY | O_DIRECTORY);
	close(fd);
	show("open");
	rename(at("d/e"), at("d/g"));
	show("rename");
	rmdir(at("d/g"));
	show("rmdir");
	rmdir(at("d"));
	show("rmdir of the other");
}

static void flags(void)
{
	int fd, wd;

	mkdir(at("d"), 0755);
	put("d/f", "1");
	put("d/g", "1");
	wd = watch("d", IN_OPEN | IN_ONESHOT);
	put("d/f", "2");
	put("d/f", "2");
	show("ONESHOT");
	is_errno(inotify_rm_watch(in, wd), EINVAL, "it is gone");

	watch("d", IN_MODIFY | IN_CLOSE);
	fd = open(at("d/f"), O_RDWR);
	unlink(at("d/f"));
	if (write(fd, "x", 1) != 1)
		printf("# write\n");
	close(fd);
	show("without EXCL_UNLINK");
	watch("d", IN_MODIFY | IN_CLOSE | IN_EXCL_UNLINK);
	fd = open(at("d/g"), O_RDWR);
	if (write(fd, "x", 1) != 1)
		printf("# write\n");
	show("EXCL_UNLINK, and it is there");
	unlink(at("d/g"));
	if (write(fd, "x", 1) != 1)
		printf("# write\n");
	close(fd);
	show("EXCL_UNLINK, and it is not");
	rmdir(at("d"));
	show("gone");

	put("f", "1");
	symlink("f", at("l"));
	watch("l", IN_OPEN | IN_DONT_FOLLOW | IN_DELETE_SELF);
	put("f", "2");
	show("DONT_FOLLOW");
	unlink(at("l"));
	show("the link went");
	symlink("f", at("l"));
	wd = watch("l", IN_OPEN);
	put("f", "2");
	show("followed");
	unlink(at("l"));
	unlink(at("f"));
	inotify_rm_watch(in, wd);
	show("done");
}

static void reading(void)
{
	struct pollfd p = { .fd = in, .events = POLLIN };
	struct epoll_event ev = { .events = EPOLLIN };
	char buf[256], *volatile bad = (char *)8;
	int ep = epoll_create1(0), n, wd;

	put("f", "1");
	wd = watch("", IN_OPEN | IN_CLOSE_WRITE);
	epoll_ctl(ep, EPOLL_CTL_ADD, in, &ev);
	is(poll(&p, 1, 0), 0, "poll: nothing");
	is(epoll_wait(ep, &ev, 1, 0), 0, "epoll: nothing");
	ok(!ioctl(in, FIONREAD, &n) && n == 0, "FIONREAD: nothing");
	put("f", "1");
	is(poll(&p, 1, 0), 1, "poll: something");
	is(p.revents, POLLIN, "POLLIN");
	is(epoll_wait(ep, &ev, 1, 0), 1, "epoll: something");
	ok(!ioctl(in, FIONREAD, &n), "FIONREAD");
	is(n, 2 * (16 + 16), "two events of a short name");
	is_errno(read(in, buf, 31), EINVAL, "too little room for one");
	is(read(in, buf, 63), 32, "room for one");
	is_errno(read(in, bad, 64), EFAULT, "a bad address");
	is_errno(read(in, buf, 64), EAGAIN, "what could not be given is lost");
	inotify_rm_watch(in, wd);
	unlink(at("f"));
	show("done");
	close(ep);
}

static void *later(void *arg)
{
	(void)arg;
	put("late", "1");
	return NULL;
}

static void waiting(void)
{
	int fl = fcntl(in, F_GETFL);
	struct inotify_event *e;
	char buf[256] __attribute__((aligned(8)));
	pthread_t th;
	ssize_t n;

	watch("", IN_CREATE);
	fcntl(in, F_SETFL, fl & ~O_NONBLOCK);
	pthread_create(&th, NULL, later, NULL);
	n = read(in, buf, sizeof(buf));
	e = (void *)buf;
	ok(n == 32 && e->mask == IN_CREATE && !strcmp(e->name, "late"),
	   "read waits");
	pthread_join(th, NULL);
	unlink(at("late"));
	fcntl(in, F_SETFL, fl);
	show("nothing more");
}

/* More than the queue takes. */
static void overflow(void)
{
	char buf[65536] __attribute__((aligned(8))), name[32];
	int other = inotify_init1(IN_NONBLOCK), n = 0, last = 0;
	uint32_t mask = 0;
	FILE *f = fopen("/proc/sys/fs/inotify/max_queued_events", "r");
	long max = 16384;
	ssize_t r;

	if (f && fscanf(f, "%ld", &max) != 1)
		max = 16384;
	if (f)
		fclose(f);
	if (max > 70000) {
		ok(1, "as many as the limit and one");
		ok(1, "the last says so");
		close(other);
		return;
	}
	inotify_add_watch(other, dir, IN_ATTRIB);
	for (int k = 0; k < 2; k++) {
		snprintf(name, sizeof(name), "o%d", k);
		put(name, "");
	}
	for (long k = 0; k < max + 100; k++)
		chmod(at(k & 1 ? "o0" : "o1"), 0600);
	while ((r = read(other, buf, sizeof(buf))) > 0)
		for (char *p = buf; p < buf + r; n++) {
			struct inotify_event *e = (void *)p;

			mask = e->mask;
			last = e->wd;
			p += sizeof(*e) + e->len;
		}
	is(n - max, 1, "as many as the limit and one");
	ok(mask == IN_Q_OVERFLOW && last == -1, "the last says so");
	unlink(at("o0"));
	unlink(at("o1"));
	close(other);
	show("of another's nothing");
}

int main(void)
{
	if (!mkdtemp(dir))
		skip_all("no /tmp");
	in = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (in < 0)
		skip_all("no inotify");
	errors();
	numbers();
	of_files();
	of_directories();
	both();
	flags();
	reading();
	waiting();
	overflow();
	rmdir(dir);
	show("the directory went");
	close(in);
	return done_testing();
}
