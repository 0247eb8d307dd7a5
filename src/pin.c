/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* Pins: keys of which one has to be on the path, RFC 7469 section 2.6. */

#include "config.h"

#include "policy.h"

#include <stdlib.h>
#include <string.h>

int
starttls_policy_pin(struct starttls_policy *policy, const char *pin,
		    struct starttls_error *error)
{
	const char *at = pin;
	size_t count, len;
	uint8_t (*pins)[PIN_SIZE];
	int rc = starttls_policy_may_set(policy, pin, error);

	if (rc != 0)
		return rc;
	count = policy->pin_count;
	for (;; at += len + 1) {
		len = strcspn(at, ";");
		pins = realloc(policy->pins, (count + 1) * sizeof(*pins));
		if (pins == NULL)
			return starttls_policy_wrong(error, STARTTLS_E_NOMEM,
			    "out of memory");
		policy->pins = pins;
		if (!starttls_peer_parse_key(at, len, pins[count]))
			return starttls_policy_wrong(error, STARTTLS_E_INVALID,
			    "a pin is sha256// and the base64 of 32 bytes, "
			    "as curl has it");
		count++;
		if (at[len] == '\0')
			break;
	}
	policy->pin_count = count;
	return 0;
}

bool
starttls_policy_has_pin(const struct starttls_policy *policy,
			gnutls_x509_crt_t crt)
{
	uint8_t id[PIN_SIZE];
	size_t size = sizeof(id), i;

	if (policy->pin_count == 0 || gnutls_x509_crt_get_key_id(crt,
	    GNUTLS_KEYID_USE_SHA256, id, &size) < 0 || size != sizeof(id))
		return false;
	for (i = 0; i < policy->pin_count; i++)
		if (memcmp(policy->pins[i], id, sizeof(id)) == 0)
			return true;
	return false;
}
