/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * The certificates that a peer has sent, parsed.  What they are worth is not
 * decided here.
 */

#include "config.h"

#include "chain.h"

void
starttls_chain_done(struct chain *chain)
{
	while (chain->len > 0)
		gnutls_x509_crt_deinit(chain->crt[--chain->len]);
}

bool
starttls_chain_import(struct chain *chain, gnutls_session_t tls)
{
	unsigned count = 0, i;
	int rc = 0;

	chain->len = 0;
	chain->der = gnutls_certificate_get_peers(tls, &count);
	if (chain->der == NULL || count == 0)
		return false;
	if (count > VERIFY_MAX_CHAIN)
		count = VERIFY_MAX_CHAIN;
	for (i = 0; i < count && rc >= 0; i++) {
		rc = gnutls_x509_crt_init(&chain->crt[i]);
		if (rc < 0)
			break;
		chain->len++;
		rc = gnutls_x509_crt_import(chain->crt[i], &chain->der[i],
		    GNUTLS_X509_FMT_DER);
	}
	return rc >= 0;
}
