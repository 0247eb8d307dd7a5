/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * A policy that was prepared, and the processes that come of it: servers that
 * share tickets, behind bars where no file can be opened, and clients that do
 * not.
 */

#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"
#include "policy.h"
#include "session.h"

#define NOBODY 65534
#define RESUMED 10                 /* status of a child */
#define RANDOM_SIZE 32
#define THREADS 8

static struct mint_cert root, leaf;
static char folder[64];

static void
set_up(void)
{
	mint(&root, &(struct mint_spec){ .cn = "root", .is_ca = true }, NULL);
	mint(&leaf, &(struct mint_spec){ .dns = { PEER } }, &root);
	snprintf(folder, sizeof(folder), "/tmp/check_fork.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void
tear_down(void)
{
	rmdir(folder);
	mint_free(&leaf);
	mint_free(&root);
}

static const char *
path_of(const char *name)
{
	static char path[100];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static struct starttls_policy *
new_server(void)
{
	const struct mint_cert *chain[] = { &leaf };
	struct starttls_policy *policy;
	struct starttls_error error;
	char *key;

	mint_write(folder, "leaf", chain, 1, &leaf);
	key = strdup(path_of("leaf.key"));
	ck_assert_int_eq(starttls_policy_new(&policy, STARTTLS_SERVER), 0);
	test_policy_clock(policy);
	ck_assert_msg(starttls_policy_identity(policy, path_of("leaf.crt"),
	    key, NULL, &error) == 0, "%s", error.message);
	free(key);
	unlink(path_of("leaf.crt"));
	unlink(path_of("leaf.key"));
	return policy;
}

/* For TLS 1.2 or 1.3 only. */
static struct starttls_policy *
new_client(int version)
{
	const struct mint_cert *chain[] = { &root };
	struct starttls_policy *policy;
	struct starttls_error error;

	mint_write(folder, "ca", chain, 1, NULL);
	ck_assert_int_eq(starttls_policy_new(&policy, STARTTLS_CLIENT), 0);
	test_policy_clock(policy);
	ck_assert_msg(starttls_policy_trust_file(policy, path_of("ca.crt"),
	    &error) == 0, "%s", error.message);
	ck_assert_int_eq(starttls_policy_restrict(policy, version == 0 ?
	    "-VERS-TLS1.3" : "-VERS-TLS1.2", &error), 0);
	unlink(path_of("ca.crt"));
	return policy;
}

static void
prepare(struct starttls_policy *policy)
{
	struct starttls_error error;

	ck_assert_msg(starttls_policy_prepare(policy, &error) == 0, "%s",
	    error.message);
}

/* No file can be opened any more, by whatever name; for a child. */
static void
lock_in(void)
{
	struct rlimit none;

	if (geteuid() == 0 && (chroot(folder) != 0 || chdir("/") != 0 ||
	    setgroups(0, NULL) != 0 || setgid(NOBODY) != 0 ||
	    setuid(NOBODY) != 0))
		_exit(3);
	if (getrlimit(RLIMIT_NOFILE, &none) != 0)
		_exit(4);
	none.rlim_cur = 3;         /* all of them are open */
	if (setrlimit(RLIMIT_NOFILE, &none) != 0 ||
	    open("/", O_RDONLY) >= 0)
		_exit(4);
}

static void
complain(const char *who, const struct starttls_error *error)
{
	fprintf(stderr, "%s: %s\n", who, error->message);
}

/* All the way on @fd; NULL: no session, and said why. */
static struct starttls_session *
converse(struct starttls_policy *policy, int fd)
{
	struct starttls_upgrade *upgrade = NULL;
	struct starttls_error error;

	if (starttls_upgrade_new(&upgrade, policy,
	    starttls_protocol_find("imap"), STARTTLS_GREETING,
	    policy->role == STARTTLS_CLIENT ? PEER : NULL, fd, NULL, &error)
	    == 0 && starttls_upgrade_run(upgrade, SOON_MS, &error) == 0)
		return starttls_upgrade_take(upgrade);
	complain(policy->role == STARTTLS_CLIENT ? "client" : "server",
	    &error);
	starttls_upgrade_free(upgrade);
	return NULL;
}

static int
status_of(const struct starttls_session *s)
{
	struct starttls_report report = { .size = sizeof(report) };

	return starttls_session_report(s, &report) != 0 ? 1 :
	    report.resumed ? RESUMED : 0;
}

/* What a server does: tell the random of its ServerHello, await the end. */
static int
serve(struct starttls_policy *policy, int fd)
{
	struct starttls_session *s = converse(policy, fd);
	gnutls_datum_t theirs, ours;
	char byte;
	int status = 1;

	if (s == NULL)
		return 1;
	gnutls_session_get_random(s->tls, &theirs, &ours);
	if (ours.size == RANDOM_SIZE &&
	    starttls_session_write(s, ours.data, RANDOM_SIZE) == RANDOM_SIZE &&
	    starttls_session_read(s, &byte, 1) == 0)
		status = status_of(s);
	starttls_session_end(s);
	return status;
}

/* And a client: take it, and say goodbye. */
static int
talk(struct starttls_policy *policy, int fd, uint8_t random[RANDOM_SIZE])
{
	struct starttls_session *s = converse(policy, fd);
	size_t got = 0;
	ssize_t n = 1;
	int status = 1;

	if (s == NULL)
		return 1;
	while (got < RANDOM_SIZE && (n = starttls_session_read(s, random + got,
	    RANDOM_SIZE - got)) > 0)
		got += (size_t)n;
	if (got == RANDOM_SIZE && starttls_session_close(s) == 0)
		status = status_of(s);
	starttls_session_free(s);
	return status;
}

/* Fork a server, with the other end of ours. */
static pid_t
start_server(struct starttls_policy *policy, bool is_locked, int *ret_fd)
{
	int fds[2];
	pid_t pid;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	fflush(stdout);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		close(fds[0]);
		if (is_locked)
			lock_in();
		_exit(serve(policy, fds[1]));
	}
	close(fds[1]);
	*ret_fd = fds[0];
	return pid;
}

static int
end_of(pid_t pid)
{
	int status;

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* A connection of our own with a server of its own: both agree on this. */
static int
connect_once(struct starttls_policy *client, struct starttls_policy *server,
	     bool is_locked, uint8_t random[RANDOM_SIZE])
{
	int fd, status;
	pid_t pid = start_server(server, is_locked, &fd);

	status = talk(client, fd, random);
	close(fd);
	ck_assert_int_eq(end_of(pid), status);
	return status;
}

/* The same, with a client that is a child as well, and locked in. */
static int
connect_child(struct starttls_policy *client, struct starttls_policy *server)
{
	uint8_t random[RANDOM_SIZE];
	int fd, status;
	pid_t server_pid = start_server(server, true, &fd), pid;

	fflush(stdout);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		lock_in();
		_exit(talk(client, fd, random));
	}
	close(fd);
	status = end_of(pid);
	ck_assert_int_eq(end_of(server_pid), status);
	return status;
}

/* The second connection resumes, in another child; and no two are alike. */
START_TEST(test_fork_children_share_tickets)
{
	struct starttls_policy *server = new_server();
	struct starttls_policy *client = new_client(_i);
	uint8_t random[3][RANDOM_SIZE];
	int i;

	prepare(server);
	for (i = 0; i < 3; i++)
		ck_assert_msg(connect_once(client, server, true,
		    random[i]) == (i == 0 ? 0 : RESUMED), "connection %d", i);
	ck_assert_mem_ne(random[0], random[1], RANDOM_SIZE);
	ck_assert_mem_ne(random[0], random[2], RANDOM_SIZE);
	ck_assert_mem_ne(random[1], random[2], RANDOM_SIZE);
	starttls_policy_unref(client);
	starttls_policy_unref(server);
}
END_TEST

/* Without it each child has keys of its own. */
START_TEST(test_fork_is_what_prepare_is_for)
{
	struct starttls_policy *server = new_server();
	struct starttls_policy *client = new_client(_i);
	uint8_t random[RANDOM_SIZE];

	ck_assert_int_eq(connect_once(client, server, false, random), 0);
	ck_assert_int_eq(connect_once(client, server, false, random), 0);
	ck_assert(!server->frozen);
	starttls_policy_unref(client);
	starttls_policy_unref(server);
}
END_TEST

START_TEST(test_fork_prepared_need_no_files)
{
	struct starttls_policy *server = new_server();
	struct starttls_policy *client = new_client(_i);

	prepare(server);
	prepare(client);
	ck_assert_int_eq(connect_child(client, server), 0);
	ck_assert_int_eq(connect_child(client, server), 0);
	starttls_policy_unref(client);
	starttls_policy_unref(server);
}
END_TEST

/* Nor the system's store, if there is one. */
START_TEST(test_fork_prepared_have_the_store)
{
	struct starttls_policy *ready, *late;
	struct starttls_error error;
	pid_t pid;
	int rc;

	ck_assert_int_eq(starttls_policy_new(&ready, STARTTLS_CLIENT), 0);
	ck_assert_int_eq(starttls_policy_new(&late, STARTTLS_CLIENT), 0);
	rc = starttls_policy_prepare(ready, &error);
	ck_assert(rc == 0 || rc == STARTTLS_E_POLICY);
	fflush(stdout);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		lock_in();
		_exit(starttls_policy_prepare(ready, NULL) != rc ||
		    starttls_policy_prepare(late, &error) !=
		    STARTTLS_E_POLICY);
	}
	ck_assert_int_eq(end_of(pid), 0);
	starttls_policy_unref(ready);
	starttls_policy_unref(late);
}
END_TEST

/* A ticket of TLS 1.3 is used once, so it stays in one process. */
START_TEST(test_fork_leaves_a_clients_tickets_behind)
{
	struct starttls_policy *server = new_server();
	struct starttls_policy *client = new_client(_i);
	uint8_t random[RANDOM_SIZE];

	prepare(server);
	prepare(client);
	ck_assert_int_eq(connect_once(client, server, true, random), 0);
	ck_assert_int_eq(connect_child(client, server), _i == 0 ? RESUMED : 0);
	ck_assert_int_eq(connect_once(client, server, true, random), RESUMED);
	starttls_policy_unref(client);
	starttls_policy_unref(server);
}
END_TEST

START_TEST(test_fork_prepare_is_a_first_use)
{
	struct starttls_policy *policy = new_client(1), *server;
	struct starttls_error error;

	ck_assert_int_eq(starttls_policy_prepare(NULL, NULL),
	    STARTTLS_E_INVALID);
	ck_assert_int_eq(starttls_policy_prepare(NULL, &error),
	    STARTTLS_E_INVALID);
	ck_assert(is_plain_line(error.message));
	prepare(policy);
	prepare(policy);
	ck_assert_int_eq(starttls_policy_require_ocsp(policy, &error),
	    STARTTLS_E_FROZEN);
	starttls_policy_unref(policy);

	/* what lacks can be added */
	ck_assert_int_eq(starttls_policy_new(&server, STARTTLS_SERVER), 0);
	ck_assert_int_eq(starttls_policy_prepare(server, &error),
	    STARTTLS_E_POLICY);
	ck_assert_ptr_nonnull(strstr(error.message, "certificate"));
	ck_assert_int_eq(starttls_policy_raise_min_version(server,
	    STARTTLS_TLS1_3, &error), 0);
	starttls_policy_unref(server);
}
END_TEST

static void *
prepare_too(void *policy)
{
	return starttls_policy_prepare(policy, NULL) == 0 ? NULL : policy;
}

START_TEST(test_fork_prepare_is_for_any_thread)
{
	struct starttls_policy *policy = new_server();
	pthread_t threads[THREADS];
	gnutls_datum_t key;
	void *wrong;
	size_t i;

	for (i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL,
		    prepare_too, policy), 0);
	for (i = 0; i < THREADS; i++) {
		pthread_join(threads[i], &wrong);
		ck_assert_ptr_null(wrong);
	}
	key = policy->ticket_key;
	prepare(policy);
	ck_assert_ptr_eq(policy->ticket_key.data, key.data);
	starttls_policy_unref(policy);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("fork");
	TCase *tc = tcase_create("fork");

	mint_set_clock();
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, test_fork_children_share_tickets, 0, 2);
	tcase_add_loop_test(tc, test_fork_is_what_prepare_is_for, 0, 2);
	tcase_add_loop_test(tc, test_fork_prepared_need_no_files, 0, 2);
	tcase_add_test(tc, test_fork_prepared_have_the_store);
	tcase_add_loop_test(tc, test_fork_leaves_a_clients_tickets_behind, 0,
	    2);
	tcase_add_test(tc, test_fork_prepare_is_a_first_use);
	tcase_add_test(tc, test_fork_prepare_is_for_any_thread);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
