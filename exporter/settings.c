/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Loading the configuration.
 *
 * A module is what options make of a call of "starttls check", and its keys,
 * but for an allow-list of its own, are those options: nothing here knows what
 * they mean.  Options that can be read
 * once only, from a descriptor or the environment, are none of them, as the
 * next reload would fail.
 *
 * Passwords are read, and commands for them run, when the whole file has been
 * found to be good.  They are wiped with their module.
 */

#include "config.h"

#include "settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check/format.h"
#include "cli/values.h"
#include "config_file.h"
#include "words/suggest.h"

static const struct subcommand module_keys = {
	.name = "check",
	.arguments = "URL",
	.options = "aAdp0PrRkKimxlnct46" "gusFBzGJ" "wW3",
	.role = STARTTLS_CLIENT,
};

struct loading {
	struct config *config;
	struct module *module;     /* of this section */
	bool in_exporter, has_exporter;
	int line_of_exporter;
};

static void
free_module(struct module *m)
{
	struct text *text;

	free_settings(&m->settings);
	allow_list_done(&m->allow);
	while ((text = m->texts) != NULL) {
		m->texts = text->next;
		free(text);
	}
	free(m);
}

void
config_ref(struct config *config)
{
	atomic_fetch_add(&config->references, 1);
}

void
config_unref(struct config *config)
{
	struct module *m;

	if (config == NULL || atomic_fetch_sub(&config->references, 1) > 1)
		return;
	while ((m = config->modules) != NULL) {
		config->modules = m->next;
		free_module(m);
	}
	allow_list_done(&config->allow);
	free(config);
}

int
config_prepare(const struct config *config, char *why, size_t size)
{
	struct starttls_error error;
	const struct module *m;
	int rc = 0;

	for (m = config->modules; rc == 0 && m != NULL; m = m->next) {
		rc = starttls_policy_prepare(m->settings.policy, &error);
		if (rc != 0)
			snprintf(why, size, "module %s: %s", m->name,
			    error.message);
	}
	return rc;
}

const struct module *
config_module(const struct config *config, const char *name)
{
	const struct module *m = config->modules;

	while (m != NULL && strcmp(m->name, name) != 0)
		m = m->next;
	return m;
}

bool
config_allows(const struct config *config, const struct module *module,
	      const struct starttls_url *url)
{
	return allow_list_has(&config->allow, url) &&
	    (module->allow.count == 0 || allow_list_has(&module->allow, url));
}

/* Names become labels, and parts of URLs. */
static bool
is_name(const char *text)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";

	return text[0] != '\0' && strspn(text, letters) == strlen(text) &&
	    strlen(text) < sizeof(((struct module *)NULL)->name);
}

static bool
begin_module(struct loading *l, const char *name, int line, char *why,
	     size_t size)
{
	struct module *m;

	if (!is_name(name))
		return say_why(why, size, "a name of a module has letters, "
		    "digits, '_', '.' and '-', 41 at most");
	if (config_module(l->config, name) != NULL)
		return say_why(why, size, "there are two modules %s", name);
	m = calloc(1, sizeof(*m));
	if (m == NULL)
		return say_why(why, size, "out of memory");
	m->next = l->config->modules;
	l->config->modules = l->module = m;
	m->line = line;
	snprintf(m->name, sizeof(m->name), "%s", name);
	if (!options_begin(&m->settings, &module_keys))
		return say_why(why, size, "out of memory");
	m->settings.format.format = &format_prometheus;
	return true;
}

static bool
take_section(void *context, const char *name, int line, char *why,
	     size_t size)
{
	struct loading *l = context;

	l->module = NULL;
	l->in_exporter = strcmp(name, "exporter") == 0;
	if (strncmp(name, "module ", 7) == 0)
		return begin_module(l, name + 7 + strspn(name + 7, " \t"),
		    line, why, size);
	if (!l->in_exporter)
		return say_why(why, size, "unknown section; there are "
		    "[exporter] and [module NAME]");
	if (l->has_exporter)
		return say_why(why, size, "there are two sections [exporter]");
	l->has_exporter = true;
	l->line_of_exporter = line;
	return true;
}

static bool
no_such_key(const char *name, char *why, size_t size)
{
	struct suggestion near;
	char meant[SUGGESTED];

	suggest_begin(&near, name, strlen(name));
	suggest_offer(&near, "allow");
	suggest_offer(&near, "client-timeout");
	suggest_offer(&near, "max-probes");
	return say_why(why, size, "there is no \"%.40s\" here%s", name,
	    suggest_end(&near, meant));
}

static bool
set_exporter(struct config *c, const char *name, const char *value, char *why,
	     size_t size)
{
	if (strcmp(name, "allow") == 0)
		return allow_list_add(&c->allow, value, why, size);
	if (strcmp(name, "client-timeout") == 0)
		return parse_timeout(value, &c->client_timeout_ms) ||
		    say_why(why, size, "client-timeout is a number of "
			"seconds");
	if (strcmp(name, "max-probes") != 0)
		return no_such_key(name, why, size);
	if (!parse_count(value, &c->max_probes) ||
	    c->max_probes > MOST_PROBES)
		return say_why(why, size, "max-probes is a number from 1 to "
		    "%d", MOST_PROBES);
	return true;
}

/* Options are spoken of with their dashes, which keys do not have. */
static bool
blame(const char *text, char *why, size_t size)
{
	return say_why(why, size, "%s", text +
	    (strncmp(text, "--", 2) == 0 ? 2 : 0));
}

static bool
set_module(struct module *m, const char *name, const char *value, char *why,
	   size_t size)
{
	struct text *text, **at = &m->texts;
	char said[400], meant[SUGGESTED];
	struct suggestion near;

	if (strcmp(name, "allow") == 0)
		return allow_list_add(&m->allow, value, why, size);
	text = malloc(sizeof(*text) + strlen(value) + 1);
	if (text == NULL)
		return say_why(why, size, "out of memory");
	memcpy(text->value, value, strlen(value) + 1);
	snprintf(text->name, sizeof(text->name), "%s", name);
	text->next = NULL;
	while (*at != NULL)
		at = &(*at)->next;
	*at = text;
	if (options_set(&m->settings, &m->identities, name, text->value, said,
	    sizeof(said)) == 0)
		return true;
	/* which is no option */
	suggest_begin(&near, name, strlen(name));
	suggest_offer(&near, "allow");
	return suggest_end(&near, meant)[0] != '\0' ?
	    say_why(why, size, "there is no \"%.40s\" here%s", name, meant) :
	    blame(said, why, size);
}

static bool
take_key(void *context, const char *name, const char *value, int line,
	 char *why, size_t size)
{
	struct loading *l = context;

	(void)line;
	if (l->in_exporter)
		return set_exporter(l->config, name, value, why, size);
	if (l->module != NULL)
		return set_module(l->module, name, value, why, size);
	return say_why(why, size, "a key before the first [section]");
}

/* What needs all keys of a module, and makes it ready for threads. */
static bool
end_module(struct module *m, char *why, size_t size)
{
	struct starttls_url url = { .size = sizeof(url) };
	struct starttls_error error;
	char said[400];
	int rc;

	if (options_end(&m->settings, &m->identities, said, sizeof(said)) != 0)
		return blame(said, why, size);
	/* freezes the policy */
	rc = starttls_url_parse("imap://localhost", &url, &error);
	if (rc == 0)
		rc = starttls_url_check(m->settings.policy, &url,
		    &m->settings.options, &error);
	if (rc == STARTTLS_E_POLICY || rc == STARTTLS_E_NOMEM)
		return blame(error.message, why, size);
	return true;
}

static bool
end_config(struct config *c, const struct loading *l, const char *path,
	   char *why, size_t size)
{
	char said[400];
	struct module *m;

	if (c->allow.count == 0)
		return say_why(why, size, "%s:%d: nothing may be probed: "
		    "[exporter] needs allow = SCHEME://HOST", path,
		    l->line_of_exporter);
	if (c->modules == NULL)
		return say_why(why, size, "%s:%d: there is no [module NAME]",
		    path, l->line_of_exporter);
	for (m = c->modules; m != NULL; m = m->next)
		if (!end_module(m, said, sizeof(said)))
			return say_why(why, size, "%s:%d: module %s: %s",
			    path, m->line, m->name, said);
	for (m = c->modules; m != NULL; m = m->next)
		if (options_load_account(&m->settings, said, sizeof(said)) != 0)
			return say_why(why, size, "%s:%d: module %s: %s",
			    path, m->line, m->name, said +
			    (strncmp(said, "--", 2) == 0 ? 2 : 0));
	return true;
}

struct config *
config_load(const char *path, char *why, size_t size)
{
	struct loading loading = { .line_of_exporter = 1 };
	const struct config_reader reader = {
		.context = &loading,
		.section = take_section,
		.key = take_key,
	};
	struct config *config = calloc(1, sizeof(*config));

	if (config == NULL) {
		say_why(why, size, "%s: out of memory", path);
		return NULL;
	}
	atomic_init(&config->references, 1);
	config->max_probes = DEFAULT_PROBES;
	config->client_timeout_ms = DEFAULT_CLIENT_TIMEOUT_MS;
	loading.config = config;
	if (config_file_read(path, &reader, why, size) &&
	    end_config(config, &loading, path, why, size))
		return config;
	config_unref(config);
	return NULL;
}
