/* SPDX-License-Identifier: Apache-2.0
 *
 * What is remembered of a multipart upload under way, as an object of the store itself, so that any
 * process can go on with it, and any sweep can end it: MinIO lists uploads only by a whole key. It
 * is written before the upload is created, and removed after its end. A resumable upload's note
 * also holds its fence; it changes by compare-and-set (PUT with If-Match). Any thread. */
#ifndef S3_NOTE_H
#define S3_NOTE_H

#include "request.h"

struct note {
    char id[33];        /* its name, and the nonce of the object that the upload becomes */
    char *bucket, *key; /* the object's; freed by note_free */
    char *upload_id;    /* "" until the upload is created */
    uint64_t fence, generation;
    uint64_t length; /* of MGW_PUT_LENGTH_KNOWN */
    uint32_t flags;  /* of struct mgw_put */
    bool resumable, done;
    bool retried;   /* its upload may have been created twice: the sweep looks for the other */
    bool loose;     /* its parts are objects: loose.h */
    char etag[257]; /* of the note as it was read or written last; "": never */
    int64_t written_ms;
};

/* A fresh one for OBJECT, not written yet. */
enum mgw_status note_new(struct mgw_call *call, const struct s3 *s3, const struct object *object,
                         struct note *note);
void note_free(struct note *note);
#define AUTO_NOTE __attribute__((cleanup(note_free)))
/* Writes it; MGW_CONFLICT where it has changed (or gone) since `etag`. */
enum mgw_status note_write(struct mgw_call *call, struct s3 *s3, struct note *note);
/* Reads note ID of BUCKET (S3's). MGW_NOT_FOUND. */
enum mgw_status note_read(struct mgw_call *call, struct s3 *s3, const char *bucket, const char *id,
                          struct note *note);
/* Begins NOTE's upload: the note first, so that what a crash leaves behind it can be found. */
enum mgw_status note_begin(struct mgw_call *call, struct s3 *s3, struct note *note,
                           const char *content_type, const char *const *metadata);
/* The upload is over: removes the note, or leaves it to the sweep with what else that must find. */
enum mgw_status note_end(struct mgw_call *call, struct s3 *s3, struct note *note);
enum mgw_status note_remove(struct mgw_call *call, struct s3 *s3, const struct note *note);
/* Writes it again where it has grown old, so that no sweep takes it for a dead one's. */
enum mgw_status note_refresh(struct mgw_call *call, struct s3 *s3, struct note *note);

#endif
