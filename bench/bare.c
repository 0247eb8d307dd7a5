/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Upgrades with a plain GnuTLS client, one after the other.
 *
 * usage: bare CAFILE imap|smtp|tls PORT 1.2|1.3 COUNT full|resume
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plain.h"

int
main(int argc, char **argv)
{
	gnutls_session_t tls;
	struct plain plain;
	int count;

	if (argc != 7) {
		fprintf(stderr, "usage: bare CAFILE imap|smtp|tls PORT "
		    "1.2|1.3 COUNT full|resume\n");
		return 1;
	}
	plain_init(&plain, argv[1], argv[2], argv[3], argv[4],
	    strcmp(argv[6], "resume") == 0);
	for (count = atoi(argv[5]); count > 0; count--) {
		tls = plain_upgrade(&plain);
		plain_exchange(&plain, tls);
		plain_goodbye(&plain, tls);
	}
	plain_done(&plain);
	return 0;
}
