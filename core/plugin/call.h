/* SPDX-License-Identifier: Apache-2.0
 *
 * The host's side of struct mgw_call: deadline, cancellation, the error slot, and the arena that
 * call->alloc() draws on. One thread at a time, but for call_cancel. */
#ifndef PLUGIN_CALL_H
#define PLUGIN_CALL_H

#include "core/base/cleanup.h"

#include <mediagw/plugin.h>

/* The public functions mgw_call_new/free/cancel/error (media.h) are implemented beside these. */
struct mgw_call *call_new(const char *account, const char *request_id, int64_t timeout_ms);
void call_free(struct mgw_call *call);
void call_cancel(struct mgw_call *call);
static inline void call_cleanup(struct mgw_call **call)
{
    call_free(*call);
}
#define AUTO_CALL AUTO(call_cleanup)

/* Empties the error slot. */
void call_clear(struct mgw_call *call);
/* Text in the call's arena; NULL when memory is short. */
char *call_strdup(struct mgw_call *call, const char *text);
char *call_printf(struct mgw_call *call, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* MGW_OK, or MGW_TIMEOUT/MGW_CANCELLED with the text set, where the call is over. */
enum mgw_status call_check(struct mgw_call *call);

/* One line for the log and the client out of a call that failed: never NULL. */
const char *call_text(const struct mgw_call *call);

const char *status_name(enum mgw_status status);
/* Unknown numbers read as MGW_IO. */
enum mgw_status status_known(enum mgw_status status);

#endif
