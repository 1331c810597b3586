/* SPDX-License-Identifier: Apache-2.0 */
/* uio.c: where the bytes of a read or write go to or come from. */
#include "emul/entry/uaccess.h"
#include "emul/lib/alloc.h"
#include "emul/lib/string.h"
#include "emul/vfs/vfs.h"

#define IOV_MAX_		1024u	/* UIO_MAXIOV */
#define RW_MAX		0x7ffff000u	/* MAX_RW_COUNT: bytes of one call */

void uio_kernel(struct uio *u, void *buf, size_t n)
{
	*u = (struct uio){ .kbuf = buf, .left = n };
}

int uio_guest(struct uio *u, struct uvec *v, uaddr_t base, size_t n)
{
	n = MIN(n, RW_MAX);
	if (!uaddr_ok(base, n))
		return -EFAULT;
	v->base = base;
	v->len = n;
	*u = (struct uio){ .vec = v, .n_vec = 1, .left = n };
	return 0;
}

size_t uio_piece(const struct uio *u, void **p)
{
	const struct uvec *v = u->vec;
	size_t skip = u->skip;

	if (!u->left)
		return 0;
	if (u->kbuf) {
		*p = u->kbuf;
		return u->left;
	}
	while (v->len == skip) {
		v++;
		skip = 0;
	}
	*p = (void *)(v->base + skip);
	return MIN(v->len - skip, u->left);
}

void uio_advance(struct uio *u, size_t n)
{
	u->left -= n;
	if (u->kbuf) {
		u->kbuf += n;
		return;
	}
	while (n) {
		size_t here = MIN(u->vec->len - u->skip, n);

		u->skip += here;
		n -= here;
		if (n) {
			u->vec++;
			u->n_vec--;
			u->skip = 0;
		}
	}
}

enum uio_way { TO_GUEST, FROM_GUEST, ZERO_GUEST };

/* Returns how much of the piece was copied. */
static size_t piece_copy(const struct uio *u, void *p, char *kernel, size_t n,
			 enum uio_way way)
{
	static const char zeroes[512];

	if (way == TO_GUEST) {
		if (!u->kbuf)
			return n - copy_out_partial((uaddr_t)p, kernel, n);
		memcpy(p, kernel, n);
	} else if (way == FROM_GUEST) {
		if (!u->kbuf)
			return n - copy_in_partial(kernel, (uaddr_t)p, n);
		memcpy(kernel, p, n);
	} else if (u->kbuf) {
		memset(p, 0, n);
	} else if (clear_out((uaddr_t)p, n)) {
		size_t done = 0, step;

		/* Find out how far one can get. */
		while (done < n) {
			step = MIN(n - done, sizeof(zeroes));
			step -= copy_out_partial((uaddr_t)p + done, zeroes,
						 step);
			done += step;
			if (step < sizeof(zeroes))
				break;
		}
		return done;
	}
	return n;
}

static ssize_t uio_move(struct uio *u, char *kernel, size_t n,
			enum uio_way way)
{
	size_t done = 0, len, got;
	void *p = NULL;

	n = MIN(n, u->left);
	while (done < n) {
		len = uio_piece(u, &p);
		len = MIN(len, n - done);
		got = piece_copy(u, p, kernel ? kernel + done : NULL, len, way);
		uio_advance(u, got);
		done += got;
		if (got < len)
			return done ? (ssize_t)done : -EFAULT;
	}
	return (ssize_t)done;
}

ssize_t uio_write(struct uio *u, const void *src, size_t n)
{
	return uio_move(u, (char *)(uintptr_t)src, n, TO_GUEST);
}

ssize_t uio_read(struct uio *u, void *dst, size_t n)
{
	return uio_move(u, dst, n, FROM_GUEST);
}

ssize_t uio_zero(struct uio *u, size_t n)
{
	return uio_move(u, NULL, n, ZERO_GUEST);
}

int uio_import(struct uio *u, struct uvec *fast, uaddr_t vec, uint64_t n)
{
	struct uvec *v = fast;
	size_t total = 0;

	if (n > IOV_MAX_)
		return -EINVAL;
	if (n > UIO_FAST) {
		v = kmalloc(n * sizeof(*v));
		if (!v)
			return -ENOMEM;
	}
	*u = (struct uio){ .vec = v, .n_vec = (unsigned int)n };
	if (n && copy_in(v, vec, n * sizeof(*v)))
		goto fault;
	for (uint64_t i = 0; i < n; i++) {
		if ((ssize_t)v[i].len < 0) {
			uio_free(u, fast, v);
			return -EINVAL;
		}
		if (!uaddr_ok(v[i].base, v[i].len))
			goto fault;
		v[i].len = MIN(v[i].len, RW_MAX - total);
		total += v[i].len;
	}
	u->left = total;
	return 0;
fault:
	uio_free(u, fast, v);
	return -EFAULT;
}

void uio_free(struct uio *u, const struct uvec *fast, const struct uvec *vec)
{
	if (vec != fast)
		kfree((void *)(uintptr_t)vec);
	u->vec = NULL;
}
