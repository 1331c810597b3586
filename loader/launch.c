/* SPDX-License-Identifier: Apache-2.0 */
/*
 * launch.c: the order of a sandbox's start.
 *
 * The parent becomes monitor and broker: it opens what the policy grants, and
 * tells the child of it by the boot page.  Meanwhile the child arranges the
 * descriptors as emul/abi/hostfd.h numbers them, takes from itself what it
 * will not need, moves the kernel image to its place and jumps into it; from
 * there on it is interposer/boot.c's, which waits for the page.  No guest byte
 * is mapped before both are confined: the child's filter is on before it asks
 * for the first file, and the parent answers no request before it has confined
 * itself.
 */
#include "config.h"

#include "loader/launch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#ifdef __GLIBC__
#include <sys/rseq.h>
#endif

#include "emul/abi/boot.h"
#include "emul/abi/hostfd.h"
#include "loader/bootpage.h"
#include "loader/cgroup.h"
#include "loader/imagemap.h"
#include "loader/limits.h"
#include "loader/meter.h"
#include "loader/symbols.h"
#include "loader/broker/broker.h"
#include "loader/landlock.h"
#include "loader/libc.h"

extern const char kernel_image[], kernel_image_end[];

#define HWCAP2_FSGSBASE	(1UL << 1)

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL	8U	/* Linux 6.3 */
#endif

/* Numbers that a host gives by default (/proc/sys/fs/nr_open). */
#define NR_OPEN		(1 << 20)

struct start {
	int meta, slots, data, trace;
	int life[2];
	int channel[HOSTFD_CHANNELS][2];
	int exe;		/* sbx itself, to map the image from; or -1 */
	struct boot_vdso vdso;
	struct cgroup cgroup;
};

static bool in_place(const void *p)
{
	return (uint64_t)p - IMAGE_BASE < IMAGE_MAX;
}

void launch_check_place(char **argv)
{
	int on_stack;

	/* Own text, data and the stack; the heap is not used by the child. */
	if (in_place((void *)launch_check_place) || in_place(kernel_image) ||
	    in_place(kernel_image_end) || in_place(&stderr) ||
	    in_place(&on_stack))
		execv("/proc/self/exe", argv);
}

static int make_memfd(const char *name, uint64_t size)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_NOEXEC_SEAL);

	/* Before Linux 6.3. */
	if (fd < 0 && errno == EINVAL)
		fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	/* The sandbox may punch holes in them, not change their size. */
	if (fd >= 0 && (ftruncate(fd, (off_t)size) ||
			fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK |
			      F_SEAL_SEAL))) {
		close(fd);
		return -1;
	}
	return fd;
}

static int make_start(struct start *s, struct monitor *m,
		      const struct policy *p, struct err *e)
{
	int i;

	s->meta = make_memfd("sbx-meta", META_SIZE);
	s->slots = make_memfd("sbx-slots", SLOTS_SIZE);
	s->data = make_memfd("sbx-data", DATA_SIZE);
	if (s->meta < 0 || s->slots < 0 || s->data < 0)
		return err_set(e, EXIT_SBX, "memfd_create: %s",
			       strerror(errno));
	monitor_arena(m, s->meta);
	monitor_arena(m, s->slots);
	monitor_arena(m, s->data);
	if (pipe2(s->life, O_CLOEXEC))
		return err_set(e, EXIT_SBX, "pipe: %s", strerror(errno));
	for (i = 0; i < HOSTFD_CHANNELS; i++) {
		if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
			       s->channel[i]))
			return err_set(e, EXIT_SBX, "socketpair: %s",
				       strerror(errno));
		m->channel[i] = s->channel[i][0];
	}
	m->meta_fd = s->meta;
	m->slots_fd = s->slots;
	m->life_fd = s->life[1];
	m->hostsig_off = HOSTSIG_OFFSET;
	m->hostproc_off = HOSTPROC_OFFSET;
	s->exe = image_open();
	bootpage_vdso(&s->vdso);
	s->trace = STDERR_FILENO;
	if (p->trace_file) {
		s->trace = open(p->trace_file, O_WRONLY | O_CREAT | O_TRUNC |
				O_APPEND | O_CLOEXEC | O_NOCTTY, 0666);
		if (s->trace < 0)
			return err_set(e, EXIT_SBX, "--output: %s: %s",
				       p->trace_file, strerror(errno));
		monitor_fix(m, s->trace);
	}
	return 0;
}

static void child_fail(const char *what)
{
	dprintf(HOSTFD_STDERR, "sbx: %s: %s\n", what, strerror(errno));
	_exit(EXIT_SBX);
}

/* What was open where sbx was called is none of the sandbox's. */
static void close_from(int from)
{
	struct dirent *d;
	DIR *dir;

	if (!syscall(SYS_close_range, from, ~0U, 0))
		return;
	/* A host, or what it runs in, that does not know the call. */
	dir = opendir("/proc/self/fd");
	while (dir && (d = readdir(dir))) {
		int fd = (int)strtol(d->d_name, NULL, 10);

		if (fd >= from && fd != dirfd(dir))
			close(fd);
	}
	if (dir)
		closedir(dir);
	for (int fd = from; !dir && fd < NR_OPEN; fd++)
		close(fd);
}

/*
 * Bring the descriptors to their numbers.  All sources go above the end first,
 * so that no target hits one that is still to be moved.
 */
static void place_descriptors(const struct start *s, const struct policy *p)
{
	int from[HOSTFD_FIRST_FREE];
	int life = dup_from(s->life[0], HOSTFD_FIRST_FREE);
	int fd, i;

	if (life < 0)
		child_fail("descriptors");

	for (i = 0; i < HOSTFD_FIRST_FREE; i++)
		from[i] = s->life[0];
	for (i = 0; i < 3; i++)
		if (!p->std_closed[i])
			from[i] = i;
	from[HOSTFD_META] = s->meta;
	from[HOSTFD_SLOTS] = s->slots;
	from[HOSTFD_DATA] = s->data;
	from[HOSTFD_TRACE] = s->trace;
	for (i = 0; i < HOSTFD_CHANNELS; i++)
		from[HOSTFD_CHANNEL + i] = s->channel[i][1];
	for (i = 0; i < (int)p->n_pass; i++)
		from[HOSTFD_PASS + i] = p->pass[i];
	for (i = 3; i < HOSTFD_FIRST_FREE; i++) {
		if (from[i] == s->life[0]) {
			from[i] = life;
			continue;
		}
		fd = dup_from(from[i], HOSTFD_FIRST_FREE);
		if (fd < 0)
			child_fail("descriptors");
		from[i] = fd;
	}
	for (i = 0; i < HOSTFD_FIRST_FREE; i++)
		if (from[i] != i && dup2(from[i], i) < 0)
			child_fail("descriptors");
	close_from(HOSTFD_FIRST_FREE);
	/*
	 * Room for descriptors while the table is this process's alone: to
	 * grow one that others share, the host waits for all its CPUs.
	 */
	fd = fcntl(HOSTFD_META, F_DUPFD_CLOEXEC, HOSTFD_ROOM - 1);
	if (fd >= 0)
		close(fd);
}

/* As many as there may be. */
static void lift_descriptors(void)
{
	struct rlimit rl;

	if (getrlimit(RLIMIT_NOFILE, &rl))
		return;
	rl.rlim_cur = rl.rlim_max;
	if (rl.rlim_cur > HOSTFD_END)
		rl.rlim_cur = HOSTFD_END;
	setrlimit(RLIMIT_NOFILE, &rl);
}

static void limit_child(void)
{
	struct rlimit rl;

	lift_descriptors();
	/* The kernel has its own of these for the guest. */
	rl.rlim_cur = rl.rlim_max = 0;
	setrlimit(RLIMIT_CORE, &rl);
}

/*
 * The kernel counts addresses, data, stack and file sizes for the guest by
 * itself; the host's limits would hit its own memory, which is reserved at
 * full size in files without pages.
 */
static int lift_limits(struct err *e)
{
	static const struct {
		int resource;
		const char *name;
		uint64_t need;
	} lift[] = {
		{ RLIMIT_AS, "addresses (ulimit -v)",
		  META_SIZE + SLOTS_SIZE + DATA_SIZE + (1UL << 32) },
		{ RLIMIT_FSIZE, "file size (ulimit -f)", DATA_SIZE },
		{ RLIMIT_DATA, "data (ulimit -d)", 1UL << 24 },
		{ RLIMIT_STACK, "stack (ulimit -s)", 1UL << 16 },
	};
	struct rlimit rl;
	size_t i;

	for (i = 0; i < sizeof(lift) / sizeof(lift[0]); i++) {
		if (getrlimit(lift[i].resource, &rl))
			continue;
		if (rl.rlim_max < lift[i].need)
			return err_set(e, EXIT_SBX, "the limit of %s is too "
				       "low: sbx reserves %lu MiB, though no "
				       "memory", lift[i].name,
				       (unsigned long)(lift[i].need >> 20));
		if (rl.rlim_cur == rl.rlim_max)
			continue;
		rl.rlim_cur = rl.rlim_max;
		setrlimit(lift[i].resource, &rl);
	}
	return 0;
}

/*
 * libc told the host of places in its memory, which is about to go: the host
 * would write there (rseq, at every return from the kernel) or read (the
 * robust list, at exit) what is the guest's by then.
 */
static void forget_libc(void)
{
#ifdef __GLIBC__	/* no other registers one */
	void *rs = (char *)__builtin_thread_pointer() + __rseq_offset;

	if (__rseq_size &&
	    syscall(SYS_rseq, rs, 32, RSEQ_FLAG_UNREGISTER, RSEQ_SIG) &&
	    syscall(SYS_rseq, rs, __rseq_size, RSEQ_FLAG_UNREGISTER, RSEQ_SIG))
		child_fail("rseq");
#endif
	syscall(SYS_set_robust_list, NULL, 3 * sizeof(long));
}

static void __attribute__((noreturn)) child(const struct start *s,
					    const struct policy *p)
{
	bool mapped = image_map(s->exe);

	if (setsid() < 0)
		child_fail("setsid");
	errno = -cgroup_enter(&s->cgroup);
	if (errno)
		child_fail("cgroup");
	limit_child();
	limits_child(&p->limits);
	place_descriptors(s, p);
	if (lifeline_arm(HOSTFD_LIFE))
		child_fail("life line");
	prctl(PR_SET_NAME, "sbx-guest");
	prctl(PR_SET_DUMPABLE, 0);
	if (landlock_shut())
		child_fail("Landlock");
	forget_libc();
	if (!mapped && !image_move())
		child_fail("kernel image");
	((void (*)(const struct boot_vdso *))IMAGE_BASE)(&s->vdso);
	__builtin_unreachable();
}

/* Grants of the broker for what of the view is a host's. */
static int make_grants(struct monitor *m, const struct policy *p,
		       struct grant_root *grants, struct err *e)
{
	size_t i;
	int r;

	for (i = 0; i < p->n_mounts; i++) {
		const struct view_mount *v = &p->mounts[i];

		if (v->kind != VIEW_RO && v->kind != VIEW_RW &&
		    v->kind != VIEW_OVERLAY)
			continue;
		r = monitor_grant(m, v->host, v->guest, v->kind == VIEW_RW);
		if (r < 0)
			return err_set(e, EXIT_SBX, "%s: %s", v->host,
				       strerror(-r));
		grants[i].grant = (uint32_t)r;
		if (p->commit && v->kind == VIEW_OVERLAY)
			monitor_commit(m, (size_t)r);
		monitor_grant_stat(m, (size_t)r, &grants[i].st);
	}
	for (i = 0; i < p->n_mounts; i++) {
		const struct view_mount *v = &p->mounts[i], *in;
		const char *rel;

		/* Hidden, or hidden but for what is seen beneath it. */
		if (v->kind != VIEW_HIDE && v->kind != VIEW_DENY &&
		    !v->read_only)
			continue;
		in = view_parent(p, v, &rel);
		if (!in || !in->host)
			continue;
		r = v->kind != VIEW_HIDE ?
			monitor_cover(m, grants[in - p->mounts].grant, rel) :
			monitor_hide(m, grants[in - p->mounts].grant, rel);
		if (r < 0)
			return err_set(e, EXIT_SBX, "hide %s: %s", v->guest,
				       strerror(-r));
	}
	return 0;
}

/* The cgroup, and the meter where there is none or one to be removed. */
static int start_limits(struct start *s, struct monitor *m,
			const struct limits *l, struct err *e)
{
	struct meter meter = {
		.limit = l->cgroup_memory ? 0 : l->memory,
		.files = { s->meta, s->slots, s->data },
		.cgroup = &s->cgroup,
	};

	m->timeout_ms = (int64_t)l->timeout_ms;
	m->kill_ms = (int64_t)l->kill_ms;
	m->memory = l->memory;
	m->fsize = l->fsize;
	if (cgroup_make(&s->cgroup, l, e)) {
		cgroup_remove(&s->cgroup);
		return -1;
	}
	m->oom_fd = s->cgroup.oom_fd;
	if (!l->memory && !l->cgroup_cpus && !l->cgroup_pids)
		return 0;
	if (meter_start(&meter, e)) {
		cgroup_remove(&s->cgroup);
		return -1;
	}
	m->meter = meter.pid;
	m->meter_fd = meter.over;
	m->meter_life = meter.life;
	return 0;
}

static bool passes_socket(const struct policy *p)
{
	struct stat st;

	for (int fd = 0; fd < 3; fd++)
		if (!p->std_closed[fd] && !fstat(fd, &st) &&
		    S_ISSOCK(st.st_mode))
			return true;
	for (unsigned int i = 0; i < p->n_pass; i++)
		if (!fstat(p->pass[i], &st) && S_ISSOCK(st.st_mode))
			return true;
	return false;
}

static int make_net(struct monitor *m, const struct policy *p, struct err *e)
{
	const char *what;
	int r;

	if (!net_wanted(&p->net) && !passes_socket(p))
		return 0;
	r = monitor_net(m, &p->net, &what);
	if (r)
		return err_set(e, EXIT_SBX, "--publish: %s: %s", what,
			       strerror(-r));
	for (size_t i = 0; i < p->net.n_publishes && !p->quiet; i++)
		if (!p->net.publishes[i].host.port)
			fprintf(stderr, "sbx: port %u is published as %u\n",
				p->net.publishes[i].guest,
				monitor_net_port(m, i));
	return 0;
}

static void close_child_ends(struct start *s)
{
	int i;

	cgroup_close(&s->cgroup);
	close(s->data);
	close(s->life[0]);
	if (s->exe >= 0)
		close(s->exe);
	for (i = 0; i < HOSTFD_CHANNELS; i++)
		close(s->channel[i][1]);
	if (s->trace != STDERR_FILENO)
		close(s->trace);
}

/* What the child waits for. */
static int prepare(struct start *s, struct monitor *m, const struct policy *p,
		   struct grant_root *grants, struct err *e)
{
	return make_grants(m, p, grants, e) || make_net(m, p, e) ||
	       bootpage_write(s->meta, p, grants, landlock_scopes_signals(),
			      m->net != NULL, e) ? -1 : 0;
}

/* The child may go on: all that could still fail here has not. */
static void let_go(const struct monitor *m)
{
	char go = BOOT_GO;
	struct iovec iov = { .iov_base = &go, .iov_len = 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	/* It fails if the child has ended, which has said why itself. */
	sendmsg(m->channel[0], &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* The parent, from the fork to the end of the sandbox. */
static int parent(struct start *s, struct monitor *m, const struct policy *p,
		  struct grant_root *grants, pid_t pid, struct err *e)
{
	int r;

	close_child_ends(s);
	/* Those that are on the way into the sandbox count by its limit. */
	lift_descriptors();
	/* It may have to die of the program's signal; that is no dump. */
	setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
	if (prepare(s, m, p, grants, e)) {
		kill(pid, SIGKILL);
		return -1;
	}
	r = monitor_start(m, pid);
	if (!r)
		r = monitor_confine(m);
	if (r) {
		kill(pid, SIGKILL);
		return err_set(e, EXIT_SBX, "this host lets the broker not be "
			       "confined: %s", strerror(-r));
	}
	let_go(m);
	return monitor_run(m);
}

int launch_run(const struct policy *p, struct err *e)
{
	struct grant_root *grants =
		xmalloc((p->n_mounts + 1) * sizeof(*grants));
	struct monitor m;
	struct start s = { 0 };
	unsigned int i;
	pid_t pid;
	int r;

	memset(grants, 0, (p->n_mounts + 1) * sizeof(*grants));
	if (!(getauxval(AT_HWCAP2) & HWCAP2_FSGSBASE)) {
		free(grants);
		return err_set(e, EXIT_SBX, "this host does not let programs "
			       "set GS (no FSGSBASE): Linux 5.9 and a CPU "
			       "since 2012 are needed");
	}
	bootpage_keep();
	if (lift_limits(e)) {
		free(grants);
		return -1;
	}
	r = monitor_init(&m);
	if (r < 0) {
		free(grants);
		return err_set(e, EXIT_SBX, "monitor: %s", strerror(-r));
	}
	m.symbol = symbol_find;
	for (i = 0; i < p->n_pass; i++)
		monitor_pass(&m, 3 + i, p->pass[i]);
	if (limits_apply(&p->limits, e) || make_start(&s, &m, p, e) ||
	    start_limits(&s, &m, &p->limits, e))
		goto out;
	/* Inherited as ignored, it would have the host forget our children. */
	signal(SIGCHLD, SIG_DFL);
	/* For both sides: their filters and Landlock want it. */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) {
		err_set(e, EXIT_SBX, "this host lets nothing be confined: "
			"no_new_privs: %s", strerror(errno));
		goto out;
	}
	fflush(NULL);
	pid = fork();
	if (pid < 0) {
		err_set(e, EXIT_SBX, "fork: %s", strerror(errno));
		goto out;
	}
	if (!pid)
		child(&s, p);
	r = parent(&s, &m, p, grants, pid, e);
	/* What is open then goes with the process. */
	if (r >= 0)
		return r;
out:
	monitor_destroy(&m);
	free(grants);
	return -1;
}
