/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* The table of protocols, for URLs. */

#ifndef STARTTLS_REGISTRY_H
#define STARTTLS_REGISTRY_H

#include "../protocols/protocol.h"
#include "starttls.h"

/** starttls_protocol_at: one after the other, also "tls"; NULL at the end. */
const struct starttls_protocol *starttls_protocol_at(size_t index);

/**
 * starttls_protocol_of_scheme: what a URL means, case not looked at.
 *
 * Returns: the protocol, and where it is entered; NULL: no such scheme.
 */
const struct starttls_protocol *
starttls_protocol_of_scheme(struct bytes scheme,
			    enum starttls_stage *ret_from);

#endif
