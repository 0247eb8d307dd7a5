/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* What is wrong with a path. */

#ifndef STARTTLS_JUDGE_H
#define STARTTLS_JUDGE_H

#include "path.h"

/**
 * starttls_judge: everything that a path must satisfy.
 *
 * @path  crt and len are given, all else is set
 */
void starttls_judge(const struct demand *demand, const struct chain *chain,
		    struct path *path);

/** starttls_judge_is_better: whether @a is good, or tells more, than @b. */
bool starttls_judge_is_better(const struct path *a, const struct path *b);

/** starttls_judge_signature: whether @issuer has signed @crt. */
bool starttls_judge_signature(gnutls_x509_crt_t crt,
			      gnutls_x509_crt_t issuer);

#endif
