/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* Pages: which path is whose, and those that need no file of their own. */

#include "config.h"

#include "pages.h"

#include <stdlib.h>
#include <string.h>

#include "probe.h"

static void
show_probe(struct exporter *exporter, struct MHD_Connection *connection,
	   struct answer *ret_answer)
{
	struct config *config = current_get(&exporter->current);

	probe(config, &exporter->metrics, connection, ret_answer);
	config_unref(config);
}

static void
show_metrics(struct exporter *exporter, struct MHD_Connection *connection,
	     struct answer *ret_answer)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	(void)connection;
	if (out != NULL)
		metrics_print(&exporter->metrics, out);
	if (out != NULL && fclose(out) == 0) {
		answer_metrics(ret_answer, text, len);
		return;
	}
	free(text);
	answer_no_memory(ret_answer);
}

static void
show_health(struct exporter *exporter, struct MHD_Connection *connection,
	    struct answer *ret_answer)
{
	(void)exporter;
	(void)connection;
	answer_line(ret_answer, MHD_HTTP_OK, "ok");
}

static void
show_index(struct exporter *exporter, struct MHD_Connection *connection,
	   struct answer *ret_answer)
{
	(void)exporter;
	(void)connection;
	answer_line(ret_answer, MHD_HTTP_OK,
	    "starttls-exporter, see starttls-exporter(8)\n\n"
	    "/probe?target=URL&module=NAME  check a server\n"
	    "/metrics                       of the exporter itself\n"
	    "/-/healthy                     whether it answers");
}

static const struct {
	const char *path;
	void (*show)(struct exporter *exporter,
		     struct MHD_Connection *connection,
		     struct answer *ret_answer);
} pages[] = {
	{ "/probe", show_probe },
	{ "/metrics", show_metrics },
	{ "/-/healthy", show_health },
	{ "/", show_index },
};

void
pages_show(void *exporter, struct MHD_Connection *connection,
	   const char *path, struct answer *ret_answer)
{
	size_t i;

	for (i = 0; i < sizeof(pages) / sizeof(pages[0]); i++)
		if (strcmp(path, pages[i].path) == 0) {
			pages[i].show(exporter, connection, ret_answer);
			return;
		}
	answer_line(ret_answer, MHD_HTTP_NOT_FOUND, "no such page");
}
