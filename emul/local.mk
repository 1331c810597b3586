# emul/local.mk: sources of the emulated kernel.  One line a file, headers
# too, in the block of its folder.

emul_sources = \
	%D%/abi/region.h
emul_sources += \
	$(emul_entry_sources) \
	$(emul_fs_sources) \
	$(emul_host_sources) \
	$(emul_ipc_sources) \
	$(emul_lib_sources) \
	$(emul_misc_sources) \
	$(emul_mm_sources) \
	$(emul_net_sources) \
	$(emul_signal_sources) \
	$(emul_sync_sources) \
	$(emul_task_sources) \
	$(emul_time_sources) \
	$(emul_vfs_sources)

emul_entry_sources =

emul_fs_sources =

emul_host_sources =

emul_ipc_sources =

emul_lib_sources = \
	%D%/lib/rbtree.c \
	%D%/lib/rbtree.h

emul_misc_sources =

emul_mm_sources =

emul_net_sources =

emul_signal_sources =

emul_sync_sources =

emul_task_sources =

emul_time_sources =

emul_vfs_sources =

# What is made from the one list of system calls.
emul_generated_headers =
emul_generated_sources =

# The same sources with libc and sanitizers, for the unit tests.
check_LIBRARIES += libemul-hosted.a
libemul_hosted_a_SOURCES = $(emul_sources) $(interposer_pure_sources)
nodist_libemul_hosted_a_SOURCES = \
	$(emul_generated_headers) $(emul_generated_sources)
libemul_hosted_a_CPPFLAGS = $(AM_CPPFLAGS) -DSBX_HOSTED=1
libemul_hosted_a_CFLAGS = $(AM_CFLAGS) -fno-common

BUILT_SOURCES += $(emul_generated_headers)
CLEANFILES += $(emul_generated_headers) $(emul_generated_sources)
