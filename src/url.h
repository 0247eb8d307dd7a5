/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* URLs, for the library itself. */

#ifndef STARTTLS_URL_H
#define STARTTLS_URL_H

#include "starttls.h"

/**
 * starttls_url_parse_at: as starttls_url_parse(), where something else says the
 * port of a protocol that has no usual one.
 *
 * @last_port  if the URL has none; NULL: that is a mistake
 */
int starttls_url_parse_at(const char *text, const char *last_port,
			  struct starttls_url *ret_url,
			  struct starttls_error *error);

#endif
