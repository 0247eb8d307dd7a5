/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * A password that is in nobody's list of processes: @source is "env:NAME",
 * an environment variable, or a file, whose first line it is.  And the base64
 * that SASL puts around it.
 */

#ifndef SECRET_H
#define SECRET_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline int
secret_read(const char *source, char *secret, size_t size)
{
	const char *value = NULL;
	FILE *file = NULL;

	if (strncmp(source, "env:", 4) == 0)
		value = getenv(source + 4);
	else if ((file = fopen(source, "r")) != NULL)
		value = fgets(secret, (int)size, file);
	if (file != NULL)
		fclose(file);
	if (value == NULL || strlen(value) + 1 >= size) {
		fprintf(stderr, "%s: no password there\n", source);
		return -1;
	}
	memmove(secret, value, strlen(value) + 1);
	secret[strcspn(secret, "\r\n")] = '\0';
	return 0;
}

/* @out has room for (len + 2) / 3 * 4 + 1 bytes. */
static inline void
secret_base64(char *out, const unsigned char *in, size_t len)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t i;

	for (i = 0; i < len; i += 3, out += 4) {
		unsigned b = in[i] * 65536u +
		    (i + 1 < len ? in[i + 1] * 256u : 0) +
		    (i + 2 < len ? in[i + 2] : 0);

		out[0] = digits[b >> 18];
		out[1] = digits[b >> 12 & 63];
		out[2] = i + 1 < len ? digits[b >> 6 & 63] : '=';
		out[3] = i + 2 < len ? digits[b & 63] : '=';
	}
	*out = '\0';
}

#endif
