/* SPDX-License-Identifier: Apache-2.0
 *
 * Sets of addresses: "10.0.0.0/8", "::1", "192.0.2.7". IPv4 and its IPv6-mapped form are one.
 * Constant after cidr_parse; any thread. */
#ifndef BASE_CIDR_H
#define BASE_CIDR_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

struct cidr {
    struct in6_addr address;
    unsigned bits; /* of the IPv6 form */
};

/* False where TEXT is none, or has bits set behind its prefix. */
bool cidr_parse(const char *text, struct cidr *cidr);
/* An address alone, with or without brackets and port: "192.0.2.7", "192.0.2.7:80", "[::1]:80". */
bool cidr_parse_address(const char *text, struct in6_addr *address);
/* Its text: IPv4 where it is one. */
void cidr_address_text(const struct in6_addr *address, char out[INET6_ADDRSTRLEN]);
/* Whom a limit for each address counts: an IPv4 address, or the 64 bits that an IPv6 client has its
 * addresses from. */
struct in6_addr cidr_client(const struct in6_addr *address);
bool cidr_holds(const struct cidr *set, size_t count, const struct in6_addr *address);

#endif
