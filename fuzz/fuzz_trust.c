/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Any bytes as a PEM bundle, as a certificate of a chain, as a name, as a URL.
 */

#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "name.h"
#include "text.h"
#include "trust.h"
#include "starttls.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
try_trust(const uint8_t *data, size_t size)
{
	gnutls_x509_crt_t found[TRUST_MAX_CANDIDATES];
	struct slice der = { data, size }, issuer, subject;
	struct starttls_error error;
	struct trust *t = starttls_trust_new(), *later = starttls_trust_new();
	char *copy = malloc(size + 1);
	unsigned count;

	if (t == NULL || later == NULL || copy == NULL)
		abort();
	memcpy(copy, data, size);
	starttls_error_reset(&error);
	if (starttls_trust_add_pem(t, "fuzz", (const char *)data, size,
	    &error) == 0 && starttls_trust_count(t) == 0)
		abort();
	/* what is decoded on need is found damaged later, or not at all */
	if (starttls_trust_take_pem(later, "fuzz", copy, size, &error) != 0 ?
	    starttls_trust_count(t) != 0 : starttls_trust_count(t) != 0 &&
	    starttls_trust_count(t) != starttls_trust_count(later))
		abort();
	if (starttls_der_names(der, &issuer, &subject)) {
		(void)starttls_trust_find(t, issuer, found, &count);
		(void)starttls_trust_find(later, issuer, found, &count);
	}
	starttls_trust_free(t);
	starttls_trust_free(later);
}

static void
try_text(const uint8_t *data, size_t size)
{
	struct starttls_error error;
	struct name name;
	struct starttls_url url = { .size = sizeof(url) };
	const char *why;
	char *text = malloc(size + 1), shown[64];

	if (text == NULL)
		return;
	memcpy(text, data, size);
	text[size] = '\0';
	starttls_text_clean(shown, sizeof(shown), data, size);
	if (!starttls_text_is_plain(shown))
		abort();
	if (starttls_name_parse(text, &name, &why) == 0) {
		if (!starttls_text_is_plain(name.text) ||
		    strlen(name.text) > 253)
			abort();
		starttls_name_matches_dns(&name, data, size);
	}
	starttls_error_reset(&error);
	if (starttls_url_parse(text, &url, &error) != 0 &&
	    !starttls_text_is_plain(error.message))
		abort();
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	try_trust(data, size);
	try_text(data, size);
	return 0;
}
