/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * The certificates of a policy: what we show, and whether a server asks its
 * clients for theirs.
 */

#include "config.h"

#include "policy.h"

#include <errno.h>
#include <string.h>

static int
no_memory(struct starttls_error *error)
{
	return starttls_policy_wrong(error, STARTTLS_E_NOMEM,
	    "out of memory");
}

int
starttls_policy_load_pem(const char *path, gnutls_datum_t *ret_pem,
	 struct starttls_error *error)
{
	errno = 0;
	if (gnutls_load_file(path, ret_pem) >= 0)
		return 0;
	return starttls_error_sys(error, STARTTLS_E_POLICY,
	    STARTTLS_PHASE_SETUP, errno != 0 ? errno : EIO, "%s", path);
}

int
starttls_policy_intermediates(struct starttls_policy *policy,
			      const char *path, struct starttls_error *error)
{
	gnutls_datum_t pem = { NULL, 0 };
	gnutls_x509_crt_t *crts = NULL;
	unsigned count = 0, i;
	int rc = starttls_policy_may_set(policy, path, error);

	if (rc != 0)
		return rc;
	rc = starttls_policy_load_pem(path, &pem, error);
	if (rc != 0)
		return rc;
	rc = gnutls_x509_crt_list_import2(&crts, &count, &pem,
	    GNUTLS_X509_FMT_PEM, 0);
	for (i = 0; rc >= 0 && i < count; i++)
		gnutls_x509_crt_deinit(crts[i]);
	gnutls_free(crts);
	if (rc < 0) {
		gnutls_free(pem.data);
		return rc == GNUTLS_E_MEMORY_ERROR ? no_memory(error) :
		    starttls_error_set(error, STARTTLS_E_POLICY,
			STARTTLS_PHASE_SETUP,
			"%s: no legible PEM certificate in it", path);
	}
	gnutls_free(policy->intermediates.data);
	policy->intermediates = pem;
	return 0;
}

/* The chain's file with the intermediates behind it. */
static int
load_chain(const struct starttls_policy *p, const char *chain_file,
	   gnutls_datum_t *ret_pem)
{
	unsigned char *both;
	gnutls_datum_t chain;
	int rc = gnutls_load_file(chain_file, &chain);

	if (rc < 0)
		return rc;
	both = gnutls_malloc(chain.size + 1u + p->intermediates.size);
	if (both == NULL) {
		gnutls_free(chain.data);
		return GNUTLS_E_MEMORY_ERROR;
	}
	memcpy(both, chain.data, chain.size);
	both[chain.size] = '\n';
	memcpy(both + chain.size + 1, p->intermediates.data,
	    p->intermediates.size);
	gnutls_free(chain.data);
	ret_pem->data = both;
	ret_pem->size = chain.size + 1 + p->intermediates.size;
	return 0;
}

static int
load_identity(struct starttls_policy *p, const char *chain_file,
	      const char *key_file, const char *passphrase)
{
	gnutls_datum_t chain, key;
	int rc;

	if (p->intermediates.data == NULL || strncmp(chain_file, "pkcs11:",
	    7) == 0 || strncmp(key_file, "pkcs11:", 7) == 0)
		return gnutls_certificate_set_x509_key_file2(p->credentials,
		    chain_file, key_file, GNUTLS_X509_FMT_PEM, passphrase, 0);
	rc = load_chain(p, chain_file, &chain);
	if (rc < 0)
		return rc;
	rc = gnutls_load_file(key_file, &key);
	if (rc >= 0) {
		rc = gnutls_certificate_set_x509_key_mem2(p->credentials,
		    &chain, &key, GNUTLS_X509_FMT_PEM, passphrase, 0);
		gnutls_memset(key.data, 0, key.size);
		gnutls_free(key.data);
	}
	gnutls_memset(chain.data, 0, chain.size); /* may hold the key, too */
	gnutls_free(chain.data);
	return rc;
}

int
starttls_policy_identity(struct starttls_policy *policy,
			 const char *chain_file, const char *key_file,
			 const char *passphrase, struct starttls_error *error)
{
	int rc = starttls_policy_may_set(policy, chain_file, error);

	if (rc == 0)
		rc = starttls_policy_may_set(policy, key_file, error);
	if (rc != 0)
		return rc;
	if (policy->has_identity && policy->role == STARTTLS_CLIENT)
		return starttls_policy_wrong(error, STARTTLS_E_STATE,
		    "the policy has a certificate already");
	rc = load_identity(policy, chain_file, key_file, passphrase);
	if (rc == GNUTLS_E_MEMORY_ERROR)
		return no_memory(error);
	if (rc < 0)
		return starttls_error_set(error, STARTTLS_E_POLICY,
		    STARTTLS_PHASE_SETUP,
		    "certificate %s with key %s: %s", chain_file, key_file,
		    gnutls_strerror(rc));
	policy->has_identity = true;
	return 0;
}

int
starttls_policy_client_cert(struct starttls_policy *policy,
			    enum starttls_client_cert mode,
			    struct starttls_error *error)
{
	int rc = starttls_policy_may_set(policy, policy, error);

	if (rc != 0)
		return rc;
	if (policy->role != STARTTLS_SERVER ||
	    (unsigned)mode > STARTTLS_CLIENT_CERT_REQUIRED)
		return starttls_policy_wrong(error, STARTTLS_E_INVALID,
		    "a server may ask for no, an optional or a required "
		    "client certificate");
	policy->client_cert = mode;
	return 0;
}
