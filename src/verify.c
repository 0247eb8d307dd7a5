/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Whether the peer is who it should be: by a path, with validity, purpose,
 * name, revocation, staple and pins; or by its certificate alone; or as TLSA
 * records have it.  RFC 5280, RFC 9525, RFC 7671.
 *
 * The path is in path.c, the staple in staple.c.  The name is compared here,
 * with subjectAltName only: GnuTLS falls back to the common name and takes
 * partial wildcards. Every check runs, so that the verdict has all the bits.
 */

#include "config.h"

#include "verify.h"

#include <string.h>

#include <gnutls/crypto.h>

#include "cause.h"
#include "findings.h"
#include "judge.h"
#include "../protocols/protocol.h"
#include "staple.h"

#define OID_SUBJECT_ALT_NAME "2.5.29.17"

/* 1.3.6.1.5.5.7.8.7, RFC 4985 */
static const uint8_t oid_srv_name[] = { 0x2b, 6, 1, 5, 5, 7, 8, 7 };
/* 1.3.6.1.5.5.7.8.5, RFC 6120 section 13.7.1.4 */
static const uint8_t oid_xmpp_addr[] = { 0x2b, 6, 1, 5, 5, 7, 8, 5 };

/* What a GeneralName may be, by its tag. */
enum { OTHER_NAME = 0xa0, DNS_NAME = 0x82, IP_ADDRESS = 0x87 };

/* One verification. */
struct trial {
	struct starttls_session *s;
	struct chain chain;
	struct anchors anchors;    /* of TLSA records */
	struct names names;        /* that the peer may have and has, or else
	                              its own; none of a client */
	bool has_name;             /* it has */
};

/* One way to verify the peer, and what came of it. */
struct attempt {
	struct findings findings;
	struct path path;
	enum starttls_verified_by by;
	const struct name *name;   /* that counted; NULL: none */
};

int
starttls_verify_leaf_digest(const gnutls_datum_t *leaf, uint8_t *ret_sha256)
{
	return gnutls_hash_fast(GNUTLS_DIG_SHA256, leaf->data, leaf->size,
	    ret_sha256) < 0 ? STARTTLS_E_TLS : 0;
}

/* The leaf's own dates, which count even where a pin replaces the path. */
static unsigned
check_dates(struct starttls_session *s, gnutls_x509_crt_t leaf)
{
	int64_t now = s->policy->clock();

	s->leaf_end = (int64_t)gnutls_x509_crt_get_expiration_time(leaf);
	if (now > s->leaf_end)
		return STARTTLS_V_EXPIRED;
	if (now < (int64_t)gnutls_x509_crt_get_activation_time(leaf))
		return STARTTLS_V_NOT_YET_VALID;
	return 0;
}

/* An otherName, X.509: what kind it is, and what is in it. */
static bool
split_other(struct slice other, struct slice *ret_oid, struct slice *ret_value)
{
	*ret_value = (struct slice){ NULL, 0 };
	return starttls_der_take(&other, DER_OID, false, ret_oid) &&
	    starttls_der_take(&other, DER_EXPLICIT, false, ret_value) &&
	    other.len == 0;
}

/* Number @i of those that are asked for. */
static bool
match_other(const struct names *asked, unsigned i, struct slice other)
{
	static const struct slice srv = { oid_srv_name, sizeof(oid_srv_name) },
	    xmpp = { oid_xmpp_addr, sizeof(oid_xmpp_addr) };
	const struct name *name = asked->name[i];
	struct slice oid, value;

	if (!split_other(other, &oid, &value))
		return false;
	if (starttls_der_equal(oid, srv))
		return starttls_name_matches_srv(name, value.data,
		    value.len) || (i == 0 && asked->service != NULL &&
		    starttls_name_matches_service(name, asked->service,
			value.data, value.len));
	return i == 0 && asked->has_xmpp_addr &&
	    starttls_der_equal(oid, xmpp) &&
	    starttls_name_matches_xmpp(name, value.data, value.len);
}

/* One name of a certificate: which of those that are asked for it is, as bits
   in their order. */
static unsigned
match(const struct names *asked, uint8_t tag, struct slice value)
{
	unsigned which = 0, i;

	for (i = 0; i < asked->count; i++) {
		const struct name *name = asked->name[i];

		if ((tag == DNS_NAME && starttls_name_matches_dns(name,
		    value.data, value.len)) ||
		    (tag == IP_ADDRESS && starttls_name_matches_ip(name,
		    value.data, value.len)) ||
		    (tag == OTHER_NAME && match_other(asked, i, value)))
			which |= 1u << i;
	}
	return which;
}

/* Whether it can be a GeneralName, RFC 5280 section 4.2.1.6. */
static bool
is_general_name(uint8_t tag, struct slice value)
{
	static const uint8_t others[] = { 0x81, 0xa3, 0xa4, 0xa5, 0x86, 0x88 };
	struct slice oid, content;

	if (tag == OTHER_NAME)
		return split_other(value, &oid, &content);
	return tag == DNS_NAME || tag == IP_ADDRESS ||
	    memchr(others, tag, sizeof(others)) != NULL;
}

/* Those of the names of a subjectAltName, in bits; none if it is malformed. */
static unsigned
match_all(const struct names *asked, struct slice list)
{
	struct slice value;
	unsigned which = 0;
	uint8_t tag;

	if (!starttls_der_unwrap(&list, DER_SEQUENCE))
		return 0;
	while (list.len > 0) {
		tag = list.data[0];
		if (!starttls_der_take(&list, tag, false, &value) ||
		    !is_general_name(tag, value))
			return 0;
		which |= match(asked, tag, value);
	}
	return which;
}

/*
 * Those of the names that a certificate has.  They are compared where they are:
 * there may be thousands, and GnuTLS would copy each, with a tree of all.
 */
static void
match_names(const struct names *asked, gnutls_x509_crt_t leaf,
	    struct names *ret_names)
{
	gnutls_datum_t der = { NULL, 0 };
	unsigned which, i;

	ret_names->count = 0;
	if (gnutls_x509_crt_get_extension_by_oid2(leaf, OID_SUBJECT_ALT_NAME,
	    0, &der, NULL) < 0)
		return;
	which = match_all(asked, (struct slice){ der.data, der.size });
	gnutls_free(der.data);
	for (i = 0; i < asked->count; i++)
		if ((which & 1u << i) != 0)
			ret_names->name[ret_names->count++] = asked->name[i];
}

/* What the peer may be called. */
static void
ask_names(const struct starttls_session *s, struct names *ret_names)
{
	unsigned i;

	*ret_names = (struct names){ .name = { s->name }, .count = 1,
	    .service = s->protocol->srv_id,
	    .has_xmpp_addr = s->protocol->has_xmpp_addr };
	for (i = 0; s->expected != NULL && i < s->expected->name_count; i++)
		ret_names->name[ret_names->count++] = &s->expected->names[i];
}

unsigned
starttls_verify_owner(const struct starttls_session *s,
		      const struct chain *chain)
{
	struct names asked, found;
	unsigned i;

	if (starttls_session_is_server(s))
		return 0;
	ask_names(s, &asked);
	for (i = 0; i < chain->len; i++) {
		match_names(&asked, chain->crt[i], &found);
		if (found.count > 0)
			return i;
	}
	return 0;
}

bool
starttls_verify_is_meant(const struct starttls_session *s, struct slice der)
{
	const struct starttls_policy *policy = s->policy;
	const struct tlsa *tlsa = s->expected != NULL ? s->expected->tlsa :
	    NULL;

	if (policy->peer_count > 0 && !starttls_peer_is_accepted(policy, der))
		return false;
	return tlsa != NULL ? starttls_tlsa_matches(tlsa, TLSA_DANE_EE, der) :
	    policy->peer_count > 0;
}

bool
starttls_verify_name(const struct name *name, gnutls_x509_crt_t leaf)
{
	struct names asked = { .name = { name }, .count = 1 }, found;

	match_names(&asked, leaf, &found);
	return found.count > 0;
}

/* GnuTLS takes a key whose strength it could not look at, for lack of memory,
   for a strong one. */
static unsigned
strength_of(gnutls_x509_crt_t leaf)
{
	unsigned bits = 0;
	int algorithm = gnutls_x509_crt_get_pk_algorithm(leaf, &bits);
	gnutls_sec_param_t strength;

	if (algorithm < 0)
		return STARTTLS_V_OTHER;
	strength = gnutls_pk_bits_to_sec_param(
	    (gnutls_pk_algorithm_t)algorithm, bits);
	return strength != GNUTLS_SEC_PARAM_UNKNOWN &&
	    strength < GNUTLS_SEC_PARAM_MEDIUM ? STARTTLS_V_WEAK : 0;
}

/* Whoever is sure of the peer's certificate does not ask for its path: only
   the strength of the key counts, and what revocation lists say. */
static void
forgive(const struct starttls_policy *policy, const struct chain *chain,
	struct path *path)
{
	const struct demand demand = { .policy = policy };
	gnutls_x509_crt_t leaf = chain->crt[0];
	struct path own = { .crt = { leaf }, .len = 1 };

	path->verdict &= STARTTLS_V_REVOKED | STARTTLS_V_STALE_CRL |
	    (path->is_cut_short ? STARTTLS_V_OTHER : 0);
	if (path->verdict == 0) {
		path->verdict = starttls_crl_check(policy, leaf);
		path->depth = 0;
	}
	starttls_judge(&demand, chain, &own);
	path->verdict |= (own.verdict & STARTTLS_V_WEAK) | strength_of(leaf);
	/* it is its own anchor, which GnuTLS fails to see without memory */
	if ((own.verdict & (STARTTLS_V_UNTRUSTED | STARTTLS_V_SIGNATURE |
	    STARTTLS_V_NOT_CA | STARTTLS_V_OTHER)) != 0)
		path->verdict |= STARTTLS_V_OTHER;
	path->len = 0;
	path->end = INT64_MAX;
}

/* Names count, too: those that the certificate has, or if it has none of them
   the peer's own. */
static void
check_names(struct trial *t, struct findings *f)
{
	if (starttls_session_is_server(t->s))
		return;
	if (t->has_name)
		return;
	starttls_found(f, STARTTLS_V_NAME, 0);
	f->owner = starttls_verify_owner(t->s, &t->chain);
	if (f->owner > 0 || starttls_cause_issued(&t->chain) > 0)
		starttls_found(f, STARTTLS_V_DISORDERED, 0);
}

/* Whether it is one of the policy's, or of a record's. */
static bool
is_lasting(const struct anchors *anchors, gnutls_x509_crt_t crt)
{
	unsigned i;

	for (i = 0; anchors != NULL && i < anchors->count; i++)
		if (anchors->list[i].crt == crt)
			return anchors->list[i].made == NULL;
	return true;
}

/* For whoever asks what was verified: by numbers, as what was sent is decoded
   anew then. */
static void
keep_path(struct trial *t, const struct demand *demand,
	  const struct path *path)
{
	struct starttls_session *s = t->s;
	unsigned i, sent;

	_Static_assert(SESSION_PATH_LEN == PATH_MAX_LEN, "one path");
	s->path_len = 0;
	s->anchor = NULL;
	s->path_end = path->end < s->leaf_end ? path->end : s->leaf_end;
	for (i = 0; i < path->len; i++) {
		for (sent = 0; sent < t->chain.len; sent++)
			if (path->crt[i] == t->chain.crt[sent])
				break;
		if (sent < t->chain.len)
			s->path[s->path_len++] = (uint8_t)sent;
		else if (is_lasting(demand->anchors, path->crt[i]))
			s->anchor = path->crt[i];
	}
}

/* By a path to an anchor: the policy's, or those that @demand has.  A pinned
   key stands in for a path to the policy's. */
static void
try_path(struct trial *t, const struct demand *demand, struct attempt *ret)
{
	struct starttls_session *s = t->s;
	const struct starttls_policy *policy = s->policy;
	gnutls_x509_crt_t leaf = t->chain.crt[0];
	struct findings *f = &ret->findings;
	struct path *path = &ret->path;

	*ret = (struct attempt){ .findings = { .depth = -1 },
	    .by = STARTTLS_BY_ANCHOR };
	starttls_path_find(demand, &t->chain, path);
	if (path->verdict != 0 && demand->anchors == NULL &&
	    starttls_policy_has_pin(policy, leaf)) {
		forgive(policy, &t->chain, path);
		path->pinned = true;
		ret->by = STARTTLS_BY_PIN;
	}
	ret->name = path->name != NULL ? path->name : t->names.name[0];
	s->chain_end = path->end;
	starttls_found_on_path(f, path, leaf);
	starttls_found(f, check_dates(s, leaf), 0);
	check_names(t, f);
	if (!starttls_session_is_server(s))
		starttls_found(f, starttls_staple_check(s, path,
		    starttls_staple_is_due(s, leaf)), 0);
	if (policy->pin_count > 0 && !path->pinned)
		starttls_found(f, STARTTLS_V_PIN, -1);
	if (s->leaf_end < s->chain_end)
		s->chain_end = s->leaf_end;
	if (f->verdict == 0)
		keep_path(t, demand, path);
}

/*
 * By the certificate itself, whatever is in it.  A path is of use only for what
 * the policy demands besides: a pin on it, the staple of its issuer, and what
 * lists say about those above.
 */
static void
stand_in(struct trial *t, enum starttls_verified_by by, struct attempt *ret)
{
	struct starttls_session *s = t->s;
	const struct starttls_policy *policy = s->policy;
	const struct demand demand = { .policy = policy };
	gnutls_x509_crt_t leaf = t->chain.crt[0];
	struct findings *f = &ret->findings;
	struct path *path = &ret->path;

	*ret = (struct attempt){ .findings = { .depth = -1 }, .by = by };
	if (policy->pin_count > 0 || policy->crl_count > 0 ||
	    policy->require_ocsp)
		starttls_path_find(&demand, &t->chain, path);
	s->chain_end = INT64_MAX;
	s->path_end = 0;
	s->path_len = 0;
	(void)check_dates(s, leaf);
	if (policy->require_ocsp)
		starttls_found(f, starttls_staple_check(s, path, true), 0);
	if (policy->pin_count > 0 && !starttls_policy_has_pin(policy, leaf) &&
	    (path->len == 0 || path->verdict != 0 || !path->pinned))
		starttls_found(f, STARTTLS_V_PIN, -1);
	forgive(policy, &t->chain, path);
	starttls_found_on_path(f, path, leaf);
}

/* As the policy has it. */
static void
try_policy(struct trial *t, const struct tlsa *tlsa, struct attempt *ret)
{
	const struct demand demand = { .policy = t->s->policy,
	    .names = &t->names, .tlsa = tlsa };

	if (t->s->policy->peer_count > 0)
		stand_in(t, STARTTLS_BY_PEER, ret);
	else
		try_path(t, &demand, ret);
}

/* DANE-TA(2).  Returns whether any such record is about what was sent. */
static bool
try_authorities(struct trial *t, const struct tlsa *tlsa, struct attempt *ret)
{
	const struct demand demand = { .policy = t->s->policy,
	    .names = &t->names, .anchors = &t->anchors };

	starttls_anchors_find(&t->anchors, tlsa, &t->chain);
	if (t->anchors.count == 0)
		return false;
	try_path(t, &demand, ret);
	return ret->path.len > 0;  /* else they were merely sent along */
}

/* PKIX-EE(1) and PKIX-TA(0).  Returns whether what is wrong, if it is, is
   another thing than the records. */
static bool
try_pkix(struct trial *t, const struct tlsa *tlsa, struct slice leaf,
	 struct attempt *ret)
{
	bool is_leaf = starttls_tlsa_matches(tlsa, TLSA_PKIX_EE, leaf);

	if (!is_leaf && !starttls_tlsa_has(tlsa, TLSA_PKIX_TA))
		return false;
	try_policy(t, is_leaf ? NULL : tlsa, ret);
	return is_leaf || ret->findings.verdict != 0 ||
	    ret->path.has_authority;
}

/*
 * As TLSA records have it: one that is satisfied is enough.  If none is, the
 * first that is about this peer says what is wrong.
 */
static void
try_records(struct trial *t, const struct tlsa *tlsa, struct attempt *ret)
{
	struct slice leaf = { t->chain.der->data, t->chain.der->size };
	struct attempt other;

	if (starttls_tlsa_matches(tlsa, TLSA_DANE_EE, leaf)) {
		stand_in(t, STARTTLS_BY_TLSA, ret);
		return;
	}
	*ret = (struct attempt){ .findings = { .depth = -1 } };
	if (!try_authorities(t, tlsa, ret)) {
		*ret = (struct attempt){ .findings = { .depth = -1 } };
		starttls_found(&ret->findings, STARTTLS_V_TLSA, -1);
	}
	if (ret->findings.verdict != 0 && try_pkix(t, tlsa, leaf, &other) &&
	    (other.findings.verdict == 0 ||
	    ret->findings.verdict == STARTTLS_V_TLSA))
		*ret = other;
	ret->by = STARTTLS_BY_TLSA;
}

/* A data channel leads to whom the control connection leads to. */
static unsigned
check_same(const struct starttls_session *s, const struct chain *chain)
{
	uint8_t digest[sizeof(s->leaf)];

	if (!s->has_leaf)
		return 0;
	if (starttls_verify_leaf_digest(chain->der, digest) != 0)
		return STARTTLS_V_OTHER;
	return memcmp(digest, s->leaf, sizeof(digest)) == 0 ? 0 :
	    STARTTLS_V_DIFFERS;
}

/* What the peer may be called, and which of that its certificate says. */
static void
prepare_names(struct trial *t)
{
	struct starttls_session *s = t->s;
	struct names asked;

	if (starttls_session_is_server(s))
		return;
	ask_names(s, &asked);
	match_names(&asked, t->chain.crt[0], &t->names);
	t->has_name = t->names.count > 0;
	if (t->has_name)
		return;
	t->names.name[0] = s->name;
	t->names.count = 1;
}

/* Which of the names that a peer may be called by it is: 1 is its own, 0 none. */
static uint8_t
number_of(const struct starttls_session *s, const struct name *name)
{
	if (name == NULL)
		return 0;
	return name == s->name ? 1 :
	    (uint8_t)(2 + (name - s->expected->names));
}

static void
check_all(struct trial *t, struct findings *f)
{
	struct starttls_session *s = t->s;
	const struct starttls_policy *policy = s->policy;
	const struct tlsa *tlsa = s->expected != NULL ? s->expected->tlsa :
	    NULL;
	struct attempt attempt;

	if (policy->peer_count > 0 && !starttls_peer_is_accepted(policy,
	    (struct slice){ t->chain.der->data, t->chain.der->size })) {
		(void)check_dates(s, t->chain.crt[0]);
		starttls_found(f, STARTTLS_V_PEER, 0);
		return;
	}
	prepare_names(t);
	if (tlsa != NULL)
		try_records(t, tlsa, &attempt);
	else
		try_policy(t, NULL, &attempt);
	*f = attempt.findings;
	starttls_found(f, check_same(s, &t->chain), 0);
	if (f->verdict != 0)
		return;
	s->verified_by = policy->peer_count > 0 ? STARTTLS_BY_PEER :
	    attempt.by;
	s->matched = number_of(s, attempt.name);
}

int
starttls_verify(struct starttls_session *s)
{
	struct findings findings = { .depth = -1 };
	struct trial trial = { .s = s };
	int rc = 0;

	if (!starttls_chain_import(&trial.chain, s->tls))
		starttls_found(&findings, STARTTLS_V_MALFORMED,
		    (int)trial.chain.len - 1);
	if (findings.verdict == 0)
		check_all(&trial, &findings);
	s->verdict = findings.verdict;
	s->depth = findings.depth;
	if (s->verdict != 0)
		rc = starttls_findings_report(s, &trial.chain, &findings);
	else
		s->checked = true;
	starttls_anchors_done(&trial.anchors);
	starttls_chain_done(&trial.chain);
	return rc;
}
