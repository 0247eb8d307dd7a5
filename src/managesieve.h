/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Lines of ManageSieve's servers (RFC 5804 section 4), as
 * starttls_frame_literals cuts them.
 *
 *	line       = capability / response / string
 *	capability = string [ SP string ]
 *	response   = ( "OK" / "NO" / "BYE" ) [ SP "(" code ")" ] [ SP string ]
 *	code       = *( string / atom text / "(" code ")" )
 *	string     = DQUOTE *( text / "\" char ) DQUOTE / "{" number "}" CRLF
 *	             just so many octets
 */

#ifndef STARTTLS_MANAGESIEVE_H
#define STARTTLS_MANAGESIEVE_H

#include "frame.h"

struct sieve_line {
	enum sieve_kind {
		SIEVE_MALFORMED,
		SIEVE_LISTED,      /* a capability, or a string alone */
		SIEVE_OK,
		SIEVE_NO,          /* or BYE */
	} kind;
	struct bytes name, value;  /* of a capability; no data: no value */
	struct bytes code;         /* of a response, without parentheses */
};

void starttls_sieve_read(struct bytes line, struct sieve_line *ret_line);

/** starttls_sieve_string: cut a string off, without quotes; escapes stay. */
bool starttls_sieve_string(struct bytes *rest, struct bytes *ret_string);

#endif
