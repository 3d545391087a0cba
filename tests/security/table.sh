#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# table.sh TESTS: every test that TESTS/security/README.md names is there, so that the table stays true.
set -eu
cd "$1"
missing=0
for name in $(grep -oE '[a-z][a-z0-9_]{14,}' security/README.md | grep -v '^security_' | sort -u); do
    grep -rqE "\b$name" --include='*.c' . || { echo "no test $name" >&2; missing=1; }
done
exit $missing
