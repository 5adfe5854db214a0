#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The script of a night: the canary first, results kept by night, the night
# before compared with, old nights gone, and its exit code.
# shellcheck disable=SC2154  # $seedbed and others come from command.sh
set -eu
. "${srcdir:-.}/tests/command.sh"

cd "$folder"
nightly=$srcdir/tests/nightly/nightly.sh
export SEEDBED="$seedbed" FOR=1s RESULTS=nights OPTIONS="--jobs 1"
cat >bad.yaml <<END
duration: "500 ms"
nodes: {count: 3, program: raft-kv}
expect: {elections: "500.."}
END
sed '/^expect/d' bad.yaml >good.yaml
mkdir -p tests/scenarios

cp bad.yaml tests/scenarios/canary.yaml
expect 0 sh "$nightly" good.yaml
says '^PASS  good, [1-9][0-9]* seeds'
[ -s nights/last/good/results.sqlite ] || fail "no results"
[ -s nights/last/good.xml ] || fail "no JUnit"
first=$(readlink nights/last)

# The next night: another seed, one failure that is new, then ongoing.
export SEED=5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed
mkdir -p nights/last/bad
cp nights/last/good/results.sqlite nights/last/bad/
while [ "$(date -u +%Y-%m-%dT%H%M%SZ)" = "$first" ]; do sleep 0.1; done
expect 1 sh "$nightly" good.yaml bad.yaml
says '^    new, [1-9][0-9]* seeds, first seed [0-9]+'
second=$(readlink nights/last)
[ "$first" != "$second" ] || fail "the same night"
while [ "$(date -u +%Y-%m-%dT%H%M%SZ)" = "$second" ]; do sleep 0.1; done
expect 1 env KEEP=2 sh "$nightly" bad.yaml
says '^    ongoing, '
[ ! -e "nights/$first" ] || fail "old nights stay"
[ -e "nights/$second" ] || fail "the night before is gone"

# A canary that lives ends the night.
cp good.yaml tests/scenarios/canary.yaml
expect 255 sh "$nightly" good.yaml
complains "seedbed sweep: --canary: tests/scenarios/canary.yaml with seed \
$("$seedbed" run good.yaml --seed "$SEED" --no-out --json |
    sed -n 's/.*"seed" : "\(.*\)",/\1/p') must be violated, but it was not: \
what this sweep does not find means nothing"
expect 254 env FOR=long sh "$nightly" good.yaml
