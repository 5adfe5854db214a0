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

-- The virtual network may flip a bit of a datagram. Such a message is shown as
-- damaged bytes rather than guessed at; so we look first. A schema is field
-- number -> wire type (0 varint, 1 eight bytes, 2 bytes), or the schema of a
-- nested message.
local entry = { 0, 0, 2 }
local raft_schema = {
    { 0, 0, 0, 0 },
    { 0, 0, 0 },
    { 0, 0, 0, 0, entry, 0 },
    { 0, 0, 0, 0, 0, 0, 0 },
    { 0, 0, 0, 0, 2, 0, 0, 1 },
    { 0, 0, 0, 0 },
}
local request_schema = { 0, 0, 2, 2, 2, 0 }
local reply_schema = { 0, 0, 2, 0, 0, 0 }

-- The varint at @at: its low bits (enough for lengths) and what follows it, or
-- nil when it does not end within @stop or ten bytes.
local function varint(bytes, at, stop)
    local value, scale = 0, 1
    for i = at, math.min(at + 9, stop) do
        local byte = string.byte(bytes, i)
        value = value + byte % 128 * scale
        if byte < 128 then
            return value, i + 1
        end
        scale = scale * 128
    end
    return nil
end

-- Are bytes @at..@stop a message of @schema?
local function well_formed(bytes, at, stop, schema)
    while at <= stop do
        local tag, length
        tag, at = varint(bytes, at, stop)
        if not tag then
            return false
        end
        local want = schema[math.floor(tag / 8)]
        local wire = tag % 8
        local nested = type(want) == "table"
        if wire ~= (nested and 2 or want) then
            return false
        end
        if wire == 0 then
            length, at = varint(bytes, at, stop)
            if not length then
                return false
            end
        elseif wire == 1 then
            at = at + 8
        else
            length, at = varint(bytes, at, stop)
            if not length or at + length - 1 > stop then
                return false
            end
            if nested and
                not well_formed(bytes, at, at + length - 1, want) then
                return false
            end
            at = at + length
        end
    end
    return at == stop + 1
end

local function raft_message(tvb)
    if tvb:len() == 0 then
        return nil
    end
    local name = raft_bodies[bit.rshift(tvb(0, 1):uint(), 3)]
    return name, "seedbed.raft.Message", raft_schema
end

-- A reply comes from the port, a request goes to it: their fields have the
-- same numbers.
local function kv_message(_, pinfo, port)
    if pinfo.src_port == port then
        return "reply", "seedbed.kv.Reply", reply_schema
    end
    return "request", "seedbed.kv.Request", request_schema
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
    local name, kind, schema
    if channel.message then
        name, kind, schema = channel.message(tvb, pinfo, port)
    end
    if schema and not well_formed(tvb:raw(), 1, tvb:len(), schema) then
        name = nil
        tree:add(f_message, "damaged"):set_generated()
        tree:append_text(", damaged")
        words[#words + 1] = "damaged"
    end
    if not name then
        words[#words + 1] = tvb:len() .. " bytes"
        if tvb:len() > 0 then
            data:call(tvb, pinfo, root)
        end
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
