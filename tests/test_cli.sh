#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The command line: exit codes, what is on stderr and what --json prints.
set -eu
. "${srcdir:-.}/tests/command.sh"

steady=$scenarios/raft-steady.yaml
cd "$folder"
mkdir full
echo mine >full/file
"$seedbed" run "$steady" --seed 1 --set 'duration=5 s' --out run --quiet

# Mistakes: the arguments, and the one line about them. Exit code 254.
while IFS='|' read -r arguments line; do
    case $arguments in '' | '#'*) continue ;; esac
    eval "expect 254 '$seedbed' $arguments"
    complains "$line"
done <<'EOF'
fly|seedbed: found verb 'fly', expected one of `seedbed --help`
--fly|seedbed: found verb '--fly', expected one of `seedbed --help`
run|seedbed run: found 0 operands, expected: seedbed run SCENARIO
run a b|seedbed run: found 2 operands, expected: seedbed run SCENARIO
run --fly a|seedbed run: Unknown option --fly
run a --seed|seedbed run: Missing argument for --seed
run a --seed x|seedbed run: --seed: found 'x', expected a decimal number, 0x... or a 40-digit commit hash
run a --seed -1|seedbed run: --seed: found '-1', expected a decimal number, 0x... or a 40-digit commit hash
run a --seed 0x|seedbed run: --seed: found '0x', expected a decimal number, 0x... or a 40-digit commit hash
run a --seed 18446744073709551616|seedbed run: --seed: found '18446744073709551616', expected a decimal number, 0x... or a 40-digit commit hash
run a --seed 1x|seedbed run: --seed: found '1x', expected a decimal number, 0x... or a 40-digit commit hash
run a --isolation thread|seedbed run: --isolation: found 'thread', expected inline or process
run a --workers 0|seedbed run: --workers: found '0', expected 1 to 64
run a --workers 65|seedbed run: --workers: found '65', expected 1 to 64
run a --workers two|seedbed run: --workers: found 'two', expected 1 to 64
run a --explore-order 0|seedbed run: --explore-order: found '0', expected a number that is not 0
run a --capture video|seedbed run: --capture: found 'video', expected pcap or pcapng
run a --no-out --out b|seedbed run: --no-out: leaves nothing, so it does not go with --out, --trace or --capture
run a --out ''|seedbed run: --out: found '', expected a folder
verify a --out ''|seedbed verify: --out: found '', expected a folder
run a --bug no-such-bug|seedbed run: --bug: found 'no-such-bug', expected a name of `seedbed bugs`
verify|seedbed verify: found 0 operands, expected: seedbed verify SCENARIO
verify a --workers none|seedbed verify: --workers: found 'none', expected 1 to 64
verify a --trace text|seedbed verify: --trace, --capture and --no-out: expected none of them; --out DIR keeps the two sides of a difference
replay|seedbed replay: found 0 operands, expected: seedbed replay DIR
replay absent|seedbed replay: absent: not a folder; expected a run folder
replay full|seedbed replay: full: no run.json in it; expected a run folder
replay run --until soon|seedbed replay: --until: found 'soon', expected a time such as "5.2 s" or 5.204000512
replay run --until ''|seedbed replay: --until: found '', expected a time such as "5.2 s" or 5.204000512
replay run --gdb zero|seedbed replay: --gdb: found 'zero', expected a node such as 2
replay run --gdb 0|seedbed replay: --gdb: found '0', expected a node such as 2
replay run --quiet --gdb 6|seedbed replay: --gdb: found '6', expected a node of 1 to 5
replay run --json --print-trace|seedbed replay: --print-trace and --json both want stdout: expected one of them
bisect run|seedbed bisect: found 1 operand, expected: seedbed bisect A B
bisect run absent|seedbed bisect: absent: not a folder; expected a run folder
bugs now|seedbed bugs: found 1 operand, expected: seedbed bugs
list everything|seedbed list: found 'everything', expected scenarios, programs, distributions, faults, regions, keys, topologies, checks, models, bugs, nemesis, sometimes or buggify
list faults keys|seedbed list: found 2 operands, expected: seedbed list [scenarios|programs|distributions|faults|regions|keys|topologies|checks|models|bugs|nemesis|sometimes|buggify]
list faults --man|seedbed list: --man: expected seedbed list keys --man
plot|seedbed plot: found 0 operands, expected: seedbed plot DIR [SWEEP2]
EOF

# Mistakes whose line is another file's matter: one line, exit 254.
while read -r arguments; do
    eval "expect 254 '$seedbed' $arguments"
    [ "$(wc -l <stderr)" -eq 1 ] || fail "not one line: $arguments: $(cat stderr)"
    [ ! -s stdout ] || fail "stdout is not empty: $arguments"
done <<EOF
run absent.yaml
run no-such-name
run $steady --set
run $steady --set no.such.key=1
run $steady --set 'duration=5 parsecs'
run $steady --plan absent.yaml
run $steady --set nodes=
run $steady --set network.regions=us --set 'nodes.regions=[us-east-1]'
run $steady --set 'clients[9].count=5'
run $steady --out full
plot full
EOF

# A plan names nodes that the scenario has, and regions that there are.
while IFS='|' read -r line what; do
    printf '# a plan\n- {at: "1 s", kind: %s, for: "1 s"}\n' "$line" >plan.yaml
    expect 254 "$seedbed" run "$steady" --plan plan.yaml --no-out
    complains "seedbed run: plan.yaml:2:$what"
done <<'EOF'
crash, nodes: n6|35: 0.nodes: found "n6", expected a node n1..n5
clog, nodes: n1, to: [n2, n7]|42: 0.to: found "n7", expected a node n1..n5
partition, groups: [[n1, n9], rest]|41: 0.groups: found "n9", expected a node n1..n5
pause, nodes: region:utopia|35: 0.nodes: found "region:utopia", expected a region of `seedbed list regions`
EOF
[ "$(cat full/file)" = mine ] || fail "--out full was not left alone"

# Help comes first with an example; no verb at all is a mistake.
expect 254 "$seedbed"
for verb in run replay verify bisect plot bugs list; do
    expect 0 "$seedbed" $verb --help
    says '^Example:$'
    says "^  seedbed $verb"
    [ "$(grep -n '^Example:$' stdout | cut -d: -f1)" -le 4 ] ||
        fail "$verb --help does not begin with an example"
    expect 0 "$seedbed" --help
    says "^  $verb "
done
expect 0 "$seedbed" --version
says '^seedbed [0-9.]+ [0-9a-f]{16} \('

# What cannot be printed is no success, whatever was to be said.
while read -r arguments; do
    got=0
    eval "'$seedbed' $arguments" >/dev/full 2>stderr || got=$?
    [ "$got" -eq 255 ] || fail "a full disk: exit code $got: $arguments"
    : >stdout
    complains "seedbed: cannot write to standard output: \
No space left on device"
done <<EOF
run $steady --set 'duration=5 s' --no-out --json
run $steady --set 'duration=5 s' --no-out
run --help
replay run
bisect run run --json
list keys
bugs
--help
--version
EOF

# An index in brackets is the index between dots.
for set in 'clients[0].count=9' 'clients.0.count=9'; do
    expect 0 "$seedbed" run "$steady" --set 'duration=5 s' --set "$set" \
        --out "$set" --quiet
done
cmp -s 'clients[0].count=9/scenario.yaml' clients.0.count=9/scenario.yaml ||
    fail "clients[0].count is not clients.0.count"
rm -r clients*

# JSON: one object and nothing else.
expect 0 "$seedbed" run "$steady" --seed 0x10 --set 'duration=5 s' --no-out \
    --json
json 'scenario="raft-steady"' 'seed="16"' 'verdict="pass"' violations digest \
    events messages.sent messages.delivered messages.dropped virtual_ns \
    wall_ns 'isolation="inline"' workers=1 metrics faults 'out=""' 'bugs=[]' \
    'explore_order="0"' build replay
[ ! -e out ] || fail "--no-out left a folder"
json_digest=$(grep '"digest"' stdout)
expect 0 "$seedbed" run "$steady" --seed 16 --set 'duration=5 s' --no-out \
    --json --workers 2
json workers=2
[ "$(grep '"digest"' stdout)" = "$json_digest" ] || fail "0x10 is not 16"
expect 0 "$seedbed" run "$steady" --no-out --set 'duration=5 s' --quiet \
    --seed 6f1ed002ab5595859014ebf0951522d9b1d1f3a5
[ ! -s stdout ] || fail "--quiet says something"
expect 0 "$seedbed" bugs --json
json compiled_in bugs
expect 0 "$seedbed" bugs
says '^raft-vote-not-durable +raft +'
expect 0 "$seedbed" list --json
json scenarios programs distributions faults regions keys topologies checks bugs
for what in scenarios programs distributions faults regions keys topologies \
    checks bugs; do
    expect 0 "$seedbed" list $what --json
    json $what
    expect 0 "$seedbed" list $what
    [ "$(wc -l <stdout)" -ge 1 ] || fail "list $what says nothing"
done

# Names of scenarios work where the scenarios are.
cd "$srcdir"
expect 0 "$seedbed" list scenarios
says '^raft-steady +[^ ].* tests/scenarios/raft-steady.yaml$'
expect 0 "$seedbed" run raft-steady --no-out --json --set 'duration=5 s' \
    --seed 16
[ "$(grep '"digest"' "$folder/stdout")" = "$json_digest" ] ||
    fail "the name is not the file"
cd "$folder"

# The manual page is roff that man can read.
expect 0 "$seedbed" list keys --man
says '^\.TH SEEDBED-SCENARIO 5 '

# Every check that can be violated is in the list.
expect 0 "$seedbed" list checks
for check in $(cat "$srcdir"/sim/checks*.c | tr -d '\n' |
    grep -o 'checks_violate([^;"]*"[a-z-]*"' | sed 's/.*"\(.*\)"/\1/' |
    sort -u); do
    says "^$check "
done

# A violated run ends with 1, where there are bugs to plant.
expect 0 "$seedbed" bugs
if grep -q 'Compiled in' stdout; then
    expect 1 "$seedbed" run "$scenarios/raft-partition.yaml" --seed 1 \
        --no-out --bug raft-ack-before-sync --json
    json 'verdict="violated"' 'bugs=["raft-ack-before-sync"]'
else
    expect 254 "$seedbed" run "$steady" --bug raft-ack-before-sync
    complains "seedbed run: --bug raft-ack-before-sync: this build has no planted bugs; configure with --enable-bugs"
fi
nothing_left
exit 0
