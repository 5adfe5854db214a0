#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Small runs beside their golden text traces: what a change does to the order
# of the world shows here as a diff of lines. When the change is meant,
# `make golden-traces` rewrites them, and the diff goes into the commit.
set -eu

srcdir=${srcdir:-.}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
status=0

# name, scenario, seed, then more options
compare() {
    name=$1
    scenario=$srcdir/tests/scenarios/$2.yaml
    seed=$3
    shift 3
    # A short run may miss what the whole scenario expects: exit 1 is fine.
    ./seedbed run "$scenario" --seed "$seed" "$@" --trace text --quiet \
        --out "$folder/$name" || [ $? -eq 1 ]
    golden=$srcdir/tests/golden/trace-$name.txt
    if [ -n "${GOLDEN_UPDATE:-}" ]; then
        cp "$folder/$name/trace.txt" "$golden"
    elif ! diff -u "$golden" "$folder/$name/trace.txt" >"$folder/diff"; then
        head -n 40 "$folder/diff"
        echo "test_golden_trace: $name is not what it was"
        status=1
    fi
}

compare echo-ring echo-ring 1 --set duration="250 ms"
compare raft-election raft-steady 1 --set duration="230 ms" --set nodes.count=3 \
    --set clients.0.count=1
exit $status
