/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * The strength that the system's configuration of GnuTLS asks for is never
 * lowered.  GnuTLS reads that file when a process begins, so each case is a
 * process of its own: this program again, which says what it found.
 */

#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "duo.h"
#include "error.h"
#include "policy.h"
#include "profile.h"

static const char *program;

#define DEFAULT "[overrides]\ndefault-priority-string = "

static const struct row {
	const char *name;
	const char *file;          /* NULL: there is none */
	const char *profile;
} rows[] = {
	{ "no file", NULL, "Medium" },
	{ "empty", "", "Medium" },
	{ "NORMAL", DEFAULT "NORMAL\n", "Medium" },
	{ "lower", DEFAULT "NORMAL:%PROFILE_LOW\n", "Medium" },
	{ "the same", DEFAULT "NORMAL:%PROFILE_MEDIUM\n", "Medium" },
	{ "high", DEFAULT "NORMAL:%PROFILE_HIGH\n", "High" },
	{ "ultra", DEFAULT "NORMAL:%PROFILE_ULTRA:-VERS-DTLS-ALL\n",
	  "Ultra" },
	{ "future", DEFAULT "NORMAL:%PROFILE_FUTURE\n", "Future" },
	{ "any case", "[OverRides]\r\n Default-Priority-String=normal:"
	  "%profile_high\r\n", "High" },
	{ "colon, comment", "[overrides]\n# default-priority-string = NORMAL\n"
	  "default-priority-string: NORMAL:%PROFILE_HIGH ; so\n", "High" },
	{ "the last profile", DEFAULT "NORMAL:%PROFILE_HIGH:%PROFILE_LOW\n",
	  "Medium" },
	{ "the last line", DEFAULT "NORMAL\n\ndefault-priority-string = "
	  "NORMAL:%PROFILE_HIGH\n", "High" },
	{ "no end of line", DEFAULT "NORMAL:%PROFILE_HIGH", "High" },
	{ "SECURE128", DEFAULT "SECURE128:+SIGN-ALL\n", "Medium" },
	{ "SECURE192", DEFAULT "SECURE192:+SIGN-ALL:+GROUP-ALL\n", "High" },
	{ "SECURE256", DEFAULT "SECURE256:+SIGN-ALL:+GROUP-ALL\n", "High" },
	{ "lowered on purpose", DEFAULT "SECURE256:%PROFILE_MEDIUM:+SIGN-ALL"
	  ":+GROUP-ALL\n", "Medium" },
	{ "added to a lower one", DEFAULT "NORMAL:+SECURE256\n", "Medium" },
	{ "Suite B, 192", DEFAULT "SUITEB192\n", "SuiteB192" },
	{ "by name", DEFAULT "@SYSTEM\n[priorities]\nOTHER=NORMAL\n"
	  "SYSTEM=NORMAL:%PROFILE_HIGH\n", "High" },
	{ "by the second name", "[priorities]\nB = NORMAL:%PROFILE_HIGH\n"
	  DEFAULT "@A,B\n", "High" },
	{ "by name, and more", DEFAULT "@B:%PROFILE_ULTRA\n[priorities]\n"
	  "B = NORMAL:%PROFILE_HIGH\n", "Ultra" },
	{ "somebody else's name", DEFAULT "NORMAL\n[priorities]\n"
	  "B = NORMAL:%PROFILE_HIGH\n", "Medium" },
	{ "elsewhere", "[global]\ndefault-priority-string = "
	  "NORMAL:%PROFILE_HIGH\n", "Medium" },
	{ "at least", "[overrides]\nmin-verification-profile = high\n",
	  "High" },
	{ "at least, and less", DEFAULT "NORMAL:%PROFILE_LOW\n"
	  "min-verification-profile=high\n", "High" },
	{ "at least, and more", DEFAULT "NORMAL:%PROFILE_ULTRA\n"
	  "min-verification-profile=high\n", "Ultra" },
	{ "the system's string", "[priorities]\n"
	  "SYSTEM=NORMAL:%PROFILE_HIGH\n", "High" },
};

/* What a key of 112 bits comes to, shown by either side. */
static const struct {
	const char *file;
	int code;
} strengths[] = {
	{ DEFAULT "NORMAL\n", 0 },
	{ DEFAULT "NORMAL:%PROFILE_HIGH\n", STARTTLS_E_WEAK },
	{ DEFAULT "SECURE192:+SIGN-ALL:+GROUP-ALL\n", STARTTLS_E_WEAK },
	{ "[overrides]\nmin-verification-profile = high\n", STARTTLS_E_WEAK },
	{ "[overrides]\nmin-verification-profile = low\n", 0 },
};

static int
say_profile(void)
{
	gnutls_certificate_verification_profiles_t profile;
	struct starttls_error error;

	starttls_error_reset(&error);
	if (starttls_profile(&profile, &error) != 0)
		printf("failed: %s\n", error.message);
	else
		printf("%s\n",
		    gnutls_certificate_verification_profile_get_name(
		    profile));
	return 0;
}

static struct starttls_policy *
server_of(const struct mint_cert *cert, const struct mint_cert *root)
{
	struct starttls_policy *policy = duo_policy(&cert, 1);
	char *pem = mint_pem(&root, 1);

	if (starttls_policy_trust_pem(policy, pem, strlen(pem), NULL) != 0 ||
	    starttls_policy_client_cert(policy, STARTTLS_CLIENT_CERT_REQUIRED,
		NULL) != 0)
		abort();
	free(pem);
	return policy;
}

/* "client's code, server's code", with 112 bits at the other side. */
static int
say_codes(void)
{
	struct mint_cert root, weak, strong;
	const struct mint_cert *anchors[] = { &root };
	struct starttls_policy *server, *client;
	struct duo_spec spec = { .from = STARTTLS_HANDSHAKE };
	struct duo d;
	int i, codes[2];

	mint_set_clock();
	mint(&root, &(struct mint_spec){ .cn = "root", .is_ca = true,
	    .key_type = MINT_EC_P384 }, NULL);
	mint(&weak, &(struct mint_spec){ .cn = "weak", .dns = { PEER },
	    .key_type = MINT_RSA_2048, .no_purposes = true,
	    .digest = MINT_SHA384 }, &root);
	mint(&strong, &(struct mint_spec){ .cn = "strong", .dns = { PEER },
	    .key_type = MINT_EC_P384, .no_purposes = true,
	    .digest = MINT_SHA384 }, &root);
	for (i = 0; i < 2; i++) {
		server = server_of(i == 0 ? &weak : &strong, &root);
		client = test_policy(anchors, 1);
		duo_identity(client, (const struct mint_cert *[]){
		    i == 0 ? &strong : &weak }, 1);
		spec.server = server;
		spec.client = client;
		(void)duo_run(&d, &spec);
		codes[i] = i == 0 ? d.client.rc : d.server.rc;
		duo_done(&d);
		starttls_policy_unref(server);
		starttls_policy_unref(client);
	}
	printf("%d, %d\n", codes[0], codes[1]);
	mint_free(&root);
	mint_free(&weak);
	mint_free(&strong);
	return 0;
}

/* Run this program with a configuration, and see what it says. */
static void
ask(const char *what, const char *text, char *ret, size_t size)
{
	char dir[] = "/tmp/check_profile.XXXXXX", path[64], command[4200];
	FILE *pipe;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/config", dir);
	if (text != NULL)
		mint_write_text(path, text);
	snprintf(command, sizeof(command),
	    "GNUTLS_SYSTEM_PRIORITY_FILE=%s '%s' %s", path, program, what);
	pipe = popen(command, "r");
	ck_assert_ptr_nonnull(pipe);
	ck_assert_msg(fgets(ret, (int)size, pipe) != NULL, "%s", command);
	ret[strcspn(ret, "\n")] = '\0';
	ck_assert_int_eq(pclose(pipe), 0);
	unlink(path);
	rmdir(dir);
}

START_TEST(test_profile_of_the_system)
{
	const struct row *row = &rows[_i];
	char said[256];

	ask("profile", row->file, said, sizeof(said));
	ck_assert_msg(strcmp(said, row->profile) == 0, "%s: %s, not %s",
	    row->name, said, row->profile);
}
END_TEST

/* A file that is there, but cannot be read: nobody knows what it asks for. */
START_TEST(test_profile_of_an_illegible_file)
{
	char dir[] = "/tmp/check_profile.XXXXXX", command[4200], said[256];
	FILE *pipe;

	/* a name that is too long fails for everybody, also for root */
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(command, sizeof(command), "GNUTLS_SYSTEM_PRIORITY_FILE=%s/%0"
	    "300d '%s' profile", dir, 0, program);
	pipe = popen(command, "r");
	ck_assert_ptr_nonnull(pipe);
	ck_assert_ptr_nonnull(fgets(said, sizeof(said), pipe));
	ck_assert_int_eq(pclose(pipe), 0);
	rmdir(dir);
	ck_assert_msg(strncmp(said, "failed: ", 8) == 0 &&
	    strstr(said, "crypto policy") != NULL, "%s", said);
}
END_TEST

START_TEST(test_profile_counts)
{
	char said[256], expected[64];

	snprintf(expected, sizeof(expected), "%d, %d", strengths[_i].code,
	    strengths[_i].code);
	ask("codes", strengths[_i].file, said, sizeof(said));
	ck_assert_msg(strcmp(said, expected) == 0, "%s: %s, not %s",
	    strengths[_i].file, said, expected);
}
END_TEST

int
main(int argc, char **argv)
{
	Suite *suite;
	TCase *all;

	if (argc > 1)
		return strcmp(argv[1], "profile") == 0 ? say_profile() :
		    say_codes();
	program = argv[0];
	suite = suite_create("profile");
	all = tcase_create("all");
	tcase_add_loop_test(all, test_profile_of_the_system, 0,
	    (int)ARRAY_LEN(rows));
	tcase_add_test(all, test_profile_of_an_illegible_file);
	tcase_add_loop_test(all, test_profile_counts, 0,
	    (int)ARRAY_LEN(strengths));
	tcase_set_timeout(all, 120);
	suite_add_tcase(suite, all);
	return run_suite(suite);
}
