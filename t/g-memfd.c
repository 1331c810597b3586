/* SPDX-License-Identifier: Apache-2.0 */
/* g-memfd.c: memfd_create and seals. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/falloc.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "t/oracle.h"

/* Who has it mapped keeps it from being sealed, and the other way around. */
static void map_and_seal(void)
{
	int fd, ro;
	char *p, *q, name[32];

	T(fd = memfd_create("mapped", MFD_ALLOW_SEALING));
	T(ftruncate(fd, 8192));
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	T(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
	T(fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE));
	T(fcntl(fd, F_GET_SEALS));
	p[0] = 'x';
	T(pwrite(fd, "y", 1, 0));
	T(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) ==
	  MAP_FAILED);
	q = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	T(q == MAP_FAILED);
	T(q[0]);
	T(mprotect(q, 4096, PROT_READ | PROT_WRITE));
	T(munmap(p, 4096));
	T(munmap(q, 4096));
	T(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
	T(close(fd));

	T(fd = memfd_create("private", MFD_ALLOW_SEALING));
	T(ftruncate(fd, 4096));
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	T(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
	p[0] = 1;
	T(munmap(p, 4096));
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	T(ro = open(name, O_RDONLY));
	T(fcntl(ro, F_ADD_SEALS, F_SEAL_GROW));
	T(fcntl(ro, F_GET_SEALS));
	T(close(ro));
	T(close(fd));
}

int main(void)
{
	char buf[100], link[64];
	struct stat st;
	int fd, n;

	for (int i = 3; i < 20; i++)
		close(i);
	T(fd = memfd_create("name", MFD_CLOEXEC));
	T(fcntl(fd, F_GETFD));
	T(fcntl(fd, F_GETFL));
	T(fcntl(fd, F_GET_SEALS));
	T(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
	T(fstat(fd, &st));
	T(st.st_mode);
	T(st.st_nlink);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = (int)readlink(link, buf, sizeof(buf));
	printf("%.*s\n", n, buf);
	T(ftruncate(fd, 100));
	T(write(fd, "hello", 5));
	T(pread(fd, buf, 100, 0));
	T(close(fd));

	T(fd = memfd_create("sealed", MFD_ALLOW_SEALING));
	T(fcntl(fd, F_GET_SEALS));
	T(write(fd, "0123456789", 10));
	T(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW));
	T(write(fd, "x", 1));
	T(pwrite(fd, "abcdef", 6, 7));
	T(ftruncate(fd, 20));
	T(fallocate(fd, 0, 0, 20));
	T(ftruncate(fd, 8));
	T(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK));
	T(ftruncate(fd, 4));
	T(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4));
	T(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SEAL));
	T(pwrite(fd, "x", 1, 0));
	T(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4));
	T(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) ==
	  MAP_FAILED);
	T(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED);
	T(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0) ==
	  MAP_FAILED);
	T(fcntl(fd, F_GET_SEALS));
	T(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW));
	T(fcntl(fd, F_ADD_SEALS, 0x1000));
	T(read(fd, buf, 100));
	map_and_seal();
	T(memfd_create("flags", 0x4000));
	T(memfd_create((const char *)8, 0));
	memset(buf, 'n', sizeof(buf));
	T(fcntl(0, F_GET_SEALS));
	return 0;
}
