/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* What is wrong with a peer's certificates, as bits and in words. */

#ifndef STARTTLS_FINDINGS_H
#define STARTTLS_FINDINGS_H

#include "path.h"
#include "session.h"

/*
 * All that is wrong, and what of it was found first, with the certificate where
 * that is: the peer's own, or the culprit of its path.
 */
struct findings {
	unsigned verdict;
	int depth;
	unsigned blamed;
	gnutls_x509_crt_t culprit; /* NULL: the peer's own */
	unsigned owner;            /* place of one with the peer's name that
	                              is not the first, as it should; 0: none */
};

/** starttls_found: note what is wrong, and where, unless something was before. */
void starttls_found(struct findings *f, unsigned verdict, int depth);

/**
 * starttls_found_on_path: the same of a path; an issuer on it is at fault for
 * the first of what is wrong there.
 */
void starttls_found_on_path(struct findings *f, const struct path *path,
			    gnutls_x509_crt_t leaf);

/**
 * starttls_findings_report: make the session's error of what was found.
 *
 * @chain  with no certificate in it if none could be read
 *
 * Returns: the session's code.
 */
int starttls_findings_report(struct starttls_session *s,
			    const struct chain *chain,
			    const struct findings *f);

/** starttls_findings_alert: the TLS alert that tells the peer a verdict. */
gnutls_alert_description_t starttls_findings_alert(unsigned verdict);

#endif
