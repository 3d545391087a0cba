/* SPDX-License-Identifier: Apache-2.0
 *
 * The buffers of gathered bodies: how many there are, and that they go when nobody needs them. */
#include "core/http/gather.h"

#include "tests/unit/unit.h"

#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>

enum { BUFFERS = 32 };

static void nobody_waits_for_a_buffer_when_all_are_lent(void **state)
{
    (void)state;
    struct gather *gather = gather_new();
    char *buffers[BUFFERS];
    for (int i = 0; i < BUFFERS; i++) {
        buffers[i] = gather_borrow(gather);
        assert_non_null(buffers[i]);
        memset(buffers[i], i, GATHER_BYTES);
    }
    assert_null(gather_borrow(gather));
    for (int i = 0; i < BUFFERS; i++) {
        assert_int_equal(buffers[i][GATHER_BYTES - 1], i);
        gather_return(gather, buffers[i]);
    }
    char *again = gather_borrow(gather);
    assert_ptr_equal(again, buffers[BUFFERS - 1]);
    gather_return(gather, again);
    gather_free(gather);
    gather_free(NULL);
}

/* mincore(2) knows only what is mapped. */
static bool is_mapped(char *buffer)
{
    unsigned char pages[GATHER_BYTES / 4096];
    return mincore(buffer, GATHER_BYTES, pages) == 0;
}

static void what_was_not_needed_for_a_while_is_given_back(void **state)
{
    (void)state;
    struct gather *gather = gather_new();
    char *first = gather_borrow(gather), *second = gather_borrow(gather);
    gather_return(gather, second);
    gather_return(gather, first);
    gather_tidy(gather); /* both were in use until now */
    assert_true(is_mapped(first) && is_mapped(second));
    assert_ptr_equal(gather_borrow(gather), first);
    gather_return(gather, first);
    gather_tidy(gather);
    assert_true(is_mapped(first));
    assert_false(is_mapped(second));
    gather_tidy(gather);
    assert_false(is_mapped(first));
    gather_free(gather);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_waits_for_a_buffer_when_all_are_lent),
        cmocka_unit_test(what_was_not_needed_for_a_while_is_given_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
