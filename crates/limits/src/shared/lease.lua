-- Keeps one bucket that several replicas share, as GCRA: `tat` is the moment at which the bucket is full again, in
-- microseconds of this server's clock, by the `rate` that stands there. Beside it stands what each holder has leased: count, end of
-- the lease, number of the question, and how many requests wait there for their turn one after the other. Never are more in the bucket and in leases together than the burst.
--
-- KEYS[1]: the bucket
-- ARGV: per second, burst, holder, number of the question, held, want, back, debt, how much of the debt is beyond what
-- came meanwhile, microseconds since something was used last, microseconds of a lease, requests
-- that wait for their turn at the holder, which part of the rate is shared (the rest is left to those who cannot ask)
-- Returns how many are granted, how many are left, how many microseconds pass before the next one comes, and how many
-- requests wait for their turn at others.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local per_second, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local part = tonumber(ARGV[13])
local rate, known = string.format('%d %d %s', per_second, burst, ARGV[13]), nil
local period = 1000000 / (per_second * part)
local full = math.max(1, burst * part) * period
-- Of the whole rate: what was taken while all of it was shared is not forgotten when a part is.
local whole = math.max(1, burst) * period
local holder, number = ARGV[3], tonumber(ARGV[4])
local held, want, back, debt = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
local beyond, age, lease = tonumber(ARGV[9]), tonumber(ARGV[10]), tonumber(ARGV[11])

local waiting, elsewhere = tonumber(ARGV[12]), 0
local tat, mine, others, overtaken = now, 0, 0, false
local state = redis.call('HGETALL', KEYS[1])
for i = 1, #state, 2 do
    local field, value = state[i], state[i + 1]
    if field == 'tat' then
        tat = tonumber(value)
    elseif field == 'rate' then
        known = value
    else
        local count, ends, last, queue = string.match(value, '^(%d+) (%d+) (%d+) (%d+)$')
        if field == holder then
            mine = tonumber(count)
            overtaken = tonumber(last) > number
        else
            others = others + count
            if tonumber(ends) <= now then
                redis.call('HDEL', KEYS[1], field)
            elseif tonumber(ends) > now + lease then
                -- The clock was set back since.
                redis.call('HSET', KEYS[1], field, string.format('%d %.0f %s %d', count, now + lease, last, queue))
            end
            if tonumber(ends) > now then
                elsewhere = elsewhere + queue
            end
        end
    end
end
if overtaken then
    held, want, back, debt, age = mine, 0, 0, 0, 0
end

if known and known ~= rate then
    -- Another rate from now on: what was taken stays taken, as far as the bucket holds so much.
    local was, most, before = string.match(known, '^(%d+) (%d+) ([%d.]+)$')
    local taken = (tat - now) * was * before / 1000000
    if tonumber(was) ~= per_second or tonumber(most) ~= burst then
        if want == 0 then
            -- What was leased by another rate is not counted any more.
            return { 0, 0, 1, 0 }
        end
        redis.call('DEL', KEYS[1])
        mine, others = 0, 0
        taken = math.min(taken, most, burst)
    end
    tat = now + taken * period
end

-- No request can lead further ahead than a full bucket, and no debt than another one: then the clock was set back.
if tat > now + 2 * whole then
    tat = now + whole
end
-- What others hold may be used in a moment, and what this one held was there until it was used: it had not begun to
-- come back.
tat = math.max(tat, now + (others + held + back) * period, now - age + (others + mine) * period)
tat = tat - back * period
if debt > 0 then
    -- What came while it was let through is not counted twice: only the rest of it is owed by an empty bucket.
    local most = math.min(math.max(tat, now + full) + beyond * period, now + 2 * full)
    tat = math.max(tat, math.min(tat + debt * period, most))
end

local free = math.max(0, math.floor((now + full - tat) / period + 0.0001))
local granted = math.min(want, free)
tat = tat + granted * period
free = free - granted
local wait = 0
if free == 0 then
    wait = math.max(1, math.ceil(tat + period - now - full))
end

redis.call('HSET', KEYS[1], 'tat', string.format('%.3f', tat), 'rate', rate)
if not overtaken then
    redis.call('HSET', KEYS[1], holder, string.format('%.0f %.0f %.0f %.0f', held + granted, now + lease, number, waiting))
end
redis.call('PEXPIRE', KEYS[1], math.ceil((math.max(0, tat - now) + 2 * lease) / 1000))
return { granted, free, wait, elsewhere }
