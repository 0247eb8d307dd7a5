/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* The client's side of SASL mechanisms, RFC 4422; no base64, no I/O. */

#ifndef LOGIN_SASL_H
#define LOGIN_SASL_H

#include <stdbool.h>
#include <stddef.h>

#include "login.h"

struct sasl;

/* From a mechanism's number, which is its place in order of strength; NULL:
   there are not so many. */
const char *sasl_name(unsigned mechanism);
/* The number of a name without case, or -1. */
int sasl_find(const char *name);
enum login_needs sasl_needs(unsigned mechanism);

/**
 * sasl_choose: the strongest mechanism of those on offer that can be used, or
 * the one that is named.
 *
 * @offered  bits by number
 *
 * Returns: the number, or -1.
 */
int sasl_choose(unsigned offered, const struct login_options *options,
		struct starttls_session *session);

/**
 * sasl_new: begin with a mechanism that sasl_choose has chosen.
 *
 * Ownership: borrows the text in @options.
 * Returns: 0; STARTTLS_E_NOMEM, STARTTLS_E_INVALID (the name or password
 * cannot be prepared: RFC 4013), or what the channel binding fails with
 */
int sasl_new(struct sasl **ret_sasl, unsigned mechanism,
	     const struct login_options *options,
	     struct starttls_session *session, const struct starttls_url *url);

/* The client has something to say before the first challenge. */
bool sasl_speaks_first(const struct sasl *sasl);
/* What its challenges say matters.  In PLAIN, LOGIN and their like servers say
   whatever they want, in base64 or not, and mean "go on". */
bool sasl_listens(const struct sasl *sasl);
/* Nothing more is to be said; and a server that has to prove that it knows
   the password has done so. */
bool sasl_is_done(const struct sasl *sasl);
/* The server has to prove that it knows the password. */
bool sasl_wants_proof(const struct sasl *sasl);

enum sasl_result {
	SASL_RESPONSE,             /* send it, even if it is empty */
	SASL_MALFORMED,            /* no challenge of this mechanism */
	SASL_REFUSED,              /* a refusal in the form of a challenge */
	SASL_FORGED,               /* the server does not know the password */
	SASL_TOO_LONG,             /* it asks for too much work */
	SASL_UNPREPARED,           /* the name or password, RFC 4013 */
	SASL_NO_MEMORY
};

/**
 * sasl_step: the answer to a challenge.
 *
 * @challenge  NUL-terminated as well; length 0 at the first call of a
 *             mechanism that speaks first
 * @ret_data   a response, to be wiped and freed with sasl_free_data
 */
enum sasl_result sasl_step(struct sasl *sasl, const char *challenge,
			   size_t len, char **ret_data, size_t *ret_len);
void sasl_free_data(char *data, size_t len);

void sasl_free(struct sasl *sasl);

/* Base64 of what is to be wiped; NULL: no memory. */
char *sasl_encode(const char *data, size_t len);
/* NULL: no base64, or no memory.  NUL-terminated.  Blanks around it and missing
   padding do no harm. */
char *sasl_decode(const char *text, size_t *ret_len);

#endif
