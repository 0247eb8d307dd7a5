/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * What a host offers: for each protocol two ways to TLS, and how they are.
 */

#ifndef CHECK_PROBE_H
#define CHECK_PROBE_H

#include <stdbool.h>
#include <stddef.h>

#include "checker.h"
#include "loop/loop.h"
#include "result.h"

#define MAX_PORTS 64

/* Where to look. */
struct probe_settings {
	const char *ports[MAX_PORTS]; /* SCHEME=PORT, the last one counts */
	size_t port_count;
	const char *address;       /* to connect to; NULL: the host's own */
};

enum probe_state {
	PROBE_VERIFIED,
	PROBE_BAD_CERTIFICATE,
	PROBE_TLS_FAILED,          /* it is there, but cannot be used */
	PROBE_NOT_OFFERED,
	PROBE_REFUSED,
	PROBE_REFUSED_FOR_NOW,
	PROBE_SPEAKS_TLS,          /* at once, where cleartext was expected */
	PROBE_SPEAKS_CLEARTEXT,    /* first, where TLS was expected */
	PROBE_SPEAKS_OTHER,
	PROBE_HANGS_UP,
	PROBE_SILENT,
	PROBE_CLOSED,
	PROBE_UNREACHABLE,
	PROBE_LOCAL                /* nothing that the host could help */
};

enum attempt_kind {
	ATTEMPT_ASKS,              /* the upgrade, on its port */
	ATTEMPT_HELLOS,            /* TLS at once, on that port */
	ATTEMPT_INSISTS,           /* the upgrade, if it was only slow */
	ATTEMPT_DEDICATES          /* TLS at once, on the dedicated port */
};

#define ATTEMPTS (ATTEMPT_DEDICATES + 1)

/* One attempt: a scheme on a port. */
struct attempt {
	struct row *row;
	enum attempt_kind kind;
	char url[600];
	struct probe_port *port;
	struct place place;        /* among those of the port */
	bool done;
	struct result result;
};

/* A server may allow a client no more than one connection at a time. */
struct probe_port {
	const char *number;
	struct queue attempts;     /* the first one is being made */
};

/* One way to TLS, as far as it is known. */
struct way {
	char port[8];              /* empty: the protocol has no such way */
	enum probe_state state;
	const struct result *result; /* NULL: not known, as it was cut short */
};

struct probe {
	/* the owner's */
	const char *host;
	char *const *protocols;    /* by their schemes, */
	size_t protocol_count;     /* or 0: all */
	const struct check_settings *check;
	const struct probe_settings *settings;
	int timeout_ms;            /* for all */

	struct row *rows;          /* one for each protocol that is wanted */
	size_t count;
	struct probe_port *ports;
	size_t port_count;

	struct loop loop;
	struct checker checker;
	int64_t until_us;
	size_t busy;               /* ports with attempts left */
	int rc;                    /* errno, if an attempt could not be made */
};

struct row {
	const struct starttls_protocol *protocol;
	struct way upgrade, dedicated;
	struct attempt attempts[ATTEMPTS];
};

/* Find out all of it, or as much as there is time for.  Returns 0 or errno. */
int probe_run(struct probe *probe);
void probe_done(struct probe *probe);

/* A name that cannot be resolved: said once, and not for each port.  NULL: it
   can. */
const struct result *probe_unresolved(const struct probe *probe);
/* The exit status: 0 if something is good and nothing bad, else what comes
   closest. */
int probe_status(const struct probe *probe);

/* ---- probe_judge.c ---- */

/* Whether an attempt can tell what those before it have not told. */
bool probe_needs(const struct attempt *attempt);
/* What the attempts have told about both ways. */
void probe_judge(struct row *row);

/* The protocol's name. */
const char *probe_name(const struct row *row);
/* Whether nobody is there: in all ways that the protocol has, @state. */
bool probe_is_all(const struct row *row, enum probe_state state);
/* Whether there is TLS, good or bad. */
bool probe_exists(enum probe_state state);
/* Stable: not-offered and so on. */
const char *probe_state_name(enum probe_state state);
/* For people: "not offered". */
const char *probe_state_text(enum probe_state state);
/* "both", "upgrade", "dedicated" or "neither". */
const char *probe_offers(const struct row *row);

#endif
