/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* The usual server: see host.h. */

#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "host.h"

const char *const priorities[VERSIONS] = { TLS12, TLS13 };

struct mint_cert root, inter, leaf, other, third, exact, rsa;
const struct mint_cert *const anchors[1] = { &root };
const struct mint_cert *const chain[2] = { &leaf, &inter };

static void
mint_all(void)
{
	mint(&root, &(struct mint_spec){ .cn = "root", .is_ca = true }, NULL);
	mint(&inter, &(struct mint_spec){ .cn = "inter", .is_ca = true },
	    &root);
	mint(&leaf, &(struct mint_spec){ .cn = "leaf", .dns = { PEER } },
	    &inter);
	mint(&other, &(struct mint_spec){ .cn = "other",
	    .dns = { "other.example.org", "*.wild.example.org" } }, &root);
	mint(&third, &(struct mint_spec){ .cn = "third",
	    .dns = { "third.example.org" } }, &inter);
	mint(&exact, &(struct mint_spec){ .cn = "exact",
	    .dns = { "b.wild.example.org", "xn--bcher-kva.example" } },
	    &root);
	mint(&rsa, &(struct mint_spec){ .cn = "rsa", .dns = { PEER },
	    .key_type = MINT_RSA_2048 }, &root);
}

static void
free_all(void)
{
	mint_free(&root);
	mint_free(&inter);
	mint_free(&leaf);
	mint_free(&other);
	mint_free(&third);
	mint_free(&exact);
	mint_free(&rsa);
}

struct starttls_policy *
client_policy(int version)
{
	struct starttls_policy *policy = test_policy(anchors, 1);

	if (version == 0)
		ck_assert_int_eq(starttls_policy_restrict(policy,
		    "-VERS-TLS1.3", NULL), 0);
	if (version == 1)
		ck_assert_int_eq(starttls_policy_raise_min_version(policy,
		    STARTTLS_TLS1_3, NULL), 0);
	return policy;
}

void
must_run(struct duo *d, const struct duo_spec *spec)
{
	int rc = duo_run(d, spec);

	ck_assert_msg(rc == 0, "no session: %d %s: %s", rc,
	    starttls_code_name(rc), d->server.error.message);
	ck_assert_msg(d->client.rc == 0, "client: %s",
	    d->client.error.message);
	ck_assert_ptr_nonnull(d->server.session);
}

void
must_exchange(struct duo *d)
{
	int rc = duo_exchange(d);

	ck_assert_msg(rc == 0, "exchange: %d", rc);
}

struct starttls_report
report_of(const struct starttls_session *s)
{
	struct starttls_report report = { .size = sizeof(report) };

	ck_assert_int_eq(starttls_session_report(s, &report), 0);
	return report;
}

TCase *
host_case(Suite *s, const char *name)
{
	TCase *tc = tcase_create(name);

	tcase_add_unchecked_fixture(tc, mint_all, free_all);
	tcase_set_timeout(tc, 120);
	suite_add_tcase(s, tc);
	return tc;
}
