/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Further names, and that nothing that was verified by one set of records and
 * names serves another.
 */

#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "dane.h"

static const char *const priorities[VERSIONS] = { TLS12, TLS13 };

/*
 * Names
 */

static const struct {
	const char *name;
	enum who leaf;
	const char *names[3];
	const char *matched;       /* NULL: none */
	int code;
} name_rows[] = {
	{ "its own", GOOD, { DOMAIN }, PEER, 0 },
	{ "the first that there is", FOR_BOTH, { DOMAIN }, PEER, 0 },
	{ "a further one", MISNAMED, { DOMAIN, "www.example.org" },
	  "www.example.org", 0 },
	{ "of another case, with a dot", MISNAMED, { "WWW.Example.ORG." },
	  "www.example.org", 0 },
	{ "by a wildcard", FOR_STAR, { "mx." DOMAIN }, "mx." DOMAIN, 0 },
	{ "none of them", MISNAMED, { DOMAIN, "example.org" }, NULL,
	  STARTTLS_E_NAME_MISMATCH },
	{ "a part of one", FOR_BOTH, { "a." DOMAIN }, PEER, 0 },
	{ "service", FOR_SERVICE, { DOMAIN, "_imap." DOMAIN },
	  "_imap." DOMAIN, 0 },
	{ "another service", FOR_SERVICE, { "_pop3." DOMAIN }, NULL,
	  STARTTLS_E_NAME_MISMATCH },
	{ "a service is no host", FOR_SERVICE, { DOMAIN }, NULL,
	  STARTTLS_E_NAME_MISMATCH },
	{ "a wildcard is no service", FOR_STAR, { "_imap." DOMAIN }, NULL,
	  STARTTLS_E_NAME_MISMATCH },
	{ "common name", SELF_NAMED, { "self" }, PEER,
	  STARTTLS_E_SELF_SIGNED },
	{ "within the constraints", OUTSIDE, { DOMAIN }, DOMAIN, 0 },
};

START_TEST(test_names_of_which_any_will_do)
{
	const enum who leaf = name_rows[_i].leaf;
	const struct mint_cert *chain[] = { &cast[leaf],
		&cast[leaf == OUTSIDE ? NARROW : INTER] };
	struct tlspair_server server = { .chain = chain, .n = 2 };
	struct starttls_policy *policy = policy_of(ROOT);
	struct conn_spec spec = { .policy = policy, .server = &server,
	    .sent = chain, .sent_n = 2, .names = name_rows[_i].names };
	struct starttls_report report;
	char sni[64];
	size_t size = sizeof(sni);
	unsigned type;
	struct conn c;
	int rc;

	while (name_rows[_i].names[spec.name_count] != NULL)
		spec.name_count++;
	rc = conn_run(&c, &spec);
	ck_assert_msg(rc == name_rows[_i].code, "%s: %s", name_rows[_i].name,
	    c.error.message);
	/* who is asked for is the same, and so is who is told of */
	ck_assert_int_ge(gnutls_server_name_get(c.pair.server, sni, &size,
	    &type, 0), 0);
	ck_assert_str_eq(sni, PEER);
	report = report_of(&c);
	ck_assert_str_eq(report.host, PEER);
	ck_assert_str_eq(report.matched_name, rc == 0 ?
	    name_rows[_i].matched : "");
	conn_done(&c);
	starttls_policy_unref(policy);
}
END_TEST

/* DANE-TA wants a name, and takes a further one. */
START_TEST(test_names_with_records)
{
	const struct mint_cert *chain[] = { &cast[MISNAMED], &cast[INTER] };
	struct tlspair_server server = { .chain = chain, .n = 2 };
	struct starttls_policy *policy = policy_of(OTHER_ROOT);
	const char *const names[] = { "www.example.org" };
	struct records records = { .count = 0 };
	struct conn_spec spec = { .policy = policy, .server = &server,
	    .tlsa = records.list, .tlsa_count = 1, .names = names };
	struct starttls_report report;
	struct conn c;

	add_record(&records, &(struct record_spec)R(DANE_TA, 1, 1, INTER));
	ck_assert_int_eq(conn_run(&c, &spec), STARTTLS_E_NAME_MISMATCH);
	conn_done(&c);
	spec.name_count = 1;
	ck_assert_int_eq(conn_run(&c, &spec), 0);
	report = report_of(&c);
	ck_assert_str_eq(report.matched_name, names[0]);
	ck_assert_int_eq(report.verified_by, STARTTLS_BY_TLSA);
	conn_done(&c);
	starttls_policy_unref(policy);
}
END_TEST

START_TEST(test_names_are_looked_at)
{
	static const char *const bad[] = { "", "a b", "-\n", "a..b", "1.2.3",
		"\xff", NULL };
	const char *names[STARTTLS_MAX_NAMES + 1];
	struct starttls_options o = STARTTLS_OPTIONS_INIT;
	size_t i;

	o.recv = tlspair_client_recv;
	o.send = tlspair_client_send;
	o.name_count = 1;
	expect_invalid(&o, "without a pointer");
	o.names = names;
	o.name_count = 2;
	names[0] = DOMAIN;
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		names[1] = bad[i];
		expect_invalid(&o, "further name 2");
	}
	for (i = 0; i < ARRAY_LEN(names); i++)
		names[i] = DOMAIN;
	o.name_count = ARRAY_LEN(names);
	expect_invalid(&o, "more than 16");
}
END_TEST

/*
 * Resumption
 */

struct rule {
	const struct records *records;
	const char *const *names;
	size_t name_count;
	enum starttls_verified_by by;
	const char *matched;
};

/* A conversation by a rule; whether it was resumed. */
static bool
go_on(struct starttls_policy *policy, const struct rule *rule,
      const char *priority)
{
	const struct mint_cert *chain[] = { &cast[FOR_BOTH], &cast[INTER] };
	struct tlspair_server server = { .chain = chain, .n = 2,
	    .priority = priority, .ticket_key = &ticket_key };
	struct conn_spec spec = { .policy = policy, .server = &server,
	    .tlsa = rule->records != NULL ? rule->records->list : NULL,
	    .tlsa_count = rule->records != NULL ? rule->records->count : 0,
	    .names = rule->names, .name_count = rule->name_count };
	struct starttls_report report;
	bool resumed;
	struct conn c;

	ck_assert_int_eq(conn_run(&c, &spec), 0);
	resumed = gnutls_session_is_resumed(c.pair.server) != 0;
	report = report_of(&c);
	ck_assert_int_eq(report.resumed, resumed);
	ck_assert_msg(report.verified_by == (int)rule->by, "resumed %d: %d",
	    resumed, report.verified_by);
	ck_assert_str_eq(report.matched_name, rule->matched);
	ck_assert_int_eq(conn_echo(&c, "hello", 5), 0);
	ck_assert_int_eq(conn_close(&c), 0);
	conn_done(&c);
	return resumed;
}

START_TEST(test_resume_serves_no_other_rule)
{
	static const char *const names[] = { "x." DOMAIN, DOMAIN };
	struct records leaf = { .count = 0 }, issuer = { .count = 0 },
	    both = { .count = 0 }, swapped = { .count = 0 };
	const struct rule rules[] = {
		{ NULL, NULL, 0, STARTTLS_BY_ANCHOR, PEER },
		{ &leaf, NULL, 0, STARTTLS_BY_TLSA, "" },
		{ &issuer, NULL, 0, STARTTLS_BY_TLSA, PEER },
		{ &both, NULL, 0, STARTTLS_BY_TLSA, "" },
		{ NULL, names, 1, STARTTLS_BY_ANCHOR, PEER },
		{ NULL, names, 2, STARTTLS_BY_ANCHOR, PEER },
		{ &leaf, names, 2, STARTTLS_BY_TLSA, "" },
	};
	const struct rule again = { &swapped, NULL, 0, STARTTLS_BY_TLSA, "" };
	struct starttls_policy *policy = policy_of(ROOT);
	size_t i;

	add_record(&leaf, &(struct record_spec)R(DANE_EE, 1, 1, FOR_BOTH));
	add_record(&issuer, &(struct record_spec)R(DANE_TA, 1, 1, INTER));
	add_record(&both, &(struct record_spec)R(DANE_EE, 1, 1, FOR_BOTH));
	add_record(&both, &(struct record_spec)R(DANE_TA, 1, 1, INTER));
	add_record(&swapped, &(struct record_spec)R(DANE_TA, 1, 1, INTER));
	add_record(&swapped, &(struct record_spec)R(DANE_EE, 1, 1,
	    FOR_BOTH));
	for (i = 0; i < ARRAY_LEN(rules); i++)
		ck_assert_msg(!go_on(policy, &rules[i], priorities[_i]),
		    "rule %zu took what was another's", i);
	for (i = 0; i < ARRAY_LEN(rules); i++)
		ck_assert_msg(go_on(policy, &rules[i], priorities[_i]),
		    "rule %zu did not go on", i);
	/* the DNS has no order */
	ck_assert(go_on(policy, &again, priorities[_i]));
	starttls_policy_unref(policy);
}
END_TEST

/* Dates do not count for DANE-EE, and so do not end a session either. */
START_TEST(test_resume_of_what_has_expired)
{
	const struct mint_cert *chain[] = { &cast[SELF] };
	struct tlspair_server server = { .chain = chain, .n = 1,
	    .priority = priorities[_i], .ticket_key = &ticket_key };
	struct records records = { .count = 0 };
	struct conn_spec spec = { .policy = policy_of(ROOT),
	    .server = &server, .tlsa = records.list, .tlsa_count = 1 };
	struct conn c;
	int i;

	add_record(&records, &(struct record_spec)R(DANE_EE, 1, 1, SELF));
	for (i = 0; i < 2; i++) {
		ck_assert_int_eq(conn_run(&c, &spec), 0);
		ck_assert_int_eq(report_of(&c).resumed, i);
		ck_assert_int_eq(conn_echo(&c, "hello", 5), 0);
		conn_done(&c);
	}
	starttls_policy_unref(spec.policy);
}
END_TEST

/* A data channel of FTP has the rule of its control session. */
START_TEST(test_data_channel_has_the_same_rule)
{
	const struct mint_cert *chain[] = { &cast[SELF] };
	gnutls_datum_t other_key;
	struct tlspair_server server = { .chain = chain, .n = 1,
	    .priority = priorities[_i], .ticket_key = &ticket_key };
	struct records records = { .count = 0 };
	struct conn_spec spec = { .policy = policy_of(ROOT),
	    .protocol = "ftp", .from = STARTTLS_GREETING,
	    .server = &server, .tlsa = records.list, .tlsa_count = 1 };
	struct conn_spec data_spec;
	struct conn control, data;

	add_record(&records, &(struct record_spec)R(DANE_EE, 1, 1, SELF));
	ck_assert_int_eq(conn_run(&control, &spec), 0);
	ck_assert_int_eq(conn_echo(&control, "hello", 5), 0);
	data_spec = spec;
	data_spec.control = control.session;
	ck_assert_int_eq(conn_run(&data, &data_spec), STARTTLS_E_INVALID);
	conn_done(&data);
	data_spec.tlsa_count = 0;
	ck_assert_int_eq(conn_run(&data, &data_spec), 0);
	ck_assert_int_eq(report_of(&data).resumed, 1);
	ck_assert_int_eq(report_of(&data).verified_by, STARTTLS_BY_TLSA);
	conn_done(&data);
	/* and verifies by it if the server does not resume */
	ck_assert_int_eq(gnutls_session_ticket_key_generate(&other_key), 0);
	server.ticket_key = &other_key;
	ck_assert_int_eq(conn_run(&data, &data_spec), 0);
	ck_assert_int_eq(report_of(&data).resumed, 0);
	ck_assert_int_eq(report_of(&data).verified_by, STARTTLS_BY_TLSA);
	conn_done(&data);
	conn_done(&control);
	gnutls_free(other_key.data);
	starttls_policy_unref(spec.policy);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("tlsa_names");
	TCase *names = dane_case(suite, "names");
	TCase *resumption = dane_case(suite, "resumption");

	tcase_add_loop_test(names, test_names_of_which_any_will_do, 0,
	    (int)ARRAY_LEN(name_rows));
	tcase_add_test(names, test_names_with_records);
	tcase_add_test(names, test_names_are_looked_at);

	tcase_add_loop_test(resumption, test_resume_serves_no_other_rule, 0,
	    VERSIONS);
	tcase_add_loop_test(resumption, test_resume_of_what_has_expired, 0,
	    VERSIONS);
	tcase_add_loop_test(resumption, test_data_channel_has_the_same_rule,
	    0, VERSIONS);
	return run_suite(suite);
}
