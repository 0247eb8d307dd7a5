/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * The session: encrypted, to the right peer.
 *
 * It adds to GnuTLS's record layer what an application should not have to
 * think of: a sticky first error, an end of stream that is either announced
 * or an error, no renegotiation, bounded work per call, one total deadline and
 * a limit to silence.
 * No byte is copied here.
 */

#include "config.h"

#include "session.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <gnutls/gnutls.h>

#include "handshake.h"
#include "tls.h"
#include "wait.h"

#define MAX_DISCARDED (64u << 10)

static int
too_late(struct starttls_session *s)
{
	return starttls_session_fail(s, STARTTLS_E_TIMEOUT,
	    STARTTLS_PHASE_SESSION,
	    "the deadline passed before the peer was done");
}

/* Also a peer that never makes us wait has to be done by the deadline. */
static bool
is_late(const struct starttls_session *s)
{
	return s->deadline != 0 && s->deadline != STARTTLS_NEVER &&
	    starttls_now_us() >= s->deadline;
}

static int
too_still(struct starttls_session *s)
{
	return starttls_session_fail(s, STARTTLS_E_TIMEOUT,
	    STARTTLS_PHASE_SESSION, "no data came or went for %" PRId64 " ms",
	    s->idle_us / 1000);
}

/*
 * Until when there has to be some progress.  The clock runs from the first
 * call that cannot go on, so that time that the application takes for itself
 * is not the peer's, and is put back by application data only.
 */
static int64_t
idle_end(struct starttls_session *s)
{
	if (s->idle_us == 0)
		return STARTTLS_NEVER;
	if (s->still_since == 0)
		s->still_since = starttls_now_us();
	return s->still_since + s->idle_us;
}

int
starttls_session_wait(struct starttls_session *s, int rc, int64_t wake)
{
	int64_t end = idle_end(s);

	if (s->deadline == 0)
		return end != STARTTLS_NEVER && starttls_now_us() >= end ?
		    too_still(s) : rc;
	rc = starttls_wait_until(s->io.fd, rc, wake, end < s->deadline ? end :
	    s->deadline, s->io.interruptible);
	if (rc == STARTTLS_E_TIMEOUT)
		return end < s->deadline ? too_still(s) : too_late(s);
	if (rc != 0 && rc != STARTTLS_E_INTERRUPTED)
		return starttls_session_fail(s, rc, STARTTLS_PHASE_SESSION,
		    "waiting for the connection failed");
	return rc;
}

/* A negative result of GnuTLS: 0 to call again, else what to return. */
static int
retry(struct starttls_session *s, ssize_t n)
{
	int rc = starttls_tls_fault(s, (int)n, STARTTLS_PHASE_SESSION);

	if (rc == STARTTLS_WANT_READ || rc == STARTTLS_WANT_WRITE)
		rc = starttls_session_wait(s, rc, STARTTLS_NEVER);
	return rc;
}

static ssize_t
receive(struct starttls_session *s, void *data, size_t size)
{
	ssize_t n;
	int rc;

	if (s->error.code != 0)
		return s->error.code;
	if (s->closed_by_peer)
		return 0;
	if (is_late(s))
		return too_late(s);
	while ((n = gnutls_record_recv(s->tls, data, size)) < 0) {
		/* where the transport has stopped, see tls.c */
		if (n == GNUTLS_E_AGAIN && starttls_session_is_to_keep(s)) {
			starttls_handshake_settle(s);
			continue;
		}
		rc = retry(s, n);
		if (rc != 0)
			return rc;
	}
	if (n == 0) {
		s->closed_by_peer = true;
		return 0;
	}
	s->io.budget = TLS_READ_BUDGET;
	/* an answer to something of ours: no more stalls to fear */
	if (s->used)
		s->io.quick_ack = false;
	s->used = s->was_read = true;
	return n;
}

ssize_t
starttls_session_read(struct starttls_session *session, void *data,
		      size_t size)
{
	struct starttls_session *s = session;
	ssize_t n;

	if (s == NULL || data == NULL || size == 0 || size > SSIZE_MAX)
		return STARTTLS_E_INVALID;
	n = receive(s, data, size);
	if (n > 0)
		s->still_since = 0;
	return n;
}

/* What the transport takes of a record is data of the application's, too. */
static void
note_given(struct starttls_session *s)
{
	if (s->io.gave)
		s->still_since = 0;
	s->io.gave = false;
}

/*
 * All or nothing was asked for, and a part may be gone: the next call is for
 * the rest, and must be the same, or its data would be taken for that part.
 */
static ssize_t
resume_later(struct starttls_session *s, const void *data, size_t len,
	     size_t sent)
{
	s->resumed = data;
	s->resumed_len = len;
	s->ahead = sent;
	return STARTTLS_E_INTERRUPTED;
}

ssize_t
starttls_session_write(struct starttls_session *session, const void *data,
		       size_t len)
{
	struct starttls_session *s = session;
	const uint8_t *at = data;
	size_t sent;
	ssize_t n;
	int rc;

	if (s == NULL || (data == NULL && len > 0) || len > SSIZE_MAX)
		return STARTTLS_E_INVALID;
	if (s->error.code != 0)
		return s->error.code;
	if (s->shut || (s->resumed != NULL && (s->resumed != data ||
	    s->resumed_len != len)))
		return STARTTLS_E_STATE;
	s->used = true;
	s->resumed = NULL;
	sent = s->ahead;
	while (sent < len) {
		if (is_late(s))
			return too_late(s);
		s->io.gave = false;
		n = gnutls_record_send(s->tls, at + sent, len - sent);
		note_given(s);
		if (n >= 0) {
			sent += (size_t)n;
			continue;
		}
		rc = retry(s, n);
		if (rc == 0)
			continue;
		if (rc == STARTTLS_E_INTERRUPTED && s->deadline != 0)
			return resume_later(s, data, len, sent);
		if (starttls_is_fatal(rc) || sent == 0)
			return rc;
		break;
	}
	/* a record that was begun with more of the stream than this is whole */
	s->ahead = sent > len ? sent - len : 0;
	return (ssize_t)(sent > len ? len : sent);
}

int
starttls_session_shutdown(struct starttls_session *session)
{
	struct starttls_session *s = session;
	int rc;

	if (s == NULL)
		return STARTTLS_E_INVALID;
	if (s->error.code != 0)
		return s->error.code;
	while (!s->shut) {
		if (is_late(s))
			return too_late(s);
		s->io.gave = false;
		rc = gnutls_bye(s->tls, GNUTLS_SHUT_WR);
		note_given(s);
		if (rc >= 0) {
			s->shut = true;
			break;
		}
		rc = retry(s, rc);
		if (rc != 0)
			return rc;
	}
	return 0;
}

int
starttls_session_close(struct starttls_session *session)
{
	struct starttls_session *s = session;
	char scrap[1024];
	ssize_t n;
	int rc = starttls_session_shutdown(s);

	if (rc != 0)
		return rc;
	/* what nobody gets is no progress */
	while ((n = receive(s, scrap, sizeof(scrap))) > 0) {
		s->discarded += (size_t)n;
		if (s->discarded > MAX_DISCARDED)
			return starttls_session_fail(s, STARTTLS_E_LIMIT,
			    STARTTLS_PHASE_SESSION,
			    "the peer goes on sending after close_notify");
	}
	return (int)n;
}

static void
leave_to_policy(void *context, const struct resumable *session)
{
	struct starttls_session *s = context;
	uint8_t *copy = malloc(session->len);

	if (copy == NULL)
		return;
	memcpy(copy, session->data, session->len);
	starttls_resume_put(s->policy->resume, session->key, copy,
	    session->len, session->expires, session->once, session->note);
}

void
starttls_session_free(struct starttls_session *session)
{
	if (session == NULL)
		return;
	/* what the data channels did not use is for the next control session */
	if (session->tickets != NULL && !session->is_data)
		starttls_resume_take_all(session->tickets, leave_to_policy,
		    session);
	starttls_resume_unref(session->tickets);
	if (session->tls != NULL)
		gnutls_deinit(session->tls);
	starttls_transport_done(&session->io);
	starttls_policy_unref(session->policy);
	free(session->exchange);
	gnutls_free(session->certificates.data);
	free(session->pending);
	free(session->own_name);
	starttls_expected_unref(session->expected);
	free(session->name);
	free(session);
}

void
starttls_session_end(struct starttls_session *session)
{
	struct starttls_session *s = session;

	if (s == NULL)
		return;
	/* what ends in the middle of a write has no orderly end */
	if (s->resumed == NULL) {
		s->deadline = 0;
		starttls_session_shutdown(s);
	}
	starttls_session_free(s);
}

int
starttls_session_set_deadline(struct starttls_session *session,
			      int timeout_ms)
{
	if (session == NULL || timeout_ms < -1 ||
	    (timeout_ms != 0 && session->io.fd < 0))
		return STARTTLS_E_INVALID;
	session->deadline = timeout_ms == 0 ? 0 :
	    starttls_deadline(timeout_ms);
	return 0;
}

int
starttls_session_set_idle(struct starttls_session *session, int idle_ms)
{
	if (session == NULL || idle_ms < -1)
		return STARTTLS_E_INVALID;
	session->idle_us = idle_ms <= 0 ? 0 : (int64_t)idle_ms * 1000;
	session->still_since = 0;
	return 0;
}

int
starttls_session_timeout(const struct starttls_session *session)
{
	const struct starttls_session *s = session;
	int64_t end = STARTTLS_NEVER;

	if (s == NULL)
		return -1;
	if (s->idle_us != 0 && s->still_since != 0)
		end = s->still_since + s->idle_us;
	if (s->hears_until != 0 && s->hears_until < end)
		end = s->hears_until;
	return starttls_left_ms(end);
}

size_t
starttls_session_pending(const struct starttls_session *session)
{
	return session == NULL ? 0 :
	    gnutls_record_check_pending(session->tls);
}

int
starttls_session_fd(const struct starttls_session *session)
{
	return session == NULL ? -1 : session->io.fd;
}

const char *
starttls_session_own_name(const struct starttls_session *session)
{
	return session != NULL ? session->own_name : "";
}

int
starttls_session_error(const struct starttls_session *session,
		       struct starttls_error *ret_error)
{
	static const char no_failure[] = "nothing has failed but what was "
		"asked for: an argument, or the order of calls";

	if (session != NULL && session->error.code != 0)
		return starttls_error_give(ret_error, &session->error);
	if (ret_error != NULL)
		starttls_error_reset(ret_error);
	if (session == NULL)
		return starttls_error_set(ret_error, STARTTLS_E_INVALID,
		    STARTTLS_PHASE_SETUP, "no session to ask");
	/* who asks had a reason to */
	if (ret_error != NULL)
		memcpy(ret_error->message, no_failure, sizeof(no_failure));
	return 0;
}
