#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A driver takes a few hundred lines, comments and all, or the SDK lacks something.
# usage: lines.sh FOLDER MOST
set -eu
lines=$(cat "$1"/*.[ch] | wc -l)
echo "$1: $lines lines of C, at most $2"
[ "$lines" -gt 0 ] && [ "$lines" -le "$2" ]
