# loader/local.mk: the command.  One static executable that needs no other
# file: the kernel image lies inside it.  Its libc: m4/sbx_libc.m4.

bin_PROGRAMS += sbx
sbx_SOURCES = \
	%D%/broker/broker.h \
	%D%/bootpage.c \
	%D%/bootpage.h \
	%D%/heap.c \
	%D%/imagemap.c \
	%D%/imagemap.h \
	%D%/image.S \
	%D%/landlock.c \
	%D%/landlock.h \
	%D%/launch.c \
	%D%/launch.h \
	%D%/main.c \
	%D%/symbols.c \
	%D%/symbols.h \
	$(broker_sources) \
	$(policy_sources)
nodist_sbx_SOURCES = $(loader_generated_headers) emul/sysnames.h
sbx_CFLAGS = -std=gnu11 $(WARN_CFLAGS) -fPIE
sbx_CPPFLAGS = $(AM_CPPFLAGS) $(SBX_LIBC_CPPFLAGS)
sbx_CCASFLAGS = $(AM_CPPFLAGS)
sbx_LDFLAGS = -static-pie $(SBX_LIBC_START)
sbx_LDADD = $(SBX_LIBC_LIBS)
# Objects made for one libc cannot be linked with the other.
$(sbx_OBJECTS): config.status

# .incbin does not show in the generated dependencies.
%D%/sbx-image.$(OBJEXT): kernel.bin

# The filter is made at build time, so that sbx need not carry libseccomp.
noinst_PROGRAMS += mkfilter
mkfilter_SOURCES = %D%/mkfilter.c %D%/mkfilter.h %D%/mkfilter-table.c
mkfilter_CFLAGS = -std=gnu11 $(WARN_CFLAGS) $(SECCOMP_CFLAGS)
mkfilter_LDADD = $(SECCOMP_LIBS)

loader_generated_headers = kernel-symbols.h vetted-filter.h vetted-rows.h broker-filter.h \
	profile-text.h
BUILT_SOURCES += $(loader_generated_headers)
CLEANFILES += $(loader_generated_headers)
EXTRA_DIST += emul/abi/vetted.tbl %D%/broker/host.tbl build-aux/symbols.awk

kernel-symbols.h: kernel.elf build-aux/symbols.awk
	$(AM_V_GEN)$(NM) -n kernel.elf | \
		$(AWK) -f $(srcdir)/build-aux/symbols.awk >$@.tmp
	@mv $@.tmp $@
vetted-filter.h: emul/abi/vetted.tbl mkfilter$(EXEEXT)
	$(AM_V_GEN)./mkfilter$(EXEEXT) gate \
		$(srcdir)/emul/abi/vetted.tbl >$@.tmp
	@mv $@.tmp $@
vetted-rows.h: emul/abi/vetted.tbl mkfilter$(EXEEXT)
	$(AM_V_GEN)./mkfilter$(EXEEXT) rows \
		$(srcdir)/emul/abi/vetted.tbl >$@.tmp
	@mv $@.tmp $@
broker-filter.h: %D%/broker/host.tbl mkfilter$(EXEEXT)
	$(AM_V_GEN)./mkfilter$(EXEEXT) plain broker_filter \
		$(srcdir)/loader/broker/host.tbl >$@.tmp
	@mv $@.tmp $@

# The profiles that sbx ships lie in it too, so that it needs no file.
profile-text.h: $(shipped_profiles) %D%/profile-text.awk Makefile
	$(AM_V_GEN)cd $(srcdir) && $(AWK) -v confdir='$(sysconfdir)' \
		-v datadir='$(datadir)' -f loader/profile-text.awk \
		$(shipped_profiles) >$(abs_builddir)/$@.tmp
	@mv $@.tmp $@
EXTRA_DIST += %D%/profile-text.awk

# The monitor and broker, apart so that the unit tests have them too.
broker_sources = \
	emul/abi/broker.h \
	emul/abi/hostclone.h \
	emul/abi/hostfd.h \
	%D%/libc.h \
	%D%/broker/bound.c \
	%D%/net.h \
	%D%/netmatch.c \
	%D%/broker/broker.h \
	%D%/broker/channel.c \
	%D%/broker/channel.h \
	%D%/broker/confine.c \
	%D%/broker/confine.h \
	%D%/broker/fd.c \
	%D%/broker/fs.c \
	%D%/broker/opens.c \
	%D%/broker/fsmod.c \
	%D%/broker/grant.c \
	%D%/broker/list.c \
	%D%/broker/monitor.c \
	%D%/broker/net.c \
	%D%/broker/net.h \
	%D%/broker/netin.c \
	%D%/broker/netopt.c \
	%D%/broker/resolve.c \
	%D%/broker/memory.c \
	%D%/broker/process.c \
	%D%/broker/reply.c \
	%D%/broker/request.c \
	%D%/broker/server.h \
	%D%/broker/walk.c \
	%D%/broker/watch.c \
	%D%/broker/xattr.c

# The command line, which has unit tests too.
policy_sources = \
	%D%/cli.c \
	%D%/cli.h \
	%D%/explain.c \
	%D%/options.c \
	%D%/options.h \
	%D%/profile.c \
	%D%/set-files.c \
	%D%/set-limits.c \
	%D%/set-net.c \
	%D%/set-process.c \
	%D%/set-user.c \
	%D%/settings.c \
	%D%/settings.h \
	%D%/syslist.c \
	%D%/vetted.c \
	%D%/environ.c \
	%D%/err.c \
	%D%/cgroup.c \
	%D%/cgroup.h \
	%D%/err.h \
	%D%/limits.c \
	%D%/limits.h \
	%D%/meter.c \
	%D%/meter.h \
	%D%/net.c \
	%D%/policy.h \
	%D%/program.c \
	%D%/view.c \
	%D%/view-make.c \
	%D%/view-parse.c
