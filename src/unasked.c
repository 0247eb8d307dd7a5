/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * GnuTLS gives up a handshake for a certificate that it cannot parse, and in
 * TLS 1.3 for one whose key or usage does not fit, before we are asked what we
 * think of the chain.  What it says then is not about certificates, or not
 * about the mistake.
 */

#include "config.h"

#include "unasked.h"

#include <gnutls/abstract.h>

#include "cause.h"
#include "findings.h"
#include "verify.h"

/* Whether GnuTLS can make nothing of a certificate, its key included. */
static bool
is_unreadable(struct slice der)
{
	gnutls_datum_t data = { (unsigned char *)(uintptr_t)der.data,
		(unsigned)der.len };
	gnutls_pcert_st pcert;
	int rc = gnutls_pcert_import_x509_raw(&pcert, &data,
	    GNUTLS_X509_FMT_DER, 0);

	if (rc >= 0)
		gnutls_pcert_deinit(&pcert);
	return rc < 0 && rc != GNUTLS_E_MEMORY_ERROR;
}

/* Take one of what was sent: three octets of length, RFC 5246 7.4.2. */
static bool
take_sent(struct slice *list, struct slice *ret)
{
	size_t len;

	if (list->len < 3)
		return false;
	len = (size_t)list->data[0] << 16 | (size_t)list->data[1] << 8 |
	    list->data[2];
	if (len > list->len - 3)
		return false;
	*ret = (struct slice){ list->data + 3, len };
	list->data += 3 + len;
	list->len -= 3 + len;
	return true;
}

int
starttls_unasked_unreadable(struct starttls_session *s)
{
	struct slice sent = { s->certificates.data, s->certificates.size };
	struct slice list = { NULL, 0 }, der;
	struct findings findings = { .depth = -1 };
	const gnutls_datum_t *chain;
	unsigned count = 0, i;

	if (s->checked || s->verdict != 0)
		return 0;
	chain = gnutls_certificate_get_peers(s->tls, &count);
	if (chain != NULL && count > 0) {
		/* TLS 1.3 has all of them, and has parsed the first */
		i = 0;
		if (!is_unreadable((struct slice){ chain->data, chain->size }))
			return 0;
	} else {
		(void)take_sent(&sent, &list);
		for (i = 0;; i++) {
			if (!take_sent(&list, &der))
				return 0;
			if (is_unreadable(der))
				break;
		}
	}
	starttls_found(&findings, STARTTLS_V_MALFORMED, (int)i);
	s->verdict = findings.verdict;
	s->depth = findings.depth;
	return starttls_findings_report(s, &(struct chain){ .len = 0 },
	    &findings);
}

int
starttls_unasked_disordered(struct starttls_session *s)
{
	struct findings findings = { .depth = -1 };
	struct chain chain;
	int rc = 0;

	if (s->checked || s->verdict != 0)
		return 0;
	if (starttls_chain_import(&chain, s->tls)) {
		findings.owner = starttls_verify_owner(s, &chain);
		if (findings.owner > 0 || starttls_cause_issued(&chain) > 0)
			starttls_found(&findings, STARTTLS_V_DISORDERED, 0);
	}
	if (findings.verdict != 0) {
		s->verdict = findings.verdict;
		s->depth = findings.depth;
		rc = starttls_findings_report(s, &chain, &findings);
	}
	starttls_chain_done(&chain);
	return rc;
}
