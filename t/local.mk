# t/local.mk: lists of tests.  One line a test.  See t/README.

# Unit tests: u-<subsystem>-<topic>.c with check, against the hosted kernel.
unit_tests = \
	%D%/u-alloc \
	%D%/u-broker-client \
	%D%/u-broker-monitor \
	%D%/u-broker-request \
	%D%/u-cgroup \
	%D%/u-futex \
	%D%/u-signal \
	%D%/u-trace \
	%D%/u-tty \
	%D%/u-elf \
	%D%/u-insn \
	%D%/u-ipc \
	%D%/u-mm \
	%D%/u-net \
	%D%/u-patch \
	%D%/u-pipe \
	%D%/u-policy \
	%D%/u-rbtree \
	%D%/u-site \
	%D%/u-vetted-filter \
	%D%/u-vfs \
	%D%/u-wait

t_u_broker_client_SOURCES = %D%/u-broker-client.c $(broker_sources)
t_u_broker_request_SOURCES = %D%/u-broker-request.c %D%/broker.h \
	$(broker_sources)
# It runs under the broker's own filter, which sanitizers do not.
t_u_broker_monitor_SOURCES = %D%/u-broker-monitor.c %D%/broker.h \
	$(broker_sources)
t_u_broker_monitor_CFLAGS = -std=gnu11 $(WARN_CFLAGS)
t_u_broker_monitor_LDADD = $(CHECK_LIBS)

t_u_cgroup_SOURCES = %D%/u-cgroup.c loader/err.c
t_u_alloc_CPPFLAGS = $(AM_CPPFLAGS) -DSBX_HOSTED=1
t_u_futex_CPPFLAGS = $(AM_CPPFLAGS) -DSBX_HOSTED=1
t_u_ipc_CPPFLAGS = $(AM_CPPFLAGS) -DSBX_HOSTED=1
t_u_signal_CPPFLAGS = $(AM_CPPFLAGS) -DSBX_HOSTED=1
t_u_mm_CPPFLAGS = $(AM_CPPFLAGS) -DSBX_HOSTED=1

t_u_pipe_CPPFLAGS = $(AM_CPPFLAGS) -DSBX_HOSTED=1
t_u_tty_CPPFLAGS = $(AM_CPPFLAGS) -DSBX_HOSTED=1
t_u_vfs_CPPFLAGS = $(AM_CPPFLAGS) -DSBX_HOSTED=1
t_u_wait_CPPFLAGS = $(AM_CPPFLAGS) -DSBX_HOSTED=1
t_u_net_SOURCES = %D%/u-net.c %D%/broker.h loader/net.c loader/err.c \
	$(broker_sources)
t_u_policy_SOURCES = %D%/u-policy.c loader/netmatch.c $(policy_sources)
nodist_t_u_policy_SOURCES = profile-text.h vetted-rows.h emul/sysnames.h


# Guest programs: g-<family>.c, run natively, then in the sandbox; the two
# must do the same.  Linked statically; what ends in -dyn dynamically, in -musl
# with musl: the same sources again, under a name of their own.
guest_tests = \
	%D%/g-gs.guest \
	%D%/g-hello.guest \
	%D%/g-aio.guest \
	%D%/g-auxv.guest \
	%D%/g-brk.guest \
	%D%/g-cputime.guest \
	%D%/g-dev.guest \
	%D%/g-dir.guest \
	%D%/g-exec-errors.guest \
	%D%/g-epoll.guest \
	%D%/g-epoll-many.guest \
	%D%/g-exec.guest \
	%D%/g-fork.guest \
	%D%/g-fd.guest \
	%D%/g-file.guest \
	%D%/g-fs-corners.guest \
	%D%/g-fs-races.guest \
	%D%/g-fs-random.guest \
	%D%/g-file-random.guest \
	%D%/g-fifo.guest \
	%D%/g-file-threads.guest \
	%D%/g-futex.guest \
	%D%/g-futex-pi.guest \
	%D%/g-futex-robust.guest \
	%D%/g-futex-shared.guest \
	%D%/g-futex2.guest \
	%D%/g-ident.guest \
	%D%/g-inotify.guest \
	%D%/g-itimer-cpu.guest \
	%D%/g-join.guest \
	%D%/g-jobctl.guest \
	%D%/g-mm-random.guest \
	%D%/g-lock.guest \
	%D%/g-membarrier.guest \
	%D%/g-memfd.guest \
	%D%/g-memfd-exec.guest \
	%D%/g-mmap.guest \
	%D%/g-mount.guest \
	%D%/g-mprotect.guest \
	%D%/g-mremap.guest \
	%D%/g-mqueue.guest \
	%D%/g-name.guest \
	%D%/g-nameless.guest \
	%D%/g-net-corners.guest \
	%D%/g-netlink.guest \
	%D%/g-openat2.guest \
	%D%/g-orphan.guest \
	%D%/g-patch-threads.guest \
	%D%/g-patch.guest \
	%D%/g-patch-kick.guest \
	%D%/g-pgrp.guest \
	%D%/g-peek.guest \
	%D%/g-pidfd.guest \
	%D%/g-pipe.guest \
	%D%/g-poll.guest \
	%D%/g-prctl.guest \
	%D%/g-pty-random.guest \
	%D%/g-pty-session.guest \
	%D%/g-pty.guest \
	%D%/g-proc.guest \
	%D%/g-proc-task.guest \
	%D%/g-sched.guest \
	%D%/g-resident.guest \
	%D%/g-rlimits.guest \
	%D%/g-seccomp.guest \
	%D%/g-seccomp-random.guest \
	%D%/g-restart.guest \
	%D%/g-restart-net.guest \
	%D%/g-signal-corner.guest \
	%D%/g-signal-fault.guest \
	%D%/g-signal-fpu.guest \
	%D%/g-signal-kick.guest \
	%D%/g-signal-restart.guest \
	%D%/g-signal-step.guest \
	%D%/g-signal.guest \
	%D%/g-unwind.guest \
	%D%/g-signalfd.guest \
	%D%/g-socketpair.guest \
	%D%/g-splice.guest \
	%D%/g-stack.guest \
	%D%/g-stat.guest \
	%D%/g-state.guest \
	%D%/g-sysv-fork.guest \
	%D%/g-sysv-msg.guest \
	%D%/g-sysv-sem.guest \
	%D%/g-sysv-shm.guest \
	%D%/g-tcp.guest \
	%D%/g-tcp6.guest \
	%D%/g-thread-exec.guest \
	%D%/g-thread.guest \
	%D%/g-time.guest \
	%D%/g-timerfd.guest \
	%D%/g-udp.guest \
	%D%/g-udp6.guest \
	%D%/g-udp-corners.guest \
	%D%/g-unix.guest \
	%D%/g-unix-cycle.guest \
	%D%/g-timer.guest \
	%D%/g-vfork-kill.guest \
	%D%/g-xattr.guest \
	%D%/g-unnamed.guest \
	%D%/g-wait.guest
guest_dyn_tests = \
	%D%/g-auxv-dyn.guest \
	%D%/g-exec-dyn.guest \
	%D%/g-fork-dyn.guest \
	%D%/g-futex-dyn.guest \
	%D%/g-futex-shared-dyn.guest \
	%D%/g-seccomp-dyn.guest \
	%D%/g-signal-dyn.guest \
	%D%/g-unwind-dyn.guest \
	%D%/g-thread-exec-dyn.guest \
	%D%/g-thread-dyn.guest \
	%D%/g-time-dyn.guest
guest_musl_tests = \
	%D%/g-auxv-musl.guest \
	%D%/g-brk-musl.guest \
	%D%/g-exec-musl.guest \
	%D%/g-signal-corner-musl.guest \
	%D%/g-signal-fault-musl.guest \
	%D%/g-signal-step-musl.guest \
	%D%/g-signal-musl.guest \
	%D%/g-thread-musl.guest \
	%D%/g-time-musl.guest \
	%D%/g-wait-musl.guest

# Shell tests: tNNNN-area-topic.sh; the first digit is the area.
shell_tests = \
	%D%/t0000-image.sh \
	%D%/t0000-table.sh \
	%D%/t0001-style.sh \
	%D%/t0002-headers.sh \
	%D%/t0003-docs.sh \
	%D%/t0004-harness.sh \
	%D%/t1000-real-busybox.sh \
	%D%/t1001-real-coreutils.sh \
	%D%/t1002-real-languages.sh \
	%D%/t1003-real-data.sh \
	%D%/t1004-real-build.sh \
	%D%/t1005-real-shell.sh \
	%D%/t1006-real-make.sh \
	%D%/t1007-real-runtimes.sh \
	%D%/t1020-python-tests.sh \
	%D%/t1021-go-tests.sh \
	%D%/t1022-perl-tests.sh \
	%D%/t0010-sites.sh \
	%D%/t0011-doors.sh \
	%D%/t1010-elf-fuzz.sh \
	%D%/t1011-fuzz-elf.sh \
	%D%/t1012-elf-kinds.sh \
	%D%/t2010-poll-stdin.sh \
	%D%/t2011-big-directory.sh \
	%D%/t2030-leaks.sh \
	%D%/t2060-host-watch.sh \
	%D%/t2020-user.sh \
	%D%/t2021-mounts.sh \
	%D%/t2022-trees.sh \
	%D%/t2023-packages.sh \
	%D%/t2024-real-files.sh \
	%D%/t2025-safety.sh \
	%D%/t2026-root-inside.sh \
	%D%/t2027-host-errors.sh \
	%D%/t2028-other-root.sh \
	%D%/t2030-view.sh \
	%D%/t2040-commit.sh \
	%D%/t2041-commit-corners.sh \
	%D%/t2050-host-changes.sh \
	%D%/t2051-ahead.sh \
	%D%/t4000-stop.sh \
	%D%/t4010-tty-jobs.sh \
	%D%/t4011-tty-programs.sh \
	%D%/t4012-oom.sh \
	%D%/t4020-procps.sh \
	%D%/t4010-host-kills.sh \
	%D%/t5000-outward.sh \
	%D%/t5020-inherited.sh \
	%D%/t5030-load.sh \
	%D%/t5040-resolve.sh \
	%D%/t5041-bind.sh \
	%D%/t5010-servers-data.sh \
	%D%/t5010-servers-net.sh \
	%D%/t5010-servers-web.sh \
	%D%/t5011-wordpress.sh \
	%D%/t5012-servers-java.sh \
	%D%/t5013-servers-outside.sh \
	%D%/t5014-servers-host.sh \
	%D%/t5015-servers-default.sh \
	%D%/t6000-ipc-tools.sh \
	%D%/t7010-fuzz-broker.sh \
	%D%/t7011-refused.sh \
	%D%/t7012-any-call.sh \
	%D%/t7020-broker-hosts.sh \
	%D%/t8000-cli-errors.sh \
	%D%/t8001-cli-run.sh \
	%D%/t8010-tty.sh \
	%D%/t8020-poor-hosts.sh \
	%D%/t8030-limits.sh \
	%D%/t8040-profiles.sh \
	%D%/t9000-stress.sh

# Hostile guests: h-<what>.c, without libc.  The tests of area 7 run them by
# h-drive; see t/hostile.h and t/hostile.sh.
hostile_guests = \
	%D%/h-broker.hostile \
	%D%/h-corrupt.hostile \
	%D%/h-fd.hostile \
	%D%/h-gate.hostile \
	%D%/h-jump.hostile \
	%D%/h-limits.hostile \
	%D%/h-net.hostile \
	%D%/h-pointers.hostile \
	%D%/h-region.hostile \
	%D%/h-setid.hostile \
	%D%/h-sigreturn.hostile
hostile_tests = \
	%D%/t7000-gate.sh \
	%D%/t7001-region.sh \
	%D%/t7002-pointers.sh \
	%D%/t7003-descriptors.sh \
	%D%/t7004-sigreturn.sh \
	%D%/t7005-broker.sh \
	%D%/t7006-corrupt.sh \
	%D%/t7007-jump.sh \
	%D%/t7008-life.sh \
	%D%/t7009-nobody.sh \
	%D%/t7030-limits.sh \
	%D%/t7031-net.sh
shell_tests += $(hostile_tests)
check_PROGRAMS += %D%/h-drive
t_h_drive_CFLAGS = -std=gnu11 $(WARN_CFLAGS)
t_h_drive_LDADD =
check_SCRIPTS += $(hostile_guests)
CLEANFILES += $(hostile_guests)
$(hostile_guests): t/hostile.h t/hostile-broker.h emul/sysnames.h

# What t9000-stress.sh and t7012-any-call.sh run.
check_SCRIPTS += %D%/any-call.guest %D%/stress.guest
CLEANFILES += %D%/any-call.guest %D%/stress.guest
EXTRA_DIST += %D%/any-call.c %D%/stress.c

# Tools of the tests.
check_PROGRAMS += %D%/insn-objdump %D%/refuse %D%/site-survey
t_refuse_CFLAGS = -std=gnu11 $(WARN_CFLAGS) $(SECCOMP_CFLAGS)
t_refuse_LDADD = $(SECCOMP_LIBS)
t_insn_objdump_LDADD = libemul-hosted.a $(UNWIND_LIBS)
t_site_survey_LDADD = libemul-hosted.a $(UNWIND_LIBS)

if HAVE_CHECK
check_PROGRAMS += $(unit_tests)
TESTS += $(unit_tests)
endif
AM_CPPFLAGS += $(CHECK_CFLAGS)
LDADD = libemul-hosted.a $(CHECK_LIBS) $(UNWIND_LIBS)

if HAVE_MUSL
musl_tests = $(guest_musl_tests)
endif
guest_all = $(guest_tests) $(guest_dyn_tests) $(musl_tests)
check_SCRIPTS += $(guest_all)
TESTS += $(guest_tests) $(guest_dyn_tests) $(musl_tests) $(shell_tests)
CLEANFILES += $(guest_all)
$(guest_all): t/guest.h t/inet.h t/oracle.h t/pty.h

SUFFIXES = .guest .hostile
GUEST_CFLAGS = -std=gnu11 -O2 -g -pthread $(WARN_CFLAGS) -I$(top_srcdir)
HOSTILE_CFLAGS = -static -nostdlib -ffreestanding -fno-pie -no-pie \
	-Wno-unused-command-line-argument \
	-fno-stack-protector -mno-red-zone -fcf-protection=none
.c.guest:
	$(AM_V_CC)$(MKDIR_P) $(@D) && \
		$(CC) $(GUEST_CFLAGS) -static -o $@ $<
$(guest_dyn_tests): %-dyn.guest: %.c
	$(AM_V_CC)$(MKDIR_P) $(@D) && \
		$(CC) $(GUEST_CFLAGS) -o $@ $<
.c.hostile:
	$(AM_V_CC)$(MKDIR_P) $(@D) && \
		$(CC) -std=gnu11 -O2 -g $(WARN_CFLAGS) $(HOSTILE_CFLAGS) \
			-I$(top_builddir) -I$(top_srcdir) -o $@ $<
$(guest_musl_tests): %-musl.guest: %.c
	$(AM_V_CC)$(MKDIR_P) $(@D) && \
		$(MUSL_GCC) -std=gnu11 -O2 -g -I$(top_srcdir) -static -o $@ $<

EXTRA_DIST += \
	%D%/README \
	%D%/elf-mutate.c \
	%D%/fuzz/fuzz-broker.c \
	%D%/fuzz/fuzz-elf.c \
	%D%/fuzz/seed-broker.c \
	%D%/guest.h \
	%D%/inet.h \
	%D%/oracle.h \
	%D%/pty.h \
	%D%/hostile-broker.h \
	%D%/hostile.h \
	%D%/hostile.sh \
	$(hostile_guests:.hostile=.c) \
	%D%/asan.h \
	%D%/unit.h \
	%D%/lib.sh \
	%D%/drive-bind.py \
	%D%/drive-inherited.py \
	%D%/drive-load.py \
	%D%/drive-net.py \
	%D%/drive-tty.py \
	%D%/tap.py \
	%D%/name-server.py \
	%D%/run-guest.sh \
	%D%/real.sh \
	%D%/servers.sh \
	%D%/go-except \
	%D%/perl-except \
	%D%/python-except \
	%D%/fuse-errors.py \
	%D%/fuse-errors-client.py \
	%D%/python-tests.py \
	%D%/tree.py \
	%D%/tree-random.py \
	%D%/real-todo \
	$(shell_tests) \
	$(guest_tests:.guest=.c) \
	$(guest_dyn_tests:-dyn.guest=.c) \
	$(guest_musl_tests:-musl.guest=.c)

TEST_EXTENSIONS = .sh .guest
tap_driver = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
LOG_DRIVER = $(tap_driver)
SH_LOG_DRIVER = $(tap_driver)
SH_LOG_COMPILER = $(SHELL)
GUEST_LOG_DRIVER = $(tap_driver)
GUEST_LOG_COMPILER = $(SHELL) $(srcdir)/t/run-guest.sh
AM_TESTS_ENVIRONMENT = \
	SRCDIR='$(abs_top_srcdir)'; export SRCDIR; \
	BUILDDIR='$(abs_top_builddir)'; export BUILDDIR; \
	SBX='$(abs_top_builddir)/sbx'; export SBX; \
	CC='$(CC)'; export CC; \
	OBJDUMP='$(OBJDUMP)'; export OBJDUMP; \
	READELF='$(READELF)'; export READELF; \
	LC_ALL=C; export LC_ALL;

print-tests:
	@echo $(guest_tests) $(guest_dyn_tests) $(musl_tests) $(shell_tests)
.PHONY: print-tests

# Speed and memory, as ratios to native.  Not part of check: a busy machine
# must not fail a build.
bench_programs = \
	%D%/bench/bench.guest \
	%D%/bench/files.guest \
	%D%/bench/net.guest \
	%D%/bench/spawn.guest \
	%D%/bench/tasks.guest \
	%D%/bench/true.guest
CLEANFILES += $(bench_programs)
EXTRA_DIST += %D%/bench/run.sh $(bench_programs:.guest=.c)
bench: sbx $(bench_programs)
	@$(AM_TESTS_ENVIRONMENT) $(SHELL) $(srcdir)/t/bench/run.sh
EXTRA_DIST += %D%/bench/servers.sh
bench-servers: sbx
	@$(AM_TESTS_ENVIRONMENT) $(SHELL) $(srcdir)/t/bench/servers.sh
.PHONY: bench bench-servers

# Long fuzzing, and the tests whose failures are rare, again and again: an hour.
long_fuzzers = \
	%D%/t1010-elf-fuzz.sh \
	%D%/t1011-fuzz-elf.sh \
	%D%/t7010-fuzz-broker.sh \
	%D%/t7012-any-call.sh
long_soaks = \
	%D%/g-file-random.guest \
	%D%/g-fifo.guest \
	%D%/g-file-threads.guest \
	%D%/g-mm-random.guest \
	%D%/g-patch-kick.guest \
	%D%/g-patch-threads.guest \
	%D%/g-signal-kick.guest \
	%D%/g-signal-restart.guest \
	%D%/g-thread.guest \
	%D%/t7006-corrupt.sh \
	%D%/t7008-life.sh
long_servers = \
	%D%/t5010-servers-data.sh \
	%D%/t5010-servers-net.sh \
	%D%/t5010-servers-web.sh \
	%D%/t5011-wordpress.sh \
	%D%/t5012-servers-java.sh \
	%D%/t5013-servers-outside.sh \
	%D%/t5015-servers-default.sh
LONG_SECONDS = 1200
LONG_ROUNDS = 50
check-long: sbx
	SBX_STRESS_SECONDS=$(LONG_SECONDS) SBX_STRESS_CROWD=1000 \
		$(MAKE) check TESTS=t/t9000-stress.sh
	SBX_LONG=1 SBX_FUZZ_SECONDS=$(LONG_SECONDS) \
		$(MAKE) check TESTS='$(long_fuzzers)'
	SBX_LONG=1 $(MAKE) check \
		TESTS='t/t1020-python-tests.sh t/t1021-go-tests.sh t/t9001-stress-ng.sh \
			t/t1022-perl-tests.sh \
			t/t9002-stress-ng-files.sh \
			t/t2021-mounts.sh t/t2024-real-files.sh t/t2025-safety.sh \
			t/t2028-other-root.sh $(long_servers)'
	SBX_LOAD_CONNECTIONS=10000 SBX_LOAD_IDLE=10 SBX_LOAD_SOAK=600 \
		$(MAKE) check TESTS=t/t5030-load.sh
	SBX_KILLS=200 $(MAKE) check TESTS=t/t4010-host-kills.sh
	for i in $$(seq $(LONG_ROUNDS)); do \
		$(MAKE) -s check TESTS='$(long_soaks)' || exit 1; \
	done
.PHONY: check-long

clean-local:
	rm -rf %D%/gocache
