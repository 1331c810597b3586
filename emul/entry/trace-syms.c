/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trace-syms.c: values that have names, and the names.
 *
 * Longer masks come before those they hold (O_SYNC before O_DSYNC).  Only uapi
 * headers that go together with libc's types in the hosted build are used;
 * the few other numbers are the ABI's, which does not change.
 */
#include <asm/fcntl.h>
#include <asm/ioctls.h>
#include <asm/mman.h>
#include <asm/poll.h>
#include <asm/prctl.h>
#include <linux/close_range.h>
#include <linux/eventpoll.h>
#include <linux/fadvise.h>
#include <linux/falloc.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/futex.h>
#include <linux/memfd.h>
#include <linux/mman.h>
#include <linux/membarrier.h>
#include <linux/openat2.h>
#include <linux/prctl.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <linux/stat.h>
#include <linux/wait.h>
#include <linux/xattr.h>

#include "emul/entry/trace-int.h"

#define S(x) { x, #x }
#define END { 0, NULL }

static const struct sym open_flags[] = {
	S(O_CREAT), S(O_EXCL), S(O_NOCTTY), S(O_TRUNC), S(O_APPEND),
	S(O_NONBLOCK), { __O_SYNC | O_DSYNC, "O_SYNC" }, S(O_DSYNC),
	S(O_DIRECT), { 0100000, "O_LARGEFILE" },
	{ __O_TMPFILE | O_DIRECTORY, "O_TMPFILE" }, S(O_DIRECTORY),
	S(O_NOFOLLOW), S(O_NOATIME), S(O_CLOEXEC), S(O_PATH), S(FASYNC), END
};

/* pipe2, dup3, eventfd2, ...: O_CLOEXEC and O_NONBLOCK by many names. */
static const struct sym fd_flags[] = {
	S(O_CLOEXEC), S(O_NONBLOCK), S(O_DIRECT), END
};

static const struct sym at_flags[] = {
	S(AT_SYMLINK_NOFOLLOW), S(AT_REMOVEDIR), S(AT_SYMLINK_FOLLOW),
	S(AT_NO_AUTOMOUNT), S(AT_EMPTY_PATH), S(AT_STATX_FORCE_SYNC),
	S(AT_STATX_DONT_SYNC), S(AT_RECURSIVE), END
};

static const struct sym access_modes[] = {
	{ 0, "F_OK" }, { 4, "R_OK" }, { 2, "W_OK" }, { 1, "X_OK" }, END
};

static const struct sym prots[] = {
	S(PROT_NONE), S(PROT_READ), S(PROT_WRITE), S(PROT_EXEC), S(PROT_SEM),
	S(PROT_GROWSDOWN), S(PROT_GROWSUP), END
};

static const struct sym map_flags[] = {
	S(MAP_SHARED_VALIDATE), S(MAP_SHARED), S(MAP_PRIVATE), S(MAP_FIXED),
	S(MAP_ANONYMOUS), S(MAP_32BIT), S(MAP_GROWSDOWN), S(MAP_DENYWRITE),
	S(MAP_EXECUTABLE), S(MAP_LOCKED), S(MAP_NORESERVE), S(MAP_POPULATE),
	S(MAP_NONBLOCK), S(MAP_STACK), S(MAP_HUGETLB), S(MAP_SYNC),
	S(MAP_FIXED_NOREPLACE), S(MAP_UNINITIALIZED), END
};

static const struct sym mremap_flags[] = {
	S(MREMAP_MAYMOVE), S(MREMAP_FIXED), S(MREMAP_DONTUNMAP), END
};

static const struct sym msync_flags[] = {
	S(MS_ASYNC), S(MS_INVALIDATE), S(MS_SYNC), END
};

static const struct sym mlock_flags[] = {
	S(MCL_CURRENT), S(MCL_FUTURE), S(MCL_ONFAULT), END
};

static const struct sym advices[] = {
	S(MADV_NORMAL), S(MADV_RANDOM), S(MADV_SEQUENTIAL), S(MADV_WILLNEED),
	S(MADV_DONTNEED), S(MADV_FREE), S(MADV_REMOVE), S(MADV_DONTFORK),
	S(MADV_DOFORK), S(MADV_HWPOISON), S(MADV_MERGEABLE),
	S(MADV_UNMERGEABLE), S(MADV_HUGEPAGE), S(MADV_NOHUGEPAGE),
	S(MADV_DONTDUMP), S(MADV_DODUMP), S(MADV_WIPEONFORK),
	S(MADV_KEEPONFORK), S(MADV_COLD), S(MADV_PAGEOUT),
	S(MADV_POPULATE_READ), S(MADV_POPULATE_WRITE),
	{ 24, "MADV_DONTNEED_LOCKED" }, { 25, "MADV_COLLAPSE" },
	{ 102, "MADV_GUARD_INSTALL" }, { 103, "MADV_GUARD_REMOVE" }, END
};

static const struct sym file_advices[] = {
	S(POSIX_FADV_NORMAL), S(POSIX_FADV_RANDOM), S(POSIX_FADV_SEQUENTIAL),
	S(POSIX_FADV_WILLNEED), S(POSIX_FADV_DONTNEED), S(POSIX_FADV_NOREUSE),
	END
};

static const struct sym clone_flags[] = {
	S(CLONE_VM), S(CLONE_FS), S(CLONE_FILES), S(CLONE_SIGHAND),
	S(CLONE_PIDFD), S(CLONE_PTRACE), S(CLONE_VFORK), S(CLONE_PARENT),
	S(CLONE_THREAD), S(CLONE_NEWNS), S(CLONE_SYSVSEM), S(CLONE_SETTLS),
	S(CLONE_PARENT_SETTID), S(CLONE_CHILD_CLEARTID), S(CLONE_DETACHED),
	S(CLONE_UNTRACED), S(CLONE_CHILD_SETTID), S(CLONE_NEWCGROUP),
	S(CLONE_NEWUTS), S(CLONE_NEWIPC), S(CLONE_NEWUSER), S(CLONE_NEWPID),
	S(CLONE_NEWNET), S(CLONE_IO), S(CLONE_CLEAR_SIGHAND),
	S(CLONE_INTO_CGROUP), END
};

static const struct sym wait_options[] = {
	S(WNOHANG), { WUNTRACED, "WSTOPPED" }, S(WEXITED), S(WCONTINUED),
	S(WNOWAIT), S(__WNOTHREAD), S(__WALL), S(__WCLONE), END
};

static const struct sym futex_ops[] = {
	S(FUTEX_WAIT), S(FUTEX_WAKE), S(FUTEX_FD), S(FUTEX_REQUEUE),
	S(FUTEX_CMP_REQUEUE), S(FUTEX_WAKE_OP), S(FUTEX_LOCK_PI),
	S(FUTEX_UNLOCK_PI), S(FUTEX_TRYLOCK_PI), S(FUTEX_WAIT_BITSET),
	S(FUTEX_WAKE_BITSET), S(FUTEX_WAIT_REQUEUE_PI),
	S(FUTEX_CMP_REQUEUE_PI), S(FUTEX_LOCK_PI2), END
};

static const struct sym clocks[] = {
	{ 0, "CLOCK_REALTIME" }, { 1, "CLOCK_MONOTONIC" },
	{ 2, "CLOCK_PROCESS_CPUTIME_ID" }, { 3, "CLOCK_THREAD_CPUTIME_ID" },
	{ 4, "CLOCK_MONOTONIC_RAW" }, { 5, "CLOCK_REALTIME_COARSE" },
	{ 6, "CLOCK_MONOTONIC_COARSE" }, { 7, "CLOCK_BOOTTIME" },
	{ 8, "CLOCK_REALTIME_ALARM" }, { 9, "CLOCK_BOOTTIME_ALARM" },
	{ 11, "CLOCK_TAI" }, END
};

static const struct sym timer_flags[] = {
	{ 1, "TIMER_ABSTIME" }, { 2, "TFD_TIMER_CANCEL_ON_SET" }, END
};

static const struct sym itimers[] = {
	{ 0, "ITIMER_REAL" }, { 1, "ITIMER_VIRTUAL" }, { 2, "ITIMER_PROF" },
	END
};

static const struct sym whences[] = {
	S(SEEK_SET), S(SEEK_CUR), S(SEEK_END), S(SEEK_DATA), S(SEEK_HOLE), END
};

static const struct sym sig_hows[] = {
	{ 0, "SIG_BLOCK" }, { 1, "SIG_UNBLOCK" }, { 2, "SIG_SETMASK" }, END
};

static const struct sym fcntl_cmds[] = {
	S(F_DUPFD), S(F_GETFD), S(F_SETFD), S(F_GETFL), S(F_SETFL),
	S(F_GETLK), S(F_SETLK), S(F_SETLKW), S(F_SETOWN), S(F_GETOWN),
	S(F_SETSIG), S(F_GETSIG), S(F_SETOWN_EX), S(F_GETOWN_EX),
	S(F_OFD_GETLK), S(F_OFD_SETLK), S(F_OFD_SETLKW), S(F_SETLEASE),
	S(F_GETLEASE), S(F_NOTIFY), S(F_DUPFD_CLOEXEC), S(F_SETPIPE_SZ),
	S(F_GETPIPE_SZ), S(F_ADD_SEALS), S(F_GET_SEALS), S(F_GET_RW_HINT),
	S(F_SET_RW_HINT), END
};

static const struct sym ioctl_cmds[] = {
	S(TCGETS), S(TCSETS), S(TCSETSW), S(TCSETSF), S(TCSBRK), S(TCXONC),
	S(TCFLSH), S(TIOCSCTTY), S(TIOCGPGRP), S(TIOCSPGRP), S(TIOCOUTQ),
	S(TIOCSTI), S(TIOCGWINSZ), S(TIOCSWINSZ), S(FIONREAD), S(TIOCLINUX),
	S(TIOCNOTTY), S(TIOCGSID), { 0x802c542a, "TCGETS2" }, S(TIOCGPTN),
	S(TIOCSPTLCK), S(TIOCGPTPEER), S(FIONBIO), S(FIOASYNC), S(FIONCLEX),
	S(FIOCLEX),
	S(FIOQSIZE), S(FICLONE), S(FICLONERANGE), S(FS_IOC_GETFLAGS),
	S(FS_IOC_SETFLAGS), S(BLKGETSIZE64), END
};

static const struct sym flock_ops[] = {
	S(LOCK_NB), S(LOCK_SH), S(LOCK_EX), S(LOCK_UN), END
};

static const struct sym domains[] = {
	{ 0, "AF_UNSPEC" }, { 1, "AF_UNIX" }, { 2, "AF_INET" },
	{ 10, "AF_INET6" }, { 16, "AF_NETLINK" }, { 17, "AF_PACKET" },
	{ 38, "AF_ALG" }, { 40, "AF_VSOCK" }, END
};

static const struct sym sock_types[] = {
	{ 1, "SOCK_STREAM" }, { 2, "SOCK_DGRAM" }, { 3, "SOCK_RAW" },
	{ 5, "SOCK_SEQPACKET" }, END
};

static const struct sym sock_flags[] = {
	{ O_CLOEXEC, "SOCK_CLOEXEC" }, { O_NONBLOCK, "SOCK_NONBLOCK" }, END
};

static const struct sym sol_levels[] = {
	{ 0, "SOL_IP" }, { 1, "SOL_SOCKET" }, { 6, "SOL_TCP" },
	{ 17, "SOL_UDP" }, { 41, "SOL_IPV6" }, { 270, "SOL_NETLINK" }, END
};

static const struct sym msg_flags[] = {
	{ 0x1, "MSG_OOB" }, { 0x2, "MSG_PEEK" }, { 0x4, "MSG_DONTROUTE" },
	{ 0x8, "MSG_CTRUNC" }, { 0x20, "MSG_TRUNC" }, { 0x40, "MSG_DONTWAIT" },
	{ 0x80, "MSG_EOR" }, { 0x100, "MSG_WAITALL" }, { 0x800, "MSG_CONFIRM" },
	{ 0x2000, "MSG_ERRQUEUE" }, { 0x4000, "MSG_NOSIGNAL" },
	{ 0x8000, "MSG_MORE" }, { 0x10000, "MSG_WAITFORONE" },
	{ 0x20000000, "MSG_FASTOPEN" }, { 0x40000000, "MSG_CMSG_CLOEXEC" }, END
};

static const struct sym shut_hows[] = {
	{ 0, "SHUT_RD" }, { 1, "SHUT_WR" }, { 2, "SHUT_RDWR" }, END
};

static const struct sym epoll_ops[] = {
	S(EPOLL_CTL_ADD), S(EPOLL_CTL_DEL), S(EPOLL_CTL_MOD), END
};

static const struct sym id_types[] = {
	S(P_ALL), S(P_PID), S(P_PGID), S(P_PIDFD), END
};

static const struct sym rlimits[] = {
	{ 0, "RLIMIT_CPU" }, { 1, "RLIMIT_FSIZE" }, { 2, "RLIMIT_DATA" },
	{ 3, "RLIMIT_STACK" }, { 4, "RLIMIT_CORE" }, { 5, "RLIMIT_RSS" },
	{ 6, "RLIMIT_NPROC" }, { 7, "RLIMIT_NOFILE" },
	{ 8, "RLIMIT_MEMLOCK" }, { 9, "RLIMIT_AS" }, { 10, "RLIMIT_LOCKS" },
	{ 11, "RLIMIT_SIGPENDING" }, { 12, "RLIMIT_MSGQUEUE" },
	{ 13, "RLIMIT_NICE" }, { 14, "RLIMIT_RTPRIO" },
	{ 15, "RLIMIT_RTTIME" }, END
};

static const struct sym rusage_whos[] = {
	{ 0, "RUSAGE_SELF" }, { (uint64_t)-1, "RUSAGE_CHILDREN" },
	{ 1, "RUSAGE_THREAD" }, END
};

static const struct sym prio_whiches[] = {
	{ 0, "PRIO_PROCESS" }, { 1, "PRIO_PGRP" }, { 2, "PRIO_USER" }, END
};

static const struct sym sched_policies[] = {
	S(SCHED_NORMAL), S(SCHED_FIFO), S(SCHED_RR), S(SCHED_BATCH),
	S(SCHED_IDLE), S(SCHED_DEADLINE), END
};

static const struct sym prctl_ops[] = {
	S(PR_SET_PDEATHSIG), S(PR_GET_PDEATHSIG), S(PR_GET_DUMPABLE),
	S(PR_SET_DUMPABLE), S(PR_GET_KEEPCAPS), S(PR_SET_KEEPCAPS),
	S(PR_SET_NAME), S(PR_GET_NAME), S(PR_GET_SECCOMP), S(PR_SET_SECCOMP),
	S(PR_CAPBSET_READ), S(PR_CAPBSET_DROP), S(PR_GET_SECUREBITS),
	S(PR_SET_SECUREBITS), S(PR_SET_TIMERSLACK), S(PR_GET_TIMERSLACK),
	S(PR_SET_MM), S(PR_SET_CHILD_SUBREAPER), S(PR_GET_CHILD_SUBREAPER),
	S(PR_SET_NO_NEW_PRIVS), S(PR_GET_NO_NEW_PRIVS), S(PR_GET_TID_ADDRESS),
	S(PR_SET_THP_DISABLE), S(PR_GET_THP_DISABLE), S(PR_CAP_AMBIENT),
	S(PR_GET_SPECULATION_CTRL), S(PR_SET_SPECULATION_CTRL),
	S(PR_SET_PTRACER), S(PR_SET_SYSCALL_USER_DISPATCH), S(PR_SET_VMA),
	S(PR_SCHED_CORE), S(PR_SET_TSC), S(PR_GET_TSC), END
};

static const struct sym arch_ops[] = {
	S(ARCH_SET_GS), S(ARCH_SET_FS), S(ARCH_GET_FS), S(ARCH_GET_GS),
	S(ARCH_GET_CPUID), S(ARCH_SET_CPUID), S(ARCH_GET_XCOMP_SUPP),
	S(ARCH_GET_XCOMP_PERM), S(ARCH_REQ_XCOMP_PERM),
	{ 0x3001, "ARCH_CET_STATUS" }, { 0x5001, "ARCH_SHSTK_ENABLE" },
	{ 0x5005, "ARCH_SHSTK_STATUS" }, END
};

static const struct sym seccomp_ops[] = {
	S(SECCOMP_SET_MODE_STRICT), S(SECCOMP_SET_MODE_FILTER),
	S(SECCOMP_GET_ACTION_AVAIL), S(SECCOMP_GET_NOTIF_SIZES), END
};

static const struct sym membarrier_cmds[] = {
	S(MEMBARRIER_CMD_QUERY), S(MEMBARRIER_CMD_GLOBAL),
	S(MEMBARRIER_CMD_GLOBAL_EXPEDITED),
	S(MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED),
	S(MEMBARRIER_CMD_PRIVATE_EXPEDITED),
	S(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED),
	S(MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE),
	S(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE),
	S(MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ),
	S(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ), END
};

static const struct sym ipc_cmds[] = {
	{ 0, "IPC_RMID" }, { 1, "IPC_SET" }, { 2, "IPC_STAT" },
	{ 3, "IPC_INFO" }, { 11, "GETPID" }, { 12, "GETVAL" },
	{ 13, "GETALL" }, { 14, "GETNCNT" }, { 15, "GETZCNT" },
	{ 16, "SETVAL" }, { 17, "SETALL" }, END
};

static const struct sym ipc_flags[] = {
	{ 01000, "IPC_CREAT" }, { 02000, "IPC_EXCL" }, { 04000, "IPC_NOWAIT" },
	END
};

static const struct sym random_flags[] = {
	S(GRND_NONBLOCK), S(GRND_RANDOM), S(GRND_INSECURE), END
};

static const struct sym memfd_flags[] = {
	S(MFD_CLOEXEC), S(MFD_ALLOW_SEALING), S(MFD_HUGETLB),
	{ 8, "MFD_NOEXEC_SEAL" }, { 16, "MFD_EXEC" }, END
};

static const struct sym rename_flags[] = {
	S(RENAME_NOREPLACE), S(RENAME_EXCHANGE), S(RENAME_WHITEOUT), END
};

static const struct sym xattr_flags[] = {
	S(XATTR_CREATE), S(XATTR_REPLACE), END
};

static const struct sym rwf_flags[] = {
	S(RWF_HIPRI), S(RWF_DSYNC), S(RWF_SYNC), S(RWF_NOWAIT), S(RWF_APPEND),
	END
};

static const struct sym splice_flags[] = {
	{ 1, "SPLICE_F_MOVE" }, { 2, "SPLICE_F_NONBLOCK" },
	{ 4, "SPLICE_F_MORE" }, { 8, "SPLICE_F_GIFT" }, END
};

static const struct sym falloc_modes[] = {
	S(FALLOC_FL_KEEP_SIZE), S(FALLOC_FL_PUNCH_HOLE),
	S(FALLOC_FL_COLLAPSE_RANGE), S(FALLOC_FL_ZERO_RANGE),
	S(FALLOC_FL_INSERT_RANGE), S(FALLOC_FL_UNSHARE_RANGE), END
};

static const struct sym close_range_flags[] = {
	S(CLOSE_RANGE_UNSHARE), S(CLOSE_RANGE_CLOEXEC), END
};

static const struct sym statx_masks[] = {
	{ 0xfff, "STATX_ALL" }, S(STATX_BASIC_STATS), S(STATX_TYPE),
	S(STATX_MODE), S(STATX_NLINK), S(STATX_UID), S(STATX_GID),
	S(STATX_ATIME), S(STATX_MTIME), S(STATX_CTIME), S(STATX_INO),
	S(STATX_SIZE), S(STATX_BLOCKS), S(STATX_BTIME), S(STATX_MNT_ID),
	{ 0x2000, "STATX_DIOALIGN" }, { 0x4000, "STATX_MNT_ID_UNIQUE" }, END
};

static const struct sym inotify_masks[] = {
	{ 0xfff, "IN_ALL_EVENTS" }, { 0x1, "IN_ACCESS" }, { 0x2, "IN_MODIFY" },
	{ 0x4, "IN_ATTRIB" }, { 0x8, "IN_CLOSE_WRITE" },
	{ 0x10, "IN_CLOSE_NOWRITE" }, { 0x20, "IN_OPEN" },
	{ 0x40, "IN_MOVED_FROM" }, { 0x80, "IN_MOVED_TO" },
	{ 0x100, "IN_CREATE" }, { 0x200, "IN_DELETE" },
	{ 0x400, "IN_DELETE_SELF" }, { 0x800, "IN_MOVE_SELF" },
	{ 0x01000000, "IN_ONLYDIR" }, { 0x02000000, "IN_DONT_FOLLOW" },
	{ 0x04000000, "IN_EXCL_UNLINK" }, { 0x10000000, "IN_MASK_CREATE" },
	{ 0x20000000, "IN_MASK_ADD" }, { 0x80000000, "IN_ONESHOT" }, END
};

const struct sym trace_poll_events[] = {
	S(POLLIN), S(POLLPRI), S(POLLOUT), S(POLLERR), S(POLLHUP), S(POLLNVAL),
	S(POLLRDNORM), S(POLLRDBAND), S(POLLWRNORM), S(POLLWRBAND),
	S(POLLMSG), S(POLLRDHUP), END
};

const struct sym trace_epoll_events[] = {
	{ 0x1, "EPOLLIN" }, { 0x2, "EPOLLPRI" }, { 0x4, "EPOLLOUT" },
	{ 0x8, "EPOLLERR" }, { 0x10, "EPOLLHUP" }, { 0x40, "EPOLLRDNORM" },
	{ 0x80, "EPOLLRDBAND" }, { 0x100, "EPOLLWRNORM" },
	{ 0x200, "EPOLLWRBAND" }, { 0x2000, "EPOLLRDHUP" },
	{ 1u << 28, "EPOLLEXCLUSIVE" }, { 1u << 29, "EPOLLWAKEUP" },
	{ 1u << 30, "EPOLLONESHOT" }, { 1u << 31, "EPOLLET" }, END
};

const struct sym trace_sa_flags[] = {
	{ 0x1, "SA_NOCLDSTOP" }, { 0x2, "SA_NOCLDWAIT" },
	{ 0x4, "SA_SIGINFO" }, { 0x04000000, "SA_RESTORER" },
	{ 0x08000000, "SA_ONSTACK" }, { 0x10000000, "SA_RESTART" },
	{ 0x40000000, "SA_NODEFER" }, { 0x80000000, "SA_RESETHAND" }, END
};

const struct sym trace_ss_flags[] = {
	{ 1, "SS_ONSTACK" }, { 2, "SS_DISABLE" },
	{ 1u << 31, "SS_AUTODISARM" }, END
};

const struct sym trace_resolve[] = {
	S(RESOLVE_NO_XDEV), S(RESOLVE_NO_MAGICLINKS), S(RESOLVE_NO_SYMLINKS),
	S(RESOLVE_BENEATH), S(RESOLVE_IN_ROOT), S(RESOLVE_CACHED), END
};

static const char *const signals[] = {
	NULL, "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE",
	"KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM", "TERM", "STKFLT",
	"CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ",
	"VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS"
};

struct symtab {
	const struct sym *syms;
	bool flags;
};

#define ENUM(kind, list)	[AK_##kind] = { list, false }
#define FLAGS(kind, list)	[AK_##kind] = { list, true }

/* Kinds whose names are one plain list. */
static const struct symtab symtabs[AK_MAX] = {
	ENUM(ARCHOP, arch_ops),
	ENUM(CLOCKID, clocks),
	ENUM(DOMAIN, domains),
	ENUM(EPOLLOP, epoll_ops),
	ENUM(FADV, file_advices),
	ENUM(FCNTLCMD, fcntl_cmds),
	ENUM(IDTYPE, id_types),
	ENUM(IOCTLCMD, ioctl_cmds),
	ENUM(IPCCMD, ipc_cmds),
	ENUM(ITIMER, itimers),
	ENUM(MADV, advices),
	ENUM(PRCTLOP, prctl_ops),
	ENUM(PRIOWHICH, prio_whiches),
	ENUM(RLIMRES, rlimits),
	ENUM(RUSAGEWHO, rusage_whos),
	ENUM(SCHEDPOL, sched_policies),
	ENUM(SECCOMPOP, seccomp_ops),
	ENUM(SHUTHOW, shut_hows),
	ENUM(SIGHOW, sig_hows),
	ENUM(SOLLEVEL, sol_levels),
	ENUM(WHENCE, whences),
	FLAGS(ACCMODE, access_modes),
	FLAGS(ATFLAGS, at_flags),
	FLAGS(CLOSERANGE, close_range_flags),
	FLAGS(FALLOCMODE, falloc_modes),
	FLAGS(FDFLAGS, fd_flags),
	FLAGS(FLOCKOP, flock_ops),
	FLAGS(GRNDFLAGS, random_flags),
	FLAGS(INOTIFYMASK, inotify_masks),
	FLAGS(MAPFLAGS, map_flags),
	FLAGS(MEMBARCMD, membarrier_cmds),
	FLAGS(MEMFDFLAGS, memfd_flags),
	FLAGS(MLOCKFLAGS, mlock_flags),
	FLAGS(MREMAPFLAGS, mremap_flags),
	FLAGS(MSGFLAGS, msg_flags),
	FLAGS(MSYNCFLAGS, msync_flags),
	FLAGS(PROT, prots),
	FLAGS(RENAMEFLAGS, rename_flags),
	FLAGS(RWFFLAGS, rwf_flags),
	FLAGS(SPLICEFLAGS, splice_flags),
	FLAGS(STATXMASK, statx_masks),
	FLAGS(TIMERFLAGS, timer_flags),
	FLAGS(WAITOPTS, wait_options),
	FLAGS(XATTRFLAGS, xattr_flags),
};

void trace_signal(struct trace_line *l, int sig)
{
	if (sig > 0 && sig < (int)ARRAY_SIZE(signals))
		trace_put(l, "SIG%s", signals[sig]);
	else if (sig >= 32 && sig <= 64)
		trace_put(l, "SIGRT_%d", sig - 32);
	else
		trace_put(l, "%d", sig);
}

void trace_sigset(struct trace_line *l, uint64_t set)
{
	bool most = __builtin_popcountll(set) > 32;
	const char *sep = "";
	int sig;

	trace_put(l, most ? "~[" : "[");
	for (sig = 1; sig <= 64; sig++) {
		if ((set >> (sig - 1) & 1) == most)
			continue;
		if (sig < (int)ARRAY_SIZE(signals))
			trace_put(l, "%s%s", sep, signals[sig]);
		else
			trace_put(l, "%sRT_%d", sep, sig - 32);
		sep = " ";
	}
	trace_put(l, "]");
}

void trace_st_mode(struct trace_line *l, unsigned int mode)
{
	static const struct sym types[] = {
		S(S_IFSOCK), S(S_IFLNK), S(S_IFREG), S(S_IFBLK), S(S_IFDIR),
		S(S_IFCHR), S(S_IFIFO), END
	};

	trace_enum(l, types, mode & S_IFMT);
	trace_put(l, "|0%03o", mode & 07777);
}

/* The list of @base, then of @flags, both as one expression. */
static void put_both(struct trace_line *l, const struct sym *base,
		     uint64_t b, const struct sym *flags, uint64_t f)
{
	trace_enum(l, base, b);
	if (f) {
		trace_put(l, "|");
		trace_flags(l, flags, f);
	}
}

static void put_open_flags(struct trace_line *l, uint64_t v)
{
	static const struct sym modes[] = {
		S(O_RDONLY), S(O_WRONLY), S(O_RDWR), S(O_ACCMODE), END
	};

	put_both(l, modes, v & O_ACCMODE, open_flags, v & ~(uint64_t)O_ACCMODE);
}

static void put_clone_flags(struct trace_line *l, uint64_t v)
{
	trace_flags(l, clone_flags, v & ~(uint64_t)CSIGNAL);
	if (v & CSIGNAL) {
		trace_put(l, "|");
		trace_signal(l, (int)(v & CSIGNAL));
	}
}

bool trace_symbolic(struct trace_line *l, enum argkind kind, uint64_t v)
{
	static const struct sym futex_flags[] = {
		S(FUTEX_PRIVATE_FLAG), S(FUTEX_CLOCK_REALTIME), END
	};
	uint64_t low;

	/* An int's sign is no flag. */
	if (symtabs[kind].syms && symtabs[kind].flags)
		trace_flags(l, symtabs[kind].syms,
			    v >> 32 == 0xffffffff ? (uint32_t)v : v);
	else if (symtabs[kind].syms)
		trace_enum(l, symtabs[kind].syms, v);
	else if (kind == AK_OFLAGS)
		put_open_flags(l, (uint32_t)v);
	else if (kind == AK_CLONEFLAGS)
		put_clone_flags(l, v);
	else if (kind == AK_FUTEXOP) {
		low = (uint32_t)v & FUTEX_CMD_MASK;
		put_both(l, futex_ops, low, futex_flags, (uint32_t)v & ~low);
	} else if (kind == AK_SOCKTYPE) {
		low = v & 0xf;
		put_both(l, sock_types, low, sock_flags, (uint32_t)v & ~low);
	} else if (kind == AK_IPCFLAGS) {
		trace_flags(l, ipc_flags, v & ~(uint64_t)0777);
		trace_put(l, "|0%03o", (unsigned int)v & 0777);
	} else {
		return false;
	}
	return true;
}
