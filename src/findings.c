/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * What is wrong with a peer's certificates: as a code, an alert, and words
 * that say who is at fault.
 */

#include "config.h"

#include "findings.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "altname.h"
#include "cause.h"
#include "peer.h"
#include "text.h"

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
	{ STARTTLS_V_DISORDERED, STARTTLS_E_DISORDERED,
	  GNUTLS_A_BAD_CERTIFICATE },
	{ STARTTLS_V_SELF_SIGNED, STARTTLS_E_SELF_SIGNED,
	  GNUTLS_A_UNKNOWN_CA },
	{ STARTTLS_V_PRIVATE_ROOT, STARTTLS_E_PRIVATE_ROOT,
	  GNUTLS_A_UNKNOWN_CA },
	{ STARTTLS_V_INCOMPLETE, STARTTLS_E_INCOMPLETE, GNUTLS_A_UNKNOWN_CA },
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
	{ STARTTLS_V_PEER, STARTTLS_E_PEER_MISMATCH,
	  GNUTLS_A_CERTIFICATE_UNKNOWN },
	{ STARTTLS_V_TLSA, STARTTLS_E_TLSA_MISMATCH,
	  GNUTLS_A_CERTIFICATE_UNKNOWN },
};

gnutls_alert_description_t
starttls_findings_alert(unsigned verdict)
{
	size_t i;

	for (i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if ((verdict & codes[i].verdict) != 0)
			return codes[i].alert;
	return GNUTLS_A_CERTIFICATE_UNKNOWN;
}

void
starttls_found(struct findings *f, unsigned verdict, int depth)
{
	if (verdict != 0 && f->verdict == 0) {
		f->depth = depth;
		f->blamed = verdict;
	}
	f->verdict |= verdict;
}

void
starttls_found_on_path(struct findings *f, const struct path *path,
		       gnutls_x509_crt_t leaf)
{
	starttls_found(f, path->verdict, path->depth);
	if ((path->blamed & path->verdict) == 0 || path->culprit == leaf)
		return;
	f->culprit = path->culprit;
	f->blamed = path->blamed & path->verdict;
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

/* Why a name that a person can see in a certificate does not count. */
static const char *
describe_near_miss(const struct name *name, gnutls_x509_crt_t leaf,
		   const char *names)
{
	char cn[STARTTLS_HOST_SIZE], sought[STARTTLS_HOST_SIZE + 1];
	size_t size = sizeof(cn), len;
	const char *at;

	len = (size_t)snprintf(sought, sizeof(sought), ":%s", name->text);
	at = strstr(names, sought);
	if (at != NULL && (at[len] == '\0' || at[len] == ','))
		return name->ip_len > 0 ? ", where an address does not count" :
		    ", where a host's name does not count";
	if (gnutls_x509_crt_get_dn_by_oid(leaf, GNUTLS_OID_X520_COMMON_NAME, 0,
	    0, cn, &size) >= 0 && (strcmp(cn, name->text) == 0 ||
	    starttls_name_matches_dns(name, (const uint8_t *)cn, size)))
		return ", as its common name does not count";
	return "";
}

/* Whom it is for, if that is not who was asked for: the first of the names. */
static void
describe_names(const struct starttls_session *s, const struct chain *chain,
	       unsigned verdict, char *text, size_t size)
{
	char names[128];

	text[0] = '\0';
	if ((verdict & STARTTLS_V_NAME) == 0 || chain->len == 0)
		return;
	starttls_altname_list((struct slice){ chain->der->data,
	    chain->der->size }, names, sizeof(names));
	if (names[0] == '\0')
		snprintf(text, size, "; it names nobody%s",
		    describe_near_miss(s->name, chain->crt[0], ""));
	else
		snprintf(text, size, "; it is for %s%s", names,
		    describe_near_miss(s->name, chain->crt[0], names));
}

/* The words of every bit. */
static void
describe_bits(unsigned verdict, char *words, size_t size)
{
	size_t len = 0, i;

	words[0] = '\0';
	if ((verdict & ~CAUSE_BITS) != 0)
		verdict &= ~CAUSE_BITS; /* which are described by themselves */
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

/* What was shown, for whoever knows that it is right and wants to say so. */
static void
describe_digests(const struct chain *chain, char *text, size_t size)
{
	struct slice der = { chain->der->data, chain->der->size };
	char cert[PEER_TEXT_SIZE], key[PEER_TEXT_SIZE];
	struct accepted shown[2];

	if (starttls_peer_digest(der, false, &shown[0]) != 0 ||
	    starttls_peer_digest(der, true, &shown[1]) != 0)
		return;
	starttls_peer_format(&shown[0], cert);
	starttls_peer_format(&shown[1], key);
	snprintf(text, size, ": it is %s, its key %s", cert, key);
}

/* What the words leave open: the dates if it is those, the digests. */
static void
describe_detail(const struct starttls_session *s, const struct chain *chain,
		const struct findings *f, char *text, size_t size)
{
	text[0] = '\0';
	if (chain->len == 0)
		return;
	if ((f->blamed & STARTTLS_V_PEER) != 0)
		describe_digests(chain, text, size);
	else
		describe_dates(s, f->blamed, f->culprit != NULL ? f->culprit :
		    chain->crt[0], text, size);
}

/* Where those who run the peer find what it should send, if there is room. */
static void
append_url(struct starttls_error *error, gnutls_x509_crt_t crt)
{
	char url[STARTTLS_MESSAGE_SIZE];
	size_t len = strlen(error->message);
	size_t room = sizeof(error->message) - len;

	if (room > sizeof(" ()") && starttls_cause_url(crt, url,
	    room - (sizeof(" ()") - 1)))
		snprintf(error->message + len, room, " (%.*s)", (int)room, url);
}

int
starttls_findings_report(struct starttls_session *s, const struct chain *chain,
			const struct findings *f)
{
	char first[160], other[120], detail[192], culprit[128] = "";
	char names[192], cause[192];
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
	describe_detail(s, chain, f, detail, sizeof(detail));
	describe_names(s, chain, f->verdict, names, sizeof(names));
	starttls_cause_describe(chain, f->verdict, f->depth, f->owner, cause,
	    sizeof(cause));
	starttls_session_fail(s, code, STARTTLS_PHASE_HANDSHAKE,
	    "the certificate of %.100s%s is %s%s%s%s%s%s",
	    starttls_session_peer(s), culprit, first, detail,
	    rest != 0 ? "; it is also " : "", other, cause, names);
	if ((f->verdict & STARTTLS_V_INCOMPLETE) != 0)
		append_url(&s->error, chain->crt[0]);
	s->error.verdict = s->verdict;
	s->error.depth = s->depth;
	return s->error.code;
}
