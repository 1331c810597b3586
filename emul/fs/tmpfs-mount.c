/* SPDX-License-Identifier: Apache-2.0 */
/* tmpfs-mount.c: a tmpfs with the options of mount(2); tmpfs(5). */
#include "emul/fs/tmpfs.h"
#include "emul/lib/string.h"
#include "emul/task/task.h"

/* Options of a tmpfs. */
struct tmpfs_options {
	uint64_t size;
	mode_t mode;
	uint32_t uid, gid;
	bool has_size;
};

static int parse_number(const char **s, unsigned int base, uint64_t *v)
{
	const char *p = *s;

	*v = 0;
	while (*p >= '0' && *p < (char)('0' + base)) {
		if (__builtin_mul_overflow(*v, base, v))
			return -EINVAL;
		*v += (uint64_t)(*p++ - '0');
	}
	if (p == *s)
		return -EINVAL;
	*s = p;
	return 0;
}

static int parse_size(const char *s, uint64_t *v)
{
	int err = parse_number(&s, 10, v);
	unsigned int shift = 0;

	switch (*s | 0x20) {
	case 'k':
		shift = 10;
		break;
	case 'm':
		shift = 20;
		break;
	case 'g':
		shift = 30;
		break;
	}
	if (shift)
		s++;
	if (err || *s || *v > UINT64_MAX >> shift)
		return -EINVAL;
	*v <<= shift;
	return 0;
}

static int parse_whole(const char *s, unsigned int base, uint64_t *v)
{
	int err = parse_number(&s, base, v);

	return err || *s ? -EINVAL : 0;
}

static int tmpfs_option(struct tmpfs_options *o, const char *opt)
{
	uint64_t v = 0;
	int err;

	if (!strncmp(opt, "size=", 5)) {
		o->has_size = true;
		return parse_size(opt + 5, &o->size);
	}
	if (!strncmp(opt, "nr_blocks=", 10)) {
		err = parse_size(opt + 10, &v);
		o->has_size = true;
		o->size = v * PAGE_SIZE;
		return err;
	}
	if (!strncmp(opt, "mode=", 5)) {
		err = parse_whole(opt + 5, 8, &v);
		o->mode = (mode_t)v & 07777;
		return err;
	}
	if (!strncmp(opt, "uid=", 4)) {
		err = parse_whole(opt + 4, 10, &v);
		o->uid = (uint32_t)v;
		return err;
	}
	if (!strncmp(opt, "gid=", 4)) {
		err = parse_whole(opt + 4, 10, &v);
		o->gid = (uint32_t)v;
		return err;
	}
	/* Nodes are limited by memory alone; there is no swap to keep off. */
	if (!strncmp(opt, "nr_inodes=", 10))
		return parse_size(opt + 10, &v);
	return strcmp(opt, "noswap") ? -EINVAL : 0;
}

static int tmpfs_parse(struct tmpfs_options *o, char *data)
{
	int err = 0;

	while (data && *data && !err) {
		char *comma = strchr(data, ',');

		if (comma)
			*comma = '\0';
		if (*data)
			err = tmpfs_option(o, data);
		data = comma ? comma + 1 : NULL;
	}
	return err;
}

struct superblock *tmpfs_mount(struct task *t, char *data)
{
	struct tmpfs_options o = {
		.mode = 01777, .uid = t->cred->fsuid, .gid = t->cred->fsgid,
	};
	int err = tmpfs_parse(&o, data);
	struct superblock *sb;

	if (err)
		return err_ptr(err);
	sb = tmpfs_super(o.size, o.mode);
	if (!sb)
		return err_ptr(-ENOMEM);
	sb->root->inode->uid = o.uid;
	sb->root->inode->gid = o.gid;
	return sb;
}
