#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# soak.sh SEEDBED SCENARIO FIRST LAST [OPTION...]
# Runs one seed after the other; prints every seed that does not pass, and a
# closing line. Exit 1 when there was one. With SOAK_STOP=1 it stops at the
# first.
set -u

seedbed=$1 scenario=$2 first=$3 last=$4
shift 4
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
passed=0 failed=0
for ((seed = first; seed <= last; seed++)); do
    line=$("$seedbed" run "$scenario" --seed "$seed" --out "$folder/run" \
        "$@" 2>&1)
    code=$?
    if [ $code = 0 ]; then
        passed=$((passed + 1))
        continue
    fi
    failed=$((failed + 1))
    printf 'seed %s: exit %s: %s\n' "$seed" "$code" \
        "$(sed -n '3{s/^ *//;p}' <<<"$line")"
    [ -z "${SOAK_STOP:-}" ] || break
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
