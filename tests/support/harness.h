/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Glue for the tests that run the library against a tlspair server: a whole
 * conversation in one thread, both sides stepped in turn.
 *
 *	policy = test_policy((const struct mint_cert *[]){ &root }, 1);
 *	rc = conn_run(&c, &(struct conn_spec){ .policy = policy,
 *					       .server = &server });
 *	... c.session is there if rc is 0, else c.error says why ...
 *	conn_done(&c);
 *
 * Nothing in here waits or asserts, so threads may use it, too; a side that
 * makes no progress for long ends as HARNESS_STUCK.
 */

#ifndef TESTS_HARNESS_H
#define TESTS_HARNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <check.h>

#include "hostname.h"
#include "mint.h"
#include "starttls.h"
#include "tlspair.h"

#define PEER "mail.example.org"

#define TLS12 "NORMAL:-VERS-ALL:+VERS-TLS1.2"
#define TLS13 "NORMAL:-VERS-ALL:+VERS-TLS1.3"

#define SOON_MS 10000              /* far more than anything should take */

/* No code of the library: too many turns, or a side off the script. */
#define HARNESS_STUCK 1
#define HARNESS_OFF_SCRIPT 2

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/*
 * A script is a list of lines, "S: " what the server says and "C: " what the
 * client must say, without CRLF, and NULL at the end.  "S= " says it without
 * adding CRLF, "S* " a great many times.  "S~" is close_notify, "S!" the end
 * of the server's stream without it, "S#" a reset of the connection.
 */
struct conn_spec {
	struct starttls_policy *policy;
	const char *protocol;      /* default: "imap" */
	enum starttls_stage from;  /* default: STARTTLS_HANDSHAKE */
	const char *name;          /* default: PEER */
	const char *port;          /* default: the usual one */
	struct starttls_session *control; /* it is a data channel of this */
	const struct starttls_tlsa *tlsa; /* of the options */
	size_t tlsa_count;
	const char *const *names;  /* the same */
	size_t name_count;
	int without_resumption;    /* the same */
	const struct tlspair_server *server;
	const char *const *clear;  /* script before TLS; default: legal one */
	uint64_t seed;
	/*
	 * The chain exactly as it shall be sent: GnuTLS sorts the one of
	 * @server, drops what does not belong, and takes 16 at most.
	 */
	const struct mint_cert *const *sent;
	size_t sent_n;
	/* other bytes for some of @sent, in their order; NULL: for none */
	const gnutls_datum_t *sent_der;
	/* told when the server's GnuTLS session is there, but has not begun */
	void (*prepare)(struct tlspair *pair);
};

struct conn {
	struct tlspair pair;
	struct starttls_upgrade *upgrade;
	struct starttls_session *session;
	struct starttls_error error; /* of the upgrade */
	const struct conn_spec *spec; /* borrowed */
	const char *const *clear;  /* next lines of the scripts */
	const char *const *inside; /* set by the test; may be NULL */
	char heard[2048];          /* inside TLS */
	size_t heard_len;
	bool off_script;
};

/**
 * conn_begin: an upgrade over a pair; nothing has moved yet.
 *
 * Returns: that of starttls_upgrade_new.
 */
int conn_begin(struct conn *c, const struct conn_spec *spec);

/**
 * conn_serve: the server's turn.  It plays what is left of the cleartext
 * script, then starts TLS, then plays the script inside.
 */
void conn_serve(struct conn *c);

/**
 * conn_settle: the server's turn until it has nothing left to do.
 */
void conn_settle(struct conn *c);

/**
 * conn_handshake: step both sides until the client is done, and then the
 * server.  Takes the session if that is possible.
 *
 * Returns: 0, the library's code, or HARNESS_*.
 */
int conn_handshake(struct conn *c);

/** conn_run: conn_begin() and conn_handshake(). */
int conn_run(struct conn *c, const struct conn_spec *spec);

/**
 * conn_echo: send bytes and have them back.
 *
 * Returns: 0 and all is the same, the library's code, or HARNESS_*.
 */
int conn_echo(struct conn *c, const void *data, size_t len);

/** conn_check: starttls_session_check() with the server's turns. */
int conn_check(struct conn *c, struct starttls_error *error);

/** conn_close: close_notify both ways, with the server's turns. */
int conn_close(struct conn *c);

/** conn_done: free everything. */
void conn_done(struct conn *c);

/** conn_legal_script: the cleartext dialog of PROTOCOL-ok.txt. */
const char *const *conn_legal_script(const char *protocol,
				     enum starttls_stage from);

/**
 * conn_answer_other_alpn: for conn_spec.prepare: the server answers with an
 * ALPN id that was not asked for; of the length of "imap", which its own list
 * must begin with.
 */
void conn_answer_other_alpn(struct tlspair *pair);

/**
 * test_policy: a policy that trusts these, on the clock of mint.h.
 */
struct starttls_policy *test_policy(const struct mint_cert *const *anchors,
				    size_t n);

/** test_policy_clock: have a policy live at the time of mint.h. */
void test_policy_clock(struct starttls_policy *policy);

/**
 * show_as_it_is: have credentials show this chain and no other, whether or
 * not it is one, or has the key that is used.
 */
void show_as_it_is(gnutls_certificate_credentials_t credentials,
		   const struct mint_cert *const *chain, size_t n);

/**
 * show_bytes: the same, with other bytes for some of them.
 *
 * @der  for each of @chain; no data: the certificate itself
 */
void show_bytes(gnutls_certificate_credentials_t credentials,
		const struct mint_cert *const *chain, size_t n,
		const gnutls_datum_t *der);

/** ms_since: the time since starttls_now_us() was @start. */
int64_t ms_since(int64_t start);

/** is_wanting: STARTTLS_WANT_READ or STARTTLS_WANT_WRITE. */
bool is_wanting(ssize_t rc);

/** is_plain_line: printable ASCII, not empty, one line. */
bool is_plain_line(const char *text);

/**
 * run_suite: run it with TAP on standard output.
 *
 * Returns: for main().
 */
int run_suite(Suite *suite);

#endif
