/* SPDX-License-Identifier: Apache-2.0
 *
 * The benchmarks; see --help. */
#include "tests/bench/parts.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static const char help[] =
    "usage: run [--rounds N] [--seconds S] [--rows N] [--only TEXT] [--against COMMAND]\n"
    "           [--quick]\n\n"
    "Installs what is missing (Debian), builds the gateway and the benchmark optimised, starts\n"
    "gateways of its own on loopback (fs and SQLite, an API key, the access log on) and prints\n"
    "what they do beside floors that are measured in the same run, in turn, round by round:\n\n"
    "  durable files               write, fdatasync, link, fsync of the folder: 16 threads\n"
    "  file and two rows, no HTTP  the same, and two group-committed SQLite changes, the first\n"
    "                              beside the bytes\n"
    "  nginx                       two workers, an access log; a constant as long as the\n"
    "                              gateway's answer; files behind secure_link\n"
    "  fs alone                    beside three filters that only pass on, over fs\n"
    "  MinIO, Ceph RGW             as the gateway's storage: presigned PUTs and GETs straight to\n"
    "                              the same server, large ones (2 GiB) by libcurl\n"
    "  mediagw on files            for the filter \"cache\" over MinIO\n\n"
    "A ratio is the gateway's rate over the floor's in the same round: the median over the\n"
    "rounds, then the least and the most. CPU us is the server's CPU time a request (user and\n"
    "system), peak MiB its largest resident memory. Nothing else should run meanwhile.\n\n"
    "  --rounds N    rounds of each; default 5\n"
    "  --seconds S   of each contender in a round; default 1\n"
    "  --rows N      rows of the large list; default 1000000\n"
    "  --only TEXT   only what has TEXT in its name, as in --only 'upload 64'; the memory part\n"
    "                is \"memory\", what has S3 behind it \"S3\", \"S3 minio\", \"S3 rgw\",\n"
    "                the cache \"cache hit\"\n"
    "  --against COMMAND   one more floor for uploads, rows and downloads: another mediagw, as "
    "one\n"
    "                built before a change\n"
    "  --large MIB   the large recordings through S3; default 2048. RGW holds them in memory\n"
    "  --quick       2 rounds of 0.3 s, 100,000 rows, --large 64: whether it works, not how\n"
    "                fast\n\n"
    "Environment: MEDIAGW_COMMAND (another gateway to measure), MEDIAGW_BENCH_BUILD (the build\n"
    "folder), TMPDIR (where its files lie: a disk whose syncs are real; it takes up to 20 GB).\n\n"
    "Exit codes: 0 all aims met; 1 something could not be measured; 2 a wrong command line;\n"
    "3 an aim was missed.\n";

static bool take_option(int letter, struct plan *plan, unsigned *rows, unsigned *large_mib)
{
    switch (letter) {
    case 'r':
        plan->rounds = (unsigned)strtoul(optarg, NULL, 10);
        return plan->rounds >= 1 && plan->rounds <= 99;
    case 's':
        plan->seconds = strtod(optarg, NULL);
        return plan->seconds > 0 && plan->seconds <= 600;
    case 'n':
        *rows = (unsigned)strtoul(optarg, NULL, 10);
        return *rows >= 1000;
    case 'o':
        plan->only = optarg;
        return true;
    case 'l':
        *large_mib = (unsigned)strtoul(optarg, NULL, 10);
        return *large_mib >= 1 && *large_mib <= 5120; /* one PUT's most */
    case 'a':
        plan->against = optarg;
        return true;
    case 'q':
        plan->rounds = 2;
        plan->seconds = 0.3;
        *rows = 100000;
        *large_mib = 64;
        return true;
    default:
        return false;
    }
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"rounds", required_argument, NULL, 'r'},
        {"seconds", required_argument, NULL, 's'},
        {"rows", required_argument, NULL, 'n'},
        {"only", required_argument, NULL, 'o'},
        {"against", required_argument, NULL, 'a'},
        {"quick", no_argument, NULL, 'q'},
        {"large", required_argument, NULL, 'l'},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    struct plan plan = {.rounds = 5, .seconds = 1};
    unsigned rows = 1000000, large_mib = 2048;
    for (int letter; (letter = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
        if (letter == 'h') {
            fputs(help, stdout);
            return 0;
        }
        if (!take_option(letter, &plan, &rows, &large_mib)) {
            fputs("bench: see --help\n", stderr);
            return 2;
        }
    }
    char *pattern = malloc(PATTERN_BYTES);
    for (size_t at = 0; pattern && at < PATTERN_BYTES; at += 256) {
        if (getrandom(pattern + at, 256, 0) != 256) {
            return 1;
        }
    }
    uploads_part(&plan, pattern);
    reads_part(&plan, pattern);
    lists_part(&plan, rows);
    pass_part(&plan, pattern);
    encrypt_part(&plan, pattern);
    memory_part(&plan, pattern);
    s3_part(&plan, pattern, (uint64_t)large_mib << 20);
    cache_part(&plan, pattern);
    free(pattern);
    printf("\n%u aims missed, %u things not measured\n", plan.missed, plan.broken);
    return plan.broken ? 1 : plan.missed ? 3 : 0;
}
