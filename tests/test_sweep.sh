#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# sweep: every seed once, whatever is killed, split or run at the same time;
# failures by kind; one screen, JSON, and what is said to wrong options.
# shellcheck disable=SC2154  # $seedbed and others come from command.sh
set -eu
. "${srcdir:-.}/tests/command.sh"

cd "$folder"
chaos=$scenarios/raft-chaos.yaml
short='duration=2 s'

# sweep folder, SQL: what the database answers.
ask() {
    "$build/tests/ask_sqlite" "$1/results.sqlite" "$2"
}

# What must not depend on how a sweep went: all columns but what it cost.
rows() {
    ask "$1" "SELECT group_concat(name, ', ') FROM (SELECT name FROM
        pragma_table_info('runs') WHERE name NOT IN ('wall_ns', 'cpu_ns')
        ORDER BY name)" >"$2.columns"
    ask "$1" "SELECT $(cat "$2.columns") FROM runs ORDER BY variant, seed" >"$2"
}

# A sweep that passes.
expect 0 "$seedbed" sweep "$chaos" --seeds 1..300 --set "$short" --out whole
says '^PASS  raft-chaos, 300 seeds: 300 passed, 0 violated, 0 unknown, 0 errors$'
says '^  run twice   [1-9][0-9]* \([0-9]* by process\), all came to the same'
says '^  folder      whole$'
[ "$(ask whole 'SELECT count(*), count(DISTINCT seed), min(seed), max(seed)
    FROM runs')" = '300|300|1|300' ] || fail "not every seed once"
says '^  sometimes   [1-9][0-9]* of [0-9]+ facts; never:$'
[ "$(ask whole "SELECT runs FROM reached WHERE name = 'raft-split-vote'")" \
    -gt 0 ] || fail "nothing is reached"
[ "$(ask whole "SELECT max(runs) FROM reached")" -le 300 ] ||
    fail "what is reached is counted twice"
[ "$(ask whole 'SELECT count(*) FROM claims')" = 0 ] || fail "claims are left"
[ -s whole/summary.json ] || fail "no summary.json"
rows whole whole.rows

# Seed by seed, what `run` finds: nothing leaks from one seed to the next.
for seed in 1 17 300; do
    expect 0 "$seedbed" run "$chaos" --seed $seed --set "$short" --no-out \
        --json
    json "digest=\"$(ask whole "SELECT digest FROM runs WHERE seed = $seed")\""
done

# In other batches and another order.
expect 0 "$seedbed" sweep "$chaos" --seeds 1..300 --set "$short" --out one \
    --jobs 1 -q
rows one one.rows
cmp whole.rows one.rows || fail "the number of jobs makes a difference"

# JSON.
expect 0 "$seedbed" sweep "$chaos" --seeds 1..3 --set "$short" --no-out --json
json scenario first_seed verdict=\"pass\" verdicts.pass=3 runs_done=3 \
    failures faults variants build 'out=""'
nothing_left

# Failures: one capsule a kind, of the seed with the fewest events.
expect 1 "$seedbed" sweep "$chaos" --seeds 1..20 --set "$short" \
    --set 'expect.elections=500..' --out bad
says '^VIOLATED  raft-chaos, 20 seeds: 0 passed, 20 violated'
says '^    20 seeds, first seed 1, fastest'
capsule=$(echo bad/failures/*)
fastest=$(ask bad 'SELECT seed FROM runs ORDER BY events, virtual_ns, seed
    LIMIT 1')
grep -q "\"seed\" : \"$fastest\"" "$capsule/run.json" ||
    fail "the capsule is not of the fastest seed"
says "^    seedbed replay $capsule\$"
expect 1 "$seedbed" replay "$capsule" --quiet

# --fail-fast
expect 1 "$seedbed" sweep "$chaos" --seeds 1..1000 --set "$short" \
    --set 'expect.elections=500..' --out fast --fail-fast 3 --jobs 1
says '^  stopped after 3 failures; go on with: seedbed sweep .* --resume$'
[ "$(ask fast 'SELECT count(*) FROM runs')" -lt 500 ] ||
    fail "--fail-fast went on"

# Shards cover all, exactly.
for shard in 1 2 3; do
    expect 0 "$seedbed" sweep "$chaos" --seeds 1..300 --set "$short" \
        --out shards --shard $shard/3 -q
done
rows shards shards.rows
cmp whole.rows shards.rows || fail "shards are not the whole"

# Killed at any moment, gone on with: row by row the same.
"$seedbed" sweep "$chaos" --seeds 1..300 --set "$short" --out killed -q &
sweep=$!
until [ "$(ask killed 'SELECT count(*) FROM runs' 2>&1)" -ge 10 ] 2>/dev/null
do
    sleep 0.02
done
kill -9 $sweep || fail "it was done before it could be killed"
wait $sweep 2>/dev/null || :
expect 254 "$seedbed" sweep "$chaos" --seeds 1..300 --set "$short" \
    --out killed -q
grep -q 'found an unfinished sweep with .* expected --resume' stderr ||
    fail "an unfinished sweep is not told: $(cat stderr)"
expect 0 "$seedbed" sweep "$chaos" --seeds 1..300 --set "$short" --out killed \
    -q --resume
rows killed killed.rows
cmp whole.rows killed.rows || fail "resumed is not the whole"
[ "$(ask killed 'PRAGMA integrity_check')" = ok ] || fail "damaged"

# Killed while it makes a capsule: nothing half is taken for a whole one, and
# the next sweep makes it.
"$seedbed" sweep "$chaos" --seeds 1..300 --set "$short" --out half \
    --set 'expect.elections=500..' -q &
sweep=$!
until [ -e half/failures ]; do sleep 0.01; done
kill -9 $sweep || fail "it was done before it could be killed"
wait $sweep 2>/dev/null || :
for capsule in half/failures/*; do
    case $capsule in
    *.partial | *'*') ;;
    *) [ -s "$capsule/run.json" ] || fail "half a capsule: $capsule" ;;
    esac
done
expect 1 "$seedbed" sweep "$chaos" --seeds 1..300 --set "$short" --out half \
    --set 'expect.elections=500..' -q --resume
[ "$(find half/failures -name run.json | wc -l)" = 1 ] ||
    fail "not one capsule: $(ls half/failures)"
[ -z "$(find half -name '*.partial')" ] || fail "left over: $(ls half/failures)"

# Two at once share the seeds.
"$seedbed" sweep "$chaos" --seeds 1..300 --set "$short" --out two -j1 \
    -q >first.out 2>&1 &
"$seedbed" sweep "$chaos" --seeds 1..300 --set "$short" --out two --jobs 1 \
    -q >second.out 2>&1 || fail "the second: $(cat second.out)"
wait $! || fail "the first: $(cat first.out)"
rows two two.rows
cmp whole.rows two.rows || fail "two at once are not the whole"

# SIGINT: what is begun is finished, and how to go on is said.
"$seedbed" sweep "$chaos" --seeds 1..100000 --set "$short" --out stopped \
    >stopped.out 2>&1 &
sleep 0.5
kill -INT $!
status=0
wait $! || status=$?
[ $status = 2 ] || fail "interrupted: exit code $status: $(cat stopped.out)"
grep -q '^  interrupted; go on with: seedbed sweep .* --resume$' stopped.out ||
    fail "does not say how to go on: $(cat stopped.out)"
[ "$(ask stopped "SELECT count(*) FROM runs WHERE verdict <> 'pass'")" = 0 ] ||
    fail "the interrupt got into the results"

# Another scenario, option or set of seeds.
expect 254 "$seedbed" sweep "$chaos" --seeds 1..300 --set 'duration=3 s' \
    --out whole --resume
complains "seedbed sweep: whole: found a sweep with another --set \
(duration=2 s), expected duration=3 s; --out DIR begins one beside it"
expect 0 "$seedbed" sweep "$chaos" --seeds 1..310 --set "$short" --out whole \
    --resume
says '^  found there 300 runs$'
expect 0 "$seedbed" sweep "$chaos" --seeds 1..5 --set "$short" --out whole -q
[ "$(ask whole 'SELECT count(*) FROM runs')" = 5 ] ||
    fail "a finished sweep is not replaced"
[ "$(ls -d whole*)" = "$(printf 'whole\nwhole.rows\nwhole.rows.columns')" ] ||
    fail "left beside it: $(ls -d whole*)"

# Wrong options: one line, 254.
wrong() {
    line=$1
    shift
    expect 254 "$seedbed" sweep "$chaos" --out wrong "$@"
    complains "seedbed sweep: $line"
    [ ! -e wrong ] || fail "a folder is left: $*"
}
wrong "--seeds: found '5', expected A..B such as 1..1000" --seeds 5
wrong "--seeds: found '5..1', expected A..B such as 1..1000" --seeds 5..1
wrong "--seed and --seeds: expected one of them" --seeds 1..2 --seed 1
wrong "--jobs: found '0', expected 1 to 1024" --jobs 0
wrong "--for: found 'long', expected a time such as 8h or \"90 s\"" --for long
wrong "--shard: found '3/2', expected K/N such as 1/4 with K from 1 to N" \
    --shard 3/2
wrong "--fail-fast: found 'x', expected a number from 1 on" --fail-fast x
wrong "--resume and --restart: expected one of them" --resume --restart
wrong "--resume: found no results.sqlite in wrong, expected a sweep to go on \
with" --resume
wrong "--junit: found 'none/x', expected a file in a folder that can be \
written to" --junit none/x
wrong "--csv: found '', expected a file in a folder that can be written to" \
    --csv ''
wrong "--bug: found 'nonsense', expected a name of \`seedbed bugs\`" \
    --bug nonsense
mkdir strange && touch strange/mine
expect 254 "$seedbed" sweep "$chaos" --seeds 1..2 --out strange
complains "seedbed sweep: --out strange: found a folder that is not of a \
sweep, expected none, an empty one or one with results.sqlite"

# --vary: all combinations of the values, the same seeds for each.
expect 0 "$seedbed" sweep "$chaos" --vary network.links.loss=0,10% \
    --vary nodes.count=3,5 --repeat 5 --set "$short" --out vary \
    --junit vary.xml --csv vary.csv
says '^PASS  raft-chaos, 20 runs of 4 variants: 20 passed'
says '^ +5 +0 +0 .* network\.links\.loss=10%, nodes\.count=3$'
[ "$(ask vary 'SELECT count(*), count(DISTINCT digest), min(seed), max(seed)
    FROM runs')" = '20|20|1|5' ] || fail "--vary: not every combination"
[ "$(ask vary "SELECT value FROM variant_values WHERE path = 'nodes.count'
    AND variant = 4")" = 5 ] || fail "--vary: the values are not told"
expect 0 "$seedbed" run "$chaos" --seed 3 --set "$short" --no-out --json \
    --set network.links.loss=10% --set nodes.count=3
json "digest=\"$(ask vary 'SELECT digest FROM runs WHERE seed = 3 AND
    variant = 3')\""
[ "$("$build/tests/check_junit" <vary.xml)" = '20 0 0 0' ] ||
    fail "--junit: $("$build/tests/check_junit" <vary.xml 2>&1)"
[ "$(wc -l <vary.csv)" = 21 ] || fail "--csv: $(wc -l <vary.csv) lines"
head -1 vary.csv | grep -q '^build,variant_name,variant,seed,verdict,digest,' ||
    fail "--csv: $(head -1 vary.csv)"
grep -q '^A,"network.links.loss=0%, nodes.count=5",2,4,pass,' vary.csv ||
    fail "--csv: no row of variant 2 and seed 4"

# --against: another build, the same seeds. This build is as good as itself; a
# program that is none is told.
cp "$seedbed" other
expect 0 "$seedbed" sweep "$chaos" --seeds 1..5 --set "$short" --out against \
    --against ./other
says '^  A/B         5 pairs, 5 with the same digest; 0 fail with B only, 0 w'
[ "$(ask against 'SELECT build, count(*) FROM runs JOIN variants
    USING(variant) GROUP BY build')" = "$(printf 'A|5\nB|5')" ] ||
    fail "--against: not both builds"
# The same but for what a re-run and two processes may say.
[ "$(ask against 'SELECT count(*) FROM runs AS a JOIN runs AS b USING(seed)
    WHERE a.variant = 1 AND b.variant = 2 AND
    a.metric_commits = b.metric_commits AND a.events = b.events AND
    a.fault_crash_mattered IS b.fault_crash_mattered')" = 5 ] ||
    fail "--against: numbers are lost on the way"
expect 254 "$seedbed" sweep "$chaos" --seeds 1..5 --against ./none
complains "seedbed sweep: --against: found no program './none'"
expect 254 "$seedbed" sweep "$chaos" --seeds 1..5 --against /bin/true
complains "seedbed sweep: /bin/true: found no object of a run in what it \
printed, expected a build of Seedbed"

# --since: what is new, what goes on, what is gone.
expect 1 "$seedbed" sweep "$chaos" --seeds 1..5 --set "$short" --out later \
    --set 'expect.elections=500..' --since bad
says '^    ongoing, 5 seeds'
expect 1 "$seedbed" sweep "$chaos" --seeds 1..5 --set "$short" --out news \
    --set 'expect.operations=100000' --since bad/results.sqlite --json
json 'since="bad/results.sqlite"' resolved
says '"state" : "new"'
says '^    "elections: '
expect 254 "$seedbed" sweep "$chaos" --seeds 1..2 --out early --since nothing
complains "seedbed sweep: --since: nothing: unable to open database file"
[ ! -e early ] || fail "--since is looked at too late"

# A seed that takes the simulator along costs that seed, and one that takes
# the worker along costs no other.
cat >unsteady.yaml <<EOF
duration: "100 ms"
nodes:
  count: 3
  program: "$build/tests/unsteady.so"
  config:
    mode: {choose: [none, none, none, none, none, none, abort, parent]}
EOF
first=1
until "$seedbed" run unsteady.yaml --seed $first --no-out --quiet 2>crash; do
    first=$((first + 1))
done
expect 255 "$seedbed" sweep unsteady.yaml --seed $first --repeat 60 \
    --out crashes --junit crashes.xml
says '^ERROR  unsteady, 60 seeds: '
says '^  the simulator failed, seed [0-9]+: the '
says "^    seedbed run unsteady.yaml --seed [0-9]+\$"
[ "$(ask crashes 'SELECT count(*) FROM runs')" = 60 ] || fail "seeds are lost"
for death in 'the simulator died of signal 6*' \
    'the process that ran it died of signal 9'; do
    [ "$(ask crashes "SELECT count(*) FROM runs WHERE verdict = 'error' AND
        message GLOB '$death'")" -gt 0 ] || fail "nobody: $death"
done
"$build/tests/check_junit" <crashes.xml | grep -q '^60 0 [1-9][0-9]* 0$' ||
    fail "--junit of crashes"

# What is not deterministic is found by running it twice.
for mode in address rubbish; do
    # AddressSanitizer has an allocator of its own, which gives the same rubbish.
    if [ $mode = rubbish ] && grep -q '^#define SEEDBED_SANITIZE 1' \
        "$build/config.h"; then
        continue
    fi
    expect 1 "$seedbed" sweep unsteady.yaml --seeds 1..3 --out odd-$mode \
        --set nodes.config.mode=$mode
    says '^  determinism: run again '
    says '^    seedbed verify unsteady.yaml --seed 1 --set '
    says '^  run twice   1 .* NOT ALL TO THE SAME DIGEST$'
done

# A full disk is one line, and what was there stays.
if mkdir tiny 2>/dev/null && mount -t tmpfs -o size=160k none tiny 2>/dev/null
then
    got=0
    "$seedbed" sweep "$chaos" --seeds 1..2000 --set "$short" --out tiny/full \
        -q 2>stderr || got=$?
    full=$(cat stderr)
    [ "$(ask tiny/full 'PRAGMA integrity_check')" = ok ] || got=damaged
    umount tiny
    [ "$got" = 255 ] || fail "full disk: $got: $full"
    [ "$(printf '%s\n' "$full" | wc -l)" = 1 ] || fail "full disk: $full"
fi
