/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Certificates and keys: in pairs, and after all other options.
 */

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "compat.h"
#include "options.h"
#include "words/status.h"

#define MAX_PASSPHRASE 1024

static char *
read_passphrase(const char *path, char *buf, size_t size)
{
	ssize_t n, len = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return NULL;
	do {
		n = read(fd, buf + len, size - 1 - (size_t)len);
		len += n > 0 ? n : 0;
	} while (n > 0 && (size_t)len < size - 1);
	close(fd);
	if (n < 0)
		return NULL;
	buf[len] = '\0';
	buf[strcspn(buf, "\r\n")] = '\0';
	return buf;
}

/* One key for each certificate, or none for any. */
static const char *
check_pairs(const struct identities *ids)
{
	if (ids->cert_count == 0 && ids->key_count > 0)
		return "--key without --cert";
	if (ids->cert_count == 0 && ids->passphrase_file != NULL)
		return "--key-passphrase-file without --cert";
	if (ids->key_count != 0 && ids->key_count != ids->cert_count)
		return "as many --key as --cert are needed, or none";
	return NULL;
}

int
set_identities(struct starttls_policy *policy, const struct identities *ids,
	       char *why, size_t why_size)
{
	struct starttls_error error;
	char passphrase[MAX_PASSPHRASE];
	const char *secret = NULL, *mistake = check_pairs(ids);
	size_t i;
	int rc = 0;

	if (mistake != NULL) {
		snprintf(why, why_size, "%s", mistake);
		return EXIT_USAGE;
	}
	if (ids->passphrase_file != NULL) {
		secret = read_passphrase(ids->passphrase_file, passphrase,
		    sizeof(passphrase));
		if (secret == NULL) {
			snprintf(why, why_size, "%.200s: %s",
			    ids->passphrase_file, strerror(errno));
			return EXIT_USAGE;
		}
	}
	for (i = 0; rc == 0 && i < ids->cert_count; i++)
		rc = starttls_policy_identity(policy, ids->cert[i],
		    ids->key_count > 0 ? ids->key[i] : NULL, secret, &error);
	explicit_bzero(passphrase, sizeof(passphrase));
	if (rc == 0)
		return 0;
	snprintf(why, why_size, "--cert: %s%s", error.message,
	    rc == STARTTLS_E_PASSPHRASE && secret == NULL ?
	    ": --key-passphrase-file" : "");
	return EXIT_USAGE;
}
