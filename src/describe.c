/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * What a policy allows and requires, for people.
 */

#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "policy.h"
#include "text.h"

static void
describe_priority(FILE *out, gnutls_priority_t priority)
{
	const unsigned *list;
	unsigned i, index;
	int n, rc;

	n = gnutls_priority_protocol_list(priority, &list);
	fputs("versions:     ", out);
	for (i = 0; (int)i < n; i++)
		fprintf(out, " %s", gnutls_protocol_get_name(list[i]));
	fputs("\ncipher suites:", out);
	for (i = 0; (rc = gnutls_priority_get_cipher_suite_index(priority, i,
	    &index)) != GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE; i++) {
		const char *name = rc < 0 ? NULL :
		    gnutls_cipher_suite_info(index, NULL, NULL, NULL, NULL,
			NULL);

		if (name != NULL)
			fprintf(out, "\n  %s", name);
	}
	n = gnutls_priority_group_list(priority, &list);
	fputs("\ngroups:       ", out);
	for (i = 0; (int)i < n; i++)
		fprintf(out, " %s", gnutls_group_get_name(list[i]));
	n = gnutls_priority_sign_list(priority, &list);
	fputs("\nsignatures:   ", out);
	for (i = 0; (int)i < n; i++)
		fprintf(out, "\n  %s", gnutls_sign_get_name(list[i]));
	fputc('\n', out);
}

static void
describe_anchors(FILE *out, const struct starttls_policy *p)
{
	char pin[48], peer[PEER_TEXT_SIZE];
	size_t i, own = p->has_system ? p->own_anchors :
	    starttls_trust_count(p->trust);

	fputs("trust:         ", out);
	if (p->use_system)
		fprintf(out, "system store %s, anchors loaded on need",
		    starttls_trust_system_path());
	if (own > 0)
		fprintf(out, "%s%zu anchors of the application",
		    p->use_system ? " and " : "", own);
	fprintf(out, "%s\nsecurity level: 112 bits at least\n",
	    p->peer_count > 0 ? own > 0 ? ", but only these peers are "
	    "accepted" : "only these peers are accepted" :
	    own == 0 && !p->use_system ? "nobody" : "");
	for (i = 0; i < p->peer_count; i++) {
		starttls_peer_format(&p->peers[i], peer);
		fprintf(out, "peer:          %s\n", peer);
	}
	for (i = 0; i < p->pin_count; i++) {
		starttls_base64_encode(pin, p->pins[i], PIN_SIZE);
		fprintf(out, "pin:           sha256//%s\n", pin);
	}
}

static void
describe_client(FILE *out, const struct starttls_policy *p)
{
	static const char *const alpn[] = {
		("auto (off after an upgrade and on the usual dedicated "
		 "ports, or if refused)"),
		"off", "offered", "required"
	};

	fputs("name:          subjectAltName only, no common name, "
	    "wildcard for one whole label\n", out);
	fprintf(out, "revocation:    %zu CRLs, staple %s\n", p->crl_count,
	    p->require_ocsp ? "required" : "checked if sent, required by "
	    "certificates that say so");
	fprintf(out, "ALPN:          %s\n", alpn[p->alpn]);
	fprintf(out, "certificate:   %s\n", p->has_identity ?
	    "one is shown if asked for" : "none is shown");
	fprintf(out, "resumption:    %s\n", p->resumption ?
	    "tickets kept in memory, each used once" : "off");
}

static void
describe_server(FILE *out, const struct starttls_policy *p)
{
	static const char *const clients[] = {
		"not asked for", "asked for, verified", "required, verified"
	};
	static const char *const alpn[] = {
		"answered, another protocol refused", "ignored",
		"answered, another protocol refused", "required"
	};

	fprintf(out, "revocation:    %zu CRLs\n", p->crl_count);
	fprintf(out, "ALPN:          %s\n", alpn[p->alpn]);
	fprintf(out, "certificate:   %s\n", p->has_identity ?
	    "shown" : "none yet");
	fprintf(out, "of clients:    %s\n", clients[p->client_cert]);
	fprintf(out, "resumption:    %s\n", p->resumption &&
	    p->client_cert == STARTTLS_CLIENT_CERT_OFF ? "tickets given" :
	    "off");
}

static void
describe_rules(FILE *out, const struct starttls_policy *p)
{
	describe_anchors(out, p);
	if (p->role == STARTTLS_SERVER)
		describe_server(out, p);
	else
		describe_client(out, p);
	fprintf(out, "never:         %s, renegotiation, compression, early "
	    "data\n", p->role == STARTTLS_SERVER ?
	    "login in the clear, anything behind the upgrade command" :
	    "no verification, cleartext fallback");
}

char *
starttls_policy_describe(struct starttls_policy *policy)
{
	gnutls_priority_t priority;
	char *text = NULL;
	size_t len = 0;
	FILE *out;

	if (policy == NULL || starttls_policy_priority(policy,
	    policy->removals, &priority) < 0)
		return NULL;
	out = open_memstream(&text, &len);
	if (out != NULL) {
		describe_priority(out, priority);
		pthread_mutex_lock(&policy->lock); /* it may freeze now */
		describe_rules(out, policy);
		pthread_mutex_unlock(&policy->lock);
		if (fclose(out) != 0) {
			free(text);
			text = NULL;
		}
	}
	gnutls_priority_deinit(priority);
	return text;
}
