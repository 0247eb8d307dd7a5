/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * The names in subjectAltName, RFC 5280 section 4.2.1.6, for people.  Whether
 * one of them matches is not decided here.
 *
 * They are read where they are, in one pass and without memory: a certificate
 * may have thousands, and most of its readers want none of them.
 */

#include "config.h"

#include "altname.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "starttls.h"
#include "text.h"

#define MIN_SIZE 64                /* any address, and some of a name */
#define REST ", ..."               /* stands for names that are left out */

static const uint8_t oid_alt_name[] = { 0x55, 0x1d, 17 }; /* 2.5.29.17 */
#define NOBODYS_ARC 127            /* in place of the 17 */
/* 1.3.6.1.5.5.7.8.7, RFC 4985 */
static const uint8_t oid_srv_name[] = { 0x2b, 6, 1, 5, 5, 7, 8, 7 };

enum {
	OTHER_NAME = 0xa0,
	RFC822_NAME = 0x81,
	DNS_NAME = 0x82,
	URI = 0x86,
	IP_ADDRESS = 0x87
};

/* A comma stands between names, so within one it is escaped like whatever else
   could be taken for something else. */
static void
put_name(char *dst, size_t size, const char *kind, struct slice value)
{
	size_t len = (size_t)snprintf(dst, size, "%s:", kind), shown_len, i;
	char shown[8];

	for (i = 0; i < value.len; i++) {
		shown_len = value.data[i] == ',' ?
		    (size_t)snprintf(shown, sizeof(shown), "\\x2c") :
		    starttls_text_clean(shown, sizeof(shown), value.data + i,
			1);
		if (len + shown_len + sizeof("...") > size)
			break;
		memcpy(dst + len, shown, shown_len);
		len += shown_len;
	}
	snprintf(dst + len, size - len, "%s", i < value.len ? "..." : "");
}

static void
put_address(char *dst, size_t size, struct slice value)
{
	char text[INET6_ADDRSTRLEN] = "...";

	if (value.len == 4 || value.len == 16)
		inet_ntop(value.len == 4 ? AF_INET : AF_INET6, value.data, text,
		    sizeof(text));
	snprintf(dst, size, "IP:%s", text);
}

/* otherName: of them only those of services are anybody's here. */
static bool
put_service(char *dst, size_t size, struct slice value)
{
	struct slice oid, name;

	if (!starttls_der_take(&value, DER_OID, false, &oid) ||
	    !starttls_der_equal(oid, (struct slice){ oid_srv_name,
	    sizeof(oid_srv_name) }) ||
	    !starttls_der_unwrap(&value, DER_EXPLICIT) ||
	    !starttls_der_take(&value, DER_IA5_STRING, false, &name))
		return false;
	put_name(dst, size, "SRV", name);
	return true;
}

/* Returns whether it is a name that a peer could be called by. */
static bool
put_any(char *dst, size_t size, uint8_t tag, struct slice value)
{
	switch (tag) {
	case DNS_NAME:
		put_name(dst, size, "DNS", value);
		return true;
	case RFC822_NAME:
		put_name(dst, size, "email", value);
		return true;
	case URI:
		put_name(dst, size, "URI", value);
		return true;
	case IP_ADDRESS:
		put_address(dst, size, value);
		return true;
	case OTHER_NAME:
		return put_service(dst, size, value);
	default:
		return false;
	}
}

int
starttls_names_begin(struct starttls_names *ret_names, const uint8_t *der,
		     size_t len)
{
	const struct slice oid = { oid_alt_name, sizeof(oid_alt_name) };
	struct slice names = { NULL, 0 };
	int has;

	if (ret_names == NULL || der == NULL)
		return STARTTLS_E_INVALID;
	has = starttls_der_extension((struct slice){ der, len }, oid, &names);
	if (has < 0 || (has > 0 && !starttls_der_unwrap(&names, DER_SEQUENCE)))
		return STARTTLS_E_TLS;
	ret_names->next = names.data;
	ret_names->left = names.len;
	return 0;
}

int
starttls_names_next(struct starttls_names *names, char *ret_name, size_t size)
{
	struct slice left, value;
	uint8_t tag;
	bool is_shown = false;

	if (names == NULL || ret_name == NULL || size < MIN_SIZE)
		return STARTTLS_E_INVALID;
	left = (struct slice){ names->next, names->left };
	while (left.len > 0 && !is_shown) {
		tag = left.data[0];
		if (!starttls_der_take(&left, tag, false, &value)) {
			names->left = 0;
			return STARTTLS_E_TLS;
		}
		is_shown = put_any(ret_name, size, tag, value);
	}
	names->next = left.data;
	names->left = left.len;
	return is_shown;
}

void
starttls_altname_list(struct slice der, char *ret_list, size_t room)
{
	struct starttls_names names;
	char name[STARTTLS_NAME_SIZE];
	bool complete = true;
	size_t used = 0;
	int rc = starttls_names_begin(&names, der.data, der.len);

	ret_list[0] = '\0';
	while (rc == 0 && (rc = starttls_names_next(&names, name,
	    sizeof(name))) == 1) {
		rc = 0;
		/* room is left for what stands for the rest */
		if (used + strlen(name) + sizeof(", " REST) > room)
			complete = false;
		else
			used += (size_t)snprintf(ret_list + used, room - used,
			    "%s%s", used > 0 ? ", " : "", name);
	}
	if (rc != 0 || !complete)
		snprintf(ret_list + used, room - used, "%s",
		    used > 0 ? REST : &REST[2]);
}

void
starttls_altname_hide(uint8_t *der, size_t len)
{
	const struct slice oid = { oid_alt_name, sizeof(oid_alt_name) };
	struct slice found;

	if (starttls_der_extension_oid((struct slice){ der, len }, oid,
	    &found) > 0)
		der[(size_t)(found.data - der) + found.len - 1] = NOBODYS_ARC;
}
