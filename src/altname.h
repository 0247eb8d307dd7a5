/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* The names in subjectAltName, for people. */

#ifndef STARTTLS_ALTNAME_H
#define STARTTLS_ALTNAME_H

#include <stddef.h>

#include <gnutls/x509.h>

/**
 * starttls_altname_list: "DNS:a, IP:b", as far as there is room.
 *
 * A last "..." stands for what is left out, or makes no sense; a comma within a
 * name is "\x2c", and no byte could harm a terminal.
 *
 * @room  of @ret_names, at least 8
 */
void starttls_altname_list(gnutls_x509_crt_t crt, char *ret_names,
			   size_t room);

#endif
