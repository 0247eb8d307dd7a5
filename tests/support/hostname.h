/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* What the machine of the tests is called. */

#ifndef TESTS_HOSTNAME_H
#define TESTS_HOSTNAME_H

#define TEST_HOST_NAME "client.example.org"

/* NULL: it cannot be found out */
extern const char *test_host_name;

#endif
