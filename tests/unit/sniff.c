/* SPDX-License-Identifier: Apache-2.0
 *
 * Types out of bytes, from many threads. */
#include "core/media/sniff.h"

#include "core/base/cleanup.h"
#include "tests/unit/unit.h"

#include <pthread.h>

#define SNIFFS(bytes, expected)                                                                    \
    do {                                                                                           \
        AUTO_FREE char *type = sniff_mime(bytes, sizeof(bytes) - 1);                               \
        assert_string_equal(type, expected);                                                       \
    } while (0)

/* An EBML header that says "webm". */
#define WEBM                                                                                       \
    "\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\xf7\x81\x01\x42\xf2\x81\x04\x42\xf3\x81\x08\x42\x82" \
    "\x84webm\x42\x87\x81\x04\x42\x85\x81\x02\x18\x53\x80\x67"
#define PNG "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\6\0\0\0"

static void media_is_recognised(void **state)
{
    (void)state;
    SNIFFS(WEBM, "video/webm");
    SNIFFS(PNG, "image/png");
    SNIFFS("\xff\xd8\xff\xe0\0\x10JFIF\0\1\1", "image/jpeg");
    SNIFFS("OggS\0\2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\x13OpusHead\1", "audio/ogg");
}

static void unknown_or_empty_bytes_are_an_octet_stream(void **state)
{
    (void)state;
    SNIFFS("", "application/octet-stream");
    SNIFFS("\x81\x92\xa3\xb4\xc5\xd6\xe7\xf8\x01\x02", "application/octet-stream");
}

static void an_svg_is_not_mistaken_for_a_picture(void **state)
{
    (void)state;
    SNIFFS("<svg onload=alert(1)>", "image/svg+xml");
}

static void only_the_first_bytes_are_looked_at(void **state)
{
    (void)state;
    AUTO_FREE char *late = calloc(1, 2 * SNIFF_BYTES);
    assert_non_null(late);
    memcpy(late + SNIFF_BYTES, PNG, sizeof PNG);
    AUTO_FREE char *type = sniff_mime(late, 2 * SNIFF_BYTES);
    assert_string_equal(type, "application/octet-stream");
}

static void *sniff_many(void *wrong)
{
    for (int i = 0; i < 50; i++) {
        AUTO_FREE char *type = sniff_mime(WEBM, sizeof WEBM - 1);
        if (!type || strcmp(type, "video/webm") != 0) {
            *(int *)wrong = 1;
        }
        if (i == 25) {
            sniff_release();
        }
    }
    return NULL;
}

static void threads_share_the_cookie_and_may_release_it(void **state)
{
    (void)state;
    pthread_t threads[4];
    int wrong[4] = {0};
    for (size_t i = 0; i < COUNT(threads); i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, sniff_many, &wrong[i]), 0);
    }
    for (size_t i = 0; i < COUNT(threads); i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(wrong[i], 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(media_is_recognised),
        cmocka_unit_test(unknown_or_empty_bytes_are_an_octet_stream),
        cmocka_unit_test(an_svg_is_not_mistaken_for_a_picture),
        cmocka_unit_test(only_the_first_bytes_are_looked_at),
        cmocka_unit_test(threads_share_the_cookie_and_may_release_it),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    sniff_release();
    return failed;
}
