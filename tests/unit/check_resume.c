/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* The cache of sessions: src/resume.c. */

#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"
#include "resume.h"

static void
put(struct resume *r, const char *key, const char *text, int64_t expires,
    bool once)
{
	uint8_t *data = (uint8_t *)strdup(text);

	ck_assert_ptr_nonnull(data);
	starttls_resume_put(r, key, data, strlen(text) + 1, expires, once, 0);
}

static void
compare(void *context, const struct resumable *session)
{
	const char *text = context;

	ck_assert_ptr_nonnull(text);
	ck_assert_msg(session->len == strlen(text) + 1 &&
	    strcmp((const char *)session->data, text) == 0,
	    "\"%s\", not \"%s\"", (const char *)session->data, text);
	ck_assert_int_gt(session->expires, 0);
}

static void
ignore(void *context, const struct resumable *session)
{
	(void)context;
	(void)session;
}

/* Use and compare; NULL: there must be none. */
static void
expect_use(struct resume *r, const char *key, int64_t now, const char *text)
{
	bool found = starttls_resume_use(r, key, now, compare,
	    (void *)(uintptr_t)text);

	ck_assert_msg(found == (text != NULL), "%s: found %d", key, found);
}

START_TEST(test_resume_gives_back_what_was_put)
{
	struct resume *r = starttls_resume_new(RESUME_MAX, false);

	expect_use(r, "a", 0, NULL);
	put(r, "a", "one", 100, false);
	ck_assert_uint_eq(starttls_resume_count(r), 1);
	expect_use(r, "a", 0, "one");
	expect_use(r, "a", 0, "one");
	expect_use(r, "b", 0, NULL);
	expect_use(r, "", 0, NULL);
	put(r, "", "empty", 100, false);
	expect_use(r, "", 0, "empty");
	ck_assert_uint_eq(starttls_resume_count(r), 2);
	starttls_resume_unref(r);
	starttls_resume_unref(NULL);
}
END_TEST

/* FNV-1a is the same for the two. */
START_TEST(test_resume_tells_keys_of_one_hash_apart)
{
	struct resume *r = starttls_resume_new(RESUME_MAX, false);

	put(r, "costarring", "one", 100, false);
	expect_use(r, "liquid", 0, NULL);
	put(r, "liquid", "two", 100, false);
	expect_use(r, "costarring", 0, "one");
	expect_use(r, "liquid", 0, "two");
	starttls_resume_drop(r, "liquid");
	expect_use(r, "costarring", 0, "one");
	starttls_resume_unref(r);
}
END_TEST

/* Instead of the C library's: what was wiped, of the size that is awaited. */
static const void *wiped;
static size_t awaited;

static void
wipe(void *data, size_t len)
{
	volatile uint8_t *at = data;
	size_t i;

	for (i = 0; i < len; i++)
		at[i] = 0;
	if (len == awaited)
		wiped = data;
}

void
explicit_bzero(void *data, size_t len)
{
	wipe(data, len);
}

/* the name that glibc has for it with _FORTIFY_SOURCE */
#if !defined(__USE_FORTIFY_LEVEL) || __USE_FORTIFY_LEVEL == 0
void __explicit_bzero_chk(void *data, size_t len, size_t size);
#endif

void
__explicit_bzero_chk(void *data, size_t len, size_t size)
{
	(void)size;
	wipe(data, len);
}

/* Put a session, end it in one of several ways, and see. */
static void
expect_wiped(struct resume *r, int how)
{
	uint8_t *data = malloc(awaited);

	ck_assert_ptr_nonnull(data);
	memset(data, 's', awaited);
	wiped = NULL;
	starttls_resume_put(r, "key", data, awaited, 100, how == 1, 0);
	ck_assert_ptr_null(wiped);
	switch (how) {
	case 0:
		starttls_resume_drop(r, "key");
		break;
	case 1:
		starttls_resume_use(r, "key", 0, ignore, NULL);
		break;
	case 2:
		starttls_resume_use(r, "key", 100, ignore, NULL);
		break;
	case 3:                    /* something else takes the place */
		put(r, "key", "other", 100, false);
		break;
	case 4:
		starttls_resume_take_all(r, ignore, NULL);
		break;
	default:
		starttls_resume_unref(r);
		break;
	}
	ck_assert_msg(wiped == data, "way %d", how);
}

/* Whatever the end of a session is, its secrets end with it. */
START_TEST(test_resume_leaves_no_secrets)
{
	struct resume *r = starttls_resume_new(RESUME_MAX, false);
	int how;

	awaited = 333;
	for (how = 0; how <= 5; how++)
		expect_wiped(r, how);
}
END_TEST

START_TEST(test_resume_gives_a_ticket_once)
{
	struct resume *r = starttls_resume_new(RESUME_MAX, false);

	put(r, "a", "one", 100, true);
	put(r, "a", "two", 100, true);
	put(r, "b", "other", 100, true);
	expect_use(r, "a", 0, "two");
	expect_use(r, "a", 0, "one");
	expect_use(r, "a", 0, NULL);
	expect_use(r, "b", 0, "other");
	ck_assert_uint_eq(starttls_resume_count(r), 0);
	starttls_resume_unref(r);
}
END_TEST

/* For servers of FTP that give no new ticket on a data channel. */
START_TEST(test_resume_keeps_the_last_ticket)
{
	struct resume *r = starttls_resume_new(RESUME_MAX_PER_KEY, true);

	put(r, "a", "first", 100, true);
	put(r, "a", "second", 100, true);
	expect_use(r, "a", 0, "second");
	expect_use(r, "a", 0, "first");
	expect_use(r, "a", 0, "first");
	/* another one takes its place, and is not spent */
	put(r, "a", "third", 100, true);
	ck_assert_uint_eq(starttls_resume_count(r), 1);
	starttls_resume_take_all(r, compare, (void *)(uintptr_t)"third");
	ck_assert_uint_eq(starttls_resume_count(r), 0);
	/* what is spent is left to nobody, and expires like the others */
	put(r, "a", "fourth", 100, true);
	expect_use(r, "a", 0, "fourth");
	expect_use(r, "a", 100, NULL);
	put(r, "a", "fifth", 100, true);
	expect_use(r, "a", 0, "fifth");
	starttls_resume_take_all(r, compare, NULL);
	ck_assert_uint_eq(starttls_resume_count(r), 0);
	starttls_resume_unref(r);
}
END_TEST

START_TEST(test_resume_replaces_a_reusable_session)
{
	struct resume *r = starttls_resume_new(RESUME_MAX, false);

	put(r, "a", "one", 100, false);
	put(r, "a", "two", 100, false);
	ck_assert_uint_eq(starttls_resume_count(r), 1);
	expect_use(r, "a", 0, "two");
	expect_use(r, "a", 0, "two");
	/* a ticket is newer than the session, then it is used up */
	put(r, "a", "ticket", 100, true);
	expect_use(r, "a", 0, "ticket");
	starttls_resume_unref(r);
}
END_TEST

START_TEST(test_resume_forgets_what_expired)
{
	struct resume *r = starttls_resume_new(RESUME_MAX, false);

	put(r, "a", "soon", 10, true);
	put(r, "a", "late", 20, true);
	put(r, "a", "sooner", 5, true);
	put(r, "b", "reusable", 10, false);
	expect_use(r, "a", 10, "late");
	expect_use(r, "a", 10, NULL);
	ck_assert_uint_eq(starttls_resume_count(r), 1);
	expect_use(r, "b", 9, "reusable");
	expect_use(r, "b", 10, NULL);
	ck_assert_uint_eq(starttls_resume_count(r), 0);
	put(r, "c", "for ever", INT64_MAX, false);
	expect_use(r, "c", INT64_MAX - 1, "for ever");
	starttls_resume_unref(r);
}
END_TEST

START_TEST(test_resume_drops_a_peer)
{
	struct resume *r = starttls_resume_new(RESUME_MAX, false);

	starttls_resume_drop(r, "a");
	put(r, "a", "one", 100, true);
	put(r, "a", "two", 100, true);
	put(r, "ab", "other", 100, true);
	starttls_resume_drop(r, "a");
	expect_use(r, "a", 0, NULL);
	expect_use(r, "ab", 0, "other");
	ck_assert_uint_eq(starttls_resume_count(r), 0);
	starttls_resume_unref(r);
}
END_TEST

START_TEST(test_resume_bounds_a_peer)
{
	struct resume *r = starttls_resume_new(RESUME_MAX, false);
	char text[16];
	int i;

	for (i = 0; i < 50; i++) {
		snprintf(text, sizeof(text), "%d", i);
		put(r, "a", text, 100, true);
		ck_assert_uint_le(starttls_resume_count(r),
		    RESUME_MAX_PER_KEY);
	}
	/* the newest are kept */
	for (i = 49; i > 49 - RESUME_MAX_PER_KEY; i--) {
		snprintf(text, sizeof(text), "%d", i);
		expect_use(r, "a", 0, text);
	}
	expect_use(r, "a", 0, NULL);
	starttls_resume_unref(r);
}
END_TEST

START_TEST(test_resume_bounds_all)
{
	struct resume *r = starttls_resume_new(RESUME_MAX, false);
	char key[16];
	int i;

	for (i = 0; i < 3 * RESUME_MAX; i++) {
		snprintf(key, sizeof(key), "key %d", i);
		put(r, key, key, 100, i % 2 == 0);
		ck_assert_uint_le(starttls_resume_count(r), RESUME_MAX);
	}
	ck_assert_uint_eq(starttls_resume_count(r), RESUME_MAX);
	/* the oldest made room */
	for (i = 0; i < 3 * RESUME_MAX; i++) {
		snprintf(key, sizeof(key), "key %d", i);
		expect_use(r, key, 0, i < 2 * RESUME_MAX ? NULL : key);
	}
	ck_assert_uint_eq(starttls_resume_count(r), RESUME_MAX / 2);
	starttls_resume_unref(r);
}
END_TEST

struct own {
	const char *key;
	bool wrong;
};

static void
see_own(void *context, const struct resumable *session)
{
	struct own *own = context;

	own->wrong = own->wrong || session->expires != 100 ||
	    session->len != strlen(own->key) + 1 ||
	    strcmp((const char *)session->data, own->key) != 0 ||
	    strcmp(session->key, own->key) != 0;
}

static void *
hammer(void *arg)
{
	struct resume *r = arg;
	struct own own = { NULL, false };
	char key[16];
	int i;

	for (i = 0; i < 3000; i++) {
		snprintf(key, sizeof(key), "%d", i % 150);
		starttls_resume_put(r, key, (uint8_t *)strdup(key),
		    strlen(key) + 1, 100, i % 3 == 0, 0);
		own.key = key;
		starttls_resume_use(r, key, 0, see_own, &own);
		if (own.wrong)
			return arg;
		if (i % 7 == 0)
			starttls_resume_drop(r, key);
	}
	return NULL;
}

START_TEST(test_resume_is_shared_by_threads)
{
	struct resume *r = starttls_resume_new(RESUME_MAX, false);
	pthread_t threads[4];
	void *wrong = NULL;
	size_t i;

	for (i = 0; i < ARRAY_LEN(threads); i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, hammer, r),
		    0);
	for (i = 0; i < ARRAY_LEN(threads); i++) {
		pthread_join(threads[i], &wrong);
		ck_assert_ptr_null(wrong);
	}
	ck_assert_uint_le(starttls_resume_count(r), RESUME_MAX);
	starttls_resume_unref(r);
}
END_TEST

/* A child finds what may be used twice, and what it has put itself. */
START_TEST(test_resume_leaves_tickets_to_one_process)
{
	struct resume *r = starttls_resume_new(RESUME_MAX, _i != 0);
	int status;
	pid_t pid;

	put(r, "a", "ticket", 100, true);
	put(r, "b", "reusable", 100, false);
	fflush(stdout);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		bool has_ticket, has_reusable, has_own;

		if (_i == 0)
			put(r, "c", "own", 100, true);
		has_ticket = starttls_resume_use(r, "a", 0, ignore, NULL);
		has_reusable = starttls_resume_use(r, "b", 0, ignore, NULL);
		has_own = starttls_resume_use(r, "c", 0, ignore, NULL);
		_exit(has_ticket | has_reusable << 1 | has_own << 2);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	/* those of one session go with it */
	ck_assert_int_eq(WEXITSTATUS(status), _i == 0 ? 6 : 3);
	expect_use(r, "a", 0, "ticket");
	starttls_resume_unref(r);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("resume");
	TCase *tc = tcase_create("cache");

	tcase_add_test(tc, test_resume_gives_back_what_was_put);
	tcase_add_test(tc, test_resume_tells_keys_of_one_hash_apart);
	tcase_add_test(tc, test_resume_leaves_no_secrets);
	tcase_add_test(tc, test_resume_gives_a_ticket_once);
	tcase_add_test(tc, test_resume_keeps_the_last_ticket);
	tcase_add_test(tc, test_resume_replaces_a_reusable_session);
	tcase_add_test(tc, test_resume_forgets_what_expired);
	tcase_add_test(tc, test_resume_drops_a_peer);
	tcase_add_test(tc, test_resume_bounds_a_peer);
	tcase_add_test(tc, test_resume_bounds_all);
	tcase_add_test(tc, test_resume_is_shared_by_threads);
	tcase_add_loop_test(tc, test_resume_leaves_tickets_to_one_process, 0,
	    2);
	tcase_set_timeout(tc, 300);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
