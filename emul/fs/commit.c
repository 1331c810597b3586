/* SPDX-License-Identifier: Apache-2.0 */
/*
 * commit.c: bring the changes of overlays to the host, by the broker.
 *
 * A file is written to one without a name, which then takes the place of the
 * old one in one step: whatever happens, the host has the old or the new, and
 * nothing else.  First all that has to be read from names that are about to
 * change is taken into memory; then things are made, by path, so that a
 * directory comes before what is in it; then things are removed, unless one
 * could not be made, which may be all there is of them; and last the times of
 * directories are set.
 */
#include "emul/fs/commit.h"

#include "emul/entry/trace-int.h"
#include "emul/fs/hostfs.h"
#include "emul/host/broker.h"
#include "emul/host/host.h"
#include "emul/lib/alloc.h"
#include "emul/lib/print.h"
#include "emul/lib/string.h"
#include "emul/vfs/dcache.h"

#define PIECE_PAGES	64u

int commit_ask(struct commit *t, const char *path, struct broker_req *req,
	       int *fd)
{
	struct broker_rep rep;

	return change_ask(t->c, t->h->grant, path, req, &rep, fd);
}

int commit_simple(struct commit *t, uint16_t op, const char *path,
		  uint64_t arg)
{
	struct broker_req req = { .op = op, .arg = { arg } };

	return commit_ask(t, path, &req, NULL);
}

/* A request with two paths, or a path and a text. */
static int two(struct commit *t, uint16_t op, const char *p1, const char *p2,
	       bool is_path)
{
	struct broker_req req = {
		.op = op, .grant = t->h->grant,
		.grant2 = is_path ? t->h->grant : 0,
		.len1 = (uint16_t)strlen(p1), .len2 = (uint16_t)strlen(p2),
	};
	struct broker_rep rep;

	return broker_call2(&req, p1, p2, -1, &rep, t->c->buf,
			    BROKER_BODY_MAX, NULL);
}

/* How much of @path names its directory. */
static size_t dir_len(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? (size_t)(slash - path) : 0;
}

/* A name beside @path that nobody has; kfree() it.  NULL: no memory. */
static char *temp_beside(struct commit *t, const char *path)
{
	size_t n = dir_len(path), size = n + 48;
	char *p = kmalloc(size);

	if (!p)
		return NULL;
	memcpy(p, path, n);
	ksnprintf(p + n, size - n, "%s.sbx-%lx-%u", n ? "/" : "",
		  (unsigned long)host_clock_ns(0), t->n_temps++);
	return p;
}

/*
 * Remove @path and, if it is a directory, all that is in it.  Goes down by
 * name, for a stack would end somewhere.
 */
static int remove_tree(struct commit *t, const char *path)
{
	size_t top = strlen(path);
	char *at = kmalloc(BROKER_PATH_MAX + 1);
	int err = commit_simple(t, BROKER_UNLINK, path, 0);

	if (err != -EISDIR && err != -EPERM) {
		kfree(at);
		return err == -ENOENT ? 0 : err;
	}
	if (!at)
		return -ENOMEM;
	strcopy(at, path, BROKER_PATH_MAX + 1);
	for (;;) {
		struct broker_req req = { .op = BROKER_READDIR };
		struct broker_rep rep;
		const struct broker_dirent *e = (const void *)t->c->buf;
		size_t n = strlen(at);

		err = commit_simple(t, BROKER_RMDIR, at, 0);
		if (!err || err == -ENOENT) {
			if (n == top)
				break;
			at[dir_len(at)] = '\0';
			continue;
		}
		if (err != -ENOTEMPTY && err != -EEXIST)
			break;
		req.arg[1] = 1024;	/* some names; it is asked again */
		err = change_ask(t->c, t->h->grant, at, &req, &rep, NULL);
		/* Not empty, and nothing in it: what is in it is hidden. */
		if (!err && !rep.count)
			err = -ENOTEMPTY;
		if (!err && n + 2 + e->name_len > BROKER_PATH_MAX)
			err = -ENAMETOOLONG;
		if (err)
			break;
		at[n] = '/';
		memcpy(at + n + 1, e + 1, e->name_len);
		at[n + 1 + e->name_len] = '\0';
		err = commit_simple(t, BROKER_UNLINK, at, 0);
		if (!err || err == -ENOENT)
			at[n] = '\0';
		else if (err != -EISDIR && err != -EPERM)
			break;
	}
	kfree(at);
	return err == -ENOENT ? 0 : err;
}

/*
 * Files.
 */

static int copy_range(struct inode *i, int fd, off_t at, off_t end, char *buf)
{
	while (at < end) {
		size_t len = MIN((size_t)(end - at), PIECE_PAGES * PAGE_SIZE);
		struct uio u;
		off_t pos = at;
		ssize_t n;

		uio_kernel(&u, buf, len);
		n = memdata_read(i, &host_node(i)->data, &u, &pos);
		for (ssize_t done = 0; done < n; ) {
			long w = host_pwrite(fd, buf + done,
					     (size_t)(n - done), at + done);

			if (w <= 0)
				return w ? (int)w : -EIO;
			done += w;
		}
		if (n <= 0)
			return n ? (int)n : -EIO;
		at += n;
	}
	return 0;
}

/* All that is not a hole, and the size. */
static int copy_data(struct commit *t, struct inode *i, int fd)
{
	struct broker_req size = {
		.op = BROKER_FD_TRUNCATE, .arg = { 0, i->size },
	};
	char *buf = page_alloc(PIECE_PAGES);
	off_t at = 0, end;
	int err = commit_fd_ask(t, fd, &size);

	if (!buf)
		return -ENOMEM;
	while (!err && (uint64_t)at < i->size) {
		at = memdata_seek(i, &host_node(i)->data, at, 3);
		if (at < 0)
			break;
		end = memdata_seek(i, &host_node(i)->data, at, 4);
		err = copy_range(i, fd, at, end, buf);
		at = end;
	}
	page_free(buf, PIECE_PAGES);
	return err;
}

/* A file to write to: without a name, or with @*temp where that cannot be. */
static int open_temp(struct commit *t, const char *path, char **temp, int *fd)
{
	struct broker_req req = {
		.op = BROKER_OPEN, .arg = { O_TMPFILE | O_RDWR, 0600 },
	};
	size_t n = dir_len(path);
	char *dir = kstrndup(path, n);
	int err;

	*temp = NULL;
	if (!dir)
		return -ENOMEM;
	err = commit_ask(t, dir, &req, fd);
	kfree(dir);
	if (err != -EOPNOTSUPP && err != -EISDIR)
		return err;
	*temp = temp_beside(t, path);
	if (!*temp)
		return -ENOMEM;
	req = (struct broker_req){
		.op = BROKER_OPEN,
		.arg = { O_RDWR | O_CREAT | O_EXCL, 0600 },
	};
	return commit_ask(t, *temp, &req, fd);
}

/* In the place of what has the name; of what is new there was nothing. */
static int name_it(struct commit *t, const char *path, const char *temp,
		   int fd)
{
	bool over = t->h->kind == 'M';
	struct broker_req req = {
		.op = BROKER_FD_LINK,
		.flags = BROKER_FD_SENT | (over ? BROKER_LINK_OVER : 0),
		.grant = t->h->grant, .len1 = (uint16_t)strlen(path),
	};
	struct broker_rep rep;

	if (temp)
		return two(t, BROKER_RENAME, temp, path, true);
	return broker_call2(&req, path, NULL, fd, &rep, t->c->buf,
			    BROKER_BODY_MAX, NULL);
}

/* The whole of the regular file @i takes the name @path. */
static int publish(struct commit *t, const char *path, struct inode *i)
{
	struct broker_req sync = { .op = BROKER_FD_SYNC };
	const struct broker_node *b = (const void *)t->c->buf;
	struct broker_stat st;
	char *temp;
	int fd = -1, err = open_temp(t, path, &temp, &fd);

	if (!err && fd < 0)
		err = -EIO;
	st = b->st;
	if (!err)
		err = copy_data(t, i, fd);
	if (!err)
		err = commit_fd_attrs(t, fd, i, &st);
	if (!err)
		err = commit_fd_ask(t, fd, &sync);
	if (!err)
		err = name_it(t, path, temp, fd);
	if (err && temp)
		commit_simple(t, BROKER_UNLINK, temp, 0);
	if (fd >= 0)
		host_close(fd);
	kfree(temp);
	return err;
}

/* A file granted by itself: its directory is not ours to make names in. */
static int rewrite(struct commit *t, struct inode *i)
{
	struct broker_req req = { .op = BROKER_OPEN, .arg = { O_RDWR } };
	struct broker_req sync = { .op = BROKER_FD_SYNC };
	int fd = -1, err = commit_ask(t, "", &req, &fd);

	if (!err && fd < 0)
		err = -EIO;
	if (!err)
		err = copy_data(t, i, fd);
	if (!err)
		err = commit_fd_ask(t, fd, &sync);
	if (fd >= 0)
		host_close(fd);
	return err;
}

/* A link or a fifo, under @path. */
static int make_special(struct commit *t, const char *path,
			const struct inode *i)
{
	if (S_ISLNK(i->mode))
		return two(t, BROKER_SYMLINK, path, i->link, false);
	if (S_ISFIFO(i->mode))
		return commit_simple(t, BROKER_MKNOD, path, S_IFIFO | 0600);
	return -EPERM;
}

/* Another name of what has the name @from, or what make_special() makes. */
static int make_over(struct commit *t, const char *from, bool over)
{
	const char *path = t->h->path;
	struct inode *i = t->h->d->inode;
	char *temp;
	int err;

	if (!over)
		return from ? two(t, BROKER_LINK, from, path, true) :
			make_special(t, path, i);
	temp = temp_beside(t, path);
	if (!temp)
		return -ENOMEM;
	err = from ? two(t, BROKER_LINK, from, temp, true) :
		make_special(t, temp, i);
	if (!err)
		err = two(t, BROKER_RENAME, temp, path, true);
	/* A rename to another name of the same file does nothing. */
	commit_simple(t, BROKER_UNLINK, temp, 0);
	kfree(temp);
	return err;
}

/* A name on the host that the inode of change @h has by now, or NULL. */
static const char *other_name(const struct changes *c, const struct change *h)
{
	struct inode *i = h->d->inode;
	struct host_node *n = host_node(i);

	if (i->nlink < 2 || S_ISDIR(i->mode))
		return NULL;
	for (const struct change *o = c->v; o < h; o++)
		if (o->d && o->d->inode == i && o->done && o->grant == h->grant)
			return o->path;
	/* Its first name, that nobody has touched. */
	if (n->lower && !n->upper && n->path && n->dentry &&
	    n->dentry->inode == i && !(n->dentry->flags & D_DELETED))
		return n->path;
	return NULL;
}

static int make_dir(struct commit *t)
{
	if (t->h->kind == 'M')
		return 0;	/* its attributes come at the end */
	return commit_simple(t, BROKER_MKDIR, t->h->path, 0700);
}

/* A directory may have been opened up to be changed, and shut again. */
static int open_dir(struct commit *t)
{
	struct broker_stat st;
	int err = change_stat(t->c, t->h->grant, t->h->path, &st);

	/* Whether that is enough will be seen. */
	if (!err && (st.mode & 0700) != 0700)
		commit_simple(t, BROKER_CHMOD, t->h->path,
			      (st.mode & 03777) | 0700);
	return err;
}

static int do_one(struct commit *t)
{
	struct change *h = t->h;
	struct inode *i = h->d->inode;
	bool over = h->kind == 'M';
	const char *from;
	int err;

	if (h->in_place && S_ISDIR(i->mode))
		return open_dir(t);
	if (h->in_place && !(S_ISREG(i->mode) && host_node(i)->upper))
		return commit_attrs(t, h->path, i);
	if (h->replaces) {
		err = remove_tree(t, h->path);
		if (err)
			return err;
	}
	if (h->moves) {
		err = two(t, BROKER_RENAME, host_node(i)->path, h->path, true);
		return err || !host_node(i)->attr || S_ISDIR(i->mode) ? err :
			commit_attrs(t, h->path, i);
	}
	if (S_ISDIR(i->mode))
		return make_dir(t);
	from = other_name(t->c, h);
	if (from)
		return make_over(t, from, over);
	if (S_ISREG(i->mode))
		return *h->path ? publish(t, h->path, i) : rewrite(t, i);
	if (S_ISSOCK(i->mode))
		return 0;	/* nobody is behind it any more */
	err = make_over(t, NULL, over);
	return err ? err : commit_attrs(t, h->path, i);
}

/* What must not be read from the host any more once that begins to change. */
static int read_first(const struct changes *c, const struct change *h)
{
	struct inode *i = h->d->inode;
	const struct host_node *n = host_node(i);
	int err = 0;

	if (h->moves || !n->lower || (h->in_place && !n->upper))
		return 0;
	/* A file is made anew, and gets all of them. */
	mutex_lock(&i->lock);
	if (!h->in_place || S_ISREG(i->mode))
		err = host_load_xattrs(i);
	mutex_unlock(&i->lock);
	if (err || h->in_place)
		return err;
	if (S_ISLNK(i->mode) && !i->link) {
		char *buf = kmalloc(PATH_LEN_MAX);
		ssize_t len = buf ? i->ops->readlink(i, buf, PATH_LEN_MAX) :
			-ENOMEM;

		kfree(buf);
		return len < 0 ? (int)len : 0;
	}
	if (!S_ISREG(i->mode) || other_name(c, h))
		return 0;
	return host_copy_up(i, UINT64_MAX);
}

#define LINES_MAX	20u	/* failures that are told one by one */

static void failed(struct commit *t, const char *why)
{
	const char says[] = "sbx: --commit: ";
	size_t n;

	if (t->n_failed++ >= LINES_MAX)
		return;
	memcpy(t->c->buf, says, sizeof(says) - 1);
	n = change_name(t->h, t->c->buf, sizeof(says) - 1);
	t->c->buf[MIN(n, BROKER_BODY_MAX - 1)] = '\0';
	kprintf("%s: %s\n", t->c->buf, why);
}

static void failed_by(struct commit *t, int err)
{
	if (err)
		failed(t, trace_errno_text(-err));
}

/* All that must be known before the first change.  0 or -errno. */
static int prepare(struct commit *t)
{
	struct changes *c = t->c;
	int r = 0;

	for (t->h = c->v; t->h < c->v + c->n && r >= 0; t->h++) {
		r = change_clashes(c, t->h);
		t->h->clash = r > 0;
		if (!r && t->h->d)
			r = read_first(c, t->h);
		if (r < 0)
			failed_by(t, r);
	}
	return r < 0 ? r : 0;
}

static void make_all(struct commit *t)
{
	struct changes *c = t->c;

	for (t->h = c->v; t->h < c->v + c->n; t->h++) {
		int err = 0;

		if (t->h->clash)
			failed(t, "others have changed it on the host "
			       "meanwhile; it is left as they have it");
		else if (t->h->d)
			err = do_one(t);
		t->h->done = t->h->d && !t->h->clash && !err;
		failed_by(t, err);
	}
}

static void remove_all(struct commit *t)
{
	for (size_t k = t->c->n; k--; ) {
		t->h = &t->c->v[k];
		if (t->h->kind == 'D' && !t->h->clash)
			failed_by(t, remove_tree(t, t->h->path));
	}
}

/* The directory @dir, in which @h and others are. */
static void finish_one(struct commit *t, const struct change *h, char *dir)
{
	struct change in = *h;

	in.path = dir;
	t->h = &in;
	commit_sweep(t->c, h->grant, dir);
	/* Others' directories do not let their times be set. */
	commit_times(t, dir, h->dir->inode);
	failed_by(t, commit_simple(t, BROKER_SYNC, dir, 0));
	t->h = NULL;
}

/* Directories get their modes and times when nothing in them changes more. */
static void finish_dirs(struct commit *t)
{
	for (size_t k = t->c->n; k--; ) {
		struct change *h = &t->c->v[k];
		char *dir;

		t->h = h;
		if (h->done && S_ISDIR(h->d->inode->mode))
			failed_by(t, commit_attrs(t, h->path, h->d->inode));
		if (!h->dir || (k && t->c->v[k - 1].dir == h->dir))
			continue;
		dir = kstrndup(h->path, dir_len(h->path));
		if (!dir) {
			failed_by(t, -ENOMEM);
			return;
		}
		finish_one(t, h, dir);
		kfree(dir);
	}
}

static void remark(const struct commit *t)
{
	if (t->n_owners)
		kprintf("sbx: --commit: the owners of %u files could not be "
			"kept\n", t->n_owners);
	if (t->n_xattrs)
		kprintf("sbx: --commit: the extended attributes of %u files "
			"could not be kept\n", t->n_xattrs);
	if (t->n_modes)
		kprintf("sbx: --commit: %u files lost their set-id bits\n",
			t->n_modes);
}

void changes_commit(struct changes *c, char *text, size_t size)
{
	struct commit t = { .c = c };
	bool removed = false;
	uint32_t n_made;

	if (prepare(&t)) {
		ksnprintf(text, size, "nothing was written back");
		return;
	}
	make_all(&t);
	n_made = t.n_failed;
	for (size_t k = 0; k < c->n; k++) {
		removed |= c->v[k].kind == 'D';
		/* That others keep what we would remove takes nothing away. */
		n_made -= c->v[k].kind == 'D' && c->v[k].clash;
	}
	if (!n_made)
		remove_all(&t);
	finish_dirs(&t);
	remark(&t);
	if (t.n_failed)
		ksnprintf(text, size, "not all was written back%s", removed &&
			  n_made ? ", and so nothing was removed" : "");
}
