/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Name constraints, RFC 5280 section 4.2.1.10, with the dot of a dNSName that
 * issuers took from that of a URI: ".example.org" is what is below.
 *
 * GnuTLS holds the presented names against them when it validates a path, but
 * a wildcard may stand for a name that is excluded, an address is permitted by
 * a range of the other family, and names of directories are not looked at.
 * E-mail addresses it does well, and they are left to it.  Of the other types
 * a constraint is heeded by refusing all names of that type.
 *
 * The extensions are read in place.  What costs time is counted, as a hostile
 * issuer can have some thousand constraints for some thousand names.
 */

#include "config.h"

#include "constraints.h"

#include <string.h>

#include "der.h"
#include "dirname.h"

#define OID_SUBJECT_ALT_NAME "2.5.29.17"
#define OID_NAME_CONSTRAINTS "2.5.29.30"
#define MAX_WORK 4000000           /* octets looked at: milliseconds */

/* GeneralName, RFC 5280 section 4.2.1.6 */
enum name_tag {
	OTHER_NAME = 0xa0,
	RFC822_NAME = 0x81,
	DNS_NAME = 0x82,
	X400_ADDRESS = 0xa3,
	DIRECTORY_NAME = 0xa4,
	EDI_PARTY_NAME = 0xa5,
	URI = 0x86,
	IP_ADDRESS = 0x87,
	REGISTERED_ID = 0x88
};

struct general_name {
	uint8_t tag;
	struct slice value;
};

/* Of one issuer. */
struct constraints {
	struct slice permitted, excluded; /* GeneralSubtrees, well formed */
	size_t *work;              /* left */
};

static const uint8_t name_tags[] = {
	OTHER_NAME, RFC822_NAME, DNS_NAME, X400_ADDRESS, DIRECTORY_NAME,
	EDI_PARTY_NAME, URI, IP_ADDRESS, REGISTERED_ID,
};

static bool
take_name(struct slice *in, struct general_name *ret)
{
	if (in->len == 0 || memchr(name_tags, in->data[0],
	    sizeof(name_tags)) == NULL)
		return false;
	ret->tag = in->data[0];
	if (!starttls_der_take(in, ret->tag, false, &ret->value))
		return false;
	/* the only one that is a choice, and so has its own tag inside */
	return ret->tag != DIRECTORY_NAME ||
	    starttls_der_unwrap(&ret->value, DER_SEQUENCE);
}

/* GeneralSubtree: a base; the minimum, if there, is the default. */
static bool
take_subtree(struct slice *list, struct general_name *ret_base)
{
	static const uint8_t minimum[] = { 0x80, 1, 0 };
	struct slice subtree;

	return starttls_der_take(list, DER_SEQUENCE, false, &subtree) &&
	    take_name(&subtree, ret_base) && (subtree.len == 0 ||
	    (subtree.len == sizeof(minimum) &&
	    memcmp(subtree.data, minimum, sizeof(minimum)) == 0));
}

static char
lower(uint8_t c)
{
	return (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

/* Labels of letters, digits, '-' and '_', none of them empty. */
static bool
is_domain(struct slice text)
{
	size_t label = 0, i;

	for (i = 0; i < text.len; i++) {
		char c = lower(text.data[i]);

		if (c == '.' && label > 0)
			label = 0;
		else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
		    c == '-' || c == '_')
			label++;
		else
			return false;
	}
	return label > 0;
}

static struct slice
skip(struct slice text, const char *prefix)
{
	const size_t len = strlen(prefix);

	if (text.len >= len && memcmp(text.data, prefix, len) == 0) {
		text.data += len;
		text.len -= len;
	}
	return text;
}

/* A mask has its ones in front. */
static bool
is_range(struct slice range)
{
	const size_t half = range.len / 2;
	bool ended = false;
	size_t i, bit;

	if (range.len != 8 && range.len != 32)
		return false;
	for (i = 0; i < half; i++)
		for (bit = 0x80; bit > 0; bit >>= 1) {
			const bool one = (range.data[half + i] & bit) != 0;

			if (one && ended)
				return false;
			ended = !one;
		}
	return true;
}

static bool
is_base(const struct general_name *base)
{
	switch (base->tag) {
	case DNS_NAME:             /* nothing stands for all */
		return base->value.len == 0 ||
		    is_domain(skip(base->value, "."));
	case IP_ADDRESS:
		return is_range(base->value);
	case DIRECTORY_NAME:
		return starttls_dirname_is_valid(base->value);
	default:
		return true;
	}
}

/* Whether a name can be compared.  If not it is within nothing. */
static bool
is_name(const struct general_name *name)
{
	switch (name->tag) {
	case DNS_NAME:
		return is_domain(skip(name->value, "*."));
	case IP_ADDRESS:
		return name->value.len == 4 || name->value.len == 16;
	case DIRECTORY_NAME:
		return starttls_dirname_is_valid(name->value);
	default:
		return false;
	}
}

static bool
is_domain_within(struct slice name, struct slice base)
{
	const size_t more = name.len - base.len;
	size_t i;

	if (base.len == 0)
		return true;
	if (name.len < base.len || (more == 0 && base.data[0] == '.'))
		return false;
	for (i = 0; i < base.len; i++)
		if (lower(name.data[more + i]) != lower(base.data[i]))
			return false;
	return more == 0 || base.data[0] == '.' || name.data[more - 1] == '.';
}

static bool
is_address_within(struct slice address, struct slice range)
{
	size_t i;

	if (range.len != 2 * address.len)
		return false;
	for (i = 0; i < address.len; i++)
		if (((address.data[i] ^ range.data[i]) &
		    range.data[address.len + i]) != 0)
			return false;
	return true;
}

static bool
is_within(const struct general_name *name, const struct general_name *base)
{
	switch (name->tag) {
	case DNS_NAME:
		return is_domain_within(name->value, base->value);
	case IP_ADDRESS:
		return is_address_within(name->value, base->value);
	case DIRECTORY_NAME:
		return starttls_dirname_is_within(name->value, base->value);
	default:
		return false;
	}
}

/* Look for a name in a list.  Returns false if that is too much work. */
static bool
look(const struct constraints *c, struct slice list,
     const struct general_name *name, bool *ret_has_type, bool *ret_is_in)
{
	struct general_name base;

	*ret_has_type = *ret_is_in = false;
	while (!*ret_is_in && take_subtree(&list, &base)) {
		const size_t work = base.tag != name->tag ? 1 :
		    1 + base.value.len;

		if (*c->work < work)
			return false;
		*c->work -= work;
		if (base.tag != name->tag)
			continue;
		*ret_has_type = true;
		*ret_is_in = is_within(name, &base);
	}
	return true;
}

static bool
permits_name(const struct constraints *c, const struct general_name *name)
{
	bool excludes, is_excluded, permits, is_permitted;

	if (name->tag == RFC822_NAME)
		return true;
	if (!look(c, c->excluded, name, &excludes, &is_excluded) ||
	    !look(c, c->permitted, name, &permits, &is_permitted))
		return false;
	if (!excludes && !permits)
		return true;
	return is_name(name) && !is_excluded && (!permits || is_permitted);
}

/* The caller frees the data.  Returns whether it is there, or -1: an error is
   nothing that could be passed over. */
static int
get_extension(gnutls_x509_crt_t crt, const char *oid, gnutls_datum_t *ret)
{
	int rc;

	*ret = (gnutls_datum_t){ NULL, 0 };
	rc = gnutls_x509_crt_get_extension_by_oid2(crt, oid, 0, ret, NULL);
	return rc >= 0 ? 1 :
	    rc == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE ? 0 : -1;
}

static bool
permits_alt_names(const struct constraints *c, gnutls_x509_crt_t crt)
{
	struct general_name name;
	struct slice names;
	gnutls_datum_t data;
	int has = get_extension(crt, OID_SUBJECT_ALT_NAME, &data);
	bool good;

	names = (struct slice){ data.data, data.size };
	good = has == 0 || (has > 0 && starttls_der_unwrap(&names,
	    DER_SEQUENCE));
	while (good && names.len > 0)
		good = take_name(&names, &name) && permits_name(c, &name);
	gnutls_free(data.data);
	return good;
}

/* An empty subject is no name. */
static bool
permits_subject(const struct constraints *c, gnutls_x509_crt_t crt)
{
	struct general_name name = { .tag = DIRECTORY_NAME };
	gnutls_datum_t data;
	bool good;

	if (gnutls_x509_crt_get_raw_dn(crt, &data) < 0)
		return false;
	name.value = (struct slice){ data.data, data.size };
	good = starttls_der_unwrap(&name.value, DER_SEQUENCE) &&
	    (name.value.len == 0 || permits_name(c, &name));
	gnutls_free(data.data);
	return good;
}

static bool
permits_reference(const struct constraints *c, const struct name *name)
{
	struct general_name asked = {
		.tag = name->ip_len > 0 ? IP_ADDRESS : DNS_NAME,
		.value = {
			name->ip_len > 0 ? name->ip :
			    (const uint8_t *)name->text,
			name->ip_len > 0 ? name->ip_len : strlen(name->text),
		},
	};

	return permits_name(c, &asked);
}

static bool
is_self_issued(gnutls_x509_crt_t crt)
{
	gnutls_datum_t subject = { NULL, 0 }, issuer = { NULL, 0 };
	bool is = gnutls_x509_crt_get_raw_dn(crt, &subject) >= 0 &&
	    gnutls_x509_crt_get_raw_issuer_dn(crt, &issuer) >= 0 &&
	    subject.size == issuer.size &&
	    memcmp(subject.data, issuer.data, subject.size) == 0;

	gnutls_free(subject.data);
	gnutls_free(issuer.data);
	return is;
}

/* A list is not empty if it is there. */
static bool
take_list(struct slice *in, uint8_t tag, struct slice *ret_list)
{
	struct general_name base;
	struct slice rest;

	if (!starttls_der_is(in, tag))
		return true;
	if (!starttls_der_take(in, tag, false, ret_list) ||
	    ret_list->len == 0)
		return false;
	for (rest = *ret_list; rest.len > 0;)
		if (!take_subtree(&rest, &base) || !is_base(&base))
			return false;
	return true;
}

/* NameConstraints, in @der.  Returns whether all of it can be read. */
static bool
read_constraints(struct slice der, struct constraints *ret)
{
	ret->permitted = ret->excluded = (struct slice){ NULL, 0 };
	return starttls_der_unwrap(&der, DER_SEQUENCE) && der.len > 0 &&
	    take_list(&der, DER_EXPLICIT, &ret->permitted) &&
	    take_list(&der, DER_EXPLICIT | 1, &ret->excluded) && der.len == 0;
}

/* The constraints of one issuer and all below it, and the names that are asked
   for: those that are not permitted leave.  Returns the index of what is at
   fault, or @issuer + 1. */
static unsigned
check_issuer(const struct constraints *c, struct names *names,
	     const gnutls_x509_crt_t *path, unsigned issuer)
{
	const unsigned asked = names->count;
	unsigned i;

	for (i = issuer; i-- > 0;)
		if ((i == 0 || !is_self_issued(path[i])) &&
		    (!permits_subject(c, path[i]) ||
		    !permits_alt_names(c, path[i])))
			return i;
	names->count = 0;
	for (i = 0; i < asked; i++)
		if (permits_reference(c, names->name[i]))
			names->name[names->count++] = names->name[i];
	return asked > 0 && names->count == 0 ? 0 : issuer + 1;
}

bool
starttls_constraints_check(const struct names *names,
			   const gnutls_x509_crt_t *path, unsigned len,
			   unsigned *ret_index, const struct name **ret_name)
{
	struct names left = { .count = 0 };
	size_t work = MAX_WORK;
	struct constraints c = { .work = &work };
	gnutls_datum_t data;
	unsigned issuer, fault;
	int has;

	if (names != NULL)
		left = *names;
	for (issuer = len; issuer-- > 1;) {
		has = get_extension(path[issuer], OID_NAME_CONSTRAINTS, &data);
		if (has == 0)
			continue;
		fault = issuer;
		if (has > 0 && read_constraints((struct slice){ data.data,
		    data.size }, &c))
			fault = check_issuer(&c, &left, path, issuer);
		gnutls_free(data.data);
		if (fault <= issuer) {
			*ret_index = fault;
			return false;
		}
	}
	if (ret_name != NULL && left.count > 0)
		*ret_name = left.name[0];
	return true;
}
