/* SPDX-License-Identifier: Apache-2.0
 *
 * See upload.h. The bytes go to the service as they come; nothing of them is kept here. */
#include "core/http/upload.h"

#include "core/http/answer.h"
#include "core/http/digest.h"
#include "core/http/fields.h"
#include "core/http/media.h"
#include "core/http/multipart.h"
#include "core/http/tally.h"

#include <openssl/evp.h>
#include <string.h>
#include <strings.h>

struct wanted {
    uint8_t sha256[32];
    bool known;
};

struct upload {
    struct mgw_create *create;
    struct multipart *form; /* NULL: the body is the recording */
    struct fields *fields;
    char *mime_type;    /* of the part or the body; NULL: unknown */
    struct wanted blob; /* the recording's digest, where one was sent */
    bool blob_seen, in_blob;
    struct wanted body; /* a form's own digest, and */
    EVP_MD_CTX *hash;   /* its computation; NULL: none was sent */
    bool counted;       /* in the account's tally */
};

static void upload_free(struct exchange *x)
{
    struct upload *upload = x->upload;
    x->upload = NULL;
    if (!upload) {
        return;
    }
    if (upload->counted) {
        tally_leave(x->gateway->uploads, x->account);
    }
    EVP_MD_CTX_free(upload->hash);
    multipart_free(upload->form);
    fields_free(upload->fields);
    free(upload->mime_type);
    free(upload);
}

static bool upload_bad(struct exchange *x, const char *message)
{
    answer_bad(x, message);
    return false;
}

static bool upload_failed(struct exchange *x, enum mgw_status status)
{
    answer_failure(x, status, ANSWER_CREATE);
    return false;
}

/* A type that says nothing is as good as none: the content is looked at then. curl sends the second
 * one with --data-binary. */
static bool is_vague(const char *mime_type)
{
    return !mime_type || !*mime_type || strcasecmp(mime_type, "application/octet-stream") == 0 ||
           strcasecmp(mime_type, "application/x-www-form-urlencoded") == 0;
}

static bool take_mime_type(struct upload *upload, const char *mime_type)
{
    if (is_vague(mime_type)) {
        return true;
    }
    upload->mime_type = strdup(mime_type);
    return upload->mime_type != NULL;
}

/* Adds what a Content-Digest or Repr-Digest says; they must agree. */
static const char *read_digest(const char *header, struct wanted *wanted)
{
    struct digest digest = {0};
    if (!header) {
        return NULL;
    }
    if (!digest_parse(header, &digest)) {
        return "Content-Digest or Repr-Digest is malformed (RFC 9530)";
    }
    if (!digest.has_sha256) {
        return NULL;
    }
    if (wanted->known && memcmp(wanted->sha256, digest.sha256, sizeof digest.sha256) != 0) {
        return "two different digests were sent";
    }
    memcpy(wanted->sha256, digest.sha256, sizeof digest.sha256);
    wanted->known = true;
    return NULL;
}

static const char *read_request_digest(const struct exchange *x, struct wanted *wanted)
{
    AUTO_FREE char *content = exchange_header_list(x, "Content-Digest");
    AUTO_FREE char *repr = exchange_header_list(x, "Repr-Digest");
    const char *wrong = read_digest(content, wanted);
    return wrong ? wrong : read_digest(repr, wanted);
}

static enum MHD_Result take_header_field(void *ctx, enum MHD_ValueKind kind, const char *name,
                                         const char *value)
{
    (void)kind;
    struct fields *fields = ctx;
    const char *field = fields_name_of_header(name);
    bool good = !field || fields_set(fields, field, value ? value : "", value ? strlen(value) : 0);
    return good ? MHD_YES : MHD_NO;
}

/* The raw body's fields: query parameters and headers. */
static bool upload_raw_fields(struct exchange *x, struct upload *upload)
{
    for (size_t i = 0; i < x->target->param_count; i++) {
        const struct target_param *param = &x->target->params[i];
        if (fields_is_known(param->name) &&
            !fields_set(upload->fields, param->name, param->value, strlen(param->value))) {
            return upload_bad(x, fields_error(upload->fields));
        }
    }
    MHD_get_connection_values(x->mhd, MHD_HEADER_KIND, take_header_field, upload->fields);
    if (fields_error(upload->fields)) {
        return upload_bad(x, fields_error(upload->fields));
    }
    const char *wrong = read_request_digest(x, &upload->blob);
    if (wrong) {
        return upload_bad(x, wrong);
    }
    upload->blob_seen = true;
    return take_mime_type(upload, exchange_header(x, "Content-Type")) || upload_bad(x, NULL);
}

/* What the header asks for that this door does not do. */
static bool upload_check_header(struct exchange *x)
{
    if (exchange_header(x, "X-Chunk-Idx")) {
        answer_error(x, 501, "not_implemented",
                     "recording in chunks (X-Chunk-Idx) is not supported by this version");
        return false;
    }
    const char *encoding = exchange_header(x, "Content-Encoding");
    if (encoding && strcasecmp(encoding, "identity") != 0) {
        answer_error(x, 415, "unsupported_media_type", "Content-Encoding is not supported");
        return false;
    }
    return true;
}

static bool upload_begin(struct exchange *x, struct upload *upload)
{
    struct mgw_create_options options = {
        .size = sizeof options,
        .idempotency_key = exchange_header(x, "Idempotency-Key"),
        .length = upload->form ? UINT64_MAX : x->content_length,
        .mime_type = fields_get(upload->fields, "mimeType"),
    };
    if (!options.mime_type) {
        options.mime_type = upload->mime_type;
    }
    enum mgw_status status =
        mgw_create_begin(x->gateway->media, x->call, &options, &upload->create);
    return status == MGW_OK || upload_failed(x, status);
}

static bool upload_open_form(struct exchange *x, struct upload *upload, const char *content_type)
{
    const char *wrong = read_request_digest(x, &upload->body);
    if (wrong) {
        return upload_bad(x, wrong);
    }
    upload->form = multipart_new(content_type, &wrong);
    if (!upload->form) {
        return upload_bad(x, wrong);
    }
    if (!upload->body.known) {
        return true;
    }
    upload->hash = EVP_MD_CTX_new();
    bool ready = upload->hash && EVP_DigestInit_ex(upload->hash, EVP_sha256(), NULL) == 1;
    return ready || upload_bad(x, NULL);
}

static bool upload_open(struct exchange *x)
{
    if (!upload_check_header(x)) {
        return false;
    }
    struct upload *upload = x->upload = calloc(1, sizeof *upload);
    if (!upload || !(upload->fields = fields_new())) {
        return upload_bad(x, NULL);
    }
    upload->counted = tally_enter(x->gateway->uploads, x->account);
    if (!upload->counted) {
        answer_error(x, 429, "too_many_uploads", "this account has too many uploads running");
        answer_header(x, "Retry-After", "1");
        return false;
    }
    const char *content_type = exchange_header(x, "Content-Type");
    if (multipart_is_form(content_type)) {
        return upload_open_form(x, upload, content_type);
    }
    return upload_raw_fields(x, upload) && upload_begin(x, upload);
}

static bool upload_part_begin(struct exchange *x, struct upload *upload)
{
    const struct multipart_part *part = multipart_part(upload->form);
    upload->in_blob = strcmp(part->name, "blob") == 0 || strcmp(part->name, "file") == 0;
    if (!upload->in_blob) {
        return fields_begin(upload->fields, part->name) ||
               upload_bad(x, fields_error(upload->fields));
    }
    if (upload->blob_seen) {
        return upload_bad(x, "there are two blob parts");
    }
    upload->blob_seen = true;
    const char *wrong = read_digest(part->content_digest, &upload->blob);
    wrong = wrong ? wrong : read_digest(part->repr_digest, &upload->blob);
    if (wrong) {
        return upload_bad(x, wrong);
    }
    if (!take_mime_type(upload, part->content_type)) {
        return upload_bad(x, NULL);
    }
    return upload_begin(x, upload); /* only now: its type goes into the store with the bytes */
}

static bool upload_part_data(struct exchange *x, struct upload *upload)
{
    size_t length;
    const char *bytes = multipart_data(upload->form, &length);
    if (!upload->in_blob) {
        return fields_data(upload->fields, bytes, length) ||
               upload_bad(x, fields_error(upload->fields));
    }
    enum mgw_status status = mgw_create_write(upload->create, x->call, bytes, length);
    return status == MGW_OK || upload_failed(x, status);
}

static bool upload_part_end(struct exchange *x, struct upload *upload)
{
    bool blob = upload->in_blob;
    upload->in_blob = false;
    return blob || fields_end(upload->fields) || upload_bad(x, fields_error(upload->fields));
}

static bool upload_feed_form(struct exchange *x, const char *bytes, size_t length)
{
    struct upload *upload = x->upload;
    /* The blob is held to its limit by the service, all that stands around it by this. */
    if (x->received > x->gateway->max_upload_bytes + UPLOAD_FORM_BYTES_MAX) {
        return upload_failed(x, MGW_TOO_LARGE);
    }
    if (upload->hash && EVP_DigestUpdate(upload->hash, bytes, length) != 1) {
        return upload_bad(x, NULL);
    }
    for (bool good = true; good;) {
        switch (multipart_next(upload->form, &bytes, &length)) {
        case MULTIPART_MORE:
            return true;
        case MULTIPART_BEGIN:
            good = upload_part_begin(x, upload);
            break;
        case MULTIPART_DATA:
            good = upload_part_data(x, upload);
            break;
        case MULTIPART_END:
            good = upload_part_end(x, upload);
            break;
        case MULTIPART_DONE:
            break;
        case MULTIPART_BAD:
            good = upload_bad(x, multipart_error(upload->form));
            break;
        }
    }
    return false;
}

static bool upload_feed(struct exchange *x, const char *bytes, size_t length)
{
    struct upload *upload = x->upload;
    if (upload->form) {
        return upload_feed_form(x, bytes, length);
    }
    enum mgw_status status = mgw_create_write(upload->create, x->call, bytes, length);
    return status == MGW_OK || upload_failed(x, status);
}

static void upload_drop(struct exchange *x)
{
    struct upload *upload = x->upload;
    if (upload && upload->create) {
        mgw_create_abort(upload->create, x->call);
    }
    upload_free(x);
}

static bool upload_check_body(struct exchange *x, struct upload *upload)
{
    uint8_t sha256[EVP_MAX_MD_SIZE];
    if (!upload->hash) {
        return true;
    }
    if (EVP_DigestFinal_ex(upload->hash, sha256, NULL) != 1) {
        return upload_bad(x, NULL);
    }
    return memcmp(sha256, upload->body.sha256, sizeof upload->body.sha256) == 0 ||
           upload_failed(x, MGW_CORRUPT);
}

/* Whether the request is a whole recording; fills in RECORDING. CHECKSUM is room for its text. */
static bool upload_check(struct exchange *x, struct mgw_recording *recording,
                         char checksum[DIGEST_CHECKSUM_SIZE])
{
    struct upload *upload = x->upload;
    if (upload->form && !multipart_finish(upload->form)) {
        return upload_bad(x, multipart_error(upload->form));
    }
    if (!upload->blob_seen) {
        return upload_bad(x, "there is no blob part");
    }
    if (!upload_check_body(x, upload)) {
        return false;
    }
    if (!fields_recording(upload->fields, recording)) {
        return upload_bad(x, fields_error(upload->fields));
    }
    if (!recording->mime_type) {
        recording->mime_type = upload->mime_type;
    }
    if (upload->blob.known) {
        digest_checksum(upload->blob.sha256, checksum);
        if (recording->checksum && strcasecmp(recording->checksum, checksum) != 0) {
            return upload_bad(x, "the digest and the field checksum differ");
        }
        recording->checksum = checksum;
    }
    return true;
}

static void upload_finish(struct exchange *x)
{
    struct mgw_recording recording = {.size = sizeof recording};
    char checksum[DIGEST_CHECKSUM_SIZE];
    if (!upload_check(x, &recording, checksum)) {
        upload_drop(x);
        return;
    }
    struct mgw_grant *grant = NULL;
    enum mgw_status status =
        mgw_create_finish(TAKE(x->upload->create), x->call, &recording, &grant);
    if (status == MGW_OK) {
        media_answer_grant(x, 201, grant);
    } else {
        upload_failed(x, status);
    }
    upload_free(x);
}

const struct sink upload_sink = {upload_open, upload_feed, upload_finish, upload_drop};
