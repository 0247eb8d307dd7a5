/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Files: PEM and DER of everything that is read, a key in the file of its
 * certificate, and keys that need a passphrase.
 */

#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness.h"
#include "policy.h"

#define SECRET "open sesame"

static struct mint_cert root, inter, leaf, rsa, client;
static const struct mint_cert *const anchors[] = { &root };
static const struct mint_cert *const chain[] = { &leaf, &inter };
static char dir[] = "/tmp/check_files-XXXXXX";

/* A path in the folder; good until the fourth call from here. */
static const char *
in_dir(const char *name)
{
	static char paths[4][64];
	static unsigned next;

	next = (next + 1) % 4;
	snprintf(paths[next], sizeof(paths[next]), "%s/%s", dir, name);
	return paths[next];
}

static void
write_bytes(const char *name, const void *data, size_t len)
{
	FILE *file = fopen(in_dir(name), "wb");

	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(data, 1, len, file), len);
	ck_assert_int_eq(fclose(file), 0);
}

static void
write_datum(const char *name, gnutls_datum_t data)
{
	write_bytes(name, data.data, data.size);
	gnutls_free(data.data);
}

static void
write_certificate(const char *name, const struct mint_cert *cert)
{
	gnutls_datum_t der;

	ck_assert_int_eq(gnutls_x509_crt_export2(cert->crt,
	    GNUTLS_X509_FMT_DER, &der), 0);
	write_datum(name, der);
}

/* PKCS#8, or what an algorithm has of its own; NULL: in the clear. */
static void
write_key(const char *name, const struct mint_cert *cert,
	  gnutls_x509_crt_fmt_t format, bool pkcs8, const char *passphrase)
{
	gnutls_datum_t data;

	if (pkcs8)
		ck_assert_int_eq(gnutls_x509_privkey_export2_pkcs8(cert->key,
		    format, passphrase, passphrase == NULL ?
		    GNUTLS_PKCS_PLAIN : GNUTLS_PKCS_PBES2_AES_256, &data), 0);
	else
		ck_assert_int_eq(gnutls_x509_privkey_export2(cert->key,
		    format, &data), 0);
	write_datum(name, data);
}

/* What OpenSSL wrote before PKCS#8: RFC 1421's header, and not decrypted. */
static const char old_key[] = "-----BEGIN EC PRIVATE KEY-----\n"
    "Proc-Type: 4,ENCRYPTED\n"
    "DEK-Info: AES-256-CBC,633ECDF05CA6F0319B86618D74944DB6\n\n"
    "4dW5Bqb4B4Y7m1jM1m3hX0l2dLJ8vS3pQv3a9n6pTqM=\n"
    "-----END EC PRIVATE KEY-----\n";

static void
write_all(void)
{
	char *cert, *key, *both;

	mint(&root, &(struct mint_spec){ .cn = "root", .is_ca = true }, NULL);
	mint(&inter, &(struct mint_spec){ .cn = "inter", .is_ca = true },
	    &root);
	mint(&leaf, &(struct mint_spec){ .cn = "leaf", .dns = { PEER } },
	    &inter);
	mint(&client, &(struct mint_spec){ .cn = "client",
	    .purposes = { GNUTLS_KP_TLS_WWW_CLIENT } }, &root);
	mint(&rsa, &(struct mint_spec){ .cn = "rsa",
	    .key_type = MINT_RSA_2048 }, &root);
	ck_assert_ptr_nonnull(mkdtemp(dir));
	write_certificate("root.der", &root);
	write_certificate("inter.der", &inter);
	write_certificate("client.der", &client);
	write_certificate("rsa.der", &rsa);
	mint_write(dir, "client", (const struct mint_cert *[]){ &client }, 1,
	    &client);
	mint_write(dir, "rsa", (const struct mint_cert *[]){ &rsa }, 1, &rsa);
	write_key("client.sec1", &client, GNUTLS_X509_FMT_DER, false, NULL);
	write_key("client.p8", &client, GNUTLS_X509_FMT_DER, true, NULL);
	write_key("locked.p8", &client, GNUTLS_X509_FMT_DER, true, SECRET);
	write_key("locked.key", &client, GNUTLS_X509_FMT_PEM, true, SECRET);
	write_key("rsa.pkcs1", &rsa, GNUTLS_X509_FMT_DER, false, NULL);
	write_key("rsa.p8", &rsa, GNUTLS_X509_FMT_DER, true, NULL);
	write_bytes("old.key", old_key, sizeof(old_key) - 1);
	write_bytes("junk", "0 is where DER and text begin\n", 30);
	cert = mint_pem((const struct mint_cert *[]){ &client }, 1);
	key = mint_key_pem(&client);
	both = malloc(strlen(cert) + strlen(key) + 1);
	ck_assert_ptr_nonnull(both);
	stpcpy(stpcpy(both, key), cert);
	mint_write_text(in_dir("both.pem"), both);
	free(cert);
	free(key);
	free(both);
}

static void
remove_all(void)
{
	static const char *const names[] = { "root.der", "inter.der",
	    "client.der", "rsa.der", "client.crt", "client.key", "rsa.crt",
	    "rsa.key", "client.sec1", "client.p8", "locked.p8", "locked.key",
	    "rsa.pkcs1", "rsa.p8", "old.key", "junk", "both.pem", "list" };
	size_t i;

	for (i = 0; i < ARRAY_LEN(names); i++)
		unlink(in_dir(names[i]));
	ck_assert_int_eq(rmdir(dir), 0);
	mint_free(&root);
	mint_free(&inter);
	mint_free(&leaf);
	mint_free(&client);
	mint_free(&rsa);
}

static const struct {
	const char *crt, *key;     /* NULL: in the same file */
	const char *passphrase;
	int code;
	const char *why;
} identities[] = {
	{ "client.crt", "client.key", NULL, 0, NULL },
	{ "client.crt", "client.sec1", NULL, 0, NULL },
	{ "client.crt", "client.p8", NULL, 0, NULL },
	{ "client.crt", "client.p8", SECRET, 0, NULL },
	{ "client.crt", "locked.p8", SECRET, 0, NULL },
	{ "client.crt", "locked.key", SECRET, 0, NULL },
	{ "client.der", "client.key", NULL, 0, NULL },
	{ "client.der", "client.p8", NULL, 0, NULL },
	{ "client.der", "locked.p8", SECRET, 0, NULL },
	{ "rsa.der", "rsa.pkcs1", NULL, 0, NULL },
	{ "rsa.crt", "rsa.p8", NULL, 0, NULL },
	{ "both.pem", NULL, NULL, 0, NULL },
	{ "both.pem", "both.pem", NULL, 0, NULL },
	{ "both.pem", "client.p8", NULL, 0, NULL },

	{ "client.crt", "locked.p8", NULL, STARTTLS_E_PASSPHRASE, "needed" },
	{ "client.crt", "locked.key", NULL, STARTTLS_E_PASSPHRASE, "needed" },
	{ "client.der", "locked.key", NULL, STARTTLS_E_PASSPHRASE, "needed" },
	{ "client.crt", "old.key", NULL, STARTTLS_E_PASSPHRASE, "needed" },
	{ "client.crt", "locked.p8", "sesame", STARTTLS_E_PASSPHRASE,
	  "wrong" },
	{ "client.crt", "locked.key", "sesame", STARTTLS_E_PASSPHRASE,
	  "wrong" },
	{ "client.crt", "locked.key", "", STARTTLS_E_PASSPHRASE, "wrong" },
	{ "client.crt", "old.key", "sesame", STARTTLS_E_PASSPHRASE, "wrong" },

	{ "client.crt", NULL, NULL, STARTTLS_E_POLICY, "client.crt" },
	{ "client.der", NULL, NULL, STARTTLS_E_POLICY, "client.der" },
	{ "client.crt", "rsa.p8", NULL, STARTTLS_E_POLICY, "rsa.p8" },
	{ "client.crt", "client.der", NULL, STARTTLS_E_POLICY, "client.der" },
	{ "client.p8", "client.key", NULL, STARTTLS_E_POLICY, "client.p8" },
	{ "client.crt", "junk", NULL, STARTTLS_E_POLICY, "junk" },
	{ "junk", NULL, NULL, STARTTLS_E_POLICY, "junk" },
	{ "nothing", NULL, NULL, STARTTLS_E_POLICY, "No such file" },
	{ "client.crt", "nothing", NULL, STARTTLS_E_POLICY, "No such file" },
};

/* Of a client and of a server alike. */
START_TEST(test_identity)
{
	const enum starttls_role role = _i % 2 == 0 ? STARTTLS_CLIENT :
	    STARTTLS_SERVER;
	const char *crt = identities[_i / 2].crt, *key = identities[_i / 2].key;
	const char *passphrase = identities[_i / 2].passphrase;
	const char *why = identities[_i / 2].why;
	struct starttls_policy *policy;
	struct starttls_error error;
	char at[64];
	int rc;

	memset(&error, 0xa5, sizeof(error));
	ck_assert_int_eq(starttls_policy_new(&policy, role), 0);
	stpcpy(at, in_dir(crt));
	rc = starttls_policy_identity(policy, at, key == NULL ? NULL :
	    in_dir(key), passphrase, &error);
	ck_assert_msg(rc == identities[_i / 2].code, "%s with %s: %s: %s",
	    crt, key, starttls_code_name(rc), rc == 0 ? "" : error.message);
	if (rc != 0) {
		ck_assert_int_eq(error.code, rc);
		ck_assert_int_eq(error.error_class, STARTTLS_CLASS_USAGE);
		ck_assert_int_eq(error.phase, STARTTLS_PHASE_SETUP);
		ck_assert(is_plain_line(error.message));
		ck_assert_msg(strstr(error.message, why) != NULL,
		    "%s with %s: %s", crt, key, error.message);
		ck_assert(passphrase == NULL || passphrase[0] == '\0' ||
		    strstr(error.message, passphrase) == NULL);
		/* and another try is possible */
		ck_assert_int_eq(starttls_policy_identity(policy,
		    in_dir("both.pem"), NULL, NULL, &error), 0);
	}
	starttls_policy_unref(policy);
}
END_TEST

/* What was read is what is shown. */
START_TEST(test_identity_is_shown)
{
	struct tlspair_server server = { .chain = chain, .n = 2,
	    .client_cert = GNUTLS_CERT_REQUEST, .client_ca = &root };
	struct conn_spec spec = { .policy = test_policy(anchors, 1),
	    .server = &server };
	struct starttls_error error;
	struct conn c;

	ck_assert_msg(starttls_policy_identity(spec.policy, _i == 0 ?
	    in_dir("both.pem") : in_dir("client.der"), _i == 0 ? NULL :
	    in_dir("client.p8"), NULL, &error) == 0, "%s", error.message);
	ck_assert_int_eq(conn_run(&c, &spec), 0);
	ck_assert_int_eq(conn_echo(&c, "hello", 5), 0);
	ck_assert(c.pair.has_client_cert);
	conn_done(&c);
	starttls_policy_unref(spec.policy);
}
END_TEST

/* A pipe gives what is in it once. */
START_TEST(test_identity_is_read_once)
{
	struct starttls_policy *policy = test_policy(anchors, 1);
	struct starttls_error error;
	char text[8192], path[32];
	int fds[2];
	FILE *file = fopen(in_dir("both.pem"), "r");
	size_t len;

	ck_assert_ptr_nonnull(file);
	len = fread(text, 1, sizeof(text), file);
	ck_assert_int_eq(fclose(file), 0);
	ck_assert_int_eq(pipe(fds), 0);
	ck_assert_int_eq(write(fds[1], text, len), (ssize_t)len);
	close(fds[1]);
	snprintf(path, sizeof(path), "/dev/fd/%d", fds[0]);
	ck_assert_msg(starttls_policy_identity(policy, path, NULL, NULL,
	    &error) == 0, "%s", error.message);
	close(fds[0]);
	starttls_policy_unref(policy);
}
END_TEST

/* A PIN in a URI is a secret as a passphrase is. */
START_TEST(test_pin_is_not_told)
{
	static const char uri[] = "pkcs11:token=nowhere;object=own"
	    "?pin-value=4711";
	struct starttls_policy *policy = test_policy(anchors, 1);
	struct starttls_error error;

	ck_assert_int_lt(starttls_policy_identity(policy, uri, NULL, NULL,
	    &error), 0);
	ck_assert_ptr_null(strstr(error.message, "4711"));
	ck_assert_ptr_nonnull(strstr(error.message, "object=own"));
	ck_assert_int_lt(starttls_policy_identity(policy,
	    in_dir("client.crt"), uri, NULL, &error), 0);
	ck_assert_ptr_null(strstr(error.message, "4711"));
	starttls_policy_unref(policy);
}
END_TEST

static int
connect_to(const struct mint_cert *const *sent, size_t n,
	   struct starttls_policy *policy, struct starttls_error *error)
{
	struct tlspair_server server = { .chain = sent, .n = n };
	struct conn c;
	int rc = conn_run(&c, &(struct conn_spec){ .policy = policy,
	    .server = &server });

	*error = c.error;
	conn_done(&c);
	return rc;
}

/* Anchors, from a file, in addition to others, and from a folder. */
START_TEST(test_anchor)
{
	struct starttls_policy *policy;
	struct starttls_error error;
	int rc;

	ck_assert_int_eq(starttls_policy_new(&policy, STARTTLS_CLIENT), 0);
	test_policy_clock(policy);
	rc = _i == 0 ? starttls_policy_trust_file(policy, in_dir("root.der"),
	    &error) :
	    _i == 1 ? starttls_policy_add_trust_file(policy,
	    in_dir("root.der"), &error) :
	    starttls_policy_trust_dir(policy, dir, &error);
	ck_assert_msg(rc == 0, "%s", error.message);
	ck_assert_msg(connect_to(chain, 2, policy, &error) == 0, "%s",
	    error.message);
	starttls_policy_unref(policy);
}
END_TEST

START_TEST(test_anchor_is_no_anchor)
{
	static const char *const names[] = { "client.p8", "client.sec1",
	    "locked.p8", "junk" };
	struct starttls_policy *policy;
	struct starttls_error error;

	ck_assert_int_eq(starttls_policy_new(&policy, STARTTLS_CLIENT), 0);
	ck_assert_int_eq(starttls_policy_trust_file(policy,
	    in_dir(names[_i]), &error), STARTTLS_E_POLICY);
	ck_assert_ptr_nonnull(strstr(error.message, names[_i]));
	ck_assert_ptr_nonnull(strstr(error.message, "no certificate"));
	ck_assert_uint_eq(starttls_trust_count(policy->trust), 0);
	starttls_policy_unref(policy);
}
END_TEST

START_TEST(test_list)
{
	const struct mint_cert *revoked[] = { &leaf };
	gnutls_x509_crl_t crl = mint_crl(&inter, revoked, 1, 0, 0);
	struct starttls_policy *policy = test_policy(anchors, 1);
	struct starttls_error error;
	gnutls_datum_t der;

	ck_assert_int_eq(gnutls_x509_crl_export2(crl, GNUTLS_X509_FMT_DER,
	    &der), 0);
	write_datum("list", der);
	gnutls_x509_crl_deinit(crl);
	ck_assert_msg(starttls_policy_crl_file(policy, in_dir("list"),
	    &error) == 0, "%s", error.message);
	ck_assert_int_eq(connect_to(chain, 2, policy, &error),
	    STARTTLS_E_REVOKED);
	starttls_policy_unref(policy);
	policy = test_policy(anchors, 1);
	ck_assert_int_eq(starttls_policy_crl_file(policy, in_dir("root.der"),
	    &error), STARTTLS_E_POLICY);
	ck_assert_ptr_nonnull(strstr(error.message, "revocation list"));
	starttls_policy_unref(policy);
}
END_TEST

/* What is shown behind a certificate, whatever either of them is. */
START_TEST(test_intermediates)
{
	struct starttls_policy *policy = test_policy(anchors, 1);
	struct starttls_error error;

	ck_assert_int_eq(starttls_policy_intermediates(policy,
	    in_dir("client.p8"), &error), STARTTLS_E_POLICY);
	ck_assert_ptr_nonnull(strstr(error.message, "client.p8"));
	ck_assert_msg(starttls_policy_intermediates(policy,
	    in_dir("inter.der"), &error) == 0, "%s", error.message);
	ck_assert_msg(starttls_policy_identity(policy, _i == 0 ?
	    in_dir("client.crt") : in_dir("client.der"),
	    in_dir("client.key"), NULL, &error) == 0, "%s", error.message);
	starttls_policy_unref(policy);
}
END_TEST

static Suite *
files_suite(void)
{
	Suite *s = suite_create("files");
	TCase *tc = tcase_create("files");

	tcase_add_unchecked_fixture(tc, write_all, remove_all);
	tcase_add_checked_fixture(tc, mint_set_clock, NULL);
	tcase_add_loop_test(tc, test_identity, 0,
	    (int)ARRAY_LEN(identities) * 2);
	tcase_add_loop_test(tc, test_identity_is_shown, 0, 2);
	tcase_add_test(tc, test_identity_is_read_once);
	tcase_add_test(tc, test_pin_is_not_told);
	tcase_add_loop_test(tc, test_anchor, 0, 3);
	tcase_add_loop_test(tc, test_anchor_is_no_anchor, 0, 4);
	tcase_add_test(tc, test_list);
	tcase_add_loop_test(tc, test_intermediates, 0, 2);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	mint_warm();
	return run_suite(files_suite());
}
