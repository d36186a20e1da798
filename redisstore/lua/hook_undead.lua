-- Lets a dead letter go.
--
-- KEYS  1 what is kept of the room's hooks   2 the partition's dead letters
-- ARGV  1 the hook   2 the event's id   3 its ref   4 "ROOM HOOK ID"
-- Reply {1 if it was there, else 0}
local state, ref = KEYS[1], ARGV[3]
redis.call('ZREM', KEYS[2], ARGV[4])
if redis.call('HDEL', state, 'x:' .. ARGV[1] .. ' ' .. ARGV[2]) == 0 then
  return {0}
end
if redis.call('HINCRBY', state, 'd:' .. ref, -1) <= 0 then
  redis.call('HDEL', state, 'd:' .. ref)
  if redis.call('HEXISTS', state, 'n:' .. ref) == 0 then
    redis.call('HDEL', state, 'e:' .. ref)
  end
end
return {1}
