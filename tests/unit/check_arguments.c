/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Structures that know their size, and outputs: of a structure with another
 * size nothing else is looked at, as there may be nothing behind the size;
 * and a function that fails leaves its outputs alone.
 */

#include "config.h"

#include <sys/mman.h>
#include <unistd.h>

#include "harness.h"

#define UNTOUCHED 0xa5

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

/* A structure that is nothing but its size: what follows is not there. */
static void *
only_size(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *memory = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t *size;

	ck_assert_ptr_ne(memory, MAP_FAILED);
	ck_assert_int_eq(mprotect(memory + page, page, PROT_NONE), 0);
	size = (size_t *)(void *)(memory + page - sizeof(*size));
	*size = sizeof(*size);
	return size;
}

static void
must_blame_size(int rc, const struct starttls_error *error)
{
	ck_assert_int_eq(rc, STARTTLS_E_INVALID);
	ck_assert_int_eq(error->code, STARTTLS_E_INVALID);
	ck_assert_msg(strstr(error->message, "size") != NULL, "%s",
	    error->message);
	memset((void *)(uintptr_t)error, 0, sizeof(*error));
}

static void
begin(struct conn *c, struct conn_spec *spec)
{
	*spec = (struct conn_spec){ .policy = test_policy(anchors, 1),
	    .protocol = "ftp", .server = &server };
	ck_assert_msg(conn_run(c, spec) == 0, "%s", c->error.message);
}

START_TEST(test_size_comes_first)
{
	const struct starttls_protocol *imap = starttls_protocol_find("imap");
	struct starttls_upgrade *upgrade = NULL;
	struct starttls_session *session = NULL;
	struct starttls_url url = { .size = sizeof(url) };
	struct starttls_error e;
	struct conn_spec spec;
	struct conn c;
	void *other = only_size();

	begin(&c, &spec);
	must_blame_size(starttls_upgrade_new(&upgrade, spec.policy, imap,
	    STARTTLS_GREETING, PEER, 0, other, &e), &e);
	must_blame_size(starttls_upgrade_dial(&upgrade, spec.policy,
	    "imap://" PEER, 0, other, &e), &e);
	must_blame_size(starttls_upgrade_data(&upgrade, c.session, 0, other,
	    &e), &e);
	must_blame_size(starttls_open(&session, spec.policy, "imap://" PEER,
	    0, other, &e), &e);
	must_blame_size(starttls_url_parse("imap://" PEER, other, &e), &e);
	must_blame_size(starttls_url_check(spec.policy, other, NULL, &e),
	    &e);
	ck_assert_int_eq(starttls_url_parse("imap://" PEER, &url, &e), 0);
	must_blame_size(starttls_url_check(spec.policy, &url, other, &e),
	    &e);
	ck_assert_int_eq(starttls_session_report(c.session, other),
	    STARTTLS_E_INVALID);
	ck_assert_int_eq(starttls_session_cert(c.session, 0, other),
	    STARTTLS_E_INVALID);
	ck_assert_ptr_null(upgrade);
	ck_assert_ptr_null(session);
	conn_done(&c);
	ck_assert_int_eq(conn_begin(&c, &spec), 0);
	ck_assert_int_eq(starttls_upgrade_report(c.upgrade, other),
	    STARTTLS_E_INVALID);
	ck_assert_int_eq(starttls_upgrade_cert(c.upgrade, 0, other),
	    STARTTLS_E_INVALID);
	conn_done(&c);
	starttls_policy_unref(spec.policy);
}
END_TEST

static bool
is_untouched(const void *output, size_t size)
{
	const unsigned char *bytes = output;

	while (size > 0 && bytes[size - 1] == UNTOUCHED)
		size--;
	return size == 0;
}

/* All of them at once; a size is an input. */
struct outputs {
	struct starttls_policy *policy;
	struct starttls_upgrade *upgrade;
	struct starttls_session *session;
	uint8_t *data;
	const uint8_t *der;
	size_t len;
	int fd;
	uint8_t bytes[64];
	struct starttls_url url;
	struct starttls_report report;
	struct starttls_cert cert;
	struct starttls_error error;
};

static void
set_outputs(struct outputs *o)
{
	memset(o, UNTOUCHED, sizeof(*o));
	o->url.size = sizeof(o->url);
	o->report.size = sizeof(o->report) - 1;
	o->cert.size = sizeof(o->cert);
}

static void
must_be_untouched(struct outputs *o)
{
	ck_assert_uint_eq(o->url.size, sizeof(o->url));
	ck_assert_uint_eq(o->report.size, sizeof(o->report) - 1);
	ck_assert_uint_eq(o->cert.size, sizeof(o->cert));
	memset(&o->url.size, UNTOUCHED, sizeof(size_t));
	memset(&o->report.size, UNTOUCHED, sizeof(size_t));
	memset(&o->cert.size, UNTOUCHED, sizeof(size_t));
	ck_assert(is_untouched(o, sizeof(*o)));
}

START_TEST(test_failure_leaves_outputs_alone)
{
	const struct starttls_protocol *imap = starttls_protocol_find("imap");
	struct starttls_policy *twin;
	struct outputs o;
	struct conn_spec spec;
	struct conn c;

	begin(&c, &spec);
	set_outputs(&o);
	ck_assert_int_lt(starttls_policy_new(&o.policy,
	    (enum starttls_role)77), 0);
	ck_assert_int_eq(starttls_policy_new(&twin, STARTTLS_SERVER), 0);
	ck_assert_int_lt(starttls_policy_export_sessions(twin, &o.data,
	    &o.len, NULL), 0);
	ck_assert_int_lt(starttls_url_parse("imap://" PEER ":1x", &o.url,
	    NULL), 0);
	ck_assert_int_lt(starttls_upgrade_new(&o.upgrade, spec.policy, imap,
	    STARTTLS_GREETING, PEER, -1, NULL, NULL), 0);
	ck_assert_int_lt(starttls_upgrade_dial(&o.upgrade, spec.policy,
	    "imaps://127.0.0.1:1", 5000, NULL, NULL), 0);
	ck_assert_int_lt(starttls_open(&o.session, spec.policy,
	    "imaps://127.0.0.1:1", 5000, NULL, NULL), 0);
	ck_assert_int_lt(starttls_dial("127.0.0.1", "1", STARTTLS_ANY, 5000,
	    &o.fd, NULL), 0);
	ck_assert_int_lt(starttls_upgrade_data(&o.upgrade, c.session, -1,
	    NULL, NULL), 0);
	ck_assert_int_lt(starttls_session_report(c.session, &o.report), 0);
	ck_assert_int_lt(starttls_session_cert(c.session, 9, &o.cert), 0);
	ck_assert_int_lt(starttls_session_cert_der(c.session, 9, &o.der,
	    &o.len), 0);
	ck_assert_int_lt(starttls_session_channel_binding(c.session,
	    STARTTLS_TLS_EXPORTER, o.bytes, 31, &o.len), 0);
	ck_assert_int_lt(starttls_session_channel_binding(c.session,
	    STARTTLS_TLS_SERVER_END_POINT, o.bytes, 31, &o.len), 0);
	ck_assert_int_lt(starttls_session_channel_binding(c.session,
	    (enum starttls_binding)77, o.bytes, 64, &o.len), 0);
	ck_assert_int_eq(starttls_session_error(c.session, &o.error), 0);
	conn_done(&c);
	ck_assert_int_eq(conn_begin(&c, &spec), 0);
	ck_assert_int_lt(starttls_upgrade_report(c.upgrade, &o.report), 0);
	ck_assert_int_lt(starttls_upgrade_cert(c.upgrade, 0, &o.cert), 0);
	ck_assert_int_lt(starttls_upgrade_cert_der(c.upgrade, 0, &o.der,
	    &o.len), 0);
	must_be_untouched(&o);
	conn_done(&c);
	starttls_policy_unref(spec.policy);
	starttls_policy_unref(twin);
}
END_TEST

/* Of four or sixteen octets, or it is none: what is missing is not read. */
START_TEST(test_address_of_another_length_is_not_shown)
{
	uint8_t san[40] = { 0x30, (uint8_t)(2 + _i), 0x87, (uint8_t)_i };
	struct mint_cert odd;
	const struct mint_cert *odd_chain[] = { &odd };
	struct starttls_cert cert = { .size = sizeof(cert) };
	struct tlspair_server odd_server = { .chain = odd_chain, .n = 1 };
	struct conn_spec spec = { .policy = test_policy(anchors, 1),
	    .server = &odd_server };
	struct conn c;

	memset(san + 4, 1, (size_t)_i);
	mint(&odd, &(struct mint_spec){ .cn = "odd", .raw_san = san,
	    .raw_san_len = (size_t)_i + 4 }, &root);
	ck_assert_int_lt(conn_run(&c, &spec), 0);
	ck_assert_int_eq(starttls_upgrade_cert(c.upgrade, 0, &cert), 0);
	ck_assert_str_eq(cert.names, _i == 4 ? "IP:1.1.1.1" :
	    _i == 16 ? "IP:101:101:101:101:101:101:101:101" : "...");
	conn_done(&c);
	starttls_policy_unref(spec.policy);
	mint_free(&odd);
}
END_TEST

static Suite *
arguments_suite(void)
{
	Suite *s = suite_create("arguments");
	TCase *tc = tcase_create("arguments");

	tcase_add_unchecked_fixture(tc, mint_all, free_all);
	tcase_add_checked_fixture(tc, mint_set_clock, NULL);
	tcase_add_test(tc, test_size_comes_first);
	tcase_add_test(tc, test_failure_leaves_outputs_alone);
	tcase_add_loop_test(tc, test_address_of_another_length_is_not_shown,
	    1, 34);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return run_suite(arguments_suite());
}
