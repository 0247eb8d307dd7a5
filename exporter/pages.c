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

	probe(exporter, config, connection, ret_answer);
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
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	(void)connection;
	if (out != NULL)
		history_print(&exporter->history, out);
	if (out != NULL && fclose(out) == 0) {
		answer_page(ret_answer, text, len);
		return;
	}
	free(text);
	answer_no_memory(ret_answer);
}

static void
show_log(struct exporter *exporter, struct MHD_Connection *connection,
	 struct answer *ret_answer)
{
	const char *id = MHD_lookup_connection_value(connection,
	    MHD_GET_ARGUMENT_KIND, "id");
	char *text = NULL;

	if (id != NULL && id[0] != '\0' && strlen(id) < 20 &&
	    strspn(id, "0123456789") == strlen(id))
		text = history_record(&exporter->history,
		    strtoull(id, NULL, 10));
	if (text != NULL)
		answer_text(ret_answer, text);
	else
		answer_line(ret_answer, MHD_HTTP_NOT_FOUND,
		    "there is no such log, or not any more");
}

/* A browser says with each POST which page it comes from; no page has any
   business here. */
static void
show_reload(struct exporter *exporter, struct MHD_Connection *connection,
	    struct answer *ret_answer)
{
	if (MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
	    MHD_HTTP_HEADER_ORIGIN) != NULL) {
		answer_line(ret_answer, MHD_HTTP_FORBIDDEN,
		    "web pages may not ask for this");
		return;
	}
	switch (reloads_ask(&exporter->reloads)) {
	case RELOAD_GOOD:
		answer_line(ret_answer, MHD_HTTP_OK,
		    "the configuration was read again");
		return;
	case RELOAD_BAD:
		answer_line(ret_answer, MHD_HTTP_INTERNAL_SERVER_ERROR,
		    "the former configuration stays in use; standard error "
		    "says what is wrong with the file");
		return;
	case RELOAD_NEVER:
		break;
	}
	answer_line(ret_answer, MHD_HTTP_SERVICE_UNAVAILABLE,
	    "the exporter is about to end");
}

static const struct page {
	const char *path;
	bool takes_post;
	void (*show)(struct exporter *exporter,
		     struct MHD_Connection *connection,
		     struct answer *ret_answer);
} pages[] = {
	{ "/probe", false, show_probe },
	{ "/metrics", false, show_metrics },
	{ "/logs", false, show_log },
	{ "/-/healthy", false, show_health },
	{ "/-/reload", true, show_reload },
	{ "/", false, show_index },
};

static const struct page *
find(const char *path)
{
	size_t i;

	for (i = 0; i < sizeof(pages) / sizeof(pages[0]); i++)
		if (strcmp(path, pages[i].path) == 0)
			return &pages[i];
	return NULL;
}

bool
pages_takes_post(const char *path)
{
	const struct page *page = find(path);

	return page != NULL && page->takes_post;
}

void
pages_show(void *exporter, struct MHD_Connection *connection,
	   const char *path, struct answer *ret_answer)
{
	const struct page *page = find(path);

	if (page != NULL)
		page->show(exporter, connection, ret_answer);
	else
		answer_line(ret_answer, MHD_HTTP_NOT_FOUND, "no such page");
}
