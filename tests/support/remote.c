/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* A server in a thread, and what stands in front of it: see peer.h. */

#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "remote.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sockets.h"

struct mint_cert fd_root, fd_leaf, fd_stranger;
struct starttls_policy *policy;

static bool
peer_says(const struct peer *p, const void *data, size_t len)
{
	return send(p->fd, data, len, MSG_NOSIGNAL) == (ssize_t)len;
}

static bool
peer_hears(const struct peer *p, const char *line)
{
	char byte;

	for (; *line != '\0'; line++)
		if (recv(p->fd, &byte, 1, 0) != 1 || byte != *line)
			return false;
	return recv(p->fd, &byte, 1, 0) == 1 && byte == '\r' &&
	    recv(p->fd, &byte, 1, 0) == 1 && byte == '\n';
}

static bool
peer_plays(const struct peer *p)
{
	const char *const *at;
	char line[200];

	for (at = p->script; *at != NULL; at++) {
		snprintf(line, sizeof(line), "%s%s", *at + 3,
		    (*at)[1] == '=' ? "" : "\r\n");
		if ((*at)[0] == 'S' ? !peer_says(p, line, strlen(line)) :
		    !peer_hears(p, *at + 3))
			return false;
	}
	return true;
}

static void
peer_waits_for_end(struct peer *p)
{
	char scrap[512];
	ssize_t n;

	while ((n = recv(p->fd, scrap, sizeof(scrap), 0)) > 0)
		continue;
	p->saw_end = n == 0 || errno == ECONNRESET;
}

/* One byte every 50 ms until told to stop or the client is gone. */
static ssize_t
peer_drips(struct peer *p, const char *data, size_t len)
{
	size_t i;

	for (i = 0; i < len && !atomic_load(&p->stop); i++) {
		if (!peer_says(p, data + i, 1))
			break;
		poll(NULL, 0, 50);
	}
	return (ssize_t)len;
}

static ssize_t
drip_push(gnutls_transport_ptr_t ptr, const void *data, size_t len)
{
	return peer_drips(ptr, data, len);
}

static ssize_t
plain_push(gnutls_transport_ptr_t ptr, const void *data, size_t len)
{
	struct peer *p = ptr;

	return send(p->fd, data, len, MSG_NOSIGNAL);
}

static ssize_t
plain_pull(gnutls_transport_ptr_t ptr, void *data, size_t size)
{
	struct peer *p = ptr;

	return recv(p->fd, data, size, 0);
}

static void
echo(struct peer *p, gnutls_session_t tls)
{
	char data[4096];
	ssize_t n, done, k;

	while ((n = gnutls_record_recv(tls, data, sizeof(data))) > 0)
		for (done = 0; done < n; done += k) {
			k = gnutls_record_send(tls, data + done,
			    (size_t)(n - done));
			if (k < 0)
				return;
		}
	p->heard_bye = n == 0;
	if (p->heard_bye)
		gnutls_bye(tls, GNUTLS_SHUT_WR);
}

static void
inside(struct peer *p, gnutls_session_t tls)
{
	char page[8192] = { 0 };

	switch (p->ending) {
	case ECHO:
		echo(p, tls);
		break;
	case GREET:
		gnutls_record_send(tls, "hello", 5);
		break;
	case DRIP_INSIDE:
		gnutls_transport_set_push_function(tls, drip_push);
		gnutls_record_send(tls, page, sizeof(page));
		break;
	case CHATTER:
		while (!atomic_load(&p->stop) &&
		    gnutls_record_send(tls, "x", 1) == 1)
			poll(NULL, 0, 50);
		break;
	case CLOSE:
	case HANG:
	case DRIP:
	case DRIP_RECORD:
		break;
	}
}

static void
peer_speaks_tls(struct peer *p)
{
	gnutls_session_t tls;
	int rc;

	if (gnutls_init(&tls, GNUTLS_SERVER | GNUTLS_NO_SIGNAL |
	    GNUTLS_NO_TICKETS) < 0)
		abort();
	gnutls_priority_set_direct(tls, p->priority != NULL ? p->priority :
	    "NORMAL", NULL);
	gnutls_credentials_set(tls, GNUTLS_CRD_CERTIFICATE, p->credentials);
	if (p->alpn != NULL) {
		gnutls_datum_t id = {
			(unsigned char *)(uintptr_t)p->alpn,
			(unsigned)strlen(p->alpn)
		};

		gnutls_alpn_set_protocols(tls, &id, 1, GNUTLS_ALPN_MANDATORY);
	}
	gnutls_transport_set_ptr(tls, p);
	gnutls_transport_set_push_function(tls, plain_push);
	gnutls_transport_set_pull_function(tls, plain_pull);
	do {
		rc = gnutls_handshake(tls);
	} while (rc < 0 && !gnutls_error_is_fatal(rc));
	if (rc >= 0)
		inside(p, tls);
	else
		gnutls_alert_send_appropriate(tls, rc);
	gnutls_deinit(tls);
}

static void
serve_all(struct peer *p)
{
	while ((p->fd = accept(p->listener, NULL, NULL)) >= 0) {
		p->met++;
		peer_speaks_tls(p);
		shutdown(p->fd, SHUT_WR);
		peer_waits_for_end(p);
		close(p->fd);
	}
}

static void *
serve(void *argument)
{
	static const char record[] = "\x16\x03\x03\x20";
	struct peer *p = argument;
	char byte = 'x';

	if (p->all) {
		serve_all(p);
		return NULL;
	}
	if (p->fd < 0)
		p->fd = accept(p->listener, NULL, NULL);
	if (p->fd < 0)
		return NULL;
	if (!peer_plays(p)) {
		peer_waits_for_end(p);
		return NULL;
	}
	switch (p->ending) {
	case CLOSE:
		break;
	case HANG:
		peer_waits_for_end(p);
		break;
	case DRIP_RECORD:
		recv(p->fd, &byte, 1, 0); /* of the ClientHello */
		peer_says(p, record, 4);
		byte = 'x';
		__attribute__((fallthrough));
	case DRIP:
		while (!atomic_load(&p->stop) && peer_says(p, &byte, 1))
			poll(NULL, 0, 50);
		break;
	case ECHO:
	case GREET:
	case DRIP_INSIDE:
	case CHATTER:
		peer_speaks_tls(p);
		break;
	}
	/* what the client has not read yet must not become a reset */
	shutdown(p->fd, SHUT_WR);
	peer_waits_for_end(p);
	return NULL;
}

void
peer_start(struct peer *p)
{
	gnutls_x509_crt_t crt = fd_leaf.crt;

	atomic_init(&p->stop, false);
	if (p->script == NULL)
		p->script = conn_legal_script("smtp", STARTTLS_GREETING);
	if (gnutls_certificate_allocate_credentials(&p->credentials) < 0 ||
	    gnutls_certificate_set_x509_key(p->credentials, &crt, 1,
		fd_leaf.key) < 0)
		abort();
	if (pthread_create(&p->thread, NULL, serve, p) != 0)
		abort();
}

void
peer_join(struct peer *p)
{
	atomic_store(&p->stop, true);
	pthread_join(p->thread, NULL);
	gnutls_certificate_free_credentials(p->credentials);
	if (p->fd >= 0)
		close(p->fd);
}

static void
set_up(void)
{
	mint(&fd_root, &(struct mint_spec){ .cn = "root", .is_ca = true }, NULL);
	mint(&fd_stranger, &(struct mint_spec){ .cn = "other", .is_ca = true },
	    NULL);
	mint(&fd_leaf, &(struct mint_spec){ .dns = { PEER } }, &fd_root);
	policy = test_policy((const struct mint_cert *const[]){ &fd_root }, 1);
}

static void
tear_down(void)
{
	policy = starttls_policy_unref(policy);
	mint_free(&fd_leaf);
	mint_free(&fd_stranger);
	mint_free(&fd_root);
}

bool
is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

struct starttls_upgrade *
new_upgrade(const char *protocol, enum starttls_stage from, int fd)
{
	struct starttls_upgrade *upgrade;
	struct starttls_error error;
	int rc = starttls_upgrade_new(&upgrade, policy,
	    starttls_protocol_find(protocol), from, PEER, fd, NULL, &error);

	ck_assert_msg(rc == 0, "%s", error.message);
	return upgrade;
}

struct starttls_session *
open_session(int fd)
{
	struct starttls_upgrade *upgrade = new_upgrade("smtp",
	    STARTTLS_GREETING, fd);
	struct starttls_session *session;
	struct starttls_error error;

	ck_assert_msg(starttls_upgrade_run(upgrade, SOON_MS, &error) == 0,
	    "%s", error.message);
	session = starttls_upgrade_take(upgrade);
	ck_assert_ptr_nonnull(session);
	return session;
}

void
expect_echo(struct starttls_session *session, const char *text)
{
	char data[64];
	size_t got = 0, len = strlen(text);
	ssize_t n;

	ck_assert_int_eq(starttls_session_set_deadline(session, SOON_MS), 0);
	ck_assert_int_eq(starttls_session_write(session, text, len),
	    (ssize_t)len);
	while (got < len) {
		n = starttls_session_read(session, data + got,
		    sizeof(data) - got);
		ck_assert_int_gt(n, 0);
		got += (size_t)n;
	}
	ck_assert_mem_eq(data, text, len);
}

void
make_pair(bool tcp, int fds[2])
{
	if (tcp)
		sockets_pair(fds);
	else
		ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
}

TCase *
fd_case(Suite *s, const char *name)
{
	TCase *tc = tcase_create(name);

	tcase_add_unchecked_fixture(tc, set_up, tear_down);
	tcase_set_timeout(tc, 60);
	suite_add_tcase(s, tc);
	return tc;
}
