# emul/local.mk: sources of the emulated kernel.  One line a file, headers
# too, in the block of its folder.

emul_sources = \
	%D%/boot.h \
	%D%/report.h \
	%D%/host/hoststat.h \
	%D%/abi/boot.h \
	%D%/abi/gate.h \
	%D%/abi/region.h \
	%D%/abi/broker.h \
	%D%/abi/hostclone.h \
	%D%/abi/hostfd.h \
	%D%/abi/hostproc.h \
	%D%/abi/regs.h \
	%D%/abi/spin.h \
	%D%/entry/uaccess.h \
	%D%/host/broker.h \
	%D%/host/host.h \
	%D%/lib/alloc.h \
	%D%/lib/list.h \
	%D%/lib/live.h \
	%D%/lib/lock.h \
	%D%/lib/print.h \
	%D%/lib/string.h \
	%D%/lib/types.h \
	%D%/mm/mm.h \
	%D%/signal/signal.h \
	%D%/task/task.h \
	%D%/task/wait.h \
	%D%/vfs/fdtable.h \
	%D%/vfs/namei.h \
	%D%/vfs/vfs.h
emul_sources += \
	$(emul_entry_sources) \
	$(emul_fs_sources) \
	$(emul_host_sources) \
	$(emul_ipc_sources) \
	$(emul_lib_sources) \
	$(emul_misc_sources) \
	$(emul_mm_sources) \
	$(emul_net_sources) \
	$(emul_seccomp_sources) \
	$(emul_signal_sources) \
	$(emul_sync_sources) \
	$(emul_task_sources) \
	$(emul_time_sources) \
	$(emul_tty_sources) \
	$(emul_vfs_sources)

# Not for the unit tests: what starts a sandbox and reports on it.
emul_image_sources = \
	%D%/fs/stdio.c \
	%D%/fs/boot.c \
	%D%/fs/cgroupfs.c \
	%D%/boot.c \
	%D%/leak.c \
	%D%/leak.h \
	%D%/report.c

emul_entry_sources = \
	%D%/entry/argkind.h \
	%D%/entry/dispatch.h \
	%D%/entry/trace.h \
	%D%/entry/trace-int.h \
	%D%/entry/dispatch.c \
	%D%/entry/dispatch-ctl.c \
	%D%/entry/trace.c \
	%D%/entry/trace-errno.c \
	%D%/entry/trace-struct.c \
	%D%/entry/trace-syms.c

emul_fs_sources = \
	%D%/fs/deny.c \
	%D%/fs/deny.h \
	%D%/fs/dev.c \
	%D%/fs/hostfs.c \
	%D%/fs/hostio.c \
	%D%/fs/aio.c \
	%D%/fs/aio.h \
	%D%/fs/eventfd.h \
	%D%/fs/hostrw.c \
	%D%/fs/hostattr.c \
	%D%/fs/hostxattr.c \
	%D%/fs/overlay.c \
	%D%/fs/hostfs.h \
	%D%/fs/hostahead.c \
	%D%/fs/hostlist.c \
	%D%/fs/hostlookup.c \
	%D%/fs/hostnames.c \
	%D%/fs/hostopen.c \
	%D%/fs/changes.c \
	%D%/fs/changes.h \
	%D%/fs/changes-end.c \
	%D%/fs/changes-list.c \
	%D%/fs/clash.c \
	%D%/fs/commit-attr.c \
	%D%/fs/commit.c \
	%D%/fs/commit.h \
	%D%/fs/data.c \
	%D%/fs/data.h \
	%D%/fs/memdata.c \
	%D%/fs/memdata.h \
	%D%/fs/memfd.c \
	%D%/fs/nsfs.c \
	%D%/fs/memfd.h \
	%D%/fs/tmpfs.c \
	%D%/fs/tmpfs-mount.c \
	%D%/fs/stdio.h \
	%D%/fs/tmpfs.h \
	%D%/fs/proc.h \
	%D%/fs/dev.h \
	%D%/fs/epoll-host.c \
	%D%/fs/epoll-item.h \
	%D%/fs/epoll.c \
	%D%/fs/epoll.h \
	%D%/fs/eventfd.c \
	%D%/fs/hostlock.c \
	%D%/fs/hostwatch.c \
	%D%/fs/hostwatch.h \
	%D%/fs/inotify.c \
	%D%/fs/inotify.h \
	%D%/fs/signalfd.c \
	%D%/fs/signalfd.h \
	%D%/fs/splice.c \
	%D%/fs/sys_epoll.c \
	%D%/fs/timerfd.c \
	%D%/fs/fifo.c \
	%D%/fs/pipe.c \
	%D%/fs/pipe.h \
	%D%/fs/proc.c \
	%D%/fs/proc.h \
	%D%/fs/proc-cpu.c \
	%D%/fs/proc-info.c \
	%D%/fs/proc-fd.c \
	%D%/fs/proc-map.c \
	%D%/fs/proc-net.c \
	%D%/fs/proc-pid.c \
	%D%/fs/proc-stat.c \
	%D%/fs/proc-task.c \
	%D%/fs/proc-text.c \
	%D%/fs/sysfs.c \
	%D%/fs/sys_pipe.c

emul_host_sources = \
	%D%/host/broker.c \
	%D%/host/msg.h
emul_hosted_sources = %D%/host/hosted.c

emul_ipc_sources = \
	%D%/ipc/ids.c \
	%D%/ipc/ipc.h \
	%D%/ipc/mqueue.c \
	%D%/ipc/mqueue.h \
	%D%/ipc/mqueue-int.h \
	%D%/ipc/mqueue-name.c \
	%D%/ipc/mqueue-notify.c \
	%D%/ipc/mqueuefs.c \
	%D%/ipc/msg.c \
	%D%/ipc/msg.h \
	%D%/ipc/proc.c \
	%D%/ipc/proc.h \
	%D%/ipc/sem.c \
	%D%/ipc/sem.h \
	%D%/ipc/semop.c \
	%D%/ipc/shm.c \
	%D%/ipc/sleep.c \
	%D%/ipc/sleep.h \
	%D%/ipc/task.h \
	%D%/ipc/undo.c

emul_lib_sources = \
	%D%/lib/alloc.c \
	%D%/lib/lock.c \
	%D%/lib/print.c \
	%D%/lib/string.c \
	%D%/lib/rbtree.c \
	%D%/lib/rbtree.h \
	%D%/lib/random.c \
	%D%/lib/random.h \
	%D%/lib/uapi.h

emul_misc_sources = \
	%D%/misc/sys_info.c \
	%D%/misc/sys_peek.c \
	%D%/misc/sys_info.h

emul_mm_sources = \
	%D%/mm/advise.c \
	%D%/mm/args.c \
	%D%/mm/args.h \
	%D%/mm/brk.c \
	%D%/mm/filemap.c \
	%D%/mm/map.c \
	%D%/mm/protect.c \
	%D%/mm/remap.c \
	%D%/mm/shmem.c \
	%D%/mm/sys_mm.c \
	%D%/mm/vma.c \
	%D%/mm/vma.h

emul_net_sources = \
	%D%/net/flow.c \
	%D%/net/flow.h \
	%D%/net/inet.c \
	%D%/net/inet.h \
	%D%/net/inet-addr.c \
	%D%/net/inet-cmsg.c \
	%D%/net/inet-opt.c \
	%D%/net/inet-port.c \
	%D%/net/netdev.c \
	%D%/net/netlink.c \
	%D%/net/netlink.h \
	%D%/net/far.c \
	%D%/net/far.h \
	%D%/net/far-cork.c \
	%D%/net/far-data.c \
	%D%/net/far-opt.c \
	%D%/net/farpump.c \
	%D%/net/outward.c \
	%D%/net/outward.h \
	%D%/net/passed-data.c \
	%D%/net/passed-int.h \
	%D%/net/passed.c \
	%D%/net/passed.h \
	%D%/net/rtnetlink.c \
	%D%/net/scm.c \
	%D%/net/socket.c \
	%D%/net/socket.h \
	%D%/net/sockopt.c \
	%D%/net/sys_msg.c \
	%D%/net/sys_socket.c \
	%D%/net/tcp.c \
	%D%/net/tcp.h \
	%D%/net/tcp-connect.c \
	%D%/net/tcp-data.c \
	%D%/net/tcp-listen.c \
	%D%/net/tcp-opt.c \
	%D%/net/udp.c \
	%D%/net/udp.h \
	%D%/net/udp-cork.c \
	%D%/net/udp-data.c \
	%D%/net/udp-error.c \
	%D%/net/unix.c \
	%D%/net/unix.h \
	%D%/net/unix-conn.c \
	%D%/net/unix-data.c \
	%D%/net/unix-gc.c \
	%D%/net/unix-name.c

emul_seccomp_sources = \
	%D%/seccomp/ask.c \
	%D%/seccomp/bpf.c \
	%D%/seccomp/bpf.h \
	%D%/seccomp/filter.c \
	%D%/seccomp/filter.h \
	%D%/seccomp/seccomp.h \
	%D%/seccomp/sys_seccomp.c

emul_signal_sources = \
	%D%/signal/deliver.c \
	%D%/signal/fault.c \
	%D%/signal/fault.h \
	%D%/signal/frame.c \
	%D%/signal/jobctl.c \
	%D%/signal/outside.c \
	%D%/signal/outside.h \
	%D%/signal/queue.c \
	%D%/signal/queue.h \
	%D%/signal/siginfo.h \
	%D%/signal/sys_kill.c \
	%D%/signal/sys_signal.c \
	%D%/signal/xstate.c \
	%D%/signal/xstate.h

emul_sync_sources = \
	%D%/sync/futex.c \
	%D%/sync/futex.h \
	%D%/sync/membarrier.c \
	%D%/sync/pi.c \
	%D%/sync/queue.h \
	%D%/sync/requeue_pi.c \
	%D%/sync/robust.c \
	%D%/sync/sys_futex.c

emul_task_sources = \
	%D%/task/affinity.c \
	%D%/task/clone.c \
	%D%/task/clone.h \
	%D%/task/fork.c \
	%D%/task/deadlist.c \
	%D%/task/deadlist.h \
	%D%/task/hostproc.c \
	%D%/task/deadlist.h \
	%D%/task/hostproc.h \
	%D%/task/killed.c \
	%D%/task/killed.h \
	%D%/task/kinit.c \
	%D%/task/kinit.h \
	%D%/task/vfork.c \
	%D%/task/cred.c \
	%D%/task/elf.c \
	%D%/task/elf.h \
	%D%/task/elfmap.c \
	%D%/task/exec.c \
	%D%/task/exec-open.c \
	%D%/task/exec.h \
	%D%/task/exit.c \
	%D%/task/notify.c \
	%D%/task/pid.c \
	%D%/task/pid.h \
	%D%/task/pidfd.c \
	%D%/task/pidfd.h \
	%D%/task/reap.c \
	%D%/task/reap.h \
	%D%/task/resident.c \
	%D%/task/resident.h \
	%D%/task/rlimit.c \
	%D%/task/sched.h \
	%D%/task/script.c \
	%D%/task/script.h \
	%D%/task/session.c \
	%D%/task/session.h \
	%D%/task/stack.c \
	%D%/task/strings.c \
	%D%/task/sys_exec.c \
	%D%/task/sys_ident.c \
	%D%/task/sys_prctl.c \
	%D%/task/sys_prio.c \
	%D%/task/sys_process.c \
	%D%/task/sys_sched.c \
	%D%/task/sys_wait.c \
	%D%/task/task.c \
	%D%/task/unshare.c \
	%D%/task/turn.c \
	%D%/task/turn.h \
	%D%/task/usage.c \
	%D%/task/wait.c

emul_time_sources = \
	%D%/time/clock.c \
	%D%/time/cputime.c \
	%D%/time/cputime.h \
	%D%/time/cputimer.c \
	%D%/time/itimer.c \
	%D%/time/ktimer.c \
	%D%/time/ktimer.h \
	%D%/time/posix_timer.c \
	%D%/time/posix_timer.h \
	%D%/time/sys_time.c \
	%D%/time/time.h

emul_tty_sources = \
	%D%/tty/jobctl.c \
	%D%/tty/line.c \
	%D%/tty/line-out.c \
	%D%/tty/line.h \
	%D%/tty/own.c \
	%D%/tty/own.h \
	%D%/tty/pts.c \
	%D%/tty/pty.c \
	%D%/tty/pty.h \
	%D%/tty/pty-ioctl.c \
	%D%/tty/ring.h \
	%D%/tty/termios.c \
	%D%/tty/tty.h

emul_vfs_sources = \
	%D%/vfs/attr.c \
	%D%/vfs/flock.c \
	%D%/vfs/fsnotify.c \
	%D%/vfs/fsnotify.h \
	%D%/vfs/flock.h \
	%D%/vfs/flock-int.h \
	%D%/vfs/name.c \
	%D%/vfs/open.c \
	%D%/vfs/path.c \
	%D%/vfs/perm.c \
	%D%/vfs/pivot.c \
	%D%/vfs/rename.c \
	%D%/vfs/stream.c \
	%D%/vfs/stream.h \
	%D%/vfs/sys_dir.c \
	%D%/vfs/sys_fd.c \
	%D%/vfs/sys_ioctl.c \
	%D%/vfs/sys_flock.c \
	%D%/vfs/sys_mount.c \
	%D%/vfs/sys_rw.c \
	%D%/vfs/sys_splice.c \
	%D%/vfs/sys_stat.c \
	%D%/vfs/sys_sync.c \
	%D%/vfs/walk.h \
	%D%/vfs/walk-int.h \
	%D%/vfs/walk-link.c \
	%D%/vfs/dcache.h \
	%D%/vfs/dentry.c \
	%D%/vfs/fdtable.c \
	%D%/vfs/file.c \
	%D%/vfs/inode.c \
	%D%/vfs/libfs.c \
	%D%/vfs/lookup.c \
	%D%/vfs/mount.c \
	%D%/vfs/poll.c \
	%D%/vfs/poll.h \
	%D%/vfs/sys_poll.c \
	%D%/vfs/sys_xattr.c \
	%D%/vfs/xattr.c \
	%D%/vfs/xattr.h \
	%D%/vfs/uio.c

# The vdso, in the image only.
emul_vdso_sources = \
	%D%/vdso/image.S \
	%D%/vdso/vdso.c
EXTRA_DIST += %D%/vdso/vdso.S %D%/vdso/vdso.lds
CLEANFILES += %D%/vdso/vdso.so
%D%/vdso/vdso.so: %D%/vdso/vdso.S %D%/vdso/vdso.lds
	$(AM_V_CCLD)$(MKDIR_P) $(@D) && \
		$(CC) -shared -nostdlib -fcf-protection=none -o $@.tmp \
		$(srcdir)/emul/vdso/vdso.S -Wl,-T,$(srcdir)/emul/vdso/vdso.lds \
		-Wl,-soname=linux-vdso.so.1 -Wl,--hash-style=both \
		-Wl,--eh-frame-hdr -Wl,--build-id=none -Wl,-Bsymbolic \
		-Wl,-z,max-page-size=4096 -Wl,-z,noexecstack
	@mv $@.tmp $@
%D%/vdso/libkernel_a-image.$(OBJEXT): %D%/vdso/vdso.so

# What is made from the one list of system calls.
emul_generated_headers = \
	%D%/sysnames.h \
	%D%/sysproto.h
emul_generated_sources = %D%/systable.c

# The mistakes it finds are told as file:line.
syscalls_in = \
	$(top_srcdir)/%D%/entry/argkind.h $(top_srcdir)/%D%/syscalls.tbl
syscalls_awk = $(top_srcdir)/%D%/syscalls.awk
EXTRA_DIST += %D%/syscalls.awk %D%/syscalls.tbl

%D%/sysnames.h: $(syscalls_awk) $(syscalls_in)
	$(AM_V_GEN)$(MKDIR_P) $(@D) && \
		$(AWK) -v out=names -f $(syscalls_awk) $(syscalls_in) >$@.tmp
	@mv $@.tmp $@
%D%/sysproto.h: $(syscalls_awk) $(syscalls_in)
	$(AM_V_GEN)$(MKDIR_P) $(@D) && \
		$(AWK) -v out=proto -f $(syscalls_awk) $(syscalls_in) >$@.tmp
	@mv $@.tmp $@
%D%/systable.c: $(syscalls_awk) $(syscalls_in)
	$(AM_V_GEN)$(MKDIR_P) $(@D) && \
		$(AWK) -v out=table -f $(syscalls_awk) $(syscalls_in) >$@.tmp
	@mv $@.tmp $@

# The same sources with libc and sanitizers, for the unit tests.
check_LIBRARIES += libemul-hosted.a
libemul_hosted_a_SOURCES = $(emul_sources) $(emul_hosted_sources) $(interposer_pure_sources)
nodist_libemul_hosted_a_SOURCES = \
	$(emul_generated_headers) $(emul_generated_sources)
libemul_hosted_a_CPPFLAGS = $(AM_CPPFLAGS) -DSBX_HOSTED=1
libemul_hosted_a_CFLAGS = $(AM_CFLAGS) -fno-common

BUILT_SOURCES += $(emul_generated_headers)
CLEANFILES += $(emul_generated_headers) $(emul_generated_sources)
