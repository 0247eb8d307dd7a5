/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Which path a chain has, and when: the order of what was sent, what is missing
 * or too much, dates, and that the search has an end.
 */

#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "path.h"
#include "verdict.h"

#define INCOMPLETE (STARTTLS_V_UNTRUSTED | STARTTLS_V_INCOMPLETE)
#define SELF_SIGNED (STARTTLS_V_UNTRUSTED | STARTTLS_V_SELF_SIGNED)
#define PRIVATE_ROOT (STARTTLS_V_UNTRUSTED | STARTTLS_V_PRIVATE_ROOT)
#define DISORDERED (STARTTLS_V_UNTRUSTED | STARTTLS_V_DISORDERED)
#define ANY_USAGE (GNUTLS_KEY_KEY_CERT_SIGN | GNUTLS_KEY_DIGITAL_SIGNATURE)
#define LONG "long-long-long-long-long-long-long-long-long-long/"

static const struct row rows[] = {
	/* The path. */
	{ .name = "valid chain" },
	{ .name = "valid chain, leaf of the root",
	  .issuer = ROOT, .chain = { LEAF } },
	{ .name = "valid chain of four",
	  .ca = { .cn = "sub", .is_ca = true }, .ca_issuer = INTER,
	  .chain = { LEAF, CA, INTER } },
	{ .name = "root sent along", .chain = { LEAF, INTER, ROOT } },
	{ .name = "unrelated certificate behind",
	  .chain = { LEAF, INTER, OTHER_ROOT } },
	{ .name = "unrelated certificate in between",
	  .chain = { LEAF, SIBLING, INTER } },
	{ .name = "a certificate twice",
	  .chain = { LEAF, INTER, INTER, ROOT, ROOT } },
	{ .name = "chain out of order",
	  .ca = { .cn = "sub", .is_ca = true }, .ca_issuer = INTER,
	  .chain = { LEAF, INTER, CA } },
	{ .name = "chain out of order, root in the middle",
	  .ca = { .cn = "sub", .is_ca = true }, .ca_issuer = INTER,
	  .chain = { LEAF, ROOT, INTER, CA } },
	{ .name = "missing intermediate", .chain = { LEAF },
	  .says = "; the certificate of its issuer \"CN=inter\" was not sent",
	  .code = STARTTLS_E_INCOMPLETE, .verdict = INCOMPLETE },
	{ .name = "intermediate missing in the middle",
	  .ca = { .cn = "sub", .is_ca = true }, .ca_issuer = INTER,
	  .chain = { LEAF, CA },
	  .says = "; the authority \"CN=inter\" is not known here",
	  .code = STARTTLS_E_UNTRUSTED, .verdict = STARTTLS_V_UNTRUSTED,
	  .depth = 1 },
	{ .name = "self-signed", .self_signed = true, .chain = { LEAF },
	  .says = "; it is self-signed",
	  .code = STARTTLS_E_SELF_SIGNED, .verdict = SELF_SIGNED },
	{ .name = "self-signed CA as leaf", .self_signed = true,
	  .leaf = { .is_ca = true, .usage = GNUTLS_KEY_KEY_CERT_SIGN |
		GNUTLS_KEY_DIGITAL_SIGNATURE }, .chain = { LEAF },
	  .code = STARTTLS_E_SELF_SIGNED, .verdict = SELF_SIGNED },
	{ .name = "self-signed, and what it has nothing to do with",
	  .self_signed = true,
	  .code = STARTTLS_E_SELF_SIGNED, .verdict = SELF_SIGNED },
	{ .name = "unknown CA", .trust = { OTHER_ROOT },
	  .says = "; the authority \"CN=root\" is not known here",
	  .code = STARTTLS_E_UNTRUSTED, .verdict = STARTTLS_V_UNTRUSTED,
	  .depth = 1 },
	{ .name = "unknown CA that is sent along", .trust = { OTHER_ROOT },
	  .chain = { LEAF, INTER, ROOT },
	  .says = "; the root that was sent, \"CN=root\", is not trusted here",
	  .code = STARTTLS_E_PRIVATE_ROOT, .verdict = PRIVATE_ROOT,
	  .depth = 2 },
	{ .name = "unknown CA that is sent in front of the intermediate",
	  .trust = { OTHER_ROOT }, .chain = { LEAF, ROOT, INTER },
	  .code = STARTTLS_E_PRIVATE_ROOT, .verdict = PRIVATE_ROOT,
	  .depth = 1 },
	{ .name = "unknown CA without intermediate, sent along",
	  .issuer = ROOT, .trust = { OTHER_ROOT }, .chain = { LEAF, ROOT },
	  .code = STARTTLS_E_PRIVATE_ROOT, .verdict = PRIVATE_ROOT,
	  .depth = 1 },
	{ .name = "impostor with the trusted name",
	  .issuer = IMPOSTOR, .chain = { LEAF, IMPOSTOR },
	  .code = STARTTLS_E_PRIVATE_ROOT, .verdict = PRIVATE_ROOT,
	  .depth = 1 },
	{ .name = "missing intermediate, whose place is known",
	  .leaf = { .issuer_url = "http://ca.example/inter.der" },
	  .chain = { LEAF },
	  .says = "was not sent (http://ca.example/inter.der)",
	  .code = STARTTLS_E_INCOMPLETE, .verdict = INCOMPLETE },
	{ .name = "missing intermediate, from a hostile place",
	  .leaf = { .issuer_url = "http://ca.example/\"; ok" },
	  .chain = { LEAF }, .says_not = "ca.example",
	  .code = STARTTLS_E_INCOMPLETE, .verdict = INCOMPLETE },
	{ .name = "missing intermediate, in a file",
	  .leaf = { .issuer_url = "file:///etc/passwd" },
	  .chain = { LEAF }, .says_not = "passwd",
	  .code = STARTTLS_E_INCOMPLETE, .verdict = INCOMPLETE },
	{ .name = "missing intermediate, from a place that is too far away",
	  .leaf = { .issuer_url = "http://ca.example/" LONG LONG LONG LONG
		LONG LONG }, .chain = { LEAF }, .says_not = "ca.example",
	  .code = STARTTLS_E_INCOMPLETE, .verdict = INCOMPLETE },
	{ .name = "missing intermediate, the root was sent",
	  .chain = { LEAF, ROOT },
	  .code = STARTTLS_E_INCOMPLETE, .verdict = INCOMPLETE },
	{ .name = "missing intermediate, the leaf twice",
	  .chain = { LEAF, LEAF },
	  .code = STARTTLS_E_INCOMPLETE, .verdict = INCOMPLETE },
	{ .name = "missing intermediate, that of another was sent",
	  .chain = { LEAF, OTHER_INTER },
	  .says = "; its issuer \"CN=inter\" is not among the others",
	  .code = STARTTLS_E_DISORDERED, .verdict = DISORDERED },
	{ .name = "another server's in front", .chain = { CA, LEAF, INTER },
	  .ca = { .cn = "www", .dns = { "www.example.org" } },
	  .ca_issuer = INTER, .issuer = INTER,
	  .says = "; number 2 of what was sent has this name",
	  .code = STARTTLS_E_DISORDERED,
	  .verdict = STARTTLS_V_NAME | STARTTLS_V_DISORDERED },
	{ .name = "the issuer in front", .chain = { CA, LEAF },
	  .ca = { .cn = "ca", .is_ca = true, .usage = ANY_USAGE },
	  .says = "; number 2 of what was sent has this name",
	  .code = STARTTLS_E_DISORDERED,
	  .verdict = STARTTLS_V_NAME | STARTTLS_V_DISORDERED },
	{ .name = "the issuer in front, unknown root",
	  .trust = { OTHER_ROOT }, .chain = { CA, LEAF, ROOT },
	  .ca = { .cn = "ca", .is_ca = true, .usage = ANY_USAGE },
	  .code = STARTTLS_E_DISORDERED,
	  .verdict = STARTTLS_V_NAME | DISORDERED },
	{ .name = "impostor, no key identifiers",
	  .issuer = BARE_IMPOSTOR, .leaf = { .no_key_ids = true },
	  .chain = { LEAF, BARE_IMPOSTOR },
	  .code = STARTTLS_E_BAD_CHAIN, .verdict = STARTTLS_V_SIGNATURE },
	{ .name = "impostor of the intermediate",
	  .issuer = INTER_IMPOSTOR, .leaf = { .no_key_ids = true },
	  .chain = { LEAF, INTER },
	  .code = STARTTLS_E_BAD_CHAIN, .verdict = STARTTLS_V_SIGNATURE },
	{ .name = "bad signature of the leaf",
	  .leaf = { .bad_signature = true },
	  .code = STARTTLS_E_BAD_CHAIN, .verdict = STARTTLS_V_SIGNATURE },
	{ .name = "bad signature of the intermediate",
	  .ca = { .cn = "ca", .is_ca = true, .bad_signature = true },
	  .code = STARTTLS_E_BAD_CHAIN, .verdict = STARTTLS_V_SIGNATURE,
	  .depth = 1 },
	{ .name = "cross-signed root, new one trusted",
	  .trust = { OTHER_ROOT }, .chain = { LEAF, INTER, CROSSED } },
	{ .name = "cross-signed root, old one trusted",
	  .chain = { LEAF, INTER, CROSSED } },
	{ .name = "cross-signed root, both sent",
	  .trust = { OTHER_ROOT }, .chain = { LEAF, INTER, ROOT, CROSSED } },
	{ .name = "two anchors of one name", .trust = { IMPOSTOR, ROOT } },
	{ .name = "two anchors of one name, the other way round",
	  .trust = { ROOT, IMPOSTOR } },
	{ .name = "two anchors of one name without key identifiers",
	  .trust = { BARE_IMPOSTOR, ROOT } },
	{ .name = "the same, the other way round",
	  .trust = { ROOT, BARE_IMPOSTOR } },
	{ .name = "expired anchor and its successor, of one name",
	  .trust = { EXPIRED_SELF, ROOT } },
	{ .name = "successor and the expired anchor, of one name",
	  .trust = { ROOT, EXPIRED_SELF } },
	{ .name = "anchor is the intermediate", .trust = { INTER } },
	{ .name = "anchor is the intermediate, not sent",
	  .trust = { INTER }, .chain = { LEAF } },
	{ .name = "anchor is the intermediate, root sent too",
	  .trust = { INTER }, .chain = { LEAF, INTER, ROOT } },
	{ .name = "anchor is the lower one of two intermediates",
	  .ca = { .cn = "sub", .is_ca = true }, .ca_issuer = INTER,
	  .trust = { CA }, .chain = { LEAF, CA, INTER } },
	{ .name = "anchor is the upper one of two intermediates",
	  .ca = { .cn = "sub", .is_ca = true }, .ca_issuer = INTER,
	  .trust = { INTER }, .chain = { LEAF, CA, INTER } },
	{ .name = "anchor is the leaf",
	  .trust = { LEAF }, .chain = { LEAF } },
	{ .name = "anchor is the leaf, chain sent", .trust = { LEAF } },
	{ .name = "anchor is the self-signed leaf", .self_signed = true,
	  .trust = { LEAF }, .chain = { LEAF } },
	{ .name = "anchor is another leaf",
	  .trust = { SIBLING },
	  .code = STARTTLS_E_UNTRUSTED, .verdict = STARTTLS_V_UNTRUSTED,
	  .depth = 1 },

	/* Validity. */
	{ .name = "expired leaf", .leaf = { .not_after = -MINT_HOUR },
	  .says = "expired (on 2026-05-31 23:00 UTC)",
	  .code = STARTTLS_E_EXPIRED, .verdict = STARTTLS_V_EXPIRED },
	{ .name = "leaf expires in an hour",
	  .leaf = { .not_after = MINT_HOUR } },
	{ .name = "expired intermediate",
	  .ca = { .cn = "ca", .is_ca = true, .not_after = -MINT_HOUR },
	  .says = "depends on its issuer \"CN=ca\", which is expired "
	    "(on 2026-05-31 23:00 UTC)",
	  .code = STARTTLS_E_EXPIRED, .verdict = STARTTLS_V_EXPIRED,
	  .depth = 1 },
	{ .name = "expired root",
	  .issuer = EXPIRED_ROOT, .trust = { EXPIRED_ROOT },
	  .chain = { LEAF },
	  .says = "depends on the anchor \"CN=", .says_not = "2026-08-30",
	  .code = STARTTLS_E_EXPIRED, .verdict = STARTTLS_V_EXPIRED,
	  .depth = NO_DEPTH },
	{ .name = "expired root, sent along",
	  .issuer = EXPIRED_ROOT, .trust = { EXPIRED_ROOT },
	  .chain = { LEAF, EXPIRED_ROOT },
	  .says = "expired (on 2026-05-31 23:59 UTC)",
	  .code = STARTTLS_E_EXPIRED, .verdict = STARTTLS_V_EXPIRED,
	  .depth = 1 },
	{ .name = "not yet valid",
	  .leaf = { .not_before = MINT_HOUR },
	  .says = "not yet valid (before 2026-06-01 01:00 UTC)",
	  .code = STARTTLS_E_NOT_YET_VALID,
	  .verdict = STARTTLS_V_NOT_YET_VALID },
	{ .name = "intermediate not yet valid",
	  .ca = { .cn = "ca", .is_ca = true, .not_before = MINT_HOUR },
	  .code = STARTTLS_E_NOT_YET_VALID,
	  .verdict = STARTTLS_V_NOT_YET_VALID, .depth = 1 },
	{ .name = "expired and for another name",
	  .leaf = { .not_after = -1, .dns = { "www.example.org" } },
	  .code = STARTTLS_E_EXPIRED,
	  .verdict = STARTTLS_V_EXPIRED | STARTTLS_V_NAME },
	{ .name = "expired, unknown CA, another name",
	  .leaf = { .not_after = -1, .dns = { "www.example.org" } },
	  .trust = { OTHER_ROOT },
	  .code = STARTTLS_E_UNTRUSTED,
	  .verdict = STARTTLS_V_UNTRUSTED | STARTTLS_V_EXPIRED |
		STARTTLS_V_NAME, .depth = 1 },
	{ .name = "expired leaf is the anchor",
	  .leaf = { .not_after = -1 }, .trust = { LEAF },
	  .chain = { LEAF },
	  .code = STARTTLS_E_EXPIRED, .verdict = STARTTLS_V_EXPIRED },

	/* More was sent than a path. */
	{ .name = "expired intermediate and its renewal",
	  .chain = { LEAF, OLD_INTER, INTER } },
	{ .name = "renewed intermediate and the expired one",
	  .chain = { LEAF, INTER, OLD_INTER } },
	{ .name = "expired intermediate, its renewal, the root",
	  .chain = { LEAF, ROOT, OLD_INTER, OLD_INTER, INTER, ROOT } },
	{ .name = "intermediate of tomorrow and that of today",
	  .chain = { LEAF, NEXT_INTER, INTER } },
	{ .name = "intermediate of yesterday and that of tomorrow",
	  .chain = { LEAF, OLD_INTER, NEXT_INTER },
	  .code = STARTTLS_E_EXPIRED, .verdict = STARTTLS_V_EXPIRED,
	  .depth = 1 },
	{ .name = "intermediate that is no CA and one that is",
	  .chain = { LEAF, MERE_INTER, INTER } },
	{ .name = "expired intermediate alone",
	  .chain = { LEAF, OLD_INTER },
	  .code = STARTTLS_E_EXPIRED, .verdict = STARTTLS_V_EXPIRED,
	  .depth = 1 },
	{ .name = "expired intermediate, and another key of its name",
	  .chain = { LEAF, TWIN_INTER, OLD_INTER },
	  .code = STARTTLS_E_EXPIRED, .verdict = STARTTLS_V_EXPIRED,
	  .depth = 2 },
	{ .name = "the same, the other way round",
	  .chain = { LEAF, OLD_INTER, TWIN_INTER },
	  .code = STARTTLS_E_EXPIRED, .verdict = STARTTLS_V_EXPIRED,
	  .depth = 1 },
	{ .name = "two intermediates of one name",
	  .chain = { LEAF, TWIN_INTER, INTER } },
	{ .name = "two intermediates of one name, the other way round",
	  .chain = { LEAF, INTER, TWIN_INTER } },
	{ .name = "the wrong one of two intermediates",
	  .chain = { LEAF, TWIN_INTER },
	  .says = "; number 2 of what was sent has the name of its issuer "
	      "\"CN=inter\", but another key",
	  .code = STARTTLS_E_DISORDERED, .verdict = DISORDERED },
	{ .name = "intermediates of one name without key identifiers",
	  .issuer = BARE_INTER, .leaf = { .no_key_ids = true },
	  .chain = { LEAF, BARE_INTER_2, BARE_INTER_3, BARE_INTER } },
	{ .name = "the same, leaf of another",
	  .issuer = BARE_INTER_3, .leaf = { .no_key_ids = true },
	  .chain = { LEAF, BARE_INTER_2, BARE_INTER_3, BARE_INTER } },
	{ .name = "only wrong ones of one name",
	  .issuer = BARE_INTER, .leaf = { .no_key_ids = true },
	  .chain = { LEAF, BARE_INTER_2, BARE_INTER_3 },
	  .code = STARTTLS_E_BAD_CHAIN, .verdict = STARTTLS_V_SIGNATURE },
	{ .name = "only one of the name, whose key is of another type",
	  .issuer = BARE_INTER, .leaf = { .no_key_ids = true },
	  .chain = { LEAF, BARE_RSA_INTER },
	  .code = STARTTLS_E_BAD_CHAIN, .verdict = STARTTLS_V_SIGNATURE },
	{ .name = "the same, as the anchor",
	  .issuer = BARE_INTER, .leaf = { .no_key_ids = true },
	  .trust = { BARE_RSA_INTER }, .chain = { LEAF },
	  .code = STARTTLS_E_BAD_CHAIN, .verdict = STARTTLS_V_SIGNATURE },
	{ .name = "many of the name with keys of another type",
	  .issuer = BARE_INTER, .leaf = { .no_key_ids = true },
	  .chain = { LEAF, BARE_RSA_INTER, BARE_RSA_INTER, BARE_RSA_INTER,
	    BARE_RSA_INTER, BARE_RSA_INTER, BARE_RSA_INTER, BARE_RSA_INTER,
	    BARE_RSA_INTER, BARE_RSA_INTER, BARE_RSA_INTER, BARE_RSA_INTER,
	    BARE_RSA_INTER, BARE_RSA_INTER, BARE_RSA_INTER, BARE_RSA_INTER,
	    BARE_RSA_INTER, BARE_INTER } },
	{ .name = "anchors of one name, that are intermediates",
	  .trust = { TWIN_INTER, INTER }, .chain = { LEAF } },
	{ .name = "the same, the other way round",
	  .trust = { INTER, TWIN_INTER }, .chain = { LEAF } },
	{ .name = "anchors of one name without key identifiers",
	  .issuer = BARE_INTER, .leaf = { .no_key_ids = true },
	  .trust = { BARE_INTER_2, BARE_INTER, BARE_INTER_3 },
	  .chain = { LEAF } },
	{ .name = "right intermediate is an anchor, wrong one was sent",
	  .issuer = BARE_INTER, .leaf = { .no_key_ids = true },
	  .trust = { BARE_INTER }, .chain = { LEAF, BARE_INTER_2 } },
	{ .name = "wrong intermediate is an anchor, right one was sent",
	  .issuer = BARE_INTER, .leaf = { .no_key_ids = true },
	  .trust = { ROOT, BARE_INTER_2 }, .chain = { LEAF, BARE_INTER } },
	{ .name = "expired anchor, its renewal was sent",
	  .trust = { ROOT, OLD_INTER } },
	{ .name = "expired anchor that was sent, too, and its renewal",
	  .trust = { ROOT, OLD_INTER }, .chain = { LEAF, OLD_INTER, INTER } },
	{ .name = "expired cross-sign, new root trusted",
	  .chain = { LEAF, INTER, OLD_CROSSED } },
	{ .name = "expired cross-sign, old root trusted",
	  .trust = { OTHER_ROOT }, .chain = { LEAF, INTER, OLD_CROSSED },
	  .code = STARTTLS_E_EXPIRED, .verdict = STARTTLS_V_EXPIRED,
	  .depth = 2 },
	{ .name = "expired cross-sign and its renewal",
	  .trust = { OTHER_ROOT },
	  .chain = { LEAF, INTER, OLD_CROSSED, CROSSED } },
	{ .name = "expired cross-sign in front of the intermediate",
	  .chain = { LEAF, OLD_CROSSED, INTER, OTHER_ROOT } },
	{ .name = "expired root sent, its renewal trusted",
	  .chain = { LEAF, INTER, EXPIRED_SELF } },
	{ .name = "root sent, expired one trusted",
	  .says = "depends on the anchor \"CN=",
	  .trust = { EXPIRED_SELF }, .chain = { LEAF, INTER, ROOT },
	  .code = STARTTLS_E_EXPIRED, .verdict = STARTTLS_V_EXPIRED,
	  .depth = NO_DEPTH },
	{ .name = "expired root trusted and sent",
	  .trust = { EXPIRED_SELF }, .chain = { LEAF, INTER, EXPIRED_SELF },
	  .code = STARTTLS_E_EXPIRED, .verdict = STARTTLS_V_EXPIRED,
	  .depth = 2 },
	{ .name = "expired and unrelated",
	  .chain = { LEAF, EXPIRED_ROOT, OLD_RESPONDER, INTER } },
	{ .name = "the leaf twice", .chain = { LEAF, LEAF, INTER } },
	{ .name = "expired intermediate and an unknown CA",
	  .trust = { OTHER_ROOT }, .chain = { LEAF, OLD_INTER, INTER },
	  .code = STARTTLS_E_UNTRUSTED, .verdict = STARTTLS_V_UNTRUSTED,
	  .depth = 2 },
};

/* The key is that of the last one, which should be the first: TLS 1.2 has us
   asked before it is used, TLS 1.3 behind that. */
START_TEST(test_verify_sees_the_wrong_order)
{
	const struct mint_cert *own[] = { &cast[LEAF] };
	const struct mint_cert *sent[] = { &cast[ROOT], &cast[INTER],
	    &cast[LEAF] };
	const struct mint_cert *root[] = { &cast[_i / VERSIONS == 0 ? ROOT :
	    OTHER_ROOT] };
	struct tlspair_server server = { .chain = own, .n = 1,
	    .priority = verdict_priorities[_i % VERSIONS] };
	struct conn_spec spec = { .server = &server, .sent = sent,
	    .sent_n = ARRAY_LEN(sent) };
	struct conn c;
	int rc;

	mint(&cast[LEAF], &(struct mint_spec){ .cn = "leaf",
	    .dns = { PEER } }, &cast[INTER]);
	spec.policy = test_policy(root, 1);
	rc = conn_run(&c, &spec);
	ck_assert_msg(rc == STARTTLS_E_DISORDERED, "%s: %s",
	    starttls_code_name(rc), c.error.message);
	ck_assert_msg((c.error.verdict & STARTTLS_V_DISORDERED) != 0 &&
	    strstr(c.error.message, "; number 3 of what was sent has this "
	    "name, and should be the first") != NULL, "%#x: %s",
	    c.error.verdict, c.error.message);
	conn_done(&c);
	starttls_policy_unref(spec.policy);
	mint_free(&cast[LEAF]);
}
END_TEST

/* A hostile number of certificates costs a bounded amount of work. */
static const struct {
	const char *name;
	size_t intermediates;
	bool is_accepted;
} long_chains[] = {
	{ "ten intermediates", 10, true },
	{ "fourteen intermediates", 14, true },
	{ "fifteen intermediates", 15, true },
	{ "sixteen intermediates", 16, false },
	{ "forty intermediates", 40, false },
};

START_TEST(test_verify_bounds_the_chain)
{
	size_t n = long_chains[_i].intermediates, i;
	struct mint_cert *made = calloc(n + 1, sizeof(*made));
	const struct mint_cert *chain[41];
	const struct mint_cert *root[] = { &cast[ROOT] };
	struct tlspair_server server = { .chain = chain, .n = 1 };
	struct conn_spec spec = { .server = &server, .sent = chain,
	    .sent_n = n + 1 };
	struct conn c;
	char cn[32];
	int rc;

	ck_assert_ptr_nonnull(made);
	for (i = 0; i < n; i++) {
		snprintf(cn, sizeof(cn), "sub %zu", i);
		mint(&made[n - i],
		    &(struct mint_spec){ .cn = cn, .is_ca = true },
		    i == 0 ? &cast[ROOT] : &made[n - i + 1]);
	}
	mint(&made[0], &(struct mint_spec){ .cn = "leaf", .dns = { PEER } },
	    &made[1]);
	for (i = 0; i <= n; i++)
		chain[i] = &made[i];
	spec.policy = test_policy(root, 1);
	rc = conn_run(&c, &spec);
	ck_assert_msg((rc == 0) == long_chains[_i].is_accepted,
	    "%s: %s: %s", long_chains[_i].name, starttls_code_name(rc),
	    c.error.message);
	ck_assert_msg(rc == 0 || starttls_code_class(rc) ==
	    STARTTLS_CLASS_VERIFY || starttls_code_class(rc) ==
	    STARTTLS_CLASS_TLS, "%s: %s", long_chains[_i].name,
	    starttls_code_name(rc));
	conn_done(&c);
	starttls_policy_unref(spec.policy);
	for (i = 0; i <= n; i++)
		mint_free(&made[i]);
	free(made);
}
END_TEST

/*
 * Sets of certificates that are made to be searched for ever: all have one
 * name, no key identifiers, and the anchor's name is theirs as well.
 */
static const struct {
	const char *name;
	size_t keys;               /* different ones */
	bool in_a_row;             /* each signs the next, else itself */
	bool by_anchor;            /* the anchor signs the first of them */
	bool expired;              /* those that the anchor did not sign */
} mazes[] = {
	{ .name = "a key for each, self-issued", .keys = 16 },
	{ .name = "one key for all", .keys = 1 },
	{ .name = "three keys, each signs the next", .keys = 3,
	  .in_a_row = true },
	{ .name = "a key for each, each signs the next", .keys = 16,
	  .in_a_row = true },
	{ .name = "four keys, the anchor signs some", .keys = 4,
	  .in_a_row = true, .by_anchor = true },
	{ .name = "four keys, the anchor signs some, others have expired",
	  .keys = 4, .in_a_row = true, .by_anchor = true, .expired = true },
};

START_TEST(test_verify_bounds_the_search)
{
	struct mint_cert anchor, wrong, keys[16], made[60], leaf;
	struct mint_spec spec = { .cn = "maze", .is_ca = true,
	    .no_key_ids = true };
	const struct mint_cert *anchors[] = { &anchor, &wrong };
	struct starttls_policy *policy;
	gnutls_datum_t der[ARRAY_LEN(made) + 1];
	struct chain chain = { .der = der, .len = ARRAY_LEN(made) + 1 };
	size_t n = mazes[_i].keys, i;
	struct path path;

	mint(&anchor, &spec, NULL);
	mint(&wrong, &spec, NULL);
	for (i = 0; i < n; i++)
		mint(&keys[i], &spec, NULL);
	for (i = 0; i < ARRAY_LEN(made); i++) {
		bool by_anchor = mazes[_i].by_anchor && i % n == 0 && i > 8;

		/* of another length than what a root may have */
		spec.not_after = mazes[_i].expired && !by_anchor ?
		    -MINT_HOUR - (int64_t)i : MINT_DAY + (int64_t)i;
		mint_with_key(&made[i], &spec, &keys[i % n], by_anchor ?
		    &anchor : &keys[mazes[_i].in_a_row ? (i + 1) % n :
		    i % n]);
	}
	mint(&leaf, &(struct mint_spec){ .cn = "leaf", .no_key_ids = true,
	    .bad_signature = true, .dns = { PEER } }, &keys[0]);
	for (i = 0; i < chain.len; i++) {
		chain.crt[i] = i == 0 ? leaf.crt : made[i - 1].crt;
		ck_assert_int_eq(gnutls_x509_crt_export2(chain.crt[i],
		    GNUTLS_X509_FMT_DER, &der[i]), 0);
	}
	policy = test_policy(anchors, 2);
	starttls_path_find(&(struct demand){ .policy = policy }, &chain,
	    &path);
	ck_assert_msg(path.verdict != 0, "%s", mazes[_i].name);
	ck_assert_msg(path.signatures < PATH_MAX_SIGNATURES + 2 * PATH_MAX_LEN,
	    "%s: %u signatures", mazes[_i].name, path.signatures);
	starttls_policy_unref(policy);
	for (i = 0; i < chain.len; i++)
		gnutls_free(der[i].data);
	for (i = 0; i < ARRAY_LEN(made); i++)
		mint_free(&made[i]);
	for (i = 0; i < n; i++)
		mint_free(&keys[i]);
	mint_free(&leaf);
	mint_free(&anchor);
	mint_free(&wrong);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("verify");
	TCase *tc = verdict_case(s, rows, ARRAY_LEN(rows));

	tcase_add_loop_test(tc, test_verify_sees_the_wrong_order, 0,
	    2 * VERSIONS);
	tcase_add_loop_test(tc, test_verify_bounds_the_chain, 0,
	    (int)ARRAY_LEN(long_chains));
	tcase_add_loop_test(tc, test_verify_bounds_the_search, 0,
	    (int)ARRAY_LEN(mazes));
	return run_suite(s);
}
