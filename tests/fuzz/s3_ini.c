/* SPDX-License-Identifier: Apache-2.0
 *
 * AWS's shared files, as the S3 driver reads them: what is visited is tidy, whatever the file. */
#include "drivers/s3/creds_ini.h"
#include "tests/fuzz/fuzz.h"

static void promise_trimmed(const char *text)
{
    static const char space[] = " \t\r\n\v\f";
    size_t length = strlen(text);
    PROMISE(length == 0 || (!strchr(space, text[0]) && !strchr(space, text[length - 1])));
    PROMISE(!strchr(text, '\n'));
}

static void visit(void *ctx, const char *section, const char *name, const char *value)
{
    size_t *visits = ctx;
    ++*visits;
    PROMISE(section && name && value);
    promise_trimmed(name);
    promise_trimmed(value);
    PROMISE(!strpbrk(name, "=:\n") && !strpbrk(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"));
    PROMISE(!strpbrk(section, "\"'\n]"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size);
    size_t lines = 1, visits = 0;
    for (const char *at = text; (at = strchr(at, '\n')); at++) {
        lines++;
    }
    size_t fault = creds_ini_walk(text, visit, &visits);
    PROMISE(fault <= lines && visits <= lines);
    free(text);
    return 0;
}
