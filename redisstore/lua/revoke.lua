-- Remembers that a session was ended before its tokens expired.
--
-- KEYS  1 the ended sessions
-- ARGV  1 the session's id   2 for how long, ms
-- Reply {} : what is older than that is forgotten.
local ended, id, keep = KEYS[1], ARGV[1], tonumber(ARGV[2])

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

redis.call('ZADD', ended, string.format('%.0f', now), id)
redis.call('ZREMRANGEBYSCORE', ended, '-inf', string.format('(%.0f', now - keep))
redis.call('PEXPIRE', ended, keep)
return {}
