/* SPDX-License-Identifier: Apache-2.0
 *
 * A gateway over the plugins of tests/plugins that misbehave while a file says so, and what its log
 * says of them. */
#ifndef TESTS_HTTP_WICKED_H
#define TESTS_HTTP_WICKED_H

#include "tests/support/check.h"
#include "tests/support/gateway.h"
#include "tests/support/keep.h"
#include "tests/support/scratch.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATIENCE_MS 60000
#ifndef WICKED_DEADLINE_SEC
#define WICKED_DEADLINE_SEC 60 /* of a request */
#endif

static struct gateway *gw;

static inline void wicked_describe(const char *folder, const char *name, const char *kind)
{
    scratch_write(keep_text("%s/%s.json", folder, name),
                  keep_text("{\"name\": \"%s\", \"kind\": \"%s\", \"module\": \"" MODULES
                            "/%s.so\"}",
                            name, kind, name));
}

static inline void wicked_rows(const char *driver)
{
    json_t *config = json_load_file(gw->server->config_path, 0, NULL);
    assert_non_null(config);
    json_t *rows = json_object_get(config, "repository");
    json_object_set_new(rows, "driver", json_string(driver));
    json_object_set_new(rows, "module", json_string(SQLITE));
    json_object_set_new(rows, "folder", json_string(keep_text("%s/wicked", gw->server->dir)));
    assert_int_equal(json_dump_file(config, gw->server->config_path, 0), 0);
    json_decref(config);
}

/* Starts `gw` with the filter FILTER on top of its storage and the repository driver ROWS over its
 * rows; NULL: none. OVERLAY as for server_new. */
static inline void wicked_start(const char *filter, const char *rows, const char *overlay)
{
    gw = gateway_new(keep_text("{\"limits\": {\"request_deadline_sec\": %d, \"workers\": 8}}",
                               WICKED_DEADLINE_SEC));
    assert_int_equal(server_stop(gw->server), 0);
    const char *dir = gw->server->dir, *plugins = keep_text("%s/plugins", dir);
    assert_int_equal(mkdir(plugins, 0700), 0);
    assert_int_equal(mkdir(keep_text("%s/wicked", dir), 0700), 0);
    if (filter) {
        wicked_describe(plugins, filter, "filter");
        server_configure(gw->server,
                         keep_text("{\"storage\": {\"filters\": [{\"filter\": \"%s\", \"folder\": "
                                   "\"%s/wicked\"}]}}",
                                   filter, dir));
    }
    if (rows) {
        wicked_describe(plugins, rows, "repository");
        wicked_rows(rows);
    }
    server_configure(gw->server,
                     keep_text("{\"plugins\": {\"path\": [\"%s\", \"%s\"]}}", plugins, PLUGINS));
    if (overlay) {
        server_configure(gw->server, overlay);
    }
    server_start(gw->server);
    gateway_follow(gw);
}

static inline void wicked(const char *what)
{
    scratch_write(keep_text("%s/wicked/%s", gw->server->dir, what), "");
}

static inline void good(const char *what)
{
    assert_int_equal(unlink(keep_text("%s/wicked/%s", gw->server->dir, what)), 0);
}

static inline int wicked_stop(void **state)
{
    (void)state;
    int status = gateway_free(gw);
    gw = NULL;
    keep_release();
    return status;
}

/* How many lines of the log have all of these, a NULL behind the last. */
static inline size_t log_lines(const char *const words[])
{
    char *rest = server_log(gw->server), *line;
    size_t count = 0;
    while ((line = strsep(&rest, "\n"))) {
        size_t i = 0;
        while (words[i] && strstr(line, words[i])) {
            i++;
        }
        count += !words[i];
    }
    return count;
}

static inline bool is_logged(void *words)
{
    return log_lines(words) > 0;
}

#define assert_logged(...)                                                                         \
    do {                                                                                           \
        const char *words_[] = {__VA_ARGS__, NULL};                                                \
        if (!wait_for(is_logged, words_, PATIENCE_MS)) {                                           \
            fail_msg("no line has all of " #__VA_ARGS__ ":\n%s", server_log(gw->server));          \
        }                                                                                          \
    } while (0)

#endif
