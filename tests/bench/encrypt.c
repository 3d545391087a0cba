/* SPDX-License-Identifier: Apache-2.0
 *
 * What encrypting costs: a gateway over encrypt over files beside one over the files alone, in the
 * same rounds. */
#include "tests/bench/parts.h"
#include "tests/bench/subject.h"
#include "tests/support/server.h"

#include <stdlib.h>
#include <string.h>

enum { MIB = 64, AT_MOST = 16 };
#define UP "encrypt, upload 64 MiB"
#define DOWN "encrypt, download 64 MiB"
#define OVERLAY                                                                                    \
    "{\"storage\": {\"filters\": [{\"filter\": \"encrypt\", \"keys\": "                            \
    "\"bench:mJ3FnZ0cV1m0uV9zvY8kq3hXl5r6Yt2bQw1eDsKpB7o=\"}]}}"

struct sides {
    struct plan *plan;
    struct subject sealed, plain;
};

static struct served serve(const struct subject *subject, const struct request *request,
                           unsigned connections, unsigned status)
{
    return (struct served){.port = subject->server->port,
                           .pid = subject->server->pid,
                           .connections = connections,
                           .requests = request,
                           .count = 1,
                           .status = status,
                           .at_most = AT_MOST,
                           .scale = MIB};
}

static void match(const struct sides *sides, const char *name, const struct request *ours,
                  const struct request *theirs, unsigned connections, unsigned status)
{
    if (!series_wanted(sides->plan, name)) {
        return;
    }
    struct served sealed = serve(&sides->sealed, ours, connections, status);
    struct served plain = serve(&sides->plain, theirs, connections, status);
    struct match both = {.name = name,
                         .unit = "MiB",
                         .server = sealed.pid,
                         .contenders = {{"mediagw with encrypt", served_run, &sealed, 0},
                                        {"mediagw, fs alone", served_run, &plain, 0.8}}};
    series_match(sides->plan, &both);
}

static void uploads(const struct sides *sides, const char *pattern, const char *name,
                    unsigned connections)
{
    uint64_t bytes = (uint64_t)MIB << 20;
    struct request ours = subject_upload(&sides->sealed, false, pattern, PATTERN_BYTES, bytes);
    struct request theirs = subject_upload(&sides->plain, false, pattern, PATTERN_BYTES, bytes);
    match(sides, name, &ours, &theirs, connections, 201);
    client_release(&ours);
    client_release(&theirs);
}

static void downloads(const struct sides *sides, const char *pattern, const char *name,
                      unsigned connections)
{
    uint64_t bytes = (uint64_t)MIB << 20;
    json_t *sealed = subject_put(&sides->sealed, pattern, PATTERN_BYTES, bytes);
    json_t *plain = subject_put(&sides->plain, pattern, PATTERN_BYTES, bytes);
    struct request ours = client_get(subject_signed(sealed), "");
    struct request theirs = client_get(subject_signed(plain), "");
    match(sides, name, &ours, &theirs, connections, 200);
    client_release(&ours);
    client_release(&theirs);
    json_decref(sealed);
    json_decref(plain);
}

void encrypt_part(struct plan *plan, const char *pattern)
{
    struct sides sides = {.plan = plan};
    if (!series_wanted(plan, UP) && !series_wanted(plan, DOWN)) {
        return;
    }
    series_title("encrypt over fs, beside fs alone");
    subject_new_with(&sides.sealed, OVERLAY);
    subject_new(&sides.plain, false, true);
    uploads(&sides, pattern, UP, 1);
    downloads(&sides, pattern, DOWN, 1);
    plan->broken += subject_free(&sides.plain) != 0;
    plan->broken += subject_free(&sides.sealed) != 0;
}
