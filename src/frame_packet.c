/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Framers for protocols that say how long a message is: PostgreSQL's messages,
 * MySQL's packets, LDAP's in BER (X.690 section 8.1).
 *
 * A length is judged as soon as it is there: one that the engine's buffer could
 * never hold, or that contradicts itself, is the end before anything of the
 * message is waited for.  A unit's line is the whole message; what of it people
 * may read is for the protocol to say.
 */

#include "config.h"

#include "frame.h"

#include <string.h>

#include "starttls.h"

#define MALFORMED STARTTLS_E_PROTOCOL
/* No honest message of a dialog before TLS, or of a harmless one in it, is as
   long; it is less than the engine's and the logins' buffers have. */
#define MAX_MESSAGE 4000

/* A message of @total bytes, or what is there of it if it is malformed. */
static ssize_t
cut(size_t total, bool legal, const uint8_t *data, size_t len,
    struct unit *ret_unit)
{
	size_t there = legal && total < len ? total : len;

	*ret_unit = (struct unit){
		.line = { data, there },
		.text = { data, there },
		.first = true,
		.last = true,
	};
	if (!legal || total > MAX_MESSAGE)
		return legal ? STARTTLS_E_LIMIT : MALFORMED;
	return len < total ? 0 : (ssize_t)total;
}

static bool
is_type(uint8_t c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	    (c >= '1' && c <= '3');
}

/* "E", then text up to a NUL: the errors of protocol 2. */
static ssize_t
cut_text(struct framer *f, const uint8_t *data, size_t len,
	 struct unit *ret_unit)
{
	const uint8_t *end = memchr(data + f->searched, '\0',
	    len - f->searched);
	size_t total = end == NULL ? len + 1 : (size_t)(end - data) + 1;

	f->searched = end == NULL ? len : 0;
	return cut(total, true, data, len, ret_unit);
}

/*
 * One byte answers a request, and is wanted then, unless it is an error's.
 * Behind an error's type a NUL begins a length, as none has more than 24 bits.
 */
ssize_t
starttls_frame_postgres(struct framer *f, const uint8_t *data, size_t len,
			struct unit *ret_unit)
{
	uint32_t length;

	if (f->wanted == 1 && (data[0] == 'S' || data[0] == 'N'))
		return cut(1, true, data, len, ret_unit);
	if (f->wanted == 1 && data[0] != 'E')
		return cut(0, false, data, len, ret_unit);
	if (f->wanted == 1 && len > 1 && data[1] != '\0')
		return cut_text(f, data, len, ret_unit);
	if (!is_type(data[0]))
		return cut(0, false, data, len, ret_unit);
	if (len < 5)
		return 0;
	length = bytes_be(data + 1, 4);
	return cut(1 + (size_t)length, length >= 4 && data[1] == 0, data, len,
	    ret_unit);
}

/* Three octets of length, the lowest first, and one that counts packets. */
ssize_t
starttls_frame_mysql(struct framer *f, const uint8_t *data, size_t len,
		     struct unit *ret_unit)
{
	(void)f;
	if (len < 4)
		return 0;
	return cut(4 + (size_t)bytes_le(data, 3), true, data, len, ret_unit);
}

/* ---- BER ---- */

/*
 * The header of an element: its length, and that of the content.  0: more is
 * needed, -1: indefinite, or more octets than a length of ours can have, or a
 * tag of several octets, which LDAP has nowhere.
 */
static ssize_t
read_header(const uint8_t *data, size_t len, size_t *ret_content)
{
	size_t octets;

	if (len > 0 && (data[0] & 0x1f) == 0x1f)
		return -1;
	if (len < 2)
		return 0;
	octets = data[1] & 0x7fu;
	if (data[1] < 0x80) {
		*ret_content = data[1];
		return 2;
	}
	if (octets == 0 || octets > 4)
		return -1;
	if (len < 2 + octets)
		return 0;
	*ret_content = bytes_be(data + 2, octets);
	return (ssize_t)(2 + octets);
}

ssize_t
starttls_frame_ldap(struct framer *f, const uint8_t *data, size_t len,
		    struct unit *ret_unit)
{
	size_t content = 0;
	ssize_t header = read_header(data, len, &content);

	(void)f;
	if (data[0] != 0x30 || header < 0)
		return cut(0, false, data, len, ret_unit);
	if (header == 0)
		return 0;
	return cut((size_t)header + content, true, data, len, ret_unit);
}

bool
starttls_ber_next(struct bytes *in, uint8_t *ret_tag, struct bytes *ret)
{
	size_t content = 0;
	ssize_t header = read_header(in->data, in->len, &content);

	if (header <= 0 || content > in->len - (size_t)header)
		return false;
	*ret_tag = in->data[0];
	ret->data = in->data + header;
	ret->len = content;
	in->data += (size_t)header + content;
	in->len -= (size_t)header + content;
	return true;
}

bool
starttls_ber_take(struct bytes *in, uint8_t tag, struct bytes *ret)
{
	return in->len > 0 && in->data[0] == tag &&
	    starttls_ber_next(in, &tag, ret);
}

bool
starttls_ber_number(struct bytes *in, uint8_t tag, uint32_t *ret)
{
	struct bytes b;

	/* not negative, and written as shortly as it goes, X.690 8.3.2 */
	if (!starttls_ber_take(in, tag, &b) || b.len == 0 || b.len > 4 ||
	    b.data[0] >= 0x80 || (b.len > 1 && b.data[0] == 0 &&
	    b.data[1] < 0x80))
		return false;
	*ret = bytes_be(b.data, b.len);
	return true;
}
