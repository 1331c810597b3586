/* SPDX-License-Identifier: Apache-2.0 */
/* seed-broker.c: one honest packet of each request, as seeds: seed-broker DIR */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "t/broker.h"

static int put(const char *dir, const struct packet *p, const char *name,
	       unsigned int variant)
{
	size_t n = packet_size(p);
	unsigned char head[3] = {
		(unsigned char)n, (unsigned char)(n >> 8),
		(p->q.flags & BROKER_FD_SENT) != 0,
	};
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%u-%s-%u", dir, p->q.op, name,
		 variant);
	f = fopen(path, "w");
	if (!f)
		return 1;
	fwrite(head, 1, sizeof(head), f);
	fwrite(p, 1, n, f);
	return fclose(f);
}

static void args(struct packet *p, unsigned int variant)
{
	switch (p->q.op) {
	case BROKER_WALK:
		p->q.flags = variant & 3;
		break;
	case BROKER_OPEN:
		p->q.arg[0] = variant & 1 ? O_RDWR | O_CREAT | O_TRUNC :
			      variant & 3;
		p->q.arg[1] = 0644;
		break;
	case BROKER_MKNOD:
		p->q.arg[0] = S_IFIFO | 0600;
		break;
	case BROKER_MKDIR:
	case BROKER_CHMOD:
		p->q.arg[0] = 0700;
		break;
	case BROKER_READDIR:
		p->q.flags = variant & 1 ? BROKER_DIR_STAT : 0;
		break;
	case BROKER_LIST:
		p->q.flags = variant & 1 ? BROKER_DIR_TREE : BROKER_DIR_STAT;
		p->q.arg[0] = 4;
		p->q.len2 = 2;
		memcpy(p->data + p->q.len1, "d", 2);
		break;
	case BROKER_OPENS:
		p->q.len2 = 4;
		memcpy(p->data + p->q.len1, "f\0k", 4);
		break;
	case BROKER_FD_TTY:
		p->q.arg[1] = 0x541b;
		/* fall through */
	case BROKER_FD_STAT ... BROKER_FD_FLAGS:
		p->q.arg[0] = 1;
		if (p->q.op <= BROKER_FD_UTIMENS && variant & 1) {
			p->q.arg[0] = 0;
			p->q.flags = BROKER_FD_SENT;
		}
		break;
	default:
		break;
	}
}

int main(int argc, char **argv)
{
	static const char *const paths[] = { "", "d", "f", "a/f", "d/new" };
	static struct packet p;
	int bad = argc != 2;

	for (unsigned int op = 1; op < BROKER_OP_END && !bad; op++)
		for (unsigned int i = 0; i < 20; i++) {
			bool plain = op >= BROKER_FD_STAT;
			bool two = op == BROKER_RENAME || op == BROKER_LINK;
			const char *to = two || op == BROKER_SYMLINK ?
				"d/other" : "";

			packet_init(&p, op, plain ? "" : paths[i % 5], to);
			p.q.grant = !plain && i >= 5;
			p.q.grant2 = two;
			args(&p, i / 5);
			bad |= put(argv[1], &p, plain ? "fd" : "path", i);
		}
	return bad;
}
