/* SPDX-License-Identifier: Apache-2.0
 *
 * See own_call.h. */
#include "own_call.h"

#include <stdlib.h>

struct own_chunk {
    struct own_chunk *next;
    _Alignas(max_align_t) unsigned char bytes[];
};

static bool own_cancelled(const struct mgw_call *call)
{
    return *((const struct own_call *)(const void *)call)->over;
}

static void *own_alloc(struct mgw_call *call, size_t bytes)
{
    struct own_call *own = (void *)call;
    struct own_chunk *chunk = calloc(1, sizeof *chunk + bytes);
    if (!chunk) {
        return NULL;
    }
    chunk->next = own->chunks;
    own->chunks = chunk;
    return chunk->bytes;
}

void own_call_end(struct own_call *own)
{
    for (struct own_chunk *chunk = own->chunks, *next; chunk; chunk = next) {
        next = chunk->next;
        free(chunk);
    }
    own->chunks = NULL;
}

struct mgw_call *own_call_fresh(struct own_call *own, int64_t deadline_ms)
{
    own_call_end(own);
    own->error.size = sizeof own->error;
    own->error.retry_after_ms = 0;
    own->error.text[0] = own->error.foreign_code[0] = own->error.foreign_request_id[0] = '\0';
    own->call = (struct mgw_call){.size = sizeof own->call,
                                  .deadline_ms = deadline_ms,
                                  .request_id = "mirror",
                                  .account = "",
                                  .error = &own->error,
                                  .cancelled = own_cancelled,
                                  .alloc = own_alloc};
    return &own->call;
}
