-- Claims the rooms of a partition that are to be looked at now.
--
-- KEYS  1 the partition's rooms with files: room → when it is to be looked at, ms
-- ARGV  1 for how long nobody else is told of them, ms   2 how many at most
-- Reply {room, claim, room, claim…}
local rooms = KEYS[1]
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local claim = string.format('%.0f', now + tonumber(ARGV[1]))
local claimed = {}
for _, room in ipairs(redis.call('ZRANGEBYSCORE', rooms, '-inf', string.format('%.0f', now), 'LIMIT', 0, ARGV[2])) do
  redis.call('ZADD', rooms, claim, room)
  claimed[#claimed + 1] = room
  claimed[#claimed + 1] = claim
end
return claimed
