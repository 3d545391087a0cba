#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The command line as a user meets it: help, versions, wrong words, exit codes, init, API keys.
# usage: cli.sh MEDIAGW
set -u
mediagw=$1 failed=0
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
unset MEDIAGW_PLUGIN_PATH
export XDG_DATA_HOME=$scratch/xdg

run() { # EXPECTED-STATUS WORDS...: output in $scratch/out and err
    expected=$1
    shift
    "$mediagw" "$@" >"$scratch/out" 2>"$scratch/err"
    status=$?
    [ "$status" = "$expected" ] || say "mediagw $*: status $status, expected $expected"
}
say() {
    echo "FAILED: $1"
    cat "$scratch/out" "$scratch/err"
    failed=1
}
out() { grep -qE -- "$1" "$scratch/out" || say "not in the output: $1"; }
err() { grep -qE -- "$1" "$scratch/err" || say "not in the error: $1"; }
one_line() { [ "$(wc -l <"$scratch/err")" = "$1" ] || say "expected $1 lines of error"; }

run 0 --version && out '^mediagw [0-9]+\.[0-9]+\.[0-9]+$'
run 0 --help && out '^  serve ' && out '^  key ' && out 'Exit codes: 0 done; 1 failed; 2 '
run 2
for command in serve init config plugin key; do
    run 0 "$command" --help && out "^usage: mediagw $command" && out 'Exit codes: 0'
done
run 2 serv && err '^mediagw: unknown command "serv"; did you mean "serve"\?$' && one_line 1
run 2 frobnicate && err '^mediagw: unknown command "frobnicate"; see mediagw --help$'
run 2 dev && err '^mediagw: unknown command "dev"; see mediagw --help$'
run 2 --config x && err '^mediagw: options stand behind a command, as in mediagw serve --config; see mediagw --help$' && one_line 1
run 2 key creat && err 'unknown subcommand "creat"; did you mean "create"\?'
run 2 config chek x && err 'did you mean "check"\?'
run 2 serve --confg x && err "^mediagw: unrecognized option '--confg'" && err '^see mediagw serve --help$'
run 2 serve word && err 'takes no word such as "word"'
run 2 serve --config a --data b && err 'exclude each other'
run 2 serve --data "$scratch/dev" --listen 0.0.0.0:0 && err 'dev mode believes whoever calls' && one_line 1
run 2 serve --data "$scratch/dev" --listen nonsense && err 'expected ADDRESS:PORT'
run 2 serve --config "$scratch/none.json" && err 'none.json: cannot be read' && one_line 1
run 1 plugin show sqlit && err 'did you mean "sqlite"\?'
run 0 plugin show sqlite && out '^kind=repository$' && out '^key\.path\.type=path$'

# A config: refused before init, fine after it.
umask 077
openssl rand -hex 32 >"$scratch/url.key"
cat >"$scratch/config.json" <<'END'
{"storage": {"driver": "fs", "root": "blobs"}, "repository": {"driver": "sqlite", "path": "media.db"},
 "url_keys": [{"id": "1", "secret": {"file": "url.key"}}]}
END
run 0 config check "$scratch/config.json" && out ': ok$'
run 0 config show "$scratch/config.json" && out '"secret": "\*\*\*"' && out '"busy_timeout": "10s"' && out '"workers": 64'
grep -q "$(cat "$scratch/url.key")" "$scratch/out" && say 'config show shows a secret'
run 0 config schema && out 'json-schema.org/draft/2020-12' && out '"account_claim"'
run 2 config schema x && err 'expected: mediagw config check FILE'
run 2 config show && err 'expected: mediagw config check FILE'
sed 's|^{|{"auth": {"jwt": [{"alg": "RS256", "pem": "x", "issuer": null, "audience": null}]}, |' \
    "$scratch/config.json" >"$scratch/jwt.json"
for command in 'config check' 'config show' 'serve --config'; do
    # shellcheck disable=SC2086
    run 2 $command "$scratch/jwt.json" && err 'jwt.json:1:36: key "auth.jwt\[0\].pem": it is no PEM of a' && one_line 1
done
run 1 key list --config "$scratch/config.json" && err 'init'
run 0 migrate --dry-run --config "$scratch/config.json" && out 'it would be made$' && out '^nothing was done$'
[ ! -e "$scratch/media.db" ] || say 'a dry run makes a database'
run 0 migrate --config "$scratch/config.json" && out '^done$'
run 0 migrate --config "$scratch/config.json" && out '^nothing to do'
run 2 migrate now --config "$scratch/config.json" && err 'takes no word such as "now"'
run 0 init --config "$scratch/config.json" && out '^initialised$'
run 0 init --config "$scratch/config.json"
run 0 plugin show fs --config "$scratch/config.json" && out '^capabilities=.*local_fd' && out '^store_id=.'

# Keys: the token is shown once, only its id is listed.
run 0 key create --account acme --scopes read --expires 30d --config "$scratch/config.json"
out '^mgw_[A-Za-z0-9]+_[A-Za-z0-9_-]{43}$'
token=$(cat "$scratch/out")
id=$(echo "$token" | cut -d_ -f2) secret=$(echo "$token" | cut -d_ -f3-)
run 0 key list --config "$scratch/config.json"
out "^id=$id account=acme scopes=read created=[0-9TZ:.-]+ expires=20[0-9TZ:.-]+ revoked=no$"
if grep -qF -- "$secret" "$scratch/out"; then say 'the secret is listed'; fi
if grep -rqF -- "$secret" "$scratch/media.db"*; then say 'the secret is kept'; fi
run 0 key list --account other --config "$scratch/config.json" && [ ! -s "$scratch/out" ] || say 'another account has keys'
run 0 key revoke "$id" --config "$scratch/config.json"
run 0 key list --config "$scratch/config.json" && out "^id=$id .* revoked=20"
run 1 key revoke 0000000000000000 --config "$scratch/config.json"
run 2 key create --config "$scratch/config.json" && err 'expected: mediagw key create --account A'
run 2 key create --account acme --scopes rad --config "$scratch/config.json" && err 'unknown scope "rad"; did you mean "read"\?'
run 2 key create --account acme --expires 2001-01-01 --config "$scratch/config.json" && err 'expected a time to come'
run 2 key create --account 'a b' --config "$scratch/config.json"

# Without a config: dev mode's own folder, the owner's alone.
run 0 key create --account dev && out '^mgw_'
[ "$(stat -c %a "$XDG_DATA_HOME/mediagw")" = 700 ] || say 'the data folder is open to others'
[ "$(stat -c %a "$XDG_DATA_HOME/mediagw/url.key")" = 600 ] || say 'url.key is open to others'
exit $failed
