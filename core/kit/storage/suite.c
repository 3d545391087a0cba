/* SPDX-License-Identifier: Apache-2.0
 *
 * The storage cases, and the instance that they are about: a driver, or a filter over what lies
 * below it. */
#include "core/kit/suite.h"

#include "core/kit/storage/kit.h"
#include "core/kit/subject.h"
#include "core/kit/values.h"

#include <stdio.h>

static unsigned case_number;

const char *kit_bucket(void)
{
    static char bucket[48];
    snprintf(bucket, sizeof bucket, "case-%s-%u", kit_unique(), case_number);
    return bucket;
}

bool kit_has(uint64_t capabilities)
{
    return (limits.capabilities & capabilities) == capabilities;
}

void kit_skip(const char *what, const char *why)
{
    kit_skipped(what, why);
    skip();
}

static const char *store_id(const struct mgw_storage_limits *of)
{
    return of->store_id ? of->store_id : "";
}

void *kit_open_again(void)
{
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_storage_limits other = {.size = sizeof other};
    struct mgw_storage second;
    struct mgw_repo none;
    enum mgw_status status = subject_open(0, &second, &none);
    if (status != MGW_OK) {
        print_error("a second instance with the same config: %s: %s\n", kit_status(status),
                    subject_error());
        fail();
    }
    assert_status(call, driver->describe(call, second.instance, &other), MGW_OK);
    assert_string_equal(store_id(&other), store_id(&limits));
    return second.instance;
}

void kit_close_again(void *second)
{
    subject_close(second);
}

/* Host-sized: a module of an older header has a shorter table. */
static void take_instance(const struct mgw_storage *opened)
{
    static struct mgw_storage_driver table;
    size_t size = opened->driver->size;
    memset(&table, 0, sizeof table);
    memcpy(&table, opened->driver, size < sizeof table ? size : sizeof table);
    driver = &table;
    instance = opened->instance;
}

void kit_let_go(void)
{
    subject_close(instance);
    instance = NULL;
}

void kit_take_again(void)
{
    struct mgw_storage opened;
    struct mgw_repo none;
    uint32_t flags = kit_has(MGW_STORAGE_VOLATILE) ? MGW_CREATE_INIT : 0;
    enum mgw_status status = subject_open(flags, &opened, &none);
    if (status != MGW_OK) {
        print_error("opened again with the same config: %s: %s\n", kit_status(status),
                    subject_error());
        fail();
    }
    take_instance(&opened);
    kit_prepare = kit_has(MGW_STORAGE_READ_ONLY) ? subject_lower(instance) : NULL;
}

static bool open_instance(const struct kit_options *options, unsigned number)
{
    static struct mgw_call *describing; /* holds the limits' texts */
    struct mgw_storage opened;
    struct mgw_repo none;
    case_number = number;
    if ((options->refuses && !kit_refuse(options->refuses)) ||
        (options->hides && !kit_hide(options->hides))) {
        fputs("mediagw plugin test: --refuses or --hides: no such form; see --help\n", stderr);
        return false;
    }
    if (subject_open(MGW_CREATE_INIT, &opened, &none) != MGW_OK) {
        fprintf(stderr, "mediagw plugin test: %s\n", subject_error());
        return false;
    }
    take_instance(&opened);
    describing = kit_call_new();
    limits = (struct mgw_storage_limits){.size = sizeof limits};
    enum mgw_status status = driver->describe(describing, instance, &limits);
    if (status != MGW_OK) {
        fprintf(stderr, "describe() answered %s: %s\n", kit_status(status),
                describing->error->text);
        return false;
    }
    kit_prepare = kit_has(MGW_STORAGE_READ_ONLY) ? subject_lower(instance) : NULL;
    return true;
}

static uint64_t traits(void)
{
    uint64_t has = limits.capabilities & UINT32_MAX;
    bool writes = !kit_has(MGW_STORAGE_READ_ONLY);
    has |= writes ? KIT_WRITES : 0;
    has |= writes || kit_prepare ? KIT_PREPARES : 0;
    has |= kit_has(MGW_STORAGE_VOLATILE) ? 0 : KIT_SURVIVES;
    has |= driver->advise ? KIT_ADVISE : 0;
    has |= driver->sweep ? KIT_SWEEP : 0;
    has |= subject_plugin()->thread_model == MGW_THREADS_PARALLEL ? KIT_PARALLEL : 0;
    return has;
}

static void close_instance(void)
{
    subject_close(instance);
}

static const struct kit_case *const groups[] = {
    put_cases,    read_cases,    copy_cases,         key_cases,    list_cases,
    upload_cases, presign_cases, presign_part_cases, border_cases, readonly_cases,
    odd_cases,    late_cases,    crowd_cases,        leak_cases,   crash_cases};

static const char *const capabilities[] = {
    "LOCAL_FD",    "INLINE_READ",  "IF_ABSENT", "RESUMABLE",    "PRESIGN_GET",
    "PRESIGN_PUT", "PRESIGN_PART", "SHARED",    "ORDERED_LIST", "COPY",
    "READ_ONLY",   "VOLATILE",     NULL};

const struct kit_suite storage_suite = {.groups = groups,
                                        .count = sizeof groups / sizeof groups[0],
                                        .capabilities = capabilities,
                                        .open = open_instance,
                                        .traits = traits,
                                        .close = close_instance};
