/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Framers: cut the peer's bytes into units, see protocols/protocol.h.
 *
 * A framer looks at the front of the input.  It returns the bytes that form
 * one complete line, 0 if more are needed, or STARTTLS_E_PROTOCOL if no
 * further bytes could make it legal; the unit then has the bytes that are to
 * blame.  Lines end in LF with any number of CR in front of it, of a client
 * one at least; none at all does no harm where nothing that follows is trusted.
 * Any other CR and a NUL are malformed.  Input is looked at once: the framer
 * remembers how far it has searched.
 */

#ifndef STARTTLS_FRAME_H
#define STARTTLS_FRAME_H

#include "../protocols/protocol.h"

struct framer {
	size_t searched;           /* bytes known to hold no line end */
	unsigned code;             /* of an unfinished reply; 0: none */
	bool in_block;             /* a dot-terminated block (NNTP) */
	size_t wanted;             /* bytes of the next unit (exact) */
};

#endif
