/* SPDX-License-Identifier: Apache-2.0 */
/* u-vfs.c: descriptor tables, names, paths, contents in memory. */
#include "t/unit.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "emul/abi/boot.h"
#include "emul/abi/regs.h"
#include "emul/fs/tmpfs.h"
#include "emul/sysproto.h"
#include "emul/task/task.h"
#include "emul/vfs/dcache.h"
#include "emul/vfs/fdtable.h"
#include "emul/vfs/namei.h"

static struct task *t;
static struct thread thread;

static uaddr_t ptr(const void *p)
{
	return (uaddr_t)(uintptr_t)p;
}

static void setup(uint64_t size)
{
	static struct boot boot;
	struct superblock *sb = tmpfs_super(size, 0755);

	t = task_init(&boot);
	memset(&thread, 0, sizeof(thread));
	t->thread = &thread;
	thread.task = t;
	hosted_current = t;
	t->files = files_new();
	t->group->rlimits[7].cur = 100000;
	for (int i = 0; i < 16; i++)
		if (i != 7)
			t->group->rlimits[i].cur = UINT64_MAX;
	ck_assert(!is_err(mount_add(NULL, sb->root, 0, "none")));
	t->fs = calloc(1, sizeof(*t->fs));
	ref_init(&t->fs->ref);
	t->fs->umask = 022;
	t->fs->root = (struct path){ root_mount, root_mount->root };
	path_get(&t->fs->root);
	t->fs->pwd = t->fs->root;
	path_get(&t->fs->pwd);
}

START_TEST(test_hash)
{
	char name[80];
	uint32_t a;

	for (size_t len = 1; len < 60; len++) {
		for (size_t i = 0; i < len; i++)
			name[i] = (char)('a' + (i * 7 + len) % 26);
		for (size_t tail = 0; tail < 12; tail++) {
			memset(name + len, 'x', 20);
			name[len] = '/';
			ck_assert_uint_eq(name_scan(name, name + len + tail,
						    &a), len);
			ck_assert_uint_eq(a, name_hash(name, len));
		}
	}
}
END_TEST

START_TEST(test_fds)
{
	int n;

	setup(0);
	for (int i = 0; i < 5000; i++) {
		n = fd_add(t, vfs_open(t, AT_FDCWD, "/", O_RDONLY, 0), 0);
		ck_assert_int_eq(n, i);
	}
	ck_assert_int_eq((int)sys_close(t, 4200), 0);
	ck_assert_int_eq((int)sys_close(t, 77), 0);
	ck_assert_int_eq((int)sys_close(t, 77), -EBADF);
	ck_assert_int_eq((int)sys_dup(t, 0), 77);
	ck_assert_int_eq((int)sys_dup(t, 0), 4200);
	ck_assert_int_eq((int)sys_dup(t, 0), 5000);
	ck_assert_int_eq((int)sys_dup2(t, 0, 90000), 90000);
	ck_assert_int_eq((int)sys_dup2(t, 0, 100000), -EBADF);
	ck_assert_int_eq((int)sys_close_range(t, 10, 89999, 0), 0);
	ck_assert_int_eq((int)sys_dup(t, 0), 10);
	ck_assert_int_eq((int)sys_fcntl(t, 90000, F_GETFD, 0), 0);
	files_put(t->files);
}
END_TEST

START_TEST(test_paths)
{
	char buf[100], *p;
	struct stat st;
	struct path at;

	setup(0);
	ck_assert_int_eq((int)sys_mkdir(t, ptr("/a"), 0755), 0);
	ck_assert_int_eq((int)sys_mkdir(t, ptr("/a/b"), 0755), 0);
	ck_assert_int_eq((int)sys_symlink(t, ptr("../a/./b//"), ptr("/a/l")),
			 0);
	ck_assert_int_eq((int)sys_stat(t, ptr("a/l/../b/."), ptr(&st)), 0);
	ck_assert(S_ISDIR(st.st_mode));
	ck_assert_int_eq((int)sys_stat(t, ptr("a/nothing"), ptr(&st)),
			 -ENOENT);
	ck_assert_int_eq((int)sys_symlink(t, ptr("m"), ptr("/m")), 0);
	ck_assert_int_eq((int)sys_stat(t, ptr("/m"), ptr(&st)), -ELOOP);
	ck_assert_int_eq((int)sys_chdir(t, ptr("/a/l")), 0);
	ck_assert_int_eq((int)sys_getcwd(t, ptr(buf), sizeof(buf)), 5);
	ck_assert_str_eq(buf, "/a/b");
	ck_assert_int_eq((int)sys_rename(t, ptr("/a"), ptr("/c")), 0);
	ck_assert_int_eq((int)sys_getcwd(t, ptr(buf), sizeof(buf)), 5);
	ck_assert_str_eq(buf, "/c/b");
	ck_assert_int_eq((int)sys_rmdir(t, ptr("/c/b")), 0);
	ck_assert_int_eq((int)sys_getcwd(t, ptr(buf), sizeof(buf)), -ENOENT);
	fs_get_pwd(t->fs, &at);
	p = path_name(&at, &t->fs->root, buf, sizeof(buf));
	ck_assert_str_eq(p, "/c/b (deleted)");
	ck_assert(is_err(path_name(&at, &t->fs->root, buf, 8)));
	path_put(&at);
}
END_TEST

/* Names that do not exist are forgotten when there are too many. */
START_TEST(test_shrink)
{
	char name[32];
	struct stat st;

	setup(0);
	for (unsigned int i = 0; i < 2 * DCACHE_MAX; i++) {
		snprintf(name, sizeof(name), "/no-%u", i);
		ck_assert_int_eq((int)sys_stat(t, ptr(name), ptr(&st)),
				 -ENOENT);
	}
	ck_assert_uint_le(dcache.n_hashed, DCACHE_MAX + 64);
}
END_TEST

START_TEST(test_quota)
{
	static char buf[65536];
	long fd, n, total = 0;

	setup(1 << 20);
	fd = sys_open(t, ptr("/f"), O_RDWR | O_CREAT, 0600);
	ck_assert_int_eq((int)fd, 0);
	while ((n = sys_write(t, 0, ptr(buf), sizeof(buf))) > 0)
		total += n;
	ck_assert_int_eq((int)n, -ENOSPC);
	ck_assert_int_eq((int)total, 1 << 20);
	ck_assert_int_eq((int)sys_ftruncate(t, 0, 4096), 0);
	ck_assert_int_eq((int)sys_pwrite64(t, 0, ptr(buf), 65536, 100000),
			 65536);
	ck_assert_int_eq((int)sys_unlink(t, ptr("/f")), 0);
	ck_assert_int_eq((int)sys_close(t, 0), 0);
	/* All of it is free again. */
	fd = sys_open(t, ptr("/g"), O_RDWR | O_CREAT, 0600);
	ck_assert_int_eq((int)sys_fallocate(t, (int)fd, 0, 0, 1 << 20), 0);
	ck_assert_int_eq((int)sys_fallocate(t, (int)fd, 0, 0, (1 << 20) + 1),
			 -ENOSPC);
}
END_TEST

/* Old bytes of a freed page are nowhere to be seen. */
START_TEST(test_clean)
{
	static char buf[40000], back[40000];
	long n;

	setup(0);
	memset(buf, 0xaa, sizeof(buf));
	for (int i = 0; i < 50; i++) {
		sys_open(t, ptr("/f"), O_RDWR | O_CREAT, 0600);
		n = sys_pread64(t, 0, ptr(back), sizeof(back), 0);
		ck_assert_int_eq((int)n, 0);
		sys_pwrite64(t, 0, ptr(buf), 1, 9000 + i * 100);
		n = sys_pread64(t, 0, ptr(back), sizeof(back), 0);
		ck_assert_int_eq((int)n, 9001 + i * 100);
		for (long k = 0; k < n - 1; k++)
			ck_assert_int_eq(back[k], 0);
		sys_pwrite64(t, 0, ptr(buf), sizeof(buf), 0);
		sys_ftruncate(t, 0, 100);
		sys_ftruncate(t, 0, 39000);
		n = sys_pread64(t, 0, ptr(back), sizeof(back), 0);
		ck_assert_int_eq((int)n, 39000);
		for (long k = 0; k < n; k++)
			ck_assert_int_eq(back[k], k < 100 ? (char)0xaa : 0);
		sys_close(t, 0);
		sys_unlink(t, ptr("/f"));
	}
}
END_TEST

static struct task *tasks[2];

static void *look_up(void *arg)
{
	struct task *mine = task_alloc(t->group, t);
	struct thread th = { .task = mine };
	struct stat st;
	long r, odd = 0;

	tasks[(size_t)arg] = mine;
	mine->thread = &th;
	mine->files = t->files;
	mine->fs = t->fs;
	mine->cred = t->cred;
	hosted_current = mine;
	for (int i = 0; i < 8000; i++) {
		r = sys_stat(mine, ptr("/d/one/x"), ptr(&st));
		if (r && r != -ENOENT)
			odd++;
		r = sys_access(mine, ptr("/e/../d/two/x"), 0);
		if (r && r != -ENOENT)
			odd++;
	}
	mine->thread = NULL;
	mine->files = NULL;
	mine->fs = NULL;
	return (void *)odd;
}

/* Walks without locks while names move. */
START_TEST(test_race)
{
	pthread_t thr[2];
	void *odd;

	setup(0);
	ref_get(&t->files->ref);
	ref_get(&t->fs->ref);
	sys_mkdir(t, ptr("/d"), 0755);
	sys_mkdir(t, ptr("/e"), 0755);
	sys_mkdir(t, ptr("/d/one"), 0755);
	sys_mknod(t, ptr("/d/one/x"), S_IFREG | 0600, 0);
	for (int i = 0; i < 2; i++)
		pthread_create(&thr[i], NULL, look_up,
			       (void *)(size_t)i);
	for (int i = 0; i < 2000; i++) {
		sys_rename(t, ptr("/d/one"), ptr("/d/two"));
		sys_rename(t, ptr("/d/two/x"), ptr("/e/x"));
		sys_unlink(t, ptr("/e/x"));
		sys_mknod(t, ptr("/d/two/x"), S_IFREG | 0600, 0);
		sys_rename(t, ptr("/d/two"), ptr("/d/one"));
	}
	for (int i = 0; i < 2; i++) {
		pthread_join(thr[i], &odd);
		ck_assert_ptr_null(odd);
	}
}
END_TEST

UNIT_MAIN("vfs", test_hash, test_fds, test_paths, test_shrink, test_quota,
	  test_clean, test_race)
