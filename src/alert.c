/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * What a peer's alert means.  One about certificates, to a client, is about its
 * own: so it matters whether the server has asked for one, whether there is
 * one, and whether that was shown.  Servers send what they like, or nothing at
 * all, and in TLS 1.3 behind the handshake.
 *
 * RFC 8446 sections 4.3.2 and 6.2, RFC 5246 sections 7.2.2 and 7.4.4.
 */

#include "config.h"

#include "alert.h"

#include <stdio.h>
#include <string.h>

#include <gnutls/x509.h>

#include "text.h"

#define CERTIFICATE_REQUIRED 116   /* RFC 8446; GnuTLS 3.7 has no name */
#define EXTENSION_AUTHORITIES 47   /* RFC 8446 section 4.2.4 */
#define MAX_SHOWN 2                /* of the authorities that are named */
#define MAX_COUNTED 1000

/* Take what has its length, of so many octets, in front. */
static bool
take(struct slice *in, size_t octets, struct slice *ret)
{
	size_t len = 0, i;

	if (in->len < octets)
		return false;
	for (i = 0; i < octets; i++)
		len = len << 8 | in->data[i];
	if (len > in->len - octets)
		return false;
	*ret = (struct slice){ in->data + octets, len };
	in->data += octets + len;
	in->len -= octets + len;
	return true;
}

/* The list of authorities of a request.  TLS 1.2: behind types and schemes. */
static bool
find_list(struct slice request, bool is_13, struct slice *ret_list)
{
	struct slice skipped, extensions, body;
	size_t type;

	if (!is_13)
		return take(&request, 1, &skipped) &&
		    take(&request, 2, &skipped) && take(&request, 2, ret_list);
	if (!take(&request, 1, &skipped) || !take(&request, 2, &extensions))
		return false;
	while (extensions.len > 2) {
		type = (size_t)extensions.data[0] << 8 | extensions.data[1];
		extensions.data += 2;
		extensions.len -= 2;
		if (!take(&extensions, 2, &body))
			return false;
		if (type == EXTENSION_AUTHORITIES)
			return take(&body, 2, ret_list);
	}
	return false;
}

/* One authority behind the others, in quotes. */
static void
add_authority(char *text, size_t size, struct slice dn)
{
	gnutls_datum_t der = { (unsigned char *)(uintptr_t)dn.data,
	    (unsigned)dn.len };
	char name[256], shown[50];
	size_t len = sizeof(name), used = strlen(text);

	if (gnutls_x509_rdn_get(&der, name, &len) < 0)
		len = (size_t)snprintf(name, sizeof(name), "?");
	else
		len = strlen(name);
	starttls_text_clean(shown, sizeof(shown), name, len);
	snprintf(text + used, size - used, "%s\"%s\"", used > 0 ? ", " : "",
	    shown);
}

void
starttls_alert_note_request(struct starttls_session *s,
			    const gnutls_datum_t *request)
{
	struct slice list, dn;
	unsigned count = 0;
	size_t used;

	s->is_asked = true;
	s->wanted[0] = '\0';
	if (!find_list((struct slice){ request->data, request->size },
	    gnutls_protocol_get_version(s->tls) >= GNUTLS_TLS1_3, &list))
		return;
	while (count < MAX_COUNTED && take(&list, 2, &dn))
		if (count++ < MAX_SHOWN)
			add_authority(s->wanted, sizeof(s->wanted), dn);
	used = strlen(s->wanted);
	if (count > MAX_SHOWN)
		snprintf(s->wanted + used, sizeof(s->wanted) - used,
		    " or %u more", count - MAX_SHOWN);
}

enum starttls_own_certificate
starttls_alert_shown(const struct starttls_session *s)
{
	if (starttls_session_is_server(s) || !s->is_asked)
		return STARTTLS_OWN_NOT_ASKED;
	if (!s->policy->has_identity)
		return STARTTLS_OWN_MISSING;
	return gnutls_certificate_get_ours(s->tls) == NULL ?
	    STARTTLS_OWN_UNFIT : STARTTLS_OWN_SHOWN;
}

/* An alert about a certificate, in a few words; NULL: another one. */
static const char *
objection(int alert)
{
	switch (alert) {
	case GNUTLS_A_BAD_CERTIFICATE:
	case GNUTLS_A_UNSUPPORTED_CERTIFICATE:
	case GNUTLS_A_CERTIFICATE_UNKNOWN:
		return "does not accept";
	case GNUTLS_A_CERTIFICATE_REVOKED:
		return "says that somebody revoked";
	case GNUTLS_A_CERTIFICATE_EXPIRED:
		return "says that time has run out for";
	case GNUTLS_A_UNKNOWN_CA:
		return "does not know who issued";
	case GNUTLS_A_ACCESS_DENIED:
		return "does not let in who has";
	case CERTIFICATE_REQUIRED:
		return "does not take";
	case GNUTLS_A_HANDSHAKE_FAILURE:
	case GNUTLS_A_INSUFFICIENT_SECURITY:
		return "may not accept";
	default:
		return NULL;
	}
}

/* Whether it is about nothing else. */
static bool
is_about_certificates(int alert)
{
	return objection(alert) != NULL && alert != GNUTLS_A_HANDSHAKE_FAILURE &&
	    alert != GNUTLS_A_INSUFFICIENT_SECURITY;
}

/* Which authorities it has named, if any. */
static void
add_wanted(const struct starttls_session *s, char *text)
{
	size_t len = strlen(text);

	if (s->wanted[0] != '\0')
		snprintf(text + len, ALERT_HINT_SIZE - len, " of %s",
		    s->wanted);
}

/* Of a client's certificate.  Returns whether there is something to say. */
static bool
tell_of_ours(const struct starttls_session *s, int alert, char *text)
{
	const char *what = objection(alert);

	if (what == NULL && alert >= 0)
		return false;
	switch (starttls_alert_shown(s)) {
	case STARTTLS_OWN_NOT_ASKED:
		if (!is_about_certificates(alert))
			return false;
		snprintf(text, ALERT_HINT_SIZE, "it did not ask for a client "
		    "certificate%s", s->policy->has_identity ?
		    ", and was not shown ours" : "");
		return true;
	case STARTTLS_OWN_MISSING:
		snprintf(text, ALERT_HINT_SIZE, "it asked for a client "
		    "certificate, and there is none to show; one");
		break;
	case STARTTLS_OWN_UNFIT:
		snprintf(text, ALERT_HINT_SIZE, "our certificate was not "
		    "shown, as its key makes no signature that it takes");
		return true;
	case STARTTLS_OWN_SHOWN:
		if (what == NULL)
			return false;
		snprintf(text, ALERT_HINT_SIZE, "it %s our certificate; "
		    "it wants one", what);
		break;
	}
	if (s->wanted[0] != '\0')
		add_wanted(s, text);
	else
		text[strcspn(text, ";")] = '\0';
	return true;
}

static const char *
other_hint(int alert)
{
	switch (alert) {
	case GNUTLS_A_PROTOCOL_VERSION:
		return "it has no TLS version that we accept";
	case GNUTLS_A_HANDSHAKE_FAILURE:
	case GNUTLS_A_INSUFFICIENT_SECURITY:
		return "no algorithms in common";
	case GNUTLS_A_UNRECOGNIZED_NAME:
		return "it does not know the name";
	case GNUTLS_A_NO_APPLICATION_PROTOCOL:
		return "it refuses the ALPN that it was offered";
	default:
		return NULL;
	}
}

const char *
starttls_alert_hint(const struct starttls_session *s, int alert, char *buf)
{
	char text[ALERT_HINT_SIZE];
	const char *other = other_hint(alert);

	buf[0] = '\0';
	if (starttls_session_is_server(s)) {
		if (is_about_certificates(alert))
			snprintf(buf, ALERT_HINT_SIZE, " (it %s our "
			    "certificate)", objection(alert));
		else if (other != NULL)
			snprintf(buf, ALERT_HINT_SIZE, " (%s)", other);
	} else if (tell_of_ours(s, alert, text)) {
		snprintf(buf, ALERT_HINT_SIZE, " (%.*s)", ALERT_HINT_SIZE - 4,
		    text);
	} else if (other != NULL) {
		snprintf(buf, ALERT_HINT_SIZE, " (%s)", other);
	}
	return buf;
}
