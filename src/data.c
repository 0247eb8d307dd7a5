/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Data channels: FTP's second connections, which belong to a control session.
 *
 * Whoever gets between the two could otherwise steal or plant a file, so a
 * data channel resumes the control session, or shows its certificate.
 * RFC 4217 sections 7, 9 and 15.1.
 */

#include "config.h"

#include "../protocols/protocol.h"
#include "upgrade.h"
#include "verify.h"

/* Tie a new session to its control session. */
static int
tie(struct starttls_session *s, struct starttls_session *control)
{
	const gnutls_datum_t *leaf;
	unsigned count = 0;

	s->is_data = true;
	s->expected = starttls_expected_ref(control->expected);
	if (control->tickets == NULL && s->policy->resume != NULL)
		control->tickets = starttls_resume_new(RESUME_MAX_PER_KEY,
		    true);
	s->tickets = starttls_resume_ref(control->tickets);
	leaf = gnutls_certificate_get_peers(control->tls, &count);
	s->has_leaf = leaf != NULL && count > 0;
	/* a client has verified one, in this session or the resumed one */
	if (!s->has_leaf)
		return starttls_session_is_server(s) ? 0 : STARTTLS_E_TLS;
	return starttls_verify_leaf_digest(leaf, s->leaf);
}

int
starttls_upgrade_data(struct starttls_upgrade **ret_upgrade,
		      struct starttls_session *control, int fd,
		      const struct starttls_options *options,
		      struct starttls_error *error)
{
	struct starttls_options own;
	struct starttls_upgrade *u;
	int rc;

	if (error != NULL)
		starttls_error_reset(error);
	if (ret_upgrade == NULL || control == NULL ||
	    !control->protocol->has_data_channels || control->is_data)
		return starttls_policy_wrong(error, STARTTLS_E_INVALID, "a control "
		    "session of a protocol with data channels is needed");
	if (control->error.code != 0)
		return starttls_policy_wrong(error, STARTTLS_E_STATE,
		    "the control session has failed");
	rc = starttls_options_copy(&own, options, error);
	if (rc != 0)
		return rc;
	if (own.tlsa_count > 0 || own.name_count > 0)
		return starttls_policy_wrong(error, STARTTLS_E_INVALID,
		    "a data channel leads to the peer of its control session, "
		    "and to no other");
	own.port = control->port;  /* for the cache */
	rc = starttls_upgrade_new(&u, control->policy, control->protocol,
	    STARTTLS_HANDSHAKE, control->name->text, fd, &own, error);
	if (rc != 0)
		return rc;
	rc = tie(u->session, control);
	if (rc != 0) {
		starttls_upgrade_free(u);
		return starttls_policy_wrong(error, rc, "the control "
		    "session has no certificate to compare with");
	}
	*ret_upgrade = u;
	return 0;
}
