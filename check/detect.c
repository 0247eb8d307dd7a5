/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Which scheme a port has.  Servers speak first, so an attempt with any
 * protocol has either come through or got to know the first words, which say
 * which one it should have been; or TLS comes first, and the words are inside.
 * What is taken is a guess that the real conversation has to prove: nothing but
 * the harmless exchange of a check is said here.
 */

#include "config.h"

#include "detect.h"

#include <stdio.h>
#include <string.h>

#include "loop/loop.h"
#include "port.h"

static const struct {
	const char *words, *protocol;
} greetings[] = {
	{ "* ", "imap" }, { "+OK", "pop3" }, { "-ERR", "pop3" },
	{ "200", "nntp" }, { "201", "nntp" }, { "400", "nntp" },
	{ "502", "nntp" }, { "120", "ftp" },
	/* or FTP's, which an EHLO tells */
	{ "220", "smtp" }, { "421", "smtp" }, { "554", "smtp" },
};

static const char *
protocol_of(const char *words)
{
	size_t i;

	for (i = 0; i < sizeof(greetings) / sizeof(greetings[0]); i++)
		if (strncmp(words, greetings[i].words,
		    strlen(greetings[i].words)) == 0)
			return greetings[i].protocol;
	return NULL;
}

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
attempt(const struct attempt_at *a, const char *scheme, bool tls_first)
{
	int64_t left = (a->deadline_us - loop_now_us()) / 1000;
	char url[PORT_URL_SIZE];

	snprintf(url, sizeof(url), "%s://%s", scheme, a->place);
	converse(a->policy, a->options, url, left < 1 ? 1 : (int)left, a->c);
	if (tls_first)
		check_inside(a->c);
	finish_conversation(a->c);
	a->c->upgrade = NULL;
	a->c->session = NULL;
}

static bool
has_answered(const struct starttls_error *e)
{
	return e->phase == STARTTLS_PHASE_PREAMBLE ||
	    e->phase == STARTTLS_PHASE_SESSION;
}

/* Who greets with 220 and does not know EHLO, RFC 959 section 4.2. */
static bool
is_ftp(const struct conversation *c)
{
	const struct starttls_error *e = &c->error;

	return c->code != 0 && has_answered(e) && (e->reply_code == 500 ||
	    e->reply_code == 502 || e->reply_code == 530);
}

static const char *
look_closer(const struct attempt_at *a, const char *protocol, bool tls_first)
{
	if (strcmp(protocol, "smtp") != 0)
		return scheme_of(protocol, tls_first);
	attempt(a, scheme_of("smtp", tls_first), tls_first);
	return scheme_of(is_ftp(a->c) ? "ftp" : "smtp", tls_first);
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
	const struct starttls_error *e = &c->error;
	bool tls_first;
	const char *protocol;

	attempt(&a, "imap", false);
	if (c->code == 0 || has_answered(e) ||
	    e->phase == STARTTLS_PHASE_HANDSHAKE)
		return "imap";
	tls_first = c->code == STARTTLS_E_NOT_OFFERED;
	if (tls_first)
		attempt(&a, "imaps", true);
	protocol = protocol_of(e->reply);
	if (protocol != NULL)
		return look_closer(&a, protocol, tls_first);
	/* a certificate that is not good has to be told in any case */
	return tls_first ? "imaps" : NULL;
}
