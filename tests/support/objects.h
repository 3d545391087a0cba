/* SPDX-License-Identifier: Apache-2.0
 *
 * A look into an S3 bucket, beside the gateway: how many objects and multipart uploads are there.
 * By libcurl's own signer, not the driver's. What fails ends the running test. */
#ifndef TESTS_SUPPORT_OBJECTS_H
#define TESTS_SUPPORT_OBJECTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* Of the "storage" object STORAGE: objects whose names begin with its prefix and REST. EACH (NULL:
 * none) is told their names, the prefix left out. */
size_t objects_count(const json_t *storage, const char *rest,
                     void (*each)(void *ctx, const char *name), void *ctx);
/* Multipart uploads in its bucket whose names begin with its prefix. MinIO tells only of those
 * whose whole name is given: there look into its data folder. */
size_t objects_uploads(const json_t *storage);
/* Multipart uploads of the object NAME (its prefix left out) alone: MinIO tells of these too. */
size_t objects_uploads_of(const json_t *storage, const char *name);

/* One object, its name behind the prefix; of characters that need no escape. What is read is kept
 * until the test's end. */
char *objects_read(const json_t *storage, const char *name, size_t *length);
void objects_write(const json_t *storage, const char *name, const void *bytes, size_t length);
void objects_remove(const json_t *storage, const char *name);

#endif
