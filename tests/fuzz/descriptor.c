/* SPDX-License-Identifier: Apache-2.0
 *
 * A plugin's descriptor of any text: it has a fault, or all that makes a plugin. */
#include "core/plugin/registry_inside.h"
#include "tests/fuzz/fuzz.h"

static const uint8_t *content;
static size_t content_size;

char *__wrap_text_read_file(const char *path, size_t max, size_t *length);
char *__wrap_text_read_file(const char *path, size_t max, size_t *length)
{
    PROMISE(strcmp(path, "/nowhere/plugins.d/fs.json") == 0);
    *length = content_size < max ? content_size : max;
    return fuzz_text(content, *length);
}

char *__wrap_trust_fault(const char *path);
char *__wrap_trust_fault(const char *path)
{
    (void)path;
    return NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct descriptor descriptor;
    content = data;
    content_size = size;
    descriptor_read(&descriptor, "/nowhere/plugins.d/fs.json");
    const struct registry_entry *entry = &descriptor.entry;
    PROMISE(strcmp(entry->name, "fs") == 0);
    PROMISE((descriptor.fault == NULL) == (entry->kind != 0));
    if (!descriptor.fault) {
        PROMISE(entry->module && entry->module[0] == '/' &&
                strcmp(kind_name(entry->kind), "unknown"));
        PROMISE(!descriptor.defaults || json_is_object(descriptor.defaults));
    } else {
        PROMISE(strncmp(descriptor.fault, "/nowhere/plugins.d/fs.json: ", 28) == 0);
    }
    descriptor_free(&descriptor);
    return 0;
}
