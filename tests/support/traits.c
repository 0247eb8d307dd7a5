/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* What protocols have and have not: see traits.h. */

#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "traits.h"

#include "../protocols/protocol.h"

bool
has_upgrade(const struct starttls_protocol *protocol)
{
	return protocol->upgrade_rules.step != NULL;
}

bool
has_server(const struct starttls_protocol *protocol)
{
	return protocol->serve_rules.step != NULL;
}

bool
has_needed_alpn(const struct starttls_protocol *protocol)
{
	return protocol->needs_alpn;
}

const char *
line_end_of(const struct starttls_protocol *protocol)
{
	return protocol->ends_in_lf ? "\n" : "\r\n";
}
