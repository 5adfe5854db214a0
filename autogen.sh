#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# ./autogen.sh          make ./configure (autoreconf), as every C developer expects
# ./autogen.sh demo     install what is missing, build, run the main job, say
#                       where the pictures are
# ./autogen.sh check    the same set-up, then all tests
# ./autogen.sh setup    only install what is missing (Debian; needs root or sudo)
set -eu

top=$(cd "$(dirname "$0")" && pwd)
cd "$top"

packages() {
    sed -e 's/#.*//' -e '/^[[:space:]]*$/d' debian-packages
}

install_missing() {
    if ! command -v dpkg-query >/dev/null 2>&1; then
        echo "autogen.sh: not a Debian system; make sure that these are installed:" >&2
        packages | tr '\n' ' ' >&2
        echo >&2
        return 0
    fi
    missing=
    for package in $(packages); do
        # config-files and half-installed packages are not installed.
        status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
        [ "$status" = installed ] || missing="$missing $package"
    done
    [ -n "$missing" ] || return 0
    sudo=
    if [ "$(id -u)" != 0 ]; then
        if ! command -v sudo >/dev/null 2>&1; then
            echo "autogen.sh: run as root: apt-get install$missing" >&2
            exit 1
        fi
        sudo=sudo
    fi
    echo "autogen.sh: installing$missing"
    export DEBIAN_FRONTEND=noninteractive
    $sudo apt-get update -qq
    # shellcheck disable=SC2086  # a list of words
    $sudo apt-get install -y -qq --no-install-recommends $missing >/dev/null
}

jobs=$(nproc 2>/dev/null || echo 2)

build() {
    [ -x configure ] && [ configure -nt configure.ac ] || autoreconf -fi
    mkdir -p build
    cd build
    if [ ! -f Makefile ] || [ ! -f config.status ]; then
        ../configure --quiet
    fi
    make -s -j "$jobs"
}

case "${1:-}" in
"")
    exec autoreconf -fi
    ;;
setup)
    install_missing
    ;;
demo)
    install_missing
    build
    exec make -s demo
    ;;
check)
    install_missing
    build
    exec make -j "$jobs" check
    ;;
*)
    echo "usage: ./autogen.sh [demo|check|setup]" >&2
    exit 254
    ;;
esac
