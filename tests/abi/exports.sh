#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A module exports the one symbol mediagw_plugin; libmediagw exports mgw_* alone, and every function that media.h names.
# usage: exports.sh LIBMEDIAGW MEDIA.H MODULE...
set -u
library=$1 header=$2
shift 2
failed=0

defined() { nm -D --defined-only "$1" | awk '{print $NF}' | sed 's/@.*//' | sort -u; }

for module; do
    symbols=$(defined "$module")
    [ "$symbols" = mediagw_plugin ] || {
        echo "$module exports: $symbols"
        failed=1
    }
done
other=$(defined "$library" | grep -v '^mgw_')
[ -z "$other" ] || {
    echo "$library exports beside mgw_*: $other"
    failed=1
}
wanted=$(tr '\n' ' ' <"$header" | grep -o 'MGW_API [^;(]*(' | grep -o 'mgw_[a-z_]*($' | tr -d '(' | sort -u)
[ "$(echo "$wanted" | wc -l)" -ge 20 ] || { echo "$header names hardly any function"; failed=1; }
for name in $wanted; do
    defined "$library" | grep -qx "$name" || {
        echo "$library lacks $name"
        failed=1
    }
done
exit $failed
