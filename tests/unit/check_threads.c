/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * One policy, shared by threads that each bring conversation after
 * conversation to TLS, with a server of their own: anchors are loaded on
 * need, sessions are kept and resumed, references come and go, all at once.
 * Meant for the thread sanitizer as well: configure --enable-tsan.
 *
 * THREADS_ROUNDS=n in the environment is for valgrind, which is slow.
 */

#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "policy.h"

#define THREADS 8
#define ROOTS 6

static struct mint_cert roots[ROOTS], leaves[ROOTS], stranger;
static gnutls_datum_t ticket_keys[2]; /* for TLS 1.3 and 1.2 */

/* Names of servers: some are met by several threads, some by one. */
static const char *const names[ROOTS] = { "a.example.org", "b.example.org",
	"c.example.org", "d.example.org", "e.example.org", "f.example.org" };

struct worker {
	pthread_t thread;
	struct starttls_policy *policy;
	unsigned number;
	unsigned done, resumed, refused;
	char trouble[200];         /* empty: none */
};

static atomic_uint running;
static unsigned rounds = 250;

static void
complain(struct worker *w, const char *what, int rc, const char *message)
{
	if (w->trouble[0] == '\0')
		snprintf(w->trouble, sizeof(w->trouble), "thread %u: %s: %d, "
		    "%.120s", w->number, what, rc, message);
}

/* One conversation of thread @w; round @i says with whom and how. */
static void
converse(struct worker *w, unsigned i)
{
	static const char *const protocols[] = { "imap", "smtp", "ftp",
		"nntp", "submission" };
	unsigned who = (i + w->number) % ROOTS;
	unsigned old = (i / ROOTS) % 2; /* TLS 1.2 */
	bool bad = i % 7 == 3;
	const struct mint_cert *chain[] = { bad ? &stranger : &leaves[who] };
	struct tlspair_server server = { .chain = chain, .n = 1,
		.ticket_key = &ticket_keys[old],
		.priority = old != 0 ? TLS12 : TLS13 };
	struct conn_spec spec = { .policy = w->policy, .server = &server,
		.protocol = protocols[i % ARRAY_LEN(protocols)],
		.from = STARTTLS_GREETING, .name = names[who],
		.port = old != 0 ? "1012" : "1013",
		.seed = bad || i % 3 == 0 ? 0 : i * THREADS + w->number };
	struct starttls_report report = { .size = sizeof(report) };
	struct conn c;
	int rc = conn_run(&c, &spec);

	if (bad) {
		/* a session from before may still be resumed */
		if (rc != 0 && rc != STARTTLS_E_SELF_SIGNED)
			complain(w, "stranger", rc, c.error.message);
		w->refused += rc == STARTTLS_E_SELF_SIGNED;
	} else if (rc != 0) {
		complain(w, "upgrade", rc, c.error.message);
	}
	if (rc == 0) {
		rc = conn_echo(&c, "hello", 5);
		if (rc == 0)
			rc = starttls_session_report(c.session, &report);
		if (rc == 0 && report.verified != 1)
			rc = STARTTLS_E_STATE;
		if (rc == 0 && i % 4 == 0)
			rc = conn_close(&c);
		if (rc != 0)
			complain(w, "session", rc, "");
		w->resumed += report.resumed != 0;
	}
	conn_done(&c);
	w->done++;
}

static void *
work(void *argument)
{
	struct worker *w = argument;
	unsigned i;
	char *text;

	/* begin together, that the first uses of the policy meet */
	atomic_fetch_add(&running, 1);
	while (atomic_load(&running) < THREADS)
		sched_yield();
	for (i = 0; i < rounds; i++) {
		struct starttls_policy *mine = starttls_policy_ref(w->policy);

		converse(w, i);
		if (i % 16 == 5) {
			text = starttls_policy_describe(mine);
			if (text == NULL)
				complain(w, "describe", 0, "");
			free(text);
		}
		/* it is in use: nobody changes it any more */
		if (i % 16 == 6 && starttls_policy_require_ocsp(mine, NULL) !=
		    STARTTLS_E_FROZEN)
			complain(w, "not frozen", 0, "");
		starttls_policy_unref(mine);
	}
	w->policy = starttls_policy_unref(w->policy);
	return NULL;
}

static struct starttls_policy *
new_policy(void)
{
	const struct mint_cert *anchors[ROOTS];
	size_t i;

	for (i = 0; i < ROOTS; i++)
		anchors[i] = &roots[i];
	return test_policy(anchors, ROOTS);
}

START_TEST(test_threads_share_a_policy)
{
	struct starttls_policy *policy = new_policy();
	struct worker workers[THREADS];
	unsigned i, resumed = 0, refused = 0;

	memset(workers, 0, sizeof(workers));
	atomic_store(&running, 0);
	for (i = 0; i < THREADS; i++) {
		workers[i].number = i;
		workers[i].policy = starttls_policy_ref(policy);
		ck_assert_int_eq(pthread_create(&workers[i].thread, NULL,
		    work, &workers[i]), 0);
	}
	/* the threads' references keep it alive */
	starttls_policy_unref(policy);
	for (i = 0; i < THREADS; i++)
		pthread_join(workers[i].thread, NULL);
	for (i = 0; i < THREADS; i++) {
		ck_assert_msg(workers[i].trouble[0] == '\0', "%s",
		    workers[i].trouble);
		ck_assert_uint_eq(workers[i].done, rounds);
		resumed += workers[i].resumed;
		refused += workers[i].refused;
	}
	ck_assert_uint_gt(resumed, THREADS * rounds / 4);
	ck_assert_uint_gt(refused, 0);
}
END_TEST

/* Threads that only take and give references; the last one frees. */
static void *
count_references(void *argument)
{
	struct starttls_policy *policy = argument;
	int i;

	for (i = 0; i < 20000; i++) {
		if (starttls_policy_ref(policy) != policy)
			abort();
		starttls_policy_unref(policy);
	}
	starttls_policy_unref(policy);
	return NULL;
}

START_TEST(test_threads_count_references)
{
	struct starttls_policy *policy = new_policy();
	pthread_t threads[THREADS];
	size_t i;

	for (i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL,
		    count_references, starttls_policy_ref(policy)), 0);
	starttls_policy_unref(policy);
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}
END_TEST

/* The first use, by all at the same time, freezes it once. */
static void *
use_first(void *argument)
{
	struct worker *w = argument;
	struct conn_spec spec = { .policy = w->policy };
	struct conn c;
	int rc;

	atomic_fetch_add(&running, 1);
	while (atomic_load(&running) < THREADS)
		sched_yield();
	rc = conn_begin(&c, &spec);
	if (rc != 0)
		complain(w, "upgrade_new", rc, c.error.message);
	conn_done(&c);
	return NULL;
}

START_TEST(test_threads_freeze_once)
{
	struct worker workers[THREADS];
	struct starttls_policy *policy;
	unsigned i, round;

	for (round = 0; round < 50; round++) {
		policy = new_policy();
		memset(workers, 0, sizeof(workers));
		atomic_store(&running, 0);
		for (i = 0; i < THREADS; i++) {
			workers[i].policy = policy;
			ck_assert_int_eq(pthread_create(&workers[i].thread,
			    NULL, use_first, &workers[i]), 0);
		}
		for (i = 0; i < THREADS; i++)
			pthread_join(workers[i].thread, NULL);
		for (i = 0; i < THREADS; i++)
			ck_assert_msg(workers[i].trouble[0] == '\0', "%s",
			    workers[i].trouble);
		starttls_policy_unref(policy);
	}
}
END_TEST

static void
set_up(void)
{
	size_t i;

	for (i = 0; i < ROOTS; i++) {
		mint(&roots[i], &(struct mint_spec){ .cn = names[i],
		    .is_ca = true }, NULL);
		mint(&leaves[i], &(struct mint_spec){ .dns = { names[i] } },
		    &roots[i]);
	}
	mint(&stranger, &(struct mint_spec){ .dns = { "*.example.org" } },
	    NULL);
	for (i = 0; i < 2; i++)
		if (gnutls_session_ticket_key_generate(&ticket_keys[i]) < 0)
			abort();
}

static void
tear_down(void)
{
	size_t i;

	for (i = 0; i < ROOTS; i++) {
		mint_free(&roots[i]);
		mint_free(&leaves[i]);
	}
	mint_free(&stranger);
	gnutls_free(ticket_keys[0].data);
	gnutls_free(ticket_keys[1].data);
}

int
main(void)
{
	Suite *suite = suite_create("threads");
	TCase *tcase = tcase_create("threads");
	const char *text = getenv("THREADS_ROUNDS");

	if (text != NULL && strtoul(text, NULL, 10) > 0)
		rounds = (unsigned)strtoul(text, NULL, 10);
	mint_set_clock();
	tcase_add_unchecked_fixture(tcase, set_up, tear_down);
	tcase_set_timeout(tcase, 300);
	tcase_add_test(tcase, test_threads_share_a_policy);
	tcase_add_test(tcase, test_threads_count_references);
	tcase_add_test(tcase, test_threads_freeze_once);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
