/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Allocation failure while a policy is set up, at every single allocation.
 *
 * Whatever fails can be tried once more, and is in force then: a good chain is
 * accepted, and a revoked one refused.
 */

#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness.h"
#include "heap.h"
#include "policy.h"
#include "scarce.h"

static char dir[] = "/tmp/check-alloc-policy-XXXXXX";
static struct mint_cert root, inter, other, leaf, revoked;
static const struct mint_cert *const good_chain[] = { &leaf, &inter };
static const struct mint_cert *const revoked_chain[] = { &revoked, &inter };
static char *pem, *root_pin, *other_pin, *leaf_pin, *revoked_pin;

static const char *
file(const char *name)
{
	static char paths[4][64];
	static size_t next;

	next = (next + 1) % ARRAY_LEN(paths);
	snprintf(paths[next], sizeof(paths[next]), "%s/%s", dir, name);
	return paths[next];
}

/* One conversation without failures: what the policy makes of a chain. */
static int
try_chain(struct starttls_policy *policy,
	  const struct mint_cert *const *chain)
{
	struct tlspair_server server = { .chain = chain, .n = 2 };
	struct conn_spec spec = { .policy = policy, .server = &server };
	struct conn c;
	int rc = conn_run(&c, &spec);

	conn_done(&c);
	return rc;
}

static int
set_trust_file(struct starttls_policy *p, struct starttls_error *error)
{
	return starttls_policy_trust_file(p, file("root.crt"), error);
}

static int
set_trust_dir(struct starttls_policy *p, struct starttls_error *error)
{
	return starttls_policy_trust_dir(p, file("anchors"), error);
}

static int
set_trust_pem(struct starttls_policy *p, struct starttls_error *error)
{
	return starttls_policy_trust_pem(p, pem, strlen(pem), error);
}

static int
add_trust_file(struct starttls_policy *p, struct starttls_error *error)
{
	return starttls_policy_add_trust_file(p, file("other.crt"), error);
}

static int
set_pin(struct starttls_policy *p, struct starttls_error *error)
{
	return starttls_policy_pin(p, other_pin, error);
}

static int
set_second_pin(struct starttls_policy *p, struct starttls_error *error)
{
	return starttls_policy_pin(p, root_pin, error);
}

/* With anchors, pins and lists, all of which go on being demanded. */
static int
accept_peer(struct starttls_policy *p, struct starttls_error *error)
{
	return starttls_policy_accept_peer(p, leaf_pin, error);
}

static int
accept_second_peer(struct starttls_policy *p, struct starttls_error *error)
{
	return starttls_policy_accept_peer(p, revoked_pin, error);
}

static int
set_crl(struct starttls_policy *p, struct starttls_error *error)
{
	return starttls_policy_crl_file(p, file("inter.crl"), error);
}

static int
set_more_crls(struct starttls_policy *p, struct starttls_error *error)
{
	return starttls_policy_crl_file(p, file("both.crl"), error);
}

static int
set_restriction(struct starttls_policy *p, struct starttls_error *error)
{
	return starttls_policy_restrict(p, "-CHACHA20-POLY1305", error);
}

static int
set_second_restriction(struct starttls_policy *p,
		       struct starttls_error *error)
{
	return starttls_policy_restrict(p, "-GROUP-SECP521R1", error);
}

static int
set_identity(struct starttls_policy *p, struct starttls_error *error)
{
	return starttls_policy_identity(p, file("leaf.crt"),
	    file("leaf.key"), NULL, error);
}

static int
describe(struct starttls_policy *p, struct starttls_error *error)
{
	char *text = starttls_policy_describe(p);
	bool whole = text != NULL && strstr(text, "\nnever:") != NULL;

	starttls_error_reset(error);
	if (text == NULL)
		return starttls_error_set(error, STARTTLS_E_NOMEM,
		    STARTTLS_PHASE_SETUP, "no text");
	free(text);
	/* half a text would be a lie */
	return whole ? 0 : starttls_error_set(error, STARTTLS_E_STATE,
	    STARTTLS_PHASE_SETUP, "the text is cut off");
}

static int
freeze(struct starttls_policy *p, struct starttls_error *error)
{
	starttls_error_reset(error);
	return starttls_policy_freeze(p, error);
}

static const struct {
	const char *name;
	int (*call)(struct starttls_policy *, struct starttls_error *);
} setters[] = {
	{ "trust_file", set_trust_file },
	{ "trust_dir", set_trust_dir },
	{ "trust_pem", set_trust_pem },
	{ "add_trust_file", add_trust_file },
	{ "pin", set_pin },
	{ "second pin", set_second_pin },
	{ "accept_peer", accept_peer },
	{ "second peer", accept_second_peer },
	{ "crl_file", set_crl },
	{ "more CRLs", set_more_crls },
	{ "restrict", set_restriction },
	{ "second restrict", set_second_restriction },
	{ "identity", set_identity },
	{ "describe", describe },
	{ "freeze", freeze },
};

/* One setter; if it fails once it must work the second time.  Whether it did
   fail. */
static bool
call_setter(size_t i, struct starttls_policy *policy, size_t nth)
{
	struct starttls_error error;
	int rc = setters[i].call(policy, &error);

	if (rc == 0)
		return false;
	expect_failure(setters[i].name, nth, rc, &error);
	ck_assert_msg(rc == STARTTLS_E_NOMEM || rc == STARTTLS_E_POLICY ||
	    rc == STARTTLS_E_INVALID, "%s, allocation %zu: %d, %s",
	    setters[i].name, nth, rc, error.message);
	heap_fail(0, false);
	rc = setters[i].call(policy, &error);
	ck_assert_msg(rc == 0, "%s, after allocation %zu had failed: %d, %s",
	    setters[i].name, nth, rc, error.message);
	return true;
}

/* Returns whether an allocation did fail on the way. */
static bool
set_up_policy(size_t nth, bool forever)
{
	struct starttls_policy *policy = NULL;
	bool failed = false, leaks = false;
	size_t i;
	int rc;

	heap_fail(nth, forever);
	heap_track(true);
	rc = starttls_policy_new(&policy, STARTTLS_CLIENT);
	if (rc != 0) {
		ck_assert_int_eq(rc, STARTTLS_E_NOMEM);
		ck_assert_ptr_null(policy);
		ck_assert(heap_failed());
		heap_track(false);
		expect_nothing_left("policy_new", nth);
		return true;
	}
	test_policy_clock(policy);
	/* GnuTLS 3.7 forgets what it had read when this fails */
	for (i = 0; i < ARRAY_LEN(setters); i++)
		if (call_setter(i, policy, nth)) {
			leaks = setters[i].call == set_identity;
			failed = true;
		}
	failed = failed || heap_failed();
	heap_track(false);

	/* whatever failed on the way: all of it is in force */
	ck_assert_uint_ge(policy->pin_count, 2);
	ck_assert_uint_ge(policy->crl_count, 3);
	ck_assert_uint_eq(policy->peer_count, 2);
	ck_assert(policy->has_identity && !policy->use_system);
	rc = try_chain(policy, good_chain);
	ck_assert_msg(rc == 0, "allocation %zu: the policy refuses a good "
	    "chain, %d", nth, rc);
	rc = try_chain(policy, revoked_chain);
	ck_assert_msg(rc == STARTTLS_E_REVOKED, "allocation %zu: the policy "
	    "accepts a revoked certificate, %d", nth, rc);
	heap_track(true);
	starttls_policy_unref(policy);
	heap_track(false);
	if (leaks)
		heap_forget();
	expect_nothing_left("policy", nth);
	return failed;
}

START_TEST(test_alloc_policy)
{
	size_t nth;

	set_up_policy(0, false);   /* what GnuTLS keeps for itself */
	heap_forget();
	for (nth = 1; set_up_policy(nth, false);)
		nth = next_allocation(nth);
	ck_assert_uint_gt(nth, 100);
}
END_TEST

static void
write_crls(void)
{
	const struct mint_cert *list[] = { &revoked };
	gnutls_x509_crl_t crls[] = { mint_crl(&inter, list, 1, 0, 0),
		mint_crl(&root, NULL, 0, 0, 0),
		mint_crl(&inter, NULL, 0, 0, 0) };
	char *texts[ARRAY_LEN(crls)], both[8192];
	size_t i;

	for (i = 0; i < ARRAY_LEN(crls); i++)
		texts[i] = mint_crl_pem(crls[i]);
	mint_write_text(file("inter.crl"), texts[0]);
	/* another one of the same issuer must not replace the first */
	snprintf(both, sizeof(both), "%s%s", texts[1], texts[2]);
	mint_write_text(file("both.crl"), both);
	for (i = 0; i < ARRAY_LEN(crls); i++) {
		free(texts[i]);
		gnutls_x509_crl_deinit(crls[i]);
	}
}

static void
set_up(void)
{
	const struct mint_cert *roots[] = { &root }, *others[] = { &other };

	if (mkdtemp(dir) == NULL || mkdir(file("anchors"), 0700) != 0)
		abort();
	mint(&root, &(struct mint_spec){ .cn = "root", .is_ca = true }, NULL);
	mint(&other, &(struct mint_spec){ .cn = "other", .is_ca = true },
	    NULL);
	mint(&inter, &(struct mint_spec){ .cn = "inter", .is_ca = true },
	    &root);
	mint(&leaf, &(struct mint_spec){ .cn = "leaf", .dns = { PEER } },
	    &inter);
	mint(&revoked, &(struct mint_spec){ .cn = "gone", .dns = { PEER } },
	    &inter);
	pem = mint_pem(roots, 1);
	root_pin = mint_pin(&root);
	other_pin = mint_pin(&other);
	leaf_pin = mint_pin(&leaf);
	revoked_pin = mint_pin(&revoked);
	mint_write(dir, "root", roots, 1, NULL);
	mint_write(dir, "other", others, 1, NULL);
	mint_write(dir, "leaf", good_chain, 2, &leaf);
	mint_write(file("anchors"), "one", roots, 1, NULL);
	mint_write(file("anchors"), "two", others, 1, NULL);
	write_crls();
}

static void
tear_down(void)
{
	static const char *const names[] = { "root.crt", "other.crt",
		"leaf.crt", "leaf.key", "inter.crl", "both.crl",
		"anchors/one.crt", "anchors/two.crt" };
	size_t i;

	for (i = 0; i < ARRAY_LEN(names); i++)
		unlink(file(names[i]));
	rmdir(file("anchors"));
	rmdir(dir);
	free(pem);
	free(root_pin);
	free(other_pin);
	free(leaf_pin);
	free(revoked_pin);
	mint_free(&revoked);
	mint_free(&leaf);
	mint_free(&inter);
	mint_free(&other);
	mint_free(&root);
}

int
main(void)
{
	TCase *tcase;
	Suite *suite = scarce_suite("alloc policy", &tcase);
	int status;

	tcase_add_test(tcase, test_alloc_policy);
	mint_set_clock();
	set_up();
	status = run_suite(suite);
	tear_down();
	return status;
}
