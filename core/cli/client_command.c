/* SPDX-License-Identifier: Apache-2.0
 *
 * `mediagw put`, `get`, `ls` and `rm`: they become mediagw-client. Such a program is found by its
 * place relative to this executable, so that a moved prefix keeps working. */
#include "core/base/buf.h"
#include "core/cli/cli.h"

#include <errno.h>
#include <libgen.h>
#include <string.h>
#include <sys/stat.h>

static char *path_of(const char *from_bin)
{
    AUTO_FREE char *self = realpath("/proc/self/exe", NULL);
    AUTO_BUF struct buf path = {0};
    if (!self) {
        return NULL;
    }
    buf_printf(&path, "%s/%s", dirname(self), from_bin);
    return buf_take(&path);
}

int cli_become(const char *from_bin, int argc, char **argv)
{
    AUTO_FREE char *path = path_of(from_bin);
    AUTO_FREE char **words = calloc((size_t)argc + 2, sizeof *words);
    if (!path || !words) {
        return cli_say(CLI_FAILED, "out of memory, or /proc is not there");
    }
    words[0] = "mediagw";
    memcpy(words + 1, argv, (size_t)argc * sizeof *words);
    umask(cli_users_umask()); /* what it writes is no data of the gateway */
    execv(path, words);
    return cli_say(CLI_FAILED, "%s: %s: it is installed together with mediagw", path,
                   strerror(errno));
}

static int run(const struct cli_command *command, int argc, char **argv)
{
    (void)command;
    return cli_become(MEDIAGW_CLIENT_FROM_BIN, argc, argv);
}

const struct cli_command cli_put = {
    .name = "put", .summary = "Upload files to a running gateway", .help = "", .run = run};
const struct cli_command cli_get = {
    .name = "get", .summary = "Fetch a recording", .help = "", .run = run};
const struct cli_command cli_ls = {
    .name = "ls", .summary = "List recordings", .help = "", .run = run};
const struct cli_command cli_rm = {
    .name = "rm", .summary = "Delete recordings", .help = "", .run = run};
