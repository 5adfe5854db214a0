#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Chaos that is honest: buggify sites and sometimes facts are counted, in
# either isolation and in programs of one's own.
set -eu
. "${srcdir:-.}/tests/command.sh"

# name of the object, name -> number
number() {
    sed -n "/\"$1\" *:/,/}/s/.*\"$2\" *: *\([0-9]*\).*/\1/p" "$folder/stdout"
}

# Every name is there, also of what was not reached; off unless asked for.
expect 0 "$seedbed" run "$scenarios/raft-steady.yaml" --seed 1 --json --no-out
for site in $("$seedbed" list buggify | sed 1d | cut -d' ' -f1); do
    [ "$(number buggify "$site")" = 0 ] || fail "$site fired, or is not there"
done
for fact in $("$seedbed" list sometimes | sed 1d | cut -d' ' -f1); do
    [ -n "$(number sometimes "$fact")" ] || fail "$fact is not there"
done
[ "$(number sometimes raft-recover-refused)" = 0 ] || fail "refused what?"
expect 0 "$seedbed" list sometimes --json
json sometimes
expect 0 "$seedbed" list buggify --json
json buggify

# Switched on, sites fire, and every way of running agrees.
expect 0 "$seedbed" verify "$scenarios/raft-chaos.yaml" --seed 4 \
    --set buggify=on
says '^one digest '

# Over some seeds, every site does, and nearly every fact is reached.
for seed in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24; do
    expect 0 "$seedbed" run "$scenarios/raft-chaos.yaml" --seed $seed --json \
        --no-out --set buggify=on
    cat "$folder/stdout" >>"$folder/all"
done
for site in $("$seedbed" list buggify | sed 1d | cut -d' ' -f1); do
    grep -q "\"$site\" *: *[1-9]" "$folder/all" || fail "$site never fired"
done
for fact in raft-leader-deposed raft-leader-uncommitted raft-split-vote \
    raft-leader-without-quorum raft-pre-vote-failed raft-vote-taken \
    raft-truncated raft-truncated-durable raft-append-early raft-append-gap \
    raft-window-full raft-commit-older raft-commit-before-own-disk \
    raft-snapshot-taken raft-snapshot-sent raft-install-log-replaced \
    raft-recover-torn raft-recover-voted raft-recover-snapshot \
    raft-vote-log-behind kv-outcome-unknown host-lost-bytes \
    host-message-to-nobody host-message-twice host-message-damaged \
    host-message-held host-stream-reset; do
    grep -q "\"$fact\" *: *[1-9]" "$folder/all" || fail "$fact never reached"
done

# A program of one's own asks the installed header.
cat >"$folder/turns.yaml" <<END
duration: "2 s"
nodes: {count: 3, program: "$build/tests/turns.so"}
END
for seed in 1 2 3 4 5 6; do
    expect 0 "$seedbed" verify "$folder/turns.yaml" --seed $seed \
        --set buggify=on
    says '^one digest '
    grep '^one digest' "$folder/stdout" >"$folder/on.$seed"
    expect 0 "$seedbed" run "$folder/turns.yaml" --seed $seed --json --no-out
    digest=$(sed -n 's/.*"digest" *: *"\([0-9a-f]*\)".*/\1/p' "$folder/stdout")
    grep -q "$digest" "$folder/on.$seed" || touch "$folder/differs"
done
[ -f "$folder/differs" ] || fail "buggify changed nothing in six seeds"
nothing_left
exit 0
