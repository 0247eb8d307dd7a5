/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* Which TLSA records can be used, and how many. */

#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <string.h>

#include "dane.h"

static const struct {
	const char *name;
	struct starttls_tlsa record;
	const char *says;
} unusable[] = {
	{ "usage 4", { 4, 1, 1, "01234567890123456789012345678901", 32 },
	  "usage 4" },
	{ "private usage", { 255, 0, 1, "01234567890123456789012345678901",
		32 }, "usage 255" },
	{ "selector 2", { 3, 2, 1, "01234567890123456789012345678901", 32 },
	  "selector 2" },
	{ "matching type 3", { 3, 1, 3, "01234567890123456789012345678901",
		32 }, "matching type 3" },
	{ "SHA-256 too short", { 3, 1, 1, "0123456789012345678901234567890",
		31 }, "31 bytes are no SHA-256" },
	{ "SHA-256 too long", { 2, 1, 1, "012345678901234567890123456789012",
		33 }, "33 bytes are no SHA-256" },
	{ "hexadecimal", { 3, 1, 1, "0123456789012345678901234567890101234567"
		"890123456789012345678901", 64 }, "64 bytes are no SHA-256" },
	{ "SHA-512 of 32 bytes", { 3, 1, 2,
		"01234567890123456789012345678901", 32 },
	  "32 bytes are no SHA-512" },
	{ "nothing", { 3, 1, 1, "", 0 }, "0 bytes" },
	{ "no whole certificate", { 3, 0, 0, "\x30\x03\x02\x01\x00", 5 },
	  "no certificate" },
	{ "no whole key", { 1, 1, 0, "\x30\x03\x02\x01\x00", 5 }, "no key" },
	{ "nothing at all", { 0, 0, 0, "", 0 }, "no certificate" },
	{ "key of an authority, algorithm unreadable", { 2, 1, 0,
		"\x30\x05\x30\x00\x03\x01\x00", 7 }, "key" },
	{ "certificate of an authority, and nothing in it", { 2, 0, 0,
		"\x30\x19\x30\x17\x02\x01\x01\x30\x00\x30\x00\x30\x00\x30\x00"
		"\x30\x0a\x30\x06\x06\x01\x2a\x05\x01\x00\x03\x00", 27 },
	  "malformed" },
};

START_TEST(test_tlsa_unusable)
{
	struct starttls_options o = STARTTLS_OPTIONS_INIT;
	struct starttls_policy *policy = policy_of(ROOT);
	struct starttls_url url = { .size = sizeof(url) };
	struct starttls_error error;
	struct starttls_upgrade *u = NULL;

	o.tlsa = &unusable[_i].record;
	o.tlsa_count = 1;
	o.recv = tlspair_client_recv;
	o.send = tlspair_client_send;
	ck_assert_int_eq(starttls_upgrade_new(&u, policy,
	    starttls_protocol_find("imap"), STARTTLS_GREETING, PEER, -1, &o,
	    &error), STARTTLS_E_TLSA_UNUSABLE);
	ck_assert_ptr_null(u);
	ck_assert_str_eq(starttls_code_name(error.code), "tlsa-unusable");
	ck_assert_int_eq(error.error_class, STARTTLS_CLASS_VERIFY);
	ck_assert_msg(strstr(error.message, unusable[_i].says) != NULL &&
	    is_plain_line(error.message), "%s: %s", unusable[_i].name,
	    error.message);
	/* nobody is connected to for that */
	ck_assert_int_eq(starttls_url_parse("imap://" PEER, &url, NULL), 0);
	o.recv = NULL;
	o.send = NULL;
	ck_assert_int_eq(starttls_url_check(policy, &url, &o, &error),
	    STARTTLS_E_TLSA_UNUSABLE);
	ck_assert_int_eq(starttls_upgrade_dial(&u, policy,
	    "imap://no-such-host.invalid", 1000, &o, &error),
	    STARTTLS_E_TLSA_UNUSABLE);
	starttls_policy_unref(policy);
}
END_TEST

/* A number of keys that only a computer of tomorrow could use. */
START_TEST(test_tlsa_unusable_for_its_size)
{
	struct starttls_options o = STARTTLS_OPTIONS_INIT;
	struct starttls_policy *policy = policy_of(ROOT);
	struct records records = { .count = 0 };
	struct starttls_upgrade *u = NULL;
	struct starttls_error error;
	struct mint_cert huge;

	mint(&huge, &(struct mint_spec){ .cn = "huge", .is_ca = true,
	    .rsa_bits = 16400 }, &cast[ROOT]);
	cast[NOBODY] = huge;
	o.recv = tlspair_client_recv;
	o.send = tlspair_client_send;
	records.list[0] = (struct starttls_tlsa){ DANE_TA, 0, 0,
		records.data[0], 0 };
	records.list[0].data_len = MAX_DATA;
	ck_assert_int_ge(gnutls_x509_crt_export(huge.crt, GNUTLS_X509_FMT_DER,
	    records.data[0], &records.list[0].data_len), 0);
	o.tlsa = records.list;
	o.tlsa_count = 1;
	ck_assert_int_eq(starttls_upgrade_new(&u, policy,
	    starttls_protocol_find("imap"), STARTTLS_HANDSHAKE, PEER, -1, &o,
	    &error), STARTTLS_E_TLSA_UNUSABLE);
	ck_assert_msg(strstr(error.message, "16400 bits") != NULL, "%s",
	    error.message);
	memset(&cast[NOBODY], 0, sizeof(cast[NOBODY]));
	mint_free(&huge);
	starttls_policy_unref(policy);
}
END_TEST

START_TEST(test_tlsa_is_bounded)
{
	static uint8_t much[STARTTLS_MAX_TLSA_LEN + 1];
	struct starttls_tlsa list[STARTTLS_MAX_TLSA + 1] = {
		{ 3, 0, 0, much, sizeof(much) } };
	struct starttls_options o = STARTTLS_OPTIONS_INIT;
	size_t i;

	o.recv = tlspair_client_recv;
	o.send = tlspair_client_send;
	o.tlsa_count = 1;
	expect_invalid(&o, "without a pointer");
	o.tlsa = list;
	expect_invalid(&o, "more than 65535 bytes");
	list[0].data_len = 60000;
	list[1] = list[0];
	o.tlsa_count = 2;
	expect_invalid(&o, "more than 65535 bytes");
	list[1].data_len = SIZE_MAX;
	expect_invalid(&o, "more than 65535 bytes");
	list[1] = (struct starttls_tlsa){ 3, 1, 1, NULL, 32 };
	expect_invalid(&o, "without data");
	for (i = 0; i < ARRAY_LEN(list); i++)
		list[i] = (struct starttls_tlsa){ 3, 1, 1, much, 32 };
	o.tlsa_count = ARRAY_LEN(list);
	expect_invalid(&o, "more than 64");
}
END_TEST

START_TEST(test_tlsa_as_many_as_may_be)
{
	static uint8_t data[STARTTLS_MAX_TLSA][64];
	struct starttls_tlsa list[STARTTLS_MAX_TLSA];
	const struct mint_cert *chain[] = { &cast[GOOD], &cast[INTER] };
	struct tlspair_server server = { .chain = chain, .n = 2 };
	struct starttls_policy *policy = policy_of(OTHER_ROOT);
	struct conn_spec spec = { .policy = policy, .server = &server,
	    .tlsa = list, .tlsa_count = ARRAY_LEN(list) };
	struct records records = { .count = 0 };
	struct conn c;
	size_t i;

	for (i = 0; i < ARRAY_LEN(list); i++)
		list[i] = (struct starttls_tlsa){ (uint8_t)(i % USAGES),
			(uint8_t)(i % 2), 2, data[i], 64 };
	ck_assert_int_eq(conn_run(&c, &spec), STARTTLS_E_UNTRUSTED);
	conn_done(&c);
	add_record(&records, &(struct record_spec)R(DANE_EE, 1, 2, GOOD));
	list[STARTTLS_MAX_TLSA - 1] = records.list[0];
	ck_assert_int_eq(conn_run(&c, &spec), 0);
	/* what they were made of need not stay */
	conn_done(&c);
	starttls_policy_unref(policy);
}
END_TEST

/* A count of 0 is no demand, whatever the pointer is. */
START_TEST(test_tlsa_none)
{
	struct starttls_tlsa none = { 9, 9, 9, NULL, 0 };
	const struct mint_cert *chain[] = { &cast[GOOD], &cast[INTER] };
	struct tlspair_server server = { .chain = chain, .n = 2 };
	struct starttls_policy *policy = policy_of(ROOT);
	struct conn_spec spec = { .policy = policy, .server = &server,
	    .tlsa = &none };
	struct conn c;

	ck_assert_int_eq(conn_run(&c, &spec), 0);
	ck_assert_int_eq(report_of(&c).verified_by, STARTTLS_BY_ANCHOR);
	conn_done(&c);
	starttls_policy_unref(policy);
}
END_TEST

START_TEST(test_tlsa_is_not_for_servers)
{
	struct records records = { .count = 0 };
	const char *const name = DOMAIN;
	struct starttls_options o = STARTTLS_OPTIONS_INIT;
	struct starttls_policy *policy;
	struct starttls_upgrade *u = NULL;
	struct starttls_error error;

	ck_assert_int_eq(starttls_policy_new(&policy, STARTTLS_SERVER), 0);
	o.recv = tlspair_client_recv;
	o.send = tlspair_client_send;
	add_record(&records, &(struct record_spec)R(DANE_EE, 1, 1, GOOD));
	o.tlsa = records.list;
	o.tlsa_count = 1;
	ck_assert_int_eq(starttls_upgrade_new(&u, policy,
	    starttls_protocol_find("imap"), STARTTLS_GREETING, NULL, -1, &o,
	    &error), STARTTLS_E_INVALID);
	ck_assert_ptr_nonnull(strstr(error.message, "for a client"));
	o.tlsa_count = 0;
	o.names = &name;
	o.name_count = 1;
	ck_assert_int_eq(starttls_upgrade_new(&u, policy,
	    starttls_protocol_find("imap"), STARTTLS_GREETING, NULL, -1, &o,
	    &error), STARTTLS_E_INVALID);
	starttls_policy_unref(policy);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("tlsa_options");
	TCase *options = dane_case(suite, "options");

	tcase_add_loop_test(options, test_tlsa_unusable, 0,
	    (int)ARRAY_LEN(unusable));
	tcase_add_test(options, test_tlsa_unusable_for_its_size);
	tcase_add_test(options, test_tlsa_is_bounded);
	tcase_add_test(options, test_tlsa_as_many_as_may_be);
	tcase_add_test(options, test_tlsa_none);
	tcase_add_test(options, test_tlsa_is_not_for_servers);
	return run_suite(suite);
}
