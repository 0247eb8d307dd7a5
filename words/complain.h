/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* Complaints: one line on standard error, cause first, then what to do. */

#ifndef WORDS_COMPLAIN_H
#define WORDS_COMPLAIN_H

#include "starttls.h"

/* Each program's own, for messages. */
extern const char program_name[];

/* @text, which may have anything in it, behind the name of the program.
   Returns @status. */
int complain(const char *text, int status);
/* A lack of this system: "@what: why".  Returns EXIT_LOCAL. */
int complain_errno(const char *what, int number);
/* @message behind the URL that it is about, unless it has that already, or the
   URL has a part that may be a password. */
#define WITH_URL (200 + 2 + STARTTLS_MESSAGE_SIZE)
const char *with_url(char *buf, size_t size, const char *url,
		     const char *message);
/* About a URL; @reason is a stable name, @hint may be "". */
void complain_about(const char *url, const struct starttls_error *error,
		    const char *reason, const char *hint);

#endif
