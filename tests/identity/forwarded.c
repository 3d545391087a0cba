/* SPDX-License-Identifier: Apache-2.0
 *
 * Address sets, and what proxies may say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/http/forwarded.h"

#include <arpa/inet.h>
#include <string.h>

static struct cidr cidr(const char *text)
{
    struct cidr out;
    if (!cidr_parse(text, &out)) {
        fail_msg("%s", text);
    }
    return out;
}

static struct in6_addr address(const char *text)
{
    struct in6_addr out;
    if (!cidr_parse_address(text, &out)) {
        fail_msg("%s", text);
    }
    return out;
}

static bool holds(const char *set, const char *one)
{
    struct cidr in = cidr(set);
    struct in6_addr a = address(one);
    return cidr_holds(&in, 1, &a);
}

static void sets_hold_what_they_name(void **state)
{
    (void)state;
    assert_true(holds("10.0.0.0/8", "10.255.0.1"));
    assert_false(holds("10.0.0.0/8", "11.0.0.1"));
    assert_true(holds("192.0.2.7", "192.0.2.7"));
    assert_false(holds("192.0.2.7", "192.0.2.6"));
    assert_true(holds("192.0.2.7", "::ffff:192.0.2.7"));
    assert_true(holds("0.0.0.0/0", "203.0.113.9"));
    assert_false(holds("0.0.0.0/0", "2001:db8::1"));
    assert_true(holds("2001:db8::/32", "[2001:db8:1::5]:443"));
    assert_false(holds("::1", "::2"));
}

static void what_is_no_set_is_refused(void **state)
{
    (void)state;
    const char *const bad[] = {"",        "10.0.0.0/33", "10.0.0.1/8", "10.0.0.0/",   "10.0.0.0/x",
                               "example", "::/129",      "1.2.3",      "10.0.0.0/8/8"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct cidr out;
        if (cidr_parse(bad[i], &out)) {
            fail_msg("took %s", bad[i]);
        }
    }
}

static void limits_count_whole_networks_of_ipv6(void **state)
{
    (void)state;
    const struct {
        const char *one, *other;
        bool same;
    } pairs[] = {{"192.0.2.7", "192.0.2.7", true},
                 {"192.0.2.7", "192.0.2.8", false},
                 {"2001:db8:1:2::5", "2001:db8:1:2:ffff::6", true},
                 {"2001:db8:1:2::5", "2001:db8:1:3::5", false}};
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        struct in6_addr one = address(pairs[i].one), other = address(pairs[i].other);
        one = cidr_client(&one);
        other = cidr_client(&other);
        assert_int_equal(memcmp(&one, &other, sizeof one) == 0, pairs[i].same);
    }
}

struct asked {
    const char *forwarded, *x_for, *x_proto, *x_host;
};

static struct forwarded ask(const char *peer, struct asked asked)
{
    struct cidr trusted[] = {cidr("127.0.0.1"), cidr("10.0.0.0/8")};
    struct in6_addr from = address(peer);
    struct forwarded out;
    forwarded_read(&from, trusted, 2, asked.forwarded, asked.x_for, asked.x_proto, asked.x_host,
                   &out);
    return out;
}

static void assert_client(const struct forwarded *got, const char *want)
{
    struct in6_addr right = address(want);
    char text[INET6_ADDRSTRLEN];
    inet_ntop(AF_INET6, &got->client, text, sizeof text);
    if (memcmp(&got->client, &right, sizeof right) != 0) {
        fail_msg("client %s, expected %s", text, want);
    }
}

static void a_stranger_is_not_believed(void **state)
{
    (void)state;
    struct forwarded got =
        ask("203.0.113.9", (struct asked){.forwarded = "for=1.2.3.4;proto=https;host=evil",
                                          .x_for = "1.2.3.4",
                                          .x_proto = "https",
                                          .x_host = "evil"});
    assert_client(&got, "203.0.113.9");
    assert_false(got.https);
    assert_string_equal(got.host, "");
}

static void a_trusted_proxy_tells_address_scheme_and_host(void **state)
{
    (void)state;
    struct forwarded got =
        ask("10.1.2.3",
            (struct asked){.forwarded =
                               "for=\"[2001:db8::7]:4711\";proto=https;host=media.example.com"});
    assert_client(&got, "2001:db8::7");
    assert_true(got.https);
    assert_string_equal(got.host, "media.example.com");
    got = ask("127.0.0.1",
              (struct asked){.x_for = "198.51.100.4", .x_proto = "HTTPS", .x_host = "m.example"});
    assert_client(&got, "198.51.100.4");
    assert_true(got.https);
    assert_string_equal(got.host, "m.example");
}

static void a_chain_is_believed_as_far_as_it_is_trusted(void **state)
{
    (void)state;
    /* the client forged the first element; the outer proxy is 10.9.9.9 */
    struct forwarded got =
        ask("127.0.0.1", (struct asked){.x_for = "6.6.6.6, 198.51.100.4, 10.9.9.9"});
    assert_client(&got, "198.51.100.4");
    got = ask("127.0.0.1",
              (struct asked){.forwarded = "for=6.6.6.6, for=198.51.100.4, for=10.9.9.9"});
    assert_client(&got, "198.51.100.4");
}

static void nonsense_ends_the_belief(void **state)
{
    (void)state;
    struct forwarded got = ask("127.0.0.1", (struct asked){.x_for = "6.6.6.6, unknown"});
    assert_client(&got, "127.0.0.1");
    got = ask("127.0.0.1", (struct asked){.forwarded = "for=_hidden;host=\"a/b?c\""});
    assert_client(&got, "127.0.0.1");
    assert_string_equal(got.host, "");
    got = ask("127.0.0.1", (struct asked){.forwarded = "for=\"1.2.3.4"});
    assert_string_equal(got.host, "");
    got = ask("127.0.0.1", (struct asked){.x_for = "", .x_host = "a\r\nb"});
    assert_string_equal(got.host, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sets_hold_what_they_name),
        cmocka_unit_test(what_is_no_set_is_refused),
        cmocka_unit_test(limits_count_whole_networks_of_ipv6),
        cmocka_unit_test(a_stranger_is_not_believed),
        cmocka_unit_test(a_trusted_proxy_tells_address_scheme_and_host),
        cmocka_unit_test(a_chain_is_believed_as_far_as_it_is_trusted),
        cmocka_unit_test(nonsense_ends_the_belief),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
