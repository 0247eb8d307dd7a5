/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* Codes and their names, and the filling of an error: src/error.c. */

#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "harness.h"

/*
 * Numbers and names are promises to programs: a row may be added here, none
 * may change.
 */
static const struct {
	int code, number;
	const char *name;
	int code_class;
} codes[] = {
	{ STARTTLS_OK, 0, "ok", STARTTLS_CLASS_NONE },
	{ STARTTLS_WANT_READ, -1, "want-read", STARTTLS_CLASS_NONE },
	{ STARTTLS_WANT_WRITE, -2, "want-write", STARTTLS_CLASS_NONE },
	{ STARTTLS_E_INVALID, -101, "invalid", STARTTLS_CLASS_USAGE },
	{ STARTTLS_E_STATE, -102, "state", STARTTLS_CLASS_USAGE },
	{ STARTTLS_E_FROZEN, -103, "frozen", STARTTLS_CLASS_USAGE },
	{ STARTTLS_E_POLICY, -104, "policy", STARTTLS_CLASS_USAGE },
	{ STARTTLS_E_PASSPHRASE, -105, "key-passphrase",
	  STARTTLS_CLASS_USAGE },
	{ STARTTLS_E_NOMEM, -201, "memory", STARTTLS_CLASS_LOCAL },
	{ STARTTLS_E_SYSTEM, -202, "system", STARTTLS_CLASS_LOCAL },
	{ STARTTLS_E_INTERRUPTED, -203, "interrupted", STARTTLS_CLASS_LOCAL },
	{ STARTTLS_E_RESOLVE, -301, "resolve", STARTTLS_CLASS_RESOLVE },
	{ STARTTLS_E_CONNECT, -401, "connect", STARTTLS_CLASS_CONNECT },
	{ STARTTLS_E_TIMEOUT, -501, "deadline", STARTTLS_CLASS_TIMEOUT },
	{ STARTTLS_E_PROTOCOL, -601, "protocol", STARTTLS_CLASS_PROTOCOL },
	{ STARTTLS_E_EARLY_DATA, -602, "early-data",
	  STARTTLS_CLASS_PROTOCOL },
	{ STARTTLS_E_LIMIT, -603, "limit", STARTTLS_CLASS_PROTOCOL },
	{ STARTTLS_E_FORBIDDEN, -604, "forbidden", STARTTLS_CLASS_PROTOCOL },
	{ STARTTLS_E_REFUSED, -701, "refused", STARTTLS_CLASS_REFUSED },
	{ STARTTLS_E_NOT_OFFERED, -702, "not-offered",
	  STARTTLS_CLASS_REFUSED },
	{ STARTTLS_E_REFUSED_TEMPORARY, -703, "refused-temporary",
	  STARTTLS_CLASS_REFUSED },
	{ STARTTLS_E_EOF, -801, "closed", STARTTLS_CLASS_CLOSED },
	{ STARTTLS_E_TRUNCATED, -802, "truncated", STARTTLS_CLASS_CLOSED },
	{ STARTTLS_E_IO, -803, "io", STARTTLS_CLASS_CLOSED },
	{ STARTTLS_E_TLS, -901, "tls", STARTTLS_CLASS_TLS },
	{ STARTTLS_E_ALERT, -902, "tls-alert", STARTTLS_CLASS_TLS },
	{ STARTTLS_E_NOT_TLS, -903, "not-tls", STARTTLS_CLASS_TLS },
	{ STARTTLS_E_ALPN, -904, "alpn", STARTTLS_CLASS_TLS },
	{ STARTTLS_E_UNTRUSTED, -1001, "cert-untrusted",
	  STARTTLS_CLASS_VERIFY },
	{ STARTTLS_E_EXPIRED, -1002, "cert-expired", STARTTLS_CLASS_VERIFY },
	{ STARTTLS_E_NOT_YET_VALID, -1003, "cert-not-yet-valid",
	  STARTTLS_CLASS_VERIFY },
	{ STARTTLS_E_NAME_MISMATCH, -1004, "name-mismatch",
	  STARTTLS_CLASS_VERIFY },
	{ STARTTLS_E_REVOKED, -1005, "cert-revoked", STARTTLS_CLASS_VERIFY },
	{ STARTTLS_E_PURPOSE, -1006, "cert-purpose", STARTTLS_CLASS_VERIFY },
	{ STARTTLS_E_WEAK, -1007, "cert-weak", STARTTLS_CLASS_VERIFY },
	{ STARTTLS_E_CONSTRAINTS, -1008, "cert-constraints",
	  STARTTLS_CLASS_VERIFY },
	{ STARTTLS_E_BAD_CHAIN, -1009, "cert-invalid",
	  STARTTLS_CLASS_VERIFY },
	{ STARTTLS_E_NO_STAPLE, -1010, "staple-missing",
	  STARTTLS_CLASS_VERIFY },
	{ STARTTLS_E_BAD_STAPLE, -1011, "staple-invalid",
	  STARTTLS_CLASS_VERIFY },
	{ STARTTLS_E_PIN_MISMATCH, -1012, "pin-mismatch",
	  STARTTLS_CLASS_VERIFY },
	{ STARTTLS_E_STALE_CRL, -1013, "crl-stale", STARTTLS_CLASS_VERIFY },
	{ STARTTLS_E_OTHER_CERT, -1014, "cert-differs",
	  STARTTLS_CLASS_VERIFY },
	{ STARTTLS_E_PEER_MISMATCH, -1015, "peer-mismatch",
	  STARTTLS_CLASS_VERIFY },
	{ STARTTLS_E_TLSA_MISMATCH, -1016, "tlsa-mismatch",
	  STARTTLS_CLASS_VERIFY },
	{ STARTTLS_E_TLSA_UNUSABLE, -1017, "tlsa-unusable",
	  STARTTLS_CLASS_VERIFY },
	{ STARTTLS_E_INCOMPLETE, -1018, "chain-incomplete",
	  STARTTLS_CLASS_VERIFY },
	{ STARTTLS_E_SELF_SIGNED, -1019, "cert-self-signed",
	  STARTTLS_CLASS_VERIFY },
	{ STARTTLS_E_PRIVATE_ROOT, -1020, "root-untrusted",
	  STARTTLS_CLASS_VERIFY },
	{ STARTTLS_E_DISORDERED, -1021, "chain-disordered",
	  STARTTLS_CLASS_VERIFY },
};

START_TEST(test_error_codes_are_stable)
{
	ck_assert_int_eq(codes[_i].code, codes[_i].number);
	ck_assert_str_eq(starttls_code_name(codes[_i].code), codes[_i].name);
	ck_assert_int_eq((int)starttls_code_class(codes[_i].code),
	    codes[_i].code_class);
	ck_assert_int_eq(starttls_is_fatal(codes[_i].code),
	    codes[_i].code_class != STARTTLS_CLASS_NONE &&
	    codes[_i].code != STARTTLS_E_INTERRUPTED);
}
END_TEST

START_TEST(test_error_code_names_are_unique_and_complete)
{
	size_t named = 0, i, k;
	int code;

	for (i = 0; i < ARRAY_LEN(codes); i++)
		for (k = 0; k < i; k++)
			ck_assert_str_ne(codes[i].name, codes[k].name);
	for (code = -3000; code < 1000; code++)
		named += strcmp(starttls_code_name(code), "unknown") != 0;
	ck_assert_msg(named == ARRAY_LEN(codes),
	    "%zu codes have names, the test knows %zu", named,
	    ARRAY_LEN(codes));
}
END_TEST

START_TEST(test_error_code_names_suit_machines)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(codes); i++)
		ck_assert_uint_eq(strspn(codes[i].name,
		    "abcdefghijklmnopqrstuvwxyz-"), strlen(codes[i].name));
}
END_TEST

START_TEST(test_error_class_of_no_code_is_none)
{
	static const int none[] = { 1, 100, INT_MAX, -3, -99, -100, -1100,
		-2000, INT_MIN };
	size_t i;

	for (i = 0; i < ARRAY_LEN(none); i++) {
		ck_assert_int_eq((int)starttls_code_class(none[i]),
		    STARTTLS_CLASS_NONE);
		ck_assert_str_eq(starttls_code_name(none[i]), "unknown");
	}
}
END_TEST

START_TEST(test_error_phase_names_are_stable)
{
	static const char *const names[] = { "none", "setup", "resolve",
		"connect", "greeting", "preamble", "handshake", "session" };
	int i;

	for (i = 0; i < (int)ARRAY_LEN(names); i++)
		ck_assert_str_eq(starttls_phase_name((enum starttls_phase)i),
		    names[i]);
	ck_assert_int_eq(STARTTLS_PHASE_SESSION, i - 1);
	ck_assert_str_eq(starttls_phase_name((enum starttls_phase)i),
	    "unknown");
	ck_assert_str_eq(starttls_phase_name((enum starttls_phase)99),
	    "unknown");
	ck_assert_str_eq(starttls_phase_name((enum starttls_phase)-1),
	    "unknown");
}
END_TEST

START_TEST(test_error_verdict_texts_are_one_for_each_bit)
{
	const char *text[32];
	unsigned bit, other;

	for (bit = 0; bit < 32; bit++) {
		text[bit] = starttls_verdict_text(1u << bit);
		ck_assert_int_eq(text[bit] != NULL,
		    1u << bit <= STARTTLS_V_DISORDERED);
		for (other = 0; text[bit] != NULL && other < bit; other++)
			ck_assert_str_ne(text[bit], text[other]);
		if (text[bit] != NULL)
			ck_assert(is_plain_line(text[bit]));
	}
	ck_assert_str_eq(text[1], "expired"); /* the header's example */
	ck_assert_ptr_null(starttls_verdict_text(0));
	ck_assert_ptr_null(starttls_verdict_text(3));
	ck_assert_ptr_null(starttls_verdict_text(~0u));
	ck_assert_ptr_null(starttls_verdict_text(STARTTLS_V_OTHER |
	    STARTTLS_V_EXPIRED));
}
END_TEST

START_TEST(test_error_version_is_that_of_the_header)
{
	ck_assert_str_eq(starttls_version(), STARTTLS_VERSION);
	ck_assert_str_eq(STARTTLS_VERSION, PACKAGE_VERSION);
#ifdef PACKAGE_VERSION
	ck_assert_str_eq(starttls_version(), PACKAGE_VERSION);
#endif
}
END_TEST

START_TEST(test_error_reset_says_nothing_failed)
{
	struct starttls_error error, zero;

	memset(&error, 0x5a, sizeof(error));
	memset(&zero, 0, sizeof(zero));
	zero.alert = -1;
	zero.depth = -1;
	starttls_error_reset(&error);
	ck_assert_mem_eq(&error, &zero, sizeof(zero));
}
END_TEST

START_TEST(test_error_init_says_the_same)
{
	struct starttls_error init = STARTTLS_ERROR_INIT, error;

	starttls_error_reset(&error);
	ck_assert_mem_eq(&init, &error, sizeof(error));
}
END_TEST

START_TEST(test_error_set_fills)
{
	struct starttls_error error;

	starttls_error_reset(&error);
	ck_assert_int_eq(starttls_error_set(&error, STARTTLS_E_REFUSED,
	    STARTTLS_PHASE_PREAMBLE, "%s %d", "no", 454), STARTTLS_E_REFUSED);
	ck_assert_int_eq(error.code, STARTTLS_E_REFUSED);
	ck_assert_int_eq(error.error_class, STARTTLS_CLASS_REFUSED);
	ck_assert_int_eq(error.phase, STARTTLS_PHASE_PREAMBLE);
	ck_assert_str_eq(error.message, "no 454");
	ck_assert_int_eq(error.sys_errno, 0);
	ck_assert_int_eq(error.gnutls_code, 0);
	ck_assert_int_eq(error.alert, -1);
	ck_assert_int_eq(error.depth, -1);
	ck_assert_uint_eq(error.verdict, 0);
}
END_TEST

START_TEST(test_error_first_cause_wins)
{
	struct starttls_error error, first;

	starttls_error_reset(&error);
	starttls_error_set(&error, STARTTLS_E_IO, STARTTLS_PHASE_GREETING,
	    "first");
	first = error;
	ck_assert_int_eq(starttls_error_set(&error, STARTTLS_E_TLS,
	    STARTTLS_PHASE_SESSION, "second"), STARTTLS_E_IO);
	ck_assert_mem_eq(&error, &first, sizeof(error));
	ck_assert_int_eq(starttls_error_sys(&error, STARTTLS_E_SYSTEM,
	    STARTTLS_PHASE_SESSION, EPERM, "third"), STARTTLS_E_IO);
	ck_assert_mem_eq(&error, &first, sizeof(error));
}
END_TEST

START_TEST(test_error_may_be_null)
{
	struct starttls_error from;

	ck_assert_int_eq(starttls_error_set(NULL, STARTTLS_E_IO,
	    STARTTLS_PHASE_SESSION, "%d", 1), STARTTLS_E_IO);
	ck_assert_int_eq(starttls_error_sys(NULL, STARTTLS_E_IO,
	    STARTTLS_PHASE_SESSION, EPERM, "%d", 1), STARTTLS_E_IO);
	starttls_error_reset(&from);
	starttls_error_set(&from, STARTTLS_E_EOF, STARTTLS_PHASE_SESSION,
	    "end");
	ck_assert_int_eq(starttls_error_give(NULL, &from), STARTTLS_E_EOF);
}
END_TEST

START_TEST(test_error_give_copies_all)
{
	struct starttls_error from, to;

	starttls_error_reset(&from);
	starttls_error_set(&from, STARTTLS_E_UNTRUSTED,
	    STARTTLS_PHASE_HANDSHAKE, "why");
	from.verdict = STARTTLS_V_UNTRUSTED;
	from.depth = 2;
	snprintf(from.reply, sizeof(from.reply), "words");
	memset(&to, 0x5a, sizeof(to));
	ck_assert_int_eq(starttls_error_give(&to, &from),
	    STARTTLS_E_UNTRUSTED);
	ck_assert_mem_eq(&to, &from, sizeof(to));
	ck_assert_int_eq(starttls_error_give(&from, &from),
	    STARTTLS_E_UNTRUSTED);
	ck_assert_mem_eq(&to, &from, sizeof(to));
}
END_TEST

START_TEST(test_error_appends_the_words_for_an_errno)
{
	struct starttls_error error;
	char want[200];

	starttls_error_reset(&error);
	ck_assert_int_eq(starttls_error_sys(&error, STARTTLS_E_CONNECT,
	    STARTTLS_PHASE_CONNECT, ECONNREFUSED, "to %s", "h"),
	    STARTTLS_E_CONNECT);
	snprintf(want, sizeof(want), "to h: %s", strerror(ECONNREFUSED));
	ck_assert_str_eq(error.message, want);
	ck_assert_int_eq(error.sys_errno, ECONNREFUSED);
	ck_assert_int_eq(error.error_class, STARTTLS_CLASS_CONNECT);

	starttls_error_reset(&error);
	starttls_error_sys(&error, STARTTLS_E_SYSTEM, STARTTLS_PHASE_SETUP,
	    99999, "odd");
	ck_assert(is_plain_line(error.message));
	ck_assert_uint_gt(strlen(error.message), strlen("odd: "));
}
END_TEST

/* Every length around the limit; what is behind the message is untouched. */
START_TEST(test_error_messages_are_cut)
{
	char text[2 * STARTTLS_MESSAGE_SIZE];
	struct {
		struct starttls_error error;
		char guard[16];
	} box;
	size_t len;

	for (len = 1; len < sizeof(text); len++) {
		memset(text, 'a', len);
		text[len] = '\0';
		memset(&box, 0x5a, sizeof(box));
		starttls_error_reset(&box.error);
		starttls_error_set(&box.error, STARTTLS_E_IO,
		    STARTTLS_PHASE_SESSION, "%s", text);
		ck_assert_uint_eq(strlen(box.error.message),
		    len < STARTTLS_MESSAGE_SIZE ? len :
		    STARTTLS_MESSAGE_SIZE - 1);
		starttls_error_reset(&box.error);
		starttls_error_sys(&box.error, STARTTLS_E_IO,
		    STARTTLS_PHASE_SESSION, EPIPE, "%s", text);
		ck_assert_uint_lt(strlen(box.error.message),
		    STARTTLS_MESSAGE_SIZE);
		ck_assert_int_eq(box.error.sys_errno, EPIPE);
		ck_assert_int_eq(box.guard[0], 0x5a);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("error");
	TCase *names = tcase_create("names");
	TCase *filling = tcase_create("filling");

	tcase_add_loop_test(names, test_error_codes_are_stable, 0,
	    ARRAY_LEN(codes));
	tcase_add_test(names, test_error_code_names_are_unique_and_complete);
	tcase_add_test(names, test_error_code_names_suit_machines);
	tcase_add_test(names, test_error_class_of_no_code_is_none);
	tcase_add_test(names, test_error_phase_names_are_stable);
	tcase_add_test(names, test_error_verdict_texts_are_one_for_each_bit);
	tcase_add_test(names, test_error_version_is_that_of_the_header);
	suite_add_tcase(suite, names);

	tcase_add_test(filling, test_error_reset_says_nothing_failed);
	tcase_add_test(filling, test_error_init_says_the_same);
	tcase_add_test(filling, test_error_set_fills);
	tcase_add_test(filling, test_error_first_cause_wins);
	tcase_add_test(filling, test_error_may_be_null);
	tcase_add_test(filling, test_error_give_copies_all);
	tcase_add_test(filling, test_error_appends_the_words_for_an_errno);
	tcase_add_test(filling, test_error_messages_are_cut);
	suite_add_tcase(suite, filling);
	return run_suite(suite);
}
