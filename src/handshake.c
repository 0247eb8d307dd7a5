/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * The TLS handshake under a policy: SNI, ALPN, resumption, verification
 * inside the handshake, and the checks behind it.
 *
 * Invariant: a client's step returns 0 only if the chain was verified in this
 * handshake, or the session was resumed from the policy's own cache, where
 * only verified sessions are and none outlives its chain.  A server's returns
 * 0 only if the client showed no more than it must, and that was verified.
 *
 * RFC 8446, RFC 5246, RFC 6066 section 3, RFC 7301, RFC 7918 (false start).
 */

#include "config.h"

#include "handshake.h"

#include <stdlib.h>
#include <string.h>

#include "../protocols/protocol.h"
#include "alert.h"
#include "keys.h"
#include "tls.h"
#include "verify.h"

#define EXTENSION_ALPN 16
#define MAX_TICKETS 16             /* kept of one session of TLS 1.3 */
#define KEY_SIZE (STARTTLS_HOST_SIZE + 96)

/* Where sessions to resume come from, and where they go; NULL: nowhere. */
static struct resume *
cache_of(const struct starttls_session *s)
{
	return s->tickets != NULL ? s->tickets : s->policy->resume;
}

static void
cache_key(const struct starttls_session *s, char *key)
{
	/* all are bounded; this is on the way of every upgrade */
	key = stpcpy(key, s->protocol->name);
	*key++ = ' ';
	key = stpcpy(key, s->port);
	*key++ = ' ';
	key = stpcpy(key, s->name->text);
	/* what was verified by one rule is nothing by another */
	if (s->expected != NULL) {
		*key++ = ' ';
		stpcpy(key, s->expected->id);
	}
}

/* How a session was verified, for when it is resumed. */
static uint16_t
note_of(const struct starttls_session *s)
{
	return (uint16_t)((unsigned)s->verified_by << 8 | s->matched);
}

static void
heed_note(struct starttls_session *s, uint16_t note)
{
	s->verified_by = (enum starttls_verified_by)(note >> 8);
	s->matched = (uint8_t)(note & 0xff);
}

/* Put the session, or its newest ticket, into the policy's cache. */
static void
keep_session(struct starttls_session *s)
{
	gnutls_datum_t data = { NULL, 0 };
	char key[KEY_SIZE];
	int64_t end;

	if (s->policy->resume == NULL || !s->checked)
		return;
	if (s->protocol->has_data_channels && s->tickets == NULL)
		s->tickets = starttls_resume_new(RESUME_MAX_PER_KEY, true);
	if (gnutls_session_get_data2(s->tls, &data) < 0)
		return;
	end = starttls_crl_end(s->policy);
	if (s->chain_end < end)
		end = s->chain_end;
	cache_key(s, key);
	/* gnutls_free is free(3): gnutls_global_set_mem_functions is gone */
	starttls_resume_put(cache_of(s), key, data.data, data.size, end,
	    gnutls_protocol_get_version(s->tls) >= GNUTLS_TLS1_3, note_of(s));
}

/*
 * The cipher suite of a ServerHello, RFC 5246 section 7.4.1.3: GnuTLS does not
 * tell before the handshake is over, which after a false start is later.
 */
static void
note_suite(struct starttls_session *s, const gnutls_datum_t *message)
{
	size_t at = 2 + 32;        /* behind version and random */

	if (message->size <= at)
		return;
	at += 1u + message->data[at];
	if (message->size >= at + 2)
		memcpy(s->suite, message->data + at, 2);
}

static int
on_extension(void *context, unsigned type, const unsigned char *data,
	     unsigned len)
{
	struct starttls_session *s = context;

	(void)data;
	(void)len;
	if (type == EXTENSION_ALPN)
		s->answered_alpn = true;
	return 0;
}

/*
 * GnuTLS takes an answer that was not offered for none (RFC 7301 section 3.2
 * has it refused), so see whether there is one: in the ServerHello, or in TLS
 * 1.3's EncryptedExtensions, which are nothing but extensions.
 */
static void
note_extensions(struct starttls_session *s, unsigned type,
		const gnutls_datum_t *message)
{
	gnutls_datum_t extensions = *message;
	unsigned skip = 0;

	if (type == GNUTLS_HANDSHAKE_SERVER_HELLO) {
		/* version, random, session id, suite, compression */
		if (message->size < 35)
			return;
		skip = 35u + message->data[34] + 3;
	}
	if (skip >= message->size)
		return;
	extensions.data += skip;
	extensions.size -= skip;
	(void)gnutls_ext_raw_parse(s, on_extension, &extensions, 0);
}

/*
 * GnuTLS gives up at a certificate that it cannot parse, and before TLS 1.3
 * does not say which it was; starttls_unasked_unreadable() will want to know.
 */
static int
keep_certificates(struct starttls_session *s, const gnutls_datum_t *message)
{
	if (gnutls_protocol_get_version(s->tls) >= GNUTLS_TLS1_3 ||
	    message->size == 0 || s->certificates.data != NULL)
		return 0;
	s->certificates.data = gnutls_malloc(message->size);
	if (s->certificates.data == NULL)
		return GNUTLS_E_MEMORY_ERROR;
	memcpy(s->certificates.data, message->data, message->size);
	s->certificates.size = message->size;
	return 0;
}

/*
 * A peer that is meant whatever is in its certificate need not have a key usage
 * that permits signatures.  GnuTLS has one switch for that; all else that it
 * does was decided in the hellos, but that records may be a little larger.
 */
static void
allow_any_usage(struct starttls_session *s)
{
	unsigned count = 0;
	const gnutls_datum_t *chain = gnutls_certificate_get_peers(s->tls,
	    &count);

	if (chain != NULL && count > 0 && starttls_verify_is_meant(s,
	    (struct slice){ chain->data, chain->size }))
		gnutls_session_enable_compatibility_mode(s->tls);
}

/*
 * Before GnuTLS takes a message apart: whether what it would do then is within
 * bounds.  What comes here is signed with the key of the peer's certificate.
 */
static int
bound_work(struct starttls_session *s, unsigned type,
	   const gnutls_datum_t *message)
{
	unsigned max = starttls_session_is_server(s) ? TLS_MAX_CLIENT_CERTS :
	    TLS_MAX_CERTS;

	if (type == GNUTLS_HANDSHAKE_CERTIFICATE_PKT && message->size > max) {
		starttls_session_fail(s, STARTTLS_E_LIMIT,
		    STARTTLS_PHASE_HANDSHAKE,
		    "the peer's certificates have %u bytes, more than %u",
		    message->size, max);
		return GNUTLS_E_HANDSHAKE_TOO_LARGE;
	}
	if (type == GNUTLS_HANDSHAKE_CERTIFICATE_PKT)
		return keep_certificates(s, message);
	if (type == GNUTLS_HANDSHAKE_SERVER_KEY_EXCHANGE ||
	    type == GNUTLS_HANDSHAKE_CERTIFICATE_VERIFY) {
		allow_any_usage(s);
		return starttls_keys_check(s) == 0 ? 0 :
		    GNUTLS_E_CERTIFICATE_ERROR;
	}
	return 0;
}

static int
on_message(gnutls_session_t tls, unsigned type, unsigned when,
	   unsigned incoming, const gnutls_datum_t *message)
{
	struct starttls_session *s = gnutls_session_get_ptr(tls);
	int rc;

	(void)when;
	if (type == GNUTLS_HANDSHAKE_SERVER_HELLO)
		note_suite(s, message);
	if (!incoming)
		return 0;
	rc = bound_work(s, type, message);
	if (rc < 0)
		return rc;
	/* TLS 1.3 has no renegotiation, and its clients need not speak of it */
	if (type == GNUTLS_HANDSHAKE_CLIENT_HELLO &&
	    gnutls_protocol_get_version(tls) < GNUTLS_TLS1_3 &&
	    !gnutls_safe_renegotiation_status(tls))
		return GNUTLS_E_SAFE_RENEGOTIATION_FAILED;
	if (type == GNUTLS_HANDSHAKE_FINISHED)
		s->confirmed = true;
	if (type == GNUTLS_HANDSHAKE_CERTIFICATE_REQUEST)
		starttls_alert_note_request(s, message);
	/* a key that cannot sign is not shown; in TLS 1.3 GnuTLS sees to it */
	if (type == GNUTLS_HANDSHAKE_CERTIFICATE_REQUEST &&
	    gnutls_protocol_get_version(tls) < GNUTLS_TLS1_3 &&
	    s->policy->no_identity != NULL &&
	    !starttls_identity_can_sign(s->policy, message))
		return gnutls_credentials_set(tls, GNUTLS_CRD_CERTIFICATE,
		    s->policy->no_identity);
	if (s->offered_alpn && (type == GNUTLS_HANDSHAKE_SERVER_HELLO ||
	    type == GNUTLS_HANDSHAKE_ENCRYPTED_EXTENSIONS))
		note_extensions(s, type, message);
	if (type != GNUTLS_HANDSHAKE_NEW_SESSION_TICKET)
		return 0;
	/* before TLS 1.3 it comes within the handshake */
	if (gnutls_protocol_get_version(tls) < GNUTLS_TLS1_3)
		s->keep_later = true;
	else if (s->finished && s->kept++ < MAX_TICKETS)
		keep_session(s); /* has the peer's whole chain in it */
	return 0;
}

static int
on_verify(gnutls_session_t tls)
{
	struct starttls_session *s = gnutls_session_get_ptr(tls);
	unsigned count = 0;

	gnutls_free(s->certificates.data);
	s->certificates = (gnutls_datum_t){ NULL, 0 };
	/* a client that shows nothing: is_wanted() decides about it */
	if (starttls_session_is_server(s) &&
	    gnutls_certificate_get_peers(tls, &count) == NULL)
		return 0;
	if (starttls_keys_check(s) != 0)
		return GNUTLS_E_CERTIFICATE_ERROR;
	return starttls_verify(s) == 0 ? 0 : GNUTLS_E_CERTIFICATE_ERROR;
}

struct offer {
	struct starttls_session *session;
	int rc;                    /* GNUTLS_E_* */
};

static void
use_session(void *context, const struct resumable *session)
{
	struct offer *offer = context;

	offer->rc = gnutls_session_set_data(offer->session->tls,
	    session->data, session->len);
	offer->session->offered_session = offer->rc >= 0;
	offer->session->chain_end = session->expires;
	offer->session->offered_note = session->note;
}

/* Returns 0, also if there is none to offer, or GNUTLS_E_*. */
static int
offer_session(struct starttls_session *s)
{
	/* a control session starts from what earlier ones left */
	struct resume *cache = s->is_data ? s->tickets : s->policy->resume;
	struct offer offer = { s, 0 };
	char key[KEY_SIZE];

	if (cache == NULL || s->without_resumption)
		return 0;

	cache_key(s, key);
	starttls_resume_use(cache, key, s->policy->clock(), use_session,
	    &offer);
	/* half a session inside GnuTLS is nothing to go on with */
	return offer.rc == GNUTLS_E_EXPIRED ? 0 : offer.rc;
}

/* What was offered may be what made the handshake fail. */
static void
drop_sessions(const struct starttls_session *s)
{
	char key[KEY_SIZE];

	if (cache_of(s) == NULL)
		return;
	cache_key(s, key);
	starttls_resume_drop(cache_of(s), key);
	if (!s->is_data)
		starttls_resume_drop(s->policy->resume, key);
}

/* No id is registered for data channels. */
static bool
needs_alpn(const struct starttls_session *s)
{
	return !s->is_data && (s->policy->alpn == STARTTLS_ALPN_REQUIRE ||
	    (s->protocol->needs_alpn && s->from == STARTTLS_HANDSHAKE));
}

static bool
is_port(const struct starttls_session *s, const char *usual)
{
	return usual != NULL && strcmp(s->port, usual) == 0;
}

static bool
wants_alpn(const struct starttls_session *s)
{
	const struct starttls_protocol *p = s->protocol;

	if (s->is_data)
		return false;
	if (needs_alpn(s))
		return p->alpn != NULL;
	switch (s->policy->alpn) {
	case STARTTLS_ALPN_OFF:
		return false;
	case STARTTLS_ALPN_ON:
	case STARTTLS_ALPN_REQUIRE:
		return p->alpn != NULL;
	case STARTTLS_ALPN_AUTO:
		break;
	}
	if (s->without_alpn) {
		starttls_session_note(s, STARTTLS_PHASE_HANDSHAKE,
		    "ALPN was refused, and is not offered any more");
		return false;
	}
	return p->alpn != NULL && s->from == STARTTLS_HANDSHAKE &&
	    s->port[0] != '\0' && !is_port(s, p->port_tls) &&
	    !is_port(s, p->port);
}

static int
offer_alpn(struct starttls_session *s)
{
	gnutls_datum_t id = {
		(unsigned char *)(uintptr_t)s->protocol->alpn,
		(unsigned)strlen(s->protocol->alpn)
	};

	return gnutls_alpn_set_protocols(s->tls, &id, 1, 0);
}

/*
 * A client that means another protocol is refused (RFC 7301 section 3.2), so
 * that its requests are not taken for ours (ALPACA), also where no id is
 * registered.
 */
static int
answer_alpn(struct starttls_session *s)
{
	const char *const names[] = { s->protocol->alpn,
	    s->protocol->alpn_in_use, s->protocol->name };
	gnutls_datum_t ids[3];
	unsigned count = 0;
	size_t i;

	if (s->is_data || (s->policy->alpn == STARTTLS_ALPN_OFF &&
	    !needs_alpn(s)))
		return 0;
	for (i = 0; i < (needs_alpn(s) ? 1 : 3); i++)
		if (names[i] != NULL)
			ids[count++] = (gnutls_datum_t){
			    (unsigned char *)(uintptr_t)names[i],
			    (unsigned)strlen(names[i]) };
	return gnutls_alpn_set_protocols(s->tls, ids, count,
	    GNUTLS_ALPN_MANDATORY | GNUTLS_ALPN_SERVER_PRECEDENCE);
}

static int
begin_client(struct starttls_session *s)
{
	int rc = gnutls_credentials_set(s->tls, GNUTLS_CRD_CERTIFICATE,
	    s->policy->credentials);

	if (rc >= 0 && s->name->ip_len == 0)
		rc = gnutls_server_name_set(s->tls, GNUTLS_NAME_DNS,
		    s->name->text, strlen(s->name->text));
	s->offered_alpn = wants_alpn(s);
	if (rc >= 0 && s->offered_alpn)
		rc = offer_alpn(s);
	if (rc >= 0)
		rc = offer_session(s);
	if (rc < 0)
		drop_sessions(s);
	return rc;
}

/*
 * Show the certificate of the name that is asked for.  What is no name is
 * ignored, as the first one is as good as any then.
 */
static int
choose_identity(struct starttls_session *s)
{
	gnutls_session_t tls = s->tls;
	char text[STARTTLS_HOST_SIZE];
	size_t size = sizeof(text) - 1;
	unsigned type = 0;
	struct name name;
	const char *why;

	if (gnutls_server_name_get(tls, text, &size, &type, 0) < 0 ||
	    type != GNUTLS_NAME_DNS)
		return 0;
	text[size] = '\0';
	if (starttls_name_parse(text, &name, &why) != 0)
		return 0;
	*s->name = name;
	s->identity = starttls_identity_for(s->policy, &name);
	return gnutls_credentials_set(tls, GNUTLS_CRD_CERTIFICATE,
	    s->identity->credentials);
}

/*
 * After the ClientHello.  In TLS 1.2 the cipher suite says of which kind the key
 * is, so where there are several, ours is the order, and cheap ones are first.
 */
static int
on_client_hello(gnutls_session_t tls)
{
	struct starttls_session *s = gnutls_session_get_ptr(tls);
	int rc = choose_identity(s);

	if (rc >= 0 && s->identity->count > 1 &&
	    gnutls_protocol_get_version(tls) == GNUTLS_TLS1_2)
		rc = gnutls_priority_set(tls, s->policy->own_order);
	return rc;
}

static int
begin_server(struct starttls_session *s)
{
	static const gnutls_certificate_request_t requests[] = {
		[STARTTLS_CLIENT_CERT_OFF] = GNUTLS_CERT_IGNORE,
		[STARTTLS_CLIENT_CERT_OPTIONAL] = GNUTLS_CERT_REQUEST,
		[STARTTLS_CLIENT_CERT_REQUIRED] = GNUTLS_CERT_REQUIRE,
	};
	const struct starttls_policy *policy = s->policy;
	int rc = answer_alpn(s);

	s->identity = starttls_identity_for(policy, NULL);
	if (rc >= 0)
		rc = gnutls_credentials_set(s->tls, GNUTLS_CRD_CERTIFICATE,
		    s->identity->credentials);
	gnutls_handshake_set_post_client_hello_function(s->tls,
	    on_client_hello);
	gnutls_certificate_server_set_request(s->tls,
	    requests[policy->client_cert]);
	if (rc >= 0 && policy->ticket_key.data != NULL)
		rc = gnutls_session_ticket_enable_server(s->tls,
		    &policy->ticket_key);
	return rc;
}

static unsigned
flags_of(const struct starttls_session *s)
{
	const struct starttls_policy *policy = s->policy;
	unsigned flags = GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL;

	if (starttls_session_is_server(s))
		flags |= GNUTLS_SERVER;
	else /* FORCE: whatever authorities the server lists */
		flags |= GNUTLS_CLIENT | GNUTLS_ENABLE_FALSE_START |
		    GNUTLS_FORCE_CLIENT_CERT;
	if (policy->resume == NULL && policy->ticket_key.data == NULL)
		flags |= GNUTLS_NO_TICKETS;
	return flags;
}

int
starttls_handshake_begin(struct starttls_session *s)
{
	const struct starttls_policy *policy = s->policy;
	int rc;

	rc = gnutls_init(&s->tls, flags_of(s));
	if (rc < 0) {
		s->tls = NULL;
		return starttls_session_fail(s, STARTTLS_E_NOMEM,
		    STARTTLS_PHASE_HANDSHAKE, "out of memory");
	}
	gnutls_session_set_ptr(s->tls, s);
	starttls_tls_attach(s);
	gnutls_handshake_set_max_packet_length(s->tls,
	    starttls_session_is_server(s) ? TLS_MAX_HELLO : TLS_MAX_MESSAGE);
	gnutls_session_set_verify_function(s->tls, on_verify);
	rc = gnutls_priority_set(s->tls, policy->priority);
	if (rc >= 0)
		rc = starttls_session_is_server(s) ? begin_server(s) :
		    begin_client(s);
	if (rc < 0)
		return starttls_tls_fault(s, rc, STARTTLS_PHASE_HANDSHAKE);
	gnutls_handshake_set_hook_function(s->tls, GNUTLS_HANDSHAKE_ANY,
	    GNUTLS_HOOK_POST, on_message);
	s->io.budget = TLS_HANDSHAKE_BUDGET;
	return 0;
}

static int
check_alpn(struct starttls_session *s)
{
	gnutls_datum_t id = { NULL, 0 };
	const char *ours = s->protocol->alpn;
	bool selected = gnutls_alpn_get_selected_protocol(s->tls, &id) >= 0;

	if (s->is_data && !s->answered_alpn)
		return 0;
	/* what a server selected is one of its own */
	if (starttls_session_is_server(s) && (selected || !needs_alpn(s)))
		return 0;
	if (selected && ours != NULL && id.size == strlen(ours) &&
	    memcmp(id.data, ours, id.size) == 0)
		return 0;
	if (!selected && !s->answered_alpn && !needs_alpn(s))
		return 0;
	gnutls_alert_send(s->tls, GNUTLS_AL_FATAL,
	    GNUTLS_A_NO_APPLICATION_PROTOCOL);
	if (starttls_session_is_server(s))
		return starttls_session_fail(s, STARTTLS_E_ALPN,
		    STARTTLS_PHASE_HANDSHAKE,
		    "the client offers no application protocol (ALPN)");
	return starttls_session_fail(s, STARTTLS_E_ALPN,
	    STARTTLS_PHASE_HANDSHAKE,
	    "the peer selected %s application protocol (ALPN)",
	    selected || s->answered_alpn ? "another" : "no");
}

/*
 * Whether the peer is one that the policy wants.  A server that does not ask
 * its clients for a certificate, or where a client needs none, wants any.
 */
static bool
is_wanted(const struct starttls_session *s, bool resumed)
{
	unsigned count = 0;

	if (s->verdict != 0)
		return false;
	if (s->checked)
		return true;
	if (!starttls_session_is_server(s))
		return resumed && s->offered_session;
	if (s->has_leaf)           /* a data channel: the same client */
		return false;
	return s->policy->client_cert != STARTTLS_CLIENT_CERT_REQUIRED &&
	    (s->policy->client_cert == STARTTLS_CLIENT_CERT_OFF ||
	    gnutls_certificate_get_peers(s->tls, &count) == NULL);
}

/* GnuTLS is content; are we? */
static int
finish(struct starttls_session *s)
{
	bool resumed = gnutls_session_is_resumed(s->tls) != 0;
	int rc;

	s->checked = is_wanted(s, resumed);
	if (!s->checked)
		return starttls_session_fail(s, STARTTLS_E_TLS,
		    STARTTLS_PHASE_HANDSHAKE,
		    "the handshake ended without a certificate");
	if (resumed && !starttls_session_is_server(s))
		heed_note(s, s->offered_note);
	rc = check_alpn(s);
	if (rc != 0)
		return rc;
	s->finished = true;
	s->handshake_trips = s->io.round_trips;
	s->io.budget = TLS_READ_BUDGET;
	/* a resumed session brings none, but its data channels need it */
	if (gnutls_protocol_get_version(s->tls) < GNUTLS_TLS1_3 &&
	    !starttls_session_is_server(s) && (!resumed ||
	    (s->protocol->has_data_channels && !s->is_data)))
		s->keep_later = true;
	if ((gnutls_session_get_flags(s->tls) & GNUTLS_SFLAGS_FALSE_START) ==
	    0)
		starttls_handshake_settle(s);
	starttls_session_note(s, STARTTLS_PHASE_HANDSHAKE, "%s%s%s",
	    gnutls_protocol_get_name(gnutls_protocol_get_version(s->tls)),
	    starttls_session_is_server(s) ? "" : ", verified",
	    resumed ? ", resumed" : "");
	return 0;
}

void
starttls_handshake_settle(struct starttls_session *s)
{
	if (!s->keep_later)
		return;
	s->keep_later = false;
	keep_session(s);
}

int
starttls_handshake_step(struct starttls_session *s)
{
	int rc;

	if (s->error.code != 0)
		return s->error.code;
	do {
		rc = gnutls_handshake(s->tls);
		if (rc >= 0)
			return finish(s);
		rc = starttls_tls_fault(s, rc, STARTTLS_PHASE_HANDSHAKE);
	} while (rc == 0);
	if (starttls_is_fatal(rc) && s->offered_session)
		drop_sessions(s);
	return rc;
}
