/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* Certificates and keys as text, and in files: see mint.h. */

#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "mint.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mint_private.h"

static char *
text_of(gnutls_datum_t *data)
{
	char *text = strndup((const char *)data->data, data->size);

	gnutls_free(data->data);
	if (text == NULL)
		die("out of memory");
	return text;
}

char *
mint_pem(const struct mint_cert *const *chain, size_t n)
{
	char *pem = calloc(1, 1);
	size_t len = 0;

	if (pem == NULL)
		die("out of memory");
	for (size_t i = 0; i < n; i++) {
		gnutls_datum_t one;

		must(gnutls_x509_crt_export2(chain[i]->crt,
					     GNUTLS_X509_FMT_PEM, &one),
		     "export a certificate");
		pem = realloc(pem, len + one.size + 1);
		if (pem == NULL)
			die("out of memory");
		memcpy(pem + len, one.data, one.size);
		len += one.size;
		pem[len] = '\0';
		gnutls_free(one.data);
	}
	return pem;
}

char *
mint_key_pem(const struct mint_cert *cert)
{
	gnutls_datum_t pem;

	must(gnutls_x509_privkey_export2_pkcs8(cert->key, GNUTLS_X509_FMT_PEM,
					       NULL, GNUTLS_PKCS_PLAIN, &pem),
	     "export a key");
	return text_of(&pem);
}

char *
mint_crl_pem(gnutls_x509_crl_t crl)
{
	gnutls_datum_t pem;

	must(gnutls_x509_crl_export2(crl, GNUTLS_X509_FMT_PEM, &pem),
	     "export a CRL");
	return text_of(&pem);
}

char *
mint_pin(const struct mint_cert *cert)
{
	static const char scheme[] = "sha256//";
	uint8_t hash[32];
	size_t len = sizeof(hash);
	gnutls_datum_t data = { .data = hash, .size = sizeof(hash) }, base64;
	char *pin;

	must(gnutls_x509_crt_get_key_id(cert->crt, GNUTLS_KEYID_USE_SHA256,
					hash, &len),
	     "pin");
	must(gnutls_base64_encode2(&data, &base64), "pin");
	pin = malloc(sizeof(scheme) + base64.size);
	if (pin == NULL)
		die("out of memory");
	memcpy(pin, scheme, sizeof(scheme) - 1);
	memcpy(pin + sizeof(scheme) - 1, base64.data, base64.size);
	pin[sizeof(scheme) - 1 + base64.size] = '\0';
	gnutls_free(base64.data);
	return pin;
}

void
mint_write_text(const char *path, const char *text)
{
	size_t len = strlen(text);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0)
		die("%s: %s", path, strerror(errno));
	while (len > 0) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			die("%s: %s", path, strerror(errno));
		text += n;
		len -= (size_t)n;
	}
	if (close(fd) < 0)
		die("%s: %s", path, strerror(errno));
}

/* takes the text */
static void
write_named(const char *dir, const char *name, const char *suffix, char *text)
{
	char path[4096];
	int n = snprintf(path, sizeof(path), "%s/%s.%s", dir, name, suffix);

	if (n < 0 || (size_t)n >= sizeof(path))
		die("path too long: %s/%s.%s", dir, name, suffix);
	mint_write_text(path, text);
	free(text);
}

void
mint_write(const char *dir, const char *name,
	   const struct mint_cert *const *chain, size_t n,
	   const struct mint_cert *key)
{
	write_named(dir, name, "crt", mint_pem(chain, n));
	if (key != NULL)
		write_named(dir, name, "key", mint_key_pem(key));
}
