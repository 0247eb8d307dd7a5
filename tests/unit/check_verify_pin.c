/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* What pins stand in for, and what they do not excuse. */

#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <stdlib.h>
#include <string.h>

#include "verdict.h"

static const struct row rows[] = {
	{ .name = "pinned leaf", .pins = { LEAF } },
	{ .name = "pinned intermediate", .pins = { INTER } },
	{ .name = "pinned root", .pins = { ROOT } },
	{ .name = "pinned root, sent along", .pins = { ROOT },
	  .chain = { LEAF, INTER, ROOT } },
	{ .name = "one of several pins",
	  .pins = { OTHER_ROOT, SIBLING, INTER } },
	{ .name = "pinned key in another certificate of the path",
	  .pins = { CROSSED } },
	{ .name = "pinned root at the end of the longer path",
	  .pins = { OTHER_ROOT }, .trust = { ROOT, OTHER_ROOT },
	  .chain = { LEAF, INTER, CROSSED } },
	{ .name = "pinned anchor of the root's name, another key",
	  .pins = { BARE_IMPOSTOR }, .trust = { ROOT, BARE_IMPOSTOR },
	  .code = STARTTLS_E_PIN_MISMATCH, .verdict = STARTTLS_V_PIN,
	  .depth = NO_DEPTH },
	{ .name = "the same, the other way round",
	  .pins = { BARE_IMPOSTOR }, .trust = { BARE_IMPOSTOR, ROOT },
	  .code = STARTTLS_E_PIN_MISMATCH, .verdict = STARTTLS_V_PIN,
	  .depth = NO_DEPTH },
	{ .name = "pinned key on a detour that nobody signed",
	  .pins = { RELAY }, .issuer = ROOT, .chain = { LEAF, RELAYED, RELAY },
	  .code = STARTTLS_E_PIN_MISMATCH, .verdict = STARTTLS_V_PIN,
	  .depth = NO_DEPTH },
	{ .name = "the same, below an intermediate",
	  .pins = { RELAY }, .chain = { LEAF, INTER, RELAYED, RELAY },
	  .code = STARTTLS_E_PIN_MISMATCH, .verdict = STARTTLS_V_PIN,
	  .depth = NO_DEPTH },
	{ .name = "pinned leaf that is the anchor", .pins = { LEAF },
	  .trust = { LEAF }, .chain = { LEAF } },
	{ .name = "pinned intermediate that is the anchor",
	  .pins = { INTER }, .trust = { INTER } },
	{ .name = "pinned anchor, intermediate not sent",
	  .pins = { INTER }, .trust = { INTER }, .chain = { LEAF } },
	{ .name = "mis-pinned", .pins = { OTHER_ROOT },
	  .code = STARTTLS_E_PIN_MISMATCH, .verdict = STARTTLS_V_PIN,
	  .depth = NO_DEPTH },
	{ .name = "mis-pinned, anchor is the leaf", .pins = { INTER },
	  .trust = { LEAF }, .chain = { LEAF },
	  .code = STARTTLS_E_PIN_MISMATCH, .verdict = STARTTLS_V_PIN,
	  .depth = NO_DEPTH },
	{ .name = "pinned CA is only sent along", .pins = { OTHER_ROOT },
	  .chain = { LEAF, INTER, OTHER_ROOT },
	  .code = STARTTLS_E_PIN_MISMATCH, .verdict = STARTTLS_V_PIN,
	  .depth = NO_DEPTH },
	{ .name = "pinned CA is only sent along, and trusted",
	  .pins = { OTHER_ROOT }, .trust = { ROOT, OTHER_ROOT },
	  .chain = { LEAF, OTHER_INTER, OTHER_ROOT, INTER },
	  .code = STARTTLS_E_PIN_MISMATCH, .verdict = STARTTLS_V_PIN,
	  .depth = NO_DEPTH },
	{ .name = "pinned leaf of another server is sent along",
	  .pins = { SIBLING }, .chain = { LEAF, INTER, SIBLING },
	  .code = STARTTLS_E_PIN_MISMATCH, .verdict = STARTTLS_V_PIN,
	  .depth = NO_DEPTH },
	{ .name = "pinned impostor of the root is sent along",
	  .pins = { BARE_IMPOSTOR }, .issuer = ROOT,
	  .chain = { LEAF, BARE_IMPOSTOR },
	  .code = STARTTLS_E_PIN_MISMATCH, .verdict = STARTTLS_V_PIN,
	  .depth = NO_DEPTH },
	{ .name = "pinned CA, but the path is bad", .pins = { INTER },
	  .trust = { OTHER_ROOT },
	  .code = STARTTLS_E_UNTRUSTED,
	  .verdict = STARTTLS_V_UNTRUSTED | STARTTLS_V_PIN, .depth = 1 },
	{ .name = "pinned self-signed, no anchor", .self_signed = true,
	  .chain = { LEAF }, .trust = { OTHER_ROOT }, .pins = { LEAF } },
	{ .name = "pinned leaf of an unknown CA",
	  .trust = { OTHER_ROOT }, .pins = { LEAF } },
	{ .name = "pinned leaf of an unknown CA, good staple",
	  .trust = { OTHER_ROOT }, .pins = { LEAF },
	  .staple = { .about = LEAF }, .report = ANY_STAPLE },
	{ .name = "pinned leaf for another purpose, good staple, required",
	  .pins = { LEAF }, .leaf = { .purposes = { CLIENT_AUTH } },
	  .require_ocsp = true, .staple = { .about = LEAF },
	  .code = STARTTLS_E_NO_STAPLE, .verdict = STARTTLS_V_NO_STAPLE },
	{ .name = "pinned leaf of an unknown CA, its staple, required",
	  .pins = { LEAF }, .trust = { OTHER_ROOT },
	  .require_ocsp = true, .staple = { .about = LEAF },
	  .code = STARTTLS_E_NO_STAPLE, .verdict = STARTTLS_V_NO_STAPLE },
	{ .name = "pinned leaf, missing intermediate",
	  .chain = { LEAF }, .pins = { LEAF } },
	{ .name = "pinned leaf, expired intermediate", .pins = { LEAF },
	  .ca = { .cn = "ca", .is_ca = true, .not_after = -1 } },
	{ .name = "pinned self-signed, wrong name", .self_signed = true,
	  .chain = { LEAF }, .trust = { OTHER_ROOT }, .pins = { LEAF },
	  .leaf = { .dns = { "www.example.org" } },
	  .code = STARTTLS_E_NAME_MISMATCH, .verdict = STARTTLS_V_NAME },
	{ .name = "pinned self-signed, common name only",
	  .self_signed = true, .leaf = { .cn = PEER }, .no_san = true,
	  .chain = { LEAF }, .trust = { OTHER_ROOT }, .pins = { LEAF },
	  .code = STARTTLS_E_NAME_MISMATCH, .verdict = STARTTLS_V_NAME },
	{ .name = "pinned self-signed, RSA 1024", .self_signed = true,
	  .chain = { LEAF }, .trust = { OTHER_ROOT }, .pins = { LEAF },
	  .leaf = { .key_type = MINT_RSA_1024 },
	  .code = STARTTLS_E_WEAK, .verdict = STARTTLS_V_WEAK },
	{ .name = "pinned RSA 1024, good path", .pins = { LEAF },
	  .leaf = { .key_type = MINT_RSA_1024 },
	  .code = STARTTLS_E_WEAK, .verdict = STARTTLS_V_WEAK },
	{ .name = "pinned leaf, RSA 1024 intermediate", .pins = { LEAF },
	  .ca = { .cn = "ca", .is_ca = true, .key_type = MINT_RSA_1024 } },
	{ .name = "pinned self-signed, expired", .self_signed = true,
	  .chain = { LEAF }, .trust = { OTHER_ROOT }, .pins = { LEAF },
	  .leaf = { .not_after = -1 },
	  .code = STARTTLS_E_EXPIRED, .verdict = STARTTLS_V_EXPIRED },
	{ .name = "pinned self-signed, not yet valid", .self_signed = true,
	  .chain = { LEAF }, .trust = { OTHER_ROOT }, .pins = { LEAF },
	  .leaf = { .not_before = MINT_HOUR },
	  .code = STARTTLS_E_NOT_YET_VALID,
	  .verdict = STARTTLS_V_NOT_YET_VALID },
	{ .name = "pinned leaf, wrong name", .pins = { LEAF },
	  .leaf = { .dns = { "www.example.org" } },
	  .code = STARTTLS_E_NAME_MISMATCH, .verdict = STARTTLS_V_NAME },
	{ .name = "pinned leaf, revoked intermediate", .pins = { LEAF },
	  .crls = { { ROOT, INTER, 0, 0 } },
	  .code = STARTTLS_E_REVOKED, .verdict = STARTTLS_V_REVOKED,
	  .depth = 1 },
	{ .name = "pinned leaf, revoked by a CRL", .pins = { LEAF },
	  .crls = { { INTER, LEAF, 0, 0 } },
	  .code = STARTTLS_E_REVOKED, .verdict = STARTTLS_V_REVOKED },
	{ .name = "pinned leaf of an unknown CA, revoked by its CRL",
	  .pins = { LEAF }, .trust = { OTHER_ROOT },
	  .crls = { { INTER, LEAF, 0, 0 } },
	  .code = STARTTLS_E_REVOKED, .verdict = STARTTLS_V_REVOKED },
	{ .name = "pinned leaf, revoked by the staple", .pins = { LEAF },
	  .staple = { .about = LEAF,
		.spec = { .status = MINT_OCSP_REVOKED } },
	  .code = STARTTLS_E_REVOKED, .verdict = STARTTLS_V_REVOKED,
	  .report = STARTTLS_STAPLE_BAD },
	{ .name = "pinned leaf, must-staple without staple",
	  .pins = { LEAF }, .leaf = { .must_staple = true },
	  .code = STARTTLS_E_NO_STAPLE, .verdict = STARTTLS_V_NO_STAPLE },
	{ .name = "mis-pinned and expired", .pins = { OTHER_ROOT },
	  .leaf = { .not_after = -1 },
	  .code = STARTTLS_E_EXPIRED,
	  .verdict = STARTTLS_V_EXPIRED | STARTTLS_V_PIN },
};

/* All octets of a pin count. */
START_TEST(test_verify_compares_whole_pins)
{
	const struct mint_cert *anchors[] = { &cast[ROOT] };
	const struct mint_cert *chain[] = { &cast[SIBLING], &cast[INTER] };
	struct tlspair_server server = { .chain = chain, .n = 2 };
	struct conn_spec spec = { .server = &server };
	char *pin = mint_pin(&cast[SIBLING]);
	char *last = pin + strlen(pin) - 2; /* four bits, and "=" */
	struct conn c;
	int rc;

	*last = *last == 'A' ? 'E' : 'A';
	spec.policy = test_policy(anchors, 1);
	ck_assert_int_eq(starttls_policy_pin(spec.policy, pin, NULL), 0);
	rc = conn_run(&c, &spec);
	ck_assert_msg(rc == STARTTLS_E_PIN_MISMATCH, "%s",
	    starttls_code_name(rc));
	conn_done(&c);
	starttls_policy_unref(spec.policy);
	free(pin);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("verify_pin");
	TCase *tc = verdict_case(s, rows, ARRAY_LEN(rows));

	tcase_add_test(tc, test_verify_compares_whole_pins);
	return run_suite(s);
}
