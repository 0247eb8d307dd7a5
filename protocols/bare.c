/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * TLS and nothing else: for protocols that the library does not know, on ports
 * where TLS comes first, RFC 8446 and RFC 5246.
 *
 * There is nothing to be said in the clear, so no way in but the handshake; no
 * usual port; no ALPN, as its identifier would be that of the other protocol;
 * and no exchange for monitors, as nothing is known that would be harmless.
 */

#include "config.h"

#include "protocol.h"

const struct starttls_protocol starttls_protocol_tls = {
	.name = "tls",
	.scheme_tls = "tls",
	.rfc = "RFC 8446, RFC 5246",
};
