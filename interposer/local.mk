# interposer/local.mk: the kernel image: emul and interposer, freestanding,
# linked at a fixed address and cut to a flat file that sbx carries.

# Parts without machine state, tested in the hosted build too.
interposer_pure_sources = \
	%D%/detour.c \
	%D%/ehframe.c \
	%D%/ehframe.h \
	%D%/family.c \
	%D%/gmem.h \
	%D%/image.c \
	%D%/insn.c \
	%D%/insn.h \
	%D%/patch.c \
	%D%/patch.h \
	%D%/rewrite.h \
	%D%/site.c \
	%D%/site.h \
	%D%/sites.c \
	%D%/sites.h \
	%D%/thunk.c

interposer_sources = \
	$(emul_vdso_sources) \
	$(interposer_pure_sources) \
	$(emul_image_sources) \
	%D%/boot.c \
	%D%/clock.c \
	%D%/clock.h \
	%D%/entry.S \
	%D%/extable.h \
	%D%/gate.S \
	%D%/xstate.S \
	%D%/host.c \
	%D%/hostsig.c \
	%D%/interposer.h \
	%D%/kentry.c \
	%D%/offsets.c \
	%D%/rawhost.h \
	%D%/slot.c \
	%D%/uaccess.c

noinst_LIBRARIES += libkernel.a
libkernel_a_SOURCES = $(emul_sources) $(interposer_sources)
nodist_libkernel_a_SOURCES = \
	$(emul_generated_headers) $(emul_generated_sources)
libkernel_a_CFLAGS = -std=gnu11 $(WARN_CFLAGS) $(KERNEL_CFLAGS)
libkernel_a_CCASFLAGS = $(AM_CPPFLAGS) -fcf-protection=none

# The addresses come from emul/abi/region.h: one place for C, as and ld.
EXTRA_DIST += %D%/kernel.lds %D%/hot.lds
CLEANFILES += kernel.lds kernel.elf kernel.bin
kernel.lds: %D%/kernel.lds %D%/hot.lds emul/abi/region.h
	$(AM_V_GEN)$(CPP) -P -undef -D__ASSEMBLER__ -x assembler-with-cpp \
		$(AM_CPPFLAGS) $(srcdir)/interposer/kernel.lds >$@.tmp
	@mv $@.tmp $@

# All objects: nothing in the image is there because something asked for it.
kernel.elf: libkernel.a kernel.lds
	$(AM_V_CCLD)$(CC) -nostdlib -static -Wl,-T,kernel.lds \
		-Wl,--build-id=none -Wl,-z,noexecstack -Wl,-z,norelro \
		-Wl,-z,max-page-size=4096 -Wl,--fatal-warnings \
		-Wl,--whole-archive libkernel.a -Wl,--no-whole-archive -lgcc -o $@

# Which functions every start runs: to be done again when that has changed.
hot-text: sbx t/bench/true.guest
	$(CC) -O2 -o hot-text-tool $(srcdir)/build-aux/hot-text.c
	./hot-text-tool kernel.elf ./sbx -- t/bench/true.guest , \
		./sbx -- t/bench/true.guest sleep , ./sbx -- /bin/ls , \
		./sbx -- /bin/sh -c '/bin/true; /bin/ls | /bin/cat' >$@.tmp
	(sed '/^\t/d' $(srcdir)/interposer/hot.lds; cat $@.tmp) >hot.lds.tmp
	mv hot.lds.tmp $(srcdir)/interposer/hot.lds
	rm -f $@.tmp hot-text-tool
.PHONY: hot-text

kernel.bin: kernel.elf build-aux/check-image
	$(AM_V_GEN)OBJDUMP="$(OBJDUMP)" READELF="$(READELF)" \
		$(SHELL) $(srcdir)/build-aux/check-image kernel.elf
	@$(OBJCOPY) -O binary kernel.elf $@.tmp
	@mv $@.tmp $@
