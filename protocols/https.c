/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * HTTP over TLS: RFC 9110, RFC 9112.
 *
 *	reply  = status *( field CRLF ) CRLF
 *	status = "HTTP/1." DIGIT SP 3DIGIT [ SP [text] ] CRLF
 *	field  = name ":" text / blank text
 *
 * There is no upgrade that anybody uses, so the dedicated port is all.  The
 * harmless exchange asks for the head of "/": whether the page exists, or is
 * for everybody, is not what a check of TLS is about; that the server does not
 * mean this host, or is not well, is.  A field may be longer than our buffer, as
 * policies and cookies are; nobody looks at it.
 */

#include "config.h"

#include "protocol.h"

enum { BEGIN, STATUS, FIELDS, INTERIM };

static const char *const https_states[] = {
	[BEGIN] = "begin", [STATUS] = "HEAD", [FIELDS] = "header fields",
	[INTERIM] = "header fields of an interim reply",
};

static bool
is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

/* Its case matters. */
static bool
is_version(const uint8_t *p)
{
	static const char version[] = "HTTP/1.";
	size_t i = 0;

	while (version[i] != '\0' && p[i] == (uint8_t)version[i])
		i++;
	return version[i] == '\0' && is_digit(p[i]);
}

/* 0: it is no status line. */
static unsigned
status_of(struct bytes line)
{
	const uint8_t *p = line.data;

	if (line.len < 12 || !is_version(p) || p[8] != ' ' || p[9] < '1' ||
	    p[9] > '5' || !is_digit(p[10]) || !is_digit(p[11]) ||
	    (line.len > 12 && p[12] != ' '))
		return 0;
	return (p[9] - '0') * 100u + (p[10] - '0') * 10u + (p[11] - '0');
}

static enum verdict
take_status(struct dialog *d, const struct unit *u, unsigned status)
{
	if (status < 100 || status == 101)
		return malformed(d, u);
	if (status < 200)
		return expect(d, INTERIM);
	/* our request, another host's server, or one that is not well */
	if (status == 400 || status == 421 || (status >= 500 &&
	    status != 501))
		return status == 503 ? refused_for_now(d, u) : refused(d, u);
	return expect(d, FIELDS);
}

static bool
is_field(struct bytes line)
{
	size_t i = 0;

	while (i < line.len && line.data[i] > ' ' && line.data[i] != ':')
		i++;
	return line.data[0] == ' ' || line.data[0] == '\t' ||
	    (i > 0 && i < line.len && line.data[i] == ':');
}

static enum verdict
https_exchange(struct dialog *d, const struct unit *u)
{
	bool is_ipv6 = false, is_more;
	const char *p;

	switch (d->state) {
	case BEGIN:
		for (p = d->peer_name; *p != '\0'; p++)
			is_ipv6 |= *p == ':';
		begin(d, "HEAD / HTTP/1.1");
		begin(d, is_ipv6 ? "Host: [%s]" : "Host: %s", d->peer_name);
		begin(d, "Connection: close");
		return say(d, STATUS, "%s", "");
	case STATUS:
		return u->last ? take_status(d, u, status_of(u->line)) :
		    malformed(d, u);
	case FIELDS:
	case INTERIM:
		is_more = d->seen;
		d->seen = !u->last;
		if (is_more || d->seen)
			return is_more || is_field(u->line) ? more(d) :
			    malformed(d, u);
		if (u->line.len > 0)
			return is_field(u->line) ? more(d) : malformed(d, u);
		return d->state == FIELDS ? done(d) : expect(d, STATUS);
	}
	return bug(d);
}

const struct starttls_protocol starttls_protocol_https = {
	.name = "https",
	.scheme_tls = "https",
	.port_tls = "443",
	.alpn = "http/1.1",
	.rfc = "RFC 9110, RFC 9112",
	.frame = starttls_frame_pieces,
	.exchange_rules = { https_exchange, BEGIN, BEGIN, https_states },
};
