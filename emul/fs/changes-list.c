/* SPDX-License-Identifier: Apache-2.0 */
/*
 * changes-list.c: a list of changes: what the host has in the place of one,
 * their order, the name by which one is told of.
 *
 * Apart, since all three use it: what finds the changes (changes.c), lists
 * them (changes-end.c) and brings them to the host (commit.c).
 */
#include "emul/fs/changes.h"

#include <linux/errno.h>

#include "emul/host/broker.h"
#include "emul/lib/alloc.h"
#include "emul/lib/string.h"

int change_ask(const struct changes *c, uint16_t grant, const char *path,
	       struct broker_req *req, struct broker_rep *rep, int *fd)
{
	size_t len = strlen(path);

	if (len >= BROKER_PATH_MAX)
		return -ENAMETOOLONG;
	req->grant = grant;
	req->len1 = (uint16_t)len;
	return broker_call(req, path, rep, c->buf, BROKER_BODY_MAX, fd);
}

int change_stat(const struct changes *c, uint16_t grant, const char *path,
		struct broker_stat *st)
{
	struct broker_req req = { .op = BROKER_STAT };
	struct broker_rep rep;
	int err = change_ask(c, grant, path, &req, &rep, NULL);

	if (!err && rep.len < sizeof(struct broker_node))
		err = -EIO;
	if (!err)
		*st = ((const struct broker_node *)(const void *)c->buf)->st;
	return err;
}

static int by_path(const struct change *a, const struct change *b)
{
	int r = strcmp(a->mount, b->mount);

	return r ? r : strcmp(a->path, b->path);
}

static void sink(struct change *v, size_t at, size_t n)
{
	struct change t = v[at];

	for (;;) {
		size_t kid = 2 * at + 1;

		if (kid >= n)
			break;
		if (kid + 1 < n && by_path(&v[kid], &v[kid + 1]) < 0)
			kid++;
		if (by_path(&t, &v[kid]) >= 0)
			break;
		v[at] = v[kid];
		at = kid;
	}
	v[at] = t;
}

void changes_sort(struct changes *c)
{
	struct change *v = c->v, t;
	size_t n = c->n, k;

	for (k = n / 2; k--; )
		sink(v, k, n);
	for (k = n; k-- > 1; ) {
		t = v[0];
		v[0] = v[k];
		v[k] = t;
		sink(v, 0, k);
	}
}

void changes_free(struct changes *c)
{
	for (size_t k = 0; k < c->n; k++) {
		if (c->v[k].d)
			dput(c->v[k].d);
		if (c->v[k].dir)
			dput(c->v[k].dir);
		kfree(c->v[k].path);
	}
	kfree(c->v);
	kfree(c->buf);
}

size_t change_name(const struct change *h, char *line, size_t n)
{
	const char *parts[3] = { h->mount, *h->path ? "/" : "", h->path };

	if (!*h->mount && !*h->path)
		parts[1] = "/";
	for (int k = 0; k < 3; k++)
		for (const char *p = parts[k]; *p; p++) {
			unsigned char ch = (unsigned char)*p;

			if (n + 6 > BROKER_BODY_MAX)
				break;
			if (ch >= ' ' && ch != 0x7f && ch != '\\') {
				line[n++] = *p;
				continue;
			}
			line[n++] = '\\';
			line[n++] = (char)('0' + (ch >> 6));
			line[n++] = (char)('0' + (ch >> 3 & 7));
			line[n++] = (char)('0' + (ch & 7));
		}
	return n;
}
