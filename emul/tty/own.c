/* SPDX-License-Identifier: Apache-2.0 */
/* own.c: the user's own terminal; see own.h. */
#include "emul/tty/own.h"

#include <asm/ioctls.h>
#include <asm/termbits.h>
#include <asm/termios.h>

#include "emul/abi/broker.h"
#include "emul/abi/hostfd.h"
#include "emul/entry/uaccess.h"
#include "emul/fs/stdio.h"
#include "emul/host/broker.h"
#include "emul/lib/alloc.h"
#include "emul/lib/uapi.h"
#include "emul/task/task.h"
#include "emul/time/time.h"

#define DRAIN_LOOK_NS	10000000	/* how often to look whether all is sent */

struct own {
	struct tty tty;		/* it stays for ever */
	unsigned int index;	/* by which /dev/tty is opened */
	bool both;		/* that one can be read and written */
};

/* By index of the descriptor; all are set before there is a guest. */
static struct own *owns[INHERITED_MAX] __arena;

static int own_open(struct tty *tty, struct file *f)
{
	return stdio_open_tty(container_of(tty, struct own, tty)->index, f);
}

static const struct tty_ops own_ops = { .open = own_open };

static int ask(unsigned int index, unsigned int cmd, void *out, size_t size,
	       struct broker_rep *rep)
{
	struct broker_req req = {
		.op = BROKER_FD_TTY,
		.arg = { index, cmd },
	};

	return broker_call(&req, NULL, rep, out, size, NULL);
}

int own_tty_add(unsigned int index, const struct boot_inherited *in)
{
	bool both = (in->flags & O_ACCMODE) == O_RDWR;
	uint64_t rdev = broker_dev(in->rdev);
	struct broker_rep rep;
	struct own *o = NULL;
	int sid;

	for (unsigned int k = 0; k < INHERITED_MAX && !o; k++)
		if (owns[k] && owns[k]->tty.rdev == rdev)
			o = owns[k];
	if (!o) {
		o = kzalloc(sizeof(*o));
		if (!o)
			return -ENOMEM;
		tty_init(&o->tty, &own_ops, rdev);
		o->index = index;
		o->both = both;
		/* The host tells the session to those alone who are in it. */
		if (!ask(index, TIOCGSID, &sid, sizeof(sid), &rep))
			tty_begin(&o->tty, current()->group);
	}
	owns[index] = o;
	if (both && !o->both) {
		o->index = index;
		o->both = true;
	}
	return 0;
}

bool own_tty_is(unsigned int index)
{
	return owns[index];
}

int own_tty_check(unsigned int index, int sig)
{
	struct own *o = owns[index];
	struct task *t = current();
	struct broker_rep rep;
	int pgrp, err;

	if (!o)
		return 0;
	err = tty_check(&o->tty, sig);
	if (err || !tty_controls(&o->tty, t->group))
		return err;
	/* In front in here: is sbx in front of its terminal? */
	if (ask(index, TIOCGPGRP, &pgrp, sizeof(pgrp), &rep) || !rep.val[0])
		return 0;
	if (signal_ignored(t, sig))
		return sig == SIGTTIN ? -EIO : 0;
	if (rep.val[0] == BROKER_TTY_ORPHANED)
		return -EIO;
	tty_stop_self(sig);
	return -ERESTARTSYS;
}

int own_tty_check_write(unsigned int index)
{
	struct own *o = owns[index];
	const struct tgroup *g = current()->group;
	struct termios2 tio;
	struct broker_rep rep;

	if (!o || load_once(&o->tty.pgrp) == load_once(&g->pgid) ||
	    !tty_controls(&o->tty, g))
		return 0;
	if (ask(index, TCGETS2, &tio, sizeof(tio), &rep) ||
	    !(tio.c_lflag & TOSTOP))
		return 0;
	return tty_check(&o->tty, SIGTTOU);
}

/* The calls that the broker passes on, and what they carry. */
static const struct call {
	unsigned int cmd;
	uint8_t in, out;	/* bytes of the structure behind the argument */
	bool changes;		/* the background may not */
} calls[] = {
	{ TCGETS, 0, sizeof(struct termios), false },
	{ TCSETS, sizeof(struct termios), 0, true },
	{ TCSETSW, sizeof(struct termios), 0, true },
	{ TCSETSF, sizeof(struct termios), 0, true },
	{ TCGETS2, 0, sizeof(struct termios2), false },
	{ TCSETS2, sizeof(struct termios2), 0, true },
	{ TCSETSW2, sizeof(struct termios2), 0, true },
	{ TCSETSF2, sizeof(struct termios2), 0, true },
	{ TCSBRK, 0, 0, true },
	{ TCSBRKP, 0, 0, true },
	{ TCXONC, 0, 0, true },
	{ TCFLSH, 0, 0, true },
	{ TIOCOUTQ, 0, sizeof(int), false },
	{ FIONREAD, 0, sizeof(int), false },
	{ TIOCGWINSZ, 0, sizeof(struct winsize), false },
	{ TIOCSWINSZ, sizeof(struct winsize), 0, false },
};

/* An argument that the broker would end the sandbox for. */
static long bad_argument(unsigned int cmd, uaddr_t arg)
{
	if (cmd == TCXONC && arg > TCION)
		return -EINVAL;
	return cmd == TCFLSH && arg > TCIOFLUSH ? -EINVAL : 0;
}

/* The broker does not wait until all is sent: who asks for that does. */
static long ask_drained(struct broker_req *req, char *buf, size_t cap)
{
	struct task *t = current();
	struct broker_rep rep;
	long err;

	for (;;) {
		err = broker_call(req, buf, &rep, buf, cap, NULL);
		if (err != -EAGAIN)
			return err;
		err = wait_sleep(t, wait_prepare(t),
				 time_now() + DRAIN_LOOK_NS);
		if (err == -EINTR)
			return -ERESTARTSYS;
	}
}

static long pass_on(unsigned int index, const struct call *c, uaddr_t arg)
{
	struct broker_req req = {
		.op = BROKER_FD_TTY,
		.arg = { index, c->cmd },
	};
	char buf[64];
	long err = bad_argument(c->cmd, arg);

	if (err)
		return err;
	if (c->changes)
		err = own_tty_check(index, SIGTTOU);
	if (err)
		return err;
	/* TCSBRK: all but 0 wait for what was written, tcdrain(3). */
	if (!c->in && !c->out)
		req.arg[2] = MIN(arg, c->cmd == TCSBRK ? 1u :
				 BROKER_BREAK_MAX);
	if (c->in) {
		if (copy_in(buf, arg, c->in))
			return -EFAULT;
		req.len1 = c->in;
	}
	err = ask_drained(&req, buf, sizeof(buf));
	if (err)
		return err;
	return c->out && copy_out(arg, buf, c->out) ? -EFAULT : 0;
}

long own_tty_ioctl(unsigned int index, struct file *f, unsigned int cmd,
		   uaddr_t arg)
{
	struct own *o = owns[index];
	long r = -ENOIOCTLCMD;

	if (o) {
		r = tty_group_ioctl(&o->tty, f, cmd, arg, false);
		if (cmd == TIOCSTI || cmd == TIOCCONS || cmd == TIOCLINUX ||
		    cmd == TIOCVHANGUP)
			r = -EPERM;
	}
	if (r != -ENOIOCTLCMD)
		return r;
	for (unsigned int k = 0; k < ARRAY_SIZE(calls); k++)
		if (calls[k].cmd == cmd)
			return pass_on(index, &calls[k], arg);
	return -ENOTTY;
}

bool own_tty_signal(int sig)
{
	struct own *o, *last = NULL;
	bool found = false;

	for (unsigned int k = 0; k < INHERITED_MAX; k++) {
		o = owns[k];
		if (!o || o == last || !load_once(&o->tty.pgrp))
			continue;
		tty_signal(&o->tty, sig);
		found = true;
		last = o;
	}
	return found;
}
