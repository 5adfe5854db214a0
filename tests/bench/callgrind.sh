#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Instructions of a fixed Raft run (tests/bench/raft.yaml, 6 virtual seconds,
# seed 1), counted by valgrind: the same on a busy machine. What starting and
# ending cost is in it: 2 %.
#
# usage: callgrind.sh BENCH_RAFT [--update]
# Compares with instructions.txt beside this script and warns of more than 5 %;
# with --update it writes that file. Counts depend on compiler and libraries,
# hence a warning and never a failure.
set -eu

bench=$1
update=${2:-}
golden=$(dirname "$0")/instructions.txt
folder=$(mktemp -d "${TMPDIR:-/tmp}/seedbed-callgrind-XXXXXX")
trap 'rm -rf "$folder"' EXIT

if ! command -v valgrind >/dev/null; then
    echo "callgrind.sh: skipped: valgrind is not installed"
    exit 0
fi
run=$(valgrind --tool=callgrind --callgrind-out-file="$folder/out" \
    "$bench" once 6 2>"$folder/log")
total=$(sed -n 's/.*Collected : *//p' "$folder/log")
set -- $run # events N commits N
events=$2
commits=$4

report() {
    echo "# Written by \`make update-instructions\`: tests/bench/callgrind.sh."
    echo "instructions $total"
    echo "events $events"
    echo "commits $commits"
    echo "per_event $((total / events))"
    echo "per_commit $((total / commits))"
    echo "# Functions by what they do themselves, in each event."
    callgrind_annotate --auto=no --threshold=100 "$folder/out" |
        sed -n 's/^ *\([0-9,]*\) *([^)]*)  *\([^ ]*\).*/\1 \2/p' |
        awk -v events="$events" '
            /PROGRAM/ { next }
            {
                gsub(",", "", $1); sub(".*:", "", $2)
                if ($2 ~ /^0x/) { $2 = "(no name)" }
                sum[$2] += $1
            }
            END {
                for (name in sum) {
                    printf "%d %s\n", sum[name] / events, name
                }
            }' | LC_ALL=C sort -k1,1nr -k2 | head -n 40
}

report >"$folder/report"
if [ "$update" = --update ]; then
    cp "$folder/report" "$golden"
    sed -n 2,6p "$golden"
    exit 0
fi
before=$(sed -n 's/^per_event //p' "$golden")
now=$((total / events))
echo "callgrind.sh: $now instructions an event, $((total / commits)) a commit;" \
    "recorded: $before an event"
if [ $((now * 100)) -gt $((before * 105)) ]; then
    echo "callgrind.sh: WARNING: more than 5 % above what is recorded;" \
        "the functions that grew:"
    diff "$golden" "$folder/report" || true
fi
