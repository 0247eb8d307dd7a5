/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Messages of LDAP's servers, for who asks for TLS and for who logs in.
 *
 * RFC 4511.
 */

#include "config.h"

#include "ldap.h"

#include <string.h>

#define DISCONNECTION_OID "1.3.6.1.4.1.1466.20036"

enum { SASL_CREDENTIALS = 0x87, RESPONSE_NAME = 0x8a, NOTHING = 0 };

const char *
starttls_ldap_result(unsigned code)
{
	static const struct {
		unsigned code;
		const char *name;
	} names[] = {
		{ LDAP_SUCCESS, "success" }, { 1, "operationsError" },
		{ LDAP_PROTOCOL_ERROR, "protocolError" },
		{ 3, "timeLimitExceeded" }, { 4, "sizeLimitExceeded" },
		{ 7, "authMethodNotSupported" }, { 8, "strongerAuthRequired" },
		{ 10, "referral" }, { 11, "adminLimitExceeded" },
		{ LDAP_UNAVAILABLE_CRITICAL_EXTENSION,
		    "unavailableCriticalExtension" },
		{ LDAP_CONFIDENTIALITY_REQUIRED, "confidentialityRequired" },
		{ LDAP_SASL_BIND_IN_PROGRESS, "saslBindInProgress" },
		{ 19, "constraintViolation" },
		{ LDAP_NO_SUCH_OBJECT, "noSuchObject" },
		{ LDAP_INVALID_DN_SYNTAX, "invalidDNSyntax" },
		{ 48, "inappropriateAuthentication" },
		{ LDAP_INVALID_CREDENTIALS, "invalidCredentials" },
		{ LDAP_INSUFFICIENT_ACCESS, "insufficientAccessRights" },
		{ LDAP_BUSY, "busy" }, { LDAP_UNAVAILABLE, "unavailable" },
		{ 53, "unwillingToPerform" }, { LDAP_OTHER, "other" },
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].code == code)
			return names[i].name;
	return "a result that is not known here";
}

/* The components of a result, and of what is @wanted behind them the text: once
   at most, and primitive (RFC 4511 section 5.1). */
static bool
read_result(struct unit *u, struct bytes op, uint8_t wanted)
{
	struct bytes matched, element;
	uint32_t code;
	uint8_t tag;

	if (!starttls_ber_number(&op, 0x0a, &code) ||
	    !starttls_ber_take(&op, 0x04, &matched) ||
	    !starttls_ber_take(&op, 0x04, &u->line))
		return false;
	u->code = code;
	u->name = starttls_ldap_result(code);
	while (op.len > 0) {
		if (!starttls_ber_next(&op, &tag, &element))
			return false;
		if ((tag & ~0x20) != wanted)
			continue;
		if (tag != wanted || u->text.data != NULL)
			return false;
		u->text = element;
	}
	return true;
}

static bool
read_op(struct unit *u, uint8_t tag, struct bytes op)
{
	u->kind = tag;
	u->line.len = 0;
	u->text = (struct bytes){ NULL, 0 };
	switch (tag) {
	case LDAP_BIND_RESPONSE:
		return read_result(u, op, SASL_CREDENTIALS);
	case LDAP_SEARCH_DONE:
		return read_result(u, op, NOTHING);
	case LDAP_EXTENDED_RESPONSE:
		return read_result(u, op, RESPONSE_NAME);
	case LDAP_SEARCH_ENTRY:
		u->name = "searchResEntry";
		return starttls_ber_take(&op, 0x04, &u->line) &&
		    starttls_ber_take(&op, 0x30, &u->text) && op.len == 0;
	case LDAP_SEARCH_REFERENCE:
		u->name = "searchResRef";
		return true;
	}
	u->name = "another message";
	return true;
}

bool
starttls_ldap_read(struct unit *u)
{
	struct bytes rest = u->line, message, op, controls;
	uint8_t tag;

	return starttls_ber_take(&rest, 0x30, &message) &&
	    starttls_ber_number(&message, 0x02, &u->id) &&
	    starttls_ber_next(&message, &tag, &op) &&
	    (message.len == 0 || starttls_ber_take(&message, 0xa0,
	    &controls)) && message.len == 0 && read_op(u, tag, op);
}

bool
starttls_ldap_is_notification(const struct unit *u)
{
	return u->id == 0 && u->kind == LDAP_EXTENDED_RESPONSE &&
	    u->text.data != NULL;
}

bool
starttls_ldap_is_disconnection(const struct unit *u)
{
	return starttls_ldap_is_notification(u) &&
	    u->text.len == sizeof(DISCONNECTION_OID) - 1 &&
	    memcmp(u->text.data, DISCONNECTION_OID, u->text.len) == 0;
}

bool
starttls_ldap_says_later(const struct unit *u)
{
	return u->code == LDAP_BUSY || u->code == LDAP_UNAVAILABLE;
}
