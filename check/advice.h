/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* What a person could do about a conversation that failed. */

#ifndef CHECK_ADVICE_H
#define CHECK_ADVICE_H

#include "conversation.h"

/* "" if nothing comes to mind. */
const char *advice(const char *url, const struct conversation *c);
/* One line on standard error, with that behind it. */
void complain_of(const char *url, struct conversation *c);

#endif
