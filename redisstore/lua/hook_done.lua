-- One event of a hook is done with: it was sent, or it is a dead letter.
--
-- KEYS  1 what is kept of the room's hooks   2 its outbox   3 the partition's hooks that have something to send
--       4 the partition's dead letters: "ROOM HOOK ID" → when it died, ms
-- ARGV  1 "ROOM HOOK"   2 the claim   3 the hook   4 the event's id   5 its ref   6 how long the claim is good, ms
--       7 what is kept of a dead letter, '' for one that was sent   8 '1' when its last failure is over
--       9 the room's hook as it was when this was sent, '' for a node's
-- Reply {the new claim}; {'0'} when the claim is not good any more, and nothing has changed. It is '0' too when the hook
-- was changed meanwhile: whoever claims it next, which may be at once, knows what it is now.
local state, outbox, due, dead = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local unit, claim, hook, id, ref, letter = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[7]

local score = redis.call('ZSCORE', due, unit)
if not score or tonumber(score) ~= tonumber(claim) then
  return {'0'}
end
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local function int(n) -- Lua would write large numbers with an exponent
  return string.format('%.0f', n)
end

redis.call('HSET', state, 'c:' .. hook, id)
if redis.call('HINCRBY', state, 'n:' .. ref, -1) <= 0 then
  redis.call('HDEL', state, 'n:' .. ref)
  redis.call('XDEL', outbox, id)
end
if letter ~= '' then
  redis.call('HINCRBY', state, 'd:' .. ref, 1)
  redis.call('HSET', state, 'x:' .. hook .. ' ' .. id, letter)
  redis.call('ZADD', dead, int(now), unit .. ' ' .. id)
else
  if redis.call('HEXISTS', state, 'n:' .. ref) == 0 and redis.call('HEXISTS', state, 'd:' .. ref) == 0 then
    redis.call('HDEL', state, 'e:' .. ref)
  end
end
if ARGV[8] == '1' then
  redis.call('HDEL', state, 'f:' .. hook, 'w:' .. hook)
end
if ARGV[9] ~= '' and redis.call('HGET', state, 'h:' .. hook) ~= ARGV[9] then
  redis.call('ZADD', due, int(now), unit)
  return {'0'}
end
local next_claim = int(now + tonumber(ARGV[6]))
redis.call('ZADD', due, next_claim, unit)
return {next_claim}
