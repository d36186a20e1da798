-- Counts a room that somebody owns, if there is a place for it.
--
-- KEYS  1 the owned rooms, by when each is counted no more, ms
-- ARGV  1 the room   2 how many there may be; 0 for any number   3 for how long it is counted, ms
-- Reply {the room}, or {} when there are so many already.
local owned, room, most, life = KEYS[1], ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

redis.call('ZREMRANGEBYSCORE', owned, '-inf', string.format('%.0f', now))
if most > 0 and not redis.call('ZSCORE', owned, room) and redis.call('ZCARD', owned) >= most then
  return {}
end
redis.call('ZADD', owned, string.format('%.0f', now + life), room)
redis.call('PEXPIRE', owned, string.format('%.0f', life))
return {room}
