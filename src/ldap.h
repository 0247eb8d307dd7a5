/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * What LDAP's servers say: RFC 4511.
 *
 *	LDAPMessage = SEQUENCE { messageID INTEGER, op, [0] controls OPTIONAL }
 *	op          = [APPLICATION n] SEQUENCE { ... }
 *	result      = ENUMERATED resultCode, OCTET STRING matchedDN,
 *	              OCTET STRING diagnosticMessage, [3] referral OPTIONAL,
 *	              [7] serverSaslCreds OPTIONAL, [10] responseName OPTIONAL,
 *	              [11] responseValue OPTIONAL, whatever later versions may add
 *
 * BER has definite lengths here (section 5.1), in as many octets as the server
 * likes: Active Directory always takes four.  Whatever is read stays within
 * what contains it.
 */

#ifndef STARTTLS_LDAP_H
#define STARTTLS_LDAP_H

#include "frame.h"

/* What a message is, by its tag. */
enum {
	LDAP_UNBIND_REQUEST = 0x42, LDAP_DEL_REQUEST = 0x4a,
	LDAP_ABANDON_REQUEST = 0x50, LDAP_BIND_REQUEST = 0x60,
	LDAP_BIND_RESPONSE, LDAP_SEARCH_REQUEST = 0x63, LDAP_SEARCH_ENTRY,
	LDAP_SEARCH_DONE, LDAP_MODIFY_REQUEST, LDAP_ADD_REQUEST = 0x68,
	LDAP_MODIFY_DN_REQUEST = 0x6c, LDAP_COMPARE_REQUEST = 0x6e,
	LDAP_SEARCH_REFERENCE = 0x73, LDAP_EXTENDED_REQUEST = 0x77,
	LDAP_EXTENDED_RESPONSE
};

enum {
	LDAP_SUCCESS = 0, LDAP_PROTOCOL_ERROR = 2,
	LDAP_UNAVAILABLE_CRITICAL_EXTENSION = 12,
	LDAP_CONFIDENTIALITY_REQUIRED, LDAP_SASL_BIND_IN_PROGRESS,
	LDAP_NO_SUCH_OBJECT = 32, LDAP_INVALID_DN_SYNTAX = 34,
	LDAP_INVALID_CREDENTIALS = 49, LDAP_INSUFFICIENT_ACCESS, LDAP_BUSY,
	LDAP_UNAVAILABLE, LDAP_OTHER = 80
};

/* RFC 4511 appendix A, as far as it has to do with sessions. */
const char *starttls_ldap_result(unsigned code);

/**
 * starttls_ldap_read: read a message as starttls_frame_ldap cuts them.
 *
 * The unit's kind is its tag, its id the messageID; of a result its code, and
 * the line is the diagnosticMessage.  What programs go by is the text, without
 * data if there is none: the responseName of an extended response, the
 * serverSaslCreds of a bind's, the attributes of an entry.
 *
 * Returns: false, it is malformed
 */
bool starttls_ldap_read(struct unit *u);

/* RFC 4511 section 4.4: an unsolicited notification, and that of the end. */
bool starttls_ldap_is_notification(const struct unit *u);
bool starttls_ldap_is_disconnection(const struct unit *u);

/* Busy or unavailable: no, but that will pass. */
bool starttls_ldap_says_later(const struct unit *u);

#endif
