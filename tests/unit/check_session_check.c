/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* The monitor's exchange within a session. */

#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <string.h>

#include "usual.h"

#define FEW_SEEDS 2                /* where there are many rows */

static const struct check_row {
	const char *name, *protocol;
	enum starttls_stage from;
	const char *inside[16];
	int code;
	const char *state;         /* of the dialog, after a failure */
} check_rows[] = {
	{ "imap", "imap", STARTTLS_GREETING,
	  { "C: a1 CAPABILITY", "S: * CAPABILITY IMAP4rev1 AUTH=PLAIN",
	    "S: a1 OK done", "C: a2 LOGOUT", "S: * BYE see you",
	    "S: a2 OK done", "S~" }, 0, NULL },
	{ "imaps", "imap", STARTTLS_HANDSHAKE,
	  { "S: * OK ready", "C: a1 CAPABILITY", "S: * CAPABILITY IMAP4rev1",
	    "S: a1 OK done", "C: a2 LOGOUT", "S: * BYE see you",
	    "S: a2 OK done", "S~" }, 0, NULL },
	{ "smtp", "smtp", STARTTLS_GREETING,
	  { "C: EHLO " TEST_HOST_NAME, "S: 250-mail", "S: 250 AUTH PLAIN",
	    "C: QUIT", "S: 221 bye", "S~" }, 0, NULL },
	{ "smtps", "smtp", STARTTLS_HANDSHAKE,
	  { "S: 220 ready", "C: EHLO " TEST_HOST_NAME, "S: 250 mail", "C: QUIT",
	    "S: 221 bye", "S~" }, 0, NULL },
	{ "submission", "submission", STARTTLS_GREETING,
	  { "C: EHLO " TEST_HOST_NAME, "S: 250-mail", "S: 250 AUTH PLAIN",
	    "C: QUIT", "S: 221 bye", "S~" }, 0, NULL },
	{ "submissions", "submission", STARTTLS_HANDSHAKE,
	  { "S: 220-welcome", "S: 220 ready", "C: EHLO " TEST_HOST_NAME,
	    "S: 250 mail", "C: QUIT", "S: 221 bye", "S~" }, 0, NULL },
	{ "nntp", "nntp", STARTTLS_GREETING,
	  { "C: CAPABILITIES", "S: 101 list", "S: VERSION 2", "S: READER",
	    "S: .", "C: QUIT", "S: 205 bye", "S~" }, 0, NULL },
	{ "nntps", "nntp", STARTTLS_HANDSHAKE,
	  { "S: 201 no posting", "C: CAPABILITIES", "S: 101 list",
	    "S: VERSION 2", "S: .", "C: QUIT", "S: 205 bye", "S~" }, 0,
	  NULL },
	{ "ftp", "ftp", STARTTLS_GREETING,
	  { "C: FEAT", "S: 211-Features:", "S:  UTF8", "S: 211 End",
	    "C: QUIT", "S: 221 bye", "S~" }, 0, NULL },
	{ "ftps", "ftp", STARTTLS_HANDSHAKE,
	  { "S: 220 ready", "C: FEAT", "S: 211-Features:", "S:  UTF8",
	    "S: 211 End", "C: QUIT", "S: 221 bye", "S~" }, 0, NULL },

	{ "FEAT is not known", "ftp", STARTTLS_GREETING,
	  { "C: FEAT", "S: 500 what?", "C: QUIT", "S: 221 bye", "S~" }, 0,
	  NULL },
	{ "FEAT needs a login", "ftp", STARTTLS_GREETING,
	  { "C: FEAT", "S: 530 log in first", "C: QUIT", "S: 221 bye",
	    "S~" }, 0, NULL },
	{ "closed after the goodbye, no close_notify", "smtp",
	  STARTTLS_GREETING,
	  { "C: EHLO " TEST_HOST_NAME, "S: 250 mail", "C: QUIT", "S: 221 bye",
	    "S!" }, 0, NULL },
	{ "closed instead of the goodbye", "smtp", STARTTLS_GREETING,
	  { "C: EHLO " TEST_HOST_NAME, "S: 250 mail", "C: QUIT", "S~" }, 0, NULL },
	{ "hung up instead of the goodbye", "smtp", STARTTLS_GREETING,
	  { "C: EHLO " TEST_HOST_NAME, "S: 250 mail", "C: QUIT", "S!" }, 0, NULL },
	{ "reset instead of the goodbye", "smtp", STARTTLS_GREETING,
	  { "C: EHLO " TEST_HOST_NAME, "S: 250 mail", "C: QUIT", "S#" }, 0, NULL },
	{ "LOGOUT hung up", "imap", STARTTLS_GREETING,
	  { "C: a1 CAPABILITY", "S: a1 OK done", "C: a2 LOGOUT",
	    "S: * BYE see you", "S!" }, 0, NULL },
	{ "goodbye refused", "nntp", STARTTLS_GREETING,
	  { "C: CAPABILITIES", "S: 101 list", "S: .", "C: QUIT",
	    "S: 500 what?", "S~" }, 0, NULL },

	{ "EHLO refused", "smtp", STARTTLS_GREETING,
	  { "C: EHLO " TEST_HOST_NAME, "S: 550 not you", "S~" },
	  STARTTLS_E_REFUSED, "EHLO inside TLS" },
	{ "greeting refused", "smtp", STARTTLS_HANDSHAKE,
	  { "S: 554 go away", "S~" }, STARTTLS_E_REFUSED, NULL },
	{ "BYE as a greeting", "imap", STARTTLS_HANDSHAKE,
	  { "S: * BYE go away", "S~" }, STARTTLS_E_REFUSED, NULL },
	{ "CAPABILITY refused", "imap", STARTTLS_GREETING,
	  { "C: a1 CAPABILITY", "S: a1 BAD no", "S~" }, STARTTLS_E_REFUSED,
	  "CAPABILITY" },
	{ "another protocol", "imap", STARTTLS_HANDSHAKE,
	  { "S: 220 smtp here", "S~" }, STARTTLS_E_PROTOCOL, NULL },
	{ "no greeting but HTTP", "smtp", STARTTLS_HANDSHAKE,
	  { "S: HTTP/1.1 400 Bad Request", "S~" }, STARTTLS_E_PROTOCOL,
	  NULL },
	{ "a greeting after the upgrade", "smtp", STARTTLS_GREETING,
	  { "S: 220 hello again", "C: EHLO " TEST_HOST_NAME, "S: 250 mail",
	    "C: QUIT", "S: 221 bye" }, STARTTLS_E_PROTOCOL, NULL },
	{ "closed before the reply", "smtp", STARTTLS_GREETING,
	  { "C: EHLO " TEST_HOST_NAME, "S~" }, STARTTLS_E_EOF, "EHLO inside TLS" },
	{ "hung up before the reply", "smtp", STARTTLS_GREETING,
	  { "C: EHLO " TEST_HOST_NAME, "S!" }, STARTTLS_E_TRUNCATED, NULL },
	{ "closed within the reply", "smtp", STARTTLS_GREETING,
	  { "C: EHLO " TEST_HOST_NAME, "S: 250-mail", "S= 250 AU", "S~" },
	  STARTTLS_E_EOF, "EHLO inside TLS" },
	{ "hung up within the greeting", "nntp", STARTTLS_HANDSHAKE,
	  { "S= 20", "S!" }, STARTTLS_E_TRUNCATED, NULL },
	{ "endless capabilities", "nntp", STARTTLS_GREETING,
	  { "C: CAPABILITIES", "S: 101 list", "S* X-CAPABILITY" },
	  STARTTLS_E_LIMIT, "capability list" },
	{ "endless EHLO", "smtp", STARTTLS_GREETING,
	  { "C: EHLO " TEST_HOST_NAME, "S* 250-X-THING" }, STARTTLS_E_LIMIT,
	  "EHLO inside TLS" },
	{ "endless untagged lines", "imap", STARTTLS_GREETING,
	  { "C: a1 CAPABILITY", "S* * OK still here" }, STARTTLS_E_LIMIT,
	  "CAPABILITY" },
	{ "endless features", "ftp", STARTTLS_GREETING,
	  { "C: FEAT", "S: 211-Features:", "S*  X-FEATURE" },
	  STARTTLS_E_LIMIT, "FEAT" },
	{ "endless goodbye", "imap", STARTTLS_GREETING,
	  { "C: a1 CAPABILITY", "S: a1 OK done", "C: a2 LOGOUT",
	    "S* * BYE bye" }, STARTTLS_E_LIMIT, "LOGOUT" },
};

START_TEST(test_check_follows_the_protocol)
{
	const struct check_row *row = &check_rows[_i / VERSIONS / FEW_SEEDS];
	struct conn_spec spec = {
		.policy = test_policy(anchors, 1),
		.protocol = row->protocol,
		.from = row->from,
		.server = &servers[_i % VERSIONS],
		.seed = (uint64_t)(_i / VERSIONS % FEW_SEEDS),
	};
	struct starttls_report report = { .size = sizeof(report) };
	struct starttls_error error, again;
	struct conn c;
	int rc;

	must_run(&c, &spec);
	c.inside = row->inside;
	rc = conn_check(&c, &error);
	ck_assert_msg(rc == row->code, "%s: %s, not %s: %s (heard \"%.*s\")",
	    row->name, starttls_code_name(rc), starttls_code_name(row->code),
	    rc == 0 ? "" : error.message, (int)c.heard_len, c.heard);
	starttls_session_report(c.session, &report);
	ck_assert_msg(report.exchange_us >= 0, "%s: no time", row->name);
	ck_assert_int_eq(starttls_session_check(c.session, &again), rc);
	if (rc != 0) {
		ck_assert_msg(error.phase == STARTTLS_PHASE_SESSION,
		    "%s: phase %d", row->name, error.phase);
		ck_assert_msg(is_plain_line(error.message), "%s: \"%s\"",
		    row->name, error.message);
		ck_assert_msg(row->state == NULL ||
		    strcmp(row->state, error.state) == 0, "%s: state \"%s\"",
		    row->name, error.state);
		ck_assert_str_eq(error.protocol, row->protocol);
		ck_assert_str_eq(error.message, again.message);
		ck_assert_int_eq(starttls_session_error(c.session, NULL),
		    rc);
	} else {
		ck_assert_int_eq(starttls_session_error(c.session, NULL), 0);
	}
	conn_done(&c);
	starttls_policy_unref(spec.policy);
}
END_TEST

START_TEST(test_check_wants_a_fresh_session)
{
	struct starttls_error error;
	struct conn c;
	char in[8];
	int rc;

	open_usual(&c, _i);
	ck_assert_int_eq(starttls_session_write(c.session, "x", 1), 1);
	ck_assert_int_eq(starttls_session_check(c.session, &error),
	    STARTTLS_E_STATE);
	ck_assert_int_eq(error.code, STARTTLS_E_STATE);
	ck_assert_int_eq(starttls_session_error(c.session, NULL), 0);
	conn_done(&c);

	open_usual(&c, _i);
	tlspair_write(&c.pair, "x", 1);
	ck_assert_int_eq(read_on(&c, in, sizeof(in)), 1);
	ck_assert_int_eq(starttls_session_check(c.session, NULL),
	    STARTTLS_E_STATE);
	conn_done(&c);

	open_usual(&c, _i);
	while (is_wanting(rc = starttls_session_shutdown(c.session)))
		conn_serve(&c);
	ck_assert_int_eq(rc, 0);
	ck_assert_int_eq(starttls_session_check(c.session, NULL),
	    STARTTLS_E_STATE);
	conn_done(&c);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("session_check");
	TCase *tc = new_case(s, "check");

	tcase_add_loop_test(tc, test_check_follows_the_protocol, 0,
	    (int)(VERSIONS * FEW_SEEDS * ARRAY_LEN(check_rows)));
	add_both(tc, test_check_wants_a_fresh_session);
	return run_suite(s);
}
