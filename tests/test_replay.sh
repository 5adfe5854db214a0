#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# replay: the same run again, as far as it is asked for, and what it says of
# folders that are damaged, edited, or made by another build.
set -eu
. "${srcdir:-.}/tests/command.sh"

cd "$folder"
expect 0 "$seedbed" run "$scenarios/raft-partition.yaml" --seed 7 --out run \
    --trace text --set 'duration=12 s' --quiet

expect 0 "$seedbed" replay run
says '^raft-partition, seed 7, inline, 1 worker$'
says '^the same: PASS, [0-9]+ events, ([1-9][0-9]*) of \1 checkpoints alike'
says_not 'another build'

expect 0 "$seedbed" replay run --json
json same=true cut=false difference=null 'folder="run"' run.digest \
    'run.seed="7"' 'run.verdict="pass"'
expect 0 "$seedbed" replay run --quiet
[ ! -s stdout ] || fail "--quiet says something"

# The trace is the one the run left, whole and in part.
expect 0 "$seedbed" replay run --print-trace
cmp -s stdout run/trace.txt || fail "--print-trace is not trace.txt"
expect 0 "$seedbed" replay run --print-trace --until '3 s'
[ -s stdout ] || fail "--print-trace --until prints nothing"
cmp -s -n "$(wc -c <stdout)" stdout run/trace.txt ||
    fail "--print-trace --until is not the beginning of trace.txt"
tail -1 stdout | grep -q '^\[  2\.9' || fail "--until 3 s does not end there"

expect 0 "$seedbed" replay run --until 5.5
says '^at 5\.4[0-9]+ s, after [0-9]+ events:$'
says '^  node 1 +incarnation 1, (leader|follower|candidate|pre-candidate) of'
says '^  fault #1  partition .*, at 5\.000 s$'
says '^    \[  5\.4[0-9]+\] '
says '^the same so far: PASS'

# What the seed drew is in scenario.yaml and plan.yaml, the rest comes from the
# seed again: with both, and the seed, it is the same run. (Cut short, not all
# of them pass.)
for scenario in "$scenarios"/*.yaml; do
    rm -rf first second
    "$seedbed" run "$scenario" --seed 3 --set 'duration=8 s' --out first \
        --quiet 2>stderr || [ $? -eq 1 ] || fail "$scenario: $(cat stderr)"
    "$seedbed" run first/scenario.yaml --plan first/plan.yaml --seed 3 \
        --out second --quiet 2>stderr || [ $? -eq 1 ] ||
        fail "$scenario, resolved: $(cat stderr)"
    for file in scenario.yaml plan.yaml digest.ckpt history.jsonl; do
        cmp -s first/$file second/$file ||
            fail "$scenario, resolved: another $file"
    done
done

# Processes and threads do the same.
for options in '--isolation process' '--workers 2' '--explore-order 5'; do
    # shellcheck disable=SC2086 # two words
    expect 0 "$seedbed" run "$scenarios/raft-partition.yaml" --seed 7 \
        --out other $options --set 'duration=12 s' --quiet
    expect 0 "$seedbed" replay other
    says '^the same: PASS'
done

# Under a debugger: what is started is gdb, with the node behind it.
mkdir bin
cat >bin/gdb <<'EOF'
#!/bin/sh
[ "$1 $2" = '-q --args' ] || exit 99
shift 2
echo "$*" >>"$GDB_SEEN"
exec "$@"
EOF
chmod +x bin/gdb
expect 0 env PATH="$folder/bin:$PATH" GDB_SEEN="$folder/seen" \
    "$seedbed" replay run --gdb 2 --until '1 s'
grep -q 'seedbed-node --simulated$' seen || fail "no node under gdb"
[ "$(wc -l <seen)" -eq 1 ] || fail "not one node under gdb"
says '^raft-partition, seed 7, process, 1 worker$'
says '^the same so far: PASS'

# A failed node: the replay stops where the original did.
cat >assert.yaml <<EOF
duration: "1 s"
nodes:
  count: 3
  program: "$build/tests/unsteady.so"
  config: {mode: assert}
EOF
for isolation in inline process; do
    expect 1 "$seedbed" run assert.yaml --out crash --isolation $isolation \
        --trace text --quiet
    expect 1 "$seedbed" replay crash
    says '^crash at 0\.0[0-9]+ s: .*fail'
    says '^the same: VIOLATED'
    says '^    \[  0\.0[0-9]+\] node 2 < timer 1$'
    expect 1 "$seedbed" replay crash --print-trace
    cmp -s stdout crash/trace.txt ||
        fail "--print-trace of a crash is not trace.txt"
done

# Another build: a line about it, and on it goes.
cp -r run elsewhere
sed -i 's/"build" : "[^"]*"/"build" : "seedbed 0.0"/' elsewhere/run.json
expect 0 "$seedbed" replay elsewhere
says '^another build made this folder: seedbed 0\.0; this is seedbed '
says '^the same: PASS'
sed -i '2s/ [0-9a-f]\{32\}$/ 00000000000000000000000000000000/' \
    elsewhere/digest.ckpt
expect 1 "$seedbed" replay elsewhere
says '^DIFFERENT: the original is left between event 4096 at .* and event 8192'
says '^The likely reason: another build made it; replay it with that one\.'
says '^  seedbed run elsewhere/scenario.yaml --seed 7 --plan elsewhere/plan.yaml$'
expect 1 "$seedbed" replay elsewhere --json
json same=false difference.after_event=4096 difference.by_event=8192

# The seed of another run: the digest does not fit.
cp -r run edited
sed -i 's/"seed" : "7"/"seed" : "8"/' edited/run.json
expect 1 "$seedbed" replay edited
says '^DIFFERENT: '

# What was edited is named; where that changes nothing, it is still the same.
rm -rf edited
cp -r run edited
echo '# a remark' >>edited/scenario.yaml
expect 0 "$seedbed" replay edited
says '^edited/scenario\.yaml was edited after the run$'
says_not 'plan\.yaml was edited'
says '^the same: PASS'
sed -i 's/delay [0-9]*ms/delay 9ms/' edited/scenario.yaml
expect 1 "$seedbed" replay edited
says '^DIFFERENT: '
says '^The likely reason: it was edited, so it is another run\.'
rm -rf edited
cp -r run edited
sed -i '1d' edited/plan.yaml
expect 1 "$seedbed" replay edited
says '^edited/plan\.yaml was edited after the run$'
says '^  seedbed run edited/scenario.yaml --seed 7 --plan edited/plan.yaml$'
expect 1 "$seedbed" replay edited --json
json same=false plan_edited=true scenario_edited=false program_changed=false
# What it says to go on with works.
expect 1 "$seedbed" run edited/scenario.yaml --seed 7 --plan edited/plan.yaml \
    --out "a folder" --quiet
expect 1 "$seedbed" replay "a folder"
says '^the same: VIOLATED'

# A capsule has all that it borrows from: it is the same wherever it is.
mkdir -p borrow/sub
seq -s ' ' -8000 100 8000 >borrow/sub/steep.dist
cat >borrow/borrow.yaml <<'EOF'
duration: "2 s"
nodes: {count: 3}
network: {links: "delay 2ms 1ms distribution sub/steep.dist"}
clients: [{count: 2}]
faults:
  random:
    - {kind: link, every: "300 ms", nodes: one, to: all, for: "100 ms",
       netem: "delay 9ms 3ms distribution sub/steep.dist"}
EOF
expect 0 "$seedbed" run borrow/borrow.yaml --out borrow/run --quiet
expect 0 "$seedbed" run borrow/borrow.yaml --no-out --json
cp stdout borrow/whole
mv borrow/run moved
rm -r borrow/sub
expect 0 "$seedbed" replay moved
says '^the same: PASS'
(cd / && "$seedbed" replay "$folder/moved" --quiet) ||
    fail "a capsule is not the same from elsewhere"
expect 0 "$seedbed" run moved/scenario.yaml --plan moved/plan.yaml --json \
    --no-out
[ "$(grep '"digest"' stdout)" = "$(grep '"digest"' borrow/whole)" ] ||
    fail "a capsule's scenario and plan are another run"
rm moved/*.dist
expect 254 "$seedbed" replay moved

# The nodes' own program, when that is a file.
cp "$build/tests/echo.so" own.so
cat >own.yaml <<EOF
duration: "1 s"
nodes: {count: 3, program: "$folder/own.so"}
EOF
expect 0 "$seedbed" run own.yaml --out own --quiet
expect 0 "$seedbed" replay own
says_not 'is not the file'
echo >>own.so
expect 0 "$seedbed" replay own
says 'own\.so, which the nodes run, is not the file that it was$'
says '^the same: PASS'

# Damage: one line, exit 254.
for file in run.json scenario.yaml plan.yaml digest.ckpt; do
    rm -rf broken
    cp -r run broken
    rm broken/$file
    expect 254 "$seedbed" replay broken
    complains "seedbed replay: broken: no $file in it; expected a run folder"
    for bytes in 1 100; do
        cp -r run/$file broken/$file
        size=$(wc -c <run/$file)
        [ "$size" -gt "$bytes" ] || continue
        head -c "$bytes" run/$file >broken/$file
        printf '\001{' >>broken/$file
        expect 254 "$seedbed" replay broken
        [ "$(wc -l <stderr)" -eq 1 ] ||
            fail "$file cut at $bytes: not one line: $(cat stderr)"
        grep -q "^seedbed replay: broken/$file" stderr ||
            fail "$file cut at $bytes: $(cat stderr)"
    done
done
printf '{"scenario": 3}\n' >broken/run.json
expect 254 "$seedbed" replay broken
complains 'seedbed replay: broken/run.json: key "scenario" is missing or not what a run writes'
printf '[]\n' >broken/run.json
expect 254 "$seedbed" replay broken
complains 'seedbed replay: broken/run.json: expected the JSON object of a run'
nothing_left
exit 0
