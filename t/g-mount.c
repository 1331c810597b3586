/* SPDX-License-Identifier: Apache-2.0 */
/*
 * g-mount.c: mount(2), umount2(2), pivot_root(2) by root.
 *
 * Natively in a user namespace of its own, where the host allows one.
 * sbx options: --user 0
 */
#include "guest.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static char top[] = "/tmp/g-mount-XXXXXX";

static void put(const char *name, const char *text)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		printf("# %s: %s\n", name, strerror(errno));
	close(fd);
}

static int there(const char *name)
{
	return !access(name, F_OK);
}

/* The line of /proc/self/mountinfo about @at: its root and options. */
static const char *info(const char *at)
{
	static char found[512];
	char line[1024], root[256], where[256], opts[256];
	FILE *f = fopen("/proc/self/mountinfo", "r");

	strcpy(found, "none");
	while (f && fgets(line, sizeof(line), f)) {
		char type[64] = "";
		char *dash = strstr(line, " - ");

		if (sscanf(line, "%*d %*d %*s %255s %255s %255s", root, where,
			   opts) != 3 || strcmp(where, at) || !dash)
			continue;
		if (sscanf(dash, " - %63s", type) != 1)
			continue;
		/* The rest differs by what the host mounts by default. */
		snprintf(found, sizeof(found), "%s %s%s%s", type,
			 !strncmp(opts, "ro", 2) ? "ro" : "rw",
			 strstr(opts, "noexec") ? ",noexec" : "",
			 strstr(opts, "noatime") ? ",noatime" : "");
	}
	if (f)
		fclose(f);
	return found;
}

static void says(const char *got, const char *wanted, const char *name)
{
	if (!ok(!strcmp(got, wanted), name))
		printf("# got '%s', wanted '%s'\n", got, wanted);
}

static char path[4][256];
static const char *in_top(const char *name)
{
	static int k;
	char *p = path[k++ % 4];

	snprintf(p, 256, "%s/%s", top, name);
	return p;
}

static void errors(void)
{
	mkdir("d", 0755);
	put("f", "x");
	is_errno(mount("none", "nowhere", "tmpfs", 0, NULL), ENOENT,
		 "no such place");
	is_errno(mount("none", "d", "nosuchfs", 0, NULL), ENODEV,
		 "no such file system");
	is_errno(mount("none", "d", NULL, 0, NULL), EINVAL, "no type");
	is_errno(mount("none", "f", "tmpfs", 0, NULL), ENOTDIR,
		 "a directory on a file");
	is_errno(mount("none", "d", "tmpfs", 0, "size=x"), EINVAL,
		 "a bad option");
	is_errno(mount("none", "d", "tmpfs", 0, "sizes=1"), EINVAL,
		 "an unknown option");
	is_errno(mount("none", "d", NULL, MS_REMOUNT, NULL), EINVAL,
		 "remount of what is not mounted");
	is_errno(mount("nothing", "d", NULL, MS_BIND, NULL), ENOENT,
		 "bind of nothing");
	is_errno(mount("", "d", NULL, MS_BIND, NULL), EINVAL, "bind of ''");
	is_errno(mount("f", "d", NULL, MS_BIND, NULL), ENOTDIR,
		 "bind of a file on a directory");
	is_errno(mount("d", "f", NULL, MS_BIND, NULL), ENOTDIR,
		 "bind of a directory on a file");
	is_errno(umount2("d", 0), EINVAL, "umount of what is not mounted");
	is_errno(umount2("nowhere", 0), ENOENT, "umount of nothing");
	is_errno(umount2("d", 64), EINVAL, "umount: an unknown flag");
	is_errno(mount("none", (char *)8, "tmpfs", 0, NULL), EFAULT,
		 "a bad address");
}

static void tmpfs(void)
{
	struct statfs s;
	struct stat st, below;
	char buf[8192];
	int fd, n;

	stat("d", &below);
	put("d/below", "x");
	is(mount("none", "d", "tmpfs", MS_NOEXEC, "size=64k,mode=0750"), 0,
	   "tmpfs");
	ok(!there("d/below"), "covers what is below");
	ok(!stat("d", &st) && (st.st_mode & 07777) == 0750, "mode=");
	ok(st.st_dev != below.st_dev, "another device");
	ok(!statfs("d", &s) && s.f_blocks * (unsigned long)s.f_bsize == 65536,
	   "size=");
	says(info(in_top("d")), "tmpfs rw,noexec", "mountinfo");
	is_errno(mount("none", "d", "tmpfs", 0, "size=zz"), EINVAL,
		 "a bad one on it");
	put("d/f", "x");
	fd = open("d/big", O_CREAT | O_RDWR, 0644);
	memset(buf, 1, sizeof(buf));
	for (n = 0; n < 20 && write(fd, buf, sizeof(buf)) > 0; n++)
		;
	ok(n <= 9 && errno == ENOSPC, "full: ENOSPC");
	is_errno(umount("d"), EBUSY, "busy: a file is open");
	close(fd);
	is_errno(rename("d/f", "g"), EXDEV, "rename across");
	is_errno(link("d/f", "g"), EXDEV, "link across");
	is_errno(rmdir("d"), EBUSY, "rmdir of a mount point");
	is_errno(rename("d", "e"), EBUSY, "rename of a mount point");
	if (chdir("d"))
		printf("# chdir\n");
	is_errno(umount(in_top("d")), EBUSY, "busy: a working directory");
	if (chdir(".."))
		printf("# chdir\n");
	says(getcwd(buf, sizeof(buf)) ? buf : "", top, ".. leads out of it");
	is(umount("d"), 0, "umount");
	ok(there("d/below"), "what was below is back");
	ok(!there("d/f"), "and what was in it is not");
	says(info(in_top("d")), "none", "mountinfo without it");
	unlink("d/below");
}

static void remount(void)
{
	int fd;

	mount("none", "d", "tmpfs", 0, NULL);
	put("d/f", "1");
	fd = open("d/f", O_WRONLY);
	is_errno(mount(NULL, "d", NULL, MS_REMOUNT | MS_RDONLY, NULL), EBUSY,
		 "read-only while a file is open for writing");
	close(fd);
	is(mount(NULL, "d", NULL, MS_REMOUNT | MS_RDONLY, NULL), 0,
	   "read-only");
	says(info(in_top("d")), "tmpfs ro", "mountinfo says so");
	is_errno(open("d/f", O_WRONLY), EROFS, "open for writing");
	is_errno(open("d/new", O_CREAT | O_WRONLY, 0644), EROFS, "create");
	is_errno(mkdir("d/new", 0755), EROFS, "mkdir");
	is_errno(unlink("d/f"), EROFS, "unlink");
	is_errno(chmod("d/f", 0600), EROFS, "chmod");
	is_errno(truncate("d/f", 0), EROFS, "truncate");
	is(mount(NULL, "d", NULL, MS_REMOUNT | MS_NOATIME, NULL), 0,
	   "read and write again");
	says(info(in_top("d")), "tmpfs rw,noatime", "mountinfo again");
	is(unlink("d/f"), 0, "unlink now");
	umount("d");
}

static void binds(void)
{
	struct stat a, b;
	int fd;

	mkdir("src", 0755);
	mkdir("src/sub", 0755);
	put("src/f", "1");
	is(mount("src", "d", NULL, MS_BIND, NULL), 0, "bind");
	ok(!stat("src/f", &a) && !stat("d/f", &b) && a.st_ino == b.st_ino &&
	   a.st_dev == b.st_dev, "the same files");
	put("d/new", "2");
	ok(there("src/new"), "what is made here is there");
	is_errno(rename("d/new", "src/new2"), EXDEV, "rename across a bind");
	is(mount("none", "src/sub", "tmpfs", 0, NULL), 0, "tmpfs in it");
	put("src/sub/x", "3");
	ok(!there("d/sub/x"), "a plain bind has not what is mounted later");
	is(umount("d"), 0, "umount of the bind");
	mount("src", "d", NULL, MS_BIND, NULL);
	ok(!there("d/sub/x"), "nor what is mounted in it");
	umount("d");
	is(mount("src", "d", NULL, MS_BIND | MS_REC, NULL), 0, "with MS_REC");
	ok(there("d/sub/x"), "it has");
	is_errno(umount("d"), EBUSY, "busy: another is mounted in it");
	is(umount2("d", MNT_DETACH), 0, "MNT_DETACH takes all");
	ok(there("src/sub/x") && !there("d/f"), "of this place");

	put("file", "under");
	is(mount("src/f", "file", NULL, MS_BIND, NULL), 0, "bind of a file");
	ok(!stat("file", &b) && b.st_ino == a.st_ino, "is that file");
	is_errno(unlink("file"), EBUSY, "unlink of it");
	is(umount("file"), 0, "umount of a file");
	ok(!stat("file", &b) && b.st_ino != a.st_ino, "the old one is back");

	mount("src", "d", NULL, MS_BIND, NULL);
	is(mount(NULL, "d", NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL), 0,
	   "a read-only view");
	is_errno(open("d/f", O_WRONLY), EROFS, "cannot be written");
	fd = open("src/f", O_WRONLY);
	ok(fd >= 0, "where it came from can");
	close(fd);
	umount("d");
	umount("src/sub");
	unlink("src/new");
	unlink("file");
}

static void moves(void)
{
	mkdir("e", 0755);
	mount("none", "d", "tmpfs", 0, NULL);
	mount(NULL, "d", NULL, MS_PRIVATE, NULL);
	put("d/f", "1");
	mkdir("d/m", 0755);
	mount("none", "d/m", "tmpfs", 0, NULL);
	put("d/m/x", "1");
	is_errno(mount("e", "d", NULL, MS_MOVE, NULL), EINVAL,
		 "move of what is not mounted");
	is_errno(mount("d", "d/m", NULL, MS_MOVE, NULL), ELOOP,
		 "into itself");
	is(mount("d", "e", NULL, MS_MOVE, NULL), 0, "move");
	ok(there("e/f") && there("e/m/x") && !there("d/f"),
	   "with what is mounted in it");
	mount("src", "d", NULL, MS_BIND, NULL);
	is(mount("none", "d", "tmpfs", 0, NULL), 0, "on top of another");
	ok(!there("d/f"), "it covers that");
	is(umount("d"), 0, "umount");
	ok(there("d/f"), "the one below shows");
	umount("d");
	is(umount2("e", MNT_DETACH), 0, "all of it");

	mount("none", "d", "tmpfs", 0, NULL);
	is(mount(NULL, "d", NULL, MS_UNBINDABLE, NULL), 0, "MS_UNBINDABLE");
	is_errno(mount("d", "e", NULL, MS_BIND, NULL), EINVAL,
		 "cannot be bound");
	umount("d");
}

static void detach(void)
{
	char c = 0;
	int fd, in = inotify_init1(IN_NONBLOCK);
	struct pollfd p = { .fd = in, .events = POLLIN };
	struct inotify_event ev[8];

	mount("none", "d", "tmpfs", 0, NULL);
	put("d/f", "1");
	fd = open("d/f", O_RDWR);
	is(umount2("d", MNT_DETACH), 0, "MNT_DETACH of a busy one");
	ok(!there("d/f"), "its names are gone");
	ok(write(fd, "22", 2) == 2 && pread(fd, &c, 1, 1) == 1 && c == '2',
	   "its open file is not");
	close(fd);

	mount("none", "d", "tmpfs", 0, NULL);
	inotify_add_watch(in, "d", IN_CREATE);
	is(umount("d"), 0, "a watch does not hold it");
	/* Natively the file system may go a moment later. */
	poll(&p, 1, 30000);
	if (read(in, ev, sizeof(ev)) < 16)
		ev[0].mask = 0;
	is(ev[0].mask, IN_UNMOUNT | IN_ISDIR, "the watch hears of it");
	close(in);
	symlink("d", "l");
	mount("none", "d", "tmpfs", 0, NULL);
	is_errno(umount2("l", UMOUNT_NOFOLLOW), EINVAL, "UMOUNT_NOFOLLOW");
	is(umount2("l", 0), 0, "by a link");
	unlink("l");
}

/* In a child: its root and directories are its own. */
static void roots(void)
{
	int fd;

	mount("none", "d", "tmpfs", 0, NULL);
	mkdir("d/old", 0755);
	put("d/mark", "new root");
	is_errno(syscall(SYS_pivot_root, "src", "src/sub"), EINVAL,
		 "pivot_root: not a mount");
	is_errno(syscall(SYS_pivot_root, "d", "src"), EINVAL,
		 "pivot_root: the old one is not in it");
	fd = open("/", O_RDONLY | O_DIRECTORY);
	is(syscall(SYS_pivot_root, "d", "d/old"), 0, "pivot_root");
	ok(there("/mark"), "the new root is there");
	ok(there("/old/tmp"), "the old root in it");
	ok(chdir("/") == 0 && there("mark"), "as a directory");
	is(faccessat(fd, "tmp", F_OK, 0), 0, "descriptors keep what they had");
	close(fd);
	is(umount2("/old", MNT_DETACH), 0, "umount of the old root");
	ok(!there("/old/tmp"), "it is gone");
	is_errno(chdir("/tmp"), ENOENT, "nothing of it is left");
}

static int become_root(void)
{
	char map[64];
	int uid = (int)getuid(), gid = (int)getgid(), fd;

	if (!getenv("SBX_TEST_NATIVE"))
		return 1;	/* root already: SBX_OPTIONS */
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS))
		return 0;
	fd = open("/proc/self/setgroups", O_WRONLY);
	if (fd >= 0 && write(fd, "deny", 4) != 4)
		return 0;
	close(fd);
	snprintf(map, sizeof(map), "0 %d 1", uid);
	fd = open("/proc/self/uid_map", O_WRONLY);
	if (fd < 0 || write(fd, map, strlen(map)) < 0)
		return 0;
	close(fd);
	snprintf(map, sizeof(map), "0 %d 1", gid);
	fd = open("/proc/self/gid_map", O_WRONLY);
	if (fd < 0 || write(fd, map, strlen(map)) < 0)
		return 0;
	close(fd);
	return !mount(NULL, "/", NULL, MS_PRIVATE | MS_REC, NULL);
}

static int all(void)
{
	if (!become_root())
		skip_all("no user namespace");
	/* A tmpfs of our own, so that the rest is the same everywhere. */
	if (mount("none", top, "tmpfs", 0, NULL) || chdir(top))
		skip_all("no mount");
	errors();
	tmpfs();
	remount();
	binds();
	moves();
	detach();
	roots();
	return done_testing();
}

int main(void)
{
	int st = 1;
	pid_t pid;

	if (!mkdtemp(top))
		skip_all("no /tmp");
	pid = fork();
	if (!pid)
		exit(all());
	waitpid(pid, &st, 0);
	rmdir(top);
	return st != 0;
}
