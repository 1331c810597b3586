/* SPDX-License-Identifier: Apache-2.0 */
/*
 * set-user.c: --user, the ids that a program sees as its own.
 *
 * They are the kernel's to play: what belongs to the caller on the host is
 * shown as theirs, and the host sees the caller alone.  But root, whose files
 * are everywhere, does not lend them to another user: sbx becomes that user.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "loader/settings.h"

/* A number at *@s that ends at @end or at the string's end; moves *@s. */
static bool parse_id(const char **s, char end, uint32_t *id)
{
	unsigned long n;
	char *e;

	if (**s < '0' || **s > '9')
		return false;
	errno = 0;
	n = strtoul(*s, &e, 10);
	/* The last one means "none" to the calls that take ids. */
	if (errno || n >= UINT32_MAX || (*e && *e != end))
		return false;
	*id = (uint32_t)n;
	*s = e;
	return true;
}

int option_USER(struct settings *s, const char *arg, struct err *e)
{
	const char *why = "not UID or UID:GID, in numbers";
	struct policy *p = s->p;
	const char *at = arg;

	if (!parse_id(&at, ':', &p->uid))
		return option_bad(s, arg, why, e);
	p->uid_set = true;
	p->gid_set = *at == ':';
	if (p->gid_set) {
		at++;
		if (!parse_id(&at, 0, &p->gid))
			return option_bad(s, arg, why, e);
	}
	return 0;
}

static int become(const struct policy *p)
{
	gid_t gid = p->gid;

	if (setgroups(1, &gid) < 0 ||
	    setresgid(p->gid, p->gid, p->gid) < 0 ||
	    setresuid(p->uid, p->uid, p->uid) < 0)
		return -errno;
	/* Or its own /proc/self would be root's. */
	if (prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) < 0)
		return -errno;
	return 0;
}

int user_settle(struct policy *p, struct err *e)
{
	int ret;

	if (!p->uid_set) {
		p->uid = getuid();
		p->gid = getgid();
		return 0;
	}
	if (!p->gid_set)	/* users have a group of their own */
		p->gid = p->uid == getuid() ? getgid() : p->uid;
	if (getuid() || !p->uid)
		return 0;
	ret = become(p);
	return ret < 0 ? err_set(e, EXIT_SBX, "--user: cannot become %u:%u: "
				 "%s", p->uid, p->gid, strerror(-ret)) : 0;
}
