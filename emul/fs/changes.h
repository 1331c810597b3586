/* SPDX-License-Identifier: Apache-2.0 */
/*
 * changes.h: what the overlays hold when the sandbox ends: --diff lists it,
 * --commit has the broker bring it to the host.
 */
#ifndef SBX_FS_CHANGES_H
#define SBX_FS_CHANGES_H

#include "emul/abi/broker.h"
#include "emul/vfs/vfs.h"

struct change {
	char kind;		/* 'A' added, 'M' modified, 'D' deleted */
	bool replaces;		/* ... something of another type on the host */
	bool moves;		/* it can be renamed from host_node()->path */
	bool in_place;		/* 'M': it is the host's own */
	bool done;
	bool clash;		/* the host has changed it too */
	uint16_t grant;
	struct dentry *d;	/* a reference; NULL of 'D' */
	struct dentry *dir;	/* that it is in; a reference; NULL at a root */
	char *path;		/* under the grant */
	const char *mount;	/* where the guest sees the grant; "" for / */
};

/* Sorted by path as the guest sees it. */
struct changes {
	struct change *v;
	size_t n, size;
	char *buf;		/* BROKER_BODY_MAX bytes, for replies */
	struct ktime since;	/* when the sandbox began */
};

void changes_boot(uint32_t boot_flags);
/*
 * At the end of the first program, which had wait status @status: list and
 * write back, as was asked for at the start.
 */
void changes_end(int status);

/* Inside: */
/* Fill *c, which is zero.  0 or -errno. */
__hidden int changes_find(struct changes *c);
__hidden void changes_free(struct changes *c);
/* By path as the guest sees it. */
__hidden void changes_sort(struct changes *c);
/*
 * Bring them to the host.  What could not be is said, and @text then sums it
 * up, which is else empty.
 */
__hidden void changes_commit(struct changes *c, char *text, size_t size);
/*
 * Put the path of @h as the guest sees it behind the @n bytes in @line, which
 * has BROKER_BODY_MAX; odd bytes in octal.  How many it has then.
 */
__hidden size_t change_name(const struct change *h, char *line, size_t n);
/* A request about a path under a grant. */
__hidden int change_ask(const struct changes *c, uint16_t grant, const char *path,
			struct broker_req *req, struct broker_rep *rep,
			int *fd);
/* Attributes of such a path.  0 or -errno. */
__hidden int change_stat(const struct changes *c, uint16_t grant, const char *path,
			 struct broker_stat *st);

#endif
