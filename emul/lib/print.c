/* SPDX-License-Identifier: Apache-2.0 */
/* print.c: formatted text; see print.h for what is understood. */
#include "emul/lib/print.h"

#include "emul/lib/string.h"

struct out {
	char *buf;
	size_t size, n;
};

static void put(struct out *o, char c)
{
	if (o->n + 1 < o->size)
		o->buf[o->n] = c;
	o->n++;
}

static void put_n(struct out *o, char c, int n)
{
	while (n-- > 0)
		put(o, c);
}

struct spec {
	bool left, zero, alt;
	int width, prec;	/* prec -1: none */
	int length;		/* -2 hh, -1 h, 0, 1 l and ll and z */
};

static void put_text(struct out *o, const char *s, size_t len,
		     const struct spec *f)
{
	int pad = f->width > (int)len ? f->width - (int)len : 0;

	if (!f->left)
		put_n(o, ' ', pad);
	while (len--)
		put(o, *s++);
	if (f->left)
		put_n(o, ' ', pad);
}

static void put_number(struct out *o, uint64_t v, bool neg, unsigned int base,
		       bool upper, const struct spec *f)
{
	const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
	const char *prefix = "";
	char tmp[24];
	int n = 0, len, zeros, pad;

	if (f->alt && v)
		prefix = base == 16 ? "0x" : base == 8 ? "0" : "";
	if (neg)
		prefix = "-";
	do {
		tmp[n++] = digits[v % base];
		v /= base;
	} while (v);
	zeros = f->prec > n ? f->prec - n : 0;
	len = n + zeros + (int)strlen(prefix);
	pad = f->width > len ? f->width - len : 0;
	if (f->zero && !f->left && f->prec < 0) {
		zeros += pad;
		pad = 0;
	}
	if (!f->left)
		put_n(o, ' ', pad);
	for (; *prefix; prefix++)
		put(o, *prefix);
	put_n(o, '0', zeros);
	while (n)
		put(o, tmp[--n]);
	if (f->left)
		put_n(o, ' ', pad);
}

static uint64_t cut(uint64_t v, int length, bool sign)
{
	switch (length) {
	case -2:
		return sign ? (uint64_t)(int8_t)v : (uint8_t)v;
	case -1:
		return sign ? (uint64_t)(int16_t)v : (uint16_t)v;
	case 0:
		return sign ? (uint64_t)(int32_t)v : (uint32_t)v;
	default:
		return v;
	}
}

int kvsnprintf(char *buf, size_t size, const char *fmt, va_list ap)
{
	struct out o = { .buf = buf, .size = size };
	struct spec f;
	const char *s;
	uint64_t v;
	char c;

	for (; *fmt; fmt++) {
		if (*fmt != '%') {
			put(&o, *fmt);
			continue;
		}
		f = (struct spec){ .prec = -1 };
		for (fmt++;; fmt++) {
			if (*fmt == '-')
				f.left = true;
			else if (*fmt == '0')
				f.zero = true;
			else if (*fmt == '#')
				f.alt = true;
			else
				break;
		}
		if (*fmt == '*') {
			f.width = va_arg(ap, int);
			fmt++;
		}
		while (*fmt >= '0' && *fmt <= '9')
			f.width = f.width * 10 + *fmt++ - '0';
		if (*fmt == '.') {
			f.prec = 0;
			fmt++;
			if (*fmt == '*') {
				f.prec = va_arg(ap, int);
				fmt++;
			}
			while (*fmt >= '0' && *fmt <= '9')
				f.prec = f.prec * 10 + *fmt++ - '0';
		}
		for (;; fmt++) {
			if (*fmt == 'l' || *fmt == 'z')
				f.length = 1;
			else if (*fmt == 'h')
				f.length--;
			else
				break;
		}
		switch (*fmt) {
		case 'd':
		case 'i':
			v = f.length > 0 ? va_arg(ap, uint64_t) :
			    (uint64_t)va_arg(ap, int);
			v = cut(v, f.length, true);
			if ((int64_t)v < 0)
				put_number(&o, -v, true, 10, false, &f);
			else
				put_number(&o, v, false, 10, false, &f);
			break;
		case 'u':
		case 'x':
		case 'X':
		case 'o':
			v = f.length > 0 ? va_arg(ap, uint64_t) :
			    va_arg(ap, unsigned int);
			put_number(&o, cut(v, f.length, false), false,
				   *fmt == 'u' ? 10 : *fmt == 'o' ? 8 : 16,
				   *fmt == 'X', &f);
			break;
		case 'p':
			f.alt = true;
			put_number(&o, (uint64_t)va_arg(ap, void *), false, 16,
				   false, &f);
			break;
		case 'c':
			c = (char)va_arg(ap, int);
			put_text(&o, &c, 1, &f);
			break;
		case 's':
			s = va_arg(ap, const char *);
			if (!s)
				s = "(null)";
			put_text(&o, s, f.prec >= 0 ?
				 strnlen(s, (size_t)f.prec) : strlen(s), &f);
			break;
		case '%':
			put(&o, '%');
			break;
		default:	/* not known: show it as it stands */
			put(&o, '%');
			if (!*fmt)
				fmt--;
			else
				put(&o, *fmt);
		}
	}
	if (size)
		buf[MIN(o.n, size - 1)] = '\0';
	return (int)o.n;
}

int ksnprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = kvsnprintf(buf, size, fmt, ap);
	va_end(ap);
	return n;
}
