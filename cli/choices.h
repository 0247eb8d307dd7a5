/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* Values of options of which there are only a few. */

#ifndef CLI_CHOICES_H
#define CLI_CHOICES_H

#include "cli.h"

#define CHOICES 160                /* all of them in words */

/* The @index'th value of an option of @subcommand; NULL: there are no more, or
   it has any number of them. */
const char *choice(const struct subcommand *subcommand, char letter,
		   size_t index);
/* "is not A, B or C (did you mean B?)"; false: it may be anything. */
bool choose_again(const struct subcommand *subcommand, char letter,
		  const char *value, char *buf, size_t size);

#endif
