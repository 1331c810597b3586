# man/local.mk: manual pages; mdoc.

dist_man_MANS += %D%/sbx.1 %D%/sbx-profile.5

# Made from the list of system calls.
nodist_man_MANS += %D%/sbx-syscalls.7
CLEANFILES += %D%/sbx-syscalls.7
%D%/sbx-syscalls.7: $(syscalls_awk) $(syscalls_in)
	$(AM_V_GEN)$(MKDIR_P) $(@D) && \
		$(AWK) -v out=man -f $(syscalls_awk) $(syscalls_in) >$@.tmp
	@mv $@.tmp $@
