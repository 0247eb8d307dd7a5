/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* Values of options: what they mean, and whether they are any good. */

#ifndef CLI_VALUES_H
#define CLI_VALUES_H

#include "settings.h"

/* These give false for a value that is none. */

bool parse_seconds(const char *text, int *ret_ms); /* from 0 */
bool parse_timeout(const char *text, int *ret_ms); /* more than that */
bool parse_connect(const char *text, struct settings *settings);
bool parse_count(const char *text, long *ret_count);
bool parse_retries(const char *text, long *ret_count); /* the same, or 0 */
/* time=SECONDS,days=NUMBER in any order, or one of them. */
bool parse_threshold(const char *text, struct threshold *ret_threshold);

/* These give what the library says. */

/* Or 1: it is none of those there are. */
int set_format(struct settings *settings, const char *value,
	       struct starttls_error *error);
/* SCHEME=PORT, the scheme in lower case; or 1. */
int set_port(struct settings *settings, const char *value,
	     struct starttls_error *error);
int set_alpn(struct settings *settings, const char *value,
	     struct starttls_error *error);
int set_min_version(struct settings *settings, const char *value,
		    struct starttls_error *error);
int set_client_cert(struct settings *settings, const char *value,
		    struct starttls_error *error);
/* Clients may be vouched for: a CA that nobody is asked for would only look
   like safety, so it means "required" unless --client-cert says less. */
int set_client_ca(struct settings *settings, const char *value,
		  struct starttls_error *error);

#endif
