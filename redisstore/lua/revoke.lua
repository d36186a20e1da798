-- Remembers that a session was ended before its tokens expired.
--
-- KEYS  1 the ended sessions
-- ARGV  1 the session's id   2 for how long, ms   3 how many are remembered at most, 0 for any number
-- Reply 1, or 0 when there are so many others: then it is not remembered. What is older is forgotten.
local ended, id, keep, most = KEYS[1], ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

redis.call('ZREMRANGEBYSCORE', ended, '-inf', string.format('(%.0f', now - keep))
if most > 0 and redis.call('ZCARD', ended) >= most and not redis.call('ZSCORE', ended, id) then return {0} end
redis.call('ZADD', ended, string.format('%.0f', now), id)
redis.call('PEXPIRE', ended, keep)
return {1}
