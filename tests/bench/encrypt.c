/* SPDX-License-Identifier: Apache-2.0
 *
 * What encrypting costs: a gateway over encrypt over files beside one over the files alone, in the
 * same rounds. Downloads out of the disk, and out of the kernel's memory: there the files alone go
 * by sendfile, without a copy, and AES-GCM by itself may be slower than that. */
#include "tests/bench/parts.h"
#include "tests/bench/subject.h"
#include "tests/support/server.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MIB = 64, AT_MOST = 16 };
#define UP "encrypt, upload 64 MiB"
#define COLD "encrypt, download 64 MiB, from the disk"
#define WARM "encrypt, download 64 MiB, from memory"
#define OVERLAY                                                                                    \
    "{\"storage\": {\"filters\": [{\"filter\": \"encrypt\", \"keys\": "                            \
    "\"bench:mJ3FnZ0cV1m0uV9zvY8kq3hXl5r6Yt2bQw1eDsKpB7o=\"}]}}"

struct sides {
    struct plan *plan;
    struct subject sealed, plain;
};

static struct served serve(const struct subject *subject, const struct request *request,
                           unsigned status)
{
    return (struct served){.port = subject->server->port,
                           .pid = subject->server->pid,
                           .connections = 1,
                           .requests = request,
                           .count = 1,
                           .status = status,
                           .scale = MIB};
}

static int forget(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st;
    (void)at;
    int fd = type == FTW_F ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd >= 0) {
        posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
        close(fd);
    }
    return 0;
}

/* `served` comes first: served_run takes one for it. One answer, of a blob that the kernel does not
 * hold. */
struct cold {
    struct served served;
    const char *blobs;
};

static bool cold_run(void *ctx, double seconds, struct result *result)
{
    struct cold *cold = ctx;
    nftw(cold->blobs, forget, 16, FTW_PHYS);
    return served_run(&cold->served, seconds, result);
}

static void match(const struct sides *sides, const char *name, const struct request *ours,
                  const struct request *theirs, unsigned status)
{
    if (!series_wanted(sides->plan, name)) {
        return;
    }
    bool cold = strcmp(name, COLD) == 0;
    struct cold sealed = {serve(&sides->sealed, ours, status), sides->sealed.server->blobs};
    struct cold plain = {serve(&sides->plain, theirs, status), sides->plain.server->blobs};
    sealed.served.at_most = plain.served.at_most = cold ? 1 : AT_MOST;
    bool (*run)(void *, double, struct result *) = cold ? cold_run : served_run;
    struct match both = {.name = name,
                         .unit = "MiB",
                         .server = sealed.served.pid,
                         .contenders = {{"mediagw with encrypt", run, &sealed, 0},
                                        {"mediagw, fs alone", run, &plain, 0.8}}};
    series_match(sides->plan, &both);
}

static void uploads(const struct sides *sides, const char *pattern)
{
    uint64_t bytes = (uint64_t)MIB << 20;
    struct request ours = subject_upload(&sides->sealed, false, pattern, PATTERN_BYTES, bytes);
    struct request theirs = subject_upload(&sides->plain, false, pattern, PATTERN_BYTES, bytes);
    match(sides, UP, &ours, &theirs, 201);
    client_release(&ours);
    client_release(&theirs);
}

static void downloads(const struct sides *sides, const char *pattern)
{
    uint64_t bytes = (uint64_t)MIB << 20;
    json_t *sealed = subject_put(&sides->sealed, pattern, PATTERN_BYTES, bytes);
    json_t *plain = subject_put(&sides->plain, pattern, PATTERN_BYTES, bytes);
    struct request ours = client_get(subject_signed(sealed), "");
    struct request theirs = client_get(subject_signed(plain), "");
    match(sides, COLD, &ours, &theirs, 200);
    match(sides, WARM, &ours, &theirs, 200);
    client_release(&ours);
    client_release(&theirs);
    json_decref(sealed);
    json_decref(plain);
}

void encrypt_part(struct plan *plan, const char *pattern)
{
    struct sides sides = {.plan = plan};
    if (!series_wanted(plan, UP) && !series_wanted(plan, COLD) && !series_wanted(plan, WARM)) {
        return;
    }
    series_title("encrypt over fs, beside fs alone");
    subject_new_with(&sides.sealed, OVERLAY);
    subject_new(&sides.plain, false, true);
    uploads(&sides, pattern);
    downloads(&sides, pattern);
    plan->broken += subject_free(&sides.plain) != 0;
    plan->broken += subject_free(&sides.sealed) != 0;
}
