#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The planted bugs measure the tester: each must be found by the scenario it
# belongs to, within LIMIT seeds. Skipped in a build without them.
set -eu

srcdir=${srcdir:-.}
limit=${LIMIT:-1000}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
status=0

./seedbed bugs | grep -q '^Compiled in' || exit 77
./seedbed bugs --json | sed -n 's/^ *"name" : "\(.*\)",$/\1/p' >"$folder/names"
./seedbed bugs --json | sed -n 's/^ *"scenario" : "\(.*\)",$/\1/p' \
    >"$folder/scenarios"
paste "$folder/names" "$folder/scenarios" >"$folder/rows"
while read -r name scenario; do
    seed=1
    while ./seedbed run "$srcdir/tests/scenarios/$scenario.yaml" \
        --seed "$seed" --bug "$name" --quiet --out "$folder/run" \
        >"$folder/said" 2>&1; do
        seed=$((seed + 1))
        if [ "$seed" -gt "$limit" ]; then
            break
        fi
    done
    if [ "$seed" -gt "$limit" ]; then
        echo "$name: not found in $limit seeds"
        status=1
    else
        echo "$name: $(sed -n 's/^ *"check" : "\(.*\)",*/\1/p' \
            "$folder/run/run.json" | head -n 1), seed $seed"
    fi
done <"$folder/rows"
exit $status
