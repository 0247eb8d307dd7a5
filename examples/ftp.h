/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * FTP's control connection, for the example of transfers: replies, login, and
 * the way to a data channel.
 */

#ifndef FTP_H
#define FTP_H

#include "lines.h"

#define FTP_TIMEOUT_MS 20000

/* Read a reply up to its last line, "234 text"; 0: it begins with @want. */
static inline int
ftp_reply(struct lines *l, const char *want, char *line, size_t size)
{
	char code[4] = "";

	do {
		if (lines_get(l, line, size) != 0)
			return -1;
		if (code[0] == '\0')
			snprintf(code, sizeof(code), "%.3s", line);
	} while (code[2] != '\0' &&
	    (strncmp(line, code, 3) != 0 || line[3] == '-'));
	return strncmp(line, want, strlen(want)) == 0 ? 0 :
	    lines_fail(l, line);
}

static inline int
ftp_expect(struct lines *l, const char *want)
{
	char line[1024];

	return ftp_reply(l, want, line, sizeof(line));
}

static inline int
ftp_command(struct lines *l, const char *want, const char *verb,
	    const char *argument)
{
	return lines_put(l, "%s %s", verb, argument) != 0 ? -1 :
	    ftp_expect(l, want);
}

/* Binary transfers over data channels inside TLS: RFC 4217 section 9. */
static inline int
ftp_log_in(struct lines *l, const char *user, const char *password)
{
	struct starttls_report report = { .size = sizeof(report) };

	starttls_session_report(l->session, &report);
	if (!report.upgraded && ftp_expect(l, "220") != 0)
		return -1;         /* the greeting of the dedicated port */
	return ftp_command(l, "331", "USER", user) != 0 ||
	    ftp_command(l, "230", "PASS", password) != 0 ||
	    ftp_command(l, "200", "PBSZ", "0") != 0 ||
	    ftp_command(l, "200", "PROT", "P") != 0 ||
	    ftp_command(l, "200", "TYPE", "I") != 0 ? -1 : 0;
}

/*
 * A descriptor for the data channel.  EPSV names a port and no address: that
 * is the control connection's, so that no reply can send us elsewhere.
 */
static inline int
ftp_connect(struct lines *l)
{
	struct starttls_report report = { .size = sizeof(report) };
	struct starttls_error error;
	char line[1024], port[6];
	const char *at;
	int fd;

	if (lines_put(l, "EPSV") != 0 ||
	    ftp_reply(l, "229", line, sizeof(line)) != 0)
		return -1;
	at = strstr(line, "(|||");
	snprintf(port, sizeof(port), "%.5s", at != NULL ? at + 4 : "");
	port[strspn(port, "0123456789")] = '\0';
	starttls_session_report(l->session, &report);
	return starttls_dial(report.address, port, STARTTLS_ANY,
	    FTP_TIMEOUT_MS, &fd, &error) != 0 ?
	    lines_fail(l, error.message) : fd;
}

#endif
