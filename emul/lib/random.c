/* SPDX-License-Identifier: Apache-2.0 */
/*
 * random.c: random bytes from a ChaCha20 stream (RFC 8439), whose key is
 * replaced by part of its own output with every use, so that nothing given
 * out earlier can be computed from what the memory holds later.
 */
#include "emul/lib/random.h"

#include "emul/lib/lock.h"
#include "emul/lib/string.h"

static struct {
	struct mutex lock;
	uint32_t key[8];
} pool __arena;

static inline uint32_t rotl(uint32_t v, int n)
{
	return v << n | v >> (32 - n);
}

#define QUARTER(a, b, c, d)						\
	do {								\
		a += b; d = rotl(d ^ a, 16);				\
		c += d; b = rotl(b ^ c, 12);				\
		a += b; d = rotl(d ^ a, 8);				\
		c += d; b = rotl(b ^ c, 7);				\
	} while (0)

static void chacha_block(const uint32_t key[8], uint64_t counter,
			 uint32_t out[16])
{
	uint32_t in[16] = { 0x61707865, 0x3320646e, 0x79622d32, 0x6b206574 };
	uint32_t x[16];
	int i;

	memcpy(in + 4, key, 32);
	in[12] = (uint32_t)counter;
	in[13] = (uint32_t)(counter >> 32);
	memcpy(x, in, sizeof(x));
	for (i = 0; i < 10; i++) {
		QUARTER(x[0], x[4], x[8], x[12]);
		QUARTER(x[1], x[5], x[9], x[13]);
		QUARTER(x[2], x[6], x[10], x[14]);
		QUARTER(x[3], x[7], x[11], x[15]);
		QUARTER(x[0], x[5], x[10], x[15]);
		QUARTER(x[1], x[6], x[11], x[12]);
		QUARTER(x[2], x[7], x[8], x[13]);
		QUARTER(x[3], x[4], x[9], x[14]);
	}
	for (i = 0; i < 16; i++)
		out[i] = x[i] + in[i];
}

void random_seed(const uint8_t *seed, size_t n)
{
	uint8_t *key = (uint8_t *)pool.key;
	uint32_t out[16];

	mutex_init(&pool.lock);
	for (size_t i = 0; i < n; i++) {
		key[i % sizeof(pool.key)] ^= seed[i];
		if (i % sizeof(pool.key) == sizeof(pool.key) - 1) {
			chacha_block(pool.key, 0, out);
			memcpy(pool.key, out, sizeof(pool.key));
		}
	}
}

void random_stream(struct random_stream *s)
{
	uint32_t out[16];

	mutex_lock(&pool.lock);
	chacha_block(pool.key, 0, out);
	memcpy(pool.key, out, sizeof(pool.key));
	mutex_unlock(&pool.lock);
	memcpy(s->key, out + 8, sizeof(s->key));
	s->counter = 0;
	memset(out, 0, sizeof(out));
}

void random_next(struct random_stream *s, uint8_t out[RANDOM_BLOCK])
{
	uint32_t block[16];

	chacha_block(s->key, s->counter++, block);
	memcpy(out, block, RANDOM_BLOCK);
}

void random_bytes(void *buf, size_t n)
{
	uint8_t block[RANDOM_BLOCK], *p = buf;
	struct random_stream s;
	size_t len;

	random_stream(&s);
	for (; n; n -= len, p += len) {
		len = MIN(n, sizeof(block));
		random_next(&s, block);
		memcpy(p, block, len);
	}
}
