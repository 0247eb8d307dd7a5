/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* Two ways to hold anchors: see truststore.h. */

#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "truststore.h"

#include <stdint.h>
#include <string.h>

#include "harness.h"
#include "path.h"
#include "policy.h"
#include "trust.h"

struct starttls_policy *
new_policy(void)
{
	struct starttls_policy *policy;

	ck_assert_int_eq(starttls_policy_new(&policy, STARTTLS_CLIENT), 0);
	test_policy_clock(policy);
	return policy;
}

void
store_init(struct store *s, const char *pem, bool on_need)
{
	gnutls_datum_t data = { (unsigned char *)(uintptr_t)pem,
	    (unsigned)strlen(pem) };
	struct starttls_error error;

	s->policy = NULL;
	s->list = NULL;
	if (on_need) {
		s->policy = new_policy();
		starttls_error_reset(&error);
		ck_assert_msg(starttls_policy_trust_pem(s->policy, pem,
		    strlen(pem), &error) == 0, "%s", error.message);
		return;
	}
	ck_assert_int_eq(gnutls_x509_trust_list_init(&s->list, 0), 0);
	ck_assert_int_gt(gnutls_x509_trust_list_add_trust_mem(s->list, &data,
	    NULL, GNUTLS_X509_FMT_PEM, 0, 0), 0);
}

void
store_done(struct store *s)
{
	starttls_policy_unref(s->policy);
	gnutls_x509_trust_list_deinit(s->list, 1);
}

size_t
store_count(const struct store *s)
{
	gnutls_x509_trust_list_iter_t iter = NULL;
	gnutls_x509_crt_t crt;
	size_t count = 0;

	if (s->policy != NULL)
		return starttls_trust_parsed(s->policy->trust);
	while (gnutls_x509_trust_list_iter_get_ca(s->list, &iter, &crt) >= 0) {
		gnutls_x509_crt_deinit(crt);
		count++;
	}
	return count;
}

unsigned
path_verdict(const struct starttls_policy *policy, gnutls_x509_crt_t *chain,
	     unsigned n)
{
	struct chain sent = { .len = n };
	gnutls_datum_t der[16];
	struct path path;
	unsigned i;

	for (i = 0; i < n; i++) {
		ck_assert_int_eq(gnutls_x509_crt_export2(chain[i],
		    GNUTLS_X509_FMT_DER, &der[i]), 0);
		sent.crt[i] = chain[i];
	}
	sent.der = der;
	starttls_path_find(&(struct demand){ .policy = policy }, &sent,
	    &path);
	for (i = 0; i < n; i++)
		gnutls_free(der[i].data);
	return path.verdict;
}

unsigned
store_verify(struct store *s, gnutls_x509_crt_t *chain, unsigned n)
{
	gnutls_typed_vdata_st purpose = {
		.type = GNUTLS_DT_KEY_PURPOSE_OID,
		.data = (unsigned char *)(uintptr_t)GNUTLS_KP_TLS_WWW_SERVER,
	};
	unsigned status = ~0u;

	if (s->policy != NULL)
		return path_verdict(s->policy, chain, n);
	ck_assert_int_eq(gnutls_x509_trust_list_verify_crt2(s->list, chain, n,
	    &purpose, 1, GNUTLS_PROFILE_TO_VFLAGS(GNUTLS_PROFILE_MEDIUM),
	    &status, NULL), 0);
	return status;
}
