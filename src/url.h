/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* scheme://host[:port], where the scheme names protocol and way to TLS. */

#ifndef STARTTLS_URL_H
#define STARTTLS_URL_H

#include "starttls.h"

struct url {
	const struct starttls_protocol *protocol;
	enum starttls_stage from;  /* STARTTLS_GREETING or _HANDSHAKE */
	char host[STARTTLS_HOST_SIZE * 2]; /* as written, without brackets */
	char port[8];
};

/**
 * starttls_url_parse: take a URL apart.
 *
 * User, password, path and query are refused: a session is for a server, and
 * a password has no place on a command line.
 *
 * Returns: 0; STARTTLS_E_INVALID (the message says what and where)
 */
int starttls_url_parse(const char *text, struct url *ret_url,
		       struct starttls_error *error);

#endif
