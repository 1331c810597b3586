/* SPDX-License-Identifier: Apache-2.0 */
/* pty-ioctl.c: ioctl(2) of pseudo-terminals; ioctl_tty(2). */
#include "emul/tty/pty.h"

#include <linux/capability.h>

#include "emul/entry/uaccess.h"
#include "emul/lib/uapi.h"
#include "emul/task/task.h"

/* TIOCSWINSZ. */
static long set_size(struct pty *p, uaddr_t arg)
{
	struct winsize ws;
	bool changed;

	if (get_user(&ws, arg))
		return -EFAULT;
	pty_lock(p);
	changed = memcmp(&ws, &p->size, sizeof(ws)) != 0;
	p->size = ws;
	if (changed)
		p->line.signals |= SIGBIT(SIGWINCH);
	pty_unlock(p);
	return 0;
}

static long set_termios(struct pty *p, unsigned int cmd, uaddr_t arg)
{
	struct termios2 tio;
	bool flush = false;
	long err = tty_check(&p->tty, SIGTTOU);

	if (err)
		return err;
	pty_lock(p);
	tio = p->line.tio;
	mutex_unlock(&p->lock);
	err = termios_set(&tio, cmd, arg, &flush);
	if (err)
		return err;
	pty_lock(p);
	if (flush)
		line_flush_input(&p->line);
	line_set(&p->line, &tio);
	pty_type(p);
	pty_unlock(p);
	return 0;
}

/* The settings, by either end. */
static long setting_ioctl(struct pty *p, unsigned int cmd, uaddr_t arg)
{
	struct termios2 tio;
	struct winsize ws;
	int n;

	switch (cmd) {
	case TIOCGWINSZ:
		mutex_lock(&p->lock);
		ws = p->size;
		mutex_unlock(&p->lock);
		return put_user(arg, &ws);
	case TIOCSWINSZ:
		return set_size(p, arg);
	case TIOCGSOFTCAR:
		n = !!(load_once(&p->line.tio.c_cflag) & CLOCAL);
		return put_user(arg, &n);
	case TIOCSSOFTCAR:
		if (get_user(&n, arg))
			return -EFAULT;
		mutex_lock(&p->lock);
		if (n)
			p->line.tio.c_cflag |= CLOCAL;
		else
			p->line.tio.c_cflag &= ~CLOCAL;
		mutex_unlock(&p->lock);
		return 0;
	case TIOCGLCKTRMIOS:
		memset(&tio, 0, sizeof(tio));
		return copy_out(arg, &tio, sizeof(struct termios));
	case TIOCSLCKTRMIOS:
		return -EPERM;
	}
	if (termios_sets(cmd))
		return set_termios(p, cmd, arg);
	mutex_lock(&p->lock);
	tio = p->line.tio;
	mutex_unlock(&p->lock);
	return termios_get(&tio, cmd, arg);
}

/* TCFLSH: what comes to this end, what goes from it. */
static long flush(struct pty *p, bool master, uaddr_t what)
{
	bool in = what == TCIFLUSH || what == TCIOFLUSH;
	bool out = what == TCOFLUSH || what == TCIOFLUSH;

	if (!in && !out)
		return -EINVAL;
	pty_lock(p);
	if (master) {
		if (in)
			p->out.head = p->out.tail;
		if (out)
			p->in.head = p->in.tail;
		p->line.events |= LINE_ROOM;
	} else {
		if (in) {
			p->in.head = p->in.tail;
			line_flush_input(&p->line);
		}
		if (out)
			line_flush_output(&p->line);
	}
	pty_unlock(p);
	return 0;
}

/* TCXONC. */
static long flow(struct pty *p, bool master, uaddr_t what)
{
	uint8_t c;

	if (what > TCION)
		return -EINVAL;
	pty_lock(p);
	if (what == TCOOFF || what == TCOON) {
		if (master) {
			p->held = what == TCOOFF;
			p->line.events |= LINE_ROOM;
		} else if (what == TCOOFF) {
			p->line.held = true;
			line_stop(&p->line);
		} else if (p->line.held) {
			p->line.held = false;
			line_start(&p->line);
		}
	} else {
		/* The other end is asked to stop, or to go on. */
		c = p->line.tio.c_cc[what == TCIOFF ? VSTOP : VSTART];
		if (master) {
			ring_put(&p->in, &c, 1);
			pty_type(p);
		} else if (c) {
			ring_put(&p->out, &c, 1);
			p->line.events |= LINE_OUT;
		}
	}
	pty_unlock(p);
	return 0;
}

static long queue_ioctl(struct pty *p, unsigned int cmd, uaddr_t arg,
			bool master)
{
	int n = 0;
	long err;

	switch (cmd) {
	case FIONREAD:
		mutex_lock(&p->lock);
		n = (int)(master ? ring_used(&p->out) : line_count(&p->line));
		mutex_unlock(&p->lock);
		return put_user(arg, &n);
	case TIOCOUTQ:		/* the other end has it already */
		return put_user(arg, &n);
	case TCFLSH:
	case TCXONC:
	case TCSBRK:		/* nothing is left to be sent, no line breaks */
	case TCSBRKP:
	case TIOCSBRK:
		err = master ? 0 : tty_check(&p->tty, SIGTTOU);
		if (err)
			return err;
		break;
	case TIOCCBRK:
		return 0;
	default:
		return -ENOIOCTLCMD;
	}
	if (cmd == TCFLSH)
		return flush(p, master, arg);
	return cmd == TCXONC ? flow(p, master, arg) : 0;
}

static long other_ioctl(struct pty *p, unsigned int cmd, uaddr_t arg)
{
	unsigned int dev = (unsigned int)p->tty.rdev;
	int n;

	switch (cmd) {
	case TIOCEXCL:
	case TIOCNXCL:
		mutex_lock(&p->lock);
		p->exclusive = cmd == TIOCEXCL;
		mutex_unlock(&p->lock);
		return 0;
	case TIOCGEXCL:
		n = load_once(&p->exclusive);
		return put_user(arg, &n);
	case TIOCGETD:
		n = 0;		/* N_TTY */
		return put_user(arg, &n);
	case TIOCSETD:
		if (get_user(&n, arg))
			return -EFAULT;
		return n ? -EINVAL : 0;
	case TIOCGDEV:
		return put_user(arg, &dev);
	case TIOCSTI:
	case TIOCCONS:
	case TIOCVHANGUP:
		return -EPERM;
	}
	return -ENOTTY;
}

/* Those that both ends have. */
static long common_ioctl(struct pty *p, struct file *f, unsigned int cmd,
			 uaddr_t arg, bool master)
{
	long r = tty_group_ioctl(&p->tty, f, cmd, arg, master);

	if (r == -ENOIOCTLCMD)
		r = queue_ioctl(p, cmd, arg, master);
	if (r == -ENOIOCTLCMD)
		r = setting_ioctl(p, cmd, arg);
	if (r == -ENOIOCTLCMD)
		r = other_ioctl(p, cmd, arg);
	return r;
}

long pty_slave_ioctl(struct file *f, unsigned int cmd, uaddr_t arg)
{
	struct pty *p = f->priv;

	if (load_once(&p->hung_up))
		return cmd == TIOCSPGRP ? -ENOTTY : -EIO;
	return common_ioctl(p, f, cmd, arg, false);
}

/* TIOCPKT: a status of before is none of now. */
static long set_packet(struct pty *p, uaddr_t arg)
{
	int n;

	if (get_user(&n, arg))
		return -EFAULT;
	mutex_lock(&p->lock);
	if (n && !p->packet)
		p->status = 0;
	p->packet = n;
	mutex_unlock(&p->lock);
	return 0;
}

long pty_master_ioctl(struct file *f, unsigned int cmd, uaddr_t arg)
{
	struct pty *p = f->priv;
	int n;

	switch (cmd) {
	case TIOCGPTN:
		return put_user(arg, &p->index);
	case TIOCSPTLCK:
		if (get_user(&n, arg))
			return -EFAULT;
		mutex_lock(&p->lock);
		p->locked = n;
		mutex_unlock(&p->lock);
		return 0;
	case TIOCGPTLCK:
		n = load_once(&p->locked);
		return put_user(arg, &n);
	case TIOCPKT:
		return set_packet(p, arg);
	case TIOCGPKT:
		n = load_once(&p->packet);
		return put_user(arg, &n);
	case TIOCGPTPEER:
		return pts_open_peer(p, f, (unsigned int)arg);
	case TIOCSIG:
		if (arg < 1 || arg > NSIG64)
			return -EINVAL;
		tty_signal(&p->tty, (int)arg);
		return 0;
	}
	return common_ioctl(p, f, cmd, arg, true);
}
