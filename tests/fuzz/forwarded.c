/* SPDX-License-Identifier: Apache-2.0
 *
 * What proxies say: lines are Forwarded, X-Forwarded-For, -Proto, -Host ("": absent). Nothing that
 * a client writes in front of what the trusted proxy adds changes the client's address. */
#include "core/http/forwarded.h"

#include "core/base/buf.h"
#include "tests/fuzz/fuzz.h"

static struct forwarded ask(const char *peer, char *const lines[4])
{
    static struct cidr trusted;
    struct in6_addr address;
    struct forwarded out;
    PROMISE(cidr_parse("10.0.0.0/8", &trusted) && cidr_parse_address(peer, &address));
    forwarded_read(&address, &trusted, 1, *lines[0] ? lines[0] : NULL, *lines[1] ? lines[1] : NULL,
                   *lines[2] ? lines[2] : NULL, *lines[3] ? lines[3] : NULL, &out);
    for (const char *at = out.host; *at; at++) {
        PROMISE(*at > ' ' && *at <= '~' && !strchr("\"<>\\/?#@%", *at));
    }
    return out;
}

static bool is(const struct in6_addr *address, const char *text)
{
    struct in6_addr other;
    return cidr_parse_address(text, &other) && memcmp(address, &other, sizeof other) == 0;
}

/* LINE with what a proxy adds behind it. */
static char *with(const char *line, const char *added)
{
    AUTO_BUF struct buf out = {0};
    buf_printf(&out, "%s%s%s", line, *line ? ", " : "", added);
    return buf_take(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_rest rest = {data, size};
    AUTO_FREE char *a = fuzz_line(&rest), *b = fuzz_line(&rest), *c = fuzz_line(&rest);
    AUTO_FREE char *d = fuzz_line(&rest);
    char *const said[4] = {a, b, c, d};
    struct forwarded stranger = ask("203.0.113.9", said);
    PROMISE(is(&stranger.client, "203.0.113.9") && !stranger.https && !*stranger.host);
    ask("10.0.0.1", said);

    AUTO_FREE char *forwarded = with(a, "for=198.51.100.7;proto=https;host=media.example.com");
    AUTO_FREE char *x_for = with(b, "198.51.100.7");
    AUTO_FREE char *x_proto = with(c, "https"), *x_host = with(d, "media.example.com");
    char nothing[] = "";
    struct forwarded one = ask("10.0.0.1", (char *const[4]){forwarded, b, c, d});
    PROMISE(is(&one.client, "198.51.100.7") && one.https);
    PROMISE(strcmp(one.host, "media.example.com") == 0);
    struct forwarded two = ask("10.0.0.1", (char *const[4]){nothing, x_for, x_proto, x_host});
    PROMISE(is(&two.client, "198.51.100.7") && two.https);
    PROMISE(strcmp(two.host, "media.example.com") == 0);
    return 0;
}
