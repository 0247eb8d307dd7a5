/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Submit a message, from standard input, to one recipient: EHLO again inside
 * TLS, AUTH PLAIN, the message with its dots doubled.
 *
 *	cc send-mail.c -o send-mail $(pkg-config --cflags --libs libstarttls)
 *	./send-mail submission://mail.example.org ca.pem user password-file \
 *	    from@example.org to@example.org <message
 *
 * The password is the first line of the file, or, as env:NAME, the value of
 * an environment variable.  Status 0: the server has the message.
 */

#define _POSIX_C_SOURCE 200809L

#include <strings.h>

#include "dotted.h"
#include "secret.h"

struct offers {
	int auth_plain, eight_bit;
};

static void
note_offer(const char *line, struct offers *offers)
{
	size_t len = strcspn(line, " ");

	if (len == 8 && strncasecmp(line, "8BITMIME", len) == 0)
		offers->eight_bit = 1;
	if (len != 4 || strncasecmp(line, "AUTH", len) != 0)
		return;
	while (line[len] != '\0') {
		line += len + 1;
		len = strcspn(line, " ");
		if (len == 5 && strncasecmp(line, "PLAIN", len) == 0)
			offers->auth_plain = 1;
	}
}

/* Read a reply, all of its lines; it has to begin with @want. */
static int
expect(struct lines *l, const char *want, struct offers *offers)
{
	char line[1024];
	int i;

	for (i = 0; i < 100; i++) {
		if (lines_get(l, line, sizeof(line)) != 0)
			return -1;
		if (strncmp(line, want, strlen(want)) != 0 ||
		    strlen(line) < 3)
			return lines_fail(l, line);
		if (offers != NULL && line[3] != '\0')
			note_offer(line + 4, offers);
		if (line[3] != '-')
			return 0;
	}
	return lines_fail(l, "the reply has no end");
}

/* RFC 4616.  The response goes in a line of its own, where it may be long. */
static int
log_in(struct lines *l, const char *user, const char *password)
{
	unsigned char plain[512];
	char text[700];
	int n = snprintf((char *)plain, sizeof(plain), "%c%s%c%s", 0, user, 0,
	    password);

	if (n < 0 || (size_t)n >= sizeof(plain))
		return lines_fail(l, "user or password are too long");
	secret_base64(text, plain, (size_t)n);
	return lines_put(l, "AUTH PLAIN") != 0 ||
	    expect(l, "334", NULL) != 0 || lines_put(l, "%s", text) != 0 ||
	    expect(l, "235", NULL) != 0 ? -1 : 0;
}

/* An address must not bring along a parameter, or another command. */
static int
is_address(const char *s)
{
	for (; *s > ' ' && *s < 127 && *s != '<' && *s != '>'; s++)
		continue;
	return *s == '\0';
}

static int
submit(struct lines *l, const char *from, const char *to, int is_8bit)
{
	if (lines_put(l, "MAIL FROM:<%s>%s", from,
	    is_8bit ? " BODY=8BITMIME" : "") != 0 ||
	    expect(l, "250", NULL) != 0 ||
	    lines_put(l, "RCPT TO:<%s>", to) != 0 ||
	    expect(l, "25", NULL) != 0 || lines_put(l, "DATA") != 0 ||
	    expect(l, "354", NULL) != 0 || dotted_put(l, stdin, is_8bit) != 0)
		return -1;
	return expect(l, "250", NULL);
}

/* What was said before TLS does not count any more: EHLO again. */
static int
converse(struct lines *l, char **argv, const char *password)
{
	struct starttls_report report = { .size = sizeof(report) };
	struct offers offers = { 0, 0 };

	starttls_session_report(l->session, &report);
	if (!report.upgraded && expect(l, "220", NULL) != 0)
		return -1;
	if (lines_put(l, "EHLO %s", starttls_session_own_name(l->session)) !=
	    0 || expect(l, "250", &offers) != 0)
		return -1;
	if (!is_address(argv[5]) || !is_address(argv[6]))
		return lines_fail(l, "not an address that can be sent");
	if (!offers.auth_plain)
		return lines_fail(l, "the server does not offer AUTH PLAIN");
	if (log_in(l, argv[3], password) != 0 ||
	    submit(l, argv[5], argv[6], offers.eight_bit) != 0)
		return -1;
	lines_put(l, "QUIT");      /* the message is theirs in any case */
	return 0;
}

int
main(int argc, char **argv)
{
	struct starttls_policy *policy;
	struct starttls_error error;
	struct lines l = { .session = NULL };
	char password[256];
	int rc = -1;

	if (argc != 7 || secret_read(argv[4], password, sizeof(password)) ||
	    starttls_policy_new(&policy, STARTTLS_CLIENT) != 0)
		return 2;
	if (starttls_policy_add_trust_file(policy, argv[2], &error) != 0 ||
	    starttls_open(&l.session, policy, argv[1], 10000, NULL, &error))
		fprintf(stderr, "%s\n", error.message);
	else
		rc = converse(&l, argv, password);
	starttls_session_end(l.session);
	starttls_policy_unref(policy);
	return rc == 0 ? 0 : 1;
}
