/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* What may be shown of what was typed: src/typed.c. */

#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "typed.h"

static const struct {
	const char *typed, *shown;
} rows[] = {
	{ "", "" }, { "imap://h", "imap://h" },
	{ "imap://b\xc3\xbc" "cher.example", "imap://b\xc3\xbc" "cher.example" },
	{ "\xd7\x90\xd7\x91.example", "\xd7\x90\xd7\x91.example" },
	{ "\xe4\xbe\x8b\xe3\x81\x88", "\xe4\xbe\x8b\xe3\x81\x88" },
	{ "\xf0\x9f\x93\xa7", "\xf0\x9f\x93\xa7" },
	/* controls, those of eight bits too */
	{ "\x1b[31m\r\n\x7f", "?[31m???" }, { "\xc2\x9b" "31m", "??31m" },
	{ "\x9b", "?" }, { "\xc2\x85", "??" },
	/* what turns or hides */
	{ "\xe2\x80\xae" "moc", "???moc" }, { "\xe2\x81\xa6", "???" },
	{ "a\xe2\x80\x8b" "b", "a???b" }, { "\xc2\xad", "??" },
	{ "\xef\xbb\xbf", "???" }, { "\xe2\x80\xa8", "???" },
	{ "\xd8\x9c", "??" }, { "\xf3\xa0\x81\x81", "????" },
	/* no UTF-8: cut, too long, of half a pair, too large */
	{ "\xc3", "?" }, { "\xe2\x80", "??" }, { "\xc0\xaf", "??" },
	{ "\xe0\x80\xaf", "???" }, { "\xed\xa0\x80", "???" },
	{ "\xf4\x90\x80\x80", "????" }, { "\xff\xfe", "??" },
	{ "\xc3(", "?(" },
	/* PINs */
	{ "pkcs11:object=k?pin-value=471100", "pkcs11:object=k?pin-value=..." },
	{ "x pin-value=4711&module-name=y: no", "x pin-value=...&module-name=y"
	  ": no" },
	{ "PIN-VALUE=47", "PIN-VALUE=.." }, { "pin-value=", "pin-value=" },
	{ "\"a?pin-value=471123\" \"b?Pin-Value=08154711\"",
	  "\"a?pin-value=...\" \"b?Pin-Value=...\"" },
	{ "pin-value=pin-value=4711", "pin-value=..." },
	{ "pin-value= pin-value=4711", "pin-value= pin-value=..." },
};

START_TEST(test_typed)
{
	char shown[100];

	ck_assert_str_eq(starttls_typed_show(shown, sizeof(shown),
	    rows[_i].typed), rows[_i].shown);
}
END_TEST

/* Cut to size, but never within a character. */
START_TEST(test_typed_cut)
{
	char shown[8];
	size_t size;

	for (size = 1; size <= sizeof(shown); size++) {
		starttls_typed_show(shown, size, "\xc3\xbc\xc3\xbc\xc3\xbc");
		ck_assert_uint_eq(strlen(shown), (size - 1) / 2 * 2);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("typed");
	TCase *tc = tcase_create("typed");

	tcase_add_loop_test(tc, test_typed, 0, ARRAY_LEN(rows));
	tcase_add_test(tc, test_typed_cut);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
