/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of registry.h share. */
#ifndef PLUGIN_REGISTRY_INSIDE_H
#define PLUGIN_REGISTRY_INSIDE_H

#include "core/base/buf.h"
#include "core/plugin/registry.h"

struct descriptor {
    struct registry_entry entry;     /* its texts belong to this struct; kind 0: see fault */
    json_t *defaults;                /* an object */
    char *fault;                     /* one line: why this plugin cannot be used; NULL: none */
    const struct mgw_plugin *plugin; /* once loaded */
};

struct registry {
    struct descriptor *at;
    size_t count;
    char *searched; /* the folders, for texts */
};

/* registry_say.c: one line into ERROR (may be NULL); MGW_INVALID. */
enum mgw_status registry_say(struct mgw_error *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* descriptor.c: reads one file. What is wrong with it becomes its fault. */
void descriptor_read(struct descriptor *descriptor, const char *path);
void descriptor_free(struct descriptor *descriptor);
const char *kind_name(uint32_t kind);

/* trust.c: NULL, or why the file or its folder is not to be trusted; to be freed. */
char *trust_fault(const char *path);

/* module.c: loads and checks; the pointer is valid for ever. Without a name in ENTRY the module
 * says itself what it is. */
enum mgw_status module_load(const struct registry_entry *entry, const struct mgw_plugin **plugin,
                            struct mgw_error *error);

/* The descriptor of NAME, or a refusal. */
enum mgw_status registry_find(struct registry *registry, const char *name, uint32_t kind,
                              struct descriptor **descriptor, struct mgw_error *error);

/* host.c: what create() is given. */
extern const struct mgw_host host_table;

#endif
