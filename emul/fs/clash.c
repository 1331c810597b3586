/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clash.c: has the host changed what --commit is about to replace or remove?
 *
 * A file that the program has looked at is known by its time of change, and
 * of all else a change is one that is younger than the sandbox.  What has the
 * program's changes and others' too is for the user to sort out.
 */
#include "emul/fs/commit.h"

#include "emul/fs/hostfs.h"
#include "emul/lib/alloc.h"
#include "emul/lib/string.h"

/* A directory to be gone through. */
struct todo {
	struct todo *next;
	char path[];
};

static bool push(struct todo **list, const char *dir, const char *name)
{
	size_t n = strlen(dir), len = strlen(name);
	struct todo *t = kmalloc(sizeof(*t) + n + len + 2);

	if (!t)
		return false;
	memcpy(t->path, dir, n);
	if (n && len)
		t->path[n++] = '/';
	memcpy(t->path + n, name, len + 1);
	t->next = *list;
	*list = t;
	return true;
}

static bool younger(const struct changes *c, const struct broker_stat *st)
{
	const struct broker_time *t = &st->ctime;

	return t->sec > c->since.sec ||
		(t->sec == c->since.sec && t->nsec > c->since.nsec);
}

/* One reply with names of @dir: directories to @list.  1: a change. */
static int look_at_names(const struct changes *c, const struct broker_rep *rep,
			 const char *dir, struct todo **list, uint64_t *cookie)
{
	const char *p = c->buf, *end = p + rep->len;

	for (uint32_t k = 0; k < rep->count && p < end; k++) {
		const struct broker_dirent *e = (const void *)p;
		const struct broker_stat *st = (const void *)(e + 1);
		const char *name = (const char *)(st + (e->has_stat != 0));

		if (e->has_stat && S_ISDIR(st->mode)) {
			if (!push(list, dir, name))
				return -ENOMEM;
		} else if (e->has_stat && younger(c, st)) {
			return 1;
		}
		*cookie = e->cookie;
		p += e->rec_len;
	}
	return 0;
}

static int look_in(const struct changes *c, uint16_t grant, const char *dir,
		   struct todo **list)
{
	struct broker_rep rep;
	uint64_t cookie = 0;
	int r;

	do {
		struct broker_req req = {
			.op = BROKER_READDIR, .flags = BROKER_DIR_STAT,
			.arg = { cookie },
		};

		r = change_ask(c, grant, dir, &req, &rep, NULL);
		if (!r)
			r = look_at_names(c, &rep, dir, list, &cookie);
	} while (!r && (rep.flags & BROKER_REP_MORE));
	/* What cannot be read or is gone cannot be removed by us either. */
	return r == -EACCES || r == -ENOENT ? 0 : r;
}

/* Is a file in the directory @path, however deep, younger than we? */
static int look_below(const struct changes *c, uint16_t grant,
		      const char *path)
{
	struct todo *list = NULL, *t;
	int r = push(&list, path, "") ? 0 : -ENOMEM;

	while ((t = list)) {
		list = t->next;
		if (!r)
			r = look_in(c, grant, t->path, &list);
		kfree(t);
	}
	return r;
}

static bool as_seen(const struct inode *i, const struct broker_stat *st)
{
	const struct ktime *seen = &host_node(i)->seen;

	return st->ino == i->ino && st->ctime.sec == seen->sec &&
		st->ctime.nsec == seen->nsec;
}

/* What is still to be read or moved from another name on the host. */
static int source_clashes(const struct changes *c, const struct change *h)
{
	const struct inode *i = h->d ? h->d->inode : NULL;
	const struct host_node *n = i ? host_node(i) : NULL;
	struct broker_stat st;
	int err;

	if (!n || h->in_place || !n->lower || n->upper || !n->path)
		return 0;
	if (!h->moves && !S_ISREG(i->mode))
		return 0;
	err = change_stat(c, h->grant, n->path, &st);
	if (err)
		return err == -ENOENT || err == -ENOTDIR ? 1 : err;
	return h->moves ? st.ino != i->ino : !as_seen(i, &st);
}

int change_clashes(const struct changes *c, const struct change *h)
{
	struct broker_stat st;
	int err = source_clashes(c, h);

	if (err)
		return err;
	err = change_stat(c, h->grant, h->path, &st);
	if (err == -ENOTDIR)
		err = -ENOENT;
	if (err && err != -ENOENT)
		return err == -EACCES ? 0 : err;
	if (h->in_place && S_ISDIR(h->d->inode->mode))
		return err || !S_ISDIR(st.mode);
	if (h->in_place)
		return err || !as_seen(h->d->inode, &st);
	if (err)
		return 0;
	if (h->kind == 'A' && !h->replaces)
		return 1;
	if (!S_ISDIR(st.mode))
		return younger(c, &st);
	return h->kind == 'M' ? 0 : look_below(c, h->grant, h->path);
}

/* ".sbx-" and its own inode number in hexadecimal digits? */
static bool is_left(const struct broker_dirent *e)
{
	const char *p = (const char *)(e + 1);
	uint64_t ino = 0;

	if (e->name_len < 6 || e->name_len > 5 + 16 || memcmp(p, ".sbx-", 5))
		return false;
	for (p += 5; *p; p++) {
		if (*p >= '0' && *p <= '9')
			ino = ino << 4 | (uint64_t)(*p - '0');
		else if (*p >= 'a' && *p <= 'f')
			ino = ino << 4 | (uint64_t)(*p - 'a' + 10);
		else
			return false;
	}
	return ino == e->ino;
}

static void sweep_one(const struct changes *c, uint16_t grant,
		      const char *path)
{
	struct broker_req req = { .op = BROKER_UNLINK };
	struct broker_stat st;
	struct broker_rep rep;

	/* Not that of another sandbox, which is at it right now. */
	if (!change_stat(c, grant, path, &st) && S_ISREG(st.mode) &&
	    !younger(c, &st))
		change_ask(c, grant, path, &req, &rep, NULL);
}

void commit_sweep(const struct changes *c, uint16_t grant, const char *dir)
{
	struct broker_rep rep = { .flags = BROKER_REP_MORE };
	struct todo *found = NULL, *t;
	uint64_t cookie = 0;

	while (rep.flags & BROKER_REP_MORE) {
		struct broker_req req = {
			.op = BROKER_READDIR, .arg = { cookie },
		};
		const char *p = c->buf;

		if (change_ask(c, grant, dir, &req, &rep, NULL))
			break;
		for (uint32_t k = 0; k < rep.count; k++) {
			const struct broker_dirent *e = (const void *)p;

			if (is_left(e))
				push(&found, dir, (const char *)(e + 1));
			cookie = e->cookie;
			p += e->rec_len;
		}
	}
	while ((t = found)) {
		found = t->next;
		sweep_one(c, grant, t->path);
		kfree(t);
	}
}
