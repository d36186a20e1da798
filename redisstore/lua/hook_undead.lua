-- Lets a dead letter go.
--
-- KEYS  1 what is kept of the room's hooks   2 the partition's dead letters
-- ARGV  1 the hook   2 the event's id   3 "ROOM HOOK ID"
-- Reply {1 if it was there, else 0}
local state, field = KEYS[1], 'x:' .. ARGV[1] .. ' ' .. ARGV[2]
redis.call('ZREM', KEYS[2], ARGV[3])
local ref = string.match(redis.call('HGET', state, field) or '', '^%S+ (%S+) ')
if redis.call('HDEL', state, field) == 0 then
  return {0}
end
if ref and redis.call('HINCRBY', state, 'd:' .. ref, -1) <= 0 then
  redis.call('HDEL', state, 'd:' .. ref)
  if redis.call('HEXISTS', state, 'n:' .. ref) == 0 then
    redis.call('HDEL', state, 'e:' .. ref)
  end
end
return {1}
