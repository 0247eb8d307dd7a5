/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Trust anchors, loaded on need.
 *
 * Parsing the whole system store costs GnuTLS more than a handshake.  Here a
 * bundle is only decoded from base64 and indexed by the bytes of the subject
 * name, which a walk over a few tags finds.  A wrong index can make a chain
 * be refused, never accepted: which anchors match is GnuTLS's to decide, and
 * a subset of the anchors can only refuse more.
 *
 * GnuTLS looks for an issuer among anchors whose subject equals the issuer
 * name, byte by byte, and for a certificate of the chain that is itself an
 * anchor; so the subset by those two names refuses nothing that the whole
 * store accepts.
 */

#include "config.h"

#include "trust.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "der.h"
#include "text.h"

#define BUCKETS 256

struct anchor {
	size_t der, der_len;       /* offsets in the store's bytes */
	size_t subject, subject_len;
	uint32_t hash;
	int next;                  /* in its bucket; -1: last */
	bool loaded;
};

struct trust {
	gnutls_x509_trust_list_t list;
	pthread_rwlock_t lock;     /* of the list and the loaded flags */
	uint8_t *bytes;            /* all certificates, DER */
	size_t bytes_len, bytes_size;
	struct anchor *anchors;
	size_t count, size;
	size_t indexed;            /* of them are in the buckets */
	int buckets[BUCKETS];
};

static uint32_t
hash_of(struct slice s)
{
	uint32_t h = 2166136261u;  /* FNV-1a */
	size_t i;

	for (i = 0; i < s.len; i++)
		h = (h ^ s.data[i]) * 16777619u;
	return h;
}

/* Issuer and subject of a certificate, RFC 5280 section 4.1, as raw DER. */
static bool
find_names(struct slice der, struct slice *ret_issuer,
	   struct slice *ret_subject)
{
	struct slice cert, tbs, skip;

	if (!starttls_der_take(&der, DER_SEQUENCE, false, &cert) ||
	    der.len != 0 ||
	    !starttls_der_take(&cert, DER_SEQUENCE, false, &tbs))
		return false;
	if (starttls_der_is(&tbs, DER_EXPLICIT) &&      /* version */
	    !starttls_der_take(&tbs, DER_EXPLICIT, true, &skip))
		return false;
	return starttls_der_take(&tbs, DER_INTEGER, true, &skip) && /* serial */
	    starttls_der_take(&tbs, DER_SEQUENCE, true, &skip) && /* algorithm */
	    starttls_der_take(&tbs, DER_SEQUENCE, true, ret_issuer) &&
	    starttls_der_take(&tbs, DER_SEQUENCE, true, &skip) && /* validity */
	    starttls_der_take(&tbs, DER_SEQUENCE, true, ret_subject);
}

struct trust *
starttls_trust_new(gnutls_x509_trust_list_t list)
{
	struct trust *t = calloc(1, sizeof(*t));
	size_t i;

	if (t == NULL)
		return NULL;
	if (pthread_rwlock_init(&t->lock, NULL) != 0) {
		free(t);
		return NULL;
	}
	t->list = list;
	for (i = 0; i < BUCKETS; i++)
		t->buckets[i] = -1;
	return t;
}

void
starttls_trust_free(struct trust *t)
{
	if (t == NULL)
		return;
	pthread_rwlock_destroy(&t->lock);
	free(t->bytes);
	free(t->anchors);
	free(t);
}

size_t
starttls_trust_count(const struct trust *t)
{
	return t->count;
}

int
starttls_trust_digest(const struct trust *t, gnutls_hash_hd_t hash)
{
	return gnutls_hash(hash, t->bytes, t->bytes_len);
}

/* Make room for another @more bytes of DER. */
static int
reserve(struct trust *t, size_t more)
{
	size_t size = t->bytes_len + more;
	uint8_t *bytes;

	if (size <= t->bytes_size)
		return 0;
	if (size < t->bytes_size / 2 * 3)
		size = t->bytes_size / 2 * 3;
	bytes = realloc(t->bytes, size);
	if (bytes == NULL)
		return STARTTLS_E_NOMEM;
	t->bytes = bytes;
	t->bytes_size = size;
	return 0;
}

static int
append_anchor(struct trust *t, size_t der, size_t der_len,
	      struct slice subject)
{
	struct anchor *a;

	if (t->count == t->size) {
		size_t size = t->size == 0 ? 192 : t->size * 2;

		a = realloc(t->anchors, size * sizeof(*a));
		if (a == NULL)
			return STARTTLS_E_NOMEM;
		t->anchors = a;
		t->size = size;
	}
	a = &t->anchors[t->count++];
	*a = (struct anchor){
		.der = der,
		.der_len = der_len,
		.subject = (size_t)(subject.data - t->bytes),
		.subject_len = subject.len,
		.hash = hash_of(subject),
	};
	return 0;
}

struct trust_mark
starttls_trust_mark(const struct trust *t)
{
	return (struct trust_mark){ t->count, t->bytes_len };
}

void
starttls_trust_forget(struct trust *t, struct trust_mark mark)
{
	t->count = mark.count;
	t->bytes_len = mark.bytes_len;
}

/* Put the anchors that were added into their buckets. */
static void
build_index(struct trust *t)
{
	for (; t->indexed < t->count; t->indexed++) {
		struct anchor *a = &t->anchors[t->indexed];
		int *bucket = &t->buckets[a->hash % BUCKETS];

		a->next = *bucket;
		*bucket = (int)t->indexed;
	}
}

static unsigned
line_of(const char *data, const char *at)
{
	unsigned line = 1;

	while ((data = memchr(data, '\n', (size_t)(at - data))) != NULL) {
		line++;
		data++;
	}
	return line;
}

/* The body of one PEM block: decode, find the names, append. */
static int
add_block(struct trust *t, const char *body, size_t len, size_t *ret_end)
{
	struct slice der, issuer, subject;
	ptrdiff_t n;

	n = starttls_base64_decode(t->bytes + t->bytes_len, body, len,
	    ret_end);
	if (n <= 0 || len - *ret_end < 9 ||
	    memcmp(body + *ret_end, "-----END ", 9) != 0)
		return STARTTLS_E_POLICY;
	der = (struct slice){ t->bytes + t->bytes_len, (size_t)n };
	if (!find_names(der, &issuer, &subject))
		return STARTTLS_E_POLICY;
	t->bytes_len += (size_t)n;
	return append_anchor(t, t->bytes_len - (size_t)n, (size_t)n, subject);
}

int
starttls_trust_add_pem(struct trust *t, const char *label, const char *data,
		       size_t len, struct starttls_error *error)
{
	static const char begin[] = "-----BEGIN ";
	static const char *const kinds[] = {
		"CERTIFICATE-----", "X509 CERTIFICATE-----"
	};
	const char *at = data, *end = data + len;
	const struct trust_mark before = starttls_trust_mark(t);
	size_t used, i;
	int rc = reserve(t, len / 4 * 3 + 3);

	while (rc == 0 && (at = memmem(at, (size_t)(end - at), begin,
	    sizeof(begin) - 1)) != NULL) {
		at += sizeof(begin) - 1;
		for (i = 0; i < 2; i++) {
			size_t n = strlen(kinds[i]);

			if ((size_t)(end - at) > n &&
			    memcmp(at, kinds[i], n) == 0) {
				rc = add_block(t, at + n,
				    (size_t)(end - at) - n, &used);
				if (rc == 0)
					at += n + used;
				break;
			}
		}
	}
	if (rc != 0) {
		starttls_trust_forget(t, before);
		if (rc != STARTTLS_E_POLICY)
			return starttls_error_set(error, rc,
			    STARTTLS_PHASE_SETUP, "out of memory");
		return starttls_error_set(error, rc, STARTTLS_PHASE_SETUP,
		    "%s: malformed certificate at line %u", label,
		    line_of(data, at));
	}
	if (t->count == before.count)
		return starttls_error_set(error, STARTTLS_E_POLICY,
		    STARTTLS_PHASE_SETUP, "%s: no PEM certificate in it",
		    label);
	return 0;
}

const char *
starttls_trust_system_path(void)
{
	return SYSTEM_TRUST;
}

int
starttls_trust_add_system(struct trust *t, struct starttls_error *error)
{
	struct stat st;
	int n;

	if (stat(SYSTEM_TRUST, &st) == 0)
		return S_ISDIR(st.st_mode) ?
		    starttls_trust_add_dir(t, SYSTEM_TRUST, error) :
		    starttls_trust_add_file(t, SYSTEM_TRUST, error);
	n = gnutls_x509_trust_list_add_system_trust(t->list, 0, 0);
	if (n > 0)
		return 0;
	return starttls_error_set(error, STARTTLS_E_POLICY,
	    STARTTLS_PHASE_SETUP, "the system's trust store %s is not there; "
	    "install ca-certificates or name a CA file", SYSTEM_TRUST);
}

/* What for_chain() calls for an anchor; it stops if that is not 0. */
typedef int visit_fn(struct trust *t, struct anchor *a, void *context);

static int
for_subject(struct trust *t, struct slice name, visit_fn *visit,
	    void *context)
{
	uint32_t hash = hash_of(name);
	int i, rc = 0;

	for (i = t->buckets[hash % BUCKETS]; i >= 0 && rc == 0;
	     i = t->anchors[i].next) {
		struct anchor *a = &t->anchors[i];

		if (a->hash == hash && a->subject_len == name.len &&
		    memcmp(t->bytes + a->subject, name.data, name.len) == 0)
			rc = visit(t, a, context);
	}
	return rc;
}

/* Visit the anchors that a chain may need, some of them twice. */
static int
for_chain(struct trust *t, const gnutls_datum_t *chain, unsigned chain_len,
	  visit_fn *visit, void *context)
{
	struct slice issuer, subject;
	unsigned i;
	int rc = 0;

	for (i = 0; i < chain_len && rc == 0; i++) {
		if (!find_names((struct slice){ chain[i].data, chain[i].size },
		    &issuer, &subject))
			continue;
		rc = for_subject(t, issuer, visit, context);
		if (rc == 0)
			rc = for_subject(t, subject, visit, context);
	}
	return rc;
}

static int
is_loaded(struct trust *t, struct anchor *a, void *context)
{
	(void)t;
	(void)context;
	return a->loaded ? 0 : 1;
}

/* Put one anchor into a list.  Returns 0 or GNUTLS_E_*. */
static int
add_to_list(const struct trust *t, const struct anchor *a,
	    gnutls_x509_trust_list_t list)
{
	gnutls_datum_t der = { t->bytes + a->der, (unsigned)a->der_len };
	gnutls_x509_crt_t crt;
	int rc = gnutls_x509_crt_init(&crt);

	if (rc < 0)
		return rc;
	rc = gnutls_x509_crt_import(crt, &der, GNUTLS_X509_FMT_DER);
	if (rc >= 0)
		rc = gnutls_x509_trust_list_add_cas(list, &crt, 1, 0) == 1 ?
		    0 : GNUTLS_E_MEMORY_ERROR;
	if (rc < 0)
		gnutls_x509_crt_deinit(crt);
	return rc;
}

/* Give GnuTLS an anchor.  One that it cannot parse is as good as none. */
static int
load(struct trust *t, struct anchor *a, void *context)
{
	(void)context;
	if (a->loaded)
		return 0;
	if (add_to_list(t, a, t->list) == GNUTLS_E_MEMORY_ERROR)
		return STARTTLS_E_NOMEM;
	a->loaded = true;
	return 0;
}

int
starttls_trust_lock(struct trust *t, const gnutls_datum_t *chain,
		    unsigned chain_len)
{
	int rc;

	pthread_rwlock_rdlock(&t->lock);
	if (t->indexed == t->count &&
	    for_chain(t, chain, chain_len, is_loaded, NULL) == 0)
		return 0;
	pthread_rwlock_unlock(&t->lock);
	pthread_rwlock_wrlock(&t->lock);
	build_index(t);
	rc = for_chain(t, chain, chain_len, load, NULL);
	pthread_rwlock_unlock(&t->lock);
	if (rc != 0)
		return rc;
	pthread_rwlock_rdlock(&t->lock);
	return 0;
}

void
starttls_trust_unlock(struct trust *t)
{
	pthread_rwlock_unlock(&t->lock);
}

struct candidates {
	size_t *index;
	size_t count;
};

static int
note_candidate(struct trust *t, struct anchor *a, void *context)
{
	struct candidates *c = context;
	size_t i, index = (size_t)(a - t->anchors);

	for (i = 0; i < c->count; i++)
		if (c->index[i] == index)
			return 0;
	if (c->count == TRUST_MAX_CANDIDATES)
		return 1;
	c->index[c->count++] = index;
	return 0;
}

size_t
starttls_trust_candidates(struct trust *t, const gnutls_datum_t *chain,
			  unsigned chain_len, size_t *ret_index)
{
	struct candidates c = { ret_index, 0 };

	for_chain(t, chain, chain_len, note_candidate, &c);
	return c.count;
}

struct wanted {
	const gnutls_datum_t *der;
};

static int
is_same(struct trust *t, struct anchor *a, void *context)
{
	const struct wanted *wanted = context;

	return a->der_len == wanted->der->size && memcmp(t->bytes + a->der,
	    wanted->der->data, a->der_len) == 0;
}

bool
starttls_trust_is_anchor(struct trust *t, const gnutls_datum_t *crt)
{
	struct wanted wanted = { crt };

	return for_chain(t, crt, 1, is_same, &wanted) != 0;
}

gnutls_x509_trust_list_t
starttls_trust_list_of(const struct trust *t, size_t index)
{
	gnutls_x509_trust_list_t list;

	if (gnutls_x509_trust_list_init(&list, 1) < 0)
		return NULL;
	if (add_to_list(t, &t->anchors[index], list) < 0) {
		gnutls_x509_trust_list_deinit(list, 1);
		return NULL;
	}
	return list;
}
