/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* What a client calls itself. */

#ifndef STARTTLS_OWN_NAME_H
#define STARTTLS_OWN_NAME_H

#include "transport.h"

#define OWN_NAME_SIZE 256

/**
 * starttls_own_name: the name of this host for EHLO, RFC 5321 section 4.1.4.
 *
 * The host's name if it has a domain, else the address of our end of @io as a
 * literal, else that of the loopback.  Asks nobody.
 */
void starttls_own_name(const struct transport *io,
		       char ret_name[OWN_NAME_SIZE]);

#endif
