/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Framers: cut the peer's bytes into units.
 *
 * A framer looks at the front of the input.  It returns the bytes that form
 * one complete line, 0 if more are needed, or STARTTLS_E_PROTOCOL if no
 * further bytes could make it legal, STARTTLS_E_LIMIT if it is too much; the
 * unit then has the bytes that are to blame.
 *
 * Lines end in LF with any number of CR in front of it, of a client one at
 * least where the protocol says so; none at all does no harm where nothing that
 * follows is trusted.
 * Any other CR and a NUL are malformed.  Input is looked at once: the framer
 * remembers how far it has searched.
 *
 * Logins of the command are cut by these, too; see "Decisions" in HACKING.md.
 */

#ifndef STARTTLS_FRAME_H
#define STARTTLS_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct bytes {
	const uint8_t *data;
	size_t len;
};

/*
 * One line of the peer, without its end; or as many bytes as were wanted; or
 * one message: then the line is that part of it that people can read, and the
 * text all of it.
 */
struct unit {
	const char *name;          /* what a message is; NULL: a line */
	struct bytes line;
	unsigned code;             /* three-digit reply code, or a message's;
	                              0: none */
	unsigned kind;             /* of a message, as its protocol has it */
	uint32_t id;               /* of the request that it answers */
	struct bytes text;         /* behind the code and its separator */
	bool first;                /* of a reply; lines are both */
	bool last;
	bool blank;                /* means nothing at any time: no step sees
	                              it, and no limit but that of bytes */
	unsigned depth, space, inner; /* of XML, see xml.h */
};

#define XML_MAX_DEPTH 16
#define XML_MAX_SCOPE 512

/* What is open in a stream of XML. */
struct xml_state {
	bool begun;                /* a declaration comes too late */
	bool ended;
	uint8_t quote;             /* within an attribute of half a tag */
	unsigned depth;
	uint16_t base[XML_MAX_DEPTH + 1]; /* of each element in the scope */
	size_t scope_len;
	char scope[XML_MAX_SCOPE]; /* see xml.c */
};

struct framer {
	size_t searched;           /* bytes known to hold no line end */
	unsigned code;             /* of an unfinished reply; 0: none */
	bool in_block;             /* a dot-terminated block, or literals */
	size_t wanted;             /* bytes of the next unit (exact) */
	size_t rest;               /* bytes of a message that was cut off */
	struct xml_state xml;
};

typedef ssize_t frame_fn(struct framer *f, const uint8_t *data, size_t len,
			 struct unit *ret_unit);

frame_fn starttls_frame_command; /* lines of a client, strictly */
frame_fn starttls_frame_command_lf; /* the same, where LF alone ends them */
frame_fn starttls_frame_line;    /* lines without a code, blocks */
frame_fn starttls_frame_pieces;  /* lines; long ones in pieces, see .last */
frame_fn starttls_frame_literals; /* lines with quoted strings and literals */
frame_fn starttls_frame_smtp;    /* every line has the code */
frame_fn starttls_frame_ftp;     /* "ddd-" up to "ddd " of the same code */
frame_fn starttls_frame_nntp;    /* one line with a code, and blocks */
frame_fn starttls_frame_exact;   /* as many bytes as want_bytes() said */
frame_fn starttls_frame_postgres; /* messages; want_bytes(1): an answer */
frame_fn starttls_frame_mysql;   /* packets */
frame_fn starttls_frame_ldap;    /* LDAPMessages */

/* A number of up to four octets, the highest first, or the lowest. */
static inline uint32_t
bytes_be(const uint8_t *data, size_t octets)
{
	uint32_t value = 0;
	size_t i;

	for (i = 0; i < octets; i++)
		value = value << 8 | data[i];
	return value;
}

static inline uint32_t
bytes_le(const uint8_t *data, size_t octets)
{
	uint32_t value = 0;

	while (octets > 0)
		value = value << 8 | data[--octets];
	return value;
}

/*
 * Elements of BER: the content of the one that @in begins with, cut off @in.
 * Lengths are definite, and within what is there.  A number is an INTEGER or an
 * ENUMERATED from 0 to 2^31-1, written as shortly as it goes.
 */
bool starttls_ber_next(struct bytes *in, uint8_t *ret_tag, struct bytes *ret);
bool starttls_ber_take(struct bytes *in, uint8_t tag, struct bytes *ret);
bool starttls_ber_number(struct bytes *in, uint8_t tag, uint32_t *ret);

frame_fn starttls_frame_nbd;     /* greetings and replies of servers */
frame_fn starttls_frame_tpkt;    /* as RDP has them */
frame_fn starttls_frame_telnet;  /* commands; text octet by octet */

#define NBD_GREETING 18
#define NBD_REPLY 20               /* in front of its data */

#endif
