/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/s3/fault_log.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Kept until the server stops: an answer may still be at one. */
struct script {
    struct script *before;
    struct fault_step steps[];
};

static struct {
    pthread_mutex_t lock; /* guards all below */
    struct script *script;
    const struct fault_step *steps;
    uint32_t *taken;
    size_t step_count;
    struct fault_request *first, **last;
    unsigned unexpected;
} server = {.lock = PTHREAD_MUTEX_INITIALIZER, .last = &server.first};

static bool fits(const char *line, const char *begin)
{
    return !begin || strncmp(line, begin, strlen(begin)) == 0;
}

const char *fault_log_find(const char *head, const char *name, size_t *length)
{
    size_t name_length = strlen(name);
    for (const char *line = head; line && *line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncasecmp(line, name, name_length) == 0 && line[name_length] == ':') {
            const char *value = line + name_length + 1;
            value += strspn(value, " ");
            *length = strcspn(value, "\n");
            return value;
        }
    }
    return NULL;
}

const char *fault_header(const struct fault_request *request, const char *name)
{
    static char text[8192];
    size_t length;
    const char *value = request ? fault_log_find(request->head, name, &length) : NULL;
    if (value) {
        snprintf(text, sizeof text, "%.*s", (int)length, value);
    }
    return value ? text : NULL;
}

const struct fault_request *fault_request(const char *line, size_t n)
{
    pthread_mutex_lock(&server.lock);
    const struct fault_request *at = server.first;
    for (; at && (!fits(at->line, line) || n-- > 0); at = at->next) {
    }
    pthread_mutex_unlock(&server.lock);
    return at;
}

size_t fault_count(const char *line)
{
    size_t count = 0;
    pthread_mutex_lock(&server.lock);
    for (const struct fault_request *at = server.first; at; at = at->next) {
        count += fits(at->line, line);
    }
    pthread_mutex_unlock(&server.lock);
    return count;
}

const struct fault_step *fault_log_take(struct fault_request *request)
{
    const struct fault_step *step = NULL;
    pthread_mutex_lock(&server.lock);
    *server.last = request;
    server.last = &request->next;
    for (size_t i = 0; i < server.step_count && !step; i++) {
        uint32_t times = server.steps[i].times ? server.steps[i].times : 1;
        if (server.taken[i] < times && fits(request->line, server.steps[i].request)) {
            server.taken[i]++;
            step = &server.steps[i];
        }
    }
    server.unexpected += !step;
    pthread_mutex_unlock(&server.lock);
    return step;
}

bool fault_is_done(void)
{
    pthread_mutex_lock(&server.lock);
    bool done = server.unexpected == 0;
    for (size_t i = 0; i < server.step_count; i++) {
        uint32_t times = server.steps[i].times ? server.steps[i].times : 1;
        if (times != FAULT_ALWAYS && server.taken[i] < times) {
            fprintf(stderr, "fault server: step %zu (%s) was taken %u times, not %u\n", i,
                    server.steps[i].request, server.taken[i], times);
            done = false;
        }
    }
    for (const struct fault_request *at = server.first; at && !done; at = at->next) {
        fprintf(stderr, "fault server: connection %u asked %s\n", at->connection, at->line);
    }
    pthread_mutex_unlock(&server.lock);
    return done;
}

void fault_log_echo(FILE *out, const char *name, size_t name_length)
{
    char wanted[128];
    snprintf(wanted, sizeof wanted, "%.*s", (int)name_length, name);
    const char *value = NULL;
    size_t length = 0;
    pthread_mutex_lock(&server.lock);
    for (const struct fault_request *at = server.first; at; at = at->next) {
        size_t now;
        const char *is = fault_log_find(at->head, wanted, &now);
        value = is ? is : value;
        length = is ? now : length;
    }
    fprintf(out, "%.*s", (int)length, value ? value : "");
    pthread_mutex_unlock(&server.lock);
}

void fault_script(const struct fault_step *steps, size_t count)
{
    struct script *script = calloc(1, sizeof *script + count * sizeof *steps);
    uint32_t *taken = calloc(count + 1, sizeof *taken);
    if (!script || !taken) {
        abort();
    }
    memcpy(script->steps, steps, count * sizeof *steps);
    pthread_mutex_lock(&server.lock);
    script->before = server.script;
    server.script = script;
    server.steps = script->steps;
    free(server.taken);
    server.taken = taken;
    server.step_count = count;
    pthread_mutex_unlock(&server.lock);
}

void fault_log_publish(void)
{
    pthread_mutex_lock(&server.lock);
    pthread_mutex_unlock(&server.lock);
}

void fault_log_free(void)
{
    for (struct fault_request *at = server.first, *next; at; at = next) {
        next = at->next;
        free(at->line);
        free(at->head);
        free(at->body);
        free(at);
    }
    for (struct script *at = server.script, *before; at; at = before) {
        before = at->before;
        free(at);
    }
    free(server.taken);
    server.script = NULL;
    server.first = NULL;
    server.last = &server.first;
    server.steps = NULL;
    server.taken = NULL;
    server.step_count = 0;
    server.unexpected = 0;
}
