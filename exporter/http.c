/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * The HTTP server, which is GNU libmicrohttpd: connections, methods, and the
 * way of an answer.
 *
 * A connection has a thread, as a probe waits for its server.  What clients
 * send is bounded in size here, in number and in time by clients.c, and
 * nothing of it is in an answer, unless it was allowed as a target.
 */

#include "config.h"

#include "http.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONNECTION_MEMORY 16384
/* With the usual 8 MiB 32 bits would have no room for all of the threads. */
#define STACK_SIZE (1 << 20)
#define LEAVING 64                 /* have been shut down, and end soon */

/* Nothing that an answer has may load, run, or be put into another page. */
static const struct {
	const char *name, *value;
} headers[] = {
	{ "X-Content-Type-Options", "nosniff" },
	{ "Content-Security-Policy", "default-src 'none'; base-uri 'none'; "
	    "form-action 'none'; frame-ancestors 'none'" },
	{ "Referrer-Policy", "no-referrer" },
	{ MHD_HTTP_HEADER_CACHE_CONTROL, "no-store" },
};

static enum MHD_Result
add_headers(struct MHD_Response *response, const struct answer *answer)
{
	enum MHD_Result rc = MHD_add_response_header(response,
	    MHD_HTTP_HEADER_CONTENT_TYPE, answer->type);
	size_t i;

	for (i = 0; i < sizeof(headers) / sizeof(headers[0]) &&
	    rc == MHD_YES; i++)
		rc = MHD_add_response_header(response, headers[i].name,
		    headers[i].value);
	if (rc == MHD_YES && answer->allow != NULL)
		rc = MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW,
		    answer->allow);
	return rc;
}

static enum MHD_Result
send_answer(struct MHD_Connection *connection, const struct answer *answer)
{
	struct MHD_Response *response;
	enum MHD_Result rc;

	if (answer->text == NULL)
		return MHD_NO;
	response = MHD_create_response_from_buffer(answer->len, answer->text,
	    MHD_RESPMEM_MUST_FREE);
	if (response == NULL) {
		free(answer->text);
		return MHD_NO;
	}
	rc = add_headers(response, answer);
	if (rc == MHD_YES)
		rc = MHD_queue_response(connection, answer->status, response);
	MHD_destroy_response(response);
	return rc;
}

static struct client *
client_of(struct MHD_Connection *connection)
{
	return MHD_get_connection_info(connection,
	    MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

/* NULL: the page takes the method; else the ones that it takes. */
static const char *
other_methods(const struct http *http, const char *path, const char *method)
{
	if (http->takes_post(path))
		return strcmp(method, MHD_HTTP_METHOD_POST) == 0 ? NULL :
		    "POST";
	return strcmp(method, MHD_HTTP_METHOD_GET) == 0 ||
	    strcmp(method, MHD_HTTP_METHOD_HEAD) == 0 ? NULL : "GET, HEAD";
}

static enum MHD_Result
refuse_method(struct MHD_Connection *connection, const char *allow)
{
	struct answer answer;
	char line[60];

	snprintf(line, sizeof(line), "this page takes %s", allow);
	answer_line(&answer, MHD_HTTP_METHOD_NOT_ALLOWED, line);
	answer.allow = allow;
	return send_answer(connection, &answer);
}

static enum MHD_Result
handle(void *context, struct MHD_Connection *connection, const char *path,
       const char *method, const char *version, const char *body,
       size_t *body_size, void **state)
{
	struct http *http = context;
	struct answer answer = { .text = NULL };
	const char *allow;
	enum MHD_Result rc;

	(void)version;
	(void)body;
	if (*state == NULL) {
		*state = http;
		atomic_fetch_add(&http->requests, 1);
		allow = other_methods(http, path, method);
		/* before its body, which is not read */
		return allow == NULL ? MHD_YES :
		    refuse_method(connection, allow);
	}
	if (*body_size > 0) {
		*body_size = 0;
		return MHD_YES;
	}
	clients_work(&http->clients, client_of(connection));
	http->show(http->context, connection, path, &answer);
	rc = send_answer(connection, &answer);
	clients_wait(&http->clients, client_of(connection));
	return rc;
}

static void
completed(void *context, struct MHD_Connection *connection, void **state,
	  enum MHD_RequestTerminationCode code)
{
	struct http *http = context;

	(void)code;
	if (*state != NULL)
		atomic_fetch_sub(&http->requests, 1);
	*state = NULL;
	clients_wait(&http->clients, client_of(connection));
}

/* The descriptor stays open until we were told about the end. */
static void
connection_changed(void *context, struct MHD_Connection *connection,
		   void **client, enum MHD_ConnectionNotificationCode code)
{
	struct http *http = context;
	int fd;

	if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
		clients_leave(&http->clients, *client);
		*client = NULL;
		return;
	}
	fd = MHD_get_connection_info(connection,
	    MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
	*client = clients_enter(&http->clients, fd,
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

void
http_init(struct http *http)
{
	clients_init(&http->clients);
	http->daemon = NULL;
	atomic_init(&http->requests, 0);
}

void
http_done(struct http *http)
{
	clients_done(&http->clients);
}

bool
http_start(struct http *http, int listener)
{
	sigset_t all, old;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	http->daemon = MHD_start_daemon(MHD_USE_AUTO | MHD_USE_ITC |
	    MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION,
	    0, NULL, NULL, handle, http,
	    MHD_OPTION_LISTEN_SOCKET, listener,
	    MHD_OPTION_CONNECTION_LIMIT, MOST_CLIENTS + LEAVING,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
	    MHD_OPTION_THREAD_STACK_SIZE, (size_t)STACK_SIZE,
	    MHD_OPTION_STRICT_FOR_CLIENT, 1,
	    MHD_OPTION_UNESCAPE_CALLBACK, unescape, NULL,
	    MHD_OPTION_NOTIFY_COMPLETED, completed, http,
	    MHD_OPTION_NOTIFY_CONNECTION, connection_changed, http,
	    MHD_OPTION_END);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return http->daemon != NULL;
}

void
http_quiesce(struct http *http)
{
	MHD_quiesce_daemon(http->daemon);
}

void
http_stop(struct http *http)
{
	MHD_stop_daemon(http->daemon);
}
