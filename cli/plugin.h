/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* check_starttls: the same program under the name, and with the options, of a
   monitoring plugin. */

#ifndef CLI_PLUGIN_H
#define CLI_PLUGIN_H

#include <stdbool.h>

#define PLUGIN_NAME "check_starttls"

/* Whether the program was called by that name. */
bool is_plugin(const char *argv0);

/**
 * plugin_translate: the arguments of the plugin as those of "check".
 *
 * @ret_argv  owned, "check" the first of them; plugin_free
 *
 * Returns: -1; or the exit status, and has said all there is to say
 */
int plugin_translate(int argc, char **argv, int *ret_argc, char ***ret_argv);
void plugin_free(char **argv);

#endif
