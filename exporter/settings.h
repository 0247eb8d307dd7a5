/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* The configuration: who may be probed, and how. */

#ifndef EXPORTER_SETTINGS_H
#define EXPORTER_SETTINGS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "allow.h"
#include "cli/options.h"

#define MODULE_NAME_SIZE 42
#define DEFAULT_PROBES 64
#define MOST_PROBES 448            /* each has a thread */
#define DEFAULT_CLIENT_TIMEOUT_MS 30000

/* A key of a module, in the order of the file; settings point to its value. */
struct text {
	struct text *next;
	char name[32];
	char value[];
};

struct module {
	struct module *next;
	char name[MODULE_NAME_SIZE];
	int line;
	struct settings settings;
	struct identities identities;
	struct text *texts;
	struct allow_list allow;   /* not empty: and no other targets */
};

/* Does not change once it was loaded; whoever uses it holds a reference. */
struct config {
	atomic_uint references;
	struct module *modules;
	struct allow_list allow;
	long max_probes;
	int client_timeout_ms;
};

/**
 * config_load: read a file, and all files that it names.
 *
 * @why  one line: FILE:LINE: what is wrong
 *
 * Returns: a configuration with one reference; NULL
 */
struct config *config_load(const char *path, char *why, size_t why_size);
/* Read now what the first probes would have read.  0; or a code of
   starttls_policy_prepare, with the words in @why. */
int config_prepare(const struct config *config, char *why, size_t why_size);
void config_ref(struct config *config);
void config_unref(struct config *config);

const struct module *config_module(const struct config *config,
				   const char *name);
/* Whether the URL may be probed with the module. */
bool config_allows(const struct config *config, const struct module *module,
		   const struct starttls_url *url);

#endif
