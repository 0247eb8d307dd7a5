/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* What upgrades and sessions cost in memory, and that it is given back. */

#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <string.h>

#include "heap.h"
#include "policy.h"
#include "remote.h"
#include "sockets.h"
#include "traits.h"
#include "upgrade.h"

static const struct mint_cert *const chain[] = { &fd_leaf };
static struct tlspair_server memory_server = { .chain = chain, .n = 1 };

/* One step on the clock of the heap. */
static int
tracked_step(struct conn *c)
{
	int rc;

	heap_track(true);
	rc = starttls_upgrade_step(c->upgrade, &c->error);
	heap_track(false);
	return rc;
}

START_TEST(test_memory_of_a_preamble)
{
	const struct starttls_protocol *p = NULL;
	size_t most = 0;

	if (!heap_is_watched())
		return;
	ck_assert_int_eq(starttls_policy_freeze(policy, NULL), 0);
	while ((p = starttls_protocol_next(p)) != NULL) {
		struct conn_spec spec = { .policy = policy,
			.protocol = starttls_protocol_scheme(p,
			    STARTTLS_GREETING),
			.from = STARTTLS_GREETING, .seed = 3 };
		struct conn c;
		int rc, steps = 0;

		if (!has_upgrade(p))
			continue;
		heap_track(true);
		rc = conn_begin(&c, &spec);
		heap_track(false);
		ck_assert_int_eq(rc, 0);
		/* without a server the dialog is all there is */
		while (*c.clear != NULL) {
			rc = tracked_step(&c);
			ck_assert(is_wanting(rc) && ++steps < 1000);
			if (c.upgrade->preamble != NULL &&
			    heap_in_use() > most)
				most = heap_in_use();
			conn_serve(&c);
		}
		heap_track(true);
		conn_done(&c);
		heap_track(false);
	}
	ck_assert_msg(most > 0 && most <= 8704, "%zu bytes", most);
	ck_assert_uint_eq(heap_blocks(), 0);
}
END_TEST

/* What an idle session holds: ours, or @bare. */
static size_t
idle_memory(bool bare, const char *priority)
{
	struct conn_spec spec = { .policy = policy,
		.server = &memory_server, .from = STARTTLS_GREETING };
	gnutls_session_t tls = NULL;
	struct conn c;
	size_t used;
	char byte;
	int rc;

	memory_server.priority = priority;
	heap_forget();
	if (bare) {
		tlspair_init(&c.pair, 0);
		heap_track(true);
		ck_assert_int_eq(gnutls_init(&tls, GNUTLS_CLIENT |
		    GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL | GNUTLS_NO_TICKETS),
		    0);
		gnutls_priority_set(tls, policy->priority);
		gnutls_credentials_set(tls, GNUTLS_CRD_CERTIFICATE,
		    policy->credentials);
		gnutls_server_name_set(tls, GNUTLS_NAME_DNS, PEER,
		    strlen(PEER));
		gnutls_transport_set_ptr(tls, &c.pair);
		gnutls_transport_set_pull_function(tls, tlspair_client_recv);
		gnutls_transport_set_push_function(tls, tlspair_client_send);
		heap_track(false);
		tlspair_start(&c.pair, &memory_server);
	} else {
		heap_track(true);
		ck_assert_int_eq(conn_begin(&c, &spec), 0);
		heap_track(false);
	}
	do {
		if (bare) {
			heap_track(true);
			rc = gnutls_handshake(tls);
			heap_track(false);
			tlspair_pump(&c.pair);
		} else {
			rc = tracked_step(&c);
			conn_serve(&c);
		}
	} while (bare ? rc == GNUTLS_E_AGAIN : is_wanting(rc));
	ck_assert_int_eq(rc, 0);
	/* one byte of data: a false start is over then */
	while (tlspair_pump(&c.pair) == GNUTLS_E_AGAIN)
		continue;
	tlspair_write(&c.pair, "x", 1);
	while (tlspair_pump(&c.pair) == GNUTLS_E_AGAIN)
		continue;
	heap_track(true);
	if (bare) {
		ck_assert_int_eq(gnutls_record_recv(tls, &byte, 1), 1);
	} else {
		c.session = starttls_upgrade_take(c.upgrade);
		c.upgrade = NULL;
		ck_assert_int_eq(starttls_session_read(c.session, &byte, 1),
		    1);
	}
	heap_track(false);
	used = heap_in_use();
	if (bare) {
		gnutls_deinit(tls);
		tlspair_done(&c.pair);
	} else {
		conn_done(&c);
	}
	return used;
}

START_TEST(test_memory_of_an_idle_session)
{
	static const char *const versions[] = { TLS12, TLS13 };
	struct starttls_policy *shared = policy;
	size_t bare, ours;

	if (!heap_is_watched())
		return;
	policy = test_policy((const struct mint_cert *const[]){ &fd_root }, 1);
	ck_assert_int_eq(starttls_policy_set_resumption(policy, 0, NULL), 0);
	idle_memory(false, versions[_i]); /* anchors, caches of GnuTLS */
	idle_memory(true, versions[_i]);
	ours = idle_memory(false, versions[_i]);
	bare = idle_memory(true, versions[_i]);
	starttls_policy_unref(policy);
	policy = shared;
	ck_assert_msg(ours <= bare + 4096, "%zu bytes, bare GnuTLS %zu",
	    ours, bare);
	/* with 32 bits GnuTLS has no fast ciphers, and more state */
	ck_assert_msg(sizeof(void *) < 8 || ours <= 16384, "%zu bytes", ours);
}
END_TEST

/* A hundred conversations leave the heap as one did. */
START_TEST(test_memory_is_all_given_back)
{
	struct conn_spec spec = { .policy = policy, .protocol = "smtp",
		.server = &memory_server, .from = STARTTLS_GREETING };
	struct conn c;
	int i;

	if (!heap_is_watched())
		return;
	memory_server.priority = NULL;
	for (i = 0; i < 100; i++) {
		if (i == 10)
			heap_forget();
		spec.seed = (uint64_t)i;
		heap_track(true);
		ck_assert_int_eq(conn_run(&c, &spec), 0);
		ck_assert_int_eq(conn_echo(&c, "hello", 5), 0);
		if (i % 2 == 0)
			ck_assert_int_eq(conn_close(&c), 0);
		conn_done(&c);
		heap_track(false);
	}
	ck_assert_msg(heap_blocks() == 0, "%zu blocks, %zu bytes",
	    heap_blocks(), heap_in_use());
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("fd_memory");
	TCase *memory = fd_case(suite, "memory");

	tcase_add_test(memory, test_memory_of_a_preamble);
	tcase_add_loop_test(memory, test_memory_of_an_idle_session, 0, 2);
	tcase_add_test(memory, test_memory_is_all_given_back);
	return run_suite(suite);
}
