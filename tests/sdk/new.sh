#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# `mediagw plugin new` as its README goes on: the project builds without a warning, passes its conformance cases, and a
# gateway takes and plays recordings with it, from the build tree and then installed.
# usage: new.sh PREFIX CMAKE CC KIND [CFLAGS...]
set -eu
prefix=$1 cmake=$2 cc=$3 kind=$4
shift 4
name=my-$kind
unset MEDIAGW_PLUGIN_PATH
umask 002 # as many users have it: the gateway takes no module that others may write
scratch=$(mktemp -d)
pid=
trap '[ -z "$pid" ] || kill "$pid" 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$scratch"' EXIT
cd "$scratch"
PATH=$prefix/bin:$PATH

fail() { echo "new.sh: $*" >&2; [ ! -s log ] || tail -20 log >&2; exit 1; }

echo "== the project"
mediagw plugin new "$name" --kind "$kind"
cd "$name"
! grep -r '@[A-Z]*@' . || fail "a placeholder is left"
grep -q "^# $name\$" README.md
warnings="-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Werror"
"$cmake" -B build -DCMAKE_C_COMPILER="$cc" -DCMAKE_C_FLAGS="$warnings $*" >build.log 2>&1 || { cat build.log; exit 1; }
"$cmake" --build build >build.log 2>&1 || { cat build.log; exit 1; }
[ "$(nm -D --defined-only "build/plugins/$name.so" | sed 's/.* //')" = mediagw_plugin ] || fail "exports too much"
(umask 077; openssl rand -hex 32 >url.key)
mediagw plugin list --config gateway.json | grep "^name=$name kind=$kind .*build/plugins/$name.so" || fail "not found"

echo "== the kit"
ctest --test-dir build --output-on-failure --no-tests=error

# A gateway on the project's own config, but for the port; *curl* says how it is reached, as whom.
serve() {
    : >log
    if [ "$kind" = repository ]; then
        mediagw serve --init --config gateway.json 2>log &
        pid=$!
        url=http://localhost
        set -- --unix-socket gateway.sock -H "X-Account-Id: me"
    else
        mediagw init --config gateway.json 2>>log
        mediagw key create --account me --config gateway.json >key 2>>log
        mediagw serve --config gateway.json --listen 127.0.0.1:0 2>log &
        pid=$!
        set -- -H "Authorization: Bearer $(cat key)"
    fi
    for _ in $(seq 300); do
        listening=$(sed -n 's/.*msg="\{0,1\}listening.* url=\([^ ]*\).*/\1/p' log)
        [ -z "$listening" ] || break
        kill -0 "$pid" 2>/dev/null || fail "the gateway did not come up"
        sleep 0.1
    done
    [ "$kind" = repository ] || url=$listening
    head -c 300000 /dev/urandom >clip.webm
    curl -sSf "$@" -F "blob=@clip.webm;type=video/webm" "$url/api/media/recordings" >answer.json || fail "no upload"
    id=$(sed -E 's/.*"id":"([^"]+)".*/\1/' answer.json)
    signed=$(sed -E 's/.*"signedUrl":"([^"]+)".*/\1/' answer.json)
    curl -sSf "$@" "$url/api/media" | grep -q "$id" || fail "it is not listed"
    curl -sSf "$@" "$signed" -o played.webm || fail "no playback"
    cmp clip.webm played.webm
    curl -sSf "$@" -r 1000-1999 "$signed" | cmp - <(tail -c +1001 clip.webm | head -c 1000) || fail "no range"
    curl -sSf "$@" -X DELETE "$url/api/media/$id" >/dev/null
    [ "$(curl -s "$@" -o /dev/null -w '%{http_code}' "$signed")" = 404 ] || fail "it is still there"
    kill "$pid"
    wait "$pid" || fail "the gateway did not end well"
    pid=
    ! grep -E 'runtime error|ERROR: |WARNING: ThreadSanitizer' log || fail "it is not clean"
    rm -rf blobs media.db* gateway.sock
}
echo "== a gateway on the build tree"
serve

echo "== the same, installed"
cp -a "$prefix" "$scratch/installed"
"$cmake" --install build --prefix "$scratch/installed" >build.log
PATH=$scratch/installed/bin:$PATH
sed -i "s|\"path\": \[.*\]|\"path\": [\"$scratch/installed/lib/mediagw/plugins.d\"]|" gateway.json
rm -rf build
mediagw plugin show "$name" | grep -x "module=$scratch/installed/lib.*/$name.so"
sed -i "s|\"path\": \[.*\]|\"path\": [\"$(dirname "$(mediagw plugin show "$name" | sed -n 's/^descriptor=//p')")\"]|" gateway.json
serve
