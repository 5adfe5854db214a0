#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# bisect: the same runs, runs that differ in one known thing, with and without
# traces, and folders that are none.
set -eu
. "${srcdir:-.}/tests/command.sh"

cd "$folder"
# name, options: a run folder.
run() {
    out=$1
    shift
    expect 0 "$seedbed" run "$scenarios/raft-partition.yaml" --seed 7 \
        --out "$out" --quiet --set 'duration=9 s' "$@"
}

run a --trace binary
run b --isolation process
expect 0 "$seedbed" bisect a b
says '^the same$'
expect 0 "$seedbed" bisect a b --json
json same=true first_difference=null a.digest b.digest

# A plan that differs in one line, at 6.5 s: nothing before it differs.
cp a/plan.yaml one.yaml
run c --plan one.yaml --trace binary
sed 's/"5 s"/"6.5 s"/' one.yaml >two.yaml
cmp -s one.yaml two.yaml && fail "the plan has no line at 5 s"
run d --plan two.yaml --trace binary
expect 1 "$seedbed" bisect c d
says '^the files plan.yaml differ$'
says '^[0-9]+ events are alike; event [0-9]+ at 5\.000000000 s differs:$'
says '^   \* \[  5\.000000000\] world ! partition #1: '
expect 1 "$seedbed" bisect d c --json
json same=false first_difference.event first_difference.node \
    first_difference.after_event=4096 first_difference.words \
    first_difference.at_ns first_difference.a.event \
    first_difference.a.node first_difference.a.kind first_difference.a.causes \
    first_difference.b.at_ns=5000000000 'first_difference.b.kind="world"' \
    first_difference.b.from_start
grep -q '^ *"\[  5\.000000000\] world ! partition #1: ' stdout ||
    fail "--json has no line of the partition"

# Another client load: caught at once, with the message's way back.
run e --set 'network.links=delay 3ms 2ms 25% loss 5%'
expect 1 "$seedbed" bisect a e
says '^the files scenario.yaml differ$'
says 'events are alike; event [0-9]+ at'
expect 1 "$seedbed" bisect a e --json
says '^ *"how" : "[a-z ]+",$'

# Without a trace a side is run again, unless another build made it.
rm c/trace.sbt.zst
expect 1 "$seedbed" bisect c d
says 'event [0-9]+ at 5\.000000000 s differs'
sed -i 's/"build" : "[^"]*"/"build" : "seedbed 0.0"/' c/run.json
expect 1 "$seedbed" bisect c d
says '^c: no trace, and another build made it$'
says '^the runs part between event 4096 at [0-9.]+ s and event [0-9]+ at'

# Damage.
head -c $(($(wc -c <d/trace.sbt.zst) / 2)) d/trace.sbt.zst >./cut
cp cut d/trace.sbt.zst
expect 254 "$seedbed" bisect a d
grep -q '^seedbed bisect: d/trace.sbt.zst: damaged or cut off' stderr ||
    fail "a damaged trace: $(cat stderr)"
expect 254 "$seedbed" bisect a absent
complains 'seedbed bisect: absent: not a folder; expected a run folder'
mkdir empty
expect 254 "$seedbed" bisect empty a
complains 'seedbed bisect: empty: no run.json in it; expected a run folder'
nothing_left
exit 0
