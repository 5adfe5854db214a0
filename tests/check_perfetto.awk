# SPDX-License-Identifier: Apache-2.0
# The text that protoc makes of a Perfetto trace: every event is on a track
# that was described, of its kind; time does not go back on a track; every
# slice ends; a flow ends where something flows. Prints how many events of each
# category there are, or what is wrong.
function wrong(what)
{
    print "packet at line " start ": " what
    failed = 1
    exit 1
}

function packet_ends()
{
    if (is_track) {
        if (uuid in tracks) {
            wrong("track " uuid " twice")
        }
        if (parent != "" && !(parent in tracks)) {
            wrong("no parent " parent)
        }
        tracks[uuid] = is_counter ? "counter" : "slices"
        return
    }
    if (!(track in tracks)) {
        wrong("no track " track)
    }
    if ((type == "TYPE_COUNTER") != (tracks[track] == "counter")) {
        wrong(type " on a track of " tracks[track])
    }
    if (at + 0 < last[track] + 0) {
        wrong("time goes back on track " track)
    }
    last[track] = at
    depth[track] += (type == "TYPE_SLICE_BEGIN") - (type == "TYPE_SLICE_END")
    if (depth[track] < 0) {
        wrong("an end without a beginning on track " track)
    }
    if (type == "TYPE_COUNTER" && value + 0 < 0) {
        wrong("less than nothing on track " track)
    }
    if (category != "") {
        counts[category]++
    }
}

$1 == "packet" {
    start = NR
    is_track = is_counter = 0
    uuid = parent = track = type = at = value = category = ""
}
$1 == "track_descriptor" { is_track = 1 }
$1 == "counter" { is_counter = 1 }
$1 == "uuid:" { uuid = $2 }
$1 == "parent_uuid:" { parent = $2 }
$1 == "track_uuid:" { track = $2 }
$1 == "timestamp:" { at = $2 }
$1 == "type:" { type = $2 }
$1 == "counter_value:" { value = $2 }
$1 == "categories:" { category = $2 }
$1 == "flow_ids:" { flows[$2] = 1 }
$1 == "terminating_flow_ids:" {
    if (!($2 in flows)) {
        wrong("flow " $2 " comes from nowhere")
    }
}
/^}/ { packet_ends() }

END {
    if (failed) {
        exit 1
    }
    for (track in depth) {
        if (depth[track] != 0) {
            print "a slice without an end on track " track
            exit 1
        }
    }
    counts["\"lost\""] += 0
    for (category in counts) {
        print category ": " counts[category]
    }
}
