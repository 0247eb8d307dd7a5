/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Data channels of FTP: that they resume their control session, again and
 * again and each ticket once, lead to the same server or nowhere, and that a
 * transfer that was cut off is an error.
 */

#include "config.h"

#include <errno.h>
#include <string.h>

#include "harness.h"
#include "policy.h"
#include "session.h"

#define VERSIONS 2

static const char *const priorities[VERSIONS] = { TLS12, TLS13 };

static struct mint_cert root, leaf, twin;
static gnutls_datum_t ticket_key, other_key;
static const struct mint_cert *const anchors[] = { &root };
static const struct mint_cert *const chain[] = { &leaf };
static const struct mint_cert *const twin_chain[] = { &twin };

static void
mint_all(void)
{
	mint(&root, &(struct mint_spec){ .cn = "root", .is_ca = true }, NULL);
	mint(&leaf, &(struct mint_spec){ .cn = "leaf", .dns = { PEER } },
	    &root);
	mint(&twin, &(struct mint_spec){ .cn = "leaf", .dns = { PEER } },
	    &root);
	ck_assert_int_eq(gnutls_session_ticket_key_generate(&ticket_key), 0);
	ck_assert_int_eq(gnutls_session_ticket_key_generate(&other_key), 0);
}

static void
free_all(void)
{
	mint_free(&root);
	mint_free(&leaf);
	mint_free(&twin);
	gnutls_free(ticket_key.data);
	gnutls_free(other_key.data);
}

/* A control session after its first exchange, so that its tickets came. */
static void
begin_control(struct conn *c, const struct conn_spec *spec)
{
	int rc = conn_run(c, spec);

	ck_assert_msg(rc == 0, "control: %s", c->error.message);
	ck_assert_int_eq(conn_echo(c, "PROT P\r\n", 8), 0);
}

static bool
is_resumed(const struct conn *c)
{
	struct starttls_report report = { .size = sizeof(report) };

	ck_assert_int_eq(starttls_session_report(c->session, &report), 0);
	ck_assert_int_eq(report.verified, 1);
	ck_assert_int_eq(report.resumed,
	    gnutls_session_is_resumed(c->pair.server) != 0);
	return report.resumed != 0;
}

/* What has come until the end of the stream, and how it ended. */
static ssize_t
download(struct conn *c, char *text, size_t size)
{
	size_t len = 0;
	ssize_t n;

	for (;;) {
		n = starttls_session_read(c->session, text + len,
		    size - 1 - len);
		if (is_wanting(n)) {
			conn_serve(c);
			continue;
		}
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	text[len] = '\0';
	return n;
}

START_TEST(test_data_resumes_its_control_session)
{
	struct tlspair_server server = { .chain = chain, .n = 1,
	    .priority = priorities[_i % VERSIONS],
	    .ticket_key = &ticket_key };
	struct conn_spec spec = { .policy = test_policy(anchors, 1),
	    .protocol = "ftp", .from = STARTTLS_GREETING,
	    .server = &server };
	struct conn control, data;
	int i;

	begin_control(&control, &spec);
	spec.control = control.session;
	for (i = 0; i < 2; i++) {
		char text[100];

		spec.seed = (uint64_t)(_i / VERSIONS * 10 + i);
		ck_assert_int_eq(conn_run(&data, &spec), 0);
		ck_assert(is_resumed(&data));
		tlspair_write(&data.pair, "a file", 6);
		tlspair_bye(&data.pair);
		ck_assert_int_eq(download(&data, text, sizeof(text)), 0);
		ck_assert_str_eq(text, "a file");
		ck_assert_int_eq(conn_close(&data), 0);
		conn_done(&data);
	}
	/* the control session has not noticed */
	ck_assert_int_eq(conn_echo(&control, "NOOP\r\n", 6), 0);
	ck_assert_int_eq(conn_close(&control), 0);
	conn_done(&control);
	starttls_policy_unref(spec.policy);
}
END_TEST

/*
 * The server of the tests gives no ticket on a resumed TLS 1.3 session: it
 * reckons with the real clock how long the first one is good.  ProFTPD gives
 * none either, so the last one is offered again and again; but it is for
 * nobody else then.
 */
START_TEST(test_data_uses_each_ticket_once_but_the_last)
{
	struct tlspair_server server = { .chain = chain, .n = 1,
	    .priority = TLS13, .ticket_key = &ticket_key };
	struct conn_spec spec = { .policy = test_policy(anchors, 1),
	    .protocol = "ftp", .from = STARTTLS_GREETING,
	    .server = &server };
	struct conn control, data;
	size_t before, i;

	begin_control(&control, &spec);
	spec.control = control.session;
	before = starttls_resume_count(control.session->tickets);
	ck_assert_uint_ge(before, 2);
	for (i = 1; i <= before + 3; i++) {
		ck_assert_int_eq(conn_run(&data, &spec), 0);
		ck_assert_uint_eq(starttls_resume_count(
		    control.session->tickets), i < before ? before - i : 1);
		ck_assert(is_resumed(&data));
		conn_done(&data);
	}
	/* nothing of all that goes to other connections */
	conn_done(&control);
	ck_assert_uint_eq(starttls_resume_count(spec.policy->resume), 0);
	starttls_policy_unref(spec.policy);
}
END_TEST

START_TEST(test_data_leaves_tickets_that_it_did_not_use)
{
	struct tlspair_server server = { .chain = chain, .n = 1,
	    .priority = priorities[_i], .ticket_key = &ticket_key };
	struct conn_spec spec = { .policy = test_policy(anchors, 1),
	    .protocol = "ftp", .from = STARTTLS_GREETING,
	    .server = &server };
	struct conn control, data;

	begin_control(&control, &spec);
	spec.control = control.session;
	ck_assert_int_eq(conn_run(&data, &spec), 0);
	conn_done(&data);
	ck_assert_uint_eq(starttls_resume_count(spec.policy->resume), 0);
	conn_done(&control);
	ck_assert_uint_eq(starttls_resume_count(spec.policy->resume), 1);
	spec.control = NULL;
	ck_assert_int_eq(conn_run(&control, &spec), 0);
	ck_assert(is_resumed(&control));
	conn_done(&control);
	starttls_policy_unref(spec.policy);
}
END_TEST

/* A data channel that shows a certificate: the same, or another good one. */
START_TEST(test_data_takes_no_other_certificate)
{
	struct tlspair_server server = { .chain = chain, .n = 1,
	    .priority = priorities[_i], .ticket_key = &ticket_key };
	struct tlspair_server full = { .chain = chain, .n = 1,
	    .priority = priorities[_i], .ticket_key = &other_key };
	struct tlspair_server other = { .chain = twin_chain, .n = 1,
	    .priority = priorities[_i], .ticket_key = &other_key };
	struct conn_spec spec = { .policy = test_policy(anchors, 1),
	    .protocol = "ftp", .from = STARTTLS_GREETING,
	    .server = &server };
	struct conn control, data;

	begin_control(&control, &spec);
	spec.control = control.session;
	spec.server = &full;
	ck_assert_int_eq(conn_run(&data, &spec), 0);
	ck_assert(!is_resumed(&data));
	conn_done(&data);
	spec.server = &other;
	ck_assert_int_eq(conn_run(&data, &spec), STARTTLS_E_OTHER_CERT);
	ck_assert_ptr_null(data.session);
	ck_assert_uint_eq(data.error.verdict, STARTTLS_V_DIFFERS);
	ck_assert_str_eq(starttls_code_name(data.error.code), "cert-differs");
	conn_done(&data);
	conn_done(&control);
	/* that one is good enough for a control session of its own */
	spec.control = NULL;
	ck_assert_int_eq(conn_run(&control, &spec), 0);
	conn_done(&control);
	starttls_policy_unref(spec.policy);
}
END_TEST

START_TEST(test_data_of_a_resumed_control_session)
{
	struct tlspair_server server = { .chain = chain, .n = 1,
	    .priority = priorities[_i], .ticket_key = &ticket_key };
	struct tlspair_server other = { .chain = twin_chain, .n = 1,
	    .priority = priorities[_i], .ticket_key = &other_key };
	struct conn_spec spec = { .policy = test_policy(anchors, 1),
	    .protocol = "ftp", .from = STARTTLS_GREETING,
	    .server = &server };
	struct conn control, data;

	begin_control(&control, &spec);
	conn_done(&control);
	begin_control(&control, &spec);
	ck_assert(is_resumed(&control));
	spec.control = control.session;
	ck_assert_int_eq(conn_run(&data, &spec), 0);
	/* no ticket comes on a resumed TLS 1.3 session, see tlspair.h */
	ck_assert_int_eq(is_resumed(&data), _i == 0);
	conn_done(&data);
	spec.server = &other;
	ck_assert_int_eq(conn_run(&data, &spec), STARTTLS_E_OTHER_CERT);
	conn_done(&data);
	conn_done(&control);
	starttls_policy_unref(spec.policy);
}
END_TEST

/* A control session that nothing is known of leads to no data channel. */
START_TEST(test_data_wants_a_certificate_to_compare_with)
{
	struct tlspair_server server = { .chain = chain, .n = 1,
	    .priority = priorities[_i], .ticket_key = &ticket_key };
	struct conn_spec spec = { .policy = test_policy(anchors, 1),
	    .protocol = "ftp", .from = STARTTLS_GREETING,
	    .server = &server };
	struct starttls_options options = STARTTLS_OPTIONS_INIT;
	struct starttls_upgrade *u = NULL;
	struct starttls_error error;
	gnutls_session_t saved, blank;
	struct conn control;

	options.recv = tlspair_client_recv;
	options.send = tlspair_client_send;
	begin_control(&control, &spec);
	ck_assert_int_eq(gnutls_init(&blank, GNUTLS_CLIENT), 0);
	saved = control.session->tls;
	control.session->tls = blank;
	ck_assert_int_eq(starttls_upgrade_data(&u, control.session, -1,
	    &options, &error), STARTTLS_E_TLS);
	ck_assert_ptr_null(u);
	ck_assert_ptr_nonnull(strstr(error.message, "certificate"));
	control.session->tls = saved;
	gnutls_deinit(blank);
	conn_done(&control);
	starttls_policy_unref(spec.policy);
}
END_TEST

START_TEST(test_data_cut_off_is_an_error)
{
	struct tlspair_server server = { .chain = chain, .n = 1,
	    .priority = priorities[_i], .ticket_key = &ticket_key };
	struct conn_spec spec = { .policy = test_policy(anchors, 1),
	    .protocol = "ftp", .from = STARTTLS_GREETING,
	    .server = &server };
	struct conn control, data;
	char text[100];

	begin_control(&control, &spec);
	spec.control = control.session;
	ck_assert_int_eq(conn_run(&data, &spec), 0);
	tlspair_write(&data.pair, "half a fi", 9);
	conn_settle(&data);
	tlspair_end(&data.pair);
	ck_assert_int_eq(download(&data, text, sizeof(text)),
	    STARTTLS_E_TRUNCATED);
	ck_assert_str_eq(text, "half a fi");
	conn_done(&data);
	/* an upload whose end the server does not confirm, as well */
	ck_assert_int_eq(conn_run(&data, &spec), 0);
	ck_assert_int_eq(starttls_session_write(data.session, "abc", 3), 3);
	ck_assert_int_eq(starttls_session_close(data.session),
	    STARTTLS_WANT_READ);
	tlspair_end(&data.pair);
	ck_assert_int_eq(starttls_session_close(data.session),
	    STARTTLS_E_TRUNCATED);
	conn_done(&data);
	conn_done(&control);
	starttls_policy_unref(spec.policy);
}
END_TEST

START_TEST(test_data_without_a_cache)
{
	struct tlspair_server server = { .chain = chain, .n = 1,
	    .priority = priorities[_i], .ticket_key = &ticket_key };
	struct conn_spec spec = { .policy = test_policy(anchors, 1),
	    .protocol = "ftp", .from = STARTTLS_GREETING,
	    .server = &server };
	struct conn control, data;

	ck_assert_int_eq(starttls_policy_set_resumption(spec.policy, 0, NULL),
	    0);
	begin_control(&control, &spec);
	spec.control = control.session;
	ck_assert_int_eq(conn_run(&data, &spec), 0);
	ck_assert(!is_resumed(&data));
	conn_done(&data);
	conn_done(&control);
	starttls_policy_unref(spec.policy);
}
END_TEST

START_TEST(test_data_outlives_its_control_session)
{
	struct tlspair_server server = { .chain = chain, .n = 1,
	    .priority = priorities[_i], .ticket_key = &ticket_key };
	struct conn_spec spec = { .policy = test_policy(anchors, 1),
	    .protocol = "ftp", .from = STARTTLS_GREETING,
	    .server = &server };
	struct conn control, data;

	begin_control(&control, &spec);
	spec.control = control.session;
	ck_assert_int_eq(conn_begin(&data, &spec), 0);
	conn_done(&control);
	ck_assert_int_eq(conn_handshake(&data), 0);
	ck_assert_int_eq(conn_echo(&data, "x", 1), 0);
	ck_assert_int_eq(conn_close(&data), 0);
	conn_done(&data);
	starttls_policy_unref(spec.policy);
}
END_TEST

START_TEST(test_data_refuses_misuse)
{
	struct tlspair_server server = { .chain = chain, .n = 1 };
	struct conn_spec spec = { .policy = test_policy(anchors, 1),
	    .protocol = "imap", .server = &server };
	struct starttls_options options = STARTTLS_OPTIONS_INIT;
	struct starttls_upgrade *u = NULL;
	struct starttls_error error;
	struct conn control, data;

	options.recv = tlspair_client_recv;
	options.send = tlspair_client_send;
	ck_assert_int_eq(starttls_upgrade_data(&u, NULL, -1, &options,
	    &error), STARTTLS_E_INVALID);
	ck_assert(is_plain_line(error.message));
	ck_assert_int_eq(conn_run(&control, &spec), 0);
	ck_assert_int_eq(starttls_upgrade_data(&u, control.session, -1,
	    &options, &error), STARTTLS_E_INVALID);
	conn_done(&control);
	spec.protocol = "ftp";
	ck_assert_int_eq(conn_run(&control, &spec), 0);
	ck_assert_int_eq(starttls_upgrade_data(NULL, control.session, -1,
	    &options, &error), STARTTLS_E_INVALID);
	options.size--;
	ck_assert_int_eq(starttls_upgrade_data(&u, control.session, -1,
	    &options, &error), STARTTLS_E_INVALID);
	spec.control = control.session;
	ck_assert_int_eq(conn_run(&data, &spec), 0);
	options.size++;
	ck_assert_int_eq(starttls_upgrade_data(&u, data.session, -1, &options,
	    &error), STARTTLS_E_INVALID);
	conn_done(&data);
	tlspair_break(&control.pair, ECONNRESET);
	ck_assert_int_eq(starttls_session_read(control.session, &error, 1),
	    STARTTLS_E_IO);
	ck_assert_int_eq(starttls_upgrade_data(&u, control.session, -1,
	    &options, &error), STARTTLS_E_STATE);
	ck_assert_ptr_null(u);
	conn_done(&control);
	starttls_policy_unref(spec.policy);
}
END_TEST

static Suite *
data_suite(void)
{
	Suite *s = suite_create("data");
	TCase *tc = tcase_create("data");

	tcase_add_unchecked_fixture(tc, mint_all, free_all);
	tcase_add_checked_fixture(tc, mint_set_clock, NULL);
	tcase_add_loop_test(tc, test_data_resumes_its_control_session, 0,
	    10 * VERSIONS);
	tcase_add_test(tc, test_data_uses_each_ticket_once_but_the_last);
	tcase_add_loop_test(tc, test_data_leaves_tickets_that_it_did_not_use,
	    0, VERSIONS);
	tcase_add_loop_test(tc, test_data_takes_no_other_certificate, 0,
	    VERSIONS);
	tcase_add_loop_test(tc, test_data_of_a_resumed_control_session, 0,
	    VERSIONS);
	tcase_add_loop_test(tc, test_data_wants_a_certificate_to_compare_with,
	    0, VERSIONS);
	tcase_add_loop_test(tc, test_data_cut_off_is_an_error, 0, VERSIONS);
	tcase_add_loop_test(tc, test_data_without_a_cache, 0, VERSIONS);
	tcase_add_loop_test(tc, test_data_outlives_its_control_session, 0,
	    VERSIONS);
	tcase_add_test(tc, test_data_refuses_misuse);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return run_suite(data_suite());
}
