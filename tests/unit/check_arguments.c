/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Structures that know their size, and outputs: of a structure with another
 * size nothing else is looked at, as there may be nothing behind the size;
 * and a function that fails leaves its outputs alone, but for the error, which
 * it fills.
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
	    "imaps://127.0.0.1:0", 5000, NULL, NULL), 0);
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

/* Who fails fills the error, whatever was in it. */
#define FAILS(call) do { \
	memset(&e, UNTOUCHED, sizeof(e)); \
	rc = call; \
	ck_assert_msg(rc < 0 && rc == e.code && is_plain_line(e.message) && \
	    e.error_class == (int)starttls_code_class(rc), "%s: %d, %d", \
	    #call, rc, e.code); \
} while (0)

START_TEST(test_policy_failures_have_a_message)
{
	struct starttls_policy *p, *server_policy;
	struct starttls_error e;
	uint8_t *data;
	size_t len;
	int rc;

	ck_assert_int_eq(starttls_policy_new(&p, STARTTLS_CLIENT), 0);
	ck_assert_int_eq(starttls_policy_new(&server_policy,
	    STARTTLS_SERVER), 0);
	FAILS(starttls_policy_trust_file(p, NULL, &e));
	FAILS(starttls_policy_trust_file(p, "/nowhere", &e));
	FAILS(starttls_policy_trust_file(p, "/dev/null", &e));
	FAILS(starttls_policy_trust_dir(p, "/nowhere", &e));
	FAILS(starttls_policy_trust_dir(p, "/proc/self/fd", &e));
	FAILS(starttls_policy_trust_pem(p, "x", 1, &e));
	FAILS(starttls_policy_trust_pem(p, "", 0, &e));
	FAILS(starttls_policy_add_trust_file(p, "/nowhere", &e));
	FAILS(starttls_policy_pin(p, "sha256//", &e));
	FAILS(starttls_policy_crl_file(p, "/nowhere", &e));
	FAILS(starttls_policy_crl_file(p, "/dev/null", &e));
	FAILS(starttls_policy_require_ocsp(NULL, &e));
	FAILS(starttls_policy_require_ocsp(server_policy, &e));
	FAILS(starttls_policy_identity(p, "/nowhere", NULL, NULL, &e));
	FAILS(starttls_policy_identity(p, "/dev/null", NULL, NULL, &e));
	FAILS(starttls_policy_identity(p, "pkcs11:object=none", NULL, NULL,
	    &e));
	FAILS(starttls_policy_intermediates(p, "/dev/null", &e));
	FAILS(starttls_policy_client_cert(p, STARTTLS_CLIENT_CERT_REQUIRED,
	    &e));
	FAILS(starttls_policy_raise_min_version(p,
	    (enum starttls_tls_version)1, &e));
	FAILS(starttls_policy_restrict(p, "NORMAL", &e));
	FAILS(starttls_policy_restrict(p, "-NO-SUCH-THING", &e));
	FAILS(starttls_policy_restrict(p, "-VERS-ALL", &e));
	FAILS(starttls_policy_set_alpn(p, (enum starttls_alpn)77, &e));
	FAILS(starttls_policy_set_resumption(NULL, 1, &e));
	FAILS(starttls_policy_export_sessions(NULL, &data, &len, &e));
	FAILS(starttls_policy_export_sessions(server_policy, &data, &len,
	    &e));
	FAILS(starttls_policy_import_sessions(p, "x", 1, &e));
	FAILS(starttls_policy_import_sessions(p, NULL, 0, &e));
	starttls_policy_unref(p);
	starttls_policy_unref(server_policy);
}
END_TEST

START_TEST(test_failures_have_a_message)
{
	static const char *const clear[] = { "S: * BYE", NULL };
	const struct starttls_protocol *imap = starttls_protocol_find("imap");
	struct starttls_url url = { .size = sizeof(url) };
	struct starttls_upgrade *upgrade;
	struct starttls_session *session;
	struct starttls_error e;
	struct conn_spec spec;
	struct conn c;
	int rc, fd;

	begin(&c, &spec);
	FAILS(starttls_url_parse(NULL, &url, &e));
	FAILS(starttls_url_parse("imap", &url, &e));
	FAILS(starttls_url_check(NULL, &url, NULL, &e));
	FAILS(starttls_url_check(spec.policy, NULL, NULL, &e));
	FAILS(starttls_url_check(spec.policy, &url, NULL, &e));
	FAILS(starttls_upgrade_new(NULL, spec.policy, imap,
	    STARTTLS_GREETING, PEER, -1, NULL, &e));
	FAILS(starttls_upgrade_new(&upgrade, NULL, imap, STARTTLS_GREETING,
	    PEER, -1, NULL, &e));
	FAILS(starttls_upgrade_new(&upgrade, spec.policy, imap,
	    STARTTLS_GREETING, "", -1, NULL, &e));
	FAILS(starttls_upgrade_new(&upgrade, spec.policy, imap,
	    STARTTLS_GREETING, PEER, -1, NULL, &e));
	FAILS(starttls_upgrade_dial(NULL, spec.policy, "imap://" PEER, 0,
	    NULL, &e));
	FAILS(starttls_upgrade_dial(&upgrade, spec.policy, "imap", 0, NULL,
	    &e));
	FAILS(starttls_upgrade_dial(&upgrade, spec.policy, "imap://" PEER,
	    -2, NULL, &e));
	FAILS(starttls_upgrade_data(&upgrade, NULL, -1, NULL, &e));
	FAILS(starttls_upgrade_data(&upgrade, c.session, -1, NULL, &e));
	FAILS(starttls_upgrade_step(NULL, &e));
	FAILS(starttls_upgrade_run(NULL, 0, &e));
	FAILS(starttls_open(&session, spec.policy, "imap", 0, NULL, &e));
	FAILS(starttls_open(&session, spec.policy, "imaps://127.0.0.1:1",
	    5000, NULL, &e));
	FAILS(starttls_open(NULL, spec.policy, "imap://" PEER, 0, NULL, &e));
	FAILS(starttls_dial(NULL, "1", STARTTLS_ANY, 0, &fd, &e));
	FAILS(starttls_dial("127.0.0.1", "1", STARTTLS_ANY, 5000, &fd, &e));
	FAILS(starttls_dial("127.0.0.1", "no such port", STARTTLS_ANY, 5000,
	    &fd, &e));
	FAILS(starttls_session_check(NULL, &e));
	FAILS(starttls_session_error(NULL, &e));
	ck_assert_int_eq(conn_echo(&c, "x", 1), 0);
	FAILS(starttls_session_check(c.session, &e));
	conn_done(&c);
	spec.protocol = "imap";
	spec.from = STARTTLS_GREETING;
	spec.clear = clear;
	ck_assert_int_lt(conn_run(&c, &spec), 0);
	FAILS(starttls_upgrade_step(c.upgrade, &e));
	FAILS(starttls_upgrade_run(c.upgrade, 0, &e));
	conn_done(&c);
	starttls_policy_unref(spec.policy);
}
END_TEST

/* A session that has not failed says so, and is not silent. */
START_TEST(test_misuse_has_a_message)
{
	struct starttls_error e;
	struct conn_spec spec;
	struct conn c;

	begin(&c, &spec);
	ck_assert_int_eq(starttls_session_shutdown(c.session), 0);
	ck_assert_int_eq((int)starttls_session_write(c.session, "x", 1),
	    STARTTLS_E_STATE);
	memset(&e, UNTOUCHED, sizeof(e));
	ck_assert_int_eq(starttls_session_error(c.session, &e), 0);
	ck_assert_int_eq(e.code, 0);
	ck_assert_int_eq(e.alert, -1);
	ck_assert(is_plain_line(e.message));
	ck_assert_int_eq(starttls_session_error(c.session, NULL), 0);
	ck_assert_int_eq(starttls_session_error(NULL, NULL),
	    STARTTLS_E_INVALID);
	conn_done(&c);
	starttls_policy_unref(spec.policy);
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
	    _i == 16 ? "IP:101:101:101:101:101:101:101:101" : "IP:...");
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
	tcase_add_test(tc, test_policy_failures_have_a_message);
	tcase_add_test(tc, test_failures_have_a_message);
	tcase_add_test(tc, test_misuse_has_a_message);
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
