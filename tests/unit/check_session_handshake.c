/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * The handshake, as a session's two sides see it: damage, sizes, names, ALPN,
 * versions and algorithms.
 */

#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <stdlib.h>
#include <string.h>

#include "traits.h"
#include "usual.h"

#define STRIDE 11                  /* between damaged bytes */

/*
 * The handshake, seen from far: no damage to it goes unnoticed.
 */

/* What the server sends for an undisturbed handshake. */
static uint64_t
handshake_size(int version)
{
	uint64_t total;
	struct conn c;

	open_usual(&c, version);
	total = c.pair.to_client.total;
	conn_done(&c);
	return total - 10;         /* signatures vary by some bytes */
}

/* What the server has sent, before any damage. */
static struct {
	uint8_t data[65536];
	size_t len;
} sent_log;

static ssize_t
send_and_log(gnutls_transport_ptr_t ctx, const void *data, size_t len)
{
	ssize_t n = tlspair_server_send(ctx, data, len);

	if (n > 0 && (size_t)n <= sizeof(sent_log.data) - sent_log.len) {
		memcpy(sent_log.data + sent_log.len, data, (size_t)n);
		sent_log.len += (size_t)n;
	}
	return n;
}

static void
log_server(struct tlspair *pair)
{
	sent_log.len = 0;
	gnutls_transport_set_push_function(pair->server, send_and_log);
}

/*
 * Byte number @at is the type or the version of a record, or the content of a
 * ChangeCipherSpec: GnuTLS does not look at them where TLS needs them not.
 */
static bool
is_immaterial(uint64_t at)
{
	size_t header = 0, len = 0;

	for (; header + 5 <= sent_log.len; header += 5 + len) {
		len = (size_t)sent_log.data[header + 3] << 8 |
		    sent_log.data[header + 4];
		if (at <= header + 5 + len)
			return at <= header + 3 || (at == header + 6 &&
			    sent_log.data[header] == 20);
	}
	return false;
}

/* Run with one mishap; whatever comes of it, no data may go through. */
static void
expect_failure(int version, uint64_t flip_at, uint64_t cut_at)
{
	struct conn_spec spec = {
		.policy = test_policy(anchors, 1),
		.server = &servers[version],
		.seed = flip_at + cut_at,
		.prepare = log_server,
	};
	struct conn c;
	int rc;

	ck_assert_int_eq(conn_begin(&c, &spec), 0);
	c.pair.to_client.flip_at = flip_at;
	c.pair.to_client.cut_at = cut_at;
	rc = conn_handshake(&c);
	if (rc == 0)               /* a false start, or the server's own */
		rc = conn_echo(&c, "hello", 5);
	ck_assert_msg(rc != 0 || (flip_at > 0 && is_immaterial(flip_at)),
	    "flip %ju, cut %ju: it works",
	    (uintmax_t)flip_at, (uintmax_t)cut_at);
	ck_assert_msg(rc != HARNESS_OFF_SCRIPT, "flip %ju: other data",
	    (uintmax_t)flip_at);
	/* a length that grew makes us wait for more, rightly */
	ck_assert_msg(rc != HARNESS_STUCK || flip_at != 0, "cut %ju: stuck",
	    (uintmax_t)cut_at);
	conn_done(&c);
	starttls_policy_unref(spec.policy);
}

START_TEST(test_handshake_notices_every_cut)
{
	uint64_t total = handshake_size(_i), at;

	for (at = 1; at <= total; at += STRIDE)
		expect_failure(_i, 0, at);
}
END_TEST

START_TEST(test_handshake_notices_every_flip)
{
	uint64_t total = handshake_size(_i), at;

	for (at = 1; at <= total; at += STRIDE)
		expect_failure(_i, at, 0);
}
END_TEST

/* A leaf that is as large as one wants. */
static void
mint_large(struct mint_cert *ret, size_t size)
{
	uint8_t *filling = large_data(size);
	gnutls_datum_t der;

	mint(ret, &(struct mint_spec){ .cn = "large", .dns = { PEER } },
	    &root);
	ck_assert_int_eq(gnutls_x509_crt_set_extension_by_oid(ret->crt,
	    "1.3.6.1.4.1.32473.2", filling, size, 0), 0);
	ck_assert_int_eq(gnutls_x509_crt_sign2(ret->crt, root.crt, root.key,
	    GNUTLS_DIG_SHA256, 0), 0);
	ck_assert_int_eq(gnutls_x509_crt_export2(ret->crt,
	    GNUTLS_X509_FMT_DER, &der), 0);
	gnutls_x509_crt_deinit(ret->crt);
	gnutls_x509_crt_init(&ret->crt);
	ck_assert_int_eq(gnutls_x509_crt_import(ret->crt, &der,
	    GNUTLS_X509_FMT_DER), 0);
	gnutls_free(der.data);
	free(filling);
}

/* GnuTLS's own limit holds for what it sends, too. */
static void
allow_large(struct tlspair *pair)
{
	gnutls_handshake_set_max_packet_length(pair->server, 2 * LARGE);
}

static const struct size_row {
	size_t size;
	int code;
} size_rows[] = {
	{ 60000, 0 },
	{ 200000, STARTTLS_E_LIMIT },
	{ 300000, STARTTLS_E_LIMIT },
};

START_TEST(test_handshake_is_bounded)
{
	const struct size_row *row = &size_rows[_i / VERSIONS];
	struct mint_cert large;
	const struct mint_cert *sent[] = { &large };
	struct tlspair_server server = { .chain = sent, .n = 1,
	    .priority = priorities[_i % VERSIONS] };
	struct conn_spec spec = { .policy = test_policy(anchors, 1),
	    .server = &server, .prepare = allow_large };
	struct conn c;
	int rc;

	mint_large(&large, row->size);
	rc = conn_run(&c, &spec);
	ck_assert_msg(rc == row->code, "%zu bytes: %s: %s", row->size,
	    starttls_code_name(rc), c.error.message);
	conn_done(&c);
	starttls_policy_unref(spec.policy);
	mint_free(&large);
}
END_TEST

/* Every protocol, through a queue that cuts everything to pieces. */
START_TEST(test_handshake_follows_the_dialog)
{
	const struct starttls_protocol *p = NULL;
	int version = _i % VERSIONS, from, rc;
	struct conn_spec spec = {
		.policy = test_policy(anchors, 1),
		.server = &servers[version],
		.seed = (uint64_t)(_i / VERSIONS),
	};
	struct conn c;

	while ((p = starttls_protocol_next(p)) != NULL)
		for (from = STARTTLS_GREETING; from <= STARTTLS_HANDSHAKE;
		    from++) {
			spec.protocol = starttls_protocol_scheme(p,
			    STARTTLS_GREETING);
			spec.from = (enum starttls_stage)from;
			if (from == STARTTLS_HANDSHAKE ? has_needed_alpn(p) :
			    !has_upgrade(p))
				continue;
			must_run(&c, &spec);
			rc = conn_echo(&c, "hello", 5);
			ck_assert_msg(rc == 0, "%s from %d: %s",
			    spec.protocol, from, starttls_code_name(rc));
			ck_assert_int_eq(conn_close(&c), 0);
			conn_done(&c);
		}
	starttls_policy_unref(spec.policy);
}
END_TEST

/*
 * SNI and ALPN
 */

static const struct sni_row {
	const char *name, *sent;   /* NULL: none */
} sni_rows[] = {
	{ PEER, PEER },
	{ "MAIL.Example.Org.", PEER },
	{ "b\303\274cher.example", "xn--bcher-kva.example" },
	{ "xn--bcher-kva.example", "xn--bcher-kva.example" },
	{ "192.0.2.1", NULL },
	{ "2001:db8::1", NULL },
};

START_TEST(test_sni_is_the_name_and_never_an_address)
{
	const struct sni_row *row = &sni_rows[_i / VERSIONS];
	struct conn_spec spec = { .policy = test_policy(anchors, 1),
	    .name = row->name, .server = &servers[_i % VERSIONS] };
	char sent[300] = "";
	size_t len = sizeof(sent);
	unsigned type = 0;
	struct conn c;
	int rc;

	must_run(&c, &spec);
	rc = gnutls_server_name_get(c.pair.server, sent, &len, &type, 0);
	if (row->sent == NULL) {
		ck_assert_msg(rc == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE,
		    "%s: %d \"%s\"", row->name, rc, sent);
	} else {
		ck_assert_msg(rc == 0 && type == GNUTLS_NAME_DNS &&
		    len == strlen(row->sent) &&
		    memcmp(sent, row->sent, len) == 0, "%s: \"%s\"",
		    row->name, sent);
		ck_assert_int_eq(gnutls_server_name_get(c.pair.server, sent,
		    &len, &type, 1), GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE);
	}
	conn_done(&c);
	starttls_policy_unref(spec.policy);
}
END_TEST

enum answer { USUAL_ANSWER, MANDATORY_ANSWER, OTHER_ANSWER };

static const struct alpn_row {
	const char *name;
	enum starttls_alpn mode;
	const char *protocol;
	enum starttls_stage from;
	const char *port;
	const char *known;         /* to the server */
	enum answer answer;
	const char *selected;
	int code;
} alpn_rows[] = {
	{ "auto, dedicated port", STARTTLS_ALPN_AUTO, "imap",
	  STARTTLS_HANDSHAKE, NULL, "imap", USUAL_ANSWER, "", 0 },
	{ "auto, dedicated port, named", STARTTLS_ALPN_AUTO, "imap",
	  STARTTLS_HANDSHAKE, "993", "imap", USUAL_ANSWER, "", 0 },
	{ "auto, port 443", STARTTLS_ALPN_AUTO, "imap",
	  STARTTLS_HANDSHAKE, "443", "imap", USUAL_ANSWER, "imap", 0 },
	{ "auto, port 443, server has none", STARTTLS_ALPN_AUTO, "imap",
	  STARTTLS_HANDSHAKE, "443", NULL, USUAL_ANSWER, "", 0 },
	{ "auto, port 443, ftp", STARTTLS_ALPN_AUTO, "ftp",
	  STARTTLS_HANDSHAKE, "443", "ftp", USUAL_ANSWER, "ftp", 0 },
	{ "auto, port 443, nntp", STARTTLS_ALPN_AUTO, "nntp",
	  STARTTLS_HANDSHAKE, "443", "nntp", USUAL_ANSWER, "nntp", 0 },
	{ "auto, port 443, smtp has no id", STARTTLS_ALPN_AUTO, "smtp",
	  STARTTLS_HANDSHAKE, "443", "smtp", USUAL_ANSWER, "", 0 },
	{ "auto, upgrade", STARTTLS_ALPN_AUTO, "imap", STARTTLS_GREETING,
	  NULL, "imap", USUAL_ANSWER, "", 0 },
	{ "auto, upgrade on another port", STARTTLS_ALPN_AUTO, "imap",
	  STARTTLS_GREETING, "1143", "imap", USUAL_ANSWER, "", 0 },
	{ "auto, behind a go-ahead on the usual port", STARTTLS_ALPN_AUTO,
	  "imap", STARTTLS_HANDSHAKE, "143", "imap", USUAL_ANSWER, "", 0 },
	{ "off", STARTTLS_ALPN_OFF, "imap", STARTTLS_HANDSHAKE, "443",
	  "imap", USUAL_ANSWER, "", 0 },
	{ "on, dedicated port", STARTTLS_ALPN_ON, "imap",
	  STARTTLS_HANDSHAKE, NULL, "imap", USUAL_ANSWER, "imap", 0 },
	{ "on, upgrade", STARTTLS_ALPN_ON, "imap", STARTTLS_GREETING, NULL,
	  "imap", USUAL_ANSWER, "imap", 0 },
	{ "on, server has none", STARTTLS_ALPN_ON, "imap",
	  STARTTLS_HANDSHAKE, NULL, NULL, USUAL_ANSWER, "", 0 },
	{ "on, server has another, ignores it", STARTTLS_ALPN_ON, "imap",
	  STARTTLS_HANDSHAKE, NULL, "pop3", USUAL_ANSWER, "", 0 },
	{ "on, server has another, insists", STARTTLS_ALPN_ON, "imap",
	  STARTTLS_HANDSHAKE, NULL, "pop3", MANDATORY_ANSWER, "",
	  STARTTLS_E_ALERT },
	{ "required, server has another, insists", STARTTLS_ALPN_REQUIRE,
	  "imap", STARTTLS_HANDSHAKE, NULL, "pop3", MANDATORY_ANSWER, "",
	  STARTTLS_E_ALERT },
	{ "auto, server has another, insists", STARTTLS_ALPN_AUTO, "imap",
	  STARTTLS_HANDSHAKE, "10993", "pop3", MANDATORY_ANSWER, "",
	  STARTTLS_E_ALERT },
	{ "on, server answers with another", STARTTLS_ALPN_ON, "imap",
	  STARTTLS_HANDSHAKE, NULL, "imap", OTHER_ANSWER, "",
	  STARTTLS_E_ALPN },
	{ "on, smtp has no id", STARTTLS_ALPN_ON, "smtp",
	  STARTTLS_HANDSHAKE, NULL, "smtp", USUAL_ANSWER, "", 0 },
	{ "required", STARTTLS_ALPN_REQUIRE, "imap", STARTTLS_HANDSHAKE,
	  NULL, "imap", USUAL_ANSWER, "imap", 0 },
	{ "required, upgrade", STARTTLS_ALPN_REQUIRE, "imap",
	  STARTTLS_GREETING, NULL, "imap", USUAL_ANSWER, "imap", 0 },
	{ "required, server has none", STARTTLS_ALPN_REQUIRE, "imap",
	  STARTTLS_HANDSHAKE, NULL, NULL, USUAL_ANSWER, "",
	  STARTTLS_E_ALPN },
	{ "required, server has another", STARTTLS_ALPN_REQUIRE, "imap",
	  STARTTLS_HANDSHAKE, NULL, "pop3", USUAL_ANSWER, "",
	  STARTTLS_E_ALPN },
	{ "required, server answers with another", STARTTLS_ALPN_REQUIRE,
	  "imap", STARTTLS_HANDSHAKE, NULL, "imap", OTHER_ANSWER, "",
	  STARTTLS_E_ALPN },
	{ "required, smtp has no id", STARTTLS_ALPN_REQUIRE, "smtp",
	  STARTTLS_HANDSHAKE, NULL, "smtp", USUAL_ANSWER, "",
	  STARTTLS_E_INVALID },
};

START_TEST(test_alpn_follows_the_policy)
{
	const struct alpn_row *row = &alpn_rows[_i / VERSIONS];
	struct tlspair_server server = { .chain = chain, .n = 2,
	    .priority = priorities[_i % VERSIONS],
	    .alpn = { row->known },
	    .alpn_flags = row->answer == MANDATORY_ANSWER ?
		GNUTLS_ALPN_MANDATORY : 0 };
	struct conn_spec spec = { .policy = test_policy(anchors, 1),
	    .protocol = row->protocol, .from = row->from,
	    .port = row->port, .server = &server,
	    .prepare = row->answer == OTHER_ANSWER ?
		conn_answer_other_alpn : NULL };
	struct starttls_report report = { .size = sizeof(report) };
	gnutls_datum_t selected = { NULL, 0 };
	struct conn c;
	int rc;

	ck_assert_int_eq(starttls_policy_set_alpn(spec.policy, row->mode,
	    NULL), 0);
	rc = conn_run(&c, &spec);
	ck_assert_msg(rc == row->code, "%s: %s: %s", row->name,
	    starttls_code_name(rc), c.error.message);
	if (rc == STARTTLS_E_INVALID) {
		conn_done(&c);
		starttls_policy_unref(spec.policy);
		return;
	}
	if (rc == 0)
		starttls_session_report(c.session, &report);
	else
		starttls_upgrade_report(c.upgrade, &report);
	ck_assert_msg(row->code != 0 ||
	    strcmp(report.alpn, row->selected) == 0, "%s: selected \"%s\"",
	    row->name, report.alpn);
	ck_assert_int_eq(report.verified, rc == 0);
	ck_assert_int_eq(report.alpn_refused, 0);
	/* what was asked for is not given up */
	ck_assert_int_eq(starttls_upgrade_alpn_refused(c.upgrade),
	    row->code == STARTTLS_E_ALERT && row->mode == STARTTLS_ALPN_AUTO);
	rc = gnutls_alpn_get_selected_protocol(c.pair.server, &selected);
	if (row->code == 0)
		ck_assert_msg(rc < 0 ? row->selected[0] == '\0' :
		    selected.size == strlen(row->selected) &&
		    memcmp(selected.data, row->selected,
			selected.size) == 0,
		    "%s: the server selected \"%.*s\"", row->name,
		    (int)selected.size, (const char *)selected.data);
	if (row->code == STARTTLS_E_ALPN) {
		ck_assert_msg(c.error.phase == STARTTLS_PHASE_HANDSHAKE &&
		    is_plain_line(c.error.message), "%s: %s", row->name,
		    c.error.message);
		ck_assert_ptr_null(starttls_upgrade_take(c.upgrade));
		ck_assert_msg(c.pair.error == GNUTLS_E_FATAL_ALERT_RECEIVED,
		    "%s: the server heard: %s", row->name,
		    gnutls_strerror(c.pair.error));
	}
	conn_done(&c);
	starttls_policy_unref(spec.policy);
}
END_TEST

/*
 * Versions and algorithms
 */

static const struct version_row {
	const char *name;
	int raise[3];              /* in this order */
	const char *server;
	const char *version;       /* NULL: refused */
} version_rows[] = {
	{ "default, both", { 0 }, "NORMAL", "TLS1.3" },
	{ "default, 1.2", { 0 }, TLS12, "TLS1.2" },
	{ "default, 1.1", { 0 }, "NORMAL:-VERS-ALL:+VERS-TLS1.1", NULL },
	{ "default, 1.0", { 0 }, "NORMAL:-VERS-ALL:+VERS-TLS1.0", NULL },
	{ "1.2, 1.2", { STARTTLS_TLS1_2 }, TLS12, "TLS1.2" },
	{ "1.3, 1.3", { STARTTLS_TLS1_3 }, TLS13, "TLS1.3" },
	{ "1.3, both", { STARTTLS_TLS1_3 }, "NORMAL", "TLS1.3" },
	{ "1.3, 1.2", { STARTTLS_TLS1_3 }, TLS12, NULL },
	{ "1.3 and then 1.2, 1.2", { STARTTLS_TLS1_3, STARTTLS_TLS1_2 },
	  TLS12, NULL },
	{ "1.2 and then 1.3, 1.2", { STARTTLS_TLS1_2, STARTTLS_TLS1_3 },
	  TLS12, NULL },
};

/* GnuTLS has a version, and more, before the server has said one. */
static void
must_report_nothing(const struct conn *c, const char *what)
{
	struct starttls_report r = { .size = sizeof(r) };

	ck_assert_int_eq(starttls_upgrade_report(c->upgrade, &r), 0);
	ck_assert_msg(r.version[0] == '\0' && r.cipher_suite[0] == '\0' &&
	    r.group[0] == '\0' && r.signature[0] == '\0' &&
	    r.alpn[0] == '\0' && !r.resumed && !r.false_start,
	    "%s: %s %s %s %s %s", what, r.version, r.cipher_suite, r.group,
	    r.signature, r.alpn);
}

START_TEST(test_version_is_a_ratchet)
{
	const struct version_row *row = &version_rows[_i];
	struct tlspair_server server = { .chain = chain, .n = 2,
	    .priority = row->server };
	struct conn_spec spec = { .policy = test_policy(anchors, 1),
	    .server = &server };
	struct starttls_report report = { .size = sizeof(report) };
	struct conn c;
	size_t i;
	int rc;

	for (i = 0; i < ARRAY_LEN(row->raise) && row->raise[i] != 0; i++)
		ck_assert_int_eq(starttls_policy_raise_min_version(
		    spec.policy, (enum starttls_tls_version)row->raise[i],
		    NULL), 0);
	rc = conn_run(&c, &spec);
	if (row->version == NULL) {
		ck_assert_msg(starttls_code_class(rc) == STARTTLS_CLASS_TLS,
		    "%s: %s", row->name, starttls_code_name(rc));
		ck_assert_msg(is_plain_line(c.error.message), "%s: \"%s\"",
		    row->name, c.error.message);
		must_report_nothing(&c, row->name);
	} else {
		ck_assert_msg(rc == 0, "%s: %s", row->name, c.error.message);
		starttls_session_report(c.session, &report);
		ck_assert_msg(strcmp(report.version, row->version) == 0,
		    "%s: %s", row->name, report.version);
	}
	conn_done(&c);
	starttls_policy_unref(spec.policy);
}
END_TEST

static const struct restrict_row {
	const char *items[2];
	int code;                  /* of the last one */
	const char *server;        /* default: "NORMAL" */
	const char *version, *cipher_suite, *group; /* NULL: whatever */
} restrict_rows[] = {
	{ { "-VERS-TLS1.3" }, 0, NULL, "TLS1.2", NULL, NULL },
	{ { "-VERS-TLS1.2" }, 0, NULL, "TLS1.3", NULL, NULL },
	{ { "-AES-256-GCM" }, 0, TLS13, "TLS1.3", "TLS_CHACHA20_POLY1305_"
	  "SHA256", NULL },
	{ { "-AES-256-GCM:-CHACHA20-POLY1305" }, 0, TLS13, NULL,
	  "TLS_AES_128_GCM_SHA256", NULL },
	{ { "-AES-256-GCM", "-CHACHA20-POLY1305" }, 0, TLS13, NULL,
	  "TLS_AES_128_GCM_SHA256", NULL },
	{ { "-GROUP-X25519:-GROUP-SECP256R1" }, 0, TLS13, NULL, NULL,
	  NULL },
	{ { "-GROUP-ALL" }, STARTTLS_E_INVALID, NULL, NULL, NULL, NULL },
	{ { "-VERS-ALL" }, STARTTLS_E_INVALID, NULL, NULL, NULL, NULL },
	{ { "-SIGN-ALL" }, STARTTLS_E_INVALID, NULL, NULL, NULL, NULL },
	{ { "-CIPHER-ALL" }, STARTTLS_E_INVALID, NULL, NULL, NULL, NULL },
	{ { "-VERS-TLS1.2", "-VERS-TLS1.3" }, STARTTLS_E_INVALID, NULL,
	  "TLS1.3", NULL, NULL },
	{ { "-NONSENSE" }, STARTTLS_E_INVALID, NULL, NULL, NULL, NULL },
	{ { "+VERS-TLS1.1" }, STARTTLS_E_INVALID, NULL, NULL, NULL, NULL },
	{ { "VERS-TLS1.3" }, STARTTLS_E_INVALID, NULL, NULL, NULL, NULL },
	{ { "-VERS-TLS1.2:+VERS-TLS1.1" }, STARTTLS_E_INVALID, NULL, NULL,
	  NULL, NULL },
	{ { "-VERS-TLS1.2:%COMPAT" }, STARTTLS_E_INVALID, NULL, NULL, NULL,
	  NULL },
	{ { "-%COMPAT" }, STARTTLS_E_INVALID, NULL, NULL, NULL, NULL },
	{ { "!VERS-TLS1.2" }, STARTTLS_E_INVALID, NULL, NULL, NULL, NULL },
	{ { "NORMAL" }, STARTTLS_E_INVALID, NULL, NULL, NULL, NULL },
	{ { "-NORMAL" }, STARTTLS_E_INVALID, NULL, NULL, NULL, NULL },
	{ { "@SYSTEM" }, STARTTLS_E_INVALID, NULL, NULL, NULL, NULL },
	{ { "" }, STARTTLS_E_INVALID, NULL, NULL, NULL, NULL },
	{ { "-" }, STARTTLS_E_INVALID, NULL, NULL, NULL, NULL },
	{ { ":" }, STARTTLS_E_INVALID, NULL, NULL, NULL, NULL },
	{ { "-VERS-TLS1.2:" }, STARTTLS_E_INVALID, NULL, NULL, NULL, NULL },
	{ { ":-VERS-TLS1.2" }, STARTTLS_E_INVALID, NULL, NULL, NULL, NULL },
	{ { "-VERS-TLS1.2 " }, STARTTLS_E_INVALID, NULL, NULL, NULL, NULL },
	{ { "-VERS-TLS1.2,+VERS-TLS1.1" }, STARTTLS_E_INVALID, NULL, NULL,
	  NULL, NULL },
	{ { "-VERS-TLS1.2\n+VERS-TLS1.1" }, STARTTLS_E_INVALID, NULL, NULL,
	  NULL, NULL },
};

START_TEST(test_restrict_only_removes)
{
	const struct restrict_row *row = &restrict_rows[_i];
	struct tlspair_server server = { .chain = chain, .n = 2,
	    .priority = row->server };
	struct conn_spec spec = { .policy = test_policy(anchors, 1),
	    .server = &server };
	struct starttls_report report = { .size = sizeof(report) };
	const char *name = row->items[row->items[1] != NULL];
	struct starttls_error error;
	struct conn c;
	int rc;

	rc = starttls_policy_restrict(spec.policy, row->items[0], &error);
	if (row->items[1] != NULL) {
		ck_assert_int_eq(rc, 0);
		rc = starttls_policy_restrict(spec.policy, row->items[1],
		    &error);
	}
	ck_assert_msg(rc == row->code, "\"%s\": %s", name,
	    starttls_code_name(rc));
	ck_assert_msg(rc == 0 || is_plain_line(error.message) ||
	    strchr(name, '\n') != NULL, "\"%s\": %s", name, error.message);
	/* what was refused has no effect */
	must_run(&c, &spec);
	starttls_session_report(c.session, &report);
	ck_assert_msg(strcmp(report.version, row->version != NULL ?
	    row->version : "TLS1.3") == 0, "\"%s\": %s", name,
	    report.version);
	ck_assert_msg(row->cipher_suite == NULL ||
	    strcmp(report.cipher_suite, row->cipher_suite) == 0, "\"%s\": %s",
	    name, report.cipher_suite);
	ck_assert_msg(strstr(name, "GROUP-X25519") == NULL ||
	    (strcmp(report.group, "X25519") != 0 &&
	    strcmp(report.group, "SECP256R1") != 0), "\"%s\": %s", name,
	    report.group);
	conn_done(&c);
	starttls_policy_unref(spec.policy);
}
END_TEST

/* The cheaper of the two usual groups is first, and either costs the same round
   trips: a share of both is sent. */
static const struct group_row {
	const char *removed, *server, *group;
} group_rows[] = {
	{ NULL, TLS13, "X25519" },
	{ NULL, TLS13 ":-GROUP-X25519", "SECP256R1" },
	{ NULL, TLS13 ":-GROUP-SECP256R1", "X25519" },
	{ "-GROUP-X25519", TLS13, "SECP256R1" },
	{ "-GROUP-SECP256R1", TLS13, "X25519" },
	{ NULL, TLS12, "X25519" },
	{ NULL, TLS12 ":-GROUP-X25519", "SECP256R1" },
};

static int
trips_with(const struct group_row *row, const char *priority,
	   const char *group)
{
	struct tlspair_server server = { .chain = chain, .n = 2,
	    .priority = priority };
	struct conn_spec spec = { .policy = test_policy(anchors, 1),
	    .server = &server };
	struct starttls_report report = { .size = sizeof(report) };
	struct conn c;

	if (group != NULL && row->removed != NULL)
		ck_assert_int_eq(starttls_policy_restrict(spec.policy,
		    row->removed, NULL), 0);
	must_run(&c, &spec);
	starttls_session_report(c.session, &report);
	ck_assert_msg(group == NULL || strcmp(report.group, group) == 0,
	    "%s, %s: %s", row->removed != NULL ? row->removed : "",
	    priority, report.group);
	conn_done(&c);
	starttls_policy_unref(spec.policy);
	return report.round_trips;
}

START_TEST(test_cheaper_group_is_first)
{
	const struct group_row *row = &group_rows[_i];

	ck_assert_int_eq(trips_with(row, row->server, row->group),
	    trips_with(row, strstr(row->server, TLS12) != NULL ? TLS12 :
	    TLS13, NULL));
}
END_TEST

/* A minimum and a removal that leave nothing are noticed before a dialog. */
START_TEST(test_restrict_and_minimum_may_leave_nothing)
{
	struct conn_spec spec = { .policy = test_policy(anchors, 1),
	    .server = &servers[0] };
	struct conn c;

	ck_assert_int_eq(starttls_policy_restrict(spec.policy,
	    "-VERS-TLS1.3", NULL), 0);
	if (starttls_policy_raise_min_version(spec.policy, STARTTLS_TLS1_3,
	    NULL) == 0) {
		ck_assert_int_eq(conn_begin(&c, &spec), STARTTLS_E_POLICY);
		ck_assert_int_eq(c.error.code, STARTTLS_E_POLICY);
		conn_done(&c);
	}
	starttls_policy_unref(spec.policy);
}
END_TEST

/* What no server may talk us into. */
static const struct weak_row {
	const char *name, *priority;
} weak_rows[] = {
	{ "RSA key transport", TLS12 ":-KX-ALL:+RSA" },
	{ "finite field DHE", TLS12 ":-KX-ALL:+DHE-RSA" },
	{ "DHE in TLS 1.3", TLS13 ":-GROUP-ALL:+GROUP-DH-ALL" },
	{ "CBC", TLS12 ":-CIPHER-ALL:+AES-128-CBC:+AES-256-CBC" },
	{ "3DES", TLS12 ":-CIPHER-ALL:+3DES-CBC" },
	{ "RC4", TLS12 ":-CIPHER-ALL:+ARCFOUR-128" },
	{ "no encryption", TLS12 ":-CIPHER-ALL:+NULL" },
	{ "short tags", TLS12 ":-CIPHER-ALL:+AES-128-CCM-8" },
	{ "anonymous ECDH", TLS12 ":-KX-ALL:+ANON-ECDH" },
	{ "SHA-1 signatures",
	  TLS12 ":-SIGN-ALL:+SIGN-RSA-SHA1:+SIGN-ECDSA-SHA1" },
};

/*
 * A server that does not say that it knows RFC 5746: who is connected to it
 * may be spliced behind somebody else's handshake (CVE-2009-3555).
 */
START_TEST(test_secure_renegotiation_is_required)
{
	struct tlspair_server server = { .chain = chain, .n = 2,
	    .priority = _i == 0 ? TLS12 ":%DISABLE_SAFE_RENEGOTIATION" :
		TLS13 ":%DISABLE_SAFE_RENEGOTIATION" };
	struct conn_spec spec = { .policy = test_policy(anchors, 1),
	    .server = &server };
	struct conn c;
	int rc = conn_run(&c, &spec);

	if (_i == 0) {
		ck_assert_int_eq(rc, STARTTLS_E_TLS);
		ck_assert_ptr_nonnull(strstr(c.error.message, "RFC 5746"));
	} else {
		/* it is of no account there */
		ck_assert_msg(rc == 0, "%s", c.error.message);
	}
	conn_done(&c);
	starttls_policy_unref(spec.policy);
}
END_TEST

START_TEST(test_weak_algorithms_are_never_offered)
{
	const struct weak_row *row = &weak_rows[_i];
	struct mint_cert rsa;
	const struct mint_cert *rsa_chain[] = { &rsa };
	struct tlspair_server server = { .chain = chain, .n = 2,
	    .chain2 = rsa_chain, .n2 = 1, .priority = row->priority };
	struct conn_spec spec = { .policy = test_policy(anchors, 1),
	    .server = &server };
	struct conn c;
	int rc;

	mint(&rsa, &(struct mint_spec){ .cn = "rsa", .dns = { PEER },
	    .key_type = MINT_RSA_2048, .usage = GNUTLS_KEY_DIGITAL_SIGNATURE |
	    GNUTLS_KEY_KEY_ENCIPHERMENT }, &root);
	rc = conn_run(&c, &spec);
	ck_assert_msg(starttls_code_class(rc) == STARTTLS_CLASS_TLS,
	    "%s: %s", row->name, starttls_code_name(rc));
	ck_assert_msg(c.error.alert > 0, "%s: alert %d: %s", row->name,
	    c.error.alert, c.error.message);
	must_report_nothing(&c, row->name);
	conn_done(&c);
	starttls_policy_unref(spec.policy);
	mint_free(&rsa);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("session_handshake");
	TCase *tc = new_case(s, "handshake");

	add_both(tc, test_handshake_notices_every_cut);
	add_both(tc, test_handshake_notices_every_flip);
	add_rows_both(tc, test_handshake_is_bounded, size_rows);
	tcase_add_loop_test(tc, test_handshake_follows_the_dialog, 0,
	    3 * VERSIONS * SEEDS);
	add_rows_both(tc, test_sni_is_the_name_and_never_an_address,
	    sni_rows);
	add_rows_both(tc, test_alpn_follows_the_policy, alpn_rows);
	add_rows(tc, test_version_is_a_ratchet, version_rows);
	add_rows(tc, test_restrict_only_removes, restrict_rows);
	add_rows(tc, test_cheaper_group_is_first, group_rows);
	tcase_add_test(tc, test_restrict_and_minimum_may_leave_nothing);
	tcase_add_loop_test(tc, test_secure_renegotiation_is_required, 0, 2);
	add_rows(tc, test_weak_algorithms_are_never_offered, weak_rows);
	return run_suite(s);
}
