/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Where trust anchors come from: files of PEM or DER, directories of them, and
 * the system.
 * A store takes all of a source, or nothing.
 */

#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pem.h"
#include "trust.h"

#define MAX_FILE (16u << 20)

/* Read a whole file; the caller frees. */
static int
read_file(const char *path, char **ret_data, size_t *ret_len)
{
	struct stat st;
	char *data = NULL;
	size_t len = 0;
	ssize_t n = -1;
	int fd, saved;

	/* a FIFO must not block us for ever */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return -1;
	if (fstat(fd, &st) != 0)
		goto out;
	errno = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
	if (!S_ISREG(st.st_mode))
		goto out;
	errno = EFBIG;
	if (st.st_size < 0 || st.st_size > (off_t)MAX_FILE)
		goto out;
	data = malloc((size_t)st.st_size + 1);
	if (data == NULL)
		goto out;
	while (len < (size_t)st.st_size) {
		n = read(fd, data + len, (size_t)st.st_size - len);
		if (n <= 0 && !(n < 0 && errno == EINTR))
			break;
		len += n > 0 ? (size_t)n : 0;
	}
	n = n < 0 && len < (size_t)st.st_size ? -1 : 0;
out:
	saved = errno;
	close(fd);
	if (n != 0) {
		free(data);
		errno = saved;
		return -1;
	}
	data[len] = '\0';
	*ret_data = data;
	*ret_len = len;
	return 0;
}

static int
add_file(struct trust *t, const char *path, bool is_system,
	 struct starttls_error *error)
{
	char *data;
	size_t len;
	int rc;

	if (read_file(path, &data, &len) != 0)
		return starttls_error_sys(error, errno == ENOMEM ?
		    STARTTLS_E_NOMEM : STARTTLS_E_POLICY,
		    STARTTLS_PHASE_SETUP, errno, "%s", path);
	if (is_system && !starttls_pem_is_der(data, len))
		return starttls_trust_take_pem(t, path, data, len, error);
	rc = starttls_pem_is_der(data, len) ?
	    starttls_trust_add_der(t, path, data, len, error) :
	    starttls_trust_add_pem(t, path, data, len, error);
	free(data);
	return rc;
}

int
starttls_trust_add_file(struct trust *t, const char *path,
			struct starttls_error *error)
{
	return add_file(t, path, false, error);
}

/* "1a2b3c4d.0", the layout that OpenSSL's rehash makes. */
static bool
is_hashed_name(const char *name)
{
	size_t i;

	for (i = 0; i < 8; i++)
		if (strchr("0123456789abcdef", name[i]) == NULL ||
		    name[i] == '\0')
			return false;
	return name[8] == '.' && name[9] >= '0' && name[9] <= '9' &&
	    strspn(name + 9, "0123456789") == strlen(name + 9);
}

static bool
is_certificate_name(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot != NULL && name[0] != '.' && (strcmp(dot, ".pem") == 0 ||
	    strcmp(dot, ".crt") == 0 || strcmp(dot, ".cer") == 0 ||
	    strcmp(dot, ".der") == 0);
}

/* Add the files whose names @accept likes; count them. */
static int
scan_dir(struct trust *t, const char *path, bool (*accept)(const char *),
	 size_t *ret_files, struct starttls_error *error)
{
	char file[4096];
	struct dirent *entry;
	int rc = 0;
	DIR *dir = opendir(path);

	if (dir == NULL)
		return starttls_error_sys(error, STARTTLS_E_POLICY,
		    STARTTLS_PHASE_SETUP, errno, "%s", path);
	while (rc == 0 && (entry = readdir(dir)) != NULL) {
		if (!accept(entry->d_name))
			continue;
		++*ret_files;
		if ((size_t)snprintf(file, sizeof(file), "%s/%s", path,
		    entry->d_name) >= sizeof(file))
			rc = starttls_error_set(error, STARTTLS_E_POLICY,
			    STARTTLS_PHASE_SETUP, "%s: name too long", path);
		else
			rc = starttls_trust_add_file(t, file, error);
	}
	closedir(dir);
	return rc;
}

int
starttls_trust_add_dir(struct trust *t, const char *path,
		       struct starttls_error *error)
{
	const struct trust_mark before = starttls_trust_mark(t);
	size_t files = 0;
	int rc = scan_dir(t, path, is_hashed_name, &files, error);

	if (rc == 0 && files == 0)
		rc = scan_dir(t, path, is_certificate_name, &files, error);
	if (rc == 0 && starttls_trust_count(t) == before.count)
		rc = starttls_error_set(error, STARTTLS_E_POLICY,
		    STARTTLS_PHASE_SETUP, "%s: no certificates in it", path);
	if (rc != 0)
		starttls_trust_forget(t, before);
	return rc;
}

const char *
starttls_trust_system_path(void)
{
	return SYSTEM_TRUST;
}

/* A certificate that GnuTLS has read; one without names is of no use. */
static int
add_crt(struct trust *t, gnutls_x509_crt_t crt)
{
	gnutls_datum_t data;
	int rc;

	if (gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_DER, &data) < 0)
		return STARTTLS_E_NOMEM;
	rc = starttls_trust_add_der(t, SYSTEM_TRUST, data.data, data.size,
	    NULL);
	gnutls_free(data.data);
	return rc == STARTTLS_E_POLICY ? 0 : rc;
}

/* Wherever GnuTLS was built to look, which may be a PKCS#11 module. */
static int
add_gnutls_system(struct trust *t)
{
	gnutls_x509_trust_list_iter_t iter = NULL;
	gnutls_x509_trust_list_t list;
	gnutls_x509_crt_t crt;
	int rc = 0;

	if (gnutls_x509_trust_list_init(&list, 0) < 0)
		return STARTTLS_E_NOMEM;
	if (gnutls_x509_trust_list_add_system_trust(list, 0, 0) > 0)
		while (rc == 0 && gnutls_x509_trust_list_iter_get_ca(list,
		    &iter, &crt) >= 0) {
			rc = add_crt(t, crt);
			gnutls_x509_crt_deinit(crt);
		}
	gnutls_x509_trust_list_iter_deinit(iter);
	gnutls_x509_trust_list_deinit(list, 1);
	return rc;
}

int
starttls_trust_add_system(struct trust *t, struct starttls_error *error)
{
	const struct trust_mark before = starttls_trust_mark(t);
	struct stat st;
	int rc;

	if (stat(SYSTEM_TRUST, &st) == 0)
		return S_ISDIR(st.st_mode) ?
		    starttls_trust_add_dir(t, SYSTEM_TRUST, error) :
		    add_file(t, SYSTEM_TRUST, true, error);
	rc = add_gnutls_system(t);
	if (rc != 0) {
		starttls_trust_forget(t, before);
		return starttls_error_set(error, rc, STARTTLS_PHASE_SETUP,
		    "out of memory");
	}
	if (starttls_trust_count(t) > before.count)
		return 0;
	return starttls_error_set(error, STARTTLS_E_POLICY,
	    STARTTLS_PHASE_SETUP, "the system's trust store %s is not there; "
	    "install ca-certificates or name a CA file", SYSTEM_TRUST);
}
