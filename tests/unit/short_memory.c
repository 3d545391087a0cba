/* SPDX-License-Identifier: Apache-2.0
 *
 * Readers and writers when memory is short: each allocation fails in turn; the answer then is
 * "memory is short", never "malformed", and nothing leaks (ASan sees). The allocators are wrapped
 * by the linker. */
#include "core/http/fields.h"
#include "core/http/json_out.h"
#include "core/http/multipart.h"
#include "core/http/target.h"
#include "tests/unit/unit.h"

static int left; /* allocations until one fails */
static bool failed;

static bool fails(void)
{
    failed = failed || left-- <= 0;
    return failed;
}

#define WRAP(type, name, parameters, arguments)                                                    \
    type __real_##name parameters;                                                                 \
    type __wrap_##name parameters;                                                                 \
    type __wrap_##name parameters                                                                  \
    {                                                                                              \
        return fails() ? NULL : __real_##name arguments;                                           \
    }
WRAP(void *, malloc, (size_t size), (size))
WRAP(void *, calloc, (size_t count, size_t size), (count, size))
WRAP(void *, realloc, (void *old, size_t size), (old, size))
WRAP(char *, strdup, (const char *text), (text))
WRAP(char *, strndup, (const char *text, size_t size), (text, size))

enum answer { FINE, SHORT, MALFORMED };

static enum answer told(const char *error)
{
    return error ? MALFORMED : SHORT;
}

static enum answer read_form(void)
{
    const char *bytes = "--b\r\nContent-Disposition: form-data; name=durationMs\r\n\r\n1\r\n"
                        "--b\r\nContent-Disposition: form-data; name=other\r\n\r\n2\r\n--b--";
    size_t size = strlen(bytes), n;
    const char *error;
    AUTO_MULTIPART struct multipart *m = multipart_new("multipart/form-data; boundary=b", &error);
    if (!m) {
        return told(error);
    }
    AUTO_FIELDS struct fields *fields = fields_new();
    for (bool good = fields != NULL; good;) {
        switch (multipart_next(m, &bytes, &size)) {
        case MULTIPART_BEGIN:
            good = fields_begin(fields, multipart_part(m)->name);
            break;
        case MULTIPART_DATA:
            error = multipart_data(m, &n);
            good = fields_data(fields, error, n);
            break;
        case MULTIPART_END:
            good = fields_end(fields);
            break;
        case MULTIPART_DONE:
            break;
        case MULTIPART_MORE:
            return multipart_finish(m) ? FINE : told(multipart_error(m));
        case MULTIPART_BAD:
            return told(multipart_error(m));
        }
    }
    return fields ? told(fields_error(fields)) : SHORT;
}

static enum answer read_target(void)
{
    static const char raw[] = "/media/b/k?x=1&y=2";
    const char *error;
    AUTO_TARGET struct target *target = target_parse(raw, sizeof raw - 1, &error);
    return target ? FINE : told(error);
}

static enum answer write_grant(void)
{
    const struct mgw_row row = {.size = sizeof row, .id = "i", .key = "\xff", .metadata = "{}"};
    const struct mgw_grant grant = {.size = sizeof grant, .row = &row, .signed_url = "/x"};
    AUTO_BUF struct buf out = {0};
    return json_out_grant(&out, &grant, "https://h") ? FINE : SHORT;
}

static void assert_each_failure_is_told(enum answer (*attempt)(void))
{
    for (int n = 0;; n++) {
        assert_true(n < 100);
        left = n;
        failed = false;
        enum answer answer = attempt();
        bool any = failed;
        left = INT32_MAX;
        failed = false;
        assert_int_equal(answer, any ? SHORT : FINE);
        if (!any) {
            assert_true(n > 2); /* the wrapping works */
            return;
        }
    }
}

static void a_form_read_in_short_memory_is_not_called_malformed(void **state)
{
    (void)state;
    assert_each_failure_is_told(read_form);
}

static void a_target_read_in_short_memory_is_not_called_malformed(void **state)
{
    (void)state;
    assert_each_failure_is_told(read_target);
}

static void an_answer_written_in_short_memory_fails(void **state)
{
    (void)state;
    assert_each_failure_is_told(write_grant);
}

int main(void)
{
    left = INT32_MAX;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_form_read_in_short_memory_is_not_called_malformed),
        cmocka_unit_test(a_target_read_in_short_memory_is_not_called_malformed),
        cmocka_unit_test(an_answer_written_in_short_memory_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
