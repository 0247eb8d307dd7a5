/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * One conversation up to TLS, and the words for people.
 */

#include "config.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"
#include "loop/loop.h"

/* What is left of the deadline, in milliseconds, at least 0. */
static int
time_left_ms(const struct conversation *c)
{
	int64_t left = (c->deadline_us - loop_now_us() + 999) / 1000;

	return left < 0 ? 0 : (int)left;
}

static int
dial_and_run(struct conversation *c, struct starttls_policy *policy,
	     const char *url, const struct starttls_options *options)
{
	int rc = starttls_upgrade_dial(&c->upgrade, policy, url,
	    time_left_ms(c), options, &c->error);

	return rc != 0 ? rc : starttls_upgrade_run(c->upgrade,
	    time_left_ms(c), &c->error);
}

int
converse(const struct settings *settings, const char *url, int timeout_ms,
	 struct conversation *c)
{
	struct starttls_options options = settings->options;

	memset(c, 0, sizeof(*c));
	c->report.size = sizeof(c->report);
	c->deadline_us = loop_now_us() + (int64_t)timeout_ms * 1000;
	c->code = dial_and_run(c, settings->policy, url, &options);
	if (starttls_upgrade_alpn_refused(c->upgrade)) {
		starttls_upgrade_free(c->upgrade);
		c->upgrade = NULL;
		options.without_alpn = 1;
		c->code = dial_and_run(c, settings->policy, url, &options);
	}
	if (c->upgrade == NULL)
		return c->code;
	if (c->code != 0) {
		starttls_upgrade_report(c->upgrade, &c->report);
		return c->code;
	}
	c->session = starttls_upgrade_take(c->upgrade);
	c->upgrade = NULL;
	starttls_session_report(c->session, &c->report);
	return 0;
}

void
check_inside(struct conversation *c)
{
	int left = time_left_ms(c);

	if (c->code != 0)
		return;
	c->code = starttls_session_set_deadline(c->session,
	    left > 0 ? left : 1);
	if (c->code == 0)
		c->code = starttls_session_check(c->session, &c->error);
	starttls_session_report(c->session, &c->report);
}

void
fill_system_error(struct starttls_error *e, int number, const char *what)
{
	memset(e, 0, sizeof(*e));
	e->code = STARTTLS_E_SYSTEM;
	e->error_class = (int)starttls_code_class(e->code);
	e->phase = STARTTLS_PHASE_SETUP;
	e->sys_errno = number;
	e->alert = e->depth = -1;
	snprintf(e->message, sizeof(e->message), "%s: %s", what,
	    strerror(number));
}

void
finish_conversation(struct conversation *c)
{
	starttls_upgrade_free(c->upgrade);
	starttls_session_free(c->session);
}

int
conversation_cert(const struct conversation *c, unsigned index,
		  struct starttls_cert *ret_cert)
{
	return c->session != NULL ?
	    starttls_session_cert(c->session, index, ret_cert) :
	    starttls_upgrade_cert(c->upgrade, index, ret_cert);
}

bool
hold_standard_descriptors(void)
{
	int fd;

	for (fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null",
		    fd == STDERR_FILENO ? O_WRONLY : O_RDONLY) != fd)
			return false;
	return true;
}

const char *
clean(char *buf, size_t size, const char *text)
{
	size_t i;

	for (i = 0; text[i] != '\0' && i + 1 < size; i++)
		buf[i] = (unsigned char)text[i] < 0x20 ||
		    (unsigned char)text[i] >= 0x7f ? '?' : text[i];
	buf[i] = '\0';
	return buf;
}

int
exit_status(const struct starttls_error *error)
{
	switch (starttls_code_class(error->code)) {
	case STARTTLS_CLASS_NONE:
		return 0;
	case STARTTLS_CLASS_USAGE:
		return EXIT_USAGE;
	case STARTTLS_CLASS_LOCAL:
		return EXIT_LOCAL;
	case STARTTLS_CLASS_RESOLVE:
	case STARTTLS_CLASS_CONNECT:
		return EXIT_UNREACHED;
	case STARTTLS_CLASS_TIMEOUT:
		return EXIT_TIMEOUT;
	case STARTTLS_CLASS_PROTOCOL:
		return error->phase == STARTTLS_PHASE_HANDSHAKE ? EXIT_TLS :
		    EXIT_PROTOCOL;
	case STARTTLS_CLASS_REFUSED:
		return EXIT_REFUSED;
	case STARTTLS_CLASS_CLOSED:
		return error->phase >= STARTTLS_PHASE_HANDSHAKE ? EXIT_TLS :
		    EXIT_PROTOCOL;
	case STARTTLS_CLASS_TLS:
	case STARTTLS_CLASS_VERIFY:
		return EXIT_TLS;
	}
	return EXIT_LOCAL;
}

#define ALERT_NO_APPLICATION_PROTOCOL 120 /* RFC 7301 section 3.2 */

/* A scheme with an s, such as imaps. */
static bool
is_dedicated(const char *url)
{
	struct starttls_url parsed = { .size = sizeof(parsed) };
	struct starttls_error ignored;

	return starttls_url_parse(url, &parsed, &ignored) == 0 &&
	    parsed.from == STARTTLS_HANDSHAKE;
}

/* A chain that ends with what has another issuer is not all of it. */
static const char *
advice_about_issuer(const struct conversation *c)
{
	struct starttls_cert last = { .size = sizeof(last) };

	if (c->report.chain_len > 0 && conversation_cert(c,
	    c->report.chain_len - 1, &last) == 0 &&
	    strcmp(last.issuer, last.subject) != 0)
		return "the server does not send the issuer: have it send its "
		    "intermediate certificates as well; or, if there are "
		    "none, name its CA with --ca-file, or pin its key with "
		    "--pin (starttls report shows it)";
	return "name its CA with --ca-file, or pin its key with --pin "
	    "(starttls report shows it)";
}

/* Names stand in subjectAltName, addresses there as such. */
static const char *
advice_about_name(const struct conversation *c)
{
	struct starttls_cert leaf = { .size = sizeof(leaf) };
	const char *host = c->report.host, *at;

	if (conversation_cert(c, 0, &leaf) == 0 && leaf.names[0] == '\0')
		return "the certificate has no subjectAltName, and its common "
		    "name does not count: it needs a new one";
	at = strstr(leaf.names, host);
	if ((strspn(host, "0123456789.") == strlen(host) ||
	    strchr(host, ':') != NULL) && at != NULL && at >= leaf.names + 4 &&
	    strncmp(at - 4, "DNS:", 4) == 0)
		return "its subjectAltName has the address as a DNS name, and "
		    "not as an IP address: it needs a new one";
	return "use a name that the certificate has in the URL, with "
	    "--connect if that leads elsewhere";
}

static const char *
advice_about(const char *url, const struct conversation *c)
{
	const struct starttls_error *error = &c->error;

	switch (error->code) {
	case STARTTLS_E_RESOLVE:
		return error->sys_errno != 0 ? "" :
		    "is the name spelled correctly?";
	case STARTTLS_E_EXPIRED:
		return error->depth > 0 ? "the server sends an old one of an "
		    "authority: have it send the renewed one" :
		    error->depth < 0 ? "renew that anchor in the trust store, "
		    "or in the file of --ca-file" :
		    "the server needs a new certificate, or has one and was "
		    "not told to load it";
	case STARTTLS_E_UNTRUSTED:
		return advice_about_issuer(c);
	case STARTTLS_E_NAME_MISMATCH:
		return advice_about_name(c);
	case STARTTLS_E_NOT_TLS:
		return is_dedicated(url) ? "this may be a port for the scheme "
		    "without the s" : "";
	case STARTTLS_E_NOT_OFFERED:
		return "try the dedicated port (the scheme with an s)";
	case STARTTLS_E_TIMEOUT:
		if (error->phase == STARTTLS_PHASE_GREETING)
			return "a port that wants TLS at once is silent too: "
			    "try the scheme with an s, or --timeout";
		return "";
	case STARTTLS_E_PROTOCOL:
		if (error->phase == STARTTLS_PHASE_GREETING)
			return "is this the right protocol and port?";
		return "";
	case STARTTLS_E_EARLY_DATA:
		return error->phase == STARTTLS_PHASE_SESSION ? "" :
		    "somebody may be tampering with the connection";
	default:
		return "";
	}
}

const char *
show_peer(char *buf, size_t size, const char *url, const char *address)
{
	buf[0] = '\0';
	if (address[0] != '\0' && strstr(url, address) == NULL)
		snprintf(buf, size, " (%s)", address);
	return buf;
}

const char *
advice(const char *url, const struct conversation *c)
{
	const char *text = advice_about(url, c);

	if (c->error.alert == ALERT_NO_APPLICATION_PROTOCOL)
		return "this may be a front for HTTP: try --alpn off";
	/* then there were two connections, and one may be all there is */
	if (c->report.alpn_refused && text[0] == '\0')
		return "a first connection was refused because of ALPN: try "
		    "--alpn off";
	return text;
}

void
complain(const char *url, struct conversation *c)
{
	if (c->error.address[0] == '\0')
		snprintf(c->error.address, sizeof(c->error.address), "%s",
		    c->report.address);
	complain_as(url, &c->error, starttls_code_name(c->error.code),
	    advice(url, c));
}

void
complain_as(const char *url, const struct starttls_error *error,
	    const char *reason, const char *hint)
{
	char shown[200], peer[PEER_SHOWN];

	/* not the URL itself, which may hold what nobody should see */
	if (starttls_code_class(error->code) == STARTTLS_CLASS_USAGE) {
		fprintf(stderr, "starttls: %s\n", error->message);
		return;
	}
	fprintf(stderr, "starttls: %s: %s%s [%s]%s%s\n",
	    clean(shown, sizeof(shown), url), error->message,
	    show_peer(peer, sizeof(peer), url, error->address), reason,
	    hint[0] != '\0' ? "; " : "", hint);
}

const char *
show_time(char *buf, size_t size, int64_t us)
{
	if (us < 0)
		snprintf(buf, size, "-");
	else if (us < 1000)
		snprintf(buf, size, "%" PRId64 " us", us);
	else if (us < 1000000)
		snprintf(buf, size, "%.1f ms", (double)us / 1e3);
	else
		snprintf(buf, size, "%.2f s", (double)us / 1e6);
	return buf;
}

bool
is_clamped(int64_t seconds)
{
	/* where time_t has 32 bits, for all from 2038 on (lib/x509/time.c) */
	return SIZEOF_TIME_T == 4 && seconds == 2145914603;
}

void
show_date(char *buf, size_t size, int64_t seconds)
{
	time_t when = (time_t)seconds;
	char text[24];
	struct tm tm;

	if (gmtime_r(&when, &tm) == NULL ||
	    strftime(text, sizeof(text), "%Y-%m-%d %H:%M UTC", &tm) == 0)
		snprintf(text, sizeof(text), "unknown");
	snprintf(buf, size, "%s%s", text,
	    is_clamped(seconds) ? " or later" : "");
}

long
days_until(int64_t seconds)
{
	int64_t left = seconds - (int64_t)time(NULL);

	/* round down, so that the last day is day 0 and the past negative */
	return (long)(left >= 0 ? left / 86400 : -((-left + 86399) / 86400));
}
