#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs the build into PREFIX, which is made anew.
# usage: prefix.sh BUILD_FOLDER CMAKE PREFIX
set -eu
build=$1 cmake=$2 prefix=$3
umask 022
rm -rf "$prefix"
mkdir -p "$(dirname "$prefix")"
"$cmake" --install "$build" --prefix "$prefix" >"$prefix.log" || { cat "$prefix.log"; exit 1; }
"$prefix/bin/mediagw" --version
