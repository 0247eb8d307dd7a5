/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * What a session stands on: descriptors, and transports of the application's
 * own.
 */

#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "policy.h"
#include "session.h"
#include "usual.h"
#include "wait.h"

/*
 * Descriptors: a socket pair, with the tlspair server behind its other end.
 */
struct wire {
	int fd;                    /* the library's */
	int far;
	struct tlspair pair;
};

static void
wire_open(struct wire *w, bool blocking, int version)
{
	int fds[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | (blocking ? 0 :
	    SOCK_NONBLOCK), 0, fds), 0);
	w->fd = fds[0];
	w->far = fds[1];
	tlspair_init(&w->pair, 0);
	w->pair.is_boundless = true;
	if (version >= 0) {
		tlspair_start(&w->pair, &servers[version]);
		w->pair.is_echo = true;
	}
}

/* The server's turn. */
static void
wire_serve(struct wire *w)
{
	char data[16384];
	ssize_t n;

	while ((n = recv(w->far, data, sizeof(data), MSG_DONTWAIT)) > 0)
		ck_assert_int_eq(tlspair_client_send(&w->pair, data,
		    (size_t)n), n);
	if (n == 0)
		tlspair_client_end(&w->pair);
	tlspair_pump(&w->pair);
	while ((n = tlspair_client_recv(&w->pair, data, sizeof(data))) > 0)
		ck_assert_int_eq(send(w->far, data, (size_t)n,
		    MSG_DONTWAIT | MSG_NOSIGNAL), n);
}

static void
wire_close(struct wire *w)
{
	/* what the application opened is still open */
	ck_assert_int_ne(fcntl(w->fd, F_GETFD), -1);
	close(w->fd);
	close(w->far);
	tlspair_done(&w->pair);
}

static struct starttls_session *
wire_session(struct wire *w)
{
	struct starttls_policy *policy = test_policy(anchors, 1);
	struct starttls_session *s;
	struct starttls_upgrade *u;
	struct starttls_error error;
	int rc;

	ck_assert_int_eq(starttls_upgrade_new(&u, policy,
	    starttls_protocol_find("imap"), STARTTLS_HANDSHAKE, PEER, w->fd,
	    NULL, &error), 0);
	starttls_policy_unref(policy);
	ck_assert_int_eq(starttls_upgrade_fd(u), w->fd);
	while (is_wanting(rc = starttls_upgrade_step(u, &error)))
		wire_serve(w);
	ck_assert_msg(rc == 0, "%s", error.message);
	s = starttls_upgrade_take(u);
	ck_assert_ptr_nonnull(s);
	wire_serve(w);
	return s;
}

START_TEST(test_fd_is_borrowed)
{
	bool blocking = _i / VERSIONS == 0;
	struct starttls_session *s;
	struct wire w;
	char in[16];
	int flags;

	wire_open(&w, blocking, _i % VERSIONS);
	flags = fcntl(w.fd, F_GETFL);
	s = wire_session(&w);
	ck_assert_int_eq(starttls_session_fd(s), w.fd);
	ck_assert_int_eq(fcntl(w.fd, F_GETFL), flags);
	/* the mode of the descriptor does not matter */
	ck_assert_int_eq(starttls_session_read(s, in, sizeof(in)),
	    STARTTLS_WANT_READ);
	ck_assert_int_eq(starttls_session_write(s, "hello", 5), 5);
	wire_serve(&w);
	ck_assert_int_eq(starttls_session_read(s, in, sizeof(in)), 5);
	/* with a deadline it may wait, but has no need to */
	ck_assert_int_eq(starttls_session_set_deadline(s, -1), 0);
	ck_assert_int_eq(starttls_session_write(s, "again", 5), 5);
	wire_serve(&w);
	ck_assert_int_eq(starttls_session_read(s, in, sizeof(in)), 5);
	ck_assert(memcmp(in, "again", 5) == 0);
	tlspair_bye(&w.pair);
	wire_serve(&w);
	ck_assert_int_eq(starttls_session_close(s), 0);
	starttls_session_free(s);
	ck_assert_int_eq(fcntl(w.fd, F_GETFL), flags);
	wire_close(&w);
}
END_TEST

START_TEST(test_fd_honours_the_deadline)
{
	struct starttls_session *s;
	struct starttls_error error;
	struct wire w;
	char in[16];

	wire_open(&w, true, _i);
	s = wire_session(&w);
	ck_assert_int_eq(starttls_session_set_deadline(s, 1), 0);
	ck_assert_int_eq(starttls_session_read(s, in, sizeof(in)),
	    STARTTLS_E_TIMEOUT);
	expect_sticky(s, STARTTLS_E_TIMEOUT);
	starttls_session_error(s, &error);
	ck_assert_int_eq(error.error_class, STARTTLS_CLASS_TIMEOUT);
	starttls_session_free(s);
	wire_close(&w);
}
END_TEST

/* A large write with a deadline is all or an error. */
START_TEST(test_fd_write_is_bounded)
{
	uint8_t *data = large_data(4 * LARGE);
	struct starttls_session *s;
	struct wire w;

	wire_open(&w, true, _i);
	s = wire_session(&w);
	ck_assert_int_eq(starttls_session_set_deadline(s, 5), 0);
	ck_assert_int_eq(starttls_session_write(s, data, 4 * LARGE),
	    STARTTLS_E_TIMEOUT);
	starttls_session_free(s);
	wire_close(&w);
	free(data);
}
END_TEST

/* No SIGPIPE: it would end this process. */
START_TEST(test_fd_survives_the_peers_end)
{
	struct starttls_session *s;
	struct starttls_error error;
	struct wire w;
	int i, rc = 0;

	wire_open(&w, true, _i);
	s = wire_session(&w);
	shutdown(w.far, SHUT_RDWR);
	for (i = 0; i < 3 && rc >= 0; i++)
		rc = (int)starttls_session_write(s, "hello", 5);
	ck_assert_int_eq(rc, STARTTLS_E_IO);
	starttls_session_error(s, &error);
	ck_assert_int_eq(error.sys_errno, EPIPE);
	starttls_session_free(s);
	wire_close(&w);
}
END_TEST

START_TEST(test_fd_upgrade_run_has_a_deadline)
{
	static const enum starttls_stage from[] = { STARTTLS_GREETING,
	    STARTTLS_COMMAND, STARTTLS_HANDSHAKE };
	struct starttls_policy *policy = test_policy(anchors, 1);
	struct starttls_upgrade *u;
	struct starttls_error error;
	struct wire w;

	wire_open(&w, true, -1);
	ck_assert_int_eq(starttls_upgrade_new(&u, policy,
	    starttls_protocol_find("imap"), from[_i], PEER, w.fd, NULL,
	    &error), 0);
	ck_assert_int_eq(starttls_upgrade_run(u, -2, &error),
	    STARTTLS_E_INVALID);
	/* 0 does not wait at all */
	ck_assert_int_eq(starttls_upgrade_run(u, 0, &error),
	    STARTTLS_E_TIMEOUT);
	ck_assert_int_eq(error.code, STARTTLS_E_TIMEOUT);
	ck_assert_int_eq(error.phase, from[_i] == STARTTLS_GREETING ?
	    STARTTLS_PHASE_GREETING : from[_i] == STARTTLS_COMMAND ?
	    STARTTLS_PHASE_PREAMBLE : STARTTLS_PHASE_HANDSHAKE);
	ck_assert(is_plain_line(error.message));
	ck_assert_int_eq(starttls_upgrade_run(u, 0, NULL),
	    STARTTLS_E_TIMEOUT);
	ck_assert_int_eq(starttls_upgrade_step(u, NULL), STARTTLS_E_TIMEOUT);
	starttls_upgrade_free(u);
	wire_close(&w);
	starttls_policy_unref(policy);
}
END_TEST

/* Entering late: what the application's reader holds, and what lies there. */
static const struct entry_row {
	const char *name;
	enum starttls_stage from;
	const char *protocol;
	const char *pending;       /* held by the application */
	const char *waiting;       /* in the socket */
	int code;
	bool may_speak;            /* something is sent before it fails */
} entry_rows[] = {
	{ "command", STARTTLS_COMMAND, "imap", NULL, NULL,
	  STARTTLS_WANT_READ, true },
	{ "command, nothing pending", STARTTLS_COMMAND, "imap", "", NULL,
	  STARTTLS_WANT_READ, true },
	{ "handshake", STARTTLS_HANDSHAKE, "imap", NULL, NULL,
	  STARTTLS_WANT_READ, true },
	{ "handshake, nothing pending", STARTTLS_HANDSHAKE, "imap", "", NULL,
	  STARTTLS_WANT_READ, true },
	{ "command, a byte pending", STARTTLS_COMMAND, "smtp", "\n", NULL,
	  STARTTLS_E_EARLY_DATA, false },
	{ "command, premature go-ahead pending", STARTTLS_COMMAND, "smtp",
	  "220 go\r\n", NULL, STARTTLS_E_EARLY_DATA, false },
	{ "command, premature go-ahead pending", STARTTLS_COMMAND, "imap",
	  "a1 OK go\r\n", NULL, STARTTLS_E_EARLY_DATA, false },
	{ "command, half a line pending", STARTTLS_COMMAND, "nntp", "38",
	  NULL, STARTTLS_E_EARLY_DATA, false },
	{ "command, premature go-ahead waiting", STARTTLS_COMMAND, "smtp",
	  NULL, "220 go\r\n", STARTTLS_E_EARLY_DATA, false },
	{ "command, premature go-ahead waiting", STARTTLS_COMMAND, "imap",
	  NULL, "a1 OK go\r\n", STARTTLS_E_EARLY_DATA, false },
	{ "command, premature go-ahead waiting", STARTTLS_COMMAND, "ftp",
	  NULL, "234 go\r\n", STARTTLS_E_EARLY_DATA, false },
	{ "command, untagged line pending", STARTTLS_COMMAND, "imap",
	  "* 1 EXISTS\r\n", NULL, STARTTLS_WANT_READ, true },
	{ "command, untagged line waiting", STARTTLS_COMMAND, "imap", NULL,
	  "* 1 EXISTS\r\n", STARTTLS_WANT_READ, true },
	{ "command, go-ahead behind an untagged line", STARTTLS_COMMAND,
	  "imap", NULL, "* 1 EXISTS\r\na1 OK go\r\n", STARTTLS_E_EARLY_DATA,
	  false },
	{ "command, BYE pending", STARTTLS_COMMAND, "imap", "* BYE\r\n",
	  NULL, STARTTLS_E_REFUSED, false },
	{ "handshake, a byte pending", STARTTLS_HANDSHAKE, "imap", "\n",
	  NULL, STARTTLS_E_EARLY_DATA, false },
	{ "handshake, a reply pending", STARTTLS_HANDSHAKE, "smtp",
	  "250 ok\r\n", NULL, STARTTLS_E_EARLY_DATA, false },
	{ "handshake, TLS-looking bytes pending", STARTTLS_HANDSHAKE, "imap",
	  "\x16\x03\x03", NULL, STARTTLS_E_EARLY_DATA, false },
	{ "handshake, cleartext waiting", STARTTLS_HANDSHAKE, "imap", NULL,
	  "* OK ready\r\n", STARTTLS_E_NOT_TLS, false },
	{ "handshake, TLS-looking bytes waiting", STARTTLS_HANDSHAKE, "imap",
	  NULL, "\x15\x03\x03", STARTTLS_E_NOT_TLS, false },
};

START_TEST(test_fd_entry_refuses_early_data)
{
	const struct entry_row *row = &entry_rows[_i];
	struct starttls_policy *policy = test_policy(anchors, 1);
	struct starttls_options options = STARTTLS_OPTIONS_INIT;
	struct starttls_upgrade *u;
	struct starttls_error error;
	struct wire w;
	char in[1024];
	ssize_t n;
	int rc;

	wire_open(&w, true, -1);
	options.pending = row->pending;
	options.pending_len = row->pending != NULL ?
	    strlen(row->pending) : 0;
	if (row->waiting != NULL)
		ck_assert_int_eq(send(w.far, row->waiting,
		    strlen(row->waiting), 0), (ssize_t)strlen(row->waiting));
	ck_assert_int_eq(starttls_upgrade_new(&u, policy,
	    starttls_protocol_find(row->protocol), row->from, PEER, w.fd,
	    &options, &error), 0);
	rc = starttls_upgrade_step(u, &error);
	ck_assert_msg(rc == row->code, "%s: %s", row->name,
	    starttls_code_name(rc));
	n = recv(w.far, in, sizeof(in), MSG_DONTWAIT);
	ck_assert_msg((n > 0) == row->may_speak, "%s: %zd bytes were sent",
	    row->name, n);
	if (!is_wanting(rc)) {
		ck_assert_msg(is_plain_line(error.message), "%s: \"%s\"",
		    row->name, error.message);
		ck_assert_int_eq(starttls_upgrade_step(u, NULL), rc);
		ck_assert_ptr_null(starttls_upgrade_take(u));
	}
	starttls_upgrade_free(u);
	wire_close(&w);
	starttls_policy_unref(policy);
}
END_TEST

/* Cleartext in place of TLS, and the end: it is not the end that matters. */
START_TEST(test_fd_short_cleartext_is_not_tls)
{
	static const char *const texts[] = { "-", "no", "-ER", "* BY",
	    "-ERR\n", "-ERR no", "421 too many connections\r\n" };
	struct starttls_policy *policy = test_policy(anchors, 1);
	bool upgraded = _i % 2 != 0;
	const char *text = texts[_i / 2];
	struct starttls_upgrade *u;
	struct starttls_error error;
	struct wire w;

	wire_open(&w, true, -1);
	ck_assert_int_eq(starttls_upgrade_new(&u, policy,
	    starttls_protocol_find("nntp"), upgraded ? STARTTLS_COMMAND :
	    STARTTLS_HANDSHAKE, PEER, w.fd, NULL, &error), 0);
	ck_assert_int_eq(starttls_upgrade_step(u, &error),
	    STARTTLS_WANT_READ);
	if (upgraded) {
		ck_assert_int_eq(send(w.far, "382 go\r\n", 8, 0), 8);
		ck_assert_int_eq(starttls_upgrade_step(u, &error),
		    STARTTLS_WANT_READ);
	}
	ck_assert_int_eq(send(w.far, text, strlen(text), 0),
	    (ssize_t)strlen(text));
	shutdown(w.far, SHUT_WR);
	ck_assert_int_eq(starttls_upgrade_run(u, -1, &error),
	    STARTTLS_E_NOT_TLS);
	ck_assert_int_eq(memcmp(error.reply, text, 1), 0);
	ck_assert(is_plain_line(error.message));
	starttls_upgrade_free(u);
	wire_close(&w);
	starttls_policy_unref(policy);
}
END_TEST

/* The peer is gone before anything was said. */
START_TEST(test_fd_notices_a_closed_peer)
{
	static const enum starttls_stage from[] = { STARTTLS_GREETING,
	    STARTTLS_COMMAND, STARTTLS_HANDSHAKE };
	struct starttls_policy *policy = test_policy(anchors, 1);
	struct starttls_upgrade *u;
	struct starttls_error error;
	struct wire w;

	wire_open(&w, true, -1);
	shutdown(w.far, SHUT_WR);
	ck_assert_int_eq(starttls_upgrade_new(&u, policy,
	    starttls_protocol_find("nntp"), from[_i], PEER, w.fd, NULL,
	    &error), 0);
	ck_assert_int_eq(starttls_upgrade_run(u, -1, &error),
	    STARTTLS_E_EOF);
	ck_assert_int_eq(error.error_class, STARTTLS_CLASS_CLOSED);
	starttls_upgrade_free(u);
	wire_close(&w);
	starttls_policy_unref(policy);
}
END_TEST

/* Reading ends at the deadline, also if there is always something to read. */
START_TEST(test_session_reads_until_the_deadline)
{
	struct tlspair_server server = { .chain = chain, .n = 2,
	    .priority = priorities[_i] };
	struct conn_spec spec = { .policy = test_policy(anchors, 1),
	    .server = &server };
	struct starttls_error error;
	struct conn c;
	char data[4];

	ck_assert_int_eq(conn_run(&c, &spec), 0);
	ck_assert_int_eq(conn_echo(&c, "hello", 5), 0);
	tlspair_write(&c.pair, "there is more", 13);
	conn_settle(&c);
	c.session->deadline = STARTTLS_NEVER;
	ck_assert_int_eq(starttls_session_read(c.session, data, 4), 4);
	c.session->deadline = 1;   /* long ago */
	ck_assert_int_eq(starttls_session_read(c.session, data, 4),
	    STARTTLS_E_TIMEOUT);
	ck_assert_int_eq(starttls_session_error(c.session, &error),
	    STARTTLS_E_TIMEOUT);
	conn_done(&c);
	starttls_policy_unref(spec.policy);
}
END_TEST

/*
 * A transport that gives one piece at a time: the go-ahead, and what stands
 * behind it only if it is asked once more.
 */
struct pieces {
	const char *const *next;   /* NULL at the end */
};

static ssize_t
give_piece(void *ctx, void *data, size_t size)
{
	struct pieces *p = ctx;
	size_t len;

	if (*p->next == NULL || strlen(*p->next) > size) {
		errno = EAGAIN;
		return -1;
	}
	len = strlen(*p->next);
	memcpy(data, *p->next++, len);
	return (ssize_t)len;
}

static ssize_t
send_all(void *ctx, const void *data, size_t len)
{
	(void)ctx;
	(void)data;
	return (ssize_t)len;
}

START_TEST(test_upgrade_looks_behind_the_go_ahead)
{
	static const char *const pieces[] = { "220 go ahead\r\n",
	    "250 injected\r\n", NULL };
	struct pieces p = { pieces };
	struct starttls_options options = STARTTLS_OPTIONS_INIT;
	struct starttls_policy *policy = test_policy(anchors, 1);
	struct starttls_upgrade *upgrade;
	struct starttls_error error;
	int rc;

	/* a piece is not there yet while the command is sent */
	options.recv = give_piece;
	options.send = send_all;
	options.transport_context = &p;
	ck_assert_int_eq(starttls_upgrade_new(&upgrade, policy,
	    starttls_protocol_find("smtp"), STARTTLS_COMMAND, PEER, -1,
	    &options, &error), 0);
	p.next = pieces + 2;
	ck_assert_int_eq(starttls_upgrade_step(upgrade, &error),
	    STARTTLS_WANT_READ);
	p.next = pieces;
	rc = starttls_upgrade_step(upgrade, &error);
	ck_assert_msg(rc == STARTTLS_E_EARLY_DATA, "%s: %s",
	    starttls_code_name(rc), error.message);
	starttls_upgrade_free(upgrade);
	starttls_policy_unref(policy);
}
END_TEST

/* Transports that move nothing, or more than there is. */

static ssize_t
greet_once(void *ctx, void *data, size_t size)
{
	static const char greeting[] = "* OK hello\r\n";
	int *greeted = ctx;

	if (*greeted || size < sizeof(greeting) - 1) {
		errno = EAGAIN;
		return -1;
	}
	*greeted = 1;
	memcpy(data, greeting, sizeof(greeting) - 1);
	return sizeof(greeting) - 1;
}

static ssize_t
send_nothing(void *ctx, const void *data, size_t len)
{
	(void)ctx;
	(void)data;
	(void)len;
	return 0;
}

static ssize_t
send_too_much(void *ctx, const void *data, size_t len)
{
	(void)ctx;
	(void)data;
	return (ssize_t)len + 1;
}

START_TEST(test_transport_may_be_broken)
{
	struct starttls_options options = STARTTLS_OPTIONS_INIT;
	struct starttls_policy *policy = test_policy(anchors, 1);
	struct starttls_upgrade *upgrade;
	struct starttls_error error;
	int greeted = _i % 2, rc;

	options.recv = greet_once;
	options.send = _i / 2 == 0 ? send_nothing : send_too_much;
	options.transport_context = &greeted;
	ck_assert_int_eq(starttls_upgrade_new(&upgrade, policy,
	    starttls_protocol_find("imap"), _i % 2 == 0 ? STARTTLS_GREETING :
	    STARTTLS_HANDSHAKE, PEER, -1, &options, &error), 0);
	rc = starttls_upgrade_step(upgrade, &error);
	ck_assert_msg(rc == STARTTLS_E_IO, "%s: %s", starttls_code_name(rc),
	    error.message);
	ck_assert_int_eq(error.sys_errno, EINVAL);
	starttls_upgrade_free(upgrade);
	starttls_policy_unref(policy);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("session_descriptor");
	TCase *tc = new_case(s, "descriptor");

	tcase_add_loop_test(tc, test_fd_is_borrowed, 0, 2 * VERSIONS);
	add_both(tc, test_fd_honours_the_deadline);
	add_both(tc, test_fd_write_is_bounded);
	add_both(tc, test_fd_survives_the_peers_end);
	tcase_add_loop_test(tc, test_fd_upgrade_run_has_a_deadline, 0, 3);
	add_rows(tc, test_fd_entry_refuses_early_data, entry_rows);
	tcase_add_loop_test(tc, test_fd_short_cleartext_is_not_tls, 0, 14);
	tcase_add_loop_test(tc, test_fd_notices_a_closed_peer, 0, 3);

	tc = new_case(s, "transport");
	tcase_add_loop_test(tc, test_session_reads_until_the_deadline, 0,
	    VERSIONS);
	tcase_add_test(tc, test_upgrade_looks_behind_the_go_ahead);
	tcase_add_loop_test(tc, test_transport_may_be_broken, 0, 4);
	return run_suite(s);
}
