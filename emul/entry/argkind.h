/* SPDX-License-Identifier: Apache-2.0 */
/*
 * argkind.h: the kinds of argument a system call can have.
 *
 * A kind says three things: the C type of the argument in the prototype (the
 * thunk casts to it, which truncates exactly as Linux's own entry does),
 * where its data flows, and how --trace shows it.  syscalls.tbl uses the
 * lower-case word; syscalls.awk reads this very list, so a kind is added here
 * and nowhere else.  A kind may name a second argument in parentheses in the
 * table, "buf:ibuf(count)": the one that holds its size.
 *
 * Data flow:
 *	VAL	a number, whole in the register
 *	IN	a pointer the kernel reads: decoded before the call
 *	OUT	a pointer the kernel writes: decoded after the call
 *	IO	both: decoded after the call
 *	PTR	a pointer shown as an address only
 */
#ifndef SBX_EMUL_ENTRY_ARGKIND_H
#define SBX_EMUL_ENTRY_ARGKIND_H

/* One entry a line: syscalls.awk splits on commas and parentheses. */
#define ARGKINDS(X) \
	/* plain numbers */ \
	X(INT, int, int, VAL) \
	X(UINT, uint, unsigned int, VAL) \
	X(LONG, long, long, VAL) \
	X(ULONG, ulong, unsigned long, VAL) \
	X(SIZE, size, size_t, VAL) \
	X(OFF, off, int64_t, VAL) \
	X(U64, u64, uint64_t, VAL) \
	X(HEX, hex, unsigned long, VAL) \
	X(HEX32, hex32, unsigned int, VAL) \
	X(NONE, none, long, VAL) \
	/* numbers with a meaning */ \
	X(FD, fd, int, VAL) \
	X(DIRFD, dirfd, int, VAL) \
	X(PID, pid, int, VAL) \
	X(UID, uid, uint32_t, VAL) \
	X(GID, gid, uint32_t, VAL) \
	X(MODE, mode, uint16_t, VAL) \
	X(UMASK, umask, int, VAL) \
	X(DEV, dev, unsigned int, VAL) \
	X(SIG, sig, int, VAL) \
	X(KEY, key, int, VAL) \
	X(WHENCE, whence, unsigned int, VAL) \
	X(CLOCKID, clockid, int, VAL) \
	X(TIMERID, timerid, int, VAL) \
	X(SIGHOW, sighow, int, VAL) \
	X(FCNTLCMD, fcntlcmd, unsigned int, VAL) \
	X(FCNTLARG, fcntlarg, unsigned long, VAL) \
	X(IOCTLCMD, ioctlcmd, unsigned int, VAL) \
	X(FUTEXOP, futexop, int, VAL) \
	X(MADV, madv, int, VAL) \
	X(FADV, fadv, int, VAL) \
	X(DOMAIN, domain, int, VAL) \
	X(SOCKTYPE, socktype, int, VAL) \
	X(SOLLEVEL, sollevel, int, VAL) \
	X(SHUTHOW, shuthow, int, VAL) \
	X(EPOLLOP, epollop, int, VAL) \
	X(IDTYPE, idtype, int, VAL) \
	X(RLIMRES, rlimres, unsigned int, VAL) \
	X(RUSAGEWHO, rusagewho, int, VAL) \
	X(ITIMER, itimer, int, VAL) \
	X(PRIOWHICH, priowhich, int, VAL) \
	X(SCHEDPOL, schedpol, int, VAL) \
	X(PRCTLOP, prctlop, int, VAL) \
	X(ARCHOP, archop, int, VAL) \
	X(SECCOMPOP, seccompop, unsigned int, VAL) \
	X(MEMBARCMD, membarcmd, int, VAL) \
	X(IPCCMD, ipccmd, int, VAL) \
	/* flag words */ \
	X(OFLAGS, oflags, int, VAL) \
	X(FDFLAGS, fdflags, int, VAL) \
	X(ATFLAGS, atflags, int, VAL) \
	X(ACCMODE, accmode, int, VAL) \
	X(PROT, prot, unsigned long, VAL) \
	X(MAPFLAGS, mapflags, unsigned long, VAL) \
	X(MREMAPFLAGS, mremapflags, unsigned long, VAL) \
	X(MSYNCFLAGS, msyncflags, int, VAL) \
	X(MLOCKFLAGS, mlockflags, int, VAL) \
	X(CLONEFLAGS, cloneflags, unsigned long, VAL) \
	X(WAITOPTS, waitopts, int, VAL) \
	X(MSGFLAGS, msgflags, unsigned int, VAL) \
	X(FLOCKOP, flockop, unsigned int, VAL) \
	X(TIMERFLAGS, timerflags, int, VAL) \
	X(GRNDFLAGS, grndflags, unsigned int, VAL) \
	X(MEMFDFLAGS, memfdflags, unsigned int, VAL) \
	X(RENAMEFLAGS, renameflags, unsigned int, VAL) \
	X(XATTRFLAGS, xattrflags, int, VAL) \
	X(RWFFLAGS, rwfflags, int, VAL) \
	X(SPLICEFLAGS, spliceflags, unsigned int, VAL) \
	X(FALLOCMODE, fallocmode, int, VAL) \
	X(CLOSERANGE, closerange, unsigned int, VAL) \
	X(STATXMASK, statxmask, unsigned int, VAL) \
	X(IPCFLAGS, ipcflags, int, VAL) \
	X(MNTFLAGS, mntflags, unsigned long, VAL) \
	X(INOTIFYMASK, inotifymask, uint32_t, VAL) \
	/* pointers shown as an address */ \
	X(UADDR, uaddr, uaddr_t, PTR) \
	/* strings and buffers */ \
	X(PATH, path, uaddr_t, IN) \
	X(STR, str, uaddr_t, IN) \
	X(STRV, strv, uaddr_t, IN) \
	X(ENVV, envv, uaddr_t, IN) \
	X(IBUF, ibuf, uaddr_t, IN) \
	X(OBUF, obuf, uaddr_t, OUT) \
	X(OSTR, ostr, uaddr_t, OUT) \
	X(IIOV, iiov, uaddr_t, IN) \
	X(OIOV, oiov, uaddr_t, OUT) \
	/* structures read */ \
	X(TIMESPEC, timespec, uaddr_t, IN) \
	X(FUTEXTMO, futextmo, uaddr_t, IN) \
	X(TIMESPEC2, timespec2, uaddr_t, IN) \
	X(TIMEVAL, timeval, uaddr_t, IN) \
	X(TIMEVAL2, timeval2, uaddr_t, IN) \
	X(UTIMBUF, utimbuf, uaddr_t, IN) \
	X(ITIMERSPEC, itimerspec, uaddr_t, IN) \
	X(ITIMERVAL, itimerval, uaddr_t, IN) \
	X(SIGSET, sigset, uaddr_t, IN) \
	X(SIGACT, sigact, uaddr_t, IN) \
	X(SIGSTACK, sigstack, uaddr_t, IN) \
	X(SIGEVENT, sigevent, uaddr_t, IN) \
	X(SIGINFO, siginfo, uaddr_t, IN) \
	X(RLIMIT, rlimit, uaddr_t, IN) \
	X(SOCKADDR, sockaddr, uaddr_t, IN) \
	X(MSGHDR, msghdr, uaddr_t, IN) \
	X(EPEVENT, epevent, uaddr_t, IN) \
	X(FDSET, fdset, uaddr_t, IO) \
	X(CLONEARGS, cloneargs, uaddr_t, IN) \
	X(OPENHOW, openhow, uaddr_t, IN) \
	X(SCHEDPARAM, schedparam, uaddr_t, IN) \
	X(CPUSET, cpuset, uaddr_t, IN) \
	X(UINTS, uints, uaddr_t, IN) \
	/* structures written */ \
	X(OSTAT, ostat, uaddr_t, OUT) \
	X(OSTATX, ostatx, uaddr_t, OUT) \
	X(OSTATFS, ostatfs, uaddr_t, OUT) \
	X(OTIMESPEC, otimespec, uaddr_t, OUT) \
	X(OTIMEVAL, otimeval, uaddr_t, OUT) \
	X(OITIMERSPEC, oitimerspec, uaddr_t, OUT) \
	X(OITIMERVAL, oitimerval, uaddr_t, OUT) \
	X(OSIGSET, osigset, uaddr_t, OUT) \
	X(OSIGACT, osigact, uaddr_t, OUT) \
	X(OSIGSTACK, osigstack, uaddr_t, OUT) \
	X(OSIGINFO, osiginfo, uaddr_t, OUT) \
	X(ORLIMIT, orlimit, uaddr_t, OUT) \
	X(ORUSAGE, orusage, uaddr_t, OUT) \
	X(OSOCKADDR, osockaddr, uaddr_t, OUT) \
	X(OMSGHDR, omsghdr, uaddr_t, OUT) \
	X(OEPEVENTS, oepevents, uaddr_t, OUT) \
	X(OUTSNAME, outsname, uaddr_t, OUT) \
	X(OINT, oint, uaddr_t, OUT) \
	X(OUINT, ouint, uaddr_t, OUT) \
	X(OLONG, olong, uaddr_t, OUT) \
	X(OWSTATUS, owstatus, uaddr_t, OUT) \
	X(OFDPAIR, ofdpair, uaddr_t, OUT) \
	X(OUINTS, ouints, uaddr_t, OUT) \
	X(OSCHEDPARAM, oschedparam, uaddr_t, OUT) \
	X(OCPUSET, ocpuset, uaddr_t, OUT) \
	/* read and written */ \
	X(SOCKLENP, socklenp, uaddr_t, IO) \
	X(OFFP, offp, uaddr_t, IO) \
	X(POLLFDS, pollfds, uaddr_t, IO)

enum argdir {
	ARG_VAL,
	ARG_IN,
	ARG_OUT,
	ARG_IO,
	ARG_PTR,
};

enum argkind {
#define ARGKIND_ENUM(id, word, type, dir) AK_##id,
	ARGKINDS(ARGKIND_ENUM)
#undef ARGKIND_ENUM
	AK_MAX
};

#endif
