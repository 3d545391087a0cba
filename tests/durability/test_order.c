/* SPDX-License-Identifier: Apache-2.0
 *
 * The order of what is written, synced, published and answered, on each path of the gateway that
 * acknowledges; and that the checker sees it when one class of syncs is taken out and kept off the
 * tape. Once for each way in which the fs driver can make a file. */
#include "tests/durability/rig.h"

enum { LENGTH = 65536 };

static struct rig *rig;
static const char *overlay;
static uint64_t seed;
static bool made_meta; /* the last create made its shard's folder of sidecars */

static uint32_t created(struct rig *with, enum rig_body how, const char **id)
{
    struct rig_request made = rig_create(with, how, body_random(++seed, LENGTH));
    json_t *json = api_expect(made.answer, 201);
    struct order order = {&made.play, "HTTP/1.1 201", api_id(json), LENGTH};
    uint32_t breaches = order_create(&order);
    if (getenv("DURABILITY_SHOW") && breaches & (unsigned)atoi(getenv("DURABILITY_SHOW"))) {
        play_show(&made.play);
    }
    made_meta = false;
    for (size_t i = 0; i < made.play.count; i++) {
        const struct tape_record *record = made.play.records[i];
        made_meta = made_meta || (record->op == OP_MKDIR && record->error == 0);
    }
    if (getenv("DURABILITY_SHOW")) {
        play_show(&made.play);
    }
    *id = order.id;
    return breaches;
}

static uint32_t deleted(struct rig *with, const char *id)
{
    struct rig_request gone = rig_delete(with, id);
    api_expect(gone.answer, 200);
    struct order order = {&gone.play, "HTTP/1.1 200", id, 0};
    return order_delete(&order);
}

static const char *const how_names[] = {"multipart", "raw", "multipart with an Idempotency-Key"};

/* ---- As it is ---- */

static void create_and_delete_answer_after_everything_is_synced(void **state)
{
    (void)state;
    for (int how = RIG_MULTIPART; how <= RIG_IDEMPOTENT; how++) {
        for (int i = 0; i < 3; i++) {
            const char *id;
            assert_breaches(created(rig, (enum rig_body)how, &id), 0, how_names[how]);
            assert_breaches(deleted(rig, id), 0, "delete");
        }
    }
}

static void an_empty_recording_is_synced_too(void **state)
{
    (void)state;
    struct rig_request made = rig_create(rig, RIG_RAW, (struct body){"", 0});
    if (made.answer->status == 201) {
        struct order order = {&made.play, "HTTP/1.1 201", api_id(api_json(made.answer)), 0};
        assert_breaches(order_create(&order), 0, "empty");
    } else {
        api_error(made.answer, 400, NULL); /* no bytes are no recording, or a fine one */
    }
}

/* ---- With one class of syncs taken out ---- */

struct class
{
    const char *name;
    uint32_t ops, kinds;
    const char *store, *database; /* a pattern below the one or behind the other */
    const char *avoid;
    int64_t only; /* the n-th alone; 0: all */
    uint32_t on_create, on_delete;
};

static void lay(struct rig *with, const struct class *class)
{
    struct tape_rule *rule = play_rule(with->tape, 0, RULE_HIDE, class->ops, class->kinds,
                                       class->store ? rig_in_store(with, class->store)
                                                    : rig_in_database(with, class->database));
    rule->armed = 0;
    snprintf(rule->avoid, sizeof rule->avoid, "%s", class->avoid ? class->avoid : "");
    if (class->only) {
        rule->first = rule->last = class->only;
    }
    rule->armed = 1;
}

/* The rule hit something, and is gone. */
static void lift(struct rig *with, const struct class *class, const char *where)
{
    play_disarm(with->tape);
    if (with->tape->rules[0].hit == 0) {
        fail_msg("%s: no such sync on %s", class->name, where);
    }
}

static void take_out(const struct class *class)
{
    const char *id = NULL;
    for (int how = RIG_MULTIPART; class->on_create && how <= RIG_IDEMPOTENT; how++) {
        lay(rig, class);
        uint32_t breaches = created(rig, (enum rig_body)how, &id);
        lift(rig, class, how_names[how]);
        bool both = made_meta && class->kinds == KIND_FOLDER; /* its name is the shard's too */
        assert_breaches(breaches, class->on_create | (both ? SIDECAR_UNSYNCED : 0),
                        keep_text("without the %s, %s", class->name, how_names[how]));
    }
    if (class->on_delete) {
        assert_breaches(created(rig, RIG_RAW, &id), 0, "create");
        lay(rig, class);
        uint32_t breaches = deleted(rig, id);
        lift(rig, class, "delete");
        assert_breaches(breaches, class->on_delete, keep_text("without the %s", class->name));
    }
}

static void without_the_blob_files_sync_the_checker_says_so(void **state)
{
    (void)state;
    bool named = strstr(overlay, "tmpfile") != NULL, sidecar = strstr(overlay, "xattr") != NULL;
    take_out(&(struct class){"blob file's sync", OP_SYNC, KIND_FILE,
                             named ? "/tmp/*" : "/buckets/*", .only = named && sidecar ? 2 : 0,
                             .on_create = FILE_UNSYNCED});
}

static void without_the_shard_folders_sync_the_checker_says_so(void **state)
{
    (void)state;
    take_out(&(struct class){"shard folder's sync", OP_SYNC, KIND_FOLDER, "/buckets/*",
                             .avoid = "*/.meta", .on_create = FOLDER_UNSYNCED,
                             .on_delete = REMOVAL_UNSYNCED});
}

static void without_the_uploading_rows_sync_the_checker_says_so(void **state)
{
    (void)state;
    take_out(&(struct class){"uploading row's sync", OP_SYNC, KIND_FILE, .database = "-wal",
                             .only = 1, .on_create = UPLOADING_UNSYNCED});
}

static void without_the_ready_rows_sync_the_checker_says_so(void **state)
{
    (void)state;
    take_out(&(struct class){"ready row's sync", OP_SYNC, KIND_FILE, .database = "-wal", .only = 2,
                             .on_create = READY_UNSYNCED});
}

static void without_any_wal_sync_the_checker_says_so(void **state)
{
    (void)state;
    take_out(&(struct class){"WAL's syncs", OP_SYNC, KIND_FILE, .database = "-wal",
                             .on_create = UPLOADING_UNSYNCED | READY_UNSYNCED,
                             .on_delete = DELETED_UNSYNCED});
}

static void without_the_sidecars_syncs_the_checker_says_so(void **state)
{
    (void)state;
    take_out(&(struct class){"sidecar file's sync", OP_SYNC, KIND_FILE, "/tmp/*", .only = 1,
                             .on_create = SIDECAR_UNSYNCED});
    take_out(&(struct class){"sidecar folder's sync", OP_SYNC, KIND_FOLDER, "/buckets/*/.meta",
                             .on_create = SIDECAR_UNSYNCED});
}

/* ---- What only happens once ---- */

static void expect_first_create(const struct class *class, uint32_t expected, const char *what)
{
    struct rig *fresh = rig_new(overlay);
    const char *id;
    if (class) {
        lay(fresh, class);
    }
    uint32_t breaches = created(fresh, RIG_RAW, &id);
    int64_t hit = fresh->tape->rules[0].hit;
    assert_int_equal(rig_free(fresh), 0);
    assert_true(!class || hit > 0);
    assert_breaches(breaches, expected, what);
}

static void the_first_create_makes_a_durable_bucket(void **state)
{
    (void)state;
    expect_first_create(NULL, 0, "first create");
    expect_first_create(&(struct class){"bucket's sync", OP_SYNC, KIND_FOLDER, .store = "/buckets"},
                        BUCKET_UNSYNCED, "without the sync of the folder of buckets");
    expect_first_create(&(struct class){"shards' sync", OP_SYNC_FS, 0, .store = "/tmp/*"},
                        BUCKET_UNSYNCED, "without the sync of the shards");
}

static uint32_t initialised(const struct class *class)
{
    struct rig bare = {.tape = play_new(".")};
    play_record_children(true);
    struct gateway gateway = {0};
    bare.gateway = &gateway;
    /* the store's path is not known before it is there */
    if (class) {
        play_rule(bare.tape, 0, RULE_HIDE, class->ops, class->kinds, class->store);
    }
    gateway.server = server_new(overlay);
    struct play play = play_since(bare.tape, 0);
    struct order order = {&play, NULL, NULL, 0};
    uint32_t breaches = order_storage(&order);
    int64_t hit = bare.tape->rules[0].hit;
    if (getenv("DURABILITY_SHOW")) {
        play_show(&play);
    }
    play_release(&play);
    play_free(bare.tape);
    server_free(gateway.server);
    assert_true(!class || hit > 0);
    return breaches;
}

static void init_ends_with_a_durable_marker(void **state)
{
    (void)state;
    assert_breaches(initialised(NULL), 0, "init");
    assert_breaches(initialised(&(struct class){"", OP_SYNC, KIND_FILE, .store = "*/blobs/tmp/m*"}),
                    LEFT_FILE_DIRTY, "without the marker's sync");
    assert_breaches(initialised(&(struct class){"", OP_SYNC, KIND_FOLDER, .store = "*/blobs"}),
                    LEFT_FOLDER_DIRTY, "without the root's sync");
    assert_breaches(
        initialised(&(struct class){"", OP_SYNC, KIND_FOLDER, .store = "*/scratch-??????"}),
        LEFT_FOLDER_DIRTY, "without the sync of the folder around");
}

static int setup(void **state)
{
    (void)state;
    rig = rig_new(overlay);
    const char *id;
    assert_breaches(created(rig, RIG_RAW, &id), 0, "first create"); /* makes the bucket */
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    return rig_free(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(create_and_delete_answer_after_everything_is_synced),
        TEST(an_empty_recording_is_synced_too),
        TEST(without_the_blob_files_sync_the_checker_says_so),
        TEST(without_the_shard_folders_sync_the_checker_says_so),
        TEST(without_the_uploading_rows_sync_the_checker_says_so),
        TEST(without_the_ready_rows_sync_the_checker_says_so),
        TEST(without_any_wal_sync_the_checker_says_so),
    };
    const struct CMUnitTest sidecars[] = {TEST(without_the_sidecars_syncs_the_checker_says_so)};
    const struct CMUnitTest once[] = {
        TEST(the_first_create_makes_a_durable_bucket),
        TEST(init_ends_with_a_durable_marker),
    };
    static const char *const stores[] = {
        "{}",
        "{\"storage\": {\"tmpfile\": false}}",
        "{\"storage\": {\"xattr\": false}}",
        "{\"storage\": {\"tmpfile\": false, \"xattr\": false, \"openat2\": false}}",
    };
    int failed = 0;
    for (size_t i = 0; i < sizeof stores / sizeof stores[0]; i++) {
        overlay = stores[i];
        print_message("store: %s\n", overlay);
        failed += cmocka_run_group_tests_name("order", tests, setup, teardown);
        if (strstr(overlay, "xattr")) {
            failed += cmocka_run_group_tests_name("sidecars", sidecars, setup, teardown);
        }
        failed += cmocka_run_group_tests_name("once", once, NULL, NULL);
    }
    return failed + rig_failures;
}
