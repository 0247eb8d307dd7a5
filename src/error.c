/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Codes, their names and classes, and the filling of struct starttls_error.
 *
 * Invariant: the first cause wins, and recording one never allocates.
 */

#include "config.h"

#include "error.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "typed.h"

#define VERDICT_BITS 24

static const struct {
	int code;
	const char *name;
} code_names[] = {
	{ STARTTLS_OK, "ok" },
	{ STARTTLS_WANT_READ, "want-read" },
	{ STARTTLS_WANT_WRITE, "want-write" },
	{ STARTTLS_E_INVALID, "invalid" },
	{ STARTTLS_E_STATE, "state" },
	{ STARTTLS_E_FROZEN, "frozen" },
	{ STARTTLS_E_POLICY, "policy" },
	{ STARTTLS_E_PASSPHRASE, "key-passphrase" },
	{ STARTTLS_E_NOMEM, "memory" },
	{ STARTTLS_E_SYSTEM, "system" },
	{ STARTTLS_E_INTERRUPTED, "interrupted" },
	{ STARTTLS_E_RESOLVE, "resolve" },
	{ STARTTLS_E_CONNECT, "connect" },
	{ STARTTLS_E_TIMEOUT, "deadline" },
	{ STARTTLS_E_PROTOCOL, "protocol" },
	{ STARTTLS_E_EARLY_DATA, "early-data" },
	{ STARTTLS_E_LIMIT, "limit" },
	{ STARTTLS_E_FORBIDDEN, "forbidden" },
	{ STARTTLS_E_REFUSED, "refused" },
	{ STARTTLS_E_NOT_OFFERED, "not-offered" },
	{ STARTTLS_E_REFUSED_TEMPORARY, "refused-temporary" },
	{ STARTTLS_E_EOF, "closed" },
	{ STARTTLS_E_TRUNCATED, "truncated" },
	{ STARTTLS_E_IO, "io" },
	{ STARTTLS_E_TLS, "tls" },
	{ STARTTLS_E_ALERT, "tls-alert" },
	{ STARTTLS_E_NOT_TLS, "not-tls" },
	{ STARTTLS_E_ALPN, "alpn" },
	{ STARTTLS_E_UNTRUSTED, "cert-untrusted" },
	{ STARTTLS_E_EXPIRED, "cert-expired" },
	{ STARTTLS_E_NOT_YET_VALID, "cert-not-yet-valid" },
	{ STARTTLS_E_NAME_MISMATCH, "name-mismatch" },
	{ STARTTLS_E_REVOKED, "cert-revoked" },
	{ STARTTLS_E_PURPOSE, "cert-purpose" },
	{ STARTTLS_E_WEAK, "cert-weak" },
	{ STARTTLS_E_CONSTRAINTS, "cert-constraints" },
	{ STARTTLS_E_BAD_CHAIN, "cert-invalid" },
	{ STARTTLS_E_NO_STAPLE, "staple-missing" },
	{ STARTTLS_E_BAD_STAPLE, "staple-invalid" },
	{ STARTTLS_E_PIN_MISMATCH, "pin-mismatch" },
	{ STARTTLS_E_STALE_CRL, "crl-stale" },
	{ STARTTLS_E_OTHER_CERT, "cert-differs" },
	{ STARTTLS_E_PEER_MISMATCH, "peer-mismatch" },
	{ STARTTLS_E_TLSA_MISMATCH, "tlsa-mismatch" },
	{ STARTTLS_E_TLSA_UNUSABLE, "tlsa-unusable" },
	{ STARTTLS_E_INCOMPLETE, "chain-incomplete" },
	{ STARTTLS_E_SELF_SIGNED, "cert-self-signed" },
	{ STARTTLS_E_PRIVATE_ROOT, "root-untrusted" },
	{ STARTTLS_E_DISORDERED, "chain-disordered" },
};

static const char *const phase_names[] = {
	[STARTTLS_PHASE_NONE] = "none",
	[STARTTLS_PHASE_SETUP] = "setup",
	[STARTTLS_PHASE_RESOLVE] = "resolve",
	[STARTTLS_PHASE_CONNECT] = "connect",
	[STARTTLS_PHASE_GREETING] = "greeting",
	[STARTTLS_PHASE_PREAMBLE] = "preamble",
	[STARTTLS_PHASE_HANDSHAKE] = "handshake",
	[STARTTLS_PHASE_SESSION] = "session",
};

/* By position of the bit in enum starttls_verdict. */
static const char *const verdict_texts[VERDICT_BITS] = {
	"not issued by a trusted authority",
	"expired",
	"not yet valid",
	"not issued for this name",
	"revoked",
	"not meant for this purpose",
	"too weak in key or signature",
	"outside the constraints of an issuer",
	"issued by a certificate that may not issue",
	"badly signed",
	"carrying an unknown critical extension",
	"without the OCSP staple that is required",
	"stapled with a bad OCSP response",
	"without a pinned key in its path",
	"covered by a revocation list that is out of date",
	"malformed",
	"not acceptable",
	"not that of the control connection",
	"not one that is accepted",
	"not what its TLSA records say",
	"sent without the certificate of its issuer",
	"self-signed",
	"sent with a root that is not trusted",
	"sent in the wrong order, or with the wrong others",
};

const char *
starttls_version(void)
{
	return STARTTLS_VERSION;
}

const char *
starttls_code_name(int code)
{
	size_t i;

	for (i = 0; i < sizeof(code_names) / sizeof(code_names[0]); i++)
		if (code_names[i].code == code)
			return code_names[i].name;
	return "unknown";
}

enum starttls_class
starttls_code_class(int code)
{
	int hundreds = code <= -101 && code > -1100 ? -(code / 100) : 0;

	return (enum starttls_class)hundreds;
}

bool
starttls_is_fatal(int code)
{
	return code <= -100 && code != STARTTLS_E_INTERRUPTED;
}

const char *
starttls_phase_name(enum starttls_phase phase)
{
	if ((unsigned)phase >= sizeof(phase_names) / sizeof(phase_names[0]))
		return "unknown";
	return phase_names[phase];
}

const char *
starttls_verdict_text(unsigned bit)
{
	unsigned i;

	for (i = 0; i < VERDICT_BITS; i++)
		if (bit == 1u << i)
			return verdict_texts[i];
	return NULL;
}

void
starttls_error_reset(struct starttls_error *error)
{
	memset(error, 0, sizeof(*error));
	error->alert = -1;
	error->depth = -1;
}

int
starttls_error_vset(struct starttls_error *error, int code,
		    enum starttls_phase phase, const char *format,
		    va_list args)
{
	if (error == NULL)
		return code;
	if (error->code != 0)
		return error->code;
	error->code = code;
	error->error_class = (int)starttls_code_class(code);
	error->phase = (int)phase;
	vsnprintf(error->message, sizeof(error->message), format, args);
	starttls_typed_hide_pins(error->message);
	return code;
}

int
starttls_error_set(struct starttls_error *error, int code,
		   enum starttls_phase phase, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	code = starttls_error_vset(error, code, phase, format, args);
	va_end(args);
	return code;
}

/* strerror_r comes in two kinds; _Generic tells them apart. */
static const char *
text_of_int(int rc, const char *buf)
{
	return rc == 0 ? buf : "unknown error";
}

static const char *
text_of_pointer(const char *text, const char *buf)
{
	(void)buf;
	return text;
}

static void
append_errno(struct starttls_error *error, int sys_errno)
{
	char buf[96] = "";
	size_t len = strlen(error->message);
	const char *text;

	text = _Generic(strerror_r(sys_errno, buf, sizeof(buf)),
	    int: text_of_int,
	    char *: text_of_pointer)
	    (strerror_r(sys_errno, buf, sizeof(buf)), buf);
	snprintf(error->message + len, sizeof(error->message) - len, ": %s",
	    text);
}

int
starttls_error_sys(struct starttls_error *error, int code,
		   enum starttls_phase phase, int sys_errno,
		   const char *format, ...)
{
	va_list args;

	if (error == NULL || error->code != 0)
		return error == NULL ? code : error->code;
	va_start(args, format);
	code = starttls_error_vset(error, code, phase, format, args);
	va_end(args);
	error->sys_errno = sys_errno;
	append_errno(error, sys_errno);
	return code;
}

int
starttls_error_interrupted(struct starttls_error *error,
			   enum starttls_phase phase)
{
	if (error == NULL)
		return STARTTLS_E_INTERRUPTED;
	starttls_error_reset(error);
	starttls_error_set(error, STARTTLS_E_INTERRUPTED, phase,
	    "a signal came while waiting for the peer");
	error->sys_errno = EINTR;
	return STARTTLS_E_INTERRUPTED;
}

int
starttls_error_give(struct starttls_error *error,
		    const struct starttls_error *from)
{
	if (error != NULL && error != from)
		*error = *from;
	return from->code;
}
