#!/bin/sh
# Sets up the checkers (Node and Java through apt where they are missing and the user may) and runs them over the sample site.
set -eu
python="$1"
here=$(cd "$(dirname "$0")" && pwd)
work="${REPORTGEN_SITE_CHECK:-$here/../build/site-check}"
mkdir -p "$work"

need() { # need COMMAND PACKAGE...
    command -v "$1" >/dev/null 2>&1 && return 0
    command_name="$1"
    shift
    if [ "$(id -u)" = 0 ]; then as_root=""; elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then as_root="sudo -n"; else
        echo "site-check needs $command_name: apt-get install $*" >&2
        exit 1
    fi
    $as_root apt-get update -qq
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}
need npm nodejs npm
need java default-jre-headless

if ! cmp -s "$here/package.json" "$work/package.json"; then
    cp "$here/package.json" "$work/package.json.new"
    (cd "$work" && mv package.json.new package.json && npm install --no-audit --no-fund --no-package-lock --ignore-scripts --loglevel=error) || {
        rm -f "$work/package.json"
        exit 1
    }
fi
shift
exec "$python" "$here/site_check.py" --tools "$work/node_modules" "$@"
