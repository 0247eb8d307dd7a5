/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* The usual session, which tests are about or begin with: see usual.h. */

#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "usual.h"

#include <stdint.h>
#include <stdlib.h>

const char *const priorities[VERSIONS] = { TLS12, TLS13 };

struct mint_cert root, inter, leaf, client;
const struct mint_cert *const anchors[1] = { &root };
const struct mint_cert *const chain[2] = { &leaf, &inter };
const struct mint_cert *const client_chain[1] = { &client };
struct tlspair_server servers[VERSIONS];

static void
mint_all(void)
{
	int i;

	mint(&root, &(struct mint_spec){ .cn = "root", .is_ca = true }, NULL);
	mint(&inter, &(struct mint_spec){ .cn = "inter", .is_ca = true },
	    &root);
	mint(&leaf, &(struct mint_spec){ .cn = "leaf",
	    .dns = { PEER, "xn--bcher-kva.example" },
	    .ip = { "192.0.2.1", "2001:db8::1" } }, &inter);
	mint(&client, &(struct mint_spec){ .cn = "client",
	    .purposes = { GNUTLS_KP_TLS_WWW_CLIENT } }, &root);
	for (i = 0; i < VERSIONS; i++)
		servers[i] = (struct tlspair_server){ .chain = chain,
		    .n = 2, .priority = priorities[i] };
}

static void
free_all(void)
{
	mint_free(&root);
	mint_free(&inter);
	mint_free(&leaf);
	mint_free(&client);
}

void
must_run(struct conn *c, const struct conn_spec *spec)
{
	int rc = conn_run(c, spec);

	ck_assert_msg(rc == 0, "no session: %s: %s (server: %s)",
	    starttls_code_name(rc), c->error.message,
	    gnutls_strerror(c->pair.error));
}

static struct conn_spec usual;

void
open_usual(struct conn *c, int i)
{
	usual = (struct conn_spec){
		.policy = test_policy(anchors, 1),
		.server = &servers[i % VERSIONS],
		.seed = (uint64_t)(i / VERSIONS),
	};
	must_run(c, &usual);
	starttls_policy_unref(usual.policy); /* the session has its own */
}

uint8_t *
large_data(size_t len)
{
	uint8_t *data = malloc(len);
	uint32_t x = 1;
	size_t i;

	ck_assert_ptr_nonnull(data);
	for (i = 0; i < len; i++) {
		x = x * 1664525 + 1013904223;
		data[i] = (uint8_t)(x >> 24);
	}
	return data;
}

void
expect_sticky(struct starttls_session *s, int code)
{
	struct starttls_error error;
	char byte;

	ck_assert_int_eq(starttls_session_error(s, &error), code);
	ck_assert_int_eq(error.code, code);
	ck_assert_int_eq(error.error_class, (int)starttls_code_class(code));
	ck_assert_int_eq(error.phase, STARTTLS_PHASE_SESSION);
	ck_assert_msg(is_plain_line(error.message), "\"%s\"", error.message);
	ck_assert_str_eq(error.protocol, "imap");
	ck_assert_int_eq(starttls_session_read(s, &byte, 1), code);
	ck_assert_int_eq(starttls_session_write(s, "x", 1), code);
	ck_assert_int_eq(starttls_session_shutdown(s), code);
	ck_assert_int_eq(starttls_session_close(s), code);
	ck_assert_int_eq(starttls_session_error(s, NULL), code);
}

ssize_t
read_on(struct conn *c, void *data, size_t size)
{
	ssize_t n;
	int turns;

	for (turns = 0; turns < 5000; turns++) {
		n = starttls_session_read(c->session, data, size);
		if (!is_wanting(n))
			return n;
		conn_serve(c);
	}
	return HARNESS_STUCK - 1000;
}

TCase *
new_case(Suite *s, const char *name)
{
	TCase *tc = tcase_create(name);

	tcase_add_unchecked_fixture(tc, mint_all, free_all);
	tcase_set_timeout(tc, 300);
	suite_add_tcase(s, tc);
	return tc;
}
