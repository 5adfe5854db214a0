#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# verify: one digest for scenarios as they are; a program that looks at its
# own addresses is caught, and where it did so is named.
set -eu
. "${srcdir:-.}/tests/command.sh"

expect 0 "$seedbed" verify "$scenarios/echo-ring.yaml" --seed 3
says '^echo-ring, seed 3$'
says '^  inline +1 +- +plain +[0-9a-f]{32} +pass'
says '^  process +4 +255 +turkey +[0-9a-f]{32} +pass'
says '^one digest [0-9a-f]{32}$'
[ "$(grep -c '^  \(inline\|process\) ' "$folder/stdout")" -eq 7 ] ||
    fail "not seven cells"

expect 0 "$seedbed" verify "$scenarios/raft-partition.yaml" --seed 7 --json \
    --set 'duration=6 s' --isolation process
json 'scenario="raft-partition"' 'seed="7"' same=true digest \
    first_difference=null cells

cat >"$folder/unsteady.yaml" <<EOF
duration: "1 s"
nodes:
  count: 3
  program: "$build/tests/unsteady.so"
  config: {mode: address}
EOF
cd "$folder"

expect 0 "$seedbed" verify unsteady.yaml --set nodes.config.mode=none
says '^one digest '

expect 1 "$seedbed" verify unsteady.yaml
says_not '^one digest'
says '^[0-9]+ events are alike; event [0-9]+ at 0\.0[0-9]+ s differs:$'
says '^  effect 1, send, differs$'
says '^  payload: byte [0-7] is 0x[0-9a-f]{2} in A, 0x[0-9a-f]{2} in B$'
says '^   timer set by event [0-9]+$'
says '^   with no earlier cause in the trace$'
# The event is the third timer of node 2.
says '^     \[  0\.0[0-9]+\] node 2 < timer 1$'

# The same by hand: two run folders that --out keeps.
expect 1 "$seedbed" verify unsteady.yaml --out kept --json
json same=false first_difference.node=2 first_difference.event \
    first_difference.words
expect 1 "$seedbed" bisect kept/a kept/b
says 'effect 1, send, differs'
nothing_left

# A violated run is a run: the same violation everywhere is one digest.
expect 0 "$seedbed" verify unsteady.yaml --set nodes.config.mode=assert
says 'violated'
says '^one digest '

# What cannot run says so once.
expect 254 "$seedbed" verify absent.yaml
[ "$(wc -l <"$folder/stderr")" -eq 1 ] || fail "more than one line"
nothing_left
exit 0
