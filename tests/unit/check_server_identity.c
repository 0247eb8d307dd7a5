/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* What a server shows to whom: names, keys, and files that they come from. */

#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host.h"

/* The subject of what a guest was shown. */
static void
shown_to(struct starttls_policy *server, const char *sni,
	 const char *priority, char *ret, size_t size, unsigned *ret_count)
{
	const gnutls_datum_t *certs;
	gnutls_x509_crt_t crt;
	struct duo d;
	unsigned count = 0;
	int rc = duo_run(&d, &(struct duo_spec){ .server = server,
	    .sni = sni, .priority = priority });

	ck_assert_msg(rc == 0, "%s: %s", sni, d.server.error.message);
	certs = gnutls_certificate_get_peers(d.guest, &count);
	ck_assert_ptr_nonnull(certs);
	gnutls_x509_crt_init(&crt);
	gnutls_x509_crt_import(crt, &certs[0], GNUTLS_X509_FMT_DER);
	ck_assert_int_eq(gnutls_x509_crt_get_dn_by_oid(crt,
	    GNUTLS_OID_X520_COMMON_NAME, 0, 0, ret, &size), 0);
	gnutls_x509_crt_deinit(crt);
	*ret_count = count;
	duo_done(&d);
}

START_TEST(test_server_several_identities)
{
	static const struct {
		const char *sni;
		const char *shown;
		unsigned count;
	} rows[] = {
		{ PEER, "leaf", 2 },
		{ "MAIL.Example.ORG", "leaf", 2 },
		{ "other.example.org", "other", 1 },
		{ "a.wild.example.org", "other", 1 },
		{ "b.wild.example.org", "exact", 1 },
		{ "B.WILD.example.org", "exact", 1 },
		{ "xn--bcher-kva.example", "exact", 1 },
		{ "wild.example.org", "leaf", 2 },
		{ "mail.example.org.evil.example", "leaf", 2 },
		{ "third.example.org", "third", 2 },
		{ "unknown.example.org", "leaf", 2 },
		{ "a.b.wild.example.org", "leaf", 2 },
		{ NULL, "leaf", 2 },
	};
	struct starttls_policy *server = duo_policy(chain, 2);
	char name[64];
	unsigned count;
	size_t i;

	duo_identity(server, (const struct mint_cert *const[]){ &other }, 1);
	duo_identity(server, (const struct mint_cert *const[]){ &third,
	    &inter }, 2);
	duo_identity(server, (const struct mint_cert *const[]){ &exact }, 1);
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		shown_to(server, rows[i].sni, priorities[_i], name,
		    sizeof(name), &count);
		ck_assert_msg(strcmp(name, rows[i].shown) == 0 &&
		    count == rows[i].count, "%s: %s of %u is shown",
		    rows[i].sni, name, count);
	}
	starttls_policy_unref(server);
}
END_TEST

/* A name that is none changes nothing, and is shown to nobody as it is. */
START_TEST(test_server_odd_names)
{
	static const char *const odd[] = {
		"mail.example.or\n", "mail\r\nxample.org", "\x1b[2J\x07.mpl.orgxyz",
		"mail.\xc3\xa4\x78\x61mple.or", "mail..exampleorg", "................",
		"192.168.111.222x", "192.168.111.2222", "*.ww.example.org",
		" ail.example.org", "mail.example.or/",
		"\xff\xff\xff\xff.mple.orgxyz",
	};
	struct starttls_policy *server = duo_policy(chain, 2);
	struct starttls_report report = { .size = sizeof(report) };
	struct duo_spec spec = { .server = server, .sni = PEER,
		.priority = priorities[_i] };
	uint8_t hello[4096], *name;
	struct duo d;
	size_t i, len;

	duo_identity(server, (const struct mint_cert *const[]){ &other }, 1);
	for (i = 0; i <= ARRAY_LEN(odd); i++) {
		ck_assert_int_eq(duo_begin(&d, &spec), 0);
		d.pair.is_boundless = true;
		duo_step_client(&d);
		len = tlspair_get(&d.pair, hello, sizeof(hello));
		name = memmem(hello, len, PEER, strlen(PEER));
		ck_assert_ptr_nonnull(name);
		if (i < ARRAY_LEN(odd)) {
			ck_assert_uint_eq(strlen(odd[i]), strlen(PEER));
			memcpy(name, odd[i], strlen(PEER));
		} else {
			name[4] = '\0';
		}
		duo_put(&d, hello, len);
		/* the two ends have seen two ClientHellos: no session */
		ck_assert_int_ne(duo_shake(&d), 0);
		ck_assert(duo_is_tls(&d, 0));
		ck_assert(is_wanting(d.server.rc) ||
		    is_plain_line(d.server.error.message));
		ck_assert_int_eq(starttls_upgrade_report(d.server.upgrade,
		    &report), 0);
		ck_assert_msg(report.host[0] == '\0' ||
		    is_plain_line(report.host), "\"%s\"", report.host);
		duo_done(&d);
	}
	starttls_policy_unref(server);
}
END_TEST

static const char *const lacks_ec[VERSIONS] = {
	TLS12 ":-KX-ALL:+ECDHE-RSA:-SIGN-ALL:+SIGN-RSA-SHA256",
	TLS13 ":-SIGN-ALL:+SIGN-RSA-PSS-RSAE-SHA256",
};

/* Two keys for one name: who cannot take one gets the other. */
START_TEST(test_server_two_kinds_of_key)
{
	static const char *const lacks_rsa[VERSIONS] = {
		TLS12 ":-SIGN-ALL:+SIGN-ECDSA-SHA256",
		TLS13 ":-SIGN-ALL:+SIGN-ECDSA-SECP256R1-SHA256",
	};
	struct starttls_policy *server = duo_policy(chain, 2);
	char name[64];
	unsigned count;

	duo_identity(server, (const struct mint_cert *const[]){ &rsa }, 1);
	shown_to(server, PEER, lacks_rsa[_i], name, sizeof(name), &count);
	ck_assert_str_eq(name, "leaf");
	shown_to(server, PEER, lacks_ec[_i], name, sizeof(name), &count);
	ck_assert_str_eq(name, "rsa");
	starttls_policy_unref(server);
}
END_TEST

/* RSA costs a server more: who can take both gets EC, whichever was first. */
START_TEST(test_server_prefers_keys_that_cost_less)
{
	static const char *const likes_rsa[VERSIONS] = {
		TLS12 ":-KX-ALL:+ECDHE-RSA:+ECDHE-ECDSA",
		TLS13 ":-SIGN-ALL:+SIGN-RSA-PSS-RSAE-SHA256"
		    ":+SIGN-ECDSA-SECP256R1-SHA256",
	};
	const struct mint_cert *const only_rsa[] = { &rsa };
	struct starttls_policy *server = duo_policy(only_rsa, 1);
	char name[64];
	unsigned count;

	duo_identity(server, chain, 2);
	shown_to(server, PEER, priorities[_i], name, sizeof(name), &count);
	ck_assert_str_eq(name, "leaf");
	ck_assert_uint_eq(count, 2);
	shown_to(server, PEER, likes_rsa[_i], name, sizeof(name), &count);
	ck_assert_str_eq(name, "leaf");
	/* with the name of nobody, and with none */
	shown_to(server, "unknown.example.org", likes_rsa[_i], name,
	    sizeof(name), &count);
	ck_assert_str_eq(name, "leaf");
	shown_to(server, NULL, likes_rsa[_i], name, sizeof(name), &count);
	ck_assert_str_eq(name, "leaf");
	shown_to(server, PEER, lacks_ec[_i], name, sizeof(name), &count);
	ck_assert_str_eq(name, "rsa");
	starttls_policy_unref(server);
}
END_TEST

/* Files, and what is in them. */
struct files {
	char dir[32];
	char chain[64], key[64], more[64];
};

static void
write_files(struct files *f, const char *chain_text, const char *key_text,
	    const char *more_text)
{
	snprintf(f->dir, sizeof(f->dir), "/tmp/check_server.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(f->dir));
	snprintf(f->chain, sizeof(f->chain), "%s/chain", f->dir);
	snprintf(f->key, sizeof(f->key), "%s/key", f->dir);
	snprintf(f->more, sizeof(f->more), "%s/more", f->dir);
	mint_write_text(f->chain, chain_text);
	mint_write_text(f->key, key_text);
	mint_write_text(f->more, more_text);
}

static void
remove_files(const struct files *f)
{
	unlink(f->chain);
	unlink(f->key);
	unlink(f->more);
	rmdir(f->dir);
}

static char *
join(const char *a, const char *b)
{
	char *text = malloc(strlen(a) + strlen(b) + 1);

	ck_assert_ptr_nonnull(text);
	return strcat(strcpy(text, a), b);
}

static char *
encrypted_key(const struct mint_cert *cert, const char *passphrase)
{
	gnutls_datum_t text = { NULL, 0 };
	char *copy;

	ck_assert_int_eq(gnutls_x509_privkey_export2_pkcs8(cert->key,
	    GNUTLS_X509_FMT_PEM, passphrase, GNUTLS_PKCS_PBES2_AES_256,
	    &text), 0);
	copy = strndup((char *)text.data, text.size);
	gnutls_free(text.data);
	return copy;
}

enum layout { APART, TOGETHER, ENCRYPTED, NO_NEWLINE, LAYOUTS };

/* Whatever the files look like, our client is content with what is shown. */
START_TEST(test_server_identity_files)
{
	char *own = mint_pem(chain, 1), *whole = mint_pem(chain, 2);
	char *more = mint_pem((const struct mint_cert *const[]){ &inter }, 1);
	char *key = mint_key_pem(&leaf), *text;
	struct starttls_policy *server, *client = client_policy(2);
	struct starttls_error error;
	struct files f;
	struct duo d;
	bool apart;                /* intermediates */
	int layout = _i % LAYOUTS;

	apart = _i / LAYOUTS != 0;
	text = strdup(apart ? own : whole);
	if (layout == TOGETHER) {
		free(text);
		text = join(key, apart ? own : whole);
	} else if (layout == ENCRYPTED) {
		free(key);
		key = encrypted_key(&leaf, "s3cret");
	} else if (layout == NO_NEWLINE) {
		text[strlen(text) - 1] = '\0';
		key[strlen(key) - 1] = '\0';
	}
	write_files(&f, text, key, more);
	ck_assert_int_eq(starttls_policy_new(&server, STARTTLS_SERVER), 0);
	test_policy_clock(server);
	if (apart)
		ck_assert_int_eq(starttls_policy_intermediates(server,
		    f.more, &error), 0);
	if (layout == ENCRYPTED) {
		ck_assert_int_eq(starttls_policy_identity(server, f.chain,
		    f.key, "wrong", &error), STARTTLS_E_PASSPHRASE);
		ck_assert_int_eq(starttls_policy_identity(server, f.chain,
		    f.key, NULL, &error), STARTTLS_E_PASSPHRASE);
		ck_assert_ptr_nonnull(strstr(error.message, f.key));
	}
	ck_assert_msg(starttls_policy_identity(server, f.chain,
	    layout == TOGETHER ? f.chain : f.key,
	    layout == ENCRYPTED ? "s3cret" : NULL, &error) == 0, "%s",
	    error.message);
	remove_files(&f);
	must_run(&d, &(struct duo_spec){ .server = server,
	    .client = client });
	must_exchange(&d);
	ck_assert_uint_eq(report_of(d.client.session).chain_len, 2);
	duo_done(&d);
	starttls_policy_unref(server);
	starttls_policy_unref(client);
	free(own);
	free(whole);
	free(more);
	free(key);
	free(text);
}
END_TEST

/* Intermediates are for the identities behind them. */
START_TEST(test_server_intermediates_are_for_what_follows)
{
	struct starttls_policy *server;
	struct starttls_error error;
	char *text = mint_pem((const struct mint_cert *const[]){ &inter }, 1);
	char *noise = mint_pem((const struct mint_cert *const[]){ &root }, 1);
	struct files f;
	char name[64];
	unsigned count;

	write_files(&f, noise, "no certificate", text);
	ck_assert_int_eq(starttls_policy_new(&server, STARTTLS_SERVER), 0);
	test_policy_clock(server);
	duo_identity(server, chain, 1);
	ck_assert_int_eq(starttls_policy_intermediates(server, f.key,
	    &error), STARTTLS_E_POLICY);
	ck_assert_ptr_nonnull(strstr(error.message, f.key));
	ck_assert_int_eq(starttls_policy_intermediates(server, "/nowhere",
	    &error), STARTTLS_E_POLICY);
	ck_assert_int_eq(starttls_policy_intermediates(server, f.chain,
	    NULL), 0);
	ck_assert_int_eq(starttls_policy_intermediates(server, f.more, NULL),
	    0);
	duo_identity(server, (const struct mint_cert *const[]){ &third }, 1);
	shown_to(server, PEER, TLS13, name, sizeof(name), &count);
	ck_assert_str_eq(name, "leaf");
	ck_assert_uint_eq(count, 1);
	shown_to(server, "third.example.org", TLS13, name, sizeof(name),
	    &count);
	ck_assert_str_eq(name, "third");
	ck_assert_uint_eq(count, 2);
	remove_files(&f);
	free(text);
	free(noise);
	starttls_policy_unref(server);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("server_identity");
	TCase *identity = host_case(suite, "identity");

	tcase_add_loop_test(identity, test_server_several_identities, 0,
	    VERSIONS);
	tcase_add_loop_test(identity, test_server_odd_names, 0, VERSIONS);
	tcase_add_loop_test(identity, test_server_two_kinds_of_key, 0,
	    VERSIONS);
	tcase_add_loop_test(identity,
	    test_server_prefers_keys_that_cost_less, 0, VERSIONS);
	tcase_add_loop_test(identity, test_server_identity_files, 0,
	    2 * LAYOUTS);
	tcase_add_test(identity,
	    test_server_intermediates_are_for_what_follows);
	return run_suite(suite);
}
