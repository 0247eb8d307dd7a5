/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Transfer files over FTP, control and data both inside TLS: PBSZ, PROT P,
 * EPSV, and data channels that resume the control session.
 *
 *	cc ftp-transfer.c -o ftp-transfer \
 *	    $(pkg-config --cflags --libs libstarttls)
 *	./ftp-transfer ftp://ftp.example.org ca.pem user password-file \
 *	    put report.pdf in/report.pdf  get here.iso pub/there.iso
 *
 * Any number of transfers, each with the local name first.  The password is
 * the first line of the file, or, as env:NAME, the value of an environment
 * variable.  A file that arrives has the name with ".part" until it is known
 * to be whole.  Status 0: all files are whole.
 */

#define _POSIX_C_SOURCE 200809L

#include <fcntl.h>
#include <unistd.h>

#include "ftp.h"
#include "secret.h"

/* Say close_notify, and read until the end: a socket that is closed with bytes
   unread may lose what it has sent.  Some servers have no close_notify for a
   channel that they only read from; there, their reply has to do. */
static int
send_file(struct starttls_session *data, int file)
{
	char block[16384];
	ssize_t n = 0;

	while ((n = read(file, block, sizeof(block))) > 0)
		if (starttls_session_write(data, block, (size_t)n) < 0)
			return -1;
	n = n < 0 ? -1 : starttls_session_close(data);
	return n == 0 || n == STARTTLS_E_TRUNCATED ? 0 : -1;
}

/* The end of a file is 0, which stands for close_notify, and nothing else. */
static int
receive_file(struct starttls_session *data, int file)
{
	char block[16384];
	ssize_t n;

	while ((n = starttls_session_read(data, block, sizeof(block))) != 0)
		if (n < 0 || write(file, block, (size_t)n) != n)
			return -1;
	return starttls_session_close(data);
}

/* A file takes the time that it takes, but must not stand still. */
static int
transfer_on(struct starttls_session *data, int is_put, int file)
{
	if (starttls_session_set_deadline(data, -1) != 0 ||
	    starttls_session_set_idle(data, FTP_TIMEOUT_MS) != 0)
		return -1;
	return is_put ? send_file(data, file) : receive_file(data, file);
}

/* 0: the file is whole, says TLS, and so says the server. */
static int
transfer(struct lines *l, int is_put, const char *remote, int file)
{
	struct starttls_report report = { .size = sizeof(report) };
	struct starttls_upgrade *upgrade = NULL;
	struct starttls_session *data = NULL;
	struct starttls_error error;
	int rc = -1, fd = ftp_connect(l);

	if (fd < 0)
		return -1;
	if (ftp_command(l, "1", is_put ? "STOR" : "RETR", remote) != 0) {
		close(fd);
		return -1;
	}
	if (starttls_upgrade_data(&upgrade, l->session, fd, NULL, &error) == 0 &&
	    starttls_upgrade_run(upgrade, FTP_TIMEOUT_MS, &error) == 0) {
		data = starttls_upgrade_take(upgrade);
		rc = transfer_on(data, is_put, file);
		if (rc != 0 && starttls_session_error(data, &error) == 0)
			perror(remote);
		else if (rc != 0)
			fprintf(stderr, "%s: %s\n", remote, error.message);
		starttls_session_report(data, &report);
		starttls_session_free(data);
	} else {
		lines_fail(l, error.message);
		starttls_upgrade_free(upgrade);
	}
	close(fd);                 /* before the server's word is awaited */
	if (ftp_expect(l, "2") != 0 || rc != 0)
		return -1;
	printf("%s: %s%s\n", remote, report.version,
	    report.resumed ? ", resumed" : "");
	return 0;
}

static int
put_or_get(struct lines *l, const char *verb, const char *local,
	   const char *remote)
{
	int is_put = strcmp(verb, "put") == 0, file, rc;
	char part[4096];

	if (!is_put && strcmp(verb, "get") != 0)
		return lines_fail(l, "put or get, local name, remote name");
	snprintf(part, sizeof(part), "%.4000s%s", local, is_put ? "" : ".part");
	file = open(part, is_put ? O_RDONLY : O_WRONLY | O_CREAT | O_EXCL, 0666);
	if (file < 0) {
		perror(part);
		return -1;
	}
	rc = transfer(l, is_put, remote, file);
	if (close(file) != 0)
		rc = -1;
	if (!is_put && (rc != 0 || rename(part, local) != 0)) {
		unlink(part);
		rc = -1;
	}
	return rc;
}

int
main(int argc, char **argv)
{
	struct starttls_policy *policy;
	struct starttls_error error;
	struct lines l = { .session = NULL };
	char password[256];
	int rc = -1;

	if (argc < 8 || (argc - 5) % 3 != 0 ||
	    secret_read(argv[4], password, sizeof(password)) != 0 ||
	    starttls_policy_new(&policy, STARTTLS_CLIENT) != 0)
		return 2;
	if (starttls_policy_add_trust_file(policy, argv[2], &error) != 0 ||
	    starttls_open(&l.session, policy, argv[1], 10000, NULL, &error))
		fprintf(stderr, "%s\n", error.message);
	else
		rc = ftp_log_in(&l, argv[3], password);
	for (argv += 5; rc == 0 && *argv != NULL; argv += 3)
		rc = put_or_get(&l, argv[0], argv[1], argv[2]);
	if (rc == 0)
		lines_put(&l, "QUIT");
	starttls_session_end(l.session);
	starttls_policy_unref(policy);
	return rc == 0 ? 0 : 1;
}
