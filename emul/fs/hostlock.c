/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hostlock.c: locks of files that the host's programs lock too.
 *
 * To the outside the sandbox is one owner: the open file of the host that it
 * has for each inode, if that may be written.  Between its processes flock.c
 * decides; so the strongest of their locks is what the host knows.
 */
#include "emul/fs/hostfs.h"
#include "emul/host/broker.h"

void host_lock_begin(struct inode *i)
{
	/* Where it cannot be written, the host does not hear of the lock. */
	if (S_ISREG(i->mode) && hostfs_of(i)->kind == HOST_RW)
		(void)host_fd(i, true);
}

static int ask(struct inode *i, uint64_t kind, off_t start, off_t end,
	       struct broker_rep *rep, struct broker_node *b)
{
	struct broker_req req = {
		.op = BROKER_FD_LOCK,
		.arg = { 0, kind, (uint64_t)start, (uint64_t)end },
	};

	if (hostfs_of(i)->kind != HOST_RW)
		return -ENOENT;
	return host_request_fd(i, &req, true, NULL, rep, b, b ? sizeof(*b) : 0);
}

int host_lock(struct inode *i, short type, off_t start, off_t end, bool whole)
{
	struct host_node *n = host_node(i);
	uint32_t changes = load_acquire(&n->changes);
	struct broker_node b;
	struct broker_rep rep = { .len = 0 };
	int err = ask(i, (uint64_t)type | (whole ? BROKER_LOCK_WHOLE : 0),
		      start, end, &rep, &b);

	/*
	 * Who takes a lock wants to see what the last one did who had it: the
	 * attributes as they are now come along.
	 */
	if (!err && rep.len >= sizeof(b))
		host_inode_news(i, &b.st, changes);
	else if (type != F_UNLCK && host_shared(i))
		__atomic_fetch_add(&n->changes, 1, __ATOMIC_RELEASE);
	/* All but a conflict: a host that has no locks there, or not for us. */
	return err == -EAGAIN || err == -ENOLCK ? err : 0;
}

int host_test_lock(struct inode *i, short *type, off_t *start, off_t *end)
{
	struct broker_rep rep;
	int err = ask(i, (uint64_t)*type | BROKER_LOCK_TEST, *start, *end,
		      &rep, NULL);

	if (err || rep.count > F_UNLCK) {
		*type = F_UNLCK;
		return 0;
	}
	*type = (short)rep.count;
	*start = (off_t)rep.val[0];
	*end = (off_t)rep.val[1];
	return 0;
}
