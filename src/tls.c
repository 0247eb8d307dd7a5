/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * GnuTLS on top of our transport, and what its codes mean to us.
 *
 * The first byte of the peer is looked at before GnuTLS sees it: a peer that
 * answers in cleartext is the most common mistake and the oldest attack, and
 * deserves better words than "unexpected packet".
 */

#include "config.h"

#include "tls.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "alert.h"
#include "findings.h"
#include "unasked.h"

#define MAX_WARNINGS 8

static bool
is_content_type(uint8_t byte)
{
	return byte >= 20 && byte <= 23; /* RFC 8446 section 5.1 */
}

/* Keep some of what a server without TLS said, for the message. */
static void
keep_stray(struct starttls_session *s, const uint8_t *data, size_t len)
{
	ssize_t more;

	s->is_stray = true;
	if (starttls_session_is_server(s))
		return;
	if (len > sizeof(s->stray))
		len = sizeof(s->stray);
	memcpy(s->stray, data, len);
	more = starttls_transport_recv(&s->io, s->stray + len,
	    sizeof(s->stray) - len);
	s->stray_len = len + (more > 0 ? (size_t)more : 0);
}

/* What the application had read of the ClientHello comes first. */
static ssize_t
pull_pending(struct starttls_session *s, void *data, size_t size)
{
	if (size > s->pending_len)
		size = s->pending_len;
	memcpy(data, s->pending, size);
	s->pending_len -= size;
	memmove(s->pending, s->pending + size, s->pending_len);
	return (ssize_t)size;
}

/*
 * Nothing is read behind the end of a handshake that began with a false start
 * before its session is kept: an end of the stream there, and GnuTLS would not
 * give it any more.
 */
static ssize_t
pull(gnutls_transport_ptr_t ptr, void *data, size_t size)
{
	struct starttls_session *s = ptr;
	ssize_t n = -1;

	errno = EAGAIN;
	if (s->pending_len > 0)
		n = pull_pending(s, data, size);
	else if (!starttls_session_is_to_keep(s))
		n = starttls_transport_recv(&s->io, data, size);
	if (n > 0 && !s->saw_record) {
		if (!is_content_type(*(const uint8_t *)data)) {
			keep_stray(s, data, (size_t)n);
			n = -1;
			errno = EPROTO;
		} else {
			s->saw_record = true;
		}
	}
	if (n < 0)
		gnutls_transport_set_errno(s->tls, errno);
	return n;
}

/*
 * The ChangeCipherSpec that TLS 1.3 sends for the sake of middleboxes (RFC
 * 8446 appendix D.4) asks for no answer, so it begins no round trip.
 */
static bool
is_lone_ccs(const giovec_t *iov, int count)
{
	return count == 1 && iov[0].iov_len == 6 &&
	    *(const uint8_t *)iov[0].iov_base == 20;
}

static ssize_t
push(gnutls_transport_ptr_t ptr, const giovec_t *iov, int count)
{
	struct starttls_session *s = ptr;
	bool spoke = s->io.spoke || !is_lone_ccs(iov, count);
	ssize_t n = starttls_transport_send(&s->io, iov, count);

	if (n < 0)
		gnutls_transport_set_errno(s->tls, errno);
	else
		s->io.spoke = spoke;
	return n;
}

void
starttls_tls_attach(struct starttls_session *s)
{
	gnutls_transport_set_ptr(s->tls, s);
	gnutls_transport_set_pull_function(s->tls, pull);
	gnutls_transport_set_vec_push_function(s->tls, push);
}

static int
peer_alert(struct starttls_session *s, enum starttls_phase phase)
{
	int alert = (int)gnutls_alert_get(s->tls);
	const char *name = gnutls_alert_get_name(
	    (gnutls_alert_description_t)alert);
	char hint[ALERT_HINT_SIZE];
	int code = starttls_session_fail(s, STARTTLS_E_ALERT, phase,
	    "the peer sent the TLS alert %d, %s%s", alert,
	    name != NULL ? name : "unknown",
	    starttls_alert_hint(s, alert, hint));

	s->error.alert = alert;
	return code;
}

static int
transport_fault(struct starttls_session *s, enum starttls_phase phase)
{
	char hint[ALERT_HINT_SIZE] = "", what[ALERT_HINT_SIZE + 32];
	int saved = errno;

	if (s->io.budget == 0)
		return starttls_session_fail(s, STARTTLS_E_LIMIT, phase,
		    "the peer sends without end, to no effect");
	if (!s->was_read)
		starttls_alert_hint(s, -1, hint);
	snprintf(what, sizeof(what), "the connection failed%s", hint);
	return starttls_session_fail_sys(s, STARTTLS_E_IO, phase, saved, what);
}

static int
peer_gone(struct starttls_session *s, enum starttls_phase phase)
{
	char hint[ALERT_HINT_SIZE] = "";

	/* whoever has sent us something has not missed our certificate */
	if (!s->was_read)
		starttls_alert_hint(s, -1, hint);
	if (phase == STARTTLS_PHASE_HANDSHAKE)
		return starttls_session_fail(s, STARTTLS_E_EOF, phase,
		    "the peer closed the connection during the TLS "
		    "handshake%s", hint);
	return starttls_session_fail(s, STARTTLS_E_TRUNCATED, phase,
	    "the connection ended without close_notify: data may be missing"
	    "%s", hint);
}

/* A key usage or strength that GnuTLS refuses before we are asked. */
static int
certificate_fault(struct starttls_session *s, int code, unsigned bit,
		  const char *what)
{
	s->verdict |= bit;
	starttls_session_fail(s, code, STARTTLS_PHASE_HANDSHAKE,
	    "the certificate of %.100s is %s", starttls_session_peer(s),
	    what);
	s->error.verdict = s->verdict;
	s->error.depth = 0;
	return s->error.code;
}

/*
 * A server that does not want our certificate says so behind the handshake in
 * TLS 1.3, and goes.  If that makes a write of ours fail, what it has said is
 * still there to be read.
 */
static bool
has_last_words(struct starttls_session *s, enum starttls_phase phase)
{
	unsigned char unwanted;
	ssize_t n = GNUTLS_E_AGAIN;
	int tries;

	if (phase != STARTTLS_PHASE_SESSION || s->was_read ||
	    starttls_alert_shown(s) == STARTTLS_OWN_NOT_ASKED)
		return false;
	/* tickets come first */
	for (tries = 0; tries < 4 && n == GNUTLS_E_AGAIN; tries++)
		n = gnutls_record_recv(s->tls, &unwanted, 1);
	return n == GNUTLS_E_FATAL_ALERT_RECEIVED;
}

static int
tls_fault(struct starttls_session *s, int rc, enum starttls_phase phase)
{
	/* whether or not it ended behind that */
	if (s->is_stray)
		return starttls_session_fail_at(s, STARTTLS_E_NOT_TLS, phase,
		    s->stray, s->stray_len,
		    "the peer does not speak TLS here");
	if ((rc == GNUTLS_E_PUSH_ERROR || rc == GNUTLS_E_PREMATURE_TERMINATION) &&
	    has_last_words(s, phase))
		return peer_alert(s, phase);
	/* also within a record, for which GnuTLS has other words */
	if (s->io.ended && rc != GNUTLS_E_FATAL_ALERT_RECEIVED)
		return peer_gone(s, phase);
	switch (rc) {
	case GNUTLS_E_FATAL_ALERT_RECEIVED:
		return peer_alert(s, phase);
	case GNUTLS_E_PULL_ERROR:
	case GNUTLS_E_PUSH_ERROR:
		return transport_fault(s, phase);
	case GNUTLS_E_PREMATURE_TERMINATION:
	case GNUTLS_E_SESSION_EOF:
		return peer_gone(s, phase);
	case GNUTLS_E_MEMORY_ERROR:
		return starttls_session_fail(s, STARTTLS_E_NOMEM, phase,
		    "out of memory");
	case GNUTLS_E_NO_CERTIFICATE_FOUND:
	case GNUTLS_E_CERTIFICATE_REQUIRED:
		return starttls_session_fail(s, STARTTLS_E_TLS, phase,
		    "the client shows no certificate, which is required");
	case GNUTLS_E_NO_APPLICATION_PROTOCOL:
		return starttls_session_fail(s, STARTTLS_E_ALPN, phase,
		    "the client means another application protocol (ALPN)");
	case GNUTLS_E_REHANDSHAKE:
		return starttls_session_fail(s, STARTTLS_E_TLS, phase,
		    "the peer tried to renegotiate, which is refused");
	case GNUTLS_E_SAFE_RENEGOTIATION_FAILED:
		return starttls_session_fail(s, STARTTLS_E_TLS, phase,
		    "the peer does not announce secure renegotiation "
		    "(RFC 5746), which is required");
	case GNUTLS_E_HANDSHAKE_TOO_LARGE:
		return starttls_session_fail(s, STARTTLS_E_LIMIT, phase,
		    "a handshake message of more than %u bytes",
		    starttls_session_is_server(s) ? TLS_MAX_HELLO :
		    TLS_MAX_MESSAGE);
	case GNUTLS_E_PK_SIG_VERIFY_FAILED:
		if (phase == STARTTLS_PHASE_HANDSHAKE &&
		    starttls_unasked_disordered(s) != 0)
			return s->error.code;
		return starttls_session_fail(s, STARTTLS_E_TLS, phase,
		    "TLS failed: %s (the peer may have another key than its "
		    "certificate)", gnutls_strerror(rc));
	case GNUTLS_E_KEY_USAGE_VIOLATION:
		if (starttls_unasked_disordered(s) != 0)
			return s->error.code;
		return certificate_fault(s, STARTTLS_E_PURPOSE,
		    STARTTLS_V_PURPOSE, "not meant for signing (key usage)");
	case GNUTLS_E_DECRYPTION_FAILED:
		/* some clients do not encrypt the alert that tells us why */
		return starttls_session_fail(s, STARTTLS_E_TLS, phase,
		    "TLS failed: %s%s", gnutls_strerror(rc),
		    starttls_session_is_server(s) &&
		    phase == STARTTLS_PHASE_HANDSHAKE ?
		    " (the client may have refused our certificate)" : "");
	case GNUTLS_E_UNSUPPORTED_VERSION_PACKET:
		return starttls_session_fail(s, STARTTLS_E_TLS, phase,
		    "the peer has no TLS version that we accept");
	default:
		if (phase == STARTTLS_PHASE_HANDSHAKE &&
		    starttls_unasked_unreadable(s) != 0)
			return s->error.code;
		return starttls_session_fail(s, STARTTLS_E_TLS, phase,
		    "TLS failed: %s", gnutls_strerror(rc));
	}
}

/* Tell the peer, once, without waiting. */
static void
send_alert(struct starttls_session *s, int rc)
{
	if (rc == GNUTLS_E_FATAL_ALERT_RECEIVED ||
	    s->error.code == STARTTLS_E_IO ||
	    s->error.code == STARTTLS_E_EOF ||
	    s->error.code == STARTTLS_E_NOT_TLS ||
	    s->error.code == STARTTLS_E_TRUNCATED)
		return;
	/* RFC 5246 section 7.4.6; GnuTLS says decode_error */
	if (rc == GNUTLS_E_NO_CERTIFICATE_FOUND &&
	    gnutls_protocol_get_version(s->tls) < GNUTLS_TLS1_3)
		gnutls_alert_send(s->tls, GNUTLS_AL_FATAL,
		    GNUTLS_A_HANDSHAKE_FAILURE);
	else if (s->verdict != 0)
		gnutls_alert_send(s->tls, GNUTLS_AL_FATAL,
		    starttls_findings_alert(s->verdict));
	else
		gnutls_alert_send_appropriate(s->tls, rc);
}

int
starttls_tls_fault(struct starttls_session *s, int rc,
		   enum starttls_phase phase)
{
	switch (rc) {
	case GNUTLS_E_AGAIN:
		if (gnutls_record_get_direction(s->tls) != 0)
			return STARTTLS_WANT_WRITE;
		/* GnuTLS also says so after a message of its own */
		if (s->io.blocked || !s->io.moved)
			return STARTTLS_WANT_READ;
		s->io.moved = false;
		return 0;
	case GNUTLS_E_INTERRUPTED:
		return STARTTLS_E_INTERRUPTED;
	case GNUTLS_E_GOT_APPLICATION_DATA:
		return 0;
	case GNUTLS_E_WARNING_ALERT_RECEIVED:
		if (++s->warnings <= MAX_WARNINGS)
			return 0;
		return starttls_session_fail(s, STARTTLS_E_LIMIT, phase,
		    "more than %d warning alerts", MAX_WARNINGS);
	default:
		break;
	}
	if (s->error.code == 0) /* else verification said it already */
		tls_fault(s, rc, phase);
	s->error.gnutls_code = rc;
	send_alert(s, rc);
	return s->error.code;
}
