/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * The usual session, which tests are about or begin with: a chain of three
 * certificates, a server for each version of TLS, and a client of its own.
 *
 * Most tests loop over both versions, and over seeds of a queue that moves a
 * little at a time.
 */

#ifndef TESTS_USUAL_H
#define TESTS_USUAL_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <check.h>

#include "harness.h"

#define VERSIONS 2
#define SEEDS 4
#define LARGE (1u << 20)

extern const char *const priorities[VERSIONS];

/* made for each case of new_case() */
extern struct mint_cert root, inter, leaf, client;
extern const struct mint_cert *const anchors[1];
extern const struct mint_cert *const chain[2];
extern const struct mint_cert *const client_chain[1];
extern struct tlspair_server servers[VERSIONS];

/** must_run: a session, or the end of the test. */
void must_run(struct conn *c, const struct conn_spec *spec);

/** open_usual: the usual session of turn @i of a loop test. */
void open_usual(struct conn *c, int i);

/** large_data: bytes without a pattern; for the caller to free. */
uint8_t *large_data(size_t len);

/** expect_sticky: after a failure everything says the same. */
void expect_sticky(struct starttls_session *s, int code);

/** read_on: read until something other than WANT_* comes. */
ssize_t read_on(struct conn *c, void *data, size_t size);

/** new_case: a case for tests that use all this. */
TCase *new_case(Suite *s, const char *name);

#define add_both(tc, test) tcase_add_loop_test(tc, test, 0, VERSIONS)
#define add_seeds(tc, test) \
	tcase_add_loop_test(tc, test, 0, VERSIONS * SEEDS)
#define add_rows(tc, test, rows) \
	tcase_add_loop_test(tc, test, 0, (int)ARRAY_LEN(rows))
#define add_rows_both(tc, test, rows) \
	tcase_add_loop_test(tc, test, 0, (int)(VERSIONS * ARRAY_LEN(rows)))

#endif
