/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hostfs.h: directories of the host, as the broker grants them.
 *
 * Three kinds.  RO and RW are shared: others make changes, which are to be
 * seen, so names are asked again at each walk.  OVERLAY: names and attributes
 * are asked once, for the guest may change all of it; what it changes lives in
 * memory: names pinned in the dentry cache (a pinned one that does not exist
 * hides the host's), contents as memdata.
 */
#ifndef SBX_FS_HOSTFS_H
#define SBX_FS_HOSTFS_H

#include "emul/abi/boot.h"
#include "emul/abi/broker.h"
#include "emul/fs/memdata.h"
#include "emul/vfs/vfs.h"

enum host_kind {
	HOST_RO,
	HOST_RW,
	HOST_OVERLAY,
};

struct hostfs {
	enum host_kind kind;
	uint16_t grant;
	bool searched;		/* changes.c has been here */
	char *where;		/* the policy shows it at; "" for / */
	uint32_t gen;		/* RW: bumped by what may change any's attributes */
	/* hostlist.c, hostnames.c: guesses at what will be asked for next. */
	uint32_t ahead;		/* directories to list at once */
	uint32_t ahead_got;	/* so many came unasked ... */
	uint32_t ahead_used;	/* ... and so many of them were read */
	uint32_t stat_wanted;	/* directories whose files were looked at */
	uint32_t stat_probes;	/* lists made since it was seen to be so */
	bool stat_seen;
	uint32_t open_got;	/* hostopen.c: as ahead_got, ahead_used */
	uint32_t open_used;
	uint32_t open_max;	/* so many were opened at once the last time */
	uint32_t xattrs_wanted;	/* files whose extended ones were asked for */
	uint64_t synced_dev;	/* hostio.c: of it is known what a sync does */
	struct memquota quota;
};

struct host_node {
	struct dentry *dentry;	/* a name of it; no reference */
	char *path;		/* its path under the grant, if not as named */
	uint32_t blksize;
	uint32_t path_len;
	int fd;			/* host descriptor, or -1; lru_lock to drop it */
	int old_fd;		/* the one before it could be written to */
	bool fd_write;		/* it may be written to */
	bool fd_ahead;		/* it came unasked, and was not used yet */
	bool on_lru;
	uint32_t n_open;	/* files open: the descriptor stays; atomic */
	struct list_head lru;
	/*
	 * Shared: when the attributes were asked for, what hostfs->gen was then,
	 * and changes; and when it was seen that the name is this file's.
	 */
	int64_t fresh_ns;
	uint32_t fresh_gen, fresh_changes;
	uint32_t named_gen;
	int64_t named_ns;
	uint32_t changes;	/* of this file alone, by us; atomic */
	bool lower;		/* the host has it */
	bool upper;		/* contents are in data, not the host's */
	bool attr;		/* overlay: attributes are not the host's */
	bool xattr;		/* overlay: nor the extended ones */
	bool place;		/* made for something that is mounted there */
	struct ktime seen;	/* ctime on the host when it was looked at */
	struct dir_list *list;	/* of a directory: all; i->lock to change */
	/* Of a directory: hostnames.c. */
	bool was_read;		/* the guest has listed it */
	bool stat_busy, stat_done, list_failed;
	uint32_t n_opens;	/* of its files, one by one; atomic */
	size_t open_at;		/* in list: before it were looked at */
	uint32_t n_asked;	/* requests for a name in it; atomic */
	uint32_t n_found;	/* found, and not to be opened; atomic */
	uint32_t stat_size;	/* how many attributes came the last time */
	uint64_t stat_cookie;	/* from where they are to come next */
	struct host_names *names;
	struct host_names *old_names;	/* walks may still look at them */
	bool xattrs_known;	/* i->xattrs is what the host has, or had ... */
	uint32_t xattrs_gen;	/* ... when hostfs->gen was this, ... */
	uint32_t xattrs_changes;	/* ... and changes this ... */
	int64_t xattrs_ns;	/* ... and this the time */
	struct memdata data;
};

static inline struct hostfs *hostfs_of(const struct inode *i)
{
	return i->sb->priv;
}

/* Do others change it, in a way that is to be seen? */
static inline bool host_shared(const struct inode *i)
{
	return hostfs_of(i)->kind != HOST_OVERLAY;
}

static inline struct host_node *host_node(const struct inode *i)
{
	return i->priv;
}

/* A superblock over the grant that @m names, seen at @where; err_ptr(). */
struct superblock *hostfs_super(const struct boot_mount *m,
				const char *where) __must_check;
bool hostfs_is(const struct superblock *sb);
/*
 * A directory (or empty file) that is not the host's below @dir, for what is
 * to be mounted there.  A reference, or err_ptr().
 */
struct dentry *hostfs_mountpoint(struct dentry *dir, const char *name,
				 size_t len, bool is_dir) __must_check;
/*
 * The files of the host's user @host_uid are shown as @uid's, and so with the
 * groups; before the first file system is made.
 */
void hostfs_ids(uint32_t host_uid, uint32_t uid, uint32_t host_gid,
		uint32_t gid);
/* How many descriptors the host lets the sandbox have. */
void hostfs_limit(uint64_t descriptors);

/* What an owner on the host is in here, and the other way. */
uint32_t host_uid_in(uint32_t uid);
uint32_t host_gid_in(uint32_t gid);
uint32_t host_uid_out(uint32_t uid);
uint32_t host_gid_out(uint32_t gid);

/* Inside of hostfs: */
extern const struct inode_ops host_file_iops __hidden, host_link_iops __hidden;
extern const struct file_ops host_file_fops __hidden, host_dir_fops __hidden;
extern const struct inode_ops overlay_dir_iops __hidden;
extern const struct inode_ops host_rw_dir_iops __hidden;

/* A new inode without host data. */
struct inode *host_inode_new(struct superblock *sb, mode_t mode);
/* From what the broker says; NULL: no memory. */
struct inode *host_inode_from(struct superblock *sb,
			      const struct broker_node *n);
void host_inode_set(struct inode *i, const struct broker_stat *st);
/* The same where @changes was host_node->changes when it was asked for. */
__hidden void host_inode_news(struct inode *i, const struct broker_stat *st,
			      uint32_t changes);
/*
 * The flag of a request for attributes with which it tells who has no extended
 * ones, where these are likely to be asked for too; else 0.
 */
static inline uint32_t host_xattrs_wanted(const struct hostfs *fs)
{
	return load_once(&fs->xattrs_wanted) >= 8 ? BROKER_DIR_XATTR : 0;
}
/* Attributes of this file system are to be asked for anew. */
static inline void host_stale(const struct inode *i)
{
	__atomic_fetch_add(&hostfs_of(i)->gen, 1, __ATOMIC_RELEASE);
}
/*
 * We have changed @i: its attributes are to be asked for anew, and those of
 * others if some may be the same file by another name.
 */
__hidden void host_touched(const struct inode *i);
void host_attach(struct inode *i, struct dentry *d);
/*
 * The path of @d under its grant at the end of @buf of BROKER_PATH_MAX bytes;
 * its length in *@len.  NULL: too long.
 */
char *host_path(struct dentry *d, char *buf, size_t *len);
/* A request about @d's path: as broker_call() for BROKER_PATH_MAX paths. */
int host_request(struct dentry *d, struct broker_req *req,
		 struct broker_rep *rep, void *buf, size_t cap, int *fd);
/* The same for an inode, which may have lost that name. */
int host_request_inode(struct inode *i, struct broker_req *req,
		       struct broker_rep *rep, void *buf, size_t cap, int *fd);
/* The same with the name of an attribute, or NULL, as bytes 2. */
int host_request_name(struct inode *i, struct broker_req *req,
		      const char *name, struct broker_rep *rep, void *buf,
		      size_t cap);
/*
 * A request about the descriptor of a file on a writable mount, which may have
 * lost its name or never had one; @write: that can be written to.  -ENOENT
 * when there is none open.  @path: a new name for it, or NULL.
 */
int host_request_fd(struct inode *i, struct broker_req *req, bool write,
		    struct dentry *path, struct broker_rep *rep, void *buf,
		    size_t cap);
/* What the host says of a file that is open, whatever became of its name. */
int host_refresh_open(struct inode *i);
/* The next node of a reply, or NULL when the reply is not as it should be. */
const struct broker_node *host_next_node(const char **p, const char *end);
void host_pin(struct dentry *d);

/* Is @d a directory whose names the host has? */
static inline bool host_has_lower(const struct dentry *d)
{
	return d->inode && host_node(d->inode)->lower &&
	       S_ISDIR(d->inode->mode);
}

/*
 * hostlist.c: the broker's entries of a directory, end to end, without their
 * attributes.  The host's own positions may use all 63 bits, so the guest is
 * given offsets into this; it is kept until the directory is closed or read
 * from its start, and with the inode where only we change the directory.
 */
struct dir_list {
	struct ref ref;
	size_t used, size;	/* bytes */
	uint64_t cookie;	/* the broker's: where the next batch starts */
	uint32_t count;
	bool done;
	bool ahead;		/* fetched before it was asked for */
	char *mem;		/* struct broker_dirent ... */
};

#define LIST_KEEP_MAX	(1U << 20)	/* bytes of a list kept */

/* That of the host's names in @d, if it is known; or NULL. */
static inline const struct dir_list *host_list_of(const struct dentry *d)
{
	return host_has_lower(d) ? load_acquire(&host_node(d->inode)->list) :
		NULL;
}

struct dir_list *host_list_new(void);
void host_list_put(struct dir_list *l);
/* Where in @l the entry after the one of @name starts. */
__hidden size_t host_list_behind(const struct dir_list *l, const char *name,
				 size_t len);
/*
 * The complete list of @dir, or one of one's own, to be read further.  NULL:
 * no memory.
 */
struct dir_list *host_list_get(struct dentry *dir);
/* The next batch, if there is one: l->done.  0 or -errno. */
int host_list_more(struct dentry *dir, struct dir_list *l);
/*
 * Put what LIST has told of directories below @top in its place; @first_wanted:
 * the first one was asked for.  The last one with a reference, or NULL.
 */
__hidden struct dentry *host_lists_take(struct dentry *top, const char *buf,
					const struct broker_rep *rep, bool stat,
					bool first_wanted);
/*
 * hostahead.c: list @dir, with or without attributes, and others beside and
 * below it, where they may be wanted.
 */
void host_list_ahead(struct dentry *dir, bool stat);
/* If the broker has been asked for @name in @up in advance, wait for it. */
__hidden void host_ahead_await(struct dentry *up, const char *name, size_t len);
/* Fetch the lists that were asked for in advance: true if there were any. */
__hidden bool host_ahead_fetch(void) __must_check;
/* Fetch all that was asked for in advance, and ask for no more. */
void host_ahead_settle(void);
/* It is complete: others need not ask again, where it may be kept. */
void host_list_keep(struct inode *i, struct dir_list *l);

/*
 * Put the name of what @n tells of into the cache, if it is not there.  A
 * reference, or NULL: no memory.
 */
struct dentry *host_add_name(struct dentry *dir, const char *name, size_t len,
			     const struct broker_node *n, bool no_xattrs);

/* What is still to be looked at of a reply's entries. */
struct host_rows {
	const char *at, *end;
	uint32_t left;
	uint64_t cookie;	/* after the last one taken */
};
static inline struct host_rows host_rows(const char *buf,
					 const struct broker_rep *rep)
{
	return (struct host_rows){ buf, buf + rep->len, rep->count, 0 };
}
/*
 * Take the entries of @dir, up to the next BROKER_DIR_HEAD: attributes to the
 * cache, unless @dir is NULL, the rest to @l, unless it is.  0 or -errno.
 */
int host_rows_take(struct host_rows *r, struct dentry *dir,
		   struct dir_list *l);
/*
 * hostnames.c: a name of @dir is about to be asked for, with these LOOKUP_
 * flags: perhaps fetch more than that name first.
 */
__hidden void host_names_asked(struct dentry *dir, unsigned int flags);
/* Have its names known, by a list of all of it; tried once. */
__hidden void host_names_learn(struct dentry *dir);
/* Does who asks so look at the files of @dir one by one, perhaps? */
__hidden bool host_names_looks(const struct dentry *dir, unsigned int flags);
/* The whole of @dir was listed. */
__hidden void host_names_from(struct dentry *dir, const struct dir_list *l);
/* Were the attributes of what was listed looked at, lately? */
__hidden bool host_names_stat_wanted(const struct hostfs *fs);
/* Will the next one be tried without, to see whether they are still? */
__hidden bool host_names_probe_next(const struct hostfs *fs);
/* Are those of the next one wanted? */
__hidden bool host_names_stat(struct hostfs *fs);
/* It is known that @dir has no name of that hash. */
__hidden bool host_names_lack(struct dentry *dir, uint32_t hash);
__hidden void host_names_free(struct host_node *n);
__hidden int host_lookup(struct inode *dir, struct dentry *d);
__hidden void host_prefetch(struct dentry *dir, const char *rest, size_t len,
		   unsigned int flags);
__hidden int host_setattr(struct inode *i, const struct iattr *a);
__hidden int host_attr_flags(struct inode *i, bool change);
__hidden int host_getattr(struct inode *i, struct kstat *st);
__hidden int host_rw_setattr(struct inode *i, const struct iattr *a);
__hidden int host_load_xattrs(struct inode *i);
__hidden int host_setxattr(struct inode *i, const char *name,
			   const void *value, size_t size, int flags);
/* Tell the broker a value that the next request sets; one at a time. */
__hidden int host_xattr_stage(const char *value, size_t size);
__hidden void host_evict(struct inode *i);
int host_open(struct inode *i, struct file *f);
/*
 * hostopen.c: @d, a file of an overlay, is about to be opened for reading:
 * open others of its directory with it, where they may be wanted.
 */
__hidden void host_open_ahead(struct dentry *d);
/*
 * The same where there is no dentry yet for @name in the directory @dir: it
 * and others get theirs, and a descriptor.  True: it has.
 */
__hidden bool host_open_names(struct dentry *dir, const char *name, size_t len);
/* How many descriptors there may be of files that nobody has open. */
__hidden uint32_t host_fds_idle(void);
/* Its part of host_ahead_settle(). */
__hidden void host_open_settle(void);
/* @i has a descriptor that nobody uses: it may be closed for others. */
__hidden void host_fd_idle(struct inode *i);
/*
 * The directory that @d lies in, with a reference, and @d's name there, of
 * NAME_LEN_MAX + 1 bytes; NULL: it has none.
 */
__hidden struct dentry *host_name_in(struct dentry *d, char *name, size_t *len);
/* The host's descriptor of @i, opened where it is not yet; -errno. */
int host_fd(struct inode *i, bool write);
/* Contents into memory, @keep bytes of them at most.  i->lock is not held. */
int host_copy_up(struct inode *i, uint64_t keep);
/* The same with i->lock held. */
int host_copy_up_locked(struct inode *i, uint64_t keep);
void host_fd_drop(struct inode *i);
/* Is @f a file of the host's whose contents are not in memory? */
bool host_file_below(const struct file *f);

/* hostlock.c: inode_ops of the host's regular files. */
__hidden void host_lock_begin(struct inode *i);
__hidden int host_lock(struct inode *i, short type, off_t start, off_t end,
		       bool whole);
__hidden int host_test_lock(struct inode *i, short *type, off_t *start,
			    off_t *end);

/*
 * The host told of a change in @dir, to @name of @len bytes (NULL: to it
 * itself): what was known of it may be wrong.
 */
__hidden void host_changed(struct dentry *dir, const char *name, size_t len);
__hidden void host_names_forget(struct host_node *n);
/*
 * A descriptor of the host's file, open for writing, is about to be closed by
 * us: the host will tell of that, and nobody shall hear it, for the guest's
 * own closes have been told.
 */
struct host_closes {
	uint32_t n;		/* such events that may come; atomic, as all */
	uint32_t busy;		/* closes under way */
	uint32_t turn;		/* closes done */
};
extern struct host_closes host_closes __hidden;
__hidden bool host_closes_begin(const struct host_node *n) __must_check;
__hidden void host_closes_end(bool begun);

#endif
