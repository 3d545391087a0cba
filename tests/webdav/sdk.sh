#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The driver out of the installed SDK alone: what `cmake --install` gives goes to a scratch prefix, the driver's folder is
# copied out of the tree and built by find_package(mediagw), the installed gateway takes it from its own plugin folder, and
# the installed kit runs the conformance cases on it. And by pkg-config and the compiler alone.
# usage: sdk.sh BUILD_FOLDER SOURCE_FOLDER CMAKE CC VALUES.json [CFLAGS...]
set -euo pipefail
build=$1 source=$2 cmake=$3 cc=$4 values=$5
shift 5
umask 022
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
unset MEDIAGW_PLUGIN_PATH
prefix=$scratch/prefix

"$cmake" --install "$build" --prefix "$prefix" >"$scratch/log"
find "$prefix" -name 'webdav.*' -delete # the driver of the tree
mkdir "$scratch/driver"
cp "$source"/drivers/webdav/*.[ch] "$source/drivers/webdav/CMakeLists.txt" "$source/plugins.d/webdav.json" "$scratch/driver/"

echo "== by find_package"
logged() { "$@" >"$scratch/log" 2>&1 || { cat "$scratch/log"; exit 1; }; }
logged "$cmake" -G Ninja -S "$scratch/driver" -B "$scratch/driver/build" -DCMAKE_C_COMPILER="$cc" \
    -DCMAKE_C_FLAGS="-Wall -Wextra -Werror $*" -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_INSTALL_PREFIX="$prefix"
logged "$cmake" --build "$scratch/driver/build"
logged "$cmake" --install "$scratch/driver/build"
"$prefix/bin/mediagw" plugin list | tee "$scratch/list"
grep -q "^name=webdav .*module=$prefix/.*/webdav.so " "$scratch/list"

echo "== by pkg-config"
pc=$(dirname "$(find "$prefix" -name mediagw-plugin.pc)")
# shellcheck disable=SC2046 # a list of words
PKG_CONFIG_PATH=$pc "$cc" -std=c17 -D_GNU_SOURCE -fPIC -shared -fvisibility=hidden -Wall -Wextra -Werror "$@" \
    "$scratch/driver/webdav.c" $(PKG_CONFIG_PATH=$pc pkg-config --cflags mediagw-plugin libxml-2.0 libcurl) \
    $(pkg-config --libs libxml-2.0 libcurl) -o "$scratch/webdav.so"

echo "== the conformance cases"
"$prefix/bin/mediagw" plugin test --values "$values" webdav "url={url}/{unique}" "user={user}" "password={password}"
"$prefix/bin/mediagw" plugin test --values "$values" --only 'sizes_around_blocks_round_trip' "$scratch/webdav.so" \
    "url={url}/{unique}" "user={user}" "password={password}"
