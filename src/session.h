/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * A session from its making: the upgrade owns it while it is not verified,
 * starttls_upgrade_take() hands it out afterwards.
 */

#ifndef STARTTLS_SESSION_H
#define STARTTLS_SESSION_H

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include "error.h"
#include "hearsay.h"
#include "name.h"
#include "peer.h"
#include "policy.h"
#include "transport.h"

struct preamble;

#define SESSION_PATH_LEN 17        /* an anchor included */

struct starttls_session {
	struct starttls_policy *policy;
	const struct starttls_protocol *protocol;
	gnutls_session_t tls;      /* NULL before the handshake */
	struct transport io;
	enum starttls_stage from;
	struct name *name;         /* reference name; to a server, what the
	                              client asked for, or empty */
	struct expected *expected; /* of the peer, beside the policy; NULL:
	                              nothing */
	const struct identity *identity; /* that a server shows */
	char *own_name;
	char port[8];
	int64_t deadline;          /* 0: never wait */
	int64_t idle_us;           /* without progress; 0: no limit */
	int64_t still_since;       /* there is none; 0: there was, or nobody
	                              has asked for any */
	struct starttls_error error; /* sticky, first cause */

	struct hearsay hearsay;    /* a client's, before TLS */
	uint8_t *pending;          /* of the ClientHello, read already */
	size_t pending_len;

	/* the handshake */
	bool saw_record;           /* the peer's first bytes were TLS */
	bool checked;              /* the chain was verified, now or, for a
	                              resumed session, then */
	bool has_fair_keys;        /* of the peer's chain, see keys.c */
	bool finished;             /* handshake done, false start included */
	bool offered_session;      /* from the resumption cache */
	uint16_t offered_note;     /* how it was verified */
	bool confirmed;            /* the peer's Finished has come */
	bool keep_later;           /* TLS 1.2 session not stored yet */
	unsigned warnings;         /* alerts of warning level */
	unsigned kept;             /* tickets of TLS 1.3, see handshake.c */
	uint8_t suite[2];          /* the server's choice */
	bool is_asked;             /* for our certificate, by a server */
	char wanted[120];          /* the authorities that it named, for people;
	                              empty: none */
	bool without_alpn;         /* it was refused before */
	bool without_resumption;   /* no session is offered */
	bool offered_alpn;
	bool answered_alpn;        /* with whatever id */
	enum starttls_verified_by verified_by; /* now, or then */
	uint8_t matched;           /* the name that counted: 1 @name, 2 the
	                              first of @expected; 0: none did */
	unsigned verdict;
	int depth;                 /* certificate at fault; -1: none */
	enum starttls_staple staple;
	int64_t path_end;          /* first notAfter of the verified path; 0:
	                              none was verified in this session */
	uint8_t path[SESSION_PATH_LEN]; /* the same path, as numbers of what was
	                              sent, */
	uint8_t path_len;
	gnutls_x509_crt_t anchor;  /* and at its end this, which lives as long
	                              as we do; NULL: it was sent, or is but
	                              a key */
	int64_t chain_end;         /* first notAfter of the path, or the end of
	                              a staple that is required */
	int64_t leaf_end;          /* the peer's own notAfter; 0: not seen */
	bool is_stray;             /* the peer's first bytes were not TLS */
	uint8_t stray[48];         /* some of what such a server said */
	size_t stray_len;
	gnutls_datum_t certificates; /* of TLS 1.2, as they came, until they
	                              are verified */

	/* FTP: a control session and its data channels */
	bool is_data;
	bool has_leaf;             /* the peer of the control session showed */
	uint8_t leaf[32];          /* this certificate, as SHA-256 */
	struct resume *tickets;    /* shared by them; NULL: none */

	/* inside TLS */
	bool used;                 /* application data went either way */
	bool was_read;             /* some came */
	bool closed_by_peer;       /* close_notify received */
	bool shut;                 /* close_notify sent */
	size_t ahead;              /* bytes of the next write that GnuTLS has
	                              taken already */
	const void *resumed;       /* by a write that must have these data; NULL:
	                              by any */
	size_t resumed_len;
	size_t discarded;          /* by close */
	struct preamble *exchange;

	starttls_trace_fn trace;
	void *trace_context;

	/* microseconds; -1: did not happen */
	int64_t resolve_us, connect_us, greeting_us, preamble_us,
		handshake_us, exchange_us;
	int64_t exchange_started;
	bool hears_out;            /* no exchange, but an end of its own, */
	int64_t hears_until;       /* and not for longer; 0: not there yet */
	int handshake_trips;       /* round trips until TLS was up */
};

/** starttls_session_is_server: which side of the conversation we are. */
static inline bool
starttls_session_is_server(const struct starttls_session *s)
{
	return s->policy->role == STARTTLS_SERVER;
}

/** starttls_session_is_to_keep: a TLS 1.2 session, and its handshake is over. */
static inline bool
starttls_session_is_to_keep(const struct starttls_session *s)
{
	return s->keep_later && s->confirmed;
}

/** starttls_session_peer: whose certificate it is, for messages. */
static inline const char *
starttls_session_peer(const struct starttls_session *s)
{
	return starttls_session_is_server(s) ? "the client" : s->name->text;
}

/**
 * starttls_session_wait: wait for @rc, a WANT_*, if the session waits.
 *
 * @wake  not for longer than this, which is no failure
 *
 * Returns: 0: go on; @rc, if it does not wait; STARTTLS_E_TIMEOUT,
 * STARTTLS_E_INTERRUPTED, STARTTLS_E_SYSTEM
 */
int starttls_session_wait(struct starttls_session *s, int rc, int64_t wake);

/* What it tells of what went wrong is in fault.c. */

/** starttls_session_forget_error: nothing has failed, with this peer. */
void starttls_session_forget_error(struct starttls_session *s);

/** starttls_session_fail: record a failure; returns the sticky code. */
int starttls_session_fail(struct starttls_session *s, int code,
			  enum starttls_phase phase, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/**
 * starttls_session_fail_at: the same with what the peer said, cleaned, behind
 * @what.  What a client says is never repeated: it may be a password.
 */
int starttls_session_fail_at(struct starttls_session *s, int code,
			     enum starttls_phase phase, const void *data,
			     size_t len, const char *what);

/** starttls_session_fail_sys: the same with an errno, see error.h. */
int starttls_session_fail_sys(struct starttls_session *s, int code,
			      enum starttls_phase phase, int sys_errno,
			      const char *what);

/** starttls_session_note: trace a note of the library. */
void starttls_session_note(const struct starttls_session *s,
			   enum starttls_phase phase, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
