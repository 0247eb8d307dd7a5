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

#include "format_json.h"
#include "words/show.h"

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
json_t *
json_of_date(int64_t seconds)
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

bool
json_set(json_t *object, const char *key, json_t *value)
{
	return json_object_set_new(object, key, value) == 0;
}

json_t *
json_whole(json_t *object, bool good)
{
	if (good)
		return object;
	json_decref(object);
	return NULL;
}

static bool
append(json_t *array, json_t *value)
{
	return array != NULL && json_array_append_new(array, value) == 0;
}

/* "DNS:a, IP:b" as an array; there is no comma within a name.  A last "..."
   stands for names left out. */
static json_t *
names_of(const char *names)
{
	json_t *array = json_array();
	bool good = true;

	while (good && names[0] != '\0') {
		const char *comma = strstr(names, ", ");
		size_t len = comma != NULL ? (size_t)(comma - names) :
		    strlen(names);

		good = append(array, json_stringn(names, len));
		names += comma != NULL ? len + 2 : len;
	}
	return json_whole(array, good);
}

static json_t *
all_names_of(const struct sent_cert *s)
{
	json_t *array;
	const char *name;
	bool good = true;

	if (s->names == NULL)
		return names_of(s->cert.names);
	array = json_array();
	for (name = s->names; good && name[0] != '\0';
	    name += strlen(name) + 1)
		good = append(array, json_string(name));
	return json_whole(array, good);
}

static json_t *
problems_of(const struct result *r)
{
	json_t *array = json_array();
	const char *problem;
	bool good = true;
	size_t i;

	for (i = 0; good && (problem = result_problem(r, i)) != NULL; i++)
		good = append(array, json_string(problem));
	return json_whole(array, good);
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

/* What any certificate has. */
static bool
set_cert(json_t *o, const struct starttls_cert *c)
{
	return json_set(o, "subject", text_or_null(c->subject)) &&
	    json_set(o, "issuer", text_or_null(c->issuer)) &&
	    json_set(o, "serial", text_or_null(c->serial)) &&
	    json_set(o, "key", text_or_null(c->key)) &&
	    json_set(o, "signature", text_or_null(c->signature)) &&
	    json_set(o, "not_before", json_of_date(c->not_before)) &&
	    json_set(o, "not_after", json_of_date(c->not_after)) &&
	    json_set(o, "clamped", json_boolean(is_clamped(c->not_after))) &&
	    json_set(o, "sha256", hex_of(c->sha256, sizeof(c->sha256))) &&
	    json_set(o, "pin", text_or_null(c->pin));
}

static json_t *
certificate_of(const struct result *r)
{
	const struct starttls_cert *c = &r->leaf;
	json_t *o;

	if (!r->has_leaf)
		return json_null();
	o = json_object();
	return json_whole(o, set_cert(o, c) &&
	    json_set(o, "names", r->sent != NULL ?
		all_names_of(&r->sent->certs[0]) : names_of(c->names)) &&
	    json_set(o, "days_left", json_integer(r->days_left)) &&
	    json_set(o, "chain_not_after", json_of_date(r->chain_not_after)) &&
	    json_set(o, "path_not_after",
		json_of_date(r->report.path_not_after)) &&
	    json_set(o, "path_days_left", r->report.path_not_after != 0 ?
		json_integer(r->ends_in_days) : json_null()) &&
	    json_set(o, "chain_length", json_integer(r->report.chain_len)));
}

static json_t *
sent_cert_of(const struct sent_cert *s)
{
	json_t *o = json_object();

	return json_whole(o, json_set(o, "sent", json_boolean(s->is_sent)) &&
	    json_set(o, "place", s->place < 0 ? json_null() :
		json_integer(s->place)) &&
	    json_set(o, "ca", s->is_known ? json_boolean(s->cert.is_ca) :
		json_null()) && set_cert(o, &s->cert) &&
	    (s->is_known || json_set(o, "sha256", json_null())) &&
	    json_set(o, "names", all_names_of(s)));
}

static json_t *
chain_of(const struct result *r)
{
	json_t *array;
	bool good = true;
	size_t i;

	if (r->sent == NULL)
		return json_null();
	array = json_array();
	for (i = 0; good && i < r->sent->count; i++)
		good = append(array, sent_cert_of(&r->sent->certs[i]));
	return json_whole(array, good);
}

static json_t *
tls_of(const struct starttls_report *p)
{
	static const char *const staples[] = { "none", "good", "bad" };
	json_t *o;

	if (p->cipher_suite[0] == '\0')
		return json_null();
	o = json_object();
	return json_whole(o, json_set(o, "version", text_or_null(p->version)) &&
	    json_set(o, "cipher_suite", text_or_null(p->cipher_suite)) &&
	    json_set(o, "group", text_or_null(p->group)) &&
	    json_set(o, "signature", text_or_null(p->signature)) &&
	    json_set(o, "alpn", text_or_null(p->alpn)) &&
	    json_set(o, "alpn_refused", json_boolean(p->alpn_refused)) &&
	    json_set(o, "resumed", json_boolean(p->resumed)) &&
	    json_set(o, "ocsp_staple", json_string(staples[p->staple])));
}

static json_t *
reply_of(const struct starttls_error *e)
{
	json_t *o;

	if (e->reply[0] == '\0' && e->reply_code == 0)
		return json_null();
	o = json_object();
	return json_whole(o, json_set(o, "code", e->reply_code > 0 ?
	    json_integer(e->reply_code) : json_null()) &&
	    json_set(o, "text", text_or_null(e->reply)));
}

static json_t *
login_of(const struct login_outcome *l)
{
	json_t *o;

	if (!l->tried)
		return json_null();
	o = json_object();
	return json_whole(o, json_set(o, "ok", json_boolean(l->ok)) &&
	    json_set(o, "reason", text_or_null(l->reason != NULL ? l->reason :
		l->ok ? "ok" : "")) &&
	    json_set(o, "mechanism", text_or_null(l->mechanism)));
}

static json_t *
seconds_of(const struct result *r)
{
	struct phase_time phases[RESULT_PHASES];
	size_t i, count = result_phases(r, phases);
	json_t *o = json_object();
	bool good = true;

	for (i = 0; good && i < count; i++)
		good = json_set(o, phases[i].name, seconds_or_null(phases[i].us));
	return json_whole(o, good && json_set(o, "total",
	    seconds_or_null(r->total_us)));
}

/* "HOST:PORT" of the target's own, or "". */
static const char *
connect_of(const struct result *r)
{
	size_t len = strlen(r->url);

	return r->name[len] == ' ' ? r->name + len + 1 : "";
}

/* A limit that was passed is what is wrong if nothing else is. */
static bool
set_verdict(json_t *o, const struct result *r, const struct limits *limits)
{
	const enum severity severity = r->status != 0 ? SEVERITY_NONE :
	    limits_judge(limits, r);
	const int status = r->status != 0 ? r->status :
	    severity_status(severity);
	char blame[120];

	return json_set(o, "ok", json_boolean(status == 0)) &&
	    json_set(o, "status", json_integer(status)) &&
	    json_set(o, "reason", json_string(severity != SEVERITY_NONE ?
		"threshold" : r->reason)) &&
	    json_set(o, "exceeded", text_or_null(severity_name(severity))) &&
	    json_set(o, "phase", text_or_null(r->phase)) &&
	    json_set(o, "message", text_or_null(severity != SEVERITY_NONE ?
		limits_blame(blame, sizeof(blame), limits, r) :
		r->error.message));
}

json_t *
json_of_result(const struct result *r, const struct limits *limits)
{
	const struct starttls_report *p = &r->report;
	json_t *o = json_object();

	return json_whole(o, json_set(o, "url", text_or_null(r->url)) &&
	    json_set(o, "connect", text_or_null(connect_of(r))) &&
	    json_set(o, "scheme", text_or_null(r->scheme)) &&
	    json_set(o, "host", text_or_null(r->host)) &&
	    json_set(o, "port", json_integer(atol(r->port))) &&
	    json_set(o, "address", text_or_null(p->address)) &&
	    json_set(o, "time", json_of_date(r->checked_at)) &&
	    set_verdict(o, r, limits) &&
	    json_set(o, "advice", text_or_null(r->advice)) &&
	    json_set(o, "reply", reply_of(&r->error)) &&
	    json_set(o, "greeting", text_or_null(p->greeting)) &&
	    json_set(o, "verified", json_boolean(p->verified)) &&
	    json_set(o, "verified_by", text_or_null(starttls_verified_by_name(
		(enum starttls_verified_by)p->verified_by))) &&
	    json_set(o, "matched_name", text_or_null(p->matched_name)) &&
	    json_set(o, "problems", problems_of(r)) &&
	    json_set(o, "tls", tls_of(p)) &&
	    json_set(o, "certificate", certificate_of(r)) &&
	    json_set(o, "chain", chain_of(r)) &&
	    json_set(o, "login", login_of(&r->login)) &&
	    json_set(o, "resumption", r->again ? json_boolean(r->resumed) :
		json_null()) &&
	    json_set(o, "tries", json_integer(r->tries)) &&
	    json_set(o, "round_trips", p->round_trips > 0 ?
		json_integer(p->round_trips) : json_null()) &&
	    json_set(o, "seconds", seconds_of(r)));
}

bool
json_print(FILE *out, json_t *object)
{
	bool good;

	if (object == NULL)
		return false;
	/* output that cannot be written is noticed in the end */
	good = json_dumpf(object, out, JSON_STYLE) == 0 || ferror(out);
	json_decref(object);
	putc('\n', out);
	fflush(out);
	return good;
}

static bool
json_add(struct format_run *run, const struct result *r)
{
	return json_print(run->out, json_of_result(r,
	    &run->settings->limits));
}

const char *
format_library(const char **ret_built)
{
	*ret_built = JANSSON_VERSION;
#if JANSSON_VERSION_HEX >= 0x020d00
	return jansson_version_str();
#else
	return JANSSON_VERSION;
#endif
}

#else
#define json_add NULL

const char *
format_library(const char **ret_built)
{
	*ret_built = "";
	return NULL;
}
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
	.detail = DETAIL_ALL,
	.add = json_add,
	.end = json_end,
};
