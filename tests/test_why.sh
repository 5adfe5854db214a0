#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# why: futures of one past. They are what their plans say, whatever the number
# of jobs; the fault that is to blame is named; one line for every mistake.
set -eu
. "${srcdir:-.}/tests/command.sh"
SEEDBED_PLOTS=$srcdir/plots
export SEEDBED_PLOTS

cd "$folder"

# One fault of four keeps the clients from getting anything done.
cat >cut.yaml <<'EOF'
duration: "4 s"
nodes: {count: 3}
network: {links: "delay 2ms 1ms loss 1%"}
clients:
  - {count: 3, rate: "20/s", keys: 8}
faults:
  timed:
    - {n: 1, at: "800 ms", kind: pause, nodes: n2, for: "100 ms"}
    - {n: 2, at: "1.5 s", kind: partition, groups: "[[n1], [n2], [n3]]"}
    - {n: 3, at: "2 s", kind: clock-step, nodes: n1, amount: "100 ms"}
    - {n: 4, at: "5 s", kind: kill, nodes: n3, for: "1 s"}
expect: {operations: 120}
EOF
expect 1 "$seedbed" run cut.yaml --seed 3 --out cut --quiet
expect 0 "$seedbed" why cut --futures 12 --points 5 --no-pictures --jobs 1
says '^cut, seed 3: operations: '
says '^  It was likely from the start: 100 % of all futures fail alike$'
says '^     2      100 %  ->    0 %      100 %  at 1.5 s the network is cut: '
says '^  2 more make no difference that shows$'
says '^  1 come after the failure$'
says ' of them once more from zero: the same$'
[ ! -e cut/why/why.svg ] || fail "--no-pictures draws"
head -1 cut/why/why.csv | grep -q '^at_ns,futures,alike,other,low,high$' ||
    fail "why.csv has another heading"
expect 0 "$seedbed" why cut --futures 12 --points 5 --no-pictures --jobs 3 \
    --out other --json
json scenario='"cut"' seed='"3"' became_likely=null from_zero=false \
    out='"other"' failed_at_ns=4000000000
for file in why.csv faults.csv; do
    cmp -s cut/why/$file other/$file || fail "other jobs, another $file"
done

# A failure that half of all futures have: a bound that is the median of what
# nine seeds get done.
cat >half.yaml <<'EOF'
duration: "3 s"
nodes: {count: 3}
network: {links: "delay 2ms 1ms loss 5%"}
clients: [{count: 3, rate: "30/s"}]
faults:
  timed:
    - {n: 1, at: "1 s", kind: crash, nodes: leader, for: "300 ms"}
EOF
for seed in 1 2 3 4 5 6 7 8 9; do
    expect 0 "$seedbed" run half.yaml --seed $seed --json --no-out
    echo "$(sed -n 's/.*"operations_ok" : \([0-9]*\),*/\1/p' stdout) $seed"
done | sort -n >counts
median=$(sed -n '5s/ .*//p' counts)
seed=$(sed -n '5s/.* //p' counts)
expect 1 "$seedbed" run half.yaml --seed "$seed" --out half --quiet \
    --set "expect.operations=$((median + 1))"
expect 0 "$seedbed" why half --futures 30 --points 4 --no-pictures --quiet
[ ! -s stdout ] || fail "--quiet says something"
# Its futures are runs: one that fails, one that passes, from the same point.
at=$(cd half/why && for plan in passing-*.yaml; do
    plan=${plan#passing-}
    [ ! -e "failing-$plan" ] || echo "${plan%.yaml}"
done | sed -n 2p)
[ -n "$at" ] || fail "no point has both futures: $(cat half/why/why.csv)"
expect 1 "$seedbed" run half/scenario.yaml --seed "$seed" \
    --plan "half/why/failing-$at.yaml" --no-out --quiet
expect 0 "$seedbed" run half/scenario.yaml --seed "$seed" \
    --plan "half/why/passing-$at.yaml" --no-out --quiet
# The past of both is the original's: the traces are the same up to there.
expect 1 "$seedbed" run half/scenario.yaml --seed "$seed" --plan half/plan.yaml \
    --out first --trace text --quiet
expect 0 "$seedbed" run half/scenario.yaml --seed "$seed" --out second \
    --plan "half/why/passing-$at.yaml" --trace text --quiet
past() {
    awk -v at="${at%s}" -F'[][]' '/^\[/ && $2 + 0 < at + 0' "$1/trace.txt"
}
past first >past
past second >same
cmp -s past same || fail "the past of a future is another one"
[ "$(wc -l <past)" -gt 10 ] || fail "no past to compare"
grep -q ' redraw' second/trace.txt || fail "no redraw in the trace"

# A node that dies takes the past along: each future from zero.
cat >assert.yaml <<EOF
duration: "1 s"
nodes: {count: 2, program: "$build/tests/unsteady.so", config: {mode: assert}}
EOF
expect 1 "$seedbed" run assert.yaml --out died --quiet
expect 0 "$seedbed" why died --futures 3 --points 2 --no-pictures --json
json from_zero=true faults='[]'

# Pictures, and none without gnuplot.
if command -v gnuplot >/dev/null; then
    expect 0 "$seedbed" why cut --futures 10 --points 3
    for format in svg png; do
        [ -s cut/why/why.$format ] || fail "no why.$format"
    done
    grep -q 'cut, seed 3' cut/why/why.svg || fail "why.svg has no title"
    grep -q 'at 1.5 s the network is cut' cut/why/why.svg ||
        fail "why.svg names no fault"
fi
mkdir bin
expect 0 env PATH="$folder/bin" "$seedbed" why cut --futures 2 --points 1
says '^  no picture: gnuplot is not installed'
[ ! -e cut/why/why.svg ] || fail "a picture without gnuplot"

# Mistakes, and what is not what it was.
expect 0 "$seedbed" run "$scenarios/echo-ring.yaml" --out fine --quiet
expect 254 "$seedbed" why fine
complains 'seedbed why: fine: found a run with verdict pass, expected one that violated something'
expect 254 "$seedbed" why nowhere
complains 'seedbed why: nowhere: not a folder; expected a run folder'
for option in jobs points futures; do
    expect 254 "$seedbed" why cut --$option 0
    grep -q "^seedbed why: --$option: found '0', expected 1 to " stderr ||
        fail "--$option 0: $(cat stderr)"
done
expect 254 "$seedbed" why
expect 0 "$seedbed" why --help
says '^  seedbed why out/raft-chaos/7$'
cp -r cut edited
rm -r edited/why
sed -i 's/"check" : "operations"/"check" : "one-vote"/' edited/run.json
expect 1 "$seedbed" why edited
[ "$(wc -l <stderr)" -eq 1 ] || fail "not one line: $(cat stderr)"
[ ! -e edited/why ] || fail "a folder of what did not fail"

# Stopped half-way: nothing, and nothing left over.
for signal in INT KILL; do
    "$seedbed" why cut --futures 5000 --out stopped >said 2>complaint &
    process=$!
    sleep 1
    kill -$signal $process
    code=0
    wait $process || code=$?
    [ $signal = KILL ] || [ "$code" -eq 255 ] || fail "interrupted: $code"
    [ ! -e stopped ] || fail "half a folder"
    leftover=$(find . -name '*partial*')
    [ -z "$leftover" ] || fail "left over: $leftover"
done
nothing_left
exit 0
