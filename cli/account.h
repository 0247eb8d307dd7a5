/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* The options that say whom to log in as. */

#ifndef CLI_ACCOUNT_H
#define CLI_ACCOUNT_H

#include "options.h"

/* The option with this letter; false: @value is not acceptable. */
bool account_option(struct account *account, char letter, const char *value);

/* What does not go together, in words; NULL: nothing. */
const char *account_mistake(const struct account *account);

#endif
