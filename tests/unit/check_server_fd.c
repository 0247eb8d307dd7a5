/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Our server on descriptors: deadlines for clients that are silent, slow or
 * deaf, what it says at the end, new certificates under way, and what two
 * thousand conversations leave behind.  Meant for the thread sanitizer, too.
 *
 * SERVER_ROUNDS=n in the environment is for valgrind, which is slow.
 */

#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "duo.h"
#include "error.h"
#include "heap.h"
#include "policy.h"
#include "sockets.h"
#include "wait.h"

#define VERSIONS 2
#define SHORT_MS 50
#define LATE_MS 2000               /* the same, generously */
#define THREADS 4
#define RELOADS 50

static const char *const priorities[VERSIONS] = { TLS12, TLS13 };

static struct mint_cert root, leaves[2];
static const struct mint_cert *const chains[2][1] = {
	{ &leaves[0] }, { &leaves[1] }
};
static struct starttls_policy *policy;
static unsigned rounds = 2000;

static void
set_up(void)
{
	mint(&root, &(struct mint_spec){ .cn = "root", .is_ca = true }, NULL);
	mint(&leaves[0], &(struct mint_spec){ .cn = "old", .dns = { PEER } },
	    &root);
	mint(&leaves[1], &(struct mint_spec){ .cn = "new", .dns = { PEER } },
	    &root);
	policy = duo_policy(chains[0], 1);
}

static void
tear_down(void)
{
	mint_free(&root);
	mint_free(&leaves[0]);
	mint_free(&leaves[1]);
	policy = starttls_policy_unref(policy);
}

static struct starttls_policy *
client_policy(void)
{
	return test_policy((const struct mint_cert *const[]){ &root }, 1);
}

/* Where a client falls silent, and what our server says then. */
static const struct silence {
	const char *name;
	const char *protocol;
	enum starttls_stage from;
	const char *said;          /* before; NULL: the first bytes of TLS */
	size_t hello;              /* of the ClientHello; SIZE_MAX: all */
	enum starttls_phase phase;
	const char *heard;         /* in all, in the clear */
} silences[] = {
	{ "at once", "smtp", STARTTLS_GREETING, "", 0,
	  STARTTLS_PHASE_PREAMBLE, "220 localhost ESMTP\r\n"
	  "421 4.7.0 localhost closing the connection\r\n" },
	{ "at once, imap", "imap", STARTTLS_GREETING, "", 0,
	  STARTTLS_PHASE_PREAMBLE,
	  "* OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED] localhost "
	  "ready\r\n* BYE closing the connection\r\n" },
	{ "at once, ftp", "ftp", STARTTLS_GREETING, "", 0,
	  STARTTLS_PHASE_PREAMBLE,
	  "220 localhost ready\r\n421 closing the connection\r\n" },
	{ "at once, nntp", "nntp", STARTTLS_COMMAND, "", 0,
	  STARTTLS_PHASE_PREAMBLE, "400 closing the connection\r\n" },
	{ "within a line", "smtp", STARTTLS_COMMAND, "EHL", 0,
	  STARTTLS_PHASE_PREAMBLE,
	  "421 4.7.0 localhost closing the connection\r\n" },
	{ "behind a command", "smtp", STARTTLS_COMMAND, "NOOP\r\n", 0,
	  STARTTLS_PHASE_PREAMBLE, "250 2.0.0 OK\r\n"
	  "421 4.7.0 localhost closing the connection\r\n" },
	{ "behind the CR of the upgrade", "nntp", STARTTLS_COMMAND,
	  "STARTTLS\r", 0, STARTTLS_PHASE_PREAMBLE,
	  "400 closing the connection\r\n" },
	{ "behind the go-ahead", "nntp", STARTTLS_COMMAND, "STARTTLS\r\n", 0,
	  STARTTLS_PHASE_HANDSHAKE, "382 begin TLS negotiation\r\n" },
	{ "within the ClientHello", "nntp", STARTTLS_COMMAND,
	  "STARTTLS\r\n", 60, STARTTLS_PHASE_HANDSHAKE,
	  "382 begin TLS negotiation\r\n" },
	{ "behind the ClientHello", "nntp", STARTTLS_COMMAND,
	  "STARTTLS\r\n", SIZE_MAX, STARTTLS_PHASE_HANDSHAKE,
	  "382 begin TLS negotiation\r\n" },
	{ "on a dedicated port", "imap", STARTTLS_HANDSHAKE, "", 0,
	  STARTTLS_PHASE_HANDSHAKE, "" },
	{ "on it, within a record", "imap", STARTTLS_HANDSHAKE, "", 3,
	  STARTTLS_PHASE_HANDSHAKE, "" },
	{ "on it, behind the ClientHello", "imap", STARTTLS_HANDSHAKE, "",
	  SIZE_MAX, STARTTLS_PHASE_HANDSHAKE, "" },
};

/* What a client of GnuTLS says first. */
static size_t
hello_of(const char *priority, uint8_t *hello, size_t size)
{
	struct duo d;
	size_t len;

	ck_assert_int_eq(duo_begin(&d, &(struct duo_spec){ .server = policy,
	    .priority = priority }), 0);
	duo_step_client(&d);
	len = tlspair_get(&d.pair, hello, size);
	ck_assert_uint_gt(len, 110);
	duo_done(&d);
	return len;
}

static struct starttls_upgrade *
serve_on(int fd, const char *protocol, enum starttls_stage from)
{
	struct starttls_upgrade *u;

	ck_assert_int_eq(starttls_upgrade_new(&u, policy,
	    starttls_protocol_find(protocol), from, NULL, fd, NULL, NULL),
	    0);
	return u;
}

/* Everything in the clear as expected, and behind it TLS or nothing. */
static void
expect_heard(const char *name, int fd, const char *clear)
{
	struct duo d;
	uint8_t heard[16384];
	size_t len = 0, clear_len = strlen(clear);
	ssize_t n;

	while ((n = recv(fd, heard + len, sizeof(heard) - len,
	    MSG_DONTWAIT)) > 0)
		len += (size_t)n;
	ck_assert_msg(len >= clear_len && memcmp(heard, clear, clear_len) == 0,
	    "%s: heard: %.*s", name, (int)len, (char *)heard);
	d.said = heard;
	d.said_len = len;
	ck_assert_msg(duo_is_tls(&d, clear_len), "%s: cleartext behind it: "
	    "%.*s", name, (int)(len - clear_len), heard + clear_len);
}

START_TEST(test_server_fd_deadline)
{
	const struct silence *row = &silences[_i / VERSIONS];
	struct starttls_error error;
	struct starttls_upgrade *u;
	uint8_t hello[4096];
	int64_t before, after;
	size_t len;
	int fd[2], rc;

	len = hello_of(priorities[_i % VERSIONS], hello, sizeof(hello));
	if (row->hello < len)
		len = row->hello;
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	u = serve_on(fd[0], row->protocol, row->from);
	ck_assert_int_eq(send(fd[1], row->said, strlen(row->said), 0),
	    (ssize_t)strlen(row->said));
	if (len > 0) {
		/* behind the go-ahead, as it is legal */
		ck_assert_int_eq(starttls_upgrade_step(u, &error),
		    STARTTLS_WANT_READ);
		ck_assert_int_eq(send(fd[1], hello, len, 0), (ssize_t)len);
	}
	before = starttls_now_us();
	rc = starttls_upgrade_run(u, SHORT_MS, &error);
	after = starttls_now_us();
	ck_assert_msg(rc == STARTTLS_E_TIMEOUT, "%s: %s: %s", row->name,
	    starttls_code_name(rc), error.message);
	ck_assert_int_ge(after - before, SHORT_MS * 1000);
	ck_assert_int_lt(after - before, LATE_MS * 1000);
	ck_assert_msg(error.phase == (int)row->phase, "%s: %s", row->name,
	    starttls_phase_name((enum starttls_phase)error.phase));
	ck_assert(is_plain_line(error.message));
	expect_heard(row->name, fd[1], row->heard);
	/* and so it stays */
	ck_assert_int_eq(starttls_upgrade_step(u, NULL), STARTTLS_E_TIMEOUT);
	ck_assert_int_eq(starttls_upgrade_run(u, SHORT_MS, NULL),
	    STARTTLS_E_TIMEOUT);
	ck_assert_ptr_null(starttls_upgrade_take(u));
	expect_heard(row->name, fd[1], "");
	starttls_upgrade_free(u);
	close(fd[0]);
	close(fd[1]);
}
END_TEST

/* A client that says a little now and then, without end. */
struct dribbler {
	int fd;
	const char *first;         /* at once, from us */
	const uint8_t *data;       /* again and again */
	size_t len, piece;
	atomic_bool stop;
	unsigned said;
};

static void *
dribble(void *argument)
{
	struct dribbler *b = argument;
	char scrap[4096];

	while (!atomic_load(&b->stop)) {
		size_t at = b->said * b->piece % b->len;

		if (send(b->fd, b->data + at, b->piece, MSG_NOSIGNAL) < 0)
			break;
		b->said++;
		while (recv(b->fd, scrap, sizeof(scrap), MSG_DONTWAIT) > 0)
			continue;
		poll(NULL, 0, 4);
	}
	return NULL;
}

START_TEST(test_server_fd_dribbler)
{
	static const uint8_t warning[] = { 21, 3, 3, 0, 2, 1, 90 };
	static const uint8_t huge[5 + 64] = { 22, 3, 1, 0, 64, 1, 0, 0x40,
		0 };
	static const uint8_t record[5 + 1000] = { 22, 3, 1, 3, 0xe8, 1, 0,
		0x40, 0 };
	static const uint8_t noop[] = "NOOP\r\n";
	static const uint8_t line[] = "xxxxxxxxxxxxxxxx";
	static const struct {
		const char *name;
		enum starttls_stage from;
		const uint8_t *data;
		size_t len, piece;
		bool may_fail;     /* before the deadline */
	} rows[] = {
		{ "bytes of commands", STARTTLS_GREETING, noop, 6, 1, false },
		{ "bytes of a line", STARTTLS_GREETING, line, 16, 1, false },
		{ "commands", STARTTLS_COMMAND, noop, 6, 6, true },
		{ "bytes of a record", STARTTLS_HANDSHAKE, record, 1005, 1,
		  false },
		{ "records", STARTTLS_HANDSHAKE, huge, 69, 69, true },
		{ "warnings", STARTTLS_HANDSHAKE, warning, 7, 7, true },
	};
	struct dribbler b = { .said = 0 };
	struct starttls_error error;
	struct starttls_upgrade *u;
	pthread_t thread;
	int64_t before, after;
	int fd[2], rc;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	u = serve_on(fd[0], "smtp", rows[_i].from);
	b.fd = fd[1];
	b.data = rows[_i].data;
	b.len = rows[_i].len;
	b.piece = rows[_i].piece;
	ck_assert_int_eq(pthread_create(&thread, NULL, dribble, &b), 0);
	before = starttls_now_us();
	rc = starttls_upgrade_run(u, 3 * SHORT_MS, &error);
	after = starttls_now_us();
	atomic_store(&b.stop, true);
	pthread_join(thread, NULL);
	/* the deadline, or something before it, which is as good */
	ck_assert_msg(rc == STARTTLS_E_TIMEOUT || (rows[_i].may_fail &&
	    starttls_is_fatal(rc)), "%s: %s", rows[_i].name,
	    starttls_code_name(rc));
	ck_assert_int_lt(after - before, LATE_MS * 1000);
	starttls_upgrade_free(u);
	close(fd[0]);
	close(fd[1]);
}
END_TEST

/* A client that asks and never listens holds nobody up. */
START_TEST(test_server_fd_deaf_client)
{
	struct starttls_error error;
	struct starttls_upgrade *u;
	int64_t before, after;
	int fd[2], size = 1, i, rc;
	char scrap[4096];
	ssize_t n, last = 0;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	setsockopt(fd[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	u = serve_on(fd[0], "nntp", STARTTLS_COMMAND);
	for (i = 0; i < 90; i++)
		ck_assert_int_eq(send(fd[1], "CAPABILITIES\r\n", 14, 0), 14);
	ck_assert_int_eq(send(fd[1], "STARTTLS\r\n", 10, 0), 10);
	ck_assert_int_eq(starttls_upgrade_step(u, &error),
	    STARTTLS_WANT_WRITE);
	before = starttls_now_us();
	rc = starttls_upgrade_run(u, SHORT_MS, &error);
	after = starttls_now_us();
	ck_assert_int_eq(rc, STARTTLS_E_TIMEOUT);
	ck_assert_int_lt(after - before, LATE_MS * 1000);
	/* what it did say are whole replies, but for the last */
	while ((n = recv(fd[1], scrap, sizeof(scrap), MSG_DONTWAIT)) > 0)
		last = n;
	ck_assert_int_gt(last, 0);
	ck_assert_ptr_null(memmem(scrap, (size_t)last, "382", 3));
	starttls_upgrade_free(u);
	close(fd[0]);
	close(fd[1]);
}
END_TEST

/* A reply that takes several attempts is the same reply. */
START_TEST(test_server_fd_slow_listener)
{
	struct starttls_error error;
	struct starttls_upgrade *u;
	static char heard[65536];
	char once[] = "101 capabilities\r\nVERSION 2\r\nSTARTTLS\r\n.\r\n";
	int fd[2], size = 1, i, rc = STARTTLS_WANT_READ, blocked = 0;
	size_t len = 0, one = strlen(once);
	ssize_t n;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	setsockopt(fd[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	u = serve_on(fd[0], "nntp", STARTTLS_COMMAND);
	for (i = 0; i < 90; i++)
		ck_assert_int_eq(send(fd[1], "CAPABILITIES\r\n", 14, 0), 14);
	ck_assert_int_eq(send(fd[1], "STARTTLS\r\n", 10, 0), 10);
	for (i = 0; i < 20000; i++) {
		rc = starttls_upgrade_step(u, &error);
		blocked += rc == STARTTLS_WANT_WRITE;
		ck_assert(is_wanting(rc));
		n = recv(fd[1], heard + len, 7, MSG_DONTWAIT);
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	ck_assert_int_gt(blocked, 10);
	ck_assert_uint_eq(len, 90 * one + 27);
	for (i = 0; i < 90; i++)
		ck_assert_mem_eq(heard + (size_t)i * one, once, one);
	ck_assert_mem_eq(heard + 90 * one, "382 begin TLS negotiation\r\n",
	    27);
	starttls_upgrade_free(u);
	close(fd[0]);
	close(fd[1]);
}
END_TEST

/* The connection is gone: no signal, no second error. */
START_TEST(test_server_fd_reset)
{
	static const char *const said[] = {
		"", "NO", "NOOP\r\n", "STARTTLS\r\n", "QUIT\r\n",
		"GET / HTTP/1.1\r\n", "\r\n\r\n\r\n", "x\n",
	};
	struct starttls_error error;
	struct starttls_upgrade *u;
	int fd[2], rc;

	sockets_pair(fd);
	u = serve_on(fd[0], "nntp", STARTTLS_GREETING);
	(void)!send(fd[1], said[_i], strlen(said[_i]), 0);
	/* unread input in the queue makes this a reset once we speak */
	close(fd[1]);
	rc = starttls_upgrade_run(u, LATE_MS, &error);
	ck_assert_msg(rc == STARTTLS_E_EOF || rc == STARTTLS_E_IO ||
	    rc == STARTTLS_E_PROTOCOL, "%s: %s", said[_i],
	    starttls_code_name(rc));
	ck_assert_int_eq(error.code, rc);
	ck_assert_int_eq(starttls_upgrade_run(u, 0, NULL), rc);
	starttls_upgrade_free(u);
	close(fd[0]);
}
END_TEST

/* New certificates: another policy takes the place of the old one. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct starttls_policy *current; /* under the lock */
static atomic_bool over;
static atomic_uint finished;       /* exchanges of all threads */

struct worker {
	pthread_t thread;
	struct starttls_policy *client;
	unsigned done, shown[2];
	char trouble[160];
};

static void
converse(struct worker *w)
{
	struct starttls_cert cert = { .size = sizeof(cert) };
	struct starttls_policy *mine;
	struct duo d;
	int rc;

	pthread_mutex_lock(&lock);
	mine = starttls_policy_ref(current);
	pthread_mutex_unlock(&lock);
	rc = duo_run(&d, &(struct duo_spec){ .server = mine,
	    .client = w->client, .from = STARTTLS_GREETING,
	    .protocol = "smtp" });
	/* the session has a reference of its own */
	starttls_policy_unref(mine);
	if (rc == 0 && d.client.rc == 0)
		rc = duo_exchange(&d);
	if (rc == 0 && starttls_session_cert(d.client.session, 0, &cert) ==
	    0)
		w->shown[strcmp(cert.subject, "CN=new") == 0]++;
	if (rc != 0 || d.client.rc != 0)
		snprintf(w->trouble, sizeof(w->trouble), "%s: %.100s",
		    starttls_code_name(rc), d.server.error.message);
	duo_done(&d);
	w->done++;
	atomic_fetch_add(&finished, 1);
}

static void *
work(void *argument)
{
	struct worker *w = argument;

	while (!atomic_load(&over) || w->done < 5)
		converse(w);
	return NULL;
}

/* One that was there before and stays. */
static void *
stay(void *argument)
{
	struct worker *w = argument;
	struct duo d;
	int rc = duo_run(&d, &(struct duo_spec){ .server = current,
	    .client = w->client });

	while (rc == 0 && (!atomic_load(&over) || w->done < 5)) {
		rc = duo_exchange(&d);
		w->done++;
		if (w->done == 1)
			atomic_fetch_add(&finished, 1);
	}
	if (rc != 0)
		snprintf(w->trouble, sizeof(w->trouble), "%d %s", rc,
		    starttls_code_name(rc));
	atomic_fetch_add(&finished, 1);
	duo_done(&d);
	return NULL;
}

/* Let somebody finish a conversation with the policy that is current. */
static void
let_work(void)
{
	unsigned before = atomic_load(&finished);

	while (atomic_load(&finished) == before)
		sched_yield();
}

START_TEST(test_server_fd_reload)
{
	struct worker workers[THREADS + 1];
	struct starttls_policy *policies[RELOADS], *old;
	unsigned i;

	atomic_store(&over, false);
	/* mint is not for threads: the files are written before */
	for (i = 0; i < RELOADS; i++)
		policies[i] = duo_policy(chains[(i + 1) % 2], 1);
	current = duo_policy(chains[0], 1);
	memset(workers, 0, sizeof(workers));
	for (i = 0; i <= THREADS; i++) {
		workers[i].client = client_policy();
		/* each of them sees certificates, not tickets */
		ck_assert_int_eq(starttls_policy_set_resumption(
		    workers[i].client, i % 2 == 0, NULL), 0);
	}
	/* the long one has begun before anything changes */
	atomic_store(&finished, 0);
	ck_assert_int_eq(pthread_create(&workers[THREADS].thread, NULL, stay,
	    &workers[THREADS]), 0);
	let_work();
	for (i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&workers[i].thread, NULL,
		    work, &workers[i]), 0);
	for (i = 0; i < RELOADS; i++) {
		pthread_mutex_lock(&lock);
		old = current;
		current = policies[i];
		pthread_mutex_unlock(&lock);
		starttls_policy_unref(old);
		let_work();
	}
	atomic_store(&over, true);
	for (i = 0; i <= THREADS; i++)
		pthread_join(workers[i].thread, NULL);
	for (i = 0; i <= THREADS; i++) {
		ck_assert_msg(workers[i].trouble[0] == '\0', "%u: %s", i,
		    workers[i].trouble);
		ck_assert_uint_ge(workers[i].done, 5);
		starttls_policy_unref(workers[i].client);
	}
	current = starttls_policy_unref(current);
}
END_TEST

/* Who comes behind a reload is shown the new one. */
START_TEST(test_server_fd_reload_is_seen)
{
	struct worker w = { .client = client_policy() };
	struct starttls_policy *old;
	struct duo before;

	ck_assert_int_eq(starttls_policy_set_resumption(w.client, 0, NULL),
	    0);
	current = duo_policy(chains[0], 1);
	ck_assert_int_eq(duo_run(&before, &(struct duo_spec){
	    .server = current, .client = w.client }), 0);
	converse(&w);
	ck_assert_uint_eq(w.shown[0], 1);
	old = current;
	current = duo_policy(chains[1], 1);
	starttls_policy_unref(old);
	converse(&w);
	ck_assert_uint_eq(w.shown[1], 1);
	/* the old policy lives on in its session */
	ck_assert_int_eq(duo_exchange(&before), 0);
	duo_done(&before);
	starttls_policy_unref(w.client);
	current = starttls_policy_unref(current);
	ck_assert_str_eq(w.trouble, "");
}
END_TEST

/* Some end well, some fail in this way or that. */
static void
one_of_many(struct starttls_policy *client, unsigned i)
{
	struct duo_spec spec = { .server = policy, .client = client,
		.from = STARTTLS_GREETING, .over_socket = true };
	struct duo d;

	if (i % 8 == 7)            /* no such name on its certificate */
		spec.name = "other.example.org";
	ck_assert_int_eq(duo_begin(&d, &spec), 0);
	if (i % 8 == 5) {          /* gives up within the dialog */
		duo_step_client(&d);
		duo_step_server(&d);
	} else if (i % 8 == 6) {   /* a login, a bad line, and away */
		(void)!send(d.fds[1], "a LOGIN u p\r\nx\n", 15, 0);
		duo_step_server(&d);
		ck_assert_int_eq(d.server.rc, STARTTLS_E_PROTOCOL);
	} else {
		int rc = duo_shake(&d);

		ck_assert_msg(i % 8 == 7 || rc == 0, "%u: %d %s", i, rc,
		    d.server.error.message);
		if (rc == 0 && d.client.rc == 0)
			ck_assert_int_eq(duo_exchange(&d), 0);
	}
	duo_done(&d);
}

START_TEST(test_server_fd_leaves_nothing_behind)
{
	struct starttls_policy *client = client_policy();
	size_t before = 0;
	unsigned i;

	ck_assert_int_eq(starttls_policy_set_resumption(client, 0, NULL), 0);
	for (i = 0; i < rounds; i++) {
		if (i == 16) {
			heap_forget();
			before = sockets_count();
		}
		heap_track(true);
		one_of_many(client, i);
		heap_track(false);
	}
	ck_assert_uint_eq(sockets_count(), before);
	if (heap_is_watched())
		ck_assert_msg(heap_blocks() == 0, "%zu blocks, %zu bytes",
		    heap_blocks(), heap_in_use());
	starttls_policy_unref(client);
}
END_TEST

/* While the dialog lasts there is no TLS, and not much else. */
START_TEST(test_server_fd_memory)
{
	struct starttls_upgrade *u;
	struct starttls_error error;
	int fd[2];

	if (!heap_is_watched())
		return;
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	/* what the policy's first use costs is not the upgrade's */
	starttls_upgrade_free(serve_on(fd[0], "smtp", STARTTLS_GREETING));
	heap_forget();
	heap_track(true);
	u = serve_on(fd[0], "smtp", STARTTLS_GREETING);
	ck_assert_int_eq(starttls_upgrade_step(u, &error),
	    STARTTLS_WANT_READ);
	ck_assert_int_eq(send(fd[1], "EHLO x\r\n", 8, 0), 8);
	ck_assert_int_eq(starttls_upgrade_step(u, &error),
	    STARTTLS_WANT_READ);
	heap_track(false);
	ck_assert_msg(heap_in_use() <= 8192, "%zu bytes", heap_in_use());
	starttls_upgrade_free(u);
	ck_assert_uint_eq(heap_blocks(), 0);
	close(fd[0]);
	close(fd[1]);
}
END_TEST

int
main(void)
{
	const char *text = getenv("SERVER_ROUNDS");
	Suite *suite = suite_create("server_fd");
	TCase *deadline = tcase_create("deadline");
	TCase *reload = tcase_create("reload");
	TCase *memory = tcase_create("memory");
	TCase *all[] = { deadline, reload, memory };
	size_t i;

	if (text != NULL && strtoul(text, NULL, 10) > 0)
		rounds = (unsigned)strtoul(text, NULL, 10);
	mint_set_clock();
	tcase_add_loop_test(deadline, test_server_fd_deadline, 0,
	    (int)ARRAY_LEN(silences) * VERSIONS);
	tcase_add_loop_test(deadline, test_server_fd_dribbler, 0, 6);
	tcase_add_test(deadline, test_server_fd_deaf_client);
	tcase_add_test(deadline, test_server_fd_slow_listener);
	tcase_add_loop_test(deadline, test_server_fd_reset, 0, 8);
	tcase_add_test(reload, test_server_fd_reload);
	tcase_add_test(reload, test_server_fd_reload_is_seen);
	tcase_add_test(memory, test_server_fd_leaves_nothing_behind);
	tcase_add_test(memory, test_server_fd_memory);
	for (i = 0; i < ARRAY_LEN(all); i++) {
		tcase_add_unchecked_fixture(all[i], set_up, tear_down);
		tcase_set_timeout(all[i], 300);
		suite_add_tcase(suite, all[i]);
	}
	return run_suite(suite);
}
