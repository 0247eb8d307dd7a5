/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* What a peer's alert, or its silent end, means to the person in front of us. */

#ifndef STARTTLS_ALERT_H
#define STARTTLS_ALERT_H

#include "session.h"

#define ALERT_HINT_SIZE 192

/**
 * starttls_alert_note_request: a server asks for our certificate.
 *
 * @request  its CertificateRequest, RFC 5246 section 7.4.4 or RFC 8446 section
 *           4.3.2; what is malformed in it is left to GnuTLS
 */
void starttls_alert_note_request(struct starttls_session *s,
				 const gnutls_datum_t *request);

/** starttls_alert_shown: what became of our certificate, if we are a client. */
enum starttls_own_certificate
starttls_alert_shown(const struct starttls_session *s);

/**
 * starttls_alert_hint: " (what it means)", or "".
 *
 * @alert  -1: the peer went without a word
 *
 * Returns: @buf, of ALERT_HINT_SIZE bytes.
 */
const char *starttls_alert_hint(const struct starttls_session *s, int alert,
				char *buf);

#endif
