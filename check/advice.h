/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* What a person could do about a conversation that failed. */

#ifndef CHECK_ADVICE_H
#define CHECK_ADVICE_H

#include "conversation.h"

#define ADVICE_SIZE 400

/* Into ADVICE_SIZE bytes; "" if nothing comes to mind. */
void advise(const char *url, const struct conversation *c, char *buf);
/* One line on standard error, with that behind it. */
void complain_of(const char *url, struct conversation *c);

#endif
