#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every bug that a seed found leaves it behind in tests/seeds/seeds.list: each
# is run again and must pass.
set -eu

srcdir=${srcdir:-.}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
status=0

while read -r scenario seed what; do
    case $scenario in
    '' | '#'*) continue ;;
    esac
    if ! ./seedbed run "$srcdir/tests/seeds/$scenario.yaml" --seed "$seed" \
        --out "$folder/run" >"$folder/log" 2>&1; then
        echo "$scenario, seed $seed ($what):"
        head -n 3 "$folder/log"
        status=1
    fi
done <"$srcdir/tests/seeds/seeds.list"
exit $status
