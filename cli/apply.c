/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * What each option does to the settings; values.c says what its value means.
 */

#include "config.h"

#include <string.h>

#include "account.h"
#include "loop/address.h"
#include "options.h"
#include "values.h"

static bool
add_cert(struct identities *later, const char *value, bool many)
{
	if (!many)
		later->cert_count = 0; /* the last one counts */
	if (later->cert_count == MAX_IDENTITIES)
		return false;
	later->cert[later->cert_count++] = value;
	return true;
}

static bool
add_key(struct identities *later, const char *value, bool many)
{
	if (!many)
		later->key_count = 0;
	if (later->key_count == MAX_IDENTITIES)
		return false;
	later->key[later->key_count++] = value;
	return true;
}

/* Those of serve and proxy; as apply. */
static int
apply_listening(struct settings *s, char letter, const char *value,
		struct starttls_error *error)
{
	switch (letter) {
	case 'C':
		return set_client_ca(s, value, error);
	case 'e':
		return set_client_cert(s, value, error);
	case 'i':
		return starttls_policy_intermediates(s->policy, value, error);
	case 'L':
		return parse_address(value, 0, &s->front.door.host,
		    &s->front.door.port) ? 0 : 1;
	case 'U':
		s->front.door.path = value;
		return value[0] != '\0' ? 0 : 1;
	case '5':
		s->front.door.user = value;
		return value[0] != '\0' ? 0 : 1;
	case '9':
		s->front.door.root = value;
		return value[0] != '\0' ? 0 : 1;
	case 'N':
		s->options.own_name = value;
		return 0;
	case 'T':
		return parse_address(value, 1, &s->to_host, &s->to_port) ?
		    0 : 1;
	case 'Q':
		return parse_timeout(value, &s->front.idle_ms) ? 0 : 1;
	case 'X':
		return parse_count(value, &s->front.max_connections) ? 0 : 1;
	case 'Y':
		return parse_count(value, &s->max_running) ? 0 : 1;
	default:
		return 1;
	}
}

int
option_apply(struct settings *s, struct identities *later, char letter,
	     const char *value, struct starttls_error *error)
{
	bool many = s->subcommand->role == STARTTLS_SERVER;

	switch (letter) {
	case 'a':
		return starttls_policy_trust_file(s->policy, value, error);
	case 'd':
		return starttls_policy_trust_dir(s->policy, value, error);
	case 'A':
		return starttls_policy_add_trust_file(s->policy, value, error);
	case 'p':
		return starttls_policy_pin(s->policy, value, error);
	case '0':
		return starttls_policy_accept_peer(s->policy, value, error);
	case 'r':
		return starttls_policy_crl_file(s->policy, value, error);
	case 'R':
		return starttls_policy_require_ocsp(s->policy, error);
	case 'k':
		return add_cert(later, value, many) ? 0 : 1;
	case 'K':
		return add_key(later, value, many) ? 0 : 1;
	case 'P':
		later->passphrase_file = value;
		return 0;
	case 'm':
		return set_min_version(s, value, error);
	case 'x':
		return starttls_policy_restrict(s->policy, value, error);
	case 'l':
		return set_alpn(s, value, error);
	case 'c':
		return parse_connect(value, s) ? 0 : 1;
	case 'n':
		s->options.own_name = value;
		return 0;
	case 't':
		return parse_timeout(value, &s->timeout_ms) ? 0 : 1;
	case 'Z':
		return parse_seconds(value, &s->patience.close_after_ms) ?
		    0 : 1;
	case 'H':
		s->patience.half_close = true;
		return 0;
	case '1':
		s->ends_lines = true;
		return 0;
	case '2':
		s->greets = true;
		return 0;
	case '4':
	case '6':
		if (s->options.family != STARTTLS_ANY)
			return 1;
		s->options.family = letter == '4' ? STARTTLS_IPV4 :
		    STARTTLS_IPV6;
		return 0;
	case 'M':
		s->pem = true;
		return 0;
	case '7':
		return parse_retries(value, &s->batch.retries) ? 0 : 1;
	case '3':
		s->resumes = true;
		return 0;
	case 'f':
		return set_format(s, value, error);
	case 'o':
		s->format.output = strcmp(value, "-") == 0 ? NULL : value;
		return value[0] != '\0' ? 0 : 1;
	case 'w':
		return parse_threshold(value, &s->format.limits.warning) ? 0 : 1;
	case 'W':
		return parse_threshold(value, &s->format.limits.critical) ? 0 : 1;
	case 'g':
	case 'u':
	case 'F':
	case 'B':
	case 'D':
	case 'E':
	case 'z':
	case 'G':
	case 'J':
	case 'I':
	case 'O':
	case 's':
		return account_option(&s->account, letter, value) ? 0 : 1;
	case 'S':
		s->batch.targets = value;
		return value[0] != '\0' ? 0 : 1;
	case 'j':
		return parse_count(value, &s->batch.jobs) ? 0 : 1;
	case 'b':
		return set_port(s, value, error);
	case 'y':
		s->probe.address = value;
		return value[0] != '\0' ? 0 : 1;
	case '8':
		s->format.only_problems = true;
		return 0;
	case 'V':
		s->batch.unordered = true;
		return 0;
	case 'v':
		s->trace = true;
		return 0;
	case 'q':
		s->quiet = true;
		return 0;
	default:
		return apply_listening(s, letter, value, error);
	}
}
