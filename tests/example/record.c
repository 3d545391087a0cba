/* SPDX-License-Identifier: Apache-2.0
 *
 * The media service without HTTP, on one page: keeps the bytes of standard input as a recording and prints its row's id and
 * its signed URL.
 *   record DATA_DIR ACCOUNT MIME_TYPE < FILE
 * Build: cc record.c $(pkg-config --cflags --libs mediagw) */
#include <mediagw/media.h>

#include <stdio.h>
#include <unistd.h>

static int fail(const char *what, const char *why)
{
    fprintf(stderr, "record: %s: %s\n", what, why);
    return 1;
}

static int record(struct mgw_media *media, struct mgw_call *call, const char *mime_type)
{
    struct mgw_create_options options = {
        .size = sizeof options, .length = UINT64_MAX, .mime_type = mime_type};
    struct mgw_create *create;
    if (mgw_create_begin(media, call, &options, &create) != MGW_OK) {
        return fail("create", mgw_call_error(call)->text);
    }
    char bytes[65536];
    ssize_t got;
    while ((got = read(STDIN_FILENO, bytes, sizeof bytes)) > 0) {
        if (mgw_create_write(create, call, bytes, (size_t)got) != MGW_OK) {
            mgw_create_abort(create, call);
            return fail("write", mgw_call_error(call)->text);
        }
    }
    if (got < 0) {
        mgw_create_abort(create, call); /* half a recording is none */
        return fail("standard input", "cannot be read");
    }
    struct mgw_recording recording = {.size = sizeof recording,
                                      .mime_type = mime_type,
                                      .duration_ms = MGW_ABSENT,
                                      .take_index = MGW_ABSENT};
    struct mgw_grant *grant;
    if (mgw_create_finish(create, call, &recording, &grant) != MGW_OK) {
        return fail("finish", mgw_call_error(call)->text);
    }
    printf("%s %lld %s\n%s\n", grant->row->id, (long long)grant->row->size_bytes,
           grant->row->checksum, grant->signed_url);
    mgw_grant_free(grant);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        return fail("usage", "record DATA_DIR ACCOUNT MIME_TYPE < FILE");
    }
    struct mgw_error error = {.size = sizeof error};
    struct mgw_media *media;
    if (mgw_media_new_from_config(NULL, argv[1], MGW_MEDIA_INIT, &media, &error) != MGW_OK) {
        return fail("open", error.text);
    }
    struct mgw_call *call = mgw_call_new(argv[2], NULL, 60000);
    int exit_code = call ? record(media, call, argv[3]) : fail("call", "out of memory");
    mgw_call_free(call);
    mgw_media_free(media);
    return exit_code;
}
