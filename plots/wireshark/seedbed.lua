-- SPDX-License-Identifier: Apache-2.0
-- Seedbed's captures in Wireshark: a channel is a port (7000 + channel), a
-- datagram is a protobuf message, a stream is protobuf messages each behind
-- its length in 4 bytes, big-endian. The fields come from our .proto files
-- through Wireshark's own protobuf dissector.

local seedbed = Proto("seedbed", "Seedbed")

local f_channel = ProtoField.string("seedbed.channel", "Channel")
local f_message = ProtoField.string("seedbed.message", "Message")
local f_length = ProtoField.uint32("seedbed.length", "Length")
seedbed.fields = { f_channel, f_message, f_length }

local protobuf = Dissector.get("protobuf")
local data = Dissector.get("data")

local LENGTH_SIZE = 4

-- The alternatives of seedbed.raft.Message by field number.
local raft_bodies = {
    "vote_request", "vote_reply", "append_request", "append_reply",
    "snapshot_request", "snapshot_reply",
}

local function raft_message(tvb)
    if tvb:len() == 0 then
        return nil, nil
    end
    local name = raft_bodies[bit.rshift(tvb(0, 1):uint(), 3)]
    return name, "seedbed.raft.Message"
end

-- A reply comes from the port, a request goes to it: their fields have the
-- same numbers.
local function kv_message(_, pinfo, port)
    if pinfo.src_port == port then
        return "reply", "seedbed.kv.Reply"
    end
    return "request", "seedbed.kv.Request"
end

-- port -> its channel. Without `message`, the bytes are just bytes.
local channels = {
    [7001] = { name = "Raft", message = raft_message, framed = true },
    [7002] = { name = "KV", message = kv_message, framed = true },
    [7003] = { name = "Echo" },
    [7004] = { name = "Membership" },
    [7005] = { name = "Scheduler" },
    [7006] = { name = "Broker" },
}

local function channel_of(pinfo)
    local channel = channels[pinfo.dst_port]
    if channel then
        return channel, pinfo.dst_port
    end
    return channels[pinfo.src_port], pinfo.src_port
end

-- The messages of the packet at hand.
local words = {}

-- One message without its length. @tree is ours.
local function dissect_message(tvb, pinfo, tree, root, channel, port)
    local name, kind
    if channel.message then
        name, kind = channel.message(tvb, pinfo, port)
    end
    if not name then
        words[#words + 1] = tvb:len() .. " bytes"
        data:call(tvb, pinfo, root)
    else
        words[#words + 1] = name
        tree:add(f_message, name):set_generated()
        tree:append_text(", " .. name)
        pinfo.private["pb_msg_type"] = "message," .. kind
        pcall(Dissector.call, protobuf, tvb, pinfo, root)
    end
    -- Last, because the protobuf dissector writes its own.
    pinfo.cols.protocol = channel.name
    pinfo.cols.info = table.concat(words, ", ")
end

local function pdu_length(tvb, _, offset)
    return LENGTH_SIZE + tvb(offset, LENGTH_SIZE):uint()
end

local function begin(tvb, root, channel)
    local tree = root:add(seedbed, tvb())
    tree:append_text(" " .. channel.name)
    tree:add(f_channel, channel.name):set_generated()
    return tree
end

function seedbed.dissector(tvb, pinfo, root)
    local channel, port = channel_of(pinfo)
    if not channel then
        return 0
    end
    words = {}
    if pinfo.port_type == 3 or not channel.framed then -- 3: UDP
        dissect_message(tvb, pinfo, begin(tvb, root, channel), root, channel,
                        port)
        return tvb:len()
    end
    dissect_tcp_pdus(tvb, root, LENGTH_SIZE, pdu_length,
        function(pdu, pdu_pinfo, pdu_root)
            local tree = begin(pdu, pdu_root, channel)
            tree:add(f_length, pdu(0, LENGTH_SIZE))
            dissect_message(pdu(LENGTH_SIZE):tvb(), pdu_pinfo, tree,
                            pdu_root, channel, port)
            return pdu:len()
        end)
    return tvb:len()
end

for port in pairs(channels) do
    DissectorTable.get("udp.port"):add(port, seedbed)
    DissectorTable.get("tcp.port"):add(port, seedbed)
end
