/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * LDAP: RFC 4511, section 4.14 for the upgrade; RFC 4513 section 3.
 *
 * What servers say is read by src/ldap.c.
 *
 * The client speaks first.  The go-ahead is an ExtendedResponse to our
 * messageID, with the name of StartTLS if it has any, and resultCode success;
 * its last octet is the last one in the clear.  A message with messageID 0 is an
 * unsolicited notification: that of disconnection is a refusal, others are
 * advisory (section 4.4), and nothing is kept of them.  Referrals are not
 * followed: nobody knows yet who gives them.
 *
 * The exchange reads the root DSE, none of its attributes, and unbinds.
 *
 * As a server we read what we act on, to its end, and controls; a request that
 * has to wait for TLS is not looked into, as it may be a bind.
 */

#include "config.h"

#include "protocol.h"

#define STARTTLS_OID "1.3.6.1.4.1.1466.20037"
#define DISCONNECTION_OID "1.3.6.1.4.1.1466.20036"

enum { ASK, STARTTLS, BEGIN, SEARCH };

static const char *const ldap_states[] = {
	[ASK] = "start", [STARTTLS] = "StartTLS", [BEGIN] = "begin",
	[SEARCH] = "root DSE",
};

enum { START_ID = 1, SEARCH_ID };

static const char start_request[] =
    "\x30\x1d\x02\x01\x01\x77\x18\x80\x16" STARTTLS_OID;
static const char search_request[] =
    "\x30\x2a\x02\x01\x02\x63\x25\x04\x00\x0a\x01\x00\x0a\x01\x00"
    "\x02\x01\x00\x02\x01\x00\x01\x01\x00\x87\x0b" "objectClass"
    "\x30\x05\x04\x03" "1.1";
static const char unbind_request[] = "\x30\x05\x02\x01\x03\x42\x00";

static enum verdict
no(struct dialog *d, const struct unit *u)
{
	return starttls_ldap_says_later(u) ? refused_for_now(d, u) :
	    refused(d, u);
}

static enum verdict
notified(struct dialog *d, const struct unit *u)
{
	return starttls_ldap_is_disconnection(u) ? no(d, u) : more(d);
}

static enum verdict
ldap_upgrade(struct dialog *d, const struct unit *u)
{
	switch (d->state) {
	case ASK:
		named(d, "StartTLS");
		return put(d, STARTTLS, start_request,
		    sizeof(start_request) - 1);
	case STARTTLS:
		if (starttls_ldap_is_notification(u))
			return notified(d, u);
		if (u->id != START_ID || u->kind != LDAP_EXTENDED_RESPONSE ||
		    (u->text.data != NULL &&
		    !bytes_equal(u->text, STARTTLS_OID)))
			return malformed(d, u);
		return u->code == LDAP_SUCCESS ? upgrade(d) : no(d, u);
	}
	return bug(d);
}

/* Whatever it says of the root DSE, it is an answer, but for these. */
static enum verdict
searched(struct dialog *d, const struct unit *u)
{
	if (u->id != SEARCH_ID)
		return malformed(d, u);
	if (u->kind == LDAP_SEARCH_ENTRY || u->kind == LDAP_SEARCH_REFERENCE)
		return more(d);
	if (u->kind != LDAP_SEARCH_DONE)
		return malformed(d, u);
	if (starttls_ldap_says_later(u) || u->code == LDAP_OTHER)
		return no(d, u);
	named(d, "unbind");
	return put_last_words(d, unbind_request, sizeof(unbind_request) - 1);
}

static enum verdict
ldap_exchange(struct dialog *d, const struct unit *u)
{
	switch (d->state) {
	case BEGIN:
		named(d, "search of the root DSE");
		return put(d, SEARCH, search_request,
		    sizeof(search_request) - 1);
	case SEARCH:
		return starttls_ldap_is_notification(u) ? notified(d, u) :
		    searched(d, u);
	}
	return bug(d);
}

/* ---- the server's side ---- */

/* A message in the making.  All of ours is short: a length has one octet. */
struct message {
	uint8_t data[128];
	size_t len;
};

static void
add(struct message *m, const void *data, size_t len)
{
	const uint8_t *in = data;

	while (len > 0 && m->len < sizeof(m->data)) {
		m->data[m->len++] = *in++;
		len--;
	}
}

static void
add_element(struct message *m, uint8_t tag, const void *data, size_t len)
{
	const uint8_t header[] = { tag, (uint8_t)len };

	add(m, header, sizeof(header));
	add(m, data, len);
}

static void
add_number(struct message *m, uint8_t tag, uint32_t value)
{
	const uint8_t all[] = { (uint8_t)(value >> 24), (uint8_t)(value >> 16),
	    (uint8_t)(value >> 8), (uint8_t)value };
	size_t skip = 0;

	while (skip < 3 && all[skip] == 0 && all[skip + 1] < 0x80)
		skip++;
	add_element(m, tag, all + skip, sizeof(all) - skip);
}

/* Around what is there: a response to @id. */
static void
add_response(struct message *m, uint32_t id, uint8_t tag,
	     const struct message *op)
{
	struct message inner = { .len = 0 };

	add_number(&inner, 0x02, id);
	add_element(&inner, tag, op->data, op->len);
	add_element(m, 0x30, inner.data, inner.len);
}

static void
add_result(struct dialog *d, struct message *m, uint32_t id, uint8_t tag,
	   unsigned code, struct bytes text)
{
	struct message op = { .len = 0 };

	named(d, starttls_ldap_result(code));
	add_number(&op, 0x0a, code);
	add_element(&op, 0x04, NULL, 0);
	add_element(&op, 0x04, text.data, text.len);
	add_response(m, id, tag, &op);
}

#define TEXT(text) (struct bytes){ (const uint8_t *)(text), sizeof(text) - 1 }

static enum verdict
not_a_request(struct dialog *d)
{
	return answer(d, "(no request)", HANG_UP, NULL, 0);
}

/* A request whose answer is nothing but a result. */
static enum verdict
serve_result(struct dialog *d, const char *what, uint32_t id, uint8_t tag,
	     unsigned code, struct bytes text)
{
	struct message m = { .len = 0 };

	add_result(d, &m, id, tag, code, text);
	return answer(d, what, code == LDAP_SUCCESS ? UPGRADE : REFUSE,
	    m.data, m.len);
}

static enum verdict
serve_extended(struct dialog *d, uint32_t id, struct bytes op)
{
	struct bytes name, value = { NULL, 0 };

	if (!ber_take(&op, 0x80, &name) ||
	    (op.len > 0 && !ber_take(&op, 0x81, &value)) || op.len > 0)
		return not_a_request(d);
	if (!bytes_equal(name, STARTTLS_OID))
		return serve_result(d, "(unknown extension)", id,
		    LDAP_EXTENDED_RESPONSE, LDAP_PROTOCOL_ERROR,
		    TEXT("not an operation before StartTLS"));
	if (value.data != NULL)
		return serve_result(d, "StartTLS", id, LDAP_EXTENDED_RESPONSE,
		    LDAP_PROTOCOL_ERROR, TEXT("no request data expected"));
	return serve_result(d, "StartTLS", id, LDAP_EXTENDED_RESPONSE,
	    LDAP_SUCCESS, TEXT(""));
}

static bool
read_boolean(struct bytes *in, bool *ret)
{
	struct bytes b;

	if (!ber_take(in, 0x01, &b) || b.len != 1 ||
	    (b.data[0] != 0 && b.data[0] != 0xff))
		return false;
	*ret = b.data[0] != 0;
	return true;
}

/* What is looked for, and that the rest of it is a search. */
static bool
read_search(struct bytes op, struct bytes *ret_base, uint32_t *ret_scope)
{
	struct bytes filter, attributes, attribute;
	uint32_t aliases, limit;
	bool types_only;
	uint8_t tag;

	if (!ber_take(&op, 0x04, ret_base) ||
	    !ber_number(&op, 0x0a, ret_scope) ||
	    !ber_number(&op, 0x0a, &aliases) ||
	    !ber_number(&op, 0x02, &limit) ||
	    !ber_number(&op, 0x02, &limit) ||
	    !read_boolean(&op, &types_only) ||
	    !ber_next(&op, &tag, &filter) || (tag & 0xc0) != 0x80 ||
	    !ber_take(&op, 0x30, &attributes) || op.len > 0)
		return false;
	while (attributes.len > 0)
		if (!ber_take(&attributes, 0x04, &attribute))
			return false;
	return true;
}

/* The root DSE can be read, and has nothing but the upgrade in it. */
static enum verdict
serve_search(struct dialog *d, uint32_t id, struct bytes op)
{
	static const char entry[] = "\x04\x00\x30\x30\x30\x2e\x04\x12"
	    "supportedExtension" "\x31\x18\x04\x16" STARTTLS_OID;
	struct message m = { .len = 0 }, attributes = { .len = 0 };
	struct bytes base;
	uint32_t scope;

	if (!read_search(op, &base, &scope))
		return not_a_request(d);
	if (base.len > 0 || scope > 0)
		return serve_result(d, "search", id, LDAP_SEARCH_DONE,
		    LDAP_CONFIDENTIALITY_REQUIRED, TEXT("StartTLS comes first"));
	add(&attributes, entry, sizeof(entry) - 1);
	add_response(&m, id, LDAP_SEARCH_ENTRY, &attributes);
	add_result(d, &m, id, LDAP_SEARCH_DONE, LDAP_SUCCESS, TEXT(""));
	return answer(d, "search of the root DSE", ANSWER, m.data, m.len);
}

/* Nothing is left that could be abandoned.  @op with its tag. */
static enum verdict
serve_abandon(struct dialog *d, struct bytes op)
{
	uint32_t id;

	if (!ber_number(&op, LDAP_ABANDON_REQUEST, &id))
		return not_a_request(d);
	return answer(d, "abandon", ANSWER, NULL, 0);
}

/* What gets a response, whatever becomes of it. */
static const struct {
	uint8_t request, response;
	const char *name;
} requests[] = {
	{ LDAP_BIND_REQUEST, LDAP_BIND_RESPONSE, "bind" },
	{ LDAP_SEARCH_REQUEST, LDAP_SEARCH_DONE, "search" },
	{ LDAP_MODIFY_REQUEST, LDAP_MODIFY_REQUEST + 1, "modify" },
	{ LDAP_ADD_REQUEST, LDAP_ADD_REQUEST + 1, "add" },
	{ LDAP_DEL_REQUEST, 0x6b, "delete" },
	{ LDAP_MODIFY_DN_REQUEST, LDAP_MODIFY_DN_REQUEST + 1, "modify DN" },
	{ LDAP_COMPARE_REQUEST, LDAP_COMPARE_REQUEST + 1, "compare" },
	{ LDAP_EXTENDED_REQUEST, LDAP_EXTENDED_RESPONSE, "extended request" },
};

/* Why we do not look into a request: all have to wait, but for two. */
static enum verdict
serve_others(struct dialog *d, uint32_t id, uint8_t tag, bool critical)
{
	size_t i;

	for (i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
		if (requests[i].request == tag && critical)
			return serve_result(d, requests[i].name, id,
			    requests[i].response,
			    LDAP_UNAVAILABLE_CRITICAL_EXTENSION,
			    TEXT("no control is known here"));
		else if (requests[i].request == tag)
			return serve_result(d, requests[i].name, id,
			    requests[i].response, LDAP_CONFIDENTIALITY_REQUIRED,
			    TEXT("StartTLS comes first"));
	return answer(d, "(unknown request)", HANG_UP, NULL, 0);
}

/* RFC 4511 section 4.1.11.  We know none, so the critical ones matter. */
static bool
read_controls(struct bytes controls, bool *ret_critical)
{
	bool critical = false;

	while (controls.len > 0) {
		struct bytes control, element;
		bool is_critical = false;

		if (!ber_take(&controls, 0x30, &control) ||
		    !ber_take(&control, 0x04, &element) ||
		    (control.len > 0 && control.data[0] == 0x01 &&
		    !read_boolean(&control, &is_critical)) ||
		    (control.len > 0 && !ber_take(&control, 0x04, &element)) ||
		    control.len > 0)
			return false;
		critical = critical || is_critical;
	}
	*ret_critical = critical;
	return true;
}

static enum verdict
ldap_serve(struct dialog *d, const struct unit *u)
{
	struct bytes rest = u->line, message, tagged, op, controls;
	bool critical = false;
	uint32_t id = 0;
	uint8_t tag = 0;

	if (!ber_take(&rest, 0x30, &message) ||
	    !ber_number(&message, 0x02, &id) || id == 0)
		return not_a_request(d);
	tagged = message;
	if (!ber_next(&message, &tag, &op) || (message.len > 0 &&
	    (!ber_take(&message, 0xa0, &controls) || message.len > 0 ||
	    !read_controls(controls, &critical))))
		return not_a_request(d);
	if (tag == LDAP_UNBIND_REQUEST)
		return answer(d, "unbind", LEAVE, NULL, 0);
	if (tag == LDAP_ABANDON_REQUEST)
		return serve_abandon(d, tagged);
	if (tag == LDAP_EXTENDED_REQUEST && !critical)
		return serve_extended(d, id, op);
	if (tag == LDAP_SEARCH_REQUEST && !critical)
		return serve_search(d, id, op);
	return serve_others(d, id, tag, critical);
}

/* Notices of disconnection. */
#define NOTICE(length, inner, code, text_length, text) \
	"\x30" length "\x02\x01\x00\x78" inner "\x0a\x01" code \
	"\x04\x00\x04" text_length text "\x8a\x16" DISCONNECTION_OID

const struct starttls_protocol starttls_protocol_ldap = {
	.name = "ldap",
	.scheme_tls = "ldaps",
	.port = "389",
	.port_tls = "636",
	.rfc = "RFC 4511, RFC 4513",
	.frame = starttls_frame_ldap,
	.read = starttls_ldap_read,
	.upgrade_rules = { ldap_upgrade, ASK, ASK, ldap_states },
	.exchange_rules = { ldap_exchange, BEGIN, BEGIN, ldap_states },
	.serve_rules = {
		.frame = starttls_frame_ldap,
		.step = ldap_serve,
		.hangup = BYTES(NOTICE("\x38", "\x33", "\x02", "\x14",
		    "this is not expected")),
		.pipelined = BYTES(NOTICE("\x41", "\x3c", "\x01", "\x1d",
		    "nothing may follow a StartTLS")),
	},
};
