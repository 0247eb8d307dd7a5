/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * A client with a descriptor of its own: it connects, upgrades LDAP's
 * conversation at the command (STARTTLS_COMMAND), logs in and prints the
 * resultCode.  The descriptor stays the application's to close.
 *
 *	cc own-socket.c -o own-socket $(pkg-config --cflags --libs libstarttls)
 *	./own-socket localhost 389 ca.pem DN password-file
 *
 * Status 0: the login worked.
 */

#define _POSIX_C_SOURCE 200809L

#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <starttls.h>

#include "secret.h"

static int
connect_to(const char *host, const char *port)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *list, *a;
	int fd = -1;

	if (getaddrinfo(host, port, &hints, &list) != 0)
		return -1;
	for (a = list; a != NULL && fd < 0; a = a->ai_next) {
		fd = socket(a->ai_family, a->ai_socktype, a->ai_protocol);
		if (fd >= 0 && connect(fd, a->ai_addr, a->ai_addrlen) != 0) {
			close(fd);
			fd = -1;
		}
	}
	freeaddrinfo(list);
	return fd;
}

/* A simple bind, RFC 4511 section 4.2; all of it is shorter than 128. */
static size_t
make_bind(unsigned char *out, const char *dn, const char *password)
{
	size_t d = strlen(dn), p = strlen(password), n = 0;

	if (d + p > 100)
		return 0;
	out[n++] = 0x30;
	out[n++] = (unsigned char)(12 + d + p);
	memcpy(out + n, "\2\1\2\x60", 4);
	n += 4;
	out[n++] = (unsigned char)(7 + d + p);
	memcpy(out + n, "\2\1\3\4", 4);
	n += 4;
	out[n++] = (unsigned char)d;
	memcpy(out + n, dn, d);
	n += d;
	out[n++] = 0x80;
	out[n++] = (unsigned char)p;
	memcpy(out + n, password, p);
	return n + p;
}

/* Returns the resultCode, or -1. */
static int
log_in(struct starttls_session *s, const char *dn, const char *password)
{
	unsigned char out[128], in[512];
	size_t len = make_bind(out, dn, password), got = 0;
	ssize_t n = 0;

	if (len == 0 || starttls_session_write(s, out, len) != (ssize_t)len)
		return -1;
	while (got < 10 && (n = starttls_session_read(s, in + got,
	    sizeof(in) - got)) > 0)
		got += (size_t)n;
	/* with lengths as short as they can be; Active Directory's are not */
	return n > 0 && memcmp(in + 2, "\2\1\2\x61", 4) == 0 &&
	    in[7] == 0x0a && in[8] == 1 ? in[9] : -1;
}

int
main(int argc, char **argv)
{
	struct starttls_policy *policy;
	struct starttls_upgrade *upgrade = NULL;
	struct starttls_session *session = NULL;
	struct starttls_error error;
	char password[100];
	int fd, code = -1;

	if (argc != 6 || secret_read(argv[5], password, sizeof(password)) ||
	    starttls_policy_new(&policy, STARTTLS_CLIENT) != 0)
		return 2;
	fd = connect_to(argv[1], argv[2]);
	if (fd < 0)
		fprintf(stderr, "cannot connect\n");
	else if (starttls_policy_add_trust_file(policy, argv[3], &error) != 0 ||
	    starttls_upgrade_new(&upgrade, policy,
	    starttls_protocol_find("ldap"), STARTTLS_COMMAND, argv[1], fd,
	    NULL, &error) != 0 ||
	    starttls_upgrade_run(upgrade, 10000, &error) != 0)
		fprintf(stderr, "%s\n", error.message);
	else
		session = starttls_upgrade_take(upgrade);
	if (session != NULL) {
		code = log_in(session, argv[4], password);
		printf("resultCode %d\n", code);
		starttls_session_end(session);
	} else {
		starttls_upgrade_free(upgrade);
	}
	if (fd >= 0)
		close(fd);
	starttls_policy_unref(policy);
	return code == 0 ? 0 : 1;
}
