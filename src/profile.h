/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* How strong certificates must be. */

#ifndef STARTTLS_PROFILE_H
#define STARTTLS_PROFILE_H

#include <gnutls/x509.h>

#include "error.h"

/**
 * starttls_profile: our own demand, 112 bits, or that of the system if it is
 * higher.
 *
 * @ret_profile  not below GNUTLS_PROFILE_MEDIUM
 *
 * Returns: 0; STARTTLS_E_POLICY (the system's cannot be read)
 */
int starttls_profile(gnutls_certificate_verification_profiles_t *ret_profile,
		     struct starttls_error *error);

#endif
