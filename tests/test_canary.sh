#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The canary fails, on every seed, alone and in a sweep; and a sweep that is
# told to look at it first goes on only when it failed.
set -eu

srcdir=${srcdir:-.}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
SEEDBED_SCENARIOS=$srcdir/tests/scenarios
export SEEDBED_SCENARIOS
status=0

complain() {
    echo "$1"
    status=1
}

# run CODE WORDS...: its exit code must be CODE.
run() {
    want=$1 code=0
    shift
    ./seedbed "$@" >"$folder/said" 2>&1 || code=$?
    [ "$code" = "$want" ] ||
        complain "$*: exit code $code, expected $want: $(cat "$folder/said")"
}

for seed in 1 2 3 0x7fffffffffffffff; do
    run 1 run canary --seed "$seed" --no-out --json
    grep -q '"check" : "operations"' "$folder/said" ||
        complain "seed $seed failed of something else"
done
run 1 sweep canary --seeds 1..25 --no-out --json
grep -q '"violated" : 25' "$folder/said" || complain "not every seed failed"
run 0 sweep raft-minority --seeds 1..2 --no-out --canary

# A canary that lives stops the sweep.
mkdir "$folder/dead"
sed '/^expect:/,$d' "$srcdir/tests/scenarios/canary.yaml" \
    >"$folder/dead/canary.yaml"
cp "$srcdir/tests/scenarios/raft-minority.yaml" "$folder/dead"
SEEDBED_SCENARIOS=$folder/dead
run 255 sweep raft-minority --seeds 1..2 --no-out --canary
grep -q 'must be violated, but it was not' "$folder/said" ||
    complain "a canary that lives: $(cat "$folder/said")"
exit $status
