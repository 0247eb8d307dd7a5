/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * What tests that walk through all protocols have to know of one, as not all
 * have everything.  The table itself is in protocols/protocol.h, whose words
 * are names that tests use for other things.
 */

#ifndef TESTS_TRAITS_H
#define TESTS_TRAITS_H

#include <stdbool.h>

#include "starttls.h"

/** has_upgrade: or there are dedicated ports only. */
bool has_upgrade(const struct starttls_protocol *protocol);

/** has_server: whether we can be the server of an upgrade. */
bool has_server(const struct starttls_protocol *protocol);

/** has_needed_alpn: TLS from the start goes with our id only. */
bool has_needed_alpn(const struct starttls_protocol *protocol);

/** line_end_of: what is behind lines. */
const char *line_end_of(const struct starttls_protocol *protocol);

#endif
