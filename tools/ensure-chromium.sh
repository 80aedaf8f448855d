#!/bin/sh
# Finds Chromium for the browser tests, or installs it from Debian's packages where the user may.
set -eu
if [ -n "${REPORTGEN_CHROMIUM:-}" ]; then
    [ -x "$REPORTGEN_CHROMIUM" ] && exit 0
    echo "REPORTGEN_CHROMIUM names $REPORTGEN_CHROMIUM, which cannot be run" >&2
    exit 1
fi
command -v chromium >/dev/null 2>&1 && exit 0
as_root=""
if [ "$(id -u)" != 0 ]; then
    if command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
        as_root="sudo -n"
    else
        echo "Chromium is missing and this user may not install packages: apt-get install chromium, or set REPORTGEN_CHROMIUM" >&2
        exit 1
    fi
fi
$as_root apt-get update -qq
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null
command -v chromium >/dev/null
