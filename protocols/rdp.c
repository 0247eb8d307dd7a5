/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * RDP, remote desktops: MS-RDPBCGR sections 2.2.1.1, 2.2.1.2 and 5.4, X.224
 * section 13, RFC 1006.
 *
 *	tpkt     = %x03 %x00 uint16 tpdu                ; big endian, counts all
 *	request  = %x0e %xe0 4*4OCTET %x00 negotiation  ; Connection Request
 *	confirm  = length %xd0 4*4OCTET %x00 [ negotiation ]
 *	negotiation = type flags %x0800 uint32          ; little endian
 *
 * The client speaks first, and TLS begins right behind a confirmation that
 * selects it: three round trips.  We ask for TLS and for TLS with CredSSP in
 * it, which is the same TLS, as many hosts refuse whoever does not know that.
 * No user's name is sent in front (the cookie "mstshash").  A confirmation that
 * selects nothing, or RDP's own cryptography, has no TLS.
 *
 * There is nothing harmless to say inside TLS: the next message would be a
 * login.
 */

#include "config.h"

#include "protocol.h"

enum { NEGOTIATED = 2, FAILED = 3 };   /* types of a negotiation */
enum { CLASSIC = 0, SSL = 1, HYBRID = 2 };
#define CONFIRM 0xd0
#define DISCONNECT 0x80

enum { START, REQUEST };

static const char *const rdp_states[] = {
	[START] = "start", [REQUEST] = "connection request",
};

static const uint8_t request[] = { 3, 0, 0, 19, 14, 0xe0, 0, 0, 0, 0, 0,
    1, 0, 8, 0, SSL | HYBRID, 0, 0, 0 };

static const char *const failures[] = {
	"failure", "SSL_REQUIRED_BY_SERVER", "SSL_NOT_ALLOWED_BY_SERVER",
	"SSL_CERT_NOT_ON_SERVER", "INCONSISTENT_FLAGS",
	"HYBRID_REQUIRED_BY_SERVER", "SSL_WITH_USER_AUTH_REQUIRED_BY_SERVER",
};
#define FAILURES (sizeof(failures) / sizeof(failures[0]))

/*
 * A confirmation is of 11 bytes, or of 19 with a negotiation: its type becomes
 * the kind, what it selects or complains about the id.
 */
static bool
read_confirm(struct unit *u)
{
	const uint8_t *data = u->line.data;

	/* the reference is ours, which is 0; class 0 without options */
	if (data[6] != 0 || data[7] != 0 || data[10] != 0)
		return false;
	u->name = "connection confirm";
	if (u->line.len == 11)
		return true;
	if (u->line.len != 19 || bytes_le(data + 13, 2) != 8)
		return false;
	u->kind = data[11];
	u->id = bytes_le(data + 15, 4);
	if (u->kind == FAILED)
		u->name = failures[u->id < FAILURES ? u->id : 0];
	return u->kind == NEGOTIATED || u->kind == FAILED;
}

static bool
rdp_read(struct unit *u)
{
	const uint8_t *data = u->line.data;

	if (u->line.len < 11 || data[4] != u->line.len - 5)
		return false;
	if (data[5] == DISCONNECT)
		u->name = "disconnect request";
	else if (data[5] != CONFIRM || !read_confirm(u))
		return false;
	u->line.len = 0;
	return true;
}

static enum verdict
confirmed(struct dialog *d, const struct unit *u)
{
	if (u->text.data[5] == DISCONNECT || u->kind == FAILED)
		return refused(d, u);
	if (u->kind == 0 || u->id == CLASSIC)
		return not_offered(d, u);
	return u->id == SSL || u->id == HYBRID ? upgrade(d) :
	    malformed(d, u);
}

static enum verdict
rdp_upgrade(struct dialog *d, const struct unit *u)
{
	switch (d->state) {
	case START:
		named(d, "connection request");
		return put(d, REQUEST, request, sizeof(request));
	case REQUEST:
		return confirmed(d, u);
	}
	return bug(d);
}

const struct starttls_protocol starttls_protocol_rdp = {
	.name = "rdp",
	.port = "3389",
	.rfc = "MS-RDPBCGR",
	.goes_on = true,
	.frame = starttls_frame_tpkt,
	.read = rdp_read,
	.upgrade_rules = { rdp_upgrade, START, START, rdp_states },
};
