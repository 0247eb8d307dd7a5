/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* Near misses: src/near.c. */

#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "near.h"

static const char *const words[] = {
	"check", "connect", "imap", "imaps", "pop3", "--ca-file", "--ca-dir",
	"--max-connections", "json", "4", NULL
};

static const struct {
	const char *word;
	const char *best;          /* NULL: none is near */
} rows[] = {
	{ "check", "check" }, { "CHECK", "check" },
	{ "chekc", "check" }, { "hcekc", NULL }, { "chck", "check" },
	{ "cheeck", "check" }, { "chack", "check" },
	{ "conect", "connect" }, { "imapp", "imap" }, { "imapss", "imaps" },
	{ "pop", "pop3" }, { "--ca-flie", "--ca-file" },
	{ "--cadir", "--ca-dir" }, { "--max-conn", "--max-connections" },
	{ "--max", "--max-connections" }, { "JSN", "json" },
	/* too short, too far, nothing */
	{ "im", NULL }, { "5", NULL }, { "", NULL }, { "xml", NULL },
	{ "imap imap imap", NULL }, { "--tls", NULL },
	{ "ch\xc3\xa9" "ck", "check" },
	{ "checkcheckcheckcheckcheckcheckcheck", NULL },
};

START_TEST(test_near)
{
	struct near n;
	size_t i;

	starttls_near_begin(&n, rows[_i].word, strlen(rows[_i].word));
	starttls_near_offer(&n, NULL);
	starttls_near_offer(&n, "");
	for (i = 0; words[i] != NULL; i++)
		starttls_near_offer(&n, words[i]);
	if (rows[_i].best == NULL)
		ck_assert_msg(n.best == NULL, "\"%s\" is near to \"%s\"",
		    rows[_i].word, n.best);
	else
		ck_assert_str_eq(n.best, rows[_i].best);
}
END_TEST

/* A word need not end where its text does. */
START_TEST(test_near_part)
{
	struct near n;

	starttls_near_begin(&n, "imapp://host", 5);
	starttls_near_offer(&n, "imap");
	ck_assert_str_eq(n.best, "imap");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("near");
	TCase *tc = tcase_create("near");

	tcase_add_loop_test(tc, test_near, 0, ARRAY_LEN(rows));
	tcase_add_test(tc, test_near_part);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
