-- A hook's next event could not be sent: it is tried again later.
--
-- KEYS  1 what is kept of the room's hooks   2 the partition's hooks that have something to send
-- ARGV  1 "ROOM HOOK"   2 the claim   3 the hook   4 in how long, ms   5 what is kept of the failure; '' to leave it
-- Reply {}
local unit, due = ARGV[1], KEYS[2]
local score = redis.call('ZSCORE', due, unit)
if not score or tonumber(score) ~= tonumber(ARGV[2]) then
  return {}
end
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local at = string.format('%.0f', now + tonumber(ARGV[4]))
redis.call('ZADD', due, at, unit)
if ARGV[5] ~= '' then
  redis.call('HSET', KEYS[1], 'f:' .. ARGV[3], ARGV[5], 'w:' .. ARGV[3], at)
end
return {}
