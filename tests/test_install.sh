#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# What `make install` left serves a stranger: all of it is there, and the
# installed programs run and draw without the checkout. (That a program built
# against the installed border has the digest of the one built in is for
# test_own_program.sh.)
#
#     test_install.sh BINDIR PKGDATADIR MANDIR
set -eu

bin=$1
data=$2
man=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0

fail() {
    echo "test_install: $*" >&2
    echo "0%: Checks: $((passed + 1)), Failures: 1, Errors: 0"
    exit 1
}

has() {
    [ -s "$1" ] || fail "found no $1"
    passed=$((passed + 1))
}

for program in seedbed seedbed-node seedbed-kv; do
    "$bin/$program" --version >/dev/null || fail "$program --version: exit $?"
    has "$man/man1/$program.1"
done
has "$man/man5/seedbed-scenario.5"
has "$man/man7/seedbed-output.7"
for file in scenarios/raft-partition.yaml plots/draw.gp plots/roles.gp \
    wireshark/seedbed/preferences wireshark/seedbed/seedbed.lua \
    wireshark/seedbed/protobuf_search_paths proto/raft.proto; do
    has "$data/$file"
done

# Not what happens to be in the build folder or on the PATH.
unset SEEDBED_NODE SEEDBED_PLOTS
cd "$work"
"$bin/seedbed" run "$data/scenarios/raft-partition.yaml" --isolation process \
    --quiet --out "$work/run" || fail "raft-partition: exit $?"
has run/run.json
"$bin/seedbed" replay run --quiet || fail "seedbed replay: exit $?"
if command -v gnuplot >/dev/null 2>&1; then
    "$bin/seedbed" plot run >/dev/null || fail "seedbed plot: exit $?"
    has run/roles.svg
fi
echo "100%: Checks: $passed, Failures: 0, Errors: 0"
