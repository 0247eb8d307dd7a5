/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * From what went wrong to an exit status: by the class of a code, and where a
 * class has two by how far the conversation had come.
 */

#include "config.h"

#include "status.h"

int
exit_status(const struct starttls_error *error)
{
	switch (starttls_code_class(error->code)) {
	case STARTTLS_CLASS_NONE:
		return 0;
	case STARTTLS_CLASS_USAGE:
		return EXIT_USAGE;
	case STARTTLS_CLASS_LOCAL:
		return EXIT_LOCAL;
	case STARTTLS_CLASS_RESOLVE:
	case STARTTLS_CLASS_CONNECT:
		return EXIT_UNREACHED;
	case STARTTLS_CLASS_TIMEOUT:
		return EXIT_TIMEOUT;
	case STARTTLS_CLASS_PROTOCOL:
		return error->phase == STARTTLS_PHASE_HANDSHAKE ? EXIT_TLS :
		    EXIT_PROTOCOL;
	case STARTTLS_CLASS_REFUSED:
		return EXIT_REFUSED;
	case STARTTLS_CLASS_CLOSED:
		return error->phase >= STARTTLS_PHASE_HANDSHAKE ? EXIT_TLS :
		    EXIT_PROTOCOL;
	case STARTTLS_CLASS_TLS:
	case STARTTLS_CLASS_VERIFY:
		return EXIT_TLS;
	}
	return EXIT_LOCAL;
}

int
exit_status_of_call(int code)
{
	return code == 0 ? 0 :
	    starttls_code_class(code) == STARTTLS_CLASS_LOCAL ? EXIT_LOCAL :
	    EXIT_USAGE;
}
