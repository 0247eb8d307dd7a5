/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * What a person could do about it: by the code, and by what is known of the
 * certificates.  Advice never says to trust more than the person means to.
 */

#include "config.h"

#include "advice.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "conversation.h"
#include "port.h"
#include "speaker.h"
#include "words/complain.h"

/* RFC 8446 section 6 */
#define ALERT_BAD_CERTIFICATE 42
#define ALERT_ACCESS_DENIED 49
#define ALERT_CERTIFICATE_REQUIRED 116
#define ALERT_NO_APPLICATION_PROTOCOL 120 /* RFC 7301 section 3.2 */

/* ---- who else it may be ---- */

/* The first words of the server, if they have not led to anything. */
static const char *
words_of(const struct conversation *c)
{
	const struct starttls_error *e = &c->error;
	const bool is_new = c->report.greeting[0] == '\0';

	switch (e->code) {
	case STARTTLS_E_PROTOCOL:
	case STARTTLS_E_LIMIT:
	case STARTTLS_E_TIMEOUT:
	case STARTTLS_E_EOF:
	case STARTTLS_E_NOT_TLS:   /* what follows a go-ahead is no greeting */
		return is_new || e->phase == STARTTLS_PHASE_SESSION ?
		    e->reply : c->report.greeting;
	case STARTTLS_E_EARLY_DATA: /* of who speaks first, and was not asked */
		return is_new && e->phase != STARTTLS_PHASE_SESSION ?
		    e->reply : "";
	case STARTTLS_E_NOT_OFFERED:
		return c->report.greeting;
	case STARTTLS_E_REFUSED:   /* a command that nobody there knows */
		return e->reply_code == 500 || e->reply_code == 502 ?
		    c->report.greeting : "";
	default:
		return "";
	}
}

static bool
is_ambiguous(const struct speaker *s)
{
	return s->kind == SPEAKER_SMTP_OR_FTP || s->kind == SPEAKER_XMPP;
}

/* Of the protocols that greet alike the one whose port it is. */
static const char *
likely(const struct speaker *s, const struct starttls_url *url)
{
	const char *scheme = port_scheme(url->port);

	if (is_ambiguous(s) && scheme != NULL &&
	    speaker_is_alike(s->protocol, scheme))
		return scheme;
	return s->protocol;
}

/* Whether the words could as well be those of who was meant. */
static bool
may_be(const struct speaker *s, const struct starttls_url *url)
{
	const char *name = starttls_protocol_scheme(url->protocol,
	    STARTTLS_GREETING);

	if (is_ambiguous(s))
		return speaker_is_alike(s->protocol, name);
	return strcmp(s->protocol, name) == 0 ||
	    (strcmp(s->protocol, "smtp") == 0 &&
	    strcmp(name, "submission") == 0);
}

/* The scheme of who speaks so, there where we have met it; NULL: it is right as
   it is, or not known. */
static const char *
better_scheme(const struct speaker *s, const struct starttls_url *url,
	      const struct starttls_error *e)
{
	const struct starttls_protocol *p = url->protocol;
	const enum starttls_stage stage = e->phase == STARTTLS_PHASE_SESSION ?
	    STARTTLS_HANDSHAKE : STARTTLS_GREETING;
	const char *scheme;

	if (s->kind == SPEAKER_TLS) {
		scheme = starttls_protocol_scheme(p, STARTTLS_HANDSHAKE);
		return scheme != NULL ? scheme : "tls";
	}
	if (may_be(s, url))        /* but it was in the clear */
		return e->code == STARTTLS_E_NOT_TLS &&
		    url->from == STARTTLS_HANDSHAKE ?
		    starttls_protocol_scheme(p, stage) : NULL;
	return starttls_protocol_scheme(starttls_protocol_find(
	    likely(s, url)), stage);
}

/* False: nothing is known of anybody else. */
static bool
advise_another(const char *text, const struct conversation *c, char *buf)
{
	const struct speaker s = speaker_of(words_of(c));
	struct starttls_url url = { .size = sizeof(url) };
	struct starttls_error ignored;
	char better[PORT_URL_SIZE];
	const char *scheme;

	if (s.kind == SPEAKER_STRANGER && (s.protocol == NULL ||
	    c->error.phase != STARTTLS_PHASE_SESSION)) {
		snprintf(buf, ADVICE_SIZE, "this is how %s begins: is this the "
		    "right port?", s.name);
		return true;
	}
	if (s.kind == SPEAKER_UNKNOWN ||
	    starttls_url_parse(text, &url, NULL) != 0)
		return false;
	scheme = better_scheme(&s, &url, &c->error);
	if (scheme == NULL)
		return false;
	port_other_url(&url, scheme, better, sizeof(better));
	if (port_check(better, &ignored) != 0)
		return false;      /* which would be told to come back */
	snprintf(buf, ADVICE_SIZE, "%s: use %.280s", s.kind == SPEAKER_TLS ?
	    "TLS comes first on this port" : may_be(&s, &url) ?
	    "TLS does not come first on this port" :
	    "this looks like another protocol", better);
	return true;
}

/* What the port would be for. */
static bool
advise_by_port(const char *text, const struct conversation *c, char *buf)
{
	struct starttls_url url = { .size = sizeof(url) };
	char better[PORT_URL_SIZE];
	const char *scheme;

	if ((c->error.code != STARTTLS_E_PROTOCOL &&
	    c->error.code != STARTTLS_E_LIMIT &&
	    c->error.code != STARTTLS_E_TIMEOUT &&
	    c->error.code != STARTTLS_E_NOT_TLS &&
	    c->error.code != STARTTLS_E_EOF) ||
	    starttls_url_parse(text, &url, NULL) != 0 ||
	    starttls_protocol_port(url.protocol, url.from) == NULL)
		return false;
	scheme = port_scheme(url.port);
	if (scheme == NULL || strcmp(starttls_protocol_port(url.protocol,
	    url.from), url.port) == 0)
		return false;
	port_other_url(&url, scheme, better, sizeof(better));
	snprintf(buf, ADVICE_SIZE, "this port is usually that of another "
	    "protocol: try %.280s", better);
	return true;
}

/* ---- by the code ---- */

/* A scheme with an s, such as imaps, and one without. */
static bool
is_dedicated(const char *url)
{
	struct starttls_url parsed = { .size = sizeof(parsed) };

	return starttls_url_parse(url, &parsed, NULL) == 0 &&
	    parsed.from == STARTTLS_HANDSHAKE &&
	    strcmp(starttls_protocol_scheme(parsed.protocol,
	    STARTTLS_GREETING), starttls_protocol_scheme(parsed.protocol,
	    STARTTLS_HANDSHAKE)) != 0;
}

static bool
has_dedicated(const char *url)
{
	struct starttls_url parsed = { .size = sizeof(parsed) };

	return starttls_url_parse(url, &parsed, NULL) != 0 ||
	    starttls_protocol_scheme(parsed.protocol, STARTTLS_HANDSHAKE) !=
	    NULL;
}

/* Who trusts more has not mended what the server fails to send, and others
   will stumble over it. */
static const char *
advice_about_trust(int code)
{
	switch (code) {
	case STARTTLS_E_INCOMPLETE:
		return "have the server send its intermediate certificates as "
		    "well, as in the file fullchain.pem (starttls explain "
		    "chain-incomplete)";
	case STARTTLS_E_DISORDERED:
		return "have the server send its own certificate first, and "
		    "behind it that of its issuer, as in the file "
		    "fullchain.pem";
	case STARTTLS_E_SELF_SIGNED:
		return "if it is your own, name it with --accept-peer "
		    "(starttls report shows how)";
	case STARTTLS_E_PRIVATE_ROOT:
		return "if this is your own authority, name its root with "
		    "--ca-file; get it from who runs it, as what a server "
		    "sends proves nothing";
	default:
		return "if that is an intermediate authority, have the server "
		    "send its certificate as well; if it is the root of your "
		    "own, name it with --ca-file";
	}
}

/* Servers that want a client certificate say so in many ways, or just go. */
static const char *
advice_about_ours(const struct conversation *c)
{
	int alert = c->error.alert;

	switch ((enum starttls_own_certificate)c->report.own_certificate) {
	case STARTTLS_OWN_NOT_ASKED:
		break;
	case STARTTLS_OWN_MISSING:
		return "if it wants a client certificate, name one with --cert "
		    "and --key";
	case STARTTLS_OWN_UNFIT:
		return "the client certificate needs a key of another kind, "
		    "such as ECDSA or RSA";
	case STARTTLS_OWN_SHOWN:
		if (alert == ALERT_CERTIFICATE_REQUIRED ||
		    (alert >= ALERT_BAD_CERTIFICATE &&
		    alert <= ALERT_ACCESS_DENIED))
			return "the server has to trust the authority of the "
			    "client certificate; its log may say more";
		break;
	}
	return "";
}

/* Names stand in subjectAltName, addresses there as such. */
static const char *
advice_about_name(const struct conversation *c)
{
	struct starttls_cert leaf = { .size = sizeof(leaf) };
	const char *host = c->report.host, *at;

	if (conversation_cert(c, 0, &leaf) == 0 && leaf.names[0] == '\0')
		return "the certificate has no subjectAltName, and its common "
		    "name does not count: it needs a new one, or to be named "
		    "with --accept-peer (starttls report shows how)";
	at = strstr(leaf.names, host);
	if ((strspn(host, "0123456789.") == strlen(host) ||
	    strchr(host, ':') != NULL) && at != NULL && at >= leaf.names + 4 &&
	    strncmp(at - 4, "DNS:", 4) == 0)
		return "its subjectAltName has the address as a DNS name, and "
		    "not as an IP address: it needs a new one";
	return "use a name that the certificate has in the URL, with "
	    "--connect if that leads elsewhere";
}

/* Of the name in EHLO or LHLO, in all words that servers have for it. */
static bool
dislikes_our_name(const struct starttls_error *e)
{
	return strstr(e->state, "HLO") != NULL && (e->reply_code == 450 ||
	    e->reply_code == 501 || e->reply_code == 504 ||
	    e->reply_code == 550 || e->reply_code == 553 ||
	    e->reply_code == 554);
}

static const char *
advice_about(const char *url, const struct conversation *c)
{
	const struct starttls_error *error = &c->error;

	switch (error->code) {
	case STARTTLS_E_RESOLVE:
		return error->sys_errno != 0 ? "" :
		    "is the name spelled correctly?";
	case STARTTLS_E_EXPIRED:
		return error->depth > 0 ? "the server sends an old one of an "
		    "authority: have it send the renewed one" :
		    error->depth < 0 ? "renew that anchor in the trust store, "
		    "or in the file of --ca-file" :
		    "the server needs a new certificate, or has one and was "
		    "not told to load it";
	case STARTTLS_E_UNTRUSTED:
	case STARTTLS_E_INCOMPLETE:
	case STARTTLS_E_SELF_SIGNED:
	case STARTTLS_E_PRIVATE_ROOT:
	case STARTTLS_E_DISORDERED:
		return advice_about_trust(error->code);
	case STARTTLS_E_NAME_MISMATCH:
		return advice_about_name(c);
	case STARTTLS_E_PEER_MISMATCH:
		return "if it has a new certificate, and its owner confirms "
		    "that this is it, give it to --accept-peer";
	case STARTTLS_E_TLSA_MISMATCH:
		return "the records are out of date, or this is another server";
	case STARTTLS_E_ALERT:
	case STARTTLS_E_TLS:       /* cleartext, from who goes on in it */
	case STARTTLS_E_EOF:
	case STARTTLS_E_TRUNCATED:
	case STARTTLS_E_IO:
		return advice_about_ours(c);
	case STARTTLS_E_NOT_TLS:
		return is_dedicated(url) ? "this may be a port for the scheme "
		    "without the s" : "";
	case STARTTLS_E_REFUSED:
	case STARTTLS_E_REFUSED_TEMPORARY:
		return dislikes_our_name(error) ? "it may not like the name "
		    "that we gave: say another with --client-name" : "";
	case STARTTLS_E_NOT_OFFERED:
		if (error->protocol[0] == '\0') /* see hello_explain */
			return "";
		return has_dedicated(url) ?
		    "try the dedicated port (the scheme with an s)" :
		    "there is no dedicated port: the server has to be told to "
		    "offer it";
	case STARTTLS_E_TIMEOUT:
		if (error->phase != STARTTLS_PHASE_GREETING ||
		    error->reply[0] != '\0')
			return "";
		return has_dedicated(url) ?
		    "a port that wants TLS at once is silent too: try the "
		    "scheme with an s, or --timeout" :
		    "a port that wants TLS at once is silent too: try the "
		    "scheme tls, or --timeout";
	case STARTTLS_E_PROTOCOL:
		if (error->phase == STARTTLS_PHASE_GREETING)
			return "is this the right protocol and port?";
		return "";
	case STARTTLS_E_EARLY_DATA:
		return error->phase == STARTTLS_PHASE_SESSION ? "" :
		    "somebody may be tampering with the connection";
	default:
		return "";
	}
}

void
advise(const char *url, const struct conversation *c, char *buf)
{
	const char *text;

	buf[0] = '\0';
	if (advise_another(url, c, buf) || advise_by_port(url, c, buf))
		return;
	text = advice_about(url, c);
	if (c->error.alert == ALERT_NO_APPLICATION_PROTOCOL)
		text = "this may be a front for HTTP: try --alpn off";
	/* then there were two connections, and one may be all there is */
	else if (c->report.alpn_refused && text[0] == '\0')
		text = "a first connection was refused because of ALPN: try "
		    "--alpn off";
	snprintf(buf, ADVICE_SIZE, "%s", text);
}

void
complain_of(const char *url, struct conversation *c)
{
	char text[ADVICE_SIZE];

	if (c->error.address[0] == '\0')
		snprintf(c->error.address, sizeof(c->error.address), "%s",
		    c->report.address);
	advise(url, c, text);
	complain_about(url, &c->error, starttls_code_name(c->error.code),
	    text);
}
