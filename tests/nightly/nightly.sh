#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# nightly.sh [SCENARIO...]
# One night of sweeps, with seeds that no night had before: first the canary,
# then each scenario for its share of the time, compared with the night before.
# Exit code and failures are for whoever watches: a CI server, OnFailure= of
# systemd, cron's mail.
#
# From the environment:
#   SEEDBED   the program (default: seedbed, from $PATH)
#   FOR       the whole night (default: 8h)
#   RESULTS   where nights are kept (default: ./nightly)
#   KEEP      how many nights (default: 14)
#   SEED      where seeds begin: a number or a commit hash (default: the date)
#   OPTIONS   further options of `seedbed sweep`, such as "--jobs 4"
set -eu

seedbed=${SEEDBED:-seedbed}
results=${RESULTS:-nightly}
keep=${KEEP:-14}
night=$(date -u +%Y-%m-%dT%H%M%SZ)
# Twelve digits leave room for a million seeds before the next minute's.
seed=${SEED:-$(date -u +%Y%m%d%H%M)000000}
[ $# -gt 0 ] || set -- raft-chaos raft-swarm

# "8h" as seconds, for it is shared.
seconds() {
    case $1 in
    *h) echo $((${1%h} * 3600)) ;;
    *min) echo $((${1%min} * 60)) ;;
    *s) echo "${1%s}" ;;
    *) echo "nightly: FOR: found '$1', expected 8h, 90min or 600s" >&2
        exit 254 ;;
    esac
}
all=$(seconds "${FOR:-8h}")
share=$((all / $#))
[ "$share" -gt 0 ] || share=1

mkdir -p "$results/$night"
worst=0
stopped=
trap 'stopped=1' INT TERM # the sweep has its own, and ends in good order
for scenario in "$@"; do
    [ -z "$stopped" ] || break
    name=$(basename "$scenario" .yaml)
    since=$results/last/$name
    status=0
    # shellcheck disable=SC2086  # OPTIONS are words
    if [ -e "$since/results.sqlite" ]; then
        "$seedbed" sweep "$scenario" --canary --seed "$seed" --for "${share}s" \
            --out "$results/$night/$name" \
            --junit "$results/$night/$name.xml" --since "$since" \
            ${OPTIONS:-} || status=$?
    else
        "$seedbed" sweep "$scenario" --canary --seed "$seed" --for "${share}s" \
            --out "$results/$night/$name" \
            --junit "$results/$night/$name.xml" ${OPTIONS:-} || status=$?
    fi
    [ $status -le $worst ] || worst=$status
done

ln -sfn "$night" "$results/last"
# Nights sort by their names.
find "$results" -mindepth 1 -maxdepth 1 -type d -name '????-??-??T*Z' | sort -r |
    tail -n +$((keep + 1)) | while IFS= read -r old; do
    rm -rf "$old"
done
exit $worst
