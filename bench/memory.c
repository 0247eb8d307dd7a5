/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * The heap that a conversation holds: in its preamble, and idle after its
 * upgrade, beside the same with GnuTLS alone.
 *
 * Counts what malloc(3) gave out, in the sizes that it really uses, with
 * stand-ins for the four functions; that takes the GNU C library.
 *
 * usage: memory CAFILE PORT [COUNT]
 *
 * Prints bytes a conversation: preamble, idle, idle with GnuTLS alone.
 */

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "plain.h"
#include "starttls.h"

#define MAX_COUNT 100
#define TIMEOUT_MS 20000

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);
extern void __libc_free(void *old);

static _Atomic long held;

static long
size_of(void *block)
{
	/* the block and its header */
	return block == NULL ? 0 :
	    (long)(malloc_usable_size(block) + sizeof(size_t));
}

void *
malloc(size_t size)
{
	void *block = __libc_malloc(size);

	held += size_of(block);
	return block;
}

void *
calloc(size_t count, size_t size)
{
	void *block = __libc_calloc(count, size);

	held += size_of(block);
	return block;
}

void *
realloc(void *old, size_t size)
{
	long before = size_of(old);
	void *block = __libc_realloc(old, size);

	if (block != NULL)
		held += size_of(block) - before;
	return block;
}

void
free(void *old)
{
	held -= size_of(old);
	__libc_free(old);
}

static void
must(int rc, const struct starttls_error *error)
{
	if (rc == 0)
		return;
	fprintf(stderr, "memory: %s\n", error->message);
	exit(1);
}

static struct starttls_policy *
make_policy(const char *ca_file)
{
	struct starttls_policy *policy = NULL;
	struct starttls_error error;

	strcpy(error.message, "out of memory");
	must(starttls_policy_new(&policy, STARTTLS_CLIENT), &error);
	must(starttls_policy_trust_file(policy, ca_file, &error), &error);
	must(starttls_policy_set_resumption(policy, 0, &error), &error);
	return policy;
}

/* The greeting is half there. */
static long
measure_preamble(struct starttls_policy *policy, int count)
{
	struct starttls_upgrade *upgrades[MAX_COUNT];
	int pairs[MAX_COUNT][2], i;
	struct starttls_error error;
	long before = held, after;

	for (i = 0; i < count; i++) {
		if (socketpair(AF_UNIX, SOCK_STREAM, 0, pairs[i]) != 0 ||
		    write(pairs[i][1], "* OK [CAP", 9) != 9) {
			perror("memory");
			exit(1);
		}
		must(starttls_upgrade_new(&upgrades[i], policy,
		    starttls_protocol_find("imap"), STARTTLS_GREETING,
		    "localhost", pairs[i][0], NULL, &error), &error);
		if (starttls_upgrade_step(upgrades[i], &error) !=
		    STARTTLS_WANT_READ)
			must(-1, &error);
	}
	after = held;
	for (i = 0; i < count; i++) {
		starttls_upgrade_free(upgrades[i]);
		close(pairs[i][0]);
		close(pairs[i][1]);
	}
	return (after - before) / count;
}

/* Upgraded, and one command was answered. */
static void
exchange(struct starttls_session *session)
{
	static const char command[] = "b CAPABILITY\r\n";
	char reply[4096];
	size_t len = 0;
	ssize_t n;

	if (starttls_session_write(session, command, sizeof(command) - 1) !=
	    sizeof(command) - 1)
		exit(1);
	do {
		n = starttls_session_read(session, reply + len,
		    sizeof(reply) - 1 - len);
		if (n <= 0)
			exit(1);
		len += (size_t)n;
		reply[len] = '\0';
	} while (strstr(reply, "b OK") == NULL);
}

static long
measure_sessions(struct starttls_policy *policy, const char *port, int count)
{
	struct starttls_session *sessions[MAX_COUNT];
	struct starttls_options options = STARTTLS_OPTIONS_INIT;
	struct starttls_error error;
	long before = 0, after;
	char url[64];
	int i;

	options.connect_host = "127.0.0.1";
	snprintf(url, sizeof(url), "imap://localhost:%s", port);
	for (i = 0; i < count + 1; i++) {
		/* the first one is for what is allocated once */
		if (i == 1)
			before = held;
		must(starttls_open(&sessions[i], policy, url, TIMEOUT_MS,
		    &options, &error), &error);
		exchange(sessions[i]);
	}
	after = held;
	for (i = 0; i < count + 1; i++)
		starttls_session_free(sessions[i]);
	return (after - before) / count;
}

static long
measure_plain(const char *ca_file, const char *port, int count)
{
	gnutls_session_t sessions[MAX_COUNT];
	struct plain plain;
	long before = 0, after;
	int i;

	plain_init(&plain, ca_file, "imap", port, "1.3", 0);
	for (i = 0; i < count + 1; i++) {
		if (i == 1)
			before = held;
		sessions[i] = plain_upgrade(&plain);
		plain_exchange(&plain, sessions[i]);
	}
	after = held;
	for (i = 0; i < count + 1; i++)
		plain_goodbye(&plain, sessions[i]);
	plain_done(&plain);
	return (after - before) / count;
}

int
main(int argc, char **argv)
{
	struct starttls_policy *policy;
	long preamble, idle, plain;
	int count = argc > 3 ? atoi(argv[3]) : 16;

	if (argc < 3 || count < 1 || count >= MAX_COUNT) {
		fprintf(stderr, "usage: memory CAFILE PORT [COUNT]\n");
		return 1;
	}
	policy = make_policy(argv[1]);
	idle = measure_sessions(policy, argv[2], count);
	preamble = measure_preamble(policy, count);
	plain = measure_plain(argv[1], argv[2], count);
	starttls_policy_unref(policy);
	printf("%ld %ld %ld\n", preamble, idle, plain);
	return 0;
}
