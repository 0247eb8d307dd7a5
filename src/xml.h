/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * A scanner for streams of XML 1.0 with namespaces, as XMPP has them (RFC 6120
 * section 11): for framers, which give it the namespaces that their protocol
 * knows, and for steps, which look at attributes.
 *
 * A unit is a tag, or the text between two: so an element may be of any size,
 * with what is open in bounds.  In a unit
 *
 *	line    is the whole tag, or the text, as it was sent
 *	text    is the local name of the element
 *	first   the tag opens an element
 *	last    the tag closes one; both if it is empty; neither for text
 *	depth   of the element; 1 is that of the stream; 0: the declaration
 *	space   the number of its namespace, from 1 in the order of @spaces
 *	inner   that of elements within it that have no prefix
 *
 * White space between the elements of a stream is blank.
 *
 * Refused are comments, processing instructions, document types, CDATA,
 * entities other than the five, encodings other than UTF-8, duplicate
 * attributes, tags that do not match; more than XML_MAX_DEPTH elements open,
 * or XML_MAX_SCOPE bytes of names and prefixes in them, or XML_MAX_ATTRIBUTES
 * in a tag (STARTTLS_E_LIMIT).
 */

#ifndef STARTTLS_XML_H
#define STARTTLS_XML_H

#include "frame.h"

#define XML_MAX_ATTRIBUTES 32

/**
 * starttls_xml_frame: as a frame_fn.
 *
 * @spaces  names of the namespaces that are told from all others; ends with
 *          NULL
 */
ssize_t starttls_xml_frame(struct framer *f, const char *const *spaces,
			   const uint8_t *data, size_t len,
			   struct unit *ret_unit);

/** starttls_xml_enter: the outermost element was opened, unseen by us. */
void starttls_xml_enter(struct framer *f);

/**
 * starttls_xml_attribute: look for an attribute without a prefix.
 *
 * @tag  line of a unit that opens an element
 *
 * Returns: whether it is there; its value may have references in it
 */
bool starttls_xml_attribute(struct bytes tag, const char *name,
			    struct bytes *ret_value);

/** starttls_xml_opens: whether a unit opens this element, there. */
bool starttls_xml_opens(const struct unit *u, unsigned depth, unsigned space,
			const char *name);

/** starttls_xml_equal: whether a value, or a text, is just @text. */
bool starttls_xml_equal(struct bytes value, const char *text);

/** starttls_xml_number: what a value begins with, up to 999; 0: no number. */
unsigned starttls_xml_number(struct bytes value);

#endif
