/* SPDX-License-Identifier: Apache-2.0 */
/* pipe.h: pipes and fifos; pipe(7). */
#ifndef SBX_FS_PIPE_H
#define SBX_FS_PIPE_H

#include "emul/vfs/stream.h"
#include "emul/vfs/vfs.h"

#define PIPE_BUF_BYTES	4096u		/* PIPE_BUF: atomic up to this */
#define PIPE_DEF_SIZE	65536u
#define PIPE_MAX_SIZE	1048576u	/* /proc/sys/fs/pipe-max-size */

struct task;

/* Both ends of a new pipe; of @flags O_NONBLOCK and O_DIRECT. 0, -ENOMEM. */
int pipe_create(struct file *end[2], unsigned int flags) __must_check;

/* For splice(2) and tee(2); @f is an end of a pipe: its ops are pipe_fops. */
/* Make room for all that the pipe may hold, so that no write grows it. */
int pipe_reserve(struct file *f);
/*
 * Give up to @len bytes, as far as there are any now, to @take, which says
 * how many it took, or -errno; @keep: they stay in the pipe.  @take must not
 * wait for another pipe.  Bytes taken, 0 when it is empty, or -errno.
 */
typedef ssize_t pipe_take_fn(void *ctx, const char *data, size_t n);
ssize_t pipe_drain(struct file *f, size_t len, pipe_take_fn *take, void *ctx,
		   bool keep);
/* Bytes that fit now. */
uint64_t pipe_room(const struct file *f);

extern const struct file_ops pipe_fops __hidden;

/*
 * For fifo.c: a pipe that @i->special of an inode leads to while it is open.
 */
/* Bytes that were written as a packet (O_DIRECT). */
struct packet {
	uint64_t start, end;
};

struct pipe {
	struct stream s;
	struct waitqueue queue;	/* for data and for room, by key */
	uint32_t data_sleepers, room_sleepers;	/* atomic */

	struct mutex lock;	/* protects the rest */
	uint32_t readers, writers;	/* files; read without the lock */
	uint32_t r_count, w_count;	/* opens ever, for fifo_open */
	uint32_t files;
	uint32_t n_packets;	/* read without the lock */
	uint32_t first_packet, max_packets;
	struct packet *packets;	/* ring of max_packets */
};

/* One that nobody has open, or NULL. */
struct pipe *pipe_new(void);
void pipe_free(struct pipe *p);
/* Is @i that of a pipe(2), not of a fifo? */
bool pipe_is_unnamed(const struct inode *i);
/* As file_ops.release. */
void pipe_release(struct file *f);

#endif
