/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * The table of protocols.  registry.inc is made from the protocol files that
 * the build lists: one PROTOCOL(name) for each table that they define.
 */

#include "config.h"

#include "registry.h"

#include <string.h>

#define PROTOCOL(name) \
	extern const struct starttls_protocol starttls_protocol_##name;
#include "registry.inc"
#undef PROTOCOL

static const struct starttls_protocol *const protocols[] = {
#define PROTOCOL(name) &starttls_protocol_##name,
#include "registry.inc"
#undef PROTOCOL
	NULL
};

const struct starttls_protocol *
starttls_protocol_find(const char *name)
{
	size_t i;

	if (name == NULL)
		return NULL;
	for (i = 0; protocols[i] != NULL; i++)
		if (starttls_bytes_equal((struct bytes){
		    (const uint8_t *)name, strlen(name) },
		    protocols[i]->name))
			return protocols[i];
	return NULL;
}

const struct starttls_protocol *
starttls_protocol_at(size_t index)
{
	return protocols[index];
}

const struct starttls_protocol *
starttls_protocol_of_scheme(struct bytes scheme,
			    enum starttls_stage *ret_from)
{
	const struct starttls_protocol *p;
	size_t i;

	for (i = 0; (p = protocols[i]) != NULL; i++) {
		*ret_from = STARTTLS_HANDSHAKE;
		if (p->scheme_tls != NULL &&
		    starttls_bytes_equal(scheme, p->scheme_tls))
			return p;
		*ret_from = STARTTLS_GREETING;
		if (starttls_bytes_equal(scheme, p->name))
			return p;
	}
	return NULL;
}

/* Of which nothing can be said is no protocol that the library speaks. */
static bool
is_spoken(const struct starttls_protocol *protocol)
{
	return protocol->upgrade_rules.step != NULL ||
	    protocol->exchange_rules.step != NULL;
}

const struct starttls_protocol *
starttls_protocol_next(const struct starttls_protocol *previous)
{
	size_t i = 0;

	while (previous != NULL && protocols[i] != NULL &&
	    protocols[i++] != previous)
		continue;
	while (protocols[i] != NULL &&
	    !is_spoken(protocols[i]))
		i++;
	return protocols[i];
}

const char *
starttls_protocol_scheme(const struct starttls_protocol *protocol,
			 enum starttls_stage from)
{
	if (protocol == NULL)
		return NULL;
	return from == STARTTLS_HANDSHAKE ? protocol->scheme_tls :
	    protocol->name;
}

const char *
starttls_protocol_port(const struct starttls_protocol *protocol,
		       enum starttls_stage from)
{
	if (protocol == NULL)
		return NULL;
	return from == STARTTLS_HANDSHAKE ? protocol->port_tls :
	    protocol->port;
}

const char *
starttls_protocol_rfc(const struct starttls_protocol *protocol)
{
	return protocol == NULL ? NULL : protocol->rfc;
}

const char *
starttls_protocol_greeting(const struct starttls_protocol *protocol)
{
	const struct serve_rules *rules;

	if (protocol == NULL)
		return NULL;
	rules = &protocol->serve_rules;
	if (rules->inside == NULL)
		return rules->greeting;
	return rules->inside[0] != '\0' ? rules->inside : NULL;
}

const char *
starttls_protocol_goodbye(const struct starttls_protocol *protocol)
{
	return protocol == NULL || protocol->serve_rules.hangup.len > 0 ?
	    NULL : protocol->serve_rules.hangup.text;
}

int
starttls_protocol_has_data(const struct starttls_protocol *protocol)
{
	return protocol != NULL && protocol->has_data_channels;
}

int
starttls_protocol_has_server(const struct starttls_protocol *protocol)
{
	return protocol != NULL && (protocol->serve_rules.step != NULL ||
	    !is_spoken(protocol));
}

int
starttls_protocol_goes_on(const struct starttls_protocol *protocol)
{
	return protocol != NULL && protocol->goes_on;
}
