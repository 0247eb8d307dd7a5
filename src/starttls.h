/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * libstarttls: upgrade a live, cleartext conversation to verified TLS.
 *
 * The only header to include.  A policy says what every session must
 * satisfy; an upgrade brings one conversation from cleartext, or from a
 * dedicated port, to TLS; a session is what a finished and verified upgrade
 * hands out.  There is no other way to get one, and no way to switch
 * verification off.
 *
 * Conventions, valid for every function below unless it says otherwise:
 *
 * - Functions that return int give 0, STARTTLS_WANT_READ or
 *   STARTTLS_WANT_WRITE (not errors: poll for that and call the same
 *   function again with the same arguments), or a STARTTLS_E_* code.
 * - A "struct starttls_error *" may be NULL and need not be initialised.
 *   Who fails fills it, the message included, and says in it the code that is
 *   returned; after WANT_* or success it means nothing, and is as it was or as
 *   STARTTLS_ERROR_INIT.  Filling it never allocates.
 * - Where there is none, the code says it all; a session keeps the detail for
 *   starttls_session_error.
 * - Output parameters are named ret_x, or come last; on failure they are
 *   untouched.
 * - Strings are NUL-terminated UTF-8; sizes count bytes; timeouts are
 *   milliseconds, 0 never waits, and -1 waits for ever.  A timeout is one
 *   total budget for the call, on a monotonic clock: a slow peer cannot
 *   stretch it.
 * - With .interruptible in the options, a signal that is caught ends a wait:
 *   STARTTLS_E_INTERRUPTED.  Nothing has failed and nothing is lost: call the
 *   same function again with the same arguments, as after WANT_*, or give the
 *   object up.  The code is not kept.
 * - *_free and *_unref accept NULL.
 * - A policy may be shared by threads once it is set up.  Every other object
 *   belongs to one thread at a time; distinct objects are independent.
 * - A descriptor that the application passed in stays its own: the library
 *   does not close it and does not change its blocking mode, which does not
 *   matter, as its SO_RCVTIMEO and SO_SNDTIMEO do not.  On a TCP socket
 *   TCP_NODELAY is set.  The library never raises SIGPIPE.
 * - After fork() only one of the two processes may go on using a session, the
 *   other may free it; both may go on using a policy, see
 *   starttls_policy_prepare.
 */

#ifndef STARTTLS_H
#define STARTTLS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define STARTTLS_API __attribute__((visibility("default")))
#define STARTTLS_CHECKED __attribute__((warn_unused_result))
#else
#define STARTTLS_API
#define STARTTLS_CHECKED
#endif

#define STARTTLS_VERSION "0.2.0"

/* ------------------------------------------------------------------------
 * Codes.  Numbers are part of the ABI and are never reused.  Each code has a
 * stable name for machines (starttls_code_name), given in quotes.
 */
enum starttls_code {
	STARTTLS_OK = 0,                    /* "ok" */
	STARTTLS_WANT_READ = -1,            /* "want-read": poll POLLIN */
	STARTTLS_WANT_WRITE = -2,           /* "want-write": poll POLLOUT */

	/* usage: the caller's arguments or order of calls */
	STARTTLS_E_INVALID = -101,          /* "invalid" argument */
	STARTTLS_E_STATE = -102,            /* "state": not now */
	STARTTLS_E_FROZEN = -103,           /* "frozen": the policy is in use */
	STARTTLS_E_POLICY = -104,           /* "policy": file, key, list */
	STARTTLS_E_PASSPHRASE = -105,       /* "key-passphrase": one that a key
	                                       needs is missing, or wrong */

	/* local resources */
	STARTTLS_E_NOMEM = -201,            /* "memory" */
	STARTTLS_E_SYSTEM = -202,           /* "system": see sys_errno */
	STARTTLS_E_INTERRUPTED = -203,      /* "interrupted" by a signal: nothing
	                                       has failed, call again */

	/* reaching the peer */
	STARTTLS_E_RESOLVE = -301,          /* "resolve": no such name */
	STARTTLS_E_CONNECT = -401,          /* "connect": see sys_errno */
	STARTTLS_E_TIMEOUT = -501,          /* "deadline" passed */

	/* the cleartext part */
	STARTTLS_E_PROTOCOL = -601,         /* "protocol" violation */
	STARTTLS_E_EARLY_DATA = -602,       /* "early-data": cleartext where
	                                       none may be (CVE-2011-0411) */
	STARTTLS_E_LIMIT = -603,            /* "limit": peer sent too much */
	STARTTLS_E_FORBIDDEN = -604,        /* "forbidden": the peer's state
	                                       rules TLS out (PREAUTH) */
	STARTTLS_E_REFUSED = -701,          /* "refused" by the peer */
	STARTTLS_E_NOT_OFFERED = -702,      /* "not-offered" by the peer */
	STARTTLS_E_REFUSED_TEMPORARY = -703, /* "refused-temporary": for now,
	                                       as the peer says; later the
	                                       same may go well */

	/* the connection ended */
	STARTTLS_E_EOF = -801,              /* "closed": end of stream */
	STARTTLS_E_TRUNCATED = -802,        /* "truncated": end of stream
	                                       without close_notify */
	STARTTLS_E_IO = -803,               /* "io": see sys_errno */

	/* TLS */
	STARTTLS_E_TLS = -901,              /* "tls": see gnutls_code */
	STARTTLS_E_ALERT = -902,            /* "tls-alert" from the peer */
	STARTTLS_E_NOT_TLS = -903,          /* "not-tls": the peer speaks
	                                       something else here */
	STARTTLS_E_ALPN = -904,             /* "alpn": none or another one */

	/* verification; where several apply, the first of: malformed,
	   revoked, badly signed, issuer no CA, critical extension, disordered,
	   self-signed, private root, incomplete, untrusted,
	   expired, not yet valid, weak, purpose, constraints, name, CRL,
	   staple, pin, another, peer, TLSA.  struct starttls_error has all as
	   bits. */
	STARTTLS_E_UNTRUSTED = -1001,       /* "cert-untrusted": all that was
	                                       sent is by an authority that
	                                       is not known */
	STARTTLS_E_EXPIRED = -1002,         /* "cert-expired" */
	STARTTLS_E_NOT_YET_VALID = -1003,   /* "cert-not-yet-valid" */
	STARTTLS_E_NAME_MISMATCH = -1004,   /* "name-mismatch" */
	STARTTLS_E_REVOKED = -1005,         /* "cert-revoked" */
	STARTTLS_E_PURPOSE = -1006,         /* "cert-purpose" */
	STARTTLS_E_WEAK = -1007,            /* "cert-weak": key or signature */
	STARTTLS_E_CONSTRAINTS = -1008,     /* "cert-constraints" */
	STARTTLS_E_BAD_CHAIN = -1009,       /* "cert-invalid" otherwise */
	STARTTLS_E_NO_STAPLE = -1010,       /* "staple-missing" */
	STARTTLS_E_BAD_STAPLE = -1011,      /* "staple-invalid" */
	STARTTLS_E_PIN_MISMATCH = -1012,    /* "pin-mismatch" */
	STARTTLS_E_STALE_CRL = -1013,       /* "crl-stale" */
	STARTTLS_E_OTHER_CERT = -1014,      /* "cert-differs" from that of
	                                       the control connection */
	STARTTLS_E_PEER_MISMATCH = -1015,   /* "peer-mismatch": not one that
	                                       is accepted */
	STARTTLS_E_TLSA_MISMATCH = -1016,   /* "tlsa-mismatch": not what its
	                                       TLSA records say */
	STARTTLS_E_TLSA_UNUSABLE = -1017,   /* "tlsa-unusable": none of the
	                                       records can be used */
	/* four causes of no trust with a code of their own: all of them have
	   STARTTLS_V_UNTRUSTED in the verdict, as STARTTLS_E_UNTRUSTED has, so
	   a program that does not care why looks at that */
	STARTTLS_E_INCOMPLETE = -1018,      /* "chain-incomplete": the peer
	                                       does not send its issuer */
	STARTTLS_E_SELF_SIGNED = -1019,     /* "cert-self-signed" */
	STARTTLS_E_PRIVATE_ROOT = -1020,    /* "root-untrusted": the root was
	                                       sent, and nobody trusts it */
	STARTTLS_E_DISORDERED = -1021       /* "chain-disordered": the peer's
	                                       own is not the first, or others
	                                       than its issuer were sent; also
	                                       without STARTTLS_V_UNTRUSTED */
};

/* What a caller can do about a code. */
enum starttls_class {
	STARTTLS_CLASS_NONE = 0,            /* success or WANT_* */
	STARTTLS_CLASS_USAGE = 1,
	STARTTLS_CLASS_LOCAL = 2,
	STARTTLS_CLASS_RESOLVE = 3,
	STARTTLS_CLASS_CONNECT = 4,
	STARTTLS_CLASS_TIMEOUT = 5,
	STARTTLS_CLASS_PROTOCOL = 6,
	STARTTLS_CLASS_REFUSED = 7,
	STARTTLS_CLASS_CLOSED = 8,
	STARTTLS_CLASS_TLS = 9,
	STARTTLS_CLASS_VERIFY = 10
};

/* Where in a conversation a failure happened. */
enum starttls_phase {
	STARTTLS_PHASE_NONE = 0,
	STARTTLS_PHASE_SETUP = 1,           /* arguments, policy */
	STARTTLS_PHASE_RESOLVE = 2,
	STARTTLS_PHASE_CONNECT = 3,
	STARTTLS_PHASE_GREETING = 4,
	STARTTLS_PHASE_PREAMBLE = 5,        /* greeting to go-ahead */
	STARTTLS_PHASE_HANDSHAKE = 6,
	STARTTLS_PHASE_SESSION = 7          /* inside TLS */
};

/* Everything that is wrong with a chain, as bits. */
enum starttls_verdict {
	STARTTLS_V_UNTRUSTED = 1 << 0,      /* no path to an anchor */
	STARTTLS_V_EXPIRED = 1 << 1,
	STARTTLS_V_NOT_YET_VALID = 1 << 2,
	STARTTLS_V_NAME = 1 << 3,           /* not in subjectAltName */
	STARTTLS_V_REVOKED = 1 << 4,
	STARTTLS_V_PURPOSE = 1 << 5,        /* extended key usage */
	STARTTLS_V_WEAK = 1 << 6,           /* below 112 bits or the system's
	                                       profile, SHA-1, MD5 */
	STARTTLS_V_CONSTRAINTS = 1 << 7,    /* name constraints, path length */
	STARTTLS_V_NOT_CA = 1 << 8,         /* an issuer that may not issue */
	STARTTLS_V_SIGNATURE = 1 << 9,
	STARTTLS_V_CRITICAL = 1 << 10,      /* unknown critical extension */
	STARTTLS_V_NO_STAPLE = 1 << 11,
	STARTTLS_V_BAD_STAPLE = 1 << 12,
	STARTTLS_V_PIN = 1 << 13,
	STARTTLS_V_STALE_CRL = 1 << 14,
	STARTTLS_V_MALFORMED = 1 << 15,     /* cannot be decoded, or has a key
	                                       beyond the limits */
	STARTTLS_V_OTHER = 1 << 16,
	STARTTLS_V_DIFFERS = 1 << 17,       /* from the control connection's */
	STARTTLS_V_PEER = 1 << 18,          /* not one that is accepted */
	STARTTLS_V_TLSA = 1 << 19,          /* not what TLSA records say */
	/* why there is no path, beside STARTTLS_V_UNTRUSTED: one of them, or
	   none if the authority is merely unknown */
	STARTTLS_V_INCOMPLETE = 1 << 20,    /* the issuer was not sent */
	STARTTLS_V_SELF_SIGNED = 1 << 21,
	STARTTLS_V_PRIVATE_ROOT = 1 << 22,  /* its root was sent */
	STARTTLS_V_DISORDERED = 1 << 23     /* the wrong ones were sent, or
	                                       another is the first; the
	                                       latter also beside
	                                       STARTTLS_V_NAME */
};

#define STARTTLS_REPLY_SIZE 160
#define STARTTLS_MESSAGE_SIZE 320

/**
 * struct starttls_error: what went wrong, in the caller's memory.
 *
 * The first cause is kept: a later failure of the same object repeats it.
 * Text of the peer is bounded and free of control characters, but it is the
 * peer's, and in the cleartext phases not even authenticated.
 */
struct starttls_error {
	int code;                           /* STARTTLS_E_* */
	int error_class;                    /* enum starttls_class */
	int phase;                          /* enum starttls_phase */
	int sys_errno;                      /* 0: not from the system */
	int gnutls_code;                    /* 0: not from GnuTLS */
	int alert;                          /* TLS alert received; -1: none */
	unsigned verdict;                   /* STARTTLS_V_* bits */
	int depth;                          /* certificate at fault, as sent,
	                                       0 the peer's own; -1: none of
	                                       those */
	int reply_code;                     /* three digits, or the resultCode
	                                       of LDAP, the error of MySQL;
	                                       0: none */
	char protocol[16];
	char state[24];                     /* of the dialog */
	char reply[STARTTLS_REPLY_SIZE];    /* a server's words, sanitised;
	                              a client's are not repeated */
	char message[STARTTLS_MESSAGE_SIZE]; /* one line, cause first */
	char address[64];                   /* numeric, of the peer, or the
	                                       one that was tried last; empty:
	                                       none was, or no TCP socket */
};

/* Nothing has failed; for a program that looks at an error before, or where,
   no function has filled it. */
#define STARTTLS_ERROR_INIT { STARTTLS_OK, STARTTLS_CLASS_NONE, \
	STARTTLS_PHASE_NONE, 0, 0, -1, 0, -1, 0, "", "", "", "", "" }

/**
 * starttls_version: the version of the library in use, e.g. "1.2.3".
 *
 * Returns: a static string.
 */
STARTTLS_API const char *starttls_version(void);

/**
 * starttls_code_name: the stable machine-readable name of a code.
 *
 * Returns: a static string, "unknown" for a number that is no code.
 */
STARTTLS_API const char *starttls_code_name(int code);

/**
 * starttls_code_class: the class of a code, enum starttls_class.
 */
STARTTLS_API enum starttls_class starttls_code_class(int code);

/**
 * starttls_phase_name: the stable machine-readable name of a phase.
 */
STARTTLS_API const char *starttls_phase_name(enum starttls_phase phase);

/**
 * starttls_verdict_text: the words for one bit of a verdict.
 *
 * Returns: a static string such as "expired"; NULL if @bit is not one bit of
 * enum starttls_verdict.
 */
STARTTLS_API const char *starttls_verdict_text(unsigned bit);

/* ------------------------------------------------------------------------
 * Protocols: constant tables.
 */
struct starttls_protocol;

/* Where in the conversation the library takes over. */
enum starttls_stage {
	STARTTLS_GREETING = 1,   /* nothing was exchanged yet */
	STARTTLS_COMMAND = 2,    /* greeting (and capabilities) are done */
	STARTTLS_HANDSHAKE = 3   /* go-ahead was received, or dedicated port */
};

/**
 * starttls_protocol_find: look up a protocol by name, e.g. "imap".
 *
 * "imaps" is no protocol but imap entered at STARTTLS_HANDSHAKE.  "tls" is for
 * protocols that the library does not know, on ports where TLS comes first: it
 * can only be entered at STARTTLS_HANDSHAKE, by clients and by servers, has no
 * usual port, and offers no ALPN.  Other protocols without an upgrade, whose
 * two schemes are one, can only be entered there, too.
 *
 * Returns: a static object, or NULL if @name (case does not matter) is not
 * known.
 */
STARTTLS_API const struct starttls_protocol *
starttls_protocol_find(const char *name);

/**
 * starttls_protocol_next: walk through the protocols that the library speaks,
 * which leaves out "tls"; start with NULL.
 */
STARTTLS_API const struct starttls_protocol *
starttls_protocol_next(const struct starttls_protocol *previous);

/**
 * starttls_protocol_scheme: the URL scheme for entering at @from.
 *
 * Returns: a static string, "imap" or, for STARTTLS_HANDSHAKE, "imaps"; the
 * same for both if there is no upgrade, as with "tls"; NULL for
 * STARTTLS_HANDSHAKE if no dedicated ports are in use.
 */
STARTTLS_API const char *
starttls_protocol_scheme(const struct starttls_protocol *protocol,
			 enum starttls_stage from);

/**
 * starttls_protocol_port: the usual port for entering at @from, as text.
 *
 * Returns: a static string; NULL: there is no usual one.
 */
STARTTLS_API const char *
starttls_protocol_port(const struct starttls_protocol *protocol,
		       enum starttls_stage from);

/**
 * starttls_protocol_rfc: the documents that define the upgrade.
 */
STARTTLS_API const char *
starttls_protocol_rfc(const struct starttls_protocol *protocol);

/**
 * starttls_protocol_greeting: how a server of the protocol begins inside TLS,
 * for programs that must greet in place of one.
 *
 * Returns: a static string, one line without its end, '$' standing for the
 * server's name; NULL: clients of the protocol speak first, or servers greet
 * again inside TLS, so that nobody must.
 */
STARTTLS_API const char *
starttls_protocol_greeting(const struct starttls_protocol *protocol);

/**
 * starttls_protocol_goodbye: how a server turns a client away at any time.
 *
 * Returns: as starttls_protocol_greeting.
 */
STARTTLS_API const char *
starttls_protocol_goodbye(const struct starttls_protocol *protocol);

/**
 * starttls_protocol_has_data: whether the protocol has data channels, which
 * need TLS of their own: starttls_upgrade_data.
 *
 * Returns: 1 or 0.
 */
STARTTLS_API int
starttls_protocol_has_data(const struct starttls_protocol *protocol);

/**
 * starttls_protocol_has_server: whether the library has the server's side of
 * it, as of "tls", where that is nothing but the handshake.  Of others only a
 * server that knows the protocol itself can enter, at STARTTLS_HANDSHAKE.
 *
 * Returns: 1 or 0.
 */
STARTTLS_API int
starttls_protocol_has_server(const struct starttls_protocol *protocol);

/**
 * starttls_protocol_goes_on: whether a conversation goes on inside TLS behind
 * what was said ahead of it, where others begin anew.  A program that upgrades
 * on behalf of others has nothing to give them then: the beginning that they
 * wait for was said to it.
 *
 * Returns: 1 or 0.
 */
STARTTLS_API int
starttls_protocol_goes_on(const struct starttls_protocol *protocol);

/* ------------------------------------------------------------------------
 * Policy: what every session must satisfy.  Secure when new; setters only
 * tighten it or say whom to trust, and only before its first use: after that
 * they return STARTTLS_E_FROZEN.  Thread: one thread sets up, then any
 * number share it.
 */
struct starttls_policy;

enum starttls_role {
	STARTTLS_CLIENT = 1,
	STARTTLS_SERVER = 2
};

enum starttls_tls_version {
	STARTTLS_TLS1_2 = 0x0303,
	STARTTLS_TLS1_3 = 0x0304
};

/* ALPN, RFC 7301.  An answer that was not asked for is always refused. */
enum starttls_alpn {
	STARTTLS_ALPN_AUTO = 0,    /* off after an upgrade and on the usual
	                              dedicated ports, on elsewhere */
	STARTTLS_ALPN_OFF = 1,
	STARTTLS_ALPN_ON = 2,      /* offer; none selected is fine */
	STARTTLS_ALPN_REQUIRE = 3  /* offer; none selected is an error */
};

/* Whether a server asks its clients for a certificate. */
enum starttls_client_cert {
	STARTTLS_CLIENT_CERT_OFF = 0,
	STARTTLS_CLIENT_CERT_OPTIONAL = 1, /* one that is shown must be good */
	STARTTLS_CLIENT_CERT_REQUIRED = 2
};

/**
 * starttls_policy_new: make a policy with the library's secure defaults.
 *
 * TLS 1.2 and 1.3 with forward secrecy and AEAD, certificates verified
 * against the system's trust store at the 112 bit security level.  A server
 * trusts nobody until it is told whom (starttls_policy_trust_file), and needs
 * an identity before its first use.
 *
 * A policy never changes once it is in use.  New certificates are a new
 * policy: make it, use it for what comes, and unref the old one, which lives
 * on in the sessions that were made with it.
 *
 * Ownership: the caller holds one reference, see starttls_policy_unref.
 * Returns: 0; STARTTLS_E_INVALID (@role, NULL), STARTTLS_E_NOMEM
 */
STARTTLS_API int
starttls_policy_new(struct starttls_policy **ret_policy,
		    enum starttls_role role) STARTTLS_CHECKED;

/**
 * starttls_policy_ref: hold another reference.  Thread: safe.
 *
 * Returns: @policy.
 */
STARTTLS_API struct starttls_policy *
starttls_policy_ref(struct starttls_policy *policy);

/**
 * starttls_policy_unref: give a reference back; the last one frees.
 * Thread: safe.
 *
 * Returns: NULL, so that p = starttls_policy_unref(p) is natural.
 */
STARTTLS_API struct starttls_policy *
starttls_policy_unref(struct starttls_policy *policy);

/**
 * starttls_policy_trust_file: trust the certificates of a file, and no longer
 * the system's store.  Repeatable: files, directories and buffers add up.  A
 * certificate may be a root, an intermediate, or a server's own.
 *
 * @path     PEM with any number of them, or DER with one
 *
 * Returns: 0; STARTTLS_E_INVALID (NULL), STARTTLS_E_FROZEN,
 * STARTTLS_E_POLICY (unreadable, malformed, or no certificate in it; the
 * message says which and where), STARTTLS_E_NOMEM
 */
STARTTLS_API int
starttls_policy_trust_file(struct starttls_policy *policy, const char *path,
			   struct starttls_error *error) STARTTLS_CHECKED;

/**
 * starttls_policy_trust_dir: the same for a directory.
 *
 * If it has the hashed layout of OpenSSL (names such as 1a2b3c4d.0) those
 * files are read, otherwise the files that end in .pem, .crt, .cer or .der.
 *
 * Returns: as starttls_policy_trust_file.
 */
STARTTLS_API int
starttls_policy_trust_dir(struct starttls_policy *policy, const char *path,
			  struct starttls_error *error) STARTTLS_CHECKED;

/**
 * starttls_policy_trust_pem: the same for PEM text in memory.
 *
 * @len      bytes at @data; need not be NUL-terminated
 *
 * Ownership: @data is copied.
 * Returns: as starttls_policy_trust_file.
 */
STARTTLS_API int
starttls_policy_trust_pem(struct starttls_policy *policy, const void *data,
			  size_t len,
			  struct starttls_error *error) STARTTLS_CHECKED;

/**
 * starttls_policy_add_trust_file: trust the certificates of a file in
 * addition to what is trusted otherwise, the system's store included.
 *
 * Returns: as starttls_policy_trust_file.
 */
STARTTLS_API int
starttls_policy_add_trust_file(struct starttls_policy *policy,
			       const char *path,
			       struct starttls_error *error) STARTTLS_CHECKED;

/**
 * starttls_policy_pin: require one of the pinned public keys.
 *
 * Once there are pins, one must match a key of the validated chain.  A match
 * on the server's own key stands in for the path to an anchor, as a
 * self-signed server needs it; name and validity are checked all the same.
 *
 * @pin      "sha256//" and the base64 SHA-256 of the DER
 *           SubjectPublicKeyInfo (RFC 7469), several joined by ';'; repeatable
 *
 * Returns: 0; STARTTLS_E_INVALID (NULL, syntax), STARTTLS_E_FROZEN,
 * STARTTLS_E_NOMEM
 */
STARTTLS_API int
starttls_policy_pin(struct starttls_policy *policy, const char *pin,
		    struct starttls_error *error) STARTTLS_CHECKED;

/**
 * starttls_policy_accept_peer: accept this very peer, and nobody else.
 *
 * For those who know the digest of a certificate or of a key and mean that
 * peer: a self-signed server, one on this host, one with another name.  It is
 * a stronger statement than a path to an anchor, a name and dates are, and
 * stands in for them, for the purposes and usages that a certificate has, and
 * for its demand for a staple.  Once there are accepted peers, only they are
 * accepted, whatever anchors there are, and the system's store is not read;
 * any other is STARTTLS_E_PEER_MISMATCH, whose message has the digests of
 * what was shown in the form of @peer.
 *
 * What is demanded besides goes on being demanded: possession of the key, a
 * key that is strong enough, revocation lists for the certificate (and for
 * those above it, if there is a valid path to an anchor), one of the pins for
 * its key (or on such a path), a staple if starttls_policy_require_ocsp was
 * called (which needs such a path), TLSA records.
 *
 * At a server it says which client certificates are good, with or without
 * anchors; its policy cannot be used unless clients are asked for one
 * (starttls_policy_client_cert).
 *
 * @peer     "sha256//" and the base64 SHA-256 of the DER SubjectPublicKeyInfo,
 *           as for starttls_policy_pin; or "cert-sha256:" and the hexadecimal
 *           SHA-256 of the DER certificate, of any case, with or without the
 *           colons of openssl x509 -fingerprint -sha256.  struct starttls_cert
 *           has both.  Repeatable: any of them may match.
 *
 * Returns: 0; STARTTLS_E_INVALID (NULL; syntax, and the message says what is
 * wrong), STARTTLS_E_FROZEN, STARTTLS_E_NOMEM
 */
STARTTLS_API int
starttls_policy_accept_peer(struct starttls_policy *policy, const char *peer,
			    struct starttls_error *error) STARTTLS_CHECKED;

/**
 * starttls_policy_crl_file: refuse certificates on the revocation lists of a
 * file, which is PEM, or DER with one list.
 *
 * The file is configuration like the anchors: its signature is not checked.
 * A list past its nextUpdate makes every certificate of its issuer fail
 * with STARTTLS_E_STALE_CRL.  A list that is not complete (one with
 * deltaCRLIndicator, issuingDistributionPoint or certificateIssuer) is
 * refused, and so is one with a critical extension that is not understood.
 * Repeatable.
 *
 * Returns: 0; STARTTLS_E_INVALID (NULL), STARTTLS_E_FROZEN,
 * STARTTLS_E_POLICY (unreadable, malformed, not complete; nothing of the
 * file is taken), STARTTLS_E_NOMEM
 */
STARTTLS_API int
starttls_policy_crl_file(struct starttls_policy *policy, const char *path,
			 struct starttls_error *error) STARTTLS_CHECKED;

/**
 * starttls_policy_require_ocsp: fail unless the peer staples a good OCSP
 * response (RFC 6066 section 8) for its certificate.
 *
 * A staple that comes unrequired is checked in any case, and a certificate
 * with the TLS feature extension (RFC 7633) requires one in any case.
 *
 * Returns: 0; STARTTLS_E_INVALID (NULL), STARTTLS_E_FROZEN
 */
STARTTLS_API int
starttls_policy_require_ocsp(struct starttls_policy *policy,
			     struct starttls_error *error) STARTTLS_CHECKED;

/**
 * starttls_policy_identity: the certificate chain and private key to show:
 * a server always, a client when it is asked.
 *
 * A server may have several; the one with the name that the client asks for
 * (SNI) is shown, by a wildcard if need be, or else the first.  Several for
 * the very same names, with keys of different types, go together: the client's
 * algorithms choose, and of those that are left the first is taken, by TLS 1.2
 * first of all one with EC, whatever the order of the client's suites.  An
 * upgrade with an EC key costs a quarter of one with RSA, so RSA comes last,
 * unless its key is on a token, where the order is that of the calls.
 *
 * @chain_file   PEM, from the own certificate upwards, or one certificate of
 *               DER, or a PKCS#11 URI (RFC 7512)
 * @key_file     the same for the key; NULL: in the same file, or named by the
 *               same URI
 * @passphrase   of the key; NULL: not encrypted.  Not kept.
 *
 * Returns: 0; STARTTLS_E_INVALID (NULL), STARTTLS_E_FROZEN,
 * STARTTLS_E_STATE (a client's was set already), STARTTLS_E_PASSPHRASE (the key
 * is encrypted, and @passphrase is NULL or not the right one; or a token wants
 * its PIN), STARTTLS_E_POLICY (unreadable, key and certificate do not match, a
 * client's is not meant for signatures), STARTTLS_E_NOMEM.  After a failure
 * another try is possible.
 */
STARTTLS_API int
starttls_policy_identity(struct starttls_policy *policy,
			 const char *chain_file, const char *key_file,
			 const char *passphrase,
			 struct starttls_error *error) STARTTLS_CHECKED;

/**
 * starttls_policy_intermediates: certificates to show behind those of the
 * identities that are set after this, for chains that are kept in a file of
 * their own.  Replaces those of an earlier call.  Not for those on a token.
 *
 * @path     PEM, or one certificate of DER
 *
 * Returns: 0; STARTTLS_E_INVALID (NULL), STARTTLS_E_FROZEN,
 * STARTTLS_E_POLICY (unreadable, or no certificate in it), STARTTLS_E_NOMEM
 */
STARTTLS_API int
starttls_policy_intermediates(struct starttls_policy *policy,
			      const char *path,
			      struct starttls_error *error) STARTTLS_CHECKED;

/**
 * starttls_policy_client_cert: whether a server asks for a certificate.
 *
 * It is verified inside the handshake for the purpose of TLS clients, against
 * the anchors, pins and revocation lists of the policy; who it is, the
 * application learns from starttls_session_cert.  No session is resumed then.
 * A ratchet: the stricter of what was in force and what is asked holds.
 *
 * Returns: 0; STARTTLS_E_INVALID (NULL, a client's policy, no such mode),
 * STARTTLS_E_FROZEN
 */
STARTTLS_API int
starttls_policy_client_cert(struct starttls_policy *policy,
			    enum starttls_client_cert mode,
			    struct starttls_error *error) STARTTLS_CHECKED;

/**
 * starttls_policy_raise_min_version: refuse TLS versions below @version.
 *
 * A ratchet: the higher of what was in force and what is asked holds.
 *
 * Returns: 0; STARTTLS_E_INVALID (NULL, no such version), STARTTLS_E_FROZEN
 */
STARTTLS_API int
starttls_policy_raise_min_version(struct starttls_policy *policy,
				  enum starttls_tls_version version,
				  struct starttls_error *error)
	STARTTLS_CHECKED;

/**
 * starttls_policy_restrict: remove algorithms or versions.
 *
 * @items    GnuTLS priority items with a leading '-', joined by ':', such as
 *           "-CHACHA20-POLY1305:-GROUP-SECP521R1"; repeatable
 *
 * Returns: 0; STARTTLS_E_INVALID (not a removal, unknown item, or nothing
 * would be left), STARTTLS_E_FROZEN, STARTTLS_E_NOMEM
 */
STARTTLS_API int
starttls_policy_restrict(struct starttls_policy *policy, const char *items,
			 struct starttls_error *error) STARTTLS_CHECKED;

/**
 * starttls_policy_set_alpn: when to offer ALPN; STARTTLS_ALPN_AUTO when new.
 *
 * STARTTLS_ALPN_REQUIRE stays once it was set.
 *
 * Returns: 0; STARTTLS_E_INVALID (NULL, no such mode), STARTTLS_E_FROZEN
 */
STARTTLS_API int
starttls_policy_set_alpn(struct starttls_policy *policy,
			 enum starttls_alpn mode,
			 struct starttls_error *error) STARTTLS_CHECKED;

/**
 * starttls_policy_set_resumption: keep TLS sessions for later connections.
 *
 * A bounded cache in the policy, keyed by peer name, port and protocol.
 * Only verified sessions enter, each ticket is used once, and none is used
 * past the end of validity of the chain it was verified with, nor of a
 * staple that is required.  A server gives tickets instead, and keeps nothing.
 * The child of a fork has a cache of its own, without its parent's tickets.
 *
 * @enabled  1 when new; 0 asks for no tickets at all, which suits a program
 *           that makes one connection, and stays
 *
 * Returns: 0; STARTTLS_E_INVALID (NULL), STARTTLS_E_FROZEN
 */
STARTTLS_API int
starttls_policy_set_resumption(struct starttls_policy *policy, int enabled,
			       struct starttls_error *error) STARTTLS_CHECKED;

/**
 * starttls_policy_prepare: do now what the first use would do.
 *
 * Reads the system's trust store and crypto policy, makes the keys of a
 * server's tickets, and freezes the policy.  From then on nothing that is done
 * with it needs a file, so call it before chroot(2) and setuid(2); and before
 * fork(2), so that all children have the same keys, and one resumes what
 * another began.  A name to be dialled still needs the resolver's files, and a
 * key on a token its module.
 *
 * Thread: safe.  Once it has succeeded, another call does nothing; after a
 * failure the policy is not frozen, and can be mended.
 *
 * Returns: 0; STARTTLS_E_INVALID (NULL), STARTTLS_E_POLICY (the trust store or
 * the crypto policy of the system is unusable, a server lacks an identity, or
 * anchors for the certificates of its clients), STARTTLS_E_NOMEM
 */
STARTTLS_API int
starttls_policy_prepare(struct starttls_policy *policy,
			struct starttls_error *error) STARTTLS_CHECKED;

/**
 * starttls_policy_export_sessions: take the sessions out of the resumption
 * cache as bytes, so that a later process can go on with them.
 *
 * They are secrets: whoever has them can read what was and will be said in
 * these sessions.  Keep them in a file of mode 0600.  Freezes the policy.
 *
 * Ownership: the caller frees @ret_data with free(3), after clearing it.
 * Returns: 0 (also if there are none: the bytes say so); STARTTLS_E_INVALID
 * (NULL), STARTTLS_E_STATE (a server's policy, or resumption is off),
 * STARTTLS_E_POLICY (as starttls_upgrade_new), STARTTLS_E_NOMEM
 */
STARTTLS_API int
starttls_policy_export_sessions(struct starttls_policy *policy,
				uint8_t **ret_data, size_t *ret_len,
				struct starttls_error *error)
	STARTTLS_CHECKED;

/**
 * starttls_policy_import_sessions: fill the cache with exported sessions.
 *
 * Only for the very same policy: anchors (the system's included), pins,
 * accepted peers, revocation lists, identity, versions and restrictions must be
 * what they were, and so must the version of GnuTLS.  Expired sessions are left
 * out.  After a failure nothing was imported, and nothing is lost but a round
 * of full handshakes.  Freezes the policy.
 *
 * The bytes say which peers were verified, and are believed: nobody else may
 * be able to write where they are kept.  Their checksum is against accidents.
 *
 * Returns: 0; STARTTLS_E_INVALID (NULL; damaged or not such bytes),
 * STARTTLS_E_STATE (a server's policy, or resumption is off),
 * STARTTLS_E_POLICY (of another policy, or as starttls_upgrade_new),
 * STARTTLS_E_NOMEM
 */
STARTTLS_API int
starttls_policy_import_sessions(struct starttls_policy *policy,
				const void *data, size_t len,
				struct starttls_error *error)
	STARTTLS_CHECKED;

/**
 * starttls_policy_describe: what the policy allows and requires, for people:
 * versions, cipher suites, groups, signatures, trust source, pins.
 *
 * Does not freeze the policy.
 *
 * Ownership: the caller frees the text with free(3).
 * Returns: several lines, or NULL (no memory, or @policy is NULL).
 */
STARTTLS_API char *
starttls_policy_describe(struct starttls_policy *policy) STARTTLS_CHECKED;

/* ------------------------------------------------------------------------
 * Upgrade: a conversation on its way to TLS.
 */
struct starttls_upgrade;
struct starttls_session;

enum starttls_family {
	STARTTLS_ANY = 0,
	STARTTLS_IPV4 = 4,
	STARTTLS_IPV6 = 6
};

/* Which way a traced line went. */
enum starttls_direction {
	STARTTLS_SENT = 1,
	STARTTLS_RECEIVED = 2,
	STARTTLS_NOTE = 3          /* neither: a note of the library */
};

/**
 * starttls_trace_fn: told every line in and out, and what TLS agreed on.
 *
 * @text     one line, bounded, without line end or control characters;
 *           never a credential, as none is ever sent by the library.
 *           Borrowed, valid during the call.
 *
 * Must not call back into the object that it traces.
 */
typedef void (*starttls_trace_fn)(void *context,
				  enum starttls_direction direction,
				  enum starttls_phase phase,
				  const char *text);

/**
 * starttls_recv_fn, starttls_send_fn: a transport instead of a descriptor.
 *
 * As recv(2) and send(2): bytes moved; 0 at the end of the stream (receive;
 * sending nothing is an error); or -1 with errno set, EAGAIN if it would
 * block.  They must not block if the non-blocking functions are to be that,
 * and must not raise SIGPIPE.  After EINTR they are called again, or with
 * .interruptible in the options STARTTLS_E_INTERRUPTED is returned.
 */
typedef ssize_t (*starttls_recv_fn)(void *context, void *data, size_t size);
typedef ssize_t (*starttls_send_fn)(void *context, const void *data,
				    size_t len);

#define STARTTLS_MAX_TLSA 64       /* records of one connection */
#define STARTTLS_MAX_TLSA_LEN 65535 /* bytes of data of all of them */
#define STARTTLS_MAX_NAMES 16      /* further names of one connection */

/**
 * struct starttls_tlsa: a TLSA record, RFC 6698 section 2.1, as it is in the
 * DNS.  Its numbers are those of RFC 7218.
 */
struct starttls_tlsa {
	uint8_t usage;             /* 0 PKIX-TA, 1 PKIX-EE, 2 DANE-TA,
	                              3 DANE-EE */
	uint8_t selector;          /* 0 certificate, 1 its public key */
	uint8_t matching_type;     /* 0 the bytes, 1 SHA-256, 2 SHA-512 */
	const void *data;          /* certificate association data, not in
	                              hexadecimal */
	size_t data_len;
};

/**
 * struct starttls_options: what seldom differs from its default, zero.
 *
 * Start with { .size = sizeof(struct starttls_options) } or
 * STARTTLS_OPTIONS_INIT, and set what is needed.  Text and data are copied
 * by the function that gets the options; contexts must live as long as the
 * object.
 */
struct starttls_options {
	size_t size;               /* sizeof(struct starttls_options) */

	/* the dialog */
	const char *own_name;      /* for EHLO, or in a server's greeting;
	                              NULL: the host's name if it has a
	                              domain, else its address; for a
	                              server "localhost" */
	const char *port;          /* as text, for the resumption cache and
	                              ALPN; NULL: the usual one, none for
	                              tls */
	const void *pending;       /* bytes that the application's reader */
	size_t pending_len;        /* holds: what came behind the LF of the
	                              last line that it has dealt with, the LF
	                              itself not included.  A client has none
	                              when a command is due, nor after the
	                              go-ahead: early data; a server hands
	                              them to TLS */

	/* transport instead of a socket; both or neither */
	starttls_recv_fn recv;
	starttls_send_fn send;
	void *transport_context;

	starttls_trace_fn trace;
	void *trace_context;

	/* only for starttls_upgrade_dial and starttls_open */
	const char *connect_host;  /* connect to this, verify the URL's name */
	const char *connect_port;  /* where it is set, a URL needs no port */
	enum starttls_family family;
	const char *local_address; /* numeric, to connect from: only its
	                              family is connected to */
	const char *local_interface; /* its name, e.g. "eth0"; also the scope
	                              of link-local addresses without one */

	int without_alpn;          /* 1: STARTTLS_ALPN_AUTO offers none, see
	                              starttls_upgrade_alpn_refused */

	/*
	 * Whom a client wants to talk to, beside what the policy says.
	 *
	 * TLSA records that the application has looked up, and that DNSSEC
	 * has found secure: the library looks nothing up.  One of them has to
	 * be satisfied (RFC 6698, RFC 7671, RFC 7672): DANE-EE(3) by the
	 * peer's certificate, and stands in for path, names and dates;
	 * DANE-TA(2) by an issuer that the path leads to in place of an
	 * anchor, be it sent or, if matching type 0 has all of it, not;
	 * PKIX-EE(1) and PKIX-TA(0) by the certificate, or an issuer on its
	 * path, in addition to all that the policy demands.  Those that cannot
	 * be used are ignored, as RFC 7672 section 2.1 wants it, unless there
	 * are no others.  None at all, a count of 0, is no demand.
	 */
	const struct starttls_tlsa *tlsa;
	size_t tlsa_count;

	/*
	 * Further reference names, each of which is as good as the peer's own
	 * name: the next-hop domain of an MX (RFC 7672 section 3.2.2), the
	 * domain that has led to an SRV record.  One that begins with an
	 * underscore, such as "_imap.example.org", is an SRV-ID (RFC 4985) and
	 * found among the SRVNames only.  SNI has the peer's own name, which
	 * for DANE is the base domain of the records (RFC 7672 section 8.1).
	 */
	const char *const *names;
	size_t name_count;

	int interruptible;         /* 1: a signal that is caught ends a wait,
	                              STARTTLS_E_INTERRUPTED */
	int without_resumption;    /* 1: a full handshake, although a session
	                              is there to be resumed; the new one is
	                              kept as usual */
};

#define STARTTLS_OPTIONS_INIT { sizeof(struct starttls_options), \
	NULL, NULL, NULL, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, \
	STARTTLS_ANY, NULL, NULL, 0, NULL, 0, NULL, 0, 0, 0 }

/**
 * struct starttls_url: scheme://host[:port], taken apart.
 */
struct starttls_url {
	size_t size;
	const struct starttls_protocol *protocol;
	enum starttls_stage from;  /* STARTTLS_GREETING or _HANDSHAKE */
	char host[512];            /* as written, without brackets */
	char port[8];              /* that of the scheme if there is none; a
	                              URL with tls must name one */
	int has_port;              /* 1: the URL names it */
};

/**
 * starttls_url_parse: take a URL apart.
 *
 * User, password, path and query are refused: a session is for a server, and
 * a password has no place on a command line.  Set ret_url->size before.
 *
 * Returns: 0; STARTTLS_E_INVALID (NULL, size; the message says what is wrong
 * with the URL and where)
 */
STARTTLS_API int
starttls_url_parse(const char *text, struct starttls_url *ret_url,
		   struct starttls_error *error) STARTTLS_CHECKED;

/**
 * starttls_url_check: what would be refused before anybody is talked to.
 *
 * For programs that wait before they connect, or are connected to: a policy
 * that cannot be used, a name that cannot be verified, options that
 * contradict each other.  Freezes the policy.
 *
 * Returns: 0; STARTTLS_E_INVALID, STARTTLS_E_TLSA_UNUSABLE,
 * STARTTLS_E_POLICY, STARTTLS_E_NOMEM, as starttls_upgrade_new
 */
STARTTLS_API int
starttls_url_check(struct starttls_policy *policy,
		   const struct starttls_url *url,
		   const struct starttls_options *options,
		   struct starttls_error *error) STARTTLS_CHECKED;

/**
 * starttls_upgrade_new: take over a conversation in order to bring it to TLS.
 *
 * Freezes the policy.  Nothing is sent or received before the first step.
 *
 * With a server's policy it is the other side: it greets, answers what is
 * harmless, refuses what must not happen in the clear, and gives the go-ahead
 * unless anything stands behind the upgrade command.  Commands, refusals and
 * bytes before TLS are limited.  What it has to say before it gives up is
 * sent as far as that is possible without waiting after the failure; shut
 * down the descriptor for writing and drain it before closing, or the peer
 * may not see it.
 *
 * @protocol   from starttls_protocol_find
 * @from       where the conversation stands: STARTTLS_GREETING if not one
 *             byte was exchanged; STARTTLS_COMMAND if the upgrade command is
 *             the next thing to say, or for a server to wait for;
 *             STARTTLS_HANDSHAKE on a dedicated port or behind a go-ahead.
 *             At STARTTLS_COMMAND a client has looked for the capability
 *             itself, if it wants to know: the command is said in any case
 * @peer_name  reference name to verify: a DNS name (internationalised ones
 *             in UTF-8 or as A-labels) or an address; NULL for a server
 * @fd         connected stream socket, blocking or not; with a transport in
 *             the options, a descriptor to poll on, or -1
 * @options    NULL: defaults
 *
 * Ownership: holds a reference on @policy; borrows @fd, which must stay open
 * as long as the upgrade, and the session made of it, live.  The caller
 * closes it afterwards, in all cases.
 * Returns: 0; STARTTLS_E_INVALID (NULL, name, descriptor, options; ALPN
 * required of a protocol that has none; tls anywhere but at
 * STARTTLS_HANDSHAKE), STARTTLS_E_TLSA_UNUSABLE (of the records in the
 * options), STARTTLS_E_POLICY (the system's trust store or crypto policy is
 * unusable), STARTTLS_E_NOMEM
 */
STARTTLS_API int
starttls_upgrade_new(struct starttls_upgrade **ret_upgrade,
		     struct starttls_policy *policy,
		     const struct starttls_protocol *protocol,
		     enum starttls_stage from, const char *peer_name, int fd,
		     const struct starttls_options *options,
		     struct starttls_error *error) STARTTLS_CHECKED;

/**
 * starttls_upgrade_dial: begin to connect to a URL, and to upgrade it.
 *
 * Returns at once: starttls_upgrade_step resolves the name and connects, as
 * starttls_dial does, before it goes on with the conversation.  Between steps
 * poll starttls_upgrade_fd, and no longer than starttls_upgrade_timeout says.
 *
 * Names are looked up in threads of the library, 128 of them at most; a
 * look-up for which there is none waits for one.  starttls_upgrade_free
 * cancels at any point and waits for nothing.
 *
 * @url        scheme://host[:port], see starttls(7).  The scheme names the
 *             protocol and the way: imap upgrades, imaps is the dedicated
 *             port.  The host is the name to verify.
 * @timeout_ms one deadline for everything until the session can be taken; the
 *             steps fail with STARTTLS_E_TIMEOUT when it has passed.
 *             starttls_upgrade_run can only make it shorter.
 *
 * Ownership: the descriptor belongs to the upgrade and then to its session,
 * and is closed with it.
 * Returns: 0; those of starttls_upgrade_new; STARTTLS_E_INVALID (also the URL,
 * the host or port to connect to, the local address or interface),
 * STARTTLS_E_RESOLVE (an address of the other family).  What comes of it is
 * for the first step to say.
 */
STARTTLS_API int
starttls_upgrade_dial(struct starttls_upgrade **ret_upgrade,
		      struct starttls_policy *policy, const char *url,
		      int timeout_ms, const struct starttls_options *options,
		      struct starttls_error *error) STARTTLS_CHECKED;

/**
 * starttls_upgrade_data: prepare TLS on a data channel of an FTP session.
 *
 * With the policy, names, TLSA records and role of the control session, which
 * it resumes (servers insist on that); each ticket is used once, those that
 * come on data channels serve the next ones, and if none comes the last one is
 * used again.
 * A server that does not resume has to
 * show the very certificate of the control connection.  Call it after the
 * reply to the transfer command, RFC 4217 section 9.  After a download read
 * until 0, and only then believe that the file is whole; after an upload
 * starttls_session_close, and then read the reply to the transfer.
 *
 * The client of the control connection is the client of TLS here, whoever
 * connected.  Connect a passive channel to the address of the control
 * connection, whatever the reply to PASV says (CVE-2020-8284).
 *
 * @control  session of a protocol with data channels; may be freed before
 *           the upgrade, but not used by another thread during the call
 * @fd       connected or accepted stream socket, as in starttls_upgrade_new
 * @options  NULL: those of a new upgrade; without TLSA records and names
 *
 * Ownership: borrows @fd.
 * Returns: 0; STARTTLS_E_INVALID (NULL, a protocol without data channels,
 * descriptor, options), STARTTLS_E_STATE (the control session has failed),
 * STARTTLS_E_TLS, STARTTLS_E_NOMEM
 */
STARTTLS_API int
starttls_upgrade_data(struct starttls_upgrade **ret_upgrade,
		      struct starttls_session *control, int fd,
		      const struct starttls_options *options,
		      struct starttls_error *error) STARTTLS_CHECKED;

/**
 * starttls_upgrade_step: go on as far as possible without waiting.
 *
 * A server's conversation that ends without TLS, also politely, is
 * STARTTLS_E_EOF; a command that was pipelined behind the upgrade command is
 * STARTTLS_E_EARLY_DATA.
 *
 * Returns: 0 (verified; take the session), STARTTLS_WANT_READ,
 * STARTTLS_WANT_WRITE; or, and then for ever:
 * of an upgrade that was dialled, those of starttls_dial;
 * STARTTLS_E_REFUSED (the peer said no), STARTTLS_E_REFUSED_TEMPORARY (not
 * now: 4yz of RFC 5321 and RFC 959, NNTP's 400, UNAVAILABLE and the like of RFC
 * 5530, RFC 3206 and RFC 5804), STARTTLS_E_NOT_OFFERED,
 * STARTTLS_E_PROTOCOL (no legal reply), STARTTLS_E_EARLY_DATA (cleartext
 * ahead of its command or behind the go-ahead), STARTTLS_E_LIMIT (line,
 * preamble or handshake too long), STARTTLS_E_FORBIDDEN (IMAP PREAUTH, RFC
 * 9051 section 7.1.4), STARTTLS_E_EOF, STARTTLS_E_IO, STARTTLS_E_TLS,
 * STARTTLS_E_ALERT, STARTTLS_E_NOT_TLS, STARTTLS_E_ALPN, a code of the
 * verification class, STARTTLS_E_NOMEM, STARTTLS_E_TIMEOUT (the deadline of
 * starttls_upgrade_dial)
 */
STARTTLS_API int
starttls_upgrade_step(struct starttls_upgrade *upgrade,
		      struct starttls_error *error) STARTTLS_CHECKED;

/**
 * starttls_upgrade_run: step and wait until done or failed.
 *
 * @timeout_ms  one deadline for all of it.  What is left of it goes on bounding
 *              the session, which waits as well, until
 *              starttls_session_set_deadline renews it; 0: it never waits.
 *
 * Returns: 0 or a code of starttls_upgrade_step, but never WANT_*;
 * STARTTLS_E_TIMEOUT; STARTTLS_E_INVALID (a transport without descriptor
 * cannot be waited for); STARTTLS_E_INTERRUPTED (call again with what is left
 * of the time); STARTTLS_E_SYSTEM (poll(2) failed)
 */
STARTTLS_API int
starttls_upgrade_run(struct starttls_upgrade *upgrade, int timeout_ms,
		     struct starttls_error *error) STARTTLS_CHECKED;

/**
 * starttls_upgrade_alpn_refused: whether an upgrade has failed because the
 * server does without our protocol's ALPN identifier, and only
 * STARTTLS_ALPN_AUTO had offered it.
 *
 * Terminators that were made for HTTP refuse what they do not know.  Connect
 * once more then, with without_alpn in the options; starttls_open does so.
 *
 * Returns: 1; 0 (also for NULL)
 */
STARTTLS_API int
starttls_upgrade_alpn_refused(const struct starttls_upgrade *upgrade);

/**
 * starttls_upgrade_take: consume a finished upgrade, get its session.
 *
 * Who waited goes on waiting: it waits if starttls_upgrade_run has finished the
 * upgrade, and not if starttls_upgrade_step has.  Either can be changed with
 * starttls_session_set_deadline.
 *
 * Ownership: the session is the caller's (starttls_session_free); @upgrade
 * is freed.  If the upgrade is not finished and verified nothing happens.
 * Returns: the session; NULL: not finished.
 */
STARTTLS_API struct starttls_session *
starttls_upgrade_take(struct starttls_upgrade *upgrade) STARTTLS_CHECKED;

/**
 * starttls_upgrade_free: give up on a conversation.  Sends nothing.
 */
STARTTLS_API void starttls_upgrade_free(struct starttls_upgrade *upgrade);

/**
 * starttls_upgrade_fd: the descriptor to poll, or -1.
 *
 * While an upgrade dials it may be another one after each step: a pipe's, a
 * socket's, one that stands for several sockets.  The one before stays open
 * until the next call for the upgrade, and has another number, so that whoever
 * watches it can tell and take the watcher away.  With the conversation it is
 * that of the connection, and stays.  Do not read it, and do not close it.
 */
STARTTLS_API int
starttls_upgrade_fd(const struct starttls_upgrade *upgrade);

/**
 * starttls_upgrade_timeout: how long to poll for at most.
 *
 * When it has passed, step, whether the descriptor was ready or not: the
 * deadline of starttls_upgrade_dial has come, or the next address is to be
 * tried.  Ask behind each step, as it changes.
 *
 * Returns: milliseconds, rounded up, as for poll(2); -1: for ever
 */
STARTTLS_API int
starttls_upgrade_timeout(const struct starttls_upgrade *upgrade);

/* ------------------------------------------------------------------------
 * Report: plain data.
 */
#define STARTTLS_HOST_SIZE 256
#define STARTTLS_GREETING_SIZE 512 /* RFC 5321, RFC 2449: 510 and CRLF */

/* How the peer was verified. */
enum starttls_verified_by {
	STARTTLS_BY_NOTHING = 0,   /* it was not, or is a client that has shown
	                              no certificate */
	STARTTLS_BY_ANCHOR = 1,    /* "anchor": by a path to one */
	STARTTLS_BY_PIN = 2,       /* "pin": its own key is pinned, in place of
	                              a path */
	STARTTLS_BY_PEER = 3,      /* "peer": starttls_policy_accept_peer */
	STARTTLS_BY_TLSA = 4       /* "tlsa": by a TLSA record, for PKIX-TA and
	                              PKIX-EE in addition to the policy */
};

/**
 * starttls_verified_by_name: the stable machine-readable name of it.
 *
 * Returns: a static string; "" for STARTTLS_BY_NOTHING, and for a number that
 * is none of these.
 */
STARTTLS_API const char *
starttls_verified_by_name(enum starttls_verified_by by);

enum starttls_staple {
	STARTTLS_STAPLE_NONE = 0,  /* the peer sent none */
	STARTTLS_STAPLE_GOOD = 1,
	STARTTLS_STAPLE_BAD = 2
};

/**
 * struct starttls_report: what was negotiated, and how long it took.
 *
 * Times are microseconds, -1 if the phase was not reached or not ours; the
 * time of a phase that failed is the time until then.
 * Texts are empty where unknown.  Set @size before the call.
 */
struct starttls_report {
	size_t size;
	char protocol[16];         /* "imap" */
	char scheme[16];           /* "imap" or "imaps" */
	char host[STARTTLS_HOST_SIZE]; /* reference name, A-labels; for a
	                              server the name asked for (SNI) */
	char port[8];
	char address[64];          /* what was connected to */
	int upgraded;              /* 1: in mid-conversation */

	/* What the server has said in the clear.  It is NOT authenticated, not
	   by the handshake either: anybody on the way can have written it. */
	char greeting[STARTTLS_GREETING_SIZE]; /* the line, code included; the
	                              first of several.  Printable ASCII;
	                              other bytes and the backslash are
	                              \xNN, and a line that is too long ends
	                              in "...".  Empty: the application has
	                              read it, or it comes inside TLS */
	int greeting_code;         /* 220, 200, 201, 554, ...; 0: the protocol
	                              has no codes, or no greeting came */
	int reply_code;            /* of the last reply before TLS: 382, 454,
	                              550, ...; the same */

	int verified;              /* 1: handshake done, all checks passed */
	int verified_by;           /* enum starttls_verified_by; of a session
	                              that was resumed: how it was then */
	char matched_name[STARTTLS_HOST_SIZE]; /* that the certificate has, of
	                              the peer's own and those in the options;
	                              empty: names did not count */
	int resumed;
	int false_start;           /* 1: TLS 1.2 client spoke first */
	char version[16];          /* "TLS1.3" */
	char cipher_suite[64];     /* "TLS_AES_256_GCM_SHA384" */
	char group[32];            /* "X25519" */
	char signature[32];        /* "ECDSA-SECP256R1-SHA256" */
	char alpn[32];             /* empty: none */
	int alpn_refused;          /* 1: none was offered, as a connection
	                              before had been refused for it */
	char compression[8];       /* always "none" */
	int staple;                /* enum starttls_staple */
	int own_certificate;       /* enum starttls_own_certificate */
	unsigned verdict;          /* STARTTLS_V_*; 0 and verified: good */
	unsigned chain_len;        /* certificates sent by the peer */
	int64_t not_after;         /* of its own, seconds since 1970; 0: not
	                              looked at (resumed, or none) */
	int64_t path_not_after;    /* the first of the verified path, from
	                              its own to the anchor's; 0: none */
	int round_trips;           /* from TCP connect, see starttls(7) */
	int64_t resolve_us;
	int64_t connect_us;
	int64_t greeting_us;       /* until the greeting was complete */
	int64_t preamble_us;       /* from there to the go-ahead */
	int64_t handshake_us;
	int64_t exchange_us;       /* starttls_session_check */
	int64_t total_us;          /* sum of the above */
};

/**
 * enum starttls_own_certificate: what became of a client's own certificate.
 */
enum starttls_own_certificate {
	STARTTLS_OWN_NOT_ASKED = 0, /* the server did not ask for any; or we are
	                               the server, or the session was resumed */
	STARTTLS_OWN_MISSING = 1,   /* it asked, and the policy has none */
	STARTTLS_OWN_UNFIT = 2,     /* it asked, and was not shown that of the
	                               policy, whose key makes no signature that
	                               it takes */
	STARTTLS_OWN_SHOWN = 3
};

/**
 * struct starttls_cert: one certificate of the peer's chain, as sent.
 */
struct starttls_cert {
	size_t size;
	char subject[256];         /* RFC 4514, sanitised */
	char issuer[256];
	char names[1024];          /* subjectAltName: "DNS:a, IP:b"; "..."
	                              stands for names that are left out, which
	                              starttls_names_next gives */
	char serial[48];           /* hex */
	char key[48];              /* "RSA 2048", "EC SECP256R1 256" */
	char signature[48];        /* algorithm */
	int64_t not_before;        /* seconds since 1970 */
	int64_t not_after;
	int is_ca;
	uint8_t sha256[32];        /* of the certificate */
	uint8_t spki_sha256[32];   /* of the SubjectPublicKeyInfo */
	char pin[64];              /* the same, "sha256//..." */
	char issuer_url[256];      /* where the issuer's can be had (caIssuers,
	                              RFC 5280 section 4.2.2.1), by HTTP, in
	                              printable ASCII; empty: it says nothing
	                              of the kind.  Not verified: the peer's
	                              word, until its certificate is */
};

/* Room for whatever a host or a service may be called, and more. */
#define STARTTLS_NAME_SIZE 1280

/**
 * struct starttls_names: where one is among the names of a certificate.
 *
 * Nothing needs to be freed; the certificate has to stay.
 */
struct starttls_names {
	const uint8_t *next;       /* both the library's */
	size_t left;
};

/**
 * starttls_names_begin: before the first name in the subjectAltName of a
 * certificate (RFC 5280 section 4.2.1.6), of which there may be none.
 *
 * @der      a certificate, as starttls_session_cert_der gives it
 *
 * Returns: 0; STARTTLS_E_INVALID (NULL), STARTTLS_E_TLS (it cannot be read)
 */
STARTTLS_API int
starttls_names_begin(struct starttls_names *ret_names, const uint8_t *der,
		     size_t len);

/**
 * starttls_names_next: one name more: all of them, in the order of the
 * certificate, in one pass.
 *
 * "DNS:a", "IP:b", "email:c", "URI:d", "SRV:e" (RFC 4985): printable ASCII;
 * other bytes, the backslash and the comma are \xNN.  Those that are no host's
 * or service's are passed over.
 *
 * @size     of @ret_name, at least 64; what does not fit ends in "...", which
 *           with STARTTLS_NAME_SIZE happens to none that could exist.  An
 *           address of an odd length is "IP:...".
 *
 * Returns: 1; 0: there are no more; STARTTLS_E_INVALID (NULL, size),
 * STARTTLS_E_TLS (what follows cannot be read)
 */
STARTTLS_API int
starttls_names_next(struct starttls_names *names, char *ret_name, size_t size);

/**
 * starttls_upgrade_report: what is known so far, also after a failure.
 *
 * Returns: 0; STARTTLS_E_INVALID (NULL, size)
 */
STARTTLS_API int
starttls_upgrade_report(const struct starttls_upgrade *upgrade,
			struct starttls_report *ret_report);

/**
 * starttls_upgrade_cert: a certificate that the peer sent, also after its
 * verification failed.  It proves nothing then.
 *
 * @index    0 is the peer's own
 *
 * Returns: 0; STARTTLS_E_INVALID (NULL, size, no such certificate),
 * STARTTLS_E_TLS (cannot be decoded), STARTTLS_E_NOMEM
 */
STARTTLS_API int
starttls_upgrade_cert(const struct starttls_upgrade *upgrade, unsigned index,
		      struct starttls_cert *ret_cert);

/**
 * starttls_upgrade_cert_der: the same, as DER.
 *
 * @ret_der  borrowed, valid until the next call on the object
 *
 * Returns: 0; STARTTLS_E_INVALID (NULL, no such certificate)
 */
STARTTLS_API int
starttls_upgrade_cert_der(const struct starttls_upgrade *upgrade,
			  unsigned index, const uint8_t **ret_der,
			  size_t *ret_len);

/* ------------------------------------------------------------------------
 * Session: encrypted, to the right peer.
 */

/**
 * starttls_session_read: receive application data.
 *
 * Waits if the session does: if it comes from starttls_open or
 * starttls_upgrade_run, or starttls_session_set_deadline has made it wait.
 *
 * Returns: bytes, 1..@size; 0 when the peer closed with close_notify;
 * STARTTLS_WANT_READ, STARTTLS_WANT_WRITE; STARTTLS_E_TRUNCATED (end of
 * stream without close_notify: data may be missing), STARTTLS_E_IO,
 * STARTTLS_E_TLS (also a renegotiation attempt, RFC 9325 section 3.5),
 * STARTTLS_E_ALERT, STARTTLS_E_LIMIT (records without data, without end),
 * STARTTLS_E_TIMEOUT, STARTTLS_E_INTERRUPTED, STARTTLS_E_NOMEM,
 * STARTTLS_E_SYSTEM (poll(2) failed),
 * STARTTLS_E_INVALID (NULL, @size 0 or above SSIZE_MAX)
 */
STARTTLS_API ssize_t
starttls_session_read(struct starttls_session *session, void *data,
		      size_t size) STARTTLS_CHECKED;

/**
 * starttls_session_write: send application data.
 *
 * After WANT_*, or if less than @len was taken, go on with what was not: some
 * of it may be on its way already.  It may be cut into other pieces.  After
 * STARTTLS_E_INTERRUPTED only the very same call, @data and @len, can follow.
 *
 * Returns: bytes taken, 1..@len, or 0 if @len is 0.  All of them, unless it
 * never waits: then as many as there is room for.  STARTTLS_WANT_READ,
 * STARTTLS_WANT_WRITE, STARTTLS_E_IO, STARTTLS_E_TLS, STARTTLS_E_TIMEOUT,
 * STARTTLS_E_INTERRUPTED, STARTTLS_E_NOMEM, STARTTLS_E_SYSTEM,
 * STARTTLS_E_STATE (after a half close; another write was interrupted),
 * STARTTLS_E_INVALID (NULL, @len above SSIZE_MAX)
 */
STARTTLS_API ssize_t
starttls_session_write(struct starttls_session *session, const void *data,
		       size_t len) STARTTLS_CHECKED;

/**
 * starttls_session_shutdown: half close: send close_notify, go on reading.
 *
 * Returns: 0; STARTTLS_WANT_READ, STARTTLS_WANT_WRITE; STARTTLS_E_IO,
 * STARTTLS_E_TLS, STARTTLS_E_TIMEOUT, STARTTLS_E_INTERRUPTED
 */
STARTTLS_API int
starttls_session_shutdown(struct starttls_session *session);

/**
 * starttls_session_close: send close_notify and wait for the peer's.
 *
 * Data that comes before the peer's close_notify is discarded, up to 64 KiB.
 * The session must still be freed.
 *
 * Returns: 0; those of starttls_session_shutdown and starttls_session_read
 */
STARTTLS_API int
starttls_session_close(struct starttls_session *session);

/**
 * starttls_session_free: forget a session, without a word to the peer.
 *
 * Closes the descriptor only if starttls_open or starttls_upgrade_dial made
 * it.
 */
STARTTLS_API void starttls_session_free(struct starttls_session *session);

/**
 * starttls_session_end: say goodbye if that can be done at once, and free.
 *
 * For ends that need no answer: close_notify is sent if the transport takes it
 * without waiting, and not after a failure, nor in the middle of a write that
 * was interrupted, as it says that all was sent.  Closes the descriptor as
 * starttls_session_free does.
 */
STARTTLS_API void starttls_session_end(struct starttls_session *session);

/**
 * starttls_session_set_deadline: from now on, wait, but in all not longer.
 *
 * The budget is shared by all following calls until it is set again.
 *
 * @timeout_ms  0: never wait, the calls return WANT_* (what a session does
 *              whose upgrade was stepped); -1: wait for ever
 *
 * Returns: 0; STARTTLS_E_INVALID (NULL, below -1, nothing to wait on)
 */
STARTTLS_API int
starttls_session_set_deadline(struct starttls_session *session,
			      int timeout_ms) STARTTLS_CHECKED;

/**
 * starttls_session_set_idle: how long nothing may move, which is what many
 * programs call their timeout.
 *
 * Beside the deadline: whichever passes first ends the session with
 * STARTTLS_E_TIMEOUT.  It does not make a session wait; one that never waits
 * fails when it is called after that time, see starttls_session_timeout.
 *
 * What moves is data of the application, in either direction: bytes that a read
 * gives out, or that the transport takes from a write.  Parts of a record,
 * tickets, key updates, and what starttls_session_close discards are nothing.
 * The clock starts when a call cannot go on at once, so time that passes
 * outside of a call is not counted, unless the last one returned WANT_*.
 *
 * A peer that sends a byte now and then meets it for ever: to have done by some
 * time is what a deadline is for.
 *
 * @idle_ms  0 or -1: no such limit, as when new
 *
 * Returns: 0; STARTTLS_E_INVALID (NULL, below -1)
 */
STARTTLS_API int
starttls_session_set_idle(struct starttls_session *session,
			  int idle_ms) STARTTLS_CHECKED;

/**
 * starttls_session_check: one harmless exchange inside TLS and goodbye.
 *
 * For monitors: the greeting on a dedicated port, then EHLO, CAPABILITY,
 * FEAT or CAPABILITIES, then QUIT or LOGOUT.  For tls and telnet, of which
 * nothing harmless is known, it is close_notify.  Nothing is waited for then,
 * unless the server may still say something of the handshake: its end, where
 * that began with a false start; in TLS 1.3 what it thinks of our certificate,
 * if it has asked for one, or a ticket, if the policy keeps sessions.  A ticket
 * is owed by nobody, so it gets as long as the handshake took and half a second;
 * who never waits calls again when starttls_session_timeout says so.  Use it on
 * a fresh session and do not use the session for data afterwards.
 *
 * Returns: 0; STARTTLS_WANT_READ, STARTTLS_WANT_WRITE; STARTTLS_E_REFUSED,
 * STARTTLS_E_REFUSED_TEMPORARY, STARTTLS_E_PROTOCOL, STARTTLS_E_LIMIT and
 * those of starttls_session_read;
 * STARTTLS_E_STATE (data was read or written before, or we are the server)
 */
STARTTLS_API int
starttls_session_check(struct starttls_session *session,
		       struct starttls_error *error) STARTTLS_CHECKED;

/**
 * starttls_session_timeout: how long to poll for at most.
 *
 * For sessions that never wait: when it has passed, make the call that said
 * WANT_* again, whether the descriptor is ready or not.  The limit of
 * starttls_session_set_idle has come, or what starttls_session_check hopes for
 * will not.  Ask behind each call, as it changes.
 *
 * Returns: milliseconds, rounded up, as for poll(2); -1: for ever
 */
STARTTLS_API int
starttls_session_timeout(const struct starttls_session *session);

/**
 * starttls_session_pending: bytes that can be read without the transport.
 *
 * An application that polls must ask before it waits.
 */
STARTTLS_API size_t
starttls_session_pending(const struct starttls_session *session);

/**
 * starttls_session_fd: the descriptor to poll, or -1.
 */
STARTTLS_API int
starttls_session_fd(const struct starttls_session *session);

/**
 * starttls_session_error: the detail of the session's first failure.
 *
 * @ret_error  filled in any case; may be NULL
 *
 * Returns: its code; 0: nothing has failed but an argument, or the order of
 * calls, which the message says; STARTTLS_E_INVALID (NULL)
 */
STARTTLS_API int
starttls_session_error(const struct starttls_session *session,
		       struct starttls_error *ret_error);

/**
 * starttls_session_own_name: what we have called ourselves.
 *
 * For EHLO, which the application has to say again inside TLS: the name of the
 * options, or what was used in its place.
 *
 * Returns: text that lives as long as the session.
 */
STARTTLS_API const char *
starttls_session_own_name(const struct starttls_session *session);

/**
 * starttls_session_report, _cert, _cert_der: as for an upgrade.
 */
STARTTLS_API int
starttls_session_report(const struct starttls_session *session,
			struct starttls_report *ret_report);
STARTTLS_API int
starttls_session_cert(const struct starttls_session *session, unsigned index,
		      struct starttls_cert *ret_cert);
STARTTLS_API int
starttls_session_cert_der(const struct starttls_session *session,
			  unsigned index, const uint8_t **ret_der,
			  size_t *ret_len);

/**
 * starttls_session_path: a certificate of the path that was verified.
 *
 * It may be another path than what was sent looks like, and none at all: in a
 * session that was resumed, and where the peer's certificate or key was good by
 * itself (a pin, an accepted peer, DANE-EE).  An anchor that is but a key (a
 * TLSA record's) is not on it.
 *
 * @place      0 is the peer's own, 1 its issuer; the last is the anchor
 * @ret_index  which of those that were sent it is; -1: an anchor that was not
 *
 * Returns: 0; STARTTLS_E_INVALID (NULL, size, the path does not reach as far),
 * STARTTLS_E_NOMEM
 */
STARTTLS_API int
starttls_session_path(const struct starttls_session *session, unsigned place,
		      int *ret_index, struct starttls_cert *ret_cert);

enum starttls_binding {
	STARTTLS_TLS_EXPORTER = 1,           /* RFC 9266 */
	STARTTLS_TLS_UNIQUE = 2,             /* RFC 5929; TLS 1.2 with the
	                                        extended master secret only */
	STARTTLS_TLS_SERVER_END_POINT = 3    /* RFC 5929 */
};

/**
 * starttls_session_channel_binding: bytes that bind SASL to this session.
 *
 * @data       at least 64 bytes are always enough
 * @ret_len    bytes written
 *
 * Returns: 0; STARTTLS_E_INVALID (NULL, type, @size too small),
 * STARTTLS_E_STATE (the type is not safe or not defined for this session;
 * after a false start, nothing was read yet; or a server with several keys for
 * the name has resumed and does not know which it showed), STARTTLS_E_TLS
 */
STARTTLS_API int
starttls_session_channel_binding(struct starttls_session *session,
				 enum starttls_binding type, void *data,
				 size_t size,
				 size_t *ret_len) STARTTLS_CHECKED;

/* ------------------------------------------------------------------------
 * Conveniences, thin layers over the above.
 */

/**
 * starttls_dial: from a name to a connected TCP socket.
 *
 * IPv6 and IPv4 are raced (RFC 8305); internationalised names are mapped; one
 * with a final dot is looked up with it; numeric addresses may carry a scope.
 * Resolution runs in a thread so that the deadline holds for it, too.  A
 * process has a limited number of these, which counts those that were left
 * behind at a deadline; a look-up for which there is no room waits for it
 * until its own deadline.
 *
 * @port       number or service name
 *
 * Ownership: the caller closes the descriptor, which is blocking and
 * close-on-exec.
 * Returns: 0; STARTTLS_E_INVALID (name or port), STARTTLS_E_RESOLVE (also if
 * there was no room: sys_errno is EAGAIN), STARTTLS_E_CONNECT (to none of the
 * addresses; errno of the last), STARTTLS_E_TIMEOUT, STARTTLS_E_NOMEM,
 * STARTTLS_E_SYSTEM (out of descriptors or the like; with
 * starttls_upgrade_dial also: the local address or interface cannot be had)
 */
STARTTLS_API int
starttls_dial(const char *host, const char *port, enum starttls_family family,
	      int timeout_ms, int *ret_fd,
	      struct starttls_error *error) STARTTLS_CHECKED;

/**
 * starttls_open: from a URL to a verified session.
 *
 * @timeout_ms  one deadline for everything from name resolution to the end
 *              of the handshake, and then for the session, as with
 *              starttls_upgrade_run
 *
 * Connects a second time, within the deadline, if that is what
 * starttls_upgrade_alpn_refused recommends.
 *
 * Returns: those of starttls_upgrade_dial and starttls_upgrade_run.  Nothing is
 * left of a call that has failed or was interrupted; another one begins anew.
 */
STARTTLS_API int
starttls_open(struct starttls_session **ret_session,
	      struct starttls_policy *policy, const char *url, int timeout_ms,
	      const struct starttls_options *options,
	      struct starttls_error *error) STARTTLS_CHECKED;

#ifdef __cplusplus
}
#endif

#endif
