-- Has a room that was claimed looked at again, unless it is to be looked at sooner since.
--
-- KEYS  1 the room's records   2 the partition's rooms with files
-- ARGV  1 the room   2 the claim   3 in what time, ms
-- Reply {}
local files, rooms, room = KEYS[1], KEYS[2], ARGV[1]
local at = redis.call('ZSCORE', rooms, room)
if not at then
  return {}
end
if redis.call('EXISTS', files) == 0 then
  redis.call('ZREM', rooms, room)
elseif tonumber(at) == tonumber(ARGV[2]) then
  local time = redis.call('TIME')
  local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
  redis.call('ZADD', rooms, string.format('%.0f', now + tonumber(ARGV[3])), room)
end
return {}
