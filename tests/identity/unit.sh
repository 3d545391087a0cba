#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The systemd unit is one that systemd takes without a word, and leaves little open (exposure 2.0 at most of 10).
# usage: unit.sh SYSTEMD_ANALYZE UNIT_TEMPLATE MEDIAGW
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
sed "s#@CMAKE_INSTALL_FULL_BINDIR@#$(dirname "$3")#" "$2" >"$scratch/mediagw.service"
"$1" verify "$scratch/mediagw.service" >"$scratch/said" 2>&1 || failed=1
if [ -n "${failed-}" ] || [ -s "$scratch/said" ]; then
    cat "$scratch/said"
    exit 1
fi
"$1" security --offline=true --threshold=20 "$scratch/mediagw.service" >"$scratch/exposure" || failed=1
tail -n 1 "$scratch/exposure"
[ -z "${failed-}" ]
