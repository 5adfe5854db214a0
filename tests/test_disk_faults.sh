#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Fault plans over whole runs: every kind's example hits something, a disk
# that goes bad under one node of five convicts nobody, and a line that can
# hit nothing says so.
set -eu
. "${srcdir:-.}/tests/command.sh"
cd "$folder"

# seed, then the lines of a plan: a run of raft-steady, whatever its clients
# got.
steady() {
    seed=$1
    cat >plan.yaml
    expect 0 "$seedbed" run "$scenarios/raft-steady.yaml" --seed "$seed" \
        --plan plan.yaml --no-out --json --set 'expect.elections="0..99"' \
        --set 'expect.operations=0' --set 'expect.availability="0%"' \
        --set 'expect.leader_within="1 s"' --set 'expect.criteria=[]'
    [ ! -s stderr ] || fail "stderr: $(cat stderr)"
}

# kind: what stdout counts of it, "DRAWN APPLIED MATTERED".
counts() {
    tr -d ' \n' <stdout | sed -n "s/.*\"$1\":{\([^}]*\)}.*/\1/p" |
        sed 's/.*"drawn":\([0-9]*\).*"applied":\([0-9]*\).*"mattered":\([0-9]*\).*/\1 \2 \3/'
}

# The example of each kind, as `list faults` prints it, is applied and matters.
# What a disk no longer holds is felt when power is lost and the disk is read.
"$seedbed" list faults | sed -n 's/.* \({at: .*}\)$/\1/p' >examples
[ "$(wc -l <examples)" -eq "$("$seedbed" list faults | sed 1d | wc -l)" ] ||
    fail "a kind has no example"
while read -r line; do
    kind=$(echo "$line" | sed 's/.*kind: \([a-z-]*\).*/\1/')
    more=
    case $kind in
    heal-core) # heals what is broken
        more='- {at: "4 s", kind: partition, nodes: minority, for: "5 s"}'
        ;;
    disk-lost-sync | disk-bit-flip | disk-misdirect | disk-wipe)
        more='- {at: "6 s", kind: crash, nodes: [n1, n2, n3, n4, n5], for: "1 s"}'
        line=$(echo "$line" | sed 's/nodes: one/nodes: n3/')
        ;;
    esac
    printf -- '- %s\n%s\n' "$line" "$more" >lines
    steady 1 <lines
    [ "$(counts "$kind")" = "1 1 1" ] ||
        fail "$kind: drawn, applied and mattered: $(counts "$kind")"
done <examples

# One bad disk of five, and then its power: what is lost is lost by the disk.
# The node comes back with what is left, or refuses to start.
while IFS='|' read -r kind more; do
    for seed in 1 2 3; do
        steady $seed <<PLAN
- {at: "5 s", kind: $kind, nodes: n3$more}
- {at: "6 s", kind: crash, nodes: n3, for: "1 s"}
PLAN
        json 'verdict="pass"'
        [ "$(counts "$kind")" = "1 1 1" ] || fail "$kind: $(counts "$kind")"
    done
done <<EOF2
disk-lost-sync|, for: "2 s"
disk-wipe|
disk-bit-flip|
disk-misdirect|
disk-eio|, file: raft-log, for: "900 ms"
disk-full|, for: "900 ms"
EOF2

# Nobody is hit: no such file, or both sides are the same.
steady 1 <<'PLAN'
- {n: 1, at: "5 s", kind: disk-bit-flip, nodes: [n2, n3], file: no-such-file}
- {n: 2, at: "5 s", kind: partition, nodes: all, for: "1 s"}
- {n: 3, at: "5 s", kind: clog, nodes: n1, to: n1, for: "1 s"}
- {n: 4, at: "5 s", kind: link, nodes: n1, to: n1, netem: "loss 100%", for: "1 s"}
PLAN
for kind in disk-bit-flip partition clog link; do
    [ "$(counts "$kind")" = "1 0 0" ] ||
        fail "$kind of nobody: $(counts "$kind")"
done

# A cluster that forgets what it committed is caught. No plan does that to it
# unless it is told to: not this one, nor one that is drawn.
cat >plan.yaml <<'PLAN'
- {n: 1, at: "4 s", kind: disk-lost-sync, nodes: all, for: "3 s"}
- {n: 2, at: "6 s", kind: crash, nodes: all, for: "1 s"}
PLAN
expect 254 "$seedbed" run "$scenarios/raft-steady.yaml" --seed 1 --no-out \
    --plan plan.yaml
complains "seedbed run: the plan's disk faults destroy what 5 of 5 nodes have \
stored, expected at most 2, which a correct system can survive; \
--beyond-budget lifts this"
# What a lying disk keeps at a power loss is drawn: this seed loses much.
expect 1 "$seedbed" run "$scenarios/raft-steady.yaml" --seed 4 --no-out \
    --plan plan.yaml --beyond-budget
says "^  (election-safety|leader-completeness|state-machine-safety|log-matching) at "
# Who does not ask for the invariants is not told of them.
code=0
"$seedbed" run "$scenarios/raft-steady.yaml" --seed 4 --no-out --plan plan.yaml \
    --beyond-budget --set expect.safety=false >stdout 2>stderr || code=$?
[ $code -eq 1 ] || [ $code -eq 0 ] || fail "without safety: exit code $code"
if grep -qE '(election-safety|leader-completeness|log-matching|commit-) at ' stdout
then
    fail "invariants that nobody asked for: $(cat stdout)"
fi

# Random faults keep within the budget: two of five disks at most, whatever the
# rate. Raft then loses nothing. Beyond it, it does.
cat >rotten.yaml <<'END'
duration: "10 s"
nodes: {count: 5}
clients: [{count: 3, rate: "30/s"}]
faults:
  start: "1 s"
  random:
    - {kind: disk-wipe, every: "10 s", nodes: one}
    - {kind: disk-lost-sync, every: "500 ms", nodes: one, for: "2 s"}
    - {kind: disk-misdirect, every: "1 s", nodes: one}
    - {kind: disk-bit-flip, every: "5 s", nodes: one}
    - {kind: crash, every: "500 ms", nodes: minority, for: "100..300 ms"}
    - {kind: crash, every: "1 s", nodes: leader, for: "100..300 ms"}
END
sed '/wipe/d; /flip/d' rotten.yaml >lying.yaml
violated=0
for seed in 1 2 3 4 5 6 7 8 9 10 11 12; do
    expect 0 "$seedbed" run rotten.yaml --seed $seed --out "$folder/run"
    hit=$(sed -n 's/.*kind: disk-[a-z-]*, .*nodes: \(n[0-9]\).*/\1/p' \
        "$folder/run/plan.yaml" | sort -u | wc -l)
    [ "$hit" -le 2 ] && [ "$hit" -ge 1 ] || fail "seed $seed: $hit disks hit"
    code=0
    "$seedbed" run lying.yaml --seed $seed --beyond-budget \
        --out "$folder/run" >stdout 2>stderr || code=$?
    [ $code -le 1 ] || fail "seed $seed: exit code $code"
    violated=$((violated + code))
    # A replay of it is beyond the budget as well.
    replayed=0
    "$seedbed" replay "$folder/run" >stdout 2>stderr || replayed=$?
    [ $replayed -eq $code ] || fail "seed $seed: replayed with $replayed"
done
[ $violated -ge 1 ] || fail "beyond the budget, nothing was lost in 12 seeds"
exit 0
