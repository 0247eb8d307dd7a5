/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Channel bindings: bytes that tie SASL to a session.  Only those that cannot
 * be the same for another session are given out.
 *
 * RFC 5929, RFC 7627, RFC 9266.
 */

#include "config.h"

#include <string.h>

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include "session.h"

static const char exporter_label[] = "EXPORTER-Channel-Binding";
#define EXPORTER_SIZE 32           /* RFC 9266 section 2 */

/* The server's certificate, as DER that the caller frees. */
static int
end_point_der(const struct starttls_session *s, gnutls_datum_t *ret_der)
{
	const gnutls_datum_t *der;
	unsigned count = 0;

	der = starttls_session_is_server(s) ?
	    gnutls_certificate_get_ours(s->tls) :
	    gnutls_certificate_get_peers(s->tls, &count);
	if (der != NULL) {
		ret_der->data = gnutls_malloc(der->size);
		if (ret_der->data == NULL)
			return STARTTLS_E_TLS;
		memcpy(ret_der->data, der->data, der->size);
		ret_der->size = der->size;
		return 0;
	}
	/* a server that resumed has shown none now, but can have only one */
	if (!starttls_session_is_server(s) || s->identity->count != 1)
		return STARTTLS_E_STATE;
	return gnutls_x509_crt_export2(s->identity->leaf, GNUTLS_X509_FMT_DER,
	    ret_der) < 0 ? STARTTLS_E_TLS : 0;
}

/* The hash that RFC 5929 section 4.1 wants; GNUTLS_DIG_UNKNOWN: undefined. */
static gnutls_digest_algorithm_t
end_point_digest(const gnutls_datum_t *der)
{
	gnutls_digest_algorithm_t digest;
	gnutls_x509_crt_t crt;
	int rc;

	if (gnutls_x509_crt_init(&crt) < 0)
		return GNUTLS_DIG_UNKNOWN;
	rc = gnutls_x509_crt_import(crt, der, GNUTLS_X509_FMT_DER);
	if (rc >= 0)
		rc = gnutls_x509_crt_get_signature_algorithm(crt);
	gnutls_x509_crt_deinit(crt);
	/* signatures without a hash of their own have none here either */
	if (rc < 0 || rc == GNUTLS_SIGN_EDDSA_ED25519 ||
	    rc == GNUTLS_SIGN_EDDSA_ED448)
		return GNUTLS_DIG_UNKNOWN;
	digest = gnutls_sign_get_hash_algorithm((gnutls_sign_algorithm_t)rc);
	if (digest == GNUTLS_DIG_MD5 || digest == GNUTLS_DIG_SHA1)
		digest = GNUTLS_DIG_SHA256;
	return digest;
}

static int
bind_end_point(const struct starttls_session *s, uint8_t *data, size_t size,
	       size_t *ret_len)
{
	gnutls_digest_algorithm_t digest;
	gnutls_datum_t der = { NULL, 0 };
	int rc = end_point_der(s, &der);

	if (rc != 0)
		return rc;
	digest = end_point_digest(&der);
	*ret_len = gnutls_hash_get_len(digest);
	if (digest == GNUTLS_DIG_UNKNOWN || digest == GNUTLS_DIG_NULL)
		rc = STARTTLS_E_STATE;
	else if (*ret_len > size)
		rc = STARTTLS_E_INVALID;
	else if (gnutls_hash_fast(digest, der.data, der.size, data) < 0)
		rc = STARTTLS_E_TLS;
	gnutls_free(der.data);
	return rc;
}

int
starttls_session_channel_binding(struct starttls_session *session,
				 enum starttls_binding type, void *data,
				 size_t size, size_t *ret_len)
{
	struct starttls_session *s = session;
	gnutls_datum_t binding = { NULL, 0 };
	bool tls13;
	size_t len;
	int rc;

	if (s == NULL || data == NULL || ret_len == NULL)
		return STARTTLS_E_INVALID;
	tls13 = gnutls_protocol_get_version(s->tls) >= GNUTLS_TLS1_3;
	switch (type) {
	case STARTTLS_TLS_SERVER_END_POINT:
		rc = bind_end_point(s, data, size, &len);
		if (rc == 0)
			*ret_len = len;
		return rc;
	case STARTTLS_TLS_EXPORTER:
		if (!tls13 && gnutls_session_ext_master_secret_status(
		    s->tls) == 0)
			return STARTTLS_E_STATE;
		if (size < EXPORTER_SIZE)
			return STARTTLS_E_INVALID;
		if (gnutls_prf_rfc5705(s->tls, sizeof(exporter_label) - 1,
		    exporter_label, 0, "", EXPORTER_SIZE, data) < 0)
			return STARTTLS_E_TLS;
		*ret_len = EXPORTER_SIZE;
		return 0;
	case STARTTLS_TLS_UNIQUE:
		/* without the extended master secret a triple handshake makes
		   two sessions look alike (RFC 7627) */
		if (tls13 || s->keep_later ||
		    gnutls_session_ext_master_secret_status(s->tls) == 0)
			return STARTTLS_E_STATE;
		if (gnutls_session_channel_binding(s->tls,
		    GNUTLS_CB_TLS_UNIQUE, &binding) < 0)
			return STARTTLS_E_TLS;
		rc = binding.size > size ? STARTTLS_E_INVALID : 0;
		if (rc == 0) {
			memcpy(data, binding.data, binding.size);
			*ret_len = binding.size;
		}
		gnutls_free(binding.data);
		return rc;
	}
	return STARTTLS_E_INVALID;
}
