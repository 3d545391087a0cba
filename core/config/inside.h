/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of this room share: the config with its text, and the one way to refuse
 * something. */
#ifndef CONFIG_INSIDE_H
#define CONFIG_INSIDE_H

#include "core/base/buf.h"
#include "core/base/cleanup.h"
#include "core/config/config.h"

/* A {"file": …} that was replaced by its content. */
struct config_source {
    struct config_source *next;
    char *pointer;
    char *path;
    bool others_read; /* anybody on the machine may */
};

struct config_inside {
    struct config pub; /* first: the public pointer is this struct's */
    char *text;        /* the file as read, NULL in dev mode */
    json_t *root;      /* the same, variables and files replaced */
    struct config_source *sources;
};

/* "/a/b" + "c/d" -> "/a/b/c~1d" (RFC 6901); to be freed, NULL when memory is short. */
char *pointer_member(const char *pointer, const char *key);
char *pointer_index(const char *pointer, size_t index);

/* Where POINTER stands in the JSON TEXT (which has been parsed before, so it is valid): the key of
 * a member, the first character of an element. False where it is not there. */
bool place_find(const char *text, const char *pointer, int *line, int *column);

/* `FILE:LINE:COLUMN: key "a.b[0].c": MESSAGE` into ERROR (may be NULL), and answers MGW_INVALID.
 * CONFIG may be NULL. A pointer that is not in the file gives its nearest parent's place. */
enum mgw_status config_refuse(const struct config *config, struct mgw_error *error,
                              const char *pointer, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* The same for an unknown key: names the nearest of KNOWN (ends with NULL). */
enum mgw_status config_refuse_unknown(const struct config *config, struct mgw_error *error,
                                      const char *pointer, const char *key,
                                      const char *const *known);
/* TEXT as one line of UTF-8 into the error slot; MGW_INVALID. */
enum mgw_status config_say(struct mgw_error *error, const char *text);

/* Replaces ${NAME} and {"file": …} everywhere in *VALUE, which may itself be replaced. */
enum mgw_status expand(struct config_inside *config, json_t **value, const char *pointer,
                       struct mgw_error *error);
/* Warns where a secret came from a file that anybody may read. */
void expand_warn_secret(const struct config *config, const char *pointer);

/* The table's keys out of the root into CONFIG, defaults where they are absent; and the end of what
 * that made (apply.c). */
enum mgw_status apply_root(struct config_inside *config, struct mgw_error *error);
void apply_free(struct config *config);
/* What must hold of the values beyond their types (check.c, check_auth.c). */
enum mgw_status check_config(const struct config *config, struct mgw_error *error);
enum mgw_status check_url_keys(struct config_inside *config, struct mgw_error *error);
enum mgw_status check_auth(const struct config *config, struct mgw_error *error);

/* The file that the value at POINTER came from; NULL: none. */
const char *source_of(const struct config *config, const char *pointer);

#endif
