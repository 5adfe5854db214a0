-- SPDX-License-Identifier: Apache-2.0
-- Seedbed's captures in Wireshark: a channel is a port (46000 + channel), a
-- datagram is a protobuf message, a stream is protobuf messages each behind
-- its length in 4 bytes, big-endian. The fields come from our .proto files
-- through Wireshark's own protobuf dissector.

local seedbed = Proto("seedbed", "Seedbed")

local f_channel = ProtoField.string("seedbed.channel", "Channel")
local f_message = ProtoField.string("seedbed.message", "Message")
local f_length = ProtoField.uint32("seedbed.length", "Length")
local f_id = ProtoField.string("seedbed.id", "Message id")
seedbed.fields = { f_channel, f_message, f_length, f_id }

-- The id of a packet of a pcapng: 2^40 x cell + number, "m2.17" in our traces.
local frame_id = Field.new("frame.packet_id")

local protobuf = Dissector.get("protobuf")
local data = Dissector.get("data")

local LENGTH_SIZE = 4

-- protobuf type -> wire type: 0 varint, 1 eight bytes, 2 bytes, 5 four bytes.
local WIRE = {
    bool = 0, int32 = 0, int64 = 0, sint32 = 0, sint64 = 0, uint32 = 0,
    uint64 = 0, double = 1, fixed64 = 1, sfixed64 = 1, bytes = 2, string = 2,
    fixed32 = 5, float = 5, sfixed32 = 5,
}

-- Full name of a message -> { scope = the name, [field number] = { name, wire,
-- type } }; full name of an enum -> false.
local kinds = {}

-- The folders where Wireshark's protobuf dissector looks for .proto files: the
-- same list, which stands beside this script.
local function proto_folders()
    local folders = {}
    for line in io.lines(__DIR__ .. "/protobuf_search_paths") do
        folders[#folders + 1] = line:match('^"([^"]+)"')
    end
    return folders
end

local function read_proto(name)
    for _, folder in ipairs(proto_folders()) do
        local file = io.open(folder .. "/" .. name)
        if file then
            local text = file:read("*a")
            file:close()
            return text
        end
    end
    error("seedbed.lua: no " .. name .. " in the folders of " .. __DIR__ ..
          "/protobuf_search_paths")
end

-- Learn the messages of a .proto file: so what is shown as damaged is judged
-- by the file that the fields are shown by, and by no copy of it.
local function learn(name)
    local text = read_proto(name):gsub("//[^\n]*", "")
    local package = text:match("package%s+([%w_.]+)%s*;")
    local scopes = { { name = package } }
    for statement, mark in text:gmatch("([^{};]*)([{};])") do
        local scope = scopes[#scopes]
        local word, title = statement:match("^%s*(%a+)%s+([%w_]+)%s*$")
        local kind, field, number =
            statement:match("([%w_.]+)%s+([%w_]+)%s*=%s*(%d+)")
        if mark == "}" then
            scopes[#scopes] = nil
        elseif mark == "{" and word == "oneof" then
            scopes[#scopes + 1] = scope
        elseif mark == "{" then
            local full = scope.name .. "." .. title
            kinds[full] = word == "message" and { scope = full }
            scopes[#scopes + 1] = { name = full, message = kinds[full] }
        elseif scope.message and field then
            local many = statement:match("^%s*repeated%s")
            local wire = WIRE[kind]
            if many and wire then
                wire = 2 -- packed
            end
            scope.message[tonumber(number)] =
                { name = field, wire = wire, kind = kind }
        end
    end
end

-- The wire type of a field of @schema, and the schema of what is nested in it.
local function resolve(schema, field)
    if field.wire then
        return field.wire
    end
    local scope = schema.scope
    while scope do
        local found = kinds[scope .. "." .. field.kind]
        if found ~= nil then
            return found and 2 or 0, found or nil
        end
        scope = scope:match("^(.*)%.[^.]*$")
    end
    error("seedbed.lua: no type " .. field.kind .. " for " .. schema.scope)
end

learn("raft.proto")
learn("kv.proto")

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

-- Are bytes @at..@stop a message of @schema? The virtual network may flip a
-- bit of a datagram: such a message is shown as damaged bytes rather than
-- guessed at.
local function well_formed(bytes, at, stop, schema)
    while at <= stop do
        local tag, length
        tag, at = varint(bytes, at, stop)
        local field = tag and schema[math.floor(tag / 8)]
        if not field then
            return false
        end
        local wire, nested = resolve(schema, field)
        if tag % 8 ~= wire then
            return false
        end
        if wire == 0 then
            length, at = varint(bytes, at, stop)
            if not length then
                return false
            end
        elseif wire == 1 then
            at = at + 8
        elseif wire == 5 then
            at = at + 4
        else
            length, at = varint(bytes, at, stop)
            if not length or at + length - 1 > stop then
                return false
            end
            if nested and
                not well_formed(bytes, at, at + length - 1, nested) then
                return false
            end
            at = at + length
        end
    end
    return at == stop + 1
end

-- A message of Raft is called by its body, which comes first.
local function raft_message(tvb)
    local kind = "seedbed.raft.Message"
    if tvb:len() == 0 then
        return nil
    end
    local field = kinds[kind][bit.rshift(tvb(0, 1):uint(), 3)]
    return field and field.name or "message", kind
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
    [46001] = { name = "Raft", message = raft_message, framed = true },
    [46002] = { name = "KV", message = kv_message, framed = true },
    [46003] = { name = "Echo" },
    [46004] = { name = "Membership" },
    [46005] = { name = "Scheduler" },
    [46006] = { name = "Broker" },
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
    if name and not well_formed(tvb:raw(), 1, tvb:len(), kinds[kind]) then
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
    local id = frame_id()
    if id then
        tree:add(f_id, string.format("m%s.%s",
            tostring(id.value:rshift(40)),
            tostring(id.value:band(UInt64(0xffffffff, 0xff))))):set_generated()
    end
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
