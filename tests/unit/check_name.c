/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* Reference names and their comparison with presented ones: src/name.c. */

#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "name.h"
#include "text.h"

#define L10 "abcdefghij"
#define L50 L10 L10 L10 L10 L10
#define L63 L50 L10 "abc"
#define D64 L63 "."                /* a longest label and its dot */
#define N253 D64 D64 D64 L50 "." L10

static const struct {
	const char *in, *text;
	size_t ip_len;             /* 0: a DNS name */
	uint8_t ip[16];
} good[] = {
	{ "example.org", "example.org", 0, { 0 } },
	{ "MAIL.Example.ORG", "mail.example.org", 0, { 0 } },
	{ "example.org.", "example.org", 0, { 0 } },
	{ "localhost", "localhost", 0, { 0 } },
	{ "a", "a", 0, { 0 } },
	{ "x-1.example", "x-1.example", 0, { 0 } },
	{ "_imap._tcp.example.org", "_imap._tcp.example.org", 0, { 0 } },
	{ "my_host.example", "my_host.example", 0, { 0 } },
	{ "1.example", "1.example", 0, { 0 } },
	{ "1.2.3.4.example", "1.2.3.4.example", 0, { 0 } },
	{ "3com", "3com", 0, { 0 } },
	{ "1a.2b", "1a.2b", 0, { 0 } },
	{ "0x7f.example", "0x7f.example", 0, { 0 } },
	{ "127.0xg", "127.0xg", 0, { 0 } },
	{ "x0.00x0", "x0.00x0", 0, { 0 } },
	{ L63, L63, 0, { 0 } },
	{ L63 ".example", L63 ".example", 0, { 0 } },
	{ N253, N253, 0, { 0 } },
	{ N253 ".", N253, 0, { 0 } },
	{ "xn--bcher-kva.example", "xn--bcher-kva.example", 0, { 0 } },
	{ "XN--BCHER-KVA.Example", "xn--bcher-kva.example", 0, { 0 } },
	{ "b\xc3\xbc" "cher.example", "xn--bcher-kva.example", 0, { 0 } },
	{ "B\xc3\x9c" "CHER.Example.", "xn--bcher-kva.example", 0, { 0 } },
	{ "bu\xcc\x88" "cher.example", "xn--bcher-kva.example", 0, { 0 } },
	{ "fa\xc3\x9f.de", "xn--fa-hia.de", 0, { 0 } },
	/* full-width letters and the ideographic full stop */
	{ "\xef\xbd\x81\xe3\x80\x82" "example", "a.example", 0, { 0 } },
	{ "\xe4\xbe\x8b\xe5\xad\x90.\xe6\xb5\x8b\xe8\xaf\x95",
	  "xn--fsqu00a.xn--0zwm56d", 0, { 0 } },
	{ "127.0.0.1", "127.0.0.1", 4, { 127, 0, 0, 1 } },
	{ "255.255.255.255", "255.255.255.255", 4, { 255, 255, 255, 255 } },
	{ "0.0.0.0", "0.0.0.0", 4, { 0 } },
	{ "::1", "::1", 16, { [15] = 1 } },
	{ "::", "::", 16, { 0 } },
	{ "2001:db8::a:1", "2001:db8::a:1", 16,
	  { 0x20, 1, 0xd, 0xb8, [13] = 0xa, [15] = 1 } },
	{ "fe80::1%eth0", "fe80::1", 16, { 0xfe, 0x80, [15] = 1 } },
	{ "fe80::1%2", "fe80::1", 16, { 0xfe, 0x80, [15] = 1 } },
	{ "::ffff:127.0.0.1", "::ffff:127.0.0.1", 16,
	  { [10] = 0xff, [11] = 0xff, [12] = 127, [15] = 1 } },
};

START_TEST(test_name_parse_accepts)
{
	struct name name;
	const char *why = "";
	int rc = starttls_name_parse(good[_i].in, &name, &why);

	ck_assert_msg(rc == 0, "%s: %d, %s", good[_i].in, rc, why);
	ck_assert_str_eq(name.text, good[_i].text);
	ck_assert_uint_eq(name.ip_len, good[_i].ip_len);
	ck_assert_int_eq(name.is_absolute,
	    good[_i].in[strlen(good[_i].in) - 1] == '.');
	ck_assert_mem_eq(name.ip, good[_i].ip, good[_i].ip_len);
}
END_TEST

#define CHARACTER "character"
#define NUMERIC "ends in a number"
#define IDN "internationalised"

static const struct {
	const char *in, *why;      /* part of the reason; NULL: any */
} bad[] = {
	{ "", "empty" }, { ".", "empty" }, { "..", "empty label" },
	{ ".example", "empty label" }, { "a..b", "empty label" },
	{ "a..", "empty label" },
	{ L63 "d", "63 characters" }, { "a." L63 "d.org", "63 characters" },
	{ N253 "x", "253 characters" }, { N253 "x.", "253 characters" },
	{ N253 N253, "253 characters" },
	{ " ", CHARACTER }, { "a b", CHARACTER }, { " a", CHARACTER },
	{ "a ", CHARACTER }, { "a\tb", CHARACTER }, { "a\n", CHARACTER },
	{ "a\r\nQUIT", CHARACTER }, { "a\x7f", CHARACTER },
	{ "a\x1b[31m", CHARACTER }, { "a/b", CHARACTER },
	{ "a:25", CHARACTER }, { "u@a", CHARACTER }, { "a,b", CHARACTER },
	{ "a;b", CHARACTER }, { "a'b", CHARACTER }, { "a%b", CHARACTER },
	{ "*", CHARACTER }, { "*.example.org", CHARACTER },
	{ "[::1]", CHARACTER }, { "fe80::1%", CHARACTER },
	{ "%eth0", CHARACTER }, { "1::2::3", CHARACTER },
	{ "::g", CHARACTER }, { "127.0.0.1%lo", CHARACTER },
	{ "1", NUMERIC }, { "127.1", NUMERIC }, { "2130706433", NUMERIC },
	{ "1.2.3", NUMERIC }, { "1.2.3.4.5", NUMERIC },
	{ "256.1.1.1", NUMERIC }, { "01.2.3.4", NUMERIC },
	{ "1.2.3.4.", NUMERIC }, { "example.1", NUMERIC },
	{ "0x7f.1", NUMERIC }, { "0x7f000001", NUMERIC },
	{ "0X7F000001", NUMERIC }, { "127.0x1", NUMERIC },
	{ "127.0x1.", NUMERIC }, { "0x7f.0x0.0x0.0x1", NUMERIC },
	{ "0177.0.0.1", NUMERIC }, { "017700000001", NUMERIC },
	{ "example.0x1", NUMERIC }, { "0x", NUMERIC },
	{ "127.0.0.0x", NUMERIC }, { "0xabcdef.0xABCDEF", NUMERIC },
	{ "127.\xef\xbc\x90x1", NUMERIC },             /* full-width 0 */
	{ "\xef\xbc\x91.0.0.1", NUMERIC },             /* full-width 1 */
	{ "\xc3\xbc.1", NUMERIC },
	{ "\xff.org", IDN }, { "a\xc3.org", IDN },     /* not UTF-8 */
	{ "\xc0\xaf.org", IDN }, { "\xed\xa0\x80.org", IDN },
	{ "\xc2\x9b.org", IDN },                       /* a C1 control */
	{ "a\xe2\x80\xae" "b.org", IDN },               /* override */
	{ "\xe2\x80\x8d.org", IDN },                   /* lone joiner */
	{ "\xd7\x90" "a.org", IDN },                    /* both directions */
	{ "\xcc\x80" "a.org", IDN },                    /* mark first */
	{ "\xc3\xbc..org", "empty label" },
	{ ".\xc3\xbc", "empty label" },
	/* what does not belong must not just vanish from the name */
	{ "\xc3\xbc@a.org", NULL }, { "\xc3\xbc%lo", NULL },
	{ "_a.\xc3\xbc.org", NULL }, { "\xc3\xbc_a.org", NULL },
	{ "\xc3\xbc/a.org", NULL }, { "\xc3\xbc:25", NULL }, { "\xc3\xbc\n.org", NULL },
	{ "\xc3\xbc\r\nQUIT", NULL }, { "\xc3\xbc b.org", NULL },
	{ "*.\xc3\xbc.org", NULL }, { "a*.\xc3\xbc.org", NULL },
	{ "exam\xe2\x84\x80le.org", NULL },             /* a/c */
	{ "ab\xef\xbc\x8f.org", NULL },                 /* full-width / */
	{ "ab\xef\xbc\xa0" "c.org", NULL },             /* full-width @ */
	{ "a\xc2\xa8" "b.org", NULL },                  /* has a blank */
	{ "a\xef\xbc\x9d" "b.org", NULL },              /* full-width = */
	{ "a\xee\x80\x80" "b.org", NULL },              /* private use */
};

START_TEST(test_name_parse_refuses)
{
	struct name name, before;
	const char *why = NULL;
	char shown[80];
	int rc;

	starttls_text_clean(shown, sizeof(shown), bad[_i].in,
	    strlen(bad[_i].in));
	memset(&name, 0x5a, sizeof(name));
	before = name;
	rc = starttls_name_parse(bad[_i].in, &name, &why);
	ck_assert_msg(rc == STARTTLS_E_INVALID, "\"%s\" gives %d, \"%s\"",
	    shown, rc, rc == 0 ? name.text : "");
	ck_assert_msg(why != NULL && is_plain_line(why), "\"%s\"",
	    shown);
	ck_assert_msg(bad[_i].why == NULL || strstr(why, bad[_i].why) != NULL,
	    "\"%s\": %s", shown, why);
	ck_assert_mem_eq(&name, &before, sizeof(name));
}
END_TEST

/* Whatever it is, the result is a name, or there is a reason. */
START_TEST(test_name_parse_gives_only_names)
{
	static const char alphabet[] = "abzAZ059-_.:%[]/@* \n\xc3\xbc\xff";
	uint32_t state = 5;
	char text[300];
	size_t round, len, i;
	struct name name;
	const char *why;

	for (round = 0; round < 20000; round++) {
		len = round % 5 == 0 ? 240 + round / 5 % 40 : round % 12;
		for (i = 0; i < len; i++) {
			state = state * 1664525u + 1013904223u;
			text[i] = alphabet[(state >> 24) %
			    (len > 12 ? 11 : sizeof(alphabet) - 1)];
			if (len > 12 && i % 40 == 39)
				text[i] = '.';
		}
		text[len] = '\0';
		why = NULL;
		if (starttls_name_parse(text, &name, &why) != 0) {
			ck_assert(why != NULL);
			continue;
		}
		len = strlen(name.text);
		ck_assert_uint_gt(len, 0);
		ck_assert_uint_le(len, 253);
		if (name.ip_len == 0)
			ck_assert_uint_eq(strspn(name.text,
			    "abcdefghijklmnopqrstuvwxyz0123456789-_."), len);
		else
			ck_assert(name.ip_len == 4 || name.ip_len == 16);
	}
}
END_TEST

static const struct {
	const char *name, *presented;
	size_t len;                /* 0: strlen(presented) */
	bool matches;
} dns[] = {
	{ "example.org", "example.org", 0, true },
	{ "example.org", "EXAMPLE.oRG", 0, true },
	{ "EXAMPLE.org", "example.org", 0, true },
	{ "example.org.", "example.org", 0, true },
	{ "localhost", "localhost", 0, true },
	{ "b\xc3\xbc" "cher.example", "xn--bcher-kva.example", 0, true },
	{ "b\xc3\xbc" "cher.example", "XN--BCHER-KVA.example", 0, true },
	{ "b\xc3\xbc" "cher.example", "b\xc3\xbc" "cher.example", 0, false },
	{ "b\xc3\xbc" "cher.example", "bucher.example", 0, false },

	{ "example.org", "example.or", 0, false },
	{ "example.org", "example.orga", 0, false },
	{ "example.org", "xample.org", 0, false },
	{ "example.org", "aexample.org", 0, false },
	{ "example.org", "mail.example.org", 0, false },
	{ "mail.example.org", "example.org", 0, false },
	{ "example.org", ".example.org", 0, false },
	{ "example.org", "example.org..", 0, false },
	/* what people write with a final dot, certificates must not */
	{ "example.org", "example.org.", 0, false },
	{ "example.org.", "example.org.", 0, false },
	{ "mail.example.org", "*.example.org.", 0, false },
	{ "mail.example.org.", "*.example.org.", 0, false },
	{ "example.org", "example_org", 0, false },
	{ "example.org", "examplexorg", 0, false },
	{ "example.org", " example.org", 0, false },
	{ "example.org", "example.org ", 0, false },
	{ "example.org", "", 0, false },
	{ "example.org", ".", 0, false },
	{ "a", ".", 0, false },

	/* a wildcard is the whole left-most label, for one label */
	{ "mail.example.org", "*.example.org", 0, true },
	{ "MAIL.example.org", "*.EXAMPLE.org", 0, true },
	{ "xn--bcher-kva.example.org", "*.example.org", 0, true },
	{ "a.b.example.org", "*.b.example.org", 0, true },
	{ "example.org", "*.example.org", 0, false },
	{ "a.b.example.org", "*.example.org", 0, false },
	{ "mail.example.org", "*.example.net", 0, false },
	{ "mail.example.org", "*example.org", 0, false },
	{ "mail.example.org", "m*.example.org", 0, false },
	{ "mail.example.org", "*l.example.org", 0, false },
	{ "mail.example.org", "m*l.example.org", 0, false },
	{ "mail.example.org", "mail*.example.org", 0, false },
	{ "mail.example.org", "**.example.org", 0, false },
	{ "mail.example.org", "*.*.org", 0, false },
	{ "mail.example.org", "mail.*.org", 0, false },
	{ "mail.example.org", "mail.example.*", 0, false },
	{ "mail.example.org", "*.*.*", 0, false },
	{ "mail.example.org", "*", 0, false },
	{ "mail.example.org", "*.", 0, false },
	{ "mail.example.org", "*..", 0, false },
	{ "mail.example.org", "*..example.org", 0, false },
	{ "mail.example.org", ".*.example.org", 0, false },
	{ "xn--mail-.example.org", "xn--*.example.org", 0, false },
	{ "localhost", "*", 0, false },
	/* two labels behind it at least, a final dot is none */
	{ "example.org", "*.org", 0, false },
	{ "example.org", "*.org.", 0, false },
	{ "example.org.", "*.org.", 0, false },
	{ "example.org", "*..org", 0, false },

	/* octets are counted */
	{ "example.org", "example.org\0", 12, false },
	{ "example.org", "example.org\0.evil.example", 25, false },
	{ "example.org", "\0example.org", 12, false },
	{ "example.org", "example\0.org", 12, false },
	{ "mail.example.org", "*.example.org\0", 14, false },
	{ "mail.example.org", "*\0.example.org", 14, false },
	{ "example.org", "\0", 1, false },
	{ "example.org", "example.org.evil", 11, true },
	{ "example.org", "example.org.evil", 12, false },
	{ "example.org", "e\xe8" "ample.org", 0, false },

	/* an address is no name */
	{ "127.0.0.1", "127.0.0.1", 0, false },
	{ "127.0.0.1", "*.0.0.1", 0, false },
	{ "::1", "::1", 0, false },
	{ "127.0.0.1", "\x7f\0\0\1", 4, false },
};

START_TEST(test_name_matches_dns)
{
	size_t len = dns[_i].len != 0 ? dns[_i].len :
	    strlen(dns[_i].presented);
	/* of its very size, for the sanitizers to see */
	uint8_t *presented = malloc(len + (len == 0));
	struct name name;
	const char *why;

	ck_assert_int_eq(starttls_name_parse(dns[_i].name, &name, &why), 0);
	memcpy(presented, dns[_i].presented, len);
	ck_assert_msg(starttls_name_matches_dns(&name, presented, len) ==
	    dns[_i].matches, "%s and \"%s\" of %zu bytes", dns[_i].name,
	    dns[_i].presented, len);
	free(presented);
}
END_TEST

static const struct {
	const char *name;
	uint8_t ip[17];
	size_t len;
	bool matches;
} ips[] = {
	{ "127.0.0.1", { 127, 0, 0, 1 }, 4, true },
	{ "127.0.0.1", { 127, 0, 0, 2 }, 4, false },
	{ "127.0.0.1", { 127, 0, 0, 1 }, 3, false },
	{ "127.0.0.1", { 127, 0, 0, 1 }, 5, false },
	{ "127.0.0.1", { 127, 0, 0, 1, 255, 255, 255, 255 }, 8, false },
	{ "127.0.0.1", { 127, 0, 0, 1 }, 16, false },
	{ "127.0.0.1", { 0 }, 0, false },
	{ "127.0.0.1", "127.0.0.1", 9, false },
	{ "127.0.0.1", { [10] = 255, 255, 127, 0, 0, 1 }, 16, false },
	{ "::ffff:127.0.0.1", { 127, 0, 0, 1 }, 4, false },
	{ "::ffff:127.0.0.1", { [10] = 255, 255, 127, 0, 0, 1 }, 16, true },
	{ "::1", { [15] = 1 }, 16, true },
	{ "::1", { [15] = 2 }, 16, false },
	{ "::1", { [15] = 1 }, 15, false },
	{ "::1", { [15] = 1 }, 17, false },
	{ "fe80::1%eth0", { 0xfe, 0x80, [15] = 1 }, 16, true },
	{ "0.0.0.0", { 0 }, 4, true },
	{ "localhost", { 127, 0, 0, 1 }, 4, false },
	{ "localhost", { 0 }, 0, false },
	{ "localhost", "localhost", 9, false },
};

START_TEST(test_name_matches_ip)
{
	struct name name;
	const char *why;

	ck_assert_int_eq(starttls_name_parse(ips[_i].name, &name, &why), 0);
	ck_assert_msg(starttls_name_matches_ip(&name, ips[_i].ip,
	    ips[_i].len) == ips[_i].matches, "row %d, %s", _i, ips[_i].name);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("name");
	TCase *parse = tcase_create("parse");
	TCase *matches = tcase_create("matches");

	tcase_add_loop_test(parse, test_name_parse_accepts, 0,
	    ARRAY_LEN(good));
	tcase_add_loop_test(parse, test_name_parse_refuses, 0,
	    ARRAY_LEN(bad));
	tcase_add_test(parse, test_name_parse_gives_only_names);
	suite_add_tcase(suite, parse);

	tcase_add_loop_test(matches, test_name_matches_dns, 0,
	    ARRAY_LEN(dns));
	tcase_add_loop_test(matches, test_name_matches_ip, 0,
	    ARRAY_LEN(ips));
	suite_add_tcase(suite, matches);
	return run_suite(suite);
}
