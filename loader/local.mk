# loader/local.mk: the command.  One static executable that needs no other
# file: the kernel image lies inside it.

bin_PROGRAMS += sbx
sbx_SOURCES = \
	%D%/image.S \
	%D%/main.c
nodist_sbx_SOURCES = $(loader_generated_headers)
sbx_CFLAGS = -std=gnu11 $(WARN_CFLAGS) -fPIE
sbx_CCASFLAGS = $(AM_CPPFLAGS)
sbx_LDFLAGS = -static-pie
sbx_LDADD =

# .incbin does not show in the generated dependencies.
%D%/sbx-image.$(OBJEXT): kernel.bin

# The filter is made at build time, so that sbx need not carry libseccomp.
loader_generated_headers =
