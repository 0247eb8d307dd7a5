/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * A client that lives for one check, and yet resumes: it keeps its TLS
 * sessions in a file.
 *
 *	cc keep-sessions.c -o keep-sessions \
 *	    $(pkg-config --cflags --libs libstarttls)
 *	./keep-sessions imap://mail.example.org ca.pem sessions
 *
 * The sessions are secrets, in a file that is the user's alone.  A ticket must
 * be used once only, so a process that reads the file also takes it away; one
 * that comes meanwhile finds none, and makes a full handshake.
 */

#define _DEFAULT_SOURCE            /* explicit_bzero */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <starttls.h>

#define MAX_NAME 1024

/* What @path holds, which is then gone; only one process can rename it. */
static unsigned char *
take_file(const char *path, size_t *ret_len)
{
	unsigned char *data = NULL;
	char mine[MAX_NAME];
	struct stat st;
	ssize_t n = -1;
	int fd;

	snprintf(mine, sizeof(mine), "%s.%ld", path, (long)getpid());
	if (rename(path, mine) != 0)
		return NULL;
	fd = open(mine, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
	unlink(mine);
	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    st.st_uid == geteuid() && (st.st_mode & 077) == 0 &&
	    st.st_size <= 1 << 20 &&
	    (data = malloc((size_t)st.st_size + 1)) != NULL)
		n = read(fd, data, (size_t)st.st_size);
	close(fd);
	if (n >= 0 && n == st.st_size) {
		*ret_len = (size_t)n;
		return data;
	}
	free(data);
	return NULL;
}

/* All of it or nothing appears at @path; mkstemp gives it mode 0600. */
static int
put_file(const char *path, const unsigned char *data, size_t len)
{
	char temporary[MAX_NAME];
	ssize_t n;
	int fd;

	snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path);
	fd = mkstemp(temporary);
	if (fd < 0)
		return -1;
	n = write(fd, data, len);
	if (close(fd) == 0 && n == (ssize_t)len && rename(temporary, path) == 0)
		return 0;
	unlink(temporary);
	return -1;
}

/* Sessions that do not fit cost a full handshake and nothing else. */
static void
load(struct starttls_policy *policy, const char *path)
{
	struct starttls_error error;
	size_t len;
	unsigned char *data = take_file(path, &len);

	if (data == NULL)
		return;
	if (starttls_policy_import_sessions(policy, data, len, &error) != 0)
		fprintf(stderr, "%s: %s\n", path, error.message);
	explicit_bzero(data, len);
	free(data);
}

static int
save(struct starttls_policy *policy, const char *path)
{
	struct starttls_error error;
	unsigned char *data;
	size_t len;
	int rc;

	if (starttls_policy_export_sessions(policy, &data, &len, &error)) {
		fprintf(stderr, "%s: %s\n", path, error.message);
		return -1;
	}
	rc = put_file(path, data, len);
	if (rc != 0)
		perror(path);
	explicit_bzero(data, len);
	free(data);
	return rc;
}

int
main(int argc, char **argv)
{
	struct starttls_policy *policy;
	struct starttls_session *session = NULL;
	struct starttls_report report = { .size = sizeof(report) };
	struct starttls_error error;
	int status = 1;

	if (argc != 4 || strlen(argv[3]) > MAX_NAME - 24 ||
	    starttls_policy_new(&policy, STARTTLS_CLIENT) != 0)
		return 2;
	if (starttls_policy_add_trust_file(policy, argv[2], &error) != 0) {
		fprintf(stderr, "%s\n", error.message);
		starttls_policy_unref(policy);
		return 1;
	}
	load(policy, argv[3]);
	/* TLS 1.3 sends its tickets along with the first data */
	if (starttls_open(&session, policy, argv[1], 10000, NULL, &error) ||
	    starttls_session_check(session, &error) != 0) {
		fprintf(stderr, "%s\n", error.message);
	} else {
		starttls_session_report(session, &report);
		printf("%s, %s\n", report.version,
		    report.resumed ? "resumed" : "full handshake");
		status = 0;
	}
	starttls_session_free(session);
	/* also after a failure: the sessions with others are still good */
	if (save(policy, argv[3]) != 0)
		status = 1;
	starttls_policy_unref(policy);
	return status;
}
