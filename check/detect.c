/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Which scheme a port has.  Most servers speak first, so an attempt with any
 * protocol has either come through or got to know the first words, which say
 * which one it should have been; or TLS comes first, and the words are inside.
 * Who goes on waiting is spoken to in those protocols where clients begin.  What
 * is taken is a guess that the real conversation has to prove: nothing but what a
 * check says is said here.
 */

#include "config.h"

#include "detect.h"

#include <stdio.h>
#include <string.h>

#include "hello.h"
#include "loop/loop.h"
#include "port.h"
#include "speaker.h"

/* For a server's first words: silence, then TLS, then a moment more. */
#define LISTEN_MS (2 * HELLO_TIME_MS + 1000)
#define ASK_MS 2000                /* for an answer */

/* Where clients begin.  The first says a line that most answer, if only to say
   that they do not know it; the last one waits for what it does not get. */
static const char *const askers[] = {
	"irc", "nut", "xmpp", "ldap", "postgres", "rdp",
};
static const char *const askers_inside[] = {
	"https", "ircs", "xmpps", "ldaps", "postgress",
};

static const char *
scheme_of(const char *protocol, bool tls_first)
{
	return starttls_protocol_scheme(starttls_protocol_find(protocol),
	    tls_first ? STARTTLS_HANDSHAKE : STARTTLS_GREETING);
}

struct attempt_at {
	struct starttls_policy *policy;
	const struct starttls_options *options;
	const char *place;
	int64_t deadline_us;
	struct conversation *c;
};

/* As a check would go about it, up to where it can tell no more. */
static void
attempt(const struct attempt_at *a, const char *scheme, bool tls_first,
	int64_t most_ms)
{
	int64_t left = (a->deadline_us - loop_now_us()) / 1000;
	char url[PORT_URL_SIZE];

	if (left > most_ms)
		left = most_ms;
	snprintf(url, sizeof(url), "%s://%s", scheme, a->place);
	converse(a->policy, a->options, url, left < 1 ? 1 : (int)left, a->c);
	if (tls_first)
		check_inside(a->c);
	finish_conversation(a->c);
	a->c->upgrade = NULL;
	a->c->session = NULL;
}

/* As who speaks the protocol does, whatever it says. */
static bool
has_answered(const struct conversation *c, bool tls_first)
{
	const struct starttls_error *e = &c->error;

	if (tls_first)
		return c->code == 0 || (e->phase == STARTTLS_PHASE_SESSION &&
		    e->error_class == STARTTLS_CLASS_REFUSED);
	return c->code == 0 || e->phase == STARTTLS_PHASE_HANDSHAKE ||
	    (e->error_class == STARTTLS_CLASS_REFUSED &&
	    e->protocol[0] != '\0');
}

/* Who greets with 220, and does not know EHLO. */
static bool
is_ignorant(const struct conversation *c)
{
	const struct starttls_error *e = &c->error;

	return c->code != 0 && e->phase != STARTTLS_PHASE_GREETING &&
	    (e->reply_code == 500 || e->reply_code == 502 ||
	    e->reply_code == 530);
}

/* RFC 5321, RFC 2033 and RFC 959 section 4.2 begin alike. */
static const char *
tell_apart(const struct attempt_at *a, bool tls_first)
{
	attempt(a, scheme_of("smtp", tls_first), tls_first, LISTEN_MS);
	if (!is_ignorant(a->c))
		return scheme_of("smtp", tls_first);
	attempt(a, scheme_of("lmtp", tls_first), tls_first, LISTEN_MS);
	return scheme_of(has_answered(a->c, tls_first) &&
	    !is_ignorant(a->c) ? "lmtp" : "ftp", tls_first);
}

/* The first ones, if there was more than that. */
static struct speaker
speaker_in(const struct conversation *c)
{
	return speaker_of(c->report.greeting[0] != '\0' ? c->report.greeting :
	    c->error.reply);
}

/* By the words of the last attempt; NULL: they do not tell. */
static const char *
scheme_by_words(const struct attempt_at *a, bool tls_first)
{
	const struct speaker s = speaker_in(a->c);

	switch (s.kind) {
	case SPEAKER_KNOWN:
	case SPEAKER_XMPP:
		return scheme_of(s.protocol, tls_first);
	case SPEAKER_SMTP_OR_FTP:
		return tell_apart(a, tls_first);
	case SPEAKER_STRANGER:
		return s.protocol != NULL && tls_first ?
		    scheme_of(s.protocol, true) : NULL;
	case SPEAKER_TLS:
	case SPEAKER_UNKNOWN:
		return NULL;
	}
	return NULL;
}

static bool
is_silent(const struct conversation *c)
{
	return c->code == STARTTLS_E_TIMEOUT && c->error.reply[0] == '\0' &&
	    (c->error.phase == STARTTLS_PHASE_GREETING ||
	    c->error.phase == STARTTLS_PHASE_SESSION);
}

/* Who is silent may wait for us.  If nobody has an answer, that silence is what
   there is to tell. */
static const char *
ask(const struct attempt_at *a, const char *const *schemes, size_t count,
    bool tls_first)
{
	const struct conversation silent = *a->c;
	const char *found;
	size_t i;

	for (i = 0; i < count && loop_now_us() < a->deadline_us; i++) {
		attempt(a, schemes[i], tls_first, ASK_MS);
		found = scheme_by_words(a, tls_first);
		if (found == NULL && has_answered(a->c, tls_first))
			found = schemes[i];
		if (found != NULL ||
		    speaker_in(a->c).kind == SPEAKER_STRANGER)
			return found;
	}
	*a->c = silent;
	return NULL;
}

#define ASK(a, schemes, tls_first) \
	ask(a, schemes, sizeof(schemes) / sizeof((schemes)[0]), tls_first)

/* TLS comes first.  What is inside is not worth a failure: a certificate that is
   not good has to be told in any case. */
static const char *
detect_inside(const struct attempt_at *a)
{
	const char *scheme;

	attempt(a, "imaps", true, LISTEN_MS);
	if (a->c->code == 0)
		return "imaps";
	scheme = scheme_by_words(a, true);
	if (scheme == NULL && is_silent(a->c))
		scheme = ASK(a, askers_inside, true);
	return scheme != NULL ? scheme : "tls";
}

const char *
detect_scheme(struct starttls_policy *policy,
	      const struct starttls_options *options, const char *place,
	      int timeout_ms, struct conversation *c)
{
	const struct attempt_at a = {
		policy, options, place,
		loop_now_us() + 1000 * (int64_t)timeout_ms, c,
	};
	const char *scheme;

	attempt(&a, "imap", false, LISTEN_MS);
	if (has_answered(c, false))
		return "imap";
	if (c->code == STARTTLS_E_NOT_OFFERED)
		return detect_inside(&a);
	scheme = scheme_by_words(&a, false);
	if (scheme == NULL && is_silent(c))
		scheme = ASK(&a, askers, false);
	return scheme;
}
