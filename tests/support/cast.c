/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* The cast of the tests that verify chains: see cast.h. */

#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "cast.h"

#include "harness.h"

struct mint_cert cast[CAST_LEN];

static const uint8_t permitted_acme[] = { 0x30, 23, 0xa0, 21, 0x30, 19, 0xa4,
	17, 0x30, 15, 0x31, 13, 0x30, 11, 0x06, 3, 0x55, 4, 10, 0x0c, 4, 'A',
	'c', 'm', 'e' };

void
mint_cast(void)
{
	static const struct {
		enum cast who, issuer;
		struct mint_spec spec;
	} list[] = {
		{ ROOT, NOBODY, { .cn = "root", .is_ca = true } },
		{ INTER, ROOT, { .cn = "inter", .is_ca = true } },
		{ ACME, ROOT, { .subject = "O=Acme", .is_ca = true,
			RAW(permitted_acme) } },
		{ INTER_0, ROOT, { .cn = "inter 0", .is_ca = true,
		    .pathlen = MINT_PATHLEN(0) } },
		{ OTHER_ROOT, NOBODY, { .cn = "other root", .is_ca = true } },
		{ OTHER_INTER, OTHER_ROOT,
		  { .cn = "other inter", .is_ca = true } },
		{ IMPOSTOR, NOBODY, { .cn = "root", .is_ca = true } },
		{ BARE_IMPOSTOR, NOBODY,
		  { .cn = "root", .is_ca = true, .no_key_ids = true } },
		{ INTER_IMPOSTOR, NOBODY,
		  { .cn = "inter", .is_ca = true, .no_key_ids = true } },
		{ EXPIRED_ROOT, NOBODY,
		  { .cn = "expired root", .is_ca = true, .not_after = -1 } },
		{ WEAK_ROOT, NOBODY, { .cn = "weak root", .is_ca = true,
		    .key_type = MINT_RSA_1024 } },
		{ SHA1_ROOT, NOBODY, { .cn = "SHA-1 root", .is_ca = true,
		    .digest = MINT_SHA1 } },
		{ RSA_ROOT, NOBODY, { .cn = "RSA root", .is_ca = true,
		    .key_type = MINT_RSA_2048 } },
		{ TWIN_INTER, ROOT, { .cn = "inter", .is_ca = true } },
		{ BARE_INTER, ROOT, { .cn = "bare inter", .is_ca = true,
		    .no_key_ids = true } },
		{ BARE_INTER_2, ROOT, { .cn = "bare inter", .is_ca = true,
		    .no_key_ids = true } },
		{ BARE_INTER_3, ROOT, { .cn = "bare inter", .is_ca = true,
		    .no_key_ids = true } },
		{ BARE_RSA_INTER, ROOT, { .cn = "bare inter", .is_ca = true,
		    .no_key_ids = true, .key_type = MINT_RSA_2048 } },
		{ CLIENT_ROOT, NOBODY, { .cn = "client root", .is_ca = true,
		    .purposes = { CLIENT_AUTH } } },
		{ RELAY, IMPOSTOR, { .cn = "relay", .is_ca = true,
		    .no_key_ids = true } },
		{ ROUTE, NOBODY, { .cn = "route", .is_ca = true } },
		{ SIBLING, INTER, { .cn = "sibling", .dns = { PEER } } },
		{ RESPONDER, INTER, { .cn = "responder",
		    .purposes = { GNUTLS_KP_OCSP_SIGNING } } },
		{ OLD_RESPONDER, INTER, { .cn = "old responder",
		    .purposes = { GNUTLS_KP_OCSP_SIGNING },
		    .not_after = -MINT_HOUR } },
		{ OTHER_RESPONDER, OTHER_ROOT, { .cn = "other responder",
		    .purposes = { GNUTLS_KP_OCSP_SIGNING } } },
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(list); i++)
		mint(&cast[list[i].who], &list[i].spec,
		    list[i].issuer == NOBODY ? NULL : &cast[list[i].issuer]);
	mint_with_key(&cast[CROSSED],
	    &(struct mint_spec){ .cn = "root", .is_ca = true }, &cast[ROOT],
	    &cast[OTHER_ROOT]);
	mint_with_key(&cast[EXPIRED_SELF], &(struct mint_spec){ .cn = "root",
	    .is_ca = true, .not_after = -MINT_DAY }, &cast[ROOT],
	    &cast[ROOT]);
	mint_with_key(&cast[OLD_CROSSED], &(struct mint_spec){ .cn = "root",
	    .is_ca = true, .not_after = -MINT_DAY }, &cast[ROOT],
	    &cast[OTHER_ROOT]);
	mint_with_key(&cast[RELAYED], &(struct mint_spec){ .cn = "root",
	    .is_ca = true, .no_key_ids = true }, &cast[ROOT], &cast[RELAY]);
	mint_with_key(&cast[OLD_INTER], &(struct mint_spec){ .cn = "inter",
	    .is_ca = true, .not_after = -MINT_DAY }, &cast[INTER],
	    &cast[ROOT]);
	mint_with_key(&cast[NEXT_INTER], &(struct mint_spec){ .cn = "inter",
	    .is_ca = true, .not_before = MINT_DAY }, &cast[INTER],
	    &cast[ROOT]);
	mint_with_key(&cast[MERE_INTER], &(struct mint_spec){ .cn = "inter",
	    .dns = { "inter.example.org" } }, &cast[INTER], &cast[ROOT]);
}

void
free_cast(void)
{
	size_t i;

	for (i = 0; i < CAST_LEN; i++)
		mint_free(&cast[i]);
}
