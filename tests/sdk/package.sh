#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The package by itself: a module by pkg-config and one line of cc, one in C++ by CMake, and what mediagw_add_plugin refuses
# at configure and build time.
# usage: package.sh PREFIX CMAKE CC CXX [CFLAGS...]
set -eu
prefix=$1 cmake=$2 cc=$3 cxx=$4
shift 4
flags=$*
unset MEDIAGW_PLUGIN_PATH
umask 022
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
PATH=$prefix/bin:$PATH
PKG_CONFIG_PATH=$(dirname "$(find "$prefix" -name mediagw-plugin.pc)")
export PKG_CONFIG_PATH

fail() { echo "package.sh: $*" >&2; exit 1; }

echo "== by pkg-config, where the package says that plugins go"
mediagw plugin new by-hand --kind filter >/dev/null
# shellcheck disable=SC2046,SC2086
"$cc" -shared $(pkg-config --cflags mediagw-plugin) $flags -o by-hand.so by-hand/by-hand.c
[ "$(nm -D --defined-only by-hand.so | sed 's/.* //')" = mediagw_plugin ] || fail "by-hand.so exports too much"
[ -z "$(pkg-config --libs-only-l mediagw-plugin)" ] || fail "a plugin links nothing of ours"
for variable in pluginsdir descriptorsdir; do
    for package in mediagw mediagw-plugin; do
        [ -d "$(pkg-config --variable=$variable $package)" ] || fail "$package has no $variable"
    done
done
[ -f "$(pkg-config --variable=descriptorsdir mediagw-plugin)/fs.json" ] || fail "fs is not there"
[ -f "$(pkg-config --variable=pluginsdir mediagw-plugin)/fs.so" ] || fail "fs is not there"
mkdir plugins plugins.d
install -m 644 by-hand.so plugins
install -m 644 by-hand/by-hand.json plugins.d
MEDIAGW_PLUGIN_PATH=$PWD/plugins.d mediagw plugin show by-hand | grep -x 'kind=filter'

# build FOLDER: a project by CMake, what it says in FOLDER/log.
build() {
    "$cmake" -S "$1" -B "$1/build" -DCMAKE_C_COMPILER="$cc" -DCMAKE_CXX_COMPILER="$cxx" -DCMAKE_C_FLAGS="$flags" \
        -DCMAKE_CXX_FLAGS="$flags" >"$1/log" 2>&1 && "$cmake" --build "$1/build" >>"$1/log" 2>&1
}

echo "== in C++, whose templates have symbols of their own"
mkdir cxx
cat >cxx/CMakeLists.txt <<'END'
cmake_minimum_required(VERSION 3.25)
project(cxx CXX)
find_package(mediagw REQUIRED)
mediagw_add_plugin(cxx SOURCES cxx.cpp DESCRIPTOR described.json)
install(CODE "execute_process(COMMAND find \${CMAKE_INSTALL_PREFIX} -perm /022 ! -type l OUTPUT_VARIABLE open)
  if(open)
    message(FATAL_ERROR \"others may write \${open}\")
  endif()")
END
echo '{"name": "cxx", "kind": "storage", "module": "../plugins/cxx.so"}' >cxx/described.json
cat >cxx/cxx.cpp <<'END'
#include <mediagw/storage.h>
#include <map>
#include <string>
std::map<std::string, std::string> visible_unless_hidden;
static const mgw_storage_driver driver = {sizeof driver};
static mgw_plugin plugin;
static const mgw_plugin *describe()
{
    visible_unless_hidden["a"] = "b";
    plugin.size = sizeof plugin;
    plugin.abi_major = MGW_ABI_MAJOR;
    plugin.kind = MGW_KIND_STORAGE;
    plugin.name = "cxx";
    plugin.table = &driver;
    return &plugin;
}
MGW_REGISTER(describe());
END
build cxx || { cat cxx/log; exit 1; }
[ "$(nm -D --defined-only cxx/build/plugins/cxx.so | sed 's/.* //')" = mediagw_plugin ] || fail "cxx.so exports too much"
(umask 002; "$cmake" --install cxx/build --prefix "$scratch/else where" >cxx/log) || { cat cxx/log; exit 1; }
[ -f "$(find "else where" -name cxx.json)" ] && [ -f "$(find "else where" -name cxx.so)" ] || fail "cxx is not installed"

# refused WORDS LINE [C]: a project whose CMakeLists.txt has LINE, and its plugin C's text.
refused() {
    rm -rf wrong
    mkdir wrong
    printf 'cmake_minimum_required(VERSION 3.25)\nproject(wrong C)\nfind_package(mediagw REQUIRED)\n%s\n' "$2" \
        >wrong/CMakeLists.txt
    echo '{"name": "wrong", "kind": "storage", "module": "../plugins/wrong.so"}' >wrong/wrong.json
    printf '%s\n' "${3:-}" >wrong/wrong.c
    ! build wrong || fail "taken: $2"
    tr -s '\n ' ' ' <wrong/log | grep -qF "$1" || { cat wrong/log; fail "no word of: $1"; }
    echo "refused: $1"
}
echo "== what is refused"
refused 'the name "Wrong": expected [a-z][a-z0-9_-]{0,31}' 'mediagw_add_plugin(Wrong SOURCES wrong.c)'
refused 'expected SOURCES file...' 'mediagw_add_plugin(wrong)'
refused 'there is no such descriptor' 'mediagw_add_plugin(wrong SOURCES wrong.c DESCRIPTOR none.json)'
refused 'exports mediagw_plugin alone, got ""' 'mediagw_add_plugin(wrong SOURCES wrong.c)' 'extern int nothing;'
refused 'needs mgw_version, which no plugin gets' 'mediagw_add_plugin(wrong SOURCES wrong.c)' '#include <mediagw/plugin.h>
const char *mgw_version(void);
static struct mgw_plugin plugin;
static const struct mgw_plugin *describe(void)
{
    plugin.version = mgw_version();
    return &plugin;
}
MGW_REGISTER(describe());'
