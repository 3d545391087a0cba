/* SPDX-License-Identifier: Apache-2.0 */
#include "settings.h"

#include "lane.h"
#include "sender.h"

#include <string.h>
#include <unistd.h>

#define KEY(name, kind, ...)                                                                       \
    {                                                                                              \
        .size = sizeof(struct mgw_config_key), .key = name, .type = kind, __VA_ARGS__              \
    }

const struct mgw_config_key settings_keys[] = {
    KEY("endpoint", MGW_CONFIG_STRING,
        .help = "The server, such as http://127.0.0.1:9000; Amazon's of the region where absent."),
    KEY("public_endpoint", MGW_CONFIG_STRING,
        .help = "The server as clients reach it, for presigned URLs; else the endpoint."),
    KEY("region", MGW_CONFIG_STRING,
        .help = "The region that requests are signed for; else $AWS_REGION, else us-east-1."),
    KEY("bucket", MGW_CONFIG_STRING,
        .help =
            "The one bucket that holds all logical buckets as folders; else each row's bucket is "
            "one of S3's."),
    KEY("prefix", MGW_CONFIG_STRING, .fallback = "",
        .help = "What every object's name begins with, such as mediagw/."),
    KEY("access_key", MGW_CONFIG_SECRET,
        .help =
            "The key's id; else AWS's chain: environment, web identity, shared files, container, "
            "instance."),
    KEY("secret_key", MGW_CONFIG_SECRET, .help = "The key's secret."),
    KEY("session_token", MGW_CONFIG_SECRET, .help = "The token of temporary credentials."),
    KEY("profile", MGW_CONFIG_STRING,
        .help = "The profile of AWS's shared files; else $AWS_PROFILE, else default."),
    KEY("path_style", MGW_CONFIG_ENUM, .fallback = "auto", .values = "auto|path|virtual",
        .help = "Where the bucket stands in URLs: in the path, or in the host's name (Amazon)."),
    KEY("create_bucket", MGW_CONFIG_BOOL, .fallback = "false",
        .help = "Make a bucket that is missing; for development."),
    KEY("ca_file", MGW_CONFIG_PATH,
        .help = "CA certificates (PEM) of the server; else the system's."),
    KEY("verify", MGW_CONFIG_BOOL, .fallback = "true",
        .help = "Check the server's certificate; never false outside a test."),
    KEY("proxy", MGW_CONFIG_STRING,
        .help = "An HTTP proxy to go through; the environment's is never taken."),
    KEY("connect_timeout", MGW_CONFIG_DURATION, .fallback = "5s", .min = 100, .max = 60000,
        .help = "How long a connection may take to stand."),
    KEY("idle_timeout", MGW_CONFIG_DURATION, .fallback = "60s", .min = 1000, .max = 600000,
        .help = "How long nothing may move on a request."),
    KEY("retry_deadline", MGW_CONFIG_DURATION, .fallback = "30s", .min = 0, .max = 600000,
        .help = "How long after its first attempt a request is tried again."),
    KEY("retries", MGW_CONFIG_INT, .fallback = "8", .min = 0, .max = 100,
        .help = "How often a request is tried again at most."),
    KEY("part_size", MGW_CONFIG_SIZE, .fallback = "8MiB", .min = S3_PART_MIN, .max = 1 << 30,
        .help = "Bytes of a part of a multipart upload; more where 10,000 parts would not do."),
    KEY("concurrency", MGW_CONFIG_INT, .fallback = "8", .min = 1, .max = 64,
        .help = "Parts under way at once, of all uploads."),
    KEY("storage_class", MGW_CONFIG_STRING,
        .help = "The storage class of new objects, such as STANDARD_IA."),
    KEY("sse", MGW_CONFIG_ENUM, .fallback = "none", .values = "none|AES256|aws:kms",
        .help = "Server-side encryption to ask for."),
    KEY("sse_kms_key_id", MGW_CONFIG_STRING, .help = "The key of aws:kms; else the account's own."),
    KEY("requester_pays", MGW_CONFIG_BOOL, .fallback = "false",
        .help = "Send x-amz-request-payer, for buckets of that kind."),
    KEY("content_md5", MGW_CONFIG_BOOL, .fallback = "false",
        .help = "Send Content-MD5 too, which buckets with Object Lock ask for; the signature's "
                "SHA-256 is always checked."),
    KEY("spool_dir", MGW_CONFIG_PATH, .fallback = "/var/tmp",
        .help = "Where parts lie while they fill, in files without a name."),
};
_Static_assert(sizeof settings_keys / sizeof settings_keys[0] == SETTINGS_KEYS, "settings.h");

static const char *text(const struct mgw_config *config, const char *key)
{
    const struct mgw_config_value *value = mgw_config_get(config, key);
    return value && value->text && *value->text ? value->text : NULL;
}

static int64_t number(const struct mgw_config *config, const char *key)
{
    const struct mgw_config_value *value = mgw_config_get(config, key);
    return value ? value->number : 0;
}

static bool keep(const struct mgw_config *config, const char *key, char **to)
{
    const char *from = text(config, key);
    *to = from ? strdup(from) : NULL;
    return !from || *to;
}

static bool is_region(const char *region)
{
    size_t length = strspn(region, "abcdefghijklmnopqrstuvwxyz0123456789-");
    return length > 0 && length <= 32 && !region[length];
}

static enum place_style style_of(const char *word)
{
    return word && strcmp(word, "path") == 0      ? PLACE_PATH
           : word && strcmp(word, "virtual") == 0 ? PLACE_VIRTUAL
                                                  : PLACE_AUTO;
}

static enum mgw_status parse_places(struct mgw_call *call, const struct mgw_config *config,
                                    struct s3 *s3)
{
    const char *region = text(config, "region");
    region = region ? region : getenv("AWS_REGION");
    region = region && *region ? region : getenv("AWS_DEFAULT_REGION");
    region = region && *region ? region : "us-east-1";
    if (!is_region(region)) {
        return mgw_fail(call, MGW_INVALID, "region: \"%.40s\" is no region's name", region);
    }
    AUTO_TEXT struct text amazon = {0};
    text_printf(&amazon, "https://s3.%s.amazonaws.com%s", region,
                strncmp(region, "cn-", 3) == 0 ? ".cn" : "");
    const char *endpoint = text(config, "endpoint"), *shown = text(config, "public_endpoint");
    endpoint = endpoint ? endpoint : text_of(&amazon);
    enum place_style style = style_of(text(config, "path_style"));
    const char *wrong = place_parse(endpoint, style, &s3->place);
    if (wrong) {
        return mgw_fail(call, MGW_INVALID, "endpoint: %s", wrong);
    }
    wrong = place_parse(shown ? shown : endpoint, style, &s3->public_);
    if (wrong) {
        return mgw_fail(call, MGW_INVALID, "public_endpoint: %s", wrong);
    }
    return regions_init(&s3->regions, region) ? MGW_OK : s3_no_memory(call);
}

static const char *wrong_names(const struct s3 *s3)
{
    size_t length = s3->bucket ? strspn(s3->bucket, "abcdefghijklmnopqrstuvwxyz0123456789.-") : 3;
    if (length < 3 || length > 63 || (s3->bucket && s3->bucket[length])) {
        return "bucket: 3 to 63 of a-z, 0-9, dot and hyphen";
    }
    if (strlen(s3->prefix) > 512 || s3->prefix[0] == '/' || strstr(s3->prefix, "//")) {
        return "prefix: at most 512 bytes, without a slash at its start or two in a row";
    }
    if (s3->bucket && s3->prefix[0] && s3->prefix[strlen(s3->prefix) - 1] != '/') {
        return "prefix: must end with a slash, or it could be part of another store's names";
    }
    if (!s3->spool_dir || access(s3->spool_dir, W_OK | X_OK) != 0) {
        return "spool_dir: is no folder that can be written to";
    }
    if (s3->sse_key && (!s3->sse || strcmp(s3->sse, "aws:kms") != 0)) {
        return "sse_kms_key_id: needs sse to be aws:kms";
    }
    return NULL;
}

enum mgw_status settings_apply(struct mgw_call *call, const struct mgw_config *config,
                               struct s3 *s3)
{
    enum mgw_status status = parse_places(call, config, s3);
    if (status != MGW_OK) {
        return status;
    }
    const char *prefix = text(config, "prefix"), *sse = text(config, "sse");
    s3->prefix = strdup(prefix ? prefix : "");
    s3->sse = sse && strcmp(sse, "none") != 0 ? strdup(sse) : NULL;
    if (!s3->prefix || !keep(config, "bucket", &s3->bucket) ||
        !keep(config, "storage_class", &s3->storage_class) ||
        !keep(config, "sse_kms_key_id", &s3->sse_key) ||
        !keep(config, "spool_dir", &s3->spool_dir)) {
        return s3_no_memory(call);
    }
    const char *wrong = wrong_names(s3);
    if (wrong) {
        return mgw_fail(call, MGW_INVALID, "%s", wrong);
    }
    s3->create_bucket = number(config, "create_bucket");
    s3->requester_pays = number(config, "requester_pays");
    s3->content_md5 = number(config, "content_md5");
    s3->part_bytes = (uint64_t)number(config, "part_size");
    s3->retry_ms = number(config, "retry_deadline");
    s3->retries = (uint32_t)number(config, "retries");
    struct lane_options options = {.ca_file = text(config, "ca_file"),
                                   .proxy = text(config, "proxy"),
                                   .verify = number(config, "verify"),
                                   .connect_ms = number(config, "connect_timeout"),
                                   .idle_ms = number(config, "idle_timeout")};
    s3->lanes = lanes_new(s3->host, &options);
    s3->signer = signer_new();
    s3->senders = senders_new((unsigned)number(config, "concurrency"));
    if (!s3->lanes || !s3->signer || !s3->senders) {
        return s3_no_memory(call);
    }
    return creds_new(call, config, s3->host, &s3->creds);
}

void settings_release(struct s3 *s3)
{
    senders_free(s3->senders);
    lanes_free(s3->lanes);
    if (s3->signer) {
        signer_free(s3->signer);
    }
    if (s3->creds) {
        creds_free(s3->creds);
    }
    regions_free(&s3->regions);
    place_free(&s3->place);
    place_free(&s3->public_);
    free(s3->bucket);
    free(s3->prefix);
    free(s3->storage_class);
    free(s3->sse);
    free(s3->sse_key);
    free(s3->spool_dir);
}
