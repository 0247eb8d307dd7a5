/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * The library against real servers: every protocol, both ways to TLS, TLS 1.2
 * and 1.3, once from a URL and once over a descriptor of the application, and
 * one real piece of work inside.  tests/real/library.test starts the servers
 * and says in the environment where they are.
 */

#include "config.h"

#include <check.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "starttls.h"

#define TIMEOUT_MS 20000
#define MAX_DIALOG 10

/* In which versions a server resumes: both, TLS 1.2 only. */
#define NONE 0u
#define OLD 1u
#define BOTH 3u
#define WITH_LUCK 4u

/* What is said inside TLS, and how the reply must start. */
struct turn {
	const char *say;           /* NULL: listen only */
	const char *hear;
};

struct row {
	const char *scheme;
	const char *port_variable;
	int round_trips;
	unsigned resumes;
	struct turn dialog[MAX_DIALOG];
};

#define MAIL \
	{ "EHLO client.example.test\r\n", "250" }, \
	{ "MAIL FROM:<tester@example.test>\r\n", "250" }, \
	{ "RCPT TO:<tester@example.test>\r\n", "250" }, \
	{ "DATA\r\n", "354" }, \
	{ "Subject: test\r\n\r\nHello.\r\n.\r\n", "250" }, \
	{ "QUIT\r\n", "221" }
#define DELIVERY \
	{ "LHLO client.example.test\r\n", "250" }, \
	{ "QUIT\r\n", "221" }
#define SUBMIT \
	{ "EHLO client.example.test\r\n", "250" }, \
	{ "MAIL FROM:<tester@example.test>\r\n", "530" }, \
	{ "QUIT\r\n", "221" }
#define MAILBOX \
	{ "a LOGIN tester s3cret-pass\r\n", "a OK" }, \
	{ "b SELECT INBOX\r\n", "b OK" }, \
	{ "c LOGOUT\r\n", "c OK" }
#define MAILDROP \
	{ "USER tester\r\n", "+OK" }, \
	{ "PASS s3cret-pass\r\n", "+OK" }, \
	{ "QUIT\r\n", "+OK" }
#define FILES \
	{ "USER anonymous\r\n", "331" }, \
	{ "PASS s3cret-pass\r\n", "230" }, \
	{ "PBSZ 0\r\n", "200" }, \
	{ "PROT P\r\n", "200" }, \
	{ "PWD\r\n", "257" }, \
	{ "QUIT\r\n", "221" }
#define NEWSGROUP \
	{ "AUTHINFO USER tester\r\n", "381" }, \
	{ "AUTHINFO PASS s3cret-pass\r\n", "281" }, \
	{ "GROUP local.test\r\n", "211" }, \
	{ "QUIT\r\n", "205" }

#define CHAT \
	{ "CAP LS 302\r\n", ":irc.example.test CAP" }, \
	{ "QUIT :bye\r\n", "ERROR" }
#define DEVICES \
	{ "VER\n", "Network" }, \
	{ "LIST UPS\n", "END LIST UPS" }, \
	{ "LOGOUT\n", "OK" }
#define NOTHING { NULL, NULL }
#define PAGE \
	{ "HEAD / HTTP/1.0\r\n\r\n", "HTTP/1.1 200" }

static const struct row rows[] = {
	{ "imap", "REAL_IMAP", 4, BOTH, { MAILBOX } },
	{ "imaps", "REAL_IMAPS", 2, BOTH, { { NULL, "* OK" }, MAILBOX } },
	{ "submission", "REAL_SUBMISSION", 5, BOTH, { SUBMIT } },
	{ "submissions", "REAL_SUBMISSIONS", 2, BOTH,
	  { { NULL, "220" }, SUBMIT } },
	{ "pop3", "REAL_POP3", 4, BOTH, { MAILDROP } },
	{ "pop3s", "REAL_POP3S", 2, BOTH, { { NULL, "+OK" }, MAILDROP } },
	/* each process has ticket keys of its own, and one client at a time */
	{ "lmtp", "REAL_LMTP", 5, WITH_LUCK, { DELIVERY } },
	{ "lmtps", "REAL_LMTPS", 2, WITH_LUCK,
	  { { NULL, "220" }, DELIVERY } },
	/* and no sieves, the same service: Pigeonhole forgets now and then what
	   comes right behind its greeting there, whoever says it */
	{ "sieve", "REAL_SIEVE", 4, BOTH,
	  { { NULL, "OK" }, { "LOGOUT\r\n", "OK" } } },
	{ "smtp", "REAL_SMTP", 5, BOTH, { MAIL } },
	{ "smtps", "REAL_SMTPS", 2, BOTH, { { NULL, "220" }, MAIL } },
	{ "ftp", "REAL_FTP", 4, BOTH, { FILES } },
	{ "ftps", "REAL_FTPS", 2, BOTH, { { NULL, "220" }, FILES } },
	/* nnrpd makes a new ticket key in every process */
	{ "nntp", "REAL_NNTP", 4, NONE, { NEWSGROUP } },
	{ "nntps", "REAL_NNTPS", 2, NONE, { { NULL, "20" }, NEWSGROUP } },
	/*
	 * Prosody's LuaSec has OpenSSL's cache off, and no tickets: in TLS 1.3
	 * there are some, but they are names of what is in that cache.
	 */
	{ "xmpp", "REAL_XMPP", 4, NONE, { NOTHING } },
	{ "xmpps", "REAL_XMPPS", 2, NONE, { NOTHING } },
	{ "xmpp-server", "REAL_XMPP_SERVER", 4, NONE, { NOTHING } },
	{ "xmpps-server", "REAL_XMPPS_SERVER", 2, NONE, { NOTHING } },
	/* these have GnuTLS, and enable neither tickets nor a cache */
	{ "nbd", "REAL_NBD", 4, NONE, { NOTHING } },
	{ "irc", "REAL_IRC", 3, NONE, { CHAT } },
	{ "ircs", "REAL_IRCS", 2, NONE, { CHAT } },
	{ "ircs", "REAL_NGIRCS", 2, NONE, { CHAT } },
	/* nor does slapd; what resumes is OpenSSL in its place */
	{ "ldap", "REAL_LDAP", 3, NONE, { NOTHING } },
	{ "ldaps", "REAL_LDAPS", 2, NONE, { NOTHING } },
	{ "ldap", "REAL_LDAP_OPENSSL", 3, BOTH, { NOTHING } },
	{ "ldaps", "REAL_LDAPS_OPENSSL", 2, BOTH, { NOTHING } },
	/* PostgreSQL has both off on purpose: a session does not outlive its
	   process */
	{ "postgres", "REAL_POSTGRES", 3, NONE, { NOTHING } },
	{ "postgress", "REAL_POSTGRESS", 2, NONE, { NOTHING } },
	{ "mysql", "REAL_MYSQL", 3, BOTH, { NOTHING } },
	/* NSS has a cache here, but in TLS 1.3 it takes tickets, which are off */
	{ "nut", "REAL_NUT", 3, OLD, { DEVICES } },
	{ "https", "REAL_HTTPS", 2, BOTH, { PAGE } },
	{ "tls", "REAL_HTTPS", 2, BOTH, { PAGE } },
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

/* Those whose servers run. */
static const struct row *here[ROWS];
static int count;

static struct starttls_policy *
make_policy(bool tls13)
{
	struct starttls_policy *policy;

	ck_assert_int_eq(starttls_policy_new(&policy, STARTTLS_CLIENT), 0);
	ck_assert_int_eq(starttls_policy_trust_file(policy,
	    getenv("REAL_CA"), NULL), 0);
	if (tls13)
		ck_assert_int_eq(starttls_policy_raise_min_version(policy,
		    STARTTLS_TLS1_3, NULL), 0);
	else
		ck_assert_int_eq(starttls_policy_restrict(policy,
		    "-VERS-TLS1.3", NULL), 0);
	return policy;
}

/* Read until a line starts with what is wanted, as its last reply line. */
static void
hear(struct starttls_session *s, const char *wanted, const char *scheme)
{
	char text[8192] = "\n", mark[64];
	size_t len = 1;

	/* a three-digit reply ends with "code blank", not with "code-" */
	snprintf(mark, sizeof(mark), "\n%s%s", wanted,
	    strlen(wanted) == 3 && wanted[0] != '+' ? " " : "");
	while (strstr(text, mark) == NULL || text[len - 1] != '\n') {
		ssize_t n = starttls_session_read(s, text + len,
		    sizeof(text) - 1 - len);

		ck_assert_msg(n > 0, "%s: waiting for \"%s\", read %s after "
		    "%s", scheme, wanted, starttls_code_name((int)n), text);
		len += (size_t)n;
		text[len] = '\0';
	}
}

static void
work(struct starttls_session *s, const struct row *row)
{
	size_t i;

	for (i = 0; i < MAX_DIALOG && row->dialog[i].hear != NULL; i++) {
		const char *say = row->dialog[i].say;

		if (say != NULL)
			ck_assert_int_eq(starttls_session_write(s, say,
			    strlen(say)), (ssize_t)strlen(say));
		hear(s, row->dialog[i].hear, row->scheme);
	}
}

static void
check_report(struct starttls_session *s, const struct row *row, bool tls13)
{
	struct starttls_report report = { .size = sizeof(report) };
	struct starttls_cert cert = { .size = sizeof(cert) };

	ck_assert_int_eq(starttls_session_report(s, &report), 0);
	ck_assert_int_eq(report.verified, 1);
	ck_assert_str_eq(report.scheme, row->scheme);
	ck_assert_str_eq(report.version, tls13 ? "TLS1.3" : "TLS1.2");
	ck_assert_str_eq(report.host, "localhost");
	ck_assert_str_eq(report.address, "127.0.0.1");
	ck_assert_str_ne(report.cipher_suite, "");
	ck_assert_str_ne(report.group, "");
	ck_assert_str_ne(report.signature, "");
	ck_assert_int_eq(report.round_trips, row->round_trips);
	ck_assert_uint_ge(report.chain_len, 2);
	ck_assert_int_ge(report.handshake_us, 0);
	ck_assert_int_eq(starttls_session_cert(s, 0, &cert), 0);
	ck_assert_ptr_nonnull(strstr(cert.names, "DNS:localhost"));
}

static const struct row *
row_of(int i, bool *ret_tls13)
{
	*ret_tls13 = i >= count;
	return here[i % count];
}

START_TEST(test_real_from_a_url)
{
	struct starttls_session *s;
	struct starttls_policy *policy;
	struct starttls_error error;
	char url[64];
	bool tls13;
	const struct row *row = row_of(_i, &tls13);

	policy = make_policy(tls13);
	snprintf(url, sizeof(url), "%s://localhost:%s", row->scheme,
	    getenv(row->port_variable));
	ck_assert_msg(starttls_open(&s, policy, url, TIMEOUT_MS, NULL,
	    &error) == 0, "%s: %s", url, error.message);
	check_report(s, row, tls13);
	work(s, row);
	starttls_session_free(s);
	starttls_policy_unref(policy);
}
END_TEST

/* An application's own descriptor and its own poll(2). */
START_TEST(test_real_over_a_descriptor)
{
	struct starttls_options options = STARTTLS_OPTIONS_INIT;
	struct starttls_url url = { .size = sizeof(url) };
	struct starttls_upgrade *u;
	struct starttls_session *s;
	struct starttls_policy *policy;
	struct starttls_error error;
	char text[64];
	bool tls13;
	int fd, rc;
	const struct row *row = row_of(_i, &tls13);

	snprintf(text, sizeof(text), "%s://localhost:%s", row->scheme,
	    getenv(row->port_variable));
	ck_assert_int_eq(starttls_url_parse(text, &url, &error), 0);
	policy = make_policy(tls13);
	ck_assert_int_eq(starttls_dial("127.0.0.1",
	    getenv(row->port_variable), STARTTLS_IPV4, TIMEOUT_MS, &fd,
	    &error), 0);
	options.port = getenv(row->port_variable);
	ck_assert_int_eq(starttls_upgrade_new(&u, policy, url.protocol,
	    url.from, "localhost", fd, &options, &error), 0);
	while ((rc = starttls_upgrade_step(u, &error)) < 0) {
		struct pollfd one = { fd, rc == STARTTLS_WANT_WRITE ?
		    POLLOUT : POLLIN, 0 };

		ck_assert_msg(rc == STARTTLS_WANT_READ ||
		    rc == STARTTLS_WANT_WRITE, "%s: %s", row->scheme,
		    error.message);
		ck_assert_int_eq(poll(&one, 1, TIMEOUT_MS), 1);
	}
	s = starttls_upgrade_take(u);
	ck_assert_ptr_nonnull(s);
	check_report(s, row, tls13);
	ck_assert_int_eq(starttls_session_set_deadline(s, TIMEOUT_MS), 0);
	work(s, row);
	starttls_session_free(s);
	ck_assert_int_eq(close(fd), 0);
	starttls_policy_unref(policy);
}
END_TEST

/* One conversation with a server by this name; whether it was resumed. */
static bool
resumes(struct starttls_policy *policy, const struct row *row,
	const char *name)
{
	struct starttls_report report = { .size = sizeof(report) };
	struct starttls_options options = STARTTLS_OPTIONS_INIT;
	struct starttls_session *s;
	struct starttls_error error;
	char url[64];

	snprintf(url, sizeof(url), "%s://%s:%s", row->scheme, name,
	    getenv(row->port_variable));
	options.connect_host = "127.0.0.1";
	ck_assert_msg(starttls_open(&s, policy, url, TIMEOUT_MS, &options,
	    &error) == 0, "%s: %s", url, error.message);
	ck_assert_msg(starttls_session_check(s, &error) == 0, "%s: %s", url,
	    error.message);
	ck_assert_int_eq(starttls_session_report(s, &report), 0);
	ck_assert_int_eq(report.verified, 1);
	ck_assert_uint_ge(report.chain_len, 2);
	starttls_session_free(s);
	return report.resumed != 0;
}

/* The same again, which works whether or not it is resumed. */
static void
expect_again(struct starttls_policy *policy, const struct row *row,
	     bool tls13)
{
	bool resumed = resumes(policy, row, "localhost");
	bool wanted = row->resumes == BOTH || (row->resumes == OLD && !tls13);

	ck_assert_msg(resumed == wanted || row->resumes == WITH_LUCK,
	    "%s, %s: %s", row->scheme, row->port_variable, resumed ?
	    "resumed" : "not resumed");
}

/* A second connection with the same policy resumes the first. */
START_TEST(test_real_second_connection_resumes)
{
	struct starttls_policy *policy;
	bool tls13;
	const struct row *row = row_of(_i, &tls13);

	policy = make_policy(tls13);
	ck_assert(!resumes(policy, row, "localhost"));
	expect_again(policy, row, tls13);
	starttls_policy_unref(policy);
}
END_TEST

/* A later process goes on, with the same policy and the same name only. */
START_TEST(test_real_sessions_outlive_the_process)
{
	struct starttls_policy *first, *second, *other;
	struct starttls_error error;
	uint8_t *data;
	size_t len;
	bool tls13;
	const struct row *row = row_of(_i, &tls13);

	first = make_policy(tls13);
	second = make_policy(tls13);
	other = make_policy(!tls13);
	ck_assert(!resumes(first, row, "localhost"));
	ck_assert_int_eq(starttls_policy_export_sessions(first, &data, &len,
	    &error), 0);
	ck_assert_int_eq(starttls_policy_import_sessions(other, data, len,
	    &error), STARTTLS_E_POLICY);
	ck_assert_int_eq(starttls_policy_import_sessions(second, data, len,
	    &error), 0);
	free(data);
	ck_assert(!resumes(second, row, "mail.example.test"));
	expect_again(second, row, tls13);
	starttls_policy_unref(first);
	starttls_policy_unref(second);
	starttls_policy_unref(other);
}
END_TEST

/* What is not tested is said. */
static void
find_servers(void)
{
	size_t i;

	for (i = 0; i < ROWS; i++)
		if (getenv(rows[i].port_variable) != NULL)
			here[count++] = &rows[i];
		else
			printf("# %s: no %s\n", rows[i].scheme,
			    rows[i].port_variable);
	fflush(stdout);
}

int
main(void)
{
	Suite *suite = suite_create("real");
	TCase *tcase = tcase_create("servers");
	SRunner *runner;
	int failed;

	if (getenv("REAL_CA") == NULL) {
		fprintf(stderr, "check_real: run it by "
		    "tests/real/library.test\n");
		return EXIT_FAILURE;
	}
	find_servers();
	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, test_real_from_a_url, 0, 2 * count);
	tcase_add_loop_test(tcase, test_real_over_a_descriptor, 0, 2 * count);
	tcase_add_loop_test(tcase, test_real_second_connection_resumes, 0,
	    2 * count);
	tcase_add_loop_test(tcase, test_real_sessions_outlive_the_process, 0,
	    2 * count);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_set_tap(runner, "-");
	srunner_run_all(runner, CK_SILENT);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
