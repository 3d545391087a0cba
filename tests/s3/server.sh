# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the scripts that start S3 servers share; to be sourced; D is its folder (an absolute path). Everything of a server lies
# below D: its data, its logs, run/NAME.pid of each process, s3.json. A process is D's own only where its command line
# names D: a pid that somebody else has by now is left alone.

say() { echo "${0##*/}: $*" >&2; }
die() {
    say "$@"
    exit 1
}

# A port of 127.0.0.1 that nothing listens on; below the kernel's own range, so that no client is given it meanwhile.
free_port() {
    local port
    for _ in $(seq 200); do
        port=$((10000 + (RANDOM * 32768 + RANDOM) % 22000))
        if ! (: </dev/tcp/127.0.0.1/$port) 2>/dev/null; then
            echo $port
            return
        fi
    done
    die "no free port"
}

port_is_free() {
    ! (: <"/dev/tcp/127.0.0.1/$(cat "$D/port")") 2>/dev/null
}

# runs NAME: process NAME of D is there.
runs() {
    local pid
    pid=$(cat "$D/run/$1.pid" 2>/dev/null) || return 1
    [ -n "$pid" ] && tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" | grep -qF -- "$D/"
}

# stop NAME: ends it and waits until it is gone.
stop() {
    local pid signal
    runs "$1" || return 0
    pid=$(cat "$D/run/$1.pid")
    for signal in TERM KILL; do
        kill -$signal "$pid" 2>/dev/null || return 0
        for _ in $(seq 100); do
            runs "$1" || return 0
            sleep 0.1
        done
    done
    die "process $pid ($1) does not stop"
}

# await WHAT COMMAND…: until COMMAND is true, at most two minutes.
await() {
    local what=$1
    shift
    for _ in $(seq 600); do
        "$@" >/dev/null 2>&1 && return 0
        sleep 0.2
    done
    die "$what not ready after two minutes, see $D/log"
}

# write_json ENDPOINT ACCESS_KEY SECRET_KEY: what the tests read, and a gateway's "storage" object.
write_json() {
    local place
    place=$(printf '"endpoint": "%s", "access_key": "%s", "secret_key": "%s", "region": "us-east-1"' "$@")
    echo "{\"driver\": \"s3\", $place, \"bucket\": \"gateway\", \"prefix\": \"{unique}/\", \"create_bucket\": true}" \
        >"$D/storage.json"
    echo "{$place}" >"$D/s3.json.new"
    mv "$D/s3.json.new" "$D/s3.json"
}
