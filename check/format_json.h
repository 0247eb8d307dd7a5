/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* JSON objects that more than a check prints.  Only with jansson. */

#ifndef CHECK_FORMAT_JSON_H
#define CHECK_FORMAT_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <jansson.h>

#include "result.h"
#include "threshold.h"

/* As doc/check.schema.json describes it.  NULL: out of memory. */
json_t *json_of_result(const struct result *r, const struct limits *limits);
json_t *json_of_date(int64_t seconds);

/* Takes @value; false: out of memory. */
bool json_set(json_t *object, const char *key, json_t *value);
/* @object, if all that was set is in it; or NULL. */
json_t *json_whole(json_t *object, bool good);
/* A line of its own.  Takes @object; false if it is NULL: out of memory. */
bool json_print(FILE *out, json_t *object);

#endif
