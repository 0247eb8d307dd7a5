/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Trust anchors, parsed on need.
 *
 * Parsing the whole system store costs GnuTLS more than a handshake.  Here a
 * bundle is only decoded from base64 and indexed by the bytes of the subject
 * name, which a walk over a few tags finds.  Of the system's even the decoding
 * ends there, a third of the way, until an anchor is needed.  A wrong index can
 * make a chain be refused, never accepted: whether an anchor is the issuer is
 * GnuTLS's to decide.
 *
 * What was parsed stays, and does not change any more, so that verifications
 * share it.  The lock is held while anchors are looked up and parsed, never
 * for a verification.
 */

#include "config.h"

#include "trust.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "der.h"
#include "pem.h"
#include "text.h"

#define BUCKETS 256

/* Of text, as everybody writes it: RFC 7468 section 2. */
#define LINE_CHARS 64
#define SOME_LINES 6               /* enough for most, and for a step */
#define SOME_TEXT (SOME_LINES * (LINE_CHARS + 1))
#define SOME_BYTES (SOME_LINES * LINE_CHARS / 4 * 3)

struct anchor {
	const char *body;          /* its text, until all of it is decoded */
	size_t der, der_len;       /* offsets in the store's bytes */
	size_t subject, subject_len;
	uint32_t hash;
	int next;                  /* in its bucket; -1: last */
	bool is_bad;               /* GnuTLS cannot parse it */
	gnutls_x509_crt_t crt;     /* NULL: not parsed yet */
};

struct trust {
	pthread_mutex_t lock;      /* of the buckets and what is parsed */
	uint8_t *bytes;            /* all certificates, DER */
	size_t bytes_len, bytes_size;
	char *text;                /* what is decoded on need */
	size_t text_len;
	struct anchor *anchors;
	size_t count, size;
	size_t indexed;            /* of them are in the buckets */
	int buckets[BUCKETS];
};

/* As FNV-1a, but by eight bytes. */
static uint32_t
hash_of(struct slice s)
{
	uint64_t h = 14695981039346656037u, v = 0;

	for (; s.len >= sizeof(v); s.data += sizeof(v), s.len -= sizeof(v)) {
		memcpy(&v, s.data, sizeof(v));
		h = (h ^ v) * 1099511628211u;
		h ^= h >> 32;
	}
	v = 0;
	memcpy(&v, s.data, s.len);
	h = (h ^ v) * 1099511628211u;
	return (uint32_t)(h ^ h >> 32);
}

struct trust *
starttls_trust_new(void)
{
	struct trust *t = calloc(1, sizeof(*t));
	size_t i;

	if (t == NULL)
		return NULL;
	if (pthread_mutex_init(&t->lock, NULL) != 0) {
		free(t);
		return NULL;
	}
	for (i = 0; i < BUCKETS; i++)
		t->buckets[i] = -1;
	return t;
}

void
starttls_trust_free(struct trust *t)
{
	size_t i;

	if (t == NULL)
		return;
	for (i = 0; i < t->count; i++)
		if (t->anchors[i].crt != NULL)
			gnutls_x509_crt_deinit(t->anchors[i].crt);
	pthread_mutex_destroy(&t->lock);
	free(t->bytes);
	free(t->text);
	free(t->anchors);
	free(t);
}

size_t
starttls_trust_count(const struct trust *t)
{
	return t->count;
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

/* What is next of the bytes. */
static int
append_anchor(struct trust *t, const char *body, size_t der_len,
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
		.body = body,
		.der = t->bytes_len,
		.der_len = der_len,
		.subject = (size_t)(subject.data - t->bytes),
		.subject_len = subject.len,
		.hash = hash_of(subject),
	};
	/* in whole groups, whatever a text may turn out to be */
	t->bytes_len += (der_len + 2) / 3 * 3;
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
add_block(struct trust *t, const char **at, const char *end)
{
	struct slice der, issuer, subject;
	const char *stop = *at;    /* an error tells where it begins */
	ptrdiff_t n = starttls_pem_decode(t->bytes + t->bytes_len, &stop, end);

	if (n < 0)
		return STARTTLS_E_POLICY;
	der = (struct slice){ t->bytes + t->bytes_len, (size_t)n };
	if (!starttls_der_names(der, &issuer, &subject))
		return STARTTLS_E_POLICY;
	*at = stop;
	return append_anchor(t, NULL, (size_t)n, subject);
}

/* Where the text of so many bytes ends, which can never become more of them; NULL:
   these are not its lines. */
static const char *
end_of_lines(const char *text, const char *end, size_t der_len)
{
	const size_t chars = (der_len + 2) / 3 * 4;
	const size_t len = chars + (chars + LINE_CHARS - 1) / LINE_CHARS;
	size_t at;

	if ((size_t)(end - text) < len || text[len - 1] != '\n' ||
	    (text[len - 2] == '=') != (der_len % 3 != 0) ||
	    (text[len - 3] == '=') != (der_len % 3 == 1))
		return NULL;
	for (at = LINE_CHARS; at < len; at += LINE_CHARS + 1)
		if (text[at] != '\n')
			return NULL;
	return text + len;
}

/*
 * The same for what stays in memory, and no further than its subject.
 *
 * Returns: 0; STARTTLS_E_NOMEM; STARTTLS_E_POLICY (not in the usual form, or not
 * as long as it says that it is: see what add_block() makes of it)
 */
static int
add_beginning(struct trust *t, const char **at, const char *end)
{
	const char *body = *at + 1, *stop;
	struct slice begin = { t->bytes + t->bytes_len, 0 }, subject;
	size_t text = 0, der_len = 0, used;

	if (*at == end || **at != '\n')
		return STARTTLS_E_POLICY;
	do {
		if ((size_t)(end - body) < text + SOME_TEXT ||
		    starttls_base64_decode(t->bytes + t->bytes_len + begin.len,
			body + text, SOME_TEXT, &used) != SOME_BYTES)
			return STARTTLS_E_POLICY;
		text += SOME_TEXT;
		begin.len += SOME_BYTES;
	} while (!starttls_der_begins(begin, &der_len, &subject));
	stop = end_of_lines(body, end, der_len);
	if (stop == NULL || !starttls_pem_ends(stop, end))
		return STARTTLS_E_POLICY;
	*at = stop;
	return append_anchor(t, body, der_len, subject);
}

/* How much of a block is decoded at once. */
typedef int add_fn(struct trust *t, const char **at, const char *end);

/* The beginning if that will do. */
static int
add_on_need(struct trust *t, const char **at, const char *end)
{
	int rc = add_beginning(t, at, end);

	return rc == STARTTLS_E_POLICY ? add_block(t, at, end) : rc;
}

static int
add_blocks(struct trust *t, const char *label, const char *data, size_t len,
	   add_fn *add, struct starttls_error *error)
{
	static const char *const kinds[] = {
		"CERTIFICATE-----", "X509 CERTIFICATE-----", NULL
	};
	const char *at = data, *end = data + len;
	const struct trust_mark before = starttls_trust_mark(t);
	int rc = reserve(t, len / 4 * 3 + 3);

	while (rc == 0 && starttls_pem_next(&at, end, kinds))
		rc = add(t, &at, end);
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
		    STARTTLS_PHASE_SETUP, "%s: no certificate in it",
		    label);
	return 0;
}

int
starttls_trust_add_pem(struct trust *t, const char *label, const char *data,
		       size_t len, struct starttls_error *error)
{
	return add_blocks(t, label, data, len, add_block, error);
}

int
starttls_trust_take_pem(struct trust *t, const char *label, char *data,
			size_t len, struct starttls_error *error)
{
	/* one text is kept; a second one is decoded as a whole */
	const bool is_kept = t->text == NULL;
	int rc;

	if (is_kept) {
		t->text = data;
		t->text_len = len;
	}
	rc = add_blocks(t, label, data, len, is_kept ? add_on_need : add_block,
	    error);
	if (rc != 0 && is_kept)
		t->text = NULL;
	if (rc != 0 || !is_kept)
		free(data);
	return rc;
}

/* A copy of one certificate. */
static int
copy_der(struct trust *t, const void *data, size_t len)
{
	struct slice der, issuer, subject;
	int rc = reserve(t, len + 2);

	if (rc != 0)
		return rc;
	der = (struct slice){ t->bytes + t->bytes_len, len };
	memcpy(t->bytes + t->bytes_len, data, len);
	if (!starttls_der_names(der, &issuer, &subject))
		return STARTTLS_E_POLICY;
	return append_anchor(t, NULL, len, subject);
}

int
starttls_trust_add_der(struct trust *t, const char *label, const void *data,
		       size_t len, struct starttls_error *error)
{
	int rc = copy_der(t, data, len);

	if (rc == STARTTLS_E_POLICY)
		return starttls_error_set(error, rc, STARTTLS_PHASE_SETUP,
		    "%s: DER, but no certificate", label);
	return rc == 0 ? 0 : starttls_error_set(error, rc,
	    STARTTLS_PHASE_SETUP, "out of memory");
}

/* The rest of its text; one that is damaged is as good as none. */
static void
complete(struct trust *t, struct anchor *a)
{
	const char *at = a->body;
	struct slice der = { t->bytes + a->der, a->der_len }, issuer, subject;

	if (at == NULL)
		return;
	a->body = NULL;
	if (starttls_pem_decode(t->bytes + a->der, &at, t->text +
	    t->text_len) == (ptrdiff_t)a->der_len &&
	    starttls_der_names(der, &issuer, &subject))
		return;
	a->der_len = 0;
	a->is_bad = true;
}

int
starttls_trust_digest(struct trust *t, gnutls_hash_hd_t hash)
{
	size_t i;
	int rc = 0;

	pthread_mutex_lock(&t->lock);
	for (i = 0; i < t->count && rc >= 0; i++) {
		struct anchor *a = &t->anchors[i];

		complete(t, a);
		rc = gnutls_hash(hash, t->bytes + a->der, a->der_len);
	}
	pthread_mutex_unlock(&t->lock);
	return rc;
}

/* One that GnuTLS cannot parse is as good as none. */
static int
parse(struct trust *t, struct anchor *a)
{
	gnutls_datum_t der;
	gnutls_x509_crt_t crt;
	int rc;

	complete(t, a);
	if (a->is_bad)
		return 0;
	der = (gnutls_datum_t){ t->bytes + a->der, (unsigned)a->der_len };
	rc = gnutls_x509_crt_init(&crt);
	if (rc < 0)
		return STARTTLS_E_NOMEM;
	rc = gnutls_x509_crt_import(crt, &der, GNUTLS_X509_FMT_DER);
	if (rc >= 0) {
		a->crt = crt;
		return 0;
	}
	gnutls_x509_crt_deinit(crt);
	if (rc == GNUTLS_E_MEMORY_ERROR)
		return STARTTLS_E_NOMEM;
	a->is_bad = true;
	return 0;
}

int
starttls_trust_find(struct trust *t, struct slice name,
		    gnutls_x509_crt_t ret_crt[TRUST_MAX_CANDIDATES],
		    unsigned *ret_count)
{
	uint32_t hash = hash_of(name);
	unsigned count = 0;
	int i, rc = 0;

	pthread_mutex_lock(&t->lock);
	build_index(t);
	for (i = t->buckets[hash % BUCKETS]; i >= 0 && rc == 0 &&
	     count < TRUST_MAX_CANDIDATES; i = t->anchors[i].next) {
		struct anchor *a = &t->anchors[i];

		if (a->hash != hash || a->is_bad || !starttls_der_equal(name,
		    (struct slice){ t->bytes + a->subject, a->subject_len }))
			continue;
		if (a->crt == NULL)
			rc = parse(t, a);
		if (a->crt != NULL)
			ret_crt[count++] = a->crt;
	}
	pthread_mutex_unlock(&t->lock);
	if (rc == 0)
		*ret_count = count;
	return rc;
}

size_t
starttls_trust_parsed(struct trust *t)
{
	size_t i, count = 0;

	pthread_mutex_lock(&t->lock);
	for (i = 0; i < t->count; i++)
		count += t->anchors[i].crt != NULL;
	pthread_mutex_unlock(&t->lock);
	return count;
}
