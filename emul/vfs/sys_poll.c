/* SPDX-License-Identifier: Apache-2.0 */
/* sys_poll.c: poll, ppoll, select, pselect6; poll(2), select(2). */
#include <asm/poll.h>
#include <linux/errno.h>
#include <linux/eventpoll.h>

#include "emul/entry/uaccess.h"
#include "emul/lib/alloc.h"
#include "emul/lib/string.h"
#include "emul/sysproto.h"
#include "emul/time/time.h"
#include "emul/vfs/poll.h"

#define FAST_FDS	16

/* What select calls readable, writable and exceptional. */
#define SELECT_IN	(EPOLLRDNORM | EPOLLRDBAND | EPOLLIN | EPOLLHUP | \
			 EPOLLERR)
#define SELECT_OUT	(EPOLLWRBAND | EPOLLWRNORM | EPOLLOUT | EPOLLERR)
#define SELECT_EX	EPOLLPRI

/* Write what is left of the time back, as Linux does. */
static void put_left(uaddr_t timeout, int64_t deadline_ns, int64_t unit)
{
	int64_t left = 0, v[2];

	if (!timeout || deadline_ns == NEVER_NS)
		return;
	if (deadline_ns)
		left = deadline_ns - time_now();
	if (left < 0)
		left = 0;
	v[0] = left / NSEC_PER_SEC;
	v[1] = left % NSEC_PER_SEC / unit;
	/* A program that keeps it in read-only memory is none the wiser. */
	if (copy_out(timeout, v, sizeof(v)))
		return;
}

static int poll_open(struct task *t, const struct pollfd *fds,
		     struct poll_entry *e, unsigned int n)
{
	int bad = 0;

	for (unsigned int i = 0; i < n; i++) {
		e[i].fd = (struct fd){ NULL, false };
		e[i].got = 0;
		e[i].events = (uint16_t)fds[i].events;
		if (fds[i].fd < 0)
			continue;
		e[i].fd = fdget(t, fds[i].fd);
		if (!e[i].fd.file) {
			e[i].got = POLLNVAL;
			bad++;
		}
	}
	return bad;
}

static long do_poll(struct task *t, uaddr_t ufds, unsigned int n,
		    int64_t deadline_ns)
{
	struct pollfd fast_fds[FAST_FDS], *fds = fast_fds;
	struct poll_entry fast[FAST_FDS], *e = fast;
	long r = -ENOMEM;
	int bad;

	if (n > rlimit_cur(t, RLIMIT_NOFILE))
		return -EINVAL;
	if (n > FAST_FDS) {
		fds = kmalloc(n * sizeof(*fds));
		e = kmalloc(n * sizeof(*e));
		if (!fds || !e)
			goto out;
	}
	r = -EFAULT;
	if (copy_in(fds, ufds, n * sizeof(*fds)))
		goto out;
	bad = poll_open(t, fds, e, n);
	r = poll_entries(t, e, n, bad ? 0 : deadline_ns);
	for (unsigned int i = 0; i < n; i++) {
		fds[i].revents = (short)e[i].got;
		if (e[i].fd.file)
			fdput(e[i].fd);
	}
	if (r < 0)
		goto out;
	r += bad;
	/* revents alone: the rest may be changed by others meanwhile. */
	for (unsigned int i = 0; i < n; i++)
		if (copy_out(ufds + i * sizeof(*fds) +
			     offsetof(struct pollfd, revents),
			     &fds[i].revents, sizeof(fds[i].revents))) {
			r = -EFAULT;
			break;
		}
out:
	if (fds != fast_fds)
		kfree(fds);
	if (e != fast)
		kfree(e);
	return r;
}

static long poll_again(struct task *t)
{
	struct restart_block *b = &t->restart;
	long r = do_poll(t, b->arg[0], (unsigned int)b->arg[1],
			 b->deadline_ns);

	return r == -EINTR ? -ERESTART_RESTARTBLOCK : r;
}

long sys_poll(struct task *t, uaddr_t fds, unsigned int nfds, int timeout_ms)
{
	int64_t deadline_ns = poll_deadline_ms(timeout_ms);
	long r = do_poll(t, fds, nfds, deadline_ns);

	if (r != -EINTR)
		return r;
	t->restart.fn = poll_again;
	t->restart.deadline_ns = deadline_ns;
	t->restart.arg[0] = fds;
	t->restart.arg[1] = nfds;
	return -ERESTART_RESTARTBLOCK;
}

long sys_ppoll(struct task *t, uaddr_t fds, unsigned int nfds,
	       uaddr_t timeout, uaddr_t sigmask, size_t sigsetsize)
{
	int64_t deadline_ns;
	long r = poll_deadline_ts(timeout, &deadline_ns);

	if (r)
		return r;
	r = signal_mask_enter(t, sigmask, sigsetsize);
	if (r)
		return r;
	r = do_poll(t, fds, nfds, deadline_ns);
	signal_mask_leave(t, r == -EINTR);
	put_left(timeout, deadline_ns, 1);
	return r == -EINTR ? -ERESTARTNOHAND : r;
}

/* The three sets of select, as they came and as they go. */
struct fdsets {
	unsigned int words;
	uint64_t *in[3], *out[3];
};

static long copy_sets(struct fdsets *s, const uaddr_t sets[3], unsigned int n)
{
	uint64_t *mem;

	s->words = (n + 63) / 64;
	mem = kzalloc(6 * s->words * sizeof(*mem) + 1);
	if (!mem)
		return -ENOMEM;
	for (int i = 0; i < 3; i++) {
		s->in[i] = mem + 2U * (unsigned int)i * s->words;
		s->out[i] = s->in[i] + s->words;
		if (sets[i] && copy_in(s->in[i], sets[i], s->words * 8))
			return -EFAULT;
	}
	/* Bits from n on do not count. */
	if (n % 64)
		for (int i = 0; i < 3; i++)
			s->in[i][s->words - 1] &= (1ULL << (n % 64)) - 1;
	return 0;
}

static bool has(const uint64_t *set, unsigned int n)
{
	return set[n / 64] >> (n % 64) & 1;
}

/* The descriptors of the sets as entries; e NULL: only count them. */
static long select_open(struct task *t, const struct fdsets *s,
			struct poll_entry *e, int *number)
{
	long count = 0;

	for (unsigned int w = 0; w < s->words; w++) {
		uint64_t any = s->in[0][w] | s->in[1][w] | s->in[2][w];

		for (; any; any &= any - 1) {
			unsigned int n = w * 64 +
				(unsigned int)__builtin_ctzl(any);

			if (!e) {
				count++;
				continue;
			}
			e[count].events = (has(s->in[0], n) ? SELECT_IN : 0) |
				(has(s->in[1], n) ? SELECT_OUT : 0) |
				(has(s->in[2], n) ? SELECT_EX : 0);
			e[count].got = 0;
			e[count].fd = fdget(t, (int)n);
			number[count] = (int)n;
			if (!e[count].fd.file) {
				while (count--)
					fdput(e[count].fd);
				return -EBADF;
			}
			count++;
		}
	}
	return count;
}

static long select_result(struct fdsets *s, struct poll_entry *e,
			  const int *number, long count)
{
	static const uint32_t bits[3] = { SELECT_IN, SELECT_OUT, SELECT_EX };
	long r = 0;

	for (long i = 0; i < count; i++) {
		unsigned int n = (unsigned int)number[i];

		fdput(e[i].fd);
		for (int k = 0; k < 3; k++) {
			if (!has(s->in[k], n) || !(e[i].got & bits[k]))
				continue;
			s->out[k][n / 64] |= 1ULL << (n % 64);
			r++;
		}
	}
	return r;
}

static long do_select(struct task *t, int nfds, const uaddr_t sets[3],
		      int64_t deadline_ns)
{
	struct poll_entry fast[FAST_FDS], *e = fast;
	int fast_nr[FAST_FDS], *number = fast_nr;
	struct fdsets s = { 0 };
	long r, count;
	unsigned int max;

	if (nfds < 0)
		return -EINVAL;
	max = load_once(&t->files->arr->n);
	r = copy_sets(&s, sets, MIN((unsigned int)nfds, max));
	if (r)
		goto out;
	count = select_open(t, &s, NULL, NULL);
	if (count > FAST_FDS) {
		r = -ENOMEM;
		e = kmalloc((size_t)count * sizeof(*e));
		number = kmalloc((size_t)count * sizeof(*number));
		if (!e || !number)
			goto out;
	}
	r = select_open(t, &s, e, number);
	if (r < 0)
		goto out;
	count = r;
	r = poll_entries(t, e, (unsigned int)count, deadline_ns);
	if (r < 0) {
		for (long i = 0; i < count; i++)
			fdput(e[i].fd);
		goto out;
	}
	r = select_result(&s, e, number, count);
	for (int i = 0; i < 3; i++)
		if (sets[i] && copy_out(sets[i], s.out[i], s.words * 8))
			r = -EFAULT;
out:
	kfree(s.in[0]);
	if (e != fast)
		kfree(e);
	if (number != fast_nr)
		kfree(number);
	return r;
}

long sys_select(struct task *t, int nfds, uaddr_t readfds, uaddr_t writefds,
		uaddr_t exceptfds, uaddr_t timeout)
{
	const uaddr_t sets[3] = { readfds, writefds, exceptfds };
	int64_t deadline_ns = NEVER_NS;
	struct timeval64 tv;
	long r;

	if (timeout) {
		if (get_user(&tv, timeout))
			return -EFAULT;
		if (tv.sec < 0 || tv.usec < 0)
			return -EINVAL;
		/* As Linux: more than a second of microseconds is taken. */
		tv.sec += tv.usec / 1000000;
		tv.usec %= 1000000;
		if (!tv.sec && !tv.usec)
			deadline_ns = 0;
		else if (tv.sec < NEVER_NS / NSEC_PER_SEC / 2)
			deadline_ns = time_now() +
				tv.sec * NSEC_PER_SEC +
				tv.usec * NSEC_PER_USEC;
	}
	r = do_select(t, nfds, sets, deadline_ns);
	put_left(timeout, deadline_ns, NSEC_PER_USEC);
	return r == -EINTR ? -ERESTARTNOHAND : r;
}

long sys_pselect6(struct task *t, int nfds, uaddr_t readfds, uaddr_t writefds,
		  uaddr_t exceptfds, uaddr_t timeout, uaddr_t sigmask)
{
	const uaddr_t sets[3] = { readfds, writefds, exceptfds };
	struct {
		uaddr_t mask;
		size_t size;
	} sig = { 0, 0 };
	int64_t deadline_ns;
	long r;

	if (sigmask && get_user(&sig, sigmask))
		return -EFAULT;
	r = poll_deadline_ts(timeout, &deadline_ns);
	if (r)
		return r;
	r = signal_mask_enter(t, sig.mask, sig.size);
	if (r)
		return r;
	r = do_select(t, nfds, sets, deadline_ns);
	signal_mask_leave(t, r == -EINTR);
	put_left(timeout, deadline_ns, 1);
	return r == -EINTR ? -ERESTARTNOHAND : r;
}
