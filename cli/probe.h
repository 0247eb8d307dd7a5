/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* What a host offers: for each protocol two ways to TLS, and how they are. */

#ifndef PROBE_H
#define PROBE_H

#include <stdbool.h>
#include <stddef.h>

#include "cli.h"
#include "result.h"

enum probe_state {
	PROBE_VERIFIED,
	PROBE_BAD_CERTIFICATE,
	PROBE_TLS_FAILED,          /* it is there, but cannot be used */
	PROBE_NOT_OFFERED,
	PROBE_REFUSED,
	PROBE_SPEAKS_TLS,          /* at once, where cleartext was expected */
	PROBE_SPEAKS_CLEARTEXT,    /* first, where TLS was expected */
	PROBE_SPEAKS_OTHER,
	PROBE_HANGS_UP,
	PROBE_SILENT,
	PROBE_CLOSED,
	PROBE_UNREACHABLE,
	PROBE_LOCAL                /* nothing that the host could help */
};

/* One attempt: a scheme on a port. */
struct attempt {
	char url[600];
	bool wanted, done;
	struct result result;
};

/* One way to TLS, as far as it is known. */
struct way {
	char port[8];
	enum probe_state state;
	const struct result *result; /* NULL: not known, as it was cut short */
};

struct probe {
	const char *host;
	const struct settings *settings;
	struct row *rows;          /* one for each protocol that is wanted */
	size_t count;
};

struct row {
	const struct starttls_protocol *protocol;
	struct way upgrade, dedicated;

	struct attempt asks;       /* the upgrade, on its port */
	struct attempt hellos;     /* TLS at once, on that port */
	struct attempt dedicates;  /* TLS at once, on the dedicated port */
};

/* Whether there is TLS, good or bad. */
bool probe_exists(enum probe_state state);
/* Stable: not-offered and so on. */
const char *probe_state_name(enum probe_state state);
/* For people: "not offered". */
const char *probe_state_text(enum probe_state state);
/* "both", "upgrade", "dedicated" or "neither". */
const char *probe_offers(const struct row *row);

void probe_print_table(const struct probe *probe);
/* False: out of memory. */
bool probe_print_json(const struct probe *probe);

#endif
