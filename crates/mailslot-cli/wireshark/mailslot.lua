-- Wireshark's dissector for the pcapng files of `mailslot record`.
--
--   tshark -X lua_script:mailslot.lua -r alerts.pcapng
--
-- A packet (crates/mailslot-cli/src/recording/pcapng.rs writes it; sizes are big-endian):
--
--   "MSLT" 4 · version 1 · { tag 1 · size 2 · value }... · tag 0 · message

local mailslot = Proto("mailslot.record", "Recorded Mailslot Message")

local fields = {
    version = ProtoField.uint8("mailslot.record.version", "Version"),
    slot = ProtoField.string("mailslot.record.slot", "Slot", base.UNICODE),
    pid = ProtoField.uint32("mailslot.record.pid", "Process"),
    uid = ProtoField.uint32("mailslot.record.uid", "User"),
    gid = ProtoField.uint32("mailslot.record.gid", "Group"),
    attested = ProtoField.bool("mailslot.record.attested", "Attested by the kernel"),
    computer = ProtoField.string("mailslot.record.computer", "Computer", base.UNICODE),
    domain = ProtoField.string("mailslot.record.domain", "Domain", base.UNICODE),
    ipv4 = ProtoField.ipv4("mailslot.record.ipv4", "Address"),
    ipv6 = ProtoField.ipv6("mailslot.record.ipv6", "Address"),
    authenticated = ProtoField.bool("mailslot.record.authenticated", "Authenticated"),
    lost = ProtoField.uint64("mailslot.record.lost", "Messages lost before"),
    tag = ProtoField.bytes("mailslot.record.unknown", "Unknown part"),
    message = ProtoField.bytes("mailslot.record.message", "Message"),
    size = ProtoField.uint32("mailslot.record.size", "Bytes"),
}
mailslot.fields = {
    fields.version, fields.slot, fields.pid, fields.uid, fields.gid, fields.attested, fields.computer, fields.domain,
    fields.ipv4, fields.ipv6, fields.authenticated, fields.lost, fields.tag, fields.message, fields.size,
}

local cut = ProtoExpert.new("mailslot.record.cut", "The packet is not whole", expert.group.MALFORMED,
    expert.severity.ERROR)
mailslot.experts = { cut }

local END, SLOT, COMPUTER, ADDRESS, LOST = 0, 1, 6, 8, 10
local TEXTS = { [SLOT] = fields.slot, [COMPUTER] = fields.computer, [7] = fields.domain }
local NUMBERS = { [2] = fields.pid, [3] = fields.uid, [4] = fields.gid }
local FLAGS = { [5] = fields.attested, [9] = fields.authenticated }

-- Adds one part, and returns its text if it is one.
local function add_part(tree, tag, value, all)
    if TEXTS[tag] then
        tree:add_packet_field(TEXTS[tag], value, ENC_UTF_8)
        return value:len() > 0 and value:string(ENC_UTF_8) or ""
    elseif NUMBERS[tag] and value:len() == 4 then
        tree:add(NUMBERS[tag], value)
    elseif FLAGS[tag] then
        tree:add(FLAGS[tag], all, true)
    elseif tag == LOST and value:len() == 8 then
        tree:add(fields.lost, value)
    elseif tag == ADDRESS and value:len() == 4 then
        tree:add(fields.ipv4, value)
    elseif tag == ADDRESS and value:len() == 16 then
        tree:add(fields.ipv6, value)
    else
        tree:add(fields.tag, all)
    end
end

function mailslot.dissector(buffer, packet, root)
    if buffer:len() < 5 or buffer(0, 4):string() ~= "MSLT" or buffer(4, 1):uint() ~= 1 then
        return 0
    end
    packet.cols.protocol = "MAILSLOT"
    local tree = root:add(mailslot, buffer())
    tree:add(fields.version, buffer(4, 1))
    local at, slot, computer = 5, "", nil
    while true do
        if at >= buffer:len() then
            tree:add_proto_expert_info(cut)
            return buffer:len()
        end
        local tag = buffer(at, 1):uint()
        if tag == END then
            break
        end
        local size = at + 3 <= buffer:len() and buffer(at + 1, 2):uint()
        if not size or at + 3 + size > buffer:len() then
            tree:add_proto_expert_info(cut)
            return buffer:len()
        end
        local text = add_part(tree, tag, buffer:range(at + 3, size), buffer(at, 3 + size))
        if tag == SLOT then
            slot = text
        elseif tag == COMPUTER then
            computer = text
        end
        at = at + 3 + size
    end
    local size = buffer:len() - at - 1
    tree:add(fields.size, size):set_generated()
    if size > 0 then
        tree:add(fields.message, buffer(at + 1, size))
    end
    packet.cols.info = string.format("%s%s, %d bytes", computer and ("\\\\" .. computer .. "\\mailslot\\") or "", slot,
        size)
    if size > 0 then
        Dissector.get("data-text-lines"):call(buffer(at + 1, size):tvb(), packet, tree)
    end
    return buffer:len()
end

-- Link type 147, USER0. Whoever uses it for something else as well tells Wireshark so in its table of DLTs.
DissectorTable.get("wtap_encap"):add(wtap.USER0, mailslot)
