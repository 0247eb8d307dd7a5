/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* What a session tells of its upgrade and of its certificates. */

#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "altname.h"
#include "usual.h"

static const struct trip_row {
	const char *protocol;
	enum starttls_stage from;
	int trips;
} trip_rows[] = {
	{ "imap", STARTTLS_GREETING, 4 },
	{ "nntp", STARTTLS_GREETING, 4 },
	{ "xmpp", STARTTLS_GREETING, 4 },
	{ "xmpp-server", STARTTLS_GREETING, 4 },
	{ "ftp", STARTTLS_GREETING, 4 },
	{ "smtp", STARTTLS_GREETING, 5 },
	{ "submission", STARTTLS_GREETING, 5 },
	{ "lmtp", STARTTLS_GREETING, 5 },
	{ "sieve", STARTTLS_GREETING, 4 },
	{ "irc", STARTTLS_GREETING, 3 },
	{ "nut", STARTTLS_GREETING, 3 },
	{ "pop3", STARTTLS_GREETING, 4 },
	{ "ldap", STARTTLS_GREETING, 3 },
	{ "postgres", STARTTLS_GREETING, 3 },
	{ "mysql", STARTTLS_GREETING, 3 },
	{ "nbd", STARTTLS_GREETING, 4 },
	{ "rdp", STARTTLS_GREETING, 3 },
	{ "telnet", STARTTLS_GREETING, 4 },
	{ "imap", STARTTLS_HANDSHAKE, 2 },
	{ "nntp", STARTTLS_HANDSHAKE, 2 },
	{ "xmpp", STARTTLS_HANDSHAKE, 2 },
	{ "ftp", STARTTLS_HANDSHAKE, 2 },
	{ "smtp", STARTTLS_HANDSHAKE, 2 },
	{ "submission", STARTTLS_HANDSHAKE, 2 },
	{ "lmtp", STARTTLS_HANDSHAKE, 2 },
	{ "sieve", STARTTLS_HANDSHAKE, 2 },
	{ "irc", STARTTLS_HANDSHAKE, 2 },
	{ "https", STARTTLS_HANDSHAKE, 2 },
	{ "pop3", STARTTLS_HANDSHAKE, 2 },
	{ "xmpp-server", STARTTLS_HANDSHAKE, 2 },
	{ "ldap", STARTTLS_HANDSHAKE, 2 },
	{ "postgres", STARTTLS_HANDSHAKE, 2 },
	{ "telnet", STARTTLS_HANDSHAKE, 2 },
	{ "tls", STARTTLS_HANDSHAKE, 2 },
};

/* TLS 1.2 does it in as many as TLS 1.3, thanks to the false start. */
START_TEST(test_report_counts_round_trips)
{
	const struct trip_row *row = &trip_rows[_i / VERSIONS];
	struct tlspair_server server = servers[_i % VERSIONS];
	struct conn_spec spec = {
		.policy = test_policy(anchors, 1),
		.protocol = row->protocol,
		.from = row->from,
		.server = &server,
	};
	struct starttls_report report = { .size = sizeof(report) };
	struct conn c;

	server.alpn[0] = "postgresql"; /* without which there is no TLS */
	must_run(&c, &spec);
	ck_assert_int_eq(starttls_session_report(c.session, &report), 0);
	ck_assert_msg(report.round_trips == row->trips, "%s from %d: %d",
	    row->protocol, row->from, report.round_trips);
	/* they are those until TLS was up */
	ck_assert_int_eq(conn_echo(&c, "hello", 5), 0);
	ck_assert_int_eq(starttls_session_report(c.session, &report), 0);
	ck_assert_int_eq(report.round_trips, row->trips);
	conn_done(&c);
	starttls_policy_unref(spec.policy);
}
END_TEST

/* A group that the first ClientHello has no share for costs one more. */
START_TEST(test_report_counts_a_retry)
{
	struct tlspair_server server = { .chain = chain, .n = 2,
	    .priority = TLS13 ":-GROUP-ALL:+GROUP-SECP521R1" };
	struct conn_spec spec = { .policy = test_policy(anchors, 1),
	    .server = &server };
	struct starttls_report report = { .size = sizeof(report) };
	struct conn c;

	must_run(&c, &spec);
	ck_assert_int_eq(starttls_session_report(c.session, &report), 0);
	ck_assert_int_eq(report.round_trips, 3);
	ck_assert_str_eq(report.group, "SECP521R1");
	conn_done(&c);
	starttls_policy_unref(spec.policy);
}
END_TEST

START_TEST(test_report_says_what_was_negotiated)
{
	int version = _i % VERSIONS;
	bool upgraded = _i / VERSIONS == 0;
	struct conn_spec spec = {
		.policy = test_policy(anchors, 1),
		.from = upgraded ? STARTTLS_GREETING : STARTTLS_HANDSHAKE,
		.name = "MAIL.example.ORG.",
		.port = upgraded ? "1143" : NULL,
		.server = &servers[version],
	};
	struct starttls_report r = { .size = sizeof(r) };
	struct conn c;

	ck_assert_int_eq(conn_begin(&c, &spec), 0);
	ck_assert_int_eq(starttls_upgrade_report(c.upgrade, &r), 0);
	ck_assert_str_eq(r.protocol, "imap");
	ck_assert_str_eq(r.host, PEER);
	ck_assert_str_eq(r.version, "");
	ck_assert_int_eq(r.verified, 0);
	ck_assert_uint_eq(r.chain_len, 0);
	ck_assert_int_eq((int)r.handshake_us, -1);
	ck_assert_int_eq((int)r.total_us, 0);

	ck_assert_int_eq(conn_handshake(&c), 0);
	ck_assert_int_eq(starttls_session_report(c.session, &r), 0);
	ck_assert_str_eq(r.protocol, "imap");
	ck_assert_str_eq(r.scheme, upgraded ? "imap" : "imaps");
	ck_assert_str_eq(r.host, PEER);
	ck_assert_str_eq(r.port, upgraded ? "1143" : "993");
	ck_assert_str_eq(r.address, "");
	ck_assert_int_eq(r.upgraded, upgraded);
	ck_assert_int_eq(r.verified, 1);
	ck_assert_int_eq(r.resumed, 0);
	ck_assert_int_eq(r.false_start, version == 0);
	ck_assert_str_eq(r.version, version == 0 ? "TLS1.2" : "TLS1.3");
	/* the older suites have names of GnuTLS's own */
	ck_assert_str_eq(r.cipher_suite, version == 0 ?
	    "TLS_ECDHE_ECDSA_AES_256_GCM_SHA384" : "TLS_AES_256_GCM_SHA384");
	ck_assert_str_eq(r.group, gnutls_group_get_name(
	    gnutls_group_get(c.pair.server)));
	ck_assert_str_eq(r.signature, version == 0 ? "ECDSA-SHA256" :
	    "ECDSA-SECP256R1-SHA256");
	ck_assert_str_eq(r.alpn, "");
	ck_assert_str_eq(r.compression, "none");
	ck_assert_int_eq(r.staple, STARTTLS_STAPLE_NONE);
	ck_assert_uint_eq(r.verdict, 0);
	ck_assert_uint_eq(r.chain_len, 2);
	ck_assert_int_eq((int)r.resolve_us, -1);
	ck_assert_int_eq((int)r.connect_us, -1);
	ck_assert_int_eq((int)r.exchange_us, -1);
	ck_assert_int_eq(r.greeting_us >= 0, upgraded);
	ck_assert_int_eq(r.preamble_us >= 0, upgraded);
	ck_assert_int_ge((int)r.handshake_us, 0);
	ck_assert_int_eq((int)r.total_us, (int)((upgraded ? r.greeting_us +
	    r.preamble_us : 0) + r.handshake_us));
	conn_done(&c);
	starttls_policy_unref(spec.policy);
}
END_TEST

START_TEST(test_report_refuses_bad_input)
{
	struct starttls_report report = { .size = sizeof(report) };
	struct starttls_cert cert = { .size = sizeof(cert) };
	const uint8_t *der;
	size_t len;
	struct conn_spec spec = { .policy = test_policy(anchors, 1),
	    .server = &servers[1] };
	struct conn c;

	ck_assert_int_eq(conn_begin(&c, &spec), 0);
	ck_assert_int_eq(starttls_upgrade_report(NULL, &report),
	    STARTTLS_E_INVALID);
	ck_assert_int_eq(starttls_upgrade_report(c.upgrade, NULL),
	    STARTTLS_E_INVALID);
	ck_assert_int_eq(starttls_upgrade_cert(NULL, 0, &cert),
	    STARTTLS_E_INVALID);
	ck_assert_int_eq(starttls_upgrade_cert(c.upgrade, 0, NULL),
	    STARTTLS_E_INVALID);
	ck_assert_int_eq(starttls_upgrade_cert(c.upgrade, 0, &cert),
	    STARTTLS_E_INVALID); /* there is none yet */
	ck_assert_int_eq(starttls_upgrade_cert_der(c.upgrade, 0, &der, &len),
	    STARTTLS_E_INVALID);
	ck_assert_int_eq(starttls_upgrade_cert_der(NULL, 0, &der, &len),
	    STARTTLS_E_INVALID);
	ck_assert_ptr_null(starttls_upgrade_take(NULL));
	ck_assert_ptr_null(starttls_upgrade_take(c.upgrade));
	ck_assert_int_eq(conn_handshake(&c), 0);

	report.size--;
	ck_assert_int_eq(starttls_session_report(c.session, &report),
	    STARTTLS_E_INVALID);
	ck_assert_int_eq(starttls_session_report(NULL, &report),
	    STARTTLS_E_INVALID);
	ck_assert_int_eq(starttls_session_report(c.session, NULL),
	    STARTTLS_E_INVALID);
	cert.size++;
	ck_assert_int_eq(starttls_session_cert(c.session, 0, &cert),
	    STARTTLS_E_INVALID);
	cert.size--;
	ck_assert_int_eq(starttls_session_cert(c.session, 0, &cert), 0);
	ck_assert_int_eq(starttls_session_cert(c.session, 2, &cert),
	    STARTTLS_E_INVALID);
	ck_assert_int_eq(starttls_session_cert(c.session, UINT_MAX, &cert),
	    STARTTLS_E_INVALID);
	ck_assert_int_eq(starttls_session_cert(NULL, 0, &cert),
	    STARTTLS_E_INVALID);
	ck_assert_int_eq(starttls_session_cert_der(c.session, 0, NULL, &len),
	    STARTTLS_E_INVALID);
	ck_assert_int_eq(starttls_session_cert_der(c.session, 0, &der, NULL),
	    STARTTLS_E_INVALID);
	conn_done(&c);
	starttls_policy_unref(spec.policy);
}
END_TEST

START_TEST(test_report_shows_certificates)
{
	struct starttls_cert cert = { .size = sizeof(cert) };
	struct conn c;

	open_usual(&c, _i);
	ck_assert_int_eq(starttls_session_cert(c.session, 0, &cert), 0);
	ck_assert_str_eq(cert.subject, "CN=leaf");
	ck_assert_str_eq(cert.issuer, "CN=inter");
	ck_assert_str_eq(cert.names, "DNS:" PEER
	    ", DNS:xn--bcher-kva.example, IP:192.0.2.1, IP:2001:db8::1");
	ck_assert_str_eq(cert.key, "EC SECP256R1 256");
	ck_assert_str_eq(cert.signature, "ECDSA-SHA256");
	ck_assert_int_eq(cert.not_before, MINT_NOW - MINT_DAY);
	ck_assert_int_eq(cert.not_after, MINT_NOW + 90 * MINT_DAY);
	ck_assert_int_eq(cert.is_ca, 0);
	ck_assert_int_eq(strncmp(cert.serial, "4d", 2), 0);
	ck_assert_int_eq(starttls_session_cert(c.session, 1, &cert), 0);
	ck_assert_str_eq(cert.subject, "CN=inter");
	ck_assert_str_eq(cert.names, "");
	ck_assert_int_eq(cert.is_ca, 1);
	conn_done(&c);
}
END_TEST

/* subjectAltName that nobody but an impostor has: { tag, length, value } */
#define N(tag, text) { tag, sizeof(text) - 1, text, 1 }
static const struct {
	struct {
		uint8_t tag;
		size_t len;
		const char *value;
		int times;
	} names[3];
	const char *shown;         /* behind "DNS:mail.example.org" */
} odd_names[] = {
	{ { N(0x82, "a.example, DNS:b.example, IP:10.0.0.1") },
	  ", DNS:a.example\\x2c DNS:b.example\\x2c IP:10.0.0.1" },
	{ { N(0x81, "a,b@example.org"), N(0x86, "ldap:///cn=a,dc=b") },
	  ", email:a\\x2cb@example.org, URI:ldap:///cn=a\\x2cdc=b" },
	{ { N(0x82, "a\0b\x1b[31m\\x2c") },
	  ", DNS:a\\x00b\\x1b[31m\\x5cx2c" },
	{ { N(0x82, "..."), N(0x82, ", ...") }, ", DNS:..., DNS:\\x2c ..." },
	{ { N(0x87, "\x0a\0\0\1") }, ", IP:10.0.0.1" },
	{ { N(0x87, "\x0a\0\0"), N(0x82, "a") },
	  ", IP:..., DNS:a" },
	{ { N(0x88, "\x2a\x03"), N(0x82, "a") }, ", DNS:a" },
	{ { { 0xa0, 20, "\x06\x08\x2b\x06\x01\x05\x05\x07\x08\x07\xa0\x08\x16"
	    "\x06_imap.", 1 }, N(0x82, "a") }, ", SRV:_imap., DNS:a" },
	{ { { 0xa0, 9, "\x06\x03\x2b\x06\x01\xa0\x02\x05\0", 1 }, N(0x82, "a") },
	  ", DNS:a" },
	/* too long, too many */
	{ { { 0x82, 1100, "a", 1 }, N(0x82, "a") }, ", DNS:a, ..." },
	{ { { 0x82, 1, "a", 140 } }, NULL },
	{ { { 0x82, 1, "a", 400 } }, NULL },
	{ { { 0x82, 250, ",", 9 } }, NULL },
};
#undef N

/* Returns the length of the DER. */
static size_t
make_odd_names(uint8_t *der, size_t size, int row)
{
	uint8_t *p = der + 4, *end = der + size;
	size_t i, len;
	int times;

	*p++ = 0x82;
	*p++ = sizeof(PEER) - 1;
	memcpy(p, PEER, sizeof(PEER) - 1);
	p += sizeof(PEER) - 1;
	for (i = 0; i < ARRAY_LEN(odd_names[row].names); i++) {
		len = odd_names[row].names[i].len;
		for (times = odd_names[row].names[i].times; times > 0;
		    times--) {
			ck_assert(p + len + 4 < end);
			*p++ = odd_names[row].names[i].tag;
			*p++ = 0x82;
			*p++ = (uint8_t)(len >> 8);
			*p++ = (uint8_t)len;
			if (odd_names[row].names[i].times > 1 || len >= 250)
				memset(p, odd_names[row].names[i].value[0],
				    len);
			else
				memcpy(p, odd_names[row].names[i].value, len);
			p += len;
		}
	}
	len = (size_t)(p - der - 4);
	der[0] = 0x30;
	der[1] = 0x82;
	der[2] = (uint8_t)(len >> 8);
	der[3] = (uint8_t)len;
	return len + 4;
}

/* One by one they are the same, but for those that are left out: @times of the
   one kind, if @shown does not say what they are. */
static void
all_names(const struct starttls_session *session, int times,
	  const char *shown)
{
	char name[STARTTLS_NAME_SIZE], joined[4096] = "";
	struct starttls_names names;
	const uint8_t *der;
	size_t len = 0;
	int count = 0, rc;

	ck_assert_int_eq(starttls_session_cert_der(session, 0, &der, &len), 0);
	ck_assert_int_eq(starttls_names_begin(&names, der, len), 0);
	for (len = 0; (rc = starttls_names_next(&names, name,
	    sizeof(name))) == 1; count++) {
		ck_assert(is_plain_line(name));
		if (shown != NULL)
			len += (size_t)snprintf(joined + len,
			    sizeof(joined) - len, "%s%s", count > 0 ? ", " : "",
			    name);
	}
	ck_assert_int_eq(rc, 0);
	ck_assert_int_eq(starttls_names_next(&names, name, sizeof(name)), 0);
	if (shown == NULL)
		ck_assert_int_eq(count, 1 + times);
	else if (strstr(shown, "a, ...") == NULL)
		ck_assert_str_eq(joined + 4 + sizeof(PEER) - 1, shown);
}

/* What is no certificate, cut anywhere, is nothing to read behind. */
START_TEST(test_names_of_what_is_no_certificate)
{
	struct starttls_names names;
	char name[STARTTLS_NAME_SIZE];
	const uint8_t *der;
	uint8_t *cut;
	size_t len, i;
	struct conn c;

	open_usual(&c, _i);
	ck_assert_int_eq(starttls_session_cert_der(c.session, 0, &der, &len),
	    0);
	for (i = 0; i < len; i++) {
		cut = malloc(i + 1);
		ck_assert_ptr_nonnull(cut);
		memcpy(cut, der, i);
		ck_assert_int_eq(starttls_names_begin(&names, cut, i),
		    STARTTLS_E_TLS);
		free(cut);
	}
	ck_assert_int_eq(starttls_names_begin(NULL, der, len),
	    STARTTLS_E_INVALID);
	ck_assert_int_eq(starttls_names_begin(&names, NULL, 0),
	    STARTTLS_E_INVALID);
	ck_assert_int_eq(starttls_names_begin(&names, der, len), 0);
	ck_assert_int_eq(starttls_names_next(NULL, name, sizeof(name)),
	    STARTTLS_E_INVALID);
	ck_assert_int_eq(starttls_names_next(&names, NULL, sizeof(name)),
	    STARTTLS_E_INVALID);
	ck_assert_int_eq(starttls_names_next(&names, name, 63),
	    STARTTLS_E_INVALID);
	names.left--;              /* the last name is cut */
	while ((_i = starttls_names_next(&names, name, 64)) == 1)
		continue;
	ck_assert_int_eq(_i, STARTTLS_E_TLS);
	ck_assert_int_eq(starttls_names_next(&names, name, 64), 0);
	conn_done(&c);
}
END_TEST

/* How many alternative names GnuTLS knows of. */
static unsigned
names_known(uint8_t *der, size_t len)
{
	gnutls_datum_t data = { der, (unsigned)len };
	gnutls_x509_crt_t crt;
	unsigned count = 0;
	char name[256];
	size_t size = sizeof(name);

	ck_assert_int_eq(gnutls_x509_crt_init(&crt), 0);
	ck_assert_int_eq(gnutls_x509_crt_import(crt, &data,
	    GNUTLS_X509_FMT_DER), 0);
	for (; gnutls_x509_crt_get_subject_alt_name(crt, count, name, &size,
	    NULL) >= 0; count++)
		size = sizeof(name);
	size = sizeof(name);
	ck_assert_int_eq(gnutls_x509_crt_get_dn(crt, name, &size), 0);
	ck_assert_str_eq(name, "CN=leaf");
	gnutls_x509_crt_deinit(crt);
	return count;
}

/* Of what is decoded to tell of it GnuTLS reads no names, as we do. */
START_TEST(test_names_are_hidden)
{
	const uint8_t *der;
	uint8_t *copy, *cut;
	size_t len, i;
	struct conn c;

	open_usual(&c, 0);
	ck_assert_int_eq(starttls_session_cert_der(c.session, 0, &der, &len),
	    0);
	copy = malloc(len);
	ck_assert_ptr_nonnull(copy);
	for (i = 0; i < len; i++) {
		cut = malloc(i + 1);
		ck_assert_ptr_nonnull(cut);
		memcpy(cut, der, i);
		starttls_altname_hide(cut, i);
		ck_assert_int_eq(memcmp(cut, der, i), 0);
		free(cut);
	}
	memcpy(copy, der, len);
	ck_assert_uint_eq(names_known(copy, len), 4);
	starttls_altname_hide(copy, len);
	ck_assert_uint_eq(names_known(copy, len), 0);
	memcpy(copy, der, len);
	copy[0] = 0x31;            /* what is none is left alone */
	starttls_altname_hide(copy, len);
	ck_assert_int_eq(memcmp(copy + 1, der + 1, len - 1), 0);
	free(copy);
	conn_done(&c);
}
END_TEST

/* An intermediate that is sent for nobody, and an anchor that need not be. */
START_TEST(test_report_has_the_path)
{
	static struct mint_cert stray;
	/* GnuTLS puts what belongs together first */
	const struct mint_cert *const sent[] = { &leaf, &inter, &stray },
	    *const all[] = { &leaf, &inter, &root };
	struct tlspair_server server = { .chain = (_i & 1) != 0 ? all : sent,
	    .n = 3,
	    .priority = _i < 2 ? TLS12 : TLS13 };
	struct conn_spec spec = { .policy = test_policy(anchors, 1),
	    .server = &server };
	struct starttls_cert cert = { .size = sizeof(cert) };
	struct conn c;
	int index = 77;

	mint(&stray, &(struct mint_spec){ .cn = "stray", .is_ca = true },
	    NULL);
	must_run(&c, &spec);
	ck_assert_int_eq(starttls_session_path(c.session, 0, &index, &cert), 0);
	ck_assert_int_eq(index, 0);
	ck_assert_str_eq(cert.subject, "CN=leaf");
	ck_assert_int_eq(starttls_session_path(c.session, 1, &index, &cert), 0);
	ck_assert_int_eq(index, 1);
	ck_assert_str_eq(cert.subject, "CN=inter");
	ck_assert_int_eq(starttls_session_path(c.session, 2, &index, &cert), 0);
	ck_assert_int_eq(index, (_i & 1) != 0 ? 2 : -1);
	ck_assert_str_eq(cert.subject, "CN=root");
	index = 77;
	ck_assert_int_eq(starttls_session_path(c.session, 3, &index, &cert),
	    STARTTLS_E_INVALID);
	ck_assert_int_eq(starttls_session_path(c.session, UINT_MAX, &index,
	    &cert), STARTTLS_E_INVALID);
	ck_assert_int_eq(starttls_session_path(NULL, 0, &index, &cert),
	    STARTTLS_E_INVALID);
	ck_assert_int_eq(starttls_session_path(c.session, 0, NULL, &cert),
	    STARTTLS_E_INVALID);
	ck_assert_int_eq(starttls_session_path(c.session, 0, &index, NULL),
	    STARTTLS_E_INVALID);
	cert.size--;
	ck_assert_int_eq(starttls_session_path(c.session, 0, &index, &cert),
	    STARTTLS_E_INVALID);
	ck_assert_int_eq(index, 77);
	conn_done(&c);
	starttls_policy_unref(spec.policy);
	mint_free(&stray);
}
END_TEST

START_TEST(test_report_keeps_names_apart)
{
	static uint8_t der[4096];
	struct starttls_cert cert = { .size = sizeof(cert) };
	const struct mint_cert *const own_chain[] = { &(struct mint_cert){
		.crt = NULL }, &inter };
	struct mint_cert *odd = (struct mint_cert *)(uintptr_t)own_chain[0];
	struct tlspair_server server = { .chain = own_chain, .n = 2 };
	struct conn_spec spec = { .policy = test_policy(anchors, 1),
	    .server = &server };
	const char *shown = odd_names[_i].shown;
	struct conn c;
	size_t len;

	mint(odd, &(struct mint_spec){ .cn = "odd", .raw_san = der,
	    .raw_san_len = make_odd_names(der, sizeof(der), _i) }, &inter);
	must_run(&c, &spec);
	ck_assert_int_eq(starttls_session_cert(c.session, 0, &cert), 0);
	len = strlen(cert.names);
	ck_assert_int_eq(strncmp(cert.names, "DNS:" PEER, 4 +
	    sizeof(PEER) - 1), 0);
	if (shown != NULL)
		ck_assert_str_eq(cert.names + 4 + sizeof(PEER) - 1, shown);
	else
		ck_assert_int_eq(strcmp(cert.names + len - 5, ", ...") == 0,
		    odd_names[_i].names[0].times != 140);
	ck_assert(is_plain_line(cert.names));
	all_names(c.session, odd_names[_i].names[0].times, shown);
	conn_done(&c);
	starttls_policy_unref(spec.policy);
	mint_free(odd);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("session_report");
	TCase *tc = new_case(s, "report");

	add_rows_both(tc, test_report_counts_round_trips, trip_rows);
	tcase_add_test(tc, test_report_counts_a_retry);
	tcase_add_test(tc, test_names_are_hidden);
	tcase_add_loop_test(tc, test_report_says_what_was_negotiated, 0,
	    2 * VERSIONS);
	tcase_add_test(tc, test_report_refuses_bad_input);
	add_both(tc, test_report_shows_certificates);
	add_both(tc, test_names_of_what_is_no_certificate);
	tcase_add_loop_test(tc, test_report_has_the_path, 0, 4);
	tcase_add_loop_test(tc, test_report_keeps_names_apart, 0,
	    ARRAY_LEN(odd_names));
	return run_suite(s);
}
