/* SPDX-License-Identifier: Apache-2.0
 *
 * The plugin under test: its module by path or name, its configuration out of the command line, and
 * instances of it as they are. In a child only; one thread. */
#ifndef KIT_SUBJECT_H
#define KIT_SUBJECT_H

#include "core/kit/options.h"

#include <mediagw/repo.h>
#include <mediagw/storage.h>

/* Loads the module and its configuration. False: said why. */
bool subject_load(const struct kit_options *options);
const struct mgw_plugin *subject_plugin(void);

/* Makes an instance; FLAGS is MGW_CREATE_INIT or 0. Of STORAGE and REPO the one that is of the
 * plugin's kind is filled. A failure leaves its text in subject_error(). */
enum mgw_status subject_open(uint32_t flags, struct mgw_storage *storage, struct mgw_repo *repo);
const char *subject_error(void);
/* Ends the instance, and what it stood on. */
void subject_close(const void *instance);
/* The layer below an open filter; NULL: there is none. */
const struct mgw_storage *subject_lower(const void *instance);

/* True where TEXT holds none of the configuration's secrets. */
bool subject_is_discreet(const char *text);
void subject_free(void);

#endif
