/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Files of certificates, lists and keys, which are PEM or DER.
 *
 * DER begins with '0', as text may do; so a file is DER if it is just one
 * element from its first byte to its last, which no text with a PEM block in it
 * is.  Keys of DER do not say what they are, but differ in their first two
 * elements: RFC 5958, RFC 5915, RFC 8017 appendix A.1.2.
 */

#include "config.h"

#include "pem.h"

#include <errno.h>
#include <string.h>

#include "der.h"
#include "policy.h"
#include "text.h"

bool
starttls_pem_is_der(const void *data, size_t len)
{
	struct slice in = { data, len }, skip;

	return starttls_der_take(&in, DER_SEQUENCE, true, &skip) &&
	    in.len == 0;
}

int
starttls_pem_load(const char *path, gnutls_datum_t *ret_data,
		  gnutls_x509_crt_fmt_t *ret_format,
		  struct starttls_error *error)
{
	errno = 0;
	if (gnutls_load_file(path, ret_data) < 0)
		return starttls_error_sys(error, STARTTLS_E_POLICY,
		    STARTTLS_PHASE_SETUP, errno != 0 ? errno : EIO, "%s",
		    path);
	*ret_format = starttls_pem_is_der(ret_data->data, ret_data->size) ?
	    GNUTLS_X509_FMT_DER : GNUTLS_X509_FMT_PEM;
	return 0;
}

/* What PEM calls a key of DER. */
static const char *
label_of_key(struct slice der)
{
	struct slice key, skip;

	if (!starttls_der_take(&der, DER_SEQUENCE, false, &key))
		return "PRIVATE KEY";
	if (starttls_der_take(&key, DER_SEQUENCE, true, &skip))
		return starttls_der_is(&key, DER_OCTET_STRING) ?
		    "ENCRYPTED PRIVATE KEY" : "PRIVATE KEY";
	if (starttls_der_take(&key, DER_INTEGER, true, &skip)) {
		if (starttls_der_is(&key, DER_INTEGER))
			return "RSA PRIVATE KEY";
		if (starttls_der_is(&key, DER_OCTET_STRING))
			return "EC PRIVATE KEY";
	}
	return "PRIVATE KEY";
}

static struct slice
der_of(const gnutls_datum_t *data)
{
	return (struct slice){ data->data, data->size };
}

int
starttls_pem_load_as(const char *path, enum pem_kind kind,
		     gnutls_datum_t *ret_pem, struct starttls_error *error)
{
	struct slice issuer, subject;
	gnutls_x509_crt_fmt_t format;
	gnutls_datum_t data;
	int rc = starttls_pem_load(path, &data, &format, error);

	if (rc != 0)
		return rc;
	if (format == GNUTLS_X509_FMT_PEM) {
		*ret_pem = data;
		return 0;
	}
	/* GnuTLS would lose memory over one that is none */
	if (kind == PEM_CERTIFICATES && !starttls_der_names(der_of(&data),
	    &issuer, &subject)) {
		starttls_pem_forget(&data);
		return starttls_error_set(error, STARTTLS_E_POLICY,
		    STARTTLS_PHASE_SETUP, "%s: DER, but no certificate",
		    path);
	}
	rc = gnutls_pem_base64_encode2(kind == PEM_CERTIFICATES ?
	    "CERTIFICATE" : label_of_key(der_of(&data)), &data, ret_pem);
	starttls_pem_forget(&data);
	return rc < 0 ? starttls_policy_wrong(error, STARTTLS_E_NOMEM,
	    "out of memory") : 0;
}

bool
starttls_pem_is_encrypted(const gnutls_datum_t *pem)
{
	static const char *const marks[] = {
		"-----BEGIN ENCRYPTED PRIVATE KEY-----",
		"Proc-Type: 4,ENCRYPTED"     /* RFC 1421 section 4.6.1.1 */
	};
	size_t i;

	for (i = 0; i < 2; i++)
		if (pem->data != NULL && memmem(pem->data, pem->size,
		    marks[i], strlen(marks[i])) != NULL)
			return true;
	return false;
}

void
starttls_pem_forget(gnutls_datum_t *pem)
{
	if (pem->data != NULL)
		gnutls_memset(pem->data, 0, pem->size);
	gnutls_free(pem->data);
	*pem = (gnutls_datum_t){ NULL, 0 };
}

/*
 * What is behind the next mark.  memmem() would prepare for a long search, at
 * each of the blocks that follow one another; and there are few B outside them.
 */
static const char *
next_begin(const char *from, const char *at, const char *end)
{
	static const char begin[] = "-----BEGIN ";
	const size_t dashes = 5, rest = sizeof(begin) - 1 - dashes;

	while ((at = memchr(at, begin[dashes], (size_t)(end - at))) != NULL) {
		if ((size_t)(at - from) >= dashes && (size_t)(end - at) >= rest &&
		    memcmp(at - dashes, begin, sizeof(begin) - 1) == 0)
			return at + rest;
		at++;
	}
	return NULL;
}

bool
starttls_pem_next(const char **at, const char *end, const char *const *kinds)
{
	const char *from = *at;
	size_t i, n;

	while ((*at = next_begin(from, *at, end)) != NULL) {
		for (i = 0; kinds[i] != NULL; i++) {
			n = strlen(kinds[i]);
			if ((size_t)(end - *at) > n &&
			    memcmp(*at, kinds[i], n) == 0) {
				*at += n;
				return true;
			}
		}
	}
	return false;
}

bool
starttls_pem_ends(const char *at, const char *end)
{
	static const char tail[] = "-----END ";

	return (size_t)(end - at) >= sizeof(tail) - 1 &&
	    memcmp(at, tail, sizeof(tail) - 1) == 0;
}

ptrdiff_t
starttls_pem_decode(uint8_t *dst, const char **at, const char *end)
{
	size_t used;
	ptrdiff_t n = starttls_base64_decode(dst, *at, (size_t)(end - *at),
	    &used);

	if (n <= 0 || !starttls_pem_ends(*at + used, end))
		return -1;
	*at += used;
	return n;
}
