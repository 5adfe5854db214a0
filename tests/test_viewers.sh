#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Traces and captures for other people's viewers, read by other people's tools:
# protoc with Perfetto's public field numbers, tshark for pcapng, awk for the
# vector clocks of ShiViz. All three and the text trace tell of the same
# messages by the same names, and of as many as run.json.
set -eu

srcdir=${srcdir:-.}
source=$(cd "$srcdir" && pwd)
command -v tshark >/dev/null || exit 77
command -v protoc >/dev/null || exit 77

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

fail() {
    echo "test_viewers: $*" >&2
    exit 1
}

# The profile as it is installed, but with the .proto files of the sources.
mkdir "$folder/profile"
cp "$source/plots/wireshark/preferences" "$source/plots/wireshark/seedbed.lua" \
    "$folder/profile"
printf '"%s","TRUE"\n' "$source/proto" >"$folder/profile/protobuf_search_paths"
WIRESHARK_CONFIG_DIR=$folder/profile
export WIRESHARK_CONFIG_DIR

# file, arguments of tshark
read_capture() {
    file=$1
    shift
    tshark -X "lua_script:$folder/profile/seedbed.lua" -r "$file" "$@" \
        2>"$folder/stderr" || {
        cat "$folder/stderr" >&2
        fail "$file: tshark failed"
    }
}

# name, file: a number of run.json
number() {
    awk -F '[:,]' -v name="\"$1\"" '$1 ~ name" *$" { print $2 + 0; exit }' "$2"
}

same() {
    [ "$2" = "$3" ] || fail "$1: found $2, expected $3"
}

# folder: messages lost on their way or at their end, by name, as the capture,
# the trace in text, ShiViz's and Perfetto's tell them.
judge() {
    run=$1
    dropped=$(number dropped "$run/run.json")
    delivered=$(number delivered "$run/run.json")
    lost='frame.verdict.ebpf_tc == 2 && !(tcp.flags.syn == 1) && !(tcp.flags.fin == 1)'

    # Fragments and segments of one message are one.
    read_capture "$run/capture.pcapng" -Y "$lost" -T fields \
        -E separator='|' -e frame.time_epoch -e frame.packet_id -e frame.interface_name \
        -e frame.comment | sort -u >"$folder/lost"
    same "$run: dropped packets" "$(wc -l <"$folder/lost")" "$dropped"
    # 2^40 * cell + number, as its name says.
    awk -F '|' '{
        split(substr($4, 2), id, /[. ]/)
        if ($4 !~ /^m[0-9]+\.[0-9]+ (lost|dropped): [a-z]/ ||
            id[1] * 1099511627776 + id[2] != $2 + 0) { print; exit 1 }
        if ($4 ~ /lost:/ && $3 != "n" id[1] && $3 != "client" id[1]) {
            print "not on its sender'\''s card: " $0; exit 1 }
    }' "$folder/lost" || fail "$run: a dropped packet without its rule"
    read_capture "$run/capture.pcapng" -2 -Y '_ws.malformed ||
        ip.checksum.status == "Bad" || udp.checksum.status == "Bad" ||
        tcp.checksum.status == "Bad"' >"$folder/found"
    [ ! -s "$folder/found" ] || fail "$run: $(head -n 1 "$folder/found")"

    # Oddities that arrived: as many as were counted.
    for oddity in 'again: duplicate|duplicated' 'damaged: a bit|corrupted'; do
        read_capture "$run/capture.pcapng" -T fields -e frame.packet_id \
            -e frame.comment -Y "frame.comment contains \"${oddity%|*}\"" |
            sort -u >"$folder/odd"
        [ "$(wc -l <"$folder/odd")" -le \
            "$(number "messages_${oddity#*|}" "$run/run.json")" ] ||
            fail "$run: too many packets are ${oddity#*|}"
    done

    # The same names in the text trace.
    cut -d '|' -f 4 "$folder/lost" | cut -d ' ' -f 1 | sort >"$folder/ours"
    grep -E ' m[0-9]+\.[0-9]+.*; lost: | drop what came from' \
        "$run/trace.txt" | grep -v -E ' > (syn|syn-ack|fin) of stream ' |
        grep -o -E ' m[0-9]+\.[0-9]+' | tr -d ' ' | sort >"$folder/theirs"
    sort -u "$folder/ours" >"$folder/ours.once"
    sort -u "$folder/theirs" >"$folder/theirs.once"
    cmp "$folder/ours.once" "$folder/theirs.once" ||
        fail "$run: the capture and the text trace drop different messages"

    awk -f "$source/tests/check_shiviz.awk" "$run/trace.shiviz" \
        >"$folder/clocks" || fail "$run: $(cat "$folder/clocks")"
    same "$run: arrivals in trace.shiviz" \
        "$(cut -d ' ' -f 2 "$folder/clocks")" "$delivered"

    protoc --decode=perfetto.protos.Trace -I"$source/tests" perfetto.proto \
        <"$run/trace.perfetto-trace" >"$folder/decoded" ||
        fail "$run: protoc cannot read the trace"
    if grep -n -E '^ *[0-9]+(:| \{)' "$folder/decoded" | head -n 3 | grep .; then
        fail "$run: a field that Perfetto does not have"
    fi
    awk -f "$source/tests/check_perfetto.awk" "$folder/decoded" \
        >"$folder/counts" || fail "$run: $(cat "$folder/counts")"
    same "$run: arrivals for Perfetto" "$(number receive "$folder/counts")" \
        "$delivered"
    same "$run: losses for Perfetto" "$(number lost "$folder/counts")" \
        "$dropped"
}

everything="--trace text --trace perfetto --trace shiviz --capture pcap
    --capture pcapng"
for scenario in raft-chaos raft-streams raft-regions; do
    # shellcheck disable=SC2086
    ./seedbed run "$source/tests/scenarios/$scenario.yaml" --seed 3 \
        --set duration="3 s" $everything --quiet \
        --out "$folder/$scenario" || [ $? -eq 1 ]
    judge "$folder/$scenario"
done

read_capture "$folder/raft-chaos/capture.pcapng" -T fields -e frame.comment |
    sort | uniq >"$folder/comments"
grep -q ' again: duplicate' "$folder/comments" || fail "nothing came twice"
grep -q ' damaged: a bit' "$folder/comments" || fail "nothing was damaged"

# Names, cards and rules where a human looks for them.
run=$folder/raft-partition
# shellcheck disable=SC2086
./seedbed run "$source/tests/scenarios/raft-partition.yaml" --seed 7 \
    --set duration="8 s" $everything --quiet --out "$run" || [ $? -eq 1 ]
judge "$run"
for what in 'frame.interface_name == "n3" && frame.interface_description == "node 3"' \
    'frame.comment contains "lost: partition, fault 1"' \
    'frame.interface_name == "client6" && tcp' \
    'frame.packet_flags_direction == 1 && udp' \
    'frame.packet_flags_direction == 2 && frame.verdict.ebpf_tc == 2' \
    'seedbed.id == "m3.6"'; do
    read_capture "$run/capture.pcapng" -Y "$what" >"$folder/found"
    [ -s "$folder/found" ] || fail "no packet with $what"
done
capinfos "$run/capture.pcapng" >"$folder/infos"
grep -q 'seed 7; virtual time 0' "$folder/infos" || fail "no word of the seed"
grep -q 'Time resolution = 0x09' "$folder/infos" || fail "no nanoseconds"
for what in 'name: "fault 1"' 'name: "partition n' 'name: "leader"' \
    'name: "commit index"' 'name: "messages on their way"'; do
    grep -q "$what" "$folder/decoded" || fail "Perfetto: no $what"
done

# A replay writes the same, into the folder; and only what was asked for.
cp -r "$run" "$folder/copy"
rm "$folder/copy"/trace.* "$folder/copy"/capture.*
# shellcheck disable=SC2086
./seedbed replay "$folder/copy" $everything --quiet
for file in trace.txt trace.perfetto-trace trace.shiviz capture.pcap \
    capture.pcapng; do
    cmp "$run/$file" "$folder/copy/$file" || fail "replayed: another $file"
done
rm "$folder/copy"/trace.* "$folder/copy"/capture.*
./seedbed replay "$folder/copy" --until "1 s" --trace shiviz --quiet
[ -s "$folder/copy/trace.shiviz" ] || fail "replayed up to 1 s: no file"
[ ! -e "$folder/copy/trace.txt" ] || fail "replayed: a file nobody asked for"
[ "$(wc -c <"$folder/copy/trace.shiviz")" -lt \
    "$(wc -c <"$run/trace.shiviz")" ] || fail "replayed: not cut at 1 s"

# A wrong form is one line.
for option in "--trace jaeger" "--capture pcapngng"; do
    # shellcheck disable=SC2086
    if ./seedbed replay "$folder/copy" $option >"$folder/out" 2>"$folder/err"; then
        fail "$option: taken"
    elif [ $? -ne 254 ] || [ "$(wc -l <"$folder/err")" -ne 1 ]; then
        fail "$option: $(cat "$folder/err")"
    fi
done

# The judges see what is wrong: a clock that goes back, a flow from nowhere, a
# message that nobody dropped.
sed '2000s/:\([0-9]\)/:9\1/' "$run/trace.shiviz" >"$folder/bad.shiviz"
if awk -f "$source/tests/check_shiviz.awk" "$folder/bad.shiviz" >/dev/null; then
    fail "a wrong clock went unseen"
fi
awk '/terminating_flow_ids/ && !done { sub(/[0-9]+$/, "12345"); done = 1 }
    { print }' "$folder/decoded" >"$folder/bad.decoded"
if awk -f "$source/tests/check_perfetto.awk" "$folder/bad.decoded" \
    >/dev/null; then
    fail "a flow from nowhere went unseen"
fi
sed 's/"dropped" : /"dropped" : 1/' "$run/run.json" >"$folder/copy/run.json"
mv "$folder/copy/run.json" "$run/run.json"
if (judge "$run") 2>/dev/null; then
    fail "a wrong number of drops went unseen"
fi
