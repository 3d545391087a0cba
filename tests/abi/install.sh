#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs into a scratch prefix, moves the prefix, and uses what is there: the command finds its modules, and a program
# builds by pkg-config and by find_package, runs, and finds the modules too.
# usage: install.sh BUILD_FOLDER CMAKE CC PROGRAM.C [CFLAGS...]
set -eu
build=$1 cmake=$2 cc=$3 program=$4
shift 4
umask 022
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
unset MEDIAGW_PLUGIN_PATH

"$cmake" --install "$build" --prefix "$scratch/first" >"$scratch/install.log"
mv "$scratch/first" "$scratch/moved"
prefix=$scratch/moved

echo "== the moved command"
"$prefix/bin/mediagw" --version
"$prefix/bin/mediagw" plugin list | tee "$scratch/list"
for name in fs sqlite; do
    grep -q "^name=$name .*module=$prefix/.*/$name.so " "$scratch/list"
    "$prefix/bin/mediagw" plugin show "$name" | grep -qx "name=$name"
done
"$prefix/bin/mediagw" plugin test fs "root={tmp}/store" --only "put_is_*"
"$prefix/bin/mediagw" plugin test "$prefix"/lib*/mediagw/plugins/sqlite.so "path={tmp}/media.db" --only "a_row_is_*"
if find "$prefix" -type d -perm /022 | grep .; then
    echo "folders that others may write"
    exit 1
fi

echo "== a program by pkg-config"
pc=$(dirname "$(find "$prefix" -name mediagw.pc)")
libdir=$(PKG_CONFIG_PATH=$pc pkg-config --variable=libdir mediagw)
flags=$(PKG_CONFIG_PATH=$pc pkg-config --cflags --libs mediagw)
# shellcheck disable=SC2086
"$cc" -std=c11 -D_POSIX_C_SOURCE=200809L -Wall -Wextra -Werror "$@" "$program" $flags -Wl,-rpath,"$libdir" -o "$scratch/by_pkgconfig"

echo "== a program by find_package"
mkdir "$scratch/project"
cp "$program" "$scratch/project/program.c"
cat >"$scratch/project/CMakeLists.txt" <<'END'
cmake_minimum_required(VERSION 3.25)
project(program C)
find_package(mediagw 0.1 REQUIRED)
add_executable(by_package program.c)
target_link_libraries(by_package PRIVATE mediagw::mediagw)
if(NOT EXISTS ${mediagw_PLUGIN_DIR}/fs.so OR NOT EXISTS ${mediagw_DESCRIPTOR_DIR}/fs.json)
  message(FATAL_ERROR "the package does not say where plugins are")
endif()
END
"$cmake" -G Ninja -S "$scratch/project" -B "$scratch/project/build" -DCMAKE_C_COMPILER="$cc" -DCMAKE_C_FLAGS="$*" \
    -DCMAKE_PREFIX_PATH="$prefix" >"$scratch/project.log" || { cat "$scratch/project.log"; exit 1; }
"$cmake" --build "$scratch/project/build" >"$scratch/project.log" || { cat "$scratch/project.log"; exit 1; }

echo "== both run"
printf 'not really a video' >"$scratch/clip.webm"
for binary in "$scratch/by_pkgconfig" "$scratch/project/build/by_package"; do
    "$binary" "$scratch/data" acme video/webm <"$scratch/clip.webm" | tee "$scratch/said"
    grep -q " 18 sha256:" "$scratch/said"
done
