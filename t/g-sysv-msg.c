/* SPDX-License-Identifier: Apache-2.0 */
/* g-sysv-msg.c: System V message queues, by threads of one process. */
#define _GNU_SOURCE
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <unistd.h>

#include "t/guest.h"

#ifndef MSG_STAT_ANY
#define MSG_STAT_ANY	13
#endif

struct message {
	long type;
	char text[8192];
};

static struct message buf;

static int put(int id, long type, const char *text, int flags)
{
	struct message m = { .type = type };

	memcpy(m.text, text, strlen(text));
	return msgsnd(id, &m, strlen(text), flags);
}

/* Receive one that is to be `text`. */
static int get(int id, long type, int flags, const char *text)
{
	ssize_t n = msgrcv(id, &buf, sizeof(buf.text), type, flags);

	return n == (ssize_t)strlen(text) && !memcmp(buf.text, text, (size_t)n);
}

static void test_get(void)
{
	key_t key = 0x5b7a0000 | (getpid() & 0xffff);
	struct msqid_ds d;
	int id;

	is_errno(msgget(key, 0600), ENOENT, "no such key");
	id = msgget(key, IPC_CREAT | IPC_EXCL | 0622);
	ok(id >= 0, "make a queue");
	is(msgget(key, 0), id, "find it");
	is_errno(msgget(key, IPC_CREAT | IPC_EXCL), EEXIST, "it exists");
	is(msgctl(id, IPC_STAT, &d), 0, "IPC_STAT");
	ok(d.msg_perm.__key == key && d.msg_perm.mode == 0622 && !d.msg_qnum &&
	   !d.__msg_cbytes && d.msg_qbytes > 0 && !d.msg_stime &&
	   !d.msg_lspid && d.msg_ctime > 1600000000, "what it tells");
	d.msg_qbytes = 200;
	d.msg_perm.mode = 0600;
	is(msgctl(id, IPC_SET, &d), 0, "IPC_SET");
	msgctl(id, IPC_STAT, &d);
	ok(d.msg_qbytes == 200 && d.msg_perm.mode == 0600, "it has changed");
	is_errno(msgctl(id, 55, &d), EINVAL, "bad command");
	is_errno(msgctl(id, IPC_SET, (void *)1), EFAULT, "bad address");
	is(msgctl(id, IPC_RMID, NULL), 0, "remove it");
	is_errno(msgctl(id, IPC_STAT, &d), EINVAL, "it is gone");
	is_errno(put(id, 1, "x", 0), EINVAL, "for msgsnd");
	is_errno(msgrcv(id, &buf, 1, 0, 0), EINVAL, "and msgrcv");
}

static void test_types(void)
{
	int id = msgget(IPC_PRIVATE, 0600);
	struct msqid_ds d;

	is_errno(put(id, 0, "x", 0), EINVAL, "type 0");
	is_errno(put(id, -1, "x", 0), EINVAL, "type -1");
	is_errno(msgsnd(id, (void *)1, 1, 0), EFAULT, "bad address");
	is_errno(msgsnd(id, &buf, (size_t)-1, 0), EINVAL, "bad size");
	is_errno(msgrcv(id, &buf, (size_t)-1, 0, 0), EINVAL,
		 "bad size to receive");
	is_errno(msgrcv(id, &buf, 9, 0, IPC_NOWAIT), ENOMSG, "none is there");
	put(id, 3, "three", 0);
	put(id, 1, "one", 0);
	put(id, 2, "two", 0);
	put(id, 3, "drei", 0);
	put(id, 4, "", 0);
	msgctl(id, IPC_STAT, &d);
	ok(d.msg_qnum == 5 && d.__msg_cbytes == 15 &&
	   d.msg_lspid == getpid() && d.msg_stime > 1600000000, "five wait");
	is_errno(msgrcv(id, &buf, 9, 7, IPC_NOWAIT), ENOMSG, "no type 7");
	ok(get(id, 2, 0, "two"), "by type");
	ok(get(id, -3, 0, "one"), "the lowest type");
	ok(get(id, -3, 0, "three"), "the first of the same type");
	ok(get(id, 3, MSG_EXCEPT, ""), "any but that");
	is(buf.type, 4, "its type");
	is_errno(msgrcv(id, &buf, 3, 0, 0), E2BIG, "too long");
	is(msgrcv(id, &buf, 3, 0, MSG_NOERROR), 3, "it is cut");
	ok(!memcmp(buf.text, "dre", 3), "the rest is lost");
	msgctl(id, IPC_STAT, &d);
	ok(!d.msg_qnum && !d.__msg_cbytes && d.msg_lrpid == getpid(), "empty");
	put(id, LONG_MAX, "max", 0);
	ok(get(id, LONG_MIN, 0, "max"), "LONG_MIN means any");

	/* MSG_COPY, where the kernel has it. */
	put(id, 5, "five", 0);
	put(id, 6, "six", 0);
	ok(get(id, 1, MSG_COPY | IPC_NOWAIT, "six") || errno == ENOSYS,
	   "a copy of the second");
	is_errno(msgrcv(id, &buf, 9, 0, MSG_COPY), errno == ENOSYS ? ENOSYS :
		 EINVAL, "MSG_COPY needs IPC_NOWAIT");
	ok(get(id, 0, 0, "five") && get(id, 0, 0, "six"), "they are there");
	is(msgctl(id, IPC_RMID, NULL), 0, "remove it");
}

struct worker {
	pthread_t thread;
	int id, err;
	long type;
	const char *text;	/* to be sent; NULL: receive */
	char got[16];
	ssize_t n;
};

static void *work(void *arg)
{
	struct worker *w = arg;
	struct message m = { .type = w->type };

	if (w->text) {
		memcpy(m.text, w->text, strlen(w->text));
		w->n = msgsnd(w->id, &m, strlen(w->text), 0);
	} else {
		w->n = msgrcv(w->id, &m, sizeof(w->got), w->type, 0);
		if (w->n >= 0)
			memcpy(w->got, m.text, (size_t)w->n);
	}
	w->err = w->n < 0 ? errno : 0;
	return NULL;
}

static void begin(struct worker *w)
{
	pthread_create(&w->thread, NULL, work, w);
	usleep(30000);
}

static int end(struct worker *w)
{
	pthread_join(w->thread, NULL);
	return w->err;
}

/* Signal it until it has ended: one may come before it sleeps. */
static int interrupt(struct worker *w)
{
	while (pthread_tryjoin_np(w->thread, NULL)) {
		pthread_kill(w->thread, SIGUSR1);
		usleep(20000);
	}
	return w->err;
}

static volatile int handled;

static void handler(int sig)
{
	handled = sig;
}

static void test_wait(void)
{
	int id = msgget(IPC_PRIVATE, 0600);
	struct worker a = { .id = id, .type = 1 }, b = { .id = id, .type = 2 };
	struct worker s = { .id = id, .type = 3, .text = "12345678" };
	struct sigaction sa = { .sa_handler = handler };
	struct msqid_ds d;

	begin(&a);
	begin(&b);
	put(id, 2, "zwei", 0);
	is(end(&b), 0, "the one that waits for the type");
	ok(b.n == 4 && !memcmp(b.got, "zwei", 4), "gets it");
	put(id, 1, "more than sixteen bytes", 0);
	is(end(&a), E2BIG, "too long for the other");
	ok(get(id, 0, 0, "more than sixteen bytes"), "it is still there");

	/* back-pressure */
	msgctl(id, IPC_STAT, &d);
	d.msg_qbytes = 10;
	is(msgctl(id, IPC_SET, &d), 0, "a small queue");
	is(put(id, 1, "123456", 0), 0, "six bytes fit");
	is_errno(put(id, 1, "12345", IPC_NOWAIT), EAGAIN, "eleven do not");
	is_errno(put(id, 1, "12345678901", IPC_NOWAIT), EAGAIN,
		 "what never will fit is no error either");
	begin(&s);
	msgctl(id, IPC_STAT, &d);
	is((long)d.msg_qnum, 1, "a sender waits");
	ok(get(id, 0, 0, "123456"), "make room");
	is(end(&s), 0, "it goes on");
	ok(get(id, 3, 0, "12345678"), "here is its message");
	put(id, 1, "123456", 0);
	begin(&s);
	msgctl(id, IPC_STAT, &d);
	d.msg_qbytes = 100;
	is(msgctl(id, IPC_SET, &d), 0, "make the queue larger");
	is(end(&s), 0, "that lets it on as well");

	/* Signals: a handler ends it. */
	sa.sa_flags = SA_RESTART;
	sigaction(SIGUSR1, &sa, NULL);
	a.type = 77;
	begin(&a);
	is(interrupt(&a), EINTR, "msgrcv is not restarted");
	is(handled, SIGUSR1, "the handler ran");

	begin(&a);
	is(msgctl(id, IPC_RMID, NULL), 0, "remove it");
	is(end(&a), EIDRM, "who waits hears of it");
}

#define MESSAGES	3000

static void *feed(void *arg)
{
	int id = *(int *)arg;
	struct message m = { .type = 1 };

	for (int i = 0; i < MESSAGES; i++) {
		m.type = i % 3 + 1;
		memcpy(m.text, &i, sizeof(i));
		if (msgsnd(id, &m, (size_t)(4 + i % 100), 0))
			break;
	}
	return NULL;
}

static void test_stream(void)
{
	int id = msgget(IPC_PRIVATE, 0600), n = 0, bad = 0;
	pthread_t t;

	pthread_create(&t, NULL, feed, &id);
	for (int i = 0; i < MESSAGES; i++) {
		int k;
		ssize_t r = msgrcv(id, &buf, sizeof(buf.text), 0, 0);

		memcpy(&k, buf.text, sizeof(k));
		if (r != 4 + i % 100 || k != i || buf.type != i % 3 + 1)
			bad++;
		n++;
	}
	pthread_join(t, NULL);
	is(n, MESSAGES, "many messages, more than fit at once");
	is(bad, 0, "in order");
	is(msgctl(id, IPC_RMID, NULL), 0, "remove it");
}

static void test_info(void)
{
	struct msginfo lim, use;
	struct msqid_ds d;
	int id = msgget(IPC_PRIVATE, 0600), max, found = 0, any = 0;

	put(id, 1, "hello", 0);
	max = msgctl(0, IPC_INFO, (void *)&lim);
	ok(max >= 0, "IPC_INFO");
	ok(lim.msgmax >= 1024 && lim.msgmnb >= 1024 && lim.msgmni >= 1,
	   "limits");
	is_errno(msgsnd(id, &buf, (size_t)lim.msgmax + 1, IPC_NOWAIT), EINVAL,
		 "msgmax");
	ok(msgctl(0, MSG_INFO, (void *)&use) == max && use.msgpool >= 1 &&
	   use.msgmap >= 1 && use.msgtql >= 5, "MSG_INFO");
	for (int i = 0; i <= max; i++) {
		if (msgctl(i, MSG_STAT, &d) == id && d.msg_qnum == 1)
			found++;
		if (msgctl(i, MSG_STAT_ANY, &d) == id)
			any++;
	}
	ok(found == 1 && any == 1, "MSG_STAT and MSG_STAT_ANY");
	is(msgctl(id, IPC_RMID, NULL), 0, "remove it with a message in it");
}

int main(void)
{
	need_ids();
	alarm(50);
	if (msgctl(-1, IPC_STAT, NULL) < 0 && errno == ENOSYS)
		skip_all("no System V IPC");
	test_get();
	test_types();
	test_wait();
	test_stream();
	test_info();
	return done_testing();
}
