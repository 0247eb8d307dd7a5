/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* What a port says about the scheme. */

#ifndef CHECK_PORT_H
#define CHECK_PORT_H

#include <stdbool.h>
#include <stddef.h>

#include "starttls.h"

#define PORT_URL_SIZE 600

/* The scheme whose usual port this is; NULL: none. */
const char *port_scheme(const char *port);

/**
 * port_check: refuse the usual port of TLS from the start in a URL whose scheme
 * wants an upgrade, where one would wait for a greeting in vain.
 *
 * What else is wrong with the URL is not told here.
 *
 * Returns: 0 or STARTTLS_E_INVALID, with words in @error.
 */
int port_check(const char *url, struct starttls_error *error);

/**
 * port_complete: the URL with @port, if its protocol has no usual one and it
 * names none.
 *
 * Returns: a URL, the caller's; NULL: it needs nothing or is no URL, or memory
 * is short.
 */
char *port_complete(const char *url, const char *port);

/* The URL of the same place with another scheme. */
void port_other_url(const struct starttls_url *url, const char *scheme,
		    char *buf, size_t size);
/* The same for who wants TLS from the start. */
void port_dedicated_url(const struct starttls_url *url, char *buf,
			size_t size);

/* Whether text without a scheme is a place, HOST:PORT, and where its port is;
   NULL: it is not. */
const char *port_of_place(const char *text);

#endif
