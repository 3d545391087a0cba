#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What `mediagw plugin new` refuses, in which words and with which exit code; a refusal and a failure leave no folder.
# usage: refusals.sh PREFIX
set -u
prefix=$1
unset MEDIAGW_PLUGIN_PATH
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 1
failed=0
mediagw=$prefix/bin/mediagw

# refused EXIT WORDS ARGUMENTS...: and the folder is as it was.
refused() {
    local exit=$1 words=$2 before after got
    shift 2
    before=$(find . | sort)
    "$mediagw" plugin new "$@" >out 2>&1
    got=$?
    after=$(find . | grep -v '^./out$' | sort)
    if [ "$got" != "$exit" ] || ! grep -qF -- "$words" out || [ "$before" != "$after" ]; then
        echo "plugin new $*: expected exit $exit and \"$words\", got $got and: $(cat out)"
        diff <(echo "$before") <(echo "$after")
        failed=1
    fi
    rm -f out
}

refused 2 'expected: mediagw plugin new NAME --kind' shelf
refused 2 'expected: mediagw plugin new NAME --kind' --kind storage
refused 2 'expected: mediagw plugin new NAME --kind' one two --kind storage
refused 2 '--kind stroage: expected storage, repository or filter; did you mean storage?' shelf --kind stroage
refused 2 '--kind x: expected storage, repository or filter' shelf --kind x
for name in Shelf 9shelf _shelf '' 'a b' ../shelf shelf.c "$(printf 'a%.0s' $(seq 33))"; do
    refused 2 "the name \"$name\": expected [a-z][a-z0-9_-]{0,31}" "$name" --kind storage
done
refused 2 'there is a plugin named fs already: ' fs --kind storage
refused 2 "unrecognized option '--colour'" shelf --kind storage --colour

mkdir there && echo mine >there/file && ln -s nowhere dangling
refused 2 'there: is there already; nothing was written' there --kind storage
refused 2 'dangling: is there already; nothing was written' shelf --kind filter --dir dangling
refused 1 'no/such/place: No such file or directory' shelf --kind filter --dir no/such/place
[ "$(cat there/file)" = mine ] || failed=1

# A failure in the midst of it: one template cannot be read whole.
cp -a "$prefix" ./prefix
mediagw=$PWD/prefix/bin/mediagw
head -c 300000 /dev/zero >prefix/share/mediagw/templates/storage/zzz.c
refused 1 'templates/storage/zzz.c: ' shelf --kind storage
rm -r prefix/share/mediagw/templates
refused 1 'it is installed together with mediagw' shelf --kind storage

# And what is taken.
mediagw=$prefix/bin/mediagw
long=a$(printf '%.0s-' $(seq 30))9
"$mediagw" plugin new "$long" --kind filter --dir "some where" >/dev/null && [ -f "some where/$long.c" ] || failed=1
"$mediagw" plugin new shelf --kind filter --dir completed/ >/dev/null && [ -f completed/shelf.c ] || failed=1
[ "$(find . -maxdepth 1 -name 'some where*' | wc -l)" = 1 ] || { echo "something lies beside it"; failed=1; }
exit $failed
