/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Talk to this very server: the one with this certificate or key, or the one
 * that TLSA records describe.
 *
 *	cc this-peer.c -o this-peer $(pkg-config --cflags --libs libstarttls)
 *	./this-peer imap://localhost:1143 cert-sha256:0F:1E:...
 *	./this-peer smtp://mx.example.org tlsa:3,1,1,0f1e... tlsa:2,0,1,...
 *
 * The first is for a bridge on this host, a device in a rack, a friend's
 * server: whatever name, dates and issuer its certificate has.  starttls report
 * prints what to say.  The second is for who has looked up
 * _25._tcp.mx.example.org with a resolver that validates; the library looks
 * nothing up.  Arguments name:... are further names, such as the domain that
 * the MX is for.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <starttls.h>

#define MAX 8
#define MAX_DATA 2048

struct wanted {
	struct starttls_tlsa tlsa[MAX];
	unsigned char data[MAX][MAX_DATA];
	size_t tlsa_count;
	const char *names[MAX];
	size_t name_count;
};

/* Two hexadecimal digits for a byte.  Returns how many bytes, 0 if it is not
   that. */
static size_t
parse_hex(const char *text, unsigned char *ret)
{
	size_t len = 0;
	unsigned byte;
	char pair[3] = "", *end;

	for (; *text != '\0' && len < MAX_DATA; text += 2) {
		memcpy(pair, text, text[1] == '\0' ? 1 : 2);
		byte = (unsigned)strtoul(pair, &end, 16);
		if (end != pair + 2)
			return 0;
		ret[len++] = (unsigned char)byte;
	}
	return *text == '\0' ? len : 0;
}

/* "3,1,1,0f1e..." */
static int
add_record(struct wanted *w, const char *text)
{
	struct starttls_tlsa *record = &w->tlsa[w->tlsa_count];
	unsigned char *data = w->data[w->tlsa_count];
	unsigned long numbers[3];
	char *end;
	int i;

	for (i = 0; i < 3; i++) {
		numbers[i] = strtoul(text, &end, 10);
		if (end == text || *end != ',' || numbers[i] > 255)
			return -1;
		text = end + 1;
	}
	record->usage = (uint8_t)numbers[0];
	record->selector = (uint8_t)numbers[1];
	record->matching_type = (uint8_t)numbers[2];
	record->data = data;
	record->data_len = parse_hex(text, data);
	w->tlsa_count++;
	return record->data_len > 0 ? 0 : -1;
}

static int
parse(char **arguments, struct starttls_policy *policy, struct wanted *w,
      struct starttls_error *error)
{
	for (; *arguments != NULL; arguments++) {
		int rc = 0;

		if (strncmp(*arguments, "name:", 5) == 0 && w->name_count < MAX)
			w->names[w->name_count++] = *arguments + 5;
		else if (strncmp(*arguments, "tlsa:", 5) == 0 &&
		    w->tlsa_count < MAX)
			rc = add_record(w, *arguments + 5);
		else if (starttls_policy_accept_peer(policy, *arguments,
		    error) != 0)
			return -1;
		if (rc != 0) {
			snprintf(error->message, sizeof(error->message),
			    "a record is tlsa:USAGE,SELECTOR,TYPE,HEX");
			return -1;
		}
	}
	return 0;
}

int
main(int argc, char **argv)
{
	struct starttls_report report = { .size = sizeof(report) };
	struct starttls_options options = STARTTLS_OPTIONS_INIT;
	struct starttls_policy *policy;
	struct starttls_session *session;
	struct starttls_error error;
	static struct wanted wanted;
	int rc;

	if (argc < 3 || starttls_policy_new(&policy, STARTTLS_CLIENT) != 0) {
		fprintf(stderr, "usage: this-peer URL PEER|tlsa:...|name:... "
		    "...\n");
		return 1;
	}
	rc = parse(argv + 2, policy, &wanted, &error);
	options.tlsa = wanted.tlsa;
	options.tlsa_count = wanted.tlsa_count;
	options.names = wanted.names;
	options.name_count = wanted.name_count;
	if (rc == 0)
		rc = starttls_open(&session, policy, argv[1], 10000, &options,
		    &error);
	if (rc != 0) {
		fprintf(stderr, "%s\n", error.message);
		starttls_policy_unref(policy);
		return 1;
	}
	if (starttls_session_report(session, &report) == 0)
		printf("verified by %s%s%s\n", starttls_verified_by_name(
		    (enum starttls_verified_by)report.verified_by),
		    report.matched_name[0] != '\0' ? ", as " : "",
		    report.matched_name);
	starttls_session_free(session);
	starttls_policy_unref(policy);
	return 0;
}
