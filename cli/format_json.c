/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * JSON Lines, https://jsonlines.org/: one object for each result, as soon as
 * it is there.  doc/check.schema.json describes it: every member is always
 * there, and null is what is not known.
 */

#include "config.h"

#include "format.h"

#ifdef HAVE_JANSSON

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <jansson.h>

/* Microseconds have six digits behind the point, a day has five before it. */
#define JSON_STYLE (JSON_COMPACT | JSON_REAL_PRECISION(12))

/* What is not UTF-8 is shown as far as it is ASCII. */
static json_t *
text_or_null(const char *text)
{
	char shown[600];
	json_t *value;

	if (text[0] == '\0')
		return json_null();
	value = json_string(text);
	return value != NULL ? value :
	    json_string(clean(shown, sizeof(shown), text));
}

/* RFC 3339 */
static json_t *
date_or_null(int64_t seconds)
{
	time_t when = (time_t)seconds;
	char text[32];
	struct tm tm;

	if (seconds == 0 || gmtime_r(&when, &tm) == NULL ||
	    tm.tm_year > 9999 - 1900 || strftime(text, sizeof(text),
	    "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		return json_null();
	return json_string(text);
}

static json_t *
seconds_or_null(int64_t us)
{
	return us < 0 ? json_null() : json_real((double)us / 1e6);
}

/* Takes @value; false: no memory. */
static bool
set(json_t *object, const char *key, json_t *value)
{
	return json_object_set_new(object, key, value) == 0;
}

/* "DNS:a, IP:b" as an array.  A last "..." stands for names left out. */
static json_t *
names_of(const char *names)
{
	json_t *array = json_array();
	size_t len;

	while (array != NULL && names[0] != '\0') {
		const char *comma = strstr(names, ", ");

		len = comma != NULL ? (size_t)(comma - names) : strlen(names);
		if (json_array_append_new(array,
		    json_stringn(names, len)) != 0) {
			json_decref(array);
			return NULL;
		}
		names += comma != NULL ? len + 2 : len;
	}
	return array;
}

static json_t *
problems_of(const struct result *r)
{
	json_t *array = json_array();
	const char *problem;
	size_t i;

	for (i = 0; array != NULL &&
	    (problem = result_problem(r, i)) != NULL; i++)
		if (json_array_append_new(array, json_string(problem)) != 0) {
			json_decref(array);
			return NULL;
		}
	return array;
}

static json_t *
hex_of(const uint8_t *data, size_t len)
{
	char text[2 * 32 + 1];
	size_t i;

	for (i = 0; i < len && i < 32; i++)
		snprintf(text + 2 * i, 3, "%02x", data[i]);
	return json_string(text);
}

/* @object, if all that was set is in it. */
static json_t *
whole(json_t *object, bool good)
{
	if (good)
		return object;
	json_decref(object);
	return NULL;
}

static json_t *
certificate_of(const struct result *r)
{
	const struct starttls_cert *c = &r->leaf;
	json_t *o;

	if (!r->has_leaf)
		return json_null();
	o = json_object();
	return whole(o, set(o, "subject", text_or_null(c->subject)) &&
	    set(o, "names", names_of(c->names)) &&
	    set(o, "issuer", text_or_null(c->issuer)) &&
	    set(o, "serial", text_or_null(c->serial)) &&
	    set(o, "key", text_or_null(c->key)) &&
	    set(o, "signature", text_or_null(c->signature)) &&
	    set(o, "not_before", date_or_null(c->not_before)) &&
	    set(o, "not_after", date_or_null(c->not_after)) &&
	    set(o, "days_left", json_integer(r->days_left)) &&
	    set(o, "chain_not_after", date_or_null(r->chain_not_after)) &&
	    set(o, "chain_length", json_integer(r->report.chain_len)) &&
	    set(o, "sha256", hex_of(c->sha256, sizeof(c->sha256))) &&
	    set(o, "pin", text_or_null(c->pin)));
}

static json_t *
tls_of(const struct starttls_report *p)
{
	static const char *const staples[] = { "none", "good", "bad" };
	json_t *o;

	if (p->cipher_suite[0] == '\0')
		return json_null();
	o = json_object();
	return whole(o, set(o, "version", text_or_null(p->version)) &&
	    set(o, "cipher_suite", text_or_null(p->cipher_suite)) &&
	    set(o, "group", text_or_null(p->group)) &&
	    set(o, "signature", text_or_null(p->signature)) &&
	    set(o, "alpn", text_or_null(p->alpn)) &&
	    set(o, "resumed", json_boolean(p->resumed)) &&
	    set(o, "ocsp_staple", json_string(staples[p->staple])));
}

static json_t *
reply_of(const struct starttls_error *e)
{
	json_t *o;

	if (e->reply[0] == '\0' && e->reply_code == 0)
		return json_null();
	o = json_object();
	return whole(o, set(o, "code", e->reply_code > 0 ?
	    json_integer(e->reply_code) : json_null()) &&
	    set(o, "text", text_or_null(e->reply)));
}

static json_t *
login_of(const struct login_outcome *l)
{
	json_t *o;

	if (!l->tried)
		return json_null();
	o = json_object();
	return whole(o, set(o, "ok", json_boolean(l->ok)) &&
	    set(o, "reason", text_or_null(l->reason != NULL ? l->reason :
		l->ok ? "ok" : "")) &&
	    set(o, "mechanism", text_or_null(l->mechanism)));
}

static json_t *
seconds_of(const struct result *r)
{
	struct phase_time phases[RESULT_PHASES];
	size_t i, count = result_phases(r, phases);
	json_t *o = json_object();
	bool good = true;

	for (i = 0; good && i < count; i++)
		good = set(o, phases[i].name, seconds_or_null(phases[i].us));
	return whole(o, good && set(o, "total",
	    seconds_or_null(r->total_us)));
}

static json_t *
object_of(const struct result *r)
{
	const struct starttls_report *p = &r->report;
	json_t *o = json_object();

	return whole(o, set(o, "url", text_or_null(r->url)) &&
	    set(o, "scheme", text_or_null(r->scheme)) &&
	    set(o, "host", text_or_null(r->host)) &&
	    set(o, "port", json_integer(atol(r->port))) &&
	    set(o, "address", text_or_null(p->address)) &&
	    set(o, "time", date_or_null(r->checked_at)) &&
	    set(o, "ok", json_boolean(r->status == 0)) &&
	    set(o, "status", json_integer(r->status)) &&
	    set(o, "reason", json_string(r->reason)) &&
	    set(o, "phase", text_or_null(r->phase)) &&
	    set(o, "message", text_or_null(r->error.message)) &&
	    set(o, "advice", text_or_null(r->advice)) &&
	    set(o, "reply", reply_of(&r->error)) &&
	    set(o, "verified", json_boolean(p->verified)) &&
	    set(o, "problems", problems_of(r)) &&
	    set(o, "tls", tls_of(p)) &&
	    set(o, "certificate", certificate_of(r)) &&
	    set(o, "login", login_of(&r->login)) &&
	    set(o, "round_trips", r->has_report ?
		json_integer(p->round_trips) : json_null()) &&
	    set(o, "seconds", seconds_of(r)));
}

static bool
json_add(struct format_run *run, const struct result *r)
{
	json_t *object = object_of(r);
	bool good;

	if (object == NULL)
		return false;
	/* output that cannot be written is noticed in the end */
	good = json_dumpf(object, run->out, JSON_STYLE) == 0 ||
	    ferror(run->out);
	json_decref(object);
	putc('\n', run->out);
	fflush(run->out);
	return good;
}

#else
#define json_add NULL
#endif

static bool
json_end(struct format_run *run)
{
	(void)run;
	return true;
}

const struct format format_json = {
	.name = "json",
	.machine = true,
	.chain = true,
	.add = json_add,
	.end = json_end,
};
