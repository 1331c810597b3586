/* SPDX-License-Identifier: Apache-2.0 */
/* g-sysv-fork.c: System V IPC and POSIX message queues between processes. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <mqueue.h>
#include <sched.h>
#include <signal.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "t/guest.h"

#define PAGE	4096UL

union semun {
	int val;
	struct semid_ds *buf;
};

static int sem;			/* of two, for taking turns */

static int op(int id, int num, int n, int flags)
{
	struct sembuf b = { (unsigned short)num, (short)n, (short)flags };

	return semop(id, &b, 1);
}

/* Exit status of a child; 128 + signal. */
static int end(pid_t pid)
{
	int st;

	if (waitpid(pid, &st, 0) != pid)
		return -1;
	return WIFEXITED(st) ? WEXITSTATUS(st) : 128 + WTERMSIG(st);
}

static long attached(int id)
{
	struct shmid_ds d;

	return shmctl(id, IPC_STAT, &d) ? -1 : (long)d.shm_nattch;
}

static void test_shm(void)
{
	int id = shmget(IPC_PRIVATE, 4 * PAGE, 0600);
	volatile char *a = shmat(id, NULL, 0);
	struct shmid_ds d;
	pid_t pid;

	a[0] = 'p';
	pid = fork();
	if (!pid) {
		if (attached(id) != 2 || a[0] != 'p')
			_exit(1);
		a[1] = 'c';
		op(sem, 0, 1, 0);
		op(sem, 1, -1, 0);
		if (a[2] != 'q' || shmdt((void *)(unsigned long)a))
			_exit(2);
		op(sem, 0, 1, 0);
		op(sem, 1, -1, 0);
		a = shmat(id, NULL, SHM_RDONLY);
		_exit(a[2] == 'q' ? 0 : 3);
	}
	op(sem, 0, -1, 0);
	is(a[1], 'c', "what the child writes");
	is(attached(id), 2, "attached by two");
	a[2] = 'q';
	op(sem, 1, 1, 0);
	op(sem, 0, -1, 0);
	is(attached(id), 1, "the child detached it");
	op(sem, 1, 1, 0);
	is(end(pid), 0, "what the parent writes");
	is(attached(id), 1, "its end detaches what it attached again");
	shmctl(id, IPC_STAT, &d);
	is(d.shm_lpid, pid, "who was the last");

	pid = fork();
	if (!pid) {
		execl("/bin/sh", "sh", "-c", "exit 7", NULL);
		_exit(1);
	}
	is(end(pid), 7, "another program");
	is(attached(id), 1, "has it no longer");

	pid = fork();
	if (!pid) {
		op(sem, 1, -1, 0);
		_exit(a[3] == 'r' ? 0 : 1);
	}
	a[3] = 'r';
	is(shmctl(id, IPC_RMID, NULL), 0, "remove it");
	is(shmdt((void *)(unsigned long)a), 0, "and detach it");
	is(attached(id), 1, "the child has it");
	op(sem, 1, 1, 0);
	is(end(pid), 0, "with its contents");
	is(attached(id), -1, "it went with the child");
}

/* Many pages, written by several processes at once. */
static void test_shared(void)
{
	int id = shmget(IPC_PRIVATE, 256 * PAGE, 0600);
	volatile int *a = shmat(id, NULL, 0);
	pid_t pid[3];
	int sum = 0;

	for (int k = 0; k < 3; k++) {
		pid[k] = fork();
		if (!pid[k]) {
			for (int i = 0; i < 20000; i++)
				__atomic_fetch_add(&a[i % 256 * 1024], 1,
						   __ATOMIC_SEQ_CST);
			_exit(0);
		}
	}
	for (int k = 0; k < 3; k++)
		end(pid[k]);
	for (int i = 0; i < 256; i++)
		sum += a[i * 1024];
	is(sum, 60000, "atomics between processes");
	shmctl(id, IPC_RMID, NULL);
	shmdt((void *)(unsigned long)a);
}

static int child_undo(void *arg)
{
	int id = *(int *)arg;

	return op(id, 0, -1, SEM_UNDO) ? 1 : 0;
}

static void test_undo(void)
{
	static char stack[65536] __attribute__((aligned(16)));
	int id = semget(IPC_PRIVATE, 1, 0600);
	struct utsname u;
	pid_t pid;

	semctl(id, 0, SETVAL, (union semun){ .val = 5 });
	pid = fork();
	if (!pid)
		_exit(op(id, 0, -3, SEM_UNDO) || op(id, 0, 1, 0));
	is(end(pid), 0, "a child takes three");
	is(semctl(id, 0, GETVAL), 6, "its end gives them back");
	is(semctl(id, 0, GETPID), pid, "by its name");

	pid = fork();
	if (!pid) {
		op(id, 0, -3, SEM_UNDO);
		op(sem, 0, 1, 0);
		pause();
	}
	op(sem, 0, -1, 0);
	is(semctl(id, 0, GETVAL), 3, "another takes three");
	kill(pid, SIGKILL);
	is(end(pid), 128 + SIGKILL, "and is killed");
	is(semctl(id, 0, GETVAL), 6, "that gives them back too");

	pid = fork();
	if (!pid) {
		op(id, 0, -1, SEM_UNDO);
		execl("/bin/sh", "sh", "-c", "exit 0", NULL);
	}
	is(end(pid), 0, "exec");
	is(semctl(id, 0, GETVAL), 6, "keeps what is to be undone");

	pid = fork();
	if (!pid) {
		op(id, 0, -2, SEM_UNDO);
		if (fork())
			wait(NULL);
		_exit(semctl(id, 0, GETVAL) != 4);
	}
	is(end(pid), 0, "a forked child undoes nothing of its parent's");
	is(semctl(id, 0, GETVAL), 6, "who does it himself");

	pid = fork();
	if (!pid) {
		pid = clone(child_undo, stack + sizeof(stack),
			    CLONE_SYSVSEM | SIGCHLD, &id);
		if (end(pid))
			_exit(1);
		_exit(semctl(id, 0, GETVAL) == 5 ? 0 : 2);
	}
	is(end(pid), 0, "with CLONE_SYSVSEM the last of them undoes");
	is(semctl(id, 0, GETVAL), 6, "what they did");

	pid = fork();
	if (!pid) {
		op(id, 0, -2, SEM_UNDO);
		/* A container may forbid it, the sandbox does not. */
		uname(&u);
		if (unshare(CLONE_SYSVSEM))
			_exit(errno == EPERM && !strstr(u.release, "-sbx") ?
			      0 : 2);
		_exit(semctl(id, 0, GETVAL) != 6);
	}
	is(end(pid), 0, "unshare(CLONE_SYSVSEM) undoes");

	/* Who waits is let on by an undo. */
	semctl(id, 0, SETVAL, (union semun){ .val = 1 });
	pid = fork();
	if (!pid) {
		op(id, 0, -1, SEM_UNDO);
		op(sem, 0, 1, 0);
		usleep(20000);
		_exit(0);
	}
	op(sem, 0, -1, 0);
	is(op(id, 0, -1, 0), 0, "an undo lets others on");
	end(pid);

	/* One that is killed while it waits leaves the line. */
	pid = fork();
	if (!pid)
		_exit(op(id, 0, -1, 0));
	for (int i = 0; i < 5000 && !semctl(id, 0, GETNCNT); i++)
		usleep(1000);
	is(semctl(id, 0, GETNCNT), 1, "one waits");
	kill(pid, SIGKILL);
	end(pid);
	is(semctl(id, 0, GETNCNT), 0, "until it is killed");
	semctl(id, 0, IPC_RMID);
}

static void test_turns(void)
{
	pid_t pid = fork();
	int bad = 0;

	if (!pid) {
		for (int i = 0; i < 1000; i++) {
			bad |= op(sem, 0, -1, 0);
			bad |= op(sem, 1, 1, 0);
		}
		_exit(bad);
	}
	for (int i = 0; i < 1000; i++) {
		bad |= op(sem, 0, 1, 0);
		bad |= op(sem, 1, -1, 0);
	}
	is(end(pid) | bad, 0, "two processes take turns");
}

static void test_msg(void)
{
	int id = msgget(IPC_PRIVATE, 0600), bad = 0;
	struct { long type; char text[64]; } m = { .type = 1 };
	struct msqid_ds d;
	pid_t pid = fork();

	if (!pid) {
		for (int i = 0; i < 1000; i++) {
			if (msgrcv(id, &m, sizeof(m.text), 1, 0) != i % 64)
				bad = 1;
			m.type = 2;
			bad |= msgsnd(id, &m, 8, 0);
		}
		_exit(bad);
	}
	for (int i = 0; i < 1000; i++) {
		m.type = 1;
		bad |= msgsnd(id, &m, (size_t)(i % 64), 0);
		if (msgrcv(id, &m, sizeof(m.text), 2, 0) != 8)
			bad = 1;
	}
	is(end(pid) | bad, 0, "messages there and back");
	msgctl(id, IPC_STAT, &d);
	ok(d.msg_lspid == pid && d.msg_lrpid == getpid(), "who was the last");
	msgctl(id, IPC_RMID, NULL);
}

static volatile pid_t sender;

static void handler(int sig, siginfo_t *si, void *uc)
{
	(void)sig;
	(void)uc;
	sender = si->si_pid;
}

static void test_mqueue(void)
{
	struct mq_attr at = { .mq_maxmsg = 2, .mq_msgsize = 16 };
	struct sigaction sa = { .sa_sigaction = handler,
				.sa_flags = SA_SIGINFO };
	struct sigevent e = { .sigev_notify = SIGEV_SIGNAL,
			      .sigev_signo = SIGUSR1 };
	char name[32], buf[16];
	int bad = 0;
	pid_t pid;
	mqd_t q;

	snprintf(name, sizeof(name), "/sbx-fork-%d", (int)getpid());
	q = mq_open(name, O_RDWR | O_CREAT, 0600, &at);
	if (q < 0) {
		printf("# no POSIX message queues\n");
		return;
	}
	sigaction(SIGUSR1, &sa, NULL);
	pid = fork();
	if (!pid)
		_exit(mq_notify(q, &e) != 0);
	is(end(pid), 0, "a child asks to be told");
	is(mq_notify(q, &e), 0, "its end makes room for others");
	pid = fork();
	if (!pid) {
		q = mq_open(name, O_WRONLY);
		for (int i = 0; i < 500; i++)
			bad |= mq_send(q, (char *)&i, 4, 0);
		_exit(bad);
	}
	for (int i = 0; i < 500; i++) {
		ssize_t n;
		int k;

		do {
			n = mq_receive(q, buf, 16, NULL);
		} while (n < 0 && errno == EINTR);
		bad |= n != 4;
		memcpy(&k, buf, 4);
		bad |= k != i;
	}
	is(end(pid) | bad, 0, "messages from a child");
	/* Unless this process was waiting for the first one. */
	ok(!sender || sender == pid, "and word of it");
	mq_close(q);
	mq_unlink(name);
}

/* What another user may not do; only root can try. */
static int as_other(int shm, int msg)
{
	char *text = (char[]){ 1, 0, 0, 0, 0, 0, 0, 0, 0 };
	struct shmid_ds d;

	if (setgid(65534) || setuid(65534))
		return 0;
	if (shmat(shm, NULL, 0) != (void *)-1 || errno != EACCES)
		return 1;
	if (shmat(shm, NULL, SHM_RDONLY) == (void *)-1)
		return 2;
	if (shmctl(shm, IPC_RMID, NULL) != -1 || errno != EPERM)
		return 3;
	if (shmctl(shm, IPC_STAT, &d))
		return 4;
	if (msgsnd(msg, text, 1, 0) != -1 || errno != EACCES)
		return 5;
	if (msgctl(msg, IPC_RMID, NULL) != -1 || errno != EPERM)
		return 6;
	if (op(sem, 0, 1, 0) != -1 || errno != EACCES)
		return 7;
	if (semctl(sem, 0, GETVAL) != -1 || errno != EACCES)
		return 8;
	if (semctl(sem, 0, IPC_RMID) != -1 || errno != EPERM)
		return 9;
	return 0;
}

static void test_rights(void)
{
	int shm = shmget(IPC_PRIVATE, PAGE, 0604);
	int msg = msgget(IPC_PRIVATE, 0600);
	pid_t pid = fork();

	/* Root alone can become another. */
	if (!pid)
		_exit(geteuid() ? 0 : as_other(shm, msg));
	is(end(pid), 0, "another user's rights");
	shmctl(shm, IPC_RMID, NULL);
	msgctl(msg, IPC_RMID, NULL);
}

int main(void)
{
	need_ids();
	alarm(50);
	sem = semget(IPC_PRIVATE, 2, 0600);
	if (sem < 0)
		skip_all("no System V IPC");
	test_shm();
	test_shared();
	test_undo();
	test_turns();
	test_msg();
	test_mqueue();
	test_rights();
	is(semctl(sem, 0, IPC_RMID), 0, "remove the set");
	return done_testing();
}
