/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz-broker.c: the broker's requests under libFuzzer, on real directories.
 *
 * The input is a row of packets, each with two bytes of length and one that
 * says which descriptors come along.  Blind changes break the form of
 * most; so half of the time the first packet is made well formed again, with
 * names and numbers that mean something.  Beside crashes it looks for what no
 * request may do: reach what lies outside the grants, change what is
 * read-only, hand out anything but a regular file, or lose a descriptor.
 */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "loader/broker/net.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max,
			       unsigned int seed);

static struct monitor m;
static char root[] = "/tmp/fuzz-broker.XXXXXX";
static struct stat kept[2], kept_co[2];
static int lowest_fd;
static int sent_fd;		/* a file, a socket, an epoll */
static int sent_socket;
static int sent_epoll;

/* What must not be. */
#define never(cond)							\
	do {								\
		if (cond) {						\
			fprintf(stderr, "never: %s\n", #cond);		\
			abort();					\
		}							\
	} while (0)

static void shell(const char *cmd)
{
	char line[512];

	snprintf(line, sizeof(line), "cd %s && %s", root, cmd);
	never(system(line));
}

static void look_co(struct stat st[2])
{
	char path[64];

	memset(st, 0, 2 * sizeof(*st));
	snprintf(path, sizeof(path), "%s/co", root);
	never(stat(path, &st[0]));
	snprintf(path, sizeof(path), "%s/co/hidden/k", root);
	never(stat(path, &st[1]));
}

/* Everything back to what it was: the guests' directory may be wrecked. */
static void refill(void)
{
	shell("chmod -R u+rwx rw 2>/dev/null; find rw -mindepth 1 -delete;"
	      "mkdir rw/d rw/hidden && echo y >rw/f && echo z >rw/hidden/k &&"
	      "mkfifo rw/p && ln -s ../secret rw/l && ln -s /etc rw/e");
	shell("chmod u+rwx co; find co -mindepth 1 ! -path 'co/hidden*' "
	      "-delete; mkdir co/d && echo a >co/f");
	look_co(kept_co);
}

static void look(struct stat st[2])
{
	char path[64];

	snprintf(path, sizeof(path), "%s/secret", root);
	if (stat(path, &st[0]))
		abort();
	snprintf(path, sizeof(path), "%s/ro/a/f", root);
	if (stat(path, &st[1]))
		abort();
}

static bool same(const struct stat *a, const struct stat *b)
{
	return a->st_size == b->st_size && a->st_mode == b->st_mode &&
		a->st_nlink == b->st_nlink &&
		a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
		a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* What is to be written back is as it was until an exit with 0 is known. */
static void check_co(void)
{
	struct stat now[2];

	look_co(now);
	never(!m.exit_known && !same(&now[0], &kept_co[0]));
	never(!same(&now[1], &kept_co[1]));
	kept_co[0] = now[0];
	m.exit_known = m.ending = m.committed = false;
	m.status = 0;
	m.reason[0] = '\0';
}

static void clean_up(void)
{
	shell("chmod -R u+rwx . && cd / && rm -rf \"$OLDPWD\"");
}

static void grant(const char *name, bool writable)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/%s", root, name);
	if (monitor_grant(&m, path, writable ? "/w" : "/r", writable) < 0)
		abort();
}

/* A port at which nobody listens, one that is published, a name. */
static void start_net(void)
{
	static struct net_policy policy;
	const char *what;
	struct err e = { 0 };

	never(net_allow(&policy, "", "tcp://127.0.0.1:9", &e));
	never(net_allow(&policy, "", "a.example", &e));
	never(net_publish(&policy, "", "127.0.0.1:0:80", &e));
	never(net_publish(&policy, "", "127.0.0.1:0:53/udp", &e));
	policy.mode = NET_FILTER;
	m.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	never(monitor_net(&m, &policy, &what));
}

static void start(void)
{
	char path[64];

	if (!mkdtemp(root))
		abort();
	shell("mkdir -p ro/a rw co/hidden &&"
	      "echo k >co/hidden/k && echo secret >secret && echo x >ro/a/f &&"
	      "ln -s ../../secret ro/a/l && mkfifo ro/p");
	refill();
	if (monitor_init(&m))
		abort();
	/* Or it fills the disk, for everybody here. */
	m.fsize = 1 << 20;
	grant("ro", false);
	grant("rw", true);
	monitor_hide(&m, 1, "hidden");
	grant("co", false);
	monitor_hide(&m, 2, "hidden");
	monitor_commit(&m, 2);
	/* Not our own output: its offset and length would be changed. */
	for (int i = 0; i < 3; i++) {
		if (m.inherited[i] >= 0)
			close(m.inherited[i]);
		m.inherited[i] = -1;
	}
	snprintf(path, sizeof(path), "%s/inherited", root);
	sent_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	monitor_pass(&m, 1, sent_fd);
	snprintf(path, sizeof(path), "%s/rw/sent", root);
	close(sent_fd);
	sent_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	sent_socket = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK |
			     SOCK_CLOEXEC, 0);
	sent_epoll = epoll_create1(EPOLL_CLOEXEC);
	umask(0);
	start_net();
	/* The first watch would make it, and it stays. */
	m.watch_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	look(kept);
	lowest_fd = dup(sent_fd);
	close(lowest_fd);
	atexit(clean_up);
}

/* What was handed out must be a regular file beneath a grant. */
static void check_fd(const struct call *c, int fd)
{
	char path[4096];
	char link[64];
	struct stat st;
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	never(n < 0 || fstat(fd, &st));
	never(!S_ISREG(st.st_mode));
	path[n] = '\0';
	never(strncmp(path, root, strlen(root)));
	never(strncmp(path + strlen(root), "/ro/", 4) &&
	      strncmp(path + strlen(root), "/rw/", 4) &&
	      strncmp(path + strlen(root), "/co/", 4));
	never(strstr(path, "/hidden/"));
	never((fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDONLY &&
	      !grant_writable(&m, c->g1));
	never(st.st_mode & (S_ISUID | S_ISGID));
}

/* Nothing but an epoll, in which there is nothing yet. */
static void check_epoll(int fd)
{
	struct epoll_event ev;
	int v, n = epoll_wait(fd, &ev, 1, 0);
	socklen_t len = sizeof(v);

	never(n);
	never(!getsockopt(fd, SOL_SOCKET, SO_TYPE, &v, &len));
}

/* A socket: bound where it is published, or connected where it is granted. */
static void check_socket(int fd)
{
	union net_name host = { .any.sa_family = AF_UNSPEC };
	socklen_t len = sizeof(host);
	struct broker_addr a;
	int domain;

	len = sizeof(domain);
	never(getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len));
	if (domain == AF_UNIX)
		return;			/* the resolver's */
	never(domain != AF_INET);
	len = sizeof(host);
	if (!getpeername(fd, &host.any, &len)) {
		net_from_host(&a, &host);
		never(memcmp(a.ip + 12, "\x7f\0\0\1", 4) || a.port != 9);
		return;
	}
	never(getsockname(fd, &host.any, &len));
	net_from_host(&a, &host);
	never(memcmp(a.ip + 12, "\x7f\0\0\1", 4));
}

/* Only ever the one of inotify, of files beneath a grant. */
static void check_watch(int fd)
{
	char path[64] = "", link[64];

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	never(readlink(link, path, sizeof(path) - 1) < 0);
	never(strcmp(path, "anon_inode:inotify"));
	never(m.watch_count > BROKER_WATCH_MAX);
}

/* Nothing of what is hidden at the top of a grant. */
static void check_list(const struct call *c)
{
	struct broker_dirent d;
	size_t name;

	for (size_t at = 0; at < c->rep.len; at += d.rec_len) {
		never(c->rep.len - at < sizeof(d));
		memcpy(&d, c->body + at, sizeof(d));
		never(d.rec_len < sizeof(d) || d.rec_len > c->rep.len - at);
		name = at + sizeof(d) + sizeof(struct broker_stat);
		never(d.type == BROKER_DIR_HEAD && c->req.grant &&
		      (!d.has_stat || (!c->req.len1 &&
				       !memcmp(c->body + name, "hidden", 6))));
	}
}

/* @with: 1: a descriptor comes along, 6: which, 8: a second one, a socket. */
static void one(const uint8_t *packet, size_t size, unsigned int with)
{
	const int fds[] = { sent_fd, sent_socket, sent_epoll, sent_epoll };
	static struct call c;

	c.m = &m;
	if (request_parse(&c, packet, size,
			  with & 1 ? fds[with >> 1 & 3] : -1) ||
	    request_second(&c, with & 8 ? sent_socket : -1))
		return;
	/* They end the sandbox or talk to the user. */
	if (c.req.op == BROKER_LOG || c.req.op == BROKER_PANIC)
		return;
	if (request_serve(&c))
		return;
	never(c.rep.len > sizeof(c.body) || c.rep.err > 0);
	if (c.req.op == BROKER_LIST)
		check_list(&c);
	for (unsigned int i = 0; c.req.op == BROKER_OPENS && i < c.n_fds_out;
	     i++)
		check_fd(&c, c.fds_out[i]);
	if (c.fd_out >= 0) {
		if (c.req.op == BROKER_NET_CONNECT ||
		    c.req.op == BROKER_NET_LISTEN)
			check_socket(c.fd_out);
		else if (c.req.op == BROKER_NET_EPOLL)
			check_epoll(c.fd_out);
		else if (c.req.op == BROKER_WATCH)
			check_watch(c.fd_out);
		else
			check_fd(&c, c.fd_out);
	}
	request_close(&c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static unsigned int runs;
	struct stat now[2];
	int fd;

	if (!runs++)
		start();
	if (!(runs % 2000))
		refill();
	while (size > 3) {
		size_t n = (size_t)data[0] | (size_t)data[1] << 8;
		unsigned int with = data[2];

		data += 3;
		size -= 3;
		if (n > size)
			n = size;
		/* An exact copy, so that reading past its end is seen. */
		{
			uint8_t *packet = malloc(n ? n : 1);

			memcpy(packet, data, n);
			one(packet, n, with);
			free(packet);
		}
		data += n;
		size -= n;
	}
	/* The guest's ends are closed: the resolver sees to it. */
	for (uint32_t i = 0; i < 256; i++)
		resolver_event(&m, NET_TAG + i, EPOLLIN);
	look(now);
	for (int i = 0; i < 2; i++)
		never(!same(&now[i], &kept[i]));
	check_co();
	fd = dup(sent_fd);
	if (fd != lowest_fd)
		shell("ls -l /proc/$PPID/fd >&2");
	never(fd != lowest_fd);
	close(fd);
	return 0;
}

/* An address, near to what is granted, and small numbers. */
static void repair_net(struct broker_req *q, char *text, size_t room,
		       unsigned int *seed)
{
	static const uint16_t ports[] = { 9, 53, 80, 81, 0 };
	struct broker_addr a = { .port = ports[rand_r(seed) % 5] };

	a.ip[10] = a.ip[11] = 0xff;
	a.ip[12] = 127;
	a.ip[15] = rand_r(seed) % 2 ? 1 : 53;
	q->grant = q->grant2 = 0;
	q->len1 = q->len2 = 0;
	if (q->op == BROKER_NET_CONNECT || q->op == BROKER_NET_LISTEN ||
	    q->op == BROKER_NET_SEND) {
		if (room <= sizeof(a))
			return;
		memcpy(text, &a, sizeof(a));
		q->len1 = sizeof(a);
	}
	for (int i = 0; i < 4; i++)
		q->arg[i] = (uint64_t)rand_r(seed) % 4;
}

/* What may be locked and watched, mostly well formed. */
static void repair_watch(struct broker_req *q, unsigned int *seed)
{
	q->len2 = q->grant2 = 0;
	memset(q->arg, 0, sizeof(q->arg));
	if (q->op != BROKER_WATCH)
		q->grant = 0;
	if (q->op != BROKER_WATCH && q->op != BROKER_FD_SETXATTR)
		q->len1 = 0;
	if (q->op == BROKER_WATCH) {
		q->flags = rand_r(seed) % 2 ? BROKER_WATCH_FD : 0;
	} else if (q->op == BROKER_UNWATCH) {
		q->flags = 0;
		q->arg[0] = (uint64_t)rand_r(seed) % 9;
	} else {
		q->flags = BROKER_FD_SENT;
		q->arg[1] = (uint64_t)rand_r(seed) % 4 +
			((uint64_t)rand_r(seed) % 8 << 8);
		q->arg[2] = (uint64_t)rand_r(seed) % 9;
		q->arg[3] = rand_r(seed) % 2 ? INT64_MAX :
			(uint64_t)rand_r(seed) % 9;
	}
}

/* Two names with their NULs. */
static void repair_list(struct broker_req *q, char *text, size_t room,
			unsigned int *seed)
{
	static const char names[][8] = { "d", "hidden", "a", "l", "f", "k" };
	static const char dirs[][8] = { "/", "/a", "/hidden", "/d", "/l" };
	const char *a = names[rand_r(seed) % 6];
	const char *b = names[rand_r(seed) % 6];

	if (room < q->len1 + sizeof(names[0]) * 2)
		return;
	q->flags = (rand_r(seed) % 2 ? BROKER_DIR_TREE : 0) |
		   (rand_r(seed) % 2 ? BROKER_DIR_STAT : 0) |
		   (rand_r(seed) % 2 ? BROKER_DIR_XATTR : 0);
	q->grant2 = 0;
	q->arg[0] = 1 + (uint64_t)rand_r(seed) % 9;
	q->arg[1] = q->arg[2] = q->arg[3] = 0;
	if (q->op == BROKER_OPENS) {
		q->flags = 0;
		q->arg[0] = 0;
		if (rand_r(seed) % 2)
			a = dirs[rand_r(seed) % 5];
	}
	memcpy(text + q->len1, a, strlen(a) + 1);
	memcpy(text + q->len1 + strlen(a) + 1, b, strlen(b) + 1);
	q->len2 = (uint16_t)(strlen(a) + strlen(b) + 2);
}

static void repair(struct broker_req *q, char *text, size_t room,
		   unsigned int *seed)
{
	static const char *const paths[] = {
		"", "a", "a/f", "a/l", "p", "d", "f", "d/new", "hidden",
		"hidden/k", "l", "e/passwd", "sent", "p/x", "d/x/y",
	};
	static const char *const attrs[] = {
		"user.a", "user.b", "security.capability", "trusted.x", "user.",
	};
	static const uint64_t args[] = {
		0, 0, 1, 2, 3, 0100, 0102, 0301, 01002, 02001, 0644, 04755,
		0100600, 010600, 020600, 0x5401, 0x5412, 0x541b, 64, 1ULL << 31,
		1ULL << 32, 1ULL << 63, ~0ULL, 020200002,
	};
	const char *s = paths[rand_r(seed) % 15];
	const char *t = rand_r(seed) % 2 ? paths[rand_r(seed) % 15] : "";
	size_t n = strlen(s);

	q->op %= BROKER_OP_END;
	if (q->op >= BROKER_GETXATTR)
		t = q->op == BROKER_GETXATTR || q->op >= BROKER_SETXATTR ?
			attrs[rand_r(seed) % 5] : "";
	if (q->op >= BROKER_NET_CONNECT)
		t = "";
	if (q->op == BROKER_FD_SETXATTR) {
		s = attrs[rand_r(seed) % 5];
		n = strlen(s);
	}
	if (n + strlen(t) >= room)
		return;
	q->version = BROKER_VERSION;
	q->zero = 0;
	q->flags &= rand_r(seed) % 4 ? 3 : 31 | BROKER_LINK_OVER;
	q->grant = (uint16_t)(rand_r(seed) % 3);
	if (q->op == BROKER_XATTR_STAGE)
		q->grant = 0;
	q->grant2 = *t && q->op < BROKER_GETXATTR ?
		(uint16_t)(1 + rand_r(seed) % 2) : 0;
	for (int i = 0; i < 4; i++)
		q->arg[i] = rand_r(seed) % 4 && i ? 0 :
			    args[(size_t)rand_r(seed) %
				 (sizeof(args) / sizeof(args[0]))];
	q->len1 = (uint16_t)n;
	q->len2 = (uint16_t)strlen(t);
	snprintf(text, room, "%s%s", s, t);
	if (q->op == BROKER_LIST || q->op == BROKER_OPENS)
		repair_list(q, text, room, seed);
	else if (q->op >= BROKER_WATCH)
		repair_watch(q, seed);
	else if (q->op >= BROKER_NET_CONNECT)
		repair_net(q, text, room, seed);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max,
			       unsigned int seed)
{
	struct broker_req q;
	size_t n;

	size = LLVMFuzzerMutate(data, size, max);
	if (seed & 1 || max < 200)
		return size;
	if (size < 3 + sizeof(q))
		memset(data + size, 0, 3 + sizeof(q) - size);
	memcpy(&q, data + 3, sizeof(q));
	if (seed & 2)
		q.op = (uint16_t)rand_r(&seed);
	repair(&q, (char *)data + 3 + sizeof(q), max - 3 - sizeof(q), &seed);
	memcpy(data + 3, &q, sizeof(q));
	n = sizeof(q) + q.len1 + q.len2;
	data[0] = (uint8_t)n;
	data[1] = (uint8_t)(n >> 8);
	data[2] = (uint8_t)((data[2] & 6) |
			    (q.flags & BROKER_FD_SENT ? 1 : 0));
	if (q.op == BROKER_NET_WATCH)
		data[2] |= 8 | 4;
	return size < n + 3 ? n + 3 : size;
}
