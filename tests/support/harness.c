/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* Glue for the tests that run against a tlspair server: see harness.h. */

#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <gnutls/abstract.h>

#include "policy.h"
#include "traits.h"
#include "wait.h"

#define MAX_TURNS 200000
#define MAX_IDLE 2000
#define MAX_SENT 64
#define GREAT_MANY 6000

static _Noreturn void
die(const char *what)
{
	fprintf(stderr, "harness: %s\n", what);
	abort();
}

int64_t
ms_since(int64_t start)
{
	return (starttls_now_us() - start) / 1000;
}

bool
is_wanting(ssize_t rc)
{
	return rc == STARTTLS_WANT_READ || rc == STARTTLS_WANT_WRITE;
}

bool
is_plain_line(const char *text)
{
	const char *at;

	for (at = text; *at != '\0'; at++)
		if (*at < 0x20 || *at > 0x7e)
			return false;
	return at > text;
}

static int64_t
clock_of_mint(void)
{
	return (int64_t)mint_clock(NULL);
}

void
test_policy_clock(struct starttls_policy *policy)
{
	policy->clock = clock_of_mint;
}

struct starttls_policy *
test_policy(const struct mint_cert *const *anchors, size_t n)
{
	struct starttls_policy *policy;
	struct starttls_error error;
	char *pem;

	if (starttls_policy_new(&policy, STARTTLS_CLIENT) != 0)
		die("no policy");
	test_policy_clock(policy);
	pem = mint_pem(anchors, n);
	if (starttls_policy_trust_pem(policy, pem, strlen(pem), &error) != 0)
		die(error.message);
	free(pem);
	return policy;
}

struct script {
	char protocol[16];
	char text[1024];
	const char *lines[16];
};

/*
 * The lines of PROTOCOL-ok.txt among the transcripts.  No memory is allocated:
 * that is counted, and made to fail, by some of the tests.
 */
static void
load_script(struct script *script, const char *protocol)
{
	const char *top = getenv("abs_top_srcdir");
	char path[512], *line = script->text, *end;
	size_t n = 0;
	ssize_t len;
	int fd;

	snprintf(script->protocol, sizeof(script->protocol), "%s", protocol);
	snprintf(path, sizeof(path), "%s/tests/transcripts/%s-ok.txt",
	    top != NULL ? top : ".", protocol);
	fd = open(path, O_RDONLY);
	len = fd < 0 ? -1 : read(fd, script->text, sizeof(script->text) - 1);
	if (len <= 0)
		die(path);
	close(fd);
	while ((end = strchr(line, '\n')) != NULL) {
		*end = '\0';
		if ((line[0] == 'S' || line[0] == 'C') &&
		    (line[1] == ':' || line[1] == '|') &&
		    n + 1 < ARRAY_LEN(script->lines))
			script->lines[n++] = line;
		line = end + 1;
	}
}

const char *const *
conn_legal_script(const char *protocol, enum starttls_stage from)
{
	static _Thread_local struct script scripts[32];
	static const char *const nothing[] = { NULL };
	const char *const *at, *const *command;
	struct script *script = scripts;

	if (from == STARTTLS_HANDSHAKE)
		return nothing;
	while (script->protocol[0] != '\0' &&
	    strcmp(script->protocol, protocol) != 0)
		script++;
	if (script->protocol[0] == '\0')
		load_script(script, protocol);
	if (from == STARTTLS_GREETING)
		return script->lines;
	/* the upgrade command is the last thing that a client says */
	for (at = command = script->lines; *at != NULL; at++)
		if ((*at)[0] == 'C')
			command = at;
	return command;
}

int
conn_begin(struct conn *c, const struct conn_spec *spec)
{
	const char *protocol = spec->protocol != NULL ? spec->protocol :
	    "imap";
	enum starttls_stage from = spec->from != 0 ? spec->from :
	    STARTTLS_HANDSHAKE;
	struct starttls_options options = STARTTLS_OPTIONS_INIT;

	memset(c, 0, sizeof(*c));
	tlspair_init(&c->pair, spec->seed);
	c->spec = spec;
	c->clear = spec->clear != NULL ? spec->clear :
	    conn_legal_script(protocol, from);
	options.port = spec->port;
	options.recv = tlspair_client_recv;
	options.send = tlspair_client_send;
	options.transport_context = &c->pair;
	options.tlsa = spec->tlsa;
	options.tlsa_count = spec->tlsa_count;
	options.names = spec->names;
	options.name_count = spec->name_count;
	options.without_resumption = spec->without_resumption;
	if (spec->control != NULL) {
		c->clear = conn_legal_script(protocol, STARTTLS_HANDSHAKE);
		return starttls_upgrade_data(&c->upgrade, spec->control, -1,
		    &options, &c->error);
	}
	return starttls_upgrade_new(&c->upgrade, spec->policy,
	    starttls_protocol_find(protocol), from,
	    spec->name != NULL ? spec->name : PEER, -1, &options, &c->error);
}

static void
replace_bytes(gnutls_pcert_st *cert, const gnutls_datum_t *der)
{
	gnutls_free(cert->cert.data);
	cert->cert.data = gnutls_malloc(der->size);
	if (cert->cert.data == NULL)
		die("out of memory");
	memcpy(cert->cert.data, der->data, der->size);
	cert->cert.size = der->size;
}

void
show_as_it_is(gnutls_certificate_credentials_t credentials,
	      const struct mint_cert *const *chain, size_t n)
{
	show_bytes(credentials, chain, n, NULL);
}

void
show_bytes(gnutls_certificate_credentials_t credentials,
	   const struct mint_cert *const *chain, size_t n,
	   const gnutls_datum_t *der)
{
	const char *no_names[] = { NULL };
	gnutls_pcert_st list[MAX_SENT];
	gnutls_privkey_t key;
	size_t i;

	if (n > MAX_SENT)
		die("chain too long");
	for (i = 0; i < n; i++)
		if (gnutls_pcert_import_x509(&list[i], chain[i]->crt, 0) < 0)
			die("cannot import a certificate");
		else if (der != NULL && der[i].data != NULL)
			replace_bytes(&list[i], &der[i]);
	gnutls_certificate_free_keys(credentials);
	gnutls_certificate_set_flags(credentials,
	    GNUTLS_CERTIFICATE_SKIP_KEY_CERT_MATCH);
	if (gnutls_privkey_init(&key) < 0 ||
	    gnutls_privkey_import_x509(key, chain[0]->key,
		GNUTLS_PRIVKEY_IMPORT_COPY) < 0 ||
	    /* which would be taken from the first otherwise */
	    gnutls_certificate_set_key(credentials, der != NULL ? no_names :
		NULL, 0, list, (int)n, key) < 0)
		die("cannot set a chain as it is");
}

static void
start_tls(struct conn *c)
{
	tlspair_start(&c->pair, c->spec->server);
	if (c->spec->sent != NULL)
		show_bytes(c->pair.credentials, c->spec->sent,
		    c->spec->sent_n, c->spec->sent_der);
	if (c->spec->prepare != NULL)
		c->spec->prepare(&c->pair);
}

/* Play cleartext lines as far as the client lets us. */
/* The escapes of transcripts; the length of the result. */
static size_t
unescape(const char *text, char *buf)
{
	char *out = buf;
	unsigned value;

	while (*text != '\0') {
		if (sscanf(text, "\\x%2x", &value) == 1) {
			*out++ = (char)value;
			text += 4;
		} else if (text[0] == '\\' && strchr("rn\\", text[1])) {
			*out++ = text[1] == 'r' ? '\r' :
			    text[1] == 'n' ? '\n' : '\\';
			text += 2;
		} else {
			*out++ = *text++;
		}
	}
	return (size_t)(out - buf);
}

static void
play_clear(struct conn *c)
{
	const struct starttls_protocol *protocol = starttls_protocol_find(
	    c->spec->protocol != NULL ? c->spec->protocol : "imap");
	char line[4200];
	size_t len;

	for (; *c->clear != NULL && !c->off_script; c->clear++) {
		const char *text = *c->clear;

		if (strcmp(text, "S!") == 0) {
			tlspair_end(&c->pair);
			continue;
		}
		if (text[1] == '|') {
			len = unescape(text + 3, line);
		} else {
			snprintf(line, sizeof(line), "%s%s", text + 3,
			    text[1] == '=' ? "" : line_end_of(protocol));
			len = strlen(line);
		}
		if (text[0] == 'S') {
			tlspair_put(&c->pair, line, len);
			continue;
		}
		switch (tlspair_heard(&c->pair, line, len)) {
		case 0:
			return;
		case -1:
			c->off_script = true;
			return;
		}
	}
}

/* How the stream ends, for "S~" and its like; false: not yet possible. */
static bool
end_inside(struct conn *c, char how)
{
	if (how == '~') {
		tlspair_bye(&c->pair);
		return true;
	}
	if (tlspair_pump(&c->pair) == GNUTLS_E_AGAIN)
		return false;
	if (how == '!')
		tlspair_end(&c->pair);
	else if (c->pair.to_client.len > 0)
		return false;      /* a reset overtakes what is there */
	else
		tlspair_break(&c->pair, ECONNRESET);
	return true;
}

/* The same inside TLS. */
static void
play_inside(struct conn *c)
{
	char line[600];
	size_t len, i;

	c->heard_len += tlspair_read(&c->pair, c->heard + c->heard_len,
	    sizeof(c->heard) - c->heard_len);
	for (; *c->inside != NULL && !c->off_script; c->inside++) {
		const char *text = *c->inside;

		if (text[0] == 'S' && strchr("~!#", text[1]) != NULL) {
			if (!end_inside(c, text[1]))
				return;
			continue;
		}
		len = (size_t)snprintf(line, sizeof(line), "%s%s", text + 3,
		    text[1] == '=' ? "" : "\r\n");
		if (text[0] == 'S') {
			for (i = 0; i < (text[1] == '*' ? GREAT_MANY : 1); i++)
				tlspair_write(&c->pair, line, len);
			continue;
		}
		if (memcmp(c->heard, line,
		    len < c->heard_len ? len : c->heard_len) != 0)
			c->off_script = true;
		if (c->heard_len < len)
			return;
		c->heard_len -= len;
		memmove(c->heard, c->heard + len, c->heard_len);
	}
}

void
conn_serve(struct conn *c)
{
	if (c->pair.server == NULL) {
		play_clear(c);
		if (*c->clear != NULL || c->spec->server == NULL ||
		    c->off_script)
			return;
		start_tls(c);
	}
	tlspair_pump(&c->pair);
	if (c->inside != NULL && c->pair.is_ready) {
		play_inside(c);
		tlspair_pump(&c->pair);
	}
}

/* What has moved so far, in whatever direction. */
static uint64_t
progress(const struct conn *c)
{
	return c->pair.to_client.total + c->pair.to_server.total -
	    c->pair.to_client.len - c->pair.to_server.len;
}

void
conn_settle(struct conn *c)
{
	uint64_t moved = 0;
	int turns, idle = 0;

	for (turns = 0; turns < MAX_TURNS && idle < MAX_IDLE / 10; turns++) {
		conn_serve(c);
		if (c->pair.server == NULL || c->pair.error != 0)
			return;
		if (c->pair.to_server.len == 0 && tlspair_pump(&c->pair) == 0)
			return;
		idle = moved == progress(c) ? idle + 1 : 0;
		moved = progress(c);
	}
}

int
conn_handshake(struct conn *c)
{
	uint64_t moved = 0;
	int rc, turns = 0, idle = 0;

	for (;;) {
		rc = starttls_upgrade_step(c->upgrade, &c->error);
		if (!is_wanting(rc))
			break;
		conn_serve(c);
		if (c->off_script)
			return HARNESS_OFF_SCRIPT;
		idle = moved == progress(c) ? idle + 1 : 0;
		moved = progress(c);
		if (++turns > MAX_TURNS || idle > MAX_IDLE)
			return HARNESS_STUCK;
	}
	if (rc == 0) {
		c->session = starttls_upgrade_take(c->upgrade);
		if (c->session == NULL)
			return HARNESS_STUCK;
		c->upgrade = NULL;
	}
	conn_settle(c);
	return rc;
}

int
conn_run(struct conn *c, const struct conn_spec *spec)
{
	int rc = conn_begin(c, spec);

	return rc == 0 ? conn_handshake(c) : rc;
}

int
conn_echo(struct conn *c, const void *data, size_t len)
{
	const uint8_t *out = data;
	uint8_t in[4096];
	size_t sent = 0, got = 0;
	int idle = 0;
	ssize_t n;

	c->pair.is_echo = true;
	while (got < len) {
		size_t before = sent + got;

		if (sent < len) {
			n = starttls_session_write(c->session, out + sent,
			    len - sent);
			if (n < 0 && !is_wanting(n))
				return (int)n;
			sent += n > 0 ? (size_t)n : 0;
		}
		conn_serve(c);
		n = starttls_session_read(c->session, in, sizeof(in));
		if (n == 0)
			return STARTTLS_E_EOF;
		if (n < 0 && !is_wanting(n))
			return (int)n;
		if (n > 0 && ((size_t)n > len - got ||
		    memcmp(in, out + got, (size_t)n) != 0))
			return HARNESS_OFF_SCRIPT;
		got += n > 0 ? (size_t)n : 0;
		idle = sent + got == before ? idle + 1 : 0;
		if (idle > MAX_IDLE)
			return HARNESS_STUCK;
	}
	return 0;
}

int
conn_check(struct conn *c, struct starttls_error *error)
{
	int rc, turns = 0;

	while (is_wanting(rc = starttls_session_check(c->session, error))) {
		conn_serve(c);
		if (c->off_script)
			return HARNESS_OFF_SCRIPT;
		if (++turns > MAX_TURNS)
			return HARNESS_STUCK;
	}
	return rc;
}

int
conn_close(struct conn *c)
{
	int rc, turns = 0;

	tlspair_bye(&c->pair);
	while (is_wanting(rc = starttls_session_close(c->session))) {
		conn_serve(c);
		if (++turns > MAX_TURNS)
			return HARNESS_STUCK;
	}
	conn_settle(c);
	return rc;
}

void
conn_done(struct conn *c)
{
	starttls_upgrade_free(c->upgrade);
	starttls_session_free(c->session);
	tlspair_done(&c->pair);
	memset(c, 0, sizeof(*c));
}

/*
 * Behind the ClientHello GnuTLS has chosen, and points to what it chose in its
 * own list, which is replaced here.
 */
static int
replace_alpn(gnutls_session_t session, unsigned type, unsigned when,
	     unsigned incoming, const gnutls_datum_t *message)
{
	static unsigned char other[] = "pop3";
	gnutls_datum_t id = { other, 4 };

	(void)type;
	(void)when;
	(void)message;
	return incoming ? gnutls_alpn_set_protocols(session, &id, 1, 0) : 0;
}

void
conn_answer_other_alpn(struct tlspair *pair)
{
	gnutls_handshake_set_hook_function(pair->server,
	    GNUTLS_HANDSHAKE_CLIENT_HELLO, GNUTLS_HOOK_POST, replace_alpn);
}

int
run_suite(Suite *suite)
{
	SRunner *runner;
	int failed;

	test_host_name = TEST_HOST_NAME;
	mint_set_clock();
	mint_warm();
	runner = srunner_create(suite);
	srunner_set_tap(runner, "-");
	srunner_run_all(runner, CK_SILENT);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
