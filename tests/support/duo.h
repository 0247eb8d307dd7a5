/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Both ends of a conversation in one thread, the server's always ours, the
 * client's ours as well or a guest: GnuTLS driven by hand, for what our own
 * client would not do.
 *
 *	rc = duo_run(&d, &(struct duo_spec){ .server = policy,
 *					     .client = client_policy });
 *	... d.server.session is there if rc is 0, else d.server.error ...
 *	duo_done(&d);
 *
 * They talk over the queues of tlspair.h, or over a socket pair.  All that the
 * server sends is kept, and can be asked for being TLS.  Nothing in here waits
 * or asserts, so threads may use it, too.
 */

#ifndef TESTS_DUO_H
#define TESTS_DUO_H

#include "harness.h"

struct duo_spec {
	struct starttls_policy *server;
	struct starttls_policy *client; /* NULL: a guest */
	const char *protocol;      /* default: "imap" */
	enum starttls_stage from;  /* of both; default: STARTTLS_HANDSHAKE */
	const char *name;          /* that the client wants; default: PEER */
	const char *port;
	uint64_t seed;
	bool over_socket;          /* not over the queues */
	struct starttls_session *control; /* the server's, for a data channel */
	const void *pending;       /* what the server's reader held */
	size_t pending_len;

	/* of a guest, which knows HANDSHAKE only */
	const char *priority;      /* default: "NORMAL" */
	const char *sni;           /* default: none */
	const struct mint_cert *const *chain; /* shown whatever is asked for */
	const gnutls_datum_t *der; /* other bytes for some; see show_bytes() */
	size_t n;
	const char *const *alpn;   /* NULL at the end */
	unsigned flags;            /* more GNUTLS_* for gnutls_init() */
	const gnutls_datum_t *ticket; /* from gnutls_session_get_data2() */
};

/* An end that is ours. */
struct duo_end {
	struct starttls_upgrade *upgrade;
	struct starttls_session *session;
	struct starttls_error error;
	int rc;                    /* STARTTLS_WANT_*: not over yet */
};

struct duo {
	struct tlspair pair;
	int fds[2];                /* server's, client's; -1: the queues */
	struct duo_end server, client;

	gnutls_session_t guest;
	gnutls_certificate_credentials_t guest_credentials;
	int guest_rc;              /* 0: handshake done; GNUTLS_E_* */
	int guest_alert;           /* received; -1: none */

	uint8_t *said;             /* by the server, TLS and all */
	size_t said_len;
};

/**
 * duo_begin: both ends, nothing moved yet.
 *
 * Returns: that of starttls_upgrade_new for the server.
 */
int duo_begin(struct duo *d, const struct duo_spec *spec);

/** duo_serve: begin anew at the server's end. */
int duo_serve(struct duo *d, const struct duo_spec *spec);

/** duo_step_server, duo_step_client: a turn of the handshake. */
void duo_step_server(struct duo *d);
void duo_step_client(struct duo *d);

/**
 * duo_shake: turns until both ends are done; the stream of a server that
 * failed ends.  Takes the sessions.
 *
 * Returns: 0 or the code of the server; HARNESS_STUCK.
 */
int duo_shake(struct duo *d);

/** duo_run: duo_begin() and duo_shake(). */
int duo_run(struct duo *d, const struct duo_spec *spec);

/**
 * duo_exchange: a line from the client and its echo of the server.
 *
 * Returns: 0, a code of the library or of GnuTLS, whoever failed; HARNESS_*.
 */
int duo_exchange(struct duo *d);

/**
 * duo_client_read: what the client reads next, for the alert that comes then.
 *
 * Returns: as starttls_session_read, or GNUTLS_E_*; HARNESS_STUCK.
 */
ssize_t duo_client_read(struct duo *d);

/** duo_server_read: the same at the server's end. */
ssize_t duo_server_read(struct duo *d);

/**
 * duo_alert: the alert that the client got, now or with its first read; -1.
 */
int duo_alert(struct duo *d);

/**
 * duo_is_tls: whether the server sent nothing but TLS records behind the
 * first @clear bytes.  The last may be cut off.
 */
bool duo_is_tls(const struct duo *d, size_t clear);

/** duo_put: raw bytes of the client, all of them. */
void duo_put(struct duo *d, const void *data, size_t len);

/** duo_done: free everything. */
void duo_done(struct duo *d);

/**
 * duo_policy: a server's policy on the clock of mint.h that shows a chain.
 */
struct starttls_policy *duo_policy(const struct mint_cert *const *chain,
				   size_t n);

/** duo_identity: one more chain. */
void duo_identity(struct starttls_policy *policy,
		  const struct mint_cert *const *chain, size_t n);

#endif
