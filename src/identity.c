/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * The certificates of a policy: what we show, and whether a server asks its
 * clients for theirs.
 */

#include "config.h"

#include "policy.h"

#include <stdlib.h>
#include <string.h>

#include <gnutls/x509-ext.h>

#include "pem.h"
#include "verify.h"

static int
no_memory(struct starttls_error *error)
{
	return starttls_policy_wrong(error, STARTTLS_E_NOMEM,
	    "out of memory");
}

int
starttls_policy_intermediates(struct starttls_policy *policy,
			      const char *path, struct starttls_error *error)
{
	gnutls_datum_t pem = { NULL, 0 };
	gnutls_x509_crt_t *crts = NULL;
	unsigned count = 0, i;
	int rc = starttls_policy_may_set(policy, path, error);

	if (rc == 0)
		rc = starttls_pem_load_as(path, PEM_CERTIFICATES, &pem,
		    error);
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
			"%s: no legible certificate in it", path);
	}
	gnutls_free(policy->intermediates.data);
	policy->intermediates = pem;
	return 0;
}

/* Where an identity comes from. */
struct source {
	const char *chain_file, *key_file; /* or PKCS#11 URIs */
	const char *passphrase;
	gnutls_datum_t chain, key; /* PEM; not read if one is on a token */
};

static bool
is_on_token(const char *name)
{
	return strncmp(name, "pkcs11:", 7) == 0;
}

/* The chain's file with the intermediates behind it. */
static int
join_intermediates(const struct starttls_policy *p, gnutls_datum_t *chain,
		   struct starttls_error *error)
{
	gnutls_datum_t both = { NULL, chain->size + 1 +
	    p->intermediates.size };

	if (p->intermediates.data == NULL)
		return 0;
	both.data = gnutls_malloc(both.size);
	if (both.data == NULL)
		return no_memory(error);
	memcpy(both.data, chain->data, chain->size);
	both.data[chain->size] = '\n';
	memcpy(both.data + chain->size + 1, p->intermediates.data,
	    p->intermediates.size);
	starttls_pem_forget(chain); /* may hold the key, too */
	*chain = both;
	return 0;
}

/* One file for both is read once: it may be a pipe. */
static int
copy_key(struct source *s, struct starttls_error *error)
{
	s->key.data = gnutls_malloc(s->chain.size + 1u);
	if (s->key.data == NULL)
		return no_memory(error);
	memcpy(s->key.data, s->chain.data, s->chain.size);
	s->key.size = s->chain.size;
	return 0;
}

static int
read_source(const struct starttls_policy *p, struct source *s,
	    struct starttls_error *error)
{
	int rc;

	if (is_on_token(s->chain_file) || is_on_token(s->key_file))
		return 0;
	rc = starttls_pem_load_as(s->chain_file, PEM_CERTIFICATES, &s->chain,
	    error);
	if (rc == 0 && s->key_file == s->chain_file)
		rc = copy_key(s, error);
	else if (rc == 0)
		rc = starttls_pem_load_as(s->key_file, PEM_KEY, &s->key,
		    error);
	return rc != 0 ? rc : join_intermediates(p, &s->chain, error);
}

/* Of that which is a file, if the other is on a token; GNUTLS_E_*. */
static int
load_from_token(gnutls_certificate_credentials_t credentials,
		const struct source *s)
{
	gnutls_x509_crt_fmt_t format = GNUTLS_X509_FMT_PEM;
	gnutls_datum_t data = { NULL, 0 };
	const char *file = is_on_token(s->chain_file) ? s->key_file :
	    s->chain_file;

	if (!is_on_token(file))
		(void)starttls_pem_load(file, &data, &format, NULL);
	starttls_pem_forget(&data);
	return gnutls_certificate_set_x509_key_file2(credentials,
	    s->chain_file, s->key_file, format, s->passphrase, 0);
}

static int
load_into(gnutls_certificate_credentials_t credentials,
	  const struct source *s)
{
	return s->chain.data == NULL ? load_from_token(credentials, s) :
	    gnutls_certificate_set_x509_key_mem2(credentials, &s->chain,
		&s->key, GNUTLS_X509_FMT_PEM, s->passphrase, 0);
}

/* The first certificate; GNUTLS_E_*. */
static int
get_leaf(gnutls_certificate_credentials_t credentials,
	 gnutls_x509_crt_t *ret_leaf)
{
	gnutls_x509_crt_t *list;
	unsigned count, i;
	int rc = gnutls_certificate_get_x509_crt(credentials, 0, &list,
	    &count);

	if (rc < 0)
		return rc;
	*ret_leaf = list[0];
	for (i = 1; i < count; i++)
		gnutls_x509_crt_deinit(list[i]);
	gnutls_free(list);
	return 0;
}

static void
free_identity(struct identity *identity)
{
	if (identity->leaf != NULL)
		gnutls_x509_crt_deinit(identity->leaf);
	if (identity->credentials != NULL)
		gnutls_certificate_free_credentials(identity->credentials);
}

void
starttls_identities_free(struct starttls_policy *policy)
{
	while (policy->identity_count > 0)
		free_identity(&policy->identities[--policy->identity_count]);
	free(policy->identities);
	policy->identities = NULL;
}

static bool
have_same_names(gnutls_x509_crt_t a, gnutls_x509_crt_t b)
{
	gnutls_datum_t names[2] = { { NULL, 0 }, { NULL, 0 } };
	bool same = gnutls_x509_crt_get_extension_by_oid2(a,
	    GNUTLS_X509EXT_OID_SAN, 0, &names[0], NULL) >= 0 &&
	    gnutls_x509_crt_get_extension_by_oid2(b,
	    GNUTLS_X509EXT_OID_SAN, 0, &names[1], NULL) >= 0 &&
	    names[0].size == names[1].size &&
	    memcmp(names[0].data, names[1].data, names[0].size) == 0;

	gnutls_free(names[0].data);
	gnutls_free(names[1].data);
	return same;
}

/* Takes the identity unless it fails. */
static int
keep_identity(struct starttls_policy *p, const struct identity *identity)
{
	struct identity *grown = realloc(p->identities,
	    (p->identity_count + 1) * sizeof(*grown));

	if (grown == NULL)
		return GNUTLS_E_MEMORY_ERROR;
	p->identities = grown;
	grown[p->identity_count++] = *identity;
	return 0;
}

static bool
is_rsa(gnutls_x509_crt_t crt)
{
	int type = gnutls_x509_crt_get_pk_algorithm(crt, NULL);

	return type == GNUTLS_PK_RSA || type == GNUTLS_PK_RSA_PSS;
}

/* One key with its chain, behind those of @to; GNUTLS_E_*. */
static int
append_pair(gnutls_certificate_credentials_t to,
	    gnutls_certificate_credentials_t from, unsigned index)
{
	gnutls_x509_privkey_t key;
	gnutls_x509_crt_t *chain;
	unsigned count, i;
	int rc = gnutls_certificate_get_x509_key(from, index, &key);

	if (rc < 0)
		return rc;
	rc = gnutls_certificate_get_x509_crt(from, index, &chain, &count);
	if (rc >= 0) {
		rc = gnutls_certificate_set_x509_key(to, chain, (int)count,
		    key);
		for (i = 0; i < count; i++)
			gnutls_x509_crt_deinit(chain[i]);
		gnutls_free(chain);
	}
	gnutls_x509_privkey_deinit(key);
	return rc;
}

/* Returns whether @old has become @new and, behind it, what it was: not so if
   a key is on a token, which gives none away. */
static bool
put_in_front(struct identity *old, const struct identity *new)
{
	size_t i;

	for (i = 0; i < old->count; i++)
		if (append_pair(new->credentials, old->credentials,
		    (unsigned)i) < 0)
			return false;
	free_identity(old);
	*old = (struct identity){ new->credentials, new->leaf, i + 1 };
	return true;
}

/*
 * Certificates of one name, say with an RSA and an ECDSA key, share their
 * credentials, so that GnuTLS chooses among them.  In TLS 1.3 it takes the
 * first that the client can verify, and RSA costs us several times as much, so
 * that comes last.  Takes @new.
 */
static int
join_identity(struct identity *old, struct identity *new,
	      const struct source *source)
{
	int rc;

	if (is_rsa(old->leaf) && !is_rsa(new->leaf) && put_in_front(old, new))
		return 0;
	rc = load_into(old->credentials, source);
	free_identity(new);
	old->count += rc >= 0;
	return rc;
}

/* Among names we choose: GnuTLS has no wildcards there. */
static int
load_server(struct starttls_policy *p, const struct source *source)
{
	struct identity new = { NULL, NULL, 1 };
	size_t i;
	int rc = gnutls_certificate_allocate_credentials(&new.credentials);

	if (rc < 0)
		return rc;
	rc = load_into(new.credentials, source);
	if (rc >= 0)
		rc = get_leaf(new.credentials, &new.leaf);
	for (i = 0; rc >= 0 && i < p->identity_count; i++)
		if (have_same_names(p->identities[i].leaf, new.leaf))
			return join_identity(&p->identities[i], &new, source);
	if (rc >= 0)
		rc = keep_identity(p, &new);
	if (rc < 0)
		free_identity(&new);
	return rc;
}

const struct identity *
starttls_identity_for(const struct starttls_policy *policy,
		      const struct name *name)
{
	const struct identity *identities = policy->identities;
	size_t i;

	for (i = 0; name != NULL && i < policy->identity_count; i++)
		if (gnutls_x509_crt_check_hostname2(identities[i].leaf,
		    name->text, GNUTLS_VERIFY_DO_NOT_ALLOW_WILDCARDS) != 0)
			return &identities[i];
	for (i = 0; name != NULL && i < policy->identity_count; i++)
		if (starttls_verify_name(name, identities[i].leaf))
			return &identities[i];
	return &identities[0];
}

/* What a client's key can sign. */
static int
note_type(struct starttls_policy *p)
{
	gnutls_x509_crt_t leaf;
	unsigned usage = 0;
	int rc = get_leaf(p->credentials, &leaf);

	if (rc < 0)
		return rc;
	p->identity_type = (gnutls_pk_algorithm_t)
	    gnutls_x509_crt_get_pk_algorithm(leaf, NULL);
	if (gnutls_x509_crt_get_key_usage(leaf, &usage, NULL) >= 0 &&
	    (usage & GNUTLS_KEY_DIGITAL_SIGNATURE) == 0)
		rc = GNUTLS_E_KEY_USAGE_VIOLATION;
	gnutls_x509_crt_deinit(leaf);
	return rc;
}

static int
load_client(struct starttls_policy *p, const struct source *source)
{
	int rc = load_into(p->credentials, source);

	if (rc >= 0)
		rc = note_type(p);
	if (rc >= 0 && p->no_identity == NULL)
		rc = gnutls_certificate_allocate_credentials(&p->no_identity);
	if (rc < 0)
		gnutls_certificate_free_keys(p->credentials);
	return rc;
}

/* Whether a key of a type makes such signatures, RFC 8446 section 4.2.3. */
static bool
makes(gnutls_pk_algorithm_t type, unsigned scheme)
{
	unsigned hash = scheme >> 8, low = scheme & 0xff;
	bool is_sha2 = hash >= 4 && hash <= 6;

	switch (type) {
	case GNUTLS_PK_RSA:
		return (is_sha2 && low == 1) ||
		    (hash == 8 && low >= 4 && low <= 6);
	case GNUTLS_PK_RSA_PSS:
		return hash == 8 && low >= 9 && low <= 11;
	case GNUTLS_PK_ECDSA:
		return is_sha2 && low == 3;
	case GNUTLS_PK_EDDSA_ED25519:
		return scheme == 0x0807;
	case GNUTLS_PK_EDDSA_ED448:
		return scheme == 0x0808;
	default:
		return true;
	}
}

bool
starttls_identity_can_sign(const struct starttls_policy *policy,
			   const gnutls_datum_t *request)
{
	const uint8_t *data = request->data;
	size_t at, end;

	/* RFC 5246 section 7.4.4: types and schemes, each with its length */
	if (request->size < 1u || request->size < 3u + data[0])
		return true;       /* GnuTLS refuses it */
	at = 3u + data[0];
	end = at + ((size_t)data[at - 2] << 8 | data[at - 1]);
	for (; at + 1 < end && at + 1 < request->size; at += 2)
		if (makes(policy->identity_type,
		    (unsigned)data[at] << 8 | data[at + 1]))
			return true;
	return false;
}

/* What is wrong, by the code of GnuTLS. */
static int
refuse_identity(const struct source *s, int rc, struct starttls_error *error)
{
	const char *chain = s->chain_file, *key = s->key_file;

	if (rc == GNUTLS_E_MEMORY_ERROR)
		return no_memory(error);
	if (rc == GNUTLS_E_DECRYPTION_FAILED ||
	    rc == GNUTLS_E_PKCS11_PIN_ERROR ||
	    (s->passphrase == NULL && starttls_pem_is_encrypted(&s->key)))
		return starttls_error_set(error, STARTTLS_E_PASSPHRASE,
		    STARTTLS_PHASE_SETUP, "key %s: %s", key,
		    s->passphrase == NULL ? "a passphrase is needed" :
		    "the passphrase is wrong");
	if (rc == GNUTLS_E_KEY_USAGE_VIOLATION)
		return starttls_error_set(error, STARTTLS_E_POLICY,
		    STARTTLS_PHASE_SETUP, "certificate %s: its key usage does not "
		    "permit signatures, which TLS needs", chain);
	return starttls_error_set(error, STARTTLS_E_POLICY,
	    STARTTLS_PHASE_SETUP, "certificate %s with key %s: %s",
	    chain, key, gnutls_strerror(rc));
}

int
starttls_policy_identity(struct starttls_policy *policy,
			 const char *chain_file, const char *key_file,
			 const char *passphrase, struct starttls_error *error)
{
	struct source source = { .chain_file = chain_file,
	    .key_file = key_file != NULL ? key_file : chain_file,
	    .passphrase = passphrase };
	int rc = starttls_policy_may_set(policy, chain_file, error);

	if (rc != 0)
		return rc;
	if (policy->has_identity && policy->role == STARTTLS_CLIENT)
		return starttls_policy_wrong(error, STARTTLS_E_STATE,
		    "the policy has a certificate already");
	/* GnuTLS has no way to put them together */
	if (policy->intermediates.data != NULL &&
	    (is_on_token(source.chain_file) || is_on_token(source.key_file)))
		return starttls_policy_wrong(error, STARTTLS_E_POLICY,
		    "with a certificate or key on a token, intermediates "
		    "belong into the file of the certificate, or on the token");
	rc = read_source(policy, &source, error);
	if (rc == 0) {
		rc = policy->role == STARTTLS_SERVER ?
		    load_server(policy, &source) :
		    load_client(policy, &source);
		if (rc < 0)
			rc = refuse_identity(&source, rc, error);
	}
	starttls_pem_forget(&source.chain);
	starttls_pem_forget(&source.key);
	if (rc < 0)
		return rc;
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
	if (mode > policy->client_cert)
		policy->client_cert = mode;
	return 0;
}
