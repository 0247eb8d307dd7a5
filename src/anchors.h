/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* Anchors for one verification, in place of the policy's. */

#ifndef STARTTLS_ANCHORS_H
#define STARTTLS_ANCHORS_H

#include "tlsa.h"

#define ANCHORS_MAX 64

struct chain;

struct anchors {
	struct anchors_item {
		gnutls_x509_crt_t crt;
		struct slice subject;
		uint8_t *made;     /* its bytes, if it is ours; else NULL */
	} list[ANCHORS_MAX];
	unsigned count;
};

/**
 * starttls_anchors_find: those that DANE-TA(2) records stand for.
 *
 * A bare key is there if it has signed something that was sent, as a
 * certificate that is made for it.
 *
 * Ownership: the caller calls starttls_anchors_done(); what was sent belongs
 * to the chain, and what the records have to these.
 */
void starttls_anchors_find(struct anchors *anchors, const struct tlsa *tlsa,
			   const struct chain *chain);
void starttls_anchors_done(struct anchors *anchors);

#endif
