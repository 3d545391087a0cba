#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Modules by either compiler, unoptimised, optimised and with UBSan, load alike and pass the kit; one that needs a sanitizer's
# runtime which the host has not is refused by one line, before any of its code runs.
# usage: compilers.sh MEDIAGW SOURCE_FOLDER HOST_SANITIZERS
set -eu
mediagw=$1 source=$2 host=$3
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
umask 022
ran=0

build() { # OUT CC FLAGS...
    out=$1 cc=$2
    shift 2
    "$cc" -std=gnu17 -D_GNU_SOURCE -fPIC -shared -fvisibility=hidden -I"$source" -I"$source/core/include" "$@" \
        "$source"/tests/plugins/memstore/*.c -o "$scratch/$out.so" -lpthread
}
passes() { # MODULE
    "$mediagw" plugin test "$scratch/$1.so" --jobs 2 >"$scratch/said" 2>&1 || { cat "$scratch/said"; echo "FAILED: $1"; exit 1; }
    ran=$((ran + 1))
    echo "$1: $(tail -1 "$scratch/said")"
}
for cc in gcc clang; do
    command -v "$cc" >/dev/null || { echo "no $cc here"; exit 1; }
    for level in -O0 -O3; do
        build "$cc$level" "$cc" "$level"
        passes "$cc$level"
    done
done
build gcc-ubsan gcc -O1 -fsanitize=undefined
passes gcc-ubsan
runtime=$(clang -print-file-name=libclang_rt.ubsan_standalone-x86_64.so)
[ -e "$runtime" ] || runtime=$(find "$(clang -print-resource-dir)" -name 'libclang_rt.ubsan_standalone*.so' | head -1)
build clang-ubsan clang -O1 -fsanitize=undefined -shared-libsan -Wl,-rpath,"$(dirname "$runtime")"
passes clang-ubsan

refused() { # MODULE TEXT
    status=0
    "$mediagw" plugin test "$scratch/$1.so" >"$scratch/said" 2>&1 || status=$?
    [ "$status" -eq 2 ] && [ "$(wc -l <"$scratch/said")" -eq 1 ] && grep -q "$2" "$scratch/said" || {
        cat "$scratch/said"
        echo "FAILED: $1: expected one line with \"$2\" and exit status 2, got $status"
        exit 1
    }
    ran=$((ran + 1))
    echo "$1: $(cat "$scratch/said")"
}
case $host in *address*) ;; *)
    build gcc-asan gcc -O1 -fsanitize=address
    refused gcc-asan AddressSanitizer
    ;;
esac
case $host in *thread*) ;; *)
    build gcc-tsan gcc -O1 -fsanitize=thread
    refused gcc-tsan ThreadSanitizer
    ;;
esac
[ "$ran" -ge 7 ]
