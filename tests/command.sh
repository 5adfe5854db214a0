# shellcheck shell=sh disable=SC2034  # sourced by the tests
# SPDX-License-Identifier: Apache-2.0
# What the tests of the command share; sourced by them. They run in the build
# folder.

srcdir=$(cd "${srcdir:-.}" && pwd)
build=$(pwd)
seedbed=$build/seedbed
scenarios=$srcdir/tests/scenarios
name=$(basename "$0" .sh)
# Wrong paths and old files must not be found by accident.
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
TMPDIR=$folder/scratch
mkdir "$TMPDIR"
export TMPDIR
unset SEEDBED_NODE SEEDBED_PLOTS
LC_ALL=C
export LC_ALL

fail() {
    echo "$name: $*" >&2
    exit 1
}

# exit code, then the command: runs it, keeps its stdout and stderr.
expect() {
    want=$1
    shift
    got=0
    "$@" >"$folder/stdout" 2>"$folder/stderr" </dev/null || got=$?
    [ "$got" -eq "$want" ] ||
        fail "exit code $got, expected $want: $*
$(head -40 "$folder/stdout" "$folder/stderr")"
}

# pattern (grep -E): in stdout of the last command.
says() {
    grep -qE -- "$1" "$folder/stdout" ||
        fail "stdout does not say '$1':
$(head -60 "$folder/stdout")"
}

says_not() {
    if grep -qE -- "$1" "$folder/stdout"; then
        fail "stdout says '$1'"
    fi
}

# One line on stderr, exactly this, and nothing on stdout.
complains() {
    printf '%s\n' "$1" | cmp -s - "$folder/stderr" ||
        fail "stderr, expected: $1
found: $(cat "$folder/stderr")"
    [ ! -s "$folder/stdout" ] || fail "stdout is not empty: $1"
}

# keys: stdout is one JSON object that has them.
json() {
    "$build/tests/check_json" "$@" <"$folder/stdout" ||
        fail "stdout is no such JSON object: $(head -c 2000 "$folder/stdout")"
}

nothing_left() {
    [ -z "$(ls -A "$TMPDIR")" ] || fail "left over: $(ls -A "$TMPDIR")"
}
