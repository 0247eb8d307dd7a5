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
#include "words/complain.h"

/* RFC 8446 section 6 */
#define ALERT_BAD_CERTIFICATE 42
#define ALERT_ACCESS_DENIED 49
#define ALERT_CERTIFICATE_REQUIRED 116
#define ALERT_NO_APPLICATION_PROTOCOL 120 /* RFC 7301 section 3.2 */

/* A scheme with an s, such as imaps. */
static bool
is_dedicated(const char *url)
{
	struct starttls_url parsed = { .size = sizeof(parsed) };
	struct starttls_error ignored;

	return starttls_url_parse(url, &parsed, &ignored) == 0 &&
	    parsed.from == STARTTLS_HANDSHAKE &&
	    starttls_protocol_port(parsed.protocol, parsed.from) != NULL;
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
		return "try the dedicated port (the scheme with an s)";
	case STARTTLS_E_TIMEOUT:
		if (error->phase == STARTTLS_PHASE_GREETING)
			return "a port that wants TLS at once is silent too: "
			    "try the scheme with an s, or --timeout";
		return "";
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

const char *
advice(const char *url, const struct conversation *c)
{
	const char *text = advice_about(url, c);

	if (c->error.alert == ALERT_NO_APPLICATION_PROTOCOL)
		return "this may be a front for HTTP: try --alpn off";
	/* then there were two connections, and one may be all there is */
	if (c->report.alpn_refused && text[0] == '\0')
		return "a first connection was refused because of ALPN: try "
		    "--alpn off";
	return text;
}

void
complain_of(const char *url, struct conversation *c)
{
	if (c->error.address[0] == '\0')
		snprintf(c->error.address, sizeof(c->error.address), "%s",
		    c->report.address);
	complain_about(url, &c->error, starttls_code_name(c->error.code),
	    advice(url, c));
}

