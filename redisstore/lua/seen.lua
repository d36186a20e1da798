-- Notes that an owner was in a room now.
--
-- KEYS  1 the rules   2 the grants   3 when sessions first came
-- ARGV  1 the field of the owner's role   2 their time to live, ms
-- Reply {the field}, or {} of somebody who does not own the room: then nothing is noted.
if redis.call('HGET', KEYS[1], ARGV[1]) ~= 'owner' then
  return {}
end
local time = redis.call('TIME')
redis.call('HSET', KEYS[1], 'ownerSeen',
  string.format('%.0f', tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)))
for i = 1, 3 do
  redis.call('PEXPIRE', KEYS[i], ARGV[2])
end
return {ARGV[1]}
