/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * The usual server, which has certificates for several names, and clients of
 * ours for it.
 */

#ifndef TESTS_HOST_H
#define TESTS_HOST_H

#include <check.h>

#include "duo.h"

#define VERSIONS 2

extern const char *const priorities[VERSIONS];

/* made for each case of host_case() */
extern struct mint_cert root, inter, leaf, other, third, exact, rsa;
extern const struct mint_cert *const anchors[1];
extern const struct mint_cert *const chain[2];

/** client_policy: of a client that speaks but one version; 2: both. */
struct starttls_policy *client_policy(int version);

/** must_run: a session, or the end of the test. */
void must_run(struct duo *d, const struct duo_spec *spec);

/** must_exchange: duo_exchange(), or the end of the test. */
void must_exchange(struct duo *d);

/** report_of: what a session tells. */
struct starttls_report report_of(const struct starttls_session *s);

/** host_case: a case for tests that use all this. */
TCase *host_case(Suite *s, const char *name);

#endif
