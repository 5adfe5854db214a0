#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# shrink: the same failure from less, whatever the number of jobs, in the
# original's isolation; what is left is a run folder, whole or not there.
set -eu
. "${srcdir:-.}/tests/command.sh"

cd "$folder"

# Eight faults, of which one keeps the clients from getting anything done.
cat >cut.yaml <<'EOF'
duration: "6 s"
nodes: {count: 5, service_time: "10 us", clock: {offset: "50 ms"}}
network: {links: "delay 2ms 1ms loss 1% duplicate 1%"}
clients:
  - {count: 3, rate: "20/s", keys: 8}
faults:
  timed:
    - {n: 1, at: "800 ms", kind: pause, nodes: n2, for: "100 ms"}
    - {n: 2, at: "1.2 s", kind: link, nodes: one, to: all, netem: "loss 20%", for: "1 s"}
    - {n: 3, at: "1.5 s", kind: disk-slow, nodes: n1, amount: "3 ms", for: "2 s"}
    - {n: 4, at: "2 s", kind: clock-step, nodes: n1, amount: "100 ms"}
    - {n: 5, at: "2.2 s", kind: partition, groups: "[[n1, n2], [n3, n4], [n5]]"}
    - {n: 6, at: "3 s", kind: crash, nodes: n1, for: "300 ms"}
    - {n: 7, at: "3.5 s", kind: slow, nodes: n4, amount: "1 ms", for: "1 s"}
    - {n: 8, at: "4 s", kind: kill, nodes: n5, for: "1 s"}
expect: {operations: 200}
EOF
expect 1 "$seedbed" run cut.yaml --seed 3 --out cut --quiet
expect 0 "$seedbed" shrink cut --jobs 1
says '^cut, seed 3: operations: # operations|^cut, seed 3: operations: '
says '^  faults  +8 +1$'
says '^  nodes  +5 +5$'
says '^  at [0-9.]+ m?s the network is cut: '
says '^  replay +seedbed replay cut/shrunk$'
expect 1 "$seedbed" replay cut/shrunk
says '^the same: VIOLATED'
[ "$(grep -c kind: cut/shrunk/plan.yaml)" -eq 1 ] || fail "not one line is left"
grep -q 'kind: partition,' cut/shrunk/plan.yaml || fail "another line is left"
# Its scenario says all of it: the plan is in there.
expect 1 "$seedbed" run cut/shrunk/scenario.yaml --seed 3 --out alone --quiet
[ "$(grep '"digest"' alone/run.json)" = "$(grep '"digest"' \
    cut/shrunk/run.json)" ] || fail "the scenario alone is another run"
# What is left is needed: an empty plan passes.
echo '[]' >none.yaml
expect 0 "$seedbed" run cut/shrunk/scenario.yaml --plan none.yaml --seed 3 \
    --no-out --quiet

# Jobs change nothing but the time.
expect 0 "$seedbed" shrink cut --jobs 3 --out other --json
json folder='"cut"' scenario='"cut"' seed='"3"' before.faults=8 after.faults=1 \
    complete=true out='"other"' digest check='"operations"'
for file in scenario.yaml plan.yaml digest.ckpt; do
    cmp -s cut/shrunk/$file other/$file || fail "other jobs, another $file"
done
expect 0 "$seedbed" shrink cut --out other --quiet
[ ! -s stdout ] || fail "--quiet says something"

# A shrunk run can be shrunk: nothing more to take.
expect 0 "$seedbed" shrink cut/shrunk --out again --json
json before.faults=1 after.faults=1

# A node that dies takes the engine along; nodes in processes of their own.
cat >assert.yaml <<EOF
duration: "1 s"
nodes:
  count: 4
  program: "$build/tests/unsteady.so"
  config: {mode: assert}
faults:
  timed:
    - {at: "1 ms", kind: pause, nodes: n1, for: "2 ms"}
    - {at: "2 ms", kind: slow, nodes: n3, amount: "10 us", for: "1 ms"}
EOF
for isolation in inline process; do
    expect 1 "$seedbed" run assert.yaml --out died --isolation $isolation --quiet
    expect 0 "$seedbed" shrink died --json
    json check='"crash"' before.faults=2 after.faults=0 before.nodes=4
    grep -q "\"isolation\" : \"$isolation\"" died/shrunk/run.json ||
        fail "not confirmed in isolation $isolation"
    expect 1 "$seedbed" replay died/shrunk
    says '^the same: VIOLATED'
done

# In a build with planted bugs, one is still on in what is left.
if "$seedbed" bugs | grep -q '^Compiled in'; then
    expect 1 "$seedbed" run "$srcdir/tests/seeds/chaos-1.yaml" --seed 1 \
        --bug raft-vote-not-durable --out bug --quiet
    expect 0 "$seedbed" shrink bug --json
    json after.faults=0
    expect 1 "$seedbed" replay bug/shrunk
    says '^the same: VIOLATED'
fi

# Not what it was: one line, exit 1, no folder.
cp -r cut edited
rm -r edited/shrunk
sed -i 's/"check" : "operations"/"check" : "one-vote"/' edited/run.json
expect 1 "$seedbed" shrink edited
complains "seedbed shrink: edited: does not fail as it did, so there is nothing to shrink: \`seedbed replay edited\` says what differs"
[ ! -e edited/shrunk ] || fail "a folder of what did not fail"

# The user's mistakes.
expect 0 "$seedbed" run "$scenarios/echo-ring.yaml" --out fine --quiet
expect 254 "$seedbed" shrink fine
complains 'seedbed shrink: fine: found a run with verdict pass, expected one that violated something'
expect 254 "$seedbed" shrink nowhere
complains 'seedbed shrink: nowhere: not a folder; expected a run folder'
expect 254 "$seedbed" shrink cut --jobs 0
complains "seedbed shrink: --jobs: found '0', expected 1 to 1024"
expect 254 "$seedbed" shrink cut --out ./cut
complains "seedbed shrink: --out: found './cut', expected another folder than the one to shrink"
expect 254 "$seedbed" shrink cut --for soon
complains "seedbed shrink: --for: found 'soon', expected a time such as \"30 s\""
expect 254 "$seedbed" shrink
expect 0 "$seedbed" shrink --help
says '^  seedbed shrink out/raft-chaos/7$'
mkdir full
echo x >full/mine
expect 255 "$seedbed" shrink cut --out full
[ "$(wc -l <stderr)" -eq 1 ] || fail "not one line: $(cat stderr)"
[ -f full/mine ] || fail "a folder that is no run's was replaced"

# Stopped: what there is by then, whole; killed: whole or nothing.
cat >long.yaml <<'EOF'
duration: "100 s"
nodes: {count: 5}
clients:
  - {count: 3, rate: "60/s"}
faults:
  random:
    - {kind: pause, every: "5 s", nodes: one, for: "100 ms"}
    - {kind: crash, every: "7 s", nodes: one, for: "100 ms"}
expect: {linearizable: false}
EOF
expect 0 "$seedbed" run long.yaml --no-out --json
done=$(sed -n 's/.*"operations_ok" : \([0-9]*\),*/\1/p' stdout)
expect 1 "$seedbed" run long.yaml --out long --quiet \
    --set "expect.operations=$((done + 1))"
for signal in INT KILL; do
    # On a slow machine it has not seen the failure after a second: nothing to
    # keep yet.
    for delay in 1 4 16 64; do
        rm -rf long/shrunk
        "$seedbed" shrink long --jobs 1 --json >said 2>complaint &
        process=$!
        sleep $delay
        kill -$signal $process
        code=0
        wait $process || code=$?
        [ "$code" -eq 255 ] || break
    done
    if [ $signal = INT ]; then
        [ "$code" -eq 0 ] || fail "interrupted: exit code $code"
        "$build/tests/check_json" complete=false before.faults <said ||
            fail "interrupted: $(cat said)"
        expect 1 "$seedbed" replay long/shrunk
        says '^the same: VIOLATED'
    else
        [ ! -e long/shrunk ] || expect 1 "$seedbed" replay long/shrunk --quiet
    fi
    leftover=$(find . -name '*partial*')
    [ -z "$leftover" ] || fail "left over: $leftover"
done
expect 0 "$seedbed" shrink long --for '500 ms' --json
json complete=false
nothing_left
exit 0
