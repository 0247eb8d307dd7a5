/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Why what a peer has sent leads to no anchor: it is its own issuer, its
 * issuer is missing, the wrong ones are there, or its root is nobody's.  Each
 * is mended in another way, and by somebody else.
 *
 * Nobody's signature is checked here: this is about what to tell people, when
 * the verdict is known.
 */

#include "config.h"

#include "cause.h"

#include <stdio.h>
#include <string.h>

#include "text.h"

#define MAX_LOCATIONS 8            /* of an issuer, that are looked at */
#define SHOWN_SIZE 80

static bool
has_issued(gnutls_x509_crt_t issuer, gnutls_x509_crt_t crt)
{
	return gnutls_x509_crt_check_issuer(crt, issuer) != 0;
}

static bool
is_self_signed(gnutls_x509_crt_t crt)
{
	return has_issued(crt, crt);
}

unsigned
starttls_cause_issued(const struct chain *chain)
{
	unsigned i;

	for (i = 1; i < chain->len; i++)
		if (has_issued(chain->crt[0], chain->crt[i]) &&
		    !gnutls_x509_crt_equals(chain->crt[0], chain->crt[i]))
			return i;
	return 0;
}

/* The root of @top among what was sent; 0: it is not there. */
static unsigned
find_root(const struct chain *chain, gnutls_x509_crt_t top)
{
	unsigned i;

	for (i = 1; i < chain->len; i++)
		if (is_self_signed(chain->crt[i]) &&
		    has_issued(chain->crt[i], top))
			return i;
	return 0;
}

/* How many were sent that are neither the peer's own nor a root, which is
   known or not, but never what is missing. */
static unsigned
count_others(const struct chain *chain)
{
	unsigned count = 0, i;

	for (i = 1; i < chain->len; i++)
		count += !is_self_signed(chain->crt[i]) &&
		    !gnutls_x509_crt_equals(chain->crt[0], chain->crt[i]);
	return count;
}

unsigned
starttls_cause_find(const struct chain *chain, int *depth)
{
	gnutls_x509_crt_t top = chain->crt[*depth];
	unsigned root;

	if (starttls_cause_issued(chain) > 0)
		return STARTTLS_V_DISORDERED;
	if (*depth == 0 && is_self_signed(top))
		return STARTTLS_V_SELF_SIGNED;
	root = find_root(chain, top);
	if (root > 0) {
		*depth = (int)root;
		return STARTTLS_V_PRIVATE_ROOT;
	}
	if (*depth > 0)
		return 0;
	return count_others(chain) > 0 ? STARTTLS_V_DISORDERED :
	    STARTTLS_V_INCOMPLETE;
}

/* The subject of a certificate, or its issuer, in so many bytes. */
static void
show_name(gnutls_x509_crt_t crt, bool of_issuer, char shown[SHOWN_SIZE])
{
	char dn[512];
	size_t len = sizeof(dn);
	int rc = of_issuer ? gnutls_x509_crt_get_issuer_dn(crt, dn, &len) :
	    gnutls_x509_crt_get_dn(crt, dn, &len);

	if (rc < 0)
		len = (size_t)snprintf(dn, sizeof(dn), "?");
	starttls_text_clean(shown, SHOWN_SIZE, dn, len);
}

/* One with the name of the first one's issuer, whose key is another. */
static unsigned
find_namesake(const struct chain *chain)
{
	struct slice issuer, subject, first;
	unsigned i;

	if (!starttls_der_names((struct slice){ chain->der[0].data,
	    chain->der[0].size }, &first, &subject))
		return 0;
	for (i = 1; i < chain->len; i++)
		if (starttls_der_names((struct slice){ chain->der[i].data,
		    chain->der[i].size }, &issuer, &subject) &&
		    starttls_der_equal(first, subject))
			return i;
	return 0;
}

static void
describe_disorder(const struct chain *chain, unsigned owner, char *text,
		  size_t size)
{
	unsigned issued = starttls_cause_issued(chain), namesake;
	char name[SHOWN_SIZE];

	if (owner > 0) {
		snprintf(text, size, "; number %u of what was sent has this "
		    "name, and should be the first", owner + 1);
		return;
	}
	if (issued > 0) {
		snprintf(text, size, "; it is the issuer of number %u of what "
		    "was sent, and should not be the first", issued + 1);
		return;
	}
	show_name(chain->crt[0], true, name);
	namesake = find_namesake(chain);
	if (namesake > 0)
		snprintf(text, size, "; number %u of what was sent has the "
		    "name of its issuer \"%s\", but another key",
		    namesake + 1, name);
	else
		snprintf(text, size, "; its issuer \"%s\" is not among the "
		    "others that were sent", name);
}

void
starttls_cause_describe(const struct chain *chain, unsigned verdict, int depth,
			unsigned owner, char *text, size_t size)
{
	char name[SHOWN_SIZE], issuer[SHOWN_SIZE];

	text[0] = '\0';
	if (chain->len == 0 || depth < 0 || (unsigned)depth >= chain->len)
		return;
	if ((verdict & STARTTLS_V_DISORDERED) != 0) {
		describe_disorder(chain, owner, text, size);
	} else if ((verdict & STARTTLS_V_SELF_SIGNED) != 0) {
		snprintf(text, size, "; it is self-signed");
	} else if ((verdict & STARTTLS_V_PRIVATE_ROOT) != 0) {
		show_name(chain->crt[depth], false, name);
		snprintf(text, size, "; the root that was sent, \"%s\", is "
		    "not trusted here", name);
	} else if ((verdict & STARTTLS_V_INCOMPLETE) != 0) {
		show_name(chain->crt[0], true, issuer);
		snprintf(text, size, "; the certificate of its issuer \"%s\" "
		    "was not sent", issuer);
	} else if ((verdict & STARTTLS_V_UNTRUSTED) != 0) {
		show_name(chain->crt[depth], true, issuer);
		snprintf(text, size, "; the authority \"%s\" is not known "
		    "here", issuer);
	}
}

/* A URL that a person can copy from a line, and nothing else. */
static bool
is_plain_url(const gnutls_datum_t *uri)
{
	unsigned i;

	for (i = 0; i < uri->size; i++)
		if (uri->data[i] <= ' ' || uri->data[i] >= 0x7f ||
		    strchr("\"'\\<>`", uri->data[i]) != NULL)
			return false;
	return (uri->size > 7 && memcmp(uri->data, "http://", 7) == 0) ||
	    (uri->size > 8 && memcmp(uri->data, "https://", 8) == 0);
}

bool
starttls_cause_url(gnutls_x509_crt_t crt, char *ret_url, size_t size)
{
	gnutls_datum_t uri;
	bool found = false;
	unsigned i;
	int rc;

	for (i = 0; !found && i < MAX_LOCATIONS; i++) {
		uri = (gnutls_datum_t){ NULL, 0 };
		rc = gnutls_x509_crt_get_authority_info_access(crt, i,
		    GNUTLS_IA_CAISSUERS_URI, &uri, NULL);
		if (rc == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
			break;
		if (rc < 0)
			continue;
		found = uri.size < size && is_plain_url(&uri);
		if (found) {
			memcpy(ret_url, uri.data, uri.size);
			ret_url[uri.size] = '\0';
		}
		gnutls_free(uri.data);
	}
	return found;
}
