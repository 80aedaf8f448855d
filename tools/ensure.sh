#!/bin/sh
# ensure.sh COMMAND PACKAGE...: find COMMAND, or install the packages from Debian where the user may; fails where it cannot.
set -eu
command_name="$1"
shift
command -v "$command_name" >/dev/null 2>&1 && exit 0
as_root=""
if [ "$(id -u)" != 0 ]; then
    if command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
        as_root="sudo -n"
    else
        echo "$command_name is missing and this user may not install packages: apt-get install $*" >&2
        exit 1
    fi
fi
$as_root apt-get update -qq
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
command -v "$command_name" >/dev/null
