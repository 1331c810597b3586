/* SPDX-License-Identifier: Apache-2.0 */
/* xattr.c: extended attributes in the kernel's inodes. */
#include "emul/vfs/xattr.h"

#include "emul/lib/alloc.h"
#include "emul/lib/string.h"

static const char *value_of(const struct xattr *x)
{
	return x->name + x->name_len + 1;
}

static struct xattr **find(struct inode *i, const char *name)
{
	size_t len = strlen(name);
	struct xattr **at = &i->xattrs;

	while (*at && ((*at)->name_len != len ||
		       memcmp((*at)->name, name, len) != 0))
		at = &(*at)->next;
	return at;
}

int xattrs_in_memory(struct inode *i)
{
	(void)i;
	return 0;
}

ssize_t xattrs_get(const struct inode *i, const char *name, void *buf,
		   size_t size)
{
	size_t len = strlen(name);
	const struct xattr *x;

	for (x = i->xattrs; x; x = x->next)
		if (x->name_len == len && !memcmp(x->name, name, len))
			break;
	if (!x)
		return -ENODATA;
	if (size) {
		if (x->size > size)
			return -ERANGE;
		memcpy(buf, value_of(x), x->size);
	}
	return (ssize_t)x->size;
}

static struct xattr *make(const char *name, const void *value, size_t size)
{
	size_t len = strlen(name);
	struct xattr *x = kmalloc(sizeof(*x) + len + 1 + size);

	if (!x)
		return NULL;
	x->name_len = (uint32_t)len;
	x->size = (uint32_t)size;
	memcpy(x->name, name, len + 1);
	memcpy(x->name + len + 1, value, size);
	return x;
}

int xattrs_set(struct inode *i, const char *name, const void *value,
	       size_t size, int flags)
{
	struct xattr **at = find(i, name), *old = *at, *new;

	if (old && (flags & XATTR_CREATE_))
		return -EEXIST;
	if (!old && ((flags & XATTR_REPLACE_) || !value))
		return -ENODATA;
	if (value) {
		new = make(name, value, size);
		if (!new)
			return -ENOSPC;
		new->next = old ? old->next : NULL;
		*at = new;	/* a new one comes last */
	} else {
		*at = old->next;
	}
	kfree(old);
	return 0;
}

ssize_t xattrs_list(const struct inode *i, bool trusted, char *buf,
		    size_t size)
{
	size_t n = 0;

	for (const struct xattr *x = i->xattrs; x; x = x->next) {
		size_t len = x->name_len + 1;

		if (!trusted && !strncmp(x->name, "trusted.", 8))
			continue;
		if (size) {
			if (n + len > size)
				return -ERANGE;
			memcpy(buf + n, x->name, len);
		}
		n += len;
	}
	return (ssize_t)n;
}

void xattrs_free(struct inode *i)
{
	struct xattr *x = i->xattrs, *next;

	i->xattrs = NULL;
	for (; x; x = next) {
		next = x->next;
		kfree(x);
	}
}

void xattrs_drop_caps(struct inode *i)
{
	if (unlikely(i->xattrs))
		(void)xattrs_set(i, "security.capability", NULL, 0, 0);
}
