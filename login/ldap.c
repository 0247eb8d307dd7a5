/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Login to LDAP: RFC 4511 section 4.2, RFC 4513 section 5.
 *
 *	BindRequest    = [APPLICATION 0] SEQUENCE { version INTEGER (3),
 *	                 name OCTET STRING, authentication }
 *	authentication = [0] password / [3] SEQUENCE { mechanism OCTET STRING,
 *	                 credentials OCTET STRING OPTIONAL }
 *
 * The native login is the simple bind.  Who is named by a DN gets it, unless
 * a mechanism is named: SASL knows people by other names, and many servers offer
 * mechanisms that they have no accounts for.  For the others the root DSE says
 * which mechanisms there are; who cannot read it may know a simple bind.
 *
 * A simple bind without a password is anonymous, and would work (RFC 4513
 * section 5.1.2): it is never sent.  Referrals are not followed.
 */

#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "compat.h"
#include "dialog.h"
#include "ldap.h"

enum { START, ROOT_DSE, SASL, SIMPLE, BIND, UNBIND };

static const char *const ldap_states[] = {
	[START] = "start", [ROOT_DSE] = "root DSE", [SASL] = "SASL bind",
	[SIMPLE] = "simple bind", [BIND] = "simple bind",
	[UNBIND] = "unbind",
};

#define WANTED "supportedSASLMechanisms"

/* The root DSE, and of it that one attribute. */
static const char search[] = "\x63\x39\x04\x00\x0a\x01\x00\x0a\x01\x00"
    "\x02\x01\x00\x02\x01\x00\x01\x01\x00\x87\x0b" "objectClass"
    "\x30\x19\x04\x17" WANTED;

/* ---- requests, written from their ends ---- */

struct request {
	char *data;
	size_t at, size;           /* what was written begins at at */
};

/* What is around it: an id, a version, headers, a mechanism. */
#define ROOM 128

static bool
begin_request(struct request *r, size_t len)
{
	r->size = r->at = len + ROOM;
	r->data = malloc(r->size);
	return r->data != NULL;
}

static void
put(struct request *r, const void *data, size_t len)
{
	r->at -= len;
	if (len > 0)
		memcpy(r->data + r->at, data, len);
}

/* Around all that was put since @end was where it began. */
static void
put_header(struct request *r, uint8_t tag, size_t end)
{
	const size_t len = end - r->at;
	const uint8_t octets[] = { tag, 0x84, (uint8_t)(len >> 24),
	    (uint8_t)(len >> 16), (uint8_t)(len >> 8), (uint8_t)len };

	if (len < 0x80)
		put(r, (uint8_t[]){ tag, (uint8_t)len }, 2);
	else
		put(r, octets, sizeof(octets));
}

static void
put_text(struct request *r, uint8_t tag, const void *text, size_t len)
{
	const size_t end = r->at;

	put(r, text, len);
	put_header(r, tag, end);
}

static void
put_number(struct request *r, uint32_t value)
{
	const size_t end = r->at;
	uint8_t octet;

	do {
		octet = (uint8_t)value;
		put(r, &octet, 1);
		value >>= 8;
	} while (value > 0 || octet >= 0x80);
	put_header(r, 0x02, end);
}

/* Of the last message.  Where they begin nobody can know, so an answer that was
   there before its request is none. */
static uint32_t
last_id(const struct login_dialog *d)
{
	return (d->random & 0x3fffffff) + d->sent;
}

/* Send it as the next message. */
static enum login_verdict
send_request(struct login_dialog *d, unsigned next, const char *shown,
	     struct request *r)
{
	enum login_verdict verdict;

	put_number(r, last_id(d) + 1);
	put_header(r, 0x30, r->size);
	verdict = login_put(d, next, shown, r->data + r->at, r->size - r->at);
	explicit_bzero(r->data, r->size);
	free(r->data);
	return verdict;
}

static enum login_verdict
send_bytes(struct login_dialog *d, unsigned next, const char *shown,
	   const void *op, size_t len)
{
	struct request r;

	if (!begin_request(&r, len))
		return login_no_memory(d);
	put(&r, op, len);
	return send_request(d, next, shown, &r);
}

/* In front of the authentication, which is there. */
static enum login_verdict
send_bind(struct login_dialog *d, unsigned next, const char *shown,
	  const char *name, struct request *r)
{
	put_text(r, 0x04, name, strlen(name));
	put_number(r, 3);
	put_header(r, LDAP_BIND_REQUEST, r->size);
	return send_request(d, next, shown, r);
}

static enum login_verdict
bind_simply(struct login_dialog *d)
{
	struct request r;

	/* it would be an anonymous bind, which is granted to anybody */
	if (d->secret == NULL || d->secret[0] == '\0' || d->user[0] == '\0')
		return login_unfit(d);
	if (!begin_request(&r, strlen(d->user) + strlen(d->secret)))
		return login_no_memory(d);
	put_text(&r, 0x80, d->secret, strlen(d->secret));
	return send_bind(d, BIND, "simple bind (credentials)", d->user, &r);
}

/* A bind is given up by whatever comes next, which is our goodbye. */
static enum login_verdict
ldap_respond(struct login_dialog *d, unsigned next,
	     const struct login_response *m)
{
	struct request r;
	char shown[64];

	if (m->move == LOGIN_CANCEL)
		return login_cancelled(d, NULL);
	if (!begin_request(&r, m->data.len))
		return login_no_memory(d);
	if (m->text != NULL)
		put_text(&r, 0x04, m->data.data, m->data.len);
	put_text(&r, 0x04, m->mechanism, strlen(m->mechanism));
	put_header(&r, 0xa3, r.size);
	snprintf(shown, sizeof(shown), "bind %s%s", m->mechanism,
	    m->text != NULL ? " (credentials)" : "");
	return send_bind(d, next, shown, "", &r);
}

static enum login_verdict
ldap_leave(struct login_dialog *d, unsigned next)
{
	static const char unbind[] = "\x42";

	return send_bytes(d, next, "unbind", unbind, sizeof(unbind));
}

/* ---- what the server says ---- */

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

/* "cn=admin", but not "tester" or "tester@example.org". */
static bool
is_dn(const char *name)
{
	size_t len = strspn(name, LETTERS "0123456789-.");

	return len > 0 && name[len + strspn(name + len, " ")] == '=';
}

/* Names of mechanisms have nothing else in them, RFC 4422 section 3.1. */
static void
take_mechanism(struct login_dialog *d, struct bytes value)
{
	char name[24];

	if (value.len == 0 || value.len >= sizeof(name))
		return;
	memcpy(name, value.data, value.len);
	name[value.len] = '\0';
	if (strspn(name, LETTERS "0123456789-_") == value.len)
		login_offers(d, name);
}

static bool
take_attribute(struct login_dialog *d, struct bytes attribute)
{
	struct bytes type, values, value;
	bool is_ours;

	if (!starttls_ber_take(&attribute, 0x04, &type) ||
	    !starttls_ber_take(&attribute, 0x31, &values) ||
	    attribute.len > 0)
		return false;
	is_ours = type.len == sizeof(WANTED) - 1 &&
	    strncasecmp((const char *)type.data, WANTED, type.len) == 0;
	while (values.len > 0) {
		if (!starttls_ber_take(&values, 0x04, &value))
			return false;
		if (is_ours)
			take_mechanism(d, value);
	}
	return true;
}

static enum login_verdict
take_entry(struct login_dialog *d, const struct login_line *line)
{
	struct bytes attributes = line->unit->text, attribute;

	while (attributes.len > 0)
		if (!starttls_ber_take(&attributes, 0x30, &attribute) ||
		    !take_attribute(d, attribute))
			return login_malformed(d, line);
	return login_more(d);
}

/* Whoever may not read it may still log in. */
static enum login_verdict
searched(struct login_dialog *d, const struct login_line *line)
{
	switch (line->unit->kind) {
	case LDAP_SEARCH_ENTRY:
		return take_entry(d, line);
	case LDAP_SEARCH_REFERENCE:
		return login_more(d);
	case LDAP_SEARCH_DONE:
		d->initial = true;
		return starttls_ldap_says_later(line->unit) ?
		    login_not_now(d, line) : login_begin(d, SASL, SIMPLE);
	}
	return login_malformed(d, line);
}

/* The account, its name, or what it may. */
static bool
is_about_us(unsigned code)
{
	return code == LDAP_INVALID_CREDENTIALS ||
	    code == LDAP_NO_SUCH_OBJECT || code == LDAP_INVALID_DN_SYNTAX ||
	    code == LDAP_INSUFFICIENT_ACCESS;
}

static enum login_verdict
no(struct login_dialog *d, const struct login_line *line)
{
	if (starttls_ldap_says_later(line->unit))
		return login_not_now(d, line);
	return is_about_us(line->code) ? login_refused(d, line) :
	    login_failed(d, line);
}

static enum login_verdict
bound(struct login_dialog *d, const struct login_line *line)
{
	const struct bytes data = line->unit->text;

	if (line->unit->kind != LDAP_BIND_RESPONSE)
		return login_malformed(d, line);
	/* only SASL has credentials of the server */
	if (d->state == BIND && data.data != NULL)
		return login_malformed(d, line);
	if (line->code == LDAP_SUCCESS)
		return login_accepted_bytes(d, data.len > 0 ? &data : NULL,
		    line);
	if (line->code != LDAP_SASL_BIND_IN_PROGRESS)
		return no(d, line);
	return d->state == SASL ? login_answer_bytes(d, data, SASL) :
	    login_malformed(d, line);
}

static enum login_verdict
answered(struct login_dialog *d, const struct login_line *line)
{
	if (starttls_ldap_is_disconnection(line->unit))
		return starttls_ldap_says_later(line->unit) ?
		    login_not_now(d, line) : login_failed(d, line);
	if (starttls_ldap_is_notification(line->unit))
		return login_more(d);
	if (line->unit->id != last_id(d))
		return login_malformed(d, line);
	return d->state == ROOT_DSE ? searched(d, line) : bound(d, line);
}

static enum login_verdict
ldap_step(struct login_dialog *d, const struct login_line *line)
{
	switch (d->state) {
	case START:
		if (!d->by_name && d->secret != NULL && is_dn(d->user))
			return login_begin(d, SASL, SIMPLE);
		return send_bytes(d, ROOT_DSE, "search of the root DSE",
		    search, sizeof(search) - 1);
	case SIMPLE:
		return bind_simply(d);
	case ROOT_DSE:
	case SASL:
	case BIND:
		return answered(d, line);
	}
	return login_bug(d);
}

static bool
ldap_is_unasked(const struct login_line *line)
{
	return starttls_ldap_is_notification(line->unit);
}

const struct login_protocol login_ldap = {
	.name = "ldap",
	.frame = starttls_frame_ldap,
	.read = starttls_ldap_read,
	.step = ldap_step,
	.greeting = START,
	.begin = START,
	.goodbye = UNBIND,
	.states = ldap_states,
	.is_unasked = ldap_is_unasked,
	.has_native = true,
	.has_no_lines = true,
	.has_last_words = true,
	.leave = ldap_leave,
	.respond = ldap_respond,
	.empty = "",
};
