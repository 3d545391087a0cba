/* SPDX-License-Identifier: Apache-2.0
 *
 * See schema.h: the table, and the walk over its sections. */
#include "core/config/schema.h"

#include "core/base/buf.h"
#include "core/config/config.h"

#include <string.h>

#define AT(field) offsetof(struct config, field)
#define URL_KEY(field) offsetof(struct config_url_key, field)
#define JWT(field) offsetof(struct config_jwt, field)
#define TEN_YEARS_MS ((int64_t)3650 * 86400 * 1000)
#define WEEK_MS ((int64_t)604800 * 1000)

const struct schema_key schema_keys[] = {
    {"", "listen", MGW_CONFIG_STRING, SCHEMA_TEXT, AT(listen), 0, "127.0.0.1:8080", NULL, 0, 0,
     "Where to listen: \"127.0.0.1:8080\", \"[::1]:8080\", \":8080\" for every address (port 0 "
     "takes "
     "a free one), or \"unix:/run/mediagw.sock\", a socket of mode 0660."},
    {"", "public_url", MGW_CONFIG_STRING, SCHEMA_TEXT, AT(public_url), 0, NULL, NULL, 0, 0,
     "Base of the URLs given to clients, \"https://media.example.com\"; absent: taken from the "
     "request."},
    {"", "node_id", MGW_CONFIG_STRING, SCHEMA_TEXT, AT(node_id), 0, NULL, NULL, 0, 0,
     "This gateway's name among others on the same repository, 1 to 64 of A-Za-z0-9._-; absent: "
     "made up at start."},
    {"", "storage", SCHEMA_DRIVER, SCHEMA_JSON, AT(storage), SCHEMA_REQUIRED, NULL, NULL, 0, 0,
     "The storage driver (\"driver\"), its own keys and its filters; see mediagw plugin show."},
    {"", "repository", SCHEMA_DRIVER, SCHEMA_JSON, AT(repository), SCHEMA_REQUIRED, NULL, NULL, 0,
     0, "The repository driver (\"driver\") and its own keys; see mediagw plugin show."},
    {"", "url_keys", SCHEMA_OBJECTS, SCHEMA_ARRAY, AT(url_keys), SCHEMA_REQUIRED, NULL, NULL, 0, 0,
     "Keys of signed URLs: one signs, all are honoured."},
    {"", "trusted_proxies", MGW_CONFIG_LIST, SCHEMA_SET, AT(trusted_proxies), 0, NULL, NULL, 0, 0,
     "Addresses (\"10.0.0.0/8\", \"::1\", or \"unix\": a unix socket's peers) whose Forwarded or "
     "X-Forwarded-For, -Proto and -Host are believed: for logs, limits and URLs, never for who "
     "somebody is."},
    {"url_keys[]", "id", MGW_CONFIG_STRING, SCHEMA_TEXT, URL_KEY(id), SCHEMA_REQUIRED, NULL, NULL,
     0, 0, "Names the key in URLs: 1 to 32 of A-Za-z0-9._-"},
    {"url_keys[]", "secret", MGW_CONFIG_SECRET, SCHEMA_TEXT, URL_KEY(secret), SCHEMA_REQUIRED, NULL,
     NULL, 0, 0, "32 bytes or more, the same on every node."},
    {"url_keys[]", "sign", MGW_CONFIG_BOOL, SCHEMA_BOOL, URL_KEY(sign), 0, NULL, NULL, 0, 0,
     "Whether new URLs are signed with it: exactly one key; absent: true for the only key, else "
     "false."},
    {"auth", "jwt", SCHEMA_OBJECTS, SCHEMA_ARRAY, AT(auth.jwt), 0, NULL, NULL, 0, 0,
     "Whose JSON Web Tokens are believed, in Authorization: Bearer or in the cookie."},
    {"auth", "cookie", MGW_CONFIG_STRING, SCHEMA_TEXT, AT(auth.cookie), 0, NULL, NULL, 0, 0,
     "A cookie whose value is a JSON Web Token."},
    {"auth.jwt[]", "alg", MGW_CONFIG_ENUM, SCHEMA_TEXT, JWT(alg), SCHEMA_REQUIRED, NULL,
     "HS256|RS256|ES256", 0, 0, "The one algorithm that these keys are for."},
    {"auth.jwt[]", "jwks", MGW_CONFIG_STRING, SCHEMA_TEXT, JWT(jwks), SCHEMA_REDACT, NULL, NULL, 0,
     0, "The keys as a JWK set, as text or {\"file\": \"keys.json\"}; or pem, or secret."},
    {"auth.jwt[]", "pem", MGW_CONFIG_STRING, SCHEMA_TEXT, JWT(pem), 0, NULL, NULL, 0, 0,
     "One public key or certificate of RS256 or ES256."},
    {"auth.jwt[]", "secret", MGW_CONFIG_SECRET, SCHEMA_TEXT, JWT(secret), 0, NULL, NULL, 0, 0,
     "HS256's secret, 32 bytes or more."},
    {"auth.jwt[]", "issuer", MGW_CONFIG_STRING, SCHEMA_TEXT, JWT(issuer),
     SCHEMA_REQUIRED | SCHEMA_NULLABLE, NULL, NULL, 0, 0,
     "What a token's iss must be; null: anything."},
    {"auth.jwt[]", "audience", MGW_CONFIG_STRING, SCHEMA_TEXT, JWT(audience),
     SCHEMA_REQUIRED | SCHEMA_NULLABLE, NULL, NULL, 0, 0,
     "What a token's aud must name; null: anything."},
    {"auth.jwt[]", "account_claim", MGW_CONFIG_STRING, SCHEMA_TEXT, JWT(account_claim), 0,
     "account_id", NULL, 0, 0, "The claim whose text is the account."},
    {"auth.proxy", "from", MGW_CONFIG_LIST, SCHEMA_SET, AT(auth.proxy.from), SCHEMA_REQUIRED, NULL,
     NULL, 0, 0,
     "Addresses of the proxies that may name the account, \"10.0.0.7\", \"10.0.0.0/8\", or "
     "\"unix\": a unix socket's peers."},
    {"auth.proxy", "account_header", MGW_CONFIG_STRING, SCHEMA_TEXT, AT(auth.proxy.account_header),
     SCHEMA_REQUIRED, NULL, NULL, 0, 0, "The header in which the proxy names the account."},
    {"auth.proxy", "secret_header", MGW_CONFIG_STRING, SCHEMA_TEXT, AT(auth.proxy.secret_header), 0,
     NULL, NULL, 0, 0,
     "The header in which the proxy shows the secret; not needed where from is \"unix\" alone."},
    {"auth.proxy", "secret", MGW_CONFIG_SECRET, SCHEMA_TEXT, AT(auth.proxy.secret), 0, NULL, NULL,
     0, 0, "The secret, 32 bytes or more, that only the proxies and the gateway know."},
    {"media", "default_bucket", MGW_CONFIG_STRING, SCHEMA_TEXT, AT(media.default_bucket), 0,
     "media-recordings", NULL, 0, 0, "The logical bucket of new recordings."},
    {"media", "signed_url_ttl_sec", MGW_CONFIG_DURATION, SCHEMA_I64_S, AT(media.signed_url_ttl_sec),
     0, "3600", NULL, 1000, TEN_YEARS_MS, "How long a signed URL lasts by default."},
    {"media", "max_signed_url_ttl_sec", MGW_CONFIG_DURATION, SCHEMA_I64_S,
     AT(media.max_signed_url_ttl_sec), 0, "604800", NULL, 1000, TEN_YEARS_MS,
     "The longest that a client may ask for."},
    {"media", "max_upload_bytes", MGW_CONFIG_SIZE, SCHEMA_U64, AT(media.max_upload_bytes), 0,
     "5GiB", NULL, 1, INT64_MAX, "The largest recording."},
    {"media", "mime_types", MGW_CONFIG_LIST, SCHEMA_TEXTS, AT(media.mime_types), 0,
     "[\"video/*\", \"audio/*\", \"image/*\"]", NULL, 0, 0,
     "Types that may be uploaded; a wildcard never matches svg, xml or html types."},
    {"media", "lease_sec", MGW_CONFIG_DURATION, SCHEMA_I64, AT(media.lease_ms), 0, "30", NULL, 1000,
     3600000, "How long an upload whose gateway fell silent is still its own."},
    {"media", "reap_interval_sec", MGW_CONFIG_DURATION, SCHEMA_I64, AT(media.reap_interval_ms), 0,
     "60", NULL, 1000, 86400000, "How often abandoned uploads are looked for."},
    {"media", "idempotency_ttl_sec", MGW_CONFIG_DURATION, SCHEMA_I64, AT(media.idempotency_ttl_ms),
     0, "24h", NULL, 1000, WEEK_MS, "How long an Idempotency-Key is remembered."},
    {"media", "min_free_bytes", MGW_CONFIG_SIZE, SCHEMA_U64, AT(media.min_free_bytes), 0, "0", NULL,
     0, 0, "New recordings are refused when the store has less room than this."},
    {"media", "delivery", MGW_CONFIG_ENUM, SCHEMA_TEXT, AT(media.delivery), 0, "auto", "auto|proxy",
     0, 0,
     "Where signed URLs lead: to the store where it presigns them, or (proxy) always to the "
     "gateway."},
    {"media", "direct_ttl_sec", MGW_CONFIG_DURATION, SCHEMA_I64_S, AT(media.direct_ttl_sec), 0,
     "900", NULL, 1000, WEEK_MS, "How long the URLs of a direct upload take its bytes."},
    {"cors", "origins", MGW_CONFIG_LIST, SCHEMA_TEXTS, AT(cors.origins), 0, NULL, NULL, 0, 0,
     "Origins whose pages may call the gateway, or \"*\" alone."},
    {"limits", "connections", MGW_CONFIG_INT, SCHEMA_U32, AT(limits.connections), 0, "4096", NULL,
     1, 1000000, "Connections in all."},
    {"limits", "connections_per_address", MGW_CONFIG_INT, SCHEMA_U32,
     AT(limits.connections_per_address), 0, "0", NULL, 0, 1000000,
     "Connections from one address; 0: no limit."},
    {"limits", "workers", MGW_CONFIG_INT, SCHEMA_U32, AT(limits.workers), 0, "64", NULL, 1, 4096,
     "Threads for work that waits for a disk, a database or a network."},
    {"limits", "queue", MGW_CONFIG_INT, SCHEMA_U32, AT(limits.queue), 0, "1024", NULL, 1, 1000000,
     "Requests that wait for a worker before more are refused with 503."},
    {"limits", "header_deadline_sec", MGW_CONFIG_DURATION, SCHEMA_I64,
     AT(limits.header_deadline_ms), 0, "15", NULL, 100, 3600000,
     "Within it a request's header must be there."},
    {"limits", "idle_sec", MGW_CONFIG_DURATION, SCHEMA_I64, AT(limits.idle_ms), 0, "60", NULL, 100,
     3600000, "A connection on which nothing moves is closed after it."},
    {"limits", "min_rate", MGW_CONFIG_SIZE, SCHEMA_U64, AT(limits.min_rate), 0, "1KiB", NULL, 0,
     (int64_t)1 << 40, "Bytes a second, over a minute, below which a transfer is cut off."},
    {"limits", "request_deadline_sec", MGW_CONFIG_DURATION, SCHEMA_I64,
     AT(limits.request_deadline_ms), 0, "60", NULL, 100, 3600000,
     "How long a request may take in drivers; transfer does not count."},
    {"limits", "shutdown_deadline_sec", MGW_CONFIG_DURATION, SCHEMA_I64,
     AT(limits.shutdown_deadline_ms), 0, "30", NULL, 0, 3600000,
     "How long SIGTERM waits for what is in flight."},
    {"limits", "drain_delay_sec", MGW_CONFIG_DURATION, SCHEMA_I64, AT(limits.drain_delay_ms), 0,
     "0", NULL, 0, 3600000,
     "How long /readyz says 503 before the gateway stops accepting, so that a load balancer sees "
     "it."},
    {"log", "format", MGW_CONFIG_ENUM, SCHEMA_IS_JSON, AT(log.json), 0, "logfmt", "logfmt|json", 0,
     0, "The form of log lines."},
    {"log", "level", MGW_CONFIG_ENUM, SCHEMA_LEVEL, AT(log.level), 0, "info",
     "debug|info|warn|error", 0, 0, "The least that is logged."},
    {"log", "access", MGW_CONFIG_BOOL, SCHEMA_BOOL, AT(log.access), 0, "true", NULL, 0, 0,
     "A line for each request."},
    {"plugins", "path", MGW_CONFIG_LIST, SCHEMA_TEXTS, AT(plugins.path), 0, NULL, NULL, 0, 0,
     "Folders of plugin descriptors, searched in order; absent: $MEDIAGW_PLUGIN_PATH, or those "
     "installed with the gateway."},
};
const size_t schema_count = sizeof schema_keys / sizeof schema_keys[0];

const struct schema_list schema_lists[] = {
    {"url_keys[]", sizeof(struct config_url_key), AT(url_key_count)},
    {"auth.jwt[]", sizeof(struct config_jwt), AT(auth.jwt_count)},
    {0},
};

const struct schema_list *schema_list_of(const char *section, const char *name)
{
    AUTO_FREE char *joined = schema_join(section, name);
    const struct schema_list *list = schema_lists;
    while (joined && list->section &&
           (strncmp(list->section, joined, strlen(joined)) != 0 ||
            strcmp(list->section + strlen(joined), "[]") != 0)) {
        list++;
    }
    return joined && list->section ? list : NULL;
}

char *schema_join(const char *section, const char *name)
{
    AUTO_BUF struct buf out = {0};
    buf_printf(&out, "%s%s%s", section, section[0] ? "." : "", name);
    return buf_take(&out);
}

char *schema_child(const char *section, const char *inner)
{
    size_t length = strlen(section);
    const char *rest = inner + length;
    if (strncmp(inner, section, length) != 0 || (length > 0 && *rest != '.')) {
        return NULL;
    }
    rest += length > 0;
    size_t end = strcspn(rest, ".");
    bool list = end >= 2 && rest[end - 1] == ']';
    return end == 0 || list ? NULL : strndup(rest, end);
}

char *schema_new_child(const char *section, size_t i)
{
    AUTO_FREE char *name = schema_child(section, schema_keys[i].section);
    for (size_t j = 0; name && j < i; j++) {
        AUTO_FREE char *earlier = schema_child(section, schema_keys[j].section);
        if (earlier && strcmp(earlier, name) == 0) {
            return NULL;
        }
    }
    return name ? TAKE(name) : NULL;
}
