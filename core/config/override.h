/* SPDX-License-Identifier: Apache-2.0
 *
 * What the command line may say over the config. Before anybody else reads it. */
#ifndef CONFIG_OVERRIDE_H
#define CONFIG_OVERRIDE_H

#include "core/config/config.h"

/* Replaces `listen`; MGW_INVALID where it is neither ADDRESS:PORT nor unix:PATH. */
enum mgw_status config_override_listen(struct config *config, const char *listen,
                                       struct mgw_error *error);
/* True where `listen` names this machine alone (127.0.0.0/8, ::1, localhost, a unix socket). */
bool config_listens_on_loopback(const struct config *config);

#endif
