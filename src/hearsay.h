/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * What a server has said in the clear, for the report; see starttls.h.  It is
 * for programs to look at, and for nothing in here: nobody vouches for it.
 */

#ifndef STARTTLS_HEARSAY_H
#define STARTTLS_HEARSAY_H

#include "starttls.h"

struct hearsay {
	char greeting[STARTTLS_GREETING_SIZE];
	int greeting_code;
	int reply_code;
};

#endif
