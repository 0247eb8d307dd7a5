/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * What a server has sent is a set, and what it was verified with is a path:
 * some of these, and in the end an anchor, which it may have sent as well.
 */

#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sent.h"

#define MAX_SENT 64                /* the library looks at no more */

/* NULL: no memory, or it cannot be read. */
static char *
names_of(const struct conversation *c, unsigned index)
{
	struct starttls_names names;
	char name[STARTTLS_NAME_SIZE], *text = NULL;
	const uint8_t *der;
	size_t len;
	FILE *out;
	int rc;

	if (conversation_cert_der(c, index, &der, &len) != 0 ||
	    starttls_names_begin(&names, der, len) != 0)
		return NULL;
	out = open_memstream(&text, &len);
	if (out == NULL)
		return NULL;
	while ((rc = starttls_names_next(&names, name, sizeof(name))) == 1)
		fwrite(name, strlen(name) + 1, 1, out);
	fputc('\0', out);
	if (fclose(out) == 0 && rc == 0)
		return text;
	free(text);
	return NULL;
}

/* What is on the path was decoded to tell, and need not be again. */
static void
take_path(struct sent *sent, const struct conversation *c)
{
	struct starttls_cert cert = { .size = sizeof(cert) };
	struct sent_cert *s;
	unsigned place;
	int index = 0;

	for (place = 0; index >= 0 && starttls_session_path(c->session, place,
	    &index, &cert) == 0; place++) {
		if (index >= 0 && (size_t)index >= sent->count)
			continue;
		s = &sent->certs[index >= 0 ? (size_t)index : sent->count++];
		s->is_known = true;
		s->place = (int)place;
		s->cert = cert;
	}
}

struct sent *
sent_new(const struct conversation *c)
{
	const unsigned count = c->report.chain_len < MAX_SENT ?
	    c->report.chain_len : MAX_SENT;
	struct sent *sent;
	unsigned i;

	if (count == 0)
		return NULL;
	sent = calloc(1, sizeof(*sent) + (count + 1) * sizeof(sent->certs[0]));
	if (sent == NULL)
		return NULL;
	atomic_init(&sent->refs, 1);
	sent->count = count;
	for (i = 0; i < count; i++) {
		sent->certs[i].is_sent = true;
		sent->certs[i].place = -1;
		sent->certs[i].cert.size = sizeof(sent->certs[i].cert);
		sent->certs[i].names = names_of(c, i);
	}
	take_path(sent, c);
	for (i = 0; i < count; i++)
		if (!sent->certs[i].is_known)
			sent->certs[i].is_known = conversation_cert(c, i,
			    &sent->certs[i].cert) == 0;
	return sent;
}

bool
sent_cert(const struct sent *sent, const struct conversation *c,
	  unsigned index, struct starttls_cert *ret_cert)
{
	if (sent == NULL || index >= sent->count ||
	    !sent->certs[index].is_sent)
		return conversation_cert(c, index, ret_cert) == 0;
	if (sent->certs[index].is_known)
		*ret_cert = sent->certs[index].cert;
	return sent->certs[index].is_known;
}

struct sent *
sent_ref(struct sent *sent)
{
	if (sent != NULL)
		atomic_fetch_add(&sent->refs, 1);
	return sent;
}

void
sent_unref(struct sent *sent)
{
	size_t i;

	if (sent == NULL || atomic_fetch_sub(&sent->refs, 1) > 1)
		return;
	for (i = 0; i < sent->count; i++)
		free(sent->certs[i].names);
	free(sent);
}
