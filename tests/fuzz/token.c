/* SPDX-License-Identifier: Apache-2.0
 *
 * API keys: the tokens that were made open what they were made for, and nothing else opens
 * anything. The first byte chooses a key and whether the rest are changes to its token
 * (fuzz_alter), a token, or what the repository says in the key's record. */
#include "core/base/cleanup.h"
#include "core/base/id.h"
#include "tests/fuzz/fuzz.h"
#include "tests/plugins/memrepo/memrepo.h"
#include "tests/plugins/memstore/memstore.h"

#include <mediagw/media.h>

enum { GOOD, READER, REVOKED, DAMAGED, TOKENS };
static const char *const accounts[TOKENS] = {"acme", "rival", "acme", "acme"};

static struct {
    struct mgw_storage storage;
    struct mgw_repo repo;
    struct mgw_media *media;
    struct mgw_call *call;
    char *tokens[TOKENS];
} rig;

void __wrap_id_random(void *bytes, size_t length);
/* Always the same: an input may hold a whole token. */
void __wrap_id_random(void *bytes, size_t length)
{
    static uint8_t next = 1;
    for (size_t i = 0; i < length; i++) {
        ((uint8_t *)bytes)[i] = next;
        next = (uint8_t)(next * 5 + 3);
    }
}

static void no_log(enum mgw_log_level level, const char *line)
{
    (void)level;
    (void)line;
}

static char *id_of(const char *token)
{
    return fuzz_text((const uint8_t *)token + 4, 16);
}

static void setup(void)
{
    struct mgw_error error = {.size = sizeof error};
    rig.storage = memstore_storage(memstore_new());
    rig.repo = memrepo_repo(memrepo_new());
    struct mgw_media_options options = {.size = sizeof options,
                                        .storage = &rig.storage,
                                        .repo = &rig.repo,
                                        .reap_interval_ms = MGW_ABSENT,
                                        .log = no_log};
    PROMISE(mgw_media_new(&options, &rig.media, &error) == MGW_OK);
    rig.call = mgw_call_new(NULL, "fuzz", 0);
    for (int i = 0; i < TOKENS; i++) {
        PROMISE(mgw_key_create(rig.media, rig.call, accounts[i],
                               i == READER ? MGW_SCOPE_READ : MGW_SCOPE_READ | MGW_SCOPE_WRITE,
                               MGW_ABSENT, &rig.tokens[i]) == MGW_OK);
    }
    AUTO_FREE char *revoked = id_of(rig.tokens[REVOKED]);
    PROMISE(mgw_key_revoke(rig.media, rig.call, revoked) == MGW_OK);
}

struct seen {
    char account[129];
    uint32_t scopes;
};

static bool see(void *ctx, const struct mgw_api_key *key)
{
    struct seen *seen = ctx;
    snprintf(seen->account, sizeof seen->account, "%s", key->account);
    seen->scopes = key->scopes;
    return true;
}

static enum mgw_status check(const char *token, struct seen *seen)
{
    *seen = (struct seen){0};
    enum mgw_status status = mgw_key_check(rig.media, rig.call, token, see, seen);
    PROMISE((status == MGW_OK) == (*seen->account != '\0'));
    PROMISE((status == MGW_OK) == (*mgw_call_error(rig.call)->text == '\0'));
    return status;
}

static void try_token(const char *token)
{
    struct seen seen;
    enum mgw_status status = check(token, &seen);
    PROMISE(status == MGW_OK || status == MGW_DENIED);
    bool good = strcmp(token, rig.tokens[GOOD]) == 0, reader = !strcmp(token, rig.tokens[READER]);
    PROMISE((status == MGW_OK) == (good || reader));
    PROMISE(!good || (!strcmp(seen.account, "acme") && seen.scopes == 3));
    PROMISE(!reader || (!strcmp(seen.account, "rival") && seen.scopes == MGW_SCOPE_READ));
}

/* A record as a damaged or hostile database might hold it. */
static void try_record(const char *text)
{
    AUTO_FREE char *id = id_of(rig.tokens[DAMAGED]);
    struct mgw_record record = {.size = sizeof record,
                                .kind = "api_key",
                                .account = "",
                                .id = id,
                                .text = text,
                                .expires_at = MGW_ABSENT};
    struct mgw_change change = {.size = sizeof change,
                                .type = MGW_CHANGE_PUT_RECORD,
                                .record = &record,
                                .expect_version = MGW_VERSION_ANY,
                                .expire_ms = MGW_ABSENT};
    struct mgw_change_result result = {.size = sizeof result};
    PROMISE(rig.repo.driver->apply(rig.call, rig.repo.instance, &change, sizeof change, &result,
                                   sizeof result, 1) == MGW_OK);
    AUTO_FREE char *other = id_of(rig.tokens[REVOKED]);
    mgw_key_revoke(rig.media, rig.call, other); /* nothing is remembered */
    struct seen seen;
    check(rig.tokens[DAMAGED], &seen);
    mgw_key_list(rig.media, rig.call, NULL, see, &seen);
    mgw_key_revoke(rig.media, rig.call, id);
    PROMISE(check(rig.tokens[DAMAGED], &seen) != MGW_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!rig.media) {
        setup();
    }
    if (size == 0) {
        return 0;
    }
    struct fuzz_rest rest = {data + 1, size - 1};
    AUTO_FREE char *text = fuzz_text(rest.data, rest.size);
    if (data[0] % 3 == 0) {
        AUTO_FREE char *altered = fuzz_alter(rig.tokens[data[0] / 3 % DAMAGED], &rest);
        try_token(altered);
    } else if (data[0] % 3 == 1) {
        try_token(text);
    } else {
        try_record(text);
    }
    return 0;
}
