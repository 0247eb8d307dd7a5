/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * What a server has said in the clear, as the report has it: its greeting, and
 * the codes of that and of its last reply.
 */

#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "duo.h"

#define STAMP "<1896.697170952@dbc.mtview.ca.us>"

static struct mint_cert root, leaf;
static const struct mint_cert *const anchors[] = { &root };
static const struct mint_cert *const chain[] = { &leaf };
static const struct tlspair_server server = { .chain = chain, .n = 1 };

static void
mint_all(void)
{
	mint(&root, &(struct mint_spec){ .cn = "root", .is_ca = true }, NULL);
	mint(&leaf, &(struct mint_spec){ .cn = "leaf", .dns = { PEER } },
	    &root);
}

static void
free_all(void)
{
	mint_free(&root);
	mint_free(&leaf);
}

static const struct {
	const char *protocol;
	const char *clear[10];
	int code;                  /* of the upgrade */
	const char *greeting;
	int greeting_code, reply_code;
} rows[] = {
	{ "nntp", { "S: 200 news ready", "C: STARTTLS", "S: 382 go" }, 0,
	  "200 news ready", 200, 382 },
	{ "nntp", { "S: 201 no posting", "C: STARTTLS", "S: 382 go" }, 0,
	  "201 no posting", 201, 382 },
	{ "nntp", { "S: 200 news ready", "C: STARTTLS", "S: 580 no" },
	  STARTTLS_E_REFUSED, "200 news ready", 200, 580 },
	{ "nntp", { "S: 502 go away" }, STARTTLS_E_REFUSED, "502 go away",
	  502, 502 },
	{ "pop3", { "S: +OK ready " STAMP, "C: STLS", "S: +OK go" }, 0,
	  "+OK ready " STAMP, 0, 0 },
	{ "pop3", { "S: -ERR busy" }, STARTTLS_E_REFUSED, "-ERR busy", 0, 0 },
	{ "imap", { "S: * OK [CAPABILITY IMAP4rev1 STARTTLS] hello",
	  "C: a1 STARTTLS", "S: * OK ignored", "S: a1 OK go" }, 0,
	  "* OK [CAPABILITY IMAP4rev1 STARTTLS] hello", 0, 0 },
	{ "imap", { "S: * PREAUTH hello" }, STARTTLS_E_FORBIDDEN,
	  "* PREAUTH hello", 0, 0 },
	{ "imap", { "S: * OK hello", "C: a1 STARTTLS", "S: a1 NO not now" },
	  STARTTLS_E_REFUSED, "* OK hello", 0, 0 },
	/* of several lines the first, which has the name */
	{ "smtp", { "S: 220-" PEER " ESMTP", "S: 220-no spam",
	  "S: 220 please", "C: EHLO client.example.org", "S: 250-" PEER,
	  "S: 250 STARTTLS", "C: STARTTLS", "S: 454 later" },
	  STARTTLS_E_REFUSED_TEMPORARY, "220-" PEER " ESMTP", 220, 454 },
	{ "smtp", { "S: 220 " PEER, "C: EHLO client.example.org", "S: 550 no" },
	  STARTTLS_E_REFUSED, "220 " PEER, 220, 550 },
	{ "smtp", { "S: 220 " PEER, "C: EHLO client.example.org", "S: 250 " PEER },
	  STARTTLS_E_NOT_OFFERED, "220 " PEER, 220, 250 },
	{ "submission", { "S: 421 later" }, STARTTLS_E_REFUSED_TEMPORARY,
	  "421 later", 421, 421 },
	{ "nntp", { "S: 400 later" }, STARTTLS_E_REFUSED_TEMPORARY,
	  "400 later", 400, 400 },
	{ "imap", { "S: * BYE [UNAVAILABLE] later" },
	  STARTTLS_E_REFUSED_TEMPORARY, "* BYE [UNAVAILABLE] later", 0, 0 },
	{ "pop3", { "S: -ERR [IN-USE] later" }, STARTTLS_E_REFUSED_TEMPORARY,
	  "-ERR [IN-USE] later", 0, 0 },
	{ "smtp", { "S: 554-no", "S: 554 never" }, STARTTLS_E_REFUSED,
	  "554-no", 554, 554 },
	{ "smtp", { "S: 220 " PEER, "S!" }, STARTTLS_E_EOF, "220 " PEER, 220,
	  220 },
	{ "smtp", { "S!" }, STARTTLS_E_EOF, "", 0, 0 },
	{ "smtp", { "S: hello" }, STARTTLS_E_PROTOCOL, "", 0, 0 },
	/* of several replies the one that greets */
	{ "ftp", { "S: 120 in 3 minutes", "S: 220-welcome", "S:  to all",
	  "S: 220 ready", "C: AUTH TLS", "S: 234 go" }, 0, "220-welcome", 220,
	  234 },
	{ "ftp", { "S: 220 ready", "C: AUTH TLS", "S: 534 no" },
	  STARTTLS_E_REFUSED, "220 ready", 220, 534 },
	/* nothing that a terminal or a log would not like */
	{ "pop3", { "S: +OK \x1b[2J\\ \xc3\xbc\x7f", "C: STLS",
	  "S: +OK go" }, 0, "+OK \\x1b[2J\\x5c \\xc3\\xbc\\x7f", 0, 0 },
};

static void
report(const struct conn *c, struct starttls_report *r)
{
	*r = (struct starttls_report){ .size = sizeof(*r) };
	ck_assert_int_eq(c->session != NULL ?
	    starttls_session_report(c->session, r) :
	    starttls_upgrade_report(c->upgrade, r), 0);
}

START_TEST(test_greeting)
{
	struct conn_spec spec = { .policy = test_policy(anchors, 1),
	    .server = &server, .protocol = rows[_i].protocol,
	    .from = STARTTLS_GREETING, .clear = rows[_i].clear };
	struct starttls_report r;
	struct conn c;
	int rc = conn_run(&c, &spec);

	ck_assert_msg(rc == rows[_i].code, "%s: %s", rows[_i].clear[0],
	    rc != 0 ? c.error.message : "it came through");
	report(&c, &r);
	ck_assert_str_eq(r.greeting, rows[_i].greeting);
	ck_assert_int_eq(r.greeting_code, rows[_i].greeting_code);
	ck_assert_int_eq(r.reply_code, rows[_i].reply_code);
	conn_done(&c);
	starttls_policy_unref(spec.policy);
}
END_TEST

/* Long enough for any legal one, and then cut. */
START_TEST(test_greeting_is_bounded)
{
	static const size_t lengths[] = { 300, 509, 510, 511, 512, 600, 4000 };
	size_t len = lengths[_i];
	char *line = malloc(len + 4);
	const char *clear[] = { line, "C: STLS", "S: +OK go", NULL };
	struct conn_spec spec = { .policy = test_policy(anchors, 1),
	    .server = &server, .protocol = "pop3", .from = STARTTLS_GREETING,
	    .clear = clear };
	struct starttls_report r;
	struct conn c;

	ck_assert_ptr_nonnull(line);
	memset(line, 'x', len + 3);
	line[len + 3] = '\0';
	memcpy(line, "S: +OK ", 7);
	ck_assert_int_eq(conn_run(&c, &spec), 0);
	report(&c, &r);
	if (len < STARTTLS_GREETING_SIZE) {
		ck_assert_str_eq(r.greeting, line + 3);
	} else {
		ck_assert_uint_eq(strlen(r.greeting),
		    STARTTLS_GREETING_SIZE - 1);
		ck_assert_str_eq(r.greeting + STARTTLS_GREETING_SIZE - 4,
		    "...");
	}
	conn_done(&c);
	free(line);
	starttls_policy_unref(spec.policy);
}
END_TEST

/* What the application has read is its own, and so is what comes inside. */
START_TEST(test_greeting_is_cleartext)
{
	static const char *const inside[] = { "S: +OK inside " STAMP,
	    "C: CAPA", "S: +OK", "S: .", "C: QUIT", "S: +OK", NULL };
	struct conn_spec spec = { .policy = test_policy(anchors, 1),
	    .server = &server, .protocol = "pop3",
	    .from = (enum starttls_stage)_i };
	struct starttls_report r;
	struct conn c;

	ck_assert_int_eq(conn_run(&c, &spec), 0);
	if (_i == STARTTLS_HANDSHAKE) {
		c.inside = inside;
		ck_assert_int_eq(conn_check(&c, NULL), 0);
	}
	report(&c, &r);
	ck_assert_str_eq(r.greeting, "");
	ck_assert_int_eq(r.greeting_code, 0);
	ck_assert_int_eq(r.reply_code, 0);
	conn_done(&c);
	starttls_policy_unref(spec.policy);
}
END_TEST

/* A server greets itself, and tells nothing of what a client said. */
START_TEST(test_greeting_is_not_the_clients)
{
	struct starttls_policy *client = test_policy(anchors, 1);
	struct starttls_policy *own = duo_policy(chain, 1);
	struct starttls_report r = { .size = sizeof(r) };
	struct duo d;

	ck_assert_int_eq(duo_run(&d, &(struct duo_spec){ .server = own,
	    .client = client, .protocol = "smtp",
	    .from = STARTTLS_GREETING }), 0);
	ck_assert_int_eq(starttls_session_report(d.server.session, &r), 0);
	ck_assert_str_eq(r.greeting, "");
	ck_assert_int_eq(r.greeting_code, 0);
	ck_assert_int_eq(r.reply_code, 0);
	ck_assert_int_eq(starttls_session_report(d.client.session, &r), 0);
	ck_assert_str_eq(r.greeting, "220 localhost ESMTP");
	ck_assert_int_eq(r.greeting_code, 220);
	ck_assert_int_eq(r.reply_code, 220);
	duo_done(&d);
	starttls_policy_unref(client);
	starttls_policy_unref(own);
}
END_TEST

static Suite *
greeting_suite(void)
{
	Suite *s = suite_create("greeting");
	TCase *tc = tcase_create("greeting");

	tcase_add_unchecked_fixture(tc, mint_all, free_all);
	tcase_add_checked_fixture(tc, mint_set_clock, NULL);
	tcase_add_loop_test(tc, test_greeting, 0, (int)ARRAY_LEN(rows));
	tcase_add_loop_test(tc, test_greeting_is_bounded, 0, 7);
	tcase_add_loop_test(tc, test_greeting_is_cleartext, STARTTLS_COMMAND,
	    STARTTLS_HANDSHAKE + 1);
	tcase_add_test(tc, test_greeting_is_not_the_clients);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return run_suite(greeting_suite());
}
