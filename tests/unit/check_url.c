/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* URLs: src/url.c. */

#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "harness.h"
#include "starttls.h"
#include "traits.h"

#define SECRET "Tr0ub4dor"
#define HUGE_LEN 100000

static const struct {
	const char *text, *protocol;
	enum starttls_stage from;
	const char *host, *port;
} good[] = {
	{ "imap://h", "imap", STARTTLS_GREETING, "h", "143" },
	{ "imaps://h", "imap", STARTTLS_HANDSHAKE, "h", "993" },
	{ "IMAP://h", "imap", STARTTLS_GREETING, "h", "143" },
	{ "ImapS://h", "imap", STARTTLS_HANDSHAKE, "h", "993" },
	{ "imap://Mail.Example.ORG", "imap", STARTTLS_GREETING,
	  "Mail.Example.ORG", "143" },
	{ "imap://h/", "imap", STARTTLS_GREETING, "h", "143" },
	{ "imap://h:1143", "imap", STARTTLS_GREETING, "h", "1143" },
	{ "imap://h:1143/", "imap", STARTTLS_GREETING, "h", "1143" },
	{ "imap://h:1", "imap", STARTTLS_GREETING, "h", "1" },
	{ "imap://h:65535", "imap", STARTTLS_GREETING, "h", "65535" },
	{ "smtp://127.0.0.1:25", "smtp", STARTTLS_GREETING, "127.0.0.1",
	  "25" },
	{ "smtps://h.", "smtp", STARTTLS_HANDSHAKE, "h.", "465" },
	{ "imap://[::1]", "imap", STARTTLS_GREETING, "::1", "143" },
	{ "imap://[::1]/", "imap", STARTTLS_GREETING, "::1", "143" },
	{ "imap://[::1]:1143", "imap", STARTTLS_GREETING, "::1", "1143" },
	{ "imaps://[::1]:1143/", "imap", STARTTLS_HANDSHAKE, "::1", "1143" },
	{ "imap://[fe80::1%25eth0]", "imap", STARTTLS_GREETING,
	  "fe80::1%eth0", "143" },
	{ "imap://[fe80::1%25eth0]:1143", "imap", STARTTLS_GREETING,
	  "fe80::1%eth0", "1143" },
	{ "imap://[fe80::1%eth0]:1143", "imap", STARTTLS_GREETING,
	  "fe80::1%eth0", "1143" },
	{ "imap://[fe80::1%25]", "imap", STARTTLS_GREETING, "fe80::1%25",
	  "143" },
	{ "imap://b\xc3\xbc" "cher.example:1143", "imap", STARTTLS_GREETING,
	  "b\xc3\xbc" "cher.example", "1143" },
};

START_TEST(test_url_parse_accepts)
{
	struct starttls_error error;
	struct starttls_url url = { .size = sizeof(url) };
	int rc;

	starttls_error_reset(&error);
	rc = starttls_url_parse(good[_i].text, &url, &error);
	ck_assert_msg(rc == 0, "%s: %s", good[_i].text, error.message);
	ck_assert_ptr_eq(url.protocol,
	    starttls_protocol_find(good[_i].protocol));
	ck_assert_int_eq((int)url.from, (int)good[_i].from);
	ck_assert_str_eq(url.host, good[_i].host);
	ck_assert_str_eq(url.port, good[_i].port);
	ck_assert_int_eq(error.code, 0);
}
END_TEST

static void
expect_scheme(const struct starttls_protocol *protocol,
	      enum starttls_stage from)
{
	const char *scheme = starttls_protocol_scheme(protocol, from);
	char text[64];
	struct starttls_url url = { .size = sizeof(url) };
	size_t i;

	if (scheme == NULL)
		return;
	snprintf(text, sizeof(text), "%s://h", scheme);
	if (starttls_protocol_port(protocol, from) == NULL) {
		ck_assert_int_ne(starttls_url_parse(text, &url, NULL), 0);
		return;
	}
	for (i = 0; i < 2; i++) {
		ck_assert_int_eq(starttls_url_parse(text, &url, NULL), 0);
		ck_assert_ptr_eq(url.protocol, protocol);
		ck_assert_int_eq((int)url.from, (int)from);
		ck_assert_str_eq(url.port,
		    starttls_protocol_port(protocol, from));
		for (char *at = text; *at != ':'; at++)
			*at = (char)toupper(*at);
	}
	/* neither longer nor shorter */
	snprintf(text, sizeof(text), "%sx://h", scheme);
	ck_assert_int_ne(starttls_url_parse(text, &url, NULL), 0);
	snprintf(text, sizeof(text), "x%s://h", scheme);
	ck_assert_int_ne(starttls_url_parse(text, &url, NULL), 0);
	snprintf(text, sizeof(text), "%.*s://h", (int)strlen(scheme) - 2,
	    scheme);
	ck_assert_int_ne(starttls_url_parse(text, &url, NULL), 0);
}

START_TEST(test_url_parse_knows_every_scheme)
{
	const struct starttls_protocol *p = NULL;
	int count = 0;

	while ((p = starttls_protocol_next(p)) != NULL) {
		if (has_upgrade(p))
			expect_scheme(p, STARTTLS_GREETING);
		expect_scheme(p, STARTTLS_HANDSHAKE);
		count++;
	}
	ck_assert_int_ge(count, 5);
}
END_TEST

static const struct {
	const char *text, *why;    /* part of the message */
} bad[] = {
	{ "", "no scheme" }, { "h", "no scheme" }, { "imap", "no scheme" },
	{ "imap:", "no scheme" }, { "imap:h", "no scheme" },
	{ "imap:/h", "no scheme" }, { "imap//h", "no scheme" },
	{ "h:143", "no scheme" }, { "imap:h//", "no scheme" },
	{ "://h", "unknown scheme; there are " },
	{ "gopher://h", "unknown scheme; there are " },
	{ "gopher://h", " imap, " },
	{ "imapp://h", "unknown scheme (did you mean imap://?)" },
	{ "smpts://h", "unknown scheme (did you mean smtps://?)" },
	{ "sumbission://h", "unknown scheme (did you mean submission://?)" },
	{ "http://h", "unknown scheme" },
	{ "ima://h", "unknown scheme" }, { "imapss://h", "unknown scheme" },
	{ " imap://h", "unknown scheme" }, { "imap ://h", "unknown scheme" },
	{ "imap\n://h", "unknown scheme" }, { "im%61p://h", "unknown scheme" },
	{ "\xc4\xb1map://h", "unknown scheme" },
	{ "imap://", "no host" }, { "imap:///", "no host" },
	{ "imap://:143", "no host" }, { "imap://[]", "no host" },
	{ "imap://[]:143", "no host" },
	{ "imap://h/INBOX", "nothing may follow" },
	{ "imap://h//", "nothing may follow" },
	{ "imap://h/?", "nothing may follow" },
	{ "imap://h?q", "nothing may follow" },
	{ "imap://h#f", "nothing may follow" },
	{ "imap://h?", "nothing may follow" },
	{ "imap://h:143/INBOX", "nothing may follow" },
	{ "imap://[::1]/INBOX", "nothing may follow" },
	{ "imap:////h", "nothing may follow" },
	{ "imap://?", "nothing may follow" },
	{ "imap://user@h", "no user or password" },
	{ "imap://user@", "no user or password" },
	{ "imap://@h", "no user or password" },
	{ "imap://a@b@h", "no user or password" },
	{ "imap://user@[::1]:143", "no user or password" },
	{ "imap://::1", "brackets" }, { "imap://::1:143", "brackets" },
	{ "imap://fe80::1%25eth0", "brackets" }, { "imap://a:b:1", "brackets" },
	{ "imap://[::1", "']' is missing" },
	{ "imap://[", "']' is missing" },
	{ "imap://[::1/", "']' is missing" },
	{ "imap://[::1]x", "may follow ']'" },
	{ "imap://[::1]143", "may follow ']'" },
	{ "imap://[::1]]", "may follow ']'" },
	{ "imap://[::1].", "may follow ']'" },
	{ "imap://h:", "port" }, { "imap://h:/", "port" },
	{ "imap://[::1]:", "port" }, { "imap://h:0", "port" },
	{ "imap://h:00000", "port" }, { "imap://h:65536", "port" },
	{ "imap://h:99999", "port" }, { "imap://h:100000", "port" },
	{ "imap://h:4294967439", "port" },
	{ "imap://h:18446744073709551759", "port" },
	{ "imap://h:-1", "port" }, { "imap://h:+143", "port" },
	{ "imap://h: 143", "port" }, { "imap://h:143 ", "port" },
	{ "imap://h:143\n", "port" }, { "imap://h:0x8f", "port" },
	{ "imap://h:imap", "port" }, { "imap://h:14a", "port" },
	{ "imap://h:1.5", "port" }, { "imap://h:\xd9\xa1", "port" },
};

START_TEST(test_url_parse_refuses)
{
	struct starttls_error error;
	struct starttls_url url = { .size = sizeof(url) }, before;
	int rc;

	memset(&url, 0x5a, sizeof(url));
	url.size = sizeof(url);
	before = url;
	starttls_error_reset(&error);
	rc = starttls_url_parse(bad[_i].text, &url, &error);
	ck_assert_msg(rc == STARTTLS_E_INVALID, "\"%s\": %d", bad[_i].text,
	    rc);
	ck_assert_int_eq(error.code, rc);
	ck_assert_int_eq(error.phase, STARTTLS_PHASE_SETUP);
	ck_assert_msg(strstr(error.message, bad[_i].why) != NULL,
	    "\"%s\": %s", bad[_i].text, error.message);
	ck_assert(is_plain_line(error.message));
	ck_assert_mem_eq(&url, &before, sizeof(url));
	ck_assert_int_eq(starttls_url_parse(bad[_i].text, &url, NULL),
	    STARTTLS_E_INVALID);
}
END_TEST

/* A password stays out of messages, whatever else is wrong. */
static const char *const secrets[] = {
	"imap://user:" SECRET "@h", "imap://user:" SECRET "@h:143",
	"imap://user:" SECRET "@h/", "imap://user:" SECRET "@h/INBOX",
	"imap://user:" SECRET "@h?q", "imap://user:" SECRET "@h#f",
	"imap://user:" SECRET "@[::1", "imap://user:" SECRET "@",
	"imap://user:" SECRET "@h:0", "imap://:" SECRET "@h",
	"imap://" SECRET "@h", "imap://user:" SECRET "@@h",
	"imap://user:" SECRET "/x@h", "imap://user:x/" SECRET "@h",
	"imap://user:x?" SECRET "@h", "imap://user:x#" SECRET "@h",
	"imap://user:[" SECRET "@h", "http://user:" SECRET "@h",
	"user:" SECRET "@h", "imap:user:" SECRET "@h",
	"://user:" SECRET "@h", "imap://us\ner:" SECRET "@h",
	"imap://user:x%40" SECRET "@h",
};

START_TEST(test_url_parse_keeps_passwords_to_itself)
{
	struct starttls_error error;
	struct starttls_url url = { .size = sizeof(url) };

	starttls_error_reset(&error);
	ck_assert_int_eq(starttls_url_parse(secrets[_i], &url, &error),
	    STARTTLS_E_INVALID);
	ck_assert_msg(strstr(error.message, SECRET) == NULL, "%s",
	    error.message);
	ck_assert(is_plain_line(error.message));
}
END_TEST

/* @head, @fill @len times, @tail: refused in one bounded line. */
static void
refuse_long(const char *head, char fill, size_t len, const char *tail)
{
	size_t head_len = strlen(head);
	char *text = malloc(head_len + len + strlen(tail) + 1);
	struct starttls_error error;
	struct starttls_url url = { .size = sizeof(url) };

	memcpy(text, head, head_len);
	memset(text + head_len, fill, len);
	memcpy(text + head_len + len, tail, strlen(tail) + 1);
	starttls_error_reset(&error);
	ck_assert_msg(starttls_url_parse(text, &url, &error) ==
	    STARTTLS_E_INVALID, "%s, %zu times %c, %s", head, len, fill,
	    tail);
	ck_assert(is_plain_line(error.message));
	ck_assert_uint_lt(strlen(error.message), 280);
	free(text);
}

START_TEST(test_url_parse_refuses_the_huge)
{
	refuse_long("", 'a', HUGE_LEN, "");
	refuse_long("", 'a', HUGE_LEN, "://h");
	refuse_long("imap://", 'a', HUGE_LEN, "");
	refuse_long("imap://", 'a', 512, "");
	refuse_long("imap://", 'a', 512, ":143/");
	refuse_long("imap://[", ':', HUGE_LEN, "]");
	refuse_long("imap://[fe80::1%25", 'e', HUGE_LEN, "]");
	refuse_long("imap://h:", '1', HUGE_LEN, "");
	refuse_long("imap://h:", '0', HUGE_LEN, "143");
	refuse_long("imap://h/", 'a', HUGE_LEN, "");
	refuse_long("imap://", '@', HUGE_LEN, "");
	refuse_long("imap://", '[', HUGE_LEN, "");
	refuse_long("imap://", '%', HUGE_LEN, "");
	refuse_long("imap://", '\n', HUGE_LEN, "");
}
END_TEST

START_TEST(test_url_parse_takes_the_longest_host)
{
	char text[600] = "imap://";
	struct starttls_url url = { .size = sizeof(url) };

	memset(text + 7, 'a', sizeof(url.host) - 1);
	memcpy(text + 7 + sizeof(url.host) - 1, ":1", 3);
	ck_assert_int_eq(starttls_url_parse(text, &url, NULL), 0);
	ck_assert_uint_eq(strlen(url.host), sizeof(url.host) - 1);
	ck_assert_str_eq(url.port, "1");
}
END_TEST

/* Any byte, anywhere: an answer, and one that may be shown. */
START_TEST(test_url_parse_survives_every_byte)
{
	static const char sample[] = "imap://[fe80::1%25e]:143/";
	struct starttls_error error;
	char text[sizeof(sample)];
	struct starttls_url url = { .size = sizeof(url) };
	size_t i;
	int c;

	for (i = 0; i < sizeof(sample) - 1; i++)
		for (c = 1; c < 256; c++) {
			memcpy(text, sample, sizeof(text));
			text[i] = (char)c;
			starttls_error_reset(&error);
			if (starttls_url_parse(text, &url, &error) == 0)
				continue;
			ck_assert(is_plain_line(error.message));
		}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("url");
	TCase *accepts = tcase_create("accepts");
	TCase *refuses = tcase_create("refuses");

	tcase_add_loop_test(accepts, test_url_parse_accepts, 0,
	    ARRAY_LEN(good));
	tcase_add_test(accepts, test_url_parse_knows_every_scheme);
	tcase_add_test(accepts, test_url_parse_takes_the_longest_host);
	suite_add_tcase(suite, accepts);

	tcase_add_loop_test(refuses, test_url_parse_refuses, 0,
	    ARRAY_LEN(bad));
	tcase_add_loop_test(refuses, test_url_parse_keeps_passwords_to_itself,
	    0, ARRAY_LEN(secrets));
	tcase_add_test(refuses, test_url_parse_refuses_the_huge);
	tcase_add_test(refuses, test_url_parse_survives_every_byte);
	suite_add_tcase(suite, refuses);
	return run_suite(suite);
}
