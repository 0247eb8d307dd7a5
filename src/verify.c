/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Whether the peer is who it should be: path, validity, key purpose, name,
 * revocation, staple and pins.  RFC 5280, RFC 9525, RFC 6066 section 8, RFC
 * 7633.
 *
 * The path is in path.c.  The name is compared here, with subjectAltName
 * only: GnuTLS falls back to the common name and takes partial wildcards.
 * Every check runs, so that the verdict has all the bits.
 */

#include "config.h"

#include "verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/ocsp.h>
#include <gnutls/x509-ext.h>

#include "judge.h"
#include "text.h"

#define OID_SUBJECT_ALT_NAME "2.5.29.17"
#define OID_TLS_FEATURE "1.3.6.1.5.5.7.1.24"
#define OCSP_CLOCK_SKEW 300
#define OCSP_MAX_AGE (15 * 86400)  /* where no nextUpdate is given */

/*
 * All that is wrong, and what of it was found first, with the certificate where
 * that is: the peer's own, or the culprit of its path.
 */
struct findings {
	unsigned verdict;
	int depth;
	unsigned blamed;
	gnutls_x509_crt_t culprit; /* NULL: the peer's own */
};


/* Most telling first: what the error's code is made of. */
static const struct {
	unsigned verdict;
	int code;
	gnutls_alert_description_t alert;
} codes[] = {
	{ STARTTLS_V_MALFORMED, STARTTLS_E_BAD_CHAIN, GNUTLS_A_BAD_CERTIFICATE },
	{ STARTTLS_V_REVOKED, STARTTLS_E_REVOKED,
	  GNUTLS_A_CERTIFICATE_REVOKED },
	{ STARTTLS_V_SIGNATURE, STARTTLS_E_BAD_CHAIN,
	  GNUTLS_A_BAD_CERTIFICATE },
	{ STARTTLS_V_NOT_CA, STARTTLS_E_BAD_CHAIN, GNUTLS_A_BAD_CERTIFICATE },
	{ STARTTLS_V_CRITICAL, STARTTLS_E_BAD_CHAIN,
	  GNUTLS_A_UNSUPPORTED_CERTIFICATE },
	{ STARTTLS_V_UNTRUSTED, STARTTLS_E_UNTRUSTED, GNUTLS_A_UNKNOWN_CA },
	{ STARTTLS_V_EXPIRED, STARTTLS_E_EXPIRED,
	  GNUTLS_A_CERTIFICATE_EXPIRED },
	{ STARTTLS_V_NOT_YET_VALID, STARTTLS_E_NOT_YET_VALID,
	  GNUTLS_A_CERTIFICATE_EXPIRED },
	{ STARTTLS_V_WEAK, STARTTLS_E_WEAK,
	  GNUTLS_A_INSUFFICIENT_SECURITY },
	{ STARTTLS_V_PURPOSE, STARTTLS_E_PURPOSE,
	  GNUTLS_A_UNSUPPORTED_CERTIFICATE },
	{ STARTTLS_V_CONSTRAINTS, STARTTLS_E_CONSTRAINTS,
	  GNUTLS_A_BAD_CERTIFICATE },
	{ STARTTLS_V_NAME, STARTTLS_E_NAME_MISMATCH,
	  GNUTLS_A_BAD_CERTIFICATE },
	{ STARTTLS_V_STALE_CRL, STARTTLS_E_STALE_CRL,
	  GNUTLS_A_CERTIFICATE_UNKNOWN },
	{ STARTTLS_V_NO_STAPLE, STARTTLS_E_NO_STAPLE,
	  GNUTLS_A_CERTIFICATE_UNKNOWN },
	{ STARTTLS_V_BAD_STAPLE, STARTTLS_E_BAD_STAPLE,
	  GNUTLS_A_CERTIFICATE_UNKNOWN },
	{ STARTTLS_V_PIN, STARTTLS_E_PIN_MISMATCH,
	  GNUTLS_A_CERTIFICATE_UNKNOWN },
	{ STARTTLS_V_DIFFERS, STARTTLS_E_OTHER_CERT,
	  GNUTLS_A_CERTIFICATE_UNKNOWN },
};

int
starttls_verify_leaf_digest(const gnutls_datum_t *leaf, uint8_t *ret_sha256)
{
	return gnutls_hash_fast(GNUTLS_DIG_SHA256, leaf->data, leaf->size,
	    ret_sha256) < 0 ? STARTTLS_E_TLS : 0;
}

gnutls_alert_description_t
starttls_verify_alert(unsigned verdict)
{
	size_t i;

	for (i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if ((verdict & codes[i].verdict) != 0)
			return codes[i].alert;
	return GNUTLS_A_CERTIFICATE_UNKNOWN;
}

/* Note what is wrong, and where, unless something was before it. */
static void
found(struct findings *f, unsigned verdict, int depth)
{
	if (verdict != 0 && f->verdict == 0) {
		f->depth = depth;
		f->blamed = verdict;
	}
	f->verdict |= verdict;
}

/* An issuer on the path is at fault for the first of what is wrong there. */
static void
found_on_path(struct findings *f, const struct path *path,
	      gnutls_x509_crt_t leaf)
{
	found(f, path->verdict, path->depth);
	if ((path->blamed & path->verdict) == 0 || path->culprit == leaf)
		return;
	f->culprit = path->culprit;
	f->blamed = path->blamed & path->verdict;
}

static void
free_chain(struct chain *chain)
{
	while (chain->len > 0)
		gnutls_x509_crt_deinit(chain->crt[--chain->len]);
}

/* The peer's chain as GnuTLS received it, as far as we look at it. */
static void
import_chain(const struct starttls_session *s, struct chain *chain,
	     struct findings *f)
{
	unsigned count = 0, i;
	int rc = 0;

	chain->len = 0;
	chain->der = gnutls_certificate_get_peers(s->tls, &count);
	if (chain->der == NULL || count == 0)
		found(f, STARTTLS_V_MALFORMED, -1);
	if (count > VERIFY_MAX_CHAIN)
		count = VERIFY_MAX_CHAIN;
	for (i = 0; i < count && rc >= 0; i++) {
		rc = gnutls_x509_crt_init(&chain->crt[i]);
		if (rc < 0)
			break;
		chain->len++;
		rc = gnutls_x509_crt_import(chain->crt[i], &chain->der[i],
		    GNUTLS_X509_FMT_DER);
	}
	if (rc < 0)
		found(f, STARTTLS_V_MALFORMED, (int)chain->len - 1);
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

bool
starttls_verify_name(const struct name *name, gnutls_x509_crt_t leaf)
{
	gnutls_subject_alt_names_t names;
	gnutls_datum_t der = { NULL, 0 }, value;
	unsigned type, i;
	bool matches = false;

	if (gnutls_x509_crt_get_extension_by_oid2(leaf, OID_SUBJECT_ALT_NAME,
	    0, &der, NULL) < 0)
		return matches;
	if (gnutls_subject_alt_names_init(&names) < 0) {
		gnutls_free(der.data);
		return matches;
	}
	if (gnutls_x509_ext_import_subject_alt_names(&der, names, 0) < 0)
		goto out;
	for (i = 0; !matches && gnutls_subject_alt_names_get(names, i,
	    &type, &value, NULL) >= 0; i++)
		if ((type == GNUTLS_SAN_DNSNAME && starttls_name_matches_dns(
		    name, value.data, value.size)) ||
		    (type == GNUTLS_SAN_IPADDRESS && starttls_name_matches_ip(
		    name, value.data, value.size)))
			matches = true;
out:
	gnutls_subject_alt_names_deinit(names);
	gnutls_free(der.data);
	return matches;
}

/* The single response about the leaf: signature, status, dates. */
static unsigned
check_response(const struct starttls_session *s, const struct path *path,
	       gnutls_ocsp_resp_t response, int64_t *ret_end)
{
	unsigned invalid = 0, status = 0;
	time_t this_update = -1, next_update = -1;
	int64_t now = s->policy->clock();

	if (gnutls_ocsp_resp_check_crt(response, 0, path->crt[0]) < 0 ||
	    gnutls_ocsp_resp_verify_direct(response, path->crt[1], &invalid,
		GNUTLS_PROFILE_TO_VFLAGS(s->policy->profile)) < 0 ||
	    invalid != 0 ||
	    gnutls_ocsp_resp_get_single(response, 0, NULL, NULL, NULL, NULL,
		&status, &this_update, &next_update, NULL, NULL) < 0)
		return STARTTLS_V_BAD_STAPLE;
	if (status == GNUTLS_OCSP_CERT_REVOKED)
		return STARTTLS_V_REVOKED;
	if (status != GNUTLS_OCSP_CERT_GOOD)
		return STARTTLS_V_BAD_STAPLE;
	if ((int64_t)this_update > now + OCSP_CLOCK_SKEW)
		return STARTTLS_V_BAD_STAPLE;
	if (next_update == (time_t)-1)
		next_update = this_update + OCSP_MAX_AGE;
	*ret_end = (int64_t)next_update;
	return *ret_end < now ? STARTTLS_V_BAD_STAPLE : 0;
}

static bool
must_staple(const struct starttls_session *s, gnutls_x509_crt_t leaf)
{
	gnutls_datum_t der = { NULL, 0 };
	int rc;

	if (s->policy->require_ocsp)
		return true;
	rc = gnutls_x509_crt_get_extension_by_oid2(leaf, OID_TLS_FEATURE, 0,
	    &der, NULL);
	gnutls_free(der.data);
	/* an error is no permission */
	return rc != GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE;
}

/*
 * The staple counts only if the certificate that issued the leaf is known from
 * a valid path: what else is sent along may have the issuer's name, too.
 */
static unsigned
check_staple(struct starttls_session *s, const struct path *path,
	     gnutls_x509_crt_t leaf)
{
	gnutls_datum_t der = { NULL, 0 };
	gnutls_ocsp_resp_t response;
	unsigned verdict = STARTTLS_V_BAD_STAPLE;
	int64_t end = INT64_MAX;
	bool absent = true;

	/* an anchor that is the leaf is nobody's issuer */
	if (path->verdict == 0 && path->len > 1 &&
	    gnutls_ocsp_status_request_get2(s->tls, 0, &der) >= 0 &&
	    der.size > 0) {
		if (gnutls_ocsp_resp_init(&response) < 0)
			return STARTTLS_V_OTHER;
		absent = false;
		if (gnutls_ocsp_resp_import(response, &der) >= 0) {
			/* "try later" and the like are no staple */
			absent = gnutls_ocsp_resp_get_status(response) !=
			    GNUTLS_OCSP_RESP_SUCCESSFUL;
			if (!absent)
				verdict = check_response(s, path, response,
				    &end);
		}
		gnutls_ocsp_resp_deinit(response);
	}
	if (absent)
		return must_staple(s, leaf) ?
		    STARTTLS_V_NO_STAPLE : 0;
	s->staple = verdict == 0 ? STARTTLS_STAPLE_GOOD : STARTTLS_STAPLE_BAD;
	/* a session that is resumed shows no staple, and needs one */
	if (end < s->chain_end && must_staple(s, leaf))
		s->chain_end = end;
	return verdict;
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

/*
 * A pinned key is trusted by itself: its path may be what it wants, and only
 * the strength of the key and what revocation lists say counts.
 */
static void
forgive(const struct starttls_policy *policy, const struct chain *chain,
	struct path *path)
{
	gnutls_x509_crt_t leaf = chain->crt[0];
	struct path own = { .crt = { leaf }, .len = 1 };

	path->verdict &= STARTTLS_V_REVOKED | STARTTLS_V_STALE_CRL;
	if (path->verdict == 0) {
		path->verdict = starttls_crl_check(policy, leaf);
		path->depth = 0;
	}
	starttls_judge(policy, chain, NULL, &own);
	path->verdict |= (own.verdict & STARTTLS_V_WEAK) | strength_of(leaf);
	/* it is its own anchor, which GnuTLS fails to see without memory */
	if ((own.verdict & (STARTTLS_V_UNTRUSTED | STARTTLS_V_SIGNATURE |
	    STARTTLS_V_NOT_CA | STARTTLS_V_OTHER)) != 0)
		path->verdict |= STARTTLS_V_OTHER;
	path->len = 0;
	path->end = INT64_MAX;
	path->pinned = true;
}

/* Everything that needs the path. */
static void
check_with_path(struct starttls_session *s, const struct chain *chain,
		struct findings *f)
{
	const struct starttls_policy *policy = s->policy;
	gnutls_x509_crt_t leaf = chain->crt[0];
	struct path path;

	starttls_path_find(policy, chain, starttls_session_is_server(s) ?
	    NULL : s->name, &path);
	if (path.verdict != 0 && starttls_path_is_pinned(policy, leaf))
		forgive(policy, chain, &path);
	s->chain_end = path.end;
	found_on_path(f, &path, leaf);
	found(f, check_dates(s, leaf), 0);
	if (!starttls_session_is_server(s)) {
		found(f, starttls_verify_name(s->name, leaf) ? 0 :
		    STARTTLS_V_NAME, 0);
		found(f, check_staple(s, &path, leaf), 0);
	}
	if (policy->pin_count > 0 && !path.pinned)
		found(f, STARTTLS_V_PIN, -1);
	if (s->leaf_end < s->chain_end)
		s->chain_end = s->leaf_end;
	if (f->verdict == 0)
		s->path_end = path.end < s->leaf_end ? path.end : s->leaf_end;
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

static void
check_all(struct starttls_session *s, const struct chain *chain,
	  struct findings *f)
{
	check_with_path(s, chain, f);
	found(f, check_same(s, chain), 0);
}

static void
date_text(char *text, size_t size, time_t when)
{
	struct tm tm;

	if (gmtime_r(&when, &tm) == NULL ||
	    strftime(text, size, "%Y-%m-%d %H:%M UTC", &tm) == 0)
		snprintf(text, size, "an unknown date");
}

/* The date that makes a certificate expired or not yet valid. */
static void
describe_dates(const struct starttls_session *s, unsigned blamed,
	       gnutls_x509_crt_t crt, char *text, size_t size)
{
	int64_t now = s->policy->clock(), begin, end;
	char date[40];

	begin = (int64_t)gnutls_x509_crt_get_activation_time(crt);
	end = (int64_t)gnutls_x509_crt_get_expiration_time(crt);
	if ((blamed & STARTTLS_V_EXPIRED) != 0 && end < now) {
		date_text(date, sizeof(date), (time_t)end);
		snprintf(text, size, " (on %s)", date);
	} else if ((blamed & STARTTLS_V_NOT_YET_VALID) != 0 && begin > now) {
		date_text(date, sizeof(date), (time_t)begin);
		snprintf(text, size, " (before %s)", date);
	}
}

/* The words of every bit. */
static void
describe_bits(unsigned verdict, char *words, size_t size)
{
	size_t len = 0, i;

	words[0] = '\0';
	for (i = 0; i < 32; i++) {
		const char *text = (verdict & 1u << i) == 0 ? NULL :
		    starttls_verdict_text(1u << i);

		if (text != NULL && len < size)
			len += (size_t)snprintf(words + len, size - len,
			    "%s%s", len > 0 ? ", " : "", text);
	}
}

/* Which certificate is at fault, if it is not the peer's own. */
static void
describe_culprit(const struct findings *f, char *text, size_t size)
{
	char dn[512], shown[80] = "?";
	size_t len = sizeof(dn);

	if (f->culprit == NULL) {
		if ((f->blamed & STARTTLS_V_MALFORMED) != 0 && f->depth > 0)
			snprintf(text, size, " comes with another one, number "
			    "%d, which", f->depth + 1);
		return;
	}
	if (gnutls_x509_crt_get_dn(f->culprit, dn, &len) >= 0)
		starttls_text_clean(shown, sizeof(shown), dn, len);
	snprintf(text, size, " depends on %s \"%s\", which",
	    f->depth < 0 ? "the anchor" : "its issuer", shown);
}

/* Say what is wrong with whom: the words, and the dates if it is those. */
static int
report_verdict(struct starttls_session *s, const struct chain *chain,
	       const struct findings *f)
{
	char first[160], other[120], detail[64] = "", culprit[128] = "";
	unsigned rest = f->culprit == NULL ? 0 : f->verdict & ~f->blamed;
	int code = STARTTLS_E_BAD_CHAIN;
	size_t i;

	for (i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if ((s->verdict & codes[i].verdict) != 0) {
			code = codes[i].code;
			break;
		}
	describe_bits(f->verdict & ~rest, first, sizeof(first));
	describe_bits(rest, other, sizeof(other));
	describe_culprit(f, culprit, sizeof(culprit));
	if (chain->len > 0)
		describe_dates(s, f->blamed, f->culprit != NULL ? f->culprit :
		    chain->crt[0], detail, sizeof(detail));
	starttls_session_fail(s, code, STARTTLS_PHASE_HANDSHAKE,
	    "the certificate of %.100s%s is %s%s%s%s",
	    starttls_session_peer(s), culprit, first, detail,
	    rest != 0 ? "; it is also " : "", other);
	s->error.verdict = s->verdict;
	s->error.depth = s->depth;
	return s->error.code;
}

/* Whether GnuTLS can make nothing of a certificate, its key included. */
static bool
is_unreadable(struct slice der)
{
	gnutls_datum_t data = { (unsigned char *)(uintptr_t)der.data,
		(unsigned)der.len };
	gnutls_pcert_st pcert;
	int rc = gnutls_pcert_import_x509_raw(&pcert, &data,
	    GNUTLS_X509_FMT_DER, 0);

	if (rc >= 0)
		gnutls_pcert_deinit(&pcert);
	return rc < 0 && rc != GNUTLS_E_MEMORY_ERROR;
}

/* Take one of what was sent: three octets of length, RFC 5246 7.4.2. */
static bool
take_sent(struct slice *list, struct slice *ret)
{
	size_t len;

	if (list->len < 3)
		return false;
	len = (size_t)list->data[0] << 16 | (size_t)list->data[1] << 8 |
	    list->data[2];
	if (len > list->len - 3)
		return false;
	*ret = (struct slice){ list->data + 3, len };
	list->data += 3 + len;
	list->len -= 3 + len;
	return true;
}

int
starttls_verify_unreadable(struct starttls_session *s)
{
	struct slice sent = { s->certificates.data, s->certificates.size };
	struct slice list = { NULL, 0 }, der;
	struct findings findings = { .depth = -1 };
	const gnutls_datum_t *chain;
	unsigned count = 0, i;

	if (s->checked || s->verdict != 0)
		return 0;
	chain = gnutls_certificate_get_peers(s->tls, &count);
	if (chain != NULL && count > 0) {
		/* TLS 1.3 has all of them, and has parsed the first */
		i = 0;
		if (!is_unreadable((struct slice){ chain->data, chain->size }))
			return 0;
	} else {
		(void)take_sent(&sent, &list);
		for (i = 0;; i++) {
			if (!take_sent(&list, &der))
				return 0;
			if (is_unreadable(der))
				break;
		}
	}
	found(&findings, STARTTLS_V_MALFORMED, (int)i);
	s->verdict = findings.verdict;
	s->depth = findings.depth;
	return report_verdict(s, &(struct chain){ .len = 0 }, &findings);
}

int
starttls_verify(struct starttls_session *s)
{
	struct findings findings = { .depth = -1 };
	struct chain chain;
	int rc = 0;

	import_chain(s, &chain, &findings);
	if (findings.verdict == 0)
		check_all(s, &chain, &findings);
	s->verdict = findings.verdict;
	s->depth = findings.depth;
	if (s->verdict != 0)
		rc = report_verdict(s, &chain, &findings);
	else
		s->checked = true;
	free_chain(&chain);
	return rc;
}
