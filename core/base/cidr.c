/* SPDX-License-Identifier: Apache-2.0
 *
 * See cidr.h. */
#include "core/base/cidr.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

enum { V4_OFFSET_BITS = 96, TEXT_MAX = 64 };

static bool read_address(const char *text, struct in6_addr *address, bool *v4)
{
    struct in_addr four;
    *v4 = inet_pton(AF_INET, text, &four) == 1;
    if (*v4) {
        memset(address, 0, sizeof *address);
        address->s6_addr[10] = address->s6_addr[11] = 0xff;
        memcpy(&address->s6_addr[12], &four, sizeof four);
        return true;
    }
    return inet_pton(AF_INET6, text, address) == 1;
}

static bool bit_of(const struct in6_addr *address, unsigned bit)
{
    return address->s6_addr[bit / 8] >> (7 - bit % 8) & 1;
}

bool cidr_parse(const char *text, struct cidr *cidr)
{
    char copy[TEXT_MAX];
    size_t length = strlen(text);
    if (length >= sizeof copy) {
        return false;
    }
    memcpy(copy, text, length + 1);
    char *slash = strchr(copy, '/');
    if (slash) {
        *slash = '\0';
    }
    bool v4;
    if (!read_address(copy, &cidr->address, &v4)) {
        return false;
    }
    cidr->bits = 128;
    if (slash) {
        const char *digits = slash + 1;
        size_t count = strspn(digits, "0123456789");
        unsigned long bits = count > 0 && count <= 3 ? strtoul(digits, NULL, 10) : 999;
        if (digits[count] != '\0' || bits > (v4 ? 32 : 128)) {
            return false;
        }
        cidr->bits = (unsigned)bits + (v4 ? V4_OFFSET_BITS : 0);
    }
    for (unsigned bit = cidr->bits; bit < 128; bit++) {
        if (bit_of(&cidr->address, bit)) {
            return false; /* "10.1.2.3/8" is more likely a slip than a wish */
        }
    }
    return true;
}

bool cidr_parse_address(const char *text, struct in6_addr *address)
{
    char copy[TEXT_MAX];
    bool bracket = *text == '[';
    text += bracket;
    const char *colon = strchr(text, ':');
    bool one_colon = colon && !strchr(colon + 1, ':');
    size_t length = bracket     ? strcspn(text, "]")
                    : one_colon ? (size_t)(colon - text)
                                : strlen(text);
    if (length >= sizeof copy) {
        return false;
    }
    memcpy(copy, text, length);
    copy[length] = '\0';
    const char *rest = text + length;
    if (bracket) {
        if (*rest != ']') {
            return false;
        }
        rest++;
    }
    size_t port = *rest == ':' ? strspn(rest + 1, "0123456789") : 0;
    bool end = *rest == '\0' || (*rest == ':' && port > 0 && port <= 5 && rest[1 + port] == '\0');
    bool v4;
    return end && read_address(copy, address, &v4);
}

struct in6_addr cidr_client(const struct in6_addr *address)
{
    struct in6_addr client = *address;
    if (!IN6_IS_ADDR_V4MAPPED(address)) {
        memset(&client.s6_addr[8], 0, 8);
    }
    return client;
}

bool cidr_holds(const struct cidr *set, size_t count, const struct in6_addr *address)
{
    for (size_t i = 0; i < count; i++) {
        unsigned bit = 0;
        while (bit < set[i].bits && bit_of(&set[i].address, bit) == bit_of(address, bit)) {
            bit++;
        }
        if (bit == set[i].bits) {
            return true;
        }
    }
    return false;
}

void cidr_address_text(const struct in6_addr *address, char out[INET6_ADDRSTRLEN])
{
    if (IN6_IS_ADDR_V4MAPPED(address)) {
        inet_ntop(AF_INET, &address->s6_addr[12], out, INET6_ADDRSTRLEN);
    } else {
        inet_ntop(AF_INET6, address, out, INET6_ADDRSTRLEN);
    }
}
