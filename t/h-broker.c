/* SPDX-License-Identifier: Apache-2.0 */
/*
 * h-broker.c: talk to the broker as no kernel would.
 *
 *	h-broker case N		a breach of the contract: ends the sandbox
 *	h-broker count		how many there are, as exit status
 *	h-broker deny		well-formed requests for what was not granted:
 *				each gets an error
 *	h-broker fuzz SEED	requests with something wrong here or there
 *	h-broker commit SEED	the same when an exit with 0 has been told
 *	h-broker flood KIND	more than the broker's buffers hold
 *	h-broker bomb N		N processes of the host's, that talk rubbish (0),
 *				run for ever (1) or die (2)
 */
#include <linux/fcntl.h>

#include "emul/abi/boot.h"
#include "emul/abi/hostclone.h"
#include "t/hostile-broker.h"

static int failed;

/*
 * Breaches.
 */
static const char *const bad_paths[] = {
	"/", "/etc/passwd", "..", "../x", "a/..", "a/../b", ".", "./a", "a/.",
	"a//b", "a/", "//", "a/./b",
};

static const uint64_t bad_statuses[] = {
	0x10000, ~0UL, 0x7f, 0x137f, 0x101, 0x80, 65, 0x8000000000000000,
};

#define PATHS		COUNT(bad_paths)
#define STATUSES	COUNT(bad_statuses)
#define OTHERS		24

static void __attribute__((__noreturn__)) breach(size_t len, int fd, int n)
{
	long r = send_packet(3, len, fd, n);

	/* No answer may come: the sandbox ends. */
	if (r >= 0)
		receive(3);
	quit(r < 0 ? EXIT_BROKEN : EXIT_BREACH);
}

static void __attribute__((__noreturn__)) other_breach(unsigned int n)
{
	struct broker_req *q = request(BROKER_STAT, "a");

	switch (n) {
	case 0: breach(1, -1, 0);
	case 1: breach(sizeof(*q) - 1, -1, 0);
	case 2: q->version = 0; break;
	case 3: q->version = 0xffff; break;
	case 4: q->op = 0; break;
	case 5: q->op = BROKER_OP_END; break;
	case 6: q->op = 0xffff; break;
	case 7: q->flags = 1u << 31; break;
	case 8: q->zero = 1; break;
	case 9: q->grant = 0xffff; break;
	case 10: q->grant2 = 1; break;
	case 11: q->len1 = 2; breach(sizeof(*q) + 1, -1, 0);
	case 12: breach(length() + 1, -1, 0);
	case 13: breach(100000, -1, 0);
	case 14: q->arg[0] = 1; break;
	case 15: packet.bytes[0] = 0; break;
	case 16: breach(length(), 0, 1);	/* no descriptor is wanted */
	case 17: breach(length(), 0, 2);
	case 18: breach(length(), 0, FDS_MAX);
	case 19: request(BROKER_FD_STAT, NULL)->flags = BROKER_FD_SENT; break;
	case 20:
		 request(BROKER_FD_STAT, NULL)->flags = BROKER_FD_SENT;
		 breach(length(), HOSTFD_META, 2);
	case 21: request(BROKER_FD_CHMOD, NULL); break;
	case 22: request(BROKER_FD_STAT, NULL)->arg[0] = 1000; break;
	default: request(BROKER_PANIC, "\033[2J\033]0;x\007\r\n\x80\xff"); break;
	}
	breach(length(), -1, 0);
}

static void __attribute__((__noreturn__)) breach_case(unsigned long n)
{
	if (n < PATHS) {
		request(BROKER_STAT, bad_paths[n]);
		breach(length(), -1, 0);
	}
	n -= PATHS;
	if (n < STATUSES) {
		request(BROKER_EXIT, NULL)->arg[0] = bad_statuses[n];
		breach(length(), -1, 0);
	}
	other_breach((unsigned int)(n - STATUSES));
}

/*
 * Requests that keep the form.
 */
static void denied(const char *what, int grant, int err)
{
	if (err < 0)
		return;
	say(what);
	say(" is allowed on grant ");
	say_number(grant);
	say("\n");
	failed = EXIT_BREACH;
}

#define UNNAMED	020200002	/* O_TMPFILE | O_RDWR */

static const struct {
	const char *name;
	uint16_t op;
	uint64_t arg0, arg1;
} changes[] = {
	{ "open to write", BROKER_OPEN, O_WRONLY, 0 },
	{ "open to both", BROKER_OPEN, O_RDWR, 0 },
	{ "create", BROKER_OPEN, O_WRONLY | O_CREAT, 0644 },
	{ "create to read", BROKER_OPEN, O_RDONLY | O_CREAT, 0644 },
	{ "make without a name", BROKER_OPEN, UNNAMED, 0644 },
	{ "... never to be named", BROKER_OPEN, UNNAMED | O_EXCL, 0644 },
	{ "truncate to read", BROKER_OPEN, O_RDONLY | O_TRUNC, 0 },
	{ "mkdir", BROKER_MKDIR, 0755, 0 },
	{ "mknod", BROKER_MKNOD, 0100644, 0 },
	{ "mkfifo", BROKER_MKNOD, 0010644, 0 },
	{ "unlink", BROKER_UNLINK, 0, 0 },
	{ "rmdir", BROKER_RMDIR, 0, 0 },
	{ "chmod", BROKER_CHMOD, 0777, 0 },
	{ "chown", BROKER_CHOWN, 0, 0 },
	{ "utimens", BROKER_UTIMENS, 0, 0 },
	{ "truncate", BROKER_TRUNCATE, 0, 0 },
	{ "sync of all", BROKER_SYNC, 2, 0 },
};

/* What the test has put in its granted directories, and outside. */
static const char *const names[] = {
	"", "file", "new", "link-out", "link-out/secret", "link-abs",
	"dir/file", "fifo", "usr", "bin/sh", "passwd",
};

static void try_changes(uint16_t grant)
{
	unsigned int i, j;

	for (i = 0; i < COUNT(changes); i++)
		for (j = 0; j < COUNT(names); j++) {
			struct broker_req *q = request(changes[i].op,
						       names[j]);

			q->grant = grant;
			q->arg[0] = changes[i].arg0;
			q->arg[1] = changes[i].arg1;
			denied(changes[i].name, grant, ask(-1));
		}
	for (j = 0; j < COUNT(names); j++) {
		struct broker_req *q = request(BROKER_SYMLINK, names[j]);

		memcpy(packet.bytes + q->len1, "/x", 2);
		q->len2 = 2;
		q->grant = grant;
		denied("symlink", grant, ask(-1));
		q = request(BROKER_RENAME, names[j]);
		memcpy(packet.bytes + q->len1, "n2", 2);
		q->len2 = 2;
		q->grant = q->grant2 = grant;
		denied("rename", grant, ask(-1));
		q->op = BROKER_LINK;
		denied("link", grant, ask(-1));
	}
}

static struct broker_req *request2(uint16_t op, const char *path,
				   const char *text)
{
	struct broker_req *q = request(op, path);

	q->len2 = (uint16_t)text_len(text);
	memcpy(packet.bytes + q->len1, text, q->len2);
	return q;
}

/*
 * Attributes of what is read-only stay; and what makes the host act is
 * neither changed nor told anywhere.
 */
static void try_attributes(uint16_t grant, int writable)
{
	static const char *const attrs[] = {
		"user.x", "security.capability", "security.selinux",
		"trusted.x", "system.posix_acl_access", "x", "user.",
	};
	unsigned int i, j;

	for (i = 0; i < COUNT(attrs); i++)
		for (j = 0; j < COUNT(names); j++) {
			if (i || !writable) {
				request2(BROKER_SETXATTR, names[j],
					 attrs[i])->grant = grant;
				denied("setxattr", grant, ask(-1));
				request2(BROKER_REMOVEXATTR, names[j],
					 attrs[i])->grant = grant;
				denied("removexattr", grant, ask(-1));
			}
			if (i < 2)
				continue;
			request2(BROKER_GETXATTR, names[j], attrs[i])->grant =
				grant;
			denied("getxattr", grant, ask(-1));
		}
}

/* Links lead nowhere, fifos and devices are not opened. */
static void try_looks(uint16_t grant)
{
	static const char *const out[] = {
		"link-out", "link-out/secret", "link-abs", "fifo",
	};
	unsigned int i;

	for (i = 0; i < COUNT(out); i++) {
		struct broker_req *q = request(BROKER_OPEN, out[i]);

		q->grant = grant;
		denied(out[i], grant, ask(-1));
		q = request(BROKER_WALK, out[i]);
		q->flags = BROKER_WALK_OPEN;
		q->grant = grant;
		ask(-1);
		if (answer.r.flags & BROKER_REP_FD)
			denied("walk and open", grant, 0);
	}
}

/* What is open for reading is not to be changed, nor what is inherited. */
static void try_descriptors(uint16_t grant)
{
	static const uint16_t ops[] = {
		BROKER_FD_TRUNCATE, BROKER_FD_CHMOD, BROKER_FD_CHOWN,
		BROKER_FD_UTIMENS, BROKER_FD_ALLOCATE,
	};
	struct broker_req *q = request(BROKER_OPEN, "file");
	unsigned int i;
	int fd, j;

	q->grant = grant;
	if (ask(-1) || got.len < 20)
		return;
	fd = got.fd[0];
	for (j = -1; j < HOSTFD_FIRST_FREE; j++) {
		q = request(BROKER_FD_LINK, "new");
		q->grant = grant;
		q->flags = BROKER_FD_SENT;
		denied("a name for what is not its own", grant,
		       ask(j < 0 ? fd : j));
	}
	request(BROKER_FD_SETXATTR, "user.x")->flags = BROKER_FD_SENT;
	denied("attribute of a file to read", grant, ask(fd));
	request(BROKER_FD_SETXATTR, "trusted.x")->flags = BROKER_FD_SENT;
	denied("attribute that is not the user's", grant, ask(fd));
	for (i = 0; i < COUNT(ops); i++) {
		request(ops[i], NULL)->flags = BROKER_FD_SENT;
		denied("change of a file to read", grant, ask(fd));
		for (j = 0; j < HOSTFD_FIRST_FREE; j++) {
			/* A program may cut short what it may write to. */
			if ((ops[i] == BROKER_FD_TRUNCATE ||
			     ops[i] == BROKER_FD_ALLOCATE) &&
			    (j < HOSTFD_META || j > HOSTFD_DATA))
				continue;
			q = request(ops[i], NULL);
			q->flags = BROKER_FD_SENT;
			if (ops[i] == BROKER_FD_ALLOCATE)
				q->arg[3] = 4096;
			denied("change of an inherited file", j, ask(j));
		}
	}
	gate(__NR_close, fd);
}

static void try_processes(void)
{
	static const uint64_t pids[] = {
		0, 1, 2, ~0UL, 0x7fffffff, 0x80000000, 0x100000002,
	};
	unsigned int i, j;

	for (i = 0; i < COUNT(pids); i++)
		for (j = 0; j < COUNT(pids); j++) {
			struct broker_req *q = request(BROKER_KICK, NULL);

			q->arg[0] = pids[i];
			q->arg[1] = pids[j];
			denied("kick", (int)i, ask(-1));
		}
}

static void try_ioctls(void)
{
	/* TIOCSTI, TIOCLINUX, TIOCSCTTY, TIOCSPGRP, TIOCCONS, TIOCNOTTY... */
	static const uint64_t cmds[] = {
		0x5412, 0x541c, 0x540e, 0x5410, 0x541d, 0x5422, 0x5423,
		0x40045431, 0x80045430, 0, ~0UL, 0x5401ffffffff,
	};
	unsigned int i, fd;

	for (fd = 0; fd < 3; fd++)
		for (i = 0; i < COUNT(cmds); i++) {
			struct broker_req *q = request(BROKER_FD_TTY, NULL);

			q->arg[0] = fd;
			q->arg[1] = cmds[i];
			denied("ioctl", (int)fd, ask(-1));
		}
}

static int deny(void)
{
	const struct boot *b = (const struct boot *)BOOT_BASE;
	const struct boot_mount *m =
		(const struct boot_mount *)boot_str(b, b->mounts);
	unsigned int i, grants = 0;

	for (i = 0; i < b->n_mounts; i++) {
		if (m[i].kind != BOOT_MOUNT_RO &&
		    m[i].kind != BOOT_MOUNT_OVERLAY &&
		    m[i].kind != BOOT_MOUNT_RW)
			continue;
		grants++;
		if (m[i].kind != BOOT_MOUNT_RW)
			try_changes((uint16_t)m[i].grant);
		try_looks((uint16_t)m[i].grant);
		try_attributes((uint16_t)m[i].grant,
			       m[i].kind == BOOT_MOUNT_RW);
		try_descriptors((uint16_t)m[i].grant);
	}
	try_processes();
	try_ioctls();
	if (!grants)
		return EXIT_BROKEN;
	say("done\n");
	return failed;
}

/*
 * Fuzz: the form is kept mostly, or the first test in the broker would end it
 * all too soon.
 */
static const struct {
	uint8_t op, args, flags, path, path2;
} forms[] = {
	{ BROKER_WALK, 0, 3, 1, 0 }, { BROKER_OPEN, 2, 0, 1, 0 },
	{ BROKER_LIST, 1, 4, 1, 1 }, { BROKER_OPENS, 0, 0, 1, 1 },
	{ BROKER_READDIR, 2, 4, 1, 0 }, { BROKER_STAT, 0, 0, 1, 0 },
	{ BROKER_READLINK, 0, 0, 1, 0 }, { BROKER_STATFS, 0, 0, 1, 0 },
	{ BROKER_MKDIR, 1, 0, 1, 0 }, { BROKER_SYMLINK, 0, 0, 1, 1 },
	{ BROKER_UNLINK, 0, 0, 1, 0 }, { BROKER_RMDIR, 0, 0, 1, 0 },
	{ BROKER_RENAME, 0, 0, 1, 1 }, { BROKER_LINK, 0, 0, 1, 1 },
	{ BROKER_CHMOD, 1, 0, 1, 0 }, { BROKER_CHOWN, 2, 0, 1, 0 },
	{ BROKER_UTIMENS, 0, 0, 1, 0 }, { BROKER_TRUNCATE, 1, 0, 1, 0 },
	{ BROKER_SYNC, 0, 0, 1, 0 }, { BROKER_FD_STAT, 0, 8, 0, 0 },
	{ BROKER_FD_STATFS, 0, 8, 0, 0 }, { BROKER_FD_TRUNCATE, 2, 8, 0, 0 },
	{ BROKER_FD_SYNC, 0, 8, 0, 0 }, { BROKER_FD_CHMOD, 2, 8, 0, 0 },
	{ BROKER_FD_CHOWN, 3, 8, 0, 0 }, { BROKER_FD_UTIMENS, 3, 8, 0, 0 },
	{ BROKER_FD_LSEEK, 0, 0, 0, 0 }, { BROKER_FD_FLAGS, 0, 0, 0, 0 },
	{ BROKER_KICK, 2, 0, 0, 0 }, { BROKER_CPUTIME, 1, 0, 0, 0 },
	{ BROKER_MEMORY, 2, 0, 0, 0 },
	{ BROKER_AFFINITY, 0, 0, 0, 0 }, { BROKER_SCHED, 4, 0, 0, 0 },
	{ BROKER_FD_LINK, 0, 8, 1, 0 }, { BROKER_FD_ALLOCATE, 4, 8, 0, 0 },
	{ BROKER_FD_SEEK, 3, 8, 0, 0 }, { BROKER_COMMIT, 0, 0, 0, 0 },
	{ BROKER_GETXATTR, 1, 0, 1, 1 }, { BROKER_LISTXATTR, 1, 0, 1, 0 },
	{ BROKER_XATTR_STAGE, 1, 0, 1, 0 }, { BROKER_SETXATTR, 2, 0, 1, 1 },
	{ BROKER_REMOVEXATTR, 0, 0, 1, 1 },
	{ BROKER_WATCH, 0, BROKER_WATCH_FD, 1, 0 },
	{ BROKER_UNWATCH, 1, 0, 0, 0 }, { BROKER_FD_LOCK, 4, 8, 0, 0 },
	{ BROKER_FD_SETXATTR, 2, 8, 1, 0 },
};

static uint32_t grants(void)
{
	const struct boot *b = (const struct boot *)BOOT_BASE;
	const struct boot_mount *m =
		(const struct boot_mount *)boot_str(b, b->mounts);
	uint32_t i, n = 1;

	for (i = 0; i < b->n_mounts; i++)
		if (m[i].kind <= BOOT_MOUNT_OVERLAY && m[i].grant >= n)
			n = m[i].grant + 1;
	return n;
}

/* For OPENS: names, and directories which those behind them lie in. */
static const char *const opened[] = {
	"shadow", "passwd", "/etc", "/", "/proc/1",
};

/* Returns whether a descriptor is to go along. */
static int fuzz_request(uint64_t *state)
{
	uint64_t r = random_next(state);
	unsigned int form = (unsigned int)(r % COUNT(forms)), i;
	const char *path = names[r / 256 % COUNT(names)];
	struct broker_req *q = request(forms[form].op,
				       forms[form].path ? path : NULL);

	if (forms[form].path)
		q->grant = (uint16_t)((r >> 16) % grants());
	if (forms[form].path2) {
		path = names[r / 4096 % COUNT(names)];
		if (q->op >= BROKER_GETXATTR && q->op <= BROKER_REMOVEXATTR)
			path = r / 4096 % 2 ? "user.x" : "security.capability";
		if (q->op == BROKER_OPENS)
			path = opened[r / 4096 % COUNT(opened)];
		if (q->op == BROKER_LIST)
			path = r / 4096 % 2 ? "etc" : "usr";
		q->len2 = (uint16_t)text_len(path);
		memcpy(packet.bytes + q->len1, path, q->len2);
		if (q->op == BROKER_LIST || q->op == BROKER_OPENS)
			packet.bytes[q->len1 + q->len2++] = '\0';
		if (q->op == BROKER_RENAME || q->op == BROKER_LINK)
			q->grant2 = (uint16_t)((r >> 24) % grants());
	}
	for (i = 0; i < forms[form].args; i++)
		q->arg[i] = random_next(state) & 0777;
	if (q->op == BROKER_LIST) {
		q->arg[0]++;
		q->flags = r >> 32 & 1 ? BROKER_DIR_TREE : 0;
	}
	if (q->op == BROKER_OPEN)
		q->arg[0] &= O_CREAT | O_EXCL | 1;
	if (q->op == BROKER_SETXATTR)
		q->arg[0] &= 3;
	if (q->op == BROKER_XATTR_STAGE || q->op == BROKER_FD_SETXATTR)
		q->grant = 0;
	q->flags |= forms[form].flags & (uint32_t)(r >> 32);
	if (forms[form].flags == BROKER_FD_SENT) {
		q->flags = BROKER_FD_SENT;
		q->arg[0] = 0;
	}
	if (!(r >> 40 & 511))
		((char *)&packet)[random_next(state) % 80] ^=
			(char)random_next(state);
	return q->flags == BROKER_FD_SENT;
}

static int fuzz(long seed)
{
	uint64_t state = (uint64_t)seed;
	unsigned int i;

	for (i = 0; i < 2000; i++) {
		int channel = (int)(random_next(&state) % HOSTFD_CHANNELS);
		int fd = (int)(random_next(&state) % 40);
		int fds = fuzz_request(&state);

		/* Descriptors 1 and 2 are the test's own. */
		if (fd == HOSTFD_STDOUT || fd == HOSTFD_STDERR ||
		    fd == HOSTFD_TRACE)
			fd = 0;
		if (send_packet(channel, length(), fd, fds) < 0)
			continue;
		receive(channel);
		if (got.len >= 20)
			gate(__NR_close, got.fd[0]);
	}
	return 0;
}

static int flood(long kind)
{
	long i;

	for (i = 0; i < 100000; i++) {
		request(kind == 1 ? BROKER_AFFINITY : BROKER_WALK, NULL);
		if (kind == 2) {
			/* An empty packet: the channel is shut. */
			if (send_packet((int)(i % 8), 0, -1, 0) < 0)
				break;
		} else if (kind == 3) {
			/* Descriptors on their way fill a queue. */
			if (send_packet(1, length(), HOSTFD_CHANNEL, 1) < 0)
				break;
		} else if (send_packet(1, length(), -1, 0) < 0) {
			break;
		}
	}
	/* The kernel has to live with what is left. */
	sys(__NR_open, ptr("/etc/hostname"), 0, 0);
	sys(__NR_open, ptr("/usr/lib/none"), 0, 0);
	return 0;
}

static int bomb(long kind)
{
	static int tid;
	unsigned int i;

	for (i = 0; i < 32; i++) {
		long pid = gate(__NR_clone, HOST_CLONE_PROCESS, 0, ptr(&tid),
				0, 0);

		if (pid)
			continue;
		if (kind == 0)
			fuzz((long)i);
		if (kind == 1)
			for (;;)
				__asm__ volatile("pause");
		gate(__NR_exit_group, 0);
	}
	/* All would end with this one: with the sandbox's first process. */
	if (kind == 0)
		fuzz((long)i);
	if (kind == 1)
		for (;;)
			__asm__ volatile("pause");
	gate(__NR_exit_group, 0);
	return EXIT_BROKEN;
}

int attack(int argc, char **argv)
{
	if (argc < 2)
		return EXIT_BROKEN;
	if (same_text(argv[1], "count"))
		return PATHS + STATUSES + OTHERS;
	if (same_text(argv[1], "deny"))
		return deny();
	if (argc < 3)
		return EXIT_BROKEN;
	if (same_text(argv[1], "case"))
		breach_case((unsigned long)number(argv[2]));
	if (same_text(argv[1], "fuzz"))
		return fuzz(number(argv[2]));
	if (same_text(argv[1], "commit")) {
		request(BROKER_EXIT, NULL);
		return ask(-1) ? EXIT_BROKEN : fuzz(number(argv[2]));
	}
	if (same_text(argv[1], "flood"))
		return flood(number(argv[2]));
	return bomb(number(argv[2]));
}
