-- Adds events to a stream, all of them or none, and none that it had before.
--
-- KEYS[1]  the stream
-- ARGV     the name and the id of the store that owns it; "MAXLEN", "MINID" or ""; the threshold of that; then of each event: milliseconds, number,
--          "1" if it is of a snapshot, id, type, JSON
--
-- The id of an entry is MILLISECONDS-NUMBER. Redis remembers the last one of a stream for as long as there is the stream, also
-- when the entry is trimmed or deleted, so the stream itself tells what it had. Answers with the number of its last event, or -1.
local key, store, id_of_store, trim, threshold = KEYS[1], ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local last_ms, last = 0, -1

if redis.call('EXISTS', key) == 1 then
    local about = redis.call('XINFO', 'STREAM', key)
    for at = 1, #about, 2 do
        local value = about[at + 1]
        if about[at] == 'last-generated-id' then
            local ms, number = string.match(value, '^(%d+)-(%d+)$')
            last_ms, last = tonumber(ms), tonumber(number)
        elseif about[at] == 'last-entry' and value then
            local fields, owner = value[2], nil
            for field = 1, #fields, 2 do
                if fields[field] == 'store_id' then owner = fields[field + 1] end
            end
            if owner ~= id_of_store then
                return redis.error_reply('FOREIGN stream')
            end
        end
    end
end

for at = 5, #ARGV, 6 do
    local ms, number, snapshot = tonumber(ARGV[at]), tonumber(ARGV[at + 1]), ARGV[at + 2] == '1'
    -- The parts of a snapshot have one number, and a store that is built anew gets what it had.
    if snapshot or number > last then
        -- An id is greater than the one before, whatever the clocks of replicas say.
        ms = math.max(ms, last_ms)
        if number <= last and ms == last_ms then ms = ms + 1 end
        local id = string.format('%.0f-%.0f', ms, number)
        local fields = { 'id', ARGV[at + 3], 'type', ARGV[at + 4], 'sequence', ARGV[at + 1], 'store', store,
            'store_id', id_of_store, 'event', ARGV[at + 5] }
        if trim == '' then
            redis.call('XADD', key, id, unpack(fields))
        else
            redis.call('XADD', key, trim, '~', threshold, id, unpack(fields))
        end
        last_ms, last = ms, number
    end
end
return last
