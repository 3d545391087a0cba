#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The public headers as a later release may have them: every struct that begins with its size has grown at its end.
# usage: future.sh INCLUDE OUT
set -eu
mkdir -p "$2/mediagw"
for header in "$1"/mediagw/*.h; do
    awk '
        /^struct mgw_[a-z_]* \{$/ { opened = 1; grows = 0 }
        opened && /^    size_t size;/ { grows = 1 }
        opened && /^};$/ { if (grows) { print "    uint64_t of_the_future[3];"; grown++ } opened = 0 }
        { print }
        END { if (!grown && FILENAME ~ /(plugin|storage|repo|media)\.h$/) { exit 1 } }' "$header" >"$2/mediagw/$(basename "$header")"
done
