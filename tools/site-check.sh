#!/bin/sh
# Sets up the checkers (Node and Java through apt where they are missing and the user may) and runs them over the sample site.
set -eu
python="$1"
here=$(cd "$(dirname "$0")" && pwd)
work="${REPORTGEN_SITE_CHECK:-$here/../build/site-check}"
mkdir -p "$work"

sh "$here/ensure.sh" npm nodejs npm
sh "$here/ensure.sh" java default-jre-headless

if ! cmp -s "$here/package.json" "$work/package.json"; then
    cp "$here/package.json" "$work/package.json.new"
    (cd "$work" && mv package.json.new package.json && npm install --no-audit --no-fund --no-package-lock --ignore-scripts --loglevel=error) || {
        rm -f "$work/package.json"
        exit 1
    }
fi
shift
exec "$python" "$here/site_check.py" --tools "$work/node_modules" "$@"
