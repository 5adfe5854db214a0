#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# soak_all.sh SOURCE SEEDS OTHERS OUT [OPTION...]
# Sweeps over every scenario without a planted bug: a failure is a false alarm
# or a bug. Chaos, swarm and liveness get SEEDS, the others OTHERS. The canary
# must fail first. Goes on with what is in OUT; the last line says how many
# runs there were and how many failed.
set -u

source=$1 seeds=$2 others=$3 out=$4
shift 4
SEEDBED_SCENARIOS=$source/tests/scenarios
export SEEDBED_SCENARIOS
runs=0 failed=0 broken=0

# number NAME: that verdict's count in the summary of the sweep.
number() {
    sed -n "s/^ *\"$1\" : \([0-9]*\),*\$/\1/p" "$folder/summary.json" | head -n 1
}

for path in "$source"/tests/scenarios/*.yaml; do
    name=$(basename "$path" .yaml)
    folder=$out/$name
    range=$others
    case $name in
    canary) continue ;;
    raft-chaos | raft-swarm | raft-liveness) range=$seeds ;;
    esac
    resume=
    [ ! -e "$folder/results.sqlite" ] || resume=--resume
    echo "$name, seeds $range:"
    code=0
    # shellcheck disable=SC2086
    ./seedbed sweep "$name" --seeds "$range" --canary --out "$folder" $resume \
        "$@" ||
        code=$?
    case $code in
    0 | 1 | 2) ;;
    *) broken=$((broken + 1)) && continue ;;
    esac
    for verdict in pass violated unknown error; do
        count=$(number "$verdict")
        runs=$((runs + ${count:-0}))
        [ "$verdict" = pass ] || failed=$((failed + ${count:-0}))
    done
done
echo "$runs runs, $failed did not pass, $broken sweeps could not be run"
[ "$failed" = 0 ] && [ "$broken" = 0 ] && [ "$runs" -gt 0 ]
