/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* TLSA records about a cast of certificates. */

#ifndef TESTS_DANE_H
#define TESTS_DANE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <check.h>

#include "harness.h"

#define MAX_DATA 4096
#define MAX_RECORDS 4
#define DOMAIN "example.net"
#define VERSIONS 2

enum { PKIX_TA, PKIX_EE, DANE_TA, DANE_EE, USAGES };

enum who {
	NOBODY, ROOT, INTER, OTHER_ROOT, IMPOSTOR, BARE_IMPOSTOR, NARROW,
	GOOD, EXPIRED, MISNAMED, SELF, SELF_NAMED, STRANGER, WEAK, CERT_SIGN,
	CLIENT_ONLY, CRITICAL, REVOKED, FORGED, BARE_FORGED, BELOW_GOOD,
	FOR_BOTH, FOR_SERVICE, FOR_STAR, OUTSIDE, CAST_LEN
};

/* made for each case of dane_case() */
extern struct mint_cert cast[CAST_LEN];
extern gnutls_datum_t ticket_key;

struct record_spec {
	uint8_t usage, selector, matching_type;
	enum who of;               /* NOBODY: zeros of a digest */
	bool is_off;               /* the last bit is another */
};

/* of a struct record_spec */
#define R(usage, selector, matching_type, of) \
	{ usage, selector, matching_type, of, false }

struct records {
	struct starttls_tlsa list[MAX_RECORDS];
	uint8_t data[MAX_RECORDS][MAX_DATA];
	size_t count;
};

/** add_record: one more. */
void add_record(struct records *r, const struct record_spec *spec);

/** policy_of: a policy that trusts one of the cast. */
struct starttls_policy *policy_of(enum who anchor);

/** gather: pointers to a list of the cast, which NOBODY ends. */
size_t gather(const enum who *who, const struct mint_cert **ret);

/** report_of: what the session tells, or the upgrade if there is none. */
struct starttls_report report_of(const struct conn *c);

/** talk: a conversation with whoever shows @sent. */
int talk(struct starttls_policy *policy, const enum who *sent,
	 const struct records *records, int version, struct conn *c);

/** expect_invalid: an upgrade with these options is refused. */
void expect_invalid(const struct starttls_options *o, const char *says);

/** dane_case: a case for tests that use all this. */
TCase *dane_case(Suite *s, const char *name);

#endif
