/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * The verification table: one row for each thing that can be right or wrong
 * with a certificate chain, each tried with TLS 1.2 and TLS 1.3 in a whole
 * handshake.
 *
 * A row says only what is odd about it.  Without that the server has a leaf
 * for PEER, issued by INTER, issued by ROOT, which is trusted; it sends the
 * leaf and the intermediates, and no staple; there are no pins and no CRLs.
 */

#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness.h"
#include "path.h"

#define CLIENT_AUTH GNUTLS_KP_TLS_WWW_CLIENT
#define CODE_SIGNING GNUTLS_KP_CODE_SIGNING
#define EMAIL GNUTLS_KP_EMAIL_PROTECTION

enum cast {
	NOBODY,
	LEAF,              /* the row's own */
	CA,                /* the row's own, between LEAF and the others */
	ROOT,
	INTER,             /* by ROOT */
	INTER_0,           /* by ROOT, path length 0 */
	ACME,              /* by ROOT, for subjects of Acme */
	OTHER_ROOT,
	OTHER_INTER,       /* by OTHER_ROOT */
	IMPOSTOR,          /* the name of ROOT, another key */
	BARE_IMPOSTOR,     /* the same, without key identifiers */
	INTER_IMPOSTOR,    /* the name of INTER, self-signed */
	CROSSED,           /* name and key of ROOT, by OTHER_ROOT */
	OLD_CROSSED,       /* the same, expired */
	OLD_INTER,         /* name and key of INTER, expired */
	NEXT_INTER,        /* the same, not yet valid */
	MERE_INTER,        /* the same, no CA */
	TWIN_INTER,        /* name of INTER, another key, by ROOT */
	BARE_INTER,        /* three of one name without key identifiers */
	BARE_INTER_2,
	BARE_INTER_3,
	BARE_RSA_INTER,    /* the same name, a key of another type */
	RELAY,             /* says that ROOT issued it, which is not so */
	RELAYED,           /* name and key of ROOT, by RELAY */
	EXPIRED_SELF,      /* name and key of ROOT, expired */
	EXPIRED_ROOT,
	WEAK_ROOT,         /* RSA 1024 */
	SHA1_ROOT,         /* signed by itself with SHA-1 */
	RSA_ROOT,
	CLIENT_ROOT,       /* its purpose is that of TLS clients */
	ROUTE,             /* a root whose name is as long as that of INTER */
	SIBLING,           /* another server certificate by INTER */
	RESPONDER,         /* may sign OCSP responses, by INTER */
	OLD_RESPONDER,     /* the same, expired */
	OTHER_RESPONDER,   /* may sign those of OTHER_ROOT */
	CAST_LEN
};

struct crl_spec {
	enum cast issuer;
	enum cast revoked; /* NOBODY: an empty list */
	int64_t this_update, next_update;
};

#define NO_NEXT_UPDATE INT64_MIN

struct staple_spec {
	enum cast about;   /* NOBODY: no staple */
	enum cast issuer;  /* default: INTER */
	enum cast signer;  /* default: the issuer */
	struct mint_ocsp_spec spec;
	bool is_junk;
};

struct row {
	const char *name;
	const char *peer;          /* reference name */

	struct mint_spec leaf;     /* default: cn "leaf", dns PEER */
	bool no_san;               /* leave subjectAltName out */
	const char *san;           /* any bytes as the only dNSName */
	size_t san_len;
	enum cast issuer;          /* default: CA if there is one, or INTER */
	bool self_signed;
	struct mint_spec ca;       /* there is one if it has a cn */
	enum cast ca_issuer;       /* default: ROOT */

	enum cast chain[20];       /* default: LEAF, and CA or INTER */
	enum cast trust[3];
	enum cast pins[3];
	struct crl_spec crls[3];
	struct staple_spec staple;
	bool require_ocsp;

	/* what is expected; code 0 is a session */
	int code;
	unsigned verdict;          /* exactly */
	int depth;                 /* if the code is not 0 */
	const char *says;          /* in the message */
	const char *says_not;
	enum starttls_staple report;
};

#define ANY_STAPLE ((enum starttls_staple)-1)
#define NO_DEPTH (-1)
#define ANY_DEPTH (-2)             /* GnuTLS names one or the other */

/* Constraints that GnuTLS would not write, or not compare. */
#define RAW(name) .raw_constraints = (name), .raw_constraints_len = sizeof(name)
static const uint8_t permitted_10[] = { 0x30, 14, 0xa0, 12, 0x30, 10, 0x87, 8,
	10, 0, 0, 0, 255, 0, 0, 0 };
static const uint8_t permitted_acme[] = { 0x30, 23, 0xa0, 21, 0x30, 19, 0xa4,
	17, 0x30, 15, 0x31, 13, 0x30, 11, 0x06, 3, 0x55, 4, 10, 0x0c, 4, 'A',
	'c', 'm', 'e' };
static const uint8_t permitted_uri[] = { 0x30, 17, 0xa0, 15, 0x30, 13, 0x86,
	11, 'e', 'x', 'a', 'm', 'p', 'l', 'e', '.', 'o', 'r', 'g' };
static const uint8_t empty_label[] = { 0x30, 10, 0xa1, 8, 0x30, 6, 0x82, 4,
	'a', '.', '.', 'b' };
static const uint8_t wildcard[] = { 0x30, 9, 0xa1, 7, 0x30, 5, 0x82, 3,
	'*', '.', 'b' };
#define PERMITTED_10 RAW(permitted_10)
#define PERMITTED_ACME RAW(permitted_acme)
#define PERMITTED_URI RAW(permitted_uri)

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
	  .code = STARTTLS_E_UNTRUSTED, .verdict = STARTTLS_V_UNTRUSTED },
	{ .name = "intermediate missing in the middle",
	  .ca = { .cn = "sub", .is_ca = true }, .ca_issuer = INTER,
	  .chain = { LEAF, CA },
	  .code = STARTTLS_E_UNTRUSTED, .verdict = STARTTLS_V_UNTRUSTED,
	  .depth = 1 },
	{ .name = "self-signed", .self_signed = true, .chain = { LEAF },
	  .code = STARTTLS_E_UNTRUSTED, .verdict = STARTTLS_V_UNTRUSTED },
	{ .name = "self-signed CA as leaf", .self_signed = true,
	  .leaf = { .is_ca = true, .usage = GNUTLS_KEY_KEY_CERT_SIGN |
		GNUTLS_KEY_DIGITAL_SIGNATURE }, .chain = { LEAF },
	  .code = STARTTLS_E_UNTRUSTED, .verdict = STARTTLS_V_UNTRUSTED },
	{ .name = "unknown CA", .trust = { OTHER_ROOT },
	  .code = STARTTLS_E_UNTRUSTED, .verdict = STARTTLS_V_UNTRUSTED,
	  .depth = 1 },
	{ .name = "unknown CA that is sent along", .trust = { OTHER_ROOT },
	  .chain = { LEAF, INTER, ROOT },
	  .code = STARTTLS_E_UNTRUSTED, .verdict = STARTTLS_V_UNTRUSTED,
	  .depth = 1 },
	{ .name = "impostor with the trusted name",
	  .issuer = IMPOSTOR, .chain = { LEAF, IMPOSTOR },
	  .code = STARTTLS_E_UNTRUSTED, .verdict = STARTTLS_V_UNTRUSTED },
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
	  .code = STARTTLS_E_UNTRUSTED, .verdict = STARTTLS_V_UNTRUSTED },
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

	/* DNS names. */
	{ .name = "one of several names",
	  .leaf = { .dns = { "a.test", "b.test", PEER, "c.test" } } },
	{ .name = "upper case presented",
	  .leaf = { .dns = { "MAIL.Example.ORG" } } },
	{ .name = "upper case reference", .peer = "MAIL.Example.ORG" },
	{ .name = "absolute reference", .peer = PEER "." },
	{ .name = "empty subject, critical subjectAltName",
	  .leaf = { .cn = "" } },
	{ .name = "wrong name", .leaf = { .dns = { "www.example.org" } },
	  .says = "certificate of " PEER " is not issued for this name",
	  .code = STARTTLS_E_NAME_MISMATCH, .verdict = STARTTLS_V_NAME },
	{ .name = "wrong name, anchor is the leaf", .trust = { LEAF },
	  .chain = { LEAF },
	  .leaf = { .dns = { "www.example.org" } },
	  .code = STARTTLS_E_NAME_MISMATCH, .verdict = STARTTLS_V_NAME },
	{ .name = "name is a suffix", .leaf = { .dns = { "example.org" } },
	  .code = STARTTLS_E_NAME_MISMATCH, .verdict = STARTTLS_V_NAME },
	{ .name = "name is a prefix",
	  .leaf = { .dns = { PEER ".evil.test" } },
	  .code = STARTTLS_E_NAME_MISMATCH, .verdict = STARTTLS_V_NAME },
	{ .name = "name has more in front",
	  .leaf = { .dns = { "evil-" PEER, "evil." PEER } },
	  .code = STARTTLS_E_NAME_MISMATCH, .verdict = STARTTLS_V_NAME },
	{ .name = "leading dot", .leaf = { .dns = { ".example.org" } },
	  .code = STARTTLS_E_NAME_MISMATCH, .verdict = STARTTLS_V_NAME },
	{ .name = "common name only", .leaf = { .cn = PEER },
	  .no_san = true,
	  .code = STARTTLS_E_NAME_MISMATCH, .verdict = STARTTLS_V_NAME },
	{ .name = "common name right, subjectAltName wrong",
	  .leaf = { .cn = PEER, .dns = { "www.example.org" } },
	  .code = STARTTLS_E_NAME_MISMATCH, .verdict = STARTTLS_V_NAME },
	{ .name = "common name right, only e-mail beside",
	  .leaf = { .cn = PEER, .email = "postmaster@example.org" },
	  .code = STARTTLS_E_NAME_MISMATCH, .verdict = STARTTLS_V_NAME },
	{ .name = "common name wrong, subjectAltName right",
	  .leaf = { .cn = "www.example.org", .dns = { PEER } } },
	{ .name = "e-mail, URI and SRV only",
	  .leaf = { .email = "x@" PEER, .uri = "imap://" PEER "/",
		.srv = "_imap." PEER },
	  .code = STARTTLS_E_NAME_MISMATCH, .verdict = STARTTLS_V_NAME },
	{ .name = "e-mail that is the name", .leaf = { .email = PEER },
	  .code = STARTTLS_E_NAME_MISMATCH, .verdict = STARTTLS_V_NAME },
	{ .name = "URI that is the name", .leaf = { .uri = PEER },
	  .code = STARTTLS_E_NAME_MISMATCH, .verdict = STARTTLS_V_NAME },
	{ .name = "NUL behind the name",
	  .san = PEER "\0.evil.test", .san_len = sizeof(PEER) + 10,
	  .code = STARTTLS_E_NAME_MISMATCH, .verdict = STARTTLS_V_NAME },
	{ .name = "NUL at the end",
	  .san = PEER "\0", .san_len = sizeof(PEER),
	  .code = STARTTLS_E_NAME_MISMATCH, .verdict = STARTTLS_V_NAME },
	{ .name = "NUL before the name",
	  .san = "\0" PEER, .san_len = sizeof(PEER),
	  .code = STARTTLS_E_NAME_MISMATCH, .verdict = STARTTLS_V_NAME },
	{ .name = "NUL in the common name", .no_san = true,
	  .leaf = { .cn = PEER "\0.evil", .cn_len = sizeof(PEER) + 5 },
	  .code = STARTTLS_E_NAME_MISMATCH, .verdict = STARTTLS_V_NAME },
	{ .name = "space behind the name",
	  .san = PEER " ", .san_len = sizeof(PEER),
	  .code = STARTTLS_E_NAME_MISMATCH, .verdict = STARTTLS_V_NAME },
	{ .name = "line end behind the name",
	  .san = PEER "\r\n", .san_len = sizeof(PEER) + 1,
	  .code = STARTTLS_E_NAME_MISMATCH, .verdict = STARTTLS_V_NAME },

	/* Wildcards. */
	{ .name = "wildcard for one label",
	  .leaf = { .dns = { "*.example.org" } } },
	{ .name = "wildcard alone", .leaf = { .dns = { "*" } },
	  .code = STARTTLS_E_NAME_MISMATCH, .verdict = STARTTLS_V_NAME },
	{ .name = "wildcard and a dot", .leaf = { .dns = { "*." } },
	  .code = STARTTLS_E_NAME_MISMATCH, .verdict = STARTTLS_V_NAME },
	{ .name = "wildcard for two labels", .peer = "a.mail.example.org",
	  .leaf = { .dns = { "*.example.org" } },
	  .code = STARTTLS_E_NAME_MISMATCH, .verdict = STARTTLS_V_NAME },
	{ .name = "wildcard for no label", .peer = "example.org",
	  .leaf = { .dns = { "*.example.org" } },
	  .code = STARTTLS_E_NAME_MISMATCH, .verdict = STARTTLS_V_NAME },
	{ .name = "wildcard twice",
	  .leaf = { .dns = { "*.*.org", "*.*.example.org" } },
	  .code = STARTTLS_E_NAME_MISMATCH, .verdict = STARTTLS_V_NAME },
	{ .name = "wildcard inside a label",
	  .leaf = { .dns = { "m*l.example.org" } },
	  .code = STARTTLS_E_NAME_MISMATCH, .verdict = STARTTLS_V_NAME },
	{ .name = "wildcard in front of a label",
	  .leaf = { .dns = { "*mail.example.org", "*ail.example.org" } },
	  .code = STARTTLS_E_NAME_MISMATCH, .verdict = STARTTLS_V_NAME },
	{ .name = "wildcard behind a label",
	  .leaf = { .dns = { "mail*.example.org", "m*.example.org" } },
	  .code = STARTTLS_E_NAME_MISMATCH, .verdict = STARTTLS_V_NAME },
	{ .name = "wildcard for an inner label", .peer = "mail.a.test",
	  .leaf = { .dns = { "mail.*.test" } },
	  .code = STARTTLS_E_NAME_MISMATCH, .verdict = STARTTLS_V_NAME },
	{ .name = "wildcard above a top-level domain", .peer = "mail.test",
	  .leaf = { .dns = { "*.test" } },
	  .code = STARTTLS_E_NAME_MISMATCH, .verdict = STARTTLS_V_NAME },
	{ .name = "wildcard in an A-label",
	  .peer = "xn--bcher-kva.example.org",
	  .leaf = { .dns = { "xn--*-kva.example.org" } },
	  .code = STARTTLS_E_NAME_MISMATCH, .verdict = STARTTLS_V_NAME },
	{ .name = "wildcard for an A-label",
	  .peer = "xn--bcher-kva.example.org",
	  .leaf = { .dns = { "*.example.org" } } },
	{ .name = "wildcard in the common name", .no_san = true,
	  .leaf = { .cn = "*.example.org" },
	  .code = STARTTLS_E_NAME_MISMATCH, .verdict = STARTTLS_V_NAME },

	/* Addresses. */
	{ .name = "IPv4 address", .peer = "192.0.2.1",
	  .leaf = { .ip = { "192.0.2.1" } } },
	{ .name = "IPv4 address among names", .peer = "192.0.2.1",
	  .leaf = { .dns = { PEER }, .ip = { "192.0.2.9", "192.0.2.1" } } },
	{ .name = "another IPv4 address", .peer = "192.0.2.1",
	  .leaf = { .ip = { "192.0.2.2" } },
	  .code = STARTTLS_E_NAME_MISMATCH, .verdict = STARTTLS_V_NAME },
	{ .name = "IPv4 address as dNSName", .peer = "192.0.2.1",
	  .leaf = { .dns = { "192.0.2.1" } },
	  .code = STARTTLS_E_NAME_MISMATCH, .verdict = STARTTLS_V_NAME },
	{ .name = "IPv4 address as wildcard", .peer = "192.0.2.1",
	  .leaf = { .dns = { "*.0.2.1", "*" } },
	  .code = STARTTLS_E_NAME_MISMATCH, .verdict = STARTTLS_V_NAME },
	{ .name = "IPv4 address as common name", .peer = "192.0.2.1",
	  .leaf = { .cn = "192.0.2.1" }, .no_san = true,
	  .code = STARTTLS_E_NAME_MISMATCH, .verdict = STARTTLS_V_NAME },
	{ .name = "IPv4 address mapped into IPv6", .peer = "192.0.2.1",
	  .leaf = { .ip = { "::ffff:192.0.2.1" } },
	  .code = STARTTLS_E_NAME_MISMATCH, .verdict = STARTTLS_V_NAME },
	{ .name = "IPv6 address", .peer = "2001:db8::1",
	  .leaf = { .ip = { "2001:db8::1" } } },
	{ .name = "IPv6 address written otherwise",
	  .peer = "2001:0DB8:0:0::0001",
	  .leaf = { .ip = { "2001:db8::1" } } },
	{ .name = "IPv6 address with scope", .peer = "fe80::1%lo",
	  .leaf = { .ip = { "fe80::1" } } },
	{ .name = "another IPv6 address", .peer = "2001:db8::1",
	  .leaf = { .ip = { "2001:db8::2" } },
	  .code = STARTTLS_E_NAME_MISMATCH, .verdict = STARTTLS_V_NAME },
	{ .name = "IPv6 address as dNSName", .peer = "2001:db8::1",
	  .leaf = { .dns = { "2001:db8::1" } },
	  .code = STARTTLS_E_NAME_MISMATCH, .verdict = STARTTLS_V_NAME },
	{ .name = "address of the certificate, name of the reference",
	  .leaf = { .ip = { "192.0.2.1" } },
	  .code = STARTTLS_E_NAME_MISMATCH, .verdict = STARTTLS_V_NAME },
	{ .name = "dNSName with the octets of the address",
	  .peer = "97.98.99.100", .san = "abcd", .san_len = 4,
	  .code = STARTTLS_E_NAME_MISMATCH, .verdict = STARTTLS_V_NAME },

	{ .name = "e-mail with the octets of the address",
	  .peer = "97.98.99.100", .leaf = { .email = "abcd" },
	  .code = STARTTLS_E_NAME_MISMATCH, .verdict = STARTTLS_V_NAME },
	{ .name = "URI with the octets of the address",
	  .peer = "97.98.99.100", .leaf = { .uri = "abcd" },
	  .code = STARTTLS_E_NAME_MISMATCH, .verdict = STARTTLS_V_NAME },
	{ .name = "e-mail with the octets of an IPv6 address",
	  .peer = "6162:6364:6566:6768:6162:6364:6566:6768",
	  .leaf = { .email = "abcdefghabcdefgh" },
	  .code = STARTTLS_E_NAME_MISMATCH, .verdict = STARTTLS_V_NAME },

	/* Internationalised names. */
	{ .name = "IDN in UTF-8", .peer = "b\303\274cher.example",
	  .leaf = { .dns = { "xn--bcher-kva.example" } } },
	{ .name = "IDN as A-label", .peer = "xn--bcher-kva.example",
	  .leaf = { .dns = { "xn--bcher-kva.example" } } },
	{ .name = "IDN presented in upper case",
	  .peer = "b\303\274cher.example",
	  .leaf = { .dns = { "XN--BCHER-KVA.example" } } },
	{ .name = "IDN presented in UTF-8", .peer = "b\303\274cher.example",
	  .san = "b\303\274cher.example", .san_len = 15,
	  .code = STARTTLS_E_NAME_MISMATCH, .verdict = STARTTLS_V_NAME },
	{ .name = "IDN presented without its accent",
	  .peer = "b\303\274cher.example",
	  .leaf = { .dns = { "bucher.example" } },
	  .code = STARTTLS_E_NAME_MISMATCH, .verdict = STARTTLS_V_NAME },

	/* Purpose and usage. */
	{ .name = "purpose clientAuth",
	  .leaf = { .purposes = { CLIENT_AUTH } },
	  .code = STARTTLS_E_PURPOSE, .verdict = STARTTLS_V_PURPOSE },
	{ .name = "purpose codeSigning",
	  .leaf = { .purposes = { CODE_SIGNING } },
	  .code = STARTTLS_E_PURPOSE, .verdict = STARTTLS_V_PURPOSE },
	{ .name = "purpose emailProtection",
	  .leaf = { .purposes = { EMAIL } },
	  .code = STARTTLS_E_PURPOSE, .verdict = STARTTLS_V_PURPOSE },
	{ .name = "purpose clientAuth and serverAuth",
	  .leaf = { .purposes = { CLIENT_AUTH, GNUTLS_KP_TLS_WWW_SERVER } } },
	{ .name = "any purpose", .leaf = { .purposes = { GNUTLS_KP_ANY } } },
	{ .name = "no purpose extension", .leaf = { .no_purposes = true } },
	{ .name = "purposes, but none", .leaf = { .empty_purposes = true },
	  .code = STARTTLS_E_PURPOSE, .verdict = STARTTLS_V_PURPOSE },
	{ .name = "purposes, but none, anchor is the leaf",
	  .leaf = { .empty_purposes = true }, .trust = { LEAF },
	  .code = STARTTLS_E_PURPOSE, .verdict = STARTTLS_V_PURPOSE },
	{ .name = "intermediate with purposes, but none",
	  .ca = { .cn = "ca", .is_ca = true, .empty_purposes = true },
	  .code = STARTTLS_E_PURPOSE, .verdict = STARTTLS_V_PURPOSE,
	  .depth = 1 },
	{ .name = "intermediate for clients, and one for all",
	  .ca = { .cn = "inter", .is_ca = true, .purposes = { CLIENT_AUTH } },
	  .issuer = INTER, .chain = { LEAF, CA, INTER } },
	{ .name = "anchor that is an intermediate, for clients",
	  .ca = { .cn = "ca", .is_ca = true, .purposes = { CLIENT_AUTH } },
	  .trust = { CA }, .chain = { LEAF },
	  .code = STARTTLS_E_PURPOSE, .verdict = STARTTLS_V_PURPOSE,
	  .depth = NO_DEPTH },
	{ .name = "the same, sent along",
	  .ca = { .cn = "ca", .is_ca = true, .purposes = { CLIENT_AUTH } },
	  .trust = { CA },
	  .code = STARTTLS_E_PURPOSE, .verdict = STARTTLS_V_PURPOSE,
	  .depth = 1 },
	{ .name = "anchor that is an intermediate, purposes, but none",
	  .ca = { .cn = "ca", .is_ca = true, .empty_purposes = true },
	  .trust = { CA },
	  .code = STARTTLS_E_PURPOSE, .verdict = STARTTLS_V_PURPOSE,
	  .depth = 1 },
	{ .name = "anchor that is an intermediate, for servers",
	  .ca = { .cn = "ca", .is_ca = true,
		.purposes = { CLIENT_AUTH, GNUTLS_KP_TLS_WWW_SERVER } },
	  .trust = { CA } },
	{ .name = "anchor that is an intermediate, for anything",
	  .ca = { .cn = "ca", .is_ca = true, .purposes = { GNUTLS_KP_ANY } },
	  .trust = { CA } },
	{ .name = "root for clients, which does not count",
	  .issuer = CLIENT_ROOT, .trust = { CLIENT_ROOT },
	  .chain = { LEAF } },
	{ .name = "intermediate for clients only",
	  .ca = { .cn = "ca", .is_ca = true, .purposes = { CLIENT_AUTH } },
	  .code = STARTTLS_E_PURPOSE, .verdict = STARTTLS_V_PURPOSE,
	  .depth = 1 },
	{ .name = "intermediate for servers",
	  .ca = { .cn = "ca", .is_ca = true,
		.purposes = { GNUTLS_KP_TLS_WWW_SERVER } } },
	{ .name = "wrong purpose, anchor is the leaf",
	  .leaf = { .purposes = { CLIENT_AUTH } }, .trust = { LEAF },
	  .chain = { LEAF },
	  .code = STARTTLS_E_PURPOSE, .verdict = STARTTLS_V_PURPOSE },
	{ .name = "key usage without digitalSignature",
	  .leaf = { .usage = GNUTLS_KEY_KEY_AGREEMENT },
	  .code = STARTTLS_E_PURPOSE, .verdict = STARTTLS_V_PURPOSE },
	{ .name = "key usage keyEncipherment",
	  .leaf = { .usage = GNUTLS_KEY_KEY_ENCIPHERMENT,
		.key_type = MINT_RSA_2048 },
	  .code = STARTTLS_E_PURPOSE, .verdict = STARTTLS_V_PURPOSE },
	{ .name = "no key usage", .leaf = { .usage = MINT_NO_USAGE } },

	/* Strength. */
	{ .name = "P-384 and SHA-384",
	  .leaf = { .key_type = MINT_EC_P384, .digest = MINT_SHA384 } },
	{ .name = "Ed25519", .leaf = { .key_type = MINT_ED25519 } },
	{ .name = "RSA 2048", .leaf = { .key_type = MINT_RSA_2048 } },
	{ .name = "RSA-PSS 2048",
	  .leaf = { .key_type = MINT_RSA_PSS_2048 } },
	{ .name = "RSA root", .issuer = RSA_ROOT, .trust = { RSA_ROOT },
	  .chain = { LEAF } },
	{ .name = "RSA 1024 leaf", .leaf = { .key_type = MINT_RSA_1024 },
	  .code = STARTTLS_E_WEAK, .verdict = STARTTLS_V_WEAK },
	{ .name = "RSA 1024 intermediate",
	  .ca = { .cn = "ca", .is_ca = true, .key_type = MINT_RSA_1024 },
	  .code = STARTTLS_E_WEAK, .verdict = STARTTLS_V_WEAK, .depth = 1 },
	{ .name = "RSA 1024 root", .issuer = WEAK_ROOT,
	  .trust = { WEAK_ROOT }, .chain = { LEAF },
	  .code = STARTTLS_E_WEAK, .verdict = STARTTLS_V_WEAK,
	  .depth = NO_DEPTH },
	{ .name = "RSA 1024 root, sent along", .issuer = WEAK_ROOT,
	  .trust = { WEAK_ROOT }, .chain = { LEAF, WEAK_ROOT },
	  .code = STARTTLS_E_WEAK, .verdict = STARTTLS_V_WEAK, .depth = 1 },
	{ .name = "SHA-1 on the leaf", .leaf = { .digest = MINT_SHA1 },
	  .code = STARTTLS_E_WEAK, .verdict = STARTTLS_V_WEAK },
	{ .name = "SHA-1 on the intermediate",
	  .ca = { .cn = "ca", .is_ca = true, .digest = MINT_SHA1 },
	  .code = STARTTLS_E_WEAK, .verdict = STARTTLS_V_WEAK, .depth = 1 },
	{ .name = "SHA-1 on the root, which does not matter",
	  .issuer = SHA1_ROOT, .trust = { SHA1_ROOT },
	  .chain = { LEAF, SHA1_ROOT } },
	{ .name = "MD5 on the leaf", .leaf = { .digest = MINT_MD5 },
	  .issuer = RSA_ROOT, .trust = { RSA_ROOT }, .chain = { LEAF },
	  .code = STARTTLS_E_WEAK, .verdict = STARTTLS_V_WEAK },
	{ .name = "MD5 on the intermediate",
	  .ca = { .cn = "ca", .is_ca = true, .digest = MINT_MD5 },
	  .ca_issuer = RSA_ROOT, .trust = { RSA_ROOT },
	  .code = STARTTLS_E_WEAK, .verdict = STARTTLS_V_WEAK, .depth = 1 },

	/* Issuers that may not issue. */
	{ .name = "issued by a server certificate",
	  .ca = { .cn = "ca", .dns = { "www.example.org" } },
	  .code = STARTTLS_E_BAD_CHAIN,
	  .verdict = STARTTLS_V_NOT_CA | STARTTLS_V_CONSTRAINTS },
	{ .name = "issued by a server certificate that may sign them",
	  .ca = { .cn = "ca", .dns = { "www.example.org" },
		.usage = GNUTLS_KEY_KEY_CERT_SIGN },
	  .code = STARTTLS_E_BAD_CHAIN, .verdict = STARTTLS_V_NOT_CA },
	{ .name = "issuer without basicConstraints",
	  .ca = { .cn = "ca", .is_ca = true, .no_basic_constraints = true },
	  .code = STARTTLS_E_BAD_CHAIN, .verdict = STARTTLS_V_NOT_CA },
	{ .name = "issuer of version 1", .ca = { .cn = "ca", .version = 1 },
	  .code = STARTTLS_E_BAD_CHAIN, .verdict = STARTTLS_V_NOT_CA },
	{ .name = "issuer without keyCertSign",
	  .ca = { .cn = "ca", .is_ca = true,
		.usage = GNUTLS_KEY_CRL_SIGN },
	  .code = STARTTLS_E_CONSTRAINTS,
	  .verdict = STARTTLS_V_CONSTRAINTS },
	{ .name = "anchor is a server certificate that issued",
	  .issuer = SIBLING, .trust = { SIBLING },
	  .chain = { LEAF },
	  .code = STARTTLS_E_BAD_CHAIN,
	  .verdict = STARTTLS_V_NOT_CA | STARTTLS_V_CONSTRAINTS },
	{ .name = "within the path length",
	  .issuer = INTER_0, .chain = { LEAF, INTER_0 } },
	{ .name = "past the path length",
	  .ca = { .cn = "ca", .is_ca = true }, .ca_issuer = INTER_0,
	  .chain = { LEAF, CA, INTER_0 },
	  .code = STARTTLS_E_CONSTRAINTS,
	  .verdict = STARTTLS_V_CONSTRAINTS, .depth = ANY_DEPTH },

	/* Constraints and critical extensions. */
	{ .name = "inside the permitted names",
	  .ca = { .cn = "ca", .is_ca = true,
		.permitted_dns = "example.org" } },
	{ .name = "outside the permitted names",
	  .ca = { .cn = "ca", .is_ca = true,
		.permitted_dns = "example.com" },
	  .code = STARTTLS_E_CONSTRAINTS,
	  .verdict = STARTTLS_V_CONSTRAINTS },
	{ .name = "one name outside the permitted ones",
	  .leaf = { .dns = { PEER, "www.example.com" } },
	  .ca = { .cn = "ca", .is_ca = true,
		.permitted_dns = "example.org" },
	  .code = STARTTLS_E_CONSTRAINTS,
	  .verdict = STARTTLS_V_CONSTRAINTS },
	{ .name = "outside the excluded names",
	  .ca = { .cn = "ca", .is_ca = true,
		.excluded_dns = "example.com" } },
	{ .name = "inside the excluded names",
	  .ca = { .cn = "ca", .is_ca = true,
		.excluded_dns = "example.org" },
	  .code = STARTTLS_E_CONSTRAINTS,
	  .verdict = STARTTLS_V_CONSTRAINTS },
	{ .name = "wildcard that covers an excluded name",
	  .leaf = { .dns = { "*.example.org" } },
	  .ca = { .cn = "ca", .is_ca = true, .excluded_dns = PEER },
	  .code = STARTTLS_E_CONSTRAINTS,
	  .verdict = STARTTLS_V_CONSTRAINTS },
	{ .name = "wildcard that covers another excluded name",
	  .leaf = { .dns = { "*.example.org" } },
	  .ca = { .cn = "ca", .is_ca = true,
		.excluded_dns = "www.example.org" } },
	{ .name = "wildcard that covers what the anchor excludes",
	  .leaf = { .dns = { "*.example.org" } }, .ca = { .cn = "ca",
		.is_ca = true, .excluded_dns = PEER },
	  .trust = { CA }, .chain = { LEAF },
	  .code = STARTTLS_E_CONSTRAINTS,
	  .verdict = STARTTLS_V_CONSTRAINTS },
	{ .name = "dot in front of the permitted names",
	  .ca = { .cn = "ca", .is_ca = true,
		.permitted_dns = ".example.org" } },
	{ .name = "dot in front of the excluded names",
	  .ca = { .cn = "ca", .is_ca = true,
		.excluded_dns = ".example.org" },
	  .code = STARTTLS_E_CONSTRAINTS,
	  .verdict = STARTTLS_V_CONSTRAINTS },
	{ .name = "address inside the permitted ones", .peer = "10.1.2.3",
	  .leaf = { .ip = { "10.1.2.3" } },
	  .ca = { .cn = "ca", .is_ca = true, PERMITTED_10 } },
	{ .name = "address outside the permitted ones", .peer = "11.1.2.3",
	  .leaf = { .ip = { "11.1.2.3" } },
	  .ca = { .cn = "ca", .is_ca = true, PERMITTED_10 },
	  .code = STARTTLS_E_CONSTRAINTS,
	  .verdict = STARTTLS_V_CONSTRAINTS },
	{ .name = "address of another family than the permitted ones",
	  .peer = "2001:db8::1", .leaf = { .ip = { "2001:db8::1" } },
	  .ca = { .cn = "ca", .is_ca = true, PERMITTED_10 },
	  .code = STARTTLS_E_CONSTRAINTS,
	  .verdict = STARTTLS_V_CONSTRAINTS },
	{ .name = "subject inside the permitted directory",
	  .leaf = { .subject = "CN=leaf,O=Acme", .dns = { PEER } },
	  .ca = { .cn = "ca", .is_ca = true, PERMITTED_ACME } },
	{ .name = "subject outside the permitted directory",
	  .leaf = { .subject = "CN=leaf,O=Acme Inc", .dns = { PEER } },
	  .ca = { .cn = "ca", .is_ca = true, PERMITTED_ACME },
	  .code = STARTTLS_E_CONSTRAINTS,
	  .verdict = STARTTLS_V_CONSTRAINTS },
	{ .name = "subject of an intermediate outside",
	  .leaf = { .subject = "CN=leaf,O=Acme", .dns = { PEER } },
	  .ca = { .subject = "O=Acme Inc", .cn = "ca", .is_ca = true },
	  .ca_issuer = ACME, .chain = { LEAF, CA, ACME },
	  .code = STARTTLS_E_CONSTRAINTS,
	  .verdict = STARTTLS_V_CONSTRAINTS, .depth = 1 },
	{ .name = "constraints that cannot be read",
	  .ca = { .cn = "ca", .is_ca = true, RAW(empty_label) },
	  .code = STARTTLS_E_CONSTRAINTS,
	  .verdict = STARTTLS_V_CONSTRAINTS, .depth = 1 },
	{ .name = "constraints that have no meaning",
	  .ca = { .cn = "ca", .is_ca = true, RAW(wildcard) },
	  .code = STARTTLS_E_CONSTRAINTS,
	  .verdict = STARTTLS_V_CONSTRAINTS, .depth = 1 },
	{ .name = "constraints of an anchor that cannot be read",
	  .ca = { .cn = "ca", .is_ca = true, RAW(empty_label) },
	  .trust = { CA }, .chain = { LEAF },
	  .code = STARTTLS_E_CONSTRAINTS,
	  .verdict = STARTTLS_V_CONSTRAINTS, .depth = -1 },
	{ .name = "constraints of an anchor that have no meaning",
	  .ca = { .cn = "ca", .is_ca = true, RAW(wildcard) },
	  .trust = { CA }, .chain = { LEAF },
	  .code = STARTTLS_E_CONSTRAINTS,
	  .verdict = STARTTLS_V_CONSTRAINTS, .depth = -1 },
	{ .name = "name of a type that cannot be compared",
	  .leaf = { .dns = { PEER }, .uri = "http://example.org/" },
	  .ca = { .cn = "ca", .is_ca = true, PERMITTED_URI },
	  .code = STARTTLS_E_CONSTRAINTS,
	  .verdict = STARTTLS_V_CONSTRAINTS },
	{ .name = "constraint of a type that cannot be compared",
	  .ca = { .cn = "ca", .is_ca = true, PERMITTED_URI } },
	{ .name = "unknown critical extension of the leaf",
	  .leaf = { .unknown_critical = true },
	  .code = STARTTLS_E_BAD_CHAIN, .verdict = STARTTLS_V_CRITICAL },
	{ .name = "unknown critical extension of the intermediate",
	  .ca = { .cn = "ca", .is_ca = true, .unknown_critical = true },
	  .code = STARTTLS_E_BAD_CHAIN, .verdict = STARTTLS_V_CRITICAL,
	  .depth = ANY_DEPTH },

	/* Revocation lists. */
	{ .name = "CRL with the leaf", .crls = { { INTER, LEAF, 0, 0 } },
	  .code = STARTTLS_E_REVOKED, .verdict = STARTTLS_V_REVOKED },
	{ .name = "CRL with the intermediate",
	  .crls = { { ROOT, INTER, 0, 0 } },
	  .code = STARTTLS_E_REVOKED, .verdict = STARTTLS_V_REVOKED,
	  .depth = 1 },
	{ .name = "CRLs without either",
	  .crls = { { INTER, SIBLING, 0, 0 }, { ROOT, NOBODY, 0, 0 } } },
	{ .name = "CRL of another issuer",
	  .crls = { { OTHER_ROOT, OTHER_INTER, 0, 0 } } },
	{ .name = "stale CRL of the leaf's issuer",
	  .crls = { { INTER, NOBODY, -9 * MINT_DAY, -MINT_HOUR } },
	  .code = STARTTLS_E_STALE_CRL, .verdict = STARTTLS_V_STALE_CRL },
	{ .name = "stale CRL of the root",
	  .crls = { { INTER, NOBODY, 0, 0 },
		{ ROOT, NOBODY, -9 * MINT_DAY, -MINT_HOUR } },
	  .code = STARTTLS_E_STALE_CRL, .verdict = STARTTLS_V_STALE_CRL,
	  .depth = 1 },
	{ .name = "stale CRL and its successor",
	  .crls = { { INTER, NOBODY, -9 * MINT_DAY, -MINT_HOUR },
		{ INTER, NOBODY, 0, 0 } } },
	{ .name = "a CRL and its stale predecessor, with the leaf",
	  .crls = { { INTER, NOBODY, 0, 0 },
		{ INTER, LEAF, -9 * MINT_DAY, -MINT_HOUR } },
	  .code = STARTTLS_E_REVOKED, .verdict = STARTTLS_V_REVOKED },
	{ .name = "stale CRL with the leaf",
	  .crls = { { INTER, LEAF, -9 * MINT_DAY, -MINT_HOUR } },
	  .code = STARTTLS_E_REVOKED, .verdict = STARTTLS_V_REVOKED },
	{ .name = "stale CRL of another issuer",
	  .crls = { { OTHER_ROOT, NOBODY, -9 * MINT_DAY, -MINT_HOUR } } },
	{ .name = "stale CRL of another issuer, with a name as long",
	  .crls = { { ROUTE, NOBODY, -9 * MINT_DAY, -MINT_HOUR } } },
	{ .name = "CRL without next update",
	  .crls = { { INTER, SIBLING, 0, NO_NEXT_UPDATE } } },
	{ .name = "CRL without next update, with the leaf",
	  .crls = { { INTER, LEAF, 0, NO_NEXT_UPDATE } },
	  .code = STARTTLS_E_REVOKED, .verdict = STARTTLS_V_REVOKED },
	{ .name = "CRL with the leaf, anchor is the intermediate",
	  .trust = { INTER }, .crls = { { INTER, LEAF, 0, 0 } },
	  .code = STARTTLS_E_REVOKED, .verdict = STARTTLS_V_REVOKED },
	{ .name = "CRL with the leaf, which has expired",
	  .leaf = { .not_after = -1 }, .crls = { { INTER, LEAF, 0, 0 } },
	  .code = STARTTLS_E_REVOKED,
	  .verdict = STARTTLS_V_REVOKED | STARTTLS_V_EXPIRED },

	/* Revocation looks at the path. */
	{ .name = "CRL with the intermediate, which is an anchor",
	  .trust = { ROOT, INTER }, .crls = { { ROOT, INTER, 0, 0 } },
	  .code = STARTTLS_E_REVOKED, .verdict = STARTTLS_V_REVOKED,
	  .depth = 1 },
	{ .name = "the same, not sent", .chain = { LEAF },
	  .trust = { ROOT, INTER }, .crls = { { ROOT, INTER, 0, 0 } },
	  .code = STARTTLS_E_REVOKED, .verdict = STARTTLS_V_REVOKED,
	  .depth = NO_DEPTH },
	{ .name = "the same, not sent, the root is not trusted",
	  .chain = { LEAF },
	  .trust = { INTER }, .crls = { { ROOT, INTER, 0, 0 } },
	  .code = STARTTLS_E_REVOKED, .verdict = STARTTLS_V_REVOKED,
	  .depth = NO_DEPTH },
	{ .name = "stale CRL of the issuer of an anchor that was not sent",
	  .chain = { LEAF }, .trust = { INTER },
	  .crls = { { ROOT, NOBODY, -9 * MINT_DAY, -MINT_HOUR } },
	  .code = STARTTLS_E_STALE_CRL, .verdict = STARTTLS_V_STALE_CRL,
	  .depth = NO_DEPTH },
	{ .name = "CRL with the leaf, which is the anchor",
	  .trust = { LEAF }, .crls = { { INTER, LEAF, 0, 0 } },
	  .code = STARTTLS_E_REVOKED, .verdict = STARTTLS_V_REVOKED },
	{ .name = "CRL with the root, of the root",
	  .crls = { { ROOT, ROOT, 0, 0 } },
	  .code = STARTTLS_E_REVOKED, .verdict = STARTTLS_V_REVOKED,
	  .depth = NO_DEPTH },
	{ .name = "CRL with one of two intermediates",
	  .chain = { LEAF, INTER, NEXT_INTER, MERE_INTER },
	  .crls = { { ROOT, MERE_INTER, 0, 0 } } },
	{ .name = "CRL with a cross-sign that is not needed",
	  .chain = { LEAF, INTER, CROSSED },
	  .crls = { { OTHER_ROOT, CROSSED, 0, 0 } } },
	{ .name = "CRL with the cross-sign that is needed",
	  .trust = { OTHER_ROOT }, .chain = { LEAF, INTER, CROSSED },
	  .crls = { { OTHER_ROOT, CROSSED, 0, 0 } },
	  .code = STARTTLS_E_REVOKED, .verdict = STARTTLS_V_REVOKED,
	  .depth = 2 },
	{ .name = "CRL with what is sent along",
	  .chain = { LEAF, INTER, OTHER_INTER },
	  .crls = { { OTHER_ROOT, OTHER_INTER, 0, 0 } } },
	{ .name = "CRL with the leaf of an unknown CA",
	  .trust = { OTHER_ROOT }, .crls = { { INTER, LEAF, 0, 0 } },
	  .code = STARTTLS_E_UNTRUSTED, .verdict = STARTTLS_V_UNTRUSTED,
	  .depth = 1 },
	{ .name = "CRL with a leaf that its issuer did not sign",
	  .leaf = { .bad_signature = true },
	  .crls = { { INTER, LEAF, 0, 0 } },
	  .code = STARTTLS_E_BAD_CHAIN, .verdict = STARTTLS_V_SIGNATURE },
	{ .name = "CRL with a revoked leaf below an expired intermediate",
	  .chain = { LEAF, OLD_INTER }, .crls = { { ROOT, OLD_INTER, 0, 0 },
		{ INTER, LEAF, 0, 0 } },
	  .code = STARTTLS_E_REVOKED,
	  .verdict = STARTTLS_V_REVOKED | STARTTLS_V_EXPIRED, .depth = 1 },

	/* Staples. */
	{ .name = "good staple", .staple = { .about = LEAF },
	  .report = STARTTLS_STAPLE_GOOD },
	{ .name = "good staple, must-staple", .leaf = { .must_staple = true },
	  .staple = { .about = LEAF }, .report = STARTTLS_STAPLE_GOOD },
	{ .name = "good staple, required", .require_ocsp = true,
	  .staple = { .about = LEAF }, .report = STARTTLS_STAPLE_GOOD },
	{ .name = "good staple, leaf of the root", .require_ocsp = true,
	  .issuer = ROOT, .chain = { LEAF },
	  .staple = { .about = LEAF, .issuer = ROOT },
	  .report = STARTTLS_STAPLE_GOOD },
	{ .name = "good staple, anchor is the intermediate",
	  .require_ocsp = true, .trust = { INTER }, .chain = { LEAF },
	  .staple = { .about = LEAF }, .report = STARTTLS_STAPLE_GOOD },
	{ .name = "good staple, responder by key", .require_ocsp = true,
	  .staple = { .about = LEAF, .spec = { .by_key = true } },
	  .report = STARTTLS_STAPLE_GOOD },
	{ .name = "good staple without next update", .require_ocsp = true,
	  .staple = { .about = LEAF, .spec = { .no_next_update = true } },
	  .report = STARTTLS_STAPLE_GOOD },
	{ .name = "good staple, delegated signer", .require_ocsp = true,
	  .staple = { .about = LEAF, .signer = RESPONDER },
	  .report = STARTTLS_STAPLE_GOOD },
	{ .name = "must-staple without staple",
	  .leaf = { .must_staple = true },
	  .code = STARTTLS_E_NO_STAPLE, .verdict = STARTTLS_V_NO_STAPLE },
	{ .name = "staple required, none sent", .require_ocsp = true,
	  .code = STARTTLS_E_NO_STAPLE, .verdict = STARTTLS_V_NO_STAPLE },
	{ .name = "revoked by the staple",
	  .staple = { .about = LEAF,
		.spec = { .status = MINT_OCSP_REVOKED } },
	  .code = STARTTLS_E_REVOKED, .verdict = STARTTLS_V_REVOKED,
	  .report = STARTTLS_STAPLE_BAD },
	{ .name = "unknown to the responder",
	  .staple = { .about = LEAF,
		.spec = { .status = MINT_OCSP_UNKNOWN } },
	  .code = STARTTLS_E_BAD_STAPLE, .verdict = STARTTLS_V_BAD_STAPLE,
	  .report = STARTTLS_STAPLE_BAD },
	{ .name = "expired staple",
	  .staple = { .about = LEAF, .spec = { .this_update = -8 * MINT_DAY,
		.next_update = -MINT_HOUR } },
	  .code = STARTTLS_E_BAD_STAPLE, .verdict = STARTTLS_V_BAD_STAPLE,
	  .report = STARTTLS_STAPLE_BAD },
	{ .name = "expired staple, must-staple",
	  .leaf = { .must_staple = true },
	  .staple = { .about = LEAF, .spec = { .this_update = -8 * MINT_DAY,
		.next_update = -MINT_HOUR } },
	  .code = STARTTLS_E_BAD_STAPLE, .verdict = STARTTLS_V_BAD_STAPLE,
	  .report = STARTTLS_STAPLE_BAD },
	{ .name = "old staple without next update",
	  .staple = { .about = LEAF, .spec = { .this_update = -20 * MINT_DAY,
		.no_next_update = true } },
	  .code = STARTTLS_E_BAD_STAPLE, .verdict = STARTTLS_V_BAD_STAPLE,
	  .report = STARTTLS_STAPLE_BAD },
	{ .name = "staple of tomorrow",
	  .staple = { .about = LEAF, .spec = { .this_update = MINT_DAY } },
	  .code = STARTTLS_E_BAD_STAPLE, .verdict = STARTTLS_V_BAD_STAPLE,
	  .report = STARTTLS_STAPLE_BAD },
	{ .name = "staple a minute ahead of our clock", .require_ocsp = true,
	  .staple = { .about = LEAF, .spec = { .this_update = 60 } },
	  .report = STARTTLS_STAPLE_GOOD },
	{ .name = "staple about another certificate",
	  .staple = { .about = SIBLING },
	  .code = STARTTLS_E_BAD_STAPLE, .verdict = STARTTLS_V_BAD_STAPLE,
	  .report = STARTTLS_STAPLE_BAD },
	{ .name = "badly signed staple",
	  .staple = { .about = LEAF, .spec = { .bad_signature = true } },
	  .code = STARTTLS_E_BAD_STAPLE, .verdict = STARTTLS_V_BAD_STAPLE,
	  .report = STARTTLS_STAPLE_BAD },
	{ .name = "staple signed by a mere server certificate",
	  .staple = { .about = LEAF, .signer = SIBLING },
	  .code = STARTTLS_E_BAD_STAPLE, .verdict = STARTTLS_V_BAD_STAPLE,
	  .report = STARTTLS_STAPLE_BAD },
	{ .name = "staple signed by the server itself",
	  .leaf = { .must_staple = true },
	  .staple = { .about = LEAF, .signer = LEAF },
	  .code = STARTTLS_E_BAD_STAPLE, .verdict = STARTTLS_V_BAD_STAPLE,
	  .report = STARTTLS_STAPLE_BAD },
	{ .name = "staple by an expired delegated signer",
	  .staple = { .about = LEAF, .signer = OLD_RESPONDER },
	  .code = STARTTLS_E_BAD_STAPLE, .verdict = STARTTLS_V_BAD_STAPLE,
	  .report = STARTTLS_STAPLE_BAD },
	{ .name = "staple by the responder of another CA",
	  .trust = { ROOT, OTHER_ROOT },
	  .staple = { .about = LEAF, .signer = OTHER_RESPONDER },
	  .code = STARTTLS_E_BAD_STAPLE, .verdict = STARTTLS_V_BAD_STAPLE,
	  .report = STARTTLS_STAPLE_BAD },
	{ .name = "staple signed by another trusted CA",
	  .trust = { ROOT, OTHER_ROOT },
	  .staple = { .about = LEAF, .signer = OTHER_ROOT },
	  .code = STARTTLS_E_BAD_STAPLE, .verdict = STARTTLS_V_BAD_STAPLE,
	  .report = STARTTLS_STAPLE_BAD },
	{ .name = "staple by an impostor of the root, sent along",
	  .leaf = { .must_staple = true },
	  .issuer = ROOT, .chain = { LEAF, BARE_IMPOSTOR },
	  .staple = { .about = LEAF, .issuer = BARE_IMPOSTOR },
	  .code = STARTTLS_E_BAD_STAPLE, .verdict = STARTTLS_V_BAD_STAPLE,
	  .report = STARTTLS_STAPLE_BAD },
	{ .name = "staple by an impostor of the intermediate, sent along",
	  .require_ocsp = true, .trust = { INTER },
	  .chain = { LEAF, INTER_IMPOSTOR },
	  .staple = { .about = LEAF, .issuer = INTER_IMPOSTOR },
	  .code = STARTTLS_E_BAD_STAPLE, .verdict = STARTTLS_V_BAD_STAPLE,
	  .report = STARTTLS_STAPLE_BAD },
	{ .name = "good staple beside an impostor of the root",
	  .require_ocsp = true, .issuer = ROOT,
	  .chain = { LEAF, BARE_IMPOSTOR },
	  .staple = { .about = LEAF, .issuer = ROOT },
	  .report = STARTTLS_STAPLE_GOOD },
	{ .name = "good staple, anchor is the leaf", .trust = { LEAF },
	  .staple = { .about = LEAF }, .report = ANY_STAPLE },
	{ .name = "junk as a staple", .staple = { .is_junk = true },
	  .code = STARTTLS_E_BAD_STAPLE, .verdict = STARTTLS_V_BAD_STAPLE,
	  .report = STARTTLS_STAPLE_BAD },
	{ .name = "the responder says: try later",
	  .staple = { .about = LEAF, .spec = { .response_status = 3 } } },
	{ .name = "try later, must-staple", .leaf = { .must_staple = true },
	  .staple = { .about = LEAF, .spec = { .response_status = 3 } },
	  .code = STARTTLS_E_NO_STAPLE, .verdict = STARTTLS_V_NO_STAPLE },
	{ .name = "good staple, but expired leaf",
	  .leaf = { .not_after = -1 }, .staple = { .about = LEAF },
	  .code = STARTTLS_E_EXPIRED, .verdict = STARTTLS_V_EXPIRED },

	/* Pins. */
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

#define VERSIONS 2

static const char *const priorities[VERSIONS] = {
	TLS12 ":%DEBUG_ALLOW_KEY_USAGE_VIOLATIONS",
	TLS13 ":%DEBUG_ALLOW_KEY_USAGE_VIOLATIONS",
};

static struct mint_cert cast[CAST_LEN];

static const char *version = "TLS 1.3"; /* for messages */

#define expect_row(row, what, format, ...) \
	ck_assert_msg(what, "%s, %s: " format, (row)->name, version, \
	    ##__VA_ARGS__)

static void
mint_cast(void)
{
	static const struct {
		enum cast who, issuer;
		struct mint_spec spec;
	} list[] = {
		{ ROOT, NOBODY, { .cn = "root", .is_ca = true } },
		{ INTER, ROOT, { .cn = "inter", .is_ca = true } },
		{ ACME, ROOT, { .subject = "O=Acme", .is_ca = true,
			PERMITTED_ACME } },
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

static void
free_cast(void)
{
	size_t i;

	for (i = 0; i < CAST_LEN; i++)
		mint_free(&cast[i]);
}

/* The row's own certificates. */
static void
mint_row(const struct row *row)
{
	struct mint_spec leaf = row->leaf;
	enum cast issuer = row->issuer, ca_issuer = row->ca_issuer;
	uint8_t san[128];

	if (row->ca.cn != NULL)
		mint(&cast[CA], &row->ca,
		    &cast[ca_issuer != NOBODY ? ca_issuer : ROOT]);
	if (leaf.cn == NULL)
		leaf.cn = "leaf";
	else if (leaf.cn[0] == '\0')
		leaf.cn = NULL;
	if (row->san != NULL) {
		leaf.raw_san_len = mint_san_dns(san, sizeof(san), row->san,
		    row->san_len);
		leaf.raw_san = san;
	} else if (!row->no_san && leaf.dns[0] == NULL &&
	    leaf.ip[0] == NULL && leaf.email == NULL && leaf.uri == NULL) {
		leaf.dns[0] = PEER;
	}
	if (issuer == NOBODY)
		issuer = row->ca.cn != NULL ? CA : INTER;
	mint(&cast[LEAF], &leaf, row->self_signed ? NULL : &cast[issuer]);
}

/* Pointers to a list of the cast, at most @max of them. */
static size_t
gather(const enum cast *who, size_t max, const struct mint_cert **ret)
{
	size_t n;

	for (n = 0; n < max && who[n] != NOBODY; n++)
		ret[n] = &cast[who[n]];
	return n;
}

static void
add_crl(struct starttls_policy *policy, const struct crl_spec *spec)
{
	const struct mint_cert *revoked[] = { &cast[spec->revoked] };
	char path[] = "/tmp/check_verify-XXXXXX";
	struct starttls_error error;
	const struct mint_crl_spec odd = { .no_next_update = true,
	    .revoked = spec->revoked != NOBODY ? revoked[0] : NULL };
	gnutls_x509_crl_t crl = spec->next_update == NO_NEXT_UPDATE ?
	    mint_crl_odd(&cast[spec->issuer], &odd) :
	    mint_crl(&cast[spec->issuer], revoked, spec->revoked != NOBODY,
		spec->this_update, spec->next_update);
	char *pem = mint_crl_pem(crl);
	int fd = mkstemp(path), rc;

	ck_assert_int_ge(fd, 0);
	close(fd);
	mint_write_text(path, pem);
	rc = starttls_policy_crl_file(policy, path, &error);
	unlink(path);
	ck_assert_msg(rc == 0, "CRL: %s", error.message);
	free(pem);
	gnutls_x509_crl_deinit(crl);
}

static struct starttls_policy *
policy_of(const struct row *row)
{
	static const enum cast usual[] = { ROOT };
	const struct mint_cert *anchors[3];
	struct starttls_policy *policy;
	size_t n, i;

	n = gather(row->trust, ARRAY_LEN(row->trust), anchors);
	if (n == 0)
		n = gather(usual, 1, anchors);
	policy = test_policy(anchors, n);
	for (i = 0; i < ARRAY_LEN(row->pins) && row->pins[i]; i++) {
		char *pin = mint_pin(&cast[row->pins[i]]);

		ck_assert_int_eq(starttls_policy_pin(policy, pin, NULL), 0);
		free(pin);
	}
	for (i = 0; i < ARRAY_LEN(row->crls) && row->crls[i].issuer; i++)
		add_crl(policy, &row->crls[i]);
	if (row->require_ocsp)
		ck_assert_int_eq(starttls_policy_require_ocsp(policy, NULL),
		    0);
	return policy;
}

static void
make_staple(const struct row *row, gnutls_datum_t *ret)
{
	static const unsigned char junk[] = "junk";
	const struct staple_spec *s = &row->staple;
	struct mint_ocsp_spec spec = s->spec;

	ret->data = NULL;
	ret->size = 0;
	if (s->is_junk) {
		ret->data = gnutls_malloc(sizeof(junk));
		ck_assert_ptr_nonnull(ret->data);
		memcpy(ret->data, junk, sizeof(junk));
		ret->size = sizeof(junk);
	} else if (s->about != NOBODY) {
		if (s->signer != NOBODY)
			spec.signer = &cast[s->signer];
		mint_ocsp(ret, &cast[s->about],
		    &cast[s->issuer != NOBODY ? s->issuer : INTER], &spec);
	}
}

/* What the server is told. */
static int
alert_of(const struct row *row)
{
	switch (row->code) {
	case STARTTLS_E_UNTRUSTED:
		return GNUTLS_A_UNKNOWN_CA;
	case STARTTLS_E_EXPIRED:
	case STARTTLS_E_NOT_YET_VALID:
		return GNUTLS_A_CERTIFICATE_EXPIRED;
	case STARTTLS_E_REVOKED:
		return GNUTLS_A_CERTIFICATE_REVOKED;
	case STARTTLS_E_PURPOSE:
		return GNUTLS_A_UNSUPPORTED_CERTIFICATE;
	case STARTTLS_E_WEAK:
		return GNUTLS_A_INSUFFICIENT_SECURITY;
	case STARTTLS_E_BAD_CHAIN:
		return row->verdict == STARTTLS_V_CRITICAL ?
		    GNUTLS_A_UNSUPPORTED_CERTIFICATE :
		    GNUTLS_A_BAD_CERTIFICATE;
	case STARTTLS_E_CONSTRAINTS:
	case STARTTLS_E_NAME_MISMATCH:
		return GNUTLS_A_BAD_CERTIFICATE;
	default:
		return GNUTLS_A_CERTIFICATE_UNKNOWN;
	}
}

/* The chain as sent is there to be looked at, whatever the verdict is. */
static void
expect_chain(const struct row *row, const struct conn *c,
	     const struct mint_cert *const *chain, size_t n)
{
	struct starttls_cert cert = { .size = sizeof(cert) };
	char text[300], *pin;
	const uint8_t *der;
	gnutls_datum_t want;
	size_t i, k, len;
	unsigned at;

	for (i = 0; i < n; i++) {
		at = (unsigned)i;
		expect_row(row, (c->session != NULL ?
		    starttls_session_cert(c->session, at, &cert) :
		    starttls_upgrade_cert(c->upgrade, at, &cert)) == 0,
		    "certificate %zu cannot be read", i);
		len = sizeof(text);
		text[0] = '\0';
		gnutls_x509_crt_get_dn(chain[i]->crt, text, &len);
		expect_row(row, strchr(text, '\\') != NULL ||
		    strcmp(cert.subject, text) == 0,
		    "subject \"%s\" for \"%s\"", cert.subject, text);
		expect_row(row, cert.not_after ==
		    gnutls_x509_crt_get_expiration_time(chain[i]->crt),
		    "not_after of certificate %zu", i);
		pin = mint_pin(chain[i]);
		expect_row(row, strcmp(pin, cert.pin) == 0,
		    "pin %s for %s", cert.pin, pin);
		free(pin);
		expect_row(row, (c->session != NULL ?
		    starttls_session_cert_der(c->session, at, &der, &len) :
		    starttls_upgrade_cert_der(c->upgrade, at, &der, &len)) ==
		    0, "DER of certificate %zu", i);
		gnutls_x509_crt_export2(chain[i]->crt, GNUTLS_X509_FMT_DER,
		    &want);
		expect_row(row, len == want.size &&
		    memcmp(der, want.data, len) == 0,
		    "DER of certificate %zu differs", i);
		gnutls_free(want.data);
		if (i > 0)
			continue;
		for (k = 0; row->leaf.dns[k] != NULL; k++) {
			snprintf(text, sizeof(text), "DNS:%s",
			    row->leaf.dns[k]);
			expect_row(row, strstr(cert.names, text) != NULL,
			    "%s is not in \"%s\"", text, cert.names);
		}
		for (k = 0; row->leaf.ip[k] != NULL; k++) {
			snprintf(text, sizeof(text), "IP:%s",
			    row->leaf.ip[k]);
			expect_row(row, strstr(cert.names, text) != NULL,
			    "%s is not in \"%s\"", text, cert.names);
		}
	}
	expect_row(row, (c->session != NULL ?
	    starttls_session_cert(c->session, (unsigned)n, &cert) :
	    starttls_upgrade_cert(c->upgrade, (unsigned)n, &cert)) ==
	    STARTTLS_E_INVALID, "a certificate too many");
}

static void
expect_session(const struct row *row, struct conn *c, size_t n)
{
	struct starttls_report report = { .size = sizeof(report) };
	int rc;

	starttls_session_report(c->session, &report);
	expect_row(row, report.verified == 1 && report.verdict == 0,
	    "verified %d, verdict %#x", report.verified, report.verdict);
	expect_row(row, report.chain_len == n, "chain of %u",
	    report.chain_len);
	expect_row(row, row->report == ANY_STAPLE ||
	    report.staple == (int)row->report, "staple %d", report.staple);
	rc = conn_echo(c, "hello", 5);
	expect_row(row, rc == 0, "echo: %d", rc);
	rc = conn_close(c);
	expect_row(row, rc == 0 && c->pair.error == 0 &&
	    c->pair.is_closed_by_client, "close: %d, server %d", rc,
	    c->pair.error);
}

static void
expect_failure(const struct row *row, struct conn *c, size_t n)
{
	struct starttls_report report = { .size = sizeof(report) };
	struct starttls_error first = c->error;
	int alert;

	expect_row(row, first.code == row->code &&
	    first.error_class == STARTTLS_CLASS_VERIFY &&
	    first.phase == STARTTLS_PHASE_HANDSHAKE,
	    "error %d, class %d, phase %d", first.code, first.error_class,
	    first.phase);
	expect_row(row, first.verdict == row->verdict,
	    "verdict %#x, not %#x: %s", first.verdict, row->verdict,
	    first.message);
	expect_row(row, row->depth == ANY_DEPTH || first.depth == row->depth,
	    "depth %d, not %d: %s", first.depth, row->depth, first.message);
	expect_row(row, is_plain_line(first.message), "message: \"%s\"",
	    first.message);
	expect_row(row, row->says == NULL || strstr(first.message,
	    row->says) != NULL, "\"%s\" is not in: %s", row->says,
	    first.message);
	expect_row(row, row->says_not == NULL || strstr(first.message,
	    row->says_not) == NULL, "\"%s\" is in: %s", row->says_not,
	    first.message);
	expect_row(row, strcmp(first.protocol, "imap") == 0, "protocol: %s",
	    first.protocol);

	/* it stays so, and nobody gets a session */
	expect_row(row, starttls_upgrade_take(c->upgrade) == NULL,
	    "a session in spite of the verdict");
	expect_row(row, starttls_upgrade_step(c->upgrade, &c->error) ==
	    row->code && memcmp(&first, &c->error, sizeof(first)) == 0,
	    "another code on the second step: %d", c->error.code);
	expect_row(row, starttls_upgrade_take(c->upgrade) == NULL,
	    "a session after the second step");
	starttls_upgrade_report(c->upgrade, &report);
	expect_row(row, report.verified == 0 &&
	    report.verdict == row->verdict && report.chain_len == n,
	    "report: verified %d, verdict %#x, chain of %u", report.verified,
	    report.verdict, report.chain_len);
	expect_row(row, report.staple == (int)row->report, "staple %d",
	    report.staple);

	/* the server was told */
	expect_row(row, !c->pair.is_ready && c->pair.error ==
	    GNUTLS_E_FATAL_ALERT_RECEIVED, "server: %s",
	    gnutls_strerror(c->pair.error));
	alert = (int)gnutls_alert_get(c->pair.server);
	expect_row(row, alert == alert_of(row), "alert %d, not %d", alert,
	    alert_of(row));
}

START_TEST(test_verify_gives_the_verdict)
{
	const struct row *row = &rows[_i / VERSIONS];
	const struct mint_cert *chain[ARRAY_LEN(row->chain)];
	static const enum cast usual[] = { LEAF, INTER };
	static const enum cast with_ca[] = { LEAF, CA };
	struct tlspair_server server = {
		.chain = chain,
		.n = 1,
		.priority = priorities[_i % VERSIONS],
	};
	struct conn_spec spec = {
		.policy = NULL,
		.name = row->peer,
		.server = &server,
		.sent = chain,
	};
	gnutls_datum_t staple;
	struct conn c;
	int rc;

	version = _i % VERSIONS == 0 ? "TLS 1.2" : "TLS 1.3";
	mint_row(row);
	spec.sent_n = gather(row->chain, ARRAY_LEN(row->chain), chain);
	if (spec.sent_n == 0)
		spec.sent_n = gather(row->ca.cn != NULL ? with_ca : usual, 2,
		    chain);
	make_staple(row, &staple);
	if (staple.data != NULL)
		server.staple = &staple;
	spec.policy = policy_of(row);

	rc = conn_run(&c, &spec);
	expect_row(row, rc == row->code, "%s, not %s: %s (%s)",
	    starttls_code_name(rc), starttls_code_name(row->code),
	    c.error.message, gnutls_strerror(c.pair.error));
	expect_chain(row, &c, chain, spec.sent_n);
	if (row->code == 0)
		expect_session(row, &c, spec.sent_n);
	else
		expect_failure(row, &c, spec.sent_n);

	conn_done(&c);
	starttls_policy_unref(spec.policy);
	gnutls_free(staple.data);
	mint_free(&cast[LEAF]);
	mint_free(&cast[CA]);
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
	expect_row(&long_chains[_i], (rc == 0) == long_chains[_i].is_accepted,
	    "%s: %s", starttls_code_name(rc), c.error.message);
	expect_row(&long_chains[_i], rc == 0 || starttls_code_class(rc) ==
	    STARTTLS_CLASS_VERIFY || starttls_code_class(rc) ==
	    STARTTLS_CLASS_TLS, "%s", starttls_code_name(rc));
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
	starttls_path_find(policy, &chain, NULL, &path);
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

/* Certificates that cannot be parsed, wherever they are. */

enum damage {
	JUNK,
	TRAILING,          /* an octet behind it */
	CUT,               /* the last octet is missing */
	BAD_TIME,
	TWICE,             /* two extensions are the same */
	OTHER_ALGORITHM,   /* outside than inside */
	EXPLICIT_CURVE
};

/* P-256 in all its parameters, RFC 3279 section 2.3.5 */
static const uint8_t explicit_curve[] = {
	0x30, 0x81, 0xf7, 0x02, 0x01, 0x01, 0x30, 0x2c, 0x06, 0x07,
	0x2a, 0x86, 0x48, 0xce, 0x3d, 0x01, 0x01, 0x02, 0x21, 0x00,
	0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	0xff, 0xff, 0x30, 0x5b, 0x04, 0x20, 0xff, 0xff, 0xff, 0xff,
	0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff,
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfc, 0x04, 0x20,
	0x5a, 0xc6, 0x35, 0xd8, 0xaa, 0x3a, 0x93, 0xe7, 0xb3, 0xeb,
	0xbd, 0x55, 0x76, 0x98, 0x86, 0xbc, 0x65, 0x1d, 0x06, 0xb0,
	0xcc, 0x53, 0xb0, 0xf6, 0x3b, 0xce, 0x3c, 0x3e, 0x27, 0xd2,
	0x60, 0x4b, 0x03, 0x15, 0x00, 0xc4, 0x9d, 0x36, 0x08, 0x86,
	0xe7, 0x04, 0x93, 0x6a, 0x66, 0x78, 0xe1, 0x13, 0x9d, 0x26,
	0xb7, 0x81, 0x9f, 0x7e, 0x90, 0x04, 0x41, 0x04, 0x6b, 0x17,
	0xd1, 0xf2, 0xe1, 0x2c, 0x42, 0x47, 0xf8, 0xbc, 0xe6, 0xe5,
	0x63, 0xa4, 0x40, 0xf2, 0x77, 0x03, 0x7d, 0x81, 0x2d, 0xeb,
	0x33, 0xa0, 0xf4, 0xa1, 0x39, 0x45, 0xd8, 0x98, 0xc2, 0x96,
	0x4f, 0xe3, 0x42, 0xe2, 0xfe, 0x1a, 0x7f, 0x9b, 0x8e, 0xe7,
	0xeb, 0x4a, 0x7c, 0x0f, 0x9e, 0x16, 0x2b, 0xce, 0x33, 0x57,
	0x6b, 0x31, 0x5e, 0xce, 0xcb, 0xb6, 0x40, 0x68, 0x37, 0xbf,
	0x51, 0xf5, 0x02, 0x21, 0x00, 0xff, 0xff, 0xff, 0xff, 0x00,
	0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3,
	0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51, 0x02, 0x01, 0x01,
};

/* Where bytes are in DER; they must be. */
static size_t
find_bytes(const gnutls_datum_t *der, const void *bytes, size_t len,
	   bool last)
{
	size_t i, at = der->size;

	for (i = 0; i + len <= der->size; i++)
		if (memcmp(der->data + i, bytes, len) == 0) {
			at = i;
			if (!last)
				break;
		}
	ck_assert_uint_lt(at, der->size);
	return at;
}

/* Put the parameters of a curve where its name was: lengths change. */
static void
name_no_curve(gnutls_datum_t *der)
{
	static const uint8_t name[] = { 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce,
		0x3d, 0x03, 0x01, 0x07 };
	size_t at = find_bytes(der, name, sizeof(name), false), more, i;
	/* behind Certificate and TBSCertificate: 30 59 30 13 ... 06 08 ... */
	size_t info = at - 13;
	uint8_t *out = gnutls_malloc(der->size + sizeof(explicit_curve) + 8);
	size_t sequences[] = { 0, 4 };

	ck_assert_ptr_nonnull(out);
	ck_assert(der->data[info] == 0x30 && der->data[info + 2] == 0x30);
	more = sizeof(explicit_curve) - sizeof(name) + 4;
	memcpy(out, der->data, info);
	i = der->data[info + 1] + more - 2;
	memcpy(out + info, (uint8_t[]){ 0x30, 0x82, (uint8_t)(i >> 8),
	    (uint8_t)i }, 4);
	i = der->data[info + 3] + sizeof(explicit_curve) - sizeof(name);
	memcpy(out + info + 4, (uint8_t[]){ 0x30, 0x82, (uint8_t)(i >> 8),
	    (uint8_t)i }, 4);
	memcpy(out + info + 8, der->data + info + 4, 9);
	memcpy(out + info + 17, explicit_curve, sizeof(explicit_curve));
	memcpy(out + info + 17 + sizeof(explicit_curve), der->data + at +
	    sizeof(name), der->size - at - sizeof(name));
	for (i = 0; i < 2; i++) {
		uint8_t *len = out + sequences[i] + 2;
		size_t n = ((size_t)len[0] << 8 | len[1]) + more;

		ck_assert_uint_eq(len[-1], 0x82);
		len[0] = (uint8_t)(n >> 8);
		len[1] = (uint8_t)n;
	}
	gnutls_free(der->data);
	der->data = out;
	der->size += (unsigned)more;
}

/* The DER of a certificate, damaged. */
static void
damage_der(gnutls_datum_t *ret, const struct mint_cert *cert,
	   enum damage damage)
{
	static const uint8_t skid[] = { 0x06, 0x03, 0x55, 0x1d, 0x0e };
	static const uint8_t sha256[] = { 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04,
		0x03, 0x02 };
	gnutls_datum_t der;

	ck_assert_int_eq(gnutls_x509_crt_export2(cert->crt,
	    GNUTLS_X509_FMT_DER, &der), 0);
	switch (damage) {
	case JUNK:
		memset(der.data, 'j', der.size);
		break;
	case TRAILING:
		der.data = gnutls_realloc(der.data, der.size + 1);
		ck_assert_ptr_nonnull(der.data);
		der.data[der.size++] = 0;
		break;
	case CUT:
		der.size--;
		break;
	case BAD_TIME:
		der.data[find_bytes(&der, "\x17\x0d", 2, false) + 4] = 'X';
		break;
	case TWICE:
		der.data[find_bytes(&der, skid, sizeof(skid), false) + 4] =
		    0x23;
		break;
	case OTHER_ALGORITHM:
		der.data[find_bytes(&der, sha256, sizeof(sha256), true) + 7] =
		    0x03;
		break;
	case EXPLICIT_CURVE:
		name_no_curve(&der);
		break;
	}
	*ret = der;
}

#define DAMAGES (EXPLICIT_CURVE + 1)
#define PLACES 3

START_TEST(test_verify_calls_it_malformed)
{
	const struct mint_cert *anchors[] = { &cast[ROOT] };
	const struct mint_cert *chain[] = { &cast[SIBLING], &cast[INTER],
	    &cast[OTHER_INTER] };
	int place = _i / VERSIONS % PLACES;
	enum damage damage = (enum damage)(_i / VERSIONS / PLACES);
	gnutls_datum_t der[PLACES] = { { NULL, 0 } };
	struct tlspair_server server = { .chain = chain, .n = 1,
		.priority = priorities[_i % VERSIONS] };
	struct conn_spec spec = { .server = &server, .sent = chain,
		.sent_n = PLACES, .sent_der = der };
	struct conn c;
	int rc;

	damage_der(&der[place], chain[place], damage);
	spec.policy = test_policy(anchors, 1);
	rc = conn_run(&c, &spec);
	ck_assert_msg(rc == STARTTLS_E_BAD_CHAIN && c.error.error_class ==
	    STARTTLS_CLASS_VERIFY, "damage %d at %d: %s, %s", (int)damage,
	    place, starttls_code_name(rc), c.error.message);
	ck_assert_msg(c.error.verdict == STARTTLS_V_MALFORMED &&
	    c.error.depth == place, "damage %d at %d: %#x, depth %d",
	    (int)damage, place, c.error.verdict, c.error.depth);
	ck_assert_msg(strstr(c.error.message, "malformed") != NULL &&
	    is_plain_line(c.error.message), "%s", c.error.message);
	ck_assert_ptr_null(c.session);
	ck_assert_int_eq(gnutls_alert_get(c.pair.server),
	    GNUTLS_A_BAD_CERTIFICATE);
	conn_done(&c);
	starttls_policy_unref(spec.policy);
	gnutls_free(der[place].data);
}
END_TEST

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

static Suite *
verify_suite(void)
{
	Suite *s = suite_create("verify");
	TCase *tc = tcase_create("table");

	tcase_add_unchecked_fixture(tc, mint_cast, free_cast);
	tcase_add_loop_test(tc, test_verify_gives_the_verdict, 0,
	    (int)(VERSIONS * ARRAY_LEN(rows)));
	tcase_add_loop_test(tc, test_verify_bounds_the_chain, 0,
	    (int)ARRAY_LEN(long_chains));
	tcase_add_loop_test(tc, test_verify_bounds_the_search, 0,
	    (int)ARRAY_LEN(mazes));
	tcase_add_test(tc, test_verify_compares_whole_pins);
	tcase_add_loop_test(tc, test_verify_calls_it_malformed, 0,
	    VERSIONS * PLACES * DAMAGES);
	tcase_set_timeout(tc, 300);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return run_suite(verify_suite());
}
