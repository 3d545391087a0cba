/* SPDX-License-Identifier: Apache-2.0
 *
 * The one logger: a line an event to standard error (or where log_setup says), logfmt or JSON
 * lines. Values are escaped, so that no client can forge a line. Any thread. Never give it a
 * secret, a token, a cookie or a signature. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

enum log_level { LOG_LEVEL_DEBUG = 1, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };
enum log_format { LOG_FORMAT_LOGFMT, LOG_FORMAT_JSON };

/* Called once before threads start; later calls (reopening) are safe too. FD is kept, not closed.
 */
void log_setup(enum log_format format, enum log_level least, int fd);
/* All lines go TO it instead (NULL: back to the descriptor). */
void log_redirect(void (*to)(int level, const char *line));
bool log_enabled(enum log_level level);

/* One field of a line: a name and a text or a number. */
struct log_field {
    const char *name;
    const char *text; /* NULL with is_number unset: the field is left out */
    int64_t number;
    bool is_number;
};
#define LOG_TEXT(name_, text_) ((struct log_field){.name = (name_), .text = (text_)})
#define LOG_NUMBER(name_, number_)                                                                 \
    ((struct log_field){.name = (name_), .number = (int64_t)(number_), .is_number = true})

/* log_event(LOG_LEVEL_INFO, "listening", LOG_TEXT("address", a), LOG_NUMBER("port", p)); */
#define log_event(level, message, ...)                                                             \
    log_fields(level, message,                                                                     \
               (const struct log_field[]){__VA_ARGS__ __VA_OPT__(, )(struct log_field){0}})
/* FIELDS end with a field without a name. */
void log_fields(enum log_level level, const char *message, const struct log_field *fields);

#endif
