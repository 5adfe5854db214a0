#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# ./autogen.sh          make ./configure (autoreconf), as every C developer expects
# ./autogen.sh demo     install what is missing, build, run the main job, say
#                       what happened and where the pictures are
# ./autogen.sh check    the same set-up, then all tests
# ./autogen.sh setup    only install what is missing (Debian; needs root or sudo)
set -eu

from=$(pwd)
top=$(cd "$(dirname "$0")" && pwd)
cd "$top"

fail() {
    echo "autogen.sh: $*" >&2
    exit 1
}

# The demo does without what is listed below the line "# tests only".
packages() {
    case $1 in
    demo) sed '/^# tests only/,$d' debian-packages ;;
    *) cat debian-packages ;;
    esac | sed -e 's/#.*//' -e '/^[[:space:]]*$/d'
}

install_missing() {
    if ! command -v dpkg-query >/dev/null 2>&1; then
        echo "autogen.sh: not a Debian system; make sure that these are" \
            "installed:" >&2
        packages "$1" | tr '\n' ' ' >&2
        echo >&2
        return 0
    fi
    missing=
    for package in $(packages "$1"); do
        # config-files and half-installed packages are not installed.
        status=$(dpkg-query -W -f '${db:Status-Status}' "$package" \
            2>/dev/null || true)
        [ "$status" = installed ] || missing="$missing $package"
    done
    [ -n "$missing" ] || return 0
    sudo=
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null 2>&1 ||
            fail "packages are missing; run as root: apt-get install$missing"
        sudo=sudo
    fi
    echo "autogen.sh: installing$missing"
    apt_get="$sudo env DEBIAN_FRONTEND=noninteractive apt-get"
    $apt_get update -qq ||
        fail "apt-get update failed; these packages are missing:$missing"
    # shellcheck disable=SC2086  # a list of words
    $apt_get install -y -qq --no-install-recommends $missing >/dev/null ||
        fail "apt-get could not install:$missing"
}

jobs=$(nproc 2>/dev/null || echo 2)

make_configure() {
    command -v autoreconf >/dev/null 2>&1 ||
        fail "autoreconf is missing; ./autogen.sh setup installs it and all else"
    autoreconf -fi
}

build() {
    # make itself sees to what is older than its source.
    if [ ! -x configure ] || [ ! -f Makefile.in ]; then
        make_configure
    fi
    # A build folder that was moved here with its checkout is of no use.
    if [ -d build ] &&
        ! grep -qsxF "abs_top_builddir = $top/build" build/Makefile; then
        rm -rf build
    fi
    mkdir -p build
    if [ ! -f build/Makefile ]; then
        (cd build && ../configure --quiet)
    fi
    make -s -C build -j "$jobs"
}

case "${1:-}" in
"")
    make_configure
    ;;
setup)
    install_missing all
    ;;
demo)
    install_missing demo
    build
    # What the demo prints can be typed where the user is.
    [ "$from" = "$top" ] && build=build || build=$top/build
    cd "$from"
    exec sh "$top/tests/demo.sh" "$top" "$build"
    ;;
check)
    install_missing all
    build
    exec make -C build -j "$jobs" check
    ;;
*)
    echo "usage: ./autogen.sh [demo|check|setup]" >&2
    exit 254
    ;;
esac
