/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* The names in subjectAltName, for people. */

#ifndef STARTTLS_ALTNAME_H
#define STARTTLS_ALTNAME_H

#include <stddef.h>
#include <stdint.h>

#include "der.h"

/**
 * starttls_altname_list: "DNS:a, IP:b", of a certificate, as far as there is
 * room.
 *
 * A last "..." stands for what is left out, or cannot be read; see
 * starttls_names_next.
 *
 * @room  of @ret_list, at least 8
 */
void starttls_altname_list(struct slice der, char *ret_list, size_t room);

/**
 * starttls_altname_hide: in a copy of a certificate, make of its names an
 * extension that nobody knows.
 *
 * GnuTLS reads all names when it imports a certificate, 22,000 instructions for
 * each.
 */
void starttls_altname_hide(uint8_t *der, size_t len);

#endif
