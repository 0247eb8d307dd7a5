/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * SASL mechanisms: those of GNU SASL, and the two for OAuth 2.0 tokens, which
 * it has not (RFC 7628, and XOAUTH2, which is in no standard).
 *
 * What GNU SASL copies it frees without clearing, so it gets as little as
 * possible: for SCRAM (RFC 5802, RFC 7677) the password is hashed here, and it
 * only sees the result.  That and its copies of a password are cleared in
 * place before it frees them.
 *
 * SCRAM without channel binding always says that we know none ("n", not "y"):
 * what "y" detects is a list of mechanisms that was tampered with, and that has
 * come through verified TLS; and GNU SASL 2.2.0 cannot say it for tls-exporter.
 */

#include "config.h"

#include "sasl.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <gnutls/crypto.h>
#include <gsasl.h>

#include "compat.h"

/* Fractions of a second, and many times what servers ask for. */
#define MAX_ROUNDS 200000

enum kind { SCRAM, SIMPLE, BEARER };

/* The strongest first.  A token is for its own mechanisms only. */
static const struct mechanism {
	const char *name;
	enum kind kind;
	enum login_needs needs;
	gnutls_mac_algorithm_t mac;
	bool plus;
} mechanisms[] = {
	{ "SCRAM-SHA-256-PLUS", SCRAM, LOGIN_NEEDS_PASSWORD,
	  GNUTLS_MAC_SHA256, true },
	{ "SCRAM-SHA-1-PLUS", SCRAM, LOGIN_NEEDS_PASSWORD, GNUTLS_MAC_SHA1,
	  true },
	{ "SCRAM-SHA-256", SCRAM, LOGIN_NEEDS_PASSWORD, GNUTLS_MAC_SHA256,
	  false },
	{ "SCRAM-SHA-1", SCRAM, LOGIN_NEEDS_PASSWORD, GNUTLS_MAC_SHA1, false },
	{ "PLAIN", SIMPLE, LOGIN_NEEDS_PASSWORD, GNUTLS_MAC_UNKNOWN, false },
	{ "LOGIN", SIMPLE, LOGIN_NEEDS_PASSWORD, GNUTLS_MAC_UNKNOWN, false },
	{ "OAUTHBEARER", BEARER, LOGIN_NEEDS_TOKEN, GNUTLS_MAC_UNKNOWN,
	  false },
	{ "XOAUTH2", BEARER, LOGIN_NEEDS_TOKEN, GNUTLS_MAC_UNKNOWN, false },
	{ "EXTERNAL", SIMPLE, LOGIN_NEEDS_CERTIFICATE, GNUTLS_MAC_UNKNOWN,
	  false },
};

#define MECHANISMS (sizeof(mechanisms) / sizeof(mechanisms[0]))

struct sasl {
	const struct mechanism *mechanism;
	const struct login_options *options;
	char host[512], port[8];
	Gsasl *library;            /* NULL: by hand */
	Gsasl_session *session;
	unsigned rounds;           /* steps taken */
	bool is_done;
	bool too_long, unprepared; /* why the callback gave nothing */
};

const char *
login_library(const char **ret_built)
{
	*ret_built = GSASL_VERSION;
	return gsasl_check_version(NULL);
}

const char *
sasl_name(unsigned mechanism)
{
	return mechanism < MECHANISMS ? mechanisms[mechanism].name : NULL;
}

int
sasl_find(const char *name)
{
	size_t i;

	for (i = 0; i < MECHANISMS; i++)
		if (strcasecmp(mechanisms[i].name, name) == 0)
			return (int)i;
	return -1;
}

enum login_needs
sasl_needs(unsigned mechanism)
{
	return mechanisms[mechanism].needs;
}

/*
 * RFC 9266 for TLS 1.3; before that RFC 5802 section 6.1 makes tls-unique the
 * one that everybody has.  Base64, for GNU SASL.
 */
static int
add_binding(struct starttls_session *session, Gsasl_property *ret_property,
     char **ret_data)
{
	struct starttls_report report = { .size = sizeof(report) };
	bool tls13;
	char data[64];
	size_t len = 0;
	int rc = starttls_session_report(session, &report);

	if (rc != 0)
		return rc;
	tls13 = strcmp(report.version, "TLS1.3") == 0;
	rc = starttls_session_channel_binding(session,
	    tls13 ? STARTTLS_TLS_EXPORTER : STARTTLS_TLS_UNIQUE, data,
	    sizeof(data), &len);
	if (rc != 0)
		return rc;
	*ret_property = tls13 ? GSASL_CB_TLS_EXPORTER : GSASL_CB_TLS_UNIQUE;
	return gsasl_base64_to(data, len, ret_data, NULL) == GSASL_OK ? 0 :
	    STARTTLS_E_NOMEM;
}

static bool
can_bind(struct starttls_session *session)
{
	Gsasl_property property;
	char *data;

	if (add_binding(session, &property, &data) != 0)
		return false;
	gsasl_free(data);
	return true;
}

int
sasl_choose(unsigned offered, const struct login_options *o,
	    struct starttls_session *session)
{
	enum login_needs has = o->secret == NULL ? LOGIN_NEEDS_CERTIFICATE :
	    o->is_token ? LOGIN_NEEDS_TOKEN : LOGIN_NEEDS_PASSWORD;
	size_t i;

	for (i = 0; i < MECHANISMS; i++) {
		if ((offered & 1u << i) == 0 || mechanisms[i].needs != has ||
		    (o->mechanism != NULL &&
		     strcasecmp(mechanisms[i].name, o->mechanism) != 0))
			continue;
		if (!mechanisms[i].plus || can_bind(session))
			return (int)i;
	}
	return -1;
}

static bool
is_ascii(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < 0x20 || (unsigned char)*text > 0x7e)
			return false;
	return true;
}

/* Hash the password as SCRAM wants it, into a property. */
static int
salt_password(struct sasl *sasl, Gsasl_session *session, const char *password)
{
	const char *rounds = gsasl_property_fast(session, GSASL_SCRAM_ITER);
	const char *salt64 = gsasl_property_fast(session, GSASL_SCRAM_SALT);
	const size_t len = sasl->mechanism->mac == GNUTLS_MAC_SHA1 ? 20 : 32;
	gnutls_datum_t key, salt = { NULL, 0 };
	char hashed[32], hex[65], *data;
	size_t i, size;
	int rc;

	if (rounds == NULL || salt64 == NULL)
		return GSASL_NO_CALLBACK;
	sasl->too_long = strlen(rounds) > 6 || atol(rounds) > MAX_ROUNDS;
	if (sasl->too_long || gsasl_base64_from(salt64, strlen(salt64), &data,
	    &size) != GSASL_OK)
		return GSASL_NO_CALLBACK;
	salt.data = (unsigned char *)data;
	salt.size = (unsigned)size;
	key.data = (unsigned char *)(uintptr_t)password;
	key.size = (unsigned)strlen(password);
	rc = atol(rounds) < 1 ? -1 : gnutls_pbkdf2(sasl->mechanism->mac, &key,
	    &salt, (unsigned)atol(rounds), hashed, len);
	gsasl_free(data);
	for (i = 0; i < len && rc == 0; i++)
		snprintf(hex + 2 * i, 3, "%02x", (unsigned char)hashed[i]);
	if (rc == 0)
		rc = gsasl_property_set(session, GSASL_SCRAM_SALTED_PASSWORD,
		    hex);
	explicit_bzero(hashed, sizeof(hashed));
	explicit_bzero(hex, sizeof(hex));
	return rc == 0 ? GSASL_OK : GSASL_NO_CALLBACK;
}

/* Asked for the one thing that has to wait for the server's salt. */
static int
give(Gsasl *library, Gsasl_session *session, Gsasl_property property)
{
	struct sasl *sasl = gsasl_callback_hook_get(library);
	const char *password = sasl->options->secret;
	char *prepared = NULL;
	int rc;

	if (property != GSASL_SCRAM_SALTED_PASSWORD || password == NULL)
		return GSASL_NO_CALLBACK;
	/* SASLprep leaves ASCII alone, and copies what it is given */
	if (!is_ascii(password)) {
		if (gsasl_saslprep(password, GSASL_ALLOW_UNASSIGNED, &prepared,
		    NULL) != GSASL_OK) {
			sasl->unprepared = true;
			return GSASL_NO_CALLBACK;
		}
		password = prepared;
	}
	rc = salt_password(sasl, session, password);
	if (prepared != NULL)
		sasl_free_data(prepared, strlen(prepared));
	return rc;
}

static int
start_library(struct sasl *sasl, struct starttls_session *session)
{
	const struct login_options *o = sasl->options;
	const struct mechanism *m = sasl->mechanism;
	Gsasl_property property;
	char *data;
	int rc;

	if (gsasl_init(&sasl->library) != GSASL_OK)
		return STARTTLS_E_NOMEM;
	gsasl_callback_hook_set(sasl->library, sasl);
	gsasl_callback_set(sasl->library, give);
	rc = gsasl_client_start(sasl->library, m->name, &sasl->session);
	if (rc == GSASL_OK && o->user != NULL)
		rc = gsasl_property_set(sasl->session,
		    m->needs == LOGIN_NEEDS_CERTIFICATE ? GSASL_AUTHZID :
		    GSASL_AUTHID, o->user);
	if (rc == GSASL_OK && m->kind == SIMPLE && o->secret != NULL)
		rc = gsasl_property_set(sasl->session, GSASL_PASSWORD,
		    o->secret);
	if (rc != GSASL_OK)
		return STARTTLS_E_NOMEM;
	if (!m->plus)
		return 0;
	rc = add_binding(session, &property, &data);
	if (rc != 0)
		return rc;
	rc = gsasl_property_set(sasl->session, property, data);
	gsasl_free(data);
	return rc == GSASL_OK ? 0 : STARTTLS_E_NOMEM;
}

int
sasl_new(struct sasl **ret_sasl, unsigned mechanism,
	 const struct login_options *options, struct starttls_session *session,
	 const struct starttls_url *url)
{
	struct sasl *sasl = calloc(1, sizeof(*sasl));
	int rc = 0;

	if (sasl == NULL)
		return STARTTLS_E_NOMEM;
	sasl->mechanism = &mechanisms[mechanism];
	sasl->options = options;
	snprintf(sasl->host, sizeof(sasl->host), "%s", url->host);
	snprintf(sasl->port, sizeof(sasl->port), "%s", url->port);
	if (sasl->mechanism->kind != BEARER)
		rc = start_library(sasl, session);
	if (rc != 0) {
		sasl_free(sasl);
		return rc;
	}
	*ret_sasl = sasl;
	return 0;
}

/* LOGIN, as servers know it, begins with a question. */
bool
sasl_speaks_first(const struct sasl *sasl)
{
	return strcmp(sasl->mechanism->name, "LOGIN") != 0;
}

bool
sasl_listens(const struct sasl *sasl)
{
	return sasl->mechanism->kind == SCRAM;
}

bool
sasl_is_done(const struct sasl *sasl)
{
	return sasl->is_done;
}

bool
sasl_wants_proof(const struct sasl *sasl)
{
	return sasl->mechanism->kind == SCRAM;
}

/* A name in a GS2 header, RFC 5801 section 4. */
static void
escape_name(char *dst, const char *name)
{
	for (; *name != '\0'; name++) {
		if (*name == ',' || *name == '=') {
			memcpy(dst, *name == ',' ? "=2C" : "=3D", 3);
			dst += 3;
		} else {
			*dst++ = *name;
		}
	}
	*dst = '\0';
}

static enum sasl_result
bearer_first(struct sasl *sasl, char **ret_data, size_t *ret_len)
{
	const struct login_options *o = sasl->options;
	const char *user = o->user != NULL ? o->user : "";
	size_t size = strlen(o->secret) + 3 * strlen(user) +
	    sizeof(sasl->host) + 80;
	char *data = malloc(size), *name = malloc(3 * strlen(user) + 1);
	int len = -1;

	if (data != NULL && name != NULL &&
	    strcmp(sasl->mechanism->name, "XOAUTH2") == 0) {
		len = snprintf(data, size, "user=%s\001auth=Bearer %s\001\001",
		    user, o->secret);
	} else if (data != NULL && name != NULL) {
		escape_name(name, user);
		len = snprintf(data, size, "n,%s%s,\001host=%s\001port=%s\001"
		    "auth=Bearer %s\001\001", user[0] != '\0' ? "a=" : "",
		    name, sasl->host, sasl->port, o->secret);
	}
	free(name);
	if (len < 0) {
		free(data);
		return SASL_NO_MEMORY;
	}
	*ret_data = data;
	*ret_len = (size_t)len;
	sasl->is_done = true;
	return SASL_RESPONSE;
}

/* The reason of a refusal comes as a challenge, and wants an answer. */
static enum sasl_result
bearer_step(struct sasl *sasl, char **ret_data, size_t *ret_len)
{
	bool dummy = strcmp(sasl->mechanism->name, "OAUTHBEARER") == 0;

	if (sasl->rounds == 1)
		return bearer_first(sasl, ret_data, ret_len);
	if (sasl->rounds > 2)
		return SASL_MALFORMED;
	/* no yes can follow it any more */
	sasl->is_done = false;
	*ret_data = strdup(dummy ? "\001" : "");
	*ret_len = dummy ? 1 : 0;
	return *ret_data == NULL ? SASL_NO_MEMORY : SASL_RESPONSE;
}

static enum sasl_result
fault(const struct sasl *sasl, int rc)
{
	if (sasl->too_long)
		return SASL_TOO_LONG;
	if (sasl->unprepared || rc == GSASL_SASLPREP_ERROR)
		return SASL_UNPREPARED;
	if (rc == GSASL_MALLOC_ERROR)
		return SASL_NO_MEMORY;
	/* the third step is the server's signature */
	return rc == GSASL_AUTHENTICATION_ERROR && sasl->rounds == 3 ?
	    SASL_FORGED : SASL_MALFORMED;
}

enum sasl_result
sasl_step(struct sasl *sasl, const char *challenge, size_t len,
	  char **ret_data, size_t *ret_len)
{
	char *data = NULL;
	size_t size = 0;
	int rc;

	sasl->rounds++;
	if (sasl->mechanism->kind == BEARER)
		return bearer_step(sasl, ret_data, ret_len);
	if (sasl->is_done || strlen(challenge) != len)
		return SASL_MALFORMED;
	if (sasl->mechanism->kind == SCRAM && sasl->rounds > 1 &&
	    strncmp(challenge, "e=", 2) == 0)
		return SASL_REFUSED;
	rc = gsasl_step(sasl->session, challenge, len, &data, &size);
	if (rc != GSASL_OK && rc != GSASL_NEEDS_MORE)
		return fault(sasl, rc);
	sasl->is_done = rc == GSASL_OK;
	if (data == NULL)
		data = calloc(1, 1);
	if (data == NULL)
		return SASL_NO_MEMORY;
	*ret_data = data;
	*ret_len = size;
	return SASL_RESPONSE;
}

void
sasl_free_data(char *data, size_t len)
{
	if (data != NULL)
		explicit_bzero(data, len);
	gsasl_free(data);
}

/* The library's own copy, which it would free as it is. */
static void
wipe(Gsasl_session *session, Gsasl_property property)
{
	const char *value = gsasl_property_fast(session, property);

	if (value != NULL)
		explicit_bzero((char *)(uintptr_t)value, strlen(value));
}

void
sasl_free(struct sasl *sasl)
{
	if (sasl == NULL)
		return;
	if (sasl->session != NULL) {
		wipe(sasl->session, GSASL_PASSWORD);
		wipe(sasl->session, GSASL_SCRAM_SALTED_PASSWORD);
		gsasl_finish(sasl->session);
	}
	if (sasl->library != NULL)
		gsasl_done(sasl->library);
	free(sasl);
}

char *
sasl_encode(const char *data, size_t len)
{
	char *text;

	return gsasl_base64_to(data, len, &text, NULL) == GSASL_OK ? text :
	    NULL;
}

/* The bytes of a complete group of base64 are always the same. */
static char *
pad(const char *text)
{
	size_t len;
	char *padded;

	text += strspn(text, " ");
	len = strlen(text);
	while (len > 0 && text[len - 1] == ' ')
		len--;
	padded = malloc(len + 4);
	if (padded == NULL)
		return NULL;
	memcpy(padded, text, len);
	for (; len % 4 > 1; len++)
		padded[len] = '=';
	padded[len] = '\0';
	return padded;
}

char *
sasl_decode(const char *text, size_t *ret_len)
{
	char *data = NULL, *copy = NULL, *padded = pad(text);
	size_t len = 0;

	if (padded != NULL && (padded[0] == '\0' || gsasl_base64_from(padded,
	    strlen(padded), &data, &len) == GSASL_OK))
		copy = malloc(len + 1);
	if (copy != NULL) {
		if (len > 0)
			memcpy(copy, data, len);
		copy[len] = '\0';
		*ret_len = len;
	}
	gsasl_free(data);
	free(padded);
	return copy;
}
