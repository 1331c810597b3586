/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ehframe.c: which function covers an address, from .eh_frame_hdr.
 *
 * The tables are the guest's: nothing in them is believed.  Reads stay in the
 * image, loops have bounds, and a wrong answer costs the guest alone, for
 * site.c goes by it only to rewrite the guest's own text.
 */
#include "interposer/ehframe.h"

#include <linux/errno.h>

#define DW_EH_PE_OMIT	0xff
#define DW_EH_PE_PCREL	0x10

/* Reads that move on; the first failure sticks. */
struct stream {
	const struct eh_image *im;
	uint64_t at, end;
	int err;
};

static void get(struct stream *s, void *dst, size_t n)
{
	if (!s->err && (s->at < s->im->lo || s->at > s->end ||
			s->end > s->im->hi || n > s->end - s->at))
		s->err = -EINVAL;
	if (!s->err)
		s->err = gmem_read(s->im->mem, dst, s->at, n);
	if (s->err)
		__builtin_memset(dst, 0, n);
	s->at += n;
}

static uint8_t get8(struct stream *s)
{
	uint8_t v;

	get(s, &v, sizeof(v));
	return v;
}

static uint32_t get32(struct stream *s)
{
	uint32_t v;

	get(s, &v, sizeof(v));
	return v;
}

static uint64_t get64(struct stream *s)
{
	uint64_t v;

	get(s, &v, sizeof(v));
	return v;
}

/* Unsigned or signed LEB128; only small numbers occur here. */
static uint64_t get_leb(struct stream *s)
{
	uint64_t v = 0;
	unsigned int shift = 0;
	uint8_t b;

	do {
		b = get8(s);
		if (shift < 63)
			v |= (uint64_t)(b & 0x7f) << shift;
		shift += 7;
		if (shift > 70)
			s->err = -EINVAL;
	} while ((b & 0x80) && !s->err);
	return v;
}

/* The value of a pointer as encoded, without what it is relative to. */
static uint64_t get_value(struct stream *s, uint8_t enc)
{
	switch (enc & 0x0f) {
	case 0x00:
	case 0x04:
	case 0x0c:
		return get64(s);
	case 0x03:
		return get32(s);
	case 0x0b:
		return (uint64_t)(int64_t)(int32_t)get32(s);
	default:
		s->err = -EINVAL;
		return 0;
	}
}

/* A pointer: absolute or relative to where it lies. */
static uint64_t get_pointer(struct stream *s, uint8_t enc)
{
	uint64_t here = s->at, v = get_value(s, enc);

	switch (enc & 0xf0) {
	case 0x00:
		return v;
	case DW_EH_PE_PCREL:
		return here + v;
	default:
		s->err = -EINVAL;
		return 0;
	}
}

/* From a CIE: how its FDEs write pointers, and if they are signal frames. */
static int read_cie(const struct eh_image *im, uint64_t at, uint8_t *enc,
		    bool *signal)
{
	struct stream s = { .im = im, .at = at, .end = im->hi };
	uint32_t len = get32(&s);
	uint8_t version, personality;
	char aug[8];
	size_t i;

	if (s.err || len < 8 || len > 0xffff || len > im->hi - s.at)
		return -EINVAL;
	s.end = s.at + len;
	if (get32(&s))
		return -EINVAL;
	version = get8(&s);
	if (version != 1 && version != 3)
		return -EINVAL;
	for (i = 0; i < sizeof(aug); i++) {
		aug[i] = (char)get8(&s);
		if (!aug[i])
			break;
	}
	if (i == sizeof(aug))
		return -EINVAL;
	get_leb(&s);		/* code alignment */
	get_leb(&s);		/* data alignment */
	if (version == 1)
		get8(&s);	/* return address register */
	else
		get_leb(&s);
	*enc = 0;
	*signal = false;
	if (aug[0] == '\0')
		return s.err;
	if (aug[0] != 'z')
		return -EINVAL;
	get_leb(&s);		/* size of what follows */
	for (i = 1; aug[i]; i++) {
		switch (aug[i]) {
		case 'R':
			*enc = get8(&s);
			break;
		case 'L':
			get8(&s);
			break;
		case 'P':
			personality = get8(&s);
			get_value(&s, personality);
			break;
		case 'S':
			*signal = true;
			break;
		default:
			return -EINVAL;
		}
	}
	return s.err;
}

static int read_fde(const struct eh_image *im, uint64_t at, struct eh_fde *out)
{
	struct stream s = { .im = im, .at = at, .end = im->hi };
	uint32_t len = get32(&s), back;
	uint64_t start, field = s.at;
	uint8_t enc;
	int err;

	if (s.err || len < 8 || len > 0xffffff || len > im->hi - s.at)
		return -EINVAL;
	s.end = s.at + len;
	back = get32(&s);
	if (s.err || !back || back > field - im->lo)
		return -EINVAL;
	err = read_cie(im, field - back, &enc, &out->signal);
	if (err)
		return err;
	start = get_pointer(&s, enc);
	out->end = start + get_value(&s, enc);
	if (s.err)
		return s.err;
	if (start != out->start || out->end < start || out->end > im->hi)
		return -EINVAL;
	return 0;
}

#define SEARCH_MAX	0x400000U	/* bytes of an image */
#define SEARCH_CHUNK	1024U

static uint32_t word_of(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
	       (uint32_t)p[3] << 24;
}

/* An FDE's start, relative to where it is written, and its length at @p? */
static bool looks_so(const uint8_t *p, uint64_t at, uint64_t start,
		     uint64_t end)
{
	return at + (uint64_t)(int64_t)(int32_t)word_of(p) == start &&
	       word_of(p + 4) == end - start;
}

bool eh_is_signal(const struct eh_image *im, uint64_t start, uint64_t end)
{
	uint8_t buf[SEARCH_CHUNK + 8];
	uint64_t at, i;

	if (im->lo > im->hi || im->hi - im->lo > SEARCH_MAX)
		return false;
	for (at = (im->lo + 3) & ~3ULL; at + 8 <= im->hi; at += SEARCH_CHUNK) {
		uint64_t n = im->hi - at;

		if (n > sizeof(buf))
			n = sizeof(buf);
		if (gmem_read(im->mem, buf, at, n))
			continue;
		for (i = 0; i + 8 <= n; i += 4) {
			struct eh_fde f = { .start = start };

			if (looks_so(buf + i, at + i, start - 1, end))
				f.start = start - 1;
			else if (!looks_so(buf + i, at + i, start, end))
				continue;
			if (at + i >= im->lo + 8 &&
			    !read_fde(im, at + i - 8, &f) && f.signal &&
			    f.end == end)
				return true;
		}
	}
	return false;
}

struct row {
	int32_t start, fde;	/* both relative to the header */
};

int eh_find(const struct eh_image *im, uint64_t addr, struct eh_fde *out)
{
	struct stream s = { .im = im, .at = im->hdr };
	uint8_t version, ptr_enc, count_enc, table_enc;
	uint64_t table, count, lo, hi;
	struct row row = { 0, 0 }, next = { 0, 0 };

	if (!im->hdr)
		return -ENOENT;
	if (im->lo > im->hi || im->hdr < im->lo || im->hdr > im->hi ||
	    im->hdr_size > im->hi - im->hdr)
		return -EINVAL;
	s.end = im->hdr + im->hdr_size;
	version = get8(&s);
	ptr_enc = get8(&s);
	count_enc = get8(&s);
	table_enc = get8(&s);
	/* The one form that linkers sort and that can be searched. */
	if (version != 1 || ptr_enc == DW_EH_PE_OMIT || count_enc != 0x03 ||
	    table_enc != 0x3b)
		return -EINVAL;
	get_value(&s, ptr_enc);
	count = get32(&s);
	table = s.at;
	if (s.err || count > (s.end - table) / sizeof(row))
		return -EINVAL;

	/* Rows below lo start at or before addr, rows from hi on behind it. */
	lo = 0;
	hi = count;
	while (lo < hi) {
		uint64_t mid = lo + (hi - lo) / 2;

		s.at = table + mid * sizeof(row);
		get(&s, &row, sizeof(row));
		if (s.err)
			return s.err;
		if (im->hdr + (uint64_t)row.start <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (!lo)
		return -ENOENT;
	s.at = table + (lo - 1) * sizeof(row);
	get(&s, &row, sizeof(row));
	out->next = im->hi;
	if (lo < count) {
		get(&s, &next, sizeof(next));
		out->next = im->hdr + (uint64_t)next.start;
	}
	if (s.err)
		return s.err;
	out->start = im->hdr + (uint64_t)row.start;
	if (out->start < im->lo || out->start > addr || out->next <= addr)
		return -EINVAL;
	return read_fde(im, im->hdr + (uint64_t)row.fde, out);
}
