#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Holds the public headers against those of an earlier release, as abidiff (libabigail) sees them: fields at the end of a
# struct, enumerators and functions may have come; nothing else may differ. Then shows that it would find what must not be.
# usage: growth.sh CC KEPT_INCLUDE CURRENT_INCLUDE
set -eu
cc=$1 kept=$2 current=$3
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
command -v abidiff >/dev/null || { echo "no abidiff here: install abigail-tools"; exit 1; }

# A library in which every struct, enum and function of the kept headers is in use.
carrier() { # INCLUDE OUT
    "$cc" -g -O0 -w -shared -fPIC -I"$1" "$scratch/carrier.c" -o "$2"
}
names() { # struct | enum
    grep -ho "^$1 mgw_[a-z_]* {" "$kept"/mediagw/*.h | awk '{print $2}' | sort
}
{
    printf '#include <mediagw/%s.h>\n' media storage repo
    names struct | sed 's/.*/void carry_&(struct & *it) { (void)it; }/'
    names enum | sed 's/.*/void carry_&(enum & it) { (void)it; }/'
    tr '\n' ' ' <"$kept/mediagw/media.h" | grep -o 'MGW_API [^;(]*(' | grep -o 'mgw_[a-z_]*($' | tr -d '(' |
        sort -u | sed 's/.*/__typeof__(\&&) carry_function_&;/'
} >"$scratch/carrier.c"
[ "$(grep -c carry_ "$scratch/carrier.c")" -ge 60 ] || { echo "$kept: hardly a struct or function there"; exit 1; }

# True where NEW differs from the kept one by growth alone; else says by what.
grown() { # NEW
    abidiff --leaf-changes-only "$scratch/kept.so" "$1" >"$scratch/report" || [ $? -lt 8 ] || cat "$scratch/report"
    awk '
        /^(Leaf|Changed leaf|Removed\/Changed\/Added)/ || /^$/ { next }
        /^\047struct mgw_[a-z_]*( at [^\047]*)?\047 changed:$/ { end = ""; next }
        /^  type size changed from [0-9]+ to [0-9]+ \(in bits\)$/ { end = $5; next }
        /^  [0-9]+ data member insertions?:$/ { next }
        /^    \047[^\047]*\047, at offset [0-9]+ \(in bits\)/ {
            match($0, /at offset [0-9]+/)
            if (substr($0, RSTART + 10, RLENGTH - 10) + 0 >= end + 0 && end != "") { next }
        }
        { print; bad = 1 }
        END { exit bad }' "$scratch/report"
}

carrier "$kept" "$scratch/kept.so"
carrier "$current" "$scratch/current.so" # a struct or function that went does not compile
grown "$scratch/current.so" || { echo "FAILED: more than growth between $kept and $current"; exit 1; }
echo "grown only: $(grep -c 'changed:$' "$scratch/report" || true) structs"

# What would be wrong is found, what is growth is not.
try() { # accepted|refused WHAT FILE SED_COMMAND
    rm -rf "$scratch/include"
    cp -r "$kept" "$scratch/include"
    sed -i "$4" "$scratch/include/mediagw/$3"
    if cmp -s "$kept/mediagw/$3" "$scratch/include/mediagw/$3"; then
        echo "FAILED: no change made for: $2"
        exit 1
    fi
    carrier "$scratch/include" "$scratch/tried.so"
    if grown "$scratch/tried.so" >"$scratch/said"; then verdict=accepted; else verdict=refused; fi
    [ "$verdict" = "$1" ] || { echo "FAILED: $verdict: $2"; cat "$scratch/report"; exit 1; }
    echo "$1: $2"
}
try accepted "a field at the end" storage.h '/^struct mgw_stat {/,/^};/s/^};/    uint64_t appended;\n};/'
try accepted "an enumerator more" status.h 's/MGW_OK = 0,/MGW_OK = 0, MGW_APPENDED = 1000,/'
try refused "a field in the middle" storage.h '/^struct mgw_stat {/,/^};/s/^    uint64_t bytes;/    uint64_t inserted;\n    uint64_t bytes;/'
try refused "a field of another width" storage.h 's/^    uint32_t max_key_bytes;/    uint64_t max_key_bytes;/'
try refused "an enumerator of another number" status.h 's/MGW_NOT_FOUND = 1,/MGW_NOT_FOUND = 1001,/'
try refused "a callback with an argument more" storage.h 's/(\*health)(struct mgw_call \*call, void \*instance)/(*health)(struct mgw_call *call, void *instance, int deep)/'
try refused "a field that went" storage.h '/^struct mgw_stat {/,/^};/s/^    const char \*content_type;.*//'
