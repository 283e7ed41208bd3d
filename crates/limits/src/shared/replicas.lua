-- Notes that a replica lives, and counts those that do.
--
-- KEYS[1]: the replicas. ARGV: this one, and for how many milliseconds it counts.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local span = tonumber(ARGV[2])
redis.call('ZADD', KEYS[1], string.format('%.0f', now), ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('(%.0f', now - span))
-- The clock was set back since.
redis.call('ZREMRANGEBYSCORE', KEYS[1], string.format('(%.0f', now + span), '+inf')
redis.call('PEXPIRE', KEYS[1], 2 * span)
return redis.call('ZCARD', KEYS[1])
