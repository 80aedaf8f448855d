#!/bin/sh
# Finds strace, with which the tests kill builds at chosen system calls, or installs it from Debian's packages where the user may.
set -eu
command -v strace >/dev/null 2>&1 && exit 0
as_root=""
if [ "$(id -u)" != 0 ]; then
    if command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
        as_root="sudo -n"
    else
        echo "strace is missing and this user may not install packages: the tests that need it are skipped" >&2
        exit 0
    fi
fi
$as_root apt-get update -qq
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends strace >/dev/null
command -v strace >/dev/null
