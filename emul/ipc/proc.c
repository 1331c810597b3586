/* SPDX-License-Identifier: Apache-2.0 */
/* proc.c: /proc/sysvipc and the limits in /proc/sys; proc_sys_kernel(5). */
#include <linux/errno.h>

#include "emul/fs/proc.h"
#include "emul/ipc/ipc.h"
#include "emul/ipc/mqueue.h"
#include "emul/ipc/proc.h"

#define IDS_MAX		32768		/* IPCMNI */

/* A number; what ends it goes to *@end.  False: there is none. */
static bool number(const char *s, uint64_t *v, const char **end)
{
	const char *from;

	while (*s == ' ' || *s == '\t' || *s == '\n')
		s++;
	*v = 0;
	for (from = s; *s >= '0' && *s <= '9'; s++)
		if (__builtin_mul_overflow(*v, 10, v) ||
		    __builtin_add_overflow(*v, (uint64_t)(*s - '0'), v))
			return false;
	*end = s;
	return s > from && (!*s || *s == ' ' || *s == '\t' || *s == '\n');
}

static int parse(const char *text, uint64_t min, uint64_t max, uint64_t *v)
{
	const char *end;

	return number(text, v, &end) && *v >= min && *v <= max ? 0 : -EINVAL;
}

/* A file of one number, which root may set. */
#define LIMIT(name, field, min, max)					\
	void ipc_show_##name(struct text *b, struct task *t)		\
	{								\
		(void)t;						\
		text_printf(b, "%lu\n", (unsigned long)(field));	\
	}								\
	int ipc_set_##name(struct task *t, char *text, size_t n)	\
	{								\
		uint64_t v;						\
		int err = parse(text, min, max, &v);			\
									\
		(void)t;						\
		(void)n;						\
		if (!err)						\
			field = (__typeof__(field))v;			\
		return err;						\
	}

LIMIT(shmmax, ipc_limits()->shmmax, 0, UINT64_MAX)
LIMIT(shmall, ipc_limits()->shmall, 0, UINT64_MAX)
LIMIT(shmmni, ipc_limits()->shmmni, 0, IDS_MAX)
LIMIT(msgmax, ipc_limits()->msgmax, 0, INT32_MAX)
LIMIT(msgmnb, ipc_limits()->msgmnb, 0, INT32_MAX)
LIMIT(msgmni, ipc_limits()->msgmni, 0, IDS_MAX)
LIMIT(msg_default, mqueue_limits()->msg_default, 1, MQ_HARD_MSGMAX)
LIMIT(msg_max, mqueue_limits()->msg_max, 1, MQ_HARD_MSGMAX)
LIMIT(msgsize_default, mqueue_limits()->msgsize_default, 128,
      MQ_HARD_MSGSIZE)
LIMIT(msgsize_max, mqueue_limits()->msgsize_max, 128, MQ_HARD_MSGSIZE)
LIMIT(queues_max, mqueue_limits()->queues_max, 0, INT32_MAX)

void ipc_show_sem_limits(struct text *b, struct task *t)
{
	const uint32_t *l = ipc_limits()->sem;

	(void)t;
	text_printf(b, "%u\t%u\t%u\t%u\n", l[0], l[1], l[2], l[3]);
}

int ipc_set_sem_limits(struct task *t, char *text, size_t n)
{
	static const uint32_t max[4] = {
		32000, INT32_MAX, 1000, IDS_MAX
	};
	const char *at = text;
	uint64_t v[4];
	int got = 0;

	(void)t;
	(void)n;
	while (got < 4 && number(at, &v[got], &at)) {
		if (v[got] > max[got])
			return -EINVAL;
		got++;
	}
	for (int i = 0; i < got; i++)
		ipc_limits()->sem[i] = (uint32_t)v[i];
	return got ? 0 : -EINVAL;
}

#define FILE_OF(n, fn)	{ .name = n, .mode = S_IFREG | 0444, .show = fn }
#define END		{ .name = NULL }

const struct proc_entry proc_sysvipc_dir[] = {
	FILE_OF("msg", ipc_show_msg),
	FILE_OF("sem", ipc_show_sem),
	FILE_OF("shm", ipc_show_shm),
	END
};

const struct proc_entry proc_mqueue_dir[] = {
	IPC_LIMIT_OF("msg_default", msg_default),
	IPC_LIMIT_OF("msg_max", msg_max),
	IPC_LIMIT_OF("msgsize_default", msgsize_default),
	IPC_LIMIT_OF("msgsize_max", msgsize_max),
	IPC_LIMIT_OF("queues_max", queues_max),
	END
};
