/* SPDX-License-Identifier: Apache-2.0 */
/* g-sysv-shm.c: System V shared memory in one process. */
#define _GNU_SOURCE
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <unistd.h>

#include "t/guest.h"

#define PAGE	4096UL

static long attached(int id)
{
	struct shmid_ds d;

	return shmctl(id, IPC_STAT, &d) ? -1 : (long)d.shm_nattch;
}

static void test_get(void)
{
	key_t key = 0x5b780000 | (getpid() & 0xffff);
	struct shmid_ds d;
	int id, other;

	is_errno(shmget(key, 100, 0600), ENOENT, "no such key");
	is_errno(shmget(IPC_PRIVATE, 0, 0600), EINVAL, "no empty segment");
	id = shmget(key, 100, IPC_CREAT | IPC_EXCL | 0640);
	ok(id >= 0, "make a segment");
	is_errno(shmget(key, 100, IPC_CREAT | IPC_EXCL | 0600), EEXIST,
		 "it exists");
	is(shmget(key, 0, 0), id, "find it by its key");
	is(shmget(key, 50, 0600), id, "find it, with a smaller size");
	is_errno(shmget(key, 101, 0600), EINVAL, "not with a larger one");
	is_errno(shmget(key, 101, IPC_CREAT | IPC_EXCL), EEXIST,
		 "existence comes before size");
	other = shmget(IPC_PRIVATE, 5 * PAGE, 0600);
	ok(other >= 0 && other != id, "a private one");

	is(shmctl(id, IPC_STAT, &d), 0, "IPC_STAT");
	ok(d.shm_perm.__key == key && d.shm_segsz == 100 &&
	   d.shm_perm.mode == 0640 && d.shm_nattch == 0 &&
	   d.shm_perm.uid == geteuid() && d.shm_perm.cgid == getegid() &&
	   d.shm_cpid == getpid() && d.shm_lpid == 0 && !d.shm_atime &&
	   !d.shm_dtime && d.shm_ctime > 1600000000, "what it tells");
	d.shm_perm.mode = 0604;
	is(shmctl(id, IPC_SET, &d), 0, "IPC_SET");
	shmctl(id, IPC_STAT, &d);
	is(d.shm_perm.mode, 0604, "the mode has changed");
	is_errno(shmctl(id, IPC_STAT, (void *)1), EFAULT, "bad address");
	is_errno(shmctl(id, 77, &d), EINVAL, "bad command");
	is_errno(shmctl(-1, IPC_STAT, &d), EINVAL, "bad identifier");
	is(shmctl(id, IPC_RMID, NULL), 0, "remove it");
	is_errno(shmctl(id, IPC_STAT, &d), EINVAL, "it is gone");
	is_errno(shmget(key, 0, 0), ENOENT, "its key too");
	is(shmctl(other, IPC_RMID, NULL), 0, "remove the other");
}

static void test_attach(void)
{
	int id = shmget(IPC_PRIVATE, 3 * PAGE - 100, 0600);
	struct shmid_ds d;
	char *a, *b, *c;

	a = shmat(id, NULL, 0);
	ok(a != (void *)-1, "attach it");
	is(attached(id), 1, "attached once");
	ok(!a[0] && !a[3 * PAGE - 1], "it is zeroes, up to its last page");
	memcpy(a + PAGE, "hello", 6);
	b = shmat(id, NULL, SHM_RDONLY);
	ok(b != (void *)-1 && b != a, "attach it again");
	ok(!strcmp(b + PAGE, "hello"), "the same memory");
	is_errno(mprotect(b, PAGE, PROT_READ | PROT_WRITE), EACCES,
		 "read only stays so");
	is(attached(id), 2, "attached twice");
	shmctl(id, IPC_STAT, &d);
	ok(d.shm_lpid == getpid() && d.shm_atime > 1600000000,
	   "who attached it last");
	is(shmdt(a), 0, "detach the first");
	is_errno(shmdt(a), EINVAL, "not twice");
	is(attached(id), 1, "attached once again");
	is_errno(shmdt(b + PAGE), EINVAL, "not from its middle");
	is_errno(shmdt(b + 1), EINVAL, "not unaligned");
	c = shmat(id, a, 0);
	ok(c == a, "attach it where it was");
	is_errno((long)shmat(id, a, 0), EINVAL, "not over another");
	is_errno((long)shmat(id, a + PAGE, 0), EINVAL, "nor into it");
	c = shmat(id, a + 123, SHM_RND | SHM_REMAP);
	ok(c == a, "but with SHM_REMAP, and SHM_RND rounds");
	is(attached(id), 2, "that took the place of the other");
	is_errno((long)shmat(id, a + 123, 0), EINVAL, "unaligned");
	is_errno((long)shmat(id, NULL, SHM_REMAP), EINVAL,
		 "SHM_REMAP needs an address");
	is_errno((long)shmat(-1, NULL, 0), EINVAL, "bad identifier");
	ok(!strcmp(c + PAGE, "hello"), "contents are still there");

	is(shmctl(id, IPC_RMID, NULL), 0, "remove it while attached");
	shmctl(id, IPC_STAT, &d);
	ok(d.shm_perm.mode == (0600 | SHM_DEST) && d.shm_nattch == 2,
	   "it is to go");
	c[0] = 'x';
	is(b[0], 'x', "memory stays");
	c = shmat(id, NULL, 0);
	ok(c != (void *)-1 && c[0] == 'x', "it can still be attached");
	is(shmdt(c) | shmdt(b), 0, "detach two");
	is(attached(id), 1, "one is left");
	is(shmdt(a), 0, "detach the last");
	is_errno(shmctl(id, IPC_STAT, &d), EINVAL, "now it is gone");
}

/* Each piece of a mapping counts. */
static void test_pieces(void)
{
	int id = shmget(IPC_PRIVATE, 6 * PAGE, 0600);
	char *a = shmat(id, NULL, 0), *b;

	memset(a, 'a', 6 * PAGE);
	is(munmap(a + PAGE, PAGE), 0, "unmap a page of it");
	is(attached(id), 2, "two pieces");
	is(mprotect(a + 3 * PAGE, PAGE, PROT_READ), 0, "protect another");
	is(attached(id), 4, "four pieces");
	b = mremap(a + 4 * PAGE, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE);
	ok(b != MAP_FAILED && b[0] == 'a', "mremap of a piece");
	is(shmdt(a), 0, "shmdt takes all of them");
	is(attached(id), 0, "none is left");
	b = shmat(id, NULL, 0);
	ok(b != (void *)-1 && b[5 * PAGE] == 'a', "contents stay meanwhile");
	is(munmap(b, 6 * PAGE), 0, "munmap works as well");
	is(attached(id), 0, "detached");
	is(shmctl(id, IPC_RMID, NULL), 0, "remove it");
}

static void test_info(void)
{
	struct shminfo lim;
	struct shm_info use;
	struct shmid_ds d;
	int max, i, id, found = 0;

	id = shmget(IPC_PRIVATE, 12345, 0600);
	max = shmctl(0, IPC_INFO, (void *)&lim);
	ok(max >= 0, "IPC_INFO");
	ok(lim.shmmin == 1 && lim.shmmni >= 1 && lim.shmmax >= 1 << 20,
	   "limits");
	ok(shmctl(0, SHM_INFO, (void *)&use) == max && use.used_ids >= 1 &&
	   use.shm_tot >= 4, "SHM_INFO");
	for (i = 0; i <= max; i++)
		if (shmctl(i, SHM_STAT, &d) == id && d.shm_segsz == 12345)
			found++;
	is(found, 1, "SHM_STAT finds it by its place");
	found = 0;
	for (i = 0; i <= max; i++)
		if (shmctl(i, SHM_STAT_ANY, &d) == id)
			found++;
	is(found, 1, "so does SHM_STAT_ANY");
	is(shmctl(id, SHM_LOCK, NULL), 0, "SHM_LOCK");
	shmctl(id, IPC_STAT, &d);
	is(d.shm_perm.mode, 0600 | SHM_LOCKED, "it is locked");
	is(shmctl(id, SHM_UNLOCK, NULL), 0, "SHM_UNLOCK");
	shmctl(id, IPC_STAT, &d);
	is(d.shm_perm.mode, 0600, "it is not");
	is(shmctl(id, IPC_RMID, NULL), 0, "remove it");
}

static int show(const char *file, const char *what)
{
	char line[512];
	FILE *f = fopen(file, "r");
	int n = 0;

	while (f && fgets(line, sizeof(line), f))
		if (strstr(line, what))
			n++;
	if (f)
		fclose(f);
	return n;
}

static void test_proc(void)
{
	int id = shmget(0x5a5a1234, 99999, IPC_CREAT | 0600);
	char want[64];
	char *a = shmat(id, NULL, 0);

	if (id >= 0 && a != (void *)-1) {
		snprintf(want, sizeof(want), "%10d %10d   600", 0x5a5a1234, id);
		is(show("/proc/sysvipc/shm", want), 1, "/proc/sysvipc/shm");
		snprintf(want, sizeof(want), " %d ", id);
		is(show("/proc/self/maps", "/SYSV5a5a1234 (deleted)"), 1,
		   "/proc/self/maps");
	}
	is(shmdt(a) | shmctl(id, IPC_RMID, NULL), 0, "remove it");
}

int main(void)
{
	need_ids();
	if (shmget(IPC_PRIVATE, 0, 0) < 0 && errno == ENOSYS)
		skip_all("no System V IPC");
	test_get();
	test_attach();
	test_pieces();
	test_info();
	test_proc();
	return done_testing();
}
