/* SPDX-License-Identifier: Apache-2.0 */
/*
 * u-broker-request.c: the broker's requests, honest and hostile, on real
 * directories.  Each test of files runs three times: as the host is, without
 * openat2, and without /proc.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "t/broker.h"
#include "t/unit.h"

static struct monitor m;
static struct call c;
static struct packet p;
static char root[64];

enum { RO, RW, FILE_RO };	/* the grants */

static void at_root(const char *cmd)
{
	char line[512];

	snprintf(line, sizeof(line), "cd %s && %s", root, cmd);
	ck_assert_int_eq(system(line), 0);
}

/* Loop tests: 0 as the host is, 1 no openat2, 2 no /proc. */
static void setup(int mode)
{
	char path[128];

	strcpy(root, "/tmp/u-broker.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(root));
	at_root("mkdir -p ro/a/b ro/secret rw/d rw/narrow out &&"
		"echo hello >ro/a/b/file && echo secret >ro/secret/key &&"
		"echo out >out/file && ln -s a/b ro/link &&"
		"ln -s ../../out ro/up && ln -s /etc/passwd ro/abs &&"
		"mkfifo ro/fifo && echo x >rw/f && echo y >rw/narrow/n");
	ck_assert_int_eq(monitor_init(&m), 0);
	snprintf(path, sizeof(path), "%s/ro", root);
	ck_assert_int_eq(monitor_grant(&m, path, "/", false), RO);
	snprintf(path, sizeof(path), "%s/rw", root);
	ck_assert_int_eq(monitor_grant(&m, path, "/area", true), RW);
	snprintf(path, sizeof(path), "%s/out/file", root);
	ck_assert_int_eq(monitor_grant(&m, path, "/etc/f", false), FILE_RO);
	umask(0);
	if (mode == 1)
		m.no_openat2 = true;
	if (mode == 2) {
		close(m.proc_fd);
		m.proc_fd = -1;
	}
}

static void teardown(void)
{
	monitor_destroy(&m);
	at_root("chmod -R u+rwx . && cd / && rm -rf \"$OLDPWD\"");
}

static struct packet *req(unsigned int op, unsigned int grant, const char *s1)
{
	packet_init(&p, op, s1, "");
	p.q.grant = (uint16_t)grant;
	return &p;
}

static struct packet *req2(unsigned int op, unsigned int grant, const char *s1,
			   unsigned int grant2, const char *s2)
{
	packet_init(&p, op, s1, s2);
	p.q.grant = (uint16_t)grant;
	p.q.grant2 = (uint16_t)grant2;
	return &p;
}

/* Serve p; the request is well formed. */
static int serve_with(int fd)
{
	const char *why;

	c.m = &m;
	why = request_parse(&c, &p, packet_size(&p), fd);
	ck_assert_msg(!why, "%s", why);
	why = request_serve(&c);
	ck_assert_msg(!why, "%s", why);
	ck_assert_int_eq(c.rep.seq, p.q.seq);
	ck_assert_uint_le(c.rep.len, sizeof(c.body));
	ck_assert_int_eq(!!(c.rep.flags & BROKER_REP_FD),
			 c.fd_out >= 0 || c.n_fds_out);
	return c.rep.err;
}

static int serve(void)
{
	return serve_with(-1);
}

/* Serve p; the sandbox is ended for it. */
static void broken_size(size_t n, int fd)
{
	c.m = &m;
	if (!request_parse(&c, &p, n, fd))
		ck_assert_ptr_nonnull(request_serve(&c));
}

static void broken(void)
{
	broken_size(packet_size(&p), -1);
}

static const struct broker_node *node(unsigned int i)
{
	const unsigned char *at = c.body;

	ck_assert_uint_lt(i, c.rep.count);
	while (i--)
		at += ((const struct broker_node *)at)->rec_len;
	return (const struct broker_node *)at;
}

static void fd_reads(const char *text)
{
	char buf[64] = "";

	ck_assert_int_ge(c.fd_out, 0);
	ck_assert_int_ge(read(c.fd_out, buf, sizeof(buf) - 1), 0);
	ck_assert_str_eq(buf, text);
	close(c.fd_out);
}

START_TEST(walk)
{
	setup(_i);
	req(BROKER_WALK, RO, "a/b/file");
	ck_assert_int_eq(serve(), 0);
	ck_assert_uint_eq(c.rep.count, 3);
	ck_assert(S_ISDIR(node(1)->st.mode));
	ck_assert(S_ISREG(node(2)->st.mode));
	ck_assert_uint_eq(node(2)->st.size, 6);

	req(BROKER_WALK, RO, "a/b/file");
	p.q.arg[0] = 4;
	p.q.flags = BROKER_WALK_SELF | BROKER_WALK_OPEN;
	ck_assert_int_eq(serve(), 0);
	ck_assert_uint_eq(c.rep.count, 2);
	ck_assert(S_ISDIR(node(0)->st.mode));
	fd_reads("hello\n");

	req(BROKER_WALK, RO, "a/no/file");
	ck_assert_int_eq(serve(), -ENOENT);
	ck_assert_uint_eq(c.rep.count, 1);
	req(BROKER_WALK, RO, "a/b/file/x");
	ck_assert_int_eq(serve(), -ENOTDIR);
	ck_assert_uint_eq(c.rep.count, 3);

	req(BROKER_WALK, RO, "link/file");
	ck_assert_int_eq(serve(), 0);
	ck_assert_uint_eq(c.rep.count, 1);
	ck_assert_uint_eq(node(0)->target_len, 3);
	ck_assert_int_eq(memcmp(node(0) + 1, "a/b", 3), 0);

	req(BROKER_WALK, RO, "");
	p.q.flags = BROKER_WALK_SELF;
	ck_assert_int_eq(serve(), 0);
	ck_assert_uint_eq(c.rep.count, 1);
	req(BROKER_WALK, FILE_RO, "");
	p.q.flags = BROKER_WALK_SELF | BROKER_WALK_OPEN;
	ck_assert_int_eq(serve(), 0);
	if (_i == 2)
		ck_assert_int_eq((int)c.rep.val[0], -EACCES);
	else
		fd_reads("out\n");
	req(BROKER_WALK, FILE_RO, "x");
	ck_assert_int_eq(serve(), -ENOTDIR);
	teardown();
}
END_TEST

/* A walk of more than a packet holds is cut, and can go on. */
START_TEST(walk_long)
{
	char path[BROKER_PATH_MAX + 1] = "";
	size_t n = 0;
	unsigned int count;

	setup(_i);
	at_root("p=ro/deep; for i in 1 2 3 4 5 6 7 8; do"
		" p=$p/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x"
		"/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x"
		"/x/x/x/x/x/x/x/x; done; mkdir -p $p");
	n += (size_t)sprintf(path, "deep");
	while (n < 4 + 2 * 8 * 62)
		n += (size_t)sprintf(path + n, "/x");
	req(BROKER_WALK, RO, path);
	ck_assert_int_eq(serve(), 0);
	ck_assert(c.rep.flags & BROKER_REP_MORE);
	count = c.rep.count;
	ck_assert_uint_lt(count, 497);
	req(BROKER_WALK, RO, path);
	p.q.arg[0] = 5 + 2 * (count - 1);
	ck_assert_int_eq(serve(), 0);
	ck_assert_uint_eq(count + c.rep.count, 1 + 8 * 62);
	teardown();
}
END_TEST

/* Nothing but regular files beneath the grant is opened. */
START_TEST(open_kinds)
{
	static const struct {
		const char *path;
		int want;
	} cases[] = {
		{ "a", -EISDIR }, { "", -EISDIR }, { "link", -ELOOP },
		{ "up", -ELOOP }, { "abs", -ELOOP }, { "up/file", -ELOOP },
		{ "link/file", -ELOOP }, { "fifo", -ENXIO },
		{ "none", -ENOENT }, { "a/b/file/x", -ENOTDIR },
	};

	setup(_i);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		req(BROKER_OPEN, RO, cases[i].path);
		ck_assert_msg(serve() == cases[i].want, "%s: %d",
			      cases[i].path, c.rep.err);
	}
	req(BROKER_OPEN, RO, "a/b/file");
	ck_assert_int_eq(serve(), 0);
	fd_reads("hello\n");

	/* A socket, and a device where we may make one. */
	at_root("cd rw && if [ \"$(id -u)\" = 0 ]; then mknod dev c 1 5 ||"
		" mkfifo dev; else mkfifo dev; fi");
	req(BROKER_OPEN, RW, "dev");
	ck_assert_int_eq(serve(), -ENXIO);
	p.q.arg[0] = O_WRONLY | O_TRUNC;
	ck_assert_int_eq(serve(), -ENXIO);
	req(BROKER_WALK, RW, "dev");
	p.q.flags = BROKER_WALK_OPEN;
	ck_assert_int_eq(serve(), 0);
	ck_assert_int_eq((int)c.rep.val[0], -ENXIO);
	req(BROKER_TRUNCATE, RW, "dev");
	ck_assert_int_eq(serve(), -EINVAL);
	teardown();
}
END_TEST

START_TEST(open_write)
{
	setup(_i);
	req(BROKER_OPEN, RW, "new");
	p.q.arg[0] = O_RDWR | O_CREAT;
	p.q.arg[1] = 0640;
	ck_assert_int_eq(serve(), 0);
	ck_assert_uint_eq(c.rep.val[0], 1);
	ck_assert_uint_eq(node(0)->st.mode, S_IFREG | 0640);
	ck_assert_int_eq(write(c.fd_out, "abc", 3), 3);
	close(c.fd_out);
	ck_assert_int_eq(serve(), 0);
	ck_assert_uint_eq(c.rep.val[0], 0);
	fd_reads("abc");
	p.q.arg[0] |= O_EXCL;
	ck_assert_int_eq(serve(), -EEXIST);
	p.q.arg[0] = O_WRONLY | O_TRUNC;
	ck_assert_int_eq(serve(), 0);
	ck_assert_uint_eq(node(0)->st.size, 0);
	close(c.fd_out);

	/* Not through a read-only grant, in any way. */
	for (int flags = 1; flags < 02000; flags++) {
		if (flags & ~(O_ACCMODE | O_CREAT | O_EXCL | O_TRUNC) ||
		    (flags & O_ACCMODE) == O_ACCMODE)
			continue;
		req(BROKER_OPEN, RO, "a/b/file");
		p.q.arg[0] = (uint64_t)flags;
		ck_assert_int_eq(serve(), -EROFS);
	}
	req(BROKER_OPEN, RW, "suid");
	p.q.arg[0] = O_WRONLY | O_CREAT;
	p.q.arg[1] = 04755;
	ck_assert_int_eq(serve(), -EPERM);
	p.q.arg[0] = O_PATH;
	broken();
	p.q.arg[0] = O_TMPFILE | O_WRONLY;
	broken();
	p.q.arg[0] = O_DIRECTORY;
	broken();
	p.q.arg[0] = O_ACCMODE;
	broken();
	teardown();
}
END_TEST

START_TEST(read_dir)
{
	unsigned int seen = 0;
	uint64_t cookie = 0;

	setup(_i);
	at_root("mkdir ro/many && cd ro/many && i=0;"
		" while [ $i -lt 300 ]; do : >file$i; i=$((i+1)); done");
	do {
		const unsigned char *at = c.body;

		req(BROKER_READDIR, RO, "many");
		p.q.arg[0] = cookie;
		p.q.arg[1] = 4000;
		p.q.flags = BROKER_DIR_STAT;
		ck_assert_int_eq(serve(), 0);
		ck_assert_uint_le(c.rep.len, 4000);
		for (unsigned int i = 0; i < c.rep.count; i++) {
			const struct broker_dirent *d;

			d = (const struct broker_dirent *)at;
			ck_assert_int_eq(d->has_stat, 1);
			cookie = d->cookie;
			at += d->rec_len;
			seen++;
		}
	} while (c.rep.count);
	ck_assert_uint_eq(seen, 300);
	req(BROKER_READDIR, RO, "a/b/file");
	ck_assert_int_eq(serve(), -ENOTDIR);
	req(BROKER_READDIR, RO, "many");
	p.q.arg[1] = 8;
	ck_assert_int_eq(serve(), -EINVAL);
	req(BROKER_READDIR, RO, "many");
	p.q.arg[0] = ~0ULL;
	serve();
	teardown();
}
END_TEST

START_TEST(look)
{
	setup(_i);
	req(BROKER_STAT, RO, "fifo");
	ck_assert_int_eq(serve(), 0);
	ck_assert(S_ISFIFO(node(0)->st.mode));
	req(BROKER_READLINK, RO, "abs");
	ck_assert_int_eq(serve(), 0);
	ck_assert_uint_eq(c.rep.len, 11);
	req(BROKER_READLINK, RO, "a");
	ck_assert_int_eq(serve(), -EINVAL);
	req(BROKER_STATFS, RO, "a");
	ck_assert_int_eq(serve(), 0);
	ck_assert_uint_eq(c.rep.len, sizeof(struct broker_statfs));
	teardown();
}
END_TEST

START_TEST(change)
{
	struct stat st;
	char path[128];

	setup(_i);
	req(BROKER_MKDIR, RW, "d/e");
	p.q.arg[0] = 0750;
	ck_assert_int_eq(serve(), 0);
	ck_assert_uint_eq(node(0)->st.mode, S_IFDIR | 0750);
	ck_assert_int_eq(serve(), -EEXIST);
	req2(BROKER_SYMLINK, RW, "d/l", 0, "/any/where");
	ck_assert_int_eq(serve(), 0);
	ck_assert_uint_eq(node(0)->target_len, 10);
	req(BROKER_MKNOD, RW, "d/p");
	p.q.arg[0] = S_IFIFO | 0600;
	ck_assert_int_eq(serve(), 0);
	p.q.arg[0] = S_IFCHR | 0600;
	broken();
	p.q.arg[0] = S_IFBLK | 0600;
	broken();
	p.q.arg[0] = S_IFREG | 06755;
	ck_assert_int_eq(serve(), -EPERM);
	req2(BROKER_LINK, RW, "f", RW, "d/f2");
	ck_assert_int_eq(serve(), 0);
	ck_assert_uint_eq(node(0)->st.nlink, 2);
	req2(BROKER_RENAME, RW, "d/f2", RW, "d/e/f3");
	ck_assert_int_eq(serve(), 0);
	req2(BROKER_RENAME, RW, "d/e/f3", RW, "f");
	p.q.arg[0] = RENAME_NOREPLACE;
	ck_assert_int_eq(serve(), -EEXIST);
	p.q.arg[0] = RENAME_WHITEOUT;
	broken();
	req(BROKER_UNLINK, RW, "d/e/f3");
	ck_assert_int_eq(serve(), 0);
	req(BROKER_UNLINK, RW, "d/e");
	ck_assert_int_eq(serve(), -EISDIR);
	req(BROKER_RMDIR, RW, "d/e");
	ck_assert_int_eq(serve(), 0);
	req(BROKER_RMDIR, RW, "");
	ck_assert_int_eq(serve(), -EBUSY);

	req(BROKER_CHMOD, RW, "d");
	p.q.arg[0] = 01711;
	ck_assert_int_eq(serve(), 0);
	req(BROKER_CHMOD, RW, "f");
	p.q.arg[0] = 04755;
	ck_assert_int_eq(serve(), -EPERM);
	p.q.arg[0] = 0600;
	ck_assert_int_eq(serve(), _i == 2 ? -EACCES : 0);
	req(BROKER_TRUNCATE, RW, "f");
	p.q.arg[0] = 1000;
	ck_assert_int_eq(serve(), 0);
	req(BROKER_UTIMENS, RW, "f");
	p.q.arg[0] = 1000;
	p.q.arg[2] = (uint64_t)-5;
	p.q.arg[3] = 7;
	ck_assert_int_eq(serve(), 0);
	req(BROKER_CHOWN, RW, "f");
	p.q.arg[0] = p.q.arg[1] = 0xffffffff;
	ck_assert_int_eq(serve(), 0);
	req(BROKER_SYNC, RW, "f");
	ck_assert_int_eq(serve(), 0);
	req(BROKER_SYNC, RO, "a");
	ck_assert_int_eq(serve(), 0);
	snprintf(path, sizeof(path), "%s/rw/f", root);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_size, 1000);
	ck_assert_int_eq(st.st_mtim.tv_sec, -5);
	if (_i != 2)
		ck_assert_uint_eq(st.st_mode, S_IFREG | 0600);
	teardown();
}
END_TEST

/* A read-only grant changes by no request, alone or as one of two. */
START_TEST(read_only)
{
	static const unsigned int one[] = {
		BROKER_MKDIR, BROKER_UNLINK, BROKER_RMDIR, BROKER_CHMOD,
		BROKER_CHOWN, BROKER_UTIMENS, BROKER_TRUNCATE, BROKER_MKNOD,
	};

	setup(_i);
	for (size_t i = 0; i < sizeof(one) / sizeof(one[0]); i++) {
		req(one[i], RO, "a/b/file");
		ck_assert_int_eq(serve(), -EROFS);
	}
	req2(BROKER_SYMLINK, RO, "x", 0, "y");
	ck_assert_int_eq(serve(), -EROFS);
	for (int i = 0; i < 2; i++) {
		unsigned int op = i ? BROKER_LINK : BROKER_RENAME;

		req2(op, RO, "a/b/file", RW, "stolen");
		ck_assert_int_eq(serve(), -EROFS);
		req2(op, RW, "f", RO, "a/planted");
		ck_assert_int_eq(serve(), -EROFS);
	}
	teardown();
}
END_TEST

/* What is to be written back can be, after an exit with 0 and not before. */
START_TEST(commit)
{
	char path[128];
	struct stat st;
	int fd;

	setup(_i);
	monitor_commit(&m, RO);
	req(BROKER_MKDIR, RO, "a/k");
	ck_assert_int_eq(serve(), -EROFS);
	req(BROKER_COMMIT, 0, "");
	broken();
	req(BROKER_EXIT, 0, "");
	p.q.arg[0] = 1 << 8;
	ck_assert_int_eq(serve(), 0);
	req(BROKER_MKDIR, RO, "a/k");
	ck_assert_int_eq(serve(), -EROFS);
	req(BROKER_COMMIT, 0, "");
	broken();

	m.exit_known = false;
	req(BROKER_EXIT, 0, "");
	ck_assert_int_eq(serve(), 0);
	req(BROKER_MKDIR, RO, "a/k");
	ck_assert_int_eq(serve(), 0);
	/* In the place of a file: not of what is hidden, nor through a link. */
	ck_assert_int_eq(monitor_hide(&m, RO, "a/k/h"), 0);
	snprintf(path, sizeof(path), "%s/unnamed", root);
	fd = open(path, O_RDWR | O_CREAT, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, "new", 3), 3);
	for (int i = 0; i < 4; i++) {
		static const struct {
			const char *path;
			int err;
		} to[] = {
			{ "a/b/file", 0 }, { "a/k/h", -EACCES },
			{ "link/x", -ELOOP }, { "a/b", -EISDIR },
		};

		if (m.proc_fd < 0)
			break;
		req(BROKER_FD_LINK, RO, to[i].path);
		p.q.flags = BROKER_FD_SENT | BROKER_LINK_OVER;
		ck_assert_int_eq(serve_with(fd), to[i].err);
	}
	snprintf(path, sizeof(path), "%s/ro/a/b/file", root);
	if (m.proc_fd >= 0) {
		ck_assert_int_eq(stat(path, &st), 0);
		ck_assert_int_eq(st.st_size, 3);
	}
	close(fd);
	req(BROKER_COMMIT, 0, "");
	ck_assert_int_eq(serve(), 0);
	req(BROKER_MKDIR, RO, "a/late");
	ck_assert_int_eq(serve(), -EROFS);
	req(BROKER_COMMIT, 0, "");
	broken();
	teardown();
}
END_TEST

/* Hidden places, by path, by another name, from a wider grant. */
START_TEST(hidden)
{
	char path[128];

	setup(_i);
	ck_assert_int_eq(monitor_hide(&m, RO, "secret"), 0);
	snprintf(path, sizeof(path), "%s/rw/narrow", root);
	ck_assert_int_eq(monitor_grant(&m, path, "/area/narrow", false), 3);
	ck_assert_int_eq(monitor_shadows(&m), 0);
	req(BROKER_OPEN, RO, "secret/key");
	ck_assert_int_eq(serve(), -EACCES);
	req(BROKER_READDIR, RO, "secret");
	ck_assert_int_eq(serve(), -EACCES);
	req(BROKER_WALK, RO, "secret/key");
	p.q.flags = BROKER_WALK_OPEN;
	ck_assert_int_eq(serve(), -EACCES);
	ck_assert_int_lt(c.fd_out, 0);
	req(BROKER_OPEN, RO, "a/b/file");
	ck_assert_int_eq(serve(), 0);
	fd_reads("hello\n");

	req(BROKER_OPEN, RW, "narrow/n");
	p.q.arg[0] = O_RDWR;
	ck_assert_int_eq(serve(), -EACCES);
	req2(BROKER_RENAME, RW, "narrow", RW, "wide");
	ck_assert_int_eq(serve(), -EACCES);
	req2(BROKER_RENAME, RW, "d", RW, "narrow");
	ck_assert_int_eq(serve(), -EACCES);
	req(BROKER_OPEN, 3, "n");
	ck_assert_int_eq(serve(), 0);
	fd_reads("y\n");

	/* From outside somebody renames it: what it is still counts. */
	at_root("mv rw/narrow rw/other && mv ro/secret ro/plain");
	req(BROKER_OPEN, RW, "other/n");
	p.q.arg[0] = O_RDWR;
	ck_assert_int_eq(serve(), -EACCES);
	req(BROKER_UNLINK, RW, "other");
	ck_assert_int_eq(serve(), -EACCES);
	req(BROKER_OPEN, RO, "plain/key");
	ck_assert_int_eq(serve(), -EACCES);
	teardown();
}
END_TEST

/* proc and its like are entered only by a grant of their own. */
START_TEST(pseudo)
{
	int all;

	setup(_i);
	all = monitor_grant(&m, "/", "/host", false);
	ck_assert_int_eq(all, 3);
	req(BROKER_OPEN, (unsigned int)all, "proc/version");
	ck_assert_int_eq(serve(), -EACCES);
	req(BROKER_WALK, (unsigned int)all, "proc/self/environ");
	p.q.flags = BROKER_WALK_OPEN;
	ck_assert_int_eq(serve(), -EACCES);
	ck_assert_uint_eq(c.rep.count, 0);
	req(BROKER_READDIR, (unsigned int)all, "proc");
	ck_assert_int_eq(serve(), -EACCES);
	req(BROKER_STAT, (unsigned int)all, "sys/kernel");
	ck_assert_int_eq(serve(), -EACCES);
	req(BROKER_OPEN, (unsigned int)all, "dev/null");
	ck_assert_int_eq(serve(), -ENXIO);
	ck_assert_int_eq(monitor_grant(&m, "/proc/version", "/x", false), 4);
	ck_assert_int_eq(monitor_grant(&m, "/dev/null", "/x", true), -ENXIO);
	teardown();
}
END_TEST

/* Names are parted by NULs: written here with '|'. */
static void with_names(unsigned int op, unsigned int grant, const char *path,
		       const char *names)
{
	req2(op, grant, path, 0, names);
	for (size_t i = 0; i < p.q.len2; i++)
		if (p.data[p.q.len1 + i] == '|')
			p.data[p.q.len1 + i] = '\0';
}

static int list(unsigned int grant, const char *path, const char *names,
		uint32_t flags, uint64_t max)
{
	with_names(BROKER_LIST, grant, path, names);
	p.q.flags = flags;
	p.q.arg[0] = max;
	return serve();
}

/* The entries of a reply, heads with a colon, each with a blank behind it. */
static const char *listed(void)
{
	static char text[4096];
	size_t at = 0;
	size_t n = 0;

	for (uint32_t i = 0; i < c.rep.count; i++) {
		struct broker_dirent d;
		size_t name = at + sizeof(d);

		memcpy(&d, c.body + at, sizeof(d));
		if (d.has_stat)
			name += sizeof(struct broker_stat);
		ck_assert_uint_gt(d.rec_len, name - at + d.name_len +
				  d.target_len);
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s ",
				      (const char *)c.body + name,
				      d.type == BROKER_DIR_HEAD ? ":" : "");
		at += d.rec_len;
	}
	ck_assert_uint_eq(at, c.rep.len);
	text[n] = '\0';
	return text;
}

/* The attributes of the entry that has this name; NULL: it has none. */
static const struct broker_dirent *told(const char *name)
{
	size_t at = 0;

	for (uint32_t i = 0; i < c.rep.count; i++) {
		const void *e = c.body + at;
		const struct broker_dirent *d = e;
		const char *s = (const char *)(d + 1);

		if (d->has_stat && !strcmp(s + sizeof(struct broker_stat), name))
			return d;
		at += d->rec_len;
	}
	return NULL;
}

/* Many directories at once: what is hidden, mounted or no directory is not. */
START_TEST(lists)
{
	static const char *const bad[] = {
		"", "x", "|", "x||", "x|y", "a/b|", ".|", "x|..|", "/|",
	};
	unsigned int all;
	char path[128];

	setup(_i);
	at_root("mkdir -p ro/t/x/hid ro/t/y ro/t/z/deep ro/t/u ro/t/large &&"
		"echo 1 >ro/t/x/f && echo 2 >ro/t/x/hid/k && mkfifo ro/t/y/p &&"
		"ln -s x ro/t/l && ln -s ../to ro/t/u/s &&"
		"cd ro/t/large && seq 5000 | xargs touch");
	ck_assert_int_eq(monitor_hide(&m, RO, "t/x/hid"), 0);
	ck_assert_int_eq(monitor_cover(&m, RO, "t/z/deep"), 0);
	all = (unsigned int)monitor_grant(&m, "/", "/host", false);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		with_names(BROKER_LIST, RO, "t", bad[i]);
		p.q.arg[0] = 1;
		broken();
		/* A path of a directory starts with a slash. */
		with_names(BROKER_OPENS, RO, "t", bad[i]);
		if (bad[i][0] != '/')
			broken();
	}
	req2(BROKER_LIST, RO, "t", 0, "x");
	p.data[p.q.len1 + p.q.len2++] = '\0';
	broken();		/* not one of them wanted */
	/* Where mounts cannot be told from directories nothing is listed. */
	ck_assert_int_eq(list(RO, "t", "x|y|", BROKER_DIR_TREE, 9),
			 m.no_openat2 ? -EXDEV : 0);
	if (m.no_openat2)
		goto out;
	ck_assert_str_eq(listed(), "x: f y: p ");
	ck_assert_int_eq(list(RO, "t", "y|x|", 0, 1), 0);
	ck_assert_str_eq(listed(), "y: p ");
	ck_assert_int_eq(list(RO, "t", "x|l|none|y|", 0, 9), 0);
	ck_assert_str_eq(listed(), "x: f y: p ");
	ck_assert_int_eq(list(RO, "t", "l|x|", 0, 9), -ENOTDIR);
	ck_assert_uint_eq(c.rep.count, 0);
	ck_assert_int_eq(list(RO, "t/x", "f|", 0, 9), -ENOTDIR);
	ck_assert_int_eq(list(RO, "t/x", "hid|", 0, 9), -EACCES);
	ck_assert_int_eq(list(RO, "t/x/hid", "k|", 0, 9), -EACCES);
	ck_assert_int_eq(list(RO, "", "a|", BROKER_DIR_TREE, 9), 0);
	ck_assert_str_eq(listed(), "a: b a/b: file ");
	/* What is covered has a name, and nothing else. */
	ck_assert_int_eq(list(RO, "t", "z|u|", BROKER_DIR_TREE |
			      BROKER_DIR_STAT, 9), 0);
	ck_assert_str_eq(listed(), "z: deep u: s ");
	ck_assert_ptr_null(told("deep"));
	ck_assert_uint_eq(told("s")->target_len, 5);
	ck_assert_int_eq(list(RO, "t", "x|y|", BROKER_DIR_STAT, 9), 0);
	ck_assert_int_eq(told("f")->has_stat, 1);
	ck_assert_int_eq(list(RO, "t", "x|y|", BROKER_DIR_STAT |
			      BROKER_DIR_XATTR, 9), 0);
	ck_assert_int_eq(told("x")->has_stat, 2);
	ck_assert_int_eq(told("f")->has_stat, m.proc_fd < 0 ? 1 : 2);
	ck_assert_int_eq(told("p")->has_stat, 1);
	snprintf(path, sizeof(path), "%s/ro/t/x/f", root);
	if (!setxattr(path, "user.a", "b", 1, 0)) {
		ck_assert_int_eq(list(RO, "t", "x|", BROKER_DIR_STAT |
				      BROKER_DIR_XATTR, 9), 0);
		ck_assert_int_eq(told("f")->has_stat, 1);
	}
	ck_assert_int_eq(list(RO, "t", "u|large|y|", 0, 9), 0);
	ck_assert_str_eq(listed(), "u: s ");
	ck_assert_int_eq(list(RO, "t", "large|", 0, 9), -EMSGSIZE);
	ck_assert_int_eq(list(all, "", "proc|", 0, 9), -EXDEV);
	req(BROKER_READDIR, all, "");
	p.q.flags = BROKER_DIR_STAT;
	ck_assert_int_eq(serve(), 0);
	ck_assert_ptr_null(told("proc"));
out:
	teardown();
}
END_TEST

/* Many files at once: all that may be opened by themselves. */
/* As many of @name as there may be are served in t, and one more is not. */
static void at_most(const char *name, unsigned int n_fds)
{
	size_t len = strlen(name);
	char many[4 * BROKER_FDS_MAX + 8];

	for (unsigned int i = 0; i <= BROKER_FDS_MAX; i++)
		memcpy(many + len * i, name, len + 1);
	with_names(BROKER_OPENS, RO, "t", many + len);
	ck_assert_int_eq(serve(), 0);
	ck_assert_uint_eq(c.n_fds_out, n_fds);
	request_close(&c);
	with_names(BROKER_OPENS, RO, "t", many);
	broken();
}

START_TEST(opens)
{
	static const char *const contents[] = { "one\n", "two\n" };
	const struct broker_opened *o = (const void *)c.body;

	setup(_i);
	at_root("mkdir ro/t ro/t/d && echo one >ro/t/1 && echo two >ro/t/2 &&"
		"echo no >ro/t/hid && echo no >ro/t/over && mkfifo ro/t/p &&"
		"ln -s 1 ro/t/l && ln ro/t/hid ro/t/other");
	ck_assert_int_eq(monitor_hide(&m, RO, "t/hid"), 0);
	ck_assert_int_eq(monitor_cover(&m, RO, "t/over"), 0);
	with_names(BROKER_OPENS, RO, "t", "1|d|l|p|hid|none|over|other|2|");
	ck_assert_int_eq(serve(), 0);
	ck_assert_uint_eq(c.n_fds_out, 2);
	ck_assert_uint_eq(c.rep.count, 2);
	ck_assert_uint_eq(c.rep.len, 2 * sizeof(*o));
	ck_assert_uint_eq(o[0].nr, 0);
	ck_assert_uint_eq(o[1].nr, 8);
	for (int i = 0; i < 2; i++) {
		char buf[8] = "";

		ck_assert_int_eq((int)read(c.fds_out[i], buf, 7), 4);
		ck_assert_str_eq(buf, contents[i]);
		ck_assert_int_eq(fcntl(c.fds_out[i], F_GETFL) & O_ACCMODE,
				 O_RDONLY);
	}
	request_close(&c);
	with_names(BROKER_OPENS, RO, "link", "file|");
	ck_assert_int_eq(serve(), -ELOOP);
	with_names(BROKER_OPENS, RO, "t/1", "x|");
	ck_assert_int_eq(serve(), -ENOTDIR);
	at_most("1|", BROKER_FDS_MAX);
	teardown();
}
END_TEST

/* Files of several directories: each is looked at as if it were the only one. */
START_TEST(opens_dirs)
{
	static const char *const bad[] = {
		"1|/", "/..|1|", "/t/../t|1|", "//|1|", "/t/|1|", "/./t|1|",
		"/t|1|..|", "/t|1|/t//u|", "/t|t/1|",
	};
	static const uint32_t nrs[] = { 0, 1, 3, 6, 9 };
	const struct broker_opened *o = (const void *)c.body;

	setup(_i);
	at_root("mkdir -p ro/t/u/v ro/hid/x ro/mine && echo 0 >ro/t/1 &&"
		"echo 1 >ro/t/u/1 && echo 3 >ro/t/u/v/1 && echo 6 >ro/top &&"
		"echo no >ro/hid/x/1 && echo no >ro/mine/1 && echo 9 >ro/t/2 &&"
		"ln -s t ro/way");
	ck_assert_int_eq(monitor_hide(&m, RO, "hid"), 0);
	ck_assert_int_eq(monitor_hide(&m, RO, "mine/1"), 0);
	with_names(BROKER_OPENS, RO, "t", "1|/t/u|1|none|/t/u/v|1|/hid/x|1|"
		   "/none|1|/|top|/mine|1|/way|1|/t|2|/t/1|1|");
	ck_assert_int_eq(serve(), 0);
	ck_assert_uint_eq(c.n_fds_out, 5);
	ck_assert_uint_eq(c.rep.count, 5);
	for (int i = 0; i < 5; i++) {
		char buf[8] = "";

		ck_assert_uint_eq(o[i].nr, nrs[i]);
		ck_assert_int_eq((int)read(c.fds_out[i], buf, 7), 2);
		ck_assert_int_eq(buf[0] - '0', (int)nrs[i]);
	}
	request_close(&c);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		with_names(BROKER_OPENS, RO, "t", bad[i]);
		broken();
	}
	at_most("/t|", 0);
	teardown();
}
END_TEST

START_TEST(bad_paths)
{
	static const char *const paths[] = {
		"/", "/etc/passwd", ".", "..", "a/..", "../out/file", "a/../..",
		"a//b", "a/", "a/./b", "./a", "a/b/..", "//", "a/b/../../..",
	};
	static const unsigned int ops[] = {
		BROKER_WALK, BROKER_OPEN, BROKER_READDIR, BROKER_STAT,
		BROKER_MKDIR, BROKER_UNLINK, BROKER_CHMOD,
	};

	setup(0);
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		for (size_t j = 0; j < sizeof(ops) / sizeof(ops[0]); j++) {
			req(ops[j], RW, paths[i]);
			broken();
		}
		req2(BROKER_RENAME, RW, "f", RW, paths[i]);
		broken();
	}
	req(BROKER_OPEN, RO, "a/b/file");
	p.data[1] = '\0';
	broken();
	req(BROKER_OPEN, RO, "a/b/file");
	p.q.grant = 3;
	broken();
	p.q.grant = 0xffff;
	broken();
	req2(BROKER_RENAME, RW, "f", 99, "g");
	broken();
	teardown();
}
END_TEST

START_TEST(bad_form)
{
	setup(0);
	for (size_t n = 0; n < sizeof(p.q); n++) {
		req(BROKER_STAT, RO, "");
		broken_size(n, -1);
	}
	req(BROKER_STAT, RO, "a");
	broken_size(packet_size(&p) - 1, -1);
	broken_size(packet_size(&p) + 1, -1);
	p.q.len1 = 0xffff;
	broken_size(sizeof(p), -1);
	req(BROKER_STAT, RO, "a");
	p.q.version++;
	broken();
	req(BROKER_STAT, RO, "a");
	p.q.zero = 1;
	broken();
	for (unsigned int i = 0; i < 4; i++) {
		req(BROKER_STAT, RO, "a");
		p.q.arg[i] = 1;
		broken();
	}
	for (unsigned int i = 0; i < 32; i++) {
		req(BROKER_STAT, RO, "a");
		p.q.flags = 1U << i;
		broken();
	}
	req(BROKER_STAT, RO, "a");
	p.q.op = 0;
	broken();
	for (unsigned int op = BROKER_OP_END; op < 0x10000; op += 97) {
		req(op, RO, "");
		broken();
	}
	req(BROKER_STAT, RO, "a");
	broken_size(packet_size(&p), 1);	/* a descriptor unasked */
	req(BROKER_WALK, RO, "a/b");
	p.q.arg[0] = 1;
	broken();
	p.q.arg[0] = 4;
	broken();
	p.q.arg[0] = ~0ULL;
	broken();
	teardown();
}
END_TEST

START_TEST(sent_fds)
{
	char path[128];
	struct stat st;
	int fd;

	setup(_i);
	snprintf(path, sizeof(path), "%s/rw/f", root);
	fd = open(path, O_RDWR);
	req(BROKER_FD_STAT, 0, "");
	p.q.flags = BROKER_FD_SENT;
	ck_assert_int_eq(serve_with(fd), 0);
	ck_assert_uint_eq(node(0)->st.size, 2);
	req(BROKER_FD_TRUNCATE, 0, "");
	p.q.flags = BROKER_FD_SENT;
	p.q.arg[1] = 77;
	ck_assert_int_eq(serve_with(fd), 0);
	req(BROKER_FD_CHMOD, 0, "");
	p.q.flags = BROKER_FD_SENT;
	p.q.arg[1] = 0604;
	ck_assert_int_eq(serve_with(fd), 0);
	p.q.arg[1] = 06604;
	ck_assert_int_eq(serve_with(fd), -EPERM);
	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert_int_eq(st.st_size, 77);
	ck_assert_uint_eq(st.st_mode, S_IFREG | 0604);
	req(BROKER_FD_UTIMENS, 0, "");
	p.q.flags = BROKER_FD_SENT;
	p.q.arg[1] = (uint64_t)INT64_MIN;
	p.q.arg[2] = (uint64_t)-1;
	ck_assert_int_eq(serve_with(fd), 0);
	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert_int_eq(st.st_mtim.tv_sec, -1);
	ck_assert_int_eq(st.st_mtim.tv_nsec, 999999999);
	/* A flag without a descriptor, a descriptor without a flag. */
	broken_size(packet_size(&p), -1);
	p.q.flags = 0;
	broken_size(packet_size(&p), fd);
	p.q.arg[1] = p.q.arg[2] = 0;
	broken_size(packet_size(&p), -1);
	close(fd);

	/* Open for reading: nothing is changed through it. */
	fd = open(path, O_RDONLY);
	req(BROKER_FD_CHMOD, 0, "");
	p.q.flags = BROKER_FD_SENT;
	p.q.arg[1] = 0777;
	ck_assert_int_eq(serve_with(fd), -EBADF);
	req(BROKER_FD_TRUNCATE, 0, "");
	p.q.flags = BROKER_FD_SENT;
	ck_assert_int_eq(serve_with(fd), -EINVAL);
	close(fd);
	fd = open(path, O_PATH);
	req(BROKER_FD_CHMOD, 0, "");
	p.q.flags = BROKER_FD_SENT;
	p.q.arg[1] = 0777;
	ck_assert_int_eq(serve_with(fd), -EBADF);
	close(fd);

	/* Inherited: its data may be changed, its mode not. */
	fd = open(path, O_RDWR);
	ck_assert_int_eq(monitor_pass(&m, 5, fd), 0);
	req(BROKER_FD_TRUNCATE, 0, "");
	p.q.arg[0] = 5;
	p.q.arg[1] = 5;
	ck_assert_int_eq(serve(), 0);
	req(BROKER_FD_CHMOD, 0, "");
	p.q.flags = BROKER_FD_SENT;
	p.q.arg[1] = 0777;
	ck_assert_int_eq(serve_with(fd), -EPERM);
	req(BROKER_FD_LSEEK, 0, "");
	p.q.arg[0] = 5;
	p.q.arg[1] = 3;
	ck_assert_int_eq(serve(), 0);
	ck_assert_int_eq(lseek(fd, 0, SEEK_CUR), 3);
	req(BROKER_FD_FLAGS, 0, "");
	p.q.arg[0] = 5;
	ck_assert_int_eq(serve(), 0);
	ck_assert_uint_eq(c.rep.val[0] & O_ACCMODE, O_RDWR);
	p.q.arg[0] = 6;
	ck_assert_int_eq(serve(), -EBADF);
	p.q.arg[0] = INHERITED_MAX;
	broken();
	close(fd);
	teardown();
}
END_TEST

/* Terminals: what the list has, on a terminal alone. */
START_TEST(terminals)
{
	int master;
	int slave;

	setup(0);
	master = posix_openpt(O_RDWR | O_NOCTTY);
	if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0)
		goto out;	/* no pseudo terminals here */
	slave = open(ptsname(master), O_RDWR | O_NOCTTY);
	ck_assert_int_ge(slave, 0);
	ck_assert_int_eq(monitor_pass(&m, 4, slave), 0);
	packet_init(&p, BROKER_FD_TTY, "", "");
	p.q.arg[0] = 4;
	p.q.arg[1] = TIOCGWINSZ;
	ck_assert_int_eq(serve(), 0);
	ck_assert_uint_eq(c.rep.len, 8);
	p.q.arg[1] = TIOCSTI;
	ck_assert_int_eq(serve(), -ENOTTY);
	p.q.arg[1] = 0x541c;		/* TIOCLINUX */
	ck_assert_int_eq(serve(), -ENOTTY);
	p.q.arg[1] = TIOCSCTTY;
	ck_assert_int_eq(serve(), -ENOTTY);
	p.q.arg[1] = 1UL << 32 | TCGETS;
	ck_assert_int_eq(serve(), -ENOTTY);
	p.q.arg[1] = TCFLSH;
	p.q.arg[2] = 2;
	ck_assert_int_eq(serve(), 0);
	p.q.arg[2] = 3;
	broken();
	p.q.arg[1] = TCSETS;
	p.q.arg[2] = 0;
	broken();			/* without its structure */
	packet_init(&p, BROKER_FD_TTY, "12345678", "");
	p.q.arg[0] = 4;
	p.q.arg[1] = TIOCSWINSZ;
	ck_assert_int_eq(serve(), 0);
	close(slave);
	close(master);
	slave = open("/dev/null", O_RDWR);
	ck_assert_int_eq(monitor_pass(&m, 6, slave), 0);
	packet_init(&p, BROKER_FD_TTY, "", "");
	p.q.arg[0] = 6;
	p.q.arg[1] = TCGETS;
	ck_assert_int_eq(serve(), -ENOTTY);
	close(slave);
out:
	teardown();
}
END_TEST

/* Nobody else's processes are signalled. */
START_TEST(kicks)
{
	static const uint64_t ids[][2] = {
		{ 0, 0 }, { 1, 1 }, { ~0ULL, ~0ULL }, { 1ULL << 32 | 2, 2 },
		{ 0x7fffffff, 0x7fffffff },
	};

	setup(0);
	packet_init(&p, BROKER_KICK, "", "");
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		p.q.arg[0] = ids[i][0];
		p.q.arg[1] = ids[i][1];
		ck_assert_int_eq(serve(), -ESRCH);
	}
	p.q.arg[0] = p.q.arg[1] = (uint64_t)getpid();
	ck_assert_int_eq(serve(), -ESRCH);
	p.q.arg[0] = p.q.arg[1] = (uint64_t)getppid();
	ck_assert_int_eq(serve(), -ESRCH);
	teardown();
}
END_TEST

/* sbx stops as the first program did, and by nothing else. */
START_TEST(stops)
{
	setup(0);
	packet_init(&p, BROKER_STOP, "", "");
	for (unsigned int sig = 0; sig < 70; sig++) {
		m.stop_sig = 0;
		p.q.arg[0] = sig;
		if (sig < SIGSTOP || sig > SIGTTOU) {
			broken();
			ck_assert_int_eq(m.stop_sig, 0);
			continue;
		}
		ck_assert_int_eq(serve(), 0);
		ck_assert_int_eq(m.stop_sig, (int)sig);
	}
	p.q.arg[0] = 1ULL << 32 | SIGTSTP;
	broken();
	teardown();
}
END_TEST

/* No request leaves a descriptor open. */
START_TEST(leaks)
{
	int before;
	int after;

	setup(_i);
	ck_assert_int_eq(monitor_hide(&m, RO, "secret"), 0);
	/* The first watch would make it, and it stays. */
	m.watch_fd = inotify_init1(IN_CLOEXEC);
	before = dup(0);
	close(before);
	for (unsigned int op = 1; op < BROKER_OP_END; op++) {
		static const char *const paths[] = {
			"", "a", "a/b/file", "f", "link", "link/x", "fifo",
			"secret/key", "none/x", "d/new", "narrow/n/x",
		};

		if (op == BROKER_EXIT || op == BROKER_PANIC ||
		    op == BROKER_LOG)
			continue;
		for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
			for (unsigned int j = 0; j < 6; j++) {
				req2(op, j % 3, paths[i], j % 3, "d/other");
				if (op != BROKER_RENAME && op != BROKER_LINK)
					p.q.len2 = p.q.grant2 = 0;
				p.q.arg[0] = op == BROKER_OPEN && j > 2 ?
					O_RDWR | O_CREAT : op == BROKER_LIST;
				if (op == BROKER_LIST || op == BROKER_OPENS) {
					memcpy(p.data + p.q.len1, "b", 2);
					p.q.len2 = 2;
				}
				c.m = &m;
				if (request_parse(&c, &p, packet_size(&p),
						  -1))
					continue;
				(void)request_serve(&c);
				request_close(&c);
			}
	}
	after = dup(0);
	close(after);
	ck_assert_int_eq(before, after);
	teardown();
}
END_TEST

/* Files are tried three ways. */
int main(void)
{
	const TTest *const three[] = {
		walk, walk_long, open_kinds, open_write, read_dir, look,
		change, read_only, commit, hidden, pseudo, lists, opens, opens_dirs,
		sent_fds, leaks,
	};
	const TTest *const once[] = {
		bad_paths, bad_form, terminals, kicks, stops,
	};
	TCase *tc = tcase_create("broker-request");

	for (size_t i = 0; i < sizeof(three) / sizeof(three[0]); i++)
		tcase_add_loop_test(tc, three[i], 0, 3);
	for (size_t i = 0; i < sizeof(once) / sizeof(once[0]); i++)
		tcase_add_test(tc, once[i]);
	return unit_run_case("broker-request", tc);
}
