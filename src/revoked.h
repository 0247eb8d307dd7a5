/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* One revocation list, indexed: which serial numbers are on it. */

#ifndef STARTTLS_REVOKED_H
#define STARTTLS_REVOKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "der.h"

struct revoked {
	uint8_t *der;              /* the whole list */
	size_t der_len;
	struct slice issuer;       /* in it */
	uint32_t issuer_hash;      /* the owner's */
	int64_t next_update;       /* seconds since 1970; -1: none given */
	const uint8_t **serials;   /* in it, with their headers; sorted */
	size_t count;
};

/**
 * starttls_revoked_init: read a list.
 *
 * @der      belongs to @ret_list if it is taken, else to the caller; malloc(3)
 * @ret_why  the list is of no use
 *
 * Returns: 0; STARTTLS_E_POLICY, STARTTLS_E_NOMEM
 */
int starttls_revoked_init(struct revoked *ret_list, uint8_t *der,
			  size_t der_len, const char **ret_why);

/** starttls_revoked_has: whether a serial number is on it. */
bool starttls_revoked_has(const struct revoked *list, struct slice serial);

/** starttls_revoked_done: free all that it has. */
void starttls_revoked_done(struct revoked *list);

#endif
