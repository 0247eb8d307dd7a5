/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * The HTTP server, which is GNU libmicrohttpd: which path is whose, and
 * answers.
 *
 * A connection has a thread, as a probe waits for its server.  What clients
 * send is bounded in size here, in number and in time by clients.c, and
 * nothing of it is in an answer, unless it was allowed as a target.
 */

#include "config.h"

#include "http.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "probe.h"

#define CONNECTION_MEMORY 16384
/* With the usual 8 MiB 32 bits would have no room for all of the threads. */
#define STACK_SIZE (1 << 20)
#define LEAVING 64                 /* have been shut down, and end soon */

static enum MHD_Result
answer(struct MHD_Connection *connection, unsigned status, const char *type,
       struct MHD_Response *response)
{
	enum MHD_Result rc;

	if (response == NULL)
		return MHD_NO;
	rc = MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
	    type);
	if (rc == MHD_YES)
		rc = MHD_add_response_header(response,
		    "X-Content-Type-Options", "nosniff");
	if (rc == MHD_YES && status == MHD_HTTP_METHOD_NOT_ALLOWED)
		rc = MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW,
		    "GET, HEAD");
	if (rc == MHD_YES)
		rc = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return rc;
}

enum MHD_Result
http_take(struct MHD_Connection *connection, unsigned status,
	  const char *type, char *text, size_t len)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(len,
	    text, MHD_RESPMEM_MUST_FREE);

	if (response == NULL)
		free(text);
	return answer(connection, status, type, response);
}

enum MHD_Result
http_say(struct MHD_Connection *connection, unsigned status, const char *line)
{
	char text[400];

	snprintf(text, sizeof(text), "%s\n", line);
	return answer(connection, status, TYPE_TEXT,
	    MHD_create_response_from_buffer(strlen(text), text,
	    MHD_RESPMEM_MUST_COPY));
}

static enum MHD_Result
show_metrics(struct exporter *exporter, struct MHD_Connection *connection)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (out != NULL)
		metrics_print(&exporter->metrics, out);
	if (out == NULL || fclose(out) != 0) {
		free(text);
		return http_say(connection, MHD_HTTP_INTERNAL_SERVER_ERROR,
		    "out of memory");
	}
	return http_take(connection, MHD_HTTP_OK, TYPE_METRICS, text, len);
}

static struct client *
client_of(struct MHD_Connection *connection)
{
	return MHD_get_connection_info(connection,
	    MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

static enum MHD_Result
route(struct exporter *exporter, struct MHD_Connection *connection,
      const char *path)
{
	if (strcmp(path, "/probe") == 0)
		return probe(exporter, connection);
	if (strcmp(path, "/metrics") == 0)
		return show_metrics(exporter, connection);
	if (strcmp(path, "/-/healthy") == 0)
		return http_say(connection, MHD_HTTP_OK, "ok");
	if (strcmp(path, "/") == 0)
		return http_say(connection, MHD_HTTP_OK,
		    "starttls-exporter, see starttls-exporter(8)\n\n"
		    "/probe?target=URL&module=NAME  check a server\n"
		    "/metrics                       of the exporter itself\n"
		    "/-/healthy                     whether it answers");
	return http_say(connection, MHD_HTTP_NOT_FOUND, "no such page");
}

static enum MHD_Result
handle(void *context, struct MHD_Connection *connection, const char *path,
       const char *method, const char *version, const char *body,
       size_t *body_size, void **state)
{
	struct exporter *exporter = context;
	enum MHD_Result rc;

	(void)version;
	(void)body;
	if (*state == NULL) {
		*state = exporter;
		atomic_fetch_add(&exporter->requests, 1);
		if (strcmp(method, MHD_HTTP_METHOD_GET) == 0 ||
		    strcmp(method, MHD_HTTP_METHOD_HEAD) == 0)
			return MHD_YES;
		/* before its body, which is not read */
		return http_say(connection, MHD_HTTP_METHOD_NOT_ALLOWED,
		    "only GET and HEAD");
	}
	if (*body_size > 0) {
		*body_size = 0;
		return MHD_YES;
	}
	clients_work(&exporter->clients, client_of(connection));
	rc = route(exporter, connection, path);
	clients_wait(&exporter->clients, client_of(connection));
	return rc;
}

static void
completed(void *context, struct MHD_Connection *connection, void **state,
	  enum MHD_RequestTerminationCode code)
{
	struct exporter *exporter = context;

	(void)code;
	if (*state != NULL)
		atomic_fetch_sub(&exporter->requests, 1);
	*state = NULL;
	clients_wait(&exporter->clients, client_of(connection));
}

/* The descriptor stays open until we were told about the end. */
static void
connection_changed(void *context, struct MHD_Connection *connection,
		   void **client, enum MHD_ConnectionNotificationCode code)
{
	struct exporter *exporter = context;
	int fd;

	if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
		clients_leave(&exporter->clients, *client);
		*client = NULL;
		return;
	}
	fd = MHD_get_connection_info(connection,
	    MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
	*client = clients_enter(&exporter->clients, fd,
	    MHD_get_connection_info(connection,
	    MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr);
	if (*client == NULL)
		shutdown(fd, SHUT_RDWR);
}

/* Paths and parameters are strings for libmicrohttpd: a NUL would hide what
   stands behind it.  As another control character it is noticed. */
static size_t
unescape(void *context, struct MHD_Connection *connection, char *text)
{
	size_t i, len = MHD_http_unescape(text);

	(void)context;
	(void)connection;
	for (i = 0; i < len; i++)
		if (text[i] == '\0')
			text[i] = '\1';
	return len;
}

bool
http_start(struct exporter *exporter, int listener)
{
	sigset_t all, old;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	exporter->daemon = MHD_start_daemon(MHD_USE_AUTO | MHD_USE_ITC |
	    MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION,
	    0, NULL, NULL, handle, exporter,
	    MHD_OPTION_LISTEN_SOCKET, listener,
	    MHD_OPTION_CONNECTION_LIMIT, MOST_CLIENTS + LEAVING,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
	    MHD_OPTION_THREAD_STACK_SIZE, (size_t)STACK_SIZE,
	    MHD_OPTION_STRICT_FOR_CLIENT, 1,
	    MHD_OPTION_UNESCAPE_CALLBACK, unescape, NULL,
	    MHD_OPTION_NOTIFY_COMPLETED, completed, exporter,
	    MHD_OPTION_NOTIFY_CONNECTION, connection_changed, exporter,
	    MHD_OPTION_END);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return exporter->daemon != NULL;
}

void
http_quiesce(struct exporter *exporter)
{
	MHD_quiesce_daemon(exporter->daemon);
}

void
http_stop(struct exporter *exporter)
{
	MHD_stop_daemon(exporter->daemon);
}
