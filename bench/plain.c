/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

#include "plain.h"

#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Commands, and how the last line of each reply begins; NULL: there is none. */
struct dialog {
	const char *protocol;
	const char *greeting;
	const char *hello, *hello_reply; /* ahead of the upgrade */
	const char *upgrade, *go_ahead;
	const char *ask, *answer;
	const char *leave, *goodbye;
};

static const struct dialog dialogs[] = {
	{ "imap", "* OK", NULL, NULL, "a STARTTLS\r\n", "a OK",
	  "b CAPABILITY\r\n", "b OK", "c LOGOUT\r\n", "c OK" },
	{ "smtp", "220 ", "EHLO localhost\r\n", "250 ", "STARTTLS\r\n",
	  "220 ", "EHLO localhost\r\n", "250 ", "QUIT\r\n", "221 " },
	{ "tls", NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL },
};

static void
die(const char *what, const char *why)
{
	fprintf(stderr, "plain GnuTLS: %s: %s\n", what, why);
	exit(1);
}

static void
must(int rc, const char *what)
{
	if (rc < 0)
		die(what, gnutls_strerror(rc));
}

static const struct dialog *
dialog_of(const struct plain *p)
{
	size_t i;

	for (i = 0; i < sizeof(dialogs) / sizeof(dialogs[0]); i++)
		if (strcmp(dialogs[i].protocol, p->protocol) == 0)
			return &dialogs[i];
	die(p->protocol, "no such protocol here");
	return NULL;
}

void
plain_init(struct plain *p, const char *ca_file, const char *protocol,
	   const char *port, const char *version, int resume)
{
	memset(p, 0, sizeof(*p));
	p->port = port;
	p->protocol = protocol;
	p->resume = resume;
	must(gnutls_certificate_allocate_credentials(&p->credentials),
	    "credentials");
	must(gnutls_certificate_set_x509_trust_file(p->credentials, ca_file,
	    GNUTLS_X509_FMT_PEM), ca_file);
	must(strcmp(version, "1.2") == 0 ?
	    gnutls_priority_init2(&p->priority, "-VERS-TLS1.3", NULL,
		GNUTLS_PRIORITY_INIT_DEF_APPEND) :
	    gnutls_priority_init(&p->priority, NULL, NULL), "priority");
}

void
plain_done(struct plain *p)
{
	gnutls_free(p->saved.data);
	gnutls_priority_deinit(p->priority);
	gnutls_certificate_free_credentials(p->credentials);
}

static int
dial(const char *port)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	address.sin_port = htons((uint16_t)strtoul(port, NULL, 10));
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address,
	    sizeof(address)) != 0)
		die("connect", port);
	return fd;
}

/* Whether the last line is complete and begins with @prefix. */
static int
ends_with(const char *text, size_t len, const char *prefix)
{
	const char *line = text;
	size_t i;

	if (len == 0 || text[len - 1] != '\n')
		return 0;
	for (i = 0; i + 1 < len; i++)
		if (text[i] == '\n')
			line = text + i + 1;
	return strncmp(line, prefix, strlen(prefix)) == 0;
}

static void
expect_clear(int fd, const char *prefix)
{
	char text[4096];
	size_t len = 0;
	ssize_t n;

	if (prefix == NULL)
		return;
	do {
		n = recv(fd, text + len, sizeof(text) - len, 0);
		if (n <= 0)
			die("expected", prefix);
		len += (size_t)n;
	} while (!ends_with(text, len, prefix));
}

static void
say_clear(int fd, const char *text)
{
	if (text != NULL && send(fd, text, strlen(text), MSG_NOSIGNAL) !=
	    (ssize_t)strlen(text))
		die("send", text);
}

static void
command(gnutls_session_t tls, const char *text, const char *prefix)
{
	char reply[4096];
	size_t len = 0;
	ssize_t n;

	if (text == NULL)
		return;
	must((int)gnutls_record_send(tls, text, strlen(text)), "send");
	do {
		n = gnutls_record_recv(tls, reply + len, sizeof(reply) - len);
		if (n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED)
			continue;
		if (n == 0)
			die("expected", prefix);
		must((int)n, "receive");
		len += (size_t)n;
	} while (!ends_with(reply, len, prefix));
}

gnutls_session_t
plain_upgrade(struct plain *p)
{
	const struct dialog *d = dialog_of(p);
	gnutls_session_t tls;
	int fd = dial(p->port), rc;

	expect_clear(fd, d->greeting);
	say_clear(fd, d->hello);
	expect_clear(fd, d->hello_reply);
	say_clear(fd, d->upgrade);
	expect_clear(fd, d->go_ahead);
	must(gnutls_init(&tls, GNUTLS_CLIENT |
	    (p->resume ? 0 : GNUTLS_NO_TICKETS)), "session");
	must(gnutls_priority_set(tls, p->priority), "priority");
	must(gnutls_credentials_set(tls, GNUTLS_CRD_CERTIFICATE,
	    p->credentials), "credentials");
	must(gnutls_server_name_set(tls, GNUTLS_NAME_DNS, "localhost", 9),
	    "server name");
	gnutls_session_set_verify_cert(tls, "localhost", 0);
	if (p->saved.data != NULL)
		must(gnutls_session_set_data(tls, p->saved.data,
		    p->saved.size), "session to resume");
	gnutls_transport_set_int(tls, fd);
	do {
		rc = gnutls_handshake(tls);
	} while (rc < 0 && gnutls_error_is_fatal(rc) == 0);
	must(rc, "handshake");
	if (p->saved.data != NULL && gnutls_session_is_resumed(tls) == 0)
		die("handshake", "not resumed");
	return tls;
}

void
plain_exchange(struct plain *p, gnutls_session_t tls)
{
	const struct dialog *d = dialog_of(p);

	command(tls, d->ask, d->answer);
	if (!p->resume)
		return;
	/* by now the ticket has come; with TLS 1.2 perhaps no new one */
	gnutls_free(p->saved.data);
	p->saved.data = NULL;
	must(gnutls_session_get_data2(tls, &p->saved), "session data");
}

void
plain_goodbye(struct plain *p, gnutls_session_t tls)
{
	const struct dialog *d = dialog_of(p);
	char byte;

	command(tls, d->leave, d->goodbye);
	gnutls_bye(tls, GNUTLS_SHUT_WR);
	(void)gnutls_record_recv(tls, &byte, 1);
	close(gnutls_transport_get_int(tls));
	gnutls_deinit(tls);
}
