/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* A policy's trust is shared by threads, and keeps none of them waiting. */

#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <pthread.h>
#include <stdio.h>
#include <time.h>

#include <gnutls/x509.h>

#include "harness.h"
#include "truststore.h"

#define THREADS 8
#define UPGRADES 12                /* of each thread */

/* Threads: each has a server of its own CA, all share the policy. */
struct worker {
	pthread_t thread;
	struct starttls_policy *policy;
	struct mint_cert root, inter, leaf;
	const struct mint_cert *chain[2];
	const gnutls_datum_t *ticket_keys; /* for TLS 1.2 and 1.3 */
	int number;
	int rc;                    /* first failure */
	char message[STARTTLS_MESSAGE_SIZE];
};

static void *
work(void *arg)
{
	struct worker *w = arg;
	struct tlspair_server server = { .chain = w->chain, .n = 2 };
	struct conn_spec spec = { .policy = w->policy, .server = &server };
	struct conn c;
	int i;

	for (i = 0; i < UPGRADES && w->rc == 0; i++) {
		int v = (i + w->number) % 2;

		server.priority = v == 0 ? TLS12 : TLS13;
		server.ticket_key = i % 3 != 0 ? &w->ticket_keys[v] : NULL;
		spec.seed = (uint64_t)(i * THREADS + w->number) % 5;
		w->rc = conn_run(&c, &spec);
		if (w->rc == 0)
			w->rc = conn_echo(&c, "hello", 5);
		if (w->rc == 0)
			w->rc = conn_close(&c);
		if (w->rc != 0)
			snprintf(w->message, sizeof(w->message), "%s",
			    c.error.message);
		conn_done(&c);
	}
	return NULL;
}

START_TEST(test_trust_is_shared_by_threads)
{
	static struct worker workers[THREADS];
	const struct mint_cert *roots[THREADS];
	struct starttls_policy *policy;
	gnutls_datum_t keys[2];
	char cn[32];
	int i;

	for (i = 0; i < 2; i++)
		ck_assert_int_eq(gnutls_session_ticket_key_generate(&keys[i]),
		    0);
	for (i = 0; i < THREADS; i++) {
		struct worker *w = &workers[i];

		snprintf(cn, sizeof(cn), "root %d", i);
		mint(&w->root, &(struct mint_spec){ .cn = cn,
		    .is_ca = true }, NULL);
		mint(&w->inter, &(struct mint_spec){ .cn = "inter",
		    .is_ca = true }, &w->root);
		mint(&w->leaf, &(struct mint_spec){ .cn = "leaf",
		    .dns = { PEER } }, &w->inter);
		w->chain[0] = &w->leaf;
		w->chain[1] = &w->inter;
		w->ticket_keys = keys;
		w->number = i;
		roots[i] = &w->root;
	}
	policy = test_policy(roots, THREADS);
	for (i = 0; i < THREADS; i++) {
		workers[i].policy = policy;
		ck_assert_int_eq(pthread_create(&workers[i].thread, NULL,
		    work, &workers[i]), 0);
	}
	for (i = 0; i < THREADS; i++)
		pthread_join(workers[i].thread, NULL);
	for (i = 0; i < THREADS; i++) {
		ck_assert_msg(workers[i].rc == 0, "thread %d: %s: %s", i,
		    starttls_code_name(workers[i].rc), workers[i].message);
		mint_free(&workers[i].root);
		mint_free(&workers[i].inter);
		mint_free(&workers[i].leaf);
	}
	starttls_policy_unref(policy);
	for (i = 0; i < 2; i++)
		gnutls_free(keys[i].data);
}
END_TEST

/*
 * A verification that does not end keeps nobody else waiting, not even one
 * that needs an anchor for the first time: the first thread's clock stands
 * still until the second thread is through.
 */
struct patience {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool is_waiting, may_go, is_through;
};

static struct patience patience = { PTHREAD_MUTEX_INITIALIZER,
    PTHREAD_COND_INITIALIZER, false, false, false };
static _Thread_local bool is_patient;

/* What GnuTLS asks in the midst of a validation. */
static time_t
patient_clock(time_t *ret_now)
{
	if (is_patient) {
		pthread_mutex_lock(&patience.lock);
		patience.is_waiting = true;
		pthread_cond_broadcast(&patience.changed);
		while (!patience.may_go)
			pthread_cond_wait(&patience.changed, &patience.lock);
		pthread_mutex_unlock(&patience.lock);
	}
	return mint_clock(ret_now);
}

static void *
verify_patiently(void *arg)
{
	struct worker *w = arg;
	gnutls_x509_crt_t chain[] = { w->leaf.crt, w->inter.crt };

	is_patient = w->number == 0;
	w->rc = path_verdict(w->policy, chain, 2) == 0 ? 0 : -1;
	pthread_mutex_lock(&patience.lock);
	if (!is_patient)
		patience.is_through = true;
	pthread_cond_broadcast(&patience.changed);
	pthread_mutex_unlock(&patience.lock);
	return NULL;
}

START_TEST(test_trust_keeps_nobody_waiting)
{
	static struct worker workers[2];
	const struct mint_cert *roots[2];
	struct starttls_policy *policy;
	struct timespec limit;
	bool is_through;
	char cn[32];
	int i;

	for (i = 0; i < 2; i++) {
		struct worker *w = &workers[i];

		snprintf(cn, sizeof(cn), "root %d", i);
		mint(&w->root, &(struct mint_spec){ .cn = cn,
		    .is_ca = true }, NULL);
		mint(&w->inter, &(struct mint_spec){ .cn = "inter",
		    .is_ca = true }, &w->root);
		mint(&w->leaf, &(struct mint_spec){ .cn = "leaf",
		    .dns = { PEER } }, &w->inter);
		w->number = i;
		roots[i] = &w->root;
	}
	policy = test_policy(roots, 2);
	gnutls_global_set_time_function(patient_clock);
	clock_gettime(CLOCK_REALTIME, &limit);
	limit.tv_sec += 60;        /* only if it never comes */
	for (i = 0; i < 2; i++) {
		workers[i].policy = policy;
		ck_assert_int_eq(pthread_create(&workers[i].thread, NULL,
		    verify_patiently, &workers[i]), 0);
		pthread_mutex_lock(&patience.lock);
		while (!patience.is_waiting)
			pthread_cond_wait(&patience.changed, &patience.lock);
		pthread_mutex_unlock(&patience.lock);
	}
	pthread_mutex_lock(&patience.lock);
	while (!patience.is_through && pthread_cond_timedwait(
	    &patience.changed, &patience.lock, &limit) == 0)
		continue;
	is_through = patience.is_through;
	patience.may_go = true;
	pthread_cond_broadcast(&patience.changed);
	pthread_mutex_unlock(&patience.lock);
	for (i = 0; i < 2; i++) {
		pthread_join(workers[i].thread, NULL);
		ck_assert_int_eq(workers[i].rc, 0);
		mint_free(&workers[i].root);
		mint_free(&workers[i].inter);
		mint_free(&workers[i].leaf);
	}
	mint_set_clock();
	ck_assert_msg(is_through, "a new anchor waits for a verification");
	starttls_policy_unref(policy);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("trust_threads");
	TCase *tc = tcase_create("threads");

	tcase_add_test(tc, test_trust_is_shared_by_threads);
	tcase_add_test(tc, test_trust_keeps_nobody_waiting);
	tcase_set_timeout(tc, 300);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
