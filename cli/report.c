/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * starttls report: what was negotiated, and the peer's certificates, also
 * those of a peer that could not be verified.
 */

#include "config.h"

#include <string.h>

#include "check/advice.h"
#include "check/conversation.h"
#include "check/format.h"
#ifdef HAVE_JANSSON
#include "check/format_json.h"
#endif
#include "cli.h"
#include "loop/loop.h"
#include "words/complain.h"
#include "words/show.h"
#include "words/status.h"

static void
print_row(const char *name, const char *value)
{
	printf("%-14s %s\n", name, value[0] != '\0' ? value : "-");
}

static void
print_time(const char *name, int64_t us)
{
	char text[16];

	print_row(name, show_time(text, sizeof(text), us));
}

static void
print_verdict(const struct conversation *c)
{
	unsigned bit, verdict = c->report.verdict | c->error.verdict;
	bool first = true;

	printf("%-14s ", "verified");
	/* whatever happened afterwards */
	if (c->report.verified) {
		printf("yes, by %s%s%s\n", starttls_verified_by_name(
		    (enum starttls_verified_by)c->report.verified_by),
		    c->report.matched_name[0] != '\0' ? ", as " : "",
		    c->report.matched_name);
		return;
	}
	fputs("NO: ", stdout);
	for (bit = 1; bit != 0; bit <<= 1)
		if ((verdict & bit) != 0 &&
		    starttls_verdict_text(bit) != NULL) {
			printf("%s%s", first ? "" : ", ",
			    starttls_verdict_text(bit));
			first = false;
		}
	puts(first ? starttls_code_name(c->code) : "");
}

static void
print_negotiated(const char *url, const struct conversation *c)
{
	static const char *const staples[] = { "none", "good", "bad" };
	const struct starttls_report *r = &c->report;
	char trips[16], shown[200];

	print_row("url", show_typed(shown, sizeof(shown), url));
	print_row("address", r->address);
	print_verdict(c);
	print_row("in the clear", r->greeting);
	print_row("version", r->version);
	print_row("cipher suite", r->cipher_suite);
	print_row("group", r->group);
	print_row("signature", r->signature);
	print_row("ALPN", r->alpn[0] != '\0' ? r->alpn :
	    r->alpn_refused ? "none, as the server has refused it" : "none");
	print_row("resumed", r->resumed ? "yes" : "no");
	print_row("OCSP staple", staples[r->staple]);
	print_row("compression", r->compression);
	snprintf(trips, sizeof(trips), "%d", r->round_trips);
	print_row("round trips", trips);
	print_time("resolve", r->resolve_us);
	print_time("connect", r->connect_us);
	print_time("greeting", r->greeting_us);
	print_time("upgrade", r->preamble_us);
	print_time("handshake", r->handshake_us);
	print_time("exchange", r->exchange_us);
	print_time("total", r->total_us);
}

static void
print_hex(const char *name, const char *prefix, const uint8_t *data,
	  size_t len)
{
	size_t i;

	printf("%-14s %s", name, prefix);
	for (i = 0; i < len; i++)
		printf("%02x", data[i]);
	putchar('\n');
}

static void
print_cert(unsigned index, const struct starttls_cert *cert)
{
	char date[32], line[80];

	printf("\ncertificate %u%s\n", index, cert->is_ca ? " (CA)" : "");
	print_row("  subject", cert->subject);
	print_row("  names", cert->names);
	print_row("  issuer", cert->issuer);
	show_date(date, sizeof(date), cert->not_before);
	print_row("  valid from", date);
	show_date(date, sizeof(date), cert->not_after);
	snprintf(line, sizeof(line), "%s (%ld day%s)", date,
	    days_until(cert->not_after),
	    days_until(cert->not_after) == 1 ? "" : "s");
	print_row("  valid until", line);
	print_row("  key", cert->key);
	print_row("  signature", cert->signature);
	print_row("  serial", cert->serial);
	print_hex("  SHA-256", "", cert->sha256, sizeof(cert->sha256));
	print_row("  pin", cert->pin);
	if (index > 0)
		return;
	print_hex("  accept as", "cert-sha256:", cert->sha256,
	    sizeof(cert->sha256));
	print_row("  or its key", cert->pin);
}

/* PEM, RFC 7468: base64 in lines of 64. */
static void
print_pem(const uint8_t *der, size_t len)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t i;

	puts("-----BEGIN CERTIFICATE-----");
	for (i = 0; i < len; i += 3) {
		size_t n = len - i < 3 ? len - i : 3;
		unsigned acc = (unsigned)der[i] << 16 |
		    (n > 1 ? (unsigned)der[i + 1] << 8 : 0) |
		    (n > 2 ? der[i + 2] : 0);

		putchar(alphabet[acc >> 18]);
		putchar(alphabet[acc >> 12 & 63]);
		putchar(n > 1 ? alphabet[acc >> 6 & 63] : '=');
		putchar(n > 2 ? alphabet[acc & 63] : '=');
		if (i % 48 == 45 && i + 3 < len)
			putchar('\n');
	}
	puts("\n-----END CERTIFICATE-----");
}

static void
print_chain(const struct conversation *c, bool pem)
{
	struct starttls_cert cert = { .size = sizeof(cert) };
	const uint8_t *der;
	size_t len;
	unsigned i;

	for (i = 0; i < c->report.chain_len; i++) {
		if (pem) {
			if (conversation_cert_der(c, i, &der, &len) == 0)
				print_pem(der, len);
			continue;
		}
		if (conversation_cert(c, i, &cert) == 0)
			print_cert(i, &cert);
		else
			printf("\ncertificate %u cannot be decoded\n", i);
	}
}

#ifdef HAVE_JANSSON
/* As a check tells it. */
static bool
print_json(const char *url, const struct conversation *c, int64_t started_us)
{
	static const struct limits none;
	struct result r;
	bool good;

	result_fill(&r, url, url, c, NULL, started_us, DETAIL_ALL);
	r.tries = 1;
	good = json_print(stdout, json_of_result(&r, &none));
	sent_unref(r.sent);
	return good;
}
#else
/* No such format: options know that. */
static bool
print_json(const char *url, const struct conversation *c, int64_t started_us)
{
	(void)url;
	(void)c;
	(void)started_us;
	return false;
}
#endif

static void
print_text(const char *url, const struct conversation *c,
	   const struct settings *settings)
{
	if (c->session == NULL && c->upgrade == NULL)
		return;
	if (!settings->pem && !settings->quiet)
		print_negotiated(url, c);
	if (!settings->quiet || settings->pem)
		print_chain(c, settings->pem);
}

/* 0, or the status to end with. */
static int
check_format(const struct settings *settings)
{
	const struct format *format = settings->format.format;

	if (format != NULL && format != &format_human &&
	    format != &format_json)
		complain_usage("report", "--format: \"%s\" is for checks; a "
		    "report is human or json", format->name);
	else if (format == &format_json && settings->pem)
		complain_usage("report", "--pem and --format json exclude each "
		    "other");
	else
		return 0;
	return format->plugin ? PLUGIN_UNKNOWN : EXIT_USAGE;
}

int
run_report(struct settings *settings)
{
	const char *url = settings->urls[0];
	const bool json = settings->format.format == &format_json;
	const int64_t started_us = loop_now_us();
	struct conversation c;
	bool good = true;
	int status = check_format(settings);

	if (status != 0)
		return status;
	converse(settings->policy, &settings->options, url,
	    settings->timeout_ms, &c);
	/* also for the peer's Finished, after a false start */
	check_inside(&c);
	status = c.code == 0 ? 0 : exit_status(&c.error);
	if (!json || status == EXIT_USAGE)
		print_text(url, &c, settings);
	else
		good = print_json(url, &c, started_us);
	fflush(stdout);
	if (c.code != 0 && ((!json && !settings->quiet) ||
	    status == EXIT_USAGE))
		complain_of(url, &c);
	finish_conversation(&c);
	return good ? status : complain("out of memory", EXIT_LOCAL);
}
