/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Reference names: what the user calls the peer, and whether a name that a
 * certificate presents matches it.  RFC 9525, RFC 5890.
 *
 * Lengths are counted, so a NUL inside a presented name is an octet like any
 * other and matches nothing.  There is no common name here at all.
 */

#include "config.h"

#include "name.h"

#include <arpa/inet.h>
#include <string.h>

#include <gnutls/gnutls.h>

#include "der.h"

#define MAX_DNS_NAME 253
#define MAX_LABEL 63

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static bool
is_label_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
	    c == '_';
}

/* "fe80::1%eth0": the scope is for connecting, not for comparing. */
static bool
parse_address(const char *text, struct name *ret_name)
{
	const char *scope = strchr(text, '%');
	size_t len = scope == NULL ? strlen(text) : (size_t)(scope - text);
	char buf[64];

	if (len >= sizeof(buf) || (scope != NULL && (scope[1] == '\0' ||
	    strlen(scope) >= sizeof(ret_name->text) - len)))
		return false;
	memcpy(buf, text, len);
	buf[len] = '\0';
	if (scope == NULL && inet_pton(AF_INET, buf, ret_name->ip) == 1)
		ret_name->ip_len = 4;
	else if (inet_pton(AF_INET6, buf, ret_name->ip) == 1)
		ret_name->ip_len = 16;
	else
		return false;
	memcpy(ret_name->text, buf, len + 1);
	return true;
}

/*
 * Whether a last label is a number, in digits or as "0x7f".  inet_aton(3), and
 * so the resolver, takes such a name for an address: "127.1", "0x7f000001".
 */
static bool
is_number(const char *label)
{
	const bool is_hex = strncmp(label, "0x", 2) == 0;

	return is_hex ? label[2 + strspn(label + 2, "0123456789abcdef")] ==
	    '\0' : label[strspn(label, "0123456789")] == '\0';
}

/* Check and lower-case an ASCII name in place; NULL if it is fine. */
static const char *
check_dns(char *text)
{
	size_t len = strlen(text), label = 0, i;

	if (len > 0 && text[len - 1] == '.')
		text[--len] = '\0';
	if (len == 0)
		return "it is empty";
	if (len > MAX_DNS_NAME)
		return "it is longer than 253 characters";
	for (i = 0; i < len; i++) {
		text[i] = lower(text[i]);
		if (text[i] == '.') {
			if (label == 0)
				return "it has an empty label";
			label = 0;
			continue;
		}
		if (!is_label_char(text[i]))
			return "it has a character that no host name has";
		if (++label > MAX_LABEL)
			return "it has a label of more than 63 characters";
	}
	if (label == 0)
		return "it has an empty label";
	if (is_number(text + len - label))
		return "it ends in a number, but is no address written in "
		    "full";
	return NULL;
}

/*
 * The ASCII part of an internationalised name.  The mapping would encode or
 * drop what no host name has, and so make it another name.
 */
static bool
is_mappable(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < 0x80 && *text != '.' &&
		    (*text == '_' || !is_label_char(lower(*text))))
			return false;
	return true;
}

static bool
is_ascii(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text >= 0x80)
			return false;
	return true;
}

static size_t
count_characters(const gnutls_datum_t *utf8)
{
	size_t count = 0;
	unsigned i;

	for (i = 0; i < utf8->size; i++)
		count += (utf8->data[i] & 0xc0) != 0x80;
	return count;
}

/*
 * Internationalised names: IDNA 2008 by way of GnuTLS.  Its mapping drops what
 * it does not like, which makes it another name; so the name that comes back
 * from the A-labels must have as many characters.
 */
static bool
map_idn(const char *text, struct name *ret_name)
{
	gnutls_datum_t composed = { NULL, 0 }, mapped = { NULL, 0 },
	    back = { NULL, 0 };
	bool good;

	/* in spite of its name this is Unicode's normal form C */
	good = gnutls_utf8_password_normalize((const unsigned char *)text,
	    (unsigned)strlen(text), &composed, 0) >= 0 &&
	    is_mappable((const char *)composed.data) &&
	    gnutls_idna_map((const char *)composed.data, composed.size,
		&mapped, 0) >= 0 && mapped.size < sizeof(ret_name->text) &&
	    gnutls_idna_reverse_map((const char *)mapped.data, mapped.size,
		&back, 0) >= 0 && count_characters(&composed) ==
	    count_characters(&back);
	if (good) {
		memcpy(ret_name->text, mapped.data, mapped.size);
		ret_name->text[mapped.size] = '\0';
	}
	gnutls_free(composed.data);
	gnutls_free(mapped.data);
	gnutls_free(back.data);
	return good;
}

int
starttls_name_parse(const char *text, struct name *ret_name,
		    const char **ret_why)
{
	struct name name;

	memset(&name, 0, sizeof(name));
	if (parse_address(text, &name)) {
		*ret_name = name;
		return 0;
	}
	if (!is_ascii(text)) {
		*ret_why = "it is no valid internationalised name";
		if (!map_idn(text, &name))
			return STARTTLS_E_INVALID;
	} else if (strlen(text) >= sizeof(name.text)) {
		*ret_why = "it is longer than 253 characters";
		return STARTTLS_E_INVALID;
	} else {
		memcpy(name.text, text, strlen(text) + 1);
	}
	name.is_absolute = name.text[0] != '\0' &&
	    name.text[strlen(name.text) - 1] == '.';
	*ret_why = check_dns(name.text);
	if (*ret_why != NULL)
		return STARTTLS_E_INVALID;
	*ret_name = name;
	return 0;
}

/* ASCII without case; @text is in lower case. */
static bool
is_same(const char *text, const uint8_t *presented, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (text[i] == '\0' || lower((char)presented[i]) != text[i])
			return false;
	return text[i] == '\0';
}

/* The same for @len bytes of both. */
static bool
is_same_start(const char *text, const uint8_t *presented, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (lower((char)presented[i]) != text[i])
			return false;
	return true;
}

bool
starttls_name_matches_dns(const struct name *name, const uint8_t *dns,
			  size_t len)
{
	const char *text = name->text;

	if (name->ip_len != 0 || name->is_service || len == 0)
		return false;
	if (len > 2 && dns[0] == '*' && dns[1] == '.') {
		/* skip one label on both sides */
		text = strchr(text, '.');
		if (text == NULL || text == name->text ||
		    memchr(dns + 2, '.', len - 2) == NULL)
			return false;
		dns++;
		len--;
	}
	return is_same(text, dns, len);
}

bool
starttls_name_matches_srv(const struct name *name, const uint8_t *srv,
			  size_t len)
{
	struct slice in = { srv, len }, text;

	return name->is_service && starttls_der_take(&in, DER_IA5_STRING,
	    false, &text) && in.len == 0 &&
	    is_same(name->text, text.data, text.len);
}

bool
starttls_name_matches_service(const struct name *name, const char *service,
			      const uint8_t *srv, size_t len)
{
	struct slice in = { srv, len }, text;
	size_t service_len = strlen(service);

	return name->ip_len == 0 && !name->is_service &&
	    starttls_der_take(&in, DER_IA5_STRING, false, &text) &&
	    in.len == 0 && text.len > service_len &&
	    text.data[service_len] == '.' &&
	    is_same_start(service, text.data, service_len) &&
	    is_same(name->text, text.data + service_len + 1,
		text.len - service_len - 1);
}

/* U-labels, of the same name. */
static bool
is_same_idn(const struct name *name, struct slice text)
{
	struct name mapped;
	char copy[4 * sizeof(mapped.text)];

	if (text.len >= sizeof(copy) || memchr(text.data, 0, text.len) != NULL)
		return false;
	memcpy(copy, text.data, text.len);
	copy[text.len] = '\0';
	return !is_ascii(copy) && map_idn(copy, &mapped) &&
	    strcmp(mapped.text, name->text) == 0;
}

bool
starttls_name_matches_xmpp(const struct name *name, const uint8_t *addr,
			   size_t len)
{
	struct slice in = { addr, len }, text;

	return name->ip_len == 0 && !name->is_service &&
	    starttls_der_take(&in, DER_UTF8_STRING, false, &text) &&
	    in.len == 0 && (is_same(name->text, text.data, text.len) ||
	    is_same_idn(name, text));
}

bool
starttls_name_matches_ip(const struct name *name, const uint8_t *ip,
			 size_t len)
{
	return name->ip_len != 0 && len == name->ip_len &&
	    memcmp(ip, name->ip, len) == 0;
}
