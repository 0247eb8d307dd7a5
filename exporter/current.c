/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* The configuration in use.  The one before ends with the last request that uses
   it. */

#include "config.h"

#include "current.h"

void
current_init(struct current *current)
{
	pthread_mutex_init(&current->lock, NULL);
	current->config = NULL;
}

void
current_done(struct current *current)
{
	config_unref(current->config);
	pthread_mutex_destroy(&current->lock);
}

struct config *
current_get(struct current *current)
{
	struct config *config;

	pthread_mutex_lock(&current->lock);
	config = current->config;
	config_ref(config);
	pthread_mutex_unlock(&current->lock);
	return config;
}

void
current_set(struct current *current, struct config *config)
{
	struct config *former;

	pthread_mutex_lock(&current->lock);
	former = current->config;
	current->config = config;
	pthread_mutex_unlock(&current->lock);
	config_unref(former);
}
