/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Plain data about a conversation and about the peer's certificates.
 *
 * Nothing is kept for it: what GnuTLS knows is asked, and certificates are
 * decoded, when somebody wants to know.  Names in certificates are the
 * peer's words and are sanitised like any other.
 */

#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/x509.h>

#include "alert.h"
#include "altname.h"
#include "cause.h"
#include "text.h"
#include "upgrade.h"

/* GnuTLS has no name for what it does not know. */
static const char *
known(const char *name)
{
	return name != NULL ? name : "unknown";
}

static void
copy(char *dst, size_t size, const char *text)
{
	snprintf(dst, size, "%s", text == NULL ? "" : text);
}

/* The name of the cipher suite that the server chose. */
static const char *
suite_name(const struct starttls_session *s)
{
	unsigned char id[2];
	const char *name;
	size_t i;

#ifdef HAVE_GNUTLS_CIPHERSUITE_GET
	name = gnutls_ciphersuite_get(s->tls);
	if (name != NULL)
		return name;
#endif
	for (i = 0; (name = gnutls_cipher_suite_info(i, id, NULL, NULL, NULL,
	    NULL)) != NULL; i++)
		if (memcmp(id, s->suite, sizeof(id)) == 0)
			break;
	return name;
}

static void
fill_tls(struct starttls_report *r, const struct starttls_session *s)
{
	gnutls_session_t tls = s->tls;
	gnutls_datum_t alpn = { NULL, 0 };
	unsigned count = 0;

	/* TLS_NULL_WITH_NULL_NULL: until a ServerHello GnuTLS has a version,
	   and more, which nobody has said */
	if (s->suite[0] == 0 && s->suite[1] == 0)
		return;
	copy(r->version, sizeof(r->version),
	    gnutls_protocol_get_name(gnutls_protocol_get_version(tls)));
	copy(r->cipher_suite, sizeof(r->cipher_suite), suite_name(s));
	copy(r->group, sizeof(r->group),
	    gnutls_group_get_name(gnutls_group_get(tls)));
	copy(r->signature, sizeof(r->signature), gnutls_sign_get_name(
	    (gnutls_sign_algorithm_t)gnutls_sign_algorithm_get(tls)));
	copy(r->compression, sizeof(r->compression), "none");
	if (gnutls_alpn_get_selected_protocol(tls, &alpn) >= 0)
		starttls_text_clean(r->alpn, sizeof(r->alpn), alpn.data,
		    alpn.size);
	r->resumed = gnutls_session_is_resumed(tls) != 0;
	r->false_start = (gnutls_session_get_flags(tls) &
	    GNUTLS_SFLAGS_FALSE_START) != 0;
	if (gnutls_certificate_get_peers(tls, &count) != NULL)
		r->chain_len = count;
}

static void
fill_verified(struct starttls_report *r, const struct starttls_session *s)
{
	r->verified_by = (int)s->verified_by;
	if (s->matched == 1)
		copy(r->matched_name, sizeof(r->matched_name), s->name->text);
	else if (s->matched > 1 && s->expected != NULL &&
	    s->matched - 2u < s->expected->name_count)
		copy(r->matched_name, sizeof(r->matched_name),
		    s->expected->names[s->matched - 2].text);
}

const char *
starttls_verified_by_name(enum starttls_verified_by by)
{
	static const char *const names[] = {
		[STARTTLS_BY_NOTHING] = "", [STARTTLS_BY_ANCHOR] = "anchor",
		[STARTTLS_BY_PIN] = "pin", [STARTTLS_BY_PEER] = "peer",
		[STARTTLS_BY_TLSA] = "tlsa",
	};

	return (unsigned)by < sizeof(names) / sizeof(names[0]) ? names[by] :
	    "";
}

static int64_t
sum_times(const struct starttls_report *r)
{
	const int64_t times[] = { r->resolve_us, r->connect_us,
	    r->greeting_us, r->preamble_us, r->handshake_us, r->exchange_us };
	int64_t sum = 0;
	size_t i;

	for (i = 0; i < sizeof(times) / sizeof(times[0]); i++)
		sum += times[i] > 0 ? times[i] : 0;
	return sum;
}

int
starttls_session_report(const struct starttls_session *session,
			struct starttls_report *ret_report)
{
	const struct starttls_session *s = session;
	struct starttls_report *r = ret_report;
	const char *scheme;

	if (s == NULL || r == NULL || r->size != sizeof(*r))
		return STARTTLS_E_INVALID;
	memset(r, 0, sizeof(*r));
	r->size = sizeof(*r);
	copy(r->protocol, sizeof(r->protocol),
	    starttls_protocol_scheme(s->protocol, STARTTLS_GREETING));
	scheme = starttls_protocol_scheme(s->protocol, s->from);
	copy(r->scheme, sizeof(r->scheme), scheme != NULL ? scheme :
	    r->protocol);
	copy(r->host, sizeof(r->host), s->name->text);
	copy(r->port, sizeof(r->port), s->port);
	copy(r->address, sizeof(r->address), s->io.address);
	r->alpn_refused = s->without_alpn;
	r->upgraded = s->from != STARTTLS_HANDSHAKE;
	copy(r->greeting, sizeof(r->greeting), s->hearsay.greeting);
	r->greeting_code = s->hearsay.greeting_code;
	r->reply_code = s->hearsay.reply_code;
	r->verified = s->checked && s->finished;
	if (r->verified)
		fill_verified(r, s);
	r->verdict = s->verdict;
	r->staple = (int)s->staple;
	r->own_certificate = s->tls == NULL ? STARTTLS_OWN_NOT_ASKED :
	    (int)starttls_alert_shown(s);
	r->not_after = s->leaf_end;
	r->path_not_after = s->path_end;
	r->round_trips = s->finished ? s->handshake_trips :
	    s->io.round_trips;
	r->resolve_us = s->resolve_us;
	r->connect_us = s->connect_us;
	r->greeting_us = s->greeting_us;
	r->preamble_us = s->preamble_us;
	r->handshake_us = s->handshake_us;
	r->exchange_us = s->exchange_us;
	r->total_us = sum_times(r);
	if (s->tls != NULL)
		fill_tls(r, s);
	return 0;
}

static void
fill_key(struct starttls_cert *c, gnutls_x509_crt_t crt)
{
	unsigned bits = 0;
	gnutls_ecc_curve_t curve;
	int algorithm = gnutls_x509_crt_get_pk_algorithm(crt, &bits);

	if (algorithm == GNUTLS_PK_ECDSA &&
	    gnutls_x509_crt_get_pk_ecc_raw(crt, &curve, NULL, NULL) >= 0)
		snprintf(c->key, sizeof(c->key), "EC %s %u",
		    known(gnutls_ecc_curve_get_name(curve)), bits);
	else
		snprintf(c->key, sizeof(c->key), "%s %u",
		    known(gnutls_pk_algorithm_get_name(
			(gnutls_pk_algorithm_t)algorithm)), bits);
	copy(c->signature, sizeof(c->signature), gnutls_sign_get_name(
	    (gnutls_sign_algorithm_t)
	    gnutls_x509_crt_get_signature_algorithm(crt)));
}

static void
fill_ids(struct starttls_cert *c, gnutls_x509_crt_t crt,
	 const gnutls_datum_t *der)
{
	static const char hex[] = "0123456789abcdef";
	unsigned char serial[20];
	size_t size = sizeof(serial), i;
	char dn[2048];

	if (gnutls_x509_crt_get_serial(crt, serial, &size) >= 0)
		for (i = 0; i < size; i++) {
			c->serial[2 * i] = hex[serial[i] >> 4];
			c->serial[2 * i + 1] = hex[serial[i] & 15];
		}
	size = sizeof(dn);
	if (gnutls_x509_crt_get_dn(crt, dn, &size) >= 0)
		starttls_text_clean(c->subject, sizeof(c->subject), dn, size);
	size = sizeof(dn);
	if (gnutls_x509_crt_get_issuer_dn(crt, dn, &size) >= 0)
		starttls_text_clean(c->issuer, sizeof(c->issuer), dn, size);
	gnutls_hash_fast(GNUTLS_DIG_SHA256, der->data, der->size, c->sha256);
	size = sizeof(c->spki_sha256);
	if (gnutls_x509_crt_get_key_id(crt, GNUTLS_KEYID_USE_SHA256,
	    c->spki_sha256, &size) >= 0) {
		memcpy(c->pin, "sha256//", 8);
		starttls_base64_encode(c->pin + 8, c->spki_sha256,
		    sizeof(c->spki_sha256));
	}
}

int
starttls_session_cert_der(const struct starttls_session *session,
			  unsigned index, const uint8_t **ret_der,
			  size_t *ret_len)
{
	const gnutls_datum_t *chain;
	unsigned count = 0;

	if (session == NULL || ret_der == NULL || ret_len == NULL ||
	    session->tls == NULL)
		return STARTTLS_E_INVALID;
	chain = gnutls_certificate_get_peers(session->tls, &count);
	if (chain == NULL || index >= count)
		return STARTTLS_E_INVALID;
	*ret_der = chain[index].data;
	*ret_len = chain[index].size;
	return 0;
}

static void
fill_cert(struct starttls_cert *c, gnutls_x509_crt_t crt,
	  const gnutls_datum_t *der)
{
	memset(c, 0, sizeof(*c));
	c->size = sizeof(*c);
	fill_ids(c, crt, der);
	starttls_altname_list((struct slice){ der->data, der->size }, c->names,
	    sizeof(c->names));
	fill_key(c, crt);
	c->not_before = (int64_t)gnutls_x509_crt_get_activation_time(crt);
	c->not_after = (int64_t)gnutls_x509_crt_get_expiration_time(crt);
	c->is_ca = gnutls_x509_crt_get_ca_status(crt, NULL) > 0;
	(void)starttls_cause_url(crt, c->issuer_url, sizeof(c->issuer_url));
}

/* Have GnuTLS read all but the names.  Returns 0; STARTTLS_E_NOMEM, _E_TLS */
static int
import(const gnutls_datum_t *der, gnutls_x509_crt_t *ret_crt)
{
	gnutls_datum_t copy = { malloc(der->size), der->size };
	gnutls_x509_crt_t crt = NULL;
	int rc;

	if (copy.data == NULL || gnutls_x509_crt_init(&crt) < 0) {
		free(copy.data);
		return STARTTLS_E_NOMEM;
	}
	memcpy(copy.data, der->data, der->size);
	starttls_altname_hide(copy.data, copy.size);
	rc = gnutls_x509_crt_import(crt, &copy, GNUTLS_X509_FMT_DER);
	free(copy.data);
	if (rc < 0) {
		gnutls_x509_crt_deinit(crt);
		return STARTTLS_E_TLS;
	}
	*ret_crt = crt;
	return 0;
}

int
starttls_session_cert(const struct starttls_session *session, unsigned index,
		      struct starttls_cert *ret_cert)
{
	const uint8_t *data;
	gnutls_datum_t der;
	gnutls_x509_crt_t crt;
	size_t len;
	int rc;

	if (ret_cert == NULL || ret_cert->size != sizeof(*ret_cert))
		return STARTTLS_E_INVALID;
	rc = starttls_session_cert_der(session, index, &data, &len);
	if (rc != 0)
		return rc;
	der.data = (unsigned char *)(uintptr_t)data;
	der.size = (unsigned)len;
	rc = import(&der, &crt);
	if (rc != 0)
		return rc;
	fill_cert(ret_cert, crt, &der);
	gnutls_x509_crt_deinit(crt);
	return 0;
}

/* The number of a certificate among those that were sent, or -1. */
static int
find_sent(const struct starttls_session *s, const gnutls_datum_t *der)
{
	unsigned count = 0, i;
	const gnutls_datum_t *sent = gnutls_certificate_get_peers(s->tls,
	    &count);

	for (i = 0; sent != NULL && i < count; i++)
		if (sent[i].size == der->size &&
		    memcmp(sent[i].data, der->data, der->size) == 0)
			return (int)i;
	return -1;
}

/* What is for reading only, as others may do so at this moment. */
static int
report_anchor(const struct starttls_session *s, int *ret_index,
	      struct starttls_cert *ret_cert)
{
	gnutls_datum_t der;

	if (gnutls_x509_crt_export2(s->anchor, GNUTLS_X509_FMT_DER, &der) < 0)
		return STARTTLS_E_NOMEM;
	*ret_index = find_sent(s, &der);
	fill_cert(ret_cert, s->anchor, &der);
	gnutls_free(der.data);
	return 0;
}

int
starttls_session_path(const struct starttls_session *session, unsigned place,
		      int *ret_index, struct starttls_cert *ret_cert)
{
	const struct starttls_session *s = session;
	int rc;

	if (s == NULL || ret_index == NULL || ret_cert == NULL ||
	    ret_cert->size != sizeof(*ret_cert))
		return STARTTLS_E_INVALID;
	if (place == s->path_len && s->anchor != NULL)
		return report_anchor(s, ret_index, ret_cert);
	if (place >= s->path_len)
		return STARTTLS_E_INVALID;
	rc = starttls_session_cert(s, s->path[place], ret_cert);
	if (rc == 0)
		*ret_index = s->path[place];
	return rc;
}

int
starttls_upgrade_report(const struct starttls_upgrade *upgrade,
			struct starttls_report *ret_report)
{
	return upgrade == NULL ? STARTTLS_E_INVALID :
	    starttls_session_report(upgrade->session, ret_report);
}

int
starttls_upgrade_cert(const struct starttls_upgrade *upgrade, unsigned index,
		      struct starttls_cert *ret_cert)
{
	return upgrade == NULL ? STARTTLS_E_INVALID :
	    starttls_session_cert(upgrade->session, index, ret_cert);
}

int
starttls_upgrade_cert_der(const struct starttls_upgrade *upgrade,
			  unsigned index, const uint8_t **ret_der,
			  size_t *ret_len)
{
	return upgrade == NULL ? STARTTLS_E_INVALID :
	    starttls_session_cert_der(upgrade->session, index, ret_der,
		ret_len);
}
