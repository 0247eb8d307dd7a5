/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* GnuTLS on top of our transport, and what its codes mean to us. */

#ifndef STARTTLS_TLS_H
#define STARTTLS_TLS_H

#include "session.h"

/* What a peer may make us take before something comes of it. */
#define TLS_HANDSHAKE_BUDGET (256u << 10)
#define TLS_READ_BUDGET (256u << 10)
#define TLS_MAX_MESSAGE (128u << 10)    /* of the handshake */
#define TLS_MAX_HELLO (64u << 10)       /* the same from a client */
#define TLS_MAX_CERTS (64u << 10)       /* GnuTLS's time is their square */
#define TLS_MAX_CLIENT_CERTS (16u << 10)

/** starttls_tls_attach: have the session's GnuTLS use the transport. */
void starttls_tls_attach(struct starttls_session *s);

/**
 * starttls_tls_fault: sort a negative result of GnuTLS.
 *
 * Returns: 0 (harmless, call again), STARTTLS_WANT_READ, STARTTLS_WANT_WRITE,
 * STARTTLS_E_INTERRUPTED (the transport was), or the sticky code of the
 * failure, after an alert was tried.
 */
int starttls_tls_fault(struct starttls_session *s, int rc,
		       enum starttls_phase phase);

#endif
