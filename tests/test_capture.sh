#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Captures beside an independent reader: tshark finds every checksum right,
# nothing malformed (with our profile and without), nothing missing from a TCP
# stream, and the fields of our messages. Captures given as arguments are
# judged too: test_capture.sh FILE...
set -eu

srcdir=${srcdir:-.}
source=$(cd "$srcdir" && pwd)
command -v tshark >/dev/null || exit 77

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

fail() {
    echo "test_capture: $*" >&2
    exit 1
}

# The profile as it is installed, but with the .proto files of the sources; and
# a user's who has none.
mkdir "$folder/profile" "$folder/plain"
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

# file, filter: nothing may match. With -2, so that fragments are put together
# first.
none() {
    read_capture "$1" -2 -Y "$2" >"$folder/found"
    if [ -s "$folder/found" ]; then
        head -n 5 "$folder/found" >&2
        fail "$1: $2"
    fi
}

# file, filter: something must match.
some() {
    read_capture "$1" -2 -Y "$2" >"$folder/found"
    [ -s "$folder/found" ] || fail "$1: no packet with $2"
}

# file: with no help, tshark takes no message of ours for another protocol's.
plain() {
    WIRESHARK_CONFIG_DIR=$folder/plain tshark -r "$1" -2 -T fields \
        -e frame.protocols -e _ws.malformed 2>"$folder/stderr" |
        sort | uniq -c >"$folder/found"
    [ -s "$folder/found" ] || fail "$1: plain tshark reads nothing"
    if grep -v -E ' eth:ethertype:ip(:data|:(udp|tcp)(:data)?)[[:space:]]*$' \
        "$folder/found" >&2; then
        fail "$1: to plain tshark not just data"
    fi
}

# file: of a network that corrupts nothing; every message is whole and decoded.
sound() {
    none "$1" 'seedbed.message == "damaged"'
    none "$1" 'udp.port == 46001 && !pbf.seedbed.raft.Message.checksum'
    some "$1" 'pbf.seedbed.raft.AppendRequest.term'
    some "$1" 'pbf.seedbed.raft.Entry.checksum'
    some "$1" 'pbf.seedbed.kv.Request.key'
    some "$1" 'pbf.seedbed.kv.Reply.index'
}

# file: a client's stream holds the bytes of its segments, all of them.
follow() {
    read_capture "$1" -Y 'tcp.dstport == 46002 && tcp.len > 0' \
        -T fields -e tcp.stream >"$folder/streams"
    stream=$(head -n 1 "$folder/streams")
    [ -n "$stream" ] || fail "$1: no client spoke"
    read_capture "$1" -Y "tcp.stream == $stream" -T fields -e tcp.len \
        >"$folder/lengths"
    read_capture "$1" -q -z "follow,tcp,raw,$stream" >"$folder/follow"
    sent=$(awk '{ sum += $1 } END { print sum + 0 }' "$folder/lengths")
    shown=$(grep -E -x '[[:space:]]*([0-9a-f]{2})+' "$folder/follow" |
        tr -d '[:space:]' | wc -c)
    [ "$shown" -eq $((2 * sent)) ] ||
        fail "$1: stream $stream has $sent bytes, followed $shown digits"
}

judge() {
    plain "$1"
    none "$1" '_ws.malformed'
    none "$1" 'ip.checksum.status == "Bad" || udp.checksum.status == "Bad" || tcp.checksum.status == "Bad"'
    none "$1" 'ip.checksum.status == "Unverified"'
    none "$1" 'tcp.analysis.flags'
    none "$1" '_ws.expert.severity == "Error"'
    read_capture "$1" -q -z io,phs >"$folder/hierarchy"
    if grep -q -i lua "$folder/stderr"; then
        cat "$folder/stderr" >&2
        fail "$1: the dissector complains"
    fi
}

for capture in "$@"; do
    judge "$capture"
done

tests/make_run "$folder" 5 2 6 1 >/dev/null
capture=$folder/capture.pcap
judge "$capture"

# name, duration: a real run, ended too soon for what its scenario expects.
run() {
    ./seedbed run "$source/tests/scenarios/$1.yaml" --seed 1 \
        --set duration="$2" --capture pcap --quiet \
        --out "$folder/$1" || [ $? -eq 1 ]
    real=$folder/$1/capture.pcap
    judge "$real"
}

# Lost, doubled, damaged and late packets, crashes, resets.
for scenario in raft-chaos raft-regions; do
    run "$scenario" "4 s"
    follow "$real"
done
run raft-streams "700 ms"
sound "$real"
some "$real" 'tcp.port == 46001 && pbf.seedbed.raft.AppendRequest.term'
run raft-partition "8 s"
sound "$real"
follow "$real"

# A field that the .proto file lacks is seen: every message of Raft has a
# checksum.
mv "$folder/profile/protobuf_search_paths" "$folder/paths"
mkdir "$folder/lacking"
cp "$source/proto/kv.proto" "$folder/lacking"
sed '/fixed64 checksum = 15/d' "$source/proto/raft.proto" \
    >"$folder/lacking/raft.proto"
printf '"%s","TRUE"\n' "$folder/lacking" \
    >"$folder/profile/protobuf_search_paths"
some "$real" 'seedbed.message == "damaged" && udp.port == 46001'
if (sound "$real") 2>/dev/null; then
    fail "a field without a place in the schema went unseen"
fi
mv "$folder/paths" "$folder/profile/protobuf_search_paths"

# Our ports belong to nobody else, and those that streams come from neither.
tshark -G decodes 2>/dev/null >"$folder/decodes"
grep -q '^udp\.port' "$folder/decodes" || fail "no list of dissectors"
if awk -F '\t' '($1 == "udp.port" || $1 == "tcp.port") &&
        $2 >= 46000 && $2 <= 46255 ||
        $1 == "tcp.port" && $2 >= 35000 && $2 <= 43999' "$folder/decodes" |
    grep . >&2; then
    fail "a built-in dissector claims a port of ours"
fi

# Nanoseconds since 2020, in order.
capinfos -T -m -r -o -a "$capture" >"$folder/infos"
grep -q True "$folder/infos" || fail "packets out of order"
[ "$(od -An -tx4 -N4 "$capture" | tr -d ' ')" = a1b23c4d ] ||
    fail "no nanosecond stamps"
read_capture "$capture" -c 1 -T fields -e frame.time_epoch >"$folder/epoch"
grep -q '^1577836800\.000001015' "$folder/epoch" || fail "$(cat "$folder/epoch")"

# Both protocols, with fields, by port and on a stream.
some "$capture" 'udp.dstport == 46001 && pbf.seedbed.raft.VoteRequest.term == 2'
some "$capture" 'pbf.seedbed.raft.VoteReply.granted == 1'
some "$capture" 'tcp.dstport == 46002 && pbf.seedbed.kv.Request.key == "k3"'
some "$capture" 'tcp.srcport == 46002 && pbf.seedbed.kv.Reply.index > 0'
some "$capture" 'seedbed.message == "append_request"'
# Fragments put together again, and a reply of 70,000 bytes over many segments.
some "$capture" 'ip.fragments && pbf.seedbed.raft.AppendRequest.term'
some "$capture" 'tcp.segments && seedbed.length > 70000 && pbf.seedbed.kv.Reply.index'
# A datagram with a flipped bit is shown as such, and as nothing else.
some "$capture" 'seedbed.message == "damaged" && udp'
# The end of streams.
some "$capture" 'tcp.flags.reset == 1'
some "$capture" 'tcp.flags.fin == 1'
# Who it is: node 3 of region 2, client 6.
some "$capture" 'eth.addr == 02:5b:02:00:00:03 && ip.addr == 10.2.0.3'
some "$capture" 'eth.addr == 02:5b:00:01:00:06 && ip.addr == 10.200.0.6'

# Follow the stream of client 7 to node 1: what it said is there.
read_capture "$capture" -q -z follow,tcp,ascii,2 >"$folder/follow"
grep -q '^Node 1: 10.1.0.1:46002' "$folder/follow" || fail "no stream to follow"
grep -q 'k3.*value' "$folder/follow" || fail "the stream lost its bytes"

# The judge sees what is wrong: one bit of the first segment's sequence number.
cp "$capture" "$folder/bad.pcap"
printf '\377' | dd of="$folder/bad.pcap" bs=1 seek=78 conv=notrunc 2>/dev/null
if (judge "$folder/bad.pcap") 2>/dev/null; then
    fail "a wrong checksum went unseen"
fi
