/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/crash/judge.h"

#include "tests/crash/ledger.h"
#include "tests/support/api.h"
#include "tests/support/check.h"
#include "tests/support/keep.h"
#include "tests/support/scratch.h"

#include <string.h>

static void is_what_was_sent(const struct judge *judge, size_t number,
                             const struct ledger_entry *entry)
{
    char expected[SHA256_TEXT];
    char got[SHA256_TEXT];
    struct http_answer *answer = http_get_checksum(judge->nobody, entry->url, got);
    if (entry->state == LEDGER_DELETING && answer->status == 404) {
        return;
    }
    body_stream_checksum(entry->seed, entry->length, expected);
    if (answer->status != 200 || strcmp(expected, got) != 0) {
        fail_msg("recording %zu (%s, round %u, %zu bytes) is lost: %ld, %s instead of %s", number,
                 entry->id, entry->round, entry->length, answer->status, got, expected);
    }
}

static void is_gone(const struct judge *judge, size_t number, const struct ledger_entry *entry)
{
    int64_t end = wait_now_ms() + judge->deleted_within_ms;
    long status;
    while ((status = http_get(judge->nobody, entry->url, NULL)->status) != 404) {
        if (wait_now_ms() >= end) {
            fail_msg("recording %zu (%s) is deleted, but %ld", number, entry->id, status);
        }
        wait_ms(100);
    }
}

static void holds(const struct judge *judge, size_t number)
{
    struct ledger_entry entry = ledger_get(number);
    if (entry.state == LEDGER_KEPT || entry.state == LEDGER_DELETING) {
        is_what_was_sent(judge, number, &entry);
    } else if (entry.state == LEDGER_DELETED) {
        is_gone(judge, number, &entry);
    }
}

void judge_newest(const struct judge *judge, size_t from, uint64_t random)
{
    for (size_t number = from; number < ledger_count(); number++) {
        holds(judge, number);
    }
    for (size_t i = 0; i < 20 && from > 0; i++) {
        holds(judge, (size_t)(random + i * 1299709u) % from);
    }
}

void judge_all(const struct judge *judge)
{
    for (size_t number = 0; number < ledger_count(); number++) {
        holds(judge, number);
        if (number % 100 == 0) {
            keep_release();
        }
    }
}

void judge_keys(const struct judge *judge, unsigned round)
{
    for (size_t number = 0; number < ledger_count(); number++) {
        struct ledger_entry entry = ledger_get(number);
        if (!entry.name[0]) {
            continue;
        }
        struct http_client *client = judge->accounts[entry.account];
        long status = 0;
        for (int i = 0; i < 600 && entry.state == LEDGER_SENT && status != 201; i++) {
            status = load_create(client, number, round);
            assert_true(status == 201 || status == 409);
            wait_ms(status == 409 ? 50 : 0);
        }
        bool is_there = ledger_get(number).state == LEDGER_KEPT;
        size_t count = api_count(client, keep_text("?sessionId=%s", entry.name));
        if (is_there ? count != 1 : count > 1) {
            fail_msg("%s: %zu recordings", entry.name, count);
        }
        keep_release();
    }
}
