/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * XMPP, of clients and of servers: RFC 6120 sections 4, 5 and 13.7, RFC 7590,
 * XEP-0368.
 *
 *	stream   = [ declaration ] header ( features / error ) ...
 *	header   = <stream:stream from id version xmlns xmlns:stream ...>
 *	features = <stream:features> *( <starttls/> / any ) </stream:features>
 *	answer   = <proceed/> / <failure/> / error
 *	error    = <stream:error> <condition/> any </stream:error>
 *
 * A tag is a unit, and src/xml.h says what XML is taken; names are those of
 * namespaces, whatever their prefixes.  White space may stand between elements
 * at any time, also in front of <proceed/>, as the server may have sent it
 * before it had our <starttls/> (section 5.3.3); TLS begins right behind the
 * '>' of <proceed/>.  The header is sent alone: four round trips.  (XEP-0305
 * has <starttls/> in the same write, unasked: three.)
 *
 * Who is meant, to='...', is the name that is verified, wherever SRV records
 * have led (section 13.7.2).  What the server calls itself in the clear may be
 * another of its names (section 4.7.1), so only that it says something is looked
 * at.  Its <see-other-host/> is a refusal: in the clear nobody vouches for it.
 */

#include "config.h"

#include "protocol.h"

#define opens starttls_xml_opens
#define attribute starttls_xml_attribute

/* What there is room for beside the longest name of a server. */
#define MAX_FROM 120

enum { OTHER, STREAM, CLIENT, SERVER, TLS, ERRORS };

static const char *const spaces[] = {
	[STREAM - 1] = "http://etherx.jabber.org/streams",
	[CLIENT - 1] = "jabber:client",
	[SERVER - 1] = "jabber:server",
	[TLS - 1] = "urn:ietf:params:xml:ns:xmpp-tls",
	[ERRORS - 1] = "urn:ietf:params:xml:ns:xmpp-streams",
	[ERRORS] = NULL,
};

static const char starttls[] =
	"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";
static const char end[] = "</stream:stream>";

enum { START, READY, HEADER, FEATURES, LIST, STARTTLS, PROCEED, ERROR,
       BEGIN, INNER_HEADER, INNER_FEATURES, INNER_LIST, CLOSE };

static const char *const xmpp_states[] = {
	[START] = "start", [READY] = "ready", [HEADER] = "stream header",
	[FEATURES] = "stream features", [LIST] = "list of features",
	[STARTTLS] = "starttls", [PROCEED] = "starttls",
	[ERROR] = "stream error", [BEGIN] = "begin",
	[INNER_HEADER] = "stream header inside TLS",
	[INNER_FEATURES] = "stream features inside TLS",
	[INNER_LIST] = "list of features inside TLS",
	[CLOSE] = "end of the stream",
};

static ssize_t
xmpp_frame(struct framer *f, const uint8_t *data, size_t len,
	   struct unit *ret_unit)
{
	return starttls_xml_frame(f, spaces, data, len, ret_unit);
}

/* A domain as it may stand between quotes; EHLO's names have more. */
static bool
is_domain(const char *name)
{
	const char *at;

	for (at = name; (*at >= 'a' && *at <= 'z') || *at == '-' ||
	    (*at >= 'A' && *at <= 'Z') || *at == '.' || *at == '_' ||
	    (*at >= '0' && *at <= '9'); at++)
		continue;
	return *at == '\0' && at - name < MAX_FROM;
}

/* Servers say who they are, RFC 6120 section 4.7.1. */
static enum verdict
open_stream(struct dialog *d, unsigned next, unsigned content)
{
	bool has_from = content == SERVER && is_domain(d->own_name);
	char to[DOMAIN_SIZE];

	starttls_domain(to, d->peer_name);
	return put_text(d, next, "<?xml version='1.0'?><stream:stream "
	    "%s%s%sto='%s' version='1.0' xmlns='%s' xmlns:stream='%s'>",
	    has_from ? "from='" : "", has_from ? d->own_name : "",
	    has_from ? "' " : "", to, spaces[content - 1],
	    spaces[STREAM - 1]);
}

/* RFC 6120 section 4.7.5: none is 0.9, which knows no features. */
static bool
has_features(const struct unit *u)
{
	struct bytes version;

	return attribute(u->line, "version", &version) &&
	    starttls_xml_number(version) > 0;
}

static enum verdict
stream_opened(struct dialog *d, const struct unit *u, unsigned next,
	      unsigned content)
{
	struct bytes value;

	if (u->depth == 0)         /* the declaration */
		return more(d);
	if (!opens(u, 1, STREAM, "stream") || u->last ||
	    u->inner == (content == CLIENT ? SERVER : CLIENT) ||
	    !attribute(u->line, "id", &value) ||
	    value.len == 0 ||
	    !attribute(u->line, "from", &value))
		return malformed(d, u);
	return has_features(u) ? expect(d, next) : not_offered(d, u);
}

/* What may come in place of anything: an error, or the end of the stream. */
static enum verdict
end_or_malformed(struct dialog *d, const struct unit *u)
{
	if (opens(u, 2, STREAM, "error"))
		return u->last ? refused(d, u) : expect(d, ERROR);
	return u->depth == 1 && u->last ? refused(d, u) : malformed(d, u);
}

/* RFC 6120 section 4.9.3, those that do not last. */
static bool
is_passing(const struct unit *u)
{
	return opens(u, 3, ERRORS, "resource-constraint") ||
	    opens(u, 3, ERRORS, "system-shutdown") ||
	    opens(u, 3, ERRORS, "reset") ||
	    opens(u, 3, ERRORS, "internal-server-error") ||
	    opens(u, 3, ERRORS, "remote-connection-failed") ||
	    opens(u, 3, ERRORS, "connection-timeout");
}

/* What is wrong says the condition; text and what is of the application may
   stand in front of it. */
static enum verdict
stream_failed(struct dialog *d, const struct unit *u)
{
	if (is_passing(u))
		return refused_for_now(d, u);
	if (u->first && u->depth == 3 && u->space == ERRORS &&
	    !opens(u, 3, ERRORS, "text"))
		return refused(d, u);
	return u->last && u->depth == 2 ? refused(d, u) : more(d);
}

static enum verdict
proceeded(struct dialog *d, const struct unit *u)
{
	if (opens(u, 2, TLS, "proceed"))
		return u->last ? upgrade(d) : expect(d, PROCEED);
	return opens(u, 2, TLS, "failure") ? refused(d, u) :
	    end_or_malformed(d, u);
}

static enum verdict
xmpp_upgrade(struct dialog *d, const struct unit *u, unsigned content)
{
	switch (d->state) {
	case START:
		return open_stream(d, HEADER, content);
	case READY:
		enter_element(d);
		return put(d, STARTTLS, starttls, sizeof(starttls) - 1);
	case HEADER:
		return stream_opened(d, u, FEATURES, content);
	case FEATURES:
		if (!opens(u, 2, STREAM, "features"))
			return end_or_malformed(d, u);
		return u->last ? not_offered(d, u) : expect(d, LIST);
	case LIST:
		d->seen = d->seen || opens(u, 3, TLS, "starttls");
		if (u->depth > 2 || !u->last)
			return more(d);
		return d->seen ? put(d, STARTTLS, starttls,
		    sizeof(starttls) - 1) : not_offered(d, u);
	case STARTTLS:
		return proceeded(d, u);
	case PROCEED:
		/* as good as <proceed/>, if there is nothing in it */
		return u->depth == 2 && u->last ? upgrade(d) :
		    malformed(d, u);
	case ERROR:
		return stream_failed(d, u);
	}
	return bug(d);
}

/* What the server offers inside TLS is nothing that a check depends on. */
static enum verdict
xmpp_exchange(struct dialog *d, const struct unit *u, unsigned content)
{
	switch (d->state) {
	case BEGIN:
		return open_stream(d, INNER_HEADER, content);
	case INNER_HEADER:
		return stream_opened(d, u, INNER_FEATURES, content);
	case INNER_FEATURES:
		if (!opens(u, 2, STREAM, "features"))
			return end_or_malformed(d, u);
		return u->last ? put_goodbye(d, CLOSE, end, sizeof(end) - 1) :
		    expect(d, INNER_LIST);
	case INNER_LIST:
		return u->depth == 2 && u->last ?
		    put_goodbye(d, CLOSE, end, sizeof(end) - 1) : more(d);
	case CLOSE:
		return done(d);
	case ERROR:
		return stream_failed(d, u);
	}
	return bug(d);
}

static enum verdict
client_upgrade(struct dialog *d, const struct unit *u)
{
	return xmpp_upgrade(d, u, CLIENT);
}

static enum verdict
client_exchange(struct dialog *d, const struct unit *u)
{
	return xmpp_exchange(d, u, CLIENT);
}

static enum verdict
server_upgrade(struct dialog *d, const struct unit *u)
{
	return xmpp_upgrade(d, u, SERVER);
}

static enum verdict
server_exchange(struct dialog *d, const struct unit *u)
{
	return xmpp_exchange(d, u, SERVER);
}

const struct starttls_protocol starttls_protocol_xmpp = {
	.name = "xmpp",
	.scheme_tls = "xmpps",
	.port = "5222",
	.port_tls = "5223",
	.alpn = "xmpp-client",
	.srv_id = "_xmpp-client",
	.has_xmpp_addr = true,
	.rfc = "RFC 6120",
	.frame = xmpp_frame,
	.upgrade_rules = { client_upgrade, START, READY, xmpp_states },
	.exchange_rules = { client_exchange, BEGIN, BEGIN, xmpp_states },
};

const struct starttls_protocol starttls_protocol_xmpp_server = {
	.name = "xmpp-server",
	.scheme_tls = "xmpps-server",
	.port = "5269",
	.port_tls = "5270",
	.alpn = "xmpp-server",
	.srv_id = "_xmpp-server",
	.has_xmpp_addr = true,
	.rfc = "RFC 6120",
	.frame = xmpp_frame,
	.upgrade_rules = { server_upgrade, START, READY, xmpp_states },
	.exchange_rules = { server_exchange, BEGIN, BEGIN, xmpp_states },
};
