/* SPDX-License-Identifier: Apache-2.0
 *
 * Known answers: blobs that were made once, by another implementation of format.h (Python's
 * `cryptography`), and that every later build must read. The second one is chosen so that its
 * ciphertext is all zeros: two segments without their bytes standing here. */
#include "lab.h"

#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

static const char fox[] =
    "0102030405060708b1b446d0135ef58a6948bb224b3841b9245ce0b3f760b54bc541dadea5093d03"
    "df1ad66d6777637279707401100100000000000000000000000013404142434445464748494a4b4c"
    "4d4e4f505152535455565758595a5b5c5d5e5f610000000000000000000000000000000000000000"
    "00000000000000000000009b444f13a2d466e8c8c4507f8ce98045132527af3d56584e6bd47a4f2f"
    "c1aa0220e790992f0d1b12";

static const char prefix[] = "0102030405060708";
static const char first_tag[] = "5cd02bcb5ee7d8afe19ed28dab926d12";
static const char second_tag[] = "be5e44145aa6b8e2482e1b4afc6fa0ba";
static const char trailer[] =
    "6d6777637279707401100100000000000000000000010005404142434445464748494a4b4c4d4e4f"
    "505152535455565758595a5b5c5d5e5f610000000000000000000000000000000000000000000000"
    "0000000000000000c499123646de0eed0ef178376f746d725c9fd8abcf3dfabead95946d15cf3be9"
    "ec35336422cf9ee3";
static const char plain_sha256[] =
    "c4e3c3451733c17dbf64d19dbd031cb136b4de16329b74dff31aab2596d1d1af";

/* Appends HEX's bytes to BYTES, whose LENGTH grows. */
static void append(unsigned char *bytes, size_t *length, const char *hex)
{
    for (; *hex; hex += 2) {
        unsigned byte = 0;
        assert_int_equal(sscanf(hex, "%2x", &byte), 1);
        bytes[(*length)++] = (unsigned char)byte;
    }
}

static void a_blob_of_one_segment_is_read(void **state)
{
    (void)state;
    unsigned char bytes[sizeof fox];
    size_t length = 0;
    append(bytes, &length, fox);
    lab_put(lab.below, "k", bytes, length);
    lab_assert_blob(lab.sealed, "k", "The quick brown fox", 19);
}

static void a_blob_of_two_segments_is_read(void **state)
{
    (void)state;
    AUTO_FREE unsigned char *bytes = calloc(1, SEALED + 1000);
    unsigned char hash[SHA256_DIGEST_LENGTH], expected[SHA256_DIGEST_LENGTH];
    size_t length = 0, at = 0;
    append(bytes, &length, prefix);
    length += SEGMENT;
    append(bytes, &length, first_tag);
    append(bytes, &length, prefix);
    length += 5;
    append(bytes, &length, second_tag);
    append(bytes, &length, trailer);
    lab_put(lab.below, "k", bytes, length);
    AUTO_FREE unsigned char *plain = lab_get(lab.sealed, "k", &length);
    assert_int_equal(length, SEGMENT + 5);
    SHA256(plain, length, hash);
    append(expected, &at, plain_sha256);
    assert_memory_equal(hash, expected, sizeof hash);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, lab_setup, lab_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_blob_of_one_segment_is_read),
        TEST(a_blob_of_two_segments_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
