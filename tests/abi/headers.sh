#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Each public header compiles alone, as C11 and as C++17, without a warning; so do the pins of the ABI.
# usage: headers.sh INCLUDE_FOLDER PINS.C
set -u
include=$1 pins=$2 failed=0 ran=0
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT

compile() { # COMPILER LANGUAGE STANDARD FILE
    ran=$((ran + 1))
    "$1" -x "$2" "-std=$3" -Wall -Wextra -Wpedantic -Werror -I"$include" -fsyntax-only "$4" || {
        echo "FAILED: $1 -std=$3 $4"
        failed=1
    }
}

for pair in gcc:g++ clang:clang++; do
    cc=${pair%:*} cxx=${pair#*:}
    command -v "$cc" >/dev/null && command -v "$cxx" >/dev/null || {
        echo "no $cc here"
        continue
    }
    for header in "$include"/mediagw/*.h; do
        name=$(basename "$header" .h)
        printf '#include <mediagw/%s.h>\nextern int alone;\n' "$name" >"$scratch/$name.c"
        compile "$cc" c c11 "$scratch/$name.c"
        compile "$cxx" c++ c++17 "$scratch/$name.c"
    done
    # Helps are no part of the ABI; the one for HTTP is C's, and needs libcurl.
    printf '#include <mediagw/help/driver.h>\nextern int alone;\n' >"$scratch/help.c"
    compile "$cc" c c11 "$scratch/help.c"
    compile "$cxx" c++ c++17 "$scratch/help.c"
    printf '#include <mediagw/help/http.h>\nextern int alone;\n' >"$scratch/http.c"
    compile "$cc" c gnu11 "$scratch/http.c"
    compile "$cc" c c11 "$pins"
    compile "$cxx" c++ c++17 "$pins"
done
[ "$ran" -ge 12 ] || { echo "only $ran compilations: is there no compiler, or no header?"; exit 1; }
exit $failed
