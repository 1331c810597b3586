/* SPDX-License-Identifier: Apache-2.0 */
/* g-memfd-exec.c: memfds and the permission to execute, Linux 6.3. */
#include "guest.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define SEAL_EXEC	0x20
#define NOEXEC_SEAL	8u
#define WITH_EXEC	0x10u

static int mode(int fd)
{
	struct stat st;

	return fstat(fd, &st) ? -1 : (int)(st.st_mode & 07777);
}

int main(void)
{
	int fd = memfd_create("noexec", NOEXEC_SEAL);

	if (fd < 0)
		skip_all("a kernel without MFD_NOEXEC_SEAL");
	is_errno(memfd_create("both", NOEXEC_SEAL | WITH_EXEC), EINVAL,
		 "both flags");
	is(fcntl(fd, F_GET_SEALS), SEAL_EXEC, "sealed, and others may follow");
	is(mode(fd), 0666, "not executable");
	is_errno(fchmod(fd, 0700), EPERM, "nor made so");
	is(fchmod(fd, 0600), 0, "other bits may change");
	is(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW), 0, "another seal");
	is(fcntl(fd, F_GET_SEALS), SEAL_EXEC | F_SEAL_GROW, "both");
	close(fd);

	fd = memfd_create("exec", WITH_EXEC | MFD_ALLOW_SEALING);
	is(mode(fd), 0777, "executable");
	is(fcntl(fd, F_ADD_SEALS, SEAL_EXEC), 0, "stays so");
	is(fcntl(fd, F_GET_SEALS), SEAL_EXEC | F_SEAL_SHRINK | F_SEAL_GROW |
	   F_SEAL_WRITE | 0x10, "and is not written any more");
	is_errno(fchmod(fd, 0600), EPERM, "not even by mode");
	is_errno(write(fd, "x", 1), EPERM, "write");
	close(fd);

	fd = memfd_create("plain", WITH_EXEC);
	is(fcntl(fd, F_GET_SEALS), F_SEAL_SEAL, "WITH_EXEC alone: no seals");
	close(fd);
	return done_testing();
}
